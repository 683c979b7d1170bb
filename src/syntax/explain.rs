//! Says in human words why a text does not parse, with what newcomers from other languages write in mind.
//!
//! It is long because what people write by habit is one table of cases.
//! Fed with the tokens and pest's furthest failure; never shows pest's own words.
use super::depth::{HEIGHT, NESTING, TooDeep, ends_expression};
use super::error;
use super::expected::{Expected, expected};
use super::grammar::Rule;
use super::token::{ITEM_WORDS, Token, TokenKind, is_reserved};
use crate::base::diagnostic::nearest;
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

const ARROWS: &str =
    "an arrow names what it walks: `a -calls-> b`, backwards `a <-calls- b`, any edge `a -_-> b`, one or more `a -calls+-> b`";

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
    fn previous_ends(&self) -> bool {
        self.token(-1).is_some_and(|t| ends_expression(t.kind, t.text(self.text)))
    }

    fn explain(&self, item: bool) -> Explained {
        let Some(token) = self.token(0) else { return self.ended(item) };
        self.lexical(token)
            .or_else(|| self.arrow(token))
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
            TokenKind::Question if self.kind(1) == Some(TokenKind::Colon) => {
                found.help("what may be absent has a `?` behind its type: `owner: Text?`")
            }
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

    /// Tokens that are no part of dbm.
    fn lexical(&self, token: Token) -> Option<Explained> {
        let text = token.text(self.text);
        let at = token.span;
        let operator = |ours: &str, help: &str| {
            let found = Explained::new(
                error::FOREIGN_OPERATOR,
                format!("`{text}` is no operator of dbm"),
                at,
                format!("say `{}`", ours.trim()),
            );
            let found = if help.is_empty() { found } else { found.help(help) };
            let spaced = if ours.starts_with(char::is_alphabetic) && !ours.ends_with(' ') && !self.spaced(at) {
                format!(" {ours} ")
            } else {
                ours.to_string()
            };
            found.suggest(format!("say `{}`", ours.trim()), at, spaced)
        };
        Some(match token.kind {
            TokenKind::AndAnd => operator("and", ""),
            TokenKind::OrOr => operator("or", ""),
            TokenKind::Bang => operator("not ", "`not` binds looser than comparisons: `not a == b` is `not (a == b)`"),
            TokenKind::TripleEquals => operator("==", ""),
            TokenKind::Diamond => operator("!=", ""),
            TokenKind::ColonDash => {
                operator("if", "a rule says when it holds: `rule depends(a: Service, b: Service) if a -calls-> b`")
            }
            TokenKind::FatArrow => {
                operator("implies", "").help("greater or equal is `>=`").suggest("compare with `>=`", at, ">=")
            }
            TokenKind::Semicolon => {
                Explained::new(error::FOREIGN_OPERATOR, "dbm has no `;`", at, "nothing needs to be closed here")
                    .help("clauses and items follow one another; fields and arguments are separated by `,`")
                    .suggest("leave it out", at, "")
            }
            TokenKind::BlockComment => {
                let line = text.trim_start_matches("/*").trim_end_matches("*/").trim();
                let lines: Vec<String> =
                    line.lines().map(|l| format!("// {}", l.trim().trim_start_matches('*').trim())).collect();
                Explained::new(error::FOREIGN_SYNTAX, "`/* … */` is no comment of dbm", at, "")
                    .help("a comment is `// …` to the end of the line; `/// …` documents the next item")
                    .suggest("comment it line by line", at, lines.join("\n") + "\n")
            }
            TokenKind::SingleQuoted => {
                let inner = text.trim_matches('\'').replace('"', "\\\"");
                Explained::new(error::SINGLE_QUOTES, "text stands in double quotes", at, "")
                    .help("names with unusual characters stand in backticks, text in double quotes")
                    .suggest("use double quotes", at, format!("\"{inner}\""))
            }
            TokenKind::OpenText => endless(at),
            TokenKind::OpenQuoted => Explained::new(error::UNTERMINATED, "this name never ends", at, "")
                .help("a name in backticks ends on its line, and is not empty"),
            TokenKind::BadNumber => self.bad_number(text, at),
            TokenKind::BadInstant => Explained::new(error::BAD_INSTANT, format!("`{text}` is no instant"), at, "")
                .help("an instant has a date, a time and a zone: `@2026-01-03T10:00:00Z`"),
            TokenKind::Unknown => self.unknown(text, at),
            _ => return None,
        })
    }

    fn spaced(&self, at: Span) -> bool {
        let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let before = self.text.get(..at.start as usize).and_then(|t| t.chars().next_back());
        let after = self.text.get(at.end as usize..).and_then(|t| t.chars().next());
        space(before) && space(after)
    }

    fn bad_number(&self, text: &str, at: Span) -> Explained {
        let split = text.find(|c: char| c != '_' && c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let known = match unit.to_lowercase().as_str() {
            "sec" | "secs" | "second" | "seconds" | "s" => "s",
            "min" | "mins" | "minute" | "minutes" | "m" => "m",
            "hr" | "hrs" | "hour" | "hours" | "h" => "h",
            "day" | "days" | "d" => "d",
            "msec" | "millis" | "milliseconds" | "ms" => "ms",
            "micros" | "microseconds" | "us" | "µs" | "μs" => "us",
            _ => "",
        };
        let found = Explained::new(error::BAD_NUMBER, format!("`{text}` is no number and no duration"), at, "")
            .help("durations are whole numbers with a unit: `250ms`, `30s`, `10m`, `24h`, `7d`; digits may be grouped: `10_000`");
        let whole = number.trim_end_matches('_');
        if number.contains('.') {
            return found.help("a part of an hour is said in minutes: `90m`");
        }
        if !known.is_empty() {
            return found.suggest(format!("write `{whole}{known}`"), at, format!("{whole}{known}"));
        }
        if unit.is_empty() { found.suggest(format!("write `{whole}`"), at, whole) } else { found }
    }

    fn unknown(&self, text: &str, at: Span) -> Explained {
        let ours = match text {
            "–" | "—" | "−" => "-",
            "≤" => "<=",
            "≥" => ">=",
            "≠" => "!=",
            "∧" | "&" => "and",
            "∨" => "or",
            "¬" => "not ",
            "∃" => "some ",
            "∀" => "every ",
            "∈" => "in",
            "→" => "->",
            "⇒" => "implies",
            "×" => "*",
            _ => "",
        };
        let word = shown(text);
        let found = Explained::new(error::UNKNOWN_CHARACTER, format!("`{word}` has no meaning in dbm"), at, "");
        match (ours, text) {
            ("", "“" | "”" | "„" | "«" | "»" | "'") => found.help("text stands in double quotes: `\"text\"`"),
            ("", "#") => found.help("a comment is `// …` to the end of the line"),
            ("", _) => found.help("a name with unusual characters stands in backticks, text in double quotes"),
            _ => found.suggest(format!("say `{}`", ours.trim()), at, ours),
        }
    }

    /// `<-` that was meant as `< -`, Cypher's arrows, arrows without a name.
    fn arrow(&self, token: Token) -> Option<Explained> {
        if let Some(found) = self.arrow_before() {
            return Some(found);
        }
        if let Some(found) = self.cypher() {
            return Some(found);
        }
        if token.kind == TokenKind::ArrowHead && self.previous_ends() && !self.wanted.has(Rule::arrow_head) {
            return Some(
                Explained::new(error::UNEXPECTED, "this arrow names no edge", token.span, self.wanted.sentence("here"))
                    .help(ARROWS),
            );
        }
        None
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
        let ours = if variable.trim().is_empty() { kind.to_string() } else { format!("{}:{kind}", variable.trim()) };
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "an arrow has no brackets", minus.span.to(after.span), "")
                .help(ARROWS)
                .suggest("leave the brackets out", open.to(close), ours),
        )
    }

    fn arrow_before(&self) -> Option<Explained> {
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

    /// Constructs of other languages.
    fn foreign(&self, token: Token) -> Option<Explained> {
        let text = token.text(self.text);
        let at = token.span;
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
                Explained::new(error::SINGLE_EQUALS, "`=` does not compare", at, self.wanted.sentence("here"))
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
            TokenKind::Reserved if self.word(-1) == "is" && (text == "none" || text == "not" && self.word(1) == "none") => {
                let (end, sign) = if text == "none" { (at, "== none") } else { (self.token(1)?.span, "!= none") };
                let whole = self.token(-1)?.span.to(end);
                Some(
                    Explained::new(error::FOREIGN_OPERATOR, "`is` asks for a kind, and `none` is no kind", whole, "")
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
                let plain = matches!(super::token::tokens(inner).as_slice(), [only] if only.kind == TokenKind::Ident);
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
                let end = self.token(-1)?.span.end;
                Some(
                    Explained::new(
                        error::UNEXPECTED,
                        format!("a comma is missing before `{text}`"),
                        at,
                        "the next one begins here",
                    )
                    .suggest("insert it", Span { start: end, end }, ","),
                )
            }
            _ => None,
        }
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
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "dbm has no list comprehensions", at, "")
                .also(open.span, "this is a list of what stands in it")
                .help("`distinct(e for x: Kind where φ)` is the sorted list of the values, without repeats")
                .suggest_all("say `distinct(…)`", vec![(open.span, "distinct(".into()), (close.span, ")".into())]),
        )
    }

    /// Words that are nearly right.
    fn word_for_word(&self, token: Token) -> Option<Explained> {
        let before = self.word(-1);
        let binder = token.kind.is_name() && (self.kind(1) == Some(TokenKind::Colon) || self.word(1) == "in");
        let quantifier = match before.to_lowercase().as_str() {
            "exists" | "exist" | "any" | "there_is" => "some",
            "forall" | "foreach" | "all" | "each" => "every",
            "none" | "notexists" => "no",
            _ => "",
        };
        if binder && !quantifier.is_empty() {
            let at = self.token(-1)?.span;
            return Some(
                Explained::new(
                    error::FOREIGN_SYNTAX,
                    format!("`{before}` is no quantifier of dbm"),
                    at,
                    format!("say `{quantifier}`"),
                )
                .help("the quantifiers are `some`, `no`, `every … satisfies …`, `exactly n`, `at least n` and `at most n`")
                .suggest(format!("say `{quantifier}`"), at, quantifier),
            );
        }
        if token.kind != TokenKind::Ident {
            return None;
        }
        let text = token.text(self.text);
        let at = token.span;
        let lower = text.to_lowercase();
        if is_reserved(&lower) {
            return Some(
                Explained::new(error::UNEXPECTED, format!("unexpected `{text}`"), at, "words are written in lower case").suggest(
                    format!("say `{lower}`"),
                    at,
                    lower,
                ),
            );
        }
        if matches!(lower.as_str(), "elif" | "elsif" | "elseif") {
            return Some(Explained::new(error::FOREIGN_SYNTAX, format!("`{text}` is no word of dbm"), at, "").suggest(
                "say `else if`",
                at,
                "else if",
            ));
        }
        if self.previous_ends() {
            let function = match lower.as_str() {
                "contains" | "includes" => "contains",
                "starts_with" | "startswith" => "starts_with",
                "ends_with" | "endswith" => "ends_with",
                _ => "",
            };
            if !function.is_empty() {
                return Some(
                    Explained::new(error::FOREIGN_OPERATOR, format!("`{text}` is a function, not an operator"), at, "").help(
                        format!("write `{function}(text, part)`; for a pattern `text matches r\"…\"`, for a list `x in list`"),
                    ),
                );
            }
            if matches!(lower.as_str(), "like" | "regex" | "rlike") {
                return Some(
                    Explained::new(error::FOREIGN_OPERATOR, format!("`{text}` is no operator of dbm"), at, "")
                        .help("a pattern is searched with `text matches r\"…\"`")
                        .suggest("say `matches`", at, "matches"),
                );
            }
            if matches!(lower.as_str(), "mod" | "rem") {
                return Some(
                    Explained::new(error::FOREIGN_OPERATOR, format!("`{text}` is no operator of dbm"), at, "")
                        .suggest("say `%`", at, "%"),
                );
            }
        }
        let other = match lower.as_str() {
            "deny" | "block" | "refuse" | "reject" => "forbid",
            "allow" | "accept" => "permit",
            "alert" => "warn",
            "assert" | "must" | "check" => "require",
            "forall" | "foreach" => "for",
            "delete" | "drop" => "remove",
            "insert" | "create" => "add",
            "update" => "set",
            "where_not" | "except" => "unless",
            "print" | "msg" => "message",
            _ => "",
        };
        let near = match self.wanted.words().find(|w| *w == other) {
            Some(word) => word,
            None => nearest(text, self.wanted.words())?,
        };
        let found = Explained::new(error::UNEXPECTED, format!("unexpected `{text}`"), at, self.wanted.sentence("here"));
        Some(found.suggest(format!("did you mean `{near}`?"), at, near))
    }
}

/// What is wrong with a part of a file that begins with no item word.
pub(super) fn stray(text: &str, tokens: &[Token]) -> Explained {
    let significant: Vec<Token> = tokens.iter().filter(|t| !t.kind.is_trivia()).copied().collect();
    let Some(first) = significant.first() else {
        return Explained::new(error::UNKNOWN_ITEM, "nothing stands here", Span::default(), "");
    };
    let context = Context { text, tokens: &significant, index: 0, wanted: Expected::default() };
    if let Some(found) = context.lexical(*first) {
        return found;
    }
    if let Some(sign) = significant.iter().find(|t| t.kind == TokenKind::ColonDash) {
        let start = Span { start: first.span.start, end: first.span.start };
        let mut edits = vec![(start, "rule ".to_string()), (sign.span, "if".to_string())];
        edits.extend(significant.last().filter(|t| t.kind == TokenKind::Dot).map(|t| (t.span, String::new())));
        return Explained::new(error::FOREIGN_OPERATOR, "`:-` is no operator of dbm", sign.span, "say `if`")
            .help("a rule begins with `rule` and says when it holds: `rule depends(a: Service, b: Service) if a -calls-> b`")
            .suggest_all("write it as a rule", edits);
    }
    let word = first.text(text);
    let all = "items begin with `import`, `param`, `node`, `edge`, `event`, `reader`, `rule`, `mechanism`, `invariant`, `intervention`, `policy`, `prefer` or `test`";
    let lower = word.to_lowercase();
    let found =
        Explained::new(error::UNKNOWN_ITEM, format!("`{}` begins no item", shown(word)), first.span, "an item must begin here");
    let ours = match lower.as_str() {
        "from" => {
            return Explained::new(error::FOREIGN_SYNTAX, "`from` is no item: a module is imported by `import`", first.span, "")
                .help("`import std.graph` brings the module; its rules are named with it, as in `graph.reaches(a, b)`");
        }
        "match" | "select" | "create" | "merge" | "optional" => {
            return Explained::new(
                error::FOREIGN_SYNTAX,
                format!("`{word}` is no item: a dbm program declares what must hold"),
                first.span,
                "",
            )
            .help("a pattern is a formula: `never a -calls-> b and b.tier > a.tier` in an `invariant`")
            .help("to ask a question of a candidate use `dbm query`");
        }
        "def" | "fn" | "fun" | "func" | "function" | "predicate" | "relation_rule" | "define" | "view" => "rule",
        "assert" | "constraint" | "check" | "ensure_that" | "forbidden" | "shape" | "deny" => "invariant",
        "type" | "class" | "struct" | "entity" | "table" | "vertex" | "kind" | "record" => "node",
        "relation" | "relationship" | "link" | "arc" => "edge",
        "use" | "include" | "require_module" | "using" => "import",
        "const" | "var" | "parameter" | "input" | "config" => "param",
        "scenario" | "whatif" | "experiment" => "intervention",
        _ => "",
    };
    if !ours.is_empty() {
        return found.help(all).suggest(format!("say `{ours}`"), first.span, ours);
    }
    match lower.as_str() {
        "for" | "require" | "never" | "message" | "repair" => {
            found.help(format!("`{lower}` is a clause of an `invariant`: `invariant name {{ {lower} … }}`"))
        }
        "do" | "expect" | "against" | "given" => found.help(format!("`{lower}` is a clause of an `intervention` or a `test`")),
        "on" | "permit" | "forbid" | "escalate" | "warn" | "rewrite" | "oblige" | "when" | "unless" => {
            found.help(format!("`{lower}` is a clause of a `policy`: `policy name {{ on c: Call … }}`"))
        }
        "let" => found
            .help("`let` stands in `invariant`, `intervention`, `policy` and `test`; a value for the whole program is a `param`"),
        _ => match nearest(word, ITEM_WORDS) {
            Some(near) => found.help(all).suggest(format!("did you mean `{near}`?"), first.span, near),
            None => found.help(all),
        },
    }
}

fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() > 40 { line.chars().take(40).chain("…".chars()).collect() } else { line.to_string() }
}
