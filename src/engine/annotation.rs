//! Annotations: in which worlds something holds, three-valued. The engine is generic over them.
//!
//! An annotation is a pair of world sets: where it is *certain* and where it is *possible* (certain, or a fault stands between it
//! and certainty). Joins intersect both, derivations unite both, negation exchanges them: two ordinary least fixpoints in one
//! (Kleene's strong three-valued logic; lifting after Shahin, Chechik and Salay 2019). The empty annotation is `None`.
use std::fmt::Debug;

/// A set of worlds for every fact. A *set* below means an annotation whose two parts are equal.
pub trait Annotation: Clone + PartialEq + Debug + 'static {
    /// One world and no faults: nothing need be stored or looked up.
    const PLAIN: bool;
    /// In both.
    fn and(&self, other: &Self) -> Option<Self>;
    /// Joins `other` in, and gives the part that is new.
    fn or(&mut self, other: &Self) -> Option<Self>;
    /// The worlds in which it is possible, as a set.
    fn possible(&self) -> Self;
    /// The worlds in which it is certain, as a set.
    fn certain(&self) -> Option<Self>;
    /// Of a set: the worlds in which `other` is not certain, as a set.
    fn except_certain(&self, other: Option<&Self>) -> Option<Self>;
    /// Of a set: the worlds in which `other` is not possible, as a set.
    fn except_possible(&self, other: Option<&Self>) -> Option<Self> {
        self.except_certain(other.map(Self::possible).as_ref())
    }
    /// Of a set: negation. Certain where `other` is not possible, possible where it is not certain.
    fn not(&self, other: Option<&Self>) -> Option<Self>;
    /// The worlds in which it is possible but not certain, as a set, and a fault that is to blame.
    fn faulty(&self) -> Option<(Self, u32)>;
    /// Of a set: possible there, certain nowhere, because of a fault. `Present` cannot say this: it stays as it is, and the run is
    /// begun again with `Kleene`.
    fn blame(&self, fault: u32) -> Self;
}

/// One world, no faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Present;

impl Annotation for Present {
    const PLAIN: bool = true;
    fn and(&self, _: &Self) -> Option<Self> {
        Some(Present)
    }
    fn or(&mut self, _: &Self) -> Option<Self> {
        None
    }
    fn possible(&self) -> Self {
        Present
    }
    fn certain(&self) -> Option<Self> {
        Some(Present)
    }
    fn except_certain(&self, other: Option<&Self>) -> Option<Self> {
        if other.is_some() { None } else { Some(Present) }
    }
    fn not(&self, other: Option<&Self>) -> Option<Self> {
        self.except_certain(other)
    }
    fn faulty(&self) -> Option<(Self, u32)> {
        None
    }
    fn blame(&self, _: u32) -> Self {
        Present
    }
}

/// One world, with faults: true, or possible because of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kleene {
    /// It holds.
    True,
    /// It may hold: this fault is to blame.
    Fault(u32),
}

impl Annotation for Kleene {
    const PLAIN: bool = false;
    fn and(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Kleene::True, x) | (x, Kleene::True) => *x,
            (Kleene::Fault(a), Kleene::Fault(b)) => Kleene::Fault(*a.min(b)),
        })
    }
    fn or(&mut self, other: &Self) -> Option<Self> {
        match (&self, other) {
            (Kleene::Fault(_), Kleene::True) => {
                *self = Kleene::True;
                Some(Kleene::True)
            }
            _ => None,
        }
    }
    fn possible(&self) -> Self {
        Kleene::True
    }
    fn certain(&self) -> Option<Self> {
        (*self == Kleene::True).then_some(Kleene::True)
    }
    fn except_certain(&self, other: Option<&Self>) -> Option<Self> {
        if other == Some(&Kleene::True) { None } else { Some(Kleene::True) }
    }
    fn not(&self, other: Option<&Self>) -> Option<Self> {
        match other {
            None => Some(Kleene::True),
            Some(Kleene::Fault(f)) => Some(Kleene::Fault(*f)),
            Some(Kleene::True) => None,
        }
    }
    fn faulty(&self) -> Option<(Self, u32)> {
        match self {
            Kleene::Fault(f) => Some((Kleene::True, *f)),
            Kleene::True => None,
        }
    }
    fn blame(&self, fault: u32) -> Self {
        match self {
            Kleene::True => Kleene::Fault(fault),
            x => *x,
        }
    }
}

/// Up to 64 worlds, as bits, with faults. One fault stands for all.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    certain: u64,
    possible: u64,
    fault: u32,
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        (self.certain, self.possible) == (other.certain, other.possible)
    }
}

impl Mask {
    /// A set of worlds.
    pub fn set(bits: u64) -> Option<Mask> {
        Mask::pair(bits, bits, 0)
    }
    fn pair(certain: u64, possible: u64, fault: u32) -> Option<Mask> {
        (possible != 0).then_some(Mask { certain, possible, fault })
    }
    /// The worlds in which it is certain, and those in which it is possible.
    pub fn bits(&self) -> (u64, u64) {
        (self.certain, self.possible)
    }
    fn blamed(&self, other: &Self) -> u32 {
        if self.certain != self.possible { self.fault } else { other.fault }
    }
}

impl Annotation for Mask {
    const PLAIN: bool = false;
    fn and(&self, other: &Self) -> Option<Self> {
        Mask::pair(self.certain & other.certain, self.possible & other.possible, self.blamed(other))
    }
    fn or(&mut self, other: &Self) -> Option<Self> {
        let (c, p) = (other.certain & !self.certain, other.possible & !self.possible);
        let fault = self.blamed(other);
        *self = Mask { certain: self.certain | other.certain, possible: self.possible | other.possible, fault };
        Mask::pair(c, p | c, other.fault)
    }
    fn possible(&self) -> Self {
        Mask { certain: self.possible, ..*self }
    }
    fn certain(&self) -> Option<Self> {
        Mask::pair(self.certain, self.certain, self.fault)
    }
    fn except_certain(&self, other: Option<&Self>) -> Option<Self> {
        let left = self.possible & !other.map_or(0, |o| o.certain);
        Mask::pair(left, left, self.fault)
    }
    fn not(&self, other: Option<&Self>) -> Option<Self> {
        let (c, p, f) = other.map_or((0, 0, 0), |o| (o.certain, o.possible, o.fault));
        Mask::pair(self.possible & !p, self.possible & !c, f)
    }
    fn faulty(&self) -> Option<(Self, u32)> {
        let bits = self.possible & !self.certain;
        Mask::pair(bits, bits, self.fault).map(|m| (m, self.fault))
    }
    fn blame(&self, fault: u32) -> Self {
        Mask { certain: 0, possible: self.possible, fault }
    }
}
