//! The faces: what people and machines meet. Thin; they know session and report only. The clock and the file system live here.
pub mod cli;
pub mod clock;
pub mod files;
mod hook;
mod repl;
mod store;
