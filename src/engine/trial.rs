//! Something is tried in a run over events, and the run is then as it was before, to the last value: other events than the one that came, and
//! formulas that may meet faults. Called by session's change and explain.
use super::annotation::Annotation;
use super::cell::Cell;
use super::machine::Machine;
use crate::plan::RelId;
use crate::scalar::Val;

/// What a run was before something was tried.
#[derive(Debug)]
pub struct Before {
    next: u32,
    faults: usize,
    facts: u64,
    values: usize,
    relations: Vec<u32>,
    seen: Vec<bool>,
    /// How long the queues of indexes and cells were.
    due: (Vec<usize>, Vec<usize>),
}

impl<A: Annotation> Machine<A> {
    /// From now on events that come are only tried: each must depart again.
    pub fn begin_trial(&mut self) -> Before {
        let live = &mut self.live;
        live.trying = true;
        live.cells.iter_mut().for_each(|c| c.saved = Some(vec![]));
        Before {
            next: self.graph.live().map_or(0, |l| l.next()),
            faults: self.faults.len(),
            facts: self.facts,
            values: self.graph.dictionary.len(),
            relations: self.relations.iter().map(|r| r.len()).collect(),
            seen: self.live.cells.iter().map(|c| c.seen).collect(),
            due: (self.live.due.iter().map(|d| d.len()).collect(), self.live.cells.iter().map(|c| c.due.len()).collect()),
        }
    }

    /// An end of all trials: whatever they left behind goes.
    pub fn end_trial(&mut self, before: &Before) {
        self.live.trying = false;
        for ((c, seen), due) in self.live.cells.iter_mut().zip(&before.seen).zip(&before.due.1) {
            c.back();
            c.seen = *seen;
            c.due.truncate(*due);
        }
        self.live.due.iter_mut().zip(&before.due.0).for_each(|(d, n)| d.truncate(*n));
        for (r, n) in self.relations.iter_mut().zip(&before.relations) {
            if r.len() > *n {
                r.retain(|row| row.iter().all(|v| v.as_event().is_none_or(|e| e < before.next)), &mut |v: Val| v);
            }
        }
        if let Some(events) = self.graph.live_mut() {
            events.resume(before.next);
        }
        self.facts = before.facts;
        self.quiet(before.faults);
        let _ = self.graph.dictionary.cut(before.values);
    }

    /// The faults behind the first so many are forgotten, and that there were any.
    pub fn quiet(&mut self, faults: usize) {
        self.faults.forget(faults);
        (self.faulted, self.reached) = (false, None);
    }

    /// The event of a trial is gone again, as if it had never come.
    pub fn end_try(&mut self, n: u32) {
        self.depart(n);
        self.graph.live_mut().and_then(|l| l.drop(n));
    }

    /// How many facts a relation has.
    pub fn facts_of(&self, relation: RelId) -> u32 {
        self.relation(relation).map_or(0, |r| r.len())
    }
}

impl Cell {
    /// Keeps the state of a key as it is, if something is being tried and nothing of it is kept yet.
    pub(super) fn save(&mut self, key: &[Val]) {
        if self.saved.is_none() {
            return;
        }
        let state = self.states.find(key).and_then(|n| self.states.get(n));
        if let Some(saved) = self.saved.as_mut().filter(|s| !s.iter().any(|x| *x.0 == *key)) {
            saved.push((key.into(), state.cloned()));
        }
    }
    fn back(&mut self) {
        for (key, state) in self.saved.take().into_iter().flatten() {
            match state {
                Some(state) => self.restore(&key, state),
                None => self.states.find(&key).into_iter().for_each(|n| self.states.remove(n)),
            }
        }
    }
}
