//! The wall: what newcomers write, and what they are told. Each program of `tests/wall` is a mistake (with a candidate beside it where the
//! mistake is there); what is drawn is a snapshot, and the first suggestions, applied one after another, lead to a program that passes.
use crate::errors::{Example, apply, diagnostics, folder, printed, unmended};
use serde_json::Value;
use std::path::Path;

/// The programs of the wall, by name.
fn wall() -> Vec<(String, Example)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wall");
    let mut names: Vec<String> = std::fs::read_dir(&root)
        .unwrap()
        .filter_map(|e| e.unwrap().file_name().into_string().unwrap().strip_suffix(".dbm").map(str::to_string))
        .collect();
    names.sort();
    let example = |name: &String| {
        let mut call = vec!["check".to_string(), "program.dbm".into()];
        let candidate = std::fs::read_to_string(root.join(format!("{name}.json"))).ok();
        if candidate.is_some() {
            call.push("candidate.json".into());
        }
        let program = std::fs::read_to_string(root.join(format!("{name}.dbm"))).unwrap();
        // a program with a reader is one about its candidate
        if let Some(name) = program.split("\nreader ").nth(1).and_then(|r| r.split_whitespace().next()) {
            call.extend(["--reader".to_string(), name.to_string()]);
        }
        Example { program: Some(program), candidate, files: vec![], calls: vec![call] }
    };
    names.iter().map(|n| (n.clone(), example(n))).collect()
}

fn errors(folder: &Path, call: &[String]) -> Vec<Value> {
    diagnostics(folder, call).into_iter().filter(|d| d["severity"] == "error").collect()
}

/// Applies the first suggestion of the first error that has one, as long as there is one. What is left of the errors.
fn mend(folder: &Path, call: &[String]) -> Vec<Value> {
    for _ in 0..40 {
        let left = errors(folder, call);
        let first = left.iter().find_map(|d| d["suggestions"].as_array().and_then(|s| s.first()));
        match first {
            Some(s) => apply(folder, s["edits"].as_array().unwrap()),
            None => return left,
        }
    }
    errors(folder, call)
}

#[test]
fn what_a_newcomer_is_told_is_what_was_told() {
    let all = wall();
    assert!(all.len() >= 30);
    for (name, example) in &all {
        let place = folder(&format!("wall-{name}"), example);
        let text = printed(&place, &example.calls, &["--color", "never"]);
        let call = &example.calls[0];
        let offered = errors(&place, call).iter().any(|d| d["suggestions"].as_array().is_some_and(|s| !s.is_empty()));
        let left = mend(&place, call);
        let source = [&example.program, &example.candidate].into_iter().flatten().cloned().collect::<Vec<_>>().join("---\n");
        let mended = match offered {
            true => format!("=== with its suggestions applied\n{}", std::fs::read_to_string(place.join("program.dbm")).unwrap()),
            false => String::new(),
        };
        let left: Vec<String> =
            left.iter().map(|d| format!("still wrong: {}\n", d["message"].as_str().unwrap_or_default())).collect();
        insta::with_settings!({ snapshot_path => "../snapshots/wall", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.clone(), format!("{source}===\n{text}{mended}{}", left.concat()));
        });
    }
}

#[test]
fn each_suggestion_mends_what_it_is_about() {
    let mut bad = vec![];
    for (name, example) in wall() {
        let call = &example.calls[0];
        let codes: Vec<String> = errors(&folder(&format!("wall-{name}-codes"), &example), call)
            .iter()
            .filter_map(|d| d["code"].as_str().map(str::to_string))
            .collect();
        bad.extend(unmended(&format!("wall-{name}"), &example, call, &codes));
    }
    assert!(bad.is_empty(), "suggestions that do not mend:\n{}", bad.join("\n"));
}
