//! Reasons: the derivation of what holds, and what is missing for what does not. Made by session, drawn by report.
use super::Located;
use crate::base::{Diagnostic, Place};
use serde::Serialize;

/// A fact or a condition, and what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reason {
    /// `reach(Host("a"), Host("c"))`; of a condition its text, with what was read in it.
    pub text: String,
    /// Why its parts are not shown: shown before, or too deep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The clause, or the condition.
    #[serde(skip)]
    pub program: Option<Place>,
    /// `file:line:column` of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The element in the candidate.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "place")]
    pub candidate: Option<Located>,
    /// What it rests on, in the order of the clause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
    /// How many more there are of what is listed.
    #[serde(skip_serializing_if = "none")]
    pub more: u64,
}

fn none(n: &u64) -> bool {
    *n == 0
}

fn place<S: serde::Serializer>(at: &Option<Located>, s: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(l) => s.collect_str(&format_args!("{}:{}:{}", l.file, l.line, l.column)),
        None => s.serialize_none(),
    }
}

impl Reason {
    /// A reason without parts.
    pub fn leaf(text: impl Into<String>) -> Reason {
        Reason { text: text.into(), ..Reason::default() }
    }
}

/// The answer to why, or why not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Whether the formula is true for any binding.
    pub holds: bool,
    /// Whether that cannot be said: it is true for none for certain, and a fault may hide one.
    pub unknown: bool,
    /// The reasons.
    pub reasons: Vec<Reason>,
    /// How many more bindings there are.
    pub more: u64,
    /// Faults, limits, warnings.
    pub diagnostics: Vec<Diagnostic>,
}
