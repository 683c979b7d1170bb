//! Built-ins on Json values: their scalars, keys, words and digest.
use super::signature::{Signature, arg, fixed, not, text, texts};
use super::table::Builtin;
use crate::scalar::canonical;
use crate::scalar::json::Lazy;
use crate::scalar::types::Type;
use crate::scalar::value::Value;
use std::collections::BTreeSet;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "leaves",
        usage: "leaves(json): [Json]",
        doc: "every scalar in a Json, in order (fields by name); what is null is left out",
        signature: |a| json("leaves", a, Type::Json.list()),
        call: |a| {
            let mut out = vec![];
            leaves(arg(a, 0)?, &mut |v| out.push(v.clone()));
            Ok(Value::list(out))
        },
    },
    Builtin {
        name: "keys",
        usage: "keys(json): [Text]",
        doc: "the names of the fields of a record, sorted",
        signature: |a| json("keys", a, Type::Text.list()),
        call: |a| match arg(a, 0)? {
            Value::Record(fields) => Ok(texts(fields.iter().map(|(name, _)| name.clone()))),
            v => Err(not(v, "a record, so it has no keys")),
        },
    },
    Builtin {
        name: "tokens",
        usage: "tokens(json): [Text]",
        doc: "the words of every text in a Json, in lower case, distinct and sorted; a word is letters, digits, marks and `_` in a row",
        signature: |a| json("tokens", a, Type::Text.list()),
        call: |a| {
            let mut words = BTreeSet::new();
            leaves(arg(a, 0)?, &mut |v| {
                let text = v.as_text().unwrap_or("").to_lowercase();
                words.extend(text.split(|c| !is_word(c)).filter(|w| !w.is_empty()).map(String::from));
            });
            Ok(texts(words))
        },
    },
    Builtin {
        name: "parse_json",
        usage: "parse_json(text): Json",
        doc: "the value that a text is the JSON of; absent if it is not JSON (a repeated key, a number beyond 64 bits: also none)",
        signature: |a| fixed("parse_json", a, &[Type::Text], 0, Type::Json),
        call: |a| match Lazy::document(text(a, 0)?.into()) {
            Ok(lazy) => lazy.force(),
            Err(_) => Ok(Value::None),
        },
    },
    Builtin {
        name: "digest",
        usage: "digest(json): Text",
        doc: "SHA-256, in hex, of the canonical JSON (RFC 8785)",
        signature: |a| json("digest", a, Type::Text),
        call: |a| canonical::digest(arg(a, 0)?).map(Value::text),
    },
];

fn json(name: &str, args: &[Type], result: Type) -> Signature {
    fixed(name, args, &[Type::Json], 0, result)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || unicode_ident::is_xid_continue(c)
}

fn leaves(value: &Value, visit: &mut dyn FnMut(&Value)) {
    match value {
        Value::None => {}
        Value::List(items) => items.iter().for_each(|v| leaves(v, visit)),
        Value::Record(fields) => fields.iter().for_each(|(_, v)| leaves(v, visit)),
        scalar => visit(scalar),
    }
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
    fn leaves_are_every_scalar() {
        assert_eq!(call("leaves", r#"{"b": [1, {"c": null, "d": true}], "a": "x"}"#), json(r#"["x", 1, true]"#));
        assert_eq!(call("leaves", "5"), json("[5]"));
    }

    #[test]
    fn keys_are_those_of_a_record() {
        assert_eq!(call("keys", r#"{"b": 1, "a": {"z": 2}}"#), json(r#"["a", "b"]"#));
        assert!((find("keys").unwrap().call)(&[json("[1]")]).is_err());
    }

    #[test]
    fn tokens_are_the_words_of_every_text_in_lower_case_distinct() {
        let doc =
            r#"{"to": "Bob@Evil.com", "body": ["The SECRET is read_secret-42,", "the Straße 节点!", 7], "key_is_no_leaf": null}"#;
        assert_eq!(
            call("tokens", doc),
            json(r#"["42", "bob", "com", "evil", "is", "read_secret", "secret", "straße", "the", "节点"]"#)
        );
        assert_eq!(call("tokens", r#""e\u0301t\u00e9""#), json(r#"["e\u0301t\u00e9"]"#));
    }

    #[test]
    fn json_within_a_text_is_read_and_what_is_none_is_absent() {
        let parse = |t: &str| call("parse_json", &serde_json::to_string(t).unwrap());
        assert_eq!(parse(r#" {"a": [1, "x", null]} "#), json(r#"{"a": [1, "x", null]}"#));
        assert_eq!(parse("\"x\""), Value::text("x"));
        for none in ["", "{", "Error: no", "null", "[1] [2]", r#"{"a": 1, "a": 2}"#, "NaN", "99999999999999999999"] {
            assert_eq!(parse(none), Value::None, "{none}");
        }
        assert!((find("parse_json").unwrap().call)(&[json("[1]")]).is_err());
    }

    #[test]
    fn a_digest_does_not_depend_on_order_or_spelling() {
        assert_eq!(call("digest", r#"{"a": 1, "b": [2.50]}"#), call("digest", r#"{ "b":[25e-1], "\u0061":1.0 }"#));
        assert_ne!(call("digest", r#"{"a": 1}"#), call("digest", r#"{"a": "1"}"#));
        let sign = |t: Type| (find("digest").unwrap().signature)(&[t]);
        assert_eq!(sign(Type::Text), Ok((vec![Type::Json], Type::Text)));
        assert!(sign(Type::Node(crate::scalar::Kinds::Any).list()).is_err());
    }
}
