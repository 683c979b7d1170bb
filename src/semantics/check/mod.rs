//! The checks, one file per construct. Fed by syntax, they fill the checked program.
mod binding;
mod call;
mod declaration;
mod edit;
mod expression;
mod intervention;
mod invariant;
mod mechanism;
mod message;
mod operator;
mod path;
mod policy;
pub mod program;
mod quantifier;
mod reader;
mod rule;
mod temporal;
mod test;
mod verdict;

pub use expression::value_of;
