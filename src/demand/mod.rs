//! Demands: what a program asks of a structure, checked over the engine's facts. Driven by session, gives verdicts.
pub mod error;
pub mod intervention;
pub mod invariant;
pub mod nearest;
pub mod policy;
pub mod rewrite;
