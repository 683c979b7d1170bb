//! `dbm check` as a whole: a candidate of 100,000 nodes from JSON to verdict, and a small one from start to end.
#[allow(dead_code)]
mod support;

use std::path::Path;
use support::graph;
use support::page::{self, Whole};

fn main() {
    let dbm = env!("CARGO_BIN_EXE_dbm");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let whole = Whole { graph: graph::measure(dbm, scratch, 5), start: graph::start(dbm, scratch, 20) };
    println!("{}", page::words(&whole));
}
