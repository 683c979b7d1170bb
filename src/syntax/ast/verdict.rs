//! Verdict atoms: `holds I`, `unchanged R`, `stable φ`, `forbids c by P`, `violated P`. Part of expressions; the checker knows where each may stand.
use super::{Expr, Qualified};
use crate::base::Span;

/// A formula about demands, facts of the world before, or decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Which.
    pub kind: VerdictKind,
    /// Its word.
    pub word: Span,
}

/// The verdict atoms. Lists of names have one name, or several directly behind `expect` (`expect holds a, b`).
#[derive(Clone, Debug, PartialEq)]
pub enum VerdictKind {
    /// `holds I`.
    Holds(Vec<Qualified>),
    /// `breaks I`, `breaks I where φ`.
    Breaks {
        /// The invariants.
        invariants: Vec<Qualified>,
        /// Over the binding of a violation; reaches as far right as it can.
        condition: Option<Box<Expr>>,
    },
    /// `unchanged R`.
    Unchanged(Vec<Qualified>),
    /// `changed R`.
    Changed(Vec<Qualified>),
    /// `stable φ`; binds like `not`.
    Stable(Box<Expr>),
    /// `forbids c`, `permits c by P`, `escalates c`.
    Decides {
        /// Which decision.
        decision: DecisionWord,
        /// The event.
        event: Box<Expr>,
        /// `by P`.
        policy: Option<Qualified>,
    },
    /// `satisfied P`, `violated P`, `holding P`, `pending P`: the verdict on the whole trace.
    Trace {
        /// Which verdict.
        verdict: TraceWord,
        /// The policies.
        policies: Vec<Qualified>,
    },
}

/// `forbids`, `permits`, `escalates`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionWord {
    /// `forbids`
    Forbids,
    /// `permits`
    Permits,
    /// `escalates`
    Escalates,
}

/// The four verdicts on a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceWord {
    /// `satisfied`
    Satisfied,
    /// `violated`
    Violated,
    /// `holding`
    Holding,
    /// `pending`
    Pending,
}
