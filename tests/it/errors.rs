//! Every code has a page, the page's wrong example leads to the code, its right one does not, what is drawn is a snapshot, and what a
//! diagnostic suggests mends it.
use dbm::report::explain::PAGES;
use dbm::session::codes;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Codes that no example on a page can lead to: broken promises of ours (0199, 0999), a file that is not UTF-8 (0502), limits that only
/// a host sets or a very large program or candidate reaches (0131, 0504, 0524, 0542), and what the checker finds before (0543). Unit tests have these.
const WITHOUT_EXAMPLE: &[u16] = &[131, 199, 502, 504, 524, 542, 543, 617, 999];

/// One example of a page: files, and the calls.
#[derive(Default, Debug)]
pub struct Example {
    pub program: Option<String>,
    pub candidate: Option<String>,
    /// Other files, by name (`file shared.dbm` behind the fence's language).
    pub files: Vec<(String, String)>,
    pub calls: Vec<Vec<String>>,
}

/// A page's sections: what stands between `## Wrong` and the next heading, and so on.
fn example(page: &str, section: &str) -> Option<Example> {
    let (_, rest) = page.split_once(&format!("\n## {section}\n"))?;
    let rest = rest.split("\n## ").next().unwrap_or_default();
    let mut found = Example::default();
    let mut lines = rest.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        let text = body.join("\n") + "\n";
        match info.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["dbm"] => found.program = Some(text),
            ["json"] => found.candidate = Some(text),
            [_, "file", name] => found.files.push((name.to_string(), text)),
            ["console"] => {
                let calls = body.iter().filter_map(|l| l.strip_prefix("$ dbm "));
                found.calls.extend(calls.map(words));
            }
            other => panic!("a block of kind {other:?} in a page"),
        }
    }
    if found.calls.is_empty() {
        let mut call = vec!["check".to_string(), "program.dbm".into()];
        if found.candidate.is_some() {
            call.push("candidate.json".into());
        }
        found.calls.push(call);
    }
    Some(found)
}

/// The words of a command, with single quotes.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![];
    for (i, part) in line.split('\'').enumerate() {
        match i % 2 {
            0 => out.extend(part.split_whitespace().map(str::to_string)),
            _ => out.push(part.to_string()),
        }
    }
    out
}

/// A folder of its own for each example.
pub fn folder(name: &str, example: &Example) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let named = [("program.dbm", &example.program), ("candidate.json", &example.candidate)];
    for (name, text) in named.iter().filter_map(|(n, t)| t.as_ref().map(|t| (*n, t))) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for (name, text) in &example.files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

/// Everything that the example's calls print.
pub fn printed(folder: &Path, calls: &[Vec<String>], more: &[&str]) -> String {
    let mut out = String::new();
    for call in calls {
        let run = Command::new(env!("CARGO_BIN_EXE_dbm"))
            .current_dir(folder)
            .args(call)
            .args(more)
            .env("LANG", "C.UTF-8")
            .env_remove("LC_ALL")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        out += &String::from_utf8(run.stderr).unwrap();
        out += &String::from_utf8(run.stdout).unwrap();
    }
    out
}

fn shown(number: u16) -> String {
    format!("DBM{number:04}")
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let all = codes();
    let numbers: BTreeSet<u16> = all.iter().map(|c| c.number).collect();
    let names: BTreeSet<&str> = all.iter().map(|c| c.name).collect();
    assert_eq!((numbers.len(), names.len()), (all.len(), all.len()), "numbers and names are unique");
    let pages: BTreeSet<u16> = PAGES.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, pages, "codes, and pages embedded in report/explain.rs");
    let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.starts_with("DBM"))
        .collect();
    assert_eq!(files, numbers.iter().map(|n| shown(*n) + ".md").collect(), "files in docs/errors");
}

#[test]
fn a_page_has_a_title_a_reason_and_examples() {
    for (number, page) in PAGES {
        let code = codes().into_iter().find(|c| c.number == *number).unwrap();
        assert!(page.starts_with(&format!("# {code}: {}\n", code.name)), "title of {code}");
        assert!(page.contains("\n## Why\n"), "{code} says why");
        if !WITHOUT_EXAMPLE.contains(number) {
            assert!(
                example(page, "Wrong").is_some() && example(page, "Right").is_some(),
                "{code} has a wrong and a right example"
            );
        }
    }
}

#[test]
fn the_wrong_example_leads_to_the_code_and_the_right_one_does_not() {
    let mut bad = vec![];
    for (number, page) in PAGES {
        let code = format!("[{}]", shown(*number));
        for (section, wanted) in [("Wrong", true), ("Right", false)] {
            let Some(example) = example(page, section) else { continue };
            let folder = folder(&format!("{}-{section}", shown(*number)), &example);
            let text = printed(&folder, &example.calls, &["--color", "never"]);
            if text.contains(&code) != wanted {
                bad.push(format!("{code} {section}:\n{text}"));
            }
            // a right example is right in every way; a demand may be violated
            if !wanted && text.contains("] error:") {
                bad.push(format!("{code} {section} has another error:\n{text}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn what_is_drawn_is_what_was_drawn() {
    for (number, page) in PAGES {
        let Some(example) = example(page, "Wrong") else { continue };
        let folder = folder(&format!("{}-drawn", shown(*number)), &example);
        let text = printed(&folder, &example.calls, &["--color", "never"]);
        let source = [&example.program, &example.candidate].into_iter().flatten().cloned().collect::<Vec<_>>().join("---\n");
        insta::with_settings!({ snapshot_path => "../snapshots/errors", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(shown(*number), format!("{source}===\n{text}"));
        });
    }
}

/// Applies each suggestion to the files of the example; afterwards that place must not have that code any more.
#[test]
fn what_a_diagnostic_suggests_mends_it() {
    let mut bad = vec![];
    for (number, page) in PAGES {
        let Some(example) = example(page, "Wrong") else { continue };
        let Some(call) = example.calls.iter().find(|c| c.first().is_some_and(|v| v == "check")) else { continue };
        bad.extend(unmended(&shown(*number), &example, call, &[shown(*number)]));
    }
    assert!(bad.is_empty(), "suggestions that do not mend:\n{}", bad.join("\n"));
}

/// The diagnostics of a call, from its report.
pub fn diagnostics(folder: &Path, call: &[String]) -> Vec<serde_json::Value> {
    let printed = printed(folder, &[call.to_vec()], &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap_or_default();
    report["diagnostics"].as_array().cloned().unwrap_or_default()
}

/// Applies each suggestion of the diagnostics with these codes by itself, and says of which there are no fewer then.
pub fn unmended(name: &str, example: &Example, call: &[String], codes: &[String]) -> Vec<String> {
    let mut bad = vec![];
    let name = format!("{name}-suggested");
    let of = |folder: &Path, code: &serde_json::Value| -> Vec<serde_json::Value> {
        diagnostics(folder, call).into_iter().filter(|d| d["code"] == *code).collect()
    };
    let all = diagnostics(&folder(&name, example), call);
    for d in all.iter().filter(|d| codes.iter().any(|c| d["code"] == c.as_str())) {
        let before = all.iter().filter(|x| x["code"] == d["code"]).count();
        for s in d["suggestions"].as_array().unwrap() {
            let place = folder(&name, example);
            let edits = s["edits"].as_array().unwrap();
            if edits.iter().any(|e| !place.join(e["file"].as_str().unwrap()).is_file()) {
                continue; // it is the call that is to be mended
            }
            apply(&place, edits);
            // another mistake of the same sort may come to light, further right
            let start = |d: &serde_json::Value| d["labels"][0]["start"].as_u64();
            let after = of(&place, &d["code"]);
            if after.len() >= before && after.iter().any(|x| start(x) <= start(d)) {
                let program = std::fs::read_to_string(place.join("program.dbm")).unwrap();
                let now = printed(&place, &[call.to_vec()], &["--color", "never"]);
                bad.push(format!("{name}: {}\n{program}{now}", s["message"]));
            }
        }
    }
    bad
}

pub fn apply(folder: &Path, edits: &[serde_json::Value]) {
    let mut sorted: Vec<&serde_json::Value> = edits.iter().collect();
    // from the end of each file to its start, so that earlier places stay right
    sorted.sort_by_key(|e| std::cmp::Reverse(e["start"].as_u64().unwrap()));
    for e in sorted {
        let path = folder.join(e["file"].as_str().unwrap());
        let mut text = std::fs::read_to_string(&path).unwrap();
        let at = |k: &str| e[k].as_u64().unwrap() as usize;
        text.replace_range(at("start")..at("end"), e["text"].as_str().unwrap());
        std::fs::write(&path, text).unwrap();
    }
}
