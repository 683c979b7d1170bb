//! Rule workloads, each in a process of its own, beside a peer where one is named; `--write` makes docs/benchmarks.md.
//!
//!     cargo bench --bench rules                       smaller workloads
//!     cargo bench --bench rules -- --full             all of them (DBM_BENCH_PEER=/path/to/ascent_serial runs that beside)
//!     cargo bench --bench rules -- --full --write     and writes the page
//!
//! `--data FOLDER` reads the facts from FOLDER/tc2000 and so on where they are there, `--only tc` runs one kind, `--runs 5` repeats.
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::page::{Line, Whole};
use support::process::{Cost, median, run};
use support::work::{self, Work};
use support::{generate, graph, page};

struct Arguments {
    full: bool,
    write: bool,
    data: Option<PathBuf>,
    only: Option<String>,
    runs: usize,
}

fn arguments() -> Arguments {
    let mut a = Arguments { full: false, write: false, data: None, only: None, runs: 3 };
    let mut list = std::env::args().skip(1);
    while let Some(word) = list.next() {
        match word.as_str() {
            "--full" => a.full = true,
            "--write" => a.write = true,
            "--data" => a.data = list.next().map(PathBuf::from),
            "--only" => a.only = list.next(),
            "--runs" => a.runs = list.next().and_then(|n| n.parse().ok()).unwrap_or(3).max(1),
            // what cargo adds
            "--bench" => {}
            other => panic!("what is {other}?"),
        }
    }
    a
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, child, kind, relation, folder, json @ ..] = &words[..]
        && child == "--child"
    {
        return work::child(kind, relation, Path::new(folder), json.first().map(Path::new));
    }
    let a = arguments();
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let peer = std::env::var("DBM_BENCH_PEER").ok();
    let list = if a.full { work::FULL } else { work::SMALL };
    let wanted = |w: &&Work| a.only.as_ref().is_none_or(|o| o == w.kind);
    let mut lines = vec![];
    for w in list.iter().filter(wanted) {
        let folder = facts(w, a.data.as_deref(), &scratch);
        lines.push(measure(w, &folder, None, peer.as_deref(), a.runs, &scratch));
        if w.kind == "neg" {
            let json = scratch.join("neg.json");
            std::fs::write(&json, work::candidate(w.kind, &folder)).expect("the scratch folder can be written");
            lines.push(measure(w, &folder, Some(&json), None, a.runs, &scratch));
        }
        if let Some(l) = lines.last() {
            eprintln!("{} {:.2} s", l.work, l.seconds);
        }
    }
    println!("{}", page::table(&lines));
    if a.only.is_some() {
        return;
    }
    let dbm = env!("CARGO_BIN_EXE_dbm");
    let whole = Whole { graph: graph::measure(dbm, &scratch, a.runs), start: graph::start(dbm, &scratch, 20) };
    println!("{}", page::words(&whole));
    if a.write {
        let beside = if peer.is_some() { "DBM_BENCH_PEER=/path/to/ascent_serial " } else { "" };
        let full = if a.full { "--full " } else { "" };
        let command = format!("{beside}cargo bench --bench rules -- {full}--write");
        let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
        let before = std::fs::read_to_string(&at).unwrap_or_default();
        // the sections that other benchmarks make stay
        let others = ["\n## Worlds\n", "\n## Policies\n"].iter().filter_map(|head| before.find(head)).min();
        let others = others.and_then(|n| before.get(n..)).unwrap_or_default();
        std::fs::write(at, page::page(&lines, &whole, &command, a.runs) + others).expect("docs can be written");
    }
}

/// The folder with a workload's facts: the one given, or one that is filled here.
fn facts(w: &Work, data: Option<&Path>, scratch: &Path) -> PathBuf {
    let name = format!("{}{}", w.kind, w.size);
    if let Some(given) = data.map(|d| d.join(&name)).filter(|d| d.is_dir()) {
        return given;
    }
    let folder = scratch.join(name);
    generate::workload(w.kind, w.size, &folder);
    folder
}

fn measure(w: &Work, folder: &Path, json: Option<&Path>, peer: Option<&str>, runs: usize, scratch: &Path) -> Line {
    let own = std::env::current_exe().expect("the benchmark's own path");
    let (mut costs, mut peers, mut rules, mut answer) = (vec![], vec![], vec![], 0);
    for _ in 0..runs {
        let mut command = Command::new(&own);
        command.args(["--child", w.kind, w.answer.0]).arg(folder).args(json);
        let cost = run(&mut command, scratch);
        let mut parts = cost.out.split_whitespace();
        answer = parts.next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{} {} failed", w.kind, w.size));
        rules.push(parts.nth(1).and_then(|s| s.parse::<f64>().ok()).unwrap_or_default());
        if let Some(right) = w.answer.1 {
            assert_eq!(answer, right, "{} {}", w.kind, w.size);
        }
        costs.push(cost);
        if let Some(peer) = peer {
            let cost = run(Command::new(peer).arg(w.kind).arg(folder), scratch);
            let number = cost.out.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
            assert_eq!(number, Some(answer), "the peer disagrees on {} {}", w.kind, w.size);
            peers.push(cost);
        }
    }
    let ratios = costs.iter().zip(&peers).map(|(a, b)| a.seconds / b.seconds.max(0.001)).collect();
    Line {
        work: format!("{} {}{}", w.kind, w.size, if json.is_some() { " as JSON" } else { "" }),
        answer,
        seconds: seconds(&costs),
        rules: median(rules),
        memory: memory(&costs),
        peer: (!peers.is_empty()).then(|| (seconds(&peers), memory(&peers), median(ratios))),
    }
}

fn seconds(costs: &[Cost]) -> f64 {
    median(costs.iter().map(|c| c.seconds).collect())
}

fn memory(costs: &[Cost]) -> Option<f64> {
    let known: Vec<f64> = costs.iter().filter_map(|c| c.memory).collect();
    (!known.is_empty()).then(|| median(known))
}
