//! Built-in functions: signature and code side by side. Read by the checker (signature) and by expression (code).
mod json;
mod lists;
mod net;
mod numbers;
mod path;
mod signature;
mod spdx;
mod table;
mod text;
mod time;
mod version;

pub use lists::AGREED;
pub use signature::Signature;
pub use table::{Builtin, find, find_in, modules, names, names_in};
pub use text::pattern;
