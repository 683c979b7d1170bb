//! Lowering of one unit: its frame of slots, and what its expressions mention. Used by lower; the rest is in expression, block, generate.
use super::ir::*;
use super::order::Sizes;
use super::past::Past;
use super::path::Automata;
use crate::base::Place;
use crate::scalar::{Dictionary, Type, Val, Value};
use crate::semantics::hir::{self, Domain, Expr, ExprKind, RuleId, VarId};
use crate::structure::schema::{Schema, Sort};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;

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
    pub(super) fn sub(self, e: &'a Expr) -> E<'a> {
        E { e, env: self.env }
    }
    pub(super) fn key(self) -> (usize, usize) {
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
    /// An event of the past.
    Past(Past),
    /// `earlier …`: its binders are known behind it.
    Earlier(E<'a>),
    /// `last N x: E where …`, with the environment.
    Last(u64, &'a hir::Scope, usize),
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
    /// The indexes of events by now.
    pub histories: &'p RefCell<Vec<HistoryInfo>>,
    /// The state cells by now.
    pub cells: &'p RefCell<Vec<CellInfo>>,
    /// The relations in which events are looked for, and not facts of known events: what they name must be kept.
    pub kept: &'p RefCell<Vec<RelId>>,
    /// A window that is another than the one written at this place.
    pub widened: Option<(Place, Option<i64>)>,
    /// The paths by now.
    pub automata: &'p Automata,
}

/// The lowering of one unit.
pub struct Unit<'p, 'd> {
    /// What it reads.
    pub context: &'p Context<'p>,
    /// For literals.
    pub dictionary: &'d mut Dictionary,
    /// How many slots there are by now.
    pub slots: u32,
    pub(super) envs: Vec<Vec<Slot>>,
    pub(super) replaced: FxHashMap<(usize, usize), Slot>,
    /// Edge variables and the slots of their ends.
    pub(super) ends: FxHashMap<Slot, (Slot, Slot)>,
    /// The slots of binders without a name (`_: Host`), by address and environment.
    pub(super) nameless: FxHashMap<(usize, usize), Slot>,
    /// Of each open block, the slots that its conjuncts mention outside of quantifiers and aggregates, or that are read behind it:
    /// what else is mentioned there is their own.
    pub(super) levels: Vec<Bound>,
    /// The numbers of formulas whose truth is known beforehand (verdicts), by address.
    pub verdicts: FxHashMap<usize, usize>,
    /// The event that is now, by environment: what event binders look back from.
    pub(super) nows: FxHashMap<usize, Slot>,
    /// Of an obligation, how far ahead of now is looked for what meets it.
    pub(super) ahead: Option<i64>,
    /// The table of a family's constants: how many rows it has, and the slots that it binds.
    pub(super) table: Option<(RelId, f64, Bound)>,
    /// Parts of messages that are constants of a family, by address.
    pub(super) texts: FxHashMap<usize, Slot>,
    /// How many functions are being expanded.
    pub(super) depth: u32,
}

pub(super) type Result<T> = std::result::Result<T, Unsupported>;
pub(super) type Bound = FxHashSet<Slot>;

pub(super) fn unsupported<T>(place: Place, what: &'static str) -> Result<T> {
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
            nows: FxHashMap::default(),
            ahead: None,
            table: None,
            texts: FxHashMap::default(),
            depth: 0,
        }
    }
    /// A slot stands for an expression of the unit itself.
    pub(super) fn replace(&mut self, e: &Expr, slot: Slot) {
        self.replaced.insert((e as *const Expr as usize, 0), slot);
    }
    /// A slot stands for a part of a message.
    pub(super) fn say(&mut self, part: &hir::TextPart, slot: Slot) {
        self.texts.insert(part as *const hir::TextPart as usize, slot);
    }
    /// The slot that a step may bind where an expression stands: a variable's, or that of a family's constant.
    pub(super) fn bindable(&self, x: E<'_>) -> Option<Slot> {
        match x.e.kind {
            ExprKind::Var(v) => Some(self.slot(x.env, v)),
            _ => self.column(x),
        }
    }
    /// The slot of a family's constant that the table has a column for.
    pub(super) fn column(&self, x: E<'_>) -> Option<Slot> {
        let (.., columns) = self.table.as_ref()?;
        self.replaced.get(&x.key()).copied().filter(|s| columns.contains(s))
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
    pub(super) fn slot(&self, env: usize, v: VarId) -> Slot {
        self.envs.get(env).and_then(|e| e.get(v.0 as usize)).copied().unwrap_or(0)
    }
    /// The slot of a binder's element; one that has no name gets one too, since its bindings count.
    pub(super) fn binder_slot(&mut self, env: usize, b: &hir::Binder) -> Slot {
        match b.var {
            Some(v) => self.slot(env, v),
            None => {
                let slot = self.fresh();
                self.nameless.insert((b as *const hir::Binder as usize, env), slot);
                slot
            }
        }
    }
    pub(super) fn constant(&mut self, v: &Value) -> Scalar {
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
        let binder = |b: &hir::Binder| [b.key, b.var].into_iter().flatten().map(|v| self.slot(x.env, v)).collect::<Vec<_>>();
        for s in scopes(x.e) {
            out.extend(s.binders.iter().flat_map(binder));
        }
        let event = |b: &hir::Binder| matches!(b.domain, Domain::Kind(Type::Event(_)));
        if scopes(x.e).iter().any(|s| s.binders.iter().any(event)) {
            out.extend(self.nows.get(&x.env));
        }
        if let ExprKind::Earlier { binders, .. } = &x.e.kind {
            out.extend(binders.iter().flat_map(binder));
        }
        if timed(x.e) {
            out.extend(self.nows.get(&x.env));
        }
        each_part(x.e, &mut |p| self.mentions(x.sub(p), out));
    }

    /// The slots that an expression reads, sorted: what only its own quantifiers and aggregates know is not among them.
    pub(super) fn mentioned(&self, x: E<'_>) -> Vec<Slot> {
        let mut out = vec![];
        self.reads(x, &mut out);
        out.sort();
        out.dedup();
        out
    }

    pub(super) fn reads(&self, x: E<'_>, out: &mut Vec<Slot>) {
        let scoped = matches!(x.e.kind, ExprKind::Quantified(..) | ExprKind::Aggregate { .. }) || timed(x.e);
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

    pub(super) fn conjunct_slots(&self, c: &Conjunct<'_>) -> Vec<Slot> {
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
            Conjunct::Past(p) => out.extend([p.slot, p.now].into_iter().chain(p.behind)),
            Conjunct::Earlier(x) => {
                self.reads(*x, &mut out);
                out.extend(self.earlier_slots(*x));
            }
            Conjunct::Last(_, scope, env) => {
                let mut all = vec![];
                scope.filter.iter().for_each(|f| self.mentions(E { e: f, env: *env }, &mut all));
                let level = self.levels.last();
                all.retain(|s| level.is_some_and(|level| level.contains(s)));
                out.extend(all);
                out.extend(self.nows.get(env));
                out.extend(self.binder_slots(scope, *env));
            }
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
            ExprKind::Earlier { .. } => out.push(Conjunct::Earlier(x)),
            _ => {
                self.matched(x, out);
                self.edge_ends(x);
                out.push(Conjunct::Formula(x));
            }
        }
    }

    /// A path's edge variable has the path's ends.
    pub(super) fn edge_ends(&mut self, x: E<'_>) {
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
            | ExprKind::Implies(..)
            | ExprKind::Earlier { .. }
            | ExprKind::Since { .. }
            | ExprKind::Consecutive { .. } => {}
            _ => each_part(x.e, &mut |p| self.matched(x.sub(p), out)),
        }
    }

    /// The conjuncts of a scope.
    pub fn scope<'a>(&mut self, scope: &'a hir::Scope, env: usize, out: &mut Vec<Conjunct<'a>>) -> Result<()>
    where
        'p: 'a,
    {
        if let Some(n) = scope.binders.iter().find_map(|b| b.window.as_ref()?.last) {
            let [b] = scope.binders.as_slice() else {
                return unsupported(scope.binders.first().map(|b| b.place).unwrap_or_default(), "`last` beside another binder");
            };
            self.binder_slot(env, b);
            out.push(Conjunct::Last(n, scope, env));
            return Ok(());
        }
        for b in &scope.binders {
            if let Some(past) = self.past_of(b, env)? {
                out.push(Conjunct::Past(past));
                continue;
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
}

/// The parts of an `and`, however nested.
pub(super) fn flatten<'a>(x: E<'a>, out: &mut Vec<E<'a>>) {
    match &x.e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| flatten(x.sub(p), out)),
        _ => out.push(x),
    }
}

/// Whether an expression is a word of time that looks back from now.
pub(super) fn timed(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Earlier { .. } | ExprKind::Since { .. } | ExprKind::Consecutive { .. })
}

/// The scopes of an expression.
pub(super) fn scopes(e: &Expr) -> Vec<&hir::Scope> {
    match &e.kind {
        ExprKind::Quantified(_, s, _) | ExprKind::Aggregate { scope: s, .. } | ExprKind::Consecutive { scope: s, .. } => vec![s],
        ExprKind::Since { none, since } => vec![none, since],
        _ => vec![],
    }
}

/// The variables that the form itself binds in a scope.
pub fn binders(e: &Expr) -> Vec<VarId> {
    scopes(e).iter().flat_map(|s| &s.binders).flat_map(|b| b.key.into_iter().chain(b.var)).collect()
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
        ExprKind::Verdict(v) => {
            if let hir::VerdictAtom::Stable(x) | hir::VerdictAtom::Decides(_, x, _) = &**v {
                f(x);
            }
        }
        ExprKind::Earlier { filter: Some(x), .. } => f(x),
        ExprKind::Consecutive { satisfies, .. } => f(satisfies),
        _ => {}
    }
}

/// Whether a block may give one binding of the binders twice: it binds something else, or takes unions or lists.
pub(super) fn repeats(block: &Block, binders: &[Slot]) -> bool {
    block.steps.iter().any(|s| {
        let args: Vec<Arg> = match s {
            Step::Scan { args, .. } => args.clone(),
            // an edge determines its ends
            Step::Edges { edge: Arg::Bind(e), .. } => vec![Arg::Bind(*e)],
            Step::Edges { from, to, .. } | Step::Reach { from, to, .. } => vec![*from, *to],
            Step::Kind { element, .. } => vec![*element],
            Step::Past { event, .. } => vec![*event],
            Step::Last(_, inner) => return repeats(inner, binders),
            Step::Range { .. } | Step::Union(_) | Step::Latest(_) => return true,
            _ => return false,
        };
        args.iter().any(|a| match a {
            Arg::Bind(s) => !binders.contains(s),
            Arg::Any => true,
            _ => false,
        })
    })
}
