//! Names and texts as written. Made by the builders, read wherever a name is looked up.
use crate::base::Span;
use std::sync::Arc;

/// A name: an identifier, or text in backticks. `_` may stand where a name is not wanted (see [`Name::is_wildcard`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Without backticks.
    pub text: Arc<str>,
    /// With backticks.
    pub span: Span,
    /// Whether it stands in backticks.
    pub quoted: bool,
}

impl Name {
    /// Whether it is a bare `_` (only in binders and rule parameters; in expressions that is `ExprKind::Wildcard`).
    pub fn is_wildcard(&self) -> bool {
        !self.quoted && &*self.text == "_"
    }
}

/// A name, perhaps behind modules: `acyclic`, `shared.acyclic`. Only where no expression can stand (kinds, types, paths,
/// names of demands); in expressions `a.b` is `ExprKind::Attr`, and the checker decides whether `a` is a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Qualified {
    /// The modules, outermost first; mostly none.
    pub modules: Vec<Name>,
    /// The last part.
    pub name: Name,
    /// All of it.
    pub span: Span,
}

/// A text literal whose value matters where it stands (titles, import paths, union members).
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Without quotes, escapes resolved.
    pub value: Arc<str>,
    /// With quotes.
    pub span: Span,
}
