//! What a refusal says of what came closest, and of the changes with which it would have been permitted: each change is decided once more by the
//! evaluation of the whole history, what came closest is found by independent code, and asking leaves a monitor as it was, to the byte.
use crate::monitor::{DECLARED, PROGRAMS, Rng, S, event, judged, options, to_json};
use dbm::session::{CompileOptions, Event, Input, Monitor, MonitorOptions, NoFiles, Program, RunOptions, Value};
use dbm::verdict::Effect;
use dbm::verdict::ruling::{Change, Nearest};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

fn compiled(text: &str) -> Program {
    Program::compile("p.dbm", text, &NoFiles, &CompileOptions::default())
        .unwrap_or_else(|e| panic!("{:#?}", e.failure().diagnostics))
}

/// An event with a change, as JSON.
fn changed(e: &Event, change: &Change, refused: bool) -> Json {
    let mut o = to_json(e);
    for (path, value) in &change.set {
        let value = if refused { change.refused.as_ref().unwrap() } else { value };
        // an element is shown with its kind
        let value = match value.as_str().and_then(|t| t.strip_prefix("Agent(\"")?.strip_suffix("\")")) {
            Some(id) => json!(id),
            None => value.clone(),
        };
        let place = path.split('.').fold(&mut o, |o, k| &mut o[k]);
        *place = value;
    }
    if let Some(at) = &change.at {
        o["at"] = json!(at);
    }
    o
}

/// Some runs of random events; gives how many changes were looked at: of numbers, of the time, of others.
fn run(program: &Program, seed: u64, lateness: i64, looked: &mut [u64; 3]) {
    let rng = &mut Rng(seed);
    let tries = MonitorOptions::TRIES;
    let mut asked = Monitor::new(program, &MonitorOptions { tries, ..options(lateness) }).unwrap();
    let mut plain = Monitor::new(program, &options(lateness)).unwrap();
    let mut history: BTreeMap<(i64, u64), Event> = BTreeMap::new();
    let mut now = 1000 * S;
    for step in 0..40 {
        now += rng.below(5) as i64 * S;
        let back = if lateness > 0 && rng.below(4) == 0 { rng.below(lateness as u64 / S as u64 + 1) as i64 * S } else { 0 };
        let e = event(rng, step, now - back);
        if e.kind != "Call" {
            assert_eq!(asked.observe(&e), plain.observe(&e));
            history.insert((e.at, step), e);
            continue;
        }
        let decision = asked.decide(&e);
        let bare = plain.decide(&e);
        assert!(bare.changes.is_empty() && bare.tried == 0 && bare.reasons.iter().all(|r| r.nearest.is_none()));
        assert_eq!(decision.effect, bare.effect, "seed {seed}");
        let text = |m: &Monitor| String::from_utf8(m.snapshot()).unwrap();
        assert_eq!(text(&asked), text(&plain), "seed {seed}, step {step}: {decision:#?}");
        if decision.effect == Effect::Permit {
            assert!(decision.changes.is_empty());
            history.insert((e.at, step), e);
            continue;
        }
        assert!(decision.tried <= 300 && decision.changes.len() <= 3);
        for c in &decision.changes {
            let mut with = history.clone();
            let new = Event::from_json(&changed(&e, c, false).to_string()).unwrap();
            with.insert((new.at, step), new);
            let all = || with.values().map(to_json).collect::<Vec<_>>();
            assert_eq!(judged(program, &with, &e.id), Effect::Permit, "seed {seed}: {decision:#?}\n{:#?}", all());
            looked[if c.at.is_some() { 1 } else { usize::from(c.refused.is_none()) * 2 }] += 1;
            if c.refused.is_some() {
                let next = Event::from_json(&changed(&e, c, true).to_string()).unwrap();
                with.insert((next.at, step), next);
                assert_ne!(judged(program, &with, &e.id), Effect::Permit, "seed {seed}: {decision:#?}");
            }
        }
    }
}

#[test]
fn each_change_that_is_told_is_permitted_by_the_whole_history_and_asking_changes_nothing() {
    let mut looked = [0; 3];
    for (n, policies) in PROGRAMS.iter().enumerate() {
        let program = compiled(&format!("{DECLARED}{policies}"));
        for seed in 0..40 {
            for lateness in [0, 12 * S] {
                run(&program, 7000 + seed * 3 + n as u64, lateness, &mut looked);
            }
        }
    }
    println!("changes of numbers, of the time, of others: {looked:?}");
    assert!(looked.iter().all(|n| *n > 50), "{looked:?}");
}

#[test]
fn no_nearer_number_is_permitted() {
    let rng = &mut Rng(5);
    let mut found = 0;
    for _ in 0..150 {
        let (low, high, sum) = (rng.below(20) as i64, 20 + rng.below(20) as i64, rng.below(90));
        let text = format!(
            "{DECLARED}policy p {{ on c: Call  permit  forbid when (c.amount ?? 0) < {low}  forbid when (c.amount ?? 0) > {high}
             forbid when sum((p.amount ?? 0) for p: Call within 20s where p.session == c.session) > {sum} }}"
        );
        let program = compiled(&text);
        let mut m = Monitor::new(&program, &MonitorOptions { tries: MonitorOptions::TRIES, ..options(0) }).unwrap();
        let call = |id: u64, at: i64, n: i64| {
            let e = Event::new("Call", format!("e{id}"), at).with("session", Value::text("s")).with("actor", Value::text("m"));
            e.with("tool", Value::text("a")).with("args", Value::record([])).with("amount", Value::Int(n))
        };
        for step in 0..6 {
            let (at, n) = ((step * 3) as i64 * S, rng.below(60) as i64);
            let written = m.snapshot();
            let decision = m.decide(&call(step, at, n));
            if decision.effect == Effect::Permit {
                continue;
            }
            let told = decision.changes.iter().find_map(|c| c.set.get("amount")?.as_i64());
            let permits = |k: i64| {
                let mut fresh = Monitor::restore(&program, &options(0), &written).unwrap();
                fresh.decide(&call(step, at, k)).effect == Effect::Permit
            };
            let nearest = (0..120).find(|d| permits(n - d) || permits(n + d));
            assert_eq!(told.map(|k| (k - n).abs()), nearest, "{text}\n{decision:#?}");
            found += u64::from(told.is_some());
        }
    }
    assert!(found > 100, "{found}");
}

const SOUGHT: &str = r#"
event Call { tool: Text, actor: Text, amount: Int }
observed event Approval { by: Text, tool: Text, upto: Int }
reader lines { }
policy free { on c: Call  permit }
policy approved {
  on c: Call
  forbid unless earlier a: Approval within 10s where a.tool == c.tool and a.by != c.actor and a.upto >= c.amount
}
"#;

/// The approval that came closest, and which conditions it fails: looked for one by one.
fn closest(before: &[Json], call: &Json, oldest: i64) -> Option<(String, Vec<&'static str>)> {
    let at = |e: &Json| dbm::scalar::instant::parse_time(e["at"].as_str().unwrap()).unwrap();
    let mut best: Option<((usize, usize), String, Vec<&'static str>)> = None;
    for a in before.iter().rev().filter(|a| a["kind"] == "Approval" && at(a) >= oldest) {
        let mut lacks = vec![];
        if a["tool"] != call["tool"] {
            lacks.push("a.tool == c.tool");
        }
        if a["by"] == call["actor"] {
            lacks.push("a.by != c.actor");
        }
        if a["upto"].as_i64() < call["amount"].as_i64() {
            lacks.push("a.upto >= c.amount");
        }
        let outside = usize::from(at(a) < at(call) - 10 * S);
        let rank = (lacks.len(), outside);
        if outside == 1 {
            lacks.insert(0, "within 10s");
        }
        if best.as_ref().is_none_or(|b| rank < b.0) {
            best = Some((rank, format!("Approval({})", a["id"]), lacks));
        }
    }
    best.map(|b| (b.1, b.2))
}

fn check(nearest: &Nearest, expected: &Option<(String, Vec<&'static str>)>, of: &str) {
    match expected {
        Some((event, lacks)) => {
            assert_eq!(nearest.event.as_ref(), Some(event), "{of}: {nearest:#?}");
            assert_eq!(&nearest.lacks, lacks, "{of}: {nearest:#?}");
            assert!(nearest.text.starts_with(event.as_str()), "{nearest:#?}");
        }
        None => assert_eq!(nearest.text, "no Approval is known", "{of}"),
    }
}

#[test]
fn what_came_closest_is_what_fails_the_fewest_conditions() {
    let program = compiled(&SOUGHT.lines().filter(|l| !l.starts_with("reader")).collect::<Vec<_>>().join("\n"));
    let reads = r#"reader lines {
  add Call(doc.id) at doc.at { tool: doc.tool, actor: doc.actor, amount: doc.amount } for k in [doc.kind] where k == "Call"
  add Approval(doc.id) at doc.at { tool: doc.tool, by: doc.by, upto: doc.upto } for k in [doc.kind] where k == "Approval"
}"#;
    let streaming =
        compiled(&SOUGHT.lines().map(|l| if l.starts_with("reader") { reads } else { l }).collect::<Vec<_>>().join("\n"));
    let mut told = [0; 4];
    for seed in 0..60 {
        let rng = &mut Rng(seed);
        let tries = MonitorOptions::TRIES;
        let mut m = Monitor::new(&program, &MonitorOptions { tries, ..MonitorOptions::default() }).unwrap();
        let mut all: Vec<Json> = vec![];
        let mut expected: BTreeMap<String, Option<(String, Vec<&'static str>)>> = BTreeMap::new();
        let mut now = 0;
        for n in 0..40 {
            now += rng.below(6) as i64 * S;
            let at = dbm::scalar::instant::format_time(now);
            let (tool, who, amount) = (rng.of(&["a", "b", "c"]), rng.of(&["x", "y"]), rng.below(9));
            let id = format!("e{n}");
            if rng.below(3) == 0 {
                let a = json!({"kind": "Approval", "id": id, "at": at, "tool": tool, "by": who, "upto": amount});
                let _ = m.observe(&Event::from_json(&a.to_string()).unwrap()).unwrap();
                all.push(a);
                continue;
            }
            let c = json!({"kind": "Call", "id": id, "at": at, "tool": tool, "actor": who, "amount": amount});
            let decision = m.decide(&Event::from_json(&c.to_string()).unwrap());
            if decision.effect == Effect::Forbid {
                // a monitor knows what is at most twice as old as the window
                let nearest = decision.reasons[0].nearest.as_ref().unwrap();
                check(nearest, &closest(&all, &c, now - 20 * S), &id);
                let e = closest(&all, &c, i64::MIN);
                told[e.as_ref().map_or(3, |e| e.1.len().min(3) - 1)] += 1;
                expected.insert(format!("Call(\"{id}\")"), e);
            }
            all.push(c);
        }
        let options = RunOptions::default();
        let whole = json!({"nodes": [], "edges": [], "events": all}).to_string();
        let lines: String = all.iter().map(|e| format!("{e}\n")).collect();
        let inputs = [(&program, Input::new("t.json", whole)), (&streaming, Input::new("t.ndjson", lines).with_reader("lines"))];
        for (p, input) in inputs {
            let lines = input.name.ends_with(".ndjson");
            let run = p.check(&[input], &options);
            assert_eq!(run.report.candidates[0].streamed, lines, "seed {seed}");
            let demands = &run.report.candidates[0].demands;
            let approved = demands.iter().find(|d| d.name == "approved").unwrap();
            assert_eq!(approved.violations.len(), expected.len(), "seed {seed}: {:#?}", run.report.candidates[0].diagnostics);
            for (i, v) in approved.violations.iter().enumerate() {
                let of = v.binding[0].1.as_str().unwrap();
                assert_eq!(v.nearest.is_some(), i < 10, "{of}");
                v.nearest.iter().for_each(|n| check(n, &expected[of], of));
            }
        }
    }
    assert!(told.iter().all(|n| *n > 10), "{told:?}");
}
