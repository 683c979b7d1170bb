//! The command line, run as a process: exit codes, streams, formats.
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

fn dbm(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).stdin(Stdio::null()).output().unwrap()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(folder).args(args);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "LC_ALL"] {
        c.env_remove(name);
    }
    c.env("LANG", "C.UTF-8");
    c
}

fn out(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}
fn err(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).unwrap()
}
fn code(o: &Output) -> i32 {
    o.status.code().unwrap()
}

const PROGRAM: &str = "\
param most: Int = 3
node Service { tier: Int }
edge calls: Service -> Service
invariant acyclic \"no service depends on itself\" {
  never x -calls+-> x
  message \"{x} depends on itself\"
}
invariant few : warning { require count(s: Service) <= most }
";
const GOOD: &str = r#"{"nodes": [{"id": "a", "kind": "Service", "tier": 1}, {"id": "b", "kind": "Service", "tier": 1}],
 "edges": [{"kind": "calls", "from": "a", "to": "b"}]}"#;
const BAD: &str = r#"{"nodes": [{"id": "a", "kind": "Service", "tier": 1}],
 "edges": [{"kind": "calls", "from": "a", "to": "a"}]}"#;

fn services(name: &str) -> PathBuf {
    folder(name, &[("rules.dbm", PROGRAM), ("good.json", GOOD), ("bad.json", BAD)])
}

#[test]
fn help_and_version_are_fine_and_a_wrong_call_is_2() {
    let f = services("usage");
    for args in [&["--help"][..], &["check", "--help"], &["--version"]] {
        assert_eq!(code(&dbm(&f, args)), 0, "{args:?}");
    }
    for args in [&[][..], &["chek"], &["check"], &["check", "rules.dbm", "--param", "x"], &["check", "rules.dbm", "--time-limit", "7"]] {
        let o = dbm(&f, args);
        assert_eq!((code(&o), out(&o).as_str()), (2, ""), "{args:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_wrong_call_that_names_the_near_one() {
    let f = services("missing");
    let o = dbm(&f, &["check", "rule.dbm"]);
    assert_eq!(code(&o), 2);
    assert!(err(&o).contains("[DBM0704]") && err(&o).contains("did you mean `rules.dbm`?"), "{}", err(&o));
    assert_eq!(code(&dbm(&f, &["check", "rules.dbm", "none.json"])), 2);
    assert_eq!(code(&dbm(&f, &["check", "."])), 2);
    assert_eq!(code(&dbm(&f, &["check", "-", "-"])), 2);
}

#[test]
fn the_json_report_is_there_even_when_the_call_is_wrong() {
    let f = services("json-wrong");
    let o = dbm(&f, &["check", "rules.dbm", "none.json", "--format", "json"]);
    assert_eq!((code(&o), err(&o).as_str()), (2, ""));
    let report: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!((&report["dbm_report"], &report["program"]), (&1.into(), &"rules.dbm".into()));
    assert_eq!(report["candidates"], serde_json::json!([]));
    assert_eq!(report["diagnostics"][0]["code"], "DBM0704");
}

#[test]
fn colours_are_asked_for_by_flag_then_environment_then_terminal() {
    let f = services("colors");
    let colored = |args: &[&str], env: &[(&str, &str)]| {
        let mut c = command(&f, args);
        c.envs(env.iter().copied());
        err(&c.stdin(Stdio::null()).output().unwrap()).contains('\u{1b}')
    };
    let wrong = ["check", "none.dbm"];
    assert!(!colored(&wrong, &[]));
    assert!(colored(&wrong, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&wrong, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(colored(&["check", "none.dbm", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!colored(&["--color", "never", "check", "none.dbm"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn explain_prints_the_page_by_code_number_or_name() {
    let f = services("explain");
    for name in ["DBM0701", "dbm0701", "701", "unknown-param"] {
        let o = dbm(&f, &["explain", name]);
        assert_eq!(code(&o), 0);
        assert!(out(&o).starts_with("# DBM0701: unknown-param\n"));
    }
    let o = dbm(&f, &["explain", "DBM0799"]);
    assert_eq!(code(&o), 2);
    assert!(err(&o).contains("[DBM0707]"), "{}", err(&o));
}

#[test]
fn the_schema_of_reports_is_printed() {
    let o = dbm(&services("schema"), &["schema", "report"]);
    let schema: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!(schema["title"], "dbm report");
}
