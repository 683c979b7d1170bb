//! Events one at a time: each comes into the indexes and cells that plans read, and leaves them when nothing needs it any more. Driven by
//! session's monitor, and by a trace that is read as it comes.
use super::annotation::{Annotation, Kleene, Present};
use super::cell::{Cell, Order, Running, Settled, State, Window};
use super::machine::Machine;
use super::past::key_of;
use crate::plan::{Aggregate, AggregateSpec, Block, CellForm, CellInfo, CellUse, Formula, HistoryInfo, Need, RelId};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Fault, KindId, Type, Val, Value};
use crate::structure::event::Row;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;

/// What is kept of events that come one at a time.
#[derive(Debug, Default)]
pub struct Live {
    on: bool,
    pub(super) cells: Vec<Cell>,
    /// By kind: the indexes and cells in which its events may be.
    by_kind: Vec<(Vec<u32>, Vec<u32>)>,
    /// Of each index, how long its events are kept.
    keeps: Vec<Keep>,
    /// Of each index, when its lists are to be looked at again.
    pub(super) due: Vec<VecDeque<(i64, u32)>>,
    /// Up to here nothing will come any more.
    pub(super) settled: i64,
    /// Events that may still be taken back.
    pub(super) open: FxHashSet<u32>,
    /// Whether events are only tried.
    pub(super) trying: bool,
    /// Cells and what an event is worth there; reused.
    worth: Vec<(u32, Vec<Val>)>,
}

/// Where it is to be said what missed a window, events are kept as long again as it is, and no longer than this, in microseconds.
const LONGER: i64 = 3_600_000_000;

/// How long the events of an index are kept.
#[derive(Clone, Copy, Debug, Default)]
struct Keep {
    none: bool,
    all: bool,
    latest: bool,
    within: Option<i64>,
}

impl Keep {
    fn of(needs: &[Need], lateness: i64, longer: bool) -> Keep {
        let mut keep = Keep { none: needs.is_empty(), ..Keep::default() };
        for n in needs {
            match n {
                Need::All => keep.all = true,
                Need::Latest => keep.latest = true,
                Need::Within(d) => {
                    let more = if longer { (*d).clamp(0, LONGER) } else { 0 };
                    keep.within = keep.within.max(Some(d.saturating_add(lateness).saturating_add(more)));
                }
            }
        }
        keep
    }
}

impl Machine<Present> {
    /// The same run, where faults can be told.
    pub fn lifted(self) -> Machine<Kleene> {
        let mut m = Machine::new(self.graph, Kleene::True, self.budget);
        m.walks = self.walks.is_some().then(Default::default);
        m.relations = self.relations.into_iter().map(super::relation::Relation::lifted).collect();
        let pieces = |p: Vec<(Val, Present)>| p.into_iter().map(|p| (p.0, Kleene::True)).collect();
        let of = |values: FxHashMap<Val, Vec<(Val, Present)>>| values.into_iter().map(|(e, p)| (e, pieces(p))).collect();
        m.mechanisms = self.mechanisms.into_iter().map(|(a, values)| (a, of(values))).collect();
        (m.faults, m.histories, m.live, m.reached) = (self.faults, self.histories, self.live, self.reached);
        m
    }
}

impl<A: Annotation> Machine<A> {
    /// From now on events come one at a time, up to `lateness` microseconds late. `findable`: they are looked up by id; `keeps`: those that
    /// count in a cell, and those that just miss a window, are to be named.
    pub fn go_live(&mut self, (infos, cells): (&[HistoryInfo], &[CellInfo]), findable: bool, lateness: i64, keeps: bool) {
        self.index_events(infos);
        for (h, info) in self.histories.iter_mut().zip(infos) {
            h.info.needs.clone_from(&info.needs);
        }
        self.graph.go_live(findable);
        let kinds = self.graph.schema.kinds.len();
        let mut live = Live { on: true, settled: i64::MIN, by_kind: vec![(vec![], vec![]); kinds], ..Live::default() };
        for (n, h) in self.histories.iter().enumerate() {
            let keep = Keep::of(&h.info.needs, lateness, keeps);
            live.keeps.push(keep);
            live.due.push(VecDeque::new());
            let fits = h.fits.iter().zip(&mut live.by_kind).filter(|(f, _)| **f && !keep.none);
            fits.for_each(|(_, k)| k.0.push(n as u32));
        }
        for (n, info) in cells.iter().enumerate() {
            let fits = self.kinds_of(&info.keyed.ty);
            fits.iter().zip(&mut live.by_kind).filter(|(f, _)| **f).for_each(|(_, k)| k.1.push(n as u32));
            let (states, due) = (Default::default(), VecDeque::new());
            let keeps = keeps && matches!(info.form, CellForm::Fold(_));
            live.cells.push(Cell { info: info.clone(), states, seen: false, keeps, gone: vec![], due, saved: None });
        }
        self.live = live;
    }

    /// An event comes: from now on it belongs to the history, and is pinned once, for whoever called. It is given back if it needs what this
    /// run cannot represent (a fault), or a limit was reached; then nothing changed. It may be taken back until `set_open` says otherwise.
    pub fn admit(&mut self, kind: KindId, id: Arc<str>, at: i64, index: u64, values: Box<[Val]>) -> Result<u32, Option<Row>> {
        let Some(live) = self.graph.live_mut() else { return Err(None) };
        let n = live.add(kind, id, at, index, values);
        let e = (at, n);
        // while it is judged it takes nobody's place
        self.live.open.insert(n);
        let mut worth = std::mem::take(&mut self.live.worth);
        worth.clear();
        self.worth(kind, n, &mut worth);
        if self.halted() {
            self.live.worth = worth;
            self.live.open.remove(&n);
            return Err(self.graph.live_mut().and_then(|l| l.drop(n)));
        }
        self.index(kind, e);
        let Machine { graph, live, .. } = self;
        let settled = live.settled;
        let is_open = |n: u32| live.open.contains(&n);
        let settled = Settled { upto: settled, open: &is_open };
        let read = |v: Val| graph.dictionary.value(v);
        for (c, w) in &worth {
            let Some(cell) = live.cells.get_mut(*c as usize) else { continue };
            let (mut short, mut long) = ([Val::NONE; 4], vec![]);
            let key = key_of(&cell.info.keyed.attrs, &mut short, &mut long, |a| graph.attr(Val::event(n), a));
            cell.add(key, e, w, &settled, &read);
        }
        for (c, w) in &worth {
            let Some(cell) = live.cells.get_mut(*c as usize) else { continue };
            if cell.keeps
                && let Some(live) = graph.live_mut()
            {
                w.iter().for_each(|_| live.pin(n));
            }
            release(cell, graph);
        }
        self.live.worth = worth;
        Ok(n)
    }

    /// Puts an event into the indexes.
    pub(super) fn index(&mut self, kind: KindId, e: Order) {
        let n = e.1;
        let Machine { graph, live, histories, .. } = self;
        let settled = live.settled;
        let is_open = |n: u32| live.open.contains(&n);
        let settled = Settled { upto: settled, open: &is_open };
        if let Some((indexes, _)) = live.by_kind.get(kind.0 as usize) {
            for i in indexes {
                let (Some(h), Some(keep)) = (histories.get_mut(*i as usize), live.keeps.get(*i as usize)) else { continue };
                let Some(list) = h.add(graph, n) else { continue };
                if let Some(live) = graph.live_mut() {
                    live.pin(n);
                }
                if let (false, Some(d), Some(due)) = (keep.all, keep.within, live.due.get_mut(*i as usize)) {
                    due.push_back((e.0.saturating_add(d), list));
                } else if keep.latest && !keep.all && !live.trying {
                    trim(h, list, *keep, &settled, graph);
                }
            }
        }
    }

    /// What an event is worth in the cells where it counts.
    fn worth(&mut self, kind: KindId, n: u32, out: &mut Vec<(u32, Vec<Val>)>) {
        let v = Val::event(n);
        let Some(count) = self.live.by_kind.get(kind.0 as usize).map(|k| k.1.len()) else { return };
        for i in 0..count {
            let Some(c) = self.live.by_kind.get(kind.0 as usize).and_then(|k| k.1.get(i)).copied() else { continue };
            let Some(cell) = self.live.cells.get_mut(c as usize) else { continue };
            if cell.info.keyed.consts.iter().any(|(a, wanted)| self.graph.attr(v, *a) != *wanted) {
                continue;
            }
            // taken out for a while: what it runs needs the machine
            let own = std::mem::take(&mut cell.info.own);
            let value = cell.info.value.take();
            let form = std::mem::replace(&mut cell.info.form, CellForm::Fold(Aggregate::Count));
            let (slots, event) = (cell.info.slots, cell.info.event);
            self.frame(slots);
            self.set(event, v);
            let mut worth = vec![];
            let universe = self.universe.clone();
            self.run(&own, universe, &mut |m, a| {
                if let Some((_, f)) = a.faulty() {
                    worth.push(Val::fault(f));
                    return m.halted();
                }
                let w = match (&form, &value) {
                    (CellForm::Run(f), _) => m.three_valued(f),
                    (_, None) => Val::TRUE,
                    (_, Some(c)) => m.of(&c.block, |m| m.scalar(&c.result)),
                };
                worth.push(w);
                m.halted()
            });
            if let Some(cell) = self.live.cells.get_mut(c as usize) {
                (cell.info.own, cell.info.value, cell.info.form) = (own, value, form);
            }
            if self.halted() {
                return;
            }
            if !worth.is_empty() {
                out.push((c, worth));
            }
        }
    }

    /// A value behind steps that bind without choosing.
    fn of(&mut self, block: &Block, then: impl Fn(&mut Self) -> Val) -> Val {
        if block.steps.is_empty() {
            return then(self);
        }
        let mut found = Val::NONE;
        let universe = self.universe.clone();
        self.run(block, universe, &mut |m, a| {
            found = a.faulty().map_or_else(|| then(m), |f| Val::fault(f.1));
            m.halted()
        });
        found
    }

    /// A formula as a value.
    fn three_valued(&mut self, f: &Formula) -> Val {
        let universe = self.universe.clone();
        match self.truth(f, &universe) {
            None => Val::FALSE,
            Some(t) => t.faulty().map_or(Val::TRUE, |f| Val::fault(f.1)),
        }
    }

    /// An event leaves: it does not belong to the history any more.
    pub fn depart(&mut self, n: u32) {
        let v = Val::event(n);
        let (Some(e), Some(kind)) = (self.graph.order(n), self.graph.kind_of(v)) else { return };
        let Machine { graph, live, histories, .. } = self;
        live.open.remove(&n);
        let Some((indexes, cells)) = live.by_kind.get(kind.0 as usize) else { return };
        for i in indexes {
            let Some(h) = histories.get_mut(*i as usize) else { continue };
            let (mut short, mut long) = ([Val::NONE; 4], vec![]);
            let key = key_of(&h.info.keyed.attrs, &mut short, &mut long, |a| graph.attr(v, a));
            let Some(list) = h.lists.find(key) else { continue };
            let Some(l) = h.lists.get_mut(list) else { continue };
            if let Ok(at) = l.binary_search(&e) {
                l.remove(at);
                let empty = l.is_empty();
                if let Some(live) = graph.live_mut() {
                    live.unpin(n);
                }
                if empty {
                    h.lists.remove(list);
                }
            }
        }
        let read = |v: Val| graph.dictionary.value(v);
        for c in cells {
            let Some(cell) = live.cells.get_mut(*c as usize) else { continue };
            let (mut short, mut long) = ([Val::NONE; 4], vec![]);
            let key = key_of(&cell.info.keyed.attrs, &mut short, &mut long, |a| graph.attr(v, a));
            cell.remove(key, e, &read);
        }
        live.cells.iter_mut().for_each(|c| release(c, graph));
    }

    /// Whether events come one at a time.
    pub fn is_live(&self) -> bool {
        self.live.on
    }

    /// An event may still be taken back, or not any more.
    pub fn set_open(&mut self, n: u32, open: bool) {
        match open {
            true => self.live.open.insert(n),
            false => self.live.open.remove(&n),
        };
    }

    /// Up to an instant nothing will come any more: what no window needs goes.
    pub fn watermark(&mut self, upto: i64) {
        let Machine { graph, live, histories, .. } = self;
        if upto <= live.settled {
            return;
        }
        live.settled = upto;
        let Live { due, keeps, cells, open, .. } = live;
        let is_open = |n: u32| open.contains(&n);
        let settled = Settled { upto, open: &is_open };
        for ((h, due), keep) in histories.iter_mut().zip(due).zip(keeps) {
            while let Some((at, list)) = due.front().copied()
                && at < upto
            {
                due.pop_front();
                trim(h, list, *keep, &settled, graph);
            }
        }
        let read = |v: Val| graph.dictionary.value(v);
        cells.iter_mut().for_each(|c| c.expire(&settled, &read));
        cells.iter_mut().for_each(|c| release(c, graph));
    }

    /// Keeps the events that facts of a relation name, from a row on: they are looked for there.
    pub fn pin_named(&mut self, relation: RelId, from: u32) {
        let Some(r) = self.relations.get(relation.0 as usize) else { return };
        let named = (from..r.len()).flat_map(|n| r.row(n)).filter_map(|v| v.as_event());
        if let Some(live) = self.graph.live_mut() {
            named.for_each(|e| live.pin(e));
        }
    }

    /// The events that an aggregate counts, seen from the present frame.
    pub fn counted_events(&mut self, used: &CellUse) -> Vec<u32> {
        let mut found = vec![];
        let universe = self.universe.clone();
        self.run(&used.before, universe, &mut |m, _| {
            let key: Vec<Val> = used.key.iter().map(|s| m.get(*s)).collect();
            let now = m.get(used.now).as_event().and_then(|n| m.graph.order(n));
            let cell = m.live.cells.get(used.cell as usize);
            found = now.and_then(|now| Some(cell?.counted(&key, now))).unwrap_or_default();
            true
        });
        found
    }

    /// What a cell says now, if events come one at a time.
    pub(super) fn cell_value(&mut self, cell: Option<&CellUse>, spec: Option<&AggregateSpec>, worlds: &A) -> Option<Val> {
        let used = cell.filter(|_| self.live.on)?;
        let mut key: Vec<Val> = Vec::with_capacity(used.key.len());
        let (mut now, mut found, mut doubt) = (None, false, None);
        let mut look = |m: &mut Self, a: &A| {
            found = true;
            doubt = a.faulty().map(|f| f.1);
            key.extend(used.key.iter().map(|s| m.get(*s)));
            now = m.get(used.now).as_event().and_then(|n| m.graph.order(n));
        };
        match used.before.steps.is_empty() {
            true => look(self, worlds),
            false => {
                self.run(&used.before, worlds.clone(), &mut |m, a| {
                    look(m, &a);
                    true
                });
            }
        }
        if self.halted() {
            return Some(Val::NONE);
        }
        let unclear = key.iter().find_map(|v| v.as_fault());
        let (Some(now), true) = (now, found) else { return Some(self.nothing(spec)) };
        let c = used.cell as usize;
        if let Some(f) = doubt.or(unclear) {
            // without a key, any event may be meant
            let key = unclear.is_none().then_some(&key[..]);
            let any = self.live.cells.get(c).is_some_and(|c| c.any(key, now));
            return Some(if any { Val::fault(f) } else { self.nothing(spec) });
        }
        let Some(n) = self.live.cells.get(c).and_then(|c| c.states.find(&key)) else { return Some(self.nothing(spec)) };
        let Machine { graph, live, .. } = self;
        let cell = live.cells.get_mut(c)?;
        let Some(spec) = spec else {
            let Some(State::Run(r)) = cell.states.get(n) else { return Some(Val::NONE) };
            return Some(match r.count(now) {
                Ok(n) => graph.dictionary.intern(Value::Int(n as i64)),
                Err(f) => Val::fault(f),
            });
        };
        let read = |v: Val| graph.dictionary.value(v);
        let result = match cell.window(&key, n, now, &read)? {
            Window::Sum(sum) => settled_value(sum, spec),
            Window::Own(sum) => settled_value(&sum, spec),
            Window::Values(list) => return Some(self.fold(spec, list)),
        };
        Some(match result {
            Ok(Worth::Zero) => spec.zero,
            Ok(Worth::Fault(f)) => Val::fault(f),
            Ok(Worth::Value(v)) => self.graph.dictionary.intern(v),
            Err(f) => self.fault(f, spec.place),
        })
    }

    /// An aggregate over nothing.
    fn nothing(&mut self, spec: Option<&AggregateSpec>) -> Val {
        match spec {
            Some(spec) => self.fold(spec, vec![]),
            None => self.graph.dictionary.intern(Value::Int(0)),
        }
    }

    /// Forgets the values behind the first `base` of the dictionary that nothing has any more, and the facts about events that are not kept.
    /// `held`: values that the host has, which get their new names.
    pub fn compact(&mut self, base: usize, held: &mut [&mut Box<[Val]>]) {
        let Machine { graph, live, histories, relations, mechanisms, .. } = self;
        let old = graph.dictionary.cut(base);
        let mut names: Vec<Option<Val>> = vec![None; old.len()];
        let dictionary = &mut graph.dictionary;
        let mut name = |v: Val| match v.position().and_then(|p| p.checked_sub(base)) {
            None => v,
            Some(p) => match names.get(p).copied().flatten() {
                Some(new) => new,
                None => {
                    let new = old.get(p).map_or(Val::NONE, |value| dictionary.intern(value.clone()));
                    names.get_mut(p).into_iter().for_each(|n| *n = Some(new));
                    new
                }
            },
        };
        held.iter_mut().flat_map(|h| h.iter_mut()).for_each(|v| *v = name(*v));
        histories.iter_mut().for_each(|h| h.lists.rename(&mut name));
        for c in &mut live.cells {
            c.states.rename(&mut name);
            for s in c.states.states_mut() {
                let events = match s {
                    State::Fold(f) => &mut f.events,
                    State::Run(r) => &mut r.events,
                };
                events.iter_mut().for_each(|e| e.1 = name(e.1));
            }
        }
        for values in mechanisms.values_mut().flat_map(|m| m.values_mut()) {
            values.iter_mut().for_each(|v| v.0 = name(v.0));
        }
        // the rows last: what a relation says of an event that is gone goes too
        let mut kept: FxHashSet<u32> = FxHashSet::default();
        if let Some(events) = &graph.live {
            kept.extend(events.ordered());
        }
        let of_events = |r: &&mut super::relation::Relation<A>| r.info.types.iter().any(|t| matches!(t, Type::Event(_)));
        for r in relations.iter_mut().filter(of_events) {
            r.retain(|row| row.iter().all(|v| v.as_event().is_none_or(|e| kept.contains(&e))), &mut name);
        }
        if let Some(events) = &mut graph.live {
            events.values_mut().for_each(|v| *v = name(*v));
        }
    }

    /// How many keys and events are kept: of each index, then of each cell.
    pub fn kept(&self) -> (Vec<(usize, usize)>, Vec<(usize, usize)>) {
        let lists = self.histories.iter().map(|h| (h.lists.len(), h.lists.iter().map(|l| l.1.len()).sum()));
        let events = |s: &State| match s {
            State::Fold(f) => f.events.len(),
            State::Run(r) => r.events.len(),
        };
        let cells = self.live.cells.iter().map(|c| (c.states.len(), c.states.iter().map(|s| events(s.1)).sum()));
        (lists.collect(), cells.collect())
    }
}

/// Lets go of the events at the front of a list that nothing needs.
fn trim(h: &mut super::past::History, list: u32, keep: Keep, settled: &Settled<'_>, graph: &mut crate::structure::Graph) {
    let Some(l) = h.lists.get_mut(list) else { return };
    let mut gone = 0;
    while let Some(e) = l.get(gone).copied() {
        let old = keep.within.is_none_or(|d| e.0.saturating_add(d) < settled.upto);
        let replaced = !keep.latest || l.get(gone + 1).is_some_and(|next| settled.is(*next));
        if keep.all || !old || !replaced {
            break;
        }
        gone += 1;
        if let Some(live) = graph.live_mut() {
            live.unpin(e.1);
        }
    }
    l.drain(..gone);
    if l.is_empty() {
        h.lists.remove(list);
    }
}

/// Lets go of the events that do not count in a cell any more.
fn release(cell: &mut Cell, graph: &mut crate::structure::Graph) {
    if let Some(live) = graph.live_mut().filter(|_| cell.keeps) {
        cell.gone.iter().for_each(|n| live.unpin(*n));
    }
    cell.gone.clear();
}

enum Worth {
    Zero,
    Fault(u32),
    Value(Value),
}

/// What a running aggregate comes to.
fn settled_value(sum: &Running, spec: &AggregateSpec) -> Result<Worth, Fault> {
    let known = |b: bool| sum.each.contains_key(&Value::Bool(b));
    let overflow = || Fault::new(FaultKind::Overflow, "the sum does not fit");
    match spec.aggregate {
        Aggregate::Any if known(true) => return Ok(Worth::Value(Value::Bool(true))),
        Aggregate::All if known(false) => return Ok(Worth::Value(Value::Bool(false))),
        _ => {}
    }
    if sum.faults > 0 {
        return Ok(Worth::Fault(sum.fault.unwrap_or(0)));
    }
    Ok(Worth::Value(match spec.aggregate {
        Aggregate::Count => Value::Int(sum.count as i64),
        Aggregate::Any => Value::Bool(false),
        Aggregate::All => Value::Bool(true),
        Aggregate::Min => sum.each.keys().next().cloned().unwrap_or(Value::None),
        Aggregate::Max => sum.each.keys().next_back().cloned().unwrap_or(Value::None),
        Aggregate::Distinct => Value::list(sum.each.keys().cloned().collect()),
        Aggregate::Sum if sum.count == 0 => return Ok(Worth::Zero),
        Aggregate::Avg if sum.count == 0 => Value::None,
        Aggregate::Sum => match &sum.exact {
            Some(exact) => Value::float(exact.result()?).ok_or_else(overflow)?,
            None => {
                let whole = i64::try_from(sum.whole).map_err(|_| overflow())?;
                if sum.duration { Value::Duration(whole) } else { Value::Int(whole) }
            }
        },
        Aggregate::Avg => match &sum.exact {
            Some(exact) => {
                let mean = exact.mean(sum.count as u32)?;
                Value::float(mean).ok_or_else(|| Fault::new(FaultKind::NotANumber, "the result is not a number"))?
            }
            None => Value::None,
        },
        Aggregate::Median | Aggregate::Percentile(_) => Value::None,
    }))
}
