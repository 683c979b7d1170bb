//! What many candidates agree on: the facts, given and derived, that hold in at least a share of them; and what tells two apart. Called by faces.
use super::input::Input;
use super::program::Program;
use super::run::RunOptions;
use super::stages;
use super::{CompileOptions, Failure};
use crate::base::source::NoFiles;
use crate::structure::diff::{Distance, diff};
use crate::verdict::{Consensus, Supported};
use std::collections::BTreeMap;

impl Program {
    /// The facts that hold in at least so many percent of the candidates, with how many have each.
    pub fn core(&self, inputs: &[Input], percent: f64, options: &RunOptions) -> Result<Consensus, Failure> {
        let mut support: BTreeMap<(bool, String), u64> = BTreeMap::new();
        let mut core = Consensus { candidates: inputs.len() as u64, ..Consensus::default() };
        for input in inputs {
            let (own, structure, sources) = self.based(Some(input), options)?;
            let Some(checked) = own.as_ref().or(self.inner().checked.as_ref()) else { continue };
            let contents = stages::contents(checked, &structure, options);
            if contents.diagnostics().iter().any(|d| d.is_error()) {
                return Err(Failure { diagnostics: contents.diagnostics().to_vec(), sources });
            }
            core.uncompared.extend(contents.uncompared());
            for fact in contents.facts() {
                *support.entry(fact).or_default() += 1;
            }
        }
        for ((derived, text), n) in support {
            if n as f64 * 100.0 >= percent * inputs.len() as f64 {
                core.facts.push(Supported { derived, text, support: n });
            }
        }
        core.uncompared.sort();
        core.uncompared.dedup();
        core.facts.sort_by(|a, b| (a.derived, b.support, &a.text).cmp(&(b.derived, a.support, &b.text)));
        Ok(core)
    }

    /// The edits that make the second candidate of the first.
    pub fn distance(&self, a: &Input, b: &Input, options: &RunOptions) -> Result<Distance, Failure> {
        let (_, a, _) = self.based(Some(a), options)?;
        let (_, b, _) = self.based(Some(b), options)?;
        Ok(diff(a.graph(), b.graph()))
    }

    /// A program without any items, for candidates that bring their own declarations.
    pub fn empty() -> Result<Program, Failure> {
        Program::compile("no program", "", &NoFiles, &CompileOptions::default()).map_err(|e| e.failure().clone())
    }
}
