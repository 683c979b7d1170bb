//! A difference: what changes make of a structure, checked against each other and against what is there. Made from changes, read by world.
//!
//! All changes are read against the parent and act together: their order means nothing, and equal ones are one.
use super::edit::{Change, Conflict};
use super::graph::Graph;
use super::schema::AttrId;
use crate::scalar::{Dictionary, Element, KindId, Val, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is not as in the parent. Elements are the parent's; values are interned in its dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is not there: also the edges of nodes that are not.
    pub removed: BTreeSet<Val>,
    /// Attributes with another value.
    pub set: BTreeMap<(Val, AttrId), Val>,
    /// Nodes that come, by the root of their kind and their id.
    pub nodes: BTreeMap<(KindId, Val), (KindId, Given)>,
    /// Edges that come.
    pub edges: BTreeSet<NewEdge>,
    /// Events that come, by kind and id, with their time in microseconds.
    pub events: BTreeMap<(KindId, Val), (i64, Given)>,
}

/// Attributes that were given, in order.
pub type Given = Vec<(AttrId, Val)>;

/// An edge that comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NewEdge {
    /// Its kind.
    pub kind: KindId,
    /// Its source.
    pub from: End,
    /// Its target.
    pub to: End,
    /// Its attributes.
    pub given: Given,
}

/// The end of an edge that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// A node of the parent.
    There(u32),
    /// One that comes too, by the root of its kind and its id.
    New(KindId, Val),
}

impl Difference {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self == &Difference::default()
    }
    /// Whether elements come.
    pub fn adds(&self) -> bool {
        !(self.nodes.is_empty() && self.edges.is_empty() && self.events.is_empty())
    }
}

impl Graph {
    /// What changes make of this structure. New values (of attributes that are set in part) are interned in its dictionary.
    pub fn difference(&mut self, changes: &[Change]) -> Result<Difference, Conflict> {
        let mut dictionary = std::mem::take(&mut self.dictionary);
        let d = self.combined(&mut dictionary, changes);
        self.dictionary = dictionary;
        d
    }

    fn combined(&self, dictionary: &mut Dictionary, changes: &[Change]) -> Result<Difference, Conflict> {
        let mut d = Difference::default();
        for c in changes {
            let Change::Remove(v) = c else { continue };
            d.removed.insert(*v);
            let Some(n) = v.as_node() else { continue };
            for t in self.edge_tables() {
                let both = t.out(n).chain(t.back(n).iter().copied());
                d.removed.extend(both.map(|p| Val::edge(t.base + p)));
            }
        }
        self.sets(&mut d, dictionary, changes)?;
        self.nodes_that_come(&mut d, changes)?;
        self.edges_that_come(&mut d, dictionary, changes)?;
        for (i, c) in changes.iter().enumerate() {
            let Change::AddEvent { kind, id, at, given } = c else { continue };
            let there = self.find_event(*kind, *id).is_some();
            let new = (*at, sorted(given));
            if there || d.events.get(&(*kind, *id)).is_some_and(|old| *old != new) {
                return Err(Conflict::At(i, "an event of this kind and id is there already".into()));
            }
            d.events.insert((*kind, *id), new);
        }
        Ok(d)
    }

    fn sets(&self, d: &mut Difference, dictionary: &mut Dictionary, changes: &[Change]) -> Result<(), Conflict> {
        // by attribute: the ways into it, each with its value
        let mut all: BTreeMap<(Val, AttrId), BTreeMap<Vec<Val>, Val>> = BTreeMap::new();
        for (i, c) in changes.iter().enumerate() {
            let Change::Set { of, attr, path, value } = c else { continue };
            if d.removed.contains(of) {
                return Err(Conflict::At(i, "an attribute of what another edit removes is set".into()));
            }
            let ways = all.entry((*of, *attr)).or_default();
            let within = |a: &[Val], b: &[Val]| a.starts_with(b) || b.starts_with(a);
            if ways.iter().any(|(p, v)| within(p, path) && (p != path || v != value)) {
                let attr = self.schema.attr(*attr).map_or("?", |a| &a.name);
                return Err(Conflict::At(i, format!("two values for the attribute `{attr}` of one element")));
            }
            ways.insert(path.clone(), *value);
        }
        for ((of, attr), ways) in all {
            let before = self.attr(of, attr);
            let mut whole = dictionary.value(before);
            for (path, v) in ways {
                let path: Vec<Value> = path.iter().map(|p| dictionary.value(*p)).collect();
                whole = placed(whole, &path, dictionary.value(v));
            }
            let now = dictionary.intern(whole);
            // an equation is replaced, whatever the value
            if now != before || self.schema.attr(attr).is_some_and(|a| a.mechanism) {
                d.set.insert((of, attr), now);
            }
        }
        Ok(())
    }

    fn nodes_that_come(&self, d: &mut Difference, changes: &[Change]) -> Result<(), Conflict> {
        for wanted in [false, true] {
            for (i, c) in changes.iter().enumerate() {
                let Change::AddNode { kind, id, given, ensure } = c else { continue };
                if *ensure != wanted {
                    continue;
                }
                let root = self.schema.kind(*kind).map_or(*kind, |k| k.root);
                let new = (*kind, sorted(given));
                let there = self.find_node(root, *id);
                if there.is_some_and(|n| d.removed.contains(&Val::node(n))) {
                    return Err(Conflict::At(i, "what another edit removes is added".into()));
                }
                match d.nodes.get(&(root, *id)) {
                    _ if there.is_some() && *ensure => {}
                    _ if there.is_some() => {
                        return Err(Conflict::At(i, "a node of this kind and id is there already".into()));
                    }
                    Some(old) if *old == new || *ensure => {}
                    Some(_) => return Err(Conflict::At(i, "two nodes of this kind and id are added".into())),
                    None => {
                        d.nodes.insert((root, *id), new);
                    }
                }
            }
        }
        Ok(())
    }

    fn edges_that_come(&self, d: &mut Difference, dictionary: &Dictionary, changes: &[Change]) -> Result<(), Conflict> {
        for wanted in [false, true] {
            let mut ensured: BTreeMap<(KindId, End, End), Given> = BTreeMap::new();
            for (i, c) in changes.iter().enumerate() {
                let Change::AddEdge { kind, from, to, given, ensure } = c else { continue };
                if *ensure != wanted {
                    continue;
                }
                let end = |e: (KindId, Val)| self.end(d, dictionary, e).map_err(|text| Conflict::At(i, text));
                let (from, to) = (end(*from)?, end(*to)?);
                let given = sorted(given);
                if *ensure {
                    let stays = |f: u32, t: u32| {
                        self.edges(*kind).is_some_and(|t_| t_.between(f, t).any(|p| !d.removed.contains(&Val::edge(t_.base + p))))
                    };
                    let there = matches!((from, to), (End::There(f), End::There(t)) if stays(f, t));
                    let added = || d.edges.iter().any(|e| (e.kind, e.from, e.to) == (*kind, from, to));
                    if there || (!ensured.contains_key(&(*kind, from, to)) && added()) {
                        continue;
                    }
                    if ensured.insert((*kind, from, to), given.clone()).is_some_and(|old| old != given) {
                        return Err(Conflict::At(i, "the same edge is added with other attributes".into()));
                    }
                }
                d.edges.insert(NewEdge { kind: *kind, from, to, given });
            }
        }
        Ok(())
    }

    fn end(&self, d: &Difference, dictionary: &Dictionary, (kind, id): (KindId, Val)) -> Result<End, String> {
        let root = self.schema.kind(kind).map_or(kind, |k| k.root);
        if d.nodes.get(&(root, id)).is_some_and(|n| self.schema.is_a(n.0, kind)) {
            return Ok(End::New(root, id));
        }
        match self.find_node(kind, id) {
            Some(n) if d.removed.contains(&Val::node(n)) => {
                let gone = self.show_with(dictionary, Element::Node(n));
                Err(format!("it leads to or from {gone}, which another edit removes"))
            }
            Some(n) => Ok(End::There(n)),
            None => Err("an end of this edge is not there".into()),
        }
    }
}

fn sorted(given: &[(AttrId, Val)]) -> Given {
    let mut given = given.to_vec();
    given.sort();
    given
}

/// A Json with a value put in at the end of a way into it; records are made where there are none.
fn placed(old: Value, path: &[Value], leaf: Value) -> Value {
    let Some((step, rest)) = path.split_first() else { return leaf };
    match (step, old) {
        (Value::Int(i), Value::List(items)) => {
            let mut items = items.to_vec();
            if let Some(slot) = usize::try_from(*i).ok().and_then(|i| items.get_mut(i)) {
                let inner = std::mem::replace(slot, Value::None);
                *slot = placed(inner, rest, leaf);
            }
            Value::list(items)
        }
        (Value::Text(name), old) => {
            let mut fields: Vec<(Arc<str>, Value)> = match old {
                Value::Record(f) => f.to_vec(),
                _ => vec![],
            };
            match fields.iter_mut().find(|f| f.0 == *name) {
                Some(f) => {
                    let inner = std::mem::replace(&mut f.1, Value::None);
                    f.1 = placed(inner, rest, leaf);
                }
                None => {
                    fields.push((name.clone(), placed(Value::None, rest, leaf)));
                    fields.sort();
                }
            }
            Value::Record(fields.into())
        }
        (_, old) => old,
    }
}
