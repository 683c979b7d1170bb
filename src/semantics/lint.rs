//! Warnings about programs that are right but probably not meant so. Called for each item, and once for the whole program.
use super::checker::{Checker, quoted};
use super::error;
use super::governance;
use super::hir::PolicyForm;
use super::scope::Cx;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Severity};
use crate::scalar::Type;
use crate::syntax::ast;

impl Checker<'_> {
    /// Warns of variables of an item that occur once.
    pub fn single_uses(&mut self, cx: &Cx) {
        if self.muted > 0 {
            return;
        }
        for (i, (var, info)) in cx.vars.iter().zip(&cx.info).enumerate() {
            if info.binder || info.uses > 1 || var.name.starts_with('_') || var.ty == Type::Error {
                continue;
            }
            let n = &*var.name;
            let others: Vec<&str> = cx
                .vars
                .iter()
                .enumerate()
                .filter(|(j, v)| *j != i && *v.name != *n && v.ty != Type::Error)
                .map(|(_, v)| &*v.name)
                .collect();
            let near = nearest(n, others.iter().copied());
            if info.reported && near.is_none() {
                continue;
            }
            let mut d = Diagnostic::warning(error::SINGLE_USE, format!("`{n}` occurs once"))
                .at(var.place, "bound here, and used nowhere");
            match near {
                Some(near) => {
                    d = d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), var.place, quoted(near))
                }
                None => d = d.help(format!("`_` stands for anything; `_{n}` says that it is meant so")),
            }
            d = d.suggest("say that it is meant so", var.place, quoted(&format!("_{n}")));
            self.report(d);
        }
    }
}

impl Checker<'_> {
    /// Warns of a title that reads like a message: nothing is replaced in it.
    pub fn plain_title(&mut self, item: &ast::Item, title: Option<&ast::Text>) {
        let Some(title) = title.filter(|_| self.muted == 0) else { return };
        let inside = title.value.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        let Some((inside, _)) = inside.filter(|(x, _)| x.starts_with(|c: char| c.is_alphabetic() || c == '_')) else { return };
        let help = match &item.kind {
            ast::ItemKind::Test(_) | ast::ItemKind::Prefer(_) => "a title stands as it is: say it in words".to_string(),
            _ => format!("in a message it is replaced: `message \"… {{{inside}}} …\"` behind the clause that binds it"),
        };
        let d = Diagnostic::warning(error::TITLE_BRACES, format!("`{{{inside}}}` is not replaced in a title"))
            .at(item.place(title.span), "shown as it is written")
            .help(help);
        self.report(d);
    }
}

/// Warnings that need the whole program.
pub fn program(c: &mut Checker) {
    // where a policy governs events and nothing ever permits, everything is forbidden
    let mut found = vec![];
    if c.program.default_permit.is_none() && !c.diagnostics.iter().any(Diagnostic::is_error) {
        let permits = c
            .program
            .policies
            .iter()
            .flat_map(|p| &p.clauses)
            .any(|x| matches!(x.form, PolicyForm::Effect(super::hir::Effect::Permit)));
        let decides = |p: &super::hir::Policy| {
            p.on.is_some()
                && p.clauses
                    .iter()
                    .any(|x| !matches!(x.form, PolicyForm::Effect(super::hir::Effect::Warn) | PolicyForm::Oblige(..)))
        };
        if !permits && let Some(p) = c.program.policies.iter().find(|p| decides(p)) {
            found.push(
                Diagnostic::new(
                    error::IDLE,
                    Severity::Info,
                    "no policy permits anything, so every event is forbidden or escalated",
                )
                .at(p.place, "decides, but never permits")
                .help("add `permit`, or `permit when …`, to a policy"),
            );
        }
    }
    if !c.diagnostics.iter().any(Diagnostic::is_error) {
        found.extend(governance::policies(c));
    }
    for d in found {
        c.report(d);
    }
}
