//! `dbm dump`: what a stage makes of a program. Called by entry.
use super::args::{DumpArgs, StageArg};
use super::output::Output;
use super::program;
use crate::face::files::FileLoader;
use crate::report::exit::Exit;
use crate::session::{self, Stage};

/// Prints the stage's value; a wrong program as far as it goes.
pub fn run(args: &DumpArgs, output: &mut Output) -> Exit {
    let text = match program::text(&args.program) {
        Ok(text) => text,
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            return Exit::of_diagnostics(&failure.diagnostics);
        }
    };
    let stage = match args.stage {
        StageArg::Tokens => Stage::Tokens,
        StageArg::Ast => Stage::Ast,
        StageArg::Hir => Stage::Hir,
        StageArg::Strata => Stage::Strata,
        StageArg::Plan => Stage::Plan,
    };
    let loader = FileLoader::new(&args.program);
    let (text, failure) = session::dump(stage, &args.program, &text, &loader, &program::options(&args.param));
    output.diagnostics(&failure.diagnostics, &failure.sources);
    output.print(&text);
    Exit::of_diagnostics(&failure.diagnostics)
}
