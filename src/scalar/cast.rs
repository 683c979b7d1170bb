//! Giving values types: what a Json must look like to be read as a type. Used by casts in programs, by the candidate's door and by `--param`.
use super::display::{brief, quote};
use super::expression::{Fault, FaultKind};
pub use super::instant::{format_duration, format_time, parse_duration, parse_time};
use super::json::from_json;
use super::types::{Type, with_article};
use super::value::{Element, Float, Value};
use std::sync::Arc;

/// The value as that type, or a fault that names both.
///
/// A Time is RFC 3339 text, a Duration text as in the language, an Int is also a Float, a list is cast item by item, bounds and
/// literals are checked; an optional type takes what is absent, Json takes anything. The kind of an element is not looked at here,
/// and no text or number becomes an element: that needs a structure.
pub fn cast(v: &Value, to: &Type) -> Result<Value, Fault> {
    match (v, to) {
        (_, Type::Json | Type::Error) => Ok(v.clone()),
        (Value::Lazy(lazy), _) => cast(&lazy.force()?, to),
        (Value::None, Type::Optional(_) | Type::None) => Ok(Value::None),
        (Value::None, _) => Err(Fault::new(FaultKind::Cast, format!("absent where {} is needed", with_article(to)))),
        (_, Type::Optional(t)) => cast(v, t),
        (Value::Bool(_), Type::Bool) | (Value::Text(_), Type::Text) => Ok(v.clone()),
        (Value::Time(_), Type::Time) | (Value::Duration(_), Type::Duration) => Ok(v.clone()),
        (Value::Text(t), Type::Time) => parse_time(t).map(Value::Time),
        (Value::Text(t), Type::Duration) => parse_duration(t).map(Value::Duration),
        (Value::Text(t), Type::Literals(allowed)) if allowed.iter().any(|a| a == t) => Ok(v.clone()),
        (Value::Text(t), Type::Literals(allowed)) => Err(not_one_of(t, allowed)),
        (Value::Int(i), Type::Int(bounds)) => within(*i, bounds, v, to),
        (Value::Float(x), Type::Int(bounds)) => match whole(*x) {
            Some(i) => within(i, bounds, v, to),
            None => Err(misfit(v, to)),
        },
        (Value::Int(_) | Value::Float(_), Type::Float(bounds)) => {
            let x = v.as_number().and_then(Float::new).filter(|x| x.get().is_finite()).ok_or_else(|| misfit(v, to))?;
            match bounds {
                Some((low, high)) if x < *low || x > *high => Err(misfit(v, to)),
                _ => Ok(Value::Float(x)),
            }
        }
        (Value::List(items), Type::List(t)) => {
            let item = |(i, v): (usize, &Value)| {
                cast(v, t).map_err(|f| Fault::new(f.kind, format!("{} (item {i} of a list, counted from 0)", f.text)))
            };
            Ok(Value::List(items.iter().enumerate().map(item).collect::<Result<Arc<[Value]>, Fault>>()?))
        }
        (Value::Element(Element::Node(_)), Type::Node(_))
        | (Value::Element(Element::Edge(_)), Type::Edge(_))
        | (Value::Element(Element::Event(_)), Type::Event(_)) => Ok(v.clone()),
        _ => Err(misfit(v, to)),
    }
}

fn within(i: i64, bounds: &Option<(i64, i64)>, v: &Value, to: &Type) -> Result<Value, Fault> {
    match bounds {
        Some((low, high)) if i < *low || i > *high => Err(misfit(v, to)),
        _ => Ok(Value::Int(i)),
    }
}

/// A float without a fractional part that fits 64 bits: canonical JSON does not know it from an Int.
fn whole(x: Float) -> Option<i64> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    let x = x.get();
    (x.fract() == 0.0 && (-EDGE..EDGE).contains(&x)).then_some(x as i64)
}

fn misfit(v: &Value, to: &Type) -> Fault {
    Fault::new(FaultKind::Cast, format!("`{}` is not {}", brief(v), with_article(to)))
}

fn not_one_of(text: &str, allowed: &[Arc<str>]) -> Fault {
    let shown = brief(&Value::text(text));
    let near = crate::base::diagnostic::nearest(text, allowed.iter().map(|a| &**a));
    let hint = near.map_or(String::new(), |n| format!(" (did you mean `{}`?)", quote(n)));
    let all = allowed.iter().take(8).map(|a| quote(a)).collect::<Vec<_>>().join(" | ");
    let more = if allowed.len() > 8 { " | …" } else { "" };
    Fault::new(FaultKind::Cast, format!("`{shown}` is not {all}{more}{hint}"))
}

/// What `--param name=text` gives a parameter of that type: JSON, or plain text where text is wanted; nothing needs quotes.
pub fn param(text: &str, to: &Type) -> Result<Value, Fault> {
    let json = || from_json(text).ok();
    let raw = match to.present() {
        _ if to.is_optional() && matches!(text, "none" | "null") => Value::None,
        Type::Text | Type::Literals(_) | Type::Time | Type::Duration => match json() {
            Some(Value::Text(inner)) => Value::Text(inner),
            _ => Value::text(text),
        },
        Type::Int(_) | Type::Float(_) => from_json(&text.replace('_', "")).ok().unwrap_or_else(|| Value::text(text)),
        _ => json().unwrap_or_else(|| Value::text(text)),
    };
    cast(&raw, to)
}

/// A Json as the id of a node: a text, or a whole number in decimal.
pub fn to_id(v: &Value) -> Result<Value, Fault> {
    match v {
        Value::Lazy(lazy) => to_id(&lazy.force()?),
        Value::Text(_) => Ok(v.clone()),
        Value::Int(i) => Ok(Value::text(i.to_string())),
        Value::None => Err(Fault::new(FaultKind::Cast, "absent where an id is needed")),
        _ => Err(Fault::new(FaultKind::Cast, format!("`{}` is not an id (a text or a whole number)", brief(v)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::json::Lazy;
    use crate::scalar::types::Kinds;

    fn json(text: &str) -> Value {
        from_json(text).unwrap()
    }
    fn text(v: Result<Value, Fault>) -> String {
        v.unwrap_err().text
    }
    const INT: Type = Type::Int(None);
    const FLOAT: Type = Type::Float(None);

    #[test]
    fn what_does_not_fit_is_a_fault_that_names_value_and_type() {
        assert_eq!(text(cast(&json("\"a lot\""), &INT)), "`\"a lot\"` is not an Int");
        assert_eq!(text(cast(&json("1.5"), &INT)), "`1.5` is not an Int");
        assert_eq!(text(cast(&json("9"), &Type::Int(Some((1, 3))))), "`9` is not an Int in 1..3");
        assert_eq!(text(cast(&json("true"), &Type::Text)), "`true` is not a Text");
        assert_eq!(text(cast(&json("1"), &Type::Bool)), "`1` is not a Bool");
        assert_eq!(text(cast(&json("[1, \"x\"]"), &INT.list())), "`\"x\"` is not an Int (item 1 of a list, counted from 0)");
        assert_eq!(text(cast(&json("{\"a\": 1}"), &INT.list())), "`{\"a\": 1}` is not a list [Int]");
        assert_eq!(text(cast(&json("\"a\""), &Type::Node(Kinds::Any))), "`\"a\"` is not a Node");
        let status = Type::Literals(Arc::new(["down".into(), "up".into()]));
        assert_eq!(text(cast(&json("\"upp\""), &status)), r#"`"upp"` is not "down" | "up" (did you mean `"up"`?)"#);
        assert_eq!(cast(&json("\"up\""), &status), Ok(Value::text("up")));
    }

    #[test]
    fn an_int_widens_to_a_float_and_bounds_are_both_ends() {
        assert_eq!(cast(&json("3"), &FLOAT), Ok(Value::float(3.0).unwrap()));
        assert_eq!(cast(&json("3.0"), &INT), Ok(Value::Int(3)));
        assert_eq!(cast(&Value::float(3.0).unwrap(), &INT), Ok(Value::Int(3)));
        for (i, fits) in [(0, false), (1, true), (3, true), (4, false)] {
            assert_eq!(cast(&Value::Int(i), &Type::Int(Some((1, 3)))).is_ok(), fits);
        }
        let share = Type::Float(Some((Float::new(0.0).unwrap(), Float::new(1.0).unwrap())));
        for (x, fits) in [("0", true), ("-0.0", true), ("1", true), ("1.0001", false), ("-0.1", false)] {
            assert_eq!(cast(&json(x), &share).is_ok(), fits, "{x}");
        }
        assert_eq!(text(cast(&json("2"), &share)), "`2` is not a Float in 0.0..1.0");
    }

    #[test]
    fn in_json_a_time_is_rfc_3339_text_and_a_duration_text_as_in_the_language() {
        assert_eq!(cast(&json("\"1970-01-01T00:00:01Z\""), &Type::Time), Ok(Value::Time(1_000_000)));
        assert_eq!(cast(&json("\"1h30m\""), &Type::Duration), Ok(Value::Duration(5_400_000_000)));
        assert_eq!(
            text(cast(&json("\"yesterday\""), &Type::Time)),
            "`\"yesterday\"` is not a Time (RFC 3339, such as `2026-01-03T10:00:00Z`)"
        );
        assert_eq!(text(cast(&json("5"), &Type::Duration)), "`5` is not a Duration");
        let lazy = Lazy::document("[\"24h\", \"1s\"]".into()).unwrap();
        assert_eq!(
            cast(&Value::Lazy(lazy), &Type::Duration.list()),
            Ok(Value::list(vec![Value::Duration(86_400_000_000), Value::Duration(1_000_000)]))
        );
    }

    #[test]
    fn absence_where_a_value_is_needed_is_a_fault_and_null_is_absent() {
        assert_eq!(text(cast(&json("null"), &INT)), "absent where an Int is needed");
        assert_eq!(cast(&json("null"), &INT.optional()), Ok(Value::None));
        assert_eq!(cast(&Value::Lazy(Lazy::document("null".into()).unwrap()), &INT.optional()), Ok(Value::None));
        assert_eq!(cast(&json("4"), &INT.optional()), Ok(Value::Int(4)));
        assert_eq!(cast(&Value::None, &Type::Json), Ok(Value::None));
        assert_eq!(cast(&json("[null]"), &INT.optional().list()), Ok(Value::list(vec![Value::None])));
        let node = Value::Element(Element::Node(1));
        assert_eq!(cast(&node, &Type::Node(Kinds::Any).optional()), Ok(node.clone()));
        assert!(cast(&node, &Type::Edge(Kinds::Any)).is_err());
    }

    #[test]
    fn a_parameter_from_outside_needs_no_quotes() {
        assert_eq!(param("3", &INT), Ok(Value::Int(3)));
        assert_eq!(param("1_000", &INT), Ok(Value::Int(1000)));
        assert_eq!(param("3", &FLOAT), Ok(Value::float(3.0).unwrap()));
        assert_eq!(param("3", &Type::Text), Ok(Value::text("3")));
        assert_eq!(param("a b", &Type::Text), Ok(Value::text("a b")));
        assert_eq!(param("\"a b\"", &Type::Text), Ok(Value::text("a b")));
        assert_eq!(param("24h", &Type::Duration), Ok(Value::Duration(86_400_000_000)));
        assert_eq!(param("1970-01-01T00:00:00Z", &Type::Time), Ok(Value::Time(0)));
        assert_eq!(param("true", &Type::Bool), Ok(Value::Bool(true)));
        assert_eq!(param("[\"a\"]", &Type::Text.list()), Ok(Value::list(vec![Value::text("a")])));
        assert_eq!(param("none", &INT.optional()), Ok(Value::None));
        assert_eq!(text(param("many", &INT)), "`\"many\"` is not an Int");
        assert_eq!(text(param("", &INT)), "`\"\"` is not an Int");
    }

    #[test]
    fn an_integer_json_is_an_id_in_decimal() {
        assert_eq!(to_id(&json("17")), Ok(Value::text("17")));
        assert_eq!(to_id(&json("1.7e1")), Ok(Value::text("17")));
        assert_eq!(to_id(&json("\"a\"")), Ok(Value::text("a")));
        assert_eq!(text(to_id(&json("1.5"))), "`1.5` is not an id (a text or a whole number)");
        assert_eq!(text(to_id(&json("null"))), "absent where an id is needed");
    }
}
