//! Invariants: bindings of the scope, then each clause; what is violated, what is unknown, what was vacuous.
use crate::base::Place;
use crate::engine::formula::join;
use crate::engine::{Annotation, Machine};
use crate::plan::path::Move;
use crate::plan::{DemandPlan, DemandPlanForm, Formula, InvariantPlan, MessagePart, MessagePlan, Scalar, Slot};
use crate::scalar::{Element, Val};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A violation with its values.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which clause.
    pub clause: usize,
    /// The clause.
    pub place: Place,
    /// The binding.
    pub binding: Vec<(Arc<str>, Val)>,
    /// The program's message, if it has one.
    pub message: Option<String>,
    /// Steps of paths: the text, and the edge if it is one.
    pub witness: Vec<(String, Option<Element>)>,
}

/// What was found about an invariant (in one world).
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Bindings of the scope; without one, one for each clause.
    pub checked: u64,
    /// How many violations.
    pub count: u64,
    /// The first of them, in order of their bindings.
    pub found: Vec<Found>,
    /// The faults that may hide more, by number.
    pub faults: Vec<u32>,
    /// A binding that each of these faults touches.
    pub touched: BTreeMap<u32, Vec<(Arc<str>, Val)>>,
    /// Whether there was nothing to check.
    pub vacuous: bool,
}

/// Rows of values, with where they are there.
pub type Rows<A> = IndexMap<Vec<Val>, A, FxBuildHasher>;

fn add<A: Annotation>(rows: &mut Rows<A>, key: Vec<Val>, a: &A) {
    match rows.get_mut(&key) {
        Some(old) => {
            old.or(a);
        }
        None => {
            rows.insert(key, a.clone());
        }
    }
}

/// The violations of an invariant by clause, with where each is one, and the bindings of its scope.
pub struct Violations<A> {
    /// By clause: its binding first, then what its message reads.
    pub found: Vec<Rows<A>>,
    /// The bindings of the scope.
    pub bindings: Rows<A>,
    kept: Vec<Vec<Slot>>,
}

/// Finds the violations of an invariant, in whatever worlds there are.
pub fn violations<A: Annotation>(m: &mut Machine<A>, plan: &InvariantPlan, name: &str) -> Violations<A> {
    m.working_on(name, plan.place);
    m.frame(plan.slots);
    let universe = m.here.clone();
    let mut bindings: Rows<A> = Rows::default();
    let binders: &[Slot] = plan.scope.as_ref().map_or(&[], |s| &s.1);
    match &plan.scope {
        None => {
            bindings.insert(vec![], universe.clone());
        }
        Some((block, binders)) => {
            m.run(block, universe.clone(), &mut |m, a| {
                add(&mut bindings, binders.iter().map(|s| m.get(*s)).collect(), &a);
                m.halted()
            });
        }
    }
    let mut found: Vec<Rows<A>> = plan.clauses.iter().map(|_| Rows::default()).collect();
    let kept: Vec<Vec<Slot>> = plan.clauses.iter().map(|c| kept(c, binders)).collect();
    for (binding, a) in &bindings {
        for (s, v) in binders.iter().zip(binding) {
            m.set(*s, *v);
        }
        let stop = m.run(&plan.lets, a.clone(), &mut |m, a| {
            for ((c, rows), kept) in plan.clauses.iter().zip(&mut found).zip(&kept) {
                let mut violated = |m: &Machine<A>, a: &A| add(rows, kept.iter().map(|s| m.get(*s)).collect(), a);
                match &c.form {
                    DemandPlanForm::Never(block) => {
                        m.run(block, a.clone(), &mut |m, a| {
                            violated(m, &a);
                            m.halted()
                        });
                    }
                    DemandPlanForm::Require(f) => {
                        let worlds = a.possible();
                        let t = m.truth(f, &worlds);
                        if m.halted() {
                            return true;
                        }
                        if let Some(v) = worlds.not(t.as_ref()).and_then(|v| v.and(&a)) {
                            violated(m, &v);
                        }
                    }
                }
            }
            m.halted()
        });
        if stop || m.halted() {
            break;
        }
    }
    Violations { found, bindings, kept }
}

/// Where an invariant has a violation.
pub fn breaks<A: Annotation>(v: &Violations<A>) -> Option<A> {
    v.found.iter().flat_map(Rows::values).fold(None, |all, a| Some(join(all, a)))
}

/// Where it has one of which a condition is true, that knows the violation's binding by name.
pub fn breaks_where<A: Annotation>(
    m: &mut Machine<A>,
    (plan, v): (&InvariantPlan, &Violations<A>),
    (slots, names, condition): (u32, &[(Arc<str>, Slot)], &Formula),
) -> Option<A> {
    let mut all = None;
    for (c, rows) in plan.clauses.iter().zip(&v.found) {
        let at = |n: &Arc<str>| c.binding.iter().position(|b| b.0 == *n);
        let places: Option<Vec<(Slot, usize)>> = names.iter().map(|(n, s)| at(n).map(|at| (*s, at))).collect();
        // a clause whose violations lack one of the names cannot be meant
        let Some(places) = places else { continue };
        for (row, a) in rows {
            m.frame(slots);
            places.iter().for_each(|(s, at)| m.set(*s, row.get(*at).copied().unwrap_or(Val::NONE)));
            if let Some(t) = m.truth(condition, &a.possible()).and_then(|t| t.and(a)) {
                all = Some(join(all.take(), &t));
            }
        }
    }
    all
}

/// Checks an invariant. `most` violations are listed, all are counted.
pub fn check<A: Annotation>(m: &mut Machine<A>, plan: &InvariantPlan, name: &str, most: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let Violations { found, bindings, kept } = violations(m, plan, name);
    outcome.checked = match &plan.scope {
        None => plan.clauses.len() as u64,
        Some(_) => bindings.values().filter(|a| a.certain().is_some()).count() as u64,
    };
    if m.halted() {
        return outcome;
    }
    let mut all_vacuous = !plan.clauses.is_empty();
    for (i, ((c, rows), kept)) in plan.clauses.iter().zip(found).zip(&kept).enumerate() {
        let mut faulty = false;
        let mut list: Vec<Vec<Val>> = vec![];
        for (row, a) in rows {
            if let Some((_, f)) = a.faulty() {
                faulty = true;
                outcome.faults.push(f);
                let binding = || c.binding.iter().map(|b| b.0.clone()).zip(row.iter().copied()).collect();
                outcome.touched.entry(f).or_insert_with(binding);
            }
            if a.certain().is_some() {
                list.push(row);
            }
        }
        outcome.count += list.len() as u64;
        let never = matches!(c.form, DemandPlanForm::Never(_));
        let empty = plan.scope.is_none() && never && list.is_empty() && !faulty && c.kinds.iter().any(|k| m.graph.count(*k) == 0);
        all_vacuous &= empty;
        let order = |x: &Vec<Val>, y: &Vec<Val>| {
            let pairs = x.iter().zip(y).map(|(a, b)| m.graph.dictionary.compare(*a, *b));
            pairs.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        };
        list.sort_by(order);
        let mut steps = 0;
        for row in list.into_iter().take(most.saturating_sub(outcome.found.len())) {
            for (s, v) in kept.iter().zip(&row) {
                m.set(*s, *v);
            }
            let shown = shown(m, c, i, steps < STEPS);
            steps += shown.witness.len();
            outcome.found.push(shown);
        }
    }
    if outcome.checked == 0 && outcome.count == 0 && plan.scope.is_some() {
        // whether the scope matched anything is not known, so whether it is vacuous is not either
        outcome.faults.extend(bindings.values().filter_map(A::faulty).map(|f| f.1));
    }
    outcome.faults.sort();
    outcome.faults.dedup();
    outcome.vacuous = match &plan.scope {
        Some(_) => outcome.checked == 0 && outcome.count == 0 && outcome.faults.is_empty(),
        None => all_vacuous,
    };
    outcome
}

/// The slots that a violation keeps: its binding first, so that rows sort by it.
fn kept(c: &DemandPlan, binders: &[Slot]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = c.binding.iter().map(|b| b.1).collect();
    for s in c.kept.iter().chain(binders) {
        if !slots.contains(s) {
            slots.push(*s);
        }
    }
    slots
}

/// A message over the present frame, in some of the worlds (the first in which it can be written).
pub fn message<A: Annotation>(m: &mut Machine<A>, p: &MessagePlan, worlds: A) -> String {
    let mut text = String::new();
    m.run(&p.block, worlds, &mut |m, _| {
        text.clear();
        for part in &p.parts {
            match part {
                MessagePart::Literal(t) => text.push_str(t),
                MessagePart::Value(s) => {
                    let v = m.scalar(s);
                    text.push_str(&m.plainly(v));
                }
            }
        }
        true
    });
    text
}

/// When the walks of a clause's violations have so many steps, the others are shown without.
const STEPS: usize = 20_000;

fn shown<A: Annotation>(m: &mut Machine<A>, c: &DemandPlan, clause: usize, walks: bool) -> Found {
    let binding: Vec<(Arc<str>, Val)> = c.binding.iter().map(|(n, s)| (n.clone(), m.get(*s))).collect();
    let universe = m.here.clone();
    let message = c.message.as_ref().map(|p| message(m, p, universe));
    let mut witness = vec![];
    for w in c.witness.iter().filter(|_| walks) {
        let end = |m: &mut Machine<A>, s: &Scalar| m.scalar(s).as_node();
        let (Some(from), Some(to)) = (end(m, &w.from), end(m, &w.to)) else { continue };
        let Some(walk) = m.shortest(&w.path, from, to, None) else { continue };
        for pair in walk.windows(2) {
            let [(x, step), (y, _)] = pair else { continue };
            let (name, edge) = match step {
                Some(Move::Edge(k)) => {
                    let edge = m.graph.edges(*k).and_then(|t| t.between(*x, *y).next().map(|p| t.base + p));
                    (m.graph.schema.name(*k).to_string(), edge.map(Element::Edge))
                }
                Some(Move::Rule(r)) => (m.relation(*r).map(|r| r.info.name.to_string()).unwrap_or_default(), None),
                None => continue,
            };
            let (x, y) = (m.show(Val::node(*x)), m.show(Val::node(*y)));
            witness.push((format!("{x} -{}-> {y}", crate::structure::graph::quoted(&name)), edge));
        }
    }
    Found { clause, place: c.place, binding, message, witness }
}
