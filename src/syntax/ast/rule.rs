//! Rules, value rules and mechanisms.
use super::{Expr, Name, Qualified, TypeExpr};
use crate::base::Span;

/// One `rule` item: a clause, or the clauses of a value rule. Clauses of one name add up (the checker joins them).
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<RuleParam>,
    /// `name(params)`.
    pub head: Span,
    /// What follows.
    pub body: RuleBody,
}

/// A parameter; only the first clause needs the type. A name may be `_`.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleParam {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Option<TypeExpr>,
    /// All of it.
    pub span: Span,
}

/// The body of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleBody {
    /// `if φ`.
    If(Expr),
    /// `= e if φ`, `= min { … }`.
    Value {
        /// How clauses are folded; `None` if they must agree.
        fold: Option<(ValueFold, Span)>,
        /// At least one.
        clauses: Vec<ValueClause>,
    },
}

/// How a value rule folds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFold {
    /// `min`
    Min,
    /// `max`
    Max,
    /// `any`
    Any,
    /// `all`
    All,
}

/// `e if φ`.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueClause {
    /// The value.
    pub value: Expr,
    /// Behind `if`; absent: always.
    pub condition: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// `mechanism Service.load = e`, `mechanism Var.y ~ normal(…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mechanism {
    /// The kind of node.
    pub kind: Qualified,
    /// The attribute.
    pub attribute: Name,
    /// `Kind.attribute`.
    pub head: Span,
    /// `=` or `~`.
    pub how: MechanismKind,
    /// In terms of `self`.
    pub value: Expr,
}

/// Whether a mechanism computes or draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MechanismKind {
    /// `=`
    Equals,
    /// `~`
    Draws,
}
