//! State cells: of each key the events that count in a window, what each is worth, and what they come to, kept up as events come and go
//! (after the running aggregates of stream processing). Filled by monitor, read by step.
use super::keyed::ByKey;
use super::past::window_start;
use crate::plan::{Aggregate, CellForm, CellInfo};
use crate::scalar::sum::ExactSum;
use crate::scalar::{Val, Value};
use std::collections::{BTreeMap, VecDeque};

/// Where an event stands in the order of the trace.
pub type Order = (i64, u32);

/// A cell.
#[derive(Debug)]
pub struct Cell {
    /// What it is.
    pub info: CellInfo,
    /// By key.
    pub states: ByKey<State>,
    /// Whether any event ever counted.
    pub seen: bool,
    /// Whether events are kept as long as they count, to be named.
    pub keeps: bool,
    /// Those that do not count any more, to be let go.
    pub gone: Vec<u32>,
    /// When states are to be looked at again: what is out of the window goes, and with the last event the key.
    pub due: VecDeque<(i64, u32)>,
    /// While something is tried: what was changed, as it was before.
    pub saved: Option<Vec<(Box<[Val]>, Option<State>)>>,
}

/// What is kept for a key.
#[derive(Clone, Debug)]
pub enum State {
    /// For an aggregate.
    Fold(Folded),
    /// For `consecutive`.
    Run(Row),
}

/// Events of a window.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// Those that are not yet, or may still be, of use one by one; ascending.
    pub events: VecDeque<(Order, Val)>,
    /// The first so many of `events` are out of the window that ended last.
    pub out: usize,
    /// Where that window began.
    pub start: i64,
    /// What the events in the window come to, with those that are no longer told apart.
    pub sum: Running,
}

/// What values come to.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// How many.
    pub count: u64,
    /// How many of them are faults, and the first of these.
    pub faults: u64,
    /// See `faults`.
    pub fault: Option<u32>,
    /// The sum of whole numbers, or of durations.
    pub whole: i128,
    /// Whether it is one of durations.
    pub duration: bool,
    /// The sum of floats, once there was one.
    pub exact: Option<Box<ExactSum>>,
    /// How many of each value, where that matters.
    pub each: BTreeMap<Value, u64>,
}

/// How many in a row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Events that are not settled yet, ascending: whether the formula is true of each.
    pub events: VecDeque<(Order, Val)>,
    /// Of those before: how many in a row up to the last, and the fault that stands before them, if one does.
    pub settled: (u64, Option<u32>),
}

/// Which events are settled: nothing will come before them, and they will not be taken back.
pub struct Settled<'a> {
    /// Events before this instant are: one that comes now is not, since it may have to leave again when it is judged.
    pub upto: i64,
    /// Unless they are open.
    pub open: &'a dyn Fn(u32) -> bool,
}

impl Settled<'_> {
    pub fn is(&self, e: Order) -> bool {
        e.0 < self.upto && !(self.open)(e.1)
    }
}

impl Running {
    fn change(&mut self, form: Aggregate, v: &Value, fault: Option<u32>, add: bool) {
        let step = |n: &mut u64| *n = if add { *n + 1 } else { n.saturating_sub(1) };
        step(&mut self.count);
        if let Some(f) = fault {
            self.fault = Some(self.fault.map_or(f, |g| g.min(f)));
            return step(&mut self.faults);
        }
        match form {
            Aggregate::Avg => {
                let x = v.as_number().unwrap_or(0.0);
                let exact = self.exact.get_or_insert_with(Default::default);
                if add { exact.add(x) } else { exact.subtract(x) }
            }
            Aggregate::Sum => match v {
                Value::Int(i) | Value::Duration(i) => {
                    self.whole += if add { i128::from(*i) } else { -i128::from(*i) };
                    self.duration = matches!(v, Value::Duration(_));
                }
                Value::Float(x) => {
                    let exact = self.exact.get_or_insert_with(Default::default);
                    if add { exact.add(x.get()) } else { exact.subtract(x.get()) }
                }
                _ => {}
            },
            Aggregate::Count => {}
            _ => {
                let n = self.each.entry(v.clone()).or_default();
                step(n);
                if *n == 0 {
                    self.each.remove(v);
                }
            }
        }
    }
}

impl Folded {
    /// Adds an event.
    fn add(&mut self, form: Aggregate, e: Order, v: Val, value: &Value) {
        let at = match self.events.back() {
            Some(last) if last.0 > e => self.events.partition_point(|x| x.0 < e),
            _ => self.events.len(),
        };
        self.events.insert(at, (e, v));
        if at < self.out || e.0 < self.start {
            self.out += 1;
        } else {
            self.sum.change(form, value, v.as_fault(), true);
        }
    }
    /// Takes an event away.
    fn remove(&mut self, form: Aggregate, e: Order, gone: &mut Vec<u32>, read: &dyn Fn(Val) -> Value) {
        let at = self.events.partition_point(|x| x.0 < e);
        let Some((_, v)) = self.events.get(at).filter(|x| x.0 == e).copied() else { return };
        gone.push(e.1);
        self.events.remove(at);
        if at < self.out {
            self.out -= 1;
        } else {
            self.sum.change(form, &read(v), v.as_fault(), false);
        }
    }
    /// Lets go what is before a window that begins at an instant.
    fn begin(&mut self, form: Aggregate, start: i64, read: &dyn Fn(Val) -> Value) {
        self.start = self.start.max(start);
        while let Some(((at, _), v)) = self.events.get(self.out).copied()
            && at < start
        {
            self.sum.change(form, &read(v), v.as_fault(), false);
            self.out += 1;
        }
    }
    /// Forgets what no window will need any more: all windows that are still to come begin at `oldest` or later. Without a window, what is
    /// settled need not be told apart.
    fn forget(&mut self, windowed: bool, oldest: i64, gone: &mut Vec<u32>, settled: &Settled<'_>) {
        while let Some((e, _)) = self.events.front().copied() {
            match windowed {
                true if self.out > 0 && e.0 < oldest => self.out -= 1,
                false if settled.is(e) => {}
                _ => break,
            }
            gone.push(e.1);
            self.events.pop_front();
        }
    }
}

impl Row {
    fn add(&mut self, e: Order, v: Val) {
        let at = match self.events.back() {
            Some(last) if last.0 > e => self.events.partition_point(|x| x.0 < e),
            _ => self.events.len(),
        };
        self.events.insert(at, (e, v));
    }
    fn remove(&mut self, e: Order) {
        let at = self.events.partition_point(|x| x.0 < e);
        if self.events.get(at).is_some_and(|x| x.0 == e) {
            self.events.remove(at);
        }
    }
    fn forget(&mut self, settled: &Settled<'_>) {
        while let Some((e, v)) = self.events.front().copied()
            && settled.is(e)
        {
            self.events.pop_front();
            self.settled = match v {
                Val::TRUE => (self.settled.0 + 1, self.settled.1),
                v => (0, v.as_fault()),
            };
        }
    }
    /// How many in a row up to an event; a fault if one stands before them.
    pub fn count(&self, now: Order) -> Result<u64, u32> {
        let to = match self.events.back() {
            Some(last) if last.0 <= now => self.events.len(),
            _ => self.events.partition_point(|x| x.0 <= now),
        };
        let mut n = 0;
        for i in (0..to).rev() {
            match self.events.get(i).map(|x| x.1) {
                Some(Val::TRUE) => n += 1,
                Some(v) => return v.as_fault().map_or(Ok(n), Err),
                None => break,
            }
        }
        self.settled.1.map_or(Ok(n + self.settled.0), Err)
    }
    /// Whether it says nothing.
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.settled == (0, None)
    }
}

impl Cell {
    /// The aggregate, if it is one.
    pub fn fold(&self) -> Option<Aggregate> {
        match &self.info.form {
            CellForm::Fold(a) => Some(*a),
            CellForm::Run(_) => None,
        }
    }
    fn windowed(&self) -> bool {
        self.info.within.is_some() || self.info.per.is_some()
    }
    /// Adds what an event is worth.
    pub fn add(&mut self, key: &[Val], e: Order, worth: &[Val], settled: &Settled<'_>, read: &dyn Fn(Val) -> Value) {
        let form = self.fold();
        self.save(key);
        self.seen |= !worth.is_empty();
        let n = self.states.number(key, || match form {
            Some(_) => State::Fold(Folded { start: i64::MIN, ..Folded::default() }),
            None => State::Run(Row::default()),
        });
        let windowed = self.windowed();
        match self.states.get_mut(n) {
            Some(State::Fold(f)) => worth.iter().for_each(|v| f.add(form.unwrap_or(Aggregate::Count), e, *v, &read(*v))),
            Some(State::Run(r)) => worth.iter().for_each(|v| r.add(e, *v)),
            None => return,
        }
        if !windowed && self.saved.is_none() {
            self.tidy(n, e.0, settled, read);
        }
        if windowed || !settled.is(e) {
            let horizon = self.horizon();
            self.due.push_back((e.0.saturating_add(horizon), n));
        }
    }
    /// A state that was written down.
    pub fn restore(&mut self, key: &[Val], state: State) {
        let n = self.states.number(key, || state.clone());
        self.states.get_mut(n).into_iter().for_each(|s| *s = state.clone());
    }
    /// When all states are to be looked at again.
    pub fn queue(&mut self) {
        let horizon = self.horizon();
        let mut due: Vec<(i64, u32)> = vec![];
        for (key, s) in self.states.iter() {
            let Some(n) = self.states.find(key) else { continue };
            let events = match s {
                State::Fold(f) => &f.events,
                State::Run(r) => &r.events,
            };
            due.extend(events.iter().map(|e| (e.0.0.saturating_add(horizon), n)));
        }
        due.sort_unstable();
        self.due = due.into();
    }
    fn horizon(&self) -> i64 {
        match (self.info.within, &self.info.per) {
            (Some(d), _) => d,
            (None, Some((unit, _))) => unit.longest(),
            _ => 0,
        }
    }
    /// Takes an event away.
    pub fn remove(&mut self, key: &[Val], e: Order, read: &dyn Fn(Val) -> Value) {
        let form = self.fold();
        let Some(n) = self.states.find(key) else { return };
        match (self.states.get_mut(n), form) {
            (Some(State::Fold(f)), Some(form)) => f.remove(form, e, &mut self.gone, read),
            (Some(State::Run(r)), _) => r.remove(e),
            _ => {}
        }
    }
    /// Lets go of what is out of all windows, key by key as their time comes.
    pub fn expire(&mut self, settled: &Settled<'_>, read: &dyn Fn(Val) -> Value) {
        while let Some((at, n)) = self.due.front().copied()
            && at < settled.upto
        {
            self.due.pop_front();
            self.tidy(n, settled.upto, settled, read);
        }
    }
    /// `now`: no decision will be about an earlier event.
    fn tidy(&mut self, n: u32, now: i64, settled: &Settled<'_>, read: &dyn Fn(Val) -> Value) {
        let (windowed, form) = (self.windowed(), self.fold());
        let now = now.min(settled.upto);
        let oldest = if windowed { window_start(now, self.info.within, &self.info.per) } else { i64::MIN };
        let empty = match self.states.get_mut(n) {
            Some(State::Fold(f)) => {
                if windowed {
                    f.begin(form.unwrap_or(Aggregate::Count), oldest, read);
                }
                f.forget(windowed, oldest, &mut self.gone, settled);
                f.events.is_empty() && f.sum.count == 0
            }
            Some(State::Run(r)) => {
                r.forget(settled);
                r.is_empty()
            }
            None => return,
        };
        if empty {
            self.states.remove(n);
        }
    }
    /// The events of a key that count at an event, as far as they are told apart.
    pub fn counted(&self, key: &[Val], now: Order) -> Vec<u32> {
        let start = window_start(now.0, self.info.within, &self.info.per);
        let Some(State::Fold(f)) = self.states.find(key).and_then(|n| self.states.get(n)) else { return vec![] };
        let inside = f.events.iter().filter(|x| x.0.0 >= start && x.0 <= now);
        inside.map(|x| x.0.1).collect()
    }
    /// The values of a window that ends at an event, or what they come to, if that is known.
    pub fn window(&mut self, key: &[Val], n: u32, now: Order, read: &dyn Fn(Val) -> Value) -> Option<Window<'_>> {
        let form = self.fold()?;
        let start = window_start(now.0, self.info.within, &self.info.per);
        self.save(key);
        let Some(State::Fold(f)) = self.states.get_mut(n) else { return None };
        let newest = f.events.back().is_none_or(|x| x.0 <= now);
        if newest && start >= f.start {
            f.begin(form, start, read);
        }
        // borrowed anew: a borrow that is returned in one branch only would last for all
        let Some(State::Fold(f)) = self.states.get(n) else { return None };
        if newest && start >= f.start && (f.sum.faults == 0 || start == i64::MIN) {
            return Some(Window::Sum(&f.sum));
        }
        if start == i64::MIN {
            // nothing leaves, so what came later is taken back
            let mut sum = f.sum.clone();
            for (_, v) in f.events.iter().filter(|x| x.0 > now) {
                sum.change(form, &read(*v), v.as_fault(), false);
            }
            return Some(Window::Own(sum));
        }
        let from = f.events.partition_point(|x| x.0.0 < start);
        let inside = f.events.iter().skip(from).take_while(|x| x.0 <= now);
        Some(Window::Values(inside.map(|x| x.1).collect()))
    }
}

impl Cell {
    /// Whether any event, of a key or of any, is in the window that ends at one.
    pub fn any(&self, key: Option<&[Val]>, now: Order) -> bool {
        let start = window_start(now.0, self.info.within, &self.info.per);
        let inside = |f: &Folded| f.events.iter().any(|x| x.0 <= now && x.0.0 >= start);
        let some = |s: &State| match s {
            State::Fold(f) => start == i64::MIN && f.sum.count > f.events.len() as u64 || inside(f),
            State::Run(_) => true,
        };
        match key.filter(|_| self.fold().is_some()) {
            Some(key) => self.states.find(key).and_then(|n| self.states.get(n)).is_some_and(some),
            None => self.states.iter().any(|(_, s)| some(s)) || self.seen && self.fold().is_none(),
        }
    }
}

/// What is in a window.
pub enum Window<'a> {
    /// What it comes to.
    Sum(&'a Running),
    /// The same, made for this.
    Own(Running),
    /// Its values.
    Values(Vec<Val>),
}
