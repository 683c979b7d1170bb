//! What policies say of one event, put together: the decision, and on what it rests. Called by monitor, from the evaluation that decided.
use super::live::Plans;
use super::monitor::{Monitor, because, in_run, json_of, within};
use super::places::Places;
use crate::demand::nearest::{self, Extent};
use crate::demand::policy::{self, At, Firing};
use crate::engine::{Annotation, Machine};
use crate::plan::Effect as Act;
use crate::plan::policy::PolicyAct;
use crate::scalar::{KindId, Val, Value};
use crate::structure::schema::AttrId;
use crate::verdict::Effect;
use crate::verdict::ruling::{Because, Decision, Noted, Rewrite};
use std::sync::Arc;

/// A clause that fires.
pub(super) struct Fired {
    pub policy: usize,
    pub clause: usize,
    pub act: Act,
    pub to: Option<String>,
    pub firing: Firing,
}

/// What policies say of an event.
pub(super) struct Judgement {
    pub effect: Effect,
    /// Whether no policy permits it.
    pub default: bool,
    /// What decided, and what warns.
    pub fired: Vec<Fired>,
    /// Policies that could not be decided, and why.
    pub faults: Vec<(usize, String)>,
    /// The policy, the attribute, the way into it, the value.
    pub rewrites: Vec<(usize, AttrId, Vec<Val>, Val)>,
    /// The policy, the clause, until when, from which bindings, with which message.
    pub opened: Vec<Opened>,
}

pub(super) type Opened = (usize, usize, i64, Vec<Box<[Val]>>, Option<String>);

/// What is decided about an event, and whether that is so since no policy permits it.
fn effect_of<A: Annotation>(m: &Machine<A>, plans: &Plans, found: &[At<A>]) -> (Effect, bool) {
    let sum = policy::together(&plans.policies, found, &m.universe, plans.default_permits);
    let certain = |a: &Option<A>| a.as_ref().and_then(A::certain).is_some();
    let faulty = found.iter().any(|at| at.fault().is_some());
    match () {
        _ if certain(&sum.forbids) || faulty => (Effect::Forbid, false),
        _ if certain(&sum.escalates) => (Effect::Escalate, false),
        _ if certain(&sum.permits) => (Effect::Permit, false),
        _ => (Effect::Forbid, true),
    }
}

/// What is decided about an event, and whether it is rewritten if it is permitted.
pub(super) fn effect<A: Annotation>(m: &Machine<A>, plans: &Plans, found: &[At<A>]) -> (Effect, bool) {
    let rewrites = |at: &At<A>| {
        let plan = plans.policies.get(at.policy);
        at.fired.iter().any(|f| matches!(plan.and_then(|p| p.clauses.get(f.0)).map(|c| &c.form), Some(PolicyAct::Rewrite(..))))
    };
    (effect_of(m, plans, found).0, found.iter().any(rewrites))
}

/// Puts together what was found at an event.
pub(super) fn judgement<A: Annotation>(m: &mut Machine<A>, plans: &Plans, n: u32, found: &[At<A>]) -> Judgement {
    let event = Val::event(n);
    let (effect, default) = effect_of(m, plans, found);
    let mut faults: Vec<(usize, String)> = vec![];
    for at in found {
        if let Some(f) = at.fault() {
            let text = m.faults.get(f).map_or_else(|| "a fault".to_string(), |f| f.fault.text.clone());
            faults.push((at.policy, text));
        }
    }
    let decides = match effect {
        Effect::Permit => Act::Permit,
        Effect::Escalate => Act::Escalate,
        Effect::Forbid => Act::Forbid,
    };
    let mut judged = Judgement { effect, default, fired: vec![], faults, rewrites: vec![], opened: vec![] };
    for at in found {
        let Some(plan) = plans.policies.get(at.policy) else { continue };
        for (clause, a) in &at.fired {
            let Some(c) = plan.clauses.get(*clause).filter(|_| a.certain().is_some()) else { continue };
            match &c.form {
                PolicyAct::Effect(act, to) if *act == decides || *act == Act::Warn => {
                    // why something is permitted is said by the policy's name; the rest costs time that only a refusal is worth
                    let firing = match act {
                        Act::Permit => Firing {
                            message: c.message.as_ref().and(policy::told(m, plan, *clause, event, a)),
                            ..Firing::default()
                        },
                        _ => policy::firing(m, plan, *clause, event, a),
                    };
                    let to = to.as_ref().map(|t| t.to_string());
                    judged.fired.push(Fired { policy: at.policy, clause: *clause, act: *act, to, firing });
                }
                PolicyAct::Rewrite(attr, ..) if effect == Effect::Permit => {
                    if let Some((path, value)) = policy::rewritten(m, plan, *clause, event, a) {
                        judged.rewrites.push((at.policy, *attr, path, value));
                    }
                }
                _ => {}
            }
        }
        let now = m.graph.event_at(n).unwrap_or(0);
        for (clause, a, frame) in &at.opened {
            let Some(PolicyAct::Oblige { within, .. }) = plan.clauses.get(*clause).map(|c| &c.form) else { continue };
            match judged.opened.iter_mut().find(|o| (o.0, o.1) == (at.policy, *clause)) {
                Some(o) => o.3.push(frame.clone()),
                None => {
                    let message = policy::told(m, plan, *clause, event, a);
                    judged.opened.push((at.policy, *clause, now.saturating_add(*within), vec![frame.clone()], message));
                }
            }
        }
    }
    judged
}

/// An event that is not in order, and so forbidden.
pub(super) fn refused(event: String, why: String) -> Decision {
    Decision { reasons: vec![because("event".into(), "forbid", why)], effect: Effect::Forbid, ..recorded(event) }
}

/// An event that nobody decides: it is recorded.
pub(super) fn recorded(event: String) -> Decision {
    Decision {
        event,
        effect: Effect::Permit,
        to: vec![],
        reasons: vec![],
        warnings: vec![],
        rewrites: vec![],
        obligations: vec![],
        changes: vec![],
        tried: 0,
        noted: Noted::default(),
    }
}

impl Judgement {
    /// The events that those who decided found or counted, ascending.
    pub(super) fn events(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.fired.iter().flat_map(|f| f.firing.events.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The decision about an event, with what it rests on.
pub(super) fn decision(monitor: &Monitor, shown: String, _: u32, judged: &Judgement) -> Decision {
    let mut decision = Decision { effect: judged.effect, ..recorded(shown) };
    for f in &judged.fired {
        let because = fired(monitor, f);
        match f.act {
            Act::Warn => decision.warnings.push(because),
            _ => decision.reasons.push(because),
        }
        if let Some(to) = f.to.as_ref().filter(|to| f.act == Act::Escalate && !decision.to.contains(to)) {
            decision.to.push(to.clone());
        }
    }
    for (p, why) in &judged.faults {
        decision.reasons.push(because(monitor.policy(*p), "fault", why.clone()));
    }
    if judged.default {
        decision.reasons.push(because("default".into(), "forbid", "no policy permits it".into()));
    }
    for (p, attr, path, value) in &judged.rewrites {
        let graph = monitor.core.graph();
        let name = graph.schema.attr(*attr).map_or("?".into(), |a| a.name.to_string());
        let keys = path.iter().map(|k| in_run!(&monitor.core, m => m.plainly(*k)));
        let value = in_run!(&monitor.core, m => json_of(m, *value));
        decision.rewrites.push(Rewrite { policy: monitor.policy(*p), path: std::iter::once(name).chain(keys).collect(), value });
    }
    decision
}

/// Adds to a refusal what came closest to what it misses. The event is still in the history.
pub(super) fn nearest(monitor: &mut Monitor, n: u32, judged: &Judgement, decision: &mut Decision) {
    let extent = Extent { back: None };
    let sources = monitor.program.sources().clone();
    let Monitor { core, plans, .. } = monitor;
    in_run!(core, m => {
        let before = m.begin_trial();
        let universe = m.universe;
        let reasons = judged.fired.iter().filter(|f| f.act != Act::Warn);
        for (f, because) in reasons.zip(&mut decision.reasons) {
            let Some(plan) = plans.policies.get(f.policy) else { continue };
            let miss = nearest::missed(m, plan, f.clause, Val::event(n), &universe, extent);
            because.nearest = miss.map(|miss| miss.told(&sources));
        }
        if let (true, Some(because)) = (judged.default, decision.reasons.last_mut()) {
            let miss = nearest::unpermitted(m, &plans.policies, Val::event(n), &universe, extent);
            because.nearest = miss.map(|miss| miss.told(&sources));
        }
        m.end_trial(&before);
    });
}

fn fired(monitor: &Monitor, f: &Fired) -> Because {
    let sources = monitor.program.sources();
    let place = monitor.plans.policies.get(f.policy).and_then(|p| p.clauses.get(f.clause)).map(|c| c.place).unwrap_or_default();
    let clause = || sources.text(place).split_whitespace().collect::<Vec<_>>().join(" ");
    let effect = match f.act {
        Act::Permit => "permit",
        Act::Forbid => "forbid",
        Act::Escalate => "escalate",
        Act::Warn => "warn",
    };
    let message = f.firing.message.clone().unwrap_or_else(|| format!("`{}`", clause().chars().take(200).collect::<String>()));
    let at = Places::new(sources).located(place, String::new());
    let value = |v: &Val| in_run!(&monitor.core, m => json_of(m, *v));
    let show = |n: &u32| in_run!(&monitor.core, m => m.show(Val::event(*n)));
    Because {
        to: f.to.clone(),
        clause: at.map_or(String::new(), |l| format!("{}:{}:{}", l.file, l.line, l.column)),
        values: f.firing.values.iter().map(|(n, v)| (n.to_string(), value(v))).collect(),
        events: f.firing.events.iter().map(show).collect(),
        ..because(monitor.policy(f.policy), effect, message)
    }
}

/// The attributes of an event as the rewrites of a decision leave them; or which two contradict each other.
pub(super) fn rewrite(monitor: &mut Monitor, kind: KindId, values: &[Val], judged: &Judgement) -> Result<Box<[Val]>, String> {
    let mut all: Box<[Val]> = values.into();
    let attrs = monitor.core.graph().schema.attrs_of(kind);
    let mut done: Vec<(AttrId, &[Val], Val)> = vec![];
    for (policy, attr, path, value) in &judged.rewrites {
        if value.as_fault().is_some() || path.iter().any(|k| k.as_fault().is_some()) {
            return Err(format!("what `{}` would write cannot be computed", monitor.policy(*policy)));
        }
        // one within the other, or the same: two that differ
        let clash = |d: &&(AttrId, &[Val], Val)| {
            let shorter = d.1.len().min(path.len());
            d.0 == *attr && d.1.get(..shorter) == path.get(..shorter) && (d.1.len() != path.len() || d.2 != *value)
        };
        if done.iter().any(|d| clash(&d)) {
            return Err(format!("two policies write different values to one place; one is `{}`", monitor.policy(*policy)));
        }
        done.push((*attr, path, *value));
        let graph = monitor.core.graph_mut();
        let Some(slot) = attrs.iter().position(|a| a == attr).and_then(|i| all.get_mut(i)) else { continue };
        let keys: Vec<Value> = path.iter().map(|k| graph.dictionary.value(*k)).collect();
        let new = put(&graph.dictionary.value(*slot), &keys, graph.dictionary.value(*value))?;
        let ty = graph.schema.attr(*attr).map(|a| within(&a.ty));
        let new = match ty {
            Some(ty) if !ty.has_elements() => crate::scalar::cast::cast(&new, &ty).map_err(|f| f.text)?,
            _ => new,
        };
        *slot = graph.dictionary.intern(new);
    }
    Ok(all)
}

/// A Json with another value at the end of a way.
pub(super) fn put(of: &Value, keys: &[Value], new: Value) -> Result<Value, String> {
    let Some((key, rest)) = keys.split_first() else { return Ok(new) };
    match (of, key) {
        (Value::Record(fields), Value::Text(name)) => {
            let old = of.field(name).cloned().unwrap_or(Value::None);
            let new = put(&old, rest, new)?;
            let others = fields.iter().filter(|f| f.0 != *name).cloned();
            Ok(Value::record(others.chain([(name.clone(), new)])))
        }
        (Value::None, Value::Text(name)) => Ok(Value::record([(name.clone(), put(&Value::None, rest, new)?)])),
        (Value::List(items), Value::Int(i)) => {
            let mut items: Vec<Value> = items.to_vec();
            let slot = usize::try_from(*i).ok().and_then(|i| items.get_mut(i)).ok_or("there is no such position in the list")?;
            *slot = put(&slot.clone(), rest, new)?;
            Ok(Value::List(Arc::from(items)))
        }
        _ => Err("the way leads into what is no record and no list".into()),
    }
}
