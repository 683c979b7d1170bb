//! Byte ranges, relative to an item of a program (or to a whole candidate file). Made by syntax, read by every diagnostic.
use super::source::ItemId;

/// A range of bytes `start..end`, relative to the item (or file) it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }
    /// The smallest range that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A span within an item: where something stands, in a way that an edit to another item does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The item (registered with [`super::Sources`]).
    pub item: ItemId,
    /// The range within it.
    pub span: Span,
}

impl Place {
    /// The place of `span` within `item`.
    pub fn new(item: ItemId, span: Span) -> Self {
        Place { item, span }
    }
}
