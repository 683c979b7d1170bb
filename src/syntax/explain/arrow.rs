//! Arrows that are not finished, have no name, or are those of other languages. Asked by explain.
use super::super::error;
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::{Context, Explained, before};

/// What an arrow looks like.
pub(super) const ARROWS: &str =
    "an arrow names what it walks: `a -calls-> b`, backwards `a <-calls- b`, any edge `a -_-> b`, one or more `a -calls+-> b`";

impl Context<'_> {
    /// `<-` that was meant as `< -`, Cypher's arrows, arrows without a name.
    pub(super) fn arrow(&self, token: Token) -> Option<Explained> {
        if let Some(found) = self.arrow_before() {
            return Some(found);
        }
        if let Some(found) = self.cypher() {
            return Some(found);
        }
        if let Some(found) = self.dashes(token) {
            return Some(found);
        }
        if self.kind(-1) == Some(TokenKind::ArrowHead) && matches!(token.kind, TokenKind::Plus | TokenKind::Star) {
            let (head, sign) = (self.token(-1)?.span, token.text(self.text));
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, format!("`{sign}` stands behind the name of the edge"), token.span, "")
                    .help(ARROWS)
                    .suggest_all("move it", vec![(before(head), sign.to_string()), (token.span, String::new())]),
            );
        }
        if token.kind == TokenKind::Greater && self.wanted.has(Rule::arrow_head) {
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, "an arrow ends with `->`", token.span, "expected `->` here")
                    .help(ARROWS)
                    .suggest("say `->`", token.span, "->"),
            );
        }
        let reserved = token.kind == TokenKind::Reserved && self.wanted.has(Rule::path_step);
        if reserved && matches!(self.kind(-1), Some(TokenKind::Minus | TokenKind::ArrowTail)) {
            use TokenKind::{ArrowHead, Minus, Plus, Star};
            let word = token.text(self.text);
            if matches!(self.kind(1), Some(ArrowHead | Minus | Plus | Star)) {
                return Some(
                    Explained::new(
                        error::RESERVED_NAME,
                        format!("`{word}` is a reserved word, not a name"),
                        token.span,
                        "an edge kind must stand here",
                    )
                    .help(format!("in backticks any word is a name: `` `{word}` ``"))
                    .suggest("put it in backticks", token.span, format!("`{word}`")),
                );
            }
        }
        None
    }

    /// `a -> b`, `a --> b`, `a --calls--> b`.
    fn dashes(&self, token: Token) -> Option<Explained> {
        if token.kind != TokenKind::ArrowHead || self.wanted.has(Rule::arrow_head) {
            return None;
        }
        let minus = |o: isize| self.kind(o) == Some(TokenKind::Minus);
        let first =
            (-8..0).rev().take_while(|o| minus(*o) || self.kind(*o).is_some_and(TokenKind::is_name) && minus(o - 1)).last();
        let name = first.and_then(|first| (first..0).find(|o| !minus(*o)));
        let whole = match first {
            Some(first) => self.token(first)?.span.to(token.span),
            None if self.previous_ends() => token.span,
            None => return None,
        };
        Some(match name {
            Some(name) => {
                let ours = format!("-{}->", self.word(name));
                Explained::new(error::FOREIGN_SYNTAX, "an arrow has one `-` on each side of its name", whole, "")
                    .help(ARROWS)
                    .suggest(format!("write `{ours}`"), whole, ours)
            }
            None => Explained::new(error::UNEXPECTED, "this arrow names no edge", whole, "which edge?").help(ARROWS).suggest(
                "walk an edge of any kind",
                whole,
                "-_->",
            ),
        })
    }

    /// `a -[e:calls]-> b`.
    fn cypher(&self) -> Option<Explained> {
        let open = (-3..=0).rev().find(|o| self.kind(*o) == Some(TokenKind::BracketOpen))?;
        let minus = self.token(open - 1).filter(|t| matches!(t.kind, TokenKind::Minus | TokenKind::ArrowTail))?;
        let close = (open + 1..open + 8).find(|o| self.kind(*o) == Some(TokenKind::BracketClose))?;
        let after = self.token(close + 1).filter(|t| matches!(t.kind, TokenKind::Minus | TokenKind::ArrowHead))?;
        let (open, close) = (self.token(open)?.span, self.token(close)?.span);
        let inside = self.text.get(open.end as usize..close.start as usize).unwrap_or("").trim();
        let (variable, kind) = inside.split_once(':').unwrap_or(("", inside));
        let kind = if kind.trim().is_empty() { "_" } else { kind.trim() };
        let kind = cypher_repeat(kind);
        let ours = if variable.trim().is_empty() { kind.to_string() } else { format!("{}:{kind}", variable.trim()) };
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "an arrow has no brackets", minus.span.to(after.span), "")
                .help(ARROWS)
                .suggest("leave the brackets out", open.to(close), ours),
        )
    }

    pub(super) fn arrow_before(&self) -> Option<Explained> {
        let mut back = -1;
        while let Some(token) = self.token(back) {
            use TokenKind::*;
            match token.kind {
                ArrowTail => break,
                Ident | Quoted | Dot | Colon | Wildcard | Pipe | Plus | Star | ParenOpen | ParenClose | Int | Float | Minus
                    if back > -6 =>
                {
                    back -= 1
                }
                _ => return None,
            }
        }
        let tail = self.token(back).filter(|t| t.kind == TokenKind::ArrowTail)?;
        let closed = (back + 1..0).any(|o| self.kind(o) == Some(TokenKind::Minus));
        if self.kind(0) == Some(TokenKind::ArrowHead) {
            let head = self.token(0)?.span;
            return Some(Explained::new(error::ARROW_OR_LESS, "this arrow has two heads", tail.span.to(head), "").help(
                "an arrow goes one way: `a -calls-> b` or `a <-calls- b`; for either say `(a -calls-> b or b -calls-> a)`",
            ));
        }
        if closed {
            return None;
        }
        Some(
            Explained::new(error::ARROW_OR_LESS, "`<-` begins an arrow that goes backwards", tail.span, "read as one sign")
                .also(self.token(0).map_or(tail.span, |t| t.span), "the arrow is not finished here")
                .help("a backwards arrow is `a <-calls- b`; less than a negative value needs a space: `a < -1`")
                .suggest("say less than a negative value", tail.span, "< -"),
        )
    }
}

/// `calls*1..3` of Cypher as `calls{1,3}`; its `*` is one or more.
fn cypher_repeat(kind: &str) -> String {
    let Some((name, times)) = kind.split_once('*') else { return kind.to_string() };
    let name = if name.trim().is_empty() { "_" } else { name.trim() };
    match times.split_once("..") {
        None if times.trim().is_empty() => format!("{name}+"),
        None => format!("{name}{{{}}}", times.trim()),
        Some((low, high)) => {
            let low = if low.trim().is_empty() { "1" } else { low.trim() };
            format!("{name}{{{low},{}}}", high.trim())
        }
    }
}
