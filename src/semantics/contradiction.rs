//! Comparisons with constants that no value can satisfy: outside of the bounds of a type, or against another one beside it. Called by the
//! checks of comparisons and of `and`.
use super::checker::Checker;
use super::error;
use super::hir::{Expr, ExprKind};
use super::scope;
use crate::base::Diagnostic;
use crate::scalar::{Op, Type, Value};

/// What may still be a value, both ends with whether they are part of it.
#[derive(Clone, Debug, Default)]
struct Room {
    low: Option<(Value, bool)>,
    high: Option<(Value, bool)>,
}

impl Room {
    /// Of a type.
    fn of(ty: &Type) -> Room {
        let both = |a: Value, b: Value| Room { low: Some((a, true)), high: Some((b, true)) };
        match ty.present() {
            Type::Int(Some((a, b))) => both(Value::Int(*a), Value::Int(*b)),
            Type::Float(Some((a, b))) => both(Value::Float(*a), Value::Float(*b)),
            _ => Room::default(),
        }
    }
    /// What is left of it beside a comparison.
    fn narrow(&mut self, op: &Op, value: &Value) {
        // whole numbers have a next one
        let (op, value) = match (op, value) {
            (Op::Gt, Value::Int(i)) if *i < i64::MAX => (&Op::Ge, Value::Int(i + 1)),
            (Op::Lt, Value::Int(i)) if *i > i64::MIN => (&Op::Le, Value::Int(i - 1)),
            (op, value) => (op, value.clone()),
        };
        let closed = !matches!(op, Op::Lt | Op::Gt);
        if matches!(op, Op::Gt | Op::Ge | Op::Eq)
            && self.low.as_ref().is_none_or(|(v, c)| value > *v || value == *v && *c && !closed)
        {
            self.low = Some((value.clone(), closed));
        }
        if matches!(op, Op::Lt | Op::Le | Op::Eq)
            && self.high.as_ref().is_none_or(|(v, c)| value < *v || value == *v && *c && !closed)
        {
            self.high = Some((value, closed));
        }
    }
    fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Some((a, c)), Some((b, d))) => a > b || a == b && !(*c && *d),
            _ => false,
        }
    }
}

/// A comparison with a constant: what is compared, how (with the constant on the right), and with what.
fn comparison(e: &Expr) -> Option<(&Expr, Op, &Value)> {
    let ExprKind::Op(op, xs) = &e.kind else { return None };
    let [a, b] = xs.as_slice() else { return None };
    let turned = match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        Op::Eq => Op::Eq,
        _ => return None,
    };
    match (&a.kind, &b.kind) {
        (ExprKind::Const(_), ExprKind::Const(_)) => None,
        (_, ExprKind::Const(v)) if simple(v) => Some((a, op.clone(), v)),
        (ExprKind::Const(v), _) if simple(v) => Some((b, turned, v)),
        _ => None,
    }
}

fn simple(v: &Value) -> bool {
    matches!(v, Value::Int(_) | Value::Float(_) | Value::Duration(_) | Value::Time(_) | Value::Text(_))
}

impl Checker<'_> {
    /// Warns of a comparison that the bounds of a type rule out.
    pub fn lint_bounds(&mut self, e: &Expr) {
        let Some((x, op, value)) = comparison(e) else { return };
        let mut room = Room::of(&x.ty);
        room.narrow(&op, value);
        if room.is_empty() {
            let (text, shown) = (self.text(x.place), self.show(x.ty.present()));
            let d = Diagnostic::warning(error::CONSTANT_CONDITION, format!("`{text}` is {shown}, so this is never true"))
                .at(e.place, "never true")
                .also(x.place, format!("this is {shown}"));
            self.report(d);
        }
    }

    /// Warns of two comparisons of one conjunction of which never both are true.
    pub fn lint_contradiction(&mut self, parts: &[Expr]) {
        for (i, second) in parts.iter().enumerate() {
            let Some((x, op, value)) = comparison(second) else { continue };
            let Some(key) = scope::key(x) else { continue };
            for first in parts.iter().take(i) {
                let Some((y, other, bound)) = comparison(first) else { continue };
                if scope::key(y).as_ref() != Some(&key) || std::mem::discriminant(bound) != std::mem::discriminant(value) {
                    continue;
                }
                let mut room = Room::default();
                room.narrow(&other, bound);
                room.narrow(&op, value);
                if room.is_empty() {
                    let text = self.text(x.place);
                    let d = Diagnostic::warning(error::CONTRADICTION, format!("no `{text}` is both"))
                        .at(second.place, "never true beside the other")
                        .also(first.place, "the other")
                        .help("where either will do, join them with `or`");
                    self.report(d);
                    return;
                }
            }
        }
    }
}
