//! How long interventions take against one plain evaluation of the same rules: `cargo bench --bench worlds`. The structures are the same on
//! every machine; each pair is timed in turn, and the ratio of the medians is what counts. `--write` puts the table into docs/benchmarks.md.
use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions, Verdict};
use std::fmt::Write;
use std::time::{Duration, Instant};

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
const LIVE: &str = "rule root(s: S) if not _ -calls-> s\nrule live(s: S) if root(s)\nrule live(s) if live(r) and r -calls-> s\n\
                    invariant reach { never s: S where not live(s) }\n";
const LINKS: &str = "intervention loss { for e: calls do remove e expect holds reach }\n";
const NODES: &str = "intervention loss { for s: S do remove s expect holds reach }\n";

fn compiled(text: &str) -> Program {
    Program::compile("bench.dbm", text, &NoFiles, &CompileOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// The median of some runs, and how many worlds there were.
fn timed(program: &Program, input: &Input, runs: usize) -> (Duration, u64) {
    let mut all = vec![];
    let mut worlds = 0;
    for _ in 0..runs {
        let start = Instant::now();
        let run = program.check(std::slice::from_ref(input), &RunOptions { max_violations: 10, ..RunOptions::default() });
        all.push(start.elapsed());
        for d in &run.report.candidates[0].demands {
            assert!(d.verdict != Verdict::Unknown, "{} is unknown", d.name);
            if d.worlds.is_some() {
                worlds = d.checked;
            }
        }
    }
    all.sort();
    (all[all.len() / 2], worlds)
}

fn main() {
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
    let sixty: Vec<(u64, u64)> = (0..2000).map(|_| (r.below(1000), r.below(1000))).collect();
    let gone: Vec<Vec<u64>> = (0..64).map(|_| (0..8).map(|_| r.below(2000)).collect()).collect();
    let gone = format!("intervention loss {{ for w in {gone:?} do remove e for e: calls where e.nr in w expect holds reach }}\n");
    let works: [(&str, u64, &[(u64, u64)], &str, &str); 6] = [
        ("each of 1,000 edges, `-calls+->`", 500, &dense, PATH, LINKS),
        ("each of 1,000 edges, `-calls+->`, no big cycles", 500, &sparse, PATH, LINKS),
        ("each of 1,000 edges, recursive rule", 500, &dense, RULE, LINKS),
        ("each of 1,000 edges, recursive rule, no big cycles", 500, &sparse, RULE, LINKS),
        ("each of 10,000 nodes of an acyclic graph", 10_000, &dag, LIVE, NODES),
        ("64 worlds without 8 of 2,000 edges, recursive rule", 1000, &sixty, RULE, &gone),
    ];
    let mut table = String::from("| work | worlds | plain ms | all worlds ms | ratio |\n| --- | ---: | ---: | ---: | ---: |\n");
    for (name, nodes, edges, rules, intervention) in works {
        let text = candidate(nodes, edges);
        let input = Input::new("candidate.json", text.into_bytes());
        // reading is the same on both sides, and is taken off
        let empty = compiled(KINDS);
        let plain = compiled(&format!("{KINDS}{rules}"));
        let worlds = compiled(&format!("{KINDS}{rules}{intervention}"));
        let (read, _) = timed(&empty, &input, 5);
        let (once, _) = timed(&plain, &input, 5);
        let (all, n) = timed(&worlds, &input, 5);
        let (once, all) = (once.saturating_sub(read), all.saturating_sub(read).saturating_sub(once.saturating_sub(read)));
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        let _ = writeln!(table, "| {name} | {n} | {:.1} | {:.1} | {:.1} |", ms(once), ms(all), ms(all) / ms(once).max(0.001));
    }
    println!("{table}");
    if std::env::args().any(|a| a == "--write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let (head, rest) = page.split_once("\n## Worlds\n").unwrap_or((&page, ""));
        let (head, behind) = (head.trim_end(), rest.find("\n## ").and_then(|n| rest.get(n..)).unwrap_or_default());
        let section = format!(
            "{head}\n\n## Worlds\n\nMade by `cargo bench --bench worlds -- --write`: in-process times, reading taken off, medians of 5 runs one\n\
             after the other. The ratio says how many plain evaluations all worlds of an intervention cost.\n\n{table}{behind}"
        );
        let _ = std::fs::write(path, section);
    }
}
