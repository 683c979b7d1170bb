//! The plan: steps over slots, made from the checked program for a given structure's sizes. Fed by semantics, run by the engine.
mod block;
mod cell;
pub mod edit;
mod expression;
mod family;
mod generate;
pub mod intervention;
pub mod ir;
pub mod lower;
pub mod order;
mod past;
pub mod path;
pub mod policy;
pub mod show;
pub mod unit;
pub mod want;

pub use ir::*;
