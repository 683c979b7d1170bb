//! Invariants, and the clauses that other demands share with them.
use super::{Edit, Expr, Message, Name, Scope, Text};
use crate::base::{Severity, Span};

/// `invariant name "title" : warning { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Invariant {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// Its severity, if written.
    pub severity: Option<SeverityMark>,
    /// In order.
    pub clauses: Vec<InvariantClause>,
}

/// `: warning`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeverityMark {
    /// Which.
    pub severity: Severity,
    /// The word.
    pub span: Span,
}

/// A clause of an invariant.
#[derive(Clone, Debug, PartialEq)]
pub enum InvariantClause {
    /// `for … where …`.
    For(For),
    /// `let n = e`.
    Let(Let),
    /// `never …`, `require …`.
    Demand(Demand),
    /// `repair … cost …`.
    Repair(Repair),
}

/// `for a: A, b: B where φ` of a demand.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// Binders and `where`.
    pub scope: Scope,
    /// With `for`.
    pub span: Span,
}

/// `let n = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// The name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// `never` or `require`, with the message that follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Which.
    pub kind: DemandKind,
    /// The message behind it, if any.
    pub message: Option<Message>,
    /// Without the message.
    pub span: Span,
}

/// The forms of demand clauses.
#[derive(Clone, Debug, PartialEq)]
pub enum DemandKind {
    /// `never φ`.
    Never(Expr),
    /// `never e: calls where φ`.
    NeverAny(Scope),
    /// `require φ`.
    Require(Expr),
}

/// `repair EDIT cost e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// What may be changed.
    pub edit: Edit,
    /// At what cost.
    pub cost: Option<Expr>,
    /// All of it.
    pub span: Span,
}
