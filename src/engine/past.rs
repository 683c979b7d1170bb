//! The words of time: events of a part of the history, the latest of them, the last so many, how many in a row. Each is a step that
//! looks at events in order, by an index of their attributes. Run by step.
use super::annotation::Annotation;
use super::formula::join;
use super::keyed::ByKey;
use super::machine::{Machine, Sink};
use crate::plan::{Arg, Block, Formula, HistoryInfo, PastSpec, Slot, Step};
use crate::scalar::{Calendar, Val, Value};
use crate::structure::Graph;
use crate::structure::schema::AttrId;
use std::sync::Arc;

/// An index of events: where those of some kinds stand in the order of the trace, ascending, by the values of some attributes.
#[derive(Debug)]
pub struct History {
    /// What it is, and for whom.
    pub info: HistoryInfo,
    /// By key.
    pub lists: ByKey<Vec<(i64, u32)>>,
    /// The events below this number are in it.
    upto: u32,
    /// Whether events of a kind may be in it.
    pub fits: Vec<bool>,
}

impl History {
    fn put(&mut self, key: &[Val], event: (i64, u32)) -> u32 {
        let n = self.lists.number(key, Vec::new);
        if let Some(l) = self.lists.get_mut(n) {
            match l.last() {
                Some(last) if *last >= event => {
                    if let Err(at) = l.binary_search(&event) {
                        l.insert(at, event);
                    }
                }
                _ => l.push(event),
            }
        }
        n
    }
    /// Adds an event, unless it does not fit. Gives its list.
    pub fn add(&mut self, graph: &Graph, event: u32) -> Option<u32> {
        let order = graph.order(event)?;
        let v = Val::event(event);
        let keyed = &self.info.keyed;
        if keyed.consts.iter().any(|(a, wanted)| graph.attr(v, *a) != *wanted) {
            return None;
        }
        let mut short = [Val::NONE; 4];
        let mut long = vec![];
        let key = key_of(&keyed.attrs, &mut short, &mut long, |a| graph.attr(v, a));
        // the borrow of the key ends with this copy
        let key: Key = key.into();
        Some(self.put(&key, order))
    }
}

type Key = Box<[Val]>;

/// The values of some attributes, on the stack if there is room.
pub fn key_of<'a>(attrs: &[AttrId], short: &'a mut [Val; 4], long: &'a mut Vec<Val>, read: impl Fn(AttrId) -> Val) -> &'a [Val] {
    match short.get_mut(..attrs.len()) {
        Some(k) => {
            k.iter_mut().zip(attrs).for_each(|(k, a)| *k = read(*a));
            k
        }
        None => {
            long.extend(attrs.iter().map(|a| read(*a)));
            long
        }
    }
}

/// Where a window that ends now begins.
pub fn window_start(now: i64, within: Option<i64>, per: &Option<(Calendar, Arc<str>)>) -> i64 {
    let within = within.map_or(i64::MIN, |d| now.saturating_sub(d));
    within.max(per.as_ref().and_then(|(unit, zone)| unit.start(now, zone)).unwrap_or(i64::MIN))
}

/// A run of events in an index.
#[derive(Clone, Copy)]
struct Run {
    list: u32,
    from: usize,
    to: usize,
}

/// One more in some worlds, in a list of the worlds that have at least one, two, …, so many.
fn raise<A: Annotation>(levels: &mut Vec<A>, mut more: A, most: u64) {
    for l in levels.iter_mut() {
        let both = l.and(&more);
        l.or(&more);
        match both {
            Some(x) => more = x,
            None => return,
        }
    }
    if (levels.len() as u64) < most {
        levels.push(more);
    }
}

impl<A: Annotation> Machine<A> {
    /// Makes the indexes that plans know by now.
    pub fn index_events(&mut self, infos: &[HistoryInfo]) {
        for info in infos.iter().skip(self.histories.len()) {
            let fits = self.kinds_of(&info.keyed.ty);
            self.histories.push(History { info: info.clone(), lists: ByKey::default(), upto: 0, fits });
        }
    }

    /// Which kinds belong to a type, by number.
    pub(super) fn kinds_of(&self, ty: &crate::scalar::Type) -> Vec<bool> {
        let mut fits = vec![false; self.graph.schema.kinds.len()];
        if let Some((sort, kinds)) = super::machine::sort_of(ty) {
            for k in self.graph.schema.below(sort, kinds) {
                fits.get_mut(k.0 as usize).into_iter().for_each(|f| *f = true);
            }
        }
        fits
    }

    /// Takes new events into an index. Those that come one at a time are put there as they come.
    fn catch_up(&mut self, n: usize) {
        let Some(h) = self.histories.get_mut(n).filter(|h| h.upto < self.graph.events()) else { return };
        if self.graph.live().is_some() {
            return;
        }
        for e in h.upto..self.graph.events() {
            let v = Val::event(e);
            if !self.graph.kind_of(v).and_then(|k| h.fits.get(k.0 as usize)).copied().unwrap_or(false) {
                continue;
            }
            h.add(&self.graph, e);
            if !self.overrides.is_empty() {
                // it may have other values in other worlds; `is_so` looks closer
                let Some(order) = self.graph.order(e) else { continue };
                let all = |a: &AttrId| {
                    let mut values = vec![self.graph.attr(v, *a)];
                    values.extend(self.overrides.get(&(v, *a)).into_iter().flatten().map(|p| p.0));
                    values.sort();
                    values.dedup();
                    values
                };
                if h.info.keyed.consts.iter().any(|(a, wanted)| !all(a).contains(wanted)) {
                    continue;
                }
                let mut keys: Vec<Vec<Val>> = vec![vec![]];
                for a in &h.info.keyed.attrs {
                    let values = all(a);
                    let with = |k: &Vec<Val>| values.iter().map(|x| k.iter().copied().chain([*x]).collect()).collect::<Vec<_>>();
                    keys = keys.iter().flat_map(with).collect();
                }
                keys.iter().for_each(|k| {
                    h.put(k, order);
                });
            }
        }
        h.upto = self.graph.events();
    }

    /// The worlds of a set in which a stored attribute has a value.
    fn is_so(&self, a: A, element: Val, attr: AttrId, value: Val) -> Option<A> {
        let Some(pieces) = self.overrides.get(&(element, attr)) else {
            return (self.graph.attr(element, attr) == value).then_some(a);
        };
        let mut left = Some(a);
        let mut so: Option<A> = None;
        for (v, w) in pieces {
            let Some(l) = &left else { break };
            if let Some(both) = l.and(w).filter(|_| *v == value) {
                so = Some(join(so, &both));
            }
            left = self.universe.except_certain(Some(w)).and_then(|u| l.and(&u));
        }
        match left.filter(|_| self.graph.attr(element, attr) == value) {
            Some(l) => Some(join(so, &l)),
            None => so,
        }
    }

    /// Whether an event is in the part of the history, kinds and keys apart.
    fn in_part(&self, spec: &PastSpec, now: (i64, u32), start: i64, e: u32) -> bool {
        let Some(order) = self.graph.order(e) else { return false };
        if spec.ahead {
            return order > now && order.0 <= spec.within.map_or(i64::MAX, |d| now.0.saturating_add(d));
        }
        let behind = spec.behind.and_then(|s| self.get(s).as_event()).and_then(|b| self.graph.order(b));
        (order < now || spec.present && order == now) && order.0 >= start && behind.is_none_or(|b| order > b)
    }

    /// Where the part of the history begins.
    fn start(&self, spec: &PastSpec, now: i64) -> i64 {
        window_start(now, spec.within.filter(|_| !spec.ahead), &spec.per)
    }

    /// The part's events in the index.
    fn run_of(&mut self, spec: &PastSpec, now: (i64, u32)) -> Option<Run> {
        let n = spec.history as usize;
        self.catch_up(n);
        let mut key = [Val::NONE; 8];
        let mut long: Vec<Val> = vec![];
        let key: &[Val] = match key.get_mut(..spec.key.len()) {
            Some(k) => {
                k.iter_mut().zip(&spec.key).for_each(|(k, s)| *k = self.get(*s));
                k
            }
            None => {
                long.extend(spec.key.iter().map(|s| self.get(*s)));
                &long
            }
        };
        let h = self.histories.get(n)?;
        let list = h.lists.find(key)?;
        let events = h.lists.get(list)?;
        let first = |wanted: &dyn Fn(&(i64, u32)) -> bool| events.partition_point(|e| wanted(e));
        if spec.ahead {
            let due = spec.within.map_or(i64::MAX, |d| now.0.saturating_add(d));
            return Some(Run { list, from: first(&|e| *e <= now), to: first(&|e| *e <= now || e.0 <= due) });
        }
        let seen = |e: &(i64, u32)| *e < now || spec.present && *e == now;
        let to = match events.last() {
            Some(e) if seen(e) => events.len(),
            _ => first(&seen),
        };
        let start = self.start(spec, now.0);
        let mut from = if start == i64::MIN { 0 } else { first(&|e| e.0 < start) };
        if let Some(b) = spec.behind.and_then(|s| self.get(s).as_event()).and_then(|b| self.graph.order(b)) {
            from = from.max(first(&|e| *e <= b));
        }
        Some(Run { list, from: from.min(to), to })
    }

    /// Continues with each event of a part of the history.
    pub(super) fn past(&mut self, spec: &PastSpec, event: Arg, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        let now = self.get(spec.now);
        let unclear = [spec.now].iter().chain(&spec.behind).chain(&spec.key).find_map(|s| self.get(*s).as_fault());
        if let Some(f) = unclear {
            // any event may be meant
            let a = self.blamed(&a, f);
            let now = now.as_event().and_then(|n| self.graph.order(n));
            return self.faulted || self.every_event(spec, now, event, rest, a, sink);
        }
        let Some(now) = now.as_event().and_then(|n| self.graph.order(n)) else { return false };
        if let Arg::Key(s) = event {
            let v = self.get(s);
            if let Some(f) = v.as_fault() {
                let a = self.blamed(&a, f);
                return self.faulted || self.steps(rest, a, sink);
            }
            let start = self.start(spec, now.0);
            if !v.as_event().is_some_and(|e| self.in_part(spec, now, start, e)) || !self.is_kind(v, &spec.ty) {
                return false;
            }
            let Some(a) = self.existing(a, v) else { return false };
            let Some(a) = self.keyed(spec, v, a) else { return false };
            return self.steps(rest, a, sink);
        }
        let Some(Run { list, from, to }) = self.run_of(spec, now) else { return false };
        for i in from..to {
            if self.tick() {
                return true;
            }
            let at = if spec.latest { to - 1 - (i - from) } else { i };
            let found = self.histories.get(spec.history as usize).and_then(|h| h.lists.get(list)?.get(at).copied());
            let Some(e) = found.map(|e| Val::event(e.1)) else { break };
            let Some(a) = self.existing(a.clone(), e) else { continue };
            let a = if A::PLAIN || self.overrides.is_empty() { Some(a) } else { self.keyed(spec, e, a) };
            if let Some(a) = a
                && self.fit(event, e)
                && self.steps(rest, a, sink)
            {
                return true;
            }
        }
        false
    }

    /// Where the attributes of an event are those that the index was asked for.
    fn keyed(&self, spec: &PastSpec, e: Val, a: A) -> Option<A> {
        let keyed = &self.histories.get(spec.history as usize)?.info.keyed;
        let a = keyed.consts.iter().try_fold(a, |a, (attr, v)| self.is_so(a, e, *attr, *v))?;
        keyed.attrs.iter().zip(&spec.key).try_fold(a, |a, (attr, s)| self.is_so(a, e, *attr, self.get(*s)))
    }

    fn every_event(
        &mut self,
        spec: &PastSpec,
        now: Option<(i64, u32)>,
        event: Arg,
        rest: &[Step],
        a: A,
        sink: Sink<'_, A>,
    ) -> bool {
        let all = self.kind_set(&spec.ty);
        for v in &all.elements {
            let Some(e) = v.as_event() else { continue };
            if let Some(n) = now
                && !self.in_part(spec, n, self.start(spec, n.0), e)
            {
                continue;
            }
            if self.tick() {
                return true;
            }
            if let Some(a) = self.existing(a.clone(), *v)
                && self.fit(event, *v)
                && self.steps(rest, a, sink)
            {
                return true;
            }
        }
        self.halted()
    }

    /// What a fault makes doubtful, of an annotation.
    fn doubted(&self, a: &A, doubt: &Option<(A, u32)>) -> Option<A> {
        let Some((worlds, f)) = doubt else { return Some(a.clone()) };
        let clear = self.universe.except_certain(Some(worlds));
        a.and(&join(clear, &worlds.blame(*f)))
    }

    /// Continues with the first so many bindings of a block, in each world. Where faults leave it open whether so many are before one, it is
    /// not known whether that is among them.
    pub(super) fn first_of(&mut self, n: u64, block: &Block, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if A::PLAIN {
            let (mut stop, mut seen) = (false, 0);
            self.run(block, a, &mut |m, a| {
                seen += 1;
                stop = m.steps(rest, a, sink);
                stop || seen >= n
            });
            return stop || self.halted();
        }
        // in which worlds there were at least one, two, … for certain, and perhaps
        let (mut certain, mut possible): (Vec<A>, Vec<A>) = (vec![], vec![]);
        let mut fault: Option<u32> = None;
        let universe = self.universe.clone();
        let full = |levels: &Vec<A>| levels.get(n.saturating_sub(1) as usize).cloned();
        let mut stop = false;
        self.run(block, a.clone(), &mut |m, b| {
            let left = universe.except_certain(full(&certain).as_ref());
            let Some(b) = left.and_then(|l| b.and(&l)) else { return m.halted() };
            let shown = m.doubted(&b, &full(&possible).zip(fault));
            b.certain().into_iter().for_each(|c| raise(&mut certain, c, n));
            raise(&mut possible, b.possible(), n);
            if let Some((_, f)) = b.faulty() {
                fault = Some(fault.map_or(f, |g| g.min(f)));
            }
            if let Some(b) = shown {
                stop = m.steps(rest, b, sink);
            }
            stop || m.halted() || a.possible().except_certain(full(&certain).as_ref()).is_none()
        });
        stop || self.halted()
    }

    /// Binds how many bindings of a block, from the first on, a formula is true of in a row.
    pub(super) fn consecutive(
        &mut self,
        (slot, block, satisfies): (Slot, &Block, &Formula),
        rest: &[Step],
        a: A,
        sink: Sink<'_, A>,
    ) -> bool {
        let mut running: Vec<(i64, A)> = vec![(0, a.possible())];
        let mut done: Vec<(Val, A)> = vec![];
        self.run(block, a.possible(), &mut |m, b| {
            let mut next: Vec<(i64, A)> = vec![];
            let mut put = |n: i64, w: A| match next.iter_mut().find(|x: &&mut (i64, A)| x.0 == n) {
                Some(x) => {
                    x.1.or(&w);
                }
                None => next.push((n, w)),
            };
            let (member, doubt) = (b.certain(), b.faulty());
            for (n, w) in std::mem::take(&mut running) {
                if let Some(out) = w.except_possible(Some(&b)) {
                    put(n, out);
                }
                if let Some((f, number)) = &doubt
                    && let Some(w) = w.and(f)
                {
                    done.push((Val::fault(*number), w));
                }
                let Some(inside) = member.as_ref().and_then(|c| w.and(c)) else { continue };
                let t = m.truth(satisfies, &inside);
                if let Some(yes) = t.as_ref().and_then(A::certain) {
                    put(n + 1, yes);
                }
                if let Some((w, f)) = t.as_ref().and_then(A::faulty) {
                    done.push((Val::fault(f), w));
                }
                if let Some(no) = inside.except_possible(t.as_ref()) {
                    done.push((m.graph.dictionary.intern(Value::Int(n)), no));
                }
            }
            running = next;
            m.halted() || running.is_empty()
        });
        for (n, w) in running {
            done.push((self.graph.dictionary.intern(Value::Int(n)), w));
        }
        self.pieces(slot, done, rest, a, sink)
    }

    /// What was decided about an event, within a set of worlds.
    pub(super) fn decided(&self, event: Val, key: (crate::plan::Effect, Option<u32>), worlds: &A) -> Option<A> {
        self.decided.get(&(key.0, key.1, event)).and_then(|d| d.and(worlds))
    }
}
