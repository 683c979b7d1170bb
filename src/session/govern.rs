//! Policies over a recorded trace that is there as a whole: what each forbids, escalates and obliges at each event; and what was decided, for
//! formulas that ask. Called by decide, exercise and the expectations of interventions.
use super::decide::Asked;
use super::evaluate::{Evaluation, World};
use super::traced::{self, Reading, Traced};
use crate::base::Diagnostic;
use crate::demand::policy::{self, Governed};
use crate::demand::rewrite::Beside;
use crate::engine::Annotation;
use crate::engine::formula::join;
use crate::plan::Effect as Act;
use crate::plan::policy::PolicyPlan;
use crate::plan::unit::Unsupported;
use crate::scalar::Val;
use crate::semantics::hir::{Policy, Program};
use crate::verdict::DemandReport;

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
        self.usable(p)?;
        self.planned(|l, sizes, d| l.policy(p, sizes, d))
    }

    /// Whether all that a policy uses could be evaluated.
    pub(super) fn usable(&self, p: &'p Policy) -> Result<(), Unsupported> {
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
        Ok(())
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
                traced::event(m, (plan, at), event, reading, traced);
            }
            if !governed.decides(kind) {
                continue;
            }
            let default_permits = program.default_permit.is_some();
            let beside = Beside { all: with_default, default_permits };
            let number = |n: usize| numbers.get(n).copied().unwrap_or(usize::MAX);
            traced::contradictions(m, (&plans, &found, beside), event, &number, &mut all);
            if with_default {
                let sum = policy::together(&plans, &found, &worlds, default_permits);
                default.unpermitted(m, &plans, (&sum, &worlds), event, reading.most);
            }
        }
        for (number, checked) in numbers.iter().zip(governed.counts()) {
            all.get_mut(*number).into_iter().for_each(|t| t.checked = checked);
        }
        if m.halted() {
            return all;
        }
        if default.count > 0 || !default.faults.0.is_empty() {
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

/// Reports what policies on events say of a trace.
pub fn report<'p>(
    world: &mut dyn World<'p>,
    program: &'p Program,
    asked: &Asked<'_>,
    reports: &mut Vec<DemandReport>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !program.policies.iter().any(|p| p.on.is_some() && (asked.wanted)(&p.name)) {
        return;
    }
    let reading = Reading { wanted: asked.wanted, most: asked.most, closed: asked.closed, lateness: asked.lateness };
    let found = world.trace(&reading);
    let limit = world.reached().is_some();
    let graph = world.graph();
    let locate = |s: &traced::Struck| traced::element(s).and_then(|e| (asked.locate)(graph, e));
    traced::report(program, found, limit, asked, &locate, (reports, diagnostics));
}
