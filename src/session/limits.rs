//! What a run may cost, and the token that stops it. Set by hosts, read by the door and the engine.
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// What a run may cost. The defaults are safe for candidates from outside and far above what ordinary ones need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Distinct final facts in one world.
    pub facts: u64,
    /// Time. The library reads no clock: a host that wants this starts one and calls [`Cancel::stop`]; the command line does.
    pub time: Option<Duration>,
    /// Bytes that the facts of a run may take, about.
    pub memory: u64,
    /// How deep a candidate's document may be nested.
    pub depth: u32,
    /// The longest candidate, in bytes.
    pub candidate_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { facts: 100_000_000, time: Some(Duration::from_secs(600)), memory: 8 << 30, depth: 128, candidate_bytes: 1 << 30 }
    }
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The host does not want the answer any more.
    Cancelled,
    /// The time is up.
    Time,
}

/// A token by which a host stops a run from another thread. Clones are one token.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicU8>);

impl Cancel {
    /// A token that has not been used.
    pub fn new() -> Self {
        Self::default()
    }
    /// Asks the run to end soon; what it has not decided is `unknown`. The first reason stays.
    pub fn stop(&self, why: Stop) {
        let why = match why {
            Stop::Cancelled => 1,
            Stop::Time => 2,
        };
        // whoever came first keeps the reason, so a lost race is no error
        let _ = self.0.compare_exchange(0, why, Ordering::Relaxed, Ordering::Relaxed);
    }
    /// Why the run is to end, if it is.
    pub fn stopped(&self) -> Option<Stop> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            2 => Some(Stop::Time),
            _ => Some(Stop::Cancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays_and_clones_are_one_token() {
        let token = Cancel::new();
        let other = token.clone();
        assert_eq!(other.stopped(), None);
        token.stop(Stop::Time);
        other.stop(Stop::Cancelled);
        assert_eq!((token.stopped(), other.stopped()), (Some(Stop::Time), Some(Stop::Time)));
    }
}
