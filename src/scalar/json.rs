//! JSON values: lazily read documents, canonical form, digest.
use std::sync::Arc;

/// A JSON value inside a text that has not been read: the bytes `start..end` of it, without surrounding white space.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lazy {
    /// The whole text.
    pub text: Arc<str>,
    /// First byte of the value.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}
