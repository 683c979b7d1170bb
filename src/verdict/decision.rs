//! What policies decide about a candidate: permit, forbid or escalate, with the reasons; and how it is preferred. Made by session, read by report.
use crate::base::Place;

/// What is decided, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It may be.
    Permit,
    /// Somebody else decides.
    Escalate,
    /// It may not be.
    Forbid,
}

impl Effect {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Permit => "permit",
            Effect::Escalate => "escalate",
            Effect::Forbid => "forbid",
        }
    }
}

/// A policy's clause that fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// The policy; `default` where none permitted.
    pub policy: String,
    /// What it asks for; none for a warning.
    pub effect: Option<Effect>,
    /// To whom, if it escalates.
    pub to: Option<String>,
    /// Its message, or the clause itself in backticks.
    pub message: String,
    /// The clause.
    pub place: Place,
}

/// What a preference says of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Preference {
    /// Its name.
    pub name: String,
    /// Its weight.
    pub weight: f64,
    /// Its value; none if a fault stands in the way.
    pub value: Option<f64>,
}

/// What is decided about a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Of all that fired the strongest.
    pub effect: Effect,
    /// The clauses that fired, in the order of the program.
    pub fired: Vec<Fired>,
    /// The preferences, in the order of the program.
    pub preferences: Vec<Preference>,
}

impl Decision {
    /// The sum of the weighted preferences; none if one of them is unknown.
    pub fn score(&self) -> Option<f64> {
        self.preferences.iter().try_fold(0.0, |sum, p| p.value.map(|v| sum + p.weight * v))
    }
}
