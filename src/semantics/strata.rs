//! (being built)
use super::hir::RuleId;
use crate::structure::schema::AttrId;
#[derive(Clone, Debug, Default)]
pub struct Stratum { pub rules: Vec<RuleId>, pub mechanisms: Vec<AttrId>, pub recursive: bool }
#[derive(Clone, Debug, Default)]
pub struct Strata { pub strata: Vec<Stratum> }
