//! Checks policies and preferences. Called by program.
use crate::base::{Diagnostic, Place, Span};
use crate::scalar::{Kinds, Type, Value};
use crate::semantics::checker::{Checker, Pos, quoted};
use crate::semantics::error;
use crate::semantics::hir::{self, ExprKind, Policy, PolicyClause, PolicyForm, PolicyId, Prefer, Scope};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{self, Cx, Site, What};
use crate::structure::schema::AttrId;
use crate::syntax::ast;
use std::sync::Arc;

impl Checker<'_> {
    /// `policy name { … }`.
    pub fn policy(&mut self, module: ModuleId, item: &ast::Item, x: &ast::Policy, id: PolicyId) {
        let mut cx = Cx::new(module, item.id, Site::Policy);
        let mut on: Option<Scope> = None;
        let mut placed: Option<Place> = None;
        let mut event: Option<(hir::VarId, Type)> = None;
        let mut lets = vec![];
        let mut clauses = vec![];
        for c in &x.clauses {
            match c {
                ast::PolicyClause::On(o) => {
                    if let Some(there) = placed {
                        let d = Diagnostic::error(error::MISPLACED_CLAUSE, "a policy has one `on`")
                            .at(cx.at(o.span), "a second one")
                            .also(there, "the first")
                            .help("write another policy");
                        self.report(d);
                        continue;
                    }
                    if !clauses.is_empty() || !lets.is_empty() {
                        let d = Diagnostic::error(error::MISPLACED_CLAUSE, "`on` stands first: it says what the policy is about")
                            .at(cx.at(o.span), "too late");
                        self.report(d);
                    }
                    placed = Some(cx.at(o.span));
                    match &o.kind {
                        ast::OnKind::Candidate => {
                            cx.site = Site::Candidates;
                            cx.verdicts = true;
                        }
                        ast::OnKind::Event { event: e, condition } => {
                            cx.now = true;
                            event = self.on_event(&mut cx, e, condition.as_ref(), &mut on);
                        }
                    }
                }
                ast::PolicyClause::Let(l) => {
                    let value = self.value(&mut cx, &l.value);
                    let v = self.let_name(&mut cx, &l.name, value.ty.clone());
                    lets.push((v, value));
                }
                ast::PolicyClause::Effect(e) => clauses.extend(self.effect(&mut cx, e, event.as_ref())),
            }
        }
        if placed.is_none() {
            let d = Diagnostic::error(error::MISPLACED_CLAUSE, format!("policy `{}` does not say what it is about", x.name.text))
                .at(item.place(x.name.span), "")
                .help("add `on c: Kind`, or `on candidate`");
            self.report(d);
        }
        if clauses.is_empty() {
            let d = Diagnostic::warning(error::IDLE, format!("policy `{}` does nothing", x.name.text))
                .at(item.place(x.name.span), "");
            self.report(d);
        }
        self.single_uses(&cx);
        let Some(old) = self.program.policies.get_mut(id.0 as usize) else { return };
        *old = Policy {
            name: old.name.clone(),
            title: x.title.as_ref().map(|t| t.value.clone()),
            severity: Self::severity(x.severity.as_ref()),
            vars: cx.vars,
            on,
            lets,
            clauses,
            place: item.place(item.span),
        };
    }

    fn on_event(
        &mut self,
        cx: &mut Cx,
        e: &ast::ElementBinder,
        condition: Option<&ast::Expr>,
        on: &mut Option<Scope>,
    ) -> Option<(hir::VarId, Type)> {
        for s in e.window.as_ref().map(|w| w.span).into_iter().chain(e.last.map(|(_, s)| s)) {
            let d = Diagnostic::error(error::BAD_WINDOW, "`on` is about the event that is being decided, so it takes no window")
                .at(cx.at(s), "cannot stand here");
            self.report(d);
        }
        let ty = self.kind_type(cx, &e.kind);
        if !matches!(ty, Type::Event(_) | Type::Error) {
            let shown = self.show(&ty);
            let d = Diagnostic::error(error::WRONG_SORT, format!("a policy governs events, and {shown} is no event kind"))
                .at(cx.at(e.kind.span), "an event kind is needed here")
                .help("what must hold of nodes and edges is an invariant");
            self.report(d);
        }
        let var = match self.bind_name(cx, &e.name, ty.clone()) {
            Some(v) => v,
            None => cx.declare_binder("_".into(), ty.clone(), cx.at(e.name.span)),
        };
        let binder =
            hir::Binder { domain: hir::Domain::Kind(ty.clone()), key: None, var: Some(var), window: None, place: cx.at(e.span) };
        let insert = None;
        let filter = condition.map(|c| Box::new(self.filter(cx, c, insert)));
        *on = Some(Scope { binders: vec![binder], filter });
        Some((var, ty))
    }

    fn effect(&mut self, cx: &mut Cx, e: &ast::EffectClause, event: Option<&(hir::VarId, Type)>) -> Option<PolicyClause> {
        let word = self.text(cx.at(e.word));
        let saved = cx.facts.clone();
        cx.push(What::Clause);
        let when = e.when.as_ref().map(|f| self.body(cx, f, Pos::MATCHED));
        if let Some(w) = &when {
            self.assume(cx, w);
        }
        cx.push(What::Clause);
        let unless = e.unless.as_ref().map(|f| self.body(cx, f, Pos::MATCHED));
        if let Some(u) = &unless {
            cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(u, false));
        }
        if let Some((_, Type::Event(Kinds::Of(kinds)))) = event {
            let observed =
                kinds.iter().filter_map(|k| self.schema.kind(*k)).find(|k| k.observed).map(|k| (k.name.clone(), k.place));
            if let Some((name, there)) = observed
                && !matches!(e.effect, ast::Effect::Warn | ast::Effect::Oblige(_))
            {
                let d = Diagnostic::error(
                    error::OBSERVED_EFFECT,
                    format!("`{name}` is observed: it has happened when dbm hears of it"),
                )
                .at(cx.at(e.word), format!("so nothing can `{word}` it"))
                .also(there, "declared `observed` here")
                .help("a policy on an observed event may only `warn` and `oblige`")
                .suggest("warn of it", cx.at(e.word), "warn");
                self.report(d);
            }
        }
        let form = match &e.effect {
            ast::Effect::Permit => Some(PolicyForm::Effect(hir::Effect::Permit)),
            ast::Effect::Forbid => Some(PolicyForm::Effect(hir::Effect::Forbid)),
            ast::Effect::Warn => Some(PolicyForm::Effect(hir::Effect::Warn)),
            ast::Effect::Escalate(to) => self.written_text(cx, to, "to whom it is escalated").map(PolicyForm::Escalate),
            ast::Effect::Rewrite { element, path, value } => self.rewrite(cx, element, path, value, event, e.word),
            ast::Effect::Oblige(o) => {
                if event.is_none() {
                    self.only_events(cx, e.word, &word);
                }
                self.oblige(cx, o)
            }
        };
        // a message sees what `when` and `unless` bind, an `earlier` of either too
        let message = e.message.as_ref().map(|m| self.message(cx, m));
        cx.pop();
        cx.pop();
        cx.facts = saved;
        Some(PolicyClause { form: form?, when, unless, message, place: cx.at(e.span) })
    }

    fn only_events(&mut self, cx: &Cx, span: Span, word: &str) {
        let d = Diagnostic::error(error::MISPLACED_CLAUSE, format!("`{word}` is for policies on events"))
            .at(cx.at(span), "a candidate is no event");
        self.report(d);
    }

    fn written_text(&mut self, cx: &mut Cx, e: &ast::Expr, what: &str) -> Option<Arc<str>> {
        let x = self.value(cx, e);
        let x = self.convert(cx, x, &Type::Text, what);
        match x.kind {
            ExprKind::Const(Value::Text(t)) => Some(t),
            ExprKind::Error => None,
            _ => {
                let d = Diagnostic::error(error::CONSTANT_NEEDED, format!("{what} is a text that is written out"))
                    .at(x.place, "not known before the program runs");
                self.report(d);
                None
            }
        }
    }

    fn rewrite(
        &mut self,
        cx: &mut Cx,
        element: &ast::Expr,
        path: &[ast::Name],
        value: &ast::Expr,
        event: Option<&(hir::VarId, Type)>,
        word: Span,
    ) -> Option<PolicyForm> {
        let of = self.value(cx, element);
        let value = self.value(cx, value);
        let Some((var, _)) = event else {
            if cx.site == Site::Candidates {
                self.only_events(cx, word, "rewrite");
            }
            return None;
        };
        if of.ty == Type::Error {
            return None;
        }
        if !matches!(of.kind, ExprKind::Var(v) if v == *var) {
            let name = cx.var(*var).map(|v| v.name.to_string()).unwrap_or_default();
            let d = Diagnostic::error(error::BAD_EDIT, "only the event that is being decided can be rewritten")
                .at(of.place, "this is another")
                .help(format!("write `rewrite {}.… = …`", quoted(&name)));
            self.report(d);
            return None;
        }
        let (first, rest) = path.split_first()?;
        let read = self.attribute_of(cx, of, first, Span { start: element.span.start, end: first.span.end });
        let attr: AttrId = match &read.kind {
            ExprKind::Attr(_, a) => *a,
            ExprKind::Error => return None,
            _ => {
                let d = Diagnostic::error(error::BAD_EDIT, format!("`{}` cannot be rewritten", first.text))
                    .at(cx.at(first.span), "only declared attributes can");
                self.report(d);
                return None;
            }
        };
        let ty = self.schema.attr(attr).map_or(Type::Error, |a| a.ty.clone());
        if rest.is_empty() {
            let value = self.conform(cx, value, attr);
            return Some(PolicyForm::Rewrite(attr, vec![], value));
        }
        let keys = self.json_path(cx, &ty, first, rest)?;
        let value = self.convert(cx, value, &Type::Json.optional(), "what is written into a Json");
        Some(PolicyForm::Rewrite(attr, keys, value))
    }

    fn oblige(&mut self, cx: &mut Cx, o: &ast::Oblige) -> Option<PolicyForm> {
        let e = &o.event;
        let ty = self.kind_type(cx, &e.kind);
        if !matches!(ty, Type::Event(_) | Type::Error) {
            let shown = self.show(&ty);
            let d =
                Diagnostic::error(error::WRONG_SORT, format!("an obligation is met by an event, and {shown} is no event kind"))
                    .at(cx.at(e.kind.span), "an event kind is needed here");
            self.report(d);
        }
        if let Some((_, s)) = e.last {
            let d = Diagnostic::error(error::BAD_WINDOW, "an obligation looks ahead, so it takes no `last`")
                .at(cx.at(s), "cannot stand here");
            self.report(d);
        }
        let within = match e.window.as_ref() {
            Some(ast::Window { kind: ast::WindowKind::Within(d), .. }) => self.duration(cx, d),
            Some(w) => {
                let d = Diagnostic::error(error::BAD_WINDOW, "an obligation has a deadline: `within D`")
                    .at(cx.at(w.span), "cannot stand here");
                self.report(d);
                None
            }
            None => {
                let d = Diagnostic::error(error::BAD_WINDOW, "by when?")
                    .at(cx.at(e.span), "an obligation has a deadline")
                    .help("add `within 1h` behind the kind")
                    .suggest("an hour", Self::behind(cx, e.kind.span), " within 1h");
                self.report(d);
                None
            }
        };
        cx.push(What::Binders);
        let var = self.bind_name(cx, &e.name, ty.clone());
        let binder = hir::Binder { domain: hir::Domain::Kind(ty), key: None, var, window: None, place: cx.at(e.span) };
        let filter = o.condition.as_ref().map(|c| Box::new(self.filter(cx, c, None)));
        cx.pop();
        let otherwise = match &o.otherwise {
            Some(t) => Some(self.written_text(cx, t, "to whom it is escalated")?),
            None => None,
        };
        Some(PolicyForm::Oblige(Scope { binders: vec![binder], filter }, within?, otherwise))
    }

    /// `prefer name weight w = e`.
    pub fn prefer(&mut self, module: ModuleId, item: &ast::Item, x: &ast::Prefer, name: Arc<str>) {
        let mut cx = Cx::new(module, item.id, Site::Prefer);
        let weight = match &x.weight {
            None => 1.0,
            Some(w) => match self.constant_of(module, item.id, w, &Type::Float(None), "a weight") {
                Some(Value::Float(f)) => f.get(),
                Some(Value::Int(i)) => i as f64,
                _ => 1.0,
            },
        };
        let value = self.value(&mut cx, &x.value);
        let value = match value.ty {
            Type::Int(_) | Type::Float(_) | Type::Error => value,
            _ => self.convert(&mut cx, value, &Type::Float(None), "a preference"),
        };
        let value = self.widen_to(value, &Type::Float(None));
        self.single_uses(&cx);
        self.program.prefers.push(Prefer { name, weight, vars: cx.vars, value, place: item.place(item.span) });
    }
}
