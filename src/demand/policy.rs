//! Policies at events: which clauses fire, what follows from them, which obligations stay open; over a whole trace, in whatever worlds there
//! are. Called by session.
use super::invariant;
use crate::engine::fault::Elsewhere;
use crate::engine::formula::join;
use crate::engine::{Annotation, Machine};
use crate::plan::policy::{ClauseOfPolicy, Joined, PolicyAct, PolicyPlan};
use crate::plan::{Arg, Block, CellUse, Effect, Formula, RelId, Step};
use crate::scalar::{KindId, Val};
use std::collections::BTreeMap;
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

/// Policies, by the kinds that they are on, those of one family together.
pub struct Governed {
    by_kind: Vec<Vec<usize>>,
    observed: Vec<bool>,
    groups: Vec<Group>,
    /// The policy of a number.
    index: Vec<usize>,
    /// For each policy, of how many events it was found on by itself; if that is wanted.
    counts: Option<Vec<u64>>,
    apart: Vec<(usize, bool)>,
}

/// A policy for itself, or those of a family whose constants are in its table.
struct Group {
    /// Ascending.
    policies: Vec<usize>,
    /// What finds them.
    joined: Option<Arc<Joined>>,
    /// How many events all of them were on alike.
    alike: u64,
}

impl Governed {
    /// Of some policies. Fills the tables of their families.
    pub fn new<A: Annotation>(m: &mut Machine<A>, plans: &[PolicyPlan]) -> Governed {
        let mut families: BTreeMap<RelId, Vec<usize>> = BTreeMap::new();
        for (i, p) in plans.iter().enumerate() {
            p.joined.iter().for_each(|j| families.entry(j.relation).or_default().push(i));
        }
        let mut groups: Vec<Group> = vec![];
        let mut index: Vec<usize> = vec![];
        for (i, p) in plans.iter().enumerate() {
            let Some(joined) = &p.joined else {
                groups.push(Group::single(i));
                continue;
            };
            let number = p.number as usize;
            index.resize(index.len().max(number + 1), usize::MAX);
            index.get_mut(number).into_iter().for_each(|n| *n = i);
            // one that is asked about alone is run alone
            let Some(kin) = families.remove(&joined.relation) else { continue };
            let (listed, alone) = if kin.len() > 1 { listed(m, plans, joined, kin) } else { (vec![], kin) };
            groups.push(Group { policies: listed, joined: Some(joined.clone()), alike: 0 });
            groups.extend(alone.into_iter().map(Group::single));
        }
        m.walks = Some(Default::default());
        let schema = &m.graph.schema;
        let mut by_kind: Vec<Vec<usize>> = vec![vec![]; schema.kinds.len()];
        for (g, group) in groups.iter().enumerate() {
            let Some(p) = group.policies.first().and_then(|i| plans.get(*i)) else { continue };
            let Some((sort, kinds)) = crate::engine::machine::sort_of(&p.ty) else { continue };
            for k in schema.below(sort, kinds) {
                by_kind.get_mut(k.0 as usize).into_iter().for_each(|l| l.push(g));
            }
        }
        Governed {
            by_kind,
            observed: schema.kinds.iter().map(|k| k.observed).collect(),
            groups,
            index,
            counts: None,
            apart: vec![],
        }
    }
    /// The same, that says of how many events each policy was on.
    pub fn counting(mut self, plans: &[PolicyPlan]) -> Governed {
        self.counts = Some(vec![0; plans.len()]);
        self
    }
    /// For each policy, of how many events it was on, if that is counted.
    pub fn counts(&self) -> Vec<u64> {
        let mut all = self.counts.clone().unwrap_or_default();
        for g in &self.groups {
            g.policies.iter().for_each(|i| all.get_mut(*i).into_iter().for_each(|n| *n += g.alike));
        }
        all
    }
    /// What policies say of an event, within a set of worlds, in their order. Those that say nothing may be left out.
    pub fn at<A: Annotation>(&mut self, m: &mut Machine<A>, plans: &[PolicyPlan], event: Val, worlds: &A) -> Vec<At<A>> {
        let groups = m.graph.kind_of(event).and_then(|k| self.by_kind.get(k.0 as usize));
        let found = Vec::with_capacity(groups.map_or(0, |g| g.len().min(8)));
        let mut all = Met { found, apart: std::mem::take(&mut self.apart), on: vec![], alike: vec![] };
        for g in groups.into_iter().flatten() {
            let Some(group) = self.groups.get(*g) else { continue };
            let Some((i, leader)) = group.policies.first().and_then(|i| Some((*i, plans.get(*i)?))) else { continue };
            let Some(joined) = &group.joined else {
                all.apart.push((i, true));
                continue;
            };
            m.working_on(&leader.title, leader.place);
            let kin = Kin { leader, group: *g, policies: &group.policies, index: &self.index, joined };
            kin.at(m, event, worlds, self.counts.is_some(), &mut all);
            if m.halted() {
                return vec![];
            }
        }
        // in their order, so that faults come as if each were by itself
        all.apart.sort();
        let mut apart = std::mem::take(&mut all.apart);
        for (i, counts) in apart.drain(..) {
            let Some(plan) = plans.get(i) else { continue };
            m.working_on(&plan.title, plan.place);
            let said = at(m, (i, plan), event, worlds);
            if m.halted() {
                return vec![];
            }
            all.on.extend(said.iter().filter(|a| counts && a.on.certain().is_some()).map(|_| i));
            all.found.extend(said);
        }
        self.apart = apart;
        if let Some(counts) = &mut self.counts {
            all.on.iter().for_each(|i| counts.get_mut(*i).into_iter().for_each(|n| *n += 1));
            all.alike.iter().for_each(|g| self.groups.get_mut(*g).into_iter().for_each(|g| g.alike += 1));
        }
        all.found.sort_by_key(|a| a.policy);
        all.found
    }
    /// Whether any policy is on a kind.
    pub fn any(&self, kind: KindId) -> bool {
        self.by_kind.get(kind.0 as usize).is_some_and(|l| !l.is_empty())
    }
    /// Whether events of a kind are decided.
    pub fn decides(&self, kind: KindId) -> bool {
        self.observed.get(kind.0 as usize) == Some(&false) && self.any(kind)
    }
}

impl Group {
    fn single(policy: usize) -> Group {
        Group { policies: vec![policy], joined: None, alike: 0 }
    }
}

/// What comes of an event.
struct Met<A> {
    /// What policies say.
    found: Vec<At<A>>,
    /// The policies that are yet to be run by themselves, and whether these are counted then.
    apart: Vec<(usize, bool)>,
    /// Those that are on it.
    on: Vec<usize>,
    /// The groups all of which are.
    alike: Vec<usize>,
}

/// A family at an event.
struct Kin<'a> {
    leader: &'a PolicyPlan,
    group: usize,
    policies: &'a [usize],
    index: &'a [usize],
    joined: &'a Joined,
}

impl Kin<'_> {
    /// Adds what its members say. Where a fault stands in the way, or an obligation opens, each concerned is to be run by itself: so what is
    /// said of it has its own places, and is as if it had no kin.
    fn at<A: Annotation>(&self, m: &mut Machine<A>, event: Val, worlds: &A, counting: bool, all: &mut Met<A>) {
        let faults = m.faults.len();
        // where all are on it alike, or each where it says
        let mut alike: Option<A> = None;
        let mut on: Vec<(usize, A)> = vec![];
        match &self.joined.on {
            None => {
                begin(m, self.leader, event);
                m.elsewhere = None;
                alike = placed(m, self.leader, worlds);
                let Some(a) = &alike else { return };
                if a.faulty().is_some() {
                    m.faults.forget(faults);
                    all.apart.extend(self.policies.iter().map(|i| (*i, true)));
                    return;
                }
            }
            Some(block) if counting || !A::PLAIN => {
                self.members(m, block, event, worlds, &mut |i, a| on.push((i, a)));
                merge(&mut on, |x| x.0, |x, y| _ = x.1.or(&y.1));
            }
            Some(_) => {}
        }
        let here = alike.as_ref().unwrap_or(worlds);
        let mut hits: Vec<(usize, usize, A)> = vec![];
        for (n, block) in self.joined.clauses.iter().enumerate() {
            if m.halted() {
                return;
            }
            self.members(m, block, event, here, &mut |i, a| hits.push((i, n, a)));
        }
        if m.halted() {
            return;
        }
        // only what is said of those concerned speaks of faults
        m.faults.forget(faults);
        merge(&mut hits, |h| (h.0, h.1), |x, y| _ = x.2.or(&y.2));
        let obliges = |n: usize| matches!(self.leader.clauses.get(n).map(|c| &c.form), Some(PolicyAct::Oblige { .. }));
        let mut apart: Vec<usize> = hits.iter().filter(|h| h.2.faulty().is_some() || obliges(h.1)).map(|h| h.0).collect();
        apart.extend(on.iter().filter(|o| o.1.faulty().is_some()).map(|o| o.0));
        apart.sort();
        apart.dedup();
        let joint = |i: usize| apart.binary_search(&i).is_err();
        for hit in hits.chunk_by(|a, b| a.0 == b.0) {
            let Some(policy) = hit.first().map(|h| h.0).filter(|i| joint(*i)) else { continue };
            let own = on.binary_search_by_key(&policy, |o| o.0).ok().and_then(|n| on.get(n)).map(|o| o.1.clone());
            let on = alike.clone().or(own).unwrap_or_else(|| worlds.clone());
            all.found.push(At {
                policy,
                on,
                fired: hit.iter().map(|h| (h.1, h.2.clone())).collect(),
                unmet: vec![],
                opened: vec![],
            });
        }
        match &alike {
            Some(a) => all.alike.extend(a.certain().map(|_| self.group)),
            None => all.on.extend(on.iter().filter(|o| o.1.certain().is_some() && joint(o.0)).map(|o| o.0)),
        }
        all.apart.extend(apart.into_iter().map(|i| (i, alike.is_none())));
    }

    /// The members that a block finds.
    fn members<A: Annotation>(&self, m: &mut Machine<A>, block: &Block, event: Val, worlds: &A, each: &mut dyn FnMut(usize, A)) {
        m.elsewhere = None;
        m.frame(self.joined.slots);
        m.set(self.leader.now, event);
        m.run(block, worlds.clone(), &mut |m, a| {
            let number = m.get(self.joined.member).as_small().and_then(|n| usize::try_from(n).ok());
            // one that is not asked about stands in the table too, if it was before
            if let Some(i) = number.and_then(|n| self.index.get(n)).filter(|i| **i != usize::MAX) {
                each(*i, a);
            }
            m.halted()
        });
    }
}

/// Sorts, and joins what has one key.
fn merge<T, K: Ord>(list: &mut Vec<T>, key: impl Fn(&T) -> K, join: impl Fn(&mut T, &T)) {
    list.sort_by_key(|x| key(x));
    list.dedup_by(|b, a| {
        let same = key(a) == key(b);
        if same {
            join(a, b);
        }
        same
    });
}

/// Puts the constants of a family's members into its table. Gives those that stand there, and those that cannot: they name a node that
/// there is not, and say so wherever that matters.
fn listed<A: Annotation>(m: &mut Machine<A>, plans: &[PolicyPlan], joined: &Joined, kin: Vec<usize>) -> (Vec<usize>, Vec<usize>) {
    let universe = m.universe.clone();
    let parts = kin.into_iter().partition(|i| {
        let (Some(plan), Some(number)) = (plans.get(*i), plans.get(*i).and_then(|p| Val::small(i64::from(p.number)))) else {
            return false;
        };
        let mut row = vec![number];
        for (v, kind) in plan.constants.1.iter().zip(&joined.lookups) {
            row.push(match kind {
                Some(k) => match m.graph.find_node(*k, *v) {
                    Some(n) => Val::node(n),
                    None => return false,
                },
                None => *v,
            });
        }
        if let Some(r) = m.relations.get_mut(joined.relation.0 as usize) {
            r.insert(&row, &universe);
        }
        true
    });
    m.relations.get_mut(joined.relation.0 as usize).into_iter().for_each(|r| r.settle());
    parts
}
/// What a policy says of an event, within a set of worlds. None if it is on it in none of them.
pub fn at<A: Annotation>(m: &mut Machine<A>, (policy, plan): (usize, &PolicyPlan), event: Val, worlds: &A) -> Option<At<A>> {
    begin(m, plan, event);
    let found = said(m, (policy, plan), worlds);
    m.elsewhere = None;
    found
}

/// A frame with what is known before a policy is run.
pub(super) fn begin<A: Annotation>(m: &mut Machine<A>, plan: &PolicyPlan, event: Val) {
    m.frame(plan.slots);
    m.set(plan.now, event);
    for (slot, v) in (plan.constants.0..).zip(plan.constants.1.iter()) {
        m.set(slot, *v);
    }
    let (numbers, places) = match &plan.places {
        Some((n, p)) => (n.clone(), p.clone()),
        None => return m.elsewhere = None,
    };
    m.elsewhere = Some(Elsewhere { numbers, places });
}

/// Where a policy is on the event.
fn placed<A: Annotation>(m: &mut Machine<A>, plan: &PolicyPlan, worlds: &A) -> Option<A> {
    if plan.on.steps.is_empty() {
        return Some(worlds.clone());
    }
    let mut on: Option<A> = None;
    m.run(&plan.on, worlds.clone(), &mut |m, a| {
        on = Some(join(on.take(), &a));
        m.halted() || worlds.except_certain(on.as_ref()).is_none()
    });
    on
}

fn said<A: Annotation>(m: &mut Machine<A>, (policy, plan): (usize, &PolicyPlan), worlds: &A) -> Option<At<A>> {
    let on = placed(m, plan, worlds)?;
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
    // a let that is different in different worlds may bring a later clause first
    fired.sort_by_key(|f| f.0);
    unmet.sort_by_key(|f| f.0);
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
                        // the first policy's, however faults are numbered
                        Some((mut u, g)) => {
                            u.or(&w);
                            (u, g)
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
        firing.values = plan.values.iter().map(|(n, s)| (n.clone(), m.get(*s))).collect();
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
            Step::Filter(Formula::Exists(b)) => {
                let event = |s: &'a Step| match s {
                    Step::Past { event: Arg::Bind(e), spec } if spec.latest => Some(*e),
                    _ => None,
                };
                found.extend(b.steps.iter().filter_map(event));
                past_of(b, found, uses);
            }
            _ => {}
        }
    }
}

/// Runs something at the first binding for which a clause fires.
pub(super) fn first_firing<A: Annotation>(
    m: &mut Machine<A>,
    plan: &PolicyPlan,
    clause: usize,
    event: Val,
    worlds: &A,
    then: &mut dyn FnMut(&mut Machine<A>, A),
) {
    let Some(c) = plan.clauses.get(clause) else { return };
    begin(m, plan, event);
    m.run(&plan.lets, worlds.clone(), &mut |m, a| {
        m.run(&c.fires, a, &mut |m, a| {
            then(m, a);
            true
        })
    });
    m.elsewhere = None;
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
    let PolicyAct::Rewrite(_, parts) = &c.form else { return None };
    let mut all: Vec<Val> = vec![];
    first_firing(m, plan, clause, event, worlds, &mut |m, a| {
        for part in parts.iter() {
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
