//! Binders and scopes: `h: Host`, `x in list`, `(k, v) in record`, with windows and `where`. Part of quantifiers, aggregates, `for`s and edits.
use super::{Expr, Name, Qualified};
use crate::base::Span;

/// Binders and what they must satisfy: `a: A, b: B where φ`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// At least one; later ones see earlier ones.
    pub binders: Vec<Binder>,
    /// Behind `where`.
    pub condition: Option<Box<Expr>>,
    /// From the first binder to the end of the condition.
    pub span: Span,
}

/// One binder.
#[derive(Clone, Debug, PartialEq)]
pub struct Binder {
    /// Which form.
    pub kind: BinderKind,
    /// All of it.
    pub span: Span,
}

/// The forms of binders. A name may be `_`.
#[derive(Clone, Debug, PartialEq)]
pub enum BinderKind {
    /// `h: Host`, `p: Call within 24h`, `last 5 r: Result`.
    Element(ElementBinder),
    /// `x in list`.
    In {
        /// The variable.
        name: Name,
        /// What it ranges over.
        list: Box<Expr>,
    },
    /// `(k, v) in record_or_list`.
    Pair {
        /// The key, or the index.
        key: Name,
        /// The value.
        value: Name,
        /// What they range over.
        list: Box<Expr>,
    },
}

/// A variable over the elements of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementBinder {
    /// `last N`: only the N latest (of what `where` selects).
    pub last: Option<(i64, Span)>,
    /// The variable.
    pub name: Name,
    /// The kind of node, edge or event.
    pub kind: Qualified,
    /// Which part of the past, for events.
    pub window: Option<Window>,
    /// All of it.
    pub span: Span,
}

/// A window of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Which.
    pub kind: WindowKind,
    /// With its word.
    pub span: Span,
}

/// The forms of windows.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowKind {
    /// `within 24h`.
    Within(Box<Expr>),
    /// `per day in "UTC"`.
    Per {
        /// The calendar unit.
        unit: CalendarUnit,
        /// The time zone, if written.
        zone: Option<Box<Expr>>,
    },
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarUnit {
    /// `hour`
    Hour,
    /// `day`
    Day,
    /// `week`, from Monday
    Week,
    /// `month`
    Month,
}
