//! The outcome of a `test` item of a program. Made by demand and session, drawn by report.
use super::Verdict;
use crate::base::{Diagnostic, Place};
use std::collections::BTreeSet;

/// One expectation that was not met.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The `expect`.
    pub place: Place,
    /// What was found instead, lower case, without a final stop.
    pub message: String,
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestReport {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// `Holds`: every expectation is met. `Violated`: one is not. `Unknown`: a fault, a limit, or what this build cannot do.
    pub verdict: Verdict,
    /// The expectations that are not met.
    pub misses: Vec<Miss>,
    /// Faults and limits.
    pub diagnostics: Vec<Diagnostic>,
    /// The demands that its expectations found violated.
    pub violates: Vec<String>,
    /// The rules of which it has a fact.
    pub derives: Vec<String>,
}

/// What no test of a program tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untried {
    /// Demands that no test and no recorded run violates.
    pub demands: Vec<String>,
    /// Rules of which no test has a fact.
    pub rules: Vec<String>,
}

/// What became of an example whose elements were dropped and changed, one at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mutation {
    /// The candidate as named, or the title of a test.
    pub example: String,
    /// How many elements it has.
    pub elements: u64,
    /// How many changes were tried.
    pub changes: u64,
    /// The demands that are violated in the example as it is, or by one of the changes.
    pub tripped: BTreeSet<String>,
    /// The elements of which no demand notices any change.
    pub unguarded: Vec<String>,
    /// Whether no limit ended it before.
    pub whole: bool,
}
