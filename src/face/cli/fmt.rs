//! `dbm fmt`: programs in the one style. Called by entry.
use super::args::FmtArgs;
use super::output::Output;
use super::program::{self, unreadable};
use crate::face::files;
use crate::report::exit::Exit;
use crate::session::{self, Failure};
use std::path::Path;

/// How deep folders are looked into.
const DEPTH: usize = 64;

/// Formats what the call names, in place; standard input to standard output. With `--check` it only says what it would change.
pub fn run(args: &FmtArgs, output: &mut Output) -> Exit {
    let mut exit = Exit::Fine;
    if args.files.iter().filter(|f| *f == "-").count() > 1 {
        return failed(&unreadable("-", "standard input can be read only once"), output);
    }
    for file in &args.files {
        for name in named(file) {
            exit = exit.max(one(&name, args.check, output));
        }
    }
    exit
}

/// The programs that a name of the call stands for.
fn named(file: &str) -> Vec<String> {
    let mut found = vec![];
    match Path::new(file) {
        folder if file != "-" && folder.is_dir() => files::programs(folder, DEPTH, &mut found),
        _ => return vec![file.to_string()],
    }
    found.iter().map(|p| p.to_string_lossy()).map(|p| p.strip_prefix("./").unwrap_or(&p).to_string()).collect()
}

fn one(name: &str, check: bool, output: &mut Output) -> Exit {
    let formatted = program::text(name).and_then(|text| Ok((session::format(name, &text)?, text)));
    let (formatted, text) = match formatted {
        Ok(both) => both,
        Err(failure) => return failed(&failure, output),
    };
    if check {
        if formatted == text {
            return Exit::Fine;
        }
        output.print(&format!("{name}\n"));
        return Exit::Violated;
    }
    if name == "-" {
        output.print(&formatted);
    } else if formatted != text
        && let Err(why) = files::replace(name, &formatted)
    {
        return failed(&unreadable(name, &why), output);
    }
    Exit::Fine
}

fn failed(failure: &Failure, output: &mut Output) -> Exit {
    output.diagnostics(&failure.diagnostics, &failure.sources);
    Exit::of_diagnostics(&failure.diagnostics)
}
