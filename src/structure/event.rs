//! Events that come one at a time: the rows of those that are still needed, by numbers that are never given twice. Part of a structure that a
//! monitor holds; filled and emptied by the engine.
use super::schema::{AttrId, Schema, Sort};
use crate::scalar::{KindId, Val};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// An event.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its kind.
    pub kind: KindId,
    /// How many need it.
    pub pins: u32,
    /// Its time, in microseconds.
    pub at: i64,
    /// How many events of the history are before it.
    pub index: u64,
    /// Its id.
    pub id: Arc<str>,
    /// Its attributes, in the order of `Schema::attrs_of`.
    pub values: Box<[Val]>,
}

/// The events that are kept.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// The one that came last: it is asked most, and often goes before another comes.
    newest: Option<(u32, Row)>,
    rows: FxHashMap<u32, Row>,
    next: u32,
    /// Where each attribute of a kind stands in its rows.
    positions: Vec<Vec<(AttrId, u32)>>,
    /// By kind and id, where something looks them up.
    by_id: Option<FxHashMap<(KindId, Arc<str>), u32>>,
}

impl Events {
    /// None yet. If some are looked up by id, they must be findable.
    pub fn new(schema: &Schema, findable: bool) -> Events {
        let kinds = (0..schema.kinds.len() as u32).map(KindId);
        let positions = kinds.map(|k| match schema.kind(k).map(|k| k.sort) {
            Some(Sort::Event) => schema.attrs_of(k).into_iter().enumerate().map(|(i, a)| (a, i as u32)).collect(),
            _ => vec![],
        });
        Events { positions: positions.collect(), by_id: findable.then(FxHashMap::default), ..Events::default() }
    }
    /// Adds one, with one pin, and gives its number.
    pub fn add(&mut self, kind: KindId, id: Arc<str>, at: i64, index: u64, values: Box<[Val]>) -> u32 {
        let n = self.next;
        self.next += 1;
        if let Some(by_id) = &mut self.by_id {
            by_id.insert((kind, id.clone()), n);
        }
        self.rows.extend(self.newest.take());
        self.newest = Some((n, Row { kind, pins: 1, at, index, id, values }));
        n
    }
    /// One more needs it.
    pub fn pin(&mut self, n: u32) {
        self.get_mut(n).into_iter().for_each(|r| r.pins += 1);
    }
    /// One less needs it.
    pub fn unpin(&mut self, n: u32) {
        let Some(r) = self.get_mut(n) else { return };
        r.pins -= 1;
        if r.pins == 0 {
            self.drop(n);
        }
    }
    /// Takes one away, whoever needs it.
    pub fn drop(&mut self, n: u32) -> Option<Row> {
        let row = match self.newest.take_if(|newest| newest.0 == n) {
            Some((_, row)) => row,
            None => self.rows.remove(&n)?,
        };
        if let Some(by_id) = &mut self.by_id {
            let key = (row.kind, row.id.clone());
            if by_id.get(&key) == Some(&n) {
                by_id.remove(&key);
            }
        }
        Some(row)
    }
    /// One that is kept.
    #[inline]
    pub fn get(&self, n: u32) -> Option<&Row> {
        match &self.newest {
            Some((newest, row)) if *newest == n => Some(row),
            _ => self.rows.get(&n),
        }
    }
    /// The same, to be changed.
    pub fn get_mut(&mut self, n: u32) -> Option<&mut Row> {
        match &mut self.newest {
            Some((newest, row)) if *newest == n => Some(row),
            _ => self.rows.get_mut(&n),
        }
    }
    /// An attribute; absent if it has none.
    #[inline]
    pub fn attr(&self, n: u32, attr: AttrId) -> Val {
        self.get(n).map_or(Val::NONE, |r| self.value(r.kind, &r.values, attr))
    }
    /// An attribute in a row of a kind.
    #[inline]
    pub fn value(&self, kind: KindId, row: &[Val], attr: AttrId) -> Val {
        let at = self.positions.get(kind.0 as usize).and_then(|p| p.iter().find(|p| p.0 == attr));
        at.and_then(|p| row.get(p.1 as usize)).copied().unwrap_or(Val::NONE)
    }
    /// The number of the one with a kind and id.
    pub fn find(&self, kind: KindId, id: &str) -> Option<u32> {
        self.by_id.as_ref()?.get(&(kind, id.into())).copied()
    }
    /// The number that the next one gets.
    pub fn next(&self) -> u32 {
        self.next
    }
    /// Goes on counting from a number.
    pub fn resume(&mut self, next: u32) {
        self.next = next;
    }
    /// How many are kept.
    pub fn len(&self) -> usize {
        self.rows.len() + usize::from(self.newest.is_some())
    }
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The numbers of those that are kept, in the order of the trace.
    pub fn ordered(&self) -> Vec<u32> {
        let kept = self.newest.iter().map(|(n, r)| (r.at, *n)).chain(self.rows.iter().map(|(n, r)| (r.at, *n)));
        let mut all: Vec<(i64, u32)> = kept.collect();
        all.sort_unstable();
        all.into_iter().map(|x| x.1).collect()
    }
    /// Those behind a place in the order of the trace.
    pub fn behind(&mut self, order: Option<(i64, u32)>) -> impl Iterator<Item = (&u32, &mut Row)> {
        let newest = self.newest.iter_mut().map(|(n, r)| (&*n, r));
        newest.chain(&mut self.rows).filter(move |(n, r)| order.is_some_and(|o| (r.at, **n) > o))
    }
    /// All values that are kept, to be renamed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Val> {
        self.newest.iter_mut().map(|x| &mut x.1).chain(self.rows.values_mut()).flat_map(|r| r.values.iter_mut())
    }
}
