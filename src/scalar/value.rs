//! Values, and their total order. Read and made everywhere.
use std::cmp::Ordering;
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
///
/// The order is total: by sort of value first, numbers of both sorts by what they are worth (an `Int` before the equal `Float`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// A record; of two fields with one name the last counts.
    pub fn record(fields: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        let fields: std::collections::BTreeMap<Arc<str>, Value> = fields.into_iter().collect();
        Value::Record(fields.into_iter().collect())
    }
    /// Whether it is absent.
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }
    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }
    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            _ => None,
        }
    }
    /// The number as a float, if it is a number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Int(i) => Some(*i as f64),
            Value::Float(x) => Some(x.get()),
            _ => None,
        }
    }
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }
    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(l) => Some(l),
            _ => None,
        }
    }
    /// The field of a record, if it is one and has it.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Record(fields) => {
                let at = fields.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
                fields.get(at).map(|(_, v)| v)
            }
            _ => None,
        }
    }
    fn rank(&self) -> u8 {
        match self {
            Value::None => 0,
            Value::Bool(_) => 1,
            Value::Int(_) | Value::Float(_) => 2,
            Value::Text(_) => 3,
            Value::Time(_) => 4,
            Value::Duration(_) => 5,
            Value::Element(_) => 6,
            Value::List(_) => 7,
            Value::Record(_) => 8,
            Value::Lazy(_) => 9,
        }
    }
}

/// Compares a whole number with a float by what they are worth, without rounding.
pub fn compare_numbers(i: i64, x: Float) -> Ordering {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    let x = x.get();
    if x >= EDGE {
        Ordering::Less
    } else if x < -EDGE {
        Ordering::Greater
    } else {
        let whole = x.floor();
        i.cmp(&(whole as i64)).then(if x > whole { Ordering::Less } else { Ordering::Equal })
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Float(a), Value::Float(b)) => a.cmp(b),
            (Value::Int(a), Value::Float(b)) => compare_numbers(*a, *b).then(Ordering::Less),
            (Value::Float(a), Value::Int(b)) => compare_numbers(*b, *a).reverse().then(Ordering::Greater),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
            (Value::Element(a), Value::Element(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) => a.cmp(b),
            (Value::Record(a), Value::Record(b)) => a.cmp(b),
            (Value::Lazy(a), Value::Lazy(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_sorts_are_ordered_by_worth() {
        let f = |x| Value::float(x).unwrap();
        let sorted = [
            f(-1e30),
            Value::Int(i64::MIN),
            f(-2.5),
            Value::Int(-2),
            Value::Int(2),
            f(2.0),
            f(2.5),
            Value::Int(i64::MAX),
            f(9.3e18),
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
        // 2^53 + 1 is no float: the neighbours must not be taken for equal
        assert_eq!(compare_numbers((1 << 53) + 1, Float::new((1u64 << 53) as f64).unwrap()), Ordering::Greater);
    }

    #[test]
    fn text_is_ordered_by_scalar_value() {
        // U+FFFD is after U+1F4A1's first UTF-16 unit, but before the character itself
        assert!(Value::text("\u{fffd}") < Value::text("\u{1f4a1}"));
        assert!(Value::text("Z") < Value::text("a"));
        assert!(Value::text("a") < Value::text("ä"));
    }

    #[test]
    fn minus_zero_is_zero() {
        assert_eq!(Value::float(-0.0), Value::float(0.0));
        assert_eq!(Value::float(f64::NAN), None);
    }

    #[test]
    fn of_two_fields_with_one_name_the_last_counts() {
        let r = Value::record([("b".into(), Value::Int(1)), ("a".into(), Value::Int(2)), ("b".into(), Value::Int(3))]);
        assert_eq!(r.field("b"), Some(&Value::Int(3)));
        assert_eq!(r.field("c"), None);
    }
}
