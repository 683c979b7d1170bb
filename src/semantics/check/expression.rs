//! Checks expressions: literals, names, attributes, connectives; the other forms have files of their own. Called by every check.
use super::binding::Callee;
use crate::base::{Diagnostic, Span};
use crate::scalar::value::Float;
use crate::scalar::{Op, Type, Value};
use crate::semantics::checker::{Bind, Checker, Pos, constant};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind};
use crate::semantics::resolve::{self, Def};
use crate::semantics::scope::{self, Cx, Target};
use crate::semantics::types;
use crate::syntax::{ast, foreign};
use std::sync::Arc;

impl Checker<'_> {
    /// Checks a value.
    pub fn value(&mut self, cx: &mut Cx, e: &ast::Expr) -> Expr {
        self.expr(cx, e, Pos::VALUE)
    }

    /// Checks an expression that must be true or false.
    pub fn formula(&mut self, cx: &mut Cx, e: &ast::Expr, pos: Pos) -> Expr {
        let checked = self.expr(cx, e, pos);
        self.truth(cx, checked)
    }

    /// The expression as a formula.
    pub fn truth(&mut self, cx: &mut Cx, e: Expr) -> Expr {
        match e.ty.present() {
            Type::Bool | Type::Error | Type::Json => self.convert(cx, e, &Type::Bool, "a formula"),
            _ if e.ty == Type::None => self.convert(cx, e, &Type::Bool, "a formula"),
            other => {
                let shown = self.show(other);
                let text = self.text(e.place);
                let mut d = Diagnostic::error(error::NOT_A_FORMULA, format!("a formula is true or false, and this is {shown}"))
                    .at(e.place, format!("this is {shown}"));
                if e.ty.is_optional() {
                    d = d.help(format!("ask whether it is there: `{text} != none`"));
                } else if let Type::Int(_) = other {
                    d = d.help(format!("compare it: `{text} > 0`"));
                } else {
                    d = d.help("compare it with something");
                }
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
        }
    }

    /// Checks an expression.
    pub fn expr(&mut self, cx: &mut Cx, e: &ast::Expr, pos: Pos) -> Expr {
        let span = e.span;
        match &e.kind {
            ast::ExprKind::Literal(l) => self.literal(cx, l, span),
            ast::ExprKind::Name(n) => self.name(cx, n, pos),
            ast::ExprKind::Wildcard => {
                let d = Diagnostic::error(error::MISPLACED_WILDCARD, "`_` has no value")
                    .at(cx.at(span), "a value is needed here")
                    .help("`_` stands for anything as an argument of a rule and at an end of an arrow; name it if you need it");
                self.report(d);
                self.poison(cx, span)
            }
            ast::ExprKind::Attr { base, name } => self.attribute(cx, base, name, span, pos),
            ast::ExprKind::Index { base, index } => self.index(cx, base, index, span, pos),
            ast::ExprKind::Call { callee, args } => self.call(cx, callee, args, span, pos),
            ast::ExprKind::List(items) => self.list(cx, items, span),
            ast::ExprKind::Record(r) => {
                let mut names: Vec<Arc<str>> = vec![];
                let mut values = vec![];
                for f in &r.fields {
                    let v = self.value(cx, &f.value);
                    values.push(self.convert(cx, v, &Type::Json.optional(), "a field of a record"));
                    names.push(f.name.text.clone());
                }
                let mut order: Vec<usize> = (0..names.len()).collect();
                order.sort_by(|a, b| names.get(*a).cmp(&names.get(*b)));
                let sorted = order.iter().filter_map(|i| names.get(*i).cloned()).collect::<Vec<_>>();
                let operands: Vec<Expr> = order.iter().filter_map(|i| values.get(*i).cloned()).collect();
                let all: Option<Vec<Value>> = operands.iter().map(value_of).collect();
                match all {
                    Some(all) => {
                        let fields = sorted.into_iter().zip(all).collect();
                        constant(Value::Record(fields), Type::Json, cx.at(span))
                    }
                    None => self.make(cx, ExprKind::Op(Op::Record(sorted.into()), operands), Type::Json, span),
                }
            }
            ast::ExprKind::Range { low, high } => self.range(cx, low, high, span),
            ast::ExprKind::Neg(x) => self.negative(cx, x, span, pos),
            ast::ExprKind::Not(x) => {
                let inner = Pos { bind: Bind::Not(span, x.span), matched: false };
                let x = self.formula(cx, x, inner);
                self.make(cx, ExprKind::Not(Box::new(x)), Type::Bool, span)
            }
            ast::ExprKind::And(xs) => self.and(cx, xs, span, pos),
            ast::ExprKind::Or(xs) => self.or(cx, xs, span, pos),
            ast::ExprKind::Binary { op, op_span, left, right } => self.binary(cx, *op, *op_span, left, right, span, pos),
            ast::ExprKind::Cast { operand, ty } => self.cast(cx, operand, ty, span, pos),
            ast::ExprKind::Is { operand, kind } => self.is(cx, operand, kind, span, pos),
            ast::ExprKind::Has { operand, attr } => self.has(cx, operand, attr, span, pos),
            ast::ExprKind::If { condition, then, otherwise } => self.choose(cx, condition, then, otherwise, span),
            ast::ExprKind::Arrow(a) => self.arrow(cx, a, span, pos),
            ast::ExprKind::Quantifier(q) => self.quantifier(cx, q, span),
            ast::ExprKind::Aggregate(a) => self.aggregate(cx, a, span),
            ast::ExprKind::Since(x) => self.since(cx, x, span),
            ast::ExprKind::Earlier(x) => self.earlier(cx, x, span, pos),
            ast::ExprKind::Consecutive(x) => self.consecutive(cx, x, span),
            ast::ExprKind::Verdict(v) => self.verdict(cx, v, span),
            ast::ExprKind::Share(s) => self.share(cx, s, span),
        }
    }

    /// A literal.
    pub fn literal(&self, cx: &Cx, l: &ast::Literal, span: Span) -> Expr {
        let (value, ty) = literal_value(l);
        constant(value, ty, cx.at(span))
    }

    fn name(&mut self, cx: &mut Cx, n: &ast::Name, pos: Pos) -> Expr {
        let span = n.span;
        match cx.find(&n.text).cloned() {
            Some(Target::Var(v)) => return self.read_variable(cx, v, span),
            Some(Target::Given(kind, id)) => {
                let id = constant(Value::Text(id), Type::Text, cx.at(span));
                let ty = types::of_kind(&self.schema, kind);
                return self.make(cx, ExprKind::Lookup(kind, Box::new(id)), ty, span);
            }
            None => {}
        }
        match self.names.find(cx.module, &n.text) {
            Some(Def::Param(p)) => {
                let ty = self.program.params.get(p.0 as usize).map_or(Type::Error, |p| p.ty.clone());
                self.make(cx, ExprKind::Param(p), ty, span)
            }
            Some(Def::Broken) => self.poison(cx, span),
            Some(def) => {
                let d = self.not_a_value(cx, &n.text, def, span);
                self.report(d);
                self.poison(cx, span)
            }
            None if self.names.module_named(cx.module, &n.text).is_some() => {
                let d = Diagnostic::error(error::WRONG_SORT, format!("`{}` is a module, not a value", n.text))
                    .at(cx.at(span), "a value is needed here")
                    .help(format!("write what you want of it behind a dot: `{}.…`", n.text));
                self.report(d);
                self.poison(cx, span)
            }
            None => {
                let v = self.unknown_name(cx, n, pos);
                self.make(cx, ExprKind::Var(v), Type::Error, span)
            }
        }
    }

    /// Reads a variable.
    pub fn read_variable(&mut self, cx: &mut Cx, v: crate::semantics::hir::VarId, span: Span) -> Expr {
        let mut before = false;
        if let Some(i) = cx.info(v) {
            i.uses += 1;
            before = i.before;
        }
        let mut ty = cx.type_of(v);
        if cx.lists.contains(&v) && cx.as_lists {
            ty = ty.list();
        }
        if let Some((vars, _)) = cx.was
            && (v.0 as usize) < vars
        {
            // the element may be one that the world before does not have
            let may = |kinds: &[Type]| kinds.iter().any(|k| types::meet(&self.schema, k, ty.present()).is_some());
            if types::element(ty.present()).is_some() && (!before && may(&cx.added) || may(&cx.taken)) {
                cx.was = Some((vars, true));
            }
        }
        self.make(cx, ExprKind::Var(v), ty, span)
    }

    /// An Int beside Floats becomes one.
    pub fn widen_to(&self, e: Expr, ty: &Type) -> Expr {
        match (e.ty.present(), ty.present()) {
            (Type::Int(_), Type::Float(_)) => {
                let ty = if e.ty.is_optional() { Type::Float(None).optional() } else { Type::Float(None) };
                self.wrap(Op::Widen, e, ty)
            }
            _ => e,
        }
    }

    fn index(&mut self, cx: &mut Cx, base: &ast::Expr, index: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let base = self.expr(cx, base, pos.inner());
        let index = self.expr(cx, index, pos.inner());
        match base.ty.present().clone() {
            Type::Error => self.poison(cx, span),
            Type::List(item) => {
                let index = self.convert(cx, index, &Type::Int(None), "a position");
                self.make(cx, ExprKind::Op(Op::Item, vec![base, index]), (*item).clone().optional(), span)
            }
            Type::Json => {
                let index = match index.ty.present() {
                    Type::Int(_) | Type::Text | Type::Literals(_) | Type::Json | Type::Error => {
                        self.present(cx, index, "a position")
                    }
                    _ => self.convert(cx, index, &Type::Int(None), "a position"),
                };
                self.make(cx, ExprKind::Op(Op::Item, vec![base, index]), Type::Json, span)
            }
            other => {
                let shown = self.show(&other);
                let d = Diagnostic::error(error::BAD_OPERANDS, format!("{shown} has no positions"))
                    .at(base.place, format!("this is {shown}"))
                    .help("lists and Json have them: `x[0]` is the first");
                self.report(d);
                self.poison(cx, span)
            }
        }
    }

    fn list(&mut self, cx: &mut Cx, items: &[ast::Expr], span: Span) -> Expr {
        let items: Vec<Expr> = items.iter().map(|x| self.value(cx, x)).collect();
        let mut ty: Option<Type> = None;
        for x in &items {
            ty = Some(match ty {
                None => x.ty.clone(),
                Some(t) => match types::join(&self.schema, &t, &x.ty) {
                    Some(t) => t,
                    // values of several types are a list as JSON has it
                    None if !types::has_elements(&t) && !types::has_elements(&x.ty) => Type::Json,
                    None => {
                        let (a, b) = (self.show(&t), self.show(&x.ty));
                        let d = Diagnostic::error(error::TYPE_MISMATCH, format!("a list of {a} cannot hold {b}"))
                            .at(x.place, format!("this is {b}"))
                            .help("all items of a list are of one type");
                        self.report(d);
                        Type::Error
                    }
                },
            });
        }
        let item = match types::base(&ty.unwrap_or(Type::Error)) {
            t if *t.present() == Type::Json => Type::Json,
            t => t,
        };
        let items: Vec<Expr> = items.into_iter().map(|x| self.widen_to(x, &item)).collect();
        let values: Option<Vec<Value>> = items.iter().map(value_of).collect();
        match values {
            Some(v) => constant(Value::list(v), item.list(), cx.at(span)),
            None => self.make(cx, ExprKind::Op(Op::List, items), item.list(), span),
        }
    }

    /// `1..3` as a list.
    fn range(&mut self, cx: &mut Cx, low: &ast::Expr, high: &ast::Expr, span: Span) -> Expr {
        let (low, high) = (self.value(cx, low), self.value(cx, high));
        match (value_of(&low), value_of(&high)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => {
                let count = b.checked_sub(a).and_then(|n| n.checked_add(1));
                if a > b {
                    let d = Diagnostic::error(error::EMPTY_RANGE, format!("nothing is in {a}..{b}"))
                        .at(cx.at(span), "the first end is the greater")
                        .suggest("turn it round", cx.at(span), format!("{b}..{a}"));
                    self.report(d);
                    return self.poison(cx, span);
                }
                if count.is_none_or(|n| n > 100_000) {
                    let d = Diagnostic::error(error::EMPTY_RANGE, "this range is too long to go through")
                        .at(cx.at(span), "at most 100,000 numbers")
                        .help(format!("compare instead: `x >= {a} and x <= {b}`"));
                    self.report(d);
                    return self.poison(cx, span);
                }
                constant(Value::list((a..=b).map(Value::Int).collect()), Type::Int(None).list(), cx.at(span))
            }
            _ if low.ty == Type::Error || high.ty == Type::Error => self.poison(cx, span),
            _ => {
                let d = Diagnostic::error(error::CONSTANT_NEEDED, "the ends of a range are whole numbers that are written out")
                    .at(cx.at(span), "not known here")
                    .help("to ask whether a number lies between two others, write `x in a..b` or compare twice");
                self.report(d);
                self.poison(cx, span)
            }
        }
    }

    fn and(&mut self, cx: &mut Cx, xs: &[ast::Expr], span: Span, pos: Pos) -> Expr {
        let saved = cx.facts.clone();
        let outer = std::mem::take(&mut cx.absent);
        let conjunct = cx.conjunct;
        let mut parts: Vec<Expr> = vec![];
        let mut missing: Vec<(usize, String, usize)> = vec![];
        for (i, x) in xs.iter().enumerate() {
            cx.conjunct = Some(x.span);
            let part = self.formula(cx, x, pos);
            missing.extend(cx.absent.drain(..).map(|(key, d)| (i, key, d)));
            self.assume(cx, &part);
            parts.push(part);
        }
        cx.conjunct = conjunct;
        cx.facts = saved;
        cx.absent = outer;
        for (i, key, index) in missing {
            let guard = parts.iter().enumerate().skip(i + 1).find(|(_, p)| scope::facts(p, true).present.contains(&key));
            match guard.and_then(|(j, _)| Some((xs.get(i)?, xs.get(j)?))) {
                Some((left, guard)) => self.swap_help(cx, index, left, guard),
                // a conjunction around this one may have the guard
                None => cx.absent.push((key, index)),
            }
        }
        let mut flat = vec![];
        for p in parts {
            match p.kind {
                ExprKind::And(inner) => flat.extend(inner),
                _ => flat.push(p),
            }
        }
        self.lint_contradiction(&flat);
        self.make(cx, ExprKind::And(flat), Type::Bool, span)
    }

    fn or(&mut self, cx: &mut Cx, xs: &[ast::Expr], span: Span, pos: Pos) -> Expr {
        let saved = cx.facts.clone();
        let conjunct = cx.conjunct;
        let pos = Pos { matched: false, ..pos };
        let mut parts: Vec<Expr> = vec![];
        for x in xs {
            cx.conjunct = Some(x.span);
            if pos.bind == Bind::Yes {
                let later = cx.later.len();
                self.branch(cx, x, false);
                parts.push(self.formula(cx, x, pos));
                cx.pop();
                cx.later.truncate(later);
            } else {
                parts.push(self.formula(cx, x, pos));
            }
            if let Some(p) = parts.last() {
                // what stands to the right matters only where this is false
                cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(p, false));
            }
        }
        cx.conjunct = conjunct;
        cx.facts = saved;
        // what all branches bound has its type now
        for i in &mut cx.info {
            i.open = false;
        }
        self.make(cx, ExprKind::Or(parts), Type::Bool, span)
    }

    fn choose(&mut self, cx: &mut Cx, condition: &ast::Expr, then: &ast::Expr, otherwise: &ast::Expr, span: Span) -> Expr {
        let saved = (cx.facts.clone(), cx.conjunct.take());
        let c = self.formula(cx, condition, Pos::VALUE);
        cx.facts = std::mem::take(&mut cx.facts).and(scope::facts(&c, true));
        let a = self.value(cx, then);
        cx.facts = saved.0.clone().and(scope::facts(&c, false));
        let b = self.value(cx, otherwise);
        (cx.facts, cx.conjunct) = saved;
        if a.ty == Type::Error || b.ty == Type::Error {
            return self.guess(cx, span, &a.ty, &b.ty);
        }
        match types::join(&self.schema, &a.ty, &b.ty) {
            Some(ty) => {
                let (a, b) = (self.widen_to(a, &ty), self.widen_to(b, &ty));
                self.make(cx, ExprKind::If(Box::new(c), Box::new(a), Box::new(b)), ty, span)
            }
            None => {
                let (x, y) = (self.show(&a.ty), self.show(&b.ty));
                let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`then` gives {x}, and `else` gives {y}"))
                    .at(b.place, format!("this is {y}"))
                    .also(a.place, format!("this is {x}"))
                    .help("both must give a value of one type");
                self.report(d);
                self.poison(cx, span)
            }
        }
    }

    fn is(&mut self, cx: &mut Cx, operand: &ast::Expr, kind: &ast::Qualified, span: Span, pos: Pos) -> Expr {
        if kind.modules.is_empty() && foreign::is_absent(&kind.name.text) {
            let sign = Span { start: operand.span.end, end: kind.span.end };
            let d = Diagnostic::error(error::UNKNOWN_KIND, format!("`is` asks for a kind, and `{}` is no kind", kind.name.text))
                .at(cx.at(kind.span), "not a kind")
                .help("what is absent equals `none`: `x.a == none`, `x.a != none`; `x has a` says that it is there")
                .suggest("say `== none`", cx.at(sign), " == none");
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let wanted = self.kind_type(cx, kind);
        let x = self.bindable(cx, operand, &wanted, pos);
        if wanted == Type::Error || x.ty == Type::Error {
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let Some((sort, kinds)) = types::element(x.ty.present()) else {
            let shown = self.show(&x.ty);
            let d = Diagnostic::error(
                error::TYPE_MISMATCH,
                format!("`is` asks for the kind of a node, an edge or an event, and this is {shown}"),
            )
            .at(x.place, format!("this is {shown}"));
            self.report(d);
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        };
        let met = match types::element(&wanted) {
            Some((s, k)) if s == sort => types::meet_kinds(&self.schema, kinds, k),
            _ => None,
        };
        match met {
            Some(k) => {
                let ty = types::of(sort, k);
                self.make(cx, ExprKind::Is(Box::new(x), ty), Type::Bool, span)
            }
            None => {
                let (a, b) = (self.show(&x.ty), self.show(&wanted));
                let text = self.text(x.place);
                let d = Diagnostic::error(error::NEVER_FITS, format!("`{text}` is {a}, so it is never {b}"))
                    .at(cx.at(kind.span), "never true")
                    .also(x.place, format!("this is {a}"));
                self.report(d);
                self.make(cx, ExprKind::Error, Type::Bool, span)
            }
        }
    }

    /// An operand that may be a variable which is bound here: an end of an arrow, an argument, the left side of `is`.
    pub fn bindable(&mut self, cx: &mut Cx, e: &ast::Expr, ty: &Type, pos: Pos) -> Expr {
        match &e.kind {
            ast::ExprKind::Wildcard => self.make(cx, ExprKind::Any, ty.clone(), e.span),
            ast::ExprKind::Name(n) => {
                if let Some(v) = self.variable(cx, &n.text)
                    && pos.bind == Bind::Yes
                {
                    self.arrive(cx, v);
                }
                cx.wanted = Some(ty.clone());
                let result = self.expr(cx, e, Pos { matched: false, ..pos });
                cx.wanted = None;
                result
            }
            _ => self.expr(cx, e, pos.inner()),
        }
    }

    /// Says what is wrong with what stands before the parentheses of a call.
    pub fn bad_callee(&mut self, cx: &mut Cx, callee: Callee, args: &[ast::Expr], span: Span) -> Expr {
        let d = match callee {
            Callee::Method(ast::Expr { kind: ast::ExprKind::Name(module), span: at }, _)
                if cx.find(&module.text).is_none() && resolve::is_standard(&module.text) =>
            {
                let m = &module.text;
                let d = Diagnostic::error(error::UNKNOWN_NAME, format!("module `{m}` is not imported"))
                    .at(cx.at(at), "not known here")
                    .help(format!("say `import std.{m}` at the start of the file"));
                self.suggest_import(d, cx, &format!("import std.{m}"))
            }
            Callee::Method(base, name) => {
                let mut parts = vec![self.text(cx.at(base.span))];
                parts.extend(args.iter().map(|a| self.text(cx.at(a.span))));
                let written = format!("{}({})", name.text, parts.join(", "));
                Diagnostic::error(error::METHOD_CALL, "functions stand before their arguments")
                    .at(cx.at(name.span), "called like a method")
                    .help(format!("write `{written}`"))
                    .suggest("call it as a function", cx.at(span), written)
            }
            Callee::NoMember(module, name) => self.no_member(cx, &module, &name),
            Callee::Other => {
                Diagnostic::error(error::UNKNOWN_FUNCTION, "only a name can be called").at(cx.at(span), "not a function")
            }
            Callee::Def(_) | Callee::Bare(_) | Callee::Poisoned => return self.poison(cx, span),
        };
        self.report(d);
        self.poison(cx, span)
    }
}

/// The value and type of a literal.
pub fn literal_value(l: &ast::Literal) -> (Value, Type) {
    match l {
        ast::Literal::None => (Value::None, Type::None),
        ast::Literal::Bool(b) => (Value::Bool(*b), Type::Bool),
        ast::Literal::Int(i) => (Value::Int(*i), Type::Int(None)),
        ast::Literal::Float(x) => match Float::new(*x) {
            Some(f) => (Value::Float(f), Type::Float(None)),
            None => (Value::None, Type::Error),
        },
        ast::Literal::Text(t) => (Value::Text(t.clone()), Type::Text),
        ast::Literal::Duration(d) => (Value::Duration(*d), Type::Duration),
        ast::Literal::Time(t) => (Value::Time(*t), Type::Time),
    }
}

/// The value of a constant, conversions included.
pub fn value_of(e: &Expr) -> Option<Value> {
    match &e.kind {
        ExprKind::Const(v) => Some(v.clone()),
        ExprKind::Op(Op::Widen, xs) => match value_of(xs.first()?)? {
            Value::Int(i) => Value::float(i as f64),
            v => Some(v),
        },
        ExprKind::Op(Op::Cast(ty), xs) => crate::scalar::cast::cast(&value_of(xs.first()?)?, ty).ok(),
        ExprKind::Op(Op::List, xs) => Some(Value::list(xs.iter().map(value_of).collect::<Option<Vec<_>>>()?)),
        ExprKind::Op(Op::Neg, xs) => match value_of(xs.first()?)? {
            Value::Int(i) => i.checked_neg().map(Value::Int),
            Value::Float(x) => Value::float(-x.get()),
            Value::Duration(d) => d.checked_neg().map(Value::Duration),
            _ => None,
        },
        _ => None,
    }
}
