//! What differs between two structures of one program: elements, attributes, facts, verdicts. Made by session, drawn by report.
use super::Verdict;
use crate::base::Diagnostic;

/// The difference, each list in a stable order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Nodes, edges and events that are gone.
    pub removed: Vec<String>,
    /// Those that are new.
    pub added: Vec<String>,
    /// Attributes that have another value: of what (`Service("a").tier`), before, now.
    pub changed: Vec<(String, String, String)>,
    /// The relations of the rules whose facts differ.
    pub relations: Vec<Changed>,
    /// The demands whose verdict, or number of violations, differs: name, before, now.
    pub demands: Vec<(String, (Verdict, u64), (Verdict, u64))>,
    /// Faults and limits: with an error among them the lists may be incomplete.
    pub diagnostics: Vec<Diagnostic>,
}

/// The facts of one rule that differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// The rule.
    pub name: String,
    /// How many facts there were, and are.
    pub counts: (usize, usize),
    /// Facts that are gone; not listed if there are too many to compare.
    pub lost: Vec<String>,
    /// Facts that are new.
    pub gained: Vec<String>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty()
            && self.added.is_empty()
            && self.changed.is_empty()
            && self.relations.is_empty()
            && self.demands.is_empty()
    }
}
