//! Says in human words why a text does not parse, with what newcomers from other languages write in mind: signs, arrows, constructs, habits
//! and words, a file for each.
//!
//! Fed with the tokens and pest's furthest failure; never shows pest's own words.
mod arrow;
mod clause;
mod construct;
mod declaration;
mod habit;
mod sign;
mod word;

use self::arrow::ARROWS;
pub(super) use self::word::stray;
use super::depth::{HEIGHT, NESTING, TooDeep, ends_expression};
use super::error;
use super::expected::{CLAUSES, Expected, expected};
use super::grammar::Rule;
use super::token::{Token, TokenKind};
use crate::base::{Code, Diagnostic, Place, Span, Suggestion, TextEdit};
use pest::error::{Error, InputLocation};

/// A diagnostic whose spans have not been placed yet.
#[derive(Clone, Debug)]
pub(super) struct Explained {
    code: Code,
    title: String,
    labels: Vec<(Span, String)>,
    helps: Vec<String>,
    suggestions: Vec<(String, Vec<(Span, String)>)>,
}

/// A text without its closing quote.
pub fn endless(at: Span) -> Explained {
    Explained::new(error::UNTERMINATED, "this text never ends", at, "the line ends, the text does not")
        .help("a text ends on its line with `\"`; `\\n` is a line end in it, `\\\"` a quote")
        .suggest("end it here", Span { start: at.end, end: at.end }, "\"")
}

impl Explained {
    fn new(code: Code, title: impl Into<String>, at: Span, label: impl Into<String>) -> Self {
        Explained { code, title: title.into(), labels: vec![(at, label.into())], helps: vec![], suggestions: vec![] }
    }
    fn also(mut self, at: Span, label: impl Into<String>) -> Self {
        self.labels.push((at, label.into()));
        self
    }
    fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }
    fn suggest(mut self, message: impl Into<String>, at: Span, text: impl Into<String>) -> Self {
        self.suggestions.push((message.into(), vec![(at, text.into())]));
        self
    }
    fn suggest_all(mut self, message: impl Into<String>, edits: Vec<(Span, String)>) -> Self {
        self.suggestions.push((message.into(), edits));
        self
    }
    /// The diagnostic, its spans placed.
    pub fn diagnostic(self, place: &dyn Fn(Span) -> Place) -> Diagnostic {
        let mut out = Diagnostic::error(self.code, self.title);
        for (i, (span, text)) in self.labels.into_iter().enumerate() {
            out = if i == 0 { out.at(place(span), text) } else { out.also(place(span), text) };
        }
        out.helps = self.helps;
        for (message, edits) in self.suggestions {
            let edits = edits.into_iter().map(|(span, text)| TextEdit { place: place(span), text }).collect();
            out.suggestions.push(Suggestion { message, edits });
        }
        out
    }
    /// Nesting beyond the limits.
    pub fn deep(deep: TooDeep) -> Self {
        match deep {
            TooDeep::Nesting(at) => {
                Explained::new(error::TOO_DEEP, format!("this nests more than {NESTING} deep"), at, "the limit is passed here")
                    .help("give a part of it a name of its own with `let` or `rule`")
            }
            TooDeep::Chain(at) => Explained::new(
                error::TOO_DEEP,
                format!("this expression is more than {HEIGHT} operators high"),
                at,
                "the limit is passed here",
            )
            .help("put the operands into a list, or give a part of it a name of its own with `let` or `rule`"),
        }
    }
}

/// The grammar and a builder disagree.
pub(super) fn internal(what: &str, place: Place) -> Diagnostic {
    Diagnostic::error(error::INTERNAL, format!("dbm misunderstands its own grammar: {what}"))
        .at(place, "")
        .help("please report this, with the program")
}

/// What went wrong where pest gave up; if that is a sign of another language, all further such signs too.
/// `text` and `tokens` are those of one item, spans relative to it.
pub(super) fn explain(text: &str, tokens: &[Token], failure: &Error<Rule>, item: bool) -> Vec<Explained> {
    let at = match failure.location {
        InputLocation::Pos(p) => p,
        InputLocation::Span((s, _)) => s,
    };
    let significant: Vec<Token> = tokens.iter().filter(|t| !t.kind.is_trivia()).copied().collect();
    let index = significant.iter().position(|t| t.span.end as usize > at).unwrap_or(significant.len());
    let context = Context { text, tokens: &significant, index, wanted: expected(failure) };
    let mut found = vec![context.explain(item)];
    if context.token(0).is_some_and(|t| context.lexical(t).is_some()) {
        found.extend(significant.iter().skip(index + 1).filter_map(|t| context.lexical(*t)));
    }
    found
}

struct Context<'a> {
    text: &'a str,
    tokens: &'a [Token],
    index: usize,
    wanted: Expected,
}

impl Context<'_> {
    fn token(&self, offset: isize) -> Option<Token> {
        self.tokens.get(self.index.checked_add_signed(offset)?).copied()
    }
    fn kind(&self, offset: isize) -> Option<TokenKind> {
        self.token(offset).map(|t| t.kind)
    }
    fn word(&self, offset: isize) -> &str {
        self.token(offset).map_or("", |t| t.text(self.text))
    }
    fn source(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
    /// Where the bracket stands that closes the one at `open`.
    fn closing(&self, open: isize) -> Option<isize> {
        let mut depth = 0usize;
        (open..).map_while(|o| self.kind(o).map(|k| (o, k))).find_map(|(o, kind)| {
            if kind.is_open() {
                depth += 1;
            } else if kind.opener().is_some() {
                depth = depth.saturating_sub(1);
            }
            (depth == 0 && kind.opener().is_some()).then_some(o)
        })
    }
    /// The last token of the line that `from` stands on, before what closes a bracket around it.
    fn rest_of_line(&self, from: isize) -> isize {
        let mut depth = 0usize;
        let mut last = from;
        for at in from.. {
            let (Some(token), Some(before)) = (self.token(at), self.token(last)) else { break };
            let gap = Span { start: before.span.end, end: token.span.start };
            if at > from && self.source(gap).contains('\n') || depth == 0 && token.kind.opener().is_some() {
                break;
            }
            if token.kind.is_open() {
                depth += 1;
            } else if token.kind.opener().is_some() {
                depth -= 1;
            }
            last = at;
        }
        last
    }
    /// Where the expression begins that ends before this place.
    fn expression(&self) -> isize {
        let mut depth = 0usize;
        let mut at = -1;
        while let Some(token) = self.token(at) {
            let word = token.text(self.text);
            if token.kind.opener().is_some() {
                depth += 1;
            } else if token.kind.is_open() {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            } else if depth == 0
                && (matches!(token.kind, TokenKind::Comma | TokenKind::Equals)
                    || matches!(word, "if" | "then" | "else" | "where" | "satisfies" | "for" | "implies" | "and" | "or")
                    || CLAUSES.contains(&word) && self.kind(at - 1) != Some(TokenKind::Dot))
            {
                break;
            }
            at -= 1;
        }
        at + 1
    }
    /// A word in place of a sign, with the spaces that it needs.
    fn spaced_word(&self, at: Span, word: &str) -> String {
        let name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ')' || c == '"');
        let left = name(self.text.get(..at.start as usize).and_then(|t| t.chars().next_back()));
        let right = name(self.text.get(at.end as usize..).and_then(|t| t.chars().next()));
        format!("{}{word}{}", if left { " " } else { "" }, if right { " " } else { "" })
    }
    fn previous_ends(&self) -> bool {
        self.token(-1).is_some_and(|t| ends_expression(t.kind, t.text(self.text)))
    }

    fn explain(&self, item: bool) -> Explained {
        let Some(token) = self.token(0) else { return self.ended(item) };
        self.lexical(token)
            .or_else(|| self.arrow(token))
            .or_else(|| self.habit(token))
            .or_else(|| self.declaration(token))
            .or_else(|| self.clause(token))
            .or_else(|| self.foreign(token))
            .or_else(|| self.word_for_word(token))
            .unwrap_or_else(|| self.unexpected(token))
    }

    fn ended(&self, item: bool) -> Explained {
        if let Some(found) = self.arrow_before() {
            return found;
        }
        let end = self.token(-1).map_or(Span::default(), |t| t.span);
        let what = if item { "this item ends too early" } else { "this expression ends too early" };
        Explained::new(error::UNEXPECTED, what, Span { start: end.end, end: end.end }, self.wanted.sentence("behind this"))
    }

    fn unexpected(&self, token: Token) -> Explained {
        let word = shown(token.text(self.text));
        let found = Explained::new(error::UNEXPECTED, format!("unexpected `{word}`"), token.span, self.wanted.sentence("here"));
        match token.kind {
            TokenKind::Question => found.help("dbm has no `a ? b : c`: say `if a then b else c`; for a default say `x.a ?? 0`"),
            TokenKind::ArrowHead => found.help(ARROWS),
            TokenKind::Pipe => {
                found.help("alternatives are joined with `or`; in a path they stand in parentheses: `a -(calls|owns)-> b`")
            }
            TokenKind::BraceOpen if self.previous_ends() => {
                found.help("is the clause before it complete? a block stands only behind an item or behind a reader's `for`")
            }
            TokenKind::Colon if self.kind(-1).is_some_and(TokenKind::is_name) => {
                found.help("`x: Kind` binds a variable behind `for`, `some`, `no`, `every`, `never` and in aggregates")
            }
            _ => found,
        }
    }
}

/// The place before a span.
fn before(span: Span) -> Span {
    Span { start: span.start, end: span.start }
}

/// The place behind a span.
fn behind(span: Span) -> Span {
    Span { start: span.end, end: span.end }
}

fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() > 40 { line.chars().take(40).chain("…".chars()).collect() } else { line.to_string() }
}
