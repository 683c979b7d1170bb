//! Binds operands and operators by the table of precedence: from the flat lists of the grammar to a tree.
use super::super::ast::{Arrow, BinaryOp, Expr, ExprKind, Name, Qualified, Step, TypeExpr, Verdict, VerdictKind};
use super::super::cursor::{Broken, Built};
use super::super::error;
use super::builder::Builder;
use super::path::ArrowPart;
use crate::base::{Diagnostic, Span};
use std::iter::Peekable;
use std::vec::IntoIter;

/// An operand, or a tree that was bound.
pub(super) struct Operand {
    pub expr: Expr,
    /// With parentheses.
    pub outer: Span,
    /// Whether it stands in parentheses, so that nothing chains with it.
    pub grouped: bool,
}

/// A piece of a flat expression.
pub(super) enum Part {
    Prefix(Prefix, Span),
    Operand(Operand),
    Infix(BinaryOp, Span),
    And,
    Or,
    Range,
    Arrow(ArrowPart),
    As(TypeExpr),
    Is(Qualified),
    Has(Name),
}

/// A prefix operator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Neg,
    Not,
    Stable,
}

/// The parts of one expression, in order.
pub(super) type Parts = Peekable<IntoIter<Part>>;

const COMPARISON: u8 = 5;
const FORMULA: u8 = 4;

impl Part {
    /// How tightly it binds what stands to its left: more is tighter.
    fn level(&self) -> Option<u8> {
        use BinaryOp::*;
        Some(match self {
            Part::Infix(Implies, _) => 1,
            Part::Or => 2,
            Part::And => 3,
            Part::Infix(Eq | Ne | Lt | Le | Gt | Ge | In | NotIn | Matches, _) | Part::Arrow(_) | Part::Is(_) | Part::Has(_) => {
                COMPARISON
            }
            Part::Range => 6,
            Part::Infix(Coalesce, _) => 7,
            Part::Infix(Add | Sub | Concat, _) => 8,
            Part::Infix(Mul | Div | IntDiv | Rem, _) => 9,
            Part::As(_) => 10,
            Part::Prefix(..) | Part::Operand(_) => return None,
        })
    }
}

impl Builder<'_> {
    /// Binds as long as operators are at least as tight as `level`.
    pub(super) fn bind(&mut self, parts: &mut Parts, level: u8) -> Built<Operand> {
        let mut left = match parts.next() {
            Some(Part::Operand(operand)) => {
                if level > COMPARISON && !operand.grouped && greedy(&operand.expr) {
                    self.needs_parentheses(operand.outer);
                }
                operand
            }
            Some(Part::Prefix(Prefix::Neg, span)) => {
                let inner = self.bind(parts, 11)?;
                let outer = span.to(inner.outer);
                Operand { expr: Expr { kind: ExprKind::Neg(Box::new(inner.expr)), span: outer }, outer, grouped: false }
            }
            Some(Part::Prefix(prefix, span)) => {
                let inner = self.bind(parts, FORMULA + 1)?;
                let outer = span.to(inner.outer);
                if level > COMPARISON {
                    self.needs_parentheses(outer);
                }
                let kind = match prefix {
                    Prefix::Stable => ExprKind::Verdict(Verdict { kind: VerdictKind::Stable(Box::new(inner.expr)), word: span }),
                    _ => ExprKind::Not(Box::new(inner.expr)),
                };
                Operand { expr: Expr { kind, span: outer }, outer, grouped: false }
            }
            _ => return Err(Broken("an operand")),
        };
        let mut compared = false;
        let mut ranged = false;
        while let Some(here) = parts.peek().and_then(Part::level).filter(|l| *l >= level) {
            let Some(part) = parts.next() else { break };
            let chains = matches!((&part, &left.expr.kind), (Part::Arrow(_), ExprKind::Arrow(_))) && !left.grouped;
            if here == COMPARISON {
                if compared && !chains {
                    self.chained(&left, &part);
                }
                compared = true;
            }
            if here == 6 {
                if ranged {
                    self.chained(&left, &part);
                }
                ranged = true;
            }
            left = self.join(left, part, here, parts)?;
        }
        Ok(left)
    }

    fn join(&mut self, left: Operand, part: Part, here: u8, parts: &mut Parts) -> Built<Operand> {
        let outer = |end: Span| left.outer.to(end);
        let made = |kind: ExprKind, span: Span| Operand { expr: Expr { kind, span }, outer: span, grouped: false };
        Ok(match part {
            Part::And | Part::Or => {
                let right = self.bind(parts, here + 1)?;
                let span = outer(right.outer);
                let and = matches!(part, Part::And);
                let mut all = match left.expr.kind {
                    ExprKind::And(all) if and && !left.grouped => all,
                    ExprKind::Or(all) if !and && !left.grouped => all,
                    _ => vec![left.expr],
                };
                all.push(right.expr);
                made(if and { ExprKind::And(all) } else { ExprKind::Or(all) }, span)
            }
            Part::Infix(op, op_span) => {
                let to_the_right = matches!(op, BinaryOp::Implies | BinaryOp::Coalesce);
                let right = self.bind(parts, if to_the_right { here } else { here + 1 })?;
                let span = outer(right.outer);
                made(ExprKind::Binary { op, op_span, left: Box::new(left.expr), right: Box::new(right.expr) }, span)
            }
            Part::Range => {
                let right = self.bind(parts, here + 1)?;
                let span = outer(right.outer);
                made(ExprKind::Range { low: Box::new(left.expr), high: Box::new(right.expr) }, span)
            }
            Part::Arrow(arrow) => {
                let right = self.bind(parts, here + 1)?;
                let span = outer(right.outer);
                let step = Step {
                    backwards: arrow.backwards,
                    variable: arrow.variable,
                    path: arrow.path,
                    target: right.expr,
                    span: arrow.span,
                };
                match left.expr.kind {
                    ExprKind::Arrow(mut chain) if !left.grouped => {
                        chain.steps.push(step);
                        made(ExprKind::Arrow(chain), span)
                    }
                    _ => made(ExprKind::Arrow(Arrow { start: Box::new(left.expr), steps: vec![step] }), span),
                }
            }
            Part::As(ty) => {
                let span = outer(ty.span);
                made(ExprKind::Cast { operand: Box::new(left.expr), ty }, span)
            }
            Part::Is(kind) => {
                let span = outer(kind.span);
                made(ExprKind::Is { operand: Box::new(left.expr), kind }, span)
            }
            Part::Has(attr) => {
                let span = outer(attr.span);
                made(ExprKind::Has { operand: Box::new(left.expr), attr }, span)
            }
            Part::Prefix(..) | Part::Operand(_) => return Err(Broken("an operator")),
        })
    }

    fn needs_parentheses(&mut self, span: Span) {
        let place = self.place(span);
        let text = self.source(span);
        let word = text.split_whitespace().next().unwrap_or("");
        let found =
            Diagnostic::error(error::NEEDS_PARENTHESES, format!("`{word} …` cannot be an operand here without parentheses"))
                .at(place, "this reaches as far right as it can, and binds looser than the operator before it")
                .suggest("put it into parentheses", place, format!("({text})"));
        self.report(found);
    }

    fn chained(&mut self, left: &Operand, part: &Part) {
        let place = self.place(left.outer);
        let title = match part {
            Part::Range => "ranges do not chain",
            _ => "comparisons do not chain",
        };
        let mut found = Diagnostic::error(error::CHAINED, title)
            .at(place, "this is compared once more")
            .help("say `a < b and b < c`, or use parentheses");
        if let (Part::Infix(..), ExprKind::Binary { right, .. }) = (part, &left.expr.kind) {
            let order =
                matches!(&left.expr.kind, ExprKind::Binary { op: BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, .. });
            if let (Part::Infix(BinaryOp::Eq | BinaryOp::Ne, _), true) = (part, order) {
                let text = self.source(left.outer);
                self.report(found.suggest("compare what is to the left as a whole", place, format!("({text})")));
                return;
            }
            let middle = self.source(right.span);
            let end = Span { start: left.outer.end, end: left.outer.end };
            found = found.suggest("compare twice", self.place(end), format!(" and {middle}"));
        }
        self.report(found);
    }
}

/// Whether a formula reaches to the right as far as it can, so that an operator to its left cannot take it as an operand.
fn greedy(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Quantifier(_) | ExprKind::Since(_) | ExprKind::Earlier(_) | ExprKind::Share(_) => true,
        ExprKind::Verdict(v) => matches!(&v.kind, VerdictKind::Breaks { condition: Some(_), .. }),
        _ => false,
    }
}
