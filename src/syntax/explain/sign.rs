//! Tokens that are no part of dbm: operators, quotes, comments, numbers and signs of other languages. Asked by explain.
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::super::{error, foreign};
use super::{Context, Explained, endless, shown};
use crate::base::Span;

impl Context<'_> {
    /// Tokens that are no part of dbm.
    pub(super) fn lexical(&self, token: Token) -> Option<Explained> {
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
            TokenKind::ColonDash if !self.wanted.has(Rule::kw_if) => {
                operator("implies", "what is to the left of `implies` is the condition: `a implies b`")
            }
            TokenKind::ColonDash => {
                operator("if", "a rule says when it holds: `rule depends(a: Service, b: Service) if a -calls-> b`")
            }
            TokenKind::FatArrow if self.wanted.has(Rule::kw_if) && self.wanted.has(Rule::equals) => return None,
            TokenKind::FatArrow
                if self.kind(-1).is_some_and(TokenKind::is_name)
                    && matches!(self.kind(-2), Some(TokenKind::Comma | TokenKind::ParenOpen)) =>
            {
                Explained::new(error::FOREIGN_SYNTAX, "dbm has no functions without a name", at, "")
                    .help("a quantifier binds its variable itself: `every x: Kind satisfies x.up`, and so does an aggregate: `sum(x.cost for x: Kind)`")
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
        let known = foreign::unit(unit).unwrap_or("");
        let found = Explained::new(error::BAD_NUMBER, format!("`{text}` is no number and no duration"), at, "")
            .help("durations are whole numbers with a unit: `250ms`, `30s`, `10m`, `24h`, `7d`; digits may be grouped: `10_000`");
        let whole = number.trim_end_matches('_');
        if let Some(sum) = compound_duration(text) {
            return found.help("a duration has one unit").suggest(format!("write `{sum}`"), at, sum);
        }
        if number.contains('.') {
            return match whole_duration(number, known) {
                Some(whole) => found.suggest(format!("write `{whole}`"), at, whole),
                None => found.help("a part of an hour is said in minutes: `90m`"),
            };
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
            ("", "#") => found.help("a comment is `// …` to the end of the line").suggest("make it a comment", at, "//"),
            ("", "^") => found.help("dbm has no powers: multiply, `x * x`"),
            ("", _) => found.help("a name with unusual characters stands in backticks, text in double quotes"),
            _ => found.suggest(format!("say `{}`", ours.trim()), at, ours),
        }
    }
}

const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// So many microseconds, in the largest unit of which they are a whole number.
fn in_one_unit(micros: u64) -> Option<String> {
    UNITS.iter().find(|(_, s)| micros.is_multiple_of(*s)).map(|(u, s)| format!("{}{u}", micros / s))
}

/// `1h30m` in one unit.
fn compound_duration(text: &str) -> Option<String> {
    let (mut rest, mut micros, mut parts) = (text, 0u64, 0);
    while !rest.is_empty() {
        let (number, behind) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        let (unit, next) = behind.split_at_checked(behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len()))?;
        let scale = UNITS.iter().find(|(u, _)| *u == unit)?.1;
        micros = micros.checked_add(number.parse::<u64>().ok()?.checked_mul(scale)?)?;
        (rest, parts) = (next, parts + 1);
    }
    if parts > 1 { in_one_unit(micros) } else { None }
}

/// `1.5` of a unit as a whole number of a smaller one.
fn whole_duration(number: &str, unit: &str) -> Option<String> {
    let scale = UNITS.iter().find(|(u, _)| *u == unit)?.1;
    let (whole, part) = number.split_once('.')?;
    let digits = u32::try_from(part.len()).ok()?;
    let tenth = 10u64.checked_pow(digits)?;
    let all = format!("{whole}{part}").replace('_', "").parse::<u64>().ok()?.checked_mul(scale)?;
    in_one_unit(all.is_multiple_of(tenth).then_some(all / tenth)?)
}
