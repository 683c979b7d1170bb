//! Limits of a run: facts, memory, and a token by which the host ends it. Read by every step; a limit makes a run `unknown`, never wrong.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Distinct facts.
    Facts,
    /// Estimated bytes.
    Memory,
    /// The host said stop (a time limit, or Ctrl-C).
    Stopped,
}

/// A limit that ended a run, and what was being computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which.
    pub limit: Limit,
    /// The rule (or demand) that was being evaluated.
    pub culprit: String,
    /// Where that stands.
    pub place: crate::base::Place,
}

/// What a run may use.
#[derive(Clone)]
pub struct Budget {
    /// Distinct derived facts.
    pub facts: u64,
    /// Estimated bytes of relations and values.
    pub bytes: u64,
    /// Asked now and then whether the host wants the run to end.
    pub stop: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Told how far it is.
    pub progress: Progress,
}

/// How many worlds of the intervention that is being tried are done, and how many there are: read by the host while a run goes on.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<[AtomicU64; 2]>);

impl Progress {
    /// So many of so many.
    pub fn tell(&self, done: u64, all: u64) {
        let [a, b] = &*self.0;
        a.store(done, Ordering::Relaxed);
        b.store(all, Ordering::Relaxed);
    }
    /// How many are done, and how many there are; none if no worlds are being tried.
    pub fn seen(&self) -> Option<(u64, u64)> {
        let [a, b] = &*self.0;
        Some((a.load(Ordering::Relaxed), b.load(Ordering::Relaxed))).filter(|p| p.1 > 0)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget { facts: 200_000_000, bytes: 8 << 30, stop: Arc::new(|| false), progress: Progress::default() }
    }
}

impl Budget {
    /// Whether the host wants the run to end.
    pub fn stopped(&self) -> bool {
        (self.stop)()
    }
}
