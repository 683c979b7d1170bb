//! Semantics: names, types, scope, strata. Fed by syntax, read by plan and readers (the checked program).
pub mod hir;
pub mod strata;
