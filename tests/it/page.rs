//! The suite in dbm itself (`tests/suite`): each file is a paragraph of the fine print, as tests, or as a program or candidate with
//! what `dbm check` must say of it. What neither can say is a test here, named after its paragraph.
//!
//! A file is run with `dbm test`, unless its first lines say otherwise:
//! `// refused: DBM0401 line 3` (a wrong program), `// warned: DBM0801 line 3`, `// checks` (nothing to
//! run), `// quiet` (not even a warning);
//! `// candidate: FILE|{…} [ARGS]`, and behind it any of `// exit: 1`, `// finding: DBM0511 line 2`,
//! `// demand: NAME VERDICT [checked N] [count N]`, `// binding: NAME {"x": …}`, `// message: NAME TEXT`.
use super::docs::{Said, dbm, root};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn strings(args: &[&str]) -> Vec<String> {
    args.iter().map(|a| a.to_string()).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    entries.sort();
    for e in entries {
        if e.is_dir() {
            files(&e, found);
        } else if e.extension().is_some_and(|x| x == "dbm") {
            found.push(e);
        }
    }
}

/// What a file asks for.
#[derive(Default)]
struct Asked {
    refused: Vec<String>,
    warned: Vec<String>,
    checks: bool,
    quiet: bool,
    candidates: Vec<Candidate>,
}

struct Candidate {
    given: String,
    args: Vec<String>,
    exit: Option<i32>,
    findings: Vec<String>,
    demands: Vec<String>,
    bindings: Vec<String>,
    messages: Vec<String>,
}

fn asked(text: &str, path: &Path) -> Asked {
    let mut asked = Asked::default();
    for line in text.lines().map_while(|l| l.strip_prefix("// ").or(l.strip_prefix("//"))) {
        let Some((word, rest)) = line.split_once(':').or(Some((line, ""))) else { continue };
        let rest = rest.trim().to_string();
        let last = asked.candidates.last_mut();
        match (word, last) {
            ("refused", _) => asked.refused.push(rest),
            ("warned", _) => asked.warned.push(rest),
            ("checks", _) => asked.checks = true,
            ("quiet", _) => (asked.checks, asked.quiet) = (true, true),
            ("candidate", _) => {
                let end = match rest.starts_with('{') {
                    true => rest.rfind('}').unwrap() + 1,
                    false => rest.find(' ').unwrap_or(rest.len()),
                };
                let (given, args) = rest.split_at(end);
                let args = super::docs::words(args);
                let given = given.to_string();
                asked.candidates.push(Candidate {
                    given,
                    args,
                    exit: None,
                    findings: vec![],
                    demands: vec![],
                    bindings: vec![],
                    messages: vec![],
                });
            }
            ("exit", Some(c)) => c.exit = Some(rest.parse().unwrap()),
            ("finding", Some(c)) => c.findings.push(rest),
            ("demand", Some(c)) => c.demands.push(rest),
            ("binding", Some(c)) => c.bindings.push(rest),
            ("message", Some(c)) => c.messages.push(rest),
            _ if word.chars().all(|c| c.is_ascii_lowercase()) && !rest.is_empty() => {
                panic!("{}: what is `{word}`?", path.display())
            }
            _ => {}
        }
    }
    asked
}

/// Whether a drawn text has `DBM0401 line 3`: that code, placed on that line of the file.
fn named(said: &str, wanted: &str, file: &str) -> bool {
    let (code, line) = wanted.split_once(" line ").unwrap_or((wanted, ""));
    let place = format!("{file}:{line}:");
    let mut blocks: Vec<String> = vec![];
    for l in said.lines() {
        match l.contains("[DBM") {
            true => blocks.push(l.to_string()),
            false => blocks.last_mut().into_iter().for_each(|b| *b += &format!("\n{l}")),
        }
    }
    blocks.iter().any(|b| b.contains(&format!("[{code}]")) && (line.is_empty() || b.contains(&place)))
}

fn run(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let asked = asked(&text, path);
    let folder = path.parent().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_string();
    let mut wrong = vec![];
    let check = |args: &[&str]| dbm(folder, &strings(&[&["check", &name], args].concat()), None);
    if !asked.refused.is_empty() || !asked.warned.is_empty() || asked.checks {
        let Said { code, text } = check(&[]);
        let exit = if asked.refused.is_empty() { 0 } else { 3 };
        if code != exit {
            wrong.push(format!("exit {code}, want {exit}\n{text}"));
        }
        if asked.quiet && text.contains("[DBM") {
            wrong.push(format!("not quiet\n{text}"));
        }
        for w in asked.refused.iter().chain(&asked.warned).filter(|w| !named(&text, w, &name)) {
            wrong.push(format!("no {w}\n{text}"));
        }
    }
    for (i, c) in asked.candidates.iter().enumerate() {
        let file = match c.given.starts_with('{') {
            true => {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join(format!("{}-{i}.json", path.strip_prefix(root()).unwrap().display()).replace('/', "-"));
                std::fs::write(&file, &c.given).unwrap();
                file.to_str().unwrap().to_string()
            }
            false => c.given.clone(),
        };
        let base = Path::new(&file).file_name().unwrap().to_str().unwrap().to_string();
        wrong.extend(candidate(c, &file, &base, &check).into_iter().map(|w| format!("candidate {}: {w}", i + 1)));
    }
    if asked.refused.is_empty() && asked.candidates.is_empty() && !asked.checks && asked.warned.is_empty() {
        let said = dbm(folder, &strings(&["test", &name]), None);
        if said.code != 0 || said.text.contains("0 tests passed") {
            wrong.push(said.text);
        }
    }
    let shown = path.strip_prefix(root()).unwrap().display().to_string();
    wrong.into_iter().map(|w| format!("{shown}: {w}")).collect()
}

fn candidate(c: &Candidate, file: &str, base: &str, check: &dyn Fn(&[&str]) -> Said) -> Vec<String> {
    let mut wrong = vec![];
    let args: Vec<&str> = std::iter::once(file).chain(c.args.iter().map(String::as_str)).collect();
    let drawn = check(&args);
    if let Some(exit) = c.exit.filter(|e| *e != drawn.code) {
        wrong.push(format!("exit {}, want {exit}\n{}", drawn.code, drawn.text));
    }
    for f in c.findings.iter().filter(|f| !named(&drawn.text, f, base)) {
        wrong.push(format!("no finding {f}\n{}", drawn.text));
    }
    if c.demands.is_empty() && c.bindings.is_empty() && c.messages.is_empty() {
        return wrong;
    }
    let said = check(&[&args[..], &["--format", "json"]].concat());
    let report: Value = match serde_json::from_str(&said.text) {
        Ok(v) => v,
        Err(e) => return [wrong, vec![format!("no report: {e}\n{}", said.text)]].concat(),
    };
    let demand = |name: &str| report["candidates"][0]["demands"].as_array().and_then(|d| d.iter().find(|d| d["name"] == name));
    for d in &c.demands {
        let mut words = d.split(' ');
        let (name, verdict) = (words.next().unwrap(), words.next().unwrap());
        let Some(got) = demand(name) else {
            wrong.push(format!("no demand {name}\n{}", drawn.text));
            continue;
        };
        if got["verdict"] != verdict {
            wrong.push(format!("{name} is {}, want {verdict}\n{}", got["verdict"], drawn.text));
        }
        while let (Some(what), Some(n)) = (words.next(), words.next()) {
            let field = if what == "count" { "violation_count" } else { what };
            if got[field] != n.parse::<u64>().unwrap() {
                wrong.push(format!("{name}: {field} {}, want {n}\n{}", got[field], drawn.text));
            }
        }
    }
    let violations = |name: &str| demand(name).and_then(|d| d["violations"].as_array()).cloned().unwrap_or_default();
    for b in &c.bindings {
        let (name, wanted) = b.split_once(' ').unwrap();
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let fits = |v: &Value| wanted.as_object().unwrap().iter().all(|(k, w)| v["binding"].get(k) == Some(w));
        if !violations(name).iter().any(fits) {
            let got: Vec<Value> = violations(name).iter().map(|v| v["binding"].clone()).collect();
            wrong.push(format!("{name}: no violation {wanted}, but {}", Value::from(got)));
        }
    }
    for m in &c.messages {
        let (name, wanted) = m.split_once(' ').unwrap();
        if !violations(name).iter().any(|v| v["message"] == wanted) {
            let got: Vec<Value> = violations(name).iter().map(|v| v["message"].clone()).collect();
            wrong.push(format!("{name}: no message {wanted}, but {}", Value::from(got)));
        }
    }
    wrong
}

fn all(folder: &str) {
    let mut found = vec![];
    files(&root().join("tests/suite").join(folder), &mut found);
    assert!(!found.is_empty());
    let wrong: Vec<String> = found.iter().flat_map(|f| run(f)).collect();
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}

#[test]
fn names_and_scope() {
    all("names");
}
#[test]
fn values() {
    all("values");
}
#[test]
fn faults() {
    all("faults");
}
#[test]
fn fixpoints() {
    all("fixpoints");
}
#[test]
fn edits_of_readers_and_tests() {
    all("edits");
}
#[test]
fn the_report() {
    all("report");
}
#[test]
fn imports() {
    all("imports");
}
#[test]
fn built_ins() {
    all("builtins");
}
#[test]
fn the_language_page() {
    all("language");
}

#[test]
fn every_block_of_the_page_checks() {
    let mut found = vec![];
    files(&root().join("tests/suite/page"), &mut found);
    assert_eq!(found.len(), 9);
    for f in found {
        let said = dbm(f.parent().unwrap(), &strings(&["check", f.file_name().unwrap().to_str().unwrap()]), None);
        assert_eq!(said.code, 0, "{}\n{}", f.display(), said.text);
    }
}

#[test]
fn the_tests_of_the_page_pass() {
    let said = dbm(&root().join("tests/suite/page"), &strings(&["test", "09.dbm"]), None);
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(said.text.contains("2 tests passed"), "{}", said.text);
}

#[test]
fn every_file_of_the_suite_stands_in_its_table() {
    let table = std::fs::read_to_string(root().join("tests/suite/README.md")).unwrap();
    let mut found = vec![];
    files(&root().join("tests/suite"), &mut found);
    let suite = root().join("tests/suite");
    let names: Vec<String> =
        found.iter().map(|f| f.strip_prefix(&suite).unwrap().display().to_string()).filter(|n| !n.contains("/parts/")).collect();
    let missing: Vec<&String> = names.iter().filter(|n| !n.starts_with("page/") && !table.contains(&format!("`{n}`"))).collect();
    assert!(missing.is_empty(), "not in tests/suite/README.md: {missing:?}");
}

/// A folder with files, for one test.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    super::cli::folder(&format!("page-{name}"), files)
}

fn report(folder: &Path, args: &[&str]) -> (i32, Value) {
    let said = dbm(folder, &strings(&[&["check"], args, &["--format", "json"]].concat()), None);
    (said.code, serde_json::from_str(&said.text).unwrap_or_else(|e| panic!("{e}: {}", said.text)))
}

const PAIRS: &str = "\
node S
edge e: S -> S
rule pair(a: S, b: S) if a.id != b.id
invariant few { never pair(a, b) and a.id == \"none of them\" }
invariant small { for s: S require s.id != \"s1\" }
";

fn many(n: usize) -> String {
    let nodes: Vec<String> = (0..n).map(|i| format!(r#"{{"id": "s{i}", "kind": "S"}}"#)).collect();
    format!(r#"{{"nodes": [{}], "edges": []}}"#, nodes.join(", "))
}

/// Fixpoints: "a limit that is reached gives `unknown` (exit 5, unless a demand is violated: 1)".
#[test]
fn a_limit_that_is_reached_gives_unknown() {
    let f = folder("limit", &[("p.dbm", PAIRS), ("c.json", &many(300))]);
    let (code, r) = report(&f, &["p.dbm", "c.json", "--fact-limit", "1000", "--only", "few"]);
    assert_eq!((code, &r["candidates"][0]["demands"][0]["verdict"]), (5, &"unknown".into()), "{r}");
    let (code, r) = report(&f, &["p.dbm", "c.json", "--fact-limit", "1000000"]);
    assert_eq!((code, &r["candidates"][0]["demands"][0]["verdict"]), (1, &"holds".into()), "{r}");
    let said = dbm(&f, &strings(&["check", "p.dbm", "c.json", "--fact-limit", "1000", "--only", "few"]), None);
    assert!(said.text.contains("`pair`"), "the rule is not named:\n{}", said.text);
}

/// Fixpoints: "limits on facts count distinct final facts in a world".
#[test]
fn derived_twice_counts_once() {
    let program = "node S\nrule p(a: S) if a.id != \"x\"\nrule p(a: S) if a.id != \"y\"\ninvariant i { never s: S where p(s) and s.id == \"z\" }\n";
    let f = folder("facts", &[("p.dbm", program), ("c.json", &many(10))]);
    assert_eq!(report(&f, &["p.dbm", "c.json", "--fact-limit", "10"]).0, 0);
    assert_eq!(report(&f, &["p.dbm", "c.json", "--fact-limit", "9"]).0, 5);
}

/// Fixpoints: "the order of a candidate's nodes and edges never shows, except in places".
#[test]
fn the_order_of_a_candidate_never_shows() {
    let program = "\
node S { n: Int }
edge e: S -> S { w: Int = 1 }
rule far(a: S, b: S) = min { x.w if a -x:e-> b, far(a, m) + x.w if m -x:e-> b }
invariant acyclic { never x -e+-> x }
invariant close { for a: S, b: S require (far(a, b) ?? 0) < 3 message \"{a} {b} {far(a, b)}\" }
invariant edges { for x: e require x.w < 2 }
invariant values { require sum(s.n for s: S) == 0 message \"{distinct(s.n for s: S)}\" }
";
    let nodes: Vec<String> = (0..7).map(|i| format!(r#"{{"id": "s{i}", "kind": "S", "n": {}}}"#, i * 3 % 5)).collect();
    let mut edges: Vec<String> =
        (0..7).map(|i| format!(r#"{{"kind": "e", "from": "s{i}", "to": "s{}", "w": {}}}"#, (i * 3 + 1) % 7, i % 3)).collect();
    edges.extend((0..3).map(|w| format!(r#"{{"kind": "e", "from": "s0", "to": "s1", "w": {w}}}"#)));
    let said = |turn: usize| {
        let (mut n, mut e) = (nodes.clone(), edges.clone());
        n.rotate_left(turn % 7);
        e.rotate_left(turn % 10);
        if turn % 2 == 1 {
            n.reverse();
            e.reverse();
        }
        let text = format!(r#"{{"nodes": [{}], "edges": [{}]}}"#, n.join(", "), e.join(", "));
        let f = folder(&format!("order-{turn}"), &[("p.dbm", program), ("c.json", &text)]);
        let (code, mut r) = report(&f, &["p.dbm", "c.json"]);
        places_away(&mut r);
        (code, r)
    };
    let first = said(0);
    assert_eq!(first.0, 1);
    for turn in 1..6 {
        assert_eq!(said(turn), first, "turn {turn}");
    }
}

/// Takes the places in the candidate out of a report.
fn places_away(v: &mut Value) {
    match v {
        Value::Object(fields) => {
            if fields.contains_key("pointer") {
                *v = Value::Null;
                return;
            }
            fields.values_mut().for_each(places_away);
        }
        Value::Array(items) => items.iter_mut().for_each(places_away),
        _ => {}
    }
}

/// The command line and the report: "lists all violations up to `--max-violations` (the count is exact beyond it)".
#[test]
fn the_list_is_cut_and_the_count_is_exact() {
    let program = "node S\ninvariant i { for s: S require s.id == \"x\" }\n";
    let f = folder("most", &[("p.dbm", program), ("c.json", &many(1500))]);
    let counted = |args: &[&str]| {
        let (code, r) = report(&f, &[&["p.dbm", "c.json"], args].concat());
        let d = &r["candidates"][0]["demands"][0];
        (code, d["violations"].as_array().unwrap().len(), d["violation_count"].as_u64().unwrap())
    };
    assert_eq!(counted(&[]), (1, 1000, 1500));
    assert_eq!(counted(&["--max-violations", "3"]), (1, 3, 1500));
    assert_eq!(counted(&["--max-violations", "5000"]), (1, 1500, 1500));
    let text = dbm(&f, &strings(&["check", "p.dbm", "c.json"]), None).text;
    assert!(text.lines().count() < 60 && text.contains("1490 more"), "{text}");
}

/// The command line and the report: the exit codes.
#[test]
fn exit_codes_of_each_kind() {
    let program = "node S { n: Int }\ninvariant i { for s: S require 10 / s.n > 1.0 }\n";
    let one = |n: &str| format!(r#"{{"nodes": [{{"id": "a", "kind": "S", "n": {n}}}], "edges": []}}"#);
    let f = folder(
        "exits",
        &[
            ("p.dbm", program),
            ("wrong.dbm", "node S {"),
            ("good.json", &one("1")),
            ("bad.json", &one("10")),
            ("fault.json", &one("0")),
            ("misfit.json", &one("\"x\"")),
            ("broken.json", "{"),
        ],
    );
    let exit = |args: &[&str]| dbm(&f, &strings(&[&["check"], args].concat()), None).code;
    assert_eq!(exit(&["p.dbm", "good.json"]), 0);
    assert_eq!(exit(&["p.dbm", "bad.json"]), 1);
    assert_eq!(exit(&["p.dbm", "fault.json"]), 1);
    assert_eq!(exit(&["p.dbm", "good.json", "--param", "x=1"]), 2);
    assert_eq!(exit(&["p.dbm", "nowhere.json"]), 2);
    assert_eq!(exit(&["wrong.dbm", "good.json"]), 3);
    assert_eq!(exit(&["p.dbm", "misfit.json"]), 4);
    assert_eq!(exit(&["p.dbm", "broken.json"]), 4);
    assert_eq!(exit(&["p.dbm", "good.json", "bad.json"]), 1);
    assert_eq!(exit(&["p.dbm", "bad.json", "misfit.json"]), 4);
}

/// Worlds: "a value names an element in every world", and reading an attribute of one that is not there is a fault: it is not made absent, which
/// `sum` and `avg` would pass over.
#[test]
fn what_is_named_by_something_that_stays_is_not_absent() {
    let program = |attrs: &str, given: &str, edits: &str, read: &str| {
        format!(
            "node Team {{ size: Int }}\nnode Secret {{ {attrs} }}\nrule all(n: Int) if n == sum(t.size for t: Team)\n\
             test \"t\" {{\n  given {{ Team red {{ size: 9 }}  Team blue {{ size: 1 }}  Secret s {{ {given} }} }}\n  {edits}\n  expect all(1)\n  \
             expect count(s: Secret) == 0 or {read} <= 1\n}}\n"
        )
    };
    let one = "sum(s.team.size for s: Secret)";
    let cases = [
        ("team: Team", "team: red", "do remove red", one, false),
        ("team: Team?", "team: red", "do remove red", "sum(s.team.size for s: Secret where s.team != none)", false),
        ("teams: [Team]", "teams: [blue, red]", "do remove red", "sum(t.size for s: Secret, t in s.teams)", false),
        ("team: Team", "team: red", "do remove red\n  do remove s", one, true),
        ("team: Team", "team: red", "do remove red\n  do set s.team = blue", one, true),
        ("team: Team", "team: blue", "do remove red", one, true),
    ];
    for (i, (attrs, given, edits, read, fine)) in cases.iter().enumerate() {
        let f = folder(&format!("named-{i}"), &[("p.dbm", &program(attrs, given, edits, read))]);
        let said = dbm(&f, &strings(&["test", "p.dbm"]), None);
        assert_eq!(said.code == 0, *fine, "{attrs} {edits}: {}\n{}", said.code, said.text);
        assert!(*fine || said.text.contains("Team(\"red\") does not exist here"), "{}", said.text);
    }
}

/// Worlds: "two values for one attribute, anything set on or added to what another edit removes, or `add` of a node that exists".
#[test]
fn edits_that_contradict_each_other() {
    let declarations = "node S { n: Int = 1 }\nedge e: S -> S\n";
    let edits =
        ["do set a.n = 2\ndo set a.n = 3", "do set a.n = 2\ndo remove a", "do add a -e-> b\ndo remove b", "do add S(\"a\")"];
    for (i, edit) in edits.iter().enumerate() {
        let program = format!("{declarations}test \"t\" {{\ngiven {{ S a, b }}\n{edit}\nexpect true\n}}\n");
        let f = folder(&format!("conflict-{i}"), &[("p.dbm", &program)]);
        let said = dbm(&f, &strings(&["test", "p.dbm"]), None);
        assert!(said.code == 1 || said.code == 3, "{edit}: {}\n{}", said.code, said.text);
    }
}
