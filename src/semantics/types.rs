//! The order of types: what fits where, what two have in common, how they are written. Fed by the schema, used by every check.
use crate::scalar::{KindId, Kinds, Type};
use crate::structure::schema::{Schema, Sort};
use std::sync::Arc;

/// How a value of one type gets to be of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// As it is.
    Exact,
    /// An Int becomes a Float.
    Widen,
    /// A Json is read.
    Read,
    /// The value may be outside of the bounds: found when it is known.
    Refine,
    /// The element may be of another kind.
    Narrow,
    /// It may be absent.
    Absent,
    /// Never.
    No,
}

/// A type as users write it.
pub fn show(schema: &Schema, t: &Type) -> String {
    crate::scalar::types::describe(t, &|k| schema.name(k).to_string())
}

/// The sort and kinds of an element's type.
pub fn element(t: &Type) -> Option<(Sort, &Kinds)> {
    match t {
        Type::Node(k) => Some((Sort::Node, k)),
        Type::Edge(k) => Some((Sort::Edge, k)),
        Type::Event(k) => Some((Sort::Event, k)),
        _ => None,
    }
}

/// The type of the elements of `kinds`.
pub fn of(sort: Sort, kinds: Kinds) -> Type {
    match sort {
        Sort::Node => Type::Node(kinds),
        Sort::Edge => Type::Edge(kinds),
        Sort::Event => Type::Event(kinds),
    }
}

/// The type of the elements of one kind.
pub fn of_kind(schema: &Schema, kind: KindId) -> Type {
    match schema.kind(kind) {
        Some(k) => of(k.sort, one(kind)),
        None => Type::Error,
    }
}

/// One kind.
pub fn one(kind: KindId) -> Kinds {
    Kinds::Of(Arc::new([kind]))
}

/// Kinds without repeats and without those that are covered by another of them; `None` if there are none.
pub fn normal(schema: &Schema, mut kinds: Vec<KindId>) -> Option<Kinds> {
    kinds.sort();
    kinds.dedup();
    let all = kinds.clone();
    kinds.retain(|k| !all.iter().any(|other| other != k && schema.is_a(*k, *other)));
    if kinds.is_empty() { None } else { Some(Kinds::Of(kinds.into())) }
}

/// The kinds that an element of both may be of; `None` if there can be no such element.
pub fn meet_kinds(schema: &Schema, a: &Kinds, b: &Kinds) -> Option<Kinds> {
    match (a, b) {
        (Kinds::Any, other) | (other, Kinds::Any) => Some(other.clone()),
        (Kinds::Of(x), Kinds::Of(y)) => {
            let mut found = vec![];
            for k in x.iter() {
                for l in y.iter() {
                    if schema.is_a(*k, *l) {
                        found.push(*k);
                    } else if schema.is_a(*l, *k) {
                        found.push(*l);
                    }
                }
            }
            normal(schema, found)
        }
    }
}

/// The kinds that an element of either may be of.
pub fn join_kinds(schema: &Schema, a: &Kinds, b: &Kinds) -> Kinds {
    match (a, b) {
        (Kinds::Any, _) | (_, Kinds::Any) => Kinds::Any,
        (Kinds::Of(x), Kinds::Of(y)) => normal(schema, x.iter().chain(y.iter()).copied().collect()).unwrap_or(Kinds::Any),
    }
}

/// Whether every element of `a` is one of `b`.
pub fn covers(schema: &Schema, b: &Kinds, a: &Kinds) -> bool {
    match (a, b) {
        (_, Kinds::Any) => true,
        (Kinds::Any, Kinds::Of(_)) => false,
        (Kinds::Of(x), b) => x.iter().all(|k| schema.within(*k, b)),
    }
}

/// What both types have in common, as types of one variable; `None` if no value is of both.
pub fn meet(schema: &Schema, a: &Type, b: &Type) -> Option<Type> {
    if let (Some((s, x)), Some((t, y))) = (element(a), element(b)) {
        return if s == t { meet_kinds(schema, x, y).map(|k| of(s, k)) } else { None };
    }
    Some(match (a, b) {
        (Type::Error, t) | (t, Type::Error) => t.clone(),
        (Type::Optional(x), Type::Optional(y)) => meet(schema, x, y)?.optional(),
        (Type::Optional(x), y) | (y, Type::Optional(x)) => meet(schema, x, y)?,
        (Type::Json, t) | (t, Type::Json) if element(t).is_none() => Type::Json,
        (Type::Int(_), Type::Int(_)) => {
            if a == b {
                a.clone()
            } else {
                Type::Int(None)
            }
        }
        (Type::Float(_), Type::Float(_)) => {
            if a == b {
                a.clone()
            } else {
                Type::Float(None)
            }
        }
        (Type::Text | Type::Literals(_), Type::Text | Type::Literals(_)) => {
            if a == b {
                a.clone()
            } else {
                Type::Text
            }
        }
        (Type::List(x), Type::List(y)) => meet(schema, x, y)?.list(),
        _ if a == b => a.clone(),
        _ => return None,
    })
}

/// The least type that both fit (an Int beside a Float has still to be widened); `None` if there is none.
pub fn join(schema: &Schema, a: &Type, b: &Type) -> Option<Type> {
    if a == b {
        return Some(a.clone());
    }
    if let (Some((s, x)), Some((t, y))) = (element(a), element(b)) {
        return if s == t { Some(of(s, join_kinds(schema, x, y))) } else { None };
    }
    Some(match (a, b) {
        (Type::Error, _) | (_, Type::Error) => Type::Error,
        (Type::None, t) | (t, Type::None) => t.clone().optional(),
        (Type::Optional(x), Type::Optional(y)) => join(schema, x, y)?.optional(),
        (Type::Optional(x), t) | (t, Type::Optional(x)) => join(schema, x, t)?.optional(),
        (Type::Json, t) | (t, Type::Json) => {
            if has_elements(t) {
                return None;
            } else {
                Type::Json
            }
        }
        (Type::Int(x), Type::Int(y)) => Type::Int(hull(*x, *y)),
        (Type::Float(x), Type::Float(y)) => Type::Float(hull(*x, *y)),
        (Type::Int(_), Type::Float(_)) | (Type::Float(_), Type::Int(_)) => Type::Float(None),
        (Type::Literals(x), Type::Literals(y)) => {
            let mut all: Vec<Arc<str>> = x.iter().chain(y.iter()).cloned().collect();
            all.sort();
            all.dedup();
            Type::Literals(all.into())
        }
        (Type::Text | Type::Literals(_), Type::Text | Type::Literals(_)) => Type::Text,
        (Type::List(x), Type::List(y)) => {
            // the empty list has items of no type
            match (&**x, &**y) {
                (Type::Error, t) | (t, Type::Error) => t.clone().list(),
                (x, y) => join(schema, x, y)?.list(),
            }
        }
        _ => return None,
    })
}

fn hull<T: Ord + Copy>(a: Option<(T, T)>, b: Option<(T, T)>) -> Option<(T, T)> {
    let ((a, b), (c, d)) = (a?, b?);
    Some((a.min(c), b.max(d)))
}

/// Whether a node, an edge or an event is somewhere in it.
pub fn has_elements(t: &Type) -> bool {
    t.has_elements()
}

/// The type without its bounds: what two values are compared as.
pub fn base(t: &Type) -> Type {
    match t {
        Type::Int(_) => Type::Int(None),
        Type::Float(_) => Type::Float(None),
        Type::Literals(_) => Type::Text,
        Type::List(t) => base(t).list(),
        Type::Optional(t) => base(t).optional(),
        t => t.clone(),
    }
}

/// Whether `x == y` can be true for an `x` of the one and a `y` of the other (numbers of both sorts are compared).
pub fn comparable(schema: &Schema, a: &Type, b: &Type) -> bool {
    let (a, b) = (a.present(), b.present());
    if let (Some((s, x)), Some((t, y))) = (element(a), element(b)) {
        return s == t && meet_kinds(schema, x, y).is_some();
    }
    match (a, b) {
        (Type::Error | Type::None, _) | (_, Type::Error | Type::None) => true,
        (Type::Json, t) | (t, Type::Json) => !matches!(t, Type::Edge(_)),
        (Type::Int(_) | Type::Float(_), Type::Int(_) | Type::Float(_)) => true,
        (Type::Literals(x), Type::Literals(y)) => x.iter().any(|t| y.contains(t)),
        (Type::Text | Type::Literals(_), Type::Text | Type::Literals(_)) => true,
        (Type::List(x), Type::List(y)) => comparable(schema, x, y),
        _ => a == b,
    }
}

/// Whether values of the type have an order.
pub fn ordered(t: &Type) -> bool {
    matches!(t, Type::Int(_) | Type::Float(_) | Type::Text | Type::Literals(_) | Type::Time | Type::Duration | Type::Error)
}

/// How a value of type `from` gets to be of type `to`.
pub fn fit(schema: &Schema, from: &Type, to: &Type) -> Fit {
    if let (Some((s, x)), Some((t, y))) = (element(from), element(to)) {
        return match s == t {
            false => Fit::No,
            true if covers(schema, y, x) => Fit::Exact,
            true if meet_kinds(schema, x, y).is_some() => Fit::Narrow,
            true => Fit::No,
        };
    }
    match (from, to) {
        (Type::Error, _) | (_, Type::Error) => Fit::Exact,
        (Type::None, Type::Optional(_) | Type::None | Type::Json) => Fit::Exact,
        (Type::Optional(f), Type::Optional(t)) => fit(schema, f, t),
        (Type::Optional(f), Type::Json) => {
            if has_elements(f) {
                Fit::No
            } else {
                Fit::Exact
            }
        }
        (Type::Optional(f), t) => {
            if fit(schema, f, t) == Fit::No {
                Fit::No
            } else {
                Fit::Absent
            }
        }
        (f, Type::Optional(t)) => fit(schema, f, t),
        (Type::None, _) => Fit::Absent,
        (Type::Json, Type::Json) => Fit::Exact,
        (Type::Json, t) => match t {
            Type::Node(Kinds::Of(k)) | Type::Event(Kinds::Of(k)) if k.len() == 1 => Fit::Read,
            t if has_elements(t) => Fit::No,
            _ => Fit::Read,
        },
        (f, Type::Json) => {
            if has_elements(f) {
                Fit::No
            } else {
                Fit::Exact
            }
        }
        (Type::Int(b), Type::Int(c)) => within(*b, *c),
        (Type::Float(b), Type::Float(c)) => within(*b, *c),
        (Type::Int(_), Type::Float(None)) => Fit::Widen,
        (Type::Int(_), Type::Float(Some(_))) => Fit::Refine,
        (Type::Text | Type::Literals(_), Type::Text) => Fit::Exact,
        (Type::Text, Type::Literals(_)) => Fit::Refine,
        (Type::Literals(x), Type::Literals(y)) => match x.iter().filter(|t| y.contains(t)).count() {
            0 => Fit::No,
            n if n == x.len() => Fit::Exact,
            _ => Fit::Refine,
        },
        (Type::List(f), Type::List(t)) => match fit(schema, f, t) {
            Fit::Exact => Fit::Exact,
            Fit::Widen | Fit::Read | Fit::Refine if !has_elements(t) => Fit::Refine,
            _ => Fit::No,
        },
        (f, t) if f == t => Fit::Exact,
        _ => Fit::No,
    }
}

fn within<T: Ord + Copy>(inner: Option<(T, T)>, outer: Option<(T, T)>) -> Fit {
    match (inner, outer) {
        (_, None) => Fit::Exact,
        (Some((a, b)), Some((c, d))) if c <= a && b <= d => Fit::Exact,
        (Some((a, b)), Some((c, d))) if b < c || d < a => Fit::No,
        _ => Fit::Refine,
    }
}
