//! Which rules speak of events, and whether events are looked up by id: what must be known before events come one at a time. Fed with the
//! checked program, read by session.
use super::hir::{Domain, Expr, ExprKind, Program, RuleId};
use super::walk;
use crate::scalar::{Op, Type};
use crate::structure::Sort;
use std::collections::BTreeSet;

fn is_event(ty: &Type) -> bool {
    match ty.present() {
        Type::Event(_) => true,
        Type::List(t) => is_event(t),
        _ => false,
    }
}

/// Rules that speak of events, themselves or through others.
pub fn rules(program: &Program) -> BTreeSet<RuleId> {
    let mut found: BTreeSet<RuleId> = BTreeSet::new();
    loop {
        let before = found.len();
        for (n, r) in program.rules.iter().enumerate() {
            let id = RuleId(n as u32);
            let speaks = r.params.iter().any(is_event)
                || r.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)).any(|e| speaks(e, &found));
            if speaks {
                found.insert(id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn speaks(e: &Expr, rules: &BTreeSet<RuleId>) -> bool {
    let mut any = false;
    walk::all(e, &mut |x| {
        any |= is_event(&x.ty);
        any |= walk::own_binders(x).iter().any(|b| matches!(&b.domain, Domain::Kind(ty) if is_event(ty)));
        any |= matches!(&x.kind, ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } if rules.contains(r));
        any |= matches!(x.kind, ExprKind::Earlier { .. } | ExprKind::Since { .. } | ExprKind::Consecutive { .. });
    });
    any
}

/// Whether any event is found by its id, whenever it was.
pub fn looks_up(program: &Program) -> bool {
    let attrs = program.schema.attrs.iter().any(|a| is_event(&a.ty));
    let mut any = attrs;
    let mut look = |e: &Expr| {
        walk::all(e, &mut |x| match &x.kind {
            ExprKind::Lookup(k, _) => any |= program.sort(*k) == Some(Sort::Event),
            ExprKind::Op(Op::Cast(ty), _) => any |= is_event(ty),
            _ => {}
        });
    };
    program.rules.iter().flat_map(|r| &r.clauses).flat_map(|c| c.body.iter().chain(&c.value)).for_each(&mut look);
    for p in &program.policies {
        p.on.iter().flat_map(|s| s.filter.as_deref()).chain(p.lets.iter().map(|l| &l.1)).for_each(&mut look);
        for c in &p.clauses {
            c.when.iter().chain(&c.unless).chain(&c.message).for_each(&mut look);
            match &c.form {
                super::hir::PolicyForm::Rewrite(_, path, value) => path.iter().chain([value]).for_each(&mut look),
                super::hir::PolicyForm::Oblige(s, ..) => s.filter.as_deref().into_iter().for_each(&mut look),
                _ => {}
            }
        }
    }
    any
}
