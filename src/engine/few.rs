//! Sets of at most 128 worlds, without faults: two words, copied about. What meets a fault is run again with `Worlds`.
use super::annotation::{Annotation, Before, Many};

/// A set of worlds that is not empty, by their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Few([u64; 2]);

impl Few {
    /// So many worlds can be told apart.
    pub const MOST: u32 = 128;

    fn new(bits: [u64; 2]) -> Option<Few> {
        (bits != [0, 0]).then_some(Few(bits))
    }
    fn of(bits: u128) -> Option<Few> {
        Few::new([bits as u64, (bits >> 64) as u64])
    }
    fn bits(self) -> u128 {
        u128::from(self.0[0]) | u128::from(self.0[1]) << 64
    }
    fn minus(self, other: Few) -> Option<Few> {
        let ([a, b], [c, d]) = (self.0, other.0);
        Few::new([a & !c, b & !d])
    }
}

impl Annotation for Few {
    const PLAIN: bool = false;
    const FAULTS: bool = false;
    #[inline]
    fn and(&self, other: &Self) -> Option<Self> {
        let ([a, b], [c, d]) = (self.0, other.0);
        Few::new([a & c, b & d])
    }
    #[inline]
    fn or(&mut self, other: &Self) -> Option<Self> {
        let new = other.minus(*self);
        let ([a, b], [c, d]) = (self.0, other.0);
        self.0 = [a | c, b | d];
        new
    }
    fn possible(&self) -> Self {
        *self
    }
    fn certain(&self) -> Option<Self> {
        Some(*self)
    }
    fn except_certain(&self, other: Option<&Self>) -> Option<Self> {
        other.map_or(Some(*self), |o| self.minus(*o))
    }
    fn not(&self, other: Option<&Self>) -> Option<Self> {
        self.except_certain(other)
    }
    fn faulty(&self) -> Option<(Self, u32)> {
        None
    }
    fn blame(&self, _: u32) -> Self {
        *self
    }
    fn before(&self, how: Before) -> Option<Self> {
        match how {
            Before::First => Few::of(1),
            Before::Further(n) => self.bits().checked_shl(n).and_then(Few::of),
        }
    }
    fn after(&self, how: Before) -> Option<Self> {
        match how {
            Before::First => self.at(0).map(|_| Few::all(Few::MOST)),
            Before::Further(n) => self.bits().checked_shr(n).and_then(Few::of),
        }
    }
}

impl Many for Few {
    fn all(size: u32) -> Self {
        let part = |n: u32| if n >= 64 { u64::MAX } else { (1u64 << n) - 1 };
        Few([part(size), part(size.saturating_sub(64))])
    }
    fn these(&self, list: &[u32]) -> Option<Self> {
        let wanted = list.iter().fold(0u128, |all, w| all | 1u128.checked_shl(*w).unwrap_or(0));
        Few::of(self.bits() & wanted)
    }
    fn at(&self, world: u32) -> Option<bool> {
        (self.bits().checked_shr(world).unwrap_or(0) & 1 == 1).then_some(true)
    }
    fn fault(&self) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::super::worlds::Worlds;
    use super::*;

    /// The worlds of a set, among those that there are.
    fn list<A: Many>(a: Option<A>, size: u32) -> Vec<u32> {
        (0..size).filter(|w| a.as_ref().is_some_and(|a| a.at(*w) == Some(true))).collect()
    }

    #[test]
    fn agrees_with_sets_of_any_size() {
        let mut x = 88172645463325252u64;
        let mut next = |n: u64| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 20) % n
        };
        for size in [1, 2, 63, 64, 65, 127, 128] {
            for _ in 0..500 {
                let share = [3, 50, 97][next(3) as usize];
                let mut part = || (0..size).filter(|_| next(100) < share).collect::<Vec<u32>>();
                let (one, two) = (part(), part());
                let far = next(u64::from(size) + 1) as u32;
                let small = [&one, &two].map(|l| Few::all(size).these(l));
                let large = [&one, &two].map(|l| Worlds::all(size).these(l));
                assert_eq!(small.map(|s| s.is_none()), [one.is_empty(), two.is_empty()]);
                let ([Some(a), Some(b)], [Some(c), Some(d)]) = (small, large) else { continue };
                assert_eq!(list(Some(a), size), one);
                assert_eq!(list(a.and(&b), size), list(c.and(&d), size));
                let (mut both, mut all) = (a, c.clone());
                assert_eq!(list(both.or(&b), size), list(all.or(&d), size));
                assert_eq!(list(Some(both), size), list(Some(all), size));
                assert_eq!(list(a.not(Some(&b)), size), list(c.not(Some(&d)), size));
                assert_eq!(list(a.except_certain(Some(&b)), size), list(c.except_certain(Some(&d)), size));
                for how in [Before::First, Before::Further(far)] {
                    assert_eq!(list(a.before(how), size), list(c.before(how), size), "{size} {how:?}");
                    assert_eq!(list(a.after(how), size), list(c.after(how), size), "{size} {how:?}");
                }
            }
        }
    }
}
