//! One entry after the other: items, formulas, expressions, commands; what comes of each is printed. Used by the REPL, whether its
//! lines come from a terminal, a script, the call or a transcript.
use super::command::{self, COMMANDS, Command, Takes};
use super::hint;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span};
use crate::face::cli::args::{Given, LimitArgs, ReplArgs};
use crate::face::cli::output::Output;
use crate::face::cli::program::{inputs, options, run_options, text, unreadable};
use crate::face::clock::{Ctrl, Watch};
use crate::face::files::{self, FileLoader};
use crate::report::exit::Exit;
use crate::report::style::{Tone, clean, counted};
use crate::report::trial::{self, Suite};
use crate::report::{difference, reason, table, text as report_text};
use crate::session::error::BAD_COMMAND;
use crate::session::workbench::{Asked, Changed, Defined, words};
use crate::session::{Error, Extent, Failure, Input, NoFiles, RunOptions, Stage, Stop, Workbench};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

/// A session.
pub struct Shell {
    /// What it is about.
    pub bench: Rc<RefCell<Workbench>>,
    program: Option<String>,
    candidate: Option<(String, Given)>,
    limits: LimitArgs,
    /// Rows that are shown.
    rows: usize,
    timed: bool,
    /// Everything that was entered and printed, for a transcript.
    log: String,
    transcript: Option<String>,
    /// Whether entries come from a transcript: then nothing is written.
    replayed: bool,
}

/// What came of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// What an exit code would say.
    pub exit: Exit,
    /// Whether the session is to end.
    pub quit: bool,
}

impl Shell {
    /// A session with the program and candidate of the call, as far as they can be had.
    pub fn new(args: &ReplArgs, replayed: bool, output: &mut Output) -> Result<(Shell, Exit), Failure> {
        let bench = Workbench::new(options(&args.given.param), Box::new(NoFiles)).map_err(|e| e.failure().clone())?;
        let named: Vec<&str> = args.program.iter().chain(&args.candidate).map(|s| s.as_str()).collect();
        let mut shell = Shell {
            bench: Rc::new(RefCell::new(bench)),
            program: None,
            candidate: None,
            limits: args.limits.clone(),
            rows: 20,
            timed: false,
            log: format!("$ dbm repl {}", named.join(" ")).trim_end().to_string() + "\n",
            transcript: None,
            replayed,
        };
        let mark = (output.err.len(), output.out.len());
        let mut exit = Exit::Fine;
        if let Some(program) = &args.program {
            exit = exit.max(shell.load(program, output));
        }
        if let Some(candidate) = &args.candidate {
            exit = exit.max(shell.data(candidate, args.given.clone(), output));
        }
        shell.record(output, mark);
        Ok((shell, exit))
    }

    /// What stands before the next entry.
    pub fn prompt(&self) -> String {
        match self.bench.borrow().depth() {
            0 => "dbm> ".into(),
            n => format!("dbm[{n}]> "),
        }
    }

    /// Everything entered and printed so far.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Takes an entry, and prints what comes of it.
    pub fn enter(&mut self, entry: &str, output: &mut Output) -> Done {
        let entry = entry.trim_end();
        let prompt = self.prompt();
        let mark = (output.err.len(), output.out.len());
        let logged = self.log.len();
        let mut options = run_options(&self.limits);
        options.max_violations = self.rows;
        let started = Instant::now();
        let (watch, ctrl) = (Watch::start(options.limits.time, &options.cancel), Ctrl::watch(&options.cancel));
        let (exit, quit, kept) = self.dispatch(entry.trim_start(), &options, output);
        drop((watch, ctrl));
        if options.cancel.stopped() == Some(Stop::Cancelled) {
            output.err.truncate(mark.0);
            output.out.truncate(mark.1);
            output.err.push_str("interrupted\n");
        }
        if kept && !entry.trim().is_empty() {
            self.log.insert_str(logged, &format!("{prompt}{}\n", entry.replace('\n', "\n...> ")));
            self.record(output, mark);
        }
        if self.timed && !entry.trim().is_empty() {
            let took = format!("{:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
            let took = output.style.paint(Tone::Faint, &took);
            output.print(&format!("{took}\n"));
        }
        Done { exit, quit }
    }

    /// Adds what was printed to the log, and writes that, if it is to be written.
    fn record(&mut self, output: &Output, mark: (usize, usize)) {
        self.log.push_str(&plain(output.err.get(mark.0..).unwrap_or_default()));
        self.log.push_str(&plain(&String::from_utf8_lossy(output.out.get(mark.1..).unwrap_or_default())));
        if let Some(file) = &self.transcript {
            // the folder was there when the transcript began
            let _ = std::fs::write(file, &self.log);
        }
    }

    /// Does what an entry says: how it ended, whether the session ends, whether it belongs to the log.
    fn dispatch(&mut self, entry: &str, options: &RunOptions, output: &mut Output) -> (Exit, bool, bool) {
        if entry.is_empty() {
            return (Exit::Fine, false, false);
        }
        let entry = match hint::command_in_words(entry) {
            Some(command) if self.bench.borrow().items(Some(entry)).is_empty() => command,
            _ => entry,
        };
        let Some(rest) = entry.strip_prefix(':') else {
            return (self.stated(entry, options, output), false, true);
        };
        let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let rest = rest.trim();
        let Some(c) = command::find(name) else {
            return (refuse(unknown(name), output), false, true);
        };
        match (c.takes, rest.is_empty()) {
            (Takes::Nothing, false) | (Takes::Text(_), true) => (refuse(misused(c, rest), output), false, true),
            _ if c.name == "quit" => (Exit::Fine, true, false),
            _ => {
                let exit = self.command(c, rest, options, output);
                (exit, false, !matches!(c.name, "save" | "transcript" | "time"))
            }
        }
    }

    /// An item, a formula, or another expression.
    fn stated(&mut self, entry: &str, options: &RunOptions, output: &mut Output) -> Exit {
        if words::is_item(entry) || entry.starts_with("///") {
            let changed = self.bench.borrow_mut().define(entry, options);
            return self.changed(changed, output);
        }
        let asked = self.bench.borrow_mut().ask(entry, options);
        match asked {
            Err(e) => fail(&e, output),
            Ok((Asked::Table(t), sources)) => {
                output.diagnostics(&t.diagnostics, &sources);
                let text = table::text_of(&t, self.rows, output.style);
                output.print(&text);
                if t.rows.is_empty() && !t.columns.is_empty() && self.candidate.is_none() && self.prompt() == "dbm> " {
                    output.print(&format!("{}\n", output.style.paint(Tone::Faint, hint::NO_CANDIDATE)));
                }
                Exit::of_answer(&t.diagnostics)
            }
            Ok((Asked::Value(v, diagnostics), sources)) => {
                output.diagnostics(&diagnostics, &sources);
                if diagnostics.iter().all(|d| !d.is_error()) {
                    output.print(&format!("{}\n", clean(&report_text::shown(&v))));
                }
                Exit::of_answer(&diagnostics)
            }
        }
    }

    fn changed(&self, changed: Result<Changed, Error>, output: &mut Output) -> Exit {
        match changed {
            Err(e) => fail(&e, output),
            Ok(Changed { defined, said, unfit }) => {
                output.diagnostics(&said.diagnostics, &said.sources);
                for Defined { what, replaced, clauses } in defined {
                    let line = match (replaced, clauses) {
                        (_, Some(n)) => format!("{what}: now {}", counted(n as u64, "clause", "clauses")),
                        (0, _) => what,
                        (1, _) => format!("{what}: redefined"),
                        (n, _) => format!("{what}: redefined, in place of {n} clauses"),
                    };
                    output.print(&format!("{}\n", clean(&line)));
                }
                if let (Some((candidate, _)), 1..) = (&self.candidate, unfit) {
                    let errors = counted(unfit as u64, "error", "errors");
                    output.print(&format!("{candidate} does not fit this program: {errors}, which `:check` shows\n"));
                }
                Exit::of_answer(&said.diagnostics)
            }
        }
    }

    fn command(&mut self, c: &Command, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        let said = match c.name {
            "load" => return self.load(rest, output),
            "reload" => return self.reload(output),
            "data" => return self.data_command(rest, output),
            "check" => return self.check(rest, options, output),
            "test" => return self.test(rest, options, output),
            "sweep" => return self.sweep(rest, options, output),
            "why" | "why-not" => return self.why(rest, options, output),
            "do" => {
                let edited = self.bench.borrow_mut().edit(rest, options);
                match edited {
                    Err(e) => return fail(&e, output),
                    Ok(words) if words.is_empty() => "nothing to do: its `for` matched nothing\n".into(),
                    Ok(words) => cut(&words, self.rows),
                }
            }
            "undo" => return self.undo(rest, output),
            "redo" => match self.bench.borrow_mut().redo(options) {
                None => "nothing was taken back\n".into(),
                Some(Ok(text)) => format!("again: {text}\n"),
                Some(Err(e)) => return fail(&e, output),
            },
            "diff" => return self.diff(rest, options, output),
            "edits" => match self.bench.borrow().edits().collect::<Vec<_>>() {
                list if list.is_empty() => "no edits\n".into(),
                list => list.iter().enumerate().map(|(i, e)| format!("{}. {e}\n", i + 1)).collect(),
            },
            "type" => match self.bench.borrow().type_of(rest) {
                Ok(t) => format!("{t}\n"),
                Err(e) => return fail(&e, output),
            },
            "schema" => self.schema(rest, options),
            "doc" => match self.bench.borrow().doc(rest) {
                Some(text) => text,
                None => return refuse(bad(format!("nothing is called `{rest}`"), rest, "no such name"), output),
            },
            "rules" => self.rules(rest),
            "program" => match self.bench.borrow().text() {
                "" => "the program is empty\n".into(),
                text => text.to_string(),
            },
            "drop" => match self.bench.borrow_mut().forget(rest, options) {
                Ok(0) => return refuse(bad(format!("the program has no item `{rest}` of its own"), rest, ""), output),
                Ok(n) => format!("{} dropped\n", counted(n as u64, "item", "items")),
                Err(e) => return fail(&e, output),
            },
            "strata" => self.stage(Stage::Strata),
            "plan" => self.stage(Stage::Plan),
            "limit" => match rest.parse::<usize>() {
                Ok(n) if n > 0 => {
                    self.rows = n;
                    String::new()
                }
                _ if rest.is_empty() => format!("{} rows are shown\n", self.rows),
                _ => return refuse(bad("a limit is a number of rows, from 1 on", rest, "not a number of rows"), output),
            },
            "time" => {
                self.timed = !self.timed;
                String::new()
            }
            "save" => return self.save(rest, output),
            "transcript" => return self.begin_transcript(rest, output),
            "help" => match command::find(rest.trim_start_matches(':')) {
                Some(c) => format!("{}  {}\n", command::usage(c), c.does),
                None if rest.is_empty() => command::help(),
                None => return refuse(unknown(rest.trim_start_matches(':')), output),
            },
            _ => String::new(),
        };
        output.print(&clean(&said));
        Exit::Fine
    }

    // ------------------------------------------------------------------ files

    fn load(&mut self, name: &str, output: &mut Output) -> Exit {
        let text = match text(name) {
            Ok(text) => text,
            Err(f) => return failed(&f, output),
        };
        let options = run_options(&self.limits);
        let _watch = Watch::start(options.limits.time, &options.cancel);
        let loaded = self.bench.borrow_mut().load(name, text, Box::new(FileLoader::new(name)), &options);
        let exit = self.changed(loaded, output);
        // an error of the program kept the old one; one of the candidate did not
        if self.bench.borrow().name() == name {
            self.program = Some(name.to_string());
            let program = self.bench.borrow().program().clone();
            output.print(&format!("{}\n", crate::face::cli::check::sound(&program)));
        }
        exit
    }

    fn reload(&mut self, output: &mut Output) -> Exit {
        let mut exit = Exit::Fine;
        if let Some(program) = self.program.clone() {
            exit = exit.max(self.load(&program, output));
        }
        if let Some((candidate, given)) = self.candidate.clone() {
            exit = exit.max(self.data(&candidate, given, output));
        }
        if self.program.is_none() && self.candidate.is_none() {
            output.print("nothing was loaded from a file\n");
        }
        exit
    }

    fn data_command(&mut self, rest: &str, output: &mut Output) -> Exit {
        let mut words = rest.split_whitespace();
        let (name, reader) = (words.next(), words.next().map(str::to_string));
        match name {
            Some(name) => self.data(name, Given { param: vec![], reader }, output),
            None => {
                self.candidate = None;
                self.put(None, output)
            }
        }
    }

    fn data(&mut self, name: &str, given: Given, output: &mut Output) -> Exit {
        let read = inputs("", &[name.to_string()], &given);
        match read {
            Err(f) => failed(&f, output),
            Ok(mut list) => {
                let input = match list.pop() {
                    Some(Err(why)) => return failed(&unreadable(name, &why), output),
                    Some(Ok(input)) => Some(input),
                    None => None,
                };
                self.candidate = Some((name.to_string(), given));
                self.put(input, output)
            }
        }
    }

    fn put(&mut self, input: Option<Input>, output: &mut Output) -> Exit {
        let options = run_options(&self.limits);
        let _watch = Watch::start(options.limits.time, &options.cancel);
        let name = input.as_ref().map_or("no candidate".to_string(), |i| i.name.clone());
        let read = self.bench.borrow_mut().data(input, &options);
        match read {
            Err(f) => failed(&f, output),
            Ok((nodes, edges, events)) => {
                let mut parts = vec![counted(nodes, "node", "nodes"), counted(edges, "edge", "edges")];
                if events > 0 {
                    parts.push(counted(events, "event", "events"));
                }
                output.print(&format!("{}: {}\n", clean(&name), parts.join(", ")));
                Exit::Fine
            }
        }
    }

    fn save(&mut self, name: &str, output: &mut Output) -> Exit {
        if self.replayed {
            return Exit::Fine;
        }
        let text = self.bench.borrow().text().to_string();
        let written = match std::path::Path::new(name).exists() {
            true => files::replace(name, &text),
            false => std::fs::write(name, &text).map_err(|e| e.to_string().to_lowercase()),
        };
        match written {
            Ok(()) => {
                output.print(&format!("{} written to {name}\n", counted(text.lines().count() as u64, "line", "lines")));
                Exit::Fine
            }
            Err(why) => refuse(bad(format!("`{name}` cannot be written: {why}"), name, ""), output),
        }
    }

    fn begin_transcript(&mut self, name: &str, output: &mut Output) -> Exit {
        if self.replayed {
            return Exit::Fine;
        }
        match std::fs::write(name, &self.log) {
            Ok(()) => {
                self.transcript = Some(name.to_string());
                let folder =
                    std::path::Path::new(name).parent().filter(|p| !p.as_os_str().is_empty() && *p != std::path::Path::new("."));
                let hint = if folder.is_some() {
                    "; it is replayed in its own folder, where the files of this session are not"
                } else {
                    ""
                };
                output.print(&format!("recording to {name}{hint}\n"));
                if !name.ends_with(".snap") {
                    output.print("`dbm test` finds it by itself if its name ends in .snap\n");
                }
                Exit::Fine
            }
            Err(e) => refuse(bad(format!("`{name}` cannot be written: {}", e.to_string().to_lowercase()), name, ""), output),
        }
    }

    // ------------------------------------------------------------------ answers

    fn check(&self, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        let options = RunOptions { only: rest.split_whitespace().map(str::to_string).collect(), ..options.clone() };
        match self.bench.borrow().check(&options) {
            Err(e) => fail(&e, output),
            Ok(run) => {
                run.report.candidates.iter().for_each(|c| output.diagnostics(&c.diagnostics, &run.sources));
                let text = report_text::text(&run.report, &run.sources, output.style);
                output.print(&text);
                Exit::of(&run.report, false)
            }
        }
    }

    fn sweep(&self, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        match self.bench.borrow().sweep(rest, options) {
            Err(e) => fail(&e, output),
            Ok(run) => {
                run.report.candidates.iter().for_each(|c| output.diagnostics(&c.diagnostics, &run.sources));
                let text = report_text::text(&run.report, &run.sources, output.style);
                output.print(&text);
                Exit::of(&run.report, false)
            }
        }
    }

    fn test(&self, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        let bench = self.bench.borrow();
        match bench.test(rest, options) {
            Err(e) => fail(&e, output),
            Ok(tests) if tests.is_empty() && !rest.is_empty() => {
                refuse(crate::face::cli::test::unmatched(rest, &bench.program().titles()), output)
            }
            Ok(tests) => {
                let sources = bench.program().sources();
                tests.iter().for_each(|t| output.diagnostics(&t.diagnostics, sources));
                let untried = rest.is_empty().then(|| bench.program().untried(&tests, &[]));
                let suites = [Suite { program: bench.name(), sources, tests: &tests, untried: untried.as_ref(), mutated: None }];
                let style = output.style;
                if !tests.is_empty() {
                    output.print(&trial::text(&suites[0], style));
                }
                output.print(&trial::closing(&suites, style));
                trial::exit(&tests)
            }
        }
    }

    fn why(&self, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        match self.bench.borrow().why(rest, Extent::default(), options) {
            Err(e) => fail(&e, output),
            Ok((answer, sources)) => {
                output.diagnostics(&answer.diagnostics, &sources);
                let text = reason::text(&answer, output.style);
                output.print(&text);
                Exit::of_answer(&answer.diagnostics)
            }
        }
    }

    fn undo(&self, rest: &str, output: &mut Output) -> Exit {
        let Some(n) = (if rest.is_empty() { Some(1) } else { rest.parse::<usize>().ok() }) else {
            return refuse(bad("`:undo` takes a number of edits", rest, "not a number"), output);
        };
        let mut bench = self.bench.borrow_mut();
        if bench.depth() == 0 {
            output.print("nothing to take back\n");
        }
        for _ in 0..n {
            match bench.undo() {
                Some(text) => output.print(&format!("taken back: {}\n", clean(text))),
                None => break,
            }
        }
        Exit::Fine
    }

    fn diff(&self, rest: &str, options: &RunOptions, output: &mut Output) -> Exit {
        let Some(n) = (if rest.is_empty() { Some(usize::MAX) } else { rest.parse::<usize>().ok() }) else {
            return refuse(bad("`:diff` takes a number of edits", rest, "not a number"), output);
        };
        match self.bench.borrow().diff(n, options) {
            Err(e) => fail(&e, output),
            Ok(d) => {
                output.diagnostics(&d.diagnostics, &Sources::new());
                let text = difference::text(&d, self.rows, output.style);
                output.print(&text);
                Exit::of_answer(&d.diagnostics)
            }
        }
    }

    fn schema(&self, rest: &str, options: &RunOptions) -> String {
        let bench = self.bench.borrow();
        if let Some(text) = bench.inferred(options) {
            return format!("// inferred from the candidate\n{text}");
        }
        let items = bench.items((!rest.is_empty()).then_some(rest));
        let kinds = items.iter().filter(|i| matches!(i.0.as_str(), "node" | "edge" | "event"));
        let text: String = kinds.map(|i| format!("{}\n", i.1)).collect();
        if text.is_empty() { "no declarations\n".into() } else { text }
    }

    fn rules(&self, rest: &str) -> String {
        let items = self.bench.borrow().items((!rest.is_empty()).then_some(rest));
        let wanted = items.iter().filter(|i| !rest.is_empty() || matches!(i.0.as_str(), "rule" | "mechanism"));
        let text: String = wanted.map(|i| format!("{}\n", i.1)).collect();
        if text.is_empty() { "no rules\n".into() } else { text }
    }

    fn stage(&self, stage: Stage) -> String {
        match self.bench.borrow().dump(stage) {
            text if text.is_empty() => "no rules\n".into(),
            text => text,
        }
    }
}

/// A text without colours, as a transcript holds it.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, r)| r);
    }
    out + rest
}

fn cut(lines: &[String], most: usize) -> String {
    let mut out: String = lines.iter().take(most).map(|l| format!("{l}\n")).collect();
    if lines.len() > most {
        out.push_str(&format!("and {} more\n", lines.len() - most));
    }
    out
}

fn fail(e: &Error, output: &mut Output) -> Exit {
    failed(e.failure(), output)
}

fn failed(f: &Failure, output: &mut Output) -> Exit {
    output.diagnostics(&f.diagnostics, &f.sources);
    Exit::of_diagnostics(&f.diagnostics)
}

fn refuse((d, sources): (Diagnostic, Sources), output: &mut Output) -> Exit {
    output.diagnostics([&d], &sources);
    Exit::Call
}

/// A command that cannot be done, with what is wrong in it.
fn bad(title: impl Into<String>, what: &str, label: &str) -> (Diagnostic, Sources) {
    let mut sources = Sources::new();
    let file = sources.add_file("the command", what);
    let item = sources.add_item(file, 0);
    let d = Diagnostic::error(BAD_COMMAND, title).at(Place::new(item, Span::new(0, what.len())), label);
    (d, sources)
}

fn unknown(name: &str) -> (Diagnostic, Sources) {
    let (d, sources) = bad(format!("there is no command `:{name}`"), &format!(":{name}"), "no such command");
    let place = d.primary().unwrap_or_default();
    let begun: Vec<&str> = COMMANDS.iter().map(|c| c.name).filter(|c| !name.is_empty() && c.starts_with(name)).collect();
    let d = match nearest(name, COMMANDS.iter().map(|c| c.name)) {
        _ if begun.len() > 1 => {
            d.help(format!("it begins {}", begun.iter().map(|c| format!("`:{c}`")).collect::<Vec<_>>().join(", ")))
        }
        Some(near) => d.suggest(format!("did you mean `:{near}`?"), place, format!(":{near}")),
        None => d.help("`:help` lists the commands"),
    };
    (d, sources)
}

fn misused(c: &Command, rest: &str) -> (Diagnostic, Sources) {
    let title = match c.takes {
        Takes::Text(what) => format!("`:{}` needs something behind it: {what}", c.name),
        _ => format!("`:{}` takes nothing behind it", c.name),
    };
    let (d, sources) = bad(title, format!(":{} {rest}", c.name).trim_end(), "");
    (d.help(format!("write `{}`: {}", command::usage(c), c.does)), sources)
}
