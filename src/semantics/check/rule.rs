//! Checks rules: heads first, which rules are functions, the types of value rules, then every clause. Called by program.
use super::binding::Callee;
use super::invariant::both;
use crate::base::{Diagnostic, Place};
use crate::scalar::{Op, Type};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{Clause, Combine, Expr, ExprKind, RuleForm, RuleId, Var, VarId};
use crate::semantics::resolve::{Def, ModuleId};
use crate::semantics::scope::{Cx, Site, What};
use crate::semantics::types;
use crate::syntax::ast;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One clause as written: its head, and what stands behind it.
#[derive(Clone)]
struct Written {
    module: ModuleId,
    item: ast::Item,
    params: Vec<ast::RuleParam>,
    value: Option<ast::Expr>,
    body: Option<ast::Expr>,
    place: Place,
}

impl Checker<'_> {
    /// The clauses of a rule as written, in order.
    fn written(&self, rule: RuleId) -> Vec<Written> {
        let Some(source) = self.rules.get(rule.0 as usize).cloned() else { return vec![] };
        let mut out = vec![];
        for i in source.items {
            let Some(item) = self.item(source.module, i) else { continue };
            let ast::ItemKind::Rule(r) = &item.kind else { continue };
            let params = r.params.clone();
            let one = |value, body, place| Written {
                module: source.module,
                item: item.clone(),
                params: params.clone(),
                value,
                body,
                place,
            };
            match &r.body {
                ast::RuleBody::If(b) => out.push(one(None, Some(b.clone()), item.place(item.span))),
                ast::RuleBody::Value { clauses, .. } => {
                    for c in clauses {
                        let place = if clauses.len() == 1 { item.place(item.span) } else { item.place(c.span) };
                        out.push(one(Some(c.value.clone()), c.condition.clone(), place));
                    }
                }
            }
        }
        out
    }

    /// The parameters and the form of a rule; clauses that do not go together are reported.
    pub fn rule_head(&mut self, rule: RuleId) {
        let Some(source) = self.rules.get(rule.0 as usize).cloned() else { return };
        let mut params: Vec<Type> = vec![];
        let mut first: Option<(ast::Item, usize, RuleForm)> = None;
        for i in &source.items {
            let Some(item) = self.item(source.module, *i) else { continue };
            let ast::ItemKind::Rule(r) = &item.kind else { continue };
            let form = match &r.body {
                ast::RuleBody::If(_) => RuleForm::Relation,
                ast::RuleBody::Value { fold, .. } => RuleForm::Value(
                    match fold.map(|(f, _)| f) {
                        None => Combine::One,
                        Some(ast::ValueFold::Min) => Combine::Min,
                        Some(ast::ValueFold::Max) => Combine::Max,
                        Some(ast::ValueFold::Any) => Combine::Any,
                        Some(ast::ValueFold::All) => Combine::All,
                    },
                    Type::Error,
                ),
            };
            match &first {
                None => {
                    let bound = self.bound_by(source.module, &item, r);
                    for p in &r.params {
                        params.push(match &p.ty {
                            Some(t) => self.type_expr(source.module, item.id, t),
                            None => self.guess_parameter(&item, r, p, &bound),
                        });
                    }
                    first = Some((item.clone(), r.params.len(), form));
                }
                Some((first_item, arity, first_form)) => {
                    let there = first_item.place(head_of(first_item));
                    let here = item.place(r.head);
                    let name = &r.name.text;
                    if r.params.len() != *arity {
                        let d = Diagnostic::error(
                            error::CLAUSES_DIFFER,
                            format!("this clause of `{name}` has {} parameters, and the first has {arity}", r.params.len()),
                        )
                        .at(here, "")
                        .also(there, "the first clause")
                        .help("clauses of one name are one rule; another number of parameters needs another name");
                        self.report(d);
                        continue;
                    }
                    if *first_form != form {
                        let d = Diagnostic::error(
                            error::CLAUSES_DIFFER,
                            format!("`{name}` is {} here, and {} in its first clause", form_name(&form), form_name(first_form)),
                        )
                        .at(here, "")
                        .also(there, "the first clause")
                        .help("clauses of one name are one rule: give this one another name");
                        self.report(d);
                        continue;
                    }
                    for (p, ty) in r.params.iter().zip(&params) {
                        if let Some(t) = &p.ty {
                            let mine = self.type_expr(source.module, item.id, t);
                            if mine != *ty && mine != Type::Error && *ty != Type::Error {
                                let (a, b) = (self.show(&mine), self.show(ty));
                                let d = Diagnostic::error(
                                    error::CLAUSES_DIFFER,
                                    format!("`{}` is {a} here, and {b} in the first clause of `{name}`", p.name.text),
                                )
                                .at(item.place(t.span), format!("this says {a}"))
                                .also(there, "the first clause")
                                .help("later clauses need no types");
                                self.report(d);
                            }
                        }
                    }
                }
            }
        }
        if let (Some(r), Some((_, _, form))) = (self.program.rules.get_mut(rule.0 as usize), first) {
            (r.params, r.form) = (params, form);
        }
    }

    /// The type of a parameter that has none: what the kinds in the body say, if they do.
    fn guess_parameter(&mut self, item: &ast::Item, r: &ast::Rule, p: &ast::RuleParam, bound: &[(Arc<str>, Type)]) -> Type {
        let found = bound
            .iter()
            .filter(|(n, _)| *n == p.name.text)
            .map(|(_, t)| t.clone())
            .reduce(|a, b| types::meet(&self.schema, &a, &b).unwrap_or(Type::Error));
        match found {
            Some(t) if t != Type::Error => t,
            _ => {
                let at = Place::new(item.id, crate::base::Span { start: p.name.span.end, end: p.name.span.end });
                let d = Diagnostic::error(error::UNTYPED_PARAMETER, format!("what is `{}`?", p.name.text))
                    .at(item.place(p.span), "its type is not known")
                    .also(item.place(r.head), "the first clause of a rule says the types of its parameters")
                    .help(format!("write `{}: Kind`, or a type of values", p.name.text))
                    .suggest("it is a node of any kind", at, ": Node");
                self.report(d);
                Type::Error
            }
        }
    }

    /// What arrows and `is` in the conjunction of a body say of names.
    fn bound_by(&self, module: ModuleId, item: &ast::Item, r: &ast::Rule) -> Vec<(Arc<str>, Type)> {
        let cx = Cx::new(module, item.id, Site::Rule);
        let mut out = vec![];
        let bodies: Vec<&ast::Expr> = match &r.body {
            ast::RuleBody::If(e) => vec![e],
            ast::RuleBody::Value { clauses, .. } => clauses.iter().take(1).filter_map(|c| c.condition.as_ref()).collect(),
        };
        for b in bodies {
            let conjuncts: Vec<&ast::Expr> = if let ast::ExprKind::And(xs) = &b.kind { xs.iter().collect() } else { vec![b] };
            for c in conjuncts {
                match &c.kind {
                    ast::ExprKind::Arrow(a) => {
                        let mut left = &*a.start;
                        for s in &a.steps {
                            let (f, t) = self.ends_of(&cx, &s.path);
                            let (l, r) = if s.backwards { (t, f) } else { (f, t) };
                            for (e, ty) in [(left, l), (&s.target, r)] {
                                if let ast::ExprKind::Name(n) = &e.kind
                                    && ty != Type::Error
                                {
                                    out.push((n.text.clone(), ty));
                                }
                            }
                            left = &s.target;
                        }
                    }
                    ast::ExprKind::Is { operand, kind } => {
                        if let (ast::ExprKind::Name(n), Some(t)) = (&operand.kind, self.quiet_kind(&cx, kind)) {
                            out.push((n.text.clone(), t));
                        }
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// Which rules are functions: those with a parameter of a value type that no clause body binds.
    ///
    /// A call of a function binds nothing, so that a rule may become one because another is: repeated until nothing changes.
    pub fn functions(&mut self) {
        let written: Vec<Vec<Written>> = (0..self.program.rules.len()).map(|i| self.written(RuleId(i as u32))).collect();
        loop {
            let mut changed = false;
            for (i, clauses) in written.iter().enumerate() {
                let Some(r) = self.program.rules.get(i) else { continue };
                if r.function {
                    continue;
                }
                let wanted: Vec<usize> = r
                    .params
                    .iter()
                    .enumerate()
                    .filter(|(_, t)| types::element(t.present()).is_none() && **t != Type::Error)
                    .map(|(i, _)| i)
                    .collect();
                if wanted.is_empty() {
                    continue;
                }
                let free = clauses.iter().any(|c| {
                    let bound = self.names_bound(c, &r.params);
                    wanted.iter().any(|p| c.params.get(*p).is_some_and(|p| !bound.contains(&p.name.text)))
                });
                if free && let Some(r) = self.program.rules.get_mut(i) {
                    (r.function, changed) = (true, true);
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// The names that a clause binds, as far as its form shows: of its parameters those of a kind, whichever clause says so.
    fn names_bound(&self, c: &Written, types: &[Type]) -> BTreeSet<Arc<str>> {
        let cx = Cx::new(c.module, c.item.id, Site::Rule);
        let of_kind = c.params.iter().zip(types).filter(|(_, t)| types::element(t.present()).is_some());
        let mut bound: BTreeSet<Arc<str>> = of_kind.map(|(p, _)| p.name.text.clone()).collect();
        if let Some(b) = &c.body {
            self.collect_bound(&cx, b, &mut bound);
        }
        if let Some(v) = &c.value {
            self.collect_value(&cx, v, &mut bound);
        }
        bound
    }

    fn collect_bound(&self, cx: &Cx, e: &ast::Expr, out: &mut BTreeSet<Arc<str>>) {
        let name = |e: &ast::Expr, out: &mut BTreeSet<Arc<str>>| {
            if let ast::ExprKind::Name(n) = &e.kind {
                out.insert(n.text.clone());
            }
        };
        match &e.kind {
            ast::ExprKind::And(xs) => {
                // atoms bind wherever they stand, `==` and `in` from left to right
                for x in xs.iter().filter(|x| !is_binding(x)).chain(xs.iter().filter(|x| is_binding(x))) {
                    self.collect_bound(cx, x, out);
                }
            }
            ast::ExprKind::Or(xs) => {
                let mut branches = xs.iter().map(|x| {
                    let mut b = out.clone();
                    self.collect_bound(cx, x, &mut b);
                    b
                });
                if let Some(first) = branches.next() {
                    let all = branches.fold(first, |a, b| a.intersection(&b).cloned().collect());
                    out.extend(all);
                }
            }
            ast::ExprKind::Arrow(a) => {
                name(&a.start, out);
                a.steps.iter().for_each(|s| name(&s.target, out));
            }
            ast::ExprKind::Is { operand, .. } => name(operand, out),
            ast::ExprKind::Earlier(x) => out.extend(x.events.iter().map(|b| b.name.text.clone())),
            ast::ExprKind::Binary { op: ast::BinaryOp::Eq | ast::BinaryOp::In, left, right, .. } => {
                self.collect_value(cx, left, out);
                self.collect_value(cx, right, out);
                // `x in a..b` of a parameter compares: a Float may lie between too
                let compares = matches!(right.kind, ast::ExprKind::Range { .. });
                if !compares && self.free_names(cx, right).iter().all(|n| out.contains(n)) {
                    name(left, out);
                }
            }
            ast::ExprKind::Call { .. } => self.collect_value(cx, e, out),
            ast::ExprKind::Binary { left, right, .. } => {
                self.collect_value(cx, left, out);
                self.collect_value(cx, right, out);
            }
            _ => {}
        }
    }

    /// The arguments of rules that are no functions are bound.
    fn collect_value(&self, cx: &Cx, e: &ast::Expr, out: &mut BTreeSet<Arc<str>>) {
        match &e.kind {
            ast::ExprKind::Call { callee, args } => {
                if let Callee::Def(Def::Rule(r)) = self.callee(cx, callee)
                    && self.program.rule(r).is_some_and(|r| !r.function)
                {
                    for a in args {
                        if let ast::ExprKind::Name(n) = &a.kind {
                            out.insert(n.text.clone());
                        }
                    }
                }
                args.iter().for_each(|a| self.collect_value(cx, a, out));
            }
            ast::ExprKind::Binary { op, left, right, .. } if !matches!(op, ast::BinaryOp::Implies | ast::BinaryOp::Coalesce) => {
                self.collect_value(cx, left, out);
                self.collect_value(cx, right, out);
            }
            ast::ExprKind::Neg(x) | ast::ExprKind::Attr { base: x, .. } | ast::ExprKind::Cast { operand: x, .. } => {
                self.collect_value(cx, x, out);
            }
            _ => {}
        }
    }

    /// The names in a value that would have to be bound before it is known (binders of its own scopes left out).
    fn free_names(&self, cx: &Cx, e: &ast::Expr) -> Vec<Arc<str>> {
        match &e.kind {
            ast::ExprKind::Name(n) if self.is_new(cx, &n.text) => vec![n.text.clone()],
            ast::ExprKind::Attr { base: x, .. }
            | ast::ExprKind::Neg(x)
            | ast::ExprKind::Not(x)
            | ast::ExprKind::Cast { operand: x, .. }
            | ast::ExprKind::Is { operand: x, .. }
            | ast::ExprKind::Has { operand: x, .. } => self.free_names(cx, x),
            ast::ExprKind::Index { base: a, index: b } | ast::ExprKind::Binary { left: a, right: b, .. } => {
                let mut names = self.free_names(cx, a);
                names.extend(self.free_names(cx, b));
                names
            }
            ast::ExprKind::Call { args: xs, .. } | ast::ExprKind::List(xs) => {
                xs.iter().flat_map(|x| self.free_names(cx, x)).collect()
            }
            ast::ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].iter().flat_map(|x| self.free_names(cx, x)).collect()
            }
            _ => vec![],
        }
    }

    /// Checks all clauses of a rule.
    pub fn rule(&mut self, rule: RuleId) {
        let Some(r) = self.program.rule(rule) else { return };
        let (params, form) = (r.params.clone(), r.form.clone());
        let mut clauses = vec![];
        for w in self.written(rule) {
            if w.params.len() != params.len() || w.value.is_some() != matches!(form, RuleForm::Value(..)) {
                continue;
            }
            clauses.push(self.clause(&w, &params, &form));
        }
        if let Some(r) = self.program.rules.get_mut(rule.0 as usize) {
            r.clauses = clauses;
        }
    }

    fn clause(&mut self, w: &Written, params: &[Type], form: &RuleForm) -> Clause {
        let mut cx = Cx::new(w.module, w.item.id, Site::Rule);
        cx.now = matches!(params.first(), Some(Type::Event(_)));
        let mut head = vec![];
        for (p, ty) in w.params.iter().zip(params) {
            let place = cx.at(p.name.span);
            if p.name.is_wildcard() {
                head.push(cx.declare_binder("_".into(), ty.clone(), place));
                continue;
            }
            let v = self.bind_name(&mut cx, &p.name, ty.clone());
            head.push(v.unwrap_or_else(|| cx.declare_binder(p.name.text.clone(), ty.clone(), place)));
        }
        cx.push(What::Clause);
        // the value's own value rules must match, so that they may bind too
        if let Some(v) = &w.value {
            self.bind_both(&mut cx, w.body.as_ref(), v);
        }
        let body = w.body.as_ref().map(|b| {
            let b = match &w.value {
                None => self.body(&mut cx, b, Pos::MATCHED),
                Some(_) => {
                    cx.conjunct = Some(b.span);
                    let e = self.formula(&mut cx, b, Pos::MATCHED);
                    cx.conjunct = None;
                    e
                }
            };
            self.assume(&mut cx, &b);
            b
        });
        let value = w.value.as_ref().map(|v| {
            let e = self.expr(&mut cx, v, Pos::MATCHED.inner());
            self.clause_value(&mut cx, e, form)
        });
        cx.pop();
        self.single_uses(&cx);
        // where the value of a clause is absent, the clause gives none
        let (value, body) = match value {
            Some(v) if v.ty.is_optional() => {
                let (place, ty) = (v.place, v.ty.clone());
                let id = VarId(cx.vars.len() as u32);
                cx.vars.push(Var { name: "_value".into(), ty: ty.clone(), place });
                let read = |ty: Type| Expr { kind: ExprKind::Var(id), ty, place };
                let none = self.none(place);
                let test = |op: Op, a: Expr, b: Expr| Expr { kind: ExprKind::Op(op, vec![a, b]), ty: Type::Bool, place };
                let there =
                    both(Some(Box::new(test(Op::Eq, read(ty.clone()), v))), Some(Box::new(test(Op::Ne, read(ty.clone()), none))));
                (Some(read(ty.present().clone())), both(body.map(Box::new), there).map(|b| *b))
            }
            v => (v, body),
        };
        Clause { vars: cx.vars, head, value, body, place: w.place }
    }

    fn bind_both(&mut self, cx: &mut Cx, body: Option<&ast::Expr>, value: &ast::Expr) {
        match body {
            Some(b) => {
                let both = ast::Expr { kind: ast::ExprKind::And(vec![b.clone(), value.clone()]), span: b.span };
                self.bind(cx, &both, true);
            }
            None => self.bind(cx, value, true),
        }
    }

    fn clause_value(&mut self, cx: &mut Cx, e: Expr, form: &RuleForm) -> Expr {
        let RuleForm::Value(combine, ty) = form else { return e };
        if e.ty == Type::None {
            return self.absent(cx, e, "the value of a clause");
        }
        let e = match combine {
            Combine::Any | Combine::All => return self.truth(cx, e),
            _ => e,
        };
        if matches!(combine, Combine::Min | Combine::Max) && !types::ordered(e.ty.present()) {
            let shown = self.show(&e.ty);
            let word = if *combine == Combine::Min { "min" } else { "max" };
            let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`{word}` needs values with an order, and {shown} has none"))
                .at(e.place, format!("this is {shown}"));
            self.report(d);
            return Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place };
        }
        if *ty == Type::Error {
            return e;
        }
        match types::join(&self.schema, ty, e.ty.present()) {
            Some(_) => self.widen_to(e, ty),
            None => {
                let (a, b) = (self.show(&e.ty), self.show(ty));
                let d = Diagnostic::error(error::CLAUSES_DIFFER, format!("this clause gives {a}, and another {b}"))
                    .at(e.place, format!("this is {a}"))
                    .help("all clauses of a value rule give values of one type");
                self.report(d);
                e
            }
        }
    }

    /// The type of a value rule's values, as its clauses say now; without reports.
    pub fn value_type(&mut self, rule: RuleId) -> Type {
        let Some(r) = self.program.rule(rule) else { return Type::Error };
        let (params, form) = (r.params.clone(), r.form.clone());
        let RuleForm::Value(combine, _) = form else { return Type::Error };
        if matches!(combine, Combine::Any | Combine::All) {
            return Type::Bool;
        }
        self.muted += 1;
        self.inferring = true;
        let mut ty: Option<Type> = None;
        for w in self.written(rule) {
            if w.params.len() != params.len() || w.value.is_none() {
                continue;
            }
            // without a type, so that nothing is converted to it
            let c = self.clause(&w, &params, &RuleForm::Value(combine, Type::Error));
            let Some(v) = c.value else { continue };
            if v.ty == Type::Error {
                continue;
            }
            let t = types::base(v.ty.present());
            ty = Some(match ty {
                None => t,
                Some(old) => types::join(&self.schema, &old, &t).unwrap_or(old),
            });
        }
        self.inferring = false;
        self.muted -= 1;
        ty.unwrap_or(Type::Error)
    }
}

fn is_binding(e: &ast::Expr) -> bool {
    matches!(&e.kind, ast::ExprKind::Binary { op: ast::BinaryOp::Eq | ast::BinaryOp::In, .. })
}

fn head_of(item: &ast::Item) -> crate::base::Span {
    match &item.kind {
        ast::ItemKind::Rule(r) => r.head,
        _ => item.span,
    }
}

fn form_name(f: &RuleForm) -> &'static str {
    match f {
        RuleForm::Relation => "a relation (`if …`)",
        RuleForm::Value(Combine::One, _) => "a value rule (`= …`)",
        RuleForm::Value(Combine::Min, _) => "a value rule with `min`",
        RuleForm::Value(Combine::Max, _) => "a value rule with `max`",
        RuleForm::Value(Combine::Any, _) => "a value rule with `any`",
        RuleForm::Value(Combine::All, _) => "a value rule with `all`",
    }
}
