//! From the shell to a verb and back to an exit code. Called by main; catches what should not happen.
use super::args::{Cli, Verb};
use super::output::Output;
use super::{check, core, dump, explain, fmt, hook, judge, new, query, replay, schema, test, watch, why};
use crate::base::Diagnostic;
use crate::face::repl;
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
    let color = cli.color;
    let hook = matches!(cli.verb, Verb::Hook(_));
    let exit = guarded(move || {
        let mut output = Output::new(color);
        let exit = run(cli, &mut output);
        if output.flush() { exit } else { exit.max(Exit::Call) }
    });
    let exit = exit.unwrap_or_else(|what| {
        let mut output = Output::new(color);
        output.diagnostics([&internal(&what)], &Default::default());
        output.flush();
        // a hook that ends in any other way lets the call through
        if hook { Exit::Call } else { Exit::Internal }
    });
    ExitCode::from(exit.code())
}

/// Does the work on a stack of its own; a panic becomes its message and place.
pub(super) fn guarded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = place.clone();
    std::panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("(no message)");
        let at = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut seen) = seen.lock() {
            *seen = format!("{text}{at}");
        }
    }));
    let done = std::thread::Builder::new().stack_size(STACK).spawn(work).map(|thread| thread.join());
    match done {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err(place.lock().map(|p| p.clone()).unwrap_or_default()),
        Err(e) => Err(format!("no thread could be started: {e}")),
    }
}

/// Runs a verb.
pub fn run(cli: Cli, output: &mut Output) -> Exit {
    match cli.verb {
        Verb::Check(args) => check::run(&args, output),
        Verb::Judge(args) => judge::run(&args, output),
        Verb::Hook(args) => hook::run(args),
        Verb::Watch(args) => watch::run(&args, output),
        Verb::Replay(args) => replay::run(&args, output),
        Verb::Core(args) => core::run(&args, output),
        Verb::Diff(args) => core::diff(&args, output),
        Verb::Query(args) => query::run(&args, output),
        Verb::Why(args) => why::run(&args, true, output),
        Verb::WhyNot(args) => why::run(&args, false, output),
        Verb::Repl(args) => repl::run(&args, output),
        Verb::Test(args) => test::run(&args, output),
        Verb::New(args) => new::run(&args, output),
        Verb::Fmt(args) => fmt::run(&args, output),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sources;
    use crate::report::draw::draw;
    use crate::report::style::Style;

    #[test]
    fn a_panic_is_a_bug_of_ours_with_its_place() {
        let what = guarded(|| -> Exit { panic!("index 7 of 3") }).unwrap_err();
        assert!(what.starts_with("index 7 of 3 at src"), "{what}");
        let drawn = draw(&internal(&what), &Sources::new(), Style::PLAIN);
        assert!(drawn.contains("[DBM0999]") && drawn.contains("please report") && drawn.contains("index 7 of 3"), "{drawn}");
        assert_eq!(Exit::Internal.code(), 70);
        assert_eq!(guarded(|| 3), Ok(3));
    }
}
