//! A program's tests: a structure from `given`, the edits of `do`, the rules over it, the expectations. Called by stages.
use super::decide::verdict;
use super::evaluate::{Decided, How, World, in_one_world, in_world_below};
use super::traced::{self, Reading};
use super::unmet::unmet;
use crate::base::{Place, Sources};
use crate::engine::Budget;
use crate::plan::intervention::atoms;
use crate::scalar::{Val, Value};
use crate::semantics::hir::{self, Expr, InvariantId, Program, VerdictAtom};
use crate::semantics::{Needs, Strata};
use crate::structure::difference::Difference;
use crate::structure::edit::{Change, Conflict};
use crate::structure::graph::Graph;
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// An expectation that was not met, or what stands in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Where.
    pub place: Place,
    /// What was found instead.
    pub text: String,
}

/// What came of a test. No misses: it passed.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// The expectations that were not met.
    pub misses: Vec<Miss>,
    /// The demands that its expectations found violated.
    pub violates: Vec<String>,
    /// The rules that have a fact in it.
    pub derives: Vec<String>,
}

/// Runs a test over the structure of its `given`.
pub fn run<'p>(
    what: (&'p Program, &Strata),
    given: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    (test, sources): (&'p hir::Test, &Sources),
) -> Ran {
    let mut expected = |world: &mut dyn World<'p>| {
        let mut ran = Ran::default();
        let mut outcomes = BTreeMap::new();
        for e in &test.expects {
            if let Err(text) = expect(what.0, world, (test, sources), e, &mut outcomes) {
                ran.misses.push(Miss { place: e.place, text });
            }
        }
        let violated = outcomes.iter().filter(|o| matches!(o.1, Ok((Verdict::Violated, _))));
        ran.violates = violated.filter_map(|o| Some(what.0.invariants.get(o.0.0 as usize)?.name.to_string())).collect();
        let rules = what.0.rules.iter().enumerate().filter(|(n, _)| world.facts(hir::RuleId(*n as u32)) > 0);
        ran.derives = rules.map(|(_, r)| r.name.to_string()).collect();
        ran
    };
    if test.edits.is_empty() {
        return in_one_world(what, given, values, budget, how, &mut expected);
    }
    match differing(what, given, values, budget, how, (test.vars.len(), &test.edits)) {
        Ok((parent, difference, _)) => in_world_below(what, (parent, &difference), values, budget, how, &mut expected),
        Err(miss) => Ran { misses: vec![miss], ..Ran::default() },
    }
}

/// The structure with the changes that edits make, and the changes; or what stands in their way. The edits are read together.
pub fn edited<'p>(
    what: (&'p Program, &Strata),
    graph: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    (vars, edits): (usize, &'p [hir::Edit]),
) -> Result<(Graph, Vec<Change>), Miss> {
    let (parent, difference, changes) = differing(what, graph, values, budget, how, (vars, edits))?;
    match parent.with(&difference) {
        Ok(next) => Ok((next, changes)),
        Err(Conflict::At(_, text)) => Err(Miss { place: edits.first().map(|e| e.place).unwrap_or_default(), text }),
    }
}

/// What edits change in a structure, and that structure with the values that they made.
fn differing<'p>(
    what: (&'p Program, &Strata),
    graph: Graph,
    values: &[Value],
    budget: &Budget,
    how: How,
    (vars, edits): (usize, &'p [hir::Edit]),
) -> Result<(Graph, Difference, Vec<Change>), Miss> {
    let first = edits.first().map(|e| e.place).unwrap_or_default();
    let mut needs = Needs::new(what.0);
    edits.iter().for_each(|e| needs.edit(e));
    let what = (what.0, &needs.strata(what.1));
    let mut changes: Vec<(Change, Place)> = vec![];
    let mut graph = in_one_world(what, graph, values, budget, how, &mut |world| {
        let miss = |place: Place, text: String| Miss { place, text };
        match world.changes(vars, &[], edits) {
            Err(u) => return Err(miss(u.place, format!("this version of dbm cannot evaluate {} yet", u.what))),
            Ok(Err((f, place))) => return Err(miss(place, fault(world, f))),
            Ok(Ok(list)) => changes = list,
        }
        match world.reached() {
            Some(_) => Err(miss(first, "a limit was reached".into())),
            None => Ok(world.graph().clone()),
        }
    })?;
    let list: Vec<Change> = changes.iter().map(|c| c.0.clone()).collect();
    match graph.difference(&list) {
        Ok(difference) => Ok((graph, difference, list)),
        Err(Conflict::At(i, text)) => Err(Miss { place: changes.get(i).map_or(first, |c| c.1), text }),
    }
}

fn fault(world: &dyn World<'_>, f: u32) -> String {
    world.faults().get(f).map_or_else(|| "an edge's end is no node".to_string(), |f| f.fault.text.clone())
}

type Outcomes = BTreeMap<InvariantId, Result<(Verdict, Vec<Vec<(std::sync::Arc<str>, Val)>>), String>>;

fn outcome<'p>(
    program: &'p Program,
    world: &mut dyn World<'p>,
    id: InvariantId,
    outcomes: &mut Outcomes,
) -> Result<(Verdict, Vec<Vec<(std::sync::Arc<str>, Val)>>), String> {
    if let Some(o) = outcomes.get(&id) {
        return o.clone();
    }
    let Some(i) = program.invariants.get(id.0 as usize) else { return Err("no such invariant".into()) };
    let found = match world.invariant(i, usize::MAX) {
        Decided::Checked(o) => Ok((verdict(&o), o.found.into_iter().map(|f| f.binding).collect())),
        Decided::NotYet(u) => Err(format!("`{}` is unknown: this version of dbm cannot evaluate {} yet", i.name, u.what)),
        Decided::Limit => Err(format!("`{}` is unknown: a limit was reached", i.name)),
    };
    outcomes.insert(id, found.clone());
    found
}

fn expect<'p>(
    program: &'p Program,
    world: &mut dyn World<'p>,
    (test, sources): (&'p hir::Test, &Sources),
    e: &'p Expr,
    outcomes: &mut Outcomes,
) -> Result<(), String> {
    let mut list = vec![];
    atoms(e, false, &mut list);
    let mut truths = vec![];
    let mut seen: Vec<String> = vec![];
    for a in list {
        if let VerdictAtom::Decides(..) = a.atom {
            world.decisions().map_err(|u| format!("this version of dbm cannot evaluate {} yet", u.what))?;
            continue;
        }
        let truth = match a.atom {
            // there is nothing before the world before
            VerdictAtom::Unchanged(_) if a.past => true,
            VerdictAtom::Changed(_) if a.past => false,
            VerdictAtom::Holds(_) | VerdictAtom::Breaks(..) if a.past => match world.was(test.vars.len(), &a) {
                Err(u) => return Err(format!("this version of dbm cannot evaluate {} yet", u.what)),
                Ok(Err(f)) => return Err(fault(world, f)),
                Ok(Ok(t)) => t,
            },
            VerdictAtom::Policy(..) if a.past => {
                return Err("this version of dbm cannot evaluate the state of a policy within `was` yet".into());
            }
            VerdictAtom::Holds(list) => {
                let mut all = true;
                for id in list {
                    let (v, bindings) = outcome(program, world, *id, outcomes)?;
                    all &= !matches!(v, Verdict::Violated | Verdict::Unknown);
                    seen.push(describe(program, world, *id, v, &bindings));
                }
                all
            }
            VerdictAtom::Breaks(list, filter) => {
                let mut all = true;
                for id in list {
                    let (v, bindings) = outcome(program, world, *id, outcomes)?;
                    seen.push(describe(program, world, *id, v, &bindings));
                    all &= match filter {
                        None => v == Verdict::Violated,
                        Some((names, condition)) => {
                            let mut any = false;
                            for b in &bindings {
                                let known: Vec<_> =
                                    names.iter().filter_map(|(n, v)| b.iter().find(|x| x.0 == *n).map(|x| (*v, x.1))).collect();
                                if known.len() == names.len() {
                                    let t = world.truth(test.vars.len(), &known, condition, &[]);
                                    any |= matches!(t, Ok(Ok(true)));
                                }
                            }
                            any
                        }
                    };
                }
                all
            }
            VerdictAtom::Unchanged(list) | VerdictAtom::Changed(list) => {
                let wanted = matches!(a.atom, VerdictAtom::Changed(_));
                let mut all = true;
                for r in list {
                    let changed = match world.changed(*r) {
                        Err(u) => return Err(format!("this version of dbm cannot evaluate {} yet", u.what)),
                        Ok(Err(f)) => return Err(fault(world, f)),
                        Ok(Ok(changed)) => changed,
                    };
                    if changed != wanted {
                        let name = match r {
                            hir::Relation::Rule(r) => program.rule(*r).map_or("?".to_string(), |r| r.name.to_string()),
                            hir::Relation::Edge(k) => program.schema.name(*k).to_string(),
                        };
                        seen.push(format!("`{name}` {}", if changed { "changed" } else { "has the same facts as before" }));
                    }
                    all &= changed == wanted;
                }
                all
            }
            VerdictAtom::Policy(state, id) => {
                let name = program.policies.get(id.0 as usize).map_or("?", |p| &p.name);
                let reading = Reading { wanted: &|n| n == name, most: 3, closed: false, lateness: 0 };
                let found = world.trace(&reading).into_iter().find(|t| t.policy == Some(id.0 as usize)).unwrap_or_default();
                if let Some(u) = &found.unsupported {
                    return Err(format!("`{name}` is unknown: this version of dbm cannot evaluate {} yet", u.what));
                }
                seen.push(traced::described(name, &found));
                traced::is_in_state(&found, *state)
            }
            VerdictAtom::Stable(_) | VerdictAtom::Decides(..) => continue,
        };
        truths.push((a.e as *const Expr as usize, truth));
    }
    let found = match world.truth(test.vars.len(), &[], e, &truths) {
        Err(u) => return Err(format!("this version of dbm cannot evaluate {} yet", u.what)),
        Ok(Err(f)) => return Err(fault(world, f)),
        Ok(Ok(t)) => t,
    };
    match (found, world.reached()) {
        (_, Some(_)) => Err("a limit was reached".into()),
        (true, None) => Ok(()),
        (false, None) => {
            seen.extend(unmet(world, program, sources, test, e));
            Err(if seen.is_empty() { "this is false".into() } else { seen.join("; ") })
        }
    }
}

fn describe(
    program: &Program,
    world: &dyn World<'_>,
    id: InvariantId,
    v: Verdict,
    bindings: &[Vec<(std::sync::Arc<str>, Val)>],
) -> String {
    let name = program.invariants.get(id.0 as usize).map_or("?", |i| &i.name);
    let graph = world.graph();
    let show = |v: Val| crate::scalar::json::quoted(&graph.dictionary.value(v), &|e| graph.show(e));
    let list: Vec<String> = bindings
        .iter()
        .take(3)
        .map(|b| b.iter().map(|(n, v)| format!("{n} = {}", show(*v))).collect::<Vec<_>>().join(", "))
        .collect();
    let verdict = if v == Verdict::Holds { "holds".to_string() } else { format!("is {}", v.name()) };
    match (list.is_empty(), bindings.len()) {
        (true, _) => format!("`{name}` {verdict}"),
        (false, n) if n > 3 => format!("`{name}` {verdict} for {}, and {} more", list.join("; "), n - 3),
        _ => format!("`{name}` {verdict} for {}", list.join("; ")),
    }
}
