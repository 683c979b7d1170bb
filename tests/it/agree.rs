//! The engine against the oracle, and against itself, on random programs and candidates. Reads oracle and random.
use crate::oracle::{Bad, Oracle, V};
use crate::random::{self, Case, Rng};
use dbm::base::source::NoFiles;
use dbm::base::{Diagnostic, Sources};
use dbm::candidate::{self, Format, Input};
use dbm::engine::{Annotation, Budget, Kleene, Present};
use dbm::scalar::{Op, Type, Val, Value};
use dbm::semantics::hir::{Expr, ExprKind, RuleForm, RuleId, Var, VarId};
use dbm::semantics::{self, Checked};
use dbm::session::decide::{Asked, decide, verdict};
use dbm::session::evaluate::{Decided, Evaluation, How, in_one_world};
use dbm::session::why::{Extent, Why};
use dbm::structure::Graph;
use dbm::verdict::{DemandReport, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub fn compile(text: &str) -> Result<(Checked, Sources), Vec<String>> {
    let mut sources = Sources::new();
    let main = sources.add_file("random.dbm", text);
    let checked = semantics::check(&mut sources, &NoFiles, main, &semantics::Options::default());
    let errors: Vec<String> = checked.diagnostics.iter().filter(|d| d.is_error()).map(|d| line(d, &sources)).collect();
    if errors.is_empty() { Ok((checked, sources)) } else { Err(errors) }
}

fn line(d: &Diagnostic, sources: &Sources) -> String {
    let at = d.primary().map(|p| (sources.position(p).map(|p| p.1), sources.text(p).to_string()));
    format!("{} {} {at:?}", d.code, d.title)
}

pub fn read(checked: &Checked, json: &str) -> Graph {
    let input = Input { name: "random.json", bytes: json.as_bytes(), format: Format::Json };
    let mut sources = Sources::new();
    let outcome = candidate::read(&checked.program, &input, None, &candidate::Options::default(), &mut sources);
    let found: Vec<String> = outcome.diagnostics.iter().map(|d| line(d, &sources)).collect();
    outcome.graph.unwrap_or_else(|| panic!("a candidate is refused: {found:#?}\n{json}"))
}

pub fn values(checked: &Checked) -> Vec<Value> {
    checked.program.params.iter().map(|p| p.default.clone().unwrap_or(Value::None)).collect()
}

/// The facts of a rule: a tuple (with the value, for a value rule) and whether it is certain. A fault where a value would be: unknown.
pub type Facts = BTreeMap<Vec<V>, bool>;
/// An invariant: verdict, `checked`, certain violations.
type Verdicts = Vec<(String, u64, BTreeSet<(usize, Vec<Value>)>)>;

/// What can be said of a run: facts by rule, verdicts by invariant.
#[derive(PartialEq, Debug)]
struct Answer {
    facts: Vec<(String, Facts)>,
    verdicts: Verdicts,
}

/// What a machine knows of a rule in one world. `truth` says of an annotation: certain, a fault, or not there.
pub fn facts<A: Annotation>(e: &Evaluation<'_, A>, rule: usize, truth: &dyn Fn(&A) -> Option<bool>) -> Facts {
    let mut all = Facts::new();
    let value = |v: Val| if v.as_fault().is_some() { Err(Bad::Fault) } else { Ok(e.machine.graph.dictionary.value(v)) };
    let Some(r) = e.machine.relations.get(rule) else { return all };
    let worthless = r.broken.as_ref().and_then(truth).is_some();
    if worthless {
        all.insert(vec![], false);
    }
    for n in 0..r.len() {
        let tuple: Vec<V> = r.row(n).iter().map(|v| value(*v)).collect();
        if r.info.combine.is_none() {
            if let Some(certain) = r.annotation(n).and_then(truth) {
                all.insert(tuple, certain);
            }
            continue;
        }
        for (v, a) in r.pieces(n) {
            if let Some(certain) = truth(a).filter(|_| !worthless) {
                let mut tuple = tuple.clone();
                let v = value(*v);
                let certain = certain && v.is_ok();
                tuple.push(if certain { v } else { Err(Bad::Fault) });
                all.insert(tuple, certain);
            }
        }
    }
    plainest(all)
}

/// Without what a more general unknown fact says already.
fn plainest(all: Facts) -> Facts {
    let covers = |general: &Vec<V>, k: &Vec<V>| general != k && general.iter().zip(k).all(|(g, v)| g == v || g.is_err());
    let general: Vec<Vec<V>> = all
        .iter()
        .filter(|(k, certain)| !**certain && (k.is_empty() || k.contains(&Err(Bad::Fault))))
        .map(|(k, _)| k.clone())
        .collect();
    all.into_iter().filter(|(k, certain)| *certain || !general.iter().any(|g| covers(g, k))).collect()
}

fn engine<A: Annotation>(
    checked: &Checked,
    graph: Graph,
    universe: A,
    naive: bool,
    truth: &dyn Fn(&A) -> Option<bool>,
) -> Option<Answer> {
    let mut e = Evaluation::new(
        &checked.program,
        &checked.strata,
        graph,
        (universe, &values(checked)),
        Budget::default(),
        How { naive, ..How::default() },
        &|_| {},
    );
    if e.machine.faulted {
        return None;
    }
    let mut answer = Answer { facts: vec![], verdicts: vec![] };
    for (n, r) in checked.program.rules.iter().enumerate() {
        answer.facts.push((r.name.to_string(), facts(&e, n, truth)));
    }
    for i in &checked.program.invariants {
        match e.invariant(i, 100_000) {
            Decided::Checked(o) => {
                let one = |f: &dbm::demand::invariant::Found| {
                    (f.clause, f.binding.iter().map(|b| e.machine.graph.dictionary.value(b.1)).collect())
                };
                let found: BTreeSet<(usize, Vec<Value>)> = o.found.iter().map(one).collect();
                assert_eq!(found.len() as u64, o.count, "a violation is counted twice");
                answer.verdicts.push((verdict(&o).name().to_string(), o.checked, found));
            }
            Decided::NotYet(why) => panic!("not there: {} at {:?}", why.what, why.place),
            Decided::Limit => panic!("a limit"),
        }
    }
    (!e.machine.faulted).then_some(answer)
}

fn oracle(checked: &Checked, graph: &Graph) -> Answer {
    let o = Oracle::new(&checked.program, graph);
    let mut answer = Answer { facts: vec![], verdicts: vec![] };
    for (n, r) in checked.program.rules.iter().enumerate() {
        let mut all = Facts::new();
        let t = o.table(n);
        if !r.function {
            if t.broken {
                all.insert(vec![], false);
            }
            match r.form {
                RuleForm::Relation => all.extend(t.facts.iter().map(|(k, c)| (k.clone(), *c))),
                RuleForm::Value(..) => {
                    all.extend(t.values.iter().map(|(k, v)| (k.iter().cloned().chain([v.clone()]).collect(), v.is_ok())));
                }
            }
            all = plainest(all);
        }
        answer.facts.push((r.name.to_string(), all));
    }
    for i in &checked.program.invariants {
        let found = o.invariant(i);
        answer.verdicts.push((found.verdict.to_string(), found.checked, found.violations));
    }
    answer
}

pub fn kleene(a: &Kleene) -> Option<bool> {
    Some(*a == Kleene::True)
}

/// What differs between two answers.
fn difference(checked: &Checked, name: (&str, &str), a: &Answer, b: &Answer) -> Option<String> {
    for ((rule, x), (_, y)) in a.facts.iter().zip(&b.facts) {
        if x != y {
            let only = |x: &Facts, y: &Facts| {
                x.iter().filter(|(k, v)| y.get(*k) != Some(v)).map(|(k, v)| format!("    {k:?} {v}\n")).collect::<String>()
            };
            return Some(format!("facts of {rule}\n  {}:\n{}  {}:\n{}", name.0, only(x, y), name.1, only(y, x)));
        }
    }
    for ((i, x), y) in checked.program.invariants.iter().zip(&a.verdicts).zip(&b.verdicts) {
        if x != y {
            return Some(format!("{}\n  {}: {x:?}\n  {}: {y:?}", i.name, name.0, name.1));
        }
    }
    None
}

/// Whether a case was refused, and if not, what is wrong with it.
enum Tried {
    Refused(Vec<String>),
    Fine,
    Wrong(String),
}

fn attempt(case: &Case, check: &dyn Fn(&Case, &Checked, &Sources) -> Option<String>) -> Tried {
    let run = catch_unwind(AssertUnwindSafe(|| match compile(&case.program()) {
        Err(errors) => Tried::Refused(errors),
        Ok((checked, sources)) => check(case, &checked, &sources).map_or(Tried::Fine, Tried::Wrong),
    }));
    run.unwrap_or_else(|p| {
        let text = p.downcast_ref::<String>().cloned().or_else(|| p.downcast_ref::<&str>().map(|s| s.to_string()));
        let text = text.unwrap_or_default();
        // while a case is shrunk, declarations may go that its candidate needs
        if text.starts_with("a candidate is refused") {
            Tried::Refused(vec![text])
        } else {
            Tried::Wrong(format!("panic: {text}"))
        }
    })
}

/// Drops items, edges, nodes and attributes while the case still fails.
fn shrunk(mut case: Case, check: &dyn Fn(&Case, &Checked, &Sources) -> Option<String>) -> Case {
    let fails = |c: &Case| matches!(attempt(c, check), Tried::Wrong(_));
    loop {
        let mut smaller: Vec<Case> = vec![];
        for i in 0..case.items.len() {
            let mut c = case.clone();
            c.items.remove(i);
            smaller.push(c);
        }
        smaller.extend((0..case.nodes.len()).map(|n| case.without_node(n)));
        for i in 0..case.edges.len() {
            let mut c = case.clone();
            c.edges.remove(i);
            smaller.push(c);
        }
        match smaller.into_iter().find(fails) {
            Some(c) => case = c,
            None => break,
        }
    }
    // then parts of formulas: whatever stands in parentheses, or beside an `and`
    loop {
        let smaller = case
            .items
            .iter()
            .enumerate()
            .filter(|(_, t)| ["rule", "inva", "mech"].contains(&&t[..4]))
            .flat_map(|(i, item)| cuts(item).into_iter().map(move |t| (i, t)))
            .map(|(i, t)| {
                let mut c = case.clone();
                c.items[i] = t;
                c
            });
        match smaller.collect::<Vec<_>>().into_iter().find(fails) {
            Some(c) => case = c,
            None => return case,
        }
    }
}

/// An item with something taken out.
pub fn cuts(item: &str) -> Vec<String> {
    let mut all = vec![];
    // positions at each depth of parentheses
    let bytes = item.as_bytes();
    let mut open = vec![];
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' => open.push(i),
            b')' => {
                if let Some(start) = open.pop() {
                    let inner = &item[start + 1..i];
                    for piece in ["true", "1", "\"a\"", "0.5"].iter().map(|s| s.to_string()).chain(halves(inner)) {
                        if piece.len() < i + 1 - start {
                            all.push(format!("{}{piece}{}", &item[..start], &item[i + 1..]));
                            all.push(format!("{}({piece}){}", &item[..start], &item[i + 1..]));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for word in [" and ", " or ", " where ", ", ", " never ", " require ", " let ", " when ", " unless ", " within ", " message "]
    {
        let at: Vec<usize> = item.match_indices(word).map(|m| m.0).collect();
        for (n, start) in at.iter().enumerate() {
            for end in at
                .iter()
                .skip(n + 1)
                .copied()
                .chain(item.match_indices([')', '}']).map(|m| m.0))
                .chain([item.len()])
                .filter(|e| e > start)
            {
                all.push(format!("{}{}", &item[..*start], &item[end..]));
                all.push(format!("{} {}", &item[..*start], &item[end..]));
            }
        }
    }
    all.sort_by_key(String::len);
    all.dedup();
    all.retain(|t| t.len() < item.len());
    all
}

fn halves(text: &str) -> Vec<String> {
    [" and ", " or ", " + ", " - ", " implies ", " then ", " else ", " ?? ", " * "]
        .iter()
        .flat_map(|w| text.split(w).map(str::to_string).collect::<Vec<_>>())
        .filter(|p| p.len() < text.len())
        .collect()
}

/// Tries cases until so many were accepted; panics with the first that fails, shrunk.
pub fn all(seeds: u64, wanted: usize, check: &dyn Fn(&Case, &Checked, &Sources) -> Option<String>) {
    let (mut accepted, mut refused) = (0, 0);
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let keep = std::env::var("DBM_KEEP").is_ok();
    std::panic::set_hook(Box::new(|_| {}));
    let mut failures = 0;
    for seed in seeds.. {
        if accepted >= wanted {
            break;
        }
        if keep {
            eprintln!("{seed}\n{}\n{}", random::case(seed).program(), random::case(seed).candidate());
        }
        let case = random::case(seed);
        match attempt(&case, check) {
            Tried::Refused(errors) => {
                refused += 1;
                for e in errors.iter().take(1) {
                    let code = e.split(' ').next().unwrap_or_default().to_string();
                    let entry = reasons.entry(code).or_insert((0, format!("{e} seed {seed}")));
                    entry.0 += 1;
                }
            }
            Tried::Fine => accepted += 1,
            Tried::Wrong(_) => {
                let small = shrunk(case, check);
                let Tried::Wrong(what) = attempt(&small, check) else { continue };
                let text = format!("seed {seed}\n{}\n{}\n{what}", small.program(), small.candidate());
                failures += 1;
                println!("=======\n{text}");
                if !keep || failures > 12 {
                    panic!("seed {seed} fails");
                }
            }
        }
    }
    if keep {
        println!("accepted {accepted}, refused {refused}: {reasons:#?}");
        assert_eq!(failures, 0);
    }
    assert!(
        accepted * 10 >= (accepted + refused) * 6,
        "too many programs are refused: {refused} of {}\n{reasons:#?}",
        accepted + refused
    );
}

fn engine_and_oracle(case: &Case, checked: &Checked, _: &Sources) -> Option<String> {
    compared(checked, read(checked, &case.candidate()))
}

fn compared(checked: &Checked, graph: Graph) -> Option<String> {
    let expected = oracle(checked, &graph);
    let found = engine(checked, graph.clone(), Kleene::True, false, &kleene)?;
    if let Some(d) = difference(checked, ("engine", "oracle"), &found, &expected) {
        return Some(d);
    }
    let naive = engine(checked, graph.clone(), Kleene::True, true, &kleene)?;
    if let Some(d) = difference(checked, ("semi-naive", "naive"), &found, &naive) {
        return Some(d);
    }
    let plain = engine(checked, graph, Present, false, &|_| Some(true))?;
    difference(checked, ("with faults", "plain"), &found, &plain)
}

const EACH: usize = 2_600;

#[test]
fn the_engine_agrees_with_the_oracle_1() {
    all(0, EACH, &engine_and_oracle);
}
#[test]
fn the_engine_agrees_with_the_oracle_2() {
    all(1_000_000, EACH, &engine_and_oracle);
}
#[test]
fn the_engine_agrees_with_the_oracle_3() {
    all(2_000_000, EACH, &engine_and_oracle);
}
#[test]
fn the_engine_agrees_with_the_oracle_4() {
    all(3_000_000, EACH, &engine_and_oracle);
}

/// Every fact has a derivation that does not rest on itself; what is no fact has something missing.
#[test]
fn what_holds_has_reasons_and_what_does_not_has_gaps() {
    fn unfounded(r: &Reason, above: &mut Vec<String>) -> Option<String> {
        let fact = r.text.starts_with('r') && r.text.contains('(');
        if fact && above.contains(&r.text) {
            return Some(format!("{} rests on itself", r.text));
        }
        above.push(r.text.clone());
        let found = r.because.iter().find_map(|b| unfounded(b, above));
        above.pop();
        found
    }
    all(6_000_000, 600, &|case, checked, sources| {
        let graph = read(checked, &case.candidate());
        let extent = Extent { depth: 30, width: 3 };
        let what = (&checked.program, &checked.strata);
        in_one_world(what, graph, &values(checked), &Budget::default(), How::default(), &mut |world| {
            for (n, rule) in checked.program.rules.iter().enumerate().filter(|(_, r)| !r.function) {
                let place = rule.place;
                let mut vars = vec![];
                let mut args = vec![];
                for (i, ty) in rule.params.iter().enumerate() {
                    vars.push(Var { name: format!("x{i}").into(), ty: ty.clone(), place });
                    args.push(Expr { kind: ExprKind::Var(VarId(i as u32)), ty: ty.clone(), place });
                }
                let atom = match &rule.form {
                    RuleForm::Relation => Expr { kind: ExprKind::Atom(RuleId(n as u32), args), ty: Type::Bool, place },
                    RuleForm::Value(_, ty) => {
                        let value = Expr { kind: ExprKind::Var(VarId(vars.len() as u32)), ty: ty.clone(), place };
                        vars.push(Var { name: "value".into(), ty: ty.clone(), place });
                        let kind = ExprKind::Value { rule: RuleId(n as u32), args, matched: true };
                        let call = Expr { kind, ty: ty.clone(), place };
                        Expr { kind: ExprKind::Op(Op::Eq, vec![value, call]), ty: Type::Bool, place }
                    }
                };
                let columns: Vec<VarId> = (0..vars.len() as u32).map(VarId).collect();
                let Ok((rows, faults)) = world.query(&vars, &atom, &columns) else { continue };
                let mut why = Why::new(world, &checked.program, sources, &|_, _| None, extent);
                let (reasons, more) = why.holds(&vars, &atom);
                if faults.is_empty() && reasons.len() + more as usize != rows.len() {
                    return Some(format!(
                        "{} of {} facts of {} have reasons",
                        reasons.len() as u64 + more,
                        rows.len(),
                        rule.name
                    ));
                }
                let bodies = rule.clauses.iter().all(|c| c.body.is_some());
                for fact in &reasons {
                    if let Some(what) = unfounded(fact, &mut vec![]) {
                        return Some(what);
                    }
                    if bodies && fact.clause.is_none() && fact.note.is_none() && faults.is_empty() {
                        return Some(format!("{} has no derivation", fact.text));
                    }
                }
                if rows.is_empty() && faults.is_empty() && why.missing(&vars, &atom).is_empty() {
                    return Some(format!("nothing is missing for {}", rule.name));
                }
            }
            None
        })
    });
}

/// The reports on a candidate.
fn reports(checked: &Checked, sources: &Sources, json: &str) -> (Vec<DemandReport>, Vec<Diagnostic>) {
    let graph = read(checked, json);
    let asked = Asked {
        wanted: &|_| true,
        most: 1_000,
        worlds: 1_000,
        seed: 0,
        closed: false,
        lateness: 0,
        shares: &[],
        why: None,
        sources,
        locate: &|_, _| None,
    };
    let what = (&checked.program, &checked.strata);
    let (reports, diagnostics, _) = decide(what, graph, &values(checked), &Budget::default(), How::default(), &asked);
    (reports, diagnostics)
}

#[test]
fn the_order_of_nodes_and_edges_never_shows() {
    all(4_000_000, 1_000, &|case, checked, sources| {
        let mut other = case.clone();
        let mut r = Rng(case.nodes.len() as u64 + 7);
        let mut order: Vec<usize> = (0..case.nodes.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, r.below(i + 1));
        }
        other.nodes = order.iter().map(|i| case.nodes[*i].clone()).collect();
        let at = |n: usize| order.iter().position(|o| *o == n).unwrap_or(0);
        other.edges.iter_mut().for_each(|e| (e.from, e.to) = (at(e.from), at(e.to)));
        for i in (1..other.edges.len()).rev() {
            other.edges.swap(i, r.below(i + 1));
        }
        let a = reports(checked, sources, &case.candidate());
        let b = reports(checked, sources, &other.candidate());
        (a != b).then(|| format!("{a:#?}\nshuffled: {b:#?}"))
    });
}

#[test]
fn a_formatted_program_gives_the_same_verdicts() {
    all(5_000_000, 300, &|case, checked, _| {
        let formatted = match dbm::session::format("random.dbm", &case.program()) {
            Ok(formatted) => formatted,
            Err(failure) => return Some(format!("{:#?}", failure.diagnostics)),
        };
        let (other, _) = match compile(&formatted) {
            Ok(other) => other,
            Err(errors) => return Some(format!("{formatted}\n{errors:#?}")),
        };
        let of = |checked: &Checked| engine(checked, read(checked, &case.candidate()), Kleene::True, false, &kleene);
        difference(checked, ("as written", "formatted"), &of(checked)?, &of(&other)?)
    });
}
