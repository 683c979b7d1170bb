//! Built-ins on numbers, and `least` and `greatest` of anything that has an order.
use super::signature::{Signature, arg, arity, fits, fixed, not, number, wrong};
use super::table::Builtin;
use crate::scalar::arithmetic;
use crate::scalar::compare::order;
use crate::scalar::display::brief;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::types::{Type, with_article};
use crate::scalar::value::Value;
use std::cmp::Ordering;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "abs",
        usage: "abs(n): the same",
        doc: "a number or a duration without its sign",
        signature: |a| {
            arity("abs", a, 1, 1)?;
            let t = match a.first().map(Type::present) {
                Some(Type::Int(_)) => Type::Int(None),
                Some(Type::Float(_)) => Type::Float(None),
                Some(t @ (Type::Duration | Type::Json | Type::Error)) => t.clone(),
                Some(t) => return Err(wrong("abs", 0, t, "a number or a Duration")),
                None => Type::Error,
            };
            Ok((vec![t.clone()], t))
        },
        call: |a| match arg(a, 0)? {
            v @ (Value::Int(i) | Value::Duration(i)) if *i < 0 => arithmetic::neg(v),
            Value::Float(x) => arithmetic::float(x.get().abs(), String::new),
            v @ (Value::Int(_) | Value::Duration(_)) => Ok(v.clone()),
            v => Err(not(v, "a number or a Duration")),
        },
    },
    Builtin {
        name: "round",
        usage: "round(x): Int",
        doc: "the nearest whole number, halves to the even one",
        signature: |a| whole("round", a),
        call: |a| to_int(a, f64::round_ties_even),
    },
    Builtin {
        name: "floor",
        usage: "floor(x): Int",
        doc: "the largest whole number that is not larger",
        signature: |a| whole("floor", a),
        call: |a| to_int(a, f64::floor),
    },
    Builtin {
        name: "ceil",
        usage: "ceil(x): Int",
        doc: "the smallest whole number that is not smaller",
        signature: |a| whole("ceil", a),
        call: |a| to_int(a, f64::ceil),
    },
    Builtin {
        name: "least",
        usage: "least(a, b, …): the same",
        doc: "the smallest of its arguments, which are of one type that has an order",
        signature: |a| ordered("least", a),
        call: |a| best(a, Ordering::Less),
    },
    Builtin {
        name: "greatest",
        usage: "greatest(a, b, …): the same",
        doc: "the largest of its arguments, which are of one type that has an order",
        signature: |a| ordered("greatest", a),
        call: |a| best(a, Ordering::Greater),
    },
    Builtin {
        name: "sqrt",
        usage: "sqrt(x): Float",
        doc: "the square root; a fault for a negative number",
        signature: |a| real("sqrt", a),
        call: |a| compute("sqrt", a, f64::sqrt),
    },
    Builtin {
        name: "exp",
        usage: "exp(x): Float",
        doc: "e to the power of x",
        signature: |a| real("exp", a),
        call: |a| compute("exp", a, f64::exp),
    },
    Builtin {
        name: "log",
        usage: "log(x): Float",
        doc: "the natural logarithm; a fault for zero and below",
        signature: |a| real("log", a),
        call: |a| match number(a, 0)? {
            x if x <= 0.0 => Err(Fault::new(FaultKind::NotANumber, format!("`log({x:?})` is not a number"))),
            _ => compute("log", a, f64::ln),
        },
    },
];

fn real(name: &str, args: &[Type]) -> Signature {
    fixed(name, args, &[Type::Float(None)], 0, Type::Float(None))
}

fn compute(name: &str, args: &[Value], f: fn(f64) -> f64) -> Result<Value, Fault> {
    let x = number(args, 0)?;
    arithmetic::float(f(x), || format!("{name}({x:?})"))
}

/// An Int stays an Int: as a Float it might lose digits.
fn whole(name: &str, args: &[Type]) -> Signature {
    match args.first().map(Type::present) {
        Some(Type::Int(_)) => fixed(name, args, &[Type::Int(None)], 0, Type::Int(None)),
        Some(Type::Json) if args.len() == 1 => Ok((vec![Type::Json], Type::Int(None))),
        _ => fixed(name, args, &[Type::Float(None)], 0, Type::Int(None)),
    }
}

fn to_int(args: &[Value], f: fn(f64) -> f64) -> Result<Value, Fault> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    match arg(args, 0)? {
        Value::Int(i) => Ok(Value::Int(*i)),
        v => {
            let x = f(number(args, 0)?);
            if (-EDGE..EDGE).contains(&x) {
                Ok(Value::Int(x as i64))
            } else {
                Err(Fault::new(FaultKind::Overflow, format!("`{}` is too large for an Int", brief(v))))
            }
        }
    }
}

/// All of one type that has an order: Ints with Floats are Floats, literals are Texts, a Json is read as what the others are.
fn ordered(name: &str, args: &[Type]) -> Signature {
    arity(name, args, 1, usize::MAX)?;
    let mut common: Option<Type> = None;
    for (i, arg) in args.iter().enumerate() {
        let t = match arg.present() {
            Type::Int(_) => Type::Int(None),
            Type::Float(_) => Type::Float(None),
            Type::Literals(_) => Type::Text,
            t @ (Type::Text | Type::Time | Type::Duration) => t.clone(),
            Type::Json | Type::Error => continue,
            t => return Err(wrong(name, i, t, "a value that has an order")),
        };
        common = Some(match common {
            None => t,
            Some(c) if fits(&t, &c) => c,
            Some(c) if fits(&c, &t) => t,
            Some(c) => return Err(wrong(name, i, arg, &format!("{}, as those before it", with_article(&c)))),
        });
    }
    let unknown = if args.contains(&Type::Error) { Type::Error } else { Type::Json };
    let t = common.unwrap_or(unknown);
    Ok((vec![t.clone(); args.len()], t))
}

fn best(args: &[Value], better: Ordering) -> Result<Value, Fault> {
    let mut best = arg(args, 0)?;
    // a lone argument must have an order, too
    order(best, best)?;
    for i in 1..args.len() {
        let next = arg(args, i)?;
        if order(next, best)? == better {
            best = next;
        }
    }
    Ok(best.clone())
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn call(name: &str, args: &[Value]) -> Result<Value, Fault> {
        (find(name).unwrap().call)(args)
    }
    fn f(x: f64) -> Value {
        Value::float(x).unwrap()
    }
    fn sign(name: &str, args: &[Type]) -> Signature {
        (find(name).unwrap().signature)(args)
    }
    const INT: Type = Type::Int(None);
    const FLOAT: Type = Type::Float(None);

    #[test]
    fn rounding_gives_an_int_and_halves_go_to_even() {
        for (x, round, floor, ceil) in
            [(2.5, 2, 2, 3), (3.5, 4, 3, 4), (-2.5, -2, -3, -2), (0.49999999999999994, 0, 0, 1), (-0.5, 0, -1, 0)]
        {
            assert_eq!(call("round", &[f(x)]), Ok(Value::Int(round)));
            assert_eq!(call("floor", &[f(x)]), Ok(Value::Int(floor)));
            assert_eq!(call("ceil", &[f(x)]), Ok(Value::Int(ceil)));
        }
        assert_eq!(call("round", &[Value::Int(i64::MAX)]), Ok(Value::Int(i64::MAX)));
        assert_eq!(call("round", &[f(1e19)]).unwrap_err().text, "`1e19` is too large for an Int");
        assert_eq!(sign("round", &[Type::Int(Some((1, 2)))]), Ok((vec![INT], INT)));
        assert_eq!(sign("round", &[FLOAT]), Ok((vec![FLOAT], INT)));
        assert_eq!(sign("round", &[Type::Json]), Ok((vec![Type::Json], INT)));
    }

    #[test]
    fn abs_keeps_the_type_and_is_checked() {
        assert_eq!(call("abs", &[Value::Int(-3)]), Ok(Value::Int(3)));
        assert_eq!(call("abs", &[f(-2.5)]), Ok(f(2.5)));
        assert_eq!(call("abs", &[Value::Duration(-3)]), Ok(Value::Duration(3)));
        assert_eq!(call("abs", &[Value::Int(i64::MIN)]).unwrap_err().kind, FaultKind::Overflow);
        assert_eq!(sign("abs", &[Type::Duration]), Ok((vec![Type::Duration], Type::Duration)));
        assert!(sign("abs", &[Type::Text]).is_err());
    }

    #[test]
    fn roots_and_logarithms_of_what_has_none_are_faults() {
        assert_eq!(call("sqrt", &[f(2.25)]), Ok(f(1.5)));
        assert_eq!(call("sqrt", &[Value::Int(9)]), Ok(f(3.0)));
        assert_eq!(call("exp", &[f(0.0)]), Ok(f(1.0)));
        assert_eq!(call("log", &[f(1.0)]), Ok(f(0.0)));
        for (name, x, kind) in [
            ("sqrt", -1.0, FaultKind::NotANumber),
            ("log", 0.0, FaultKind::NotANumber),
            ("log", -1.0, FaultKind::NotANumber),
            ("exp", 1000.0, FaultKind::Overflow),
        ] {
            assert_eq!(call(name, &[f(x)]).unwrap_err().kind, kind, "{name}");
        }
        assert_eq!(call("sqrt", &[f(-1.0)]).unwrap_err().text, "`sqrt(-1.0)` is not a number");
    }

    #[test]
    fn least_and_greatest_take_values_of_one_ordered_type() {
        assert_eq!(call("least", &[Value::Int(2), Value::Int(-1), Value::Int(5)]), Ok(Value::Int(-1)));
        assert_eq!(call("greatest", &[Value::text("a"), Value::text("ä"), Value::text("Z")]), Ok(Value::text("ä")));
        assert_eq!(call("least", &[Value::Duration(2), Value::Duration(1)]), Ok(Value::Duration(1)));
        assert!(call("least", &[Value::Int(1), Value::text("a")]).is_err());
        assert_eq!(sign("least", &[INT, Type::Float(None), Type::Json]), Ok((vec![FLOAT; 3], FLOAT)));
        assert_eq!(sign("least", &[FLOAT, INT]), Ok((vec![FLOAT; 2], FLOAT)));
        assert_eq!(sign("greatest", &[Type::Json, Type::Time]), Ok((vec![Type::Time; 2], Type::Time)));
        assert_eq!(sign("greatest", &[Type::Json, Type::Json]), Ok((vec![Type::Json; 2], Type::Json)));
        assert_eq!(
            sign("least", &[INT, Type::Text]).unwrap_err(),
            "argument 2 of `least` is a Text, but must be an Int, as those before it"
        );
        assert!(sign("least", &[Type::Bool]).is_err());
        assert!(sign("least", &[]).is_err());
    }
}
