//! The formatter: a program in the one style of `docs/book/style.md`. Called by session.
mod layout;
mod piece;
mod same;
mod shape;
mod source;
#[cfg(test)]
mod tests;

pub use source::{Unformatted, format};
