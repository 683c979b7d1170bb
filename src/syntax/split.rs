//! Splits the tokens of a file into items, by bracket depth and item words, so that one broken item does not hide the others.
//! Fed with tokens, read by `parse`.
use super::depth::ends_expression;
use super::token::{ITEM_WORDS, Token, TokenKind};
use crate::base::Span;
use std::ops::Range;
use std::sync::Arc;

/// A part of a file that should be one item. Spans are those of the file.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// From its first word to its last significant token.
    pub span: Span,
    /// Its tokens.
    pub tokens: Range<usize>,
    /// The `///` lines before it.
    pub docs: Option<Arc<str>>,
    /// Whether it begins with no item word.
    pub stray: bool,
    /// What is wrong with its brackets.
    pub problem: Option<Problem>,
}

/// What can be wrong with brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Opened and not closed before the next item (its word is `noticed`) or the end of the file.
    Unclosed { open: Token, noticed: Option<Span>, after: Span },
    /// Closed by another bracket, `after` some token; which may be meant for a bracket further `outside`.
    Mismatch { open: Token, close: Token, after: Span, outside: bool },
    /// Closes nothing.
    Extra { close: Token },
}

struct Open {
    first: usize,
    last: usize,
    column: usize,
    docs: Option<Arc<str>>,
    stray: bool,
    stack: Vec<(usize, usize)>,
    suspect: Option<usize>,
    problem: Option<Problem>,
}

struct Splitter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    chunks: Vec<Chunk>,
    open: Option<Open>,
    docs: Vec<&'a str>,
}

/// The items of a file, and what stands between them.
pub(super) fn split(text: &str, tokens: &[Token]) -> Vec<Chunk> {
    let mut splitter = Splitter { text, tokens, chunks: vec![], open: None, docs: vec![] };
    let mut line = 0usize;
    let mut fresh = true;
    let mut indent = 0usize;
    for (i, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        match token.kind {
            TokenKind::Space => {
                if let Some(n) = word.rfind('\n') {
                    line = token.span.start as usize + n + 1;
                    fresh = true;
                }
            }
            TokenKind::Doc => splitter.docs.push(word),
            TokenKind::Comment | TokenKind::FileDoc => {}
            _ => {
                let column = token.span.start as usize - line.min(token.span.start as usize);
                if fresh {
                    indent = column;
                }
                splitter.token(i, fresh, column, indent);
                fresh = false;
                splitter.docs.clear();
            }
        }
    }
    splitter.finish(None);
    splitter.chunks
}

/// Whether a text begins like an item, and not like a formula about something of that name.
pub(super) fn begins_item(text: &str, tokens: &[Token]) -> bool {
    let splitter = Splitter { text, tokens, chunks: vec![], open: None, docs: vec![] };
    let first = (0..tokens.len()).find(|i| !splitter.kind(*i).is_trivia());
    first.is_some_and(|i| splitter.kind(i) == TokenKind::Ident && ITEM_WORDS.contains(&splitter.word(i)) && splitter.names(i))
}

impl<'a> Splitter<'a> {
    fn word(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |t| t.text(self.text))
    }
    fn kind(&self, i: usize) -> TokenKind {
        self.tokens.get(i).map_or(TokenKind::Space, |t| t.kind)
    }
    fn after(&self, i: usize) -> Option<usize> {
        (i + 1..self.tokens.len()).find(|&n| !self.kind(n).is_trivia())
    }

    fn token(&mut self, i: usize, fresh: bool, column: usize, indent: usize) {
        let kind = self.kind(i);
        let begins = self.begins(i, fresh, column);
        if let Some(stray) = begins {
            let noticed = self.tokens.get(i).map(|t| t.span);
            self.finish(noticed);
            let docs = docs_text(&self.docs);
            self.open = Some(Open { first: i, last: i, column, docs, stray, stack: vec![], suspect: None, problem: None });
        }
        let Some(&token) = self.tokens.get(i) else { return };
        let Some(open) = self.open.as_mut() else { return };
        if kind.is_open() {
            open.stack.push((i, indent));
        } else if let Some(opener) = kind.opener() {
            match open.stack.pop() {
                Some((at, indented)) if self.tokens.get(at).is_some_and(|t| t.kind == opener) => {
                    if fresh && kind == TokenKind::BraceClose && indented > column && open.suspect.is_none() {
                        open.suspect = Some(at);
                    }
                }
                Some((at, indented)) => {
                    let tokens = self.tokens;
                    let meant = open.stack.iter().rposition(|(o, _)| tokens.get(*o).is_some_and(|t| t.kind == opener));
                    if let (None, Some(&bracket)) = (&open.problem, tokens.get(at)) {
                        let after = tokens.get(open.last).map_or(token.span, |t| t.span);
                        open.problem = Some(Problem::Mismatch { open: bracket, close: token, after, outside: meant.is_some() });
                    }
                    match meant {
                        Some(n) => open.stack.truncate(n),
                        None => open.stack.push((at, indented)),
                    }
                }
                None if kind == TokenKind::BraceClose && open.problem.is_none() && open.first != i => {
                    self.finish(None);
                    self.chunks.push(Chunk {
                        span: token.span,
                        tokens: i..i + 1,
                        docs: None,
                        stray: true,
                        problem: Some(Problem::Extra { close: token }),
                    });
                    return;
                }
                None => {
                    if open.problem.is_none() {
                        open.problem = Some(Problem::Extra { close: token });
                    }
                }
            }
        }
        open.last = i;
    }

    /// Whether an item (or something that should be one: `Some(true)`) begins with this token.
    fn begins(&self, i: usize, fresh: bool, column: usize) -> Option<bool> {
        let kind = self.kind(i);
        let item_word = kind == TokenKind::Ident && ITEM_WORDS.contains(&self.word(i));
        let Some(open) = &self.open else { return Some(!item_word) };
        if i == open.first {
            return None;
        }
        // the word after an item word is its name
        if open.last == open.first && !open.stray && !(fresh && item_word && self.names(i)) {
            return None;
        }
        let second = open.last != open.first
            && matches!(self.word(open.first), "observed" | "open")
            && self.after(open.first) == Some(open.last);
        if second && !fresh {
            return None;
        }
        let outside = open.stack.is_empty();
        let leftmost = fresh && column <= open.column;
        if !outside {
            return (leftmost && item_word && self.names(i)).then_some(false);
        }
        if !ends_expression(self.kind(open.last), self.word(open.last)) {
            // an item that breaks off: `rule a(x) if` before the next `rule b(x)`
            return (leftmost && item_word && self.names(i)).then_some(false);
        }
        if item_word {
            if fresh || self.names(i) && !INTRODUCES.contains(&self.word(open.last)) {
                return Some(false);
            }
            return None;
        }
        if open.stray {
            return None;
        }
        let continues = CONTINUES.contains(&self.word(i));
        (leftmost && kind.is_name() && !continues).then_some(true)
    }

    /// Whether what follows an item word is what such an item begins with.
    fn names(&self, i: usize) -> bool {
        let Some(next) = self.after(i) else { return false };
        let (kind, word) = (self.kind(next), self.word(next));
        let name = kind.is_name() && !matches!(word, "matches" | "div") || kind == TokenKind::Reserved && self.declares(i, next);
        match self.word(i) {
            "test" => matches!(kind, TokenKind::Text | TokenKind::RawText | TokenKind::OpenText | TokenKind::SingleQuoted),
            "import" => name || matches!(kind, TokenKind::Text | TokenKind::OpenText | TokenKind::SingleQuoted),
            "observed" => word == "event",
            "open" => word == "node",
            "default" => word == "permit",
            _ => name,
        }
    }

    /// Whether a reserved word behind an item word was meant as its name: `edge has: A -> B`, `node in {`, `rule no(`.
    fn declares(&self, i: usize, next: usize) -> bool {
        let behind = self.after(next).map_or(TokenKind::Space, |n| self.kind(n));
        match self.word(i) {
            "param" | "edge" => behind == TokenKind::Colon,
            "rule" => behind == TokenKind::ParenOpen,
            "prefer" => behind == TokenKind::Equals,
            "mechanism" => behind == TokenKind::Dot,
            _ => behind == TokenKind::BraceOpen,
        }
    }

    fn finish(&mut self, noticed: Option<Span>) {
        let Some(open) = self.open.take() else { return };
        let (Some(first), Some(last)) = (self.tokens.get(open.first), self.tokens.get(open.last)) else { return };
        let mut problem = open.problem;
        let blamed = open.suspect.or(open.stack.last().map(|(i, _)| *i));
        if let (None, false, Some(&bracket)) = (&problem, open.stack.is_empty(), blamed.and_then(|i| self.tokens.get(i))) {
            problem = Some(Problem::Unclosed { open: bracket, noticed, after: last.span });
        }
        self.chunks.push(Chunk {
            span: first.span.to(last.span),
            tokens: open.first..open.last + 1,
            docs: open.docs,
            stray: open.stray,
            problem,
        });
    }
}

// words that can begin a line of an item though an expression ended before them
const CONTINUES: [&str; 9] = ["matches", "div", "within", "per", "since", "by", "weight", "at", "where"];
// words that a name follows
const INTRODUCES: [&str; 20] = [
    "holds",
    "breaks",
    "unchanged",
    "changed",
    "stable",
    "forbids",
    "permits",
    "escalates",
    "satisfied",
    "violated",
    "holding",
    "pending",
    "by",
    "to",
    "within",
    "matches",
    "div",
    "since",
    "weight",
    "per",
];

/// The text of doc lines: without slashes and one space.
pub(super) fn docs_text(lines: &[&str]) -> Option<Arc<str>> {
    let strip = |line: &&str| {
        let body = line.trim_end().trim_start_matches("///").trim_start_matches("//!");
        body.strip_prefix(' ').unwrap_or(body).to_string()
    };
    (!lines.is_empty()).then(|| lines.iter().map(strip).collect::<Vec<_>>().join("\n").into())
}
