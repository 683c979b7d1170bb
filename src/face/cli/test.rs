//! `dbm test`: the tests of programs, and recorded runs. Called by entry.
use super::args::{Given, TestArgs, TestFormat};
use super::output::Output;
use super::program::{compile, inputs, run_options, unreadable, unusable};
use super::snapshot::Recording;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span};
use crate::face::clock::Watch;
use crate::report::exit::Exit;
use crate::report::junit;
use crate::report::style::{Tone, counted};
use crate::report::trial::{self, Mutated, Replayed, Suite};
use crate::session::error::NO_SUCH_TEST;
use crate::session::{Failure, Miss, Mutation, Program, TestReport, Untried, Verdict};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

/// How deep folders are looked into.
const DEPTH: usize = 12;

/// What the paths of the call lead to.
#[derive(Default)]
struct Found {
    programs: Vec<PathBuf>,
    recordings: Vec<PathBuf>,
    /// Candidates that lie beside the only program of their folder: folder, program, candidate.
    pairs: Vec<(PathBuf, String, String)>,
}

/// Runs what the paths lead to, and says how it ended.
pub fn run(args: &TestArgs, output: &mut Output) -> Exit {
    let mut found = Found::default();
    for path in &args.paths {
        let at = Path::new(path);
        match at.extension().and_then(|e| e.to_str()) {
            _ if at.is_dir() => walk(at, DEPTH, &mut found),
            _ if !at.is_file() => {
                let failure = unreadable(path, "there is no such file or folder");
                output.diagnostics(&failure.diagnostics, &failure.sources);
                return Exit::Call;
            }
            Some("snap") => found.recordings.push(at.to_path_buf()),
            _ => found.programs.push(at.to_path_buf()),
        }
    }
    if found.programs.is_empty() && found.recordings.is_empty() {
        let (d, _, sources) = unusable(&args.paths.join(" "), "has nothing to test");
        let d = d.help("tests stand in programs, `….dbm`; recorded runs are files `….snap`");
        output.diagnostics(&[d], &sources);
        return Exit::Call;
    }
    let (suites, mut exit) = programs(args, &found.programs, output);
    if let (false, true, Exit::Fine) = (args.filter.is_empty(), suites.iter().all(|s| s.tests.is_empty()), exit) {
        let titles: Vec<&str> = suites.iter().flat_map(|s| s.program.iter()).flat_map(|p| p.titles()).collect();
        let (d, sources) = unmatched(&args.filter, &titles);
        output.diagnostics(&[d], &sources);
        return Exit::Call;
    }
    let recordings = if args.filter.is_empty() { recordings(args, &found) } else { vec![] };
    let untried: Vec<Option<Untried>> = suites.iter().map(|s| s.untried(args, &recordings)).collect();
    let mutated: Vec<Option<Mutated>> = suites.iter().map(|s| s.mutated(args, &found, &recordings)).collect();
    let suites: Vec<Suite> = suites
        .iter()
        .zip(untried.iter().zip(&mutated))
        .map(|(s, (u, m))| Suite {
            program: &s.name,
            sources: &s.sources,
            tests: &s.tests,
            untried: u.as_ref(),
            mutated: m.as_ref(),
        })
        .collect();
    if args.format != TestFormat::Text {
        let replayed: Vec<Replayed> = recordings.iter().map(replayed).collect();
        output.print(&match args.format {
            TestFormat::Junit => junit::xml(&suites, &replayed),
            _ => trial::json(&suites, &replayed),
        });
        let same = recordings.iter().all(|r| r.agrees());
        return exit.max(if same { Exit::Fine } else { Exit::Violated });
    }
    for s in suites.iter().filter(|s| !s.tests.is_empty() || s.mutated.is_some()) {
        let text = trial::text(s, output.style);
        output.print(&text);
    }
    let closing = trial::closing(&suites, output.style);
    output.print(&closing);
    if !recordings.is_empty() {
        exit = exit.max(settle(args, &recordings, output));
    }
    exit
}

/// A recorded run as reports have it.
fn replayed(r: &Recording) -> Replayed {
    Replayed { path: shown(&r.path), difference: (!r.agrees()).then(|| r.difference()) }
}

/// A program that cannot be run, as reports for programs have it: a test that is unknown.
fn broken(failure: &Failure) -> TestReport {
    let place = |d: &Diagnostic| d.primary().unwrap_or_default();
    let errors = failure.diagnostics.iter().filter(|d| d.is_error());
    TestReport {
        title: "the program".into(),
        place: failure.diagnostics.first().map(place).unwrap_or_default(),
        verdict: Verdict::Unknown,
        misses: errors.map(|d| Miss { place: place(d), message: format!("[{}] {}", d.code, d.title) }).collect(),
        diagnostics: vec![],
        violates: vec![],
        derives: vec![],
    }
}

/// A program, and how its tests ended.
struct Tested {
    name: String,
    sources: Sources,
    tests: Vec<TestReport>,
    program: Option<Program>,
}

impl Tested {
    /// What the tests and the recorded runs of the program leave untried, if all of them ran.
    fn untried(&self, args: &TestArgs, recordings: &[Recording]) -> Option<Untried> {
        let program = self.program.as_ref().filter(|_| args.filter.is_empty())?;
        let own = recordings.iter().filter_map(Recording::violated).filter(|(p, _)| shown(p) == self.name);
        let violated: Vec<String> = own.flat_map(|(_, names)| names).collect();
        Some(program.untried(&self.tests, &violated))
    }
}

impl Tested {
    /// What became of the examples of the program when each of their elements was dropped and changed, if that is asked for.
    fn mutated(&self, args: &TestArgs, found: &Found, recordings: &[Recording]) -> Option<Mutated> {
        let program = self.program.as_ref().filter(|_| args.mutate)?;
        let mut examples: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
        for (folder, p, candidate) in &found.pairs {
            if shown(&folder.join(p)) == self.name {
                examples.insert(folder.join(candidate), args.reader.clone());
            }
        }
        for (p, candidates, reader) in recordings.iter().filter_map(Recording::examples) {
            if shown(&p) == self.name {
                examples.extend(candidates.into_iter().map(|c| (c, reader.clone())));
            }
        }
        examples.extend(args.example.iter().map(|e| (PathBuf::from(e), args.reader.clone())));
        let options = run_options(&args.limits);
        let _watch = Watch::start(options.limits.time, &options.cancel);
        let mut all = Mutated { tests: program.mutate_tests(&options), ..Mutated::default() };
        for (path, reader) in examples {
            let name = shown(&path);
            let given = Given { param: vec![], reader };
            let read = inputs(&self.name, std::slice::from_ref(&name), &given).ok().and_then(|mut i| i.pop());
            let input = match read {
                Some(Ok(input)) => input,
                Some(Err(why)) => {
                    all.refused.push((name, why));
                    continue;
                }
                None => continue,
            };
            match program.mutate(&input, &options) {
                Ok(m) => all.candidates.push(m),
                Err(failure) => {
                    let first = failure.diagnostics.iter().find(|d| d.is_error());
                    let why = first.map_or_else(String::new, |d| format!("[{}] {}", d.code, d.title));
                    all.refused.push((name, why));
                }
            }
        }
        let examples: Vec<Mutation> = all.tests.iter().chain(&all.candidates).cloned().collect();
        all.untripped = program.untripped(&examples);
        Some(all)
    }
}

/// A filter that no title contains.
pub fn unmatched(filter: &str, titles: &[&str]) -> (Diagnostic, Sources) {
    let mut sources = Sources::new();
    let file = sources.add_file("command line", filter);
    let item = sources.add_item(file, 0);
    let place = Place::new(item, Span::new(0, filter.len()));
    let d = Diagnostic::error(NO_SUCH_TEST, format!("no test has `{filter}` in its title")).at(place, "no such test");
    let words: Vec<&str> = titles.iter().flat_map(|t| t.split_whitespace()).collect();
    let other_case = titles.iter().find(|t| t.to_lowercase().contains(&filter.to_lowercase()));
    let near = nearest(filter, titles.iter().copied()).or_else(|| nearest(filter, words));
    let d = match (other_case, near) {
        (Some(title), _) => d.help(format!("upper and lower case count: there is `{title}`")),
        (_, Some(near)) => d.suggest(format!("did you mean `{near}`?"), place, near),
        (_, None) if titles.is_empty() => d.help("the program has no tests"),
        _ => {
            let shown: Vec<String> = titles.iter().take(5).map(|t| format!("`{t}`")).collect();
            let more = if titles.len() > 5 { format!(" and {} more", titles.len() - 5) } else { String::new() };
            d.help(format!("the titles are {}{more}", shown.join(", ")))
        }
    };
    (d, sources)
}

fn programs(args: &TestArgs, paths: &[PathBuf], output: &mut Output) -> (Vec<Tested>, Exit) {
    let mut suites = vec![];
    let mut exit = Exit::Fine;
    for path in paths {
        let name = shown(path);
        let options = run_options(&args.limits);
        let _watch = Watch::start(options.limits.time, &options.cancel);
        let tested = compile(&name, &args.param).and_then(|program| {
            let tests = program.test(&args.filter, &options).map_err(|e| e.failure().clone())?;
            Ok((program, tests))
        });
        match tested {
            Ok((program, tests)) => {
                for t in &tests {
                    output.diagnostics(&t.diagnostics, program.sources());
                }
                exit = exit.max(trial::exit(&tests));
                suites.push(Tested { name, sources: program.sources().clone(), tests, program: Some(program) });
            }
            Err(failure) => {
                output.diagnostics(&failure.diagnostics, &failure.sources);
                exit = exit.max(Exit::of_diagnostics(&failure.diagnostics));
                if args.format != TestFormat::Text {
                    suites.push(Tested { name, sources: failure.sources.clone(), tests: vec![broken(&failure)], program: None });
                }
            }
        }
    }
    (suites, exit)
}

fn recordings(args: &TestArgs, found: &Found) -> Vec<Recording> {
    let mut all: Vec<Recording> = found.recordings.iter().map(|p| Recording::replay(p)).collect();
    if args.update || args.review {
        let fresh = found.pairs.iter().filter_map(|(folder, program, candidate)| Recording::of(folder, program, candidate));
        all.extend(fresh.filter(|r| !r.path.exists()));
    }
    all
}

/// Shows what differs, takes what is to be taken, counts.
fn settle(args: &TestArgs, all: &[Recording], output: &mut Output) -> Exit {
    let (mut taken, mut left) = (0u64, 0u64);
    for r in all.iter().filter(|r| !r.agrees()) {
        let style = output.style;
        output.print(&format!("{} {}\n{}", style.paint(Tone::Bad, style.sign("≠", "!=")), shown(&r.path), r.difference()));
        let question = if r.stale.is_some() { "remove it?" } else { "take it?" };
        let accept = args.update || (args.review && yes(output, question));
        match accept.then(|| r.accept()) {
            Some(Ok(())) => taken += 1,
            Some(Err(why)) => {
                output.print(&format!("      cannot be recorded: {why}\n"));
                left += 1;
            }
            None => left += 1,
        }
    }
    let same = all.len() as u64 - taken - left;
    let mut parts = vec![format!("{} as before", counted(same, "recorded run", "recorded runs"))];
    for (n, word) in [(taken, "taken"), (left, "different")] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    let hint = if left > 0 && !args.review { "; `--review` goes through them, `--update` takes them all" } else { "" };
    let tone = if left > 0 { Tone::Bad } else { Tone::Good };
    let line = output.style.paint(tone, &(parts.join(", ") + hint));
    output.print(&(line + "\n"));
    if left > 0 { Exit::Violated } else { Exit::Fine }
}

fn yes(output: &mut Output, question: &str) -> bool {
    output.print(&format!("      {question} [y/n] "));
    output.flush();
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).is_ok() && line.trim_start().starts_with(['y', 'Y'])
}

/// Everything in a folder and below, sorted; hidden folders and build output are left out.
fn walk(folder: &Path, depth: usize, found: &mut Found) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    let ends = |p: &Path, endings: &[&str]| p.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e));
    let name = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let programs: Vec<&PathBuf> = entries.iter().filter(|p| p.is_file() && ends(p, &["dbm"])).collect();
    if let [program] = programs.as_slice() {
        let candidates = entries.iter().filter(|p| p.is_file() && ends(p, &["json", "jsonl", "yaml", "yml"]));
        found.pairs.extend(candidates.map(|c| (folder.to_path_buf(), name(program), name(c))));
    }
    found.programs.extend(programs.into_iter().cloned());
    let recorded = |p: &&PathBuf| ends(p, &["snap"]) && std::fs::read_to_string(p).is_ok_and(|t| t.starts_with("$ dbm "));
    found.recordings.extend(entries.iter().filter(recorded).cloned());
    for e in entries.iter().filter(|e| e.is_dir() && !e.is_symlink()) {
        let n = name(e);
        if !n.starts_with('.') && n != "target" && n != "node_modules" {
            walk(e, depth, found);
        }
    }
}

/// A path as it was named, without `./` in front.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_string()
}
