//! What interventions cost against one plain evaluation of the same rules: `cargo bench --bench worlds`. The structures are the same on
//! every machine; what is compared runs in turn, in processes of their own. `--write` puts the table into docs/benchmarks.md.
//! `DBM_BENCH_MASK=/path/to/worlds` runs a compiled peer, which has a mask of 64 worlds on each fact, beside the last line.
#[path = "support/process.rs"]
mod process;

use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions, Verdict};
use process::{Cost, median, run};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

/// A candidate with so many nodes and these edges.
fn candidate(nodes: u64, edges: &[(u64, u64)]) -> String {
    let mut out = String::from("{\"nodes\": [");
    for n in 0..nodes {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(out, "{comma}{{\"id\": \"n{n}\", \"kind\": \"S\"}}");
    }
    out.push_str("], \"edges\": [");
    for (i, (a, b)) in edges.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, "{comma}{{\"kind\": \"calls\", \"from\": \"n{a}\", \"to\": \"n{b}\", \"nr\": {i}}}");
    }
    out.push_str("]}");
    out
}

const KINDS: &str = "node S\nedge calls: S -> S { nr: Int }\n";
const PATH: &str = "invariant reach { never a: S, b: S where a -calls+-> b and a.id ++ \"x\" == b.id }\n";
const RULE: &str = "rule r(a: S, b: S) if a -calls-> b\nrule r(a, b) if r(a, m) and m -calls-> b\n\
                    invariant reach { never r(a, b) and a.id ++ \"x\" == b.id }\n";
/// The same without an invariant that looks at each fact: what the peer computes too.
const CLOSURE: &str = "rule r(a: S, b: S) if a -calls-> b\nrule r(a, b) if r(a, m) and m -calls-> b\n\
                       invariant reach { never s: S where r(s, s) and s.id == \"\" }\n";
const LIVE: &str = "rule root(s: S) if not _ -calls-> s\nrule live(s: S) if root(s)\nrule live(s) if live(r) and r -calls-> s\n\
                    invariant reach { never s: S where not live(s) }\n";
const LINKS: &str = "intervention loss { for e: calls do remove e expect holds reach }\n";
const NODES: &str = "intervention loss { for s: S do remove s expect holds reach }\n";

/// Checks a candidate, and prints how many worlds were tried.
fn child(program: &str, candidate: &str) {
    let text = std::fs::read_to_string(program).expect("the program is there");
    let bytes = std::fs::read(candidate).expect("the candidate is there");
    let program = Program::compile("bench.dbm", &text, &NoFiles, &CompileOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let options = RunOptions { max_violations: 10, ..RunOptions::default() };
    let run = program.check(&[Input::new("candidate.json", bytes)], &options);
    let demands = &run.report.candidates[0].demands;
    assert!(demands.iter().all(|d| d.verdict != Verdict::Unknown));
    println!("{}", demands.iter().filter(|d| d.worlds.is_some()).map(|d| d.checked).sum::<u64>());
}

const RUNS: usize = 15;

/// Seconds and MB: medians.
fn middle(costs: &[Cost]) -> (f64, f64) {
    (median(costs.iter().map(|c| c.seconds).collect()), median(costs.iter().filter_map(|c| c.memory).collect()))
}

/// 64 worlds, each without 8 of the edges, as the peer reads them.
fn for_the_peer(folder: &Path, edges: &[(u64, u64)], gone: &[Vec<u64>]) {
    let pairs: String = edges.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect();
    std::fs::write(folder.join("edge.tsv"), pairs).expect("the scratch folder can be written");
    let mut rows = String::new();
    for (w, list) in gone.iter().enumerate() {
        for (a, b) in list.iter().filter_map(|n| edges.get(*n as usize)) {
            let _ = writeln!(rows, "{w}\t{a}\t{b}");
        }
    }
    std::fs::write(folder.join("world.tsv"), rows).expect("the scratch folder can be written");
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, what, program, candidate] = &words[..]
        && what == "--child"
    {
        return child(program, candidate);
    }
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let own = std::env::current_exe().expect("the benchmark's own path");
    let mask = std::env::var("DBM_BENCH_MASK").ok();
    let mut r = Random(42);
    let dense: Vec<(u64, u64)> = (0..1000).map(|_| (r.below(500), r.below(500))).collect();
    let sparse: Vec<(u64, u64)> = (0..1000)
        .map(|_| {
            let a = r.below(499);
            (a, (a + 1 + r.below(20)).min(499))
        })
        .collect();
    let dag: Vec<(u64, u64)> = (0..20_000)
        .map(|_| {
            let b = 1 + r.below(9_999);
            (r.below(b), b)
        })
        .collect();
    let mut sixty = BTreeSet::new();
    while sixty.len() < 2000 {
        let (a, b) = (r.below(1000), r.below(1000));
        if a != b {
            sixty.insert((a, b));
        }
    }
    let sixty: Vec<(u64, u64)> = sixty.into_iter().collect();
    let gone: Vec<Vec<u64>> = (0..64).map(|_| (0..8).map(|_| r.below(2000)).collect()).collect();
    for_the_peer(scratch, &sixty, &gone);
    let gone = format!("intervention loss {{ for w in {gone:?} do remove e for e: calls where e.nr in w expect holds reach }}\n");
    let works: [(&str, u64, &[(u64, u64)], &str, &str); 6] = [
        ("each of 1,000 edges, `-calls+->`", 500, &dense, PATH, LINKS),
        ("each of 1,000 edges, `-calls+->`, no big cycles", 500, &sparse, PATH, LINKS),
        ("each of 1,000 edges, recursive rule", 500, &dense, RULE, LINKS),
        ("each of 1,000 edges, recursive rule, no big cycles", 500, &sparse, RULE, LINKS),
        ("each of 10,000 nodes of an acyclic graph", 10_000, &dag, LIVE, NODES),
        ("64 worlds without 8 of 2,000 edges, recursive rule", 1000, &sixty, CLOSURE, &gone),
    ];
    let mut table = String::from("| work | worlds | plain ms | all worlds ms | ratio | plain MB | MB | MB ratio |\n");
    table.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    let mut beside = vec![];
    for (name, nodes, edges, rules, intervention) in works {
        let at = scratch.join("worlds.json");
        std::fs::write(&at, candidate(nodes, edges)).expect("the scratch folder can be written");
        // reading is the same on both sides, and is taken off
        let programs = [KINDS.to_string(), format!("{KINDS}{rules}"), format!("{KINDS}{rules}{intervention}")];
        let mut costs: [Vec<Cost>; 3] = Default::default();
        for _ in 0..RUNS {
            for (n, text) in programs.iter().enumerate() {
                let program = scratch.join(format!("worlds{n}.dbm"));
                std::fs::write(&program, text).expect("the scratch folder can be written");
                let cost = run(Command::new(&own).arg("--child").arg(program).arg(&at), scratch);
                assert_eq!(cost.code, Some(0), "{name}");
                costs[n].push(cost);
            }
            if let (Some(mask), true) = (&mask, edges.len() == 2000) {
                beside.push(run(Command::new(mask).arg("mask").arg(scratch), scratch));
            }
        }
        let [(read, _), (plain, plain_mb), (all, mb)] = [0, 1, 2].map(|n| middle(&costs[n]));
        let worlds = costs[2].first().map_or("", |c| c.out.trim()).to_string();
        let (once, all) = ((plain - read).max(0.0), (all - plain).max(0.0));
        let (ms, ratio) = (once * 1000.0, all / once.max(0.000_001));
        let _ = writeln!(
            table,
            "| {name} | {worlds} | {ms:.1} | {:.1} | {ratio:.1} | {plain_mb:.0} | {mb:.0} | {:.1} |",
            all * 1000.0,
            mb / plain_mb
        );
        if !beside.is_empty() {
            let (whole, mb) = middle(&costs[2]);
            let (peer, peer_mb) = middle(&beside);
            let pairs = costs[2].iter().zip(&beside).map(|(a, b)| a.seconds / b.seconds.max(0.001)).collect();
            let _ = writeln!(
                table,
                "\nThe last line beside the same rules compiled by ascent, with a mask of 64 bits on each fact, both from files to \
                 answer (dbm has the candidate itself beside the 64 worlds, in a run of its own): {:.0} ms and {mb:.0} MB, the peer {:.0} ms and {peer_mb:.0} MB; dbm / peer, pair by pair: {:.2}.",
                whole * 1000.0,
                peer * 1000.0,
                median(pairs)
            );
        }
    }
    println!("{table}");
    if words.iter().any(|a| a == "--write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let (head, tail) = page.split_once("\n## Worlds\n").unwrap_or((&page, ""));
        // what stands behind this section stays
        let tail = tail.split_once("\n## ").map(|t| format!("\n## {}", t.1)).unwrap_or_default();
        let peer = if mask.is_some() { "DBM_BENCH_MASK=/path/to/worlds " } else { "" };
        let section = format!(
            "{}\n\n## Worlds\n\nMade by `{peer}cargo bench --bench worlds -- --write`: processor time of processes of their own, medians of \
             {RUNS} runs one after the other; reading is taken off. The ratio says how many plain evaluations all worlds of an intervention \
             cost.\n\n{table}{tail}",
            head.trim_end()
        );
        std::fs::write(path, section).expect("docs can be written");
    }
}
