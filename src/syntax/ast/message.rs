//! Messages: text with expressions in braces. Part of demands and policy clauses.
use super::Expr;
use crate::base::Span;
use std::sync::Arc;

/// The text behind `message`.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// In order; adjacent literal parts are joined.
    pub parts: Vec<MessagePart>,
    /// The text literal, with its quotes.
    pub span: Span,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessagePart {
    /// Literal text (escapes and doubled braces resolved).
    Text(Arc<str>),
    /// `{expr}`: replaced by its value.
    Value(Box<Expr>),
}
