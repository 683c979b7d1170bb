//! The fixpoint of a stratum, semi-naive: each round joins what the last round found (Bancilhon 1986). Driven by session, stratum by stratum.
use super::annotation::Annotation;
use super::formula::join;
use super::machine::{Machine, sort_of};
use super::relation::{Relation, improves};
use crate::base::Place;
use crate::plan::{ClausePlan, Combine, RelId, StratumPlan, TimedPlan};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Fault, Val};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::ops::Range;

impl<A: Annotation> Machine<A> {
    /// Evaluates a stratum. Where the machine is `naive`, every clause runs in full in every round.
    pub fn stratum(&mut self, plan: &StratumPlan) {
        self.mechanisms(&plan.mechanisms);
        if self.halted() {
            return;
        }
        for c in plan.clauses.iter().filter(|c| c.delta.is_none()) {
            self.clause(c, None);
        }
        let recursive = plan.clauses.iter().any(|c| c.delta.is_some());
        let improving: Vec<RelId> = plan.relations.iter().copied().filter(|r| self.combine(*r).is_some_and(improves)).collect();
        let mut quiet_rounds = 0u64;
        let mut keys = 0u64;
        loop {
            let mut any = false;
            for r in &plan.relations {
                if let Some(r) = self.relations.get_mut(r.0 as usize) {
                    any |= r.next_round();
                }
            }
            if !any || self.halted() || !recursive {
                break;
            }
            let now = improving.iter().filter_map(|r| self.relation(*r)).map(|r| u64::from(r.len())).sum();
            quiet_rounds = if now > keys { 0 } else { quiet_rounds + 1 };
            keys = now;
            if !improving.is_empty() && quiet_rounds > keys {
                self.unsettled(&improving);
            }
            for c in &plan.clauses {
                let delta = c.delta.and_then(|r| self.relation(r));
                let run = match delta {
                    _ if self.naive => true,
                    Some(r) => r.changed(),
                    None => false,
                };
                if run {
                    self.clause(c, None);
                }
                if self.halted() {
                    return;
                }
            }
        }
        self.complete(&plan.relations);
    }

    /// Relations to which nothing will be added.
    pub fn complete(&mut self, relations: &[RelId]) {
        for r in relations {
            self.doubt(*r);
            if let Some(r) = self.relations.get_mut(r.0 as usize) {
                r.settle();
            }
        }
    }

    fn combine(&self, r: RelId) -> Option<Combine> {
        self.relation(r).and_then(|r| r.info.combine)
    }

    /// Rules that still change after as many rounds as they have keys: faults where they change.
    fn unsettled(&mut self, rules: &[RelId]) {
        let mut worlds: Option<A> = None;
        let mut shown = None;
        for id in rules {
            let Some(r) = self.relation(*id) else { continue };
            for (row, a) in &r.delta {
                if shown.is_none() {
                    shown = Some((*id, *row));
                }
                match &mut worlds {
                    Some(w) => {
                        w.or(a);
                    }
                    None => worlds = Some(a.clone()),
                }
            }
        }
        let (Some(worlds), Some((id, row))) = (worlds, shown) else { return };
        let Some(r) = self.relation(id) else { return };
        let args: Vec<String> = r.row(row).iter().map(|v| self.show(*v)).collect();
        let text = format!(
            "`{}` never settles: {}({}) still improves after as many rounds as there are keys",
            r.info.name,
            r.info.name,
            args.join(", ")
        );
        let place = r.info.place;
        let fault = self.fault(Fault::new(FaultKind::Cycle, text), place);
        let n = fault.as_fault().unwrap_or(0);
        for id in rules {
            if let Some(r) = self.relations.get_mut(id.0 as usize) {
                r.break_in(&worlds.blame(n));
                r.stick(&worlds);
            }
        }
    }

    /// Evaluates event rules at events, in order. They look only back, so what they say of an event is final.
    pub fn timed(&mut self, plan: &TimedPlan, events: Range<u32>) {
        for e in events {
            for i in 0..plan.rules.len() {
                // what one rule finds at this event may be what those before it wait for
                let mut from = i;
                while self.at_event(plan.rules.get(from..=i).unwrap_or(&[]), Val::event(e)) {
                    from = 0;
                }
                if self.halted() {
                    return;
                }
            }
        }
    }

    /// Runs the clauses of rules at an event. Gives whether there is anything new.
    fn at_event(&mut self, rules: &[(RelId, Vec<ClausePlan>)], event: Val) -> bool {
        let mut any = false;
        for (id, clauses) in rules {
            clauses.iter().for_each(|c| self.clause(c, Some(event)));
            if self.halted() {
                return false;
            }
            if let Some(r) = self.relations.get_mut(id.0 as usize).filter(|r| r.grown()) {
                r.next_round();
                any = true;
            }
        }
        any
    }

    /// Runs a clause in full, or from its delta; of an event rule at one event.
    fn clause(&mut self, c: &ClausePlan, now: Option<Val>) {
        if self.culprit_place() != c.place {
            let name = self.relation(c.relation).map(|r| r.info.name.to_string()).unwrap_or_default();
            self.working_on(&name, c.place);
        }
        self.frame(c.slots);
        if let (Some(now), Some(slot)) = (now, c.head.first()) {
            self.set(*slot, now);
        }
        let universe = self.universe.clone();
        let mut tuple: Vec<Val> = vec![Val::NONE; c.head.len()];
        let block = self.cheapest(c);
        match &c.value {
            None => {
                if let Some((steps, last)) = self.fused(c, block) {
                    self.steps(steps, universe, &mut |m, a| m.pairs(last, c, &mut tuple, a));
                    return;
                }
                self.run(block, universe, &mut |m, a| m.emit(c, &mut tuple, &a));
            }
            Some(value) if !A::PLAIN => {
                // what holds for one of several bindings that head and value do not tell apart holds, whatever the others do
                let mut found: IndexMap<Vec<Val>, (Vec<Val>, Option<A>), FxBuildHasher> = IndexMap::default();
                self.run(block, universe, &mut |m, a| {
                    let key = c.shown.iter().map(|s| m.get(*s)).collect();
                    let (_, worlds) = found.entry(key).or_insert_with(|| (m.slots.clone(), None));
                    *worlds = Some(join(worlds.take(), &a));
                    m.halted()
                });
                for (_, (slots, worlds)) in found {
                    let Some(a) = worlds else { continue };
                    self.slots = slots;
                    let stop = self.run(&value.block, a, &mut |m, a| {
                        let v = m.scalar(&value.result);
                        m.emit_value(c, &mut tuple, v, &a)
                    });
                    if stop {
                        return;
                    }
                }
            }
            Some(value) => {
                self.run(block, universe, &mut |m, a| {
                    m.run(&value.block, a, &mut |m, a| {
                        let v = m.scalar(&value.result);
                        m.emit_value(c, &mut tuple, v, &a)
                    })
                });
            }
        }
    }

    /// Takes the head from the frame. What is unknown in place of an element may be any of its kind: `found` is called for each.
    fn head(&mut self, c: &ClausePlan, tuple: &mut [Val], found: &mut dyn FnMut(&mut Self, &[Val])) {
        let mut wide = None;
        for (i, (t, s)) in tuple.iter_mut().zip(&c.head).enumerate() {
            *t = self.get(*s);
            if t.as_fault().is_some() {
                let ty = self.relation(c.relation).and_then(|r| r.info.types.get(i)).filter(|t| sort_of(t).is_some()).cloned();
                wide = wide.or(ty.map(|ty| (i, ty)));
            }
        }
        let Some((i, ty)) = wide else { return found(self, tuple) };
        let slot = c.head.get(i).copied().unwrap_or(0);
        let unknown = self.get(slot);
        let set = self.kind_set(&ty);
        for e in &set.elements {
            self.set(slot, *e);
            self.head(c, tuple, found);
        }
        self.set(slot, unknown);
    }

    pub(super) fn emit(&mut self, c: &ClausePlan, tuple: &mut [Val], a: &A) -> bool {
        let fault = c.head.iter().find_map(|s| self.get(*s).as_fault());
        let a = fault.map_or_else(|| a.clone(), |f| self.blamed(a, f));
        if self.faulted {
            return true;
        }
        self.head(c, tuple, &mut |m, tuple| {
            let Some(r) = m.relations.get_mut(c.relation.0 as usize) else { return };
            let before = r.len();
            r.insert(tuple, &a);
            if r.len() > before {
                m.count_facts(1);
            }
        });
        self.halted()
    }

    fn emit_value(&mut self, c: &ClausePlan, tuple: &mut [Val], v: Val, a: &A) -> bool {
        let fault = c.head.iter().find_map(|s| self.get(*s).as_fault());
        let a = fault.map_or_else(|| a.clone(), |f| self.blamed(a, f));
        if self.faulted {
            return true;
        }
        let parts = [a.certain().map(|w| (v, w)), a.faulty().map(|(w, f)| (Val::fault(f), w))];
        self.head(c, tuple, &mut |m, tuple| {
            for (v, worlds) in parts.iter().flatten() {
                m.put_value(c.relation, tuple, *v, worlds, c.place);
            }
        });
        self.halted()
    }

    /// What hides behind a fault in a key may be a second value for any key: they become faults too.
    fn doubt(&mut self, id: RelId) {
        let Some(r) = self.relation(id).filter(|r| !r.loose.is_empty() && r.info.combine.is_some()) else { return };
        let mut all = vec![];
        for n in r.loose.clone() {
            let Some((worlds, fault)) = r.annotation(n).map(|a| (a.possible(), r.pieces(n).iter().find_map(|p| p.0.as_fault())))
            else {
                continue;
            };
            // the row's own columns are the pattern: a fault fits anything
            let keys = (0..r.len()).filter(|k| *k != n && r.may_match(n, r.row(*k)));
            all.extend(keys.map(|k| (r.row(k).to_vec(), worlds.clone(), fault.unwrap_or(0))));
        }
        let place = r.info.place;
        for (key, worlds, fault) in all {
            self.put_value(id, &key, Val::fault(fault), &worlds, place);
        }
    }

    fn put_value(&mut self, id: RelId, tuple: &[Val], v: Val, worlds: &A, place: Place) {
        // the relation is taken out, so that what is better can be asked of the machine
        let Some(slot) = self.relations.get_mut(id.0 as usize) else { return };
        let empty = Relation::new(slot.info.clone(), 0);
        let mut r = std::mem::replace(slot, empty);
        let before = r.len();
        let combine = r.info.combine.unwrap_or(Combine::One);
        r.insert_value(tuple, v, worlds, |old, new| self.better(combine, (id, tuple), old, new, place));
        let grown = r.len() > before;
        if let Some(slot) = self.relations.get_mut(id.0 as usize) {
            *slot = r;
        }
        self.count_facts(u64::from(grown));
    }

    /// What two values for the same arguments become.
    fn better(&mut self, combine: Combine, (id, tuple): (RelId, &[Val]), old: Val, new: Val, place: Place) -> Val {
        if old == new {
            return old;
        }
        let settled = match combine {
            Combine::Any => Val::TRUE,
            Combine::All => Val::FALSE,
            _ => Val::NONE,
        };
        if settled != Val::NONE && (old == settled || new == settled) {
            return settled;
        }
        if old.as_fault().is_some() {
            return old;
        }
        if new.as_fault().is_some() {
            return new;
        }
        let order = self.graph.dictionary.compare(new, old);
        match combine {
            Combine::Min => {
                if order.is_lt() {
                    new
                } else {
                    old
                }
            }
            Combine::Max => {
                if order.is_gt() {
                    new
                } else {
                    old
                }
            }
            Combine::Any | Combine::All => old,
            Combine::One => {
                let args: Vec<String> = tuple.iter().map(|v| self.show(*v)).collect();
                let mut values = [self.show(old), self.show(new)];
                values.sort();
                let name = self.relation(id).map(|r| r.info.name.to_string()).unwrap_or_default();
                let text = format!("{name}({}) is both {} and {}", args.join(", "), values[0], values[1]);
                self.fault(Fault::new(FaultKind::Conflict, text), place)
            }
        }
    }
}
