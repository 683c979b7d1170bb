//! What somebody meets in a first hour: the wrong call, the test that fails, the answer that is not known, the words of other shells.
use super::cli::folder;
use super::docs::dbm;
use std::path::Path;

fn said(folder: &Path, args: &[&str]) -> (i32, String) {
    let args: Vec<String> = args.iter().map(|a| a.to_string()).collect();
    let said = dbm(folder, &args, None);
    (said.code, said.text)
}

const HOSTS: &str = "\
node Host { zone: Text, size: Int = 1 }
edge on: Host -> Host
rule far(a: Host, b: Host) if a -on+-> b
rule alone(a: Host) if a is Host and not a -on-> _
invariant placed { never h: Host where h.zone == \"\" }
invariant small { for h: Host require h.size < 9 }
";
const TWO: &str = r#"{"nodes": [{"id": "a", "kind": "Host", "zone": "x", "size": 0}, {"id": "b", "kind": "Host", "zone": "y"}],
 "edges": [{"kind": "on", "from": "a", "to": "b"}]}"#;

#[test]
fn a_warning_is_allowed_in_a_file_with_other_line_ends() {
    let program = "node Host\r\nedge on: Host -> Host\r\nrule r(a: Host) if a -on-> b // allow DBM0801\r\n";
    let f = folder("hour-crlf", &[("p.dbm", program)]);
    let (code, text) = said(&f, &["check", "p.dbm", "--deny", "warnings"]);
    assert!(code == 0 && !text.contains("DBM08"), "{text}");
}

#[test]
fn a_filter_that_fits_no_test_is_a_wrong_call() {
    let tests = format!("{HOSTS}test \"two hosts\" {{ given {{ Host a {{ zone: \"x\" }} }} expect count(h: Host) == 1 }}\n");
    let f = folder("hour-filter", &[("p.dbm", &tests), ("q.dbm", "node A\n")]);
    let (code, text) = said(&f, &["test", "p.dbm", "--filter", "two hots"]);
    assert!(code == 2 && text.contains("[DBM0709]") && text.contains("did you mean `two hosts`?"), "{text}");
    assert!(said(&f, &["test", "p.dbm", "--filter", "Two"]).1.contains("upper and lower case count"));
    assert!(said(&f, &["test", "q.dbm", "--filter", "x"]).1.contains("has no tests"));
    assert_eq!(said(&f, &["test", "p.dbm", "--filter", "two"]).0, 0);
    // it is enough if another program has one
    assert_eq!(said(&f, &["test", ".", "--filter", "two"]).0, 0);
    let (code, text) = said(&f, &["repl", "p.dbm", "--eval", ":test three"]);
    assert!(code == 2 && text.contains("[DBM0709]"), "{text}");
}

#[test]
fn an_answer_that_a_fault_hides_is_unknown_in_every_format() {
    let program = format!("{HOSTS}rule large(h: Host) if 10 / h.size > 20\n");
    let f = folder("hour-unknown", &[("p.dbm", &program), ("c.json", TWO)]);
    let ask = |more: &[&str]| said(&f, &[&["query", "p.dbm", "c.json", "large(h)"], more].concat());
    let (code, text) = ask(&[]);
    assert!(code == 1 && text.contains("0 bindings\nwhether there are any is unknown: "), "{text}");
    let (_, text) = ask(&["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(text.split_at(text.find("{\n").unwrap()).1).unwrap();
    assert_eq!((&json["rows"], &json["unknown"]), (&serde_json::json!([]), &true.into()));
    assert!(!said(&f, &["query", "p.dbm", "c.json", "far(x, y)", "--format", "json"]).1.contains("unknown"));
    assert!(said(&f, &["query", "p.dbm", "c.json", "large(Host(\"a\"))"]).1.contains("unknown: `10.0 / 0.0` divides by zero"));
}

#[test]
fn an_expectation_that_is_not_met_says_what_is_there() {
    let given = "given { Host a { zone: \"x\" }, b { zone: \"y\" } a -on-> b }";
    let cases = [
        ("count(h: Host) == 3", "count(h: Host) = 2"),
        ("a.zone == \"y\" and b.zone == \"y\"", "`a.zone == \"y\"` is false: a.zone = \"x\"  p.dbm"),
        ("every h: Host satisfies h.zone == \"x\"", "not for h = Host(\"b\")"),
        ("no h: Host where h.zone == \"y\"", "h = Host(\"b\")"),
        ("at least 3 h: Host", "there are 2"),
        ("not far(a, b)", "`not far(a, b)` is false: far(Host(\"a\"), Host(\"b\"))"),
        ("far(b, a)", "`far(b, a)` is false: not met: a -on+-> b  (a = Host(\"b\"), b = Host(\"a\"))"),
        ("breaks placed and a.size == 2", "`placed` holds; `a.size == 2` is false: a.size = 1"),
        ("a.size > 3 or b.size > 4", "a.size = 1, b.size = 1"),
    ];
    for (formula, wanted) in cases {
        let program = format!("{HOSTS}test \"t\" {{ {given} expect {formula} }}\n");
        let f = folder("hour-expect", &[("p.dbm", &program)]);
        let (code, text) = said(&f, &["test", "p.dbm"]);
        assert!(code == 1 && text.contains(wanted), "{formula}\n{text}");
    }
}

#[test]
fn program_and_candidate_turned_round_are_one_wrong_call() {
    let f = folder("hour-swapped", &[("p.dbm", HOSTS), ("c.json", TWO), ("d", TWO)]);
    for call in [&["check", "c.json", "p.dbm"][..], &["query", "c.json", "p.dbm", "far(x, y)"], &["check", "d", "p.dbm"]] {
        let (code, text) = said(&f, call);
        let candidate = call[1];
        assert!(code == 2 && text.matches("error").count() == 1, "{text}");
        assert!(text.contains(&format!("`{candidate}` is no program")) && text.contains("named first"), "{text}");
    }
    let (code, text) = said(&f, &["check", "p.dbm", "p.dbm"]);
    assert!(code == 2 && text.contains("it is a program, not a candidate"), "{text}");
    assert_eq!(said(&f, &["repl", "c.json", "p.dbm", "--eval", "1"]).0, 2);
}

#[test]
fn what_no_test_tries_is_noted() {
    let tests = "test \"empty zone\" { given { Host a { zone: \"\" } } expect breaks placed }\n";
    let f =
        folder("hour-untried", &[("p.dbm", &format!("{HOSTS}{tests}")), ("c.json", &TWO.replace("\"size\": 0", "\"size\": 10"))]);
    let (code, text) = said(&f, &["test", "p.dbm"]);
    assert!(code == 0 && text.contains("note: no test violates `small`\n"), "{text}");
    assert!(text.contains("note: no test has a fact of `far`\n"), "{text}");
    // a recorded run is an example too
    said(&f, &["test", ".", "--update"]);
    let (code, text) = said(&f, &["test", "."]);
    assert!(code == 0 && text.contains("1 recorded run as before") && !text.contains("no test violates"), "{text}");
    let (_, text) = said(&f, &["test", "p.dbm", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let program = &json["programs"][0];
    assert_eq!((&program["not_violated"], &program["not_derived"]), (&serde_json::json!(["small"]), &serde_json::json!(["far"])));
    // of some tests nothing is said about the others
    assert!(!said(&f, &["test", "p.dbm", "--filter", "empty"]).1.contains("note:"));
}

#[test]
fn a_variable_of_a_never_may_stand_once() {
    let program = format!("{HOSTS}invariant apart {{ never a -on-> b and a.zone == \"x\" }}\n");
    let f = folder("hour-never", &[("p.dbm", &program)]);
    let (code, text) = said(&f, &["check", "p.dbm", "--deny", "warnings"]);
    assert!(code == 0, "{text}");
    let program = format!("{HOSTS}invariant apart {{ never host -on-> other and hosts -on-> other }}\n");
    let f = folder("hour-never-typo", &[("p.dbm", &program)]);
    let (_, text) = said(&f, &["check", "p.dbm"]);
    assert!(text.contains("[DBM0801]") && text.contains("did you mean `host`?") && !text.contains("`_` stands"), "{text}");
}

#[test]
fn dropping_what_is_used_says_what_uses_it() {
    let f = folder("hour-drop", &[("p.dbm", HOSTS)]);
    let (code, text) = said(&f, &["repl", "p.dbm", "--eval", ":drop Host"]);
    assert!(code == 2 && text.matches("[DBM").count() == 1, "{text}");
    assert!(text.contains("nothing was dropped: `Host` is still used") && text.contains("`edge on`"), "{text}");
    assert!(text.contains("`invariant placed`"), "{text}");
}

/// Found by fuzzing.
#[test]
fn a_kind_with_the_name_of_a_type_is_not_inferred() {
    let candidate = r#"{"nodes": [{"id": "b", "kind": "Text", "i": 0}], "edges": []}"#;
    let f = folder("hour-type", &[("c.json", candidate), ("p.dbm", "invariant few { require count(n: Node) < 3 }\n")]);
    for call in [&["schema", "infer", "c.json"][..], &["check", "p.dbm", "c.json"]] {
        let (code, text) = said(&f, call);
        assert!(code == 4 && text.contains("a type of the language has this name") && !text.contains("[DBM0208]"), "{text}");
    }
}

#[test]
fn a_wrong_default_is_told_once() {
    let program = "node A { n: Int = 1 + 1 }\ntest \"t\" { given { A a } expect a.n == 2 }\n";
    let f = folder("hour-default", &[("p.dbm", program)]);
    let (code, text) = said(&f, &["check", "p.dbm"]);
    assert!(code == 3 && text.contains("[DBM0307]") && text.matches("[DBM").count() == 1, "{text}");
}
