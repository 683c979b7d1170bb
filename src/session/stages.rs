//! The one place where the stages are joined: what each gives the next. Called by program and run, calls every room below.
use super::decide::{self, Asked};
use super::evaluate::{How, in_one_world};
use super::input::Input;
use super::limits::Limits;
use super::program::{CompileOptions, Inner, Stage};
use super::run::RunOptions;
use super::exercise;
use crate::base::{Code, Diagnostic, FileId, Loader, Sources};
use crate::demand;
use crate::engine::Budget;
use crate::scalar::{Value, json};
use crate::semantics::hir;
use crate::semantics::strata::Strata;
use crate::verdict::{DemandReport, Miss, Table, TestReport, Verdict};
use std::sync::Arc;

/// The codes of each room below this one.
pub(super) const CODES: &[&[Code]] = &[demand::error::ALL];

/// A checked program, with what the later stages need beside it.
pub(super) struct Checked {
    pub program: hir::Program,
    pub strata: Strata,
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The values of the parameters. Whoever runs it has seen that all have one.
    fn values(&self) -> Vec<Value> {
        self.program.params.iter().map(|p| p.default.clone().unwrap_or(Value::None)).collect()
    }
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
    Checked { program: hir::Program::default(), strata: Strata::default(), diagnostics: vec![] }
}

/// Whether a diagnostic of a program without declarations would stay if they were there.
pub(super) fn stands_alone(d: &Diagnostic) -> bool {
    d.code.number < 200
}

/// What a check without candidates has to say beside the program's own diagnostics.
pub(super) fn waiting(checked: &Checked) -> Vec<Diagnostic> {
    decide::waiting(&checked.program)
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
pub(super) fn size(structure: &Structure) -> (u64, u64, u64) {
    structure.size()
}

/// The declarations that a candidate suggests, as source.
pub(super) fn infer(_input: &Input, _limits: &Limits, _sources: &mut Sources) -> Result<String, Vec<Diagnostic>> {
    Ok(String::new())
}

fn budget(options: &RunOptions) -> Budget {
    let cancel = options.cancel.clone();
    Budget { facts: options.limits.facts, bytes: options.limits.memory, stop: Arc::new(move || cancel.stopped().is_some()) }
}

/// Every demand that `options.only` names, decided.
pub(super) fn decide(checked: &Checked, structure: Structure, options: &RunOptions, sources: &mut Sources) -> Found {
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let locate = |_: &Structure, _| None;
    let asked = Asked { wanted: &wanted, most: options.max_violations, sources, locate: &locate };
    let what = (&checked.program, &checked.strata);
    let (demands, diagnostics) = decide::decide(what, structure, &checked.values(), &budget(options), How::default(), &asked);
    Found { demands, diagnostics }
}

/// A formula, checked against the program.
pub(super) struct Formula {
    vars: Vec<hir::Var>,
    formula: hir::Expr,
    columns: Vec<hir::VarId>,
}

/// Parses and checks a formula.
pub(super) fn formula(_checked: &Checked, _text: &str, _inner: &Inner, _sources: &mut Sources) -> Result<Formula, Vec<Diagnostic>> {
    Err(vec![])
}

/// The bindings of a formula.
pub(super) fn query(checked: &Checked, structure: Structure, formula: &Formula, options: &RunOptions) -> Table {
    let Formula { vars, formula, columns } = formula;
    let names = columns.iter().map(|c| vars.get(c.0 as usize).map(|v| v.name.to_string()).unwrap_or_default());
    let mut table = Table { columns: names.collect(), rows: vec![], diagnostics: vec![] };
    let what = (&checked.program, &checked.strata);
    in_one_world(what, structure, &checked.values(), &budget(options), How::default(), &mut |world| {
        table.diagnostics.clear();
        match world.query(vars, formula, columns) {
            Ok((rows, faults)) => {
                let graph = world.graph();
                let show = |v: &crate::scalar::Val| json::to_json(&graph.dictionary.value(*v), &|e| graph.show(e));
                table.rows = rows.iter().map(|r| r.iter().map(show).collect()).collect();
                let mut faults: Vec<_> = faults.iter().filter_map(|f| world.faults().get(*f)).collect();
                faults.sort();
                faults.dedup();
                table.diagnostics.extend(faults.into_iter().map(|f| demand::error::fault("the query", formula.place, f)));
            }
            Err(not) => table.diagnostics.push(demand::error::not_yet("the query", formula.place, not.what, not.place)),
        }
        table.diagnostics.extend(world.reached().map(demand::error::limit));
    });
    table
}

/// One test of the program.
pub(super) fn test(checked: &Checked, test: &hir::Test, options: &RunOptions) -> TestReport {
    let mut report =
        TestReport { title: test.title.to_string(), place: test.place, verdict: Verdict::Unknown, misses: vec![], diagnostics: vec![] };
    let given = match given(checked, test) {
        Ok(given) => given,
        Err(found) => {
            report.diagnostics = found;
            return report;
        }
    };
    let what = (&checked.program, &checked.strata);
    let misses = exercise::run(what, given, &checked.values(), &budget(options), How::default(), test);
    report.misses = misses.into_iter().map(|m| Miss { place: m.place, message: m.text }).collect();
    report.verdict = if report.misses.is_empty() { Verdict::Holds } else { Verdict::Violated };
    report
}

/// The structure that a test's `given` makes of the empty one.
fn given(_checked: &Checked, _test: &hir::Test) -> Result<Structure, Vec<Diagnostic>> {
    Err(vec![])
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
