//! Policies over a recorded trace: what each forbids, escalates and obliges at each event, as verdicts; and what was decided, for formulas
//! that ask. Called by decide, exercise and the expectations of interventions.
use super::decide::{Asked, SHOWN_FAULTS};
use super::evaluate::{Evaluation, World};
use crate::base::{Diagnostic, Place, Severity};
use crate::demand::error;
use crate::demand::policy::{self, At, Governed};
use crate::engine::Annotation;
use crate::engine::formula::join;
use crate::plan::Effect as Act;
use crate::plan::policy::{PolicyAct, PolicyPlan};
use crate::plan::unit::Unsupported;
use crate::scalar::instant::{format_duration, format_time};
use crate::scalar::{Val, json};
use crate::semantics::hir::{Policy, PolicyState, Program};
use crate::verdict::{DemandKind, DemandReport, Due, Effect, Remark, Strike, Unknown, Verdict, Violation};
use std::sync::Arc;

/// How a trace is read.
pub struct Reading<'a> {
    /// Whether a policy of that name is wanted.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// How many violations of a policy are listed.
    pub most: usize,
    /// No more events will come.
    pub closed: bool,
    /// How late an event may come, in microseconds.
    pub lateness: i64,
}

/// What a trace holds against a policy, or against all of them together.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// Which policy; none is `default`.
    pub policy: Option<usize>,
    /// The events that it is on.
    pub checked: u64,
    /// How many violations.
    pub count: u64,
    /// The first of them.
    pub struck: Vec<Struck>,
    /// Obligations that are open.
    pub open: Vec<Struck>,
    /// What it warns of and would rewrite: the first, and how many.
    pub remarks: (Vec<(Val, &'static str, String)>, u64),
    /// Faults, with the event at which each came first.
    pub faults: Vec<(u32, Val)>,
    /// Why it was not evaluated.
    pub unsupported: Option<Unsupported>,
}

/// An event that a policy forbids or escalates, or an obligation with its due time.
#[derive(Clone, Debug)]
pub struct Struck {
    /// The event.
    pub event: Val,
    /// Its name in the policy.
    pub name: Arc<str>,
    /// The clause.
    pub place: Place,
    /// What is done.
    pub strike: Strike,
    /// The policy's message.
    pub message: Option<String>,
}

impl<'p, A: Annotation> Evaluation<'p, A> {
    /// The plans of the policies on events that are wanted; by the number of the policy.
    pub fn policies(&mut self, wanted: &dyn Fn(&str) -> bool) -> Vec<(usize, Result<PolicyPlan, Unsupported>)> {
        let program: &'p Program = self.lowering.program;
        let on_events = program.policies.iter().enumerate().filter(|p| p.1.on.is_some() && wanted(&p.1.name));
        let all: Vec<(usize, &'p Policy)> = on_events.collect();
        all.into_iter().map(|(n, p)| (n, self.policy_plan(p))).collect()
    }

    /// The plan of a policy on events.
    pub(super) fn policy_plan(&mut self, p: &'p Policy) -> Result<PolicyPlan, Unsupported> {
        p.on.iter().try_for_each(|s| self.scope(s))?;
        p.lets.iter().try_for_each(|l| self.available(&l.1))?;
        for c in &p.clauses {
            c.when.iter().chain(&c.unless).chain(&c.message).try_for_each(|e| self.available(e))?;
            match &c.form {
                crate::semantics::hir::PolicyForm::Rewrite(_, path, value) => {
                    path.iter().chain([value]).try_for_each(|e| self.available(e))?;
                }
                crate::semantics::hir::PolicyForm::Oblige(scope, ..) => self.scope(scope)?,
                _ => {}
            }
        }
        self.planned(|l, sizes, d| l.policy(p, sizes, d))
    }

    /// What each policy says of the trace.
    pub fn trace(&mut self, reading: &Reading<'_>) -> Vec<Traced> {
        let program: &'p Program = self.lowering.program;
        let mut all: Vec<Traced> = vec![];
        let (mut plans, mut numbers) = (vec![], vec![]);
        let mut complete = true;
        for (n, plan) in self.policies(reading.wanted) {
            let mut traced = Traced { policy: Some(n), ..Traced::default() };
            match plan {
                Ok(plan) => {
                    plans.push(plan);
                    numbers.push(all.len());
                }
                Err(why) => {
                    complete = false;
                    traced.unsupported = Some(why);
                }
            }
            all.push(traced);
        }
        // `default` speaks for all policies
        let every = program.policies.iter().filter(|p| p.on.is_some()).all(|p| (reading.wanted)(&p.name));
        let with_default = every && complete && (reading.wanted)("default") && !all.is_empty();
        let mut default = Traced::default();
        let m = &mut self.machine;
        let mut governed = Governed::new(m, &plans).counting(&plans);
        let here = m.here.clone();
        for e in 0..m.graph.events() {
            let event = Val::event(e);
            let Some(kind) = m.graph.kind_of(event).filter(|k| governed.any(*k)) else { continue };
            let Some(worlds) = m.existing(here.clone(), event) else { continue };
            let found = governed.at(m, &plans, event, &worlds);
            if m.halted() {
                break;
            }
            for at in &found {
                let (Some(plan), Some(number)) = (plans.get(at.policy), numbers.get(at.policy)) else { continue };
                let Some(traced) = all.get_mut(*number) else { continue };
                self::event(m, (plan, at), event, reading, traced);
            }
            if with_default && governed.decides(kind) {
                default.checked += 1;
                let sum = policy::together(&plans, &found, &worlds, program.default_permit.is_some());
                match &sum.default {
                    Some(a) if a.certain().is_some() => {
                        let strike = Strike { effect: Effect::Forbid, to: None, due: None };
                        strike_at(&mut default, reading.most, || Struck {
                            event,
                            name: "event".into(),
                            place: Place::default(),
                            strike,
                            message: Some("no policy permits it".into()),
                        });
                    }
                    Some(a) => default.faults.extend(a.faulty().map(|f| (f.1, event))),
                    None => {}
                }
            }
        }
        for (number, checked) in numbers.iter().zip(governed.counts()) {
            all.get_mut(*number).into_iter().for_each(|t| t.checked = checked);
        }
        if m.halted() {
            return all;
        }
        if default.count > 0 || !default.faults.is_empty() {
            all.push(default);
        }
        all
    }

    /// Decides every event in every world, for the formulas that ask.
    pub fn decisions(&mut self) -> Result<(), Unsupported> {
        if !self.machine.decided.is_empty() {
            return Ok(());
        }
        let program: &'p Program = self.lowering.program;
        let (mut plans, mut numbers) = (vec![], vec![]);
        for (n, plan) in self.policies(&|_| true) {
            plans.push(plan?);
            numbers.push(n as u32);
        }
        let m = &mut self.machine;
        let mut governed = Governed::new(m, &plans);
        let universe = m.universe.clone();
        for e in 0..m.graph.events() {
            let event = Val::event(e);
            let Some(kind) = m.graph.kind_of(event).filter(|k| governed.any(*k)) else { continue };
            let Some(worlds) = m.existing(universe.clone(), event) else { continue };
            let found = governed.at(m, &plans, event, &worlds);
            if m.halted() {
                return Ok(());
            }
            for at in &found {
                let (Some(plan), Some(n)) = (plans.get(at.policy), numbers.get(at.policy)) else { continue };
                for effect in [Act::Permit, Act::Forbid, Act::Escalate, Act::Warn] {
                    if let Some(a) = at.effect(plan, effect) {
                        m.decided.insert((effect, Some(*n), event), a);
                    }
                }
            }
            if governed.decides(kind) {
                let sum = policy::together(&plans, &found, &worlds, program.default_permit.is_some());
                let forbids = match (sum.forbids, sum.default) {
                    (Some(f), Some(d)) => Some(join(Some(f), &d)),
                    (f, d) => f.or(d),
                };
                for (effect, a) in [(Act::Permit, sum.permits), (Act::Forbid, forbids), (Act::Escalate, sum.escalates)] {
                    if let Some(a) = a {
                        m.decided.insert((effect, None, event), a);
                    }
                }
            }
        }
        Ok(())
    }
}

fn strike_at(traced: &mut Traced, most: usize, struck: impl FnOnce() -> Struck) {
    traced.count += 1;
    if traced.struck.len() < most {
        traced.struck.push(struck());
    }
}

/// What a policy says of one event, added to what it said before.
fn event<A: Annotation>(
    m: &mut crate::engine::Machine<A>,
    (plan, at): (&PolicyPlan, &At<A>),
    event: Val,
    reading: &Reading<'_>,
    traced: &mut Traced,
) {
    let certain = |a: &A| a.certain().is_some();
    let mut clear = true;
    // the clause that decides: of the first that forbid or else escalate
    let decided = [Act::Forbid, Act::Escalate].into_iter().find_map(|wanted| {
        let fits = |f: &&(usize, A)| {
            certain(&f.1) && matches!(plan.clauses.get(f.0).map(|c| &c.form), Some(PolicyAct::Effect(e, _)) if *e == wanted)
        };
        at.fired.iter().find(fits).map(|f| (wanted, f.0))
    });
    if let Some((effect, clause)) = decided {
        clear = false;
        let here = at.on.clone();
        let Some(c) = plan.clauses.get(clause) else { return };
        let to = match &c.form {
            PolicyAct::Effect(_, to) => to.as_ref().map(|t| t.to_string()),
            _ => None,
        };
        let effect = if effect == Act::Forbid { Effect::Forbid } else { Effect::Escalate };
        let strike = Strike { effect, to, due: None };
        let message = if traced.struck.len() < reading.most { policy::told(m, plan, clause, event, &here) } else { None };
        strike_at(traced, reading.most, || Struck { event, name: plan.name.clone(), place: c.place, strike, message });
    }
    for (clause, a) in &at.fired {
        let Some(c) = plan.clauses.get(*clause) else { continue };
        let word = match &c.form {
            PolicyAct::Effect(Act::Warn, _) => "warn",
            PolicyAct::Rewrite(..) => "rewrite",
            _ => continue,
        };
        if !certain(a) {
            continue;
        }
        traced.remarks.1 += 1;
        if traced.remarks.0.len() < reading.most {
            let mut text = policy::told(m, plan, *clause, event, a).unwrap_or_default();
            if let PolicyAct::Rewrite(attr, ..) = &c.form
                && let Some((path, value)) = policy::rewritten(m, plan, *clause, event, a)
            {
                let name = m.graph.schema.attr(*attr).map_or("?".into(), |a| a.name.to_string());
                let keys: String = path.iter().map(|k| format!(".{}", m.plainly(*k))).collect();
                let said = if text.is_empty() { String::new() } else { format!(": {text}") };
                text = format!("{}.{name}{keys} = {}{said}", plan.name, m.show(value));
            }
            traced.remarks.0.push((event, word, text));
        }
    }
    for (clause, a) in &at.unmet {
        let Some(c) = plan.clauses.get(*clause) else { continue };
        let PolicyAct::Oblige { within, otherwise, .. } = &c.form else { continue };
        let now = event.as_event().and_then(|e| m.graph.event_at(e)).unwrap_or(0);
        let due = now.saturating_add(*within);
        let lapsed = match reading.closed {
            true => Some(a.clone()),
            false => policy::passed(m, due.saturating_add(reading.lateness), &a.possible()).and_then(|p| p.and(a)),
        };
        let effect = if otherwise.is_some() { Effect::Escalate } else { Effect::Forbid };
        let strike = Strike { effect, to: otherwise.as_ref().map(|t| t.to_string()), due: Some(due) };
        let lapses = lapsed.as_ref().is_some_and(certain);
        let make = |message| Struck { event, name: plan.name.clone(), place: c.place, strike: strike.clone(), message };
        if lapses {
            clear = false;
            let message = if traced.struck.len() < reading.most { policy::told(m, plan, *clause, event, a) } else { None };
            let message = message.or_else(|| Some(format!("nothing met the obligation within {}", format_duration(*within))));
            strike_at(traced, reading.most, || make(message));
        } else if certain(a) {
            let message = policy::told(m, plan, *clause, event, a);
            traced.open.push(make(message));
        }
    }
    if clear && let Some(f) = at.fault() {
        traced.faults.push((f, event));
    }
}

/// Reports what policies on events say of a trace.
pub fn report<'p>(
    world: &mut dyn World<'p>,
    program: &'p Program,
    asked: &Asked<'_>,
    reports: &mut Vec<DemandReport>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let reading = Reading { wanted: asked.wanted, most: asked.most, closed: asked.closed, lateness: asked.lateness };
    if !program.policies.iter().any(|p| p.on.is_some() && (asked.wanted)(&p.name)) {
        return;
    }
    let traced = world.trace(&reading);
    let limit = world.reached().is_some();
    let last = program.policies.iter().filter(|p| p.on.is_some()).map(|p| p.place).max().unwrap_or_default();
    for t in traced {
        let mut r = match t.policy.and_then(|n| program.policies.get(n)) {
            Some(p) => DemandReport {
                title: p.title.as_ref().map(|t| t.to_string()),
                ..DemandReport::blank(DemandKind::Policy, &p.name, p.severity, p.place)
            },
            None => DemandReport::blank(DemandKind::Policy, "default", Severity::Error, last),
        };
        r.checked = t.checked;
        r.violation_count = t.count;
        if let Some(Unsupported { place, what }) = t.unsupported {
            r.unknown = Some(Unknown::NotYet);
            diagnostics.push(error::not_yet(&r.name, r.place, what, place));
            reports.push(r);
            continue;
        }
        faults(world, &r, &t, diagnostics);
        (r.verdict, r.unknown) = match (t.count, t.faults.is_empty(), t.open.is_empty()) {
            (1.., ..) => (Verdict::Violated, None),
            _ if limit => (Verdict::Unknown, Some(Unknown::Limit)),
            (_, false, _) => (Verdict::Unknown, Some(Unknown::Fault)),
            (_, _, false) => (Verdict::Pending, None),
            _ if t.checked == 0 => (Verdict::Vacuous, None),
            _ if asked.closed => (Verdict::Satisfied, None),
            _ => (Verdict::Holding, None),
        };
        if r.verdict == Verdict::Vacuous {
            diagnostics.push(
                Diagnostic::warning(error::VACUOUS, format!("`{}` is vacuous: there was nothing to decide", r.name))
                    .at(r.place, "no event of the trace is one that it is on")
                    .help("look at its `on`; or accept it, if such traces are meant"),
            );
        }
        let graph = world.graph();
        r.violations = t.struck.iter().map(|s| violation(graph, &r.name, s, r.place, asked)).collect();
        let show = |v: Val| json::quoted(&graph.dictionary.value(v), &|e| graph.show(e));
        r.due = t
            .open
            .iter()
            .map(|s| Due {
                event: show(s.event),
                due: s.strike.due.map(format_time).unwrap_or_default(),
                message: s.message.clone(),
                program: s.place,
            })
            .collect();
        r.remark_count = t.remarks.1;
        r.remarks = t.remarks.0.iter().map(|(e, word, text)| Remark { event: show(*e), word, message: text.clone() }).collect();
        reports.push(r);
    }
}

fn violation(graph: &crate::structure::Graph, policy: &str, s: &Struck, place: Place, asked: &Asked<'_>) -> Violation {
    let element = match graph.dictionary.value(s.event) {
        crate::scalar::Value::Element(e) => Some(e),
        _ => None,
    };
    let shown = element.map(|e| graph.show(e)).unwrap_or_default();
    let place = if s.place == Place::default() { place } else { s.place };
    let message = s.message.clone().unwrap_or_else(|| {
        let text = asked.sources.text(s.place);
        let clause: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        format!("`{clause}`")
    });
    let due = if s.strike.due.is_some() { " due" } else { "" };
    Violation {
        key: format!("{policy}{due} {}={shown}", s.name),
        binding: vec![(s.name.to_string(), serde_json::Value::String(shown))],
        message,
        witness: vec![],
        why: vec![],
        world: None,
        strike: Some(s.strike.clone()),
        program: place,
        candidate: element.and_then(|e| (asked.locate)(graph, e)).into_iter().collect(),
    }
}

fn faults(world: &dyn World<'_>, r: &DemandReport, t: &Traced, diagnostics: &mut Vec<Diagnostic>) {
    let graph = world.graph();
    let mut seen: Vec<(Place, &str)> = vec![];
    let mut more = 0;
    for (f, event) in &t.faults {
        let Some(at) = world.faults().get(*f) else { continue };
        if seen.contains(&(at.place, at.fault.text.as_str())) {
            more += 1;
            continue;
        }
        seen.push((at.place, &at.fault.text));
        if seen.len() > SHOWN_FAULTS {
            more += 1;
            continue;
        }
        let mut d = error::fault(&r.name, r.place, at);
        let shown = json::quoted(&graph.dictionary.value(*event), &|e| graph.show(e));
        d = d.note(format!("at {shown}"));
        if t.count > 0 {
            d.severity = Severity::Warning;
            d.title = format!("`{}` is violated, and may be so more often: {}", r.name, at.fault.text);
        }
        diagnostics.push(d);
    }
    if more > 0
        && let Some(d) = diagnostics.last_mut()
    {
        d.notes.push(format!("and at {more} more events"));
    }
}

/// Whether a policy's state on a whole trace is the one that is expected.
pub fn is_in_state(t: &Traced, state: PolicyState) -> bool {
    match state {
        PolicyState::Violated => t.count > 0,
        PolicyState::Pending => t.count == 0 && t.faults.is_empty() && !t.open.is_empty(),
        PolicyState::Satisfied | PolicyState::Holding => t.count == 0 && t.faults.is_empty() && t.open.is_empty(),
    }
}

/// What a trace holds against a policy, in a line.
pub fn described(world: &dyn World<'_>, policy: &str, t: &Traced) -> String {
    let graph = world.graph();
    let show = |v: Val| json::quoted(&graph.dictionary.value(v), &|e| graph.show(e));
    let list = |all: &[Struck]| all.iter().take(3).map(|s| show(s.event)).collect::<Vec<_>>().join(", ");
    if t.count > 0 {
        let more = if t.count > 3 { format!(", and {} more", t.count - 3) } else { String::new() };
        return format!("`{policy}` is violated at {}{more}", list(&t.struck));
    }
    if let Some((f, event)) = t.faults.first() {
        let why = world.faults().get(*f).map_or_else(|| "a fault".to_string(), |f| f.fault.text.clone());
        return format!("`{policy}` is unknown at {}: {why}", show(*event));
    }
    match t.open.is_empty() {
        false => format!("`{policy}` is pending: {} waits", list(&t.open)),
        true => format!("`{policy}` is holding"),
    }
}
