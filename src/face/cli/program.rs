//! What the verbs share: reading the files of the call, compiling the program, the limits. Used by check, query, test, schema.
use super::args::{Given, LimitArgs};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span};
use crate::face::files::{self, FileLoader};
use crate::session::error::UNREADABLE_FILE;
use crate::session::{CompileOptions, Failure, Input, Limits, Program, RunOptions};

/// A file of the call that cannot be used, and why.
pub fn unusable(name: &str, why: &str) -> (Diagnostic, Place, Sources) {
    let mut sources = Sources::new();
    let file = sources.add_file("command line", name);
    let item = sources.add_item(file, 0);
    let place = Place::new(item, Span::new(0, name.len()));
    (Diagnostic::error(UNREADABLE_FILE, format!("`{name}` {why}")).at(place, ""), place, sources)
}

/// A file of the call that cannot be read.
pub fn unreadable(name: &str, why: &str) -> Failure {
    let (d, place, sources) = unusable(name, &format!("cannot be read: {why}"));
    let siblings = files::siblings(name);
    let d = match nearest(name, siblings.iter().map(|s| s.as_str())) {
        Some(near) if !std::path::Path::new(name).exists() => d.suggest(format!("did you mean `{near}`?"), place, near),
        _ => d,
    };
    Failure { diagnostics: vec![d], sources }
}

/// The text of the program.
pub fn text(name: &str) -> Result<String, Failure> {
    files::read_text(name).map_err(|why| unreadable(name, &why))
}

/// The compiled program.
pub fn compile(name: &str, params: &[(String, String)]) -> Result<Program, Failure> {
    let text = text(name)?;
    let loader = FileLoader::new(name);
    Program::compile(name, &text, &loader, &options(params)).map_err(|e| e.failure().clone())
}

/// The parameters as the library takes them.
pub fn options(params: &[(String, String)]) -> CompileOptions {
    params.iter().fold(CompileOptions::default(), |o, (name, value)| o.param(name, value.as_str()))
}

/// The candidates, read.
pub fn inputs(program: &str, names: &[String], given: &Given) -> Result<Vec<Input>, Failure> {
    let stdin = names.iter().chain([&program.to_string()]).filter(|n| *n == "-").count();
    if stdin > 1 {
        return Err(unreadable("-", "standard input can be read only once"));
    }
    let read = |name: &String| {
        let bytes = files::read(name).map_err(|why| unreadable(name, &why))?;
        Ok(Input { name: name.clone(), bytes: bytes.into(), reader: given.reader.clone() })
    };
    names.iter().map(read).collect()
}

/// The options of a run.
pub fn run_options(limits: &LimitArgs) -> RunOptions {
    let mut options = RunOptions::default();
    let Limits { facts, time, memory, .. } = &mut options.limits;
    *facts = limits.fact_limit.unwrap_or(*facts);
    *memory = limits.memory_limit.unwrap_or(*memory);
    *time = limits.time_limit.map_or(*time, |t| t.0);
    options
}
