//! `dbm replay`: a recorded trace under a changed policy. Called by entry.
use super::args::{Format, ReplayArgs};
use super::hook::monitor_options;
use super::output::Output;
use super::program::{compile, input};
use crate::report::exit::Exit;
use crate::report::replay;
use crate::session::{Failure, Replayed};

/// Prints which decisions differ: 1 if any does.
pub fn run(args: &ReplayArgs, output: &mut Output) -> Exit {
    let replayed = match replayed(args) {
        Ok(found) => found,
        Err(Failure { diagnostics, sources }) => {
            output.diagnostics(&diagnostics, &sources);
            return Exit::of_diagnostics(&diagnostics);
        }
    };
    output.print(&match args.format {
        Format::Text => replay::text(&args.trace, &args.policy, &replayed, output.style),
        Format::Json => replay::json(&args.trace, &args.policy, &replayed),
    });
    if replayed.differences.is_empty() { Exit::Fine } else { Exit::Violated }
}

fn replayed(args: &ReplayArgs) -> Result<Replayed, Failure> {
    let new = compile(&args.policy, &args.given.param)?;
    let old = args.old.as_ref().map(|name| compile(name, &args.given.param)).transpose()?;
    let trace = input(&args.policy, &args.trace, &args.given)?;
    let mut options = monitor_options(args.with.as_deref(), args.lateness)?;
    options.limits = super::program::run_options(&args.limits).limits;
    new.replay(&trace, old.as_ref(), &options)
}
