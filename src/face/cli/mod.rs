//! The command line: one file for each verb. Fed by the shell, calls session, prints with report.
pub(super) mod args;
pub(super) mod check;
mod core;
mod dump;
mod entry;
mod explain;
mod fmt;
mod hook;
mod judge;
mod new;
pub(super) mod output;
pub(super) mod program;
mod query;
mod replay;
mod schema;
mod snapshot;
mod state;
pub(super) mod test;
mod watch;
mod why;

pub use entry::{main, run};
