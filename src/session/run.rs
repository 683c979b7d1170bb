//! Running a compiled program: check candidates, query one, test. Fed by hosts, calls the stages, gives verdicts as data.
use super::error::{Error, Failure, UNKNOWN_DEMAND, nothing_to_judge_by};
use super::input::Input;
use super::judge::Shared;
use super::limits::{Cancel, Limits};
use super::program::Program;
use super::stages::{self, Checked, Formula};
use super::why::Extent;
use crate::base::diagnostic::nearest;
use crate::base::{Code, Diagnostic, Place, Sources, Span};
use crate::engine::Progress;
use crate::report::exit::conclude;
use crate::semantics::hir;
use crate::verdict::{Answer, CandidateReport, Report, Table, TestReport, Verdict};

/// How a run is to be done.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many violations of a demand are listed; the count is exact beyond it.
    pub max_violations: usize,
    /// How many worlds of an intervention are tried at most.
    pub max_worlds: usize,
    /// Which sample of its worlds is tried, if there are more.
    pub seed: u64,
    /// The demands to check, by name; all if empty.
    pub only: Vec<String>,
    /// Whether only decisions about candidates are wanted, and no demands.
    pub decisions_only: bool,
    /// Whether no more events will come: what is not violated is satisfied, and open obligations lapse.
    pub closed: bool,
    /// How late an event of a trace may come, in microseconds.
    pub lateness: i64,
    /// A structure that stands beside each candidate, in dbm's own format.
    pub beside: Option<Input>,
    /// How much of the derivation of each listed violation is given; none, if it is none.
    pub why: Option<Extent>,
    /// What the run may cost.
    pub limits: Limits,
    /// Stops the run from another thread.
    pub cancel: Cancel,
    /// How far it is, for another thread.
    pub progress: Progress,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            max_violations: 1000,
            max_worlds: 100_000,
            seed: 0,
            decisions_only: false,
            only: vec![],
            closed: false,
            lateness: 0,
            beside: None,
            why: None,
            limits: Limits::default(),
            cancel: Cancel::new(),
            progress: Progress::default(),
        }
    }
}

/// A report, with the sources that its places refer to.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was found.
    pub report: Report,
    /// The files of the program and of the candidates that something is said about.
    pub sources: Sources,
}

impl Run {
    /// The report as the versioned JSON contract.
    pub fn to_json(&self) -> serde_json::Value {
        crate::report::json::value(&self.report, &self.sources)
    }
    /// Whether every candidate was read, and none has a violated or unknown demand of severity `error`.
    pub fn is_fine(&self) -> bool {
        crate::report::exit::Exit::of(&self.report, false) == crate::report::exit::Exit::Fine
    }
}

/// A candidate on its way: read, or refused.
struct Entry {
    report: CandidateReport,
    /// The structure, and the program behind its own declarations, if the program has none.
    ready: Option<(stages::Structure, Option<Checked>)>,
}

impl Program {
    /// Checks candidates, all in one run. What is wrong with a candidate is in its report; what is wrong with the call (a missing
    /// parameter, an unknown reader or demand) is in the report's own diagnostics, and then no candidate is read.
    pub fn check(&self, inputs: &[Input], options: &RunOptions) -> Run {
        let inner = self.inner();
        let mut sources = inner.sources.clone();
        let mut diagnostics = inner.diagnostics.clone();
        if !inputs.is_empty() {
            diagnostics.extend(inner.missing.iter().cloned());
        }
        if let Some(c) = &inner.checked {
            diagnostics.extend(unknown_demands(&c.program, &options.only, &mut sources));
            diagnostics.extend(unknown_readers(&c.program, inputs));
        }
        let mut report = Report { program: inner.name.clone(), candidates: vec![], diagnostics };
        if report.diagnostics.iter().any(|d| d.is_error()) {
            return Run { report, sources };
        }
        let mut entries: Vec<Entry> = inputs.iter().map(|i| self.read(i, options, &mut sources)).collect();
        let shares = self.shares(&entries, options);
        for e in &mut entries {
            let Some((structure, own)) = e.ready.take() else { continue };
            let Some(checked) = own.as_ref().or(inner.checked.as_ref()) else { continue };
            let found = stages::decide(checked, structure, &shares, options, &sources);
            e.report.demands = found.demands;
            e.report.decision = found.decision;
            e.report.diagnostics.extend(found.diagnostics);
            e.report.verdict = conclude(&e.report.demands);
        }
        report.candidates = entries.into_iter().map(|e| e.report).collect();
        Run { report, sources }
    }

    /// Whether the program says anything about candidates as such: policies `on candidate`, or preferences.
    pub fn judges(&self) -> Result<(), Failure> {
        let inner = self.inner();
        let says = |c: &Checked| !c.program.prefers.is_empty() || c.program.policies.iter().any(|p| p.on.is_none());
        match &inner.checked {
            Some(c) if !says(c) => Err(Failure { diagnostics: vec![nothing_to_judge_by()], sources: inner.sources.clone() }),
            _ => Ok(()),
        }
    }

    /// What invariants about all candidates count: a candidate that was refused counts as one of which nothing is so.
    fn shares(&self, entries: &[Entry], options: &RunOptions) -> Vec<Option<Shared>> {
        let mut all: Vec<Option<Shared>> = vec![];
        for e in entries {
            let Some((structure, own)) = &e.ready else { continue };
            let Some(checked) = own.as_ref().or(self.inner().checked.as_ref()) else { continue };
            let here = stages::shares(checked, structure, options);
            all.resize(all.len().max(here.len()), None);
            for (slot, so) in all.iter_mut().zip(here) {
                if let Some(so) = so {
                    slot.get_or_insert_default().met += usize::from(so);
                }
            }
        }
        all.iter_mut().flatten().for_each(|s| s.all = entries.len());
        all
    }

    fn read(&self, input: &Input, options: &RunOptions, sources: &mut Sources) -> Entry {
        let inner = self.inner();
        let mut report = CandidateReport {
            candidate: input.name.clone(),
            verdict: Verdict::Unknown,
            demands: vec![],
            decision: None,
            size: (0, 0, 0),
            streamed: false,
            diagnostics: vec![],
        };
        let own = match self.declarations(input, options, sources) {
            Ok(own) => own,
            Err(found) => {
                report.diagnostics = found;
                return Entry { report, ready: None };
            }
        };
        if let Some(c) = &own {
            report.diagnostics.extend(c.diagnostics.iter().cloned());
        }
        let Some(checked) = own.as_ref().or(inner.checked.as_ref()) else { return Entry { report, ready: None } };
        if let Some(s) = stages::streamed(checked, input, options, sources) {
            report.diagnostics.extend(s.diagnostics);
            (report.size, report.demands, report.streamed) = (s.size, s.demands, true);
            report.verdict = conclude(&report.demands);
            return Entry { report, ready: None };
        }
        match stages::read(checked, input, options, sources) {
            Ok((structure, warnings)) => {
                report.diagnostics.extend(warnings);
                report.size = stages::size(&structure);
                Entry { report, ready: Some((structure, own)) }
            }
            Err(found) => {
                report.diagnostics.extend(found);
                Entry { report, ready: None }
            }
        }
    }

    /// The program behind the candidate's own declarations, if it has none itself.
    fn declarations(
        &self,
        input: &Input,
        options: &RunOptions,
        sources: &mut Sources,
    ) -> Result<Option<Checked>, Vec<Diagnostic>> {
        if !self.inner().inferred {
            return Ok(None);
        }
        let declared = stages::declared(input, options, sources)?;
        self.inner().behind(declared, sources).map(Some)
    }

    /// A candidate (or none: then a structure without elements), with the declarations inferred from it, if the program has none of
    /// its own, and the sources of both.
    pub(super) fn based(
        &self,
        input: Option<&Input>,
        options: &RunOptions,
    ) -> Result<(Option<Checked>, stages::Structure, Sources), Failure> {
        let inner = self.inner();
        let mut sources = inner.sources.clone();
        let fail = |diagnostics, sources: Sources| Err(Failure { diagnostics, sources });
        let mut wrong = inner.missing.clone();
        if let (Some(c), Some(input)) = (&inner.checked, input) {
            wrong.extend(unknown_readers(&c.program, std::slice::from_ref(input)));
        }
        if !wrong.is_empty() {
            return fail(wrong, sources);
        }
        let own = match input.map(|i| self.declarations(i, options, &mut sources)).transpose() {
            Ok(own) => own.flatten(),
            Err(found) => return fail(found, sources),
        };
        let Some(checked) = own.as_ref().or(inner.checked.as_ref()) else { return fail(vec![], sources) };
        match input.map(|i| stages::read(checked, i, options, &mut sources)).transpose() {
            Ok(read) => {
                let structure = read.map_or_else(|| stages::Structure::empty(checked), |r| r.0);
                Ok((own, structure, sources))
            }
            Err(found) => fail(found, sources),
        }
    }

    /// The demands, decided over a structure that is called so.
    pub(super) fn decided(
        &self,
        checked: &Checked,
        structure: stages::Structure,
        name: String,
        options: &RunOptions,
        mut sources: Sources,
    ) -> Result<Run, Error> {
        let wrong = unknown_demands(&checked.program, &options.only, &mut sources);
        if !wrong.is_empty() {
            return Err(Error::of(wrong, sources));
        }
        let size = stages::size(&structure);
        let alone = |so: Option<bool>| so.map(|so| Shared { met: usize::from(so), all: 1 });
        let shares: Vec<Option<Shared>> = stages::shares(checked, &structure, options).into_iter().map(alone).collect();
        let found = stages::decide(checked, structure, &shares, options, &sources);
        let verdict = conclude(&found.demands);
        let candidate = CandidateReport {
            candidate: name,
            verdict,
            demands: found.demands,
            decision: found.decision,
            size,
            streamed: false,
            diagnostics: found.diagnostics,
        };
        let report = Report { program: self.inner().name.clone(), candidates: vec![candidate], diagnostics: vec![] };
        Ok(Run { report, sources })
    }

    /// What is wrong with the name of a reader, if neither the program nor the standard library has it.
    pub fn unknown_reader(&self, name: &str) -> Option<Diagnostic> {
        self.inner().checked.as_ref().and_then(|c| stages::unknown_reader(&c.program, name))
    }

    /// The bindings of a formula's free variables for which it is true in a candidate.
    pub fn query(&self, input: &Input, formula: &str, options: &RunOptions) -> Result<(Table, Sources), Error> {
        self.asked(input, formula, options, |checked, structure, formula, _| stages::query(checked, structure, formula, options))
    }

    /// Why a formula is true in a candidate: the derivation of its first bindings; or, where it is false, what is missing.
    pub fn why(&self, input: &Input, formula: &str, extent: Extent, options: &RunOptions) -> Result<(Answer, Sources), Error> {
        self.asked(input, formula, options, |checked, structure, formula, sources| {
            stages::why(checked, structure, formula, (options, extent), sources)
        })
    }

    fn asked<T: Default>(
        &self,
        input: &Input,
        formula: &str,
        options: &RunOptions,
        answer: impl FnOnce(&Checked, stages::Structure, &Formula, &Sources) -> T,
    ) -> Result<(T, Sources), Error> {
        let inner = self.inner();
        let mut sources = inner.sources.clone();
        let mut wrong = inner.missing.clone();
        if let Some(c) = &inner.checked {
            wrong.extend(unknown_readers(&c.program, std::slice::from_ref(input)));
        }
        if !wrong.is_empty() {
            return Err(Error::of(wrong, sources));
        }
        let own = match self.declarations(input, options, &mut sources) {
            Ok(own) => own,
            Err(found) => return Err(Error::of(found, sources)),
        };
        let Some(checked) = own.as_ref().or(inner.checked.as_ref()) else {
            return Ok((T::default(), sources));
        };
        // the formula first: what is wrong with it shows without reading a large candidate
        let found = stages::formula(checked, formula, &mut sources).and_then(|formula| {
            let (structure, _) = stages::read(checked, input, options, &mut sources)?;
            let missing = stages::unnamed(&structure, &formula);
            if !missing.is_empty() {
                return Err(missing);
            }
            Ok(answer(checked, structure, &formula, &sources))
        });
        match found {
            Ok(found) => Ok((found, sources)),
            Err(found) => Err(Error::of(found, sources)),
        }
    }

    /// Runs the program's tests whose title contains `filter`, in order.
    pub fn test(&self, filter: &str, options: &RunOptions) -> Result<Vec<TestReport>, Error> {
        let inner = self.inner();
        let Some(checked) = &inner.checked else { return Ok(vec![]) };
        if !inner.missing.is_empty() && !checked.program.tests.is_empty() {
            return Err(Error::of(inner.missing.clone(), inner.sources.clone()));
        }
        let chosen = checked.program.tests.iter().filter(|t| t.title.contains(filter));
        Ok(chosen.map(|t| stages::test(checked, t, options, &inner.sources)).collect())
    }
}

fn unknown_demands(program: &hir::Program, only: &[String], sources: &mut Sources) -> Vec<Diagnostic> {
    let invariants = program.invariants.iter().map(|i| &*i.name);
    let interventions = program.interventions.iter().map(|i| &*i.name);
    let names: Vec<&str> = invariants.chain(interventions).chain(program.policies.iter().map(|p| &*p.name)).collect();
    let wrong = only.iter().filter(|n| !names.contains(&n.as_str()));
    wrong.map(|n| misnamed(UNKNOWN_DEMAND, "demand", "--only ", n, &names, sources)).collect()
}

fn unknown_readers(program: &hir::Program, inputs: &[Input]) -> Vec<Diagnostic> {
    let mut asked: Vec<&str> = inputs.iter().filter_map(|i| i.reader.as_deref()).collect();
    asked.dedup();
    asked.iter().filter_map(|n| stages::unknown_reader(program, n)).collect()
}

/// A name in the call that nothing has: shown in a source of its own, with the near name.
fn misnamed(code: Code, what: &str, flag: &str, name: &str, names: &[&str], sources: &mut Sources) -> Diagnostic {
    let file = sources.add_file("command line", format!("{flag}{name}"));
    let item = sources.add_item(file, 0);
    let place = Place::new(item, Span::new(flag.len(), flag.len() + name.len()));
    let d = Diagnostic::error(code, format!("the program has no {what} `{name}`")).at(place, format!("no such {what}"));
    match nearest(name, names.iter().copied()) {
        Some(near) => d.suggest(format!("did you mean `{near}`?"), place, near),
        None if names.is_empty() => d.help(format!("the program has no {what}s")),
        None => d.help(format!("there are {}", names.iter().take(20).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
    }
}
