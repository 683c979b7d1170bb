//! dbm: a declarative rules language and its interpreter. Models propose structures; dbm disposes.
//!
//! ```
//! use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
//!
//! let rules = "node Service  edge calls: Service -> Service
//!              invariant acyclic { never x -calls+-> x  message \"{x} depends on itself\" }";
//! let program = Program::compile("rules.dbm", rules, &NoFiles, &CompileOptions::default())?;
//! let plan = r#"{"nodes": [{"id": "web", "kind": "Service"}], "edges": [{"kind": "calls", "from": "web", "to": "web"}]}"#;
//! let run = program.check(&[Input::new("plan.json", plan)], &RunOptions::default());
//! assert_eq!(run.report.candidates[0].demands[0].violations[0].message, "web depends on itself");
//! # Ok::<(), dbm::session::Error>(())
//! ```
//!
//! A *program* is compiled once ([`session::Program`]): it declares kinds of nodes, edges and events, derives facts from them by rules,
//! and demands what must hold. A *candidate* ([`session::Input`]) is a structure that somebody proposes, in dbm's own JSON or in any
//! JSON or YAML that a reader of the program understands. A *run* ([`session::Run`]) is the verdict on candidates, as data: per demand
//! whether it holds, and for each violation its binding, its message, what shows it, and where all of it stands in program and candidate.
//! `Run::to_json` gives it as the versioned contract; [`report`] draws it for people.
//!
//! What is wrong with a program or a call is a [`session::Error`] with [diagnostics](base::Diagnostic); what is wrong with a candidate
//! stands in its report. Nothing here reads a clock or a file, prints, or panics on any input: a host gives files through a
//! [`session::Loader`], and ends a run with [`session::Cancel`]. Candidates are untrusted; [`session::Limits`] are on by default, and a
//! limit makes a demand `unknown`, never passed. The same input gives the same report, to the byte.
//!
//! With the feature `cli` (the default) there is the `dbm` program too. The other modules are the stages that `session` joins, in the
//! order of the work: [`syntax`], [`semantics`], [`plan`]; [`candidate`], [`structure`]; [`engine`], [`demand`], [`verdict`].
#![forbid(unsafe_code)]

pub mod base;
pub mod candidate;
pub mod demand;
pub mod engine;
#[cfg(feature = "cli")]
pub mod face;
pub mod plan;
pub mod report;
pub mod scalar;
pub mod semantics;
pub mod session;
pub mod structure;
pub mod syntax;
pub mod verdict;

// The book's Rust programs, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/book/embedding.md")]
mod book {}
