//! What is decided about candidates, for people and as JSON: the permitted first, by preference. Fed with a report, read by the command line.
use super::excerpt::place_text;
use super::json;
use super::style::{Style, Tone, clean, counted};
use crate::base::Sources;
use crate::verdict::{CandidateReport, Decision, Effect, Report};
use std::fmt::Write;

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// The candidates in order: permitted ones by their score, the best first, equal ones by name; then the others, by effect and name. With
/// the rank of each that is permitted; equal scores share one.
pub fn ranked(report: &Report) -> Vec<(Option<usize>, &CandidateReport)> {
    let effect = |c: &CandidateReport| c.decision.as_ref().map(|d| d.effect);
    let score = |c: &CandidateReport| c.decision.as_ref().and_then(Decision::score);
    let mut all: Vec<&CandidateReport> = report.candidates.iter().collect();
    all.sort_by(|a, b| {
        let key = |c: &CandidateReport| (effect(c).is_none(), effect(c));
        let by_score = || match (score(a), score(b)) {
            (Some(x), Some(y)) if effect(a) == Some(Effect::Permit) => y.total_cmp(&x),
            (x, y) if effect(a) == Some(Effect::Permit) => y.is_some().cmp(&x.is_some()),
            _ => std::cmp::Ordering::Equal,
        };
        key(a).cmp(&key(b)).then_with(by_score).then_with(|| a.candidate.cmp(&b.candidate))
    });
    let mut out: Vec<(Option<usize>, &CandidateReport)> = vec![];
    for (n, c) in all.into_iter().enumerate() {
        let rank = (effect(c) == Some(Effect::Permit)).then(|| match out.last() {
            Some((Some(r), before)) if score(before) == score(c) => *r,
            _ => n + 1,
        });
        out.push((rank, c));
    }
    out
}

/// The decisions as text, with a line end.
pub fn text(report: &Report, sources: &Sources, style: Style) -> String {
    let mut out = String::new();
    let (mut permitted, all) = (0u64, report.candidates.len() as u64);
    for (rank, c) in ranked(report) {
        let place = rank.map_or("–".to_string(), |r| format!("{r}."));
        let name = style.paint(Tone::Strong, &clean(&c.candidate));
        let Some(d) = &c.decision else {
            let _ = writeln!(out, "{place} {name}: {}", style.paint(Tone::Bad, "not judged"));
            continue;
        };
        permitted += u64::from(d.effect == Effect::Permit);
        let tone = match d.effect {
            Effect::Permit => Tone::Good,
            Effect::Escalate => Tone::Doubt,
            Effect::Forbid => Tone::Bad,
        };
        let score = match d.score() {
            _ if d.preferences.is_empty() => String::new(),
            None => "  (score unknown)".to_string(),
            Some(s) => format!("  (score {s})"),
        };
        let _ = writeln!(out, "{place} {name}: {}{}", style.paint(tone, d.effect.name()), style.paint(Tone::Faint, &score));
        for f in d.fired.iter().filter(|f| f.effect.is_none_or(|e| e == d.effect)) {
            let to = f.to.as_ref().map_or(String::new(), |t| format!(" to {t:?}"));
            let at = place_text(sources, f.place).map(|p| format!("  {p}")).unwrap_or_default();
            let what = f.effect.map_or("warn", Effect::name);
            let line = match f.message.starts_with('`') {
                true => format!("{}: {}", clean(&f.policy), clean(&f.message)),
                false => format!("{}: {what}{to}, {}", clean(&f.policy), clean(&f.message)),
            };
            let _ = writeln!(out, "     {line}{}", style.paint(Tone::Faint, &at));
        }
        if d.preferences.len() > 1 {
            let one = |p: &crate::verdict::Preference| {
                let value = p.value.map_or("unknown".to_string(), |v| v.to_string());
                let weight = if p.weight == 1.0 { String::new() } else { format!(" × {}", p.weight) };
                format!("{} {value}{weight}", clean(&p.name))
            };
            let list: Vec<String> = d.preferences.iter().map(one).collect();
            let _ = writeln!(out, "     {}", style.paint(Tone::Faint, &list.join(", ")));
        }
    }
    let _ = writeln!(out, "\n{} of {} permitted", permitted, counted(all, "candidate", "candidates"));
    out
}

#[derive(serde::Serialize)]
struct JudgedJson<'a> {
    candidate: &'a str,
    rank: Option<usize>,
    decision: Option<json::DecisionJson<'a>>,
}

#[derive(serde::Serialize)]
struct AllJson<'a> {
    dbm_judge: u32,
    program: &'a str,
    candidates: Vec<JudgedJson<'a>>,
}

/// The decisions as JSON, in the same order, with a line end.
pub fn json(report: &Report, sources: &Sources) -> String {
    let candidates = ranked(report)
        .into_iter()
        .map(|(rank, c)| JudgedJson {
            candidate: &c.candidate,
            rank,
            decision: c.decision.as_ref().map(|d| json::decision(d, sources)),
        })
        .collect();
    let all = AllJson { dbm_judge: VERSION, program: &report.program, candidates };
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}
