//! Families: policies that are the same but for constants. One of them is lowered for all, its constants are slots; and what any of them
//! says of an event is found by a join with the table of their constants. Made by lowering from the checked program, read by policy.
use super::ir::*;
use super::lower::Lowering;
use super::order::Sizes;
use super::policy::{Joined, PolicyPlan};
use super::unit::{Conjunct, E, Unit, Unsupported};
use crate::base::{ItemId, Place};
use crate::scalar::{Dictionary, KindId, Op, Type, Value};
use crate::semantics::hir::{
    self, Domain, Expr, ExprKind, Path, Policy, PolicyForm, Program, Relation, Scope, TextPart, VerdictAtom,
};
use crate::structure::schema::Sort;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

/// A constant of a policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Constant<'p> {
    /// A literal.
    Value(&'p Expr, &'p Value),
    /// The id in `Kind(id)` of a node: the lookup, its kind, the literal.
    Id(&'p Expr, KindId, &'p Expr, &'p Value),
    /// What a message says as it stands.
    Text(&'p TextPart, &'p Arc<str>),
}

impl Constant<'_> {
    fn same(&self, other: &Constant<'_>) -> bool {
        match (self, other) {
            (Constant::Value(_, a), Constant::Value(_, b)) | (Constant::Id(.., a), Constant::Id(.., b)) => a == b,
            (Constant::Text(_, a), Constant::Text(_, b)) => a == b,
            _ => false,
        }
    }
    fn value(&self) -> Value {
        match self {
            Constant::Value(_, v) | Constant::Id(.., v) => (*v).clone(),
            Constant::Text(_, t) => Value::Text((*t).clone()),
        }
    }
}

/// What a policy is but for its constants.
struct Shape<'p> {
    key: Bytes,
    program: &'p Program,
    item: ItemId,
    constants: Vec<Constant<'p>>,
    /// Where its parts stand, each place once.
    places: Vec<Place>,
    known: FxHashMap<Place, u32>,
    /// How many of the constants stand in its `on`.
    on: usize,
    /// What no family can have.
    odd: bool,
}

/// What is hashed, as it is.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn finish(&self) -> u64 {
        0
    }
}

impl<'p> Shape<'p> {
    fn of(program: &'p Program, p: &'p Policy) -> Option<Shape<'p>> {
        let mut s = Shape {
            key: Bytes::default(),
            program,
            item: p.place.item,
            constants: vec![],
            places: vec![],
            known: FxHashMap::default(),
            on: 0,
            odd: false,
        };
        s.place(p.place);
        s.put(&p.vars.len());
        p.vars.iter().for_each(|v| s.put(&v.ty));
        s.scope(p.on.as_ref()?);
        s.on = s.constants.len();
        s.put(&p.lets.len());
        for (v, e) in &p.lets {
            s.put(v);
            s.expr(e);
        }
        s.put(&p.clauses.len());
        for c in &p.clauses {
            s.place(c.place);
            s.maybe(c.when.as_ref());
            s.maybe(c.unless.as_ref());
            s.put(&discriminant(&c.form));
            match &c.form {
                PolicyForm::Effect(e) => s.put(e),
                // whom it concerns is only told
                PolicyForm::Escalate(_) => {}
                PolicyForm::Rewrite(attr, path, value) => {
                    s.put(attr);
                    s.list(path);
                    s.expr(value);
                }
                PolicyForm::Oblige(scope, within, otherwise) => {
                    s.scope(scope);
                    s.put(within);
                    s.put(&otherwise.is_some());
                }
            }
            s.maybe(c.message.as_ref());
        }
        (!s.odd).then_some(s)
    }
    fn put(&mut self, x: &impl Hash) {
        x.hash(&mut self.key);
    }
    /// Two parts that stand at one place do so in all members.
    fn place(&mut self, p: Place) {
        if p.item != self.item {
            return self.put(&p);
        }
        let next = self.places.len() as u32;
        let at = *self.known.entry(p).or_insert(next);
        if at == next {
            self.places.push(p);
        }
        self.put(&at);
    }
    fn maybe(&mut self, e: Option<&'p Expr>) {
        self.put(&e.is_some());
        e.into_iter().for_each(|e| self.expr(e));
    }
    fn list(&mut self, list: &'p [Expr]) {
        self.put(&list.len());
        list.iter().for_each(|e| self.expr(e));
    }
    fn scope(&mut self, s: &'p Scope) {
        self.binders(&s.binders);
        self.maybe(s.filter.as_deref());
    }
    fn binders(&mut self, binders: &'p [hir::Binder]) {
        self.put(&binders.len());
        for b in binders {
            self.place(b.place);
            self.put(&(b.key, b.var, discriminant(&b.domain)));
            match &b.domain {
                Domain::Kind(ty) => self.put(ty),
                Domain::Range(e) => self.expr(e),
            }
            self.put(&b.window.as_ref().map(|w| (w.within, w.per.clone(), w.last)));
        }
    }
    fn path(&mut self, p: &Path) {
        self.put(&discriminant(p));
        match p {
            Path::Step(list) => {
                let list: &[Relation] = list;
                self.put(&list);
            }
            Path::Sequence(list) | Path::Either(list) => {
                self.put(&list.len());
                list.iter().for_each(|p| self.path(p));
            }
            Path::Repeat(inner, least, most) => {
                self.put(&(least, most));
                self.path(inner);
            }
        }
    }
    fn op(&mut self, op: &Op) {
        self.put(&discriminant(op));
        match op {
            Op::Matches(r) => self.put(&r.as_str()),
            Op::Cast(ty) => self.put(ty),
            Op::Get(name) => self.put(name),
            Op::Record(names) => self.put(names),
            Op::Call(b) => self.put(&b.name),
            Op::Host(f) => self.put(&f.name),
            Op::Neg
            | Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::IntDiv
            | Op::Rem
            | Op::Concat
            | Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::In
            | Op::MatchesDynamic
            | Op::Widen
            | Op::ToId
            | Op::Item
            | Op::List => {}
        }
    }
    fn expr(&mut self, e: &'p Expr) {
        self.place(e.place);
        self.put(&discriminant(&e.kind));
        match &e.kind {
            // a literal's type may be the literal itself
            ExprKind::Const(v) => self.put(&(discriminant(&e.ty), discriminant(v))),
            _ => self.put(&e.ty),
        }
        match &e.kind {
            ExprKind::Const(v @ (Value::Bool(_) | Value::None)) => self.put(v),
            ExprKind::Const(v) => self.constants.push(Constant::Value(e, v)),
            ExprKind::Lookup(kind, id) => {
                self.put(kind);
                match &id.kind {
                    ExprKind::Const(v @ Value::Text(_)) if self.program.sort(*kind) == Some(Sort::Node) => {
                        self.place(id.place);
                        self.put(&true);
                        self.constants.push(Constant::Id(e, *kind, id, v));
                    }
                    _ => {
                        self.put(&false);
                        self.expr(id);
                    }
                }
            }
            ExprKind::Param(p) => self.put(p),
            ExprKind::Var(v) => self.put(v),
            ExprKind::Element(x) => self.put(x),
            ExprKind::Any => {}
            ExprKind::Attr(of, attr) => {
                self.put(attr);
                self.expr(of);
            }
            ExprKind::OpenAttr(of, name) => {
                self.put(name);
                self.expr(of);
            }
            ExprKind::Field(of, f) => {
                self.put(f);
                self.expr(of);
            }
            ExprKind::Op(op, args) => {
                self.op(op);
                self.list(args);
            }
            ExprKind::Coalesce(a, b) | ExprKind::Implies(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Not(a) | ExprKind::Was(a) => self.expr(a),
            ExprKind::And(list) | ExprKind::Or(list) => self.list(list),
            ExprKind::If(a, b, c) => [a, b, c].into_iter().for_each(|x| self.expr(x)),
            ExprKind::Is(of, ty) => {
                self.put(ty);
                self.expr(of);
            }
            ExprKind::Atom(r, args) => {
                self.put(r);
                self.list(args);
            }
            ExprKind::Value { rule, args, matched } => {
                self.put(&(rule, matched));
                self.list(args);
            }
            ExprKind::Path(p) => {
                self.put(&p.edge);
                self.path(&p.path);
                self.expr(&p.from);
                self.expr(&p.to);
            }
            ExprKind::Quantified(q, scope, satisfies) => {
                self.put(q);
                self.scope(scope);
                self.maybe(satisfies.as_deref());
            }
            ExprKind::Aggregate { aggregate, scope, value } => {
                self.put(&discriminant(aggregate));
                if let hir::Aggregate::Percentile(p) = aggregate {
                    self.put(&p.to_bits());
                }
                self.scope(scope);
                self.maybe(value.as_deref());
            }
            ExprKind::Text(parts) => {
                self.put(&parts.len());
                for p in parts {
                    self.put(&discriminant(p));
                    match p {
                        TextPart::Literal(t) => self.constants.push(Constant::Text(p, t)),
                        TextPart::Value(e) => self.expr(e),
                    }
                }
            }
            ExprKind::Earlier { binders, within, filter } => {
                self.put(within);
                self.binders(binders);
                self.maybe(filter.as_deref());
            }
            ExprKind::Since { none, since } => {
                self.scope(none);
                self.scope(since);
            }
            ExprKind::Consecutive { scope, satisfies } => {
                self.scope(scope);
                self.expr(satisfies);
            }
            ExprKind::Verdict(atom) => {
                let _: &VerdictAtom = atom;
                self.odd = true;
            }
            ExprKind::Share { .. } | ExprKind::Noise(..) | ExprKind::Error => self.odd = true,
        }
    }
}

/// Policies of one shape.
#[derive(Debug)]
pub(super) struct Family<'p> {
    /// The one that is lowered.
    leader: &'p Policy,
    /// Its constants that are not the same in all.
    constants: Vec<Constant<'p>>,
    /// Whether one of these stands in its `on`.
    on: bool,
    /// How many of the constants are columns of the table; what is only told stands behind them.
    columns: usize,
    /// How many there are.
    size: usize,
    /// The table of their constants.
    relation: RelId,
    /// The numbers of the places of the leader.
    places: Arc<FxHashMap<Place, u32>>,
}

/// One of a family.
#[derive(Debug)]
pub(super) struct Member<'p> {
    number: u32,
    family: usize,
    constants: Vec<Constant<'p>>,
    places: Arc<[Place]>,
}

/// All families of a program.
#[derive(Debug, Default)]
pub struct Families<'p> {
    list: Vec<Family<'p>>,
    /// By the address of the policy.
    members: FxHashMap<usize, Member<'p>>,
    /// What was lowered, by family; none if it could not be.
    made: RefCell<FxHashMap<usize, Option<PolicyPlan>>>,
}

/// A table wider than this is no use.
const WIDEST: usize = 30;

impl<'p> Families<'p> {
    /// The families of a program's policies on events, with the relations of their tables behind those that there are.
    pub fn new(program: &'p Program, relations: &mut Vec<RelationInfo>) -> Families<'p> {
        let mut by_key: FxHashMap<Vec<u8>, usize> = FxHashMap::default();
        let mut groups: Vec<Vec<(&'p Policy, Shape<'p>)>> = vec![];
        for p in program.policies.iter().filter(|p| p.on.is_some()) {
            let Some(mut shape) = Shape::of(program, p) else { continue };
            let key = std::mem::take(&mut shape.key.0);
            let next = groups.len();
            let at = *by_key.entry(key).or_insert(next);
            match groups.get_mut(at) {
                Some(g) => g.push((p, shape)),
                None => groups.push(vec![(p, shape)]),
            }
        }
        let mut all = Families::default();
        for group in groups {
            let Some((leader, first)) = group.first().filter(|_| group.len() > 1) else { continue };
            let differs = |n: &usize| {
                let own = first.constants.get(*n);
                let same = |s: &Shape<'p>| own.zip(s.constants.get(*n)).is_some_and(|(a, b)| a.same(b));
                !group.iter().all(|(_, s)| same(s))
            };
            let mut varying: Vec<usize> = (0..first.constants.len()).filter(differs).collect();
            let text = |n: &usize| matches!(first.constants.get(*n), Some(Constant::Text(..)));
            // what is only told stands behind the table's columns
            varying.sort_by_key(|n| (text(n), *n));
            let columns = varying.iter().filter(|n| !text(n)).count();
            if columns > WIDEST {
                continue;
            }
            let pick = |s: &Shape<'p>| varying.iter().filter_map(|n| s.constants.get(*n).copied()).collect::<Vec<_>>();
            let relation = RelId(relations.len() as u32);
            relations.push(RelationInfo {
                name: "a family".into(),
                arity: columns + 1,
                types: vec![Type::Json; columns + 1],
                nodes: false,
                combine: None,
                place: leader.place,
            });
            let on = varying.iter().take(columns).any(|n| *n < first.on);
            all.list.push(Family {
                leader,
                constants: pick(first),
                on,
                columns,
                size: group.len(),
                relation,
                places: Arc::new(first.known.clone()),
            });
            let family = all.list.len() - 1;
            for (p, s) in &group {
                let number = all.members.len() as u32;
                let member = Member { number, family, constants: pick(s), places: s.places.clone().into() };
                all.members.insert(*p as *const Policy as usize, member);
            }
        }
        all
    }

    /// A policy's family, and what it is there.
    pub(super) fn of(&self, p: &Policy) -> Option<(usize, &Family<'p>, &Member<'p>)> {
        let member = self.members.get(&(p as *const Policy as usize))?;
        Some((member.family, self.list.get(member.family)?, member))
    }
}

impl<'p> Family<'p> {
    /// Gives each constant that is not the same in all a slot, from the next one on; for the join, a lookup is one itself.
    pub(super) fn slots(&self, unit: &mut Unit<'p, '_>, joined: bool) -> Vec<Slot> {
        let mut all = vec![];
        for c in &self.constants {
            let slot = unit.fresh();
            all.push(slot);
            match c {
                Constant::Id(lookup, ..) if joined => unit.replace(lookup, slot),
                Constant::Value(e, _) | Constant::Id(_, _, e, _) => unit.replace(e, slot),
                Constant::Text(part, _) => unit.say(part, slot),
            }
        }
        all
    }
}

impl<'p> Lowering<'p> {
    /// The plan of a policy on events for itself.
    pub fn policy_alone(&self, p: &'p Policy, sizes: &dyn Sizes, dictionary: &mut Dictionary) -> Result<PolicyPlan, Unsupported> {
        self.one_policy(p, None, sizes, dictionary)
    }

    /// The plan of a policy on events; of a family, one of them is lowered.
    pub fn policy(&self, p: &'p Policy, sizes: &dyn Sizes, dictionary: &mut Dictionary) -> Result<PolicyPlan, Unsupported> {
        let Some((number, family, member)) = self.families.of(p) else { return self.one_policy(p, None, sizes, dictionary) };
        let known = self.families.made.borrow().get(&number).cloned();
        let shared = match known {
            Some(made) => made,
            None => {
                let made = self.one_policy(family.leader, Some(family), sizes, dictionary);
                let made = made.ok().map(|mut plan| {
                    plan.joined = self.joined(family, &plan, sizes, dictionary).ok().map(Arc::new);
                    plan
                });
                self.families.made.borrow_mut().insert(number, made.clone());
                made
            }
        };
        // what cannot be lowered says so at its own place
        let Some(shared) = shared else { return self.one_policy(p, None, sizes, dictionary) };
        let constants = member.constants.iter().map(|c| dictionary.intern(c.value())).collect();
        Ok(shared.of_member(p, (member.number, constants), (family.places.clone(), member.places.clone())))
    }

    /// What finds the members of a family that have something to say of an event.
    fn joined(
        &self,
        family: &Family<'p>,
        plan: &PolicyPlan,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<Joined, Unsupported> {
        let p = family.leader;
        let lookups = family.constants.iter().take(family.columns);
        let lookups = lookups.map(|c| match c {
            Constant::Id(_, kind, ..) => Some(*kind),
            _ => None,
        });
        let (mut slots, mut member) = (0, 0);
        // a unit for each block: an expression that stands in several is lowered anew
        let mut block = |clause: Option<&'p hir::PolicyClause>| {
            let context = self.context(sizes);
            let mut unit = Unit::new(&context, dictionary, p.vars.len());
            unit.nows.insert(0, plan.now);
            member = unit.fresh();
            let mut columns = family.slots(&mut unit, true);
            columns.truncate(family.columns);
            unit.table = Some((family.relation, family.size as f64, columns.iter().copied().collect()));
            let mut list = vec![Conjunct::Scan(family.relation, std::iter::once(member).chain(columns).collect())];
            let own = |e: &'p Expr| E { e, env: 0 };
            let filter = p.on.as_ref().and_then(|o| o.filter.as_deref()).filter(|_| family.on);
            filter.into_iter().for_each(|f| unit.conjuncts(own(f), &mut list));
            if let Some(c) = clause {
                let mut needed: Vec<Slot> = vec![];
                c.when.iter().chain(&c.unless).for_each(|e| unit.mentions(own(e), &mut needed));
                for (v, e) in p.lets.iter().rev() {
                    if needed.contains(&v.0) {
                        unit.mentions(own(e), &mut needed);
                        list.push(Conjunct::Parameter(v.0, own(e)));
                    }
                }
                c.when.iter().for_each(|e| unit.conjuncts(own(e), &mut list));
                list.extend(c.unless.iter().map(|e| Conjunct::Not(own(e))));
            }
            let made = unit.block(list, &mut std::iter::once(plan.now).collect(), &[member]);
            slots = slots.max(unit.slots);
            made
        };
        let on = if family.on { Some(block(None)?) } else { None };
        let clauses = p.clauses.iter().map(|c| block(Some(c))).collect::<Result<Vec<_>, _>>()?;
        let lookups = lookups.collect();
        Ok(Joined { slots, relation: family.relation, member, lookups, on, clauses })
    }
}
