//! Aggregates of a reader: one value from the values of distinct bindings. Fed by evaluate, read by nobody else.
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::sum::ExactSum;
use crate::scalar::{Op, Value};
use crate::semantics::hir::Aggregate;

/// The value of an aggregate, from the values of the distinct bindings.
pub fn combine(aggregate: Aggregate, mut values: Vec<Value>, count: usize) -> Result<Value, Fault> {
    let floats = values.iter().any(|v| matches!(v, Value::Float(_)));
    let mean = |values: &[Value], n: usize| {
        let mut sum = ExactSum::new();
        for v in values {
            match v {
                Value::Int(i) => sum.add_int(*i),
                v => sum.add(v.as_number().unwrap_or(f64::NAN)),
            }
        }
        let nan = || Fault::new(FaultKind::NotANumber, "a mean that is not a number");
        Value::float(sum.mean(n as u32)?).ok_or_else(nan)
    };
    Ok(match aggregate {
        Aggregate::Count => Value::Int(count as i64),
        Aggregate::Sum if floats => {
            let mut sum = ExactSum::new();
            values.iter().for_each(|v| sum.add(v.as_number().unwrap_or(f64::NAN)));
            Value::float(sum.result()?).ok_or_else(|| Fault::new(FaultKind::NotANumber, "a sum that is not a number"))?
        }
        Aggregate::Sum => {
            let mut sum = Value::Int(0);
            for v in &values {
                sum = match (&sum, v) {
                    (Value::Int(0), Value::Duration(_)) => v.clone(),
                    _ => Op::Add.apply(&[sum, v.clone()])?,
                };
            }
            sum
        }
        Aggregate::Any => Value::Bool(values.contains(&Value::Bool(true))),
        Aggregate::All => Value::Bool(!values.contains(&Value::Bool(false))),
        _ if values.is_empty() => match aggregate {
            Aggregate::Distinct => Value::list(vec![]),
            _ => Value::None,
        },
        Aggregate::Min => values.into_iter().min().unwrap_or(Value::None),
        Aggregate::Max => values.into_iter().max().unwrap_or(Value::None),
        Aggregate::Avg => mean(&values, values.len())?,
        Aggregate::Median => {
            values.sort();
            let n = values.len();
            let middle = values.get((n - 1) / 2..=n / 2).unwrap_or(&[]);
            mean(middle, middle.len())?
        }
        Aggregate::Percentile(p) => {
            values.sort();
            let rank = (p / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
            values.get(rank - 1).or(values.last()).cloned().unwrap_or(Value::None)
        }
        Aggregate::Distinct => {
            values.sort();
            values.dedup();
            Value::list(values)
        }
    })
}
