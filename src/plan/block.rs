//! Lowering of blocks: the conjuncts in the order that their costs and what they bind give, filters as early as they can run.
use super::ir::*;
use super::order;
use super::unit::*;
use crate::base::Place;
use crate::scalar::{Kinds, Op, Type};
use crate::semantics::hir::{self, Expr, ExprKind};
use rustc_hash::FxHashMap;

impl Unit<'_, '_> {
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
        let list = self.existing(list, bound, needed);
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
                if let Some(mut cost) = self.cost(c, &open, bound) {
                    // events that no key finds are all that there were; the latest come first, whatever they cost
                    if let Conjunct::Past(p) = c
                        && !p.latest
                    {
                        let keyed = p.within.is_some() || !self.past_key(p, &list, &left, bound).0.is_empty();
                        let all = self.context.sizes.kind(&p.ty);
                        cost = if keyed { all.sqrt() } else { all };
                    }
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
            // what the history's index answers need not be asked again
            let mut key = vec![];
            if let Conjunct::Past(p) = c {
                let (answered, found) = self.past_key(p, &list, &left, bound);
                left.retain(|j| !answered.contains(j));
                key = found;
            }
            let mut inner = vec![];
            let mut own = bound.clone();
            match c {
                Conjunct::Past(p) => self.past(p, key, &mut own, &mut inner)?,
                _ => self.generate(c, &mut own, source, &mut inner)?,
            }
            if condition {
                steps.push(Step::Filter(Formula::Exists(Block { steps: inner })));
            } else {
                *bound = own;
                steps.append(&mut inner);
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

    pub(super) fn conjunct_place(&self, c: &Conjunct<'_>) -> Place {
        match c {
            Conjunct::Formula(x) | Conjunct::Not(x) | Conjunct::Parameter(_, x) | Conjunct::Earlier(x) => x.e.place,
            Conjunct::Range(_, _, _, p) => *p,
            _ => Place::default(),
        }
    }

    /// The end that a walk from its other, known end would bind.
    pub(super) fn open_end(&self, c: &Conjunct<'_>, bound: &Bound) -> Option<Slot> {
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
    pub(super) fn guarantees(&self, c: &Conjunct<'_>, slot: Slot, ty: &Type) -> bool {
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
    pub(super) fn path_ends(&self, path: &hir::Path) -> (Option<Type>, Option<Type>) {
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
    pub(super) fn filter_class(&self, c: &Conjunct<'_>, waiting: bool, bound: &Bound) -> Option<u32> {
        let known = |x: E<'_>| self.mentioned(x).iter().all(|s| bound.contains(s));
        match c {
            // assignments
            Conjunct::Formula(x) if matches!(&x.e.kind, ExprKind::Op(Op::Eq, _)) => {
                let ExprKind::Op(_, args) = &x.e.kind else { return None };
                let [a, b] = args.as_slice() else { return None };
                let assigns =
                    |v: &Expr, e: &Expr| self.assigned(*x, v, e).is_some_and(|s| !bound.contains(&s)) && known(x.sub(e));
                if assigns(a, b) || assigns(b, a) {
                    return Some(0);
                }
                (!waiting && self.free(*x, bound)).then_some(1)
            }
            Conjunct::Parameter(_, x) => known(*x).then_some(0),
            Conjunct::Kind(_, s) => bound.contains(s).then_some(2),
            Conjunct::Past(p) => [p.slot, p.now].iter().chain(&p.behind).all(|s| bound.contains(s)).then_some(2),
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
    pub(super) fn free(&self, x: E<'_>, bound: &Bound) -> bool {
        !self.opens(x, bound)
    }

    /// The slot that an expression stands for, if it is a variable (or an edge's end).
    pub(super) fn target(&self, x: E<'_>) -> Option<Slot> {
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

    /// The slot that `v == e` gives a value: a variable's, or that of a family's constant, if equal values of its type are one.
    fn assigned(&self, x: E<'_>, v: &Expr, e: &Expr) -> Option<Slot> {
        self.target(x.sub(v)).or_else(|| {
            let one =
                |t: &Type| matches!(t.present(), Type::Text | Type::Literals(_) | Type::Node(_) | Type::Time | Type::Duration);
            self.column(x.sub(v)).filter(|_| one(&v.ty) && one(&e.ty))
        })
    }

    pub(super) fn filter(&mut self, c: &Conjunct<'_>, bound: &mut Bound, steps: &mut Vec<Step>) -> Result<()> {
        match c {
            Conjunct::Parameter(slot, x) => {
                let value = self.scalar(*x, bound, steps)?;
                steps.push(Step::Let { slot: *slot, value });
                bound.insert(*slot);
            }
            Conjunct::Kind(ty, s) => steps.push(Step::Kind { ty: ty.clone(), element: Arg::Key(*s) }),
            Conjunct::Past(p) => self.past(p, vec![], bound, steps)?,
            Conjunct::Not(x) => {
                let f = self.formula(*x, bound)?;
                steps.push(Step::Filter(Formula::Not(Box::new(f))));
            }
            Conjunct::Formula(x) => {
                if let ExprKind::Op(Op::Eq, args) = &x.e.kind
                    && let [a, b] = args.as_slice()
                {
                    for (v, e) in [(a, b), (b, a)] {
                        let Some(slot) = self.assigned(*x, v, e).filter(|s| !bound.contains(s)) else { continue };
                        if !self.mentioned(x.sub(e)).iter().all(|s| bound.contains(s)) {
                            continue;
                        }
                        let value = self.scalar(x.sub(e), bound, steps)?;
                        steps.push(Step::Let { slot, value });
                        bound.insert(slot);
                        // (a family's constant is looked up in its table, whatever it is)
                        if self.column(x.sub(v)).is_none()
                            && matches!(v.ty, Type::Node(_) | Type::Edge(_) | Type::Event(_))
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
    pub(super) fn cost(&self, c: &Conjunct<'_>, open: &[Slot], bound: &Bound) -> Option<f64> {
        let sizes = self.context.sizes;
        let known = |x: E<'_>| self.mentioned(x).iter().all(|s| bound.contains(s));
        // an argument is known, or a variable that the step can bind, or made of such: then it is compared behind the step
        let own = self.own_arguments(c);
        let arg = |x: E<'_>| -> Option<bool> {
            match &x.e.kind {
                ExprKind::Any => Some(false),
                _ if let Some(s) = self.bindable(x) => Some(bound.contains(&s)),
                _ if known(x) => Some(true),
                _ => self.mentioned(x).iter().all(|s| bound.contains(s) || own.contains(s)).then_some(false),
            }
        };
        match c {
            Conjunct::Kind(ty, _) => Some(sizes.kind(ty)),
            Conjunct::Past(p) => {
                [p.now].iter().chain(&p.behind).all(|s| bound.contains(s)).then_some(if p.latest { 0.0 } else { 0.5 })
            }
            Conjunct::Earlier(x) => {
                let own = self.earlier_slots(*x);
                self.conjunct_slots(c).iter().all(|s| bound.contains(s) || own.contains(s)).then_some(0.25)
            }
            Conjunct::Last(_, scope, env) => {
                let own = self.binder_slots(scope, *env);
                self.conjunct_slots(c).iter().all(|s| bound.contains(s) || own.contains(s)).then_some(3.0)
            }
            Conjunct::Edge(kinds, e, f, t) => {
                let b = |s: &Slot| bound.contains(s);
                Some(kinds.iter().map(|k| order::edges(sizes.edges(*k), b(e), b(f), b(t))).sum())
            }
            Conjunct::Range(list, ..) => known(*list).then_some(4.0),
            Conjunct::Scan(r, slots) => {
                let size = self.table.as_ref().filter(|t| t.0 == *r).map(|t| t.1).or_else(|| sizes.relation(*r));
                Some(order::scan(size, slots.iter().filter(|s| bound.contains(s)).count(), slots.len()))
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
                        let open = |a: &Expr| self.column(x.sub(a)).is_some_and(|s| !bound.contains(&s));
                        let ready = args.iter().zip(&rule.params).all(|(a, t)| {
                            let element = matches!(t, Type::Node(_) | Type::Edge(_) | Type::Event(_));
                            (element && !open(a)) || arg(x.sub(a)) == Some(true)
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
    pub(super) fn own_arguments(&self, c: &Conjunct<'_>) -> Bound {
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
    pub(super) fn attr_eq<'a>(
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
    pub(super) fn binds(&self, x: E<'_>, bound: &Bound) -> Bound {
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
}
