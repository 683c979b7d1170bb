//! Policies at events: which clauses fire, what follows from them, which obligations stay open; over a whole trace, in whatever worlds there
//! are. Called by session.
use super::invariant;
use crate::engine::formula::join;
use crate::engine::{Annotation, Machine};
use crate::plan::policy::{ClauseOfPolicy, PolicyAct, PolicyPlan};
use crate::plan::{Arg, Block, CellUse, Effect, Formula, Step};
use crate::scalar::{KindId, Val};
use std::sync::Arc;

/// What a policy says of an event that it is on.
#[derive(Clone, Debug)]
pub struct At<A> {
    /// Which policy.
    pub policy: usize,
    /// Where it is on the event.
    pub on: A,
    /// The clauses that fire, and where.
    pub fired: Vec<(usize, A)>,
    /// The obligations that nothing of the trace meets, by clause, and where.
    pub unmet: Vec<(usize, A)>,
    /// Where the future is not there yet: the obligations that open, by clause, with the frame from which they are judged when due.
    pub opened: Vec<(usize, A, Box<[Val]>)>,
}

impl<A: Annotation> At<A> {
    /// Where one of the policy's clauses has an effect.
    pub fn effect(&self, plan: &PolicyPlan, wanted: Effect) -> Option<A> {
        let has = |c: &usize| matches!(plan.clauses.get(*c).map(|c| &c.form), Some(PolicyAct::Effect(e, _)) if *e == wanted);
        self.fired.iter().filter(|f| has(&f.0)).fold(None, |all, f| Some(join(all, &f.1)))
    }
    /// A fault that stands before what the policy says.
    pub fn fault(&self) -> Option<u32> {
        let all = self.fired.iter().chain(&self.unmet).map(|f| &f.1).chain(self.opened.iter().map(|o| &o.1));
        std::iter::once(&self.on).chain(all).find_map(|a| a.faulty()).map(|f| f.1)
    }
}

/// What all policies together say of an event.
#[derive(Clone, Debug)]
pub struct Together<A> {
    /// Where any forbids it.
    pub forbids: Option<A>,
    /// Where none permits it, forbids it or escalates it.
    pub default: Option<A>,
    /// Where any escalates it.
    pub escalates: Option<A>,
    /// Where it is permitted.
    pub permits: Option<A>,
}

/// Which policies are on which kinds.
pub struct Governed {
    by_kind: Vec<Vec<usize>>,
    observed: Vec<bool>,
}

impl Governed {
    /// Of some policies.
    pub fn new<A: Annotation>(m: &Machine<A>, plans: &[PolicyPlan]) -> Governed {
        let schema = &m.graph.schema;
        let mut by_kind: Vec<Vec<usize>> = vec![vec![]; schema.kinds.len()];
        for (i, p) in plans.iter().enumerate() {
            let Some((sort, kinds)) = crate::engine::machine::sort_of(&p.ty) else { continue };
            for k in schema.below(sort, kinds) {
                by_kind.get_mut(k.0 as usize).into_iter().for_each(|l| l.push(i));
            }
        }
        Governed { by_kind, observed: schema.kinds.iter().map(|k| k.observed).collect() }
    }
    /// The policies on a kind.
    pub fn on(&self, kind: KindId) -> &[usize] {
        self.by_kind.get(kind.0 as usize).map_or(&[], |l| l)
    }
    /// Whether events of a kind are decided.
    pub fn decides(&self, kind: KindId) -> bool {
        self.observed.get(kind.0 as usize) == Some(&false) && !self.on(kind).is_empty()
    }
}

/// What a policy says of an event, within a set of worlds. None if it is on it in none of them.
pub fn at<A: Annotation>(m: &mut Machine<A>, (policy, plan): (usize, &PolicyPlan), event: Val, worlds: &A) -> Option<At<A>> {
    m.frame(plan.slots);
    m.set(plan.now, event);
    let mut on: Option<A> = None;
    if plan.on.steps.is_empty() {
        on = Some(worlds.clone());
    } else {
        m.run(&plan.on, worlds.clone(), &mut |m, a| {
            on = Some(join(on.take(), &a));
            m.halted() || worlds.except_certain(on.as_ref()).is_none()
        });
    }
    let on = on?;
    let mut fired: Vec<(usize, A)> = vec![];
    let mut unmet: Vec<(usize, A)> = vec![];
    let mut opened: Vec<(usize, A, Box<[Val]>)> = vec![];
    let add = |list: &mut Vec<(usize, A)>, n: usize, a: &A| match list.iter_mut().find(|f| f.0 == n) {
        Some(f) => {
            f.1.or(a);
        }
        None => list.push((n, a.clone())),
    };
    m.run(&plan.lets, on.clone(), &mut |m, a| {
        for (n, c) in plan.clauses.iter().enumerate() {
            let obliges = matches!(c.form, PolicyAct::Oblige { .. });
            m.run(&c.fires, a.clone(), &mut |m, a| {
                add(&mut fired, n, &a);
                if obliges && m.is_live() {
                    opened.push((n, a.clone(), m.slots.as_slice().into()));
                } else if let PolicyAct::Oblige { met, .. } = &c.form {
                    let worlds = a.possible();
                    let t = m.truth(met, &worlds);
                    if let Some(open) = worlds.not(t.as_ref()).and_then(|o| o.and(&a)) {
                        add(&mut unmet, n, &open);
                    }
                }
                m.halted() || !obliges && A::PLAIN
            });
            if m.halted() {
                return true;
            }
        }
        false
    });
    if plan.permits {
        // an obligation opens when its own policy permits
        let this = At { policy, on: on.clone(), fired, unmet: vec![], opened: vec![] };
        let permitted = this.effect(plan, Effect::Permit);
        let still = |a: A| a.and(permitted.as_ref()?);
        let unmet = unmet.into_iter().filter_map(|(n, a)| Some((n, still(a)?))).collect();
        let opened = opened.into_iter().filter_map(|(n, a, frame)| Some((n, still(a)?, frame))).collect();
        return Some(At { unmet, opened, ..this });
    }
    Some(At { policy, on, fired, unmet, opened })
}

/// Whether an obligation that was opened is unmet by what came since, from its frame.
pub fn unmet<A: Annotation>(m: &mut Machine<A>, clause: &ClauseOfPolicy, frame: &[Val], worlds: &A) -> Option<A> {
    let PolicyAct::Oblige { met, .. } = &clause.form else { return None };
    m.slots.clear();
    m.slots.extend_from_slice(frame);
    let t = m.truth(met, &worlds.possible());
    worlds.possible().not(t.as_ref()).and_then(|open| open.and(worlds))
}

/// What all policies together say of an event that is decided, within a set of worlds.
pub fn together<A: Annotation>(plans: &[PolicyPlan], found: &[At<A>], worlds: &A, default_permits: bool) -> Together<A> {
    let mut sum = Together { forbids: None, default: None, escalates: None, permits: None };
    // where a policy that may permit is unknown
    let mut unclear: Option<(A, u32)> = None;
    for a in found {
        let Some(plan) = plans.get(a.policy) else { continue };
        let gather = |into: &mut Option<A>, effect: Effect| {
            if let Some(e) = a.effect(plan, effect) {
                *into = Some(join(into.take(), &e));
            }
        };
        gather(&mut sum.forbids, Effect::Forbid);
        gather(&mut sum.escalates, Effect::Escalate);
        gather(&mut sum.permits, Effect::Permit);
        if plan.permits {
            for part in std::iter::once(&a.on).chain(a.fired.iter().map(|f| &f.1)) {
                if let Some((w, f)) = part.faulty() {
                    unclear = Some(match unclear.take() {
                        Some((mut u, g)) => {
                            u.or(&w);
                            (u, g.min(f))
                        }
                        None => (w, f),
                    });
                }
            }
        }
    }
    if default_permits {
        sum.permits = Some(worlds.clone());
    }
    let certain = |a: &Option<A>| a.as_ref().and_then(A::certain);
    let spoken = [&sum.forbids, &sum.escalates, &sum.permits].into_iter().filter_map(certain);
    let spoken = spoken.fold(None, |all: Option<A>, a| Some(join(all, &a)));
    let silent = worlds.except_certain(spoken.as_ref());
    sum.default = silent.and_then(|s| match &unclear {
        Some((w, f)) => {
            let clear = s.except_certain(Some(w));
            match s.and(w) {
                Some(u) => Some(join(clear, &u.blame(*f))),
                None => clear,
            }
        }
        None => Some(s),
    });
    // what is forbidden or escalated is not permitted, whatever permits it
    let not = |a: Option<A>, b: &Option<A>| a.and_then(|a| worlds.not(b.as_ref()).and_then(|n| n.and(&a)));
    sum.escalates = not(sum.escalates, &sum.forbids);
    sum.permits = not(not(sum.permits, &sum.forbids), &sum.escalates);
    sum
}

/// What a clause that fires at an event says: its message, if it has one.
pub fn told<A: Annotation>(m: &mut Machine<A>, plan: &PolicyPlan, clause: usize, event: Val, worlds: &A) -> Option<String> {
    let c = plan.clauses.get(clause)?;
    let message = c.message.as_ref()?;
    let mut text = None;
    first_firing(m, plan, clause, event, worlds, &mut |m, a| text = Some(invariant::message(m, message, a)));
    text
}

/// What a clause that fires at an event says, and on what it rests.
#[derive(Clone, Debug, Default)]
pub struct Firing {
    /// Its message, if it has one.
    pub message: Option<String>,
    /// The policy's `let`s.
    pub values: Vec<(Arc<str>, Val)>,
    /// The events that it found or counted, ascending.
    pub events: Vec<u32>,
}

/// See [`Firing`].
pub fn firing<A: Annotation>(m: &mut Machine<A>, plan: &PolicyPlan, clause: usize, event: Val, worlds: &A) -> Firing {
    let Some(c) = plan.clauses.get(clause) else { return Firing::default() };
    let mut firing = Firing { message: told(m, plan, clause, event, worlds), ..Firing::default() };
    let (mut found, mut uses) = (vec![], vec![]);
    [&plan.lets, &c.fires].into_iter().for_each(|b| past_of(b, &mut found, &mut uses));
    first_firing(m, plan, clause, event, worlds, &mut |m, _| {
        firing.values = plan.named.iter().map(|(n, s)| (n.clone(), m.get(*s))).collect();
        firing.events = found.iter().filter_map(|s| m.get(*s).as_event()).collect();
        for u in &uses {
            firing.events.extend(m.counted_events(u));
        }
    });
    firing.events.sort_unstable();
    firing.events.dedup();
    firing
}

/// The slots that `earlier` binds in a block, and the cells that it reads.
fn past_of<'a>(block: &'a Block, found: &mut Vec<u32>, uses: &mut Vec<&'a CellUse>) {
    for s in &block.steps {
        match s {
            Step::Latest(inner) => {
                found.extend(inner.steps.iter().filter_map(|s| match s {
                    Step::Past { event: Arg::Bind(e), .. } => Some(*e),
                    _ => None,
                }));
            }
            Step::Aggregate { spec, .. } => uses.extend(&spec.cell),
            Step::Filter(Formula::Test(c)) => past_of(&c.block, found, uses),
            Step::Filter(Formula::Exists(b)) => past_of(b, found, uses),
            _ => {}
        }
    }
}

/// Runs something at the first binding for which a clause fires.
fn first_firing<A: Annotation>(
    m: &mut Machine<A>,
    plan: &PolicyPlan,
    clause: usize,
    event: Val,
    worlds: &A,
    then: &mut dyn FnMut(&mut Machine<A>, A),
) {
    let Some(c) = plan.clauses.get(clause) else { return };
    m.frame(plan.slots);
    m.set(plan.now, event);
    m.run(&plan.lets, worlds.clone(), &mut |m, a| {
        m.run(&c.fires, a, &mut |m, a| {
            then(m, a);
            true
        })
    });
}

/// The new values that a `rewrite` gives: the keys of the way into a Json, and the value.
pub fn rewritten<A: Annotation>(
    m: &mut Machine<A>,
    plan: &PolicyPlan,
    clause: usize,
    event: Val,
    worlds: &A,
) -> Option<(Vec<Val>, Val)> {
    let c = plan.clauses.get(clause)?;
    let PolicyAct::Rewrite(_, path, value) = &c.form else { return None };
    let mut all: Vec<Val> = vec![];
    first_firing(m, plan, clause, event, worlds, &mut |m, a| {
        for part in path.iter().chain([value]) {
            m.run(&part.block, a.clone(), &mut |m, _| {
                let v = m.scalar(&part.result);
                all.push(v);
                true
            });
        }
    });
    let value = all.pop()?;
    Some((all, value))
}

/// Where time goes past an instant: where there is an event behind it.
pub fn passed<A: Annotation>(m: &Machine<A>, instant: i64, worlds: &A) -> Option<A> {
    let (mut low, mut high) = (0, m.graph.events());
    while low < high {
        let mid = low + (high - low) / 2;
        match m.graph.event_at(mid).is_some_and(|at| at > instant) {
            true => high = mid,
            false => low = mid + 1,
        }
    }
    let mut any: Option<A> = None;
    for e in low..m.graph.events() {
        if let Some(a) = m.existing(worlds.clone(), Val::event(e)) {
            any = Some(join(any, &a));
            if worlds.except_certain(any.as_ref()).is_none() {
                break;
            }
        }
    }
    any
}
