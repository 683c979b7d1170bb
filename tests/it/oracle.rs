//! The oracle: a second meaning of checked programs, written from the pages alone, as naive as can be. Fed by agree, shares no code with
//! plan and engine (scalar operations apart).
//!
//! Readings of the pages, where they leave room:
//! - A condition holds for an assignment of *all* its variables: elements range over all of their kind, values over what `==`, `in`
//!   and facts give. Truth is Kleene's; what is true for one of the assignments is true. A fault in `x == e` makes `x` unknown.
//! - A range that faults may have any number of elements, so no count of its bindings is known.
//! - A clause of a value rule has one binding for each assignment of the variables of its head and value: the others are there or not.
//! - What a value rule or an aggregate takes from a binding that a fault stands before is a fault, unless `any` has a true value
//!   or `all` a false one.
//! - A mechanism's value is whatever is determined without the value itself; what is not is the fault of a circle.
//! - An improving rule that never settles has no known value for any arguments.
//! - `checked` counts the bindings of `for` that are certain; a scope that nothing but faults may match is unknown, not vacuous.
use dbm::scalar::sum::ExactSum;
use dbm::scalar::{Element, Kinds, Op, Type, Val, Value};
use dbm::semantics::hir::*;
use dbm::structure::graph::Graph;
use dbm::structure::schema::{AttrId, Sort};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

#[path = "oracle/past.rs"]
pub mod past;

/// Why there is no value: a fault, or (where a value rule must match) no value at all, which makes the conjunct false.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Bad {
    Fault,
    NoMatch,
}
pub type V = Result<Value, Bad>;
pub type Truth = Option<bool>;
const FAULT: V = Err(Bad::Fault);

/// A rule's facts (whether certain), for a value rule with values; a mechanism's values. `broken`: nothing is known.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Table {
    pub facts: BTreeMap<Vec<V>, bool>,
    pub values: BTreeMap<Vec<V>, V>,
    pub broken: bool,
}
/// The outcome of an invariant: verdict, `checked`, and the certain violations by clause and binding.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub verdict: &'static str,
    pub checked: u64,
    pub violations: BTreeSet<(usize, Vec<Value>)>,
    /// Every binding that may be a violation, by clause, with its truth.
    pub rows: BTreeMap<(usize, Vec<V>), Truth>,
}

#[derive(Clone)]
struct Env<'a> {
    vars: &'a [Var],
    vals: Vec<Option<V>>,
    /// The event that is now, where there is one: events range over what is not after it.
    now: Option<u32>,
}
type Pairs = BTreeMap<(Value, Value), bool>;
type Sink<'s, 'a> = &'s mut dyn FnMut(&Env<'a>, Truth);
pub struct Oracle<'a> {
    p: &'a Program,
    g: &'a Graph,
    reach: Vec<BTreeSet<usize>>,
    /// As `reach`, without what is asked of an event strictly before.
    local: Vec<BTreeSet<usize>>,
    tables: RefCell<Vec<Option<Rc<Table>>>>,
    walks: RefCell<BTreeMap<usize, Rc<Pairs>>>,
}

fn and(a: Truth, b: Truth) -> Truth {
    if a == Some(false) || b == Some(false) { Some(false) } else { a.and(b) }
}
fn not(a: Truth) -> Truth {
    a.map(|b| !b)
}
fn or(a: Truth, b: Truth) -> Truth {
    not(and(not(a), not(b)))
}
fn val(t: Truth) -> V {
    t.map(Value::Bool).ok_or(Bad::Fault)
}
fn same(a: &V, b: &V) -> Truth {
    match (a, b) {
        (Ok(a), Ok(b)) => Some(a == b),
        _ => None,
    }
}
fn flat<'a>(e: &'a Expr, out: &mut Vec<&'a Expr>) {
    match &e.kind {
        ExprKind::And(list) => list.iter().for_each(|x| flat(x, out)),
        _ => out.push(e),
    }
}
fn sort(ty: &Type) -> Option<(Sort, &Kinds)> {
    match ty {
        Type::Node(k) => Some((Sort::Node, k)),
        Type::Edge(k) => Some((Sort::Edge, k)),
        Type::Event(k) => Some((Sort::Event, k)),
        _ => None,
    }
}
/// The direct parts of an expression, those in scopes of its own apart.
fn parts(e: &Expr) -> (Vec<&Expr>, Vec<&Expr>) {
    use ExprKind::*;
    match &e.kind {
        Attr(a, _) | OpenAttr(a, _) | Field(a, _) | Lookup(_, a) | Not(a) | Is(a, _) => (vec![a], vec![]),
        Op(_, l) | And(l) | Or(l) | Atom(_, l) | Value { args: l, .. } => (l.iter().collect(), vec![]),
        Coalesce(a, b) | Implies(a, b) => (vec![a, b], vec![]),
        If(a, b, c) => (vec![a, b, c], vec![]),
        Path(p) => (vec![&p.from, &p.to], vec![]),
        Quantified(_, s, last) | Aggregate { scope: s, value: last, .. } => {
            (vec![], scope_parts(s).into_iter().chain(last.as_deref()).collect())
        }
        Earlier { filter, .. } => (vec![], filter.as_deref().into_iter().collect()),
        Since { none, since } => (vec![], scope_parts(none).into_iter().chain(scope_parts(since)).collect()),
        Consecutive { scope, satisfies } => (vec![], scope_parts(scope).into_iter().chain([&**satisfies]).collect()),
        Text(l) => (l.iter().filter_map(|p| if let TextPart::Value(x) = p { Some(x) } else { None }).collect(), vec![]),
        _ => (vec![], vec![]),
    }
}
fn scope_parts(s: &Scope) -> Vec<&Expr> {
    let ranges = s.binders.iter().filter_map(|b| match &b.domain {
        Domain::Range(x) => Some(x),
        _ => None,
    });
    ranges.chain(s.filter.as_deref()).collect()
}
fn mentions(e: &Expr, open: &BTreeSet<usize>) -> bool {
    let own = match &e.kind {
        ExprKind::Var(v) => open.contains(&(v.0 as usize)),
        ExprKind::Path(p) => p.edge.is_some_and(|v| open.contains(&(v.0 as usize))),
        ExprKind::Earlier { .. } => past::found_by(e).iter().any(|v| open.contains(v)),
        _ => false,
    };
    let (a, b) = parts(e);
    own || a.iter().chain(&b).any(|x| mentions(x, open))
}
/// The variables that a formula itself binds: not those of scopes in it, nor those of some branches of an `or` only.
fn opens(e: &Expr, env: &Env) -> BTreeSet<usize> {
    let mut own: BTreeSet<usize> = match &e.kind {
        ExprKind::Not(_) | ExprKind::Implies(..) | ExprKind::If(..) | ExprKind::Coalesce(..) => return BTreeSet::new(),
        ExprKind::Or(list) => return list.iter().map(|x| opens(x, env)).reduce(|a, b| &a & &b).unwrap_or_default(),
        ExprKind::Var(v) => [v.0 as usize].into(),
        ExprKind::Path(p) => p.edge.iter().map(|v| v.0 as usize).collect(),
        _ => BTreeSet::new(),
    };
    own.retain(|v| env.vals[*v].is_none());
    parts(e).0.iter().fold(own, |a, x| &a | &opens(x, env))
}

/// The variables that a list of conjuncts binds. The events of an `earlier` are sought one by one only if something else speaks of them.
fn opened(list: &[&Expr], also: &[&Expr], env: &Env) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for (i, e) in list.iter().enumerate() {
        all.extend(opens(e, env));
        let others = || list.iter().enumerate().filter(|o| o.0 != i).map(|o| *o.1).chain(also.iter().copied());
        all.extend(
            past::found_by(e).into_iter().filter(|v| env.vals[*v].is_none() && others().any(|o| mentions(o, &[*v].into()))),
        );
    }
    all
}

impl<'a> Oracle<'a> {
    pub fn new(p: &'a Program, g: &'a Graph) -> Self {
        // items: rules, then attributes that have mechanisms; which need which, transitively
        let n = p.rules.len();
        let mut reach = vec![BTreeSet::new(); n + p.schema.attrs.len()];
        fn uses(e: &Expr, n: usize, out: &mut BTreeSet<usize>) {
            fn path(p: &Path, out: &mut BTreeSet<usize>) {
                match p {
                    Path::Step(l) => out.extend(l.iter().filter_map(|r| match r {
                        Relation::Rule(r) => Some(r.0 as usize),
                        _ => None,
                    })),
                    Path::Sequence(l) | Path::Either(l) => l.iter().for_each(|p| path(p, out)),
                    Path::Repeat(p, ..) => path(p, out),
                }
            }
            match &e.kind {
                ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => {
                    out.insert(r.0 as usize);
                }
                ExprKind::Attr(_, a) => {
                    out.insert(n + a.0 as usize);
                }
                ExprKind::Path(p) => path(&p.path, out),
                _ => {}
            }
            let (a, b) = parts(e);
            a.into_iter().chain(b).for_each(|x| uses(x, n, out));
        }
        let closed = |mut reach: Vec<BTreeSet<usize>>| loop {
            let next: Vec<BTreeSet<usize>> = reach.iter().map(|s| s.iter().fold(s.clone(), |a, i| &a | &reach[*i])).collect();
            if next == reach {
                return reach;
            }
            reach = next;
        };
        for (i, r) in p.rules.iter().enumerate() {
            r.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)).for_each(|e| uses(e, n, &mut reach[i]));
        }
        p.mechanisms.iter().for_each(|m| uses(&m.value, n, &mut reach[n + m.attr.0 as usize]));
        let reach = closed(reach);
        let local = closed(past::local_uses(p, reach.len()));
        let tables = RefCell::new(vec![None; reach.len()]);
        Oracle { p, g, reach, local, tables, walks: RefCell::default() }
    }
    fn elements(&self, ty: &Type) -> Vec<V> {
        let Some((s, k)) = sort(ty) else { return vec![] };
        self.g.of_kinds(s, k).into_iter().map(|v| Ok(self.value(v))).collect()
    }
    fn value(&self, v: Val) -> Value {
        self.g.dictionary.value(v)
    }
    fn handle(&self, e: Element) -> Val {
        match e {
            Element::Node(n) => Val::node(n),
            Element::Edge(n) => Val::edge(n),
            Element::Event(n) => Val::event(n),
        }
    }
    fn is(&self, v: &V, ty: &Type) -> Truth {
        v.as_ref().ok().map(|_| self.elements(ty).contains(v))
    }

    /// The facts of a rule (the values of an attribute), settled with all that needs it and is needed by it.
    pub fn table(&self, item: usize) -> Rc<Table> {
        if let Some(t) = &self.tables.borrow()[item] {
            return t.clone();
        }
        if self.by_time(item) {
            return self.timed(item);
        }
        let all = |i: &usize| *i == item || (self.reach[item].contains(i) && self.reach[*i].contains(&item));
        let group: Vec<usize> = (0..self.reach.len()).filter(all).collect();
        group.iter().for_each(|i| self.tables.borrow_mut()[*i] = Some(Rc::default()));
        for round in 0.. {
            let next: Vec<Rc<Table>> = group.iter().map(|i| Rc::new(self.round(*i))).collect();
            let keys: usize = next.iter().map(|t| t.facts.len() + t.values.len()).sum();
            let stuck = round > 20 + 2 * keys;
            let mut changed = false;
            for (i, mut t) in group.iter().zip(next) {
                if stuck && matches!(self.p.rules.get(*i).map(|r| &r.form), Some(RuleForm::Value(..))) {
                    t = Rc::new(Table { broken: true, ..Table::default() })
                }
                changed |= self.tables.borrow_mut()[*i].replace(t.clone()) != Some(t);
            }
            self.walks.borrow_mut().clear();
            assert!(round < 10_000, "the oracle does not settle");
            if !changed {
                break;
            }
        }
        self.tables.borrow()[item].clone().expect("settled")
    }
    /// What an item's clauses give, from what is known by now.
    fn round(&self, item: usize) -> Table {
        self.round_at(item, None)
    }
    /// As above; of an event rule at one event, beside what it says of those before.
    fn round_at(&self, item: usize, now: Option<u32>) -> Table {
        let mut t = Table { broken: self.tables.borrow()[item].as_ref().is_some_and(|t| t.broken), ..Table::default() };
        if t.broken {
            return t;
        }
        let Some(rule) = self.p.rules.get(item) else {
            for m in self.p.mechanisms.iter().filter(|m| m.attr.0 as usize == item - self.p.rules.len()) {
                for e in self.elements(&Type::Node(Kinds::Of([m.kind].into()))) {
                    let mut env = Env { vars: &m.vars, vals: vec![None; m.vars.len()], now: None };
                    env.vals[0] = Some(e.clone());
                    t.values.insert(vec![e], self.eval(&m.value, &env));
                }
            }
            return t;
        };
        let mut items: BTreeMap<Vec<V>, Vec<V>> = BTreeMap::new();
        if !rule.function {
            rule.clauses.iter().for_each(|c| {
                let mut args = vec![None; c.head.len()];
                if let (Some(first), Some(n)) = (args.first_mut(), now) {
                    *first = Some(Ok(Value::Element(Element::Event(n))));
                }
                self.clause(rule, c, args, &mut |key, truth, v| {
                    *t.facts.entry(key.clone()).or_default() |= truth == Some(true);
                    items.entry(key).or_default().push(if truth.is_none() { FAULT } else { v });
                })
            });
        }
        if let RuleForm::Value(combine, _) = &rule.form {
            t.values = items.into_iter().map(|(k, list)| (k, combined(*combine, &list))).collect();
            t.facts = t.values.iter().map(|(k, v)| (k.clone(), v.is_ok())).collect();
        }
        t
    }
    /// All that a clause gives for arguments (`None`: any).
    fn clause(&self, rule: &'a Rule, c: &'a Clause, args: Vec<Option<V>>, found: &mut dyn FnMut(Vec<V>, Truth, V)) {
        let mut env = Env { vars: &c.vars, vals: vec![None; c.vars.len()], now: self.now_of(rule, &args) };
        let mut truth = Some(true);
        let mut open: BTreeSet<usize> = BTreeSet::new();
        for ((h, a), ty) in c.head.iter().zip(args).zip(&rule.params) {
            match a {
                Some(v) => {
                    if sort(ty).is_some() {
                        truth = and(truth, self.is(&v, ty))
                    }
                    env.vals[h.0 as usize] = Some(v)
                }
                None => {
                    open.insert(h.0 as usize);
                }
            }
        }
        let mut list = vec![];
        c.body.iter().for_each(|b| flat(b, &mut list));
        open.extend(opened(&list, &c.value.iter().collect::<Vec<_>>(), &env));
        c.value.iter().for_each(|e| open.extend(opens(e, &env)));
        // one binding for each assignment of what head and value mention
        let vars: Vec<usize> = (0..c.vars.len()).collect();
        let shown =
            |v: &usize| c.head.iter().any(|h| h.0 as usize == *v) || c.value.as_ref().is_some_and(|e| mentions(e, &[*v].into()));
        let shown: Vec<usize> = vars.into_iter().filter(shown).collect();
        let mut all: BTreeMap<Vec<Option<V>>, (Vec<V>, Truth, V)> = BTreeMap::new();
        self.solve(&list, c.value.as_ref(), &open, &mut env, truth, &mut |env, t| {
            let key: Vec<V> = c.head.iter().map(|h| env.vals[h.0 as usize].clone().unwrap_or(FAULT)).collect();
            let fits = key.iter().zip(&rule.params).all(|(v, ty)| sort(ty).is_none() || self.is(v, ty) != Some(false));
            let v = c.value.as_ref().map_or(Ok(Value::None), |e| self.eval(e, env));
            if fits && v != Err(Bad::NoMatch) {
                let at = all.entry(shown.iter().map(|v| env.vals[*v].clone()).collect()).or_insert((key, Some(false), v));
                at.1 = or(at.1, t);
            }
        });
        all.into_values().for_each(|(key, truth, v)| found(key, truth, v));
    }
    /// All assignments of the open variables for which the conjuncts are not false, with their truth.
    fn solve(
        &self,
        list: &[&'a Expr],
        value: Option<&'a Expr>,
        open: &BTreeSet<usize>,
        env: &mut Env<'a>,
        mut truth: Truth,
        sink: Sink<'_, 'a>,
    ) {
        let mut rest = vec![];
        for e in list {
            if mentions(e, open) { rest.push(*e) } else { truth = and(truth, self.truth(e, env)) }
        }
        if truth == Some(false) {
            return;
        }
        if open.is_empty() {
            return sink(env, truth);
        }
        let of: Vec<&Expr> = rest.iter().copied().chain(value).collect();
        let all = open.iter().map(|v| (self.domain(*v, &of, open, env), *v));
        // first those of which all is known, then the shortest
        let Some(((_, domain), v)) = all.filter_map(|(d, v)| Some((d?, v))).min_by_key(|((waits, d), _)| (*waits, d.len()))
        else {
            panic!("nothing binds {:?}", open.iter().map(|v| env.vars[*v].name.clone()).collect::<Vec<_>>());
        };
        let mut left = open.clone();
        left.remove(&v);
        for x in domain {
            env.vals[v] = Some(x);
            self.solve(&rest, value, &left, env, truth, sink);
        }
        env.vals[v] = None;
    }
    /// The values that a variable may have, and whether something that binds it has to wait.
    fn domain(&self, v: usize, of: &[&'a Expr], open: &BTreeSet<usize>, env: &Env<'a>) -> Option<(bool, Vec<V>)> {
        if sort(&env.vars[v].ty).is_some() {
            return Some((false, self.present(&env.vars[v].ty, env)));
        }
        let mut all: Vec<Option<BTreeSet<V>>> = vec![];
        of.iter().for_each(|e| self.sources(v, e, open, env, &mut all));
        let waits = all.contains(&None);
        let mut known: Vec<BTreeSet<V>> = all.into_iter().flatten().collect();
        // each holds all values that are possible there, so one without a fault is enough
        known.sort_by_key(|s| (s.contains(&FAULT), s.len()));
        let first = known.first()?;
        let list = if first.contains(&FAULT) { known.iter().flatten().cloned().collect() } else { first.clone() };
        Some((waits, list.into_iter().collect()))
    }
    fn sources(&self, v: usize, e: &'a Expr, open: &BTreeSet<usize>, env: &Env<'a>, out: &mut Vec<Option<BTreeSet<V>>>) {
        let is = |e: &Expr| matches!(e.kind, ExprKind::Var(x) if x.0 as usize == v);
        let mut put = |known: &Expr, list: &dyn Fn(V) -> BTreeSet<V>| {
            out.push((!mentions(known, open)).then(|| match self.eval(known, env) {
                Err(Bad::NoMatch) => BTreeSet::new(),
                v => list(v),
            }))
        };
        match &e.kind {
            ExprKind::Op(Op::Eq, l) if is(&l[0]) => put(&l[1], &|x| [x].into()),
            ExprKind::Op(Op::Eq, l) if is(&l[1]) => put(&l[0], &|x| [x].into()),
            ExprKind::Op(Op::In, l) if is(&l[0]) => put(&l[1], &|x| items(&x, false).into_iter().map(|p| p.1).collect()),
            ExprKind::Atom(r, args) | ExprKind::Value { rule: r, args, matched: true }
                if !self.p.rules[r.0 as usize].function =>
            {
                let t = self.table(r.0 as usize);
                for i in (0..args.len()).filter(|i| is(&args[*i])) {
                    out.push(Some(if t.broken { [FAULT].into() } else { t.facts.keys().map(|k| k[i].clone()).collect() }));
                }
            }
            ExprKind::Path(p) => {
                for (i, end) in [&p.from, &p.to].into_iter().enumerate().filter(|(_, x)| is(x)) {
                    let _ = end;
                    out.push(Some(
                        self.walk(&p.path).keys().map(|k| Ok(if i == 0 { k.0.clone() } else { k.1.clone() })).collect(),
                    ));
                }
            }
            ExprKind::Or(list) if opens(e, env).contains(&v) => {
                let each = list.iter().map(|b| {
                    let mut l = vec![];
                    flat(b, &mut l);
                    self.domain(v, &l, open, env).filter(|d| !d.0)
                });
                out.push(each.collect::<Option<Vec<_>>>().map(|l| l.into_iter().flat_map(|d| d.1).collect()));
                return;
            }
            ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::Implies(..) => return,
            _ => {}
        }
        parts(e).0.into_iter().for_each(|x| self.sources(v, x, open, env, out));
    }

    /// Whether there is an assignment of what a formula binds for which it is true.
    fn truth(&self, e: &'a Expr, env: &Env<'a>) -> Truth {
        match self.eval(e, env) {
            Ok(Value::Bool(b)) => Some(b),
            Err(Bad::NoMatch) => Some(false),
            Err(Bad::Fault) => None,
            Ok(v) => panic!("{v:?} is no truth value"),
        }
    }
    fn exists(&self, e: &'a Expr, env: &Env<'a>) -> Truth {
        let (mut list, mut any) = (vec![], Some(false));
        flat(e, &mut list);
        let open = opened(&list, &[], env);
        self.solve(&list, None, &open, &mut env.clone(), Some(true), &mut |_, t| any = or(any, t));
        any
    }
    /// The assignments of a scope's binders and of what its `where` binds.
    fn each(&self, s: &'a Scope, n: usize, env: &mut Env<'a>, truth: Truth, sink: Sink<'_, 'a>) {
        let Some(b) = s.binders.get(n) else {
            let mut list = vec![];
            s.filter.iter().for_each(|f| flat(f, &mut list));
            let open = opened(&list, &[], env);
            return self.solve(&list, None, &open, env, truth, sink);
        };
        let list: Vec<(V, V)> = match &b.domain {
            Domain::Kind(ty) => self.windowed(b, ty, env).into_iter().map(|e| (Ok(Value::None), e)).collect(),
            Domain::Range(e) => match self.eval(e, env) {
                Err(Bad::NoMatch) => vec![],
                v => items(&v, b.key.is_some()),
            },
        };
        for (k, v) in list {
            let t = if k.is_err() { and(truth, None) } else { truth };
            for (var, x) in [(b.key, k), (b.var, v)] {
                if let Some(var) = var {
                    env.vals[var.0 as usize] = Some(x)
                }
            }
            self.each(s, n + 1, env, t, sink);
        }
        for var in [b.key, b.var].into_iter().flatten() {
            env.vals[var.0 as usize] = None
        }
    }
    /// The distinct bindings of a scope's binders that are not false, with their truth.
    fn bindings(&self, s: &'a Scope, env: &Env<'a>) -> Vec<(Env<'a>, Truth)> {
        let mut found: BTreeMap<Vec<V>, (Env<'a>, Truth)> = BTreeMap::new();
        let binders: Vec<VarId> = s.binders.iter().flat_map(|b| [b.key, b.var]).flatten().collect();
        self.each(s, 0, &mut env.clone(), Some(true), &mut |inner, t| {
            let key = binders.iter().map(|v| inner.vals[v.0 as usize].clone().unwrap_or(FAULT)).collect();
            let mut kept = env.clone();
            binders.iter().for_each(|v| kept.vals[v.0 as usize] = inner.vals[v.0 as usize].clone());
            let entry = found.entry(key).or_insert((kept, t));
            entry.1 = or(entry.1, t);
        });
        self.latest(s, found.into_values().collect())
    }

    fn eval(&self, e: &'a Expr, env: &Env<'a>) -> V {
        match &e.kind {
            ExprKind::Const(v) => Ok(v.clone()),
            ExprKind::Param(p) => Ok(self.p.params[p.0 as usize].default.clone().unwrap_or(Value::None)),
            ExprKind::Element(x) => Ok(Value::Element(*x)),
            ExprKind::Var(v) => {
                env.vals[v.0 as usize].clone().unwrap_or_else(|| panic!("{} is not bound", env.vars[v.0 as usize].name))
            }
            ExprKind::Attr(x, a) => match self.eval(x, env)? {
                Value::Element(x) => self.attr(x, *a),
                _ => Ok(Value::None),
            },
            ExprKind::Field(x, f) => Ok(match (self.eval(x, env)?, f) {
                (Value::Element(Element::Node(n)), Field::Id) => self.value(self.g.node_id(n)),
                (Value::Element(Element::Edge(n)), Field::Id) => self.value(self.g.edge_id(n)),
                (Value::Element(Element::Edge(n)), Field::From) => self.value(Val::node(self.g.ends(n).expect("ends").0)),
                (Value::Element(Element::Event(n)), Field::Id) => self.value(self.g.event_id(n)),
                (Value::Element(Element::Event(n)), Field::At) => Value::Time(self.g.event_at(n).expect("a time")),
                (Value::Element(Element::Event(n)), Field::Index) => Value::Int(n as i64),
                (Value::Element(Element::Edge(n)), Field::To) => self.value(Val::node(self.g.ends(n).expect("ends").1)),
                _ => Value::None,
            }),
            ExprKind::Lookup(k, id) => match self.eval(id, env)? {
                Value::None => Ok(Value::None),
                id => self.named(&Type::node(*k), &id),
            },
            ExprKind::Op(Op::Cast(ty), l) if sort(ty.present()).is_some() => match self.eval(&l[0], env)? {
                Value::None if ty.is_optional() => Ok(Value::None),
                x => self.named(ty.present(), &x),
            },
            ExprKind::Op(op, l) => {
                let l: Vec<V> = l.iter().map(|x| self.eval(x, env)).collect();
                if l.contains(&Err(Bad::NoMatch)) {
                    return Err(Bad::NoMatch);
                }
                op.apply(&l.into_iter().collect::<Result<Vec<_>, _>>()?).map_err(|_| Bad::Fault)
            }
            ExprKind::Coalesce(a, b) => match self.eval(a, env)? {
                Value::None => self.eval(b, env),
                v => Ok(v),
            },
            ExprKind::If(c, a, b) => match self.truth(c, env) {
                Some(c) => self.eval(if c { a } else { b }, env),
                None => FAULT,
            },
            ExprKind::Not(a) => val(not(self.truth(a, env))),
            ExprKind::And(l) if opened(&l.iter().collect::<Vec<_>>(), &[], env).is_empty() => {
                val(l.iter().fold(Some(true), |t, x| and(t, self.truth(x, env))))
            }
            ExprKind::And(_) => val(self.exists(e, env)),
            ExprKind::Or(l) => val(l.iter().fold(Some(false), |t, x| or(t, self.exists(x, env)))),
            ExprKind::Implies(a, b) => val(or(not(self.truth(a, env)), self.truth(b, env))),
            ExprKind::Is(x, ty) => {
                let x = self.eval(x, env)?;
                val(self.is(&Ok(x), ty))
            }
            ExprKind::Atom(r, args) => {
                let args = self.args(args, env)?;
                let (rule, mut any) = (&self.p.rules[r.0 as usize], Some(false));
                if rule.function {
                    rule.clauses.iter().for_each(|c| self.clause(rule, c, args.clone(), &mut |_, t, _| any = or(any, t)))
                } else {
                    self.table(r.0 as usize)
                        .facts
                        .iter()
                        .for_each(|(k, certain)| any = or(any, and(matches(k, &args), certain.then_some(true))))
                }
                val(any)
            }
            ExprKind::Value { rule: r, args, matched } => {
                let args = self.args(args, env)?;
                let rule = &self.p.rules[r.0 as usize];
                let mut found: Vec<V> = vec![];
                if rule.function {
                    rule.clauses.iter().for_each(|c| {
                        self.clause(rule, c, args.clone(), &mut |_, t, v| found.push(if t.is_none() { FAULT } else { v }))
                    })
                } else {
                    let t = self.table(r.0 as usize);
                    if t.broken {
                        return FAULT;
                    }
                    found.extend(t.values.iter().filter_map(|(k, v)| match matches(k, &args) {
                        Some(true) => Some(v.clone()),
                        None => Some(FAULT),
                        _ => None,
                    }));
                }
                let RuleForm::Value(combine, _) = &rule.form else { panic!("no value rule") };
                // a value rule of the candidate has one value for its arguments by now (but for `_`, which takes them all)
                if found.is_empty() {
                    if *matched { Err(Bad::NoMatch) } else { Ok(Value::None) }
                } else {
                    combined(*combine, &found)
                }
            }
            ExprKind::Path(p) => {
                let ends = self.args([&p.from, &p.to], env)?;
                if let Some(x) = p.edge {
                    let Some(Ok(Value::Element(Element::Edge(n)))) = env.vals[x.0 as usize] else { return FAULT };
                    let (f, t) = self.g.ends(n).expect("ends");
                    let Path::Step(kinds) = &p.path else { panic!("an edge of a long path") };
                    let fits = kinds.iter().any(|k| matches!(k, Relation::Edge(k) if self.g.kind_of(Val::edge(n)) == Some(*k)));
                    return val(and(Some(fits), matches(&[Ok(self.value(Val::node(f))), Ok(self.value(Val::node(t)))], &ends)));
                }
                let pairs = self.walks.borrow().get(&(p as *const _ as usize)).cloned();
                let pairs = pairs.unwrap_or_else(|| Rc::new(self.walk(&p.path)));
                self.walks.borrow_mut().insert(p as *const _ as usize, pairs.clone());
                val(pairs.iter().fold(Some(false), |t, ((a, b), certain)| {
                    or(t, and(matches(&[Ok(a.clone()), Ok(b.clone())], &ends), certain.then_some(true)))
                }))
            }
            ExprKind::Quantified(q, s, last) => {
                let found = self.bindings(s, env);
                let certain = found.iter().filter(|b| b.1 == Some(true)).count() as u64;
                let endless = found
                    .iter()
                    .any(|(e, _)| s.binders.iter().any(|b| b.var.is_some_and(|v| e.vals[v.0 as usize] == Some(FAULT))));
                let possible = if endless { u64::MAX } else { found.len() as u64 };
                let at_least = |n: u64| {
                    if certain >= n {
                        Some(true)
                    } else if possible < n {
                        Some(false)
                    } else {
                        None
                    }
                };
                val(match q {
                    Quantifier::Some => found.iter().fold(Some(false), |t, b| or(t, b.1)),
                    Quantifier::No => found.iter().fold(Some(true), |t, b| and(t, not(b.1))),
                    Quantifier::Every => found.iter().fold(Some(true), |t, b| {
                        and(t, or(not(b.1), last.as_ref().map_or(Some(true), |l| self.exists(l, &b.0))))
                    }),
                    Quantifier::AtLeast(n) => at_least(*n),
                    Quantifier::AtMost(n) => not(at_least(n + 1)),
                    Quantifier::Exactly(n) => and(at_least(*n), not(at_least(n + 1))),
                })
            }
            ExprKind::Aggregate { aggregate, scope, value } => {
                let of = |(env, t): (Env<'a>, Truth)| {
                    if t.is_none() { FAULT } else { value.as_ref().map_or(Ok(Value::Int(1)), |v| self.eval(v, &env)) }
                };
                let list: Vec<V> = self.bindings(scope, env).into_iter().map(of).collect();
                aggregated(*aggregate, list, e.ty.present())
            }
            ExprKind::Earlier { binders, within, filter } => val(self.earlier(binders, *within, filter.as_deref(), env)),
            ExprKind::Since { none, since } => val(self.since(none, since, env)),
            ExprKind::Consecutive { scope, satisfies } => self.consecutive(scope, satisfies, env),
            other => panic!("the oracle does not know {other:?}"),
        }
    }
    fn args(&self, args: impl IntoIterator<Item = &'a Expr>, env: &Env<'a>) -> Result<Vec<Option<V>>, Bad> {
        let list = args.into_iter().map(|a| if matches!(a.kind, ExprKind::Any) { None } else { Some(self.eval(a, env)) });
        let list: Vec<Option<V>> = list.collect();
        if list.contains(&Some(Err(Bad::NoMatch))) { Err(Bad::NoMatch) } else { Ok(list) }
    }
    fn named(&self, ty: &Type, id: &Value) -> V {
        let fits = |e: &V| {
            e.as_ref() == Ok(id) || matches!(e, Ok(Value::Element(Element::Node(n))) if self.value(self.g.node_id(*n)) == *id)
        };
        self.elements(ty).into_iter().find(fits).unwrap_or(FAULT)
    }
    fn attr(&self, x: Element, a: AttrId) -> V {
        if !self.p.schema.attr(a).is_some_and(|a| a.mechanism) {
            return Ok(self.value(self.g.attr(self.handle(x), a)));
        }
        let has = |m: &&Mechanism| m.attr == a && self.is(&Ok(Value::Element(x)), &Type::node(m.kind)) == Some(true);
        if self.p.mechanisms.iter().find(has).is_none() {
            return Ok(Value::None);
        }
        self.table(self.p.rules.len() + a.0 as usize).values.get(&vec![Ok(Value::Element(x))]).cloned().unwrap_or(FAULT)
    }
    /// The pairs that a path joins.
    fn walk(&self, path: &Path) -> Pairs {
        let mut all = Pairs::new();
        match path {
            Path::Step(list) => {
                for r in list {
                    match r {
                        Relation::Edge(k) => {
                            for e in self.elements(&Type::Edge(Kinds::Of([*k].into()))) {
                                let Ok(Value::Element(Element::Edge(n))) = e else { continue };
                                let (f, t) = self.g.ends(n).expect("ends");
                                all.insert((self.value(Val::node(f)), self.value(Val::node(t))), true);
                            }
                        }
                        Relation::Rule(r) => {
                            for (k, certain) in &self.table(r.0 as usize).facts {
                                let [Ok(a), Ok(b)] = k.as_slice() else { panic!("a path over unknown values") };
                                *all.entry((a.clone(), b.clone())).or_default() |= certain;
                            }
                        }
                    }
                }
            }
            Path::Either(list) => list.iter().for_each(|p| unite(&mut all, self.walk(p))),
            Path::Sequence(list) => all = list.iter().map(|p| self.walk(p)).reduce(|a, b| after(&a, &b)).unwrap_or_default(),
            Path::Repeat(inner, least, most) => {
                let step = self.walk(inner);
                let stand =
                    self.ends(inner).iter().flat_map(|t| self.elements(t)).flatten().map(|x| ((x.clone(), x), true)).collect();
                let mut now = (0..*least).fold(stand, |a, _| after(&a, &step));
                for n in *least.. {
                    let before = all.clone();
                    unite(&mut all, now.clone());
                    if *most == Some(n) || (most.is_none() && all == before) {
                        break;
                    }
                    now = after(&now, &step);
                }
            }
        }
        all
    }
    /// The types of the elements that a path begins or ends with.
    fn ends(&self, path: &Path) -> Vec<Type> {
        let one = |r: &Relation| match r {
            Relation::Edge(k) => {
                self.p.schema.kind(*k).and_then(|k| k.ends.clone()).map_or(vec![], |(a, b)| vec![Type::Node(a), Type::Node(b)])
            }
            Relation::Rule(r) => self.p.rules[r.0 as usize].params.clone(),
        };
        match path {
            Path::Step(list) => list.iter().flat_map(one).collect(),
            Path::Either(list) | Path::Sequence(list) => list.iter().flat_map(|p| self.ends(p)).collect(),
            Path::Repeat(p, ..) => self.ends(p),
        }
    }

    pub fn invariant(&self, i: &'a Invariant) -> Outcome {
        let empty = Env { vars: &i.vars, vals: vec![None; i.vars.len()], now: None };
        let scope = i.scope.as_ref().map_or_else(|| vec![(empty.clone(), Some(true))], |s| self.bindings(s, &empty));
        let certain = scope.iter().filter(|b| b.1 == Some(true)).count();
        let mut rows: BTreeMap<(usize, Vec<V>), Truth> = BTreeMap::new();
        for (env, t) in &scope {
            let mut env = env.clone();
            for (v, e) in &i.lets {
                env.vals[v.0 as usize] = Some(self.eval(e, &env))
            }
            for (n, c) in i.clauses.iter().enumerate() {
                let mut put = |env: &Env, t: Truth| {
                    let key = (n, c.binding.iter().map(|v| env.vals[v.0 as usize].clone().unwrap_or(FAULT)).collect());
                    let old = rows.entry(key).or_insert(Some(false));
                    *old = or(*old, t);
                };
                match &c.form {
                    DemandForm::Never(s) => self.each(s, 0, &mut env, *t, &mut put),
                    DemandForm::Require(f) => put(&env, and(*t, not(self.exists(f, &env)))),
                }
            }
        }
        let violations: BTreeSet<_> =
            rows.iter().filter(|r| *r.1 == Some(true)).map(|((n, k), _)| (*n, k.iter().flatten().cloned().collect())).collect();
        let faulty = rows.values().any(Option::is_none);
        let bare = |c: &Demand| matches!(c.form, DemandForm::Never(_)) && c.kinds.iter().any(|k| self.g.count(*k) == 0);
        let vacuous = if i.scope.is_some() { certain == 0 } else { !i.clauses.is_empty() && i.clauses.iter().all(bare) };
        let verdict = match (violations.is_empty(), faulty, vacuous) {
            (false, ..) => "violated",
            (_, true, _) => "unknown",
            (_, _, true) if i.scope.is_some() && !scope.is_empty() => "unknown",
            (_, _, true) => "vacuous",
            _ => "holds",
        };
        let checked = if i.scope.is_some() { certain } else { i.clauses.len() } as u64;
        Outcome { verdict, checked, violations, rows }
    }
}

/// Whether a fact's columns are those asked for.
fn matches(fact: &[V], args: &[Option<V>]) -> Truth {
    fact.iter().zip(args).fold(Some(true), |t, (a, b)| and(t, b.as_ref().map_or(Some(true), |b| same(a, b))))
}
fn unite(a: &mut Pairs, b: Pairs) {
    for (k, certain) in b {
        *a.entry(k).or_default() |= certain
    }
}
fn after(a: &Pairs, b: &Pairs) -> Pairs {
    let mut all = Pairs::new();
    for ((x, y), c) in a {
        for ((_, z), d) in b.iter().filter(|p| p.0.0 == *y) {
            *all.entry((x.clone(), z.clone())).or_default() |= c & d
        }
    }
    all
}
/// The keys (or positions) and elements of a list or record; a fault if it has none.
fn items(v: &V, keyed: bool) -> Vec<(V, V)> {
    match v {
        Ok(Value::List(l)) => l.iter().enumerate().map(|(i, x)| (Ok(Value::Int(i as i64)), Ok(x.clone()))).collect(),
        Ok(Value::Record(f)) if keyed => f.iter().map(|(k, x)| (Ok(Value::Text(k.clone())), Ok(x.clone()))).collect(),
        _ => vec![(FAULT, FAULT)],
    }
}
fn combined(combine: Combine, list: &[V]) -> V {
    let strict = list.iter().cloned().collect::<Result<Vec<Value>, Bad>>();
    match combine {
        Combine::Any if list.contains(&Ok(Value::Bool(true))) => Ok(Value::Bool(true)),
        Combine::All if list.contains(&Ok(Value::Bool(false))) => Ok(Value::Bool(false)),
        Combine::One => strict.and_then(|l| if l.iter().all(|x| *x == l[0]) { Ok(l[0].clone()) } else { FAULT }),
        Combine::Min | Combine::All => strict.map(|l| l.into_iter().min().expect("not empty")),
        Combine::Max | Combine::Any => strict.map(|l| l.into_iter().max().expect("not empty")),
    }
}
fn aggregated(aggregate: Aggregate, list: Vec<V>, ty: &Type) -> V {
    match aggregate {
        Aggregate::Any if list.contains(&Ok(Value::Bool(true))) => return Ok(Value::Bool(true)),
        Aggregate::All if list.contains(&Ok(Value::Bool(false))) => return Ok(Value::Bool(false)),
        _ => {}
    }
    let mut l = list.into_iter().collect::<Result<Vec<Value>, Bad>>()?;
    l.sort();
    let l = l;
    let number = |v: &Value| match v {
        Value::Float(x) => x.get(),
        Value::Int(i) => *i as f64,
        other => panic!("{other:?} is no number"),
    };
    let float = |x: f64| if x.is_finite() { Value::float(x).ok_or(Bad::Fault) } else { FAULT };
    let exact = || {
        let mut sum = ExactSum::new();
        l.iter().for_each(|v| sum.add(number(v)));
        sum
    };
    match aggregate {
        Aggregate::Count => Ok(Value::Int(l.len() as i64)),
        Aggregate::Any => Ok(Value::Bool(false)),
        Aggregate::All => Ok(Value::Bool(true)),
        Aggregate::Sum if matches!(ty, Type::Float(_)) => exact().result().map_err(|_| Bad::Fault).and_then(float),
        Aggregate::Sum => i64::try_from(
            l.iter()
                .map(|v| match v {
                    Value::Int(i) => *i as i128,
                    _ => 0,
                })
                .sum::<i128>(),
        )
        .map(Value::Int)
        .map_err(|_| Bad::Fault),
        Aggregate::Distinct => Ok(Value::list(l.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect())),
        _ if l.is_empty() => Ok(Value::None),
        Aggregate::Min => Ok(l[0].clone()),
        Aggregate::Max => Ok(l[l.len() - 1].clone()),
        Aggregate::Avg => exact().mean(l.len() as u32).map_err(|_| Bad::Fault).and_then(float),
        Aggregate::Median => float((number(&l[(l.len() - 1) / 2]) + number(&l[l.len() / 2])) / 2.0),
        Aggregate::Percentile(p) => Ok(l[((p / 100.0 * l.len() as f64).ceil() as usize).clamp(1, l.len()) - 1].clone()),
    }
}
