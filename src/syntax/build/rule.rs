//! Builds rules, value rules and mechanisms.
use super::super::ast::{Mechanism, MechanismKind, Rule as RuleItem, RuleBody, RuleParam, ValueClause, ValueFold};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::Diagnostic;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn rule(&mut self, mut cursor: Cursor<'_>) -> Built<RuleItem> {
        let head_pair = cursor.need(Rule::rule_head, "the head of a rule")?;
        let head = self.span(&head_pair);
        let mut inner = Cursor::of(head_pair);
        let name = self.take_name(&mut inner)?;
        let mut params = vec![];
        for pair in inner {
            let span = self.span(&pair);
            let mut param = Cursor::of(pair);
            let name = self.take_binder_name(&mut param)?;
            let ty = match param.maybe(Rule::typ) {
                Some(pair) => Some(self.type_of(pair)?),
                None => None,
            };
            params.push(RuleParam { name, ty, span });
        }
        let body = cursor.some("the body of a rule")?;
        let body = match body.as_rule() {
            Rule::rule_if => RuleBody::If(self.take_expr(&mut Cursor::of(body))?),
            _ => self.value_body(Cursor::of(body).some("a value")?)?,
        };
        Ok(RuleItem { name, params, head, body })
    }
    fn value_body(&mut self, pair: Pair<'_, Rule>) -> Built<RuleBody> {
        if pair.as_rule() == Rule::value_clause {
            return Ok(RuleBody::Value { fold: None, clauses: vec![self.value_clause(pair)?] });
        }
        let mut cursor = Cursor::of(pair);
        let fold = match cursor.maybe(Rule::fold) {
            None => None,
            Some(pair) => {
                let fold = match pair.as_str() {
                    "min" => ValueFold::Min,
                    "max" => ValueFold::Max,
                    "any" => ValueFold::Any,
                    "all" => ValueFold::All,
                    _ => return Err(Broken("a fold")),
                };
                Some((fold, self.span(&pair)))
            }
        };
        let mut clauses = vec![];
        for pair in cursor {
            clauses.push(self.value_clause(pair)?);
        }
        Ok(RuleBody::Value { fold, clauses })
    }
    fn value_clause(&mut self, pair: Pair<'_, Rule>) -> Built<ValueClause> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let value = self.take_expr(&mut cursor)?;
        let condition = self.maybe_expr(&mut cursor)?;
        Ok(ValueClause { value, condition, span })
    }
    pub(super) fn mechanism(&mut self, mut cursor: Cursor<'_>) -> Built<Mechanism> {
        let mut kind = self.take_qualified(&mut cursor)?;
        let head = kind.span;
        let attribute = kind.name.clone();
        match kind.modules.pop() {
            Some(name) => {
                kind.span = kind.modules.first().map_or(name.span, |m| m.span.to(name.span));
                kind.name = name;
            }
            None => {
                let found = Diagnostic::error(error::UNEXPECTED, format!("`{}` names no attribute of a kind", attribute.text))
                    .at(self.place(head), "a kind and its attribute must stand here")
                    .help("a mechanism says how an attribute comes about: `mechanism Service.load = …`");
                self.report(found);
            }
        }
        let how = match cursor.some("`=` or `~`")?.as_rule() {
            Rule::draws_mark => MechanismKind::Draws,
            _ => MechanismKind::Equals,
        };
        let value = self.take_expr(&mut cursor)?;
        Ok(Mechanism { kind, attribute, head, how, value })
    }
}
