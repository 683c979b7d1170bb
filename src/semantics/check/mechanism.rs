//! Checks mechanisms: first their attributes, whose types come from their values, then the values. Called by program.
use super::call::NOISE;
use crate::base::Diagnostic;
use crate::scalar::{KindId, Type};
use crate::semantics::checker::{Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind, Mechanism};
use crate::semantics::resolve::ModuleId;
use crate::semantics::scope::{Cx, Site};
use crate::semantics::types;
use crate::structure::schema::{Attr, AttrId, Sort};
use crate::syntax::ast;

/// A mechanism whose head is known.
pub struct Headed {
    /// Its module.
    pub module: ModuleId,
    /// Its item there.
    pub item: usize,
    /// The kind it is written for.
    pub kind: KindId,
    /// Its attribute.
    pub attr: AttrId,
    /// Whether the mechanism itself declares the attribute, so that its type is that of the value.
    pub own: bool,
}

impl Checker<'_> {
    /// The kind and attribute of a mechanism; declares the attribute if the kind does not.
    pub fn mechanism_head(&mut self, module: ModuleId, index: usize) -> Option<Headed> {
        let item = self.item(module, index)?;
        let unread = u32::from(self.unread.contains(&item.id));
        self.muted += unread;
        let head = self.head_of(module, index, &item);
        self.muted -= unread;
        head
    }

    fn head_of(&mut self, module: ModuleId, index: usize, item: &ast::Item) -> Option<Headed> {
        let ast::ItemKind::Mechanism(m) = &item.kind else { return None };
        let cx = Cx::new(module, item.id, Site::Mechanism);
        let kind = self.single_kind(&cx, &m.kind)?;
        let place = item.place(m.attribute.span);
        let name = self.schema.name(kind).to_string();
        if self.schema.kind(kind).is_some_and(|k| k.sort != Sort::Node) {
            let d = Diagnostic::error(error::BAD_MECHANISM, format!("mechanisms are for nodes, and `{name}` is none"))
                .at(item.place(m.kind.span), "a node kind is needed here");
            self.report(d);
            return None;
        }
        if m.attribute.text.as_ref() == "id" || m.attribute.text.as_ref() == "kind" {
            let d = Diagnostic::error(error::RESERVED_ATTRIBUTE, format!("every node has `{}` by itself", m.attribute.text))
                .at(place, "cannot come from a mechanism");
            self.report(d);
            return None;
        }
        if let Some(a) = self.schema.find_attr(kind, &m.attribute.text) {
            let attr = self.schema.attr(a)?.clone();
            if attr.mechanism {
                let d = Diagnostic::error(error::BAD_MECHANISM, format!("`{name}.{}` has two mechanisms", attr.name))
                    .at(place, "again here")
                    .also(attr.place, "the first")
                    .help("one equation says how an attribute comes about: join them with `if … then … else …`");
                self.report(d);
                return None;
            }
            if attr.kind != kind {
                let above = self.schema.name(attr.kind).to_string();
                let d = Diagnostic::error(error::BAD_MECHANISM, format!("`{}` is declared by `{above}`", attr.name))
                    .at(place, format!("here it is asked of `{name}` alone"))
                    .also(attr.place, "declared here")
                    .help(format!("write `mechanism {above}.{} = if self is {name} then … else …`", attr.name));
                self.report(d);
                return None;
            }
            if attr.default.is_some() || item.docs.is_some() {
                let d = Diagnostic::warning(error::IDLE, format!("the default of `{}` is never used", attr.name))
                    .at(attr.place, "")
                    .also(item.place(m.head), "this says how it comes about");
                if attr.default.is_some() {
                    self.report(d);
                }
            }
            if let Some(x) = self.schema.attrs.get_mut(a.0 as usize) {
                (x.mechanism, x.default) = (true, None);
            }
            return Some(Headed { module, item: index, kind, attr: a, own: false });
        }
        // a kind below may declare one of that name: then there would be two
        let below = self.schema.below(Sort::Node, &types::one(kind));
        if let Some(other) =
            below.iter().find_map(|k| self.schema.find_attr(*k, &m.attribute.text)).and_then(|a| self.schema.attr(a))
        {
            let d = Diagnostic::error(
                error::ATTRIBUTE_REDECLARED,
                format!("`{}` has `{}` already", self.schema.name(other.kind), other.name),
            )
            .at(place, "declared again, for all of them")
            .also(other.place, "declared here")
            .help("give one of them another name");
            self.report(d);
            return None;
        }
        let id = AttrId(self.schema.attrs.len() as u32);
        self.schema.attrs.push(Attr {
            name: m.attribute.text.clone(),
            kind,
            ty: Type::Error,
            default: None,
            mechanism: true,
            place: item.place(m.head),
            doc: item.docs.clone(),
        });
        if let Some(k) = self.schema.kinds.get_mut(kind.0 as usize) {
            k.attrs.push(id);
        }
        Some(Headed { module, item: index, kind, attr: id, own: true })
    }

    fn mechanism_value(&mut self, h: &Headed) -> Option<(Cx, Expr, ast::Item)> {
        let item = self.item(h.module, h.item)?;
        let ast::ItemKind::Mechanism(m) = &item.kind else { return None };
        let mut cx = Cx::new(h.module, item.id, Site::Mechanism);
        let ty = types::of_kind(&self.schema, h.kind);
        cx.declare_binder("self".into(), ty, item.place(m.kind.span));
        let value = self.expr(&mut cx, &m.value, Pos::VALUE);
        Some((cx, value, item.clone()))
    }

    /// The type of the attribute that a mechanism declares, as its value says now; without reports.
    pub fn mechanism_type(&mut self, h: &Headed) -> Type {
        self.muted += 1;
        self.inferring = true;
        let ty = self.mechanism_value(h).map_or(Type::Error, |(_, v, _)| types::base(&v.ty));
        self.inferring = false;
        self.muted -= 1;
        ty
    }

    /// Checks a mechanism.
    pub fn mechanism(&mut self, h: &Headed) {
        let Some((mut cx, value, item)) = self.mechanism_value(h) else { return };
        let ast::ItemKind::Mechanism(m) = &item.kind else { return };
        let noise = m.how == ast::MechanismKind::Draws;
        let place = value.place;
        let drawn = matches!(&value.kind, ExprKind::Noise(n, _) if NOISE.contains(&&**n));
        if noise && !drawn && value.ty != Type::Error {
            let d = Diagnostic::error(error::BAD_MECHANISM, "`~` draws from a distribution")
                .at(place, "this is not one")
                .help(format!("write {} behind it; or `=`, if nothing is drawn", error::list(NOISE)));
            self.report(d);
        }
        let mut nested = false;
        crate::semantics::walk::all(&value, &mut |x| {
            if let ExprKind::Noise(n, _) = &x.kind
                && NOISE.contains(&&**n)
                && !(noise && x.place == place)
            {
                nested = true;
            }
        });
        if nested {
            let d = Diagnostic::error(error::BAD_MECHANISM, "noise is drawn by `~`, and by nothing inside of it")
                .at(place, "")
                .also(item.place(m.head), "")
                .help("draw it as an attribute of its own, and read that attribute here");
            self.report(d);
        }
        let value = self.conform(&mut cx, value, h.attr);
        self.single_uses(&cx);
        self.program.mechanisms.push(Mechanism {
            attr: h.attr,
            kind: h.kind,
            vars: cx.vars,
            value,
            noise,
            place: item.place(item.span),
        });
    }
}
