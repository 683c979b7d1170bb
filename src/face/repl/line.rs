//! The line in the terminal: completion, colours, when an entry is whole. Used by the REPL where there is a terminal.
use super::command::COMMANDS;
use crate::report::style::{Style, Tone};
use crate::session::Workbench;
use crate::session::workbench::words::{self, Class};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// What the editor asks while a line is being written.
pub struct Line {
    /// For names and types.
    pub bench: Rc<RefCell<Workbench>>,
    /// Whether to colour.
    pub style: Style,
    files: FilenameCompleter,
}

impl Line {
    /// A helper over a workbench.
    pub fn new(bench: Rc<RefCell<Workbench>>, style: Style) -> Line {
        Line { bench, style, files: FilenameCompleter::new() }
    }
}

impl Helper for Line {}

impl Hinter for Line {
    type Hint = String;
}

impl Completer for Line {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let pair = |text: String| Pair { display: text.clone(), replacement: text };
        if let Some(rest) = line.strip_prefix(':') {
            let Some((name, _)) = rest.split_once(' ') else {
                let list = COMMANDS.iter().filter(|c| c.name.starts_with(rest)).map(|c| pair(c.name.to_string()));
                return Ok((1, list.collect()));
            };
            if matches!(name, "load" | "data" | "save" | "transcript") {
                return self.files.complete(line, at, context);
            }
        }
        // in the middle of an evaluation nobody completes
        let Ok(bench) = self.bench.try_borrow() else { return Ok((at, vec![])) };
        let (start, list) = bench.complete(line, at);
        Ok((start, list.into_iter().map(pair).collect()))
    }
}

impl Highlighter for Line {
    fn highlight<'l>(&self, line: &'l str, _at: usize) -> Cow<'l, str> {
        if !self.style.color {
            return Cow::Borrowed(line);
        }
        let (command, text) = match line.strip_prefix(':').map(|r| r.split_once(' ').map_or(line.len(), |(n, _)| n.len() + 1)) {
            Some(end) => line.split_at(end),
            None => ("", line),
        };
        let mut out = self.style.paint(Tone::Strong, command);
        let mut done = 0;
        for (span, class) in words::classes(text) {
            out.push_str(text.get(done..span.start).unwrap_or_default());
            let piece = text.get(span.clone()).unwrap_or_default();
            out.push_str(&match class {
                Class::Word => self.style.paint(Tone::Strong, piece),
                Class::Text => self.style.paint(Tone::Good, piece),
                Class::Number => self.style.paint(Tone::Doubt, piece),
                Class::Comment => self.style.paint(Tone::Faint, piece),
                Class::Sign => piece.to_string(),
            });
            done = span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }
    fn highlight_char(&self, _line: &str, _at: usize, _kind: CmdKind) -> bool {
        self.style.color
    }
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Owned(self.style.paint(Tone::Strong, prompt))
    }
}

impl Validator for Line {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if goes_on(context.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// Whether an entry wants another line: not a command, nothing closed, and no empty line at its end.
pub fn goes_on(entry: &str) -> bool {
    !entry.trim_start().starts_with(':') && !entry.ends_with('\n') && words::goes_on(entry)
}
