//! Builds binders, scopes and windows.
use super::super::ast::{Binder, BinderKind, CalendarUnit, ElementBinder, Expr, ExprKind, Literal, Scope, Window, WindowKind};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::Diagnostic;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn take_scope(&mut self, cursor: &mut Cursor<'_>) -> Built<Scope> {
        let pair = cursor.need(Rule::scope, "a scope")?;
        self.scope(pair)
    }
    pub(super) fn scope(&mut self, pair: Pair<'_, Rule>) -> Built<Scope> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let binders = self.binders(&mut cursor)?;
        let condition = self.maybe_condition(&mut cursor)?.map(Box::new);
        Ok(Scope { binders, condition, span })
    }
    pub(super) fn binders(&mut self, cursor: &mut Cursor<'_>) -> Built<Vec<Binder>> {
        let mut out = vec![];
        while matches!(cursor.peek(), Some(Rule::element | Rule::in_list | Rule::in_pair)) {
            let pair = cursor.some("a binder")?;
            out.push(self.binder(pair)?);
        }
        if out.is_empty() { Err(Broken("a binder")) } else { Ok(out) }
    }
    fn binder(&mut self, pair: Pair<'_, Rule>) -> Built<Binder> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        if rule == Rule::element {
            return Ok(Binder { kind: BinderKind::Element(self.element(pair)?), span });
        }
        let mut cursor = Cursor::of(pair);
        let first = self.take_binder_name(&mut cursor)?;
        let kind = if rule == Rule::in_pair {
            let value = self.take_binder_name(&mut cursor)?;
            BinderKind::Pair { key: first, value, list: Box::new(self.take_value(&mut cursor)?) }
        } else {
            BinderKind::In { name: first, list: Box::new(self.take_value(&mut cursor)?) }
        };
        Ok(Binder { kind, span })
    }
    pub(super) fn element(&mut self, pair: Pair<'_, Rule>) -> Built<ElementBinder> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let last = match cursor.maybe(Rule::last) {
            None => None,
            Some(last) => {
                let span = self.span(&last);
                let n = Cursor::of(last).need(Rule::int, "a number")?;
                Some((self.int(&n, false), span))
            }
        };
        let name = self.take_binder_name(&mut cursor)?;
        let kind = self.take_qualified(&mut cursor)?;
        let window = cursor.maybe(Rule::window).map(|p| self.window(p)).transpose()?;
        Ok(ElementBinder { last, name, kind, window, span })
    }
    fn window(&mut self, pair: Pair<'_, Rule>) -> Built<Window> {
        let span = self.span(&pair);
        let form = Cursor::of(pair).some("a window")?;
        let within = form.as_rule() == Rule::within;
        let mut cursor = Cursor::of(form);
        if within {
            let value = self.take_value(&mut cursor)?;
            self.needs_unit(&value);
            return Ok(Window { kind: WindowKind::Within(Box::new(value)), span });
        }
        let unit = match cursor.need(Rule::unit, "a unit")?.as_str() {
            "hour" => CalendarUnit::Hour,
            "day" => CalendarUnit::Day,
            "week" => CalendarUnit::Week,
            _ => CalendarUnit::Month,
        };
        let zone = match cursor.peek() {
            Some(Rule::value) => Some(Box::new(self.take_value(&mut cursor)?)),
            _ => None,
        };
        Ok(Window { kind: WindowKind::Per { unit, zone }, span })
    }
    /// Reports a bare number where a duration must stand.
    pub(super) fn needs_unit(&mut self, value: &Expr) {
        let ExprKind::Literal(Literal::Int(_) | Literal::Float(_)) = value.kind else { return };
        let place = self.place(value.span);
        let text = self.source(value.span);
        let mut found = Diagnostic::error(error::NO_UNIT, format!("`{text}` is no duration: it has no unit"))
            .at(place, "a duration must stand here")
            .help("the units are `us`, `ms`, `s`, `m` (minutes), `h` and `d`");
        if matches!(value.kind, ExprKind::Literal(Literal::Int(_))) {
            for (unit, word) in [("s", "seconds"), ("m", "minutes"), ("h", "hours")] {
                found = found.suggest(format!("{word}: `{text}{unit}`"), place, format!("{text}{unit}"));
            }
        }
        self.report(found);
    }
    /// Behind `where`, if it comes.
    pub(super) fn maybe_condition(&mut self, cursor: &mut Cursor<'_>) -> Built<Option<Expr>> {
        match cursor.maybe(Rule::condition) {
            None => Ok(None),
            Some(pair) => self.take_expr(&mut Cursor::of(pair)).map(Some),
        }
    }
}
