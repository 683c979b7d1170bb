//! What the door takes in at most. Given by session (from the command line or the host), read by every part of the door.
use std::sync::Arc;

/// Asked now and then whether the host wants the reading to end.
#[derive(Clone)]
pub struct Stop(pub Arc<dyn Fn() -> bool + Send + Sync>);

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new(|| false))
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

/// Limits on a candidate. All are on by default: a candidate is untrusted input.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// How deep lists and records may be nested.
    pub depth: usize,
    /// How many JSON values there may be.
    pub elements: u64,
    /// How many bytes the aliases of a YAML file may expand to.
    pub alias_expansion: usize,
    /// How many bindings the loops of a reader may try.
    pub loops: u64,
    /// How many findings are kept and drawn; the others are counted.
    pub findings: usize,
    /// Bytes that the values of the structure may take, about.
    pub memory: u64,
    /// Whether the host wants the reading to end.
    pub stop: Stop,
}

/// How many kinds and attributes may be inferred from a candidate: more are no structure, but ids in the wrong place.
pub const INFERRED: usize = 10_000;

/// After how many elements or bindings a limit is looked at.
pub const LOOK: u64 = 4096;

impl Limits {
    /// Which limit was reached, if one was.
    pub fn reached(&self, bytes: u64) -> Option<&'static str> {
        match (self.stop.0)() {
            true => Some("the time limit was reached"),
            false if bytes > self.memory => Some("more memory than the limit allows"),
            false => None,
        }
    }
}

/// What the loops of a reader may still do.
#[derive(Clone, Debug)]
pub struct Left {
    /// How many bindings may still be tried.
    pub tries: u64,
    /// The other limits.
    pub limits: Limits,
    /// Which of them was reached.
    pub reached: Option<&'static str>,
}

impl Left {
    /// All that the limits allow.
    pub fn new(limits: &Limits) -> Left {
        Left { tries: limits.loops, limits: limits.clone(), reached: None }
    }
    /// Whether one more binding may be tried.
    pub fn take(&mut self) -> bool {
        let Some(left) = self.tries.checked_sub(1) else { return false };
        self.tries = left;
        if left.is_multiple_of(LOOK) {
            self.reached = self.reached.or(self.limits.reached(0));
        }
        self.reached.is_none()
    }
    /// Looks at what was built by now.
    pub fn built(&mut self, bytes: u64) {
        if bytes > self.limits.memory {
            self.reached = Some("more memory than the limit allows");
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 1 << 30,
            depth: 128,
            elements: 200_000_000,
            alias_expansion: 16 << 20,
            loops: 500_000_000,
            findings: 100,
            memory: 8 << 30,
            stop: Stop::default(),
        }
    }
}
