//! What the verbs share: reading the files of the call, compiling the program, the limits. Used by check, query, test, schema.
use super::args::{Given, LimitArgs};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span};
use crate::face::files::{self, FileLoader};
use crate::session::error::UNREADABLE_FILE;
use crate::session::{CompileOptions, Failure, Input, Limits, Program, RunOptions};

/// A file of the call that cannot be used, and why.
fn unusable_in(sources: &mut Sources, name: &str, why: &str) -> (Diagnostic, Place) {
    let file = sources.add_file("command line", name);
    let item = sources.add_item(file, 0);
    let place = Place::new(item, Span::new(0, name.len()));
    (Diagnostic::error(UNREADABLE_FILE, format!("`{name}` {why}")).at(place, ""), place)
}

/// A file of the call that cannot be used, and why, with sources of its own.
pub fn unusable(name: &str, why: &str) -> (Diagnostic, Place, Sources) {
    let mut sources = Sources::new();
    let (d, place) = unusable_in(&mut sources, name, why);
    (d, place, sources)
}

/// A file of the call that cannot be read.
pub fn unreadable(name: &str, why: &str) -> Failure {
    let mut sources = Sources::new();
    let d = unreadable_in(&mut sources, name, why);
    Failure { diagnostics: vec![d], sources }
}

/// A file of the call that cannot be read, placed in sources that are there already.
pub fn unreadable_in(sources: &mut Sources, name: &str, why: &str) -> Diagnostic {
    let (d, place) = unusable_in(sources, name, &format!("cannot be read: {why}"));
    let siblings = files::siblings(name);
    match nearest(name, siblings.iter().map(|s| s.as_str())) {
        Some(near) if !std::path::Path::new(name).exists() => d.suggest(format!("did you mean `{near}`?"), place, near),
        _ => d,
    }
}

/// The text of the program.
pub fn text(name: &str) -> Result<String, Failure> {
    files::read_text(name).map_err(|why| unreadable(name, &why))
}

/// The compiled program.
pub fn compile(name: &str, params: &[(String, String)]) -> Result<Program, Failure> {
    let text = text(name)?;
    if let Some(failure) = no_program(name, &text) {
        return Err(failure);
    }
    let loader = FileLoader::new(name);
    Program::compile(name, &text, &loader, &options(params)).map_err(|e| e.failure().clone())
}

/// What is wrong with a file that is no program: a candidate in its place.
pub fn no_program(name: &str, text: &str) -> Option<Failure> {
    let ending = ends(name, &["json", "jsonl", "ndjson", "yaml", "yml"]);
    let space = ['\u{feff}', ' ', '\n', '\r', '\t'];
    let json = |first: char, second: char| {
        text.trim_start_matches(space).strip_prefix(first).is_some_and(|rest| rest.trim_start_matches(space).starts_with(second))
    };
    if !ending && !json('{', '"') && !json('[', '{') {
        return None;
    }
    let (d, _, sources) = unusable(name, "is no program");
    let d = d.help(format!("the program is named first, what it is asked about behind it: `dbm … rules.dbm {name}`"));
    Some(Failure { diagnostics: vec![d], sources })
}

fn ends(name: &str, endings: &[&str]) -> bool {
    let ending = std::path::Path::new(name).extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| endings.iter().any(|x| e.eq_ignore_ascii_case(x)))
}

/// The parameters as the library takes them.
pub fn options(params: &[(String, String)]) -> CompileOptions {
    params.iter().fold(CompileOptions::default(), |o, (name, value)| o.param(name, value.as_str()))
}

/// The candidates, each read or with the reason why not.
pub fn inputs(program: &str, names: &[String], given: &Given) -> Result<Vec<Result<Input, String>>, Failure> {
    let stdin = names.iter().chain([&program.to_string()]).filter(|n| *n == "-").count();
    if stdin > 1 {
        return Err(unreadable("-", "standard input can be read only once"));
    }
    let read = |name: &String| {
        if ends(name, &["dbm"]) {
            return Err("it is a program, not a candidate".to_string());
        }
        files::read(name).map(|bytes| Input { name: name.clone(), bytes: bytes.into(), reader: given.reader.clone() })
    };
    Ok(names.iter().map(read).collect())
}

/// The one candidate of a call that has one.
pub fn input(program: &str, name: &str, given: &Given) -> Result<Input, Failure> {
    let first = inputs(program, &[name.to_string()], given)?.into_iter().next();
    first.unwrap_or_else(|| Err("it is not named".into())).map_err(|why| unreadable(name, &why))
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
