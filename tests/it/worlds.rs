//! Worlds: all at once against each apart, and interventions against an evaluation of each world by the oracle. Reads agree, oracle, random.
use crate::agree::{Facts, all, compile, facts, kleene, read, values};
use crate::oracle::{Bad, Oracle, Truth, V};
use crate::random::{Case, NODES, Rng};
use dbm::base::Sources;
use dbm::engine::machine::Machine;
use dbm::engine::{Budget, Few, Kleene, Many, Worlds};
use dbm::scalar::{Element, KindId, Type, Val, Value};
use dbm::semantics::Checked;
use dbm::session::decide::{Asked, decide};
use dbm::session::evaluate::{Evaluation, How};
use dbm::structure::schema::{AttrId, Sort};
use dbm::structure::{Change, Difference, Graph, joint};
use dbm::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// An element by what it is, since its number differs between structures.
fn named(graph: &Graph, v: &Value) -> Value {
    match v {
        Value::Element(Element::Edge(e)) => {
            let v = Val::edge(*e);
            let Some((f, t)) = graph.ends(*e) else { return Value::None };
            let kind = graph.kind_of(v).unwrap_or(KindId(0));
            let attrs = graph.schema.attrs_of(kind);
            let attrs: Vec<Value> = attrs.iter().map(|a| graph.dictionary.value(graph.attr(v, *a))).collect();
            Value::text(format!("{} {} {} {attrs:?}", graph.schema.name(kind), name(graph, f), name(graph, t)))
        }
        Value::Element(e) => Value::text(graph.show(*e)),
        Value::List(items) => Value::list(items.iter().map(|i| named(graph, i)).collect()),
        other => other.clone(),
    }
}

fn name(graph: &Graph, n: u32) -> String {
    graph.show(Element::Node(n))
}

fn named_facts(graph: &Graph, facts: Facts) -> Facts {
    let one = |v: V| v.map(|v| named(graph, &v));
    facts.into_iter().map(|(k, c)| (k.into_iter().map(one).collect(), c)).collect()
}

/// Some changes of a structure.
fn changes(graph: &mut Graph, r: &mut Rng) -> Vec<Change> {
    let schema = graph.schema.clone();
    let mut all = vec![];
    for _ in 0..1 + r.below(3) {
        let (n, e) = (graph.nodes() as usize, graph.edge_count() as usize);
        match r.below(6) {
            0 if n > 0 => all.push(Change::Remove(Val::node(r.below(n) as u32))),
            1 | 2 if e > 0 => all.push(Change::Remove(Val::edge(r.below(e) as u32))),
            3 if n > 0 => {
                let of = Val::node(r.below(n) as u32);
                let attrs = graph.kind_of(of).map(|k| schema.attrs_of(k)).unwrap_or_default();
                let Some(attr) = r.pick(&attrs).copied() else { continue };
                let ty = schema.attr(attr).map_or(Type::Bool, |a| a.ty.clone());
                let value = match ty.present() {
                    Type::Int(_) => Value::Int(r.below(5) as i64 - 1),
                    Type::Float(_) => Value::float(r.below(5) as f64 / 2.0 - 1.0).unwrap_or(Value::None),
                    Type::Bool => Value::Bool(r.chance(50)),
                    // the value of another, or of itself
                    _ => graph.dictionary.value(graph.attr(Val::node(r.below(n) as u32), attr)),
                };
                if value.is_none() && !ty.is_optional() {
                    continue;
                }
                let value = graph.dictionary.intern(value);
                all.push(Change::Set { of, attr, path: vec![], value });
            }
            4 if n > 0 => {
                let like = Val::node(r.below(n) as u32);
                let Some(kind) = graph.kind_of(like) else { continue };
                let id = graph.dictionary.intern_text(r.one(&["n1", "n2", "a"]));
                let stored = |a: &AttrId| schema.attr(*a).is_some_and(|a| !a.mechanism);
                let given = schema.attrs_of(kind).into_iter().filter(stored).map(|a| (a, graph.attr(like, a))).collect();
                all.push(Change::AddNode { kind, id, given, ensure: r.chance(30) });
            }
            5 if e > 0 && n > 0 => {
                let like = r.below(e) as u32;
                let Some(kind) = graph.kind_of(Val::edge(like)) else { continue };
                let Some(ends) = schema.kind(kind).and_then(|k| k.ends.clone()) else { continue };
                let mut end = |kinds: &dbm::scalar::Kinds| {
                    let list = graph.of_kinds(Sort::Node, kinds);
                    let n = r.pick(&list)?.as_node()?;
                    Some((graph.node_kind(n)?, graph.node_id(n)))
                };
                let (Some(from), Some(to)) = (end(&ends.0), end(&ends.1)) else { continue };
                let given = schema.attrs_of(kind).into_iter().map(|a| (a, graph.attr(Val::edge(like), a))).collect();
                all.push(Change::AddEdge { kind, from, to, given, ensure: r.chance(30) });
            }
            _ => {}
        }
    }
    all
}

/// Facts by rule, possible violations by invariant and clause.
type Answer = (Vec<Facts>, Vec<BTreeMap<(usize, Vec<V>), bool>>);

/// What holds in each of the worlds below a structure, from one run. Nothing, if the run met a fault that it cannot tell.
fn together<A: Many>(checked: &Checked, base: &Graph, list: &[Difference]) -> Option<Vec<Answer>> {
    let worlds: Vec<(u32, &Difference)> = list.iter().enumerate().map(|(n, d)| (n as u32 + 1, d)).collect();
    let joint = joint(base.clone(), &worlds);
    assert!(joint.left.is_empty());
    let differ = |m: &mut Machine<A>| {
        let all = m.universe.clone();
        for (v, list) in &joint.removed {
            m.exists.insert(*v, all.except_certain(all.these(list).as_ref()));
        }
        for (v, list) in &joint.added {
            m.exists.insert(*v, all.these(list));
        }
        for (k, pieces) in &joint.set {
            m.overrides.insert(*k, pieces.iter().filter_map(|(v, list)| Some((*v, all.these(list)?))).collect());
        }
    };
    let universe = A::all(list.len() as u32 + 1);
    let what = (universe, &values(checked)[..]);
    let graph = joint.graph.clone();
    let mut e = Evaluation::new(&checked.program, &checked.strata, graph, what, Budget::default(), How::default(), &differ);
    let found: Vec<_> =
        checked.program.invariants.iter().map(|i| e.violations(i).unwrap_or_else(|u| panic!("not there: {}", u.what))).collect();
    if e.machine.faulted {
        return None;
    }
    let mut answers = vec![];
    for w in 0..=list.len() as u32 {
        let here = |a: &A| a.at(w);
        let rules = checked.program.rules.iter().enumerate();
        let rules = rules.map(|(n, _)| named_facts(&e.machine.graph, facts(&e, n, &here))).collect();
        let value = |v: &Val| match v.as_fault() {
            Some(_) => Err(Bad::Fault),
            None => Ok(named(&e.machine.graph, &e.machine.graph.dictionary.value(*v))),
        };
        let mut invariants = vec![];
        for (plan, v) in &found {
            let mut rows: BTreeMap<(usize, Vec<V>), bool> = BTreeMap::new();
            for (n, (c, list)) in plan.clauses.iter().zip(&v.found).enumerate() {
                for (row, a) in list {
                    if let Some(certain) = a.at(w) {
                        let key = (n, row.iter().take(c.binding.len()).map(value).collect());
                        *rows.entry(key).or_default() |= certain;
                    }
                }
            }
            invariants.push(rows);
        }
        answers.push((rules, invariants));
    }
    Some(answers)
}

fn apart(checked: &Checked, graph: Graph) -> Answer {
    let what = (Kleene::True, &values(checked)[..]);
    let none = |_: &mut Machine<Kleene>| {};
    let mut e = Evaluation::new(&checked.program, &checked.strata, graph, what, Budget::default(), How::default(), &none);
    let rules = (0..checked.program.rules.len()).map(|n| named_facts(&e.machine.graph, facts(&e, n, &kleene))).collect();
    let mut invariants = vec![];
    for i in &checked.program.invariants {
        let (plan, v) = e.violations(i).unwrap_or_else(|u| panic!("not there: {}", u.what));
        let mut rows: BTreeMap<(usize, Vec<V>), bool> = BTreeMap::new();
        for (n, (c, list)) in plan.clauses.iter().zip(&v.found).enumerate() {
            for (row, a) in list {
                let value = |v: &Val| match v.as_fault() {
                    Some(_) => Err(Bad::Fault),
                    None => Ok(named(&e.machine.graph, &e.machine.graph.dictionary.value(*v))),
                };
                let key = (n, row.iter().take(c.binding.len()).map(value).collect());
                *rows.entry(key).or_default() |= *a == Kleene::True;
            }
        }
        invariants.push(rows);
    }
    (rules, invariants)
}

fn at_once_and_apart(case: &Case, checked: &Checked, _: &Sources) -> Option<String> {
    let mut base = read(checked, &case.candidate());
    let mut r = Rng(case.program().len() as u64 * 31 + case.edges.len() as u64);
    let wanted = if r.chance(1) { 200 } else { 1 + r.below(6) };
    let mut list: Vec<(Vec<Change>, Difference, Graph)> = vec![];
    for _ in 0..wanted {
        let changes = changes(&mut base, &mut r);
        let Ok(d) = base.difference(&changes) else { continue };
        let same = |other: &Difference| d.nodes.iter().all(|(k, n)| other.nodes.get(k).is_none_or(|o| o.0 == n.0));
        if !list.iter().all(|l| same(&l.1)) {
            continue;
        }
        let Ok(graph) = base.with(&d) else { continue };
        list.push((changes, d, graph));
    }
    let differences: Vec<Difference> = list.iter().map(|l| l.1.clone()).collect();
    let all = together::<Worlds>(checked, &base, &differences)?;
    // the annotation for few worlds without faults says the same
    if differences.len() < Few::MOST as usize
        && let Some(few) = together::<Few>(checked, &base, &differences)
        && few != all
    {
        return Some(format!("few: {few:?}\n  all: {all:?}"));
    }
    let one = r.below(list.len());
    for (w, (changes, _, graph)) in list.into_iter().enumerate() {
        let words = || changes.iter().map(|c| c.in_words(&base, &base.dictionary)).collect::<Vec<_>>().join("; ");
        if w == one {
            let oracle = Oracle::new(&checked.program, &graph);
            for (n, i) in checked.program.invariants.iter().enumerate() {
                let rows = oracle.invariant(i).rows;
                let sure = |v: &Vec<V>| v.iter().all(Result::is_ok);
                let expected: BTreeSet<(usize, Vec<V>)> = rows
                    .into_iter()
                    .filter(|(k, t)| *t == Some(true) && sure(&k.1))
                    .map(|((c, k), _)| (c, k.into_iter().map(|v| v.map(|v| named(&graph, &v))).collect()))
                    .collect();
                let rows = all.get(w + 1).and_then(|a| a.1.get(n)).into_iter().flatten();
                let found: BTreeSet<_> = rows.filter(|(k, c)| **c && sure(&k.1)).map(|(k, _)| k.clone()).collect();
                if found != expected {
                    return Some(format!("{}: {}\n  at once: {found:?}\n  oracle: {expected:?}", words(), i.name));
                }
            }
        }
        let (rules, invariants) = apart(checked, graph);
        let Some(here) = all.get(w + 1) else { continue };
        for ((a, b), rule) in here.0.iter().zip(&rules).zip(&checked.program.rules) {
            if a != b {
                return Some(format!("{}: {}\n  at once: {a:?}\n  apart: {b:?}", words(), rule.name));
            }
        }
        for ((a, b), i) in here.1.iter().zip(&invariants).zip(&checked.program.invariants) {
            if a != b {
                return Some(format!("{}: {}\n  at once: {a:?}\n  apart: {b:?}", words(), i.name));
            }
        }
    }
    None
}

const EACH: usize = 2_500;

#[test]
fn all_worlds_at_once_are_each_world_apart_1() {
    all(7_000_000, EACH, &at_once_and_apart);
}
#[test]
fn all_worlds_at_once_are_each_world_apart_2() {
    all(8_000_000, EACH, &at_once_and_apart);
}
#[test]
fn all_worlds_at_once_are_each_world_apart_3() {
    all(9_000_000, EACH, &at_once_and_apart);
}
#[test]
fn all_worlds_at_once_are_each_world_apart_4() {
    all(10_000_000, EACH, &at_once_and_apart);
}

fn and(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
fn not(a: Truth) -> Truth {
    a.map(|a| !a)
}

/// `expect holds I` and `expect breaks I` for each node and each edge removed, by the oracle: each world a structure of its own.
#[test]
fn interventions_agree_with_the_oracle() {
    all(11_000_000, 1_500, &|case, _, _| {
        let mut program = case.program();
        let names: Vec<String> = {
            let (checked, _) = compile(&program).ok()?;
            checked.program.invariants.iter().map(|i| i.name.to_string()).collect()
        };
        for (n, name) in names.iter().enumerate() {
            for (k, kind) in NODES.iter().enumerate().filter(|k| *k.1 != "Big") {
                program.push_str(&format!("intervention h{n}x{k} {{ for x: {kind} do remove x expect holds {name} }}\n"));
                program.push_str(&format!("intervention b{n}x{k} {{ for x: {kind} do remove x expect breaks {name} }}\n"));
            }
        }
        let Ok((checked, sources)) = compile(&program) else { return Some("the interventions are refused".into()) };
        let mut base = read(&checked, &case.candidate());
        let asked = Asked {
            wanted: &|_| true,
            most: 1_000,
            worlds: 1_000,
            seed: 0,
            closed: false,
            lateness: 0,
            shares: &[],
            why: None,
            sources: &sources,
            locate: &|_, _| None,
        };
        let what = (&checked.program, &checked.strata);
        let (reports, ..) = decide(what, base.clone(), &values(&checked), &Budget::default(), How::default(), &asked);
        type Rows = BTreeMap<(usize, Vec<V>), Truth>;
        let rows = |graph: &Graph, n: usize| -> Rows {
            let o = Oracle::new(&checked.program, graph).invariant(&checked.program.invariants[n]);
            let one =
                |((c, k), t): ((usize, Vec<V>), Truth)| ((c, k.into_iter().map(|v| v.map(|v| named(graph, &v))).collect()), t);
            o.rows.into_iter().map(one).collect()
        };
        for (n, _) in names.iter().enumerate() {
            let before = rows(&base, n);
            for (k, kind) in NODES.iter().enumerate().filter(|k| *k.1 != "Big") {
                let id = base.schema.find(Sort::Node, kind)?;
                let (mut fails, mut doubt, mut idle, mut count, mut unbroken) = (0u64, false, true, 0, [0u64, 0]);
                for v in base.of_kinds(Sort::Node, &dbm::scalar::Kinds::Of([id].into())) {
                    count += 1;
                    let d = base.difference(&[Change::Remove(v)]).ok()?;
                    let graph = base.with(&d).ok()?;
                    let now = rows(&graph, n);
                    let (mut new, mut any) = (Some(false), Some(false));
                    for (key, t) in &now {
                        let was = before.get(key).copied().unwrap_or(Some(false));
                        new = not(and(not(new), not(and(*t, not(was)))));
                        any = not(and(not(any), not(*t)));
                    }
                    let broke = before.values().any(|t| *t == Some(true));
                    match new {
                        Some(true) => fails += 1,
                        None => doubt = true,
                        Some(false) => {}
                    }
                    idle &= new == Some(false) && broke;
                    match any {
                        Some(false) => unbroken[0] += 1,
                        None => unbroken[1] += 1,
                        Some(true) => {}
                    }
                }
                let verdict = |fails: u64, doubt: bool, idle: bool| match (fails, doubt, idle) {
                    (1.., ..) => Verdict::Violated,
                    (_, true, _) => Verdict::Unknown,
                    (_, _, true) => Verdict::Vacuous,
                    _ => Verdict::Holds,
                };
                let expected = [
                    (format!("h{n}x{k}"), verdict(fails, doubt, idle), fails),
                    (format!("b{n}x{k}"), verdict(unbroken[0], unbroken[1] > 0, count == 0), unbroken[0]),
                ];
                for (name, verdict, fails) in expected {
                    let found = reports.iter().find(|r| r.name == name)?;
                    if (found.verdict, found.violation_count, found.checked) != (verdict, fails, count) {
                        return Some(format!(
                            "{name}: found {:?} {} of {}, the oracle says {verdict:?} {fails} of {count}",
                            found.verdict, found.violation_count, found.checked
                        ));
                    }
                }
            }
        }
        None
    });
}

/// What is said of a program and a candidate.
fn said(name: &str, program: &str, candidate: &str, args: &[&str]) -> (i32, String) {
    let folder = crate::cli::folder(&format!("worlds-{name}"), &[("p.dbm", program), ("c.json", candidate)]);
    let args: Vec<String> = ["check", "p.dbm", "c.json"].iter().chain(args).map(|a| a.to_string()).collect();
    let said = crate::docs::dbm(&folder, &args, None);
    (said.code, said.text)
}

const HOSTS: &str = "node Host { zone: Text = \"a\" }\nnode Service { tier: Int = 1 }\nedge runs_on: Service -> Host\n\
                     rule down(s: Service) if not s -runs_on-> _\ninvariant up { never s: Service where down(s) }\n";
const TWO: &str = "{\"nodes\": [{\"id\": \"h1\", \"kind\": \"Host\"}, {\"id\": \"h2\", \"kind\": \"Host\"}, {\"id\": \"h3\", \"kind\": \"Host\"}, \
                   {\"id\": \"web\", \"kind\": \"Service\"}, {\"id\": \"mail\", \"kind\": \"Service\"}], \
                   \"edges\": [{\"kind\": \"runs_on\", \"from\": \"web\", \"to\": \"h1\"}, {\"kind\": \"runs_on\", \"from\": \"web\", \"to\": \"h2\"}, \
                   {\"kind\": \"runs_on\", \"from\": \"mail\", \"to\": \"h3\"}]}";

/// What an intervention comes to: the exit code, and what its line says.
#[test]
fn interventions_of_every_form() {
    let cases: &[(&str, &str, &[&str], i32, &[&str])] = &[
        ("names", "for h: Host do remove h expect not down(Service(\"wbe\"))", &[], 4, &["DBM0516", "did you mean `web`?"]),
        (
            "added-names",
            "do add Service(\"new\") expect down(Service(\"new\")) and not was(down(Service(\"new\")))",
            &[],
            0,
            &["1 world tried"],
        ),
        (
            "part",
            "for h: Host do remove h expect in some worlds down(Service(\"mail\"))",
            &["--worlds", "2"],
            5,
            &["DBM0615", "unknown, a limit"],
        ),
        (
            "part-met",
            "for h: Host where h.id == \"h3\" do remove h expect in some worlds down(Service(\"mail\"))",
            &["--worlds", "1"],
            0,
            &["1 world tried"],
        ),
        ("all", "for h: Host do remove h expect in some worlds down(Service(\"mail\"))", &[], 0, &["3 worlds tried"]),
        ("share", "for h: Host do remove h expect in at least 60% worlds holds up", &["--worlds", "1"], 5, &["unknown, a limit"]),
        ("minimal", "for any 2 h: Host do remove h expect holds up", &[], 1, &["2 of 6 worlds fail"]),
        (
            "let-groups",
            "for any 2 h: Host let n = count(h) for s in [\"x\"] do remove h expect holds up or n > 9",
            &[],
            1,
            &["2 of 6 worlds fail"],
        ),
        (
            "second",
            "for h: Host do remove h expect in at least 30% worlds h.id == \"h1\" message \"first {h}\" expect h.id == \"h1\" message \"second {h}\"",
            &[],
            1,
            &["2 of 3 worlds fail", "second h2", "second h3"],
        ),
        ("was-let", "for h: Host do remove h let n = count(x: Host) expect n <= was(n)", &[], 3, &["DBM0408", "`n` is a value"]),
        (
            "before",
            "for h: Host do remove h let n = count(x: Host) expect n == was(count(x: Host)) - 1",
            &[],
            0,
            &["3 worlds tried"],
        ),
        (
            "conflict",
            "for h: Host do remove h do set x.zone = \"b\" for x: Host expect holds up",
            &[],
            1,
            &["DBM0614", "an edit cannot be made"],
        ),
        ("ensure", "do ensure Service(\"web\") -runs_on-> Host(\"h1\") expect false", &[], 0, &["vacuous, none of 1 world"]),
        (
            "dangling",
            "for h: Host do add Service(\"late\") do add Service(\"late\") -runs_on-> h expect not down(Service(\"late\"))",
            &[],
            0,
            &["3 worlds tried"],
        ),
        (
            "against",
            "for h: Host do set h.zone = \"b\" against remove h expect not (was(h is Host) ?? false) and h.zone == \"b\"",
            &[],
            0,
            &["3 worlds tried"],
        ),
        ("stable", "for e: runs_on do remove e expect stable down(Service(\"web\"))", &[], 0, &["3 worlds tried"]),
        ("changed-edges", "for e: runs_on do remove e expect changed runs_on", &[], 0, &["3 worlds tried"]),
        (
            "lost-edge",
            "for h: Host where h.id == \"h3\" do remove h expect holds up",
            &[],
            1,
            &["was by", "Service(\"mail\") -runs_on-> Host(\"h3\")"],
        ),
        ("none", "for h: Host where h.zone == \"q\" do remove h expect holds up", &[], 0, &["DBM0620", "it made no world"]),
        ("no-worlds", "for h: Host do remove h expect holds up", &["--worlds", "0"], 2, &["no world at all"]),
    ];
    for (name, clauses, args, code, wanted) in cases {
        let program = format!("{HOSTS}intervention i {{ {clauses} }}\n");
        let (found, text) = said(name, &program, TWO, args);
        assert_eq!(found, *code, "{name}: {text}");
        for w in *wanted {
            assert!(text.contains(w), "{name}: {w} is not in\n{text}");
        }
    }
}

/// An event's position counts the events that are there, in each world.
#[test]
fn the_index_of_an_event_is_that_of_its_world() {
    let candidate = "{\"nodes\": [], \"edges\": [], \"events\": [\
        {\"id\": \"a\", \"kind\": \"Ev\", \"at\": \"2026-01-01T00:00:00Z\", \"n\": 1}, {\"id\": \"b\", \"kind\": \"Ev\", \"at\": \"2026-01-02T00:00:00Z\", \"n\": 2}]}";
    let program = "event Ev { n: Int }\n\
        intervention later { for b: Ev where b.n == 2 for k in [1, 2] do add Ev(if k == 1 then \"x\" else \"y\") at @2026-01-01T12:00:00Z { n: 9 } \
        expect b.index == 2 and was(b.index) == 1 }\n\
        intervention sooner { for a: Ev where a.n == 1 for b: Ev where b.n == 2 do remove a expect b.index == 0 and was(b.index) == 1 }\n";
    let (code, text) = said("index", program, candidate, &[]);
    assert_eq!(code, 0, "{text}");
}

/// However many worlds fail, so many are described as are asked for, and the first of them with what changed.
#[test]
fn so_many_failing_worlds_are_described() {
    let nodes: Vec<String> = (0..60).map(|n| format!("{{\"id\": \"s{n}\", \"kind\": \"S\"}}")).collect();
    let candidate = format!("{{\"nodes\": [{}], \"edges\": []}}", nodes.join(", "));
    let program = "node S\nedge e: S -> S\nrule there(s: S) if s is S\nintervention i { for s: S do remove s expect there(s) }\n";
    let (code, text) = said("many", program, &candidate, &["--format", "json", "--max-violations", "30"]);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let demand = &report["candidates"][0]["demands"][0];
    assert_eq!(demand["violation_count"], 60);
    let list = demand["violations"].as_array().unwrap();
    assert_eq!(list.len(), 30);
    let changed = list.iter().filter(|v| !v["world"]["changes"].as_array().unwrap().is_empty()).count();
    assert_eq!(changed, 20);
}

/// A formula that a world makes false says which premise of it is gone, and of which path it was a step.
#[test]
fn what_carried_a_formula_is_shown() {
    let candidate = r#"{"nodes": [{"id": "u", "kind": "User"}, {"id": "v", "kind": "User"}, {"id": "a", "kind": "Host", "zone": "n"},
        {"id": "b", "kind": "Host", "zone": "s"}, {"id": "db", "kind": "Host", "zone": "d"}],
        "edges": [{"kind": "uses", "from": "u", "to": "a"}, {"kind": "uses", "from": "v", "to": "b"},
        {"kind": "peers", "from": "a", "to": "b"}, {"kind": "peers", "from": "b", "to": "db"}]}"#;
    let head = "node Host { zone: Text }\nnode User\nedge peers: Host -> Host\nedge uses: User -> Host\n\
        rule reach(u: User, h: Host) if u -uses-> h\nrule reach(u, h) if reach(u, g) and g -peers-> h\n\
        intervention i { for h: Host where h.zone == \"n\" do remove h expect ";
    let uses = "was by  User(\"u\") -uses-> Host(\"a\")";
    let cases: &[(&str, &[&str])] = &[
        ("reach(User(\"u\"), Host(\"db\"))", &[uses]),
        ("every u: User satisfies some d: Host where d.id == \"db\" and reach(u, d)", &[uses]),
        (
            "some g: Host where User(\"u\") -uses-> g and g -peers+-> Host(\"db\")",
            &["-uses->", "Host(\"b\") -peers-> Host(\"db\")"],
        ),
        ("not reach(User(\"v\"), Host(\"db\"))", &["lost"]),
    ];
    for (n, (formula, wanted)) in cases.iter().enumerate() {
        let (code, text) = said(&format!("carried{n}"), &format!("{head}{formula} }}\n"), candidate, &[]);
        assert_eq!(code, 1, "{text}");
        assert!(wanted.iter().all(|w| text.contains(w)), "{formula}\n{text}");
        // what was not so before was not carried
        assert_eq!(text.contains("was by"), !formula.starts_with("not"), "{text}");
    }
}

/// Of more worlds than are tried it is a sample that is, the same for the same seed; of sets the smallest.
#[test]
fn a_sample_of_many_worlds() {
    let nodes: Vec<String> = (0..60).map(|n| format!("{{\"id\": \"s{n:02}\", \"kind\": \"S\"}}")).collect();
    let candidate = format!("{{\"nodes\": [{}], \"edges\": []}}", nodes.join(", "));
    let rule = "node S\nrule there(s: S) if s is S\n";
    let pairs = format!("{rule}intervention i {{ for a: S for b: S where a != b do remove a expect there(a) }}\n");
    let asked = |program: &str, args: &[&str]| {
        let args: Vec<&str> = args.iter().chain(&["--format", "json", "--worlds", "40"]).copied().collect();
        let (code, text) = said("sample", program, &candidate, &args);
        assert_eq!(code, 1, "{text}");
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let demand = report["candidates"][0]["demands"][0].clone();
        assert_eq!((&demand["checked"], &demand["violation_count"]), (&40.into(), &40.into()));
        assert_eq!(demand["worlds"]["exhaustive"], false);
        let first = demand["violations"].as_array().unwrap().iter().map(|v| v["key"].to_string()).collect::<BTreeSet<_>>();
        (demand["worlds"]["seed"].clone(), first)
    };
    let (seed, some) = asked(&pairs, &[]);
    assert_eq!((seed, some.len()), (0.into(), 40));
    let elements: BTreeSet<&str> = some.iter().flat_map(|k| k.split('"').filter(|p| p.starts_with('s'))).collect();
    assert!(elements.len() > 25, "{elements:?}");
    assert_eq!(asked(&pairs, &[]).1, some);
    let (seed, others) = asked(&pairs, &["--seed", "7"]);
    assert_eq!(seed, 7);
    assert_ne!(others, some);
    let sets = format!("{rule}intervention i {{ for any 3 a: S do remove a expect every s in a satisfies there(s) }}\n");
    let (seed, sets) = asked(&sets, &[]);
    assert!(seed.is_null() && sets.iter().all(|k| k.matches("S(").count() == 1), "{sets:?}");
}

/// A test with `do` has its `given` as the world before.
#[test]
fn a_test_compares_with_what_was_given() {
    let program = "node Host { zone: Text }\nrule near(h: Host) if h.zone == \"a\"\n\
        invariant far { never h: Host where h.zone == \"b\" and h.id == \"a\" }\n\
        invariant near_all { never h: Host where h.zone == \"a\" }\n\
        test \"before\" {\n  given { Host a { zone: \"a\" }, b { zone: \"b\" } }\n  do set a.zone = \"b\"\n  do remove b\n\
        expect was(a.zone) == \"a\" and a.zone == \"b\"\n  expect changed near\n  expect stable some h: Host where h.zone == \"b\"\n\
        expect was(count(h: Host)) == 2 and count(h: Host) == 1\n  expect not b is Host\n\
        expect was(holds far) and breaks far and not was(breaks far)\n  expect was(breaks near_all) and holds near_all\n\
        expect was(breaks near_all where h.id == \"a\") and not was(breaks near_all where h.id == \"b\")\n\
        expect was(unchanged near) and not was(changed near)\n}\n\
        test \"fails\" {\n  given { Host a { zone: \"a\" } }\n  do set a.zone = \"b\"\n  expect unchanged near\n}\n";
    let folder = crate::cli::folder("worlds-test", &[("p.dbm", program)]);
    let said = crate::docs::dbm(&folder, &["test".into(), "p.dbm".into()], None);
    assert!(said.text.contains("✓ before") && said.text.contains("`near` changed"), "{}", said.text);
    assert_eq!(said.code, 1);
}

/// What candidates agree on, what tells them apart, and what is decided about them.
#[test]
fn many_candidates() {
    let step = |id: &str, ty: &str, cost: &str| {
        format!("{{\"id\": \"{id}\", \"kind\": \"Step\", \"type\": \"{ty}\", \"cost\": {cost}}}")
    };
    let next = |a: &str, b: &str| format!("{{\"kind\": \"next\", \"from\": \"{a}\", \"to\": \"{b}\"}}");
    let all =
        |nodes: &[String], edges: &[String]| format!("{{\"nodes\": [{}], \"edges\": [{}]}}", nodes.join(", "), edges.join(", "));
    let good = all(&[step("a", "approve", "1.0"), step("b", "x", "0.0")], &[next("a", "b")]);
    let round = all(&[step("a", "q", "1.0"), step("b", "x", "0.0")], &[next("a", "b"), next("b", "a")]);
    let large = all(&[step("a", "approve", "1.0"), step("b", "x", "0.0"), step("c", "x", "0.0")], &[next("a", "b")]);
    let cheap = all(&[step("a", "approve", "0.5")], &[]);
    let other = all(&[step("start", "approve", "1.0"), step("b", "x", "0.0")], &[next("start", "b")]);
    let program = "node Step { type: Text, cost: Float = 0.0 }\nedge next: Step -> Step\n\
        rule before(a: Step, b: Step) if a -next+-> b\n\
        invariant acyclic { never x -next+-> x }\ninvariant small : warning { require count(s: Step) <= 2 }\n\
        invariant agreed { require in at least 75% candidates some s: Step where s.type == \"approve\" }\n\
        policy intake {\n  on candidate\n  forbid when breaks acyclic message \"it goes round\"\n  escalate to \"architect\" when breaks small\n  permit\n}\n\
        prefer cheap = 0.0 - sum(s.cost for s: Step)\nprefer short weight 2.0 = 0.0 - count(s: Step)\n";
    let files: Vec<(&str, &str)> = vec![
        ("p.dbm", program),
        ("good.json", &good),
        ("round.json", &round),
        ("large.json", &large),
        ("cheap.json", &cheap),
        ("other.json", &other),
    ];
    let folder = crate::cli::folder("worlds-many", &files);
    let run = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|a| a.to_string()).collect();
        let said = crate::docs::dbm(&folder, &args, None);
        (said.code, said.text)
    };
    let (code, text) = run(&["judge", "p.dbm", "good.json", "round.json", "large.json", "cheap.json"]);
    assert_eq!(code, 1, "{text}");
    let order: Vec<&str> = text.lines().filter(|l| l.contains(".json")).collect();
    let wanted = ["1. cheap.json: permit", "2. good.json: permit", "– large.json: escalate", "– round.json: forbid"];
    assert!(order.iter().zip(wanted).all(|(l, w)| l.starts_with(w)) && order.len() == 4, "{text}");
    assert!(text.contains("intake: forbid, it goes round"), "{text}");
    assert_eq!(run(&["judge", "p.dbm", "good.json", "cheap.json"]).0, 0);
    let (code, text) = run(&["check", "p.dbm", "good.json", "round.json", "large.json", "cheap.json", "--only", "agreed"]);
    assert_eq!((code, text.matches("✓ agreed").count()), (0, 4), "{text}");
    let (code, text) = run(&["check", "p.dbm", "good.json", "round.json", "--only", "agreed"]);
    assert!(code == 1 && text.contains("it is so in 1 of 2 candidates"), "{text}");
    let (code, text) = run(&["check", "p.dbm", "round.json", "--only", "intake"]);
    assert!(code == 1 && text.contains("it goes round"), "{text}");
    let (_, text) = run(&["core", "p.dbm", "good.json", "large.json", "cheap.json", "--share", "60"]);
    assert!(
        text.contains("3  Step(\"a\")") && text.contains("2  before(Step(\"a\"), Step(\"b\"))") && !text.contains("Step(\"c\")"),
        "{text}"
    );
    let diff = |a: &str, b: &str| run(&["diff", a, b]);
    assert_eq!(diff("good.json", "good.json"), (0, "no difference\n".into()));
    assert_eq!(
        diff("good.json", "large.json"),
        (1, "add Step(\"c\") { cost: 0, type: \"x\" }\n1 edit, the fewest there can be\n".into())
    );
    let (_, text) = diff("good.json", "round.json");
    assert!(
        text.ends_with("2 edits, the fewest there can be\n") && text.contains("add Step(\"b\") -next-> Step(\"a\")"),
        "{text}"
    );
    assert_eq!(diff("good.json", "other.json").1, "rename Step(\"a\") to Step(\"start\")\n1 edit; there may be a shorter way\n");
    let (code, text) = run(&["check", "p.dbm", "good.json", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["candidates"][0]["decision"]["effect"]), (0, &"permit".into()));
}
