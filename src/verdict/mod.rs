//! Verdicts as plain data: what a run found. Made by demand and session, read by report.
pub mod outcome;

pub use outcome::*;
