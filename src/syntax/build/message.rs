//! Builds messages: the text between braces is read as an expression, in its place.
use super::super::ast::{Expr, Message, MessagePart};
use super::super::cursor::{Built, Cursor};
use super::super::explain::{Explained, explain};
use super::super::grammar::{Rule, pairs};
use super::super::{depth, error, token};
use super::builder::{Builder, Offsets};
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;

impl Builder<'_> {
    /// Of a `message`.
    pub(super) fn message(&mut self, pair: Pair<'_, Rule>) -> Built<Message> {
        let pair = Cursor::of(pair).need(Rule::text, "a text")?;
        let span = self.span(&pair);
        let chars = self.characters(&pair);
        let end = span.end.saturating_sub(1);
        let mut parts = vec![];
        let mut plain = String::new();
        let mut i = 0;
        while let Some(&(c, at)) = chars.get(i) {
            let doubled = chars.get(i + 1).is_some_and(|(n, _)| *n == c);
            match c {
                '{' | '}' if doubled => {
                    plain.push(c);
                    i += 2;
                }
                '{' => {
                    let body = chars.get(i + 1..).unwrap_or(&[]);
                    let Some(length) = closing(body) else {
                        self.stray_brace(at, '{');
                        plain.push(c);
                        i += 1;
                        continue;
                    };
                    let body = body.get(..length).unwrap_or(&[]);
                    let stop = chars.get(i + 1 + length).map_or(end, |(_, o)| *o);
                    if let Some(value) = self.interpolation(body, at, stop) {
                        if !plain.is_empty() {
                            parts.push(MessagePart::Text(std::mem::take(&mut plain).into()));
                        }
                        parts.push(MessagePart::Value(Box::new(value)));
                    }
                    i += length + 2;
                }
                '}' => {
                    self.stray_brace(at, '}');
                    plain.push(c);
                    i += 1;
                }
                _ => {
                    plain.push(c);
                    i += 1;
                }
            }
        }
        if !plain.is_empty() {
            parts.push(MessagePart::Text(plain.into()));
        }
        Ok(Message { parts, span })
    }

    fn stray_brace(&mut self, at: u32, brace: char) {
        let place = self.place(Span { start: at, end: at + 1 });
        let what = if brace == '{' { "is never closed" } else { "closes nothing" };
        let found = Diagnostic::error(error::BAD_MESSAGE, format!("`{brace}` {what} in this message"))
            .at(place, "")
            .help("in a message `{expr}` is replaced by its value; `{{` and `}}` are braces")
            .suggest("write the brace itself", place, format!("{brace}{brace}"));
        self.report(found);
    }

    fn interpolation(&mut self, body: &[(char, u32)], open: u32, close: u32) -> Option<Expr> {
        let mut text = String::new();
        let mut table = vec![];
        for (c, at) in body {
            for byte in 0..c.len_utf8() {
                table.push(at + byte as u32);
            }
            text.push(*c);
        }
        table.push(close);
        if text.trim().is_empty() {
            let place = self.place(Span { start: open, end: close + 1 });
            let found = Diagnostic::error(error::BAD_MESSAGE, "nothing stands between these braces")
                .at(place, "")
                .help("in a message `{expr}` is replaced by its value; `{{` and `}}` are braces")
                .suggest("write the braces themselves", place, "{{}}");
            self.report(found);
            return None;
        }
        let tokens = token::tokens(&text);
        let outer = std::mem::replace(&mut self.offsets, Offsets::table(table, &tokens));
        let built = match depth::check(&text, &tokens) {
            Some(deep) => Err(vec![Explained::deep(deep)]),
            None => pairs(Rule::formula, &text).map_err(|e| explain(&text, &tokens, &e, false)),
        };
        let built = built.map(|mut pairs| {
            let formula = pairs.next()?;
            match self.take_expr(&mut Cursor::of(formula)) {
                Ok(expr) => Some(expr),
                Err(broken) => {
                    let found = super::super::explain::internal(broken.0, self.place(Span { start: open, end: close }));
                    self.report(found);
                    None
                }
            }
        });
        let result = match built {
            Ok(expr) => expr,
            Err(explained) => {
                for explained in explained {
                    let found = explained.diagnostic(&|span: Span| {
                        self.place(Span { start: self.offsets.at(span.start as usize), end: self.offsets.at(span.end as usize) })
                    });
                    self.report(found);
                }
                None
            }
        };
        self.offsets = outer;
        result
    }
}

/// How many characters stand before the brace that closes an expression; text within it is skipped.
fn closing(body: &[(char, u32)]) -> Option<usize> {
    let mut depth = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    for (i, (c, _)) in body.iter().enumerate() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => depth += 1,
            '}' if depth == 0 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
