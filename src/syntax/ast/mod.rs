//! The tree of a program, one file per construct. Built by `syntax::build`, read by semantics and the formatter.
pub mod binder;
pub mod declaration;
pub mod edit;
pub mod expression;
pub mod intervention;
pub mod invariant;
pub mod item;
pub mod message;
pub mod name;
pub mod path;
pub mod policy;
pub mod reader;
pub mod rule;
pub mod test;
pub mod types;
pub mod verdict;

pub use binder::{Binder, BinderKind, CalendarUnit, ElementBinder, Scope, Window, WindowKind};
pub use declaration::{Attribute, Cardinality, EdgeKind, EventKind, Import, ImportNames, ImportSource, NodeKind, Param};
pub use edit::{AddTarget, Edit, EditAction};
pub use expression::{
    Aggregate, AggregateFunction, BinaryOp, Consecutive, Earlier, Expr, ExprKind, Field, Literal, Quantifier, QuantifierKind,
    Record, Share, ShareOf, ShareOver, Since,
};
pub use intervention::{Expect, ForWorlds, Intervention, InterventionClause};
pub use invariant::{Demand, DemandKind, For, Invariant, InvariantClause, Let, Repair, SeverityMark};
pub use item::{DefaultPermit, Item, ItemKind};
pub use message::{Message, MessagePart};
pub use name::{Name, Qualified, Text};
pub use path::{Arrow, Path, PathKind, Step};
pub use policy::{Effect, EffectClause, Oblige, On, OnKind, Policy, PolicyClause, Prefer};
pub use reader::{Reader, ReaderStatement};
pub use rule::{Mechanism, MechanismKind, Rule, RuleBody, RuleParam, ValueClause, ValueFold};
pub use test::{Given, GivenEdge, GivenEvent, GivenNode, Test, TestClause};
pub use types::{TypeExpr, TypeKind};
pub use verdict::{DecisionWord, TraceWord, Verdict, VerdictKind};
