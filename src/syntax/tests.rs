//! Tests of syntax: the page, the whole grammar against its items, messages, hostile input.
//!
//! It is long because what newcomers write is one table of cases.
use super::ast::*;
use super::grammar::{Rule, pairs};
use super::{Parsed, TokenKind, parse, tokens};
use super::{build, depth, error, parse_formula, token};
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
    assert!(diagnostics.is_empty(), "{}\n{}", text.get(..200).unwrap_or(text), shown(&sources, &diagnostics));
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
            out.push_str(&format!(
                "  {}: {:?}\n",
                s.message,
                s.edits.iter().map(|e| (sources.text(e.place), &e.text)).collect::<Vec<_>>()
            ));
        }
    }
    out
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("tests/suite/page")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().map(|p| (p.display().to_string(), std::fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn every_block_of_the_page_parses() {
    assert_eq!(fixtures().len(), 9);
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

/// Every program at hand: the page's, and the conformance cases if they are there.
fn programs() -> Vec<(String, String)> {
    let mut out = fixtures();
    if let Some(folder) = std::env::var_os("DBM_CONFORMANCE") {
        for case in std::fs::read_dir(FilePath::new(&folder)).unwrap() {
            let path = case.unwrap().path().join("program.dbm");
            if let (Ok(text), false) = (std::fs::read_to_string(&path), path.display().to_string().contains("core-44")) {
                out.push((path.display().to_string(), text));
            }
        }
    }
    out
}

#[test]
fn a_file_parsed_whole_equals_its_items_parsed_one_by_one() {
    for (name, text) in programs() {
        let (sources, parsed) = parsed(&text);
        let whole = pairs(Rule::file, &text).unwrap().next().unwrap();
        let mut items = parsed.items.iter();
        for pair in whole.into_inner().filter(|p| p.as_rule() != Rule::EOI) {
            let start = pair.as_span().start();
            let mut builder = build::Builder::new(&text[start..], ItemId(0), start);
            let kind = builder.item(pair).unwrap();
            let item = items.next().unwrap();
            assert_eq!(sources.resolve(item.place(item.span)).unwrap().1.start as usize, start, "{name}");
            assert_eq!(kind, item.kind, "{name}");
        }
        assert!(items.next().is_none(), "{name}");
    }
}

fn grammar() -> String {
    std::fs::read_to_string(root().join("grammar/dbm.pest")).unwrap()
}

/// The words in quotes of the text.
fn quoted_words(text: &str) -> Vec<String> {
    regex::Regex::new("\"([a-z]{2,})\"").unwrap().captures_iter(text).map(|c| c[1].to_string()).collect()
}

#[test]
fn every_keyword_of_the_grammar_is_one_token() {
    let grammar = grammar();
    let words =
        quoted_words(grammar.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n").as_str());
    assert!(words.len() > 100);
    for word in words {
        let all = tokens(&word);
        assert_eq!(all.len(), 1, "{word}");
        assert!(matches!(all[0].kind, TokenKind::Ident | TokenKind::Reserved), "{word}");
        assert_eq!(all[0].kind == TokenKind::Reserved, token::RESERVED.contains(&word.as_str()), "{word}");
        // with a letter behind it, it is a name
        let longer = format!("{word}x(y)");
        assert!(matches!(formula(&longer).kind, ExprKind::Call { .. }), "{longer}");
        assert_eq!(tokens(&longer)[0].kind, TokenKind::Ident);
    }
    let reserved = grammar.split("reserved    = @{").nth(1).unwrap().split('}').next().unwrap();
    assert_eq!(quoted_words(reserved), token::RESERVED);
    for word in token::ITEM_WORDS {
        assert!(grammar.contains(&format!("= @{{ \"{word}\" ~ !ident_char }}")), "{word}");
    }
    assert!(matches!(formula("nothing(x)").kind, ExprKind::Call { .. }));
}

#[test]
fn words_that_are_not_reserved_are_names() {
    for word in [
        "count", "matches", "min", "last", "at", "holds", "stable", "forbids", "pending", "message", "rule", "node", "since",
        "div", "any", "per", "by",
    ] {
        assert_eq!(tree(&formula(word)), word);
        assert_eq!(
            tree(&formula(&format!("{word} and {word}.{word} == {word}"))),
            format!("(and {word} (== {word}.{word} {word}))")
        );
        assert_eq!(tree(&formula(&format!("{word}({word})"))), format!("{word}({word})"));
        clean(&format!("invariant {word} {{ for {word}: Host require {word}.{word} message \"m\" }}"));
        clean(&format!(
            "node {word} {{ {word}: Text, b: Int }}\nedge {word}: {word} -> {word}\nrule {word}({word}: {word}) if {word}({word})\nprefer {word} = {word}\nevent E"
        ));
    }
}

/// A short form of an expression, for tests of how operators bind.
fn tree(e: &Expr) -> String {
    let all = |v: &[Expr]| v.iter().map(tree).collect::<Vec<_>>().join(" ");
    match &e.kind {
        ExprKind::Literal(Literal::Int(n)) => n.to_string(),
        ExprKind::Literal(Literal::Text(t)) => format!("{t:?}"),
        ExprKind::Literal(l) => format!("{l:?}"),
        ExprKind::Name(n) => n.text.to_string(),
        ExprKind::Wildcard => "_".into(),
        ExprKind::Attr { base, name } => format!("{}.{}", tree(base), name.text),
        ExprKind::Index { base, index } => format!("{}[{}]", tree(base), tree(index)),
        ExprKind::Call { callee, args } => format!("{}({})", tree(callee), all(args)),
        ExprKind::List(v) => format!("[{}]", all(v)),
        ExprKind::Record(r) => format!(
            "{{{}}}",
            r.fields.iter().map(|f| format!("{}:{}", f.name.text, tree(&f.value))).collect::<Vec<_>>().join(" ")
        ),
        ExprKind::Range { low, high } => format!("(.. {} {})", tree(low), tree(high)),
        ExprKind::Neg(x) => format!("(- {})", tree(x)),
        ExprKind::Not(x) => format!("(not {})", tree(x)),
        ExprKind::And(v) => format!("(and {})", all(v)),
        ExprKind::Or(v) => format!("(or {})", all(v)),
        ExprKind::Binary { op, left, right, .. } => format!("({} {} {})", op.text(), tree(left), tree(right)),
        ExprKind::Cast { operand, .. } => format!("(as {})", tree(operand)),
        ExprKind::Is { operand, kind } => format!("(is {} {})", tree(operand), kind.name.text),
        ExprKind::Has { operand, attr } => format!("(has {} {})", tree(operand), attr.text),
        ExprKind::If { condition, then, otherwise } => format!("(if {} {} {})", tree(condition), tree(then), tree(otherwise)),
        ExprKind::Arrow(a) => {
            let steps: Vec<String> = a
                .steps
                .iter()
                .map(|s| format!("{}{} {}", if s.backwards { "<" } else { ">" }, path(&s.path), tree(&s.target)))
                .collect();
            format!("(arrow {} {})", tree(&a.start), steps.join(" "))
        }
        ExprKind::Quantifier(q) => format!(
            "(quantified {}{}{})",
            q.scope.binders.len(),
            q.scope.condition.as_ref().map_or(String::new(), |c| format!(" {}", tree(c))),
            q.satisfies.as_ref().map_or(String::new(), |c| format!(" {}", tree(c)))
        ),
        ExprKind::Since(_) => "(since)".into(),
        ExprKind::Earlier(x) => {
            format!("(earlier {}{})", x.events.len(), x.condition.as_ref().map_or(String::new(), |c| format!(" {}", tree(c))))
        }
        ExprKind::Consecutive(c) => format!("(consecutive {})", tree(&c.satisfies)),
        ExprKind::Aggregate(a) => {
            format!("({}{})", a.function.text(), a.value.as_ref().map_or(String::new(), |v| format!(" {}", tree(v))))
        }
        ExprKind::Verdict(v) => match &v.kind {
            VerdictKind::Stable(x) => format!("(stable {})", tree(x)),
            VerdictKind::Decides { event, .. } => format!("(decides {})", tree(event)),
            VerdictKind::Breaks { condition: Some(c), .. } => format!("(breaks {})", tree(c)),
            _ => "(verdict)".into(),
        },
        ExprKind::Share(s) => format!("(share {})", tree(&s.formula)),
    }
}

fn path(p: &Path) -> String {
    match &p.kind {
        PathKind::Name(n) => n.name.text.to_string(),
        PathKind::Any => "_".into(),
        PathKind::Either(v) => format!("({})", v.iter().map(path).collect::<Vec<_>>().join("|")),
        PathKind::Repeat { path: p, min, max } => {
            format!("{}{{{min},{}}}", path(p), max.map_or(String::new(), |m| m.to_string()))
        }
    }
}

#[test]
fn precedence_is_that_of_the_fine_print() {
    for (text, expected) in [
        ("-a.b[0](c) as Int", "(as (- a.b[0](c)))"),
        ("a * b as Int", "(* a (as b))"),
        ("a + b * c div d % e - f", "(- (+ a (% (div (* b c) d) e)) f)"),
        ("a ++ b + c", "(+ (++ a b) c)"),
        ("a ?? b ?? c + d", "(?? a (?? b (+ c d)))"),
        ("a ?? 0 <= b", "(<= (?? a 0) b)"),
        ("a not in b and c in 1..3", "(and (not in a b) (in c (.. 1 3)))"),
        ("not a == b", "(not (== a b))"),
        ("not not a and b or c implies d implies e", "(implies (or (and (not (not a)) b) c) (implies d e))"),
        ("a and b and c or d", "(or (and a b c) d)"),
        ("a and (b and c)", "(and a (and b c))"),
        ("a implies not b -x-> _", "(implies a (not (arrow b >x _)))"),
        ("not s is A and s has b", "(and (not (is s A)) (has s b))"),
        ("1.0 - if a then b else c + 1", "(- Float(1.0) (if a b (+ c 1)))"),
        ("if a then b else if c then d else e", "(if a b (if c d e))"),
        ("-1 - -2", "(- -1 -2)"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("- x", "(- x)"),
        ("a -b- c", "(- (- a b) c)"),
        ("a - b -> c", "(arrow a >b c)"),
        ("a -b-> c - d", "(arrow a >b (- c d))"),
        ("a -b-> c <-d- e -(f|g.h)+-> _", "(arrow a >b c <d e >(f|h){1,} _)"),
        (
            "a -b{2,4}-> c and a -b{3}-> c and a -b{2,}-> c and a -_*-> c",
            "(and (arrow a >b{2,4} c) (arrow a >b{3,3} c) (arrow a >b{2,} c) (arrow a >_{0,} c))",
        ),
        ("a < -b", "(< a (- b))"),
        ("a <-b - c", "(arrow a <b c)"),
        ("some x: K where a and b or c", "(quantified 1 (or (and a b) c))"),
        ("a and some x: K, y in z where b or c", "(and a (quantified 2 (or b c)))"),
        ("(some x: K where a) and b", "(and (quantified 1 a) b)"),
        ("every x: K where a satisfies b implies c", "(quantified 1 a (implies b c))"),
        ("not some x: K where a", "(not (quantified 1 a))"),
        ("at least 2 x: K where a and exactly n y: K", "(quantified 1 (and a (quantified 1)))"),
        ("in at least 95% worlds a and b", "(share (and a b))"),
        ("stable a and b", "(and (stable a) b)"),
        ("stable (a or b)", "(stable (or a b))"),
        ("stable(a)", "stable(a)"),
        ("stable some x: K where a", "(stable (quantified 1 a))"),
        ("was(forbids c) implies forbids c by p", "(implies was((decides c)) (decides c))"),
        ("holds a and breaks b where x == a and y", "(and (verdict) (breaks (and (== x a) y)))"),
        ("earlier a: A then b: B within 1h where a.x and b.y", "(earlier 2 (and a.x b.y))"),
        ("no x: A where a since y: B where b", "(since)"),
        ("count(h: Host where a) >= count(list)", "(>= (count) count(list))"),
        ("count(x in xs where x) + count((k, v) in xs) + count(last 5 r: E)", "(+ (+ (count) (count)) (count))"),
        ("sum(a.b * c for a: K, b: L where c)", "(sum (* a.b c))"),
        ("percentile(95, e.p99 for e: calls)", "(percentile e.p99)"),
        ("consecutive(r: E where a satisfies not b) >= 3", "(>= (consecutive (not b)) 3)"),
        ("{ a: 1, `b c`: [2, 3,], }.a", "{a:1 b c:[2 3]}.a"),
        ("graph.reaches(a, b)", "graph.reaches(a b)"),
        ("x as Float ?? 0.5", "(?? (as x) Float(0.5))"),
        ("p.a as Float? ?? 0", "(?? (as p.a) 0)"),
        ("@2026-01-03T10:00:00.5+01:00 == 1h", "(== Time(1767430800500000) Duration(3600000000))"),
        (r#""a\n\"\u{1F4A1}" == r"\d""#, "(== \"a\\n\\\"💡\" \"\\\\d\")"),
    ] {
        assert_eq!(tree(&formula(text)), expected, "{text}");
    }
}

#[test]
fn spans_are_relative_to_their_item() {
    let text = "node Host\n\n/// Docs.\n/// More.\nrule a(x: Host) if (x.b) == c\n";
    let (sources, parsed) = parsed(text);
    let item = &parsed.items[1];
    assert_eq!(item.docs.as_deref(), Some("Docs.\nMore."));
    assert_eq!(sources.position(item.place(item.span)).unwrap(), ("p.dbm", 5, 1));
    let ItemKind::Rule(super::ast::Rule { body: RuleBody::If(body), .. }) = &item.kind else { panic!() };
    assert_eq!(sources.text(item.place(body.span)), "(x.b) == c");
    let ExprKind::Binary { left, .. } = &body.kind else { panic!() };
    assert_eq!(sources.text(item.place(left.span)), "x.b");
}

#[test]
fn messages_are_read_as_parts() {
    let items = clean("invariant i { never a message \"{a} {{b}} {join(xs, \\\", \\\")} \\u{1F4A1}{ {x: 1}.x }\" }");
    let ItemKind::Invariant(i) = &items[0].kind else { panic!() };
    let InvariantClause::Demand(d) = &i.clauses[0] else { panic!() };
    let parts: Vec<String> = d
        .message
        .as_ref()
        .unwrap()
        .parts
        .iter()
        .map(|p| match p {
            MessagePart::Text(t) => format!("T{t}"),
            MessagePart::Value(e) => tree(e),
        })
        .collect();
    assert_eq!(parts, ["a", "T {b} ", "join(xs \", \")", "T 💡", "{x:1}.x"]);
}

#[test]
fn docs_of_files_and_attributes_are_kept() {
    let (_, parsed) = parsed("//! One.\n//! Two.\nnode A {\n  /// How hot.\n  heat: Int, // no doc\n  b: Text\n}\n");
    assert_eq!(parsed.docs.as_deref(), Some("One.\nTwo."));
    let ItemKind::Node(node) = &parsed.items[0].kind else { panic!() };
    assert_eq!(node.attributes[0].docs.as_deref(), Some("How hot."));
    assert_eq!(node.attributes[1].docs, None);
}

#[test]
fn items_on_one_line_and_items_that_look_like_names() {
    let items = clean(
        "node A node B { node: Text } rule rule(node: A) if node.event and test(node) rule test(x: A) if x is A event test",
    );
    assert_eq!(items.len(), 5);
    let items = clean(
        "param node: Int = 1\nprefer test = node\ntest \"x\" { expect pending }\nrule a(x: A) = min {\n  1 if x.policy\n}\ndefault permit\nobserved event open { open: Text }\nopen node observed",
    );
    assert_eq!(items.len(), 7);
}

#[test]
fn one_run_reports_every_broken_item_up_to_the_cap() {
    let (_, p) =
        parsed("node A {\nrule ok(a: A) if a\nrule broken(a: A) iff a\nrule ok2(a: A) if a\nnode B { x Int }\n}\nnode C");
    assert_eq!(p.diagnostics.len(), 4);
    assert_eq!(p.items.iter().filter_map(|i| i.name()).map(|n| n.text.to_string()).collect::<Vec<_>>(), ["ok", "ok2", "C"]);
    assert_eq!(p.broken.iter().map(|n| n.to_string()).collect::<Vec<_>>(), ["A", "B", "broken"]);
    let (_, p) = parsed(&"node {\n}\n".repeat(50));
    assert_eq!(p.diagnostics.len(), parse::CAP);
    assert_eq!(p.diagnostics.last().unwrap().notes, ["30 more mistakes of syntax are not shown"]);
}

const MISTAKES: &str = include_str!("mistakes.txt");

/// Each mistake is a text; lines that are `---` separate them.
fn mistakes() -> Vec<&'static str> {
    MISTAKES.split("---\n").collect()
}

#[test]
fn mistakes_are_explained() {
    let mut out = String::new();
    for text in mistakes() {
        let (sources, parsed) = parsed(text);
        assert!(!parsed.diagnostics.is_empty(), "{text}");
        out.push_str(&format!("{}\n{}\n", text.trim_end(), shown(&sources, &parsed.diagnostics)));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn suggestions_mend_what_they_are_for() {
    for text in mistakes() {
        let (sources, before) = parsed(text);
        for d in &before.diagnostics {
            for s in &d.suggestions {
                let mut edits: Vec<_> = s.edits.iter().map(|e| (sources.resolve(e.place).unwrap().1, &e.text)).collect();
                edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
                let mut mended = text.to_string();
                for (span, with) in edits {
                    mended.replace_range(span.start as usize..span.end as usize, with);
                }
                let (after_sources, after) = parsed(&mended);
                assert!(
                    after.diagnostics.len() < before.diagnostics.len(),
                    "{mended}\n{}",
                    shown(&after_sources, &after.diagnostics)
                );
            }
        }
    }
}

#[test]
fn a_block_of_a_reader_may_follow_an_edit() {
    let items = clean(
        "reader r {\n add Note(\"a\")\n for s in doc.x where s.y { add Note(s.a) for t in s.b where t\n remove a where b }\n add Note(\"b\") for q in doc.z\n}",
    );
    let ItemKind::Reader(r) = &items[0].kind else { panic!() };
    assert_eq!(r.body.len(), 3);
    let ReaderStatement::For { body, .. } = &r.body[1] else { panic!() };
    assert_eq!(body.len(), 2);
}

#[test]
fn functions_of_modules_are_no_methods() {
    clean("import std.version\nimport \"./path.dbm\"\nrule a(s: Service) if version.length(s) > 3 and path.join(s, 1)");
}

#[test]
fn every_code_has_its_own_number_and_name() {
    for (i, a) in error::ALL.iter().enumerate() {
        assert!((101..200).contains(&a.number));
        for b in &error::ALL[..i] {
            assert!(a.number != b.number && a.name != b.name);
        }
    }
}

#[test]
fn hostile_nesting_is_refused_and_the_limit_is_not() {
    let deep = 10_000;
    for text in [
        format!("{}a{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}a", "(".repeat(deep)),
        format!("{}a{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{a: ".repeat(deep), "}".repeat(deep)),
        format!("{}a", "not ".repeat(deep)),
        format!("{}a", "- ".repeat(deep)),
        format!("{}a", "stable ".repeat(deep)),
        format!("a{}", " + a".repeat(deep)),
        format!("a{}", " ?? a".repeat(deep)),
        format!("a{}", " implies a".repeat(deep)),
        format!("a{}", ".a".repeat(deep)),
        format!("a{}", "(a)".repeat(deep)),
        format!("a{}", " as Int".repeat(deep)),
        format!("a{}", " in a".repeat(deep)),
        format!("{}a", "if a then b else ".repeat(deep)),
        format!("{}a", "if ".repeat(deep)),
        format!("{}a", "some x: K where ".repeat(deep)),
        format!("{}a", "no x: K where ".repeat(deep)),
        format!("{}a", "earlier x: K where ".repeat(deep)),
        format!("{}a", "some x: K, y: L where ".repeat(deep)),
        format!("{}a", "at least 2 x: K where ".repeat(deep)),
        format!("{}a", "in every worlds ".repeat(deep)),
        format!("{}a", "breaks i where ".repeat(deep)),
        format!("{}a", "count(x in count(".repeat(deep)),
        format!("{}a{}", "count(x: K where ".repeat(deep), ")".repeat(deep)),
        format!("{}a{}", "sum(".repeat(deep), " for x: K)".repeat(deep)),
        format!("a -{}b{}-> c", "(".repeat(deep), ")".repeat(deep)),
        format!("a as {}Int{}", "[".repeat(deep), "]".repeat(deep)),
    ] {
        let mut sources = Sources::new();
        let file = sources.add_file("q", text.as_str());
        let (expr, _, diagnostics) = parse_formula(&mut sources, file);
        assert!(expr.is_none() && diagnostics.len() == 1, "{}", &text[..40]);
        let program = format!("rule r(a: A) if {text}\ninvariant i {{ never {text} message \"{{{text}}}\" }}\nnode A");
        let (_, parsed) = parsed(&program);
        assert!(!parsed.diagnostics.is_empty());
    }
    let n = depth::NESTING;
    for text in [
        format!("{}a{}", "(".repeat(n), ")".repeat(n)),
        format!("{}a{}", "count(x in ".repeat(n / 3), ")".repeat(n / 3)),
        format!("{}a{}", "f([{a: ".repeat(n / 3), "}])".repeat(n / 3)),
        format!("{}a", "some x: K where ".repeat(n)),
        format!("{}a", "if a then b else ".repeat(n / 2)),
        format!("a{}", " implies a".repeat(n)),
        format!("a{}", " + a".repeat(n)),
        format!("a{}", " and a + b == c".repeat(deep)),
        format!("a{}", " -b-> c".repeat(deep)),
    ] {
        let expr = formula(&text);
        assert_eq!(expr.clone(), expr);
        assert!(!format!("{expr:?}").is_empty());
    }
}

/// A small generator of numbers, so that runs repeat.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

fn survives(text: &str) {
    let joined: String = tokens(text).iter().map(|t| t.text(text)).collect();
    assert_eq!(joined, text);
    let started = std::time::Instant::now();
    let (sources, parsed) = parsed(text);
    for d in &parsed.diagnostics {
        assert!(d.code != error::INTERNAL, "{text}");
        for l in &d.labels {
            assert!(sources.resolve(l.place).is_some());
        }
    }
    assert!(started.elapsed().as_secs() < 10, "{text}");
}

#[test]
fn hostile_text_is_survived() {
    for text in [
        "",
        " ",
        "\u{FEFF}",
        "\"",
        "`",
        "'",
        "/*",
        "//",
        "///",
        "r\"",
        "@",
        "{",
        "}",
        "(",
        "node",
        "node\n",
        "rule a(",
        "test \"",
        "import",
        "invariant i { message \"{\" }",
        "invariant i { never a message \"{a\" }",
        "invariant i { never a message \"}{}{{{\" }",
        "invariant i { never a message \"\\q\\u{110000}\\u{\" }",
        "rule a() if \"\\u{\"",
        "param x: Int = 99999999999999999999",
        "edge e: A -> B [9..1]",
        "node A\u{0}",
        "节点",
        "node 节点 { 级别: Int }",
        "param é: Int in 3..1",
        "rule a(x) if x -b{4,2}-> c",
        "}}}}}}}}",
        "))))",
        "node A { } } node B",
    ] {
        survives(text);
    }
    let mut dice = Dice(7);
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..dice.roll(400)).map(|_| dice.roll(256) as u8).collect();
        survives(&String::from_utf8_lossy(&bytes));
        let ascii: String = (0..dice.roll(400)).map(|_| (32 + dice.roll(95)) as u8 as char).collect();
        survives(&ascii);
    }
}

#[test]
fn mutated_programs_are_survived() {
    let programs = fixtures();
    let pool: Vec<String> =
        programs.iter().flat_map(|(_, t)| tokens(t).into_iter().map(|k| k.text(t).to_string()).collect::<Vec<_>>()).collect();
    let mut dice = Dice(11);
    for (_, text) in &programs {
        let words: Vec<String> = tokens(text).into_iter().map(|t| t.text(text).to_string()).collect();
        for _ in 0..60 {
            let mut mutant = words.clone();
            for _ in 0..1 + dice.roll(4) {
                let at = dice.roll(mutant.len());
                match dice.roll(5) {
                    0 => drop(mutant.remove(at)),
                    1 => mutant.insert(at, pool[dice.roll(pool.len())].clone()),
                    2 => mutant[at] = pool[dice.roll(pool.len())].clone(),
                    3 => mutant.truncate(at.max(1)),
                    _ => {
                        let other = dice.roll(mutant.len());
                        mutant.swap(at, other);
                    }
                }
            }
            survives(&mutant.concat());
        }
    }
}
