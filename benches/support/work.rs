//! The rule workloads: how their facts become a structure, and which answer is right. Each runs in a process of its own.
use dbm::base::Sources;
use dbm::engine::{Budget, Present};
use dbm::scalar::{KindId, Val};
use dbm::semantics::{self, Checked};
use dbm::session::NoFiles;
use dbm::session::evaluate::{Evaluation, How};
use dbm::structure::{Graph, GraphBuilder, Schema};
use std::fmt::Write as _;
use std::path::Path;

/// A workload.
pub struct Work {
    /// The kind, and the name of its program.
    pub kind: &'static str,
    /// Its size: nodes.
    pub size: u64,
    /// The relation whose facts are counted, and how many are right, where that is known.
    pub answer: (&'static str, Option<u64>),
}

const fn work(kind: &'static str, size: u64, relation: &'static str, answer: Option<u64>) -> Work {
    Work { kind, size, answer: (relation, answer) }
}

/// The full sizes.
pub const FULL: &[Work] = &[
    work("tc", 2000, "path", Some(2_522_172)),
    work("tc", 5000, "path", Some(15_564_701)),
    work("sg", 3000, "sg", Some(6_333_192)),
    work("pt", 3000, "pt", Some(415_974)),
    work("pt", 5000, "pt", Some(1_398_945)),
    work("tri", 60_000, "tri", Some(10_385)),
    work("tri", 400_000, "tri", Some(15_549)),
    work("neg", 200_000, "reach", Some(177_035)),
];

/// Sizes that run in a moment; the answers are `ascent`'s.
pub const SMALL: &[Work] = &[
    work("tc", 500, "path", SMALL_ANSWERS[0]),
    work("sg", 1000, "sg", SMALL_ANSWERS[1]),
    work("pt", 1000, "pt", SMALL_ANSWERS[2]),
    work("tri", 20_000, "tri", SMALL_ANSWERS[3]),
    work("neg", 50_000, "reach", SMALL_ANSWERS[4]),
];
const SMALL_ANSWERS: [Option<u64>; 5] = [None; 5];

/// The edge kinds of a workload, which are also its files.
fn files(kind: &str) -> &'static [&'static str] {
    match kind {
        "sg" => &["parent"],
        "pt" => &["addr", "copy", "load", "store"],
        _ => &["edge"],
    }
}

fn rows(folder: &Path, name: &str) -> Vec<(u32, u32)> {
    let path = folder.join(name).with_extension("tsv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let number = |s: Option<&str>| s.map_or(0, |s| s.trim().parse().expect("a number"));
    let row = |l: &str| {
        let mut parts = l.split('\t');
        (number(parts.next()), number(parts.next()))
    };
    text.lines().map(row).collect()
}

struct Facts {
    nodes: u32,
    edges: Vec<(&'static str, Vec<(u32, u32)>)>,
    flags: Option<(Vec<bool>, Vec<bool>, Vec<(u32, u32)>)>,
}

fn facts(kind: &str, folder: &Path) -> Facts {
    let edges: Vec<_> = files(kind).iter().map(|f| (*f, rows(folder, f))).collect();
    let last = edges.iter().flat_map(|(_, rows)| rows).map(|(a, b)| *a.max(b)).max();
    let mut nodes = last.map_or(0, |n| n + 1);
    let flags = (kind == "neg").then(|| {
        nodes = nodes.max(rows(folder, "node").len() as u32);
        let flag = |name| {
            let mut set = vec![false; nodes as usize];
            rows(folder, name).iter().for_each(|(x, _)| set[*x as usize] = true);
            set
        };
        (flag("source"), flag("blocked"), rows(folder, "dept"))
    });
    Facts { nodes, edges, flags }
}

fn kind_of(schema: &Schema, name: &str) -> KindId {
    let at = schema.kinds.iter().position(|k| &*k.name == name).expect("a declared kind");
    KindId(at as u32)
}

fn build(checked: &Checked, facts: &Facts) -> Graph {
    let schema = &checked.program.schema;
    let mut b = GraphBuilder::new(schema.clone());
    let node = kind_of(schema, "Point");
    for i in 0..facts.nodes {
        let id = b.dictionary.intern_text(&i.to_string());
        let row = facts.flags.as_ref().map(|(s, blocked, _)| [s, blocked].map(|f| Val::bool(f[i as usize])));
        b.node(node, id, i, row.as_ref().map_or(&[], |r| &r[..]));
    }
    for (name, rows) in &facts.edges {
        let kind = kind_of(schema, name);
        rows.iter().for_each(|(x, y)| {
            b.edge(kind, *x, *y, None, 0, &[]);
        });
    }
    if let Some((_, _, depts)) = &facts.flags {
        let (kind, dept) = (kind_of(schema, "Dept"), kind_of(schema, "dept"));
        for i in 0..50u32 {
            let id = b.dictionary.intern_text(&i.to_string());
            b.node(kind, id, i, &[]);
        }
        for (x, d) in depts {
            b.edge(dept, *x, facts.nodes + d, None, 0, &[]);
        }
    }
    let (graph, findings) = b.finish();
    assert!(findings.is_empty(), "{findings:?}");
    graph
}

/// The facts of a workload as a candidate.
pub fn candidate(kind: &str, folder: &Path) -> String {
    let facts = facts(kind, folder);
    let mut out = String::from("{\"nodes\": [\n");
    for i in 0..facts.nodes {
        let _ = write!(out, "{{\"id\": \"{i}\", \"kind\": \"Point\"");
        if let Some((source, blocked, _)) = &facts.flags {
            let _ = write!(out, ", \"source\": {}, \"blocked\": {}", source[i as usize], blocked[i as usize]);
        }
        out.push_str("},\n");
    }
    if facts.flags.is_some() {
        (0..50).for_each(|i| {
            let _ = writeln!(out, "{{\"id\": \"{i}\", \"kind\": \"Dept\"}},");
        });
    }
    // the lists' last commas go
    out.truncate(out.trim_end_matches([',', '\n']).len());
    out.push_str("\n], \"edges\": [\n");
    let depts = facts.flags.iter().map(|f| ("dept", &f.2));
    for (name, rows) in facts.edges.iter().map(|(n, r)| (*n, r)).chain(depts) {
        rows.iter().for_each(|(x, y)| {
            let _ = writeln!(out, "{{\"kind\": \"{name}\", \"from\": \"{x}\", \"to\": \"{y}\"}},");
        });
    }
    out.truncate(out.trim_end_matches([',', '\n']).len());
    out.push_str("\n]}\n");
    out
}

fn program(kind: &str) -> &'static str {
    match kind {
        "tc" => include_str!("../programs/tc.dbm"),
        "sg" => include_str!("../programs/sg.dbm"),
        "pt" => include_str!("../programs/pt.dbm"),
        "tri" => include_str!("../programs/tri.dbm"),
        "neg" => include_str!("../programs/neg.dbm"),
        _ => panic!("no workload {kind}"),
    }
}

fn compiled(kind: &str) -> (Checked, Sources) {
    let mut sources = Sources::new();
    let main = sources.add_file(format!("{kind}.dbm"), program(kind));
    let checked = semantics::check(&mut sources, &NoFiles, main, &semantics::Options::default());
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    (checked, sources)
}

/// Runs a workload from its files to its answer, and prints how many facts there are and the seconds of each phase.
/// `json` is the same facts as a candidate, to be read through the door instead.
pub fn child(kind: &str, relation: &str, folder: &Path, json: Option<&Path>) {
    let clock = || super::process::processor("self").unwrap_or_default();
    let begin = clock();
    let (checked, mut sources) = compiled(kind);
    let graph = match json {
        None => build(&checked, &facts(kind, folder)),
        Some(path) => {
            let bytes = std::fs::read(path).expect("the candidate can be read");
            let input = dbm::candidate::Input { name: "candidate.json", bytes: &bytes, format: Default::default() };
            let outcome = dbm::candidate::read(&checked.program, &input, None, &Default::default(), &mut sources);
            outcome.graph.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
        }
    };
    let built = clock();
    let values = (Present, &[][..]);
    let run = Evaluation::new(&checked.program, &checked.strata, graph, values, Budget::default(), How::default(), &|_| {});
    assert!(!run.machine.faulted && run.machine.reached.is_none(), "the run did not end well");
    let at = checked.program.rules.iter().position(|r| &*r.name == relation).expect("a rule of the program");
    let facts = run.machine.relations.get(at).map_or(0, |r| r.len());
    println!("{facts} {:.6} {:.6}", built - begin, clock() - built);
    // what is there at the end need not be taken apart
    std::process::exit(0);
}
