//! Interventions, all worlds at once: proposed in the parent, joined to one structure, evaluated in one run, judged. Called by decide.
use super::evaluate::{Evaluation, How, World};
use super::expectation::Judged;
use super::picture::picture;
use super::propose::{Edited, Proposal};
use crate::base::Place;
use crate::demand::intervention::{self, Shift, Truth, Try};
use crate::engine::fault::FaultAt;
use crate::engine::{Before, Budget, Few, Machine, Many, Reached, Worlds};
use crate::plan::RelId;
use crate::plan::unit::Unsupported;
use crate::scalar::{Element, Val, Value};
use crate::semantics::hir::{self, ExprKind, InvariantId, Program, Share};
use crate::semantics::{Needs, Strata};
use crate::structure::difference::Difference;
use crate::structure::edit::{Change, Conflict};
use crate::structure::graph::{Graph, Numbers, quoted};
use crate::structure::world::{self, Joint, joint};
use crate::verdict::Picture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a run asks.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// So many worlds are tried.
    pub worlds: usize,
    /// Which sample of them, if there are more.
    pub seed: u64,
    /// So many failing ones are described.
    pub failing: usize,
    /// So many of these with what changed in them.
    pub shifts: usize,
}

/// What was found about an intervention.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// How many worlds were made.
    pub checked: u64,
    /// Whether these were all.
    pub all: bool,
    /// If they were a sample: its seed.
    pub sample: Option<u64>,
    /// How many fail.
    pub count: u64,
    /// The first of them, in order.
    pub failing: Vec<Failing>,
    /// What stands in the way, and the world, in words.
    pub faults: BTreeSet<(Obstacle, String)>,
    /// Whether no world asks anything.
    pub vacuous: bool,
    /// Of `for any`: how often each element is part of a failing set, most often first.
    pub ranking: Vec<(Val, u64)>,
    /// The limit that ended it.
    pub limit: Option<Reached>,
}

/// What keeps a world from being judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A value that could not be computed.
    Fault(FaultAt),
    /// An edit that cannot be made, and why.
    Edit(Place, String),
}

/// A world that fails.
#[derive(Clone, Debug)]
pub struct Failing {
    /// What the variables stand for: elements of the parent.
    pub binding: Vec<(Arc<str>, Val)>,
    /// The edits, in words.
    pub edits: Vec<String>,
    /// The message of the first expectation that it misses.
    pub message: Option<String>,
    /// New violations of the invariants that it should keep, in words.
    pub broken: Vec<String>,
    /// The first of them: the invariant, the clause, and the binding, of elements of the parent.
    pub first: Option<(InvariantId, usize, Vec<(Arc<str>, Val)>)>,
    /// The expectation that it misses, and what its variables stand for; not if it is compared with another world than the parent.
    pub missed: Option<(usize, Vec<(hir::VarId, Val)>)>,
    /// What is removed or set, as it stands in reasons.
    pub gone: BTreeSet<String>,
    /// That expectation.
    pub place: Place,
    /// What the relations behind it lost and gained.
    pub shifts: Vec<Shifted>,
    /// What surrounds its edits.
    pub picture: Picture,
}

/// What a relation lost and gained.
#[derive(Clone, Debug)]
pub struct Shifted {
    /// Its name.
    pub relation: Arc<str>,
    /// The first facts that it lost, in words, and how many.
    pub lost: (Vec<String>, u64),
    /// The first that it gained.
    pub gained: (Vec<String>, u64),
}

/// A world on its way.
struct Going {
    proposal: Proposal,
    state: State,
    shown: Option<Failing>,
}

enum State {
    /// To be evaluated: its difference, and that of the world it is compared with.
    Open(Difference, Option<Difference>),
    /// Its edits change nothing.
    Idle,
    /// Its edits cannot be made.
    Impossible,
    /// A part of it fails already.
    Covered,
    Judged(Vec<Truth>),
}

/// What came of the worlds of one run.
struct Ended {
    limit: Option<Reached>,
    worlds: Vec<Judgement>,
}

/// What came of one of them.
struct Judgement {
    truths: Vec<Truth>,
    faults: Vec<FaultAt>,
    failing: Option<Failing>,
}

/// So many worlds are evaluated together.
pub(super) const TOGETHER: usize = 16_384;

/// Says where the worlds of a joint structure differ.
pub(super) fn differ<A: Many>(m: &mut Machine<A>, joint: &Joint) {
    let all = m.universe.clone();
    for (v, list) in &joint.removed {
        m.exists.insert(*v, all.except_certain(all.these(list).as_ref()));
    }
    for (v, list) in &joint.added {
        // what one world adds and another removes cannot be: both are below one parent
        m.exists.insert(*v, all.these(list));
    }
    for (k, pieces) in &joint.set {
        let pieces = pieces.iter().filter_map(|(v, list)| Some((*v, all.these(list)?))).collect();
        m.overrides.insert(*k, pieces);
    }
}

/// Tries an intervention.
pub fn intervene<'p>(
    parent: &mut dyn World<'p>,
    (program, strata): (&'p Program, &Strata),
    i: &'p hir::Intervention,
    (values, budget, how): (&[Value], &Budget, How),
    most: Most,
) -> Result<Tried, Unsupported> {
    let proposals = parent.proposed(i, (most.worlds, most.seed))?;
    let sample = proposals.sample.then_some(most.seed);
    let mut tried = Tried { all: proposals.all, sample, ..Tried::default() };
    if let Some(reached) = parent.reached() {
        tried.limit = Some(reached.clone());
        return Ok(tried);
    }
    let mut run = Run { program, i, graph: parent.graph().clone(), tried, most, described: 0 };
    for f in &proposals.faults {
        run.note(parent, *f, i.place, "a binding of its `for`");
    }
    let mut going: Vec<Going> = vec![];
    for p in proposals.worlds {
        let state = run.state(parent, &p);
        going.push(Going { proposal: p, state, shown: None });
    }
    let all = going.len() as u64;
    run.tried.checked = all;
    budget.progress.tell(0, all);
    let mut needs = Needs::new(program);
    needs.intervention(i);
    let strata = needs.strata(strata);
    // small sets first: what contains a failing one need not be tried
    let mut order: Vec<usize> =
        (0..going.len()).filter(|g| matches!(going.get(*g).map(|g| &g.state), Some(State::Open(..)))).collect();
    order.sort_by_key(|g| going.get(*g).map_or(0, |g| g.proposal.members.len()));
    let mut failing: Vec<(usize, BTreeSet<Val>)> = vec![];
    // a share counts every world
    let shares = i.expects.iter().any(|(e, _)| matches!(e.kind, ExprKind::Share { .. }));
    while !order.is_empty() && run.tried.limit.is_none() {
        let size = |g: &usize| going.get(*g).map_or(0, |g| g.proposal.members.len());
        let first = order.first().map_or(0, size);
        // sets of one size at a time, so that what fails is known before what contains it
        let n = order.iter().take(TOGETHER).take_while(|g| size(g) == first).count();
        let rest = order.split_off(n);
        let batch: Vec<usize> = std::mem::replace(&mut order, rest);
        let mut now = vec![];
        for g in batch {
            let Some(w) = going.get_mut(g) else { continue };
            let set: BTreeSet<Val> = w.proposal.members.iter().copied().collect();
            let covered =
                !shares && !set.is_empty() && failing.iter().any(|(group, f)| *group == w.proposal.group && f.is_subset(&set));
            match covered {
                true => w.state = State::Covered,
                false => now.push(g),
            }
        }
        let before = now.len();
        let left = run.together(&strata, (values, budget, how), &mut going, now)?;
        for w in going.iter().filter(|w| !w.proposal.members.is_empty()) {
            if matches!(&w.state, State::Judged(t) if t.contains(&Truth::Missed)) {
                let set: BTreeSet<Val> = w.proposal.members.iter().copied().collect();
                if !failing.iter().any(|f| *f == (w.proposal.group, set.clone())) {
                    failing.push((w.proposal.group, set));
                }
            }
        }
        let open = order.len() as u64 + left.len() as u64;
        budget.progress.tell(all.saturating_sub(open), all);
        if left.len() == before {
            for g in left {
                if let Some(w) = going.get_mut(g) {
                    w.state = State::Impossible;
                    let why = "its two sides add different things of one name".into();
                    run.tried.faults.insert((Obstacle::Edit(i.place, why), String::new()));
                }
            }
        } else {
            order.splice(0..0, left);
        }
    }
    budget.progress.tell(0, 0);
    run.conclude(going);
    Ok(run.tried)
}

struct Run<'p> {
    program: &'p Program,
    i: &'p hir::Intervention,
    /// The parent, with the values that edits made.
    graph: Graph,
    tried: Tried,
    most: Most,
    /// How many failing worlds were described.
    described: usize,
}

impl<'p> Run<'p> {
    fn note(&mut self, parent: &dyn World<'p>, f: u32, place: Place, world: &str) {
        let obstacle = match parent.faults().get(f) {
            Some(at) => Obstacle::Fault(at.clone()),
            None => Obstacle::Edit(place, "an edge's end is no node".to_string()),
        };
        self.tried.faults.insert((obstacle, world.to_string()));
    }

    fn words(&self, p: &Proposal) -> String {
        let show = |v: Val| crate::scalar::display::quoted(&self.graph.dictionary.value(v), &|e| self.graph.show(e));
        let name = |v: hir::VarId| self.i.vars.get(v.0 as usize).map_or("?", |v| &v.name);
        p.binding.iter().map(|(v, x)| format!("{} = {}", name(*v), show(*x))).collect::<Vec<_>>().join(", ")
    }

    fn state(&mut self, parent: &dyn World<'p>, p: &Proposal) -> State {
        let now = self.difference(parent, p, &p.edits);
        let against = p.against.as_ref().map(|a| self.difference(parent, p, a));
        match (now, against) {
            (Some(now), None) if now.is_empty() => State::Idle,
            (Some(now), None) => State::Open(now, None),
            (Some(now), Some(Some(against))) if now == against => State::Idle,
            (Some(now), Some(Some(against))) => State::Open(now, Some(against)),
            _ => State::Impossible,
        }
    }

    fn difference(&mut self, parent: &dyn World<'p>, p: &Proposal, edits: &Edited) -> Option<Difference> {
        match edits {
            Err((f, place)) => {
                let words = self.words(p);
                self.note(parent, *f, *place, &words);
                None
            }
            Ok(changes) => {
                let list: Vec<Change> = changes.iter().map(|c| c.0.clone()).collect();
                match self.graph.difference(&list) {
                    Ok(d) => Some(d),
                    Err(Conflict::At(n, text)) => {
                        let place = changes.get(n).map_or(self.i.place, |c| c.1);
                        let words = self.words(p);
                        self.tried.faults.insert((Obstacle::Edit(place, text), words));
                        None
                    }
                }
            }
        }
    }

    /// Evaluates worlds in one run and judges them; gives those that do not fit with the others.
    fn together(
        &mut self,
        strata: &Strata,
        what: (&[Value], &Budget, How),
        going: &mut [Going],
        mut now: Vec<usize>,
    ) -> Result<Vec<usize>, Unsupported> {
        let mut left = vec![];
        loop {
            if now.is_empty() {
                return Ok(left);
            }
            let n = now.len() as u32;
            let mut worlds: Vec<(world::World, &Difference)> = vec![];
            let mut compared = false;
            for (k, g) in now.iter().enumerate() {
                let Some(State::Open(d, against)) = going.get(*g).map(|g| &g.state) else { continue };
                worlds.push((k as u32 + 1, d));
                if let Some(a) = against {
                    compared = true;
                    worlds.push((n + k as u32 + 1, a));
                }
            }
            let joint = joint(self.graph.clone(), &worlds);
            if !joint.left.is_empty() {
                // without those that do not fit; they get a run of their own
                let out: BTreeSet<u32> = joint.left.iter().map(|w| (*w - 1) % n).collect();
                let pick = |wanted: bool| {
                    let all = now.iter().enumerate().filter(|(k, _)| out.contains(&(*k as u32)) == wanted);
                    all.map(|(_, g)| *g).collect::<Vec<_>>()
                };
                let (stay, go) = (pick(false), pick(true));
                left.extend(go);
                now = stay;
                continue;
            }
            let size = if compared { 2 * n + 1 } else { n + 1 };
            let before = if compared { Before::Further(n) } else { Before::First };
            // few worlds without faults are the common case, and cost least
            let mut ended = None;
            if size <= Few::MOST {
                ended = self.evaluated(strata, what, going, &now, (&joint, before, Few::all(size)))?;
            }
            if ended.is_none() {
                ended = self.evaluated(strata, what, going, &now, (&joint, before, Worlds::all(size)))?;
            }
            let Some(ended) = ended else { return Ok(left) };
            if ended.limit.is_some() {
                self.tried.limit = ended.limit;
                return Ok(vec![]);
            }
            for (g, e) in now.iter().zip(ended.worlds) {
                let Some(w) = going.get_mut(*g) else { continue };
                let words = self.words(&w.proposal);
                self.tried.faults.extend(e.faults.into_iter().map(|at| (Obstacle::Fault(at), words.clone())));
                self.described += usize::from(e.failing.is_some());
                w.state = State::Judged(e.truths);
                w.shown = e.failing;
            }
            return Ok(left);
        }
    }

    /// Evaluates and judges the worlds of a joint structure; nothing, if there are faults, which the annotation cannot tell.
    fn evaluated<A: Many>(
        &self,
        strata: &Strata,
        (values, budget, how): (&[Value], &Budget, How),
        going: &[Going],
        now: &[usize],
        (joint, before, universe): (&Joint, Before, A),
    ) -> Result<Option<Ended>, Unsupported> {
        let differ = |m: &mut Machine<A>| {
            m.before = before;
            differ(m, joint);
        };
        let mut e = Evaluation::new(self.program, strata, joint.graph.clone(), (universe, values), budget.clone(), how, &differ);
        let mut tries = vec![];
        for (k, g) in now.iter().enumerate() {
            let Some(w) = going.get(*g) else { continue };
            let mut number = |v: Val| joint.numbers.of(&mut e.machine.graph.dictionary, v);
            let values = w.proposal.binding.iter().map(|(v, x)| (v.0, number(*x))).collect();
            tries.push(Try { world: k as u32 + 1, values });
        }
        let judged = Judged::new(&mut e, self.program, self.i, &tries);
        if e.machine.faulted {
            return Ok(None);
        }
        let judged = judged?;
        let mut ended = Ended { limit: e.machine.reached.clone(), worlds: vec![] };
        if ended.limit.is_some() {
            return Ok(Some(ended));
        }
        let mut described = self.described;
        for ((g, t), truths) in now.iter().zip(&tries).zip(&judged.truths) {
            let Some(w) = going.get(*g) else { continue };
            let unknown = truths.iter().filter_map(|t| match t {
                Truth::Unknown(f) => e.machine.faults.get(*f).cloned(),
                _ => None,
            });
            let faults = unknown.collect();
            // what a share comes to is known at the end
            let share = |n: &usize| judged.plan.expects.get(*n).is_some_and(|e| e.share.is_some());
            let all = || (0..truths.len()).filter(|n| truths.get(*n) == Some(&Truth::Missed));
            let missed = all().find(|n| !share(n)).or_else(|| all().next());
            let failing = missed.filter(|_| described < self.most.failing).map(|missed| {
                described += 1;
                let nth = (described - 1, now.len() as u32);
                self.failing(&mut e, &judged, (t, nth), missed, (&w.proposal, &joint.numbers))
            });
            ended.worlds.push(Judgement { truths: truths.clone(), faults, failing });
        }
        Ok((!e.machine.faulted).then_some(ended))
    }

    fn failing<A: Many>(
        &self,
        e: &mut Evaluation<'p, A>,
        judged: &Judged<A>,
        (t, (described, n)): (&Try, (usize, u32)),
        missed: usize,
        (p, numbers): (&Proposal, &Numbers),
    ) -> Failing {
        let message = intervention::said(&mut e.machine, &judged.plan, missed, t);
        let before = match e.machine.before {
            Before::First => 0,
            Before::Further(_) => t.world + n,
        };
        let m = &e.machine;
        let (mut broken, mut hurt) = (vec![], BTreeSet::new());
        let mut first: Option<(InvariantId, usize, Vec<(Arc<str>, Val)>)> = None;
        for (id, (plan, v)) in &judged.invariants {
            let name = self.program.invariants.get(id.0 as usize).map_or("?", |i| &i.name);
            for (n, (c, rows)) in plan.clauses.iter().zip(&v.found).enumerate() {
                let new = |a: &A| a.at(t.world) == Some(true) && a.at(before) != Some(true);
                for (row, _) in rows.iter().filter(|(_, a)| new(a)) {
                    let parts = c.binding.iter().zip(row).map(|((n, _), v)| format!("{n} = {}", m.show(*v)));
                    let parts: Vec<String> = parts.collect();
                    broken.push(match parts.is_empty() {
                        true => format!("`{name}`"),
                        false => format!("`{name}` for {}", parts.join(", ")),
                    });
                    hurt.extend(row.iter().take(c.binding.len()).filter_map(|v| numbers.back(*v)));
                    // the smallest, so that the order of rows does not show
                    let old = |(n, v): (&(Arc<str>, u32), &Val)| Some((n.0.clone(), numbers.back(*v)?));
                    let binding: Option<Vec<_>> = c.binding.iter().zip(row).map(old).collect();
                    if let Some(b) = binding {
                        let values = |b: &[(Arc<str>, Val)]| b.iter().map(|x| x.1).collect::<Vec<_>>();
                        let smaller = first.as_ref().is_none_or(|f| (*id, n, values(&b)) < (f.0, f.1, values(&f.2)));
                        if smaller {
                            first = Some((*id, n, b));
                        }
                    }
                }
            }
        }
        // against another world there is no derivation of the parent to compare with
        let first = first.filter(|_| before == 0);
        let gone = p.edits.iter().flatten().flat_map(|c| self.gone(&c.0)).collect();
        broken.sort();
        broken.dedup();
        let mut shifts = vec![];
        let mut drawn = Picture::default();
        if described < self.most.shifts {
            let changes: Vec<&Change> = p.edits.iter().flatten().map(|c| &c.0).collect();
            drawn = picture(&self.graph, &changes, &hurt.into_iter().collect::<Vec<_>>());
            for id in &judged.rules {
                let (gained, lost) = intervention::shift(m, RelId(id.0), t.world, before, SHOWN);
                let Some(r) = m.relation(RelId(id.0)).filter(|_| gained.count + lost.count > 0) else { continue };
                let value = r.info.combine.is_some();
                let words = |s: Shift| {
                    let one = |fact: &Vec<Val>| {
                        let mut parts: Vec<String> = fact.iter().map(|v| m.show(*v)).collect();
                        let value = if value { parts.pop() } else { None };
                        let value = value.map_or(String::new(), |v| format!(" = {v}"));
                        format!("{}({}){value}", r.info.name, parts.join(", "))
                    };
                    (s.facts.iter().map(one).collect(), s.count)
                };
                shifts.push(Shifted { relation: r.info.name.clone(), lost: words(lost), gained: words(gained) });
            }
        }
        let list = |edits: &Edited| -> Vec<String> {
            let all = edits.iter().flatten().map(|c| c.0.in_words(&self.graph, &self.graph.dictionary));
            let all: indexmap::IndexSet<String> = all.collect();
            all.into_iter().collect()
        };
        let mut edits = list(&p.edits);
        edits.extend(p.against.iter().flat_map(list).map(|e| format!("against {e}")));
        let name = |v: hir::VarId| self.i.vars.get(v.0 as usize).map_or("?".into(), |v| v.name.clone());
        let lets: BTreeSet<hir::VarId> = self.i.lets_before.iter().map(|l| l.0).collect();
        let binding = p.binding.iter().filter(|b| !lets.contains(&b.0)).map(|(v, x)| (name(*v), *x)).collect();
        let place = judged.plan.expects.get(missed).map_or(self.i.place, |e| e.place);
        let missed = (before == 0).then(|| (missed, p.binding.clone()));
        Failing { binding, edits, message, broken, first, missed, gone, place, shifts, picture: drawn }
    }

    /// What a change takes away, as it stands in reasons.
    fn gone(&self, c: &Change) -> Vec<String> {
        let g = &self.graph;
        let edge = |e: u32| {
            let (f, t) = g.ends(e)?;
            let kind = g.kind_of(Val::edge(e))?;
            let node = |n: u32| g.show(Element::Node(n));
            Some(format!("{} -{}-> {}", node(f), quoted(g.schema.name(kind)), node(t)))
        };
        match c {
            Change::Remove(v) => match v.as_element() {
                Some(Element::Edge(e)) => edge(e).into_iter().collect(),
                Some(Element::Node(n)) => {
                    let tables = g.edge_tables().flat_map(|t| t.out(n).chain(t.back(n).iter().copied()).map(|p| t.base + p));
                    tables.filter_map(edge).chain([g.show(Element::Node(n))]).collect()
                }
                Some(e) => vec![g.show(e)],
                None => vec![],
            },
            Change::Set { of, attr, .. } => {
                let attr = g.schema.attr(*attr).map_or("?", |a| &a.name);
                of.as_element().map(|e| format!("{}.{}", g.show(e), quoted(attr))).into_iter().collect()
            }
            _ => vec![],
        }
    }

    /// Shares over all worlds, then what each world comes to.
    fn conclude(&mut self, mut going: Vec<Going>) {
        let expects = self.i.expects.len();
        let asked: Vec<&Going> = going.iter().filter(|g| !matches!(g.state, State::Idle)).collect();
        let mut shares: Vec<Option<bool>> = vec![Some(false); expects];
        let judged = |g: &&Going| matches!(g.state, State::Judged(_) | State::Impossible | State::Covered);
        let whole = self.tried.all && asked.iter().all(judged);
        for (n, (e, _)) in self.i.expects.iter().enumerate() {
            let ExprKind::Share { candidates: false, share, .. } = &e.kind else { continue };
            let met = |g: &&&Going| match &g.state {
                State::Judged(t) => matches!(t.get(n), Some(Truth::Met | Truth::Vacuous)),
                _ => false,
            };
            let missed = |g: &&Going| matches!(&g.state, State::Judged(t) if t.get(n) == Some(&Truth::Missed));
            let met = asked.iter().filter(met).count();
            // of a part of the worlds only what no others could change is known
            let enough = match share {
                Share::Every if !whole => asked.iter().any(missed).then_some(false),
                Share::Some if !whole => (met > 0).then_some(true),
                Share::Percent(_) if !whole => None,
                Share::Every => Some(met == asked.len()),
                Share::Some => Some(met > 0),
                Share::Percent(p) => Some(met as f64 * 100.0 >= p * asked.len() as f64),
            };
            if let Some(k) = shares.get_mut(n) {
                *k = enough;
            }
        }
        drop(asked);
        let mut failing: Vec<(usize, BTreeSet<Val>)> = vec![];
        let mut idle = true;
        let mut order: Vec<usize> = (0..going.len()).collect();
        order.sort_by_key(|g| going.get(*g).map_or(0, |g| g.proposal.members.len()));
        let mut fails: Vec<usize> = vec![];
        for g in order {
            let Some(w) = going.get(g) else { continue };
            match &w.state {
                State::Idle => {}
                State::Impossible | State::Open(..) | State::Covered => idle = false,
                State::Judged(truths) => {
                    let truths: Vec<Truth> = truths
                        .iter()
                        .zip(&shares)
                        .map(|(t, share)| match share {
                            Some(true) => Truth::Met,
                            // undecided: the demand is unknown, and no world fails by it
                            None if *t == Truth::Missed => Truth::Met,
                            _ => *t,
                        })
                        .collect();
                    idle &= truths.iter().all(|t| *t == Truth::Vacuous);
                    if !truths.contains(&Truth::Missed) {
                        continue;
                    }
                    let set: BTreeSet<Val> = w.proposal.members.iter().copied().collect();
                    let smaller = |f: &(usize, BTreeSet<Val>)| f.0 == w.proposal.group && f.1.is_subset(&set);
                    if set.is_empty() || !failing.iter().any(smaller) {
                        failing.push((w.proposal.group, set));
                        fails.push(g);
                    }
                }
            }
        }
        self.tried.count = fails.len() as u64;
        let mut parts: BTreeMap<Val, u64> = BTreeMap::new();
        failing.iter().flat_map(|f| &f.1).for_each(|v| *parts.entry(*v).or_default() += 1);
        let mut ranking: Vec<(Val, u64)> = parts.into_iter().collect();
        ranking.sort_by_key(|(v, n)| (std::cmp::Reverse(*n), *v));
        self.tried.ranking = ranking;
        let shown = fails.iter().filter_map(|g| going.get_mut(*g).and_then(|w| w.shown.take()));
        self.tried.failing = shown.take(self.most.failing).collect();
        self.tried.vacuous = idle;
    }
}

/// So many facts of a relation are shown.
const SHOWN: usize = 5;
