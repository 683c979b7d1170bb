//! The generated parser of `grammar/dbm.pest`. Private to syntax: only the cursor and the builders see its rules.
#![allow(missing_docs)]
use pest::Parser;
use pest::error::Error;
use pest::iterators::Pairs;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/dbm.pest"]
struct Grammar;

/// The pairs of `text` read as `rule`.
pub(super) fn pairs(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    Grammar::parse(rule, text).map_err(Box::new)
}
