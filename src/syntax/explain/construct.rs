//! Constructs of other languages: one table of cases. Asked by explain.
use super::super::depth::ends_expression;
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::super::{error, foreign};
use super::{Context, Explained, before, behind};
use crate::base::Span;

impl Context<'_> {
    /// Constructs of other languages.
    pub(super) fn foreign(&self, token: Token) -> Option<Explained> {
        let text = token.text(self.text);
        let at = token.span;
        if let Some(found) = self.operator_of_others(token) {
            return Some(found);
        }
        match token.kind {
            TokenKind::Equals if self.kind(-1) == Some(TokenKind::Colon) => {
                let both = self.token(-1)?.span.to(at);
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, "`:=` is no operator of dbm", both, "").suggest("say `=`", both, "="),
                )
            }
            TokenKind::Colon if self.kind(1) == Some(TokenKind::Equals) => {
                let both = at.to(self.token(1)?.span);
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, "`:=` is no operator of dbm", both, "").suggest("say `=`", both, "="),
                )
            }
            TokenKind::Equals if self.previous_ends() => Some(
                Explained::new(error::SINGLE_EQUALS, "`=` does not compare", at, "say `==`")
                    .help("`==` compares; `=` gives a value in `let`, `set`, `param` and value rules")
                    .suggest("compare with `==`", at, "=="),
            ),
            TokenKind::EqualsEquals if self.wanted.has(Rule::equals) => Some(
                Explained::new(error::SINGLE_EQUALS, "`==` compares; `=` gives a value", at, "expected `=` here")
                    .suggest("say `=`", at, "="),
            ),
            TokenKind::Reserved if text == "for" && !self.wanted.only_names() => self.comprehension(at),
            TokenKind::Colon if self.previous_ends() && self.wanted.has(Rule::brace_close) && !self.wanted.has(Rule::colon) => {
                Some(Explained::new(error::UNEXPECTED, "no `:` stands here", at, self.wanted.sentence("here")).suggest(
                    "leave it out",
                    at,
                    "",
                ))
            }
            TokenKind::Reserved if text == "if" && (self.wanted.has(Rule::when) || self.wanted.has(Rule::kw_when)) => {
                Some(Explained::new(error::FOREIGN_SYNTAX, "the condition of an effect stands behind `when`", at, "").suggest(
                    "say `when`",
                    at,
                    "when",
                ))
            }
            TokenKind::Reserved
                if self.word(-1) == "is" && (text == "none" || text == "not" && foreign::is_absent(self.word(1))) =>
            {
                let (end, sign) = if text == "none" { (at, "== none") } else { (self.token(1)?.span, "!= none") };
                let whole = self.token(-1)?.span.to(end);
                let absent = if text == "none" { text } else { self.word(1) };
                Some(
                    Explained::new(
                        error::FOREIGN_OPERATOR,
                        format!("`is` asks for a kind, and `{absent}` is no kind"),
                        whole,
                        "",
                    )
                    .help("what is absent equals `none`: `x.a == none`, `x.a != none`; `x has a` says that it is there")
                    .suggest(format!("say `{sign}`"), whole, sign),
                )
            }
            TokenKind::Reserved if text == "not" && self.word(-1) == "is" => {
                let mut back = -2;
                while matches!(self.kind(back), Some(TokenKind::Dot))
                    || self.kind(back).is_some_and(TokenKind::is_name) && self.kind(back - 1) == Some(TokenKind::Dot)
                {
                    back -= 1;
                }
                let start = self.token(back)?.span.start;
                let next = self.token(1)?.span.start;
                let edits =
                    vec![(Span { start, end: start }, "not ".to_string()), (Span { start: at.start, end: next }, String::new())];
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, "`is not` is no operator of dbm", self.token(-1)?.span.to(at), "")
                        .help("`not` stands before the whole: `not x is Kind`")
                        .suggest_all("put `not` before it", edits),
                )
            }
            TokenKind::Reserved if self.wanted.only_names() => Some(
                Explained::new(
                    error::RESERVED_NAME,
                    format!("`{text}` is a reserved word, not a name"),
                    at,
                    "a name must stand here",
                )
                .help(format!("in backticks any word is a name: `` `{text}` ``"))
                .suggest("put it in backticks", at, format!("`{text}`")),
            ),
            TokenKind::Text
                if self.kind(1) == Some(TokenKind::Colon) && (self.wanted.has(Rule::field) || self.wanted.has(Rule::name)) =>
            {
                let inner = text.trim_matches('"');
                let plain = matches!(super::super::token::tokens(inner).as_slice(), [only] if only.kind == TokenKind::Ident);
                let name = if plain { inner.to_string() } else { format!("`{inner}`") };
                Some(
                    Explained::new(error::FOREIGN_SYNTAX, "the name of a field stands without quotes", at, "")
                        .help("`{ a: 1 }`; a name with unusual characters stands in backticks")
                        .suggest(format!("say {}", if plain { format!("`{name}`") } else { name.clone() }), at, name),
                )
            }
            TokenKind::Ident | TokenKind::Quoted
                if self.kind(1) == Some(TokenKind::Colon) && self.wanted.has(Rule::comma) && self.previous_ends() =>
            {
                let missing: Vec<isize> = self.without_comma();
                let edits: Vec<(Span, String)> =
                    missing.iter().filter_map(|o| self.token(o - 1)).map(|t| (behind(t.span), ",".to_string())).collect();
                let mut found = Explained::new(
                    error::UNEXPECTED,
                    format!("a comma is missing before `{text}`"),
                    at,
                    "the next one begins here",
                );
                for other in missing.iter().skip(1).filter_map(|o| self.token(*o)) {
                    found = found.also(other.span, "and here");
                }
                Some(found.suggest_all(if edits.len() == 1 { "insert it" } else { "insert them" }, edits))
            }
            _ => None,
        }
    }

    /// Where another field begins without a comma before it, from here to the end of the block.
    fn without_comma(&self) -> Vec<isize> {
        let mut found = vec![];
        let mut depth = 0usize;
        for at in 0.. {
            let Some(token) = self.token(at) else { break };
            if token.kind.is_open() {
                depth += 1;
            } else if token.kind.opener().is_some() {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            let begins = token.kind.is_name() && self.kind(at + 1) == Some(TokenKind::Colon);
            let ended = self.token(at - 1).is_some_and(|t| ends_expression(t.kind, t.text(self.text)));
            if depth == 0 && begins && ended {
                found.push(at);
            }
        }
        found
    }

    /// Operators and literals of other languages that are several tokens here.
    fn operator_of_others(&self, token: Token) -> Option<Explained> {
        let text = token.text(self.text);
        let at = token.span;
        match token.kind {
            // `a ? b : c`
            TokenKind::Question if self.previous_ends() => {
                let colon = (1..30).find(|o| self.kind(*o) == Some(TokenKind::Colon));
                let start = self.token(self.expression())?.span;
                let found = Explained::new(error::FOREIGN_OPERATOR, "dbm has no `a ? b : c`", at, "")
                    .help("a value is chosen with `if a then b else c`; a default is given with `x.a ?? 0`");
                Some(match colon.and_then(|o| self.token(o)) {
                    Some(colon) => found.suggest_all(
                        "say `if … then … else`",
                        vec![
                            (before(start), "if ".to_string()),
                            (at, self.spaced_word(at, "then")),
                            (colon.span, self.spaced_word(colon.span, "else")),
                        ],
                    ),
                    None => found,
                })
            }
            // `x =~ p`
            TokenKind::Equals if self.kind(1) == Some(TokenKind::Tilde) => {
                let both = at.to(self.token(1)?.span);
                Some(Explained::new(error::FOREIGN_OPERATOR, "`=~` is no operator of dbm", both, "say `matches`").suggest(
                    "say `matches`",
                    both,
                    self.spaced_word(both, "matches"),
                ))
            }
            // `x matches /p/`
            TokenKind::Slash if self.word(-1) == "matches" => {
                let close = (1..40).find(|o| self.kind(*o) == Some(TokenKind::Slash)).and_then(|o| self.token(o))?;
                let inner = self.source(Span { start: at.end, end: close.span.start });
                let whole = at.to(close.span);
                Some(
                    Explained::new(error::FOREIGN_SYNTAX, "a pattern is a text", whole, "")
                        .help("in `r\"…\"` backslashes stand for themselves")
                        .suggest("write it as a raw text", whole, format!("r\"{inner}\"")),
                )
            }
            // `x ** 2`
            TokenKind::Star if self.kind(-1) == Some(TokenKind::Star) => {
                let both = self.token(-1)?.span.to(at);
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, "`**` is no operator of dbm", both, "")
                        .help("dbm has no powers: multiply, `x * x`"),
                )
            }
            // `1,000`
            TokenKind::Comma if self.kind(-1) == Some(TokenKind::Int) && !self.wanted.has(Rule::comma) => {
                let (first, next) = (self.token(-1)?, self.token(1)?);
                let adjacent = first.span.end == at.start && at.end == next.span.start;
                let grouped = adjacent && next.kind == TokenKind::Int && self.word(1).len() == 3;
                if !grouped {
                    return self.list_in_parentheses();
                }
                let whole = first.span.to(next.span);
                let ours = format!("{}_{}", self.word(-1), self.word(1));
                Some(Explained::new(error::BAD_NUMBER, "digits are grouped with `_`, not with `,`", whole, "").suggest(
                    format!("write `{ours}`"),
                    whole,
                    ours,
                ))
            }
            TokenKind::Comma if !self.wanted.has(Rule::comma) => self.list_in_parentheses(),
            // `x in {1, 2}`
            TokenKind::Text | TokenKind::Int | TokenKind::Float | TokenKind::Duration
                if self.kind(-1) == Some(TokenKind::BraceOpen)
                    && self.wanted.has(Rule::brace_close)
                    && self.kind(1) != Some(TokenKind::Colon) =>
            {
                self.brackets(-1)
            }
            // `30 seconds`
            TokenKind::Ident if self.kind(-1) == Some(TokenKind::Int) && foreign::unit(text).is_some() => {
                let whole = self.token(-1)?.span.to(at);
                let ours = format!("{}{}", self.word(-1), foreign::unit(text)?);
                Some(
                    Explained::new(error::BAD_NUMBER, "the unit of a duration stands directly behind the number", whole, "")
                        .help("durations are `250us`, `250ms`, `30s`, `10m`, `24h`, `7d`")
                        .suggest(format!("write `{ours}`"), whole, ours),
                )
            }
            // `x between 1 and 3`
            TokenKind::Ident if text.eq_ignore_ascii_case("between") && self.previous_ends() => {
                let and = (1..12).find(|o| self.word(*o).eq_ignore_ascii_case("and")).and_then(|o| self.token(o))?;
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, format!("`{text}` is no operator of dbm"), at, "say `in`")
                        .help("`x in 1..3` has both its ends; or compare twice: `x >= 1 and x <= 3`")
                        .suggest_all("say `in …..…`", vec![(at, "in".to_string()), (and.span, "..".to_string())]),
                )
            }
            // `has(s.owner)`
            TokenKind::Reserved
                if text == "has" && self.kind(1) == Some(TokenKind::ParenOpen) && !self.wanted.has(Rule::kw_has) =>
            {
                let close = self.closing(1)?;
                let whole = at.to(self.token(close)?.span);
                let inside = self.source(Span { start: self.token(1)?.span.end, end: self.token(close)?.span.start });
                let found = Explained::new(error::FOREIGN_SYNTAX, "`has` is no function", whole, "")
                    .help("it stands between an element and the name of an attribute: `s has owner`");
                let (of, attribute) = inside.rsplit_once(['.', ',']).unwrap_or((inside, ""));
                let (of, attribute) = (of.trim(), attribute.trim().trim_matches('"'));
                Some(match attribute.is_empty() {
                    true => found,
                    false => found.suggest(format!("write `{of} has {attribute}`"), whole, format!("{of} has {attribute}")),
                })
            }
            // `all(xs, x => x.up)`
            TokenKind::FatArrow => None,
            // `import std.graph as g`
            TokenKind::Reserved if text == "as" && self.wanted.has(Rule::brace_open) && self.wanted.has(Rule::EOI) => {
                let whole = self.token(-1).map(|t| behind(t.span))?.to(self.token(1)?.span);
                Some(
                    Explained::new(error::FOREIGN_SYNTAX, "a module keeps its own name", whole, "")
                        .help("`import std.graph` is used as `graph.reaches(a, b)`; `import std.graph { reaches }` brings the name alone")
                        .suggest("leave it out", whole, ""),
                )
            }
            _ => None,
        }
    }

    /// `x in ("a", "b")`.
    fn list_in_parentheses(&self) -> Option<Explained> {
        let open = (-6..0).rev().find(|o| self.kind(*o) == Some(TokenKind::ParenOpen))?;
        if self.word(open - 1) != "in" { None } else { self.brackets(open) }
    }

    fn brackets(&self, open: isize) -> Option<Explained> {
        let (first, last) = (self.token(open)?.span, self.token(self.closing(open)?)?.span);
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "a list stands in brackets", first, "expected `[` here")
                .also(last, "and `]` here")
                .help("`[1, 2]` is a list, `{ a: 1 }` a record with names")
                .suggest_all("write a list", vec![(first, "[".to_string()), (last, "]".to_string())]),
        )
    }

    fn comprehension(&self, at: Span) -> Option<Explained> {
        let mut depth = 0usize;
        let open = self.tokens.get(..self.index)?.iter().rev().find(|t| {
            if t.kind.opener().is_some() {
                depth += 1;
            } else if t.kind.is_open() {
                if depth == 0 {
                    return true;
                }
                depth -= 1;
            }
            false
        })?;
        if open.kind != TokenKind::BracketOpen {
            return None;
        }
        let mut depth = 0usize;
        let close = self.tokens.get(self.index..)?.iter().find(|t| {
            if t.kind.is_open() {
                depth += 1;
            } else if t.kind.opener().is_some() {
                if depth == 0 {
                    return true;
                }
                depth -= 1;
            }
            false
        })?;
        let before = |n: usize| {
            let index = self.tokens.iter().position(|t| t.span == open.span)?.checked_sub(n)?;
            self.tokens.get(index)
        };
        let within = before(1).is_some_and(|t| t.kind == TokenKind::ParenOpen)
            && before(2).is_some_and(|t| matches!(t.text(self.text), "sum" | "min" | "max" | "mean" | "median" | "any" | "all"));
        if within {
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, "dbm has no list comprehensions", at, "")
                    .also(open.span, "this is a list of what stands in it")
                    .help("an aggregate ranges over bindings by itself: `sum(e for x: Kind where φ)`")
                    .suggest_all("leave the brackets out", vec![(open.span, String::new()), (close.span, String::new())]),
            );
        }
        let mut edits = vec![(open.span, "distinct(".to_string())];
        let condition =
            self.tokens.iter().find(|t| t.span.start > at.start && t.span.end < close.span.start && t.text(self.text) == "if");
        edits.extend(condition.map(|t| (t.span, "where".to_string())));
        edits.push((close.span, ")".to_string()));
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "dbm has no list comprehensions", at, "")
                .also(open.span, "this is a list of what stands in it")
                .help("`distinct(e for x: Kind where φ)` is the sorted list of the values, without repeats")
                .suggest_all("say `distinct(…)`", edits),
        )
    }
}
