//! The facade that embedders and all faces use: compile a program once, read candidates, check, query, test. Fed by hosts, joins all rooms.
mod carried;
mod change;
mod condition;
pub mod core;
pub mod decide;
pub mod error;
pub mod evaluate;
pub mod exercise;
mod expectation;
mod explain;
pub mod govern;
pub mod input;
pub mod intervene;
pub mod judge;
pub mod kept;
pub mod limits;
pub mod live;
pub mod monitor;
mod mutate;
mod named;
mod narrow;
mod params;
mod picture;
mod places;
pub mod program;
pub mod propose;
pub mod replay;
pub mod run;
mod sample;
mod seen;
mod snapshot;
mod stages;
mod stream;
pub mod told;
pub mod traced;
mod unmet;
mod untried;
pub mod why;
mod why_not;
pub mod workbench;

pub use crate::engine::Progress;
pub use error::{Error, Failure, codes};
pub use input::{Input, ParamValue, duration};
pub use kept::{Growth, Kept};
pub use limits::{Cancel, Limits, Stop};
pub use monitor::{Counters, Event, Monitor, MonitorOptions};
pub use program::{CompileOptions, Program, Stage, dump, format, infer};
pub use replay::{Differs, Replayed};
pub use run::{Run, RunOptions};
pub use told::{Answered, Told, time};
pub use why::Extent;
pub use workbench::Workbench;

pub use crate::base::source::{Loader, NoFiles};
pub use crate::scalar::expression::{HostCall, HostFunction};
pub use crate::scalar::{Type, Value};
pub use crate::structure::diff::Distance;
pub use crate::verdict::{
    Answer, CandidateReport, Changed, Consensus, Decision, DemandKind, DemandReport, Difference, Located, Miss, Mutation, Reason,
    Report, Table, TestReport, Unknown, Untried, Verdict, Violation, WitnessStep,
};
pub use crate::verdict::{Effect, ruling};
