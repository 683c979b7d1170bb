//! The oracle's meaning of the words of time and of policies over whole traces: from the pages alone, by looking at everything before each
//! event again. Fed by temporal; the order of the trace is that of the event's numbers.
//!
//! Readings of the pages, where they leave room:
//! - `earlier` is true if some such event is there; the event it finds matters only to what speaks of it. Then a fault that hides whether
//!   one event matches hides the ones before it too.
//! - Of `last N` is certain what has fewer than N possible ones behind it, possible what has fewer than N certain ones.
//! - An event of which it is not known whether it is of the group makes `consecutive` a fault, unless a newer one ended the row.
//! - An obligation belongs to an event and a clause; it is open if for any binding of its `when` nothing meets it.
use super::*;

/// What is found about a policy on a whole trace, or about all of them together (`default`).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Judged {
    pub policy: String,
    pub verdict: String,
    pub checked: u64,
    pub count: u64,
    pub violations: BTreeSet<Struck>,
    /// Open obligations: the event, and until when they are to be met.
    pub due: Vec<(String, i64)>,
    /// What it warns of and would rewrite.
    pub remarks: Vec<(String, String)>,
}
/// An event that is forbidden or escalated, or whose obligation lapsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Struck {
    pub event: String,
    pub effect: String,
    pub to: Option<String>,
    pub due: Option<i64>,
}

/// The variables that an `earlier` finds.
pub fn found_by(e: &Expr) -> Vec<usize> {
    match &e.kind {
        ExprKind::Earlier { binders, .. } => binders.iter().filter_map(|b| b.var).map(|v| v.0 as usize).collect(),
        _ => vec![],
    }
}

/// Which rules use which, apart from what is asked of an event that is strictly before the one that asks.
pub fn local_uses(p: &Program, len: usize) -> Vec<BTreeSet<usize>> {
    fn walk(e: &Expr, back: &BTreeSet<usize>, out: &mut BTreeSet<usize>) {
        if let ExprKind::Atom(r, args) | ExprKind::Value { rule: r, args, .. } = &e.kind
            && !args.first().is_some_and(|a| matches!(a.kind, ExprKind::Var(v) if back.contains(&(v.0 as usize))))
        {
            out.insert(r.0 as usize);
        }
        let mut back = back.clone();
        back.extend(found_by(e));
        if let ExprKind::Since { none, since } = &e.kind {
            back.extend(none.binders.iter().chain(&since.binders).filter_map(|b| b.var).map(|v| v.0 as usize));
        }
        let (a, b) = parts(e);
        a.into_iter().chain(b).for_each(|x| walk(x, &back, out));
    }
    let mut all = vec![BTreeSet::new(); len];
    for (i, r) in p.rules.iter().enumerate() {
        r.clauses.iter().flat_map(|c| c.body.iter().chain(&c.value)).for_each(|e| walk(e, &BTreeSet::new(), &mut all[i]));
    }
    all
}

/// The local day of an instant, counted from 1970, and its hour, in the few zones that tests use.
fn day_and_hour(at: i64, zone: &str) -> (i64, i64) {
    const MINUTE: i64 = 60_000_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    let minutes = match zone {
        "UTC" => 0,
        "Asia/Kolkata" => 330,
        "Europe/Berlin" => {
            // summer from the last Sunday of March to that of October, at 01:00 UTC
            let year = civil(at.div_euclid(DAY)).0;
            let turn = |month: i64| {
                let last = days(year, month, 31);
                (last - (last + 4).rem_euclid(7)) * DAY + 60 * MINUTE
            };
            if (turn(3)..turn(10)).contains(&at) { 120 } else { 60 }
        }
        other => panic!("no zone {other}"),
    };
    let local = at + minutes * MINUTE;
    (local.div_euclid(DAY), local.rem_euclid(DAY) / (60 * MINUTE))
}
/// The day of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let first = 365 * (year - 1970) + (year - 1969).div_euclid(4) - (year - 1901).div_euclid(100) + (year - 1601).div_euclid(400);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    first + lengths.iter().take(month as usize - 1).sum::<i64>() + day - 1
}
/// The year and month of a day.
fn civil(day: i64) -> (i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|m| days(year, *m, 1) <= day).expect("a month");
    (year, month)
}
/// Whether two instants are of one calendar unit.
fn one_unit(unit: &str, zone: &str, a: i64, b: i64) -> bool {
    let ((a, h), (b, i)) = (day_and_hour(a, zone), day_and_hour(b, zone));
    match unit {
        "hour" => (a, h) == (b, i),
        "day" => a == b,
        // 1970 began on a Thursday
        "week" => (a + 3).div_euclid(7) == (b + 3).div_euclid(7),
        "month" => civil(a) == civil(b),
        other => panic!("no unit {other}"),
    }
}

impl<'a> Oracle<'a> {
    pub(super) fn now_of(&self, rule: &Rule, args: &[Option<V>]) -> Option<u32> {
        match (rule.params.first(), args.first()) {
            (Some(Type::Event(_)), Some(Some(Ok(Value::Element(Element::Event(n)))))) => Some(*n),
            _ => None,
        }
    }
    fn at(&self, n: u32) -> i64 {
        self.g.event_at(n).expect("a time")
    }
    /// The elements of a type that are there by now.
    pub(super) fn present(&self, ty: &Type, env: &Env) -> Vec<V> {
        let after = |v: &V| matches!((v, env.now), (Ok(Value::Element(Element::Event(n))), Some(now)) if *n > now);
        self.elements(ty).into_iter().filter(|v| !after(v)).collect()
    }
    /// The events of a type that are numbered so, newest first.
    fn events(&self, ty: &Type, fits: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let all = self.elements(ty).into_iter().filter_map(|v| match v {
            Ok(Value::Element(Element::Event(n))) => Some(n),
            _ => None,
        });
        let mut all: Vec<u32> = all.filter(|n| fits(*n)).collect();
        all.sort_by(|a, b| b.cmp(a));
        all
    }
    fn in_window(&self, w: Option<&Window>, now: u32, n: u32) -> bool {
        let Some(w) = w else { return true };
        w.within.is_none_or(|d| self.at(n) >= self.at(now) - d)
            && w.per.as_ref().is_none_or(|(unit, zone)| one_unit(unit, zone, self.at(now), self.at(n)))
    }
    /// What a binder ranges over.
    pub(super) fn windowed(&self, b: &Binder, ty: &Type, env: &Env) -> Vec<V> {
        let fits = |v: &V| match (v, env.now) {
            (Ok(Value::Element(Element::Event(n))), Some(now)) => self.in_window(b.window.as_deref(), now, *n),
            _ => true,
        };
        self.present(ty, env).into_iter().filter(fits).collect()
    }
    /// Of what a scope finds the latest so many, if it says so.
    pub(super) fn latest(&self, s: &Scope, mut found: Vec<(Env<'a>, Truth)>) -> Vec<(Env<'a>, Truth)> {
        let Some((n, v)) = s.binders.iter().find_map(|b| Some((b.window.as_ref()?.last?, b.var?))) else { return found };
        assert_eq!(s.binders.len(), 1, "`last` beside another binder");
        found.sort_by(|a, b| b.0.vals[v.0 as usize].cmp(&a.0.vals[v.0 as usize]));
        let (mut certain, mut possible, mut all) = (0, 0, vec![]);
        for (env, t) in found {
            if certain >= n {
                break;
            }
            all.push((env, if possible < n { t } else { and(t, None) }));
            certain += u64::from(t == Some(true));
            possible += u64::from(t != Some(false));
        }
        all
    }
    /// Whether there is such an event before now; of what its variables are by now, whether that is the latest.
    pub(super) fn earlier(&self, binders: &[Binder], within: Option<i64>, filter: Option<&'a Expr>, env: &Env<'a>) -> Truth {
        let now = env.now?;
        let kind = |b: &Binder| match &b.domain {
            Domain::Kind(ty) => ty.clone(),
            _ => panic!("an `earlier` over a list"),
        };
        // last to first, each with the events in the order of preference
        let mut rows: Vec<Vec<u32>> = vec![vec![]];
        for b in binders.iter().rev() {
            let ty = kind(b);
            rows = rows
                .into_iter()
                .flat_map(|r| {
                    let before = r.last().copied().unwrap_or(now);
                    self.events(&ty, &|n| n < before).into_iter().map(move |n| r.iter().copied().chain([n]).collect::<Vec<u32>>())
                })
                .collect();
        }
        let from = |r: &[u32]| if r.len() > 1 { r[0] } else { now };
        rows.retain(|r| within.is_none_or(|d| self.at(r[r.len() - 1]) >= self.at(from(r)) - d));
        let event = |n: u32| Some(Ok(Value::Element(Element::Event(n))));
        let wanted: Vec<Option<Option<V>>> =
            binders.iter().rev().map(|b| b.var.map(|v| env.vals[v.0 as usize].clone())).collect();
        let sought = wanted.iter().flatten().any(Option::is_some);
        let (mut any, mut newer) = (Some(false), Some(false));
        for r in rows {
            let mut inner = env.clone();
            for (b, n) in binders.iter().rev().zip(&r) {
                b.var.iter().for_each(|v| inner.vals[v.0 as usize] = event(*n));
            }
            let matches = filter.map_or(Some(true), |f| self.exists(f, &inner));
            if !sought {
                any = or(any, matches);
                continue;
            }
            let agrees = wanted.iter().zip(&r).all(|(w, n)| w.as_ref().is_none_or(|w| w.is_none() || *w == event(*n)));
            if agrees {
                any = or(any, and(matches, not(newer)));
            }
            newer = or(newer, matches);
        }
        any
    }
    /// Whether there is an event before now, and of the latest none of the others behind it.
    pub(super) fn since(&self, none: &'a Scope, since: &'a Scope, env: &Env<'a>) -> Truth {
        let now = env.now?;
        let (x, y) = (&none.binders[0], &since.binders[0]);
        let (Domain::Kind(of_x), Domain::Kind(of_y)) = (&x.domain, &y.domain) else { panic!("`since` over a list") };
        let event = |n: u32| Some(Ok(Value::Element(Element::Event(n))));
        let (mut any, mut newer) = (Some(false), Some(false));
        for n in self.events(of_y, &|n| n < now && self.in_window(y.window.as_deref(), now, n)) {
            let mut inner = env.clone();
            y.var.iter().for_each(|v| inner.vals[v.0 as usize] = event(n));
            let matches = since.filter.as_ref().map_or(Some(true), |f| self.exists(f, &inner));
            let mut clear = Some(true);
            for m in self.events(of_x, &|m| n < m && m < now && self.in_window(x.window.as_deref(), now, m)) {
                let mut between = inner.clone();
                x.var.iter().for_each(|v| between.vals[v.0 as usize] = event(m));
                clear = and(clear, not(none.filter.as_ref().map_or(Some(true), |f| self.exists(f, &between))));
            }
            any = or(any, and(and(matches, not(newer)), clear));
            newer = or(newer, matches);
        }
        any
    }
    /// How many of the last events of a group a formula is true of in a row.
    pub(super) fn consecutive(&self, scope: &'a Scope, satisfies: &'a Expr, env: &Env<'a>) -> V {
        let Some(now) = env.now else { return FAULT };
        let b = &scope.binders[0];
        let Domain::Kind(ty) = &b.domain else { panic!("`consecutive` over a list") };
        let mut row = 0;
        for n in self.events(ty, &|n| n <= now && self.in_window(b.window.as_deref(), now, n)) {
            let mut inner = env.clone();
            b.var.iter().for_each(|v| inner.vals[v.0 as usize] = Some(Ok(Value::Element(Element::Event(n)))));
            match scope.filter.as_ref().map_or(Some(true), |f| self.exists(f, &inner)) {
                Some(false) => continue,
                None => return FAULT,
                Some(true) => {}
            }
            match self.exists(satisfies, &inner) {
                Some(true) => row += 1,
                Some(false) => break,
                None => return FAULT,
            }
        }
        Ok(Value::Int(row))
    }

    // ------------------------------------------------------------------ event rules

    pub(super) fn by_time(&self, item: usize) -> bool {
        let rule = self.p.rules.get(item);
        rule.is_some_and(|r| matches!(r.params.first(), Some(Type::Event(_))) && !r.function)
    }
    /// The facts of event rules that need each other: at one event after another, and there what needs no other first.
    pub(super) fn timed(&self, item: usize) -> Rc<Table> {
        let all = |i: &usize| *i == item || (self.reach[item].contains(i) && self.reach[*i].contains(&item));
        let mut group: Vec<usize> = (0..self.reach.len()).filter(all).collect();
        assert!(group.iter().all(|i| self.by_time(*i)), "event rules that need others of their circle");
        group.sort_by_key(|i| self.local[*i].len());
        group.iter().for_each(|i| self.tables.borrow_mut()[*i] = Some(Rc::default()));
        for e in 0..self.g.events() {
            for i in &group {
                let circle = |j: &&usize| **j == *i || self.local[*i].contains(*j) && self.local[**j].contains(i);
                let circle: Vec<usize> = group.iter().filter(circle).copied().collect();
                loop {
                    let mut changed = false;
                    for j in &circle {
                        let found = self.round_at(*j, Some(e));
                        let old = self.tables.borrow()[*j].clone().expect("begun");
                        let mut next = (*old).clone();
                        let first = Ok(Value::Element(Element::Event(e)));
                        next.facts.retain(|k, _| k[0] != first);
                        next.values.retain(|k, _| k[0] != first);
                        next.facts.extend(found.facts);
                        next.values.extend(found.values);
                        changed |= next != *old;
                        self.tables.borrow_mut()[*j] = Some(Rc::new(next));
                    }
                    self.walks.borrow_mut().clear();
                    if !changed {
                        break;
                    }
                }
            }
        }
        self.tables.borrow()[item].clone().expect("settled")
    }

    // ------------------------------------------------------------------ policies

    /// What all policies on events find in the trace.
    pub fn policies(&self, closed: bool, lateness: i64) -> Vec<Judged> {
        let on_events: Vec<&'a Policy> = self.p.policies.iter().filter(|p| p.on.is_some()).collect();
        let mut all: Vec<Judged> = on_events.iter().map(|p| Judged { policy: p.name.to_string(), ..Judged::default() }).collect();
        let mut unknown = vec![false; all.len() + 1];
        let mut default = Judged { policy: "default".into(), ..Judged::default() };
        for n in 0..self.g.events() {
            let event = Value::Element(Element::Event(n));
            let kind = self.g.kind_of(Val::event(n)).expect("a kind");
            let id = self.g.show(Element::Event(n));
            let (mut governed, mut spoken, mut unclear) = (false, false, false);
            // who writes what, and whether it is refused anyway
            let (mut written, mut refused, mut permitted) = (vec![], false, self.p.default_permit.is_some());
            for (i, p) in on_events.iter().enumerate() {
                let b = &p.on.as_ref().expect("on").binders[0];
                let (Domain::Kind(ty), Some(var)) = (&b.domain, b.var) else { panic!("on what?") };
                if self.is(&Ok(event.clone()), ty) != Some(true) {
                    continue;
                }
                governed = true;
                let mut env = Env { vars: &p.vars, vals: vec![None; p.vars.len()], now: Some(n) };
                env.vals[var.0 as usize] = Some(Ok(event.clone()));
                let at = self.decided(p, env);
                let Some(at) = at else { continue };
                let j = &mut all[i];
                j.checked += u64::from(at.on == Some(true));
                // which clauses are true for certain
                let certain = |wanted: Effect| {
                    p.clauses.iter().zip(&at.clauses).find_map(|(c, t)| {
                        let to = match &c.form {
                            PolicyForm::Effect(e) if *e == wanted => None,
                            PolicyForm::Escalate(to) if wanted == Effect::Escalate => Some(to.to_string()),
                            _ => return None,
                        };
                        (t.0 == Some(true)).then_some(to)
                    })
                };
                let can_permit = p.clauses.iter().any(|c| matches!(c.form, PolicyForm::Effect(Effect::Permit)));
                let mut struck = vec![];
                let strike = |effect: &str, to: Option<String>, due| Struck { event: id.clone(), effect: effect.into(), to, due };
                if let Some(to) = certain(Effect::Forbid) {
                    struck.push(strike("forbid", to, None));
                } else if let Some(to) = certain(Effect::Escalate) {
                    struck.push(strike("escalate", to, None));
                }
                refused |= !struck.is_empty();
                permitted |= certain(Effect::Permit).is_some();
                written.extend(at.written.iter().map(|w| (i, w.clone())));
                spoken |= !struck.is_empty() || certain(Effect::Permit).is_some();
                for (c, (fires, unmet)) in p.clauses.iter().zip(&at.clauses) {
                    match &c.form {
                        PolicyForm::Effect(Effect::Warn) if *fires == Some(true) => j.remarks.push((id.clone(), "warn".into())),
                        PolicyForm::Rewrite(..) if *fires == Some(true) => j.remarks.push((id.clone(), "rewrite".into())),
                        PolicyForm::Oblige(_, within, otherwise) if *unmet == Some(true) => {
                            let due = self.at(n) + within;
                            if closed || (0..self.g.events()).any(|m| self.at(m) > due + lateness) {
                                let effect = if otherwise.is_some() { "escalate" } else { "forbid" };
                                struck.push(strike(effect, otherwise.as_ref().map(|t| t.to_string()), Some(due)));
                            } else {
                                j.due.push((id.clone(), due));
                            }
                        }
                        _ => {}
                    }
                }
                let faulty = at.on.is_none() || at.clauses.iter().any(|c| c.0.is_none() || c.1.is_none());
                refused |= at.on.is_none() || at.clauses.iter().any(|c| c.0.is_none());
                unclear |= can_permit && faulty;
                unknown[i] |= struck.is_empty() && faulty;
                j.count += struck.len() as u64;
                j.violations.extend(struck);
            }
            if governed && !self.p.schema.kind(kind).expect("a kind").observed {
                // two values for one attribute: of it as a whole, or of one key of it
                let differ = |a: &Written, b: &Written| {
                    let inside = a.1.iter().zip(&b.1).all(|(x, y)| x == y);
                    a.0 == b.0 && inside && (a.1.len() != b.1.len() || a.2 != b.2)
                };
                for (i, w) in written.iter().filter(|_| permitted && !refused) {
                    unknown[*i] |= written.iter().any(|(_, other)| differ(w, other));
                }
                default.checked += 1;
                if !spoken && self.p.default_permit.is_none() {
                    if unclear {
                        *unknown.last_mut().expect("default") = true;
                    } else {
                        default.count += 1;
                        default.violations.insert(Struck { event: id.clone(), effect: "forbid".into(), to: None, due: None });
                    }
                }
            }
        }
        if default.count > 0 || unknown.last() == Some(&true) {
            all.push(default);
        }
        for (j, unknown) in all.iter_mut().zip(unknown.iter().copied()) {
            let unknown = if j.policy == "default" { j.count == 0 } else { unknown };
            let word = match () {
                _ if j.count > 0 => "violated",
                _ if unknown => "unknown",
                _ if !j.due.is_empty() => "pending",
                _ if j.checked == 0 => "vacuous",
                _ if closed => "satisfied",
                _ => "holding",
            };
            j.verdict = word.into();
        }
        all
    }
    /// Whether a policy is on its event, and of each clause whether it fires and whether its obligation is unmet. None if it is not on it.
    fn decided(&self, p: &'a Policy, mut env: Env<'a>) -> Option<At> {
        let on = p.on.as_ref()?.filter.as_ref().map_or(Some(true), |f| self.exists(f, &env));
        if on == Some(false) {
            return None;
        }
        for (v, e) in &p.lets {
            env.vals[v.0 as usize] = Some(self.eval(e, &env))
        }
        let (mut clauses, mut written) = (vec![], vec![]);
        for c in &p.clauses {
            let mut list = vec![];
            c.when.iter().for_each(|w| flat(w, &mut list));
            let also: Vec<&Expr> = match &c.form {
                PolicyForm::Rewrite(_, path, value) => path.iter().chain([value]).chain(&c.unless).collect(),
                PolicyForm::Oblige(s, ..) => scope_parts(s).into_iter().chain(&c.unless).collect(),
                _ => c.unless.iter().collect(),
            };
            let open = opened(&list, &also, &env);
            let (mut fires, mut unmet) = (Some(false), Some(false));
            self.solve(&list, None, &open, &mut env.clone(), on, &mut |env, t| {
                let t = and(t, c.unless.as_ref().map_or(Some(true), |u| not(self.exists(u, env))));
                fires = or(fires, t);
                if let PolicyForm::Oblige(s, within, _) = &c.form {
                    unmet = or(unmet, and(t, not(self.met(s, *within, env))));
                }
            });
            if let (PolicyForm::Rewrite(attr, path, value), Some(true)) = (&c.form, fires) {
                written.push((*attr, path.iter().map(|e| self.eval(e, &env)).collect(), self.eval(value, &env)));
            }
            clauses.push((fires, unmet));
        }
        let permits = p.clauses.iter().zip(&clauses).filter(|c| matches!(c.0.form, PolicyForm::Effect(Effect::Permit)));
        let permitted = permits.map(|c| c.1.0).reduce(or);
        if let Some(permitted) = permitted {
            clauses.iter_mut().for_each(|c| c.1 = and(c.1, permitted));
        }
        Some(At { on, clauses, written })
    }
    /// Whether an event of the time until then meets an obligation.
    fn met(&self, s: &'a Scope, within: i64, env: &Env<'a>) -> Truth {
        let now = env.now.expect("a now");
        let b = &s.binders[0];
        let Domain::Kind(ty) = &b.domain else { panic!("an obligation over a list") };
        let mut any = Some(false);
        for n in self.events(ty, &|n| n > now && self.at(n) <= self.at(now) + within) {
            let mut inner = env.clone();
            b.var.iter().for_each(|v| inner.vals[v.0 as usize] = Some(Ok(Value::Element(Element::Event(n)))));
            any = or(any, s.filter.as_ref().map_or(Some(true), |f| self.exists(f, &inner)));
        }
        any
    }
}

struct At {
    on: Truth,
    clauses: Vec<(Truth, Truth)>,
    /// What is rewritten for certain; the values read nothing but the event.
    written: Vec<Written>,
}
/// An attribute, the way into it, the value.
type Written = (AttrId, Vec<V>, V);
