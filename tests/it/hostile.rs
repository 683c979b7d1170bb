//! Programs and candidates that are meant to use up time or memory, run as a process: each ends within its limits, with the documented
//! exit code, and says which rule, demand or place is to blame and what to do.
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A call of `dbm check`, and what must come of it.
struct Case {
    name: &'static str,
    program: String,
    candidate: Option<String>,
    /// The candidate's extension.
    format: &'static str,
    args: &'static [&'static str],
    exit: i32,
    /// What standard error must say: the code, the culprit, the way out.
    says: &'static [&'static str],
}

/// Longer than this is a hang, on a busy machine too: most take a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// The address space that a run may take, in KiB. A stack of 256 MB is part of it.
const SPACE: u64 = 2_500_000;
/// More output than this floods whoever reads it.
const MOST: usize = 60_000;

const NODES: &str = "node N { t: Text = \"\", i: Int = 0 }\nedge e: N -> N\n";
const SHORT: &[&str] = &["--time-limit", "2s"];
const SMALL: &[&str] = &["--time-limit", "20s", "--memory-limit", "200MB"];

fn case(name: &'static str, program: impl Into<String>, exit: i32, says: &'static [&'static str]) -> Case {
    Case { name, program: program.into(), candidate: None, format: "json", args: &[], exit, says }
}

/// The same behind the declarations of `N` and `e`.
fn on_nodes(name: &'static str, program: &str, exit: i32, says: &'static [&'static str]) -> Case {
    case(name, format!("{NODES}{program}"), exit, says)
}

impl Case {
    fn of(mut self, candidate: impl Into<String>) -> Case {
        self.candidate = Some(candidate.into());
        self
    }
    fn with(mut self, args: &'static [&'static str]) -> Case {
        self.args = args;
        self
    }
    fn written(mut self, format: &'static str) -> Case {
        self.format = format;
        self
    }

    fn folder(&self) -> PathBuf {
        let mut files = vec![("p.dbm", self.program.clone())];
        let candidate = format!("c.{}", self.format);
        files.extend(self.candidate.clone().map(|c| (candidate.as_str(), c)));
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
        super::cli::folder(&format!("hostile-{}", self.name), &files)
    }

    fn run(&self) {
        let folder = self.folder();
        let mut call = match cfg!(target_os = "linux") {
            true => {
                let mut c = Command::new("sh");
                c.args(["-c", &format!("ulimit -v {SPACE} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_dbm")]);
                c
            }
            false => Command::new(env!("CARGO_BIN_EXE_dbm")),
        };
        call.current_dir(&folder).args(["check", "p.dbm"]).args(self.candidate.iter().map(|_| format!("c.{}", self.format)));
        call.args(self.args).env("LANG", "C.UTF-8").env_remove("LC_ALL").stdin(Stdio::null());
        let begun = Instant::now();
        let o = call.output().unwrap();
        let took = begun.elapsed();
        let (out, err) = (String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
        let shown: String = format!("{err}{out}").chars().take(3000).collect();
        println!("{:<28} exit {:?} {took:.1?}", self.name, o.status.code());
        let _ = std::fs::remove_dir_all(&folder);
        assert_eq!(o.status.code(), Some(self.exit), "{}: {shown}", self.name);
        assert!(took < PATIENCE, "{} took {took:?}: {shown}", self.name);
        assert!(out.len() + err.len() < MOST, "{} prints {} bytes: {shown}", self.name, out.len() + err.len());
        let all = format!("{err}{out}");
        for what in self.says {
            assert!(all.contains(what), "{} does not say `{what}`: {shown}", self.name);
        }
    }
}

fn nodes(n: usize) -> String {
    elements(n, 0, |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\"}}"), |_| (0, 0))
}

fn elements(n: usize, m: usize, node: impl Fn(usize) -> String, edge: impl Fn(usize) -> (usize, usize)) -> String {
    let mut out = String::from("{\"nodes\": [");
    for i in 0..n {
        let _ = write!(out, "{}{}", if i > 0 { ",\n" } else { "" }, node(i));
    }
    out.push_str("], \"edges\": [");
    for i in 0..m {
        let (from, to) = edge(i);
        let _ = write!(out, "{}{{\"kind\": \"e\", \"from\": \"{from}\", \"to\": \"{to}\"}}", if i > 0 { ",\n" } else { "" });
    }
    out.push_str("]}");
    out
}

/// One node with a text.
fn text(t: &str) -> String {
    format!("{{\"nodes\": [{{\"id\": \"a\", \"kind\": \"N\", \"t\": \"{t}\"}}], \"edges\": []}}")
}

/// A chain of nodes, all on one line but for what `elements` breaks.
fn chain(n: usize) -> String {
    elements(n, n - 1, |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\"}}"), |i| (i, i + 1))
}

#[test]
fn patterns() {
    let dynamic = "invariant i { for n: N require not (\"aaaaaaab\" matches n.t) }";
    let many = elements(
        20_000,
        0,
        |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\", \"t\": \"x(a{{0,50}}){{0,{}}}b\"}}", 1 + i % 60),
        |_| (0, 0),
    );
    let doubling = "rule f(t: Text) = { replace(t, \"a\", t) }
        invariant i { for n: N require length(f(f(f(n.t) ?? \"\") ?? \"\") ?? \"\") < 10 }";
    for c in [
        on_nodes(
            "repeated",
            "invariant i { for n: N require n.t matches r\"^a{1000}{1000}{1000}$\" }",
            3,
            &["[DBM0309]", "too large a pattern", "p.dbm:3"],
        ),
        on_nodes(
            "repeated-later",
            "invariant i { for n: N require n.t matches n.t }",
            1,
            &["`i` is unknown", "too large a pattern"],
        )
        .of(text("a{1000}{1000}{1000}")),
        on_nodes("exponential", "invariant i { for n: N require not (n.t matches r\"^(a+)+(a|aa)*(a*)*b$\") }", 0, &[])
            .of(text(&"a".repeat(1_000_000))),
        on_nodes("many-patterns", dynamic, 5, &["[DBM0612]", "`i`", "--time-limit"]).of(many).with(&["--time-limit", "1s"]),
        on_nodes("replacement", doubling, 1, &["`i` is unknown", "a text would be larger than 64 MB", "p.dbm:3"])
            .of(text(&"a".repeat(1000))),
    ] {
        c.run();
    }
}

#[test]
fn products() {
    let six = "invariant i { never a: N, b: N, c: N, d: N, f: N, g: N where a.i + b.i + c.i + d.i + f.i + g.i == 7 }";
    let mut counts = String::new();
    for k in 0..20 {
        let _ =
            writeln!(counts, "invariant i{k} {{ require count(a: N, b: N, c: N, d: N where a.i + b.i + c.i + d.i > {k}) == 0 }}");
    }
    let relation =
        "rule all3(a: N, b: N, c: N) if a.i + b.i + c.i >= 0\ninvariant i { never a: N where all3(a, a, a) and a.i == 7 }";
    let both =
        "invariant i { never a -e-> b and b -e-> c and c -e-> d and d -e-> f and f -e-> g and g -e-> a and a.i == 7 + g.i }";
    let dense = elements(300, 90_000, |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\"}}"), |i| (i / 300, i % 300));
    for c in [
        on_nodes("six-variables", six, 5, &["[DBM0612]", "`i`", "p.dbm:3", "--time-limit"]).of(nodes(1000)).with(SHORT),
        on_nodes("counts", &counts, 5, &["[DBM0612]", "`i0`", "p.dbm:3"]).of(nodes(1000)).with(SHORT),
        on_nodes("a-relation-too-many", relation, 5, &["[DBM0610]", "`all3`", "p.dbm:3", "--fact-limit"])
            .of(nodes(1000))
            .with(&["--fact-limit", "1000000"]),
        on_nodes("a-relation-too-large", relation, 5, &["[DBM0611]", "`all3`", "p.dbm:3", "--memory-limit"])
            .of(nodes(1000))
            .with(&["--memory-limit", "100MB"]),
        on_nodes("dense", both, 5, &["[DBM0612]", "`i`"]).of(dense).with(SHORT),
    ] {
        c.run();
    }
}

#[test]
fn depth_of_structures() {
    let reached = "rule r(a: N) if a == N(\"0\")\nrule r(a) if r(b) and b -e-> a\ninvariant i { require r(N(\"99999\")) }";
    let pairs = "rule r(a: N, b: N) if a -e-> b\nrule r(a, b) if a -e-> m and r(m, b)\ninvariant i { never r(x, x) }";
    let least =
        "rule d(a: N) = min { 0 if a == N(\"0\"), d(b) + 1 if b -e-> a }\ninvariant i { for n: N require (d(n) ?? 0) < 100000 }";
    let falls =
        "rule d(a: N) = min { 0 if a == N(\"0\"), d(b) - 1 if b -e-> a }\ninvariant i { for n: N require (d(n) ?? 0) < 9 }";
    let counts = "rule n(k: Int) if k == 0\nrule n(k + 1) if n(k)\ninvariant i { require n(3) }";
    let ring = elements(10, 10, |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\"}}"), |i| (i, (i + 1) % 10));
    let mechanism = "node M { m: Int }\nedge f: M -> M\nmechanism M.m = sum(p.m for p: M where p -f-> self) + 1\ninvariant i { for n: M require n.m > 0 }";
    let long: String = chain(20_000).replace("\"N\"", "\"M\"").replace("\"e\"", "\"f\"");
    for c in [
        on_nodes("a-rule-deep", reached, 0, &[]).of(chain(100_000)),
        on_nodes("a-path-deep", "invariant i { never x -e+-> x }", 0, &[]).of(chain(100_000)),
        on_nodes("pairs-of-a-chain", pairs, 5, &["`r`", "p.dbm:4", "every demand that was not decided"])
            .of(chain(100_000))
            .with(&["--time-limit", "5s", "--memory-limit", "200MB"]),
        on_nodes("a-least-value-deep", least, 0, &[]).of(chain(20_000)),
        on_nodes("a-least-value-that-falls", falls, 1, &["[DBM0607]", "`i` is unknown", "never settle"]).of(ring),
        on_nodes("values-without-end", counts, 3, &["p.dbm:4"]),
        case("a-mechanism-deep", mechanism, 0, &[]).of(long),
    ] {
        c.run();
    }
}

#[test]
fn depth_of_texts() {
    let n = 10_000;
    let require = |e: String| format!("{NODES}invariant i {{ require {e} }}");
    let (open, close) = ("(".repeat(n), ")".repeat(n));
    let yaml: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let laughs = |first: &str, rest: &dyn Fn(usize, String) -> String| {
        let all = (1..20).map(|i| rest(i, vec![format!("*a{}", i - 1); 10].join(", "))).collect::<String>();
        format!("a0: &a0 {first}\n{all}nodes: []\nedges: []\n")
    };
    let lists = laughs("[lol]", &|i, ten| format!("a{i}: &a{i} [{ten}]\n"));
    let merges = laughs("{k: 1}", &|i, ten| format!("a{i}: &a{i} {{<<: [{ten}]}}\n"));
    let deep = &["[DBM0104]", "256 deep", "p.dbm:3"];
    let nested = &["[DBM0503]", "128 deep", "c."];
    for c in [
        case("parentheses", require(format!("{open}1{close} == 1")), 3, deep),
        case("brackets", require(format!("{}{} == []", "[".repeat(n), "]".repeat(n))), 3, deep),
        case("negations", require(format!("{}true", "not ".repeat(n))), 3, &["[DBM0104]", "400 operators"]),
        case("sums", require(format!("{}1 == 1", "1 + ".repeat(n))), 3, &["[DBM0104]", "400 operators"]),
        case("parentheses-open", require(open), 3, &["[DBM0103]", "closed by `}`"]),
        case("braces-open", format!("{NODES}invariant i {}", "{".repeat(100_000)), 3, &["[DBM0102]", "never closed"]),
        case("braces-alone", "{".repeat(100_000), 3, &["[DBM0105]"]),
        case("quotes", format!("{NODES}{}", "\"".repeat(100_001)), 3, &["[DBM0101]"]),
        case("json-lists", NODES, 4, nested).of(format!("{{\"nodes\": {}{}}}", "[".repeat(n), "]".repeat(n))),
        case("json-records", NODES, 4, nested).of("{\"a\":".repeat(n) + "1" + &"}".repeat(n)),
        case("yaml-records", NODES, 4, nested).of(yaml).written("yaml"),
        case("yaml-flow", NODES, 4, nested).of("[".repeat(100_000)).written("yaml"),
        case("yaml-lists", NODES, 4, nested).of("- ".repeat(20_000) + "a").written("yaml"),
        case("yaml-laughs", NODES, 4, &["[DBM0531]", "c.yaml:"]).of(lists).written("yaml"),
        case("yaml-merges", NODES, 4, &["c.yaml:"]).of(merges).written("yaml"),
    ] {
        c.run();
    }
}

#[test]
fn values_that_grow() {
    let doubling = |first: &str, twice: &dyn Fn(usize) -> String| {
        let rules: String = (1..45).map(|k| format!("rule t{k}(a: N) = {{ {} }}\n", twice(k - 1))).collect();
        format!("rule t0(a: N) = {{ {first} }}\n{rules}invariant i {{ for n: N require t44(n) != none }}")
    };
    let texts = doubling("a.t", &|k| format!("t{k}(a) ++ t{k}(a)"));
    let lists = doubling("[a.i]", &|k| format!("t{k}(a) ++ t{k}(a)"));
    let join = "rule f(t: Text) = { join(split(t, \"a\"), t ++ t ++ t) }\ninvariant i { for n: N require length(f(f(n.t) ?? \"\") ?? \"\") < 10 }";
    let pairs = "rule p(a: N, b: N) = { a.t ++ b.t }\ninvariant i { never a: N, b: N where p(a, b) == \"\" }";
    let long = elements(
        1000,
        0,
        |i| format!("{{\"kind\": \"N\", \"id\": \"{i}\", \"t\": \"{}\"}}", i.to_string().repeat(2000)),
        |_| (0, 0),
    );
    let messages = "invariant i { never a: N, b: N  message \"{a.t}{b.t}\" }";
    let reader = "reader r { for a in doc, b in doc, c in doc, d in doc { add N(a) where a == b and c == d and a == 7 } }";
    let numbers = format!("[{}]", (0..1000).map(|i| i.to_string()).collect::<Vec<_>>().join(", "));
    let many = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let list = format!("{{\"nodes\": [{{\"id\": \"a\", \"kind\": \"N\", \"l\": [{}]}}], \"edges\": []}}", many(1_000_000));
    for c in
        [
            on_nodes("texts", &texts, 1, &["[DBM0613]", "a text would be larger than 64 MB", "p.dbm:"]).of(text("abcd")),
            on_nodes("lists", &lists, 1, &["[DBM0613]", "a list would be larger than 64 MB", "p.dbm:"]).of(text("abcd")),
            on_nodes("joined", join, 1, &["[DBM0613]", "a text would be larger than 64 MB", "p.dbm:3"])
                .of(text(&"a".repeat(700))),
            on_nodes("pairs-of-texts", pairs, 5, &["[DBM0611]", "`p`", "p.dbm:3", "--memory-limit"]).of(long.clone()).with(SMALL),
            on_nodes("messages", messages, 1, &["1_000_000 violations"]).of(long).with(&["--max-violations", "10"]),
            on_nodes("loops-of-a-reader", reader, 5, &["[DBM0524]", "time limit", "p.dbm:3", "--time-limit"])
                .of(numbers)
                .with(&["--reader", "r", "--time-limit", "2s"]),
            case("a-long-list", "node N { l: [Int] }\ninvariant i { for n: N require count(n.l) < 10 }", 1, &[]).of(list),
            on_nodes(
                "a-list-in-the-program",
                &format!("invariant i {{ require 1 in [{}] }}", many(1_000_000)),
                3,
                &["[DBM0131]", "1000000 tokens", "candidate"],
            ),
        ]
    {
        c.run();
    }
}

#[test]
fn sizes_of_programs() {
    let million = |item: &dyn Fn(usize) -> String, n: usize| (0..n).map(item).collect::<String>();
    let name = "N".repeat(1_000_000);
    for c in [
        case(
            "a-million-clauses",
            million(&|i| format!("rule r(k: Int) if k == {i}\n"), 1_000_000),
            3,
            &["[DBM0131]", "candidate"],
        ),
        on_nodes("ten-thousand-rules", &million(&|i| format!("rule r{i}(a: N) if a.i == {i}\n"), 10_000), 0, &[]).of(nodes(3)),
        case("a-long-name", format!("node {name}\ninvariant i {{ for n: {name} require n.x == 1 }}"), 3, &["[DBM0204]"]),
        case("a-long-name-mistyped", format!("node {name}\ninvariant i {{ for n: {name}M require true }}"), 3, &["[DBM0203]"]),
        on_nodes("a-long-number", &format!("invariant i {{ require {} == 1 }}", "9".repeat(1_000_000)), 3, &["[DBM0112]"]),
        on_nodes("a-long-text", &format!("invariant i {{ for n: N require n.t == \"{}\" }}", "x".repeat(10_000_000)), 1, &[])
            .of(text("a")),
        case("a-long-comment", format!("//{}\n{NODES}", "x".repeat(10_000_000)), 0, &[]),
        case("a-long-block", format!("/*{}\n{NODES}", "x".repeat(10_000_000)), 3, &["[DBM0117]"]),
        case("characters", "\u{1}\u{2}€".repeat(100_000), 3, &["[DBM0129]"]),
    ] {
        c.run();
    }
}

#[test]
fn candidates_with_many_mistakes() {
    let one = "invariant i { never n: N where n.i == 7 }";
    let line = |kind: &str, more: &str, n: usize| {
        // all of it on one line
        elements(n, 0, |i| format!("{{\"kind\": \"{kind}\", \"id\": \"{i}\"{more}}}"), |_| (0, 0)).replace('\n', "")
    };
    let same = format!("{{\"nodes\": [{}], \"edges\": []}}", vec!["{\"kind\": \"N\", \"id\": \"a\"}"; 200_000].join(","));
    let kinds = elements(50_000, 0, |i| format!("{{\"kind\": \"K{i}\", \"id\": \"{i}\"}}"), |_| (0, 0));
    let attrs = elements(50_000, 0, |i| format!("{{\"kind\": \"K\", \"id\": \"{i}\", \"a{i}\": 1}}"), |_| (0, 0));
    let (id, kind) = ("x".repeat(1_000_000), "k".repeat(1_000_000));
    for c in [
        on_nodes("undeclared", one, 4, &["[DBM0511]", "`Q`", "999900 more findings", "c.json:1:"]).of(line("Q", "", 1_000_000)),
        on_nodes("ill-typed", one, 4, &["[DBM0514]", "199900 more findings"]).of(line("N", ", \"i\": \"x\"", 200_000)),
        on_nodes("the-same-id", one, 4, &["[DBM0519]", "`a`", "199899 more findings"]).of(same),
        on_nodes("long-names", one, 4, &["[DBM0511]"])
            .of(format!("{{\"nodes\": [{{\"id\": \"{id}\", \"kind\": \"{kind}\"}}], \"edges\": []}}")),
        on_nodes("a-long-number-there", one, 4, &["[DBM0506]"])
            .of(format!("{{\"nodes\": [{{\"id\": \"a\", \"kind\": \"N\", \"i\": {}}}], \"edges\": []}}", "1".repeat(1_000_000))),
        on_nodes("violations", "invariant i { never n: N }", 1, &["200_000 violations"])
            .of(line("N", "", 200_000))
            .with(&["--max-violations", "10"]),
        on_nodes("faults", "invariant i { never n: N where 1 div n.i == 7 }", 1, &["divides by zero"]).of(line("N", "", 200_000)),
        case("kinds-to-infer", "invariant i { require count(n: Node) < 3 }", 4, &["10000 kinds and attributes", "c.json:"])
            .of(kinds),
        case("attributes-to-infer", "invariant i { require count(n: Node) < 3 }", 4, &["10000 kinds and attributes"]).of(attrs),
        case("torn-lines", NODES, 4, &["[DBM0501]", "c.jsonl:"]).of("{\n".repeat(300_000)).written("jsonl"),
    ] {
        c.run();
    }
}
