//! JSON values: lazily read documents. Fed by the candidate's text, read by readers and by everything that takes Json from outside.
pub use super::canonical::{canonical, digest, to_json};
use super::display::brief;
pub use super::display::{display, quoted};
use super::expression::{Fault, FaultKind};
pub use super::parse::{DEPTH, Malformed, number};
use super::parse::{Scanner, no_repeats};
use super::value::Value;
use std::sync::Arc;

/// A JSON value inside a text that has not been read: the bytes `start..end` of it, without surrounding white space.
///
/// Make one with [`Lazy::document`], which checks the whole text once; what is reached from it is then found by skipping.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lazy {
    /// The whole text.
    pub text: Arc<str>,
    /// First byte of the value.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// What sort of JSON a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Record,
}

impl Lazy {
    /// The one value of a JSON text, checked from end to end: syntax, depth, repeated keys, numbers.
    pub fn document(text: Arc<str>) -> Result<Lazy, Malformed> {
        let end = text.len();
        Lazy::part(text, 0, end)
    }
    /// The one value in the bytes `start..end` of a text (a line of JSON lines), checked as by [`Lazy::document`].
    pub fn part(text: Arc<str>, start: usize, end: usize) -> Result<Lazy, Malformed> {
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed { at: 0, first: None, text: "a JSON text of 4 GiB or more cannot be read".into() });
        }
        let mut scanner = Scanner::new(&text, start, end);
        scanner.next();
        let start = scanner.at;
        scanner.check(0)?;
        let end = scanner.at;
        scanner.finish()?;
        Ok(Lazy { start: start as u32, end: end as u32, text })
    }
    /// The text of the value.
    pub fn source(&self) -> &str {
        self.text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
    /// What sort of value it is.
    pub fn kind(&self) -> JsonKind {
        match self.source().as_bytes().first() {
            Some(b'{') => JsonKind::Record,
            Some(b'[') => JsonKind::List,
            Some(b'"') => JsonKind::Text,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }
    fn scanner(&self) -> Scanner<'_> {
        Scanner::new(&self.text, self.start as usize, self.end as usize)
    }
    fn child(&self, scanner: &mut Scanner<'_>) -> Result<Lazy, Malformed> {
        let start = scanner.at as u32;
        scanner.skip()?;
        Ok(Lazy { text: self.text.clone(), start, end: scanner.at as u32 })
    }
    fn not(&self, what: &str) -> Fault {
        let value = brief(&Value::Lazy(self.clone()));
        Fault::new(FaultKind::Range, format!("`{value}` is not {what}"))
    }

    /// The value at a key; absent if it is not there, or this is no object. Stops at the key.
    pub fn get(&self, key: &str) -> Result<Option<Lazy>, Fault> {
        let mut found = None;
        if self.kind() == JsonKind::Record {
            self.scanner().fields(|s, k, _| {
                if k == key {
                    found = Some(self.child(s)?);
                } else {
                    s.skip()?;
                }
                Ok(found.is_none())
            })?;
        }
        Ok(found)
    }
    /// The item at a place, from 0; absent if it is not there, or this is no list. Stops at the item.
    pub fn item(&self, index: usize) -> Result<Option<Lazy>, Fault> {
        if self.kind() != JsonKind::List {
            return Ok(None);
        }
        let mut at = 0;
        let mut found = None;
        // there is no way to stop a list early but an error, which is then forgotten
        let stopped = self.scanner().items(|s| {
            if at == index {
                found = Some(self.child(s)?);
                return Err(Malformed { at: 0, first: None, text: String::new() });
            }
            at += 1;
            s.skip()
        });
        match (found, stopped) {
            (Some(lazy), _) => Ok(Some(lazy)),
            (None, Err(e)) => Err(e.into()),
            (None, Ok(())) => Ok(None),
        }
    }
    /// The fields of an object, in the order of the text; a fault for anything else, or where a key stands twice.
    pub fn entries(&self) -> Result<Vec<(Arc<str>, Lazy)>, Fault> {
        if self.kind() != JsonKind::Record {
            return Err(self.not("a record"));
        }
        let mut entries: Vec<(Arc<str>, Lazy)> = vec![];
        self.scanner().fields(|s, key, _| {
            entries.push((key.into(), self.child(s)?));
            Ok(true)
        })?;
        let mut keys: Vec<_> = entries.iter().map(|(key, v)| (&**key, v.start as usize)).collect();
        keys.sort();
        no_repeats(keys.iter().copied())?;
        Ok(entries)
    }
    /// The items of a list; a fault for anything else.
    pub fn elements(&self) -> Result<Vec<Lazy>, Fault> {
        if self.kind() != JsonKind::List {
            return Err(self.not("a list"));
        }
        let mut items = vec![];
        self.scanner().items(|s| self.child(s).map(|v| items.push(v)))?;
        Ok(items)
    }
    /// The whole value, read to the bottom.
    pub fn force(&self) -> Result<Value, Fault> {
        let mut scanner = self.scanner();
        let value = scanner.value(0)?;
        scanner.finish()?;
        Ok(value)
    }
    /// The value as far as it costs nothing: an object or a list stays unread.
    pub fn settle(self) -> Result<Value, Fault> {
        match self.kind() {
            JsonKind::Record | JsonKind::List => Ok(Value::Lazy(self)),
            _ => self.force(),
        }
    }
}

/// Reads a JSON text: strictly, with no key twice and no number beyond a Float.
pub fn from_json(text: &str) -> Result<Value, Malformed> {
    let mut scanner = Scanner::new(text, 0, text.len());
    let value = scanner.value(0)?;
    scanner.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lazy(text: &str) -> Lazy {
        Lazy::document(text.into()).unwrap()
    }

    #[test]
    fn whole_numbers_are_ints_however_they_are_spelt() {
        for (text, int) in [
            ("5", 5),
            ("5.0", 5),
            ("5e0", 5),
            ("0.5e1", 5),
            ("500E-2", 5),
            ("-0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775807.0", i64::MAX),
            ("9.223372036854775807e18", i64::MAX),
            ("9007199254740993.0", 9007199254740993),
            ("1e18", 1_000_000_000_000_000_000),
        ] {
            assert_eq!(from_json(text), Ok(Value::Int(int)), "{text}");
        }
        for (text, float) in [
            ("0.5", 0.5),
            ("9223372036854775808.0", 9223372036854775808.0),
            ("1e19", 1e19),
            ("-1e300", -1e300),
            ("1e-400", 0.0),
            ("5.0000000000000000000000001", 5.0),
            // needs the correctly rounded reading
            ("1.0000000000000002220446049250313080847263336181640625000000000001", 1.0000000000000002),
        ] {
            assert_eq!(from_json(text), Ok(Value::float(float).unwrap()), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"] {
            assert!(from_json(text).unwrap_err().text.contains("does not fit 64 bits"), "{text}");
        }
        for text in ["1e309", "-1e400", "1e99999999999999999999"] {
            assert!(from_json(text).unwrap_err().text.contains("too large for a Float"), "{text}");
        }
    }

    #[test]
    fn json_is_read_strictly_and_mistakes_have_a_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("{a: 1}", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("01", 0),
            ("1.", 2),
            (".5", 0),
            ("+1", 0),
            ("1e", 2),
            ("nul", 0),
            ("nulls", 4),
            ("NaN", 0),
            ("'a'", 0),
            ("\"a", 0),
            ("\"\t\"", 1),
            (r#""\x""#, 1),
            (r#""\u12g4""#, 1),
            (r#""\ud800""#, 1),
            (r#""\ud800\u0041""#, 1),
            (r#""\udc00""#, 1),
            ("[1] x", 4),
            ("\u{feff}1", 0),
            ("-", 1),
            ("[1}", 2),
            ("{\"a\":}", 5),
            ("// c\n1", 0),
            ("\u{a0}1", 0),
        ] {
            let error = from_json(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert_eq!(Lazy::document(text.into()).unwrap_err(), error, "{text}");
        }
        let text = from_json(r#""\u00e9\ud83d\udca1\/\b\f\n\r\t\"\\ é""#).unwrap();
        assert_eq!(text, Value::text("é💡/\u{8}\u{c}\n\r\t\"\\ é"));
    }

    #[test]
    fn a_key_that_stands_twice_is_a_fault_that_names_it() {
        let text = r#"{"z": 0, "y": {"a": 1, "b": 2, "\u0061": 3}}"#;
        let error = from_json(text).unwrap_err();
        assert_eq!(error.text, "the key `\"a\"` stands twice");
        assert_eq!((error.first, error.at), (Some(15), 31));
        assert_eq!(Lazy::document(text.into()).unwrap_err(), error);
        let unchecked = Lazy { text: r#"{"a": 1, "a": 2}"#.into(), start: 0, end: 16 };
        assert!(unchecked.entries().unwrap_err().text.contains("`\"a\"` stands twice"));
        assert!(unchecked.force().unwrap_err().text.contains("`\"a\"` stands twice"));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(from_json(&deep(DEPTH)).is_ok());
        assert!(Lazy::document(deep(DEPTH).into()).is_ok());
        for text in [deep(DEPTH + 1), "[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
            assert!(from_json(&text).unwrap_err().text.contains("nested more than 128 deep"));
            assert!(Lazy::document(text.into()).is_err());
        }
    }

    #[test]
    fn documents_are_read_one_level_at_a_time() {
        let doc = lazy(" { \"a\" : [1, {\"b\\n\": \"x}]\\\"\"}, null ] , \"c\":-2.5,\"d\":{},\"e\":[] } ");
        assert_eq!(doc.kind(), JsonKind::Record);
        let keys: Vec<_> = doc.entries().unwrap().into_iter().map(|(k, v)| format!("{k}={}", v.source())).collect();
        assert_eq!(keys, ["a=[1, {\"b\\n\": \"x}]\\\"\"}, null ]", "c=-2.5", "d={}", "e=[]"]);
        let a = doc.get("a").unwrap().unwrap();
        let items: Vec<_> = a.elements().unwrap().iter().map(|v| v.kind()).collect();
        assert_eq!(items, [JsonKind::Number, JsonKind::Record, JsonKind::Null]);
        let b = a.item(1).unwrap().unwrap().get("b\n").unwrap().unwrap();
        assert_eq!(b.force(), Ok(Value::text("x}]\"")));
        assert_eq!(a.item(3), Ok(None));
        assert_eq!(doc.get("b").unwrap(), None);
        assert_eq!(a.get("b").unwrap(), None);
        assert_eq!(doc.get("d").unwrap().unwrap().entries().unwrap(), []);
        assert_eq!(doc.get("e").unwrap().unwrap().elements().unwrap(), []);
        assert_eq!(doc.elements().unwrap_err().kind, FaultKind::Range);
        assert_eq!(a.entries().unwrap_err().kind, FaultKind::Range);
        assert_eq!(doc.force().unwrap(), from_json(doc.source()).unwrap());
        assert!(matches!(a.clone().settle(), Ok(Value::Lazy(_))));
        assert_eq!(a.item(2).unwrap().unwrap().settle(), Ok(Value::None));
    }

    #[test]
    fn a_line_of_json_lines_is_a_document() {
        let text: Arc<str> = "{\"a\": 1}\n [2] \n{\"a\": 3, }".into();
        assert_eq!(Lazy::part(text.clone(), 0, 8).unwrap().source(), "{\"a\": 1}");
        assert_eq!(Lazy::part(text.clone(), 9, 14).unwrap().source(), "[2]");
        assert_eq!(Lazy::part(text.clone(), 15, 25).unwrap_err().at, 24);
    }

    #[test]
    fn text_that_was_never_checked_gives_faults_not_panics() {
        let pieces = ["{", "}", "[", "]", "\"", "\\", ",", ":", "é", "1", "\"a\"", " ", "null", "\\u"];
        let mut seed = 1u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            let checked = Lazy::document(text.as_str().into());
            assert_eq!(checked.is_ok(), from_json(&text).is_ok(), "{text}");
            // an independent judge; it is laxer only in repeated keys
            let judge = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert!(judge == checked.is_ok() || judge && from_json(&text).unwrap_err().first.is_some(), "{text}");
            let lazy = Lazy { start: 0, end: text.len() as u32 + 3, text: text.as_str().into() };
            let _ = (lazy.get("a"), lazy.item(1), lazy.entries(), lazy.elements(), lazy.force(), lazy.kind());
        }
    }
}
