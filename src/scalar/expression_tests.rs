//! Tests of `expression`: one for each paragraph of the fine print that concerns its operations.
use super::*;
use crate::scalar::builtin;
use crate::scalar::json::{Lazy, from_json};

fn f(x: f64) -> Value {
    Value::float(x).unwrap()
}
fn t(s: &str) -> Value {
    Value::text(s)
}
fn json(text: &str) -> Value {
    from_json(text).unwrap()
}
fn lazy(text: &str) -> Value {
    Value::Lazy(Lazy::document(text.into()).unwrap())
}
fn yes(op: Op, a: Value, b: Value) -> bool {
    op.apply(&[a, b]).unwrap() == Value::Bool(true)
}

#[test]
fn equality_works_on_absent_values_but_order_and_arithmetic_need_presence() {
    assert!(yes(Op::Eq, Value::None, Value::None));
    assert!(yes(Op::Ne, Value::None, Value::Int(0)));
    assert!(yes(Op::In, Value::None, Value::list(vec![Value::None])));
    assert!(!yes(Op::In, Value::None, Value::list(vec![Value::Int(1)])));
    for op in [Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Add, Op::Sub, Op::Mul, Op::Div, Op::IntDiv, Op::Rem, Op::Concat] {
        for args in [[Value::None, Value::Int(1)], [Value::Int(1), Value::None]] {
            let fault = op.apply(&args).unwrap_err();
            assert_eq!((fault.kind, fault.text.as_str()), (FaultKind::Cast, "absent where a value is needed"), "{op:?}");
        }
    }
    assert_eq!(Op::Neg.apply(&[Value::None]), Err(absent()));
    assert_eq!(Op::In.apply(&[Value::Int(1), Value::None]), Err(absent()));
}

#[test]
fn numbers_compare_by_worth_and_text_by_scalar_value() {
    assert!(yes(Op::Eq, Value::Int(2), f(2.0)));
    assert!(yes(Op::Lt, Value::Int(2), f(2.5)));
    assert!(yes(Op::Ge, f(2.5), Value::Int(2)));
    assert!(yes(Op::Lt, t("\u{fffd}"), t("💡")));
    assert!(yes(Op::Gt, t("a"), t("Z")));
    assert!(yes(Op::Le, Value::Time(1), Value::Time(1)));
    assert_eq!(Op::Lt.apply(&[t("1"), Value::Int(1)]).unwrap_err().kind, FaultKind::Cast);
}

#[test]
fn in_looks_for_an_equal_item_and_needs_a_list() {
    let list = json(r#"["search", 2, null]"#);
    assert!(yes(Op::In, t("search"), list.clone()));
    assert!(yes(Op::In, f(2.0), list.clone()));
    assert!(!yes(Op::In, t("2"), list.clone()));
    assert!(yes(Op::In, Value::None, list));
    assert!(yes(Op::In, Value::Int(3), lazy("[1, 3]")));
    let fault = Op::In.apply(&[t("a"), json(r#"{"a": 1}"#)]).unwrap_err();
    assert_eq!(fault.text, "`{\"a\": 1}` is not a list");
}

#[test]
fn concatenation_joins_texts_or_lists() {
    assert_eq!(Op::Concat.apply(&[t("x@"), t("é")]), Ok(t("x@é")));
    assert_eq!(Op::Concat.apply(&[json("[1]"), lazy("[2, [3]]")]), Ok(json("[1, 2, [3]]")));
    assert_eq!(Op::Concat.apply(&[t("n"), Value::Int(1)]).unwrap_err().text, "`1` is not a Text");
}

#[test]
fn reaching_into_json_counts_from_zero_and_outside_is_absent() {
    for make in [json as fn(&str) -> Value, lazy] {
        let doc = make(r#"{"a": [10, {"b": true}], "n": null, "x y": "t"}"#);
        let get = |v: &Value, name: &str| Op::Get(name.into()).apply(std::slice::from_ref(v)).unwrap();
        let at = |v: &Value, i: Value| Op::Item.apply(&[v.clone(), i]).unwrap();
        let a = get(&doc, "a");
        assert_eq!(at(&a, Value::Int(0)), Value::Int(10));
        assert_eq!(get(&at(&a, Value::Int(1)), "b"), Value::Bool(true));
        assert_eq!(at(&a, Value::Int(2)), Value::None);
        assert_eq!(at(&a, Value::Int(-1)), Value::None);
        assert_eq!(at(&a, t("0")), Value::None);
        assert_eq!(at(&doc, t("x y")), t("t"));
        assert_eq!(at(&doc, Value::Int(0)), Value::None);
        assert_eq!(get(&doc, "n"), Value::None);
        assert_eq!(get(&doc, "zzz"), Value::None);
        assert_eq!(get(&a, "b"), Value::None);
        assert_eq!(get(&get(&doc, "zzz"), "deeper"), Value::None);
        assert_eq!(at(&Value::None, Value::Int(0)), Value::None);
        assert_eq!(Op::Item.apply(&[doc, Value::Bool(true)]).unwrap_err().kind, FaultKind::Cast);
    }
}

#[test]
fn unread_values_stay_unread_until_a_value_is_needed() {
    let doc = lazy(r#"{"a": {"b": 1}, "t": "x"}"#);
    assert!(matches!(Op::Get("a".into()).apply(std::slice::from_ref(&doc)), Ok(Value::Lazy(_))));
    assert_eq!(Op::Get("t".into()).apply(std::slice::from_ref(&doc)), Ok(t("x")));
    assert!(yes(Op::Eq, doc.clone(), json(r#"{"t": "x", "a": {"b": 1.0}}"#)));
    assert_eq!(Op::List.apply(std::slice::from_ref(&doc)), Ok(json(r#"[{"a": {"b": 1}, "t": "x"}]"#)));
    let digest = builtin::find("digest").unwrap();
    assert_eq!(
        Op::Call(digest).apply(std::slice::from_ref(&doc)),
        Op::Call(digest).apply(&[json(r#"{"t": "x", "a": {"b": 1}}"#)])
    );
    assert_eq!(Op::Cast(Type::Json).apply(std::slice::from_ref(&doc)), Ok(doc));
}

#[test]
fn a_json_is_cast_where_a_type_is_expected() {
    assert_eq!(Op::Cast(Type::Int(None)).apply(&[json("\"a lot\"")]).unwrap_err().text, "`\"a lot\"` is not an Int");
    assert_eq!(Op::Cast(Type::Float(None)).apply(&[json("5")]), Ok(f(5.0)));
    assert_eq!(Op::Widen.apply(&[Value::Int(5)]), Ok(f(5.0)));
    assert_eq!(Op::Widen.apply(&[Value::None]), Ok(Value::None));
    assert_eq!(Op::ToId.apply(&[lazy("17")]), Ok(t("17")));
}

#[test]
fn matches_searches_and_a_bad_pattern_is_a_fault() {
    let re = Arc::new(builtin::pattern("^ai_").unwrap());
    assert_eq!(Op::Matches(re.clone()).apply(&[t("ai_tool")]), Ok(Value::Bool(true)));
    assert_eq!(Op::Matches(re).apply(&[t("main")]), Ok(Value::Bool(false)));
    assert_eq!(Op::MatchesDynamic.apply(&[t("xaby"), t("a.")]), Ok(Value::Bool(true)));
    assert_eq!(Op::MatchesDynamic.apply(&[t("x"), t("(")]).unwrap_err().kind, FaultKind::Argument);
    assert_eq!(Op::MatchesDynamic.apply(&[Value::Int(1), t("1")]).unwrap_err().kind, FaultKind::Cast);
}

#[test]
fn records_have_their_fields_sorted() {
    let record = Op::Record(["b".into(), "a".into()].into()).apply(&[Value::Int(1), lazy("[2]")]);
    assert_eq!(record, Ok(json(r#"{"a": [2], "b": 1}"#)));
}

#[test]
fn a_host_function_keeps_to_its_declared_type() {
    let host = |result: Result<Value, String>| {
        Op::Host(Arc::new(HostFunction {
            name: "risk".into(),
            params: vec![Type::Text],
            result: Type::Float(None),
            call: Arc::new(move |_| result.clone()),
        }))
    };
    assert_eq!(host(Ok(Value::Int(2))).apply(&[t("a")]), Ok(f(2.0)));
    assert_eq!(host(Ok(t("high"))).apply(&[t("a")]).unwrap_err().text, "the result of `risk`: `\"high\"` is not a Float");
    assert_eq!(host(Err("no such user".into())).apply(&[t("a")]).unwrap_err().text, "`risk`: no such user");
    assert!(host(Ok(f(f64::INFINITY))).apply(&[t("a")]).is_err());
}

#[test]
fn an_operand_too_few_is_a_fault_not_a_panic() {
    for op in [Op::Neg, Op::Add, Op::Eq, Op::Lt, Op::In, Op::Item, Op::ToId, Op::Get("a".into()), Op::MatchesDynamic, Op::Concat]
    {
        assert_eq!(op.apply(&[]).unwrap_err().kind, FaultKind::Argument, "{op:?}");
    }
}
