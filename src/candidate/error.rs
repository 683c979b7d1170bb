//! The codes of the door, and the collector of its findings. Fed by every part of the door, read by session and `dbm explain`.
use crate::base::{Code, Diagnostic, Severity};

/// The text is no JSON.
pub const JSON_SYNTAX: Code = Code::new(501, "json-syntax");
/// The file is not UTF-8.
pub const NOT_UTF8: Code = Code::new(502, "not-utf8");
/// Lists and records are nested too deep.
pub const TOO_DEEP: Code = Code::new(503, "candidate-too-deep");
/// The file, or what it contains, is too large.
pub const TOO_LARGE: Code = Code::new(504, "candidate-too-large");
/// A record has a key twice.
pub const DUPLICATE_KEY: Code = Code::new(505, "duplicate-key");
/// A number that 64 bits cannot hold.
pub const NUMBER_RANGE: Code = Code::new(506, "candidate-number-out-of-range");
/// The document has a section that dbm's own JSON does not have.
pub const UNKNOWN_SECTION: Code = Code::new(507, "unknown-section");
/// Nodes, but no list of edges (or nothing at all).
pub const MISSING_SECTION: Code = Code::new(508, "missing-section");
/// Something is not of the shape that it must have here (a record, a list).
pub const WRONG_SHAPE: Code = Code::new(509, "wrong-shape");
/// An element without its `id`, `kind`, `from`, `to` or `at`.
pub const MISSING_FIELD: Code = Code::new(510, "missing-field");
/// A kind that the program does not declare.
pub const UNKNOWN_KIND: Code = Code::new(511, "unknown-candidate-kind");
/// An attribute that the kind does not have.
pub const UNKNOWN_ATTRIBUTE: Code = Code::new(512, "unknown-candidate-attribute");
/// An attribute that must be there is not.
pub const MISSING_ATTRIBUTE: Code = Code::new(513, "missing-candidate-attribute");
/// A value that does not fit the declared type.
pub const WRONG_TYPE: Code = Code::new(514, "wrong-candidate-type");
/// A value for an attribute that a mechanism defines.
pub const MECHANISM_ATTRIBUTE: Code = Code::new(515, "mechanism-attribute");
/// An edge to a node (or a reference to an element) that is not there.
pub const DANGLING: Code = Code::new(516, "dangling-reference");
/// An edge between kinds (or a reference to a kind) that it is not declared for.
pub const WRONG_END: Code = Code::new(517, "end-of-wrong-kind");
/// An id that fits two nodes.
pub const AMBIGUOUS: Code = Code::new(518, "ambiguous-reference");
/// Two elements with one id.
pub const DUPLICATE_ID: Code = Code::new(519, "duplicate-id");
/// A node with too few or too many edges of a kind.
pub const CARDINALITY: Code = Code::new(520, "cardinality");
/// An event that is there twice, with the same content: one is dropped.
pub const DUPLICATE_EVENT: Code = Code::new(521, "duplicate-event");
/// Two events with one id and different content.
pub const TAMPERED_EVENT: Code = Code::new(522, "tampered-event");
/// More findings than are drawn.
pub const MORE_FINDINGS: Code = Code::new(523, "more-findings");
/// The text is no YAML that can be read as JSON.
pub const YAML_SYNTAX: Code = Code::new(530, "yaml-syntax");
/// The aliases of a YAML file expand to too much.
pub const ALIAS_EXPANSION: Code = Code::new(531, "alias-expansion");
/// No reader of that name.
pub const UNKNOWN_READER: Code = Code::new(540, "unknown-reader");
/// A value that a reader computes cannot be had.
pub const READER_FAULT: Code = Code::new(541, "reader-fault");
/// A reader that tries too many bindings.
pub const READER_LIMIT: Code = Code::new(542, "reader-limit");
/// A limit on time or memory came while the candidate was read.
pub const READING_LIMIT: Code = Code::new(524, "reading-limit");
/// Something that a reader cannot do.
pub const READER_CANNOT: Code = Code::new(543, "reader-cannot");
/// A reader that found nothing to add.
pub const READER_EMPTY: Code = Code::new(544, "reader-found-nothing");
/// A program without declarations, and a candidate from which none can be inferred.
pub const CANNOT_INFER: Code = Code::new(545, "cannot-infer");
/// An event behind newer ones, later than events may be.
pub const LATE_EVENT: Code = Code::new(546, "late-event");

/// All codes of the door.
pub const ALL: &[Code] = &[
    JSON_SYNTAX,
    NOT_UTF8,
    TOO_DEEP,
    TOO_LARGE,
    DUPLICATE_KEY,
    NUMBER_RANGE,
    UNKNOWN_SECTION,
    MISSING_SECTION,
    WRONG_SHAPE,
    MISSING_FIELD,
    UNKNOWN_KIND,
    UNKNOWN_ATTRIBUTE,
    MISSING_ATTRIBUTE,
    WRONG_TYPE,
    MECHANISM_ATTRIBUTE,
    DANGLING,
    WRONG_END,
    AMBIGUOUS,
    DUPLICATE_ID,
    CARDINALITY,
    DUPLICATE_EVENT,
    TAMPERED_EVENT,
    MORE_FINDINGS,
    YAML_SYNTAX,
    ALIAS_EXPANSION,
    UNKNOWN_READER,
    READER_FAULT,
    READER_LIMIT,
    READING_LIMIT,
    READER_CANNOT,
    READER_EMPTY,
    CANNOT_INFER,
    LATE_EVENT,
];

/// Findings, of which so many are kept and the others counted.
#[derive(Debug)]
pub struct Findings {
    list: Vec<Diagnostic>,
    limit: usize,
    errors: u64,
    dropped: u64,
}

/// What is said if a limit of the run comes while a candidate is read.
pub fn reading_limit(what: &str) -> Diagnostic {
    Diagnostic::error(READING_LIMIT, format!("{what}, while the candidate was being read"))
        .help("raise it with `--time-limit` or `--memory-limit`, or see what makes the candidate so large")
}

impl Findings {
    /// None yet; `limit` are drawn.
    pub fn new(limit: usize) -> Self {
        Findings { list: vec![], limit, errors: 0, dropped: 0 }
    }
    /// Adds one; it is made only if it is kept.
    pub fn add(&mut self, severity: Severity, make: impl FnOnce() -> Diagnostic) {
        if severity == Severity::Error {
            self.errors += 1;
        }
        // more are kept than drawn, so that the first in the file are drawn whichever pass found them
        if self.list.len() < self.limit.saturating_mul(10).max(1) { self.list.push(make()) } else { self.dropped += 1 }
    }
    /// Adds an error.
    pub fn error(&mut self, make: impl FnOnce() -> Diagnostic) {
        self.add(Severity::Error, make);
    }
    /// Whether there is an error.
    pub fn failed(&self) -> bool {
        self.errors > 0
    }
    /// In the order of their places in the candidate, cut to the limit, with a count of the rest.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| {
            let place = d.primary().map(|p| (p.item, p.span.start));
            (d.severity, place.is_none(), place)
        });
        let rest = self.list.len().saturating_sub(self.limit) as u64 + self.dropped;
        if rest > 0 {
            let severity = if self.errors > self.limit as u64 { Severity::Error } else { Severity::Warning };
            self.list.truncate(self.limit);
            self.list.push(Diagnostic::new(MORE_FINDINGS, severity, format!("and {rest} more findings")));
        }
        self.list
    }
}
