//! Checks calls: rules, value rules, functions, `Kind(id)`, built-ins, functions of the host, noise, `was`. Called by expression.
use super::binding::Callee;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use crate::scalar::builtin::{self, Builtin};
use crate::scalar::{KindId, Op, Type, Value};
use crate::semantics::checker::{Bind, Checker, Pos, quoted};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind, RuleForm, RuleId};
use crate::semantics::resolve::{self, Def};
use crate::semantics::scope::{Cx, Site, What};
use crate::semantics::types::{self, Fit};
use crate::structure::schema::Sort;
use crate::syntax::{ast, foreign};

/// The calls that draw noise, and those that ask about the samples.
pub const NOISE: &[&str] = &["normal", "uniform", "bernoulli", "poisson", "categorical"];

impl Checker<'_> {
    /// `f(a, b)`.
    pub fn call(&mut self, cx: &mut Cx, callee: &ast::Expr, args: &[ast::Expr], span: Span, pos: Pos) -> Expr {
        match self.callee(cx, callee) {
            Callee::Def(Def::Rule(r)) => self.rule_call(cx, r, args, callee.span, span, pos),
            Callee::Def(Def::Kind(k)) => self.lookup(cx, k, args, callee.span, span),
            Callee::Def(Def::Builtin(b)) => self.builtin_call(cx, b, args, callee.span, span, pos),
            Callee::Def(Def::Param(_)) => {
                let text = self.text(cx.at(callee.span));
                let d = Diagnostic::error(error::WRONG_SORT, format!("`{text}` is a parameter, not a function"))
                    .at(cx.at(callee.span), "cannot be called");
                self.report(d);
                self.poison(cx, span)
            }
            Callee::Def(Def::Broken) | Callee::Poisoned => {
                self.discard(cx, args);
                self.poison(cx, span)
            }
            Callee::Bare(n) => self.bare_call(cx, &n, args, span, pos),
            other => {
                self.discard(cx, args);
                self.bad_callee(cx, other, args, span)
            }
        }
    }

    /// Checks arguments only for what is wrong inside of them, without names that something unknown may bind.
    fn discard(&mut self, cx: &mut Cx, args: &[ast::Expr]) {
        for a in args {
            if let ast::ExprKind::Name(n) = &a.kind {
                match self.variable(cx, &n.text) {
                    Some(v) => {
                        self.read_variable(cx, v, n.span);
                    }
                    None if self.is_new(cx, &n.text) => {
                        cx.declare_binder(n.text.clone(), Type::Error, cx.at(n.span));
                    }
                    None => {}
                }
            } else if !matches!(a.kind, ast::ExprKind::Wildcard) {
                self.value(cx, a);
            }
        }
    }

    fn bare_call(&mut self, cx: &mut Cx, n: &ast::Name, args: &[ast::Expr], span: Span, pos: Pos) -> Expr {
        match &*n.text {
            "was" => return self.was(cx, args, n.span, span),
            "probability" | "expected" => return self.sample_query(cx, n, args, span),
            name if NOISE.contains(&name) => return self.noise_call(cx, n, args, span),
            _ => {}
        }
        if let Some(h) = self.names.host.iter().find(|h| h.name == n.text).cloned() {
            if !self.arity(cx, &n.text, h.params.len(), args, n.span) {
                return self.poison(cx, span);
            }
            let mut operands = vec![];
            for (a, ty) in args.iter().zip(&h.params) {
                let e = self.expr(cx, a, pos.inner());
                operands.push(self.convert(cx, e, ty, &format!("the argument of `{}`", n.text)));
            }
            let ty = h.result.clone();
            return self.make(cx, ExprKind::Op(Op::Host(h), operands), ty, span);
        }
        if let Some(b) = builtin::find(&n.text) {
            return self.builtin_call(cx, b, args, n.span, span, pos);
        }
        let d = self.unknown_function(cx, n, args, span);
        self.report(d);
        self.discard(cx, args);
        self.poison(cx, span)
    }

    fn unknown_function(&self, cx: &Cx, n: &ast::Name, args: &[ast::Expr], span: Span) -> Diagnostic {
        let place = cx.at(n.span);
        if cx.find(&n.text).is_some() {
            return Diagnostic::error(error::WRONG_SORT, format!("`{}` is a variable, not a function", n.text))
                .at(place, "cannot be called");
        }
        if let Some((d, _)) = self.names.module(cx.module).and_then(|m| m.demands.get(&n.text)) {
            let d = Diagnostic::error(error::WRONG_SORT, format!("`{}` is {}, not a function", n.text, d.what()))
                .at(place, "cannot be called");
            return d.help(format!("in an `expect`: `holds {}`", n.text));
        }
        let mut all = self.names.usable(cx.module, &|d| !matches!(d, Def::Param(_)));
        all.extend(builtin::names().iter().map(|n| n.to_string()));
        all.extend(NOISE.iter().map(|s| s.to_string()));
        all.extend(["probability", "expected", "was"].map(String::from));
        all.extend(self.names.host.iter().map(|h| h.name.to_string()));
        let d = Diagnostic::error(error::UNKNOWN_FUNCTION, format!("there is no rule or function `{}`", n.text))
            .at(place, "not known");
        let written = |e: &ast::Expr| self.text(cx.at(e.span));
        match (&*n.text, args) {
            ("matches", [text, pattern]) => {
                let ours = format!("{} matches {}", written(text), written(pattern));
                return d.help(format!("`matches` stands between the two: `{ours}`")).suggest(
                    "write it between them",
                    cx.at(span),
                    ours,
                );
            }
            ("not_in" | "notin" | "in_list", [item, list]) => {
                let ours =
                    format!("{} {} {}", written(item), if n.text.starts_with("not") { "not in" } else { "in" }, written(list));
                return d.help("`in` and `not in` stand between the two").suggest("write it between them", cx.at(span), ours);
            }
            ("exists" | "defined" | "is_defined" | "present" | "is_present" | "has_value", [e]) => {
                if let ast::ExprKind::Attr { base, name } = &e.kind {
                    let ours = format!("{} has {}", written(base), quoted(&name.text));
                    return d.help("whether an attribute is there is asked with `has`").suggest(
                        format!("write `{ours}`"),
                        cx.at(span),
                        ours,
                    );
                }
            }
            _ => {}
        }
        if let Some(ours) = foreign::function(&n.text) {
            return d.help(format!("dbm calls it `{ours}`")).suggest(format!("write `{ours}`"), place, ours);
        }
        // a function or rule of a module that could be imported
        if let Some(module) = resolve::standard_with(&n.text) {
            let d = d.help(format!("`std.{module}` has it: `import std.{module} {{ {} }}`", n.text));
            return self.suggest_import(d, cx, &format!("import std.{module} {{ {} }}", n.text));
        }
        match nearest(&n.text, all.iter().map(|s| s.as_str())) {
            Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, quoted_path(near)),
            None => d.help(format!("a rule is declared with `rule {}(…) if …`", n.text)),
        }
    }

    /// Offers to add an import where the module of an item has its others.
    pub fn suggest_import(&self, d: Diagnostic, cx: &Cx, import: &str) -> Diagnostic {
        let Some(items) = self.names.module(cx.module).map(|m| m.items.clone()) else { return d };
        let last = items.iter().rev().find(|i| matches!(i.kind, ast::ItemKind::Import(_)));
        let message = format!("add `{import}`");
        match (last, items.first()) {
            (None, Some(first)) if first.docs.is_none() => {
                let at = Span { start: first.span.start, end: first.span.start };
                d.suggest(message, first.place(at), format!("{import}\n\n"))
            }
            (Some(item), _) | (None, Some(item)) => {
                let at = Span { start: item.span.end, end: item.span.end };
                d.suggest(message, item.place(at), format!("\n{import}"))
            }
            (None, None) => d,
        }
    }

    /// Whether the number of arguments is right; reports if not.
    pub fn arity(&mut self, cx: &mut Cx, name: &str, wanted: usize, args: &[ast::Expr], at: Span) -> bool {
        if args.len() == wanted {
            return true;
        }
        let plural = if wanted == 1 { "" } else { "s" };
        let d =
            Diagnostic::error(error::WRONG_ARGUMENTS, format!("`{name}` takes {wanted} argument{plural}, not {}", args.len()))
                .at(cx.at(at), "called here");
        self.report(d);
        self.discard(cx, args);
        false
    }

    fn rule_call(&mut self, cx: &mut Cx, rule: RuleId, args: &[ast::Expr], name: Span, span: Span, pos: Pos) -> Expr {
        let Some(r) = self.program.rule(rule) else { return self.poison(cx, span) };
        let (params, form, function, place, shown) = (r.params.clone(), r.form.clone(), r.function, r.place, r.name.clone());
        if params.len() != args.len() {
            if self.arity(cx, &shown, params.len(), args, name) {
                return self.poison(cx, span);
            }
            if let Some(d) = self.diagnostics.last_mut()
                && self.muted == 0
            {
                d.labels.push(crate::base::Label { place, text: "declared here".into(), primary: false });
            }
            return match form {
                RuleForm::Relation => self.make(cx, ExprKind::Error, Type::Bool, span),
                RuleForm::Value(..) => self.poison(cx, span),
            };
        }
        if cx.site == Site::Reader && !function {
            self.no_structure(cx, span, "a rule");
        }
        let value = matches!(form, RuleForm::Value(..));
        // the arguments of a value rule that must match are bound by it, wherever in a value it stands
        let arg_pos = if value && pos.matched && pos.bind == Bind::No { Pos { bind: Bind::Yes, matched: true } } else { pos };
        let mut operands = vec![];
        let mut ranges = vec![];
        for (a, ty) in args.iter().zip(&params) {
            if function
                && types::element(ty).is_none()
                && let Some(e) = self.unbound(cx, a, &shown, place)
            {
                operands.push(e);
                continue;
            }
            let e = self.bindable(cx, a, ty, arg_pos);
            if function && matches!(e.kind, ExprKind::Var(_)) && types::element(ty).is_some() {
                ranges.push(Expr { kind: ExprKind::Is(Box::new(e.clone()), ty.clone()), ty: Type::Bool, place: e.place });
            }
            operands.push(self.argument(cx, e, ty, &shown, place));
        }
        match form {
            RuleForm::Relation => {
                let atom = self.make(cx, ExprKind::Atom(rule, operands), Type::Bool, span);
                if ranges.is_empty() || pos.bind != Bind::Yes {
                    return atom;
                }
                // a function is expanded in place, so that its parameters over kinds must be ranged over here
                ranges.push(atom);
                self.make(cx, ExprKind::And(ranges), Type::Bool, span)
            }
            RuleForm::Value(_, ty) => {
                let ty = if pos.matched { ty.present().clone() } else { ty.optional() };
                self.make(cx, ExprKind::Value { rule, args: operands, matched: pos.matched }, ty, span)
            }
        }
    }

    /// Reports an argument of a function that nothing binds.
    fn unbound(&mut self, cx: &mut Cx, a: &ast::Expr, rule: &str, place: crate::base::Place) -> Option<Expr> {
        let (name, shown) = match &a.kind {
            ast::ExprKind::Wildcard => (None, "_".to_string()),
            ast::ExprKind::Name(n) if self.is_new(cx, &n.text) => (Some(n.clone()), n.text.to_string()),
            _ => return None,
        };
        let mut d = Diagnostic::error(error::UNBOUND_ARGUMENT, format!("`{rule}` is a function, and nothing binds `{shown}`"))
            .at(cx.at(a.span), "not bound here")
            .also(place, "a parameter of a value type that no clause binds makes it a function")
            .help("a function is called with known arguments: bind the name to the left, with `x == …` or `x in …`");
        if let Some(later) = name.as_ref().and_then(|n| cx.later.iter().rev().find(|(x, _)| **x == *n.text)) {
            d = d.also(later.1, "bound only here, further to the right");
        }
        self.report(d);
        if let Some(n) = name {
            let v = cx.declare_binder(n.text.clone(), Type::Error, cx.at(n.span));
            return Some(self.make(cx, ExprKind::Var(v), Type::Error, a.span));
        }
        Some(self.poison(cx, a.span))
    }

    /// An argument of a rule: what can never be equal to it is an error, what need not be is left to the evaluation.
    pub fn argument(&mut self, cx: &mut Cx, e: Expr, ty: &Type, rule: &str, place: crate::base::Place) -> Expr {
        let other = match (&e.kind, ty.present()) {
            (ExprKind::Const(v @ Value::Text(t)), Type::Literals(all)) if !all.contains(t) => Some(v.clone()),
            _ => None,
        };
        match types::fit(&self.schema, &e.ty, ty) {
            Fit::Exact | Fit::Refine if other.is_none() => e,
            Fit::Narrow => {
                let ty = types::meet(&self.schema, &e.ty, ty).unwrap_or(Type::Error);
                Expr { ty, ..e }
            }
            Fit::Widen | Fit::Read | Fit::Absent => self.convert(cx, e, ty, &format!("an argument of `{rule}`")),
            Fit::Exact | Fit::Refine | Fit::No => {
                let (a, b) = (self.show(&e.ty), self.show(ty));
                let text = self.text(e.place);
                let d = Diagnostic::error(error::NEVER_FITS, format!("`{text}` is {a}, and `{rule}` is about {b}"))
                    .at(e.place, format!("this is {a}"))
                    .also(place, format!("`{rule}` is declared here"));
                let d = if types::element(&e.ty).is_some() && types::element(ty).is_some() {
                    d.help("so this can never hold")
                } else {
                    d
                };
                let d = other.iter().fold(d, |d, v| self.near_literal(d, v, ty, e.place));
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
        }
    }

    /// `Kind(id)`.
    pub fn lookup(&mut self, cx: &mut Cx, kind: KindId, args: &[ast::Expr], name: Span, span: Span) -> Expr {
        let (kind_name, sort) = match self.schema.kind(kind) {
            Some(k) => (k.name.to_string(), k.sort),
            None => return self.poison(cx, span),
        };
        if sort == Sort::Edge {
            let d = Diagnostic::error(
                error::WRONG_SORT,
                format!("`{kind_name}` is an edge kind, and edges have no ids to be found by"),
            )
            .at(cx.at(name), "an edge kind");
            let d = match args {
                [a, b] => {
                    let written = format!("{} -{}-> {}", self.text(cx.at(a.span)), quoted(&kind_name), self.text(cx.at(b.span)));
                    d.help(format!("ask for the edge with an arrow: `{written}`")).suggest("write an arrow", cx.at(span), written)
                }
                _ => d.help(format!("ask for the edge with an arrow: `a -{kind_name}-> b`")),
            };
            self.report(d);
            self.discard(cx, args);
            return self.make(cx, ExprKind::Error, Type::Error, span);
        }
        if !self.arity(cx, &kind_name, 1, args, name) {
            return self.poison(cx, span);
        }
        let Some(arg) = args.first() else { return self.poison(cx, span) };
        let id = self.value(cx, arg);
        let id = self.id(cx, id);
        let ty = types::of_kind(&self.schema, kind);
        self.make(cx, ExprKind::Lookup(kind, Box::new(id)), ty, span)
    }

    /// A value as an id.
    pub fn id(&mut self, cx: &mut Cx, e: Expr) -> Expr {
        match e.ty.present() {
            Type::Json => self.wrap(Op::ToId, e, Type::Text),
            Type::Int(_) => {
                let text = self.text(e.place);
                let mut d = Diagnostic::error(error::TYPE_MISMATCH, "an id is a Text, not an Int").at(e.place, "this is an Int");
                if let ExprKind::Const(Value::Int(i)) = &e.kind {
                    d = d.suggest("write it as text", e.place, format!("\"{i}\""));
                } else {
                    d = d.help(format!("only a Json number becomes an id by itself, and `{text}` is an Int"));
                }
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
            t if types::element(t).is_some() => {
                let text = self.text(e.place);
                let d = Diagnostic::error(error::TYPE_MISMATCH, "an id is a Text, and this is an element")
                    .at(e.place, "already found")
                    .suggest("take its id", e.place, format!("{text}.id"));
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
            _ => self.convert(cx, e, &Type::Text, "an id"),
        }
    }

    fn builtin_call(&mut self, cx: &mut Cx, b: &'static Builtin, args: &[ast::Expr], name: Span, span: Span, pos: Pos) -> Expr {
        let mut operands = vec![];
        for a in args {
            let e = self.expr(cx, a, pos.inner());
            operands.push(self.present(cx, e, &format!("an argument of `{}`", b.name)));
        }
        if operands.iter().any(|o| o.ty == Type::Error) {
            return self.poison(cx, span);
        }
        let given: Vec<Type> = operands.iter().map(|o| o.ty.clone()).collect();
        match (b.signature)(&given) {
            Ok((wanted, result)) => {
                let what = format!("an argument of `{}`", b.name);
                let mut converted = vec![];
                for (o, ty) in operands.into_iter().zip(&wanted) {
                    converted.push(self.convert(cx, o, ty, &what));
                }
                // patterns are the second argument
                if matches!(b.name, "replace" | "capture")
                    && let (Some(Expr { kind: ExprKind::Const(Value::Text(t)), .. }), Some(a)) = (converted.get(1), args.get(1))
                    && self.pattern(cx, &t.clone(), a.span).is_none()
                {
                    return Expr { kind: ExprKind::Error, ty: result, place: cx.at(span) };
                }
                self.make(cx, ExprKind::Op(Op::Call(b), converted), result, span)
            }
            Err(why) => {
                let mut d = Diagnostic::error(error::WRONG_ARGUMENTS, why).at(cx.at(name), "");
                if let ("contains", [list, item]) = (b.name, operands.as_slice())
                    && matches!(list.ty, Type::List(_))
                {
                    let ours = format!("{} in {}", self.text(item.place), self.text(list.place));
                    d = d.help("`contains` looks into a text; a list is asked with `in`").suggest(
                        format!("write `{ours}`"),
                        cx.at(span),
                        ours,
                    );
                }
                for o in &operands {
                    d = d.also(o.place, format!("this is {}", self.show(&o.ty)));
                }
                d = d.note(format!("`{}`: {}", b.usage, b.doc));
                self.report(d);
                self.poison(cx, span)
            }
        }
    }

    fn was(&mut self, cx: &mut Cx, args: &[ast::Expr], name: Span, span: Span) -> Expr {
        if !self.arity(cx, "was", 1, args, name) {
            return self.poison(cx, span);
        }
        let Some(arg) = args.first() else { return self.poison(cx, span) };
        if !cx.before || cx.was.is_some() {
            let inside = cx.was.is_some();
            let title = if inside { "`was` inside `was`" } else { "there is no world before to ask about" };
            let d = Diagnostic::error(error::NO_WORLD_BEFORE, title).at(cx.at(name), "");
            let d = match (inside, cx.site) {
                (true, _) => d.help("there is one world before: one `was` is enough"),
                (_, Site::Intervention) => d.help("`was` stands only in `expect` and its message: write it there"),
                (_, site) => {
                    d.help(format!("`was` stands only in `expect` and messages of an intervention, not in {}", site.name()))
                }
            };
            self.report(d);
            self.muted += 1;
            self.value(cx, arg);
            self.muted -= 1;
            return self.poison(cx, span);
        }
        cx.was = Some((cx.vars.len(), false));
        cx.push(What::Was);
        let saved = cx.facts.clone();
        let later = cx.later.len();
        if !cx.closed {
            self.bind(cx, arg, false);
        }
        let x = self.expr(cx, arg, Pos::FORMULA);
        cx.later.truncate(later);
        cx.facts = saved;
        cx.pop();
        let uncertain = cx.was.take().is_some_and(|(_, u)| u);
        let ty = if uncertain { x.ty.clone().optional() } else { x.ty.clone() };
        self.make(cx, ExprKind::Was(Box::new(x)), ty, span)
    }

    fn sample_query(&mut self, cx: &mut Cx, n: &ast::Name, args: &[ast::Expr], span: Span) -> Expr {
        if !self.arity(cx, &n.text, 1, args, n.span) {
            return self.poison(cx, span);
        }
        let Some(arg) = args.first() else { return self.poison(cx, span) };
        let x = if &*n.text == "probability" {
            cx.push(What::Clause);
            let x = self.body(cx, arg, Pos::FORMULA);
            cx.pop();
            x
        } else {
            let x = self.value(cx, arg);
            self.convert(cx, x, &Type::Float(None), "what is expected")
        };
        self.make(cx, ExprKind::Noise(n.text.clone(), vec![x]), Type::Float(None), span)
    }

    fn noise_call(&mut self, cx: &mut Cx, n: &ast::Name, args: &[ast::Expr], span: Span) -> Expr {
        if cx.site != Site::Mechanism {
            let d = Diagnostic::error(error::BAD_MECHANISM, format!("`{}` draws noise, and that is for mechanisms", n.text))
                .at(cx.at(n.span), "nothing is drawn here")
                .help(format!("declare `mechanism Kind.attribute ~ {}(…)` and read the attribute", n.text));
            self.report(d);
        }
        let float = Type::Float(None);
        let wanted: Vec<Type> = match &*n.text {
            "normal" | "uniform" => vec![float.clone(), float.clone()],
            "categorical" => vec![Type::Error, float.clone().list()],
            _ => vec![float.clone()],
        };
        if !self.arity(cx, &n.text, wanted.len(), args, n.span) {
            return self.poison(cx, span);
        }
        let mut operands = vec![];
        let mut result = match &*n.text {
            "bernoulli" => Type::Bool,
            "poisson" => Type::Int(None),
            _ => float,
        };
        for (a, ty) in args.iter().zip(&wanted) {
            let e = self.value(cx, a);
            if *ty == Type::Error {
                let e = self.present(cx, e, "what is drawn from");
                let (e, item) = self.rangeable(cx, e);
                result = item;
                operands.push(e);
                continue;
            }
            operands.push(self.convert(cx, e, ty, &format!("an argument of `{}`", n.text)));
        }
        self.make(cx, ExprKind::Noise(n.text.clone(), operands), result, span)
    }

    /// Reports a question about the structure in a reader, which makes it.
    pub fn no_structure(&mut self, cx: &mut Cx, span: Span, what: &str) {
        let d = Diagnostic::error(
            error::NO_STRUCTURE,
            format!("a reader makes the structure, so it cannot ask it: {what} has nothing to hold of"),
        )
        .at(cx.at(span), "asks the structure")
        .help("a reader sees `doc` and what it binds with `for`; rules speak of what it has made");
        self.report(d);
    }
}

/// A name, perhaps behind a module, as it is written.
fn quoted_path(name: &str) -> String {
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}
