//! Values as JSON: for reports, and in the canonical form of RFC 8785, which digests are taken of. Read by report, audit and the built-in `digest`.
use super::compare::absent;
use super::expression::{Fault, FaultKind};
use super::instant::{format_duration, format_time};
use super::value::{Element, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A value as JSON: times and durations as text, elements as `element` names them, absent as `null`.
pub fn to_json(value: &Value, element: &dyn Fn(Element) -> String) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::None => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::Float(x) => serde_json::Number::from_f64(x.get()).map_or(Json::Null, Json::Number),
        Value::Text(t) => Json::String(t.to_string()),
        Value::Time(t) => Json::String(format_time(*t)),
        Value::Duration(d) => Json::String(format_duration(*d)),
        Value::Element(e) => Json::String(element(*e)),
        Value::List(items) => Json::Array(items.iter().map(|v| to_json(v, element)).collect()),
        Value::Record(fields) => Json::Object(fields.iter().map(|(n, v)| (n.to_string(), to_json(v, element))).collect()),
        Value::Lazy(lazy) => lazy.force().map_or(Json::Null, |v| to_json(&v, element)),
    }
}

/// The canonical JSON of a value (RFC 8785): equal values have equal texts. An `Int` is written with all its digits, also
/// beyond 2^53, where RFC 8785 asks for text instead: what differs must not get one digest. An element has no JSON: a fault.
pub fn canonical(value: &Value) -> Result<String, Fault> {
    let mut out = String::new();
    write_canonical(&mut out, value)?;
    Ok(out)
}

/// SHA-256 of the canonical JSON, in lower case hex.
pub fn digest(value: &Value) -> Result<String, Fault> {
    if value.is_none() {
        return Err(absent());
    }
    Ok(hex(&Sha256::digest(canonical(value)?.as_bytes())))
}

/// Bytes in lower case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(out, "{b:02x}");
    }
    out
}

fn write_canonical(out: &mut String, value: &Value) -> Result<(), Fault> {
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(x) if x.get().is_finite() => out.push_str(ryu_js::Buffer::new().format_finite(x.get())),
        Value::Float(_) => return Err(Fault::new(FaultKind::Overflow, "an infinite Float has no JSON")),
        Value::Text(t) => write_text(out, t),
        Value::Time(t) => write_text(out, &format_time(*t)),
        Value::Duration(d) => write_text(out, &format_duration(*d)),
        Value::Element(_) => {
            return Err(Fault::new(FaultKind::Argument, "a node, edge or event has no JSON (its `.id` has)"));
        }
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write_canonical(out, item)?;
            }
            out.push(']');
        }
        Value::Record(fields) => {
            // RFC 8785 sorts names by UTF-16 units, which is not the order of scalar values
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (name, v)) in sorted.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write_text(out, name);
                out.push(':');
                write_canonical(out, v)?;
            }
            out.push('}');
        }
        Value::Lazy(lazy) => write_canonical(out, &lazy.force()?)?,
    }
    Ok(())
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::json::from_json;

    fn of(text: &str) -> String {
        canonical(&from_json(text).unwrap()).unwrap()
    }

    #[test]
    fn canonical_json_is_that_of_rfc_8785() {
        // section 3.2.2 and 3.2.4 of the RFC
        let input = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(of(input), expected);
        // section 3.2.3: names sorted by UTF-16 units
        let names = r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#;
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\
                        \"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(of(names), expected);
        // appendix B
        for (bits, text) in [
            (0x0000000000000000, "0"),
            (0x8000000000000000, "0"),
            (0x0000000000000001, "5e-324"),
            (0x7fefffffffffffff, "1.7976931348623157e+308"),
            (0x4340000000000000, "9007199254740992"),
            (0x4430000000000000, "295147905179352830000"),
            (0x44b52d02c7e14af5, "9.999999999999997e+22"),
            (0x44b52d02c7e14af6, "1e+23"),
            (0x444b1ae4d6e2ef4e, "999999999999999700000"),
            (0x444b1ae4d6e2ef50, "1e+21"),
            (0x3eb0c6f7a0b5ed8d, "0.000001"),
            (0x41b3de4355555555, "333333333.3333333"),
            (0xbecbf647612f3696, "-0.0000033333333333333333"),
            (0x43143ff3c1cb0959, "1424953923781206.2"),
        ] {
            let value = Value::float(f64::from_bits(bits)).unwrap();
            assert_eq!(canonical(&value).unwrap(), text);
        }
    }

    #[test]
    fn the_digest_is_that_of_the_canonical_json_in_hex() {
        assert_eq!(
            digest(&from_json("{}").unwrap()).unwrap(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        // printf '%s' '{"a":1,"b":[true,null,"x"]}' | sha256sum
        let known = "eca8cfb31ab74533e1eb2f4c74d2d55dfe3c79ac704787e54be8647ea7777eb1";
        assert_eq!(digest(&from_json(r#" {"b": [true, null, "\u0078"], "a": 1.0e0} "#).unwrap()).unwrap(), known);
    }

    #[test]
    fn spellings_of_one_value_have_one_digest_and_large_ints_stay_apart() {
        assert_eq!(of("5"), of("5.0"));
        assert_eq!(of("5"), of("0.5e1"));
        assert_eq!(canonical(&Value::float(5.0).unwrap()).unwrap(), "5");
        assert_ne!(of("9007199254740993"), of("9007199254740992"));
    }

    #[test]
    fn absent_elements_and_infinities_have_no_digest() {
        assert!(digest(&Value::None).is_err());
        assert!(digest(&Value::list(vec![Value::Element(Element::Node(1))])).is_err());
        assert!(digest(&Value::float(f64::INFINITY).unwrap()).is_err());
    }

    #[test]
    fn times_and_durations_are_text_in_json() {
        let v =
            Value::record([("t".into(), Value::Time(0)), ("d".into(), Value::Duration(90_000_000)), ("n".into(), Value::None)]);
        assert_eq!(canonical(&v).unwrap(), r#"{"d":"1m30s","n":null,"t":"1970-01-01T00:00:00Z"}"#);
        let json = to_json(&Value::list(vec![v, Value::Element(Element::Node(3)), Value::Int(2)]), &|e| format!("{e:?}"));
        assert_eq!(json.to_string(), r#"[{"d":"1m30s","n":null,"t":"1970-01-01T00:00:00Z"},"Node(3)",2]"#);
    }
}
