//! From facts to reports: every wanted demand of a program, decided over one structure. Called by stages.
use super::evaluate::{Decided, How, World, in_one_world};
use super::govern;
use super::intervene::{Failing, Most, Obstacle, Tried, intervene};
use super::judge::{self, Shared};
use super::run::RunOptions;
use super::why::{Extent, Why};
use crate::base::{Diagnostic, Place, Severity, Sources};
use crate::demand::error;
use crate::demand::invariant::{Found, Outcome};
use crate::engine::Budget;
use crate::plan::unit::Unsupported;
use crate::scalar::{Element, Val, Value, json};
use crate::semantics::hir::{self, Program};
use crate::semantics::{Needs, Strata};
use crate::structure::graph::Graph;
use crate::verdict::{
    Decision, DemandKind, DemandReport, FactShift, Located, Unknown, Verdict, Violation, WitnessStep, WorldChange, WorldsTried,
};
use std::collections::BTreeMap;

/// What decides how a run is reported.
pub struct Asked<'a> {
    /// Whether a demand of that name is wanted.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// How many violations of a demand are listed.
    pub most: usize,
    /// How many worlds of an intervention are tried.
    pub worlds: usize,
    /// Which sample of them, if there are more.
    pub seed: u64,
    /// Whether no more events will come.
    pub closed: bool,
    /// How late events may come, in microseconds.
    pub lateness: i64,
    /// How much of the derivation of each listed violation is given.
    pub why: Option<Extent>,
    /// By invariant: what was counted over all candidates, for those that ask for a share of them.
    pub shares: &'a [Option<Shared>],
    /// For the text of clauses without a message.
    pub sources: &'a Sources,
    /// Where an element stands in its candidate.
    pub locate: &'a dyn Fn(&Graph, Element) -> Option<Located>,
}

/// Says where an element stands in its candidate, if that can be said.
pub(super) type Locate<'a> = &'a dyn Fn(&Graph, Element) -> Option<Located>;

impl<'a> Asked<'a> {
    /// As a run is asked to.
    pub(super) fn of(
        options: &RunOptions,
        wanted: &'a dyn Fn(&str) -> bool,
        sources: &'a Sources,
        locate: Locate<'a>,
    ) -> Asked<'a> {
        Asked {
            wanted,
            most: options.max_violations,
            worlds: options.max_worlds,
            seed: options.seed,
            closed: options.closed,
            lateness: options.lateness,
            why: options.why,
            shares: &[],
            sources,
            locate,
        }
    }
}

/// Decides every wanted demand.
pub fn decide(
    (program, strata): (&Program, &Strata),
    graph: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    asked: &Asked<'_>,
) -> (Vec<DemandReport>, Vec<Diagnostic>, Option<Decision>) {
    // what no wanted demand needs is not evaluated
    let needed = &Needs::demands(program, asked.wanted).strata(strata);
    in_one_world((program, needed), graph, values, budget, how, &mut |world| {
        let mut reports = vec![];
        let mut diagnostics = vec![];
        for (n, i) in program.invariants.iter().enumerate().filter(|i| (asked.wanted)(&i.1.name)) {
            if let Some((share, _)) = judge::shared(i) {
                let counted = asked.shares.get(n).copied().flatten();
                reports.push(share_report(i, share, counted, asked));
                continue;
            }
            let decided = world.invariant(i, asked.most);
            reports.push(report(world, (program, i), decided, asked, &mut diagnostics));
        }
        for i in program.interventions.iter().filter(|i| (asked.wanted)(&i.name)) {
            reports.push(attempt(world, (program, strata), i, (values, budget, how), asked, &mut diagnostics));
        }
        govern::report(world, program, asked, &mut reports, &mut diagnostics);
        let decision = judge::decision(world, program, asked, &mut reports, &mut diagnostics);
        diagnostics.extend(world.reached().map(error::limit));
        reports.sort_by_key(|r| r.place);
        (reports, diagnostics, decision)
    })
}

fn report<'p>(
    world: &mut dyn World<'p>,
    (program, i): (&'p Program, &'p hir::Invariant),
    decided: Decided,
    asked: &Asked<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> DemandReport {
    let mut report = DemandReport {
        title: i.title.as_ref().map(|t| t.to_string()),
        ..DemandReport::blank(DemandKind::Invariant, &i.name, i.severity, i.place)
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

/// An invariant about all candidates of the run, which was decided once for all of them.
fn share_report(i: &hir::Invariant, share: hir::Share, counted: Option<Shared>, asked: &Asked<'_>) -> DemandReport {
    let place = i.clauses.first().map_or(i.place, |c| c.place);
    let mut report = DemandReport {
        title: i.title.as_ref().map(|t| t.to_string()),
        unknown: Some(Unknown::NotYet),
        ..DemandReport::blank(DemandKind::Invariant, &i.name, i.severity, i.place)
    };
    let Some(counted) = counted else { return report };
    report.checked = counted.all as u64;
    report.unknown = None;
    report.verdict = if counted.enough(share) { Verdict::Holds } else { Verdict::Violated };
    if report.verdict == Verdict::Violated {
        let text = asked.sources.text(place);
        let clause: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        report.violation_count = 1;
        report.violations.push(Violation {
            key: i.name.to_string(),
            binding: vec![],
            message: format!("`{clause}`: it is so in {} of {} candidates", counted.met, counted.all),
            witness: vec![],
            why: vec![],
            world: None,
            strike: None,
            nearest: None,
            program: place,
            candidate: vec![],
        });
    }
    report
}

/// Tries an intervention, and reports it.
pub fn attempt<'p>(
    world: &mut dyn World<'p>,
    (program, strata): (&'p Program, &Strata),
    i: &'p hir::Intervention,
    run: (&[Value], &Budget, How),
    asked: &Asked<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> DemandReport {
    let most = Most { worlds: asked.worlds, seed: asked.seed, failing: asked.most, shifts: SHIFTS };
    let tried = intervene(world, (program, strata), i, run, most);
    tried_report(world, (program, i), tried, asked, diagnostics)
}

/// So many failing worlds of an intervention are shown with what changed in them.
const SHIFTS: usize = 20;

fn tried_report<'p>(
    world: &mut dyn World<'p>,
    (program, i): (&'p Program, &'p hir::Intervention),
    tried: Result<Tried, Unsupported>,
    asked: &Asked<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> DemandReport {
    let mut report = DemandReport {
        title: i.title.as_ref().map(|t| t.to_string()),
        ..DemandReport::blank(DemandKind::Intervention, &i.name, i.severity, i.place)
    };
    let tried = match tried {
        Ok(tried) => tried,
        Err(Unsupported { place, what }) => {
            report.unknown = Some(Unknown::NotYet);
            diagnostics.push(error::not_yet(&i.name, i.place, what, place));
            return report;
        }
    };
    let graph = world.graph();
    report.checked = tried.checked;
    report.violation_count = tried.count;
    let ranking = tried.ranking.iter().map(|(v, n)| (named(graph, *v), *n)).collect();
    report.worlds = Some(WorldsTried { exhaustive: tried.all, seed: tried.sample, ranking });
    let cut = !tried.all || tried.limit.is_some();
    (report.verdict, report.unknown) = match (tried.count, tried.faults.is_empty(), cut, tried.vacuous) {
        (1.., ..) => (Verdict::Violated, None),
        (_, false, ..) => (Verdict::Unknown, Some(Unknown::Fault)),
        (_, _, true, _) => (Verdict::Unknown, Some(Unknown::Limit)),
        (_, _, _, true) => (Verdict::Vacuous, None),
        _ => (Verdict::Holds, None),
    };
    report.violations = tried.failing.iter().map(|f| failing(graph, i, f, asked)).collect();
    for (v, f) in report.violations.iter_mut().zip(&tried.failing).take(SHIFTS) {
        let gone = |text: &str| f.gone.iter().any(|g| text.contains(g.as_str()));
        let extent = Extent { depth: 30, width: 3 };
        let lost = match (&f.first, &f.missed) {
            (Some((id, clause, binding)), _) => {
                let Some(inv) = program.invariants.get(id.0 as usize) else { continue };
                Why::new(world, program, asked.sources, asked.locate, extent).lost(inv, (*clause, binding), &gone)
            }
            (None, Some((n, known))) => {
                let Some((e, _)) = i.expects.get(*n) else { continue };
                // if it was not so before either, nothing of it is lost
                if !matches!(world.truth(i.vars.len(), known, e, &[]), Ok(Ok(true))) {
                    continue;
                }
                Why::new(world, program, asked.sources, asked.locate, extent).lost_of(e, (&i.vars, known), &gone)
            }
            _ => continue,
        };
        v.witness = lost.into_iter().map(|r| WitnessStep { text: r.text, candidate: r.candidate }).collect();
        if let Some(w) = &mut v.world {
            w.picture.lose(v.witness.iter().map(|w| w.text.as_str()));
        }
    }
    // what happens at one place in many worlds is said once
    let mut obstacles: BTreeMap<Place, Vec<(&Obstacle, &str)>> = BTreeMap::new();
    for (o, words) in &tried.faults {
        let place = match o {
            Obstacle::Fault(at) => at.place,
            Obstacle::Edit(place, _) => *place,
        };
        obstacles.entry(place).or_default().push((o, words));
    }
    let more = obstacles.len().saturating_sub(SHOWN_FAULTS);
    for (n, list) in obstacles.into_values().take(SHOWN_FAULTS).enumerate() {
        let Some((first, words)) = list.first() else { continue };
        let mut d = match first {
            Obstacle::Fault(at) => error::fault(&i.name, i.place, at),
            Obstacle::Edit(place, why) => error::world_edit(&i.name, i.place, why, *place),
        };
        if tried.count > 0 {
            d.severity = Severity::Warning;
            let why = match first {
                Obstacle::Fault(at) => at.fault.text.as_str(),
                Obstacle::Edit(_, why) => why,
            };
            d.title = format!("`{}` is violated, and may be so in more worlds: {why}", i.name);
        }
        let rest = if list.len() > 1 { format!(", and likewise in {} more", list.len() - 1) } else { String::new() };
        if !words.is_empty() {
            d = d.note(format!("in the world with {words}{rest}"));
        }
        if n + 1 == SHOWN_FAULTS && more > 0 {
            d = d.note(format!("and {more} more faults of this demand"));
        }
        diagnostics.push(d);
    }
    diagnostics.extend(tried.limit.as_ref().map(error::limit));
    if !tried.all {
        diagnostics.push(error::too_many_worlds(&i.name, i.place, (tried.checked, tried.sample), tried.count > 0));
    }
    if report.verdict == Verdict::Vacuous {
        diagnostics.push(idle(i, tried.checked));
    }
    report
}

fn idle(i: &hir::Intervention, worlds: u64) -> Diagnostic {
    let d = Diagnostic::warning(error::VACUOUS, format!("`{}` is vacuous: there was nothing to check", i.name))
        .at(i.place, if worlds == 0 { "no world was made" } else { "no world asks anything" });
    let d = match worlds {
        0 => d.note("its `for` matched nothing, so it neither holds nor fails"),
        _ => {
            d.note("in each of its worlds the edits change nothing, or what should hold was broken before and nothing new broke")
        }
    };
    d.help("loosen its scope, or accept it if such candidates are meant")
}

fn named(graph: &Graph, v: Val) -> String {
    json::quoted(&graph.dictionary.value(v), &|e| graph.show(e))
}

fn failing(graph: &Graph, i: &hir::Intervention, f: &Failing, asked: &Asked<'_>) -> Violation {
    let binding: Vec<(String, serde_json::Value)> = f.binding.iter().map(|(n, v)| (n.to_string(), shown(graph, *v))).collect();
    let mut key = i.name.to_string();
    for (n, v) in &f.binding {
        key.push_str(&format!(" {n}={}", named(graph, *v)));
    }
    let message = f.message.clone().unwrap_or_else(|| {
        let text = asked.sources.text(f.place);
        let clause: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let clause: String = clause.chars().take(200).collect();
        match i.title.as_ref() {
            Some(t) => format!("not so: {t}"),
            None => format!("`{clause}` is not so"),
        }
    });
    let mut elements = vec![];
    for (_, v) in &f.binding {
        match graph.dictionary.value(*v) {
            Value::Element(e) => elements.push(e),
            Value::List(items) => elements.extend(items.iter().filter_map(|v| match v {
                Value::Element(e) => Some(*e),
                _ => None,
            })),
            _ => {}
        }
    }
    let shifts = f.shifts.iter().map(|s| FactShift {
        relation: s.relation.to_string(),
        lost: s.lost.0.clone(),
        lost_count: s.lost.1,
        gained: s.gained.0.clone(),
        gained_count: s.gained.1,
    });
    Violation {
        key,
        message,
        witness: vec![],
        why: vec![],
        world: Some(WorldChange {
            edits: f.edits.clone(),
            broken: f.broken.clone(),
            shifts: shifts.collect(),
            picture: f.picture.clone(),
        }),
        strike: None,
        nearest: None,
        program: f.place,
        candidate: elements.into_iter().filter_map(|e| (asked.locate)(graph, e)).collect(),
        binding,
    }
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
        world: None,
        strike: None,
        nearest: None,
        program: f.place,
        candidate: elements.filter_map(|e| (asked.locate)(graph, e)).collect(),
        binding,
    }
}
