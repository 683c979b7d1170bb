//! A monitor: policies in front of what happens. It decides one event after another in the light of those before; what is permitted joins the
//! history until it is confirmed or withdrawn. Held by hosts, and by the faces that decide; what it says of a decision is in explain, what it
//! writes down in snapshot.
//!
//! Long because what an event does to the history, and what takes it back, must be read side by side.
use super::change;
use super::explain::{self, Judgement};
use super::live::{Core, Plans, Wanted};
use super::program::Program;
use super::stages;
use super::{Failure, Input, Limits};
use crate::base::Diagnostic;
use crate::candidate::{self, shape::Shapes};
use crate::demand::error;
use crate::engine::formula::join;
use crate::engine::{Annotation, Budget, Machine};
use crate::plan::policy::PolicyAct;
use crate::scalar::cast::{cast, to_id};
use crate::scalar::instant::{format_time, parse_time};
use crate::scalar::{KindId, Type, Val, Value, json};
use crate::semantics::Needs;
use crate::structure::Sort;
use crate::structure::event::Row;
use crate::verdict::Effect;
use crate::verdict::ruling::{Because, Decision, Noted, Observed, Owed, Revised};
use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many escalated proposals wait for a `confirm` at most; the oldest go first.
const WAITING: usize = 10_000;
/// The dictionary is tidied when it has so many more values than after the last time.
const TIDY: usize = 20_000;

/// An event as a host tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The kind, as declared.
    pub kind: String,
    /// Its id: unique among the events of its kind.
    pub id: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Its attributes.
    pub attrs: Vec<(String, Value)>,
}

impl Event {
    /// An event without attributes.
    pub fn new(kind: impl Into<String>, id: impl Into<String>, at: i64) -> Event {
        Event { kind: kind.into(), id: id.into(), at, attrs: vec![] }
    }
    /// Gives it an attribute.
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Event {
        self.attrs.push((name.into(), value));
        self
    }
    /// From a JSON object as candidates have them: `{"kind": …, "id": …, "at": …, …}`. Else why not, in words.
    pub fn from_json(text: &str) -> Result<Event, String> {
        let value = json::from_json(text).map_err(|e| e.to_string())?;
        let Value::Record(fields) = &value else { return Err("an event is a JSON object".into()) };
        let text = |name: &str| match value.field(name) {
            Some(Value::Text(t)) => Ok(t.to_string()),
            Some(v) if name == "id" => to_id(v).map(|v| v.as_text().unwrap_or("").to_string()).map_err(|f| f.text),
            Some(_) => Err(format!("`{name}` is not a text")),
            None => Err(format!("`{name}` is missing")),
        };
        let at = parse_time(&text("at")?).map_err(|f| f.text)?;
        let attrs = fields.iter().filter(|f| !["kind", "id", "at"].contains(&&*f.0));
        let attrs = attrs.map(|(n, v)| (n.to_string(), v.clone())).collect();
        Ok(Event { kind: text("kind")?, id: text("id")?, at, attrs })
    }
}

/// How a monitor works.
#[derive(Clone, Debug, Default)]
pub struct MonitorOptions {
    /// How late an event may come behind a newer one, in microseconds.
    pub lateness: i64,
    /// A structure that stands beside the events, in dbm's own format.
    pub beside: Option<Input>,
    /// What a decision may cost.
    pub limits: Limits,
    /// How many decisions are tried at most to find with which changes a refused event would have been permitted. With 0, as long as nothing
    /// else is said, a refusal says only which policies refuse, and not what came closest to what they miss either.
    pub tries: u32,
}

impl MonitorOptions {
    /// As many tries as are worth it where somebody reads the refusal: some milliseconds at most.
    pub const TRIES: u32 = 300;
}

/// What a monitor counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events that were refused because they came too late.
    pub late: u64,
    /// Events that came again.
    pub repeated: u64,
    /// Events whose id was known with other content.
    pub tampered: u64,
}

pub(super) type Key = (KindId, Arc<str>);

/// An event that is known by its id.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Its number.
    pub n: u32,
    /// As it was proposed.
    pub proposed: Box<[Val]>,
    /// Whether it may still be withdrawn.
    pub open: bool,
    /// What was decided, if it was.
    pub decision: Option<Decision>,
}

/// An obligation that is open.
#[derive(Clone, Debug)]
pub(super) struct Obligation {
    pub policy: usize,
    pub clause: usize,
    pub event: u32,
    pub frames: Vec<Box<[Val]>>,
    pub message: Option<String>,
}

/// A proposal that somebody else decides.
#[derive(Clone, Debug)]
pub(super) struct Escalated {
    pub values: Box<[Val]>,
    pub at: i64,
}

/// A monitor. Not shared between threads: whoever decides owns it.
pub struct Monitor {
    pub(super) program: Program,
    pub(super) shapes: Arc<Shapes>,
    pub(super) plans: Plans,
    pub(super) core: Core,
    pub(super) lateness: i64,
    pub(super) newest: i64,
    /// Events of the history.
    pub(super) count: u64,
    pub(super) known: FxHashMap<Key, Known>,
    /// Those before which something may still come, in the order of time.
    pub(super) tail: BTreeMap<(i64, u32), Key>,
    /// By due time.
    pub(super) owed: BTreeMap<(i64, u64), Obligation>,
    pub(super) owed_count: u64,
    pub(super) escalated: IndexMap<Key, Escalated>,
    pub(super) counters: Counters,
    /// The values of the dictionary before any event.
    pub(super) base: usize,
    pub(super) tidy_at: usize,
    /// What the structure beside the events was made of.
    pub(super) beside: Option<Input>,
    /// See `MonitorOptions`.
    pub(super) tries: u32,
    /// What the program reads of events, once that was asked.
    pub(super) reads: Option<Arc<change::Reads>>,
}

/// Does the same in either sort of run.
macro_rules! in_run {
    ($core:expr, $m:ident => $body:expr) => {
        match $core {
            $crate::session::live::Core::Plain($m) => $body,
            $crate::session::live::Core::Full($m) => $body,
        }
    };
}
pub(super) use in_run;

/// What became of an event that came.
enum Came {
    /// It is in the history by this number.
    In(u32, Judgement),
    /// A limit was reached; it is not.
    Limit,
}

impl Monitor {
    /// A monitor of a program's policies, before any event. Fails if the program has none, or one that cannot be decided one event at a time,
    /// or if the structure beside it is not in order.
    pub fn new(program: &Program, options: &MonitorOptions) -> Result<Monitor, Failure> {
        let inner = program.inner();
        let mut sources = inner.sources.clone();
        let fail = |diagnostics: Vec<Diagnostic>, sources| Failure { diagnostics, sources };
        let Some(checked) = inner.checked.as_ref().filter(|_| inner.missing.is_empty()) else {
            return Err(fail(inner.missing.clone(), sources));
        };
        if !checked.program.policies.iter().any(|p| p.on.is_some()) {
            return Err(fail(vec![error::no_policy()], sources));
        }
        let values = stages::values(checked);
        let run = super::RunOptions { limits: options.limits.clone(), ..super::RunOptions::default() };
        let graph = match &options.beside {
            None => stages::Structure::empty(checked).graph().clone(),
            Some(b) => {
                let door = stages::door_options(&values, b.reader.as_deref(), &run, None);
                let outcome = candidate::read(&checked.program, &stages::door_input(b), None, &door, &mut sources);
                match outcome.graph {
                    Some(graph) if !outcome.diagnostics.iter().any(|d| d.is_error()) => graph,
                    _ => return Err(fail(outcome.diagnostics, sources)),
                }
            }
        };
        let missing = super::named::missing(&checked.program, &graph);
        if !missing.is_empty() {
            return Err(fail(missing, sources));
        }
        let needed = Needs::demands(&checked.program, &|n| checked.program.policies.iter().any(|p| &*p.name == n));
        let strata = needed.strata(&checked.strata);
        let budget = Budget { bytes: options.limits.memory, facts: options.limits.facts, ..Budget::default() };
        let wanted = Wanted { policies: &|_| true, lateness: options.lateness, explain: true, counting: false, budget };
        let (plans, core) = Core::new((&checked.program, &strata), graph, &values, &wanted)
            .map_err(|u| fail(vec![error::not_live(u.place, u.what)], sources.clone()))?;
        if let Some(reached) = in_run!(&core, m => m.reached.as_ref()) {
            return Err(fail(vec![error::limit(reached)], sources));
        }
        let base = core.graph().dictionary.len();
        Ok(Monitor {
            program: program.clone(),
            shapes: Arc::new(Shapes::new(&checked.program.schema)),
            plans,
            core,
            lateness: options.lateness,
            newest: i64::MIN,
            count: 0,
            known: FxHashMap::default(),
            tail: BTreeMap::new(),
            owed: BTreeMap::new(),
            owed_count: 0,
            escalated: IndexMap::new(),
            counters: Counters::default(),
            base,
            tidy_at: base + TIDY,
            beside: options.beside.clone(),
            tries: options.tries,
            reads: None,
        })
    }

    /// Decides an event before it happens. If it is permitted, it belongs to the history from now on, until it is confirmed (it happened) or
    /// withdrawn (it did not). What cannot be decided is forbidden.
    pub fn decide(&mut self, event: &Event) -> Decision {
        let shown = format!("{}({:?})", event.kind, event.id);
        let (kind, values) = match self.row(event) {
            Ok(row) => row,
            Err(why) => return explain::refused(shown, why),
        };
        let mut noted = self.time(event.at);
        if event.at < self.newest.saturating_sub(self.lateness) {
            self.counters.late += 1;
            noted.late = true;
            return Decision { noted, ..explain::refused(shown, "it comes too late: there are newer events".into()) };
        }
        let key: Key = (kind, event.id.as_str().into());
        if let Some(known) = self.known.get(&key) {
            if known.proposed == values {
                self.counters.repeated += 1;
                noted.repeated = true;
                let decision = known.decision.clone().unwrap_or_else(|| explain::recorded(shown));
                return Decision { noted, ..decision };
            }
            self.counters.tampered += 1;
            noted.tampered = true;
            let why = "its id is known with other content: one of the two was changed";
            return Decision { noted, ..explain::refused(shown, why.into()) };
        }
        if !self.plans.governed.decides(kind) {
            noted = self.join(key, event.at, values, noted);
            return Decision { noted, ..explain::recorded(shown) };
        }
        let proposed = values.clone();
        let (n, judged) = match self.come(&key, event.at, values) {
            Came::In(n, judged) => (n, judged),
            Came::Limit => return Decision { noted, ..explain::refused(shown, "a limit was reached".into()) },
        };
        let (n, judged) = match judged.effect {
            Effect::Permit if !judged.rewrites.is_empty() => match self.rewritten(&key, n, judged) {
                Ok(again) => again,
                Err(why) => return Decision { noted, ..explain::refused(shown, why) },
            },
            _ => (n, judged),
        };
        let mut decision = explain::decision(self, shown, n, &judged);
        match judged.effect {
            Effect::Permit => {
                decision.obligations = self.oblige(n, &judged);
                decision.noted.revised = self.behind(event.at, n);
                self.keep(key, event.at, Known { n, proposed, open: true, decision: None });
            }
            Effect::Escalate | Effect::Forbid => {
                if self.tries > 0 {
                    explain::nearest(self, n, &judged, &mut decision);
                }
                self.take_back(n);
                if self.tries > 0 {
                    let found = change::find(self, &key, event.at, (&proposed, &judged.events()));
                    (decision.changes, decision.tried) = (found.changes, found.tried);
                }
                if judged.effect == Effect::Escalate {
                    self.escalated.insert(key.clone(), Escalated { values: proposed, at: event.at });
                    if self.escalated.len() > WAITING {
                        self.escalated.shift_remove_index(0);
                    }
                }
            }
        }
        decision.noted = Noted { revised: std::mem::take(&mut decision.noted.revised), ..noted };
        if let Some(k) = self.known.get_mut(&(kind, event.id.as_str().into())) {
            k.decision = Some(Decision { noted: Noted::default(), ..decision.clone() });
        }
        self.tidy();
        decision
    }

    /// A permitted event happened; or an escalated one, since somebody said yes: then it belongs to the history from now on. Else why not.
    pub fn confirm(&mut self, kind: &str, id: &str) -> Result<Noted, String> {
        let key = self.key(kind, id)?;
        if let Some(e) = self.escalated.shift_remove(&key) {
            let at = self.newest.max(e.at);
            let mut noted = Noted::default();
            let values = e.values;
            if self.known.contains_key(&key) {
                return Err(format!("{kind}({id:?}) happened already"));
            }
            noted = self.join(key, at, values, noted);
            return Ok(noted);
        }
        let known =
            self.known.get_mut(&key).ok_or_else(|| format!("{kind}({id:?}) was not permitted, or is confirmed already"))?;
        known.open = false;
        let n = known.n;
        in_run!(&mut self.core, m => m.set_open(n, false));
        let at = self.core.graph().event_at(n).unwrap_or(i64::MIN);
        if at < self.newest.saturating_sub(self.lateness) {
            self.release(&key, n);
        }
        Ok(Noted::default())
    }

    /// A permitted event did not happen: it leaves the history, and what it used of budgets comes back. Else why not.
    pub fn withdraw(&mut self, kind: &str, id: &str) -> Result<(), String> {
        let key = self.key(kind, id)?;
        if self.escalated.shift_remove(&key).is_some() {
            return Ok(());
        }
        match self.known.get(&key) {
            Some(k) if k.open => {
                let n = k.n;
                if let Some(order) = self.core.graph().order(n) {
                    self.tail.remove(&order);
                }
                self.known.remove(&key);
                let gone: Vec<(i64, u64)> = self.owed.iter().filter(|o| o.1.event == n).map(|o| *o.0).collect();
                for at in gone {
                    self.forget(at);
                }
                self.leave(n);
                self.count -= 1;
                Ok(())
            }
            Some(_) => Err(format!("{kind}({id:?}) is confirmed: what happened cannot be withdrawn")),
            None => Err(format!("{kind}({id:?}) was not permitted, or was forgotten since it is confirmed")),
        }
    }

    /// Something happened, whether or not anybody asked before. Gives what policies on it warn of and oblige to, and what came to light; or why
    /// the event is not in order.
    pub fn observe(&mut self, event: &Event) -> Result<Observed, String> {
        let shown = format!("{}({:?})", event.kind, event.id);
        let (kind, values) = self.row(event)?;
        let mut noted = self.time(event.at);
        let key: Key = (kind, event.id.as_str().into());
        if event.at < self.newest.saturating_sub(self.lateness) {
            self.counters.late += 1;
            noted.late = true;
            return Ok(Observed { event: shown, noted, ..Observed::default() });
        }
        if let Some(known) = self.known.get(&key) {
            match known.proposed == values {
                true => {
                    self.counters.repeated += 1;
                    noted.repeated = true;
                    if known.open {
                        let _ = self.confirm(&event.kind, &event.id);
                    }
                }
                false => {
                    self.counters.tampered += 1;
                    noted.tampered = true;
                }
            }
            return Ok(Observed { event: shown, noted, ..Observed::default() });
        }
        let (n, judged) = match self.come(&key, event.at, values.clone()) {
            Came::In(n, judged) => (n, judged),
            Came::Limit => return Err("a limit was reached".into()),
        };
        let warnings = explain::decision(self, shown.clone(), n, &judged).warnings;
        let obligations = self.oblige(n, &judged);
        noted.revised = self.behind(event.at, n);
        self.keep(key, event.at, Known { n, proposed: values, open: false, decision: None });
        self.tidy();
        Ok(Observed { event: shown, warnings, obligations, noted })
    }

    /// Time goes on without an event, to an instant in microseconds since 1970. Gives the obligations that lapsed.
    pub fn advance(&mut self, to: i64) -> Vec<Owed> {
        self.time(to).lapsed
    }

    /// The permitted events of which nobody said yet whether they happened; they count.
    pub fn open(&self) -> Vec<String> {
        let mut all: Vec<u32> = self.known.values().filter(|k| k.open).map(|k| k.n).collect();
        all.sort_unstable();
        all.into_iter().map(|n| in_run!(&self.core, m => m.show(Val::event(n)))).collect()
    }

    /// The obligations that are open, by due time. One that was met is among them until it is due.
    pub fn obligations(&self) -> Vec<Owed> {
        self.owed.iter().map(|((due, _), o)| self.owing(*due, o)).collect()
    }

    /// What was counted.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How many events are kept, since a window, a key or an open proposal needs them.
    pub fn kept(&self) -> usize {
        self.core.graph().live().map_or(0, |l| l.len())
    }

    /// How many decisions are tried from now on to find what would have been permitted; see [`MonitorOptions::tries`].
    pub fn set_tries(&mut self, tries: u32) {
        self.tries = tries;
    }

    /// The program that it decides by.
    pub fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn key(&self, kind: &str, id: &str) -> Result<Key, String> {
        let schema = &self.core.graph().schema;
        let found = schema.of_sort(Sort::Event).find(|k| schema.name(*k) == kind);
        found.map(|k| (k, id.into())).ok_or_else(|| format!("there is no event kind `{kind}`"))
    }

    /// An event's kind and attributes; or what is wrong with them.
    fn row(&mut self, event: &Event) -> Result<(KindId, Box<[Val]>), String> {
        let (kind, _) = self.key(&event.kind, "")?;
        let shapes = self.shapes.clone();
        let shape = shapes.get(kind).ok_or("there is no such kind")?;
        for (n, (name, _)) in event.attrs.iter().enumerate() {
            if !shape.slots.iter().any(|s| *s.name == **name) {
                return Err(format!("`{}` has no attribute `{name}`", shape.name));
            }
            if event.attrs.iter().take(n).any(|a| a.0 == *name) {
                return Err(format!("`{name}` stands twice"));
            }
        }
        let graph = self.core.graph_mut();
        let mut row = Vec::with_capacity(shape.slots.len());
        for slot in &shape.slots {
            let given = event.attrs.iter().find(|a| *a.0 == *slot.name).map_or(&Value::None, |a| &a.1);
            let value = match given {
                Value::None => slot.default.clone().unwrap_or(Value::None),
                v if slot.ty.has_elements() => v.clone(),
                v => cast(v, &slot.ty.clone().optional()).map_err(|f| format!("`{}`: {}", slot.name, f.text))?,
            };
            if value.is_none() && slot.required {
                return Err(format!("`{}` is missing", slot.name));
            }
            let v = graph.dictionary.intern(value);
            row.push(match slot.ty.has_elements() && v != Val::NONE {
                true => super::stream::element(graph, &slot.ty, v)
                    .ok_or_else(|| format!("`{}`: there is nothing with that id", slot.name))?,
                false => v,
            });
        }
        Ok((kind, row.into()))
    }

    /// Time goes on to an instant, if that is newer: what was owed until then lapses, and what is settled is let go.
    fn time(&mut self, now: i64) -> Noted {
        let mut noted = Noted::default();
        if now <= self.newest {
            return noted;
        }
        while let Some((due, n)) = self.owed.first_key_value().map(|o| *o.0) {
            if now <= due.saturating_add(self.lateness) {
                break;
            }
            let unmet = self.unmet((due, n));
            let Some(o) = self.owed.get(&(due, n)) else { break };
            if unmet {
                noted.lapsed.push(self.owing(due, o));
            }
            self.forget((due, n));
        }
        self.newest = now;
        let upto = now.saturating_sub(self.lateness);
        while let Some((order, key)) = self.tail.first_key_value().map(|(o, k)| (*o, k.clone())) {
            if order.0 >= upto {
                break;
            }
            self.tail.remove(&order);
            if self.known.get(&key).is_some_and(|k| !k.open) {
                self.release(&key, order.1);
            }
        }
        in_run!(&mut self.core, m => m.watermark(upto));
        noted
    }

    /// Whether nothing met an obligation. What cannot be told counts as not met.
    fn unmet(&mut self, at: (i64, u64)) -> bool {
        let Some(o) = self.owed.get(&at) else { return false };
        let clause = self.plans.policies.get(o.policy).and_then(|p| p.clauses.get(o.clause));
        let Some(clause) = clause else { return false };
        loop {
            let unmet = in_run!(&mut self.core, m => unmet(m, clause, &o.frames));
            match unmet {
                Some(unmet) => return unmet,
                None => self.core.lift(),
            }
        }
    }

    fn owing(&self, due: i64, o: &Obligation) -> Owed {
        let plan = self.plans.policies.get(o.policy);
        let otherwise = match plan.and_then(|p| p.clauses.get(o.clause)).map(|c| &c.form) {
            Some(PolicyAct::Oblige { otherwise, .. }) => otherwise.as_ref().map(|t| t.to_string()),
            _ => None,
        };
        let event = in_run!(&self.core, m => m.show(Val::event(o.event)));
        Owed { policy: self.policy(o.policy), event, due: format_time(due), otherwise, message: o.message.clone() }
    }

    /// The name of a policy.
    pub(super) fn policy(&self, n: usize) -> String {
        let checked = self.program.inner().checked.as_ref();
        let number = self.plans.numbers.get(n);
        let policy = checked.zip(number).and_then(|(c, n)| c.program.policies.get(*n));
        policy.map_or_else(|| "default".into(), |p| p.name.to_string())
    }

    /// An obligation goes, and with it what it needs.
    fn forget(&mut self, at: (i64, u64)) {
        let Some(o) = self.owed.remove(&at) else { return };
        if let Some(live) = self.core.graph_mut().live_mut() {
            o.frames.iter().flat_map(|f| f.iter()).filter_map(|v| v.as_event()).for_each(|e| live.unpin(e));
            live.unpin(o.event);
        }
    }

    /// The obligations that an event opens.
    fn oblige(&mut self, n: u32, judged: &Judgement) -> Vec<Owed> {
        let mut all = vec![];
        for (policy, clause, due, frames, message) in &judged.opened {
            if let Some(live) = self.core.graph_mut().live_mut() {
                frames.iter().flat_map(|f| f.iter()).filter_map(|v| v.as_event()).for_each(|e| live.pin(e));
                live.pin(n);
            }
            let o = Obligation { policy: *policy, clause: *clause, event: n, frames: frames.clone(), message: message.clone() };
            all.push(self.owing(*due, &o));
            self.owed_count += 1;
            self.owed.insert((*due, self.owed_count), o);
        }
        all
    }

    /// An event comes into the history and is judged.
    fn come(&mut self, key: &Key, at: i64, values: Box<[Val]>) -> Came {
        // those of the tail that are behind it are not before it
        let index = self.count - self.tail.range((at, u32::MAX)..).count() as u64;
        let mut next = Row { kind: key.0, pins: 1, at, index, id: key.1.clone(), values };
        loop {
            let came = in_run!(&mut self.core, m => come(m, &mut self.plans, next));
            match came {
                Ok(Some(came)) => {
                    self.count += 1;
                    return Came::In(came.0, came.1);
                }
                Ok(None) => {
                    in_run!(&mut self.core, m => m.reached = None);
                    return Came::Limit;
                }
                Err(row) => {
                    self.core.lift();
                    next = row;
                }
            }
        }
    }

    /// An event that happened joins the history.
    fn join(&mut self, key: Key, at: i64, values: Box<[Val]>, mut noted: Noted) -> Noted {
        noted.lapsed.extend(self.time(at).lapsed);
        let proposed = values.clone();
        let Came::In(n, judged) = self.come(&key, at, values) else { return noted };
        self.oblige(n, &judged);
        noted.revised = self.behind(at, n);
        self.keep(key, at, Known { n, proposed, open: false, decision: None });
        self.tidy();
        noted
    }

    /// An event that came last leaves again: those behind it do not know of it yet.
    fn take_back(&mut self, n: u32) {
        in_run!(&mut self.core, m => m.end_try(n));
        self.count -= 1;
    }

    /// An event is as if it had never come.
    fn leave(&mut self, n: u32) {
        in_run!(&mut self.core, m => m.depart(n));
        // facts that name it are not looked at any more, since it is not there
        if let Some(live) = self.core.graph_mut().live_mut() {
            let index = live.get(n).map_or(0, |r| r.index);
            let order = live.get(n).map(|r| (r.at, n));
            live.drop(n);
            for (_, row) in live.behind(order) {
                row.index = row.index.saturating_sub(u64::from(row.index > index));
            }
        }
    }

    fn keep(&mut self, key: Key, at: i64, known: Known) {
        in_run!(&mut self.core, m => m.set_open(known.n, known.open));
        self.tail.insert((at, known.n), key.clone());
        self.known.insert(key, known);
    }

    /// An event that is settled: only what needs it keeps it.
    fn release(&mut self, key: &Key, n: u32) {
        self.known.remove(key);
        if !self.plans.findable
            && let Some(live) = self.core.graph_mut().live_mut()
        {
            live.unpin(n);
        }
    }

    /// A late event came before some others: those are judged once more, each as if it came now. Gives the decisions that would be others.
    fn behind(&mut self, at: i64, n: u32) -> Vec<Revised> {
        let later: Vec<((i64, u32), Key)> = self.tail.range((at, n)..).map(|(o, k)| (*o, k.clone())).collect();
        let mut revised = vec![];
        for (order, key) in later {
            let Some(known) = self.known.get(&key).cloned() else { continue };
            self.tail.remove(&order);
            in_run!(&mut self.core, m => m.depart(order.1));
            let Some(row) = self.core.graph_mut().live_mut().and_then(|l| l.drop(order.1)) else { continue };
            self.count -= 1;
            let Came::In(new, judged) = self.come(&key, order.0, row.values) else { continue };
            in_run!(&mut self.core, m => m.set_open(new, known.open));
            for o in self.owed.values_mut() {
                let again = |v: &mut Val| {
                    if v.as_event() == Some(order.1) {
                        *v = Val::event(new);
                    }
                };
                let pins = o.frames.iter().flat_map(|f| f.iter()).filter(|v| v.as_event() == Some(order.1)).count();
                let pins = pins + usize::from(o.event == order.1);
                o.frames.iter_mut().flat_map(|f| f.iter_mut()).for_each(again);
                if o.event == order.1 {
                    o.event = new;
                }
                if let Some(live) = self.core.graph_mut().live_mut() {
                    (0..pins).for_each(|_| live.pin(new));
                }
            }
            if let Some(was) = known.decision.as_ref().map(|d| d.effect).filter(|was| *was != judged.effect) {
                let event = in_run!(&self.core, m => m.show(Val::event(new)));
                revised.push(Revised { event, was, now: judged.effect });
            }
            self.tail.insert((order.0, new), key.clone());
            self.known.insert(key, Known { n: new, ..known });
        }
        revised
    }

    /// A permitted event is decided once more as it is rewritten. Else why it is forbidden; then it has left.
    fn rewritten(&mut self, key: &Key, n: u32, judged: Judgement) -> Result<(u32, Judgement), String> {
        let row = self.core.graph().live().and_then(|l| l.get(n)).cloned();
        self.take_back(n);
        let Some(row) = row else { return Err("it is not there".into()) };
        let values = explain::rewrite(self, key.0, &row.values, &judged)?;
        let (again, second) = match self.come(key, row.at, values) {
            Came::In(n, judged) => (n, judged),
            Came::Limit => return Err("a limit was reached".into()),
        };
        if second.effect != Effect::Permit {
            return Ok((again, second));
        }
        let now = self.core.graph().live().and_then(|l| l.get(again)).map(|r| r.values.clone()).unwrap_or_default();
        match explain::rewrite(self, key.0, &now, &second) {
            Ok(same) if same == now => Ok((again, Judgement { rewrites: judged.rewrites, ..second })),
            _ => {
                self.take_back(again);
                Err("the rewritten event would be rewritten again, to something else".into())
            }
        }
    }

    /// Forgets the values that nothing has any more.
    fn tidy(&mut self) {
        if self.core.graph().dictionary.len() < self.tidy_at {
            return;
        }
        let Monitor { core, owed, known, escalated, base, .. } = self;
        let frames = owed.values_mut().flat_map(|o| o.frames.iter_mut());
        let rows = known.values_mut().map(|k| &mut k.proposed).chain(escalated.values_mut().map(|e| &mut e.values));
        let mut held: Vec<&mut Box<[Val]>> = frames.chain(rows).collect();
        in_run!(core, m => m.compact(*base, &mut held));
        self.tidy_at = self.core.graph().dictionary.len() * 2 + TIDY;
    }
}

/// An event comes into the history and is judged. None: a limit was reached. The event again: there was a fault that this run cannot tell.
fn come<A: Annotation>(m: &mut Machine<A>, plans: &mut Plans, row: Row) -> Result<Option<(u32, Judgement)>, Row> {
    let Row { kind, id, at, index, values, .. } = row;
    let n = match m.admit(kind, id, at, index, values) {
        Ok(n) => n,
        Err(Some(row)) if m.faulted => return Err(row),
        Err(_) => return Ok(None),
    };
    let found = plans.at(m, n);
    let judged = explain::judgement(m, plans, n, &found);
    if m.halted() {
        m.depart(n);
        let row = m.graph.live_mut().and_then(|l| l.drop(n));
        return match row {
            Some(row) if m.faulted => Err(row),
            _ => Ok(None),
        };
    }
    Ok(Some((n, judged)))
}

/// Whether any of an obligation's frames is unmet; none if this run cannot tell.
fn unmet<A: Annotation>(m: &mut Machine<A>, clause: &crate::plan::policy::ClauseOfPolicy, frames: &[Box<[Val]>]) -> Option<bool> {
    let universe = m.universe.clone();
    let mut all: Option<A> = None;
    for f in frames {
        if let Some(open) = crate::demand::policy::unmet(m, clause, f, &universe) {
            all = Some(join(all, &open));
        }
    }
    (!m.faulted).then_some(all.is_some())
}

/// A value of the program for a message to people.
pub(super) fn json_of<A: Annotation>(m: &Machine<A>, v: Val) -> serde_json::Value {
    crate::scalar::json::to_json(&m.graph.dictionary.value(v), &|e| m.graph.show(e))
}

/// The type of what stands at a way into an attribute.
pub(super) fn within(ty: &Type) -> Type {
    ty.clone().optional()
}

/// A clause that is to blame.
pub(super) fn because(policy: String, effect: &str, message: String) -> Because {
    Because {
        policy,
        effect: effect.to_string(),
        to: None,
        message,
        clause: String::new(),
        values: serde_json::Map::new(),
        events: vec![],
        nearest: None,
    }
}

#[cfg(test)]
#[path = "monitor_tests.rs"]
pub(super) mod tests;
