//! `dbm schema`: JSON Schemas of reports and candidates, and inferred declarations. Called by entry.
use super::args::SchemaOf;
use super::output::Output;
use super::program::{compile, unreadable};
use crate::face::files;
use crate::report::{exit::Exit, schema};
use crate::session::{self, Failure, Input, Limits};

/// Prints what is asked for.
pub fn run(of: &SchemaOf, output: &mut Output) -> Exit {
    match made(of) {
        Ok(text) => {
            output.print(&text);
            Exit::Fine
        }
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            Exit::of_diagnostics(&failure.diagnostics)
        }
    }
}

fn made(of: &SchemaOf) -> Result<String, Failure> {
    match of {
        SchemaOf::Report => Ok(schema::REPORT.to_string()),
        SchemaOf::Decision => Ok(schema::DECISION.to_string()),
        SchemaOf::Candidate { program } => {
            let compiled = compile(program, &[])?;
            let title = format!("a candidate for {program}");
            let made = compiled.schema().map(|s| schema::candidate(s, &title)).unwrap_or(serde_json::Value::Bool(true));
            Ok(format!("{made:#}\n"))
        }
        SchemaOf::Infer { candidate } => {
            let bytes = files::read(candidate).map_err(|why| unreadable(candidate, &why))?;
            session::infer(&Input::new(candidate, bytes), &Limits::default()).map_err(|e| e.failure().clone())
        }
    }
}
