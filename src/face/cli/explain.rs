//! `dbm explain`: the page of a code. Called by entry.
use super::output::Output;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Sources};
use crate::report::exit::Exit;
use crate::report::explain::{number, page};
use crate::session::codes;
use crate::session::error::UNKNOWN_CODE;

/// Prints the page of a code, given by number or by name.
pub fn run(text: &str, output: &mut Output) -> Exit {
    let codes = codes();
    let wanted = codes.iter().find(|c| c.name == text).map(|c| c.number).or(number(text));
    if let Some(page) = wanted.and_then(page) {
        output.print(page);
        return Exit::Fine;
    }
    let d = Diagnostic::error(UNKNOWN_CODE, format!("there is no code `{text}`"));
    let shown: Vec<String> = codes.iter().map(|c| c.to_string()).collect();
    let near = nearest(text, shown.iter().map(|s| s.as_str()).chain(codes.iter().map(|c| c.name)));
    let d = match near {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None => d.help("a code is `DBM` and four digits, and stands in front of each diagnostic"),
    };
    output.diagnostics([&d], &Sources::new());
    Exit::Call
}
