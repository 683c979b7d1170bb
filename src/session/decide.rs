//! From facts to reports: every wanted demand of a program, decided over one structure. Called by stages.
use super::evaluate::{Decided, How, World, in_one_world};
use super::why::{Extent, Why};
use crate::base::{Diagnostic, Place, Severity, Sources};
use crate::demand::error;
use crate::demand::invariant::{Found, Outcome};
use crate::engine::Budget;
use crate::plan::unit::Unsupported;
use crate::scalar::{Element, Val, Value, json};
use crate::semantics::hir::{self, Program};
use crate::semantics::strata::Strata;
use crate::structure::graph::Graph;
use crate::verdict::{DemandKind, DemandReport, Located, Unknown, Verdict, Violation, WitnessStep};

/// What decides how a run is reported.
pub struct Asked<'a> {
    /// Whether a demand of that name is wanted.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// How many violations of a demand are listed.
    pub most: usize,
    /// How much of the derivation of each listed violation is given.
    pub why: Option<Extent>,
    /// For the text of clauses without a message.
    pub sources: &'a Sources,
    /// Where an element stands in its candidate.
    pub locate: &'a dyn Fn(&Graph, Element) -> Option<Located>,
}

/// Decides every wanted demand.
pub fn decide(
    (program, strata): (&Program, &Strata),
    graph: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    asked: &Asked<'_>,
) -> (Vec<DemandReport>, Vec<Diagnostic>) {
    in_one_world((program, strata), graph, values, budget, how, &mut |world| {
        let mut reports = vec![];
        let mut diagnostics = vec![];
        for i in program.invariants.iter().filter(|i| (asked.wanted)(&i.name)) {
            let decided = world.invariant(i, asked.most);
            reports.push(report(world, (program, i), decided, asked, &mut diagnostics));
        }
        let waiting = interventions(program).chain(policies(program)).filter(|w| (asked.wanted)(&w.1));
        for (kind, name, title, severity, place, what) in waiting {
            diagnostics.push(error::not_yet(&name, place, what, place));
            reports.push(DemandReport {
                kind,
                name,
                title,
                severity,
                verdict: Verdict::Unknown,
                unknown: Some(Unknown::NotYet),
                checked: 0,
                violation_count: 0,
                violations: vec![],
                place,
            });
        }
        for p in &program.prefers {
            let mut d = error::not_yet(&p.name, p.place, "preferences", p.place);
            d.severity = Severity::Warning;
            diagnostics.push(d);
        }
        diagnostics.extend(world.reached().map(error::limit));
        reports.sort_by_key(|r| r.place);
        (reports, diagnostics)
    })
}

type Waiting = (DemandKind, String, Option<String>, Severity, Place, &'static str);

fn interventions(program: &Program) -> impl Iterator<Item = Waiting> + '_ {
    let title = |t: &Option<std::sync::Arc<str>>| t.as_ref().map(|t| t.to_string());
    program
        .interventions
        .iter()
        .map(move |i| (DemandKind::Intervention, i.name.to_string(), title(&i.title), i.severity, i.place, "interventions"))
}

fn policies(program: &Program) -> impl Iterator<Item = Waiting> + '_ {
    let title = |t: &Option<std::sync::Arc<str>>| t.as_ref().map(|t| t.to_string());
    program
        .policies
        .iter()
        .map(move |p| (DemandKind::Policy, p.name.to_string(), title(&p.title), p.severity, p.place, "policies"))
}

/// The demands of a program that this version cannot evaluate, as warnings for a check without candidate.
pub fn waiting(program: &Program) -> Vec<Diagnostic> {
    let demands = interventions(program).chain(policies(program)).map(|w| error::not_yet(&w.1, w.4, w.5, w.4));
    let prefers = program.prefers.iter().map(|p| error::not_yet(&p.name, p.place, "preferences", p.place));
    demands
        .chain(prefers)
        .map(|mut d| {
            d.severity = Severity::Warning;
            d
        })
        .collect()
}

fn report<'p>(
    world: &mut dyn World<'p>,
    (program, i): (&'p Program, &'p hir::Invariant),
    decided: Decided,
    asked: &Asked<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> DemandReport {
    let mut report = DemandReport {
        kind: DemandKind::Invariant,
        name: i.name.to_string(),
        title: i.title.as_ref().map(|t| t.to_string()),
        severity: i.severity,
        verdict: Verdict::Unknown,
        unknown: None,
        checked: 0,
        violation_count: 0,
        violations: vec![],
        place: i.place,
    };
    match decided {
        Decided::Limit => report.unknown = Some(Unknown::Limit),
        Decided::NotYet(Unsupported { place, what }) => {
            report.unknown = Some(Unknown::NotYet);
            diagnostics.push(error::not_yet(&i.name, i.place, what, place));
        }
        Decided::Checked(outcome) => {
            report.verdict = verdict(&outcome);
            report.checked = outcome.checked;
            report.violation_count = outcome.count;
            if report.verdict == Verdict::Unknown {
                report.unknown = Some(Unknown::Fault);
            }
            faults(world, i, &outcome, asked, diagnostics);
            if outcome.vacuous {
                diagnostics.push(vacuous(i));
            }
            report.violations = outcome.found.iter().map(|f| violation(world.graph(), i, f, asked)).collect();
            if let Some(extent) = asked.why {
                for (v, f) in report.violations.iter_mut().zip(&outcome.found) {
                    v.why = Why::new(world, program, asked.sources, asked.locate, extent).violation(i, f);
                }
            }
        }
    }
    report
}

/// The verdict that an outcome amounts to.
pub fn verdict(o: &Outcome) -> Verdict {
    match (o.count, o.faults.is_empty(), o.vacuous) {
        (1.., ..) => Verdict::Violated,
        (_, false, _) => Verdict::Unknown,
        (_, _, true) => Verdict::Vacuous,
        _ => Verdict::Holds,
    }
}

/// How many different faults of one demand are shown.
pub const SHOWN_FAULTS: usize = 5;

fn faults(world: &dyn World<'_>, i: &hir::Invariant, outcome: &Outcome, asked: &Asked<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let graph = world.graph();
    let touched = |f: &u32| {
        let binding = outcome.touched.get(f).into_iter().flatten();
        let one = |(name, v): &(std::sync::Arc<str>, Val)| match graph.dictionary.value(*v) {
            Value::Element(e) => {
                let at = (asked.locate)(graph, e).map(|l| format!(" ({}:{}:{})", l.file, l.line, l.column));
                Some(format!("{name} = {}{}", graph.show(e), at.unwrap_or_default()))
            }
            _ => None,
        };
        binding.filter_map(one).collect::<Vec<String>>().join(", ")
    };
    let mut list: Vec<_> = outcome.faults.iter().filter_map(|f| Some((world.faults().get(*f)?, touched(f)))).collect();
    list.sort();
    list.dedup_by(|a, b| a.0 == b.0);
    let more = list.len().saturating_sub(SHOWN_FAULTS);
    for (n, (f, touched)) in list.into_iter().take(SHOWN_FAULTS).enumerate() {
        let mut d = error::fault(&i.name, i.place, f);
        if !touched.is_empty() {
            d = d.note(format!("with {touched}"));
        }
        if outcome.count > 0 {
            // it is violated whatever the fault hides
            d.severity = Severity::Warning;
            d.title = format!("`{}` is violated, and may be so more often: {}", i.name, f.fault.text);
        }
        if n + 1 == SHOWN_FAULTS && more > 0 {
            d = d.note(format!("and {more} more faults of this demand"));
        }
        diagnostics.push(d);
    }
}

fn vacuous(i: &hir::Invariant) -> Diagnostic {
    let d = Diagnostic::warning(error::VACUOUS, format!("`{}` is vacuous: there was nothing to check", i.name))
        .at(i.place, "nothing matched here");
    let d = match &i.scope {
        Some(_) => d.note("its `for` matched no element of the candidate, so it neither holds nor fails"),
        None => d.note("a kind that it names has no elements in the candidate"),
    };
    d.help("loosen its scope, or accept it if such candidates are meant")
}

fn shown(graph: &Graph, v: Val) -> serde_json::Value {
    json::to_json(&graph.dictionary.value(v), &|e| graph.show(e))
}

fn violation(graph: &Graph, i: &hir::Invariant, f: &Found, asked: &Asked<'_>) -> Violation {
    let binding: Vec<(String, serde_json::Value)> = f.binding.iter().map(|(n, v)| (n.to_string(), shown(graph, *v))).collect();
    let mut key = i.name.to_string();
    if i.clauses.len() > 1 {
        key.push_str(&format!("#{}", f.clause + 1));
    }
    for ((n, v), (_, value)) in binding.iter().zip(&f.binding) {
        let text = match graph.dictionary.value(*value) {
            Value::Element(e) => graph.show(e),
            _ => v.to_string(),
        };
        key.push_str(&format!(" {n}={text}"));
    }
    let message = f.message.clone().unwrap_or_else(|| {
        let text = asked.sources.text(f.place);
        let clause: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let clause: String = clause.chars().take(200).collect();
        match i.title.as_ref() {
            Some(t) => format!("not so: {t}"),
            None => format!("`{clause}` does not hold"),
        }
    });
    let elements = f.binding.iter().filter_map(|(_, v)| match graph.dictionary.value(*v) {
        Value::Element(e) => Some(e),
        _ => None,
    });
    Violation {
        key,
        message,
        witness: f
            .witness
            .iter()
            .map(|(text, e)| WitnessStep { text: text.clone(), candidate: e.and_then(|e| (asked.locate)(graph, e)) })
            .collect(),
        why: vec![],
        program: f.place,
        candidate: elements.filter_map(|e| (asked.locate)(graph, e)).collect(),
        binding,
    }
}
