//! Expressions of a reader, walked directly: values with where they stand in the document, faults with whom they blame.
//! Fed by reader with the checked program, read by reader. Not strict in faults, like the engine: a false side decides `and`.
use super::aggregate::combine;
use super::document::Document;
use super::known::{Blame, Known};
use super::limits::{Left, Limits};
use super::locate::NOWHERE;
use super::scan::{Items, Members, unquote};
use crate::scalar::cast::{cast, to_id};
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::json::{JsonKind, Lazy, display};
use crate::scalar::{Element, KindId, Op, Type, Value};
use crate::semantics::hir::{
    Aggregate, Binder, Domain, Expr, ExprKind, Program, Quantifier, RuleForm, RuleId, Scope, TextPart, VarId,
};
use crate::structure::Sort;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A value, and the offset of the document at which it stands, if it stands there.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The value; lists and records of the document stay unread.
    pub value: Value,
    /// The offset, or [`NOWHERE`].
    pub at: u32,
}

impl Traced {
    fn bare(value: Value) -> Traced {
        Traced { value, at: NOWHERE }
    }
    fn lazy(lazy: Lazy) -> Result<Traced, Fault> {
        let at = lazy.start;
        Ok(Traced { value: lazy.settle()?, at })
    }
}

/// A value or whom to blame.
pub type Evaluated = Result<Traced, Box<Blame>>;

/// What a variable stands for.
#[derive(Clone, Debug)]
enum Slot {
    Unbound,
    Value(Traced),
    Fault(Box<Blame>),
}

/// The state of a walk.
pub struct Walk<'a> {
    /// The program.
    pub program: &'a Program,
    /// The values of its parameters.
    pub params: &'a [Value],
    /// The document, for its text.
    pub document: Option<&'a Document>,
    /// What `Kind(id)` has named in values, without repeats.
    pub refs: Vec<(KindId, Arc<str>)>,
    slots: Vec<Slot>,
    /// The variables that filters bound, to be unbound behind them.
    trail: Vec<VarId>,
    seen: FxHashMap<(KindId, Arc<str>), u32>,
    found: FxHashMap<(u32, Arc<str>), Option<(u32, u32)>>,
    /// What may still be tried.
    pub left: Left,
    depth: u32,
}

/// Records of more bytes than this have what was found in them remembered.
const LARGE: u32 = 1024;

/// Whether to go on with the next binding.
pub type Go = bool;

impl<'a> Walk<'a> {
    /// A walk with no variable bound.
    pub fn new(program: &'a Program, params: &'a [Value], document: Option<&'a Document>, vars: usize, limits: &Limits) -> Self {
        let slots = vec![Slot::Unbound; vars];
        let (seen, found) = (FxHashMap::default(), FxHashMap::default());
        let left = Left::new(limits);
        Walk { program, params, document, refs: vec![], slots, trail: vec![], seen, found, left, depth: 0 }
    }
    /// Binds a variable.
    pub fn bind(&mut self, var: VarId, value: Evaluated) {
        if let Some(slot) = self.slots.get_mut(var.0 as usize) {
            *slot = match value {
                Ok(v) => Slot::Value(v),
                Err(b) => Slot::Fault(b),
            };
        }
    }
    fn unbind(&mut self, var: Option<VarId>) {
        if let Some(slot) = var.and_then(|v| self.slots.get_mut(v.0 as usize)) {
            *slot = Slot::Unbound;
        }
    }
    fn unbound(&self, e: &Expr) -> Option<VarId> {
        match &e.kind {
            ExprKind::Var(v) => matches!(self.slots.get(v.0 as usize), Some(Slot::Unbound)).then_some(*v),
            _ => None,
        }
    }

    /// The value of an expression.
    pub fn eval(&mut self, e: &Expr) -> Evaluated {
        match &e.kind {
            ExprKind::Const(v) => Ok(Traced::bare(v.clone())),
            ExprKind::Param(p) => Ok(Traced::bare(self.params.get(p.0 as usize).cloned().unwrap_or(Value::None))),
            ExprKind::Var(v) => match self.slots.get(v.0 as usize) {
                Some(Slot::Value(v)) => Ok(v.clone()),
                Some(Slot::Fault(b)) => Err(b.clone()),
                _ => Err(self.cannot(e, "a variable that nothing has bound yet")),
            },
            ExprKind::Lookup(kind, id) => {
                let id = self.eval(id)?;
                let text = to_id(&id.value).map_err(|f| self.blame(e, f, id.at))?;
                let text: Arc<str> = text.as_text().unwrap_or("").into();
                let next = self.refs.len() as u32;
                let n = *self.seen.entry((*kind, text.clone())).or_insert(next);
                if n == next {
                    self.refs.push((*kind, text));
                }
                let element = match self.program.sort(*kind) {
                    Some(Sort::Event) => Element::Event(n),
                    _ => Element::Node(n),
                };
                Ok(Traced { value: Value::Element(element), at: id.at })
            }
            ExprKind::Op(op, args) => self.op(e, op, args),
            ExprKind::Coalesce(a, b) => {
                let a = self.eval(a)?;
                if a.value.is_none() { self.eval(b) } else { Ok(a) }
            }
            ExprKind::If(c, a, b) => {
                let c = self.condition(c)?;
                self.eval(if c { a } else { b })
            }
            ExprKind::Aggregate { aggregate, scope, value } => self.aggregate(e, *aggregate, scope, value.as_deref()),
            ExprKind::Value { rule, args, .. } => self.function(e, *rule, args),
            ExprKind::Text(parts) => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        TextPart::Literal(t) => out.push_str(t),
                        TextPart::Value(e) => {
                            let v = self.eval(e)?;
                            out.push_str(&self.show(&v.value));
                        }
                    }
                }
                Ok(Traced::bare(Value::text(out)))
            }
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Implies(..)
            | ExprKind::Quantified(..)
            | ExprKind::Atom(..) => self.condition(e).map(|b| Traced::bare(Value::Bool(b))),
            ExprKind::Attr(..) | ExprKind::OpenAttr(..) | ExprKind::Field(..) => {
                Err(self.cannot(e, "the attributes of elements, which are not there before it is done"))
            }
            ExprKind::Error => Err(self.cannot(e, "what could not be checked")),
            _ => Err(self.cannot(e, "a question about the structure, which is not there before it is done")),
        }
    }
    /// The truth of a formula; `Err` is a fault.
    pub fn condition(&mut self, e: &Expr) -> Result<bool, Box<Blame>> {
        match self.truth(e) {
            Known::True => Ok(true),
            Known::False => Ok(false),
            Known::Fault(b) => Err(b),
        }
    }
    fn truth(&mut self, e: &Expr) -> Known {
        match &e.kind {
            ExprKind::Not(e) => self.truth(e).not(),
            ExprKind::And(list) => {
                let mut all = Known::True;
                for e in list {
                    all = all.and(self.conjunct(e));
                    if let Known::False = all {
                        break;
                    }
                }
                all
            }
            ExprKind::Or(list) => {
                let mut any = Known::False;
                for e in list {
                    any = any.or(self.truth(e));
                    if let Known::True = any {
                        break;
                    }
                }
                any
            }
            ExprKind::Implies(a, b) => match self.truth(a).not() {
                Known::True => Known::True,
                not => not.or(self.truth(b)),
            },
            ExprKind::Quantified(q, scope, body) => self.quantified(*q, scope, body.as_deref()),
            ExprKind::Atom(rule, args) => match self.function(e, *rule, args) {
                Ok(v) => Known::from(v.value.as_bool() == Some(true)),
                Err(b) => Known::Fault(b),
            },
            ExprKind::Op(Op::Eq, args) if args.iter().any(|a| self.unbound(a).is_some()) => self.conjunct(e),
            _ => match self.eval(e) {
                Ok(v) => match v.value.as_bool() {
                    Some(b) => Known::from(b),
                    None => Known::Fault(self.blame(e, Fault::new(FaultKind::Cast, "absent where a Bool is needed"), v.at)),
                },
                Err(b) => Known::Fault(b),
            },
        }
    }
    /// A conjunct may bind a new variable by `x == e`.
    fn conjunct(&mut self, e: &Expr) -> Known {
        if let ExprKind::Op(Op::Eq, args) = &e.kind
            && let [a, b] = args.as_slice()
        {
            let pair = match (self.unbound(a), self.unbound(b)) {
                (Some(v), None) => Some((v, b)),
                (None, Some(v)) => Some((v, a)),
                _ => None,
            };
            if let Some((var, e)) = pair {
                return match self.eval(e) {
                    Ok(v) => {
                        self.bind(var, Ok(v));
                        self.trail.push(var);
                        Known::True
                    }
                    Err(b) => Known::Fault(b),
                };
            }
        }
        match &e.kind {
            ExprKind::Op(Op::Eq, args) if args.iter().any(|a| self.unbound(a).is_some()) => {
                Known::Fault(self.cannot(e, "a variable that nothing has bound yet"))
            }
            _ => self.truth(e),
        }
    }
    fn op(&mut self, e: &Expr, op: &Op, args: &[Expr]) -> Evaluated {
        if let (Op::Get(name), [of]) = (op, args) {
            let of = self.eval(of)?;
            if let Value::Lazy(lazy) = &of.value {
                return match self.get(lazy, name) {
                    Ok(Some(found)) => Traced::lazy(found).map_err(|f| self.blame(e, f, of.at)),
                    // what is not there is missing here
                    Ok(None) => Ok(Traced { value: Value::None, at: of.at }),
                    Err(f) => Err(self.blame(e, f, of.at)),
                };
            }
            let at = of.at;
            let value = op.apply(&[of.value]).map_err(|f| self.blame(e, f, at))?;
            return Ok(Traced { value, at });
        }
        if let (Op::Item, [of, index]) = (op, args) {
            let (of, index) = (self.eval(of)?, self.eval(index)?);
            if let Value::Lazy(lazy) = &of.value {
                let found = match &index.value {
                    Value::Int(i) => usize::try_from(*i).map_or(Ok(None), |i| lazy.item(i)),
                    Value::Text(t) => self.get(lazy, t),
                    _ => Ok(None),
                };
                if matches!(index.value, Value::Int(_) | Value::Text(_)) {
                    return match found {
                        Ok(Some(found)) => Traced::lazy(found).map_err(|f| self.blame(e, f, of.at)),
                        Ok(None) => Ok(Traced { value: Value::None, at: of.at }),
                        Err(f) => Err(self.blame(e, f, of.at)),
                    };
                }
            }
            let at = of.at;
            let value = op.apply(&[of.value, index.value]).map_err(|f| self.blame(e, f, at))?;
            return Ok(Traced { value, at });
        }
        if let (Op::Cast(to), [of]) = (op, args) {
            // a list of Json is read item by item, so that its items keep their places
            let unread = |v: &Value| match (v, to.present()) {
                (Value::Lazy(lazy), Type::List(item)) => **item == Type::Json && lazy.kind() == JsonKind::List,
                (Value::Lazy(_), Type::Json) => true,
                _ => false,
            };
            let of = self.eval(of)?;
            if unread(&of.value) {
                return Ok(of);
            }
            let at = of.at;
            let value = op.apply(&[of.value]).map_err(|f| self.blame(e, f, at))?;
            return Ok(Traced { value, at });
        }
        let mut values = Vec::with_capacity(args.len());
        let mut at = NOWHERE;
        for a in args {
            let v = self.eval(a)?;
            if at == NOWHERE {
                at = v.at;
            }
            values.push(v.value);
        }
        let value = op.apply(&values).map_err(|f| self.blame(e, f, at))?;
        // a conversion is still that value; anything else is a new one
        let kept = matches!(op, Op::Cast(_) | Op::ToId | Op::Widen);
        Ok(Traced { value, at: if kept { at } else { NOWHERE } })
    }
    /// The value at a key, remembered for large records, so that a loop does not read them again and again.
    fn get(&mut self, lazy: &Lazy, name: &Arc<str>) -> Result<Option<Lazy>, Fault> {
        if lazy.end - lazy.start < LARGE {
            return lazy.get(name);
        }
        let key = (lazy.start, name.clone());
        if let Some(known) = self.found.get(&key) {
            return Ok(known.map(|(start, end)| Lazy { text: lazy.text.clone(), start, end }));
        }
        let found = lazy.get(name)?;
        self.found.insert(key, found.as_ref().map(|l| (l.start, l.end)));
        Ok(found)
    }
    /// A rule that is a function, expanded in place.
    fn function(&mut self, e: &Expr, rule: RuleId, args: &[Expr]) -> Evaluated {
        let Some(r) = self.program.rule(rule).filter(|r| r.function && self.depth < 64) else {
            return Err(self.cannot(e, "a rule, which speaks of the structure that is not there before it is done"));
        };
        let args: Vec<Traced> = args.iter().map(|a| self.eval(a)).collect::<Result<_, _>>()?;
        self.depth += 1;
        let mut any = Known::False;
        let mut values: Vec<Value> = vec![];
        let mut fault = None;
        for clause in &r.clauses {
            let outer = std::mem::replace(&mut self.slots, vec![Slot::Unbound; clause.vars.len()]);
            let trail = std::mem::take(&mut self.trail);
            for (var, v) in clause.head.iter().zip(&args) {
                self.bind(*var, Ok(v.clone()));
            }
            let holds = clause.body.as_ref().map_or(Known::True, |b| self.truth(b));
            if let (Known::True, Some(value)) = (&holds, &clause.value) {
                match self.eval(value) {
                    Ok(v) => values.push(v.value),
                    Err(b) => fault = fault.or(Some(b)),
                }
            }
            if let (Known::Fault(b), true) = (&holds, clause.value.is_some()) {
                fault = fault.or(Some(b.clone()));
            }
            any = any.or(holds);
            self.slots = outer;
            self.trail = trail;
        }
        self.depth -= 1;
        let RuleForm::Value(combine, _) = &r.form else {
            return match any {
                Known::Fault(b) => Err(b),
                Known::True => Ok(Traced::bare(Value::Bool(true))),
                Known::False => Ok(Traced::bare(Value::Bool(false))),
            };
        };
        if let Some(b) = fault {
            return Err(b);
        }
        use crate::semantics::hir::Combine;
        values.sort();
        values.dedup();
        let value = match combine {
            Combine::Max | Combine::Any => values.pop(),
            Combine::One if values.len() > 1 => {
                let text =
                    format!("`{}` has two values here: {} and {}", r.name, self.show_at(&values, 0), self.show_at(&values, 1));
                return Err(self.blame(e, Fault::new(FaultKind::Conflict, text), NOWHERE));
            }
            _ => values.into_iter().next(),
        };
        Ok(Traced::bare(value.unwrap_or(Value::None)))
    }
    fn show_at(&self, values: &[Value], i: usize) -> String {
        values.get(i).map_or(String::new(), |v| self.show(v))
    }
    fn show(&self, v: &Value) -> String {
        display(v, &|_| "an element".to_string())
    }
    fn quantified(&mut self, q: Quantifier, scope: &Scope, body: Option<&Expr>) -> Known {
        let counted = matches!(q, Quantifier::Exactly(_) | Quantifier::AtLeast(_) | Quantifier::AtMost(_));
        let mut seen: FxHashSet<Vec<Value>> = FxHashSet::default();
        let (mut result, mut holds, mut fault) = (Known::from(q == Quantifier::Every), 0u64, None);
        let ranged = self.bindings(scope, &mut |w, filter| {
            let truth = match (q, body) {
                (Quantifier::Every, Some(body)) => match filter {
                    Known::False => Known::True,
                    filter => filter.not().or(w.truth(body)),
                },
                _ => filter,
            };
            match q {
                Quantifier::Every => {
                    result = std::mem::replace(&mut result, Known::True).and(truth);
                    !matches!(result, Known::False)
                }
                Quantifier::Some | Quantifier::No => {
                    result = std::mem::replace(&mut result, Known::False).or(truth);
                    !matches!(result, Known::True)
                }
                _ => {
                    match truth {
                        Known::True => {
                            if seen.insert(w.binding(scope)) {
                                holds += 1;
                            }
                        }
                        Known::Fault(b) => fault = fault.take().or(Some(b)),
                        Known::False => {}
                    }
                    true
                }
            }
        });
        let result = match (ranged, counted) {
            (Err(b), _) => return Known::Fault(b),
            (Ok(()), false) => result,
            (Ok(()), true) => match (q, fault) {
                (Quantifier::AtLeast(n), _) if holds >= n => Known::True,
                (Quantifier::AtMost(n) | Quantifier::Exactly(n), _) if holds > n => Known::False,
                (_, Some(b)) => Known::Fault(b),
                (Quantifier::AtLeast(_), None) => Known::False,
                (Quantifier::Exactly(n), None) => Known::from(holds == n),
                _ => Known::True,
            },
        };
        if q == Quantifier::No { result.not() } else { result }
    }
    /// The values of a scope's binders.
    fn binding(&self, scope: &Scope) -> Vec<Value> {
        let vars = scope.binders.iter().flat_map(|b| [b.key, b.var]).flatten();
        vars.map(|v| match self.slots.get(v.0 as usize) {
            Some(Slot::Value(Traced { value: Value::Lazy(l), .. })) => l.force().unwrap_or(Value::None),
            Some(Slot::Value(v)) => v.value.clone(),
            _ => Value::None,
        })
        .collect()
    }
    fn aggregate(&mut self, e: &Expr, aggregate: Aggregate, scope: &Scope, value: Option<&Expr>) -> Evaluated {
        let mut seen: FxHashSet<Vec<Value>> = FxHashSet::default();
        let mut values: Vec<Value> = vec![];
        let mut fault: Option<Box<Blame>> = None;
        self.bindings(scope, &mut |w, filter| {
            match filter {
                Known::False => {}
                Known::Fault(b) => fault = fault.take().or(Some(b)),
                Known::True => {
                    if seen.insert(w.binding(scope)) {
                        match value.map(|v| w.eval(v)) {
                            Some(Ok(v)) => match v.value {
                                Value::Lazy(l) => values.push(l.force().unwrap_or(Value::None)),
                                v => values.push(v),
                            },
                            Some(Err(b)) => fault = fault.take().or(Some(b)),
                            None => {}
                        }
                    }
                }
            }
            true
        })?;
        if let Some(b) = fault {
            return Err(b);
        }
        let count = seen.len();
        let result = combine(aggregate, values, count);
        // a sum over nothing is 0, as a Float where Floats are summed
        let result = result.and_then(|v| if let (Type::Float(_), Value::Int(_)) = (&e.ty, &v) { cast(&v, &e.ty) } else { Ok(v) });
        Ok(Traced::bare(result.map_err(|f| self.blame(e, f, NOWHERE))?))
    }
    /// Calls `f` with each binding of a scope's binders and what its filter comes to, until it says no.
    pub fn bindings(&mut self, scope: &Scope, f: &mut dyn FnMut(&mut Self, Known) -> Go) -> Result<(), Box<Blame>> {
        let done = self.binders(scope, &scope.binders, f).map(|_| ());
        for b in &scope.binders {
            self.unbind(b.key);
            self.unbind(b.var);
        }
        done
    }
    fn binders(&mut self, scope: &Scope, rest: &[Binder], f: &mut dyn FnMut(&mut Self, Known) -> Go) -> Result<Go, Box<Blame>> {
        let Some((binder, rest)) = rest.split_first() else {
            // a filter may bind variables of its own, which are new for each binding
            let mark = self.trail.len();
            let filter = scope.filter.as_deref().map_or(Known::True, |e| self.conjunct(e));
            let go = f(self, filter);
            while self.trail.len() > mark {
                let var = self.trail.pop();
                self.unbind(var);
            }
            return Ok(go);
        };
        let Domain::Range(range) = &binder.domain else {
            let blame = Blame {
                fault: Fault::new(
                    FaultKind::Missing,
                    "a reader has no elements to range over: they are not there before it is done",
                ),
                at: NOWHERE,
                place: binder.place,
                cannot: true,
            };
            return Err(Box::new(blame));
        };
        let over = self.eval(range)?;
        let mut each = |w: &mut Self, key: Value, item: Evaluated| -> Result<Go, Box<Blame>> {
            if !w.left.take() {
                return Ok(false);
            }
            if let Some(k) = binder.key {
                w.bind(k, Ok(Traced::bare(key)));
            }
            if let Some(v) = binder.var {
                w.bind(v, item);
            }
            w.binders(scope, rest, f)
        };
        match &over.value {
            Value::Lazy(lazy) if lazy.kind() == JsonKind::List => {
                let text = lazy.text.clone();
                for (i, start) in Items::new(&text, lazy.start as usize).enumerate() {
                    let end = super::scan::skip(text.as_bytes(), start);
                    let item = Lazy { text: text.clone(), start: start as u32, end: end as u32 };
                    let item = Traced::lazy(item).map_err(|f| self.blame(range, f, start as u32));
                    if !each(self, Value::Int(i as i64), item)? {
                        return Ok(false);
                    }
                }
            }
            Value::Lazy(lazy) if lazy.kind() == JsonKind::Record && binder.key.is_some() => {
                let text = lazy.text.clone();
                for m in Members::new(&text, lazy.start as usize) {
                    let key = unquote(text.get(m.key.0 as usize..m.key.1 as usize).unwrap_or(""));
                    let item = Lazy { text: text.clone(), start: m.value.0, end: m.value.1 };
                    let item = Traced::lazy(item).map_err(|f| self.blame(range, f, m.value.0));
                    if !each(self, Value::text(&*key), item)? {
                        return Ok(false);
                    }
                }
            }
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if !each(self, Value::Int(i as i64), Ok(Traced::bare(item.clone())))? {
                        return Ok(false);
                    }
                }
            }
            Value::Record(fields) if binder.key.is_some() => {
                for (k, v) in fields.iter() {
                    if !each(self, Value::Text(k.clone()), Ok(Traced::bare(v.clone())))? {
                        return Ok(false);
                    }
                }
            }
            other => {
                let text = match other {
                    Value::None => "absent where a list is needed; `?? []` allows it".to_string(),
                    other => {
                        let shown: String = self.show(other).chars().take(60).collect();
                        format!("`{shown}` is not a list{}", if binder.key.is_some() { " and no record" } else { "" })
                    }
                };
                return Err(self.blame(range, Fault::new(FaultKind::Range, text), over.at));
            }
        }
        Ok(true)
    }
    /// Where the innermost binder's element stands, if it stands in the document.
    pub fn stands(&self, scope: &Scope) -> Option<u32> {
        scope.binders.iter().rev().filter_map(|b| b.var).find_map(|v| match self.slots.get(v.0 as usize) {
            Some(Slot::Value(t)) if t.at != NOWHERE => Some(t.at),
            _ => None,
        })
    }
    fn blame(&self, e: &Expr, fault: Fault, at: u32) -> Box<Blame> {
        Box::new(Blame { fault, at, place: e.place, cannot: false })
    }
    fn cannot(&self, e: &Expr, what: &str) -> Box<Blame> {
        let fault = Fault::new(FaultKind::Missing, format!("a reader cannot use {what}"));
        Box::new(Blame { fault, at: NOWHERE, place: e.place, cannot: true })
    }
}

/// The value as that type, with the whole of it read.
pub fn settled(value: &Value, ty: &Type) -> Result<Value, Fault> {
    match cast(value, ty)? {
        Value::Lazy(l) => l.force(),
        v => Ok(v),
    }
}
