//! 130 workflows that other people made: dbm and a few lines of independent code agree on which steps no trigger reaches.
//! The files are not part of the project; without them the tests say so and pass.
use super::docs::root;
use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn workflows() -> Vec<(String, Vec<u8>)> {
    let folder = root().join("../shared/data/n8n");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no ../shared/data/n8n");
        return vec![];
    };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "json")).collect();
    paths.sort();
    paths.iter().map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap())).collect()
}

/// A workflow as the rules of the language page see it, with nothing of dbm's.
struct Workflow {
    /// Whether a step is a trigger, and whether it is disabled. The last of several with one name.
    steps: BTreeMap<String, (bool, bool)>,
    names: usize,
    links: Vec<(String, String, String)>,
}

fn trigger(kind: &str) -> bool {
    let ends = [".webhook", ".cron", ".interval", ".start", ".emailReadImap"];
    kind.contains("Trigger") || kind.contains("trigger") || ends.iter().any(|e| kind.ends_with(e))
}

fn workflow(text: &[u8]) -> Workflow {
    let doc: Value = serde_json::from_slice(text).unwrap();
    let kind = |n: &Value| n["type"].as_str().unwrap().to_string();
    let name = |n: &Value| n["name"].as_str().unwrap().to_string();
    let nodes: Vec<&Value> = doc["nodes"].as_array().unwrap().iter().filter(|n| !kind(n).ends_with(".stickyNote")).collect();
    let steps = nodes.iter().map(|n| (name(n), (trigger(&kind(n)), n["disabled"].as_bool().unwrap_or(false)))).collect();
    let mut links = vec![];
    for (from, ports) in doc["connections"].as_object().unwrap() {
        for (port, slots) in ports.as_object().unwrap() {
            for to in slots.as_array().unwrap().iter().filter_map(Value::as_array).flatten() {
                links.push((from.clone(), port.clone(), to["node"].as_str().unwrap().to_string()));
            }
        }
    }
    Workflow { steps, names: nodes.len(), links }
}

/// The steps that are not disabled and that no trigger reaches.
fn lost(w: &Workflow) -> BTreeSet<String> {
    let mut live: BTreeSet<&str> = w.steps.iter().filter(|(_, s)| s.0).map(|(n, _)| n.as_str()).collect();
    loop {
        let before = live.len();
        for (from, port, to) in &w.links {
            if live.contains(from.as_str()) {
                live.insert(to);
            }
            if port.starts_with("ai_") && live.contains(to.as_str()) {
                live.insert(from);
            }
        }
        if live.len() == before {
            break;
        }
    }
    w.steps.iter().filter(|(n, s)| !s.1 && !live.contains(n.as_str())).map(|(n, _)| n.clone()).collect()
}

fn compiled(name: &str, text: &str) -> Program {
    match Program::compile(name, text, &NoFiles, &CompileOptions::default()) {
        Ok(p) => p,
        Err(e) => panic!("{e}"),
    }
}

/// What dbm finds in each workflow: the steps, or that it does not conform.
fn found(program: &Program, files: &[(String, Vec<u8>)]) -> Vec<Result<(BTreeSet<String>, u64), Vec<String>>> {
    let one = |(name, text): &(String, Vec<u8>)| {
        let run = program.check(&[Input::new(name, text).with_reader("n8n")], &RunOptions::default());
        let c = &run.report.candidates[0];
        match c.demands.iter().find(|d| d.name == "reachable") {
            Some(d) => {
                let steps = d.violations.iter().map(|v| v.binding[0].1.as_str().unwrap());
                let names =
                    steps.map(|s| serde_json::from_str(s.strip_prefix("Step(").unwrap().strip_suffix(')').unwrap()).unwrap());
                Ok((names.collect(), d.violation_count))
            }
            None => Err(c.diagnostics.iter().map(|d| d.code.to_string()).collect()),
        }
    };
    files.iter().map(one).collect()
}

#[test]
fn dbm_and_independent_code_agree_on_what_no_trigger_reaches() {
    let files = workflows();
    if files.is_empty() {
        return;
    }
    let page = std::fs::read_to_string(root().join("tests/suite/page/02.dbm")).unwrap();
    let (mut steps, mut broken) = (0, 0);
    for ((name, text), found) in files.iter().zip(found(&compiled("page.dbm", &page), &files)) {
        let wanted = lost(&workflow(text));
        assert_eq!(found, Ok((wanted.clone(), wanted.len() as u64)), "{name}");
        steps += wanted.len();
        broken += usize::from(!wanted.is_empty());
    }
    assert_eq!((files.len(), broken, steps), (130, 11, 48));
}

#[test]
fn every_workflow_conforms_and_the_independent_code_knows_why() {
    let files = workflows();
    if files.is_empty() {
        return;
    }
    let all: Vec<Workflow> = files.iter().map(|f| workflow(&f.1)).collect();
    let dangling =
        all.iter().filter(|w| w.links.iter().any(|(a, _, b)| !w.steps.contains_key(a) || !w.steps.contains_key(b))).count();
    let twice = all.iter().filter(|w| w.names != w.steps.len()).count();
    let no_trigger = all.iter().filter(|w| !w.steps.values().any(|s| s.0)).count();
    assert_eq!((all.len(), dangling, twice, no_trigger), (130, 0, 0, 2));
}

#[test]
fn the_findings_that_were_checked_by_hand_are_still_found() {
    let files = workflows();
    if files.is_empty() {
        return;
    }
    let page = std::fs::read_to_string(root().join("tests/suite/page/02.dbm")).unwrap();
    let found = found(&compiled("page.dbm", &page), &files);
    // read by eye in the exported JSON, with what was seen there
    let checked = [
        ("0090", "Get Likers"),               // goes on to Dropcontact; no connection comes to it
        ("0262", "NextCloud"),                // begins a branch; only Typeform Trigger starts, and it goes to Merge
        ("0262", "Spreadsheet File"),         // comes from NextCloud alone
        ("0352", "Read Binary File"),         // three steps in a row, and no trigger in the file
        ("0457", "Encrypt email"),            // stands alone, as an example beside the workflow
        ("1229", "Wise3"),                    // the last of four steps in a row, and no trigger in the file
        ("1813", "Generate Interview Times"), // left over: no connection comes or goes
        ("1834", "Table: Tools"),             // goes to itself and to Table: Attributes; nothing else comes
        ("2043", "AI Agent"),                 // the chat trigger goes to Basic LLM Chain2 only
        ("2043", "DeepSeek"),                 // the model of that agent, by an ai_ port: it falls with it
    ];
    for (file, step) in checked {
        let i = files.iter().position(|f| f.0.starts_with(file)).unwrap();
        assert!(found[i].as_ref().is_ok_and(|(steps, _)| steps.contains(step)), "{file}: {step}");
    }
}
