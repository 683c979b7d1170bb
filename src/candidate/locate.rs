//! From an offset of a document back to its JSON pointer and its place in the file. Nothing is stored per element: the text is read again,
//! with the beginnings of large lists remembered. Fed by document, read by session when it prints a place.
use super::document::Document;
use super::scan::{Items, Members, Range, head, skip, unquote};
use crate::base::Place;
use std::sync::Arc;

/// The origin of what did not come from a document.
pub const NOWHERE: u32 = u32::MAX;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its JSON pointer (RFC 6901) in its document.
    pub pointer: String,
    /// Its place in the file.
    pub place: Place,
}

/// Lists and records of more bytes than this are remembered.
const LARGE: usize = 4096;

impl Document {
    /// The value that begins at an origin.
    pub fn locate(&self, origin: u32) -> Option<Spot> {
        let mut pointer = String::new();
        let root = self.roots.get(self.roots.partition_point(|r| r.0 <= origin).checked_sub(1)?)?;
        if origin >= root.1 {
            return None;
        }
        let mut at = root.0;
        while at < origin {
            let children = self.children(at);
            let n = children.partition_point(|c| *c <= origin).checked_sub(1)?;
            let child = *children.get(n)?;
            pointer.push('/');
            if self.byte(at) == Some(b'[') {
                pointer.push_str(&n.to_string());
                at = child;
                continue;
            }
            let (key, value) = head(self.text.as_bytes(), child as usize);
            let key = unquote(self.slice(key));
            pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            at = value;
        }
        let end = skip(self.text.as_bytes(), at as usize) as u32;
        Some(Spot { pointer, place: self.place((at, end)) })
    }
    /// The member of that name of the record that begins at an origin.
    pub fn locate_member(&self, origin: u32, name: &str) -> Option<Spot> {
        let m = self.member(origin, name)?;
        self.locate(m.0)
    }
    /// The range of the member's value.
    pub(super) fn member(&self, origin: u32, name: &str) -> Option<Range> {
        if self.byte(origin) != Some(b'{') {
            return None;
        }
        Members::new(&self.text, origin as usize).find(|m| unquote(self.slice(m.key)) == name).map(|m| m.value)
    }
    /// The text of a range.
    pub(super) fn slice(&self, range: Range) -> &str {
        self.text.get(range.0 as usize..range.1 as usize).unwrap_or("")
    }
    fn byte(&self, at: u32) -> Option<u8> {
        self.text.as_bytes().get(at as usize).copied()
    }
    /// Where the items of a list, or the keys of a record, begin.
    fn children(&self, at: u32) -> Arc<[u32]> {
        if let Some(known) = self.index.lock().ok().and_then(|index| index.get(&at).cloned()) {
            return known;
        }
        let mut end = at as usize;
        let children: Arc<[u32]> = match self.byte(at) {
            Some(b'[') => Items::new(&self.text, at as usize).map(|i| i as u32).collect(),
            _ => Members::new(&self.text, at as usize).map(|m| m.key.0).collect(),
        };
        if let Some(last) = children.last() {
            end = *last as usize;
        }
        if end - at as usize > LARGE
            && let Ok(mut index) = self.index.lock()
        {
            index.insert(at, children.clone());
        }
        children
    }
}
