//! The engine: runs plans over a structure and gives facts, each with the worlds in which it holds. Fed by plan and structure, read by demand and session.
pub mod aggregate;
pub mod annotation;
pub mod budget;
mod cell;
pub mod ends;
pub mod fault;
pub mod few;
pub mod fixpoint;
pub mod formula;
mod keyed;
pub mod machine;
pub mod mechanism;
pub mod monitor;
pub mod pairs;
mod past;
pub mod path;
pub mod relation;
mod snapshot;
pub mod step;
pub mod trial;
pub mod worlds;

pub use annotation::{Annotation, Before, Kleene, Many, Present};
pub use budget::{Budget, Limit, Progress, Reached};
pub use few::Few;
pub use machine::Machine;
pub use worlds::Worlds;
