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
    /// Whether it can tell what a fault stands in the way of. A run that meets a fault without this is begun again with one that can.
    const FAULTS: bool = true;
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
    /// Of a set: possible there, certain nowhere, because of a fault. What knows no faults stays as it is.
    fn blame(&self, fault: u32) -> Self;
    /// The worlds before these.
    fn before(&self, _: Before) -> Option<Self> {
        Some(self.clone())
    }
    /// The worlds whose world before it is one of these.
    fn after(&self, _: Before) -> Option<Self> {
        Some(self.clone())
    }
}

/// An annotation that tells worlds apart.
pub trait Many: Annotation {
    /// All of so many worlds.
    fn all(size: u32) -> Self;
    /// Those of a list that are here; none, if there are none.
    fn these(&self, list: &[u32]) -> Option<Self>;
    /// Whether it is certain in a world (`Some(true)`), possible (`Some(false)`), or neither.
    fn at(&self, world: u32) -> Option<bool>;
    /// A fault that is to blame for what is not certain.
    fn fault(&self) -> u32;
}

/// Which world is the one before each (what an intervention is compared with).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Before {
    /// The first one, before all.
    #[default]
    First,
    /// The one so many further on.
    Further(u32),
}

/// One world, no faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Present;

impl Annotation for Present {
    const PLAIN: bool = true;
    const FAULTS: bool = false;
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
