//! The ground: source files, spans, diagnostics as data. Fed by every stage, known by all, knows nobody.
pub mod diagnostic;
pub mod name;
pub mod source;
pub mod span;

pub use diagnostic::{Code, Diagnostic, Label, Severity, Suggestion, TextEdit};
pub use source::{FileId, ItemId, Loader, Sources};
pub use span::{Place, Span};
