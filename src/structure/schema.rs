//! The declarations of a program (or those inferred from a candidate): kinds, attributes, cardinalities. Made by semantics, read by the door, the plan and the engine.
use crate::base::Place;
use crate::scalar::{KindId, Kinds, Type, Value};
use std::sync::Arc;

/// An attribute: its index in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrId(pub u32);

/// Node, edge or event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// A node kind.
    Node,
    /// An edge kind.
    Edge,
    /// An event kind.
    Event,
}

impl Sort {
    /// The word that declares one.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Node => "node",
            Sort::Edge => "edge",
            Sort::Event => "event",
        }
    }
}

/// A declared kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its name, as candidates name it. Unique in a program.
    pub name: Arc<str>,
    /// Node, edge or event.
    pub sort: Sort,
    /// `node Database is Service`.
    pub parent: Option<KindId>,
    /// The topmost kind it is one of (itself, if it has no parent).
    pub root: KindId,
    /// Whether undeclared attributes are admitted.
    pub open: bool,
    /// `observed event`.
    pub observed: bool,
    /// The attributes it declares itself, in order.
    pub attrs: Vec<AttrId>,
    /// For an edge kind: what it goes from and to.
    pub ends: Option<(Kinds, Kinds)>,
    /// For an edge kind: how many of them each node of its source kinds has, at least and at most.
    pub cardinality: Option<(u32, Option<u32>)>,
    /// Where it is declared.
    pub place: Place,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// A declared attribute (or one that a mechanism defines).
#[derive(Clone, Debug)]
pub struct Attr {
    /// Its name.
    pub name: Arc<str>,
    /// The kind that declares it; the kinds below have it too.
    pub kind: KindId,
    /// Its type; `Optional` if it may be absent.
    pub ty: Type,
    /// What it is when left out.
    pub default: Option<Value>,
    /// Whether a mechanism says how it comes about; then candidates may not give it.
    pub mechanism: bool,
    /// Where it is declared.
    pub place: Place,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// All declarations of a program.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// By `KindId`.
    pub kinds: Vec<Kind>,
    /// By `AttrId`.
    pub attrs: Vec<Attr>,
}

impl Schema {
    /// The kind with that id.
    pub fn kind(&self, id: KindId) -> Option<&Kind> {
        self.kinds.get(id.0 as usize)
    }
    /// The attribute with that id.
    pub fn attr(&self, id: AttrId) -> Option<&Attr> {
        self.attrs.get(id.0 as usize)
    }
    /// The kind of that sort and name.
    pub fn find(&self, sort: Sort, name: &str) -> Option<KindId> {
        self.kinds.iter().position(|k| k.sort == sort && &*k.name == name).map(|i| KindId(i as u32))
    }
    /// The kind's name.
    pub fn name(&self, id: KindId) -> &str {
        self.kind(id).map_or("?", |k| &k.name)
    }
    /// All kinds of a sort, in the order of their declarations.
    pub fn of_sort(&self, sort: Sort) -> impl Iterator<Item = KindId> + '_ {
        self.kinds.iter().enumerate().filter(move |(_, k)| k.sort == sort).map(|(i, _)| KindId(i as u32))
    }
    /// The kind itself and those above it.
    pub fn ancestors(&self, id: KindId) -> impl Iterator<Item = KindId> + '_ {
        // bounded by the number of kinds, so that a cycle that was reported elsewhere cannot hang
        std::iter::successors(Some(id), |k| self.kind(*k)?.parent).take(self.kinds.len())
    }
    /// Whether every `kind` is an `ancestor`.
    pub fn is_a(&self, kind: KindId, ancestor: KindId) -> bool {
        self.ancestors(kind).any(|k| k == ancestor)
    }
    /// Whether an element of this kind is one of `kinds`.
    pub fn within(&self, kind: KindId, kinds: &Kinds) -> bool {
        match kinds {
            Kinds::Any => true,
            Kinds::Of(list) => list.iter().any(|k| self.is_a(kind, *k)),
        }
    }
    /// The kinds of a sort that an element of `kinds` may have been declared with, in order.
    pub fn below(&self, sort: Sort, kinds: &Kinds) -> Vec<KindId> {
        self.of_sort(sort).filter(|k| self.within(*k, kinds)).collect()
    }
    /// The attributes of a kind, inherited ones first.
    pub fn attrs_of(&self, kind: KindId) -> Vec<AttrId> {
        let mut chain: Vec<KindId> = self.ancestors(kind).collect();
        chain.reverse();
        chain.iter().filter_map(|k| self.kind(*k)).flat_map(|k| k.attrs.iter().copied()).collect()
    }
    /// The attribute of that name that elements of a kind have.
    pub fn find_attr(&self, kind: KindId, name: &str) -> Option<AttrId> {
        self.ancestors(kind)
            .filter_map(|k| self.kind(k))
            .flat_map(|k| k.attrs.iter().copied())
            .find(|a| self.attr(*a).is_some_and(|a| &*a.name == name))
    }
}
