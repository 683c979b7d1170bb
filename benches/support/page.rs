//! The table that the benchmarks print, and the page that is made of it.
use std::fmt::Write as _;

/// One measured workload.
pub struct Line {
    pub work: String,
    pub answer: u64,
    /// Processor seconds: from files to answer, and of that the rules alone.
    pub seconds: f64,
    pub rules: f64,
    /// MB.
    pub memory: Option<f64>,
    /// The peer: processor seconds, MB, and dbm's seconds by the peer's, pair by pair.
    pub peer: Option<(f64, Option<f64>, f64)>,
}

/// What was measured beside the rules.
pub struct Whole {
    /// The large candidate: processor seconds, MB.
    pub graph: (f64, Option<f64>),
    /// A small program from start to end: milliseconds.
    pub start: f64,
}

fn mb(memory: Option<f64>) -> String {
    memory.map_or("–".into(), |m| format!("{m:.0}"))
}

/// The rules as a table.
pub fn table(lines: &[Line]) -> String {
    let mut out = String::from("| work | answer | dbm s | rules alone s | dbm MB | peer s | peer MB | dbm / peer |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for l in lines {
        let (peer, peer_memory, ratio) = match &l.peer {
            Some((s, m, r)) => (format!("{s:.2}"), mb(*m), format!("{r:.2}")),
            None => ("–".into(), "–".into(), "–".into()),
        };
        let answer = thousands(l.answer);
        let (own, rules, memory) = (l.seconds, l.rules, mb(l.memory));
        let _ = writeln!(out, "| {} | {answer} | {own:.2} | {rules:.2} | {memory} | {peer} | {peer_memory} | {ratio} |", l.work);
    }
    out
}

/// The rest in words.
pub fn words(whole: &Whole) -> String {
    let (seconds, memory) = whole.graph;
    format!(
        "100,000 nodes and 300,050 edges, three rules, `dbm check` from JSON to verdict: {seconds:.2} s, {} MB.\n\
         A small program and candidate, `dbm check` from start to end: {:.1} ms.\n",
        mb(memory),
        whole.start
    )
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The page.
pub fn page(lines: &[Line], whole: &Whole, command: &str, runs: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "# Benchmarks\n\
         \n\
         Made by\n\
         \n    {command}\n\
         \n\
         on a virtual machine with {cores} cores ({system}, {machine}). Without `DBM_BENCH_PEER` the columns of the peer stay empty, \
         without `--full` the workloads are smaller. \
         Figures are medians of {runs} runs in processes of their own, in processor seconds, one thread. They drift from machine to \
         machine and from hour to hour: what can be compared is the ratio, taken pair by pair from runs of dbm and the peer one after \
         the other.\n\
         \n\
         ## Rules\n\
         \n\
         The programs are in `benches/programs`. The peer is the same rules compiled to machine code by the Rust library ascent 0.8.1. \
         The time is from files to answer; the rules alone are what remains of it behind reading and building the structure. \
         `neg as JSON` reads the same facts as a candidate through the door.\n\
         \n\
         {}\n\
         - `tc`: the transitive closure of a random graph.\n\
         - `sg`: the same generation in a forest with second parents.\n\
         - `pt`: points-to analysis after Andersen.\n\
         - `tri`: the triangles of a graph with preferential attachment.\n\
         - `neg`: reach from unblocked sources, then count the unreached by department.\n\
         \n\
         ## Whole checks\n\
         \n\
         {}",
        table(lines),
        words(whole).trim_end().replace('\n', "\n\n") + "\n",
    )
}
