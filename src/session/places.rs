//! Lines and columns of candidates, counted no further than needed: a candidate may be one line of a hundred megabytes with a thousand
//! violations in it. Made by stages for one candidate, read when its places are printed.
use crate::base::{Place, Sources};
use crate::verdict::Located;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Columns are remembered where counting them took more than this many bytes.
const FAR: usize = 4096;

/// Where values stand in one candidate.
pub(super) struct Places<'a> {
    sources: &'a Sources,
    /// By byte: line and column, for places far in a line.
    known: RefCell<BTreeMap<usize, (usize, usize)>>,
}

impl<'a> Places<'a> {
    pub fn new(sources: &'a Sources) -> Self {
        Places { sources, known: RefCell::default() }
    }
    /// The place, with its pointer.
    pub fn located(&self, place: Place, pointer: String) -> Option<Located> {
        let (id, span) = self.sources.resolve(place)?;
        let file = self.sources.file(id)?;
        let byte = span.start as usize;
        let before = self.known.borrow().range(..=byte).next_back().map(|(b, p)| (*b, *p));
        let between = before.and_then(|(b, p)| Some((file.text.get(b..byte)?, p)));
        let (line, column) = match between {
            Some((text, (line, column))) if !text.contains('\n') => (line, column + text.chars().count()),
            _ => file.position(byte),
        };
        let counted = between.map_or(column, |(text, _)| text.len().min(column));
        if counted > FAR {
            self.known.borrow_mut().insert(byte, (line, column));
        }
        Some(Located { file: file.name.to_string(), pointer, line, column })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    #[test]
    fn columns_are_the_same_as_when_counted_from_the_start() {
        let text = format!("é\n{}\nnext {}", "é12345".repeat(9000), "x".repeat(50_000));
        let mut sources = Sources::new();
        let file = sources.add_file("a.json", text.as_str());
        let item = sources.add_item(file, 0);
        let places = Places::new(&sources);
        for at in [0, 3, 60_000, 40_003, 60_010, 40_004, 100, 63_010, 90_000, 110_000, 63_001] {
            let place = Place::new(item, Span::new(at, at + 1));
            let found = places.located(place, String::new()).unwrap();
            assert_eq!((&*found.file, found.line, found.column), sources.position(place).unwrap());
        }
        assert!(!places.known.borrow().is_empty());
    }
}
