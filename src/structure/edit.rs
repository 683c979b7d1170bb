//! Changes of a structure, as data. Made by session (tests, interventions, the REPL), checked against each other in difference.
use super::graph::{Graph, quoted};
use super::schema::AttrId;
use crate::scalar::{Dictionary, KindId, Val, Value, json};

/// One change. Elements are those of the structure it is applied to; values are interned there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Takes an element away, a node's edges with it.
    Remove(Val),
    /// Gives an attribute a value; with a way into it, a part of a Json.
    Set {
        /// The element.
        of: Val,
        /// The attribute.
        attr: AttrId,
        /// Keys and positions on the way into a Json.
        path: Vec<Val>,
        /// The value.
        value: Val,
    },
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
            Change::Set { of, attr, path, value: x } => {
                let way = path.iter().map(|p| match dictionary.value(*p) {
                    Value::Text(t) => format!(".{}", quoted(&t)),
                    other => format!("[{}]", json::quoted(&other, &|e| graph.show(e))),
                });
                let attr = schema.attr(*attr).map_or("?".into(), |a| quoted(&a.name));
                format!("set {}.{attr}{} = {}", element(*of), way.collect::<String>(), value(*x))
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
