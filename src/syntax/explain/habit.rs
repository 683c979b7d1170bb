//! Clauses that stand where they cannot: `let` in rules and readers, `severity` as a clause, words about demands turned round, an
//! aggregate in braces. Asked by explain.
use super::super::error;
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::{Context, Explained, before};
use crate::base::Span;

/// Where a `let` may stand.
const LETS: &str = "`let` stands in `invariant`, `intervention` and `policy`; a value for the whole program is a `param`";

impl Context<'_> {
    /// What is wrong here, if something stands where newcomers put it.
    pub(super) fn habit(&self, token: Token) -> Option<Explained> {
        self.let_in_formula(token)
            .or_else(|| self.let_in_reader(token))
            .or_else(|| self.severity_clause(token))
            .or_else(|| self.demand_words(token))
            .or_else(|| self.aggregate_braces(token))
    }

    /// `rule r(a: Host) if let z = a.zone and …`, and `let x = 1` as a query.
    fn let_in_formula(&self, token: Token) -> Option<Explained> {
        let equals = self.token(1).filter(|t| t.kind == TokenKind::Equals)?;
        let word = self.token(-1).filter(|t| t.text(self.text) == "let")?;
        if !token.kind.is_name() {
            return None;
        }
        let found = Explained::new(error::FOREIGN_SYNTAX, "a formula has no `let`", word.span, "");
        if self.token(-2).is_none() {
            return Some(found.help(format!("{LETS}: `param {}: Int = 1`", token.text(self.text))));
        }
        let mut edits = vec![(Span { start: word.span.start, end: token.span.start }, String::new())];
        edits.push((equals.span, "==".to_string()));
        // what separates it from the rest
        let mut depth = 0usize;
        for t in (2..).map_while(|o| self.token(o)) {
            match t.kind {
                kind if kind.is_open() => depth += 1,
                kind if kind.opener().is_some() && depth == 0 => break,
                kind if kind.opener().is_some() => depth -= 1,
                TokenKind::Comma | TokenKind::Semicolon if depth == 0 => {
                    edits.push((t.span, " and".to_string()));
                    break;
                }
                TokenKind::Reserved if depth == 0 && t.text(self.text) == "and" => break,
                _ => {}
            }
        }
        let name = token.text(self.text);
        Some(
            found
                .help(format!("`==` binds a name that nothing to its left binds: `{name} == …`"))
                .help(LETS)
                .suggest_all("write an equation", edits),
        )
    }

    /// `reader r { let x = 1 … }`.
    fn let_in_reader(&self, token: Token) -> Option<Explained> {
        let edits = self.wanted.has(Rule::kw_add) || self.wanted.has(Rule::change) || self.wanted.words().any(|w| w == "ensure");
        if token.text(self.text) != "let" || !edits || self.tokens.first()?.text(self.text) != "reader" {
            return None;
        }
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "a reader has no `let`", token.span, "a `for` or an edit belongs here")
                .help("`for x in [value] { … }` gives a value a name; one for the whole program is a `param`"),
        )
    }

    /// `invariant i { severity warning … }`.
    fn severity_clause(&self, token: Token) -> Option<Explained> {
        let item = self.tokens.first()?;
        let headed = matches!(item.text(self.text), "invariant" | "intervention" | "policy");
        if token.text(self.text) != "severity" || !headed || !self.wanted.has(Rule::brace_close) {
            return None;
        }
        let colon = matches!(self.kind(1), Some(TokenKind::Colon | TokenKind::Equals));
        let level = self.token(if colon { 2 } else { 1 })?;
        let word = level.text(self.text).trim_matches('"').to_lowercase();
        let ours = match word.as_str() {
            "warning" | "warn" => "warning",
            "info" | "note" | "notice" => "info",
            _ => "error",
        };
        let open = self.tokens.iter().find(|t| t.kind == TokenKind::BraceOpen)?;
        let behind = self.tokens.iter().rev().find(|t| t.span.end <= open.span.start)?;
        let name = item.text(self.text);
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "the severity stands before the braces", token.span, "")
                .help(format!(
                    "`{name} name: warning {{ … }}`; an `error` needs no word, `warning` and `info` do not fail a check"
                ))
                .suggest_all(
                    "move it",
                    vec![(super::behind(behind.span), format!(": {ours}")), (token.span.to(level.span), String::new())],
                ),
        )
    }

    /// `expect broken i`, `expect i holds`.
    fn demand_words(&self, token: Token) -> Option<Explained> {
        let word = |text: &str| match text.to_lowercase().as_str() {
            "holds" | "hold" | "satisfied" | "passes" | "pass" | "ok" => "holds",
            "broken" | "breaks" | "break" | "fails" | "fail" | "failed" | "violates" | "violated" | "violation" => "breaks",
            _ => "",
        };
        // `broken i`
        let previous = self.token(-1)?;
        let ours = word(previous.text(self.text));
        let opens = matches!(self.word(-2), "expect" | "not" | "and" | "or" | "never" | "require");
        if token.kind.is_name() && opens && !ours.is_empty() && ours != previous.text(self.text) {
            let text = previous.text(self.text);
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, format!("`{text}` is no word of dbm"), previous.span, "")
                    .help("`holds i` asks whether a demand has no violation, `breaks i` whether it has one")
                    .suggest(format!("say `{ours}`"), previous.span, ours),
            );
        }
        // `i holds`
        let ours = word(token.text(self.text));
        let opens = matches!(self.word(-2), "expect" | "not" | "and" | "or");
        if !previous.kind.is_name() || !opens || ours.is_empty() {
            return None;
        }
        let whole = Span { start: previous.span.end, end: token.span.end };
        Some(
            Explained::new(error::FOREIGN_SYNTAX, format!("`{ours}` stands before the name"), token.span, "")
                .help("`holds i` asks whether a demand has no violation, `breaks i` whether it has one")
                .suggest_all("turn it round", vec![(before(previous.span), format!("{ours} ")), (whole, String::new())]),
        )
    }

    /// `rule total(h: Host) = sum { x.size for x: Host }`.
    fn aggregate_braces(&self, token: Token) -> Option<Explained> {
        let word = self.word(-1);
        let list = matches!(word, "sum" | "count" | "avg" | "mean" | "median" | "distinct");
        if token.kind != TokenKind::BraceOpen || !list || self.kind(-2) != Some(TokenKind::Equals) {
            return None;
        }
        let close = self.closing(0)?;
        let inside = (1..close).map(|o| self.word(o));
        let found = Explained::new(error::FOREIGN_SYNTAX, format!("`{word}` takes parentheses"), token.span, "").help(format!(
            "an aggregate is `{word}({}x: Kind where φ)`; only a value rule's `min`, `max`, `any` and `all` have braces",
            if word == "count" { "" } else { "e for " }
        ));
        let ours = inside.clone().any(|w| w == "for") || word == "count";
        Some(match ours && !inside.clone().any(|w| w == "if") {
            true => found.suggest_all(
                "write parentheses",
                vec![
                    (Span { start: self.token(-1)?.span.end, end: self.token(1)?.span.start }, "(".to_string()),
                    (Span { start: self.token(close - 1)?.span.end, end: self.token(close)?.span.end }, ")".to_string()),
                ],
            ),
            false => found,
        })
    }
}
