//! What a host hands over: candidates and values of parameters. Read by program and run.
use crate::scalar::Value;
use std::sync::Arc;

/// A candidate to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// As reports are to name it; its extension says the format where there are several (`.jsonl`, `.yaml`).
    pub name: String,
    /// The whole document. What is no UTF-8 is a finding, not a panic.
    pub bytes: Arc<Vec<u8>>,
    /// The reader of the program, or of `std.readers`, that makes a structure of it; none for dbm's own JSON.
    pub reader: Option<String>,
}

impl Input {
    /// A candidate in dbm's own JSON.
    pub fn new(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Input { name: name.into(), bytes: Arc::new(bytes.as_ref().to_vec()), reader: None }
    }
    /// The same, to be read with a reader.
    pub fn with_reader(mut self, reader: impl Into<String>) -> Self {
        self.reader = Some(reader.into());
        self
    }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
    /// As on a command line: read as the parameter's type; a Text needs no quotes.
    Written(String),
    /// A value, cast to the parameter's type.
    Value(Value),
}

impl From<&str> for ParamValue {
    fn from(text: &str) -> Self {
        ParamValue::Written(text.to_string())
    }
}

impl From<Value> for ParamValue {
    fn from(value: Value) -> Self {
        ParamValue::Value(value)
    }
}

/// The microseconds of a duration as the language writes it, like `1h30m`.
pub fn duration(text: &str) -> Option<i64> {
    crate::scalar::instant::parse_duration(text).ok()
}
