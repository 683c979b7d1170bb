//! Reports: verdicts and diagnostics for people (text) and for programs (JSON). Fed by verdict and session, read by the faces.
pub mod core;
pub mod difference;
#[cfg(feature = "cli")]
pub mod draw;
pub mod excerpt;
pub mod exit;
pub mod explain;
pub mod json;
pub mod judge;
pub mod junit;
pub mod reason;
pub mod schema;
pub mod style;
pub mod svg;
pub mod table;
pub mod text;
pub mod trial;
