//! Mutation: each element of an example is dropped, or changed, in a world of its own; which demands notice, and which elements nothing
//! guards. Called by faces through Program; evaluates invariants in all worlds at once, and what makes worlds itself in each apart.
use super::decide::{Asked, decide};
use super::evaluate::{Evaluation, How};
use super::intervene::{TOGETHER, differ};
use super::judge::shared;
use super::named;
use super::program::Program;
use super::run::RunOptions;
use super::stages::{self, Checked, budget, values};
use super::{Failure, Input};
use crate::base::{Place, Sources};
use crate::demand::{intervention, invariant};
use crate::engine::{Machine, Many, Worlds};
use crate::scalar::{Type, Val, Value};
use crate::semantics::Needs;
use crate::structure::difference::Difference;
use crate::structure::edit::Change;
use crate::structure::graph::Graph;
use crate::structure::schema::{AttrId, Sort};
use crate::structure::world::joint;
use crate::verdict::{DemandReport, Mutation, Verdict};
use std::collections::{BTreeMap, BTreeSet};

impl Program {
    /// Drops and changes each element of a candidate, one at a time.
    pub fn mutate(&self, input: &Input, options: &RunOptions) -> Result<Mutation, Failure> {
        let (own, structure, sources) = self.based(Some(input), options)?;
        let Some(checked) = own.as_ref().or(self.inner().checked.as_ref()) else { return Ok(Mutation::default()) };
        Ok(mutation(checked, structure.graph().clone(), input.name.clone(), options, &sources))
    }

    /// The same with what each of its tests gives. What cannot be given is left out: the test itself says so.
    pub fn mutate_tests(&self, options: &RunOptions) -> Vec<Mutation> {
        let inner = self.inner();
        let Some(checked) = inner.checked.as_ref().filter(|_| inner.missing.is_empty()) else { return vec![] };
        let given = |t| Some((stages::given(checked, t, options).ok()?, t.title.to_string()));
        let given = checked.program.tests.iter().filter_map(given);
        given.map(|(graph, title)| mutation(checked, graph, title, options, &inner.sources)).collect()
    }

    /// The demands of the program's own text that no example violates, whatever is changed in it.
    pub fn untripped(&self, mutations: &[Mutation]) -> Vec<String> {
        let inner = self.inner();
        let Some(checked) = &inner.checked else { return vec![] };
        let p = &checked.program;
        let own = |place: Place| inner.sources.resolve(place).is_some_and(|(file, _)| file == inner.main);
        let invariants = p.invariants.iter().filter(|i| shared(i).is_none()).map(|i| (i.place, &i.name));
        let others = p.interventions.iter().map(|i| (i.place, &i.name)).chain(p.policies.iter().map(|x| (x.place, &x.name)));
        let mut all: Vec<_> = invariants.chain(others).filter(|d| own(d.0)).collect();
        all.sort();
        let tripped = |name: &str| mutations.iter().any(|m| m.tripped.contains(name));
        all.into_iter().map(|d| d.1.to_string()).filter(|n| !tripped(n)).collect()
    }
}

/// A change of one element.
struct Mutant {
    /// By position.
    element: usize,
    difference: Difference,
    /// Whether a demand notices it, or the door would.
    noticed: bool,
}

fn mutation(checked: &Checked, mut graph: Graph, example: String, options: &RunOptions, sources: &Sources) -> Mutation {
    let elements = elements(&graph);
    let columns = columns(&graph, &elements);
    let mut mutants = vec![];
    for (n, e) in elements.iter().enumerate() {
        for c in changes(&mut graph, *e, &columns) {
            match graph.difference(&[c]) {
                Ok(d) if !d.is_empty() => {
                    mutants.push(Mutant { element: n, noticed: refused(checked, &graph, &d), difference: d })
                }
                _ => {}
            }
        }
    }
    let mut found =
        Mutation { example, changes: mutants.len() as u64, elements: elements.len() as u64, whole: true, ..Mutation::default() };
    for together in mutants.chunks_mut(TOGETHER) {
        at_once(checked, &graph, together, options, &mut found);
    }
    apart(checked, &graph, &mut mutants, options, sources, &mut found);
    let guarded: BTreeSet<usize> = mutants.iter().filter(|m| m.noticed).map(|m| m.element).collect();
    let rest = elements.iter().enumerate().filter(|(n, _)| !guarded.contains(n));
    found.unguarded = rest.filter_map(|(_, e)| Some(graph.show(e.as_element()?))).collect();
    found
}

fn elements(graph: &Graph) -> Vec<Val> {
    let nodes = (0..graph.nodes()).map(Val::node);
    nodes.chain((0..graph.edge_count()).map(Val::edge)).chain((0..graph.events()).map(Val::event)).collect()
}

/// The attributes of an element that stand in the candidate.
fn stored(graph: &Graph, e: Val) -> Vec<AttrId> {
    let all = graph.kind_of(e).map(|k| graph.schema.attrs_of(k)).unwrap_or_default();
    all.into_iter().filter(|a| graph.schema.attr(*a).is_some_and(|a| !a.mechanism)).collect()
}

/// By attribute, the values that the example has for it, in order.
fn columns(graph: &Graph, elements: &[Val]) -> BTreeMap<AttrId, Vec<Val>> {
    let mut all: BTreeMap<AttrId, Vec<Val>> = BTreeMap::new();
    for e in elements {
        for a in stored(graph, *e) {
            let v = graph.attr(*e, a);
            if v != Val::NONE {
                all.entry(a).or_default().push(v);
            }
        }
    }
    for list in all.values_mut() {
        list.sort_by(|a, b| graph.dictionary.compare(*a, *b));
        list.dedup();
    }
    all
}

/// What is tried with an element: without it, and with another value for each attribute.
fn changes(graph: &mut Graph, e: Val, columns: &BTreeMap<AttrId, Vec<Val>>) -> Vec<Change> {
    let mut all = vec![Change::Remove(e)];
    for a in stored(graph, e) {
        let Some(ty) = graph.schema.attr(a).map(|x| x.ty.clone()) else { continue };
        let (now, list) = (graph.attr(e, a), columns.get(&a).map_or(&[][..], Vec::as_slice));
        let values = others(graph, &ty, now, list);
        all.extend(values.into_iter().map(|value| Change::Set { of: e, attr: a, path: vec![], value }));
    }
    all
}

/// Other values for an attribute: its neighbours among those that the example has, what its type offers, none at all.
fn others(graph: &mut Graph, ty: &Type, now: Val, list: &[Val]) -> Vec<Val> {
    let mut all: Vec<Val> = match list.iter().position(|v| *v == now) {
        Some(i) => i.checked_sub(1).into_iter().chain([i + 1]).filter_map(|i| list.get(i)).copied().collect(),
        None => list.first().copied().into_iter().collect(),
    };
    let mut offered: Vec<Value> = vec![];
    match (ty.present(), graph.dictionary.value(now)) {
        (Type::Bool, v) => offered.extend([true, false].map(Value::Bool).into_iter().filter(|o| *o != v)),
        (Type::Literals(texts), _) => offered.extend(texts.iter().map(|t| Value::Text(t.clone()))),
        (Type::Int(bounds), Value::Int(n)) => {
            let within = |x: &i64| bounds.is_none_or(|(low, high)| (low..=high).contains(x));
            offered.extend([n.checked_sub(1), n.checked_add(1)].into_iter().flatten().filter(within).map(Value::Int));
        }
        (Type::Float(bounds), Value::Float(x)) => {
            let within = |v: &Value| match (bounds, v) {
                (Some((low, high)), Value::Float(v)) => v >= low && v <= high,
                _ => true,
            };
            offered.extend([x.get() - 1.0, x.get() + 1.0].into_iter().filter_map(Value::float).filter(within));
        }
        (Type::Text, _) if all.is_empty() => offered.push(Value::text("changed".to_string())),
        (Type::Node(kinds), _) => all.extend(graph.of_kinds(Sort::Node, kinds).into_iter().find(|n| *n != now)),
        _ => {}
    }
    all.extend(offered.into_iter().map(|v| graph.dictionary.intern(v)));
    if ty.is_optional() {
        all.push(Val::NONE);
    }
    all.retain(|v| *v != now);
    let mut seen = BTreeSet::new();
    all.retain(|v| seen.insert(*v));
    all
}

/// Whether the door would refuse such a candidate: something names what is gone, or a node has too few edges of a kind.
fn refused(checked: &Checked, graph: &Graph, d: &Difference) -> bool {
    let few = d.removed.iter().filter_map(|v| v.as_edge()).any(|e| {
        let (Some(kind), Some((from, _))) = (graph.kind_of(Val::edge(e)), graph.ends(e)) else { return false };
        let least = graph.schema.kind(kind).and_then(|k| k.cardinality).map_or(0, |c| c.0);
        let Some(t) = graph.edges(kind).filter(|_| least > 0 && !d.removed.contains(&Val::node(from))) else { return false };
        (t.out(from).filter(|p| !d.removed.contains(&Val::edge(t.base + p))).count() as u32) < least
    });
    let node = d.removed.iter().any(|v| v.as_node().is_some());
    few || node && graph.with(d).map_or(true, |g| !named::missing(&checked.program, &g).is_empty())
}

/// Invariants, in all worlds at once.
fn at_once(checked: &Checked, graph: &Graph, mutants: &mut [Mutant], options: &RunOptions, found: &mut Mutation) {
    let worlds: Vec<(u32, &Difference)> = mutants.iter().enumerate().map(|(n, m)| (n as u32 + 1, &m.difference)).collect();
    let joint = joint(graph.clone(), &worlds);
    let universe = Worlds::all(mutants.len() as u32 + 1);
    let program = &checked.program;
    let asked: Vec<_> = program.invariants.iter().filter(|i| shared(i).is_none()).collect();
    let wanted = |name: &str| asked.iter().any(|i| *i.name == *name);
    let strata = Needs::demands(program, &wanted).strata(&checked.strata);
    let differ = |m: &mut Machine<Worlds>| differ(m, &joint);
    let values = values(checked);
    let what = (universe.clone(), &values[..]);
    let mut e = Evaluation::new(program, &strata, joint.graph.clone(), what, budget(options), How::default(), &differ);
    for i in asked {
        let Ok((plan, v)) = e.violations(i) else { continue };
        let broken = invariant::breaks(&v).is_some_and(|b| b.at(0) == Some(true));
        let (holds, _) = intervention::holds(&e.machine, &plan, &v, &universe);
        let mut trips = broken;
        for (n, m) in mutants.iter_mut().enumerate() {
            // unknown is no pass either
            let kept = holds.as_ref().and_then(|h| h.at(n as u32 + 1));
            trips |= kept.is_none();
            m.noticed |= kept != Some(true);
        }
        if trips {
            found.tripped.insert(i.name.to_string());
        }
    }
    found.whole &= e.machine.reached.is_none();
}

/// Interventions and policies, in each world apart: they make worlds, or decisions, themselves.
fn apart(
    checked: &Checked,
    graph: &Graph,
    mutants: &mut [Mutant],
    options: &RunOptions,
    sources: &Sources,
    found: &mut Mutation,
) {
    let p = &checked.program;
    let others: BTreeSet<&str> = p.interventions.iter().map(|i| &*i.name).chain(p.policies.iter().map(|p| &*p.name)).collect();
    let values = values(checked);
    let decided = |graph: &Graph, wanted: &BTreeSet<&str>| {
        let wanted = |name: &str| wanted.contains(name);
        let asked = Asked { why: None, ..Asked::of(options, &wanted, sources, &|_, _| None) };
        decide((p, &checked.strata), graph.clone(), &values, &budget(options), How::default(), &asked).0
    };
    let bad = |d: &DemandReport| matches!(d.verdict, Verdict::Violated | Verdict::Unknown);
    let before: BTreeMap<String, DemandReport> = match others.is_empty() {
        true => return,
        false => decided(graph, &others).into_iter().map(|d| (d.name.clone(), d)).collect(),
    };
    found.tripped.extend(before.values().filter(|d| d.verdict == Verdict::Violated).map(|d| d.name.clone()));
    for m in mutants {
        if options.cancel.stopped().is_some() {
            found.whole = false;
            return;
        }
        // an element that is guarded is tried again only for demands that nothing tripped yet
        let wanted: BTreeSet<&str> = match m.noticed {
            true => others.iter().copied().filter(|n| !found.tripped.contains(*n)).collect(),
            false => others.clone(),
        };
        let Some(next) = graph.with(&m.difference).ok().filter(|_| !wanted.is_empty()) else { continue };
        for d in decided(&next, &wanted).iter().filter(|d| bad(d)) {
            let old = before.get(&d.name);
            let known = |key: &str| old.is_some_and(|o| o.violations.iter().any(|v| v.key == key));
            let new = d.violations.iter().any(|v| !known(&v.key));
            if new || old.is_none_or(|o| o.verdict != d.verdict || o.violation_count < d.violation_count) {
                m.noticed = true;
                if d.verdict == Verdict::Violated {
                    found.tripped.insert(d.name.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{CompileOptions, NoFiles};

    fn program(text: &str) -> Program {
        Program::compile("p.dbm", text, &NoFiles, &CompileOptions::default()).unwrap()
    }

    const RULES: &str = "node Host { zone: Text, spare: Bool = false }\nnode Service { tier: Int in 1..3, note: Text? }\n\
        edge runs_on: Service -> Host\nedge owned: Service -> Host [1..]\n\
        invariant placed { never s: Service where s.tier == 1 and not s -runs_on-> _ }\n\
        invariant low { never s: Service where s.tier > 5 }\n\
        intervention loss { for h: Host do remove h expect holds placed }\n";

    #[test]
    fn what_no_change_trips_and_what_nothing_guards() {
        let p = program(RULES);
        let host = |id: &str| format!("{{\"id\": \"{id}\", \"kind\": \"Host\", \"zone\": \"z\"}}");
        let service = |id: &str, tier: u8| format!("{{\"id\": \"{id}\", \"kind\": \"Service\", \"tier\": {tier}}}");
        let edge = |k: &str, a: &str, b: &str| format!("{{\"kind\": \"{k}\", \"from\": \"{a}\", \"to\": \"{b}\"}}");
        let nodes = [host("h1"), host("h2"), host("h3"), service("web", 1), service("mail", 3)].join(", ");
        let edges = [
            edge("runs_on", "web", "h1"),
            edge("runs_on", "web", "h2"),
            edge("runs_on", "mail", "h3"),
            edge("owned", "web", "h1"),
            edge("owned", "mail", "h1"),
        ];
        let text = format!("{{\"nodes\": [{nodes}], \"edges\": [{}]}}", edges.join(", "));
        let m = p.mutate(&Input::new("c.json", text.into_bytes()), &RunOptions::default()).unwrap();
        // without one of its hosts `web` hangs on the other, which the intervention sees; `owned` edges are counted at the door
        // and `mail` would matter in another tier; less of `web` asks for less
        assert_eq!(m.unguarded, ["Host(\"h3\")", "Service(\"web\")", "runs_on(\"mail\", \"h3\")"]);
        assert_eq!(m.tripped.iter().collect::<Vec<_>>(), ["loss"]);
        assert!(m.whole && m.elements == 10, "{m:?}");
        // each element dropped; `zone` and `spare` of hosts; `tier` to what is left of three; a `note`
        assert_eq!(m.changes, 10 + 3 + 3 + 2 * 2 + 2);
        assert_eq!(p.untripped(&[m]), ["placed", "low"]);
    }

    #[test]
    fn what_tests_give_is_changed_too() {
        let test = "test \"hosted\" { given { Host a { zone: \"z\" } Service s { tier: 1 } s -runs_on-> a s -owned-> a } expect holds placed }\n";
        let p = program(&format!("{RULES}{test}"));
        let all = p.mutate_tests(&RunOptions::default());
        assert_eq!(all.len(), 1);
        assert!(all[0].tripped.contains("placed") && all[0].unguarded == ["Service(\"s\")"], "{all:?}");
        assert_eq!(p.untripped(&all), ["low"]);
    }
}
