//! The checker's state, and what all checks share: reporting, conversions, names that are not known. Made by `check::program`, used by every check.
use super::error;
use super::hir::{Expr, ExprKind, Program, VarId};
use super::resolve::{Def, ModuleId, Names};
use super::scope::{self, Cx, Target, What};
use super::types::{self, Fit};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Place, Sources, Span, Suggestion, TextEdit};
use crate::scalar::cast::cast;
use crate::scalar::{Kinds, Op, Type, Value};
use crate::structure::schema::Schema;
use crate::syntax::{ast, foreign};
use std::sync::Arc;

/// Where a formula or value stands: what it may bind, and whether value rules in it must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pos {
    /// Whether what is new may be bound.
    pub bind: Bind,
    /// Whether a value rule must have a value to match.
    pub matched: bool,
}

/// Whether an atom may bind what is new, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// It may.
    Yes,
    /// It stands where values are computed.
    No,
    /// It stands under this `not`, whose operand is the second.
    Not(Span, Span),
    /// It stands beside an `implies`.
    Implies,
}

impl Pos {
    /// A value: binds nothing.
    pub const VALUE: Pos = Pos { bind: Bind::No, matched: false };
    /// A formula whose value rules must match: of a clause, a `never` or a `where`.
    pub const MATCHED: Pos = Pos { bind: Bind::Yes, matched: true };
    /// A formula that may bind, but whose value rules may be absent: `require`, `expect`, `satisfies`.
    pub const FORMULA: Pos = Pos { bind: Bind::Yes, matched: false };
    /// The operands of a strict operator here: they bind nothing, but value rules in them match if they must here.
    pub fn inner(self) -> Pos {
        Pos { bind: Bind::No, matched: self.matched }
    }
}

/// What the checker knows of the clauses of a rule.
#[derive(Clone, Debug)]
pub struct RuleSource {
    /// Its module.
    pub module: ModuleId,
    /// Its items there, by index.
    pub items: Vec<usize>,
}

/// The state of a whole check.
pub struct Checker<'a> {
    /// For the text of edits.
    pub sources: &'a Sources,
    /// Modules and names.
    pub names: Names,
    /// Kinds and attributes.
    pub schema: Schema,
    /// What has been checked.
    pub program: Program,
    /// Beside `program.rules`.
    pub rules: Vec<RuleSource>,
    /// What has been found.
    pub diagnostics: Vec<Diagnostic>,
    /// Reports are dropped while this is not 0.
    pub muted: u32,
    /// Types are being found: where one side of an operator is not known yet, the other says the type.
    pub inferring: bool,
    /// Edge kinds of which an end is not known; reported already.
    pub endless: std::collections::BTreeSet<crate::scalar::KindId>,
    /// Items that syntax has complained about.
    pub unread: std::collections::BTreeSet<crate::base::ItemId>,
}

impl Checker<'_> {
    /// Reports; gives the number of the report, if it was kept.
    pub fn report(&mut self, d: Diagnostic) -> Option<usize> {
        if self.muted > 0 {
            return None;
        }
        self.diagnostics.push(d);
        Some(self.diagnostics.len() - 1)
    }
    /// What could not be checked, of the type that something else says, if types are being found.
    pub fn guess(&self, cx: &Cx, span: Span, a: &Type, b: &Type) -> Expr {
        let known = if *a == Type::Error { b } else { a };
        let ty = if self.inferring { types::base(known) } else { Type::Error };
        Expr { kind: ExprKind::Error, ty, place: cx.at(span) }
    }
    /// The text at a place.
    pub fn text(&self, place: Place) -> String {
        self.sources.text(place).to_string()
    }
    /// A type for a message, in backticks.
    pub fn show(&self, t: &Type) -> String {
        format!("`{}`", self.write(t))
    }
    /// A type as it is written in a program.
    pub fn write(&self, t: &Type) -> String {
        types::show(&self.schema, t)
    }
    /// What could not be checked.
    pub fn poison(&self, cx: &Cx, span: Span) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Error, place: cx.at(span) }
    }
    /// An expression, of which what is known here is used.
    pub fn make(&self, cx: &Cx, kind: ExprKind, ty: Type, span: Span) -> Expr {
        let mut e = Expr { kind, ty, place: cx.at(span) };
        // the absence of a Json is found when it is read
        if *e.ty.present() == Type::Json {
            e.ty = Type::Json;
        }
        if (e.ty.is_optional() || types::element(&e.ty).is_some())
            && let Some(key) = scope::key(&e)
        {
            if let Some(t) = cx.facts.narrowed.get(&key) {
                e.ty = t.clone();
            } else if cx.facts.present.contains(&key) {
                e.ty = e.ty.present().clone();
            }
        }
        e
    }

    /// The expression as a value of that type, converted if need be; `what` says what needs it (`the argument of `x``).
    pub fn convert(&mut self, cx: &mut Cx, e: Expr, to: &Type, what: &str) -> Expr {
        match types::fit(&self.schema, &e.ty, to) {
            Fit::Exact => e,
            Fit::Widen => {
                let ty = if e.ty.is_optional() { to.clone().optional() } else { to.present().clone() };
                self.wrap(Op::Widen, e, ty)
            }
            Fit::Read => self.read(e, to),
            Fit::Refine => {
                if let ExprKind::Const(v) = &e.kind
                    && let Err(fault) = cast(v, to)
                {
                    let place = e.place;
                    let d = Diagnostic::error(error::OUT_OF_BOUNDS, fault.text).at(place, format!("{what} is {}", self.show(to)));
                    let d = self.near_literal(d, v, to, place);
                    self.report(d);
                    return Expr { kind: ExprKind::Error, ty: Type::Error, place };
                }
                self.wrap(Op::Cast(to.clone()), e, to.clone())
            }
            Fit::Absent => self.absent(cx, e, what),
            Fit::Narrow => {
                let (from, wanted) = (self.show(&e.ty), self.show(to));
                let text = self.text(e.place);
                let d = Diagnostic::error(error::TYPE_MISMATCH, format!("{what} is {wanted}, and this may be another"))
                    .at(e.place, format!("this is {from}"))
                    .help(format!("ask first, to the left: `{text} is {} and …`", self.write(to)));
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
            Fit::No => {
                let (from, wanted) = (self.show(&e.ty), self.show(to));
                let mut d = Diagnostic::error(error::TYPE_MISMATCH, format!("{what} is {wanted}, not {from}"))
                    .at(e.place, format!("this is {from}"));
                if let (Type::Float(_), Type::Int(_)) = (e.ty.present(), to.present()) {
                    d = d.help("only an Int becomes a Float by itself: `round`, `floor` or `ceil` give an Int");
                    if let ExprKind::Const(Value::Float(x)) = &e.kind
                        && x.get().fract() == 0.0
                    {
                        d = d.suggest("write a whole number", e.place, format!("{}", x.get()));
                    }
                }
                let d = self.literal_for(d, &e, to);
                self.report(d);
                Expr { kind: ExprKind::Error, ty: Type::Error, place: e.place }
            }
        }
    }

    /// Offers to write a constant as one of the type that is needed: a unit for a duration, quotes left out, an id looked up.
    pub fn literal_for(&self, d: Diagnostic, e: &Expr, to: &Type) -> Diagnostic {
        let ExprKind::Const(value) = &e.kind else { return d };
        let text = self.text(e.place);
        let inner = text.trim_matches('"');
        let parses = |ty: &Type| cast(value, ty).is_ok();
        match (value, to.present()) {
            (Value::Int(_), Type::Duration) => {
                ["ms", "s"].iter().fold(d.help("a duration has a unit: `250ms`, `30s`, `10m`, `24h`, `7d`"), |d, unit| {
                    d.suggest(format!("write `{text}{unit}`"), e.place, format!("{text}{unit}"))
                })
            }
            (Value::Text(_), Type::Duration) if parses(&Type::Duration) => {
                d.suggest("write it without quotes", e.place, inner.to_string())
            }
            (Value::Text(_), Type::Time) if parses(&Type::Time) => d.suggest("write an instant", e.place, format!("@{inner}")),
            (Value::Text(_), Type::Time) => d.help("an instant has a date, a time and a zone: `@2026-01-03T10:00:00Z`"),
            (Value::Text(t), Type::Int(_)) if t.parse::<i64>().is_ok() => d.suggest("write a number", e.place, inner.to_string()),
            (Value::Text(t), Type::Float(_)) if t.parse::<f64>().is_ok_and(f64::is_finite) => {
                d.suggest("write a number", e.place, inner.to_string())
            }
            (Value::Text(t), Type::Bool) if matches!(&**t, "true" | "false") => {
                d.suggest("write it without quotes", e.place, inner.to_string())
            }
            (Value::Int(_) | Value::Float(_), Type::Text | Type::Literals(_)) => {
                d.suggest("write a text", e.place, format!("\"{text}\""))
            }
            (Value::Text(_), t) => match types::element(t) {
                Some((_, Kinds::Of(kinds))) => match kinds.first() {
                    Some(k) => {
                        let found = format!("{}({text})", quoted(self.schema.name(*k)));
                        d.help("a node is found by its id").suggest(format!("write `{found}`"), e.place, found)
                    }
                    None => d,
                },
                _ => d,
            },
            _ => d,
        }
    }

    /// Offers the text of a type's that is nearest.
    pub fn near_literal(&self, d: Diagnostic, v: &Value, to: &Type, place: Place) -> Diagnostic {
        if let (Value::Text(t), Type::Literals(all)) = (v, to.present())
            && let Some(near) = nearest(t, all.iter().map(|x| &**x))
        {
            return d.suggest(format!("write `{near}`"), place, format!("{near:?}"));
        }
        d
    }

    /// A Json read as a type.
    pub fn read(&self, e: Expr, to: &Type) -> Expr {
        let place = e.place;
        match types::element(to.present()) {
            Some((_, Kinds::Of(kinds))) => match kinds.first() {
                Some(k) => {
                    let id = self.wrap(Op::ToId, e, Type::Text);
                    Expr { kind: ExprKind::Lookup(*k, Box::new(id)), ty: types::of_kind(&self.schema, *k), place }
                }
                None => e,
            },
            _ => self.wrap(Op::Cast(to.clone()), e, to.clone()),
        }
    }

    /// An operation on one operand, standing where the operand stands.
    pub fn wrap(&self, op: Op, e: Expr, ty: Type) -> Expr {
        let place = e.place;
        Expr { kind: ExprKind::Op(op, vec![e]), ty, place }
    }

    /// Reports that a value may be absent where it is needed.
    pub fn absent(&mut self, cx: &mut Cx, e: Expr, what: &str) -> Expr {
        let place = e.place;
        let poison = Expr { kind: ExprKind::Error, ty: Type::Error, place };
        if self.muted > 0 {
            return Expr { ty: e.ty.present().clone(), ..e };
        }
        let text = self.text(place);
        // `if a then b else c ?? d` is another thing
        let operand = match e.kind {
            ExprKind::If(..) | ExprKind::Op(..) if text.contains(char::is_whitespace) => format!("({text})"),
            _ => text.clone(),
        };
        if e.ty == Type::None {
            let d = Diagnostic::error(error::ABSENT_VALUE, format!("{what} must be there, and `none` is not"))
                .at(place, "always absent")
                .help("ask for absence with `== none`");
            self.report(d);
            return poison;
        }
        let shown = self.show(&e.ty);
        let mut d = Diagnostic::error(error::ABSENT_VALUE, format!("`{text}` may be absent, and {what} must be there"))
            .at(place, format!("this is {shown}"));
        if let ExprKind::Value { .. } = e.kind {
            d = d.note(
                "a value rule has no value where no clause matches; only in a clause, a `never` or a `where` must it match",
            );
        }
        d = d.help(format!("ask first, to its left: `{operand} != none and …`; or say what else to take: `({operand} ?? …)`"));
        if let Some(conjunct) = cx.conjunct
            && scope::key(&e).is_some()
        {
            let at = Span { start: conjunct.start, end: conjunct.start };
            d = d.suggest("ask whether it is there", cx.at(at), format!("{operand} != none and "));
        }
        let otherwise = match e.ty.present() {
            Type::Int(_) => Some("0"),
            Type::Float(_) => Some("0.0"),
            Type::Text => Some("\"\""),
            Type::Bool => Some("false"),
            Type::Duration => Some("0s"),
            Type::List(_) => Some("[]"),
            _ => None,
        };
        if let Some(o) = otherwise {
            d = d.suggest(format!("take `{o}` where it is absent"), place, format!("({operand} ?? {o})"));
        }
        let index = self.report(d);
        if let (Some(key), Some(index)) = (scope::key(&e), index) {
            cx.absent.push((key, index));
        }
        poison
    }

    /// The value, which must be there.
    pub fn present(&mut self, cx: &mut Cx, e: Expr, what: &str) -> Expr {
        if e.ty.is_optional() { self.absent(cx, e, what) } else { e }
    }

    /// Tells that a guard stands to the right of what it should guard, for what was found absent in `left` of a conjunction.
    pub fn swap_help(&mut self, cx: &Cx, index: usize, left: &ast::Expr, guard: &ast::Expr) {
        let (a, b) = (cx.at(left.span), cx.at(guard.span));
        let (left_text, guard_text) = (wrapped(left, self.text(a)), wrapped(guard, self.text(b)));
        if let Some(d) = self.diagnostics.get_mut(index) {
            d.helps.clear();
            d.suggestions.clear();
            d.labels.push(crate::base::Label {
                place: b,
                text: "this asks whether it is there, too far right".into(),
                primary: false,
            });
            d.helps.push("a guard holds only to its right: swap the two".into());
            d.suggestions.push(Suggestion {
                message: "swap them".into(),
                edits: vec![TextEdit { place: a, text: guard_text }, TextEdit { place: b, text: left_text }],
            });
        }
    }

    /// Reports a name that is not known here, and declares it so that it is reported once.
    pub fn unknown_name(&mut self, cx: &mut Cx, name: &ast::Name, pos: Pos) -> VarId {
        let d = self.why_unknown(cx, name, pos);
        self.report(d);
        // what was meant is used, if not where it is known
        let meant: Vec<VarId> = cx.expired.iter().filter(|x| x.name == name.text).map(|x| x.var).collect();
        for v in meant {
            if let Some(i) = cx.info(v) {
                i.uses += 1;
            }
        }
        let id = cx.declare_binder(name.text.clone(), Type::Error, cx.at(name.span));
        if let Some(i) = cx.info(id) {
            i.uses = 1;
        }
        id
    }

    fn why_unknown(&self, cx: &Cx, name: &ast::Name, pos: Pos) -> Diagnostic {
        let place = cx.at(name.span);
        let n = &*name.text;
        if let Some(later) = cx.later.iter().rev().find(|(x, _)| x == n) {
            return Diagnostic::error(error::BOUND_LATER, format!("`{n}` is not bound yet"))
                .at(place, "needed here")
                .also(later.1, "bound only here, further to the right")
                .help("`==` and `in` bind from left to right: move what binds it to the left");
        }
        if cx.outer.iter().any(|x| x == n) {
            return Diagnostic::error(
                error::NOT_CLOSED,
                format!("`{n}` is of this candidate, and the formula is asked in every candidate"),
            )
            .at(place, "not known in other candidates")
            .help(format!("bind it inside: `some {n}: … where …` or `every {n}: … satisfies …`"));
        }
        if let (Bind::Not(not, operand), false) = (pos.bind, cx.closed) {
            return self.under_not(cx, name, not, operand);
        }
        if let (Bind::Implies, false) = (pos.bind, cx.closed) {
            return Diagnostic::error(error::BOUND_UNDER_NOT, format!("`{n}` is bound only beside an `implies`"))
                .at(place, "nothing else binds it")
                .help(format!(
                    "`implies` opens no scope: write `every {n}: … where … satisfies …`, or `_` if it does not matter which"
                ))
                .suggest("let it be anything", place, "_");
        }
        if let Some(gone) = cx.expired.iter().rev().find(|x| *x.name == *n) {
            let var = cx.var(gone.var);
            let kind = var.map(|v| v.ty.clone()).unwrap_or(Type::Error);
            let there = var.map(|v| v.place).unwrap_or(place);
            let d = |title: String, text: &str| {
                Diagnostic::error(error::OUT_OF_SCOPE, title).at(place, "not known here").also(there, text)
            };
            return match gone.what {
                What::Where => {
                    let d = d(format!("`{n}` is known only inside its `where`"), "bound here; it ends with the `where`")
                        .help("only binders leave a `where`: make it one, beside the others");
                    match (gone.insert, types::element(&kind).is_some()) {
                        (Some(at), true) => {
                            let text = format!(", {}: {}", quoted(n), self.write(&kind));
                            d.suggest(format!("add the binder `{}`", text.trim_start_matches(", ")), at, text)
                        }
                        _ => d,
                    }
                }
                What::Branch => d(format!("`{n}` is not bound in every branch of the `or`"), "bound in this branch alone")
                    .help("behind an `or` only what every branch binds is known"),
                What::Clause => d(format!("`{n}` belongs to another clause"), "bound here, for that clause alone")
                    .help("a message belongs to the clause before it; what several clauses need is bound by `for`"),
                What::Was => d(format!("`{n}` is known only inside `was`"), "bound here"),
                _ => d(format!("`{n}` ends with the scope that binds it"), "bound here")
                    .help("parentheses and `where` show how far a binder reaches"),
            };
        }
        if let Some(ours) = foreign::value(n) {
            return Diagnostic::error(error::UNKNOWN_NAME, format!("`{n}` is not known here"))
                .at(place, format!("dbm says `{ours}`"))
                .suggest(format!("write `{ours}`"), place, ours);
        }
        let mut all: Vec<String> = cx.visible().iter().map(|s| s.to_string()).collect();
        all.extend(self.names.usable(cx.module, &|d| matches!(d, Def::Param(_))));
        let d =
            Diagnostic::error(error::UNKNOWN_NAME, format!("`{n}` is not known here")).at(place, "nothing binds or declares it");
        match nearest(n, all.iter().map(|s| s.as_str())) {
            Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, quoted(near)),
            None if self.demand_named(n) => {
                let d = d.help("whether a demand holds is asked with `holds` and `breaks`");
                if cx.verdicts { d.suggest(format!("write `holds {n}`"), place, format!("holds {}", quoted(n))) } else { d }
            }
            None if cx.closed => d.help("in a test a name comes from `given`, or from a binder: `some x: K where …`"),
            None => d.help("a variable is bound by a binder (`x: Kind`), or by an atom, an arrow, `is`, `x == …` or `x in …`"),
        }
    }

    fn demand_named(&self, name: &str) -> bool {
        self.program.invariants.iter().any(|i| &*i.name == name)
    }

    fn under_not(&self, cx: &Cx, name: &ast::Name, not: Span, operand: Span) -> Diagnostic {
        let n = &*name.text;
        let place = cx.at(name.span);
        let kind = cx.wanted.as_ref().filter(|t| types::element(t).is_some()).map(|t| self.write(t));
        let shown = kind.clone().unwrap_or_else(|| "Kind".into());
        let d = Diagnostic::error(error::BOUND_UNDER_NOT, format!("`{n}` is bound only under a `not`"))
            .at(place, "nothing else binds it")
            .also(cx.at(not), "this `not` opens no scope")
            .help(format!("say `no {n}: {shown} where …`; or `_` if it does not matter which"));
        let whole = self.text(cx.at(operand));
        let times = whole.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| *w == n).count();
        let d = if times == 1 { d.suggest("let it be anything", place, "_") } else { d };
        match kind {
            Some(k) => d.suggest(
                format!("ask that there is no such `{n}`"),
                cx.at(Span { start: not.start, end: operand.start }),
                format!("no {}: {k} where ", quoted(n)),
            ),
            None => d,
        }
    }

    /// The variable of a name, if it is one that can be seen.
    pub fn variable(&self, cx: &Cx, name: &str) -> Option<VarId> {
        match cx.find(name) {
            Some(Target::Var(v)) => Some(*v),
            _ => None,
        }
    }

    /// Whether a bare name in an atom would be a new variable.
    pub fn is_new(&self, cx: &Cx, name: &str) -> bool {
        cx.find(name).is_none() && !matches!(self.names.find(cx.module, name), Some(Def::Param(_)))
    }
}

/// A name as it is written: in backticks if it has to be. `_` is written as it is.
pub fn quoted(name: &str) -> String {
    if name == "_" { name.into() } else { crate::base::name::quoted(name) }
}

/// The text of an expression, in parentheses if another operator could take it apart.
pub fn wrapped(e: &ast::Expr, text: String) -> String {
    match e.kind {
        ast::ExprKind::Or(_)
        | ast::ExprKind::If { .. }
        | ast::ExprKind::Quantifier(_)
        | ast::ExprKind::Since(_)
        | ast::ExprKind::Earlier(_)
        | ast::ExprKind::Binary { op: ast::BinaryOp::Implies, .. } => format!("({text})"),
        _ => text,
    }
}

/// A constant.
pub fn constant(value: Value, ty: Type, place: Place) -> Expr {
    Expr { kind: ExprKind::Const(value), ty, place }
}

/// A text constant.
pub fn text_constant(text: Arc<str>, place: Place) -> Expr {
    constant(Value::Text(text), Type::Text, place)
}
