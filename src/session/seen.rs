//! Which ids a trace has had: whole numbers by their bits, so that numbered events take next to nothing; other texts by their hash, so
//! that two may be taken for one. Asked by stream.
use crate::scalar::KindId;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::hash::BuildHasher;

/// The ids that were seen.
#[derive(Default)]
pub(super) struct Seen {
    /// By kind and the number without its last six bits.
    numbers: FxHashMap<(KindId, u64), u64>,
    others: FxHashSet<u64>,
}

impl Seen {
    /// Notes an id. Gives whether it is new; what is said to be known may be another of the same hash.
    pub(super) fn note(&mut self, kind: KindId, id: &str) -> bool {
        let Some(n) = number(id) else { return self.others.insert(FxBuildHasher.hash_one((kind.0, id))) };
        let bits = self.numbers.entry((kind, n >> 6)).or_default();
        let bit = 1 << (n & 63);
        let new = *bits & bit == 0;
        *bits |= bit;
        new
    }
}

/// The number that is written so, and only so.
fn number(id: &str) -> Option<u64> {
    let digits = (1..=19).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    (digits && (id.len() == 1 || !id.starts_with('0'))).then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn is_a_set_of_ids() {
        let mut seen = Seen::default();
        let mut all = BTreeSet::new();
        let odd = ["0", "00", "01", "1", "+1", "-1", "", "9999999999999999999", "18446744073709551616", "1 ", "a", "٣"];
        let many = (0..500).map(|n| (n * 7919 % 300).to_string());
        for id in odd.into_iter().map(String::from).chain(many).chain(odd.map(String::from)) {
            for kind in [KindId(0), KindId(1)] {
                assert_eq!(seen.note(kind, &id), all.insert((kind, id.clone())), "{id}");
            }
        }
        assert!(seen.others.len() <= 2 * odd.len());
    }
}
