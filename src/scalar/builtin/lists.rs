//! Built-ins on lists; `length` and `slice`, which lists share with texts, stand in `text`.
use super::signature::{Signature, arity, list, wrong};
use super::table::Builtin;
use crate::scalar::display::brief;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::types::Type;
use crate::scalar::value::Value;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "count",
        usage: "count(list): Int",
        doc: "how many items a list has",
        signature: |a| items("count", a).map(|(list, _)| (vec![list], Type::Int(None))),
        call: |a| Ok(Value::Int(list(a, 0)?.len() as i64)),
    },
    Builtin {
        name: "first",
        usage: "first(list of T): T?",
        doc: "the first item of a list; absent if it has none",
        signature: |a| one("first", a),
        call: |a| Ok(list(a, 0)?.first().cloned().unwrap_or(Value::None)),
    },
    Builtin {
        name: "last",
        usage: "last(list of T): T?",
        doc: "the last item of a list; absent if it has none",
        signature: |a| one("last", a),
        call: |a| Ok(list(a, 0)?.last().cloned().unwrap_or(Value::None)),
    },
    Builtin {
        name: "sort",
        usage: "sort(list): the same",
        doc: "the items of a list in order, repeats included; text by scalar value, false before true, absent first",
        signature: |a| items("sort", a).map(|(list, _)| (vec![list.clone()], list)),
        call: |a| {
            let mut items = list(a, 0)?.to_vec();
            items.sort();
            Ok(Value::list(items))
        },
    },
];

/// The one value that the clauses of a function give, absent if they give none. Not for users: the plan calls it.
pub static AGREED: Builtin = Builtin {
    name: "the value of a function",
    usage: "",
    doc: "",
    signature: |a| one("the value of a function", a),
    call: |a| match list(a, 0)? {
        [] => Ok(Value::None),
        [one] => Ok(one.clone()),
        [x, y, ..] => {
            Err(Fault::new(FaultKind::Conflict, format!("two values for the same arguments: `{}` and `{}`", brief(x), brief(y))))
        }
    },
};

/// The list type that the one argument is converted to, and the type of its items.
fn items(name: &str, args: &[Type]) -> Result<(Type, Type), String> {
    arity(name, args, 1, 1)?;
    match args.first().map(Type::present) {
        Some(list @ Type::List(t)) => Ok((list.clone(), (**t).clone())),
        Some(Type::Json) => Ok((Type::Json.list(), Type::Json)),
        Some(Type::Error) | None => Ok((Type::Error, Type::Error)),
        Some(t) => Err(wrong(name, 0, t, "a list")),
    }
}

/// An item; a Json is never optional, its absence is found when it is read.
fn one(name: &str, args: &[Type]) -> Signature {
    let (list, item) = items(name, args)?;
    Ok((vec![list], if item == Type::Json { item } else { item.optional() }))
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use crate::scalar::json::from_json;

    fn call(name: &str, text: &str) -> Value {
        (find(name).unwrap().call)(&[from_json(text).unwrap()]).unwrap()
    }
    fn json(text: &str) -> Value {
        from_json(text).unwrap()
    }

    #[test]
    fn lists_are_counted_and_their_ends_may_be_absent() {
        assert_eq!(call("count", "[1, 1, null]"), Value::Int(3));
        assert_eq!(call("first", "[1, 2]"), Value::Int(1));
        assert_eq!(call("last", "[1, 2]"), Value::Int(2));
        assert_eq!(call("first", "[]"), Value::None);
        assert_eq!(call("last", "[]"), Value::None);
    }

    #[test]
    fn sorting_keeps_repeats_and_orders_numbers_by_worth() {
        assert_eq!(call("sort", "[3, 1.5, 2, 2]"), json("[1.5, 2, 2, 3]"));
        assert_eq!(call("sort", r#"["b", "é", "a", "B"]"#), json(r#"["B", "a", "b", "é"]"#));
        assert_eq!(call("sort", r#"["a", 1, true, null]"#), json(r#"[null, true, 1, "a"]"#));
    }

    #[test]
    fn an_item_is_optional_unless_it_is_json() {
        let sign = |name: &str, t: Type| (find(name).unwrap().signature)(&[t]);
        assert_eq!(sign("first", Type::Text.list()), Ok((vec![Type::Text.list()], Type::Text.optional())));
        assert_eq!(sign("last", Type::Json), Ok((vec![Type::Json.list()], Type::Json)));
        let nodes = Type::Node(crate::scalar::Kinds::Any).list();
        assert_eq!(sign("sort", nodes.clone()), Ok((vec![nodes.clone()], nodes.clone())));
        assert_eq!(sign("count", nodes.clone()), Ok((vec![nodes], Type::Int(None))));
        assert_eq!(sign("count", Type::Text).unwrap_err(), "argument 1 of `count` is a Text, but must be a list");
    }
}
