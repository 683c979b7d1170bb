//! Checks the words on demands: `holds`, `breaks`, `unchanged`, `stable`, `forbids`, `violated`, `in … worlds`. Called by expression.
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Severity, Span};
use crate::scalar::Type;
use crate::semantics::checker::{Checker, Pos, quoted};
use crate::semantics::error;
use crate::semantics::hir::{Effect, Expr, ExprKind, InvariantId, PolicyId, PolicyState, Relation, Share, VarId, VerdictAtom};
use crate::semantics::resolve::{Def, DemandDef, Lookup};
use crate::semantics::scope::{Cx, Site, What};
use crate::structure::schema::Sort;
use crate::syntax::ast;
use std::sync::Arc;

impl Checker<'_> {
    /// A formula about demands, facts of the world before, or decisions.
    pub fn verdict(&mut self, cx: &mut Cx, v: &ast::Verdict, span: Span) -> Expr {
        let word = self.text(cx.at(v.word));
        let allowed = match &v.kind {
            ast::VerdictKind::Holds(_) | ast::VerdictKind::Breaks { .. } => cx.verdicts,
            ast::VerdictKind::Unchanged(_) | ast::VerdictKind::Changed(_) | ast::VerdictKind::Stable(_) => cx.before,
            ast::VerdictKind::Decides { .. } => cx.verdicts && matches!(cx.site, Site::Intervention | Site::Test),
            ast::VerdictKind::Trace { .. } => cx.verdicts && cx.site == Site::Test,
        };
        if !allowed {
            let code = match &v.kind {
                ast::VerdictKind::Unchanged(_) | ast::VerdictKind::Changed(_) | ast::VerdictKind::Stable(_) => {
                    error::NO_WORLD_BEFORE
                }
                _ => error::MISPLACED_VERDICT,
            };
            let d = Diagnostic::error(code, format!("`{word}` cannot stand in {}", self.where_here(cx))).at(cx.at(v.word), "");
            let d = match &v.kind {
                ast::VerdictKind::Trace { .. } => d.help("it stands in the `expect` of a test, which has a whole trace"),
                ast::VerdictKind::Holds(_) | ast::VerdictKind::Breaks { .. } => d.help(
                    "it stands in demands: invariants, `expect`, and policies `on candidate`; rules are complete before them",
                ),
                ast::VerdictKind::Decides { .. } => d.help("it stands in the `expect` of an intervention or test"),
                _ => d.help("it compares with the world before, so it stands in the `expect` of an intervention"),
            };
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let atom = match &v.kind {
            ast::VerdictKind::Holds(names) => self.invariants(cx, names).map(VerdictAtom::Holds),
            ast::VerdictKind::Breaks { invariants, condition } => {
                let ids = self.invariants(cx, invariants);
                match (ids, condition) {
                    (Some(ids), Some(c)) => {
                        let condition = self.broken_where(cx, &ids, c);
                        Some(VerdictAtom::Breaks(ids, Some(condition)))
                    }
                    (Some(ids), None) => Some(VerdictAtom::Breaks(ids, None)),
                    (None, _) => None,
                }
            }
            ast::VerdictKind::Unchanged(names) => self.relations(cx, names).map(VerdictAtom::Unchanged),
            ast::VerdictKind::Changed(names) => self.relations(cx, names).map(VerdictAtom::Changed),
            ast::VerdictKind::Stable(f) => {
                cx.push(What::Value);
                let f = self.body(cx, f, Pos::FORMULA);
                cx.pop();
                Some(VerdictAtom::Stable(f))
            }
            ast::VerdictKind::Decides { decision, event, policy } => {
                let e = self.value(cx, event);
                if !matches!(e.ty, Type::Event(_) | Type::Error) {
                    let shown = self.show(&e.ty);
                    let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`{word}` is about an event, and this is {shown}"))
                        .at(e.place, format!("this is {shown}"));
                    self.report(d);
                }
                let effect = match decision {
                    ast::DecisionWord::Forbids => Effect::Forbid,
                    ast::DecisionWord::Permits => Effect::Permit,
                    ast::DecisionWord::Escalates => Effect::Escalate,
                };
                match policy {
                    Some(q) => self.policy_named(cx, q).map(|p| VerdictAtom::Decides(effect, e, Some(p))),
                    None => Some(VerdictAtom::Decides(effect, e, None)),
                }
            }
            ast::VerdictKind::Trace { verdict, policies } => {
                let state = match verdict {
                    ast::TraceWord::Satisfied => PolicyState::Satisfied,
                    ast::TraceWord::Violated => PolicyState::Violated,
                    ast::TraceWord::Holding => PolicyState::Holding,
                    ast::TraceWord::Pending => PolicyState::Pending,
                };
                let ids: Vec<Option<PolicyId>> = policies.iter().map(|q| self.policy_named(cx, q)).collect();
                let atoms: Option<Vec<Expr>> = ids
                    .into_iter()
                    .map(|p| Some(self.make(cx, ExprKind::Verdict(Box::new(VerdictAtom::Policy(state, p?))), Type::Bool, span)))
                    .collect();
                return match atoms {
                    Some(mut all) if all.len() == 1 => all.pop().unwrap_or_else(|| self.poison(cx, span)),
                    Some(all) => self.make(cx, ExprKind::And(all), Type::Bool, span),
                    None => self.make(cx, ExprKind::Error, Type::Bool, span),
                };
            }
        };
        match atom {
            Some(a) => self.make(cx, ExprKind::Verdict(Box::new(a)), Type::Bool, span),
            None => self.make(cx, ExprKind::Error, Type::Bool, span),
        }
    }

    fn where_here(&self, cx: &Cx) -> String {
        match cx.site {
            Site::Intervention => "this part of an intervention".into(),
            Site::Test => "a test".into(),
            site => site.name().into(),
        }
    }

    /// The invariants of these names; `None` if one is not known.
    pub fn invariants(&mut self, cx: &Cx, names: &[ast::Qualified]) -> Option<Vec<InvariantId>> {
        let ids: Vec<Option<InvariantId>> = names
            .iter()
            .map(|q| match self.names.demand(cx.module, q) {
                Some(DemandDef::Invariant(i)) => Some(i),
                other => {
                    self.unknown_demand(cx, q, other, "invariant", &|d| matches!(d, DemandDef::Invariant(_)));
                    None
                }
            })
            .collect();
        ids.into_iter().collect()
    }

    fn policy_named(&mut self, cx: &Cx, q: &ast::Qualified) -> Option<PolicyId> {
        match self.names.demand(cx.module, q) {
            Some(DemandDef::Policy(p)) => Some(p),
            other => {
                self.unknown_demand(cx, q, other, "policy", &|d| matches!(d, DemandDef::Policy(_)));
                None
            }
        }
    }

    fn unknown_demand(
        &mut self,
        cx: &Cx,
        q: &ast::Qualified,
        found: Option<DemandDef>,
        what: &str,
        wanted: &dyn Fn(DemandDef) -> bool,
    ) {
        let place = cx.at(q.span);
        let text = self.text(place);
        if let Some(DemandDef::Broken) = found {
            return;
        }
        if let Some(m) = q.modules.first()
            && self.names.is_missing(cx.module, &m.text)
        {
            return;
        }
        let article = if what == "invariant" { "an" } else { "a" };
        let other = found.map(|d| d.what().to_string()).or_else(|| match self.names.qualified(cx.module, q) {
            Lookup::Found(Def::Rule(_)) => Some("a rule".into()),
            Lookup::Found(Def::Kind(_)) => Some("a kind".into()),
            Lookup::Found(Def::Param(_)) => Some("a parameter".into()),
            _ => None,
        });
        let d = match &other {
            Some(o) => Diagnostic::error(error::WRONG_SORT, format!("`{text}` is {o}, not {article} {what}"))
                .at(place, format!("{article} {what} is needed here")),
            None => Diagnostic::error(error::UNKNOWN_DEMAND, format!("there is no {what} `{text}`")).at(place, "not declared"),
        };
        let all = self.names.usable_demands(cx.module, wanted);
        let d = match nearest(&text, all.iter().map(|s| s.as_str())) {
            Some(near) => {
                let written = near.split('.').map(quoted).collect::<Vec<_>>().join(".");
                d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, written)
            }
            None if other.as_deref() == Some("a rule") => {
                d.help(format!("a rule is a formula: call it, `{text}(…)`, or ask whether its facts changed, `unchanged {text}`"))
            }
            None if all.is_empty() => d.help(format!("no {what} is declared")),
            None => d.help(format!("declared are {}", error::list(&all))),
        };
        self.report(d);
    }

    fn relations(&mut self, cx: &mut Cx, names: &[ast::Qualified]) -> Option<Vec<Relation>> {
        let all: Vec<Option<Relation>> = names
            .iter()
            .map(|q| match self.names.qualified(cx.module, q) {
                Lookup::Found(Def::Rule(r)) => {
                    let function = self.program.rule(r).is_some_and(|r| r.function);
                    if function {
                        let text = self.text(cx.at(q.span));
                        let d = Diagnostic::error(
                            error::WRONG_SORT,
                            format!("`{text}` is a function, and a function has no facts that could change"),
                        )
                        .at(cx.at(q.span), "a rule with facts is needed here");
                        self.report(d);
                        return None;
                    }
                    Some(Relation::Rule(r))
                }
                Lookup::Found(Def::Kind(k)) if self.schema.kind(k).is_some_and(|k| k.sort == Sort::Edge) => {
                    Some(Relation::Edge(k))
                }
                Lookup::Poisoned => None,
                Lookup::Found(_) => {
                    let text = self.text(cx.at(q.span));
                    let d =
                        Diagnostic::error(error::WRONG_SORT, format!("`{text}` has no facts: a rule or an edge kind is needed"))
                            .at(cx.at(q.span), "neither a rule nor an edge kind");
                    self.report(d);
                    None
                }
                Lookup::Unknown => self.relation(cx, q),
            })
            .collect();
        all.into_iter().collect()
    }

    /// `breaks I where φ`: φ sees the binding of a violation.
    fn broken_where(&mut self, cx: &mut Cx, ids: &[InvariantId], condition: &ast::Expr) -> (Vec<(Arc<str>, VarId)>, Expr) {
        let mut names: Vec<(Arc<str>, Type)> = vec![];
        for id in ids {
            let Some(i) = self.program.invariants.get(id.0 as usize) else { continue };
            let vars = i.clauses.iter().flat_map(|c| c.binding.iter().copied());
            for v in vars {
                if let Some(var) = i.vars.get(v.0 as usize)
                    && !names.iter().any(|(n, _)| *n == var.name)
                {
                    names.push((var.name.clone(), var.ty.clone()));
                }
            }
        }
        cx.push(What::Value);
        let mut map = vec![];
        for (n, ty) in names {
            let v = cx.declare_binder(n.clone(), ty, cx.at(condition.span));
            map.push((n, v));
        }
        let closed = std::mem::replace(&mut cx.closed, true);
        let e = self.body(cx, condition, Pos::FORMULA);
        cx.closed = closed;
        cx.pop();
        (map, e)
    }

    /// `in at least 95% worlds φ`.
    pub fn share(&mut self, cx: &mut Cx, s: &ast::Share, span: Span) -> Expr {
        let candidates = s.over == ast::ShareOver::Candidates;
        let share = match &s.of {
            ast::ShareOf::Every => Share::Every,
            ast::ShareOf::Some => Share::Some,
            ast::ShareOf::AtLeast(l) => {
                let x = match l {
                    ast::Literal::Int(i) => *i as f64,
                    ast::Literal::Float(x) => *x,
                    _ => -1.0,
                };
                if !(0.0..=100.0).contains(&x) {
                    let d = Diagnostic::error(error::OUT_OF_BOUNDS, "a share is from 0% to 100%").at(cx.at(s.word), "");
                    self.report(d);
                }
                Share::Percent(x)
            }
        };
        let allowed =
            if candidates { cx.whole == Some(span) && cx.site == Site::Invariant } else { cx.before && cx.was.is_none() };
        if !allowed {
            let d = Diagnostic::error(
                error::MISPLACED_SHARE,
                if candidates {
                    "`in … candidates` stands only as the whole of a `require`"
                } else {
                    "`in … worlds` stands only in an `expect` of an intervention"
                },
            )
            .at(cx.at(s.word), "cannot stand here");
            let d = if candidates {
                d.help("write an invariant of its own: `invariant name { require in … candidates … }`")
            } else {
                d.help("the worlds are those that the intervention makes")
            };
            self.report(d);
        }
        let formula = if candidates {
            // the formula is closed: the variables around it are not known in other candidates
            let mut inner = Cx::new(cx.module, cx.item, cx.site);
            inner.vars = std::mem::take(&mut cx.vars);
            inner.info = std::mem::take(&mut cx.info);
            inner.outer = cx.visible().iter().map(|s| s.to_string()).collect();
            inner.push(What::Clause);
            let f = self.body(&mut inner, &s.formula, Pos::FORMULA);
            inner.pop();
            (cx.vars, cx.info) = (std::mem::take(&mut inner.vars), std::mem::take(&mut inner.info));
            f
        } else {
            cx.push(What::Clause);
            let f = self.body(cx, &s.formula, Pos::FORMULA);
            cx.pop();
            f
        };
        self.make(cx, ExprKind::Share { candidates, share, formula: Box::new(formula) }, Type::Bool, span)
    }

    /// The severity that is written, or `error`.
    pub fn severity(mark: Option<&ast::SeverityMark>) -> Severity {
        mark.map_or(Severity::Error, |m| m.severity)
    }
}
