//! Decisions about events: `cargo bench --bench policies`. Ten to ten thousand policies in front of 1,000 requests, made by the same small
//! generator as those of a peer, which is run beside if one is named: `DBM_BENCH_PEER=/path/to/policy-bench`. It is asked for `cedar` and
//! says in lines with commas what it measured. `--write` puts the table into docs/benchmarks.md, `--only 10000` runs one size.
use dbm::base::Sources;
use dbm::candidate::{self, Format, Input};
use dbm::demand::policy::{Governed, together};
use dbm::engine::{Budget, Present};
use dbm::scalar::Val;
use dbm::semantics;
use dbm::session::evaluate::{Evaluation, How};
use dbm::session::{CompileOptions, NoFiles, Program};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

struct Rng(u64);

impl Rng {
    fn next(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n
    }
}

/// Half users, a tenth groups, a tenth folders, the rest documents. Groups are a tree of three children each, folders one of four.
struct World {
    users: usize,
    groups: usize,
    folders: usize,
    documents: usize,
}

impl World {
    fn new(n: usize) -> World {
        let (users, groups, folders) = (n / 2, n / 10, n / 10);
        World { users, groups, folders, documents: n - users - groups - folders }
    }
}

const ACTIONS: [&str; 8] = ["read", "write", "delete", "share", "email", "pay", "deploy", "approve"];

const KINDS: &str = "node Group\nnode User { clearance: Int, dept: Text }\nnode Folder\n\
                     node Document { sensitivity: Int, dept: Text, owner: User }\n\
                     edge member: User | Group -> Group\nedge inside: Document | Folder -> Folder\n\
                     event Request { user: User, action: Text, document: Document, amount: Int, approved: Bool }\n";

const CONDITIONS: [&str; 5] = [
    "r.user.clearance >= r.document.sensitivity",
    "(r.amount <= 500 or r.approved)",
    "r.user.dept == r.document.dept",
    "r.document.owner == r.user and r.amount < 900",
    "r.user.clearance > 2 and r.amount <= 800",
];

fn program(policies: usize, w: &World) -> String {
    let mut out = String::from(KINDS);
    let mut r = Rng(42);
    for i in 0..policies {
        let (group, action, folder, condition) = (r.next(w.groups), r.next(8), r.next(w.folders), r.next(5));
        let effect = if i % 10 == 9 { "forbid" } else { "permit" };
        let _ = writeln!(
            out,
            "policy p{i} {{\n  on r: Request where r.user -member*-> Group(\"g{group}\") and r.action == \"{}\" \
             and r.document -inside*-> Folder(\"f{folder}\")\n  {effect} when {}\n}}",
            ACTIONS[action], CONDITIONS[condition]
        );
    }
    out
}

/// The structure, with the requests as events one second apart.
fn structure(w: &World) -> String {
    let (mut nodes, mut edges, mut events) = (vec![], vec![], vec![]);
    let edge = |kind: &str, from: String, to: String| format!("{{\"kind\":\"{kind}\",\"from\":\"{from}\",\"to\":\"{to}\"}}");
    for i in 0..w.groups {
        nodes.push(format!("{{\"kind\":\"Group\",\"id\":\"g{i}\"}}"));
        if i > 0 {
            edges.push(edge("member", format!("g{i}"), format!("g{}", (i - 1) / 3)));
        }
    }
    for i in 0..w.folders {
        nodes.push(format!("{{\"kind\":\"Folder\",\"id\":\"f{i}\"}}"));
        if i > 0 {
            edges.push(edge("inside", format!("f{i}"), format!("f{}", (i - 1) / 4)));
        }
    }
    for i in 0..w.users {
        nodes.push(format!("{{\"kind\":\"User\",\"id\":\"u{i}\",\"clearance\":{},\"dept\":\"d{}\"}}", i % 5, i % 7));
        for g in [(i * 7 + 3) % w.groups, (i * 13 + 5) % w.groups] {
            edges.push(edge("member", format!("u{i}"), format!("g{g}")));
        }
    }
    for i in 0..w.documents {
        let (s, d, owner) = (i % 5, i % 7, i % w.users);
        nodes.push(format!(
            "{{\"kind\":\"Document\",\"id\":\"x{i}\",\"sensitivity\":{s},\"dept\":\"d{d}\",\"owner\":\"u{owner}\"}}"
        ));
        edges.push(edge("inside", format!("x{i}"), format!("f{}", (i * 11 + 1) % w.folders)));
    }
    let mut r = Rng(7);
    for i in 0..1000 {
        let (user, action, document, amount) = (r.next(w.users), r.next(8), r.next(w.documents), r.next(1000));
        events.push(format!(
            "{{\"kind\":\"Request\",\"id\":\"e{i}\",\"at\":\"2026-01-01T00:{:02}:{:02}Z\",\"user\":\"u{user}\",\"action\":\"{}\",\
             \"document\":\"x{document}\",\"amount\":{amount},\"approved\":{}}}",
            i / 60,
            i % 60,
            ACTIONS[action],
            amount % 2 == 0
        ));
    }
    format!("{{\"nodes\":[{}],\"edges\":[{}],\"events\":[{}]}}", nodes.join(","), edges.join(","), events.join(","))
}

/// The processor time of this thread, where the system says it; else the time that passes.
fn now(begin: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = text.split_whitespace().next().and_then(|n| n.parse().ok());
    spent.map_or_else(|| begin.elapsed(), Duration::from_nanos)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

struct Figures {
    permitted: usize,
    compile: f64,
    plan: f64,
    decision: f64,
}

fn measure(policies: usize, entities: usize, runs: usize) -> Figures {
    let begin = Instant::now();
    let w = World::new(entities);
    let text = program(policies, &w);
    let mut compile = vec![];
    for _ in 0..runs {
        // the clock's grain is some milliseconds
        let times = (4000 / policies).max(1);
        let start = now(begin);
        for _ in 0..times {
            let compiled = Program::compile("p.dbm", text.as_str(), &NoFiles, &CompileOptions::default());
            assert!(compiled.is_ok(), "{}", compiled.err().map(|e| e.to_string()).unwrap_or_default());
        }
        compile.push((now(begin) - start).as_secs_f64() * 1e3 / times as f64);
    }
    let mut sources = Sources::new();
    let main = sources.add_file("p.dbm", text.as_str());
    let checked = semantics::check(&mut sources, &NoFiles, main, &semantics::Options::default());
    let json = structure(&w);
    let input = Input { name: "s.json", bytes: json.as_bytes(), format: Format::Json };
    let graph = candidate::read(&checked.program, &input, None, &candidate::Options::default(), &mut sources).graph;
    let graph = graph.unwrap_or_else(|| panic!("the structure is refused"));
    let start = now(begin);
    let (how, budget) = (How::default(), Budget::default());
    let mut e = Evaluation::new(&checked.program, &checked.strata, graph, (Present, &[]), budget, how, &|_| {});
    let plans: Vec<_> = e.policies(&|_| true).into_iter().map(|p| p.1.unwrap_or_else(|w| panic!("{}", w.what))).collect();
    let m = &mut e.machine;
    let mut governed = Governed::new(m, &plans);
    let plan = (now(begin) - start).as_secs_f64() * 1e3;
    let mut decide = |event: u32| {
        let found = governed.at(m, &plans, Val::event(event), &Present);
        together(&plans, &found, &Present, false).permits.is_some()
    };
    let permitted = (0..1000).filter(|e| decide(*e)).count();
    let once = now(begin);
    (0..1000).for_each(|e| assert!(decide(e) || !black_box(false)));
    // enough that the clock's grain does not matter
    let rounds = (0.1 / (now(begin) - once).as_secs_f64().max(1e-4)).ceil() as u32;
    let mut times = vec![];
    for _ in 0..7 {
        let start = now(begin);
        for _ in 0..rounds {
            (0..1000).for_each(|e| {
                black_box(decide(e));
            });
        }
        times.push((now(begin) - start).as_secs_f64() * 1e6 / f64::from(rounds) / 1e3);
    }
    assert!(!e.machine.halted());
    Figures { permitted, compile: median(compile), plan, decision: median(times) }
}

/// Of the peer's lines: policies, entities, permitted, parse and validate in ms, µs a decision.
fn peer(path: &str) -> Vec<(usize, usize, usize, f64, f64)> {
    let out = std::process::Command::new(path).arg("cedar").output().expect("the peer can be run");
    let line = |l: &str| {
        let p: Vec<&str> = l.split(',').collect();
        let number = |i: usize| p.get(i)?.parse::<f64>().ok();
        (p.first() == Some(&"cedar")).then_some(())?;
        let (n, e, allow) = (number(1)? as usize, number(2)? as usize, number(3)? as usize);
        Some((n, e, allow, number(4)? + number(5)?, number(7)?))
    };
    String::from_utf8_lossy(&out.stdout).lines().filter_map(line).collect()
}

fn main() {
    let mut only: Option<usize> = None;
    let mut write = false;
    let mut words = std::env::args().skip(1);
    while let Some(w) = words.next() {
        match w.as_str() {
            "--only" => only = words.next().and_then(|n| n.parse().ok()),
            "--write" => write = true,
            _ => {}
        }
    }
    let named = std::env::var("DBM_BENCH_PEER").ok();
    let beside = named.as_deref().map(peer).unwrap_or_default();
    let mut table = String::from(
        "| policies | entities | permitted | dbm µs | Cedar µs | dbm / Cedar | compile ms | Cedar parse, validate ms | plan ms |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for entities in [100, 10_000] {
        for policies in [10, 100, 1_000, 10_000] {
            if only.is_some_and(|o| o != policies) {
                continue;
            }
            let f = measure(policies, entities, if policies == 10_000 { 3 } else { 5 });
            let other = beside.iter().find(|p| p.0 == policies && p.1 == entities);
            if let Some(o) = other {
                assert_eq!(o.2, f.permitted, "the peer permits another number of requests");
            }
            let (us, ratio, parse) = match other {
                Some(o) => (format!("{:.1}", o.4), format!("{:.4}", f.decision / o.4), format!("{:.1}", o.3)),
                None => ("–".into(), "–".into(), "–".into()),
            };
            let line = format!(
                "| {policies} | {entities} | {} | {:.2} | {us} | {ratio} | {:.1} | {parse} | {:.0} |",
                f.permitted, f.decision, f.compile, f.plan
            );
            eprintln!("{line}");
            let _ = writeln!(table, "{line}");
        }
    }
    println!("{table}");
    if write {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let (head, rest) = page.split_once("\n## Policies\n").unwrap_or((&page, ""));
        let behind = rest.find("\n## ").and_then(|n| rest.get(n..)).unwrap_or_default();
        let section = format!(
            "{}\n\n## Policies\n\nMade by `DBM_BENCH_PEER=/path/to/policy-bench cargo bench --bench policies -- --write`: processor time of one \
             thread, medians, warm, in process. Each policy permits (one in ten forbids) an action to a group on a folder under a \
             condition; a decision goes from an event to whether all policies together permit it. The peer is Cedar (cedar-policy \
             4.14) with the same policies, entities and requests; both permit the same number of 1,000 requests. Compiling is \
             from text to checked program; planning is once for each structure.\n\n{table}{behind}",
            head.trim_end()
        );
        std::fs::write(path, section).expect("docs can be written");
    }
}
