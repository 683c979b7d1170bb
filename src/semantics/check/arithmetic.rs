//! Checks arithmetic, `++`, signs and casts. Called by operator and expression.
use crate::base::{Diagnostic, Span};
use crate::scalar::{Op, Type};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind};
use crate::semantics::scope::Cx;
use crate::semantics::types::{self, Fit};
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_> {
    /// Arithmetic and `++`.
    pub fn arithmetic(&mut self, cx: &mut Cx, op: BinaryOp, op_span: Span, a: Expr, b: Expr, span: Span) -> Expr {
        if a.ty == Type::Error || b.ty == Type::Error {
            return if op == BinaryOp::Div { self.poison(cx, span) } else { self.guess(cx, span, &a.ty, &b.ty) };
        }
        let what = format!("what stands beside `{}`", op.text());
        if op == BinaryOp::Concat {
            return self.concat(cx, a, b, op_span, span);
        }
        let a = self.present(cx, a, &what);
        let b = self.present(cx, b, &what);
        if a.ty == Type::Error || b.ty == Type::Error {
            return if op == BinaryOp::Div { self.poison(cx, span) } else { self.guess(cx, span, &a.ty, &b.ty) };
        }
        for (x, other) in [(&a, &b), (&b, &a)] {
            if x.ty == Type::Json {
                let text = self.text(x.place);
                let mut d = Diagnostic::error(
                    error::JSON_NEEDS_TYPE,
                    format!("`{}` needs numbers, and the type of a Json is not known", op.text()),
                )
                .at(x.place, "this is a Json")
                .help(format!("say what it is: `{text} as Int` or `{text} as Float`"));
                if !matches!(other.ty, Type::Float(_)) {
                    d = d.suggest("take it for an Int", x.place, format!("({text} as Int)"));
                }
                d = d.suggest("take it for a Float", x.place, format!("({text} as Float)"));
                self.report(d);
                return self.poison(cx, span);
            }
        }
        use BinaryOp::{Add, Div, IntDiv, Mul, Rem, Sub};
        use Type::{Duration, Float, Int, Time};
        let float = Float(None);
        let (a, b, hop, ty) = match (op, &a.ty, &b.ty) {
            (Add, Int(_), Int(_)) => (a, b, Op::Add, Int(None)),
            (Sub, Int(_), Int(_)) => (a, b, Op::Sub, Int(None)),
            (Mul, Int(_), Int(_)) => (a, b, Op::Mul, Int(None)),
            (IntDiv, Int(_), Int(_)) => (a, b, Op::IntDiv, Int(None)),
            (Rem, Int(_), Int(_)) => (a, b, Op::Rem, Int(None)),
            (Add | Sub | Mul | Div, Int(_) | Float(_), Int(_) | Float(_)) => {
                let (a, b) = (self.widen_to(a, &float), self.widen_to(b, &float));
                let op = match op {
                    Add => Op::Add,
                    Sub => Op::Sub,
                    Mul => Op::Mul,
                    _ => Op::Div,
                };
                (a, b, op, float)
            }
            (Add, Time, Duration) | (Add, Duration, Time) => (a, b, Op::Add, Time),
            (Add, Duration, Duration) => (a, b, Op::Add, Duration),
            (Sub, Time, Time) | (Sub, Duration, Duration) => (a, b, Op::Sub, Duration),
            (Sub, Time, Duration) => (a, b, Op::Sub, Time),
            (Mul, Duration, Int(_) | Float(_)) | (Mul, Int(_) | Float(_), Duration) => (a, b, Op::Mul, Duration),
            (Div, Duration, Duration) => (a, b, Op::Div, float),
            (Div, Duration, Int(_) | Float(_)) => (a, b, Op::Div, Duration),
            _ => {
                let (x, y) = (self.show(&a.ty), self.show(&b.ty));
                let mut d = Diagnostic::error(error::BAD_OPERANDS, format!("`{}` does not go with {x} and {y}", op.text()))
                    .at(cx.at(op_span), "")
                    .also(a.place, format!("this is {x}"))
                    .also(b.place, format!("this is {y}"));
                if let (Add, Type::Text | Type::Literals(_) | Type::List(_), _)
                | (Add, _, Type::Text | Type::Literals(_) | Type::List(_)) = (op, &a.ty, &b.ty)
                {
                    d = d.help("texts and lists are joined with `++`").suggest("join them", cx.at(op_span), "++");
                } else if let (IntDiv, Float(_) | Int(_), Float(_) | Int(_)) = (op, &a.ty, &b.ty) {
                    d = d.help("`div` is for Ints; `/` divides Floats").suggest("divide Floats", cx.at(op_span), "/");
                } else if let (Rem, Float(_) | Int(_), Float(_) | Int(_)) = (op, &a.ty, &b.ty) {
                    d = d.help("`%` is for Ints");
                }
                self.report(d);
                return self.poison(cx, span);
            }
        };
        self.make(cx, ExprKind::Op(hop, vec![a, b]), ty, span)
    }

    fn concat(&mut self, cx: &mut Cx, a: Expr, b: Expr, op_span: Span, span: Span) -> Expr {
        let a = self.present(cx, a, "what stands beside `++`");
        let b = self.present(cx, b, "what stands beside `++`");
        let (a, b, ty) = match (a.ty.clone(), b.ty.clone()) {
            (Type::Error, _) | (_, Type::Error) => return self.poison(cx, span),
            (Type::Json, Type::Json) => {
                let text = self.text(a.place);
                let d = Diagnostic::error(error::JSON_NEEDS_TYPE, "`++` joins texts or lists, and which these are is not known")
                    .at(cx.at(op_span), "")
                    .help(format!("say the type of one of them: `{text} as Text`"))
                    .suggest("take it for a Text", a.place, format!("({text} as Text)"));
                self.report(d);
                return self.poison(cx, span);
            }
            (Type::Json, t @ (Type::Text | Type::Literals(_) | Type::List(_))) => {
                let t = types::base(&t);
                (self.read(a, &t), b, t)
            }
            (t @ (Type::Text | Type::Literals(_) | Type::List(_)), Type::Json) => {
                let t = types::base(&t);
                let b = self.read(b, &t);
                (a, b, t)
            }
            (Type::Text | Type::Literals(_), Type::Text | Type::Literals(_)) => (a, b, Type::Text),
            (x @ Type::List(_), y @ Type::List(_)) => match types::join(&self.schema, &types::base(&x), &types::base(&y)) {
                Some(t) => {
                    let (a, b) = match (&x, &y, &t) {
                        (Type::List(i), _, Type::List(f)) if matches!((&**i, &**f), (Type::Int(_), Type::Float(_))) => {
                            (self.wrap(Op::Cast(t.clone()), a, t.clone()), b)
                        }
                        (_, Type::List(i), Type::List(f)) if matches!((&**i, &**f), (Type::Int(_), Type::Float(_))) => {
                            let b = self.wrap(Op::Cast(t.clone()), b, t.clone());
                            (a, b)
                        }
                        _ => (a, b),
                    };
                    (a, b, t)
                }
                None => return self.no_concat(cx, &a, &b, op_span, span),
            },
            _ => return self.no_concat(cx, &a, &b, op_span, span),
        };
        self.make(cx, ExprKind::Op(Op::Concat, vec![a, b]), ty, span)
    }

    fn no_concat(&mut self, cx: &mut Cx, a: &Expr, b: &Expr, op_span: Span, span: Span) -> Expr {
        let (x, y) = (self.show(&a.ty), self.show(&b.ty));
        let d = Diagnostic::error(error::BAD_OPERANDS, format!("`++` joins two texts or two lists, not {x} and {y}"))
            .at(cx.at(op_span), "")
            .also(a.place, format!("this is {x}"))
            .also(b.place, format!("this is {y}"));
        self.report(d);
        self.poison(cx, span)
    }

    /// `-x`.
    pub fn negative(&mut self, cx: &mut Cx, x: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let x = self.expr(cx, x, pos.inner());
        let x = self.present(cx, x, "what stands behind `-`");
        match x.ty.clone() {
            Type::Error => self.poison(cx, span),
            t @ (Type::Int(_) | Type::Float(_) | Type::Duration) => {
                self.make(cx, ExprKind::Op(Op::Neg, vec![x]), types::base(&t), span)
            }
            other => {
                let shown = self.show(&other);
                let mut d =
                    Diagnostic::error(error::BAD_OPERANDS, format!("`-` needs a number or a duration, and this is {shown}"))
                        .at(x.place, format!("this is {shown}"));
                if other == Type::Json {
                    let text = self.text(x.place);
                    d = d.help(format!("say what it is: `{text} as Int`")).suggest(
                        "take it for an Int",
                        x.place,
                        format!("({text} as Int)"),
                    );
                }
                self.report(d);
                self.poison(cx, span)
            }
        }
    }

    /// `x as T`.
    pub fn cast(&mut self, cx: &mut Cx, operand: &ast::Expr, ty: &ast::TypeExpr, span: Span, pos: Pos) -> Expr {
        let x = self.expr(cx, operand, pos.inner());
        let to = self.type_expr(cx.module, cx.item, ty);
        if x.ty == Type::Error || to == Type::Error {
            return Expr { kind: ExprKind::Error, ty: to, place: cx.at(span) };
        }
        let fit = types::fit(&self.schema, &x.ty, &to);
        match (x.ty.present(), to.present()) {
            // an element is narrowed with `is`, never by a cast
            (f, t) if types::has_elements(f) || types::has_elements(t) => match fit {
                Fit::Exact => x,
                Fit::Read => {
                    let e = self.read(x, &to);
                    self.make(cx, e.kind, e.ty, span)
                }
                _ => self.bad_cast(cx, &x, &to, span),
            },
            (_, _) if fit == Fit::Absent => self.absent(cx, x, "what is cast"),
            (Type::Float(_), Type::Int(_)) | (Type::Text | Type::Literals(_), Type::Time | Type::Duration) => {
                let x = if to.is_optional() { x } else { self.present(cx, x, "what is cast") };
                self.make(cx, ExprKind::Op(Op::Cast(to.clone()), vec![x]), to, span)
            }
            _ => match fit {
                Fit::Exact => Expr { ty: to, place: cx.at(span), ..x },
                Fit::No => self.bad_cast(cx, &x, &to, span),
                _ => self.make(cx, ExprKind::Op(Op::Cast(to.clone()), vec![x]), to, span),
            },
        }
    }

    fn bad_cast(&mut self, cx: &mut Cx, x: &Expr, to: &Type, span: Span) -> Expr {
        let (a, b) = (self.show(&x.ty), self.show(to));
        let mut d = Diagnostic::error(error::BAD_CAST, format!("{a} cannot be cast to {b}"))
            .at(cx.at(span), "no value of it can become one")
            .also(x.place, format!("this is {a}"));
        if types::has_elements(to) {
            d = d.help("a node is looked up by its id, `Kind(id)`; its kind is asked for with `is`");
        } else if let (Type::Text, Type::Int(_) | Type::Float(_)) = (to.present(), x.ty.present()) {
            d = d.help("in a message, `{…}` shows any value");
        } else if let (Type::Int(_) | Type::Float(_), Type::Bool) = (to.present(), x.ty.present()) {
            let text = self.text(x.place);
            d = d.suggest("choose a number", cx.at(span), format!("(if {text} then 1 else 0)"));
        } else if let (Type::Bool, Type::Int(_) | Type::Float(_)) = (to.present(), x.ty.present()) {
            let text = self.text(x.place);
            d = d.help("a Bool is asked, not cast").suggest("compare it", cx.at(span), format!("({text} != 0)"));
        }
        self.report(d);
        Expr { kind: ExprKind::Error, ty: to.clone(), place: cx.at(span) }
    }
}
