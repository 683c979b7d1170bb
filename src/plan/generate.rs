//! Lowering of what binds: the step, or the union of blocks, that a conjunct becomes where something in it is not known yet.
use super::ir::*;
use super::path::{Automaton, Move, Regular};
use super::unit::*;
use crate::base::Place;
use crate::scalar::{Kinds, Op, Type};
use crate::semantics::hir::{self, Expr, ExprKind};
use std::sync::Arc;

impl<'p> Unit<'p, '_> {
    /// What a step does with an argument. One that is made of what the step itself binds goes to `later`, to be compared behind it.
    pub(super) fn arg<'a>(
        &mut self,
        x: E<'a>,
        bound: &Bound,
        now: &mut Bound,
        steps: &mut Vec<Step>,
        later: &mut Vec<(Slot, E<'a>)>,
    ) -> Result<Arg> {
        if let Some(s) = self.bindable(x) {
            return Ok(self.slot_arg(s, bound, now));
        }
        match &x.e.kind {
            ExprKind::Any => Ok(Arg::Any),
            _ if !self.mentioned(x).iter().all(|s| bound.contains(s)) => {
                let slot = self.fresh();
                later.push((slot, x));
                Ok(Arg::Bind(slot))
            }
            _ => {
                let value = self.scalar(x, bound, steps)?;
                let s = match value {
                    Scalar::Slot(s) => s,
                    value => {
                        let slot = self.fresh();
                        steps.push(Step::Let { slot, value });
                        slot
                    }
                };
                Ok(Arg::Key(s))
            }
        }
    }

    pub(super) fn slot_arg(&self, s: Slot, bound: &Bound, now: &mut Bound) -> Arg {
        if bound.contains(&s) {
            Arg::Key(s)
        } else if now.insert(s) {
            Arg::Bind(s)
        } else {
            Arg::Same(s)
        }
    }

    /// The steps of a generator.
    pub(super) fn generate(&mut self, c: &Conjunct<'_>, bound: &mut Bound, source: Source, steps: &mut Vec<Step>) -> Result<()> {
        let mut now = Bound::default();
        let mut later: Vec<(Slot, E<'_>)> = vec![];
        match c {
            Conjunct::Past(p) => return self.past(p, vec![], bound, steps),
            Conjunct::Earlier(x) => return self.earlier(*x, bound, steps),
            Conjunct::Last(n, scope, env) => return self.last(*n, scope, *env, bound, steps),
            Conjunct::Kind(ty, s) => {
                let element = self.slot_arg(*s, bound, &mut now);
                steps.push(Step::Kind { ty: ty.clone(), element });
            }
            Conjunct::Edge(kinds, e, f, t) => {
                let [edge, from, to] = [*e, *f, *t].map(|s| self.slot_arg(s, bound, &mut now));
                let mut all: Vec<Step> = kinds.iter().map(|k| Step::Edges { kind: *k, edge, from, to }).collect();
                match all.len() {
                    1 => steps.append(&mut all),
                    _ => steps.push(Step::Union(all.into_iter().map(|s| Block { steps: vec![s] }).collect())),
                }
            }
            Conjunct::Range(list, key, var, place) => {
                let list = self.scalar(*list, bound, steps)?;
                let key = key.map(|s| self.slot_arg(s, bound, &mut now));
                let var = var.map_or(Arg::Any, |s| self.slot_arg(s, bound, &mut now));
                steps.push(Step::Range { list, key, var, place: *place });
            }
            Conjunct::Scan(r, slots) => {
                let args = slots.iter().map(|s| self.slot_arg(*s, bound, &mut now)).collect();
                steps.push(Step::Scan { relation: *r, args, value: None, source });
            }
            Conjunct::Value(r, args, slot) => {
                let env = args.first().map_or(0, |a| a.env);
                let mut args: Vec<Arg> =
                    args.iter().map(|a| self.arg(*a, bound, &mut now, steps, &mut later)).collect::<Result<_>>()?;
                let types = self.context.program.rule(*r).map_or(&[][..], |r| &r.params);
                let seen = self.events_seen(RelId(r.0), types, env, &mut args);
                steps.push(Step::Scan { relation: RelId(r.0), args, value: Some(*slot), source });
                steps.extend(seen);
                now.insert(*slot);
            }
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Atom(r, args) => {
                    let Some(rule) = self.context.program.rule(*r) else { return unsupported(x.e.place, "an unknown rule") };
                    if rule.function {
                        return self.function_atom(rule, *x, args, bound, steps);
                    }
                    let mut args: Vec<Arg> =
                        args.iter().map(|a| self.arg(x.sub(a), bound, &mut now, steps, &mut later)).collect::<Result<_>>()?;
                    let seen = self.events_seen(RelId(r.0), &rule.params, x.env, &mut args);
                    steps.push(Step::Scan { relation: RelId(r.0), args, value: None, source });
                    steps.extend(seen);
                }
                ExprKind::Path(p) => {
                    let mut from = self.arg(x.sub(&p.from), bound, &mut now, steps, &mut later)?;
                    let mut to = self.arg(x.sub(&p.to), bound, &mut now, steps, &mut later)?;
                    if let Some((f, t)) = p.edge.and_then(|v| self.ends.get(&self.slot(x.env, v)).copied()) {
                        // `_` may be read as the edge's end
                        for (arg, s) in [(&mut from, f), (&mut to, t)] {
                            if *arg == Arg::Any {
                                *arg = self.slot_arg(s, bound, &mut now);
                            }
                        }
                    }
                    let edge = p.edge.map_or(Arg::Any, |v| self.slot_arg(self.slot(x.env, v), bound, &mut now));
                    if let Some(v) = p.edge {
                        // the ends of the edge are those of the path, also where these are no variables
                        let e = self.slot(x.env, v);
                        if let Some((f, t)) = self.ends.get(&e).copied() {
                            for (s, arg) in [(f, from), (t, to)] {
                                if let Arg::Key(k) = arg
                                    && !bound.contains(&s)
                                    && k != s
                                {
                                    steps.push(Step::Let { slot: s, value: Scalar::Slot(k) });
                                    now.insert(s);
                                }
                            }
                        }
                    }
                    match &p.path {
                        hir::Path::Step(relations) => {
                            let mut all: Vec<Step> = relations
                                .iter()
                                .map(|r| match r {
                                    hir::Relation::Edge(k) => Step::Edges { kind: *k, edge, from, to },
                                    hir::Relation::Rule(r) => {
                                        Step::Scan { relation: RelId(r.0), args: vec![from, to], value: None, source }
                                    }
                                })
                                .collect();
                            match all.len() {
                                1 => steps.append(&mut all),
                                _ => steps.push(Step::Union(all.into_iter().map(|s| Block { steps: vec![s] }).collect())),
                            }
                        }
                        path => {
                            let path = self.automaton(path, (&p.from.ty, &p.to.ty), x.e.place)?;
                            steps.push(Step::Reach { path, from, to });
                        }
                    }
                }
                ExprKind::Is(of, ty) => {
                    let element = self.arg(x.sub(of), bound, &mut now, steps, &mut later)?;
                    steps.push(Step::Kind { ty: ty.clone(), element });
                }
                ExprKind::Op(Op::In, args) => {
                    let [v, list] = args.as_slice() else { return unsupported(x.e.place, "`in`") };
                    let list = self.scalar(x.sub(list), bound, steps)?;
                    let slot = self.target(x.sub(v)).unwrap_or(0);
                    let var = self.slot_arg(slot, bound, &mut now);
                    steps.push(Step::Range { list, key: None, var, place: x.e.place });
                }
                ExprKind::Op(Op::Eq, args) => {
                    let [a, b] = args.as_slice() else { return unsupported(x.e.place, "`==`") };
                    let Some((attr, element, known, ty)) = self.attr_eq(*x, a, b, bound) else {
                        return unsupported(x.e.place, "`==`");
                    };
                    let value = self.scalar(x.sub(known), bound, steps)?;
                    let slot = self.fresh();
                    steps.push(Step::Let { slot, value });
                    let read = self.fresh();
                    let same = Scalar::Op(Op::Eq, vec![Scalar::Slot(read), Scalar::Slot(slot)], x.e.place);
                    let plainly = vec![
                        Step::Kind { ty: ty.clone(), element: Arg::Bind(element) },
                        Step::Read { slot: read, of: Scalar::Slot(element), attr, place: x.e.place },
                        Step::Filter(Formula::Test(Computed { block: Block::default(), result: same })),
                    ];
                    steps.push(Step::AttrEq { attr, value: slot, element, plainly: Block { steps: plainly } });
                    steps.push(Step::Kind { ty, element: Arg::Key(element) });
                    now.insert(element);
                }
                ExprKind::Or(parts) => {
                    let mut blocks = vec![];
                    let mut common: Option<Bound> = None;
                    for p in parts {
                        let mut inner = bound.clone();
                        let mut list = vec![];
                        self.conjuncts(x.sub(p), &mut list);
                        let needed: Vec<Slot> = self.mentioned(*x);
                        blocks.push(self.block(list, &mut inner, &needed)?);
                        common = Some(match common {
                            None => inner,
                            Some(c) => c.intersection(&inner).copied().collect(),
                        });
                    }
                    now.extend(common.into_iter().flatten());
                    steps.push(Step::Union(blocks));
                }
                _ => return unsupported(x.e.place, "this condition as a source of bindings"),
            },
            _ => {}
        }
        bound.extend(now);
        for (slot, x) in later {
            let value = self.scalar(x, bound, steps)?;
            let same = Scalar::Op(Op::Eq, vec![Scalar::Slot(slot), value], x.e.place);
            steps.push(Step::Filter(Formula::Test(Computed { block: Block::default(), result: same })));
        }
        Ok(())
    }

    /// A function's atom: its clauses in place.
    pub(super) fn function_atom(
        &mut self,
        rule: &'p hir::Rule,
        x: E<'_>,
        args: &[Expr],
        bound: &mut Bound,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.depth += 1;
        if self.depth > 200 {
            return unsupported(x.e.place, "functions nested this deep");
        }
        let mut blocks = vec![];
        let mut now = Bound::default();
        for clause in &rule.clauses {
            let base = self.slots;
            self.slots += clause.vars.len() as u32;
            self.envs.push((base..self.slots).collect());
            let env = self.envs.len() - 1;
            let mut block = Block::default();
            let mut inner = bound.clone();
            let mut needed = vec![];
            let mut outputs = vec![];
            for (h, a) in clause.head.iter().zip(args) {
                let param = self.slot(env, *h);
                let open = matches!(&a.kind, ExprKind::Var(v) if !bound.contains(&self.slot(x.env, *v)));
                if open || matches!(a.kind, ExprKind::Any) {
                    needed.push(param);
                    if let ExprKind::Var(v) = a.kind {
                        outputs.push((self.slot(x.env, v), param));
                    }
                } else {
                    let value = self.scalar(x.sub(a), bound, &mut block.steps)?;
                    block.steps.push(Step::Let { slot: param, value });
                    inner.insert(param);
                }
            }
            let mut list = vec![];
            self.now_of(env, clause, rule);
            for (i, (h, t)) in clause.head.iter().zip(&rule.params).enumerate() {
                let slot = self.slot(env, *h);
                match t {
                    Type::Event(_) if i > 0 && self.nows.contains_key(&env) => list.push(self.history(t, slot, env)),
                    Type::Node(_) | Type::Event(_) | Type::Edge(_) => list.push(Conjunct::Kind(t.clone(), slot)),
                    _ => {}
                }
            }
            if let Some(b) = &clause.body {
                self.conjuncts(E { e: b, env }, &mut list);
            }
            block.steps.extend(self.block(list, &mut inner, &needed)?.steps);
            for (outer, param) in outputs {
                block.steps.push(Step::Let { slot: outer, value: Scalar::Slot(param) });
                now.insert(outer);
            }
            blocks.push(block);
        }
        self.depth -= 1;
        bound.extend(now);
        steps.push(Step::Union(blocks));
        Ok(())
    }

    /// The automaton of a regular path.
    pub fn automaton(&self, path: &hir::Path, (from, to): (&Type, &Type), place: Place) -> Result<Arc<Automaton>> {
        fn regular(path: &hir::Path) -> Regular {
            match path {
                hir::Path::Step(r) => Regular::Step(
                    r.iter()
                        .map(|r| match r {
                            hir::Relation::Edge(k) => Move::Edge(*k),
                            hir::Relation::Rule(r) => Move::Rule(RelId(r.0)),
                        })
                        .collect(),
                ),
                hir::Path::Sequence(p) => Regular::Sequence(p.iter().map(regular).collect()),
                hir::Path::Either(p) => Regular::Either(p.iter().map(regular).collect()),
                hir::Path::Repeat(p, a, b) => Regular::Repeat(Box::new(regular(p)), *a, *b),
            }
        }
        let node = |t: &Type, guaranteed: Option<Type>| match (t, guaranteed) {
            (_, Some(g)) => g,
            (Type::Node(_), None) => t.clone(),
            _ => Type::Node(Kinds::Any),
        };
        let inner = match path {
            hir::Path::Repeat(p, ..) => self.path_ends(p),
            p => self.path_ends(p),
        };
        let ends = (node(from, inner.0), node(to, inner.1));
        match Automaton::new(&regular(path), ends, String::new()) {
            Some(a) => Ok(self.context.automata.of(a)),
            None => unsupported(place, "a path of this many steps"),
        }
    }
}
