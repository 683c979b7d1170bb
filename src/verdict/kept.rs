//! What a policy keeps of events while it decides, and how that grows. Made by session, read by report.
use serde::Serialize;

/// How what is kept grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// With the events of a window.
    Window,
    /// With the values of its key, for ever.
    Keys,
    /// With the events, for ever.
    Events,
}

/// A thing that is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kept {
    /// For which policy.
    pub policy: String,
    /// Of events of which kinds, or of which rule.
    pub of: String,
    /// What an event must be.
    pub conditions: Vec<String>,
    /// The attributes by whose values it is kept apart.
    pub by: Vec<String>,
    /// The window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// What is kept.
    pub kept: String,
    /// How it grows.
    pub growth: Growth,
    /// The same in words.
    pub grows: String,
}
