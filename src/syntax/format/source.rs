//! A whole file in the one style: its items, and what stands between them. Called by session through `syntax::format`.
use super::super::cursor::Cursor;
use super::super::grammar::{Rule, pairs};
use super::super::parse::parse;
use super::super::split::split;
use super::super::token::{Token, TokenKind, tokens};
use super::layout::{Line, joined, lines};
use super::piece::{Gap, Pieces, gap};
use super::{same, shape};
use crate::base::{Diagnostic, Sources, Span};

/// Why a text was not formatted.
#[derive(Clone, Debug)]
pub enum Unformatted {
    /// It does not parse.
    Wrong(Sources, Vec<Diagnostic>),
    /// What came out is not the same program: a mistake of ours.
    Broken(String),
}

/// The program in the one style. What comes out parses to the same tree and has the same comments, or nothing comes out.
pub fn format(name: &str, text: &str) -> Result<String, Unformatted> {
    let mut sources = Sources::new();
    let file = sources.add_file(name, text);
    let parsed = parse(&mut sources, file);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Unformatted::Wrong(sources, parsed.diagnostics));
    }
    let formatted = written(text).ok_or_else(|| Unformatted::Broken("an item could not be read again".into()))?;
    match same::difference(text, &parsed, &formatted) {
        None => Ok(formatted),
        Some(difference) => Err(Unformatted::Broken(difference)),
    }
}

/// One item, laid out.
struct Item<'t> {
    word: Option<Rule>,
    /// The rule that it is a clause of.
    clause: Option<&'t str>,
    lines: Vec<Line>,
}

fn written(text: &str) -> Option<String> {
    let tokens = tokens(text);
    let chunks = split(text, &tokens);
    let mut out: Vec<Line> = vec![];
    let mut before: Option<Item<'_>> = None;
    let mut from = 0;
    for chunk in &chunks {
        let item = item(text, tokens.get(chunk.tokens.clone())?, chunk.span)?;
        let between = gap(text, tokens.get(from..chunk.tokens.start)?, before.is_none());
        let documented = between.comments.iter().any(|c| c.kind == TokenKind::Doc);
        let apart = before.as_ref().is_some_and(|b| {
            let alike = b.lines.len() == 1 && item.lines.len() == 1 && b.word == item.word;
            // clauses of one rule may stand together
            let clauses = b.clause.is_some() && b.clause == item.clause;
            !alike && !clauses || documented
        });
        stand(&mut out, &between, apart);
        if between.blank && !out.is_empty() {
            blank(&mut out);
        }
        out.extend(item.lines.iter().cloned());
        before = Some(item);
        from = chunk.tokens.end;
    }
    let rest = gap(text, tokens.get(from..)?, before.is_none());
    stand(&mut out, &rest, false);
    Some(joined(&out))
}

fn item<'t>(text: &'t str, tokens: &[Token], span: Span) -> Option<Item<'t>> {
    let start = span.start;
    let own = text.get(start as usize..span.end as usize)?;
    let relative: Vec<Token> = tokens
        .iter()
        .map(|t| Token { kind: t.kind, span: Span { start: t.span.start - start, end: t.span.end - start } })
        .collect();
    let pair = pairs(Rule::one, own).ok()?.next().and_then(|p| Cursor::of(p).any())?;
    let (mut pieces, root) = Pieces::new(own, &relative, &pair);
    shape::mark(&mut pieces, &root);
    let clause = root.is(Rule::rule_item).then(|| pieces.text(root.first + 1));
    Some(Item { word: root.rule, clause, lines: lines(&pieces) })
}

/// Writes what stands between two items: comments with their blank lines, at most one in a row, and one if they must stand `apart`.
fn stand(out: &mut Vec<Line>, gap: &Gap<'_>, apart: bool) {
    let mut apart = apart && !gap.blank && !gap.comments.iter().any(|c| c.blank);
    for c in &gap.comments {
        match out.last_mut() {
            Some(line) if !c.own_line && c.kind == TokenKind::Comment && line.trailing.is_none() => {
                line.trailing = Some(c.text.into())
            }
            _ => {
                if (c.blank || apart) && !out.is_empty() {
                    blank(out);
                }
                apart = false;
                out.push(Line { text: c.text.into(), ..Line::default() });
            }
        }
    }
    if apart {
        blank(out);
    }
}

fn blank(out: &mut Vec<Line>) {
    if out.last().is_some_and(|l| !l.is_blank()) {
        out.push(Line::default());
    }
}
