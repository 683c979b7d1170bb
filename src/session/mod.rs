//! The facade.
pub mod evaluate;
