//! Verdicts as plain data: what a run found. Made by demand and session, read by report.
pub mod consensus;
pub mod decision;
pub mod difference;
pub mod kept;
pub mod outcome;
pub mod picture;
pub mod reason;
pub mod replayed;
pub mod ruling;
pub mod table;
pub mod trial;

pub use consensus::{Consensus, Supported};
pub use decision::{Decision, Effect, Fired, Preference};
pub use difference::{Changed, Difference};
pub use outcome::*;
pub use picture::{Line, Mark, Picture, Spot};
pub use reason::{Answer, Reason};
pub use table::Table;
pub use trial::{Miss, Mutation, TestReport, Untried};
