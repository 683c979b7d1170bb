//! Lowering of expressions: scalars, and formulas that are only tested. Part of unit; what binds is in block and generate.
use super::ir::*;
use super::unit::*;
use crate::scalar::builtin::AGREED;
use crate::scalar::{Op, Type, Val, Value};
use crate::semantics::hir::{self, Aggregate, Expr, ExprKind, Quantifier, VerdictAtom};
use crate::structure::schema::Sort;
use std::sync::Arc;

impl<'p> Unit<'p, '_> {
    /// A scalar; what it must read stands in `steps`.
    pub fn scalar(&mut self, x: E<'_>, bound: &Bound, steps: &mut Vec<Step>) -> Result<Scalar> {
        if let Some(s) = self.replaced.get(&x.key()) {
            return Ok(Scalar::Slot(*s));
        }
        let place = x.e.place;
        let scalar = match &x.e.kind {
            ExprKind::Const(v) => self.constant(v),
            ExprKind::Param(p) => Scalar::Const(self.context.params.get(p.0 as usize).copied().unwrap_or(Val::NONE)),
            ExprKind::Var(v) => Scalar::Slot(self.slot(x.env, *v)),
            ExprKind::Element(e) => self.constant(&Value::Element(*e)),
            ExprKind::Attr(of, attr) => {
                let of = self.scalar(x.sub(of), bound, steps)?;
                let slot = self.fresh();
                steps.push(Step::Read { slot, of, attr: *attr, place });
                Scalar::Slot(slot)
            }
            ExprKind::OpenAttr(of, name) => {
                let of = self.scalar(x.sub(of), bound, steps)?;
                let slot = self.fresh();
                steps.push(Step::ReadOpen { slot, of, name: name.clone() });
                Scalar::Slot(slot)
            }
            ExprKind::Field(of, field) => {
                if let ExprKind::Var(v) = of.kind
                    && let Some((f, t)) = self.ends.get(&self.slot(x.env, v)).copied()
                {
                    match field {
                        Field::From if bound.contains(&f) => return Ok(Scalar::Slot(f)),
                        Field::To if bound.contains(&t) => return Ok(Scalar::Slot(t)),
                        _ => {}
                    }
                }
                let of = self.scalar(x.sub(of), bound, steps)?;
                let slot = self.fresh();
                steps.push(Step::ReadField { slot, of, field: *field });
                Scalar::Slot(slot)
            }
            ExprKind::Lookup(kind, id) => {
                let id = self.scalar(x.sub(id), bound, steps)?;
                let slot = self.fresh();
                let sort = self.context.schema.kind(*kind).map_or(Sort::Node, |k| k.sort);
                let now = self.nows.get(&x.env).copied().filter(|_| sort == Sort::Event);
                steps.push(Step::Lookup { slot, kind: *kind, sort, id, now, place });
                Scalar::Slot(slot)
            }
            ExprKind::Op(op, args) => {
                let args = args.iter().map(|a| self.scalar(x.sub(a), bound, steps)).collect::<Result<Vec<_>>>()?;
                Scalar::Op(op.clone(), args, place)
            }
            ExprKind::Coalesce(a, b) => {
                let first = self.scalar(x.sub(a), bound, steps)?;
                let second = self.computed(x.sub(b), bound)?;
                let slot = self.fresh();
                steps.push(Step::Coalesce { slot, first, second });
                Scalar::Slot(slot)
            }
            ExprKind::If(c, a, b) => {
                let condition = self.formula(x.sub(c), bound)?;
                let (then, otherwise) = (self.computed(x.sub(a), bound)?, self.computed(x.sub(b), bound)?);
                let slot = self.fresh();
                steps.push(Step::Choose { slot, condition, then, otherwise });
                Scalar::Slot(slot)
            }
            ExprKind::Value { rule, args, .. } => {
                if let Some(r) = self.context.program.rule(*rule).filter(|r| r.function) {
                    return self.function_value(r, x, args, bound, steps);
                }
                let args = args.iter().map(|a| self.scalar(x.sub(a), bound, steps)).collect::<Result<Vec<_>>>()?;
                let slot = self.fresh();
                steps.push(Step::Value { slot, relation: RelId(rule.0), args });
                Scalar::Slot(slot)
            }
            ExprKind::Aggregate { aggregate, scope, value } => {
                let mut inner = bound.clone();
                let mut list = vec![];
                self.scope(scope, x.env, &mut list)?;
                let binders = self.binder_slots(scope, x.env);
                let mut needed = binders.clone();
                if let Some(v) = value {
                    self.mentions(x.sub(v), &mut needed);
                }
                let block = self.block(list, &mut inner, &needed)?;
                let value = value.as_ref().map(|v| self.computed(x.sub(v), &inner)).transpose()?;
                let repeats = repeats(&block, &binders);
                let zero = match x.e.ty.present() {
                    Type::Float(_) => Value::float(0.0).unwrap_or(Value::None),
                    Type::Duration => Value::Duration(0),
                    _ => Value::Int(0),
                };
                let zero = self.dictionary.intern(zero);
                let slot = self.fresh();
                let cell = self.cell(&block, &binders, value.as_ref(), CellForm::Fold(*aggregate), place);
                let spec = AggregateSpec { aggregate: *aggregate, block, binders, repeats, value, zero, cell, place };
                steps.push(Step::Aggregate { slot, spec: Arc::new(spec) });
                Scalar::Slot(slot)
            }
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Implies(..)
            | ExprKind::Is(..)
            | ExprKind::Atom(..)
            | ExprKind::Path(_)
            | ExprKind::Quantified(..)
            | ExprKind::Share { .. }
            | ExprKind::Earlier { .. }
            | ExprKind::Since { .. }
            | ExprKind::Verdict(_) => {
                let formula = self.formula(x, bound)?;
                let slot = self.fresh();
                steps.push(Step::Truth { slot, formula });
                Scalar::Slot(slot)
            }
            ExprKind::Any | ExprKind::Error => self.constant(&Value::None),
            ExprKind::Text(_) => return unsupported(place, "text with values in it, outside a message"),
            ExprKind::Was(e) => {
                let value = self.computed(x.sub(e), bound)?;
                let slot = self.fresh();
                steps.push(Step::Was { slot, value });
                Scalar::Slot(slot)
            }
            ExprKind::Consecutive { scope, satisfies } => {
                let slot = self.fresh();
                let step = self.consecutive(slot, scope, x.sub(satisfies), bound)?;
                steps.push(step);
                Scalar::Slot(slot)
            }
            ExprKind::Noise(..) => return unsupported(place, "noise or a probability"),
        };
        Ok(scalar)
    }

    /// What computes an expression.
    pub fn computed(&mut self, x: E<'_>, bound: &Bound) -> Result<Computed> {
        let mut steps = vec![];
        let result = self.scalar(x, bound, &mut steps)?;
        Ok(Computed { block: Block { steps }, result })
    }

    /// A call of a function value rule: its clauses in place, which must agree (or the first that matches, in turn, for `One`).
    pub(super) fn function_value(
        &mut self,
        r: &'p hir::Rule,
        x: E<'_>,
        args: &[Expr],
        bound: &Bound,
        steps: &mut Vec<Step>,
    ) -> Result<Scalar> {
        let hir::RuleForm::Value(combine, _) = &r.form else { return Ok(self.constant(&Value::None)) };
        let aggregate = match combine {
            Combine::Min => Aggregate::Min,
            Combine::Max => Aggregate::Max,
            Combine::Any => Aggregate::Any,
            Combine::All => Aggregate::All,
            Combine::One => Aggregate::Distinct,
        };
        let mut blocks = vec![];
        let out = self.fresh();
        let params: Vec<Scalar> = args.iter().map(|a| self.scalar(x.sub(a), bound, steps)).collect::<Result<_>>()?;
        for clause in &r.clauses {
            let (env, mut block) = self.expand(clause, &params);
            self.now_of(env, clause, r);
            let mut inner = bound.clone();
            inner.extend(clause.head.iter().map(|h| self.slot(env, *h)));
            let mut list = vec![];
            if let Some(b) = &clause.body {
                self.conjuncts(E { e: b, env }, &mut list);
            }
            let Some(value) = &clause.value else { continue };
            let value = E { e: value, env };
            self.matched(value, &mut list);
            let mut needed = vec![];
            self.mentions(value, &mut needed);
            block.steps.extend(self.block(list, &mut inner, &needed)?.steps);
            let v = self.scalar(value, &inner, &mut block.steps)?;
            block.steps.push(Step::Let { slot: out, value: v });
            blocks.push(block);
        }
        let slot = self.fresh();
        let result = Computed { block: Block::default(), result: Scalar::Slot(out) };
        let spec = AggregateSpec {
            aggregate,
            block: Block { steps: vec![Step::Union(blocks)] },
            binders: vec![out],
            repeats: true,
            value: Some(result),
            zero: Val::NONE,
            cell: None,
            place: x.e.place,
        };
        steps.push(Step::Aggregate { slot, spec: Arc::new(spec) });
        if *combine != Combine::One {
            return Ok(Scalar::Slot(slot));
        }
        // the one value there is; a second is a conflict
        let agreed = self.fresh();
        steps.push(Step::Let { slot: agreed, value: Scalar::Op(Op::Call(&AGREED), vec![Scalar::Slot(slot)], x.e.place) });
        Ok(Scalar::Slot(agreed))
    }

    /// A fresh environment for a clause of a function, its parameters set.
    pub(super) fn expand(&mut self, clause: &hir::Clause, params: &[Scalar]) -> (usize, Block) {
        let base = self.slots;
        self.slots += clause.vars.len() as u32;
        self.envs.push((base..self.slots).collect());
        let env = self.envs.len() - 1;
        let steps =
            clause.head.iter().zip(params).map(|(h, p)| Step::Let { slot: self.slot(env, *h), value: p.clone() }).collect();
        (env, Block { steps })
    }

    // ------------------------------------------------------------------ formulas

    /// A formula, all of whose outer variables are bound.
    pub fn formula(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        if self.depth > 200 {
            return unsupported(x.e.place, "a formula nested this deep");
        }
        self.depth += 1;
        let f = self.formula_inner(x, bound);
        self.depth -= 1;
        f
    }

    pub(super) fn formula_inner(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        match &x.e.kind {
            ExprKind::Const(Value::Bool(b)) => Ok(Formula::Const(*b)),
            ExprKind::And(parts) => {
                if self.opens(x, bound) || self.finds(x, parts, bound) {
                    return self.exists(x, bound);
                }
                Ok(Formula::And(parts.iter().map(|p| self.formula(x.sub(p), bound)).collect::<Result<_>>()?))
            }
            ExprKind::Or(parts) => Ok(Formula::Or(parts.iter().map(|p| self.formula(x.sub(p), bound)).collect::<Result<_>>()?)),
            ExprKind::Not(a) => Ok(Formula::Not(Box::new(self.formula(x.sub(a), bound)?))),
            ExprKind::Implies(a, b) => {
                let (a, b) = (self.formula(x.sub(a), bound)?, self.formula(x.sub(b), bound)?);
                Ok(Formula::Or(vec![Formula::Not(Box::new(a)), b]))
            }
            ExprKind::Is(of, ty) => {
                let mut steps = vec![];
                let v = self.scalar(x.sub(of), bound, &mut steps)?;
                let slot = self.fresh();
                steps.push(Step::Let { slot, value: v });
                steps.push(Step::Kind { ty: ty.clone(), element: Arg::Key(slot) });
                Ok(Formula::Exists(Block { steps }))
            }
            ExprKind::Atom(..) | ExprKind::Path(_) => self.exists(x, bound),
            ExprKind::Quantified(q, scope, satisfies) => {
                let mut inner = bound.clone();
                let mut list = vec![];
                self.scope(scope, x.env, &mut list)?;
                let mut needed = vec![];
                if let Some(s) = satisfies {
                    list.push(Conjunct::Not(x.sub(s)));
                }
                let binders = self.binder_slots(scope, x.env);
                if !matches!(q, Quantifier::Some | Quantifier::No | Quantifier::Every) {
                    needed.extend(&binders);
                }
                let block = self.block(list, &mut inner, &needed)?;
                let counted = |test| {
                    let repeats = repeats(&block, &binders);
                    Formula::Counted { test, block: block.clone(), binders: binders.clone(), repeats }
                };
                Ok(match q {
                    Quantifier::Some => Formula::Exists(block),
                    Quantifier::No | Quantifier::Every => Formula::Not(Box::new(Formula::Exists(block))),
                    Quantifier::Exactly(n) => counted(CountTest::Exactly(*n)),
                    Quantifier::AtLeast(n) => counted(CountTest::AtLeast(*n)),
                    Quantifier::AtMost(n) => counted(CountTest::AtMost(*n)),
                })
            }
            ExprKind::Was(e) if e.ty == Type::Bool => Ok(Formula::Was(Box::new(self.formula(x.sub(e), bound)?))),
            ExprKind::Verdict(atom) if let VerdictAtom::Stable(e) = &**atom => {
                // both sides true, or both false
                let now = self.formula(x.sub(e), bound)?;
                let was = Formula::Was(Box::new(now.clone()));
                let not = |f: &Formula| Formula::Not(Box::new(f.clone()));
                let neither = Formula::And(vec![not(&now), not(&was)]);
                Ok(Formula::Or(vec![Formula::And(vec![now, was]), neither]))
            }
            ExprKind::Verdict(atom) if let VerdictAtom::Decides(effect, event, policy) = &**atom => {
                Ok(Formula::Decided(*effect, policy.map(|p| p.0), self.computed(x.sub(event), bound)?))
            }
            ExprKind::Earlier { .. } => self.happened(x, bound),
            ExprKind::Since { none, since } => self.since(x, none, since, bound),
            ExprKind::Verdict(_) | ExprKind::Share { .. } => match self.verdicts.get(&(x.e as *const Expr as usize)) {
                Some(n) => Ok(Formula::Known(*n)),
                None => unsupported(x.e.place, "a verdict or a share here"),
            },
            // `x == e` and `x in e` that bind
            ExprKind::Op(Op::Eq | Op::In, _) if self.opens(x, bound) => self.exists(x, bound),
            _ => Ok(Formula::Test(self.computed(x, bound)?)),
        }
    }

    /// Whether an `and` has variables of its own, not counting those of quantifiers in it.
    pub(super) fn opens(&self, x: E<'_>, bound: &Bound) -> bool {
        if let Some(s) = self.replaced.get(&x.key()) {
            return !bound.contains(s);
        }
        match &x.e.kind {
            ExprKind::Var(v) => !bound.contains(&self.slot(x.env, *v)),
            ExprKind::Field(..) if let Some(s) = self.target(x) => !bound.contains(&s),
            ExprKind::Quantified(..) | ExprKind::Aggregate { .. } => false,
            _ if timed(x.e) => false,
            ExprKind::Path(p) if p.edge.is_some_and(|v| !bound.contains(&self.slot(x.env, v))) => true,
            _ => {
                let mut any = false;
                each_part(x.e, &mut |p| any |= self.opens(x.sub(p), bound));
                any
            }
        }
    }

    /// Whether one of several parts is an `earlier` whose event another of them speaks of.
    fn finds(&self, x: E<'_>, parts: &[hir::Expr], bound: &Bound) -> bool {
        parts.iter().enumerate().any(|(i, part)| {
            let mut found = vec![];
            self.found_by(x.sub(part), &mut found);
            found.retain(|s| !bound.contains(s));
            let mut others = vec![];
            if !found.is_empty() {
                parts.iter().enumerate().filter(|o| o.0 != i).for_each(|o| self.mentions(x.sub(o.1), &mut others));
            }
            found.iter().any(|s| others.contains(s))
        })
    }

    fn found_by(&self, x: E<'_>, out: &mut Vec<Slot>) {
        match &x.e.kind {
            ExprKind::And(parts) => parts.iter().for_each(|p| self.found_by(x.sub(p), out)),
            _ => out.extend(self.earlier_slots(x)),
        }
    }

    pub(super) fn exists(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        let mut list = vec![];
        self.conjuncts(x, &mut list);
        let block = self.block(list, &mut bound.clone(), &[])?;
        Ok(Formula::Exists(block))
    }
}
