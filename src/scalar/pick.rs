//! The values at known paths of a JSON document, read in one pass that checks all of it. Fed by the readers of long files.
use super::parse::{Malformed, Scanner};
use super::value::Value;
use std::borrow::Cow;

/// Paths into a document.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Node,
    count: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    slot: Option<usize>,
    keys: Vec<(String, Node)>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Picked<'a> {
    /// Nothing, or null.
    None,
    /// A text.
    Text(Cow<'a, str>),
    /// Anything else.
    Value(Value),
}

impl Picked<'_> {
    /// As a value.
    pub fn value(&self) -> Value {
        match self {
            Picked::None => Value::None,
            Picked::Text(t) => Value::text(&**t),
            Picked::Value(v) => v.clone(),
        }
    }
}

impl Paths {
    /// The number of a path. None if it leads through another one, or another one through it: then one pass does not do.
    pub fn add(&mut self, path: &[&str]) -> Option<usize> {
        let mut node = &mut self.root;
        for key in path {
            if node.slot.is_some() {
                return None;
            }
            let at = match node.keys.iter().position(|k| k.0 == *key) {
                Some(at) => at,
                None => {
                    node.keys.push((key.to_string(), Node::default()));
                    node.keys.len() - 1
                }
            };
            node = &mut node.keys.get_mut(at)?.1;
        }
        if !node.keys.is_empty() {
            return None;
        }
        let count = &mut self.count;
        Some(*node.slot.get_or_insert_with(|| {
            *count += 1;
            *count - 1
        }))
    }
    /// Reads the document in the bytes `start..end` of a text.
    pub fn read<'a>(&self, text: &'a str, start: usize, end: usize, out: &mut Vec<Picked<'a>>) -> Result<(), Malformed> {
        out.clear();
        out.resize(self.count, Picked::None);
        let mut s = Scanner::new(text, start, end);
        node(&self.root, &mut s, 0, out)?;
        s.finish()
    }
}

fn node<'a>(n: &Node, s: &mut Scanner<'a>, depth: usize, out: &mut [Picked<'a>]) -> Result<(), Malformed> {
    let first = s.next();
    if let Some(slot) = n.slot {
        let found = match first {
            Some(b'"') => Picked::Text(s.string("a text")?),
            _ => match s.value(depth)? {
                Value::None => Picked::None,
                v => Picked::Value(v),
            },
        };
        if let Some(o) = out.get_mut(slot) {
            *o = found;
        }
        return Ok(());
    }
    if first != Some(b'{') || n.keys.is_empty() {
        return s.check(depth);
    }
    // where each key of interest stands, and the others
    let mut known = [usize::MAX; 64];
    let mut others: Vec<(Cow<'a, str>, usize)> = vec![];
    // the key behind the one before is likely to come next
    let mut likely = 0;
    s.fields(|s, key, at| {
        let is = |i: usize| n.keys.get(i).is_some_and(|k| k.0 == key);
        let found = if is(likely) { Some(likely) } else { (0..n.keys.len()).find(|i| is(*i)) };
        if let Some((i, (_, child))) = found.and_then(|i| Some((i, n.keys.get(i)?))) {
            match known.get_mut(i) {
                Some(first) if *first == usize::MAX => *first = at,
                Some(first) => return Err(twice(&key, *first, at)),
                None => others.push((key, at)),
            }
            likely = i + 1;
            node(child, s, depth + 1, out)?;
        } else {
            others.push((key, at));
            s.check(depth + 1)?;
        }
        Ok(true)
    })?;
    if others.len() <= 12 {
        for (i, (key, at)) in others.iter().enumerate() {
            if let Some((_, first)) = others.iter().take(i).find(|k| k.0 == *key) {
                return Err(twice(key, *first, *at));
            }
        }
        return Ok(());
    }
    others.sort();
    super::parse::no_repeats(others.iter().map(|(key, at)| (&**key, *at)))
}

fn twice(key: &str, first: usize, at: usize) -> Malformed {
    Malformed { at, first: Some(first), text: format!("the key `{key}` stands twice") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::json::from_json;

    fn read<'a>(paths: &Paths, text: &'a str) -> Result<Vec<Picked<'a>>, Malformed> {
        let mut out = vec![];
        paths.read(text, 0, text.len(), &mut out).map(|()| out)
    }

    #[test]
    fn what_stands_at_paths_is_what_reading_all_gives() {
        let mut paths = Paths::default();
        let all = [vec!["a"], vec!["b", "c"], vec!["b", "d"], vec!["e"]];
        let slots: Vec<usize> = all.iter().map(|p| paths.add(p).unwrap()).collect();
        assert_eq!(paths.add(&["a"]), Some(slots[0]));
        assert_eq!(paths.add(&["a", "x"]), None);
        assert_eq!(paths.add(&["b"]), None);
        for text in [
            r#"{"a": "x\n", "b": {"c": 5.0, "d": [1, {"k": null}]}, "e": true, "f": {"g": [{}]}}"#,
            r#"{"e": null, "b": 7}"#,
            r#"{"b": {"d": "é", "z": 1}}"#,
            "[1]",
            "{}",
        ] {
            let value = from_json(text).unwrap();
            let picked = read(&paths, text).unwrap();
            for (path, slot) in all.iter().zip(&slots) {
                let mut at = value.clone();
                for key in path {
                    at = at.field(key).cloned().unwrap_or(Value::None);
                }
                assert_eq!(picked[*slot].value(), at, "{path:?} of {text}");
            }
        }
    }

    #[test]
    fn what_is_no_json_anywhere_is_found() {
        let mut paths = Paths::default();
        paths.add(&["a"]).unwrap();
        for text in [
            r#"{"a": 1, "a": 2}"#,
            r#"{"x": 1, "x": 2}"#,
            r#"{"x": {"y": 1, "y": 2}}"#,
            r#"{"a": 1} 2"#,
            r#"{"a": 01}"#,
            r#"{"x": 1e999}"#,
            r#"{"x": 99999999999999999999}"#,
            "{\"x\": \"\u{1}\"}",
            r#"{"a": 1"#,
            "",
        ] {
            assert!(read(&paths, text).is_err(), "{text}");
            assert!(from_json(text).is_err(), "{text}");
        }
    }
}
