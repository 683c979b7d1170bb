//! Mechanisms: structural equations, ordered by instance. A value that is needed and not there yet is computed first; a value that
//! needs itself is a fault of all that the circle passes through.
use super::annotation::Annotation;
use super::machine::{Machine, Sink};
use crate::plan::{MechanismPlan, Slot, Step};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Fault, Kinds, Type, Val};
use crate::structure::schema::AttrId;
use std::sync::Arc;

/// A mechanism's attribute of an element.
pub type Instance = (AttrId, Val);

impl<A: Annotation> Machine<A> {
    /// Computes the attributes of a stratum for all their elements.
    pub fn mechanisms(&mut self, plans: &[MechanismPlan]) {
        if plans.is_empty() {
            return;
        }
        for p in plans {
            self.mechanisms.entry(p.attr).or_default();
        }
        for p in plans {
            let ty = Type::Node(Kinds::Of(Arc::new([p.kind])));
            let set = self.kind_set(&ty);
            for e in &set.elements {
                self.settle_value(plans, (p.attr, *e));
                if self.halted() {
                    return;
                }
            }
        }
    }

    /// Computes one value in all worlds, and before it those that it needs, each in the worlds in which it is needed.
    fn settle_value(&mut self, plans: &[MechanismPlan], wanted: Instance) {
        let mut stack: Vec<(Instance, A)> = vec![(wanted, self.universe.clone())];
        // of these the ones that wait, in the order in which they began to: each needs the next, in the next one's worlds
        let mut path: Vec<usize> = vec![];
        while let Some((top, worlds)) = stack.last().cloned() {
            let here = stack.len() - 1;
            let Some(left) = self.unsettled_in(top, &worlds) else {
                path.retain(|p| *p != here);
                stack.pop();
                continue;
            };
            // an edit has set it: that replaces the equation
            let set = self.graph.attr(top.1, top.0);
            let plan = plans.iter().filter(|p| p.attr == top.0 && set == Val::NONE).find(|p| {
                let ty = Type::Node(Kinds::Of(Arc::new([p.kind])));
                self.is_kind(top.1, &ty)
            });
            let Some(plan) = plan else {
                // or an element of a kind above the mechanism's: it has no value
                self.settle(top, set, left);
                continue;
            };
            let (pieces, needs) = self.evaluate(plan, top.1, left.clone());
            if self.halted() {
                return;
            }
            let mut known = Some(left);
            for (_, worlds) in &needs {
                known = known.and_then(|k| k.except_certain(Some(worlds)));
            }
            for (v, worlds) in pieces {
                if let Some(w) = known.as_ref().and_then(|k| k.and(&worlds)) {
                    self.settle(top, v, w);
                }
            }
            if needs.is_empty() {
                continue;
            }
            if path.last() != Some(&here) {
                path.push(here);
            }
            let begins = |n: &Instance| path.iter().position(|p| stack.get(*p).is_some_and(|s| s.0 == *n));
            let (mut circles, needs): (Vec<_>, Vec<_>) =
                needs.into_iter().map(|(n, w)| (begins(&n), (n, w))).partition(|n| n.0.is_some());
            circles.sort_by_key(|c| c.0);
            if circles.is_empty() {
                stack.extend(needs.into_iter().map(|n| n.1));
            }
            for (from, (_, worlds)) in circles {
                let members = path.get(from.unwrap_or(0)..).unwrap_or(&[]).iter();
                let members: Vec<Instance> = members.filter_map(|p| stack.get(*p)).map(|s| s.0).collect();
                self.circle(plan, &members, &worlds);
            }
        }
    }

    /// Of some worlds those in which a value is not known yet.
    fn unsettled_in(&self, (attr, element): Instance, worlds: &A) -> Option<A> {
        let mut left = Some(worlds.clone());
        for (_, known) in self.mechanisms.get(&attr).and_then(|t| t.get(&element)).into_iter().flatten() {
            left = left.and_then(|l| l.except_possible(Some(known)));
        }
        left
    }

    /// Says what a value is in some worlds.
    fn settle(&mut self, (attr, element): Instance, v: Val, worlds: A) {
        let pieces = self.mechanisms.entry(attr).or_default().entry(element).or_default();
        match pieces.iter_mut().find(|p| p.0 == v) {
            Some(p) => {
                p.1.or(&worlds);
            }
            None => pieces.push((v, worlds)),
        }
    }

    /// The value of a mechanism's attribute for an element, as far as it is known: what is not is noted as needed, and absent for now.
    pub(super) fn read_mechanism(&mut self, slot: Slot, of: Instance, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if let Some(needed) = self.unsettled_in(of, &a.possible()) {
            let here = a.and(&needed);
            self.needs.push((of, needed));
            if let Some(here) = here
                && self.bind(slot, Val::NONE, rest, here, sink)
            {
                return true;
            }
        }
        match self.mechanisms.get(&of.0).and_then(|t| t.get(&of.1)).cloned() {
            Some(pieces) => self.pieces(slot, pieces, rest, a, sink),
            None => self.halted(),
        }
    }

    /// The values of one mechanism for one element in some worlds, and what was read that is not there yet.
    fn evaluate(&mut self, plan: &MechanismPlan, element: Val, worlds: A) -> (Vec<(Val, A)>, Vec<(Instance, A)>) {
        let saved = std::mem::take(&mut self.slots);
        let needs_before = std::mem::take(&mut self.needs);
        self.frame(plan.slots);
        self.set(0, element);
        self.working_on("mechanism", plan.place);
        let mut pieces: Vec<(Val, A)> = vec![];
        self.run(&plan.value.block, worlds, &mut |m, a| {
            let v = m.scalar(&plan.value.result);
            match pieces.iter_mut().find(|p| p.0 == v) {
                Some(p) => {
                    p.1.or(&a);
                }
                None => pieces.push((v, a)),
            }
            m.halted()
        });
        let mut all = std::mem::replace(&mut self.needs, needs_before);
        all.sort_by_key(|n| n.0);
        let mut needs: Vec<(Instance, A)> = vec![];
        for (n, worlds) in all {
            match needs.last_mut().filter(|l| l.0 == n) {
                Some(l) => {
                    l.1.or(&worlds);
                }
                None => needs.push((n, worlds)),
            }
        }
        self.slots = saved;
        (pieces, needs)
    }

    /// In some worlds all these values need each other.
    fn circle(&mut self, plan: &MechanismPlan, members: &[Instance], worlds: &A) {
        let name = |m: &Self, (a, e): Instance| {
            let attr = m.graph.schema.attr(a).map_or(String::new(), |a| a.name.to_string());
            format!("{}.{attr}", m.show(e))
        };
        // begin with the smallest, so that the text does not depend on where the circle was entered
        let mut shown = members.to_vec();
        if let Some(least) = (0..shown.len()).min_by_key(|i| shown.get(*i)) {
            shown.rotate_left(least);
        }
        let mut path: Vec<String> = shown.iter().map(|s| name(self, *s)).collect();
        if let Some(first) = path.first().cloned() {
            path.push(first);
        }
        let text = format!("a mechanism depends on itself: {}", path.join(" → "));
        let fault = self.fault(Fault::new(FaultKind::Cycle, text), plan.place);
        for m in members {
            if let Some(left) = self.unsettled_in(*m, worlds) {
                self.settle(*m, fault, left);
            }
        }
    }
}
