//! What is missing for a condition: the first part that no binding meets, the bindings that came furthest, and for a fact that is not
//! there each of its clauses likewise. Part of why.
use super::condition::{bound_by, flat, mentions, named};
use super::why::{Env, Why};
use crate::scalar::{Type, Val};
use crate::semantics::hir::{Expr, ExprKind, RuleId, VarId};
use crate::verdict::Reason;
use std::collections::BTreeSet;

/// How many of the bindings that came furthest are shown.
const NEAREST: usize = 3;

impl Why<'_, '_> {
    /// What is missing for a condition, for some values of its variables.
    pub(super) fn lacks(&mut self, e: &Expr, env: &Env, depth: usize) -> Vec<Reason> {
        let mut parts = vec![];
        flat(e, &mut parts);
        let mut met: Vec<Expr> = vec![];
        let mut rows = vec![env.clone()];
        let mut open = parts;
        // as written, but for conditions that need what a later one binds
        loop {
            let mut deferred = vec![];
            let mut moved = false;
            for p in std::mem::take(&mut open) {
                let mut all: Vec<&Expr> = met.iter().collect();
                all.push(&p);
                match self.solve(&all, env) {
                    Err(()) => deferred.push(p),
                    Ok(found) if !found.is_empty() => {
                        rows = found;
                        met.push(p);
                        moved = true;
                    }
                    Ok(_) => return self.misses(&p, &met, &rows, depth),
                }
            }
            if deferred.is_empty() || !moved {
                return deferred.iter().map(|p| self.leaf(p, env, depth)).collect();
            }
            open = deferred;
        }
    }

    /// The first condition that no binding meets, with the bindings that came so far.
    fn misses(&mut self, p: &Expr, met: &[Expr], rows: &[Env], depth: usize) -> Vec<Reason> {
        let mut reasons = vec![];
        let most = self.extent.width.min(NEAREST);
        for row in rows.iter().take(most) {
            let mut reason = self.leaf(p, row, self.extent.depth);
            reason.because.clear();
            reason.text = format!("not met: {}", reason.text);
            if !met.is_empty() {
                let mut vars: Vec<VarId> = vec![];
                met.iter().for_each(|m| bound_by(m, &mut vars));
                let name = |v: &VarId| row.vars.get(v.0 as usize).filter(|v| &*v.name != "_").map(|v| v.name.to_string());
                let shown: Vec<String> =
                    vars.iter().filter_map(|v| Some(format!("{} = {}", name(v)?, self.show(row.get(*v)?)))).collect();
                if !shown.is_empty() {
                    reason.note = Some(format!("nearest: {}", shown.join(", ")));
                }
            }
            match &p.kind {
                ExprKind::Atom(rule, args) if depth < self.extent.depth => reason.because = self.unmade(*rule, args, row, depth),
                ExprKind::Not(x) if depth < self.extent.depth => {
                    let mut inner = row.clone();
                    let x = named(x, &mut inner);
                    if let Some(row) = self.solve(&[&x], &inner).ok().and_then(|r| r.into_iter().next()) {
                        reason.because = self.condition(&x, &row, depth + 1);
                    }
                }
                _ => {}
            }
            reasons.push(reason);
        }
        if let Some(last) = reasons.last_mut() {
            last.more = rows.len().saturating_sub(most) as u64;
        }
        reasons
    }

    /// For each clause of a rule, what keeps it from giving a fact.
    fn unmade(&mut self, rule: RuleId, args: &[Expr], row: &Env, depth: usize) -> Vec<Reason> {
        let Some(r) = self.program.rule(rule) else { return vec![] };
        let known: Vec<Option<Val>> = args.iter().map(|a| self.value(a, row)).collect();
        if !self.lacking.insert((rule, known.clone())) {
            return vec![Reason { note: Some("shown above".into()), ..Reason::leaf(format!("no clause of `{}`", r.name)) }];
        }
        let mut reasons = vec![];
        for c in &r.clauses {
            let mut env = Env::new(&c.vars);
            let mut list = vec![];
            if let Some(b) = &c.body {
                flat(&named(b, &mut env), &mut list);
            }
            for ((h, known), ty) in c.head.iter().zip(&known).zip(&r.params) {
                if let Some(v) = known {
                    env.set(*h, *v);
                } else if !binds_first(*h, &list) && matches!(ty, Type::Node(_) | Type::Edge(_) | Type::Event(_)) {
                    let var = Expr { kind: ExprKind::Var(*h), ty: ty.clone(), place: c.place };
                    let is = ExprKind::Is(Box::new(var), ty.clone());
                    list.insert(0, Expr { kind: is, ty: Type::Bool, place: c.place });
                }
            }
            let mut reason = Reason::leaf(self.sources.text(c.place).split_whitespace().collect::<Vec<_>>().join(" "));
            self.put_place(&mut reason, c.place);
            let body = Expr { kind: ExprKind::And(list), ty: Type::Bool, place: c.place };
            reason.because = self.lacks(&body, &env, depth + 1);
            reasons.push(reason);
        }
        reasons
    }
}

/// Whether a variable is bound by the first condition that mentions it.
fn binds_first(v: VarId, list: &[Expr]) -> bool {
    let first = list.iter().find(|e| {
        let mut all = BTreeSet::new();
        mentions(e, &mut all);
        all.contains(&v)
    });
    let mut bound = vec![];
    if let Some(e) = first {
        bound_by(e, &mut bound);
    }
    first.is_none() || bound.contains(&v)
}
