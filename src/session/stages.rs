//! The one place where the stages are joined: what each gives the next. Called by program and run, calls every room below.
use super::input::Input;
use super::limits::Limits;
use super::program::{CompileOptions, Inner, Stage};
use super::run::RunOptions;
use crate::base::{Code, Diagnostic, FileId, Loader, Sources};
use crate::semantics::hir;
use crate::verdict::{DemandReport, Table, TestReport, Verdict};

/// The codes of each room below this one.
pub(super) const CODES: &[&[Code]] = &[];

/// A checked program, with what the later stages need beside it.
pub(super) struct Checked {
    pub program: hir::Program,
    pub diagnostics: Vec<Diagnostic>,
}

/// A candidate as the engine takes it.
pub(super) type Structure = crate::structure::Graph;

/// What was found about one candidate.
pub(super) struct Found {
    pub demands: Vec<DemandReport>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses and checks a file with all that it imports; behind `declarations`, if the program has none of its own.
pub(super) fn check(
    sources: &mut Sources,
    _loader: &dyn Loader,
    _main: FileId,
    _options: &CompileOptions,
    _declarations: Option<&str>,
) -> Checked {
    let _ = sources;
    Checked { program: hir::Program::default(), diagnostics: vec![] }
}

/// Whether a diagnostic of a program without declarations would stay if they were there.
pub(super) fn stands_alone(d: &Diagnostic) -> bool {
    d.code.number < 200
}

/// Whether the program, or `std.readers`, has that reader.
pub(super) fn has_reader(program: &hir::Program, name: &str) -> bool {
    program.readers.iter().any(|r| &*r.name == name)
}

/// The candidate as a structure, with warnings; or what is wrong with it.
pub(super) fn read(
    _checked: &Checked,
    _input: &Input,
    _limits: &Limits,
    _sources: &mut Sources,
) -> Result<(Structure, Vec<Diagnostic>), Vec<Diagnostic>> {
    Err(vec![])
}

/// How many nodes, edges and events.
pub(super) fn size(_structure: &Structure) -> (u64, u64, u64) {
    (0, 0, 0)
}

/// The declarations that a candidate suggests, as source.
pub(super) fn infer(_input: &Input, _limits: &Limits, _sources: &mut Sources) -> Result<String, Vec<Diagnostic>> {
    Ok(String::new())
}

/// Every demand that `options.only` names, decided.
pub(super) fn decide(_checked: &Checked, _structure: Structure, _options: &RunOptions, _sources: &mut Sources) -> Found {
    Found { demands: vec![], diagnostics: vec![] }
}

/// A formula, parsed and checked against the program.
pub(super) struct Formula;

/// Parses and checks a formula.
pub(super) fn formula(
    _checked: &Checked,
    _text: &str,
    _inner: &Inner,
    _sources: &mut Sources,
) -> Result<Formula, Vec<Diagnostic>> {
    Ok(Formula)
}

/// The bindings of a formula.
pub(super) fn query(
    _checked: &Checked,
    _structure: Structure,
    _formula: Formula,
    _options: &RunOptions,
    _sources: &mut Sources,
) -> Result<Table, Vec<Diagnostic>> {
    Ok(Table::default())
}

/// One test of the program, by its position.
pub(super) fn test(checked: &Checked, index: usize, _options: &RunOptions) -> TestReport {
    let test = checked.program.tests.get(index);
    TestReport {
        title: test.map(|t| t.title.to_string()).unwrap_or_default(),
        place: test.map(|t| t.place).unwrap_or_default(),
        verdict: Verdict::Unknown,
        misses: vec![],
        diagnostics: vec![],
    }
}

/// What a stage makes of a program.
pub(super) fn dump(
    _stage: Stage,
    _sources: &mut Sources,
    _loader: &dyn Loader,
    _main: FileId,
    _options: &CompileOptions,
) -> (String, Vec<Diagnostic>) {
    (String::new(), vec![])
}
