//! The smallest changes of a refused event with which it would have been permitted: found by deciding changed events in the same state, which is
//! then as it was. Called by monitor where it refuses.
use super::explain::{self, put};
use super::live::Plans;
use super::monitor::{Key, Monitor, in_run, within};
use crate::engine::{Annotation, Machine};
use crate::plan::unit::each_part;
use crate::scalar::instant::{format_duration, format_time};
use crate::scalar::{Calendar, Op, Type, Val, Value};
use crate::semantics::hir::{Expr, ExprKind, Field, Program, Scope};
use crate::structure::event::Row;
use crate::structure::schema::{AttrId, Sort};
use crate::verdict::Effect;
use crate::verdict::ruling::Change;
use std::sync::Arc;

/// So many changes are shown.
const SHOWN: usize = 3;
/// So many constants, elements or literals are tried of an attribute.
const VALUES: usize = 20;
/// So many constants of the program are known of an attribute.
const CONSTANTS: usize = 50;
/// So many events are looked at for when they leave a window.
const LEAVING: usize = 2_000;
/// So many instants are looked at one by one.
const INSTANTS: usize = 64;
/// Two attributes are changed together to so many values each.
const PAIRED: usize = 4;
const HOUR: i64 = 3_600_000_000;

/// A place in an event that may be changed: an attribute, or a part of one that is a Json.
struct Spot {
    attr: AttrId,
    /// Its position in the row.
    slot: usize,
    path: Vec<Arc<str>>,
    now: Value,
    ty: Type,
    /// What the program compares it with.
    constants: Vec<Value>,
}

/// What a program reads of the events of a kind.
#[derive(Default)]
pub(super) struct Reads {
    spots: Vec<(AttrId, Vec<Arc<str>>, Vec<Value>)>,
    within: Vec<i64>,
    per: Vec<(Calendar, Arc<str>)>,
    /// Whether the time of an event is read by itself.
    at: bool,
}

impl Reads {
    fn of(program: &Program) -> Reads {
        let mut reads = Reads::default();
        for p in &program.policies {
            p.on.iter().for_each(|s| reads.scope(s));
            p.lets.iter().for_each(|l| reads.expr(&l.1));
            p.clauses.iter().for_each(|c| c.when.iter().chain(&c.unless).for_each(|e| reads.expr(e)));
        }
        for c in program.rules.iter().flat_map(|r| &r.clauses) {
            c.body.iter().chain(&c.value).for_each(|e| reads.expr(e));
        }
        for s in &mut reads.spots {
            s.2.sort();
            s.2.dedup();
            s.2.truncate(CONSTANTS);
        }
        reads.within.sort_unstable();
        reads.within.dedup();
        reads.per.dedup();
        reads
    }
    fn scope(&mut self, s: &Scope) {
        for w in s.binders.iter().filter_map(|b| b.window.as_ref()) {
            self.within.extend(w.within);
            self.per.extend(w.per.as_ref().map(|(unit, zone)| (Calendar::of(unit), zone.clone())));
        }
        s.filter.iter().for_each(|f| self.expr(f));
    }
    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Quantified(_, s, _) | ExprKind::Aggregate { scope: s, .. } | ExprKind::Consecutive { scope: s, .. } => {
                self.windows(s);
            }
            ExprKind::Since { none, since } => [none, since].into_iter().for_each(|s| self.windows(s)),
            ExprKind::Earlier { within, .. } => self.within.extend(*within),
            ExprKind::Field(_, Field::At) => self.at = true,
            ExprKind::Op(Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::In, args) => {
                if let [a, b] = args.as_slice() {
                    let (left, right) = (constants(a), constants(b));
                    spot(a).into_iter().for_each(|s| self.add(s, right.clone()));
                    spot(b).into_iter().for_each(|s| self.add(s, left.clone()));
                }
            }
            _ => {}
        }
        if let Some(s) = spot(e) {
            self.add(s, vec![]);
        }
        each_part(e, &mut |p| self.expr(p));
    }
    fn windows(&mut self, s: &Scope) {
        self.scope(&Scope { binders: s.binders.clone(), filter: None });
    }
    fn add(&mut self, (attr, path): (AttrId, Vec<Arc<str>>), constants: Vec<Value>) {
        let known = match self.spots.iter_mut().find(|s| s.0 == attr && s.1 == path) {
            Some(s) => &mut s.2,
            None => {
                self.spots.push((attr, path, vec![]));
                let Some(s) = self.spots.last_mut() else { return };
                &mut s.2
            }
        };
        known.extend(constants);
    }
}

/// The attribute, and the way into it, that an expression reads.
fn spot(e: &Expr) -> Option<(AttrId, Vec<Arc<str>>)> {
    match &e.kind {
        ExprKind::Attr(_, attr) => Some((*attr, vec![])),
        ExprKind::Op(Op::Cast(_) | Op::Widen | Op::ToId, args) => spot(args.first()?),
        ExprKind::Coalesce(a, _) => spot(a),
        ExprKind::Op(Op::Get(name), args) => {
            let (attr, mut path) = spot(args.first()?)?;
            path.push(name.clone());
            Some((attr, path))
        }
        _ => None,
    }
}

/// The constants of one side of a comparison.
fn constants(e: &Expr) -> Vec<Value> {
    match &e.kind {
        ExprKind::Const(Value::List(items)) => items.to_vec(),
        ExprKind::Const(v) => vec![v.clone()],
        ExprKind::Op(Op::List, args) => args.iter().flat_map(constants).collect(),
        ExprKind::Op(Op::Widen | Op::Cast(_), args) => args.first().map(constants).unwrap_or_default(),
        _ => vec![],
    }
}

/// What was found, and how many decisions it took.
pub(super) struct Found {
    pub changes: Vec<Change>,
    pub tried: u32,
}

struct Search<'a> {
    monitor: &'a mut Monitor,
    key: Key,
    at: i64,
    row: Box<[Val]>,
    tried: u32,
    most: u32,
}

/// Looks for changes of an event that was refused, and is not in the history.
/// `counted`: the events on which the refusal rests.
pub(super) fn find(monitor: &mut Monitor, key: &Key, at: i64, (row, counted): (&[Val], &[u32])) -> Found {
    let most = monitor.tries;
    let program = monitor.program.clone();
    let Some(checked) = program.inner().checked.as_ref() else { return Found { changes: vec![], tried: 0 } };
    let reads = monitor.reads.get_or_insert_with(|| Arc::new(Reads::of(&checked.program))).clone();
    let before = in_run!(&mut monitor.core, m => m.begin_trial());
    let mut search = Search { monitor, key: key.clone(), at, row: row.into(), tried: 0, most };
    let changes = search.changes(&reads, counted);
    let tried = search.tried;
    in_run!(&mut monitor.core, m => m.end_trial(&before));
    Found { changes, tried }
}

impl Search<'_> {
    fn changes(&mut self, reads: &Reads, counted: &[u32]) -> Vec<Change> {
        let spots = self.spots(reads);
        let (mut found, mut others) = (vec![], vec![]);
        for s in &spots {
            if let Some(number) = Number::of(s) {
                found.extend(self.nearest_number(s, &number));
            }
        }
        for s in spots.iter().filter(|s| Number::of(s).is_none()) {
            let values = self.values(s);
            others.extend(values.into_iter().find_map(|v| self.permits(&[(s, v.clone())]).then(|| self.change(&[(s, v)]))));
        }
        // where nothing but the time is read, waiting is the last resort
        found.extend(self.waiting(reads, counted));
        found.extend(others);
        if found.is_empty() {
            found.extend(self.pair(&spots));
        }
        found.truncate(SHOWN);
        found
    }

    /// What may be changed: in the order in which the attributes are declared, and then of the program.
    fn spots(&self, reads: &Reads) -> Vec<Spot> {
        let graph = self.monitor.core.graph();
        let mut all = vec![];
        for (slot, attr) in graph.schema.attrs_of(self.key.0).into_iter().enumerate() {
            let (Some(a), Some(v)) = (graph.schema.attr(attr), self.row.get(slot)) else { continue };
            let whole = graph.dictionary.value(*v);
            let read = reads.spots.iter().filter(|s| s.0 == attr);
            if a.ty.present() == &Type::Json {
                for (_, path, constants) in read.filter(|s| !s.1.is_empty()) {
                    let now = path.iter().try_fold(whole.clone(), |v, k| v.field(k).cloned());
                    let Some(now) =
                        now.filter(|v| matches!(v, Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Bool(_)))
                    else {
                        continue;
                    };
                    let ty = Type::Json;
                    all.push(Spot { attr, slot, path: path.clone(), now, ty, constants: constants.clone() });
                }
                continue;
            }
            let constants = read.filter(|s| s.1.is_empty()).flat_map(|s| s.2.clone()).collect();
            all.push(Spot { attr, slot, path: vec![], now: whole, ty: a.ty.clone(), constants });
        }
        for s in &mut all {
            s.constants.sort();
            s.constants.dedup();
        }
        all
    }

    /// Other values of an attribute that is no number.
    fn values(&self, s: &Spot) -> Vec<Value> {
        let graph = self.monitor.core.graph();
        let mut all: Vec<Value> = match (s.ty.present(), &s.now) {
            (Type::Bool, _) | (Type::Json, Value::Bool(_)) => vec![Value::Bool(false), Value::Bool(true)],
            (Type::Literals(l), _) => l.iter().map(|t| Value::Text(t.clone())).collect(),
            (Type::Node(kinds), _) => {
                let nodes = graph.of_kinds(Sort::Node, kinds);
                nodes.into_iter().take(VALUES).map(|v| graph.dictionary.value(v)).collect()
            }
            (Type::Json, Value::Text(_)) => s.constants.iter().filter(|c| c.as_text().is_some()).cloned().collect(),
            _ => s.constants.iter().filter(|c| crate::scalar::cast::cast(c, &s.ty).as_ref() == Ok(c)).cloned().collect(),
        };
        all.retain(|v| *v != s.now);
        all.truncate(VALUES);
        all
    }

    /// Whether the event would be permitted with some changes. None that can be tried any more: no.
    fn permits(&mut self, changes: &[(&Spot, Value)]) -> bool {
        self.decided(self.at, changes) == Some(true)
    }

    fn decided(&mut self, at: i64, changes: &[(&Spot, Value)]) -> Option<bool> {
        if self.tried >= self.most {
            return None;
        }
        self.tried += 1;
        let mut row = self.row.clone();
        let graph = self.monitor.core.graph_mut();
        for (s, new) in changes {
            let slot = row.get_mut(s.slot)?;
            let keys: Vec<Value> = s.path.iter().map(|k| Value::Text(k.clone())).collect();
            let value = put(&graph.dictionary.value(*slot), &keys, new.clone()).ok()?;
            let ty = within(&s.ty);
            let value = if ty.has_elements() { value } else { crate::scalar::cast::cast(&value, &ty).ok()? };
            *slot = graph.dictionary.intern(value);
        }
        let (effect, rewrites) = self.attempt(at, row.clone())?;
        if effect != Effect::Permit || !rewrites {
            return Some(effect == Effect::Permit);
        }
        // what is rewritten is decided once more
        let key = self.key.clone();
        let again = self.judged(at, row.clone())?;
        let second = explain::rewrite(self.monitor, key.0, &row, &again).ok()?;
        let judged = self.judged(at, second.clone())?;
        let third = explain::rewrite(self.monitor, key.0, &second, &judged).ok()?;
        Some(judged.effect == Effect::Permit && third == second)
    }

    fn next(&self, at: i64, values: Box<[Val]>) -> Row {
        let m = &self.monitor;
        let index = m.count - m.tail.range((at, u32::MAX)..).count() as u64;
        Row { kind: self.key.0, pins: 1, at, index, id: self.key.1.clone(), values }
    }

    /// What is decided about an event, and whether it is rewritten.
    fn attempt(&mut self, at: i64, values: Box<[Val]>) -> Option<(Effect, bool)> {
        let row = self.next(at, values);
        let Monitor { core, plans, .. } = &mut *self.monitor;
        in_run!(core, m => attempt(m, plans, row, |m, plans, _, found| explain::effect(m, plans, found)))
    }

    /// The same, with all that comes of it.
    fn judged(&mut self, at: i64, values: Box<[Val]>) -> Option<explain::Judgement> {
        let row = self.next(at, values);
        let Monitor { core, plans, .. } = &mut *self.monitor;
        in_run!(core, m => attempt(m, plans, row, explain::judgement))
    }

    /// The permitted number that is nearest to the one that there is.
    fn nearest_number(&mut self, s: &Spot, number: &Number) -> Option<Change> {
        let below = self.boundary(s, number, -1);
        let above = self.boundary(s, number, 1);
        let found = match (below, above) {
            (Some(b), Some(a)) => Some(if number.at.abs_diff(b) <= number.at.abs_diff(a) { (b, -1) } else { (a, 1) }),
            (b, a) => b.map(|b| (b, -1)).or(a.map(|a| (a, 1))),
        };
        let (k, side) = found?;
        // a number with a fraction is looked at in hundredths
        let (number, k) = match number.finer() {
            Some(fine) => match self.between(s, &fine, fine.same(number, k), fine.same(number, k - side)) {
                Some(k) => (fine, k),
                None => (number.clone(), k),
            },
            None => (number.clone(), k),
        };
        let value = number.value(k)?;
        let next = number.value(k - side).filter(|v| self.decided(self.at, &[(s, v.clone())]) == Some(false));
        let beyond = number.value(k + side).is_some_and(|v| self.permits(&[(s, v)]));
        let word = match (&next, beyond) {
            (Some(_), true) if side < 0 => " at most",
            (Some(_), true) => " at least",
            _ => " =",
        };
        let shown = self.shown(&value);
        let refused = next.map(|v| self.json(&v));
        let text = format!("{}{word} {shown}", self.name(s));
        Some(Change { text, set: self.set(&[(s, value)]), at: None, refused })
    }

    /// On one side of a number, the permitted one that is nearest, as far as that can be told.
    fn boundary(&mut self, s: &Spot, number: &Number, side: i64) -> Option<i64> {
        let mut probes: Vec<i64> = vec![];
        let mut step: i64 = 1;
        let largest = number.at.unsigned_abs().max(number.largest).saturating_mul(16);
        while step.unsigned_abs() <= largest {
            probes.push(number.at.saturating_add(side * step));
            step = step.saturating_mul(4);
        }
        probes.extend([0, side]);
        probes.extend(number.constants.iter().flat_map(|c| [c - 1, *c, c + 1]));
        probes.retain(|p| (p - number.at).signum() == side && number.fits(*p));
        probes.sort_by_key(|p| p.abs_diff(number.at));
        probes.dedup();
        let mut refused = number.at;
        for p in probes {
            if self.permits(&[(s, number.value(p)?)]) {
                return self.between(s, number, p, refused);
            }
            refused = p;
        }
        None
    }

    /// Between a permitted number and a refused one: the permitted one beside which there is a refused one.
    fn between(&mut self, s: &Spot, number: &Number, mut permitted: i64, mut refused: i64) -> Option<i64> {
        while permitted.abs_diff(refused) > 1 {
            let middle = permitted.midpoint(refused);
            match self.decided(self.at, &[(s, number.value(middle)?)]) {
                Some(true) => permitted = middle,
                Some(false) => refused = middle,
                None if self.tried >= self.most => break,
                None => refused = middle,
            }
        }
        Some(permitted)
    }

    /// When the same event would be permitted, if nothing else happens.
    fn waiting(&mut self, reads: &Reads, counted: &[u32]) -> Option<Change> {
        let mut instants = vec![];
        let live = self.monitor.core.graph().live()?;
        let behind = |t: i64| (t > self.at).then_some(t);
        // of many events, those that were counted
        let all = if live.len() <= LEAVING { live.ordered() } else { counted.to_vec() };
        for n in all.iter().step_by(all.len().div_ceil(LEAVING).max(1)) {
            let Some(then) = live.get(*n).map(|r| r.at) else { continue };
            // a window still has what is as old as it is long
            instants.extend(reads.within.iter().filter_map(|d| behind(then.checked_add(*d)?.checked_add(1)?)));
        }
        for (unit, zone) in &reads.per {
            instants.extend(next_unit(*unit, zone, self.at));
        }
        if reads.at {
            let hour = self.at.div_euclid(HOUR) + 1;
            instants.extend(
                (0..24).chain((1..8).map(|d| d * 24 - hour.rem_euclid(24))).map(|h| (hour + h) * HOUR).filter(|t| *t > self.at),
            );
        }
        instants.sort_unstable();
        instants.dedup();
        instants.retain(|t| crate::scalar::instant::in_range(*t));
        let stride = instants.len().div_ceil(INSTANTS).max(1);
        // the last one of each stride, and then those before it
        let mut from = 0;
        let mut found = None;
        for chunk in instants.chunks(stride) {
            let last = chunk.last()?;
            if self.decided(*last, &[]) == Some(true) {
                found = Some(from);
                break;
            }
            from += chunk.len();
        }
        let from = found?;
        let chunk: Vec<i64> = instants.iter().skip(from).take(stride).copied().collect();
        let (mut low, mut high) = (0, chunk.len().checked_sub(1)?);
        while low < high {
            let middle = low.midpoint(high);
            match self.decided(*chunk.get(middle)?, &[]) {
                Some(true) => high = middle,
                _ => low = middle + 1,
            }
        }
        let exact = *chunk.get(low)?;
        // whole seconds are easier to wait for
        let whole = exact.checked_add(999_999)?.div_euclid(1_000_000) * 1_000_000;
        let at = if whole != exact && self.decided(whole, &[]) == Some(true) { whole } else { exact };
        let wait = format_duration(at.saturating_sub(self.at));
        let text = format!("at = {}, in {wait}", format_time(at));
        Some(Change { text, set: serde_json::Map::new(), at: Some(format_time(at)), refused: None })
    }

    /// Two attributes that are changed together.
    fn pair(&mut self, spots: &[Spot]) -> Option<Change> {
        let values = |search: &Self, s: &Spot| match Number::of(s) {
            Some(number) => {
                let mut all: Vec<i64> = number.constants.iter().flat_map(|c| [*c, c - 1, c + 1]).chain([0, 1]).collect();
                all.retain(|k| *k != number.at && number.fits(*k));
                all.sort_by_key(|k| k.abs_diff(number.at));
                all.dedup();
                all.into_iter().take(PAIRED).filter_map(|k| number.value(k)).collect()
            }
            None => search.values(s).into_iter().take(PAIRED).collect::<Vec<_>>(),
        };
        for (i, a) in spots.iter().enumerate() {
            for b in spots.iter().skip(i + 1) {
                for x in values(self, a) {
                    for y in values(self, b) {
                        let both = [(a, x.clone()), (b, y)];
                        if self.permits(&both) {
                            return Some(self.change(&both));
                        }
                        if self.tried >= self.most {
                            return None;
                        }
                    }
                }
            }
        }
        None
    }

    fn change(&self, changes: &[(&Spot, Value)]) -> Change {
        let each = changes.iter().map(|(s, v)| format!("{} = {}", self.name(s), self.shown(v)));
        let text = each.collect::<Vec<_>>().join(" and ");
        Change { text, set: self.set(changes), at: None, refused: None }
    }
    fn name(&self, s: &Spot) -> String {
        let attr = self.monitor.core.graph().schema.attr(s.attr).map_or("?".into(), |a| a.name.to_string());
        s.path.iter().fold(attr, |name, k| format!("{name}.{k}"))
    }
    fn set(&self, changes: &[(&Spot, Value)]) -> serde_json::Map<String, serde_json::Value> {
        changes.iter().map(|(s, v)| (self.name(s), self.json(v))).collect()
    }
    fn json(&self, v: &Value) -> serde_json::Value {
        let graph = self.monitor.core.graph();
        crate::scalar::json::to_json(v, &|e| graph.show(e))
    }
    fn shown(&self, v: &Value) -> String {
        let graph = self.monitor.core.graph();
        crate::scalar::display::quoted(v, &|e| graph.show(e))
    }
}

/// A number as a whole number of its smallest steps.
#[derive(Clone)]
struct Number {
    at: i64,
    /// So many steps are one.
    scale: i64,
    form: Form,
    bounds: Option<(i64, i64)>,
    constants: Vec<i64>,
    largest: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Int,
    Float,
    Duration,
}

impl Number {
    fn of(s: &Spot) -> Option<Number> {
        let form = match (&s.now, s.ty.present()) {
            (Value::Int(_), Type::Int(_) | Type::Json) => Form::Int,
            (Value::Float(_), Type::Float(_) | Type::Json) => Form::Float,
            (Value::Duration(_), Type::Duration) => Form::Duration,
            _ => return None,
        };
        let mut scale = 1;
        let number = s.now.as_number().unwrap_or(0.0);
        while form == Form::Float && scale < 1_000_000 && (number * scale as f64).fract() != 0.0 {
            scale *= 10;
        }
        let steps = |v: &Value| match v {
            Value::Int(i) if form != Form::Duration => i.checked_mul(scale),
            Value::Duration(d) if form == Form::Duration => Some(*d),
            Value::Float(x) if form != Form::Duration => {
                let x = (x.get() * scale as f64).round();
                (x.abs() < 9e15).then_some(x as i64)
            }
            _ => None,
        };
        let at = steps(&s.now).filter(|k| k.abs() < 1 << 60)?;
        let bounds = match s.ty.present() {
            Type::Int(b) => *b,
            _ => None,
        };
        let constants: Vec<i64> = s.constants.iter().filter_map(steps).filter(|k| k.abs() < 1 << 60).collect();
        let largest = constants.iter().map(|c| c.unsigned_abs()).max().unwrap_or(0);
        Some(Number { at, scale, form, bounds, constants, largest })
    }
    fn fits(&self, k: i64) -> bool {
        self.bounds.is_none_or(|(a, b)| a <= k && k <= b)
    }
    fn value(&self, k: i64) -> Option<Value> {
        match self.form {
            _ if !self.fits(k) => None,
            Form::Int => Some(Value::Int(k)),
            Form::Duration => Some(Value::Duration(k)),
            Form::Float => Value::float(k as f64 / self.scale as f64),
        }
    }
    /// The same in hundredths, if it is coarser.
    fn finer(&self) -> Option<Number> {
        let scale = 100;
        (self.form == Form::Float && self.scale < scale).then(|| Number {
            scale,
            at: self.at * scale / self.scale,
            ..self.clone()
        })
    }
    /// A number of another scale in this one.
    fn same(&self, of: &Number, k: i64) -> i64 {
        k.saturating_mul(self.scale / of.scale)
    }
}

/// Where the next unit of a calendar begins.
fn next_unit(unit: Calendar, zone: &str, at: i64) -> Option<i64> {
    let this = unit.start(at, zone)?;
    let (mut low, mut high) = (at, at.checked_add(unit.longest())?);
    if unit.start(high, zone)? == this {
        return None;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if unit.start(middle, zone)? == this { low = middle } else { high = middle }
    }
    Some(high)
}

/// An event comes, is looked at, and is gone again. None if that cannot be told in this run.
fn attempt<A: Annotation, T>(
    m: &mut Machine<A>,
    plans: &mut Plans,
    row: Row,
    look: impl FnOnce(&mut Machine<A>, &Plans, u32, &[crate::demand::policy::At<A>]) -> T,
) -> Option<T> {
    let faults = m.faults.len();
    let Row { kind, id, at, index, values, .. } = row;
    let Ok(n) = m.admit(kind, id, at, index, values) else {
        m.quiet(faults);
        return None;
    };
    let found = plans.tried(m, n);
    let told = if m.halted() { None } else { Some(look(m, plans, n, &found)) };
    let told = told.filter(|_| !m.halted());
    m.end_try(n);
    m.quiet(faults);
    told
}
