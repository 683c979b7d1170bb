//! Interventions: worlds below a candidate, and what is expected in them.
use super::{Edit, Expr, For, Let, Message, Name, SeverityMark, Text};
use crate::base::Span;

/// `intervention name "title" : warning { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// Its severity, if written.
    pub severity: Option<SeverityMark>,
    /// In order: it matters whether a `let` stands before the first `do`.
    pub clauses: Vec<InterventionClause>,
}

/// A clause of an intervention. The checker sees to the order (`for`s before the first `do`) and to what may stand once.
#[derive(Clone, Debug, PartialEq)]
pub enum InterventionClause {
    /// `for h: Host`, `for any 2 h: Host`.
    For(ForWorlds),
    /// `given φ`.
    Given(Expr, Span),
    /// `let n = e`.
    Let(Let),
    /// `do EDIT`.
    Do(Edit),
    /// `against EDIT`.
    Against(Edit),
    /// `expect φ`.
    Expect(Expect),
    /// `samples 10_000`.
    Samples(i64, Span),
    /// `seed 7`.
    Seed(i64, Span),
}

/// A `for` that makes worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct ForWorlds {
    /// `any k`: a world for each set of 1 to k elements.
    pub any: Option<(i64, Span)>,
    /// The binders and `where`.
    pub scope: For,
}

/// `expect φ`, with the message that follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// A formula; `holds`, `unchanged` and the like are `ExprKind::Verdict`.
    pub formula: Expr,
    /// The message behind it, if any.
    pub message: Option<Message>,
    /// Without the message.
    pub span: Span,
}
