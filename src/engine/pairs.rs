//! A set of pairs of nodes, by the first: a short list, then a hash table, then bits, as a row fills. Used by relations of two nodes in one world.
use hashbrown::HashTable;

/// The second nodes of one first node.
#[derive(Clone, Debug)]
enum Row {
    Short(Vec<u32>),
    Table(HashTable<u32>),
    Bits(Box<[u64]>),
}

/// The set.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    rows: Vec<Row>,
    nodes: u32,
    bytes: u64,
}

/// How long a list may be: two cache lines.
const SHORT: usize = 32;

fn hash(x: u32) -> u64 {
    u64::from(x).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Pairs {
    /// An empty set over so many nodes.
    pub fn new(nodes: u32) -> Self {
        Pairs { rows: vec![], nodes, bytes: 0 }
    }
    /// An estimate of the bytes it takes.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.rows.capacity() as u64 * size_of::<Row>() as u64
    }
    /// Whether a pair is in it.
    pub fn contains(&self, a: u32, b: u32) -> bool {
        match self.rows.get(a as usize) {
            None => false,
            Some(Row::Short(list)) => list.contains(&b),
            Some(Row::Table(t)) => t.find(hash(b), |x| *x == b).is_some(),
            Some(Row::Bits(words)) => words.get(b as usize / 64).is_some_and(|w| w >> (b % 64) & 1 == 1),
        }
    }
    /// Adds a pair; gives whether it is new.
    #[inline]
    pub fn insert(&mut self, a: u32, b: u32) -> bool {
        if self.rows.len() <= a as usize {
            self.rows.resize(a as usize + 1, Row::Short(vec![]));
        }
        let Some(row) = self.rows.get_mut(a as usize) else { return false };
        match row {
            Row::Bits(words) => match words.get_mut(b as usize / 64) {
                Some(w) => {
                    let bit = 1 << (b % 64);
                    let new = *w & bit == 0;
                    *w |= bit;
                    new
                }
                None => false,
            },
            Row::Short(list) => {
                if list.contains(&b) {
                    return false;
                }
                if list.len() < SHORT {
                    list.push(b);
                    self.bytes += 5;
                    return true;
                }
                let mut t = HashTable::with_capacity(SHORT * 2);
                for x in list.iter().copied().chain([b]) {
                    t.insert_unique(hash(x), x, |x| hash(*x));
                }
                self.bytes += 256;
                *row = if (self.nodes as usize) < SHORT * 256 { bits(&t, self.nodes) } else { Row::Table(t) };
                true
            }
            Row::Table(t) => {
                if t.find(hash(b), |x| *x == b).is_some() {
                    return false;
                }
                t.insert_unique(hash(b), b, |x| hash(*x));
                self.bytes += 8;
                // bits take a bit for each node, the table about eight bytes for each member
                if t.len() * 128 >= self.nodes as usize {
                    self.bytes += u64::from(self.nodes / 8);
                    *row = bits(t, self.nodes);
                }
                true
            }
        }
    }
}

fn bits(t: &HashTable<u32>, nodes: u32) -> Row {
    let mut words = vec![0u64; nodes as usize / 64 + 1].into_boxed_slice();
    for x in t {
        if let Some(w) = words.get_mut(*x as usize / 64) {
            *w |= 1 << (x % 64);
        }
    }
    Row::Bits(words)
}

#[cfg(test)]
mod tests {
    use super::Pairs;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_a_plain_set_in_every_shape_of_row() {
        for nodes in [10u32, 1000, 20_000] {
            let (mut pairs, mut plain) = (Pairs::new(nodes), BTreeSet::new());
            let mut x = 88172645463325252u64;
            for _ in 0..20_000 {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                let (a, b) = ((x % 7) as u32, ((x >> 32) % u64::from(nodes)) as u32);
                assert_eq!(pairs.contains(a, b), plain.contains(&(a, b)));
                assert_eq!(pairs.insert(a, b), plain.insert((a, b)));
            }
        }
    }
}
