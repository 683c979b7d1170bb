//! Why something holds, and why something does not: the derivation is asked of the finished evaluation, clause by clause, top down.
//!
//! A fact's derivation is the first binding of a clause that makes it, all of whose facts were there in an earlier round: so it is
//! well-founded, and nearly as small as can be (heights as in Zhao, Subotić and Scholz 2020, "Debugging Large-scale Datalog", section 3).
//! Called by stages; reads world.
use super::condition::{bound_by, facts_in, flat, mentions, named, parts_of, reads_in, rules_in};
use super::evaluate::World;
use crate::base::{Place, Sources};
use crate::demand::invariant::Found;
use crate::plan::path::Move;
use crate::scalar::{Element, Op, Type, Val, Value, json};
use crate::semantics::hir::{
    Clause, DemandForm, Expr, ExprKind, Invariant, Path, PathAtom, Program, Quantifier, RuleForm, RuleId, Scope, Var, VarId,
};
use crate::structure::graph::{Graph, quoted};
use crate::verdict::{Located, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How many facts deep.
    pub depth: usize,
    /// How many of several (bindings, counted elements).
    pub width: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Extent { depth: 16, width: 5 }
    }
}

/// At most so many reasons in all.
const MOST: usize = 2_000;

/// Variables of an item and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// The variables.
    pub vars: Vec<Var>,
    /// Their values.
    pub vals: Vec<Option<Val>>,
}

impl Env {
    /// Nothing is known of these.
    pub fn new(vars: &[Var]) -> Env {
        Env { vars: vars.to_vec(), vals: vec![None; vars.len()] }
    }
    /// Sets a variable.
    pub fn set(&mut self, v: VarId, x: Val) {
        if let Some(slot) = self.vals.get_mut(v.0 as usize) {
            *slot = Some(x);
        }
    }
    pub(super) fn get(&self, v: VarId) -> Option<Val> {
        self.vals.get(v.0 as usize).copied().flatten()
    }
    pub(super) fn fresh(&mut self, ty: &Type, place: Place) -> VarId {
        self.vars.push(Var { name: "_".into(), ty: ty.clone(), place });
        self.vals.push(None);
        VarId(self.vars.len() as u32 - 1)
    }
}

/// Explains what a world holds.
pub struct Why<'w, 'p> {
    pub(super) world: &'w mut dyn World<'p>,
    pub(super) program: &'p Program,
    pub(super) sources: &'w Sources,
    pub(super) locate: &'w dyn Fn(&Graph, Element) -> Option<Located>,
    pub(super) extent: Extent,
    pub(super) shown: BTreeSet<(RuleId, Vec<Val>)>,
    pub(super) lacking: BTreeSet<(RuleId, Vec<Option<Val>>)>,
    pub(super) made: usize,
    /// The fact that is being explained: the rules that recur with its own, and the round in which it was found.
    under: Option<(Rc<[RuleId]>, u32)>,
    recurring: BTreeMap<RuleId, Rc<[RuleId]>>,
}

impl<'w, 'p> Why<'w, 'p> {
    /// About a world of a program.
    pub fn new(
        world: &'w mut dyn World<'p>,
        program: &'p Program,
        sources: &'w Sources,
        locate: &'w dyn Fn(&Graph, Element) -> Option<Located>,
        extent: Extent,
    ) -> Self {
        Why {
            world,
            program,
            sources,
            locate,
            extent,
            shown: BTreeSet::new(),
            lacking: BTreeSet::new(),
            made: 0,
            under: None,
            recurring: BTreeMap::new(),
        }
    }

    /// The first bindings for which a formula is true, with the reasons of each, and how many more bindings there are.
    pub fn holds(&mut self, vars: &[Var], e: &Expr) -> (Vec<Reason>, u64) {
        let mut env = Env::new(vars);
        let e = named(e, &mut env);
        let rows = self.solve(&[&e], &env).unwrap_or_default();
        let more = rows.len().saturating_sub(self.extent.width);
        let mut reasons = vec![];
        for row in rows.iter().take(self.extent.width) {
            let because = self.condition(&e, row, 0);
            let text = self.bindings(vars.len(), row);
            match (&because[..], text.is_empty()) {
                ([_], _) => reasons.extend(because),
                (_, true) => reasons.push(Reason { because, ..self.leaf(&e, row, 0) }),
                _ => reasons.push(Reason { text: text.join(", "), because, ..Reason::default() }),
            }
        }
        (reasons, more as u64)
    }

    /// The derivation that led to a violation: what a `never` found, or what a `require` lacks.
    pub fn violation(&mut self, i: &Invariant, found: &Found) -> Vec<Reason> {
        let Some(clause) = i.clauses.get(found.clause) else { return vec![] };
        let mut env = Env::new(&i.vars);
        clause.binding.iter().zip(&found.binding).for_each(|(v, (_, x))| env.set(*v, *x));
        let filter: Vec<Expr> = i.scope.iter().flat_map(|s| s.filter.as_deref()).map(|f| named(f, &mut env)).collect();
        let mut reasons = self.met(&filter, &env);
        let mut used = BTreeSet::new();
        match &clause.form {
            DemandForm::Never(s) => parts_of(s).iter().for_each(|p| mentions(p, &mut used)),
            DemandForm::Require(e) => mentions(e, &mut used),
        }
        for (v, e) in &i.lets {
            let Some(x) = self.value(e, &env) else { continue };
            env.set(*v, x);
            if used.contains(v) {
                let name = env.vars.get(v.0 as usize).map(|v| v.name.to_string()).unwrap_or_default();
                let leaf = self.leaf(e, &env, 0);
                reasons.push(Reason { text: format!("{name} = {}", leaf.text), ..leaf });
            }
        }
        reasons.extend(match &clause.form {
            DemandForm::Never(s) => {
                let list: Vec<Expr> = parts_of(s).iter().map(|p| named(p, &mut env)).collect();
                self.met(&list, &env)
            }
            DemandForm::Require(e) => {
                let e = named(e, &mut env);
                self.lacks(&e, &env, 0)
            }
        });
        reasons
    }

    /// The reasons of conditions that are true.
    fn met(&mut self, list: &[Expr], env: &Env) -> Vec<Reason> {
        let Some((row, _)) = self.support(list, env) else { return vec![] };
        list.iter().flat_map(|p| self.condition(p, &row, 0)).collect()
    }

    /// What is missing for a formula that is false.
    pub fn missing(&mut self, vars: &[Var], e: &Expr) -> Vec<Reason> {
        let mut env = Env::new(vars);
        let e = named(e, &mut env);
        self.lacks(&e, &env, 0)
    }

    /// Why a condition is true for a binding of all its variables.
    pub fn condition(&mut self, e: &Expr, env: &Env, depth: usize) -> Vec<Reason> {
        self.made += 1;
        match &e.kind {
            ExprKind::And(parts) => parts.iter().flat_map(|p| self.condition(p, env, depth)).collect(),
            ExprKind::Or(parts) => {
                let mut branches = parts.iter().map(|p| {
                    let mut inner = env.clone();
                    (vec![named(p, &mut inner)], inner)
                });
                let mut first = None;
                let grounded = branches.find_map(|(list, inner)| {
                    let (row, grounded) = self.support(&list, &inner)?;
                    let found = (list, row);
                    if grounded {
                        return Some(found);
                    }
                    first.get_or_insert(found);
                    None
                });
                match grounded.or(first) {
                    Some((list, row)) => list.iter().flat_map(|p| self.condition(p, &row, depth)).collect(),
                    None => vec![self.leaf(e, env, depth)],
                }
            }
            ExprKind::Atom(rule, args) => {
                let tuple: Option<Vec<Val>> = args.iter().map(|a| self.value(a, env)).collect();
                vec![match tuple {
                    Some(t) => self.fact(*rule, t, depth),
                    None => self.leaf(e, env, depth),
                }]
            }
            ExprKind::Path(p) => self.path(p, e, env, depth),
            // what something is shows in its name
            ExprKind::Is(..) => vec![],
            ExprKind::Quantified(Quantifier::Some, scope, None) => {
                let list = parts_of(scope);
                let mut inner = env.clone();
                let list: Vec<Expr> = list.iter().map(|p| named(p, &mut inner)).collect();
                match self.support(&list, &inner) {
                    Some((row, _)) => list.iter().flat_map(|p| self.condition(p, &row, depth)).collect(),
                    None => vec![self.leaf(e, env, depth)],
                }
            }
            _ => vec![self.leaf(e, env, depth)],
        }
    }

    /// A fact of a rule, and the derivation of it.
    fn fact(&mut self, rule: RuleId, tuple: Vec<Val>, depth: usize) -> Reason {
        let Some(r) = self.program.rule(rule) else { return Reason::default() };
        let value = self.fact_value(rule, &tuple);
        let args: Vec<String> = tuple.iter().map(|v| self.show(*v)).collect();
        let mut reason = Reason::leaf(format!("{}({})", r.name, args.join(", ")));
        if let Some(v) = value {
            reason.text.push_str(&format!(" = {}", self.show(v)));
        }
        if !self.shown.insert((rule, tuple.clone())) {
            reason.note = Some("shown above".into());
            return reason;
        }
        if depth >= self.extent.depth || self.made > MOST {
            self.shown.remove(&(rule, tuple));
            reason.note = Some("its own reasons are left out".into());
            return reason;
        }
        let round = self.world.height(rule, &tuple).unwrap_or(u32::MAX);
        let recurring = self.recurring(rule);
        let under = self.under.replace((recurring, round));
        if let Some((clause, row)) = self.derivation(rule, &tuple, value) {
            self.put_place(&mut reason, clause.0);
            for e in &clause.1 {
                reason.because.extend(self.condition(e, &row, depth + 1));
            }
        }
        self.under = under;
        reason
    }

    /// The value of a value rule for arguments.
    fn fact_value(&mut self, rule: RuleId, tuple: &[Val]) -> Option<Val> {
        let r = self.program.rule(rule)?;
        let RuleForm::Value(_, ty) = &r.form else { return None };
        let args = tuple.iter().zip(&r.params).map(|(v, t)| self.constant(*v, t, r.place)).collect();
        let e = Expr { kind: ExprKind::Value { rule, args, matched: true }, ty: ty.clone(), place: r.place };
        self.value(&e, &Env::default())
    }

    /// A clause that gives a fact, as its place and conditions, and the binding.
    fn derivation(&mut self, rule: RuleId, tuple: &[Val], value: Option<Val>) -> Option<((Place, Vec<Expr>), Env)> {
        let r = self.program.rule(rule)?;
        let mut first = None;
        for c in &r.clauses {
            let (list, env) = self.opened(c, tuple, value);
            let Some((row, grounded)) = self.support(&list, &env) else { continue };
            let found = ((c.place, list), row);
            if grounded {
                return Some(found);
            }
            first.get_or_insert(found);
        }
        first
    }

    /// A binding that makes conditions true: the first whose facts were all found before the one that is being explained, else the
    /// first; and whether it is such.
    fn support(&mut self, list: &[Expr], env: &Env) -> Option<(Env, bool)> {
        let rows = self.solve(&list.iter().collect::<Vec<_>>(), env).unwrap_or_default();
        let mut first = None;
        for row in rows.into_iter().take(MOST) {
            if list.iter().all(|e| self.grounded(e, &row)) {
                return Some((row, true));
            }
            first.get_or_insert(row);
        }
        first.map(|row| (row, false))
    }

    /// Whether a true condition can rest on facts that were found before the one that is being explained.
    fn grounded(&mut self, e: &Expr, row: &Env) -> bool {
        let Some((rules, round)) = self.under.clone() else { return true };
        let mut used = false;
        rules_in(e, &mut |r| used |= rules.contains(&r));
        if !used {
            return true;
        }
        match &e.kind {
            ExprKind::And(parts) => parts.iter().all(|p| self.grounded(p, row)),
            ExprKind::Or(parts) => parts.iter().any(|p| {
                let mut inner = row.clone();
                let p = named(p, &mut inner);
                self.support(std::slice::from_ref(&p), &inner).is_some_and(|s| s.1)
            }),
            ExprKind::Quantified(Quantifier::Some, scope, None) => {
                let mut inner = row.clone();
                let list: Vec<Expr> = parts_of(scope).iter().map(|p| named(p, &mut inner)).collect();
                self.support(&list, &inner).is_some_and(|s| s.1)
            }
            ExprKind::Path(p) if !matches!(p.path, Path::Step(_)) => {
                let ends = (self.value(&p.from, row).and_then(|v| v.as_node()), self.value(&p.to, row).and_then(|v| v.as_node()));
                let (Some(a), Some(b)) = ends else { return false };
                self.world.walk(p, e.place, (a, b), Some((&rules, round))).is_some()
            }
            _ => {
                let mut atoms: Vec<(RuleId, Vec<Expr>)> = vec![];
                facts_in(e, &mut atoms);
                atoms.into_iter().filter(|a| rules.contains(&a.0)).all(|(rule, args)| {
                    let tuple: Option<Vec<Val>> = args.iter().map(|a| self.value(a, row)).collect();
                    tuple.and_then(|t| self.world.height(rule, &t)).is_some_and(|h| h < round)
                })
            }
        }
    }

    /// The conditions of a clause for known arguments (and value).
    pub(super) fn opened(&mut self, c: &Clause, tuple: &[Val], value: Option<Val>) -> (Vec<Expr>, Env) {
        let mut env = Env::new(&c.vars);
        for (h, v) in c.head.iter().zip(tuple) {
            env.set(*h, *v);
        }
        let mut list = vec![];
        if let Some(b) = &c.body {
            flat(&named(b, &mut env), &mut list);
        }
        if let (Some(e), Some(v)) = (&c.value, value) {
            let known = self.constant(v, &e.ty, e.place);
            if matches!(known.kind, ExprKind::Const(Value::Bool(true))) && e.ty == Type::Bool {
                // a formula that is true is a condition like those behind `if`
                flat(&named(e, &mut env), &mut list);
            } else {
                // what nobody named in a value binds nothing
                let kind = ExprKind::Op(Op::Eq, vec![e.clone(), known]);
                list.push(Expr { kind, ty: Type::Bool, place: e.place });
            }
        }
        (list, env)
    }

    /// The rules that use a rule, and are used by it; itself too.
    fn recurring(&mut self, rule: RuleId) -> Rc<[RuleId]> {
        if let Some(known) = self.recurring.get(&rule) {
            return known.clone();
        }
        let all = (0..self.program.rules.len()).map(|n| RuleId(n as u32));
        let found: Rc<[RuleId]> = all.filter(|r| self.recurs(*r, rule) && self.recurs(rule, *r)).collect();
        self.recurring.insert(rule, found.clone());
        found
    }

    /// Whether one rule uses another, through any others, or is it.
    fn recurs(&self, from: RuleId, to: RuleId) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(r) = open.pop() {
            if r == to {
                return true;
            }
            let Some(r) = self.program.rule(r) else { continue };
            for e in r.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)) {
                rules_in(e, &mut |r| {
                    if seen.insert(r) {
                        open.push(r);
                    }
                });
            }
        }
        false
    }

    fn path(&mut self, p: &PathAtom, e: &Expr, env: &Env, depth: usize) -> Vec<Reason> {
        let ends = (self.value(&p.from, env), self.value(&p.to, env));
        let (Some(from), Some(to)) = ends else { return vec![self.leaf(e, env, depth)] };
        if let Some(edge) = p.edge.and_then(|v| env.get(v)).and_then(|v| v.as_edge()) {
            let kind = self.world.graph().kind_of(Val::edge(edge)).map(|k| self.world.graph().schema.name(k).to_string());
            return vec![self.edge(from, &kind.unwrap_or_default(), to, Some(edge))];
        }
        let (Some(a), Some(b)) = (from.as_node(), to.as_node()) else { return vec![self.leaf(e, env, depth)] };
        let under = self.under.clone();
        let below = under.as_ref().map(|(rules, round)| (&rules[..], *round));
        // a walk over facts found before, if there is one
        let walk = self.world.walk(p, e.place, (a, b), below).or_else(|| self.world.walk(p, e.place, (a, b), None));
        let Some(walk) = walk else { return vec![self.leaf(e, env, depth)] };
        let mut reasons = vec![];
        for pair in walk.windows(2) {
            let [(x, step), (y, _)] = pair else { continue };
            let (x, y) = (Val::node(*x), Val::node(*y));
            match step {
                Some(Move::Edge(k)) => {
                    let graph = self.world.graph();
                    let at = |n: Val| n.as_node().unwrap_or(u32::MAX);
                    let edge = graph.edges(*k).and_then(|t| t.between(at(x), at(y)).next().map(|p| t.base + p));
                    let kind = graph.schema.name(*k).to_string();
                    reasons.push(self.edge(x, &kind, y, edge));
                }
                Some(Move::Rule(r)) => reasons.push(self.fact(RuleId(r.0), vec![x, y], depth)),
                None => {}
            }
        }
        reasons
    }

    fn edge(&mut self, from: Val, kind: &str, to: Val, edge: Option<u32>) -> Reason {
        let mut reason = Reason::leaf(format!("{} -{}-> {}", self.show(from), quoted(kind), self.show(to)));
        reason.candidate = edge.and_then(|e| (self.locate)(self.world.graph(), Element::Edge(e)));
        reason
    }

    /// A condition as it is written, with what was read in it; what it counts and what its value rules rest on stand below.
    pub(super) fn leaf(&mut self, e: &Expr, env: &Env, depth: usize) -> Reason {
        let mut reason = Reason::leaf(self.sources.text(e.place).split_whitespace().collect::<Vec<_>>().join(" "));
        self.put_place(&mut reason, e.place);
        let written = reason.text.clone();
        if let ExprKind::Op(Op::Eq, sides) = &e.kind
            && let [value, known] = &sides[..]
            && value.place == e.place
            && let ExprKind::Const(known) = &known.kind
        {
            // the value of a clause
            reason.text.push_str(&format!(" = {}", self.shown_value(known)));
        }
        let mut reads = vec![];
        reads_in(e, &mut reads);
        let mut with: Vec<String> = vec![];
        for r in &reads {
            match &r.kind {
                ExprKind::Value { rule, args, .. } => {
                    let tuple: Option<Vec<Val>> = args.iter().map(|a| self.value(a, env)).collect();
                    if let Some(t) = tuple.filter(|t| self.fact_value(*rule, t).is_some()) {
                        let fact = self.fact(*rule, t, depth);
                        reason.because.push(fact);
                        continue;
                    }
                }
                ExprKind::Aggregate { scope, .. } => {
                    let (listed, more) = self.counted(scope, env);
                    reason.because.extend(listed);
                    reason.more += more;
                }
                _ => {}
            }
            let text: String = match r.kind {
                ExprKind::Var(v) => env.vars.get(v.0 as usize).map(|v| v.name.to_string()).unwrap_or_default(),
                _ => self.sources.text(r.place).split_whitespace().collect::<Vec<_>>().join(" "),
            };
            let mut free = BTreeSet::new();
            mentions(r, &mut free);
            if free.iter().any(|v| env.get(*v).is_none()) && !matches!(r.kind, ExprKind::Aggregate { .. }) {
                continue;
            }
            let value = self.value(r, env).map_or("absent".to_string(), |v| self.show(v));
            let name = match text.split_once('(') {
                Some((word, rest)) if rest.len() > 16 => format!("{word}(…)"),
                _ => text.clone(),
            };
            let one = format!("{name} = {value}");
            if !with.contains(&one) && text != written && !text.is_empty() {
                with.push(one);
            }
        }
        if !with.is_empty() {
            reason.text.push_str(&format!("  ({})", with.join(", ")));
        }
        reason
    }

    /// The bindings that an aggregate ranges over.
    fn counted(&mut self, scope: &Scope, env: &Env) -> (Vec<Reason>, u64) {
        let mut inner = env.clone();
        let list: Vec<Expr> = parts_of(scope).iter().map(|p| named(p, &mut inner)).collect();
        let rows = self.solve(&list.iter().collect::<Vec<_>>(), &inner).unwrap_or_default();
        let binders: Vec<VarId> = scope.binders.iter().flat_map(|b| b.key.into_iter().chain(b.var)).collect();
        let mut seen: Vec<Vec<Option<Val>>> = vec![];
        for row in &rows {
            let key: Vec<Option<Val>> = binders.iter().map(|b| row.get(*b)).collect();
            if !seen.contains(&key) {
                seen.push(key);
            }
            if seen.len() > MOST {
                break;
            }
        }
        let more = seen.len().saturating_sub(self.extent.width) as u64;
        let shown = seen.iter().take(self.extent.width).map(|key| {
            let name = |b: &VarId| inner.vars.get(b.0 as usize).map(|v| v.name.to_string()).unwrap_or_default();
            let parts = binders.iter().zip(key).filter_map(|(b, v)| Some(format!("{} = {}", name(b), self.show((*v)?))));
            let mut reason = Reason::leaf(parts.collect::<Vec<_>>().join(", "));
            let element = match key[..] {
                [Some(v)] => v.as_element(),
                _ => None,
            };
            reason.candidate = element.and_then(|e| (self.locate)(self.world.graph(), e));
            reason
        });
        (shown.collect(), more)
    }

    // ------------------------------------------------------------------ asking

    /// All bindings that make conditions true, beyond what is known; `Err` if they bind too little to be asked.
    pub(super) fn solve(&mut self, list: &[&Expr], env: &Env) -> Result<Vec<Env>, ()> {
        let mut mentioned = BTreeSet::new();
        let mut vars: Vec<VarId> = vec![];
        for e in list {
            mentions(e, &mut mentioned);
            bound_by(e, &mut vars);
        }
        let mut all: Vec<Expr> = vec![];
        for v in mentioned {
            if let (Some(x), Some(var)) = (env.get(v), env.vars.get(v.0 as usize)) {
                let var = Expr { kind: ExprKind::Var(v), ty: var.ty.clone(), place: var.place };
                let place = var.place;
                let known = self.constant(x, &var.ty, place);
                all.push(Expr { kind: ExprKind::Op(Op::Eq, vec![var, known]), ty: Type::Bool, place });
            }
        }
        all.extend(list.iter().map(|e| (*e).clone()));
        let place = list.first().map(|e| e.place).unwrap_or_default();
        let columns: Vec<VarId> = vars.into_iter().filter(|v| env.get(*v).is_none()).collect();
        let e = match all.len() {
            1 => all.remove(0),
            _ => Expr { kind: ExprKind::And(all), ty: Type::Bool, place },
        };
        let (rows, _) = self.world.query(&env.vars, &e, &columns).map_err(|_| ())?;
        let row = |r: Vec<Val>| {
            let mut env = env.clone();
            columns.iter().zip(r).for_each(|(c, v)| env.set(*c, v));
            env
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The value of an expression, if it has one.
    pub(super) fn value(&mut self, e: &Expr, env: &Env) -> Option<Val> {
        match &e.kind {
            ExprKind::Var(v) => return env.get(*v),
            ExprKind::Any => return None,
            _ => {}
        }
        let mut inner = env.clone();
        let v = inner.fresh(&e.ty, e.place);
        let var = Expr { kind: ExprKind::Var(v), ty: e.ty.clone(), place: e.place };
        let same = Expr { kind: ExprKind::Op(Op::Eq, vec![var, e.clone()]), ty: Type::Bool, place: e.place };
        let rows = self.solve(&[&same], &inner).ok()?;
        rows.first()?.get(v).filter(|v| *v != Val::NONE)
    }

    fn constant(&self, v: Val, ty: &Type, place: Place) -> Expr {
        Expr { kind: ExprKind::Const(self.world.graph().dictionary.value(v)), ty: ty.clone(), place }
    }

    pub(super) fn show(&self, v: Val) -> String {
        self.shown_value(&self.world.graph().dictionary.value(v))
    }

    fn shown_value(&self, v: &Value) -> String {
        let graph = self.world.graph();
        match v {
            Value::Element(e) => graph.show(*e),
            v => json::to_json(v, &|e| graph.show(e)).to_string(),
        }
    }

    fn bindings(&self, vars: usize, row: &Env) -> Vec<String> {
        let pairs = row.vars.iter().zip(&row.vals).take(vars);
        pairs.filter_map(|(v, x)| Some(format!("{} = {}", v.name, self.show((*x)?)))).collect()
    }

    pub(super) fn put_place(&self, reason: &mut Reason, place: Place) {
        reason.program = Some(place);
        reason.clause = self.sources.position(place).map(|(file, line, column)| format!("{file}:{line}:{column}"));
    }
}
