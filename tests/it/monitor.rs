//! A monitor against the evaluation of whole traces: what it decides of each event is what policies say of that event at the end of the history that
//! there is by then; and a monitor that was written down and taken over again decides the same to the byte.
use dbm::session::{CompileOptions, Event, Input, Monitor, MonitorOptions, NoFiles, Program, RunOptions, Value};
use dbm::verdict::Effect;
use dbm::verdict::ruling::Decision;
use serde_json::json;
use std::collections::BTreeMap;

pub const DECLARED: &str = r#"
node Agent { budget: Float }
event Call { session: Text, actor: Agent, tool: Text, amount: Int?, args: Json }
observed event Result { session: Text, tool: Text, ok: Bool }
observed event Approval { by: Agent, tool: Text }
"#;

/// Programs that use each word of the past, with windows and without.
pub const PROGRAMS: &[&str] = &[
    r#"
policy tools { on c: Call  permit when c.tool in ["a", "b", "c", "d"] }
policy spending {
  on c: Call where c.tool in ["a", "b"]
  let spent = sum(p.args.n as Float for p: Call within 20s where p.actor == c.actor and p.tool in ["a", "b"])
  forbid when spent > c.actor.budget
}
policy most { on c: Call  escalate to "x" when count(p: Call per hour in "UTC" where p.session == c.session) > 9 }
policy rows { on c: Call  forbid when consecutive(r: Result where r.session == c.session and r.tool == c.tool satisfies not r.ok) >= 2 }
"#,
    r#"
policy all { on c: Call  permit }
policy approved {
  on c: Call where c.tool == "d"
  escalate to "owner" unless earlier a: Approval within 10s where a.tool == c.tool and a.by != c.actor
}
policy flow { on c: Call where c.tool == "c"  forbid when earlier r: Call where r.session == c.session and r.tool == "a" }
policy chain {
  on c: Call
  forbid when earlier x: Call then y: Result within 15s where x.tool == "b" and y.tool == "c" and x.session == c.session and y.session == c.session
}
policy once { on c: Call where c.tool == "b"  escalate to "o" unless no x: Call where x.tool == "b" since y: Approval where y.by != c.actor }
"#,
    r#"
rule bad(c: Call) if earlier r: Result where r.session == c.session and not r.ok
rule worse(c: Call, n: Int) if bad(c) and n == count(last 3 r: Result where not r.ok)
default permit
policy never_bad { on c: Call  forbid when bad(c) and c.tool == "a" }
policy many { on c: Call  warn when worse(c, 3)  escalate to "x" when worse(c, 2) and c.tool == "b" }
policy sums {
  on c: Call
  let top = max(p.amount ?? 0 for p: Call within 30s where p.tool == c.tool)
  let mean = avg(p.amount ?? 0 for p: Call where p.session == c.session)
  let kinds = distinct(p.tool for p: Call within 30s where p.actor == c.actor)
  forbid when (top ?? 0) > 7 and count(kinds) > 2
  forbid when (mean ?? 0.0) > 6.0
}
"#,
    r#"
policy all { on c: Call  permit unless c.tool == "c"  escalate to "x" when c.tool == "d" and c.session == "t" }
policy small { on c: Call where c.tool == "a"  rewrite c.args.n = 0  rewrite c.amount = 1 when c.session == "s" }
policy other { on c: Call where c.actor == Agent("m")  rewrite c.args.n = 1 when c.session == "t"  rewrite c.amount = 1 }
"#,
];

const BESIDE: &str =
    r#"{"nodes": [{"id": "m", "kind": "Agent", "budget": 20.0}, {"id": "n", "kind": "Agent", "budget": 9.0}], "edges": []}"#;
pub const S: i64 = 1_000_000;

pub struct Rng(pub u64);
impl Rng {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
    pub fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

pub fn event(rng: &mut Rng, id: u64, at: i64) -> Event {
    let id = format!("e{id}");
    let session = Value::text(rng.of(&["s", "t"]));
    let tool = Value::text(rng.of(&["a", "b", "c", "d"]));
    let actor = Value::text(rng.of(&["m", "n"]));
    match rng.below(8) {
        0..=1 => {
            Event::new("Result", id, at).with("session", session).with("tool", tool).with("ok", Value::Bool(rng.below(3) == 0))
        }
        2 => Event::new("Approval", id, at).with("by", actor).with("tool", tool),
        _ => {
            let n = rng.below(8) as i64;
            // sometimes what is added up is no number
            let n = if rng.below(40) == 0 { Value::text("x") } else { Value::Int(n) };
            let e = Event::new("Call", id, at).with("session", session).with("actor", actor).with("tool", tool);
            let e = e.with("args", Value::record([("n".into(), n)]));
            if rng.below(3) == 0 { e } else { e.with("amount", Value::Int(rng.below(10) as i64)) }
        }
    }
}

pub fn to_json(e: &Event) -> serde_json::Value {
    let mut o = json!({"kind": e.kind, "id": e.id, "at": dbm::scalar::instant::format_time(e.at)});
    for (n, v) in &e.attrs {
        o[n] = dbm::scalar::json::to_json(v, &|_| String::new());
    }
    o
}

/// What the evaluation of the whole history says of its event of that id.
pub fn judged(program: &Program, history: &BTreeMap<(i64, u64), Event>, of: &str) -> Effect {
    let mut beside: serde_json::Value = serde_json::from_str(BESIDE).unwrap();
    beside["events"] = history.values().map(to_json).collect();
    let options = RunOptions { lateness: 1_000_000 * S, ..RunOptions::default() };
    let run = program.check(&[Input::new("h.json", beside.to_string())], &options);
    let shown = format!("Call({of:?})");
    let mut effect = Effect::Permit;
    for d in &run.report.candidates[0].demands {
        for v in &d.violations {
            let strike = v.strike.as_ref().unwrap();
            if v.binding[0].1 == shown.as_str() && strike.due.is_none() {
                effect = effect.max(strike.effect);
            }
        }
    }
    for d in &run.report.candidates[0].diagnostics {
        if d.is_error() && d.notes.iter().any(|n| *n == format!("at {shown}")) {
            effect = Effect::Forbid;
        }
    }
    effect
}

pub fn options(lateness: i64) -> MonitorOptions {
    MonitorOptions { lateness, beside: Some(Input::new("s.json", BESIDE)), ..MonitorOptions::default() }
}

/// One run of random events; gives how many were decided.
fn run(program: &Program, seed: u64, lateness: i64, decided: &mut [u64; 3]) {
    let rng = &mut Rng(seed);
    let mut monitor = Monitor::new(program, &options(lateness)).unwrap_or_else(|f| panic!("{:#?}", f.diagnostics));
    let mut twin: Option<Monitor> = None;
    let mut history: BTreeMap<(i64, u64), Event> = BTreeMap::new();
    let (mut open, mut waiting): (Vec<(i64, u64)>, Vec<Event>) = (vec![], vec![]);
    let (mut now, mut newest, mut arrivals) = (1000 * S, 0, 0u64);
    let same = |a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| assert_eq!(format!("{a:?}"), format!("{b:?}"), "seed {seed}");
    for step in 0..45 {
        now += rng.below(5) as i64 * S;
        let back = if lateness > 0 && rng.below(4) == 0 { rng.below(lateness as u64 / S as u64 + 1) as i64 * S } else { 0 };
        let e = event(rng, step, now - back);
        match rng.below(10) {
            0 if !open.is_empty() => {
                let n = rng.below(open.len() as u64) as usize;
                let key = open.remove(n);
                let e = history.remove(&key).unwrap();
                monitor.withdraw(&e.kind, &e.id).unwrap();
                twin.iter_mut().for_each(|t| t.withdraw(&e.kind, &e.id).unwrap());
            }
            1 if !open.is_empty() => {
                let n = rng.below(open.len() as u64) as usize;
                let e = &history[&open.remove(n)];
                let noted = monitor.confirm(&e.kind, &e.id).unwrap();
                twin.iter_mut().for_each(|t| same(&t.confirm(&e.kind, &e.id).unwrap(), &noted));
            }
            2 if !waiting.is_empty() => {
                let n = rng.below(waiting.len() as u64) as usize;
                let e = waiting.remove(n);
                let noted = monitor.confirm(&e.kind, &e.id).unwrap();
                twin.iter_mut().for_each(|t| same(&t.confirm(&e.kind, &e.id).unwrap(), &noted));
                // it happened when somebody said yes
                newest = newest.max(e.at);
                let at = newest;
                arrivals += 1;
                history.insert((at, arrivals), Event { at, ..e });
            }
            _ => {}
        }
        if rng.below(6) == 0 {
            // as if it had been killed here
            let written = monitor.snapshot();
            let restored =
                Monitor::restore(program, &options(lateness), &written).unwrap_or_else(|f| panic!("{:#?}", f.diagnostics));
            assert_eq!(String::from_utf8(restored.snapshot()).unwrap(), String::from_utf8(written).unwrap(), "seed {seed}");
            twin = Some(restored);
        }
        newest = newest.max(e.at);
        if e.kind != "Call" {
            let observed = monitor.observe(&e).unwrap();
            twin.iter_mut().for_each(|t| same(&t.observe(&e).unwrap(), &observed));
            arrivals += 1;
            history.insert((e.at, arrivals), e);
            continue;
        }
        let decision: Decision = monitor.decide(&e);
        twin.iter_mut().for_each(|t| same(&t.decide(&e), &decision));
        assert!(!decision.noted.late, "seed {seed}");
        arrivals += 1;
        let key = (e.at, arrivals);
        history.insert(key, e.clone());
        let expected = judged(program, &history, &e.id);
        assert_eq!(
            decision.effect,
            expected,
            "seed {seed}, step {step}: {decision:#?}\n{:#?}",
            history.values().map(to_json).collect::<Vec<_>>()
        );
        decided[expected as usize] += 1;
        match decision.effect {
            Effect::Permit => open.push(key),
            _ => {
                history.remove(&key);
                if decision.effect == Effect::Escalate {
                    waiting.push(e);
                }
            }
        }
    }
}

#[test]
fn a_monitor_decides_as_the_whole_history_does_and_goes_on_after_a_restart() {
    for (n, policies) in PROGRAMS.iter().enumerate() {
        let text = format!("{DECLARED}{policies}");
        let program = Program::compile("p.dbm", &text, &NoFiles, &CompileOptions::default())
            .unwrap_or_else(|e| panic!("{:#?}", e.failure().diagnostics));
        let mut decided = [0; 3];
        for seed in 0..60 {
            for lateness in [0, 12 * S] {
                run(&program, seed * 3 + n as u64, lateness, &mut decided);
            }
        }
        println!("program {n}: permitted, escalated, forbidden: {decided:?}");
        assert!(decided.iter().all(|n| *n > 20), "{decided:?}");
    }
}
