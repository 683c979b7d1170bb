//! A sample of what is too many to be tried: each as likely as any other, the same for the same seed. Filled by propose.

/// So many things, of however many came by (reservoir sampling: Vitter 1985, algorithm R).
pub(super) struct Sample<T> {
    most: usize,
    seen: u64,
    state: u64,
    kept: Vec<(u64, T)>,
}

impl<T> Sample<T> {
    /// Of so many things at most.
    pub(super) fn new(most: usize, seed: u64) -> Sample<T> {
        Sample { most, seen: 0, state: seed, kept: vec![] }
    }
    /// The next one comes by; it is made only if it is kept.
    pub(super) fn offer(&mut self, make: impl FnOnce() -> T) {
        let n = self.seen;
        self.seen += 1;
        if self.kept.len() < self.most {
            return self.kept.push((n, make()));
        }
        let place = self.random() % self.seen;
        if let Some(slot) = usize::try_from(place).ok().and_then(|p| self.kept.get_mut(p)) {
            *slot = (n, make());
        }
    }
    /// How many came by.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }
    /// What was kept, in the order in which it came.
    pub(super) fn kept(mut self) -> Vec<T> {
        self.kept.sort_by_key(|k| k.0);
        self.kept.into_iter().map(|k| k.1).collect()
    }
    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(most: usize, of: u32, seed: u64) -> Vec<u32> {
        let mut s = Sample::new(most, seed);
        (0..of).for_each(|n| s.offer(|| n));
        assert_eq!(s.seen(), u64::from(of));
        s.kept()
    }

    #[test]
    fn all_if_they_are_few_and_in_their_order() {
        assert_eq!(sample(10, 7, 1), (0..7).collect::<Vec<_>>());
        assert_eq!(sample(0, 7, 1), [0u32; 0]);
        let some = sample(10, 1000, 1);
        assert!(some.len() == 10 && some.is_sorted() && some[9] > 100);
        assert_eq!(some, sample(10, 1000, 1));
        assert_ne!(some, sample(10, 1000, 2));
    }

    #[test]
    fn each_is_as_likely_as_any_other() {
        let mut counts = [0u32; 20];
        (0..8000).for_each(|seed| sample(5, 20, seed).iter().for_each(|n| counts[*n as usize] += 1));
        // 2,000 each are expected, with a deviation of 39
        assert!(counts.iter().all(|c| (1800..2200).contains(c)), "{counts:?}");
    }
}
