//! Types as written. Part of parameters, attributes, rule parameters and `as`.
use super::{Literal, Qualified, Text};
use crate::base::Span;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// Which.
    pub kind: TypeKind,
    /// All of it.
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `Bool`, `Int`, `Json`, `Node`, a kind: the checker looks it up.
    Named(Qualified),
    /// `Int in 1..3`, `Float in 0.0..1.0`: both ends are included.
    Range {
        /// What is bounded.
        base: Qualified,
        /// The least value; a sign is part of it.
        low: Literal,
        /// The greatest.
        high: Literal,
        /// `1..3`.
        range: Span,
    },
    /// `"up" | "down"`; also one text alone.
    Texts(Vec<Text>),
    /// `A | B`: any of several kinds (two or more).
    Union(Vec<Qualified>),
    /// `[T]`.
    List(Box<TypeExpr>),
    /// `T?`.
    Optional(Box<TypeExpr>),
}
