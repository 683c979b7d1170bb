//! Checks attributes: `x.a`, `x has a`, fields that every element has, names of modules. Called by expression and edit.
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use crate::scalar::{KindId, Kinds, Op, Type, Value};
use crate::semantics::checker::{Checker, Pos, constant, quoted};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind, Field};
use crate::semantics::resolve::Def;
use crate::semantics::scope::Cx;
use crate::semantics::types;
use crate::structure::schema::{AttrId, Sort};
use crate::syntax::ast;

impl Checker<'_> {
    /// Says what a name is that stands where a value should.
    pub fn not_a_value(&self, cx: &Cx, name: &str, def: Def, span: Span) -> Diagnostic {
        let d = |what: &str| {
            Diagnostic::error(error::WRONG_SORT, format!("`{name}` is {what}, not a value"))
                .at(cx.at(span), "a value is needed here")
        };
        match def {
            Def::Kind(k) => match self.schema.kind(k).map(|k| k.sort) {
                Some(Sort::Edge) => {
                    d("an edge kind").help(format!("an edge is found by an arrow, `a -e:{name}-> b`, or a binder, `e: {name}`"))
                }
                Some(Sort::Event) => d("an event kind").help(format!("an event is found by a binder: `some e: {name} where …`")),
                _ => d("a node kind").help(format!("a node is found by a binder, `x: {name}`, or by its id, `{name}(\"…\")`")),
            },
            Def::Rule(_) => d("a rule").help(format!("give it arguments: `{name}(…)`")),
            _ => d("a function").help(format!("give it arguments: `{name}(…)`")),
        }
    }

    pub fn attribute(&mut self, cx: &mut Cx, base: &ast::Expr, name: &ast::Name, span: Span, pos: Pos) -> Expr {
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
            Kinds::Any => {
                self.schema.of_sort(sort).filter(|k| self.schema.kind(*k).is_some_and(|k| k.parent.is_none())).collect()
            }
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
                        let d = Diagnostic::error(
                            error::TYPE_MISMATCH,
                            format!("`{}` is {a} for one kind and {b} for another", name.text),
                        )
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
                .map(|k| self.edge_ends(*k))
                .map(|(a, b)| if from { a } else { b })
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
    pub fn no_attribute(
        &self,
        cx: &Cx,
        base: &Expr,
        sort: Sort,
        kinds: &[KindId],
        lacks: &[KindId],
        name: &ast::Name,
    ) -> Diagnostic {
        let n = &*name.text;
        let place = cx.at(name.span);
        let who = match lacks.first().or(kinds.first()) {
            Some(k) => format!("`{}`", self.schema.name(*k)),
            None => "this".into(),
        };
        let mut d =
            Diagnostic::error(error::UNKNOWN_ATTRIBUTE, format!("{who} has no attribute `{n}`")).at(place, "not declared");
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
        let d = Diagnostic::error(error::UNKNOWN_FUNCTION, format!("module `{module}` has no `{}`", name.text))
            .at(place, "not there");
        match nearest(&name.text, all.iter().map(|s| s.as_str())) {
            Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, quoted(near)),
            None if all.is_empty() => d,
            None => d.help(format!("it has {}", error::list(&all))),
        }
    }

    pub fn has(&mut self, cx: &mut Cx, operand: &ast::Expr, attr: &ast::Name, span: Span, pos: Pos) -> Expr {
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
}
