//! What a clause of a policy waits for, condition by condition: what would have to be there for it not to forbid, or for it to permit. Made with
//! the policy's plan, and looked at only where a refusal is explained (`demand/nearest.rs`).
use super::ir::*;
use super::unit::{E, Unit};
use crate::base::Place;
use crate::scalar::{Calendar, Op, Type};
use crate::semantics::hir::{self, Domain, ExprKind, Quantifier};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A condition that is wanted.
#[derive(Clone, Debug)]
pub enum Want {
    /// All of them.
    All(Vec<Want>),
    /// One of them.
    Any(Vec<Want>),
    /// The first; and where that is met, the second.
    Then(Box<Want>, Box<Want>),
    /// A formula.
    That(Leaf),
    /// Something that there must be.
    Some(Box<Sought>),
}

/// A formula that must be true.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// It; none if it cannot be looked at by itself.
    pub formula: Option<Formula>,
    /// Whether it must be false instead.
    pub not: bool,
    /// Of a comparison, both sides.
    pub sides: Option<Box<(Computed, Computed)>>,
    /// Where it stands.
    pub place: Place,
}

/// An event or a node that there must be.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Its kinds.
    pub ty: Type,
    /// Its slot.
    pub slot: Slot,
    /// Of an event: the one that it is seen from.
    pub now: Slot,
    /// So many microseconds before at most.
    pub within: Option<i64>,
    /// Of the same unit of the calendar.
    pub per: Option<(Calendar, Arc<str>)>,
    /// What must be true of it.
    pub conditions: Vec<Leaf>,
}

impl Want {
    /// Whether it wants something to be there.
    pub fn seeks(&self) -> bool {
        match self {
            Want::All(l) | Want::Any(l) => l.iter().any(Want::seeks),
            Want::Then(a, b) => a.seeks() || b.seeks(),
            Want::That(_) => false,
            Want::Some(_) => true,
        }
    }
}

impl<'p> Unit<'p, '_> {
    /// What must be there for a clause that forbids or escalates not to do so, if something is looked for.
    pub(super) fn missed(&mut self, c: &'p hir::PolicyClause, bound: &FxHashSet<Slot>) -> Option<Arc<Want>> {
        let mut any = vec![];
        c.unless.iter().for_each(|u| any.push(self.want(E { e: u, env: 0 }, true, bound)));
        if let Some(w) = &c.when {
            let mut parts = vec![];
            super::unit::flatten(E { e: w, env: 0 }, &mut parts);
            any.extend(parts.into_iter().map(|p| self.want(p, false, bound)));
        }
        any.retain(Want::seeks);
        let want = if any.len() == 1 { any.pop()? } else { Want::Any(any) };
        want.seeks().then(|| Arc::new(want))
    }

    /// What must be true for a clause to fire.
    pub(super) fn wanted(&mut self, p: &'p hir::Policy, c: &'p hir::PolicyClause, bound: &FxHashSet<Slot>) -> Arc<Want> {
        let filter = p.on.iter().filter_map(|o| o.filter.as_deref());
        let mut all: Vec<Want> = vec![];
        for (e, positive) in filter.chain(&c.when).map(|e| (e, true)).chain(c.unless.iter().map(|e| (e, false))) {
            match self.want(E { e, env: 0 }, positive, bound) {
                Want::All(l) => all.extend(l),
                w => all.push(w),
            }
        }
        Arc::new(Want::All(all))
    }

    fn want(&mut self, x: E<'_>, positive: bool, bound: &FxHashSet<Slot>) -> Want {
        let each = |unit: &mut Self, list: &[(&hir::Expr, bool)]| {
            list.iter().map(|(e, p)| unit.want(x.sub(e), *p, bound)).collect::<Vec<_>>()
        };
        match &x.e.kind {
            ExprKind::Not(e) => self.want(x.sub(e), !positive, bound),
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let list: Vec<(&hir::Expr, bool)> = parts.iter().map(|p| (p, positive)).collect();
                let all = each(self, &list);
                if matches!(x.e.kind, ExprKind::And(_)) == positive { Want::All(all) } else { Want::Any(all) }
            }
            ExprKind::Implies(a, b) => {
                let all = each(self, &[(a, !positive), (b, positive)]);
                if positive { Want::Any(all) } else { Want::All(all) }
            }
            ExprKind::Earlier { binders, within, filter } if positive && binders.len() == 1 => {
                let found = binders.first().and_then(|b| self.sought(x, b, filter.as_deref(), bound));
                match found {
                    Some(s) => Want::Some(Box::new(Sought { within: *within, ..s })),
                    None => Want::That(self.leaf(x, positive, bound)),
                }
            }
            ExprKind::Quantified(q, scope, None)
                if scope.binders.len() == 1 && (*q == Quantifier::Some && positive || *q == Quantifier::No && !positive) =>
            {
                let found = scope.binders.first().and_then(|b| self.sought(x, b, scope.filter.as_deref(), bound));
                found.map_or_else(|| Want::That(self.leaf(x, positive, bound)), |s| Want::Some(Box::new(s)))
            }
            ExprKind::Since { since, .. } if positive && since.binders.len() == 1 => {
                let found = since.binders.first().and_then(|b| self.sought(x, b, since.filter.as_deref(), bound));
                let whole = Want::That(self.leaf(x, positive, bound));
                match found {
                    Some(s) => Want::Then(Box::new(Want::Some(Box::new(s))), Box::new(whole)),
                    None => whole,
                }
            }
            _ => Want::That(self.leaf(x, positive, bound)),
        }
    }

    /// One event or node with conditions that can be looked at one by one.
    fn sought(&mut self, x: E<'_>, b: &hir::Binder, filter: Option<&hir::Expr>, bound: &FxHashSet<Slot>) -> Option<Sought> {
        let Domain::Kind(ty @ (Type::Event(_) | Type::Node(_))) = &b.domain else { return None };
        let now = self.nows.get(&x.env).copied()?;
        let (mut within, mut per) = (None, None);
        if let Some(w) = &b.window {
            if w.last.is_some() {
                return None;
            }
            within = w.within;
            per = w.per.as_ref().map(|(unit, zone)| (Calendar::of(unit), zone.clone()));
        }
        let slot = match b.var {
            Some(v) => self.slot(x.env, v),
            None => self.fresh(),
        };
        if bound.contains(&slot) {
            return None;
        }
        let mut inner = bound.clone();
        inner.insert(slot);
        let mut parts = vec![];
        filter.iter().for_each(|f| super::unit::flatten(x.sub(f), &mut parts));
        let conditions: Vec<Leaf> = parts.into_iter().map(|p| self.leaf(p, true, &inner)).collect();
        conditions.iter().all(|l| l.formula.is_some()).then(|| Sought { ty: ty.clone(), slot, now, within, per, conditions })
    }

    /// A formula by itself, if it needs no more of the past than the policy does.
    fn leaf(&mut self, x: E<'_>, positive: bool, bound: &FxHashSet<Slot>) -> Leaf {
        let (x, not) = match &x.e.kind {
            ExprKind::Not(e) => (x.sub(e), positive),
            _ => (x, !positive),
        };
        let known = self.mentioned(x).iter().all(|s| bound.contains(s));
        let formula = if known { self.apart(|u| u.formula(x, bound).ok()) } else { None };
        let sides = match &x.e.kind {
            ExprKind::Op(Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge, args) if formula.is_some() => match args.as_slice()
            {
                [a, b] => self.apart(|u| Some(Box::new((u.computed(x.sub(a), bound).ok()?, u.computed(x.sub(b), bound).ok()?)))),
                _ => None,
            },
            _ => None,
        };
        Leaf { formula, not, sides, place: x.e.place }
    }

    /// What is lowered must not make anything be kept that was not.
    fn apart<T>(&mut self, lower: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (histories, cells, kept) = (self.context.histories, self.context.cells, self.context.kept);
        let needs = |h: &[HistoryInfo]| h.iter().map(|h| h.needs.len()).collect::<Vec<_>>();
        let before = (needs(&histories.borrow()), cells.borrow().len(), kept.borrow().len());
        let made = lower(self);
        let same = needs(&histories.borrow()) == before.0 && cells.borrow().len() == before.1;
        histories.borrow_mut().truncate(before.0.len());
        histories.borrow_mut().iter_mut().zip(&before.0).for_each(|(h, n)| h.needs.truncate(*n));
        cells.borrow_mut().truncate(before.1);
        kept.borrow_mut().truncate(before.2);
        made.filter(|_| same)
    }
}
