//! Lowering of the words of time: windows, `earlier`, `since`, `consecutive`, `last N`. Each looks at a part of the history, from an event
//! that is now. Used by unit, block and expression.
use super::ir::*;
use super::unit::*;
use crate::base::Place;
use crate::scalar::{Calendar, Op, Type, Val};
use crate::semantics::hir::{self, Domain, ExprKind, Scope};
use crate::structure::schema::AttrId;
use std::sync::Arc;

/// An event of the history, as a conjunct.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its kinds.
    pub ty: Type,
    /// Its slot.
    pub slot: Slot,
    /// The event that is now.
    pub now: Slot,
    /// See [`PastSpec`].
    pub present: bool,
    /// See [`PastSpec`].
    pub within: Option<i64>,
    /// See [`PastSpec`].
    pub per: Option<(Calendar, Arc<str>)>,
    /// See [`PastSpec`].
    pub behind: Option<Slot>,
    /// See [`PastSpec`].
    pub ahead: bool,
    /// See [`PastSpec`].
    pub latest: bool,
}

impl Past {
    fn new(ty: &Type, slot: Slot, now: Slot) -> Past {
        Past { ty: ty.clone(), slot, now, present: true, within: None, per: None, behind: None, ahead: false, latest: false }
    }
}

/// What of `x.attr == e` an index of events answers: the attribute and the other side.
type Answer<'a> = (AttrId, E<'a>);

impl<'p> Unit<'p, '_> {
    /// The clause's first parameter is its now, if it is an event.
    pub(super) fn now_of(&mut self, env: usize, clause: &hir::Clause, rule: &hir::Rule) {
        if let (Some(Type::Event(_)), Some(first)) = (rule.params.first(), clause.head.first()) {
            let slot = self.slot(env, *first);
            self.nows.insert(env, slot);
        }
    }

    /// An event of the history up to now.
    pub(super) fn history<'a>(&self, ty: &Type, slot: Slot, env: usize) -> Conjunct<'a> {
        Conjunct::Past(Past::new(ty, slot, self.nows.get(&env).copied().unwrap_or(slot)))
    }

    /// The window at a place, if it is not the one that is written there.
    fn window(&self, place: Place, written: Option<i64>) -> Option<i64> {
        self.context.widened.filter(|w| w.0 == place).map_or(written, |w| w.1)
    }

    /// A binder of events where there is a now: the history up to it, or its window.
    pub(super) fn past_of(&mut self, b: &hir::Binder, env: usize) -> Result<Option<Past>> {
        let Domain::Kind(ty @ Type::Event(_)) = &b.domain else { return Ok(None) };
        let Some(now) = self.nows.get(&env).copied() else {
            return if b.window.is_some() { unsupported(b.place, "a window without a now") } else { Ok(None) };
        };
        let mut past = Past::new(ty, self.binder_slot(env, b), now);
        if let Some(w) = &b.window {
            past.within = self.window(b.place, w.within);
            past.per = w.per.as_ref().map(|(unit, zone)| (Calendar::of(unit), zone.clone()));
        }
        Ok(Some(past))
    }

    /// The slots of the binders of an `earlier`.
    pub(super) fn earlier_slots(&self, x: E<'_>) -> Vec<Slot> {
        let ExprKind::Earlier { binders, .. } = &x.e.kind else { return vec![] };
        binders.iter().filter_map(|b| b.var).map(|v| self.slot(x.env, v)).collect()
    }

    /// The conditions on an event of the history that an index answers: their positions, and what they ask.
    pub(super) fn past_key<'a>(
        &self,
        p: &Past,
        list: &[Conjunct<'a>],
        left: &[usize],
        bound: &Bound,
    ) -> (Vec<usize>, Vec<Answer<'a>>) {
        let (mut answered, mut key): (Vec<usize>, Vec<Answer<'a>>) = (vec![], vec![]);
        for i in left {
            let Some(Conjunct::Formula(x)) = list.get(*i) else { continue };
            let ExprKind::Op(Op::Eq, args) = &x.e.kind else { continue };
            let [a, b] = args.as_slice() else { continue };
            for (l, r) in [(a, b), (b, a)] {
                let ExprKind::Attr(of, attr) = &l.kind else { continue };
                let ExprKind::Var(v) = of.kind else { continue };
                let plain = self.context.schema.attr(*attr).is_some_and(|a| !a.mechanism);
                let known = self.mentioned(x.sub(r)).iter().all(|s| bound.contains(s));
                if plain && known && self.slot(x.env, v) == p.slot && !key.iter().any(|k| k.0 == *attr) {
                    answered.push(*i);
                    key.push((*attr, x.sub(r)));
                    break;
                }
            }
        }
        (answered, key)
    }

    /// The step that gives (or checks) an event of the history.
    pub(super) fn past(&mut self, p: &Past, mut key: Vec<Answer<'_>>, bound: &mut Bound, steps: &mut Vec<Step>) -> Result<()> {
        key.sort_by_key(|k| k.0);
        let mut consts: Vec<(AttrId, Val)> = vec![];
        key.retain(|(attr, x)| {
            let known = match &x.e.kind {
                // a constant of a family is another one for each member
                _ if self.replaced.contains_key(&x.key()) => return true,
                ExprKind::Const(v) => self.dictionary.intern(v.clone()),
                ExprKind::Param(p) => self.context.params.get(p.0 as usize).copied().unwrap_or(Val::NONE),
                _ => return true,
            };
            consts.push((*attr, known));
            false
        });
        let mut slots = vec![];
        for (_, x) in &key {
            let value = self.scalar(*x, bound, steps)?;
            slots.push(match value {
                Scalar::Slot(s) => s,
                value => {
                    let slot = self.fresh();
                    steps.push(Step::Let { slot, value });
                    slot
                }
            });
        }
        let keyed = Keyed { ty: p.ty.clone(), consts, attrs: key.iter().map(|k| k.0).collect() };
        // what is seen from an event of the past may be older than any window that ends now
        let from_now = self.nows.values().any(|n| *n == p.now);
        let need = match (p.within, &p.per, p.behind) {
            _ if !from_now => Need::All,
            (Some(d), ..) => Need::Within(d),
            (None, Some((unit, _)), _) => Need::Within(unit.longest()),
            _ => Need::All,
        };
        // what meets an obligation is judged when that is due, and looks back from before
        let need = match (self.ahead, need) {
            (Some(due), Need::Within(d)) if !p.ahead => Need::Within(d.saturating_add(due)),
            (_, need) => need,
        };
        let mut all = self.context.histories.borrow_mut();
        let history = match all.iter().position(|h| h.keyed == keyed) {
            Some(i) => i,
            None => {
                all.push(HistoryInfo { keyed, needs: vec![] });
                all.len() - 1
            }
        };
        all.get_mut(history).into_iter().for_each(|h| h.needs.push(need));
        let spec = PastSpec {
            ty: p.ty.clone(),
            now: p.now,
            present: p.present,
            within: p.within,
            per: p.per.clone(),
            behind: p.behind,
            ahead: p.ahead,
            latest: p.latest,
            history: history as u32,
            key: slots,
        };
        let event = if bound.insert(p.slot) { Arg::Bind(p.slot) } else { Arg::Key(p.slot) };
        steps.push(Step::Past { spec: Arc::new(spec), event });
        Ok(())
    }

    /// Events that a fact brings are not after now.
    pub(super) fn events_seen(&mut self, relation: RelId, types: &[Type], env: usize, args: &mut [Arg]) -> Vec<Step> {
        let Some(now) = self.nows.get(&env).copied() else { return vec![] };
        let mut steps = vec![];
        for (arg, _) in args.iter_mut().zip(types).filter(|(_, t)| matches!(t, Type::Event(_))) {
            if *arg == Arg::Any {
                *arg = Arg::Bind(self.fresh());
            }
            if let Arg::Bind(s) = arg {
                // what meets an obligation comes behind now
                if self.ahead.is_none() {
                    steps.push(Step::NotAfter(*s, now));
                }
                self.context.kept.borrow_mut().push(relation);
            }
        }
        steps
    }

    /// `earlier a: A then b: B within D where φ`: the latest b, and of it the latest a.
    pub(super) fn earlier(&mut self, x: E<'_>, bound: &mut Bound, steps: &mut Vec<Step>) -> Result<()> {
        let ExprKind::Earlier { binders, within, filter } = &x.e.kind else { return Ok(()) };
        let within = self.window(x.e.place, *within);
        let Some(mut now) = self.nows.get(&x.env).copied() else {
            return unsupported(x.e.place, "`earlier` without a now");
        };
        let mut list: Vec<Conjunct<'_>> = vec![];
        let mut slots = vec![];
        // what is known already must be what is found
        let mut known = vec![];
        let several = binders.len() > 1;
        for (n, b) in binders.iter().rev().enumerate() {
            let Domain::Kind(ty) = &b.domain else { continue };
            let slot = match b.var {
                Some(v) => self.slot(x.env, v),
                None => self.fresh(),
            };
            if bound.remove(&slot) {
                let saved = self.fresh();
                steps.push(Step::Let { slot: saved, value: Scalar::Slot(slot) });
                known.push((slot, saved));
            }
            let mut past = Past::new(ty, slot, now);
            (past.present, past.latest) = (false, true);
            if n == 0 && !several {
                past.within = within;
            }
            list.push(Conjunct::Past(past));
            slots.push(slot);
            now = slot;
        }
        // from the first to the last
        if let (true, Some(d), [last, .., first]) = (several, within, slots.as_slice()) {
            let mut past = Past::new(&Type::Event(crate::scalar::Kinds::Any), *first, *last);
            past.within = Some(d);
            list.push(Conjunct::Past(past));
        }
        if let Some(f) = filter {
            self.conjuncts(E { e: f, env: x.env }, &mut list);
        }
        let mut inner = bound.clone();
        let block = self.block(list, &mut inner, &slots)?;
        if !several {
            self.newest_alone(&block);
        }
        bound.extend(slots);
        steps.push(Step::Latest(block));
        for (found, saved) in known {
            let same = Scalar::Op(Op::Eq, vec![Scalar::Slot(found), Scalar::Slot(saved)], x.e.place);
            steps.push(Step::Filter(Formula::Test(Computed { block: Block::default(), result: same })));
        }
        Ok(())
    }

    /// Of a block that gives the newest first and of which the first binding counts: if its index answers all conditions, no older event is
    /// needed.
    fn newest_alone(&self, block: &Block) {
        let Some((Step::Past { spec, event: Arg::Bind(_) }, before)) = block.steps.split_last() else { return };
        // a fault of what is asked of now makes all doubtful, and then the older ones matter too
        if self.ahead.is_some() || before.iter().any(|s| matches!(s, Step::Filter(f) if !sure(f))) {
            return;
        }
        let mut all = self.context.histories.borrow_mut();
        if let Some(n) = all.get_mut(spec.history as usize).and_then(|h| h.needs.last_mut())
            && *n == Need::All
        {
            *n = Need::Latest;
        }
    }

    /// An `earlier` of whose event nothing else speaks only asks whether there is one.
    pub(super) fn existing<'a>(&mut self, list: Vec<Conjunct<'a>>, bound: &Bound, needed: &[Slot]) -> Vec<Conjunct<'a>> {
        let sought = |c: &Conjunct<'a>| match c {
            Conjunct::Earlier(x) => self.earlier_slots(*x),
            _ => vec![],
        };
        let all: Vec<Slot> = list.iter().flat_map(sought).collect();
        if all.is_empty() {
            return list;
        }
        self.levels.push(all.into_iter().collect());
        let spoken: Vec<Vec<Slot>> = list.iter().map(|c| self.conjunct_slots(c)).collect();
        self.levels.pop();
        let plain = |(i, c): (usize, Conjunct<'a>)| {
            let Conjunct::Earlier(x) = c else { return c };
            let elsewhere = |s: &Slot| spoken.iter().enumerate().any(|(j, l)| j != i && l.contains(s));
            match self.earlier_slots(x).iter().any(|s| bound.contains(s) || needed.contains(s) || elsewhere(s)) {
                true => Conjunct::Earlier(x),
                false => Conjunct::Formula(x),
            }
        };
        list.into_iter().enumerate().map(plain).collect()
    }

    /// Whether there is an event before now; of events that are known already, whether they are the latest.
    pub(super) fn happened(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        let mut steps = vec![];
        self.earlier(x, &mut bound.clone(), &mut steps)?;
        let known = self.earlier_slots(x).iter().any(|s| bound.contains(s));
        if let (false, [Step::Latest(block)]) = (known, steps.as_slice()) {
            return Ok(Formula::Exists(block.clone()));
        }
        Ok(Formula::Exists(Block { steps }))
    }

    /// `last N x: E where φ`: φ selects, the latest are kept.
    pub(super) fn last(&mut self, n: u64, scope: &Scope, env: usize, bound: &mut Bound, steps: &mut Vec<Step>) -> Result<()> {
        let slots = self.binder_slots(scope, env);
        let block = self.newest_first(scope, env, None, bound)?.0;
        bound.extend(slots);
        steps.push(Step::Last(n, block));
        Ok(())
    }

    /// The events of a scope with one binder, newest first; strictly behind another, if there is one, and then before now.
    fn newest_first(&mut self, scope: &Scope, env: usize, behind: Option<Slot>, bound: &Bound) -> Result<(Block, Bound)> {
        let mut list = vec![];
        for b in &scope.binders {
            let Some(mut past) = self.past_of(b, env)? else { return unsupported(b.place, "this binder in the past") };
            past.latest = true;
            (past.behind, past.present) = (behind, behind.is_none());
            list.push(Conjunct::Past(past));
        }
        if let Some(f) = &scope.filter {
            self.conjuncts(E { e: f, env }, &mut list);
        }
        let mut inner = bound.clone();
        let slots = self.binder_slots(scope, env);
        let block = self.block(list, &mut inner, &slots)?;
        Ok((block, inner))
    }

    /// `no x: E where φ since y: F where ψ`: of the latest y.
    pub(super) fn since(&mut self, x: E<'_>, none: &Scope, since: &Scope, bound: &Bound) -> Result<Formula> {
        let mut list = vec![];
        let mut slots = vec![];
        for b in &since.binders {
            let Some(mut past) = self.past_of(b, x.env)? else { return unsupported(b.place, "this binder in the past") };
            (past.latest, past.present) = (true, false);
            slots.push(past.slot);
            list.push(Conjunct::Past(past));
        }
        let Some(behind) = slots.first().copied() else { return unsupported(x.e.place, "`since` of nothing") };
        if let Some(f) = &since.filter {
            self.conjuncts(E { e: f, env: x.env }, &mut list);
        }
        let mut inner = bound.clone();
        let latest = self.block(list, &mut inner, &slots)?;
        self.newest_alone(&latest);
        let mut seen = bound.clone();
        seen.extend(slots);
        let between = self.newest_first(none, x.env, Some(behind), &seen)?.0;
        self.newest_alone(&between);
        let none = Step::Filter(Formula::Not(Box::new(Formula::Exists(between))));
        Ok(Formula::Exists(Block { steps: vec![Step::Latest(latest), none] }))
    }

    /// `consecutive(r: E where group satisfies φ)`.
    pub(super) fn consecutive(&mut self, slot: Slot, scope: &Scope, satisfies: E<'_>, bound: &Bound) -> Result<Step> {
        let env = satisfies.env;
        let (block, inner) = self.newest_first(scope, env, None, bound)?;
        let place = satisfies.e.place;
        let satisfies = self.formula(satisfies, &inner)?;
        let binders = self.binder_slots(scope, env);
        let cell = self.cell(&block, &binders, None, CellForm::Run(satisfies.clone()), place);
        Ok(Step::Consecutive { slot, block, satisfies, cell })
    }

    /// `oblige r: E within D where φ`: whether it is met.
    pub(super) fn met(&mut self, scope: &Scope, within: i64, bound: &Bound) -> Result<Formula> {
        let mut list = vec![];
        for b in &scope.binders {
            let Some(mut past) = self.past_of(b, 0)? else { return unsupported(b.place, "this binder in an obligation") };
            (past.ahead, past.present, past.within) = (true, false, Some(within));
            list.push(Conjunct::Past(past));
        }
        if let Some(f) = &scope.filter {
            self.conjuncts(E { e: f, env: 0 }, &mut list);
        }
        let mut inner = bound.clone();
        self.ahead = Some(within);
        let block = self.block(list, &mut inner, &[]);
        self.ahead = None;
        Ok(Formula::Exists(block?))
    }
}

/// Whether a formula is never a fault.
fn sure(f: &Formula) -> bool {
    let known = |s: &Scalar| matches!(s, Scalar::Slot(_) | Scalar::Const(_));
    match f {
        Formula::Const(_) => true,
        Formula::Not(inner) => sure(inner),
        Formula::And(parts) | Formula::Or(parts) => parts.iter().all(sure),
        Formula::Test(Computed { block, result: Scalar::Op(Op::Eq | Op::Ne | Op::In, args, _) }) => {
            block.steps.iter().all(|s| matches!(s, Step::Read { .. } | Step::ReadField { .. })) && args.iter().all(known)
        }
        _ => false,
    }
}
