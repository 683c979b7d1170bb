//! The outcome of a run: per candidate, per demand, per violation. Made by demand, completed with places by session, drawn by report.
use super::Reason;
use super::ruling::Nearest;
use crate::base::{Diagnostic, Place, Severity};
use serde_json::Value as Json;

/// The verdict on a demand, or on all demands of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// No violation.
    Holds,
    /// At least one violation.
    Violated,
    /// There was nothing to check.
    Vacuous,
    /// A fault or a limit stands between the question and its answer.
    Unknown,
    /// A policy on a closed trace, without violation; a candidate without a violated or unknown demand.
    Satisfied,
    /// A policy on an open trace, without violation so far.
    Holding,
    /// An obligation is open.
    Pending,
    /// A causal question that the graph does not answer.
    NotIdentifiable,
}

impl Verdict {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Violated => "violated",
            Verdict::Vacuous => "vacuous",
            Verdict::Unknown => "unknown",
            Verdict::Satisfied => "satisfied",
            Verdict::Holding => "holding",
            Verdict::Pending => "pending",
            Verdict::NotIdentifiable => "not identifiable",
        }
    }
}

/// What kind of demand it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DemandKind {
    /// An invariant.
    Invariant,
    /// An intervention.
    Intervention,
    /// A policy.
    Policy,
}

impl DemandKind {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            DemandKind::Invariant => "invariant",
            DemandKind::Intervention => "intervention",
            DemandKind::Policy => "policy",
        }
    }
}

/// Why a demand is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unknown {
    /// A fault: an error of the data or the program, exit 1.
    Fault,
    /// A limit was reached, exit 5.
    Limit,
    /// This build cannot evaluate it yet, exit 1.
    NotYet,
}

/// A place in a candidate file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, as named on the command line.
    pub file: String,
    /// The JSON pointer (RFC 6901) of the value in its document.
    pub pointer: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One step of a witness: a path's step, or a fact that the violation rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct WitnessStep {
    /// The fact as text, like `Service("a") -calls-> Service("b")`.
    pub text: String,
    /// Where it stands in the candidate, if it does.
    pub candidate: Option<Located>,
}

/// One violation of a demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Stable over runs and over the order of the candidate.
    pub key: String,
    /// The variables and what they stand for, as in the JSON report (`Service("a")` for a node), in order.
    pub binding: Vec<(String, Json)>,
    /// The program's message, or one made from the clause.
    pub message: String,
    /// What shows it; of an intervention: what carried the first broken invariant in the world before, and is lost.
    pub witness: Vec<WitnessStep>,
    /// The derivation that led to it, where that was asked for.
    pub why: Vec<Reason>,
    /// Of an intervention: the world that fails.
    pub world: Option<WorldChange>,
    /// Of a policy: what it does with the event.
    pub strike: Option<Strike>,
    /// Of a policy: what came closest to what it misses.
    pub nearest: Option<Nearest>,
    /// The clause.
    pub program: Place,
    /// The elements of the binding in the candidate.
    pub candidate: Vec<Located>,
}

/// A world that fails: how it differs from the one before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorldChange {
    /// The edits that make it, as they would be written; those of `against` begin with that word.
    pub edits: Vec<String>,
    /// The violations that the world before has not, of the invariants that were expected to hold.
    pub broken: Vec<String>,
    /// What the relations behind the expectation lost and gained.
    pub shifts: Vec<FactShift>,
    /// What surrounds the edits.
    pub picture: super::Picture,
}

/// What a relation lost and gained in a world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactShift {
    /// The relation.
    pub relation: String,
    /// The first facts that are gone.
    pub lost: Vec<String>,
    /// How many are.
    pub lost_count: u64,
    /// The first that are new.
    pub gained: Vec<String>,
    /// How many are.
    pub gained_count: u64,
}

/// The worlds of an intervention.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorldsTried {
    /// Whether all that it describes were tried.
    pub exhaustive: bool,
    /// If those that were tried are a random sample: its seed. Else, if they are not all, they are the first.
    pub seed: Option<u64>,
    /// Of `for any`: the elements, by how many failing sets they are part of; those of most first.
    pub ranking: Vec<(String, u64)>,
}

/// What was found about one demand.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandReport {
    /// Invariant, intervention or policy.
    pub kind: DemandKind,
    /// Its name.
    pub name: String,
    /// The text behind its name.
    pub title: Option<String>,
    /// Its severity.
    pub severity: Severity,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, if it is unknown.
    pub unknown: Option<Unknown>,
    /// How many bindings (worlds, events) were checked.
    pub checked: u64,
    /// How many violations there are, exact even where the list is cut.
    pub violation_count: u64,
    /// The violations, up to the limit of the report, in a stable order.
    pub violations: Vec<Violation>,
    /// Of an intervention: its worlds (`checked` says how many).
    pub worlds: Option<WorldsTried>,
    /// Of a policy: its open obligations.
    pub due: Vec<Due>,
    /// Of a policy: what it warns of and would rewrite, up to the limit of the report.
    pub remarks: Vec<Remark>,
    /// How many of these there are.
    pub remark_count: u64,
    /// Where it is declared.
    pub place: Place,
}

impl DemandReport {
    /// Of a demand about which nothing is known yet.
    pub fn blank(kind: DemandKind, name: &str, severity: Severity, place: Place) -> DemandReport {
        DemandReport {
            kind,
            name: name.to_string(),
            title: None,
            severity,
            verdict: Verdict::Unknown,
            unknown: None,
            checked: 0,
            violation_count: 0,
            violations: vec![],
            worlds: None,
            due: vec![],
            remarks: vec![],
            remark_count: 0,
            place,
        }
    }
}

/// What a policy does with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Forbid or escalate.
    pub effect: super::Effect,
    /// To whom, if it escalates.
    pub to: Option<String>,
    /// Of an obligation: until when it was to be met, in microseconds since 1970.
    pub due: Option<i64>,
}

/// An obligation that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The event that it follows from.
    pub event: String,
    /// Until when it is to be met (RFC 3339).
    pub due: String,
    /// The policy's message.
    pub message: Option<String>,
    /// The clause.
    pub program: Place,
}

/// What a policy says of an event without deciding about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The event.
    pub event: String,
    /// `warn` or `rewrite`.
    pub word: &'static str,
    /// The message; of a rewrite what is set to what.
    pub message: String,
}

/// What was found about one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateReport {
    /// As named on the command line.
    pub candidate: String,
    /// `satisfied`, `violated` or `unknown`.
    pub verdict: Verdict,
    /// In the order of the program.
    pub demands: Vec<DemandReport>,
    /// What policies `on candidate` decide and preferences say, if the program has any.
    pub decision: Option<super::Decision>,
    /// Nodes, edges and events of the structure.
    pub size: (u64, u64, u64),
    /// Whether it was judged as it was read, and never there as a whole. The reports say the same either way.
    pub streamed: bool,
    /// Findings of the door, faults, limits, vacuous scopes.
    pub diagnostics: Vec<Diagnostic>,
}

/// A whole run of `check`.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The program, as named.
    pub program: String,
    /// One for each candidate, in the order given.
    pub candidates: Vec<CandidateReport>,
    /// Diagnostics of the program.
    pub diagnostics: Vec<Diagnostic>,
}
