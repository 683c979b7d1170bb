//! The outcome of tests for people and for programs. Fed with the outcomes per program file, read by the command line.
use super::excerpt::place_text;
use super::style::{Style, Tone, clean, counted};
use crate::base::Sources;
use crate::verdict::{TestReport, Verdict};
use std::fmt::Write;

/// The tests of one program.
pub struct Suite<'a> {
    /// The program, as named.
    pub program: &'a str,
    /// What its places refer to.
    pub sources: &'a Sources,
    /// In the order of the file.
    pub tests: &'a [TestReport],
}

/// One line for each test, and what was found where an expectation is not met.
pub fn text(suite: &Suite, style: Style) -> String {
    let mut out = format!("{}\n", style.paint(Tone::Strong, &clean(suite.program)));
    for t in suite.tests {
        let (tone, sign) = match t.verdict {
            Verdict::Violated => (Tone::Bad, style.sign("✗", "XX")),
            Verdict::Unknown => (Tone::Doubt, style.sign("?", "??")),
            _ => (Tone::Good, style.sign("✓", "ok")),
        };
        let _ = writeln!(out, "  {} {}", style.paint(tone, sign), clean(&t.title));
        for m in &t.misses {
            let place = place_text(suite.sources, m.place).unwrap_or_default();
            let _ = writeln!(out, "      {}  {}", clean(&m.message), style.paint(Tone::Faint, &place));
        }
    }
    out
}

/// The closing line over all programs.
pub fn closing(suites: &[Suite], style: Style) -> String {
    let count = |v: fn(&TestReport) -> bool| suites.iter().flat_map(|s| s.tests).filter(|t| v(t)).count() as u64;
    let (failed, unknown) = (count(|t| t.verdict == Verdict::Violated), count(|t| t.verdict == Verdict::Unknown));
    let passed = count(|_| true) - failed - unknown;
    let mut text = format!("{} passed", counted(passed, "test", "tests"));
    for (n, word) in [(failed, "failed"), (unknown, "unknown")] {
        if n > 0 {
            let _ = write!(text, ", {n} {word}");
        }
    }
    let tone = if failed + unknown == 0 { Tone::Good } else { Tone::Bad };
    style.paint(tone, &text) + "\n"
}

/// `{"dbm_tests": 1, "programs": [{"program", "tests": [{"title", "verdict", "line", "column", "misses"}]}]}`.
pub fn json(suites: &[Suite]) -> String {
    #[derive(serde::Serialize)]
    struct All<'a> {
        dbm_tests: u32,
        programs: Vec<Program<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Program<'a> {
        program: &'a str,
        tests: Vec<Test<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Test<'a> {
        title: &'a str,
        verdict: &'static str,
        line: usize,
        column: usize,
        misses: Vec<Miss<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Miss<'a> {
        message: &'a str,
        line: usize,
        column: usize,
    }
    let at = |s: &Suite, p| s.sources.position(p).map_or((0, 0), |(_, l, c)| (l, c));
    let word = |v| match v {
        Verdict::Violated => "failed",
        Verdict::Unknown => "unknown",
        _ => "passed",
    };
    let programs = suites.iter().map(|s| Program {
        program: s.program,
        tests: s
            .tests
            .iter()
            .map(|t| {
                let (line, column) = at(s, t.place);
                let misses = t.misses.iter().map(|m| (at(s, m.place), &m.message));
                let misses = misses.map(|((line, column), message)| Miss { message, line, column }).collect();
                Test { title: &t.title, verdict: word(t.verdict), line, column, misses }
            })
            .collect(),
    });
    serde_json::to_string_pretty(&All { dbm_tests: 1, programs: programs.collect() }).unwrap_or_default() + "\n"
}
