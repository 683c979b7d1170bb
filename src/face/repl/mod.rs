//! `dbm repl`: a session with a program and a candidate. Called by the command line, calls session.
mod command;
mod hint;
mod line;
mod shell;
mod terminal;

pub use terminal::{replay, run};
