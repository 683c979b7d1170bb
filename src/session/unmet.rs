//! What makes an expectation of a test false, in a line: the conjunct that is not met, what was read in it, and who breaks it. Called by
//! exercise, asks why.
use super::condition::{named, parts_of};
use super::evaluate::World;
use super::why::{Env, Extent, Why};
use crate::base::Sources;
use crate::scalar::Type;
use crate::semantics::hir::{Expr, ExprKind, Program, Quantifier, Scope, Test};
use crate::verdict::Reason;

/// How many reasons are told.
const TOLD: usize = 3;

/// The parts of a closed formula that make it false, in one line; none if nothing can be said. Parts about demands are left to others.
pub fn unmet<'p>(world: &mut dyn World<'p>, program: &'p Program, sources: &Sources, test: &'p Test, e: &Expr) -> Option<String> {
    let extent = Extent { depth: 3, width: TOLD };
    let mut why = Why::new(world, program, sources, &|_, _| None, extent);
    let mut env = Env::new(&test.vars);
    let e = named(e, &mut env);
    let mut parts = vec![];
    why.false_parts(&e, &env, &mut parts);
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Why<'_, '_> {
    /// The conjuncts that are false, each with its reasons.
    fn false_parts(&mut self, e: &Expr, env: &Env, out: &mut Vec<String>) {
        match &e.kind {
            ExprKind::And(parts) => parts.iter().for_each(|p| self.false_parts(p, env, out)),
            _ if out.len() >= TOLD || self.solve(&[e], env).map_or(true, |rows| !rows.is_empty()) => {}
            _ => out.push(self.false_part(e, env)),
        }
    }

    fn false_part(&mut self, e: &Expr, env: &Env) -> String {
        let leaf = self.leaf(e, env, self.extent.depth);
        let (written, read) = match leaf.text.split_once("  (") {
            Some((written, read)) => (written.to_string(), read.strip_suffix(')').unwrap_or(read).to_string()),
            None => (leaf.text.clone(), String::new()),
        };
        let mut told = if read.is_empty() { vec![] } else { vec![read] };
        match &e.kind {
            ExprKind::Quantified(q, scope, body) => told.extend(self.counterexample(*q, scope, body.as_deref(), env)),
            ExprKind::Not(x) => {
                let mut inner = env.clone();
                let x = named(x, &mut inner);
                let row = self.solve(&[&x], &inner).ok().and_then(|r| r.into_iter().next());
                let reasons = row.map(|row| self.condition(&x, &row, 0)).unwrap_or_default();
                told.extend(self.short(reasons));
            }
            _ => {
                let reasons = self.lacks(e, env, 0);
                let below: Vec<Reason> = reasons.into_iter().flat_map(|r| r.because).collect();
                // for each clause what keeps it from giving the fact
                let missing = below.iter().filter_map(|r| r.because.first()).map(|r| r.text.clone());
                told.extend(missing.filter(|t| t.starts_with("not met: ")).take(TOLD));
            }
        }
        match told.is_empty() {
            true => format!("`{written}` is false"),
            false => format!("`{written}` is false: {}", told.join("; ")),
        }
    }

    /// What a quantifier found that it should not have, or how many it found.
    fn counterexample(&mut self, q: Quantifier, scope: &Scope, body: Option<&Expr>, env: &Env) -> Option<String> {
        let mut inner = env.clone();
        let mut list: Vec<Expr> = parts_of(scope).iter().map(|p| named(p, &mut inner)).collect();
        if let (Quantifier::Every, Some(body)) = (q, body) {
            let not = ExprKind::Not(Box::new(body.clone()));
            list.push(Expr { kind: not, ty: Type::Bool, place: body.place });
        }
        let mut rows = self.solve(&list.iter().collect::<Vec<_>>(), &inner).ok()?;
        let binders: Vec<_> = scope.binders.iter().flat_map(|b| b.key.into_iter().chain(b.var)).collect();
        let mut shown = vec![];
        for row in rows.drain(..) {
            let name = |b| inner_name(&row, b);
            let text: Vec<String> =
                binders.iter().filter_map(|b| Some(format!("{} = {}", name(*b), self.show(row.get(*b)?)))).collect();
            let text = text.join(", ");
            if !shown.contains(&text) {
                shown.push(text);
            }
        }
        match q {
            Quantifier::Some => None,
            Quantifier::No | Quantifier::Every => {
                let more = shown.len().saturating_sub(TOLD);
                let list = shown.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
                let said = if more > 0 { format!("{list}, and {more} more") } else { list };
                Some(said).filter(|s| !s.is_empty()).map(|s| if q == Quantifier::Every { format!("not for {s}") } else { s })
            }
            _ => Some(format!("there are {}", shown.len())),
        }
    }

    /// Reasons in few words.
    fn short(&self, reasons: Vec<Reason>) -> Vec<String> {
        reasons.into_iter().filter(|r| !r.text.is_empty()).take(TOLD).map(|r| r.text).collect()
    }
}

fn inner_name(row: &Env, v: crate::semantics::hir::VarId) -> String {
    row.vars.get(v.0 as usize).map(|v| v.name.to_string()).unwrap_or_default()
}
