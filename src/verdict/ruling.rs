//! What is decided about one event in front of it, with its reasons. Made by session's monitor, read by hosts, report and face.
use super::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What is decided about an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[must_use = "an event that is forbidden or escalated must not happen"]
pub struct Decision {
    /// The event, as `Kind("id")`.
    pub event: String,
    /// What is decided.
    #[serde(with = "word", rename = "decision")]
    pub effect: Effect,
    /// To whom it is escalated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// The clauses that decided, in the order of the program.
    pub reasons: Vec<Because>,
    /// The clauses that warn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Because>,
    /// What must be changed in the event before it happens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrites: Vec<Rewrite>,
    /// What follows from it, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Owed>,
    /// Of a refusal: changes of the event with which it would have been permitted, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// How many decisions were tried for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tried: u32,
    /// What came to light with it.
    #[serde(flatten)]
    pub noted: Noted,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Decision {
    /// Whether the event may happen.
    pub fn permits(&self) -> bool {
        self.effect == Effect::Permit
    }
}

/// What policies say of an event that happened, whatever they say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The event, as `Kind("id")`.
    pub event: String,
    /// The clauses that warn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Because>,
    /// What follows from it, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Owed>,
    /// What came to light with it.
    #[serde(flatten)]
    pub noted: Noted,
}

/// A clause that fired, and on what it rests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Because {
    /// The policy; `default` where none permits, `event` where the event itself is not in order.
    pub policy: String,
    /// `permit`, `forbid`, `escalate`, `warn`, or `fault`: then it forbids, since what is not known is not permitted.
    pub effect: String,
    /// To whom, if it escalates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Its message, or the clause itself in backticks.
    pub message: String,
    /// `file:line:column` of the clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// The policy's `let`s.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub values: serde_json::Map<String, Json>,
    /// The events that it found or counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Of a refusal that misses something: what came closest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

/// What came closest to what a refusal misses, and what about it is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// In a line.
    pub text: String,
    /// The event (or node), if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The conditions that it fails, as they stand in the program, and the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

/// A change of an event with which it would have been permitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// In a few words.
    pub text: String,
    /// The attributes, and the keys of the way into them with points between, with the values with which it was decided.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub set: serde_json::Map<String, Json>,
    /// When the event as it is would be permitted, if nothing else happens (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Of a number that is as near as can be: the value next to it, with which it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Json>,
}

/// A change to an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rewrite {
    /// The policy.
    pub policy: String,
    /// The attribute, and the keys of the way into it.
    pub path: Vec<String>,
    /// What must stand there.
    pub value: Json,
}

/// An obligation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    /// The policy.
    pub policy: String,
    /// The event that it follows from.
    pub event: String,
    /// Until when it is to be met (RFC 3339).
    pub due: String,
    /// To whom it is escalated if nothing meets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What comes to light when an event comes, or when time goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    /// It is known already: the same decision, and it counts once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// It comes later than events may: it is neither decided nor part of the history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Its id is known with other content: somebody changed one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tampered: bool,
    /// Decisions that would be others now, since this event came late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revised: Vec<Revised>,
    /// Obligations that nothing met in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<Owed>,
}

/// A decision that would be another one now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revised {
    /// The event.
    pub event: String,
    /// What was decided.
    #[serde(with = "word")]
    pub was: Effect,
    /// What would be decided now.
    #[serde(with = "word")]
    pub now: Effect,
}

/// An effect as its word.
mod word {
    use super::Effect;
    use serde::Deserialize;
    use serde::de::Error;

    pub fn serialize<S: serde::Serializer>(effect: &Effect, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(effect.name())
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Effect, D::Error> {
        let word = String::deserialize(d)?;
        let all = [Effect::Permit, Effect::Escalate, Effect::Forbid];
        all.into_iter().find(|e| e.name() == word).ok_or_else(|| D::Error::custom("no decision"))
    }
}
