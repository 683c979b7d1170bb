//! Derived relations: rows of interned values, each once, with an annotation; hash indexes made when first asked for.
//!
//! Rows are only ever added. A round of a fixpoint sees the rows up to `visible`; what it adds stands behind, and is the next
//! round's delta together with the rows whose annotation (or value) grew.
//!
//! Long because rows, their indexes and what the rounds see of both must change together.
use super::annotation::Annotation;
use super::pairs::Pairs;
use crate::plan::{Combine, RelationInfo, Source};
use crate::scalar::Val;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// No row.
pub const NO_ROW: u32 = u32::MAX;

/// The values of one key of a value rule, by worlds: disjoint sets.
pub type Pieces<A> = Vec<(Val, A)>;

/// A relation.
#[derive(Clone, Debug)]
pub struct Relation<A> {
    /// Its name, columns and way of combining.
    pub info: RelationInfo,
    rows: Vec<Val>,
    annotations: Vec<A>,
    count: u32,
    table: HashTable<u32>,
    /// For one argument: the row of each node.
    direct: Vec<u32>,
    /// For two nodes of few, in many worlds: the row of each second node, by the first.
    cells: Vec<Vec<u32>>,
    cell_bytes: usize,
    nodes: u32,
    pairs: Option<Pairs>,
    indexes: Vec<Index>,
    values: Vec<Pieces<A>>,
    /// Rows before this are seen by the present round.
    pub visible: u32,
    /// Rows before this were seen by the round before.
    pub old: u32,
    /// What the last round found, where that is more than the rows from `old` to `visible`.
    pub delta: Vec<(u32, A)>,
    pending: Vec<(u32, A)>,
    round: u32,
    /// Rows with a fault in place of a value: each stands for whatever facts the fault hides.
    pub loose: Vec<u32>,
    /// Worlds in which no value of it is known, and a fault to blame.
    pub broken: Option<A>,
    /// What of that is new since the last round, and what this round added.
    pub broken_delta: Option<A>,
    /// See `broken_delta`.
    pub broken_pending: Option<A>,
    stuck: Option<A>,
    /// How many rows there were when each round began.
    starts: Vec<u32>,
    /// Of a value rule: the round in which each row changed last.
    touched: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Index {
    columns: u32,
    heads: Heads,
    next: Vec<u32>,
    /// Of lists: how many items there are.
    entries: usize,
}

/// The first row of each key: by number if the key is one small number, else by hash. For pairs: what is paired with each node.
#[derive(Clone, Debug)]
enum Heads {
    Direct(Vec<u32>),
    Hashed(HashTable<u32>),
    Lists(Vec<List>),
}

/// What a node is paired with, in the order of rows, and how much of it the rounds see.
#[derive(Clone, Debug, Default)]
struct List {
    items: Vec<u32>,
    /// The round of the last addition, how many there were before it, and how many before the round before that.
    round: u32,
    seen: u32,
    before: u32,
}

impl List {
    #[inline]
    fn add(&mut self, v: u32, round: u32) {
        if self.round != round {
            let all = self.items.len() as u32;
            self.before = if self.round + 1 == round { self.seen } else { all };
            self.seen = all;
            self.round = round;
        }
        self.items.push(v);
    }
    /// The items that a round sees.
    #[inline]
    fn part(&self, round: u32, source: Source) -> &[u32] {
        let all = self.items.len() as u32;
        let (old, visible) = match round.wrapping_sub(self.round) {
            0 => (self.before, self.seen),
            1 => (self.seen, all),
            _ => (all, all),
        };
        let (a, b) = match source {
            Source::Total => (0, visible),
            Source::Old => (0, old),
            Source::Delta => (old, visible),
        };
        self.items.get(a as usize..b as usize).unwrap_or(&[])
    }
}

const DIRECT: u32 = 1 << 24;
/// Among so many nodes pairs have a cell each, which a table of hashes would not be much smaller than.
const CELLS: u32 = 2048;

fn hash(values: impl Iterator<Item = Val>) -> u64 {
    let mut h = rustc_hash::FxBuildHasher.build_hasher();
    values.for_each(|v| h.write_u32(v.bits()));
    h.finish()
}

impl<A: Annotation> Relation<A> {
    /// An empty relation, over a structure of so many nodes.
    pub fn new(info: RelationInfo, nodes: u32) -> Self {
        Relation {
            pairs: (A::PLAIN && info.nodes).then(|| Pairs::new(nodes)),
            info,
            rows: vec![],
            annotations: vec![],
            count: 0,
            table: HashTable::new(),
            direct: vec![],
            cells: vec![],
            cell_bytes: 0,
            nodes,
            indexes: vec![],
            values: vec![],
            visible: 0,
            old: 0,
            delta: vec![],
            pending: vec![],
            loose: vec![],
            round: 2,
            broken: None,
            broken_delta: None,
            broken_pending: None,
            stuck: None,
            starts: vec![],
            touched: vec![],
        }
    }
    /// How many rows there are.
    pub fn len(&self) -> u32 {
        self.count
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// An estimate of the bytes it takes.
    pub fn bytes(&self) -> u64 {
        let tables =
            self.table.capacity() * 5 + self.indexes.iter().map(Index::bytes).sum::<usize>() + self.direct.capacity() * 4;
        let tables = tables + self.cell_bytes;
        let rows = self.rows.capacity() * 4 + self.annotations.capacity() * size_of::<A>() + self.pending.capacity() * 8;
        let tables = tables as u64 + self.pairs.as_ref().map_or(0, Pairs::bytes);
        tables + (rows + self.values.capacity() * (size_of::<Pieces<A>>() + size_of::<(Val, A)>())) as u64
    }
    /// A column of a row.
    #[inline]
    pub fn at(&self, row: u32, column: usize) -> Val {
        self.rows.get(row as usize * self.info.arity + column).copied().unwrap_or(Val::NONE)
    }
    /// A row.
    pub fn row(&self, row: u32) -> &[Val] {
        let k = self.info.arity;
        self.rows.get(row as usize * k..(row as usize + 1) * k).unwrap_or(&[])
    }
    /// In which worlds a row holds (for a value rule: has a value).
    #[inline]
    pub fn annotation(&self, row: u32) -> Option<&A> {
        self.annotations.get(row as usize)
    }
    /// The values of a row of a value rule.
    pub fn pieces(&self, row: u32) -> &[(Val, A)] {
        self.values.get(row as usize).map_or(&[], |p| p)
    }
    /// Whether a fact is there (of this round or before).
    pub fn contains(&self, tuple: &[Val]) -> bool {
        match (&self.pairs, tuple) {
            (Some(p), [a, b]) => p.contains(a.bits(), b.bits()),
            _ => self.find(tuple).is_some(),
        }
    }
    /// The round in which a fact was found, or its value changed last: what it was derived from was there before.
    pub fn height(&self, tuple: &[Val]) -> Option<u32> {
        let row = match self.is_pairs() {
            true => (0..self.count).find(|n| self.row(*n) == tuple)?,
            false => self.find(tuple)?,
        };
        let found = || self.starts.partition_point(|s| *s <= row) as u32;
        Some(self.touched.get(row as usize).copied().unwrap_or_else(found))
    }
    /// Whether only [`Relation::contains`] knows what is there: one world, two nodes.
    pub fn is_pairs(&self) -> bool {
        self.pairs.is_some()
    }
    /// The row with these values.
    #[inline]
    pub fn find(&self, tuple: &[Val]) -> Option<u32> {
        if let [v] = tuple
            && v.bits() < self.nodes
        {
            return self.direct.get(v.bits() as usize).copied().filter(|n| *n != NO_ROW);
        }
        if let Some((a, b)) = self.cell(tuple) {
            return self.cells.get(a).and_then(|c| c.get(b)).copied().filter(|n| *n != NO_ROW);
        }
        self.table.find(hash(tuple.iter().copied()), |r| self.row(*r) == tuple).copied()
    }
    /// Where the row of two nodes is noted, if it has a cell.
    #[inline]
    fn cell(&self, tuple: &[Val]) -> Option<(usize, usize)> {
        match tuple {
            [a, b] if self.info.nodes && self.nodes <= CELLS && a.bits() < self.nodes && b.bits() < self.nodes => {
                Some((a.bits() as usize, b.bits() as usize))
            }
            _ => None,
        }
    }
    fn add_row(&mut self, tuple: &[Val], annotation: &A) -> u32 {
        let n = self.count;
        self.count += 1;
        self.rows.extend_from_slice(tuple);
        self.annotations.push(annotation.clone());
        if !A::PLAIN && tuple.iter().any(|v| v.as_fault().is_some()) {
            self.loose.push(n);
        }
        let (rows, k) = (&self.rows, self.info.arity);
        let small = match tuple {
            [v] => Some(v.bits()).filter(|b| *b < self.nodes),
            _ => None,
        };
        if let Some(at) = small {
            if self.direct.len() <= at as usize {
                self.direct.resize(at as usize + 1, NO_ROW);
            }
            if let Some(slot) = self.direct.get_mut(at as usize) {
                *slot = n;
            }
        } else if self.pairs.is_some() {
            // these know what is there
        } else if let Some((a, b)) = self.cell(tuple) {
            if self.cells.len() <= a {
                self.cells.resize(a + 1, vec![]);
            }
            if let Some(cells) = self.cells.get_mut(a).filter(|c| c.is_empty()) {
                *cells = vec![NO_ROW; self.nodes as usize];
                self.cell_bytes += cells.len() * 4;
            }
            if let Some(slot) = self.cells.get_mut(a).and_then(|c| c.get_mut(b)) {
                *slot = n;
            }
        } else {
            let row_hash = |r: &u32| hash(rows.get(*r as usize * k..(*r as usize + 1) * k).unwrap_or(&[]).iter().copied());
            self.table.insert_unique(hash(tuple.iter().copied()), n, row_hash);
        }
        for index in &mut self.indexes {
            index.add(n, rows, k, self.round);
        }
        n
    }
    /// Adds a fact. Gives whether anything was new; the new part is pending.
    pub fn insert(&mut self, tuple: &[Val], annotation: &A) -> bool {
        if let (Some(p), [a, b]) = (&mut self.pairs, tuple) {
            if !p.insert(a.bits(), b.bits()) {
                return false;
            }
            self.add_row(tuple, annotation);
            return true;
        }
        match self.find(tuple) {
            None => {
                let n = self.add_row(tuple, annotation);
                if !A::PLAIN {
                    self.pending.push((n, annotation.clone()));
                }
                true
            }
            Some(_) if A::PLAIN => false,
            Some(n) => match self.annotations.get_mut(n as usize).and_then(|a| a.or(annotation)) {
                Some(new) => {
                    self.pending.push((n, new));
                    true
                }
                None => false,
            },
        }
    }
    /// Of pairs: adds one node with each of some others, as the first or the second of the pair. Gives how many were new.
    pub fn insert_pairs(&mut self, node: u32, first: bool, others: &[u32], annotation: &A) -> u64 {
        let before = self.count;
        for other in others {
            let (a, b) = if first { (node, *other) } else { (*other, node) };
            if self.pairs.as_mut().is_some_and(|p| p.insert(a, b)) {
                self.add_row(&[Val::node(a), Val::node(b)], annotation);
            }
        }
        u64::from(self.count - before)
    }
    /// Adds a value for arguments in a set of worlds. `better` gives what two values for one world become.
    pub fn insert_value(&mut self, tuple: &[Val], value: Val, worlds: &A, mut better: impl FnMut(Val, Val) -> Val) -> bool {
        let n = match self.find(tuple) {
            Some(n) => n,
            None => {
                let n = self.add_row(tuple, worlds);
                self.values.push(vec![]);
                n
            }
        };
        let Some(pieces) = self.values.get_mut(n as usize) else { return false };
        let mut rest = worlds.except_certain(self.stuck.as_ref());
        let mut changed: Option<A> = None;
        let mut result: Pieces<A> = Vec::with_capacity(pieces.len() + 1);
        let add = |list: &mut Pieces<A>, v: Val, a: A| match list.iter_mut().find(|p| p.0 == v) {
            Some(p) => {
                p.1.or(&a);
            }
            None => list.push((v, a)),
        };
        let change = |changed: &mut Option<A>, a: &A| match changed {
            Some(c) => {
                c.or(a);
            }
            None => *changed = Some(a.clone()),
        };
        for (v, a) in pieces.drain(..) {
            let Some(overlap) = rest.as_ref().and_then(|r| r.and(&a)) else {
                add(&mut result, v, a);
                continue;
            };
            let merged = better(v, value);
            if merged == v {
                add(&mut result, v, a.clone());
            } else {
                change(&mut changed, &overlap);
                if let Some(left) = a.except_certain(Some(&overlap)) {
                    add(&mut result, v, left);
                }
                add(&mut result, merged, overlap.clone());
            }
            rest = rest.and_then(|r| r.except_certain(Some(&overlap)));
        }
        if let Some(rest) = rest {
            change(&mut changed, &rest);
            if let Some(a) = self.annotations.get_mut(n as usize) {
                a.or(&rest);
            }
            add(&mut result, value, rest);
        }
        *pieces = result;
        if let Some(c) = changed {
            self.pending.push((n, c));
            self.touched.resize(self.count as usize, 0);
            if let Some(t) = self.touched.get_mut(n as usize) {
                *t = self.starts.len() as u32;
            }
            return true;
        }
        false
    }
    /// Marks that facts could not be computed in some worlds.
    pub fn break_in(&mut self, worlds: &A) {
        let new = match &mut self.broken {
            Some(b) => b.or(worlds),
            None => {
                self.broken = Some(worlds.clone());
                Some(worlds.clone())
            }
        };
        if let Some(new) = new {
            match &mut self.broken_pending {
                Some(p) => {
                    p.or(&new);
                }
                None => self.broken_pending = Some(new),
            }
        }
    }
    /// No more values in these worlds: they would improve for ever.
    pub fn stick(&mut self, worlds: &A) {
        match &mut self.stuck {
            Some(s) => {
                s.or(worlds);
            }
            None => self.stuck = Some(worlds.clone()),
        }
        self.delta.clear();
        self.broken_delta = self.broken_pending.take();
    }
    /// Begins a round: what was pending becomes the delta. Gives whether there is any.
    pub fn next_round(&mut self) -> bool {
        self.old = self.visible;
        self.visible = self.count;
        self.starts.push(self.count);
        self.round += 1;
        // a row that changed several times is looked at once; where pairs have cells, those of one first node together, since what
        // follows from them lies together too
        let rows = &self.rows;
        match self.cells.is_empty() {
            true => self.pending.sort_by_key(|p| p.0),
            false => self.pending.sort_by_cached_key(|p| (rows.get(p.0 as usize * 2).copied(), p.0)),
        }
        self.delta.clear();
        for (row, worlds) in self.pending.drain(..) {
            match self.delta.last_mut().filter(|d| d.0 == row) {
                Some(d) => {
                    d.1.or(&worlds);
                }
                None => self.delta.push((row, worlds)),
            }
        }
        self.broken_delta = self.broken_pending.take();
        self.changed()
    }
    /// Whether there is anything that no round has seen.
    pub fn grown(&self) -> bool {
        self.visible < self.count || !self.pending.is_empty() || self.broken_pending.is_some()
    }
    /// Whether its delta is the rows from `old` to `visible`: one world, and no values that improve.
    #[inline]
    pub fn grows_only(&self) -> bool {
        A::PLAIN && self.info.combine.is_none()
    }
    /// Whether the last round found anything.
    pub fn changed(&self) -> bool {
        let new = if self.grows_only() { self.old < self.visible } else { !self.delta.is_empty() };
        new || self.broken_delta.is_some()
    }
    /// Makes the index over a set of columns (bits), if it is not there.
    pub fn ensure_index(&mut self, columns: u32) -> usize {
        if let Some(i) = self.indexes.iter().position(|i| i.columns == columns) {
            return i;
        }
        let heads = match columns.count_ones() {
            1 if self.is_pairs() => Heads::Lists(vec![]),
            1 => Heads::Direct(vec![]),
            _ => Heads::Hashed(HashTable::new()),
        };
        let mut index = Index { columns, heads, next: vec![], entries: 0 };
        for n in 0..self.count {
            let round = self.round - u32::from(n < self.visible) - u32::from(n < self.old);
            index.add(n, &self.rows, self.info.arity, round);
        }
        self.indexes.push(index);
        self.indexes.len() - 1
    }
    /// The first row of a key (given in the order of the columns) in an index, newest first; see [`Relation::next`].
    #[inline]
    pub fn first(&self, index: usize, key: &[Val]) -> u32 {
        let Some(index) = self.indexes.get(index) else { return NO_ROW };
        match &index.heads {
            Heads::Direct(heads) => match key {
                [v] => heads.get(v.bits() as usize).copied().unwrap_or(NO_ROW),
                _ => NO_ROW,
            },
            // see `list`
            Heads::Lists(_) => NO_ROW,
            Heads::Hashed(table) => {
                let k = self.info.arity;
                let same = |r: &u32| index.key(*r, &self.rows, k).eq(key.iter().copied());
                table.find(hash(key.iter().copied()), same).copied().unwrap_or(NO_ROW)
            }
        }
    }
    /// Of pairs: what a node is paired with, by the index of its column.
    #[inline]
    pub fn list(&self, index: usize, node: u32, source: Source) -> &[u32] {
        match self.indexes.get(index).map(|i| &i.heads) {
            Some(Heads::Lists(lists)) => lists.get(node as usize).map_or(&[], |l| l.part(self.round, source)),
            _ => &[],
        }
    }
    /// The next row of the same key.
    #[inline]
    pub fn next(&self, index: usize, row: u32) -> u32 {
        self.indexes.get(index).and_then(|i| i.next.get(row as usize)).copied().unwrap_or(NO_ROW)
    }
    /// Whether a row (with faults in it, perhaps) may be about a key.
    pub fn may_match(&self, row: u32, key: &[Val]) -> bool {
        self.row(row).iter().zip(key).all(|(a, b)| a == b || a.as_fault().is_some())
    }
    /// Frees what only a growing relation needs.
    pub fn settle(&mut self) {
        self.delta = vec![];
        self.pending = vec![];
        self.visible = self.count;
        self.old = self.count;
        self.round += 2;
    }
}

impl<A: Annotation> Relation<A> {
    /// Keeps some rows only, and gives their values other names. Of a finished relation.
    pub fn retain(&mut self, keep: impl Fn(&[Val]) -> bool, name: &mut dyn FnMut(Val) -> Val) {
        let mut r = Relation::new(self.info.clone(), self.nodes);
        (r.broken, r.stuck) = (self.broken.clone(), self.stuck.clone());
        for n in (0..self.count).filter(|n| keep(self.row(*n))) {
            let row: Vec<Val> = self.row(n).iter().map(|v| name(*v)).collect();
            match (self.info.combine, self.annotation(n)) {
                (None, Some(a)) => {
                    r.insert(&row, a);
                }
                _ => {
                    for (v, a) in self.pieces(n) {
                        r.insert_value(&row, name(*v), a, |old, _| old);
                    }
                }
            }
        }
        r.next_round();
        r.settle();
        *self = r;
    }
}

impl Relation<super::annotation::Present> {
    /// The same facts, where faults can be told.
    pub fn lifted(self) -> Relation<super::annotation::Kleene> {
        use super::annotation::Kleene;
        let mut r = Relation::new(self.info.clone(), self.nodes);
        for n in 0..self.count {
            if self.info.combine.is_none() {
                r.insert(self.row(n), &Kleene::True);
            }
            for (v, _) in self.pieces(n) {
                r.insert_value(self.row(n), *v, &Kleene::True, |old, _| old);
            }
        }
        r.next_round();
        r.settle();
        r
    }
}

impl Index {
    fn key<'a>(&'a self, row: u32, rows: &'a [Val], arity: usize) -> impl Iterator<Item = Val> + 'a {
        let row = rows.get(row as usize * arity..(row as usize + 1) * arity).unwrap_or(&[]);
        row.iter().enumerate().filter(|(c, _)| self.columns >> c & 1 == 1).map(|(_, v)| *v)
    }
    fn bytes(&self) -> usize {
        let heads = match &self.heads {
            Heads::Direct(h) => h.capacity() * 4,
            Heads::Hashed(t) => t.capacity() * 5,
            Heads::Lists(l) => l.capacity() * size_of::<List>() + self.entries * 6,
        };
        heads + self.next.capacity() * 4
    }
    fn add(&mut self, row: u32, rows: &[Val], arity: usize, round: u32) {
        if let Heads::Lists(lists) = &mut self.heads {
            let Some([a, b]) = rows.get(row as usize * 2..row as usize * 2 + 2) else { return };
            let (key, other) = if self.columns == 1 { (a.bits(), b.bits()) } else { (b.bits(), a.bits()) };
            if lists.len() <= key as usize {
                lists.resize_with(key as usize + 1, List::default);
            }
            if let Some(l) = lists.get_mut(key as usize) {
                l.add(other, round);
                self.entries += 1;
            }
            return;
        }
        let single = match &self.heads {
            Heads::Direct(_) => self.key(row, rows, arity).next(),
            _ => None,
        };
        if let (Heads::Direct(heads), Some(v)) = (&mut self.heads, single) {
            let at = v.bits();
            if at < DIRECT {
                if heads.len() <= at as usize {
                    heads.resize(at as usize + 1, NO_ROW);
                }
                if let Some(h) = heads.get_mut(at as usize) {
                    self.next.push(*h);
                    *h = row;
                }
                return;
            }
            // a key that is no small number: from here on by hash
            let mut table = HashTable::new();
            let this = Index { columns: self.columns, heads: Heads::Hashed(HashTable::new()), next: vec![], entries: 0 };
            let hash_of = |r: &u32| hash(this.key(*r, rows, arity));
            for h in heads.iter().filter(|h| **h != NO_ROW) {
                table.insert_unique(hash_of(h), *h, hash_of);
            }
            self.heads = Heads::Hashed(table);
        }
        let columns = self.columns;
        let key = |r: u32| {
            let row = rows.get(r as usize * arity..(r as usize + 1) * arity).unwrap_or(&[]);
            row.iter().enumerate().filter(move |(c, _)| columns >> c & 1 == 1).map(|(_, v)| *v)
        };
        let Heads::Hashed(table) = &mut self.heads else { return };
        let entry = table.entry(hash(key(row)), |r| key(*r).eq(key(row)), |r| hash(key(*r)));
        match entry {
            hashbrown::hash_table::Entry::Occupied(mut e) => {
                self.next.push(*e.get());
                *e.get_mut() = row;
            }
            hashbrown::hash_table::Entry::Vacant(e) => {
                e.insert(row);
                self.next.push(NO_ROW);
            }
        }
    }
}

/// Whether a way of combining is improving (and so may recur).
pub fn improves(combine: Combine) -> bool {
    combine != Combine::One
}
