//! Builds literals: numbers checked, durations and instants in microseconds, escapes resolved.
use super::super::ast::Literal;
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;
use std::sync::Arc;

const UNITS: [(&str, i64); 6] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000)];

impl Builder<'_> {
    /// The value of a literal; `None` if the pair is none. A number behind a minus has its sign in `negative`.
    pub(super) fn literal(&mut self, pair: &Pair<'_, Rule>, negative: bool) -> Option<Literal> {
        Some(match pair.as_rule() {
            Rule::int => Literal::Int(self.int(pair, negative)),
            Rule::float => Literal::Float(self.float(pair, negative)),
            Rule::duration => Literal::Duration(self.duration(pair, negative)),
            Rule::text => Literal::Text(self.text_value(pair)),
            Rule::instant => Literal::Time(self.instant(pair)),
            Rule::true_word => Literal::Bool(true),
            Rule::false_word => Literal::Bool(false),
            Rule::none_word => Literal::None,
            _ => return None,
        })
    }
    fn out_of_range(&mut self, pair: &Pair<'_, Rule>, what: &str, help: &str) {
        let place = self.place(self.span(pair));
        self.report(
            Diagnostic::error(error::NUMBER_RANGE, format!("`{}` does not fit {what}", pair.as_str())).at(place, "").help(help),
        );
    }
    pub(super) fn int(&mut self, pair: &Pair<'_, Rule>, negative: bool) -> i64 {
        let digits: String = pair.as_str().chars().filter(|c| *c != '_').collect();
        let signed = if negative { format!("-{digits}") } else { digits };
        signed.parse().unwrap_or_else(|_| {
            self.out_of_range(
                pair,
                "an Int, which has 64 bits",
                "the greatest Int is 9223372036854775807; write a Float if it need not be exact: `1e20`",
            );
            0
        })
    }
    /// A small count (a cardinality, a number of steps).
    pub(super) fn small(&mut self, pair: &Pair<'_, Rule>) -> u32 {
        let digits: String = pair.as_str().chars().filter(|c| *c != '_').collect();
        digits.parse().unwrap_or_else(|_| {
            self.out_of_range(pair, "a count", "a count is at most 4294967295; leave the bound out if there is none");
            0
        })
    }
    fn float(&mut self, pair: &Pair<'_, Rule>, negative: bool) -> f64 {
        let digits: String = pair.as_str().chars().filter(|c| *c != '_').collect();
        let value: f64 = digits.parse().unwrap_or(f64::INFINITY);
        if !value.is_finite() {
            self.out_of_range(pair, "a Float", "the greatest Float is about 1.8e308");
            return 0.0;
        }
        if negative { -value } else { value }
    }
    fn duration(&mut self, pair: &Pair<'_, Rule>, negative: bool) -> i64 {
        let text = pair.as_str();
        let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let digits: String = number.chars().filter(|c| *c != '_').collect();
        let scale = UNITS.iter().find(|(u, _)| *u == unit).map_or(1, |(_, s)| *s);
        match digits.parse::<i64>().ok().and_then(|n| n.checked_mul(scale)) {
            Some(n) if negative => -n,
            Some(n) => n,
            None => {
                self.out_of_range(pair, "a Duration", "a Duration is at most about 292,000 years");
                0
            }
        }
    }
    fn instant(&mut self, pair: &Pair<'_, Rule>) -> i64 {
        let text = pair.as_str().trim_start_matches('@');
        match text.parse::<jiff::Timestamp>() {
            Ok(t) => t.as_microsecond(),
            Err(_) => {
                let place = self.place(self.span(pair));
                let mut found = Diagnostic::error(error::BAD_INSTANT, format!("`{}` is no instant", pair.as_str()))
                    .at(place, "")
                    .help("an instant has a date, a time and a zone: `@2026-01-03T10:00:00Z`, `@2026-01-03T10:00:00+01:00`");
                let completed = if text.contains('T') { format!("{text}Z") } else { format!("{text}T00:00:00Z") };
                if completed.parse::<jiff::Timestamp>().is_ok() {
                    found = found.suggest("say that it is UTC", place, format!("@{completed}"));
                }
                self.report(found);
                0
            }
        }
    }

    /// The value of a text literal.
    pub(super) fn text_value(&mut self, pair: &Pair<'_, Rule>) -> Arc<str> {
        self.characters(pair).into_iter().map(|(c, _)| c).collect::<String>().into()
    }
    /// The characters of a text literal, escapes resolved, each with where it stands in the item.
    pub(super) fn characters(&mut self, pair: &Pair<'_, Rule>) -> Vec<(char, u32)> {
        let start = pair.as_span().start();
        let source = pair.as_str();
        let (raw, skip) = if source.starts_with('r') { (true, 2) } else { (false, 1) };
        let body = source.get(skip..source.len().saturating_sub(1)).unwrap_or("");
        let mut out = Vec::with_capacity(body.len());
        let mut chars = body.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let here = self.offsets.at(start + skip + i);
            if raw || c != '\\' {
                out.push((c, here));
                continue;
            }
            let mut end = start + skip + i + 1;
            let next = chars.next();
            let resolved = match next {
                Some((_, 'n')) => Some('\n'),
                Some((_, 't')) => Some('\t'),
                Some((_, 'r')) => Some('\r'),
                Some((_, c @ ('"' | '\\'))) => Some(c),
                Some((_, 'u')) if chars.peek().map(|p| p.1) == Some('{') => {
                    let digits: String = chars.by_ref().map(|p| p.1).skip(1).take_while(|c| *c != '}').collect();
                    end += digits.len() + 2;
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
                }
                _ => None,
            };
            end += next.map_or(0, |(_, c)| c.len_utf8());
            match resolved {
                Some(c) => out.push((c, here)),
                None => {
                    let place = self.place(Span { start: here, end: self.offsets.at(end) });
                    let written: String = self.source(place.span).to_string();
                    let mut found = Diagnostic::error(error::BAD_ESCAPE, format!("`{written}` is no escape")).at(place, "").help(
                        r#"the escapes are `\n`, `\t`, `\r`, `\"`, `\\` and `\u{1F4A1}`; in `r"…"` a backslash is a backslash"#,
                    );
                    if !written.starts_with("\\u") {
                        found = found.suggest("write the backslash itself", place, format!("\\{written}"));
                    }
                    self.report(found);
                }
            }
        }
        out
    }
}
