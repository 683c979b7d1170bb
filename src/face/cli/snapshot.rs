//! Recorded runs: a file that ends in `.snap` and begins with `$ dbm check …` holds what that command printed, and how it ended.
//! Replayed by `dbm test`, in the folder of the file.
use super::args::{Cli, Verb};
use super::check;
use super::output::Output;
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
}

impl Recording {
    /// Replays a recorded run.
    pub fn replay(path: &Path) -> Recording {
        let old = std::fs::read_to_string(path).ok();
        let command = old.as_deref().and_then(|t| t.lines().next()?.strip_prefix(PROMPT)).map(str::to_string);
        let new = match command {
            Some(command) => record(path, &command),
            None => Err("it does not begin with `$ dbm check …`".into()),
        };
        Recording { path: path.to_path_buf(), old, new }
    }
    /// Makes a run of `program` and `candidate`, which lie in the same folder, to be recorded; none if they do not go together.
    pub fn of(folder: &Path, program: &str, candidate: &str) -> Option<Recording> {
        let stem = program.strip_suffix(".dbm").unwrap_or(program);
        let path = folder.join(format!("{stem}.{candidate}.snap"));
        let new = record(&path, &format!("check {program} {candidate}"));
        let decided = new.as_ref().is_ok_and(|text| text.ends_with("exit 0\n") || text.ends_with("exit 1\n"));
        decided.then_some(Recording { path, old: None, new })
    }
    /// Whether nothing has changed.
    pub fn agrees(&self) -> bool {
        self.new.as_ref().ok() == self.old.as_ref()
    }
    /// Takes what comes out now.
    pub fn accept(&self) -> Result<(), String> {
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

/// What a command prints in the folder of the recording.
fn record(path: &Path, command: &str) -> Result<String, String> {
    let words = std::iter::once("dbm").chain(command.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
    let Verb::Check(args) = cli.verb else { return Err("only `dbm check` can be recorded".into()) };
    if args.candidates.iter().chain([&args.program]).any(|n| n == "-") {
        return Err("standard input cannot be recorded".into());
    }
    let home = std::env::current_dir().map_err(|e| e.to_string())?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::env::set_current_dir(folder).map_err(|e| e.to_string())?;
    let mut output = Output::plain();
    let exit = check::run(&args, &mut output);
    std::env::set_current_dir(home).map_err(|e| e.to_string())?;
    let out = String::from_utf8_lossy(&output.out);
    Ok(format!("{PROMPT}{command}\n{}{out}exit {}\n", output.err, exit.code()))
}
