//! Elements become a structure: ends and references are looked up when everything is there, and what does not fit together is reported.
//! Fed by native and reader (and through it by a test's `given`), read by candidate's `read`.
use super::document::Document;
use super::error::*;
use super::locate::NOWHERE;
use super::scan::{Range, skip};
use super::shape::{Shapes, article};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Severity};
use crate::scalar::instant::format_duration;
use crate::scalar::{Element, KindId, Kinds, Type, Val, Value};
use crate::structure::graph::{Finding, Found};
use crate::structure::{AttrId, Graph, GraphBuilder, Schema, Sort};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// No edit of a program made it.
pub const NO_EDIT: u32 = u32::MAX;

/// Where an element comes from: an offset of the document, and the edit that added it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// An offset of the document, or [`NOWHERE`].
    pub origin: u32,
    /// A number of [`Assembly::edits`], or [`NO_EDIT`].
    pub edit: u32,
}

/// An end of an edge before it is looked up.
#[derive(Clone, Copy, Debug)]
pub struct EndRef {
    /// The kind that was named with it, if one was.
    pub kind: Option<KindId>,
    /// The id.
    pub id: Val,
    /// Where the id stands in the document, if that is known; else it is found by reading.
    pub at: u32,
}

struct Added {
    kind: KindId,
    id: Val,
    source: Source,
}

struct Pending {
    kind: KindId,
    from: EndRef,
    to: EndRef,
    id: Val,
    source: Source,
    row: u32,
    open: Val,
}

/// Collects elements.
pub struct Assembly {
    /// The kinds.
    pub shapes: Arc<Shapes>,
    /// What is built; its dictionary interns.
    pub builder: GraphBuilder,
    /// The edits that add something, as places in the program.
    pub edits: Vec<Place>,
    /// What a reader looks up by `Kind(id)` in a value; a row holds the number of the entry as a node or event.
    pub refs: Vec<(KindId, Val)>,
    /// Ids of nodes that could not be read, so that what refers to them is not reported too.
    pub broken: FxHashSet<Val>,
    defaults: Vec<Vec<Val>>,
    nodes: Vec<Added>,
    edges: Vec<Pending>,
    rows: Vec<Val>,
    events: Vec<Added>,
    twice: Vec<(Sort, u32, Added)>,
    dropped: FxHashSet<(KindId, Val)>,
    repeated: u64,
    first_repeated: Option<Source>,
    /// See `door::Options`.
    pub lateness: Option<i64>,
    newest: i64,
    late: usize,
    first_late: Option<Source>,
    /// What is added now has no place in the document.
    pub placeless: bool,
    /// Where events go that are to be passed on as they come, and not gathered.
    pub passing: Option<Passing>,
}

/// Events on their way, in the order of the document.
#[derive(Default)]
pub struct Passing {
    /// Kind, id, time, where it stands.
    pub events: Vec<(KindId, Val, i64, u32)>,
    /// Their rows, one behind the other.
    pub rows: Vec<Val>,
    /// Whether one has attributes that are not declared.
    pub open: bool,
}

impl Assembly {
    /// Nothing yet.
    pub fn new(schema: &Arc<Schema>) -> Self {
        let shapes = Arc::new(Shapes::new(schema));
        let mut builder = GraphBuilder::new(schema.clone());
        let mut default = |v: &Option<Value>| v.as_ref().map_or(Val::NONE, |v| builder.dictionary.intern(v.clone()));
        let defaults = shapes.list.iter().map(|s| s.slots.iter().map(|s| default(&s.default)).collect()).collect();
        Assembly {
            shapes,
            builder,
            edits: vec![],
            refs: vec![],
            broken: FxHashSet::default(),
            defaults,
            nodes: vec![],
            edges: vec![],
            rows: vec![],
            events: vec![],
            twice: vec![],
            dropped: FxHashSet::default(),
            repeated: 0,
            first_repeated: None,
            lateness: None,
            newest: i64::MIN,
            late: 0,
            first_late: None,
            placeless: false,
            passing: None,
        }
    }
    /// Sets a row to the defaults of a kind.
    pub fn defaults(&self, kind: KindId, row: &mut Vec<Val>) {
        row.clear();
        row.extend_from_slice(self.defaults.get(kind.0 as usize).map_or(&[], Vec::as_slice));
    }
    fn placed(&self, source: Source) -> Source {
        if self.placeless { Source { origin: NOWHERE, ..source } } else { source }
    }
    /// Adds a node. A second one of that root and id is reported.
    pub fn node(&mut self, kind: KindId, id: Val, source: Source, row: &[Val], open: Val) {
        let source = self.placed(source);
        let added = Added { kind, id, source };
        if let Some(first) = self.builder.find(kind, id) {
            return self.twice.push((Sort::Node, first, added));
        }
        let n = self.builder.node(kind, id, source.origin, row);
        if open != Val::NONE {
            self.builder.open(Element::Node(n), open);
        }
        self.nodes.push(added);
    }
    /// Adds an edge, whose ends are looked up in the end.
    pub fn edge(&mut self, kind: KindId, mut ends: (EndRef, EndRef), id: Val, source: Source, row: &[Val], open: Val) {
        let source = self.placed(source);
        if self.placeless {
            (ends.0.at, ends.1.at) = (NOWHERE, NOWHERE);
        }
        let at = self.rows.len() as u32;
        self.rows.extend_from_slice(row);
        self.edges.push(Pending { kind, from: ends.0, to: ends.1, id, source, row: at, open });
    }
    /// Adds an event. The same one again is dropped with a warning; another one with its id is reported.
    pub fn event(&mut self, kind: KindId, id: Val, at: i64, source: Source, row: &[Val], open: Val) {
        if let Some(p) = &mut self.passing {
            p.events.push((kind, id, at, source.origin));
            p.rows.extend_from_slice(row);
            p.open |= open != Val::NONE;
            return;
        }
        let source = self.placed(source);
        if self.lateness.is_some_and(|l| at < self.newest.saturating_sub(l)) {
            self.late += 1;
            self.first_late.get_or_insert(source);
            return;
        }
        let added = Added { kind, id, source };
        if let Some(first) = self.builder.find_event(kind, id) {
            if self.builder.event_row(first) == Some(row) && open == Val::NONE {
                self.repeated += 1;
                self.first_repeated.get_or_insert(source);
                return;
            }
            return self.twice.push((Sort::Event, first, added));
        }
        // what is dropped moves no time
        self.newest = self.newest.max(at);
        let n = self.builder.event(kind, id, at, source.origin, row);
        if open != Val::NONE {
            self.builder.open(Element::Event(n), open);
        }
        self.events.push(added);
    }
    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.passing.as_ref().is_none_or(|p| p.events.is_empty())
            && self.nodes.is_empty()
            && self.edges.is_empty()
            && self.events.is_empty()
    }
    /// Looks everything up and numbers it. Cardinality is checked on candidates, not on a test's `given`.
    pub fn finish(mut self, document: Option<&Document>, cardinality: bool, findings: &mut Findings) -> Option<Graph> {
        self.repeats(document, findings);
        self.ends(document, findings);
        self.references(document, findings);
        let Assembly { builder, nodes, edges, edits, shapes, dropped, .. } = self;
        let ground = Ground { document, edits: &edits };
        let names = |k: KindId| shapes.get(k).map_or("?".to_string(), |s| s.name.to_string());
        let schema = builder.schema().clone();
        let (graph, found) = builder.finish();
        for f in found {
            match f {
                Finding::Cardinality(n, kind, count) if cardinality => {
                    let Some(node) = nodes.get(n as usize).filter(|n| !dropped.contains(&(kind, n.id))) else { continue };
                    let id = graph.dictionary.text(node.id).unwrap_or("");
                    findings.error(|| cardinality_finding(&schema, &ground, node, id, kind, count));
                }
                Finding::DuplicateEdge(first, second) => {
                    let (Some(first), Some(second)) = (edges.get(first as usize), edges.get(second as usize)) else { continue };
                    let id = graph.dictionary.text(second.id).unwrap_or("");
                    findings.error(|| {
                        let d = Diagnostic::error(DUPLICATE_ID, format!("two `{}` edges have the id `{id}`", names(second.kind)));
                        ground.two(d, first.source, second.source, "id")
                    });
                }
                Finding::TooLarge => findings.error(|| {
                    Diagnostic::error(TOO_LARGE, "the candidate has more elements or values than can be numbered")
                        .note(format!("at most {} of each", Val::LIMIT))
                }),
                _ => {}
            }
        }
        (!findings.failed()).then_some(graph)
    }
    /// Says what came too late and what came again.
    pub fn disorder(
        &mut self,
        late: (usize, Option<Source>),
        repeated: (u64, Option<Source>),
        document: &Document,
        findings: &mut Findings,
    ) {
        (self.late, self.first_late) = late;
        (self.repeated, self.first_repeated) = repeated;
        self.repeats(Some(document), findings);
    }
    fn repeats(&mut self, document: Option<&Document>, findings: &mut Findings) {
        let ground = Ground { document, edits: &self.edits };
        for (sort, first, second) in &self.twice {
            let list = if *sort == Sort::Node { &self.nodes } else { &self.events };
            let Some(first) = list.get(*first as usize) else { continue };
            findings.error(|| {
                let id = self.builder.dictionary.text(second.id).unwrap_or("");
                let name = |k: KindId| self.shapes.get(k).map_or("?", |s| &*s.name);
                let (a, b) = (name(first.kind), name(second.kind));
                let d = match sort {
                    Sort::Event => Diagnostic::error(
                        TAMPERED_EVENT,
                        format!("two `{b}` events have the id `{id}`, and their content differs"),
                    )
                    .help("one of them was changed, or they need ids of their own"),
                    _ if a == b => Diagnostic::error(DUPLICATE_ID, format!("two `{b}` nodes have the id `{id}`")),
                    _ => {
                        let root = name(self.builder.schema().kind(first.kind).map_or(first.kind, |k| k.root));
                        Diagnostic::error(
                            DUPLICATE_ID,
                            format!("{} `{a}` and {} `{b}` have the id `{id}`", article(a), article(b)),
                        )
                        .note(format!("both are kinds of `{root}`, and a node is known by its topmost kind and its id"))
                    }
                };
                let d = if second.source.edit != NO_EDIT && *sort == Sort::Node {
                    d.help("each `add` counts; `ensure` adds a node unless it is there")
                } else {
                    d
                };
                ground.two(d, first.source, second.source, "id")
            });
        }
        if let Some(source) = self.first_late {
            let title = match self.late {
                1 => "an event comes too late; it is neither decided nor part of the history".to_string(),
                n => format!("{n} events come too late; they are neither decided nor part of the history"),
            };
            let late = self.lateness.unwrap_or(0);
            findings.add(Severity::Warning, || {
                let d = Diagnostic::warning(LATE_EVENT, title);
                let label = "a newer event stands before it";
                let d = ground.at(d, source, "at", NOWHERE, label);
                d.help(format!("events may be {} late: say `--lateness 30s` if they come out of order", format_duration(late)))
            });
        }
        if let Some(source) = self.first_repeated {
            let n = self.repeated;
            let title = match n {
                1 => "an event is there twice; one is dropped".to_string(),
                n => format!("{n} events are there again; they are dropped"),
            };
            findings.add(Severity::Warning, || {
                ground.at(Diagnostic::warning(DUPLICATE_EVENT, title), source, "id", NOWHERE, "the same id and content as before")
            });
        }
    }
    fn ends(&mut self, document: Option<&Document>, findings: &mut Findings) {
        let shapes = self.shapes.clone();
        let ground = Ground { document, edits: &self.edits };
        let mut kept = Vec::with_capacity(self.edges.len());
        for e in std::mem::take(&mut self.edges) {
            let Some(shape) = shapes.get(e.kind) else { continue };
            let mut number = |end: &EndRef, kinds: &Kinds, field: &str| {
                let kinds_named = end.kind.and_then(|k| shapes.get(k)).map_or(kinds, |s| &s.alone);
                let found = match self.builder.lookup(kinds_named, end.id) {
                    Found::One(n) => match self.builder.node_kind(n) {
                        Some(k) if end.kind.is_none() || self.builder.schema().within(k, kinds) => return Some(n),
                        _ => Found::WrongKind(n),
                    },
                    other => other,
                };
                if !self.broken.contains(&end.id) {
                    let what = What::End(field, &shape.name);
                    let named = if end.kind.is_some() { kinds_named } else { kinds };
                    findings.error(|| self.misfit(&ground, found, end.id, named, what, e.source, end.at));
                }
                None
            };
            let from = number(&e.from, &shape.ends.0, "from");
            let to = number(&e.to, &shape.ends.1, "to");
            if let (Some(from), Some(to)) = (from, to) {
                let row = self.rows.get(e.row as usize..e.row as usize + shape.slots.len()).unwrap_or(&[]);
                let id = (e.id != Val::NONE).then_some(e.id);
                let n = self.builder.edge(e.kind, from, to, id, e.source.origin, row);
                if e.open != Val::NONE {
                    self.builder.open(Element::Edge(n), e.open);
                }
                kept.push(e);
            } else {
                // that its source lacks it is not to be reported too
                self.dropped.insert((e.kind, e.from.id));
            }
        }
        self.edges = kept;
    }
    fn references(&mut self, document: Option<&Document>, findings: &mut Findings) {
        let mut wrong: Vec<(Found, Val, Kinds, AttrId, Element)> = vec![];
        let (shapes, refs, broken) = (&self.shapes, &self.refs, &self.broken);
        self.builder.refer(|builder, holder, attr, v| {
            let declared = builder.schema().attr(attr).map_or(Type::Error, |a| inner(&a.ty).clone());
            let reference = v.as_node().or(v.as_event()).and_then(|n| refs.get(n as usize).copied());
            let id = reference.map_or(v, |r| r.1);
            let alone = reference.and_then(|r| shapes.get(r.0)).map(|s| s.alone.clone());
            let (found, kinds, make): (Found, Kinds, fn(u32) -> Val) = match declared {
                Type::Node(kinds) => {
                    let named = alone.unwrap_or(kinds.clone());
                    let found = match builder.lookup(&named, id) {
                        Found::One(n) if !builder.node_kind(n).is_some_and(|k| builder.schema().within(k, &kinds)) => {
                            Found::WrongKind(n)
                        }
                        other => other,
                    };
                    (found, named, Val::node)
                }
                Type::Event(kinds) => (among(builder, Sort::Event, &alone.unwrap_or(kinds.clone()), id), kinds, Val::event),
                Type::Edge(kinds) => (among(builder, Sort::Edge, &kinds, id), kinds, Val::edge),
                _ => return v,
            };
            if let Found::One(n) = found {
                return make(n);
            }
            if !broken.contains(&id) && wrong.len() < 1000 {
                wrong.push((found, id, kinds, attr, holder));
            }
            Val::NONE
        });
        let ground = Ground { document, edits: &self.edits };
        for (found, id, kinds, attr, holder) in wrong {
            let source = match holder {
                Element::Node(n) => self.nodes.get(n as usize).map(|a| a.source),
                Element::Event(n) => self.events.get(n as usize).map(|a| a.source),
                Element::Edge(n) => self.edges.get(n as usize).map(|a| a.source),
            };
            let source = source.unwrap_or(Source { origin: NOWHERE, edit: NO_EDIT });
            let name = self.builder.schema().attr(attr).map_or("".into(), |a| a.name.clone());
            findings.error(|| self.misfit(&ground, found, id, &kinds, What::Attribute(&name), source, NOWHERE));
        }
    }
    #[allow(clippy::too_many_arguments)]
    fn misfit(
        &self,
        ground: &Ground<'_>,
        found: Found,
        id: Val,
        kinds: &Kinds,
        what: What<'_>,
        source: Source,
        at: u32,
    ) -> Diagnostic {
        let id = self.builder.dictionary.text(id).unwrap_or("");
        let name = |k: KindId| self.shapes.get(k).map_or("?", |s| &*s.name);
        let wanted = match kinds {
            Kinds::Any => "node".to_string(),
            Kinds::Of(list) => list.iter().map(|k| format!("`{}`", name(*k))).collect::<Vec<_>>().join(" or "),
        };
        let kind_of = |n: u32| self.builder.node_kind(n).map_or("?", name);
        let field = match what {
            What::End(field, _) | What::Attribute(field) => field,
        };
        let whose = match what {
            What::End(field, kind) => format!("the `{field}` of this `{kind}` edge"),
            What::Attribute(name) => format!("the value of `{name}`"),
        };
        let others = |n: u32, d: Diagnostic, text: &str| match self.nodes.get(n as usize) {
            Some(node) => ground.also(d, node.source, "id", text),
            None => d,
        };
        match found {
            Found::WrongKind(n) => {
                let d = Diagnostic::error(
                    WRONG_END,
                    format!(
                        "`{id}` is {} `{}`, and {whose} is {} {wanted}",
                        article(kind_of(n)),
                        kind_of(n),
                        article(wanted.trim_start_matches('`'))
                    ),
                );
                let d = ground.at(d, source, field, at, &whose);
                others(n, d, &format!("`{id}` is {} `{}`", article(kind_of(n)), kind_of(n)))
            }
            Found::Ambiguous(a, b) => {
                let d = Diagnostic::error(
                    AMBIGUOUS,
                    format!("`{id}` could be the `{}` or the `{}` of that id", kind_of(a), kind_of(b)),
                );
                let d = ground.at(d, source, field, at, &whose);
                let d = others(b, others(a, d, "one"), "the other");
                d.help("give the nodes ids that differ, or narrow the kinds that are declared")
            }
            _ => {
                let fits = |n: &Added| self.builder.schema().within(n.kind, kinds);
                let near = self.nodes.iter().take(20_000).filter(|n| fits(n)).filter_map(|n| self.builder.dictionary.text(n.id));
                let near = nearest(id, near).map(str::to_string);
                let d = Diagnostic::error(DANGLING, format!("there is no {wanted} with the id `{id}`"));
                let d = ground.at(d, source, field, at, &whose);
                match near {
                    Some(near) => {
                        let d = d.help(format!("did you mean `{near}`?"));
                        match ground.written(source, field) {
                            Some(place) => d.suggest(format!("write `{near}`"), place, format!("{near:?}")),
                            None => d,
                        }
                    }
                    None => d.help("add the node, or take away what refers to it"),
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum What<'a> {
    End(&'a str, &'a str),
    Attribute(&'a str),
}

fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Optional(t) | Type::List(t) => inner(t),
        t => t,
    }
}

fn among(builder: &GraphBuilder, sort: Sort, kinds: &Kinds, id: Val) -> Found {
    let find = |k: KindId| if sort == Sort::Event { builder.find_event(k, id) } else { builder.find_edge(k, id) };
    let kinds = builder.schema().below(sort, kinds);
    kinds.into_iter().find_map(find).map_or(Found::Nothing, Found::One)
}

fn cardinality_finding(schema: &Schema, ground: &Ground<'_>, node: &Added, id: &str, kind: KindId, count: u32) -> Diagnostic {
    let edge = schema.kind(kind);
    let (low, high) = edge.and_then(|k| k.cardinality).unwrap_or((0, None));
    let edge = edge.map_or("?", |k| &*k.name);
    let wanted = match high {
        Some(high) if high == low => format!("exactly {low}"),
        Some(high) if low == 0 => format!("at most {high}"),
        Some(high) => format!("{low} to {high}"),
        None => format!("at least {low}"),
    };
    let has = if count == 0 { "no".to_string() } else { count.to_string() };
    let d = Diagnostic::error(
        CARDINALITY,
        format!("`{id}` has {has} `{edge}` edge{}, and needs {wanted}", if count == 1 { "" } else { "s" }),
    );
    let d = ground.at(d, node.source, "id", NOWHERE, &format!("this `{}`", schema.name(node.kind)));
    match schema.kind(kind).map(|k| k.place) {
        Some(place) if place != Place::default() => d.also(place, "declared here"),
        _ => d,
    }
}

/// Where findings are placed: in the document, or (without one) at the edits of a program.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The candidate, if there is one.
    pub document: Option<&'a Document>,
    /// The edits.
    pub edits: &'a [Place],
}

impl Ground<'_> {
    fn edit(&self, source: Source) -> Option<Place> {
        self.edits.get(source.edit as usize).copied()
    }
    /// The place of a member of an element of dbm's own JSON.
    fn written(&self, source: Source, field: &str) -> Option<Place> {
        let document = self.document.filter(|_| source.edit == NO_EDIT)?;
        document.member(source.origin, field).map(|r| document.place(r))
    }
    fn place(&self, source: Source, field: &str, at: u32) -> Option<Place> {
        let Some(document) = self.document else { return self.edit(source) };
        if at != NOWHERE {
            return Some(document.place(document.head(at)));
        }
        if source.origin == NOWHERE {
            return self.edit(source);
        }
        Some(self.written(source, field).unwrap_or_else(|| document.place(document.head(source.origin))))
    }
    /// Places a finding at a field of an element (or at an offset), and at the edit that added it.
    pub fn at(&self, d: Diagnostic, source: Source, field: &str, at: u32, text: &str) -> Diagnostic {
        let place = self.place(source, field, at);
        let d = match place {
            Some(place) => d.at(place, text),
            None => d,
        };
        match self.edit(source) {
            Some(edit) if Some(edit) != place => d.also(edit, "added here"),
            _ => d,
        }
    }
    fn also(&self, d: Diagnostic, source: Source, field: &str, text: &str) -> Diagnostic {
        match self.place(source, field, NOWHERE) {
            Some(place) => d.also(place, text),
            None => d,
        }
    }
    fn two(&self, d: Diagnostic, first: Source, second: Source, field: &str) -> Diagnostic {
        let d = self.at(d, second, field, NOWHERE, "the second");
        self.also(d, first, field, "the first")
    }
}

impl Document {
    /// The value that begins at an offset, as far as it stands on its first line. The line is not searched for its end first: all of
    /// a candidate may stand on one.
    pub(super) fn head(&self, at: u32) -> Range {
        let rest = self.text.as_bytes().get(at as usize..).unwrap_or(&[]);
        let whole = rest.get(..skip(rest, 0)).unwrap_or(rest);
        let first = whole.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(whole.len());
        (at, at + first as u32)
    }
}
