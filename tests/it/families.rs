//! Policies of one shape are judged together as each would be by itself: random programs of few shapes over random traces, in one world,
//! with faults, and in several worlds. Also what makes a family. Reads agree and random.
use crate::agree::{compile, read, values};
use crate::random::Rng;
use dbm::engine::{Annotation, Budget, Kleene, Machine, Many, Present, Worlds};
use dbm::scalar::Val;
use dbm::semantics::Checked;
use dbm::session::evaluate::{Evaluation, How};
use dbm::session::traced::{Reading, Traced};
use dbm::structure::{Graph, Sort};
use std::fmt::Write;

const KINDS: &str = "node Group { level: Int }\nnode User\nedge member: User | Group -> Group\n\
    event Call { user: User, action: Text, n: Int, args: Json, tag: Text? }\nobserved event Done { action: Text, user: User }\n\
    rule close(u: User, g: Group) if u -member*-> g\nrule over(c: Call, k: Int) if c.n > k\n\
    rule score(u: User) = count(g: Group where u -member*-> g)\n";

const ACTIONS: [&str; 4] = ["read", "write", "pay", "\\\"x\\\""];

/// A condition on `c`, with other constants each time.
fn atom(shape: usize, r: &mut Rng) -> String {
    let action = |r: &mut Rng| ACTIONS[r.below(4)];
    // one or two of the groups and users are not there
    let group = |r: &mut Rng| if r.chance(12) { 90 + r.below(2) } else { r.below(5) };
    let k = r.below(4);
    match shape {
        0 | 1 => format!("c.action == \"{}\"", action(r)),
        2 | 3 => format!("c.user -member*-> Group(\"g{}\")", group(r)),
        4 => format!("c.n > {k}"),
        5 => format!("(c.args.x as Int) >= {k}"),
        6 => format!("c.tag == \"{}\"", action(r)),
        7 => format!("not c.user -member-> Group(\"g{}\")", group(r)),
        8 => format!("count(d: Done within 3h where d.action == \"{}\") >= {k}", action(r)),
        9 => format!("(earlier d: Done where d.action == \"{}\" and d.user == c.user)", action(r)),
        10 => format!("c.user == User(\"u{}\")", r.below(5)),
        11 => format!("c.action in [\"{}\", \"{}\"]", action(r), action(r)),
        12 => format!("(c.action == \"{}\" or c.n == {k})", action(r)),
        13 => format!("(some g: Group where c.user -member-> g and g.level > {k})"),
        14 => format!("(c.args.s as Text) == \"{}\"", action(r)),
        15 => format!("close(c.user, Group(\"g{}\"))", group(r)),
        16 => format!("over(c, {k})"),
        17 => format!("Group(\"g{}\").level > {k}", group(r)),
        18 => format!("\"{}\" == c.action", action(r)),
        19 => format!("score(c.user) > {k}"),
        20 => format!("(c.user -member*-> Group(\"g{}\") or c.action == \"{}\")", group(r), action(r)),
        21 => format!("(no p: Call within 2h where p.action == \"{}\" and p.n > {k})", action(r)),
        _ => "c.n >= 0".into(),
    }
}

/// A shape: the numbers of conditions and of what a policy does.
struct Shape {
    on: Vec<usize>,
    lets: usize,
    clauses: Vec<(usize, Vec<usize>, Option<usize>, usize)>,
}

fn shape(r: &mut Rng) -> Shape {
    let atoms = |r: &mut Rng, most: usize| (0..r.below(most + 1)).map(|_| r.below(23)).collect::<Vec<_>>();
    let clauses = (0..1 + r.below(3)).map(|_| {
        let unless = r.chance(25).then(|| r.below(22));
        (r.below(8), atoms(r, 3), unless, r.below(3))
    });
    let clauses = clauses.collect();
    Shape { on: atoms(r, 3), lets: r.below(3), clauses }
}

fn policy(name: usize, s: &Shape, r: &mut Rng) -> String {
    let all = |list: &[usize], r: &mut Rng| list.iter().map(|a| atom(*a, r)).collect::<Vec<_>>().join(" and ");
    let mut out = format!("policy p{name} {{\n  on c: Call");
    if !s.on.is_empty() {
        let _ = write!(out, " where {}", all(&s.on, r));
    }
    out.push('\n');
    match s.lets {
        1 => _ = writeln!(out, "  let most = c.n + {}", r.below(3)),
        2 => _ = writeln!(out, "  let most = count(d: Done where d.action == \"{}\")", ACTIONS[r.below(4)]),
        _ => {}
    }
    for (act, when, unless, message) in &s.clauses {
        let action = ACTIONS[r.below(4)];
        let what = match act {
            0 | 1 => "permit".to_string(),
            2 | 3 => "forbid".into(),
            4 => format!("escalate to \"owner{}\"", r.below(3)),
            5 => "warn".into(),
            6 => format!("rewrite c.tag = \"{action}\""),
            _ => {
                let otherwise =
                    if when.len() == 1 { format!(" otherwise escalate to \"boss{}\"", r.below(3)) } else { String::new() };
                format!("oblige d: Done within 2h where d.action == \"{action}\" and d.user == c.user{otherwise}")
            }
        };
        let _ = write!(out, "  {what}");
        let mut when = all(when, r);
        if s.lets > 0 {
            let and = if when.is_empty() { "" } else { " and " };
            let _ = write!(when, "{and}most < {}", 1 + r.below(4));
        }
        if !when.is_empty() {
            let _ = write!(out, " when {when}");
        }
        if let Some(u) = unless {
            let _ = write!(out, " unless {}", atom(*u, r));
        }
        match message {
            1 => _ = write!(out, "\n  message \"no {} by {{c.user}}: {{c.n}} of {{{}}}\"", r.below(3), r.below(3)),
            2 => _ = write!(out, "\n  message \"never {}\"", r.below(3)),
            _ => {}
        }
        out.push('\n');
    }
    out + "}\n"
}

fn program(r: &mut Rng) -> String {
    let mut out = String::from(KINDS);
    let shapes: Vec<Shape> = (0..1 + r.below(2)).map(|_| shape(r)).collect();
    // those of one shape stand between others
    for n in 0..2 + r.below(6) {
        out += &policy(n, &shapes[r.below(shapes.len())], r);
    }
    if r.chance(30) {
        out += "default permit\n";
    }
    out
}

fn trace(r: &mut Rng) -> String {
    let (mut nodes, mut edges, mut events) = (vec![], vec![], vec![]);
    for i in 0..5 {
        nodes.push(format!("{{\"kind\":\"Group\",\"id\":\"g{i}\",\"level\":{}}}", r.below(4)));
        nodes.push(format!("{{\"kind\":\"User\",\"id\":\"u{i}\"}}"));
    }
    for _ in 0..r.below(12) {
        let from = if r.chance(50) { "u" } else { "g" };
        edges.push(format!("{{\"kind\":\"member\",\"from\":\"{from}{}\",\"to\":\"g{}\"}}", r.below(5), r.below(5)));
    }
    edges.sort();
    edges.dedup();
    for i in 0..3 + r.below(8) {
        let (user, action, minute) = (r.below(5), ACTIONS[r.below(4)], i * 40 + r.below(30));
        let head = format!("\"id\":\"e{i}\",\"at\":\"2026-01-01T{:02}:{:02}:00Z\"", minute / 60, minute % 60);
        let both = format!("{head},\"user\":\"u{user}\",\"action\":\"{action}\"");
        if r.chance(30) {
            events.push(format!("{{\"kind\":\"Done\",{both}}}"));
            continue;
        }
        let args = ["{}", "{\"x\":2,\"s\":\"read\"}", "{\"x\":\"no\"}", "{\"x\":1,\"s\":\"pay\"}", "{\"x\":3,\"s\":\"write\"}"];
        let tag = if r.chance(50) { format!(",\"tag\":\"{}\"", ACTIONS[r.below(4)]) } else { String::new() };
        let args = if r.chance(70) { args[1 + 2 * r.below(2)] } else { args[r.below(5)] };
        events.push(format!("{{\"kind\":\"Call\",{both},\"n\":{},\"args\":{args}{tag}}}", r.below(5)));
    }
    format!("{{\"nodes\":[{}],\"edges\":[{}],\"events\":[{}]}}", nodes.join(","), edges.join(","), events.join(","))
}

/// All that is said of a trace, as text; none if a fault came that the annotation cannot say.
fn said<A: Annotation>(
    (checked, graph): (&Checked, &Graph),
    singly: bool,
    universe: A,
    prepare: &dyn Fn(&mut Machine<A>),
    shown: &dyn Fn(&Machine<A>, &A) -> String,
) -> (Option<String>, bool) {
    let how = How { singly, ..How::default() };
    let what = (universe, &values(checked)[..]);
    let mut e = Evaluation::new(&checked.program, &checked.strata, graph.clone(), what, Budget::default(), how, prepare);
    let joined = e.policies(&|_| true).iter().any(|p| p.1.as_ref().is_ok_and(|p| p.joined.is_some()));
    let reading = Reading { wanted: &|_| true, most: 3, closed: false, lateness: 0 };
    let traced: Vec<Traced> = e.trace(&reading);
    let mut out = String::new();
    for mut t in traced {
        let faults: Vec<String> = t.faults.0.drain(..).map(|(f, at)| format!("{f:?} at {at}")).collect();
        let _ = writeln!(out, "{t:#?} {faults:#?}");
    }
    e.decisions().unwrap_or_else(|u| panic!("{}", u.what));
    let mut decided: Vec<String> = vec![];
    for ((effect, policy, event), a) in &e.machine.decided {
        decided.push(format!("{effect:?} {policy:?} {event:?}: {}", shown(&e.machine, a)));
    }
    decided.sort();
    ((!e.machine.faulted).then(|| out + &decided.join("\n")), joined)
}

/// Says the same, together and singly, in each kind of worlds; gives whether anything was judged together, and whether a fault came.
fn agree(seed: u64) -> (bool, bool) {
    let r = &mut Rng(seed);
    let text = program(r);
    let checked = match compile(&text) {
        Ok((checked, _)) => checked,
        Err(why) => panic!("{why:#?}\n{text}"),
    };
    let json = trace(r);
    let graph = read(&checked, &json);
    let both = (&checked, &graph);
    let report = |what: &str, a: &Option<String>, b: &Option<String>| {
        if a != b {
            let (a, b) = (a.clone().unwrap_or_default(), b.clone().unwrap_or_default());
            let first = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or(0);
            let near = |s: &str| s.lines().skip(first.saturating_sub(30)).take(50).collect::<Vec<_>>().join("\n");
            panic!("seed {seed}, {what}:\n{}\n--- singly\n{}\n{text}\n{json}", near(&a), near(&b));
        }
    };
    let plain = |_: &Machine<Present>, _: &Present| String::new();
    let (a, joined) = said(both, false, Present, &|_| {}, &plain);
    let (b, alone) = said(both, true, Present, &|_| {}, &plain);
    assert!(!alone);
    // a fault may be met earlier or later; then the run with faults is what counts
    if a.is_some() && b.is_some() {
        report("plain", &a, &b);
    }
    let kleene = |m: &Machine<Kleene>, a: &Kleene| match a {
        Kleene::True => "true".into(),
        Kleene::Fault(f) => format!("{:?}", m.faults.get(*f)),
    };
    let (k, _) = said(both, false, Kleene::True, &|_| {}, &kleene);
    report("with faults", &k, &said(both, true, Kleene::True, &|_| {}, &kleene).0);
    // several worlds: some elements are not everywhere
    let mut hidden: Vec<(Val, Vec<u32>)> = vec![];
    for v in elements(&graph) {
        if r.chance(20) {
            hidden.push((v, some(r)));
        }
    }
    let differ = |m: &mut Machine<Worlds>| {
        let all = m.universe.clone();
        for (v, list) in &hidden {
            m.exists.insert(*v, all.these(list));
        }
    };
    let shown = |m: &Machine<Worlds>, a: &Worlds| {
        let one = |w: u32| match a.at(w) {
            Some(false) => format!("{:?}", m.faults.get(a.fault())),
            other => format!("{other:?}"),
        };
        (0..4).map(one).collect::<Vec<_>>().join(" ")
    };
    let (w, _) = said(both, false, Worlds::all(4), &differ, &shown);
    report("in worlds", &w, &said(both, true, Worlds::all(4), &differ, &shown).0);
    (joined, b.is_none())
}

fn elements(graph: &Graph) -> Vec<Val> {
    let sorts = [Sort::Node, Sort::Event].into_iter();
    let mut all: Vec<Val> = sorts.flat_map(|s| graph.of_kinds(s, &dbm::scalar::Kinds::Any)).collect();
    all.extend((0..graph.edge_count()).map(Val::edge));
    all
}

fn some(r: &mut Rng) -> Vec<u32> {
    (0..4).filter(|_| r.chance(60)).collect()
}

#[test]
fn policies_of_one_shape_are_judged_as_each_by_itself() {
    let cases: u64 = std::env::var("DBM_FAMILIES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let begin: u64 = std::env::var("DBM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (mut together, mut faults) = (0, 0);
    for seed in begin..begin + cases {
        let (joined, fault) = agree(seed);
        together += u64::from(joined);
        faults += u64::from(fault);
    }
    if cases >= 100 {
        assert!(together * 2 > cases, "only {together} of {cases} programs have families");
        assert!(faults * 10 > cases && faults * 10 < cases * 9, "{faults} of {cases} programs have faults");
    }
}

/// How many of a program's policies are in a family, and the widths of the families' tables.
fn families(policies: &str) -> (usize, Vec<usize>) {
    let (checked, _) = compile(&format!("{KINDS}{policies}")).unwrap_or_else(|why| panic!("{why:#?}"));
    let graph = read(&checked, "{\"nodes\":[],\"edges\":[],\"events\":[]}");
    let what = (Present, &values(&checked)[..]);
    let mut e = Evaluation::new(&checked.program, &checked.strata, graph, what, Budget::default(), How::default(), &|_| {});
    let plans = e.policies(&|_| true);
    let rules = checked.program.rules.len();
    let widths = e.machine.relations.iter().skip(rules).map(|r| r.info.arity).collect();
    (plans.iter().filter(|p| p.1.as_ref().is_ok_and(|p| p.joined.is_some())).count(), widths)
}

#[test]
fn policies_that_are_the_same_but_for_constants_are_a_family() {
    let two = |a: &str, b: &str| families(&format!("policy a {{ on c: Call {a} }}\npolicy b {{ on c: Call {b} }}\n"));
    let read = "permit when c.action == \"read\" and c.n > 1";
    // the table has a column for each constant that is not the same in all, and one for the member
    assert_eq!(two(read, "permit when c.action == \"write\" and c.n > 1"), (2, vec![2]));
    assert_eq!(two(read, "permit when c.action == \"write\" and c.n > 2"), (2, vec![3]));
    assert_eq!(two(read, read), (2, vec![1]));
    // what is only told has none: messages, and whom it concerns
    assert_eq!(two("warn message \"a\"", "warn message \"b\""), (2, vec![1]));
    assert_eq!(two("escalate to \"a\"", "escalate to \"b\""), (2, vec![1]));
    // other names of variables are the same variables
    assert_eq!(
        families("policy a { on c: Call permit when c.n > 1 }\npolicy b { on d: Call permit when d.n > 2 }\n"),
        (2, vec![2])
    );
    // a list that is written out is a constant
    assert_eq!(two("permit when c.action in [\"a\"]", "permit when c.action in [\"a\", \"b\"]"), (2, vec![2]));
    // a node that is looked up is a constant
    let group = |g: &str| format!("permit when c.user -member*-> Group(\"{g}\")");
    assert_eq!(two(&group("a"), &group("b")), (2, vec![2]));
}

#[test]
fn policies_that_differ_in_more_are_none() {
    let two = |a: &str, b: &str| families(&format!("policy a {{ on c: Call {a} }}\npolicy b {{ on c: Call {b} }}\n"));
    for (a, b) in [
        ("permit when c.n > 1", "permit when c.n >= 1"),
        ("permit when c.n > 1", "forbid when c.n > 1"),
        ("permit when c.n > 1", "permit when c.n > 1 and c.n > 1"),
        ("permit when c.n > 1", "permit unless c.n > 1"),
        ("permit when c.tag == \"a\"", "permit when c.action == \"a\""),
        ("permit when c.tag == none", "permit when c.tag == \"a\""),
        ("permit when c.n == 1", "permit when c.n == c.n"),
        ("oblige d: Done within 1h where d.action == \"a\"", "oblige d: Done within 2h where d.action == \"a\""),
        ("permit when count(d: Done within 1h) > 1", "permit when count(d: Done within 2h) > 1"),
        ("warn message \"a\"", "warn"),
        ("permit when c.n > 1\n  warn", "warn\n  permit when c.n > 1"),
    ] {
        assert_eq!(two(a, b), (0, vec![]), "{a} | {b}");
    }
    let user = families("policy a { on c: Call permit }\npolicy b { on d: Done warn }\n");
    assert_eq!(user, (0, vec![]));
    assert_eq!(families("policy a { on c: Call permit when c.n > 1 }\n"), (0, vec![]));
}
