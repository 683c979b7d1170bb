//! `dbm core`: what many candidates agree on; `dbm diff`: what tells two apart. Called by entry.
use super::args::{CoreArgs, DiffArgs, Format};
use super::output::Output;
use super::program::{compile, input, run_options};
use crate::face::clock::Watch;
use crate::report::core;
use crate::report::exit::Exit;
use crate::session::{Consensus, Distance, Failure, Input, Program};

/// Prints the facts that enough candidates have.
pub fn run(args: &CoreArgs, output: &mut Output) -> Exit {
    let found = agreed(args);
    match found {
        Ok(found) => {
            let text = match args.format {
                Format::Text => core::text(&found, args.share, output.style),
                Format::Json => core::json(&found, args.share),
            };
            output.print(&text);
            Exit::Fine
        }
        Err(failure) => failed(&failure, output),
    }
}

/// Prints the edits that make the second candidate of the first. Ends with 1 if there are any.
pub fn diff(args: &DiffArgs, output: &mut Output) -> Exit {
    match distance(args) {
        Ok(d) => {
            let text = match args.format {
                Format::Text => core::distance_text(&d, output.style),
                Format::Json => core::distance_json(&d),
            };
            output.print(&text);
            if d.edits.is_empty() { Exit::Fine } else { Exit::Violated }
        }
        Err(failure) => failed(&failure, output),
    }
}

fn failed(failure: &Failure, output: &mut Output) -> Exit {
    output.diagnostics(&failure.diagnostics, &failure.sources);
    Exit::of_answer(&failure.diagnostics).max(Exit::of_diagnostics(&failure.diagnostics))
}

fn agreed(args: &CoreArgs) -> Result<Consensus, Failure> {
    let program = compile(&args.program, &args.given.param)?;
    let read = |name: &String| input(&args.program, name, &args.given);
    let inputs: Vec<Input> = args.candidates.iter().map(read).collect::<Result<_, _>>()?;
    let options = run_options(&args.limits);
    let _watch = Watch::start(options.limits.time, &options.cancel);
    program.core(&inputs, args.share, &options)
}

fn distance(args: &DiffArgs) -> Result<Distance, Failure> {
    let program = match &args.program {
        Some(name) => compile(name, &args.given.param)?,
        None => Program::empty()?,
    };
    let name = args.program.as_deref().unwrap_or("");
    let (a, b) = (input(name, &args.first, &args.given)?, input(name, &args.second, &args.given)?);
    let options = run_options(&args.limits);
    let _watch = Watch::start(options.limits.time, &options.cancel);
    program.distance(&a, &b, &options)
}
