//! Checks infix operators, casts and patterns. Called by expression.
use super::binding::asks_absence;
use super::expression::value_of;
use crate::base::{Diagnostic, Span};
use crate::scalar::{Op, Type, Value};
use crate::semantics::checker::{Bind, Checker, Pos, constant};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind};
use crate::semantics::scope::{self, Cx};
use crate::semantics::{pattern, types};
use crate::syntax::ast::{self, BinaryOp};
use std::sync::Arc;

impl Checker<'_> {
    /// `a op b`.
    #[expect(clippy::too_many_arguments)]
    pub fn binary(
        &mut self,
        cx: &mut Cx,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        pos: Pos,
    ) -> Expr {
        match op {
            BinaryOp::Implies => self.implies(cx, left, right, span, pos),
            BinaryOp::Coalesce => self.coalesce(cx, left, right, span),
            BinaryOp::Eq | BinaryOp::Ne => self.equality(cx, op, left, right, span, pos),
            BinaryOp::In | BinaryOp::NotIn => self.membership(cx, op, left, right, span, pos),
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => self.order(cx, op, op_span, left, right, span, pos),
            BinaryOp::Matches => self.matches(cx, left, right, span, pos),
            BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::IntDiv
            | BinaryOp::Rem
            | BinaryOp::Concat => {
                let a = self.expr(cx, left, pos.inner());
                let b = self.expr(cx, right, pos.inner());
                self.arithmetic(cx, op, op_span, a, b, span)
            }
        }
    }

    fn implies(&mut self, cx: &mut Cx, left: &ast::Expr, right: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let bind = match pos.bind {
            Bind::Not(..) => pos.bind,
            _ => Bind::Implies,
        };
        let pos = Pos { bind, matched: false };
        let saved = (cx.facts.clone(), cx.conjunct);
        cx.conjunct = Some(left.span);
        let a = self.formula(cx, left, pos);
        cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(&a, true));
        cx.conjunct = Some(right.span);
        let b = self.formula(cx, right, pos);
        (cx.facts, cx.conjunct) = saved;
        self.make(cx, ExprKind::Implies(Box::new(a), Box::new(b)), Type::Bool, span)
    }

    fn coalesce(&mut self, cx: &mut Cx, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let a = self.value(cx, left);
        let b = self.value(cx, right);
        if a.ty == Type::Error || b.ty == Type::Error {
            return self.guess(cx, span, a.ty.present(), b.ty.present());
        }
        let (a, b, ty) = match (a.ty.present().clone(), b.ty.clone()) {
            (Type::Json, Type::Json) => (a, b, Type::Json),
            (Type::Json, Type::None) => (a, b, Type::Json),
            (Type::Json, other) => {
                // the empty list says only that it is a list
                let target = match other.present() {
                    Type::List(item) if **item == Type::Error => Type::Json.list(),
                    t => types::base(t),
                };
                let optional = other.is_optional();
                let a = match types::element(&target) {
                    Some(_) => self.read(a, &target),
                    None => self.wrap(Op::Cast(target.clone().optional()), a, target.clone().optional()),
                };
                (a, b, if optional { target.optional() } else { target })
            }
            (Type::None, other) => (a, b, other),
            (t, Type::Json) => {
                let b = self.read(b, &t);
                (a, b, t)
            }
            (t, other) => match types::join(&self.schema, &t, &other) {
                Some(ty) => {
                    if !a.ty.is_optional() {
                        let text = self.text(a.place);
                        let shown = self.show(&a.ty);
                        let whole = cx.at(span);
                        let d = Diagnostic::warning(error::CONSTANT_CONDITION, format!("`{text}` is always there"))
                            .at(b.place, "never used")
                            .also(a.place, format!("this is {shown}"))
                            .suggest("leave out `??`", whole, text);
                        self.report(d);
                    }
                    (self.widen_to(a, &ty), self.widen_to(b, &ty), ty)
                }
                None => {
                    let (x, y) = (self.show(&t), self.show(&other));
                    let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`??` has {x} on its left and {y} on its right"))
                        .at(b.place, format!("this is {y}"))
                        .also(a.place, format!("this is {x}"))
                        .help("both sides give a value of one type");
                    self.report(d);
                    return self.poison(cx, span);
                }
            },
        };
        self.make(cx, ExprKind::Coalesce(Box::new(a), Box::new(b)), ty, span)
    }

    fn equality(&mut self, cx: &mut Cx, op: BinaryOp, left: &ast::Expr, right: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let mut inner = pos.inner();
        if asks_absence(op, left, right) {
            inner.matched = false;
        }
        if op == BinaryOp::Eq
            && let Some(n) = self.binds(cx, left, pos)
        {
            let b = self.expr(cx, right, inner);
            self.bound_to_the_left(cx, &b);
            let ty = types::base(&b.ty);
            let a = self.bind_variable(cx, &n, ty);
            return self.make(cx, ExprKind::Op(Op::Eq, vec![a, b]), Type::Bool, span);
        }
        let a = self.expr(cx, left, inner);
        if op == BinaryOp::Eq
            && pos.bind == Bind::Yes
            && !cx.closed
            && let ast::ExprKind::Name(n) = &right.kind
            && self.is_new(cx, &n.text)
            && crate::syntax::foreign::value(&n.text).is_none()
            && !cx.expired.iter().any(|x| x.name == n.text)
        {
            let swapped = format!("{} == {}", self.text(cx.at(right.span)), self.text(cx.at(left.span)));
            let d = Diagnostic::error(error::BOUND_LATER, format!("`{}` is not bound", n.text))
                .at(cx.at(n.span), "nothing binds it")
                .help("`==` binds the name on its left: swap the sides")
                .suggest("swap the sides", cx.at(span), swapped);
            self.report(d);
            let ty = types::base(&a.ty);
            let v = cx.declare_binder(n.text.clone(), ty.clone(), cx.at(n.span));
            let b = self.make(cx, ExprKind::Var(v), ty, n.span);
            return self.make(cx, ExprKind::Op(Op::Eq, vec![a, b]), Type::Bool, span);
        }
        let b = self.expr(cx, right, inner);
        let Some((a, b)) = self.alike(cx, a, b, span) else { return self.make(cx, ExprKind::Error, Type::Bool, span) };
        let op = if op == BinaryOp::Eq { Op::Eq } else { Op::Ne };
        if let Op::Eq | Op::Ne = op {
            self.lint_none(cx, &a, &b, &op, span);
        }
        let e = self.make(cx, ExprKind::Op(op, vec![a, b]), Type::Bool, span);
        self.lint_bounds(&e);
        e
    }

    fn lint_none(&mut self, cx: &Cx, a: &Expr, b: &Expr, op: &Op, span: Span) {
        for (x, none) in [(a, b), (b, a)] {
            if none.ty == Type::None && !x.ty.is_optional() && !matches!(x.ty, Type::Json | Type::Error) {
                let text = self.text(x.place);
                let shown = self.show(&x.ty);
                let always = if matches!(op, Op::Ne) { "always true" } else { "never true" };
                let d = Diagnostic::warning(error::CONSTANT_CONDITION, format!("`{text}` is always there"))
                    .at(cx.at(span), always)
                    .also(x.place, format!("this is {shown}, which is never absent"));
                self.report(d);
                return;
            }
        }
    }

    /// Makes the variable that `==` or `in` binds.
    fn bind_variable(&mut self, cx: &mut Cx, n: &ast::Name, ty: Type) -> Expr {
        let place = cx.at(n.span);
        let v = match self.variable(cx, &n.text) {
            Some(v) => {
                // every branch of an `or` binds it: the types of all branches together
                let old = cx.var(v).map_or(Type::Error, |v| v.ty.clone());
                let joined = if old == Type::Error { Some(ty.clone()) } else { types::join(&self.schema, &old, &ty) };
                match joined {
                    Some(t) => {
                        if let Some(var) = cx.vars.get_mut(v.0 as usize) {
                            var.ty = t;
                        }
                    }
                    None => {
                        let (x, y) = (self.show(&old), self.show(&ty));
                        let d = Diagnostic::error(
                            error::TYPE_MISMATCH,
                            format!("`{}` is {x} in one branch and {y} in another", n.text),
                        )
                        .at(place, format!("here it is {y}"));
                        self.report(d);
                    }
                }
                v
            }
            None => cx.declare(n.text.clone(), ty.clone(), place),
        };
        if let Some(i) = cx.info(v) {
            i.uses += 1;
            i.pending = false;
        }
        let ty = cx.type_of(v);
        self.make(cx, ExprKind::Var(v), ty, n.span)
    }

    /// Two sides of a comparison, converted to one type; `None` if they can never be equal.
    pub fn alike(&mut self, cx: &mut Cx, a: Expr, b: Expr, span: Span) -> Option<(Expr, Expr)> {
        if a.ty == Type::Error || b.ty == Type::Error {
            return Some((a, b));
        }
        if !types::comparable(&self.schema, &a.ty, &b.ty) {
            self.never_equal(cx, &a, &b, span);
            return None;
        }
        for (x, other) in [(&a, &b), (&b, &a)] {
            if let (Type::Literals(all), ExprKind::Const(Value::Text(t))) = (x.ty.present(), &other.kind)
                && !all.contains(t)
            {
                let shown = self.show(x.ty.present());
                let text = self.text(x.place);
                let d = Diagnostic::error(error::NEVER_EQUAL, format!("`{text}` is never `{t}`"))
                    .at(other.place, "not one of its values")
                    .also(x.place, format!("this is {shown}"));
                let d = match crate::base::diagnostic::nearest(t, all.iter().map(|t| &**t)) {
                    Some(near) => d.help(format!("did you mean `{near}`?")).suggest(
                        format!("write `{near}`"),
                        other.place,
                        format!("{near:?}"),
                    ),
                    None => d,
                };
                self.report(d);
                return None;
            }
        }
        let target = |t: &Type| types::base(t.present());
        Some(match (a.ty.present().clone(), b.ty.present().clone()) {
            (Type::Json, Type::Json) | (Type::Json, Type::None) | (Type::None, Type::Json) => (a, b),
            (Type::Json, t) => (self.read_maybe(a, &target(&t)), b),
            (t, Type::Json) => {
                let b = self.read_maybe(b, &target(&t));
                (a, b)
            }
            (Type::Int(_), Type::Float(_)) => (self.widen_to(a, &Type::Float(None)), b),
            (Type::Float(_), Type::Int(_)) => {
                let b = self.widen_to(b, &Type::Float(None));
                (a, b)
            }
            (Type::List(x), Type::List(y)) => match (&*x, &*y) {
                (Type::Int(_), Type::Float(_)) => (self.wrap(Op::Cast(b.ty.clone()), a, b.ty.clone()), b),
                (Type::Float(_), Type::Int(_)) => {
                    let b = self.wrap(Op::Cast(a.ty.clone()), b, a.ty.clone());
                    (a, b)
                }
                _ => (a, b),
            },
            _ => (a, b),
        })
    }

    /// A Json read as a type, absent if it is.
    fn read_maybe(&self, e: Expr, ty: &Type) -> Expr {
        match types::element(ty) {
            Some(_) => self.read(e, ty),
            None => {
                let ty = match ty {
                    Type::List(item) if **item == Type::Error => Type::Json.list(),
                    t => t.clone(),
                };
                self.wrap(Op::Cast(ty.clone().optional()), e, ty.optional())
            }
        }
    }

    fn never_equal(&mut self, cx: &Cx, a: &Expr, b: &Expr, span: Span) {
        let (x, y) = (self.show(a.ty.present()), self.show(b.ty.present()));
        let mut d = Diagnostic::error(error::NEVER_EQUAL, format!("{x} cannot be compared with {y}"))
            .at(cx.at(span), "never true")
            .also(a.place, format!("this is {x}"))
            .also(b.place, format!("this is {y}"));
        for (e, other) in [(a, b), (b, a)] {
            if types::element(&e.ty).is_some() && matches!(other.ty.present(), Type::Text) {
                let text = self.text(e.place);
                d = d.help(format!("compare the id: `{text}.id`")).suggest("compare the id", e.place, format!("{text}.id"));
            } else {
                d = self.literal_for(d, other, &e.ty);
            }
        }
        self.report(d);
    }

    fn membership(&mut self, cx: &mut Cx, op: BinaryOp, left: &ast::Expr, right: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let inner = pos.inner();
        let negate = |this: &Self, cx: &Cx, e: Expr| match op {
            BinaryOp::NotIn => this.make(cx, ExprKind::Not(Box::new(e)), Type::Bool, span),
            _ => e,
        };
        let binding = if op == BinaryOp::In { self.binds(cx, left, pos) } else { None };
        if let (None, ast::ExprKind::Range { low, high }) = (&binding, &right.kind) {
            let a = self.expr(cx, left, inner);
            let (low, high) = (self.value(cx, low), self.value(cx, high));
            let e = self.between(cx, a, low, high, span);
            return negate(self, cx, e);
        }
        if let Some(n) = binding {
            let list = self.expr(cx, right, inner);
            self.bound_to_the_left(cx, &list);
            let (list, item) = self.rangeable(cx, list);
            let a = self.bind_variable(cx, &n, item);
            return self.make(cx, ExprKind::Op(Op::In, vec![a, list]), Type::Bool, span);
        }
        let a = self.expr(cx, left, inner);
        let list = self.expr(cx, right, inner);
        // of a text that may be absent the greater mistake is told
        let list = match list.ty.present() {
            Type::Text | Type::Literals(_) => list,
            _ => self.present(cx, list, "a list"),
        };
        let item = match list.ty.present() {
            Type::Error => Type::Error,
            Type::Json => Type::Json,
            Type::List(t) => (**t).clone(),
            other => {
                let shown = self.show(other);
                let mut d = Diagnostic::error(error::BAD_OPERANDS, format!("`in` needs a list, and this is {shown}"))
                    .at(list.place, format!("this is {shown}"));
                if let Type::Text | Type::Literals(_) = other {
                    let (x, y) = (self.text(list.place), self.text(a.place));
                    d = d.help(format!("for a part of a text: `contains({x}, {y})`")).suggest(
                        "use `contains`",
                        cx.at(span),
                        format!("contains({x}, {y})"),
                    );
                }
                self.report(d);
                return self.make(cx, ExprKind::Error, Type::Bool, span);
            }
        };
        if !types::comparable(&self.schema, &a.ty, &item) {
            let (x, y) = (self.show(a.ty.present()), self.show(&list.ty));
            let d = Diagnostic::error(error::NEVER_EQUAL, format!("{x} is never in {y}"))
                .at(cx.at(span), "never true")
                .also(a.place, format!("this is {x}"))
                .also(list.place, format!("this is {y}"));
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        if let (Type::Literals(all), Some(Value::List(items))) = (a.ty.present(), value_of(&list)) {
            for t in items.iter() {
                if let Value::Text(t) = t
                    && !all.contains(t)
                {
                    let (text, shown) = (self.text(a.place), self.show(a.ty.present()));
                    let d = Diagnostic::error(error::NEVER_EQUAL, format!("`{text}` is never `{t}`"))
                        .at(list.place, format!("`{t}` is not one of its values"))
                        .also(a.place, format!("this is {shown}"));
                    let d = match crate::base::diagnostic::nearest(t, all.iter().map(|t| &**t)) {
                        Some(near) => d.help(format!("did you mean `{near}`?")),
                        None => d,
                    };
                    self.report(d);
                    return self.make(cx, ExprKind::Error, Type::Bool, span);
                }
            }
        }
        let (a, list) = match (a.ty.present().clone(), item.present().clone()) {
            (Type::Json, Type::Json | Type::Error) => (a, list),
            (Type::Json, t) => (self.read_maybe(a, &types::base(&t)), list),
            (Type::Int(_), Type::Float(_)) => (self.widen_to(a, &Type::Float(None)), list),
            (Type::Float(_), Type::Int(_)) => {
                let ty = Type::Float(None).list();
                let list = match value_of(&list) {
                    Some(v) => match crate::scalar::cast::cast(&v, &ty) {
                        Ok(v) => constant(v, ty, list.place),
                        Err(_) => list,
                    },
                    None => self.wrap(Op::Cast(ty.clone()), list, ty),
                };
                (a, list)
            }
            _ => (a, list),
        };
        let e = self.make(cx, ExprKind::Op(Op::In, vec![a, list]), Type::Bool, span);
        negate(self, cx, e)
    }

    fn between(&mut self, cx: &mut Cx, a: Expr, low: Expr, high: Expr, span: Span) -> Expr {
        let mut parts = vec![];
        if a.ty.is_optional() {
            let none = constant(Value::None, Type::None, a.place);
            parts.push(Expr { kind: ExprKind::Op(Op::Ne, vec![a.clone(), none]), ty: Type::Bool, place: a.place });
        }
        let a = Expr { ty: a.ty.present().clone(), ..a };
        if let (Some(l), Some(h)) = (value_of(&low), value_of(&high))
            && l > h
        {
            let d = Diagnostic::error(error::EMPTY_RANGE, "nothing is in this range")
                .at(low.place, "the first end is the greater")
                .also(high.place, "the second end");
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        for (op, end) in [(Op::Ge, low), (Op::Le, high)] {
            let end = self.present(cx, end, "the end of a range");
            let Some((x, y)) = self.alike(cx, a.clone(), end, span) else {
                return self.make(cx, ExprKind::Error, Type::Bool, span);
            };
            parts.push(Expr { kind: ExprKind::Op(op, vec![x, y]), ty: Type::Bool, place: cx.at(span) });
        }
        self.make(cx, ExprKind::And(parts), Type::Bool, span)
    }

    #[expect(clippy::too_many_arguments)]
    fn order(
        &mut self,
        cx: &mut Cx,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        pos: Pos,
    ) -> Expr {
        let a = self.expr(cx, left, pos.inner());
        let b = self.expr(cx, right, pos.inner());
        let a = self.present(cx, a, "what is compared by order");
        let b = self.present(cx, b, "what is compared by order");
        if a.ty == Type::Json && b.ty == Type::Json {
            let text = self.text(a.place);
            let d = Diagnostic::error(error::JSON_NEEDS_TYPE, "two Json values have no order as long as their type is not known")
                .at(cx.at(op_span), "what is compared here?")
                .help(format!("say the type of one of them: `{text} as Int`, `as Float`, `as Text`, `as Time`"))
                .suggest("take it for an Int", a.place, format!("{text} as Int"))
                .suggest("take it for a Float", a.place, format!("{text} as Float"))
                .suggest("take it for a Text", a.place, format!("{text} as Text"));
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let Some((a, b)) = self.alike(cx, a, b, span) else { return self.make(cx, ExprKind::Error, Type::Bool, span) };
        // a Json must be there to have an order
        let strict = |e: Expr| match e.kind {
            ExprKind::Op(Op::Cast(t), xs) if t.is_optional() => {
                let t = t.present().clone();
                Expr { kind: ExprKind::Op(Op::Cast(t.clone()), xs), ty: t, place: e.place }
            }
            kind => Expr { kind, ..e },
        };
        let (a, b) = (strict(a), strict(b));
        for x in [&a, &b] {
            if !types::ordered(&x.ty) {
                let shown = self.show(&x.ty);
                let d = Diagnostic::error(error::BAD_OPERANDS, format!("{shown} has no order"))
                    .at(cx.at(op_span), format!("`{}` needs numbers, texts, times or durations", op.text()))
                    .also(x.place, format!("this is {shown}"));
                self.report(d);
                return self.make(cx, ExprKind::Error, Type::Bool, span);
            }
        }
        let op = match op {
            BinaryOp::Lt => Op::Lt,
            BinaryOp::Le => Op::Le,
            BinaryOp::Gt => Op::Gt,
            _ => Op::Ge,
        };
        let e = self.make(cx, ExprKind::Op(op, vec![a, b]), Type::Bool, span);
        self.lint_bounds(&e);
        e
    }

    fn matches(&mut self, cx: &mut Cx, left: &ast::Expr, right: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let a = self.expr(cx, left, pos.inner());
        let a = self.convert(cx, a, &Type::Text, "what `matches` looks at");
        let b = self.expr(cx, right, pos.inner());
        let b = self.convert(cx, b, &Type::Text, "a pattern");
        if let ExprKind::Const(Value::Text(t)) = &b.kind {
            return match self.pattern(cx, t, right.span) {
                Some(r) => {
                    if let Some(d) = pattern::misleading(t, &self.text(b.place), b.place) {
                        self.report(d);
                    }
                    self.make(cx, ExprKind::Op(Op::Matches(r), vec![a]), Type::Bool, span)
                }
                None => self.make(cx, ExprKind::Error, Type::Bool, span),
            };
        }
        self.make(cx, ExprKind::Op(Op::MatchesDynamic, vec![a, b]), Type::Bool, span)
    }

    /// A regular expression, or a report of what is wrong with it.
    pub fn pattern(&mut self, cx: &Cx, text: &str, span: Span) -> Option<Arc<regex::Regex>> {
        match crate::scalar::builtin::pattern(text) {
            Ok(r) => Some(Arc::new(r)),
            Err(fault) => {
                let why = fault.text;
                let mut d = Diagnostic::error(error::BAD_PATTERN, why.clone()).at(cx.at(span), "");
                if why.contains("look-around") || why.contains("backreference") {
                    d = d.help("patterns are matched in linear time, so they have no look-around and no backreferences");
                } else if !self.sources.text(cx.at(span)).starts_with('r') {
                    d = d.help("in `r\"…\"` backslashes stand for themselves");
                }
                self.report(d);
                None
            }
        }
    }
}
