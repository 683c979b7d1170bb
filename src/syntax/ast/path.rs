//! Arrows and the regular paths in them. Part of expressions, edits and `given`.
use super::{Expr, Name, Qualified};
use crate::base::Span;

/// A chain of arrows: `a -calls-> b -runs_on-> h`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The first operand.
    pub start: Box<Expr>,
    /// The steps, at least one.
    pub steps: Vec<Step>,
}

/// One arrow and the operand behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `<-calls-`: from the right operand to the left.
    pub backwards: bool,
    /// The edge variable of `-e:calls->`.
    pub variable: Option<Name>,
    /// What the arrow walks.
    pub path: Path,
    /// The operand to its right.
    pub target: Expr,
    /// The arrow itself, `-calls->`, without operands.
    pub span: Span,
}

/// A path expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Which form.
    pub kind: PathKind,
    /// All of it.
    pub span: Span,
}

/// The forms of paths.
#[derive(Clone, Debug, PartialEq)]
pub enum PathKind {
    /// An edge kind or a rule of two parameters.
    Name(Qualified),
    /// `_`: any edge.
    Any,
    /// `(a|b)`: two or more.
    Either(Vec<Path>),
    /// `p+` (1, none), `p*` (0, none), `p{2,4}`, `p{3}` (3, 3), `p{2,}` (2, none).
    Repeat {
        /// What is repeated.
        path: Box<Path>,
        /// The fewest steps.
        min: u32,
        /// The most, if bounded; never less than `min`.
        max: Option<u32>,
    },
}
