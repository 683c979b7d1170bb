//! Checks readers. Called by program.
use crate::base::Diagnostic;
use crate::scalar::Type;
use crate::semantics::checker::Checker;
use crate::semantics::error;
use crate::semantics::hir::{Reader, Statement};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{Cx, Site, What};
use crate::syntax::ast;

impl Checker<'_> {
    /// `reader name { … }`.
    pub fn reader(&mut self, module: ModuleId, item: &ast::Item, r: &ast::Reader) -> Reader {
        let mut cx = Cx::new(module, item.id, Site::Reader);
        let doc = cx.declare_binder("doc".into(), Type::Json, item.place(r.name.span));
        let body = self.statements(&mut cx, &r.body);
        if r.body.is_empty() {
            let d = Diagnostic::warning(error::IDLE, format!("reader `{}` makes nothing", r.name.text))
                .at(item.place(r.name.span), "");
            self.report(d);
        }
        self.single_uses(&cx);
        Reader { name: r.name.text.clone(), vars: cx.vars, doc, body, place: item.place(item.span) }
    }

    fn statements(&mut self, cx: &mut Cx, list: &[ast::ReaderStatement]) -> Vec<Statement> {
        let mut out = vec![];
        for s in list {
            match s {
                ast::ReaderStatement::Edit(e) => out.extend(self.edit(cx, e).map(Statement::Edit)),
                ast::ReaderStatement::For { scope, body, .. } => {
                    let saved = cx.facts.clone();
                    cx.push(What::Binders);
                    let scope = self.scope(cx, &scope.binders, scope.condition.as_deref());
                    let body = self.statements(cx, body);
                    cx.pop();
                    cx.facts = saved;
                    out.push(Statement::For(scope, body));
                }
            }
        }
        out
    }
}
