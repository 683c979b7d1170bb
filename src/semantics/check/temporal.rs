//! Checks the words of time: windows, `earlier`, `since`, `consecutive`. Called by expression and quantifier.
use crate::base::{Diagnostic, Span};
use crate::scalar::{Type, Value, builtin};
use crate::semantics::checker::{Bind, Checker, Pos};
use crate::semantics::error;
use crate::semantics::hir::{Binder, Domain, Expr, ExprKind, Scope, Window};
use crate::semantics::scope::{Cx, Site, What};
use crate::syntax::ast;
use std::sync::Arc;

impl Checker<'_> {
    /// Reports a word of time where there is no now.
    pub fn needs_now(&mut self, cx: &Cx, span: Span, word: &str) {
        if cx.now {
            return;
        }
        let mut d = Diagnostic::error(error::NO_NOW, format!("{word} looks back from now, and {} has no now", cx.site.name()))
            .at(cx.at(span), "no event is being decided here");
        d = match cx.site {
            Site::Rule => d.help("make an event the first parameter of the rule: it is the now, and the rule looks back from it"),
            Site::Invariant => d.help("write a policy, `on c: Kind …`: the event is the now"),
            _ => d.help("the words of time stand in policies and in rules whose first parameter is an event"),
        };
        self.report(d);
    }

    /// `within D`, `per day`, `last N` of a binder.
    pub fn window(&mut self, cx: &mut Cx, e: &ast::ElementBinder, ty: &Type) -> Option<Window> {
        let span = match (&e.window, &e.last) {
            (None, None) => return None,
            (Some(w), _) => w.span,
            (None, Some((_, s))) => *s,
        };
        if !matches!(ty, Type::Event(_) | Type::Error) {
            let shown = self.show(ty);
            let d = Diagnostic::error(error::BAD_WINDOW, format!("only events have a time, and {shown} is no event"))
                .at(cx.at(span), "a part of the past")
                .also(cx.at(e.kind.span), format!("{shown} is not an event"));
            self.report(d);
            return None;
        }
        self.needs_now(cx, span, "a window");
        let mut window = Window { within: None, per: None, last: None };
        match e.window.as_ref().map(|w| &w.kind) {
            Some(ast::WindowKind::Within(d)) => window.within = self.duration(cx, d),
            Some(ast::WindowKind::Per { unit, zone }) => {
                let unit = match unit {
                    ast::CalendarUnit::Hour => "hour",
                    ast::CalendarUnit::Day => "day",
                    ast::CalendarUnit::Week => "week",
                    ast::CalendarUnit::Month => "month",
                };
                let zone = zone.as_ref().map_or(Some("UTC".into()), |z| self.zone(cx, z));
                window.per = zone.map(|z| (unit.into(), z));
            }
            None => {}
        }
        if let Some((n, s)) = e.last {
            match u64::try_from(n) {
                Ok(n) if n > 0 => window.last = Some(n),
                _ => {
                    let d = Diagnostic::error(error::BAD_WINDOW, "`last` keeps at least one event").at(cx.at(s), "");
                    self.report(d);
                }
            }
        }
        Some(window)
    }

    fn zone(&mut self, cx: &mut Cx, e: &ast::Expr) -> Option<Arc<str>> {
        let x = self.value(cx, e);
        let x = self.convert(cx, x, &Type::Text, "a time zone");
        match &x.kind {
            ExprKind::Const(Value::Text(t)) => {
                let known = builtin::find("date").is_none_or(|b| (b.call)(&[Value::Time(0), Value::Text(t.clone())]).is_ok());
                if !known {
                    let d = Diagnostic::error(error::BAD_WINDOW, format!("there is no time zone `{t}`"))
                        .at(x.place, "not known")
                        .help("zones are IANA names, like `\"Europe/Berlin\"` or `\"UTC\"`");
                    self.report(d);
                    return None;
                }
                Some(t.clone())
            }
            ExprKind::Error => None,
            _ => {
                let d = Diagnostic::error(error::BAD_WINDOW, "the time zone of a window is written out")
                    .at(x.place, "not known before the program runs");
                self.report(d);
                None
            }
        }
    }

    /// An event binder inside `earlier`, `since` or `consecutive`.
    fn event_kind(&mut self, cx: &Cx, e: &ast::ElementBinder) -> Type {
        let ty = self.kind_type(cx, &e.kind);
        if !matches!(ty, Type::Event(_) | Type::Error) {
            let shown = self.show(&ty);
            let d = Diagnostic::error(error::WRONG_SORT, format!("only events happen, and {shown} is no event"))
                .at(cx.at(e.kind.span), "an event kind is needed here");
            self.report(d);
            return Type::Error;
        }
        ty
    }

    /// `earlier a: A then b: B within D where φ`.
    pub fn earlier(&mut self, cx: &mut Cx, e: &ast::Earlier, span: Span, pos: Pos) -> Expr {
        self.needs_now(cx, span, "`earlier`");
        let mut binders = vec![];
        let mut within = None;
        // where it is positive, its binders are known in the whole clause; else they end with it
        let own = pos.bind != Bind::Yes || cx.closed;
        let saved = (cx.facts.clone(), cx.conjunct.take());
        if own {
            cx.push(What::Binders);
        }
        for (i, b) in e.events.iter().enumerate() {
            let ty = self.event_kind(cx, b);
            let last = i + 1 == e.events.len();
            match &b.window {
                Some(w) if !last => {
                    let text = self.text(cx.at(w.span));
                    let mut d = Diagnostic::error(
                        error::BAD_WINDOW,
                        "before `then` there is no window: `within` bounds the whole, from first to last",
                    )
                    .at(cx.at(w.span), "cannot stand here");
                    if let Some(end) = e.events.last().filter(|l| l.window.is_none()) {
                        let at = cx.at(Span { start: end.span.end, end: end.span.end });
                        let cut = Span { start: b.kind.span.end, end: w.span.end };
                        d.suggestions.push(crate::base::Suggestion {
                            message: "put it behind the last event".into(),
                            edits: vec![
                                crate::base::TextEdit { place: cx.at(cut), text: String::new() },
                                crate::base::TextEdit { place: at, text: format!(" {text}") },
                            ],
                        });
                        d = d.help(format!("put it behind the last event: `… then {} {text}`", self.text(cx.at(end.span))));
                    }
                    self.report(d);
                }
                Some(w) => match &w.kind {
                    ast::WindowKind::Within(d) => within = self.duration(cx, d),
                    ast::WindowKind::Per { .. } => {
                        let d = Diagnostic::error(error::BAD_WINDOW, "`earlier` takes `within`, not `per`")
                            .at(cx.at(w.span), "cannot stand here")
                            .help("count instead: `count(x: Kind per day where …) > 0`");
                        self.report(d);
                    }
                },
                None => {}
            }
            if let Some((_, s)) = b.last {
                let d = Diagnostic::error(error::BAD_WINDOW, "`earlier` finds the latest match, so it takes no `last`")
                    .at(cx.at(s), "cannot stand here");
                self.report(d);
            }
            let var = match (own, self.variable(cx, &b.name.text)) {
                _ if b.name.is_wildcard() => None,
                (false, Some(v)) => {
                    self.arrive(cx, v);
                    if let Some(i) = cx.info(v) {
                        (i.binder, i.uses) = (true, i.uses + 1);
                    }
                    Some(v)
                }
                _ => self.bind_name(cx, &b.name, ty.clone()),
            };
            binders.push(Binder { domain: Domain::Kind(ty), key: None, var, window: None, place: cx.at(b.span) });
        }
        let insert = e.events.last().map(|b| cx.at(Span { start: b.kind.span.end, end: b.kind.span.end }));
        let filter = e.condition.as_ref().map(|c| Box::new(self.filter(cx, c, insert)));
        if own {
            cx.pop();
        }
        (cx.facts, cx.conjunct) = saved;
        self.make(cx, ExprKind::Earlier { binders, within, filter }, Type::Bool, span)
    }

    /// `no x: E where φ since y: F where ψ`.
    pub fn since(&mut self, cx: &mut Cx, s: &ast::Since, span: Span) -> Expr {
        self.needs_now(cx, span, "`since`");
        let saved = (cx.facts.clone(), cx.conjunct.take());
        // y is known in φ, as x happens after it
        cx.push(What::Binders);
        let since = self.event_scope(cx, &s.since, "`since`");
        cx.push(What::Binders);
        let none = self.event_scope(cx, &s.no, "`no … since`");
        cx.pop();
        cx.pop();
        (cx.facts, cx.conjunct) = saved;
        self.make(cx, ExprKind::Since { none, since }, Type::Bool, span)
    }

    /// `consecutive(r: E where group satisfies φ)`.
    pub fn consecutive(&mut self, cx: &mut Cx, c: &ast::Consecutive, span: Span) -> Expr {
        self.needs_now(cx, span, "`consecutive`");
        let saved = (cx.facts.clone(), cx.conjunct.take());
        cx.push(What::Binders);
        let scope = self.event_scope(cx, &c.scope, "`consecutive`");
        cx.push(What::Value);
        let satisfies = self.body(cx, &c.satisfies, Pos::FORMULA);
        cx.pop();
        cx.pop();
        (cx.facts, cx.conjunct) = saved;
        self.make(cx, ExprKind::Consecutive { scope, satisfies: Box::new(satisfies) }, Type::Int(None), span)
    }

    fn event_scope(&mut self, cx: &mut Cx, s: &ast::Scope, word: &str) -> Scope {
        match s.binders.as_slice() {
            [ast::Binder { kind: ast::BinderKind::Element(e), .. }] => {
                self.event_kind(cx, e);
            }
            _ => {
                let d =
                    Diagnostic::error(error::BAD_WINDOW, format!("{word} is about one event: `x: Kind`")).at(cx.at(s.span), "");
                self.report(d);
            }
        }
        self.scope(cx, &s.binders, s.condition.as_deref())
    }
}
