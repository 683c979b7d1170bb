//! Tests: a small world, edits, expectations.
use super::{Edit, Expect, Expr, Let, Name, Qualified, Record, Text};
use crate::base::Span;

/// `test "title" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What it is called.
    pub title: Text,
    /// In order.
    pub clauses: Vec<TestClause>,
}

/// A clause of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum TestClause {
    /// `given { … }`, in order.
    Given(Vec<Given>, Span),
    /// `let n = e`.
    Let(Let),
    /// `do EDIT`.
    Do(Edit),
    /// `expect φ`.
    Expect(Expect),
}

/// A line of `given`. The names become ids, and variables of the test.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// `Service a { tier: 1 }`; `Service a, b` gives two.
    Node(GivenNode),
    /// `a -calls-> b { … }`; a chain gives several.
    Edge(GivenEdge),
    /// `Call c1 at 30s { … }`.
    Event(GivenEvent),
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenNode {
    /// Its kind.
    pub kind: Qualified,
    /// Its id.
    pub name: Name,
    /// Its attributes.
    pub record: Option<Record>,
    /// From its name on.
    pub span: Span,
}

/// An edge (a backwards arrow has been turned round).
#[derive(Clone, Debug, PartialEq)]
pub struct GivenEdge {
    /// The name of `-e:calls->`.
    pub variable: Option<Name>,
    /// The id of its start.
    pub from: Name,
    /// Its kind.
    pub kind: Qualified,
    /// The id of its end.
    pub to: Name,
    /// Its attributes.
    pub record: Option<Record>,
    /// All of it.
    pub span: Span,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenEvent {
    /// Its kind.
    pub kind: Qualified,
    /// Its id.
    pub name: Name,
    /// When: a Duration since the start of the trace, or a Time.
    pub at: Expr,
    /// Its attributes.
    pub record: Option<Record>,
    /// All of it.
    pub span: Span,
}
