//! How large a value may become, so that one that doubles and doubles is a fault and not the end of the process. Asked by the operations
//! that build values, and by the dictionary, which adds up what it keeps.
use super::expression::{Fault, FaultKind};
use super::value::Value;

/// The most bytes that a computed text or list may have, about.
pub const LARGEST: usize = 64 << 20;

/// About how many bytes a value takes, counted as far as [`LARGEST`]: a list that holds another twice counts it twice, as whoever reads,
/// compares or prints it does.
pub fn bytes(value: &Value) -> usize {
    fn walk(value: &Value, mut sum: usize) -> usize {
        sum += size_of::<Value>();
        match value {
            Value::Text(t) => sum += t.len(),
            Value::List(items) => {
                for i in items.iter() {
                    if sum > LARGEST {
                        break;
                    }
                    sum = walk(i, sum);
                }
            }
            Value::Record(fields) => {
                for (name, v) in fields.iter() {
                    if sum > LARGEST {
                        break;
                    }
                    sum = walk(v, sum + name.len());
                }
            }
            _ => {}
        }
        sum
    }
    walk(value, 0)
}

/// A fault if something of so many bytes (texts) or items is too large to be built.
pub fn fits(bytes: usize, what: &str) -> Result<(), Fault> {
    match bytes <= LARGEST {
        true => Ok(()),
        false => Err(Fault::new(FaultKind::Size, format!("{what} would be larger than {} MB", LARGEST >> 20))),
    }
}

/// The value, if it is not too large.
pub fn checked(value: Value) -> Result<Value, Fault> {
    match &value {
        Value::Text(t) => fits(t.len(), "a text")?,
        Value::List(_) => fits(bytes(&value), "a list")?,
        Value::Record(_) => fits(bytes(&value), "a record")?,
        _ => {}
    }
    Ok(value)
}

/// About what it costs to compute with a value, in steps of the engine: one for a small one.
pub fn steps(value: &Value) -> usize {
    match value {
        Value::Text(t) => 1 + t.len() / 256,
        Value::List(items) => 1 + items.len() / 16,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::expression::Op;

    #[test]
    fn a_value_that_doubles_ends_as_a_fault() {
        for start in [Value::text("ab"), Value::list(vec![Value::Int(1), Value::Int(2)])] {
            let mut v = start;
            let fault = (0..100).find_map(|_| match Op::Concat.apply(&[v.clone(), v.clone()]) {
                Ok(twice) => {
                    v = twice;
                    None
                }
                Err(fault) => Some(fault),
            });
            assert_eq!(fault.map(|f| f.kind), Some(FaultKind::Size));
        }
    }
    #[test]
    fn a_list_that_holds_another_twice_and_again_is_counted_by_what_is_in_it() {
        let mut v = Value::Int(1);
        let fault = (0..100).find_map(|_| match Op::List.apply(&[v.clone(), v.clone()]) {
            Ok(twice) => {
                v = twice;
                None
            }
            Err(fault) => Some(fault),
        });
        assert_eq!(fault.unwrap().text, "a list would be larger than 64 MB");
    }
}
