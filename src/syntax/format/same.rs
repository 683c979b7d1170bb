//! Whether two texts are one program: the same tree but for its spans, the same tokens but for commas that say nothing, the same
//! comments. Asked by `source` before it gives anything away.
use super::super::parse::{Parsed, parse};
use super::super::token::{TokenKind, tokens};
use crate::base::{Diagnostic, Sources};

/// What differs, in words.
pub(super) fn difference(before: &str, parsed: &Parsed, after: &str) -> Option<String> {
    let mut sources = Sources::new();
    let file = sources.add_file("formatted", after);
    let again = parse(&mut sources, file);
    if let Some(d) = again.diagnostics.iter().find(|d| Diagnostic::is_error(d)) {
        let line = d.primary().and_then(|p| sources.position(p)).map_or(0, |p| p.1);
        return Some(format!("line {line} of what came out does not parse: {}", d.title));
    }
    if parsed.docs != again.docs || parsed.items.len() != again.items.len() {
        return Some("what came out has other items".into());
    }
    for (a, b) in parsed.items.iter().zip(&again.items) {
        if bare(&format!("{a:?}")) != bare(&format!("{b:?}")) {
            let what = a.name().map_or_else(String::new, |n| format!(" `{}`", n.text));
            return Some(format!("an item{what} would have another tree"));
        }
    }
    if significant(before) != significant(after) {
        return Some("what came out has other tokens".into());
    }
    (comments(before) != comments(after)).then(|| "what came out has other comments".into())
}

/// A tree as text, without its spans.
fn bare(tree: &str) -> String {
    let mut out = String::with_capacity(tree.len());
    let mut rest = tree;
    while let Some((head, tail)) = rest.split_once("Span { start: ") {
        out.push_str(head);
        rest = tail.trim_start_matches(|c: char| c.is_ascii_digit());
        rest = rest.strip_prefix(", end: ").unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

/// All that the grammar sees, in a row, without commas before a closing bracket (in `{2,}` it is on both sides that it is left out).
fn significant(text: &str) -> String {
    let tokens = tokens(text);
    let mut seen = tokens.iter().filter(|t| !t.kind.is_trivia()).peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(token) = seen.next() {
        let idle = token.kind == TokenKind::Comma && seen.peek().is_some_and(|n| n.kind.opener().is_some());
        if !idle {
            out.push_str(token.text(text));
        }
    }
    out
}

fn comments(text: &str) -> Vec<String> {
    let all = tokens(text);
    let comments = all.iter().filter(|t| t.kind.is_trivia() && t.kind != TokenKind::Space);
    comments.map(|t| t.text(text).trim_end().to_string()).collect()
}
