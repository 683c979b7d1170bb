//! Plans as text, for `dbm dump --stage plan`. One step a line; slots are `s0`, `s1`, …; `?s1` binds, `s1` is bound, `_` is anything.
use super::ir::*;
use crate::scalar::instant::format_duration;
use crate::scalar::{Dictionary, KindId, Op, Val, json};
use crate::structure::schema::{AttrId, Schema};
use std::fmt::Write;

/// Prints plans.
pub struct Printer<'a> {
    /// For kinds and attributes.
    pub schema: &'a Schema,
    /// For relations.
    pub relations: &'a [RelationInfo],
    /// For literals.
    pub dictionary: &'a Dictionary,
    out: String,
}

impl<'a> Printer<'a> {
    /// A printer with nothing printed yet.
    pub fn new(schema: &'a Schema, relations: &'a [RelationInfo], dictionary: &'a Dictionary) -> Self {
        Printer { schema, relations, dictionary, out: String::new() }
    }
    /// What was printed.
    pub fn finish(self) -> String {
        self.out
    }
    fn line(&mut self, depth: usize, text: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(depth));
    }
    fn relation(&self, id: RelId) -> &str {
        self.relations.get(id.0 as usize).map_or("?", |r| &r.name)
    }
    fn kind(&self, id: KindId) -> &str {
        self.schema.name(id)
    }
    fn attr(&self, id: AttrId) -> &str {
        self.schema.attr(id).map_or("?", |a| &a.name)
    }
    fn value(&self, v: Val) -> String {
        json::quoted(&self.dictionary.value(v), &|e| format!("{e:?}"))
    }
    fn arg(&self, a: Arg) -> String {
        match a {
            Arg::Key(s) | Arg::Same(s) => format!("s{s}"),
            Arg::Bind(s) => format!("?s{s}"),
            Arg::Any => "_".into(),
        }
    }
    fn scalar(&self, s: &Scalar) -> String {
        match s {
            Scalar::Const(v) => self.value(*v),
            Scalar::Slot(s) => format!("s{s}"),
            Scalar::Op(op, args, _) => {
                let args: Vec<String> = args.iter().map(|a| self.scalar(a)).collect();
                let name = match op {
                    Op::Cast(ty) => format!("as {}", crate::scalar::types::describe(ty, &|k| self.kind(k).to_string())),
                    op => op.name().to_string(),
                };
                format!("{name}({})", args.join(", "))
            }
        }
    }
    /// A stratum.
    pub fn stratum(&mut self, n: usize, plan: &StratumPlan) {
        let names: Vec<&str> = plan.relations.iter().map(|r| self.relation(*r)).collect();
        let title = format!("stratum {n}: {}", names.join(", "));
        self.line(0, &title);
        for c in &plan.clauses {
            let head: Vec<String> = c.head.iter().map(|s| format!("s{s}")).collect();
            let delta = c.delta.map_or(String::new(), |r| format!("  (when `{}` changed)", self.relation(r)));
            let title = format!("{}({}){delta}", self.relation(c.relation), head.join(", "));
            self.line(1, &title);
            self.block(2, &c.block);
            for b in &c.others {
                self.line(1, "or, where that is cheaper");
                self.block(2, b);
            }
            if let Some(v) = &c.value {
                self.computed(2, "value", v);
            }
        }
        for m in &plan.mechanisms {
            let title = format!("mechanism {}.{}", self.kind(m.kind), self.attr(m.attr));
            self.line(1, &title);
            self.computed(2, "value", &m.value);
        }
    }
    /// An invariant.
    pub fn invariant(&mut self, name: &str, plan: &InvariantPlan) {
        self.line(0, &format!("invariant {name}"));
        if let Some((block, binders)) = &plan.scope {
            let binders: Vec<String> = binders.iter().map(|s| format!("s{s}")).collect();
            self.line(1, &format!("for {}", binders.join(", ")));
            self.block(2, block);
        }
        self.block(1, &plan.lets);
        for c in &plan.clauses {
            match &c.form {
                DemandPlanForm::Never(b) => {
                    self.line(1, "never");
                    self.block(2, b);
                }
                DemandPlanForm::Require(f) => {
                    self.line(1, "require");
                    self.formula(2, f);
                }
            }
        }
    }
    fn computed(&mut self, depth: usize, what: &str, c: &Computed) {
        self.block(depth, &c.block);
        let text = format!("{what} = {}", self.scalar(&c.result));
        self.line(depth, &text);
    }
    fn block(&mut self, depth: usize, b: &Block) {
        b.steps.iter().for_each(|s| self.step(depth, s));
    }
    fn step(&mut self, depth: usize, step: &Step) {
        match step {
            Step::Scan { relation, args, value, source } => {
                let args: Vec<String> = args.iter().map(|a| self.arg(*a)).collect();
                let value = value.map_or(String::new(), |s| format!(" = ?s{s}"));
                let source = match source {
                    Source::Total => "",
                    Source::Delta => "new ",
                    Source::Old => "old ",
                };
                let text = format!("scan {source}{}({}){value}", self.relation(*relation), args.join(", "));
                self.line(depth, &text);
            }
            Step::Edges { kind, edge, from, to } => {
                let edge = if *edge == Arg::Any { String::new() } else { format!("{}:", self.arg(*edge)) };
                let text = format!("edges {} -{edge}{}-> {}", self.arg(*from), self.kind(*kind), self.arg(*to));
                self.line(depth, &text);
            }
            Step::Kind { ty, element } => {
                let ty = crate::scalar::types::describe(ty, &|k| self.kind(k).to_string());
                let text = format!("kind {}: {ty}", self.arg(*element));
                self.line(depth, &text);
            }
            Step::AttrEq { attr, value, element, .. } => {
                let text = format!("look up ?s{element} by .{} == s{value}", self.attr(*attr));
                self.line(depth, &text);
            }
            Step::Reach { path, from, to } => {
                let moves = path.moves().len();
                let text =
                    format!("walk {} -({} states, {moves} moves)-> {}", self.arg(*from), path.forward.len(), self.arg(*to));
                self.line(depth, &text);
            }
            Step::Range { list, key, var, .. } => {
                let key = key.map_or(String::new(), |k| format!("{}, ", self.arg(k)));
                let text = format!("range ({key}{}) in {}", self.arg(*var), self.scalar(list));
                self.line(depth, &text);
            }
            Step::Read { slot, of, attr, .. } => {
                let text = format!("read ?s{slot} = {}.{}", self.scalar(of), self.attr(*attr));
                self.line(depth, &text);
            }
            Step::ReadOpen { slot, of, name } => {
                let text = format!("read ?s{slot} = {}.{name}", self.scalar(of));
                self.line(depth, &text);
            }
            Step::ReadField { slot, of, field } => {
                let text = format!("read ?s{slot} = {}.{field:?}", self.scalar(of)).to_lowercase();
                self.line(depth, &text);
            }
            Step::Lookup { slot, kind, id, .. } => {
                let text = format!("look up ?s{slot} = {}({})", self.kind(*kind), self.scalar(id));
                self.line(depth, &text);
            }
            Step::Value { slot, relation, args } => {
                let args: Vec<String> = args.iter().map(|a| self.scalar(a)).collect();
                let text = format!("value ?s{slot} = {}({})", self.relation(*relation), args.join(", "));
                self.line(depth, &text);
            }
            Step::Let { slot, value } => {
                let text = format!("let ?s{slot} = {}", self.scalar(value));
                self.line(depth, &text);
            }
            Step::Aggregate { slot, spec } => {
                let text = format!("aggregate ?s{slot} = {:?}", spec.aggregate).to_lowercase();
                self.line(depth, &text);
                self.block(depth + 1, &spec.block);
                if let Some(v) = &spec.value {
                    self.computed(depth + 1, "of", v);
                }
            }
            Step::Truth { slot, formula } => {
                self.line(depth, &format!("truth ?s{slot} of"));
                self.formula(depth + 1, formula);
            }
            Step::Was { slot, value } => self.computed(depth, &format!("?s{slot} as it was"), value),
            Step::Choose { slot, condition, then, otherwise } => {
                self.line(depth, &format!("choose ?s{slot} if"));
                self.formula(depth + 1, condition);
                self.computed(depth + 1, "then", then);
                self.computed(depth + 1, "else", otherwise);
            }
            Step::Coalesce { slot, first, second } => {
                let text = format!("present ?s{slot} = {}, else", self.scalar(first));
                self.line(depth, &text);
                self.computed(depth + 1, "value", second);
            }
            Step::Filter(f) => {
                self.line(depth, "keep if");
                self.formula(depth + 1, f);
            }
            Step::Past { spec, event } => {
                let ty = crate::scalar::types::describe(&spec.ty, &|k| self.kind(k).to_string());
                let mut text = format!("{} {}: {ty}", if spec.ahead { "ahead" } else { "past" }, self.arg(*event));
                text.push_str(&format!(" from s{}", spec.now));
                text.push_str(&spec.within.map_or(String::new(), |d| format!(" within {}", format_duration(d))));
                text.push_str(&spec.per.as_ref().map_or(String::new(), |(u, z)| format!(" per {u:?} in {z}").to_lowercase()));
                text.push_str(&spec.behind.map_or(String::new(), |s| format!(" behind s{s}")));
                let key: Vec<String> = spec.key.iter().map(|s| format!("s{s}")).collect();
                if !key.is_empty() {
                    text.push_str(&format!(" by index {} of {}", spec.history, key.join(", ")));
                }
                text.push_str(if spec.latest { ", newest first" } else { "" });
                self.line(depth, &text);
            }
            Step::NotAfter(a, b) => self.line(depth, &format!("keep if s{a} is not after s{b}")),
            Step::Latest(b) => {
                self.line(depth, "the latest of");
                self.block(depth + 1, b);
            }
            Step::Last(n, b) => {
                self.line(depth, &format!("the last {n} of"));
                self.block(depth + 1, b);
            }
            Step::Consecutive { slot, block, satisfies, .. } => {
                self.line(depth, &format!("count ?s{slot} in a row of"));
                self.block(depth + 1, block);
                self.formula(depth + 1, satisfies);
            }
            Step::Union(blocks) => {
                self.line(depth, "any of");
                for b in blocks {
                    self.line(depth + 1, "branch");
                    self.block(depth + 2, b);
                }
            }
        }
    }
    fn formula(&mut self, depth: usize, f: &Formula) {
        match f {
            Formula::Const(b) => self.line(depth, &b.to_string()),
            Formula::And(list) | Formula::Or(list) => {
                self.line(depth, if matches!(f, Formula::And(_)) { "and" } else { "or" });
                list.iter().for_each(|f| self.formula(depth + 1, f));
            }
            Formula::Not(f) => {
                self.line(depth, "not");
                self.formula(depth + 1, f);
            }
            Formula::Was(f) => {
                self.line(depth, "before");
                self.formula(depth + 1, f);
            }
            Formula::Decided(effect, policy, c) => {
                let by = policy.map_or(String::new(), |p| format!(" by policy {p}"));
                self.computed(depth, &format!("decided {effect:?}{by} of").to_lowercase(), c);
            }
            Formula::Known(n) => self.line(depth, &format!("verdict {n}")),
            Formula::Test(c) => self.computed(depth, "test", c),
            Formula::Exists(b) => {
                self.line(depth, "exists");
                self.block(depth + 1, b);
            }
            Formula::Counted { test, block, .. } => {
                self.line(depth, &format!("counted {test:?}").to_lowercase());
                self.block(depth + 1, block);
            }
        }
    }
}
