//! Declarations: imports, parameters, kinds of nodes, edges and events.
use super::{Expr, Name, Qualified, Text, TypeExpr};
use crate::base::Span;
use std::sync::Arc;

/// `import std.graph { reaches }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// From where.
    pub source: ImportSource,
    /// Which names come as they are.
    pub names: ImportNames,
}

/// Where an import comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportSource {
    /// `std.graph`: brings `graph`.
    Module(Qualified),
    /// `"./shared.dbm"`: brings `shared`.
    File(Text),
}

/// Which names an import brings as they are.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportNames {
    /// None: the module under its last name only.
    Module,
    /// `{ a, b }`; may be empty.
    Names(Vec<Name>),
    /// `{ * }`.
    All(Span),
}

/// `param replicas: Int = 2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Expr>,
}

/// `node Database is Service { … }`, `open node K { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeKind {
    /// Its name.
    pub name: Name,
    /// Whether attributes that are not declared are admitted.
    pub open: bool,
    /// Behind `is`.
    pub parent: Option<Qualified>,
    /// In order.
    pub attributes: Vec<Attribute>,
}

/// `edge runs_on: A | B -> Host [1..5] { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeKind {
    /// Its name.
    pub name: Name,
    /// Kinds of its start, at least one.
    pub from: Vec<Qualified>,
    /// Kinds of its end, at least one.
    pub to: Vec<Qualified>,
    /// How many each start has.
    pub cardinality: Option<Cardinality>,
    /// In order.
    pub attributes: Vec<Attribute>,
}

/// `[1..5]`, `[1]`, `[1..]`, `[..5]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cardinality {
    /// The fewest.
    pub min: u32,
    /// The most, if bounded; never less than `min`.
    pub max: Option<u32>,
    /// With its brackets.
    pub span: Span,
}

/// `event Deploy { … }`, `observed event Alert { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventKind {
    /// Its name.
    pub name: Name,
    /// Whether dbm only hears of it.
    pub observed: bool,
    /// In order.
    pub attributes: Vec<Attribute>,
}

/// `tier: Int in 1..3 = 2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The `///` lines before it.
    pub docs: Option<Arc<str>>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Expr>,
    /// All of it, without docs.
    pub span: Span,
}
