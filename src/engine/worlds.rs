//! Sets of worlds, and the annotation that is made of them. All or none with a sorted list of exceptions; bits where that is long, or
//! where all worlds fit into two words.
//!
//! Most facts hold in all worlds or in all but a few, so a set is small whatever the number of worlds (presence conditions: Shahin,
//! Chechik and Salay 2019).
use super::annotation::{Annotation, Before, Many};
use std::sync::Arc;

/// A list of exceptions is at most so long.
const LIST: usize = 64;

/// A set of the worlds `0..size`. Each set has one form, so equal sets are equal values.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    /// All but these, or none but these: ascending, no more than half of all.
    Except(bool, Option<Arc<[u32]>>),
    /// Of at most 128 worlds neither all nor none: bits.
    Small([u64; 2]),
    /// Of more worlds, where the list would be long: bits.
    Dense(Arc<[u64]>),
}

/// So many worlds fit in a small set.
const SMALL: u32 = 128;

/// The bits of all of so many worlds, 128 at most.
fn mask(size: u32) -> [u64; 2] {
    let part = |n: u32| if n >= 64 { u64::MAX } else { (1u64 << n) - 1 };
    [part(size), part(size.saturating_sub(64))]
}

fn small(bits: [u64; 2], size: u32) -> Set {
    if bits == [0, 0] {
        NONE
    } else if bits == mask(size) {
        ALL
    } else {
        Set::Small(bits)
    }
}

const ALL: Set = Set::Except(true, None);
const NONE: Set = Set::Except(false, None);

impl Set {
    fn listed(full: bool, list: Vec<u32>, size: u32) -> Set {
        if list.is_empty() {
            return Set::Except(full, None);
        }
        if size <= SMALL {
            let mut bits = if full { mask(size) } else { [0, 0] };
            list.iter().for_each(|w| flip(&mut bits, *w));
            return small(bits, size);
        }
        if list.len() > LIST {
            let mut bits = words(size, full);
            list.iter().for_each(|w| flip(&mut bits, *w));
            return Set::of_bits(bits, size);
        }
        let n = list.len() * 2;
        if n > size as usize || (n == size as usize && full) {
            // the other form is shorter
            let mut others = Vec::with_capacity(size as usize - list.len());
            let mut rest = list.iter().copied().peekable();
            for w in 0..size {
                if rest.peek() == Some(&w) {
                    rest.next();
                } else {
                    others.push(w);
                }
            }
            return Set::listed(!full, others, size);
        }
        Set::Except(full, Some(list.into()))
    }
    fn of_bits(bits: Vec<u64>, size: u32) -> Set {
        let there: usize = bits.iter().map(|w| w.count_ones() as usize).sum();
        let missing = size as usize - there.min(size as usize);
        if there.min(missing) > LIST {
            return Set::Dense(bits.into());
        }
        let full = missing < there;
        let mut list = Vec::with_capacity(there.min(missing));
        for w in 0..size {
            if bit(&bits, w) != full {
                list.push(w);
            }
        }
        Set::listed(full, list, size)
    }
    fn bits(&self, size: u32) -> Vec<u64> {
        match self {
            Set::Dense(b) => b.to_vec(),
            Set::Small(b) => b.to_vec(),
            Set::Except(full, list) => {
                let mut bits = words(size, *full);
                list.iter().flat_map(|l| l.iter()).for_each(|w| flip(&mut bits, *w));
                bits
            }
        }
    }
    fn is_empty(&self) -> bool {
        *self == NONE
    }
    fn has(&self, w: u32) -> bool {
        match self {
            Set::Dense(b) => bit(b, w),
            Set::Small(b) => bit(b, w),
            Set::Except(full, None) => *full,
            Set::Except(full, Some(list)) => list.binary_search(&w).is_ok() != *full,
        }
    }
    fn and(&self, other: &Set, size: u32) -> Set {
        match (self, other) {
            (Set::Except(true, None), x) | (x, Set::Except(true, None)) => x.clone(),
            (Set::Except(false, None), _) | (_, Set::Except(false, None)) => NONE,
            (Set::Small([a, b]), Set::Small([c, d])) => small([a & c, b & d], size),
            (Set::Except(f, Some(a)), Set::Except(g, Some(b))) => {
                if f == g && Arc::ptr_eq(a, b) {
                    return self.clone();
                }
                let list = match (f, g) {
                    (true, true) => merged(a, b, |_, _| true),
                    (false, false) => merged(a, b, |x, y| x && y),
                    (false, true) => merged(a, b, |x, y| x && !y),
                    (true, false) => merged(a, b, |x, y| y && !x),
                };
                Set::listed(*f && *g, list, size)
            }
            _ => {
                let (mut a, b) = (self.bits(size), other.bits(size));
                a.iter_mut().zip(&b).for_each(|(x, y)| *x &= y);
                Set::of_bits(a, size)
            }
        }
    }
    fn not(&self, size: u32) -> Set {
        match self {
            Set::Except(full, None) => Set::Except(!full, None),
            Set::Small([a, b]) => {
                let [x, y] = mask(size);
                Set::Small([!a & x, !b & y])
            }
            // of two halves one form is the one
            Set::Except(full, Some(list)) if list.len() * 2 < size as usize => Set::Except(!full, Some(list.clone())),
            Set::Except(full, Some(list)) => Set::listed(!full, list.to_vec(), size),
            Set::Dense(b) => {
                let all = words(size, true);
                Set::Dense(b.iter().zip(&all).map(|(x, all)| !x & all).collect())
            }
        }
    }
    fn or(&self, other: &Set, size: u32) -> Set {
        match (self, other) {
            (Set::Except(true, None), _) | (_, Set::Except(true, None)) => ALL,
            (Set::Except(false, None), x) | (x, Set::Except(false, None)) => x.clone(),
            (Set::Small([a, b]), Set::Small([c, d])) => small([a | c, b | d], size),
            _ => self.not(size).and(&other.not(size), size).not(size),
        }
    }
    fn minus(&self, other: &Set, size: u32) -> Set {
        match other {
            Set::Except(false, None) => self.clone(),
            Set::Except(true, None) => NONE,
            Set::Small([c, d]) => match self {
                Set::Small([a, b]) => small([a & !c, b & !d], size),
                _ => self.and(&other.not(size), size),
            },
            _ => self.and(&other.not(size), size),
        }
    }
    /// Members as they are seen from the worlds before (`back`) or behind them.
    fn shifted(&self, how: Before, back: bool, size: u32) -> Set {
        match how {
            Before::First if back => match self.is_empty() {
                true => NONE,
                false => Set::listed(false, vec![0], size),
            },
            Before::First => Set::Except(self.has(0), None),
            Before::Further(n) => {
                let mut list = Vec::new();
                for w in 0..size {
                    let to = if back { w.checked_add(n) } else { w.checked_sub(n) };
                    if let Some(to) = to.filter(|to| *to < size && self.has(w)) {
                        list.push(to);
                    }
                }
                Set::listed(false, list, size)
            }
        }
    }
}

fn words(size: u32, full: bool) -> Vec<u64> {
    let n = size.div_ceil(64) as usize;
    let mut words = vec![if full { u64::MAX } else { 0 }; n];
    let rest = size % 64;
    if let Some(last) = words.last_mut().filter(|_| full && rest > 0) {
        *last = (1 << rest) - 1;
    }
    words
}
fn flip(bits: &mut [u64], w: u32) {
    if let Some(x) = bits.get_mut(w as usize / 64) {
        *x ^= 1 << (w % 64);
    }
}
fn bit(bits: &[u64], w: u32) -> bool {
    bits.get(w as usize / 64).is_some_and(|x| x >> (w % 64) & 1 == 1)
}

/// Two ascending lists, and which of what stands in either is wanted.
fn merged(a: &[u32], b: &[u32], wanted: impl Fn(bool, bool) -> bool) -> Vec<u32> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    loop {
        let (x, y) = (a.get(i), b.get(j));
        let least = match (x, y) {
            (None, None) => return out,
            (Some(x), None) => *x,
            (None, Some(y)) => *y,
            (Some(x), Some(y)) => *x.min(y),
        };
        let (from_a, from_b) = (x == Some(&least), y == Some(&least));
        i += usize::from(from_a);
        j += usize::from(from_b);
        if wanted(from_a, from_b) {
            out.push(least);
        }
    }
}

/// In which of many worlds something holds, with faults. One fault stands for all.
#[derive(Clone, Debug)]
pub struct Worlds {
    certain: Set,
    /// The same, if it is none.
    possible: Option<Set>,
    fault: u32,
    size: u32,
}

impl PartialEq for Worlds {
    fn eq(&self, other: &Self) -> bool {
        (&self.certain, &self.possible) == (&other.certain, &other.possible)
    }
}

impl Worlds {
    fn open(&self) -> &Set {
        self.possible.as_ref().unwrap_or(&self.certain)
    }
    fn set(&self, set: Set) -> Option<Worlds> {
        (!set.is_empty()).then_some(Worlds { certain: set, possible: None, fault: self.fault, size: self.size })
    }
    fn pair(certain: Set, possible: Set, fault: u32, size: u32) -> Option<Worlds> {
        if possible.is_empty() {
            return None;
        }
        let possible = (certain != possible).then_some(possible);
        Some(Worlds { certain, possible, fault, size })
    }
    fn blamed(&self, other: &Self) -> u32 {
        if self.possible.is_some() { self.fault } else { other.fault }
    }
}

impl Annotation for Worlds {
    const PLAIN: bool = false;
    fn and(&self, other: &Self) -> Option<Self> {
        let n = self.size;
        let certain = self.certain.and(&other.certain, n);
        if self.possible.is_none() && other.possible.is_none() {
            return (!certain.is_empty()).then_some(Worlds { certain, possible: None, fault: 0, size: n });
        }
        Worlds::pair(certain, self.open().and(other.open(), n), self.blamed(other), n)
    }
    fn or(&mut self, other: &Self) -> Option<Self> {
        let n = self.size;
        if self.possible.is_none() && other.possible.is_none() {
            if let (Set::Small([a, b]), Set::Small([c, d])) = (&self.certain, &other.certain) {
                let new = small([c & !a, d & !b], n);
                if new.is_empty() {
                    return None;
                }
                self.certain = small([a | c, b | d], n);
                return Some(Worlds { certain: new, possible: None, fault: 0, size: n });
            }
            if self.certain == ALL || self.certain == other.certain {
                return None;
            }
            let new = other.certain.minus(&self.certain, n);
            if new.is_empty() {
                return None;
            }
            self.certain = self.certain.or(&other.certain, n);
            return Some(Worlds { certain: new, possible: None, fault: 0, size: n });
        }
        let (c, p) = (other.certain.minus(&self.certain, n), other.open().minus(self.open(), n));
        let fault = self.blamed(other);
        let certain = self.certain.or(&other.certain, n);
        let possible = self.open().or(other.open(), n);
        *self = Worlds { possible: (certain != possible).then_some(possible), certain, fault, size: n };
        let p = p.or(&c, n);
        Worlds::pair(c, p, other.fault, n)
    }
    fn possible(&self) -> Self {
        Worlds { certain: self.open().clone(), possible: None, fault: self.fault, size: self.size }
    }
    fn certain(&self) -> Option<Self> {
        self.set(self.certain.clone())
    }
    fn except_certain(&self, other: Option<&Self>) -> Option<Self> {
        match other {
            None => self.set(self.open().clone()),
            Some(o) => self.set(self.open().minus(&o.certain, self.size)),
        }
    }
    fn not(&self, other: Option<&Self>) -> Option<Self> {
        let Some(o) = other else { return self.set(self.open().clone()) };
        let certain = self.open().minus(o.open(), self.size);
        let possible = if o.possible.is_none() { certain.clone() } else { self.open().minus(&o.certain, self.size) };
        Worlds::pair(certain, possible, o.fault, self.size)
    }
    fn faulty(&self) -> Option<(Self, u32)> {
        let p = self.possible.as_ref()?;
        self.set(p.minus(&self.certain, self.size)).map(|m| (m, self.fault))
    }
    fn blame(&self, fault: u32) -> Self {
        Worlds { certain: NONE, possible: Some(self.open().clone()), fault, size: self.size }
    }
    fn before(&self, how: Before) -> Option<Self> {
        let certain = self.certain.shifted(how, true, self.size);
        let possible = self.possible.as_ref().map_or_else(|| certain.clone(), |p| p.shifted(how, true, self.size));
        Worlds::pair(certain, possible, self.fault, self.size)
    }
    fn after(&self, how: Before) -> Option<Self> {
        let certain = self.certain.shifted(how, false, self.size);
        let possible = self.possible.as_ref().map_or_else(|| certain.clone(), |p| p.shifted(how, false, self.size));
        Worlds::pair(certain, possible, self.fault, self.size)
    }
}

impl Many for Worlds {
    fn all(size: u32) -> Worlds {
        Worlds { certain: ALL, possible: None, fault: 0, size }
    }
    fn these(&self, list: &[u32]) -> Option<Worlds> {
        let mut list: Vec<u32> = list.iter().copied().filter(|w| *w < self.size).collect();
        list.sort_unstable();
        list.dedup();
        let set = Set::listed(false, list, self.size);
        self.set(set)
    }
    fn at(&self, world: u32) -> Option<bool> {
        match (self.certain.has(world), &self.possible) {
            (true, _) => Some(true),
            (false, Some(p)) if p.has(world) => Some(false),
            _ => None,
        }
    }
    fn fault(&self) -> u32 {
        self.fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    type Plain = (BTreeSet<u32>, BTreeSet<u32>);

    fn plain(a: Option<&Worlds>, size: u32) -> Plain {
        let pick = |wanted: &dyn Fn(Option<bool>) -> bool| (0..size).filter(|w| wanted(a.and_then(|a| a.at(*w)))).collect();
        (pick(&|x| x == Some(true)), pick(&|x| x.is_some()))
    }

    fn random(x: &mut u64, size: u32) -> Option<Worlds> {
        let mut next = |n: u64| {
            *x ^= *x << 13;
            *x ^= *x >> 7;
            *x ^= *x << 17;
            (*x >> 20) % n
        };
        let all = Worlds::all(size);
        let mut part = |share: u64| -> Vec<u32> { (0..size).filter(|_| next(100) < share).collect() };
        let (few, many, half) = (part(3), part(97), part(50));
        let some = match next(3) {
            0 => all.these(&few),
            1 => all.these(&many),
            _ => all.these(&half),
        };
        if next(2) == 0 {
            return some;
        }
        let doubtful = all.these(&(0..size).filter(|_| next(4) == 0).collect::<Vec<_>>()).map(|d| d.blame(7));
        match (some, doubtful) {
            (Some(mut s), Some(d)) => {
                s.or(&d);
                Some(s)
            }
            (s, d) => s.or(d),
        }
    }

    #[test]
    fn agrees_with_plain_sets_of_every_size() {
        let mut x = 88172645463325252u64;
        for size in [1, 2, 3, 7, 64, 65, 128, 129, 130, 131, 300, 1000] {
            for _ in 0..400 {
                let (Some(a), Some(b)) = (random(&mut x, size), random(&mut x, size)) else { continue };
                let ((ac, ap), (bc, bp)) = (plain(Some(&a), size), plain(Some(&b), size));
                let all: BTreeSet<u32> = (0..size).collect();
                assert_eq!(plain(a.and(&b).as_ref(), size), (&ac & &bc, &ap & &bp));
                let mut both = a.clone();
                let new = both.or(&b);
                assert_eq!(plain(Some(&both), size), (&ac | &bc, &ap | &bp));
                assert_eq!(plain(new.as_ref(), size), (&bc - &ac, &(&bp - &ap) | &(&bc - &ac)));
                assert_eq!(plain(Worlds::all(size).not(Some(&a)).as_ref(), size), (&all - &ap, &all - &ac));
                assert_eq!(plain(b.possible().except_certain(Some(&a)).as_ref(), size), (&bp - &ac, &bp - &ac));
                assert_eq!(plain(a.faulty().map(|f| f.0).as_ref(), size), (&ap - &ac, &ap - &ac));
                // equal sets are equal values, however they came about
                let mut same = b.clone();
                same.or(&a);
                assert_eq!(same, both);
                let list: Vec<u32> = ac.iter().copied().collect();
                assert_eq!(Worlds::all(size).these(&list), a.certain());
                let n = size / 2;
                let far: BTreeSet<u32> = ac.iter().map(|w| w + n).filter(|w| *w < size).collect();
                assert_eq!(plain(a.before(Before::Further(n)).as_ref(), size).0, far);
                let near: BTreeSet<u32> = ac.iter().filter_map(|w| w.checked_sub(n)).collect();
                assert_eq!(plain(a.after(Before::Further(n)).as_ref(), size).0, near);
                assert_eq!(a.after(Before::First).is_some(), a.at(0).is_some());
            }
        }
    }
}
