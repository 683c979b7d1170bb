//! One evaluation: strata in order, each lowered for the sizes known by then; then the demands. Called by stages, calls plan, engine and demand.
//!
//! Long because what decides a verdict within an expectation must see the evaluation from inside.
use super::narrow::Missed;
use super::propose::{Edited, Proposals};
use super::traced::{Reading, Traced};
use crate::base::Place;
use crate::demand::intervention;
use crate::demand::invariant::{self, Outcome, Violations};
use crate::engine::{Annotation, Budget, Kleene, Machine, Many, Present, Worlds};
use crate::plan::intervention::{Atom, atoms};
use crate::plan::lower::Lowering;
use crate::plan::order::Sizes;
use crate::plan::path::Move;
use crate::plan::show::Printer;
use crate::plan::unit::{Unsupported, each_part};
use crate::plan::{CellInfo, HistoryInfo, InvariantPlan, QueryPlan, RelId, TimedPlan};
use crate::scalar::{Dictionary, KindId, Type, Val, Value};
use crate::semantics::hir::{self, DemandForm, Domain, Expr, ExprKind, Path, Program, Relation, RuleId, Scope, VerdictAtom};
use crate::semantics::strata::{Strata, Stratum};
use crate::structure::difference::Difference;
use crate::structure::graph::Graph;
use crate::structure::schema::AttrId;
use crate::structure::world::joint;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What to do besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Every clause in full in every round (a treatment of the tests).
    pub naive: bool,
    /// Each policy for itself, also where several are of one shape (a treatment of the tests).
    pub singly: bool,
}

/// A finished evaluation of the rules; demands and queries read it.
pub struct Evaluation<'p, A: Annotation> {
    /// The facts.
    pub machine: Machine<A>,
    pub(super) lowering: Lowering<'p>,
    pub(super) stats: Stats,
    rules: BTreeMap<RuleId, Unsupported>,
    attrs: BTreeMap<AttrId, Unsupported>,
    /// The invariants that are being planned, by their places.
    above: Vec<Place>,
}

/// What plans read of events.
pub struct Read {
    /// The indexes.
    pub histories: Vec<HistoryInfo>,
    /// The state cells.
    pub cells: Vec<CellInfo>,
    /// The relations in which events are looked for.
    pub kept: Vec<RelId>,
}

/// What came of a demand.
#[derive(Clone, Debug)]
pub enum Decided {
    /// It was checked.
    Checked(Outcome),
    /// It uses a word whose engine is not there.
    NotYet(Unsupported),
    /// The run ended before.
    Limit,
}

/// Sizes of a structure and of what was derived, for the order of joins.
#[derive(Default)]
pub(super) struct Stats {
    kinds: RefCell<BTreeMap<Type, f64>>,
    edges: BTreeMap<KindId, (f64, f64, f64)>,
    nodes: f64,
    counts: BTreeMap<KindId, f64>,
    relations: Vec<Option<f64>>,
    schema: std::sync::Arc<crate::structure::Schema>,
}

impl Stats {
    fn new(graph: &Graph) -> Stats {
        let mut s = Stats { nodes: f64::from(graph.nodes()), schema: graph.schema.clone(), ..Stats::default() };
        for n in 0..graph.nodes() {
            if let Some(k) = graph.node_kind(n) {
                *s.counts.entry(k).or_default() += 1.0;
            }
        }
        for e in 0..graph.events() {
            if let Some(k) = graph.kind_of(Val::event(e)) {
                *s.counts.entry(k).or_default() += 1.0;
            }
        }
        for k in graph.schema.of_sort(crate::structure::Sort::Edge) {
            let Some(t) = graph.edges(k) else { continue };
            let distinct = |list: &[u32]| {
                let mut seen = vec![false; graph.nodes() as usize];
                let mut n = 0.0;
                for x in list {
                    if let Some(s) = seen.get_mut(*x as usize)
                        && !*s
                    {
                        *s = true;
                        n += 1.0;
                    }
                }
                n
            };
            s.edges.insert(k, (t.len() as f64, distinct(&t.from), distinct(&t.to)));
            s.counts.insert(k, t.len() as f64);
        }
        s
    }
}

impl Sizes for Stats {
    fn kind(&self, ty: &Type) -> f64 {
        if let Some(n) = self.kinds.borrow().get(ty) {
            return *n;
        }
        let (sort, kinds) = match crate::engine::machine::sort_of(ty) {
            Some(x) => x,
            None => return 0.0,
        };
        let n = self.schema.below(sort, kinds).iter().filter_map(|k| self.counts.get(k)).sum();
        self.kinds.borrow_mut().insert(ty.clone(), n);
        n
    }
    fn edges(&self, kind: KindId) -> (f64, f64, f64) {
        self.edges.get(&kind).copied().unwrap_or((0.0, 0.0, 0.0))
    }
    fn relation(&self, id: RelId) -> Option<f64> {
        self.relations.get(id.0 as usize).copied().flatten()
    }
    fn nodes(&self) -> f64 {
        self.nodes
    }
}

/// Values of parameters, interned.
pub fn params(values: &[Value], dictionary: &mut Dictionary) -> Vec<Val> {
    values.iter().map(|v| dictionary.intern(v.clone())).collect()
}

impl<'p, A: Annotation> Evaluation<'p, A> {
    /// Evaluates all rules and mechanisms. `prepare` may set worlds' differences on the machine.
    pub fn new(
        program: &'p Program,
        strata: &Strata,
        mut graph: Graph,
        (universe, values): (A, &[Value]),
        budget: Budget,
        how: How,
        prepare: &dyn Fn(&mut Machine<A>),
    ) -> Self {
        let params = params(values, &mut graph.dictionary);
        let stats = Stats::new(&graph);
        let mut machine = Machine::new(graph, universe, budget);
        prepare(&mut machine);
        let lowering = Lowering::new(program, params, !how.singly);
        let mut this = Evaluation { machine, lowering, stats, rules: BTreeMap::new(), attrs: BTreeMap::new(), above: vec![] };
        for s in &strata.strata {
            if this.machine.halted() {
                break;
            }
            if let Err(why) = this.stratum(program, s, how) {
                this.rules.extend(s.rules.iter().map(|r| (*r, why.clone())));
                this.attrs.extend(s.mechanisms.iter().map(|a| (*a, why.clone())));
            }
        }
        this
    }

    fn stratum(&mut self, program: &'p Program, s: &Stratum, how: How) -> Result<(), Unsupported> {
        let (rules, mechanisms) = (&s.rules, &s.mechanisms);
        let clauses = rules.iter().filter_map(|r| program.rule(*r)).flat_map(|r| &r.clauses);
        for e in clauses.flat_map(|c| c.body.iter().chain(&c.value)) {
            self.available(e)?;
        }
        for m in program.mechanisms.iter().filter(|m| mechanisms.contains(&m.attr)) {
            self.available(&m.value)?;
        }
        self.machine.naive = how.naive;
        let mut relations: Vec<RelId> = rules.iter().map(|r| RelId(r.0)).collect();
        if s.by_time {
            let plan = self.timed(rules)?;
            let all = 0..self.machine.graph.events();
            self.machine.timed(&plan, all);
            self.machine.complete(&relations);
        } else {
            let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
            let plan = self.lowering.stratum(rules, mechanisms, &self.stats, &mut dictionary);
            self.machine.graph.dictionary = dictionary;
            let plan = plan?;
            self.declare();
            self.machine.stratum(&plan);
            relations = plan.relations;
        }
        self.stats.relations.resize(self.machine.relations.len(), None);
        for r in &relations {
            let size = self.machine.relation(*r).map(|r| f64::from(r.len()));
            if let Some(slot) = self.stats.relations.get_mut(r.0 as usize) {
                *slot = size;
            }
        }
        Ok(())
    }

    /// The plan of event rules, to be evaluated at one event after another.
    pub(super) fn timed(&mut self, rules: &[RuleId]) -> Result<TimedPlan, Unsupported> {
        let program = self.lowering.program;
        for r in rules.iter().filter_map(|r| program.rule(*r)) {
            if !r.function && !matches!(r.params.first(), Some(Type::Event(_))) {
                return Err(Unsupported { place: r.place, what: "a rule over whole traces, one event at a time," });
            }
            r.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)).try_for_each(|e| self.available(e))?;
        }
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.timed(rules, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        self.declare();
        plan
    }

    /// The facts, and what plans read of events; the program is not needed any more.
    pub(super) fn over(self) -> (Machine<A>, Read) {
        let Lowering { histories, cells, kept, .. } = self.lowering;
        let mut kept = kept.into_inner();
        kept.sort();
        kept.dedup();
        (self.machine, Read { histories: histories.into_inner(), cells: cells.into_inner(), kept })
    }

    /// Makes the relations and indexes that plans know by now.
    fn declare(&mut self) {
        self.machine.declare(&self.lowering.relations);
        self.machine.index_events(&self.lowering.histories.borrow());
    }

    /// Lowers something for the sizes known by now.
    pub(super) fn planned<T>(
        &mut self,
        lower: impl FnOnce(&Lowering<'p>, &dyn Sizes, &mut Dictionary) -> Result<T, Unsupported>,
    ) -> Result<T, Unsupported> {
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = lower(&self.lowering, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        self.declare();
        plan
    }

    /// Whether all that an expression uses could be evaluated.
    pub(super) fn available(&self, e: &Expr) -> Result<(), Unsupported> {
        let why = match &e.kind {
            ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => self.rule(*r, 0),
            ExprKind::Attr(_, a) => self.attrs.get(a).cloned(),
            ExprKind::Path(p) => relations(&p.path).into_iter().find_map(|r| match r {
                Relation::Rule(r) => self.rule(r, 0),
                Relation::Edge(_) => None,
            }),
            _ => None,
        };
        if let Some(why) = why {
            return Err(why);
        }
        let mut result = Ok(());
        each_part(e, &mut |p| {
            if result.is_ok() {
                result = self.available(p);
            }
        });
        result
    }

    fn rule(&self, id: RuleId, depth: u32) -> Option<Unsupported> {
        let rule = self.lowering.program.rule(id)?;
        if !rule.function || depth > 64 {
            return self.rules.get(&id).cloned();
        }
        // a function has no stratum of its own to fail in
        rule.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)).find_map(|e| self.available(e).err())
    }

    /// Whether a rule could be evaluated.
    pub(super) fn unavailable(&self, id: RuleId) -> Result<(), Unsupported> {
        self.rule(id, 0).map_or(Ok(()), Err)
    }

    pub(super) fn scope(&self, s: &Scope) -> Result<(), Unsupported> {
        for b in &s.binders {
            if let Domain::Range(e) = &b.domain {
                self.available(e)?;
            }
        }
        s.filter.as_ref().map_or(Ok(()), |f| self.available(f))
    }

    /// Checks an invariant.
    pub fn invariant(&mut self, i: &'p hir::Invariant, most: usize) -> Decided {
        if self.machine.reached.is_some() {
            return Decided::Limit;
        }
        match self.try_invariant(i, most) {
            Ok(outcome) if self.machine.reached.is_none() => Decided::Checked(outcome),
            Ok(_) => Decided::Limit,
            Err(why) => Decided::NotYet(why),
        }
    }

    fn try_invariant(&mut self, i: &'p hir::Invariant, most: usize) -> Result<Outcome, Unsupported> {
        let plan = self.plan_invariant(i)?;
        Ok(invariant::check(&mut self.machine, &plan, &i.name, most))
    }

    /// The plan of an invariant.
    pub(super) fn plan_invariant(&mut self, i: &'p hir::Invariant) -> Result<InvariantPlan, Unsupported> {
        if let Some(s) = &i.scope {
            self.scope(s)?;
        }
        for (_, e) in &i.lets {
            self.available(e)?;
        }
        for c in &i.clauses {
            match &c.form {
                DemandForm::Never(s) => self.scope(s)?,
                DemandForm::Require(e) => self.available(e)?,
            }
            if let Some(m) = &c.message {
                self.available(m)?;
            }
        }
        let mut list = vec![];
        i.scope.iter().for_each(|s| s.filter.iter().for_each(|f| atoms(f, false, &mut list)));
        i.lets.iter().for_each(|l| atoms(&l.1, false, &mut list));
        for c in &i.clauses {
            match &c.form {
                DemandForm::Never(s) => s.filter.iter().for_each(|f| atoms(f, false, &mut list)),
                DemandForm::Require(e) => atoms(e, false, &mut list),
            }
            c.message.iter().for_each(|m| atoms(m, false, &mut list));
        }
        let mut known = vec![];
        for a in &list {
            if self.above.contains(&i.place) {
                return Err(Unsupported { place: a.e.place, what: "an invariant that speaks of itself" });
            }
            self.above.push(i.place);
            let truth = self.verdict(i.vars.len(), a);
            self.above.pop();
            known.push(truth?);
        }
        let verdicts: Vec<(usize, usize)> = list.iter().enumerate().map(|(n, a)| (a.e as *const Expr as usize, n)).collect();
        let plan = self.planned(|l, sizes, d| l.invariant(i, &verdicts, sizes, d))?;
        self.machine.declare(&self.lowering.relations);
        // read when the plan is run, which is at once
        self.machine.known = known;
        Ok(plan)
    }

    /// The plan of an invariant and its violations, wherever they are.
    pub fn violations(&mut self, i: &'p hir::Invariant) -> Result<(InvariantPlan, Violations<A>), Unsupported> {
        let plan = self.plan_invariant(i)?;
        let v = invariant::violations(&mut self.machine, &plan, &i.name);
        Ok((plan, v))
    }

    /// Where a formula about other invariants is true.
    pub(super) fn verdict(&mut self, vars: usize, a: &Atom<'p>) -> Result<Option<A>, Unsupported> {
        let (ids, wanted, condition) = match a.atom {
            VerdictAtom::Holds(ids) => (ids, false, None),
            VerdictAtom::Breaks(ids, condition) => (ids, true, condition.as_ref()),
            VerdictAtom::Decides(..) => return self.decisions().map(|()| None),
            _ => return Err(Unsupported { place: a.e.place, what: "this verdict as a formula" }),
        };
        let mut all = Some(self.machine.universe.clone());
        for id in ids {
            let Some(i) = self.lowering.program.invariants.get(id.0 as usize) else { continue };
            let (plan, v) = self.violations(i)?;
            let breaks = self.breaks((&plan, &v), vars, condition)?;
            let so = if wanted { breaks } else { self.machine.universe.not(breaks.as_ref()) };
            all = all.and_then(|x| x.and(so.as_ref()?));
        }
        Ok(all)
    }

    /// Whether a verdict about invariants is true in the world before.
    fn was(&mut self, vars: usize, a: &Atom<'p>) -> Truth {
        let Some(before) = self.machine.here.before(self.machine.before) else { return Ok(Ok(false)) };
        let here = std::mem::replace(&mut self.machine.here, before.clone());
        let truth = self.verdict(vars, a);
        self.machine.here = here;
        let truth = truth?.and_then(|t| t.and(&before));
        Ok(truth.map_or(Ok(false), |t| t.faulty().map_or(Ok(true), |f| Err(f.1))))
    }

    /// Where an invariant is broken; with a condition, by a violation of which that is true.
    pub(super) fn breaks(
        &mut self,
        (plan, v): (&InvariantPlan, &Violations<A>),
        vars: usize,
        condition: Option<&'p (Vec<(Arc<str>, hir::VarId)>, Expr)>,
    ) -> Result<Option<A>, Unsupported> {
        let Some((names, condition)) = condition else { return Ok(invariant::breaks(v)) };
        self.available(condition)?;
        let outer: Vec<hir::VarId> = names.iter().map(|n| n.1).collect();
        let (slots, f) = self.planned(|l, sizes, d| l.formula_with((vars, &outer), condition, &[], sizes, d))?;
        let names: Vec<(Arc<str>, u32)> = names.iter().map(|(n, v)| (n.clone(), v.0)).collect();
        Ok(invariant::breaks_where(&mut self.machine, (plan, v), (slots, &names, &f)))
    }

    /// The plan of a query.
    pub fn plan_query(&mut self, vars: &[hir::Var], e: &Expr, columns: &[hir::VarId]) -> Result<QueryPlan, Unsupported> {
        self.available(e)?;
        self.planned(|l, sizes, d| l.query(vars, e, columns, sizes, d))
    }

    /// The bindings of a query: certain ones, sorted; and the faults that may hide more.
    pub fn query(&mut self, plan: &QueryPlan) -> (Vec<Vec<Val>>, Vec<u32>) {
        self.machine.frame(plan.slots);
        let mut rows: indexmap::IndexMap<Vec<Val>, A, rustc_hash::FxBuildHasher> = Default::default();
        let here = self.machine.here.clone();
        self.machine.run(&plan.block, here, &mut |m, a| {
            let key: Vec<Val> = plan.columns.iter().map(|c| m.get(c.1)).collect();
            match rows.get_mut(&key) {
                Some(old) => {
                    old.or(&a);
                }
                None => {
                    rows.insert(key, a);
                }
            }
            m.halted()
        });
        let mut faults: Vec<u32> = rows.values().filter_map(A::faulty).map(|f| f.1).collect();
        faults.sort();
        faults.dedup();
        let mut certain: Vec<Vec<Val>> = rows.into_iter().filter(|(_, a)| a.certain().is_some()).map(|(r, _)| r).collect();
        let dictionary = &self.machine.graph.dictionary;
        certain.sort_by(|x, y| {
            let mut pairs = x.iter().zip(y).map(|(a, b)| dictionary.compare(*a, *b));
            pairs.find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        (certain, faults)
    }

    /// The truth of a formula whose outer variables are given: true, false, or a fault (by number).
    pub fn truth(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr, verdicts: &[(usize, bool)]) -> Truth {
        self.available(e)?;
        let outer: Vec<hir::VarId> = known.iter().map(|k| k.0).collect();
        let numbers: Vec<(usize, usize)> = verdicts.iter().enumerate().map(|(n, v)| (v.0, n)).collect();
        let universe = self.machine.universe.clone();
        self.machine.known = verdicts.iter().map(|v| v.1.then(|| universe.clone())).collect();
        let plan = self.planned(|l, sizes, d| l.formula_with((vars, &outer), e, &numbers, sizes, d));
        let (slots, formula) = plan?;
        self.machine.frame(slots);
        known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
        let here = self.machine.here.clone();
        let t = self.machine.truth(&formula, &here);
        Ok(match t {
            None => Ok(false),
            Some(a) => match a.faulty() {
                Some((_, f)) => Err(f),
                None => Ok(true),
            },
        })
    }
}

/// The plan of every stratum and invariant over a structure, as text.
pub fn plans(program: &Program, strata: &Strata, mut graph: Graph, values: &[Value]) -> String {
    let params = params(values, &mut graph.dictionary);
    let stats = Stats::new(&graph);
    let mut lowering = Lowering::new(program, params, false);
    let mut dictionary = std::mem::take(&mut graph.dictionary);
    let strata: Vec<_> =
        strata.strata.iter().map(|s| lowering.stratum(&s.rules, &s.mechanisms, &stats, &mut dictionary)).collect();
    let invariants: Vec<_> =
        program.invariants.iter().map(|i| (&i.name, lowering.invariant(i, &[], &stats, &mut dictionary))).collect();
    let mut notes = vec![];
    let mut out = Printer::new(&program.schema, &lowering.relations, &dictionary);
    for (n, plan) in strata.iter().enumerate() {
        match plan {
            Ok(p) => out.stratum(n + 1, p),
            Err(u) => notes.push(format!("stratum {}: not yet: {}\n", n + 1, u.what)),
        }
    }
    for (name, plan) in &invariants {
        match plan {
            Ok(p) => out.invariant(name, p),
            Err(u) => notes.push(format!("invariant {name}: not yet: {}\n", u.what)),
        }
    }
    out.finish() + &notes.concat()
}

/// The truth of a formula (or the number of a fault), if it can be evaluated.
pub type Truth = Result<Result<bool, u32>, Unsupported>;

/// The relations that a path steps over.
pub fn relations(path: &Path) -> Vec<Relation> {
    match path {
        Path::Step(r) => r.clone(),
        Path::Sequence(p) | Path::Either(p) => p.iter().flat_map(relations).collect(),
        Path::Repeat(p, ..) => relations(p),
    }
}

/// Runs something on an evaluation in one world: without faults first, and again with them if there are any.
pub fn in_one_world<'p, R>(
    (program, strata): (&'p Program, &Strata),
    graph: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    then: &mut dyn FnMut(&mut dyn World<'p>) -> R,
) -> R {
    let mut plain = Evaluation::new(program, strata, graph, (Present, values), budget.clone(), how, &|_| {});
    if !plain.machine.faulted {
        let result = then(&mut plain);
        if !plain.machine.faulted {
            return result;
        }
    }
    let graph = std::mem::take(&mut plain.machine.graph);
    drop(plain);
    let mut faulty = Evaluation::new(program, strata, graph, (Kleene::True, values), budget.clone(), how, &|_| {});
    then(&mut faulty)
}

/// The same in a world below a structure. What is not there can still be named: it is known, and does not exist.
pub fn in_world_below<'p, R>(
    (program, strata): (&'p Program, &Strata),
    (parent, difference): (Graph, &Difference),
    values: &[Value],
    budget: &Budget,
    how: How,
    then: &mut dyn FnMut(&mut dyn World<'p>) -> R,
) -> R {
    let joint = joint(parent, &[(1, difference)]);
    // the parent is there too: it is the world before
    let universe = Worlds::all(2);
    let (before, here) = (universe.these(&[0]), universe.these(&[1]));
    let differ = |m: &mut Machine<Worlds>| {
        let (Some(before), Some(here)) = (&before, &here) else { return };
        m.exists.extend(joint.removed.keys().map(|v| (*v, Some(before.clone()))));
        m.exists.extend(joint.added.keys().map(|v| (*v, Some(here.clone()))));
        let set = joint.set.iter().map(|(k, pieces)| (*k, pieces.iter().map(|p| (p.0, here.clone())).collect()));
        m.overrides.extend(set);
        m.here = here.clone();
    };
    let mut world = Evaluation::new(program, strata, joint.graph, (universe.clone(), values), budget.clone(), how, &differ);
    then(&mut world)
}

/// Where a walk comes by, and how it goes on from there.
pub type Walk = Vec<(u32, Option<Move>)>;

/// Rules, and the round before which facts of them were found.
pub type Below<'a> = (&'a [RuleId], u32);

/// An evaluation, whatever its annotation.
pub trait World<'p> {
    /// See [`Evaluation::invariant`].
    fn invariant(&mut self, i: &'p hir::Invariant, most: usize) -> Decided;
    /// See [`Evaluation::plan_query`] and [`Evaluation::query`].
    fn query(&mut self, vars: &[hir::Var], e: &Expr, columns: &[hir::VarId]) -> Result<(Vec<Vec<Val>>, Vec<u32>), Unsupported>;
    /// See [`Evaluation::truth`].
    fn truth(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr, verdicts: &[(usize, bool)]) -> Truth;
    /// Whether a relation has other facts than in the world before.
    fn changed(&mut self, r: Relation) -> Truth;
    /// Whether a verdict about invariants is true in the world before.
    fn was(&mut self, vars: usize, a: &Atom<'p>) -> Truth;
    /// See [`Evaluation::trace`].
    fn trace(&mut self, reading: &Reading<'_>) -> Vec<Traced>;
    /// See [`Evaluation::missed`].
    fn missed(&mut self, p: &'p hir::Policy) -> Result<Vec<Missed>, Unsupported>;
    /// See [`Evaluation::decisions`].
    fn decisions(&mut self) -> Result<(), Unsupported>;
    /// See [`Evaluation::judged`].
    fn judged(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Truth;
    /// See [`Evaluation::valued`].
    fn valued(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Result<Result<Val, u32>, Unsupported>;
    /// See [`Evaluation::told`].
    fn told(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Result<String, Unsupported>;
    /// See [`Evaluation::changes`].
    fn changes(&mut self, vars: usize, known: &[(hir::VarId, Val)], edits: &'p [hir::Edit]) -> Result<Edited, Unsupported>;
    /// See [`Evaluation::proposed`].
    fn proposed(&mut self, i: &'p hir::Intervention, most: (usize, u64)) -> Result<Proposals, Unsupported>;
    /// The round in which a fact of a rule was found, if it is there.
    fn height(&self, rule: RuleId, tuple: &[Val]) -> Option<u32>;
    /// How many facts of a rule there are.
    fn facts(&self, rule: RuleId) -> usize;
    /// A shortest walk along a path between two nodes: where it comes by, and how it came there. Of some rules only facts that were
    /// found before a round.
    fn walk(&mut self, path: &hir::PathAtom, place: Place, ends: (u32, u32), below: Option<Below<'_>>) -> Option<Walk>;
    /// The structure.
    fn graph(&self) -> &Graph;
    /// The faults.
    fn faults(&self) -> &crate::engine::fault::Faults;
    /// The limit that ended it.
    fn reached(&self) -> Option<&crate::engine::Reached>;
}

impl<'p, A: Annotation> World<'p> for Evaluation<'p, A> {
    fn invariant(&mut self, i: &'p hir::Invariant, most: usize) -> Decided {
        Evaluation::invariant(self, i, most)
    }
    fn query(&mut self, vars: &[hir::Var], e: &Expr, columns: &[hir::VarId]) -> Result<(Vec<Vec<Val>>, Vec<u32>), Unsupported> {
        let plan = self.plan_query(vars, e, columns)?;
        Ok(Evaluation::query(self, &plan))
    }
    fn truth(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr, verdicts: &[(usize, bool)]) -> Truth {
        Evaluation::truth(self, vars, known, e, verdicts)
    }
    fn changed(&mut self, r: Relation) -> Truth {
        let here = self.machine.here.clone();
        let changed = match r {
            Relation::Rule(r) => {
                self.unavailable(r)?;
                intervention::changed(&mut self.machine, RelId(r.0), &here)
            }
            Relation::Edge(k) => intervention::rewired(&mut self.machine, k, &here),
        };
        Ok(changed.map_or(Ok(false), |a| a.faulty().map_or(Ok(true), |f| Err(f.1))))
    }
    fn judged(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Truth {
        Evaluation::judged(self, vars, known, e)
    }
    fn valued(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Result<Result<Val, u32>, Unsupported> {
        Evaluation::valued(self, vars, known, e)
    }
    fn told(&mut self, vars: usize, known: &[(hir::VarId, Val)], e: &'p Expr) -> Result<String, Unsupported> {
        Evaluation::told(self, vars, known, e)
    }
    fn changes(&mut self, vars: usize, known: &[(hir::VarId, Val)], edits: &'p [hir::Edit]) -> Result<Edited, Unsupported> {
        Evaluation::changes(self, vars, known, edits)
    }
    fn proposed(&mut self, i: &'p hir::Intervention, most: (usize, u64)) -> Result<Proposals, Unsupported> {
        Evaluation::proposed(self, i, most)
    }
    fn was(&mut self, vars: usize, a: &Atom<'p>) -> Truth {
        Evaluation::was(self, vars, a)
    }
    fn trace(&mut self, reading: &Reading<'_>) -> Vec<Traced> {
        Evaluation::trace(self, reading)
    }
    fn missed(&mut self, p: &'p hir::Policy) -> Result<Vec<Missed>, Unsupported> {
        Evaluation::missed(self, p)
    }
    fn decisions(&mut self) -> Result<(), Unsupported> {
        Evaluation::decisions(self)
    }
    fn height(&self, rule: RuleId, tuple: &[Val]) -> Option<u32> {
        self.machine.relation(RelId(rule.0))?.height(tuple)
    }
    fn facts(&self, rule: RuleId) -> usize {
        self.machine.relation(RelId(rule.0)).map_or(0, |r| r.len() as usize)
    }
    fn walk(&mut self, path: &hir::PathAtom, place: Place, ends: (u32, u32), below: Option<Below<'_>>) -> Option<Walk> {
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let automaton = self.lowering.automaton(path, place, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        let rules: Vec<RelId> = below.iter().flat_map(|b| b.0).map(|r| RelId(r.0)).collect();
        self.machine.shortest(&*automaton.ok()?, ends.0, ends.1, below.map(|b| (&rules[..], b.1)))
    }
    fn graph(&self) -> &Graph {
        &self.machine.graph
    }
    fn faults(&self) -> &crate::engine::fault::Faults {
        &self.machine.faults
    }
    fn reached(&self) -> Option<&crate::engine::Reached> {
        self.machine.reached.as_ref()
    }
}
