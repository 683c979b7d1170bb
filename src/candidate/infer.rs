//! Declarations from a candidate: the least that fits all its elements, as a schema's data and as a dbm program. Fed by session for
//! programs that declare nothing and for `dbm schema infer`, read by semantics as a source text.
use super::document::{Document, Input};
use super::error::*;
use super::limits::{INFERRED, LOOK, Limits};
use super::scan::{Items, Members, Range, unquote};
use crate::base::{Diagnostic, Place, Sources};
use crate::scalar::cast::cast;
use crate::scalar::json::Lazy;
use crate::scalar::types::TYPE_NAMES;
use crate::scalar::{Type, Value};
use crate::structure::Sort;
use crate::structure::graph::quoted;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What a candidate looks like.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inferred {
    /// By sort, then name.
    pub kinds: BTreeMap<(Sort, String), InferredKind>,
}

/// A kind that occurs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InferredKind {
    /// How many elements.
    pub count: u64,
    /// Attributes: type, and in how many elements they are.
    pub attrs: BTreeMap<String, (Fit, u64)>,
    /// For an edge kind: the node kinds that it goes from and to.
    pub ends: (BTreeSet<String>, BTreeSet<String>),
}

/// The least type that fits some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Nothing seen yet.
    Nothing,
    /// `Bool`.
    Bool,
    /// `Int`.
    Int,
    /// `Float`.
    Float,
    /// `Time`.
    Time,
    /// `Text`.
    Text,
    /// A list.
    List(Box<Fit>),
    /// Anything.
    Json,
}

impl Fit {
    fn of(value: &Value) -> Fit {
        match value {
            Value::None => Fit::Json,
            Value::Bool(_) => Fit::Bool,
            Value::Int(_) => Fit::Int,
            Value::Float(_) => Fit::Float,
            Value::Text(t) if t.len() >= 20 && cast(value, &Type::Time).is_ok() => Fit::Time,
            Value::Text(_) => Fit::Text,
            Value::List(items) => Fit::List(Box::new(items.iter().fold(Fit::Nothing, |fit, i| fit.join(Fit::of(i))))),
            _ => Fit::Json,
        }
    }
    fn join(self, other: Fit) -> Fit {
        match (self, other) {
            (Fit::Nothing, f) | (f, Fit::Nothing) => f,
            (a, b) if a == b => a,
            (Fit::Int, Fit::Float) | (Fit::Float, Fit::Int) => Fit::Float,
            (Fit::Time, Fit::Text) | (Fit::Text, Fit::Time) => Fit::Text,
            (Fit::List(a), Fit::List(b)) => Fit::List(Box::new(a.join(*b))),
            _ => Fit::Json,
        }
    }
    fn show(&self) -> String {
        match self {
            Fit::Nothing | Fit::Json => "Json".into(),
            Fit::Bool => "Bool".into(),
            Fit::Int => "Int".into(),
            Fit::Float => "Float".into(),
            Fit::Time => "Time".into(),
            Fit::Text => "Text".into(),
            Fit::List(f) => format!("[{}]", f.show()),
        }
    }
}

/// Infers declarations from a candidate in dbm's own JSON. What is wrong with it beyond that (ids, ends) is found when it is read.
pub fn infer(input: &Input<'_>, limits: &Limits, sources: &mut Sources) -> (Inferred, Vec<Diagnostic>) {
    let mut findings = Findings::new(limits.findings);
    let document = Document::open(input, limits, sources, &mut findings);
    let inferred = if document.is_torn() { Inferred::default() } else { from_document(&document, limits, &mut findings) };
    (inferred, findings.finish())
}

/// Infers declarations from a candidate that was opened.
pub fn from_document(document: &Document, limits: &Limits, findings: &mut Findings) -> Inferred {
    let mut out = Inferred::default();
    // how many elements, and how many kinds, attributes and ends of edges
    let (mut read, mut names) = (0u64, 0usize);
    let mut nodes: FxHashMap<String, BTreeSet<String>> = FxHashMap::default();
    let mut ends: Vec<(String, Option<String>, Option<String>)> = vec![];
    let (mut has_nodes, mut has_edges, mut any) = (false, false, false);
    let mut reserved: BTreeMap<(Sort, String), Range> = BTreeMap::new();
    for root in &document.roots {
        for section in Members::new(&document.text, root.0 as usize) {
            let sort = match &*unquote(document.slice(section.key)) {
                "nodes" => Sort::Node,
                "edges" => Sort::Edge,
                "events" => Sort::Event,
                _ => continue,
            };
            if document.slice(section.value) == "null" {
                continue;
            }
            any = true;
            has_nodes |= sort == Sort::Node;
            has_edges |= sort == Sort::Edge;
            for at in Items::new(&document.text, section.value.0 as usize) {
                let text = |r: Range| Some(document.slice(r)).filter(|t| t.starts_with('"')).map(|t| unquote(t).into_owned());
                let (mut kind, mut id, mut from, mut to) = (None, None, None, None);
                let mut attrs = vec![];
                for m in Members::new(&document.text, at) {
                    match (&*unquote(document.slice(m.key)), sort) {
                        ("kind", _) => kind = text(m.value).map(|k| (k, m.value)),
                        ("id", _) => id = text(m.value),
                        ("from", Sort::Edge) => from = text(m.value),
                        ("to", Sort::Edge) => to = text(m.value),
                        ("at", Sort::Event) => {}
                        (key, _) if !writable(key) => {
                            let place = document.place(m.key);
                            findings.error(|| unwritable("attribute", place, NAMES));
                        }
                        (key, _) => attrs.push((key.to_string(), m.value)),
                    }
                }
                let Some((kind, range)) = kind else { continue };
                if TYPE_NAMES.contains(&&*kind) {
                    let place = document.place(range);
                    findings.error(|| unwritable("kind", place, "a type of the language has this name"));
                    continue;
                }
                if !writable(&kind) {
                    let place = document.place(range);
                    findings.error(|| unwritable("kind", place, NAMES));
                    continue;
                }
                read += 1;
                if read.is_multiple_of(LOOK)
                    && let Some(what) = limits.reached(0)
                {
                    let place = document.place(document.head(at as u32));
                    findings.error(|| reading_limit(what).at(place, "as far as here"));
                    return Inferred::default();
                }
                if names > INFERRED {
                    let place = document.place(range);
                    findings.error(|| too_many(place));
                    return Inferred::default();
                }
                let entry = out.kinds.entry((sort, kind.clone())).or_default();
                if entry.count == 0 {
                    names += 1;
                    reserved.insert((sort, kind.clone()), range);
                }
                entry.count += 1;
                for (name, range) in attrs {
                    let value = Lazy { text: document.text.clone(), start: range.0, end: range.1 }.force().unwrap_or(Value::None);
                    let attr = entry.attrs.entry(name).or_insert_with(|| {
                        names += 1;
                        (Fit::Nothing, 0)
                    });
                    // it is known, and left out here
                    if value.is_none() {
                        continue;
                    }
                    attr.0 = std::mem::replace(&mut attr.0, Fit::Nothing).join(Fit::of(&value));
                    attr.1 += 1;
                }
                match sort {
                    Sort::Node => {
                        nodes.entry(id.unwrap_or_default()).or_default().insert(kind);
                    }
                    Sort::Edge => ends.push((kind, from, to)),
                    Sort::Event => {}
                }
            }
        }
    }
    for (kind, from, to) in ends {
        let Some(entry) = out.kinds.get_mut(&(Sort::Edge, kind)) else { continue };
        let kinds = |id: Option<String>| id.and_then(|id| nodes.get(&id)).cloned().unwrap_or_default();
        let before = entry.ends.0.len() + entry.ends.1.len();
        entry.ends.0.extend(kinds(from));
        entry.ends.1.extend(kinds(to));
        names += entry.ends.0.len() + entry.ends.1.len() - before;
        if names > INFERRED {
            let place = document.roots.first().map(|r| document.place(document.head(r.0))).unwrap_or_default();
            findings.error(|| too_many(place));
            return Inferred::default();
        }
    }
    let head = document.roots.first().map(|r| document.place(document.head(r.0)));
    let place = |d: Diagnostic, text: &str| head.into_iter().fold(d, |d, p| d.at(p, text));
    if !any {
        findings.error(|| {
            let d = Diagnostic::error(
                CANNOT_INFER,
                "no declarations can be inferred: the candidate has no `nodes`, `edges` or `events`",
            );
            place(d, "nothing to learn from in here")
                .help("declare kinds in the program, and a reader if the document is foreign")
        });
    } else if has_nodes && !has_edges {
        findings.error(|| {
            let d = Diagnostic::error(MISSING_SECTION, "the candidate has nodes but no list of edges");
            place(d, "no `edges` in this record").help("if there are none, say so: `\"edges\": []`")
        });
    }
    for ((sort, name), range) in &reserved {
        let other =
            [Sort::Node, Sort::Edge, Sort::Event].into_iter().find(|s| s != sort && reserved.contains_key(&(*s, name.clone())));
        if let Some(other) = other.filter(|o| o < sort) {
            let place = document.place(*range);
            findings.error(|| {
                Diagnostic::error(
                    CANNOT_INFER,
                    format!("`{name}` is a kind of {}s and of {}s", super::shape::word(other), super::shape::word(*sort)),
                )
                .at(place, "so no declarations can be inferred")
                .help("declare the kinds in the program")
            });
        }
    }
    out
}

/// Whether a program can name it.
fn writable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['`', '\n'])
}

/// What a name can be.
const NAMES: &str = "a name is not empty, and has no backtick and no line break";

fn unwritable(what: &str, place: Place, why: &str) -> Diagnostic {
    Diagnostic::error(CANNOT_INFER, format!("no declarations can be inferred: a program cannot name this {what}"))
        .at(place, why)
        .help("rename it in the candidate; or declare the kinds in the program, and read the candidate with a reader")
}

fn too_many(place: Place) -> Diagnostic {
    Diagnostic::error(
        CANNOT_INFER,
        format!("no declarations can be inferred: there are more than {INFERRED} kinds and attributes"),
    )
    .at(place, "as far as here")
    .help("see whether ids stand where kinds or names of attributes should; else declare the kinds in the program")
}

impl Inferred {
    /// The same with edges that may follow themselves: that they did not in one candidate does not make a question about it wrong.
    pub fn chained(mut self) -> Self {
        for kind in self.kinds.values_mut() {
            let all: BTreeSet<String> = kind.ends.0.union(&kind.ends.1).cloned().collect();
            kind.ends = (all.clone(), all);
        }
        self
    }
    /// The declarations as a dbm program.
    pub fn source(&self) -> String {
        let mut out = String::new();
        for ((sort, name), kind) in &self.kinds {
            let name = quoted(name);
            match sort {
                Sort::Node => {
                    let _ = write!(out, "node {name}");
                }
                Sort::Edge => {
                    let end = |kinds: &BTreeSet<String>| match kinds.is_empty() {
                        true => "Node".to_string(),
                        false => kinds.iter().map(|k| quoted(k)).collect::<Vec<_>>().join(" | "),
                    };
                    let _ = write!(out, "edge {name}: {} -> {}", end(&kind.ends.0), end(&kind.ends.1));
                }
                Sort::Event => {
                    let _ = write!(out, "event {name}");
                }
            }
            let attr = |(name, (fit, count)): (&String, &(Fit, u64))| {
                // a Json may be left out anyway
                let optional = if *count < kind.count && *fit != Fit::Json { "?" } else { "" };
                format!("{}: {}{optional}", quoted(name), fit.show())
            };
            let attrs: Vec<String> = kind.attrs.iter().map(attr).collect();
            if !attrs.is_empty() {
                let _ = write!(out, " {{ {} }}", attrs.join(", "));
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_program_cannot_name_is_not_inferred() {
        for node in
            [r#"{"kind": "A", "id": "a", "": 1}"#, r#"{"kind": "A", "id": "a", "`": 1}"#, r#"{"kind": "A\nB", "id": "a"}"#]
        {
            let text = format!(r#"{{"nodes": [{node}], "edges": []}}"#);
            let mut sources = Sources::new();
            let input = Input { name: "a.json", bytes: text.as_bytes(), format: Format::Json };
            let (_, found) = infer(&input, &Limits::default(), &mut sources);
            assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [CANNOT_INFER], "{text}");
        }
    }

    use super::super::document::Format;
    use super::super::kit_tests::{line, program};
    use super::*;

    fn inferred(text: &str) -> (String, Vec<String>) {
        let mut sources = Sources::new();
        let input = Input { name: "a.json", bytes: text.as_bytes(), format: Format::Json };
        let (inferred, found) = infer(&input, &Limits::default(), &mut sources);
        (inferred.source(), found.iter().map(|d| line(d, &sources)).collect())
    }

    #[test]
    fn declarations_are_the_least_that_fit_and_check() {
        let (source, found) = inferred(
            r#"{"edges": [{"kind": "calls", "from": "b", "to": "a", "w": 1}, {"kind": "calls", "from": "h", "to": "a", "w": 0.5}],
            "nodes": [{"id": "a", "kind": "Service", "tier": 1, "tags": ["x"], "x": 1, "on": "2026-01-03T10:00:00Z"},
            {"id": "b", "kind": "Service", "tier": 2, "tags": [], "x": "y", "up": true, "on": "2026-01-03T10:00:00Z"}, {"id": "h", "kind": "aws:s3", "in": {}}],
            "events": [{"id": "e", "kind": "Deploy", "at": "2026-01-03T10:00:00Z", "by": "kim"}]}"#,
        );
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(
            source,
            "node Service { on: Time, tags: [Text], tier: Int, up: Bool?, x: Json }\nnode `aws:s3` { `in`: Json }\n\
             edge calls: Service | `aws:s3` -> Service { w: Float }\nevent Deploy { by: Text }\n"
        );
        assert_eq!(program(&source).schema.kinds.len(), 4);
    }

    #[test]
    fn what_cannot_be_inferred_is_said() {
        assert_eq!(
            inferred("{\"x\": 1}").1,
            ["1:1 cannot-infer no declarations can be inferred: the candidate has no `nodes`, `edges` or `events`"]
        );
        assert_eq!(inferred("{\"nodes\": []}").1, ["1:1 missing-section the candidate has nodes but no list of edges"]);
        let both = r#"{"nodes": [{"id": "a", "kind": "K"}], "edges": [{"kind": "K", "from": "a", "to": "a"}]}"#;
        assert_eq!(inferred(both).1, ["1:58 cannot-infer `K` is a kind of nodes and of edges"]);
        assert_eq!(inferred("[").1.len(), 1);
        assert_eq!(inferred("[]").1.len(), 1);
    }
}
