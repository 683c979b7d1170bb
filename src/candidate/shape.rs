//! What an element of each kind looks like, prepared for reading many of them: attributes in the order of rows, names to look up.
//! Fed by the schema, read by native, assemble and reader.
use crate::base::Place;
use crate::scalar::{KindId, Kinds, Type, Value};
use crate::structure::{AttrId, Schema, Sort};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// One attribute of a kind.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Which.
    pub attr: AttrId,
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// What it is when left out.
    pub default: Option<Value>,
    /// Whether a mechanism defines it.
    pub mechanism: bool,
    /// Whether something must be given.
    pub required: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A kind.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Which.
    pub kind: KindId,
    /// Node, edge or event.
    pub sort: Sort,
    /// Its name.
    pub name: Arc<str>,
    /// Whether undeclared attributes are admitted.
    pub open: bool,
    /// Its attributes, as rows have them.
    pub slots: Vec<Slot>,
    /// For edges: the kinds of their ends.
    pub ends: (Kinds, Kinds),
    /// This kind alone, as a set of kinds.
    pub alone: Kinds,
    /// Where it is declared.
    pub place: Place,
}

impl Shape {
    /// The position of an attribute in rows. `near` is tried first.
    pub fn position(&self, name: &str, near: usize) -> Option<usize> {
        match self.slots.get(near) {
            Some(s) if &*s.name == name => Some(near),
            _ => self.slots.iter().position(|s| &*s.name == name),
        }
    }
}

/// All kinds.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// By `KindId`.
    pub list: Vec<Shape>,
    names: FxHashMap<Sort, FxHashMap<Arc<str>, KindId>>,
}

impl Shapes {
    /// Prepares a schema.
    pub fn new(schema: &Schema) -> Shapes {
        let slot = |attr: AttrId| {
            let a = schema.attr(attr)?;
            // a Json may be left out: what is not there reads as absent
            let left_out = a.ty.is_optional() || a.ty == Type::Json || a.default.is_some() || a.mechanism;
            let required = !left_out;
            let (name, ty, default) = (a.name.clone(), a.ty.clone(), a.default.clone());
            Some(Slot { attr, name, ty, default, mechanism: a.mechanism, required, place: a.place })
        };
        let list = schema.kinds.iter().enumerate().map(|(i, k)| {
            let kind = KindId(i as u32);
            let slots = schema.attrs_of(kind).into_iter().filter_map(slot).collect();
            let ends = k.ends.clone().unwrap_or((Kinds::Any, Kinds::Any));
            let alone = Kinds::Of(Arc::new([kind]));
            let open = schema.ancestors(kind).any(|a| schema.kind(a).is_some_and(|a| a.open));
            Shape { kind, sort: k.sort, name: k.name.clone(), open, slots, ends, alone, place: k.place }
        });
        let list: Vec<Shape> = list.collect();
        let mut names: FxHashMap<Sort, FxHashMap<Arc<str>, KindId>> = FxHashMap::default();
        for s in &list {
            names.entry(s.sort).or_default().insert(s.name.clone(), s.kind);
        }
        Shapes { list, names }
    }
    /// A kind.
    pub fn get(&self, kind: KindId) -> Option<&Shape> {
        self.list.get(kind.0 as usize)
    }
    /// The kind of a sort and name.
    pub fn find(&self, sort: Sort, name: &str) -> Option<KindId> {
        self.names.get(&sort)?.get(name).copied()
    }
    /// The names of the kinds of a sort.
    pub fn names(&self, sort: Sort) -> impl Iterator<Item = &str> {
        self.list.iter().filter(move |s| s.sort == sort).map(|s| &*s.name)
    }
}

/// `node`, `edge` or `event`.
pub fn word(sort: Sort) -> &'static str {
    match sort {
        Sort::Node => "node",
        Sort::Edge => "edge",
        Sort::Event => "event",
    }
}

/// Names in backticks with commas, cut after ten.
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown: Vec<String> = names.iter().take(10).map(|n| format!("`{n}`")).collect();
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// `a` or `an`, as the word wants it.
pub fn article(word: &str) -> &'static str {
    match word.chars().next().map(|c| c.to_ascii_lowercase()) {
        Some('a' | 'e' | 'i' | 'o' | 'u') => "an",
        _ => "a",
    }
}
