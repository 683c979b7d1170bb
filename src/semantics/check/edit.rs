//! Checks edits: remove, add, ensure, set. Called by readers, invariants (repairs), interventions and tests.
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use crate::scalar::{KindId, Type, Value};
use crate::semantics::checker::{Checker, constant, quoted, text_constant};
use crate::semantics::error;
use crate::semantics::hir::{Edit, EditKind, End, Expr, ExprKind, Given};
use crate::semantics::resolve::{Def, Lookup};
use crate::semantics::scope::{Cx, Site, What};
use crate::semantics::types;
use crate::structure::schema::{AttrId, Sort};
use crate::syntax::ast;

impl Checker<'_> {
    /// One edit; `None` if it cannot be made (reported).
    pub fn edit(&mut self, cx: &mut Cx, e: &ast::Edit) -> Option<Edit> {
        self.edit_with(cx, e, |_, _| ()).0
    }

    /// One edit, and something else that sees its binders.
    pub fn edit_with<T>(
        &mut self,
        cx: &mut Cx,
        e: &ast::Edit,
        beside: impl FnOnce(&mut Self, &mut Cx) -> T,
    ) -> (Option<Edit>, T) {
        let saved = cx.facts.clone();
        cx.push(What::Binders);
        let scope = if e.binders.is_empty() && e.condition.is_none() {
            None
        } else {
            Some(self.scope(cx, &e.binders, e.condition.as_deref()))
        };
        let kind = self.edit_action(cx, &e.action, e.span);
        let other = beside(self, cx);
        cx.pop();
        cx.facts = saved;
        (kind.map(|kind| Edit { kind, scope, place: cx.at(e.span) }), other)
    }

    fn edit_action(&mut self, cx: &mut Cx, a: &ast::EditAction, span: Span) -> Option<EditKind> {
        match a {
            ast::EditAction::Remove(x) => {
                if cx.site == Site::Reader {
                    self.no_structure(cx, span, "`remove`");
                }
                let x = self.value(cx, x);
                if x.ty == Type::Error {
                    return None;
                }
                if types::element(x.ty.present()).is_none() {
                    let shown = self.show(&x.ty);
                    let d = Diagnostic::error(
                        error::BAD_EDIT,
                        format!("only a node, an edge or an event can be removed, and this is {shown}"),
                    )
                    .at(x.place, format!("this is {shown}"));
                    self.report(d);
                    return None;
                }
                let x = self.present(cx, x, "what is removed");
                if let ExprKind::Error = x.kind { None } else { Some(EditKind::Remove(x)) }
            }
            ast::EditAction::Add { ensure, target, record } => match target {
                ast::AddTarget::Element { kind, id, at } => {
                    self.add_element(cx, *ensure, kind, id, at.as_ref(), record.as_ref(), span)
                }
                ast::AddTarget::Edge { from, kind, to } => {
                    let given_kind = self.edge_kind(cx, kind);
                    let ends = given_kind.map(|k| self.edge_ends(k)).unwrap_or((Type::Error, Type::Error));
                    let from = self.added_end(cx, from, &ends.0, kind);
                    let to = self.added_end(cx, to, &ends.1, kind);
                    let kind = given_kind?;
                    let given = self.given(cx, kind, record.as_ref(), !*ensure, span);
                    Some(EditKind::AddEdge { kind, from: from?, to: to?, given, ensure: *ensure })
                }
            },
            ast::EditAction::Set { element, path, value } => self.set(cx, element, path, value, span),
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn add_element(
        &mut self,
        cx: &mut Cx,
        ensure: bool,
        kind: &ast::Qualified,
        id: &ast::Expr,
        at: Option<&ast::Expr>,
        record: Option<&ast::Record>,
        span: Span,
    ) -> Option<EditKind> {
        let found = self.single_kind(cx, kind);
        let id = self.value(cx, id);
        let id = self.id(cx, id);
        let at = at.map(|a| self.value(cx, a));
        let kind_id = found?;
        let sort = self.schema.kind(kind_id)?.sort;
        let name = self.schema.name(kind_id).to_string();
        match sort {
            Sort::Edge => {
                let d = Diagnostic::error(error::BAD_EDIT, format!("`{name}` is an edge kind"))
                    .at(cx.at(kind.span), "an edge is added between its ends")
                    .help(format!("write `add a -{name}-> b`"));
                self.report(d);
                None
            }
            Sort::Node => {
                if let Some(a) = &at {
                    let d = Diagnostic::error(error::BAD_EDIT, format!("`{name}` is a node kind, and nodes have no time"))
                        .at(a.place, "only events happen at a time");
                    self.report(d);
                }
                let given = self.given(cx, kind_id, record, !ensure, span);
                Some(EditKind::AddNode { kind: kind_id, id, given, ensure })
            }
            Sort::Event => {
                if ensure {
                    let d = Diagnostic::error(error::BAD_EDIT, "an event is added, not ensured: it happens once")
                        .at(cx.at(kind.span), "an event")
                        .help(format!("write `add {name}(…) at …`"));
                    self.report(d);
                }
                let at = match at {
                    Some(a) => self.event_time(cx, a),
                    None => {
                        let d = Diagnostic::error(error::BAD_EDIT, format!("when does this `{name}` happen?"))
                            .at(cx.at(kind.span), "an event has a time")
                            .help(format!("write `add {name}(…) at TIME`"));
                        self.report(d);
                        return None;
                    }
                };
                let given = self.given(cx, kind_id, record, true, span);
                Some(EditKind::AddEvent { kind: kind_id, id, at, given })
            }
        }
    }

    /// The time of an added event. In a test a duration counts from the beginning of the trace, 1970-01-01T00:00:00Z.
    pub fn event_time(&mut self, cx: &mut Cx, at: Expr) -> Expr {
        if cx.site == Site::Test
            && let ExprKind::Const(Value::Duration(d)) = at.kind
        {
            return constant(Value::Time(d), Type::Time, at.place);
        }
        self.convert(cx, at, &Type::Time, "the time of an event")
    }

    /// A kind that is named alone: not `Node`.
    pub fn single_kind(&mut self, cx: &Cx, q: &ast::Qualified) -> Option<KindId> {
        if let Lookup::Found(Def::Kind(k)) = self.names.qualified(cx.module, q) {
            return Some(k);
        }
        if self.kind_type(cx, q) != Type::Error {
            let text = self.text(cx.at(q.span));
            let d = Diagnostic::error(error::BAD_EDIT, format!("`{text}` stands for any kind: name the one that is meant"))
                .at(cx.at(q.span), "which kind?");
            self.report(d);
        }
        None
    }

    /// An edge kind; reports what is none.
    pub fn edge_kind(&mut self, cx: &mut Cx, q: &ast::Qualified) -> Option<KindId> {
        use crate::semantics::hir::Relation;
        match self.relation(cx, q)? {
            Relation::Edge(k) => Some(k),
            Relation::Rule(_) => {
                let text = self.text(cx.at(q.span));
                let d = Diagnostic::error(
                    error::BAD_EDIT,
                    format!("`{text}` is a rule: its facts follow from others, and are not added"),
                )
                .at(cx.at(q.span), "an edge kind is needed here");
                self.report(d);
                None
            }
        }
    }

    fn added_end(&mut self, cx: &mut Cx, e: &ast::Expr, ty: &Type, kind: &ast::Qualified) -> Option<End> {
        if let ast::ExprKind::Wildcard = e.kind {
            let d = Diagnostic::error(error::MISPLACED_WILDCARD, "an edge is added between two nodes that are known")
                .at(cx.at(e.span), "which node?");
            self.report(d);
            return None;
        }
        let x = self.value(cx, e);
        if x.ty == Type::Error {
            return None;
        }
        let x = self.present(cx, x, "an end of an edge");
        if types::element(&x.ty).is_some() && types::meet(&self.schema, &x.ty, ty).is_none() {
            let (a, b) = (self.show(&x.ty), self.show(ty));
            let name = self.text(cx.at(kind.span));
            let there = self.schema.find(Sort::Edge, &kind.name.text).and_then(|k| self.schema.kind(k)).map(|k| k.place);
            let mut d = Diagnostic::error(error::NEVER_FITS, format!("`{name}` has {b} at this end, not {a}"))
                .at(x.place, format!("this is {a}"));
            if let Some(p) = there {
                d = d.also(p, format!("`{name}` is declared here"));
            }
            self.report(d);
            return None;
        }
        if types::element(&x.ty).is_none() && *ty != Type::Error {
            let b = self.write(ty);
            let (text, shown) = (self.text(x.place), self.show(&x.ty));
            let mut d = Diagnostic::error(error::BAD_EDIT, format!("an end of an edge is a node, and this is {shown}"))
                .at(x.place, format!("this is {shown}"));
            if let Type::Node(crate::scalar::Kinds::Of(k)) = ty
                && k.len() == 1
                && matches!(x.ty, Type::Json | Type::Text | Type::Literals(_))
            {
                let written = format!("{}({text})", quoted(&b));
                d = d.help(format!("a node is found by its id: `{written}`")).suggest("look the node up", x.place, written);
            }
            self.report(d);
            return None;
        }
        match x.kind {
            ExprKind::Error => None,
            ExprKind::Lookup(k, id) => Some(End::Lookup(k, *id)),
            _ => Some(End::Element(x)),
        }
    }

    /// The attributes that are given to something new.
    pub fn given(&mut self, cx: &mut Cx, kind: KindId, record: Option<&ast::Record>, complete: bool, span: Span) -> Given {
        let mut given: Given = vec![];
        let sort = self.schema.kind(kind).map_or(Sort::Node, |k| k.sort);
        for f in record.map(|r| r.fields.as_slice()).unwrap_or(&[]) {
            let value = self.value(cx, &f.value);
            let place = cx.at(f.span);
            match self.schema.find_attr(kind, &f.name.text) {
                Some(a) => {
                    if self.schema.attr(a).is_some_and(|a| a.mechanism) {
                        let there = self.schema.attr(a).map(|a| a.place).unwrap_or(place);
                        let d = Diagnostic::error(
                            error::BAD_EDIT,
                            format!("`{}` comes from a mechanism, and is not given", f.name.text),
                        )
                        .at(cx.at(f.name.span), "cannot be given")
                        .also(there, "this says how it comes about")
                        .help("to fix it for one element, `set` it");
                        self.report(d);
                        continue;
                    }
                    let value = self.conform(cx, value, a);
                    given.push((Ok(a), value, place));
                }
                None if self.is_open(kind) => {
                    let value = self.convert(cx, value, &Type::Json.optional(), "an attribute that is not declared");
                    given.push((Err(f.name.text.clone()), value, place));
                }
                None => {
                    let all = self.attribute_names(sort, &[kind]);
                    let all: Vec<String> = all.into_iter().filter(|n| self.schema.find_attr(kind, n).is_some()).collect();
                    let (n, name, at) = (&f.name.text, self.schema.name(kind), cx.at(f.name.span));
                    let mut d = Diagnostic::error(error::UNKNOWN_ATTRIBUTE, format!("`{name}` has no attribute `{n}`"))
                        .at(at, "not declared");
                    if let Some(k) = self.schema.kind(kind) {
                        d = d.also(k.place, format!("`{name}` is declared here"));
                    }
                    d = match nearest(n, all.iter().map(|s| s.as_str())) {
                        Some(near) => {
                            d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), at, quoted(near))
                        }
                        None if all.is_empty() => d.help(format!("declare it: `{name} {{ {n}: … }}`")),
                        None => d.help(format!("it has {}", error::list(&all))),
                    };
                    self.report(d);
                }
            }
        }
        if complete {
            let missing: Vec<AttrId> = self
                .schema
                .attrs_of(kind)
                .into_iter()
                .filter(|a| {
                    self.schema.attr(*a).is_some_and(|x| {
                        // a Json may be left out: what is not there reads as absent
                        !x.ty.is_optional() && x.default.is_none() && !x.mechanism && !matches!(x.ty, Type::Error | Type::Json)
                    }) && !given.iter().any(|(g, _, _)| *g == Ok(*a))
                        && !record
                            .is_some_and(|r| r.fields.iter().any(|f| self.schema.attr(*a).is_some_and(|x| x.name == f.name.text)))
                })
                .collect();
            if !missing.is_empty() {
                let names: Vec<String> = missing.iter().filter_map(|a| Some(self.schema.attr(*a)?.name.to_string())).collect();
                let name = self.schema.name(kind).to_string();
                let mut d = Diagnostic::error(error::MISSING_ATTRIBUTE, format!("this `{name}` lacks {}", error::list(&names)))
                    .at(cx.at(span), "");
                for a in &missing {
                    if let Some(a) = self.schema.attr(*a) {
                        d = d.also(a.place, "has no default, and may not be absent");
                    }
                }
                let fields = missing
                    .iter()
                    .filter_map(|a| self.schema.attr(*a))
                    .map(|a| format!("{}: {}", quoted(&a.name), sample(&a.ty)))
                    .collect::<Vec<_>>()
                    .join(", ");
                d = d.help(format!("give it: `{{ {fields} }}`; or declare a default, or `?`"));
                self.report(d);
            }
        }
        given
    }

    fn set(&mut self, cx: &mut Cx, element: &ast::Expr, path: &[ast::Name], value: &ast::Expr, span: Span) -> Option<EditKind> {
        if cx.site == Site::Reader {
            self.no_structure(cx, span, "`set`");
        }
        let of = self.value(cx, element);
        let value = self.value(cx, value);
        let (first, rest) = path.split_first()?;
        if of.ty == Type::Error {
            return None;
        }
        let of = self.present(cx, of, "what is set");
        let Some((sort, kinds)) = types::element(&of.ty) else {
            if of.ty != Type::Error {
                let shown = self.show(&of.ty);
                let d = Diagnostic::error(
                    error::BAD_EDIT,
                    format!("only an attribute of a node, an edge or an event can be set, and this is {shown}"),
                )
                .at(of.place, format!("this is {shown}"));
                self.report(d);
            }
            return None;
        };
        let (sort, kinds) = (sort, kinds.clone());
        if self.field(sort, &kinds, &first.text).is_some() {
            let d = Diagnostic::error(error::BAD_EDIT, format!("`{}` is what the element is, and cannot be set", first.text))
                .at(cx.at(first.span), "part of what it is")
                .help("remove the element and add another");
            self.report(d);
            return None;
        }
        let read = self.attribute_of(cx, of.clone(), first, Span { start: element.span.start, end: first.span.end });
        let attr = match &read.kind {
            ExprKind::Attr(_, a) => *a,
            ExprKind::Error => return None,
            _ => {
                let d = Diagnostic::error(error::BAD_EDIT, format!("`{}` is not declared, so it cannot be set", first.text))
                    .at(cx.at(first.span), "an attribute of an open kind, or of several kinds")
                    .help("declare the attribute");
                self.report(d);
                return None;
            }
        };
        let ty = self.schema.attr(attr).map_or(Type::Error, |a| a.ty.clone());
        if rest.is_empty() {
            let value = self.conform(cx, value, attr);
            return Some(EditKind::Set { of, attr, path: vec![], value });
        }
        let keys = self.json_path(cx, &ty, first, rest)?;
        let value = self.convert(cx, value, &Type::Json.optional(), "what is set inside a Json");
        Some(EditKind::Set { of, attr, path: keys, value })
    }

    /// The way into a Json.
    pub fn json_path(&mut self, cx: &Cx, ty: &Type, first: &ast::Name, rest: &[ast::Name]) -> Option<Vec<Expr>> {
        if !matches!(ty, Type::Json | Type::Error) {
            let shown = self.show(ty);
            let at = rest.first().map_or(first.span, |r| r.span);
            let d = Diagnostic::error(
                error::BAD_EDIT,
                format!("`{}` is {shown}, and only a Json has parts that can be set", first.text),
            )
            .at(cx.at(at), "");
            self.report(d);
            return None;
        }
        Some(rest.iter().map(|n| text_constant(n.text.clone(), cx.at(n.span))).collect())
    }
}

/// A value of a type, to show what could be written.
fn sample(ty: &Type) -> String {
    match ty {
        Type::Bool => "true".into(),
        Type::Int(b) => b.map_or("0".into(), |(low, _)| low.to_string()),
        Type::Float(b) => b.map_or("0.0".into(), |(low, _)| format!("{:?}", low.get())),
        Type::Text => "\"…\"".into(),
        Type::Literals(all) => all.first().map_or("…".into(), |t| format!("{t:?}")),
        Type::Duration => "1h".into(),
        Type::List(_) => "[]".into(),
        _ => "…".into(),
    }
}
