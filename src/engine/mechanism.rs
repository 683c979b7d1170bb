//! Mechanisms: structural equations, ordered by instance. A value that is needed and not there yet is computed first; a value that
//! needs itself is a fault of all that the circle passes through.
use super::annotation::Annotation;
use super::machine::Machine;
use crate::plan::MechanismPlan;
use crate::scalar::expression::FaultKind;
use crate::scalar::{Fault, Kinds, Type, Val};
use crate::structure::schema::AttrId;
use std::sync::Arc;

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

    /// Computes one value, and before it those that it needs.
    fn settle_value(&mut self, plans: &[MechanismPlan], wanted: (AttrId, Val)) {
        let mut stack = vec![wanted];
        // those that wait for others, in the order in which they began to: a way through the reads
        let mut path: Vec<(AttrId, Val)> = vec![];
        while let Some(top) = stack.last().copied() {
            if self.mechanisms.get(&top.0).is_some_and(|t| t.contains_key(&top.1)) {
                if path.last() == Some(&top) {
                    path.pop();
                }
                stack.pop();
                continue;
            }
            // an edit has set it: that replaces the equation
            let set = self.graph.attr(top.1, top.0);
            if set != Val::NONE {
                let universe = self.universe.clone();
                self.mechanisms.entry(top.0).or_default().insert(top.1, vec![(set, universe)]);
                continue;
            }
            let plan = plans.iter().filter(|p| p.attr == top.0).find(|p| {
                let ty = Type::Node(Kinds::Of(Arc::new([p.kind])));
                self.is_kind(top.1, &ty)
            });
            let Some(plan) = plan else {
                // an element of a kind above the mechanism's: it has no value
                let universe = self.universe.clone();
                self.mechanisms.entry(top.0).or_default().insert(top.1, vec![(Val::NONE, universe)]);
                continue;
            };
            let (pieces, needs) = self.evaluate(plan, top.1);
            if self.halted() {
                return;
            }
            if needs.is_empty() {
                self.mechanisms.entry(top.0).or_default().insert(top.1, pieces);
                continue;
            }
            if path.last() != Some(&top) {
                path.push(top);
            }
            match needs.iter().filter_map(|n| path.iter().position(|p| p == n)).min() {
                Some(from) => {
                    self.circle(plan, path.get(from..).unwrap_or(&[]));
                    path.truncate(from);
                }
                None => stack.extend(needs),
            }
        }
    }

    /// The values of one mechanism for one element, and what was read that is not there yet.
    fn evaluate(&mut self, plan: &MechanismPlan, element: Val) -> (Vec<(Val, A)>, Vec<(AttrId, Val)>) {
        let saved = std::mem::take(&mut self.slots);
        let needs_before = std::mem::take(&mut self.needs);
        self.frame(plan.slots);
        self.set(0, element);
        self.working_on("mechanism", plan.place);
        let mut pieces: Vec<(Val, A)> = vec![];
        let universe = self.universe.clone();
        self.run(&plan.value.block, universe, &mut |m, a| {
            let v = m.scalar(&plan.value.result);
            match pieces.iter_mut().find(|p| p.0 == v) {
                Some(p) => {
                    p.1.or(&a);
                }
                None => pieces.push((v, a)),
            }
            m.halted()
        });
        let mut needs = std::mem::replace(&mut self.needs, needs_before);
        needs.sort();
        needs.dedup();
        self.slots = saved;
        (pieces, needs)
    }

    /// All these values need each other.
    fn circle(&mut self, plan: &MechanismPlan, members: &[(AttrId, Val)]) {
        let name = |m: &Self, (a, e): (AttrId, Val)| {
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
        for (a, e) in members.iter().copied() {
            let universe = self.universe.clone();
            self.mechanisms.entry(a).or_default().insert(e, vec![(fault, universe)]);
        }
    }
}
