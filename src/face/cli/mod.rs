//! The command line: one file for each verb. Fed by the shell, calls session, prints with report.
mod args;
mod check;
mod dump;
mod entry;
mod explain;
mod fmt;
mod new;
mod output;
mod program;
mod query;
mod schema;
mod snapshot;
mod test;

pub use entry::{main, run};
mod why;
