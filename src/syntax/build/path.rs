//! Builds paths and arrows.
use super::super::ast::{Name, Path, PathKind, Qualified};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;

/// An arrow without its operands.
pub(super) struct ArrowPart {
    pub backwards: bool,
    pub variable: Option<Name>,
    pub path: Path,
    pub span: Span,
}

impl Builder<'_> {
    /// Of an `arrow_right` or `arrow_left`.
    pub(super) fn arrow(&mut self, pair: Pair<'_, Rule>) -> Built<ArrowPart> {
        let span = self.span(&pair);
        let backwards = pair.as_rule() == Rule::arrow_left;
        let mut cursor = Cursor::of(pair);
        let variable = match cursor.maybe(Rule::edge_variable) {
            None => None,
            Some(pair) => Some(self.take_name(&mut Cursor::of(pair))?),
        };
        let path = self.path(cursor.need(Rule::path, "a path")?)?;
        Ok(ArrowPart { backwards, variable, path, span })
    }
    fn path(&mut self, pair: Pair<'_, Rule>) -> Built<Path> {
        let span = self.span(&pair);
        let mut steps = vec![];
        for step in Cursor::of(pair) {
            steps.push(self.path_step(step)?);
        }
        match steps.len() {
            0 => Err(Broken("a path")),
            1 => Ok(steps.remove(0)),
            _ => Ok(Path { kind: PathKind::Either(steps), span }),
        }
    }
    fn path_step(&mut self, pair: Pair<'_, Rule>) -> Built<Path> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let core = cursor.some("a step")?;
        let core_span = self.span(&core);
        let path = match core.as_rule() {
            Rule::wildcard => Path { kind: PathKind::Any, span: core_span },
            Rule::path_group => self.path(Cursor::of(core).need(Rule::path, "a path")?)?,
            _ => Path { kind: PathKind::Name(self.qualified(core)?), span: core_span },
        };
        let Some(repeat) = cursor.any() else { return Ok(path) };
        let (min, max) = match repeat.as_rule() {
            Rule::one_or_more => (1, None),
            Rule::none_or_more => (0, None),
            _ => self.times(repeat)?,
        };
        Ok(Path { kind: PathKind::Repeat { path: Box::new(path), min, max }, span })
    }
    fn times(&mut self, pair: Pair<'_, Rule>) -> Built<(u32, Option<u32>)> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let min = cursor.need(Rule::int, "a number of steps")?;
        let min = self.small(&min);
        if cursor.maybe(Rule::comma_mark).is_none() {
            return Ok((min, Some(min)));
        }
        let max = cursor.maybe(Rule::int).map(|p| self.small(&p));
        if max.is_some_and(|m| m < min) {
            let place = self.place(span);
            let found =
                Diagnostic::error(error::BAD_BOUNDS, format!("at least {min} and at most {} steps cannot be", max.unwrap_or(0)))
                    .at(place, "")
                    .help("the lesser number stands first: `{2,4}`");
            self.report(found);
        }
        Ok((min, max.map(|m| m.max(min))))
    }
    /// The edge kind of an arrow that makes one edge: a single name.
    pub(super) fn edge_kind(&mut self, arrow: &ArrowPart) -> Option<Qualified> {
        if let PathKind::Name(kind) = &arrow.path.kind {
            return Some(kind.clone());
        }
        let place = self.place(arrow.path.span);
        let text = self.source(arrow.path.span);
        let found = Diagnostic::error(error::BAD_EDIT, format!("`{text}` is a path, not the kind of one edge"))
            .at(place, "")
            .help("an edge that is made has one kind: `a -calls-> b`");
        self.report(found);
        None
    }
}
