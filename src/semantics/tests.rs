//! Tests of the checks: one program for each mistake, the programs of the language page, the conformance cases.
use super::{Checked, Options, check, check_formula, error, hir};
use crate::base::source::NoFiles;
use crate::base::{Diagnostic, FileId, Loader, Sources};
use std::collections::BTreeMap;

const MISTAKES: &str = include_str!("mistakes.txt");

fn checked(text: &str) -> (Sources, Checked) {
    let mut sources = Sources::new();
    let id = sources.add_file("program.dbm", text);
    let checked = check(&mut sources, &NoFiles, id, &Options::default());
    (sources, checked)
}

fn line(sources: &Sources, d: &Diagnostic) -> usize {
    d.primary().and_then(|p| sources.position(p)).map_or(0, |(_, l, _)| l)
}

fn shown(sources: &Sources, c: &Checked) -> String {
    c.diagnostics.iter().map(|d| format!("{}: {} {} {}\n", line(sources, d), d.severity.name(), d.code, d.title)).collect()
}

fn clean(text: &str) -> Checked {
    let (sources, c) = checked(text);
    assert!(c.diagnostics.is_empty(), "{}\n{text}", shown(&sources, &c));
    c
}

/// The programs of the table, with what they expect: lines and numbers of codes.
fn mistakes() -> Vec<(String, Vec<(usize, u16)>)> {
    MISTAKES
        .split("----\n")
        .map(|text| {
            let mut wanted = vec![];
            for (i, l) in text.lines().enumerate() {
                if let Some((_, codes)) = l.split_once("//~") {
                    wanted.extend(codes.split_whitespace().map(|c| (i + 1, c.parse().unwrap_or(0))));
                }
            }
            (text.to_string(), wanted)
        })
        .collect()
}

#[test]
fn every_mistake_is_reported_on_its_line_and_nothing_else_is() {
    let mut wrong = String::new();
    for (text, mut wanted) in mistakes() {
        let (sources, c) = checked(&text);
        let mut found: Vec<(usize, u16)> =
            c.diagnostics.iter().map(|d| (line(&sources, d), if d.code.number < 200 { 0 } else { d.code.number })).collect();
        found.sort();
        wanted.sort();
        if found != wanted {
            wrong.push_str(&format!("{text}wanted {wanted:?}, found\n{}\n", shown(&sources, &c)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_code_has_a_program_that_triggers_it() {
    let there: Vec<u16> = mistakes().iter().flat_map(|(_, w)| w.iter().map(|(_, c)| *c)).collect();
    let missing: Vec<_> =
        error::ALL.iter().filter(|c| !there.contains(&c.number) && **c != error::IMPORT_CYCLE).map(|c| c.name).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let mut numbers: Vec<u16> = error::ALL.iter().map(|c| c.number).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), error::ALL.len());
}

#[test]
fn every_suggestion_parses_and_mends_what_it_is_about() {
    let mut wrong = String::new();
    for (text, _) in mistakes() {
        let (sources, c) = checked(&text);
        for d in &c.diagnostics {
            if d.code.number < 200 {
                continue;
            }
            for s in &d.suggestions {
                let mut edits: Vec<(usize, usize, &str)> = s
                    .edits
                    .iter()
                    .filter_map(|e| sources.resolve(e.place).map(|(_, span)| (span.start as usize, span.end as usize, &*e.text)))
                    .collect();
                edits.sort();
                let mut mended = text.clone();
                for (from, to, by) in edits.into_iter().rev() {
                    mended.replace_range(from..to, by);
                }
                let (after, again) = checked(&mended);
                let still = again
                    .diagnostics
                    .iter()
                    .any(|e| e.code == d.code && line(&after, e) == line(&sources, d) && e.title == d.title);
                let broken = again.diagnostics.iter().any(|e| e.code.number < 200 && e.is_error());
                if still || broken {
                    wrong.push_str(&format!("{}: {}: {mended}{}\n", d.title, s.message, shown(&after, &again)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn messages_keep_to_the_style() {
    for (text, _) in mistakes() {
        let (_, c) = checked(&text);
        for d in c.diagnostics.iter().filter(|d| d.code.number >= 200) {
            let all = std::iter::once(&d.title).chain(d.labels.iter().map(|l| &l.text)).chain(&d.helps).chain(&d.notes);
            for t in all {
                assert!(!t.ends_with('.'), "{t}");
                for word in ["Optional", "Some(", "None", "Type::", "VarId"] {
                    assert!(!t.contains(word), "{t}");
                }
            }
            assert!(d.labels.iter().any(|l| l.primary), "{}", d.title);
        }
    }
}

struct Files(BTreeMap<&'static str, &'static str>);

impl Loader for Files {
    fn load(&self, _from: &str, path: &str) -> Result<(String, String), String> {
        let name = path.trim_start_matches("./");
        self.0.get(name).map(|t| (name.to_string(), t.to_string())).ok_or_else(|| format!("`{path}` is not there"))
    }
}

fn with_files(main: &str, files: &[(&'static str, &'static str)]) -> (Sources, Checked, FileId) {
    let mut sources = Sources::new();
    let id = sources.add_file("main.dbm", main);
    let loader = Files(files.iter().copied().collect());
    let c = check(&mut sources, &loader, id, &Options::default());
    (sources, c, id)
}

#[test]
fn imports_bring_modules_names_and_demands() {
    let shared = "node Host { zone: Text }\nparam limit: Int = 3\nrule inner(h: Host) if h.zone == \"inner\"\n\
                  invariant zoned { never h: Host where h.zone == \"\" }\ntest \"not run from outside\" { expect holds zoned }\n";
    let (sources, c, _) = with_files(
        "import \"./shared.dbm\"\nimport \"./shared.dbm\" { Host }\nimport std.graph { reaches }\nimport std.net\nedge e: Host -> Host\n\
         invariant i { for h: Host where shared.inner(h) require not reaches(h, h) and count(x: shared.Host) < shared.limit }\n\
         invariant j { never h: Host where net.domain(h.zone) == \"\" }\n\
         intervention k { for h: Host do remove h expect holds shared.zoned }\n",
        &[("shared.dbm", shared)],
    );
    assert!(c.diagnostics.is_empty(), "{}", shown(&sources, &c));
    let names: Vec<&str> = c.program.invariants.iter().map(|i| &*i.name).collect();
    assert_eq!(names, ["i", "j", "shared.zoned"]);
    assert!(c.program.rules.iter().any(|r| &*r.name == "graph.reaches"));
    assert!(c.program.tests.is_empty());
}

#[test]
fn a_cycle_of_imports_is_shown() {
    let (_, c, _) = with_files("import \"a.dbm\"", &[("a.dbm", "import \"b.dbm\""), ("b.dbm", "import \"a.dbm\"")]);
    let d = c.diagnostics.iter().find(|d| d.code == error::IMPORT_CYCLE).expect("a cycle");
    assert_eq!(d.labels.len(), 2);
    assert_eq!(d.notes, ["the cycle: `a.dbm` -> `b.dbm` -> `a.dbm`"]);
}

#[test]
fn a_formula_is_asked_of_a_checked_program() {
    let mut sources = Sources::new();
    let id = sources.add_file("p.dbm", "node Host { zone: Text }\nedge on: Host -> Host\nrule up(h: Host) if h.zone == \"a\"");
    let c = check(&mut sources, &NoFiles, id, &Options::default());
    let q = sources.add_file("query", "a -on-> b and up(b) and no c: Host where c -on-> a");
    let f = check_formula(&mut sources, &c.program, &c.names, q).unwrap_or_else(|d| panic!("{d:?}"));
    let columns: Vec<&str> = f.columns.iter().map(|v| &*f.vars[v.0 as usize].name).collect();
    assert_eq!(columns, ["a", "b"]);
    let q = sources.add_file("query", "up(b) and b.zon == 3");
    let wrong = check_formula(&mut sources, &c.program, &c.names, q).expect_err("no such attribute");
    assert_eq!(wrong.iter().map(|d| d.code).collect::<Vec<_>>(), [error::UNKNOWN_ATTRIBUTE]);
}

#[test]
fn one_mistake_is_reported_once() {
    let (sources, c) = checked(
        "node A { x: Srting }\nrule r(a: A, b: Bb) if a.x == b.y and foo(a.x)\n\
         invariant i { never a: A where r(a, z) and a.x > 3 and q + 1 == q }\n",
    );
    assert_eq!(c.diagnostics.iter().filter(|d| d.is_error()).count(), 4, "{}", shown(&sources, &c));
}

#[test]
fn an_item_that_cannot_be_read_keeps_its_name_and_is_not_complained_about_twice() {
    let (sources, c) = checked("node A { x: }\nrule r(a: A) if )\ninvariant i { never a: A where r(a) and a.x == 3 }\n");
    assert!(c.diagnostics.iter().all(|d| d.code.number < 200), "{}", shown(&sources, &c));
}

#[test]
fn value_rules_get_their_types_from_all_clauses() {
    let c = clean(
        "node A { w: Float in 0.0..1.0 }\nedge e: A -> A\nrule cost(a: A) = min { cost(b) * b.w if b -e-> a, 1 if not _ -e-> a }\n\
         rule twice(a: A) = cost(a) + cost(a)\nmechanism A.load = self.w + sum(x.from.load for x: e where x.to == self)\n",
    );
    let form = |n: &str| c.program.rules.iter().find(|r| &*r.name == n).map(|r| r.form.clone());
    let float = crate::scalar::Type::Float(None);
    assert_eq!(form("cost"), Some(hir::RuleForm::Value(hir::Combine::Min, float.clone())));
    assert_eq!(form("twice"), Some(hir::RuleForm::Value(hir::Combine::One, float.clone())));
    assert_eq!(c.program.schema.attrs.last().map(|a| (a.ty.clone(), a.mechanism)), Some((float, true)));
}

#[test]
fn functions_are_those_with_a_value_that_no_body_binds() {
    let c = clean(
        "node A { x: Int }\nrule low(n: Int) if n < 3\nrule lower(n: Int) if low(n) and low(n + 1)\nrule of(a: A, n: Int) if n == a.x\n\
         rule over(a: A, n: Int) if a.x > n\ninvariant i { never over(a, 3) and of(a, n) and low(n) and lower(a.x) }\n",
    );
    let functions: Vec<(&str, bool)> = c.program.rules.iter().map(|r| (&*r.name, r.function)).collect();
    assert_eq!(functions, [("low", true), ("lower", true), ("of", false), ("over", true)]);
}

#[test]
fn strata_come_in_the_order_of_use_and_event_rules_go_by_time() {
    let c = clean(
        "event Page { service: Text }\nrule repeated(p: Page) if earlier q: Page within 10m where q.service == p.service and first(q)\n\
         rule first(p: Page) if not repeated(p)\nnode A\nedge e: A -> A\nrule dead(a: A) if not live(a)\nrule live(a: A) if a.id == \"x\"\n\
         rule live(a) if live(b) and b -e-> a\n",
    );
    let names: Vec<(Vec<&str>, bool, bool)> = c
        .strata
        .strata
        .iter()
        .map(|s| (s.rules.iter().filter_map(|r| c.program.rule(*r)).map(|r| &*r.name).collect(), s.recursive, s.by_time))
        .collect();
    assert_eq!(names, [(vec!["repeated", "first"], true, true), (vec!["live"], true, false), (vec!["dead"], false, false)]);
}

#[test]
fn presence_flows() {
    clean(
        "node A { own: Float?, other: A? }\nedge e: A -> A\n\
         invariant a { never a: A where a has own and a.own > 3.0 }\n\
         invariant b { never a: A where a.own != none and a.own > 3.0 }\n\
         invariant c { for a: A require a has own implies a.own > 3.0 }\n\
         invariant d { for a: A require (if a has own then a.own else 0.0) > 3.0 }\n\
         invariant e { for a: A where a has own require a.own > 3.0 }\n\
         invariant f { for a: A require a.own == none or a.own > 3.0 }\n\
         invariant g { require sum(a.own for a: A where a has own) > 3.0 }\n\
         invariant h { for a: A where a.own == 3.0 require a.own > 2.0 message \"{a.other}\" }\n\
         invariant i { never a: A where not (a.own == none) and a.own > 3.0 }\n\
         invariant j { for a: A require (a.own ?? 0.0) < 3.0 and (a.other.own ?? 1.0) > 2.0 }\n",
    );
}

#[test]
fn kinds_are_narrowed_by_is_and_by_arrows() {
    clean(
        "node A { x: Int }\nnode B is A { y: Int }\nnode C { x: Int }\nedge e: B -> C\nedge f: A | C -> A\n\
         invariant a { never a: A where a is B and a.y > 3 }\n\
         invariant b { never a: Node where a -e-> c and a.y > c.x }\n\
         invariant c { never z -f-> a and z.x > a.x }\n\
         invariant d { never z: Node where z is A and z.x > 3 }\n",
    );
}

#[test]
fn nothing_is_a_panic() {
    let files = [MISTAKES, include_str!("../../stdlib/graph.dbm")];
    for text in files {
        let words: Vec<&str> = text.split_inclusive(' ').collect();
        for n in (0..words.len()).step_by(37) {
            let cut: String = words.iter().take(n + 20).skip(n).copied().collect();
            checked(&cut);
        }
    }
}

#[test]
fn every_block_of_the_page_checks() {
    let Ok(page) = std::fs::read_to_string("../shared/design/language.md") else { return };
    let mut wrong = String::new();
    for block in page.split("```dbm\n").skip(1).filter_map(|b| b.split("```").next()) {
        let (sources, c) = checked(block);
        if c.has_errors() {
            wrong.push_str(&format!("{}\n{block}\n", shown(&sources, &c)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_conformance_program_is_refused_or_not_as_it_should_be() {
    let Ok(cases) = std::fs::read_dir("../shared/conformance/cases") else { return };
    let mut folders: Vec<_> = cases.filter_map(|c| c.ok().map(|c| c.path())).collect();
    folders.sort();
    let mut wrong = String::new();
    for folder in folders {
        let (Ok(text), Ok(expect)) =
            (std::fs::read_to_string(folder.join("program.dbm")), std::fs::read_to_string(folder.join("expect.json")))
        else {
            continue;
        };
        let Ok(expect) = serde_json::from_str::<serde_json::Value>(&expect) else { continue };
        let (sources, c) = checked(&text);
        let errors: Vec<usize> = c.diagnostics.iter().filter(|d| d.is_error()).map(|d| line(&sources, d)).collect();
        let refused = expect.get("exit").and_then(|e| e.as_i64()) == Some(3);
        let on = expect.get("line").and_then(|l| l.as_u64()).map(|l| l as usize);
        let declares = !c.program.schema.kinds.is_empty();
        let right = match (refused, on) {
            (true, Some(l)) => errors.contains(&l),
            (true, None) => !errors.is_empty(),
            (false, _) => errors.is_empty() || !declares,
        };
        if !right {
            wrong.push_str(&format!("{}: wanted {refused} {on:?}\n{}\n", folder.display(), shown(&sources, &c)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
