//! Sums of floats that are exact and rounded once, so that order, threads and sliding windows cannot change them. Used by aggregates.
use super::expression::{Fault, FaultKind};

/// A sum that loses nothing: a fixed-point number in units of 2^-1074 with 32 bits to a limb, of which only the limbs in use
/// are kept. What was added can be subtracted again, and parts can be merged, in any order.
///
/// Two sums of the same values may hold them differently; compare their [`ExactSum::result`].
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ExactSum {
    /// The limb that `limbs` begins with.
    low: usize,
    /// Digits of base 2^32 with room above: each takes 2^30 additions before carries must be settled.
    limbs: Vec<i64>,
    /// How often a digit may have grown by up to 2^32 since then.
    grown: u32,
    /// How many values were infinite or not numbers.
    improper: i64,
}

/// The exponent of the lowest bit of a float.
const UNIT: i32 = -1074;
const ROOM: u32 = 1 << 30;

impl ExactSum {
    /// Nothing yet: zero.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a float.
    pub fn add(&mut self, x: f64) {
        self.put(x, false);
    }
    /// Takes away a float that was added.
    pub fn subtract(&mut self, x: f64) {
        self.put(x, true);
    }
    /// Adds a whole number, exactly.
    pub fn add_int(&mut self, i: i64) {
        self.digits(i < 0, i.unsigned_abs(), (-UNIT) as usize);
    }
    /// Takes away a whole number that was added.
    pub fn subtract_int(&mut self, i: i64) {
        self.digits(i >= 0, i.unsigned_abs(), (-UNIT) as usize);
    }
    /// Adds all that another sum holds.
    pub fn merge(&mut self, other: &ExactSum) {
        self.combine(other, 1);
    }
    /// Takes away all that another sum holds.
    pub fn remove(&mut self, other: &ExactSum) {
        self.combine(other, -1);
    }

    fn put(&mut self, x: f64, away: bool) {
        if !x.is_finite() {
            self.improper += if away { -1 } else { 1 };
            return;
        }
        let bits = x.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as usize, bits & ((1 << 52) - 1));
        // subnormals have the exponent of the smallest normals, without the hidden bit
        let (mantissa, position) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        self.digits((x < 0.0) != away, mantissa, position);
    }

    /// Adds a number of up to 64 bits at a bit position.
    fn digits(&mut self, negative: bool, number: u64, position: usize) {
        if number == 0 {
            return;
        }
        if self.grown >= ROOM {
            self.settle();
        }
        self.grown += 1;
        let first = position / 32;
        self.reach(first, first + 3);
        let wide = u128::from(number) << (position % 32);
        let start = first - self.low;
        for (i, limb) in self.limbs.iter_mut().skip(start).take(3).enumerate() {
            let digit = (wide >> (32 * i)) as u32;
            *limb += if negative { -i64::from(digit) } else { i64::from(digit) };
        }
    }

    /// Makes the limbs `from..to` exist.
    fn reach(&mut self, from: usize, to: usize) {
        if self.limbs.is_empty() {
            self.low = from;
        }
        if from < self.low {
            let more = self.low - from;
            self.limbs.splice(0..0, std::iter::repeat_n(0, more));
            self.low = from;
        }
        if to > self.low + self.limbs.len() {
            self.limbs.resize(to - self.low, 0);
        }
    }

    /// Carries: every limb but the highest becomes a digit of base 2^32; the highest has the sign of the sum.
    fn settle(&mut self) {
        let mut carry = 0i64;
        if let Some((_, lower)) = self.limbs.split_last_mut() {
            for limb in lower {
                let sum = *limb + carry;
                *limb = sum & 0xffff_ffff;
                carry = sum >> 32;
            }
        }
        if let Some(mut top) = self.limbs.pop() {
            top += carry;
            while top >> 32 != 0 && top >> 32 != -1 {
                self.limbs.push(top & 0xffff_ffff);
                top >>= 32;
            }
            self.limbs.push(top);
        }
        self.grown = 1;
    }

    fn combine(&mut self, other: &ExactSum, sign: i64) {
        self.improper += sign * other.improper;
        if other.limbs.is_empty() {
            return;
        }
        if self.grown.saturating_add(other.grown) >= ROOM {
            self.settle();
        }
        self.reach(other.low, other.low + other.limbs.len());
        let start = other.low - self.low;
        for (mine, theirs) in self.limbs.iter_mut().skip(start).zip(&other.limbs) {
            *mine += sign * theirs;
        }
        self.grown = self.grown.saturating_add(other.grown);
    }

    /// The sum, rounded once (halves to even).
    pub fn result(&self) -> Result<f64, Fault> {
        self.divided(1)
    }
    /// The sum divided by a count, rounded once; zero for a count of 0.
    pub fn mean(&self, count: u32) -> Result<f64, Fault> {
        self.divided(count.max(1))
    }

    fn divided(&self, by: u32) -> Result<f64, Fault> {
        if self.improper != 0 {
            return Err(Fault::new(FaultKind::Overflow, "a sum with an infinite Float in it"));
        }
        let mut exact = self.clone();
        exact.settle();
        let negative = exact.limbs.last().is_some_and(|l| *l < 0);
        if negative {
            exact.limbs.iter_mut().for_each(|l| *l = -*l);
            exact.settle();
        }
        // a quotient needs digits below those of the sum to be rounded
        let below = if by == 1 { 0 } else { 4 };
        let mut digits = vec![0u32; below];
        digits.extend(exact.limbs.iter().map(|l| *l as u32));
        let mut left = 0u64;
        for digit in digits.iter_mut().rev() {
            let part = left << 32 | u64::from(*digit);
            *digit = (part / u64::from(by)) as u32;
            left = part % u64::from(by);
        }
        let lowest = UNIT + 32 * (exact.low as i32 - below as i32);
        match rounded(&digits, lowest, left != 0) {
            Some(x) => Ok(if negative { -x } else { x + 0.0 }),
            None => Err(Fault::new(FaultKind::Overflow, "a sum that is too large for a Float")),
        }
    }
}

/// The float nearest to `digits` (base 2^32, lowest first) times 2^`lowest`, where `more` says that something nonzero is cut off below.
/// None if it is too large.
fn rounded(digits: &[u32], lowest: i32, more: bool) -> Option<f64> {
    let bit = |i: i32| i >= 0 && digits.get(i as usize / 32).is_some_and(|d| d >> (i % 32) & 1 == 1);
    let Some(top) = digits.iter().rposition(|d| *d != 0) else { return Some(0.0) };
    let top = top as i32 * 32 + 31 - digits.get(top)?.leading_zeros() as i32;
    // the lowest bit that the float keeps, as an index into the digits
    let keep = (top - 52).max(UNIT - lowest);
    let mut mantissa = (keep..=top).rev().fold(0u64, |m, i| m << 1 | u64::from(bit(i)));
    let half = bit(keep - 1);
    let rest = more || (0..(keep - 1).max(0)).any(bit);
    if half && (rest || mantissa & 1 == 1) {
        mantissa += 1;
    }
    // of a float in units of its lowest bit, the encoding is one addition: a carry out of the mantissa moves the exponent
    let exponent = u64::try_from(lowest + keep - UNIT).ok().filter(|e| *e < 2046)?;
    Some(f64::from_bits((exponent << 52) + mantissa)).filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that the tests are the same everywhere.
    struct Random(u64);
    impl Random {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
        }
        fn below(&mut self, n: u64) -> u64 {
            (self.next() >> 11) % n
        }
        /// Any finite float, all exponents alike.
        fn any(&mut self) -> f64 {
            loop {
                let x = f64::from_bits(self.next());
                if x.is_finite() {
                    return x;
                }
            }
        }
        fn shuffle(&mut self, v: &mut [f64]) {
            for i in (1..v.len()).rev() {
                v.swap(i, self.below(i as u64 + 1) as usize);
            }
        }
    }
    fn sum(values: &[f64]) -> Result<f64, Fault> {
        let mut s = ExactSum::new();
        values.iter().for_each(|x| s.add(*x));
        s.result()
    }

    #[test]
    fn the_sum_is_exact_and_rounded_once() {
        assert_eq!(sum(&[]), Ok(0.0));
        assert_eq!(sum(&[0.1; 10]), Ok(1.0));
        assert_eq!(sum(&[1e100, 1.0, -1e100]), Ok(1.0));
        assert_eq!(sum(&[1e308, 1e308, -1e308]), Ok(1e308));
        assert_eq!(sum(&[f64::MAX, f64::MAX]).unwrap_err().kind, FaultKind::Overflow);
        assert_eq!(sum(&[5e-324, 5e-324]), Ok(1e-323));
        assert_eq!(sum(&[-5e-324]), Ok(-5e-324));
        assert_eq!(sum(&[f64::MIN_POSITIVE, -5e-324]), Ok(f64::MIN_POSITIVE - 5e-324));
        // halves go to even, and anything below decides them
        let half = (2f64).powi(-53);
        assert_eq!(sum(&[1.0, half]), Ok(1.0));
        assert_eq!(sum(&[1.0, half, 5e-324]), Ok(1.0 + f64::EPSILON));
        assert_eq!(sum(&[1.0 + f64::EPSILON, half]), Ok(1.0 + 2.0 * f64::EPSILON));
        assert_eq!(sum(&[-1.0, -half, -5e-324]), Ok(-1.0 - f64::EPSILON));
        // the largest float, and half a step above it
        let step = (2f64).powi(969);
        assert_eq!(sum(&[f64::MAX, step]), Ok(f64::MAX));
        assert!(sum(&[f64::MAX, step, step]).is_err());
        assert!(sum(&[f64::MAX, step, 5e-324]).is_ok());
        assert!(sum(&[f64::MAX, step * 2.0]).is_err());
        assert!(sum(&[f64::MAX, step * 2.0, -5e-324]).is_ok());
    }

    #[test]
    fn one_value_is_itself() {
        let mut r = Random(7);
        for _ in 0..20_000 {
            let x = r.any();
            assert_eq!(sum(&[x]).unwrap().to_bits(), (x + 0.0).to_bits());
        }
    }

    #[test]
    fn two_values_are_added_as_the_machine_adds_them() {
        // one addition of the machine is rounded once, and so an independent judge
        let mut r = Random(8);
        for i in 0..50_000 {
            let x = r.any();
            let y = if i % 2 == 0 { r.any() } else { x * (r.below(4000) as f64 - 2000.0) / 1024.0 };
            if (x + y).is_finite() && y.is_finite() {
                assert_eq!(sum(&[x, y]).unwrap().to_bits(), (x + y + 0.0).to_bits(), "{x:e} + {y:e}");
            }
        }
    }

    #[test]
    fn sums_agree_with_fixed_point_and_any_order_gives_the_same_bits() {
        let mut r = Random(9);
        for _ in 0..2_000 {
            // multiples of 2^-20 below 2^40: their sum fits i128, and converting that rounds once
            let mut values = vec![];
            let mut fixed = 0i128;
            for _ in 0..r.below(40) {
                let shift = r.below(53);
                let n = (r.next() >> (11 + shift)) as i64 * if r.below(2) == 0 { 1 } else { -1 };
                fixed += i128::from(n);
                values.push(n as f64 / 1_048_576.0);
            }
            let expected = fixed as f64 / 1_048_576.0;
            for _ in 0..3 {
                r.shuffle(&mut values);
                assert_eq!(sum(&values).unwrap().to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn windows_that_slide_and_parts_that_merge_change_nothing() {
        let mut r = Random(10);
        let values: Vec<f64> = (0..400).map(|_| r.any() / 1e10).collect();
        let mut window = ExactSum::new();
        for (i, x) in values.iter().enumerate() {
            window.add(*x);
            if i >= 20 {
                window.subtract(values[i - 20]);
            }
            let plain = sum(&values[i.saturating_sub(19)..=i]);
            assert_eq!(window.result().map(f64::to_bits), plain.map(f64::to_bits));
        }
        for cut in [0, 1, 57, 399, 400] {
            let (mut a, mut b) = (ExactSum::new(), ExactSum::new());
            values[..cut].iter().for_each(|x| a.add(*x));
            values[cut..].iter().for_each(|x| b.add(*x));
            let mut both = b.clone();
            both.merge(&a);
            assert_eq!(both.result(), sum(&values));
            both.remove(&a);
            assert_eq!(both.result(), b.result());
        }
    }

    #[test]
    fn carries_are_settled_in_time() {
        let mut s = ExactSum::new();
        let mut plain = 0i128;
        let mut r = Random(11);
        for i in 0..10_000 {
            let x = r.next() as i64;
            plain += i128::from(x);
            s.add_int(x);
            if i % 100 == 0 {
                s.grown = ROOM;
            }
            let mut twin = s.clone();
            twin.settle();
            assert_eq!(twin.result(), Ok(plain as f64));
        }
        s.subtract_int(i64::MIN);
        s.add_int(i64::MIN);
        assert_eq!(s.result(), Ok(plain as f64));
        let mut doubled = s.clone();
        doubled.grown = ROOM - 1;
        doubled.merge(&s);
        assert_eq!(doubled.result(), Ok((2 * plain) as f64));
    }

    #[test]
    fn a_mean_is_rounded_once() {
        let mut s = ExactSum::new();
        s.add(1e308);
        s.add(1e308);
        s.add(1e308);
        assert!(s.result().is_err());
        assert_eq!(s.mean(3), Ok(1e308));
        let mut s = ExactSum::new();
        [5e-324, 0.0, 5e-324].iter().for_each(|x| s.add(*x));
        assert_eq!(s.mean(3), Ok(5e-324));
        assert_eq!(s.mean(4), Ok(0.0));
        let mut r = Random(12);
        for _ in 0..20_000 {
            // one division of the machine is rounded once
            let (x, n) = (r.any(), r.below(1 << 32).max(1) as u32);
            let mut s = ExactSum::new();
            s.add(x);
            assert_eq!(s.mean(n).unwrap().to_bits(), (x / f64::from(n) + 0.0).to_bits(), "{x:e} / {n}");
        }
        assert_eq!(ExactSum::new().mean(0), Ok(0.0));
    }

    #[test]
    fn an_infinite_value_is_a_fault_until_it_leaves_the_window() {
        let mut s = ExactSum::new();
        s.add(1.0);
        s.add(f64::INFINITY);
        assert_eq!(s.result().unwrap_err().kind, FaultKind::Overflow);
        s.subtract(f64::INFINITY);
        assert_eq!(s.result(), Ok(1.0));
    }
}
