//! The bodies of the fuzz targets: bytes in, a panic if a promise is broken. Run by the targets and, over seeds, by the ordinary tests.
use dbm::report::draw::draw;
use dbm::report::style::Style;
use dbm::report::text::text as report_text;
use dbm::session::{Cancel, CompileOptions, Extent, Failure, Input, Limits, NoFiles, Program, Run, RunOptions, Stage, Stop};
use dbm::session::{dump, format, infer};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A body, by its name.
pub const ALL: [(&str, fn(&[u8])); 4] = [("parse", parse), ("check", check), ("candidate", candidate), ("evaluate", evaluate)];

/// The line between a program, its candidate, and a formula.
pub const SEPARATOR: &str = "\n=====\n";

/// All that is said of a failure can be drawn.
fn drawn(failure: &Failure) {
    for d in &failure.diagnostics {
        let text = draw(d, &failure.sources, Style::PLAIN);
        assert!(text.contains(&d.code.to_string()), "a diagnostic that does not show its code: {text}");
        assert_ne!(d.code.number, 999, "a bug of ours is reported: {text}");
        assert_ne!(d.code.number, 199, "a bug of ours is reported: {text}");
    }
}

/// Text → tokens, tree, formatter. What is formatted formats to itself.
pub fn parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let options = CompileOptions::default();
    dump(Stage::Tokens, "fuzz.dbm", &text, &NoFiles, &options);
    let (_, failure) = dump(Stage::Ast, "fuzz.dbm", &text, &NoFiles, &options);
    drawn(&failure);
    let wrong = failure.diagnostics.iter().any(|d| d.is_error());
    match format("fuzz.dbm", &text) {
        Ok(once) => {
            assert!(!wrong, "what does not parse is formatted");
            match format("fuzz.dbm", &once) {
                Ok(twice) => assert_eq!(once, twice, "formatting is not idempotent"),
                Err(failure) => {
                    drawn(&failure);
                    panic!("what was formatted does not format: {:?}\n{once}", failure.diagnostics);
                }
            }
        }
        Err(failure) => {
            drawn(&failure);
            assert!(wrong, "what parses is not formatted: {:?}", failure.diagnostics);
        }
    }
}

/// Text → a compiled program, with all that the stages behind it print.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let options = CompileOptions::default();
    match Program::compile("fuzz.dbm", &text, &NoFiles, &options) {
        Ok(program) => {
            drawn(&Failure { diagnostics: program.diagnostics().to_vec(), sources: program.sources().clone() });
            program.census();
            for stage in [Stage::Strata, Stage::Plan] {
                drawn(&dump(stage, "fuzz.dbm", &text, &NoFiles, &options).1);
            }
            shown(&program.check(&[], &RunOptions::default()));
        }
        Err(error) => {
            drawn(error.failure());
            assert!(error.diagnostics().iter().any(|d| d.is_error()), "an error that says nothing");
        }
    }
}

/// A report as text and as JSON.
fn shown(run: &Run) -> String {
    for d in run.report.diagnostics.iter().chain(run.report.candidates.iter().flat_map(|c| &c.diagnostics)) {
        drawn(&Failure { diagnostics: vec![d.clone()], sources: run.sources.clone() });
    }
    let json = serde_json::to_string(&run.to_json()).expect("a report is JSON");
    json + &report_text(&run.report, &run.sources, Style::PLAIN)
}

/// Every type of attribute, and kinds under kinds, cardinalities, and events.
const KINDS: &str = r#"
node Service { b: Bool?, i: Int in 0..100 = 1, f: Float = 0.5, g: Float in 0.0..1.0 = 0.5, t: Text = "t", u: "a" | "b" = "a",
  d: Duration?, at: Time?, j: Json?, l: [Int] = [], ll: [[Text?]]?, other: Service?, tags: [Text] = [] }
node Database is Service { k: Int? }
open node Thing { size: Int? }
edge calls: Service -> Service { w: Int = 1, p: Float?, of: Thing? }
edge holds: Thing -> Node
event Ping { of: Service?, n: Int? }
invariant acyclic { never x -calls+-> x  message "{x} depends on itself" }
invariant known { for s: Service require s.i >= 0 and s.other != s  message "{s} {s.t} {s.l} {s.j} {s.d} {s.at}" }
invariant few { require count(s: Service where s.u == "a") <= 3 }
"#;
const ANY: &str = "invariant few { require count(n: Node) <= 3 }\ninvariant flat { never e: Edge where e.from == e.to }";
const OWN: &str = r#"
node Host { n: Int? }
edge near: Host -> Host { w: Json? }
reader hosts {
  for (name, h) in doc.hosts ?? doc {
    add Host(name) { n: h.n }
    add Host(name) -near-> Host(o) { w: h } for o in h.near ?? []
  }
}
invariant far { for h: Host require not (h -near-> h) }
"#;

/// Programs for candidates, each with its reader.
const PROGRAMS: [(&str, Option<&str>); 7] = [
    (KINDS, None),
    (ANY, None),
    (ANY, Some("node_link")),
    (ANY, Some("n8n")),
    (ANY, Some("cargo_metadata")),
    (OWN, Some("hosts")),
    ("import std.readers.node_link { * }\ninvariant i { for v: Vertex require v.data.n != 3 }", Some("node_link")),
];

fn programs() -> &'static [Program] {
    static PROGRAMS_OF_OURS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS_OF_OURS.get_or_init(|| {
        let one = |p: &(&str, _)| Program::compile("rules.dbm", p.0, &NoFiles, &CompileOptions::default());
        PROGRAMS.iter().map(|p| one(p).unwrap_or_else(|e| panic!("{e}"))).collect()
    })
}

/// The first byte chooses the program (0 to 6) and the format (+ 0, 7, 14, 21: JSON, JSON lines, YAML, by its content); the rest is
/// the candidate. Digits and letters choose too, so that seeds can be read.
pub fn candidate(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let choice = usize::from(if first.is_ascii_alphanumeric() { first - b'0' } else { *first });
    let n = choice % PROGRAMS.len();
    let name = ["c.json", "c.jsonl", "c.yaml", "c"][choice / PROGRAMS.len() % 4];
    let mut input = Input::new(name, rest);
    input.reader = PROGRAMS[n].1.map(str::to_string);
    let (options, _watch) = limited();
    let once = shown(&programs()[n].check(std::slice::from_ref(&input), &options));
    if options.cancel.stopped().is_none() {
        assert_eq!(once, shown(&programs()[n].check(&[input.clone()], &options)), "two runs differ");
    }
    match infer(&input, &options.limits) {
        Ok(source) => {
            let program = Program::compile("inferred.dbm", &source, &NoFiles, &CompileOptions::default());
            if let Err(e) = program {
                panic!("what was inferred does not compile: {e}\n{source}");
            }
        }
        Err(e) => drawn(e.failure()),
    }
}

/// Stops a run after some time, unless it is dropped before.
struct Watch {
    _end: std::sync::mpsc::Sender<()>,
}

/// Small limits, and a watch over the time.
fn limited() -> (RunOptions, Watch) {
    let (facts, memory, candidate_bytes) = (20_000, 64 << 20, 1 << 20);
    let limits = Limits { facts, memory, candidate_bytes, ..Limits::default() };
    let cancel = Cancel::new();
    let (end, ended) = channel::<()>();
    let token = cancel.clone();
    std::thread::spawn(move || {
        if ended.recv_timeout(Duration::from_secs(3)) == Err(RecvTimeoutError::Timeout) {
            token.stop(Stop::Time);
        }
    });
    (RunOptions { max_violations: 20, limits, cancel, ..RunOptions::default() }, Watch { _end: end })
}

/// A program, a candidate and a formula, apart by [`SEPARATOR`] → the same report twice, tests, the formula's table and reasons.
pub fn evaluate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split(SEPARATOR);
    let (program, candidate, formula) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let Ok(program) = Program::compile("fuzz.dbm", program, &NoFiles, &CompileOptions::default()) else { return };
    let candidate = Input::new("c", candidate.unwrap_or(r#"{"nodes": [], "edges": []}"#));
    let (options, _watch) = limited();
    let once = shown(&program.check(std::slice::from_ref(&candidate), &options));
    let twice = shown(&program.check(std::slice::from_ref(&candidate), &options));
    if options.cancel.stopped().is_none() {
        assert_eq!(once, twice, "two runs differ");
    }
    match program.test("", &options) {
        Ok(found) => {
            for test in found {
                drawn(&Failure { diagnostics: test.diagnostics, sources: program.sources().clone() });
            }
        }
        Err(e) => drawn(e.failure()),
    }
    let Some(formula) = formula else { return };
    match program.query(&candidate, formula, &options) {
        Ok((table, sources)) => drawn(&Failure { diagnostics: table.diagnostics, sources }),
        Err(e) => drawn(e.failure()),
    }
    match program.why(&candidate, formula, Extent { depth: 6, width: 3 }, &options) {
        Ok((answer, sources)) => drawn(&Failure { diagnostics: answer.diagnostics, sources }),
        Err(e) => drawn(e.failure()),
    }
}
