//! What candidates agree on, and what tells two apart: for people and as JSON. Fed with verdicts, read by the command line.
use super::style::{Style, Tone, clean, counted};
use crate::structure::diff::Distance;
use crate::verdict::Consensus;
use std::fmt::Write;

/// The version of the JSON forms.
pub const VERSION: u32 = 1;

/// Given facts, then derived ones, each with its support.
pub fn text(core: &Consensus, percent: f64, style: Style) -> String {
    let mut out = String::new();
    let width = core.candidates.to_string().len();
    for (derived, title) in [(false, "given"), (true, "derived")] {
        let facts: Vec<_> = core.facts.iter().filter(|f| f.derived == derived).collect();
        if facts.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}", style.paint(Tone::Strong, title));
        for f in facts {
            let _ = writeln!(out, "  {:>width$}  {}", f.support, clean(&f.text));
        }
    }
    for r in &core.uncompared {
        let _ = writeln!(out, "{}: too many facts to be compared one by one", clean(r));
    }
    let facts = counted(core.facts.len() as u64, "fact holds", "facts hold");
    let of = counted(core.candidates, "candidate", "candidates");
    let _ = writeln!(out, "{}", style.paint(Tone::Faint, &format!("{facts} in at least {percent}% of {of}")));
    out
}

/// The same as JSON, with a line end.
pub fn json(core: &Consensus, percent: f64) -> String {
    #[derive(serde::Serialize)]
    struct FactJson<'a> {
        fact: &'a str,
        derived: bool,
        support: u64,
    }
    #[derive(serde::Serialize)]
    struct CoreJson<'a> {
        dbm_core: u32,
        candidates: u64,
        percent: f64,
        facts: Vec<FactJson<'a>>,
        uncompared: &'a [String],
    }
    let facts = core.facts.iter().map(|f| FactJson { fact: &f.text, derived: f.derived, support: f.support });
    let all = CoreJson {
        dbm_core: VERSION,
        candidates: core.candidates,
        percent,
        facts: facts.collect(),
        uncompared: &core.uncompared,
    };
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

/// The edits that make one of the other, and how many they are.
pub fn distance_text(d: &Distance, style: Style) -> String {
    let mut out = String::new();
    for e in &d.edits {
        let tone = match e.split(' ').next() {
            Some("remove") => Tone::Bad,
            Some("add") => Tone::Good,
            _ => Tone::Doubt,
        };
        let _ = writeln!(out, "{}", style.paint(tone, &clean(e)));
    }
    let n = d.edits.len() as u64;
    let closing = match (n, d.minimal) {
        (0, _) => "no difference".to_string(),
        (_, true) => format!("{}, the fewest there can be", counted(n, "edit", "edits")),
        (_, false) => format!("{}; there may be a shorter way", counted(n, "edit", "edits")),
    };
    let _ = writeln!(out, "{}", style.paint(Tone::Faint, &closing));
    out
}

/// The same as JSON, with a line end.
pub fn distance_json(d: &Distance) -> String {
    #[derive(serde::Serialize)]
    struct DiffJson<'a> {
        dbm_diff: u32,
        distance: usize,
        minimal: bool,
        edits: &'a [String],
    }
    let all = DiffJson { dbm_diff: VERSION, distance: d.edits.len(), minimal: d.minimal, edits: &d.edits };
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}
