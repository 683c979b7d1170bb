//! What carried an invariant, or another expectation, in the world before: the first premise of it that a world's edits take away, with the
//! path it is a step of. Part of why; called by decide.
use super::condition::{flat, named};
use super::why::{Env, Why};
use crate::scalar::Val;
use crate::semantics::hir::{DemandForm, Expr, ExprKind, Invariant, Quantifier, RuleId, Var, VarId};
use crate::verdict::Reason;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far premises of premises are looked for.
const DEEP: usize = 12;
/// So many bindings of a body are followed.
const ROWS: usize = 8;
/// So many facts that were not there are asked for what kept them away.
const FACTS: usize = 100;

impl Why<'_, '_> {
    /// For a clause that held for a binding: the first premise of that which is gone, as the steps of the path that it is one of, or alone.
    pub fn lost(
        &mut self,
        i: &Invariant,
        (clause, binding): (usize, &[(Arc<str>, Val)]),
        gone: &dyn Fn(&str) -> bool,
    ) -> Vec<Reason> {
        let Some(c) = i.clauses.get(clause) else { return vec![] };
        let mut env = Env::new(&i.vars);
        c.binding.iter().zip(binding).for_each(|(v, (_, x))| env.set(*v, *x));
        for (v, e) in &i.lets {
            if let Some(x) = self.value(e, &env) {
                env.set(*v, x);
            }
        }
        let premises = match &c.form {
            DemandForm::Require(e) => self.premises(e, env),
            DemandForm::Never(s) => {
                let parts: Vec<Expr> = super::condition::parts_of(s).iter().map(|p| named(p, &mut env)).collect();
                self.kept_false(&parts, &env, 0, &mut BTreeSet::new())
            }
        };
        first_of(&premises, gone)
    }

    /// The same for a formula that was true, with what is known of its variables.
    pub fn lost_of(&mut self, e: &Expr, (vars, known): (&[Var], &[(VarId, Val)]), gone: &dyn Fn(&str) -> bool) -> Vec<Reason> {
        let mut env = Env::new(vars);
        known.iter().for_each(|(v, x)| env.set(*v, *x));
        let premises = self.premises(e, env);
        first_of(&premises, gone)
    }

    /// What makes a formula true: premises, each with its steps.
    fn premises(&mut self, e: &Expr, mut env: Env) -> Vec<Vec<Reason>> {
        let (mut list, mut all, mut seen) = (vec![], vec![], BTreeSet::new());
        flat(&named(e, &mut env), &mut list);
        for e in list {
            match &e.kind {
                ExprKind::Not(inner) => all.extend(self.kept_false(std::slice::from_ref(&**inner), &env, 0, &mut seen)),
                ExprKind::Quantified(Quantifier::Every, scope, Some(body)) => {
                    let parts = super::condition::parts_of(scope);
                    let rows = self.solve(&parts.iter().collect::<Vec<_>>(), &env).unwrap_or_default();
                    rows.into_iter().take(FACTS).for_each(|row| all.extend(self.premises(body, row)));
                }
                _ => all.push(self.condition(&e, &env, 0)),
            }
        }
        all
    }

    /// What keeps one of some conditions from being true: premises, each with its steps.
    fn kept_false(&mut self, parts: &[Expr], env: &Env, depth: usize, seen: &mut Seen) -> Vec<Vec<Reason>> {
        if depth > DEEP {
            return vec![];
        }
        let mut list = vec![];
        parts.iter().for_each(|p| flat(p, &mut list));
        // what the true ones bind: the others are asked for that
        let mut rows = vec![env.clone()];
        for e in &list {
            let next: Vec<Env> = rows.iter().flat_map(|row| self.solve(&[e], row).unwrap_or_default()).take(ROWS).collect();
            if !next.is_empty() {
                rows = next;
            }
        }
        let mut all = vec![];
        for row in &rows {
            for e in &list {
                let found = self.keeps_false(e, row, depth, seen);
                all.extend(found);
            }
        }
        all
    }

    fn keeps_false(&mut self, e: &Expr, env: &Env, depth: usize, seen: &mut Seen) -> Vec<Vec<Reason>> {
        match &e.kind {
            ExprKind::Not(inner) => {
                // what nobody named within it gets a name, so that it can be shown
                let mut env = env.clone();
                let inner = named(inner, &mut env);
                let rows = self.solve(&[&inner], &env).unwrap_or_default();
                rows.first().map(|row| self.condition(&inner, row, 0)).into_iter().collect()
            }
            ExprKind::Quantified(Quantifier::No, scope, None) => {
                let kind = ExprKind::Quantified(Quantifier::Some, scope.clone(), None);
                let some = Expr { kind, ty: e.ty.clone(), place: e.place };
                match self.solve(&[&some], env) {
                    Ok(rows) if !rows.is_empty() => vec![self.condition(&some, env, 0)],
                    _ => vec![],
                }
            }
            ExprKind::Atom(r, args) => {
                let tuple: Option<Vec<Val>> = args.iter().map(|a| self.value(a, env)).collect();
                let (Some(tuple), Some(rule)) = (tuple, self.program.rule(*r).filter(|r| !r.function)) else { return vec![] };
                if seen.len() >= FACTS || !seen.insert((*r, tuple.clone())) {
                    return vec![];
                }
                let mut found = vec![];
                for c in &rule.clauses {
                    let (body, env) = self.opened(c, &tuple, None);
                    found.extend(self.kept_false(&body, &env, depth + 1, seen));
                }
                found
            }
            _ => vec![],
        }
    }
}

/// The facts that were asked for.
type Seen = BTreeSet<(RuleId, Vec<Val>)>;

fn first_of(premises: &[Vec<Reason>], gone: &dyn Fn(&str) -> bool) -> Vec<Reason> {
    premises.iter().map(|p| first_gone(p, gone)).find(|p| !p.is_empty()).unwrap_or_default()
}

/// The first leaf that is gone; where it is a step of a path, all of its steps.
fn first_gone(reasons: &[Reason], gone: &dyn Fn(&str) -> bool) -> Vec<Reason> {
    for r in reasons {
        let deeper = first_gone(&r.because, gone);
        if !deeper.is_empty() {
            return deeper;
        }
    }
    let step = |r: &&Reason| r.text.contains("-> ") && r.because.is_empty();
    match reasons.iter().find(|r| r.because.is_empty() && gone(&r.text)) {
        Some(r) if step(&r) => reasons.iter().filter(step).cloned().collect(),
        Some(r) => vec![r.clone()],
        None => vec![],
    }
}
