//! Scalars: values, their types, what can be computed from them without a structure. Fed by literals and columns, read by everyone above.
pub mod arithmetic;
pub mod builtin;
pub mod calendar;
pub mod canonical;
pub mod cast;
pub mod compare;
pub mod dictionary;
pub mod display;
pub mod expression;
pub mod instant;
pub mod json;
pub mod parse;
pub mod pick;
pub mod size;
pub mod sum;
pub mod truth;
pub mod types;
pub mod value;

pub use calendar::Calendar;
pub use dictionary::{Dictionary, Val};
pub use expression::{Fault, Op};
pub use sum::ExactSum;
pub use truth::Truth;
pub use types::{KindId, Kinds, Type};
pub use value::{Element, Float, Value};
