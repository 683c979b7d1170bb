//! Mistakes in clauses and bodies: a `where` left out, messages put together, statements of other languages. Asked by explain.
use super::super::error;
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::{Context, Explained, before, behind};
use crate::base::Span;

impl Context<'_> {
    /// What is wrong here, if a clause breaks off as newcomers' do.
    pub(super) fn clause(&self, token: Token) -> Option<Explained> {
        self.message(token)
            .or_else(|| self.rule_body(token))
            .or_else(|| self.no_kind(token))
            .or_else(|| self.no_where(token))
            .or_else(|| self.no_else(token))
    }

    /// `message "a" + s.id`, `message s.id`, `message "the "wrong" tier"`, and quotes in other texts.
    fn message(&self, token: Token) -> Option<Explained> {
        let quoted = |t: Token| matches!(t.kind, TokenKind::Text | TokenKind::OpenText);
        if let Some(last) = self.token(-1).filter(|t| quoted(*t))
            && last.span.end == token.span.start
            && (matches!(token.kind, TokenKind::Ident | TokenKind::Reserved | TokenKind::Int) || self.word(-2) == "message")
            && self.text.get(last.span.end as usize..).and_then(|t| t.lines().next()).is_some_and(|l| l.contains('"'))
        {
            let line_end =
                self.text.get(last.span.end as usize..)?.find('\n').map_or(self.text.len(), |n| last.span.end as usize + n);
            let rest = self.text.get(last.span.end as usize..line_end)?;
            let closes = last.span.end + rest.rfind('"')? as u32;
            let inner = self.text.get(last.span.start as usize + 1..closes as usize)?;
            let inner_at = last.span.start + 1;
            let mut edits = vec![];
            for (i, _) in inner.match_indices('"').filter(|(i, _)| !inner.get(..*i).is_some_and(|b| b.ends_with('\\'))) {
                let at = inner_at + i as u32;
                edits.push((Span { start: at, end: at }, "\\".to_string()));
            }
            let quote = Span { start: last.span.end - 1, end: last.span.end };
            return Some(
                Explained::new(error::UNEXPECTED, "this quote ends the text", quote, "the text ends here")
                    .also(token.span, "and this stands outside of it")
                    .help("a quote within a text is written `\\\"`, also within the braces of a message")
                    .suggest_all("write the quotes as part of the text", edits),
            );
        }
        let joined =
            matches!(token.kind, TokenKind::Plus | TokenKind::PlusPlus | TokenKind::Percent | TokenKind::Comma | TokenKind::Dot)
                && self.word(-2) == "message"
                && self.token(-1).is_some_and(quoted);
        let bare = self.word(-1) == "message" && self.wanted.only(&[Rule::text]);
        if !joined && !bare {
            return None;
        }
        let start = if joined { -1 } else { 0 };
        let end = self.rest_of_line(start);
        let whole = self.token(start)?.span.to(self.token(end)?.span);
        let found = Explained::new(error::FOREIGN_SYNTAX, "a message is one text", token.span, "")
            .help("an expression in braces is replaced by its value: `message \"{s} has tier {s.tier}\"`");
        if matches!(token.kind, TokenKind::Percent | TokenKind::Comma | TokenKind::Dot) {
            return Some(found);
        }
        // `"a" ++ s.id` is `"a{s.id}"`
        let mut depth = 0usize;
        let mut parts: Vec<Vec<Token>> = vec![vec![]];
        for t in (start..=end).filter_map(|o| self.token(o)) {
            if t.kind.is_open() {
                depth += 1;
            } else if t.kind.opener().is_some() {
                depth = depth.saturating_sub(1);
            }
            match (t.kind, parts.last_mut()) {
                (TokenKind::Plus | TokenKind::PlusPlus, _) if depth == 0 => parts.push(vec![]),
                (_, Some(part)) => part.push(t),
                _ => {}
            }
        }
        let written = |part: &Vec<Token>| match part.as_slice() {
            [] => String::new(),
            [only] if only.kind == TokenKind::Text => only.text(self.text).trim_matches('"').to_string(),
            [first, .., last] => format!("{{{}}}", self.source(first.span.to(last.span)).replace('"', "\\\"")),
            [only] => format!("{{{}}}", only.text(self.text)),
        };
        Some(found.suggest("write one text", whole, format!("\"{}\"", parts.iter().map(written).collect::<String>())))
    }

    /// `rule high(s: Service) { s.tier > 3 }`, `rule low(s: Service) => …`.
    fn rule_body(&self, token: Token) -> Option<Explained> {
        if !self.wanted.has(Rule::kw_if) || !self.wanted.has(Rule::equals) {
            return None;
        }
        if token.kind == TokenKind::FatArrow {
            return Some(
                Explained::new(error::FOREIGN_OPERATOR, "a rule says behind `if` when it holds", token.span, "say `if`")
                    .help("a value rule has `=`: `rule cost(s: Service) = s.tier * 2`")
                    .suggest("say `if`", token.span, "if")
                    .suggest("give a value", token.span, "="),
            );
        }
        if matches!(token.text(self.text), "where" | "when" | "iff" | "is") || token.kind == TokenKind::Colon {
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, "a rule says behind `if` when it holds", token.span, "say `if`").suggest(
                    "say `if`",
                    token.span,
                    self.spaced_word(token.span, "if"),
                ),
            );
        }
        if token.kind != TokenKind::BraceOpen {
            return None;
        }
        let close = self.token(self.closing(0)?)?;
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "a rule has no braces: it says behind `if` when it holds", token.span, "")
                .also(close.span, "")
                .help("`rule high(s: Service) if s.tier > 3`; a value rule has `=`: `rule cost(s: Service) = s.tier * 2`")
                .suggest_all("say `if`, without braces", vec![(token.span, "if".to_string()), (close.span, String::new())]),
        )
    }

    /// `count(h where …)`, `some h where …`, `for Service require …`.
    fn no_kind(&self, token: Token) -> Option<Explained> {
        let head = self.wanted.only(&[Rule::colon, Rule::kw_in]) && self.wanted.has(Rule::kw_in);
        let counted =
            token.text(self.text) == "where" && self.kind(-2) == Some(TokenKind::ParenOpen) && self.wanted.has(Rule::colon);
        if token.kind.is_name() && self.kind(1) == Some(TokenKind::Colon)
            || !head && !counted
            || !self.kind(-1)?.is_name()
            || token.kind == TokenKind::Equals
        {
            return None;
        }
        let (name, at) = (self.word(-1), self.token(-1)?.span);
        let word = if counted { self.word(-3) } else { self.word(-2) };
        let open = if counted { "(" } else { " " };
        let lower: String = name.chars().take(1).flat_map(char::to_lowercase).collect();
        let capital = name.chars().next().is_some_and(char::is_uppercase);
        let variable = if capital { lower } else { name.to_string() };
        let kind = if capital { name } else { "Kind" };
        let found = Explained::new(
            error::UNEXPECTED,
            if capital { format!("`{name}` is bound to no variable") } else { format!("`{name}` has no kind") },
            at,
            "a variable and its kind belong here",
        )
        .help(format!("write `{word}{open}{variable}: {kind} …{}`", if counted { ")" } else { "" }));
        Some(if capital { found.suggest("give it a variable", before(at), format!("{variable}: ")) } else { found })
    }

    /// `every s: Service s.tier > 0`, `never s: Service and …`, `for s: Service if …`.
    fn no_where(&self, token: Token) -> Option<Explained> {
        // behind `x: Kind`, where a window could stand
        if !self.wanted.has(Rule::window) || !self.wanted.has(Rule::kw_where) {
            return None;
        }
        let text = token.text(self.text);
        let starts = matches!(
            token.kind,
            TokenKind::Ident | TokenKind::Quoted | TokenKind::ParenOpen | TokenKind::Pipe | TokenKind::Int | TokenKind::Bang
        ) || matches!(text, "not" | "some" | "no" | "every" | "and" | "if" | "has");
        let binder = (-8..0).rev().find(|o| self.kind(*o) == Some(TokenKind::Colon))?;
        let variable = self.word(binder - 1);
        let about = self.kind(0) != Some(TokenKind::Ident) || self.follows_like_formula(variable);
        if !starts || !about {
            return None;
        }
        let ours = if self.word(binder - 2) == "every" { "satisfies" } else { "where" };
        let label = format!("a condition stands behind `{ours}`");
        let found = Explained::new(error::UNEXPECTED, format!("`{ours}` is missing before this condition"), token.span, label);
        let replaces = matches!(text, "and" | "if") || token.kind == TokenKind::Pipe;
        if text == "if"
            && let Some(open) = (1..40).find(|o| self.kind(*o) == Some(TokenKind::BraceOpen))
            && let Some(close) = self.closing(open)
            && let (Some(open), Some(close)) = (self.token(open), self.token(close))
        {
            return Some(
                found.help("dbm has no statements: what an `invariant` is about is chosen by `for … where …`").suggest_all(
                    "say `where`, without braces",
                    vec![(token.span, ours.to_string()), (open.span, String::new()), (close.span, String::new())],
                ),
            );
        }
        Some(match replaces {
            true => found.suggest(format!("say `{ours}`"), token.span, ours),
            false => found.suggest(format!("insert `{ours}`"), before(token.span), format!("{ours} ")),
        })
    }

    /// Whether a word here reads like the beginning of a formula, not like a misspelt clause.
    fn follows_like_formula(&self, variable: &str) -> bool {
        let text = self.word(0);
        let next = self.kind(1);
        use TokenKind::*;
        let operator = matches!(
            next,
            Some(
                Dot | ParenOpen
                    | Minus
                    | ArrowTail
                    | EqualsEquals
                    | NotEquals
                    | Less
                    | LessEquals
                    | Greater
                    | GreaterEquals
                    | Equals
            )
        ) || matches!(self.word(1), "in" | "is" | "has" | "matches");
        text == variable || operator && !super::super::expected::CLAUSES.contains(&text)
    }

    /// `if a then b`, without `else`.
    fn no_else(&self, token: Token) -> Option<Explained> {
        if !self.wanted.has(Rule::kw_else) || token.text(self.text).starts_with("el") {
            return None;
        }
        let then = (-60..0).rev().find(|o| self.word(*o) == "then")?;
        let first = (-60..then).rev().find(|o| self.word(*o) == "if")?;
        let (first, then) = (self.token(first)?, self.token(then)?);
        let next = self.tokens.iter().find(|t| t.span.start >= first.span.end)?;
        let at = if token.kind.opener().is_some() { self.token(-1)?.span } else { token.span };
        Some(
            Explained::new(error::UNEXPECTED, "this `if` has no `else`", first.span, "a value is chosen here")
                .also(behind(at), "`else …` is missing")
                .help("`if a then b else c` is a value; a condition is said with `implies`: `a implies b`")
                .suggest_all(
                    "say `implies`",
                    vec![
                        (Span { start: first.span.start, end: next.span.start }, String::new()),
                        (then.span, "implies".to_string()),
                    ],
                ),
        )
    }
}
