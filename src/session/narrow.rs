//! Windows that are too short for a recorded trace: events at which a policy says nothing, and would if it looked back farther. Each window is
//! widened by itself, and the policy judged anew. Called by the verb `check --state`, where it is given a trace.
use super::error::{Failure, NARROW};
use super::evaluate::{Evaluation, How, World, in_one_world};
use super::input::Input;
use super::program::Program;
use super::run::RunOptions;
use super::stages;
use crate::base::{Diagnostic, Place, Sources};
use crate::demand::error;
use crate::demand::policy;
use crate::engine::Annotation;
use crate::plan::Effect;
use crate::plan::policy::PolicyPlan;
use crate::plan::unit::{Unsupported, each_part};
use crate::scalar::Val;
use crate::scalar::instant::{UNITS, format_duration};
use crate::semantics::Needs;
use crate::semantics::hir::{Expr, ExprKind, Policy, PolicyForm, Scope};

/// So many gaps are told one by one.
const TOLD: usize = 5;

/// What a window misses.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The window, in microseconds, and where it stands.
    pub window: (i64, Place),
    /// At how many events a larger one would find something.
    pub events: u64,
    /// Some of them, and how far each would have to look back.
    pub first: Vec<(String, i64)>,
    /// The least and the greatest of all that.
    pub gaps: (i64, i64),
    /// A window for all, and at how many of the events it finds something.
    pub enough: (i64, u64),
}

/// What a policy does at an event.
type Strength = Option<Effect>;

impl<'p, A: Annotation> Evaluation<'p, A> {
    /// For each window of a policy: the events at which a larger one would have it forbid, escalate or warn where it does not now.
    pub fn missed(&mut self, p: &'p Policy) -> Result<Vec<Missed>, Unsupported> {
        self.usable(p)?;
        let mut all = vec![];
        for window in windows(p) {
            all.extend(self.missed_by(p, window)?);
        }
        Ok(all)
    }

    fn missed_by(&mut self, p: &'p Policy, (written, place): (i64, Place)) -> Result<Option<Missed>, Unsupported> {
        let (narrow, wide) = (self.with_window(p, place, Some(written))?, self.with_window(p, place, None)?);
        let oldest = self.machine.graph.event_at(0).unwrap_or(0);
        let mut found: Vec<(u32, Strength)> = vec![];
        let mut first: Vec<(String, i64)> = vec![];
        // the plans that find what is nearest to the written window, and farthest
        let mut least: Option<(i64, PolicyPlan)> = None;
        let mut most: Option<(i64, PolicyPlan)> = None;
        for e in 0..self.machine.graph.events() {
            let event = Val::event(e);
            if !self.machine.is_kind(event, &narrow.ty) {
                continue;
            }
            let (Some(now), Some(before)) = (self.machine.graph.event_at(e), self.strength(&narrow, event)) else { continue };
            if before == Some(Effect::Forbid) || !self.fires(&wide, event, before) {
                continue;
            }
            found.push((e, before));
            let whole = now.saturating_sub(oldest).max(written);
            let shorter = match &least {
                Some((_, plan)) => self.fires(plan, event, before),
                None => true,
            };
            let longer = match &most {
                Some((_, plan)) => !self.fires(plan, event, before),
                None => true,
            };
            if !shorter && !longer && first.len() >= TOLD {
                continue;
            }
            let gap = self.gap(p, place, (written, whole), event, before)?;
            if self.machine.halted() {
                return Ok(None);
            }
            if first.len() < TOLD {
                first.push((self.machine.show(event), gap));
            }
            if least.as_ref().is_none_or(|l| gap < l.0) {
                least = Some((gap, self.with_window(p, place, Some(gap.saturating_sub(1)))?));
            }
            if most.as_ref().is_none_or(|m| gap > m.0) {
                most = Some((gap, self.with_window(p, place, Some(gap))?));
            }
        }
        let (Some(least), Some(most)) = (least, most) else { return Ok(None) };
        let enough = rounded(most.0);
        let plan = self.with_window(p, place, Some(enough))?;
        let caught = found.iter().filter(|(e, before)| self.fires(&plan, Val::event(*e), *before)).count();
        if self.machine.halted() {
            return Ok(None);
        }
        Ok(Some(Missed {
            window: (written, place),
            events: found.len() as u64,
            first,
            gaps: (least.0, most.0),
            enough: (enough, caught as u64),
        }))
    }

    /// The policy, with another window at a place; none is without end.
    fn with_window(&mut self, p: &'p Policy, place: Place, within: Option<i64>) -> Result<PolicyPlan, Unsupported> {
        self.lowering.widened = Some((place, within));
        let plan = self.planned(|l, sizes, d| l.policy_alone(p, sizes, d));
        self.lowering.widened = None;
        plan
    }

    /// The strongest that a policy does at an event for certain. None if a fault leaves it open.
    fn strength(&mut self, plan: &PolicyPlan, event: Val) -> Option<Strength> {
        let here = self.machine.here.clone();
        let Some(at) = policy::at(&mut self.machine, (0, plan), event, &here) else { return Some(None) };
        let certain = |e: &Effect| at.effect(plan, *e).is_some_and(|a| a.certain().is_some());
        let strongest = [Effect::Forbid, Effect::Escalate, Effect::Warn].into_iter().find(certain);
        (strongest == Some(Effect::Forbid) || at.fault().is_none()).then_some(strongest)
    }

    /// Whether a plan does more at an event than was done before.
    fn fires(&mut self, plan: &PolicyPlan, event: Val, before: Strength) -> bool {
        let rank = |s: Strength| match s {
            Some(Effect::Forbid) => 3,
            Some(Effect::Escalate) => 2,
            Some(Effect::Warn) => 1,
            _ => 0,
        };
        let here = self.machine.here.clone();
        let Some(at) = policy::at(&mut self.machine, (0, plan), event, &here) else { return false };
        let stronger = [Effect::Forbid, Effect::Escalate, Effect::Warn].into_iter().filter(|e| rank(Some(*e)) > rank(before));
        stronger.into_iter().any(|e| at.effect(plan, e).is_some_and(|a| a.certain().is_some()))
    }

    /// The shortest window with which a policy fires at an event, between one with which it does not and one with which it does.
    fn gap(
        &mut self,
        p: &'p Policy,
        place: Place,
        (mut low, mut high): (i64, i64),
        event: Val,
        before: Strength,
    ) -> Result<i64, Unsupported> {
        while high.saturating_sub(low) > 1 && !self.machine.halted() {
            let middle = low + (high - low) / 2;
            let plan = self.with_window(p, place, Some(middle))?;
            match self.fires(&plan, event, before) {
                true => high = middle,
                false => low = middle,
            }
        }
        Ok(high)
    }
}

/// The windows `within D` of a policy in which something is sought, in order. Those of what is counted or summed up are limits on a rate, which
/// a larger window always reaches.
fn windows(p: &Policy) -> Vec<(i64, Place)> {
    let mut all = vec![];
    p.on.iter().flat_map(|s| &s.filter).for_each(|e| sought(e, &mut all));
    p.lets.iter().for_each(|l| sought(&l.1, &mut all));
    for c in p.clauses.iter().filter(|c| matches!(c.form, PolicyForm::Effect(_) | PolicyForm::Escalate(_))) {
        c.when.iter().chain(&c.unless).for_each(|e| sought(e, &mut all));
    }
    all.sort_by_key(|w| w.1);
    all
}

fn sought(e: &Expr, all: &mut Vec<(i64, Place)>) {
    let mut of = |s: &Scope| all.extend(s.binders.iter().filter_map(|b| Some((b.window.as_ref()?.within?, b.place))));
    match &e.kind {
        ExprKind::Quantified(_, scope, _) => of(scope),
        ExprKind::Since { none, since } => [none, since].into_iter().for_each(of),
        ExprKind::Earlier { within, .. } => all.extend(within.map(|d| (d, e.place))),
        _ => {}
    }
    each_part(e, &mut |part| sought(part, all));
}

/// A duration as a program writes it: in one unit.
fn written(us: i64) -> String {
    let unit = UNITS.iter().find(|u| us >= u.1 && us.rem_euclid(u.1) == 0);
    unit.map_or_else(|| format_duration(us), |u| format!("{}{}", us / u.1, u.0))
}

/// The next duration that is easy to read.
fn rounded(gap: i64) -> i64 {
    let unit = UNITS.iter().map(|u| u.1).find(|u| gap >= u.saturating_mul(2)).unwrap_or(1);
    let over = gap.rem_euclid(unit);
    if over == 0 { gap } else { gap.saturating_add(unit - over) }
}

impl Program {
    /// A warning for each window of a policy that is shorter than the gaps of a trace, with what else is to be said of the trace.
    pub fn narrow_windows(&self, input: &Input, options: &RunOptions) -> Result<(Vec<Diagnostic>, Sources), Failure> {
        let inner = self.inner();
        let mut sources = inner.sources.clone();
        let Some(checked) = inner.checked.as_ref().filter(|_| inner.missing.is_empty()) else {
            return Err(Failure { diagnostics: inner.missing.clone(), sources });
        };
        let program = &checked.program;
        let unknown = input.reader.as_deref().and_then(|r| self.unknown_reader(r));
        let read = unknown.map_or_else(|| stages::read(checked, input, options, &mut sources), |d| Err(vec![d]));
        let (structure, mut found) = match read {
            Ok(read) => read,
            Err(diagnostics) => return Err(Failure { diagnostics, sources }),
        };
        let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
        let needed = Needs::demands(program, &wanted).strata(&checked.strata);
        let (what, values, budget) = ((program, &needed), stages::values(checked), stages::budget(options));
        let graph = structure.graph().clone();
        found.extend(in_one_world(what, graph, &values, &budget, How::default(), &mut |world: &mut dyn World<'_>| {
            let mut found = vec![];
            for p in program.policies.iter().filter(|p| p.on.is_some() && wanted(&p.name)) {
                match world.missed(p) {
                    Ok(all) => found.extend(all.iter().map(|m| narrow(p, m, &input.name))),
                    Err(Unsupported { place, what }) => found.push(error::not_yet(&p.name, p.place, what, place)),
                }
            }
            found.extend(world.reached().map(error::limit));
            found
        }));
        Ok((found, sources))
    }
}

fn narrow(p: &Policy, m: &Missed, trace: &str) -> Diagnostic {
    let (window, place) = m.window;
    let events = if m.events == 1 { "1 event had its match".into() } else { format!("{} events had their match", m.events) };
    let gaps = match m.events as usize {
        n if n <= m.first.len() => {
            m.first.iter().map(|f| format!("{} of {}", format_duration(f.1), f.0)).collect::<Vec<_>>().join(", ")
        }
        _ => format!("from {} to {}", format_duration(m.gaps.0), format_duration(m.gaps.1)),
    };
    let (enough, caught) = m.enough;
    let them = match (m.events, caught) {
        (1, 1) => "it".into(),
        (2, 2) => "both".into(),
        (n, c) if n == c => "them all".into(),
        (_, c) => format!("{c} of them"),
    };
    let note = match m.events.saturating_sub(m.first.len() as u64) {
        0 => format!("in {trace}"),
        more => {
            let first = m.first.iter().map(|f| f.0.as_str()).collect::<Vec<_>>().join(", ");
            format!("in {trace}: {first}, and {more} more")
        }
    };
    Diagnostic::warning(NARROW, format!("`{}` looks back {}, and {events} farther back", p.name, written(window)))
        .at(place, format!("the gaps are {gaps}"))
        .help(format!("`within {}` would have caught {them}", written(enough)))
        .note(note)
}
