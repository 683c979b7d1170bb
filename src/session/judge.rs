//! What policies `on candidate`, preferences and shares of candidates say of a candidate. Called by decide and stages.
use super::decide::Asked;
use super::evaluate::{Evaluation, Truth, World};
use crate::base::Diagnostic;
use crate::demand::{error, invariant};
use crate::engine::Annotation;
use crate::plan::intervention::atoms;
use crate::plan::unit::Unsupported;
use crate::scalar::Val;
use crate::semantics::hir::{self, Expr, ExprKind, Policy, PolicyForm, Program, Share, VarId};
use crate::verdict::{Decision, DemandKind, DemandReport, Effect, Fired, Preference, Unknown, Verdict, Violation};

impl<'p, A: Annotation> Evaluation<'p, A> {
    /// The truth of a formula that may speak of invariants: true, false, or a fault (by number).
    pub fn judged(&mut self, vars: usize, known: &[(VarId, Val)], e: &'p Expr) -> Truth {
        self.available(e)?;
        let mut list = vec![];
        atoms(e, false, &mut list);
        let truths = list.iter().map(|a| self.verdict(vars, a)).collect::<Result<Vec<_>, _>>()?;
        let verdicts: Vec<(usize, usize)> = list.iter().enumerate().map(|(n, a)| (a.e as *const Expr as usize, n)).collect();
        let outer: Vec<VarId> = known.iter().map(|k| k.0).collect();
        let (slots, f) = self.planned(|l, sizes, d| l.formula_with((vars, &outer), e, &verdicts, sizes, d))?;
        self.machine.known = truths;
        self.machine.frame(slots);
        known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
        let universe = self.machine.here.clone();
        Ok(match self.machine.truth(&f, &universe) {
            None => Ok(false),
            Some(a) => a.faulty().map_or(Ok(true), |f| Err(f.1)),
        })
    }

    /// The value of an expression: or a fault, by number.
    pub fn valued(&mut self, vars: usize, known: &[(VarId, Val)], e: &'p Expr) -> Result<Result<Val, u32>, Unsupported> {
        self.available(e)?;
        let outer: Vec<VarId> = known.iter().map(|k| k.0).collect();
        let (slots, value) = self.planned(|l, sizes, d| l.known_value(vars, &outer, e, sizes, d))?;
        self.machine.frame(slots);
        known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
        Ok(super::propose::one_of(&mut self.machine, &value))
    }

    /// A message whose variables are known.
    pub fn told(&mut self, vars: usize, known: &[(VarId, Val)], e: &'p Expr) -> Result<String, Unsupported> {
        self.available(e)?;
        let outer: Vec<VarId> = known.iter().map(|k| k.0).collect();
        let (slots, plan) = self.planned(|l, sizes, d| l.text((vars, &outer), e, sizes, d))?;
        self.machine.frame(slots);
        known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
        let universe = self.machine.here.clone();
        Ok(invariant::message(&mut self.machine, &plan, universe))
    }
}

/// Decides about a candidate, and reports each policy `on candidate`. None, if the program has neither such policies nor preferences.
pub fn decision<'p>(
    world: &mut dyn World<'p>,
    program: &'p Program,
    asked: &Asked<'_>,
    reports: &mut Vec<DemandReport>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Decision> {
    let policies: Vec<&Policy> = program.policies.iter().filter(|p| p.on.is_none()).collect();
    if policies.is_empty() && program.prefers.is_empty() {
        return None;
    }
    let mut decision = Decision { effect: Effect::Permit, fired: vec![], preferences: vec![] };
    let (mut effects, mut unknown) = (vec![], false);
    for p in &policies {
        let mut report = blank(p);
        match fired(world, p, asked) {
            Ok(Ok(list)) => {
                let strongest = list.iter().filter_map(|f| f.effect).max();
                effects.extend(strongest);
                report.verdict = Verdict::Holds;
                for f in list {
                    if matches!(f.effect, Some(Effect::Forbid | Effect::Escalate)) {
                        report.verdict = Verdict::Violated;
                        report.violation_count = 1;
                        if report.violations.is_empty() {
                            report.violations.push(violation(&p.name, &f));
                        }
                    }
                    decision.fired.push(f);
                }
            }
            Ok(Err(f)) => {
                unknown = true;
                report.unknown = Some(Unknown::Fault);
                if let Some(at) = world.faults().get(f) {
                    diagnostics.push(error::fault(&p.name, p.place, at));
                    let message = format!("it cannot be decided: {}", at.fault.text);
                    decision.fired.push(Fired {
                        policy: p.name.to_string(),
                        effect: Some(Effect::Forbid),
                        to: None,
                        message,
                        place: at.place,
                    });
                }
                // a fault while deciding forbids
                effects.push(Effect::Forbid);
            }
            Err(Unsupported { place, what }) => {
                unknown = true;
                report.unknown = Some(Unknown::NotYet);
                effects.push(Effect::Forbid);
                diagnostics.push(error::not_yet(&p.name, p.place, what, place));
            }
        }
        if (asked.wanted)(&p.name) {
            reports.push(report);
        }
    }
    decision.effect = match effects.iter().max() {
        Some(e) => *e,
        None if policies.is_empty() || program.default_permit.is_some() => Effect::Permit,
        None => {
            let place = policies.first().map(|p| p.place).unwrap_or_default();
            let f = Fired {
                policy: "default".into(),
                effect: Some(Effect::Forbid),
                to: None,
                message: "no policy permits it".into(),
                place,
            };
            if (asked.wanted)("default") && !unknown {
                let mut report = DemandReport { name: "default".into(), title: None, place, ..blank(policies[0]) };
                report.verdict = Verdict::Violated;
                report.violation_count = 1;
                report.violations.push(violation("default", &f));
                reports.push(report);
            }
            decision.fired.push(f);
            Effect::Forbid
        }
    };
    for p in &program.prefers {
        let value = match world.valued(p.vars.len(), &[], &p.value) {
            Ok(Ok(v)) => world.graph().dictionary.value(v).as_number(),
            Ok(Err(f)) => {
                if let Some(at) = world.faults().get(f) {
                    let mut d = error::fault(&p.name, p.place, at);
                    d.severity = crate::base::Severity::Warning;
                    diagnostics.push(d);
                }
                None
            }
            Err(Unsupported { place, what }) => {
                let mut d = error::not_yet(&p.name, p.place, what, place);
                d.severity = crate::base::Severity::Warning;
                diagnostics.push(d);
                None
            }
        };
        decision.preferences.push(Preference { name: p.name.to_string(), weight: p.weight, value });
    }
    Some(decision)
}

fn blank(p: &Policy) -> DemandReport {
    DemandReport {
        title: p.title.as_ref().map(|t| t.to_string()),
        checked: 1,
        ..DemandReport::blank(DemandKind::Policy, &p.name, p.severity, p.place)
    }
}

fn violation(policy: &str, f: &Fired) -> Violation {
    let to = f.to.as_ref().map_or(String::new(), |t| format!(" to {t:?}"));
    let effect = f.effect.map_or("warn", Effect::name);
    // the clause says its effect itself
    let message = if f.message.starts_with('`') { f.message.clone() } else { format!("{effect}{to}: {}", f.message) };
    Violation {
        key: policy.to_string(),
        binding: vec![],
        message,
        witness: vec![],
        why: vec![],
        world: None,
        strike: None,
        nearest: None,
        program: f.place,
        candidate: vec![],
    }
}

/// The clauses of a policy that fire, or the fault that keeps one from being decided.
fn fired<'p>(world: &mut dyn World<'p>, p: &'p Policy, asked: &Asked<'_>) -> Result<Result<Vec<Fired>, u32>, Unsupported> {
    let vars = p.vars.len();
    let mut known: Vec<(VarId, Val)> = vec![];
    for (v, e) in &p.lets {
        let x = world.valued(vars, &known, e)?.unwrap_or_else(Val::fault);
        known.push((*v, x));
    }
    let mut list = vec![];
    for c in &p.clauses {
        let mut fault = None;
        let mut fires = true;
        for (e, wanted) in c.when.iter().map(|e| (e, true)).chain(c.unless.iter().map(|e| (e, false))) {
            match world.judged(vars, &known, e)? {
                Ok(t) => fires &= t == wanted,
                // another condition may settle it whatever this one is
                Err(f) => fault = Some(f),
            }
        }
        if let (Some(f), true) = (fault, fires) {
            return Ok(Err(f));
        }
        if !fires {
            continue;
        }
        let (effect, to) = match &c.form {
            PolicyForm::Effect(hir::Effect::Permit) => (Some(Effect::Permit), None),
            PolicyForm::Effect(hir::Effect::Forbid) => (Some(Effect::Forbid), None),
            PolicyForm::Effect(_) => (None, None),
            PolicyForm::Escalate(to) => (Some(Effect::Escalate), Some(to.to_string())),
            PolicyForm::Rewrite(..) | PolicyForm::Oblige(..) => {
                return Err(Unsupported { place: c.place, what: "this clause about a candidate" });
            }
        };
        let message = match &c.message {
            Some(m) => world.told(vars, &known, m)?,
            None => {
                let clause: String = asked.sources.text(c.place).split_whitespace().collect::<Vec<_>>().join(" ");
                format!("`{}`", clause.chars().take(200).collect::<String>())
            }
        };
        list.push(Fired { policy: p.name.to_string(), effect, to, message, place: c.place });
    }
    Ok(Ok(list))
}

/// The formula of an invariant that asks for a share of the candidates.
pub fn shared(i: &hir::Invariant) -> Option<(Share, &Expr)> {
    let [hir::Demand { form: hir::DemandForm::Require(e), .. }] = &i.clauses[..] else { return None };
    match &e.kind {
        ExprKind::Share { candidates: true, share, formula } => Some((*share, formula)),
        _ => None,
    }
}

/// For how many candidates the formula of such an invariant is true, and of how many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shared {
    /// It is true for so many.
    pub met: usize,
    /// Of so many.
    pub all: usize,
}

impl Shared {
    /// Whether that is enough.
    pub fn enough(self, share: Share) -> bool {
        match share {
            Share::Every => self.met == self.all,
            Share::Some => self.met > 0,
            Share::Percent(p) => self.met as f64 * 100.0 >= p * self.all as f64,
        }
    }
}
