//! The one place where the stages are joined: what each gives the next. Called by program and run, calls every room below.
use super::decide::{self, Asked};
use super::evaluate::{How, in_one_world, plans};
use super::input::Input;
use super::limits::Limits;
use super::named;
use super::program::{CompileOptions, Inner, Stage};
use super::run::RunOptions;
use super::exercise;
use crate::candidate::{self, Format};
use crate::base::{Code, Diagnostic, FileId, Loader, Sources};
use crate::demand;
use crate::engine::Budget;
use crate::scalar::{Value, json};
use crate::semantics::{self, hir};
use crate::semantics::strata::Strata;
use crate::structure::{Graph, GraphBuilder};
use crate::syntax;
use crate::verdict::{DemandReport, Located, Miss, Table, TestReport, Verdict};
use std::sync::Arc;

/// The codes of each room below this one.
pub(super) const CODES: &[&[Code]] = &[syntax::error::ALL, semantics::error::ALL, candidate::error::ALL, demand::error::ALL];

/// A checked program, with what the later stages need beside it.
pub(super) struct Checked {
    pub program: hir::Program,
    pub strata: Strata,
    pub names: semantics::Names,
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The values of the parameters. Whoever runs it has seen that all have one.
    fn values(&self) -> Vec<Value> {
        self.program.params.iter().map(|p| p.default.clone().unwrap_or(Value::None)).collect()
    }
}

/// A candidate as the engine takes it, with the document in which places are found.
pub(super) struct Structure {
    graph: Graph,
    document: candidate::Document,
}

/// What was found about one candidate.
pub(super) struct Found {
    pub demands: Vec<DemandReport>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses and checks a file with all that it imports; behind `declarations`, if the program has none of its own.
pub(super) fn check(
    sources: &mut Sources,
    loader: &dyn Loader,
    main: FileId,
    options: &CompileOptions,
    declarations: Option<&str>,
) -> Checked {
    let host: Vec<_> = options.functions.iter().cloned().map(Arc::new).collect();
    let inferred = declarations.map(|text| {
        let file = sources.add_file("inferred declarations", text);
        let checked = semantics::check(sources, loader, file, &semantics::Options::default());
        (*checked.program.schema).clone()
    });
    let c = semantics::check(sources, loader, main, &semantics::Options { inferred, host });
    Checked { program: c.program, strata: c.strata, names: c.names, diagnostics: c.diagnostics }
}

/// Whether a diagnostic of a program without declarations would stay if they were there.
pub(super) fn stands_alone(d: &Diagnostic) -> bool {
    use semantics::error::{IMPORT_CYCLE, IMPORT_FAILED, UNKNOWN_IMPORT, UNKNOWN_MODULE};
    d.code.number < 200 || [IMPORT_CYCLE, IMPORT_FAILED, UNKNOWN_IMPORT, UNKNOWN_MODULE].contains(&d.code)
}

/// What a check without candidates has to say beside the program's own diagnostics.
pub(super) fn waiting(checked: &Checked) -> Vec<Diagnostic> {
    decide::waiting(&checked.program)
}

/// Whether the program, or `std.readers`, has that reader.
pub(super) fn has_reader(program: &hir::Program, name: &str) -> bool {
    program.readers.iter().any(|r| &*r.name == name)
}

fn door_limits(limits: &Limits) -> candidate::Limits {
    let bytes = usize::try_from(limits.candidate_bytes).unwrap_or(usize::MAX);
    candidate::Limits { bytes, depth: limits.depth as usize, ..candidate::Limits::default() }
}

fn door_input(input: &Input) -> candidate::Input<'_> {
    candidate::Input { name: &input.name, bytes: &input.bytes, format: Format::Auto }
}

/// The candidate as a structure, with warnings; or what is wrong with it.
pub(super) fn read(
    checked: &Checked,
    input: &Input,
    limits: &Limits,
    sources: &mut Sources,
) -> Result<(Structure, Vec<Diagnostic>), Vec<Diagnostic>> {
    let params = checked.values();
    let options = candidate::Options { reader: input.reader.as_deref(), params: &params, limits: door_limits(limits) };
    let outcome = candidate::read(&checked.program, &door_input(input), &options, sources);
    match outcome.graph {
        Some(graph) => match named::missing(&checked.program, &graph) {
            found if found.is_empty() => Ok((Structure { graph, document: outcome.document }, outcome.diagnostics)),
            found => Err(outcome.diagnostics.into_iter().chain(found).collect()),
        },
        None => Err(outcome.diagnostics),
    }
}

/// How many nodes, edges and events.
pub(super) fn size(structure: &Structure) -> (u64, u64, u64) {
    structure.graph.size()
}

/// The declarations that a candidate suggests, as source; behind a reader of `std.readers`, those of its module.
pub(super) fn infer(input: &Input, limits: &Limits, sources: &mut Sources) -> Result<String, Vec<Diagnostic>> {
    let (inferred, diagnostics) = candidate::infer(&door_input(input), &door_limits(limits), sources);
    if diagnostics.iter().any(|d| d.is_error()) { Err(diagnostics) } else { Ok(inferred.source()) }
}

fn budget(options: &RunOptions) -> Budget {
    let cancel = options.cancel.clone();
    Budget { facts: options.limits.facts, bytes: options.limits.memory, stop: Arc::new(move || cancel.stopped().is_some()) }
}

/// Every demand that `options.only` names, decided.
pub(super) fn decide(checked: &Checked, structure: Structure, options: &RunOptions, sources: &Sources) -> Found {
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let Structure { graph, document } = structure;
    let locate = |graph: &Graph, element| {
        let spot = document.locate(graph.origin(element)?)?;
        let (file, line, column) = sources.position(spot.place)?;
        Some(Located { file: file.to_string(), pointer: spot.pointer, line, column })
    };
    let asked = Asked { wanted: &wanted, most: options.max_violations, sources, locate: &locate };
    let what = (&checked.program, &checked.strata);
    let (demands, diagnostics) = decide::decide(what, graph, &checked.values(), &budget(options), How::default(), &asked);
    Found { demands, diagnostics }
}

/// A formula, checked against the program.
pub(super) type Formula = semantics::Formula;

/// Parses and checks a formula.
pub(super) fn formula(checked: &Checked, text: &str, _inner: &Inner, sources: &mut Sources) -> Result<Formula, Vec<Diagnostic>> {
    let file = sources.add_file("the query", text);
    semantics::check_formula(sources, &checked.program, &checked.names, file)
}

/// The bindings of a formula.
pub(super) fn query(checked: &Checked, structure: Structure, formula: &Formula, options: &RunOptions) -> Table {
    let Formula { vars, expr: formula, columns, .. } = formula;
    let names = columns.iter().map(|c| vars.get(c.0 as usize).map(|v| v.name.to_string()).unwrap_or_default());
    let mut table = Table { columns: names.collect(), rows: vec![], diagnostics: vec![] };
    let what = (&checked.program, &checked.strata);
    in_one_world(what, structure.graph, &checked.values(), &budget(options), How::default(), &mut |world| {
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
fn given(checked: &Checked, test: &hir::Test) -> Result<Graph, Vec<Diagnostic>> {
    candidate::from_given(&checked.program, &test.given, test.vars.len(), &checked.values(), &candidate::Limits::default())
}

/// What a stage makes of a program.
pub(super) fn dump(
    stage: Stage,
    sources: &mut Sources,
    loader: &dyn Loader,
    main: FileId,
    options: &CompileOptions,
) -> (String, Vec<Diagnostic>) {
    match stage {
        Stage::Tokens => (tokens(sources, main), vec![]),
        Stage::Ast => {
            let parsed = syntax::parse(sources, main);
            (parsed.items.iter().map(|i| format!("{i:#?}\n")).collect(), parsed.diagnostics)
        }
        Stage::Hir => {
            let checked = check(sources, loader, main, options, None);
            (format!("{:#?}\n", checked.program), checked.diagnostics)
        }
        Stage::Strata => {
            let checked = check(sources, loader, main, options, None);
            (strata(&checked), checked.diagnostics)
        }
        Stage::Plan => {
            let checked = check(sources, loader, main, options, None);
            let wrong = checked.diagnostics.iter().any(|d| d.is_error());
            let values = checked.values();
            let graph = GraphBuilder::new(checked.program.schema.clone()).finish().0;
            let text = match wrong {
                true => String::new(),
                false => plans(&checked.program, &checked.strata, graph, &values),
            };
            (text, checked.diagnostics)
        }
    }
}

/// One token a line: where it stands, what it is, its text.
fn tokens(sources: &Sources, file: FileId) -> String {
    let Some(file) = sources.file(file) else { return String::new() };
    let mut out = String::new();
    for t in syntax::tokens(&file.text) {
        let (line, column) = file.position(t.span.start as usize);
        out.push_str(&format!("{line}:{column} {:?} {:?}\n", t.kind, t.text(&file.text)));
    }
    out
}

/// The rules and mechanisms in the order they are evaluated, one stratum a line.
fn strata(checked: &Checked) -> String {
    let mut out = String::new();
    for (n, s) in checked.strata.strata.iter().enumerate() {
        let rules = s.rules.iter().filter_map(|r| checked.program.rule(*r)).map(|r| r.name.to_string());
        let schema = &checked.program.schema;
        let mechanisms = s.mechanisms.iter().filter_map(|a| schema.attr(*a)).map(|a| format!("{}.{}", schema.name(a.kind), a.name));
        let names: Vec<String> = rules.chain(mechanisms).collect();
        out.push_str(&format!("{n}: {}{}\n", names.join(", "), if s.recursive { " (recursive)" } else { "" }));
    }
    out
}
