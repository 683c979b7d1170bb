//! Tests of syntax: the page, the whole grammar against its items, messages, hostile input.
use super::ast::*;
use super::grammar::{Rule, pairs};
use super::*;
use crate::base::{Diagnostic, ItemId, Sources};
use std::path::{Path as FilePath, PathBuf};

fn parsed(text: &str) -> (Sources, Parsed) {
    let mut sources = Sources::new();
    let file = sources.add_file("p.dbm", text);
    let parsed = parse(&mut sources, file);
    (sources, parsed)
}

fn clean(text: &str) -> Vec<Item> {
    let (sources, parsed) = parsed(text);
    assert!(parsed.diagnostics.is_empty(), "{text}\n{}", shown(&sources, &parsed.diagnostics));
    parsed.items
}

fn formula(text: &str) -> Expr {
    let mut sources = Sources::new();
    let file = sources.add_file("q", text);
    let (expr, _, diagnostics) = parse_formula(&mut sources, file);
    assert!(diagnostics.is_empty(), "{text}\n{}", shown(&sources, &diagnostics));
    expr.unwrap()
}

fn shown(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for d in diagnostics {
        out.push_str(&format!("{} {}\n", d.code, d.title));
        for l in &d.labels {
            let (_, line, column) = sources.position(l.place).unwrap();
            out.push_str(&format!("  {line}:{column} `{}` {}\n", sources.text(l.place), l.text));
        }
        for n in &d.notes {
            out.push_str(&format!("  note: {n}\n"));
        }
        for h in &d.helps {
            out.push_str(&format!("  help: {h}\n"));
        }
        for s in &d.suggestions {
            out.push_str(&format!("  {}: {:?}\n", s.message, s.edits.iter().map(|e| (sources.text(e.place), &e.text)).collect::<Vec<_>>()));
        }
    }
    out
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/suite/page")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().map(|p| (p.display().to_string(), std::fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn every_block_of_the_page_parses() {
    assert!(fixtures().len() >= 10);
    for (name, text) in fixtures() {
        let (sources, parsed) = parsed(&text);
        assert!(parsed.diagnostics.is_empty(), "{name}\n{}", shown(&sources, &parsed.diagnostics));
        assert!(!parsed.items.is_empty());
    }
}

#[test]
fn every_conformance_program_parses() {
    // the cases live beside the project, not in it; without them there is nothing to do
    let Some(folder) = std::env::var_os("DBM_CONFORMANCE") else { return };
    let mut count = 0;
    for case in std::fs::read_dir(FilePath::new(&folder)).unwrap() {
        let path = case.unwrap().path();
        let Ok(text) = std::fs::read_to_string(path.join("program.dbm")) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (sources, parsed) = parsed(&text);
        if name.starts_with("core-44") {
            assert_eq!(sources.position(parsed.diagnostics[0].primary().unwrap()).unwrap().1, 3);
            assert_eq!(parsed.diagnostics[0].code, error::RESERVED_NAME);
        } else {
            assert!(parsed.diagnostics.is_empty(), "{name}\n{}", shown(&sources, &parsed.diagnostics));
        }
        assert!(!parsed.items.is_empty());
        count += 1;
    }
    assert!(count > 100);
}
