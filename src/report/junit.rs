//! The outcome of tests as JUnit's XML, the way CI servers read it. Fed like trial, read by the command line.
use super::excerpt::place_text;
use super::trial::{Replayed, Suite, word};
use std::fmt::Write;

/// One `testsuite` for each program, and one for the recorded runs. A test that fails has a `failure`, one that is unknown an `error`.
pub fn xml(suites: &[Suite], replayed: &[Replayed]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for s in suites.iter().filter(|s| !s.tests.is_empty()) {
        let count = |w: &str| s.tests.iter().filter(|t| word(t) == w).count();
        open(&mut out, s.program, (s.tests.len(), count("failed"), count("unknown")));
        for t in s.tests {
            let line = s.sources.position(t.place).map_or(0, |p| p.1);
            let place = format!(" file=\"{}\" line=\"{line}\"", escape(s.program));
            let misses: Vec<String> = t
                .misses
                .iter()
                .map(|m| format!("{}  {}", m.message, place_text(s.sources, m.place).unwrap_or_default()).trim_end().to_string())
                .collect();
            let what = match word(t) {
                "passed" => None,
                "failed" => Some(("failure", misses.join("\n"))),
                _ => Some(("error", misses.join("\n"))),
            };
            case(&mut out, s.program, &t.title, &place, what);
        }
        out.push_str("  </testsuite>\n");
    }
    if !replayed.is_empty() {
        let failed = replayed.iter().filter(|r| r.difference.is_some()).count();
        open(&mut out, "recorded runs", (replayed.len(), failed, 0));
        for r in replayed {
            let place = format!(" file=\"{}\"", escape(&r.path));
            case(&mut out, "recorded runs", &r.path, &place, r.difference.clone().map(|d| ("failure", d)));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn open(out: &mut String, name: &str, (tests, failures, errors): (usize, usize, usize)) {
    let name = escape(name);
    let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">");
}

fn case(out: &mut String, class: &str, name: &str, place: &str, what: Option<(&str, String)>) {
    let _ = write!(out, "    <testcase name=\"{}\" classname=\"{}\"{place}", escape(name), escape(class));
    match what {
        None => out.push_str("/>\n"),
        Some((tag, text)) => {
            let first = escape(text.lines().next().unwrap_or_default().trim());
            let _ = writeln!(out, ">\n      <{tag} message=\"{first}\">{}</{tag}>\n    </testcase>", escape(&text));
        }
    }
}

/// Text as XML 1.0 can hold it, in an attribute too.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Place, Sources};
    use crate::verdict::{Miss, TestReport, Verdict};

    #[test]
    fn each_outcome_has_its_element_and_texts_are_escaped() {
        let test = |title: &str, verdict, misses: &[&str]| TestReport {
            title: title.into(),
            place: Place::default(),
            verdict,
            misses: misses.iter().map(|m| Miss { place: Place::default(), message: m.to_string() }).collect(),
            diagnostics: vec![],
            violates: vec![],
            derives: vec![],
        };
        let tests = [
            test("fine", Verdict::Holds, &[]),
            test("a < b", Verdict::Violated, &["\"x\" & \u{1b}", "more"]),
            test("odd", Verdict::Unknown, &["why"]),
        ];
        let sources = Sources::new();
        let suites = [Suite { program: "p.dbm", sources: &sources, tests: &tests, untried: None, mutated: None }];
        let replayed = [
            Replayed { path: "a.snap".into(), difference: None },
            Replayed { path: "b.snap".into(), difference: Some("- x\n+ y\n".into()) },
        ];
        insta::assert_snapshot!(xml(&suites, &replayed));
    }
}
