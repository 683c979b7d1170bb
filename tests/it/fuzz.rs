//! The bodies of the fuzz targets (`fuzz/`), over seeds of the repository and mutations of them that are the same in every run.
use crate::random::{self, Rng};
use bodies::SEPARATOR;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/bodies.rs"]
mod bodies;

/// Longer seeds are left out: the targets are run with `-max_len=4096`.
const LONGEST: usize = 4096;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for e in entries {
        if e.is_dir() { files(&e, found) } else { found.push(e) }
    }
}

/// What the repository has to begin from: programs, candidates, and programs with a candidate.
#[derive(Default)]
struct Seeds {
    programs: BTreeSet<String>,
    candidates: BTreeSet<String>,
    pairs: BTreeSet<String>,
}

impl Seeds {
    fn program(&mut self, text: &str) {
        self.programs.insert(text.to_string());
    }
    fn candidate(&mut self, text: &str) {
        self.candidates.insert(text.to_string());
    }
    fn pair(&mut self, program: &str, candidate: &str) {
        self.program(program);
        self.candidate(candidate);
        self.pairs.insert(format!("{}{SEPARATOR}{candidate}", program.trim_end()));
    }

    /// The fenced blocks of a page; a candidate belongs to the program before it.
    fn page(&mut self, text: &str) {
        let (mut program, mut lines) = (String::new(), text.lines());
        while let Some(line) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
            let body = body.join("\n") + "\n";
            match info.split([' ', ',']).next() {
                Some("dbm") => {
                    self.program(&body);
                    program = body;
                }
                Some("json" | "yaml" | "jsonl") => self.pair(&program, &body),
                _ => {}
            }
        }
    }

    fn of(folders: &[PathBuf]) -> Seeds {
        let (mut seeds, mut found) = (Seeds::default(), vec![]);
        for f in folders {
            files(f, &mut found);
        }
        for path in found {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let beside = |name: &str| std::fs::read_to_string(path.with_file_name(name)).unwrap_or_default();
            match path.extension().and_then(|e| e.to_str()) {
                Some("dbm") => {
                    seeds.program(&text);
                    for c in text.lines().filter_map(|l| l.strip_prefix("// candidate: ")).filter(|c| c.starts_with('{')) {
                        seeds.pair(&text, c);
                    }
                }
                Some("json" | "yaml" | "yml" | "jsonl") => seeds.pair(&(beside("rules.dbm") + &beside("program.dbm")), &text),
                Some("md") => seeds.page(&text),
                _ => {}
            }
        }
        for seed in 0..150 {
            let case = random::case(seed);
            seeds.pair(&case.program(), &case.candidate());
        }
        seeds
    }

    /// The seeds of a target.
    fn target(&self, target: &str) -> Vec<Vec<u8>> {
        let all: Vec<Vec<u8>> = match target {
            // the first byte chooses the program and the format
            "candidate" => {
                let first = |n: usize| b"0123:;AHOVN"[n % 11];
                self.candidates.iter().enumerate().map(|(n, c)| [&[first(n)], c.as_bytes()].concat()).collect()
            }
            "evaluate" => {
                let formulas = ["x -calls+-> y", "count(n: Node) > 1", "n is Service", "a -calls-> b and not (b -calls-> a)"];
                let pairs = self.pairs.iter().enumerate();
                pairs.map(|(n, p)| format!("{}{SEPARATOR}{}", p.trim_end(), formulas[n % 4]).into_bytes()).collect()
            }
            _ => self.programs.iter().map(|p| p.clone().into_bytes()).collect(),
        };
        all.into_iter().filter(|s| s.len() <= LONGEST).collect()
    }
}

fn own() -> Seeds {
    Seeds::of(&["tests/suite", "examples", "stdlib", "docs", "README.md"].map(|f| root().join(f)))
}

/// A seed, changed a little: bytes, pieces doubled, moved, taken away, or from another seed.
fn mutated(r: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut data = seeds[r.below(seeds.len())].clone();
    for _ in 0..1 + r.below(4) {
        let (a, b) = (r.below(data.len() + 1), r.below(data.len() + 1));
        // short pieces more often than long ones
        let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 1 + r.below(40)));
        match r.below(6) {
            0 => data.drain(a..b).for_each(drop),
            1 => {
                let piece = data[a..b].to_vec();
                let at = r.below(data.len() + 1);
                data.splice(at..at, piece);
            }
            2 => {
                let other = &seeds[r.below(seeds.len())];
                let from = r.below(other.len() + 1);
                let piece = other[from..(from + r.below(60)).min(other.len())].to_vec();
                data.splice(a..b, piece);
            }
            3 => {
                let piece =
                    r.one(&["(", ")", "{", "}", "[", "]", "\"", "-", "->", "*", "not ", "count(", "1e400", "é\u{301}", "\u{0}"]);
                data.splice(a..a, piece.bytes());
            }
            4 if a < data.len() => data[a] = (r.next() & 0xff) as u8,
            _ => data.truncate(b),
        }
    }
    data
}

/// Every body over all of its seeds, and over mutations of them.
fn every(target: &str, mutations: usize) {
    let seeds = own().target(target);
    assert!(seeds.len() > 100, "{} seeds for {target}", seeds.len());
    let (_, body) = bodies::ALL.iter().find(|b| b.0 == target).unwrap();
    let tried = |data: &[u8]| {
        if std::panic::catch_unwind(|| body(data)).is_err() {
            panic!("`{target}` fails for\n{}", String::from_utf8_lossy(data));
        }
    };
    seeds.iter().for_each(|s| tried(s));
    let mut r = Rng(7);
    for _ in 0..mutations {
        tried(&mutated(&mut r, &seeds));
    }
}

#[test]
fn texts_pass_the_body_of_parse() {
    every("parse", 1500);
}
#[test]
fn texts_pass_the_body_of_check() {
    every("check", 1500);
}
#[test]
fn bytes_pass_the_body_of_candidate() {
    every("candidate", 3000);
}
#[test]
fn programs_with_candidates_pass_the_body_of_evaluate() {
    every("evaluate", 600);
}

/// The dictionary names every keyword and sign of the language. `DBM_FUZZ_DICT=1 cargo test dictionary` writes it.
#[test]
fn the_dictionary_is_that_of_the_tokens() {
    use dbm::syntax::token::{ITEM_WORDS, RESERVED};
    let grammar = std::fs::read_to_string(root().join("grammar/dbm.pest")).unwrap();
    let tokens = std::fs::read_to_string(root().join("src/syntax/token.rs")).unwrap();
    let mut words: BTreeSet<String> = RESERVED.iter().chain(&ITEM_WORDS).map(|w| w.to_string()).collect();
    let rules = grammar.lines().filter(|l| !l.trim_start().starts_with("//"));
    // every second piece between quotes is a literal of the grammar
    words.extend(rules.flat_map(|l| l.split('"').skip(1).step_by(2)).map(str::to_string));
    let signs = tokens.lines().filter_map(|l| l.trim().strip_prefix("#[token(\"")?.split('"').next());
    words.extend(signs.map(str::to_string));
    let builtins = dbm::scalar::builtin::names().into_iter().map(|b| format!("{b}("));
    words.extend(builtins);
    words.retain(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_graphic() && b != b'\\'));
    let text: String = words.iter().map(|w| format!("\"{w}\"\n")).collect();
    let path = root().join("fuzz/dbm.dict");
    let text = format!(
        "# Written from the grammar, the table of tokens and the built-ins: DBM_FUZZ_DICT=1 cargo test dictionary\n{text}"
    );
    if std::env::var_os("DBM_FUZZ_DICT").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "fuzz/dbm.dict");
}

/// Writes the seeds of each target to `fuzz/corpus`: `cargo test write_the_seed_corpora -- --ignored`. More folders with cases
/// are taken from `DBM_FUZZ_MORE`.
#[test]
#[ignore = "it writes files"]
fn write_the_seed_corpora() {
    let mut folders = ["tests/suite", "examples", "stdlib", "docs", "README.md"].map(|f| root().join(f)).to_vec();
    folders.extend(std::env::var_os("DBM_FUZZ_MORE").map(PathBuf::from));
    let seeds = Seeds::of(&folders);
    for (target, _) in bodies::ALL {
        let folder = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (n, seed) in seeds.target(target).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{n:04}")), seed).unwrap();
        }
    }
}
