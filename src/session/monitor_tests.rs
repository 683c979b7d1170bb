//! A monitor decides, takes back, rewrites and obliges. Run by `cargo test`.
use super::*;
use crate::session::{CompileOptions, NoFiles};

const PROGRAM: &str = r#"
node Agent { budget: Float, role: Text }
event Call { session: Text, actor: Agent, tool: Text, args: Json }
observed event Result { call: Text, session: Text, tool: Text, ok: Bool }
observed event Approval { call: Text, by: Agent, digest: Text }
observed event Report { call: Text }
policy tools { on c: Call  permit when c.tool in ["search", "pay", "send", "delete", "read_secret"] }
policy spending {
  on c: Call where c.tool == "pay"
  let spent = sum(p.args.amount as Float for p: Call within 24h where p.actor == c.actor and p.tool == "pay")
  forbid when spent > c.actor.budget
  message "{c.actor} would have spent {spent} of {c.actor.budget}"
}
policy irreversible {
  on c: Call where c.tool == "delete"
  escalate to "owner" unless earlier a: Approval within 10m where a.call == c.id and a.by != c.actor and a.digest == digest(c.args)
  oblige r: Report within 1h where r.call == c.id otherwise escalate to "owner"
}
policy mail {
  on c: Call where c.tool == "send"
  forbid when earlier r: Call where r.session == c.session and r.tool == "read_secret"
  rewrite c.args.body = replace(c.args.body, r"\d{3}-\d{2}-\d{4}", "***") when c.args has body
}
policy loops {
  on c: Call
  escalate to "human" when consecutive(r: Result where r.session == c.session and r.tool == c.tool satisfies not r.ok) >= 3
  warn when count(p: Call per day in "UTC" where p.session == c.session) > 5
}
"#;
const BESIDE: &str = r#"{"nodes": [{"id": "a", "kind": "Agent", "budget": 100.0, "role": "x"}, {"id": "b", "kind": "Agent", "budget": 10.0, "role": "y"}], "edges": []}"#;

pub fn monitor(lateness: i64) -> Monitor {
    let program = Program::compile("p.dbm", PROGRAM, &NoFiles, &CompileOptions::default()).unwrap();
    let options = MonitorOptions { lateness, beside: Some(Input::new("s.json", BESIDE)), ..MonitorOptions::default() };
    Monitor::new(&program, &options).unwrap_or_else(|f| panic!("{:#?}", f.diagnostics))
}

const S: i64 = 1_000_000;

fn call(id: &str, at: i64, actor: &str, tool: &str, args: &str) -> Event {
    Event::new("Call", id, at)
        .with("session", Value::text("s1"))
        .with("actor", Value::text(actor))
        .with("tool", Value::text(tool))
        .with("args", json::from_json(args).unwrap())
}

fn event(text: &str) -> Event {
    Event::from_json(text).unwrap()
}

#[test]
fn a_budget_counts_from_the_permission_on_and_comes_back_on_withdrawal() {
    let mut m = monitor(0);
    assert!(m.decide(&call("c1", S, "a", "pay", r#"{"amount": 60}"#)).permits());
    let second = m.decide(&call("c2", 2 * S, "a", "pay", r#"{"amount": 60}"#));
    assert_eq!(second.effect, Effect::Forbid);
    assert_eq!(second.reasons[0].message, "a would have spent 120.0 of 100.0");
    assert_eq!(second.reasons[0].events, ["Call(\"c1\")", "Call(\"c2\")"]);
    assert_eq!(second.reasons[0].values["spent"], serde_json::json!(120.0));
    assert_eq!(m.open(), ["Call(\"c1\")"]);
    m.withdraw("Call", "c1").unwrap();
    // what was forbidden may be proposed again
    assert!(m.decide(&call("c2", 3 * S, "a", "pay", r#"{"amount": 60}"#)).permits());
    m.confirm("Call", "c2").unwrap();
    assert!(m.withdraw("Call", "c2").is_err());
    assert_eq!(m.decide(&call("c3", 4 * S, "a", "pay", r#"{"amount": 41}"#)).effect, Effect::Forbid);
    // a day later the window is over
    assert!(m.decide(&call("c4", 4 * S + 86_400 * S, "a", "pay", r#"{"amount": 41}"#)).permits());
}

#[test]
fn a_proposal_that_comes_again_counts_once_and_one_that_was_changed_is_an_alarm() {
    let mut m = monitor(0);
    assert!(m.decide(&call("c1", S, "a", "pay", r#"{"amount": 60}"#)).permits());
    let again = m.decide(&call("c1", S, "a", "pay", r#"{"amount": 60}"#));
    assert!(again.permits() && again.noted.repeated);
    let changed = m.decide(&call("c1", S, "a", "pay", r#"{"amount": 600}"#));
    assert!(!changed.permits() && changed.noted.tampered);
    assert!(m.decide(&call("c2", S, "a", "pay", r#"{"amount": 40}"#)).permits());
    assert_eq!(m.counters(), Counters { late: 0, repeated: 1, tampered: 1 });
    let late = m.decide(&call("c0", 0, "a", "search", "{}"));
    assert!(!late.permits() && late.noted.late);
}

#[test]
fn an_escalated_proposal_is_not_history_until_somebody_said_yes() {
    let mut m = monitor(0);
    let proposed = call("c1", S, "a", "delete", r#"{"path": "/x"}"#);
    let first = m.decide(&proposed);
    assert_eq!((first.effect, first.to.clone()), (Effect::Escalate, vec!["owner".to_string()]));
    assert!(first.obligations.is_empty());
    let digest = json::digest(&json::from_json(r#"{"path": "/x"}"#).unwrap()).unwrap();
    let approval = |by: &str, digest: &str, at: &str| {
        event(&format!(
            r#"{{"kind": "Approval", "id": "{by}{at}", "at": "1970-01-01T00:00:{at}Z", "call": "c1", "by": "{by}", "digest": "{digest}"}}"#
        ))
    };
    m.observe(&approval("a", &digest, "02")).unwrap();
    assert_eq!(m.decide(&call("c1", 3 * S, "a", "delete", r#"{"path": "/x"}"#)).effect, Effect::Escalate);
    m.observe(&approval("b", "other", "04")).unwrap();
    assert_eq!(m.decide(&call("c1", 5 * S, "a", "delete", r#"{"path": "/x"}"#)).effect, Effect::Escalate);
    m.observe(&approval("b", &digest, "06")).unwrap();
    let permitted = m.decide(&call("c1", 7 * S, "a", "delete", r#"{"path": "/x"}"#));
    assert!(permitted.permits(), "{permitted:#?}");
    assert_eq!(permitted.obligations.len(), 1);
    let lapsed = m.advance(7 * S + 3601 * S);
    assert_eq!(lapsed.len(), 1);
    assert_eq!(lapsed[0].otherwise.as_deref(), Some("owner"));
    // an escalated one that is confirmed happened
    let later = 8_000 * S;
    assert_eq!(m.decide(&call("c9", later, "a", "delete", r#"{"path": "/y"}"#)).effect, Effect::Escalate);
    m.confirm("Call", "c9").unwrap();
    assert_eq!(m.obligations().len(), 1);
    m.observe(&event(r#"{"kind": "Report", "id": "r1", "at": "1970-01-01T02:20:00Z", "call": "c9"}"#)).unwrap();
    assert!(m.advance(later + 4000 * S).is_empty());
}

#[test]
fn what_must_be_rewritten_is_decided_as_rewritten() {
    let mut m = monitor(0);
    let d = m.decide(&call("c1", S, "a", "send", r#"{"to": "x", "body": "ssn 123-45-6789"}"#));
    assert!(d.permits(), "{d:#?}");
    assert_eq!(d.rewrites.len(), 1);
    assert_eq!((d.rewrites[0].path.clone(), d.rewrites[0].value.clone()), (vec!["args".into(), "body".into()], "ssn ***".into()));
    let clean = m.decide(&call("c2", 2 * S, "a", "send", r#"{"to": "x", "body": "hello"}"#));
    assert!(clean.permits());
    // a fault forbids, and says whose it is
    let odd = m.decide(&call("c3", 3 * S, "a", "send", r#"{"to": "x", "body": 7}"#));
    assert_eq!(odd.effect, Effect::Forbid);
    assert!(m.decide(&call("c4", 4 * S, "a", "search", "{}")).permits());
    assert!(m.decide(&call("c5", 5 * S, "a", "read_secret", "{}")).permits());
    let after = m.decide(&call("c6", 6 * S, "a", "send", r#"{"to": "x"}"#));
    assert_eq!(after.reasons[0].events, ["Call(\"c5\")"]);
    // what was withdrawn was never read
    m.withdraw("Call", "c5").unwrap();
    assert!(m.decide(&call("c6", 7 * S, "a", "send", r#"{"to": "x"}"#)).permits());
}

#[test]
fn a_row_of_failures_and_a_days_count_are_kept_up() {
    let mut m = monitor(0);
    let result = |n: i64, ok: bool| {
        event(&format!(
            r#"{{"kind": "Result", "id": "r{n}", "at": "1970-01-01T00:00:{n:02}Z", "call": "x", "session": "s1", "tool": "search", "ok": {ok}}}"#
        ))
    };
    for n in 1..3 {
        m.observe(&result(n, false)).unwrap();
    }
    assert!(m.decide(&call("c1", 3 * S, "a", "search", "{}")).permits());
    m.observe(&result(4, false)).unwrap();
    assert_eq!(m.decide(&call("c2", 5 * S, "a", "search", "{}")).effect, Effect::Escalate);
    m.observe(&result(6, true)).unwrap();
    for n in 7..12 {
        let d = m.decide(&call(&format!("c{n}"), n * S, "a", "search", "{}"));
        assert!(d.permits());
        assert_eq!(d.warnings.is_empty(), n < 11, "{n}");
    }
    assert_eq!(m.decide(&Event::new("Call", "x", 20 * S)).reasons[0].policy, "event");
    assert_eq!(m.decide(&Event::new("Cal", "x", 20 * S)).reasons[0].message, "there is no event kind `Cal`");
}

#[test]
fn a_late_event_revises_what_was_decided_since() {
    let mut m = monitor(30 * S);
    assert!(m.decide(&call("c1", 100 * S, "b", "pay", r#"{"amount": 6}"#)).permits());
    let late = m.decide(&call("c0", 90 * S, "b", "pay", r#"{"amount": 5}"#));
    assert!(late.permits(), "it looks back only");
    assert_eq!(late.noted.revised.len(), 1);
    assert_eq!((late.noted.revised[0].was, late.noted.revised[0].now), (Effect::Permit, Effect::Forbid));
    assert_eq!(m.decide(&call("c2", 101 * S, "b", "pay", r#"{"amount": 0}"#)).effect, Effect::Forbid);
    m.withdraw("Call", "c1").unwrap();
    assert!(m.decide(&call("c2", 102 * S, "b", "pay", r#"{"amount": 5}"#)).permits());
}

const NO_WINDOW: &str = r#"
event Call { tool: Text, amount: Int = 0 }
policy tools { on c: Call  permit when c.tool != "no" }
policy spending {
  on c: Call where c.tool == "pay"
  forbid when sum(p.amount for p: Call where p.tool == "pay") > 100
}
policy runs { on c: Call where c.tool == "run"  forbid when consecutive(p: Call where p.tool == "run" satisfies p.amount > 0) >= 3 }
policy newest { on c: Call where c.tool == "new"  forbid when earlier r: Call where r.tool == "old" }
policy old { on c: Call where c.tool == "old"  forbid when c.amount == 1 }
"#;

#[test]
fn what_was_forbidden_or_withdrawn_is_not_history_without_a_window_either() {
    for lateness in [0, S] {
        let program = Program::compile("p.dbm", NO_WINDOW, &NoFiles, &CompileOptions::default()).unwrap();
        let mut m = Monitor::new(&program, &MonitorOptions { lateness, ..MonitorOptions::default() }).unwrap();
        let mut at = 0;
        let mut decide = |m: &mut Monitor, id: &str, tool: &str, amount: i64| {
            at += S;
            m.decide(&Event::new("Call", id, at).with("tool", Value::text(tool)).with("amount", Value::Int(amount))).permits()
        };
        assert!(decide(&mut m, "a", "pay", 60));
        assert!(!decide(&mut m, "b", "pay", 60));
        assert!(decide(&mut m, "c", "pay", 40), "b does not count");
        m.withdraw("Call", "a").unwrap();
        assert!(decide(&mut m, "d", "pay", 60), "nor does a");
        assert!(!decide(&mut m, "e", "pay", 1));
        // the latest that happened is the latest, whatever was proposed since
        assert!(decide(&mut m, "f", "old", 0));
        m.confirm("Call", "f").unwrap();
        assert!(!decide(&mut m, "g", "old", 1));
        assert!(decide(&mut m, "h", "search", 0));
        assert!(!decide(&mut m, "i", "new", 0), "f is still there");
        assert!(decide(&mut m, "j", "old", 2));
        m.withdraw("Call", "j").unwrap();
        assert!(decide(&mut m, "k", "search", 0));
        assert!(!decide(&mut m, "l", "new", 0), "f is still there");
        for (id, fine) in [("r1", true), ("r2", true), ("r3", false), ("r4", false)] {
            assert_eq!(decide(&mut m, id, "run", 1), fine, "{id}");
        }
        m.withdraw("Call", "r2").unwrap();
        assert!(decide(&mut m, "r5", "run", 1));
        assert!(!decide(&mut m, "r6", "run", 1));
    }
}

#[test]
fn a_late_event_that_is_refused_leaves_the_order_of_those_behind_it() {
    let text = r#"
event Call { tool: Text }
default permit
policy p {
  on c: Call
  forbid when c.tool == "bad"
  let seen = max(x.index for x: Call where x.tool == "good")
  warn when seen != none
  message "{seen}"
}
"#;
    let program = Program::compile("p.dbm", text, &NoFiles, &CompileOptions::default()).unwrap();
    let mut m = Monitor::new(&program, &MonitorOptions { lateness: 100 * S, ..MonitorOptions::default() }).unwrap();
    let call = |id: &str, at: i64, tool: &str| Event::new("Call", id, at * S).with("tool", Value::text(tool));
    for (id, at) in [("a", 10), ("b", 20), ("c", 30)] {
        assert!(m.decide(&call(id, at, "good")).permits());
    }
    assert_eq!(m.decide(&call("x", 5, "bad")).effect, Effect::Forbid);
    assert_eq!(m.decide(&call("d", 40, "other")).warnings[0].message, "2");
}
