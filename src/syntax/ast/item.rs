//! Items: what a program is a list of.
use super::{
    EdgeKind, EventKind, Import, Intervention, Invariant, Mechanism, Name, NodeKind, Param, Policy, Prefer, Reader, Rule, Test,
};
use crate::base::{ItemId, Place, Span};
use std::sync::Arc;

/// One item. All spans below it are relative to `id`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Registered with `Sources`: where spans begin.
    pub id: ItemId,
    /// From its first word to its end, without docs.
    pub span: Span,
    /// The `///` lines before it, joined with line ends.
    pub docs: Option<Arc<str>>,
    /// What it is.
    pub kind: ItemKind,
}

impl Item {
    /// The place of a span of this item.
    pub fn place(&self, span: Span) -> Place {
        Place::new(self.id, span)
    }
    /// The name it declares, if it has one.
    pub fn name(&self) -> Option<&Name> {
        match &self.kind {
            ItemKind::Param(x) => Some(&x.name),
            ItemKind::Node(x) => Some(&x.name),
            ItemKind::Edge(x) => Some(&x.name),
            ItemKind::Event(x) => Some(&x.name),
            ItemKind::Reader(x) => Some(&x.name),
            ItemKind::Rule(x) => Some(&x.name),
            ItemKind::Invariant(x) => Some(&x.name),
            ItemKind::Intervention(x) => Some(&x.name),
            ItemKind::Policy(x) => Some(&x.name),
            ItemKind::Prefer(x) => Some(&x.name),
            ItemKind::Import(_) | ItemKind::Mechanism(_) | ItemKind::Default(_) | ItemKind::Test(_) => None,
        }
    }
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `import`
    Import(Import),
    /// `param`
    Param(Param),
    /// `node`, `open node`
    Node(NodeKind),
    /// `edge`
    Edge(EdgeKind),
    /// `event`, `observed event`
    Event(EventKind),
    /// `reader`
    Reader(Reader),
    /// `rule`
    Rule(Rule),
    /// `mechanism`
    Mechanism(Mechanism),
    /// `invariant`
    Invariant(Invariant),
    /// `intervention`
    Intervention(Intervention),
    /// `policy`
    Policy(Policy),
    /// `default permit`
    Default(DefaultPermit),
    /// `prefer`
    Prefer(Prefer),
    /// `test`
    Test(Test),
}

/// `default permit`: what no policy decides is permitted.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultPermit {
    /// Both words.
    pub span: Span,
}
