//! Structures: what somebody proposed, as typed columns; the schema it conforms to. Fed by the door, read by the engine.
pub mod edit;
pub mod graph;
pub mod schema;

pub use edit::{Change, Conflict};
pub use graph::{Graph, GraphBuilder};
pub use schema::{Attr, AttrId, Kind, Schema, Sort};
