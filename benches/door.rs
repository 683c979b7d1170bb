//! How long the door takes for a candidate of 100,000 nodes and 300,000 edges: `cargo bench --bench door`, or with a file name to write
//! the candidate there. The candidate is the same on every machine.
use dbm::base::Sources;
use dbm::base::source::NoFiles;
use dbm::candidate::{Format, Input, Options, read};
use std::fmt::Write;
use std::time::Instant;

const PROGRAM: &str = "node Person { team: Text }
node Task { priority: Int in 1..100, title: Text, cost: Float = 1.0, tags: [Text] }
node Release is Task
node Approval is Task
edge assigned: Task -> Person
edge depends: Task -> Task { kind_of: \"hard\" | \"soft\" = \"hard\" }
";

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

/// A candidate with so many tasks and persons, and about three times as many edges.
fn candidate(nodes: u64) -> String {
    let mut random = Random(42);
    let persons = nodes / 20;
    let tasks = nodes - persons;
    let mut out = String::from("{\n \"edges\": [\n");
    for t in 0..tasks {
        let _ =
            writeln!(out, "  {{\"kind\": \"assigned\", \"from\": \"task-{t}\", \"to\": \"person-{}\"}},", random.below(persons));
    }
    for i in 0..nodes * 3 - tasks {
        let from = 1 + random.below(tasks - 1);
        let to = random.below(from);
        let soft = if i % 7 == 0 { ", \"kind_of\": \"soft\"" } else { "" };
        let comma = if i + 1 == nodes * 3 - tasks { "" } else { "," };
        let _ = writeln!(out, "  {{\"kind\": \"depends\", \"from\": \"task-{from}\", \"to\": \"task-{to}\"{soft}}}{comma}");
    }
    out.push_str(" ],\n \"nodes\": [\n");
    for p in 0..persons {
        let _ = writeln!(out, "  {{\"id\": \"person-{p}\", \"kind\": \"Person\", \"team\": \"team {}\"}},", p % 50);
    }
    for t in 0..tasks {
        let kind = ["Task", "Task", "Task", "Task", "Task", "Task", "Task", "Release", "Approval", "Task"][(t % 10) as usize];
        let (priority, cents) = (1 + random.below(100), random.below(10_000));
        let comma = if t + 1 == tasks { "" } else { "," };
        let _ = writeln!(
            out,
            "  {{\"id\": \"task-{t}\", \"kind\": \"{kind}\", \"priority\": {priority}, \"title\": \"do the thing no. {t}\", \"cost\": {}.{:02}, \"tags\": [\"t{}\"]}}{comma}",
            cents / 100,
            cents % 100,
            t % 12
        );
    }
    out.push_str(" ]\n}\n");
    out
}

fn main() {
    let text = candidate(100_000);
    if let Some(path) = std::env::args().nth(1).filter(|a| !a.starts_with('-')) {
        if let Err(e) = std::fs::write(&path, &text) {
            eprintln!("{path}: {e}");
        }
        return;
    }
    let mut sources = Sources::new();
    let file = sources.add_file("program.dbm", PROGRAM);
    let program = dbm::semantics::check(&mut sources, &NoFiles, file, &Default::default()).program;
    for _ in 0..5 {
        let start = Instant::now();
        let mut sources = Sources::new();
        let input = Input { name: "candidate.json", bytes: text.as_bytes(), format: Format::Json };
        let outcome = read(&program, &input, None, &Options::default(), &mut sources);
        let took = start.elapsed();
        match outcome.graph {
            Some(g) => println!("{:?} of {} MB in {:.0} ms", g.size(), text.len() / 1_000_000, took.as_secs_f64() * 1000.0),
            None => println!("refused: {:?}", outcome.diagnostics.first().map(|d| &d.title)),
        }
    }
}
