//! Aggregates over the distinct bindings of their binders: computed once for the worlds that agree, apart for those that differ.
use super::annotation::Annotation;
use super::machine::Machine;
use crate::plan::{Aggregate, AggregateSpec};
use crate::scalar::expression::FaultKind;
use crate::scalar::sum::ExactSum;
use crate::scalar::{Fault, Val, Value};
use rustc_hash::FxHashMap;

impl<A: Annotation> Machine<A> {
    /// The values of an aggregate over the present frame, by worlds of a set.
    pub fn aggregate(&mut self, spec: &AggregateSpec, worlds: &A) -> Vec<(Val, A)> {
        let mut found: Vec<(Val, A)> = vec![];
        let mut seen: FxHashMap<Vec<Val>, usize> = FxHashMap::default();
        let slots: Vec<Val> = spec.binders.iter().map(|s| self.get(*s)).collect();
        let add = &mut |m: &mut Machine<A>, v: Val, a: A| {
            if spec.repeats {
                let mut key: Vec<Val> = spec.binders.iter().map(|s| m.get(*s)).collect();
                key.push(v);
                match seen.get(&key).and_then(|i| found.get_mut(*i)) {
                    Some(old) => {
                        old.1.or(&a);
                        return;
                    }
                    None => {
                        seen.insert(key, found.len());
                    }
                }
            }
            found.push((v, a));
        };
        self.run(&spec.block, worlds.clone(), &mut |m, a| match &spec.value {
            None => {
                add(m, Val::TRUE, a);
                m.halted()
            }
            Some(c) if c.block.steps.is_empty() => {
                let v = m.scalar(&c.result);
                add(m, v, a);
                m.halted()
            }
            Some(c) => m.run(&c.block, a, &mut |m, a| {
                let v = m.scalar(&c.result);
                add(m, v, a);
                m.halted()
            }),
        });
        for (s, v) in spec.binders.iter().zip(slots) {
            self.set(*s, v);
        }
        if self.halted() {
            return vec![];
        }
        // classes of worlds that agree on which values are there
        let mut classes: Vec<(A, Vec<Val>)> = vec![(worlds.clone(), vec![])];
        for (v, a) in &found {
            if A::PLAIN {
                if let Some(c) = classes.first_mut() {
                    c.1.push(*v);
                }
                continue;
            }
            let mut parts: Vec<(A, Val)> = vec![];
            if let Some(c) = a.certain() {
                parts.push((c, *v));
            }
            if let Some((w, f)) = a.faulty() {
                parts.push((w, Val::fault(f)));
            }
            for (part, v) in parts {
                let mut split = Vec::with_capacity(classes.len() + 1);
                for (w, mut list) in classes {
                    match w.and(&part) {
                        None => split.push((w, list)),
                        Some(inside) => {
                            if let Some(outside) = w.except_certain(Some(&part)) {
                                split.push((outside, list.clone()));
                            }
                            list.push(v);
                            split.push((inside, list));
                        }
                    }
                }
                classes = split;
            }
        }
        classes.into_iter().map(|(w, list)| (self.fold(spec, list), w)).collect()
    }

    /// The aggregate of a list of values.
    pub(super) fn fold(&mut self, spec: &AggregateSpec, mut list: Vec<Val>) -> Val {
        match spec.aggregate {
            Aggregate::Any if list.contains(&Val::TRUE) => return Val::TRUE,
            Aggregate::All if list.contains(&Val::FALSE) => return Val::FALSE,
            _ => {}
        }
        if let Some(f) = list.iter().filter_map(|v| v.as_fault()).min() {
            return Val::fault(f);
        }
        let dictionary = &self.graph.dictionary;
        let result = match spec.aggregate {
            Aggregate::Count => Ok(Value::Int(list.len() as i64)),
            Aggregate::Any => Ok(Value::Bool(false)),
            Aggregate::All => Ok(Value::Bool(true)),
            Aggregate::Min => return list.into_iter().min_by(|a, b| dictionary.compare(*a, *b)).unwrap_or(Val::NONE),
            Aggregate::Max => return list.into_iter().max_by(|a, b| dictionary.compare(*a, *b)).unwrap_or(Val::NONE),
            Aggregate::Distinct => {
                list.sort_by(|a, b| dictionary.compare(*a, *b));
                list.dedup();
                Ok(Value::list(list.iter().map(|v| dictionary.value(*v)).collect()))
            }
            Aggregate::Sum if list.is_empty() => return spec.zero,
            Aggregate::Sum => sum(&list.iter().map(|v| dictionary.value(*v)).collect::<Vec<_>>()),
            Aggregate::Avg | Aggregate::Median | Aggregate::Percentile(_) => {
                let mut values: Vec<Value> = list.iter().map(|v| dictionary.value(*v)).collect();
                values.sort();
                ranked(spec.aggregate, &values)
            }
        };
        match result {
            Ok(v) => self.graph.dictionary.intern(v),
            Err(f) => self.fault(f, spec.place),
        }
    }
}

/// The sum of numbers or durations of one type; of none, the Int 0 (the checker's `Widen` makes it a Float where one is due).
pub fn sum(values: &[Value]) -> Result<Value, Fault> {
    let overflow = || Fault::new(FaultKind::Overflow, "the sum does not fit");
    if values.iter().any(|v| matches!(v, Value::Float(_))) {
        let mut exact = ExactSum::new();
        for v in values {
            match v {
                Value::Float(x) => exact.add(x.get()),
                Value::Int(i) => exact.add(*i as f64),
                _ => {}
            }
        }
        return Value::float(exact.result()?).ok_or_else(overflow);
    }
    let mut total: i128 = 0;
    let mut duration = false;
    for v in values {
        match v {
            Value::Int(i) => total += i128::from(*i),
            Value::Duration(d) => {
                duration = true;
                total += i128::from(*d);
            }
            _ => {}
        }
    }
    let total = i64::try_from(total).map_err(|_| overflow())?;
    Ok(if duration { Value::Duration(total) } else { Value::Int(total) })
}

/// Mean, median and percentile of sorted values.
fn ranked(aggregate: Aggregate, values: &[Value]) -> Result<Value, Fault> {
    let n = values.len();
    if n == 0 {
        return Ok(Value::None);
    }
    let number = |v: &Value| match v {
        Value::Float(x) => x.get(),
        Value::Int(i) => *i as f64,
        _ => 0.0,
    };
    let not_a_number = || Fault::new(FaultKind::NotANumber, "the result is not a number");
    match aggregate {
        Aggregate::Avg => {
            let mut exact = ExactSum::new();
            values.iter().for_each(|v| exact.add(number(v)));
            Value::float(exact.mean(n as u32)?).ok_or_else(not_a_number)
        }
        Aggregate::Median => {
            let (low, high) = (values.get((n - 1) / 2), values.get(n / 2));
            let (low, high) = (low.map_or(0.0, number), high.map_or(0.0, number));
            Value::float(low / 2.0 + high / 2.0).ok_or_else(not_a_number)
        }
        // nearest rank: the smallest value with at least p percent at or below it
        Aggregate::Percentile(p) => {
            let rank = (p / 100.0 * n as f64).ceil().max(1.0) as usize;
            Ok(values.get(rank.min(n) - 1).cloned().unwrap_or(Value::None))
        }
        _ => Ok(Value::None),
    }
}
