//! The REPL: its transcripts replayed, its scripts, and a session in a real terminal.
use super::docs::root;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a script, and gives the exit code and what it printed (standard output, standard error).
fn script(folder: &Path, args: &[&str], lines: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dbm"))
        .current_dir(folder)
        .arg("repl")
        .args(args)
        .env("LANG", "C.UTF-8")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let o = child.wait_with_output().unwrap();
    (o.status.code().unwrap(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
}

fn services() -> PathBuf {
    root().join("examples/services")
}

/// Each file in tests/repl is a session; `dbm test tests/repl --update` records them anew.
#[test]
fn the_recorded_sessions_are_as_before() {
    let said = super::docs::dbm(&root().join("tests/repl"), &["test".into(), ".".into()], None);
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(!said.text.contains("0 recorded runs"), "{}", said.text);
}

#[test]
fn every_command_stands_in_a_recorded_session() {
    let (_, help, _) = script(&services(), &[], ":help\n");
    let commands: Vec<&str> = help.lines().filter_map(|l| l.strip_prefix(':')?.split([' ', '[']).next()).collect();
    assert!(commands.len() > 20, "{help}");
    let mut all = String::new();
    for e in std::fs::read_dir(root().join("tests/repl")).unwrap().flatten() {
        all += &std::fs::read_to_string(e.path()).unwrap_or_default();
    }
    // those that write or end are in other tests
    let others = ["save", "transcript", "quit", "time"];
    let missing: Vec<&&str> = commands.iter().filter(|c| !others.contains(*c) && !all.contains(&format!("> :{c}"))).collect();
    assert!(missing.is_empty(), "in no recorded session: {missing:?}");
}

#[test]
fn a_script_prints_no_prompts_and_ends_with_the_gravest_code() {
    let (code, out, err) = script(&services(), &["rules.dbm", "good.json"], "count(s: Service)\n:check acyclic\n");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\n3\n") || out.contains("\n4\n"), "{out}");
    assert!(!out.contains("dbm>"), "{out}");
    assert_eq!(script(&services(), &["rules.dbm", "broken.json"], ":check\n").0, 1);
    assert_eq!(script(&services(), &["rules.dbm"], "count(s: Servic)\n1 + 1\n").0, 3);
    assert_eq!(script(&services(), &["rules.dbm"], ":nope\n").0, 2);
    assert_eq!(script(&services(), &["rules.dbm", "none.json"], "1\n").0, 2);
}

#[test]
fn an_error_keeps_the_program_as_it_was() {
    let lines =
        "rule near(a: Service, b: Service) if a -calls-> b\nnear(x, y)\nrule near(a: Service) if a -nowhere-> a\nnear(x, y)\n";
    let (_, out, err) = script(&services(), &["rules.dbm", "good.json"], lines);
    assert!(err.contains("nowhere"), "{err}");
    let tables: Vec<&str> = out.split("x  ").skip(1).collect();
    assert_eq!(out.matches("bindings").count(), 2, "{out}");
    assert!(!tables.is_empty());
}

#[test]
fn an_entry_goes_on_until_its_brackets_close_or_a_line_is_empty() {
    let (code, out, _) = script(&root(), &[], "node Host {\n  zone: Text\n}\n1 +\n2\n");
    assert_eq!((code, out.as_str()), (0, "node Host\n3\n"));
    let (code, _, err) = script(&root(), &[], "node Host {\n\n1 + 1\n");
    assert!(code == 3 && err.contains("never closed"), "{err}");
}

#[test]
fn what_was_saved_is_the_program_and_a_transcript_is_replayed() {
    let folder = super::cli::folder(
        "repl-save",
        &[("p.dbm", "node A { n: Int }\n"), ("c.json", r#"{"nodes": [{"id": "a", "kind": "A", "n": 3}], "edges": []}"#)],
    );
    let lines = ":transcript t.snap\nnode A { n: Int = 1 }\nrule big(a: A) if a.n > 2\nbig(a)\n:do set A(\"a\").n = 1\n:diff\n:save q.dbm\n:quit\nnever seen\n";
    let (code, out, err) = script(&folder, &["p.dbm", "c.json"], lines);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(std::fs::read_to_string(folder.join("q.dbm")).unwrap(), "node A { n: Int = 1 }\nrule big(a: A) if a.n > 2\n");
    let transcript = std::fs::read_to_string(folder.join("t.snap")).unwrap();
    assert!(transcript.starts_with("$ dbm repl p.dbm c.json\n") && transcript.contains("dbm[1]> :diff\n"), "{transcript}");
    let test = |more: &[&str]| {
        let args: Vec<String> = ["test", "."].iter().chain(more).map(|a| a.to_string()).collect();
        super::docs::dbm(&folder, &args, None)
    };
    assert!(test(&[]).text.contains("1 recorded run as before"), "{}", test(&[]).text);
    std::fs::write(folder.join("t.snap"), transcript.replace("big(a)\n", "not big(a)\n")).unwrap();
    assert_eq!(test(&[]).code, 1);
    // of a file that is gone nothing can be replayed
    std::fs::remove_file(folder.join("c.json")).unwrap();
    let said = test(&[]);
    assert!(said.code == 1 && said.text.contains("stale"), "{}", said.text);
    assert_eq!(test(&["--update"]).code, 0);
    assert!(!folder.join("t.snap").exists());
}

// ---------------------------------------------------------------------- in a terminal

/// A terminal in tmux, which ends with the test.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Starts dbm in one; none if there is no tmux here, unless `DBM_TMUX` says that there must be.
    fn start(name: &str, folder: &Path, args: &str) -> Option<Terminal> {
        if Command::new("tmux").arg("-V").output().is_err() {
            assert!(std::env::var_os("DBM_TMUX").is_none(), "tmux is not there");
            eprintln!("not tried in a terminal: tmux is not there");
            return None;
        }
        let t = Terminal { socket: format!("dbm-{name}-{}", std::process::id()) };
        let state = folder.join("state");
        let call = format!(
            "env TERM=xterm XDG_STATE_HOME={} {} repl {args}; echo left with $?; sleep 60",
            state.display(),
            env!("CARGO_BIN_EXE_dbm")
        );
        let o = t.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "45", "-c", folder.to_str()?, &call]);
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
        Some(t)
    }
    fn tmux(&self, args: &[&str]) -> std::process::Output {
        Command::new("tmux").args(["-u", "-L", &self.socket]).args(args).output().unwrap()
    }
    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }
    fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.keys(&["Enter"]);
    }
    fn screen(&self) -> String {
        let text = String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned();
        text.lines().map(|l| format!("{}\n", l.trim_end())).collect()
    }
    /// Waits until the screen is so.
    fn wait(&self, what: &str, so: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !so(&self.screen()) {
            assert!(started.elapsed() < Duration::from_secs(60), "{what} did not come:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }
    fn wait_for(&self, text: &str) {
        self.wait(text, |s| s.contains(text));
    }
    fn wait_for_prompt(&self, prompt: &str) {
        self.wait(prompt, |s| s.trim_end().lines().last().is_some_and(|l| l == prompt));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_session_in_a_terminal() {
    let nodes: Vec<String> = (0..60).map(|i| format!(r#"{{"id": "s{i}", "kind": "S"}}"#)).collect();
    let candidate = format!(r#"{{"nodes": [{}, {{"id": "hub", "kind": "H", "zone": "north"}}], "edges": []}}"#, nodes.join(", "));
    let files = [("p.dbm", "node S\nnode H { zone: Text }\nedge on: S -> H\n"), ("c.json", candidate.as_str())];
    let folder = super::cli::folder("repl-terminal", &files);
    let Some(t) = Terminal::start("one", &folder, "p.dbm c.json") else { return };
    t.wait_for_prompt("dbm>");
    t.wait_for(":help");
    t.line("count(s: S)");
    t.wait_for("\n60\n");
    // completion: of an id, of an attribute by its type, of a command
    t.keys(&["H(\"h", "Tab"]);
    t.wait_for("H(\"hub\")");
    t.keys(&[".z", "Tab", "Enter"]);
    t.wait_for("\n\"north\"\n");
    t.keys(&[":stra", "Tab", "Enter"]);
    t.wait_for("no rules");
    // an item over several lines
    t.line("node T {");
    t.line("  n: Int");
    t.line("}");
    t.wait_for("\nnode T\n");
    // Ctrl-C ends an evaluation, not the session
    t.line("count(a: S, b: S, c: S, d: S, e: S, f: S, g: S where a.id != g.id)");
    std::thread::sleep(Duration::from_millis(300));
    t.keys(&["C-c"]);
    t.wait_for("interrupted");
    t.line(":do remove H(\"hub\")");
    t.wait_for_prompt("dbm[1]>");
    t.line("count(h: H)");
    t.wait_for("\n0\n");
    t.line(":undo");
    t.wait_for_prompt("dbm>");
    t.keys(&["C-d"]);
    t.wait_for("left with 0");
    drop(t);
    // the history is there in the next session
    let Some(t) = Terminal::start("two", &folder, "") else { return };
    t.wait_for_prompt("dbm>");
    t.keys(&["Up", "Up", "Enter"]);
    t.wait_for("there is no kind `H`");
    t.wait_for_prompt("dbm>");
    t.keys(&["C-d"]);
    t.wait_for("left with 0");
    drop(t);
    let history = std::fs::read_to_string(folder.join("state/dbm/history")).unwrap();
    assert!(history.contains(":undo") && history.contains("node T {"), "{history}");
}
