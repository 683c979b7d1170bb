//! Truth with blame: what a formula of a reader comes to, and for a fault, where in document and program it arose. Fed by evaluate,
//! read by evaluate and reader. The algebra itself is that of scalar.
use crate::base::Place;
use crate::scalar::Truth;
use crate::scalar::expression::Fault;

/// A fault, the offset of the document that it is about (or `NOWHERE`), and the expression.
#[derive(Clone, Debug)]
pub struct Blame {
    /// What happened.
    pub fault: Fault,
    /// Where in the document.
    pub at: u32,
    /// Where in the program.
    pub place: Place,
    /// Whether it is something that readers cannot do at all.
    pub cannot: bool,
}

/// What a formula comes to, with whom to blame for a fault.
#[derive(Clone, Debug)]
pub enum Known {
    /// It does not hold.
    False,
    /// It could not be computed.
    Fault(Box<Blame>),
    /// It holds.
    True,
}

impl Known {
    fn truth(&self) -> Truth {
        match self {
            Known::False => Truth::False,
            Known::True => Truth::True,
            Known::Fault(b) => Truth::Fault(b.fault.clone()),
        }
    }
    /// The blame of the fault that [`Truth`] chose.
    fn of(truth: Truth, a: Known, b: Known) -> Known {
        match truth {
            Truth::False => Known::False,
            Truth::True => Known::True,
            Truth::Fault(f) => match (a, b) {
                (Known::Fault(a), _) if a.fault == f => Known::Fault(a),
                (_, b) => b,
            },
        }
    }
    /// Holds if both do; a false side decides, whatever the other does.
    pub fn and(self, other: Known) -> Known {
        match (&self, &other) {
            (Known::True, _) => other,
            (Known::False, _) => self,
            _ => Known::of(self.truth().and(other.truth()), self, other),
        }
    }
    /// Holds if one does; a true side decides, whatever the other does.
    pub fn or(self, other: Known) -> Known {
        match (&self, &other) {
            (Known::False, _) => other,
            (Known::True, _) => self,
            _ => Known::of(self.truth().or(other.truth()), self, other),
        }
    }
    /// Holds if this does not; a fault stays.
    #[expect(clippy::should_implement_trait, reason = "a sibling of `and` and `or`")]
    pub fn not(self) -> Known {
        match self {
            Known::False => Known::True,
            Known::True => Known::False,
            fault => fault,
        }
    }
}

impl From<bool> for Known {
    fn from(b: bool) -> Known {
        if b { Known::True } else { Known::False }
    }
}
