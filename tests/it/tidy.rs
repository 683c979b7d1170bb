//! Tests of the source itself: who imports whom, names, sizes, and that every file says what it is.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Who may import whom (ARCHITECTURE.md, "The rooms"). `room::module` permits that module alone.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("scalar", &["base"]),
    ("syntax", &["base"]),
    ("structure", &["base", "scalar"]),
    ("semantics", &["base", "scalar", "syntax", "structure::schema"]),
    ("plan", &["base", "scalar", "structure::schema", "structure::edit", "semantics::hir"]),
    ("candidate", &["base", "scalar", "structure", "semantics::hir"]),
    ("causal", &["base", "scalar", "structure"]),
    ("engine", &["base", "scalar", "structure", "plan::ir", "plan::path", "causal"]),
    ("verdict", &["base", "scalar", "structure"]),
    (
        "demand",
        &[
            "base",
            "scalar",
            "structure",
            "plan::ir",
            "plan::path",
            "plan::policy",
            "plan::want",
            "plan::intervention",
            "engine",
            "verdict",
        ],
    ),
    ("audit", &["base", "scalar", "structure", "verdict"]),
    ("report", &["base", "scalar", "structure", "verdict"]),
    (
        "session",
        &[
            "base",
            "scalar",
            "syntax",
            "structure",
            "semantics",
            "plan",
            "candidate",
            "causal",
            "engine",
            "verdict",
            "demand",
            "audit",
            "report",
        ],
    ),
    ("face", &["base", "session", "report"]),
];

/// More than this in one file is too much; more than `LONG` wants a reason in its `//!`.
const TOO_LONG: usize = 900;
const LONG: usize = 600;

struct Source {
    /// From `src/` on, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// Whether the whole file is tests.
    fn tests(&self) -> bool {
        self.path.ends_with("tests.rs")
    }
    /// The first folder below `src`, or the file's own name.
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }
    /// The text without comments and without the tests at its end.
    fn code(&self) -> String {
        let own = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        own.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }
    fn header(&self) -> String {
        self.text.lines().take_while(|l| l.starts_with("//!")).collect::<Vec<_>>().join(" ")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for e in entries {
        match e.is_dir() {
            true => files(&e, found),
            false if e.extension().is_some_and(|x| x == "rs") => found.push(e),
            false => {}
        }
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut found = vec![];
    files(&src, &mut found);
    let source = |p: PathBuf| Source {
        path: p.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"),
        text: std::fs::read_to_string(&p).unwrap(),
    };
    found.into_iter().map(source).collect()
}

fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// What stands behind a path's first segments: `x::y`, `x::{a, b::c}`, `Name`; each as its first name.
fn heads(rest: &str) -> Vec<String> {
    let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix('{') {
        None => vec![name(rest)],
        Some(list) => {
            let (mut depth, mut part, mut parts) = (0, String::new(), vec![]);
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
                    _ => {}
                }
                if c != ',' || depth > 0 {
                    part.push(c);
                }
            }
            parts.push(part);
            parts.iter().map(|p| name(p.trim())).filter(|n| !n.is_empty()).collect()
        }
    }
}

/// The rooms that a file names, with the names it takes from them.
fn imports(s: &Source) -> Vec<(String, Vec<String>)> {
    let code = s.code();
    let rooms: BTreeSet<&str> = MAY_IMPORT.iter().map(|(r, _)| *r).collect();
    // how many `super`s lead to the crate's root
    let depth = s.path.split('/').count() - usize::from(s.path.ends_with("/mod.rs"));
    let up = "super::".repeat(depth);
    let mut found = vec![];
    for prefix in ["crate::", up.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            if rest.starts_with('{') {
                found.extend(heads(rest).into_iter().map(|r| (r, vec![])));
                continue;
            }
            let room = heads(rest).remove(0);
            if rooms.contains(room.as_str()) {
                let inner = rest[room.len()..].strip_prefix("::").map(heads).unwrap_or_default();
                found.push((room, inner));
            }
        }
    }
    found
}

/// Where a room's `mod.rs` takes the names from that it re-exports: `Schema` → `schema`.
fn reexports(all: &[Source]) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for s in all.iter().filter(|s| s.path.ends_with("/mod.rs") && s.path.matches('/').count() == 1) {
        let code = s.code().replace('\n', " ");
        for part in code.split("pub use ").skip(1) {
            let statement = part.split(';').next().unwrap_or_default();
            if let Some((module, names)) = statement.split_once("::") {
                let names = if names.trim() == "*" { public(all, s.room(), module.trim()) } else { heads(names.trim()) };
                for n in names {
                    found.insert((s.room().to_string(), n), module.trim().to_string());
                }
            }
        }
    }
    found
}

/// The public items of a module, for `pub use module::*`.
fn public(all: &[Source], room: &str, module: &str) -> Vec<String> {
    let Some(s) = all.iter().find(|s| s.path == format!("{room}/{module}.rs")) else { return vec![] };
    let code = s.code();
    let items = code.lines().filter_map(|l| l.strip_prefix("pub ")).filter_map(|l| l.split_once(' '));
    items
        .flat_map(|(word, rest)| match word {
            // `pub use a::b::{C, D}`, `pub use a::C`
            "use" => heads(
                rest.split_once('{').map_or_else(|| rest.rsplit("::").next().unwrap_or(rest), |(path, _)| &rest[path.len()..]),
            ),
            _ => heads(rest),
        })
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_permits() {
    let all = sources();
    let origin = reexports(&all);
    let mut wrong = vec![];
    for s in all.iter().filter(|s| s.path.contains('/') && !s.tests()) {
        let Some((_, may)) = MAY_IMPORT.iter().find(|(r, _)| *r == s.room()) else {
            wrong.push(format!("src/{}: the table does not know the room `{}`", s.path, s.room()));
            continue;
        };
        for (room, names) in imports(s) {
            if room == s.room() || may.contains(&room.as_str()) {
                continue;
            }
            let module = |n: &String| origin.get(&(room.clone(), n.clone())).cloned().unwrap_or(n.clone());
            let fits = |n: &String| may.contains(&format!("{room}::{}", module(n)).as_str());
            if names.is_empty() || !names.iter().all(fits) {
                wrong.push(format!("src/{}: `{}` may not import `{room}` ({})", s.path, s.room(), names.join(", ")));
            }
        }
    }
    none("imports against the table", wrong);
}

#[test]
fn every_file_opens_with_a_line_that_says_what_lives_there() {
    let mut all: Vec<String> = sources().iter().filter(|s| s.header().len() < 20).map(|s| format!("src/{}", s.path)).collect();
    for folder in ["tests", "benches", "fuzz/src", "fuzz/fuzz_targets"] {
        let mut found = vec![];
        if root().join(folder).is_dir() {
            files(&root().join(folder), &mut found);
        }
        let silent = found.iter().filter(|p| !std::fs::read_to_string(p).unwrap().starts_with("//!"));
        all.extend(silent.map(|p| p.strip_prefix(root()).unwrap().display().to_string()));
    }
    none("files without a `//!` line", all);
}

#[test]
fn files_are_of_a_size_that_can_be_read() {
    let mut wrong = vec![];
    for s in sources() {
        let lines = s.text.lines().count();
        let reason = s.header().to_lowercase();
        let reasoned = ["one table", "long because", "one file", "together because"].iter().any(|w| reason.contains(w));
        if lines > TOO_LONG || (lines > LONG && !reasoned) {
            wrong.push(format!("src/{}: {lines} lines (over {LONG} wants its reason in the `//!`: \"long because …\")", s.path));
        }
    }
    none("long files", wrong);
}

#[test]
fn no_file_is_a_drawer_for_everything() {
    let drawers = ["util", "utils", "helper", "helpers", "common", "misc"];
    let all = sources();
    let named = |s: &&Source| s.path.split(['/', '.']).any(|part| drawers.contains(&part));
    none("drawers", all.iter().filter(named).map(|s| format!("src/{}", s.path)).collect());
}

#[test]
fn mod_files_only_declare() {
    let mut wrong = vec![];
    for s in sources().iter().filter(|s| s.path.ends_with("mod.rs") || s.path == "lib.rs") {
        for (n, line) in s.code().lines().enumerate() {
            let items = ["fn ", "struct ", "enum ", "impl ", "impl<", "trait ", "const ", "static ", "macro_rules!", "type "];
            let bare =
                line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ").trim_start_matches("pub ");
            if items.iter().any(|i| bare.starts_with(i)) {
                wrong.push(format!("src/{}:{}: {}", s.path, n + 1, line.trim()));
            }
        }
    }
    none("mod.rs and lib.rs declare and re-export, nothing else", wrong);
}

#[test]
fn nothing_panics_or_prints_outside_tests_and_faces() {
    let banned =
        [".unwrap()", ".expect(\"", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "println!(", "eprintln!(", "dbg!("];
    let mut wrong = vec![];
    for s in sources().iter().filter(|s| s.room() != "face" && !s.tests() && s.path != "main.rs") {
        for (n, line) in s.code().lines().enumerate() {
            for b in banned.iter().filter(|b| line.contains(*b)) {
                wrong.push(format!("src/{}:{}: {b}", s.path, n + 1));
            }
        }
    }
    none("what can end the process", wrong);
}

#[test]
fn no_text_names_a_machine_or_its_folders() {
    let mut wrong = vec![];
    for s in sources() {
        for (n, line) in s.text.lines().enumerate() {
            if ["/home/", "/root/", "/work/", "/tmp/"].iter().any(|p| line.contains(p)) {
                wrong.push(format!("src/{}:{}", s.path, n + 1));
            }
        }
    }
    none("absolute paths", wrong);
}

/// Not a demand but a number to look at: in how many source files a construct is named. Seven or fewer is well.
#[test]
fn the_spread_of_constructs_is_printed() {
    let constructs = [
        ("param", "Param"),
        ("kinds", "KindDecl"),
        ("reader", "Reader"),
        ("rule", "Clause"),
        ("mechanism", "Mechanism"),
        ("invariant", "Invariant"),
        ("intervention", "Intervention"),
        ("policy", "PolicyClause"),
        ("prefer", "Prefer"),
        ("test", "Test"),
        ("path", "PathAtom"),
        ("quantifier", "Quantified"),
        ("aggregate", "Aggregate"),
        ("coalesce", "Coalesce"),
        ("was", "Was"),
        ("earlier", "Earlier"),
        ("since", "Since"),
        ("consecutive", "Consecutive"),
    ];
    let all = sources();
    let words = |text: &str, word: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
    for (name, word) in constructs {
        let spread = all.iter().filter(|s| !s.tests() && words(&s.code(), word)).count();
        println!("{name:<14}{spread:>3}{}", if spread > 7 { "  wide" } else { "" });
    }
}
