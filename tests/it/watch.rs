//! `dbm watch` and `dbm replay`, as processes; and what `dbm check --state` says.
use super::cli::folder;
use dbm::report::schema;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const POLICY: &str = r#"event Call { session: Text, tool: Text, amount: Float = 0.0 }
observed event Report { call: Text }
policy tools { on c: Call  permit when c.tool in ["pay", "search"] }
policy spending {
  on c: Call where c.tool == "pay"
  let spent = sum(p.amount for p: Call within 24h where p.session == c.session and p.tool == "pay")
  forbid when spent > 100.0
  message "{spent} would have been spent"
}
policy large {
  on c: Call where c.tool == "pay" and c.amount > 50.0
  escalate to "owner" unless earlier p: Call where p.session == c.session and p.tool == "search"
  oblige r: Report within 1h where r.call == c.id otherwise escalate to "owner"
}
"#;

const LINES: &str = r#"{"kind": "Call", "id": "c1", "at": "2026-01-01T00:00:00Z", "session": "s", "tool": "search"}
{"propose": {"kind": "Call", "id": "c2", "at": "2026-01-01T00:00:01Z", "session": "s", "tool": "pay", "amount": 60}}
{"propose": {"kind": "Call", "id": "c3", "at": "2026-01-01T00:00:02Z", "session": "s", "tool": "pay", "amount": 45}}
{"withdraw": {"kind": "Call", "id": "c2"}}
no json

{"propose": {"kind": "Call", "id": "c4", "at": "2026-01-01T00:00:03Z", "session": "s", "tool": "pay", "amount": 55}}
{"propose": {"kind": "Call", "id": "c4", "at": "2026-01-01T00:00:03Z", "session": "s", "tool": "pay", "amount": 55}}
{"confirm": {"kind": "Call", "id": "c4"}}
{"confirm": {"kind": "Call", "id": "c9"}}
{"propose": {"kind": "Call", "id": "c5", "at": "2026-01-01T00:00:04Z", "session": "t", "tool": "pay", "amount": 60}}
{"observe": {"kind": "Report", "id": "r1", "at": "2026-01-01T00:00:05Z", "call": "c9"}}
{"list": true}
{"propose": {"kind": "Call", "id": "c6", "at": "2026-01-01T00:00:01Z", "session": "t", "tool": "search"}}
{"advance": "2026-01-01T02:00:00Z"}
"#;

fn watch(folder: &Path, input: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(folder).args(["watch", "policy.dbm"]).args(more).env("LANG", "C.UTF-8");
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let o = child.wait_with_output().unwrap();
    let lines = String::from_utf8(o.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    (o.status.code().unwrap(), lines, String::from_utf8(o.stderr).unwrap())
}

#[test]
fn each_line_is_answered_in_the_form_of_the_contract() {
    let f = folder("watch", &[("policy.dbm", POLICY)]);
    let (code, answers, err) = watch(&f, LINES, &[]);
    assert_eq!((code, err.as_str()), (4, ""), "a line could not be read");
    let schema: Value = serde_json::from_str(schema::DECISION).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for a in &answers {
        let errors: Vec<String> = validator.iter_errors(a).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{a}\n{errors:#?}");
    }
    let mut bent = answers[1].clone();
    bent["decision"] = "allow".into();
    assert!(!validator.is_valid(&bent));
    let text: Vec<String> = answers.iter().map(|a| serde_json::to_string_pretty(a).unwrap()).collect();
    insta::assert_snapshot!(text.join("\n"));
    let exits = |input: &str| watch(&f, input, &[]).0;
    let first: String = LINES.split_inclusive('\n').take(2).collect();
    assert_eq!(exits(&first), 0);
    assert_eq!(exits(&LINES.split_inclusive('\n').take(3).collect::<String>()), 1);
    std::fs::write(f.join("policy.dbm"), "policy {").unwrap();
    assert_eq!(exits(&first), 3);
    std::fs::remove_file(f.join("policy.dbm")).unwrap();
    assert_eq!(exits(&first), 2);
}

#[test]
fn an_answer_comes_before_the_next_line_is_there() {
    let f = folder("watch-flush", &[("policy.dbm", POLICY)]);
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(&f).args(["watch", "policy.dbm"]);
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut out) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for line in LINES.lines().take(3) {
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        out.read_line(&mut answer).unwrap();
        assert!(answer.contains("\"did\":\"decided\""), "{answer}");
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn with_a_state_it_goes_on_where_it_was_killed() {
    let f = folder("watch-state", &[("policy.dbm", POLICY)]);
    let all: Vec<Value> = watch(&f, LINES, &[]).1;
    let mut answers = vec![];
    for line in LINES.lines().filter(|l| !l.is_empty()) {
        let (_, mut one, err) = watch(&f, line, &["--state", "state"]);
        assert_eq!((one.len(), err.as_str()), (1, ""));
        answers.push(one.remove(0));
    }
    for (mut a, mut b) in all.into_iter().zip(answers) {
        (a["line"], b["line"]) = (0.into(), 0.into());
        if a["reasons"][0]["message"].as_str().is_some_and(|m| m.contains("cannot be read")) {
            continue;
        }
        assert_eq!(a, b);
    }
    let (code, _, err) = watch(&f, "", &["--state", "state", "--lateness", "1s"]);
    assert_eq!(code, 2);
    assert!(err.contains("--migrate"), "{err}");
}

fn dbm(folder: &Path, args: &[&str]) -> (i32, String) {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(folder).args(args).env("LANG", "C.UTF-8").env_remove("LC_ALL").stdin(Stdio::null());
    let o = c.output().unwrap();
    (o.status.code().unwrap(), String::from_utf8(o.stderr).unwrap() + &String::from_utf8(o.stdout).unwrap())
}

#[test]
fn a_trace_is_decided_once_more_and_the_first_divergence_stands_first() {
    let event = |id: &str, second: u32, tool: &str, amount: u32| {
        format!(
            r#"{{"kind": "Call", "id": "{id}", "at": "2026-01-01T00:00:{second:02}Z", "session": "s", "tool": "{tool}", "amount": {amount}}}"#
        )
    };
    let events = [event("c1", 1, "search", 0), event("c2", 2, "pay", 60), event("c3", 3, "pay", 30), event("c4", 4, "pay", 20)];
    let trace = format!("{{\"nodes\": [], \"edges\": [], \"events\": [{}]}}", events.join(", "));
    let strict = POLICY.replace("> 100.0", "> 50.0");
    let f = folder("replay", &[("old.dbm", POLICY), ("new.dbm", &strict), ("trace.json", &trace)]);
    let (code, text) = dbm(&f, &["replay", "--policy", "old.dbm", "trace.json"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("replay_recorded", text);
    let (code, text) = dbm(&f, &["replay", "--policy", "new.dbm", "--old", "old.dbm", "trace.json"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("replay_old", text);
    let (code, text) = dbm(&f, &["replay", "--policy", "old.dbm", "--old", "old.dbm", "trace.json"]);
    assert_eq!((code, text.as_str()), (0, "0 of 4 decisions about trace.json differ by old.dbm\n"));
    let (_, json) = dbm(&f, &["replay", "--policy", "new.dbm", "--old", "old.dbm", "trace.json", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["dbm_replay"], &json["events"], &json["decided"]), (&1.into(), &4.into(), &4.into()));
    assert_eq!(json["differences"][0]["now"]["event"], "Call(\"c2\")");
    assert_eq!(dbm(&f, &["replay", "--policy", "new.dbm", "none.json"]).0, 2);
    assert_eq!(dbm(&f, &["replay", "--policy", "new.dbm", "trace.json", "--reader", "none"]).0, 2);
}

#[test]
fn what_is_kept_is_said_with_its_growth() {
    let program = r#"
event Call { session: Text, tool: Text, amount: Float = 0.0 }
observed event Result { session: Text, ok: Bool }
policy windowed { on c: Call  permit when sum(p.amount for p: Call within 24h where p.session == c.session and p.tool == "pay") <= 100.0 }
policy total { on c: Call  forbid when count(p: Call where p.tool == c.tool) > 1000 }
policy run { on c: Call  forbid when consecutive(r: Result where r.session == c.session satisfies not r.ok) >= 3 }
policy latest { on c: Call where c.tool == "send"  forbid when earlier r: Call where r.session == c.session and r.tool == "read" }
policy plain { on c: Call  forbid when c.tool == "rm" }
"#;
    let f = folder("kept", &[("policy.dbm", program)]);
    let (code, text) = dbm(&f, &["check", "policy.dbm", "--state"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("state", text);
    assert_eq!(dbm(&f, &["check", "policy.dbm", "--state", "--deny", "warnings"]).0, 3);
    let (_, json) = dbm(&f, &["check", "policy.dbm", "--state", "--format", "json"]);
    assert!(json.contains("\"dbm_state\": 1"), "{json}");
}
