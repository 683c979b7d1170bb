//! Rewrites of one event that contradict each other: a fault of every policy that made one. Called by session, where policies judge a trace.
use super::policy::{At, rewritten, together};
use crate::engine::fault::FaultAt;
use crate::engine::{Annotation, Machine};
use crate::plan::policy::{PolicyAct, PolicyPlan};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Fault, Val};
use crate::structure::schema::AttrId;

/// What of a decision is known beside what policies say.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// Whether an event is forbidden that no policy permits: all policies are asked.
    pub all: bool,
    /// `default permit`.
    pub default_permits: bool,
}

/// A rewrite that is certain.
struct Made {
    policy: usize,
    clause: usize,
    attr: AttrId,
    path: Vec<Val>,
    value: Val,
}

impl Made {
    /// One within the other, or the same: two that differ.
    fn contradicts(&self, other: &Made) -> bool {
        let shorter = self.path.len().min(other.path.len());
        let one_place = self.attr == other.attr && self.path.get(..shorter) == other.path.get(..shorter);
        one_place && (self.path.len() != other.path.len() || self.value != other.value)
    }
}

/// The policies whose rewrites of an event contradict each other. An event that is refused anyway is not rewritten.
pub fn contradictions<A: Annotation>(
    m: &mut Machine<A>,
    plans: &[PolicyPlan],
    found: &[At<A>],
    event: Val,
    beside: Beside,
) -> Vec<(usize, FaultAt)> {
    let certain = |a: &A| a.certain().is_some();
    let mut firing: Vec<(usize, usize, AttrId, A)> = vec![];
    for at in found {
        let Some(plan) = plans.get(at.policy) else { continue };
        for (n, a) in at.fired.iter().filter(|f| certain(&f.1)) {
            if let Some(PolicyAct::Rewrite(attr, _)) = plan.clauses.get(*n).map(|c| &c.form) {
                firing.push((at.policy, *n, *attr, a.clone()));
            }
        }
    }
    if firing.len() < 2 {
        return vec![];
    }
    let universe = m.universe.clone();
    let sum = together(plans, found, &universe, beside.default_permits);
    let refused = [&sum.forbids, &sum.escalates].into_iter().flatten().any(certain) || beside.all && sum.default.is_some();
    // what will meet an obligation is not known when it is decided
    let fault = |at: &At<A>| std::iter::once(&at.on).chain(at.fired.iter().map(|f| &f.1)).any(|a| a.faulty().is_some());
    if refused || found.iter().any(fault) {
        return vec![];
    }
    let mut made: Vec<Made> = vec![];
    for (policy, clause, attr, a) in firing {
        let Some(plan) = plans.get(policy) else { continue };
        if let Some((path, value)) = rewritten(m, plan, clause, event, &a) {
            made.push(Made { policy, clause, attr, path, value });
        }
    }
    let mut all: Vec<(usize, FaultAt)> = vec![];
    for (i, one) in made.iter().enumerate() {
        let others = made.iter().enumerate().filter(|o| o.0 != i).map(|o| o.1);
        let Some(other) = others.into_iter().find(|o| one.contradicts(o)) else { continue };
        let clause = |x: &Made| Some((plans.get(x.policy)?, plans.get(x.policy)?.clauses.get(x.clause)?));
        let (Some((_, c)), Some((theirs, _))) = (clause(one), clause(other)) else { continue };
        let name = m.graph.schema.attr(one.attr).map_or("?".into(), |a| a.name.to_string());
        let by = if one.policy == other.policy { "its own other rewrite".into() } else { format!("`{}`", theirs.title) };
        let text = format!("what it writes into `{name}` contradicts what {by} writes there");
        let fault = Fault::new(FaultKind::Conflict, text);
        if all.iter().all(|a| a.0 != one.policy) {
            all.push((one.policy, FaultAt { place: c.place, fault }));
        }
    }
    all
}
