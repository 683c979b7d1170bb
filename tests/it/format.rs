//! The formatter: what comes out is the same program, and formatting it again changes nothing; for all programs that are here, and
//! for random ones whose white space was destroyed.
use super::docs::root;
use super::random::{self, Rng};
use dbm::base::Sources;
use dbm::session::format;
use dbm::syntax::{TokenKind, parse, tokens};
use std::path::{Path, PathBuf};

/// The tree of a text, without its spans; nothing if it does not parse.
fn tree(text: &str) -> Option<String> {
    let mut sources = Sources::new();
    let file = sources.add_file("tree.dbm", text);
    let parsed = parse(&mut sources, file);
    if parsed.diagnostics.iter().any(|d| d.is_error()) {
        return None;
    }
    let text = format!("{:?} {:?}", parsed.docs, parsed.items);
    let mut parts = text.split("Span { start: ");
    let first = parts.next().unwrap_or_default().to_string();
    Some(first + &parts.map(|p| p.split_once(" }").map_or(p, |(_, rest)| rest)).collect::<String>())
}

fn comments(text: &str) -> Vec<String> {
    let all = tokens(text);
    let comments = all.iter().filter(|t| t.kind.is_trivia() && t.kind != TokenKind::Space);
    comments.map(|t| t.text(text).trim_end().to_string()).collect()
}

/// What is wrong with what the formatter makes of a text that parses.
fn wrong(text: &str) -> Option<String> {
    let once = match format("test.dbm", text) {
        Ok(once) => once,
        Err(failure) => return Some(format!("{:#?}", failure.diagnostics)),
    };
    if tree(text) != tree(&once) {
        return Some(format!("another tree:\n{once}"));
    }
    if comments(text) != comments(&once) {
        return Some(format!("other comments:\n{once}"));
    }
    let long = once.lines().find(|l| l.ends_with(' ') || l.contains('\t') || l.contains('\r'));
    if let Some(line) = long.or((once.contains("\n\n\n") || once.starts_with('\n')).then_some("")) {
        return Some(format!("white space at `{line}`:\n{once}"));
    }
    match format("test.dbm", &once) {
        Ok(twice) if twice == once => None,
        Ok(twice) => Some(format!("once:\n{once}\ntwice:\n{twice}")),
        Err(failure) => Some(format!("once:\n{once}\n{:#?}", failure.diagnostics)),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for e in entries {
        match e.is_dir() {
            true => files(&e, found),
            false => found.push(e),
        }
    }
}

/// The programs below a folder: files, and the blocks of pages.
fn programs(folder: &Path) -> Vec<(String, String)> {
    let mut paths = vec![];
    files(folder, &mut paths);
    let mut found = vec![];
    for path in paths {
        let name = path.display().to_string();
        let read = || std::fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("dbm") => found.push((name, read())),
            Some("md") => {
                let text = read();
                let blocks = text.split("\n```dbm").skip(1).filter_map(|b| b.split_once('\n')?.1.split_once("```"));
                found.extend(blocks.enumerate().map(|(n, (block, _))| (format!("{name}, block {n}"), block.to_string())));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_program_that_is_here_can_be_formatted() {
    let mut all = vec![];
    for folder in ["examples", "stdlib", "tests/suite", "docs", "benches"] {
        all.extend(programs(&root().join(folder)));
    }
    let own = all.len();
    // the design and the conformance suite stand beside the package, where they are there
    for folder in ["../shared/design", "../shared/conformance"] {
        all.extend(programs(&root().join(folder)));
    }
    let (right, not): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, text)| tree(text).is_some());
    assert!(own > 200 && right.len() > not.len(), "{own} programs, {} of all parse", right.len());
    let wrong: Vec<String> = right.iter().filter_map(|(n, t)| Some(format!("{n}: {}", wrong(t)?))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), right.len(), wrong.join("\n"));
    let unread = not.iter().filter_map(|(n, t)| format(n, t).is_ok().then_some(n));
    assert_eq!(unread.collect::<Vec<_>>(), Vec::<&String>::new(), "what does not parse is not formatted");
}

#[test]
fn the_examples_are_in_the_style() {
    let mut paths = vec![];
    files(&root().join("examples"), &mut paths);
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "dbm")) {
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(format("example.dbm", &text).unwrap(), text, "{}", path.display());
    }
}

#[test]
fn the_page_of_the_style_is_in_the_style() {
    let pages = programs(&root().join("docs/book"));
    let (_, text) = pages.iter().find(|(name, _)| name.ends_with("style.md, block 0")).unwrap();
    assert_eq!(&format("style.dbm", text).unwrap(), text);
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Spaces {
    OneLine,
    LineEach,
    Random,
    Comments,
}

/// The tokens of a program with other white space between them.
fn destroyed(items: &[String], spaces: Spaces, r: &mut Rng) -> String {
    let mut out = String::new();
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push_str(if spaces == Spaces::OneLine { " " } else { "\n" });
        }
        let significant: Vec<&str> = tokens(item).iter().filter(|t| !t.kind.is_trivia()).map(|t| t.text(item)).collect();
        for (i, token) in significant.iter().enumerate() {
            out.push_str(token);
            let before = out.len();
            if spaces == Spaces::Comments && r.chance(8) {
                out.push_str(["", " ", "\n  ", "\n\n\n   "][r.below(4)]);
                out.push_str(&format!("// c{n}_{i}{}\n", [" ", "", "\r"][r.below(3)]));
            }
            if i + 1 < significant.len() {
                out.push_str(match spaces {
                    Spaces::OneLine => " ",
                    Spaces::LineEach => "\n  ",
                    _ if out.len() > before => "\t",
                    _ => [" ", "  ", " ", "\n   ", "\r\n\t", "\n\n\n "][r.below(6)],
                });
            }
        }
    }
    out
}

#[test]
fn a_random_program_without_its_white_space_finds_its_form() {
    let (mut tried, mut refused) = (0, 0);
    for seed in 0..300 {
        let case = random::case(seed);
        let mut r = Rng(seed + 1);
        let want = tree(&case.program());
        for spaces in [Spaces::OneLine, Spaces::LineEach, Spaces::Random, Spaces::Comments] {
            let text = destroyed(&case.items, spaces, &mut r);
            if want.is_none() || tree(&text) != want {
                refused += 1;
                continue;
            }
            tried += 1;
            if let Some(wrong) = wrong(&text) {
                panic!("seed {seed}, {spaces:?}\n{text}\n{wrong}");
            }
        }
    }
    assert!(tried > 9 * refused, "{tried} tried, {refused} do not parse to the same tree");
}

#[test]
fn every_program_that_is_here_finds_its_form_again() {
    for (n, (name, text)) in
        ["examples", "tests/suite", "../shared/design"].iter().flat_map(|f| programs(&root().join(f))).enumerate()
    {
        let Some(want) = tree(&text) else { continue };
        let mut r = Rng(n as u64);
        // blank lines, line ends and comments of its own stay; between all other tokens there is other white space
        let mut other = String::new();
        for t in tokens(&text) {
            let slice = t.text(&text);
            let newline = slice.contains('\n');
            if t.kind == TokenKind::Space && !newline && r.chance(30) {
                other.push_str(["\n      ", "   ", "\n \n\n      // here\n      "][r.below(3)]);
            } else {
                other.push_str(slice);
            }
        }
        if tree(&other).as_ref() == Some(&want)
            && let Some(wrong) = wrong(&other)
        {
            panic!("{name}\n{other}\n{wrong}");
        }
    }
}
