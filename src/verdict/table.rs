//! The answer to a query: the bindings of a formula. Made by session, drawn by report.
use crate::base::Diagnostic;
use serde_json::Value as Json;

/// The distinct bindings of a formula, in a stable order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The formula's free variables, in the order in which they first stand in it. None for a closed formula.
    pub columns: Vec<String>,
    /// Values as in the bindings of a report. A closed formula that is true has one row without columns, a false one none.
    pub rows: Vec<Vec<Json>>,
    /// Faults and limits: the rows may be incomplete if there is an error among them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Table {
    /// What keeps it from being known whether there are more rows, if something does.
    pub fn unknown(&self) -> Option<&str> {
        self.diagnostics.iter().find(|d| d.is_error()).map(|d| &*d.title)
    }
}
