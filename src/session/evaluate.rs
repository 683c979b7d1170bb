//! One evaluation: strata in order, each lowered for the sizes known by then; then the demands. Called by stages, calls plan, engine and demand.
use crate::base::Place;
use crate::demand::invariant::{self, Outcome};
use crate::engine::{Annotation, Budget, Kleene, Machine, Present};
use crate::plan::edit::{Action, EndPlan};
use crate::plan::lower::Lowering;
use crate::plan::order::Sizes;
use crate::plan::path::Move;
use crate::plan::show::Printer;
use crate::plan::unit::{Unsupported, each_part};
use crate::plan::{Computed, QueryPlan, RelId};
use crate::scalar::{Dictionary, KindId, Type, Val, Value};
use crate::semantics::hir::{self, DemandForm, Domain, Expr, ExprKind, Path, Program, Relation, RuleId, Scope};
use crate::semantics::strata::Strata;
use crate::structure::edit::Change;
use crate::structure::graph::Graph;
use crate::structure::schema::AttrId;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What to do besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Every clause in full in every round (a treatment of the tests).
    pub naive: bool,
}

/// A finished evaluation of the rules; demands and queries read it.
pub struct Evaluation<'p, A: Annotation> {
    /// The facts.
    pub machine: Machine<A>,
    lowering: Lowering<'p>,
    stats: Stats,
    rules: BTreeMap<RuleId, Unsupported>,
    attrs: BTreeMap<AttrId, Unsupported>,
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

#[derive(Default)]
struct Stats {
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
        let lowering = Lowering::new(program, params);
        let mut this = Evaluation { machine, lowering, stats, rules: BTreeMap::new(), attrs: BTreeMap::new() };
        for s in &strata.strata {
            if this.machine.halted() {
                break;
            }
            if let Err(why) = this.stratum(program, &s.rules, &s.mechanisms, how) {
                this.rules.extend(s.rules.iter().map(|r| (*r, why.clone())));
                this.attrs.extend(s.mechanisms.iter().map(|a| (*a, why.clone())));
            }
        }
        this
    }

    fn stratum(&mut self, program: &'p Program, rules: &[RuleId], mechanisms: &[AttrId], how: How) -> Result<(), Unsupported> {
        let clauses = rules.iter().filter_map(|r| program.rule(*r)).flat_map(|r| &r.clauses);
        for e in clauses.flat_map(|c| c.body.iter().chain(&c.value)) {
            self.available(e)?;
        }
        for m in program.mechanisms.iter().filter(|m| mechanisms.contains(&m.attr)) {
            self.available(&m.value)?;
        }
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.stratum(rules, mechanisms, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        let plan = plan?;
        self.machine.declare(&self.lowering.relations);
        self.machine.naive = how.naive;
        self.machine.stratum(&plan);
        self.stats.relations.resize(self.machine.relations.len(), None);
        for r in &plan.relations {
            let size = self.machine.relation(*r).map(|r| f64::from(r.len()));
            if let Some(slot) = self.stats.relations.get_mut(r.0 as usize) {
                *slot = size;
            }
        }
        Ok(())
    }

    /// Whether all that an expression uses could be evaluated.
    fn available(&self, e: &Expr) -> Result<(), Unsupported> {
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

    fn scope(&self, s: &Scope) -> Result<(), Unsupported> {
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
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.invariant(i, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        let plan = plan?;
        self.machine.declare(&self.lowering.relations);
        Ok(invariant::check(&mut self.machine, &plan, &i.name, most))
    }

    /// The plan of a query.
    pub fn plan_query(&mut self, vars: &[hir::Var], e: &Expr, columns: &[hir::VarId]) -> Result<QueryPlan, Unsupported> {
        self.available(e)?;
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.query(vars, e, columns, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        plan
    }

    /// The bindings of a query: certain ones, sorted; and the faults that may hide more.
    pub fn query(&mut self, plan: &QueryPlan) -> (Vec<Vec<Val>>, Vec<u32>) {
        self.machine.frame(plan.slots);
        let mut rows: indexmap::IndexMap<Vec<Val>, A, rustc_hash::FxBuildHasher> = Default::default();
        let universe = self.machine.universe.clone();
        self.machine.run(&plan.block, universe, &mut |m, a| {
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
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.formula((vars, &outer), e, verdicts, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        let (slots, formula) = plan?;
        self.machine.frame(slots);
        known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
        let universe = self.machine.universe.clone();
        let t = self.machine.truth(&formula, &universe);
        Ok(match t {
            None => Ok(false),
            Some(a) => match a.faulty() {
                Some((_, f)) => Err(f),
                None => Ok(true),
            },
        })
    }

    /// The changes that an edit makes, read here; or the fault (by number) that stands in its way.
    pub fn edit(&mut self, vars: usize, e: &'p hir::Edit) -> Result<Result<Vec<Change>, u32>, Unsupported> {
        if let Some(s) = &e.scope {
            self.scope(s)?;
        }
        let mut dictionary = std::mem::take(&mut self.machine.graph.dictionary);
        let plan = self.lowering.edit(vars, e, &self.stats, &mut dictionary);
        self.machine.graph.dictionary = dictionary;
        let plan = plan?;
        self.machine.frame(plan.slots);
        let mut changes = vec![];
        let mut fault = None;
        let universe = self.machine.universe.clone();
        self.machine.run(&plan.block, universe, &mut |m, a| {
            let unknown = a.faulty().map(|f| f.1);
            match unknown.map_or_else(|| change(m, &plan.action), Err) {
                Ok(c) => changes.push(c),
                Err(f) => fault = Some(f),
            }
            m.halted() || fault.is_some()
        });
        Ok(fault.map_or(Ok(changes), Err))
    }
}

/// The plan of every stratum and invariant over a structure, as text.
pub fn plans(program: &Program, strata: &Strata, mut graph: Graph, values: &[Value]) -> String {
    let params = params(values, &mut graph.dictionary);
    let stats = Stats::new(&graph);
    let mut lowering = Lowering::new(program, params);
    let mut dictionary = std::mem::take(&mut graph.dictionary);
    let strata: Vec<_> =
        strata.strata.iter().map(|s| lowering.stratum(&s.rules, &s.mechanisms, &stats, &mut dictionary)).collect();
    let invariants: Vec<_> =
        program.invariants.iter().map(|i| (&i.name, lowering.invariant(i, &stats, &mut dictionary))).collect();
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

/// One value, in one world.
fn one_of<A: Annotation>(m: &mut Machine<A>, c: &Computed) -> Result<Val, u32> {
    let mut v = Val::NONE;
    let universe = m.universe.clone();
    m.run(&c.block, universe, &mut |m, _| {
        v = m.scalar(&c.result);
        true
    });
    v.as_fault().map_or(Ok(v), Err)
}

/// A Json with a value put in at the end of a way into it; records are made where there are none.
fn placed(old: Value, path: &[Value], leaf: Value) -> Value {
    let Some((step, rest)) = path.split_first() else { return leaf };
    match (step, old) {
        (Value::Int(i), Value::List(items)) => {
            let mut items = items.to_vec();
            if let Some(slot) = usize::try_from(*i).ok().and_then(|i| items.get_mut(i)) {
                let inner = std::mem::replace(slot, Value::None);
                *slot = placed(inner, rest, leaf);
            }
            Value::list(items)
        }
        (Value::Text(name), old) => {
            let mut fields: Vec<(std::sync::Arc<str>, Value)> = match old {
                Value::Record(f) => f.to_vec(),
                _ => vec![],
            };
            match fields.iter_mut().find(|f| f.0 == *name) {
                Some(f) => {
                    let inner = std::mem::replace(&mut f.1, Value::None);
                    f.1 = placed(inner, rest, leaf);
                }
                None => {
                    fields.push((name.clone(), placed(Value::None, rest, leaf)));
                    fields.sort();
                }
            }
            Value::Record(fields.into())
        }
        (_, old) => old,
    }
}

/// What an edit does for the present binding.
fn change<A: Annotation>(m: &mut Machine<A>, action: &Action) -> Result<Change, u32> {
    let value = one_of::<A>;
    let end = |m: &mut Machine<A>, e: &EndPlan| -> Result<(KindId, Val), u32> {
        match e {
            EndPlan::Named(k, c) => Ok((*k, value(m, c)?)),
            EndPlan::Element(c) => {
                let v = value(m, c)?;
                let n = v.as_node().and_then(|n| Some((m.graph.node_kind(n)?, m.graph.node_id(n))));
                n.ok_or(u32::MAX)
            }
        }
    };
    Ok(match action {
        Action::Remove(c) => Change::Remove(value(m, c)?),
        Action::Set(of, attr, path, new) => {
            let (of, mut new) = (value(m, of)?, value(m, new)?);
            if !path.is_empty() {
                let path = path.iter().map(|p| value(m, p)).collect::<Result<Vec<_>, _>>()?;
                let path: Vec<Value> = path.into_iter().map(|p| m.graph.dictionary.value(p)).collect();
                let old = m.graph.dictionary.value(m.graph.attr(of, *attr));
                let leaf = m.graph.dictionary.value(new);
                new = m.graph.dictionary.intern(placed(old, &path, leaf));
            }
            Change::Set(of, *attr, new)
        }
        Action::AddNode(kind, id, list, ensure) => {
            let id = value(m, id)?;
            let given = list.iter().map(|(a, c)| Ok((*a, value(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddNode { kind: *kind, id, given, ensure: *ensure }
        }
        Action::AddEdge(kind, from, to, list, ensure) => {
            let (from, to) = (end(m, from)?, end(m, to)?);
            let given = list.iter().map(|(a, c)| Ok((*a, one_of(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddEdge { kind: *kind, from, to, given, ensure: *ensure }
        }
        Action::AddEvent(kind, id, at, list) => {
            let (id, at) = (value(m, id)?, value(m, at)?);
            let at = match m.graph.dictionary.value(at) {
                Value::Time(t) | Value::Duration(t) => t,
                _ => 0,
            };
            let given = list.iter().map(|(a, c)| Ok((*a, value(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddEvent { kind: *kind, id, at, given }
        }
    })
}

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
    /// See [`Evaluation::edit`].
    fn edit(&mut self, vars: usize, e: &'p hir::Edit) -> Result<Result<Vec<Change>, u32>, Unsupported>;
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
    fn edit(&mut self, vars: usize, e: &'p hir::Edit) -> Result<Result<Vec<Change>, u32>, Unsupported> {
        Evaluation::edit(self, vars, e)
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
