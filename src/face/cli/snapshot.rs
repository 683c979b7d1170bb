//! Recorded runs: a file that ends in `.snap` and begins with `$ dbm check …` holds what that command printed, and how it ended;
//! one that begins with `$ dbm repl …` is the transcript of a session.
//! Replayed by `dbm test`, in the folder of the file.
use super::args::{Cli, Verb};
use super::check;
use super::output::Output;
use crate::face::repl;
use clap::Parser;
use std::path::{Path, PathBuf};

const PROMPT: &str = "$ dbm ";

/// A recorded run, and what comes out now.
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// What it holds; none if it is new.
    pub old: Option<String>,
    /// What it would hold now, or why it cannot be said.
    pub new: Result<String, String>,
    /// A file that it names and that is not there any more.
    pub stale: Option<String>,
}

impl Recording {
    /// Replays a recorded run.
    pub fn replay(path: &Path) -> Recording {
        let old = std::fs::read_to_string(path).ok();
        let command = old.as_deref().and_then(|t| t.lines().next()?.strip_prefix(PROMPT)).map(str::to_string);
        let stale = command.as_deref().and_then(|c| gone(path, c));
        let new = match (&stale, command) {
            (Some(file), _) => Err(format!("it is stale: `{file}` is not there any more; `--update` removes it")),
            (_, Some(command)) => record(path, &command, old.as_deref().unwrap_or_default()),
            _ => Err("it does not begin with `$ dbm check …`".into()),
        };
        Recording { path: path.to_path_buf(), old, new, stale }
    }
    /// Makes a run of `program` and `candidate`, which lie in the same folder, to be recorded; none if they do not go together.
    pub fn of(folder: &Path, program: &str, candidate: &str) -> Option<Recording> {
        let stem = program.strip_suffix(".dbm").unwrap_or(program);
        let path = folder.join(format!("{stem}.{candidate}.snap"));
        let new = record(&path, &format!("check {program} {candidate}"), "");
        let decided = new.as_ref().is_ok_and(|text| text.ends_with("exit 0\n") || text.ends_with("exit 1\n"));
        decided.then_some(Recording { path, old: None, new, stale: None })
    }
    /// Whether nothing has changed.
    pub fn agrees(&self) -> bool {
        self.new.as_ref().ok() == self.old.as_ref()
    }
    /// The program that it checks, and the demands that it finds violated.
    pub fn violated(&self) -> Option<(PathBuf, Vec<String>)> {
        let text = self.new.as_ref().ok()?;
        let (verb, _) = parsed(text.lines().next()?.strip_prefix(PROMPT)?).ok()?;
        let Verb::Check(args) = verb else { return None };
        let signs = ["  ✗ ", "  XX ", "  ! ", "  !! "];
        let named = text.lines().filter_map(|l| signs.iter().find_map(|s| l.strip_prefix(s)));
        let names = named.filter_map(|l| Some(l.split("  (").next()?.split(": ").next()?.trim_matches('`').to_string()));
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Some((folder.join(&args.program), names.collect()))
    }
    /// The program that it checks, and the candidates, with their reader.
    pub fn examples(&self) -> Option<(PathBuf, Vec<PathBuf>, Option<String>)> {
        let text = self.new.as_ref().ok()?;
        let (verb, _) = parsed(text.lines().next()?.strip_prefix(PROMPT)?).ok()?;
        let Verb::Check(args) = verb else { return None };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let candidates = args.candidates.iter().map(|c| folder.join(c)).collect();
        Some((folder.join(&args.program), candidates, args.given.reader))
    }
    /// Takes what comes out now; a stale one is removed.
    pub fn accept(&self) -> Result<(), String> {
        if self.stale.is_some() {
            return std::fs::remove_file(&self.path).map_err(|e| e.to_string());
        }
        match &self.new {
            Ok(text) => std::fs::write(&self.path, text).map_err(|e| e.to_string()),
            Err(why) => Err(why.clone()),
        }
    }
    /// The lines that differ, `-` for the recorded ones and `+` for what comes out now.
    pub fn difference(&self) -> String {
        let new = match &self.new {
            Ok(new) => new,
            Err(why) => return format!("      cannot be replayed: {why}\n"),
        };
        let old: Vec<&str> = self.old.as_deref().unwrap_or_default().lines().collect();
        let new: Vec<&str> = new.lines().collect();
        let same_head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let rest = |lines: &[&str]| lines.len() - same_head;
        let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
        let tail = tail.min(rest(&old)).min(rest(&new));
        let middle = |lines: &[&str], sign: &str| -> String {
            let part = lines.get(same_head..lines.len() - tail).unwrap_or_default();
            part.iter().map(|l| format!("      {sign} {l}\n")).collect()
        };
        middle(&old, "-") + &middle(&new, "+")
    }
}

/// The verb of a recorded command, and the files that it names.
fn parsed(command: &str) -> Result<(Verb, Vec<String>), String> {
    let words = std::iter::once("dbm").chain(command.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
    let named = match &cli.verb {
        Verb::Check(args) => args.candidates.iter().chain([&args.program]).cloned().collect(),
        Verb::Repl(args) => args.candidate.iter().chain(&args.program).cloned().collect(),
        _ => return Err("only `dbm check` and `dbm repl` can be recorded".into()),
    };
    Ok((cli.verb, named))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that a recorded command names and that is not there.
fn gone(path: &Path, command: &str) -> Option<String> {
    let (_, named) = parsed(command).ok()?;
    named.into_iter().find(|n| n != "-" && !folder(path).join(n).exists())
}

/// What a command prints in the folder of the recording.
fn record(path: &Path, command: &str, old: &str) -> Result<String, String> {
    let (verb, named) = parsed(command)?;
    if named.iter().any(|n| *n == "-") {
        return Err("standard input cannot be recorded".into());
    }
    let home = std::env::current_dir().map_err(|e| e.to_string())?;
    let folder = folder(path);
    std::env::set_current_dir(folder).map_err(|e| e.to_string())?;
    let printed = match &verb {
        Verb::Check(args) => {
            let mut output = Output::plain();
            let exit = check::run(args, &mut output);
            let out = String::from_utf8_lossy(&output.out);
            Ok(format!("{PROMPT}{command}\n{}{out}exit {}\n", output.err, exit.code()))
        }
        Verb::Repl(args) => repl::replay(args, old),
        _ => Ok(String::new()),
    };
    std::env::set_current_dir(home).map_err(|e| e.to_string())?;
    printed
}
