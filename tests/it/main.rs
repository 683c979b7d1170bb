//! The one test binary: an area a file.
#![allow(missing_docs)]
mod oracle;
