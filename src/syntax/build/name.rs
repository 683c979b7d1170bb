//! Builds names, qualified names and plain texts.
use super::super::ast::{Name, Qualified, Text};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::grammar::Rule;
use super::builder::Builder;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn name(&self, pair: Pair<'_, Rule>) -> Name {
        let span = self.span(&pair);
        let text = pair.as_str();
        match text.strip_prefix('`') {
            Some(inner) => Name { text: inner.strip_suffix('`').unwrap_or(inner).into(), span, quoted: true },
            None => Name { text: text.into(), span, quoted: false },
        }
    }
    pub(super) fn take_name(&self, cursor: &mut Cursor<'_>) -> Built<Name> {
        Ok(self.name(cursor.need(Rule::name, "a name")?))
    }
    pub(super) fn take_binder_name(&self, cursor: &mut Cursor<'_>) -> Built<Name> {
        Ok(self.name(cursor.need(Rule::binder_name, "a variable")?))
    }
    pub(super) fn qualified(&self, pair: Pair<'_, Rule>) -> Built<Qualified> {
        let span = self.span(&pair);
        let mut modules: Vec<Name> = Cursor::of(pair).map(|p| self.name(p)).collect();
        let name = modules.pop().ok_or(Broken("a qualified name"))?;
        Ok(Qualified { modules, name, span })
    }
    pub(super) fn take_qualified(&self, cursor: &mut Cursor<'_>) -> Built<Qualified> {
        self.qualified(cursor.need(Rule::qualified, "a qualified name")?)
    }
    pub(super) fn text(&mut self, pair: Pair<'_, Rule>) -> Text {
        let span = self.span(&pair);
        Text { value: self.text_value(&pair), span }
    }
    pub(super) fn maybe_title(&mut self, cursor: &mut Cursor<'_>) -> Option<Text> {
        let title = cursor.maybe(Rule::title)?;
        Cursor::of(title).any().map(|p| self.text(p))
    }
}
