//! Exploring: a program that grows, a candidate, and what if. Used by the REPL.
mod bench;
pub mod difference;
mod meaning;
mod notebook;
pub mod words;

pub use bench::{Asked, Changed, Workbench};
pub use notebook::Defined;
