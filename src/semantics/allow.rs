//! `// allow DBM0801`: a comment that silences a warning on the item or line that follows it, or on the line that it ends. Called by check.
use super::error;
use crate::base::{Diagnostic, FileId, Place, Severity, Sources, Span};
use crate::syntax::{TokenKind, tokens};

/// One code of one comment.
struct Allow {
    /// What is written.
    code: String,
    /// Where that stands, in the file.
    at: Span,
    /// What it is about, in the file.
    reach: Span,
    used: bool,
}

/// The comments of a file, with what they reach; `items` are the spans of its items.
fn allows(text: &str, items: &[Span]) -> Vec<Allow> {
    let all = tokens(text);
    let line = |at: u32| {
        let (before, after) = text.split_at_checked(at as usize).unwrap_or((text, ""));
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        Span::new(start, after.find('\n').map_or(text.len(), |n| at as usize + n))
    };
    let mut found = vec![];
    for (i, t) in all.iter().enumerate().filter(|(_, t)| t.kind == TokenKind::Comment) {
        let Some(rest) = t.text(text).trim_start_matches('/').trim_start().strip_prefix("allow ") else { continue };
        let own = line(t.span.start);
        let code_before = all.iter().take(i).rev().take_while(|x| x.span.start >= own.start).any(|x| !x.kind.is_trivia());
        let reach = match code_before {
            true => own,
            false => match all.iter().skip(i + 1).find(|x| !x.kind.is_trivia()) {
                Some(next) => items.iter().copied().find(|s| s.start == next.span.start).unwrap_or_else(|| line(next.span.start)),
                None => own,
            },
        };
        for word in
            rest.split([' ', ',', '\t', '\r']).take_while(|w| w.is_empty() || w.starts_with("DBM")).filter(|w| !w.is_empty())
        {
            let start = t.span.start as usize + t.text(text).find(word).unwrap_or(0);
            found.push(Allow { code: word.to_string(), at: Span::new(start, start + word.len()), reach, used: false });
        }
    }
    found
}

/// Drops the warnings that comments of these files allow, and warns of comments that allow nothing.
pub fn apply(sources: &mut Sources, files: &[(FileId, Vec<Place>)], diagnostics: &mut Vec<Diagnostic>) {
    let whole = !diagnostics.iter().any(Diagnostic::is_error);
    for (file, items) in files {
        let spans: Vec<Span> = items.iter().filter_map(|p| sources.resolve(*p)).map(|(_, s)| s).collect();
        let Some(text) = sources.file(*file).map(|f| f.text.clone()) else { continue };
        let mut found = allows(&text, &spans);
        if found.is_empty() {
            continue;
        }
        diagnostics.retain(|d| {
            let Some((at, span)) = d.primary().and_then(|p| sources.resolve(p)) else { return true };
            if d.severity == Severity::Error || at != *file {
                return true;
            }
            let code = d.code.to_string();
            let mut fits = found.iter_mut().filter(|a| a.code == code && a.reach.start <= span.start && span.start < a.reach.end);
            match fits.next() {
                Some(a) => {
                    a.used = true;
                    false
                }
                None => true,
            }
        });
        let item = sources.add_item(*file, 0);
        for a in found.iter().filter(|a| !a.used) {
            let d = Diagnostic::warning(error::IDLE_ALLOW, format!("this allows no `{}`", a.code)).at(Place::new(item, a.at), "");
            let lint = error::LINTS.iter().any(|c| c.to_string() == a.code);
            diagnostics.extend(match (lint, whole) {
                // what is wrong elsewhere may keep a warning from being found
                (true, false) => None,
                (true, true) => Some(d.help("there is no such warning on what follows: take the comment out")),
                (false, _) => Some(d.help(format!(
                    "only warnings about programs can be allowed: {}",
                    error::LINTS.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
                ))),
            });
        }
    }
}
