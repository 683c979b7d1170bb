//! A structure: a typed property graph with its events, as columns. Built by the door (and by tests' `given`), read by the engine.
//!
//! Elements are numbered in an order that the candidate's own order does not influence: nodes by root kind and id, edges by kind,
//! ends and content, events by time and arrival. So the order of numbers can be shown, and ties never need the input's order.
//! It is long because the builder and the finished columns share tables that nobody else should see.
use super::event::Events;
use super::schema::{AttrId, Schema, Sort};
pub use crate::base::name::quoted;
use crate::scalar::{Dictionary, Element, KindId, Kinds, Type, Val, Value};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::Arc;

/// A finished structure.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// What it conforms to.
    pub schema: Arc<Schema>,
    /// Its interned values; a run adds those that it computes.
    pub dictionary: Dictionary,
    node_kind: Vec<KindId>,
    node_id: Vec<Val>,
    node_origin: Vec<u32>,
    by_id: FxHashMap<(KindId, Val), u32>,
    columns: Vec<Column>,
    edges: Vec<EdgeTable>,
    edge_kind: Vec<KindId>,
    edge_origin: Vec<u32>,
    edge_id: FxHashMap<u32, Val>,
    event_kind: Vec<KindId>,
    event_id: Vec<Val>,
    event_at: Vec<i64>,
    event_origin: Vec<u32>,
    event_by_id: FxHashMap<(KindId, Val), u32>,
    open: FxHashMap<Val, Val>,
    /// Events that come one at a time, in place of those above.
    pub live: Option<Box<Events>>,
}

/// The values of one attribute, for the elements `base..base + values.len()`.
#[derive(Clone, Debug, Default)]
struct Column {
    base: u32,
    values: Vec<Val>,
}

/// The edges of one kind: the numbers `base..base + from.len()`, sorted by source, then target.
#[derive(Clone, Debug, Default)]
pub struct EdgeTable {
    /// The number of the first.
    pub base: u32,
    /// Their sources.
    pub from: Vec<u32>,
    /// Their targets.
    pub to: Vec<u32>,
    out: Offsets,
    back: Offsets,
    /// Positions by target, and their sources.
    back_positions: Vec<u32>,
    back_sources: Vec<u32>,
}

/// Where the edges of each node stand in a list that is sorted by node.
#[derive(Clone, Debug, Default)]
struct Offsets {
    first: u32,
    offsets: Vec<u32>,
}

impl Offsets {
    fn new(keys: &[u32]) -> Offsets {
        let (Some(&first), Some(&last)) = (keys.iter().min(), keys.iter().max()) else { return Offsets::default() };
        let mut offsets = vec![0u32; (last - first) as usize + 2];
        for k in keys {
            if let Some(o) = offsets.get_mut((k - first) as usize + 1) {
                *o += 1;
            }
        }
        let mut sum = 0;
        for o in &mut offsets {
            sum += *o;
            *o = sum;
        }
        Offsets { first, offsets }
    }
    #[inline]
    fn get(&self, key: u32) -> Range<usize> {
        let Some(i) = key.checked_sub(self.first) else { return 0..0 };
        match (self.offsets.get(i as usize), self.offsets.get(i as usize + 1)) {
            (Some(&a), Some(&b)) => a as usize..b as usize,
            _ => 0..0,
        }
    }
}

impl EdgeTable {
    /// How many.
    pub fn len(&self) -> usize {
        self.from.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.from.is_empty()
    }
    /// Indexes what stands in `from` and `to`, which are sorted.
    fn index(&mut self) {
        self.out = Offsets::new(&self.from);
        self.back = Offsets::new(&self.to);
        let mut next = self.back.offsets.clone();
        self.back_positions = vec![0; self.to.len()];
        self.back_sources = vec![0; self.to.len()];
        for (i, (from, to)) in self.from.iter().zip(&self.to).enumerate() {
            let Some(n) = next.get_mut((to - self.back.first) as usize) else { continue };
            let at = *n as usize;
            *n += 1;
            if let (Some(p), Some(s)) = (self.back_positions.get_mut(at), self.back_sources.get_mut(at)) {
                (*p, *s) = (i as u32, *from);
            }
        }
    }
    /// The positions (add `base` for the number) of the edges from a node, ascending by target.
    #[inline]
    pub fn out(&self, node: u32) -> Range<u32> {
        let r = self.out.get(node);
        r.start as u32..r.end as u32
    }
    /// The targets of the edges from a node, ascending.
    #[inline]
    pub fn targets(&self, node: u32) -> &[u32] {
        self.to.get(self.out.get(node)).unwrap_or(&[])
    }
    /// The positions of the edges to a node, ascending by source.
    #[inline]
    pub fn back(&self, node: u32) -> &[u32] {
        self.back_positions.get(self.back.get(node)).unwrap_or(&[])
    }
    /// The sources of the edges to a node, ascending.
    #[inline]
    pub fn sources(&self, node: u32) -> &[u32] {
        self.back_sources.get(self.back.get(node)).unwrap_or(&[])
    }
    /// The positions of the edges between two nodes.
    #[inline]
    pub fn between(&self, from: u32, to: u32) -> Range<u32> {
        let (targets, sources) = (self.targets(from), self.sources(to));
        // whoever asks mostly stays with one source for a while, so its targets are near unless they are many
        let forward = targets.len() <= 64.max(sources.len());
        let (list, wanted) = if forward { (targets, to) } else { (sources, from) };
        let a = if list.len() <= 8 {
            list.iter().take_while(|x| **x < wanted).count()
        } else {
            list.partition_point(|x| *x < wanted)
        };
        let n = list.iter().skip(a).take_while(|x| **x == wanted).count() as u32;
        if n == 0 {
            return 0..0;
        }
        let first = if forward { self.out(from).start + a as u32 } else { self.back(to).get(a).copied().unwrap_or(0) };
        first..first + n
    }
}

impl Graph {
    /// Nodes, edges and events.
    pub fn size(&self) -> (u64, u64, u64) {
        (self.node_kind.len() as u64, self.edge_kind.len() as u64, self.event_kind.len() as u64)
    }
    /// How many nodes.
    pub fn nodes(&self) -> u32 {
        self.node_kind.len() as u32
    }
    /// How many events; of those that come one at a time, the number of the next.
    pub fn events(&self) -> u32 {
        self.live.as_ref().map_or(self.event_kind.len() as u32, |l| l.next())
    }
    /// The events that came one at a time and are kept.
    pub fn live(&self) -> Option<&Events> {
        self.live.as_deref()
    }
    /// The same, to be changed.
    pub fn live_mut(&mut self) -> Option<&mut Events> {
        self.live.as_deref_mut()
    }
    /// From now on events come one at a time; those that are there are forgotten.
    pub fn go_live(&mut self, findable: bool) {
        self.live = Some(Box::new(Events::new(&self.schema, findable)));
    }
    /// Where an event stands in the order of the trace: its time, then its number. None if it is not there (any more).
    #[inline]
    pub fn order(&self, e: u32) -> Option<(i64, u32)> {
        self.event_at(e).map(|at| (at, e))
    }
    /// How many edges.
    pub fn edge_count(&self) -> u32 {
        self.edge_kind.len() as u32
    }
    /// The kind a node was declared with.
    pub fn node_kind(&self, n: u32) -> Option<KindId> {
        self.node_kind.get(n as usize).copied()
    }
    /// A node's id.
    pub fn node_id(&self, n: u32) -> Val {
        self.node_id.get(n as usize).copied().unwrap_or(Val::NONE)
    }
    /// The kind of any element.
    pub fn kind_of(&self, v: Val) -> Option<KindId> {
        if let Some(n) = v.as_node() {
            return self.node_kind(n);
        }
        if let Some(e) = v.as_edge() {
            return self.edge_kind.get(e as usize).copied();
        }
        let e = v.as_event()?;
        match &self.live {
            Some(live) => live.get(e).map(|r| r.kind),
            None => self.event_kind.get(e as usize).copied(),
        }
    }
    /// The node of a kind (or of one below or above it) and id.
    pub fn find_node(&self, kind: KindId, id: Val) -> Option<u32> {
        let n = *self.by_id.get(&(self.schema.kind(kind)?.root, id))?;
        self.schema.is_a(self.node_kind(n)?, kind).then_some(n)
    }
    /// The event of a kind and id.
    pub fn find_event(&self, kind: KindId, id: Val) -> Option<u32> {
        match &self.live {
            Some(live) => live.find(kind, self.dictionary.text(id)?),
            None => self.event_by_id.get(&(kind, id)).copied(),
        }
    }
    /// An attribute of an element; absent if it has none.
    pub fn attr(&self, element: Val, attr: AttrId) -> Val {
        if let (Some(live), Some(e)) = (&self.live, element.as_event()) {
            return live.attr(e, attr);
        }
        let number = element.as_node().or(element.as_edge()).or(element.as_event());
        let (Some(column), Some(n)) = (self.columns.get(attr.0 as usize), number) else { return Val::NONE };
        n.checked_sub(column.base).and_then(|i| column.values.get(i as usize)).copied().unwrap_or(Val::NONE)
    }
    /// Undeclared attributes of an element of an open kind: a record.
    pub fn open_attrs(&self, element: Val) -> Val {
        self.open.get(&element).copied().unwrap_or(Val::NONE)
    }
    /// Whether any element has a value for the attribute.
    pub fn has_column(&self, attr: AttrId) -> bool {
        self.columns.get(attr.0 as usize).is_some_and(|c| !c.values.is_empty())
    }
    /// The edges of a kind.
    pub fn edges(&self, kind: KindId) -> Option<&EdgeTable> {
        self.edges.get(kind.0 as usize)
    }
    /// The edges of all kinds.
    pub fn edge_tables(&self) -> impl Iterator<Item = &EdgeTable> {
        self.edges.iter().filter(|t| !t.is_empty())
    }
    /// The elements that have undeclared attributes, ascending, and those as records.
    pub fn all_open(&self) -> Vec<(Val, Val)> {
        let mut all: Vec<_> = self.open.iter().map(|(v, r)| (*v, *r)).collect();
        all.sort();
        all
    }
    /// The sort of an element's kind.
    pub fn sort_of(&self, v: Val) -> Option<Sort> {
        self.kind_of(v).and_then(|k| self.schema.kind(k)).map(|k| k.sort)
    }
    /// An edge's source and target.
    pub fn ends(&self, e: u32) -> Option<(u32, u32)> {
        let table = self.edges(*self.edge_kind.get(e as usize)?)?;
        let i = e.checked_sub(table.base)? as usize;
        Some((*table.from.get(i)?, *table.to.get(i)?))
    }
    /// An edge's own id, if it has one.
    pub fn edge_id(&self, e: u32) -> Val {
        self.edge_id.get(&e).copied().unwrap_or(Val::NONE)
    }
    /// An event's id; absent if events come one at a time, since few of their ids are ever asked for.
    pub fn event_id(&self, e: u32) -> Val {
        self.event_id.get(e as usize).copied().unwrap_or(Val::NONE)
    }
    /// An event's id, interned if it is not yet.
    pub fn interned_id(&mut self, e: u32) -> Val {
        match &self.live {
            Some(live) => live.get(e).map_or(Val::NONE, |r| self.dictionary.intern_text(&r.id)),
            None => self.event_id(e),
        }
    }
    /// An event's id.
    pub fn event_name(&self, e: u32) -> &str {
        self.name_with(&self.dictionary, e)
    }
    fn name_with<'a>(&'a self, dictionary: &'a Dictionary, e: u32) -> &'a str {
        match &self.live {
            Some(live) => live.get(e).map_or("", |r| &r.id),
            None => self.event_id.get(e as usize).and_then(|v| dictionary.text(*v)).unwrap_or(""),
        }
    }
    /// An event's time, in microseconds.
    #[inline]
    pub fn event_at(&self, e: u32) -> Option<i64> {
        match &self.live {
            Some(live) => live.get(e).map(|r| r.at),
            None => self.event_at.get(e as usize).copied(),
        }
    }
    /// The elements of kinds, ascending.
    pub fn of_kinds(&self, sort: Sort, kinds: &Kinds) -> Vec<Val> {
        if let (Some(live), Sort::Event) = (&self.live, sort) {
            let fits = |e: &u32| live.get(*e).is_some_and(|r| self.schema.within(r.kind, kinds));
            return live.ordered().into_iter().filter(fits).map(Val::event).collect();
        }
        let (list, make): (&[KindId], fn(u32) -> Val) = match sort {
            Sort::Node => (&self.node_kind, Val::node),
            Sort::Edge => (&self.edge_kind, Val::edge),
            Sort::Event => (&self.event_kind, Val::event),
        };
        let mut fits = vec![matches!(kinds, Kinds::Any); self.schema.kinds.len()];
        for k in self.schema.below(sort, kinds) {
            if let Some(f) = fits.get_mut(k.0 as usize) {
                *f = true;
            }
        }
        let fits = |k: &KindId| fits.get(k.0 as usize).copied().unwrap_or(false);
        list.iter().enumerate().filter(|(_, k)| fits(k)).map(|(i, _)| make(i as u32)).collect()
    }
    /// How many elements there are of a kind or one below it.
    pub fn count(&self, kind: KindId) -> usize {
        match self.schema.kind(kind).map(|k| k.sort) {
            Some(Sort::Edge) => self.edges(kind).map_or(0, EdgeTable::len),
            Some(sort) => self.of_kinds(sort, &Kinds::Of(Arc::new([kind]))).len(),
            None => 0,
        }
    }
    /// Which edge of its kind and ends an edge is, from 0.
    pub fn rank(&self, e: u32) -> u32 {
        let Some(table) = self.edge_kind.get(e as usize).and_then(|k| self.edges(*k)) else { return 0 };
        let i = e.saturating_sub(table.base);
        match (table.from.get(i as usize), table.to.get(i as usize)) {
            (Some(&f), Some(&t)) => i.saturating_sub(table.between(f, t).start),
            _ => 0,
        }
    }
    /// Where an element stood in its candidate, as the door counted.
    pub fn origin(&self, element: Element) -> Option<u32> {
        match element {
            Element::Node(n) => self.node_origin.get(n as usize).copied(),
            Element::Edge(n) => self.edge_origin.get(n as usize).copied(),
            Element::Event(n) => self.event_origin.get(n as usize).copied(),
        }
    }
    /// An element as it stands in bindings: `Kind("id")`, `kind("from", "to")`, `kind("from", "to", rank)`.
    pub fn show(&self, element: Element) -> String {
        self.show_with(&self.dictionary, element)
    }
    /// The same, where the dictionary is elsewhere for now.
    pub fn show_with(&self, dictionary: &Dictionary, element: Element) -> String {
        let text = |v: Val| format!("{:?}", dictionary.text(v).unwrap_or(""));
        let name = |k: Option<&KindId>| quoted(k.map_or("?", |k| self.schema.name(*k)));
        match element {
            Element::Node(n) => format!("{}({})", name(self.node_kind.get(n as usize)), text(self.node_id(n))),
            Element::Event(n) => {
                format!("{}({:?})", name(self.kind_of(Val::event(n)).as_ref()), self.name_with(dictionary, n))
            }
            Element::Edge(n) => {
                let kind = name(self.edge_kind.get(n as usize));
                let Some((from, to)) = self.ends(n) else { return kind };
                let (from, to) = (text(self.node_id(from)), text(self.node_id(to)));
                match self.rank(n) {
                    0 => format!("{kind}({from}, {to})"),
                    r => format!("{kind}({from}, {to}, {r})"),
                }
            }
        }
    }
}

/// What is wrong with a structure as a whole. Numbers are those that the builder gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Two nodes of one root kind with one id: the first and the second.
    DuplicateNode(u32, u32),
    /// Two edges with one id.
    DuplicateEdge(u32, u32),
    /// Two events of one kind with one id.
    DuplicateEvent(u32, u32),
    /// A node with too few or too many edges of a kind: the node, the kind, how many.
    Cardinality(u32, KindId, u32),
    /// More elements or values than can be numbered.
    TooLarge,
}

/// The result of looking up an edge's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No node has that id.
    Nothing,
    /// This one, by the builder's number.
    One(u32),
    /// A node has it, but of a kind that does not fit.
    WrongKind(u32),
    /// Two fit.
    Ambiguous(u32, u32),
}

/// No node has the id.
const NO_NODE: u32 = u32::MAX;
/// More than one node has it.
const SEVERAL: u32 = u32::MAX - 1;

#[derive(Default)]
struct Table {
    rows: Vec<Val>,
    width: usize,
    attrs: Vec<AttrId>,
}

/// Collects elements, then numbers them. Rows hold the values of `schema.attrs_of(kind)`, in that order.
pub struct GraphBuilder {
    schema: Arc<Schema>,
    /// For interning the values of rows.
    pub dictionary: Dictionary,
    tables: Vec<Table>,
    roots: Vec<KindId>,
    nodes: Vec<(KindId, u32, Val, u32)>,
    by_id: FxHashMap<(KindId, Val), u32>,
    /// By the position of an id in the dictionary: the one node of that id, whatever its kind; or that there is none, or several.
    alone: Vec<u32>,
    edges: Vec<(KindId, u32, u32, u32, u32)>,
    edge_id: FxHashMap<u32, Val>,
    edge_by_id: FxHashMap<(KindId, Val), u32>,
    events: Vec<(KindId, u32, Val, i64, u32)>,
    event_by_id: FxHashMap<(KindId, Val), u32>,
    open: Vec<(Val, Val)>,
    findings: Vec<Finding>,
}

impl GraphBuilder {
    /// An empty one.
    pub fn new(schema: Arc<Schema>) -> Self {
        let kinds = (0..schema.kinds.len() as u32).map(KindId);
        let tables = kinds
            .map(|k| {
                let attrs = schema.attrs_of(k);
                Table { rows: vec![], width: attrs.len(), attrs }
            })
            .collect();
        let roots = schema.kinds.iter().map(|k| k.root).collect();
        GraphBuilder {
            schema,
            dictionary: Dictionary::new(),
            tables,
            roots,
            nodes: vec![],
            by_id: FxHashMap::default(),
            alone: vec![],
            edges: vec![],
            edge_id: FxHashMap::default(),
            edge_by_id: FxHashMap::default(),
            events: vec![],
            event_by_id: FxHashMap::default(),
            open: vec![],
            findings: vec![],
        }
    }
    /// The schema it builds for.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
    fn push_row(&mut self, kind: KindId, row: &[Val]) -> u32 {
        let Some(t) = self.tables.get_mut(kind.0 as usize) else { return 0 };
        let at = t.rows.len().checked_div(t.width).unwrap_or(0) as u32;
        t.rows.extend(row.iter().copied().chain(std::iter::repeat(Val::NONE)).take(t.width));
        at
    }
    fn root(&self, kind: KindId) -> KindId {
        self.roots.get(kind.0 as usize).copied().unwrap_or(kind)
    }
    /// Adds a node and gives its (preliminary) number. A duplicate id becomes a finding.
    pub fn node(&mut self, kind: KindId, id: Val, origin: u32, row: &[Val]) -> u32 {
        let n = self.nodes.len() as u32;
        let at = self.push_row(kind, row);
        self.nodes.push((kind, at, id, origin));
        if let Some(p) = id.position() {
            if self.alone.len() <= p {
                self.alone.resize(p + 1, NO_NODE);
            }
            if let Some(slot) = self.alone.get_mut(p) {
                *slot = if *slot == NO_NODE { n } else { SEVERAL };
            }
        }
        let root = self.root(kind);
        match self.by_id.entry((root, id)) {
            std::collections::hash_map::Entry::Occupied(e) => self.findings.push(Finding::DuplicateNode(*e.get(), n)),
            std::collections::hash_map::Entry::Vacant(e) => {
                e.insert(n);
            }
        }
        n
    }
    /// The node of a kind's root and id, by its preliminary number, whether or not it is of the kind itself.
    pub fn find(&self, kind: KindId, id: Val) -> Option<u32> {
        self.by_id.get(&(self.root(kind), id)).copied()
    }
    /// The kind of a node by its preliminary number.
    pub fn node_kind(&self, n: u32) -> Option<KindId> {
        self.nodes.get(n as usize).map(|x| x.0)
    }
    /// Where a node stood.
    pub fn node_origin(&self, n: u32) -> Option<u32> {
        self.nodes.get(n as usize).map(|x| x.3)
    }
    /// Where an edge stood.
    pub fn edge_origin(&self, n: u32) -> Option<u32> {
        self.edges.get(n as usize).map(|x| x.4)
    }
    /// Where an event stood.
    pub fn event_origin(&self, n: u32) -> Option<u32> {
        self.events.get(n as usize).map(|x| x.4)
    }
    /// Looks an id up among the nodes of kinds (an edge's end, an attribute whose type is a kind).
    pub fn lookup(&self, kinds: &Kinds, id: Val) -> Found {
        // nearly all ids belong to one node
        match id.position().map(|p| self.alone.get(p).copied().unwrap_or(NO_NODE)) {
            Some(SEVERAL) | None => {}
            Some(NO_NODE) => return Found::Nothing,
            Some(n) => {
                let fits = self.node_kind(n).is_some_and(|k| self.schema.within(k, kinds));
                return if fits { Found::One(n) } else { Found::WrongKind(n) };
            }
        }
        let mut roots: Vec<KindId> = match kinds {
            Kinds::Of(list) => list.iter().map(|k| self.root(*k)).collect(),
            Kinds::Any => self.schema.of_sort(Sort::Node).map(|k| self.root(k)).collect(),
        };
        roots.sort();
        roots.dedup();
        let mut fit = None;
        for root in roots {
            let Some(&n) = self.by_id.get(&(root, id)) else { continue };
            if !self.node_kind(n).is_some_and(|k| self.schema.within(k, kinds)) {
                continue;
            }
            match fit {
                None => fit = Some(n),
                Some(first) => return Found::Ambiguous(first, n),
            }
        }
        match fit {
            Some(n) => Found::One(n),
            None => {
                let any = self.schema.of_sort(Sort::Node).find_map(|k| self.by_id.get(&(self.root(k), id)));
                any.map_or(Found::Nothing, |n| Found::WrongKind(*n))
            }
        }
    }
    /// Whether there is an edge of that kind between two nodes (linear: for `ensure`, keep your own set when there are many).
    pub fn has_edge(&self, kind: KindId, from: u32, to: u32) -> bool {
        self.edges.iter().any(|e| e.0 == kind && e.1 == from && e.2 == to)
    }
    /// Adds an edge between two nodes (preliminary numbers).
    pub fn edge(&mut self, kind: KindId, from: u32, to: u32, id: Option<Val>, origin: u32, row: &[Val]) -> u32 {
        let n = self.edges.len() as u32;
        let at = self.push_row(kind, row);
        self.edges.push((kind, from, to, at, origin));
        if let Some(id) = id {
            if let Some(first) = self.edge_by_id.insert((kind, id), n) {
                self.findings.push(Finding::DuplicateEdge(first, n));
            }
            self.edge_id.insert(n, id);
        }
        n
    }
    /// Adds an event.
    pub fn event(&mut self, kind: KindId, id: Val, at: i64, origin: u32, row: &[Val]) -> u32 {
        let n = self.events.len() as u32;
        let position = self.push_row(kind, row);
        self.events.push((kind, position, id, at, origin));
        if let Some(first) = self.event_by_id.insert((kind, id), n) {
            self.findings.push(Finding::DuplicateEvent(first, n));
        }
        n
    }
    /// The event of a kind and id, by its preliminary number.
    pub fn find_event(&self, kind: KindId, id: Val) -> Option<u32> {
        self.event_by_id.get(&(kind, id)).copied()
    }
    /// The edge of a kind and id, by its preliminary number.
    pub fn find_edge(&self, kind: KindId, id: Val) -> Option<u32> {
        self.edge_by_id.get(&(kind, id)).copied()
    }
    /// The row of an event, by its preliminary number.
    pub fn event_row(&self, n: u32) -> Option<&[Val]> {
        let (kind, at, ..) = *self.events.get(n as usize)?;
        let t = self.tables.get(kind.0 as usize)?;
        t.rows.get(at as usize * t.width..(at as usize + 1) * t.width)
    }
    /// Puts elements (by preliminary number) in place of what stands in the rows for attributes whose type is a kind, or a list of
    /// it. `find` is given the element that has the attribute, the attribute, and what stands there.
    pub fn refer(&mut self, mut find: impl FnMut(&GraphBuilder, Element, AttrId, Val) -> Val) {
        let columns: Vec<Vec<(usize, AttrId)>> = self
            .tables
            .iter()
            .map(|t| {
                let attrs = t.attrs.iter().copied().enumerate();
                attrs.filter(|(_, a)| self.schema.attr(*a).is_some_and(|a| refers(&a.ty))).collect()
            })
            .collect();
        if columns.iter().all(Vec::is_empty) {
            return;
        }
        let nodes = self.nodes.iter().enumerate().map(|(n, x)| (Element::Node(n as u32), x.0, x.1));
        let edges = self.edges.iter().enumerate().map(|(n, x)| (Element::Edge(n as u32), x.0, x.3));
        let events = self.events.iter().enumerate().map(|(n, x)| (Element::Event(n as u32), x.0, x.1));
        let all: Vec<_> = nodes.chain(edges).chain(events).collect();
        for (element, kind, at) in all {
            for (column, attr) in columns.get(kind.0 as usize).map_or(&[][..], Vec::as_slice) {
                let cell = |t: &Table| at as usize * t.width + column;
                let Some(v) = self.tables.get(kind.0 as usize).and_then(|t| t.rows.get(cell(t))).copied() else { continue };
                let new = match self.dictionary.get(v) {
                    _ if v == Val::NONE => continue,
                    Some(Value::List(items)) => {
                        let items = items.clone();
                        let mut found = Vec::with_capacity(items.len());
                        for item in items.iter() {
                            let item = self.dictionary.intern(item.clone());
                            let v = find(self, element, *attr, item);
                            found.push(self.dictionary.value(v));
                        }
                        self.dictionary.intern(Value::list(found))
                    }
                    _ => find(self, element, *attr, v),
                };
                if let Some(t) = self.tables.get_mut(kind.0 as usize) {
                    let cell = cell(t);
                    if let Some(slot) = t.rows.get_mut(cell) {
                        *slot = new;
                    }
                }
            }
        }
    }
    /// Gives an element of an open kind its undeclared attributes, as a record. Elements by preliminary number.
    pub fn open(&mut self, element: Element, record: Val) {
        let v = match element {
            Element::Node(n) => Val::node(n),
            Element::Edge(n) => Val::edge(n),
            Element::Event(n) => Val::event(n),
        };
        self.open.push((v, record));
    }
    /// Numbers everything. With findings the structure does not conform.
    pub fn finish(self) -> (Graph, Vec<Finding>) {
        let (graph, findings, _) = self.finish_numbered();
        (graph, findings)
    }
    /// The same, and which numbers the preliminary ones became.
    pub fn finish_numbered(mut self) -> (Graph, Vec<Finding>, Numbers) {
        let mut findings = std::mem::take(&mut self.findings);
        if self.nodes.len().max(self.edges.len()).max(self.events.len()).max(self.dictionary.len()) >= Val::LIMIT {
            return (Graph::default(), vec![Finding::TooLarge], Numbers::default());
        }
        let schema = self.schema.clone();
        // nodes: by root kind, then id
        let node = |i: &u32| self.nodes.get(*i as usize).copied().unwrap_or((KindId(0), 0, Val::NONE, 0));
        let text = |i: &u32| self.dictionary.text(node(i).2).unwrap_or("");
        let keyed = self.nodes.iter().enumerate().map(|(i, x)| (self.root(x.0), prefix(text(&(i as u32))), i as u32));
        let mut keyed: Vec<(KindId, u128, u32)> = keyed.collect();
        // the beginnings decide nearly always, and stand side by side in memory
        keyed.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| text(&a.2).cmp(text(&b.2))));
        let order: Vec<u32> = keyed.iter().map(|k| k.2).collect();
        drop(keyed);
        let mut renumber = vec![0u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(r) = renumber.get_mut(*old as usize) {
                *r = new as u32;
            }
        }
        let new = |n: u32| renumber.get(n as usize).copied().unwrap_or(0);
        let sorted: Vec<_> = order.iter().map(node).collect();
        // edges: by kind, source, target, then content, so that parallel edges have ranks that do not depend on the input's order
        let edge = |i: &u32| self.edges.get(*i as usize).copied().unwrap_or((KindId(0), 0, 0, 0, 0));
        let row = |kind: KindId, at: u32| {
            self.tables
                .get(kind.0 as usize)
                .and_then(|t| t.rows.get(at as usize * t.width..(at as usize + 1) * t.width))
                .unwrap_or(&[])
        };
        let content = |a: &u32, b: &u32| {
            let (x, y) = (edge(a), edge(b));
            let id = |i: &u32| self.edge_id.get(i).and_then(|v| self.dictionary.text(*v));
            id(a).cmp(&id(b)).then_with(|| {
                let pairs = row(x.0, x.3).iter().zip(row(y.0, y.3));
                pairs.map(|(p, q)| self.dictionary.compare(*p, *q)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
            })
        };
        let keyed = self.edges.iter().enumerate().map(|(i, e)| (e.0, new(e.1), new(e.2), i as u32));
        let mut keyed: Vec<(KindId, u32, u32, u32)> = keyed.collect();
        keyed.sort_unstable();
        // only parallel edges are compared by what they hold
        for run in keyed.chunk_by_mut(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)).filter(|run| run.len() > 1) {
            run.sort_by(|a, b| content(&a.3, &b.3));
        }
        let edge_order: Vec<u32> = keyed.iter().map(|k| k.3).collect();
        drop(keyed);
        let sorted_edges: Vec<_> = edge_order.iter().map(edge).collect();
        // events: by time, then arrival
        let mut event_order: Vec<u32> = (0..self.events.len() as u32).collect();
        let event = |i: &u32| self.events.get(*i as usize).copied().unwrap_or((KindId(0), 0, Val::NONE, 0, 0));
        event_order.sort_by_key(|i| (event(i).3, *i));
        let sorted_events: Vec<_> = event_order.iter().map(event).collect();
        let event_new = inverse(&event_order);
        let edge_new = inverse(&edge_order);
        let at = |list: &[u32], n: u32| list.get(n as usize).copied().unwrap_or(0);
        let renumber_element = |e: Element| match e {
            Element::Node(n) => Element::Node(new(n)),
            Element::Edge(n) => Element::Edge(at(&edge_new, n)),
            Element::Event(n) => Element::Event(at(&event_new, n)),
        };

        let mut columns: Vec<Column> = schema.attrs.iter().map(|_| Column::default()).collect();
        let mut bounds: Vec<Option<(u32, u32)>> = vec![None; schema.kinds.len()];
        let mut extend = |kind: KindId, n: usize| {
            if let Some(b) = bounds.get_mut(kind.0 as usize) {
                let (lo, hi) = b.unwrap_or((n as u32, n as u32));
                *b = Some((lo.min(n as u32), hi.max(n as u32)));
            }
        };
        for (n, x) in sorted.iter().enumerate() {
            schema.ancestors(x.0).for_each(|k| extend(k, n));
        }
        sorted_edges.iter().enumerate().for_each(|(n, x)| extend(x.0, n));
        sorted_events.iter().enumerate().for_each(|(n, x)| schema.ancestors(x.0).for_each(|k| extend(k, n)));
        for (c, a) in columns.iter_mut().zip(&schema.attrs) {
            if let Some(Some((lo, hi))) = bounds.get(a.kind.0 as usize) {
                *c = Column { base: *lo, values: vec![Val::NONE; (hi - lo) as usize + 1] };
            }
        }
        let refers: Vec<bool> = schema.attrs.iter().map(|a| refers(&a.ty)).collect();
        let rows = sorted.iter().map(|x| (x.0, x.1)).enumerate();
        let rows = rows.chain(sorted_edges.iter().map(|x| (x.0, x.3)).enumerate());
        let rows = rows.chain(sorted_events.iter().map(|x| (x.0, x.1)).enumerate());
        let mut dictionary = std::mem::take(&mut self.dictionary);
        for (n, (kind, at)) in rows {
            let Some(t) = self.tables.get(kind.0 as usize) else { continue };
            let Some(row) = t.rows.get(at as usize * t.width..(at as usize + 1) * t.width) else { continue };
            for (a, v) in t.attrs.iter().zip(row) {
                let v =
                    if refers.get(a.0 as usize) == Some(&true) { renumbered(&mut dictionary, *v, &renumber_element) } else { *v };
                let column = columns.get_mut(a.0 as usize);
                if let Some(slot) = column.and_then(|c| c.values.get_mut((n as u32 - c.base) as usize)) {
                    *slot = v;
                }
            }
        }

        let mut edges: Vec<EdgeTable> = schema.kinds.iter().map(|_| EdgeTable::default()).collect();
        for (n, x) in sorted_edges.iter().enumerate() {
            let Some(t) = edges.get_mut(x.0.0 as usize) else { continue };
            if t.from.is_empty() {
                t.base = n as u32;
            }
            t.from.push(new(x.1));
            t.to.push(new(x.2));
        }
        for t in &mut edges {
            t.index();
        }
        for (k, kind) in schema.kinds.iter().enumerate() {
            let (Some((low, high)), Some((from, _)), Some(t)) = (kind.cardinality, &kind.ends, edges.get(k)) else { continue };
            for (n, x) in sorted.iter().enumerate() {
                let count = t.out(n as u32).len() as u32;
                if schema.within(x.0, from) && (count < low || high.is_some_and(|h| count > h)) {
                    findings.push(Finding::Cardinality(order.get(n).copied().unwrap_or(0), KindId(k as u32), count));
                }
            }
        }
        let open = self.open.iter().map(|(v, r)| {
            let v = match (v.as_node(), v.as_edge(), v.as_event()) {
                (Some(n), _, _) => Val::node(new(n)),
                (_, Some(n), _) => Val::edge(at(&edge_new, n)),
                (_, _, Some(n)) => Val::event(at(&event_new, n)),
                _ => *v,
            };
            (v, *r)
        });
        let open = open.collect();
        let edge_id = edge_order.iter().enumerate();
        let edge_id = edge_id.filter_map(|(n, old)| self.edge_id.get(old).map(|id| (n as u32, *id))).collect();
        let graph = Graph {
            dictionary,
            node_kind: sorted.iter().map(|x| x.0).collect(),
            node_id: sorted.iter().map(|x| x.2).collect(),
            node_origin: sorted.iter().map(|x| x.3).collect(),
            by_id: self.by_id.iter().map(|(k, n)| (*k, new(*n))).collect(),
            columns,
            edges,
            edge_kind: sorted_edges.iter().map(|x| x.0).collect(),
            edge_origin: sorted_edges.iter().map(|x| x.4).collect(),
            edge_id,
            event_kind: sorted_events.iter().map(|x| x.0).collect(),
            event_id: sorted_events.iter().map(|x| x.2).collect(),
            event_at: sorted_events.iter().map(|x| x.3).collect(),
            event_origin: sorted_events.iter().map(|x| x.4).collect(),
            live: None,
            event_by_id: self.event_by_id.iter().map(|(k, n)| (*k, event_new.get(*n as usize).copied().unwrap_or(0))).collect(),
            open,
            schema,
        };
        (graph, findings, Numbers { changed: true, nodes: renumber, edges: edge_new, events: event_new })
    }
}

/// Which numbers elements have after they were numbered anew.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    changed: bool,
    nodes: Vec<u32>,
    edges: Vec<u32>,
    events: Vec<u32>,
}

impl Numbers {
    /// The element that has a number now, with the number it had before; none, if it came.
    pub fn back(&self, v: Val) -> Option<Val> {
        if !self.changed {
            return Some(v);
        }
        let old = |list: &[u32], n: u32| list.iter().position(|x| *x == n).map(|i| i as u32);
        match v.as_element() {
            None => Some(v),
            Some(Element::Node(n)) => old(&self.nodes, n).map(Val::node),
            Some(Element::Edge(n)) => old(&self.edges, n).map(Val::edge),
            Some(Element::Event(n)) => old(&self.events, n).map(Val::event),
        }
    }
    /// A value with the new numbers in place of the old ones.
    pub fn of(&self, dictionary: &mut Dictionary, v: Val) -> Val {
        if !self.changed {
            return v;
        }
        let at = |list: &[u32], n: u32| list.get(n as usize).copied().unwrap_or(n);
        let new = |e: Element| match e {
            Element::Node(n) => Element::Node(at(&self.nodes, n)),
            Element::Edge(n) => Element::Edge(at(&self.edges, n)),
            Element::Event(n) => Element::Event(at(&self.events, n)),
        };
        match dictionary.get(v) {
            None if v.as_element().is_none() => v,
            Some(Value::List(items)) if !items.iter().any(|i| matches!(i, Value::Element(_))) => v,
            None | Some(Value::List(_)) => renumbered(dictionary, v, &new),
            Some(_) => v,
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

/// The first bytes of a text as a number: where two differ, they are ordered as the texts are.
fn prefix(text: &str) -> u128 {
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(bytes)
}

/// Where each position of an order went.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut new = vec![0u32; order.len()];
    for (n, old) in order.iter().enumerate() {
        if let Some(slot) = new.get_mut(*old as usize) {
            *slot = n as u32;
        }
    }
    new
}

/// A value of a type that refers to elements, with the final numbers.
fn renumbered(dictionary: &mut Dictionary, v: Val, new: &dyn Fn(Element) -> Element) -> Val {
    let renumber = |x: &Value| match x {
        Value::Element(e) => Value::Element(new(*e)),
        other => other.clone(),
    };
    let value = match dictionary.value(v) {
        Value::List(items) => Value::list(items.iter().map(renumber).collect()),
        other => renumber(&other),
    };
    dictionary.intern(value)
}
