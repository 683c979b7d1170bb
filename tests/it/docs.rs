//! The book and the READMEs, executed: every program checks, every candidate is read, every session gives what is printed.
//!
//! In a page, ` ```dbm ` is a program (`rules.dbm`, or `file=NAME`): it must check without an error, and its tests must pass.
//! ` ```dbm,wrong,DBM0201 ` must be refused with that code. ` ```json ` (`yaml`, `jsonl`) behind it is a candidate
//! (`candidate.json`, or `file=NAME`): it must be read, with `reader=NAME` if it says so; `json,wrong,DBM0511` must be refused with
//! that code. Of what is `later` only the file is written; `json,shown` is not looked at. ` ```dbm-fragment,append=NAME ` is
//! appended to that file. A ` ```text ` block behind one of these is what `dbm check` says. A ` ```console ` block is a session:
//! lines that begin with `$ ` are run, the others are what they print (first standard error, then standard output); behind
//! `$ dbm repl` what stands behind each prompt is entered.
//! `DBM_DOCS=update cargo test --test it docs` writes what comes out now into the pages; what stands between `<!-- made: … -->` and
//! `<!-- end -->` is made from the library and the pages of the codes (write those by themselves: `docs::the_standard_library
//! docs::the_error_index`).
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
    let mut chunks: Vec<(&str, String)> = vec![];
    for l in text.lines() {
        match (l.strip_prefix("$ "), chunks.last_mut()) {
            (Some(line), _) => chunks.push((line, String::new())),
            (None, Some((_, below))) => *below += &format!("{l}\n"),
            _ => {}
        }
    }
    for (line, below) in chunks {
        let said = match words(line).iter().any(|w| w == "repl") && below.contains("> ") {
            true => replayed(folder, line, &below),
            false => command(folder, line, &mut last),
        };
        let _ = writeln!(out, "$ {line}");
        out += &tidy(&said);
    }
    out
}

/// What a session of the REPL prints now, with the entries that a transcript has.
fn replayed(folder: &Path, line: &str, below: &str) -> String {
    let call = line.find("repl").map_or(line, |at| &line[at..]);
    let file = folder.join(format!("session-{}.snap", std::process::id()));
    std::fs::write(&file, format!("$ dbm {call}\n{below}")).unwrap();
    let said = dbm(folder, &["test".into(), file.to_str().unwrap().into(), "--update".into()], None);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(said.code, 0, "{}", said.text);
    text.split_once('\n').map(|t| t.1.to_string()).unwrap_or_default()
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

/// A page with what stands between `<!-- made: NAME -->` and `<!-- end -->` as it is now.
fn made(page: &str, name: &str, text: &str) -> String {
    let open = format!("<!-- made: {name} -->\n");
    let start = page.find(&open).unwrap_or_else(|| panic!("no part of the page is called `{name}`")) + open.len();
    let length = page[start..].find("<!-- end -->").unwrap_or_else(|| panic!("the part `{name}` does not end"));
    format!("{}\n{}\n\n{}", &page[..start], text.trim_matches('\n'), &page[start + length..])
}

/// A chapter has these parts, all of them and no other, as they are now; or, in update mode, it gets them.
fn holds_what_is_made(chapter: &str, parts: &[(String, String)]) {
    let path = root().join("docs/book").join(chapter);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("<!-- made: ").count(), parts.len(), "parts of {chapter}");
    let now = parts.iter().fold(text.clone(), |page, (name, part)| made(&page, name, part));
    if now == text {
        return;
    }
    if std::env::var("DBM_DOCS").is_ok_and(|v| v == "update") {
        std::fs::write(&path, now).unwrap();
        return;
    }
    let lacks: Vec<&str> = now.lines().filter(|l| !text.contains(*l)).collect();
    panic!("docs/book/{chapter} is not as it would be made now; it lacks\n{}", lacks.join("\n"));
}

/// A text in lines of at most 136 characters.
fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let (mut out, mut line, mut begun) = (String::new(), first.to_string(), false);
    for word in text.split_whitespace() {
        if begun && line.chars().count() + 1 + word.chars().count() > 136 {
            out += &line;
            out += "\n";
            line = format!("{rest}{word}");
        } else {
            if begun {
                line.push(' ');
            }
            line += word;
        }
        begun = true;
    }
    out + &line + "\n"
}

/// A module that is written in dbm, as the book shows it: what it says of itself, and each item with its comment and its text.
/// An item ends where an empty line stands.
fn module(text: &str) -> String {
    let (mut head, mut items, mut doc) = (String::new(), String::new(), String::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(l) = line.strip_prefix("//!") {
            head += &format!("{}\n", l.trim());
        } else if let Some(l) = line.strip_prefix("///") {
            doc += &format!("{}\n", l.trim());
        } else if !line.trim().is_empty() && !line.starts_with("//") {
            let mut source = format!("{line}\n");
            while let Some(l) = lines.next_if(|l| !l.trim().is_empty()) {
                source += &format!("{l}\n");
            }
            let words: Vec<&str> = line.split([' ', ':']).filter(|w| !w.is_empty()).collect();
            let named = if matches!(words.first(), Some(&"open" | &"observed")) { 3 } else { 2 };
            let title = match line.strip_prefix("rule ") {
                Some(rule) => rule.split_inclusive(')').next().unwrap_or(rule).to_string(),
                None => words.into_iter().take(named).collect::<Vec<_>>().join(" "),
            };
            items += &format!("### `{title}`\n\n{doc}\n```dbm-fragment\n{source}```\n\n");
            doc.clear();
        }
    }
    format!("{head}\n{items}")
}

#[test]
fn the_standard_library_is_in_the_book() {
    use dbm::scalar::builtin;
    let mut parts: Vec<(String, String)> = vec![];
    for (name, text) in dbm::semantics::library::MODULES {
        parts.push((format!("std.{name}"), module(text)));
    }
    for name in builtin::modules() {
        let functions = builtin::names_in(name).into_iter().map(|f| {
            let b = builtin::find_in(name, f).unwrap();
            wrapped(&format!("`{name}.{}` gives {}", b.usage, b.doc), "- ", "  ")
        });
        parts.push((format!("std.{name}"), functions.collect()));
    }
    holds_what_is_made("library.md", &parts);
}

#[test]
fn the_reference_names_every_word_of_the_grammar() {
    let grammar = std::fs::read_to_string(root().join("grammar/dbm.pest")).unwrap();
    let page = std::fs::read_to_string(root().join("docs/book/reference.md")).unwrap();
    let named: Vec<&str> =
        page.split('`').skip(1).step_by(2).flat_map(|c| c.split(|x: char| !x.is_alphanumeric() && x != '_')).collect();
    let lines = grammar.lines().filter(|l| l.contains("!ident_char") && !l.starts_with("duration"));
    let words = lines.flat_map(|l| l.split('"').skip(1).step_by(2));
    let words = words.filter(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase()));
    let missing: Vec<&str> = words.filter(|w| !named.contains(w)).collect();
    assert!(missing.is_empty(), "docs/book/reference.md does not name {missing:?}");
}

#[test]
fn the_error_index_has_every_page() {
    use dbm::report::explain::PAGES;
    let mut parts: Vec<(String, String)> = vec![];
    for (number, page) in PAGES {
        let range = format!("DBM{:02}", number / 100);
        let (code, name) = page.lines().next().and_then(|l| l.strip_prefix("# ")?.split_once(": ")).unwrap();
        let about: Vec<&str> = page.split("\n\n").nth(1).unwrap().split_whitespace().collect();
        let row = format!("| [{code}](../errors/{code}.md) | `{name}` | {} |\n", about.join(" ").replace('|', "\\|"));
        match parts.last_mut() {
            Some((last, rows)) if *last == range => *rows += &row,
            _ => parts.push((range, format!("| code | name | |\n| --- | --- | --- |\n{row}"))),
        }
    }
    holds_what_is_made("errors.md", &parts);
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
