//! Arithmetic on numbers, times and durations: checked, with faults that show the values. Called by expression and the engine's aggregates.
use super::display::brief;
use super::expression::{Fault, FaultKind};
use super::instant;
use super::value::Value;

/// A float, unless it is infinite or not a number; `what` is shown in the fault.
pub fn float(x: f64, what: impl FnOnce() -> String) -> Result<Value, Fault> {
    match Value::float(x) {
        Some(v) if x.is_finite() => Ok(v),
        Some(_) => Err(Fault::new(FaultKind::Overflow, format!("`{}` is too large for a Float", what()))),
        None => Err(Fault::new(FaultKind::NotANumber, format!("`{}` is not a number", what()))),
    }
}

/// An instant, if it is one that RFC 3339 can write.
pub fn time(us: Option<i64>, what: impl FnOnce() -> String) -> Result<Value, Fault> {
    match us {
        Some(us) if instant::in_range(us) => Ok(Value::Time(us)),
        _ => Err(Fault::new(FaultKind::Overflow, format!("`{}` is outside the years 0 to 9999", what()))),
    }
}

fn overflow(kind: &str, what: String) -> Fault {
    Fault::new(FaultKind::Overflow, format!("`{what}` is too large for {kind}"))
}

fn int(i: Option<i64>, what: impl FnOnce() -> String) -> Result<Value, Fault> {
    i.map(Value::Int).ok_or_else(|| overflow("an Int", what()))
}

fn duration(us: Option<i64>, what: impl FnOnce() -> String) -> Result<Value, Fault> {
    us.map(Value::Duration).ok_or_else(|| overflow("a Duration", what()))
}

/// A float as microseconds, halves to even, if they fit.
pub fn microseconds(x: f64) -> Option<i64> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    let x = x.round_ties_even();
    (-EDGE..EDGE).contains(&x).then_some(x as i64)
}

fn shown(a: &Value, op: &str, b: &Value) -> String {
    format!("{} {op} {}", brief(a), brief(b))
}

fn misfit(a: &Value, op: &str, b: &Value) -> Fault {
    Fault::new(FaultKind::Cast, format!("`{}` has no meaning for values of these types", shown(a, op, b)))
}

fn by_zero(a: &Value, op: &str, b: &Value) -> Fault {
    Fault::new(FaultKind::DivisionByZero, format!("`{}` divides by zero", shown(a, op, b)))
}

/// `-a`.
pub fn neg(a: &Value) -> Result<Value, Fault> {
    let what = || format!("-{}", brief(a));
    match a {
        Value::Int(i) => int(i.checked_neg(), what),
        Value::Float(x) => float(-x.get(), what),
        Value::Duration(d) => duration(d.checked_neg(), what),
        _ => Err(Fault::new(FaultKind::Cast, format!("`{}` has no negative", brief(a)))),
    }
}

/// `a + b`.
pub fn add(a: &Value, b: &Value) -> Result<Value, Fault> {
    let what = || shown(a, "+", b);
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => int(x.checked_add(*y), what),
        (Value::Duration(x), Value::Duration(y)) => duration(x.checked_add(*y), what),
        (Value::Time(x), Value::Duration(y)) | (Value::Duration(x), Value::Time(y)) => time(x.checked_add(*y), what),
        _ => match (a.as_number(), b.as_number()) {
            (Some(x), Some(y)) => float(x + y, what),
            _ => Err(misfit(a, "+", b)),
        },
    }
}

/// `a - b`.
pub fn sub(a: &Value, b: &Value) -> Result<Value, Fault> {
    let what = || shown(a, "-", b);
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => int(x.checked_sub(*y), what),
        (Value::Duration(x), Value::Duration(y)) | (Value::Time(x), Value::Time(y)) => duration(x.checked_sub(*y), what),
        (Value::Time(x), Value::Duration(y)) => time(x.checked_sub(*y), what),
        _ => match (a.as_number(), b.as_number()) {
            (Some(x), Some(y)) => float(x - y, what),
            _ => Err(misfit(a, "-", b)),
        },
    }
}

/// `a * b`.
pub fn mul(a: &Value, b: &Value) -> Result<Value, Fault> {
    let what = || shown(a, "*", b);
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => int(x.checked_mul(*y), what),
        (Value::Duration(d), Value::Int(n)) | (Value::Int(n), Value::Duration(d)) => duration(d.checked_mul(*n), what),
        (Value::Duration(d), Value::Float(x)) | (Value::Float(x), Value::Duration(d)) => {
            duration(microseconds(*d as f64 * x.get()), what)
        }
        _ => match (a.as_number(), b.as_number()) {
            (Some(x), Some(y)) => float(x * y, what),
            _ => Err(misfit(a, "*", b)),
        },
    }
}

/// `a / b`.
pub fn div(a: &Value, b: &Value) -> Result<Value, Fault> {
    let what = || shown(a, "/", b);
    let zero = match b {
        Value::Int(0) | Value::Duration(0) => true,
        Value::Float(x) => x.get() == 0.0,
        _ => false,
    };
    match (a, b) {
        (Value::Int(_) | Value::Float(_) | Value::Duration(_), _)
            if zero && a.as_number().is_none() | !matches!(b, Value::Duration(_)) =>
        {
            Err(by_zero(a, "/", b))
        }
        (Value::Duration(x), Value::Duration(y)) => float(*x as f64 / *y as f64, what),
        (Value::Duration(x), Value::Int(n)) => duration(half_even(*x, *n), what),
        (Value::Duration(x), Value::Float(y)) => duration(microseconds(*x as f64 / y.get()), what),
        _ => match (a.as_number(), b.as_number()) {
            (Some(x), Some(y)) => float(x / y, what),
            _ => Err(misfit(a, "/", b)),
        },
    }
}

/// The quotient rounded to the nearest, halves to even; `n` is not zero.
fn half_even(x: i64, n: i64) -> Option<i64> {
    let (x, n) = if n < 0 { (-i128::from(x), -i128::from(n)) } else { (i128::from(x), i128::from(n)) };
    let (q, r) = (x.checked_div_euclid(n)?, x.checked_rem_euclid(n)?);
    let up = 2 * r > n || 2 * r == n && q % 2 != 0;
    i64::try_from(q + i128::from(up)).ok()
}

/// `a div b`, rounding down.
pub fn int_div(a: &Value, b: &Value) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Int(_), Value::Int(0)) => Err(by_zero(a, "div", b)),
        (Value::Int(x), Value::Int(y)) => {
            let down = |q: i64| if x % y != 0 && (*x < 0) != (*y < 0) { q - 1 } else { q };
            int(x.checked_div(*y).map(down), || shown(a, "div", b))
        }
        _ => Err(misfit(a, "div", b)),
    }
}

/// `a % b`, with the sign of `b`.
pub fn rem(a: &Value, b: &Value) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Int(_), Value::Int(0)) => Err(by_zero(a, "%", b)),
        (Value::Int(x), Value::Int(y)) => {
            let r = x.wrapping_rem(*y);
            Ok(Value::Int(if r != 0 && (r < 0) != (*y < 0) { r + y } else { r }))
        }
        _ => Err(misfit(a, "%", b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(x: f64) -> Value {
        Value::float(x).unwrap()
    }
    fn kind(r: Result<Value, Fault>) -> FaultKind {
        r.unwrap_err().kind
    }
    const MAX: Value = Value::Int(i64::MAX);
    const MIN: Value = Value::Int(i64::MIN);

    #[test]
    fn int_is_64_bit_and_checked() {
        assert_eq!(add(&Value::Int(2), &Value::Int(3)), Ok(Value::Int(5)));
        assert_eq!(kind(add(&MAX, &Value::Int(1))), FaultKind::Overflow);
        assert_eq!(kind(sub(&MIN, &Value::Int(1))), FaultKind::Overflow);
        assert_eq!(kind(mul(&MAX, &Value::Int(2))), FaultKind::Overflow);
        assert_eq!(kind(neg(&MIN)), FaultKind::Overflow);
        assert_eq!(kind(int_div(&MIN, &Value::Int(-1))), FaultKind::Overflow);
        assert_eq!(rem(&MIN, &Value::Int(-1)), Ok(Value::Int(0)));
        assert_eq!(add(&MAX, &Value::Int(1)).unwrap_err().text, "`9223372036854775807 + 1` is too large for an Int");
    }

    #[test]
    fn div_rounds_down_and_rem_has_the_sign_of_the_divisor() {
        for x in -7..=7i64 {
            for y in (-3..=3i64).filter(|y| *y != 0) {
                let (q, r) = (int_div(&Value::Int(x), &Value::Int(y)).unwrap(), rem(&Value::Int(x), &Value::Int(y)).unwrap());
                let (Value::Int(q), Value::Int(r)) = (q, r) else { panic!() };
                assert_eq!(q, (x as f64 / y as f64).floor() as i64, "{x} div {y}");
                assert_eq!(q * y + r, x);
                assert!(r == 0 || (r < 0) == (y < 0), "{x} % {y}");
            }
        }
    }

    #[test]
    fn dividing_by_zero_is_a_fault() {
        assert_eq!(kind(div(&f(1.0), &f(0.0))), FaultKind::DivisionByZero);
        assert_eq!(kind(div(&Value::Duration(1), &Value::Duration(0))), FaultKind::DivisionByZero);
        assert_eq!(kind(div(&Value::Duration(1), &Value::Int(0))), FaultKind::DivisionByZero);
        assert_eq!(kind(int_div(&Value::Int(1), &Value::Int(0))), FaultKind::DivisionByZero);
        assert_eq!(kind(rem(&Value::Int(1), &Value::Int(0))), FaultKind::DivisionByZero);
        assert_eq!(div(&f(5.0), &f(0.0)).unwrap_err().text, "`5.0 / 0.0` divides by zero");
    }

    #[test]
    fn a_float_that_is_infinite_or_no_number_is_a_fault() {
        assert_eq!(kind(mul(&f(1e308), &f(10.0))), FaultKind::Overflow);
        assert_eq!(kind(add(&f(f64::INFINITY), &f(f64::NEG_INFINITY))), FaultKind::NotANumber);
        assert_eq!(div(&Value::Int(1), &Value::Int(4)), Ok(f(0.25)));
        assert_eq!(mul(&f(-1.0), &f(0.0)), Ok(f(0.0)));
    }

    #[test]
    fn times_and_durations_work_together() {
        let (t, d) = (Value::Time(1_000_000), Value::Duration(250_000));
        assert_eq!(sub(&t, &Value::Time(400_000)), Ok(Value::Duration(600_000)));
        assert_eq!(add(&t, &d), Ok(Value::Time(1_250_000)));
        assert_eq!(add(&d, &t), Ok(Value::Time(1_250_000)));
        assert_eq!(sub(&t, &d), Ok(Value::Time(750_000)));
        assert_eq!(sub(&d, &Value::Duration(300_000)), Ok(Value::Duration(-50_000)));
        assert_eq!(mul(&d, &Value::Int(4)), Ok(Value::Duration(1_000_000)));
        assert_eq!(mul(&f(1.5), &d), Ok(Value::Duration(375_000)));
        assert_eq!(div(&d, &Value::Duration(100_000)), Ok(f(2.5)));
        assert_eq!(div(&Value::Duration(5), &Value::Int(2)), Ok(Value::Duration(2)));
        assert_eq!(div(&Value::Duration(7), &Value::Int(-2)), Ok(Value::Duration(-4)));
        assert_eq!(div(&d, &f(2.5)), Ok(Value::Duration(100_000)));
        assert_eq!(neg(&d), Ok(Value::Duration(-250_000)));
        assert_eq!(kind(sub(&d, &t)), FaultKind::Cast);
        assert_eq!(kind(add(&t, &t)), FaultKind::Cast);
        assert_eq!(kind(div(&Value::Int(1), &Value::Duration(0))), FaultKind::Cast);
        assert_eq!(kind(add(&t, &Value::Duration(i64::MAX))), FaultKind::Overflow);
        assert_eq!(kind(mul(&Value::Duration(i64::MAX), &f(2.0))), FaultKind::Overflow);
    }

    #[test]
    fn values_of_other_types_have_no_arithmetic() {
        let fault = add(&Value::text("a"), &Value::Int(1)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Cast);
        assert_eq!(fault.text, "`\"a\" + 1` has no meaning for values of these types");
    }
}
