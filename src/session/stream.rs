//! A trace that is read as it comes: events in the order of time, judged one after another, so that what is kept is bounded by windows and keys
//! and not by the length of the trace. What it cannot do, govern does over the whole trace. Called by run.
use super::decide::Asked;
use super::input::Input;
use super::live::{Core, Plans, Wanted};
use super::monitor::in_run;
use super::seen::Seen;
use super::stages::{self, Checked};
use super::traced::{self, Reading, Struck, Traced, obligation, unmet_message};
use crate::base::{Diagnostic, Sources};
use crate::candidate::stream::{self, Passed, Sink};
use crate::candidate::{self, find_reader};
use crate::demand::policy::{self, At};
use crate::demand::rewrite::Beside;
use crate::engine::{Annotation, Machine, Reached};
use crate::plan::policy::PolicyAct;
use crate::scalar::{Dictionary, KindId, Type, Val};
use crate::semantics::Needs;
use crate::semantics::hir::Program;
use crate::structure::Graph;
use crate::structure::event::Row;
use crate::verdict::{DemandReport, Located};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What came of a trace.
pub(super) struct Streamed {
    pub demands: Vec<DemandReport>,
    pub diagnostics: Vec<Diagnostic>,
    pub size: (u64, u64, u64),
}

/// An event that waits for its turn.
struct Waiting {
    kind: KindId,
    id: Arc<str>,
    values: Box<[Val]>,
    origin: u64,
}

/// An obligation that is open.
struct Open {
    policy: usize,
    clause: usize,
    event: Val,
    origin: u64,
    frames: Vec<Box<[Val]>>,
    message: Option<String>,
}

struct Tracing<'a> {
    program: &'a Program,
    plans: Plans,
    core: Core,
    reading: Reading<'a>,
    all: Vec<Traced>,
    default: Traced,
    with_default: bool,
    /// By (time, arrival): those at which something earlier may still come.
    waiting: VecDeque<((i64, u64), Waiting)>,
    newest: i64,
    arrivals: u64,
    /// Events of the history.
    count: u64,
    /// By due time: what is owed.
    open: BTreeMap<(i64, u64), Open>,
    opened: u64,
    origins: FxHashMap<Val, u64>,
    seen: Seen,
    /// The last events, if a refusal may have to say which of them came closest.
    recent: VecDeque<u32>,
    seeks: bool,
    late: (usize, Option<u64>),
    repeated: (u64, Option<u64>),
    /// By kind: the attributes that name elements, by their positions.
    refers: Vec<Vec<(usize, Type)>>,
    odd: bool,
}

/// Judges a trace as it is read, if that can be. `wanted`: which demands.
pub(super) fn check(
    checked: &Checked,
    input: &Input,
    run: &super::run::RunOptions,
    asked: &Asked<'_>,
    sources: &mut Sources,
) -> Option<Streamed> {
    let program = &checked.program;
    let reader = find_reader(program, input.reader.as_deref()?).ok()?;
    let whole = program.invariants.iter().any(|i| (asked.wanted)(&i.name))
        || program.interventions.iter().any(|i| (asked.wanted)(&i.name))
        || program.policies.iter().any(|p| p.on.is_none())
        || !program.prefers.is_empty();
    let some = program.policies.iter().any(|p| p.on.is_some() && (asked.wanted)(&p.name));
    if whole || !some || !stream::is_lines(&input.name) || !stream::events_only(reader) {
        return None;
    }
    let values = stages::values(checked);
    let door = stages::door_options(&values, None, run, None);
    let graph = match &run.beside {
        None => stages::Structure::empty(checked).graph().clone(),
        // what is wrong with it is said by the whole reading
        Some(b) => {
            let outcome = candidate::read(program, &stages::door_input(b), None, &door, sources);
            outcome.graph.filter(|_| outcome.diagnostics.is_empty())?
        }
    };
    if graph.events() > 0 || !super::named::missing(program, &graph).is_empty() {
        return None;
    }
    let (nodes, edges, _) = graph.size();
    let needed = Needs::demands(program, asked.wanted).strata(&checked.strata);
    let wanted =
        Wanted { policies: asked.wanted, lateness: asked.lateness, explain: false, counting: true, budget: stages::budget(run) };
    let (plans, core) = Core::new((program, &needed), graph, &values, &wanted).ok()?;
    let all = plans.numbers.iter().map(|n| Traced { policy: Some(*n), ..Traced::default() }).collect();
    let with_default =
        program.policies.iter().filter(|p| p.on.is_some()).all(|p| (asked.wanted)(&p.name)) && (asked.wanted)("default");
    let reading = Reading { wanted: asked.wanted, most: asked.most, closed: asked.closed, lateness: asked.lateness };
    let kinds = (0..program.schema.kinds.len() as u32).map(KindId);
    let typed = |k: KindId| program.schema.attrs_of(k).into_iter().filter_map(|a| program.schema.attr(a)).enumerate();
    let refers = kinds.map(|k| typed(k).filter(|a| a.1.ty.has_elements()).map(|(n, a)| (n, a.ty.clone())).collect()).collect();
    let seeks = plans.policies.iter().flat_map(|p| &p.clauses).filter_map(|c| c.want.as_ref()).any(|w| w.seeks());
    let mut t = Tracing {
        program,
        plans,
        core,
        reading,
        all,
        default: Traced::default(),
        with_default,
        waiting: VecDeque::new(),
        newest: i64::MIN,
        arrivals: 0,
        count: 0,
        open: BTreeMap::new(),
        opened: 0,
        origins: FxHashMap::default(),
        seen: Seen::default(),
        recent: VecDeque::new(),
        seeks,
        late: (0, None),
        repeated: (0, None),
        refers,
        odd: false,
    };
    let lines = stages::door_input(input);
    let regular = stream::stream(program, reader, &lines, &door, &mut t);
    if !regular || t.odd {
        return None;
    }
    t.finish();
    let limit = t.reached().cloned();
    let mut diagnostics = stream::disorder(program, &lines, (t.late, t.repeated), asked.lateness, sources);
    let mut demands = vec![];
    let mut found = t.all;
    for (traced, checked) in found.iter_mut().zip(t.plans.governed.counts()) {
        traced.checked = checked;
    }
    found.iter_mut().for_each(|t| {
        let order = |s: &Struck| (s.event, s.strike.due.is_some());
        t.struck.sort_by_key(order);
        t.open.sort_by_key(order);
    });
    if t.default.count > 0 || !t.default.faults.0.is_empty() {
        found.push(t.default);
    }
    let places = places(input, &found, &t.origins);
    let locate = |s: &Struck| places.get(&s.event).cloned();
    traced::report(program, found, limit.is_some(), asked, &locate, (&mut demands, &mut diagnostics));
    diagnostics.extend(limit.iter().map(crate::demand::error::limit));
    demands.sort_by_key(|r: &DemandReport| r.place);
    Some(Streamed { demands, diagnostics, size: (nodes, edges, t.count) })
}

/// Where the events that are reported stand.
fn places(input: &Input, found: &[Traced], origins: &FxHashMap<Val, u64>) -> FxHashMap<Val, Located> {
    let struck = found.iter().flat_map(|t| &t.struck).filter_map(|s| Some((*origins.get(&s.event)?, s.event)));
    let mut wanted: Vec<(u64, Val)> = struck.collect();
    wanted.sort();
    wanted.dedup();
    let mut places = FxHashMap::default();
    let (mut line, mut start) = (1, 0usize);
    for (origin, event) in wanted {
        let before = input.bytes.get(start..origin as usize).unwrap_or(&[]);
        line += before.iter().filter(|b| **b == b'\n').count();
        start += before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let rest = input.bytes.get(start..).unwrap_or(&[]);
        let text = rest.get(..rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())).unwrap_or(rest);
        let Ok(text) = std::str::from_utf8(text) else { continue };
        if let Some((line, column, pointer)) = stream::stands(line, start as u64, text, origin) {
            places.insert(event, Located { file: input.name.clone(), pointer, line, column });
        }
    }
    places
}

impl Tracing<'_> {
    fn reached(&self) -> Option<&Reached> {
        match &self.core {
            Core::Plain(m) => m.reached.as_ref(),
            Core::Full(m) => m.reached.as_ref(),
        }
    }
}

impl Sink for Tracing<'_> {
    fn dictionary(&mut self) -> &mut Dictionary {
        &mut self.core.graph_mut().dictionary
    }

    fn event(&mut self, e: &Passed<'_>) -> bool {
        let lateness = self.reading.lateness;
        if e.at < self.newest.saturating_sub(lateness) {
            self.late.0 += 1;
            self.late.1.get_or_insert(e.origin);
            return true;
        }
        let known = !self.seen.note(e.kind, e.id);
        let Some(values) = self.values(e) else {
            self.odd = true;
            return false;
        };
        if known {
            // the same again, if it is still at hand; else the whole trace is needed to tell
            match self.waiting.iter().find(|w| w.1.kind == e.kind && &*w.1.id == e.id) {
                Some(w) if w.1.values == values => {
                    self.repeated.0 += 1;
                    self.repeated.1.get_or_insert(e.origin);
                    return true;
                }
                _ => {
                    self.odd = true;
                    return false;
                }
            }
        }
        self.newest = self.newest.max(e.at);
        let order = (e.at, self.arrivals);
        self.arrivals += 1;
        let at = match self.waiting.back() {
            Some(w) if w.0 > order => self.waiting.partition_point(|w| w.0 < order),
            _ => self.waiting.len(),
        };
        self.waiting.insert(at, (order, Waiting { kind: e.kind, id: e.id.into(), values, origin: e.origin }));
        let upto = self.newest.saturating_sub(lateness);
        while self.waiting.front().is_some_and(|w| w.0.0 < upto) {
            let Some(((at, _), w)) = self.waiting.pop_front() else { break };
            if !self.judge(at, w) {
                return false;
            }
        }
        true
    }
}

impl Tracing<'_> {
    /// The values of an event, elements looked up. None if one is not there.
    fn values(&mut self, e: &Passed<'_>) -> Option<Box<[Val]>> {
        let Some(refers) = self.refers.get(e.kind.0 as usize).filter(|r| !r.is_empty()) else { return Some(e.row.into()) };
        let graph = self.core.graph_mut();
        let mut all: Box<[Val]> = e.row.into();
        for (n, ty) in refers {
            let slot = all.get_mut(*n)?;
            *slot = element(graph, ty, *slot)?;
        }
        Some(all)
    }

    /// The next event in the order of the trace. Gives whether to go on.
    fn judge(&mut self, at: i64, w: Waiting) -> bool {
        self.lapse(Some(at));
        let Waiting { kind, id, values, origin } = w;
        let mut next = (kind, id, at, self.count, values);
        let found = loop {
            let come = match &mut self.core {
                Core::Plain(m) => come(m, &mut self.plans, next),
                Core::Full(m) => come(m, &mut self.plans, next),
            };
            match come {
                Come::Faulted(row) => {
                    self.core.lift();
                    next = (row.kind, row.id, row.at, row.index, row.values);
                }
                Come::Limit => return false,
                Come::There(n) => break n,
            }
        };
        self.count += 1;
        let kept = self.plans.findable;
        let event = Val::event(found.0);
        let Tracing { plans, core, reading, all, default, program, .. } = self;
        let decides = plans.governed.decides(kind).then_some(self.with_default);
        let mut opened = vec![];
        match (core, found.1) {
            (Core::Plain(m), Judged::Plain(found)) => {
                account(m, (program, plans), (event, decides), &found, reading, (all, default), &mut opened);
            }
            (Core::Full(m), Judged::Full(found)) => {
                account(m, (program, plans), (event, decides), &found, reading, (all, default), &mut opened);
            }
            _ => {}
        }
        let newly = self.all.iter().chain([&self.default]).any(|t| t.struck.last().is_some_and(|s| s.event == event));
        if newly {
            self.origins.insert(event, origin);
        }
        for (due, mut o) in opened {
            o.origin = origin;
            o.frames.iter().flat_map(|f| f.iter()).filter_map(|v| v.as_event()).for_each(|e| {
                self.core.graph_mut().live_mut().into_iter().for_each(|l| l.pin(e));
            });
            self.opened += 1;
            self.open.insert((due, self.opened), o);
        }
        in_run!(&mut self.core, m => m.set_open(found.0, false));
        if !kept {
            self.let_go(found.0);
        }
        true
    }

    /// An event is judged: it is kept only as long as something needs it.
    fn let_go(&mut self, n: u32) {
        let mut gone = Some(n);
        if self.seeks {
            self.recent.push_back(n);
            gone = if self.recent.len() > traced::BACK { self.recent.pop_front() } else { None };
        }
        if let (Some(n), Some(live)) = (gone, self.core.graph_mut().live_mut()) {
            live.unpin(n);
        }
    }

    /// Judges what is due before an instant; without one, at the end of the trace, everything.
    fn lapse(&mut self, now: Option<i64>) {
        while let Some(((due, n), _)) = self.open.first_key_value().map(|(k, o)| (*k, o)) {
            let passed = now.is_some_and(|now| now > due.saturating_add(self.reading.lateness));
            if !passed && now.is_some() {
                break;
            }
            let Some(o) = self.open.remove(&(due, n)) else { break };
            let lapsed = passed || self.reading.closed || self.newest > due.saturating_add(self.reading.lateness);
            loop {
                let done = match &mut self.core {
                    Core::Plain(m) => settle(m, &self.plans, &o, due, lapsed, &self.reading, &mut self.all),
                    Core::Full(m) => settle(m, &self.plans, &o, due, lapsed, &self.reading, &mut self.all),
                };
                if done {
                    break;
                }
                self.core.lift();
            }
            self.origins.insert(o.event, o.origin);
            if let Some(live) = self.core.graph_mut().live_mut() {
                o.frames.iter().flat_map(|f| f.iter()).filter_map(|v| v.as_event()).for_each(|e| live.unpin(e));
            }
        }
    }

    fn finish(&mut self) {
        while let Some(((at, _), w)) = self.waiting.pop_front() {
            if !self.judge(at, w) {
                return;
            }
        }
        self.lapse(None);
    }
}

/// The node that an attribute names.
pub(super) fn element(graph: &mut Graph, ty: &Type, v: Val) -> Option<Val> {
    let Type::Node(kinds) = ty.present() else { return None };
    if v == Val::NONE {
        return ty.is_optional().then_some(v);
    }
    let id = crate::scalar::cast::to_id(&graph.dictionary.value(v)).ok()?;
    let id = graph.dictionary.find(&id)?;
    let below = graph.schema.below(crate::structure::Sort::Node, kinds);
    let mut nodes: Vec<u32> = below.into_iter().filter_map(|k| graph.find_node(k, id)).collect();
    nodes.sort();
    nodes.dedup();
    match nodes.as_slice() {
        [n] => Some(Val::node(*n)),
        _ => None,
    }
}

type Next = (KindId, Arc<str>, i64, u64, Box<[Val]>);

enum Judged {
    Plain(Vec<At<crate::engine::Present>>),
    Full(Vec<At<crate::engine::Kleene>>),
}

enum Come {
    Faulted(Row),
    Limit,
    There((u32, Judged)),
}

/// What the two sorts of runs call what they found.
trait Run: Annotation + Sized {
    fn judged(found: Vec<At<Self>>) -> Judged;
}

impl Run for crate::engine::Present {
    fn judged(found: Vec<At<Self>>) -> Judged {
        Judged::Plain(found)
    }
}

impl Run for crate::engine::Kleene {
    fn judged(found: Vec<At<Self>>) -> Judged {
        Judged::Full(found)
    }
}

/// An event comes, and is judged. After a fault it is as if it had not come.
fn come<A: Run>(m: &mut Machine<A>, plans: &mut Plans, (kind, id, at, index, values): Next) -> Come {
    m.watermark(at);
    let n = match m.admit(kind, id, at, index, values) {
        Ok(n) => n,
        Err(Some(row)) if m.faulted => return Come::Faulted(row),
        Err(_) => return Come::Limit,
    };
    let found = plans.at(m, n);
    if m.faulted {
        m.depart(n);
        return m.graph.live_mut().and_then(|l| l.drop(n)).map_or(Come::Limit, Come::Faulted);
    }
    if m.halted() {
        return Come::Limit;
    }
    Come::There((n, A::judged(found)))
}

/// Adds what was found at an event to what was found before. `decides`: whether it is decided, and then by all policies.
fn account<A: Annotation>(
    m: &mut Machine<A>,
    (program, plans): (&Program, &Plans),
    (event, decides): (Val, Option<bool>),
    found: &[At<A>],
    reading: &Reading<'_>,
    (all, default): (&mut [Traced], &mut Traced),
    opened: &mut Vec<(i64, Open)>,
) {
    for at in found {
        let (Some(plan), Some(traced)) = (plans.policies.get(at.policy), all.get_mut(at.policy)) else { continue };
        let number = plans.numbers.get(at.policy).and_then(|n| program.policies.get(*n));
        m.working_on(number.map_or("", |p| &p.name), plan.place);
        traced::event(m, (plan, at), event, reading, traced);
        let now = event.as_event().and_then(|e| m.graph.event_at(e)).unwrap_or(0);
        let first = opened.len();
        for (clause, a, frame) in &at.opened {
            let Some(c) = plan.clauses.get(*clause) else { continue };
            let PolicyAct::Oblige { within, .. } = &c.form else { continue };
            if a.certain().is_none() {
                continue;
            }
            let mine = opened.iter_mut().skip(first).find(|o| o.1.clause == *clause);
            if let Some((_, o)) = mine {
                o.frames.push(frame.clone());
                continue;
            }
            let message = policy::told(m, plan, *clause, event, a);
            let o = Open { policy: at.policy, clause: *clause, event, origin: 0, frames: vec![frame.clone()], message };
            opened.push((now.saturating_add(*within), o));
        }
    }
    let Some(with_default) = decides else { return };
    let beside = Beside { all: with_default, default_permits: plans.default_permits };
    traced::contradictions(m, (&plans.policies, found, beside), event, &|n| n, all);
    if with_default {
        let universe = m.universe.clone();
        let sum = policy::together(&plans.policies, found, &universe, plans.default_permits);
        default.unpermitted(m, &plans.policies, (&sum, &universe), event, reading.most);
    }
}

/// An obligation is due: it was met, it lapsed, or the trace ended before. False if there was a fault that this run cannot tell.
fn settle<A: Annotation>(
    m: &mut Machine<A>,
    plans: &Plans,
    o: &Open,
    due: i64,
    lapsed: bool,
    reading: &Reading<'_>,
    all: &mut [Traced],
) -> bool {
    let (Some(plan), Some(traced)) = (plans.policies.get(o.policy), all.get_mut(o.policy)) else { return true };
    let Some(c) = plan.clauses.get(o.clause) else { return true };
    let universe = m.universe.clone();
    let mut unmet: Option<A> = None;
    for frame in &o.frames {
        if let Some(open) = policy::unmet(m, c, frame, &universe) {
            unmet = Some(crate::engine::formula::join(unmet, &open));
        }
    }
    if m.faulted {
        return false;
    }
    let Some(unmet) = unmet else { return true };
    if unmet.certain().is_none() {
        unmet.faulty().into_iter().for_each(|f| traced.fault(m, f.1, o.event));
        return true;
    }
    let PolicyAct::Oblige { within, .. } = &c.form else { return true };
    let message = if lapsed { o.message.clone().or_else(|| Some(unmet_message(*within))) } else { o.message.clone() };
    let Some(struck) = obligation(m, (plan, o.clause), (o.event, due), message) else { return true };
    match lapsed {
        true => traced.strike(reading.most, || struck),
        false => traced.open.push(struck),
    }
    true
}
