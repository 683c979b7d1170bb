//! The command line: one file for each verb. Fed by the shell, calls session, prints with report.
pub(super) mod args;
pub(super) mod check;
mod core;
mod dump;
mod entry;
mod explain;
mod fmt;
mod judge;
mod new;
pub(super) mod output;
pub(super) mod program;
mod query;
mod schema;
mod snapshot;
pub(super) mod test;
mod why;

pub use entry::{main, run};
