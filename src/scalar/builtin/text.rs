//! Built-ins on text. Characters are Unicode scalar values, positions count from 0, patterns run in linear time.
use super::signature::{Signature, arg, arity, fixed, int, list, not, refuse, text, texts, wrong};
use super::table::Builtin;
use crate::scalar::display::display;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::size;
use crate::scalar::types::Type;
use crate::scalar::value::Value;
use regex::{Captures, Regex, RegexBuilder};

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "contains",
        usage: "contains(text, part): Bool",
        doc: "whether a text has another one in it",
        signature: |a| test("contains", a),
        call: |a| Ok(Value::Bool(text(a, 0)?.contains(text(a, 1)?))),
    },
    Builtin {
        name: "starts_with",
        usage: "starts_with(text, part): Bool",
        doc: "whether a text begins with another one",
        signature: |a| test("starts_with", a),
        call: |a| Ok(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?))),
    },
    Builtin {
        name: "ends_with",
        usage: "ends_with(text, part): Bool",
        doc: "whether a text ends with another one",
        signature: |a| test("ends_with", a),
        call: |a| Ok(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?))),
    },
    Builtin {
        name: "lower",
        usage: "lower(text): Text",
        doc: "the text in lower case",
        signature: |a| fixed("lower", a, &[Type::Text], 0, Type::Text),
        call: |a| Ok(Value::text(text(a, 0)?.to_lowercase())),
    },
    Builtin {
        name: "upper",
        usage: "upper(text): Text",
        doc: "the text in upper case",
        signature: |a| fixed("upper", a, &[Type::Text], 0, Type::Text),
        call: |a| Ok(Value::text(text(a, 0)?.to_uppercase())),
    },
    Builtin {
        name: "trim",
        usage: "trim(text): Text",
        doc: "the text without white space at its ends",
        signature: |a| fixed("trim", a, &[Type::Text], 0, Type::Text),
        call: |a| Ok(Value::text(text(a, 0)?.trim())),
    },
    Builtin {
        name: "text",
        usage: "text(value): Text",
        doc: "a text, number, Bool, Time or Duration as it stands in a message",
        signature: |a| {
            arity("text", a, 1, 1)?;
            let t = a.first().map_or(Type::Error, |t| t.present().clone());
            match t {
                Type::List(_) | Type::None => Err(wrong("text", 0, &t, "a single value")),
                t if t.has_elements() => Err(wrong("text", 0, &t, "a single value")),
                t => Ok((vec![t], Type::Text)),
            }
        },
        call: |a| match arg(a, 0)? {
            v @ (Value::List(_) | Value::Record(_) | Value::Element(_)) => Err(not(v, "a single value")),
            v => Ok(Value::text(display(v, &|_| String::new()))),
        },
    },
    Builtin {
        name: "split",
        usage: "split(text, by): [Text]",
        doc: "the parts of a text between the places where `by` stands",
        signature: |a| fixed("split", a, &[Type::Text, Type::Text], 0, Type::Text.list()),
        call: |a| match (text(a, 0)?, text(a, 1)?) {
            (_, "") => Err(Fault::new(FaultKind::Argument, "a text cannot be split by an empty text")),
            (t, by) => Ok(texts(t.split(by))),
        },
    },
    Builtin {
        name: "join",
        usage: "join(list, by): Text",
        doc: "the texts of a list as one, with `by` between them",
        signature: |a| fixed("join", a, &[Type::Text.list(), Type::Text], 0, Type::Text),
        call: |a| {
            let (parts, by) = (list(a, 0)?.iter().map(|v| v.as_text().ok_or_else(|| not(v, "a Text"))), text(a, 1)?);
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let between = by.len().saturating_mul(parts.len().saturating_sub(1));
            size::fits(parts.iter().fold(between, |sum, p| sum.saturating_add(p.len())), "a text")?;
            Ok(Value::text(parts.join(by)))
        },
    },
    Builtin {
        name: "replace",
        usage: "replace(text, regex, by): Text",
        doc: "the text with `by` for each match of a pattern; in `by`, `$1` or `${name}` is a group, `$0` the match, `$$` a dollar",
        signature: |a| fixed("replace", a, &[Type::Text, Type::Text, Type::Text], 0, Type::Text),
        call: |a| replace(text(a, 0)?, text(a, 1)?, text(a, 2)?),
    },
    Builtin {
        name: "capture",
        usage: "capture(text, regex): [Text]?",
        doc: "the first match of a pattern and its groups (an empty text for a group that took no part); absent without a match",
        signature: |a| fixed("capture", a, &[Type::Text, Type::Text], 0, Type::Text.list().optional()),
        call: |a| {
            let regex = pattern(text(a, 1)?)?;
            let groups = |c: Captures<'_>| texts(c.iter().map(|g| g.map_or("", |m| m.as_str())));
            Ok(regex.captures(text(a, 0)?).map_or(Value::None, groups))
        },
    },
    Builtin {
        name: "length",
        usage: "length(text or list): Int",
        doc: "how many characters or items there are",
        signature: |a| text_or_list("length", a, 1).map(|(params, _)| (params, Type::Int(None))),
        call: |a| match arg(a, 0)? {
            Value::Text(t) => Ok(Value::Int(t.chars().count() as i64)),
            Value::List(l) => Ok(Value::Int(l.len() as i64)),
            v => Err(not(v, "a Text or a list")),
        },
    },
    Builtin {
        name: "slice",
        usage: "slice(text or list, from, to): the same",
        doc: "the characters or items from a place (counted from 0) up to but without another; what lies outside is left out",
        signature: |a| text_or_list("slice", a, 3),
        call: |a| {
            let from = usize::try_from(int(a, 1)?.max(0)).unwrap_or(usize::MAX);
            let count = usize::try_from(int(a, 2)?.max(0)).unwrap_or(usize::MAX).saturating_sub(from);
            match arg(a, 0)? {
                Value::Text(t) => Ok(Value::text(t.chars().skip(from).take(count).collect::<String>())),
                Value::List(l) => Ok(Value::list(l.iter().skip(from).take(count).cloned().collect())),
                v => Err(not(v, "a Text or a list")),
            }
        },
    },
];

fn test(name: &str, args: &[Type]) -> Signature {
    fixed(name, args, &[Type::Text, Type::Text], 0, Type::Bool)
}

/// A text or a list, and behind it Ints; the result is of the type of the first.
fn text_or_list(name: &str, args: &[Type], count: usize) -> Signature {
    arity(name, args, count, count)?;
    let first = match args.first().map(Type::present) {
        Some(Type::Text | Type::Literals(_)) => Type::Text,
        Some(t @ (Type::List(_) | Type::Json | Type::Error)) => t.clone(),
        Some(t) => return Err(wrong(name, 0, t, "a Text or a list")),
        None => Type::Error,
    };
    let mut params = vec![first.clone()];
    params.resize(count, Type::Int(None));
    fixed(name, args, &params, 0, first)
}

/// A compiled pattern. Patterns run in linear time and are bounded in size; one that cannot be read is a fault.
pub fn pattern(text: &str) -> Result<Regex, Fault> {
    RegexBuilder::new(text).size_limit(4 << 20).dfa_size_limit(4 << 20).nest_limit(100).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => refuse(text, "is too large a pattern"),
        e => {
            // the last line of the message says what is wrong, those before it draw the pattern
            let why = e.to_string();
            let why = why.lines().last().unwrap_or("").trim_start_matches("error: ").to_string();
            refuse(text, &format!("is not a pattern: {why}"))
        }
    })
}

fn replace(subject: &str, regex: &str, by: &str) -> Result<Value, Fault> {
    let regex = pattern(regex)?;
    let by = template(by, &regex)?;
    // as `Regex::replace_all` does, but it ends where the text becomes too large
    let (mut out, mut done) = (String::new(), 0);
    for c in regex.captures_iter(subject) {
        let Some(whole) = c.get(0) else { continue };
        out.push_str(subject.get(done..whole.start()).unwrap_or_default());
        for piece in &by {
            out.push_str(match piece {
                Piece::Text(t) => t,
                Piece::Group(i) => c.get(*i).map_or("", |m| m.as_str()),
            });
            size::fits(out.len(), "a text")?;
        }
        done = whole.end();
    }
    out.push_str(subject.get(done..).unwrap_or_default());
    Ok(Value::text(out))
}

enum Piece<'a> {
    Text(&'a str),
    Group(usize),
}

/// What stands in place of a match. A group that the pattern does not have is a fault, not an empty text.
fn template<'a>(by: &'a str, regex: &Regex) -> Result<Vec<Piece<'a>>, Fault> {
    let mut pieces = vec![];
    let mut rest = by;
    while let Some((before, after)) = rest.split_once('$') {
        pieces.push(Piece::Text(before));
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (name, tail) = if let Some(tail) = after.strip_prefix('$') {
            pieces.push(Piece::Text("$"));
            rest = tail;
            continue;
        } else if let Some((name, tail)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            (name, tail)
        } else if digits > 0 {
            after.split_at_checked(digits).unwrap_or((after, ""))
        } else {
            pieces.push(Piece::Text("$"));
            rest = after;
            continue;
        };
        let number = name.parse::<usize>().ok().filter(|n| *n < regex.captures_len());
        let named = || regex.capture_names().position(|n| n == Some(name));
        match number.or_else(named) {
            Some(group) => pieces.push(Piece::Group(group)),
            None => return Err(refuse(by, &format!("speaks of a group `{name}` that the pattern does not have"))),
        }
        rest = tail;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn call(name: &str, args: &[Value]) -> Result<Value, Fault> {
        (find(name).unwrap().call)(args)
    }
    fn t(s: &str) -> Value {
        Value::text(s)
    }
    fn of(name: &str, args: &[&str]) -> Value {
        call(name, &args.iter().map(|a| t(a)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn texts_are_searched_and_changed() {
        assert_eq!(of("contains", &["naïve 💡", "ïve 💡"]), Value::Bool(true));
        assert_eq!(of("contains", &["abc", ""]), Value::Bool(true));
        assert_eq!(of("starts_with", &["abc", "ab"]), Value::Bool(true));
        assert_eq!(of("ends_with", &["abc", "ab"]), Value::Bool(false));
        assert_eq!(of("lower", &["ÄẞΣ"]), t("äßς"));
        assert_eq!(of("upper", &["straße"]), t("STRASSE"));
        assert_eq!(of("trim", &["\u{3000} a b\n"]), t("a b"));
        assert_eq!(of("split", &["a,,b", ","]), texts(["a", "", "b"]));
        assert_eq!(of("split", &["", ","]), texts([""]));
        assert!(call("split", &[t("a"), t("")]).is_err());
        assert_eq!(call("join", &[texts(["a", "b"]), t(", ")]), Ok(t("a, b")));
        assert_eq!(call("join", &[Value::list(vec![]), t(", ")]), Ok(t("")));
        assert_eq!(call("join", &[Value::list(vec![Value::Int(1)]), t(", ")]).unwrap_err().kind, FaultKind::Cast);
    }

    #[test]
    fn a_single_value_is_a_text_as_in_a_message() {
        for (value, is) in [
            (t("a b"), "a b"),
            (Value::Int(-7), "-7"),
            (Value::float(0.5).unwrap(), "0.5"),
            (Value::Bool(true), "true"),
            (Value::Duration(90_000_000), "1m30s"),
        ] {
            assert_eq!(call("text", std::slice::from_ref(&value)), Ok(t(is)));
        }
        assert!(call("text", &[texts(["a"])]).is_err() && call("text", &[Value::None]).is_err());
        let sign = |args: &[Type]| (find("text").unwrap().signature)(args);
        assert_eq!(sign(&[Type::Json]), Ok((vec![Type::Json], Type::Text)));
        assert!(sign(&[Type::Text.list()]).is_err());
    }

    #[test]
    fn characters_are_scalar_values_positions_count_from_0_ends_are_exclusive() {
        let len = |s: &str| of("length", &[s]);
        assert_eq!(len("💡é节"), Value::Int(3));
        assert_eq!(len("e\u{301}"), Value::Int(2));
        assert_eq!(call("length", &[texts(["a", "b"])]), Ok(Value::Int(2)));
        let slice = |s: &str, a, b| call("slice", &[t(s), Value::Int(a), Value::Int(b)]).unwrap();
        assert_eq!(slice("a💡é节", 1, 3), t("💡é"));
        assert_eq!(slice("abc", -5, 100), t("abc"));
        assert_eq!(slice("abc", 2, 1), t(""));
        assert_eq!(slice("abc", i64::MIN, i64::MAX), t("abc"));
        assert_eq!(call("slice", &[texts(["a", "b", "c"]), Value::Int(1), Value::Int(9)]), Ok(texts(["b", "c"])));
    }

    #[test]
    fn in_a_replacement_a_dollar_and_a_number_is_a_group() {
        assert_eq!(of("replace", &["ssn 123-45-6789!", r"\d{3}-\d{2}-\d{4}", "***"]), t("ssn ***!"));
        assert_eq!(of("replace", &["ab cd", r"(\w)(\w)", "$2$1x"]), t("bax dcx"));
        assert_eq!(of("replace", &["ab", r"(?<first>\w)", "<${first}|${1}|$0|$$1>"]), t("<a|a|a|$1><b|b|b|$1>"));
        assert_eq!(of("replace", &["5", r"\d", "$ a$"]), t("$ a$"));
        assert_eq!(of("replace", &["ab", r"(a)|(b)", "[$1$2]"]), t("[a][b]"));
        let fault = call("replace", &[t("a"), t("a"), t("$1")]).unwrap_err();
        assert_eq!(fault.text, "`\"$1\"` speaks of a group `1` that the pattern does not have");
    }

    #[test]
    fn a_capture_has_the_whole_match_first_and_is_absent_without_one() {
        assert_eq!(of("capture", &["v12.3", r"(\d+)\.(\d+)(-x)?"]), texts(["12.3", "12", "3", ""]));
        assert_eq!(of("capture", &["none", r"(\d+)"]), Value::None);
    }

    #[test]
    fn a_bad_or_huge_pattern_is_a_fault_and_a_hostile_one_is_fast() {
        let fault = pattern("a(b").unwrap_err();
        assert_eq!((fault.kind, fault.text.as_str()), (FaultKind::Argument, "`\"a(b\"` is not a pattern: unclosed group"));
        assert!(pattern(r"(\w{1000}){1000}").unwrap_err().text.ends_with("is too large a pattern"));
        assert!(pattern(&"(".repeat(100_000)).is_err());
        assert_eq!(
            of("capture", &[&"a".repeat(50_000), "^(a+)+$|b"]),
            texts([&"a".repeat(50_000)[..], "a".repeat(50_000).as_str()])
        );
    }

    #[test]
    fn signatures_say_what_is_converted() {
        let sign = |name: &str, args: &[Type]| (find(name).unwrap().signature)(args);
        let literals = Type::Literals(["a".into()].into());
        assert_eq!(sign("contains", &[Type::Json, literals]), Ok((vec![Type::Text, Type::Text], Type::Bool)));
        assert_eq!(sign("lower", &[Type::Int(None)]).unwrap_err(), "argument 1 of `lower` is an Int, but must be a Text");
        assert_eq!(sign("lower", &[]).unwrap_err(), "`lower` takes 1 argument, not 0");
        assert_eq!(sign("length", &[Type::Json]), Ok((vec![Type::Json], Type::Int(None))));
        assert_eq!(sign("length", &[Type::Time]).unwrap_err(), "argument 1 of `length` is a Time, but must be a Text or a list");
        let list = Type::Time.list();
        assert_eq!(
            sign("slice", &[list.clone(), Type::Json, Type::Int(Some((0, 3)))]),
            Ok((vec![list.clone(), Type::Int(None), Type::Int(None)], list))
        );
        assert_eq!(sign("join", &[Type::Json.list(), Type::Text]), Ok((vec![Type::Text.list(), Type::Text], Type::Text)));
        assert_eq!(sign("join", &[Type::None.list(), Type::Text]), Ok((vec![Type::Text.list(), Type::Text], Type::Text)));
        assert!(sign("join", &[Type::Int(None).list(), Type::Text]).is_err());
        assert_eq!(sign("capture", &[Type::Text, Type::Text]).unwrap().1, Type::Text.list().optional());
    }
}
