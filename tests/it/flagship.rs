//! Policies as people publish them, with the faults that they have: each is found, by a warning or by an intervention. And programs that
//! must not be warned of. Reads `Program` through the library.
use dbm::base::Sources;
use dbm::base::source::NoFiles;
use dbm::semantics;
use std::path::Path;
use std::process::Command;

/// The codes of the warnings of a program, without that nothing permits.
fn warned(text: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let main = sources.add_file("policy.dbm", text);
    let checked = semantics::check(&mut sources, &NoFiles, main, &semantics::Options::default());
    let all = checked.diagnostics.iter();
    all.filter(|d| d.severity != dbm::base::Severity::Info).map(|d| format!("{} {}", d.code, d.title)).collect()
}
fn codes(text: &str) -> Vec<String> {
    warned(text).iter().map(|t| t.split(' ').next().unwrap_or_default().to_string()).collect()
}

/// The report on a trace, by demand.
fn report(name: &str, program: &str, trace: &str) -> serde_json::Value {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("flagship").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("policy.dbm"), program).unwrap();
    std::fs::write(folder.join("trace.json"), format!("{{\"nodes\": [], \"edges\": [], \"events\": [{trace}]}}")).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_dbm"))
        .args(["check", "policy.dbm", "trace.json", "--format", "json"])
        .current_dir(&folder)
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)))
}
fn demand<'a>(report: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let all = report["candidates"][0]["demands"].as_array().expect("demands");
    all.iter().find(|d| d["name"] == name).unwrap_or_else(|| panic!("no {name} in {all:#?}"))
}

const INBOX: &str = r#"{"kind": "Inbox", "id": "i", "at": "2026-01-03T10:00:00Z", "session": "s"},
{"kind": "Mail", "id": "m", "at": "2026-01-03T10:01:00Z", "session": "s", "to": "ann@ourcompany.com"}"#;

fn mail(rule: &str) -> String {
    format!(
        r#"event Mail {{ session: Text, to: Text }}
observed event Inbox {{ session: Text }}
policy mail "after the inbox was read, mail stays in the house" {{
  on m: Mail
  {rule}
  permit
}}
intervention outside "no outside domain gets through" {{
  for m: Mail
  for d in ["evil.com", "malicious.com", "attacker.com", "yahoo.com", "proton.me", "xyz.com"]
  do set m.to = "x@" ++ d
  expect forbids m by mail
}}
"#
    )
}

#[test]
fn a_class_of_characters_that_should_be_a_domain() {
    let wrong =
        mail(r#"forbid when (earlier i: Inbox where i.session == m.session) and m.to matches r".*@[^ourcompany.com$].*""#);
    assert_eq!(codes(&wrong), ["DBM0807"]);
    let found = report("mail", &wrong, INBOX);
    let outside = demand(&found, "outside");
    assert_eq!((&outside["verdict"], &outside["violation_count"]), (&"violated".into(), &4.into()));
    // which get through
    let text = outside["violations"].to_string();
    for (domain, through) in [
        ("evil.com", false),
        ("xyz.com", false),
        ("malicious.com", true),
        ("attacker.com", true),
        ("yahoo.com", true),
        ("proton.me", true),
    ] {
        assert_eq!(text.contains(domain), through, "{domain} {text}");
    }
    let right =
        mail(r#"forbid when (earlier i: Inbox where i.session == m.session) and not (m.to matches r"^[^@]+@ourcompany\.com$")"#);
    assert_eq!(codes(&right), Vec::<String>::new());
    assert_eq!(demand(&report("mail-right", &right, INBOX), "outside")["verdict"], "holds");
}

#[test]
fn trust_that_is_asked_the_wrong_way_round() {
    let program = r#"event Delete { mail: Text, trusted: Bool }
event Cancel { meeting: Text, trusted: Bool }
policy delete_mail "only what the user named is deleted" {
  on d: Delete
  forbid when d.trusted
  permit
}
policy cancel_meeting "only what the user named is cancelled" {
  on c: Cancel
  forbid when not c.trusted
  permit
}
intervention less_trust_to_delete "less trust never turns a refusal into a permission" {
  for d: Delete where d.trusted
  do set d.trusted = false
  expect was(forbids d) implies forbids d
}
intervention less_trust_to_cancel {
  for c: Cancel where c.trusted
  do set c.trusted = false
  expect was(forbids c) implies forbids c
}
"#;
    let trace = r#"{"kind": "Delete", "id": "d", "at": "2026-01-03T10:00:00Z", "mail": "1", "trusted": true},
{"kind": "Cancel", "id": "c", "at": "2026-01-03T10:00:00Z", "meeting": "1", "trusted": true}"#;
    let found = report("trust", program, trace);
    assert_eq!(demand(&found, "less_trust_to_delete")["verdict"], "violated");
    assert_eq!(demand(&found, "less_trust_to_cancel")["verdict"], "holds");
}

#[test]
fn an_approval_that_is_a_refusal_behind_a_default_that_permits() {
    let program = r#"event Action { what: Text }
default permit
policy destructive "Destructive operations require human approval" {
  on a: Action
  forbid when a.what in ["delete", "drop"]
}
intervention renamed "another name for it does not get it through" {
  for a: Action where a.what == "delete"
  do set a.what = "purge"
  expect not permits a
}
"#;
    assert_eq!(codes(program), ["DBM0804", "DBM0813"]);
    let found = report("approval", program, r#"{"kind": "Action", "id": "a", "at": "2026-01-03T10:00:00Z", "what": "delete"}"#);
    assert_eq!(demand(&found, "renamed")["verdict"], "violated");
}

#[test]
fn a_tool_that_is_mistyped() {
    let program = r#"event Call { tool: Text }
policy tools { on c: Call permit when c.tool in ["search", "delete_file"] }
policy files { on c: Call where c.tool == "delete_fil" forbid }
"#;
    assert_eq!(codes(program), ["DBM0811"]);
    let found = report("tool", program, r#"{"kind": "Call", "id": "c", "at": "2026-01-03T10:00:00Z", "tool": "delete_file"}"#);
    assert_eq!(demand(&found, "files")["verdict"], "vacuous");
    let attribute = program.replace("c.tool ==", "c.toolname ==");
    assert!(warned(&attribute).iter().any(|t| t.starts_with("DBM02") && t.contains("toolname")), "{:?}", warned(&attribute));
}

/// Policies of which nothing is wrong.
#[test]
fn what_must_not_be_warned_of() {
    let head =
        "event Call { session: Text, tool: Text, cost: Int, to: Text }\nobserved event Approval { call: Text, tool: Text }\n";
    for policies in [
        // each tool once, though some are near
        r#"policy a { on c: Call permit when c.tool in ["read_file", "read_files", "step1"] }
policy b { on c: Call where c.tool == "step2" forbid }
policy d { on c: Call where c.tool == "reads" forbid }"#,
        r#"policy a { on c: Call permit when c.tool in ["export", "get"] }
policy b { on c: Call forbid when c.tool in ["import", "set"] }"#,
        // a known tool more than once
        r#"policy a { on c: Call permit when c.tool in ["delete", "delet"] forbid when c.tool == "delet" }"#,
        // an approval that is asked for
        r#"policy a { on c: Call forbid unless earlier a: Approval where a.call == c.id message "this requires approval" permit }"#,
        r#"policy a { on c: Call forbid when c.cost > 9 message "only approved tools" permit }"#,
        r#"policy a { on c: Call forbid when c.cost > 9 message "this must not be approved by anybody" permit }"#,
        r#"policy a { on c: Call escalate to "owner" when c.cost > 9 message "requires approval" permit }"#,
        // conditions that overlap, but are not part of each other
        r#"policy a { on c: Call forbid when c.cost > 9 and c.tool == "pay" forbid when c.cost > 9 permit }"#,
        r#"policy a { on c: Call permit when c.cost < 9 forbid when c.cost < 9 and c.tool == "pay" }"#,
        r#"policy a { on c: Call permit forbid unless c.cost < 9 }"#,
        r#"policy a { on c: Call escalate to "owner" when c.cost > 9 escalate to "boss" when c.cost > 9 and c.tool == "pay" permit }"#,
        r#"policy a { on c: Call warn when c.cost > 9 warn when c.cost > 9 and c.tool == "pay" permit }"#,
        // lists that overlap
        r#"policy a { on c: Call where c.tool in ["pay", "send"] forbid when c.tool == "pay" permit when c.tool in ["send", "read"] }"#,
        r#"policy a { on c: Call where c.tool == "send" permit when c.to == "x" or c.to == "y" }"#,
        // patterns that are whole, or refuse
        r#"policy a { on c: Call permit when c.to matches r"^[^@]+@ourcompany\.com$" }"#,
        r#"policy a { on c: Call forbid when c.to matches r"evil\.com" permit }"#,
        r#"policy a { on c: Call permit when c.tool matches r"^read_" }"#,
        r#"policy a { on c: Call forbid unless c.to matches r"^https://api\.ourcompany\.com/" permit }"#,
    ] {
        assert_eq!(warned(&format!("{head}{policies}\n")), Vec::<String>::new(), "{policies}");
    }
}

/// And ones of which something is.
#[test]
fn what_must_be_warned_of() {
    let head =
        "event Call { session: Text, tool: Text, cost: Int, to: Text }\nobserved event Approval { call: Text, tool: Text }\n";
    for (code, policies) in [
        (
            "DBM0811",
            r#"policy a { on c: Call permit when c.tool in ["send_mail", "search"] } policy b { on c: Call forbid when c.tool in ["sendMail", "pay"] }"#,
        ),
        (
            "DBM0811",
            r#"policy a { on c: Call forbid when c.tool == "delete" and c.cost > 9 permit when c.cost < 3 } policy b { on c: Call forbid when c.tool == "delete" and c.to == "x" } policy d { on c: Call forbid when c.tool == "delte" }"#,
        ),
        (
            "DBM0812",
            r#"policy a { on c: Call where c.cost > 9 permit when c.tool == "pay" } policy b { on c: Call forbid when c.tool == "pay" }"#,
        ),
        ("DBM0812", r#"policy a { on c: Call forbid escalate to "owner" when c.cost > 9 }"#),
        ("DBM0812", r#"policy a { on c: Call permit when c.cost < 9 permit when c.cost < 9 and c.tool == "pay" }"#),
        ("DBM0813", r#"policy a { on c: Call forbid when c.cost > 9 message "needs sign-off" permit }"#),
        ("DBM0814", r#"policy a { on c: Call permit when c.tool matches r"read|search" }"#),
        ("DBM0814", r#"policy a { on c: Call forbid when not (c.to matches r"ourcompany\.com$") permit }"#),
        ("DBM0808", r#"policy a { on c: Call where c.tool == "send" forbid when c.tool == "pay" permit }"#),
        ("DBM0808", r#"policy a { on c: Call where c.tool in ["send", "read"] forbid when c.tool in ["pay"] permit }"#),
        ("DBM0806", r#"policy a { on c: Call forbid when c.cost > 9 and c.tool == "pay" unless c.cost > 9 permit }"#),
    ] {
        assert_eq!(codes(&format!("{head}{policies}\n")), [code], "{policies}");
    }
}
