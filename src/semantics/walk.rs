//! Going through checked expressions: the parts of each form, in one place. Used by strata, lints and the checks of whole clauses.
use super::hir::{Binder, Domain, Expr, ExprKind, Scope, TextPart, VerdictAtom};

/// Visits the direct parts of an expression, in order.
pub fn parts<'a>(e: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Var(_) | ExprKind::Any | ExprKind::Element(_) | ExprKind::Error => {}
        ExprKind::Attr(x, _)
        | ExprKind::OpenAttr(x, _)
        | ExprKind::Field(x, _)
        | ExprKind::Lookup(_, x)
        | ExprKind::Not(x)
        | ExprKind::Is(x, _)
        | ExprKind::Was(x) => visit(x),
        ExprKind::Op(_, xs) | ExprKind::And(xs) | ExprKind::Or(xs) | ExprKind::Atom(_, xs) | ExprKind::Noise(_, xs) => {
            xs.iter().for_each(visit)
        }
        ExprKind::Value { args, .. } => args.iter().for_each(visit),
        ExprKind::Coalesce(a, b) | ExprKind::Implies(a, b) => {
            visit(a);
            visit(b);
        }
        ExprKind::If(a, b, c) => {
            visit(a);
            visit(b);
            visit(c);
        }
        ExprKind::Path(p) => {
            visit(&p.from);
            visit(&p.to);
        }
        ExprKind::Quantified(_, s, satisfies) => {
            scope(s, visit);
            satisfies.iter().for_each(|x| visit(x));
        }
        ExprKind::Aggregate { scope: s, value, .. } => {
            scope(s, visit);
            value.iter().for_each(|x| visit(x));
        }
        ExprKind::Text(parts) => {
            for p in parts {
                if let TextPart::Value(x) = p {
                    visit(x);
                }
            }
        }
        ExprKind::Verdict(v) => match &**v {
            VerdictAtom::Breaks(_, Some((_, x))) | VerdictAtom::Stable(x) | VerdictAtom::Decides(_, x, _) => visit(x),
            _ => {}
        },
        ExprKind::Share { formula, .. } => visit(formula),
        ExprKind::Earlier { binders: b, filter, .. } => {
            binders(b, visit);
            filter.iter().for_each(|x| visit(x));
        }
        ExprKind::Since { none, since } => {
            scope(none, visit);
            scope(since, visit);
        }
        ExprKind::Consecutive { scope: s, satisfies } => {
            scope(s, visit);
            visit(satisfies);
        }
    }
}

/// Visits the expressions of a scope.
pub fn scope<'a>(s: &'a Scope, visit: &mut dyn FnMut(&'a Expr)) {
    binders(&s.binders, visit);
    s.filter.iter().for_each(|x| visit(x));
}

fn binders<'a>(list: &'a [Binder], visit: &mut dyn FnMut(&'a Expr)) {
    for b in list {
        if let Domain::Range(x) = &b.domain {
            visit(x);
        }
    }
}

/// Visits an expression and everything in it, outermost first.
pub fn all<'a>(e: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(e);
    parts(e, &mut |x| all(x, visit));
}

/// The binders that the form itself has.
pub fn own_binders(e: &Expr) -> Vec<&Binder> {
    match &e.kind {
        ExprKind::Quantified(_, s, _) | ExprKind::Aggregate { scope: s, .. } | ExprKind::Consecutive { scope: s, .. } => {
            s.binders.iter().collect()
        }
        ExprKind::Earlier { binders, .. } => binders.iter().collect(),
        ExprKind::Since { none, since } => none.binders.iter().chain(&since.binders).collect(),
        _ => vec![],
    }
}
