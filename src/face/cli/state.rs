//! `dbm check --state`: what each policy keeps of events, and how that grows. Called by check.
use super::args::{CheckArgs, Deny, Format};
use super::hook::monitor_options;
use super::output::Output;
use super::program::compile;
use crate::base::Severity;
use crate::report::exit::Exit;
use crate::report::kept;
use crate::session::Failure;

/// Prints what is kept, and warns of what grows for ever.
pub fn run(args: &CheckArgs, output: &mut Output) -> Exit {
    let found = compile(&args.program, &args.given.param).and_then(|p| {
        let options = monitor_options(args.with.as_deref(), args.lateness)?;
        let kept = p.kept(&options)?;
        Ok((p, kept))
    });
    let (program, (all, warnings)) = match found {
        Ok(found) => found,
        Err(Failure { diagnostics, sources }) => {
            output.diagnostics(&diagnostics, &sources);
            return Exit::of_diagnostics(&diagnostics);
        }
    };
    output.diagnostics(program.diagnostics().iter().chain(&warnings), program.sources());
    output.print(&match args.format {
        Format::Text => kept::text(&all, output.style),
        Format::Json => kept::json(program.name(), &all),
    });
    let warned = program.diagnostics().iter().chain(&warnings).any(|d| d.severity == Severity::Warning);
    if warned && args.deny.contains(&Deny::Warnings) { Exit::Program } else { Exit::Fine }
}
