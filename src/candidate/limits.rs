//! What the door takes in at most. Given by session (from the command line or the host), read by every part of the door.

/// Limits on a candidate. All are on by default: a candidate is untrusted input.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 1 << 30, depth: 128, elements: 200_000_000, alias_expansion: 16 << 20, loops: 500_000_000, findings: 100 }
    }
}
