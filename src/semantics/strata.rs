//! The order in which rules and mechanisms are evaluated, and the recursions that have no meaning, refused with their cycle drawn.
//! Fed with the checked program by check, read by plan.
//!
//! A rule may use itself through what only grows: atoms, arrows, `some`; a value rule with `min`, `max`, `any`, `all` through what only
//! improves. Everything else must be complete before it is used. Two things are ordered by instance instead: mechanisms (a component of
//! them alone is fine) and event rules (what looks strictly back, see `Use::back`, is complete).
use super::checker::Checker;
use super::cycles;
use super::error;
use super::hir::{Binder, Combine, Expr, ExprKind, Path, Quantifier, Relation, RuleForm, RuleId, VarId};
use super::improve::Exam;
use super::walk;
use crate::base::{Diagnostic, Place};
use crate::scalar::Type;
use crate::structure::schema::AttrId;
use std::collections::{BTreeMap, BTreeSet};

/// The strata, in the order of evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strata {
    /// What a stratum uses is in it or before it.
    pub strata: Vec<Stratum>,
}

/// Rules and mechanisms that use each other, or one of them alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stratum {
    /// The rules; where it goes by time, in the order in which they are evaluated at one event.
    pub rules: Vec<RuleId>,
    /// The attributes of mechanisms; never together with rules.
    pub mechanisms: Vec<AttrId>,
    /// Whether it uses itself.
    pub recursive: bool,
    /// Whether it is a recursion of event rules that looks strictly back: evaluated event by event, in the order of time.
    pub by_time: bool,
}

/// How a rule uses another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// More there gives more here.
    Grows,
    /// It must be complete: with the word that says why.
    Complete(&'static str),
    /// A value, in a place that is looked at later.
    Value,
}

/// One use of a rule or an attribute.
#[derive(Clone, Debug)]
struct Use {
    from: usize,
    to: usize,
    place: Place,
    how: How,
    /// It is asked of an event strictly before the one that asks.
    back: bool,
}

/// The strata of a checked program; what cannot be ordered is reported.
pub fn strata(c: &mut Checker) -> Strata {
    let graph = Graph::of(c);
    let mut found = vec![];
    let all = graph.edges(|_| true);
    let local = graph.edges(|u| !u.back);
    let mut strata = vec![];
    let components = cycles::components(&all);
    let mut home = vec![0; all.len()];
    for (i, component) in components.iter().enumerate() {
        for n in component {
            if let Some(h) = home.get_mut(*n) {
                *h = i;
            }
        }
    }
    let together = |a: usize, b: usize| home.get(a) == home.get(b);
    let timed: BTreeSet<usize> =
        graph.uses.iter().filter(|u| u.back && together(u.from, u.to)).filter_map(|u| home.get(u.from).copied()).collect();
    // the edges of one component at a time; there may be as many components as rules, so each may cost its own size only
    let mut narrowed: Vec<Vec<usize>> = vec![vec![]; local.len()];
    for (i, component) in components.iter().enumerate() {
        let recursive = component.len() > 1 || component.iter().any(|n| all.get(*n).is_some_and(|e| e.contains(n)));
        let by_time = timed.contains(&i);
        let mut order = vec![];
        if recursive {
            // at one event, or without time, the rest must be in order
            let numbers: BTreeMap<usize, usize> = component.iter().enumerate().map(|(small, n)| (*n, small)).collect();
            let mut small: Vec<Vec<usize>> = vec![];
            for n in component {
                let inside = |t: &&usize| numbers.contains_key(t);
                let edges: Vec<usize> = local.get(*n).into_iter().flatten().filter(inside).copied().collect();
                small.push(edges.iter().filter_map(|t| numbers.get(t)).copied().collect());
                if let Some(own) = narrowed.get_mut(*n) {
                    *own = edges;
                }
            }
            for part in cycles::components(&small) {
                let part: Vec<usize> = part.iter().filter_map(|s| component.get(*s)).copied().collect();
                let cyclic = part.len() > 1 || part.iter().any(|n| narrowed.get(*n).is_some_and(|e| e.contains(n)));
                if cyclic {
                    graph.examine(c, &part, &narrowed, &mut found);
                }
                order.extend(part);
            }
        } else {
            order.extend(component);
        }
        let rules = order.iter().filter(|n| **n < graph.rules).map(|n| RuleId(*n as u32)).collect();
        let mechanisms = order.iter().filter_map(|n| graph.attrs.get(n.checked_sub(graph.rules)?)).copied().collect();
        strata.push(Stratum { rules, mechanisms, recursive, by_time });
    }
    for d in found {
        c.report(d);
    }
    Strata { strata }
}

struct Graph {
    /// How many nodes are rules; the others are attributes of mechanisms.
    rules: usize,
    attrs: Vec<AttrId>,
    uses: Vec<Use>,
}

impl Graph {
    fn of(c: &Checker) -> Graph {
        let rules = c.program.rules.len();
        let attrs: Vec<AttrId> = c.program.mechanisms.iter().map(|m| m.attr).collect();
        let index: BTreeMap<AttrId, usize> = attrs.iter().enumerate().map(|(i, a)| (*a, rules + i)).collect();
        let mut graph = Graph { rules, attrs, uses: vec![] };
        for (i, r) in c.program.rules.iter().enumerate() {
            let event = matches!(r.params.first(), Some(Type::Event(_)));
            for clause in &r.clauses {
                let mut walk = Walk { c, index: &index, from: i, event, back: vec![], uses: &mut graph.uses };
                if let Some(b) = &clause.body {
                    walk.formula(b);
                }
                if let Some(v) = &clause.value {
                    walk.value(v);
                }
            }
        }
        for (i, m) in c.program.mechanisms.iter().enumerate() {
            let mut walk = Walk { c, index: &index, from: rules + i, event: false, back: vec![], uses: &mut graph.uses };
            walk.value(&m.value);
        }
        graph
    }

    fn edges(&self, wanted: impl Fn(&Use) -> bool) -> Vec<Vec<usize>> {
        let mut edges = vec![vec![]; self.rules + self.attrs.len()];
        for u in self.uses.iter().filter(|u| wanted(u)) {
            if let Some(e) = edges.get_mut(u.from)
                && !e.contains(&u.to)
            {
                e.push(u.to);
            }
        }
        edges
    }

    fn name(&self, c: &Checker, node: usize) -> String {
        match node.checked_sub(self.rules) {
            None => c.program.rules.get(node).map_or("?".into(), |r| r.name.to_string()),
            Some(m) => {
                let attr = self.attrs.get(m).and_then(|a| c.schema.attr(*a));
                attr.map_or("?".into(), |a| format!("{}.{}", c.schema.name(a.kind), a.name))
            }
        }
    }

    /// The cycle that closes a use, drawn: a label for every use on it, and the cycle as text.
    fn draw(&self, c: &Checker, d: Diagnostic, first: &Use, part: &[usize], edges: &[Vec<usize>], label: &str) -> Diagnostic {
        let mut d = d.at(first.place, label);
        let word = |how: How| match how {
            How::Complete(w) => format!("{w} "),
            _ => String::new(),
        };
        let mut text = format!("`{}` -> {}`{}`", self.name(c, first.from), word(first.how), self.name(c, first.to));
        let way = cycles::way(edges, part, first.to, first.from).unwrap_or_default();
        for pair in way.windows(2) {
            let [a, b] = pair else { continue };
            if let Some(u) = self.uses.iter().find(|u| u.from == *a && u.to == *b && !u.back) {
                let (from, to) = (self.name(c, *a), self.name(c, *b));
                d = d.also(u.place, format!("`{from}` uses {}`{to}` here", word(u.how)));
                text.push_str(&format!(" -> {}`{to}`", word(u.how)));
            }
        }
        d.note(format!("the cycle: {text}"))
    }

    /// Reports what makes a recursion meaningless.
    fn examine(&self, c: &Checker, part: &[usize], edges: &[Vec<usize>], found: &mut Vec<Diagnostic>) {
        let inner: Vec<&Use> = self.uses.iter().filter(|u| !u.back && part.contains(&u.from) && part.contains(&u.to)).collect();
        let Some(first) = inner.first() else { return };
        let mechanism = |n: &usize| *n >= self.rules;
        if part.iter().all(mechanism) {
            return;
        }
        if part.iter().any(mechanism) {
            let u = inner.iter().find(|u| mechanism(&u.from) && !mechanism(&u.to)).unwrap_or(first);
            let (m, r) = (self.name(c, u.from), self.name(c, u.to));
            let d = Diagnostic::error(
                error::MECHANISM_CYCLE,
                format!("the mechanism of `{m}` uses the rule `{r}`, which depends on it"),
            );
            let d = self.draw(c, d, u, part, edges, "this rule cannot be complete before the attribute is known");
            found.push(
                d.help("mechanisms are ordered node by node, rules are not: read the attributes themselves, in an aggregate"),
            );
            return;
        }
        let rule = |n: usize| c.program.rules.get(n);
        if let Some(u) = inner.iter().find(|u| rule(u.to).is_some_and(|r| r.function)) {
            let name = self.name(c, u.to);
            let d = Diagnostic::error(error::FUNCTION_RECURSION, format!("`{name}` is a function, and a function may not recur"));
            let d = self.draw(c, d, u, part, edges, "called in its own recursion");
            let place = rule(u.to).map(|r| r.place).unwrap_or(u.place);
            found.push(
                d.also(place, "a parameter of a value type that no clause binds makes it a function")
                    .help("a function is expanded where it is called: bind the parameter in every clause, and it is a relation"),
            );
            return;
        }
        let before = found.len();
        let mut told = BTreeSet::new();
        for u in &inner {
            if let How::Complete(word) = u.how
                && !told.contains(&(u.to, u.from))
                && told.insert((u.from, u.to))
            {
                let (a, b) = (self.name(c, u.from), self.name(c, u.to));
                let title = if a == b {
                    format!("`{a}` uses {word} itself")
                } else {
                    format!("`{a}` uses {word} `{b}`, which depends on `{a}`")
                };
                let d = Diagnostic::error(error::NOT_STRATIFIED, title);
                let d = self.draw(c, d, u, part, edges, &format!("all of `{b}` is needed here, and it needs this"));
                found.push(d.help(
                    "what is negated, counted or aggregated must be complete first: break the cycle, or say it without recursion",
                ));
            }
        }
        if found.len() > before {
            return;
        }
        let combines: Vec<(usize, Combine)> = part
            .iter()
            .filter_map(|n| match rule(*n)?.form {
                RuleForm::Value(c, _) => Some((*n, c)),
                RuleForm::Relation => None,
            })
            .collect();
        if let Some((n, _)) = combines.iter().find(|(_, x)| *x == Combine::One) {
            let u = inner.iter().find(|u| u.to == *n).unwrap_or(first);
            let name = self.name(c, *n);
            let d = Diagnostic::error(error::PLAIN_RECURSION, format!("`{name}` gives one value, and depends on it"));
            let d = self.draw(c, d, u, part, edges, "its value is needed for its value");
            found.push(d.help("recursion goes through values that only improve: `= min { … }`, `max`, `any` or `all`"));
            return;
        }
        let opposed = |a: Combine, b: Combine| combines.iter().any(|x| x.1 == a) && combines.iter().any(|x| x.1 == b);
        for (a, b, words) in [(Combine::Min, Combine::Max, "`min` and `max`"), (Combine::Any, Combine::All, "`any` and `all`")] {
            if opposed(a, b) {
                let d = Diagnostic::error(error::NOT_IMPROVING, format!("{words} in one recursion"));
                let d = self.draw(c, d, first, part, edges, "a value that gets better here gets worse there");
                found.push(d.help("in one recursion all values improve in one direction"));
                return;
            }
        }
        for n in part {
            let Some(r) = rule(*n) else { continue };
            let mut exam = Exam { c, part, found: vec![] };
            for clause in &r.clauses {
                if let Some(b) = &clause.body {
                    exam.condition(b);
                }
                if let (Some(v), RuleForm::Value(combine, _)) = (&clause.value, &r.form) {
                    exam.value(v, *combine);
                }
                exam.builds(clause);
            }
            for (place, code, label, help) in exam.found {
                let u = inner.iter().find(|u| u.from == *n && within(u.place, place)).or(inner.iter().find(|u| u.from == *n));
                let title = if code == error::RECURSION_BUILDS {
                    format!("`{}` makes new values from its own", r.name)
                } else {
                    format!("`{}` uses its own value in a way that need not improve", r.name)
                };
                let d = Diagnostic::error(code, title);
                let d = match u {
                    Some(u) => {
                        let at = Use { place, ..(*u).clone() };
                        self.draw(c, d, &at, part, edges, &label)
                    }
                    None => d.at(place, label),
                };
                found.push(d.help(help));
            }
        }
    }
}

fn within(inner: Place, outer: Place) -> bool {
    inner.item == outer.item && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// Collects the uses of one rule or mechanism.
struct Walk<'a, 'b, 'c> {
    c: &'a Checker<'b>,
    index: &'a BTreeMap<AttrId, usize>,
    from: usize,
    event: bool,
    back: Vec<VarId>,
    uses: &'c mut Vec<Use>,
}

impl Walk<'_, '_, '_> {
    fn add(&mut self, to: usize, place: Place, how: How, first: Option<&Expr>) {
        let back = self.event
            && self.c.program.rules.get(to).is_some_and(|r| matches!(r.params.first(), Some(Type::Event(_))))
            && matches!(first.map(|e| &e.kind), Some(ExprKind::Var(v)) if self.back.contains(v));
        self.uses.push(Use { from: self.from, to, place, how, back });
    }

    /// A formula in a place where more gives more.
    fn formula(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::And(xs) | ExprKind::Or(xs) => xs.iter().for_each(|x| self.formula(x)),
            ExprKind::Atom(r, args) => {
                self.add(r.0 as usize, e.place, How::Grows, args.first());
                args.iter().for_each(|x| self.value(x));
            }
            ExprKind::Path(p) => {
                for r in relations(&p.path) {
                    self.add(r.0 as usize, e.place, How::Grows, Some(&p.from));
                }
                self.value(&p.from);
                self.value(&p.to);
            }
            ExprKind::Implies(a, b) => {
                self.complete(a, "`implies` of");
                self.formula(b);
            }
            ExprKind::Quantified(Quantifier::Some, scope, _) => {
                self.ranges(&scope.binders);
                scope.filter.iter().for_each(|f| self.formula(f));
            }
            ExprKind::Earlier { binders, filter, .. } => {
                let count = self.back.len();
                self.back.extend(binders.iter().filter_map(|b| b.var));
                filter.iter().for_each(|f| self.formula(f));
                self.back.truncate(count);
            }
            _ => self.value(e),
        }
    }

    fn ranges(&mut self, binders: &[Binder]) {
        for b in binders {
            if let super::hir::Domain::Range(x) = &b.domain {
                self.complete(x, "a range over");
            }
        }
    }

    /// A value: value rules in it are looked at later, everything else must be complete.
    fn value(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Value { rule, args, .. } => {
                self.add(rule.0 as usize, e.place, How::Value, args.first());
                args.iter().for_each(|x| self.complete(x, "an argument from"));
            }
            ExprKind::Op(_, xs) => xs.iter().for_each(|x| self.value(x)),
            ExprKind::Coalesce(a, b) => {
                self.value(a);
                self.value(b);
            }
            ExprKind::If(c, a, b) => {
                self.complete(c, "`if` of");
                self.value(a);
                self.value(b);
            }
            ExprKind::And(_) | ExprKind::Or(_) => self.formula(e),
            _ => self.complete(e, "a value from"),
        }
    }

    /// All that is in it must be complete.
    fn complete(&mut self, e: &Expr, word: &'static str) {
        let how = How::Complete(word);
        match &e.kind {
            ExprKind::Atom(r, args) => self.add(r.0 as usize, e.place, how, args.first()),
            ExprKind::Value { rule, args, .. } => self.add(rule.0 as usize, e.place, how, args.first()),
            ExprKind::Path(p) => {
                for r in relations(&p.path) {
                    self.add(r.0 as usize, e.place, how, Some(&p.from));
                }
            }
            ExprKind::Attr(_, a) => {
                if let Some(n) = self.index.get(a) {
                    self.add(*n, e.place, How::Grows, None);
                }
            }
            _ => {}
        }
        let word = match &e.kind {
            ExprKind::Not(_) => "`not`",
            ExprKind::Quantified(Quantifier::No, ..) => "`no`",
            ExprKind::Quantified(Quantifier::Every, ..) => "`every`",
            ExprKind::Quantified(..) => "a count of",
            ExprKind::Aggregate { .. } => "an aggregate of",
            ExprKind::Since { .. } => "`since` of",
            ExprKind::Consecutive { .. } => "`consecutive` of",
            _ => word,
        };
        let count = self.back.len();
        if let ExprKind::Earlier { .. } | ExprKind::Since { .. } = &e.kind {
            self.back.extend(walk::own_binders(e).iter().filter_map(|b| b.var));
        }
        let mut inner = vec![];
        walk::parts(e, &mut |x| inner.push(x));
        for x in inner {
            self.complete(x, word);
        }
        self.back.truncate(count);
    }
}

fn relations(p: &Path) -> Vec<RuleId> {
    match p {
        Path::Step(rs) => rs.iter().filter_map(|r| if let Relation::Rule(r) = r { Some(*r) } else { None }).collect(),
        Path::Sequence(ps) | Path::Either(ps) => ps.iter().flat_map(relations).collect(),
        Path::Repeat(p, ..) => relations(p),
    }
}
