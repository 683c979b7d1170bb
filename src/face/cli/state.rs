//! `dbm check --state`: what each policy keeps of events, and how that grows; of a trace, which windows are too short for it. Called by check.
use super::args::{CheckArgs, Deny, Format};
use super::check;
use super::hook::monitor_options;
use super::output::Output;
use super::program::{compile, input};
use crate::base::{Diagnostic, Severity, Sources};
use crate::face::clock::{Meter, Watch};
use crate::report::exit::Exit;
use crate::report::kept;
use crate::session::{Failure, Kept, Program};

/// What is said, and the sources that it speaks of.
type Said = (Vec<Diagnostic>, Sources);

/// Prints what is kept, and warns of what grows for ever and of windows that are too short.
pub fn run(args: &CheckArgs, output: &mut Output) -> Exit {
    let (program, all, said) = match state(args) {
        Ok(found) => found,
        Err(Failure { diagnostics, sources }) => {
            output.diagnostics(&diagnostics, &sources);
            return Exit::of_diagnostics(&diagnostics);
        }
    };
    for (diagnostics, sources) in &said {
        output.diagnostics(diagnostics, sources);
    }
    output.print(&match args.format {
        Format::Text => kept::text(&all, output.style),
        Format::Json => kept::json(program.name(), &all),
    });
    let said: Vec<Diagnostic> = said.into_iter().flat_map(|s| s.0).collect();
    let warned = said.iter().any(|d| d.severity == Severity::Warning);
    match Exit::of_diagnostics(&said) {
        Exit::Fine if warned && args.deny.contains(&Deny::Warnings) => Exit::Program,
        exit => exit,
    }
}

fn state(args: &CheckArgs) -> Result<(Program, Vec<Kept>, Vec<Said>), Failure> {
    let program = compile(&args.program, &args.given.param)?;
    let (all, grows) = program.kept(&monitor_options(args.with.as_deref(), args.lateness)?)?;
    let mut said = vec![(program.diagnostics().iter().cloned().chain(grows).collect(), program.sources().clone())];
    let options = check::options(args)?;
    let _watch = Watch::start(options.limits.time, &options.cancel);
    let _meter = Meter::start(&options.progress);
    for name in &args.candidates {
        said.push(program.narrow_windows(&input(&args.program, name, &args.given)?, &options)?);
    }
    Ok((program, all, said))
}
