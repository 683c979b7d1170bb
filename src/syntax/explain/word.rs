//! Words that are nearly right, and what begins no item: tables of the words of other languages. Asked by explain and parse.
use super::super::error;
use super::super::expected::Expected;
use super::super::token::{ITEM_WORDS, Token, TokenKind, is_reserved};
use super::{Context, Explained, shown};
use crate::base::Span;
use crate::base::diagnostic::nearest;

impl Context<'_> {
    /// Words that are nearly right.
    pub(super) fn word_for_word(&self, token: Token) -> Option<Explained> {
        let before = self.word(-1);
        let binder = token.kind.is_name() && (self.kind(1) == Some(TokenKind::Colon) || self.word(1) == "in");
        let quantifier = match before.to_lowercase().as_str() {
            "exists" | "exist" | "any" | "there_is" => "some",
            "forall" | "foreach" | "all" | "each" => "every",
            "none" | "notexists" => "no",
            _ => "",
        };
        let at_before = self.token(-1).map(|t| t.span);
        if binder
            && !quantifier.is_empty()
            && self.word(-2) == "for"
            && let Some(at) = at_before
        {
            let whole = Span { start: at.start, end: token.span.start };
            return Some(Explained::new(error::FOREIGN_SYNTAX, "`for` goes through all of them already", at, "").suggest(
                format!("leave out `{before}`"),
                whole,
                "",
            ));
        }
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
        let verdicts = ["holds", "breaks", "unchanged", "changed", "satisfied", "violated", "holding", "pending"];
        if verdicts.contains(&before) {
            let what =
                Explained::new(error::UNEXPECTED, format!("unexpected `{text}`"), at, format!("behind `{before}` it is no name"));
            let help = format!("`{text}` begins something else; in backticks any word is a name: `` `{text}` ``");
            return Some(what.help(help).suggest("put it in backticks", at, format!("`{text}`")));
        }
        let lower = text.to_lowercase();
        if is_reserved(&lower) {
            let found = Explained::new(error::UNEXPECTED, format!("unexpected `{text}`"), at, "words are written in lower case");
            let shouted = |t: &&Token| {
                let word = t.text(self.text);
                t.kind == TokenKind::Ident && is_reserved(&word.to_lowercase()) && word.chars().all(char::is_uppercase)
            };
            let rest =
                self.tokens.iter().skip(self.index + 1).filter(shouted).map(|t| (t.span, t.text(self.text).to_lowercase()));
            let edits: Vec<(Span, String)> = std::iter::once((at, lower.clone())).chain(rest).collect();
            let message = if edits.len() == 1 { format!("say `{lower}`") } else { "write them in lower case".to_string() };
            return Some(found.suggest_all(message, edits));
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
pub(in super::super) fn stray(text: &str, tokens: &[Token]) -> Explained {
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
    if let Some(found) = rule_of_others(&context, *first).or_else(|| value_of_others(&context, *first)) {
        return found;
    }
    let ours = match lower.as_str() {
        "enum" => {
            return Explained::new(error::FOREIGN_SYNTAX, "`enum` is no item: texts of a set are a type", first.span, "")
                .help("write the texts where the type stands: `node Car { colour: \"red\" | \"green\" }`");
        }
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
        "let" => {
            found.help("`let` stands in `invariant`, `intervention` and `policy`; a value for the whole program is a `param`")
        }
        _ => match nearest(word, ITEM_WORDS) {
            Some(near) => found.help(all).suggest(format!("did you mean `{near}`?"), first.span, near),
            None => found.help(all),
        },
    }
}

const RULES: [&str; 9] = ["def", "fn", "fun", "func", "function", "predicate", "relation_rule", "define", "view"];

/// `fn high(s: Service) -> Bool { s.tier > 3 }`.
fn rule_of_others(context: &Context, first: Token) -> Option<Explained> {
    if let Some(found) = indented(context, first) {
        return Some(found);
    }
    let open = (1..60).find(|o| context.kind(*o) == Some(TokenKind::BraceOpen))?;
    let params = (1..open).rev().find(|o| context.kind(*o) == Some(TokenKind::ParenClose))?;
    if !RULES.contains(&first.text(context.text)) {
        return None;
    }
    let close = context.token(context.closing(open)?)?;
    let head = Span { start: context.token(params)?.span.end, end: context.token(open)?.span.end };
    let mut edits = vec![(first.span, "rule".to_string()), (head, " if".to_string())];
    let inside = context.tokens.iter().filter(|t| t.span.start >= head.end && t.span.end <= close.span.start);
    let extra = inside.filter(|t| t.kind == TokenKind::Semicolon || t.text(context.text) == "return");
    edits.extend(extra.map(|t| (t.span, String::new())));
    edits.push((close.span, String::new()));
    Some(
        Explained::new(error::UNKNOWN_ITEM, format!("`{}` begins no item", first.text(context.text)), first.span, "say `rule`")
            .help("a rule says behind `if` when it holds: `rule high(s: Service) if s.tier > 3`; a value rule has `=`")
            .suggest_all("write it as a rule", edits),
    )
}

/// `def high(s): return s.tier > 3`.
fn indented(context: &Context, first: Token) -> Option<Explained> {
    let params = context.closing(2).filter(|_| context.kind(2) == Some(TokenKind::ParenOpen))?;
    let colon = context.token(params + 1).filter(|t| t.kind == TokenKind::Colon)?;
    let back = context.token(params + 2).filter(|t| t.text(context.text) == "return")?;
    let edits = vec![(first.span, "rule".to_string()), (colon.span, " if".to_string()), (back.span, String::new())];
    Some(
        Explained::new(error::UNKNOWN_ITEM, format!("`{}` begins no item", first.text(context.text)), first.span, "say `rule`")
            .help("a rule says behind `if` when it holds: `rule high(s: Service) if s.tier > 3`; a value rule has `=`")
            .suggest_all("write it as a rule", edits),
    )
}

/// `let limit = 3`, `const limit = 3;`.
fn value_of_others(context: &Context, first: Token) -> Option<Explained> {
    let word = first.text(context.text);
    if !matches!(word, "let" | "const" | "var" | "val") || context.kind(2) != Some(TokenKind::Equals) {
        return None;
    }
    let ty = match context.kind(3)? {
        TokenKind::Int => "Int",
        TokenKind::Float => "Float",
        TokenKind::Text => "Text",
        TokenKind::Duration => "Duration",
        TokenKind::Reserved if matches!(context.word(3), "true" | "false") => "Bool",
        _ => return None,
    };
    let mut edits = vec![(first.span, "param".to_string()), (super::behind(context.token(1)?.span), format!(": {ty}"))];
    edits.extend(context.token(4).filter(|t| t.kind == TokenKind::Semicolon).map(|t| (t.span, String::new())));
    Some(
        Explained::new(error::UNKNOWN_ITEM, format!("`{word}` begins no item"), first.span, "say `param`")
            .help("a value for the whole program is a `param`; `let` stands in `invariant`, `intervention` and `policy`")
            .suggest_all("write a `param`", edits),
    )
}
