//! Warnings about policies that are right but probably not meant so: clauses that never fire or change nothing, names of tools that nothing
//! knows, messages that say another thing than the effect, patterns that let through too much. Called by lint for the whole program.
use super::checker::Checker;
use super::error;
use super::hir::{Effect, Expr, ExprKind, Policy, PolicyClause, PolicyForm, TextPart};
use super::pattern;
use super::walk;
use crate::base::{Diagnostic, Place, Span};
use crate::scalar::{Kinds, Op, Type, Value};
use crate::structure::schema::AttrId;
use std::collections::{BTreeMap, BTreeSet};

/// A clause with all that must be true for it to fire.
struct Case<'a> {
    policy: &'a Policy,
    clause: &'a PolicyClause,
    /// The parts of `on` and of `when`.
    must: Vec<&'a Expr>,
    /// Their texts.
    texts: BTreeSet<String>,
}

fn flat<'a>(e: &'a Expr, out: &mut Vec<&'a Expr>) {
    match &e.kind {
        ExprKind::And(parts) => parts.iter().for_each(|p| flat(p, out)),
        ExprKind::Const(Value::Bool(true)) => {}
        _ => out.push(e),
    }
}

impl Case<'_> {
    fn effect(&self) -> Option<Effect> {
        match &self.clause.form {
            PolicyForm::Effect(e) => Some(*e),
            PolicyForm::Escalate(_) => Some(Effect::Escalate),
            _ => None,
        }
    }
    /// The event's name and kinds.
    fn event(&self) -> Option<(&str, &Kinds)> {
        let b = self.policy.on.as_ref()?.binders.first()?;
        let var = self.policy.vars.get(b.var?.0 as usize)?;
        match &var.ty {
            Type::Event(k) => Some((&var.name, k)),
            _ => None,
        }
    }
}

/// Warnings about all policies on events.
pub fn policies(c: &Checker) -> Vec<Diagnostic> {
    let mut found = vec![];
    let mut cases: Vec<Case> = vec![];
    for policy in c.program.policies.iter().filter(|p| p.on.is_some()) {
        for clause in &policy.clauses {
            let mut must = vec![];
            policy.on.iter().filter_map(|s| s.filter.as_deref()).for_each(|f| flat(f, &mut must));
            clause.when.iter().for_each(|w| flat(w, &mut must));
            let texts = must.iter().map(|e| words(c, e)).collect();
            cases.push(Case { policy, clause, must, texts });
        }
    }
    for case in &cases {
        found.extend(never(c, case));
        found.extend(promised(c, case));
        found.extend(open_patterns(case));
    }
    found.extend(shadowed(c, &cases));
    found.extend(strays(c));
    found
}

/// An expression as it is written, with single blanks.
fn words(c: &Checker, e: &Expr) -> String {
    c.text(e.place).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The word that a clause begins with.
fn word(c: &Checker, clause: &PolicyClause) -> (String, Place) {
    let text = c.text(clause.place);
    let word: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    let start = clause.place.span.start as usize;
    (word.clone(), Place::new(clause.place.item, Span::new(start, start + word.len())))
}

// ------------------------------------------------------------------ what never fires

/// Texts that an expression must be one of for a formula to be true.
fn allowed(e: &Expr) -> Option<(&Expr, Vec<&str>)> {
    let ExprKind::Op(op, args) = &e.kind else { return None };
    let [a, b] = args.as_slice() else { return None };
    match op {
        Op::Eq => match (text(a), text(b)) {
            (None, Some(t)) => Some((a, vec![t])),
            (Some(t), None) => Some((b, vec![t])),
            _ => None,
        },
        Op::In => Some((a, texts(b)?)),
        _ => None,
    }
}
fn text(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Const(Value::Text(t)) => Some(t),
        _ => None,
    }
}
fn texts(e: &Expr) -> Option<Vec<&str>> {
    match &e.kind {
        ExprKind::Op(Op::List, items) => items.iter().map(text).collect(),
        ExprKind::Const(Value::List(l)) => l.iter().map(|v| if let Value::Text(t) = v { Some(&**t) } else { None }).collect(),
        _ => None,
    }
}

/// A clause that cannot fire.
fn never(c: &Checker, case: &Case) -> Option<Diagnostic> {
    for (i, second) in case.must.iter().enumerate() {
        let Some((x, these)) = allowed(second) else { continue };
        for first in case.must.iter().take(i) {
            let Some((y, those)) = allowed(first) else { continue };
            // two `==` beside each other have been looked at
            let told = these.len() == 1 && those.len() == 1 && !apart(case, first, second);
            if !told && words(c, x) == words(c, y) && !these.iter().any(|t| those.contains(t)) {
                let d = Diagnostic::warning(error::CONTRADICTION, format!("no `{}` is both, so this never fires", words(c, x)))
                    .at(second.place, "never true beside the other")
                    .also(first.place, "the other")
                    .help("look at both lists of texts: the clause fires only for what is in each");
                return Some(d);
            }
        }
    }
    let unless = case.clause.unless.as_ref()?;
    let mut parts = vec![];
    flat(unless, &mut parts);
    if !parts.is_empty() && parts.iter().all(|p| case.texts.contains(&words(c, p))) {
        let d = Diagnostic::warning(error::IDLE, "this never fires: where its condition is true, its `unless` is too")
            .at(unless.place, "true whenever the rest is")
            .help("take the `unless` out, or say something else in it");
        return Some(d);
    }
    None
}
/// Whether one stands in `on` and the other in `when`.
fn apart(case: &Case, a: &Expr, b: &Expr) -> bool {
    let inside = |e: &Expr| {
        case.clause
            .when
            .as_ref()
            .is_some_and(|w| w.place.span.start <= e.place.span.start && e.place.span.end <= w.place.span.end)
    };
    inside(a) != inside(b)
}

// ------------------------------------------------------------------ what changes nothing

/// Clauses that forbid, each by the condition of it that the fewest of them have: one whose conditions are all among some others has that too.
struct Rarest<'a> {
    by_text: BTreeMap<&'a str, Vec<usize>>,
    always: Vec<usize>,
}

impl<'a> Rarest<'a> {
    fn of(cases: &'a [Case]) -> Rarest<'a> {
        let forbids = || cases.iter().enumerate().filter(|c| c.1.effect() == Some(Effect::Forbid));
        let mut often: BTreeMap<&str, usize> = BTreeMap::new();
        forbids().flat_map(|c| &c.1.texts).for_each(|t| *often.entry(t).or_default() += 1);
        let mut all = Rarest { by_text: BTreeMap::new(), always: vec![] };
        for (n, case) in forbids() {
            match case.texts.iter().min_by_key(|t| often.get(t.as_str()).copied()) {
                Some(t) => all.by_text.entry(t).or_default().push(n),
                None => all.always.push(n),
            }
        }
        all
    }
    /// Those that may have no other conditions than these, in order.
    fn below(&self, texts: &BTreeSet<String>) -> Vec<usize> {
        let found = texts.iter().filter_map(|t| self.by_text.get(t.as_str())).flatten().chain(&self.always);
        let mut found: Vec<usize> = found.copied().collect();
        found.sort_unstable();
        found
    }
}

/// Clauses that others make pointless.
fn shadowed(c: &Checker, cases: &[Case]) -> Vec<Diagnostic> {
    let mut found = vec![];
    let below = |k: &Kinds, of: &Kinds| match (k, of) {
        (_, Kinds::Any) => true,
        (Kinds::Of(k), Kinds::Of(of)) => k.iter().all(|k| of.contains(k)),
        _ => false,
    };
    let forbids = Rarest::of(cases);
    for (i, case) in cases.iter().enumerate() {
        let (Some(effect), Some((name, kinds))) = (case.effect(), case.event()) else { continue };
        // what stands in `let` has its meaning in one policy only
        let other = |o: &&Case| {
            let own = o.policy.place == case.policy.place;
            let local = |p: &Policy| p.lets.is_empty() && module(&p.name) == module(&case.policy.name);
            let same = o.event().is_some_and(|(n, k)| n == name && below(kinds, k));
            (own || local(o.policy) && case.policy.lets.is_empty())
                && same
                && o.clause.unless.is_none()
                && o.texts.is_subset(&case.texts)
        };
        if matches!(effect, Effect::Permit | Effect::Escalate)
            && let Some(f) = forbids.below(&case.texts).into_iter().filter_map(|n| cases.get(n)).find(other)
        {
            let (word, at) = word(c, case.clause);
            let d = Diagnostic::warning(error::SHADOWED_CLAUSE, format!("whatever this would {word} is forbidden"))
                .at(at, "changes nothing")
                .also(f.clause.place, "forbids all of it")
                .help("if any policy forbids, the event is forbidden: give the `forbid` a condition, or take this out");
            found.push(d);
            continue;
        }
        let own = |o: &&Case| o.policy.place == case.policy.place;
        let first = i - cases.iter().take(i).rev().take_while(own).count();
        let earlier = cases.iter().take(i).skip(first).filter(|o| o.effect() == Some(effect));
        let to = |c: &PolicyClause| match &c.form {
            PolicyForm::Escalate(to) => Some(to.clone()),
            _ => None,
        };
        if effect != Effect::Warn
            && let Some(f) = earlier.filter(|o| to(o.clause) == to(case.clause)).find(other)
        {
            let (word, at) = word(c, case.clause);
            let d = Diagnostic::warning(
                error::SHADOWED_CLAUSE,
                format!("an earlier clause does `{word}` already wherever this does"),
            )
            .at(at, "changes nothing")
            .also(f.clause.place, "its condition is part of this one's")
            .help("take one of the two out, or give the earlier one a narrower condition");
            found.push(d);
        }
    }
    found
}
fn module(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |m| m.0)
}

// ------------------------------------------------------------------ what a message promises

/// A refusal whose message says that somebody may approve.
fn promised(c: &Checker, case: &Case) -> Option<Diagnostic> {
    let escalates = |p: &Policy| p.clauses.iter().any(|x| matches!(x.form, PolicyForm::Escalate(_)));
    if case.effect() != Some(Effect::Forbid) || escalates(case.policy) {
        return None;
    }
    let own = case.clause.message.as_ref().map(|m| match &m.kind {
        ExprKind::Text(parts) => parts.iter().map(|p| if let TextPart::Literal(t) = p { t } else { "…" }).collect(),
        ExprKind::Const(Value::Text(t)) => t.to_string(),
        _ => String::new(),
    });
    let said = own.or_else(|| case.policy.title.as_ref().map(|t| t.to_string()))?.to_lowercase();
    let stem = approval(&said)?;
    // where it asks for the approval itself, it says what it does
    let on = case.policy.on.iter().filter_map(|s| s.filter.as_deref());
    let asked = on.chain(&case.clause.when).chain(&case.clause.unless).any(|e| c.text(e.place).to_lowercase().contains(stem));
    let kinds = c.text(case.policy.place).to_lowercase();
    let bound = kinds.lines().any(|l| l.contains("earlier") && l.contains(stem));
    if asked || bound {
        return None;
    }
    let (_, at) = word(c, case.clause);
    let place = case.clause.message.as_ref().map_or(case.policy.place, |m| m.place);
    let mut d =
        Diagnostic::warning(error::PROMISED_APPROVAL, "this says that it can be approved, but it is refused whoever approves")
            .at(at, "refuses");
    if case.clause.message.is_some() {
        d = d.also(place, "says that somebody may allow it");
    }
    let d = d.help("`escalate to \"owner\"` asks somebody; or say in the message that it is not allowed");
    Some(d.suggest("ask somebody", at, "escalate to \"owner\""))
}

/// The stem of what a text says is needed, if it says that something like an approval is.
fn approval(text: &str) -> Option<&'static str> {
    const NEEDS: [&str; 14] = [
        "require", "requires", "required", "need", "needs", "must", "ask", "asks", "await", "awaits", "awaiting", "pending",
        "wait", "waits",
    ];
    const NOT: [&str; 8] = ["no", "not", "never", "without", "only", "cannot", "nobody", "longer"];
    const STEMS: [&str; 5] = ["approv", "confirm", "consent", "sign-off", "permission"];
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '\'').filter(|w| !w.is_empty()).collect();
    words.iter().enumerate().filter(|(_, w)| NEEDS.contains(w)).find_map(|(i, _)| {
        let behind = words.iter().skip(i + 1).take(5).take_while(|w| !NOT.contains(w) && !w.ends_with("n't"));
        behind.filter_map(|w| STEMS.iter().find(|s| w.starts_with(**s)).copied()).next()
    })
}

// ------------------------------------------------------------------ patterns that let through

/// Patterns that allow, and do not say how the text begins or ends.
fn open_patterns(case: &Case) -> Vec<Diagnostic> {
    let mut found = vec![];
    let permits = case.effect() == Some(Effect::Permit);
    let refuses = matches!(case.effect(), Some(Effect::Forbid | Effect::Escalate));
    if !permits && !refuses {
        return found;
    }
    let mut look = |e: &Expr, allows: bool| {
        allowing(e, allows, &mut |r, place| {
            if let Some((what, example)) = pattern::open(r) {
                let d = Diagnostic::warning(error::OPEN_PATTERN, what)
                    .at(place, format!("`{example}` is let through too"))
                    .help("`^` and `$` stand for the beginning and the end: `r\"^…$\"`");
                found.push(d);
            }
        })
    };
    case.clause.when.iter().for_each(|e| look(e, permits));
    case.clause.unless.iter().for_each(|e| look(e, refuses));
    found
}

/// Visits the patterns whose match makes a formula true (or, if it does not allow, false).
fn allowing(e: &Expr, allows: bool, visit: &mut dyn FnMut(&str, Place)) {
    match &e.kind {
        ExprKind::Not(x) => allowing(x, !allows, visit),
        ExprKind::And(xs) | ExprKind::Or(xs) => xs.iter().for_each(|x| allowing(x, allows, visit)),
        ExprKind::Implies(a, b) => {
            allowing(a, !allows, visit);
            allowing(b, allows, visit);
        }
        ExprKind::Op(Op::Matches(r), _) if allows => visit(r.as_str(), e.place),
        _ => {}
    }
}

// ------------------------------------------------------------------ names that nothing knows

/// A text that an attribute is compared with.
#[derive(Clone)]
struct Seen {
    text: String,
    place: Place,
    /// The list that it stands in.
    list: Option<Place>,
    /// Whether it stands in a condition of a policy, and in one that permits.
    policy: bool,
    permit: bool,
}

/// Texts that look like another one that the same attribute is compared with, and that no list of what is permitted has.
fn strays(c: &Checker) -> Vec<Diagnostic> {
    let mut all: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    let p = &c.program;
    let mut look = |e: &Expr, policy: bool, permit: bool| gather(c, e, policy, permit, &mut all);
    for x in &p.policies {
        x.on.iter().filter_map(|s| s.filter.as_deref()).for_each(|e| look(e, true, false));
        x.lets.iter().for_each(|l| look(&l.1, true, false));
        for k in &x.clauses {
            let permit = matches!(k.form, PolicyForm::Effect(Effect::Permit));
            k.when.iter().for_each(|e| look(e, true, permit));
            k.unless.iter().for_each(|e| look(e, true, false));
        }
    }
    for r in p.rules.iter().flat_map(|r| &r.clauses) {
        r.body.iter().chain(&r.value).for_each(|e| look(e, false, false));
    }
    for edit in p.tests.iter().flat_map(|t| t.given.iter().chain(&t.edits)).chain(p.interventions.iter().flat_map(|i| &i.edits)) {
        use super::hir::EditKind::*;
        let mut put = |attr: AttrId, e: &Expr| {
            if let (Some(name), Some(t)) = (c.schema.attr(attr).map(|a| a.name.to_string()), text(e)) {
                all.entry(name).or_default().push(Seen {
                    text: t.into(),
                    place: e.place,
                    list: None,
                    policy: false,
                    permit: false,
                });
            }
        };
        match &edit.kind {
            AddEvent { given, .. } | AddNode { given, .. } | AddEdge { given, .. } => {
                given.iter().filter_map(|g| Some((g.0.as_ref().ok()?, &g.1))).for_each(|(a, e)| put(*a, e));
            }
            Set { attr, value, path, .. } if path.is_empty() => put(*attr, value),
            _ => {}
        }
    }
    let mut found = vec![];
    for (attr, seen) in &all {
        // by text: how often it is there, and whether anything permits it; what is near is looked for among the known only
        let mut each: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for s in seen {
            let (count, permits) = each.entry(&s.text).or_default();
            (*count, *permits) = (*count + 1, *permits || s.permit);
        }
        let known = |t: &&str| each.get(t).is_some_and(|(count, permits)| *count > 1 || *permits);
        let mut listed = BTreeSet::new();
        let known: Vec<&str> = seen.iter().map(|o| o.text.as_str()).filter(known).filter(|t| listed.insert(*t)).collect();
        for s in seen.iter().filter(|s| s.policy && !s.permit) {
            if each.get(s.text.as_str()).is_some_and(|e| e.0 > 1) {
                continue;
            }
            let beside = |t: &str| s.list.is_some() && seen.iter().any(|o| o.text == t && o.list == s.list);
            let near = known.iter().copied().find(|t| alike(&s.text, t) && !beside(t));
            if let Some(near) = near {
                let d = Diagnostic::warning(error::STRAY_TEXT, format!("no other `{attr}` is `\"{}\"`", s.text))
                    .at(s.place, "only here")
                    .help(format!("did you mean `\"{near}\"`?"))
                    .suggest(format!("write `\"{near}\"`"), s.place, format!("{near:?}"));
                found.push(d);
            }
        }
    }
    found
}

/// The texts that attributes are compared with in a formula.
fn gather(c: &Checker, e: &Expr, policy: bool, permit: bool, all: &mut BTreeMap<String, Vec<Seen>>) {
    if let ExprKind::Op(op @ (Op::Eq | Op::Ne | Op::In), args) = &e.kind
        && let [a, b] = args.as_slice()
    {
        for (x, y) in [(a, b), (b, a)] {
            let ExprKind::Attr(_, attr) = &x.kind else { continue };
            let Some(name) = c.schema.attr(*attr).map(|a| a.name.to_string()) else { continue };
            let list = if matches!(op, Op::In) { texts(y) } else { None };
            let in_list = list.is_some();
            for t in list.or_else(|| text(y).map(|t| vec![t])).unwrap_or_default() {
                let seen =
                    Seen { text: t.into(), place: within(c, y.place, t), list: in_list.then_some(y.place), policy, permit };
                all.entry(name.clone()).or_default().push(seen);
            }
        }
    }
    let under = matches!(e.kind, ExprKind::Not(_));
    walk::parts(e, &mut |x| gather(c, x, policy, permit && !under, all));
}

/// Where a text stands in an expression; the whole, if that cannot be seen.
fn within(c: &Checker, place: Place, t: &str) -> Place {
    let literal = format!("\"{t}\"");
    match c.text(place).find(&literal) {
        Some(n) => {
            let start = place.span.start as usize + n;
            Place::new(place.item, Span::new(start, start + literal.len()))
        }
        None => place,
    }
}

/// Whether one of two names is the other mistyped: another way to join its words, or one letter.
fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return false;
    }
    let plain = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let letters = |t: &str| t.chars().filter(|c| !c.is_numeric()).collect::<String>();
    if plain(a) == plain(b) {
        return true;
    }
    // numbered names are meant to be near, and many short words are
    a.chars().count() > 4 && letters(a) != letters(b) && strsim::damerau_levenshtein(a, b) == 1 && {
        let one = |t: &str, of: &str| of.strip_suffix('s') == Some(t);
        !one(a, b) && !one(b, a)
    }
}
