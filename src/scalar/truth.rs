//! Boolean algebra with faults, in which the order of operands never matters. Used by readers, which walk formulas one binding at a time.
use super::cast::cast;
use super::expression::Fault;
use super::types::Type;
use super::value::Value;

/// What a formula comes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It could not be computed.
    Fault(Fault),
    /// It holds.
    True,
}

impl Truth {
    /// Holds if both do: a false side decides, else a fault does, of two the smaller.
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::Fault(a), Truth::Fault(b)) => Truth::Fault(a.min(b)),
            (Truth::Fault(f), _) | (_, Truth::Fault(f)) => Truth::Fault(f),
            _ => Truth::True,
        }
    }
    /// Holds if one does: a true side decides, else a fault does, of two the smaller.
    pub fn or(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::Fault(a), Truth::Fault(b)) => Truth::Fault(a.min(b)),
            (Truth::Fault(f), _) | (_, Truth::Fault(f)) => Truth::Fault(f),
            _ => Truth::False,
        }
    }
    /// Holds if the first does not or the second does.
    pub fn implies(self, other: Truth) -> Truth {
        self.negate().or(other)
    }
    /// Holds if this does not; a fault stays.
    pub fn negate(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::True => Truth::False,
            fault => fault,
        }
    }
    /// What a computed value says as a formula; one that is absent or no Bool is a fault.
    pub fn of(value: Result<Value, Fault>) -> Truth {
        match value.and_then(|v| cast(&v, &Type::Bool)) {
            Ok(v) => Truth::from(v == Value::Bool(true)),
            Err(f) => Truth::Fault(f),
        }
    }
    /// Whether it is decided, or the fault.
    pub fn decided(self) -> Result<bool, Fault> {
        match self {
            Truth::False => Ok(false),
            Truth::True => Ok(true),
            Truth::Fault(f) => Err(f),
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        self.negate()
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Truth {
        if b { Truth::True } else { Truth::False }
    }
}

impl From<Result<bool, Fault>> for Truth {
    fn from(r: Result<bool, Fault>) -> Truth {
        r.map_or_else(Truth::Fault, Truth::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::expression::FaultKind;

    fn all() -> Vec<Truth> {
        let fault = |t: &str| Truth::Fault(Fault::new(FaultKind::Cast, t));
        vec![Truth::False, fault("a"), fault("b"), Truth::True]
    }

    #[test]
    fn a_false_side_decides_and_and_a_true_side_decides_or_whatever_the_other_does() {
        for t in all() {
            assert_eq!(Truth::False.and(t.clone()), Truth::False);
            assert_eq!(t.clone().and(Truth::False), Truth::False);
            assert_eq!(Truth::True.or(t.clone()), Truth::True);
            assert_eq!(t.clone().or(Truth::True), Truth::True);
            assert_eq!(Truth::False.implies(t.clone()), Truth::True);
            assert_eq!(t.implies(Truth::True), Truth::True);
        }
    }

    #[test]
    fn the_order_of_conjuncts_never_matters() {
        for a in all() {
            for b in all() {
                assert_eq!(a.clone().and(b.clone()), b.clone().and(a.clone()));
                assert_eq!(a.clone().or(b.clone()), b.clone().or(a.clone()));
                assert_eq!(!(a.clone().and(b.clone())), (!a.clone()).or(!b.clone()));
                for c in all() {
                    assert_eq!(a.clone().and(b.clone()).and(c.clone()), a.clone().and(b.clone().and(c.clone())));
                    assert_eq!(a.clone().or(b.clone()).or(c.clone()), a.clone().or(b.clone().or(c)));
                }
            }
        }
    }

    #[test]
    fn otherwise_the_fault_wins_and_of_two_the_smaller() {
        let all = all();
        assert_eq!(all[1].clone().and(Truth::True), all[1]);
        assert_eq!(all[2].clone().or(Truth::False), all[2]);
        assert_eq!(all[2].clone().and(all[1].clone()), all[1]);
        assert!(all[1].clone().decided().is_err());
    }

    #[test]
    fn a_value_that_is_no_bool_is_a_fault() {
        assert_eq!(Truth::of(Ok(Value::Bool(true))), Truth::True);
        assert_eq!(Truth::of(Ok(Value::Bool(false))), Truth::False);
        assert!(matches!(Truth::of(Ok(Value::None)), Truth::Fault(f) if f.text == "absent where a Bool is needed"));
        assert!(matches!(Truth::of(Ok(Value::Int(1))), Truth::Fault(_)));
    }
}
