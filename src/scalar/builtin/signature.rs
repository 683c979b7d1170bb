//! What the signatures and the code of the built-ins have in common: matching argument types, and taking converted arguments apart.
use crate::scalar::compare::absent;
use crate::scalar::display::brief;
use crate::scalar::expression::{Fault, FaultKind};
use crate::scalar::types::{Type, with_article};
use crate::scalar::value::Value;

/// What a signature gives: the types that the arguments are to be converted to, and that of the result.
pub type Signature = Result<(Vec<Type>, Type), String>;

/// A function of fixed parameters, of which the last `optional` may be left out.
pub fn fixed(name: &str, args: &[Type], params: &[Type], optional: usize, result: Type) -> Signature {
    arity(name, args, params.len() - optional.min(params.len()), params.len())?;
    for (i, (arg, param)) in args.iter().zip(params).enumerate() {
        if !fits(arg, param) {
            return Err(wrong(name, i, arg, &with_article(param)));
        }
    }
    Ok((params.iter().take(args.len()).cloned().collect(), result))
}

/// The number of arguments must be in a range.
pub fn arity(name: &str, args: &[Type], least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&args.len()) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (1, 1) => "1 argument".to_string(),
        (n, m) if n == m => format!("{n} arguments"),
        (n, usize::MAX) => format!("at least {n} arguments"),
        (n, m) => format!("{n} to {m} arguments"),
    };
    Err(format!("`{name}` takes {wanted}, not {}", args.len()))
}

/// The sentence about an argument of a wrong type.
pub fn wrong(name: &str, index: usize, arg: &Type, wanted: &str) -> String {
    format!("argument {} of `{name}` is {}, but must be {wanted}", index + 1, with_article(arg))
}

/// Whether an argument can be converted to a parameter: it is of the type, a Json, or an Int for a Float.
pub fn fits(arg: &Type, param: &Type) -> bool {
    match (arg.present(), param.present()) {
        (Type::Error, _) | (_, Type::Error) => true,
        (a, Type::Json) => !a.has_elements() && *a != Type::None,
        (Type::Json, p) => !p.has_elements(),
        (Type::Int(_), Type::Int(_) | Type::Float(_)) | (Type::Float(_), Type::Float(_)) => true,
        (Type::Text | Type::Literals(_), Type::Text) => true,
        // the empty list
        (Type::List(a), Type::List(_)) if **a == Type::None => true,
        (Type::List(a), Type::List(p)) => fits(a, p),
        (a, p) => a == p,
    }
}

/// The argument at a place, present.
pub fn arg(args: &[Value], i: usize) -> Result<&Value, Fault> {
    match args.get(i) {
        Some(Value::None) => Err(absent()),
        Some(v) => Ok(v),
        None => Err(Fault::new(FaultKind::Argument, "an argument is missing")),
    }
}

/// The fault of a value that is not what it must be.
pub fn not(v: &Value, what: &str) -> Fault {
    Fault::new(FaultKind::Cast, format!("`{}` is not {what}", brief(v)))
}

/// The fault of an argument that cannot be taken.
pub fn refuse(text: &str, why: &str) -> Fault {
    Fault::new(FaultKind::Argument, format!("`{}` {why}", brief(&Value::text(text))))
}

/// The text at a place.
pub fn text(args: &[Value], i: usize) -> Result<&str, Fault> {
    let v = arg(args, i)?;
    v.as_text().ok_or_else(|| not(v, "a Text"))
}

/// The whole number at a place.
pub fn int(args: &[Value], i: usize) -> Result<i64, Fault> {
    let v = arg(args, i)?;
    v.as_int().ok_or_else(|| not(v, "an Int"))
}

/// The number at a place.
pub fn number(args: &[Value], i: usize) -> Result<f64, Fault> {
    let v = arg(args, i)?;
    v.as_number().ok_or_else(|| not(v, "a number"))
}

/// The list at a place.
pub fn list(args: &[Value], i: usize) -> Result<&[Value], Fault> {
    let v = arg(args, i)?;
    v.as_list().ok_or_else(|| not(v, "a list"))
}

/// A list of texts.
pub fn texts(items: impl IntoIterator<Item = impl Into<std::sync::Arc<str>>>) -> Value {
    items.into_iter().map(Value::text).collect::<Vec<_>>().into_list()
}

/// Turning a vector into a list value at the end of a chain.
pub trait IntoList {
    /// The list.
    fn into_list(self) -> Value;
}
impl IntoList for Vec<Value> {
    fn into_list(self) -> Value {
        Value::list(self)
    }
}
