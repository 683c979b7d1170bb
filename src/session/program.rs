//! A compiled program: parsed, checked, its parameters set; immutable and cheap to clone. Made once by a host, read by every run.
use super::error::{Error, Failure};
use super::input::{Input, ParamValue};
use super::{params, stages};
use crate::base::{Diagnostic, FileId, Loader, Sources};
use crate::scalar::expression::HostFunction;
use crate::structure::{Schema, Sort};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a program is compiled with.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Values of parameters.
    pub params: Vec<(String, ParamValue)>,
    /// Functions of the host that the program may call.
    pub functions: Vec<HostFunction>,
}

impl CompileOptions {
    /// Gives a parameter a value.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<ParamValue>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }
    /// Lets the program call a function of the host.
    pub fn function(mut self, function: HostFunction) -> Self {
        self.functions.push(function);
        self
    }
}

/// A compiled program. Immutable, shared between threads, cheap to clone.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

pub(super) struct Inner {
    pub name: String,
    pub sources: Sources,
    pub main: FileId,
    pub options: CompileOptions,
    /// Not there if the program cannot stand without declarations that are inferred from a candidate.
    pub checked: Option<stages::Checked>,
    /// Whether the program declares no kinds of its own: then each candidate's are inferred.
    pub inferred: bool,
    pub diagnostics: Vec<Diagnostic>,
    /// Parameters that have no value; they forbid running, not compiling.
    pub missing: Vec<Diagnostic>,
    pub files: Files,
    hash: String,
}

/// The files that a program imports, as they were when it was compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(BTreeMap<(String, String), Result<(String, String), String>>);

impl Loader for Files {
    fn load(&self, from: &str, path: &str) -> Result<(String, String), String> {
        match self.0.get(&(from.to_string(), path.to_string())) {
            Some(found) => found.clone(),
            None => Err(format!("`{path}` was not read when the program was compiled")),
        }
    }
}

struct Recorder<'a> {
    loader: &'a dyn Loader,
    files: RefCell<Files>,
}

impl Loader for Recorder<'_> {
    fn load(&self, from: &str, path: &str) -> Result<(String, String), String> {
        let found = self.loader.load(from, path);
        self.files.borrow_mut().0.insert((from.to_string(), path.to_string()), found.clone());
        found
    }
}

impl Program {
    /// Compiles a program. `name` is how reports name it, and what imports are relative to.
    ///
    /// A program without node, edge and event declarations compiles if its syntax is right; the rest is checked behind the
    /// declarations inferred from each candidate.
    pub fn compile(name: &str, text: &str, loader: &dyn Loader, options: &CompileOptions) -> Result<Program, Error> {
        let mut sources = Sources::new();
        let main = sources.add_file(name, text);
        let recorder = Recorder { loader, files: RefCell::default() };
        let mut checked = stages::check(&mut sources, &recorder, main, options, None);
        let mut diagnostics = std::mem::take(&mut checked.diagnostics);
        let inferred = checked.program.schema.kinds.is_empty();
        let mut whole = true;
        if inferred && diagnostics.iter().any(|d| d.is_error() && !stages::stands_alone(d)) {
            // what the missing declarations cause is judged when they are there
            diagnostics.retain(stages::stands_alone);
            whole = false;
        }
        let hash = hash(&sources);
        let wrong = diagnostics.iter().any(|d| d.is_error());
        if !wrong {
            diagnostics.extend(params::set(&mut checked.program, &options.params, &mut sources));
        }
        if diagnostics.iter().any(|d| d.is_error()) {
            return Err(Error::of(diagnostics, sources));
        }
        let missing = params::missing(&checked.program);
        let files = recorder.files.into_inner();
        let checked = whole.then_some(checked);
        let (name, options) = (name.to_string(), options.clone());
        Ok(Program(Arc::new(Inner { name, sources, main, options, checked, inferred, diagnostics, missing, files, hash })))
    }
    /// The program as a report names it.
    pub fn name(&self) -> &str {
        &self.0.name
    }
    /// The SHA-256, in hex, of all its source texts in the order they were read: what a verdict can be tied to.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }
    /// Warnings. Errors have kept the program from compiling.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }
    /// The files that places in the program refer to.
    pub fn sources(&self) -> &Sources {
        &self.0.sources
    }
    /// Its declarations; none if they are inferred from each candidate.
    pub fn schema(&self) -> Option<&Schema> {
        self.0.checked.as_ref().filter(|_| !self.0.inferred).map(|c| &*c.program.schema)
    }
    /// How many there are of each kind of item, for people: `("invariants", 3)`.
    pub fn census(&self) -> Vec<(&'static str, usize)> {
        let Some(c) = &self.0.checked else { return vec![] };
        let p = &c.program;
        let kinds = |sort| p.schema.of_sort(sort).count();
        vec![
            ("node kinds", kinds(Sort::Node)),
            ("edge kinds", kinds(Sort::Edge)),
            ("event kinds", kinds(Sort::Event)),
            ("rules", p.rules.len()),
            ("mechanisms", p.mechanisms.len()),
            ("invariants", p.invariants.len()),
            ("interventions", p.interventions.len()),
            ("policies", p.policies.len()),
            ("tests", p.tests.len()),
        ]
    }
    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("name", &self.0.name).field("hash", &self.0.hash).finish_non_exhaustive()
    }
}

impl Inner {
    /// The program behind declarations that are not its own, with the parameters set.
    pub(super) fn behind(&self, declared: stages::Declared, sources: &mut Sources) -> Result<stages::Checked, Vec<Diagnostic>> {
        let mut checked = stages::check(sources, &self.files, self.main, &self.options, Some(&declared.schema));
        // the kinds that the readers name are those of the same schema
        checked.program.readers.extend(declared.readers);
        let mut diagnostics = std::mem::take(&mut checked.diagnostics);
        if !diagnostics.iter().any(|d| d.is_error()) {
            diagnostics.extend(params::set(&mut checked.program, &self.options.params, sources));
        }
        if diagnostics.iter().any(|d| d.is_error()) {
            return Err(diagnostics);
        }
        checked.diagnostics = diagnostics;
        Ok(checked)
    }
}

fn hash(sources: &Sources) -> String {
    let mut hasher = Sha256::new();
    for (_, file) in sources.files() {
        hasher.update((file.text.len() as u64).to_le_bytes());
        hasher.update(file.text.as_bytes());
    }
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// A stage of the front end whose value can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The tokens of the file.
    Tokens,
    /// The tree of its items.
    Ast,
    /// The checked program.
    Hir,
    /// Its rules in the order they are evaluated.
    Strata,
    /// The steps that the engine takes.
    Plan,
}

/// What a stage makes of a program, as text for people, with the diagnostics so far. Early stages print wrong programs too.
pub fn dump(stage: Stage, name: &str, text: &str, loader: &dyn Loader, options: &CompileOptions) -> (String, Failure) {
    let mut sources = Sources::new();
    let main = sources.add_file(name, text);
    let (text, diagnostics) = stages::dump(stage, &mut sources, loader, main, options);
    (text, Failure { diagnostics, sources })
}

/// The declarations that a candidate's kinds and attributes suggest, as dbm source.
pub fn infer(input: &Input, limits: &super::Limits) -> Result<String, Error> {
    let mut sources = Sources::new();
    stages::infer(input, limits, &mut sources).map_err(|diagnostics| Error::of(diagnostics, sources))
}

/// The text of a program in the one style of the language (`docs/book/style.md`); why not, if it does not parse.
pub fn format(name: &str, text: &str) -> Result<String, Failure> {
    stages::format(name, text).map_err(|(diagnostics, sources)| Failure { diagnostics, sources })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_is_shared_between_threads() {
        fn shared<T: Send + Sync + Clone>() {}
        shared::<super::Program>();
    }
}
