//! How a value is shown to people: in messages, in bindings, in faults. Read by report, the demands and every fault.
use super::instant::{format_duration, format_time};
use super::value::{Element, Value};
use std::fmt::Write;

/// How a value stands in a message: text bare, the rest as [`quoted`].
pub fn display(value: &Value, element: &dyn Fn(Element) -> String) -> String {
    match value {
        Value::Text(t) => t.to_string(),
        Value::Lazy(lazy) => lazy.force().map_or_else(|_| lazy.source().to_string(), |v| display(&v, element)),
        v => quoted(v, element),
    }
}

/// How a value stands in a binding, and inside lists and records: text in quotes, `none` for absent.
pub fn quoted(value: &Value, element: &dyn Fn(Element) -> String) -> String {
    let mut out = String::new();
    write_value(&mut out, value, element, usize::MAX);
    out
}

/// A value for a fault: as [`quoted`], cut where it is long, with elements only named by their sort.
pub fn brief(value: &Value) -> String {
    const MOST: usize = 60;
    let mut out = String::new();
    let sort = |e: Element| {
        let sort = match e {
            Element::Node(_) => "a node",
            Element::Edge(_) => "an edge",
            Element::Event(_) => "an event",
        };
        sort.to_string()
    };
    write_value(&mut out, value, &sort, MOST * 4);
    match out.char_indices().nth(MOST) {
        Some((end, _)) => {
            out.truncate(end);
            out.push('…');
            out
        }
        None => out,
    }
}

/// Writes a value; stops early once `limit` bytes are written, so that a fault about a large value is cheap.
fn write_value(out: &mut String, value: &Value, element: &dyn Fn(Element) -> String, limit: usize) {
    if out.len() > limit {
        return;
    }
    // writing to a String never fails
    let _ = match value {
        Value::None => out.write_str("none"),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(i) => write!(out, "{i}"),
        Value::Float(x) => write!(out, "{:?}", x.get()),
        Value::Text(t) => {
            write_quoted(out, t, limit);
            Ok(())
        }
        Value::Time(t) => out.write_str(&format_time(*t)),
        Value::Duration(d) => out.write_str(&format_duration(*d)),
        Value::Element(e) => out.write_str(&element(*e)),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate().take_while(|(i, _)| *i <= limit) {
                out.push_str(if i > 0 { ", " } else { "" });
                write_value(out, item, element, limit);
            }
            out.write_char(']')
        }
        Value::Record(fields) => {
            out.push('{');
            for (i, (name, v)) in fields.iter().enumerate().take_while(|(i, _)| *i <= limit) {
                out.push_str(if i > 0 { ", " } else { "" });
                write_quoted(out, name, limit);
                out.push_str(": ");
                write_value(out, v, element, limit);
            }
            out.write_char('}')
        }
        Value::Lazy(lazy) => match lazy.source() {
            source if source.len() > limit => {
                out.extend(source.chars().take(limit));
                Ok(())
            }
            source => match lazy.force() {
                Ok(v) => {
                    write_value(out, &v, element, limit);
                    Ok(())
                }
                Err(_) => out.write_str(source),
            },
        },
    };
}

/// A text in quotes, as the language writes it.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(&mut out, text, usize::MAX);
    out
}

fn write_quoted(out: &mut String, text: &str, limit: usize) {
    out.push('"');
    for c in text.chars().take(limit) {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(e: Element) -> String {
        format!("{e:?}")
    }

    #[test]
    fn text_is_bare_in_messages_and_quoted_inside() {
        let t = Value::text("a \"b\"\n\u{7}💡");
        assert_eq!(display(&t, &name), "a \"b\"\n\u{7}💡");
        assert_eq!(quoted(&t, &name), r#""a \"b\"\n\u{7}💡""#);
        let l = Value::list(vec![t, Value::None, Value::Int(-3), Value::Element(Element::Node(2))]);
        assert_eq!(display(&l, &name), r#"["a \"b\"\n\u{7}💡", none, -3, Node(2)]"#);
        let r = Value::record([("b".into(), Value::Duration(5_400_000_000)), ("a b".into(), Value::Time(0))]);
        assert_eq!(display(&r, &name), r#"{"a b": 1970-01-01T00:00:00Z, "b": 1h30m}"#);
        assert_eq!(display(&Value::None, &name), "none");
    }

    #[test]
    fn floats_are_shown_as_floats_of_the_language() {
        for (x, shown) in [(12.0, "12.0"), (0.1, "0.1"), (1e-7, "1e-7"), (1e21, "1e21"), (-2.5, "-2.5"), (-0.0, "0.0")] {
            assert_eq!(display(&Value::float(x).unwrap(), &name), shown);
        }
    }

    #[test]
    fn a_fault_about_a_large_value_stays_short() {
        let v = Value::list(vec![Value::text("é".repeat(1000)); 100_000]);
        let shown = brief(&v);
        assert_eq!(shown.chars().count(), 61);
        assert!(shown.ends_with('…'));
        assert_eq!(brief(&Value::Element(Element::Edge(3))), "an edge");
    }
}
