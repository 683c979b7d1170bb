//! The report for people: per candidate the verdict, each demand, its violations with what shows them; a closing line.
//! Fed with the report and the sources that its places refer to, read by the command line (standard output) and by snapshots.
use super::excerpt::place_text;
use super::json::Summary;
use super::reason;
use super::style::{Style, Tone, clean, counted, shorten};
use crate::base::{Place, Severity, Sources};
use crate::scalar::instant::format_time;
use crate::verdict::{
    CandidateReport, DemandKind, DemandReport, Effect, Located, Report, Strike, Unknown, Verdict, Violation, WorldChange,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Lists are cut behind this many.
pub const LIST: usize = 10;
/// The longest value of a binding that is shown whole.
const VALUE: usize = 100;
/// The longest message that is shown whole: texts of the candidate may stand in it.
const MESSAGE: usize = 1000;

/// The whole report, with a line end.
pub fn text(report: &Report, sources: &Sources, style: Style) -> String {
    let mut out = String::new();
    for c in &report.candidates {
        candidate(&mut out, c, sources, style);
        out.push('\n');
    }
    closing(&mut out, report, style);
    out
}

/// What is well, broken, or in doubt.
fn tone(v: Verdict, severity: Severity) -> Tone {
    match v {
        Verdict::Holds | Verdict::Satisfied => Tone::Good,
        Verdict::Violated if severity == Severity::Error => Tone::Bad,
        Verdict::Holding | Verdict::Pending => Tone::Faint,
        _ => Tone::Doubt,
    }
}

fn sign(v: Verdict, severity: Severity, style: Style) -> &'static str {
    match v {
        Verdict::Holds | Verdict::Satisfied => style.sign("✓", "ok"),
        Verdict::Violated if severity == Severity::Error => style.sign("✗", "XX"),
        Verdict::Violated => style.sign("!", "!!"),
        Verdict::Vacuous => style.sign("∅", "--"),
        Verdict::Unknown | Verdict::NotIdentifiable => style.sign("?", "??"),
        Verdict::Holding | Verdict::Pending => style.sign("…", ".."),
    }
}

/// Whether a candidate did not come as far as its demands.
fn refused(c: &CandidateReport) -> bool {
    c.demands.is_empty() && c.diagnostics.iter().any(|d| d.is_error())
}

fn candidate(out: &mut String, c: &CandidateReport, sources: &Sources, style: Style) {
    let refused = refused(c);
    let verdict = if refused { "not checked" } else { c.verdict.name() };
    let tone = if refused { Tone::Bad } else { tone(c.verdict, Severity::Error) };
    let (nodes, edges, events) = c.size;
    let mut size: Vec<String> = vec![];
    for (n, one, many) in [(nodes, "node", "nodes"), (edges, "edge", "edges"), (events, "event", "events")] {
        if n > 0 {
            size.push(counted(n, one, many));
        }
    }
    let size = match size.is_empty() {
        true if refused => String::new(),
        true => "  (empty)".to_string(),
        false => format!("  ({})", size.join(", ")),
    };
    let name = style.paint(Tone::Strong, &clean(&c.candidate));
    let _ = writeln!(out, "{name}: {}{}", style.paint(tone, verdict), style.paint(Tone::Faint, &size));
    for d in &c.demands {
        demand(out, d, sources, style);
    }
}

fn demand(out: &mut String, d: &DemandReport, sources: &Sources, style: Style) {
    let title = d.title.as_ref().map(|t| format!(": {}", clean(t))).unwrap_or_default();
    let cut = match d.worlds.as_ref().filter(|w| !w.exhaustive).map(|w| w.seed) {
        Some(Some(seed)) => format!(", a sample of all with seed {seed}"),
        Some(None) => ", not all that there are".to_string(),
        None => String::new(),
    };
    let count = match d.verdict {
        Verdict::Violated if d.worlds.is_some() => {
            let fail = if d.violation_count == 1 { "fails" } else { "fail" };
            let of = super::style::grouped(d.violation_count);
            format!("{of} of {} {fail}{cut}", counted(d.checked, "world", "worlds"))
        }
        Verdict::Violated => counted(d.violation_count, "violation", "violations"),
        Verdict::Vacuous if d.worlds.is_some() => match d.checked {
            0 => "vacuous, it made no world".to_string(),
            n => format!("vacuous, none of {} asks anything", counted(n, "world", "worlds")),
        },
        Verdict::Vacuous => "vacuous, there was nothing to check".to_string(),
        Verdict::Unknown => match d.unknown {
            Some(Unknown::Limit) => "unknown, a limit came before the answer".to_string(),
            Some(Unknown::NotYet) => "unknown, this build cannot evaluate it yet".to_string(),
            _ => "unknown, it depends on a fault".to_string(),
        },
        Verdict::Holds if d.worlds.is_some() => format!("{}{cut}", counted(d.checked, "world tried", "worlds tried")),
        Verdict::Holds => counted(d.checked, "binding checked", "bindings checked"),
        Verdict::Pending => {
            let open = counted(d.due.len() as u64, "obligation open", "obligations open");
            format!("pending, {open}; {}", counted(d.checked, "event", "events"))
        }
        v if d.kind == DemandKind::Policy => format!("{}, {}", v.name(), counted(d.checked, "event", "events")),
        v => v.name().to_string(),
    };
    let severity = match d.severity {
        Severity::Error => String::new(),
        s => format!("{}, ", s.name()),
    };
    let place = clause(d).or(matches!(d.verdict, Verdict::Unknown | Verdict::Vacuous).then_some(d.place));
    let place = place.and_then(|p| place_text(sources, p)).map(|p| format!("  {p}")).unwrap_or_default();
    let _ = writeln!(
        out,
        "  {} {}{title}  {}",
        style.paint(tone(d.verdict, d.severity), sign(d.verdict, d.severity, style)),
        style.paint(Tone::Strong, &clean(&d.name)),
        style.paint(Tone::Faint, &format!("({severity}{count}){place}")),
    );
    if let Some(w) = d.worlds.as_ref().filter(|w| w.ranking.first().map(|r| r.1) != w.ranking.last().map(|r| r.1)) {
        let list = w.ranking.iter().take(LIST).map(|(e, n)| format!("{} ({n})", clean(e))).collect::<Vec<_>>().join(", ");
        let more = if w.ranking.len() > LIST { ", …" } else { "" };
        let _ = writeln!(out, "      {}", style.paint(Tone::Faint, &format!("most often part of a failing set: {list}{more}")));
    }
    let causes = causes(&d.violations);
    for same in causes.iter().take(LIST) {
        violation(out, same, clause(d).is_none(), sources, style);
    }
    let listed: usize = causes.iter().take(LIST).map(Vec::len).sum();
    let more = d.violation_count.saturating_sub(listed as u64);
    if more > 0 && d.violation_count > 0 {
        let _ = writeln!(out, "      {}", style.paint(Tone::Faint, &format!("and {} more", super::style::grouped(more))));
    }
    beside(out, d, style);
}

/// What a policy says without deciding: open obligations, warnings, rewrites.
fn beside(out: &mut String, d: &DemandReport, style: Style) {
    let mut lines: Vec<String> = vec![];
    for o in d.due.iter().take(LIST) {
        let message = o.message.as_ref().map(|m| format!(": {}", clean(m))).unwrap_or_default();
        lines.push(format!("open until {}, {}{message}", o.due, clean(&o.event)));
    }
    if d.due.len() > LIST {
        lines.push(format!("and {} more are open", d.due.len() - LIST));
    }
    for r in d.remarks.iter().take(LIST) {
        let message = if r.message.is_empty() { String::new() } else { format!(": {}", clean(&r.message)) };
        lines.push(shorten(&format!("{} {}{message}", r.word, clean(&r.event)), MESSAGE));
    }
    let shown = d.remarks.len().min(LIST) as u64;
    if d.remark_count > shown {
        lines.push(format!("and {} more remarks", super::style::grouped(d.remark_count - shown)));
    }
    for l in lines {
        let _ = writeln!(out, "      {}", style.paint(Tone::Faint, &l));
    }
}

/// The clause that all violations are of, if it is one.
fn clause(d: &DemandReport) -> Option<Place> {
    let first = d.violations.first()?.program;
    d.violations.iter().all(|v| v.program == first).then_some(first)
}

/// Violations of one clause that the same steps show belong together: a circle is one cause, wherever it is entered.
fn causes(all: &[Violation]) -> Vec<Vec<&Violation>> {
    let mut causes: Vec<Vec<&Violation>> = vec![];
    let mut known: BTreeMap<(Place, Vec<&str>), usize> = BTreeMap::new();
    for v in all {
        let mut steps: Vec<&str> = v.witness.iter().map(|w| w.text.as_str()).collect();
        steps.sort();
        if steps.is_empty() || v.world.is_some() {
            causes.push(vec![v]);
            continue;
        }
        let at = *known.entry((v.program, steps)).or_insert(causes.len());
        match causes.get_mut(at) {
            Some(same) => same.push(v),
            None => causes.push(vec![v]),
        }
    }
    causes
}

fn violation(out: &mut String, same: &[&Violation], with_clause: bool, sources: &Sources, style: Style) {
    let Some((v, others)) = same.split_first() else { return };
    let struck = v.strike.as_ref().map(strike).unwrap_or_default();
    let message = format!("{struck}{}", shorten(&clean(&v.message), MESSAGE).replace('\n', "\n      "));
    let _ = writeln!(out, "      {message}");
    // two columns: what it is and where it stands in the candidate
    let mut rows: Vec<(&str, String, String)> = vec![];
    let named = |value: &serde_json::Value| value.as_str().is_some_and(names_element);
    // each element of the binding has its place, unless one of them has none (a reader may add what is nowhere in the document)
    let each = v.binding.iter().filter(|(_, value)| named(value)).count() == v.candidate.len();
    let mut places = v.candidate.iter().map(located);
    for (name, value) in v.binding.iter().take(LIST) {
        let place = if each && named(value) { places.next().unwrap_or_default() } else { String::new() };
        rows.push((name, shorten(&clean(&shown(value)), VALUE), place));
    }
    cut(&mut rows, v.binding.len());
    if !each && !v.candidate.is_empty() {
        let mut text = v.candidate.iter().take(LIST).map(located).collect::<Vec<_>>().join(", ");
        if v.candidate.len() > LIST {
            let _ = write!(text, " and {} more", v.candidate.len() - LIST);
        }
        rows.push(("in", text, String::new()));
    }
    for (name, what) in v.world.iter().flat_map(world) {
        rows.push((name, shorten(&clean(&what), VALUE), String::new()));
    }
    if let Some(near) = &v.nearest {
        rows.push(("nearest", shorten(&clean(&near.text), MESSAGE), String::new()));
    }
    // the derivation has the steps too
    let witness = if v.why.is_empty() { &v.witness[..] } else { &[] };
    for (i, step) in witness.iter().take(LIST).enumerate() {
        let place = step.candidate.as_ref().map(located).unwrap_or_default();
        let label = if v.world.is_some() { "was by" } else { "because" };
        rows.push((if i == 0 { label } else { "" }, shorten(&clean(&step.text), VALUE), place));
    }
    cut(&mut rows, witness.len());
    for (i, o) in others.iter().take(LIST).enumerate() {
        let place = o.candidate.first().map(located).unwrap_or_default();
        // the clause as a message says nothing new
        let what = match o.message == v.message {
            true => o.binding.iter().map(|(n, x)| format!("{n} = {}", shown(x))).collect::<Vec<_>>().join(", "),
            false => o.message.replace('\n', " "),
        };
        rows.push((if i == 0 { "likewise" } else { "" }, shorten(&clean(&what), VALUE), place));
    }
    cut(&mut rows, others.len());
    if let Some(place) = place_text(sources, v.program).filter(|_| with_clause) {
        rows.push(("clause", place, String::new()));
    }
    let width = |pick: fn(&(&str, String, String)) -> usize| rows.iter().map(pick).max().unwrap_or(0);
    let first = width(|r| r.0.width());
    let second = rows.iter().filter(|r| !r.2.is_empty()).map(|r| r.1.width()).max().unwrap_or(0);
    for (name, what, place) in &rows {
        let name = format!("{name}{}", " ".repeat(first - name.width()));
        let gap = if place.is_empty() { String::new() } else { " ".repeat(second.saturating_sub(what.width()) + 2) };
        let line = format!("        {}  {what}{gap}{}", style.paint(Tone::Faint, &name), style.paint(Tone::Faint, place));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if !v.why.is_empty() {
        let _ = writeln!(out, "        {}", style.paint(Tone::Faint, "why"));
        reason::tree(&v.why, "        ", out, style);
    }
}

/// What a policy does with an event, in front of its message.
fn strike(s: &Strike) -> String {
    let to = s.to.as_ref().map(|t| format!(" to {}", clean(t))).unwrap_or_default();
    match (s.due, s.effect) {
        (Some(due), _) => {
            let then = if s.to.is_some() { format!(", escalated{to}") } else { String::new() };
            format!("not met until {}{then}: ", format_time(due))
        }
        (None, Effect::Escalate) => format!("escalated{to}: "),
        (None, Effect::Forbid) => "forbidden: ".to_string(),
        (None, Effect::Permit) => String::new(),
    }
}

/// How a world differs: its edits, what is broken in it, what was lost and gained.
fn world(w: &WorldChange) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(&str, String)> = vec![];
    let mut list = |name: &'static str, items: &[String], count: u64| {
        for (i, item) in items.iter().take(LIST).enumerate() {
            rows.push((if i == 0 { name } else { "" }, item.clone()));
        }
        let shown = items.len().min(LIST) as u64;
        if count > shown {
            rows.push(("", format!("and {} more", super::style::grouped(count - shown))));
        }
    };
    list("do", &w.edits, w.edits.len() as u64);
    list("broken", &w.broken, w.broken.len() as u64);
    for s in &w.shifts {
        list("lost", &s.lost, s.lost_count);
        list("gained", &s.gained, s.gained_count);
    }
    rows
}

fn cut(rows: &mut Vec<(&str, String, String)>, all: usize) {
    if all > LIST {
        rows.push(("", format!("and {} more", all - LIST), String::new()));
    }
}

fn located(l: &Located) -> String {
    format!("{}:{}:{}", clean(&l.file), l.line, l.column)
}

/// A value of a binding as people read it: text that names an element bare, other text in quotes.
pub fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(s) if names_element(s) => s.clone(),
        serde_json::Value::Null => "none".to_string(),
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        v => v.to_string(),
    }
}

/// `Kind("id")`, `kind("from", "to")`.
fn names_element(s: &str) -> bool {
    s.ends_with(')') && s.split_once("(\"").is_some_and(|(kind, _)| !kind.is_empty() && !kind.contains([' ', '"']))
}

fn closing(out: &mut String, report: &Report, style: Style) {
    let all: Vec<Summary> = report.candidates.iter().map(|c| Summary::of(&c.demands)).collect();
    let violations: u64 = all.iter().map(|s| s.violations).sum();
    let violated: usize = all.iter().map(|s| s.violated).sum();
    let (demands, vacuous, unknown) = all.iter().fold((0, 0, 0), |(a, b, c), s| (a + s.demands, b + s.vacuous, c + s.unknown));
    let unread = report.candidates.iter().filter(|c| refused(c)).count() as u64;
    if unread > 0 && unread == report.candidates.len() as u64 {
        let text = format!("{} refused, nothing was checked", counted(unread, "candidate", "candidates"));
        let _ = writeln!(out, "{}", style.paint(Tone::Bad, &text));
        return;
    }
    let mut parts = vec![];
    if report.candidates.len() > 1 {
        let mut counts = vec![];
        for v in [Verdict::Satisfied, Verdict::Violated, Verdict::Unknown] {
            let n = report.candidates.iter().filter(|c| c.verdict == v && !refused(c)).count() as u64;
            if n > 0 {
                counts.push(format!("{} {}", super::style::grouped(n), v.name()));
            }
        }
        if unread > 0 {
            counts.push(format!("{} not checked", super::style::grouped(unread)));
        }
        parts.push(format!("{} candidates ({})", report.candidates.len(), counts.join(", ")));
    }
    parts.push(counted(demands as u64, "demand", "demands"));
    parts.push(match violations {
        0 => "no violations".to_string(),
        n => format!("{} of {}", counted(n, "violation", "violations"), counted(violated as u64, "demand", "demands")),
    });
    for (n, word) in [(vacuous, "vacuous"), (unknown, "unknown")] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    let tone = match (violated, unknown) {
        _ if unread > 0 => Tone::Bad,
        (0, 0) => Tone::Good,
        (0, _) => Tone::Doubt,
        _ => Tone::Bad,
    };
    let _ = writeln!(out, "{}", style.paint(tone, &parts.join(", ")));
}
