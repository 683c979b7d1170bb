//! The tests that look at dbm from outside: one binary, one module for each matter.
mod cli;
mod docs;
mod errors;
mod examples;
mod n8n;
mod page;
mod report;
mod tidy;
mod agree;
mod oracle;
mod random;
