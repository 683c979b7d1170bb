//! What interactive hosts hold: a program that grows item by item, a candidate, and a stack of edits made to it. Every question is
//! about the structure as the edits left it. Used by the REPL.
use super::meaning::meaning;
use super::notebook::{Defined, Entry, Notebook};
use super::words;
use crate::base::{Diagnostic, Loader, Place, Sources, Span};
use crate::report::exit::conclude;
use crate::session::error::{BAD_COMMAND, Error, Failure};
use crate::session::input::Input;
use crate::session::program::{CompileOptions, Program, Stage};
use crate::session::run::{Run, RunOptions};
use crate::session::stages::{self, Checked, Structure};
use crate::session::why::Extent;
use crate::verdict::{Answer, CandidateReport, Difference, Report, Table, TestReport};

/// What the program is called as long as it is no file's.
const UNNAMED: &str = "(entered)";

/// The program, the candidate, and the edits.
pub struct Workbench {
    name: String,
    notebook: Notebook,
    options: CompileOptions,
    loader: Box<dyn Loader>,
    program: Program,
    input: Option<Input>,
    base: Result<Base, Failure>,
    /// What was done to the structure, in order.
    done: Vec<Step>,
    /// What was taken back, the last first.
    undone: Vec<String>,
}

/// The candidate as it was read.
struct Base {
    /// The program behind declarations that are inferred from the candidate, if it has none of its own.
    own: Option<Checked>,
    structure: Structure,
    /// Program and candidate.
    sources: Sources,
}

/// An edit that was made.
struct Step {
    text: String,
    structure: Structure,
}

/// The answer to what was entered.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Bindings; with a column `value` behind them, if it was no formula.
    Table(Table),
    /// The value of a closed expression that is no formula.
    Value(serde_json::Value, Vec<Diagnostic>),
}

/// What has become of the program: the items, what is wrong or doubtful with them, and with the candidate under it.
#[derive(Debug)]
pub struct Changed {
    /// The items that were entered.
    pub defined: Vec<Defined>,
    /// Warnings about them.
    pub said: Failure,
    /// How many errors the candidate has under the program as it is now.
    pub unfit: usize,
}

impl Workbench {
    /// Without a program and a candidate. The loader gives what programs import.
    pub fn new(options: CompileOptions, loader: Box<dyn Loader>) -> Result<Workbench, Error> {
        let program = Program::compile(UNNAMED, "", &*loader, &options)?;
        let mut this = Workbench {
            name: UNNAMED.into(),
            notebook: Notebook::default(),
            options,
            loader,
            program,
            input: None,
            base: Err(Failure { diagnostics: vec![], sources: Sources::new() }),
            done: vec![],
            undone: vec![],
        };
        this.read(&RunOptions::default());
        Ok(this)
    }

    /// Takes a program in place of the present one. On an error nothing changes.
    pub fn load(&mut self, name: &str, text: String, loader: Box<dyn Loader>, options: &RunOptions) -> Result<Changed, Error> {
        let program = Program::compile(name, &text, &*loader, &self.options)?;
        (self.name, self.loader) = (name.to_string(), loader);
        self.notebook = Notebook::new(text);
        let diagnostics = program.diagnostics().to_vec();
        Ok(self.with_program(program, vec![], diagnostics, options))
    }

    /// Adds items, or puts them in the place of those of their names. On an error nothing changes.
    pub fn define(&mut self, entered: &str, options: &RunOptions) -> Result<Changed, Error> {
        let (notebook, defined) = self.notebook.define(entered).map_err(|f| Error::Program(Box::new(f)))?;
        let anew: Vec<String> =
            defined.iter().filter(|d| d.replaced > 0 && d.what.starts_with("rule ")).map(|d| d.what.clone()).collect();
        self.revise(notebook, defined, options).map_err(|e| match anew.is_empty() {
            true => e,
            false => e.with_help(&format!(
                "this is all of `{}` then: clauses add up only where nothing is asked between them; enter them together",
                anew.join("`, `")
            )),
        })
    }

    /// Takes the items of a name out of the program.
    pub fn forget(&mut self, name: &str, options: &RunOptions) -> Result<usize, Error> {
        let (notebook, count) = self.notebook.without(name);
        if count > 0 {
            let entries = notebook.entries();
            self.revise(notebook, vec![], options).map_err(|e| still_used(name, &entries, e))?;
        }
        Ok(count)
    }

    fn revise(&mut self, notebook: Notebook, defined: Vec<Defined>, options: &RunOptions) -> Result<Changed, Error> {
        let program = Program::compile(&self.shown_name(true), &notebook.text, &*self.loader, &self.options)?;
        self.notebook = notebook;
        let named: Vec<&str> = defined.iter().filter_map(|d| d.what.split_once(' ')).map(|w| w.1).collect();
        let entries = self.notebook.entries();
        let own = entries.iter().filter(|e| named.contains(&&*e.key.name));
        let spans: Vec<_> = own.map(|e| e.span.clone()).collect();
        let here = |d: &&Diagnostic| {
            let place = d.primary().and_then(|p| program.sources().resolve(p));
            place.is_some_and(|(file, at)| file.0 == 0 && spans.iter().any(|s| s.contains(&(at.start as usize))))
        };
        let warnings: Vec<Diagnostic> = program.diagnostics().iter().filter(here).cloned().collect();
        Ok(self.with_program(program, defined, warnings, options))
    }

    fn with_program(&mut self, program: Program, defined: Vec<Defined>, said: Vec<Diagnostic>, options: &RunOptions) -> Changed {
        self.program = program;
        self.read(options);
        let unfit = match &self.base {
            Ok(_) => 0,
            Err(f) => f.diagnostics.iter().filter(|d| d.is_error()).count(),
        };
        let sources = self.program.sources().clone();
        Changed { defined, said: Failure { diagnostics: said, sources }, unfit }
    }

    /// Takes a candidate in place of the present one, or none; the edits are forgotten. On an error there is no candidate that
    /// questions can be asked about, until the program or the candidate is changed.
    pub fn data(&mut self, input: Option<Input>, options: &RunOptions) -> Result<(u64, u64, u64), Failure> {
        self.input = input;
        (self.done, self.undone) = (vec![], vec![]);
        self.read(options);
        match &self.base {
            Ok(b) => Ok(stages::size(&b.structure)),
            Err(f) => Err(f.clone()),
        }
    }

    /// Reads the candidate under the present program, and does again what was done to it, as far as that goes.
    fn read(&mut self, options: &RunOptions) {
        self.base =
            self.program.based(self.input.as_ref(), options).map(|(own, structure, sources)| Base { own, structure, sources });
        let texts: Vec<String> = self.done.drain(..).map(|s| s.text).collect();
        for text in texts {
            if self.change(&text, options).is_err() {
                break;
            }
        }
    }

    fn ready(&self) -> Result<(&Checked, &Structure, &Base), Error> {
        let base = self.base.as_ref().map_err(|f| Error::Candidate(Box::new(f.clone())))?;
        let Some(checked) = base.own.as_ref().or(self.program.inner().checked.as_ref()) else {
            return Err(Error::Program(Box::new(Failure { diagnostics: vec![], sources: base.sources.clone() })));
        };
        Ok((checked, self.done.last().map_or(&base.structure, |s| &s.structure), base))
    }

    // ------------------------------------------------------------------ questions

    /// The bindings of a formula, or the value of an expression.
    pub fn ask(&mut self, text: &str, options: &RunOptions) -> Result<(Asked, Sources), Error> {
        self.notebook.settle();
        let (checked, structure, base) = self.ready()?;
        let mut sources = base.sources.clone();
        let (formula, ty) = stages::expression(checked, text, &mut sources).map_err(|d| Error::of(d, sources.clone()))?;
        let mut table = stages::query(checked, structure.clone(), &formula, options);
        let value = !stages::is_formula(&ty) && table.columns.len() == 1;
        let asked = match value {
            true => {
                let value = table.rows.pop().and_then(|mut r| r.pop()).unwrap_or(serde_json::Value::Null);
                Asked::Value(value, table.diagnostics)
            }
            false => Asked::Table(table),
        };
        Ok((asked, sources))
    }

    /// The type of an expression, as it is written in a program; of a formula its free variables with theirs.
    pub fn type_of(&self, text: &str) -> Result<String, Error> {
        let (checked, _, base) = self.ready()?;
        let mut sources = base.sources.clone();
        let (formula, ty) = stages::expression(checked, text, &mut sources).map_err(|d| Error::of(d, sources.clone()))?;
        let columns = formula.columns.iter().filter_map(|c| formula.vars.get(c.0 as usize));
        let columns: Vec<String> = columns
            .filter(|v| stages::is_formula(&ty) || &*v.name != "value")
            .map(|v| format!("{}: {}", v.name, stages::shown_type(checked, &v.ty)))
            .collect();
        let ty = stages::shown_type(checked, &ty);
        Ok(if columns.is_empty() { ty } else { format!("{ty}, for {}", columns.join(", ")) })
    }

    /// Why a formula is true, or what is missing for it.
    pub fn why(&self, text: &str, extent: Extent, options: &RunOptions) -> Result<(Answer, Sources), Error> {
        let (checked, structure, base) = self.ready()?;
        let mut sources = base.sources.clone();
        let formula = stages::formula(checked, text, &mut sources).map_err(|d| Error::of(d, sources.clone()))?;
        let answer = stages::why(checked, structure.clone(), &formula, (options, extent), &sources);
        Ok((answer, sources))
    }

    /// The demands, decided over the structure as it is now.
    pub fn check(&self, options: &RunOptions) -> Result<Run, Error> {
        let (checked, structure, base) = self.ready()?;
        let name = self.input.as_ref().map_or("(no candidate)", |i| &i.name);
        let name = if self.done.is_empty() { name.to_string() } else { format!("{name} (edited)") };
        self.program.decided(checked, structure.clone(), name, options, base.sources.clone())
    }

    /// The program's tests whose title contains `filter`.
    pub fn test(&self, filter: &str, options: &RunOptions) -> Result<Vec<TestReport>, Error> {
        self.program.test(filter, options)
    }

    // ------------------------------------------------------------------ what if

    /// Makes an edit; gives its changes in words. What had been taken back is forgotten. On an error nothing changes.
    pub fn edit(&mut self, text: &str, options: &RunOptions) -> Result<Vec<String>, Error> {
        let words = self.change(text, options)?;
        self.undone.clear();
        Ok(words)
    }

    fn change(&mut self, text: &str, options: &RunOptions) -> Result<Vec<String>, Error> {
        let (checked, structure, base) = self.ready()?;
        let mut sources = base.sources.clone();
        let made = stages::edited(checked, structure, text, options, &mut sources);
        let (structure, words) = made.map_err(|d| Error::of(d, sources.clone()))?;
        if !words.is_empty() {
            self.done.push(Step { text: text.to_string(), structure });
        }
        Ok(words)
    }

    /// What each binding of an edit's `for` would break, each in a world of its own: a demand for each invariant.
    pub fn sweep(&self, text: &str, options: &RunOptions) -> Result<Run, Error> {
        let (checked, structure, base) = self.ready()?;
        let mut sources = base.sources.clone();
        let size = stages::size(structure);
        let found = stages::sweep(checked, structure.clone(), text, options, &mut sources);
        let found = found.map_err(|d| Error::of(d, sources.clone()))?;
        let name = self.input.as_ref().map_or("(no candidate)", |i| &i.name);
        let report = CandidateReport {
            candidate: format!("{name} ({text})"),
            verdict: conclude(&found.demands),
            demands: found.demands,
            decision: None,
            size,
            streamed: false,
            diagnostics: found.diagnostics,
        };
        let report = Report { program: self.name().to_string(), candidates: vec![report], diagnostics: vec![] };
        Ok(Run { report, sources })
    }

    /// Takes the last edit back, and gives its text.
    pub fn undo(&mut self) -> Option<&str> {
        self.undone.push(self.done.pop()?.text);
        self.undone.last().map(|t| &**t)
    }

    /// Does again what was taken back last, and gives its text.
    pub fn redo(&mut self, options: &RunOptions) -> Option<Result<String, Error>> {
        let text = self.undone.pop()?;
        Some(self.change(&text, options).map(|_| text))
    }

    /// How many edits stand between the candidate and the structure that questions are about.
    pub fn depth(&self) -> usize {
        self.done.len()
    }

    /// The edits, in order.
    pub fn edits(&self) -> impl Iterator<Item = &str> {
        self.done.iter().map(|s| &*s.text)
    }

    /// What the last `back` edits changed (all, if there are not so many), and what followed.
    pub fn diff(&self, back: usize, options: &RunOptions) -> Result<Difference, Error> {
        let (checked, now, base) = self.ready()?;
        let before = self.done.len().checked_sub(back.saturating_add(1)).and_then(|n| self.done.get(n));
        let before = before.map_or(&base.structure, |s| &s.structure);
        Ok(stages::compare(checked, before, now, options))
    }

    // ------------------------------------------------------------------ the program

    /// The text of the program.
    pub fn text(&self) -> &str {
        &self.notebook.text
    }
    /// The compiled program.
    pub fn program(&self) -> &Program {
        &self.program
    }
    /// The program's name; with a star, if it is not what the file says any more.
    pub fn name(&self) -> &str {
        self.program.name()
    }
    fn shown_name(&self, revised: bool) -> String {
        if revised && self.name != UNNAMED { format!("{}*", self.name) } else { self.name.clone() }
    }
    /// The items of the program's own text, or only those of a name: their word and name, their text, their doc comment.
    pub fn items(&self, name: Option<&str>) -> Vec<(String, String, Option<String>)> {
        let entries = self.notebook.entries().into_iter().filter(|e| name.is_none_or(|n| e.key.name == n));
        let one = |e: Entry| {
            let text = self.notebook.text.get(e.span).unwrap_or_default().to_string();
            (e.word.to_string(), text, e.docs.map(|d| d.to_string()))
        };
        entries.map(one).collect()
    }
    /// The declarations that were inferred from the candidate, if the program has none of its own.
    pub fn inferred(&self, options: &RunOptions) -> Option<String> {
        let own = self.base.as_ref().ok()?.own.as_ref();
        own.and(self.input.as_ref()).and_then(|i| crate::session::infer(i, &options.limits).ok())
    }
    /// What an item, a built-in or an imported name is for.
    pub fn doc(&self, name: &str) -> Option<String> {
        let own = self.items(Some(name));
        if !own.is_empty() {
            return Some(own.iter().map(|i| format!("{}\n", i.1)).collect());
        }
        let known = self.ready().ok().and_then(|r| stages::doc(r.0, name));
        match (known, meaning(name)) {
            (Some(known), Some(meaning)) => Some(format!("{known}{meaning}")),
            (known, meaning) => known.or(meaning),
        }
    }
    /// What a stage makes of the program; its plan is that for the structure as it is.
    pub fn dump(&self, stage: Stage) -> String {
        match self.ready() {
            Ok((checked, structure, _)) => stages::dumped(stage, checked, structure),
            Err(_) => String::new(),
        }
    }
    /// What may come next at a place in a text: where the word before it begins, and what that may become.
    pub fn complete(&self, text: &str, at: usize) -> (usize, Vec<String>) {
        match self.ready() {
            Ok((checked, structure, _)) => words::complete(checked, structure.graph(), text, at),
            Err(_) => (at, vec![]),
        }
    }
}

/// Why items of a name cannot be dropped: which others use it.
fn still_used(name: &str, entries: &[Entry], e: Error) -> Error {
    let failure = e.failure();
    let errors = failure.diagnostics.iter().filter(|d| d.is_error());
    let places = errors.filter_map(|d| failure.sources.resolve(d.primary()?)).filter(|(file, _)| file.0 == 0);
    let starts: Vec<usize> = places.map(|(_, at)| at.start as usize).collect();
    let users = entries.iter().filter(|e| starts.iter().any(|s| e.span.contains(s)));
    let mut named: Vec<String> = vec![];
    for u in users.map(|e| format!("`{} {}`", e.word, e.key.name).replace(" `", "`")) {
        if !named.contains(&u) {
            named.push(u);
        }
    }
    if named.is_empty() {
        return e;
    }
    let mut sources = Sources::new();
    let file = sources.add_file("the command", name);
    let item = sources.add_item(file, 0);
    let d = Diagnostic::error(BAD_COMMAND, format!("nothing was dropped: `{name}` is still used"))
        .at(Place::new(item, Span::new(0, name.len())), format!("by {}", named.join(", ")))
        .help("drop or redefine those first");
    Error::of(vec![d], sources)
}
