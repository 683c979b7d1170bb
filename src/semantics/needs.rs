//! What demands need: the rules and mechanisms that they use, directly or through others. What none of them needs is not evaluated.
use super::hir::{
    DemandForm, Edit, EditKind, End, Expr, ExprKind, Intervention, Invariant, InvariantId, Path, Policy, PolicyForm, Program,
    Relation, RuleId, Scope, Test, VerdictAtom,
};
use super::strata::{Strata, Stratum};
use super::walk;
use crate::structure::schema::AttrId;
use std::collections::BTreeSet;

/// Collects what is needed.
pub struct Needs<'p> {
    program: &'p Program,
    rules: BTreeSet<RuleId>,
    attrs: BTreeSet<AttrId>,
    invariants: BTreeSet<InvariantId>,
    decides: bool,
}

impl<'p> Needs<'p> {
    /// Nothing by now.
    pub fn new(program: &'p Program) -> Self {
        Needs { program, rules: BTreeSet::new(), attrs: BTreeSet::new(), invariants: BTreeSet::new(), decides: false }
    }
    /// The demands whose names are wanted; what is decided and preferred about candidates always.
    pub fn demands(program: &'p Program, wanted: &dyn Fn(&str) -> bool) -> Self {
        let mut needs = Needs::new(program);
        program.invariants.iter().filter(|i| wanted(&i.name)).for_each(|i| needs.invariant(i));
        program.interventions.iter().filter(|i| wanted(&i.name)).for_each(|i| needs.intervention(i));
        program.policies.iter().filter(|p| p.on.is_none() || wanted(&p.name)).for_each(|p| needs.policy(p));
        program.prefers.iter().for_each(|p| needs.expr(&p.value));
        needs
    }
    /// An expression.
    pub fn expr(&mut self, e: &'p Expr) {
        match &e.kind {
            ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => self.rule(*r),
            ExprKind::Attr(_, a) => self.attr(*a),
            ExprKind::Path(p) => self.path(&p.path),
            ExprKind::Verdict(v) => match &**v {
                VerdictAtom::Holds(ids) | VerdictAtom::Breaks(ids, _) => {
                    for id in ids {
                        if self.invariants.insert(*id)
                            && let Some(i) = self.program.invariants.get(id.0 as usize)
                        {
                            self.invariant(i);
                        }
                    }
                }
                VerdictAtom::Unchanged(list) | VerdictAtom::Changed(list) => list.iter().for_each(|r| self.relation(*r)),
                VerdictAtom::Stable(_) => {}
                VerdictAtom::Decides(..) | VerdictAtom::Policy(..) => self.policies(),
            },
            _ => {}
        }
        walk::parts(e, &mut |x| self.expr(x));
    }
    /// A scope.
    pub fn scope(&mut self, s: &'p Scope) {
        walk::scope(s, &mut |x| self.expr(x));
    }
    fn rule(&mut self, id: RuleId) {
        let Some(rule) = self.program.rule(id).filter(|_| self.rules.insert(id)) else { return };
        for c in &rule.clauses {
            c.body.iter().chain(&c.value).for_each(|x| self.expr(x));
        }
    }
    fn attr(&mut self, attr: AttrId) {
        if !self.program.schema.attr(attr).is_some_and(|a| a.mechanism) || !self.attrs.insert(attr) {
            return;
        }
        for m in self.program.mechanisms.iter().filter(|m| m.attr == attr) {
            self.expr(&m.value);
        }
    }
    fn path(&mut self, p: &Path) {
        match p {
            Path::Step(list) => list.iter().for_each(|r| self.relation(*r)),
            Path::Sequence(parts) | Path::Either(parts) => parts.iter().for_each(|p| self.path(p)),
            Path::Repeat(p, ..) => self.path(p),
        }
    }
    fn relation(&mut self, r: Relation) {
        if let Relation::Rule(r) = r {
            self.rule(r);
        }
    }
    /// An invariant.
    pub fn invariant(&mut self, i: &'p Invariant) {
        i.scope.iter().for_each(|s| self.scope(s));
        i.lets.iter().for_each(|l| self.expr(&l.1));
        for c in &i.clauses {
            match &c.form {
                DemandForm::Never(s) => self.scope(s),
                DemandForm::Require(e) => self.expr(e),
            }
            c.message.iter().for_each(|m| self.expr(m));
        }
    }
    /// All policies on events: what one decides may rest on another.
    fn policies(&mut self) {
        if !std::mem::replace(&mut self.decides, true) {
            self.program.policies.iter().filter(|p| p.on.is_some()).for_each(|p| self.policy(p));
        }
    }
    /// A policy.
    pub fn policy(&mut self, p: &'p Policy) {
        p.on.iter().for_each(|s| self.scope(s));
        p.lets.iter().for_each(|l| self.expr(&l.1));
        for c in &p.clauses {
            c.when.iter().chain(&c.unless).chain(&c.message).for_each(|e| self.expr(e));
            match &c.form {
                PolicyForm::Rewrite(_, path, value) => path.iter().chain([value]).for_each(|e| self.expr(e)),
                PolicyForm::Oblige(scope, ..) => self.scope(scope),
                PolicyForm::Effect(_) | PolicyForm::Escalate(_) => {}
            }
        }
    }
    /// An edit.
    pub fn edit(&mut self, e: &'p Edit) {
        e.scope.iter().for_each(|s| self.scope(s));
        let end = |needs: &mut Self, end: &'p End| match end {
            End::Lookup(_, x) | End::Element(x) => needs.expr(x),
        };
        let given = match &e.kind {
            EditKind::Remove(x) => return self.expr(x),
            EditKind::Set { of, path, value, .. } => {
                self.expr(of);
                path.iter().for_each(|p| self.expr(p));
                return self.expr(value);
            }
            EditKind::AddNode { id, given, .. } => {
                self.expr(id);
                given
            }
            EditKind::AddEdge { from, to, given, .. } => {
                end(self, from);
                end(self, to);
                given
            }
            EditKind::AddEvent { id, at, given, .. } => {
                self.expr(id);
                self.expr(at);
                given
            }
        };
        given.iter().for_each(|g| self.expr(&g.1));
    }
    /// An intervention.
    pub fn intervention(&mut self, i: &'p Intervention) {
        i.scopes.iter().for_each(|s| self.scope(&s.1));
        i.given.iter().for_each(|g| self.expr(g));
        i.lets_before.iter().chain(&i.lets).for_each(|l| self.expr(&l.1));
        i.edits.iter().chain(&i.against).for_each(|e| self.edit(e));
        for (e, message) in &i.expects {
            self.expr(e);
            message.iter().for_each(|m| self.expr(m));
        }
    }
    /// A test.
    pub fn test(&mut self, t: &'p Test) {
        t.given.iter().chain(&t.edits).for_each(|e| self.edit(e));
        t.expects.iter().for_each(|e| self.expr(e));
    }
    /// Of the strata those that are needed.
    pub fn strata(&self, all: &Strata) -> Strata {
        let needed =
            |s: &&Stratum| s.rules.iter().any(|r| self.rules.contains(r)) || s.mechanisms.iter().any(|a| self.attrs.contains(a));
        Strata { strata: all.strata.iter().filter(needed).cloned().collect() }
    }
}
