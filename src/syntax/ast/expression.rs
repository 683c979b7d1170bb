//! Expressions and formulas: one grammar serves both. Read by the checker.
use super::{Arrow, ElementBinder, Name, Qualified, Scope, TypeExpr, Verdict};
use crate::base::Span;
use std::sync::Arc;

/// An expression; a formula is one of type Bool.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// All of it; parentheses around it are not part of it.
    pub span: Span,
}

/// The forms of expressions.
///
/// Modules: `graph.reaches(a, b)` is a `Call` whose callee is `Attr { base: Name(graph), name: reaches }`, just as `x.a` is an
/// attribute: whether a name is a module is for the checker. `Kind(id)`, rules, built-ins, `was(e)`, `probability(φ)`,
/// `expected(e)` and `count(list)` are `Call`s too.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `42`, `"text"`, `none` …
    Literal(Literal),
    /// A variable, parameter, module or name of a function.
    Name(Name),
    /// `_`.
    Wildcard,
    /// `x.a`.
    Attr {
        /// Of what.
        base: Box<Expr>,
        /// Which.
        name: Name,
    },
    /// `x[i]`.
    Index {
        /// Of what.
        base: Box<Expr>,
        /// Where.
        index: Box<Expr>,
    },
    /// `f(a, b)`.
    Call {
        /// A `Name`, or an `Attr` (the checker refuses others).
        callee: Box<Expr>,
        /// In order.
        args: Vec<Expr>,
    },
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a: 1 }`.
    Record(Record),
    /// `1..3`, both ends included.
    Range {
        /// The least.
        low: Box<Expr>,
        /// The greatest.
        high: Box<Expr>,
    },
    /// `-x` (a sign before a number literal is already part of the literal).
    Neg(Box<Expr>),
    /// `not φ`.
    Not(Box<Expr>),
    /// Two or more, in order; nested `and`s without parentheses are one.
    And(Vec<Expr>),
    /// Two or more, in order.
    Or(Vec<Expr>),
    /// Every other infix operator.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `x as Type`.
    Cast {
        /// What.
        operand: Box<Expr>,
        /// To what.
        ty: TypeExpr,
    },
    /// `x is Kind`.
    Is {
        /// What.
        operand: Box<Expr>,
        /// The kind.
        kind: Qualified,
    },
    /// `x has attr`.
    Has {
        /// Of what.
        operand: Box<Expr>,
        /// Which attribute.
        attr: Name,
    },
    /// `if φ then a else b`.
    If {
        /// φ
        condition: Box<Expr>,
        /// a
        then: Box<Expr>,
        /// b
        otherwise: Box<Expr>,
    },
    /// `a -calls-> b`, chains included.
    Arrow(Arrow),
    /// `some`, `no`, `every`, `exactly n`, `at least n`, `at most n`.
    Quantifier(Quantifier),
    /// `no x: E where φ since y: F where ψ`.
    Since(Since),
    /// `earlier a: A then b: B within D where φ`.
    Earlier(Earlier),
    /// `consecutive(r: E where group satisfies φ)`.
    Consecutive(Consecutive),
    /// `sum(e for h: Host where φ)`, `count(h: Host where φ)`.
    Aggregate(Aggregate),
    /// `holds I`, `unchanged R`, `forbids c by P` …
    Verdict(Verdict),
    /// `in at least 95% worlds φ`.
    Share(Share),
}

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `none`
    None,
    /// `true`, `false`
    Bool(bool),
    /// `42`, `1_000`, `-7`
    Int(i64),
    /// `0.5`, `1e-3`; finite
    Float(f64),
    /// Escapes resolved.
    Text(Arc<str>),
    /// In microseconds.
    Duration(i64),
    /// In microseconds since 1970, UTC.
    Time(i64),
}

/// The infix operators that have two plain operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `div`
    IntDiv,
    /// `%`
    Rem,
    /// `++`
    Concat,
    /// `??`
    Coalesce,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `matches`
    Matches,
    /// `implies`, to the right
    Implies,
}

impl BinaryOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::IntDiv => "div",
            BinaryOp::Rem => "%",
            BinaryOp::Concat => "++",
            BinaryOp::Coalesce => "??",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::Matches => "matches",
            BinaryOp::Implies => "implies",
        }
    }
}

/// `{ a: 1, b: 2 }`: also the attributes of what is added or given. A name stands once (checked while building).
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// In order.
    pub fields: Vec<Field>,
    /// With its braces.
    pub span: Span,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// A quantified formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantifier {
    /// Which.
    pub kind: QuantifierKind,
    /// Its word or words (`some`, `at least 2`).
    pub word: Span,
    /// The binders and `where`.
    pub scope: Scope,
    /// Behind `satisfies`: always there for `every` (checked while building), never for the others.
    pub satisfies: Option<Box<Expr>>,
}

/// The quantifiers. The number is a literal, a name or an expression in parentheses.
#[derive(Clone, Debug, PartialEq)]
pub enum QuantifierKind {
    /// `some`
    Some,
    /// `no`
    No,
    /// `every`
    Every,
    /// `exactly n`
    Exactly(Box<Expr>),
    /// `at least n`
    AtLeast(Box<Expr>),
    /// `at most n`
    AtMost(Box<Expr>),
}

/// `no x: E where φ since y: F where ψ`: some y happened, and no such x strictly between the latest such y and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Since {
    /// What must not have happened, with its `where`.
    pub no: Scope,
    /// Since what, with its `where`.
    pub since: Scope,
}

/// `earlier a: A [then b: B]… [within D] [where φ]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// One event, or several in their order. A window behind the last bounds the whole; the checker refuses one elsewhere.
    pub events: Vec<ElementBinder>,
    /// Behind `where`.
    pub condition: Option<Box<Expr>>,
}

/// `consecutive(r: E where group satisfies φ)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Consecutive {
    /// The event and its group.
    pub scope: Scope,
    /// What each must satisfy.
    pub satisfies: Box<Expr>,
}

/// An aggregate over bindings.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Its word.
    pub word: Span,
    /// The first argument of `percentile`; only there.
    pub rank: Option<Box<Expr>>,
    /// What is aggregated; absent for `count` alone (`count(h: Host where φ)`).
    pub value: Option<Box<Expr>>,
    /// The binders and `where`.
    pub scope: Scope,
}

/// The aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// `count`
    Count,
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `avg`
    Avg,
    /// `median`
    Median,
    /// `percentile`
    Percentile,
    /// `distinct`
    Distinct,
    /// `any`
    Any,
    /// `all`
    All,
}

impl AggregateFunction {
    /// All, with their names.
    pub const ALL: [(&'static str, AggregateFunction); 10] = [
        ("count", AggregateFunction::Count),
        ("sum", AggregateFunction::Sum),
        ("min", AggregateFunction::Min),
        ("max", AggregateFunction::Max),
        ("avg", AggregateFunction::Avg),
        ("median", AggregateFunction::Median),
        ("percentile", AggregateFunction::Percentile),
        ("distinct", AggregateFunction::Distinct),
        ("any", AggregateFunction::Any),
        ("all", AggregateFunction::All),
    ];
    /// The aggregate of that name.
    pub fn named(name: &str) -> Option<AggregateFunction> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }
    /// Its name.
    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(_, f)| *f == self).map_or("", |(n, _)| n)
    }
}

/// `in every worlds φ`, `in at least 80% candidates φ`.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// How many.
    pub of: ShareOf,
    /// Of what.
    pub over: ShareOver,
    /// From `in` to `worlds`.
    pub word: Span,
    /// What holds there.
    pub formula: Box<Expr>,
}

/// How many worlds or candidates.
#[derive(Clone, Debug, PartialEq)]
pub enum ShareOf {
    /// `every`
    Every,
    /// `some`
    Some,
    /// `at least N%`: an Int or Float literal.
    AtLeast(Literal),
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareOver {
    /// `worlds`
    Worlds,
    /// `candidates`
    Candidates,
}
