//! Checks messages: text with values in it. Called by every construct that has them.
use crate::scalar::Type;
use crate::semantics::checker::Checker;
use crate::semantics::hir::{Expr, ExprKind, TextPart};
use crate::semantics::scope::Cx;
use crate::syntax::ast;

impl Checker<'_> {
    /// A message: any value can be shown in it, also an absent one.
    pub fn message(&mut self, cx: &mut Cx, m: &ast::Message) -> Expr {
        let saved = (std::mem::replace(&mut cx.message, true), cx.conjunct.take());
        let parts = m
            .parts
            .iter()
            .map(|p| match p {
                ast::MessagePart::Text(t) => TextPart::Literal(t.clone()),
                ast::MessagePart::Value(e) => TextPart::Value(self.value(cx, e)),
            })
            .collect();
        (cx.message, cx.conjunct) = saved;
        Expr { kind: ExprKind::Text(parts), ty: Type::Text, place: cx.at(m.span) }
    }
}
