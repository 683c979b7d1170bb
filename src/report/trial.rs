//! The outcome of tests for people and for programs. Fed with the outcomes per program file, read by the command line.
use super::excerpt::place_text;
use super::exit::Exit;
use super::style::{Style, Tone, clean, counted};
use crate::base::Sources;
use crate::verdict::{TestReport, Untried, Verdict};
use std::fmt::Write;

/// The tests of one program.
pub struct Suite<'a> {
    /// The program, as named.
    pub program: &'a str,
    /// What its places refer to.
    pub sources: &'a Sources,
    /// In the order of the file.
    pub tests: &'a [TestReport],
    /// What they leave untried; none if only some of them ran.
    pub untried: Option<&'a Untried>,
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
    if let Some(u) = suite.untried {
        for (what, names) in [("no test violates", &u.demands), ("no test has a fact of", &u.rules)] {
            if !names.is_empty() {
                let line = format!("note: {what} {}", clean(&listed(names)));
                let _ = writeln!(out, "  {}", style.paint(Tone::Faint, &line));
            }
        }
    }
    out
}

/// Names for a sentence, cut after eight.
fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let mut parts: Vec<String> = names.iter().take(MOST).map(|n| format!("`{n}`")).collect();
    if names.len() > MOST {
        parts.push(format!("{} more", names.len() - MOST));
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
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

/// The word for how a test ended.
pub fn word(t: &TestReport) -> &'static str {
    match t.verdict {
        Verdict::Violated => "failed",
        Verdict::Unknown => "unknown",
        _ => "passed",
    }
}

/// How tests ended, in the words of exit codes.
pub fn exit(tests: &[TestReport]) -> Exit {
    let one = |t: &TestReport| match t.verdict {
        Verdict::Violated => Exit::Violated,
        Verdict::Unknown if Exit::of_answer(&t.diagnostics) == Exit::Limit => Exit::Limit,
        Verdict::Unknown => Exit::Violated,
        _ => Exit::Fine,
    };
    tests.iter().map(one).max().unwrap_or(Exit::Fine)
}

/// A recorded run.
pub struct Replayed {
    /// Its file.
    pub path: String,
    /// The lines that differ, if it is not as before.
    pub difference: Option<String>,
}

/// `{"dbm_tests": 1, "programs": [{"program", "tests": [{"title", "verdict", "line", "column", "misses"}],
/// "not_violated": […], "not_derived": […]}], "recordings": [{"path", "verdict",
/// "difference"}]}`; the demands and rules that no test tried are left out if only some tests ran.
pub fn json(suites: &[Suite], replayed: &[Replayed]) -> String {
    #[derive(serde::Serialize)]
    struct All<'a> {
        dbm_tests: u32,
        programs: Vec<Program<'a>>,
        recordings: Vec<Recorded<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Recorded<'a> {
        path: &'a str,
        verdict: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        difference: Option<&'a str>,
    }
    #[derive(serde::Serialize)]
    struct Program<'a> {
        program: &'a str,
        tests: Vec<Test<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_violated: Option<&'a [String]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_derived: Option<&'a [String]>,
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
    let programs = suites.iter().map(|s| Program {
        program: s.program,
        tests: s
            .tests
            .iter()
            .map(|t| {
                let (line, column) = at(s, t.place);
                let misses = t.misses.iter().map(|m| (at(s, m.place), &m.message));
                let misses = misses.map(|((line, column), message)| Miss { message, line, column }).collect();
                Test { title: &t.title, verdict: word(t), line, column, misses }
            })
            .collect(),
        not_violated: s.untried.map(|u| &*u.demands),
        not_derived: s.untried.map(|u| &*u.rules),
    });
    let recordings = replayed.iter().map(|r| Recorded {
        path: &r.path,
        verdict: if r.difference.is_none() { "passed" } else { "failed" },
        difference: r.difference.as_deref(),
    });
    serde_json::to_string_pretty(&All { dbm_tests: 1, programs: programs.collect(), recordings: recordings.collect() })
        .unwrap_or_default()
        + "\n"
}
