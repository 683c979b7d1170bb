//! A small table in front of the dictionary, for ids that occur again and again: it finds the text of an id in the candidate itself,
//! which is where the reading just was. Fed by native, read by nobody else.
use super::scan::{Range, unquote};
use crate::scalar::{Dictionary, Val};

/// One entry: the range of a JSON string in the candidate's text, and its value.
#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    start: u32,
    len: u32,
    value: Val,
}

/// Known ids.
#[derive(Default)]
pub struct Names {
    slots: Vec<Entry>,
    used: usize,
}

const EMPTY: Entry = Entry { hash: 0, start: u32::MAX, len: 0, value: Val::NONE };
/// After so many steps the dictionary is asked, so that ids that were made to collide cost no more than others.
const STEPS: usize = 16;
/// No more slots than this.
const MOST: usize = 1 << 22;

impl Names {
    /// The value of the JSON string at a range (with its quotes), in checked text.
    pub fn intern(&mut self, text: &str, range: Range, dictionary: &mut Dictionary) -> Val {
        let raw = text.get(range.0 as usize..range.1 as usize).unwrap_or("");
        // a text with escapes could be written in other ways
        if raw.contains('\\') {
            return dictionary.intern_text(&unquote(raw));
        }
        if self.slots.is_empty() {
            self.slots = vec![EMPTY; 1024];
        }
        let hash = hash(raw.as_bytes());
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        for _ in 0..STEPS {
            match self.slots.get(at) {
                Some(e) if e.start == u32::MAX => {
                    let value = dictionary.intern_text(&unquote(raw));
                    if let Some(slot) = self.slots.get_mut(at) {
                        *slot = Entry { hash, start: range.0, len: range.1 - range.0, value };
                    }
                    self.used += 1;
                    if self.used * 2 > self.slots.len() && self.slots.len() < MOST {
                        self.grow();
                    }
                    return value;
                }
                Some(e) if e.hash == hash && e.len == range.1 - range.0 => {
                    if text.get(e.start as usize..(e.start + e.len) as usize) == Some(raw) {
                        return e.value;
                    }
                }
                _ => {}
            }
            at = (at + 1) & mask;
        }
        dictionary.intern_text(&unquote(raw))
    }
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        let mask = old.len() * 4 - 1;
        self.slots = vec![EMPTY; mask + 1];
        self.used = 0;
        for e in old.into_iter().filter(|e| e.start != u32::MAX) {
            let mut at = e.hash as usize & mask;
            for _ in 0..STEPS {
                if let Some(slot) = self.slots.get_mut(at).filter(|s| s.start == u32::MAX) {
                    *slot = e;
                    self.used += 1;
                    break;
                }
                at = (at + 1) & mask;
            }
        }
    }
}

/// Eight bytes at a time, multiplied and folded.
fn hash(bytes: &[u8]) -> u32 {
    let mut h = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        let product = u128::from(h ^ u64::from_le_bytes(word)) * 0x9E37_79B9_7F4A_7C15_u128;
        h = (product >> 64) as u64 ^ product as u64;
    }
    (h ^ h >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_what_the_dictionary_gives() {
        let list: Vec<String> = (0..20_000).map(|i| format!("\"id{}\"", i % 7000)).chain([r#""id\u0031""#.to_string()]).collect();
        let text = list.join(",");
        let (mut names, mut dictionary) = (Names::default(), Dictionary::new());
        let mut at = 0u32;
        for one in &list {
            let v = names.intern(&text, (at, at + one.len() as u32), &mut dictionary);
            assert_eq!(dictionary.text(v), Some(&*unquote(one)));
            at += one.len() as u32 + 1;
        }
        assert_eq!(dictionary.len(), 7000);
        assert!(names.used > 6900);
    }
}
