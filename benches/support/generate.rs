//! Input of the benchmarks, made from a seed by splitmix64, so that it is the same everywhere. Read by work and graph.
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// A random source (Steele, Lea, Flood 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x0123_4567))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

type Pairs = BTreeSet<(u64, u64)>;

fn write(folder: &Path, name: &str, rows: impl IntoIterator<Item = Vec<u64>>) {
    let mut text = String::new();
    for row in rows {
        let row: Vec<String> = row.iter().map(u64::to_string).collect();
        let _ = writeln!(text, "{}", row.join("\t"));
    }
    std::fs::write(folder.join(name).with_extension("tsv"), text).expect("the folder can be written");
}

fn write_pairs(folder: &Path, name: &str, rows: &Pairs) {
    write(folder, name, rows.iter().map(|(a, b)| vec![*a, *b]));
}

fn digraph(random: &mut Random, n: u64, m: u64) -> Pairs {
    let mut seen = Pairs::new();
    while (seen.len() as u64) < m {
        let (a, b) = (random.below(n), random.below(n));
        if a != b {
            seen.insert((a, b));
        }
    }
    seen
}

/// Writes a workload's facts as tab-separated files into a folder.
pub fn workload(kind: &str, n: u64, folder: &Path) {
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let mut random = Random::new(1);
    let r = &mut random;
    match kind {
        "tc" => write_pairs(folder, "edge", &digraph(r, n, 2 * n)),
        "sg" => {
            let mut rows = Pairs::new();
            for c in 1..n {
                let p = (c - 1) / 8;
                rows.insert((c, p));
                if r.below(10) == 0 {
                    // a second parent from about the same generation as the first
                    rows.insert((c, p.saturating_sub(1 + r.below(4))));
                }
            }
            write_pairs(folder, "parent", &rows);
        }
        "pt" => {
            // most constraints stay inside a module of 400 variables
            let pick = |r: &mut Random, near: u64| match r.below(100) < 90 {
                true => (n - 1).min(near - near % 400 + r.below(400)),
                false => r.below(n),
            };
            let (mut addr, mut copy, mut load, mut store) = (Pairs::new(), Pairs::new(), Pairs::new(), Pairs::new());
            for h in 0..(n / 4).max(1) {
                addr.insert((r.below(n), h));
            }
            for _ in 0..n {
                let a = r.below(n);
                copy.insert((a, pick(r, a)));
            }
            for _ in 0..n / 8 {
                let a = r.below(n);
                load.insert((a, pick(r, a)));
                let b = r.below(n);
                store.insert((b, pick(r, b)));
            }
            for (name, rows) in [("addr", addr), ("copy", copy), ("load", load), ("store", store)] {
                write_pairs(folder, name, &rows);
            }
        }
        "tri" => {
            let k = 8;
            let mut ends: Vec<u64> = (0..k).collect();
            let mut rows = Pairs::new();
            for v in k..n {
                let mut chosen = BTreeSet::new();
                while (chosen.len() as u64) < k {
                    let t = if r.below(10) == 0 { r.below(v) } else { ends[r.below(ends.len() as u64) as usize] };
                    chosen.insert(t);
                }
                for t in chosen {
                    rows.insert((t, v));
                    ends.extend([t, v]);
                }
            }
            write_pairs(folder, "edge", &rows);
        }
        "neg" => {
            write_pairs(folder, "edge", &digraph(r, n, 3 * n));
            write(folder, "node", (0..n).map(|i| vec![i]));
            for (name, count) in [("source", n / 100), ("blocked", n / 20)] {
                let rows: BTreeSet<u64> = (0..count.max(1)).map(|_| r.below(n)).collect();
                write(folder, name, rows.into_iter().map(|x| vec![x]));
            }
            write(folder, "dept", (0..n).map(|i| vec![i, r.below(50)]));
        }
        _ => panic!("no workload {kind}"),
    }
}
