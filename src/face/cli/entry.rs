//! From the shell to a verb and back to an exit code. Called by main; catches what should not happen.
use super::args::{Cli, Verb};
use super::output::Output;
use super::{check, dump, explain, query, schema, test};
use crate::base::Diagnostic;
use crate::report::exit::Exit;
use crate::session::error::INTERNAL;
use clap::Parser;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Programs are nested, and so is the code that walks them; the address space costs nothing until it is used.
const STACK: usize = 256 << 20;

/// Runs dbm with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // help and version go to standard output and are fine, the rest is a wrong call
            let code = if e.use_stderr() { Exit::Call } else { Exit::Fine };
            let _ = e.print();
            return ExitCode::from(code.code());
        }
    };
    let place = Arc::new(Mutex::new(String::new()));
    let seen = place.clone();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or("(no message)");
        let at = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut seen) = seen.lock() {
            *seen = format!("{text}{at}");
        }
    }));
    let color = cli.color;
    let work = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut output = Output::new(color);
        let exit = run(cli, &mut output);
        output.flush();
        exit
    });
    let exit = match work.map(|thread| thread.join()) {
        Ok(Ok(exit)) => exit,
        Ok(Err(_)) | Err(_) => {
            let what = place.lock().map(|p| p.clone()).unwrap_or_default();
            let mut output = Output::new(color);
            output.diagnostics([&internal(&what)], &Default::default());
            output.flush();
            Exit::Internal
        }
    };
    ExitCode::from(exit.code())
}

/// Runs a verb.
pub fn run(cli: Cli, output: &mut Output) -> Exit {
    match cli.verb {
        Verb::Check(args) => check::run(&args, output),
        Verb::Query(args) => query::run(&args, output),
        Verb::Test(args) => test::run(&args, output),
        Verb::Dump(args) => dump::run(&args, output),
        Verb::Schema { of } => schema::run(&of, output),
        Verb::Explain { code } => explain::run(&code, output),
    }
}

fn internal(what: &str) -> Diagnostic {
    Diagnostic::error(INTERNAL, "dbm broke a promise of its own")
        .note(what)
        .help("this is a bug of ours, please report it with the program and the candidate that led to it")
}
