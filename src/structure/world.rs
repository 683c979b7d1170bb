//! Many worlds as one structure: all elements that any of them has, and where each differs from the parent. Made from differences; read
//! by engine (through session), which evaluates all worlds at once.
use super::difference::{Difference, End};
use super::edit::Conflict;
use super::graph::{Finding, Graph, GraphBuilder, Numbers};
use super::schema::AttrId;
use crate::scalar::{Element, KindId, Type, Val, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The number of a world; 0 is the parent.
pub type World = u32;

/// Many worlds as one structure.
#[derive(Debug)]
pub struct Joint {
    /// All elements of all of them. Attributes are the parent's, for what comes those of the first world that it comes in.
    pub graph: Graph,
    /// What the parent's elements are called here.
    pub numbers: Numbers,
    /// Elements of the parent, and the worlds in which they are not.
    pub removed: BTreeMap<Val, Vec<World>>,
    /// Elements that come, and the worlds in which they do.
    pub added: BTreeMap<Val, Vec<World>>,
    /// Attributes with other values in some worlds.
    pub set: BTreeMap<(Val, AttrId), Vec<(Val, Vec<World>)>>,
    /// Worlds that do not fit with the others, since what they add has the name of something else there.
    pub left: Vec<World>,
}

/// What comes, with the worlds in which it does and where its attributes are other ones.
#[derive(Default)]
struct Coming {
    worlds: Vec<World>,
    row: Vec<Val>,
    others: Vec<(World, Vec<Val>)>,
}

impl Coming {
    fn come(&mut self, world: World, row: Vec<Val>) {
        if self.worlds.is_empty() {
            self.row = row;
        } else if self.row != row {
            self.others.push((world, row));
        }
        self.worlds.push(world);
    }
}

/// Several worlds below one parent. Differences are the parent's, their values interned in its dictionary.
pub fn joint(parent: Graph, worlds: &[(World, &Difference)]) -> Joint {
    let mut joint = Joint {
        graph: Graph::default(),
        numbers: Numbers::default(),
        removed: BTreeMap::new(),
        added: BTreeMap::new(),
        set: BTreeMap::new(),
        left: vec![],
    };
    let coming = worlds.iter().any(|w| w.1.adds());
    joint.graph = parent;
    let mut fitting: Vec<(World, &Difference)> = vec![];
    if coming {
        fitting = joint.enlarge(worlds);
    } else {
        fitting.extend_from_slice(worlds);
    }
    for (w, d) in fitting {
        for v in &d.removed {
            let v = joint.numbers.of(&mut joint.graph.dictionary, *v);
            joint.removed.entry(v).or_default().push(w);
        }
        for ((of, attr), x) in &d.set {
            let of = joint.numbers.of(&mut joint.graph.dictionary, *of);
            let x = joint.numbers.of(&mut joint.graph.dictionary, *x);
            let pieces = joint.set.entry((of, *attr)).or_default();
            differ(pieces, x, w);
        }
    }
    joint
}

fn differ(pieces: &mut Vec<(Val, Vec<World>)>, v: Val, world: World) {
    match pieces.iter_mut().find(|p| p.0 == v) {
        Some(p) => p.1.push(world),
        None => pieces.push((v, vec![world])),
    }
}

type NodeKey = (KindId, Val);
type EdgeKey = (KindId, End, End, Vec<Val>);

impl Joint {
    /// Adds what comes. Gives the worlds that fit together.
    fn enlarge<'d>(&mut self, worlds: &[(World, &'d Difference)]) -> Vec<(World, &'d Difference)> {
        let mut b = self.graph.reopened();
        let mut nodes: BTreeMap<NodeKey, (KindId, Coming)> = BTreeMap::new();
        let mut edges: BTreeMap<EdgeKey, Coming> = BTreeMap::new();
        let mut events: BTreeMap<NodeKey, (i64, Coming)> = BTreeMap::new();
        let mut fitting = vec![];
        for (w, d) in worlds {
            let fits = d.nodes.iter().all(|(k, (kind, _))| nodes.get(k).is_none_or(|n| n.0 == *kind))
                && d.events.iter().all(|(k, (at, _))| events.get(k).is_none_or(|e| e.0 == *at));
            if !fits {
                self.left.push(*w);
                continue;
            }
            fitting.push((*w, *d));
            for (k, (kind, given)) in &d.nodes {
                let row = b.filled(*kind, given);
                nodes.entry(*k).or_insert_with(|| (*kind, Coming::default())).1.come(*w, row);
            }
            for e in &d.edges {
                let row = b.filled(e.kind, &e.given);
                edges.entry((e.kind, e.from, e.to, row.clone())).or_default().come(*w, row);
            }
            for (k, (at, given)) in &d.events {
                let row = b.filled(k.0, given);
                events.entry(*k).or_insert_with(|| (*at, Coming::default())).1.come(*w, row);
            }
        }
        let mut came: Vec<(Element, KindId, Coming)> = vec![];
        let mut made: FxHashMap<NodeKey, u32> = FxHashMap::default();
        for (k, (kind, c)) in nodes {
            let n = b.node(kind, k.1, u32::MAX, &c.row);
            made.insert(k, n);
            came.push((Element::Node(n), kind, c));
        }
        for ((kind, from, to, _), c) in edges {
            let end = |e: End| match e {
                End::There(n) => n,
                End::New(k, id) => made.get(&(k, id)).copied().unwrap_or(0),
            };
            let n = b.edge(kind, end(from), end(to), None, u32::MAX, &c.row);
            came.push((Element::Edge(n), kind, c));
        }
        for ((kind, id), (at, c)) in events {
            let n = b.event(kind, id, at, u32::MAX, &c.row);
            came.push((Element::Event(n), kind, c));
        }
        let (graph, _, numbers) = b.finish_numbered();
        self.graph = graph;
        self.numbers = numbers;
        for (e, kind, c) in came {
            let e = match e {
                Element::Node(n) => Val::node(n),
                Element::Edge(n) => Val::edge(n),
                Element::Event(n) => Val::event(n),
            };
            let e = self.numbers.of(&mut self.graph.dictionary, e);
            let attrs = self.graph.schema.attrs_of(kind);
            for (w, row) in &c.others {
                for (a, (v, first)) in attrs.iter().zip(row.iter().zip(&c.row)) {
                    if v != first {
                        let v = self.numbers.of(&mut self.graph.dictionary, *v);
                        differ(self.set.entry((e, *a)).or_default(), v, *w);
                    }
                }
            }
            self.added.insert(e, c.worlds);
        }
        fitting
    }
}

impl GraphBuilder {
    /// A row of a kind, with the defaults of what is not given.
    fn filled(&mut self, kind: KindId, given: &[(AttrId, Val)]) -> Vec<Val> {
        let schema = self.schema().clone();
        let one = |a: AttrId| match given.iter().find(|g| g.0 == a) {
            Some(g) => g.1,
            None => {
                let default = schema.attr(a).and_then(|a| a.default.clone());
                default.map_or(Val::NONE, |d| self.dictionary.intern(d))
            }
        };
        schema.attrs_of(kind).into_iter().map(one).collect()
    }
}

impl Graph {
    /// A builder that has all that is here, by the same numbers, and the dictionary.
    fn reopened(&mut self) -> GraphBuilder {
        let dictionary = std::mem::take(&mut self.dictionary);
        let mut b = GraphBuilder::new(self.schema.clone());
        b.dictionary = dictionary;
        let row = |v: Val, kind: KindId| -> Vec<Val> { self.schema.attrs_of(kind).iter().map(|a| self.attr(v, *a)).collect() };
        for n in 0..self.nodes() {
            let v = Val::node(n);
            let Some(kind) = self.node_kind(n) else { continue };
            b.node(kind, self.node_id(n), self.origin(Element::Node(n)).unwrap_or(0), &row(v, kind));
        }
        for e in 0..self.edge_count() {
            let v = Val::edge(e);
            let (Some((f, t)), Some(kind)) = (self.ends(e), self.kind_of(v)) else { continue };
            let id = Some(self.edge_id(e)).filter(|i| *i != Val::NONE);
            b.edge(kind, f, t, id, self.origin(Element::Edge(e)).unwrap_or(0), &row(v, kind));
        }
        for e in 0..self.events() {
            let v = Val::event(e);
            let (Some(kind), Some(at)) = (self.kind_of(v), self.event_at(e)) else { continue };
            b.event(kind, self.event_id(e), at, self.origin(Element::Event(e)).unwrap_or(0), &row(v, kind));
        }
        for (v, record) in self.all_open() {
            if let Some(e) = v.as_element() {
                b.open(e, record);
            }
        }
        b
    }

    /// A structure of its own with a difference. What is removed must not be named by what stays: there would be nothing for the
    /// name to mean.
    pub fn with(&self, d: &Difference) -> Result<Graph, Conflict> {
        let mut joint = joint(self.clone(), &[(1, d)]);
        let mut b = GraphBuilder::new(self.schema.clone());
        let mut numbers: FxHashMap<Val, Val> = FxHashMap::default();
        let g = &joint.graph;
        let stays = |v: Val| !joint.removed.contains_key(&v);
        let mut count = [0u32; 3];
        let all = (0..g.nodes()).map(Val::node).chain((0..g.edge_count()).map(Val::edge)).chain((0..g.events()).map(Val::event));
        for v in all.filter(|v| stays(*v)) {
            let (n, make): (&mut u32, fn(u32) -> Val) = match v.as_element() {
                Some(Element::Node(_)) => (&mut count[0], Val::node),
                Some(Element::Edge(_)) => (&mut count[1], Val::edge),
                _ => (&mut count[2], Val::event),
            };
            numbers.insert(v, make(*n));
            *n += 1;
        }
        b.dictionary = std::mem::take(&mut joint.graph.dictionary);
        let g = &joint.graph;
        let row = |b: &mut GraphBuilder, v: Val, kind: KindId| -> Result<Vec<Val>, Conflict> {
            let mut values = vec![];
            for a in g.schema.attrs_of(kind) {
                let x = joint.set.get(&(v, a)).and_then(|p| p.first()).map_or_else(|| g.attr(v, a), |p| p.0);
                let refers = g.schema.attr(a).is_some_and(|a| refers(&a.ty));
                let x = if refers { renamed(b, x, &numbers) } else { Ok(x) };
                values.push(x.map_err(|gone| {
                    let attr = g.schema.attr(a).map_or("?", |a| &a.name);
                    let by = v.as_element().map(|e| g.show_with(&b.dictionary, e)).unwrap_or_default();
                    let gone = gone.as_element().map(|e| g.show_with(&b.dictionary, e)).unwrap_or_default();
                    Conflict::At(usize::MAX, format!("{gone} is named by {by}.{attr}, which stays"))
                })?);
            }
            Ok(values)
        };
        let new = |v: Val| numbers.get(&v).and_then(|v| v.as_node()).unwrap_or(0);
        for n in 0..g.nodes() {
            let v = Val::node(n);
            let (true, Some(kind)) = (stays(v), g.node_kind(n)) else { continue };
            let row = row(&mut b, v, kind)?;
            b.node(kind, g.node_id(n), g.origin(Element::Node(n)).unwrap_or(0), &row);
        }
        for e in 0..g.edge_count() {
            let v = Val::edge(e);
            let (true, Some((f, t)), Some(kind)) = (stays(v), g.ends(e), g.kind_of(v)) else { continue };
            let row = row(&mut b, v, kind)?;
            let id = Some(g.edge_id(e)).filter(|i| *i != Val::NONE);
            b.edge(kind, new(Val::node(f)), new(Val::node(t)), id, g.origin(Element::Edge(e)).unwrap_or(0), &row);
        }
        for e in 0..g.events() {
            let v = Val::event(e);
            let (true, Some(kind), Some(at)) = (stays(v), g.kind_of(v), g.event_at(e)) else { continue };
            let row = row(&mut b, v, kind)?;
            b.event(kind, g.event_id(e), at, g.origin(Element::Event(e)).unwrap_or(0), &row);
        }
        for (v, record) in g.all_open() {
            if let Some(e) = numbers.get(&v).and_then(|v| v.as_element()) {
                b.open(e, record);
            }
        }
        let (graph, findings) = b.finish();
        // cardinality is checked on candidates only
        match findings.iter().find(|f| !matches!(f, Finding::Cardinality(..))) {
            None => Ok(graph),
            Some(f) => Err(Conflict::At(usize::MAX, format!("the edits make a structure that does not conform: {f:?}"))),
        }
    }
}

fn refers(ty: &Type) -> bool {
    match ty {
        Type::Node(_) | Type::Edge(_) | Type::Event(_) => true,
        Type::Optional(t) | Type::List(t) => refers(t),
        _ => false,
    }
}

/// A value that may name elements, with their new numbers; or the element that it names and that is gone.
fn renamed(b: &mut GraphBuilder, v: Val, numbers: &FxHashMap<Val, Val>) -> Result<Val, Val> {
    let new = |v: Val| numbers.get(&v).copied().ok_or(v);
    if v.as_element().is_some() {
        return new(v);
    }
    let Some(Value::List(items)) = b.dictionary.get(v).cloned() else { return Ok(v) };
    let mut list = Vec::with_capacity(items.len());
    for item in items.iter() {
        let item = b.dictionary.intern(item.clone());
        let item = if item.as_element().is_some() { new(item)? } else { item };
        list.push(b.dictionary.value(item));
    }
    Ok(b.dictionary.intern(Value::list(list)))
}
