//! Checks expressions: literals, names, attributes, connectives; the other forms have files of their own. Called by every check.
use super::binding::Callee;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use crate::scalar::value::Float;
use crate::scalar::{KindId, Kinds, Op, Type, Value};
use crate::semantics::checker::{Bind, Checker, Pos, constant, quoted};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind, Field};
use crate::semantics::resolve::Def;
use crate::semantics::scope::{self, Cx, Target};
use crate::semantics::types;
use crate::structure::schema::{AttrId, Sort};
use crate::syntax::ast;
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
                let all: Option<Vec<Value>> = operands.iter().map(|o| value_of(o)).collect();
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

    /// Says what a name is that stands where a value should.
    pub fn not_a_value(&self, cx: &Cx, name: &str, def: Def, span: Span) -> Diagnostic {
        let d = |what: &str| {
            Diagnostic::error(error::WRONG_SORT, format!("`{name}` is {what}, not a value")).at(cx.at(span), "a value is needed here")
        };
        match def {
            Def::Kind(k) => match self.schema.kind(k).map(|k| k.sort) {
                Some(Sort::Edge) => d("an edge kind").help(format!("an edge is found by an arrow, `a -e:{name}-> b`, or a binder, `e: {name}`")),
                Some(Sort::Event) => d("an event kind").help(format!("an event is found by a binder: `some e: {name} where …`")),
                _ => d("a node kind").help(format!("a node is found by a binder, `x: {name}`, or by its id, `{name}(\"…\")`")),
            },
            Def::Rule(_) => d("a rule").help(format!("give it arguments: `{name}(…)`")),
            _ => d("a function").help(format!("give it arguments: `{name}(…)`")),
        }
    }

    fn attribute(&mut self, cx: &mut Cx, base: &ast::Expr, name: &ast::Name, span: Span, pos: Pos) -> Expr {
        if let ast::ExprKind::Name(m) = &base.kind
            && cx.find(&m.text).is_none()
        {
            if let Some(module) = self.names.module_named(cx.module, &m.text) {
                return match self.names.member(module, &name.text) {
                    Some(Def::Param(p)) => {
                        let ty = self.program.params.get(p.0 as usize).map_or(Type::Error, |p| p.ty.clone());
                        self.make(cx, ExprKind::Param(p), ty, span)
                    }
                    Some(Def::Broken) => self.poison(cx, span),
                    Some(def) => {
                        let d = self.not_a_value(cx, &format!("{}.{}", m.text, name.text), def, span);
                        self.report(d);
                        self.poison(cx, span)
                    }
                    None => {
                        let d = self.no_member(cx, &m.text, name);
                        self.report(d);
                        self.poison(cx, span)
                    }
                };
            }
            if self.names.is_missing(cx.module, &m.text) {
                return self.poison(cx, span);
            }
        }
        let base = self.expr(cx, base, pos.inner());
        self.attribute_of(cx, base, name, span)
    }

    /// `base.name`.
    pub fn attribute_of(&mut self, cx: &mut Cx, base: Expr, name: &ast::Name, span: Span) -> Expr {
        let optional = base.ty.is_optional();
        let lift = |t: Type| if optional { t.optional() } else { t };
        match base.ty.present().clone() {
            Type::Error => self.poison(cx, span),
            Type::None => {
                let e = Expr { ty: Type::None, ..base };
                self.absent(cx, e, "what has an attribute")
            }
            Type::Json => self.make(cx, ExprKind::Op(Op::Get(name.text.clone()), vec![base]), Type::Json, span),
            ty => match types::element(&ty) {
                Some((sort, kinds)) => {
                    let (sort, kinds) = (sort, kinds.clone());
                    self.element_attribute(cx, base, sort, &kinds, name, span, lift)
                }
                None => {
                    let shown = self.show(&ty);
                    let text = self.text(base.place);
                    let mut d = Diagnostic::error(error::UNKNOWN_ATTRIBUTE, format!("{shown} has no attributes"))
                        .at(cx.at(name.span), format!("`{text}` is {shown}"));
                    if crate::scalar::builtin::find(&name.text).is_some() {
                        d = d.help(format!("functions stand before their arguments: `{}({text})`", name.text)).suggest(
                            "call the function",
                            cx.at(span),
                            format!("{}({text})", name.text),
                        );
                    } else {
                        d = d.help("nodes, edges, events and Json have attributes");
                    }
                    self.report(d);
                    self.poison(cx, span)
                }
            },
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn element_attribute(
        &mut self,
        cx: &mut Cx,
        base: Expr,
        sort: Sort,
        kinds: &Kinds,
        name: &ast::Name,
        span: Span,
        lift: impl Fn(Type) -> Type,
    ) -> Expr {
        if let Some((field, ty)) = self.field(sort, kinds, &name.text) {
            return self.make(cx, ExprKind::Field(Box::new(base), field), lift(ty), span);
        }
        let list: Vec<KindId> = match kinds {
            Kinds::Of(list) => list.to_vec(),
            Kinds::Any => self.schema.of_sort(sort).filter(|k| self.schema.kind(*k).is_some_and(|k| k.parent.is_none())).collect(),
        };
        let found: Vec<(KindId, Option<AttrId>)> = list.iter().map(|k| (*k, self.schema.find_attr(*k, &name.text))).collect();
        let lacks: Vec<KindId> = found.iter().filter(|(k, a)| a.is_none() && !self.is_open(*k)).map(|(k, _)| *k).collect();
        if !lacks.is_empty() || found.is_empty() {
            let d = self.no_attribute(cx, &base, sort, &list, &lacks, name);
            self.report(d);
            return self.poison(cx, span);
        }
        // several kinds that each declare it: ask which kind it is
        let mut groups: Vec<(Option<AttrId>, Vec<KindId>)> = vec![];
        for (k, a) in found {
            match groups.iter_mut().find(|(b, _)| *b == a) {
                Some((_, ks)) => ks.push(k),
                None => groups.push((a, vec![k])),
            }
        }
        let mut result: Option<Expr> = None;
        for (attr, ks) in groups.into_iter().rev() {
            let (kind, ty) = match attr.and_then(|a| self.schema.attr(a).map(|x| (a, x.ty.clone()))) {
                Some((a, ty)) => (ExprKind::Attr(Box::new(base.clone()), a), ty),
                None => (ExprKind::OpenAttr(Box::new(base.clone()), name.text.clone()), Type::Json),
            };
            let this = Expr { kind, ty: lift(ty.clone()), place: cx.at(span) };
            result = Some(match result {
                None => this,
                Some(rest) => {
                    let Some(ty) = types::join(&self.schema, &this.ty, &rest.ty) else {
                        let (a, b) = (self.show(&this.ty), self.show(&rest.ty));
                        let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`{}` is {a} for one kind and {b} for another", name.text))
                            .at(cx.at(name.span), "of which kind?")
                            .help("ask for the kind first: `x is …`");
                        self.report(d);
                        return self.poison(cx, span);
                    };
                    let (this, rest) = (self.widen_to(this, &ty), self.widen_to(rest, &ty));
                    let which = types::normal(&self.schema, ks).map_or(Type::Error, |k| types::of(sort, k));
                    let test = Expr { kind: ExprKind::Is(Box::new(base.clone()), which), ty: Type::Bool, place: cx.at(span) };
                    Expr { kind: ExprKind::If(Box::new(test), Box::new(this), Box::new(rest)), ty, place: cx.at(span) }
                }
            });
        }
        match result {
            Some(e) => self.make(cx, e.kind, e.ty, span),
            None => self.poison(cx, span),
        }
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

    /// Whether a kind, or one above it, admits undeclared attributes.
    pub fn is_open(&self, kind: KindId) -> bool {
        self.schema.ancestors(kind).any(|k| self.schema.kind(k).is_some_and(|k| k.open))
    }

    /// The field that all elements of a sort have.
    pub fn field(&self, sort: Sort, kinds: &Kinds, name: &str) -> Option<(Field, Type)> {
        let ends = |from: bool| {
            let list: Vec<KindId> = match kinds {
                Kinds::Of(list) => list.to_vec(),
                Kinds::Any => self.schema.of_sort(Sort::Edge).collect(),
            };
            list.iter()
                .filter_map(|k| self.schema.kind(*k)?.ends.clone())
                .map(|(a, b)| Type::Node(if from { a } else { b }))
                .reduce(|a, b| self.join_ends(&a, &b))
                .unwrap_or(Type::Node(Kinds::Any))
        };
        Some(match (sort, name) {
            (Sort::Node | Sort::Event, "id") => (Field::Id, Type::Text),
            (Sort::Edge, "id") => (Field::Id, Type::Text.optional()),
            (Sort::Edge, "from") => (Field::From, ends(true)),
            (Sort::Edge, "to") => (Field::To, ends(false)),
            (Sort::Event, "at") => (Field::At, Type::Time),
            (Sort::Event, "index") => (Field::Index, Type::Int(None)),
            _ => return None,
        })
    }

    /// The attributes and fields that all of these kinds have, sorted.
    pub fn attribute_names(&self, sort: Sort, kinds: &[KindId]) -> Vec<String> {
        let mut names: Vec<String> = vec![];
        if let Some((first, rest)) = kinds.split_first() {
            for a in self.schema.attrs_of(*first) {
                if let Some(a) = self.schema.attr(a)
                    && rest.iter().all(|k| self.schema.find_attr(*k, &a.name).is_some())
                {
                    names.push(a.name.to_string());
                }
            }
        }
        names.sort();
        names.push("id".into());
        match sort {
            Sort::Edge => names.extend(["from".into(), "to".into()]),
            Sort::Event => names.extend(["at".into(), "index".into()]),
            Sort::Node => {}
        }
        names
    }

    /// Says that a kind has no such attribute.
    pub fn no_attribute(&self, cx: &Cx, base: &Expr, sort: Sort, kinds: &[KindId], lacks: &[KindId], name: &ast::Name) -> Diagnostic {
        let n = &*name.text;
        let place = cx.at(name.span);
        let who = match lacks.first().or(kinds.first()) {
            Some(k) => format!("`{}`", self.schema.name(*k)),
            None => "this".into(),
        };
        let mut d = Diagnostic::error(error::UNKNOWN_ATTRIBUTE, format!("{who} has no attribute `{n}`")).at(place, "not declared");
        if let Some(k) = lacks.first().or(kinds.first()).and_then(|k| self.schema.kind(*k)) {
            d = d.also(k.place, format!("`{}` is declared here", k.name));
        }
        let all = self.attribute_names(sort, kinds);
        if let Some(near) = nearest(n, all.iter().map(|s| s.as_str())) {
            return d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, quoted(near));
        }
        // a kind below that has it
        let below = self.schema.below(sort, &types::normal(&self.schema, kinds.to_vec()).unwrap_or(Kinds::Any));
        if let Some(k) = below.iter().find(|k| self.schema.find_attr(**k, n).is_some()) {
            let k = self.schema.name(*k).to_string();
            let text = self.text(base.place);
            return d.help(format!("`{k}` has it: ask first, to the left: `{text} is {k} and …`"));
        }
        let all: Vec<&str> = all.iter().map(|s| s.as_str()).collect();
        d.help(format!("it has {}", error::list(&all)))
    }

    /// Says that a module has no such name.
    pub fn no_member(&self, cx: &Cx, module: &str, name: &ast::Name) -> Diagnostic {
        let place = cx.at(name.span);
        let prefix = format!("{module}.");
        let mut all: Vec<String> = self
            .names
            .usable(cx.module, &|_| true)
            .into_iter()
            .filter_map(|n| n.strip_prefix(&prefix).map(|s| s.to_string()))
            .collect();
        if let Some(m) = self.names.module_named(cx.module, module).and_then(|m| self.names.module(m))
            && let Some(std) = m.key.strip_prefix("std.")
        {
            all.extend(crate::scalar::builtin::names_in(std).iter().map(|n| n.to_string()));
        }
        all.sort();
        let d = Diagnostic::error(error::UNKNOWN_FUNCTION, format!("module `{module}` has no `{}`", name.text)).at(place, "not there");
        match nearest(&name.text, all.iter().map(|s| s.as_str())) {
            Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, quoted(near)),
            None if all.is_empty() => d,
            None => d.help(format!("it has {}", error::list(&all))),
        }
    }

    fn index(&mut self, cx: &mut Cx, base: &ast::Expr, index: &ast::Expr, span: Span, pos: Pos) -> Expr {
        let base = self.expr(cx, base, pos.inner());
        let index = self.expr(cx, index, pos.inner());
        let optional = base.ty.is_optional();
        match base.ty.present().clone() {
            Type::Error => self.poison(cx, span),
            Type::List(item) => {
                let index = self.convert(cx, index, &Type::Int(None), "a position");
                let _ = optional;
                self.make(cx, ExprKind::Op(Op::Item, vec![base, index]), (*item).clone().optional(), span)
            }
            Type::Json => {
                let index = match index.ty.present() {
                    Type::Int(_) | Type::Text | Type::Literals(_) | Type::Json | Type::Error => self.present(cx, index, "a position"),
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
                Some((left, guard)) => self.swap_help(cx, &key, index, left, guard),
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
        let wanted = self.kind_type(cx, kind);
        let x = self.bindable(cx, operand, &wanted, pos);
        if wanted == Type::Error || x.ty == Type::Error {
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let Some((sort, kinds)) = types::element(x.ty.present()) else {
            let shown = self.show(&x.ty);
            let d = Diagnostic::error(error::TYPE_MISMATCH, format!("`is` asks for the kind of a node, an edge or an event, and this is {shown}"))
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

    fn has(&mut self, cx: &mut Cx, operand: &ast::Expr, attr: &ast::Name, span: Span, pos: Pos) -> Expr {
        let base = self.expr(cx, operand, pos.inner());
        let text = self.text(base.place);
        let reach = Span { start: operand.span.start, end: attr.span.end };
        let x = self.attribute_of(cx, base, attr, reach);
        if x.ty == Type::Error {
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        if !x.ty.is_optional() && x.ty != Type::Json {
            let declared = match &x.kind {
                ExprKind::Attr(_, a) => self.schema.attr(*a).map(|a| (a.place, a.ty.is_optional())),
                _ => None,
            };
            let mut d = Diagnostic::warning(error::ALWAYS_THERE, format!("`{text}` always has `{}`", attr.text))
                .at(cx.at(span), "always true");
            match declared {
                Some((place, false)) => d = d.also(place, "declared without `?`, so it is never absent"),
                _ => d = d.note("what stands to its left makes sure of it"),
            }
            self.report(d);
        }
        let none = constant(Value::None, Type::None, cx.at(span));
        self.make(cx, ExprKind::Op(Op::Ne, vec![x, none]), Type::Bool, span)
    }

    /// Says what is wrong with what stands before the parentheses of a call.
    pub fn bad_callee(&mut self, cx: &mut Cx, callee: Callee, args: &[ast::Expr], span: Span) -> Expr {
        let d = match callee {
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
            Callee::Other => Diagnostic::error(error::UNKNOWN_FUNCTION, "only a name can be called").at(cx.at(span), "not a function"),
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
