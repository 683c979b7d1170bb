//! Checks declarations: kinds with their attributes, ends and parents, parameters, types as written. Called by program, first of all.
use super::expression::value_of;
use crate::base::{Diagnostic, ItemId, Place, Span};
use crate::scalar::value::Float;
use crate::scalar::{KindId, Kinds, Type, Value};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::cycles;
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind};
use crate::semantics::resolve::{Def, Lookup, ModuleId};
use crate::semantics::scope::{Cx, Site};
use crate::semantics::types::{self, Fit};
use crate::structure::schema::{Attr, AttrId, Sort};
use crate::syntax::ast;
use crate::syntax::foreign;

/// The kinds that programs declare, with where they stand.
pub struct Declared {
    /// The kind.
    pub kind: KindId,
    /// Its module.
    pub module: ModuleId,
    /// Its item there.
    pub item: usize,
}

impl Checker<'_> {
    /// Links kinds to the kinds above them, and reports cycles.
    pub fn parents(&mut self, declared: &[Declared]) {
        let mut links: Vec<Option<(KindId, Place)>> = vec![None; self.schema.kinds.len()];
        for d in declared {
            let Some(item) = self.readable(d) else { continue };
            let ast::ItemKind::Node(node) = &item.kind else { continue };
            let Some(q) = &node.parent else { continue };
            let place = item.place(q.span);
            if let Some((_, kinds)) = types::element(&self.kind_type_at(d.module, item.id, q)) {
                let parent = match kinds {
                    Kinds::Of(list) => {
                        list.first().copied().filter(|k| self.schema.kind(*k).is_some_and(|k| k.sort == Sort::Node))
                    }
                    Kinds::Any => continue,
                };
                match parent {
                    Some(p) => {
                        if let Some(l) = links.get_mut(d.kind.0 as usize) {
                            *l = Some((p, place));
                        }
                    }
                    None => {
                        let text = self.text(place);
                        let d = Diagnostic::error(error::WRONG_SORT, format!("`{text}` is no node kind"))
                            .at(place, "a node kind is needed here");
                        self.report(d);
                    }
                }
            }
        }
        let edges: Vec<Vec<usize>> = links.iter().map(|l| l.iter().map(|(p, _)| p.0 as usize).collect()).collect();
        for component in cycles::components(&edges) {
            let cyclic = component.len() > 1 || component.iter().any(|k| edges.get(*k).is_some_and(|e| e.contains(k)));
            if !cyclic {
                continue;
            }
            let mut names: Vec<String> = vec![];
            let mut d = Diagnostic::error(error::INHERITANCE_CYCLE, "a kind cannot be one of itself");
            let mut at = component.first().copied().unwrap_or(0);
            for _ in 0..component.len() {
                let Some(Some((parent, place))) = links.get(at).copied() else { break };
                let name = self.schema.name(KindId(at as u32)).to_string();
                let text = format!("`{name}` is `{}`", self.schema.name(parent));
                d = if names.is_empty() { d.at(place, text) } else { d.also(place, text) };
                names.push(format!("`{name}`"));
                at = parent.0 as usize;
            }
            names.push(names.first().cloned().unwrap_or_default());
            let d = d.note(format!("the cycle: {}", names.join(" is ")));
            self.report(d);
            for k in component {
                if let Some(l) = links.get_mut(k) {
                    *l = None;
                }
            }
        }
        for (i, l) in links.iter().enumerate() {
            if let (Some((p, _)), Some(k)) = (l, self.schema.kinds.get_mut(i)) {
                k.parent = Some(*p);
            }
        }
        for i in 0..self.schema.kinds.len() {
            let id = KindId(i as u32);
            let root = self.schema.ancestors(id).last().unwrap_or(id);
            if let Some(k) = self.schema.kinds.get_mut(i) {
                k.root = root;
            }
        }
    }

    /// The item of a declaration, if it could be read whole.
    fn readable(&self, d: &Declared) -> Option<ast::Item> {
        self.item(d.module, d.item).filter(|i| !self.unread.contains(&i.id))
    }

    /// The ends of edge kinds.
    pub fn ends(&mut self, declared: &[Declared]) {
        for d in declared {
            let Some(item) = self.item(d.module, d.item) else { continue };
            let ast::ItemKind::Edge(edge) = &item.kind else { continue };
            let unread = u32::from(self.unread.contains(&item.id));
            self.muted += unread;
            let mut ends = [Kinds::Any, Kinds::Any];
            for (end, names) in ends.iter_mut().zip([&edge.from, &edge.to]) {
                let mut kinds = vec![];
                let mut any = false;
                for q in names {
                    match self.kind_type_at(d.module, item.id, q) {
                        Type::Node(Kinds::Of(list)) => kinds.extend(list.iter().copied()),
                        Type::Node(Kinds::Any) => any = true,
                        Type::Error => {
                            any = true;
                            self.endless.insert(d.kind);
                        }
                        _ => {
                            any = true;
                            let place = item.place(q.span);
                            let text = self.text(place);
                            let d =
                                Diagnostic::error(error::WRONG_SORT, format!("`{text}` is no node kind, and edges join nodes"))
                                    .at(place, "a node kind is needed here");
                            self.report(d);
                        }
                    }
                }
                if !any && let Some(k) = types::normal(&self.schema, kinds) {
                    *end = k;
                }
            }
            let [from, to] = ends;
            let cardinality = edge.cardinality.as_ref().map(|c| (c.min, c.max));
            if let Some(k) = self.schema.kinds.get_mut(d.kind.0 as usize) {
                k.ends = Some((from, to));
                k.cardinality = cardinality;
            }
            self.muted -= unread;
        }
    }

    /// The attributes of all kinds; their defaults come later, see [`Checker::defaults`].
    pub fn attributes(&mut self, declared: &[Declared]) -> Vec<(AttrId, ModuleId, ItemId, ast::Expr)> {
        let mut defaults = vec![];
        for d in declared {
            let Some(item) = self.item(d.module, d.item) else { continue };
            let (attributes, sort) = match &item.kind {
                ast::ItemKind::Node(x) => (&x.attributes, Sort::Node),
                ast::ItemKind::Edge(x) => (&x.attributes, Sort::Edge),
                ast::ItemKind::Event(x) => (&x.attributes, Sort::Event),
                _ => continue,
            };
            let unread = u32::from(self.unread.contains(&item.id));
            self.muted += unread;
            for a in attributes {
                let place = item.place(a.span);
                let name_place = item.place(a.name.span);
                let reserved: &[&str] = match sort {
                    Sort::Node => &["id", "kind"],
                    Sort::Edge => &["id", "kind", "from", "to"],
                    Sort::Event => &["id", "kind", "at", "index"],
                };
                if reserved.contains(&&*a.name.text) {
                    let n = &a.name.text;
                    let what = match sort {
                        Sort::Node => "node",
                        Sort::Edge => "edge",
                        Sort::Event => "event",
                    };
                    let mut d = Diagnostic::error(error::RESERVED_ATTRIBUTE, format!("every {what} has `{n}` by itself"))
                        .at(name_place, "cannot be declared");
                    d = if &**n == "kind" {
                        d.help("a kind is asked for with `is`; call the attribute `type`, for instance")
                    } else {
                        d.help(format!("read it without a declaration: `x.{n}`; or give the attribute another name"))
                    };
                    self.report(d);
                    continue;
                }
                if let Some(old) = self
                    .schema
                    .kind(d.kind)
                    .and_then(|k| k.attrs.iter().copied().find(|b| self.schema.attr(*b).is_some_and(|b| b.name == a.name.text)))
                {
                    let there = self.schema.attr(old).map_or(place, |o| o.place);
                    let d = Diagnostic::error(error::DUPLICATE_NAME, format!("`{}` is declared twice", a.name.text))
                        .at(name_place, "again here")
                        .also(there, "first here");
                    self.report(d);
                    continue;
                }
                let ty = self.type_expr(d.module, item.id, &a.ty);
                let id = AttrId(self.schema.attrs.len() as u32);
                self.schema.attrs.push(Attr {
                    name: a.name.text.clone(),
                    kind: d.kind,
                    ty,
                    default: None,
                    mechanism: false,
                    place,
                    doc: a.docs.clone(),
                });
                if let Some(k) = self.schema.kinds.get_mut(d.kind.0 as usize) {
                    k.attrs.push(id);
                }
                if let Some(e) = &a.default {
                    defaults.push((id, d.module, item.id, e.clone()));
                }
            }
            self.muted -= unread;
        }
        // what a kind above declares already
        for d in declared {
            let Some(kind) = self.schema.kind(d.kind) else { continue };
            let Some(parent) = kind.parent else { continue };
            let mut wrong = vec![];
            for a in kind.attrs.clone() {
                if let Some(mine) = self.schema.attr(a)
                    && let Some(theirs) = self.schema.find_attr(parent, &mine.name).and_then(|t| self.schema.attr(t))
                {
                    let above = self.schema.name(theirs.kind);
                    wrong.push((
                        a,
                        Diagnostic::error(error::ATTRIBUTE_REDECLARED, format!("`{}` has `{}` already", kind.name, mine.name))
                            .at(mine.place, "declared again")
                            .also(theirs.place, format!("declared by `{above}`, which it is"))
                            .help("leave it out: a kind has the attributes of the kinds above it"),
                    ));
                }
            }
            for (a, d2) in wrong {
                self.report(d2);
                if let Some(k) = self.schema.kinds.get_mut(d.kind.0 as usize) {
                    k.attrs.retain(|x| *x != a);
                }
            }
        }
        defaults
    }

    /// The defaults of attributes.
    pub fn defaults(&mut self, list: Vec<(AttrId, ModuleId, ItemId, ast::Expr)>) {
        for (id, module, item, e) in list {
            let Some((name, ty)) = self.schema.attr(id).map(|a| (a.name.clone(), a.ty.clone())) else { continue };
            let unread = u32::from(self.unread.contains(&item));
            self.muted += unread;
            let value = self.constant_of(module, item, &e, &ty, &format!("the default of `{name}`"));
            self.muted -= unread;
            if let Some(a) = self.schema.attrs.get_mut(id.0 as usize) {
                // one that is wrong is told once: what leaves the attribute out has it all the same
                a.default = value.or(Some(Value::None));
            }
        }
    }

    /// A constant of a type, or a report.
    pub fn constant_of(&mut self, module: ModuleId, item: ItemId, e: &ast::Expr, ty: &Type, what: &str) -> Option<Value> {
        let mut cx = Cx::new(module, item, Site::Constant);
        cx.closed = true;
        let x = self.expr(&mut cx, e, Pos::VALUE);
        if x.ty == Type::Error || *ty == Type::Error {
            return None;
        }
        if value_of(&x).is_none() {
            let d = Diagnostic::error(error::CONSTANT_NEEDED, format!("{what} is a constant"))
                .at(x.place, "this has to be computed")
                .help("write the value out");
            self.report(d);
            return None;
        }
        let x = self.convert(&mut cx, x, ty, what);
        match x.kind {
            ExprKind::Error => None,
            _ => value_of(&x),
        }
    }

    /// An item of a module.
    pub fn item(&self, module: ModuleId, index: usize) -> Option<ast::Item> {
        self.names.module(module)?.items.get(index).cloned()
    }

    /// A type as written.
    pub fn type_expr(&mut self, module: ModuleId, item: ItemId, t: &ast::TypeExpr) -> Type {
        let place = Place::new(item, t.span);
        match &t.kind {
            ast::TypeKind::Named(q) => self.named_type(module, item, q),
            ast::TypeKind::Range { base, low, high, range } => {
                let place = Place::new(item, *range);
                let name = if base.modules.is_empty() { &*base.name.text } else { "" };
                match (name, low, high) {
                    ("Int", ast::Literal::Int(a), ast::Literal::Int(b)) => {
                        if a > b {
                            self.empty_range(place, &format!("{b}..{a}"));
                            return Type::Int(None);
                        }
                        Type::Int(Some((*a, *b)))
                    }
                    ("Float", a, b) => match (float(a), float(b)) {
                        (Some(x), Some(y)) if x <= y => Type::Float(Some((x, y))),
                        (Some(x), Some(y)) => {
                            self.empty_range(place, &format!("{:?}..{:?}", y.get(), x.get()));
                            Type::Float(None)
                        }
                        _ => {
                            let d = Diagnostic::error(error::TYPE_MISMATCH, "the bounds of a Float are numbers").at(place, "");
                            self.report(d);
                            Type::Float(None)
                        }
                    },
                    ("Int", ..) => {
                        let d = Diagnostic::error(error::TYPE_MISMATCH, "the bounds of an Int are whole numbers")
                            .at(place, "")
                            .suggest("make it a Float", Place::new(item, base.span), "Float");
                        self.report(d);
                        Type::Int(None)
                    }
                    _ => {
                        let text = self.text(Place::new(item, base.span));
                        let d =
                            Diagnostic::error(error::MISPLACED_TYPE, format!("`{text}` has no bounds: only Int and Float have"))
                                .at(place, "")
                                .also(Place::new(item, base.span), "");
                        self.report(d);
                        self.named_type(module, item, base)
                    }
                }
            }
            ast::TypeKind::Texts(texts) => {
                let mut all: Vec<_> = texts.iter().map(|t| t.value.clone()).collect();
                all.sort();
                let count = all.len();
                all.dedup();
                if all.len() < count {
                    let d = Diagnostic::warning(error::CONSTANT_CONDITION, "one of these texts stands twice").at(place, "");
                    self.report(d);
                }
                Type::Literals(all.into())
            }
            ast::TypeKind::Union(kinds) => {
                if let Some(d) = self.bare_texts(module, item, t.span, kinds) {
                    self.report(d);
                    return Type::Error;
                }
                let mut ty: Option<Type> = None;
                for q in kinds {
                    let next = self.kind_type_at(module, item, q);
                    ty = Some(match ty {
                        None => next,
                        Some(t) => match types::join(&self.schema, &t, &next) {
                            Some(t) => t,
                            None => {
                                let d =
                                    Diagnostic::error(error::MISPLACED_TYPE, "nodes, edges and events do not go into one type")
                                        .at(Place::new(item, q.span), "of another sort than the first");
                                self.report(d);
                                Type::Error
                            }
                        },
                    });
                }
                ty.unwrap_or(Type::Error)
            }
            ast::TypeKind::List(t) => self.type_expr(module, item, t).list(),
            ast::TypeKind::Optional(inner) => {
                let ty = self.type_expr(module, item, inner);
                if ty.is_optional() {
                    let d = Diagnostic::error(error::MISPLACED_TYPE, "one `?` is enough").at(place, "");
                    self.report(d);
                }
                ty.optional()
            }
        }
    }

    fn empty_range(&mut self, place: Place, turned: &str) {
        let d = Diagnostic::error(error::EMPTY_RANGE, "nothing is within these bounds")
            .at(place, "the first is the greater")
            .suggest("turn them round", place, turned);
        self.report(d);
    }

    /// `red | green`, where texts are meant.
    fn bare_texts(
        &self,
        module: ModuleId,
        item: ItemId,
        whole: crate::base::Span,
        kinds: &[ast::Qualified],
    ) -> Option<Diagnostic> {
        let unknown = |q: &&ast::Qualified| {
            let plain = q.modules.is_empty() && q.name.text.chars().next().is_some_and(char::is_lowercase);
            plain && matches!(self.names.qualified(module, q), Lookup::Unknown)
        };
        if kinds.iter().filter(unknown).count() < kinds.len() {
            return None;
        }
        let names: Vec<String> = kinds.iter().map(|q| q.name.text.to_string()).collect();
        let texts = names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(" | ");
        let place = Place::new(item, whole);
        Some(
            Diagnostic::error(error::UNKNOWN_KIND, format!("there are no kinds {}", error::list(&names)))
                .at(place, "not declared")
                .help(format!("texts of a set are written in quotes: `{texts}`"))
                .suggest("write them as texts", place, texts),
        )
    }

    fn named_type(&mut self, module: ModuleId, item: ItemId, q: &ast::Qualified) -> Type {
        match self.names.qualified(module, q) {
            Lookup::Found(Def::Kind(k)) => return types::of_kind(&self.schema, k),
            Lookup::Poisoned => return Type::Error,
            _ => {}
        }
        if q.modules.is_empty() {
            match &*q.name.text {
                "Bool" => return Type::Bool,
                "Int" => return Type::Int(None),
                "Float" => return Type::Float(None),
                "Text" => return Type::Text,
                "Time" => return Type::Time,
                "Duration" => return Type::Duration,
                "Json" => return Type::Json,
                "Node" | "Edge" | "Event" => return self.kind_type_at(module, item, q),
                _ => {}
            }
        }
        let place = Place::new(item, q.span);
        let text = self.text(place);
        let near = crate::base::diagnostic::nearest(&text, crate::scalar::types::TYPE_NAMES);
        let other = foreign::type_of(&text);
        let mut d = self.unknown_kind(module, q, place);
        if let Some(t) = other.or(if d.suggestions.is_empty() { near } else { None }) {
            d = Diagnostic::error(error::UNKNOWN_KIND, format!("there is no type `{text}`"))
                .at(place, "not declared")
                .help(format!("did you mean `{t}`?"))
                .suggest(format!("write `{t}`"), place, t);
        } else if foreign::container(&text).is_some_and(|t| t.starts_with('[')) {
            d = Diagnostic::error(error::UNKNOWN_KIND, format!("there is no type `{text}`"))
                .at(place, "not declared")
                .help("a list is written `[Text]`, with the type of its items in brackets");
        }
        self.report(d);
        Type::Error
    }

    /// A value for an attribute, converted as far as can be seen here; what may still not fit stays a cast.
    pub fn conform(&mut self, cx: &mut Cx, e: Expr, attr: AttrId) -> Expr {
        let Some((name, ty, there)) = self.schema.attr(attr).map(|a| (a.name.clone(), a.ty.clone(), a.place)) else { return e };
        let before = self.diagnostics.len();
        let what = format!("`{name}`");
        let result = match types::fit(&self.schema, &e.ty, &ty) {
            // an Int that becomes a bounded Float
            Fit::Widen => self.widen_to(e, &ty),
            _ => self.convert(cx, e, &ty, &what),
        };
        if self.muted == 0
            && let Some(d) = self.diagnostics.get_mut(before)
            && !d.labels.iter().any(|l| l.place == there)
        {
            d.labels.push(crate::base::Label { place: there, text: format!("`{name}` is declared here"), primary: false });
        }
        result
    }

    /// The place where something could be inserted behind a span.
    pub fn behind(cx: &Cx, span: Span) -> Place {
        cx.at(Span { start: span.end, end: span.end })
    }
}

fn float(l: &ast::Literal) -> Option<Float> {
    match l {
        ast::Literal::Int(i) => Float::new(*i as f64),
        ast::Literal::Float(x) => Float::new(*x),
        _ => None,
    }
}
