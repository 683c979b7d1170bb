//! From text to tree: tokens, items, the grammar, the tree. Fed with sources, read by semantics; knows no types.
pub mod ast;
mod build;
mod cursor;
mod depth;
pub mod error;
mod expected;
mod explain;
pub mod foreign;
pub mod format;
mod grammar;
pub mod parse;
mod split;
#[cfg(test)]
mod tests;
pub mod token;

pub use parse::{Parsed, goes_on, is_item, parse, parse_edit, parse_formula};
pub use token::{Token, TokenKind, tokens};
