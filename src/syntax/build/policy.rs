//! Builds policies and preferences.
use super::super::ast::{Effect, EffectClause, Expr, Oblige, On, OnKind, Policy, PolicyClause, Prefer};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn policy(&mut self, mut cursor: Cursor<'_>) -> Built<Policy> {
        let name = self.take_name(&mut cursor)?;
        let title = self.maybe_title(&mut cursor);
        let severity = self.maybe_severity(&mut cursor)?;
        let mut clauses = vec![];
        for pair in cursor {
            match pair.as_rule() {
                Rule::on_clause => clauses.push(PolicyClause::On(self.on(pair)?)),
                Rule::let_clause => clauses.push(PolicyClause::Let(self.let_clause(pair)?)),
                Rule::effect => clauses.push(PolicyClause::Effect(self.effect(pair)?)),
                Rule::message => {
                    let slot = clauses.iter_mut().rev().find_map(|c| match c {
                        PolicyClause::Effect(e) => Some(&mut e.message),
                        _ => None,
                    });
                    self.attach(pair, slot, "effect")?;
                }
                _ => return Err(Broken("a clause of a policy")),
            }
        }
        Ok(Policy { name, title, severity, clauses })
    }
    fn on(&mut self, pair: Pair<'_, Rule>) -> Built<On> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        if cursor.maybe(Rule::on_candidate).is_some() {
            return Ok(On { kind: OnKind::Candidate, span });
        }
        let event = self.element(cursor.need(Rule::element, "an event")?)?;
        let condition = self.maybe_condition(&mut cursor)?;
        Ok(On { kind: OnKind::Event { event, condition }, span })
    }
    fn effect(&mut self, pair: Pair<'_, Rule>) -> Built<EffectClause> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let effect = cursor.some("an effect")?;
        let start = self.span(&effect).start;
        let length = effect.as_str().find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(effect.as_str().len());
        let word = Span { start, end: start + length as u32 };
        let rule = effect.as_rule();
        let mut inner = Cursor::of(effect);
        let effect = match rule {
            Rule::permit => Effect::Permit,
            Rule::forbid => Effect::Forbid,
            Rule::warn => Effect::Warn,
            Rule::escalate => Effect::Escalate(self.take_value(&mut inner)?),
            Rule::rewrite => {
                let (element, path) = self.target(&mut inner)?;
                Effect::Rewrite { element, path, value: self.take_expr(&mut inner)? }
            }
            Rule::oblige => {
                let event = self.element(inner.need(Rule::element, "an event")?)?;
                let condition = self.maybe_condition(&mut inner)?;
                let otherwise = match inner.maybe(Rule::otherwise) {
                    Some(pair) => Some(self.take_value(&mut Cursor::of(pair))?),
                    None => None,
                };
                Effect::Oblige(Oblige { event, condition, otherwise })
            }
            _ => return Err(Broken("an effect")),
        };
        let (mut when, mut unless): (Option<Expr>, Option<Expr>) = (None, None);
        for pair in cursor {
            let span = self.span(&pair);
            let (slot, text, join) =
                if pair.as_rule() == Rule::when { (&mut when, "when", "and") } else { (&mut unless, "unless", "or") };
            let formula = self.take_expr(&mut Cursor::of(pair))?;
            match slot {
                None => *slot = Some(formula),
                Some(first) => {
                    let place = self.place(Span { start: span.start, end: span.start + text.len() as u32 });
                    let found = Diagnostic::error(error::TWICE, format!("`{text}` stands twice in one clause"))
                        .at(place, "here again")
                        .also(self.place(first.span), "the first")
                        .help(format!("join them with `{join}`, or write the effect twice"));
                    self.report(found);
                }
            }
        }
        Ok(EffectClause { effect, when, unless, message: None, word, span })
    }
    pub(super) fn prefer(&mut self, mut cursor: Cursor<'_>) -> Built<Prefer> {
        let name = self.take_name(&mut cursor)?;
        let title = self.maybe_title(&mut cursor);
        let weight = match cursor.maybe(Rule::weight) {
            Some(pair) => Some(self.take_value(&mut Cursor::of(pair))?),
            None => None,
        };
        let value = self.take_expr(&mut cursor)?;
        Ok(Prefer { name, title, weight, value })
    }
}
