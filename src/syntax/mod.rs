//! From text to tree: tokens, items, the grammar, the tree. Fed with sources, read by semantics; knows no types.
pub mod ast;
