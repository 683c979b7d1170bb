//! `dbm query`: the bindings of a formula in a candidate. Called by entry.
use super::args::{QueryArgs, TableFormat};
use super::output::Output;
use super::program::{compile, input, run_options};
use crate::base::Sources;
use crate::face::clock::Watch;
use crate::report::exit::Exit;
use crate::report::table;
use crate::session::{Failure, Table};

/// Prints the table. A table that a limit or a fault left incomplete is printed too, and the exit code says so.
pub fn run(args: &QueryArgs, output: &mut Output) -> Exit {
    let (table, sources) = match asked(args) {
        Ok(found) => found,
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            return Exit::of_diagnostics(&failure.diagnostics);
        }
    };
    output.diagnostics(&table.diagnostics, &sources);
    let text = match args.format {
        TableFormat::Table => table::text(&table, output.style),
        TableFormat::Json => table::json(&table),
        TableFormat::Csv => table::csv(&table),
    };
    output.print(&text);
    Exit::of_answer(&table.diagnostics)
}

fn asked(args: &QueryArgs) -> Result<(Table, Sources), Failure> {
    let program = compile(&args.program, &args.given.param)?;
    let input = input(&args.program, &args.candidate, &args.given)?;
    let options = run_options(&args.limits);
    let _watch = Watch::start(options.limits.time, &options.cancel);
    program.query(&input, &args.formula, &options).map_err(|e| e.failure().clone())
}
