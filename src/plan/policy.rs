//! Policies as plans: what their `on` matches, when each clause fires, what it does then. Made for a structure's sizes, run by demand at
//! one event after another.
use super::family::Family;
use super::ir::*;
use super::lower::Lowering;
use super::order::Sizes;
use super::unit::{Conjunct, E, Unit, Unsupported, each_part};
use super::want::Want;
use crate::base::Place;
use crate::scalar::{Dictionary, KindId, Type, Val};
use crate::semantics::hir::{self, PolicyForm};
use crate::structure::schema::AttrId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A policy on events, ready to run.
#[derive(Clone, Debug)]
pub struct PolicyPlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// The same, with those of what its clauses want.
    pub wide: u32,
    /// The kinds that it is on.
    pub ty: Type,
    /// The slot of the event, and its name in bindings.
    pub now: Slot,
    /// See `now`.
    pub name: Arc<str>,
    /// Whether the event matches.
    pub on: Arc<Block>,
    /// `let`s.
    pub lets: Arc<Block>,
    /// Its clauses, in order.
    pub clauses: Vec<ClauseOfPolicy>,
    /// Whether one of them permits.
    pub permits: bool,
    /// Its `let`s, by name.
    pub values: Vec<(Arc<str>, Slot)>,
    /// Its name.
    pub title: Arc<str>,
    /// Of a family's member: its number in the table.
    pub number: u32,
    /// Of a family's member: the slot of its first constant, and the constants.
    pub constants: (Slot, Arc<[Val]>),
    /// Of a family's member: the number of each place in the plan, and where the member's own are.
    pub places: Option<(Arc<FxHashMap<Place, u32>>, Arc<[Place]>)>,
    /// Of a family's member: what finds those that have something to say.
    pub joined: Option<Arc<Joined>>,
    /// The item.
    pub place: Place,
}

/// What finds the members of a family that an event concerns: joins with the table of their constants, which has a row for each member,
/// its number first.
#[derive(Clone, Debug)]
pub struct Joined {
    /// How many slots the frame has; that of the event is the policy's.
    pub slots: u32,
    /// The table.
    pub relation: RelId,
    /// The slot of a member's number.
    pub member: Slot,
    /// For each column behind it: of which kind the node is that a constant names, if it is not the constant itself.
    pub lookups: Vec<Option<KindId>>,
    /// The members that are on the event; none if all are where the policy's own `on` is.
    pub on: Option<Block>,
    /// For each clause: the members that are on the event and for which it fires.
    pub clauses: Vec<Block>,
}

/// A clause of a policy.
#[derive(Clone, Debug)]
pub struct ClauseOfPolicy {
    /// What it does.
    pub form: PolicyAct,
    /// Has a binding where it fires.
    pub fires: Arc<Block>,
    /// Its message.
    pub message: Option<Arc<MessagePlan>>,
    /// What would have to be there: for one that forbids or escalates not to do so, if it looks for something; for one that permits, to do so.
    pub want: Option<Arc<Want>>,
    /// The clause.
    pub place: Place,
}

/// What a clause does.
#[derive(Clone, Debug)]
pub enum PolicyAct {
    /// `permit`, `forbid`, `warn`; `escalate` with to whom.
    Effect(Effect, Option<Arc<str>>),
    /// `rewrite`: the attribute; the way into a Json, and the value behind it.
    Rewrite(AttrId, Arc<[Computed]>),
    /// `oblige`.
    Oblige {
        /// The deadline, in microseconds behind the event.
        within: i64,
        /// Whether an event of the time until then meets it.
        met: Arc<Formula>,
        /// To whom it is escalated otherwise.
        otherwise: Option<Arc<str>>,
    },
}

impl PolicyPlan {
    /// The plan of another policy of its family.
    pub(super) fn of_member(
        &self,
        p: &hir::Policy,
        (number, constants): (u32, Arc<[Val]>),
        places: (Arc<FxHashMap<Place, u32>>, Arc<[Place]>),
    ) -> PolicyPlan {
        let mut plan = self.clone();
        for (c, own) in plan.clauses.iter_mut().zip(&p.clauses) {
            c.place = own.place;
            match (&mut c.form, &own.form) {
                (PolicyAct::Effect(_, to), PolicyForm::Escalate(own)) => *to = Some(own.clone()),
                (PolicyAct::Oblige { otherwise, .. }, PolicyForm::Oblige(_, _, own)) => *otherwise = own.clone(),
                _ => {}
            }
        }
        plan.number = number;
        plan.constants.1 = constants;
        plan.places = Some(places);
        plan.named(p);
        plan
    }
    fn named(&mut self, p: &hir::Policy) {
        self.name = p.vars.get(self.now as usize).map_or("event".into(), |v| v.name.clone());
        self.title = p.name.clone();
        self.place = p.place;
    }
}

impl<'p> Lowering<'p> {
    /// A policy on events for itself, or with the constants of its family in slots.
    pub(super) fn one_policy(
        &self,
        p: &'p hir::Policy,
        family: Option<&Family<'p>>,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<PolicyPlan, Unsupported> {
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
        let first = unit.slots;
        bound.extend(family.map(|f| f.slots(&mut unit, false)).into_iter().flatten());
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
        let (mut clauses, mut behind) = (vec![], vec![]);
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
                    let all = path.iter().chain([value]).map(|e| unit.computed(E { e, env: 0 }, &inner));
                    PolicyAct::Rewrite(*attr, all.collect::<Result<_, _>>()?)
                }
                PolicyForm::Oblige(scope, within, otherwise) => {
                    let met = Arc::new(unit.met(scope, *within, &inner)?);
                    PolicyAct::Oblige { within: *within, met, otherwise: otherwise.clone() }
                }
            };
            // what only an `unless` knows is absent in the message
            let mut told = inner.clone();
            told.extend(needed);
            let message = c.message.as_ref().map(|m| self.message(m, &mut unit, &told)).transpose()?.map(Arc::new);
            clauses.push(ClauseOfPolicy { form, fires: Arc::new(fires), message, want: None, place: c.place });
            behind.push(inner);
        }
        let slots = unit.slots;
        for ((made, c), inner) in clauses.iter_mut().zip(&p.clauses).zip(&behind) {
            made.want = match made.form {
                PolicyAct::Effect(Effect::Forbid | Effect::Escalate, _) => unit.missed(c, inner),
                PolicyAct::Effect(Effect::Permit, _) => Some(unit.wanted(p, c, &bound)),
                _ => None,
            };
        }
        let permits = clauses.iter().any(|c| matches!(c.form, PolicyAct::Effect(Effect::Permit, _)));
        let lets_named = p.lets.iter().filter_map(|l| Some((p.vars.get(l.0.0 as usize)?.name.clone(), l.0.0))).collect();
        let mut plan = PolicyPlan {
            slots,
            wide: unit.slots,
            ty: ty.clone(),
            now,
            name: "event".into(),
            on: Arc::new(on),
            lets: Arc::new(lets),
            clauses,
            permits,
            values: lets_named,
            title: p.name.clone(),
            number: 0,
            constants: (first, Arc::new([])),
            places: None,
            joined: None,
            place,
        };
        plan.named(p);
        Ok(plan)
    }
}

/// The variables that an `earlier` in an expression finds.
fn binders_within(e: &hir::Expr, out: &mut Vec<hir::VarId>) {
    if let hir::ExprKind::Earlier { binders, .. } = &e.kind {
        out.extend(binders.iter().filter_map(|b| b.var));
    }
    each_part(e, &mut |p| binders_within(p, out));
}
