//! Edits: one notation for readers, interventions, repairs and tests.
use super::{Binder, Expr, Name, Qualified, Record};
use crate::base::Span;

/// One edit with what it ranges over.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What it does.
    pub action: EditAction,
    /// Behind `for`; may be empty.
    pub binders: Vec<Binder>,
    /// Behind `where`.
    pub condition: Option<Box<Expr>>,
    /// All of it.
    pub span: Span,
}

/// What an edit does.
#[derive(Clone, Debug, PartialEq)]
pub enum EditAction {
    /// `remove x`.
    Remove(Expr),
    /// `add …`, `ensure …`.
    Add {
        /// `ensure`: unless it is there.
        ensure: bool,
        /// What is made.
        target: AddTarget,
        /// Its attributes.
        record: Option<Record>,
    },
    /// `set x.a.k = e`.
    Set {
        /// The element (a name, `Kind(id)` or any expression without a further attribute).
        element: Expr,
        /// `a`, then keys inside a Json; at least one.
        path: Vec<Name>,
        /// The new value.
        value: Expr,
    },
}

/// What `add` makes.
#[derive(Clone, Debug, PartialEq)]
pub enum AddTarget {
    /// `Kind(id)`, for events with `at time`.
    Element {
        /// The kind of node or event.
        kind: Qualified,
        /// Its id.
        id: Expr,
        /// Behind `at`.
        at: Option<Expr>,
    },
    /// `a -k-> b` (a backwards arrow has been turned round).
    Edge {
        /// Where it starts.
        from: Expr,
        /// The edge kind.
        kind: Qualified,
        /// Where it ends.
        to: Expr,
    },
}
