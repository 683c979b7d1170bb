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
    for args in
        [&[][..], &["chek"], &["check"], &["check", "rules.dbm", "--param", "x"], &["check", "rules.dbm", "--time-limit", "7"]]
    {
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

#[test]
fn exit_codes_say_how_it_ended() {
    let f = services("exits");
    std::fs::write(f.join("wrong.dbm"), "node A\ninvariant i { never x: B }\n").unwrap();
    std::fs::write(f.join("alien.json"), r#"{"nodes": [{"id": "a", "kind": "Alien"}], "edges": []}"#).unwrap();
    let exits: &[(&[&str], i32)] = &[
        (&["rules.dbm"], 0),
        (&["rules.dbm", "good.json"], 0),
        (&["rules.dbm", "bad.json"], 1),
        (&["rules.dbm", "good.json", "bad.json"], 1),
        (&["rules.dbm", "bad.json", "--only", "few"], 0),
        (&["rules.dbm", "good.json", "--param", "most=1"], 0),
        (&["rules.dbm", "good.json", "--param", "most=1", "--deny", "warnings"], 1),
        (&["rules.dbm", "good.json", "--param", "most=many"], 2),
        (&["rules.dbm", "good.json", "--param", "least=1"], 2),
        (&["rules.dbm", "good.json", "--only", "acylic"], 2),
        (&["rules.dbm", "good.json", "--reader", "n8m"], 2),
        (&["wrong.dbm"], 3),
        (&["wrong.dbm", "good.json"], 3),
        (&["rules.dbm", "alien.json"], 4),
        (&["rules.dbm", "good.json", "alien.json", "bad.json"], 4),
    ];
    for (args, want) in exits {
        let mut all = vec!["check"];
        all.extend(*args);
        let o = dbm(&f, &all);
        assert_eq!(code(&o), *want, "{args:?}\n{}{}", err(&o), out(&o));
        all.extend(["--format", "json"]);
        let o = dbm(&f, &all);
        assert_eq!(code(&o), *want, "{args:?} as JSON");
        let report: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
        let schema: serde_json::Value = serde_json::from_str(dbm::report::schema::REPORT).unwrap();
        let errors: Vec<String> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{args:?}: {errors:?}");
    }
}

#[test]
fn results_are_on_stdout_and_diagnostics_on_stderr() {
    let f = services("streams");
    let o = dbm(&f, &["check", "rules.dbm", "bad.json"]);
    assert_eq!(err(&o), "");
    assert!(out(&o).contains("a depends on itself") && out(&o).contains("bad.json:2:"), "{}", out(&o));
    std::fs::write(f.join("empty.json"), r#"{"nodes": [], "edges": []}"#).unwrap();
    let o = dbm(&f, &["check", "rules.dbm", "empty.json"]);
    assert!(
        err(&o).contains("[DBM0620]") && err(&o).contains("rules.dbm:4:") && out(&o).contains("vacuous"),
        "{}{}",
        err(&o),
        out(&o)
    );
}

#[test]
fn standard_input_stands_for_a_candidate_or_the_program() {
    use std::io::Write;
    let f = services("stdin");
    for (args, text, want) in [(["check", "rules.dbm", "-"], BAD, 1), (["check", "-", "good.json"], PROGRAM, 0)] {
        let mut child = command(&f, &args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let o = child.wait_with_output().unwrap();
        assert_eq!(code(&o), want, "{}{}", err(&o), out(&o));
    }
}

#[test]
fn the_count_is_exact_where_the_list_is_cut() {
    let nodes: Vec<String> = (0..50).map(|n| format!(r#"{{"id": "s{n}", "kind": "Service", "tier": 1}}"#)).collect();
    let edges: Vec<String> = (0..50).map(|n| format!(r#"{{"kind": "calls", "from": "s{n}", "to": "s{n}"}}"#)).collect();
    let f = services("cut");
    std::fs::write(f.join("many.json"), format!(r#"{{"nodes": [{}], "edges": [{}]}}"#, nodes.join(","), edges.join(",")))
        .unwrap();
    let o = dbm(&f, &["check", "rules.dbm", "many.json", "--format", "json", "--max-violations", "7"]);
    let report: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    let acyclic = &report["candidates"][0]["demands"][0];
    assert_eq!((&acyclic["violation_count"], acyclic["violations"].as_array().unwrap().len()), (&50.into(), 7));
    let o = dbm(&f, &["check", "rules.dbm", "many.json"]);
    assert!(out(&o).contains("and 40 more") && out(&o).contains("51 violations of 2 demands"), "{}", out(&o));
}

#[test]
fn the_order_of_a_candidate_shows_in_places_only() {
    let turned = r#"{"edges": [{"to": "b", "from": "a", "kind": "calls"}],
 "nodes": [{"tier": 1, "kind": "Service", "id": "b"}, {"kind": "Service", "id": "a", "tier": 1}]}"#;
    let f = services("order");
    std::fs::write(f.join("turned.json"), turned).unwrap();
    let strip = |name: &str| {
        let o = dbm(&f, &["check", "rules.dbm", name, "--param", "most=1", "--format", "json"]);
        let mut report: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
        report["candidates"][0]["candidate"] = "x".into();
        for d in report["candidates"][0]["demands"].as_array_mut().unwrap() {
            for v in d["violations"].as_array_mut().unwrap() {
                v["candidate"] = serde_json::json!([]);
                v["witness"] = serde_json::json!([]);
            }
        }
        report
    };
    assert_eq!(strip("good.json"), strip("turned.json"));
}

#[test]
fn a_query_prints_a_table_json_or_csv() {
    let f = services("query");
    let ask = |formula: &str, format: &str| dbm(&f, &["query", "rules.dbm", "good.json", formula, "--format", format]);
    assert_eq!(
        out(&ask("a -calls-> b", "table")),
        "a             b\n────────────  ────────────\nService(\"a\")  Service(\"b\")\n1 binding\n"
    );
    assert_eq!(out(&ask("a -calls-> b", "csv")), "a,b\r\n\"Service(\"\"a\"\")\",\"Service(\"\"b\"\")\"\r\n");
    let json: serde_json::Value = serde_json::from_str(&out(&ask("x is Service and n == x.tier", "json"))).unwrap();
    assert_eq!(json, serde_json::json!({"columns": ["x", "n"], "rows": [["Service(\"a\")", 1], ["Service(\"b\")", 1]]}));
    assert_eq!(out(&ask("no s: Service where s.tier > 1", "table")), "true\n");
    let o = ask("x -cals-> y", "table");
    assert_eq!(code(&o), 3);
    assert!(err(&o).contains("did you mean `calls`?"), "{}", err(&o));
}

#[test]
fn every_stage_can_be_printed() {
    let f = services("dump");
    for (stage, part) in [("tokens", "acyclic"), ("ast", "acyclic"), ("hir", "acyclic"), ("strata", ""), ("plan", "acyclic")] {
        let o = dbm(&f, &["dump", "--stage", stage, "rules.dbm"]);
        assert_eq!(code(&o), 0, "{stage}: {}", err(&o));
        assert!(out(&o).contains(part), "{stage}: {}", out(&o));
    }
}

#[test]
fn the_schema_of_candidates_admits_what_the_door_admits() {
    let f = services("schema-candidate");
    let o = dbm(&f, &["schema", "candidate", "rules.dbm"]);
    let schema: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert!(validator.is_valid(&json(GOOD)) && validator.is_valid(&json(BAD)));
    for wrong in [
        r#"{"nodes": [{"id": "a", "kind": "Service"}]}"#,
        r#"{"nodes": [{"id": "a", "kind": "Sevice", "tier": 1}]}"#,
        r#"{"links": []}"#,
    ] {
        assert!(!validator.is_valid(&json(wrong)), "{wrong}");
    }
}

#[test]
fn declarations_are_inferred_and_fit() {
    let f = services("infer");
    let o = dbm(&f, &["schema", "infer", "good.json"]);
    assert_eq!(code(&o), 0);
    std::fs::write(f.join("inferred.dbm"), out(&o)).unwrap();
    assert_eq!(code(&dbm(&f, &["check", "inferred.dbm", "good.json"])), 0, "{}", out(&o));
    std::fs::write(f.join("bare.dbm"), "invariant acyclic { never x -calls+-> x }\n").unwrap();
    assert_eq!(code(&dbm(&f, &["check", "bare.dbm"])), 0);
    assert_eq!(code(&dbm(&f, &["check", "bare.dbm", "good.json"])), 0);
    assert_eq!(code(&dbm(&f, &["check", "bare.dbm", "bad.json"])), 1);
}

#[test]
fn a_reader_of_the_standard_library_brings_its_kinds_to_a_program_without() {
    let workflow = r#"{"nodes": [{"name": "a", "type": "x.webhook"}, {"name": "b", "type": "x.set"}], "connections": {}}"#;
    let f = folder(
        "std-reader",
        &[("rules.dbm", "invariant led { for s: Step require s.trigger or _ -next-> s }\n"), ("w.json", workflow)],
    );
    let o = dbm(&f, &["check", "rules.dbm", "w.json", "--reader", "n8n"]);
    assert_eq!(code(&o), 1, "{}{}", err(&o), out(&o));
    assert!(out(&o).contains("Step(\"b\")"), "{}", out(&o));
}

#[test]
fn tests_run_and_recorded_runs_are_compared() {
    let test = "test \"a circle\" { given { Service a { tier: 1 }  a -calls-> a }  expect breaks acyclic }\n";
    let f = services("recorded");
    std::fs::write(f.join("rules.dbm"), format!("{PROGRAM}{test}")).unwrap();
    let o = dbm(&f, &["test"]);
    assert_eq!(code(&o), 0, "{}{}", err(&o), out(&o));
    assert!(out(&o).contains("✓ a circle") && out(&o).ends_with("1 test passed\n"), "{}", out(&o));
    assert_eq!(code(&dbm(&f, &["test", "--update"])), 0);
    assert!(f.join("rules.bad.json.snap").exists() && f.join("rules.good.json.snap").exists());
    let o = dbm(&f, &["test"]);
    assert!(code(&o) == 0 && out(&o).contains("2 recorded runs as before"), "{}", out(&o));
    std::fs::write(f.join("good.json"), BAD).unwrap();
    let o = dbm(&f, &["test"]);
    assert_eq!(code(&o), 1);
    assert!(out(&o).contains("≠ rules.good.json.snap") && out(&o).contains("      + good.json: violated"), "{}", out(&o));
    assert_eq!(code(&dbm(&f, &["test", "--update"])), 0);
    assert_eq!(code(&dbm(&f, &["test"])), 0);
    let failing = test.replace("breaks", "holds");
    std::fs::write(f.join("rules.dbm"), format!("{PROGRAM}{failing}")).unwrap();
    let o = dbm(&f, &["test", "rules.dbm"]);
    assert!(code(&o) == 1 && out(&o).contains("✗ a circle"), "{}", out(&o));
    let o = dbm(&f, &["test", "rules.dbm", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!(report["programs"][0]["tests"][0]["verdict"], "failed");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let f = services("pipe");
    let mut child =
        command(&f, &["check", "rules.dbm", "bad.json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let o = child.wait_with_output().unwrap();
    assert_eq!((code(&o), err(&o).as_str()), (1, ""));
}

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let o = command(&services("full"), &["check", "rules.dbm", "good.json"]).stdout(full).output().unwrap();
    assert_eq!(code(&o), 2);
    assert!(err(&o).contains("cannot be written"), "{}", err(&o));
}

#[test]
fn a_candidate_without_a_document_is_refused_in_every_format() {
    let files = [("c.json", ""), ("c.jsonl", "\n\n"), ("c.yaml", ""), ("d.yaml", "# nothing\n"), ("e.yaml", "---\n")];
    let f = folder("empty", &[&files[..], &[("rules.dbm", "node S\ninvariant few { require count(s: S) <= 3 }")]].concat());
    for (name, _) in files {
        let o = dbm(&f, &["check", "rules.dbm", name]);
        assert_eq!(code(&o), 4, "{name}: {}", out(&o));
    }
}

#[test]
fn a_program_without_declarations_may_ask_what_one_candidate_lacks() {
    let nodes = r#"{"nodes": [{"id": "a", "kind": "Web", "o": null}, {"id": "b", "kind": "Db"}, {"id": "c", "kind": "Web"}],"#;
    let candidate = format!("{nodes} \"edges\": [{{\"kind\": \"calls\", \"from\": \"a\", \"to\": \"b\"}}]}}");
    let f = folder("undeclared", &[("rules.dbm", "invariant a { never x -calls+-> x }"), ("c.json", &candidate)]);
    let o = dbm(&f, &["check", "rules.dbm", "c.json"]);
    assert_eq!(code(&o), 0, "{}{}", out(&o), err(&o));
}

#[test]
fn walks_are_cut_where_there_are_too_many() {
    let n = 2_000;
    let nodes: Vec<String> = (0..n).map(|i| format!(r#"{{"id": "{i}", "kind": "T"}}"#)).collect();
    let edges: Vec<String> = (0..n).map(|i| format!(r#"{{"kind": "after", "from": "{i}", "to": "{}"}}"#, (i + 1) % n)).collect();
    let ring = format!(r#"{{"nodes": [{}], "edges": [{}]}}"#, nodes.join(",\n"), edges.join(",\n"));
    let program = "node T\nedge after: T -> T\ninvariant a { never x -after+-> x }";
    let f = folder("ring", &[("rules.dbm", program), ("ring.json", &ring)]);
    let o = dbm(&f, &["check", "rules.dbm", "ring.json", "--format", "json"]);
    assert_eq!(code(&o), 1);
    assert!(out(&o).contains(r#""violation_count": 2000"#) && o.stdout.len() < 30_000_000, "{}", o.stdout.len());
}

#[test]
fn reasons_are_there_as_text_and_json() {
    let f = services("why");
    let o = dbm(&f, &["why", "rules.dbm", "bad.json", "Service(\"a\") -calls+-> Service(\"a\")"]);
    let want = "Service(\"a\") -calls-> Service(\"a\")  bad.json:2:12\n";
    assert_eq!((code(&o), out(&o).as_str()), (0, want));
    let o = dbm(&f, &["why-not", "rules.dbm", "good.json", "x -calls-> Service(\"a\")", "--format", "json"]);
    assert_eq!(code(&o), 0);
    assert!(out(&o).contains("\"holds\": false") && out(&o).contains("not met: x -calls-> Service"), "{}", out(&o));
    assert_eq!(code(&dbm(&f, &["why", "rules.dbm", "good.json", "x -calls-> x"])), 1);
    assert_eq!(code(&dbm(&f, &["why", "rules.dbm", "good.json", "x -cals-> x"])), 3);
}

const MESSY: &str = "node Service{tier:Int}   // one\r\nedge calls:Service->Service\ninvariant acyclic {never x-calls+->x}\n";
const TIDY: &str = "\
node Service { tier: Int }  // one

edge calls: Service -> Service

invariant acyclic { never x -calls+-> x }
";

#[test]
fn programs_are_formatted_in_place_and_only_if_they_change() {
    let f = folder("fmt", &[("messy.dbm", MESSY), ("tidy.dbm", TIDY)]);
    std::fs::create_dir_all(f.join("below/target")).unwrap();
    std::fs::create_dir_all(f.join("below/deeper")).unwrap();
    std::fs::write(f.join("below/deeper/messy.dbm"), MESSY).unwrap();
    std::fs::write(f.join("below/target/messy.dbm"), MESSY).unwrap();
    std::fs::write(f.join("below/messy.txt"), MESSY).unwrap();
    let text = |name: &str| std::fs::read_to_string(f.join(name)).unwrap();
    let o = dbm(&f, &["fmt", "--check", "tidy.dbm", "below", "messy.dbm"]);
    assert_eq!((code(&o), out(&o).as_str(), err(&o).as_str()), (1, "below/deeper/messy.dbm\nmessy.dbm\n", ""));
    assert_eq!(text("messy.dbm"), MESSY);
    let before = std::fs::metadata(f.join("tidy.dbm")).unwrap().modified().unwrap();
    let o = dbm(&f, &["fmt", "."]);
    assert_eq!((code(&o), out(&o).as_str(), err(&o).as_str()), (0, "", ""));
    assert_eq!((text("messy.dbm"), text("below/deeper/messy.dbm")), (TIDY.to_string(), TIDY.to_string()));
    assert_eq!((text("below/target/messy.dbm"), text("below/messy.txt")), (MESSY.to_string(), MESSY.to_string()));
    assert_eq!(std::fs::metadata(f.join("tidy.dbm")).unwrap().modified().unwrap(), before);
    let left = std::fs::read_dir(&f).unwrap().count();
    assert_eq!(left, 3, "a temporary file is left");
    assert_eq!(code(&dbm(&f, &["fmt", "--check", "."])), 0);
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    use std::io::Write;
    let f = folder("fmt-stdin", &[]);
    for (args, text, want) in [
        (&["fmt", "-"][..], MESSY, (0, TIDY)),
        (&["fmt", "-", "--check"], MESSY, (1, "-\n")),
        (&["fmt", "-", "--check"], TIDY, (0, "")),
        (&["fmt", "-"], "", (0, "")),
    ] {
        let mut child = command(&f, args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let o = child.wait_with_output().unwrap();
        assert_eq!((code(&o), out(&o).as_str()), want, "{args:?} {}", err(&o));
    }
}

#[test]
fn what_does_not_parse_is_left_alone() {
    let wrong = "node Service{\nrule a(x: Service)   if x.tier = 1\n";
    let f = folder("fmt-wrong", &[("a.dbm", MESSY), ("b.dbm", wrong), ("c.dbm", MESSY)]);
    let o = dbm(&f, &["fmt", "."]);
    assert_eq!((code(&o), out(&o).as_str()), (3, ""));
    assert!(err(&o).contains("[DBM0102]") && err(&o).contains("b.dbm:1:"), "{}", err(&o));
    assert_eq!(std::fs::read_to_string(f.join("b.dbm")).unwrap(), wrong);
    assert_eq!(std::fs::read_to_string(f.join("c.dbm")).unwrap(), TIDY);
    // names and types are not its matter
    std::fs::write(f.join("b.dbm"), "rule a(x:Nothing) if   b(x)\n").unwrap();
    assert_eq!(code(&dbm(&f, &["fmt", "b.dbm"])), 0);
    for args in [&["fmt"][..], &["fmt", "none.dbm"], &["fmt", "-", "-"]] {
        assert_eq!(code(&dbm(&f, args)), 2, "{args:?}");
    }
}

#[test]
fn a_new_folder_checks_and_its_tests_pass() {
    let f = folder("new", &[]);
    let o = dbm(&f, &["new", "plans"]);
    assert_eq!(code(&o), 0, "{}", err(&o));
    let f = f.join("plans");
    let o = dbm(&f, &["check", "rules.dbm", "plan.json"]);
    assert_eq!(code(&o), 1);
    assert!(out(&o).contains("Task(\"ship\")") && out(&o).contains("ends on day 13"), "{}", out(&o));
    assert_eq!(code(&dbm(&f, &["test"])), 0);
    assert_eq!(code(&dbm(&f, &["why", "rules.dbm", "plan.json", "late(t)"])), 0);
    assert_eq!(code(&dbm(&f, &["fmt", "--check", "rules.dbm"])), 0);
    let again = dbm(f.parent().unwrap(), &["new", "plans"]);
    assert_eq!(code(&again), 2);
    assert!(err(&again).contains("cannot be made"), "{}", err(&again));
}
