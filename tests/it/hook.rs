//! `dbm hook` as agents run it: each dialect, each thing that can go wrong, processes that are killed, and several at once.
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const POLICY: &str = r#"import std.agent { * }
policy tools { on c: Call  permit when c.tool in ["Bash", "Shell", "Read", "pay", "send", "delete"] }
policy shell {
  on c: Call where c.tool in ["Bash", "Shell"]
  forbid when contains(c.args.command as Text, "rm -rf")
  message "nothing is removed that way"
}
policy spending {
  on c: Call where c.tool == "pay"
  let spent = sum(p.args.amount as Float for p: Call where p.session == c.session and p.tool == "pay")
  forbid when spent > 100.0
  message "{spent} would have been spent, of 100"
}
policy irreversible { on c: Call where c.tool == "delete"  escalate to "owner" }
policy mail {
  on c: Call where c.tool == "send"
  forbid when earlier r: Result where r.session == c.session and r.tool == "Read"
  message "something was read before"
  rewrite c.args.body = replace(c.args.body, r"\d{3}-\d{2}-\d{4}", "***") when c.args has body
}
policy instructions { on m: Message  warn when contains(m.content as Text, "quickly")  message "somebody is in a hurry" }
"#;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hook").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("policy.dbm"), POLICY).unwrap();
    folder
}

fn command(folder: &Path, dialect: &str, more: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(folder).args(["hook", "--dialect", dialect, "--policy", "policy.dbm", "--state", "state"]).args(more);
    c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    c
}

/// The exit code, standard output and standard error.
fn hook(folder: &Path, dialect: &str, input: &str, more: &[&str]) -> (i32, String, String) {
    let mut child = command(folder, dialect, more).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let o = child.wait_with_output().unwrap();
    (o.status.code().unwrap_or(-1), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
}

fn answer(folder: &Path, dialect: &str, input: &Value) -> Value {
    let (code, out, err) = hook(folder, dialect, &input.to_string(), &[]);
    assert_eq!((code, err.as_str()), (0, ""), "{input}\n{out}");
    serde_json::from_str(&out).unwrap()
}

fn claude(event: &str, id: &str, tool: &str, args: Value) -> Value {
    json!({ "session_id": "s", "hook_event_name": event, "tool_name": tool, "tool_input": args, "tool_use_id": id, "cwd": "/w" })
}

fn pay(id: &str, amount: i64) -> Value {
    claude("PreToolUse", id, "pay", json!({ "amount": amount }))
}

fn said(answer: &Value) -> &str {
    answer["hookSpecificOutput"]["permissionDecision"].as_str().unwrap_or("nothing")
}

#[test]
fn claude_is_answered_in_its_words() {
    let f = folder("claude");
    let ask = |event: &str, id: &str, tool: &str, args: Value| answer(&f, "claude", &claude(event, id, tool, args));
    assert_eq!(said(&ask("PreToolUse", "1", "Bash", json!({ "command": "ls" }))), "allow");
    let denied = ask("PreToolUse", "2", "Bash", json!({ "command": "rm -rf /" }));
    assert_eq!(said(&denied), "deny");
    assert_eq!(denied["hookSpecificOutput"]["permissionDecisionReason"], "shell: nothing is removed that way");
    assert_eq!(said(&ask("PreToolUse", "3", "WebFetch", json!({}))), "deny", "no policy permits it");
    let asked = ask("PreToolUse", "4", "delete", json!({ "path": "/x" }));
    assert_eq!(said(&asked), "ask");
    assert!(asked["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap().contains("owner"), "{asked}");
    let rewritten = ask("PreToolUse", "5", "send", json!({ "to": "x", "body": "it is 123-45-6789" }));
    assert_eq!(said(&rewritten), "allow");
    assert_eq!(rewritten["hookSpecificOutput"]["updatedInput"], json!({ "to": "x", "body": "it is ***" }));
    // what was read is in the history when its result comes
    assert_eq!(said(&ask("PreToolUse", "6", "Read", json!({ "file_path": "a" }))), "allow");
    assert_eq!(said(&ask("PreToolUse", "7", "send", json!({ "to": "x" }))), "allow");
    let mut result = claude("PostToolUse", "6", "Read", json!({ "file_path": "a" }));
    result["tool_response"] = json!({ "content": "hello" });
    assert_eq!(answer(&f, "claude", &result), json!({}));
    assert_eq!(said(&ask("PreToolUse", "8", "send", json!({ "to": "x" }))), "deny");
    let prompt = json!({ "session_id": "s", "hook_event_name": "UserPromptSubmit", "prompt": "do it quickly" });
    assert_eq!(answer(&f, "claude", &prompt), json!({ "systemMessage": "instructions: somebody is in a hurry" }));
    assert_eq!(answer(&f, "claude", &json!({ "hook_event_name": "Stop", "session_id": "s" })), json!({}));
    let (code, out, _) =
        hook(&f, "claude", &claude("PreToolUse", "9", "Bash", json!({ "command": "ls" })).to_string(), &["--pass"]);
    assert_eq!((code, out.as_str()), (0, "{}\n"));
}

#[test]
fn what_was_asked_and_then_done_is_history_and_what_was_refused_is_not() {
    let f = folder("settled");
    assert_eq!(said(&answer(&f, "claude", &pay("1", 60))), "allow");
    answer(&f, "claude", &claude("PostToolUse", "1", "pay", json!({ "amount": 60 })));
    assert_eq!(said(&answer(&f, "claude", &pay("2", 60))), "deny");
    assert_eq!(said(&answer(&f, "claude", &pay("3", 40))), "allow", "what was denied does not count");
    // what was asked counts when it was done
    let delete = |event: &str, id: &str| answer(&f, "claude", &claude(event, id, "delete", json!({ "path": "/x" })));
    assert_eq!(said(&delete("PreToolUse", "4")), "ask");
    delete("PostToolUse", "4");
    let log = std::fs::read_to_string(f.join("state/log.jsonl")).unwrap();
    assert!(log.lines().last().unwrap().contains(r#""answer":"confirmed""#), "{log}");
    let f = folder("refused");
    assert_eq!(said(&answer(&f, "claude", &pay("1", 60))), "allow");
    answer(&f, "claude", &claude("PermissionDenied", "1", "pay", json!({ "amount": 60 })));
    assert_eq!(said(&answer(&f, "claude", &pay("2", 60))), "allow");
    // what happened though nobody was asked counts too
    answer(&f, "claude", &claude("PostToolUse", "3", "pay", json!({ "amount": 40 })));
    assert_eq!(said(&answer(&f, "claude", &pay("4", 1))), "deny");
}

#[test]
fn the_other_dialects_are_answered_in_theirs() {
    let f = folder("dialects");
    let gemini = |event: &str, tool: &str, args: Value| json!({ "session_id": "g", "hook_event_name": event, "tool_name": tool, "tool_input": args, "timestamp": "x" });
    let a = answer(&f, "gemini", &gemini("BeforeTool", "Bash", json!({ "command": "ls" })));
    assert_eq!(a["decision"], "allow");
    let a = answer(&f, "gemini", &gemini("BeforeTool", "Bash", json!({ "command": "rm -rf /" })));
    assert_eq!((&a["decision"], &a["reason"]), (&json!("deny"), &json!("shell: nothing is removed that way")));
    let a = answer(&f, "gemini", &gemini("BeforeTool", "delete", json!({})));
    assert_eq!(a["decision"], "deny");
    assert!(a["reason"].as_str().unwrap().contains("owner must decide"), "{a}");
    let a = answer(&f, "gemini", &gemini("BeforeTool", "send", json!({ "body": "123-45-6789" })));
    assert_eq!(a["hookSpecificOutput"]["tool_input"], json!({ "body": "***" }));

    let cursor = |event: &str, more: Value| {
        let mut all = json!({ "conversation_id": "c", "generation_id": "g", "hook_event_name": event });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let a = answer(&f, "cursor", &cursor("beforeShellExecution", json!({ "command": "ls", "cwd": "/w" })));
    assert_eq!(a["permission"], "allow");
    let a = answer(&f, "cursor", &cursor("beforeShellExecution", json!({ "command": "rm -rf /", "cwd": "/w" })));
    assert_eq!((&a["permission"], &a["agent_message"]), (&json!("deny"), &json!("shell: nothing is removed that way")));
    let a =
        answer(&f, "cursor", &cursor("beforeMCPExecution", json!({ "tool_name": "delete", "tool_input": "{\"path\": \"x\"}" })));
    assert_eq!(a["permission"], "ask");
    let a = answer(&f, "cursor", &cursor("preToolUse", json!({ "tool_name": "delete", "tool_input": {}, "tool_use_id": "t" })));
    assert_eq!(a["permission"], "deny", "nobody would be asked");
    let a = answer(
        &f,
        "cursor",
        &cursor("beforeMCPExecution", json!({ "tool_name": "send", "tool_input": { "body": "123-45-6789" } })),
    );
    assert_eq!(a["permission"], "deny", "it cannot be rewritten there");
    let a = answer(&f, "cursor", &cursor("beforeSubmitPrompt", json!({ "prompt": "hello" })));
    assert_eq!(a, json!({ "continue": true }));

    let codex = |tool: &str, args: Value| json!({ "session_id": "x", "turn_id": "1", "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": args, "tool_use_id": tool });
    assert_eq!(answer(&f, "codex", &codex("Bash", json!({ "command": "ls" }))), json!({}));
    for (tool, args) in
        [("Shell", json!({ "command": "rm -rf /" })), ("delete", json!({})), ("send", json!({ "body": "123-45-6789" }))]
    {
        assert_eq!(said(&answer(&f, "codex", &codex(tool, args))), "deny", "{tool}");
    }
}

#[test]
fn a_call_without_an_id_of_its_own_is_known_again_by_what_it_is() {
    let f = folder("no-id");
    let shell =
        |event: &str| json!({ "conversation_id": "c", "hook_event_name": event, "command": "ls", "cwd": "/w", "output": "a\n" });
    for _ in 0..2 {
        assert_eq!(answer(&f, "cursor", &shell("beforeShellExecution"))["permission"], "allow");
    }
    answer(&f, "cursor", &shell("afterShellExecution"));
    let log = std::fs::read_to_string(f.join("state/log.jsonl")).unwrap();
    assert!(log.contains(r#""answer":"confirmed""#) && !log.contains(r#""answer":"failed""#), "{log}");
    let listed = Command::new(env!("CARGO_BIN_EXE_dbm"))
        .current_dir(&f)
        .args(["watch", "policy.dbm", "--state", "state"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|mut c| {
            c.stdin.take().unwrap().write_all(b"{\"list\": true}\n")?;
            c.wait_with_output()
        });
    let listed: Value = serde_json::from_slice(&listed.unwrap().stdout).unwrap();
    assert_eq!(listed["open"].as_array().unwrap().len(), 1, "{listed}");
}

#[test]
fn whatever_goes_wrong_blocks() {
    let good = claude("PreToolUse", "1", "Bash", json!({ "command": "ls" })).to_string();
    let f = folder("wrong-input");
    let deep = format!(
        "{{\"session_id\": \"s\", \"hook_event_name\": \"PreToolUse\", \"tool_name\": \"Bash\", \"tool_input\": {}1{}}}",
        "{\"a\":".repeat(10_000),
        "}".repeat(10_000)
    );
    for input in [
        "",
        "no json",
        "[]",
        "{}",
        "\u{feff}{}",
        &good[..40],
        &good.replace("PreToolUse", "PreTool"),
        &good.replace("\"s\"", "7"),
        &deep,
    ] {
        let (code, out, err) = hook(&f, "claude", input, &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{input:.60}");
        assert!(err.starts_with("dbm blocks this: "), "{err}");
    }
    let blocks = |f: &Path, more: &[&str], why: &str| {
        let (code, out, err) = hook(f, "claude", &good, more);
        assert_eq!((code, out.as_str()), (2, ""), "{more:?} {err}");
        assert!(err.contains(why), "{why}: {err}");
    };
    let (code, _, _) = hook(&f, "emacs", &good, &[]);
    assert_eq!(code, 2);
    blocks(&f, &["--unknown"], "--unknown");
    blocks(&f, &["--with", "none.json"], "none.json");
    blocks(&f, &["--param", "x=1"], "DBM0701");
    blocks(&f, &["--time-limit", "1ms"], "too long");
    std::fs::remove_file(f.join("policy.dbm")).unwrap();
    blocks(&f, &[], "policy.dbm");
    std::fs::write(f.join("policy.dbm"), "policy {").unwrap();
    blocks(&f, &[], "policy.dbm:1");
    std::fs::write(f.join("policy.dbm"), "node A {}").unwrap();
    blocks(&f, &[], "no policy");

    let begun = |name: &str| {
        let f = folder(name);
        for n in 0..20 {
            assert_eq!(said(&answer(&f, "claude", &pay(&n.to_string(), 5))), "allow");
        }
        assert!(f.join("state/snapshot.json").exists());
        f
    };
    let f = begun("state-file");
    std::fs::remove_dir_all(f.join("state")).unwrap();
    std::fs::write(f.join("state"), "").unwrap();
    blocks(&f, &[], "state");
    let f = begun("snapshot-torn");
    let whole = std::fs::read(f.join("state/snapshot.json")).unwrap();
    std::fs::write(f.join("state/snapshot.json"), &whole[..whole.len() / 2]).unwrap();
    blocks(&f, &[], "snapshot.json");
    // it says how to go on, and that loses nothing
    std::fs::remove_file(f.join("state/snapshot.json")).unwrap();
    assert_eq!(said(&answer(&f, "claude", &pay("more", 5))), "deny");
    let f = begun("log-gone");
    std::fs::remove_file(f.join("state/log.jsonl")).unwrap();
    blocks(&f, &[], "log.jsonl");
    std::fs::remove_file(f.join("state/snapshot.json")).unwrap();
    blocks(&f, &[], "log.jsonl");
    let f = begun("log-cut");
    let log = std::fs::read_to_string(f.join("state/log.jsonl")).unwrap();
    let short: String = log.split_inclusive('\n').take(5).collect();
    std::fs::write(f.join("state/log.jsonl"), short).unwrap();
    blocks(&f, &[], "shorter");
    let f = begun("log-changed");
    std::fs::write(f.join("state/log.jsonl"), log.replace(r#""amount":5"#, r#""amount":1"#)).unwrap();
    blocks(&f, &[], "log");
    let f = begun("log-line-gone");
    let without: String = log.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 18).map(|(_, l)| l).collect();
    std::fs::write(f.join("state/log.jsonl"), without).unwrap();
    blocks(&f, &[], "log");
    let f = begun("log-noise");
    std::fs::write(f.join("state/log.jsonl"), "noise\n".repeat(2000)).unwrap();
    blocks(&f, &[], "log");
}

#[test]
fn an_answer_that_nobody_can_read_is_a_block() {
    let f = folder("deaf");
    let mut child = command(&f, "claude", &[]).spawn().unwrap();
    drop(child.stdout.take());
    let input = claude("PreToolUse", "1", "Bash", json!({ "command": "rm -rf /" })).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_changed_policy_takes_a_state_over_only_if_it_is_told_to() {
    let f = folder("migrate");
    assert_eq!(said(&answer(&f, "claude", &pay("1", 60))), "allow");
    assert_eq!(said(&answer(&f, "claude", &pay("2", 60))), "deny");
    let more = POLICY.replace("> 100.0", "> 130.0");
    std::fs::write(f.join("policy.dbm"), &more).unwrap();
    let (code, out, err) = hook(&f, "claude", &pay("3", 60).to_string(), &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("another policy") && err.contains("--migrate"), "{err}");
    let (code, out, err) = hook(&f, "claude", &pay("3", 60).to_string(), &["--migrate"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(said(&serde_json::from_str(&out).unwrap()), "allow");
    // what was permitted counts, whatever the new policy would have said of it
    std::fs::write(f.join("policy.dbm"), POLICY.replace("> 100.0", "> 50.0")).unwrap();
    let (_, out, _) = hook(&f, "claude", &pay("4", 1).to_string(), &["--migrate"]);
    assert!(out.contains("121.0 would have been spent"), "{out}");
    // and again from the log alone
    std::fs::remove_file(f.join("state/snapshot.json")).unwrap();
    let again = answer(&f, "claude", &pay("5", 1));
    assert!(again.to_string().contains("121.0 would have been spent"), "{again}");
}

#[test]
fn several_at_once_do_not_spend_a_budget_twice() {
    let f = folder("race");
    let mut children: Vec<_> = (0..8)
        .map(|n| {
            let mut child = command(&f, "claude", &[]).spawn().unwrap();
            child.stdin.take().unwrap().write_all(pay(&n.to_string(), 30).to_string().as_bytes()).unwrap();
            child
        })
        .collect();
    let outs: Vec<String> =
        children.drain(..).map(|c| String::from_utf8(c.wait_with_output().unwrap().stdout).unwrap()).collect();
    let allowed = outs.iter().filter(|o| said(&serde_json::from_str(o).unwrap()) == "allow").count();
    assert_eq!(allowed, 3, "{outs:#?}");
}

/// Killed 200 times while it works: who got an answer is in the log, and the budget is never overspent.
#[test]
fn who_is_killed_has_asked_or_has_not() {
    let f = folder("killed");
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let started = std::time::Instant::now();
    assert_eq!(said(&answer(&f, "claude", &pay("first", 1))), "allow");
    let usual = started.elapsed().as_micros() as u64;
    let mut allowed = vec!["first".to_string()];
    let mut killed = 0;
    for n in 0..200 {
        let mut child = command(&f, "claude", &[]).spawn().unwrap();
        let id = format!("k{n}");
        child.stdin.take().unwrap().write_all(pay(&id, 1).to_string().as_bytes()).unwrap();
        std::thread::sleep(Duration::from_micros(next(usual + usual / 2)));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let out = child.wait_with_output().unwrap().stdout;
        if serde_json::from_slice::<Value>(&out).is_ok_and(|answer| said(&answer) == "allow") {
            allowed.push(id);
        }
        if n % 10 == 9 {
            let id = format!("n{n}");
            if said(&answer(&f, "claude", &pay(&id, 1))) == "allow" {
                allowed.push(id);
            }
        }
    }
    for n in 0.. {
        let id = format!("d{n}");
        match said(&answer(&f, "claude", &pay(&id, 1))) {
            "allow" => allowed.push(id),
            _ => break,
        }
    }
    assert!(killed > 50, "{killed}");
    let log = std::fs::read_to_string(f.join("state/log.jsonl")).unwrap();
    let permitted = |id: &str| log.lines().any(|l| l.contains(&format!("\"id\":\"{id}\"")) && l.contains(r#""answer":"permit""#));
    for id in &allowed {
        assert!(permitted(id), "{id} was answered, and is not in the log");
    }
    assert_eq!(log.matches(r#""answer":"permit""#).count(), 100);
    assert!(allowed.len() <= 100, "{}", allowed.len());
}
