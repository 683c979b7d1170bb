//! The scalar operations and their faults: what an operator means, in one place. The engine and the readers both compute with it.
use super::builtin::Builtin;
use super::cast::{cast, to_id};
use super::compare::{absent, order, same};
use super::display::brief;
use super::types::Type;
use super::value::Value;
use super::{arithmetic, json, size};
use std::borrow::Cow;
use std::cmp::Ordering;
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
    /// A text or a list that would take too much memory.
    Size,
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

impl Op {
    /// The operation's name as users write it, for messages and dumps.
    pub fn name(&self) -> &str {
        match self {
            Op::Neg | Op::Sub => "-",
            Op::Add => "+",
            Op::Mul => "*",
            Op::Div => "/",
            Op::IntDiv => "div",
            Op::Rem => "%",
            Op::Concat => "++",
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::In => "in",
            Op::Matches(_) | Op::MatchesDynamic => "matches",
            Op::Widen => "widen",
            Op::Cast(_) => "as",
            Op::ToId => "id",
            Op::Get(_) => ".",
            Op::Item => "[…]",
            Op::List => "[]",
            Op::Record(_) => "{}",
            Op::Call(b) => b.name,
            Op::Host(h) => &h.name,
        }
    }

    /// Computes the value from those of the operands. An absent operand is a fault where a value is needed, and so is a result that is
    /// too large.
    pub fn apply(&self, args: &[Value]) -> Result<Value, Fault> {
        let value = self.compute(args)?;
        match self {
            Op::List | Op::Record(_) | Op::Call(_) | Op::Host(_) | Op::Concat => size::checked(value),
            _ => Ok(value),
        }
    }

    /// About how many steps of the engine it takes: a pattern that is not known before is compiled each time.
    pub fn steps(&self, args: &[Value]) -> usize {
        let own = match self {
            Op::MatchesDynamic => 1000,
            Op::Call(b) if matches!(b.name, "replace" | "capture") => 1000,
            _ => 0,
        };
        args.iter().fold(own, |sum, v| sum + size::steps(v))
    }

    fn compute(&self, args: &[Value]) -> Result<Value, Fault> {
        let ordered = |holds: fn(Ordering) -> bool| {
            let (a, b) = (needed(args, 0)?, needed(args, 1)?);
            order(&a, &b).map(|o| Value::Bool(holds(o)))
        };
        let two = |f: fn(&Value, &Value) -> Result<Value, Fault>| f(&*needed(args, 0)?, &*needed(args, 1)?);
        match self {
            Op::Neg => arithmetic::neg(&*needed(args, 0)?),
            Op::Add => two(arithmetic::add),
            Op::Sub => two(arithmetic::sub),
            Op::Mul => two(arithmetic::mul),
            Op::Div => two(arithmetic::div),
            Op::IntDiv => two(arithmetic::int_div),
            Op::Rem => two(arithmetic::rem),
            Op::Concat => two(concat),
            Op::Eq => Ok(Value::Bool(same(&*read(args, 0)?, &*read(args, 1)?))),
            Op::Ne => Ok(Value::Bool(!same(&*read(args, 0)?, &*read(args, 1)?))),
            Op::Lt => ordered(Ordering::is_lt),
            Op::Le => ordered(Ordering::is_le),
            Op::Gt => ordered(Ordering::is_gt),
            Op::Ge => ordered(Ordering::is_ge),
            Op::In => match (&*read(args, 0)?, &*needed(args, 1)?) {
                (item, Value::List(items)) => Ok(Value::Bool(items.iter().any(|i| same(item, i)))),
                (_, other) => Err(misfit(other, "a list")),
            },
            Op::Matches(regex) => Ok(Value::Bool(regex.is_match(text(&*needed(args, 0)?)?))),
            Op::MatchesDynamic => {
                let (subject, pattern) = (needed(args, 0)?, needed(args, 1)?);
                let regex = super::builtin::pattern(text(&pattern)?)?;
                Ok(Value::Bool(regex.is_match(text(&subject)?)))
            }
            Op::Widen => match &*read(args, 0)? {
                Value::None => Ok(Value::None),
                v => cast(v, &Type::Float(None)),
            },
            Op::Cast(to) => cast(arg(args, 0)?, to),
            Op::ToId => to_id(arg(args, 0)?),
            Op::Get(name) => match arg(args, 0)? {
                Value::Lazy(lazy) => settled(lazy.get(name)?),
                v => Ok(v.field(name).cloned().unwrap_or(Value::None)),
            },
            Op::Item => item(arg(args, 0)?, &*read(args, 1)?),
            Op::List => args.iter().map(|v| forced(v).map(Cow::into_owned)).collect::<Result<_, _>>().map(Value::List),
            Op::Record(names) => {
                let values = args.iter().map(|v| forced(v).map(Cow::into_owned)).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::record(names.iter().cloned().zip(values)))
            }
            Op::Call(builtin) => {
                if args.iter().any(|v| matches!(v, Value::Lazy(_))) {
                    let args = args.iter().map(|v| forced(v).map(Cow::into_owned)).collect::<Result<Vec<_>, _>>()?;
                    (builtin.call)(&args)
                } else {
                    (builtin.call)(args)
                }
            }
            Op::Host(function) => {
                let args = args.iter().map(|v| forced(v).map(Cow::into_owned)).collect::<Result<Vec<_>, _>>()?;
                let result = (function.call)(&args)
                    .map_err(|text| Fault::new(FaultKind::Argument, format!("`{}`: {text}", function.name)))?;
                cast(&result, &function.result)
                    .map_err(|f| Fault::new(f.kind, format!("the result of `{}`: {}", function.name, f.text)))
            }
        }
    }
}

fn arg(args: &[Value], i: usize) -> Result<&Value, Fault> {
    args.get(i).ok_or_else(|| Fault::new(FaultKind::Argument, "an operand is missing"))
}

/// The value with nothing left unread.
fn forced(v: &Value) -> Result<Cow<'_, Value>, Fault> {
    match v {
        Value::Lazy(lazy) => lazy.force().map(Cow::Owned),
        v => Ok(Cow::Borrowed(v)),
    }
}

/// An operand that may be absent, read.
fn read(args: &[Value], i: usize) -> Result<Cow<'_, Value>, Fault> {
    forced(arg(args, i)?)
}

/// An operand that must be there, read.
fn needed(args: &[Value], i: usize) -> Result<Cow<'_, Value>, Fault> {
    let v = read(args, i)?;
    if v.is_none() { Err(absent()) } else { Ok(v) }
}

fn misfit(v: &Value, what: &str) -> Fault {
    Fault::new(FaultKind::Cast, format!("`{}` is not {what}", brief(v)))
}

fn text(v: &Value) -> Result<&str, Fault> {
    v.as_text().ok_or_else(|| misfit(v, "a Text"))
}

fn concat(a: &Value, b: &Value) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            size::fits(a.len() + b.len(), "a text")?;
            Ok(Value::text([&**a, &**b].concat()))
        }
        (Value::List(a), Value::List(b)) => {
            size::fits((a.len() + b.len()) * size_of::<Value>(), "a list")?;
            Ok(Value::list([&**a, &**b].concat()))
        }
        (Value::Text(_), other) => Err(misfit(other, "a Text")),
        (Value::List(_), other) => Err(misfit(other, "a list")),
        (other, _) => Err(misfit(other, "a Text or a list")),
    }
}

fn settled(found: Option<json::Lazy>) -> Result<Value, Fault> {
    found.map_or(Ok(Value::None), json::Lazy::settle)
}

fn item(of: &Value, at: &Value) -> Result<Value, Fault> {
    match (of, at) {
        (Value::None, _) => Ok(Value::None),
        (_, Value::None) => Err(absent()),
        (_, Value::Int(i)) => {
            let Ok(i) = usize::try_from(*i) else { return Ok(Value::None) };
            match of {
                Value::Lazy(lazy) => settled(lazy.item(i)?),
                v => Ok(v.as_list().and_then(|l| l.get(i)).cloned().unwrap_or(Value::None)),
            }
        }
        (Value::Lazy(lazy), Value::Text(name)) => settled(lazy.get(name)?),
        (_, Value::Text(name)) => Ok(of.field(name).cloned().unwrap_or(Value::None)),
        _ => Err(misfit(at, "an Int or a Text, so it cannot be an index")),
    }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
