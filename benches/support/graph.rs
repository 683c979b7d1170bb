//! A tracker of 100,000 nodes and 300,050 edges as a candidate, three rules over it, and a check of the whole `dbm check`.
use super::generate::Random;
use super::process::{self, Cost};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const PERSONS: u64 = 8_000;
const TEAMS: u64 = 1_000;
const TASKS: u64 = 90_000;
const RELEASES: u64 = 500;
const APPROVALS: u64 = 500;
/// Tasks from this one on lead to no approval.
const ASTRAY: u64 = 88_000;
const EDGES: u64 = 300_050;

/// The candidate's text, and how many violations of each invariant are in it.
pub fn candidate() -> (String, BTreeMap<&'static str, u64>) {
    let mut random = Random::new(1);
    let r = &mut random;
    let mut out = String::from("{\"nodes\": [\n");
    let mut found = BTreeMap::from([("owned", 0), ("ranked", 0), ("approved", 0)]);
    for (prefix, kind, n) in
        [("p", "Person", PERSONS), ("g", "Team", TEAMS), ("r", "Release", RELEASES), ("a", "Approval", APPROVALS)]
    {
        for i in 0..n {
            let _ = writeln!(out, "{{\"id\": \"{prefix}{i}\", \"kind\": \"{kind}\"}},");
        }
    }
    for i in 0..TASKS {
        let wrong = i % 3000 == 5;
        let priority = if wrong { 101 * (i % 2) } else { 1 + r.below(100) };
        *found.entry("ranked").or_default() += u64::from(wrong);
        let _ = writeln!(out, "{{\"id\": \"t{i}\", \"kind\": \"Task\", \"priority\": {priority}}},");
    }
    out.truncate(out.trim_end_matches([',', '\n']).len());
    out.push_str("\n], \"edges\": [\n");
    let mut edges = 0;
    let mut edge = |out: &mut String, kind: &str, from: String, to: String| {
        edges += 1;
        let comma = if edges == EDGES { "" } else { "," };
        let _ = writeln!(out, "{{\"kind\": \"{kind}\", \"from\": \"{from}\", \"to\": \"{to}\"}}{comma}");
        edges
    };
    for i in 0..TASKS {
        let persons = match i % 4500 {
            17 => 0,
            18 => 2,
            _ => 1,
        };
        *found.entry("owned").or_default() += u64::from(persons != 1);
        let first = r.below(PERSONS);
        for k in 0..persons {
            edge(&mut out, "assigned", format!("t{i}"), format!("p{}", (first + k) % PERSONS));
        }
        if i % 9 == 0 {
            edge(&mut out, "assigned", format!("t{i}"), format!("g{}", r.below(TEAMS)));
        }
    }
    // every tenth task and the last before the stray ones lead to an approval, every task to the next or over it
    for i in 0..TASKS {
        if i < ASTRAY && (i % 10 == 0 || i + 1 == ASTRAY) {
            edge(&mut out, "depends", format!("t{i}"), format!("a{}", r.below(APPROVALS)));
        }
        if i + 1 < TASKS && i + 1 != ASTRAY {
            edge(&mut out, "depends", format!("t{i}"), format!("t{}", i + 1));
        }
    }
    for i in 0..RELEASES {
        let astray = i % 20 == 7;
        *found.entry("approved").or_default() += u64::from(astray);
        for _ in 0..3 {
            let t = if astray { ASTRAY + r.below(TASKS - ASTRAY) } else { r.below(ASTRAY) };
            edge(&mut out, "depends", format!("r{i}"), format!("t{t}"));
        }
    }
    loop {
        // further dependencies, always onwards, and never out of what leads nowhere
        let i = r.below(TASKS - 1);
        let to = (i + 1 + r.below(500)).min(TASKS - 1);
        if edge(&mut out, "depends", format!("t{i}"), format!("t{to}")) == EDGES {
            break;
        }
    }
    out.push_str("]}\n");
    (out, found)
}

/// The program and the candidate as files in a folder.
pub fn write(folder: &Path) -> (PathBuf, PathBuf, BTreeMap<&'static str, u64>) {
    let (text, found) = candidate();
    let (program, data) = (folder.join("releases.dbm"), folder.join("releases.json"));
    std::fs::write(&program, include_str!("../programs/releases.dbm")).expect("the folder can be written");
    std::fs::write(&data, text).expect("the folder can be written");
    (program, data, found)
}

/// `dbm check` from start to end, some times over; the medians of processor seconds and of memory in MB. Panics at a wrong verdict.
pub fn measure(dbm: &str, folder: &Path, runs: usize) -> (f64, Option<f64>) {
    let (program, data, expected) = write(folder);
    let costs: Vec<Cost> = (0..runs)
        .map(|_| {
            let cost = process::run(Command::new(dbm).arg("check").arg(&program).arg(&data).args(["--format", "json"]), folder);
            verify(&cost, &expected);
            cost
        })
        .collect();
    let memory: Vec<f64> = costs.iter().filter_map(|c| c.memory).collect();
    let memory = (!memory.is_empty()).then(|| process::median(memory));
    (process::median(costs.iter().map(|c| c.seconds).collect()), memory)
}

fn verify(cost: &Cost, expected: &BTreeMap<&str, u64>) {
    assert_eq!(cost.code, Some(1), "{}", cost.out);
    let report: serde_json::Value = serde_json::from_str(&cost.out).expect("a report in JSON");
    let demands = report["candidates"][0]["demands"].as_array().expect("demands");
    let found: BTreeMap<&str, u64> =
        demands.iter().map(|d| (d["name"].as_str().unwrap_or("?"), d["violation_count"].as_u64().unwrap_or(0))).collect();
    assert_eq!(&found, expected);
}

/// Milliseconds of `dbm check` on a small program and candidate, from start to end.
pub fn start(dbm: &str, folder: &Path, runs: usize) -> f64 {
    let (program, data) = (folder.join("small.dbm"), folder.join("small.json"));
    std::fs::write(&program, include_str!("../programs/small.dbm")).expect("the folder can be written");
    std::fs::write(&data, include_str!("../programs/small.json")).expect("the folder can be written");
    let one = |_| {
        let cost = process::run(Command::new(dbm).arg("check").arg(&program).arg(&data), folder);
        assert_eq!(cost.code, Some(0), "{}", cost.out);
        cost.seconds * 1000.0
    };
    process::median((0..runs).map(one).collect())
}
