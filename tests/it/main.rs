//! The tests that look at dbm from outside: one binary, one module for each matter.
mod agree;
mod airline;
mod cli;
mod docs;
mod errors;
mod examples;
mod families;
mod flagship;
mod format;
mod fuzz;
mod hook;
mod hostile;
mod hour;
mod library;
mod monitor;
mod n8n;
mod narrow;
mod nearest;
// truth is an option there, and unknown does not end a fold
#[allow(clippy::manual_try_fold)]
mod oracle;
mod page;
mod random;
mod repl;
mod report;
mod temporal;
mod tidy;
mod traces;
mod wall;
mod watch;
mod whatif;
mod worlds;
