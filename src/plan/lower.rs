//! Lowering: strata, invariants, queries and messages become plans, for the sizes of one structure. Fed by semantics, driven by session.
//!
//! Long because what each sort of item needs beside its conjuncts is read side by side here.
use super::family::Families;
use super::ir::*;
use super::order::Sizes;
use super::path::{Automata, Move};
use super::unit::{Conjunct, Context, E, Unit, Unsupported, each_part};
use crate::base::Place;
use crate::scalar::{Dictionary, Kinds, Type, Val};
use crate::semantics::hir::{self, DemandForm, Expr, ExprKind, RuleForm, RuleId, VarId};
use crate::structure::schema::AttrId;
use rustc_hash::FxHashSet;
use std::cell::RefCell;

type Result<T> = std::result::Result<T, Unsupported>;

/// The relations of a program's rules.
pub fn relations(program: &hir::Program) -> Vec<RelationInfo> {
    program
        .rules
        .iter()
        .map(|r| RelationInfo {
            name: r.name.clone(),
            arity: r.params.len(),
            types: r.params.clone(),
            nodes: r.form == RuleForm::Relation && matches!(r.params.as_slice(), [Type::Node(_), Type::Node(_)]),
            combine: match &r.form {
                RuleForm::Relation => None,
                RuleForm::Value(c, _) => Some(*c),
            },
            place: r.place,
        })
        .collect()
}

/// Lowers programs against a structure's sizes.
pub struct Lowering<'p> {
    /// The program.
    pub program: &'p hir::Program,
    /// Values of its parameters.
    pub params: Vec<Val>,
    /// All relations by now: those of rules first, then those that lowering made.
    pub relations: Vec<RelationInfo>,
    /// The indexes of events that plans use by now.
    pub histories: RefCell<Vec<HistoryInfo>>,
    /// The state cells that plans may use by now.
    pub cells: RefCell<Vec<CellInfo>>,
    /// The relations in which events are looked for by now.
    pub kept: RefCell<Vec<RelId>>,
    /// A window that is another than the one written at this place; none is without end.
    pub widened: Option<(Place, Option<i64>)>,
    /// Paths that plans use by now.
    automata: Automata,
    /// Policies of one shape.
    pub(super) families: Families<'p>,
}

impl<'p> Lowering<'p> {
    /// A lowering with no relations but those of the rules, and the tables of policies that are planned together (if they are to be).
    pub fn new(program: &'p hir::Program, params: Vec<Val>, together: bool) -> Self {
        let mut relations = relations(program);
        let families = if together { Families::new(program, &mut relations) } else { Families::default() };
        Lowering {
            program,
            params,
            relations,
            histories: RefCell::default(),
            cells: RefCell::default(),
            kept: RefCell::default(),
            widened: None,
            automata: Automata::default(),
            families,
        }
    }

    pub(super) fn context<'a>(&'a self, sizes: &'a dyn Sizes) -> Context<'a> {
        Context {
            program: self.program,
            schema: &self.program.schema,
            params: &self.params,
            sizes,
            histories: &self.histories,
            cells: &self.cells,
            kept: &self.kept,
            widened: self.widened,
            automata: &self.automata,
        }
    }

    /// A stratum: its rules' clauses (for a recursive one, a variant for each delta) and its mechanisms.
    pub fn stratum(
        &mut self,
        rules: &[RuleId],
        mechanisms: &[AttrId],
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<StratumPlan> {
        let inside: FxHashSet<RuleId> = rules.iter().copied().collect();
        let mut plan = StratumPlan { relations: rules.iter().map(|r| RelId(r.0)).collect(), ..StratumPlan::default() };
        for id in rules {
            let Some(rule) = self.program.rule(*id).filter(|r| !r.function) else { continue };
            for clause in &rule.clauses {
                let mut bodies: Vec<Vec<&Expr>> = vec![vec![]];
                if let Some(b) = &clause.body {
                    alternatives(b, &inside, &mut bodies);
                }
                for body in bodies {
                    self.clause((*id, rule, clause), &body, (&inside, false), sizes, dictionary, &mut plan)?;
                }
            }
        }
        for m in self.program.mechanisms.iter().filter(|m| mechanisms.contains(&m.attr)) {
            if m.noise {
                return Err(Unsupported { place: m.place, what: "a mechanism that draws noise" });
            }
            let context = self.context(sizes);
            let mut unit = Unit::new(&context, dictionary, m.vars.len());
            let mut bound = FxHashSet::default();
            bound.insert(0);
            let x = unit.own(&m.value);
            let value = unit.computed(x, &bound)?;
            plan.mechanisms.push(MechanismPlan { attr: m.attr, kind: m.kind, slots: unit.slots, value, place: m.place });
        }
        Ok(plan)
    }

    /// Event rules, to be evaluated at one event after another.
    pub fn timed(&mut self, rules: &[RuleId], sizes: &dyn Sizes, dictionary: &mut Dictionary) -> Result<TimedPlan> {
        let mut timed = TimedPlan::default();
        let nothing = FxHashSet::default();
        for id in rules {
            let Some(rule) = self.program.rule(*id).filter(|r| !r.function) else { continue };
            let mut plan = StratumPlan::default();
            for clause in &rule.clauses {
                let body: Vec<&Expr> = clause.body.iter().collect();
                self.clause((*id, rule, clause), &body, (&nothing, true), sizes, dictionary, &mut plan)?;
            }
            timed.rules.push((RelId(id.0), plan.clauses));
        }
        Ok(timed)
    }

    /// The plans of a clause, for the rules of its stratum; `timed`: its first parameter is known.
    fn clause(
        &mut self,
        (id, rule, clause): (RuleId, &'p hir::Rule, &'p hir::Clause),
        body: &[&'p Expr],
        (inside, timed): (&FxHashSet<RuleId>, bool),
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
        plan: &mut StratumPlan,
    ) -> Result<()> {
        // which conjuncts can begin with a delta; a first pass finds out, then one variant for each
        // (and where there are three conjuncts or more, one that has the delta elsewhere)
        let mut deltas: Vec<(Option<usize>, Option<RelId>, bool)> = vec![(None, None, true)];
        let mut variant = 0;
        let mut closures = vec![];
        while let Some((at, delta, first)) = deltas.get(variant).copied() {
            let context = self.context(sizes);
            let mut unit = Unit::new(&context, dictionary, clause.vars.len());
            let mut list: Vec<Conjunct<'_>> = vec![];
            unit.now_of(0, clause, rule);
            for (i, (v, ty)) in clause.head.iter().zip(&rule.params).enumerate() {
                match ty {
                    Type::Event(_) if i > 0 && unit.nows.contains_key(&0) => list.push(unit.history(ty, v.0, 0)),
                    Type::Node(_) | Type::Event(_) | Type::Edge(_) => list.push(Conjunct::Kind(ty.clone(), v.0)),
                    _ => {}
                }
            }
            for e in body {
                // a closure over a rule of this stratum has a relation of its own
                if let ExprKind::Path(p) = &e.kind
                    && let Some(moves) = closure(&p.path, inside)
                {
                    let at = match closures.iter().find(|c: &&(Vec<Move>, RelId)| c.0 == moves) {
                        Some(c) => c.1,
                        None => {
                            let made = self.relations.len() as u32 + closures.len() as u32;
                            closures.push((moves, RelId(made)));
                            RelId(made)
                        }
                    };
                    let mut ends = vec![];
                    for end in [&p.from, &p.to] {
                        ends.push(match end.kind {
                            ExprKind::Var(v) => v.0,
                            ExprKind::Any => unit.fresh(),
                            _ => {
                                let slot = unit.fresh();
                                let x = unit.own(end);
                                list.push(Conjunct::Parameter(slot, x));
                                slot
                            }
                        });
                    }
                    list.push(Conjunct::Scan(at, ends));
                    continue;
                }
                if matches!(&e.kind, ExprKind::Path(p) if !matches!(p.path, hir::Path::Step(_)) && uses(e, inside)) {
                    return Err(Unsupported {
                        place: e.place,
                        what: "a counted or optional path over a rule within its own recursion",
                    });
                }
                let x = unit.own(e);
                unit.conjuncts(x, &mut list);
            }
            let mut needed: Vec<Slot> = clause.head.iter().map(|v| v.0).collect();
            let value = clause.value.as_ref().map(|v| unit.own(v));
            if let Some(v) = value {
                unit.matched(v, &mut list);
                unit.mentions(v, &mut needed);
            }
            if variant == 0 {
                for (i, c) in list.iter().enumerate() {
                    if let Some(r) = recursive(c, inside, &closures) {
                        deltas.push((Some(i), Some(r), true));
                        if body.len() >= 3 && value.is_none() {
                            deltas.push((Some(i), Some(r), false));
                        }
                    }
                }
                let top = deltas.len() > 1;
                // use in places that cannot begin with a delta: the clause runs in full whenever these change
                let mut hidden: Vec<RelId> = vec![];
                for e in body.iter().copied().chain(&clause.value) {
                    nested(e, inside, true, &mut hidden);
                }
                hidden.sort();
                hidden.dedup();
                deltas.extend(hidden.into_iter().map(|r| (None, Some(r), true)));
                if top {
                    // without a delta there is nothing to join with in the first round
                    variant += 1;
                    continue;
                }
            }
            let mut bound: FxHashSet<Slot> = clause.head.first().map(|v| v.0).filter(|_| timed).into_iter().collect();
            let block = match unit.block_with(list, &mut bound, &needed, at, first) {
                Ok(block) => block,
                Err(_) if !first => {
                    variant += 1;
                    continue;
                }
                Err(why) => return Err(why),
            };
            let value = value.map(|v| unit.computed(v, &bound)).transpose()?;
            let head: Vec<Slot> = clause.head.iter().map(|v| v.0).collect();
            if let Some(open) = head.iter().find(|h| !bound.contains(h)) {
                let _ = open;
                return Err(Unsupported { place: clause.place, what: "a parameter that nothing binds" });
            }
            variant += 1;
            if !first {
                let begins = matches!(block.steps.first(), Some(Step::Scan { source: Source::Delta, .. }));
                if let Some(same) = plan.clauses.last_mut().filter(|_| !begins) {
                    same.slots = same.slots.max(unit.slots);
                    same.others.push(block);
                }
                continue;
            }
            let others = vec![];
            plan.clauses.push(ClausePlan {
                relation: RelId(id.0),
                slots: unit.slots,
                block,
                others,
                head,
                value,
                shown: needed,
                delta,
                place: clause.place,
            });
        }
        for (moves, at) in closures {
            self.closure_relation(&moves, at, rule.place, inside, plan);
        }
        Ok(())
    }

    /// The transitive closure of moves, some of them of this stratum, as a relation of its own.
    fn closure_relation(&mut self, moves: &[Move], at: RelId, place: Place, inside: &FxHashSet<RuleId>, plan: &mut StratumPlan) {
        self.relations.push(RelationInfo {
            name: "a closure".into(),
            arity: 2,
            types: vec![Type::Node(Kinds::Any); 2],
            nodes: true,
            combine: None,
            place,
        });
        plan.relations.push(at);
        let step = |m: &Move, from: Arg, to: Arg, source: Source| match m {
            Move::Edge(kind) => Step::Edges { kind: *kind, edge: Arg::Any, from, to },
            Move::Rule(r) => Step::Scan { relation: *r, args: vec![from, to], value: None, source },
        };
        let mut clause = |steps: Vec<Step>, head: Vec<Slot>, delta: Option<RelId>| {
            plan.clauses.push(ClausePlan {
                relation: at,
                slots: 3,
                block: Block { steps },
                others: vec![],
                head,
                value: None,
                shown: vec![],
                delta,
                place,
            });
        };
        for m in moves {
            let own = match m {
                Move::Rule(r) if inside.contains(&RuleId(r.0)) => Some(*r),
                _ => None,
            };
            let (x, y, z) = (0, 1, 2);
            let source = if own.is_some() { Source::Delta } else { Source::Total };
            clause(vec![step(m, Arg::Bind(x), Arg::Bind(y), source)], vec![x, y], own);
            let scan = |args, source| Step::Scan { relation: at, args, value: None, source };
            clause(
                vec![scan(vec![Arg::Bind(x), Arg::Bind(y)], Source::Delta), step(m, Arg::Key(y), Arg::Bind(z), Source::Total)],
                vec![x, z],
                Some(at),
            );
            if own.is_some() {
                clause(
                    vec![
                        step(m, Arg::Bind(y), Arg::Bind(z), Source::Delta),
                        scan(vec![Arg::Bind(x), Arg::Key(y)], Source::Total),
                    ],
                    vec![x, z],
                    own,
                );
            }
        }
    }

    /// An invariant; `verdicts` are the numbers of the formulas about verdicts, by address.
    pub fn invariant(
        &self,
        i: &'p hir::Invariant,
        verdicts: &[(usize, usize)],
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<InvariantPlan> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, i.vars.len());
        unit.verdicts = verdicts.iter().copied().collect();
        let mut bound = FxHashSet::default();
        let mut list = vec![];
        let mut binders = vec![];
        let scope = match &i.scope {
            Some(s) => {
                unit.scope(s, 0, &mut list)?;
                binders = unit.scope_slots(s, 0);
                Some((unit.block(list, &mut bound, &binders)?, binders.clone()))
            }
            None => None,
        };
        // what only the `where` knows is gone behind it
        bound.retain(|s| binders.contains(s));
        let mut lets = Block::default();
        for (v, e) in &i.lets {
            let x = unit.own(e);
            let value = unit.scalar(x, &bound, &mut lets.steps)?;
            lets.steps.push(Step::Let { slot: v.0, value });
            bound.insert(v.0);
        }
        let mut clauses = vec![];
        for c in &i.clauses {
            clauses.push(self.demand(i, c, &mut unit, &bound)?);
        }
        Ok(InvariantPlan { slots: unit.slots, scope, lets, clauses, place: i.place })
    }

    fn demand(
        &self,
        i: &'p hir::Invariant,
        c: &'p hir::Demand,
        unit: &mut Unit<'_, '_>,
        outer: &FxHashSet<Slot>,
    ) -> Result<DemandPlan> {
        let mut bound = outer.clone();
        let mut witness = vec![];
        let form = match &c.form {
            DemandForm::Require(e) => {
                let x = unit.own(e);
                DemandPlanForm::Require(unit.formula(x, &bound)?)
            }
            DemandForm::Never(scope) => {
                let mut list = vec![];
                unit.scope(scope, 0, &mut list)?;
                let needed: Vec<Slot> = c.binding.iter().map(|v| v.0).collect();
                let block = unit.block(list, &mut bound, &needed)?;
                if let Some(f) = &scope.filter {
                    self.witness(f, unit, &c.binding, &mut witness)?;
                }
                DemandPlanForm::Never(block)
            }
        };
        let mut shown: FxHashSet<Slot> = outer.clone();
        shown.extend(c.binding.iter().map(|v| v.0));
        let message = c.message.as_ref().map(|m| self.message(m, unit, &shown)).transpose()?;
        let name = |v: &VarId| i.vars.get(v.0 as usize).map_or("?".into(), |v| v.name.clone());
        Ok(DemandPlan {
            form,
            binding: c.binding.iter().map(|v| (name(v), v.0)).collect(),
            kept: i.lets.iter().map(|l| l.0.0).collect(),
            kinds: c.kinds.clone(),
            message,
            witness,
            place: c.place,
        })
    }

    /// The paths of a `never` whose ends its binding shows.
    fn witness(&self, e: &'p Expr, unit: &mut Unit<'_, '_>, binding: &[VarId], out: &mut Vec<WitnessPlan>) -> Result<()> {
        match &e.kind {
            ExprKind::And(parts) => {
                for p in parts {
                    self.witness(p, unit, binding, out)?;
                }
            }
            ExprKind::Path(p) => {
                let end = |e: &Expr| match e.kind {
                    ExprKind::Var(v) if binding.contains(&v) => Some(Scalar::Slot(v.0)),
                    _ => None,
                };
                if let (Some(from), Some(to)) = (end(&p.from), end(&p.to)) {
                    let path = unit.automaton(&p.path, (&p.from.ty, &p.to.ty), e.place)?;
                    out.push(WitnessPlan { path, from, to });
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn message(&self, m: &'p Expr, unit: &mut Unit<'_, '_>, bound: &FxHashSet<Slot>) -> Result<MessagePlan> {
        let mut block = Block::default();
        let mut parts = vec![];
        let ExprKind::Text(list) = &m.kind else {
            let x = unit.own(m);
            let v = unit.scalar(x, bound, &mut block.steps)?;
            return Ok(MessagePlan { block, parts: vec![MessagePart::Value(v)] });
        };
        for p in list {
            parts.push(match p {
                hir::TextPart::Literal(t) => match unit.texts.get(&(p as *const hir::TextPart as usize)) {
                    Some(slot) => MessagePart::Value(Scalar::Slot(*slot)),
                    None => MessagePart::Literal(t.clone()),
                },
                hir::TextPart::Value(e) => {
                    let x = unit.own(e);
                    MessagePart::Value(unit.scalar(x, bound, &mut block.steps)?)
                }
            });
        }
        Ok(MessagePlan { block, parts })
    }

    /// A query: a formula in an open scope; its variables are the columns.
    pub fn query(
        &self,
        vars: &[hir::Var],
        e: &Expr,
        columns: &[VarId],
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<QueryPlan> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars.len());
        let mut list = vec![];
        let x = unit.own(e);
        unit.conjuncts(x, &mut list);
        let needed: Vec<Slot> = columns.iter().map(|v| v.0).collect();
        let mut bound = FxHashSet::default();
        let block = unit.block(list, &mut bound, &needed)?;
        let name = |v: &VarId| vars.get(v.0 as usize).map_or("?".into(), |v| v.name.clone());
        Ok(QueryPlan { slots: unit.slots, block, columns: columns.iter().map(|v| (name(v), v.0)).collect() })
    }

    /// The automaton of a path between ends of these types.
    pub fn automaton(
        &self,
        p: &hir::PathAtom,
        place: Place,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<std::sync::Arc<super::path::Automaton>> {
        let context = self.context(sizes);
        Unit::new(&context, dictionary, 0).automaton(&p.path, (&p.from.ty, &p.to.ty), place)
    }

    /// A formula all of whose outer variables are known (an `expect` of a test), with the numbers of the verdicts in it, by address.
    pub fn formula_with(
        &self,
        (vars, known): (usize, &[VarId]),
        e: &'p Expr,
        verdicts: &[(usize, usize)],
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<(u32, Formula)> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars);
        unit.verdicts = verdicts.iter().copied().collect();
        let x = unit.own(e);
        let f = unit.formula(x, &known.iter().map(|v| v.0).collect())?;
        Ok((unit.slots, f))
    }
}

/// The bodies that a clause falls into where `or` and `some` stand over rules of its own stratum.
fn alternatives<'p>(e: &'p Expr, inside: &FxHashSet<RuleId>, bodies: &mut Vec<Vec<&'p Expr>>) {
    match &e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| alternatives(p, inside, bodies)),
        ExprKind::Or(parts) if uses(e, inside) && bodies.len() * parts.len() <= 1024 => {
            let before = std::mem::take(bodies);
            for p in parts {
                let mut branch = before.clone();
                alternatives(p, inside, &mut branch);
                bodies.extend(branch);
            }
        }
        _ => bodies.iter_mut().for_each(|b| b.push(e)),
    }
}

/// Whether an expression uses a rule of the stratum.
fn uses(e: &Expr, inside: &FxHashSet<RuleId>) -> bool {
    let mut found = match &e.kind {
        ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => inside.contains(r),
        ExprKind::Path(p) => steps(&p.path).iter().any(|r| matches!(r, hir::Relation::Rule(r) if inside.contains(r))),
        _ => false,
    };
    each_part(e, &mut |p| found = found || uses(p, inside));
    found
}

fn steps(path: &hir::Path) -> Vec<hir::Relation> {
    match path {
        hir::Path::Step(r) => r.clone(),
        hir::Path::Sequence(p) | hir::Path::Either(p) => p.iter().flat_map(steps).collect(),
        hir::Path::Repeat(p, ..) => steps(p),
    }
}

/// The moves of a path that is a closure over some rule of the stratum.
fn closure(path: &hir::Path, inside: &FxHashSet<RuleId>) -> Option<Vec<Move>> {
    let hir::Path::Repeat(inner, 1, None) = path else { return None };
    let hir::Path::Step(relations) = &**inner else { return None };
    if !relations.iter().any(|r| matches!(r, hir::Relation::Rule(r) if inside.contains(r))) {
        return None;
    }
    let moves = relations.iter().map(|r| match r {
        hir::Relation::Edge(k) => Move::Edge(*k),
        hir::Relation::Rule(r) => Move::Rule(RelId(r.0)),
    });
    Some(moves.collect())
}

/// The relation of the stratum that a conjunct scans.
fn recursive(c: &Conjunct<'_>, inside: &FxHashSet<RuleId>, closures: &[(Vec<Move>, RelId)]) -> Option<RelId> {
    match c {
        Conjunct::Value(r, ..) if inside.contains(r) => Some(RelId(r.0)),
        Conjunct::Scan(r, _) if closures.iter().any(|c| c.1 == *r) => Some(*r),
        Conjunct::Formula(E { e, .. }) => match &e.kind {
            ExprKind::Atom(r, _) if inside.contains(r) => Some(RelId(r.0)),
            ExprKind::Path(p) => match &p.path {
                hir::Path::Step(list) => list.iter().find_map(|r| match r {
                    hir::Relation::Rule(r) if inside.contains(r) && list.len() == 1 => Some(RelId(r.0)),
                    _ => None,
                }),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The rules of the stratum that an expression uses below its top level.
fn nested(e: &Expr, inside: &FxHashSet<RuleId>, top: bool, out: &mut Vec<RelId>) {
    match &e.kind {
        ExprKind::Atom(r, _) if !top && inside.contains(r) => out.push(RelId(r.0)),
        ExprKind::Value { rule, matched, .. } if !*matched && inside.contains(rule) => out.push(RelId(rule.0)),
        ExprKind::Path(p) => {
            let list = steps(&p.path);
            let single = top && matches!(&p.path, hir::Path::Step(l) if l.len() == 1);
            if !(single || top && closure(&p.path, inside).is_some()) {
                out.extend(list.iter().filter_map(|r| match r {
                    hir::Relation::Rule(r) if inside.contains(r) => Some(RelId(r.0)),
                    _ => None,
                }));
            }
        }
        _ => {}
    }
    let flat = top && matches!(e.kind, ExprKind::And(_));
    // a matched value below operators of a top-level conjunct is taken out, so its own arguments are at the top too
    let scalar = !matches!(
        e.kind,
        ExprKind::Quantified(..) | ExprKind::Aggregate { .. } | ExprKind::Not(_) | ExprKind::Or(_) | ExprKind::Implies(..)
    );
    each_part(e, &mut |p| match &p.kind {
        ExprKind::Value { rule, matched: true, .. } if inside.contains(rule) && !(top && scalar) => {
            out.push(RelId(rule.0));
            nested(p, inside, false, out);
        }
        _ => nested(p, inside, flat || (top && scalar && matches!(p.kind, ExprKind::Value { .. } | ExprKind::Op(..))), out),
    });
}
