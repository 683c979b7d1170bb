//! The types of values, as declarations name them and as the checker infers them. Made by semantics, read by cast, candidate and plan.
use std::sync::Arc;

/// A kind of node, edge or event: its index in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub u32);

/// Which kinds an element may be of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kinds {
    /// Any kind of that sort (`Node`, `Edge`, `Event`).
    Any,
    /// One of these (or of a kind that is one of these). Sorted, without repeats, never empty.
    Of(Arc<[KindId]>),
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `true`, `false`.
    Bool,
    /// 64 bit, checked; with the bounds of `Int in a..b`, if any.
    Int(Option<(i64, i64)>),
    /// 64 bit IEEE, never NaN; with the bounds of `Float in a..b`, if any.
    Float(Option<(super::value::Float, super::value::Float)>),
    /// Text.
    Text,
    /// One of these texts. Sorted, without repeats.
    Literals(Arc<[Arc<str>]>),
    /// An instant, in microseconds since 1970 (UTC).
    Time,
    /// A span of time, in microseconds.
    Duration,
    /// A JSON value (dynamically typed).
    Json,
    /// A list.
    List(Arc<Type>),
    /// May be absent. Never nested.
    Optional(Arc<Type>),
    /// A node of one of these kinds.
    Node(Kinds),
    /// An edge of one of these kinds.
    Edge(Kinds),
    /// An event of one of these kinds.
    Event(Kinds),
    /// The type of `none` alone.
    None,
    /// What could not be typed; fits everything, so that one mistake is reported once.
    Error,
}

impl Type {
    /// This type, or absent.
    pub fn optional(self) -> Type {
        match self {
            Type::Optional(_) | Type::None | Type::Error => self,
            t => Type::Optional(Arc::new(t)),
        }
    }
    /// This type with absence taken away.
    pub fn present(&self) -> &Type {
        match self {
            Type::Optional(t) => t,
            t => t,
        }
    }
    /// A list of this.
    pub fn list(self) -> Type {
        Type::List(Arc::new(self))
    }
    /// Whether a value may be absent (a Json counts as present: its absence is found when it is read).
    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_) | Type::None)
    }
    /// A node of this one kind.
    pub fn node(kind: KindId) -> Type {
        Type::Node(Kinds::Of(Arc::new([kind])))
    }
}
