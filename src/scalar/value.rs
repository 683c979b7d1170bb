//! Values, and their total order. Read and made everywhere.
use std::sync::Arc;

/// A float that is never NaN, with a total order; `-0.0` is stored as `0.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Float(f64);

impl Float {
    /// None for NaN.
    pub fn new(x: f64) -> Option<Float> {
        if x.is_nan() { None } else { Some(Float(x + 0.0)) }
    }
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}
impl Eq for Float {}
impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Float {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl std::hash::Hash for Float {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state)
    }
}

/// A node, edge or event of one structure, by its number there. The numbers are given in an order that the
/// candidate's own order does not influence, so comparing them is comparing the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// A node.
    Node(u32),
    /// An edge.
    Edge(u32),
    /// An event.
    Event(u32),
}

/// Fields of a record, sorted by name, without repeats.
pub type Fields = Arc<[(Arc<str>, Value)]>;

/// A value. JSON values are values too: an object is a `Record`, `null` is `None`; a JSON number without a fractional
/// part that fits 64 bits is an `Int`, whatever its spelling (canonical JSON does not know the difference).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Absent.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(Float),
    /// Text, ordered by scalar value.
    Text(Arc<str>),
    /// Microseconds since 1970 (UTC).
    Time(i64),
    /// Microseconds.
    Duration(i64),
    /// A node, edge or event.
    Element(Element),
    /// A list.
    List(Arc<[Value]>),
    /// A record.
    Record(Fields),
    /// A part of a document that has not been read yet; only readers see it.
    Lazy(super::json::Lazy),
}

impl Value {
    /// Text.
    pub fn text(s: impl Into<Arc<str>>) -> Value {
        Value::Text(s.into())
    }
    /// A float, or None if it is NaN.
    pub fn float(x: f64) -> Option<Value> {
        Float::new(x).map(Value::Float)
    }
    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(items.into())
    }
}
