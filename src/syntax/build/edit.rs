//! Builds edits and readers.
use super::super::ast::{AddTarget, Edit, EditAction, Expr, ExprKind, Name, Qualified, Reader, ReaderStatement};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn reader(&mut self, mut cursor: Cursor<'_>) -> Built<Reader> {
        let name = self.take_name(&mut cursor)?;
        let body = self.reader_body(&mut cursor)?;
        Ok(Reader { name, body })
    }
    fn reader_body(&mut self, cursor: &mut Cursor<'_>) -> Built<Vec<ReaderStatement>> {
        let pair = cursor.need(Rule::reader_body, "the body of a reader")?;
        let mut out = vec![];
        for pair in Cursor::of(pair) {
            if pair.as_rule() != Rule::reader_for {
                out.push(ReaderStatement::Edit(self.edit(pair)?));
                continue;
            }
            let span = self.span(&pair);
            let mut inner = Cursor::of(pair);
            let scope = self.take_scope(&mut inner)?;
            let body = self.reader_body(&mut inner)?;
            out.push(ReaderStatement::For { scope, body, span });
        }
        Ok(out)
    }
    pub fn take_edit(&mut self, cursor: &mut Cursor<'_>) -> Built<Edit> {
        let pair = cursor.need(Rule::edit, "an edit")?;
        self.edit(pair)
    }
    fn edit(&mut self, pair: Pair<'_, Rule>) -> Built<Edit> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let action = cursor.some("an edit")?;
        let rule = action.as_rule();
        let mut inner = Cursor::of(action);
        let action = match rule {
            Rule::remove => EditAction::Remove(self.take_value(&mut inner)?),
            Rule::add => self.add(inner)?,
            Rule::set => {
                let (element, path) = self.target(&mut inner)?;
                EditAction::Set { element, path, value: self.take_expr(&mut inner)? }
            }
            _ => return Err(Broken("an edit")),
        };
        let binders = match cursor.maybe(Rule::edit_for) {
            Some(pair) => self.binders(&mut Cursor::of(pair))?,
            None => vec![],
        };
        let condition = self.maybe_condition(&mut cursor)?.map(Box::new);
        Ok(Edit { action, binders, condition, span })
    }
    fn add(&mut self, mut cursor: Cursor<'_>) -> Built<EditAction> {
        let ensure = cursor.maybe(Rule::ensure_mark).is_some();
        let first = cursor.need(Rule::reference, "what is added")?;
        let first = self.reference(first)?;
        let target = match cursor.peek() {
            Some(Rule::arrow_right | Rule::arrow_left) => {
                let arrow = cursor.some("an arrow")?;
                let arrow = self.arrow(arrow)?;
                let second = cursor.need(Rule::reference, "an end")?;
                let second = self.reference(second)?;
                if let Some(variable) = &arrow.variable {
                    let found = Diagnostic::error(error::BAD_EDIT, "an edge that is added cannot be named")
                        .at(self.place(variable.span), "this variable has no use here")
                        .suggest("leave it out", self.place(Span { start: variable.span.start, end: arrow.path.span.start }), "");
                    self.report(found);
                }
                let unknown = Qualified {
                    modules: vec![],
                    name: Name { text: "_".into(), span: arrow.path.span, quoted: false },
                    span: arrow.path.span,
                };
                let kind = self.edge_kind(&arrow).unwrap_or(unknown);
                let (from, to) = if arrow.backwards { (second, first) } else { (first, second) };
                if let Some(at) = cursor.maybe(Rule::at) {
                    let found = Diagnostic::error(error::BAD_EDIT, "an edge has no time")
                        .at(self.place(self.span(&at)), "only events have one");
                    self.report(found);
                }
                AddTarget::Edge { from, kind, to }
            }
            _ => self.added(first, &mut cursor, ensure)?,
        };
        let record = self.maybe_record(&mut cursor)?;
        Ok(EditAction::Add { ensure, target, record })
    }
    fn added(&mut self, written: Expr, cursor: &mut Cursor<'_>, ensure: bool) -> Built<AddTarget> {
        let at = match cursor.maybe(Rule::at) {
            Some(pair) => Some(self.take_value(&mut Cursor::of(pair))?),
            None => None,
        };
        let span = written.span;
        let word = if ensure { "ensure" } else { "add" };
        if let ExprKind::Call { callee, args } = written.kind {
            let arity = args.len();
            if let (Some(kind), Some(id), 1) = (qualified_of(&callee), args.into_iter().next(), arity) {
                return Ok(AddTarget::Element { kind, id, at });
            }
        }
        let found = Diagnostic::error(error::BAD_EDIT, format!("`{word}` does not know what to make of `{}`", self.source(span)))
            .at(self.place(span), "neither a node nor an edge")
            .help(format!("a node is made by its kind and id, `{word} Host(\"h9\") {{ zone: \"b\" }}`, an edge by its ends, `{word} a -calls-> b`"));
        self.report(found);
        let name = Name { text: "_".into(), span, quoted: false };
        let id = Expr { kind: ExprKind::Wildcard, span };
        Ok(AddTarget::Element { kind: Qualified { modules: vec![], name, span }, id, at })
    }
    /// What `set` and `rewrite` change: an element, and the path of attributes behind it.
    pub(super) fn target(&mut self, cursor: &mut Cursor<'_>) -> Built<(Expr, Vec<Name>)> {
        let pair = cursor.need(Rule::reference, "what is set")?;
        let mut element = self.reference(pair)?;
        let span = element.span;
        let mut path = vec![];
        while let ExprKind::Attr { base, name } = element.kind {
            path.push(name);
            element = *base;
        }
        path.reverse();
        if path.is_empty() {
            let found = Diagnostic::error(error::BAD_EDIT, format!("`{}` is no attribute", self.source(span)))
                .at(self.place(span), "only attributes can be set")
                .help("name the element and its attribute: `set s.tier = 1`; within a Json by names, `set c.args.to = \"x\"`");
            self.report(found);
            path.push(Name { text: "_".into(), span, quoted: false });
        }
        Ok((element, path))
    }
}

/// `a.b.Kind` as a qualified name.
fn qualified_of(callee: &Expr) -> Option<Qualified> {
    let mut modules = vec![];
    let mut here = callee;
    loop {
        match &here.kind {
            ExprKind::Attr { base, name } => {
                modules.push(name.clone());
                here = base;
            }
            ExprKind::Name(name) => {
                modules.push(name.clone());
                break;
            }
            _ => return None,
        }
    }
    modules.reverse();
    let name = modules.pop()?;
    Some(Qualified { modules, name, span: callee.span })
}
