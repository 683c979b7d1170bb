//! Where words go: results to standard output, diagnostics to standard error, both in the style that suits. Used by every verb.
use super::args::ColorChoice;
use crate::base::{Diagnostic, Severity, Sources};
use crate::report::draw::draw;
use crate::report::style::{Style, counted};
use std::io::{IsTerminal, Write};

/// Diagnostics of one severity that are drawn at most; the rest is counted.
const DRAWN: usize = 20;

/// The two streams of a run, as texts that are still to be written: so that runs can be recorded, and a panic loses nothing.
pub struct Output {
    /// The style of results.
    pub style: Style,
    /// The style of diagnostics.
    pub error_style: Style,
    /// Results.
    pub out: Vec<u8>,
    /// Diagnostics.
    pub err: String,
}

impl Output {
    /// For the terminal, if it is one.
    pub fn new(color: ColorChoice) -> Self {
        let unicode = speaks_unicode();
        let style = |terminal: bool| Style { color: colored(color, terminal), unicode };
        Output {
            style: style(std::io::stdout().is_terminal()),
            error_style: style(std::io::stderr().is_terminal()),
            out: vec![],
            err: String::new(),
        }
    }
    /// Without colours, with all signs: for recorded runs.
    pub fn plain() -> Self {
        Output { style: Style::PLAIN, error_style: Style::PLAIN, out: vec![], err: String::new() }
    }
    /// A result.
    pub fn print(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
    /// Draws diagnostics, errors first where there are many.
    pub fn diagnostics<'a>(&mut self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &Sources) {
        let mut counts = [0u64; 3];
        for d in diagnostics {
            // what has no place speaks of the whole, and costs one line
            let small = d.labels.is_empty();
            let (n, _) = slot(&mut counts, d.severity);
            *n += u64::from(!small);
            if small || *n <= DRAWN as u64 {
                self.err.push_str(&draw(d, sources, self.error_style));
            }
        }
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            let (n, word) = slot(&mut counts, severity);
            if let Some(more) = n.checked_sub(DRAWN as u64).filter(|m| *m > 0) {
                let text = counted(more, &format!("more {word}"), &format!("more {word}s"));
                self.err.push_str(&format!("and {text}; `--format json` has all of them\n\n"));
            }
        }
    }
    /// Writes both streams, and gives whether the results could be written. A reader that went away is no error.
    pub fn flush(&mut self) -> bool {
        let _ = std::io::stderr().lock().write_all(self.err.as_bytes());
        let mut out = std::io::stdout().lock();
        let written = out.write_all(&self.out).and_then(|()| out.flush());
        self.err.clear();
        self.out.clear();
        match written {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                let _ = writeln!(std::io::stderr().lock(), "dbm: the results cannot be written: {e}");
                false
            }
            _ => true,
        }
    }
}

fn slot(counts: &mut [u64; 3], severity: Severity) -> (&mut u64, &'static str) {
    let [errors, warnings, infos] = counts;
    match severity {
        Severity::Error => (errors, "error"),
        Severity::Warning => (warnings, "warning"),
        Severity::Info => (infos, "info"),
    }
}

/// `--color` first, then CLICOLOR_FORCE, NO_COLOR, and whether it is a terminal.
fn colored(choice: ColorChoice, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto if set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        ColorChoice::Auto => terminal && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
    }
}

/// Whether the locale can show more than ASCII; where none is set, it can.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|n| std::env::var(n).ok()).find(|v| !v.is_empty());
    locale.is_none_or(|l| l.to_ascii_lowercase().contains("utf") || l.starts_with("C.UTF")) || cfg!(windows)
}
