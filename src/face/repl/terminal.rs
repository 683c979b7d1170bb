//! A session in a terminal, as a script, or as a transcript says: where its entries come from. Called by the command line.
use super::line::{self, Line};
use super::shell::Shell;
use crate::face::cli::args::ReplArgs;
use crate::face::cli::output::Output;
use crate::face::clock::Ctrl;
use crate::report::exit::Exit;
use crate::report::style::Tone;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// How many entries the history keeps.
const KEPT: usize = 10_000;

/// What stands before the further lines of an entry in a transcript.
const GOES_ON: &str = "...> ";

/// Runs a session, and says how it ended: for a terminal always well, else by the gravest of its entries.
pub fn run(args: &ReplArgs, output: &mut Output) -> Exit {
    let terminal = args.eval.is_empty() && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let (mut shell, exit) = match Shell::new(args, false, output) {
        Ok(made) => made,
        Err(f) => {
            output.diagnostics(&f.diagnostics, &f.sources);
            return Exit::of_diagnostics(&f.diagnostics);
        }
    };
    output.flush();
    if terminal {
        return match interactive(args, &mut shell, output) {
            Ok(()) => Exit::Fine,
            Err(why) => {
                output.err.push_str(&format!("dbm: the terminal cannot be used: {why}\n"));
                Exit::Call
            }
        };
    }
    // a session that has lost what it was called for is no session
    if exit != Exit::Fine {
        return exit;
    }
    if !args.eval.is_empty() {
        return entries(args.eval.iter().cloned(), &mut shell, output);
    }
    let lines = std::io::stdin().lock().lines().map_while(Result::ok);
    entries(lines, &mut shell, output)
}

/// Entries that come line by line from elsewhere.
fn entries(lines: impl Iterator<Item = String>, shell: &mut Shell, output: &mut Output) -> Exit {
    let mut exit = Exit::Fine;
    let mut entry = String::new();
    let mut lines = lines.peekable();
    while let Some(l) = lines.next() {
        if !entry.is_empty() {
            entry.push('\n');
        }
        entry.push_str(&l);
        if line::goes_on(&entry) && lines.peek().is_some() {
            continue;
        }
        let done = shell.enter(&std::mem::take(&mut entry), output);
        output.flush();
        exit = exit.max(done.exit);
        if done.quit {
            break;
        }
    }
    exit
}

fn interactive(args: &ReplArgs, shell: &mut Shell, output: &mut Output) -> Result<(), ReadlineError> {
    let config = Config::builder().completion_type(CompletionType::List).max_history_size(KEPT)?.auto_add_history(false).build();
    let mut editor: Editor<Line, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Line::new(shell.bench.clone(), output.style)));
    let history = if args.no_history { None } else { history() };
    if let Some(file) = &history {
        // a first session has none
        let _ = editor.load_history(file);
    }
    Ctrl::install();
    let hello = format!("dbm {}: `:help` lists the commands, Ctrl-D leaves", env!("CARGO_PKG_VERSION"));
    let hello = output.style.paint(Tone::Faint, &hello);
    output.print(&format!("{hello}\n"));
    loop {
        output.flush();
        match editor.readline(&shell.prompt()) {
            Ok(entry) => {
                if !entry.trim().is_empty() {
                    editor.add_history_entry(entry.trim_end())?;
                }
                let done = shell.enter(&entry, output);
                if done.quit {
                    break;
                }
            }
            // Ctrl-C drops the line
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(e) => return Err(e),
        }
    }
    if let Some(file) = &history {
        let folder = file.parent().map(std::fs::create_dir_all);
        // a history that cannot be kept is no reason to complain on the way out
        let _ = folder.map(|made| made.is_ok() && editor.save_history(file).is_ok());
    }
    Ok(())
}

/// Where the platform keeps such things.
fn history() -> Option<PathBuf> {
    use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};
    let base = choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("dbm").join("history"))
}

/// What a session with the entries of a transcript prints now.
pub fn replay(args: &ReplArgs, transcript: &str) -> Result<String, String> {
    let mut output = Output::plain();
    let (mut shell, _) =
        Shell::new(args, true, &mut output).map_err(|f| f.diagnostics.iter().map(|d| d.title.clone()).collect::<String>())?;
    for entry in recorded(transcript) {
        if shell.enter(&entry, &mut output).quit {
            break;
        }
    }
    Ok(shell.log().to_string())
}

/// The entries of a transcript.
fn recorded(transcript: &str) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    let mut open = false;
    for l in transcript.lines() {
        if let Some(entry) = entry(l) {
            found.push(entry.to_string());
            open = true;
        } else if let (Some(more), true, Some(last)) = (l.strip_prefix(GOES_ON), open, found.last_mut()) {
            last.push('\n');
            last.push_str(more);
        } else {
            open = false;
        }
    }
    found
}

/// What stands behind a prompt.
fn entry(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("dbm")?;
    let rest = match rest.strip_prefix('[') {
        Some(r) => r.split_once(']').filter(|(n, _)| n.parse::<usize>().is_ok())?.1,
        None => rest,
    };
    rest.strip_prefix("> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_in_a_transcript() {
        let text = "$ dbm repl\ndbm> node A {\n...> n: Int }\nnode A\ndbm[12]> :diff\n...> no\ndbm[x]> no\n";
        assert_eq!(recorded(text), ["node A {\nn: Int }", ":diff\nno"]);
    }
}
