//! Builds imports, parameters, kinds of nodes, edges and events.
use super::super::ast::{
    Attribute, Cardinality, EdgeKind, EventKind, Import, ImportNames, ImportSource, NodeKind, Param, Qualified,
};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::super::split::docs_text;
use super::super::token::{TokenKind, tokens};
use super::builder::Builder;
use crate::base::Diagnostic;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn import(&mut self, mut cursor: Cursor<'_>) -> Built<Import> {
        let source = cursor.some("a module")?;
        let source = match source.as_rule() {
            Rule::text => ImportSource::File(self.text(source)),
            _ => ImportSource::Module(self.qualified(source)?),
        };
        let names = match cursor.maybe(Rule::import_names) {
            None => ImportNames::Module,
            Some(names) => {
                let mut inner = Cursor::of(names);
                match inner.maybe(Rule::import_all) {
                    Some(all) => ImportNames::All(self.span(&all)),
                    None => ImportNames::Names(inner.map(|p| self.name(p)).collect()),
                }
            }
        };
        Ok(Import { source, names })
    }
    pub(super) fn param(&mut self, mut cursor: Cursor<'_>) -> Built<Param> {
        let name = self.take_name(&mut cursor)?;
        let ty = self.take_type(&mut cursor)?;
        let default = self.maybe_expr(&mut cursor)?;
        Ok(Param { name, ty, default })
    }
    pub(super) fn node(&mut self, mut cursor: Cursor<'_>) -> Built<NodeKind> {
        let open = cursor.maybe(Rule::open_mark).is_some();
        let name = self.take_name(&mut cursor)?;
        let parent = cursor.maybe(Rule::qualified).map(|p| self.qualified(p)).transpose()?;
        let attributes = self.attributes(&mut cursor)?;
        Ok(NodeKind { name, open, parent, attributes })
    }
    pub(super) fn edge(&mut self, mut cursor: Cursor<'_>) -> Built<EdgeKind> {
        let name = self.take_name(&mut cursor)?;
        let from = self.ends(&mut cursor)?;
        let to = self.ends(&mut cursor)?;
        let cardinality = cursor.maybe(Rule::cardinality).map(|p| self.cardinality(p)).transpose()?;
        let attributes = self.attributes(&mut cursor)?;
        Ok(EdgeKind { name, from, to, cardinality, attributes })
    }
    pub(super) fn event(&mut self, mut cursor: Cursor<'_>) -> Built<EventKind> {
        let observed = cursor.maybe(Rule::observed_mark).is_some();
        let name = self.take_name(&mut cursor)?;
        let attributes = self.attributes(&mut cursor)?;
        Ok(EventKind { name, observed, attributes })
    }
    fn ends(&mut self, cursor: &mut Cursor<'_>) -> Built<Vec<Qualified>> {
        let pair = cursor.need(Rule::ends, "the ends of an edge")?;
        Cursor::of(pair).map(|p| self.qualified(p)).collect()
    }
    fn cardinality(&mut self, pair: Pair<'_, Rule>) -> Built<Cardinality> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let low = cursor.maybe(Rule::int).map(|p| self.small(&p));
        let dots = cursor.maybe(Rule::dots).is_some();
        let high = cursor.maybe(Rule::int).map(|p| self.small(&p));
        let (min, max) = match (low, dots, high) {
            (Some(n), false, _) => (n, Some(n)),
            (low, _, high) => (low.unwrap_or(0), high),
        };
        if max.is_some_and(|max| max < min) {
            let place = self.place(span);
            let found =
                Diagnostic::error(error::BAD_BOUNDS, format!("at least {min} and at most {} cannot be", max.unwrap_or(0)))
                    .at(place, "")
                    .help("the lesser number stands first: `[1..5]`");
            self.report(found);
        }
        Ok(Cardinality { min, max: max.map(|m| m.max(min)), span })
    }
    fn attributes(&mut self, cursor: &mut Cursor<'_>) -> Built<Vec<Attribute>> {
        let Some(pair) = cursor.maybe(Rule::attributes) else { return Ok(vec![]) };
        let mut out = vec![];
        for pair in Cursor::of(pair) {
            if pair.as_rule() != Rule::attribute {
                return Err(Broken("an attribute"));
            }
            let span = self.span(&pair);
            let docs = self.docs_before(span.start as usize);
            let mut inner = Cursor::of(pair);
            let name = self.take_name(&mut inner)?;
            let ty = self.take_type(&mut inner)?;
            let default = self.maybe_expr(&mut inner)?;
            out.push(Attribute { docs, name, ty, default, span });
        }
        Ok(out)
    }
    /// The `///` lines between a byte of the item and the last word before it.
    fn docs_before(&self, at: usize) -> Option<std::sync::Arc<str>> {
        if !self.offsets.is_plain() {
            return None;
        }
        let between = self.text.get(self.offsets.word_before(at)..at)?;
        let docs: Vec<&str> = tokens(between).iter().filter(|t| t.kind == TokenKind::Doc).map(|t| t.text(between)).collect();
        docs_text(&docs)
    }
}
