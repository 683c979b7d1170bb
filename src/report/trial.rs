//! The outcome of tests for people and for programs. Fed with the outcomes per program file, read by the command line.
use super::excerpt::place_text;
use super::exit::Exit;
use super::style::{Style, Tone, clean, counted};
use crate::base::Sources;
use crate::verdict::{Mutation, TestReport, Untried, Verdict};
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
    /// What became of changed examples, if that was asked for.
    pub mutated: Option<&'a Mutated>,
}

/// What became of the examples of a program when each of their elements was dropped and changed.
#[derive(Default)]
pub struct Mutated {
    /// What its tests give.
    pub tests: Vec<Mutation>,
    /// Its candidates.
    pub candidates: Vec<Mutation>,
    /// Candidates that cannot be read, and why.
    pub refused: Vec<(String, String)>,
    /// The demands that are violated in none of all these, whatever is changed.
    pub untripped: Vec<String>,
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
    suite.mutated.into_iter().for_each(|m| mutated(&mut out, m, style));
    out
}

/// How many changes were tried, the demands that none of them trips, the elements that nothing guards.
fn mutated(out: &mut String, m: &Mutated, style: Style) {
    let all = || m.tests.iter().chain(&m.candidates);
    let changes: u64 = all().map(|x| x.changes).sum();
    let examples = all().count() as u64;
    let mut lines = match examples {
        0 => vec!["there is no example to change".to_string()],
        n => vec![format!("{} of {}", counted(changes, "change", "changes"), counted(n, "example", "examples"))],
    };
    if examples > 0 && !m.untripped.is_empty() {
        lines.push(format!("no change trips {}", listed(&m.untripped)));
    }
    for x in m.candidates.iter().filter(|x| !x.unguarded.is_empty()) {
        let of = format!("{} of {}", x.unguarded.len(), counted(x.elements, "element", "elements"));
        lines.push(format!("{}: nothing guards {} ({of})", x.example, listed(&x.unguarded)));
    }
    lines.extend(all().filter(|x| !x.whole).map(|x| format!("{}: a limit came before all changes were tried", x.example)));
    lines.extend(m.refused.iter().map(|(name, why)| format!("{name} is no example: {why}")));
    for (n, line) in lines.iter().enumerate() {
        let line = if n == 0 { format!("mutation: {line}") } else { format!("note: {line}") };
        let _ = writeln!(out, "  {}", style.paint(Tone::Faint, &clean(&line)));
    }
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
/// "not_violated": […], "not_derived": […], "mutation": {"not_tripped": […], "examples": […]}}], "recordings": [{"path", "verdict",
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
        #[serde(skip_serializing_if = "Option::is_none")]
        mutation: Option<Changed<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Changed<'a> {
        not_tripped: &'a [String],
        examples: Vec<Example<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Example<'a> {
        example: &'a str,
        test: bool,
        elements: u64,
        changes: u64,
        complete: bool,
        unguarded: &'a [String],
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
    fn example((m, test): (&Mutation, bool)) -> Example<'_> {
        Example {
            example: &m.example,
            test,
            elements: m.elements,
            changes: m.changes,
            complete: m.whole,
            unguarded: &m.unguarded,
        }
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
        mutation: s.mutated.map(|m| Changed {
            not_tripped: &m.untripped,
            examples: m.tests.iter().map(|x| (x, true)).chain(m.candidates.iter().map(|x| (x, false))).map(example).collect(),
        }),
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
