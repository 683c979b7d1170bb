//! What a formula binds, found before it is checked: new variables of its atoms, arrows, `is` and bindings by `==` and `in`. Used wherever a
//! scope for formulas opens.
use crate::base::{Diagnostic, Place};
use crate::scalar::{Kinds, Type};
use crate::semantics::checker::{Bind, Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{Expr, RuleForm, RuleId};
use crate::semantics::resolve::Def;
use crate::semantics::scope::{self, Cx, What};
use crate::semantics::types;
use crate::structure::schema::Sort;
use crate::syntax::ast;
use std::sync::Arc;

/// A new variable, where it stands, and its type if what binds it says so (`==` and `in` do not, before they are checked).
pub struct Found {
    name: Arc<str>,
    place: Place,
    ty: Option<Type>,
}

/// What a callee stands for.
pub enum Callee {
    /// Something declared.
    Def(Def),
    /// A bare name that is not declared: a built-in, a function of the host, or a mistake.
    Bare(ast::Name),
    /// `x.f(…)` of something that is no module.
    Method(ast::Expr, ast::Name),
    /// A name that a module does not have.
    NoMember(String, ast::Name),
    /// Reported already.
    Poisoned,
    /// Not a name.
    Other,
}

impl Checker<'_> {
    /// Checks a formula that has a scope of its own in the innermost frame.
    pub fn body(&mut self, cx: &mut Cx, e: &ast::Expr, pos: Pos) -> Expr {
        let later = cx.later.len();
        if !cx.closed {
            self.bind(cx, e, pos.matched);
        }
        let conjunct = cx.conjunct.replace(e.span);
        let checked = self.formula(cx, e, pos);
        cx.conjunct = conjunct;
        cx.later.truncate(later);
        checked
    }

    /// Declares what a formula binds in the innermost frame.
    pub fn bind(&mut self, cx: &mut Cx, e: &ast::Expr, matched: bool) {
        let mut found = vec![];
        self.gather(cx, e, matched, &mut found);
        let mut done: Vec<Arc<str>> = vec![];
        for f in &found {
            if done.contains(&f.name) {
                continue;
            }
            done.push(f.name.clone());
            let mut ty: Option<Type> = None;
            let mut open = false;
            let mut first = f.place;
            for g in found.iter().filter(|g| g.name == f.name) {
                let Some(other) = &g.ty else { continue };
                if *other == Type::None {
                    open = true;
                    continue;
                }
                match &ty {
                    None => (ty, first) = (Some(other.clone()), g.place),
                    Some(t) => match types::meet(&self.schema, t, other) {
                        Some(m) => ty = Some(m),
                        None => {
                            let (a, b) = (self.show(t), self.show(other));
                            let d = Diagnostic::error(error::NEVER_FITS, format!("`{}` cannot be {a} and {b}", f.name))
                                .at(g.place, format!("here it is {b}"))
                                .also(first, format!("here it is {a}"))
                                .help("nothing is both, so this can never be true: use two variables, or another relation");
                            self.report(d);
                            ty = Some(Type::Error);
                        }
                    },
                }
            }
            match ty.or(open.then_some(Type::Error)) {
                Some(t) => {
                    let open = open && t == Type::Error;
                    let id = cx.declare(f.name.clone(), t, f.place);
                    if let Some(i) = cx.info(id) {
                        (i.pending, i.open) = (true, open);
                    }
                }
                None => cx.later.push((f.name.to_string(), f.place)),
            }
        }
    }

    /// Opens a frame for a branch of an `or`.
    pub fn branch(&mut self, cx: &mut Cx, e: &ast::Expr, matched: bool) {
        cx.push(What::Branch);
        if !cx.closed {
            self.bind(cx, e, matched);
        }
    }

    /// What every branch of an `or` binds by `==` or `in` alone gets the type `None`: its own comes when the first branch is checked.
    fn gather(&self, cx: &Cx, e: &ast::Expr, matched: bool, out: &mut Vec<Found>) {
        match &e.kind {
            ast::ExprKind::And(xs) => xs.iter().for_each(|x| self.gather(cx, x, matched, out)),
            ast::ExprKind::Or(xs) => {
                let mut branches = xs.iter().map(|x| {
                    let mut found = vec![];
                    self.gather(cx, x, false, &mut found);
                    found
                });
                let Some(mut common) = branches.next() else { return };
                for branch in branches {
                    common.retain_mut(|f| {
                        let Some(other) = branch.iter().find(|g| g.name == f.name) else { return false };
                        // what one branch binds by `==` gets its type from another, or when the first is checked
                        f.ty = match (f.ty.take(), &other.ty) {
                            (Some(a), Some(b)) => Some(types::join(&self.schema, &a, b).unwrap_or(Type::Error)),
                            (a, b) => a.or_else(|| b.clone()),
                        };
                        true
                    });
                }
                for f in &mut common {
                    f.ty.get_or_insert(Type::None);
                }
                out.extend(common);
            }
            ast::ExprKind::Arrow(a) => {
                let mut left = &*a.start;
                for step in &a.steps {
                    let (from, to) = self.ends_of(cx, &step.path);
                    let (l, r) = if step.backwards { (to, from) } else { (from, to) };
                    self.gather_name(cx, left, Some(l), out);
                    self.gather_name(cx, &step.target, Some(r), out);
                    self.gather_values(cx, left, matched, out);
                    if let Some(v) = &step.variable
                        && !v.is_wildcard()
                        && self.is_new(cx, &v.text)
                    {
                        let ty = Type::Edge(self.edges_of(cx, &step.path).unwrap_or(Kinds::Any));
                        out.push(Found { name: v.text.clone(), place: cx.at(v.span), ty: Some(ty) });
                    }
                    left = &step.target;
                }
                self.gather_values(cx, left, matched, out);
            }
            ast::ExprKind::Is { operand, kind } => {
                let ty = self.quiet_kind(cx, kind).unwrap_or(Type::Error);
                self.gather_name(cx, operand, Some(ty), out);
            }
            ast::ExprKind::Binary { op: ast::BinaryOp::Eq | ast::BinaryOp::In, left, right, .. } => {
                self.gather_name(cx, left, None, out);
                self.gather_values(cx, left, matched, out);
                self.gather_values(cx, right, matched, out);
            }
            ast::ExprKind::Call { callee, args } => match self.callee(cx, callee) {
                Callee::Def(Def::Rule(r)) if !self.is_value_rule(r) => {
                    self.gather_args(cx, r, args, out);
                    args.iter().for_each(|x| self.gather_values(cx, x, matched, out));
                }
                _ => self.gather_values(cx, e, matched, out),
            },
            ast::ExprKind::Earlier(x) => {
                for b in &x.events {
                    if !b.name.is_wildcard() {
                        let ty = self.quiet_kind(cx, &b.kind).unwrap_or(Type::Error);
                        out.push(Found { name: b.name.text.clone(), place: cx.at(b.name.span), ty: Some(ty) });
                    }
                }
            }
            _ => self.gather_values(cx, e, matched, out),
        }
    }

    /// The new variables among the arguments of value rules that must match, wherever they are in a value.
    fn gather_values(&self, cx: &Cx, e: &ast::Expr, matched: bool, out: &mut Vec<Found>) {
        if !matched {
            return;
        }
        match &e.kind {
            ast::ExprKind::Call { callee, args } => {
                if let Callee::Def(Def::Rule(r)) = self.callee(cx, callee)
                    && self.is_value_rule(r)
                {
                    self.gather_args(cx, r, args, out);
                }
                args.iter().for_each(|x| self.gather_values(cx, x, matched, out));
            }
            ast::ExprKind::Attr { base: x, .. }
            | ast::ExprKind::Neg(x)
            | ast::ExprKind::Cast { operand: x, .. }
            | ast::ExprKind::Is { operand: x, .. } => self.gather_values(cx, x, matched, out),
            ast::ExprKind::Index { base: a, index: b } => {
                self.gather_values(cx, a, matched, out);
                self.gather_values(cx, b, matched, out);
            }
            ast::ExprKind::Binary { op, left: a, right: b, .. }
                if !matches!(op, ast::BinaryOp::Implies | ast::BinaryOp::Coalesce) && !asks_absence(*op, a, b) =>
            {
                self.gather_values(cx, a, matched, out);
                self.gather_values(cx, b, matched, out);
            }
            _ => {}
        }
    }

    fn gather_args(&self, cx: &Cx, rule: RuleId, args: &[ast::Expr], out: &mut Vec<Found>) {
        let Some(r) = self.program.rule(rule) else { return };
        let (params, function) = (r.params.clone(), r.function);
        for (a, ty) in args.iter().zip(params) {
            if !function || types::element(&ty).is_some() {
                self.gather_name(cx, a, Some(ty), out);
            }
        }
    }

    fn gather_name(&self, cx: &Cx, e: &ast::Expr, ty: Option<Type>, out: &mut Vec<Found>) {
        if let ast::ExprKind::Name(n) = &e.kind
            && self.is_new(cx, &n.text)
        {
            out.push(Found { name: n.text.clone(), place: cx.at(n.span), ty });
        }
    }

    /// Whether the rule gives a value.
    pub fn is_value_rule(&self, rule: RuleId) -> bool {
        self.program.rule(rule).is_some_and(|r| matches!(r.form, RuleForm::Value(..)))
    }

    /// The type of the elements of a kind, without a report if there is none.
    pub fn quiet_kind(&self, cx: &Cx, q: &ast::Qualified) -> Option<Type> {
        if let crate::semantics::resolve::Lookup::Found(Def::Kind(k)) = self.names.qualified(cx.module, q) {
            return Some(types::of_kind(&self.schema, k));
        }
        if !q.modules.is_empty() {
            return None;
        }
        match &*q.name.text {
            "Node" => Some(Type::Node(Kinds::Any)),
            "Edge" => Some(Type::Edge(Kinds::Any)),
            "Event" => Some(Type::Event(Kinds::Any)),
            _ => None,
        }
    }

    /// The types of the two ends of a path, without reports.
    pub fn ends_of(&self, cx: &Cx, path: &ast::Path) -> (Type, Type) {
        match &path.kind {
            ast::PathKind::Name(q) => match self.names.qualified(cx.module, q) {
                crate::semantics::resolve::Lookup::Found(Def::Kind(k)) => self.edge_ends(k),
                crate::semantics::resolve::Lookup::Found(Def::Rule(r)) => {
                    match self.program.rule(r).map(|r| r.params.as_slice()) {
                        Some([a, b]) => (a.clone(), b.clone()),
                        _ => (Type::Error, Type::Error),
                    }
                }
                _ => (Type::Error, Type::Error),
            },
            ast::PathKind::Any => self.all_ends(),
            ast::PathKind::Either(paths) => {
                let mut ends = paths.iter().map(|p| self.ends_of(cx, p));
                let Some(first) = ends.next() else { return (Type::Error, Type::Error) };
                ends.fold(first, |a, b| (self.join_ends(&a.0, &b.0), self.join_ends(&a.1, &b.1)))
            }
            ast::PathKind::Repeat { path, min, .. } => {
                let (from, to) = self.ends_of(cx, path);
                if *min == 0 {
                    // no step at all stands on the nodes of both ends
                    let both = self.join_ends(&from, &to);
                    return (both.clone(), both);
                }
                (from, to)
            }
        }
    }

    /// What either end may be.
    pub fn join_ends(&self, a: &Type, b: &Type) -> Type {
        types::join(&self.schema, a, b).unwrap_or(Type::Error)
    }

    /// The types of the ends of an edge kind.
    pub fn edge_ends(&self, kind: crate::scalar::KindId) -> (Type, Type) {
        match self.schema.kind(kind).and_then(|k| k.ends.clone()).filter(|_| !self.endless.contains(&kind)) {
            Some((from, to)) => (Type::Node(from), Type::Node(to)),
            None => (Type::Error, Type::Error),
        }
    }

    /// What edges of any kind go from and to.
    pub fn all_ends(&self) -> (Type, Type) {
        let mut ends: Option<(Type, Type)> = None;
        for k in self.schema.of_sort(Sort::Edge) {
            let (from, to) = self.edge_ends(k);
            ends = Some(match ends {
                None => (from, to),
                Some((a, b)) => (self.join_ends(&a, &from), self.join_ends(&b, &to)),
            });
        }
        ends.unwrap_or((Type::Node(Kinds::Any), Type::Node(Kinds::Any)))
    }

    /// The edge kinds of one step, if it is one over edge kinds alone.
    pub fn edges_of(&self, cx: &Cx, path: &ast::Path) -> Option<Kinds> {
        match &path.kind {
            ast::PathKind::Name(q) => match self.names.qualified(cx.module, q) {
                crate::semantics::resolve::Lookup::Found(Def::Kind(k)) => Some(types::one(k)),
                _ => None,
            },
            ast::PathKind::Any => Some(Kinds::Any),
            ast::PathKind::Either(paths) => {
                let mut all = paths.iter().map(|p| self.edges_of(cx, p));
                let first = all.next()??;
                all.try_fold(first, |a, b| Some(types::join_kinds(&self.schema, &a, &b?)))
            }
            ast::PathKind::Repeat { .. } => None,
        }
    }

    /// What stands before the parentheses of a call.
    pub fn callee(&self, cx: &Cx, e: &ast::Expr) -> Callee {
        match &e.kind {
            ast::ExprKind::Name(n) => match self.names.find(cx.module, &n.text) {
                Some(Def::Broken) => Callee::Poisoned,
                Some(d) => Callee::Def(d),
                None => Callee::Bare(n.clone()),
            },
            ast::ExprKind::Attr { base, name } => {
                if let ast::ExprKind::Name(m) = &base.kind
                    && cx.find(&m.text).is_none()
                {
                    if let Some(module) = self.names.module_named(cx.module, &m.text) {
                        return match self.names.member(module, &name.text) {
                            Some(Def::Broken) => Callee::Poisoned,
                            Some(d) => Callee::Def(d),
                            None => Callee::NoMember(m.text.to_string(), name.clone()),
                        };
                    }
                    if self.names.is_missing(cx.module, &m.text) {
                        return Callee::Poisoned;
                    }
                }
                Callee::Method((**base).clone(), name.clone())
            }
            _ => Callee::Other,
        }
    }

    /// Says that what binds a variable stands further right than an `==` or `in` that needs it.
    pub fn bound_to_the_left(&mut self, cx: &mut Cx, e: &Expr) {
        let mut pending = None;
        crate::semantics::walk::all(e, &mut |x| {
            if let crate::semantics::hir::ExprKind::Var(v) = x.kind
                && cx.info.get(v.0 as usize).is_some_and(|i| i.pending)
                && pending.is_none()
            {
                pending = Some((v, x.place));
            }
        });
        if let Some((v, place)) = pending
            && let Some(var) = cx.var(v)
        {
            let d = Diagnostic::error(error::BOUND_LATER, format!("`{}` is not bound yet", var.name))
                .at(place, "needed here")
                .also(var.place, "bound only here, further to the right")
                .help("`==` and `in` bind from left to right: move what binds it to the left");
            self.report(d);
        }
    }

    /// A bare name in a position that binds: its variable is bound from here on.
    pub fn arrive(&self, cx: &mut Cx, v: crate::semantics::hir::VarId) {
        if let Some(i) = cx.info(v) {
            i.pending = false;
        }
    }

    /// Whether what is to be bound is not known, and may be bound here: `x` of `x == e`.
    pub fn binds(&self, cx: &Cx, left: &ast::Expr, pos: Pos) -> Option<ast::Name> {
        let ast::ExprKind::Name(n) = &left.kind else { return None };
        if pos.bind != Bind::Yes || cx.closed {
            return None;
        }
        match self.variable(cx, &n.text) {
            Some(v) => cx.info.get(v.0 as usize).is_some_and(|i| i.open).then(|| n.clone()),
            None => self.is_new(cx, &n.text).then(|| n.clone()),
        }
    }

    /// What is known where the formula holds is known from here on.
    pub fn assume(&self, cx: &mut Cx, e: &Expr) {
        cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(e, true));
    }
}

/// Whether an operator asks whether a side is absent: then a value rule there need not match.
pub fn asks_absence(op: ast::BinaryOp, a: &ast::Expr, b: &ast::Expr) -> bool {
    let none = |e: &ast::Expr| matches!(e.kind, ast::ExprKind::Literal(ast::Literal::None));
    matches!(op, ast::BinaryOp::Eq | ast::BinaryOp::Ne) && (none(a) || none(b))
}
