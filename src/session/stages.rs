//! The one place where the stages are joined: what each gives the next. Called by program and run, calls every room below.
//!
//! Long because it is the one place where the stages are joined, for every question that a host can ask.
use super::decide::{self, Asked, SHOWN_FAULTS};
use super::evaluate::{self, How, World, in_one_world};
use super::exercise;
use super::input::Input;
use super::judge::{self, Shared};
use super::limits::{Cancel, Limits};
use super::named;
use super::places::Places;
use super::program::{CompileOptions, Stage};
use super::run::RunOptions;
use super::stream::{self, Streamed};
use super::why::{Extent, Why};
use super::workbench::difference::{self, Contents};
use crate::base::source::NoFiles;
use crate::base::{Code, Diagnostic, FileId, Loader, Sources};
use crate::engine::Budget;
use crate::scalar::{Element, Op, Type, Value, builtin, json};
use crate::semantics::{Needs, Strata, hir};
use crate::structure::{Graph, GraphBuilder, Schema};
use crate::verdict::{Answer, Decision, DemandReport, Difference, Located, Miss, Table, TestReport, Verdict};
use crate::{candidate, demand, semantics, syntax};
use std::sync::Arc;

/// The codes of each room below this one.
pub(super) const CODES: &[&[Code]] = &[syntax::error::ALL, semantics::error::ALL, candidate::error::ALL, demand::error::ALL];

pub(super) use crate::semantics::{Checked, Formula};

/// The values of the parameters. Whoever runs the program has seen that all have one.
pub(super) fn values(checked: &Checked) -> Vec<Value> {
    checked.program.params.iter().map(|p| p.default.clone().unwrap_or(Value::None)).collect()
}

/// A structure, and the document in which its places are found again.
#[derive(Clone)]
pub(super) struct Structure {
    graph: Graph,
    /// None if nobody wrote it down.
    outcome: Option<Arc<candidate::Outcome>>,
}

impl Structure {
    /// The elements.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
    /// Without elements.
    pub fn empty(checked: &Checked) -> Structure {
        Structure { graph: GraphBuilder::new(checked.program.schema.clone()).finish().0, outcome: None }
    }
}

/// Where an element stands in its candidate.
fn locate(outcome: Option<&candidate::Outcome>, places: &Places<'_>, graph: &Graph, e: Element) -> Option<Located> {
    outcome?.locate(graph, e).and_then(|spot| places.located(spot.place, spot.pointer))
}

/// What was found about one candidate.
pub(super) struct Found {
    pub demands: Vec<DemandReport>,
    pub diagnostics: Vec<Diagnostic>,
    pub decision: Option<Decision>,
}

/// Parses and checks a file with all that it imports; behind the declarations of a candidate, if it has none of its own.
pub(super) fn check(
    sources: &mut Sources,
    loader: &dyn Loader,
    main: FileId,
    options: &CompileOptions,
    inferred: Option<&Schema>,
) -> Checked {
    let host = options.functions.iter().cloned().map(Arc::new).collect();
    semantics::check(sources, loader, main, &semantics::Options { inferred: inferred.cloned(), host })
}

/// Whether a diagnostic of a program without declarations would stay if they were there: what is wrong with its text and its imports.
pub(super) fn stands_alone(d: &Diagnostic) -> bool {
    use semantics::error::{IMPORT_CYCLE, IMPORT_FAILED, UNKNOWN_IMPORT, UNKNOWN_MODULE};
    d.code.number < 200 || [IMPORT_CYCLE, IMPORT_FAILED, UNKNOWN_IMPORT, UNKNOWN_MODULE].contains(&d.code)
}

/// The module of `std.readers` with a reader of that name.
fn standard_reader(name: &str) -> Option<(String, &'static str)> {
    let module = format!("readers.{name}");
    semantics::library::find(&module).map(|text| (format!("std.{module}"), text))
}

/// What is wrong with the name of a reader, if the program has none of that name. A program without declarations takes those that a
/// reader of `std.readers` brings.
pub(super) fn unknown_reader(program: &hir::Program, name: &str) -> Option<Diagnostic> {
    let d = candidate::find_reader(program, name).err()?;
    match standard_reader(name) {
        Some(_) if program.schema.kinds.is_empty() => None,
        Some((module, _)) => {
            let mut d = *d;
            d.helps = vec![format!("the standard library has it, with kinds of its own: `import {module} {{ * }}`")];
            Some(d)
        }
        None => Some(*d),
    }
}

fn door_limits(limits: &Limits, cancel: &Cancel) -> candidate::Limits {
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let cancel = cancel.clone();
    candidate::Limits {
        bytes: size(limits.candidate_bytes),
        depth: limits.depth as usize,
        memory: limits.memory,
        stop: candidate::limits::Stop(Arc::new(move || cancel.stopped().is_some())),
        ..candidate::Limits::default()
    }
}

pub(super) fn door_input(input: &Input) -> candidate::Input<'_> {
    candidate::Input { name: &input.name, bytes: &input.bytes, format: candidate::Format::Auto }
}

/// How the door reads.
pub(super) fn door_options<'a>(
    params: &'a [Value],
    reader: Option<&'a str>,
    run: &RunOptions,
    lateness: Option<i64>,
) -> candidate::Options<'a> {
    candidate::Options { reader, params, limits: door_limits(&run.limits, &run.cancel), lateness }
}

/// The candidate as a structure, with warnings; or what is wrong with it.
pub(super) fn read(
    checked: &Checked,
    input: &Input,
    run: &RunOptions,
    sources: &mut Sources,
) -> Result<(Structure, Vec<Diagnostic>), Vec<Diagnostic>> {
    let values = values(checked);
    let lateness = checked.program.policies.iter().any(|p| p.on.is_some()).then_some(run.lateness);
    let options = door_options(&values, input.reader.as_deref(), run, lateness);
    let beside = run.beside.as_ref().map(door_input);
    let mut outcome = candidate::read(&checked.program, &door_input(input), beside.as_ref(), &options, sources);
    let found = std::mem::take(&mut outcome.diagnostics);
    match outcome.graph.take() {
        Some(graph) if !found.iter().any(|d| d.is_error()) => match named::missing(&checked.program, &graph) {
            missing if missing.is_empty() => Ok((Structure { graph, outcome: Some(Arc::new(outcome)) }, found)),
            missing => Err(found.into_iter().chain(missing).collect()),
        },
        _ => Err(found),
    }
}

/// How many nodes, edges and events.
pub(super) fn size(structure: &Structure) -> (u64, u64, u64) {
    structure.graph.size()
}

/// The declarations that a candidate suggests, as source.
pub(super) fn infer(input: &Input, limits: &Limits, sources: &mut Sources) -> Result<String, Vec<Diagnostic>> {
    let (inferred, found) = candidate::infer(&door_input(input), &door_limits(limits, &Cancel::new()), sources);
    if found.iter().any(|d| d.is_error()) {
        return Err(found);
    }
    Ok(inferred.source())
}

/// Declarations for a program that has none, and the readers that go with them.
pub(super) struct Declared {
    pub schema: Arc<Schema>,
    pub readers: Vec<hir::Reader>,
}

/// The declarations that a candidate suggests; those of the reader's module, if it is one of `std.readers`. Their text becomes a
/// source, so that places in it can be shown.
pub(super) fn declared(input: &Input, run: &RunOptions, sources: &mut Sources) -> Result<Declared, Vec<Diagnostic>> {
    let file = match input.reader.as_deref().and_then(standard_reader) {
        Some((module, text)) => sources.add_file(module, text),
        None => {
            let (inferred, found) = candidate::infer(&door_input(input), &door_limits(&run.limits, &run.cancel), sources);
            if found.iter().any(|d| d.is_error()) {
                return Err(found);
            }
            let text = inferred.chained().source();
            sources.add_file(format!("declarations inferred from {}", input.name), text)
        }
    };
    let checked = semantics::check(sources, &NoFiles, file, &semantics::Options::default());
    if checked.has_errors() {
        return Err(checked.diagnostics);
    }
    Ok(Declared { schema: checked.program.schema.clone(), readers: checked.program.readers })
}

pub(super) fn budget(options: &RunOptions) -> Budget {
    let cancel = options.cancel.clone();
    Budget {
        facts: options.limits.facts,
        bytes: options.limits.memory,
        stop: Arc::new(move || cancel.stopped().is_some()),
        progress: options.progress.clone(),
    }
}

/// Of each invariant that asks for a share of the candidates: whether its formula is true in this one.
pub(super) fn shares(checked: &Checked, structure: &Structure, options: &RunOptions) -> Vec<Option<bool>> {
    let asked: Vec<Option<&hir::Expr>> = checked.program.invariants.iter().map(|i| judge::shared(i).map(|s| s.1)).collect();
    if asked.iter().all(Option::is_none) {
        return vec![];
    }
    let mut needs = Needs::new(&checked.program);
    asked.iter().flatten().for_each(|e| needs.expr(e));
    let what = (&checked.program, &needs.strata(&checked.strata));
    in_one_world(what, structure.graph.clone(), &values(checked), &budget(options), How::default(), &mut |world| {
        let mut all = vec![];
        for (e, i) in asked.iter().zip(&checked.program.invariants) {
            // unknown counts as not so
            all.push(e.map(|e| matches!(world.judged(i.vars.len(), &[], e), Ok(Ok(true)))));
        }
        all
    })
}

/// Every demand that `options.only` names, decided.
pub(super) fn decide(
    checked: &Checked,
    structure: Structure,
    shares: &[Option<Shared>],
    options: &RunOptions,
    sources: &Sources,
) -> Found {
    let all = options.only.is_empty() && !options.decisions_only;
    let wanted = |name: &str| all || options.only.iter().any(|n| n == name);
    let places = Places::new(sources);
    let Structure { graph, outcome } = structure;
    let locate = |graph: &Graph, e| locate(outcome.as_deref(), &places, graph, e);
    let asked = Asked { shares, ..Asked::of(options, &wanted, sources, &locate) };
    let what = (&checked.program, &checked.strata);
    let (demands, diagnostics, decision) =
        decide::decide(what, graph, &values(checked), &budget(options), How::default(), &asked);
    Found { demands, diagnostics, decision }
}

/// A trace judged as it is read, if it can be.
pub(super) fn streamed(checked: &Checked, input: &Input, options: &RunOptions, sources: &mut Sources) -> Option<Streamed> {
    let all = options.only.is_empty() && !options.decisions_only;
    let wanted = |name: &str| all || options.only.iter().any(|n| n == name);
    let text = sources.clone();
    let asked = Asked::of(options, &wanted, &text, &|_, _| None);
    stream::check(checked, input, options, &asked, sources)
}

/// Parses and checks a formula.
pub(super) fn formula(checked: &Checked, text: &str, sources: &mut Sources) -> Result<Formula, Vec<Diagnostic>> {
    let file = sources.add_file("the query", text);
    semantics::check_formula(sources, &checked.program, &checked.names, file)
}

/// Parses and checks an expression: a formula as it is; of any other its value, as the last column.
pub(super) fn expression(checked: &Checked, text: &str, sources: &mut Sources) -> Result<(Formula, Type), Vec<Diagnostic>> {
    let file = sources.add_file("the query", text);
    let mut f = semantics::check_expression(sources, &checked.program, &checked.names, file)?;
    let ty = f.expr.ty.clone();
    if !is_formula(&ty) {
        let (place, id) = (f.expr.place, hir::VarId(f.vars.len() as u32));
        f.vars.push(hir::Var { name: "value".into(), ty: ty.clone(), place });
        f.columns.push(id);
        let var = hir::Expr { kind: hir::ExprKind::Var(id), ty: ty.clone(), place };
        f.expr = hir::Expr { kind: hir::ExprKind::Op(Op::Eq, vec![var, f.expr]), ty: Type::Bool, place };
    }
    Ok((f, ty))
}

/// Whether an expression of that type is a formula.
pub(super) fn is_formula(ty: &Type) -> bool {
    *ty.present() == Type::Bool
}

/// A type as it is written in the program.
pub(super) fn shown_type(checked: &Checked, ty: &Type) -> String {
    semantics::show_type(&checked.program.schema, ty)
}

/// The structure that an edit makes of another, and the edit's changes in words.
pub(super) fn edited(
    checked: &Checked,
    structure: &Structure,
    text: &str,
    options: &RunOptions,
    sources: &mut Sources,
) -> Result<(Structure, Vec<String>), Vec<Diagnostic>> {
    let file = sources.add_file("the edit", text);
    let asked = semantics::check_edit(sources, &checked.program, &checked.names, file)?;
    let what = (&checked.program, &checked.strata);
    let (vars, edits) = (asked.vars.len(), std::slice::from_ref(&asked.edit));
    let made = exercise::edited(what, structure.graph.clone(), &values(checked), &budget(options), How::default(), (vars, edits));
    match made {
        Ok((graph, changes)) => {
            let words = changes.iter().map(|c| c.in_words(&structure.graph, &graph.dictionary)).collect();
            Ok((Structure { graph, outcome: structure.outcome.clone() }, words))
        }
        Err(miss) => Err(vec![demand::error::edit(&miss.text, miss.place)]),
    }
}

/// Each binding of an edit's `for` as a world of its own: for each invariant, in which of them it is newly broken.
pub(super) fn sweep(
    checked: &Checked,
    structure: Structure,
    text: &str,
    options: &RunOptions,
    sources: &mut Sources,
) -> Result<Found, Vec<Diagnostic>> {
    let file = sources.add_file("the edit", text);
    let asked = semantics::check_edit(sources, &checked.program, &checked.names, file)?;
    let place = asked.edit.place;
    let mut edit = asked.edit.clone();
    let scopes: Vec<(Option<u32>, hir::Scope)> = edit.scope.take().map(|s| (None, s)).into_iter().collect();
    let one = |(n, i): (usize, &hir::Invariant)| {
        let holds = hir::VerdictAtom::Holds(vec![hir::InvariantId(n as u32)]);
        let expect = hir::Expr { kind: hir::ExprKind::Verdict(Box::new(holds)), ty: Type::Bool, place: i.place };
        let words = hir::ExprKind::Const(Value::Text(format!("`{}` is newly broken", i.name).into()));
        let message = hir::Expr { kind: words, ty: Type::Text, place: i.place };
        hir::Intervention {
            name: i.name.clone(),
            title: i.title.clone(),
            severity: i.severity,
            vars: asked.vars.clone(),
            scopes: scopes.clone(),
            given: vec![],
            lets_before: vec![],
            edits: vec![edit.clone()],
            against: vec![],
            lets: vec![],
            expects: vec![(expect, Some(message))],
            samples: None,
            place,
        }
    };
    let interventions: Vec<hir::Intervention> = checked.program.invariants.iter().enumerate().map(one).collect();
    let places = Places::new(sources);
    let Structure { graph, outcome } = structure;
    let locate = |graph: &Graph, e| locate(outcome.as_deref(), &places, graph, e);
    let asked = Asked { why: None, ..Asked::of(options, &|_| true, sources, &locate) };
    let (what, values, budget) = ((&checked.program, &checked.strata), values(checked), budget(options));
    let (demands, mut diagnostics) = in_one_world(what, graph, &values, &budget, How::default(), &mut |world| {
        let mut diagnostics = vec![];
        let run = (&values[..], &budget, How::default());
        let all = interventions.iter().map(|i| decide::attempt(world, what, i, run, &asked, &mut diagnostics));
        (all.collect(), diagnostics)
    });
    // each demand's line says that nothing was asked; here that is an answer, not a mistake
    diagnostics.retain(|d| d.code != demand::error::VACUOUS);
    Ok(Found { demands, diagnostics, decision: None })
}

/// What differs between two structures, and what follows from them.
pub(super) fn compare(checked: &Checked, before: &Structure, now: &Structure, options: &RunOptions) -> Difference {
    difference::between(contents(checked, before, options), contents(checked, now, options))
}

/// All that a structure holds, and what follows from it.
pub(super) fn contents(checked: &Checked, s: &Structure, options: &RunOptions) -> Contents {
    let what = (&checked.program, &checked.strata);
    in_one_world(what, s.graph.clone(), &values(checked), &budget(options), How::default(), &mut |world| {
        difference::contents(&checked.program, world)
    })
}

/// The elements that a formula names and the candidate does not have.
pub(super) fn unnamed(structure: &Structure, formula: &Formula) -> Vec<Diagnostic> {
    named::missing_of(&formula.expr, &structure.graph)
}

/// The strata that a formula needs.
fn needed(checked: &Checked, formula: &hir::Expr) -> Strata {
    let mut needs = Needs::new(&checked.program);
    needs.expr(formula);
    needs.strata(&checked.strata)
}

/// The bindings of a formula.
pub(super) fn query(checked: &Checked, structure: Structure, formula: &Formula, options: &RunOptions) -> Table {
    let Formula { vars, expr: formula, columns, warnings } = formula;
    let names = columns.iter().map(|c| vars.get(c.0 as usize).map(|v| v.name.to_string()).unwrap_or_default());
    let mut table = Table { columns: names.collect(), rows: vec![], diagnostics: warnings.clone() };
    let what = (&checked.program, &needed(checked, formula));
    in_one_world(what, structure.graph, &values(checked), &budget(options), How::default(), &mut |world| {
        table.diagnostics.truncate(warnings.len());
        match world.query(vars, formula, columns) {
            Ok((rows, faults)) => {
                let graph = world.graph();
                let show = |v: &crate::scalar::Val| json::to_json(&graph.dictionary.value(*v), &|e| graph.show(e));
                table.rows = rows.iter().map(|r| r.iter().map(show).collect()).collect();
                table.diagnostics.extend(first_faults(world, faults));
            }
            Err(not) => table.diagnostics.push(demand::error::not_yet("the query", formula.place, not.what, not.place)),
        }
        table.diagnostics.extend(world.reached().map(demand::error::limit));
    });
    table
}

/// The first of the faults that stand between a question and its answer.
fn first_faults(world: &dyn World<'_>, numbers: Vec<u32>) -> Vec<Diagnostic> {
    let mut faults: Vec<_> = numbers.iter().filter_map(|f| world.faults().get(*f)).collect();
    faults.sort();
    faults.dedup();
    let more = faults.len().saturating_sub(SHOWN_FAULTS);
    let mut shown: Vec<Diagnostic> = faults.into_iter().take(SHOWN_FAULTS).map(demand::error::no_answer).collect();
    if let (1.., Some(last)) = (more, shown.last_mut()) {
        last.notes.push(format!("and {more} more faults"));
    }
    shown
}

/// Why a formula holds, or what is missing for it.
pub(super) fn why(
    checked: &Checked,
    structure: Structure,
    formula: &Formula,
    (options, extent): (&RunOptions, Extent),
    sources: &Sources,
) -> Answer {
    let Formula { vars, expr: formula, warnings, columns } = formula;
    let mut answer = Answer { diagnostics: warnings.clone(), ..Answer::default() };
    let places = Places::new(sources);
    let Structure { graph, outcome } = structure;
    let locate = |graph: &Graph, e| locate(outcome.as_deref(), &places, graph, e);
    let what = (&checked.program, &needed(checked, formula));
    in_one_world(what, graph, &values(checked), &budget(options), How::default(), &mut |world| {
        let (_, faults) = world.query(vars, formula, columns).unwrap_or_default();
        let mut why = Why::new(world, &checked.program, sources, &locate, extent);
        let (reasons, more) = why.holds(vars, formula);
        answer.holds = !reasons.is_empty();
        answer.unknown = !answer.holds && !faults.is_empty();
        answer.reasons = match (answer.holds, answer.unknown) {
            (true, _) => reasons,
            // nothing is missing for certain
            (_, true) => vec![],
            _ => why.missing(vars, formula),
        };
        answer.more = more;
        answer.diagnostics.truncate(warnings.len());
        answer.diagnostics.extend(first_faults(world, faults));
        answer.diagnostics.extend(world.reached().map(demand::error::limit));
    });
    answer
}

/// The structure that a test gives.
pub(super) fn given(checked: &Checked, test: &hir::Test, options: &RunOptions) -> Result<Graph, Vec<Diagnostic>> {
    let limits = door_limits(&options.limits, &options.cancel);
    candidate::from_given(&checked.program, &test.given, test.vars.len(), &values(checked), &limits)
}

/// One test of the program.
pub(super) fn test(checked: &Checked, test: &hir::Test, options: &RunOptions, sources: &Sources) -> TestReport {
    let mut report = TestReport {
        title: test.title.to_string(),
        place: test.place,
        verdict: Verdict::Unknown,
        misses: vec![],
        diagnostics: vec![],
        violates: vec![],
        derives: vec![],
    };
    let given = match given(checked, test, options) {
        Ok(given) => given,
        Err(found) => {
            report.diagnostics = found;
            return report;
        }
    };
    let what = (&checked.program, &checked.strata);
    let ran = exercise::run(what, given, &values(checked), &budget(options), How::default(), (test, sources));
    (report.violates, report.derives) = (ran.violates, ran.derives);
    report.misses = ran.misses.into_iter().map(|m| Miss { place: m.place, message: m.text }).collect();
    report.verdict = if report.misses.is_empty() { Verdict::Holds } else { Verdict::Violated };
    report
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
            let values = values(&checked);
            let graph = GraphBuilder::new(checked.program.schema.clone()).finish().0;
            let text = match wrong {
                true => String::new(),
                false => evaluate::plans(&checked.program, &checked.strata, graph, &values),
            };
            (text, checked.diagnostics)
        }
    }
}

/// What a stage makes of a checked program, for a structure.
pub(super) fn dumped(stage: Stage, checked: &Checked, structure: &Structure) -> String {
    match stage {
        Stage::Plan => evaluate::plans(&checked.program, &checked.strata, structure.graph.clone(), &values(checked)),
        Stage::Strata => strata(checked),
        _ => format!("{:#?}\n", checked.program),
    }
}

/// How a name that is not the program's own is used, and what for: of an import, or a built-in.
pub(super) fn doc(checked: &Checked, name: &str) -> Option<String> {
    let p = &checked.program;
    let written = |name: &str, doc: &Option<Arc<str>>| {
        let doc = doc.as_deref().unwrap_or("(no doc comment)");
        format!("{}\n{name}\n", doc.lines().map(|l| format!("/// {l}").trim_end().to_string()).collect::<Vec<_>>().join("\n"))
    };
    // by its last name too: `graph.reaches` or `reaches`
    let same = |n: &str| n == name || n.rsplit('.').next() == Some(name);
    if let Some(r) = p.rules.iter().find(|r| same(&r.name)) {
        let params: Vec<String> = r.params.iter().map(|t| shown_type(checked, t)).collect();
        let value = match &r.form {
            hir::RuleForm::Relation => String::new(),
            hir::RuleForm::Value(_, ty) => format!(" = {}", shown_type(checked, ty)),
        };
        return Some(written(&format!("rule {}({}){value}", r.name, params.join(", ")), &r.doc));
    }
    if let Some(k) = p.schema.kinds.iter().find(|k| same(&k.name)) {
        return Some(written(&format!("{} {}", k.sort.name(), k.name), &k.doc));
    }
    if let Some(x) = p.params.iter().find(|x| same(&x.name)) {
        return Some(written(&format!("param {}: {}", x.name, shown_type(checked, &x.ty)), &x.doc));
    }
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let found = builtin::find(name).or_else(|| builtin::find_in(module, last));
    let found = found.or_else(|| builtin::modules().into_iter().find_map(|m| builtin::find_in(m, last)));
    found.map(|b| format!("/// {}\n{}\n", b.doc, b.usage))
}

/// The text of a program in the one style.
pub(super) fn format(name: &str, text: &str) -> Result<String, (Vec<Diagnostic>, Sources)> {
    use crate::syntax::format::{Unformatted, format};
    format(name, text).map_err(|why| match why {
        Unformatted::Wrong(sources, diagnostics) => (diagnostics, sources),
        Unformatted::Broken(what) => {
            let d = Diagnostic::error(super::error::INTERNAL, format!("`{name}` cannot be formatted without changing it"))
                .note(what)
                .help("nothing was written; this is a bug of ours, please report it with the program that led to it");
            (vec![d], Sources::new())
        }
    })
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
        let mechanisms =
            s.mechanisms.iter().filter_map(|a| schema.attr(*a)).map(|a| format!("{}.{}", schema.name(a.kind), a.name));
        let names: Vec<String> = rules.chain(mechanisms).collect();
        out.push_str(&format!("{}: {}{}\n", n + 1, names.join(", "), if s.recursive { " (recursive)" } else { "" }));
    }
    out
}
