//! The types of values, as declarations name them and as the checker infers them. Made by semantics, read by cast, candidate and plan.
use std::sync::Arc;

/// The names of types, which no kind may take.
pub const TYPE_NAMES: [&str; 10] = ["Bool", "Int", "Float", "Text", "Time", "Duration", "Json", "Node", "Edge", "Event"];

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

/// A type as users write it: `Int in 1..3`, `Text?`, `[Text]`, `"up" | "down"`, `Service | Host`, `Node`.
pub fn describe(t: &Type, kind_name: &dyn Fn(KindId) -> String) -> String {
    match t {
        Type::Bool => "Bool".into(),
        Type::Int(None) => "Int".into(),
        Type::Int(Some((a, b))) => format!("Int in {a}..{b}"),
        Type::Float(None) => "Float".into(),
        Type::Float(Some((a, b))) => format!("Float in {:?}..{:?}", a.get(), b.get()),
        Type::Text => "Text".into(),
        Type::Literals(l) => l.iter().map(|t| super::display::quote(t)).collect::<Vec<_>>().join(" | "),
        Type::Time => "Time".into(),
        Type::Duration => "Duration".into(),
        Type::Json => "Json".into(),
        Type::List(t) => format!("[{}]", describe(t, kind_name)),
        Type::Optional(t) => {
            let inner = describe(t, kind_name);
            if inner.contains(" | ") || inner.contains(" in ") && !inner.starts_with('[') {
                format!("({inner})?")
            } else {
                format!("{inner}?")
            }
        }
        Type::Node(k) => kinds(k, "Node", kind_name),
        Type::Edge(k) => kinds(k, "Edge", kind_name),
        Type::Event(k) => kinds(k, "Event", kind_name),
        Type::None => "none".into(),
        Type::Error => "unknown".into(),
    }
}

fn kinds(k: &Kinds, any: &str, kind_name: &dyn Fn(KindId) -> String) -> String {
    match k {
        Kinds::Any => any.into(),
        Kinds::Of(ids) => ids.iter().map(|k| kind_name(*k)).collect::<Vec<_>>().join(" | "),
    }
}

/// A type with its article, where the names of kinds are not known: `an Int in 1..3`, `a Text`, `a list [Text]`.
pub fn with_article(t: &Type) -> String {
    match t {
        Type::Int(_) => format!("an {}", plain(t)),
        Type::List(_) => format!("a list {}", plain(t)),
        Type::Edge(_) | Type::Event(_) => format!("an {}", plain(t)),
        Type::Literals(_) | Type::None | Type::Error => plain(t),
        _ => format!("a {}", plain(t)),
    }
}

/// A type as users write it, where the names of kinds are not known.
pub fn plain(t: &Type) -> String {
    match t {
        Type::List(t) => format!("[{}]", plain(t)),
        Type::Optional(t) if t.is_element() => format!("{}?", plain(t)),
        Type::Node(_) => "Node".into(),
        Type::Edge(_) => "Edge".into(),
        Type::Event(_) => "Event".into(),
        _ => describe(t, &|_| String::new()),
    }
}

impl Type {
    /// Whether it is a node, an edge or an event.
    pub fn is_element(&self) -> bool {
        matches!(self, Type::Node(_) | Type::Edge(_) | Type::Event(_))
    }
    /// Whether a node, an edge or an event is somewhere in it.
    pub fn has_elements(&self) -> bool {
        match self {
            Type::List(t) | Type::Optional(t) => t.has_elements(),
            t => t.is_element(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Float;

    #[test]
    fn types_are_shown_as_users_write_them() {
        let name = |k: KindId| ["Service", "Host"].get(k.0 as usize).copied().unwrap_or("?").to_string();
        let literals = Type::Literals(Arc::new(["down".into(), "up".into()]));
        let (half, one) = (Float::new(0.5).unwrap(), Float::new(1.0).unwrap());
        for (t, shown) in [
            (Type::Int(Some((1, 3))), "Int in 1..3"),
            (Type::Int(Some((1, 3))).optional(), "(Int in 1..3)?"),
            (Type::Float(Some((half, one))), "Float in 0.5..1.0"),
            (Type::Text.optional(), "Text?"),
            (Type::Text.list(), "[Text]"),
            (literals.clone(), r#""down" | "up""#),
            (literals.optional(), r#"("down" | "up")?"#),
            (Type::Node(Kinds::Of(Arc::new([KindId(0), KindId(1)]))), "Service | Host"),
            (Type::node(KindId(0)).optional(), "Service?"),
            (Type::Node(Kinds::Any), "Node"),
            (Type::Event(Kinds::Any).list(), "[Event]"),
        ] {
            assert_eq!(describe(&t, &name), shown);
        }
        assert_eq!(with_article(&Type::Int(None)), "an Int");
        assert_eq!(with_article(&Type::Text.list()), "a list [Text]");
        assert_eq!(with_article(&Type::node(KindId(7)).optional()), "a Node?");
    }
}
