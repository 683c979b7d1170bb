//! Structures: what somebody proposed, as typed columns; the schema it conforms to. Fed by the door, read by the engine.
pub mod diff;
pub mod difference;
pub mod edit;
pub mod event;
pub mod graph;
pub mod schema;
pub mod world;

pub use difference::Difference;
pub use edit::{Change, Conflict};
pub use event::Events;
pub use graph::{Graph, GraphBuilder};
pub use schema::{Attr, AttrId, Kind, Schema, Sort};
pub use world::{Joint, World, joint};
