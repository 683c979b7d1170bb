//! Semantics: names, types, scope, strata. Fed by syntax, read by plan and readers (the checked program).
mod allow;
mod check;
mod checker;
mod contradiction;
mod cycles;
pub mod error;
pub mod eventful;
mod governance;
pub mod hir;
mod improve;
pub mod library;
mod lint;
mod needs;
mod pattern;
pub mod resolve;
mod scope;
pub mod strata;
mod types;
mod walk;

pub use check::asked::{Asked, Formula, check_edit, check_expression, check_formula};
pub use check::program::{Checked, Options, check};
pub use needs::Needs;
pub use resolve::Names;
pub use strata::{Strata, Stratum};
pub use types::show as show_type;

#[cfg(test)]
mod tests;
