//! Scalars: values, their types, what can be computed from them without a structure. Fed by literals and columns, read by everyone above.
pub mod builtin;
pub mod cast;
pub mod dictionary;
pub mod expression;
pub mod json;
pub mod types;
pub mod value;

pub use dictionary::{Dictionary, Val};
pub use expression::{Fault, Op};
pub use types::{KindId, Kinds, Type};
pub use value::{Element, Float, Value};
