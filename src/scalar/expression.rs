//! The scalar operations and their faults: what an operator means, in one place. The engine and the readers both compute with it.
use super::builtin::Builtin;
use super::types::Type;
use super::value::Value;
use std::sync::Arc;

/// A value that could not be computed. `text` says why with the values involved, lower case, no final stop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fault {
    /// Which kind of fault.
    pub kind: FaultKind,
    /// What happened, with the values involved.
    pub text: String,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A whole number left 64 bits, a time or a duration its range, or a float became infinite.
    Overflow,
    /// Division or remainder by zero.
    DivisionByZero,
    /// A result that is not a number.
    NotANumber,
    /// A value that does not fit the type it is needed as (also an absent Json where a value is needed).
    Cast,
    /// Ranging over a value that is absent or cannot be ranged over.
    Range,
    /// Two values for one thing.
    Conflict,
    /// A mechanism that depends on itself, or an improving rule that never settles.
    Cycle,
    /// An argument that a built-in cannot take (a pattern, a zone, an instant that cannot be read).
    Argument,
    /// An attribute of an element that does not exist here, or an element that is not there.
    Missing,
}

impl Fault {
    /// A fault.
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Fault { kind, text: text.into() }
    }
}

/// A function that the host program gives, with declared types. It must be pure: same arguments, same result.
#[derive(Clone)]
pub struct HostFunction {
    /// The name by which programs call it.
    pub name: Arc<str>,
    /// The types of its arguments.
    pub params: Vec<Type>,
    /// The type of its result.
    pub result: Type,
    /// The function; an `Err` becomes a fault with that text.
    pub call: HostCall,
}

/// The code of a host function.
pub type HostCall = Arc<dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync>;

impl std::fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A strict scalar operation: computed from the values of its operands. The checker has inserted every conversion, so
/// operands have the types that the operation needs (Int or Float both sides alike).
/// `and`, `or`, `not`, `implies`, `if` and `??` are not here: they are not strict in faults.
#[derive(Clone, Debug)]
pub enum Op {
    /// `-x`: Int, Float, Duration.
    Neg,
    /// `a + b`: Int, Float; Time + Duration, Duration + Time, Duration + Duration.
    Add,
    /// `a - b`: Int, Float; Time - Time, Time - Duration, Duration - Duration.
    Sub,
    /// `a * b`: Int, Float; Duration by a number on either side.
    Mul,
    /// `a / b`: a Float from Floats (Ints have been widened); Duration / Duration is a Float, Duration / number a Duration.
    Div,
    /// `a div b` of Ints, rounding down.
    IntDiv,
    /// `a % b` of Ints, with the divisor's sign.
    Rem,
    /// `a ++ b`: texts or lists.
    Concat,
    /// `a == b`, also on absent values.
    Eq,
    /// `a != b`, also on absent values.
    Ne,
    /// `a < b` of present values of one type.
    Lt,
    /// `a <= b`.
    Le,
    /// `a > b`.
    Gt,
    /// `a >= b`.
    Ge,
    /// `a in list`; the right side may be a Json list.
    In,
    /// `text matches pattern` with the pattern known to the checker.
    Matches(Arc<regex::Regex>),
    /// `text matches pattern` with a computed pattern (a bad one is a fault).
    MatchesDynamic,
    /// Int to Float; absent stays absent.
    Widen,
    /// Gives the operand the type. A Json is read as it (`"2026-01-03T10:00:00Z"` as a Time, `"24h"` as a Duration, an Int as a
    /// Float); an absent operand is a fault unless the type is optional; what does not fit is a fault. Never a kind:
    /// see `candidate` and the engine for those.
    Cast(Type),
    /// A Json (text, or an integer in decimal) as an id.
    ToId,
    /// `x.name` of a Json or record; absent if it is not there or `x` is no record.
    Get(Arc<str>),
    /// `x[i]` of a list (from 0) or Json (by Int or by Text); outside is absent.
    Item,
    /// `[a, b]`.
    List,
    /// `{ a: 1 }`, with the names in the order of the operands.
    Record(Arc<[Arc<str>]>),
    /// A built-in function.
    Call(&'static Builtin),
    /// A function of the host.
    Host(Arc<HostFunction>),
}
