//! Checks interventions. Called by program.
use crate::base::{Diagnostic, Place, Span};
use crate::scalar::{Kinds, Type};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{self, EditKind, ExprKind, Intervention};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{self, Cx, Site, What};
use crate::semantics::types;
use crate::syntax::ast::{self, InterventionClause};
use std::sync::Arc;

impl Checker<'_> {
    /// `intervention name { … }`.
    pub fn intervention(&mut self, module: ModuleId, item: &ast::Item, x: &ast::Intervention, name: Arc<str>) {
        let mut cx = Cx::new(module, item.id, Site::Intervention);
        let mut out = Intervention {
            name,
            title: x.title.as_ref().map(|t| t.value.clone()),
            severity: Self::severity(x.severity.as_ref()),
            vars: vec![],
            scopes: vec![],
            given: vec![],
            lets_before: vec![],
            edits: vec![],
            against: vec![],
            lets: vec![],
            expects: vec![],
            samples: None,
            place: item.place(item.span),
        };
        let mut first_do: Option<Place> = None;
        let (mut samples, mut seed): (Option<(u64, Span)>, Option<(u64, Span)>) = (None, None);
        for c in &x.clauses {
            match c {
                InterventionClause::For(f) => {
                    if let Some(at) = first_do {
                        let d =
                            Diagnostic::error(error::MISPLACED_CLAUSE, "the `for`s that make worlds stand before the first `do`")
                                .at(cx.at(f.scope.span), "too late")
                                .also(at, "the first `do`")
                                .help("a `for` of one edit stands behind it: `do remove h for h: Host`");
                        self.report(d);
                    }
                    let s = self.scope(&mut cx, &f.scope.scope.binders, f.scope.scope.condition.as_deref());
                    let vars: Vec<hir::VarId> = s.binders.iter().flat_map(|b| b.key.into_iter().chain(b.var)).collect();
                    for v in &vars {
                        if let Some(i) = cx.info(*v) {
                            i.before = true;
                        }
                    }
                    let any = f.any.and_then(|(k, span)| {
                        let one = matches!(s.binders.as_slice(), [hir::Binder { domain: hir::Domain::Kind(_), .. }]);
                        if !one {
                            let d = Diagnostic::error(error::MISPLACED_CLAUSE, "`for any` has one binder over a kind")
                                .at(cx.at(f.scope.span), "")
                                .help("write `for any 2 h: Host where …`");
                            self.report(d);
                            return None;
                        }
                        match u32::try_from(k) {
                            Ok(k) if k > 0 => Some(k),
                            _ => {
                                let d = Diagnostic::error(error::OUT_OF_BOUNDS, "`for any` takes at least one at a time")
                                    .at(cx.at(span), "");
                                self.report(d);
                                None
                            }
                        }
                    });
                    if any.is_some() {
                        cx.lists.extend(vars);
                    }
                    out.scopes.push((any, s));
                }
                InterventionClause::Given(e, _) => {
                    cx.push(What::Clause);
                    let g = self.body(&mut cx, e, Pos::FORMULA);
                    cx.pop();
                    cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(&g, true));
                    out.given.push(g);
                }
                InterventionClause::Let(l) => {
                    cx.as_lists = true;
                    let value = self.value(&mut cx, &l.value);
                    cx.as_lists = false;
                    let v = self.let_name(&mut cx, &l.name, value.ty.clone());
                    if first_do.is_some() {
                        out.lets.push((v, value));
                    } else {
                        out.lets_before.push((v, value));
                    }
                }
                InterventionClause::Do(e) => {
                    first_do.get_or_insert(cx.at(e.span));
                    out.edits.extend(self.edit(&mut cx, e));
                }
                InterventionClause::Against(e) => out.against.extend(self.edit(&mut cx, e)),
                InterventionClause::Expect(_) => {}
                InterventionClause::Samples(n, s) => samples = self.once(&cx, samples, *n, *s, "samples"),
                InterventionClause::Seed(n, s) => seed = self.once(&cx, seed, *n, *s, "seed"),
            }
        }
        self.conflicts(&out.edits);
        // what need not be in the world before: known only when all edits are
        let (added, removed) = (self.touched(&out.edits).0, self.touched(&out.against).1);
        cx.added = added;
        cx.taken = removed;
        cx.as_lists = true;
        cx.verdicts = true;
        for c in &x.clauses {
            let InterventionClause::Expect(e) = c else { continue };
            let saved = cx.facts.clone();
            cx.before = true;
            cx.push(What::Clause);
            let f = self.body(&mut cx, &e.formula, Pos::FORMULA);
            cx.pop();
            cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(&f, false));
            let m = e.message.as_ref().map(|m| self.message(&mut cx, m));
            cx.before = false;
            cx.facts = saved;
            out.expects.push((f, m));
        }
        // a `let` behind the first `do` was read in the world itself, and is the same value wherever it is named
        let read: Vec<hir::VarId> = out.lets.iter().map(|l| l.0).collect();
        for (e, m) in &out.expects {
            for e in std::iter::once(e).chain(m) {
                self.was_read(&cx, e, &read, false);
            }
        }
        if out.expects.is_empty() {
            let d = Diagnostic::warning(error::IDLE, format!("intervention `{}` expects nothing", x.name.text))
                .at(item.place(x.name.span), "")
                .help("add `expect holds …`, or any formula");
            self.report(d);
        }
        if let (Some((_, s)), None) = (seed, samples) {
            let d = Diagnostic::warning(error::IDLE, "`seed` without `samples`").at(cx.at(s), "nothing is drawn");
            self.report(d);
        }
        out.samples = samples.map(|(n, _)| (n, seed.map_or(0, |s| s.0)));
        self.single_uses(&cx);
        out.vars = cx.vars;
        self.program.interventions.push(out);
    }

    /// Refuses `was(n)` of a `let` that was read in the world that is asked.
    fn was_read(&mut self, cx: &Cx, e: &hir::Expr, read: &[hir::VarId], past: bool) {
        if let (ExprKind::Var(v), true) = (&e.kind, past)
            && read.contains(v)
        {
            let name = cx.vars.get(v.0 as usize).map_or("?".into(), |v| v.name.clone());
            let d = Diagnostic::error(error::NO_WORLD_BEFORE, format!("`{name}` is a value that was read in this world already"))
                .at(e.place, "the same in the world before")
                .help("ask for what the `let` stands for: `was(count(…))`");
            self.report(d);
        }
        let past = past || matches!(e.kind, ExprKind::Was(_));
        crate::semantics::walk::parts(e, &mut |p| self.was_read(cx, p, read, past));
    }

    fn once(&mut self, cx: &Cx, old: Option<(u64, Span)>, n: i64, span: Span, word: &str) -> Option<(u64, Span)> {
        if let Some((_, there)) = old {
            let d = Diagnostic::error(error::MISPLACED_CLAUSE, format!("`{word}` stands twice"))
                .at(cx.at(span), "again here")
                .also(cx.at(there), "first here");
            self.report(d);
        }
        match u64::try_from(n) {
            Ok(n) if n > 0 || word == "seed" => Some((n, span)),
            _ => {
                let d = Diagnostic::error(error::OUT_OF_BOUNDS, format!("`{word}` is a number above 0")).at(cx.at(span), "");
                self.report(d);
                old
            }
        }
    }

    /// The types of what edits add, and of what they remove.
    fn touched(&self, edits: &[hir::Edit]) -> (Vec<Type>, Vec<Type>) {
        let (mut added, mut removed) = (vec![], vec![]);
        for e in edits {
            match &e.kind {
                EditKind::AddNode { kind, .. } | EditKind::AddEdge { kind, .. } | EditKind::AddEvent { kind, .. } => {
                    added.push(types::of_kind(&self.schema, *kind));
                }
                EditKind::Remove(x) => {
                    removed.push(x.ty.clone());
                    if let Type::Node(_) = x.ty {
                        // its edges go with it
                        removed.push(Type::Edge(Kinds::Any));
                    }
                }
                EditKind::Set { .. } => {}
            }
        }
        (added, removed)
    }

    /// Edits of one world that can be seen to conflict: two values for one attribute, setting what is removed.
    pub fn conflicts(&mut self, edits: &[hir::Edit]) {
        let key = |e: &hir::Expr| scope::key(e);
        for (i, a) in edits.iter().enumerate() {
            for b in edits.iter().skip(i + 1) {
                if a.scope.is_some() || b.scope.is_some() {
                    continue;
                }
                let both = match (&a.kind, &b.kind) {
                    (
                        EditKind::Set { of: x, attr: p, path: s, value: v },
                        EditKind::Set { of: y, attr: q, path: t, value: w },
                    ) => {
                        let same_way =
                            p == q && s.len() == t.len() && s.iter().zip(t).all(|(a, b)| key(a) == key(b) && key(a).is_some());
                        let constants = match (&v.kind, &w.kind) {
                            (ExprKind::Const(v), ExprKind::Const(w)) => v != w,
                            _ => false,
                        };
                        (same_way && constants && key(x).is_some() && key(x) == key(y)).then_some("two values for one attribute")
                    }
                    (EditKind::Remove(x), EditKind::Set { of: y, .. }) | (EditKind::Set { of: y, .. }, EditKind::Remove(x)) => {
                        (key(x).is_some() && key(x) == key(y)).then_some("what is removed cannot be set")
                    }
                    _ => None,
                };
                if let Some(title) = both {
                    let d = Diagnostic::error(error::BAD_EDIT, format!("these two edits conflict: {title}"))
                        .at(b.place, "this one")
                        .also(a.place, "and this one")
                        .help("the edits of a world act together, and their order means nothing");
                    self.report(d);
                }
            }
        }
    }
}
