//! `dbm judge`: what the policies `on candidate` decide about candidates, and which of the permitted are preferred. Called by entry.
use super::args::{Format, JudgeArgs};
use super::output::Output;
use super::program::{compile, inputs, run_options, unreadable};
use crate::face::clock::Watch;
use crate::report::exit::Exit;
use crate::report::judge;
use crate::session::{Failure, Input, Run};

/// Judges, prints who is permitted, best first, and says how it ended.
pub fn run(args: &JudgeArgs, output: &mut Output) -> Exit {
    let run = match judged(args) {
        Ok(run) => run,
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            return Exit::of_diagnostics(&failure.diagnostics);
        }
    };
    output.diagnostics(&run.report.diagnostics, &run.sources);
    for c in &run.report.candidates {
        output.diagnostics(&c.diagnostics, &run.sources);
    }
    let exit = Exit::of_decisions(&run.report);
    if run.report.candidates.is_empty() {
        return exit;
    }
    let text = match args.format {
        Format::Json => judge::json(&run.report, &run.sources),
        Format::Text => judge::text(&run.report, &run.sources, output.style),
    };
    output.print(&text);
    exit
}

fn judged(args: &JudgeArgs) -> Result<Run, Failure> {
    let program = compile(&args.program, &args.given.param)?;
    program.judges()?;
    let read = inputs(&args.program, &args.candidates, &args.given)?;
    // a decision about some of them only would look like one about all
    if let Some((name, Err(why))) = args.candidates.iter().zip(&read).find(|(_, r)| r.is_err()) {
        return Err(unreadable(name, why));
    }
    let inputs: Vec<Input> = read.iter().flatten().cloned().collect();
    let mut options = run_options(&args.limits);
    options.decisions_only = true;
    let _watch = Watch::start(options.limits.time, &options.cancel);
    Ok(program.check(&inputs, &options))
}
