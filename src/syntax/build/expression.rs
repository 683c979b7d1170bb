//! Builds expressions: operands here, operators in `operator.rs`.
use super::super::ast::{
    Aggregate, AggregateFunction, BinaryOp, Consecutive, Earlier, Expr, ExprKind, Field, Literal, Name, Quantifier,
    QuantifierKind, Record, Scope, Share, ShareOf, ShareOver, Since,
};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::grammar::Rule;
use super::super::{error, foreign};
use super::builder::{Builder, MethodCall};
use super::operator::{Operand, Part, Prefix};
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use pest::iterators::Pair;

/// The built-in functions.
const BUILTINS: [&str; 37] = [
    "contains",
    "starts_with",
    "ends_with",
    "lower",
    "upper",
    "trim",
    "split",
    "join",
    "replace",
    "capture",
    "length",
    "slice",
    "abs",
    "round",
    "floor",
    "ceil",
    "least",
    "greatest",
    "sqrt",
    "exp",
    "log",
    "count",
    "first",
    "last",
    "sort",
    "hour",
    "weekday",
    "date",
    "parse_time",
    "from_unix",
    "from_unix_ms",
    "leaves",
    "keys",
    "tokens",
    "digest",
    "sum",
    "distinct",
];
impl Builder<'_> {
    pub fn take_expr(&mut self, cursor: &mut Cursor<'_>) -> Built<Expr> {
        let pair = cursor.need(Rule::expr, "an expression")?;
        self.expr(pair)
    }
    pub(super) fn maybe_expr(&mut self, cursor: &mut Cursor<'_>) -> Built<Option<Expr>> {
        cursor.maybe(Rule::expr).map(|p| self.expr(p)).transpose()
    }
    pub(super) fn take_value(&mut self, cursor: &mut Cursor<'_>) -> Built<Expr> {
        let pair = cursor.need(Rule::value, "a value")?;
        self.expr(pair)
    }
    /// Of an `expr` or a `value`.
    pub fn expr(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        Ok(self.operands(pair)?.expr)
    }
    /// Of a `reference` or an `event_reference`.
    pub(super) fn reference(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        self.expr(pair)
    }

    fn operands(&mut self, pair: Pair<'_, Rule>) -> Built<Operand> {
        let mut parts: Vec<Part> = vec![];
        let mut cursor = Cursor::of(pair);
        while let Some(pair) = cursor.any() {
            let span = self.span(&pair);
            let part = match pair.as_rule() {
                Rule::prefix | Rule::negation => Part::Prefix(
                    match pair.as_str().get(..1) {
                        Some("-") => Prefix::Neg,
                        Some("n") => Prefix::Not,
                        _ => Prefix::Stable,
                    },
                    span,
                ),
                Rule::attr | Rule::index | Rule::call => {
                    let Some(Part::Operand(base)) = parts.pop() else { return Err(Broken("an operand")) };
                    Part::Operand(self.postfix(base, pair)?)
                }
                Rule::operator | Rule::arith => operator(pair.as_str(), span)?,
                Rule::not_in => Part::Infix(BinaryOp::NotIn, span),
                Rule::arrow_right | Rule::arrow_left => Part::Arrow(self.arrow(pair)?),
                Rule::as_type => Part::As(self.type_of(Cursor::of(pair).need(Rule::cast_type, "a type")?)?),
                Rule::is_kind => Part::Is(self.take_qualified(&mut Cursor::of(pair))?),
                Rule::has_attr => Part::Has(self.take_name(&mut Cursor::of(pair))?),
                Rule::int | Rule::float | Rule::duration => {
                    // a sign directly before a number is part of it, unless something is reached into
                    let signed = matches!(parts.last(), Some(Part::Prefix(Prefix::Neg, _)))
                        && !matches!(cursor.peek(), Some(Rule::attr | Rule::index | Rule::call));
                    let mut whole = span;
                    if let (true, Some(Part::Prefix(_, minus))) = (signed, parts.last()) {
                        whole = minus.to(span);
                        parts.pop();
                    }
                    let literal = self.literal(&pair, signed).ok_or(Broken("a literal"))?;
                    plain(ExprKind::Literal(literal), whole)
                }
                _ => Part::Operand(self.atom(pair)?),
            };
            parts.push(part);
        }
        let mut parts = parts.into_iter().peekable();
        let bound = self.bind(&mut parts, 0)?;
        if parts.next().is_some() { Err(Broken("an operator")) } else { Ok(bound) }
    }

    fn atom(&mut self, pair: Pair<'_, Rule>) -> Built<Operand> {
        let span = self.span(&pair);
        if let Some(literal) = self.literal(&pair, false) {
            return Ok(Operand { expr: Expr { kind: ExprKind::Literal(literal), span }, outer: span, grouped: false });
        }
        let kind = match pair.as_rule() {
            Rule::group => {
                let inner = self.take_expr(&mut Cursor::of(pair))?;
                return Ok(Operand { expr: inner, outer: span, grouped: true });
            }
            Rule::verdict => self.verdict(pair)?.kind,
            Rule::variable => ExprKind::Name(self.take_name(&mut Cursor::of(pair))?),
            Rule::wildcard => ExprKind::Wildcard,
            Rule::list => ExprKind::List(Cursor::of(pair).map(|p| self.expr(p)).collect::<Built<_>>()?),
            Rule::record => ExprKind::Record(self.record(pair)?),
            Rule::if_else => {
                let mut cursor = Cursor::of(pair);
                let mut next = || self.take_expr(&mut cursor).map(Box::new);
                ExprKind::If { condition: next()?, then: next()?, otherwise: next()? }
            }
            Rule::count_over => {
                let scope = self.take_scope(&mut Cursor::of(pair))?;
                let word = Span { start: span.start, end: span.start + 5 };
                ExprKind::Aggregate(Aggregate { function: AggregateFunction::Count, word, rank: None, value: None, scope })
            }
            Rule::consecutive => {
                let mut cursor = Cursor::of(pair);
                let scope = self.take_scope(&mut cursor)?;
                let satisfies = cursor.need(Rule::satisfies, "`satisfies`")?;
                ExprKind::Consecutive(Consecutive { scope, satisfies: Box::new(self.take_expr(&mut Cursor::of(satisfies))?) })
            }
            Rule::quantifier => self.quantifier(pair)?,
            Rule::none_since => self.none_since(pair)?,
            Rule::earlier => {
                let mut cursor = Cursor::of(pair);
                let mut events = vec![];
                for event in cursor.all(Rule::element) {
                    events.push(self.element(event)?);
                }
                let condition = self.maybe_condition(&mut cursor)?.map(Box::new);
                ExprKind::Earlier(Earlier { events, condition })
            }
            Rule::share => self.share(pair)?,
            _ => return Err(Broken("an operand")),
        };
        Ok(Operand { expr: Expr { kind, span }, outer: span, grouped: false })
    }

    fn postfix(&mut self, base: Operand, pair: Pair<'_, Rule>) -> Built<Operand> {
        let outer = base.outer.to(self.span(&pair));
        let kind = match pair.as_rule() {
            Rule::attr => ExprKind::Attr { base: Box::new(base.expr), name: self.take_name(&mut Cursor::of(pair))? },
            Rule::index => {
                let index = self.take_expr(&mut Cursor::of(pair))?;
                ExprKind::Index { base: Box::new(base.expr), index: Box::new(index) }
            }
            _ => self.call(base, outer, pair)?,
        };
        Ok(Operand { expr: Expr { kind, span: outer }, outer, grouped: false })
    }

    fn call(&mut self, callee: Operand, outer: Span, pair: Pair<'_, Rule>) -> Built<ExprKind> {
        let inside = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let mut args = vec![];
        for arg in cursor.all(Rule::expr) {
            args.push(self.expr(arg)?);
        }
        if let Some(over) = cursor.maybe(Rule::over) {
            let scope = self.take_scope(&mut Cursor::of(over))?;
            return self.aggregate(callee, args, scope, outer);
        }
        if let ExprKind::Attr { base, name } = &callee.expr.kind {
            self.method(base, name, callee.outer, inside, outer);
        }
        Ok(ExprKind::Call { callee: Box::new(callee.expr), args })
    }

    fn aggregate(&mut self, callee: Operand, mut args: Vec<Expr>, scope: Scope, outer: Span) -> Built<ExprKind> {
        let place = self.place(callee.outer);
        let written = self.source(callee.outer);
        let function = match &callee.expr.kind {
            ExprKind::Name(name) => AggregateFunction::named(&name.text),
            _ => None,
        };
        let Some(function) = function else {
            let names = AggregateFunction::ALL.iter().map(|(n, _)| *n);
            let mut found = Diagnostic::error(error::BAD_AGGREGATE, format!("`{written}` is no aggregate"))
                .at(place, "`… for …` stands only in aggregates")
                .help(
                    "the aggregates are `count`, `sum`, `min`, `max`, `avg`, `median`, `percentile`, `distinct`, `any` and `all`",
                );
            if let Some(near) = nearest(written, names) {
                found = found.suggest(format!("did you mean `{near}`?"), place, near);
            }
            self.report(found);
            return Ok(ExprKind::Call { callee: Box::new(callee.expr), args });
        };
        let wanted = if function == AggregateFunction::Percentile { 2 } else { 1 };
        if args.len() != wanted {
            let found = Diagnostic::error(
                error::BAD_AGGREGATE,
                format!(
                    "`{written}` takes {wanted} argument{} before `for`, not {}",
                    if wanted == 1 { "" } else { "s" },
                    args.len()
                ),
            )
            .at(self.place(outer), "")
            .help(if wanted == 2 {
                "say which percentile, and of what: `percentile(95, e.p99 for e: calls)`"
            } else {
                "say of what: `sum(e.share for e: calls)`"
            });
            self.report(found);
        }
        if function == AggregateFunction::Count {
            let found = Diagnostic::error(error::BAD_AGGREGATE, "`count` counts bindings, not values")
                .at(self.place(outer), "")
                .help("count bindings with `count(h: Host where …)`, values without repeats with `count(distinct(h.zone for h: Host))`");
            self.report(found);
        }
        let value = args.pop().map(Box::new);
        let rank = args.pop().map(Box::new);
        Ok(ExprKind::Aggregate(Aggregate { function, word: callee.outer, rank, value, scope }))
    }

    fn method(&mut self, base: &Expr, name: &Name, callee: Span, inside: Span, outer: Span) {
        let builtin = match foreign::function(&name.text) {
            Some(ours) => ours,
            None => match BUILTINS.iter().find(|n| **n == &*name.text) {
                Some(n) => *n,
                None => return,
            },
        };
        let mut root = base;
        while let ExprKind::Attr { base, .. } = &root.kind {
            root = base;
        }
        let root = match &root.kind {
            ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        };
        let dot = self.source(Span { start: callee.start, end: name.span.start });
        let receiver = dot.trim_end().trim_end_matches('.').trim_end();
        let args = self.source(inside).trim_start_matches('(').trim_end_matches(')').trim();
        let comma = if args.is_empty() { "" } else { ", " };
        let call = format!("{builtin}({receiver}{comma}{args})");
        let diagnostic = Diagnostic::error(error::METHOD_CALL, format!("`{}` is called as a method", name.text))
            .at(self.place(name.span), "built-ins are functions")
            .help(format!("write `{call}`"))
            .suggest("call the function", self.place(outer), call);
        self.methods.push(MethodCall { root, diagnostic });
    }

    fn quantifier(&mut self, pair: Pair<'_, Rule>) -> Built<ExprKind> {
        let mut cursor = Cursor::of(pair);
        let head = cursor.some("a quantifier")?;
        let word = self.span(&head);
        let rule = head.as_rule();
        let amount = Cursor::of(head).any();
        let amount = match amount {
            Some(pair) => Some(Box::new(self.atom(pair)?.expr)),
            None => None,
        };
        let kind = match (rule, amount) {
            (Rule::some, _) => QuantifierKind::Some,
            (Rule::every, _) => QuantifierKind::Every,
            (Rule::exactly, Some(n)) => QuantifierKind::Exactly(n),
            (Rule::at_least, Some(n)) => QuantifierKind::AtLeast(n),
            (Rule::at_most, Some(n)) => QuantifierKind::AtMost(n),
            _ => return Err(Broken("a quantifier")),
        };
        let scope = self.take_scope(&mut cursor)?;
        let satisfies = cursor.maybe(Rule::satisfies);
        let wants = matches!(kind, QuantifierKind::Every);
        self.check_satisfies(wants, word, satisfies.as_ref(), scope.span);
        let satisfies = match satisfies {
            Some(pair) => Some(Box::new(self.take_expr(&mut Cursor::of(pair))?)),
            None => None,
        };
        Ok(ExprKind::Quantifier(Quantifier { kind, word, scope, satisfies }))
    }

    fn none_since(&mut self, pair: Pair<'_, Rule>) -> Built<ExprKind> {
        let start = self.span(&pair).start;
        let mut cursor = Cursor::of(pair);
        let word = Span { start, end: start + 2 };
        let scope = self.take_scope(&mut cursor)?;
        if let Some(since) = cursor.maybe(Rule::since) {
            let since = self.take_scope(&mut Cursor::of(since))?;
            return Ok(ExprKind::Since(Since { no: scope, since }));
        }
        let satisfies = cursor.maybe(Rule::satisfies);
        self.check_satisfies(false, word, satisfies.as_ref(), scope.span);
        Ok(ExprKind::Quantifier(Quantifier { kind: QuantifierKind::No, word, scope, satisfies: None }))
    }

    fn check_satisfies(&mut self, wanted: bool, word: Span, satisfies: Option<&Pair<'_, Rule>>, scope: Span) {
        let text = self.source(word);
        match (wanted, satisfies) {
            (true, None) => {
                let found = Diagnostic::error(error::SATISFIES, "`every` needs `satisfies`")
                    .at(self.place(scope), "what must each of these satisfy?")
                    .help("`where` chooses, `satisfies` demands: `every h: Host where h.up satisfies h.cores >= 4`");
                self.report(found);
            }
            (false, Some(pair)) => {
                let place = self.place(self.span(pair));
                let at = Span { start: place.span.start, end: place.span.start + "satisfies".len() as u32 };
                let joined = if self.source(scope).contains("where") { "and" } else { "where" };
                let found =
                    Diagnostic::error(error::SATISFIES, format!("`satisfies` stands behind `every`, not behind `{text}`"))
                        .at(self.place(at), "")
                        .help(format!("`{text} x: K where φ` has all its conditions behind `where`"))
                        .suggest(format!("say `{joined}`"), self.place(at), joined);
                self.report(found);
            }
            _ => {}
        }
    }

    fn share(&mut self, pair: Pair<'_, Rule>) -> Built<ExprKind> {
        let mut cursor = Cursor::of(pair);
        let words = cursor.need(Rule::share_word, "`in … worlds`")?;
        let word = self.span(&words);
        let mut inner = Cursor::of(words);
        let of = inner.some("`every`")?;
        let of = match of.as_rule() {
            Rule::every => ShareOf::Every,
            Rule::some => ShareOf::Some,
            _ => {
                let number = Cursor::of(of).some("a percentage")?;
                let literal = self.literal(&number, false).ok_or(Broken("a percentage"))?;
                if matches!(literal, Literal::Int(n) if n > 100) || matches!(literal, Literal::Float(x) if x > 100.0) {
                    let found = Diagnostic::error(error::BAD_BOUNDS, format!("`{}%` is more than all", number.as_str()))
                        .at(self.place(self.span(&number)), "")
                        .help("a share is at most `100%`");
                    self.report(found);
                }
                ShareOf::AtLeast(literal)
            }
        };
        let over = if inner.maybe(Rule::worlds).is_some() { ShareOver::Worlds } else { ShareOver::Candidates };
        let formula = Box::new(self.take_expr(&mut cursor)?);
        Ok(ExprKind::Share(Share { of, over, word, formula }))
    }

    pub(super) fn maybe_record(&mut self, cursor: &mut Cursor<'_>) -> Built<Option<Record>> {
        cursor.maybe(Rule::record).map(|p| self.record(p)).transpose()
    }
    fn record(&mut self, pair: Pair<'_, Rule>) -> Built<Record> {
        let span = self.span(&pair);
        let mut fields: Vec<Field> = vec![];
        for pair in Cursor::of(pair) {
            let span = self.span(&pair);
            let mut inner = Cursor::of(pair);
            let name = self.take_name(&mut inner)?;
            let value = self.take_expr(&mut inner)?;
            if let Some(first) = fields.iter().find(|f| f.name.text == name.text) {
                let found = Diagnostic::error(error::REPEATED, format!("`{}` stands twice", name.text))
                    .at(self.place(name.span), "here again")
                    .also(self.place(first.name.span), "it has a value already");
                self.report(found);
                continue;
            }
            fields.push(Field { name, value, span });
        }
        Ok(Record { fields, span })
    }
}

fn plain(kind: ExprKind, span: Span) -> Part {
    Part::Operand(Operand { expr: Expr { kind, span }, outer: span, grouped: false })
}

fn operator(text: &str, span: Span) -> Built<Part> {
    use BinaryOp::*;
    let op = match text {
        "and" => return Ok(Part::And),
        "or" => return Ok(Part::Or),
        ".." => return Ok(Part::Range),
        "+" => Add,
        "-" => Sub,
        "*" => Mul,
        "/" => Div,
        "div" => IntDiv,
        "%" => Rem,
        "++" => Concat,
        "??" => Coalesce,
        "==" => Eq,
        "!=" => Ne,
        "<" => Lt,
        "<=" => Le,
        ">" => Gt,
        ">=" => Ge,
        "in" => In,
        "matches" => Matches,
        "implies" => Implies,
        _ => return Err(Broken("an operator")),
    };
    Ok(Part::Infix(op, span))
}
