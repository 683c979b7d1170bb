//! The book and the READMEs, executed: every program checks, every candidate is read, every session gives what is printed.
//!
//! In a page, ` ```dbm ` is a program (`rules.dbm`, or `file=NAME`): it must check without an error, and its tests must pass.
//! ` ```dbm,wrong,DBM0201 ` must be refused with that code. ` ```json ` (`yaml`, `jsonl`) behind it is a candidate
//! (`candidate.json`, or `file=NAME`): it must be read, with `reader=NAME` if it says so; `json,wrong,DBM0511` must be refused with
//! that code. Of what is `later` only the file is written; `json,shown` is not looked at. ` ```dbm-fragment,append=NAME ` is
//! appended to that file. A ` ```text ` block behind one of these is what `dbm check` says. A ` ```console ` block is a session:
//! lines that begin with `$ ` are run, the others are what they print (first standard error, then standard output).
//! `DBM_DOCS=update cargo test --test it docs` writes what comes out now into the pages.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A fenced block of a page.
struct Block {
    lang: String,
    attrs: Vec<String>,
    /// The line of its opening fence, from 1.
    line: usize,
    text: String,
}

/// A page taken apart: text as it stands, and blocks.
enum Part {
    Text(String),
    Block(Block),
}

fn parts(page: &str) -> Vec<Part> {
    let mut parts = vec![];
    let mut open: Option<Block> = None;
    let mut fence = 3;
    for (i, line) in page.split_inclusive('\n').enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let rest = line.get(ticks..).filter(|_| ticks >= if open.is_some() { fence } else { 3 });
        match (&mut open, rest) {
            (None, Some(info)) => {
                fence = ticks;
                let mut words = info.trim().split(',').map(str::to_string);
                let lang = words.next().unwrap_or_default();
                open = Some(Block { lang, attrs: words.collect(), line: i + 1, text: String::new() });
            }
            (Some(_), Some(rest)) if rest.trim().is_empty() => parts.extend(open.take().map(Part::Block)),
            (Some(block), _) => block.text += line,
            (None, None) => match parts.last_mut() {
                Some(Part::Text(t)) => *t += line,
                _ => parts.push(Part::Text(line.to_string())),
            },
        }
    }
    assert!(open.is_none(), "a block is not closed");
    parts
}

fn printed(parts: &[Part]) -> String {
    let mut out = String::new();
    for p in parts {
        match p {
            Part::Text(t) => out += t,
            Part::Block(b) => {
                let info: Vec<&str> = std::iter::once(b.lang.as_str()).chain(b.attrs.iter().map(String::as_str)).collect();
                let within = b.text.lines().map(|l| l.len() - l.trim_start_matches('`').len()).max().unwrap_or(0);
                let fence = "`".repeat(within.max(2) + 1);
                let _ = write!(out, "{fence}{}\n{}{fence}\n", info.join(","), b.text);
            }
        }
    }
    out
}

/// What a process said: exit code, standard error and then standard output.
pub struct Said {
    pub code: i32,
    pub text: String,
}

/// Runs the built binary in a folder.
pub fn dbm(folder: &Path, args: &[String], input: Option<&Path>) -> Said {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dbm"));
    c.current_dir(folder).args(args).env("LANG", "C.UTF-8").env("COLUMNS", "100");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "LC_ALL"] {
        c.env_remove(name);
    }
    c.stdin(match input {
        Some(file) => Stdio::from(std::fs::File::open(file).unwrap()),
        None => Stdio::null(),
    });
    let o = c.output().unwrap();
    let (err, out) = (String::from_utf8(o.stderr).unwrap(), String::from_utf8(o.stdout).unwrap());
    Said { code: o.status.code().unwrap_or(-1), text: err + &out }
}

/// A command line as a shell would take it apart: spaces, quotes, nothing else.
pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let (mut word, mut quote, mut some) = (String::new(), None, false);
    for c in line.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => (quote, some) = (Some(c), true),
            None if c == ' ' => {
                if some || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                some = false;
            }
            None => word.push(c),
        }
    }
    if some || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Runs one command of a session: `dbm …` (also as `cargo run … -- …`), `cat FILE`, or `echo $?`.
pub fn command(folder: &Path, line: &str, last: &mut i32) -> String {
    let mut args = words(line);
    if let Some(i) = args.iter().position(|a| a == "--").filter(|_| line.starts_with("cargo run")) {
        args.splice(..=i, ["dbm".to_string()]);
    }
    let input = args.iter().position(|a| a == "<").map(|i| args.split_off(i).remove(1));
    match args.remove(0).as_str() {
        "dbm" => {
            let said = dbm(folder, &args, input.map(|f| folder.join(f)).as_deref());
            *last = said.code;
            said.text
        }
        "cat" => args.iter().map(|a| std::fs::read_to_string(folder.join(a)).unwrap()).collect(),
        "echo" => format!("{last}\n"),
        other => panic!("a session cannot run `{other}`"),
    }
}

/// Runs the sessions of a console block and gives the block as it is now.
fn session(folder: &Path, text: &str) -> String {
    let mut last = 0;
    let mut out = String::new();
    for line in text.lines().filter_map(|l| l.strip_prefix("$ ")) {
        let said = command(folder, line, &mut last);
        let _ = writeln!(out, "$ {line}");
        out += &tidy(&said);
    }
    out
}

/// Without spaces at line ends and empty lines at the end, with a last line end.
pub fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    match text.trim_end() {
        "" => String::new(),
        text => format!("{text}\n"),
    }
}

/// The codes that a text names: `[DBM0201]`.
fn codes(text: &str) -> Vec<String> {
    let mut codes: Vec<String> = vec![];
    for (i, _) in text.match_indices("[DBM") {
        let code = text[i + 1..].chars().take(7).collect::<String>();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Executes a page: its files in `folder`, its sessions in `at`. Gives the page as it is now and what is wrong with it.
fn execute(page: &str, folder: &Path, at: &Path) -> (String, Vec<String>) {
    let mut wrong = vec![];
    let mut parts = parts(page);
    let (mut program, mut candidate) = ("rules.dbm".to_string(), String::new());
    let mut spoken = String::new();
    for part in &mut parts {
        let Part::Block(b) = part else { continue };
        let named = b.attrs.iter().find_map(|a| a.strip_prefix("file=")).map(str::to_string);
        let has = |word: &str| b.attrs.iter().any(|a| a == word);
        let expected: Vec<String> = b.attrs.iter().filter(|a| a.starts_with("DBM")).cloned().collect();
        let check = |files: &[&str]| {
            let args: Vec<String> = std::iter::once("check").chain(files.iter().copied()).map(str::to_string).collect();
            dbm(folder, &args, None)
        };
        let mut fail = |line: usize, why: String| wrong.push(format!("line {line}: {why}"));
        match b.lang.as_str() {
            "dbm" => {
                let name = named.unwrap_or_else(|| "rules.dbm".into());
                std::fs::write(folder.join(&name), &b.text).unwrap();
                if has("later") {
                    continue;
                }
                let said = check(&[&name]);
                if has("wrong") {
                    let found = codes(&said.text);
                    if said.code != 3 || !expected.iter().all(|c| found.contains(c)) || expected.is_empty() {
                        fail(b.line, format!("wants {expected:?}, is {} {found:?}\n{}", said.code, said.text));
                        b.attrs.retain(|a| !a.starts_with("DBM"));
                        b.attrs.extend(found);
                    }
                } else if said.code != 0 {
                    fail(b.line, format!("does not check\n{}", said.text));
                } else if b.text.contains("\ntest \"") || b.text.starts_with("test \"") {
                    let said = dbm(folder, &["test".into(), name.clone()], None);
                    if said.code != 0 {
                        fail(b.line, format!("its tests fail\n{}", said.text));
                    }
                }
                spoken = said.text;
                (program, candidate) = (name, String::new());
            }
            "json" | "jsonl" | "yaml" if !has("shown") => {
                candidate = named.unwrap_or_else(|| format!("candidate.{}", b.lang));
                std::fs::write(folder.join(&candidate), &b.text).unwrap();
                if has("later") {
                    continue;
                }
                let reader = b.attrs.iter().find_map(|a| a.strip_prefix("reader="));
                let said = match reader {
                    Some(r) => check(&[&program, &candidate, "--reader", r]),
                    None => check(&[&program, &candidate]),
                };
                let found = codes(&said.text);
                match has("wrong") {
                    true if said.code != 4 || !expected.iter().all(|c| found.contains(c)) || expected.is_empty() => {
                        fail(b.line, format!("wants {expected:?}, is {} {found:?}\n{}", said.code, said.text));
                        b.attrs.retain(|a| !a.starts_with("DBM"));
                        b.attrs.extend(found);
                    }
                    false if said.code != 0 && said.code != 1 => fail(b.line, format!("is not read\n{}", said.text)),
                    _ => {}
                }
                spoken = said.text;
            }
            "text" => {
                let now = tidy(&spoken);
                if now != b.text {
                    fail(b.line, format!("{program} {candidate}: now\n{now}"));
                    b.text = now;
                }
            }
            "console" => {
                let now = session(at, &b.text);
                if now != b.text {
                    fail(b.line, format!("now\n{now}"));
                    b.text = now;
                }
            }
            "dbm-fragment" => {
                if let Some(file) = b.attrs.iter().find_map(|a| a.strip_prefix("append=")) {
                    let before = std::fs::read_to_string(folder.join(file)).unwrap();
                    std::fs::write(folder.join(file), before + "\n" + &b.text).unwrap();
                }
            }
            "json" | "rust" | "toml" | "sh" => {}
            lang => fail(b.line, format!("what is a block of `{lang}`?")),
        }
    }
    (printed(&parts), wrong)
}

/// Executes the page at a path; its sessions in the folder given, or in the one of its files.
pub fn page(path: &Path, at: Option<&Path>) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs").join(name.replace(['/', '.'], "-"));
    let _ = std::fs::remove_dir_all(&own);
    std::fs::create_dir_all(&own).unwrap();
    let (now, wrong) = execute(&text, &own, at.unwrap_or(&own));
    if std::env::var("DBM_DOCS").is_ok_and(|v| v == "update") && now != text {
        std::fs::write(path, now).unwrap();
    }
    wrong.into_iter().map(|w| format!("{name}, {w}")).collect()
}

/// The folder of the package.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn chapters() -> Vec<String> {
    let summary = std::fs::read_to_string(root().join("docs/book/SUMMARY.md")).unwrap();
    let links = summary.lines().filter_map(|l| l.split_once("](")?.1.strip_suffix(')'));
    links.map(|l| l.trim_start_matches("./").to_string()).collect()
}

#[test]
fn the_summary_lists_every_chapter() {
    let mut listed = chapters();
    let mut there: Vec<String> =
        std::fs::read_dir(root().join("docs/book")).unwrap().flatten().map(|e| e.file_name().into_string().unwrap()).collect();
    there.retain(|n| n.ends_with(".md") && n != "SUMMARY.md");
    listed.sort();
    there.sort();
    assert_eq!(listed, there);
}

#[test]
fn the_book_is_true() {
    let wrong: Vec<String> = chapters().iter().flat_map(|c| page(&root().join("docs/book").join(c), None)).collect();
    assert!(wrong.is_empty(), "{} blocks are not true:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_readme_is_true() {
    let wrong = page(&root().join("README.md"), Some(&root()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_book_describes_every_built_in_and_no_other() {
    use dbm::scalar::builtin;
    let text = std::fs::read_to_string(root().join("docs/book/builtins.md")).unwrap();
    let mut wanted = vec![];
    for name in builtin::names() {
        let b = builtin::find(name).unwrap();
        wanted.push(format!("| `{}` | {} |", b.usage.replace('|', "\\|"), b.doc));
    }
    for module in builtin::modules() {
        for name in builtin::names_in(module) {
            let b = builtin::find_in(module, name).unwrap();
            wanted.push(format!("| `{module}.{}` | {} |", b.usage, b.doc));
        }
    }
    let missing: Vec<&String> = wanted.iter().filter(|w| !text.lines().any(|l| l == w.as_str())).collect();
    assert!(
        missing.is_empty(),
        "docs/book/builtins.md lacks\n{}",
        missing.iter().map(|w| w.as_str()).collect::<Vec<_>>().join("\n")
    );
    let rows = text.lines().filter(|l| l.starts_with("| `") && l.contains('(')).count();
    assert_eq!(rows, wanted.len(), "the book has rows that no built-in has");
}

#[test]
fn links_in_the_book_lead_somewhere() {
    let mut broken = vec![];
    for chapter in chapters() {
        let text = std::fs::read_to_string(root().join("docs/book").join(&chapter)).unwrap();
        for (i, _) in text.match_indices("](") {
            let to = text[i + 2..].split([')', '#', ' ']).next().unwrap_or_default();
            if !to.is_empty() && !to.contains("://") && !root().join("docs/book").join(to).exists() {
                broken.push(format!("{chapter}: {to}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

mod harness {
    use super::*;

    #[test]
    fn a_page_is_printed_as_it_was_read() {
        let page = "a\n```dbm,wrong,DBM0201\nnode A\n```\nb\n\n````console\n$ dbm\n```dbm\n```\n````\n";
        assert_eq!(printed(&parts(page)), page);
    }
    #[test]
    fn a_command_line_is_split_as_a_shell_would() {
        assert_eq!(words("dbm query a 'x -e-> y' --p \"a b\" ''"), ["dbm", "query", "a", "x -e-> y", "--p", "a b", ""]);
    }
}
