//! What edits and interventions propose, read in the parent: the changes of each world, and what binds it. Called by exercise and intervene.
use super::evaluate::Evaluation;
use super::sample::Sample;
use crate::base::Place;
use crate::engine::{Annotation, Machine};
use crate::plan::Computed;
use crate::plan::edit::{Action, EditPlan, EndPlan};
use crate::plan::unit::Unsupported;
use crate::scalar::{KindId, Val, Value};
use crate::semantics::hir::{self, VarId};
use crate::structure::edit::Change;

/// Changes, each with the edit that makes it; or the fault (by number) that stands in the way of one, and that edit.
pub type Edited = Result<Vec<(Change, Place)>, (u32, Place)>;

/// A world that an intervention makes.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What its variables stand for. The variable of `for any` stands for the list of its elements.
    pub binding: Vec<(VarId, Val)>,
    /// The elements of `for any`; none without it.
    pub members: Vec<Val>,
    /// Which binding of the other `for`s it belongs to.
    pub group: usize,
    /// What its edits change.
    pub edits: Edited,
    /// What `against` changes, in the world that it is compared with.
    pub against: Option<Edited>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    /// In the order of their bindings.
    pub worlds: Vec<Proposal>,
    /// Whether these are all.
    pub all: bool,
    /// Whether they are a sample of all. If they are not all and no sample, they are the first.
    pub sample: bool,
    /// Faults in the way of bindings, by number: there may be more worlds.
    pub faults: Vec<u32>,
}

/// Of so many times as many bindings as are wanted a sample is taken; further ones are not looked at.
const LOOK: u64 = 100;

type Binding = Vec<(VarId, Val)>;

impl<'p, A: Annotation> Evaluation<'p, A> {
    /// The changes that edits make, with some variables known.
    pub fn changes(&mut self, vars: usize, known: &[(VarId, Val)], edits: &'p [hir::Edit]) -> Result<Edited, Unsupported> {
        let names: Vec<VarId> = known.iter().map(|k| k.0).collect();
        let plans = self.edit_plans(vars, &names, edits)?;
        Ok(self.edited(&plans, &[known]))
    }

    fn edit_plans(&mut self, vars: usize, known: &[VarId], edits: &'p [hir::Edit]) -> Result<Vec<EditPlan>, Unsupported> {
        let mut plans = vec![];
        for e in edits {
            if let Some(s) = &e.scope {
                self.scope(s)?;
            }
            plans.push(self.planned(|l, sizes, d| l.edit((vars, known), e, sizes, d))?);
        }
        Ok(plans)
    }

    /// The changes of one world: its edits, for each of some bindings.
    fn edited(&mut self, plans: &[EditPlan], bindings: &[&[(VarId, Val)]]) -> Edited {
        let mut changes = vec![];
        for plan in plans {
            for known in bindings {
                self.machine.frame(plan.slots);
                known.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
                let mut fault = None;
                let universe = self.machine.here.clone();
                self.machine.run(&plan.block, universe, &mut |m, a| {
                    let unknown = a.faulty().map(|f| f.1);
                    match unknown.map_or_else(|| change(m, &plan.action), Err) {
                        Ok(c) => changes.push((c, plan.place)),
                        Err(f) => fault = Some(f),
                    }
                    m.halted() || fault.is_some()
                });
                if let Some(f) = fault {
                    return Err((f, plan.place));
                }
            }
        }
        Ok(changes)
    }

    /// The worlds of an intervention, so many at most: if there are more, a sample of them.
    pub fn proposed(&mut self, i: &'p hir::Intervention, (most, seed): (usize, u64)) -> Result<Proposals, Unsupported> {
        if let Some(g) = i.given.first() {
            return Err(Unsupported { place: g.place, what: "`given`" });
        }
        if i.samples.is_some() {
            return Err(Unsupported { place: i.place, what: "samples" });
        }
        let vars = i.vars.len();
        let mut out = Proposals { all: true, ..Proposals::default() };
        // behind each `for`: the bindings by now, with the list of `for any` and its group
        let mut rows: Vec<(Binding, Vec<Val>, usize)> = vec![(vec![], vec![], 0)];
        let mut any = None;
        let mut known: Vec<VarId> = vec![];
        let mut lets: Vec<&'p (VarId, hir::Expr)> = i.lets_before.iter().collect();
        for (k, scope) in &i.scopes {
            self.lets(vars, &mut lets, &mut known, &mut rows)?;
            self.scope(scope)?;
            let plan = self.planned(|l, sizes, d| l.intervention_scope(vars, &known, scope, sizes, d))?;
            let binders: Vec<VarId> = scope.binders.iter().flat_map(|b| b.key.into_iter().chain(b.var)).collect();
            let mut next = vec![];
            let mut sample = Sample::new(most, seed);
            for (n, (row, members, group)) in rows.into_iter().enumerate() {
                self.machine.frame(plan.slots);
                row.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
                let found = self.scoped(&plan, &binders, &mut out.faults);
                match k {
                    None => found.into_iter().for_each(|b| {
                        sample.offer(|| {
                            let row: Binding = row.iter().copied().chain(binders.iter().copied().zip(b)).collect();
                            (row, members.clone(), group)
                        });
                    }),
                    Some(k) => {
                        let all: Vec<Val> = found.into_iter().filter_map(|b| b.first().copied()).collect();
                        out.all &= subsets(&all, *k as usize, most.saturating_sub(next.len()), &mut |set| {
                            let list = set.iter().map(|v| self.machine.graph.dictionary.value(*v)).collect();
                            let list = self.machine.graph.dictionary.intern(Value::list(list));
                            let named = binders.first().map(|v| (*v, list));
                            next.push((row.iter().copied().chain(named).collect(), set.to_vec(), n));
                        });
                        any = binders.first().copied();
                    }
                }
                if sample.seen() > LOOK.saturating_mul(most as u64) || self.machine.halted() {
                    break;
                }
            }
            if sample.seen() > most as u64 {
                (out.all, out.sample) = (false, true);
            }
            next.extend(sample.kept());
            known.extend(binders);
            if any.is_some() && k.is_none() {
                // the `for`s behind tell groups apart too
                let mut groups: Vec<Vec<Val>> = vec![];
                for (row, _, group) in &mut next {
                    let own = |v: VarId| Some(v) == any || i.lets_before.iter().any(|l| l.0 == v);
                    let key: Vec<Val> = row.iter().filter(|b| !own(b.0)).map(|b| b.1).collect();
                    *group = groups.iter().position(|g| *g == key).unwrap_or_else(|| {
                        groups.push(key);
                        groups.len() - 1
                    });
                }
            }
            rows = next;
        }
        self.lets(vars, &mut lets, &mut known, &mut rows)?;
        let edits = self.edit_plans(vars, &known, &i.edits)?;
        let against = self.edit_plans(vars, &known, &i.against)?;
        for (binding, members, group) in rows {
            // in the edits the variable of `for any` is one element
            let each: Vec<Binding> = match any {
                None => vec![binding.clone()],
                Some(any) => {
                    let one = |m: &Val| binding.iter().map(|(v, x)| (*v, if *v == any { *m } else { *x })).collect();
                    members.iter().map(one).collect()
                }
            };
            let each: Vec<&[(VarId, Val)]> = each.iter().map(Vec::as_slice).collect();
            let changes = self.edited(&edits, &each);
            let other = (!against.is_empty()).then(|| self.edited(&against, &each));
            out.worlds.push(Proposal { binding, members, group, edits: changes, against: other });
            if self.machine.halted() {
                break;
            }
        }
        out.faults.sort();
        out.faults.dedup();
        Ok(out)
    }

    /// The `let`s before the first `do` whose variables are known.
    fn lets(
        &mut self,
        vars: usize,
        lets: &mut Vec<&'p (VarId, hir::Expr)>,
        known: &mut Vec<VarId>,
        rows: &mut [(Binding, Vec<Val>, usize)],
    ) -> Result<(), Unsupported> {
        while let Some((v, e)) = lets.first() {
            let ready = mentioned(e).iter().all(|m| known.contains(m));
            if !ready {
                return Ok(());
            }
            lets.remove(0);
            self.available(e)?;
            let (slots, value) = self.planned(|l, sizes, d| l.known_value(vars, known, e, sizes, d))?;
            for (row, ..) in rows.iter_mut() {
                self.machine.frame(slots);
                row.iter().for_each(|(v, x)| self.machine.set(v.0, *x));
                let x = one_of(&mut self.machine, &value).unwrap_or_else(Val::fault);
                row.push((*v, x));
            }
            known.push(*v);
        }
        Ok(())
    }

    /// The bindings of a scope, in order; what a fault stands in the way of is left out and the fault noted.
    fn scoped(&mut self, plan: &crate::plan::intervention::ScopePlan, binders: &[VarId], faults: &mut Vec<u32>) -> Vec<Vec<Val>> {
        let mut found: indexmap::IndexSet<Vec<Val>, rustc_hash::FxBuildHasher> = Default::default();
        let universe = self.machine.here.clone();
        self.machine.run(&plan.block, universe, &mut |m, a| {
            let row: Vec<Val> = binders.iter().map(|v| m.get(v.0)).collect();
            match a.faulty().map(|f| f.1).or(row.iter().find_map(|v| v.as_fault())) {
                Some(f) => faults.push(f),
                None => {
                    found.insert(row);
                }
            }
            m.halted()
        });
        let mut found: Vec<Vec<Val>> = found.into_iter().collect();
        let dictionary = &self.machine.graph.dictionary;
        found.sort_by(|x, y| {
            let pairs = x.iter().zip(y).map(|(a, b)| dictionary.compare(*a, *b));
            pairs.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        found
    }
}

/// The variables of an expression that are not its own.
fn mentioned(e: &hir::Expr) -> Vec<VarId> {
    let mut all = vec![];
    let mut own = vec![];
    hir_all(e, &mut |x| {
        if let hir::ExprKind::Var(v) = x.kind {
            all.push(v);
        }
        own.extend(crate::plan::unit::binders(x));
    });
    all.retain(|v| !own.contains(v));
    all
}

fn hir_all<'a>(e: &'a hir::Expr, f: &mut dyn FnMut(&'a hir::Expr)) {
    f(e);
    crate::plan::unit::each_part(e, &mut |p| hir_all(p, f));
}

/// Calls `found` with the sets of 1 to k of some elements, small ones first. Gives whether these were all.
fn subsets(all: &[Val], k: usize, most: usize, found: &mut dyn FnMut(&[Val])) -> bool {
    let mut left = most;
    for size in 1..=k.min(all.len()) {
        let mut at: Vec<usize> = (0..size).collect();
        loop {
            if left == 0 {
                return false;
            }
            left -= 1;
            let set: Vec<Val> = at.iter().filter_map(|i| all.get(*i)).copied().collect();
            found(&set);
            // the next combination: the last position that can still move, and those behind it right after
            let Some(i) = (0..size).rev().find(|i| at.get(*i).is_some_and(|a| *a < all.len() - size + i)) else { break };
            let next = at.get(i).map_or(0, |a| a + 1);
            for (j, slot) in at.iter_mut().enumerate().skip(i) {
                *slot = next + j - i;
            }
        }
    }
    true
}

/// One value, in one world.
pub(super) fn one_of<A: Annotation>(m: &mut Machine<A>, c: &Computed) -> Result<Val, u32> {
    let mut v = Val::NONE;
    let universe = m.here.clone();
    m.run(&c.block, universe, &mut |m, _| {
        v = m.scalar(&c.result);
        true
    });
    v.as_fault().map_or(Ok(v), Err)
}

/// What an edit does for the present binding.
fn change<A: Annotation>(m: &mut Machine<A>, action: &Action) -> Result<Change, u32> {
    let value = one_of::<A>;
    let end = |m: &mut Machine<A>, e: &EndPlan| -> Result<(KindId, Val), u32> {
        match e {
            EndPlan::Named(k, c) => Ok((*k, value(m, c)?)),
            EndPlan::Element(c) => {
                let v = value(m, c)?;
                let n = v.as_node().and_then(|n| Some((m.graph.node_kind(n)?, m.graph.node_id(n))));
                n.ok_or(u32::MAX)
            }
        }
    };
    Ok(match action {
        Action::Remove(c) => Change::Remove(value(m, c)?),
        Action::Set(of, attr, path, new) => {
            let (of, new) = (value(m, of)?, value(m, new)?);
            let path = path.iter().map(|p| value(m, p)).collect::<Result<Vec<_>, _>>()?;
            Change::Set { of, attr: *attr, path, value: new }
        }
        Action::AddNode(kind, id, list, ensure) => {
            let id = value(m, id)?;
            let given = list.iter().map(|(a, c)| Ok((*a, value(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddNode { kind: *kind, id, given, ensure: *ensure }
        }
        Action::AddEdge(kind, from, to, list, ensure) => {
            let (from, to) = (end(m, from)?, end(m, to)?);
            let given = list.iter().map(|(a, c)| Ok((*a, one_of(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddEdge { kind: *kind, from, to, given, ensure: *ensure }
        }
        Action::AddEvent(kind, id, at, list) => {
            let (id, at) = (value(m, id)?, value(m, at)?);
            let at = match m.graph.dictionary.value(at) {
                Value::Time(t) | Value::Duration(t) => t,
                _ => 0,
            };
            let given = list.iter().map(|(a, c)| Ok((*a, value(m, c)?))).collect::<Result<_, u32>>()?;
            Change::AddEvent { kind: *kind, id, at, given }
        }
    })
}
