//! The report for programs: JSON in a stable order of fields. Its contract is docs/schema/report.schema.json (`dbm schema report`).
//! Fed with the report and the sources that its places refer to, read by whoever runs dbm from a program.
use crate::base::{Diagnostic, Place, Sources};
use crate::scalar::instant::format_time;
use crate::verdict::ruling::Nearest;
use crate::verdict::{
    CandidateReport, Decision, DemandReport, Effect, FactShift, Located, Reason, Report, Unknown, Verdict, Violation,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::Write;

/// The version of the contract. It changes when a field changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

/// Writes a report as JSON, indented, with a line end.
pub fn write(report: &Report, sources: &Sources, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &ReportJson::new(report, sources)).map_err(std::io::Error::from)?;
    out.write_all(b"\n")
}

/// A report as JSON.
pub fn value(report: &Report, sources: &Sources) -> serde_json::Value {
    serde_json::to_value(ReportJson::new(report, sources)).unwrap_or_default()
}

#[derive(serde::Serialize)]
struct ReportJson<'a> {
    dbm_report: u32,
    program: &'a str,
    candidates: Vec<CandidateJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(serde::Serialize)]
struct CandidateJson<'a> {
    candidate: &'a str,
    verdict: &'static str,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionJson<'a>>,
    size: Size,
    demands: Vec<DemandJson<'a>>,
}

#[derive(serde::Serialize)]
pub(super) struct DecisionJson<'a> {
    effect: &'static str,
    score: Option<f64>,
    fired: Vec<FiredJson<'a>>,
    preferences: Vec<PreferenceJson<'a>>,
}

#[derive(serde::Serialize)]
struct FiredJson<'a> {
    policy: &'a str,
    effect: &'static str,
    to: Option<&'a str>,
    message: &'a str,
    program: Option<PlaceJson<'a>>,
}

#[derive(serde::Serialize)]
struct PreferenceJson<'a> {
    name: &'a str,
    weight: f64,
    value: Option<f64>,
}

pub(super) fn decision<'a>(d: &'a Decision, sources: &'a Sources) -> DecisionJson<'a> {
    let fired = d.fired.iter().map(|f| FiredJson {
        policy: &f.policy,
        effect: f.effect.map_or("warn", Effect::name),
        to: f.to.as_deref(),
        message: &f.message,
        program: place(f.place, sources),
    });
    let preferences = d.preferences.iter().map(|p| PreferenceJson { name: &p.name, weight: p.weight, value: p.value });
    DecisionJson { effect: d.effect.name(), score: d.score(), fired: fired.collect(), preferences: preferences.collect() }
}

/// How many demands of a candidate have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// All of them.
    pub demands: usize,
    /// Without a violation: `holds`, `satisfied`, `holding`, `pending`.
    pub holds: usize,
    /// With a violation, whatever the severity.
    pub violated: usize,
    /// With nothing to check.
    pub vacuous: usize,
    /// Undecided: `unknown`, `not identifiable`.
    pub unknown: usize,
    /// The violations of all demands.
    pub violations: u64,
}

impl Summary {
    /// The summary of a candidate's demands.
    pub fn of(demands: &[DemandReport]) -> Summary {
        let mut s = Summary { demands: demands.len(), ..Summary::default() };
        for d in demands {
            match d.verdict {
                Verdict::Holds | Verdict::Satisfied | Verdict::Holding | Verdict::Pending => s.holds += 1,
                Verdict::Violated => s.violated += 1,
                Verdict::Vacuous => s.vacuous += 1,
                Verdict::Unknown | Verdict::NotIdentifiable => s.unknown += 1,
            }
            s.violations += d.violation_count;
        }
        s
    }
}

#[derive(serde::Serialize)]
struct Size {
    nodes: u64,
    edges: u64,
    events: u64,
}

#[derive(serde::Serialize)]
struct DemandJson<'a> {
    kind: &'static str,
    name: &'a str,
    title: Option<&'a str>,
    severity: &'static str,
    verdict: &'static str,
    /// Why it is unknown.
    reason: Option<&'static str>,
    checked: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    worlds: Option<WorldsJson<'a>>,
    violation_count: u64,
    violations: Vec<ViolationJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    due: Vec<DueJson<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    remark_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<RemarkJson<'a>>,
    program: Option<PlaceJson<'a>>,
}

#[derive(serde::Serialize)]
struct ViolationJson<'a> {
    key: &'a str,
    binding: Binding<'a>,
    message: &'a str,
    witness: Vec<WitnessJson<'a>>,
    #[serde(skip_serializing_if = "<[Reason]>::is_empty")]
    why: &'a [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<WorldJson<'a>>,
    /// Of a policy: what it does with the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    /// Of an obligation: until when it was to be met.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Of a policy: what came closest to what it misses.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a Nearest>,
    program: Option<PlaceJson<'a>>,
    candidate: Vec<LocatedJson<'a>>,
}

/// An open obligation.
#[derive(serde::Serialize)]
struct DueJson<'a> {
    event: &'a str,
    due: &'a str,
    message: Option<&'a str>,
    program: Option<PlaceJson<'a>>,
}

#[derive(serde::Serialize)]
struct RemarkJson<'a> {
    event: &'a str,
    effect: &'a str,
    message: &'a str,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[derive(serde::Serialize)]
struct WorldsJson<'a> {
    exhaustive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    ranking: Vec<RankedJson<'a>>,
}

#[derive(serde::Serialize)]
struct RankedJson<'a> {
    element: &'a str,
    failures: u64,
}

#[derive(serde::Serialize)]
struct WorldJson<'a> {
    edits: &'a [String],
    broken: &'a [String],
    changes: Vec<ShiftJson<'a>>,
}

#[derive(serde::Serialize)]
struct ShiftJson<'a> {
    relation: &'a str,
    lost: &'a [String],
    lost_count: u64,
    gained: &'a [String],
    gained_count: u64,
}

struct Binding<'a>(&'a [(String, serde_json::Value)]);

impl Serialize for Binding<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct WitnessJson<'a> {
    text: &'a str,
    candidate: Option<LocatedJson<'a>>,
}

#[derive(serde::Serialize)]
struct LocatedJson<'a> {
    file: &'a str,
    pointer: &'a str,
    line: usize,
    column: usize,
}

#[derive(serde::Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(serde::Serialize)]
struct DiagnosticJson<'a> {
    code: String,
    name: &'static str,
    severity: &'static str,
    message: &'a str,
    /// The candidate it speaks of; none if it speaks of the program or the call.
    candidate: Option<&'a str>,
    labels: Vec<LabelJson<'a>>,
    notes: &'a [String],
    helps: &'a [String],
    suggestions: Vec<SuggestionJson<'a>>,
}

/// A range of bytes of a file, with the line and column (in characters, from 1) where it starts.
#[derive(serde::Serialize)]
struct RangeJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    start: u32,
    end: u32,
}

#[derive(serde::Serialize)]
struct LabelJson<'a> {
    #[serde(flatten)]
    range: RangeJson<'a>,
    text: &'a str,
    primary: bool,
}

#[derive(serde::Serialize)]
struct SuggestionJson<'a> {
    message: &'a str,
    edits: Vec<EditJson<'a>>,
}

#[derive(serde::Serialize)]
struct EditJson<'a> {
    #[serde(flatten)]
    range: RangeJson<'a>,
    text: &'a str,
}

impl<'a> ReportJson<'a> {
    fn new(report: &'a Report, sources: &'a Sources) -> Self {
        let own = report.diagnostics.iter().map(|d| (d, None));
        let theirs = report.candidates.iter().flat_map(|c| c.diagnostics.iter().map(|d| (d, Some(c.candidate.as_str()))));
        ReportJson {
            dbm_report: VERSION,
            program: &report.program,
            candidates: report.candidates.iter().map(|c| candidate(c, sources)).collect(),
            diagnostics: own.chain(theirs).map(|(d, c)| diagnostic(d, c, sources)).collect(),
        }
    }
}

fn candidate<'a>(c: &'a CandidateReport, sources: &'a Sources) -> CandidateJson<'a> {
    CandidateJson {
        candidate: &c.candidate,
        verdict: c.verdict.name(),
        summary: Summary::of(&c.demands),
        decision: c.decision.as_ref().map(|d| decision(d, sources)),
        size: Size { nodes: c.size.0, edges: c.size.1, events: c.size.2 },
        demands: c.demands.iter().map(|d| demand(d, sources)).collect(),
    }
}

fn demand<'a>(d: &'a DemandReport, sources: &'a Sources) -> DemandJson<'a> {
    DemandJson {
        kind: d.kind.name(),
        name: &d.name,
        title: d.title.as_deref(),
        severity: d.severity.name(),
        verdict: d.verdict.name(),
        reason: d.unknown.map(reason),
        checked: d.checked,
        worlds: d.worlds.as_ref().map(|w| WorldsJson {
            exhaustive: w.exhaustive,
            seed: w.seed,
            ranking: w.ranking.iter().map(|(element, failures)| RankedJson { element, failures: *failures }).collect(),
        }),
        violation_count: d.violation_count,
        violations: d.violations.iter().map(|v| violation(v, sources)).collect(),
        due: d
            .due
            .iter()
            .map(|o| DueJson { event: &o.event, due: &o.due, message: o.message.as_deref(), program: place(o.program, sources) })
            .collect(),
        remark_count: d.remark_count,
        remarks: d.remarks.iter().map(|r| RemarkJson { event: &r.event, effect: r.word, message: &r.message }).collect(),
        program: place(d.place, sources),
    }
}

/// Why a demand is unknown, as a word.
pub fn reason(unknown: Unknown) -> &'static str {
    match unknown {
        Unknown::Fault => "fault",
        Unknown::Limit => "limit",
        Unknown::NotYet => "not there yet",
    }
}

fn violation<'a>(v: &'a Violation, sources: &'a Sources) -> ViolationJson<'a> {
    ViolationJson {
        key: &v.key,
        binding: Binding(&v.binding),
        message: &v.message,
        why: &v.why,
        world: v.world.as_ref().map(|w| WorldJson {
            edits: &w.edits,
            broken: &w.broken,
            changes: w.shifts.iter().map(shift).collect(),
        }),
        effect: v.strike.as_ref().map(|s| if s.due.is_some() { "lapsed" } else { s.effect.name() }),
        to: v.strike.as_ref().and_then(|s| s.to.as_deref()),
        due: v.strike.as_ref().and_then(|s| s.due).map(format_time),
        nearest: v.nearest.as_ref(),
        witness: v.witness.iter().map(|w| WitnessJson { text: &w.text, candidate: w.candidate.as_ref().map(located) }).collect(),
        program: place(v.program, sources),
        candidate: v.candidate.iter().map(located).collect(),
    }
}

fn shift(s: &FactShift) -> ShiftJson<'_> {
    ShiftJson { relation: &s.relation, lost: &s.lost, lost_count: s.lost_count, gained: &s.gained, gained_count: s.gained_count }
}

fn located(l: &Located) -> LocatedJson<'_> {
    LocatedJson { file: &l.file, pointer: &l.pointer, line: l.line, column: l.column }
}

fn place(p: Place, sources: &Sources) -> Option<PlaceJson<'_>> {
    sources.position(p).map(|(file, line, column)| PlaceJson { file, line, column })
}

fn range(p: Place, sources: &Sources) -> Option<RangeJson<'_>> {
    let (_, span) = sources.resolve(p)?;
    let (file, line, column) = sources.position(p)?;
    Some(RangeJson { file, line, column, start: span.start, end: span.end })
}

fn diagnostic<'a>(d: &'a Diagnostic, candidate: Option<&'a str>, sources: &'a Sources) -> DiagnosticJson<'a> {
    let labels =
        d.labels.iter().filter_map(|l| Some(LabelJson { range: range(l.place, sources)?, text: &l.text, primary: l.primary }));
    let suggestions = d.suggestions.iter().map(|s| SuggestionJson {
        message: &s.message,
        edits: s.edits.iter().filter_map(|e| Some(EditJson { range: range(e.place, sources)?, text: &e.text })).collect(),
    });
    DiagnosticJson {
        code: d.code.to_string(),
        name: d.code.name,
        severity: d.severity.name(),
        message: &d.title,
        candidate,
        labels: labels.collect(),
        notes: &d.notes,
        helps: &d.helps,
        suggestions: suggestions.collect(),
    }
}
