//! Checks tests. Called by program.
use crate::base::Diagnostic;
use crate::semantics::checker::{Checker, Pos, text_constant};
use crate::semantics::error;
use crate::semantics::hir::{Edit, EditKind, End, Test};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{Cx, Site, Target, What};
use crate::semantics::types;
use crate::structure::schema::Sort;
use crate::syntax::ast;

impl Checker<'_> {
    /// `test "…" { … }`.
    pub fn test(&mut self, module: ModuleId, item: &ast::Item, t: &ast::Test) {
        let mut cx = Cx::new(module, item.id, Site::Test);
        cx.closed = true;
        let mut given = vec![];
        let mut edits = vec![];
        let mut expects = vec![];
        let mut places: Vec<(std::sync::Arc<str>, crate::base::Place)> = vec![];
        // all names first: an edge may stand before its ends
        for g in t.clauses.iter().filter_map(|c| if let ast::TestClause::Given(g, _) = c { Some(g) } else { None }).flatten() {
            let (kind, name, sort) = match g {
                ast::Given::Node(n) => (&n.kind, &n.name, Sort::Node),
                ast::Given::Event(e) => (&e.kind, &e.name, Sort::Event),
                ast::Given::Edge(_) => continue,
            };
            let place = cx.at(name.span);
            if let Some((_, there)) = places.iter().find(|(n, _)| *n == name.text) {
                let d = Diagnostic::error(error::DUPLICATE_NAME, format!("`{}` is given twice", name.text))
                    .at(place, "again here")
                    .also(*there, "first here")
                    .help("the names of `given` are ids, and each is another");
                self.report(d);
                continue;
            }
            places.push((name.text.clone(), place));
            let found = self.single_kind(&cx, kind).filter(|k| {
                let found = self.schema.kind(*k).map(|k| k.sort);
                if found == Some(sort) {
                    return true;
                }
                let text = self.text(cx.at(kind.span));
                let d = match found {
                    Some(Sort::Event) => Diagnostic::error(error::BAD_EDIT, format!("when does this `{text}` happen?"))
                        .at(cx.at(kind.span), "an event has a time")
                        .help(format!("write `{text} {} at 0s`", name.text)),
                    Some(Sort::Edge) => Diagnostic::error(error::BAD_EDIT, format!("`{text}` is an edge kind"))
                        .at(cx.at(kind.span), "an edge is given between its ends")
                        .help(format!("write `a -{text}-> b`")),
                    _ => Diagnostic::error(error::BAD_EDIT, format!("`{text}` is a node kind, and nodes have no time"))
                        .at(cx.at(kind.span), "only events happen at a time"),
                };
                self.report(d);
                false
            });
            match (found, cx.frames.last_mut()) {
                (Some(k), Some(f)) => f.names.push((name.text.clone(), Target::Given(k, name.text.clone()))),
                _ => {
                    cx.declare_binder(name.text.clone(), crate::scalar::Type::Error, place);
                }
            }
        }
        for c in &t.clauses {
            match c {
                ast::TestClause::Given(list, _) => {
                    for g in list {
                        given.extend(self.given_line(&mut cx, g));
                    }
                }
                ast::TestClause::Let(l) => {
                    let d = Diagnostic::error(error::MISPLACED_CLAUSE, "a test has no `let`")
                        .at(cx.at(l.span), "")
                        .help("write the value where it is needed");
                    self.report(d);
                    let value = self.value(&mut cx, &l.value);
                    self.let_name(&mut cx, &l.name, value.ty.clone());
                }
                ast::TestClause::Do(e) => edits.extend(self.edit(&mut cx, e)),
                ast::TestClause::Expect(e) => {
                    cx.verdicts = true;
                    cx.before = t.clauses.iter().any(|c| matches!(c, ast::TestClause::Do(_)));
                    cx.push(What::Clause);
                    let x = self.body(&mut cx, &e.formula, Pos::FORMULA);
                    cx.pop();
                    if let Some(m) = &e.message {
                        let d = Diagnostic::error(error::MISPLACED_CLAUSE, "an expectation of a test has no message")
                            .at(cx.at(m.span), "")
                            .help("the title of the test says what it is about");
                        self.report(d);
                    }
                    expects.push(x);
                }
            }
        }
        self.conflicts(&edits);
        if expects.is_empty() {
            let d = Diagnostic::warning(error::IDLE, format!("test \"{}\" expects nothing", t.title.value))
                .at(item.place(t.title.span), "")
                .help("add `expect …`");
            self.report(d);
        }
        self.single_uses(&cx);
        self.plain_title(item, Some(&t.title));
        self.program.tests.push(Test {
            title: t.title.value.clone(),
            vars: cx.vars,
            given,
            edits,
            expects,
            place: item.place(item.span),
        });
    }

    fn given_line(&mut self, cx: &mut Cx, g: &ast::Given) -> Option<Edit> {
        match g {
            ast::Given::Node(n) => {
                let kind = self.given_kind(cx, &n.name)?;
                let place = cx.at(n.span);
                let given = self.given(cx, kind, n.record.as_ref(), true, n.name.span);
                let id = text_constant(n.name.text.clone(), cx.at(n.name.span));
                Some(Edit { kind: EditKind::AddNode { kind, id, given, ensure: false }, scope: None, place })
            }
            ast::Given::Event(e) => {
                let at = self.value(cx, &e.at);
                let at = self.event_time(cx, at);
                let kind = self.given_kind(cx, &e.name)?;
                let given = self.given(cx, kind, e.record.as_ref(), true, e.name.span);
                let id = text_constant(e.name.text.clone(), cx.at(e.name.span));
                Some(Edit { kind: EditKind::AddEvent { kind, id, at, given }, scope: None, place: cx.at(e.span) })
            }
            ast::Given::Edge(e) => {
                if let Some(v) = &e.variable {
                    let d = Diagnostic::error(error::BAD_EDIT, "an edge of `given` has no name")
                        .at(cx.at(v.span), "cannot be named")
                        .help(format!("find it where it is needed: `some {}: … where {0}.from == … and {0}.to == …`", v.text));
                    self.report(d);
                    cx.declare_binder(v.text.clone(), crate::scalar::Type::Error, cx.at(v.span));
                }
                let kind = self.edge_kind(cx, &e.kind);
                let ends = kind.map(|k| self.edge_ends(k));
                let from = self.given_end(cx, &e.from, ends.as_ref().map(|e| &e.0));
                let to = self.given_end(cx, &e.to, ends.as_ref().map(|e| &e.1));
                let kind = kind?;
                let given = self.given(cx, kind, e.record.as_ref(), true, e.span);
                Some(Edit {
                    kind: EditKind::AddEdge { kind, from: from?, to: to?, given, ensure: false },
                    scope: None,
                    place: cx.at(e.span),
                })
            }
        }
    }

    fn given_kind(&self, cx: &Cx, name: &ast::Name) -> Option<crate::scalar::KindId> {
        match cx.find(&name.text) {
            Some(Target::Given(k, _)) => Some(*k),
            _ => None,
        }
    }

    fn given_end(&mut self, cx: &mut Cx, name: &ast::Name, wanted: Option<&crate::scalar::Type>) -> Option<End> {
        let place = cx.at(name.span);
        match cx.find(&name.text).cloned() {
            Some(Target::Given(k, id)) => {
                let ty = types::of_kind(&self.schema, k);
                if let Some(w) = wanted
                    && types::meet(&self.schema, &ty, w).is_none()
                    && *w != crate::scalar::Type::Error
                {
                    let (a, b) = (self.show(&ty), self.show(w));
                    let d =
                        Diagnostic::error(error::NEVER_FITS, format!("`{}` is {a}, and this end of the edge is {b}", name.text))
                            .at(place, format!("this is {a}"));
                    self.report(d);
                    return None;
                }
                Some(End::Lookup(k, text_constant(id, place)))
            }
            Some(Target::Var(_)) => None,
            None => {
                self.unknown_name(cx, name, Pos::VALUE);
                None
            }
        }
    }
}
