//! Interventions: what is true in which of their worlds. A are evaluated together; the world before each is among them.
use super::invariant::{Violations, message};
use crate::engine::formula::join;
use crate::engine::{Annotation, Machine, Many};
use crate::plan::intervention::InterventionPlan;
use crate::plan::{InvariantPlan, RelId, Slot};
use crate::scalar::{Element, KindId, Val};
use crate::structure::world::World;
use std::collections::BTreeMap;

/// What an expectation amounts to in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It is met.
    Met,
    /// It is met, but there was nothing to ask: what must hold was broken before, and nothing new broke.
    Vacuous,
    /// It is not met.
    Missed,
    /// A fault, by number, stands in the way.
    Unknown(u32),
}

/// A world and what the variables stand for in it.
#[derive(Clone, Debug)]
pub struct Try {
    /// Its number.
    pub world: World,
    /// The variables' slots.
    pub values: Vec<(Slot, Val)>,
}

/// Where an invariant has no violation that the world before has not; and where that says nothing, because it was broken before.
pub fn holds<A: Many>(m: &Machine<A>, plan: &InvariantPlan, v: &Violations<A>, worlds: &A) -> (Option<A>, Option<A>) {
    let (mut fails, mut broke): (Option<A>, Option<A>) = (None, None);
    for (c, rows) in plan.clauses.iter().zip(&v.found) {
        // by key: what only the message reads does not tell violations apart
        let mut keyed: BTreeMap<&[Val], A> = BTreeMap::new();
        for (row, a) in rows {
            let key = row.get(..c.binding.len()).unwrap_or(row);
            let old = keyed.remove(key);
            keyed.insert(key, join(old, a));
        }
        for a in keyed.values() {
            let was = a.after(m.before).and_then(|w| w.and(worlds));
            if let Some(new) = worlds.not(was.as_ref()).and_then(|n| n.and(a)) {
                fails = Some(join(fails, &new));
            }
            if let Some(w) = was {
                broke = Some(join(broke, &w));
            }
        }
    }
    let holds = worlds.not(fails.as_ref());
    let vacuous = broke.and_then(|b| b.certain()).and_then(|b| b.and(holds.as_ref()?)).and_then(|v| v.certain());
    (holds, vacuous)
}

/// Where a relation has facts that the world before has not, or has not those that it has; apart from those that mention an element
/// that is there in only one of the two.
pub fn changed<A: Annotation>(m: &mut Machine<A>, id: RelId, worlds: &A) -> Option<A> {
    let mut all: Option<A> = None;
    let r = m.relation(id)?;
    let broken = r.broken.clone();
    let values = r.info.combine.is_some();
    for n in 0..r.len() {
        let tuple = r.row(n);
        if values {
            for (v, a) in r.pieces(n) {
                let tuple: Vec<Val> = tuple.iter().copied().chain([*v]).collect();
                differ(m, &tuple, a, worlds, &mut all);
            }
        } else if let Some(a) = r.annotation(n) {
            differ(m, tuple, a, worlds, &mut all);
        }
    }
    if let Some((w, f)) = broken.as_ref().and_then(A::faulty) {
        let here = w.and(worlds).into_iter().chain(w.after(m.before).and_then(|w| w.and(worlds)));
        for w in here {
            all = Some(join(all, &w.blame(f)));
        }
    }
    all
}

/// The same of the edges of a kind: which nodes they join.
pub fn rewired<A: Annotation>(m: &mut Machine<A>, kind: KindId, worlds: &A) -> Option<A> {
    let mut pairs: BTreeMap<(u32, u32), A> = BTreeMap::new();
    let table = m.graph.edges(kind)?;
    for (i, (f, t)) in table.from.iter().zip(&table.to).enumerate() {
        if let Some(a) = m.existence(Val::edge(table.base + i as u32)) {
            let old = pairs.remove(&(*f, *t));
            pairs.insert((*f, *t), join(old, &a));
        }
    }
    let mut all = None;
    for ((f, t), a) in pairs {
        differ(m, &[Val::node(f), Val::node(t)], &a, worlds, &mut all);
    }
    all
}

fn differ<A: Annotation>(m: &Machine<A>, tuple: &[Val], a: &A, worlds: &A, all: &mut Option<A>) {
    if let Some(other) = unlike(m, a, worlds).and_then(|u| both_there(m, tuple, worlds, u)) {
        *all = Some(join(all.take(), &other));
    }
}

/// Where something is other than in the world before.
fn unlike<A: Annotation>(m: &Machine<A>, a: &A, worlds: &A) -> Option<A> {
    let was = a.after(m.before).and_then(|w| w.and(worlds));
    let new = worlds.not(was.as_ref()).and_then(|n| n.and(a));
    let lost = worlds.not(Some(a)).and_then(|n| n.and(was.as_ref()?));
    match (new, lost) {
        (Some(n), Some(l)) => Some(join(Some(n), &l)),
        (n, l) => n.or(l),
    }
}

/// Of some worlds those in which the elements of a tuple are neither removed nor added.
fn both_there<A: Annotation>(m: &Machine<A>, tuple: &[Val], worlds: &A, mut left: A) -> Option<A> {
    for v in tuple.iter().filter(|v| v.as_element().is_some()) {
        if !m.exists.contains_key(v) {
            continue;
        }
        let other = match m.existence(*v) {
            Some(e) => unlike(m, &e, worlds),
            None => None,
        };
        left = left.possible().except_certain(other.as_ref()).and_then(|w| w.and(&left))?;
    }
    Some(left)
}

/// What each expectation amounts to in each world. `vacuous` says, by expectation, where being met says nothing.
pub fn judge<A: Many>(m: &mut Machine<A>, plan: &InterventionPlan, tries: &[Try], vacuous: &[Option<A>]) -> Vec<Vec<Truth>> {
    let numbers: Vec<World> = tries.iter().map(|t| t.world).collect();
    let Some(worlds) = m.universe.these(&numbers) else { return vec![] };
    m.frame(plan.slots);
    let together: Vec<Option<Option<A>>> = plan.expects.iter().map(|e| (!e.own).then(|| m.truth(&e.formula, &worlds))).collect();
    let mut all = vec![];
    for t in tries {
        let mut row: Vec<Option<A>> = together.iter().map(|t| t.clone().flatten()).collect();
        if plan.expects.iter().any(|e| e.own) {
            let found = each(m, plan, t, &mut |m, a| {
                plan.expects.iter().map(|e| if e.own { m.truth(&e.formula, &a) } else { None }).collect()
            });
            for (slot, (e, found)) in row.iter_mut().zip(plan.expects.iter().zip(found)) {
                if e.own {
                    *slot = found;
                }
            }
        }
        let truth = |(n, a): (usize, &Option<A>)| match a.as_ref().and_then(|a| a.at(t.world)) {
            Some(true) if vacuous.get(n).and_then(|v| v.as_ref()).is_some_and(|v| v.at(t.world) == Some(true)) => Truth::Vacuous,
            Some(true) => Truth::Met,
            Some(false) => Truth::Unknown(a.as_ref().map_or(0, Many::fault)),
            None => Truth::Missed,
        };
        all.push(row.iter().enumerate().map(truth).collect());
        if m.halted() {
            break;
        }
    }
    all
}

/// Binds a world's variables and `let`s, and joins what is found there.
fn each<A: Many>(
    m: &mut Machine<A>,
    plan: &InterventionPlan,
    t: &Try,
    find: &mut dyn FnMut(&mut Machine<A>, A) -> Vec<Option<A>>,
) -> Vec<Option<A>> {
    let mut all: Vec<Option<A>> = plan.expects.iter().map(|_| None).collect();
    let Some(here) = m.universe.these(&[t.world]) else { return all };
    t.values.iter().for_each(|(s, v)| m.set(*s, *v));
    m.run(&plan.lets, here, &mut |m, a| {
        for (slot, new) in all.iter_mut().zip(find(m, a)) {
            if let Some(new) = new {
                *slot = Some(join(slot.take(), &new));
            }
        }
        m.halted()
    });
    all
}

/// The message of an expectation in a world; removed elements are read as they were.
pub fn said<A: Many>(m: &mut Machine<A>, plan: &InterventionPlan, expect: usize, t: &Try) -> Option<String> {
    let p = plan.expects.get(expect)?.message.as_ref()?;
    m.frame(plan.slots);
    m.as_it_was = true;
    let mut text = None;
    each(m, plan, t, &mut |m, a| {
        text = Some(message(m, p, a));
        vec![]
    });
    m.as_it_was = false;
    text
}

/// The facts of a relation that a world has and the one before has not, and the other way round: certain ones, so many at most, and
/// how many there are.
#[derive(Clone, Debug, Default)]
pub struct Shift {
    /// Tuples, with the value of a value rule.
    pub facts: Vec<Vec<Val>>,
    /// How many.
    pub count: u64,
}

/// What a relation gained and lost in a world.
pub fn shift<A: Many>(m: &Machine<A>, id: RelId, world: World, before: World, most: usize) -> (Shift, Shift) {
    let (mut gained, mut lost) = (Shift::default(), Shift::default());
    let Some(r) = m.relation(id) else { return (gained, lost) };
    let mut note = |tuple: Vec<Val>, a: &A| {
        let to = match (a.at(before), a.at(world)) {
            (None, Some(true)) => &mut gained,
            (Some(true), None) => &mut lost,
            _ => return,
        };
        to.count += 1;
        to.facts.push(tuple);
    };
    for n in 0..r.len() {
        if r.info.combine.is_some() {
            r.pieces(n).iter().for_each(|(v, a)| note(r.row(n).iter().copied().chain([*v]).collect(), a));
        } else if let Some(a) = r.annotation(n) {
            note(r.row(n).to_vec(), a);
        }
    }
    for s in [&mut gained, &mut lost] {
        let dictionary = &m.graph.dictionary;
        s.facts.sort_by(|x, y| {
            let pairs = x.iter().zip(y).map(|(a, b)| dictionary.compare(*a, *b));
            pairs.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        s.facts.truncate(most);
    }
    (gained, lost)
}

/// Whether an element is there in a world.
pub fn is_there<A: Many>(m: &Machine<A>, e: Element, world: World) -> bool {
    let v = match e {
        Element::Node(n) => Val::node(n),
        Element::Edge(n) => Val::edge(n),
        Element::Event(n) => Val::event(n),
    };
    m.existence(v).is_some_and(|a| a.at(world) == Some(true))
}
