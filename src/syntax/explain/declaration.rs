//! Mistakes in declarations: types of other languages, types left out, ends of edges, names in quotes. Asked by explain.
use super::super::error;
use super::super::foreign;
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::{Context, Explained, before, behind};

impl Context<'_> {
    /// What is wrong here, if this is a declaration that breaks off as newcomers' do.
    pub(super) fn declaration(&self, token: Token) -> Option<Explained> {
        self.ancestor(token)
            .or_else(|| self.untyped(token))
            .or_else(|| self.edge_ends(token))
            .or_else(|| self.foreign_type(token))
            .or_else(|| self.quoted_name(token))
            .or_else(|| self.no_braces(token))
    }

    /// `node Database: Service`, `node Database extends Service`.
    fn ancestor(&self, token: Token) -> Option<Explained> {
        let word = token.text(self.text);
        let meant = token.kind == TokenKind::Colon
            || token.kind == TokenKind::Less
            || matches!(word, "extends" | "inherits" | "isa" | "implements" | "of" | "as");
        if !meant || !self.wanted.has(Rule::kw_is) || !self.wanted.has(Rule::brace_open) || !self.kind(1)?.is_name() {
            return None;
        }
        let (name, parent) = (self.word(-1), self.word(1));
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "a kind says with `is` which kind it is a kind of", token.span, "")
                .help(format!("write `node {name} is {parent}`; `{name}` then has all attributes of `{parent}`"))
                .suggest("say `is`", token.span, self.spaced_word(token.span, "is")),
        )
    }

    /// `param k = 3`, `{ tier = Int }`, `{ Int tier }`, `edge owns = A -> A`, `edge owns(A, B)`.
    fn untyped(&self, token: Token) -> Option<Explained> {
        if !self.wanted.only(&[Rule::colon]) || !self.kind(-1)?.is_name() {
            return None;
        }
        let name = self.word(-1);
        let last = self.token(-1)?.span;
        match token.kind {
            TokenKind::Equals if self.kind(1)?.is_name() => Some(
                Explained::new(error::FOREIGN_SYNTAX, format!("`{name}` is declared with `:`"), token.span, "expected `:` here")
                    .help("`:` stands before a type, `=` before a default: `tier: Int = 3`")
                    .suggest("say `:`", token.span, ":"),
            ),
            TokenKind::Equals => {
                let ty = match self.kind(1)? {
                    TokenKind::Int => "Int",
                    TokenKind::Float => "Float",
                    TokenKind::Text | TokenKind::RawText => "Text",
                    TokenKind::Duration => "Duration",
                    TokenKind::Instant => "Time",
                    TokenKind::Reserved if matches!(self.word(1), "true" | "false") => "Bool",
                    TokenKind::BraceOpen => "Json",
                    _ => "",
                };
                let found =
                    Explained::new(error::UNEXPECTED, format!("`{name}` has no type"), behind(last), "a type belongs here")
                        .help("a type stands before the value: `param replicas: Int = 2`");
                Some(if ty.is_empty() { found } else { found.suggest(format!("it is `{ty}`"), behind(last), format!(": {ty}")) })
            }
            TokenKind::ParenOpen => {
                let close = self.closing(0)?;
                let inside = self.source(token.span.to(self.token(close)?.span));
                let ends: Vec<&str> = inside.trim_matches(['(', ')']).split(',').map(str::trim).collect();
                let [from, to] = ends.as_slice() else { return None };
                let whole = token.span.to(self.token(close)?.span);
                Some(
                    Explained::new(error::FOREIGN_SYNTAX, "the ends of an edge are written with an arrow", whole, "")
                        .help(format!("write `edge {name}: {from} -> {to}`"))
                        .suggest("write an arrow", whole, format!(": {from} -> {to}")),
                )
            }
            TokenKind::Ident if foreign::is_type(name) => {
                let both = last.to(token.span);
                let mended = format!("{}: {}", token.text(self.text), foreign::type_of(name).unwrap_or(name));
                Some(Explained::new(error::FOREIGN_SYNTAX, "the name stands first, then its type", both, "").suggest(
                    "turn it round",
                    both,
                    mended,
                ))
            }
            TokenKind::Ident | TokenKind::Quoted | TokenKind::BracketOpen => Some(
                Explained::new(error::UNEXPECTED, format!("`{name}` has no `:`"), behind(last), "expected `:` here")
                    .help("a name and its type are separated by `:`: `tier: Int`")
                    .suggest("insert it", behind(last), ":"),
            ),
            TokenKind::Question => {
                let (colon, first) = (self.token(1)?, self.token(2)?);
                let found = Explained::new(error::FOREIGN_SYNTAX, "`?` stands behind the type", token.span, "")
                    .help("what may be absent has a `?` behind its type: `owner: Text?`");
                let simple = colon.kind == TokenKind::Colon && first.kind.is_name() && self.kind(3) != Some(TokenKind::Pipe);
                let moved = vec![(token.span, String::new()), (behind(first.span), "?".to_string())];
                Some(if simple { found.suggest_all("move it", moved) } else { found })
            }
            _ => None,
        }
    }

    /// `edge owns: A --> B`, `A - B`, `A <-> B`, `[1..*]`.
    fn edge_ends(&self, token: Token) -> Option<Explained> {
        if token.kind == TokenKind::Star && self.kind(-1) == Some(TokenKind::Dots) && self.wanted.has(Rule::bracket_close) {
            return Some(
                Explained::new(error::FOREIGN_SYNTAX, "an open end is left out", token.span, "")
                    .help("`[1..]` is one or more, `[..1]` at most one, `[1]` exactly one")
                    .suggest("leave it out", token.span, ""),
            );
        }
        if token.kind == TokenKind::Star && self.kind(-1) == Some(TokenKind::BracketOpen) && self.wanted.has(Rule::dots) {
            let whole = self.token(-1)?.span.to(self.token(1)?.span);
            return Some(Explained::new(error::FOREIGN_SYNTAX, "any number needs no bounds", whole, "").suggest(
                "leave it out",
                whole,
                "",
            ));
        }
        if !self.wanted.has(Rule::arrow_head) || !self.wanted.has(Rule::pipe) || self.word(-2) != ":" && self.word(-2) != "|" {
            return None;
        }
        let end = match (token.kind, self.kind(1)) {
            (TokenKind::Minus, Some(TokenKind::ArrowHead)) | (TokenKind::ArrowTail, Some(TokenKind::Greater)) => self.token(1)?,
            (TokenKind::Minus | TokenKind::FatArrow | TokenKind::Comma, Some(next)) if next.is_name() => token,
            _ => return None,
        };
        let whole = token.span.to(end.span);
        let found = Explained::new(error::FOREIGN_SYNTAX, "an edge is declared with `->`", whole, "expected `->` here");
        let found = if token.kind == TokenKind::ArrowTail {
            found.help("every edge has a direction; in a formula it is walked either way: `a -owns-> b`, `a <-owns- b`")
        } else {
            found
        };
        Some(found.suggest("say `->`", whole, "->"))
    }

    /// `List[Int]`, `list<Int>`, `Text[]`, `Optional[Text]`, `Text | none`.
    fn foreign_type(&self, token: Token) -> Option<Explained> {
        if !self.wanted.has(Rule::optional) || !self.wanted.has(Rule::pipe) {
            if token.text(self.text) == "none" && self.kind(-1) == Some(TokenKind::Pipe) && self.kind(-2)?.is_name() {
                let whole = self.token(-2)?.span.to(token.span);
                let ty = self.word(-2);
                return Some(
                    Explained::new(error::FOREIGN_SYNTAX, "what may be absent has a `?` behind its type", whole, "").suggest(
                        format!("write `{ty}?`"),
                        whole,
                        format!("{ty}?"),
                    ),
                );
            }
            return None;
        }
        let name = self.word(-1);
        let first = self.token(-1)?.span;
        let close = match token.kind {
            TokenKind::BracketOpen => self.closing(0)?,
            TokenKind::Less => (1..12).find(|o| self.kind(*o) == Some(TokenKind::Greater))?,
            _ => return None,
        };
        let whole = first.to(self.token(close)?.span);
        let inner = self.source(crate::base::Span { start: token.span.end, end: self.token(close)?.span.start }).trim();
        let inner = foreign::type_of(inner).unwrap_or(inner);
        let ours = match foreign::container(name) {
            Some(form) => form.replace('T', inner),
            None if inner.is_empty() => format!("[{}]", foreign::type_of(name).unwrap_or(name)),
            None => return None,
        };
        Some(
            Explained::new(error::FOREIGN_SYNTAX, format!("`{}` is written `{ours}`", self.source(whole)), whole, "")
                .help("a list of `T` is `[T]`, what may be absent is `T?`, anything with unknown fields is `Json`")
                .suggest(format!("write `{ours}`"), whole, ours),
        )
    }

    /// `invariant "no deep tiers" {`.
    fn quoted_name(&self, token: Token) -> Option<Explained> {
        let item = self.word(-1);
        let titled = matches!(item, "invariant" | "policy" | "intervention" | "prefer");
        if token.kind != TokenKind::Text || !self.wanted.only(&[Rule::name]) {
            return None;
        }
        let words: Vec<String> = token
            .text(self.text)
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_string)
            .collect();
        let mut name = words.join("_");
        if !matches!(super::super::token::tokens(&name).as_slice(), [only] if only.kind == TokenKind::Ident) {
            name = format!("`{}`", token.text(self.text).trim_matches('"'));
        }
        let found = Explained::new(error::FOREIGN_SYNTAX, "a name stands without quotes", token.span, "a name must stand here");
        Some(if titled {
            found.help(format!("a name comes first, and a title behind it if you like: `{item} {name} \"…\"`")).suggest(
                "give it a name, and keep the text as its title",
                before(token.span),
                format!("{name} "),
            )
        } else {
            found.suggest(format!("write `{name}`"), token.span, name)
        })
    }

    /// `invariant i:` and indentation.
    fn no_braces(&self, token: Token) -> Option<Explained> {
        let opens = matches!(self.word(-3), "invariant" | "policy" | "intervention");
        let clause = matches!(token.text(self.text), "for" | "never" | "require" | "let" | "on" | "given" | "do" | "expect");
        if !opens || !clause || self.kind(-1) != Some(TokenKind::Colon) {
            return None;
        }
        let colon = self.token(-1)?.span;
        let end = self.tokens.last()?.span;
        Some(
            Explained::new(error::FOREIGN_SYNTAX, "a block stands in braces", colon, "expected `{` here")
                .help("line ends and indentation mean nothing in dbm")
                .suggest_all("put it in braces", vec![(colon, " {".to_string()), (behind(end), "\n}".to_string())]),
        )
    }
}
