//! Policies over a trace: `cargo bench --bench traces`. A recorded trace checked by a process of its own, from JSON lines to verdicts, and the same
//! events decided one after another by a monitor, each call on the clock. The trace is made here, or read: `DBM_BENCH_TRACE=/path/to/t.ndjson`.
//! `--write` puts the section into docs/benchmarks.md, `--only 100000` runs one size.
#[path = "support/process.rs"]
mod process;

use dbm::session::{CompileOptions, Event, Monitor, MonitorOptions, NoFiles, Program, Value};
use process::{Cost, median, run};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const PROGRAM: &str = include_str!("programs/trace.dbm");
const RUNS: usize = 3;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * u128::from(n)) >> 64) as u64
    }
}

/// What an actor is in the midst of.
#[derive(Clone, Default)]
struct Actor {
    session: u64,
    left: u64,
    tainted: bool,
    /// A tool that fails so many times more.
    failing: Option<(&'static str, u64)>,
}

/// So many calls of a thousand actors as JSON lines, five in a second of the trace.
fn trace(events: usize) -> String {
    const USERS: u64 = 1000;
    let mut r = Random(42);
    let mut ts: u64 = 1_767_225_600_000_000;
    let mut actors = vec![Actor::default(); USERS as usize];
    // deletes that were planned: when, in which order, by whom, of what
    let mut planned: BinaryHeap<Reverse<(u64, u64, u64, u64)>> = BinaryHeap::new();
    let mut resources = 0;
    let mut out = String::new();
    for i in 0..events {
        ts += r.below(400_000);
        let (u, mut tool, mut amount, target);
        match planned.peek() {
            Some(Reverse((due, ..))) if *due <= ts => {
                let Some(Reverse((_, _, who, resource))) = planned.pop() else { continue };
                (u, tool, amount, target) = (who, "delete_prod", 0, format!("r{resource}"));
            }
            _ => {
                u = r.below(USERS);
                let x = r.below(10_000);
                amount = 0;
                if x < 400 {
                    resources += 1;
                    (tool, target) = ("approve", format!("r{resources}"));
                    let v = r.below(100);
                    let mut who = (u + 1 + r.below(USERS - 1)) % USERS;
                    let mut wait = r.below(540_000_000);
                    match v {
                        0..70 => {}
                        // by oneself, too old, or not approved at all
                        70..80 => who = u,
                        80..90 => wait = 600_000_001 + r.below(600_000_000),
                        _ => tool = "read",
                    }
                    planned.push(Reverse((ts + wait, resources, who, resources)));
                } else if x < 550 {
                    (tool, target) = ("read_secret", format!("s{}", r.below(500)));
                } else if x < 1000 {
                    (tool, target) = ("send_external", format!("x{}", r.below(2000)));
                } else {
                    tool = ["read", "run_code", "send_internal", "pay"][r.below(4) as usize];
                    target = format!("t{}", r.below(5000));
                    if tool == "pay" {
                        amount = 100 + r.below(5000);
                    }
                }
                let a = &mut actors[u as usize];
                if tool == "read_secret" {
                    a.tainted = true;
                } else if tool == "send_external" && a.tainted && r.below(100) < 90 {
                    tool = "send_internal";
                }
            }
        }
        let a = &mut actors[u as usize];
        if a.left == 0 {
            *a = Actor { session: a.session + 1, left: 5 + r.below(56), tainted: tool == "read_secret", failing: None };
        }
        a.left -= 1;
        let mut label = if r.below(100) < 8 { "fail" } else { "ok" };
        if a.failing.is_none() && r.below(2000) == 0 {
            a.failing = Some((tool, 3 + r.below(6)));
        }
        let apart = |t: &str| t == "delete_prod" || t == "approve";
        if let Some((same, left)) = a.failing.filter(|_| !apart(tool)) {
            tool = if apart(same) { tool } else { same };
            amount = match (tool, amount) {
                ("pay", 0) => 100,
                ("pay", n) => n,
                _ => 0,
            };
            label = "fail";
            a.failing = (left > 1).then_some((same, left - 1));
        }
        let session = a.session;
        let _ = writeln!(
            out,
            "{{\"ts\":{ts},\"id\":{i},\"session\":\"u{u}-{session}\",\"actor\":\"u{u}\",\"tool\":\"{tool}\",\
             \"args\":{{\"amount\":{amount},\"target\":\"{target}\"}},\"label\":\"{label}\"}}"
        );
    }
    out
}

fn event(line: &str) -> Event {
    let doc: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    let text = |v: &serde_json::Value| Value::text(v.as_str().expect("a text"));
    let mut e = Event::new("Call", doc["id"].to_string(), doc["ts"].as_i64().expect("a time"));
    for name in ["session", "actor", "tool", "label"] {
        e = e.with(name, text(&doc[name]));
    }
    e.with("amount", Value::Int(doc["args"]["amount"].as_i64().expect("a number"))).with("target", text(&doc["args"]["target"]))
}

/// What a monitor takes for one event, which may explain a refusal by so many tries: the nanoseconds of each that is permitted, and of each that
/// is refused, sorted; and how many events it keeps at the end.
fn decided(lines: &str, tries: u32) -> ([Vec<u64>; 2], usize) {
    let program = Program::compile("trace.dbm", PROGRAM, &NoFiles, &CompileOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let options = MonitorOptions { tries, ..MonitorOptions::default() };
    let mut monitor = Monitor::new(&program, &options).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    let mut times = [vec![], vec![]];
    for line in lines.lines() {
        let event = event(line);
        let begin = Instant::now();
        let permits = monitor.decide(&event).permits();
        if permits {
            monitor.confirm("Call", &event.id).expect("it was permitted");
        }
        times[usize::from(!permits)].push(begin.elapsed().as_nanos() as u64);
    }
    times.iter_mut().for_each(|t| t.sort_unstable());
    (times, monitor.kept())
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let only = words.iter().position(|w| w == "--only").and_then(|n| words.get(n + 1)?.parse::<usize>().ok());
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (program, at) = (scratch.join("trace.dbm"), scratch.join("trace.ndjson"));
    std::fs::write(&program, PROGRAM).expect("the scratch folder can be written");
    let mut whole = String::from(
        "| events | s | events per processor second | memory without the file, MB |\n| ---: | ---: | ---: | ---: |\n",
    );
    let mut one =
        String::from("| events | refusals | calls | p50 µs | p99 µs | max µs |\n| ---: | --- | ---: | ---: | ---: | ---: |\n");
    let given = std::env::var("DBM_BENCH_TRACE").ok();
    for events in [100_000, 1_000_000].into_iter().filter(|n| only.is_none_or(|o| o == *n)) {
        let lines = match &given {
            Some(path) => {
                let text = std::fs::read_to_string(path).expect("the trace can be read");
                text.split_inclusive('\n').take(events).collect()
            }
            None => trace(events),
        };
        std::fs::write(&at, &lines).expect("the scratch folder can be written");
        let check = || {
            let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
            c.arg("check").arg(&program).arg(&at).args(["--reader", "trace", "--lateness", "30s"]);
            run(&mut c, scratch)
        };
        let costs: Vec<Cost> = (0..RUNS).map(|_| check()).collect();
        assert!(costs.iter().all(|c| c.code == Some(1)), "some events are forbidden");
        assert!(costs.windows(2).all(|w| w[0].out == w[1].out), "each run says the same");
        let seconds = median(costs.iter().map(|c| c.seconds).collect());
        let memory = median(costs.iter().filter_map(|c| c.memory).collect()) - lines.len() as f64 / 1e6;
        let rate = (events as f64 / seconds / 10_000.0).round() * 10_000.0;
        let line = format!("| {events} | {seconds:.2} | {rate} | {memory:.0} |");
        eprintln!("{line}");
        let _ = writeln!(whole, "{line}");
        let part = |times: &[u64], p: usize| {
            times.get((times.len() * p / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default() as f64 / 1e3
        };
        for (tries, name) in [(0, "not explained"), (MonitorOptions::TRIES, "explained")] {
            let ([permitted, refused], kept) = decided(&lines, tries);
            let mut all = [&permitted[..], &refused[..]].concat();
            all.sort_unstable();
            for (what, times) in [("all", &all), ("permitted", &permitted), ("refused", &refused)] {
                let (n, half, most) = (times.len(), part(times, 50), part(times, 100));
                let line = format!("| {events} | {name} | {n} {what} | {half:.1} | {:.1} | {most:.0} |", part(times, 99));
                eprintln!("{line}");
                let _ = writeln!(one, "{line}");
            }
            eprintln!("{kept} events are kept at the end");
        }
    }
    println!("{whole}\n{one}");
    if words.iter().any(|w| w == "--write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let (head, tail) = page.split_once("\n## Traces\n").unwrap_or((&page, ""));
        // what stands behind this section stays
        let tail = tail.split_once("\n## ").map(|t| format!("\n## {}", t.1)).unwrap_or_default();
        let section = format!(
            "{}\n\n## Traces\n\nMade by `cargo bench --bench traces -- --write`. The program is `benches/programs/trace.dbm`: an approval within ten \
             minutes by somebody else, a budget of a day, nothing out of a session that read a secret, six failures in a row. First a recorded \
             trace, `dbm check trace.dbm trace.ndjson --reader trace --lateness 30s`, from JSON lines to verdicts: processor seconds of the \
             whole process and its peak memory, medians of {RUNS} runs.\n\n{whole}\nThen a monitor in front of the same events: `decide`, and `confirm` \
             of what is permitted, in one process, each call by the clock on the wall. A refusal that is explained says what came closest, and with which \
             changes it would have been permitted (`MonitorOptions::tries`).\n\n{one}{tail}",
            head.trim_end()
        );
        std::fs::write(path, section).expect("docs can be written");
    }
}
