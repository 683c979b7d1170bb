//! dbm: a declarative rules language and its interpreter. Models propose structures; dbm disposes.
#![forbid(unsafe_code)]

pub mod base;
pub mod scalar;
pub mod syntax;
pub mod structure;
pub mod semantics;
pub mod candidate;
pub mod plan;
pub mod engine;
pub mod verdict;
pub mod demand;
pub mod report;
pub mod session;
#[cfg(feature = "cli")]
pub mod face;

// The book's Rust programs, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/book/embedding.md")]
mod book {}
