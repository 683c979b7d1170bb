//! Interned values: a `Val` is 32 bits and equal exactly when the value is. A dictionary belongs to one structure or one monitor.
use super::size;
use super::value::{Element, Value};
use indexmap::IndexSet;
use std::cmp::Ordering;

/// An interned value. Elements, small integers, truth values and `none` are inline; the rest is looked up in the [`Dictionary`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Val(u32);

const SHIFT: u32 = 29;
const MASK: u32 = (1 << SHIFT) - 1;
const NODE: u32 = 0;
const EDGE: u32 = 1;
const EVENT: u32 = 2;
const INT: u32 = 3;
const OTHER: u32 = 4;
const SPECIAL: u32 = 5;
const FAULT: u32 = 6;
const HALF: i64 = 1 << (SHIFT - 1);

impl Val {
    /// Absent.
    pub const NONE: Val = Val(SPECIAL << SHIFT);
    /// `false`.
    pub const FALSE: Val = Val(SPECIAL << SHIFT | 1);
    /// `true`.
    pub const TRUE: Val = Val(SPECIAL << SHIFT | 2);
    /// The most elements of one sort, and the most interned values, there can be.
    pub const LIMIT: usize = MASK as usize;

    /// A node by its number.
    pub fn node(n: u32) -> Val {
        Val(NODE << SHIFT | n & MASK)
    }
    /// An edge by its number.
    pub fn edge(n: u32) -> Val {
        Val(EDGE << SHIFT | n & MASK)
    }
    /// An event by its number.
    pub fn event(n: u32) -> Val {
        Val(EVENT << SHIFT | n & MASK)
    }
    /// A fault by its number in the run's table of faults.
    pub fn fault(n: u32) -> Val {
        Val(FAULT << SHIFT | n & MASK)
    }
    /// A truth value.
    pub fn bool(b: bool) -> Val {
        if b { Val::TRUE } else { Val::FALSE }
    }
    /// A small integer, if it is small enough to be inline.
    pub fn small(i: i64) -> Option<Val> {
        (-HALF..HALF).contains(&i).then_some(Val(INT << SHIFT | (i as u32) & MASK))
    }
    fn tag(self) -> u32 {
        self.0 >> SHIFT
    }
    /// The number of a node.
    pub fn as_node(self) -> Option<u32> {
        (self.tag() == NODE).then_some(self.0)
    }
    /// The number of an edge.
    pub fn as_edge(self) -> Option<u32> {
        (self.tag() == EDGE).then_some(self.0 & MASK)
    }
    /// The number of an event.
    pub fn as_event(self) -> Option<u32> {
        (self.tag() == EVENT).then_some(self.0 & MASK)
    }
    /// The element, if it is one.
    pub fn as_element(self) -> Option<Element> {
        self.as_node().map(Element::Node).or(self.as_edge().map(Element::Edge)).or(self.as_event().map(Element::Event))
    }
    /// The number of a fault.
    pub fn as_fault(self) -> Option<u32> {
        (self.tag() == FAULT).then_some(self.0 & MASK)
    }
    /// The integer, if it is inline.
    pub fn as_small(self) -> Option<i64> {
        (self.tag() == INT).then_some((((self.0 << (32 - SHIFT)) as i32) >> (32 - SHIFT)) as i64)
    }
    /// The position in its dictionary, if it is not inline: small numbers without gaps, for tables that are indexed by them.
    pub fn position(self) -> Option<usize> {
        (self.tag() == OTHER).then_some((self.0 & MASK) as usize)
    }
    /// The 32 bits, for tables that are keyed by them.
    pub fn bits(self) -> u32 {
        self.0
    }
    /// The inverse of [`Val::bits`].
    pub fn from_bits(bits: u32) -> Val {
        Val(bits)
    }
}

/// The table of interned values.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    values: IndexSet<Value, foldhash::fast::RandomState>,
    /// About what they take, beyond a place in the table.
    bytes: u64,
}

impl Dictionary {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
    /// The interned form of a value, if it is known.
    pub fn find(&self, value: &Value) -> Option<Val> {
        inline(value).or_else(|| self.values.get_index_of(value).map(|i| Val(OTHER << SHIFT | i as u32)))
    }
    /// The interned form of a value.
    pub fn intern(&mut self, value: Value) -> Val {
        match inline(&value) {
            Some(v) => v,
            None => {
                let bytes = size::bytes(&value) as u64;
                let (at, new) = self.values.insert_full(value);
                if new {
                    self.bytes += bytes;
                }
                Val(OTHER << SHIFT | at as u32 & MASK)
            }
        }
    }
    /// Interns text without making a value of it if it is known.
    pub fn intern_text(&mut self, text: &str) -> Val {
        match self.values.get_index_of(&Known(text)) {
            Some(i) => Val(OTHER << SHIFT | i as u32 & MASK),
            None => self.intern(Value::text(text)),
        }
    }
    /// The value. A fault, and what this dictionary does not know, give `Value::None`.
    pub fn value(&self, v: Val) -> Value {
        match v.tag() {
            OTHER => self.values.get_index((v.0 & MASK) as usize).cloned().unwrap_or(Value::None),
            NODE => Value::Element(Element::Node(v.0 & MASK)),
            EDGE => Value::Element(Element::Edge(v.0 & MASK)),
            EVENT => Value::Element(Element::Event(v.0 & MASK)),
            INT => Value::Int(v.as_small().unwrap_or(0)),
            _ if v == Val::TRUE => Value::Bool(true),
            _ if v == Val::FALSE => Value::Bool(false),
            _ => Value::None,
        }
    }
    /// The value behind a `Val` that is not inline.
    pub fn get(&self, v: Val) -> Option<&Value> {
        if v.tag() == OTHER { self.values.get_index((v.0 & MASK) as usize) } else { None }
    }
    /// The text of a text.
    pub fn text(&self, v: Val) -> Option<&str> {
        match self.get(v) {
            Some(Value::Text(t)) => Some(t),
            _ => None,
        }
    }
    /// The order of the values (never the order in which they were interned).
    pub fn compare(&self, a: Val, b: Val) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        match (a.as_small(), b.as_small()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => match (self.get(a), self.get(b)) {
                (Some(x), Some(y)) => x.cmp(y),
                _ => self.value(a).cmp(&self.value(b)),
            },
        }
    }
    /// Forgets the values behind the first so many, and gives them.
    pub fn cut(&mut self, keep: usize) -> Vec<Value> {
        if keep >= self.values.len() {
            return vec![];
        }
        let gone: Vec<Value> = self.values.split_off(keep).into_iter().collect();
        self.bytes = self.bytes.saturating_sub(gone.iter().map(|v| size::bytes(v) as u64).sum());
        gone
    }
    /// About how many bytes the values take.
    pub fn bytes(&self) -> u64 {
        self.values.len() as u64 * 56 + self.bytes
    }
    /// How many values are interned.
    pub fn len(&self) -> usize {
        self.values.len()
    }
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A text that is looked up without making a value of it. If it hashed otherwise than the value does, it would only be slower.
struct Known<'a>(&'a str);

impl std::hash::Hash for Known<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        static TEXT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::text(""));
        std::mem::discriminant::<Value>(&TEXT).hash(state);
        self.0.hash(state);
    }
}

impl indexmap::Equivalent<Value> for Known<'_> {
    fn equivalent(&self, value: &Value) -> bool {
        matches!(value, Value::Text(t) if **t == *self.0)
    }
}

fn inline(value: &Value) -> Option<Val> {
    match value {
        Value::None => Some(Val::NONE),
        Value::Bool(b) => Some(Val::bool(*b)),
        Value::Int(i) => Val::small(*i),
        Value::Element(Element::Node(n)) => Some(Val::node(*n)),
        Value::Element(Element::Edge(n)) => Some(Val::edge(*n)),
        Value::Element(Element::Event(n)) => Some(Val::event(*n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_without_making_a_value_of_it() {
        let mut d = Dictionary::new();
        // one value alone is found without its hash
        let (u, v) = (d.intern(Value::text("")), d.intern(Value::text("é")));
        assert_eq!(d.values.get_index_of(&Known("é")), Some(1));
        assert_eq!((d.intern_text(""), d.intern_text("é"), d.len()), (u, v, 2));
    }
}
