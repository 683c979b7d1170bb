//! Readers: how a foreign document becomes a structure, as edits of the empty one, walked directly from the checked program.
//! A test's `given` is the same without a document. Fed by document and the program, read by candidate's `read`.
use super::assemble::{Assembly, EndRef, Source};
use super::document::Document;
use super::error::*;
use super::evaluate::{Evaluated, Traced, Walk, settled};
use super::known::{Blame, Known};
use super::limits::Limits;
use super::locate::NOWHERE;
use super::native::missing_attribute;
use super::shape::{Shape, Shapes, article};
use crate::base::{Diagnostic, Place};
use crate::scalar::cast::to_id;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::{Element, KindId, Type, Val, Value};
use crate::semantics::hir::{Edit, EditKind, End, Expr, Given, Program, Reader, Scope, Statement};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Reads all documents of a file by a reader of the program.
pub fn read(
    program: &Program,
    reader: &Reader,
    document: &Document,
    params: &[Value],
    limits: &Limits,
    assembly: &mut Assembly,
    findings: &mut Findings,
) {
    let walk = Walk::new(program, params, Some(document), reader.vars.len(), limits);
    let mut run = Run::new(walk, assembly, findings);
    for root in &document.roots {
        run.origin = root.0;
        let doc = crate::scalar::json::Lazy { text: document.text.clone(), start: root.0, end: root.1 };
        let at = doc.start;
        let doc = match doc.settle() {
            Ok(value) => Ok(Traced { value, at }),
            Err(fault) => Err(Box::new(Blame { fault, at, place: reader.place, cannot: false })),
        };
        run.walk.bind(reader.doc, doc);
        run.statements(&reader.body);
    }
    run.finish(&reader.body, reader.place);
}

/// Builds what the edits of a test's `given` add.
pub fn given(
    program: &Program,
    edits: &[Edit],
    vars: usize,
    params: &[Value],
    limits: &Limits,
    assembly: &mut Assembly,
    findings: &mut Findings,
) {
    let walk = Walk::new(program, params, None, vars, limits);
    let mut run = Run::new(walk, assembly, findings);
    run.origin = NOWHERE;
    for edit in edits {
        run.edit(edit);
    }
    run.finish(&[], Place::default());
}

/// A row as far as it was given: what stands at each position, and whether it was given.
struct Row {
    values: Vec<Val>,
    given: Vec<bool>,
    open: Vec<(Arc<str>, Value)>,
}

struct EnsuredNode {
    kind: KindId,
    id: Val,
    row: Row,
    source: Source,
}

struct EnsuredEdge {
    kind: KindId,
    ends: (EndRef, EndRef),
    row: Row,
    source: Source,
}

type EdgeKey = (KindId, (Option<KindId>, Val), (Option<KindId>, Val));

struct Run<'a, 'b> {
    walk: Walk<'a>,
    assembly: &'b mut Assembly,
    findings: &'b mut Findings,
    shapes: Arc<Shapes>,
    origin: u32,
    edits: FxHashMap<Place, u32>,
    nodes: Vec<EnsuredNode>,
    node_at: FxHashMap<(KindId, Val), usize>,
    edges: Vec<EnsuredEdge>,
    edge_at: FxHashMap<EdgeKey, usize>,
    added: FxHashSet<EdgeKey>,
    stopped: bool,
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(walk: Walk<'a>, assembly: &'b mut Assembly, findings: &'b mut Findings) -> Self {
        let shapes = assembly.shapes.clone();
        Run {
            walk,
            assembly,
            findings,
            shapes,
            origin: NOWHERE,
            edits: FxHashMap::default(),
            nodes: vec![],
            node_at: FxHashMap::default(),
            edges: vec![],
            edge_at: FxHashMap::default(),
            added: FxHashSet::default(),
            stopped: false,
        }
    }
    fn statements(&mut self, list: &[Statement]) {
        for s in list {
            if self.stopped {
                return;
            }
            match s {
                Statement::Let(var, e) => {
                    let value = self.walk.eval(e);
                    self.walk.bind(*var, value);
                }
                Statement::Edit(edit) => self.edit(edit),
                Statement::For(scope, body) => self.each(scope, &mut |run| run.statements(body)),
            }
        }
    }
    fn edit(&mut self, edit: &Edit) {
        match &edit.scope {
            Some(scope) => self.each(scope, &mut |run| run.apply(edit)),
            None => self.apply(edit),
        }
    }
    /// Does something for each binding that a scope admits.
    fn each(&mut self, scope: &Scope, f: &mut dyn FnMut(&mut Self)) {
        // the walk calls back with itself, so it is handed over and taken back around each call
        let outer = self.origin;
        let placeholder = Walk::new(self.walk.program, self.walk.params, None, 0, &self.walk.left.limits);
        let mut walk = std::mem::replace(&mut self.walk, placeholder);
        let done = walk.bindings(scope, &mut |walk, filter| {
            std::mem::swap(&mut self.walk, walk);
            self.origin = self.walk.stands(scope).unwrap_or(outer);
            match filter {
                Known::True => f(self),
                Known::False => {}
                Known::Fault(b) => self.fault(&b),
            }
            // what is built may be large
            self.walk.left.built(self.assembly.builder.dictionary.bytes());
            std::mem::swap(&mut self.walk, walk);
            !self.stopped
        });
        self.walk = walk;
        self.origin = outer;
        if let Err(b) = done {
            self.fault(&b);
        }
        if let Some(what) = self.walk.left.reached
            && !self.stopped
        {
            self.stopped = true;
            let place = scope.binders.first().map(|b| b.place);
            self.findings.error(|| {
                let d = reading_limit(what);
                place.into_iter().fold(d, |d, p| d.at(p, "this loop was being run"))
            });
        } else if self.walk.left.tries == 0 && !self.stopped {
            self.stopped = true;
            let place = scope.binders.first().map(|b| b.place);
            self.findings.error(|| {
                let d = Diagnostic::error(READER_LIMIT, "the reader tries more bindings than are allowed")
                    .help("see whether a `for` within a `for` can be avoided");
                place.into_iter().fold(d, |d, p| d.at(p, "the loop that reached the limit"))
            });
        }
    }
    fn source(&mut self, place: Place) -> Source {
        let edits = &mut self.assembly.edits;
        let edit = *self.edits.entry(place).or_insert_with(|| {
            edits.push(place);
            edits.len() as u32 - 1
        });
        Source { origin: self.origin, edit }
    }
    fn fault(&mut self, b: &Blame) {
        let at = if b.at == NOWHERE { self.origin } else { b.at };
        let document = self.walk.document;
        let place = document.filter(|_| at != NOWHERE).map(|d| d.place(d.head(at)));
        let code = match (b.cannot, b.fault.kind) {
            (true, _) => READER_CANNOT,
            (_, FaultKind::Cast) => WRONG_TYPE,
            _ => READER_FAULT,
        };
        self.findings.error(|| {
            let d = Diagnostic::error(code, b.fault.text.clone());
            if b.cannot {
                return d.at(b.place, "used here");
            }
            match place {
                Some(place) => d.at(place, "the value that it is about").also(b.place, "computed here"),
                None => d.at(b.place, "computed here"),
            }
        });
    }
    fn apply(&mut self, edit: &Edit) {
        if self.stopped {
            return;
        }
        let source = self.source(edit.place);
        match &edit.kind {
            EditKind::AddNode { kind, id, given, ensure } => {
                let id = self.id(id);
                let row = self.row(*kind, given);
                let Some((id, _)) = id else { return };
                let Some(row) = row else {
                    // what refers to it is not to be reported too
                    self.assembly.broken.insert(id);
                    return;
                };
                if *ensure {
                    return self.ensure_node(*kind, id, row, source);
                }
                if let Some(open) = self.complete(*kind, &row, source) {
                    self.assembly.node(*kind, id, source, &row.values, open);
                }
            }
            EditKind::AddEdge { kind, from, to, given, ensure } => {
                let ends = (self.end(from), self.end(to));
                let row = self.row(*kind, given);
                let ((Some(from), Some(to)), Some(row)) = (ends, row) else { return };
                let key = self.edge_key(*kind, from, to);
                if *ensure {
                    return self.ensure_edge(key, (from, to), row, source);
                }
                self.added.insert(key);
                if let Some(open) = self.complete(*kind, &row, source) {
                    self.assembly.edge(*kind, (from, to), Val::NONE, source, &row.values, open);
                }
            }
            EditKind::AddEvent { kind, id, at, given } => {
                let id = self.id(id);
                let time = self.value(at, &Type::Time);
                let row = self.row(*kind, given);
                let (Some((id, _)), Some(Value::Time(time)), Some(row)) = (id, time, row) else { return };
                if let Some(open) = self.complete(*kind, &row, source) {
                    self.assembly.event(*kind, id, time, source, &row.values, open);
                }
            }
            EditKind::Remove(_) | EditKind::Set { .. } => self.findings.error(|| {
                Diagnostic::error(READER_CANNOT, "here a structure is built from nothing, so `add` and `ensure` are all there is")
                    .at(edit.place, "this changes what is there")
            }),
        }
    }
    fn evaluated(&mut self, value: Evaluated) -> Option<Traced> {
        match value {
            Ok(v) => Some(v),
            Err(b) => {
                self.fault(&b);
                None
            }
        }
    }
    /// A value as a type that is no kind.
    fn value(&mut self, e: &Expr, ty: &Type) -> Option<Value> {
        let value = self.walk.eval(e);
        let v = self.evaluated(value)?;
        // a test's `at 30s` is so long after 1970
        if let (Type::Time, Value::Duration(d)) = (ty, &v.value) {
            return Some(Value::Time(*d));
        }
        match settled(&v.value, ty) {
            Ok(v) => Some(v),
            Err(fault) => {
                self.fault(&Blame { fault, at: v.at, place: e.place, cannot: false });
                None
            }
        }
    }
    fn id(&mut self, e: &Expr) -> Option<(Val, u32)> {
        let value = self.walk.eval(e);
        let v = self.evaluated(value)?;
        match to_id(&v.value) {
            Ok(id) => Some((self.assembly.builder.dictionary.intern_text(id.as_text().unwrap_or("")), v.at)),
            Err(fault) => {
                self.fault(&Blame { fault, at: v.at, place: e.place, cannot: false });
                None
            }
        }
    }
    fn end(&mut self, end: &End) -> Option<EndRef> {
        match end {
            End::Lookup(kind, e) => self.id(e).map(|(id, at)| EndRef { kind: Some(*kind), id, at }),
            End::Element(e) => {
                let value = self.walk.eval(e);
                let v = self.evaluated(value)?;
                match &v.value {
                    Value::Element(Element::Node(n)) => {
                        let (kind, id) = self.walk.refs.get(*n as usize).cloned()?;
                        let id = self.assembly.builder.dictionary.intern_text(&id);
                        Some(EndRef { kind: Some(kind), id, at: v.at })
                    }
                    // an id by itself: a node of the kinds that the edge is declared for
                    Value::Text(id) => {
                        Some(EndRef { kind: None, id: self.assembly.builder.dictionary.intern_text(id), at: v.at })
                    }
                    _ => {
                        let fault = Fault::new(FaultKind::Cast, "the end of an edge is not a node");
                        self.fault(&Blame { fault, at: v.at, place: e.place, cannot: false });
                        None
                    }
                }
            }
        }
    }
    /// Reads the attributes of an edit; none if one of them cannot be had.
    fn row(&mut self, kind: KindId, given: &Given) -> Option<Row> {
        let shapes = self.shapes.clone();
        let shape = shapes.get(kind)?;
        let mut row = Row { values: vec![], given: vec![false; shape.slots.len()], open: vec![] };
        self.assembly.defaults(kind, &mut row.values);
        let mut good = true;
        for (name, e, _) in given {
            let attr = match name {
                Ok(attr) => attr,
                Err(name) => {
                    match self.value(e, &Type::Json) {
                        Some(Value::None) => {}
                        Some(v) => row.open.push((name.clone(), v)),
                        None => good = false,
                    }
                    continue;
                }
            };
            let Some(i) = shape.slots.iter().position(|s| s.attr == *attr) else { continue };
            let Some(slot) = shape.slots.get(i) else { continue };
            let optional = slot.ty.clone().optional();
            let ty = if slot.ty.has_elements() { &Type::Json } else { &optional };
            match self.value(e, ty) {
                Some(Value::None) => {}
                Some(v) => {
                    if let (Some(cell), Some(flag)) = (row.values.get_mut(i), row.given.get_mut(i)) {
                        *cell = self.assembly.builder.dictionary.intern(v);
                        *flag = true;
                    }
                }
                None => good = false,
            }
        }
        good.then_some(row)
    }
    /// The record of undeclared attributes, if nothing is missing.
    fn complete(&mut self, kind: KindId, row: &Row, source: Source) -> Option<Val> {
        let shapes = self.shapes.clone();
        let shape = shapes.get(kind)?;
        for (slot, v) in shape.slots.iter().zip(&row.values) {
            if slot.required && *v == Val::NONE {
                self.missing(shape, slot, source);
            }
        }
        if row.open.is_empty() {
            return Some(Val::NONE);
        }
        Some(self.assembly.builder.dictionary.intern(Value::record(row.open.iter().cloned())))
    }
    fn missing(&mut self, shape: &Shape, slot: &super::shape::Slot, source: Source) {
        let edit = self.assembly.edits.get(source.edit as usize).copied();
        let document = self.walk.document.filter(|_| source.origin != NOWHERE);
        let place = document.map(|d| d.place(d.head(source.origin))).or(edit);
        self.findings.error(|| {
            let d = missing_attribute(shape, slot, place.unwrap_or_default());
            match edit {
                Some(edit) if Some(edit) != place => d.also(edit, "added here"),
                _ => d,
            }
        });
    }
    fn root(&self, kind: KindId) -> KindId {
        self.assembly.builder.schema().kind(kind).map_or(kind, |k| k.root)
    }
    fn edge_key(&self, kind: KindId, from: EndRef, to: EndRef) -> EdgeKey {
        let end = |e: EndRef| (e.kind.map(|k| self.root(k)), e.id);
        (kind, end(from), end(to))
    }
    fn ensure_node(&mut self, kind: KindId, id: Val, row: Row, source: Source) {
        let key = (self.root(kind), id);
        match self.node_at.get(&key).copied() {
            None => {
                self.node_at.insert(key, self.nodes.len());
                self.nodes.push(EnsuredNode { kind, id, row, source });
            }
            Some(at) => {
                let schema = self.assembly.builder.schema().clone();
                let Some(old) = self.nodes.get_mut(at) else { return };
                let (first, second) = (old.kind, kind);
                let conflict = if schema.is_a(old.kind, kind) {
                    merge(&mut old.row, &row)
                } else if schema.is_a(kind, old.kind) {
                    let below = std::mem::replace(&mut old.row, row);
                    old.kind = kind;
                    merge(&mut old.row, &below)
                } else {
                    self.conflict(
                        id,
                        first,
                        format!(
                            "{} `{}` and {} `{}`",
                            article(schema.name(first)),
                            schema.name(first),
                            article(schema.name(second)),
                            schema.name(second)
                        ),
                        source,
                    );
                    return;
                };
                if let Some(i) = conflict {
                    let name = self.shapes.get(first).and_then(|s| s.slots.get(i)).map_or("?".into(), |s| s.name.clone());
                    self.conflict(id, first, format!("two values for `{name}`"), source);
                }
            }
        }
    }
    fn ensure_edge(&mut self, key: EdgeKey, ends: (EndRef, EndRef), row: Row, source: Source) {
        match self.edge_at.get(&key).copied() {
            None => {
                self.edge_at.insert(key, self.edges.len());
                self.edges.push(EnsuredEdge { kind: key.0, ends, row, source });
            }
            Some(at) => {
                let Some(old) = self.edges.get_mut(at) else { return };
                if let Some(i) = merge(&mut old.row, &row) {
                    let name = self.shapes.get(key.0).and_then(|s| s.slots.get(i)).map_or("?".into(), |s| s.name.clone());
                    self.conflict(key.1.1, key.0, format!("two values for `{name}`"), source);
                }
            }
        }
    }
    fn conflict(&mut self, id: Val, kind: KindId, what: String, source: Source) {
        let ground = super::assemble::Ground { document: self.walk.document, edits: &self.assembly.edits };
        let id = self.assembly.builder.dictionary.text(id).unwrap_or("").to_string();
        let kind = self.shapes.get(kind).map_or("?".into(), |s| s.name.clone());
        self.findings.error(|| {
            let d = Diagnostic::error(READER_FAULT, format!("the `{kind}` of `{id}` is ensured with {what}"));
            ground
                .at(d, source, "", NOWHERE, "the second")
                .help("`ensure` merges what agrees; which of the two is meant cannot be known")
        });
    }
    /// Adds what was ensured and is not there.
    fn finish(mut self, body: &[Statement], place: Place) {
        for n in std::mem::take(&mut self.nodes) {
            if self.assembly.builder.find(n.kind, n.id).is_some() {
                continue;
            }
            if let Some(open) = self.complete(n.kind, &n.row, n.source) {
                self.assembly.node(n.kind, n.id, n.source, &n.row.values, open);
            }
        }
        for e in std::mem::take(&mut self.edges) {
            let key = self.edge_key(e.kind, e.ends.0, e.ends.1);
            if self.added.contains(&key) {
                continue;
            }
            if let Some(open) = self.complete(e.kind, &e.row, e.source) {
                self.assembly.edge(e.kind, e.ends, Val::NONE, e.source, &e.row.values, open);
            }
        }
        let refs = std::mem::take(&mut self.walk.refs);
        let intern = |(k, id): (KindId, Arc<str>)| (k, self.assembly.builder.dictionary.intern_text(&id));
        self.assembly.refs = refs.into_iter().map(intern).collect();
        if self.assembly.is_empty() && !self.findings.failed() && !body.is_empty() {
            let document = self.walk.document;
            self.findings.add(crate::base::Severity::Warning, || {
                let d = Diagnostic::warning(READER_EMPTY, "the reader found nothing to add");
                let root = document.and_then(|d| Some(d.place(d.head(d.roots.first()?.0))));
                let d = root.into_iter().fold(d, |d, p| d.at(p, "nothing was found in this document"));
                d.also(place, "by this reader").help("see whether it is the right one for this document")
            });
        }
    }
}

/// Takes over what is given in `more`; the position of a value that differs.
fn merge(into: &mut Row, more: &Row) -> Option<usize> {
    let mut conflict = None;
    for (i, (v, given)) in more.values.iter().zip(&more.given).enumerate() {
        let (Some(old), Some(flag)) = (into.values.get_mut(i), into.given.get_mut(i)) else { continue };
        if !*given {
            continue;
        }
        if *flag && old != v {
            conflict = Some(i);
        }
        *old = *v;
        *flag = true;
    }
    for (name, v) in &more.open {
        if !into.open.iter().any(|(n, _)| n == name) {
            into.open.push((name.clone(), v.clone()));
        }
    }
    conflict
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
