//! The faults of a run. A value that could not be computed is a `Val::fault` with a number in this table.
use crate::base::Place;
use crate::scalar::{Fault, Val};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A fault and where it happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultAt {
    /// Where in the program.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// All faults, numbered as they came.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    list: Vec<FaultAt>,
    known: BTreeMap<FaultAt, u32>,
}

/// Where what a plan has at some places stands in truth: plans of one shape are one plan.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The numbers of the plan's places.
    pub numbers: Arc<FxHashMap<Place, u32>>,
    /// Where each stands.
    pub places: Arc<[Place]>,
}

impl Elsewhere {
    /// Where a place stands in truth.
    pub fn of(&self, place: Place) -> Place {
        self.numbers.get(&place).and_then(|n| self.places.get(*n as usize)).copied().unwrap_or(place)
    }
}

/// Beyond so many different faults one more is not told apart from the last.
const MOST: usize = 10_000;

impl Faults {
    /// The fault as a value.
    pub fn add(&mut self, fault: Fault, place: Place) -> Val {
        let at = FaultAt { place, fault };
        if let Some(n) = self.known.get(&at) {
            return Val::fault(*n);
        }
        if self.list.len() >= MOST {
            return Val::fault(MOST as u32 - 1);
        }
        let n = self.list.len() as u32;
        self.known.insert(at.clone(), n);
        self.list.push(at);
        Val::fault(n)
    }
    /// The fault with that number.
    pub fn get(&self, n: u32) -> Option<&FaultAt> {
        self.list.get(n as usize)
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
    /// Forgets those that came last: nothing may speak of them any more.
    pub fn forget(&mut self, keep: usize) {
        for f in self.list.drain(keep.min(self.list.len())..) {
            self.known.remove(&f);
        }
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
