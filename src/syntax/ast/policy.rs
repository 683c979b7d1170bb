//! Policies, and what ranks permitted candidates.
use super::{ElementBinder, Expr, Let, Message, Name, SeverityMark, Text};
use crate::base::Span;

/// `policy name "title" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// Its severity, if written.
    pub severity: Option<SeverityMark>,
    /// In order.
    pub clauses: Vec<PolicyClause>,
}

/// A clause of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyClause {
    /// `on c: Call where φ`, `on candidate`.
    On(On),
    /// `let n = e`.
    Let(Let),
    /// Everything that has an effect.
    Effect(EffectClause),
}

/// What a policy governs.
#[derive(Clone, Debug, PartialEq)]
pub struct On {
    /// Which.
    pub kind: OnKind,
    /// All of it.
    pub span: Span,
}

/// The forms of `on`.
#[derive(Clone, Debug, PartialEq)]
pub enum OnKind {
    /// `on c: Call where φ` (the checker refuses a window and `last`).
    Event {
        /// The event.
        event: ElementBinder,
        /// Behind `where`.
        condition: Option<Expr>,
    },
    /// `on candidate`.
    Candidate,
}

/// An effect and when it has it.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectClause {
    /// Which.
    pub effect: Effect,
    /// Behind `when`.
    pub when: Option<Expr>,
    /// Behind `unless`.
    pub unless: Option<Expr>,
    /// The message behind it, if any.
    pub message: Option<Message>,
    /// Its first word.
    pub word: Span,
    /// Without the message.
    pub span: Span,
}

/// The effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// `permit`
    Permit,
    /// `forbid`
    Forbid,
    /// `warn`
    Warn,
    /// `escalate to E`
    Escalate(Expr),
    /// `rewrite c.args.body = e`
    Rewrite {
        /// The event.
        element: Expr,
        /// The attribute, then keys inside a Json; at least one.
        path: Vec<Name>,
        /// The new value.
        value: Expr,
    },
    /// `oblige r: Report within 1h where φ otherwise escalate to E`
    Oblige(Oblige),
}

/// An obligation.
#[derive(Clone, Debug, PartialEq)]
pub struct Oblige {
    /// The event that meets it, with its deadline as the window (the checker demands one).
    pub event: ElementBinder,
    /// Behind `where`.
    pub condition: Option<Expr>,
    /// Behind `otherwise escalate to`.
    pub otherwise: Option<Expr>,
}

/// `prefer name weight w = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Prefer {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// Its weight, 1.0 if not written.
    pub weight: Option<Expr>,
    /// The more the better.
    pub value: Expr,
}
