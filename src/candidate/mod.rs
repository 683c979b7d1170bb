//! The door: candidates, which are untrusted, become structures or findings. Fed by session with bytes, read by engine (the structure) and report (places).
pub mod document;
pub mod error;
pub mod limits;
pub mod locate;
pub mod scan;
mod yaml;

pub use document::{Document, Format, Input};
pub use limits::Limits;
pub use locate::Spot;
