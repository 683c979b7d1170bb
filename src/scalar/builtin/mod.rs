//! Built-in functions: signature and code side by side. Read by the checker (signature) and by expression (code).
use super::expression::Fault;
use super::types::Type;
use super::value::Value;

/// A built-in function.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// One line for `:doc` and the book.
    pub doc: &'static str,
    /// Given the types of the arguments (already checked to be present where needed), the types they are to be converted to
    /// and the type of the result, or what is wrong (a sentence for the user).
    pub signature: fn(&[Type]) -> Result<(Vec<Type>, Type), String>,
    /// The function, on converted arguments.
    pub call: fn(&[Value]) -> Result<Value, Fault>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
