//! Changes of a structure, as data, and the structure that they make. Made by session (tests; later worlds), applied here.
use super::graph::{Finding, Found, Graph, GraphBuilder, quoted};
use super::schema::{AttrId, Sort};
use crate::scalar::{Dictionary, Element, KindId, Kinds, Type, Val, Value, json};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// One change. Elements are those of the structure it is applied to; values are interned there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Takes an element away, a node's edges with it.
    Remove(Val),
    /// Gives an attribute a value.
    Set(Val, AttrId, Val),
    /// Adds a node; with `ensure`, unless it is there.
    AddNode {
        /// Its kind.
        kind: KindId,
        /// Its id.
        id: Val,
        /// Attributes.
        given: Vec<(AttrId, Val)>,
        /// Whether it may be there already.
        ensure: bool,
    },
    /// Adds an edge; with `ensure`, unless one of its kind is between its ends.
    AddEdge {
        /// Its kind.
        kind: KindId,
        /// Its source: kind and id, so that it may be added beside it.
        from: (KindId, Val),
        /// Its target.
        to: (KindId, Val),
        /// Attributes.
        given: Vec<(AttrId, Val)>,
        /// Whether it may be there already.
        ensure: bool,
    },
    /// Adds an event.
    AddEvent {
        /// Its kind.
        kind: KindId,
        /// Its id.
        id: Val,
        /// Its time, in microseconds.
        at: i64,
        /// Attributes.
        given: Vec<(AttrId, Val)>,
    },
}

/// Why changes cannot be made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The change, by its position, contradicts another or what is there: the words for it.
    At(usize, String),
}

impl Change {
    /// `remove Host("h1")`, `set Service("a").tier = 2`: as it would be written, values from `dictionary`.
    pub fn in_words(&self, graph: &Graph, dictionary: &Dictionary) -> String {
        let value = |v: Val| match dictionary.value(v) {
            Value::Element(e) => graph.show(e),
            v => json::quoted(&v, &|e| graph.show(e)),
        };
        let element = |v: Val| value(v);
        let schema = &graph.schema;
        let node = |kind: KindId, id: Val| format!("{}({})", quoted(schema.name(kind)), value(id));
        let record = |given: &[(AttrId, Val)]| match given {
            [] => String::new(),
            list => {
                let name = |a: AttrId| schema.attr(a).map_or("?".into(), |a| quoted(&a.name));
                let parts = list.iter().map(|(a, v)| format!("{}: {}", name(*a), value(*v)));
                format!(" {{ {} }}", parts.collect::<Vec<_>>().join(", "))
            }
        };
        let add = |ensure: bool| if ensure { "ensure" } else { "add" };
        match self {
            Change::Remove(v) => format!("remove {}", element(*v)),
            Change::Set(v, a, x) => {
                format!("set {}.{} = {}", element(*v), schema.attr(*a).map_or("?".into(), |a| quoted(&a.name)), value(*x))
            }
            Change::AddNode { kind, id, given, ensure } => format!("{} {}{}", add(*ensure), node(*kind, *id), record(given)),
            Change::AddEdge { kind, from, to, given, ensure } => format!(
                "{} {} -{}-> {}{}",
                add(*ensure),
                node(from.0, from.1),
                quoted(schema.name(*kind)),
                node(to.0, to.1),
                record(given)
            ),
            Change::AddEvent { kind, id, given, .. } => format!("add {}{}", node(*kind, *id), record(given)),
        }
    }
}

impl Graph {
    /// The structure with the changes: they act together, their order means nothing, equal ones are one.
    pub fn with(&self, changes: &[Change]) -> Result<Graph, Conflict> {
        let mut removed: FxHashSet<Val> = FxHashSet::default();
        let mut set: FxHashMap<(Val, AttrId), (usize, Val)> = FxHashMap::default();
        let mut seen: FxHashSet<&Change> = FxHashSet::default();
        for (i, c) in changes.iter().enumerate() {
            seen.insert(c);
            match c {
                Change::Remove(v) => {
                    removed.insert(*v);
                }
                Change::Set(v, a, x) => {
                    if let Some((_, old)) = set.insert((*v, *a), (i, *x))
                        && old != *x
                    {
                        let attr = self.schema.attr(*a).map_or("?", |a| &a.name).to_string();
                        return Err(Conflict::At(i, format!("two values for the attribute `{attr}` of one element")));
                    }
                }
                _ => {}
            }
        }
        if let Some((_, (i, _))) = set.iter().find(|((v, _), _)| removed.contains(v)) {
            return Err(Conflict::At(*i, "an attribute of what another edit removes is set".into()));
        }
        let mut b = GraphBuilder::new(self.schema.clone());
        b.dictionary = self.dictionary.clone();
        // what is removed must not be named by what stays: in a structure without it there is nothing that the name could mean
        let named = |gone: u32, by: Val, a: AttrId| {
            let at = changes.iter().position(|c| *c == Change::Remove(Val::node(gone))).unwrap_or(0);
            let (attr, by) = (self.schema.attr(a).map_or("?", |a| &a.name), by.as_element().map(|e| self.show(e)));
            let gone = self.show(Element::Node(gone));
            Conflict::At(at, format!("{gone} is named by {}.{attr}, which stays", by.unwrap_or_default()))
        };
        let row = |b: &mut GraphBuilder, v: Val, kind: KindId, nodes: &[Option<u32>]| -> Result<Vec<Val>, Conflict> {
            let attrs = self.schema.attrs_of(kind);
            let values = attrs.iter().map(|a| {
                let x = set.get(&(v, *a)).map_or_else(|| self.attr(v, *a), |s| s.1);
                let refers = self.schema.attr(*a).is_some_and(|a| refers(&a.ty));
                if refers { renamed(b, x, nodes).map_err(|gone| named(gone, v, *a)) } else { Ok(x) }
            });
            values.collect()
        };
        // numbers are given before rows are made, since attributes may name nodes that come later
        let mut nodes: Vec<Option<u32>> = vec![None; self.nodes() as usize];
        let mut next = 0;
        for n in 0..self.nodes() {
            if !removed.contains(&Val::node(n))
                && let Some(slot) = nodes.get_mut(n as usize)
            {
                *slot = Some(next);
                next += 1;
            }
        }
        for n in 0..self.nodes() {
            let v = Val::node(n);
            let (Some(Some(_)), Some(kind)) = (nodes.get(n as usize), self.node_kind(n)) else { continue };
            let values = row(&mut b, v, kind, &nodes)?;
            b.node(kind, self.node_id(n), self.origin(Element::Node(n)).unwrap_or(0), &values);
        }
        let filled = |b: &mut GraphBuilder, i: usize, kind: KindId, given: &[(AttrId, Val)]| -> Result<Vec<Val>, Conflict> {
            let attrs = self.schema.attrs_of(kind);
            let values = attrs.iter().map(|a| {
                let declared = given.iter().find(|g| g.0 == *a).map(|g| g.1);
                declared.unwrap_or_else(|| {
                    let default = self.schema.attr(*a).and_then(|a| a.default.clone());
                    default.map_or(Val::NONE, |d| b.dictionary.intern(d))
                })
            });
            let lost = |gone| Conflict::At(i, format!("it names {}, which another edit removes", self.show(Element::Node(gone))));
            values.collect::<Vec<_>>().into_iter().map(|v| renamed(b, v, &nodes).map_err(lost)).collect()
        };
        let mut made: FxHashSet<&Change> = FxHashSet::default();
        for (i, c) in changes.iter().enumerate() {
            let Change::AddNode { kind, id, given, ensure } = c else { continue };
            if !made.insert(c) {
                continue;
            }
            if b.find(*kind, *id).is_some() {
                if *ensure {
                    continue;
                }
                return Err(Conflict::At(i, "a node of this kind and id is there already".into()));
            }
            let values = filled(&mut b, i, *kind, given)?;
            b.node(*kind, *id, u32::MAX, &values);
        }
        for e in 0..self.edge_count() {
            let v = Val::edge(e);
            let (Some((f, t)), Some(kind)) = (self.ends(e), self.kind_of(v)) else { continue };
            let (Some(Some(f)), Some(Some(t))) = (nodes.get(f as usize), nodes.get(t as usize)) else { continue };
            if removed.contains(&v) {
                continue;
            }
            let values = row(&mut b, v, kind, &nodes)?;
            let id = Some(self.edge_id(e)).filter(|i| *i != Val::NONE);
            b.edge(kind, *f, *t, id, self.origin(Element::Edge(e)).unwrap_or(0), &values);
        }
        for (i, c) in changes.iter().enumerate() {
            let Change::AddEdge { kind, from, to, given, ensure } = c else { continue };
            if !made.insert(c) {
                continue;
            }
            let end = |b: &GraphBuilder, (k, id): (KindId, Val)| match b.lookup(&Kinds::Of(Arc::new([k])), id) {
                Found::One(n) => Ok(n),
                _ => Err(Conflict::At(i, "an end of this edge is not there".to_string())),
            };
            let (f, t) = (end(&b, *from)?, end(&b, *to)?);
            if *ensure && b.has_edge(*kind, f, t) {
                continue;
            }
            let values = filled(&mut b, i, *kind, given)?;
            b.edge(*kind, f, t, None, u32::MAX, &values);
        }
        for e in 0..self.events() {
            let v = Val::event(e);
            let (Some(kind), Some(at)) = (self.kind_of(v), self.event_at(e)) else { continue };
            if removed.contains(&v) {
                continue;
            }
            let values = row(&mut b, v, kind, &nodes)?;
            b.event(kind, self.event_id(e), at, self.origin(Element::Event(e)).unwrap_or(0), &values);
        }
        for (i, c) in changes.iter().enumerate() {
            let Change::AddEvent { kind, id, at, given } = c else { continue };
            if made.insert(c) {
                let values = filled(&mut b, i, *kind, given)?;
                b.event(*kind, *id, *at, u32::MAX, &values);
            }
        }
        let (graph, findings) = b.finish();
        // cardinality is checked on candidates only
        match findings.iter().find(|f| !matches!(f, Finding::Cardinality(..))) {
            None => Ok(graph),
            Some(f) => Err(Conflict::At(0, format!("the edits make a structure that does not conform: {f:?}"))),
        }
    }
    /// The sort of an element's kind.
    pub fn sort_of(&self, v: Val) -> Option<Sort> {
        self.kind_of(v).and_then(|k| self.schema.kind(k)).map(|k| k.sort)
    }
}

fn refers(ty: &Type) -> bool {
    match ty {
        Type::Node(_) => true,
        Type::Optional(t) | Type::List(t) => refers(t),
        _ => false,
    }
}

/// A value that may name nodes, with their new numbers; or the node that it names and that is gone.
fn renamed(b: &mut GraphBuilder, v: Val, nodes: &[Option<u32>]) -> Result<Val, u32> {
    let new = |n: u32| nodes.get(n as usize).copied().flatten().ok_or(n);
    if let Some(n) = v.as_node() {
        return new(n).map(Val::node);
    }
    let Some(Value::List(items)) = b.dictionary.get(v).cloned() else { return Ok(v) };
    if !items.iter().any(|i| matches!(i, Value::Element(Element::Node(_)))) {
        return Ok(v);
    }
    let items = items.iter().map(|i| match i {
        Value::Element(Element::Node(n)) => new(*n).map(|n| Value::Element(Element::Node(n))),
        other => Ok(other.clone()),
    });
    let list = Value::list(items.collect::<Result<_, _>>()?);
    Ok(b.dictionary.intern(list))
}
