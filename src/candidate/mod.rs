//! The door: candidates, which are untrusted, become structures or findings. Fed by session with bytes, read by engine (the structure) and report (places).
mod aggregate;
pub mod assemble;
pub mod document;
pub mod door;
pub mod error;
pub mod evaluate;
mod flat;
pub mod infer;
#[cfg(test)]
mod kit_tests;
pub mod known;
pub mod limits;
pub mod locate;
mod names;
pub mod native;
pub mod reader;
pub mod scan;
pub mod shape;
pub mod stream;
pub mod yaml;

pub use document::{Document, Format, Input};
pub use door::{Options, Outcome, find_reader, from_given, read};
pub use infer::{Inferred, infer};
pub use limits::Limits;
pub use locate::Spot;
