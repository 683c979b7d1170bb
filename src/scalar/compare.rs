//! Equality and order of values as the language has them: numbers by worth, nothing else across types. Called by expression and the lists.
use super::display::brief;
use super::expression::{Fault, FaultKind};
use super::value::{Value, compare_numbers};
use std::cmp::Ordering;

/// `a == b`; absent equals only absent, and `2` equals `2.0`. Unread values must have been read.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(i), Value::Float(x)) | (Value::Float(x), Value::Int(i)) => compare_numbers(*i, *x).is_eq(),
        (Value::List(x), Value::List(y)) => x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same(x, y)),
        (Value::Record(x), Value::Record(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|((n, x), (m, y))| n == m && same(x, y))
        }
        _ => a == b,
    }
}

/// The order of two present values of one type; a fault for values that have none.
pub fn order(a: &Value, b: &Value) -> Result<Ordering, Fault> {
    Ok(match (a, b) {
        (Value::None, _) | (_, Value::None) => return Err(absent()),
        (Value::Int(i), Value::Float(x)) => compare_numbers(*i, *x),
        (Value::Float(x), Value::Int(i)) => compare_numbers(*i, *x).reverse(),
        (Value::Int(_), Value::Int(_))
        | (Value::Float(_), Value::Float(_))
        | (Value::Text(_), Value::Text(_))
        | (Value::Time(_), Value::Time(_))
        | (Value::Duration(_), Value::Duration(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Element(_), Value::Element(_))
        | (Value::List(_), Value::List(_)) => a.cmp(b),
        _ => {
            let text = format!("`{}` and `{}` have no order", brief(a), brief(b));
            return Err(Fault::new(FaultKind::Cast, text));
        }
    })
}

/// The fault of an absent value where one is needed.
pub fn absent() -> Fault {
    Fault::new(FaultKind::Cast, "absent where a value is needed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_equals_only_none() {
        assert!(same(&Value::None, &Value::None));
        for v in [Value::Bool(false), Value::Int(0), Value::text(""), Value::list(vec![])] {
            assert!(!same(&Value::None, &v));
            assert!(!same(&v, &Value::None));
        }
    }

    #[test]
    fn numbers_are_equal_by_worth_also_inside_lists_and_records() {
        let (i, x) = (Value::Int(2), Value::float(2.0).unwrap());
        assert!(same(&i, &x));
        assert!(same(&Value::list(vec![i.clone()]), &Value::list(vec![x.clone()])));
        assert!(same(&Value::record([("a".into(), i)]), &Value::record([("a".into(), x)])));
        assert!(!same(&Value::Int((1 << 53) + 1), &Value::float((1u64 << 53) as f64).unwrap()));
    }

    #[test]
    fn values_of_different_types_are_unequal_and_have_no_order() {
        assert!(!same(&Value::Int(1), &Value::text("1")));
        assert!(!same(&Value::Time(1), &Value::Duration(1)));
        let fault = order(&Value::Int(1), &Value::text("1")).unwrap_err();
        assert_eq!(fault.text, "`1` and `\"1\"` have no order");
        assert_eq!(order(&Value::None, &Value::Int(1)), Err(absent()));
        assert_eq!(order(&Value::Int(1), &Value::float(1.5).unwrap()), Ok(Ordering::Less));
        assert_eq!(order(&Value::float(1.5).unwrap(), &Value::Int(1)), Ok(Ordering::Greater));
    }
}
