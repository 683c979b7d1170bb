//! What became of the expectations of an intervention in the worlds of one run: verdicts first, then formulas. Called by intervene.
use super::evaluate::Evaluation;
use crate::demand::intervention::{self, Truth, Try};
use crate::demand::invariant::{self, Violations};
use crate::engine::Many;
use crate::plan::intervention::{Atom, InterventionPlan, atoms};
use crate::plan::unit::Unsupported;
use crate::plan::{InvariantPlan, RelId};
use crate::semantics::hir::{self, ExprKind, InvariantId, Program, Relation, RuleId, VerdictAtom};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the expectations in one run.
pub(super) struct Judged<A> {
    /// The expectations, planned.
    pub(super) plan: InterventionPlan,
    /// For each world, what became of each.
    pub(super) truths: Vec<Vec<Truth>>,
    /// The invariants that expectations speak of, with their violations.
    pub(super) invariants: BTreeMap<InvariantId, (InvariantPlan, Violations<A>)>,
    /// The rules that they speak of.
    pub(super) rules: BTreeSet<RuleId>,
}

impl<A: Many> Judged<A> {
    /// Judges the worlds of a run.
    pub(super) fn new<'p>(
        e: &mut Evaluation<'p, A>,
        program: &'p Program,
        i: &'p hir::Intervention,
        tries: &[Try],
    ) -> Result<Self, Unsupported> {
        let mut list: Vec<Atom<'p>> = vec![];
        i.lets.iter().for_each(|l| atoms(&l.1, false, &mut list));
        for (x, m) in &i.expects {
            atoms(x, false, &mut list);
            m.iter().for_each(|m| atoms(m, false, &mut list));
        }
        let numbers: Vec<u32> = tries.iter().map(|t| t.world).collect();
        let worlds = e.machine.universe.these(&numbers);
        let mut judged = Judged {
            plan: InterventionPlan { slots: 0, lets: Default::default(), expects: vec![], place: i.place },
            truths: vec![],
            invariants: BTreeMap::new(),
            rules: BTreeSet::new(),
        };
        let Some(worlds) = worlds else { return Ok(judged) };
        let mut known: Vec<Option<A>> = vec![];
        let mut vacuous: BTreeMap<usize, A> = BTreeMap::new();
        for a in &list {
            let (truth, idle) = judged.known(e, program, i, a, &worlds)?;
            if let Some(idle) = idle {
                vacuous.insert(a.e as *const hir::Expr as usize, idle);
            }
            known.push(truth);
        }
        e.machine.known = known;
        let verdicts: Vec<(usize, usize)> = list.iter().enumerate().map(|(n, a)| (a.e as *const hir::Expr as usize, n)).collect();
        for (v, x) in &i.lets {
            let _ = v;
            e.available(x)?;
        }
        for (x, m) in &i.expects {
            e.available(x)?;
            m.iter().try_for_each(|m| e.available(m))?;
            judged.mentioned(x);
        }
        judged.plan = e.planned(|l, sizes, d| l.intervention(i, &verdicts, sizes, d))?;
        e.machine.declare(&e.lowering.relations);
        // only an expectation that is `holds …` as a whole may say nothing
        let vacuous: Vec<Option<A>> =
            i.expects.iter().map(|(x, _)| vacuous.get(&(x as *const hir::Expr as usize)).cloned()).collect();
        e.machine.working_on(&i.name, i.place);
        judged.truths = intervention::judge(&mut e.machine, &judged.plan, tries, &vacuous);
        Ok(judged)
    }

    /// The rules that an expression speaks of itself.
    fn mentioned(&mut self, e: &hir::Expr) {
        match &e.kind {
            ExprKind::Atom(r, _) | ExprKind::Value { rule: r, .. } => {
                self.rules.insert(*r);
            }
            ExprKind::Path(p) => {
                for r in super::evaluate::relations(&p.path) {
                    if let Relation::Rule(r) = r {
                        self.rules.insert(r);
                    }
                }
            }
            ExprKind::Verdict(v) => {
                if let VerdictAtom::Unchanged(list) | VerdictAtom::Changed(list) = &**v {
                    self.rules.extend(list.iter().filter_map(|r| match r {
                        Relation::Rule(r) => Some(*r),
                        Relation::Edge(_) => None,
                    }));
                }
            }
            _ => {}
        }
        crate::plan::unit::each_part(e, &mut |p| self.mentioned(p));
    }

    fn violations<'p>(&mut self, e: &mut Evaluation<'p, A>, program: &'p Program, id: InvariantId) -> Result<(), Unsupported> {
        if self.invariants.contains_key(&id) {
            return Ok(());
        }
        let Some(i) = program.invariants.get(id.0 as usize) else { return Ok(()) };
        let found = e.violations(i)?;
        self.invariants.insert(id, found);
        for c in &i.clauses {
            match &c.form {
                hir::DemandForm::Require(x) => self.mentioned(x),
                hir::DemandForm::Never(s) => s.filter.iter().for_each(|x| self.mentioned(x)),
            }
        }
        Ok(())
    }

    /// Where a formula about verdicts is true, and where a `holds` says nothing.
    fn known<'p>(
        &mut self,
        e: &mut Evaluation<'p, A>,
        program: &'p Program,
        i: &'p hir::Intervention,
        a: &Atom<'p>,
        worlds: &A,
    ) -> Result<(Option<A>, Option<A>), Unsupported> {
        let place = a.e.place;
        match a.atom {
            VerdictAtom::Holds(ids) => {
                let (mut all, mut idle) = (Some(e.machine.universe.clone()), Some(worlds.clone()));
                for id in ids {
                    self.violations(e, program, *id)?;
                    let Some((plan, v)) = self.invariants.get(id) else { continue };
                    let (holds, vacuous) = match a.past {
                        true => (e.machine.universe.not(invariant::breaks(v).as_ref()), None),
                        false => intervention::holds(&e.machine, plan, v, worlds),
                    };
                    all = all.and_then(|x| x.and(holds.as_ref()?));
                    idle = idle.and_then(|x| x.and(vacuous.as_ref()?));
                }
                Ok((all, idle))
            }
            VerdictAtom::Breaks(ids, condition) => {
                let mut all = Some(e.machine.universe.clone());
                for id in ids {
                    self.violations(e, program, *id)?;
                    let breaks = match self.invariants.get(id) {
                        Some((plan, v)) => e.breaks((plan, v), i.vars.len(), condition.as_ref())?,
                        None => None,
                    };
                    all = all.and_then(|x| x.and(breaks.as_ref()?));
                }
                Ok((all, None))
            }
            VerdictAtom::Unchanged(list) | VerdictAtom::Changed(list) => {
                let wanted = matches!(a.atom, VerdictAtom::Changed(_));
                if a.past {
                    // there is nothing before the world before
                    return Ok(((!wanted).then(|| e.machine.universe.clone()), None));
                }
                let mut all = Some(worlds.clone());
                for r in list {
                    let changed = match r {
                        Relation::Rule(r) => {
                            e.unavailable(*r)?;
                            intervention::changed(&mut e.machine, RelId(r.0), worlds)
                        }
                        Relation::Edge(k) => intervention::rewired(&mut e.machine, *k, worlds),
                    };
                    let met = if wanted { changed } else { worlds.not(changed.as_ref()) };
                    all = all.and_then(|x| x.and(met.as_ref()?));
                }
                Ok((all, None))
            }
            VerdictAtom::Stable(_) => Ok((None, None)),
            // read where it is asked, of each event
            VerdictAtom::Decides(..) => e.decisions().map(|()| (None, None)),
            VerdictAtom::Policy(..) => Err(Unsupported { place, what: "the state of a policy outside a test" }),
        }
    }
}
