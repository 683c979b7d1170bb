//! Checks binders, scopes, quantifiers and aggregates. Called by expression and by every construct with a `for`.
use super::expression::value_of;
use crate::base::{Diagnostic, Place, Span, Suggestion, TextEdit};
use crate::scalar::{Kinds, Op, Type, Value};
use crate::semantics::checker::{Checker, Pos, constant, quoted, wrapped};
use crate::semantics::error;
use crate::semantics::hir::{Aggregate, Binder, Domain, Expr, ExprKind, Quantifier, Scope, VarId};
use crate::semantics::resolve::{Def, Lookup};
use crate::semantics::scope::{Cx, Site, What};
use crate::semantics::types;
use crate::syntax::ast::{self, AggregateFunction};

impl Checker<'_> {
    /// The type of the elements of a kind; reports a name that is none.
    pub fn kind_type(&mut self, cx: &Cx, q: &ast::Qualified) -> Type {
        self.kind_type_at(cx.module, cx.item, q)
    }

    /// Binders and their `where`. The binders' names go to the innermost frame, what the `where` says is known from here on.
    pub fn scope(&mut self, cx: &mut Cx, binders: &[ast::Binder], condition: Option<&ast::Expr>) -> Scope {
        let list: Vec<Binder> = binders.iter().map(|b| self.binder(cx, b)).collect();
        let insert = binders.last().map(|b| cx.at(Span { start: b.span.end, end: b.span.end }));
        let filter = condition.map(|c| Box::new(self.filter(cx, c, insert)));
        Scope { binders: list, filter }
    }

    /// A `where`.
    pub fn filter(&mut self, cx: &mut Cx, condition: &ast::Expr, insert: Option<Place>) -> Expr {
        cx.push(What::Where);
        if let Some(f) = cx.frames.last_mut() {
            f.insert = insert;
        }
        let e = self.body(cx, condition, Pos::MATCHED);
        cx.pop();
        self.assume(cx, &e);
        e
    }

    fn binder(&mut self, cx: &mut Cx, b: &ast::Binder) -> Binder {
        let place = cx.at(b.span);
        match &b.kind {
            ast::BinderKind::Element(e) => self.element_binder(cx, e),
            ast::BinderKind::In { name, list } => {
                if let ast::ExprKind::Name(kind) = &list.kind
                    && cx.find(&kind.text).is_none()
                    && let Some(Def::Kind(k)) = self.names.find(cx.module, &kind.text)
                {
                    let between = cx.at(Span { start: name.span.end, end: list.span.start });
                    let d = Diagnostic::error(error::WRONG_SORT, format!("`{}` is a kind, not a list", kind.text))
                        .at(cx.at(list.span), "`in` goes through a list")
                        .help(format!("the elements of a kind are bound with `:`, as in `{}: {}`", name.text, kind.text))
                        .suggest("say `:`", between, ": ");
                    self.report(d);
                    let ty = types::of_kind(&self.schema, k);
                    let var = self.bind_name(cx, name, ty.clone());
                    return Binder { domain: Domain::Kind(ty), key: None, var, window: None, place };
                }
                let range = self.value(cx, list);
                let (range, item) = self.rangeable(cx, range);
                let var = Some(self.bind_or_blank(cx, name, item));
                Binder { domain: Domain::Range(range), key: None, var, window: None, place }
            }
            ast::BinderKind::Pair { key, value, list } => {
                let range = self.value(cx, list);
                let key_type = match range.ty.present() {
                    Type::List(_) => Type::Int(None),
                    Type::Error => Type::Error,
                    _ => Type::Json,
                };
                let (range, item) = self.rangeable(cx, range);
                let key = Some(self.bind_or_blank(cx, key, key_type));
                let var = Some(self.bind_or_blank(cx, value, item));
                Binder { domain: Domain::Range(range), key, var, window: None, place }
            }
        }
    }

    /// `x: Kind`, with its window.
    pub fn element_binder(&mut self, cx: &mut Cx, e: &ast::ElementBinder) -> Binder {
        let ty = self.kind_type(cx, &e.kind);
        if cx.site == Site::Reader && ty != Type::Error {
            self.no_structure(cx, e.span, "a binder over a kind");
        }
        let window = self.window(cx, e, &ty).map(Box::new);
        let var = self.bind_name(cx, &e.name, ty.clone());
        Binder { domain: Domain::Kind(ty), key: None, var, window, place: cx.at(e.span) }
    }

    /// Declares a binder's name in the innermost frame; `_` is a variable that nobody can name.
    fn bind_or_blank(&mut self, cx: &mut Cx, name: &ast::Name, ty: Type) -> VarId {
        self.bind_name(cx, name, ty.clone()).unwrap_or_else(|| cx.declare_binder("_".into(), ty, cx.at(name.span)))
    }

    /// Declares a binder's name in the innermost frame; none for `_`.
    pub fn bind_name(&mut self, cx: &mut Cx, name: &ast::Name, ty: Type) -> Option<VarId> {
        if name.is_wildcard() {
            return None;
        }
        let place = cx.at(name.span);
        let here = cx.frames.last().is_some_and(|f| f.names.iter().any(|(n, _)| *n == name.text));
        if let Some(old) = self.variable(cx, &name.text)
            && let Some(var) = cx.var(old)
            && var.ty != Type::Error
        {
            let there = var.place;
            let d = if here {
                Diagnostic::error(error::DUPLICATE_NAME, format!("`{}` is bound twice", name.text))
            } else {
                Diagnostic::warning(error::SHADOWED, format!("this `{}` hides another one", name.text))
            };
            let d = d.at(place, "from here on the name means this one").also(there, "the other one");
            let d = if here {
                d.help("give one of them another name")
            } else {
                d.help("to speak of the other one, use another name; the two are not compared")
            };
            self.report(d);
        } else if let (None, Some(Def::Param(p))) = (cx.find(&name.text), self.names.find(cx.module, &name.text)) {
            let d = Diagnostic::warning(error::SHADOWED, format!("this `{}` hides the parameter", name.text))
                .at(place, "from here on the name means this one");
            let d = match self.program.params.get(p.0 as usize) {
                Some(param) => d.also(param.place, "the parameter"),
                None => d,
            };
            self.report(d.help("to speak of the parameter, use another name here"));
        }
        Some(cx.declare_binder(name.text.clone(), ty, place))
    }

    /// A value that is ranged over, and the type of what is in it.
    pub fn rangeable(&mut self, _cx: &Cx, e: Expr) -> (Expr, Type) {
        let item = match e.ty.present() {
            Type::List(t) => (**t).clone(),
            Type::Json => Type::Json,
            Type::Error => Type::Error,
            other => {
                let shown = self.show(other);
                let d = Diagnostic::error(error::NOT_RANGEABLE, format!("{shown} cannot be gone through"))
                    .at(e.place, format!("this is {shown}"))
                    .help("`in` goes through lists and Json; the elements of a kind are `x: Kind`");
                self.report(d);
                Type::Error
            }
        };
        (e, item)
    }

    /// `some`, `no`, `every`, `exactly`, `at least`, `at most`.
    pub fn quantifier(&mut self, cx: &mut Cx, q: &ast::Quantifier, span: Span) -> Expr {
        let number = match &q.kind {
            ast::QuantifierKind::Exactly(n) | ast::QuantifierKind::AtLeast(n) | ast::QuantifierKind::AtMost(n) => {
                let e = self.value(cx, n);
                Some(self.convert(cx, e, &Type::Int(None), "how many"))
            }
            _ => None,
        };
        let saved = (cx.facts.clone(), cx.conjunct.take());
        cx.push(What::Binders);
        let scope = self.scope(cx, &q.scope.binders, q.scope.condition.as_deref());
        let satisfies = q.satisfies.as_ref().map(|s| {
            cx.push(What::Value);
            let e = self.body(cx, s, Pos::FORMULA);
            cx.pop();
            Box::new(e)
        });
        cx.pop();
        (cx.facts, cx.conjunct) = saved;
        let quantifier = match (&q.kind, number) {
            (ast::QuantifierKind::Some, _) => Quantifier::Some,
            (ast::QuantifierKind::No, _) => Quantifier::No,
            (ast::QuantifierKind::Every, _) => Quantifier::Every,
            (kind, Some(n)) => match value_of(&n) {
                Some(Value::Int(i)) => {
                    let Ok(count) = u64::try_from(i) else {
                        let d = Diagnostic::error(error::OUT_OF_BOUNDS, "a count is never negative").at(n.place, "");
                        self.report(d);
                        return self.make(cx, ExprKind::Error, Type::Bool, span);
                    };
                    match kind {
                        ast::QuantifierKind::Exactly(_) => Quantifier::Exactly(count),
                        ast::QuantifierKind::AtLeast(_) => Quantifier::AtLeast(count),
                        _ => Quantifier::AtMost(count),
                    }
                }
                // a number that is only known when the program runs: the count is compared with it
                _ => {
                    let op = match kind {
                        ast::QuantifierKind::Exactly(_) => Op::Eq,
                        ast::QuantifierKind::AtLeast(_) => Op::Ge,
                        _ => Op::Le,
                    };
                    let count = ExprKind::Aggregate { aggregate: Aggregate::Count, scope, value: None };
                    let count = self.make(cx, count, Type::Int(None), span);
                    return self.make(cx, ExprKind::Op(op, vec![count, n]), Type::Bool, span);
                }
            },
            (_, None) => Quantifier::Some,
        };
        self.make(cx, ExprKind::Quantified(quantifier, scope, satisfies), Type::Bool, span)
    }

    /// `sum(e for h: Host where φ)` and the others.
    pub fn aggregate(&mut self, cx: &mut Cx, a: &ast::Aggregate, span: Span) -> Expr {
        let rank = a.rank.as_ref().map(|r| self.rank(cx, r));
        let saved = (cx.facts.clone(), cx.conjunct.take());
        cx.push(What::Binders);
        let scope = self.scope(cx, &a.scope.binders, a.scope.condition.as_deref());
        let value = a.value.as_ref().map(|v| {
            cx.push(What::Value);
            let e = self.value(cx, v);
            cx.pop();
            e
        });
        cx.pop();
        (cx.facts, cx.conjunct) = saved;
        let word = a.function.text();
        let value = match (a.function, value) {
            (AggregateFunction::Count, Some(v)) => {
                let scope_text = self.text(cx.at(a.scope.span));
                let value_text = self.text(v.place);
                let d = Diagnostic::error(error::WRONG_ARGUMENTS, "`count` counts bindings, not values")
                    .at(v.place, "this would not be looked at")
                    .help(format!("count the bindings, `count({scope_text})`, or the values without repeats, `count(distinct({value_text} for {scope_text}))`"))
                    .suggest("count the bindings", cx.at(span), format!("count({scope_text})"))
                    .suggest("count the distinct values", cx.at(span), format!("count(distinct({value_text} for {scope_text}))"));
                self.report(d);
                None
            }
            (AggregateFunction::Count, None) => None,
            (_, Some(v)) if v.ty.is_optional() => Some(self.absent_in_aggregate(cx, v, a)),
            (_, Some(v)) => Some(v),
            (_, None) => {
                let d = Diagnostic::error(error::WRONG_ARGUMENTS, format!("`{word}` needs a value"))
                    .at(cx.at(a.word), "")
                    .help(format!("write `{word}(value for x: Kind where …)`"));
                self.report(d);
                return self.poison(cx, span);
            }
        };
        let ty = value.as_ref().map_or(Type::Int(None), |v| v.ty.clone());
        if ty == Type::Error {
            return self.poison(cx, span);
        }
        let number = matches!(ty, Type::Int(_) | Type::Float(_));
        let ordered = types::ordered(&ty);
        let base = types::base(&ty);
        let (aggregate, ok, result) = match a.function {
            AggregateFunction::Count => (Aggregate::Count, true, Type::Int(None)),
            AggregateFunction::Sum => (Aggregate::Sum, number || ty == Type::Duration, base.clone()),
            AggregateFunction::Min => (Aggregate::Min, ordered, base.clone().optional()),
            AggregateFunction::Max => (Aggregate::Max, ordered, base.clone().optional()),
            AggregateFunction::Avg => (Aggregate::Avg, number, Type::Float(None).optional()),
            AggregateFunction::Median => (Aggregate::Median, number, Type::Float(None).optional()),
            AggregateFunction::Percentile => {
                (Aggregate::Percentile(rank.flatten().unwrap_or(50.0)), ordered, base.clone().optional())
            }
            AggregateFunction::Distinct => (Aggregate::Distinct, true, base.clone().list()),
            AggregateFunction::Any => (Aggregate::Any, ty == Type::Bool, Type::Bool),
            AggregateFunction::All => (Aggregate::All, ty == Type::Bool, Type::Bool),
        };
        if !ok && let Some(v) = &value {
            let wanted = match a.function {
                AggregateFunction::Any | AggregateFunction::All => "a formula",
                AggregateFunction::Sum => "numbers or durations",
                AggregateFunction::Avg | AggregateFunction::Median => "numbers",
                _ => "numbers, texts, times or durations",
            };
            let (shown, text) = (self.show(&ty), self.text(v.place));
            let code = if ty == Type::Json { error::JSON_NEEDS_TYPE } else { error::TYPE_MISMATCH };
            let mut d = Diagnostic::error(code, format!("`{word}` takes {wanted}, and this is {shown}"))
                .at(v.place, format!("this is {shown}"));
            if let (Type::Duration, "numbers") = (&ty, wanted) {
                d = d.help(format!("a duration divided by a duration is a number: `{text} / 1s`")).suggest(
                    "count in milliseconds",
                    v.place,
                    format!("{text} / 1ms"),
                );
            }
            if ty == Type::Json {
                d = d
                    .help(format!("say what it is: `{text} as Float`"))
                    .suggest("take it for a Float", v.place, format!("{text} as Float"))
                    .suggest("take it for an Int", v.place, format!("{text} as Int"));
            }
            self.report(d);
            return Expr { kind: ExprKind::Error, ty: result, place: cx.at(span) };
        }
        let value = match a.function {
            AggregateFunction::Avg | AggregateFunction::Median => value.map(|v| self.widen_to(v, &Type::Float(None))),
            _ => value,
        };
        self.make(cx, ExprKind::Aggregate { aggregate, scope, value: value.map(Box::new) }, result, span)
    }

    /// Says that what is aggregated may be absent, and offers to leave out those that have none.
    fn absent_in_aggregate(&mut self, cx: &mut Cx, v: Expr, a: &ast::Aggregate) -> Expr {
        let text = self.text(v.place);
        let ask = match a.value.as_ref().map(|v| &v.kind) {
            Some(ast::ExprKind::Attr { base, name }) => format!("{} has {}", self.text(cx.at(base.span)), quoted(&name.text)),
            _ => format!("{text} != none"),
        };
        let (place, edit) = match &a.scope.condition {
            Some(c) => (cx.at(c.span), format!("{ask} and {}", wrapped(c, self.text(cx.at(c.span))))),
            None => (Self::behind(cx, a.scope.span), format!(" where {ask}")),
        };
        let before = self.diagnostics.len();
        let conjunct = cx.conjunct.take();
        let poison = self.absent(cx, v, &format!("what `{}` takes", a.function.text()));
        cx.conjunct = conjunct;
        if let Some(d) = self.diagnostics.get_mut(before) {
            d.helps = vec![format!("leave out what has none: `where {ask}`; or say what else to take: `({text} ?? …)`")];
            let edits = vec![TextEdit { place, text: edit }];
            d.suggestions.insert(0, Suggestion { message: format!("take only those where `{ask}`"), edits });
        }
        poison
    }

    /// The rank of a percentile.
    fn rank(&mut self, cx: &mut Cx, r: &ast::Expr) -> Option<f64> {
        let e = self.value(cx, r);
        let e = self.convert(cx, e, &Type::Float(None), "the rank of a percentile");
        match value_of(&e) {
            Some(Value::Float(x)) if (0.0..=100.0).contains(&x.get()) => Some(x.get()),
            _ if e.ty == Type::Error => None,
            Some(_) => {
                let d = Diagnostic::error(error::OUT_OF_BOUNDS, "the rank of a percentile is from 0 to 100").at(e.place, "");
                self.report(d);
                None
            }
            None => {
                let d = Diagnostic::error(error::CONSTANT_NEEDED, "the rank of a percentile is a number that is written out")
                    .at(e.place, "not known before the program runs");
                self.report(d);
                None
            }
        }
    }

    /// The type of the elements of a kind named in an item; reports a name that is none.
    pub fn kind_type_at(
        &mut self,
        module: crate::semantics::resolve::ModuleId,
        item: crate::base::ItemId,
        q: &ast::Qualified,
    ) -> Type {
        let place = Place::new(item, q.span);
        match self.names.qualified(module, q) {
            Lookup::Found(Def::Kind(k)) => return types::of_kind(&self.schema, k),
            Lookup::Poisoned => return Type::Error,
            Lookup::Found(def) => {
                let text = self.text(place);
                let what = match def {
                    Def::Param(_) => "a parameter",
                    Def::Rule(_) => "a rule",
                    _ => "a function",
                };
                let d = Diagnostic::error(error::WRONG_SORT, format!("`{text}` is {what}, not a kind"))
                    .at(place, "a kind is needed here");
                self.report(d);
                return Type::Error;
            }
            Lookup::Unknown => {}
        }
        if q.modules.is_empty() {
            match &*q.name.text {
                "Node" => return Type::Node(Kinds::Any),
                "Edge" => return Type::Edge(Kinds::Any),
                "Event" => return Type::Event(Kinds::Any),
                "Bool" | "Int" | "Float" | "Text" | "Time" | "Duration" | "Json" => {
                    let n = &q.name.text;
                    let d = Diagnostic::error(error::WRONG_SORT, format!("`{n}` is a type of values, not a kind"))
                        .at(place, "a kind of node, edge or event is needed here")
                        .help("values are gone through in a list: `x in list`");
                    self.report(d);
                    return Type::Error;
                }
                _ => {}
            }
        }
        let d = self.unknown_kind(module, q, place);
        self.report(d);
        Type::Error
    }

    /// Says that there is no such kind.
    pub fn unknown_kind(&self, module: crate::semantics::resolve::ModuleId, q: &ast::Qualified, place: Place) -> Diagnostic {
        let text = q.modules.iter().map(|m| &*m.text).chain([&*q.name.text]).collect::<Vec<_>>().join(".");
        let mut all = self.names.usable(module, &|d| matches!(d, Def::Kind(_)));
        let d = Diagnostic::error(error::UNKNOWN_KIND, format!("there is no kind `{text}`")).at(place, "not declared");
        if let Some(same) = all.iter().find(|n| n.rsplit('.').next() == Some(&*q.name.text)) {
            return d.help(format!("it is declared in a module: `{same}`")).suggest(
                format!("write `{same}`"),
                place,
                same.clone(),
            );
        }
        let declared = error::list(&all);
        all.extend(["Node", "Edge", "Event"].map(String::from));
        match crate::base::diagnostic::nearest(&text, all.iter().map(|s| s.as_str())) {
            Some(near) => d.help(format!("did you mean `{near}`?")).suggest(
                format!("write `{near}`"),
                place,
                near.split('.').map(crate::semantics::checker::quoted).collect::<Vec<_>>().join("."),
            ),
            None if declared == "none" => d.help(format!("no kind is declared: `node {text} {{ … }}`")),
            None => d.help(format!("declared are {declared}")),
        }
    }

    /// A constant duration in microseconds.
    pub fn duration(&mut self, cx: &mut Cx, e: &ast::Expr) -> Option<i64> {
        let x = self.value(cx, e);
        let x = self.convert(cx, x, &Type::Duration, "the length of a window");
        match value_of(&x) {
            Some(Value::Duration(d)) if d >= 0 => Some(d),
            Some(Value::Duration(_)) => {
                let d = Diagnostic::error(error::BAD_WINDOW, "a window is never of negative length").at(x.place, "");
                self.report(d);
                None
            }
            _ if x.ty == Type::Error => None,
            _ => {
                let d = Diagnostic::error(error::BAD_WINDOW, "how far a window reaches is written out")
                    .at(x.place, "not known before the program runs")
                    .help("write a duration, like `24h`: what has to be kept of the past depends on it");
                self.report(d);
                None
            }
        }
    }

    /// `none`.
    pub fn none(&self, place: Place) -> Expr {
        constant(Value::None, Type::None, place)
    }
}
