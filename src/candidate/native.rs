//! dbm's own JSON: `{"nodes": […], "edges": […], "events": […]}`, read element by element into rows, with every finding at its place.
//! Fed by document with checked text, read by candidate's `read` through the assembly.
use super::assemble::{Assembly, EndRef, NO_EDIT, Source};
use super::document::Document;
use super::error::*;
use super::limits::{LOOK, Limits};
use super::locate::NOWHERE;
use super::names::Names;
use super::scan::{Items, Member, Members, Range, unquote};
use super::shape::{Shape, Shapes, Slot, article, listed, word};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place};
use crate::scalar::cast::cast;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::json::Lazy;
use crate::scalar::{Type, Val, Value};
use crate::structure::Sort;
use std::borrow::Cow;
use std::sync::Arc;

const SECTIONS: [(&str, Sort); 3] = [("nodes", Sort::Node), ("edges", Sort::Edge), ("events", Sort::Event)];

/// Reads all documents of a file into an assembly.
///
/// `readers` are the program's readers, to be named where the document looks foreign.
pub fn read(document: &Document, readers: &[&str], limits: &Limits, assembly: &mut Assembly, findings: &mut Findings) {
    let shapes = assembly.shapes.clone();
    let foreign = match readers.is_empty() {
        true => "a foreign document needs a reader: `reader name { … }` in the program, chosen with `--reader name`".to_string(),
        false => format!(
            "a foreign document needs a reader, chosen with `--reader`; this program has {}",
            listed(readers.iter().copied())
        ),
    };
    let mut reader = Native {
        document,
        assembly,
        findings,
        limits,
        shapes: &shapes,
        foreign,
        names: Names::default(),
        fields: vec![],
        row: vec![],
    };
    reader.documents();
}

struct Native<'a> {
    document: &'a Document,
    assembly: &'a mut Assembly,
    findings: &'a mut Findings,
    limits: &'a Limits,
    shapes: &'a Shapes,
    /// What to say of a foreign document.
    foreign: String,
    names: Names,
    fields: Vec<(Cow<'a, str>, Member)>,
    row: Vec<Val>,
}

/// The members of an element that are not attributes.
#[derive(Default)]
struct Fixed {
    id: Option<Range>,
    kind: Option<Range>,
    from: Option<Range>,
    to: Option<Range>,
    at: Option<Range>,
}

impl<'a> Native<'a> {
    fn documents(&mut self) {
        let (mut seen, mut nulls) = ([false; 3], [None; 3]);
        let mut last = None;
        if self.document.is_empty() && !self.findings.failed() {
            let place = self.document.place((0, 0));
            self.findings.error(|| {
                Diagnostic::error(MISSING_SECTION, "the candidate is empty: there is no document in it")
                    .at(place, "nothing stands here")
                    .help("see whether what writes it failed; an empty structure is `{\"nodes\": [], \"edges\": []}`")
            });
        }
        for root in &self.document.roots {
            let head = self.document.head(root.0);
            if !self.document.slice(*root).starts_with('{') {
                let place = self.document.place(head);
                self.findings.error(|| {
                    Diagnostic::error(WRONG_SHAPE, "a candidate is a record with `nodes` and `edges`")
                        .at(place, "this is no record")
                        .help(&*self.foreign)
                });
                continue;
            }
            last = Some(root.0);
            let mut unknown = vec![];
            for m in Members::new(&self.document.text, root.0 as usize) {
                let key = unquote(self.document.slice(m.key));
                match SECTIONS.iter().position(|s| s.0 == key) {
                    Some(i) => {
                        let read = self.section(i, m);
                        if let (Some(s), Some(n)) = (seen.get_mut(i), nulls.get_mut(i)) {
                            (*s, *n) = (*s || read, if read { *n } else { Some(m.value) });
                        }
                    }
                    None => unknown.push((key, m.key)),
                }
            }
            self.unknown_sections(unknown);
        }
        let Some(root) = last else { return };
        let [nodes, edges, events] = seen;
        let has_edges = self.shapes.list.iter().any(|s| s.sort == Sort::Edge);
        let place = self.document.place((root, root + 1));
        let inside = Place { span: crate::base::Span { start: place.span.end, end: place.span.end }, ..place };
        let yaml = self.document.places.is_some();
        let [_, null, _] = nulls;
        if let (true, false, true, Some(at)) = (nodes, edges, has_edges, null) {
            let place = self.document.place(self.document.head(at.0));
            self.findings.error(|| {
                Diagnostic::error(MISSING_SECTION, "the candidate's `edges` are `null`")
                    .at(place, "a list is needed here")
                    .help("if there are none, the list is empty: whatever writes `null` may have lost them")
                    .suggest("say that there are none", place, "[]")
            });
        } else if nodes && !edges && has_edges {
            self.findings.error(|| {
                let d = Diagnostic::error(MISSING_SECTION, "the candidate has nodes but no list of edges")
                    .at(place, "no `edges` in this record")
                    .help("if there are none, say so: `\"edges\": []`");
                if yaml { d } else { d.suggest("say that there are none", inside, "\"edges\": [], ") }
            });
        } else if !nodes && !edges && !events && !self.findings.failed() {
            self.findings.error(|| {
                Diagnostic::error(MISSING_SECTION, "the candidate has no `nodes`, no `edges` and no `events`")
                    .at(place, "nothing to read in this record")
                    .help("an empty structure is `{\"nodes\": [], \"edges\": []}`")
            });
        }
    }
    fn unknown_sections(&mut self, unknown: Vec<(Cow<'_, str>, Range)>) {
        let foreign = self.foreign.clone();
        for (i, (key, at)) in unknown.into_iter().enumerate() {
            let place = self.document.place(at);
            let near = nearest(&key, SECTIONS.iter().map(|s| s.0));
            self.findings.error(|| {
                let d = Diagnostic::error(UNKNOWN_SECTION, format!("`{key}` is no part of a candidate"))
                    .at(place, "a candidate has `nodes`, `edges` and `events`");
                match near {
                    Some(near) => {
                        d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, format!("\"{near}\""))
                    }
                    None if i == 0 => d.help(foreign.clone()),
                    None => d,
                }
            });
        }
    }
    /// Reads a list of elements; false if it is left out.
    fn section(&mut self, i: usize, m: Member) -> bool {
        let Some((name, sort)) = SECTIONS.get(i).copied() else { return false };
        let text: &'a str = &self.document.text;
        let raw = self.document.slice(m.value);
        if raw == "null" {
            return false;
        }
        if !raw.starts_with('[') {
            let place = self.document.place(self.document.head(m.value.0));
            self.findings.error(|| {
                Diagnostic::error(WRONG_SHAPE, format!("`{name}` is not a list"))
                    .at(place, format!("a list of {name} is needed here"))
            });
            return true;
        }
        let mut items = Items::new(text, m.value.0 as usize);
        let mut read = 0u64;
        while let Some(at) = items.next() {
            read += 1;
            if read.is_multiple_of(LOOK)
                && let Some(what) = self.limits.reached(self.assembly.builder.dictionary.bytes())
            {
                let place = self.document.place(self.document.head(at as u32));
                self.findings.error(|| reading_limit(what).at(place, "as far as here"));
                return true;
            }
            if text.as_bytes().get(at) != Some(&b'{') {
                let place = self.document.place(self.document.head(at as u32));
                let kind = word(sort);
                self.findings.error(|| {
                    let help = match sort {
                        Sort::Edge => r#"an edge is `{"kind": "…", "from": "…", "to": "…"}`"#,
                        Sort::Node => r#"a node is `{"kind": "…", "id": "…"}`"#,
                        Sort::Event => r#"an event is `{"kind": "…", "id": "…", "at": "…"}`"#,
                    };
                    Diagnostic::error(WRONG_SHAPE, format!("{} {kind} is a record", article(kind)))
                        .at(place, "this is none")
                        .help(help)
                });
                continue;
            }
            items.ended(self.element(sort, at));
        }
        true
    }
    /// Reads one element and gives the byte behind it.
    fn element(&mut self, sort: Sort, at: usize) -> usize {
        let text: &'a str = &self.document.text;
        let mut members = Members::new(text, at);
        let mut fixed = Fixed::default();
        self.fields.clear();
        for m in members.by_ref() {
            let key = unquote(text.get(m.key.0 as usize..m.key.1 as usize).unwrap_or(""));
            let slot = match (&*key, sort) {
                ("id", _) => &mut fixed.id,
                ("kind", _) => &mut fixed.kind,
                ("from", Sort::Edge) => &mut fixed.from,
                ("to", Sort::Edge) => &mut fixed.to,
                ("at", Sort::Event) => &mut fixed.at,
                _ => {
                    self.fields.push((key, m));
                    continue;
                }
            };
            *slot = Some(m.value).filter(|r| text.get(r.0 as usize..r.1 as usize) != Some("null"));
        }
        let end = members.at;
        if let (Sort::Node, None, None) = (sort, fixed.id, fixed.kind) {
            self.missing("id` and `kind", sort, at as u32);
            return end;
        }
        let shape = self.kind(sort, fixed.kind, at as u32);
        let id = match (fixed.id, sort) {
            (None, Sort::Edge) => Some(Val::NONE),
            (r, _) => self.id(r, "id", sort, at as u32),
        };
        let source = Source { origin: at as u32, edit: NO_EDIT };
        let Some(shape) = shape else {
            // what refers to it is not to be reported too
            self.assembly.broken.extend(id);
            return end;
        };
        let open = self.attributes(shape, at as u32);
        let mut row = std::mem::take(&mut self.row);
        match sort {
            Sort::Node => {
                if let Some(id) = id {
                    self.assembly.node(shape.kind, id, source, &row, open);
                }
            }
            Sort::Edge => {
                let from = self.id(fixed.from, "from", sort, at as u32);
                let to = self.id(fixed.to, "to", sort, at as u32);
                if let (Some(from), Some(to), Some(id)) = (from, to, id) {
                    let end = |id: Val| EndRef { kind: None, id, at: NOWHERE };
                    self.assembly.edge(shape.kind, (end(from), end(to)), id, source, &row, open);
                }
            }
            Sort::Event => {
                let time = self.time(fixed.at, at as u32);
                if let (Some(id), Some(time)) = (id, time) {
                    self.assembly.event(shape.kind, id, time, source, &row, open);
                } else {
                    self.assembly.broken.extend(id);
                }
            }
        }
        row.clear();
        self.row = row;
        end
    }
    fn missing(&mut self, field: &str, sort: Sort, at: u32) {
        let place = self.document.place(self.document.head(at));
        self.findings.error(|| {
            let kind = word(sort);
            Diagnostic::error(MISSING_FIELD, format!("{} {kind} needs `{field}`", article(kind)))
                .at(place, format!("no `{field}` here"))
        });
    }
    fn kind(&mut self, sort: Sort, range: Option<Range>, at: u32) -> Option<&'a Shape> {
        let Some(range) = range else {
            let meant = |key: &str| matches!(key, "type" | "label" | "labels" | "class" | "@type");
            let other = self.fields.iter().find(|f| meant(&f.0)).map(|(key, m)| (key.to_string(), *m));
            let Some((key, m)) = other else {
                self.missing("kind", sort, at);
                return None;
            };
            let place = self.document.place(m.key);
            self.findings.error(|| {
                let kind = word(sort);
                Diagnostic::error(MISSING_FIELD, format!("{} {kind} needs `kind`, and this one has `{key}`", article(kind)))
                    .at(place, "expected `kind` here")
                    .help("`kind` is the name of a kind that the program declares")
                    .suggest("say `kind`", place, "\"kind\"")
            });
            return None;
        };
        let raw = self.document.slice(range);
        if raw.starts_with('"') {
            let name = unquote(raw);
            if let Some(shape) = self.shapes.find(sort, &name).and_then(|k| self.shapes.get(k)) {
                return Some(shape);
            }
            let place = self.document.place(range);
            let shapes = self.shapes;
            self.findings.error(|| unknown_kind(shapes, sort, &name, place));
        } else {
            let place = self.document.place(self.document.head(range.0));
            self.findings.error(|| {
                Diagnostic::error(WRONG_TYPE, "a kind is a text")
                    .at(place, format!("the name of {} {} kind is needed here", article(word(sort)), word(sort)))
            });
        }
        None
    }
    fn id(&mut self, range: Option<Range>, field: &str, sort: Sort, at: u32) -> Option<Val> {
        let Some(range) = range else {
            self.missing(field, sort, at);
            return None;
        };
        let raw = self.document.slice(range);
        if raw.starts_with('"') {
            return Some(self.names.intern(&self.document.text, range, &mut self.assembly.builder.dictionary));
        }
        let place = self.document.place(self.document.head(range.0));
        self.findings.error(|| {
            let d = Diagnostic::error(WRONG_TYPE, "an id is a text").at(place, format!("`{field}` must be a text"));
            match raw.starts_with(['{', '[']) {
                true => d,
                false => d.help("put it in quotes").suggest("put it in quotes", place, format!("{raw:?}")),
            }
        });
        if !raw.starts_with(['{', '[']) {
            // the number that is meant as an id is reported once, not for each edge to it
            let id = self.assembly.builder.dictionary.intern_text(raw);
            self.assembly.broken.insert(id);
        }
        None
    }
    fn time(&mut self, range: Option<Range>, at: u32) -> Option<i64> {
        let Some(range) = range else {
            self.missing("at", Sort::Event, at);
            return None;
        };
        match cast(&Value::Lazy(self.lazy(range)), &Type::Time) {
            Ok(Value::Time(t)) => Some(t),
            Ok(_) => None,
            Err(fault) => {
                let place = self.document.place(self.document.head(range.0));
                self.findings.error(|| {
                    Diagnostic::error(WRONG_TYPE, fault.text)
                        .at(place, "when the event happened")
                        .help("a time is text like `\"2026-01-03T10:00:00Z\"`")
                });
                None
            }
        }
    }
    fn lazy(&self, range: Range) -> Lazy {
        Lazy { text: self.document.text.clone(), start: range.0, end: range.1 }
    }
    /// Reads the attributes into the row; gives the record of undeclared ones.
    fn attributes(&mut self, shape: &'a Shape, at: u32) -> Val {
        let mut row = std::mem::take(&mut self.row);
        self.assembly.defaults(shape.kind, &mut row);
        let fields = std::mem::take(&mut self.fields);
        let mut open: Vec<(Arc<str>, Value)> = vec![];
        let mut failed = 0u64;
        for (near, (key, m)) in fields.iter().enumerate() {
            let raw = self.document.slice(m.value);
            let Some(i) = shape.position(key, near) else {
                if shape.open {
                    match self.lazy(m.value).force() {
                        Ok(v) => open.push((Arc::from(&**key), v)),
                        Err(f) => self.misfit(shape, None, key, m.value, &f),
                    }
                } else {
                    let place = self.document.place(m.key);
                    self.findings.error(|| unknown_attribute(shape, key, place));
                }
                continue;
            };
            let Some(slot) = shape.slots.get(i) else { continue };
            if slot.mechanism {
                let place = self.document.place(m.key);
                self.findings.error(|| mechanism_attribute(shape, slot, place));
                continue;
            }
            if raw == "null" {
                continue;
            }
            match self.value(raw, m.value, &slot.ty) {
                Ok(v) => {
                    if let Some(cell) = row.get_mut(i) {
                        *cell = v;
                    }
                }
                Err(fault) => {
                    failed |= 1 << i.min(63);
                    self.misfit(shape, Some(slot), key, m.value, &fault);
                }
            }
        }
        for (i, (slot, v)) in shape.slots.iter().zip(&row).enumerate() {
            if slot.required && *v == Val::NONE && failed & 1 << i.min(63) == 0 {
                let head = self.document.member(at, "id").unwrap_or_else(|| self.document.head(at));
                let place = self.document.place(head);
                self.findings.error(|| missing_attribute(shape, slot, place));
            }
        }
        self.row = row;
        self.fields = fields;
        if open.is_empty() { Val::NONE } else { self.assembly.builder.dictionary.intern(Value::record(open)) }
    }
    fn misfit(&mut self, shape: &Shape, slot: Option<&Slot>, name: &str, range: Range, fault: &Fault) {
        let place = self.document.place(self.document.head(range.0));
        self.findings.error(|| {
            let d = Diagnostic::error(WRONG_TYPE, fault.text.clone())
                .at(place, format!("`{name}` of {} `{}`", article(&shape.name), shape.name));
            match slot {
                Some(s) if s.place != Place::default() => d.also(s.place, "declared here"),
                _ => d,
            }
        });
    }
    /// A value as a type. The common cases are read directly, all others (and all that is wrong) by the cast.
    fn value(&mut self, raw: &str, range: Range, ty: &Type) -> Result<Val, Fault> {
        let dictionary = &mut self.assembly.builder.dictionary;
        let first = raw.as_bytes().first().copied().unwrap_or(b' ');
        match (ty.present(), first) {
            (Type::Text, b'"') => return Ok(dictionary.intern_text(&unquote(raw))),
            (Type::Node(_) | Type::Edge(_) | Type::Event(_), b'"') => {
                return Ok(self.names.intern(&self.document.text, range, dictionary));
            }
            (Type::Literals(allowed), b'"') => {
                let text = unquote(raw);
                if allowed.iter().any(|a| **a == *text) {
                    return Ok(self.names.intern(&self.document.text, range, dictionary));
                }
            }
            (Type::Bool, b't') => return Ok(Val::TRUE),
            (Type::Bool, b'f') => return Ok(Val::FALSE),
            (Type::Int(bounds), b'0'..=b'9' | b'-') => {
                if let Ok(i) = raw.parse::<i64>() {
                    if bounds.is_none_or(|(low, high)| (low..=high).contains(&i)) {
                        return Ok(dictionary.intern(Value::Int(i)));
                    }
                } else if raw.bytes().skip(1).all(|b| b.is_ascii_digit()) {
                    let shown: String = raw.chars().take(40).collect();
                    return Err(Fault::new(FaultKind::Overflow, format!("`{shown}` is not an Int: it does not fit 64 bits")));
                }
            }
            (Type::Node(_) | Type::Edge(_) | Type::Event(_), _) => {
                return Err(Fault::new(FaultKind::Cast, format!("`{}` is not an id", raw.chars().take(40).collect::<String>())));
            }
            (Type::List(item), _) if item.is_element() => {
                let list = cast(&Value::Lazy(self.lazy(range)), &Type::Text.list())?;
                return Ok(self.assembly.builder.dictionary.intern(list));
            }
            _ => {}
        }
        let value = match ty.present() {
            Type::Json => self.lazy(range).force()?,
            _ => cast(&self.lazy(range).force()?, ty)?,
        };
        Ok(self.assembly.builder.dictionary.intern(value))
    }
}

/// A kind that is not declared.
pub fn unknown_kind(shapes: &Shapes, sort: Sort, name: &str, place: Place) -> Diagnostic {
    let what = word(sort);
    let d = Diagnostic::error(UNKNOWN_KIND, format!("`{name}` is no {what} kind of this program")).at(place, "not declared");
    let other = [Sort::Node, Sort::Edge, Sort::Event].into_iter().find(|s| *s != sort && shapes.find(*s, name).is_some());
    if let Some(other) = other {
        return d.help(format!("`{name}` is {} {} kind: it belongs in `{}s`", article(word(other)), word(other), word(other)));
    }
    match nearest(name, shapes.names(sort)) {
        Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, format!("{near:?}")),
        None if shapes.names(sort).next().is_none() => d.help(format!("the program declares no {what} kind")),
        None => d.help(format!("the {what} kinds are {}", listed(shapes.names(sort)))),
    }
}

/// An attribute that the kind does not have.
pub fn unknown_attribute(shape: &Shape, name: &str, place: Place) -> Diagnostic {
    let kind = &shape.name;
    let d = Diagnostic::error(UNKNOWN_ATTRIBUTE, format!("{} `{kind}` has no attribute `{name}`", article(kind)))
        .at(place, "not declared");
    let d = if shape.place == Place::default() { d } else { d.also(shape.place, format!("`{kind}` is declared here")) };
    let names = || shape.slots.iter().filter(|s| !s.mechanism).map(|s| &*s.name);
    let end = match name {
        "source" | "src" | "start" | "tail" | "parent" => "from",
        "target" | "dst" | "dest" | "destination" | "end" | "head" | "child" => "to",
        _ => "",
    };
    if shape.sort == Sort::Edge && !end.is_empty() {
        return d.help("an edge leads `from` one node `to` another").suggest(format!("write `{end}`"), place, format!("{end:?}"));
    }
    // only nodes can be declared `open`
    let open = match shape.sort {
        Sort::Node => format!("; `open node {kind}` admits any"),
        _ => String::new(),
    };
    match nearest(name, names()) {
        Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, format!("{near:?}")),
        None if names().next().is_none() => d.help(format!("`{kind}` declares no attributes{open}")),
        None => d.help(format!("its attributes are {}{open}", listed(names()))),
    }
}

/// A value for what a mechanism defines.
pub fn mechanism_attribute(shape: &Shape, slot: &Slot, place: Place) -> Diagnostic {
    let d = Diagnostic::error(
        MECHANISM_ATTRIBUTE,
        format!("`{}` of `{}` comes from a mechanism, so a candidate may not give it", slot.name, shape.name),
    )
    .at(place, "given here")
    .help("take it out; to try another value, use an intervention: `do set x.a = …`");
    if slot.place == Place::default() { d } else { d.also(slot.place, "the mechanism") }
}

/// An attribute that must be there.
pub fn missing_attribute(shape: &Shape, slot: &Slot, place: Place) -> Diagnostic {
    let (name, kind) = (&slot.name, &shape.name);
    let d = Diagnostic::error(MISSING_ATTRIBUTE, format!("{} `{kind}` needs `{name}`", article(kind)))
        .at(place, format!("no `{name}` here"));
    let d = if slot.place == Place::default() { d } else { d.also(slot.place, "declared here") };
    d.help(format!("give it, or declare it with a default or as one that may be absent (`{name}: …?`)"))
}

#[cfg(test)]
#[path = "native_tests.rs"]
mod tests;
