//! Lowering of one unit: its frame of slots, scalars, formulas and blocks. Used by `lower`; the order of conjuncts comes from `order`.
use super::ir::*;
use super::order::{self, Sizes};
use super::path::{Automaton, Move, Regular};
use crate::base::Place;
use crate::scalar::builtin::AGREED;
use crate::scalar::{Dictionary, Kinds, Op, Type, Val, Value};
use crate::semantics::hir::{self, Aggregate, Domain, Expr, ExprKind, Quantifier, RuleId, VarId};
use crate::structure::schema::{Schema, Sort};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What lowering cannot express: a word whose engine is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub what: &'static str,
}

/// An expression, with the slots of its variables (an expanded function has its own).
#[derive(Clone, Copy, Debug)]
pub struct E<'a> {
    /// The expression.
    pub e: &'a Expr,
    /// The environment's number.
    pub env: usize,
}

impl<'a> E<'a> {
    fn sub(self, e: &'a Expr) -> E<'a> {
        E { e, env: self.env }
    }
    fn key(self) -> (usize, usize) {
        (self.e as *const Expr as usize, self.env)
    }
}

/// A conjunct of a block.
#[derive(Clone, Debug)]
pub enum Conjunct<'a> {
    /// A formula.
    Formula(E<'a>),
    /// The negation of a formula.
    Not(E<'a>),
    /// `slot: Kind`.
    Kind(Type, Slot),
    /// An edge of kinds, with its ends.
    Edge(Vec<crate::scalar::KindId>, Slot, Slot, Slot),
    /// `slot in list`.
    Range(E<'a>, Option<Slot>, Option<Slot>, Place),
    /// A value rule that must match, and the slot of its value.
    Value(RuleId, Vec<E<'a>>, Slot),
    /// `slot == expression`, of an expanded function's parameter.
    Parameter(Slot, E<'a>),
    /// A scan that lowering made itself: the relation and its columns' slots.
    Scan(RelId, Vec<Slot>),
}

/// What a unit reads of its program.
pub struct Context<'p> {
    /// The program.
    pub program: &'p hir::Program,
    /// Its kinds.
    pub schema: &'p Schema,
    /// Values of parameters.
    pub params: &'p [Val],
    /// Sizes.
    pub sizes: &'p dyn Sizes,
}

/// The lowering of one unit.
pub struct Unit<'p, 'd> {
    /// What it reads.
    pub context: &'p Context<'p>,
    /// For literals.
    pub dictionary: &'d mut Dictionary,
    /// How many slots there are by now.
    pub slots: u32,
    envs: Vec<Vec<Slot>>,
    replaced: FxHashMap<(usize, usize), Slot>,
    /// Edge variables and the slots of their ends.
    ends: FxHashMap<Slot, (Slot, Slot)>,
    /// The slots of binders without a name (`_: Host`), by address and environment.
    nameless: FxHashMap<(usize, usize), Slot>,
    /// Of each open block, the slots that its conjuncts mention outside of quantifiers and aggregates, or that are read behind it:
    /// what else is mentioned there is their own.
    levels: Vec<Bound>,
    /// Truth values of verdict atoms, known beforehand (tests), by address.
    pub verdicts: FxHashMap<usize, bool>,
    /// The relation of the delta, and which conjunct (by position in the clause) reads it.
    depth: u32,
}

type Result<T> = std::result::Result<T, Unsupported>;
type Bound = FxHashSet<Slot>;

fn unsupported<T>(place: Place, what: &'static str) -> Result<T> {
    Err(Unsupported { place, what })
}

impl<'p, 'd> Unit<'p, 'd> {
    /// A unit with so many variables: their slots come first.
    pub fn new(context: &'p Context<'p>, dictionary: &'d mut Dictionary, vars: usize) -> Self {
        let envs = vec![(0..vars as u32).collect()];
        Unit {
            context,
            dictionary,
            slots: vars as u32,
            envs,
            replaced: FxHashMap::default(),
            ends: FxHashMap::default(),
            nameless: FxHashMap::default(),
            levels: vec![],
            verdicts: FxHashMap::default(),
            depth: 0,
        }
    }
    /// An expression of the unit itself.
    pub fn own<'a>(&self, e: &'a Expr) -> E<'a> {
        E { e, env: 0 }
    }
    /// A fresh slot.
    pub fn fresh(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }
    fn slot(&self, env: usize, v: VarId) -> Slot {
        self.envs.get(env).and_then(|e| e.get(v.0 as usize)).copied().unwrap_or(0)
    }
    /// The slot of a binder's element; one that has no name gets one too, since its bindings count.
    fn binder_slot(&mut self, env: usize, b: &hir::Binder) -> Slot {
        match b.var {
            Some(v) => self.slot(env, v),
            None => {
                let slot = self.fresh();
                self.nameless.insert((b as *const hir::Binder as usize, env), slot);
                slot
            }
        }
    }
    fn constant(&mut self, v: &Value) -> Scalar {
        Scalar::Const(self.dictionary.intern(v.clone()))
    }

    // ------------------------------------------------------------------ which slots an expression mentions

    /// The slots of all variables in an expression, also of those that are local to its parts.
    pub fn mentions(&self, x: E<'_>, out: &mut Vec<Slot>) {
        if let Some(s) = self.replaced.get(&x.key()) {
            out.push(*s);
            return;
        }
        if let ExprKind::Field(of, f) = &x.e.kind
            && let ExprKind::Var(v) = of.kind
            && let Some((from, to)) = self.ends.get(&self.slot(x.env, v))
        {
            match f {
                Field::From => return out.push(*from),
                Field::To => return out.push(*to),
                _ => {}
            }
        }
        if let ExprKind::Var(v) = x.e.kind {
            out.push(self.slot(x.env, v));
        }
        if let ExprKind::Path(p) = &x.e.kind
            && let Some(v) = p.edge
        {
            out.push(self.slot(x.env, v));
        }
        let mut binder = |b: &hir::Binder, unit: &Self| {
            out.extend([b.key, b.var].into_iter().flatten().map(|v| unit.slot(x.env, v)));
        };
        for s in scopes(x.e) {
            s.binders.iter().for_each(|b| binder(b, self));
        }
        each_part(x.e, &mut |p| self.mentions(x.sub(p), out));
    }

    /// The slots that an expression reads, sorted: what only its own quantifiers and aggregates know is not among them.
    fn mentioned(&self, x: E<'_>) -> Vec<Slot> {
        let mut out = vec![];
        self.reads(x, &mut out);
        out.sort();
        out.dedup();
        out
    }

    fn reads(&self, x: E<'_>, out: &mut Vec<Slot>) {
        let scoped = matches!(x.e.kind, ExprKind::Quantified(..) | ExprKind::Aggregate { .. });
        let mut all = vec![];
        match &x.e.kind {
            _ if scoped || self.replaced.contains_key(&x.key()) => self.mentions(x, &mut all),
            ExprKind::Var(_) | ExprKind::Field(..) => self.mentions(x, &mut all),
            ExprKind::Path(p) => {
                if let Some(v) = p.edge {
                    let e = self.slot(x.env, v);
                    all.push(e);
                    // its ends are known with it
                    all.extend(self.ends.get(&e).into_iter().flat_map(|e| [e.0, e.1]));
                }
                each_part(x.e, &mut |p| self.reads(x.sub(p), &mut all));
            }
            _ => each_part(x.e, &mut |p| self.reads(x.sub(p), &mut all)),
        }
        if scoped {
            let level = self.levels.last();
            all.retain(|s| level.is_some_and(|level| level.contains(s)));
        }
        out.extend(all);
    }

    fn conjunct_slots(&self, c: &Conjunct<'_>) -> Vec<Slot> {
        let mut out = vec![];
        match c {
            Conjunct::Formula(x) | Conjunct::Not(x) => self.reads(*x, &mut out),
            Conjunct::Kind(_, s) => out.push(*s),
            Conjunct::Edge(_, e, f, t) => out.extend([*e, *f, *t]),
            Conjunct::Range(l, k, v, _) => {
                self.reads(*l, &mut out);
                out.extend(k.iter().chain(v));
            }
            Conjunct::Value(_, args, s) => {
                args.iter().for_each(|a| self.reads(*a, &mut out));
                out.push(*s);
            }
            Conjunct::Parameter(s, x) => {
                self.reads(*x, &mut out);
                out.push(*s);
            }
            Conjunct::Scan(_, slots) => out.extend(slots),
        }
        out.sort();
        out.dedup();
        out
    }

    // ------------------------------------------------------------------ making conjuncts

    /// The conjuncts of a formula: `and` is taken apart, value rules that must match stand for themselves.
    pub fn conjuncts<'a>(&mut self, x: E<'a>, out: &mut Vec<Conjunct<'a>>)
    where
        'p: 'a,
    {
        match &x.e.kind {
            ExprKind::And(parts) => parts.iter().for_each(|p| self.conjuncts(x.sub(p), out)),
            ExprKind::Const(Value::Bool(true)) => {}
            _ => {
                self.matched(x, out);
                self.edge_ends(x);
                out.push(Conjunct::Formula(x));
            }
        }
    }

    /// A path's edge variable has the path's ends.
    fn edge_ends(&mut self, x: E<'_>) {
        let ExprKind::Path(p) = &x.e.kind else { return };
        let Some(e) = p.edge else { return };
        let end = |unit: &mut Self, e: &Expr| match e.kind {
            ExprKind::Var(v) => unit.slot(x.env, v),
            _ => unit.fresh(),
        };
        let (from, to) = (end(self, &p.from), end(self, &p.to));
        let e = self.slot(x.env, e);
        self.ends.insert(e, (from, to));
    }

    /// Takes out the value rules in a conjunct (or value) that must match.
    pub fn matched<'a>(&mut self, x: E<'a>, out: &mut Vec<Conjunct<'a>>)
    where
        'p: 'a,
    {
        if self.replaced.contains_key(&x.key()) {
            return;
        }
        match &x.e.kind {
            ExprKind::Value { rule, args, matched: true } if !self.context.program.rule(*rule).is_some_and(|r| r.function) => {
                args.iter().for_each(|a| self.matched(x.sub(a), out));
                let slot = self.fresh();
                out.push(Conjunct::Value(*rule, args.iter().map(|a| x.sub(a)).collect(), slot));
                self.replaced.insert(x.key(), slot);
            }
            ExprKind::Quantified(..)
            | ExprKind::Aggregate { .. }
            | ExprKind::Not(_)
            | ExprKind::Or(_)
            | ExprKind::Implies(..) => {}
            _ => each_part(x.e, &mut |p| self.matched(x.sub(p), out)),
        }
    }

    /// The conjuncts of a scope.
    pub fn scope<'a>(&mut self, scope: &'a hir::Scope, env: usize, out: &mut Vec<Conjunct<'a>>) -> Result<()>
    where
        'p: 'a,
    {
        for b in &scope.binders {
            if b.window.is_some() {
                return unsupported(b.place, "a window over the past");
            }
            match &b.domain {
                Domain::Kind(Type::Edge(kinds)) => {
                    let e = self.binder_slot(env, b);
                    let (f, t) = (self.fresh(), self.fresh());
                    self.ends.insert(e, (f, t));
                    out.push(Conjunct::Edge(self.context.schema.below(Sort::Edge, kinds), e, f, t));
                }
                Domain::Kind(ty) => {
                    let slot = self.binder_slot(env, b);
                    out.push(Conjunct::Kind(ty.clone(), slot));
                }
                Domain::Range(list) => {
                    let list = E { e: list, env };
                    self.matched(list, out);
                    let key = b.key.map(|v| self.slot(env, v));
                    out.push(Conjunct::Range(list, key, b.var.map(|v| self.slot(env, v)), b.place));
                }
            }
        }
        if let Some(f) = &scope.filter {
            self.conjuncts(E { e: f, env }, out);
        }
        Ok(())
    }

    /// The slots of a scope's binders.
    pub fn binder_slots(&self, scope: &hir::Scope, env: usize) -> Vec<Slot> {
        let nameless = |b: &hir::Binder| self.nameless.get(&(b as *const hir::Binder as usize, env)).copied();
        let of = |b: &hir::Binder| [b.key.map(|v| self.slot(env, v)), b.var.map(|v| self.slot(env, v)).or(nameless(b))];
        scope.binders.iter().flat_map(of).flatten().collect()
    }

    /// The same, and the ends of those that are edges: all that is read of a binding behind its scope.
    pub fn scope_slots(&self, scope: &hir::Scope, env: usize) -> Vec<Slot> {
        let mut all = self.binder_slots(scope, env);
        let ends: Vec<Slot> = all.iter().filter_map(|s| self.ends.get(s)).flat_map(|e| [e.0, e.1]).collect();
        all.extend(ends);
        all
    }

    // ------------------------------------------------------------------ scalars

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
                steps.push(Step::Lookup { slot, kind: *kind, sort, id, place });
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
                let spec = AggregateSpec { aggregate: *aggregate, block, binders, repeats, value, zero, place };
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
            | ExprKind::Verdict(_) => {
                let formula = self.formula(x, bound)?;
                let slot = self.fresh();
                steps.push(Step::Truth { slot, formula });
                Scalar::Slot(slot)
            }
            ExprKind::Any | ExprKind::Error => self.constant(&Value::None),
            ExprKind::Text(_) => return unsupported(place, "text with values in it, outside a message"),
            ExprKind::Was(_) => return unsupported(place, "`was`"),
            ExprKind::Share { .. } => return unsupported(place, "a share of worlds or candidates"),
            ExprKind::Earlier { .. } | ExprKind::Since { .. } | ExprKind::Consecutive { .. } => {
                return unsupported(place, "a word for the past");
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
    fn function_value(
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
    fn expand(&mut self, clause: &hir::Clause, params: &[Scalar]) -> (usize, Block) {
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

    fn formula_inner(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        match &x.e.kind {
            ExprKind::Const(Value::Bool(b)) => Ok(Formula::Const(*b)),
            ExprKind::And(parts) => {
                if self.opens(x, bound) {
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
            ExprKind::Verdict(_) => match self.verdicts.get(&(x.e as *const Expr as usize)) {
                Some(b) => Ok(Formula::Const(*b)),
                None => unsupported(x.e.place, "a verdict as a formula"),
            },
            // `x == e` and `x in e` that bind
            ExprKind::Op(Op::Eq | Op::In, _) if self.opens(x, bound) => self.exists(x, bound),
            _ => Ok(Formula::Test(self.computed(x, bound)?)),
        }
    }

    /// Whether an `and` has variables of its own, not counting those of quantifiers in it.
    fn opens(&self, x: E<'_>, bound: &Bound) -> bool {
        if let Some(s) = self.replaced.get(&x.key()) {
            return !bound.contains(s);
        }
        match &x.e.kind {
            ExprKind::Var(v) => !bound.contains(&self.slot(x.env, *v)),
            ExprKind::Field(..) if let Some(s) = self.target(x) => !bound.contains(&s),
            ExprKind::Quantified(..) | ExprKind::Aggregate { .. } => false,
            ExprKind::Path(p) if p.edge.is_some_and(|v| !bound.contains(&self.slot(x.env, v))) => true,
            _ => {
                let mut any = false;
                each_part(x.e, &mut |p| any |= self.opens(x.sub(p), bound));
                any
            }
        }
    }

    fn exists(&mut self, x: E<'_>, bound: &Bound) -> Result<Formula> {
        let mut list = vec![];
        self.conjuncts(x, &mut list);
        let block = self.block(list, &mut bound.clone(), &[])?;
        Ok(Formula::Exists(block))
    }

    // ------------------------------------------------------------------ blocks

    /// Orders conjuncts and makes their steps. `needed` are the slots that are read behind the block.
    pub fn block(&mut self, list: Vec<Conjunct<'_>>, bound: &mut Bound, needed: &[Slot]) -> Result<Block> {
        self.block_with(list, bound, needed, None, false)
    }

    /// The same, with the delta of the conjunct at a position, perhaps first of all.
    pub fn block_with(
        &mut self,
        list: Vec<Conjunct<'_>>,
        bound: &mut Bound,
        needed: &[Slot],
        delta: Option<usize>,
        first: bool,
    ) -> Result<Block> {
        self.levels.push(Bound::default());
        let top: Bound =
            list.iter().flat_map(|c| self.conjunct_slots(c)).chain(needed.iter().copied()).chain(bound.iter().copied()).collect();
        if let Some(level) = self.levels.last_mut() {
            *level = top;
        }
        let slots: Vec<Vec<Slot>> = list.iter().map(|c| self.conjunct_slots(c)).collect();
        let mut uses: FxHashMap<Slot, usize> = FxHashMap::default();
        slots.iter().flatten().chain(needed.iter()).for_each(|s| *uses.entry(*s).or_default() += 1);
        let mut left: Vec<usize> = (0..list.len()).collect();
        // kinds that another conjunct guarantees need no look
        let implied: Vec<usize> = left
            .iter()
            .copied()
            .filter(|i| match list.get(*i) {
                Some(Conjunct::Kind(ty, s)) => list.iter().enumerate().any(|(j, c)| j != *i && self.guarantees(c, *s, ty)),
                _ => false,
            })
            .collect();
        left.retain(|i| !implied.contains(i));
        let mut steps = vec![];
        if let Some(at) = delta.filter(|_| first)
            && let Some(c) = list.get(at)
        {
            left.retain(|i| *i != at);
            self.generate(c, bound, Source::Delta, &mut steps)?;
        }
        loop {
            // what is ready and multiplies nothing, cheap first
            let mut ready: Vec<(u32, usize)> = vec![];
            for i in left.iter().filter(|i| delta != Some(**i)) {
                let (Some(c), Some(own)) = (list.get(*i), slots.get(*i)) else { continue };
                let outer = |s: &Slot| uses.get(s).copied().unwrap_or(0) > 1 && !bound.contains(s);
                let waiting = own.iter().any(outer);
                if let Some(class) = self.filter_class(c, waiting, bound) {
                    ready.push((class, *i));
                }
            }
            if let Some((_, i)) = ready.into_iter().min()
                && let Some(c) = list.get(i)
            {
                left.retain(|j| *j != i);
                self.filter(c, bound, &mut steps)?;
                continue;
            }
            let mut best: Option<(f64, usize, bool)> = None;
            // one walk to all ends is cheaper than one to each element of a kind
            let ends: Vec<Slot> = left.iter().filter_map(|i| self.open_end(list.get(*i)?, bound)).collect();
            for i in &left {
                let Some(c) = list.get(*i) else { continue };
                if matches!(c, Conjunct::Kind(_, s) if ends.contains(s)) {
                    continue;
                }
                let open: Vec<Slot> = slots.get(*i).into_iter().flatten().filter(|s| !bound.contains(s)).copied().collect();
                let open: Vec<Slot> = open.into_iter().filter(|s| uses.get(s).copied().unwrap_or(0) > 1).collect();
                if let Some(cost) = self.cost(c, &open, bound) {
                    // what binds nothing that is read elsewhere is a condition: one match is enough
                    let cost = if open.is_empty() { cost.min(1.0) } else { cost };
                    if best.is_none_or(|b| cost < b.0) {
                        best = Some((cost, *i, open.is_empty()));
                    }
                }
            }
            let Some((_, i, condition)) = best else { break };
            let Some(c) = list.get(i) else { break };
            left.retain(|j| *j != i);
            let source = match delta {
                Some(d) if i == d => Source::Delta,
                Some(d) if i < d => Source::Old,
                _ => Source::Total,
            };
            if condition {
                let mut inner = vec![];
                self.generate(c, &mut bound.clone(), source, &mut inner)?;
                steps.push(Step::Filter(Formula::Exists(Block { steps: inner })));
            } else {
                self.generate(c, bound, source, &mut steps)?;
            }
        }
        if let Some(i) = left.first()
            && let Some(c) = list.get(*i)
        {
            return unsupported(self.conjunct_place(c), "a condition whose variables nothing binds");
        }
        self.levels.pop();
        Ok(Block { steps })
    }

    fn conjunct_place(&self, c: &Conjunct<'_>) -> Place {
        match c {
            Conjunct::Formula(x) | Conjunct::Not(x) | Conjunct::Parameter(_, x) => x.e.place,
            Conjunct::Range(_, _, _, p) => *p,
            _ => Place::default(),
        }
    }

    /// The end that a walk from its other, known end would bind.
    fn open_end(&self, c: &Conjunct<'_>, bound: &Bound) -> Option<Slot> {
        let Conjunct::Formula(x) = c else { return None };
        let ExprKind::Path(p) = &x.e.kind else { return None };
        if matches!(p.path, hir::Path::Step(_)) {
            return None;
        }
        let known = |e: &Expr| self.mentioned(x.sub(e)).iter().all(|s| bound.contains(s)) && !matches!(e.kind, ExprKind::Any);
        let open = |e: &Expr| match e.kind {
            ExprKind::Var(v) => Some(self.slot(x.env, v)).filter(|s| !bound.contains(s)),
            _ => None,
        };
        match (known(&p.from), known(&p.to)) {
            (true, false) => open(&p.to),
            (false, true) => open(&p.from),
            _ => None,
        }
    }

    /// Whether a conjunct binds (or checks) a slot such that it is of a type.
    fn guarantees(&self, c: &Conjunct<'_>, slot: Slot, ty: &Type) -> bool {
        let fits = |given: &Type| match (given, ty) {
            (Type::Node(Kinds::Of(a)), Type::Node(k)) => a.iter().all(|k2| self.context.schema.within(*k2, k)),
            (Type::Node(Kinds::Any), Type::Node(Kinds::Any)) => true,
            (Type::Event(Kinds::Of(a)), Type::Event(k)) => a.iter().all(|k2| self.context.schema.within(*k2, k)),
            _ => false,
        };
        let is = |env: usize, e: &Expr| matches!(e.kind, ExprKind::Var(v) if self.slot(env, v) == slot);
        match c {
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Path(p) => {
                    let (from, to) = self.path_ends(&p.path);
                    (is(x.env, &p.from) && from.is_some_and(|t| fits(&t))) || (is(x.env, &p.to) && to.is_some_and(|t| fits(&t)))
                }
                ExprKind::Atom(r, args) => match self.context.program.rule(*r).filter(|r| !r.function) {
                    Some(rule) => args.iter().zip(&rule.params).any(|(a, t)| is(x.env, a) && fits(t)),
                    None => false,
                },
                _ => false,
            },
            Conjunct::Value(r, args, _) => match self.context.program.rule(*r) {
                Some(rule) => args.iter().zip(&rule.params).any(|(a, t)| is(a.env, a.e) && fits(t)),
                None => false,
            },
            _ => false,
        }
    }

    /// The kinds that a path's first and last steps guarantee.
    fn path_ends(&self, path: &hir::Path) -> (Option<Type>, Option<Type>) {
        match path {
            hir::Path::Step(relations) => {
                let mut from: Vec<Kinds> = vec![];
                let mut to: Vec<Kinds> = vec![];
                for r in relations {
                    match r {
                        hir::Relation::Edge(k) => match self.context.schema.kind(*k).and_then(|k| k.ends.clone()) {
                            Some((f, t)) => {
                                from.push(f);
                                to.push(t);
                            }
                            None => return (None, None),
                        },
                        hir::Relation::Rule(r) => match self.context.program.rule(*r).map(|r| r.params.as_slice()) {
                            Some([Type::Node(f), Type::Node(t)]) => {
                                from.push(f.clone());
                                to.push(t.clone());
                            }
                            _ => return (None, None),
                        },
                    }
                }
                let all = |list: Vec<Kinds>| {
                    let mut kinds = vec![];
                    for k in list {
                        match k {
                            Kinds::Any => return Type::Node(Kinds::Any),
                            Kinds::Of(l) => kinds.extend(l.iter().copied()),
                        }
                    }
                    kinds.sort();
                    kinds.dedup();
                    Type::Node(Kinds::Of(kinds.into()))
                };
                (Some(all(from)), Some(all(to)))
            }
            hir::Path::Repeat(inner, least, _) if *least > 0 => self.path_ends(inner),
            _ => (None, None),
        }
    }

    /// Whether a conjunct can run now without multiplying bindings, and how dear it is.
    fn filter_class(&self, c: &Conjunct<'_>, waiting: bool, bound: &Bound) -> Option<u32> {
        let known = |x: E<'_>| self.mentioned(x).iter().all(|s| bound.contains(s));
        match c {
            // assignments
            Conjunct::Formula(x) if matches!(&x.e.kind, ExprKind::Op(Op::Eq, _)) => {
                let ExprKind::Op(_, args) = &x.e.kind else { return None };
                let [a, b] = args.as_slice() else { return None };
                let assigns = |v: &Expr, e: &Expr| self.target(x.sub(v)).is_some_and(|s| !bound.contains(&s)) && known(x.sub(e));
                if assigns(a, b) || assigns(b, a) {
                    return Some(0);
                }
                (!waiting && self.free(*x, bound)).then_some(1)
            }
            Conjunct::Parameter(_, x) => known(*x).then_some(0),
            Conjunct::Kind(_, s) => bound.contains(s).then_some(2),
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Atom(..) | ExprKind::Path(_) => None,
                ExprKind::Is(of, _) => (known(x.sub(of))).then_some(2),
                ExprKind::Op(Op::In, args)
                    if args.first().and_then(|a| self.target(x.sub(a))).is_some_and(|s| !bound.contains(&s)) =>
                {
                    None
                }
                ExprKind::Quantified(..) => (!waiting).then_some(5),
                _ if waiting => None,
                ExprKind::Or(_) | ExprKind::And(_) | ExprKind::Not(_) | ExprKind::Implies(..) => Some(4),
                _ => self.free(*x, bound).then_some(3),
            },
            Conjunct::Not(_) => (!waiting).then_some(6),
            _ => None,
        }
    }

    /// Whether a scalar test needs nothing more than what is bound (variables of its quantifiers and aggregates apart).
    fn free(&self, x: E<'_>, bound: &Bound) -> bool {
        !self.opens(x, bound)
    }

    /// The slot that an expression stands for, if it is a variable (or an edge's end).
    fn target(&self, x: E<'_>) -> Option<Slot> {
        match &x.e.kind {
            ExprKind::Var(v) => Some(self.slot(x.env, *v)),
            ExprKind::Field(of, f) => match (&of.kind, f) {
                (ExprKind::Var(v), Field::From) => self.ends.get(&self.slot(x.env, *v)).map(|e| e.0),
                (ExprKind::Var(v), Field::To) => self.ends.get(&self.slot(x.env, *v)).map(|e| e.1),
                _ => None,
            },
            _ => None,
        }
    }

    fn filter(&mut self, c: &Conjunct<'_>, bound: &mut Bound, steps: &mut Vec<Step>) -> Result<()> {
        match c {
            Conjunct::Parameter(slot, x) => {
                let value = self.scalar(*x, bound, steps)?;
                steps.push(Step::Let { slot: *slot, value });
                bound.insert(*slot);
            }
            Conjunct::Kind(ty, s) => steps.push(Step::Kind { ty: ty.clone(), element: Arg::Key(*s) }),
            Conjunct::Not(x) => {
                let f = self.formula(*x, bound)?;
                steps.push(Step::Filter(Formula::Not(Box::new(f))));
            }
            Conjunct::Formula(x) => {
                if let ExprKind::Op(Op::Eq, args) = &x.e.kind
                    && let [a, b] = args.as_slice()
                {
                    for (v, e) in [(a, b), (b, a)] {
                        let Some(slot) = self.target(x.sub(v)).filter(|s| !bound.contains(s)) else { continue };
                        if !self.mentioned(x.sub(e)).iter().all(|s| bound.contains(s)) {
                            continue;
                        }
                        let value = self.scalar(x.sub(e), bound, steps)?;
                        steps.push(Step::Let { slot, value });
                        bound.insert(slot);
                        if matches!(v.ty, Type::Node(_) | Type::Edge(_) | Type::Event(_))
                            && !matches!(e.kind, ExprKind::Var(_) | ExprKind::Const(_) | ExprKind::Field(..))
                        {
                            // an element that is not known may be any
                            steps.push(Step::Kind { ty: v.ty.clone(), element: Arg::Key(slot) });
                        }
                        // if the value is a fault, so is this conjunct
                        let same = Scalar::Op(Op::Eq, vec![Scalar::Slot(slot), Scalar::Slot(slot)], x.e.place);
                        steps.push(Step::Filter(Formula::Test(Computed { block: Block::default(), result: same })));
                        return Ok(());
                    }
                }
                let f = self.formula(*x, bound)?;
                // tests without steps of their own run in this block, so that what they read is there for what follows
                steps.push(Step::Filter(f));
            }
            _ => {}
        }
        Ok(())
    }

    /// How many bindings a generator gives for each one; none if it cannot run yet.
    fn cost(&self, c: &Conjunct<'_>, open: &[Slot], bound: &Bound) -> Option<f64> {
        let sizes = self.context.sizes;
        let known = |x: E<'_>| self.mentioned(x).iter().all(|s| bound.contains(s));
        // an argument is known, or a variable that the step can bind, or made of such: then it is compared behind the step
        let own = self.own_arguments(c);
        let arg = |x: E<'_>| -> Option<bool> {
            match &x.e.kind {
                ExprKind::Any => Some(false),
                ExprKind::Var(v) => Some(bound.contains(&self.slot(x.env, *v))),
                _ if known(x) => Some(true),
                _ => self.mentioned(x).iter().all(|s| bound.contains(s) || own.contains(s)).then_some(false),
            }
        };
        match c {
            Conjunct::Kind(ty, _) => Some(sizes.kind(ty)),
            Conjunct::Edge(kinds, e, f, t) => {
                let b = |s: &Slot| bound.contains(s);
                Some(kinds.iter().map(|k| order::edges(sizes.edges(*k), b(e), b(f), b(t))).sum())
            }
            Conjunct::Range(list, ..) => known(*list).then_some(4.0),
            Conjunct::Scan(r, slots) => {
                Some(order::scan(sizes.relation(*r), slots.iter().filter(|s| bound.contains(s)).count(), slots.len()))
            }
            Conjunct::Value(r, args, _) => {
                let known: Option<Vec<bool>> = args.iter().map(|a| arg(*a)).collect();
                let n = known?.into_iter().filter(|b| *b).count();
                Some(order::scan(sizes.relation(RelId(r.0)), n, args.len()))
            }
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Atom(r, args) => {
                    let rule = self.context.program.rule(*r)?;
                    let known: Option<Vec<bool>> = args.iter().map(|a| arg(x.sub(a))).collect();
                    let n = known?.into_iter().filter(|b| *b).count();
                    if rule.function {
                        // value parameters must be known
                        let ready = args.iter().zip(&rule.params).all(|(a, t)| {
                            matches!(t, Type::Node(_) | Type::Edge(_) | Type::Event(_)) || arg(x.sub(a)) == Some(true)
                        });
                        return ready.then_some(2.0);
                    }
                    Some(order::scan(sizes.relation(RelId(r.0)), n, args.len()))
                }
                ExprKind::Path(p) => {
                    let (from, to) = (arg(x.sub(&p.from))?, arg(x.sub(&p.to))?);
                    let edge = p.edge.is_some_and(|v| bound.contains(&self.slot(x.env, v)));
                    Some(match &p.path {
                        hir::Path::Step(relations) => relations
                            .iter()
                            .map(|r| match r {
                                hir::Relation::Edge(k) => order::edges(sizes.edges(*k), edge, from, to),
                                hir::Relation::Rule(r) => {
                                    order::scan(sizes.relation(RelId(r.0)), usize::from(from) + usize::from(to), 2)
                                }
                            })
                            .sum(),
                        _ => order::path(sizes.nodes(), from, to),
                    })
                }
                ExprKind::Is(of, ty) => matches!(of.kind, ExprKind::Var(_)).then(|| sizes.kind(ty)),
                ExprKind::Op(Op::In, args) => match args.as_slice() {
                    [v, list] if self.target(x.sub(v)).is_some() => known(x.sub(list)).then_some(4.0),
                    _ => None,
                },
                ExprKind::Op(Op::Eq, args) => match args.as_slice() {
                    [a, b] => self.attr_eq(*x, a, b, bound).map(|(.., ty)| sizes.kind(&ty) / 16.0 + 1.0),
                    _ => None,
                },
                ExprKind::Or(parts) => {
                    let all = parts.iter().all(|p| {
                        let can = self.binds(x.sub(p), bound);
                        open.iter().all(|s| can.contains(s))
                    });
                    all.then_some(64.0 * parts.len() as f64)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The variables that stand as arguments of an atom, or as ends of a path.
    fn own_arguments(&self, c: &Conjunct<'_>) -> Bound {
        let var = |env: usize, e: &Expr| match e.kind {
            ExprKind::Var(v) => Some(self.slot(env, v)),
            _ => None,
        };
        match c {
            Conjunct::Value(_, args, _) => args.iter().filter_map(|a| var(a.env, a.e)).collect(),
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Atom(_, args) => args.iter().filter_map(|a| var(x.env, a)).collect(),
                ExprKind::Path(p) => [&p.from, &p.to].into_iter().filter_map(|a| var(x.env, a)).collect(),
                _ => Bound::default(),
            },
            _ => Bound::default(),
        }
    }

    /// `x.attr == e` with x open and e known: the attribute, the element's slot, the known side and x's type.
    fn attr_eq<'a>(
        &self,
        x: E<'a>,
        a: &'a Expr,
        b: &'a Expr,
        bound: &Bound,
    ) -> Option<(crate::structure::schema::AttrId, Slot, &'a Expr, Type)> {
        for (l, r) in [(a, b), (b, a)] {
            let ExprKind::Attr(of, attr) = &l.kind else { continue };
            let ExprKind::Var(v) = of.kind else { continue };
            let slot = self.slot(x.env, v);
            let plain = self.context.schema.attr(*attr).is_some_and(|a| !a.mechanism);
            let node = matches!(of.ty, Type::Node(_) | Type::Event(_));
            if plain && node && !bound.contains(&slot) && self.mentioned(x.sub(r)).iter().all(|s| bound.contains(s)) {
                return Some((*attr, slot, r, of.ty.clone()));
            }
        }
        None
    }

    /// The slots that a formula binds, given those that are bound.
    fn binds(&self, x: E<'_>, bound: &Bound) -> Bound {
        let mut all = bound.clone();
        let mut parts = vec![];
        flatten(x, &mut parts);
        loop {
            let before = all.len();
            for p in &parts {
                match &p.e.kind {
                    ExprKind::Atom(_, args) => {
                        for a in args {
                            if let ExprKind::Var(v) = a.kind {
                                all.insert(self.slot(p.env, v));
                            }
                        }
                    }
                    ExprKind::Path(path) => {
                        for a in [&path.from, &path.to] {
                            if let ExprKind::Var(v) = a.kind {
                                all.insert(self.slot(p.env, v));
                            }
                        }
                        all.extend(path.edge.map(|v| self.slot(p.env, v)));
                    }
                    ExprKind::Is(of, _) => all.extend(self.target(p.sub(of))),
                    ExprKind::Op(Op::Eq, args) => {
                        if let [a, b] = args.as_slice() {
                            for (v, e) in [(a, b), (b, a)] {
                                if self.mentioned(p.sub(e)).iter().all(|s| all.contains(s)) {
                                    all.extend(self.target(p.sub(v)));
                                }
                            }
                        }
                    }
                    ExprKind::Op(Op::In, args) => {
                        if let [v, list] = args.as_slice()
                            && self.mentioned(p.sub(list)).iter().all(|s| all.contains(s))
                        {
                            all.extend(self.target(p.sub(v)));
                        }
                    }
                    ExprKind::Or(branches) => {
                        let sets: Vec<Bound> = branches.iter().map(|b| self.binds(p.sub(b), &all)).collect();
                        if let Some((first, rest)) = sets.split_first() {
                            all.extend(first.iter().filter(|s| rest.iter().all(|r| r.contains(s))));
                        }
                    }
                    _ => {}
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    // ------------------------------------------------------------------ generators

    /// What a step does with an argument. One that is made of what the step itself binds goes to `later`, to be compared behind it.
    fn arg<'a>(
        &mut self,
        x: E<'a>,
        bound: &Bound,
        now: &mut Bound,
        steps: &mut Vec<Step>,
        later: &mut Vec<(Slot, E<'a>)>,
    ) -> Result<Arg> {
        match &x.e.kind {
            ExprKind::Any => Ok(Arg::Any),
            ExprKind::Var(v) => {
                let s = self.slot(x.env, *v);
                Ok(self.slot_arg(s, bound, now))
            }
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

    fn slot_arg(&self, s: Slot, bound: &Bound, now: &mut Bound) -> Arg {
        if bound.contains(&s) {
            Arg::Key(s)
        } else if now.insert(s) {
            Arg::Bind(s)
        } else {
            Arg::Same(s)
        }
    }

    /// The steps of a generator.
    fn generate(&mut self, c: &Conjunct<'_>, bound: &mut Bound, source: Source, steps: &mut Vec<Step>) -> Result<()> {
        let mut now = Bound::default();
        let mut later: Vec<(Slot, E<'_>)> = vec![];
        match c {
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
                let args = args.iter().map(|a| self.arg(*a, bound, &mut now, steps, &mut later)).collect::<Result<_>>()?;
                steps.push(Step::Scan { relation: RelId(r.0), args, value: Some(*slot), source });
                now.insert(*slot);
            }
            Conjunct::Formula(x) => match &x.e.kind {
                ExprKind::Atom(r, args) => {
                    let Some(rule) = self.context.program.rule(*r) else { return unsupported(x.e.place, "an unknown rule") };
                    if rule.function {
                        return self.function_atom(rule, *x, args, bound, steps);
                    }
                    let args =
                        args.iter().map(|a| self.arg(x.sub(a), bound, &mut now, steps, &mut later)).collect::<Result<_>>()?;
                    steps.push(Step::Scan { relation: RelId(r.0), args, value: None, source });
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
    fn function_atom(
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
            for (h, t) in clause.head.iter().zip(&rule.params) {
                if matches!(t, Type::Node(_) | Type::Event(_) | Type::Edge(_)) {
                    list.push(Conjunct::Kind(t.clone(), self.slot(env, *h)));
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
            Some(a) => Ok(Arc::new(a)),
            None => unsupported(place, "a path of this many steps"),
        }
    }
}

/// The parts of an `and`, however nested.
fn flatten<'a>(x: E<'a>, out: &mut Vec<E<'a>>) {
    match &x.e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| flatten(x.sub(p), out)),
        _ => out.push(x),
    }
}

/// The scopes of an expression.
fn scopes(e: &Expr) -> Vec<&hir::Scope> {
    match &e.kind {
        ExprKind::Quantified(_, s, _) | ExprKind::Aggregate { scope: s, .. } | ExprKind::Consecutive { scope: s, .. } => vec![s],
        ExprKind::Since { none, since } => vec![none, since],
        _ => vec![],
    }
}

/// Visits the direct parts of an expression, scopes included.
pub fn each_part<'a>(e: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    for s in scopes(e) {
        for b in &s.binders {
            if let Domain::Range(list) = &b.domain {
                f(list);
            }
        }
        if let Some(x) = &s.filter {
            f(x);
        }
    }
    match &e.kind {
        ExprKind::Attr(a, _)
        | ExprKind::OpenAttr(a, _)
        | ExprKind::Field(a, _)
        | ExprKind::Lookup(_, a)
        | ExprKind::Not(a)
        | ExprKind::Is(a, _)
        | ExprKind::Was(a) => f(a),
        ExprKind::Op(_, list)
        | ExprKind::And(list)
        | ExprKind::Or(list)
        | ExprKind::Atom(_, list)
        | ExprKind::Noise(_, list)
        | ExprKind::Value { args: list, .. } => list.iter().for_each(f),
        ExprKind::Coalesce(a, b) | ExprKind::Implies(a, b) => {
            f(a);
            f(b);
        }
        ExprKind::If(a, b, c) => {
            f(a);
            f(b);
            f(c);
        }
        ExprKind::Path(p) => {
            f(&p.from);
            f(&p.to);
        }
        ExprKind::Quantified(_, _, Some(s)) => f(s),
        ExprKind::Aggregate { value: Some(v), .. } => f(v),
        ExprKind::Text(parts) => {
            for p in parts {
                if let hir::TextPart::Value(v) = p {
                    f(v);
                }
            }
        }
        ExprKind::Share { formula, .. } => f(formula),
        ExprKind::Earlier { filter: Some(x), .. } => f(x),
        ExprKind::Consecutive { satisfies, .. } => f(satisfies),
        _ => {}
    }
}

/// Whether a block may give one binding of the binders twice: it binds something else, or takes unions or lists.
fn repeats(block: &Block, binders: &[Slot]) -> bool {
    block.steps.iter().any(|s| {
        let args: Vec<Arg> = match s {
            Step::Scan { args, .. } => args.clone(),
            // an edge determines its ends
            Step::Edges { edge: Arg::Bind(e), .. } => vec![Arg::Bind(*e)],
            Step::Edges { from, to, .. } | Step::Reach { from, to, .. } => vec![*from, *to],
            Step::Kind { element, .. } => vec![*element],
            Step::Range { .. } | Step::Union(_) => return true,
            _ => return false,
        };
        args.iter().any(|a| match a {
            Arg::Bind(s) => !binders.contains(s),
            Arg::Any => true,
            _ => false,
        })
    })
}
