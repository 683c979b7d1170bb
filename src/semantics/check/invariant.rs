//! Checks invariants. Called by program.
use crate::base::{Diagnostic, Place, Span};
use crate::scalar::{KindId, Kinds, Type};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::cycles;
use crate::semantics::error;
use crate::semantics::hir::{
    self, Demand, DemandForm, Domain, Expr, ExprKind, Invariant, InvariantId, Path, Relation, Scope, VarId, VerdictAtom,
};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{self, Cx, Site, What};
use crate::semantics::types;
use crate::semantics::walk;
use crate::syntax::ast;

impl Checker<'_> {
    /// `invariant name { … }`.
    pub fn invariant(&mut self, module: ModuleId, item: &ast::Item, x: &ast::Invariant, id: InvariantId) {
        let mut cx = Cx::new(module, item.id, Site::Invariant);
        cx.verdicts = true;
        let mut scope: Option<Scope> = None;
        let mut lets = vec![];
        let mut clauses = vec![];
        let mut repairs = vec![];
        let mut asked = None;
        for c in &x.clauses {
            match c {
                ast::InvariantClause::For(f) => {
                    if let Some(at) = asked {
                        let d = Diagnostic::error(error::MISPLACED_CLAUSE, "`for` stands before the demands")
                            .at(cx.at(f.span), "too late")
                            .also(at, "demanded before it is known of what");
                        self.report(d);
                    }
                    let s = self.scope(&mut cx, &f.scope.binders, f.scope.condition.as_deref());
                    let whole = scope.get_or_insert_with(Scope::default);
                    whole.binders.extend(s.binders);
                    whole.filter = both(whole.filter.take(), s.filter);
                }
                ast::InvariantClause::Let(l) => {
                    let value = self.value(&mut cx, &l.value);
                    let v = self.let_name(&mut cx, &l.name, value.ty.clone());
                    lets.push((v, value));
                }
                ast::InvariantClause::Demand(d) => {
                    asked.get_or_insert(cx.at(d.span));
                    let binders = binders_of(&cx, scope.as_ref());
                    clauses.push(self.demand(&mut cx, d, binders));
                }
                ast::InvariantClause::Repair(r) => {
                    cx.push(What::Clause);
                    let (edit, cost) = self.edit_with(&mut cx, &r.edit, |c, cx| {
                        r.cost.as_ref().map(|cost| {
                            let e = c.value(cx, cost);
                            let number = matches!(e.ty, Type::Int(_) | Type::Error);
                            if number { e } else { c.convert(cx, e, &Type::Float(None), "a cost") }
                        })
                    });
                    cx.pop();
                    repairs.extend(edit.map(|e| (e, cost)));
                }
            }
        }
        if clauses.is_empty() {
            let d = Diagnostic::warning(error::IDLE, format!("invariant `{}` demands nothing", x.name.text))
                .at(item.place(x.name.span), "")
                .help("add `never …` or `require …`");
            self.report(d);
        }
        self.single_uses(&cx);
        self.plain_title(item, x.title.as_ref());
        let Some(old) = self.program.invariants.get_mut(id.0 as usize) else { return };
        *old = Invariant {
            name: old.name.clone(),
            title: x.title.as_ref().map(|t| t.value.clone()),
            severity: Self::severity(x.severity.as_ref()),
            vars: cx.vars,
            scope,
            lets,
            clauses,
            repairs,
            place: item.place(item.span),
            doc: item.docs.clone(),
        };
    }

    /// Reports invariants that ask about themselves, by way of others or not.
    pub fn invariant_cycles(&mut self) {
        let asked: Vec<Vec<(usize, Place)>> = self
            .program
            .invariants
            .iter()
            .map(|i| {
                let mut out = vec![];
                let mut note = |e: &Expr| {
                    if let ExprKind::Verdict(v) = &e.kind
                        && let VerdictAtom::Holds(ids) | VerdictAtom::Breaks(ids, _) = &**v
                    {
                        out.extend(ids.iter().map(|j| (j.0 as usize, e.place)));
                    }
                };
                for s in i
                    .scope
                    .iter()
                    .chain(i.clauses.iter().filter_map(|c| if let DemandForm::Never(s) = &c.form { Some(s) } else { None }))
                {
                    walk::scope(s, &mut |e| walk::all(e, &mut note));
                }
                i.lets.iter().for_each(|(_, e)| walk::all(e, &mut note));
                for c in &i.clauses {
                    if let DemandForm::Require(e) = &c.form {
                        walk::all(e, &mut note);
                    }
                }
                out
            })
            .collect();
        let edges: Vec<Vec<usize>> = asked.iter().map(|a| a.iter().map(|(j, _)| *j).collect()).collect();
        for part in cycles::components(&edges) {
            let Some(&first) = part.first() else { continue };
            let ways = edges.get(first).into_iter().flatten().filter_map(|n| cycles::way(&edges, &part, *n, first));
            let Some(way) = ways.min_by_key(Vec::len) else { continue };
            let name = |i: usize| self.program.invariants.get(i).map_or("?".to_string(), |i| i.name.to_string());
            let mut d =
                Diagnostic::error(error::NOT_STRATIFIED, format!("whether `{}` holds depends on whether it holds", name(first)));
            let mut text = format!("`{}`", name(first));
            let mut at = first;
            for next in way {
                if let Some((_, place)) = asked.get(at).and_then(|a| a.iter().find(|(t, _)| *t == next)) {
                    let label = format!("`{}` asks about `{}`", name(at), name(next));
                    d = if at == first && d.labels.is_empty() { d.at(*place, label) } else { d.also(*place, label) };
                }
                text.push_str(&format!(" -> `{}`", name(next)));
                at = next;
            }
            let d = d.note(format!("the cycle: {text}"));
            self.report(d);
        }
    }

    fn demand(&mut self, cx: &mut Cx, d: &ast::Demand, mut binding: Vec<VarId>) -> Demand {
        let saved = cx.facts.clone();
        cx.push(What::Clause);
        let mut message = None;
        let form = match &d.kind {
            ast::DemandKind::Never(f) => {
                let e = self.body(cx, f, Pos::MATCHED);
                let own = cx.frame_vars();
                own.iter().for_each(|v| cx.info(*v).into_iter().for_each(|i| i.reported = true));
                binding.extend(own);
                self.assume(cx, &e);
                message = d.message.as_ref().map(|m| self.message(cx, m));
                cx.pop();
                DemandForm::Never(Scope { binders: vec![], filter: Some(Box::new(e)) })
            }
            ast::DemandKind::NeverAny(s) => {
                let s = self.scope(cx, &s.binders, s.condition.as_deref());
                binding.extend(binders_of(cx, Some(&s)));
                message = d.message.as_ref().map(|m| self.message(cx, m));
                cx.pop();
                DemandForm::Never(s)
            }
            ast::DemandKind::Require(f) => {
                cx.whole = Some(f.span);
                let e = self.body(cx, f, Pos::FORMULA);
                cx.whole = None;
                // where it fails its own variables have no values
                cx.pop();
                cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(&e, false));
                DemandForm::Require(e)
            }
        };
        if message.is_none() {
            message = d.message.as_ref().map(|m| self.message(cx, m));
        }
        cx.facts = saved;
        let mut kinds = vec![];
        match &form {
            DemandForm::Never(s) => kinds_of_scope(s, &cx.any_paths, &mut kinds),
            DemandForm::Require(e) => kinds_of(e, &cx.any_paths, &mut kinds),
        }
        kinds.sort();
        kinds.dedup();
        Demand { form, binding, kinds, message, place: cx.at(d.span) }
    }

    /// Declares the name of a `let`.
    pub fn let_name(&mut self, cx: &mut Cx, name: &ast::Name, ty: Type) -> VarId {
        let before = self.diagnostics.len();
        let v = self.bind_name(cx, name, ty.clone()).unwrap_or_else(|| cx.declare_binder("_".into(), ty, cx.at(name.span)));
        if self.muted == 0
            && let Some(d) = self.diagnostics.get_mut(before)
        {
            d.severity = crate::base::Severity::Error;
            d.code = error::DUPLICATE_NAME;
            d.title = format!("`{}` is bound twice", name.text);
        }
        if let Some(i) = cx.info(v) {
            (i.binder, i.uses) = (name.is_wildcard(), 1);
        }
        v
    }
}

/// The variables of a scope's binders that have a name.
pub fn binders_of(cx: &Cx, scope: Option<&Scope>) -> Vec<VarId> {
    let all = scope.into_iter().flat_map(|s| &s.binders).flat_map(|b| b.key.into_iter().chain(b.var));
    all.filter(|v| cx.var(*v).is_some_and(|v| &*v.name != "_")).collect()
}

/// Both conditions.
pub fn both(a: Option<Box<Expr>>, b: Option<Box<Expr>>) -> Option<Box<Expr>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let place = a.place;
            let mut all = vec![];
            for x in [*a, *b] {
                match x.kind {
                    ExprKind::And(xs) => all.extend(xs),
                    _ => all.push(x),
                }
            }
            Some(Box::new(Expr { kind: ExprKind::And(all), ty: Type::Bool, place }))
        }
        (a, b) => a.or(b),
    }
}

fn kinds_of_scope(s: &Scope, any: &[Span], out: &mut Vec<KindId>) {
    for b in &s.binders {
        match &b.domain {
            Domain::Kind(t) => kinds_of_type(t, out),
            Domain::Range(e) => kinds_of(e, any, out),
        }
    }
    if let Some(f) = &s.filter {
        kinds_of(f, any, out);
    }
}

fn kinds_of_type(t: &Type, out: &mut Vec<KindId>) {
    if let Some((_, Kinds::Of(list))) = types::element(t) {
        out.extend(list.iter().copied());
    }
}

/// The kinds named in a formula's own text.
fn kinds_of(e: &Expr, any: &[Span], out: &mut Vec<KindId>) {
    walk::all(e, &mut |x| {
        match &x.kind {
            ExprKind::Is(_, t) => kinds_of_type(t, out),
            ExprKind::Lookup(k, _) => out.push(*k),
            // `_` names no kind
            ExprKind::Path(_) if any.iter().any(|s| s.start >= x.place.span.start && s.end <= x.place.span.end) => {}
            ExprKind::Path(p) => kinds_of_path(&p.path, out),
            _ => {}
        }
        for b in walk::own_binders(x) {
            if let hir::Binder { domain: Domain::Kind(t), .. } = b {
                kinds_of_type(t, out);
            }
        }
    });
}

fn kinds_of_path(p: &Path, out: &mut Vec<KindId>) {
    match p {
        Path::Step(rs) => {
            for r in rs {
                if let Relation::Edge(k) = r {
                    out.push(*k);
                }
            }
        }
        Path::Sequence(ps) | Path::Either(ps) => ps.iter().for_each(|p| kinds_of_path(p, out)),
        Path::Repeat(p, ..) => kinds_of_path(p, out),
    }
}
