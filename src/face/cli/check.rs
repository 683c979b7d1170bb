//! `dbm check`: candidates against a program, or the program alone. Called by entry and by recorded runs.
use super::args::{CheckArgs, Deny, Format};
use super::output::Output;
use super::program::{compile, inputs, run_options, unreadable, unreadable_in, unusable};
use crate::face::clock::{Meter, Watch};
use crate::report::exit::Exit;
use crate::report::style::{Tone, counted};
use crate::report::{json, svg, text};
use crate::session::{CandidateReport, Extent, Failure, Input, Program, Report, Run, RunOptions, Verdict};

/// Checks, prints the report, and says how it ended.
pub fn run(args: &CheckArgs, output: &mut Output) -> Exit {
    if args.state {
        return super::state::run(args, output);
    }
    let (program, run) = match checked(args) {
        Ok((program, run)) => (Some(program), run),
        Err(Failure { diagnostics, sources }) => {
            (None, Run { report: Report { program: args.program.clone(), candidates: vec![], diagnostics }, sources })
        }
    };
    let mut exit = Exit::of(&run.report, args.deny.contains(&Deny::Warnings));
    if let Some(folder) = &args.svg
        && let Err(why) = pictures(folder, &run.report)
    {
        let failure = unusable(folder, &format!("cannot be written: {why}"));
        output.diagnostics(&[failure.0], &failure.2);
        exit = Exit::Call;
    }
    if args.format == Format::Json {
        // writing to memory does not fail
        let _ = json::write(&run.report, &run.sources, &mut output.out);
        return exit;
    }
    output.diagnostics(&run.report.diagnostics, &run.sources);
    for c in &run.report.candidates {
        output.diagnostics(&c.diagnostics, &run.sources);
    }
    if !run.report.candidates.is_empty() {
        let report = text::text(&run.report, &run.sources, output.style);
        output.print(&report);
    } else if let Some(program) = program.filter(|_| !run.report.diagnostics.iter().any(|d| d.is_error())) {
        let line = sound(&program);
        let line = output.style.paint(Tone::Good, &line);
        output.print(&(line + "\n"));
    }
    exit
}

/// Draws the worlds that fail: `FOLDER/CANDIDATE.DEMAND.N.svg`.
fn pictures(folder: &str, report: &Report) -> std::io::Result<()> {
    let folder = std::path::Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let plain = |name: &str| -> String {
        name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(80).collect()
    };
    for c in &report.candidates {
        let name = c.candidate.rsplit(['/', '\\']).next().unwrap_or_default();
        for d in &c.demands {
            let drawn = d.violations.iter().filter(|v| v.world.as_ref().is_some_and(|w| !w.picture.nodes.is_empty()));
            for (n, text) in drawn.filter_map(|v| svg::svg(&d.name, v)).enumerate() {
                std::fs::write(folder.join(format!("{}.{}.{}.svg", plain(name), plain(&d.name), n + 1)), text)?;
            }
        }
    }
    Ok(())
}

/// How the run is to be done.
pub fn options(args: &CheckArgs) -> Result<RunOptions, Failure> {
    let mut options = run_options(&args.limits);
    options.max_violations = args.max_violations;
    options.max_worlds = args.worlds;
    options.seed = args.seed;
    options.only = args.only.clone();
    options.closed = args.closed;
    options.lateness = args.lateness;
    options.why = args.why.then_some(Extent::default());
    if let Some(name) = &args.with {
        let without = super::args::Given { reader: None, ..args.given.clone() };
        options.beside = Some(super::program::input(&args.program, name, &without)?);
    }
    Ok(options)
}

fn checked(args: &CheckArgs) -> Result<(Program, Run), Failure> {
    let program = compile(&args.program, &args.given.param)?;
    let read = inputs(&args.program, &args.candidates, &args.given)?;
    let inputs: Vec<Input> = read.iter().flatten().cloned().collect();
    if let (true, [name, ..], Some(Err(why))) = (inputs.is_empty(), args.candidates.as_slice(), read.first()) {
        return Err(unreadable(name, why));
    }
    let options = options(args)?;
    let _watch = Watch::start(options.limits.time, &options.cancel);
    let _meter = Meter::start(&options.progress);
    let mut run = program.check(&inputs, &options);
    if let (true, Some(name)) = (args.candidates.is_empty(), &args.given.reader) {
        run.report.diagnostics.extend(program.unknown_reader(name));
    }
    // one that cannot be read does not keep the others from being checked
    let refused = run.report.diagnostics.iter().any(|d| d.is_error());
    for (i, (name, input)) in args.candidates.iter().zip(&read).enumerate() {
        if let (Err(why), false) = (input, refused) {
            let report = CandidateReport {
                candidate: name.clone(),
                verdict: Verdict::Unknown,
                demands: vec![],
                decision: None,
                size: (0, 0, 0),
                streamed: false,
                diagnostics: vec![unreadable_in(&mut run.sources, name, why)],
            };
            run.report.candidates.insert(i.min(run.report.candidates.len()), report);
        }
    }
    Ok((program, run))
}

/// What a program without mistakes consists of.
pub fn sound(program: &Program) -> String {
    let census = program.census();
    let parts: Vec<String> =
        census.iter().filter(|(_, n)| *n > 0).map(|(what, n)| counted(*n as u64, singular(what), what)).collect();
    match parts.is_empty() {
        true => format!("{}: no mistakes found", program.name()),
        false => format!("{}: no mistakes found in {}", program.name(), parts.join(", ")),
    }
}

fn singular(what: &str) -> &str {
    match what {
        "policies" => "policy",
        what => what.strip_suffix('s').unwrap_or(what),
    }
}
