//! dbm in front of a coding agent: what the agent's hook says becomes events of `std.agent`, what is decided becomes its answer. Called by the
//! verb `hook`.
pub mod answer;
pub mod dialect;

pub use answer::{Reply, Said};
pub use dialect::{Asked, Call, Dialect, Form};
