//! The tests that look at dbm from outside: one binary, one module for each matter.
mod cli;
mod errors;
mod report;
mod tidy;
