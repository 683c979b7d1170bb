//! Reasons as a tree for people, and as JSON. Fed with the answer to why or why not, read by the command line.
use super::style::{Style, Tone, clean, shorten};
use crate::verdict::{Answer, Reason};
use serde::Serialize;

/// A reason is cut behind so many columns.
const WIDE: usize = 160;

/// The tree: a fact, its clause, and below it what it rests on, with places in program and candidate.
pub fn text(answer: &Answer, style: Style) -> String {
    let mut out = String::new();
    if !answer.holds {
        out.push_str(if answer.unknown { "unknown\n" } else { "false\n" });
    }
    for r in &answer.reasons {
        line(r, "", &mut out, style);
        below(r, "", &mut out, style);
    }
    if answer.more > 0 {
        out.push_str(&format!("and {} more bindings\n", answer.more));
    }
    out
}

/// Reasons below each other, behind a margin.
pub(super) fn tree(reasons: &[Reason], margin: &str, out: &mut String, style: Style) {
    let top = Reason { because: reasons.to_vec(), ..Reason::default() };
    below(&top, margin, out, style);
}

fn line(r: &Reason, before: &str, out: &mut String, style: Style) {
    out.push_str(before);
    out.push_str(&shorten(&clean(&r.text), WIDE));
    let place = r.candidate.as_ref().map(|l| format!("{}:{}:{}", l.file, l.line, l.column)).or(r.clause.clone());
    for faint in place.into_iter().chain(r.note.as_ref().map(|n| format!("({n})"))) {
        out.push_str("  ");
        out.push_str(&style.paint(Tone::Faint, &clean(&faint)));
    }
    out.push('\n');
}

fn below(r: &Reason, margin: &str, out: &mut String, style: Style) {
    let last = r.because.len().saturating_sub(1);
    for (i, b) in r.because.iter().enumerate() {
        let ends = i == last && r.more == 0;
        let (turn, on) = match ends {
            true => (style.sign("└─ ", "`- "), "   "),
            false => (style.sign("├─ ", "|- "), style.sign("│  ", "|  ")),
        };
        line(b, &format!("{margin}{turn}"), out, style);
        below(b, &format!("{margin}{on}"), out, style);
    }
    if r.more > 0 {
        out.push_str(&format!("{margin}{}and {} more\n", style.sign("└─ ", "`- "), r.more));
    }
}

/// `{"holds": …, "unknown": true, "reasons": [{"text", "clause", "candidate", "note", "because": […], "more"}], "more": …}`.
pub fn json(answer: &Answer) -> String {
    #[derive(Serialize)]
    struct AnswerJson<'a> {
        holds: bool,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unknown: bool,
        reasons: &'a [Reason],
        more: u64,
    }
    let json = AnswerJson { holds: answer.holds, unknown: answer.unknown, reasons: &answer.reasons, more: answer.more };
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_drawn_with_its_cuts() {
        let leaf = |t: &str| Reason::leaf(t);
        let a = Reason { because: vec![leaf("b"), leaf("c")], more: 3, ..leaf("a") };
        let top = Reason { because: vec![a, Reason { note: Some("shown above".into()), ..leaf("d\u{1b}[31m") }], ..leaf("top") };
        let answer = Answer { holds: true, unknown: false, reasons: vec![top], more: 1, diagnostics: vec![] };
        let want = "top\n├─ a\n│  ├─ b\n│  ├─ c\n│  └─ and 3 more\n└─ d";
        let text = text(&answer, Style::PLAIN);
        assert!(text.starts_with(want) && text.ends_with("(shown above)\nand 1 more bindings\n"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
