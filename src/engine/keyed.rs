//! A table from keys (lists of values) to states, which are numbered, come and go. Under the indexes and cells of events.
use crate::scalar::Val;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// The states of some keys.
#[derive(Clone, Debug)]
pub struct ByKey<T> {
    table: HashTable<u32>,
    states: Vec<Option<(Box<[Val]>, T)>>,
    free: Vec<u32>,
}

impl<T> Default for ByKey<T> {
    fn default() -> Self {
        ByKey { table: HashTable::new(), states: vec![], free: vec![] }
    }
}

fn hash(key: &[Val]) -> u64 {
    let mut h = rustc_hash::FxBuildHasher.build_hasher();
    key.iter().for_each(|v| h.write_u32(v.bits()));
    h.finish()
}

impl<T> ByKey<T> {
    /// The number of a key.
    #[inline]
    pub fn find(&self, key: &[Val]) -> Option<u32> {
        let is = |n: &u32| self.states.get(*n as usize).is_some_and(|s| s.as_ref().is_some_and(|s| *s.0 == *key));
        self.table.find(hash(key), is).copied()
    }
    /// The number of a key, which gets one if it has none.
    pub fn number(&mut self, key: &[Val], new: impl FnOnce() -> T) -> u32 {
        if let Some(n) = self.find(key) {
            return n;
        }
        let state = Some((key.into(), new()));
        let n = match self.free.pop() {
            Some(n) => {
                if let Some(s) = self.states.get_mut(n as usize) {
                    *s = state;
                }
                n
            }
            None => {
                self.states.push(state);
                self.states.len() as u32 - 1
            }
        };
        let states = &self.states;
        let again = |n: &u32| states.get(*n as usize).and_then(|s| s.as_ref()).map_or(0, |s| hash(&s.0));
        self.table.insert_unique(hash(key), n, again);
        n
    }
    /// A state.
    #[inline]
    pub fn get(&self, n: u32) -> Option<&T> {
        self.states.get(n as usize)?.as_ref().map(|s| &s.1)
    }
    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, n: u32) -> Option<&mut T> {
        self.states.get_mut(n as usize)?.as_mut().map(|s| &mut s.1)
    }
    /// Forgets a key.
    pub fn remove(&mut self, n: u32) {
        let Some((key, _)) = self.states.get_mut(n as usize).and_then(Option::take) else { return };
        if let Ok(entry) = self.table.find_entry(hash(&key), |x| *x == n) {
            entry.remove();
        }
        self.free.push(n);
    }
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }
    /// All keys and states.
    pub fn iter(&self) -> impl Iterator<Item = (&[Val], &T)> {
        self.states.iter().flatten().map(|s| (&*s.0, &s.1))
    }
    /// All states, to be changed.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.states.iter_mut().flatten().map(|s| &mut s.1)
    }
    /// Gives the values in keys other names.
    pub fn rename(&mut self, name: &mut dyn FnMut(Val) -> Val) {
        for s in self.states.iter_mut().flatten() {
            s.0.iter_mut().for_each(|v| *v = name(*v));
        }
        self.table.clear();
        let states = &self.states;
        let again = |n: &u32| states.get(*n as usize).and_then(|s| s.as_ref()).map_or(0, |s| hash(&s.0));
        for (n, s) in states.iter().enumerate() {
            if let Some(s) = s {
                self.table.insert_unique(hash(&s.0), n as u32, again);
            }
        }
    }
}
