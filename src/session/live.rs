//! Policies and event rules as plans that outlive their lowering, over events that come one at a time: first in a run without faults, from the
//! first fault on in one that can tell them. Used by stream and monitor.
use super::evaluate::{Evaluation, How, Read};
use crate::demand::policy::{At, Governed};
use crate::engine::{Annotation, Budget, Kleene, Machine, Present};
use crate::plan::TimedPlan;
use crate::plan::policy::PolicyPlan;
use crate::plan::unit::Unsupported;
use crate::scalar::{Val, Value};
use crate::semantics::hir::Program;
use crate::semantics::{Strata, Stratum, eventful};
use crate::structure::Graph;

/// What is run at each event.
pub struct Plans {
    /// The policies.
    pub policies: Vec<PolicyPlan>,
    /// Their numbers in the program.
    pub numbers: Vec<usize>,
    /// Which are on what.
    pub governed: Governed,
    /// Event rules, stratum by stratum.
    pub(super) timed: Vec<TimedPlan>,
    /// `default permit`.
    pub default_permits: bool,
    /// Whether events are looked up by id, so that all must be kept.
    pub findable: bool,
    /// What they read of events.
    pub read: Read,
}

/// A run over events.
pub enum Core {
    /// There was no fault yet.
    Plain(Box<Machine<Present>>),
    /// There was one.
    Full(Box<Machine<Kleene>>),
}

/// What decides how plans are made.
pub struct Wanted<'a> {
    /// Whether a policy of that name is wanted.
    pub policies: &'a dyn Fn(&str) -> bool,
    /// How late events may come, in microseconds.
    pub lateness: i64,
    /// Whether the events that count are to be named: then they are kept as long as they count.
    pub explain: bool,
    /// Whether it is counted of how many events each policy was on.
    pub counting: bool,
    /// What the run may cost.
    pub budget: Budget,
}

impl Core {
    /// The plans of a program's policies, and a run over a structure before any event.
    pub fn new(
        (program, strata): (&Program, &Strata),
        graph: Graph,
        values: &[Value],
        wanted: &Wanted<'_>,
    ) -> Result<(Plans, Core), Unsupported> {
        let (plans, plain) = built((program, strata), graph, (Present, values), wanted)?;
        if !plain.faulted {
            return Ok((plans, Core::Plain(Box::new(plain))));
        }
        let (plans, full) = built((program, strata), plain.graph, (Kleene::True, values), wanted)?;
        Ok((plans, Core::Full(Box::new(full))))
    }
    /// The structure.
    pub fn graph(&self) -> &Graph {
        match self {
            Core::Plain(m) => &m.graph,
            Core::Full(m) => &m.graph,
        }
    }
    /// The same, to be changed.
    pub fn graph_mut(&mut self) -> &mut Graph {
        match self {
            Core::Plain(m) => &mut m.graph,
            Core::Full(m) => &mut m.graph,
        }
    }
    /// From now on faults can be told.
    pub fn lift(&mut self) {
        if let Core::Plain(m) = self {
            let empty = Machine::new(Graph::default(), Present, Budget::default());
            let plain = std::mem::replace(&mut **m, empty);
            *self = Core::Full(Box::new(plain.lifted()));
        }
    }
}

fn built<A: Annotation>(
    (program, strata): (&Program, &Strata),
    graph: Graph,
    (universe, values): (A, &[Value]),
    wanted: &Wanted<'_>,
) -> Result<(Plans, Machine<A>), Unsupported> {
    let eventful = eventful::rules(program);
    let of_events = |s: &&Stratum| s.rules.iter().any(|r| eventful.contains(r));
    let still = Strata { strata: strata.strata.iter().filter(|s| !of_events(s)).cloned().collect() };
    let mut e = Evaluation::new(program, &still, graph, (universe, values), wanted.budget.clone(), How::default(), &|_| {});
    let mut timed = vec![];
    for s in strata.strata.iter().filter(of_events) {
        timed.push(e.timed(&s.rules)?);
    }
    let (mut policies, mut numbers) = (vec![], vec![]);
    for (n, plan) in e.policies(wanted.policies) {
        policies.push(plan?);
        numbers.push(n);
    }
    let (mut machine, read) = e.over();
    let findable = eventful::looks_up(program);
    machine.go_live((&read.histories, &read.cells), findable, wanted.lateness, wanted.explain);
    let governed = Governed::new(&mut machine, &policies);
    let governed = if wanted.counting { governed.counting(&policies) } else { governed };
    let default_permits = program.default_permit.is_some();
    Ok((Plans { policies, numbers, governed, timed, default_permits, findable, read }, machine))
}

impl Plans {
    /// What the event rules and then the policies say of an event that just came.
    pub fn at<A: Annotation>(&mut self, m: &mut Machine<A>, event: u32) -> Vec<At<A>> {
        let before: Vec<u32> = self.read.kept.iter().map(|r| m.relation(*r).map_or(0, |r| r.len())).collect();
        for t in &self.timed {
            m.timed(t, event..event + 1);
        }
        for (r, n) in self.read.kept.iter().zip(before) {
            m.pin_named(*r, n);
        }
        self.judge(m, event)
    }
    /// The same of an event that is only tried: it keeps nothing.
    pub fn tried<A: Annotation>(&mut self, m: &mut Machine<A>, event: u32) -> Vec<At<A>> {
        for t in &self.timed {
            m.timed(t, event..event + 1);
        }
        self.judge(m, event)
    }
    /// What the policies say of an event.
    pub fn judge<A: Annotation>(&mut self, m: &mut Machine<A>, event: u32) -> Vec<At<A>> {
        let universe = m.universe.clone();
        self.governed.at(m, &self.policies, Val::event(event), &universe)
    }
}
