//! `dbm why` and `dbm why-not`: the reasons of what holds, and what is missing for what does not. Called by entry.
use super::args::{Format, WhyArgs};
use super::output::Output;
use super::program::{compile, input, run_options};
use crate::base::Sources;
use crate::face::clock::Watch;
use crate::report::exit::Exit;
use crate::report::reason;
use crate::session::{Answer, Extent, Failure};

/// Prints the reasons. Either verb prints what is the case; the exit code says whether that was what it was asked for.
pub fn run(args: &WhyArgs, wanted: bool, output: &mut Output) -> Exit {
    let (answer, sources) = match asked(args) {
        Ok(found) => found,
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            return Exit::of_diagnostics(&failure.diagnostics);
        }
    };
    output.diagnostics(&answer.diagnostics, &sources);
    output.print(&match args.format {
        Format::Text => reason::text(&answer, output.style),
        Format::Json => reason::json(&answer),
    });
    let other = if answer.holds == wanted { Exit::Fine } else { Exit::Violated };
    Exit::of_answer(&answer.diagnostics).max(other)
}

fn asked(args: &WhyArgs) -> Result<(Answer, Sources), Failure> {
    let program = compile(&args.program, &args.given.param)?;
    let input = input(&args.program, &args.candidate, &args.given)?;
    let options = run_options(&args.limits);
    let _watch = Watch::start(options.limits.time, &options.cancel);
    let extent = Extent { depth: args.depth, width: args.width };
    program.why(&input, &args.formula, extent, &options).map_err(|e| e.failure().clone())
}
