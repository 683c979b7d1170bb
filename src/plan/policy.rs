//! Policies as plans: what their `on` matches, when each clause fires, what it does then. Made for a structure's sizes, run by demand at
//! one event after another.
use super::ir::*;
use super::lower::Lowering;
use super::order::Sizes;
use super::unit::{Conjunct, E, Unit, Unsupported, each_part};
use crate::base::Place;
use crate::scalar::{Dictionary, Type};
use crate::semantics::hir::{self, PolicyForm};
use crate::structure::schema::AttrId;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A policy on events, ready to run.
#[derive(Clone, Debug)]
pub struct PolicyPlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// The kinds that it is on.
    pub ty: Type,
    /// The slot of the event, and its name in bindings.
    pub now: Slot,
    /// See `now`.
    pub name: Arc<str>,
    /// Whether the event matches.
    pub on: Block,
    /// `let`s.
    pub lets: Block,
    /// Its clauses, in order.
    pub clauses: Vec<ClauseOfPolicy>,
    /// Whether one of them permits.
    pub permits: bool,
    /// Its `let`s, by name.
    pub named: Vec<(Arc<str>, Slot)>,
    /// The item.
    pub place: Place,
}

/// A clause of a policy.
#[derive(Clone, Debug)]
pub struct ClauseOfPolicy {
    /// What it does.
    pub form: PolicyAct,
    /// Has a binding where it fires.
    pub fires: Block,
    /// Its message.
    pub message: Option<MessagePlan>,
    /// The clause.
    pub place: Place,
}

/// What a clause does.
#[derive(Clone, Debug)]
pub enum PolicyAct {
    /// `permit`, `forbid`, `warn`; `escalate` with to whom.
    Effect(Effect, Option<Arc<str>>),
    /// `rewrite`: the attribute, the way into a Json, the value.
    Rewrite(AttrId, Vec<Computed>, Computed),
    /// `oblige`.
    Oblige {
        /// The deadline, in microseconds behind the event.
        within: i64,
        /// Whether an event of the time until then meets it.
        met: Formula,
        /// To whom it is escalated otherwise.
        otherwise: Option<Arc<str>>,
    },
}

impl<'p> Lowering<'p> {
    /// A policy on events.
    pub fn policy(&self, p: &'p hir::Policy, sizes: &dyn Sizes, dictionary: &mut Dictionary) -> Result<PolicyPlan, Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, p.vars.len());
        let place = p.place;
        let none = Unsupported { place, what: "a policy that is on no event" };
        let Some(on) = &p.on else { return Err(none) };
        let Some((hir::Domain::Kind(ty), Some(var))) = on.binders.first().map(|b| (&b.domain, b.var)) else { return Err(none) };
        let now = var.0;
        unit.nows.insert(0, now);
        let mut bound: FxHashSet<Slot> = FxHashSet::default();
        bound.insert(now);
        let mut list = vec![];
        if let Some(f) = &on.filter {
            unit.conjuncts(E { e: f, env: 0 }, &mut list);
        }
        let on = unit.block(list, &mut bound.clone(), &[])?;
        let mut lets = Block::default();
        for (v, e) in &p.lets {
            let x = unit.own(e);
            let value = unit.scalar(x, &bound, &mut lets.steps)?;
            lets.steps.push(Step::Let { slot: v.0, value });
            bound.insert(v.0);
        }
        let mut clauses = vec![];
        for c in &p.clauses {
            let mut list = vec![];
            let (mut needed, mut hidden): (Vec<Slot>, Vec<hir::VarId>) = (vec![], vec![]);
            if let Some(w) = &c.when {
                unit.conjuncts(E { e: w, env: 0 }, &mut list);
            }
            if let Some(u) = &c.unless {
                list.push(Conjunct::Not(E { e: u, env: 0 }));
                binders_within(u, &mut hidden);
            }
            let read = |e: &'p hir::Expr, unit: &Unit<'_, '_>, out: &mut Vec<Slot>| unit.mentions(E { e, env: 0 }, out);
            c.message.iter().for_each(|m| read(m, &unit, &mut needed));
            match &c.form {
                PolicyForm::Rewrite(_, path, value) => path.iter().chain([value]).for_each(|e| read(e, &unit, &mut needed)),
                PolicyForm::Oblige(scope, ..) => scope.filter.iter().for_each(|e| read(e, &unit, &mut needed)),
                _ => {}
            }
            let mut inner = bound.clone();
            let outer: Vec<Slot> = needed.iter().copied().filter(|s| !hidden.iter().any(|v| v.0 == *s)).collect();
            let fires = unit.block(list, &mut inner, &outer)?;
            let form = match &c.form {
                PolicyForm::Effect(e) => PolicyAct::Effect(*e, None),
                PolicyForm::Escalate(to) => PolicyAct::Effect(Effect::Escalate, Some(to.clone())),
                PolicyForm::Rewrite(attr, path, value) => {
                    let path = path.iter().map(|k| unit.computed(E { e: k, env: 0 }, &inner)).collect::<Result<_, _>>()?;
                    PolicyAct::Rewrite(*attr, path, unit.computed(E { e: value, env: 0 }, &inner)?)
                }
                PolicyForm::Oblige(scope, within, otherwise) => {
                    PolicyAct::Oblige { within: *within, met: unit.met(scope, *within, &inner)?, otherwise: otherwise.clone() }
                }
            };
            // what only an `unless` knows is absent in the message
            let mut told = inner.clone();
            told.extend(needed);
            let message = c.message.as_ref().map(|m| self.message(m, &mut unit, &told)).transpose()?;
            clauses.push(ClauseOfPolicy { form, fires, message, place: c.place });
        }
        let permits = clauses.iter().any(|c| matches!(c.form, PolicyAct::Effect(Effect::Permit, _)));
        let name = p.vars.get(now as usize).map_or("event".into(), |v| v.name.clone());
        let named = p.lets.iter().filter_map(|l| Some((p.vars.get(l.0.0 as usize)?.name.clone(), l.0.0))).collect();
        Ok(PolicyPlan { slots: unit.slots, ty: ty.clone(), now, name, on, lets, clauses, permits, named, place })
    }
}

/// The variables that an `earlier` in an expression finds.
fn binders_within(e: &hir::Expr, out: &mut Vec<hir::VarId>) {
    if let hir::ExprKind::Earlier { binders, .. } = &e.kind {
        out.extend(binders.iter().filter_map(|b| b.var));
    }
    each_part(e, &mut |p| binders_within(p, out));
}
