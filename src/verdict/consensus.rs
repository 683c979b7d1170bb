//! What many candidates agree on. Made by session, read by report.

/// The facts that enough candidates have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consensus {
    /// How many candidates were read.
    pub candidates: u64,
    /// Given facts first, then derived ones; those with most support first.
    pub facts: Vec<Supported>,
    /// Rules with too many facts to be compared one by one.
    pub uncompared: Vec<String>,
}

/// A fact and how many candidates have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Supported {
    /// Whether a rule derives it.
    pub derived: bool,
    /// The fact: an element, an attribute with its value, or a rule's fact.
    pub text: String,
    /// How many have it.
    pub support: u64,
}
