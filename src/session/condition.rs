//! Conditions taken apart: conjuncts, what they bind, mention, read and rest on. Used by why and why_not.
use super::evaluate::relations;
use super::why::Env;
use crate::plan::unit::each_part;
use crate::scalar::{Op, Type};
use crate::semantics::hir::{self, Domain, Expr, ExprKind, PathAtom, RuleId, Scope, VarId};
use std::collections::BTreeSet;

/// The conjuncts of a condition.
pub fn flat(e: &Expr, out: &mut Vec<Expr>) {
    match &e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| flat(p, out)),
        _ => out.push(e.clone()),
    }
}

/// A scope as conditions.
pub fn parts_of(scope: &Scope) -> Vec<Expr> {
    let mut list = vec![];
    for b in &scope.binders {
        let (Some(v), place) = (b.var, b.place) else { continue };
        let var = |ty: &Type| Expr { kind: ExprKind::Var(v), ty: ty.clone(), place };
        let kind = match &b.domain {
            Domain::Kind(ty) => ExprKind::Is(Box::new(var(ty)), ty.clone()),
            Domain::Range(e) => ExprKind::Op(Op::In, vec![var(&e.ty), e.clone()]),
        };
        list.push(Expr { kind, ty: Type::Bool, place });
    }
    if let Some(f) = &scope.filter {
        flat(f, &mut list);
    }
    list
}

/// The same with a variable for each `_` that a fact or a path binds.
pub fn named(e: &Expr, env: &mut Env) -> Expr {
    let mut one = |x: &Expr| match x.kind {
        ExprKind::Any => {
            let v = env.fresh(&x.ty, x.place);
            Expr { kind: ExprKind::Var(v), ..x.clone() }
        }
        _ => x.clone(),
    };
    let kind = match &e.kind {
        ExprKind::Atom(r, args) => ExprKind::Atom(*r, args.iter().map(one).collect()),
        ExprKind::Path(p) => ExprKind::Path(Box::new(PathAtom { from: one(&p.from), to: one(&p.to), ..(**p).clone() })),
        ExprKind::And(parts) => ExprKind::And(parts.iter().map(|p| named(p, env)).collect()),
        kind => kind.clone(),
    };
    Expr { kind, ..e.clone() }
}

/// The variables that a condition binds where it stands alone.
pub fn bound_by(e: &Expr, out: &mut Vec<VarId>) {
    let add = |v: VarId, out: &mut Vec<VarId>| {
        if !out.contains(&v) {
            out.push(v);
        }
    };
    match &e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| bound_by(p, out)),
        ExprKind::Or(parts) => {
            let mut lists = parts.iter().map(|p| {
                let mut l = vec![];
                bound_by(p, &mut l);
                l
            });
            let first = lists.next().unwrap_or_default();
            let rest: Vec<Vec<VarId>> = lists.collect();
            first.into_iter().filter(|v| rest.iter().all(|l| l.contains(v))).for_each(|v| add(v, out));
        }
        ExprKind::Var(v) => add(*v, out),
        ExprKind::Not(_) | ExprKind::Implies(..) | ExprKind::Quantified(..) | ExprKind::Aggregate { .. } => {}
        _ => {
            if let ExprKind::Path(p) = &e.kind {
                p.edge.into_iter().for_each(|v| add(v, out));
            }
            each_part(e, &mut |p| bound_by(p, out));
        }
    }
}

/// All variables in a condition, those of its scopes too.
pub fn mentions(e: &Expr, out: &mut BTreeSet<VarId>) {
    match &e.kind {
        ExprKind::Var(v) => {
            out.insert(*v);
        }
        ExprKind::Path(p) => out.extend(p.edge),
        _ => {}
    }
    each_part(e, &mut |p| mentions(p, out));
}

/// The atoms and matched values of a condition itself.
pub fn facts_in(e: &Expr, out: &mut Vec<(RuleId, Vec<Expr>)>) {
    match &e.kind {
        ExprKind::Atom(r, args) | ExprKind::Value { rule: r, args, .. } => out.push((*r, args.clone())),
        ExprKind::Path(p) => {
            if let hir::Path::Step(list) = &p.path {
                let rules = list.iter().filter_map(|r| match r {
                    hir::Relation::Rule(r) => Some(*r),
                    hir::Relation::Edge(_) => None,
                });
                out.extend(rules.map(|r| (r, vec![p.from.clone(), p.to.clone()])));
            }
        }
        ExprKind::Not(_) | ExprKind::Quantified(..) | ExprKind::Aggregate { .. } => return,
        _ => {}
    }
    each_part(e, &mut |p| facts_in(p, out));
}

/// All rules that an expression uses.
pub fn rules_in(e: &Expr, f: &mut dyn FnMut(RuleId)) {
    match &e.kind {
        ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => f(*r),
        ExprKind::Path(p) => relations(&p.path).into_iter().for_each(|r| {
            if let hir::Relation::Rule(r) = r {
                f(r);
            }
        }),
        _ => {}
    }
    each_part(e, &mut |p| rules_in(p, f));
}

/// What a condition reads: variables, attributes, values of rules, aggregates; what stands below an attribute is told by it.
pub fn reads_in<'a>(e: &'a Expr, out: &mut Vec<&'a Expr>) {
    match &e.kind {
        ExprKind::Quantified(..) => {}
        ExprKind::Var(_)
        | ExprKind::Param(_)
        | ExprKind::Attr(..)
        | ExprKind::OpenAttr(..)
        | ExprKind::Field(..)
        | ExprKind::Value { .. }
        | ExprKind::Aggregate { .. } => out.push(e),
        _ => each_part(e, &mut |p| reads_in(p, out)),
    }
}
