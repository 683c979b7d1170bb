//! Readers: how a foreign document becomes a structure.
use super::{Edit, Name, Scope};
use crate::base::Span;

/// `reader n8n { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// Its name.
    pub name: Name,
    /// In order.
    pub body: Vec<ReaderStatement>,
}

/// A statement of a reader.
#[derive(Clone, Debug, PartialEq)]
pub enum ReaderStatement {
    /// An edit to the empty structure.
    Edit(Edit),
    /// `for … { … }`.
    For {
        /// What it ranges over.
        scope: Scope,
        /// What is done for each.
        body: Vec<ReaderStatement>,
        /// All of it.
        span: Span,
    },
}
