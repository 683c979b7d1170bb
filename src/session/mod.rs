//! The facade.
pub mod decide;
pub mod evaluate;
pub mod exercise;
