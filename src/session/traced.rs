//! What a trace holds against policies, event by event, and the report of it. Filled by govern (a trace that is there) and by stream (one that
//! is read as it comes).
use super::decide::{Asked, SHOWN_FAULTS};
use crate::base::{Diagnostic, Place, Severity};
use crate::demand::error;
use crate::demand::nearest::{self, Extent, Miss};
use crate::demand::policy::{self, At, Together};
use crate::demand::rewrite::{self, Beside};
use crate::engine::fault::FaultAt;
use crate::engine::{Annotation, Machine};
use crate::plan::Effect as Act;
use crate::plan::policy::{PolicyAct, PolicyPlan};
use crate::plan::unit::Unsupported;
use crate::scalar::instant::{format_duration, format_time};
use crate::scalar::{Element, Val};
use crate::semantics::hir::{PolicyState, Program};
use crate::verdict::{DemandKind, DemandReport, Due, Effect, Located, Remark, Strike, Unknown, Verdict, Violation};
use std::sync::Arc;

/// Of so many violations of a policy it is asked what came closest.
const ASKED: usize = 10;
/// So many events before one are looked at for what came closest.
pub const BACK: usize = 1_000;
const EXTENT: Extent = Extent { back: Some(BACK as u64) };

/// How a trace is read.
pub struct Reading<'a> {
    /// Whether a policy of that name is wanted.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// How many violations of a policy are listed.
    pub most: usize,
    /// No more events will come.
    pub closed: bool,
    /// How late an event may come, in microseconds.
    pub lateness: i64,
}

/// What a trace holds against a policy, or against all of them together.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// Which policy; none is `default`.
    pub policy: Option<usize>,
    /// The events that it is on.
    pub checked: u64,
    /// How many violations.
    pub count: u64,
    /// The first of them.
    pub struck: Vec<Struck>,
    /// Of how many it was asked what came closest.
    pub asked: usize,
    /// Obligations that are open.
    pub open: Vec<Struck>,
    /// What it warns of and would rewrite: the first, and how many.
    pub remarks: (Vec<Remark>, u64),
    /// Different faults, with the event at which each came first; and at how many more events there were any.
    pub faults: (Vec<(FaultAt, String)>, u64),
    /// Why it was not evaluated.
    pub unsupported: Option<Unsupported>,
}

/// An event that a policy forbids or escalates, or an obligation with its due time.
#[derive(Clone, Debug)]
pub struct Struck {
    /// The event.
    pub event: Val,
    /// The same, as it is shown.
    pub shown: String,
    /// Its name in the policy.
    pub name: Arc<str>,
    /// The clause.
    pub place: Place,
    /// What is done.
    pub strike: Strike,
    /// The policy's message.
    pub message: Option<String>,
    /// What came closest to what it misses.
    pub nearest: Option<Miss>,
}

impl Traced {
    /// One more violation.
    pub fn strike(&mut self, most: usize, struck: impl FnOnce() -> Struck) {
        self.count += 1;
        if self.struck.len() < most {
            self.struck.push(struck());
        }
    }
    /// Whether it is asked of one more what came closest.
    fn asks(&mut self, most: usize) -> bool {
        let asks = self.struck.len() < most && self.asked < ASKED;
        self.asked += usize::from(asks);
        asks
    }
    /// A fault at an event.
    pub fn fault<A: Annotation>(&mut self, m: &Machine<A>, fault: u32, event: Val) {
        let Some(at) = m.faults.get(fault) else { return };
        self.fault_at(at, || m.show(event));
    }
    fn fault_at(&mut self, at: &FaultAt, event: impl FnOnce() -> String) {
        if self.faults.0.len() > SHOWN_FAULTS || self.faults.0.iter().any(|f| f.0 == *at) {
            self.faults.1 += 1;
            return;
        }
        self.faults.0.push((at.clone(), event()));
    }
    /// What no policy permits.
    pub fn unpermitted<A: Annotation>(
        &mut self,
        m: &mut Machine<A>,
        plans: &[PolicyPlan],
        (sum, worlds): (&Together<A>, &A),
        event: Val,
        most: usize,
    ) {
        self.checked += 1;
        match &sum.default {
            Some(a) if a.certain().is_some() => {
                let strike = Strike { effect: Effect::Forbid, to: None, due: None };
                let nearest = match self.asks(most) {
                    true => nearest::unpermitted(m, plans, event, worlds, EXTENT),
                    false => None,
                };
                self.strike(most, || Struck {
                    event,
                    nearest,
                    shown: m.show(event),
                    name: "event".into(),
                    place: Place::default(),
                    strike,
                    message: Some("no policy permits it".into()),
                });
            }
            Some(a) => a.faulty().into_iter().for_each(|f| self.fault(m, f.1, event)),
            None => {}
        }
    }
}

/// An obligation of a policy that nothing met.
pub fn obligation<A: Annotation>(
    m: &Machine<A>,
    (plan, clause): (&PolicyPlan, usize),
    (event, due): (Val, i64),
    message: Option<String>,
) -> Option<Struck> {
    let c = plan.clauses.get(clause)?;
    let PolicyAct::Oblige { otherwise, .. } = &c.form else { return None };
    let effect = if otherwise.is_some() { Effect::Escalate } else { Effect::Forbid };
    let strike = Strike { effect, to: otherwise.as_ref().map(|t| t.to_string()), due: Some(due) };
    Some(Struck { event, shown: m.show(event), name: plan.name.clone(), place: c.place, strike, message, nearest: None })
}

/// What is said of an obligation without a message that lapsed.
pub fn unmet_message(within: i64) -> String {
    format!("nothing met the obligation within {}", format_duration(within))
}

/// What a policy says of one event, added to what it said before.
pub fn event<A: Annotation>(
    m: &mut Machine<A>,
    (plan, at): (&PolicyPlan, &At<A>),
    event: Val,
    reading: &Reading<'_>,
    traced: &mut Traced,
) {
    let certain = |a: &A| a.certain().is_some();
    let mut clear = true;
    // the clause that decides: of the first that forbid or else escalate
    let decided = [Act::Forbid, Act::Escalate].into_iter().find_map(|wanted| {
        let fits = |f: &&(usize, A)| {
            certain(&f.1) && matches!(plan.clauses.get(f.0).map(|c| &c.form), Some(PolicyAct::Effect(e, _)) if *e == wanted)
        };
        at.fired.iter().find(fits).map(|f| (wanted, f.0))
    });
    if let Some((effect, clause)) = decided {
        clear = false;
        let here = at.on.clone();
        let Some(c) = plan.clauses.get(clause) else { return };
        let to = match &c.form {
            PolicyAct::Effect(_, to) => to.as_ref().map(|t| t.to_string()),
            _ => None,
        };
        let effect = if effect == Act::Forbid { Effect::Forbid } else { Effect::Escalate };
        let strike = Strike { effect, to, due: None };
        let message = if traced.struck.len() < reading.most { policy::told(m, plan, clause, event, &here) } else { None };
        let shown = if traced.struck.len() < reading.most { m.show(event) } else { String::new() };
        let nearest = match c.want.is_some() && traced.asks(reading.most) {
            true => nearest::missed(m, plan, clause, event, &here, EXTENT),
            false => None,
        };
        let (name, place) = (plan.name.clone(), c.place);
        traced.strike(reading.most, || Struck { event, shown, name, place, strike, message, nearest });
    }
    for (clause, a) in &at.fired {
        let Some(c) = plan.clauses.get(*clause) else { continue };
        let word = match &c.form {
            PolicyAct::Effect(Act::Warn, _) => "warn",
            PolicyAct::Rewrite(..) => "rewrite",
            _ => continue,
        };
        if !certain(a) {
            continue;
        }
        traced.remarks.1 += 1;
        if traced.remarks.0.len() < reading.most {
            let mut text = policy::told(m, plan, *clause, event, a).unwrap_or_default();
            if let PolicyAct::Rewrite(attr, ..) = &c.form
                && let Some((path, value)) = policy::rewritten(m, plan, *clause, event, a)
            {
                let name = m.graph.schema.attr(*attr).map_or("?".into(), |a| a.name.to_string());
                let keys: String = path.iter().map(|k| format!(".{}", m.plainly(*k))).collect();
                let said = if text.is_empty() { String::new() } else { format!(": {text}") };
                text = format!("{}.{name}{keys} = {}{said}", plan.name, m.show(value));
            }
            traced.remarks.0.push(Remark { event: m.show(event), word, message: text });
        }
    }
    for (clause, a) in &at.unmet {
        let Some(c) = plan.clauses.get(*clause) else { continue };
        let PolicyAct::Oblige { within, .. } = &c.form else { continue };
        let now = event.as_event().and_then(|e| m.graph.event_at(e)).unwrap_or(0);
        let due = now.saturating_add(*within);
        let lapsed = match reading.closed {
            true => Some(a.clone()),
            false => policy::passed(m, due.saturating_add(reading.lateness), &a.possible()).and_then(|p| p.and(a)),
        };
        if lapsed.as_ref().is_some_and(certain) {
            clear = false;
            let message = if traced.struck.len() < reading.most { policy::told(m, plan, *clause, event, a) } else { None };
            let message = message.or_else(|| Some(unmet_message(*within)));
            if let Some(struck) = obligation(m, (plan, *clause), (event, due), message) {
                traced.strike(reading.most, || struck);
            }
        } else if certain(a) {
            let message = policy::told(m, plan, *clause, event, a);
            traced.open.extend(obligation(m, (plan, *clause), (event, due), message));
        }
    }
    if clear && let Some(f) = at.fault() {
        traced.fault(m, f, event);
    }
}

/// Rewrites of one event that contradict each other are a fault of their policies; `number` says where what is said of a policy goes.
pub fn contradictions<A: Annotation>(
    m: &mut Machine<A>,
    (plans, found, beside): (&[PolicyPlan], &[At<A>], Beside),
    event: Val,
    number: &dyn Fn(usize) -> usize,
    all: &mut [Traced],
) {
    for (policy, at) in rewrite::contradictions(m, plans, found, event, beside) {
        all.get_mut(number(policy)).into_iter().for_each(|t| t.fault_at(&at, || m.show(event)));
    }
}

/// Reports what policies on events say of a trace. `limit`: the reading ended before.
pub fn report(
    program: &Program,
    traced: Vec<Traced>,
    limit: bool,
    asked: &Asked<'_>,
    locate: &dyn Fn(&Struck) -> Option<Located>,
    (reports, diagnostics): (&mut Vec<DemandReport>, &mut Vec<Diagnostic>),
) {
    let last = program.policies.iter().filter(|p| p.on.is_some()).map(|p| p.place).max().unwrap_or_default();
    for t in traced {
        let mut r = match t.policy.and_then(|n| program.policies.get(n)) {
            Some(p) => DemandReport {
                title: p.title.as_ref().map(|t| t.to_string()),
                ..DemandReport::blank(DemandKind::Policy, &p.name, p.severity, p.place)
            },
            None => DemandReport::blank(DemandKind::Policy, "default", Severity::Error, last),
        };
        r.checked = t.checked;
        r.violation_count = t.count;
        if let Some(Unsupported { place, what }) = t.unsupported {
            r.unknown = Some(Unknown::NotYet);
            diagnostics.push(error::not_yet(&r.name, r.place, what, place));
            reports.push(r);
            continue;
        }
        faults(&r, &t, diagnostics);
        (r.verdict, r.unknown) = match (t.count, t.faults.0.is_empty(), t.open.is_empty()) {
            (1.., ..) => (Verdict::Violated, None),
            _ if limit => (Verdict::Unknown, Some(Unknown::Limit)),
            (_, false, _) => (Verdict::Unknown, Some(Unknown::Fault)),
            (_, _, false) => (Verdict::Pending, None),
            _ if t.checked == 0 => (Verdict::Vacuous, None),
            _ if asked.closed => (Verdict::Satisfied, None),
            _ => (Verdict::Holding, None),
        };
        if r.verdict == Verdict::Vacuous {
            diagnostics.push(
                Diagnostic::warning(error::VACUOUS, format!("`{}` is vacuous: there was nothing to decide", r.name))
                    .at(r.place, "no event of the trace is one that it is on")
                    .help("look at its `on`; or accept it, if such traces are meant"),
            );
        }
        r.violations = t.struck.iter().map(|s| violation(&r.name, s, r.place, asked, locate(s))).collect();
        let due = |s: &Struck| Due {
            event: s.shown.clone(),
            due: s.strike.due.map(format_time).unwrap_or_default(),
            message: s.message.clone(),
            program: s.place,
        };
        r.due = t.open.iter().map(due).collect();
        r.remark_count = t.remarks.1;
        r.remarks = t.remarks.0;
        reports.push(r);
    }
}

/// The element that was struck, for who can find it.
pub fn element(s: &Struck) -> Option<Element> {
    s.event.as_event().map(Element::Event)
}

fn violation(policy: &str, s: &Struck, place: Place, asked: &Asked<'_>, located: Option<Located>) -> Violation {
    let shown = s.shown.clone();
    let place = if s.place == Place::default() { place } else { s.place };
    let message = s.message.clone().unwrap_or_else(|| {
        let text = asked.sources.text(s.place);
        let clause: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        format!("`{clause}`")
    });
    let due = if s.strike.due.is_some() { " due" } else { "" };
    Violation {
        key: format!("{policy}{due} {}={shown}", s.name),
        binding: vec![(s.name.to_string(), serde_json::Value::String(shown))],
        message,
        witness: vec![],
        why: vec![],
        world: None,
        nearest: s.nearest.as_ref().map(|m| m.told(asked.sources)),
        strike: Some(s.strike.clone()),
        program: place,
        candidate: located.into_iter().collect(),
    }
}

fn faults(r: &DemandReport, t: &Traced, diagnostics: &mut Vec<Diagnostic>) {
    let (shown, more) = &t.faults;
    for (at, event) in shown.iter().take(SHOWN_FAULTS) {
        let mut d = error::fault(&r.name, r.place, at).note(format!("at {event}"));
        if t.count > 0 {
            d.severity = Severity::Warning;
            d.title = format!("`{}` is violated, and may be so more often: {}", r.name, at.fault.text);
        }
        diagnostics.push(d);
    }
    let more = more + shown.len().saturating_sub(SHOWN_FAULTS) as u64;
    if more > 0
        && let Some(d) = diagnostics.last_mut()
    {
        d.notes.push(format!("and at {more} more events"));
    }
}

/// Whether a policy's state on a whole trace is the one that is expected.
pub fn is_in_state(t: &Traced, state: PolicyState) -> bool {
    match state {
        PolicyState::Violated => t.count > 0,
        PolicyState::Pending => t.count == 0 && t.faults.0.is_empty() && !t.open.is_empty(),
        PolicyState::Satisfied | PolicyState::Holding => t.count == 0 && t.faults.0.is_empty() && t.open.is_empty(),
    }
}

/// What a trace holds against a policy, in a line.
pub fn described(policy: &str, t: &Traced) -> String {
    let list = |all: &[Struck]| all.iter().take(3).map(|s| s.shown.as_str()).collect::<Vec<_>>().join(", ");
    if t.count > 0 {
        let more = if t.count > 3 { format!(", and {} more", t.count - 3) } else { String::new() };
        return format!("`{policy}` is violated at {}{more}", list(&t.struck));
    }
    if let Some((f, event)) = t.faults.0.first() {
        return format!("`{policy}` is unknown at {event}: {}", f.fault.text);
    }
    match t.open.is_empty() {
        false => format!("`{policy}` is pending: {} waits", list(&t.open)),
        true => format!("`{policy}` is holding"),
    }
}
