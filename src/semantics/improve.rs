//! Whether the values of a recursion only improve, and whether it makes new ones. Used by strata for each component of rules.
use super::checker::Checker;
use super::error;
use super::hir::{Aggregate, Clause, Combine, Expr, ExprKind, Quantifier, RuleForm, RuleId, VarId};
use super::walk;
use crate::base::Place;
use crate::scalar::{Op, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Whether values only improve in a recursion.
pub struct Exam<'a, 'b> {
    /// The program.
    pub c: &'a Checker<'b>,
    /// The rules that use each other.
    pub part: &'a [usize],
    /// What is wrong: where, the code, the label, the help.
    pub found: Vec<(Place, crate::base::Code, String, String)>,
}

impl Exam<'_, '_> {
    fn in_part(&self, r: RuleId) -> bool {
        self.part.contains(&(r.0 as usize))
    }

    /// Whether a value of the recursion is in it.
    fn recurs(&self, e: &Expr) -> bool {
        let mut found = false;
        walk::all(e, &mut |x| {
            if let ExprKind::Value { rule, .. } = &x.kind {
                found |= self.in_part(*rule);
            }
        });
        found
    }

    fn refuse(&mut self, place: Place, label: &str, help: &str) {
        self.found.push((place, error::NOT_IMPROVING, label.into(), help.into()));
    }

    fn combine_of(&self, e: &Expr) -> Option<Combine> {
        let mut found = None;
        walk::all(e, &mut |x| {
            if let ExprKind::Value { rule, .. } = &x.kind
                && self.in_part(*rule)
                && let Some(RuleForm::Value(c, _)) = self.c.program.rule(*rule).map(|r| &r.form)
            {
                found.get_or_insert(*c);
            }
        });
        found
    }

    /// A formula: more facts, and better values, may only make it truer.
    pub fn condition(&mut self, e: &Expr) {
        if !self.recurs(e) {
            return;
        }
        match &e.kind {
            ExprKind::And(xs) | ExprKind::Or(xs) => xs.iter().for_each(|x| self.condition(x)),
            ExprKind::Quantified(Quantifier::Some, s, _) => s.filter.iter().for_each(|f| self.condition(f)),
            ExprKind::Earlier { filter, .. } => filter.iter().for_each(|f| self.condition(f)),
            ExprKind::Implies(_, b) => self.condition(b),
            ExprKind::Value { .. } if self.combine_of(e) == Some(Combine::Any) => {}
            ExprKind::Op(op @ (Op::Lt | Op::Le | Op::Gt | Op::Ge), xs) => {
                let [a, b] = xs.as_slice() else { return };
                let (value, up) = match (self.recurs(a), self.recurs(b)) {
                    (true, false) => (a, matches!(op, Op::Gt | Op::Ge)),
                    (false, true) => (b, matches!(op, Op::Lt | Op::Le)),
                    _ => {
                        self.refuse(e.place, "both sides are of the recursion", "compare with a value that does not recur");
                        return;
                    }
                };
                match self.combine_of(value) {
                    Some(c @ Combine::Min) if !up => self.value(value, c),
                    Some(c @ Combine::Max) if up => self.value(value, c),
                    Some(Combine::Min) => self.refuse(
                        e.place,
                        "a `min` gets smaller, which makes this false again",
                        "in its own recursion a `min` may stand in `<` and `<=` against values that do not recur",
                    ),
                    _ => self.refuse(
                        e.place,
                        "a `max` gets greater, which makes this false again",
                        "in its own recursion a `max` may stand in `>` and `>=` against values that do not recur",
                    ),
                }
            }
            _ => self.refuse(
                e.place,
                "this may become false again when the value improves",
                "in its own recursion a `min` may stand in `<` and `<=` against values that do not recur (a `max` in `>` and `>=`)",
            ),
        }
    }

    /// The value of a clause: better values in it may only make it better.
    pub fn value(&mut self, e: &Expr, combine: Combine) {
        if !self.recurs(e) {
            return;
        }
        let word = match combine {
            Combine::Max => "max",
            Combine::Any => "any",
            Combine::All => "all",
            _ => "min",
        };
        match (&e.kind, combine) {
            (ExprKind::Value { .. }, _) => match self.combine_of(e) {
                Some(c) if c == combine => {}
                _ => self.refuse(e.place, "a value of another sort", "in one recursion all values improve in one direction"),
            },
            (ExprKind::And(xs) | ExprKind::Or(xs), Combine::Any | Combine::All) => xs.iter().for_each(|x| self.value(x, combine)),
            (ExprKind::Op(Op::Widen, xs) | ExprKind::Op(Op::Add, xs), Combine::Min | Combine::Max) => {
                xs.iter().for_each(|x| self.value(x, combine));
            }
            (ExprKind::Op(Op::Sub, xs), Combine::Min | Combine::Max) => {
                let [a, b] = xs.as_slice() else { return };
                if self.recurs(b) {
                    self.refuse(b.place, "what is taken away recurs", &format!("a `{word}` that improves here makes the result worse: only the left side of `-` may recur"));
                }
                self.value(a, combine);
            }
            (ExprKind::Op(Op::Mul, xs), Combine::Min | Combine::Max) => {
                let [a, b] = xs.as_slice() else { return };
                let (value, factor) = if self.recurs(a) { (a, b) } else { (b, a) };
                if self.recurs(factor) || !never_negative(factor) {
                    self.refuse(
                        factor.place,
                        "this factor may be negative",
                        &format!("in its own recursion a `{word}` may be multiplied only by what is known to be >= 0: bound its type, like `Float in 0.0..1.0`"),
                    );
                }
                self.value(value, combine);
            }
            (ExprKind::Op(Op::Call(b), xs), Combine::Min) if b.name == "least" => xs.iter().for_each(|x| self.value(x, combine)),
            (ExprKind::Op(Op::Call(b), xs), Combine::Max) if b.name == "greatest" => xs.iter().for_each(|x| self.value(x, combine)),
            (ExprKind::Aggregate { aggregate, .. }, _) => {
                let hint = match aggregate {
                    Aggregate::Min | Aggregate::Max => "write the inner one as a clause: its binders and `where` go behind `if`",
                    _ => "an aggregate must be complete before it is used",
                };
                self.refuse(e.place, "an aggregate of its own values", hint);
            }
            _ => self.refuse(
                e.place,
                "this need not get better when the value does",
                &format!("in its own recursion a `{word}` may go through `+`, `-` of a side that does not recur, `*` by a factor >= 0, `{}` and other `{word}` rules",
                    if combine == Combine::Max { "greatest" } else { "least" }),
            ),
        }
    }

    /// A recursive clause may not make a new value from a recursive atom for its head.
    pub fn builds(&mut self, clause: &Clause) {
        let Some(body) = &clause.body else { return };
        let mut tainted: BTreeSet<VarId> = BTreeSet::new();
        let mut equations: Vec<(VarId, &Expr)> = vec![];
        walk::all(body, &mut |x| match &x.kind {
            ExprKind::Atom(r, args) | ExprKind::Value { rule: r, args, .. } if self.in_part(*r) => {
                for a in args {
                    if let ExprKind::Var(v) = a.kind
                        && super::types::element(a.ty.present()).is_none()
                    {
                        tainted.insert(v);
                    }
                }
            }
            ExprKind::Op(Op::Eq | Op::In, xs) => {
                if let [a, b] = xs.as_slice()
                    && let ExprKind::Var(v) = a.kind
                {
                    equations.push((v, b));
                }
            }
            _ => {}
        });
        // what is equal to something made from a recursive value is recursive too
        let mut built: BTreeMap<VarId, Place> = BTreeMap::new();
        loop {
            let mut changed = false;
            for (v, e) in &equations {
                let (from, made) = reads(e, &tainted);
                let inherited = match e.kind {
                    ExprKind::Var(w) => built.get(&w).copied(),
                    _ => None,
                };
                if let Some(place) = inherited.or(if from && made { Some(e.place) } else { None })
                    && !built.contains_key(v)
                {
                    built.insert(*v, place);
                    changed = true;
                }
                if from && tainted.insert(*v) {
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        for h in &clause.head {
            if let Some(place) = built.get(h) {
                let name = clause.vars.get(h.0 as usize).map(|v| v.name.to_string()).unwrap_or_default();
                self.found.push((
                    *place,
                    error::RECURSION_BUILDS,
                    format!("`{name}` is a new value, made from one of the recursion"),
                    "such a recursion need not end: a value that counts along the way is a value rule, `= min { … }`".into(),
                ));
            }
        }
    }
}

/// Whether an expression reads one of these variables, and whether it makes a new value.
fn reads(e: &Expr, vars: &BTreeSet<VarId>) -> (bool, bool) {
    let (mut from, mut made) = (false, false);
    walk::all(e, &mut |x| match &x.kind {
        ExprKind::Var(v) => from |= vars.contains(v),
        ExprKind::Op(op, _) => {
            made |= !matches!(op, Op::Get(_) | Op::Item | Op::Widen | Op::Cast(_) | Op::ToId);
        }
        ExprKind::Text(_) => made = true,
        _ => {}
    });
    (from, made)
}

/// Whether a number is known never to be below 0.
fn never_negative(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Const(Value::Int(i)) => *i >= 0,
        ExprKind::Const(Value::Float(x)) => x.get() >= 0.0,
        ExprKind::Const(Value::Duration(d)) => *d >= 0,
        ExprKind::Op(Op::Widen | Op::Cast(_), xs) => xs.first().is_some_and(never_negative),
        ExprKind::Op(Op::Add | Op::Mul | Op::Div, xs) => xs.iter().all(never_negative),
        ExprKind::Op(Op::Call(b), xs) => match b.name {
            "abs" | "count" | "length" | "sqrt" | "exp" => true,
            "greatest" => xs.iter().any(never_negative),
            "least" => xs.iter().all(never_negative),
            _ => false,
        },
        ExprKind::Coalesce(a, b) => bounded(&a.ty) && never_negative(b),
        ExprKind::If(_, a, b) => never_negative(a) && never_negative(b),
        ExprKind::Aggregate { aggregate: Aggregate::Count, .. } => true,
        ExprKind::Aggregate { aggregate: Aggregate::Sum, value: Some(v), .. } => never_negative(v),
        _ => bounded(&e.ty),
    }
}

fn bounded(t: &Type) -> bool {
    match t.present() {
        Type::Int(Some((low, _))) => *low >= 0,
        Type::Float(Some((low, _))) => low.get() >= 0.0,
        _ => false,
    }
}
