//! What is decided about one event in front of it, with its reasons. Made by session's monitor, read by hosts, report and face.
use super::Effect;
use serde::Serialize;
use serde_json::Value as Json;

/// What is decided about an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[must_use = "an event that is forbidden or escalated must not happen"]
pub struct Decision {
    /// The event, as `Kind("id")`.
    pub event: String,
    /// What is decided.
    #[serde(serialize_with = "word", rename = "decision")]
    pub effect: Effect,
    /// To whom it is escalated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// The clauses that decided, in the order of the program.
    pub reasons: Vec<Because>,
    /// The clauses that warn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Because>,
    /// What must be changed in the event before it happens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rewrites: Vec<Rewrite>,
    /// What follows from it, and until when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Owed>,
    /// What came to light with it.
    #[serde(flatten)]
    pub noted: Noted,
}

impl Decision {
    /// Whether the event may happen.
    pub fn permits(&self) -> bool {
        self.effect == Effect::Permit
    }
}

/// What policies say of an event that happened, whatever they say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Observed {
    /// The event, as `Kind("id")`.
    pub event: String,
    /// The clauses that warn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Because>,
    /// What follows from it, and until when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Owed>,
    /// What came to light with it.
    #[serde(flatten)]
    pub noted: Noted,
}

/// A clause that fired, and on what it rests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Because {
    /// The policy; `default` where none permits, `event` where the event itself is not in order.
    pub policy: String,
    /// `permit`, `forbid`, `escalate`, `warn`, or `fault`: then it forbids, since what is not known is not permitted.
    pub effect: &'static str,
    /// To whom, if it escalates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Its message, or the clause itself in backticks.
    pub message: String,
    /// `file:line:column` of the clause.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// The policy's `let`s.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub values: serde_json::Map<String, Json>,
    /// The events that it found or counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What nearly was: an event that would have counted but for one condition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearly: Vec<String>,
    /// The smallest change of the history with which this clause would not have fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// A change to an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rewrite {
    /// The policy.
    pub policy: String,
    /// The attribute, and the keys of the way into it.
    pub path: Vec<String>,
    /// What must stand there.
    pub value: Json,
}

/// An obligation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Owed {
    /// The policy.
    pub policy: String,
    /// The event that it follows from.
    pub event: String,
    /// Until when it is to be met (RFC 3339).
    pub due: String,
    /// To whom it is escalated if nothing meets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What comes to light when an event comes, or when time goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Noted {
    /// It is known already: the same decision, and it counts once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// It comes later than events may: it is neither decided nor part of the history.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Its id is known with other content: somebody changed one of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tampered: bool,
    /// Decisions that would be others now, since this event came late.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revised: Vec<Revised>,
    /// Obligations that nothing met in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<Owed>,
}

/// A decision that would be another one now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revised {
    /// The event.
    pub event: String,
    /// What was decided.
    #[serde(serialize_with = "word")]
    pub was: Effect,
    /// What would be decided now.
    #[serde(serialize_with = "word")]
    pub now: Effect,
}

fn word<S: serde::Serializer>(effect: &Effect, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(effect.name())
}
