//! What a trace says under a changed policy. Made by session, read by report.
use super::ruling::Decision;
use serde::Serialize;

/// A decision that is another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differs {
    /// When the event was (RFC 3339).
    pub at: String,
    /// What was decided.
    pub was: Decision,
    /// What is decided now.
    pub now: Decision,
}

/// What came of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replayed {
    /// Events of the trace.
    pub events: u64,
    /// Those about which was decided.
    pub decided: u64,
    /// The decisions that are others, in the order of the trace.
    pub differences: Vec<Differs>,
}
