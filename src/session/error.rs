//! The library's error, and the codes of the call itself (07xx, 0830 of what a policy keeps, 0831 of what it does not, 0999 for a broken promise of ours). Read by hosts and faces.
use super::run::Run;
use crate::base::{Code, Diagnostic, Sources};
use crate::verdict::Report;

/// No parameter has the name given.
pub const UNKNOWN_PARAM: Code = Code::new(701, "unknown-param");
/// The value given does not fit the parameter's type.
pub const ILL_TYPED_PARAM: Code = Code::new(702, "ill-typed-param");
/// A parameter without a default was given no value.
pub const MISSING_PARAM: Code = Code::new(703, "missing-param");
/// A file named in the call cannot be read.
pub const UNREADABLE_FILE: Code = Code::new(704, "unreadable-file");
/// No demand has the name given.
pub const UNKNOWN_DEMAND: Code = Code::new(706, "no-such-demand");
/// No diagnostic has the code given.
pub const UNKNOWN_CODE: Code = Code::new(707, "unknown-code");
/// A command of the REPL that is not there, or cannot be done.
pub const BAD_COMMAND: Code = Code::new(708, "bad-command");
/// No test's title contains the text given.
pub const NO_SUCH_TEST: Code = Code::new(709, "no-such-test");
/// A program that says nothing about candidates as such.
pub const NOTHING_TO_JUDGE_BY: Code = Code::new(710, "nothing-to-judge-by");
/// Something that a policy keeps of events grows for ever.
pub const GROWS: Code = Code::new(830, "grows-for-ever");
/// A window that is shorter than the gaps of a recorded trace.
pub const NARROW: Code = Code::new(831, "window-too-short");
/// A broken promise of ours.
pub const INTERNAL: Code = Code::new(999, "internal");

/// All codes of this room.
pub const ALL: &[Code] = &[
    UNKNOWN_PARAM,
    ILL_TYPED_PARAM,
    MISSING_PARAM,
    UNREADABLE_FILE,
    UNKNOWN_DEMAND,
    UNKNOWN_CODE,
    BAD_COMMAND,
    NO_SUCH_TEST,
    NOTHING_TO_JUDGE_BY,
    GROWS,
    NARROW,
    INTERNAL,
];

/// A program that cannot be asked for decisions about candidates.
pub(super) fn nothing_to_judge_by() -> Diagnostic {
    Diagnostic::error(NOTHING_TO_JUDGE_BY, "the program says nothing about candidates as such")
        .help("add a policy `on candidate`, or a `prefer`; `dbm check` asks for its other demands")
}

/// The codes of all rooms, in order.
pub fn codes() -> Vec<Code> {
    let mut all: Vec<Code> = super::stages::CODES.iter().flat_map(|c| c.iter().copied()).chain(ALL.iter().copied()).collect();
    all.sort();
    all
}

/// Diagnostics, and the sources that their places refer to.
#[derive(Clone, Debug)]
pub struct Failure {
    /// At least one of them is an error.
    pub diagnostics: Vec<Diagnostic>,
    /// The files involved.
    pub sources: Sources,
}

impl Failure {
    fn first(&self) -> String {
        let errors: Vec<&Diagnostic> = self.diagnostics.iter().filter(|d| d.is_error()).collect();
        let Some(first) = errors.first() else { return "(no diagnostic)".into() };
        let place = first.primary().and_then(|p| crate::report::excerpt::place_text(&self.sources, p));
        let place = place.map(|p| format!("{p}: ")).unwrap_or_default();
        let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
        format!("{place}[{}] {}{more}", first.code, first.title)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// dbm was called wrongly: parameters, readers, demands, files.
    #[error("the call is wrong: {}", .0.first())]
    Call(Box<Failure>),
    /// The program, or the formula of a query, is wrong.
    #[error("the program is wrong: {}", .0.first())]
    Program(Box<Failure>),
    /// The candidate cannot be read, or does not conform.
    #[error("the candidate is refused: {}", .0.first())]
    Candidate(Box<Failure>),
}

impl Error {
    /// The error that the gravest diagnostics call for.
    pub(super) fn of(diagnostics: Vec<Diagnostic>, sources: Sources) -> Error {
        let of = |range: std::ops::Range<u16>| diagnostics.iter().any(|d| d.is_error() && range.contains(&d.code.number));
        // 0540 is a `--reader` that nothing has
        let (call, candidate) = (of(700..800) || of(540..541), of(500..600));
        let failure = Box::new(Failure { diagnostics, sources });
        match (call, candidate) {
            (true, _) => Error::Call(failure),
            (_, true) => Error::Candidate(failure),
            _ => Error::Program(failure),
        }
    }
    /// The same, with a help at its first error.
    pub(super) fn with_help(mut self, help: &str) -> Error {
        let (Error::Call(f) | Error::Program(f) | Error::Candidate(f)) = &mut self;
        if let Some(first) = f.diagnostics.iter_mut().find(|d| d.is_error()) {
            first.helps.push(help.to_string());
        }
        self
    }
    /// What is wrong, and where.
    pub fn failure(&self) -> &Failure {
        match self {
            Error::Call(f) | Error::Program(f) | Error::Candidate(f) => f,
        }
    }
    /// The diagnostics, at least one of them an error.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.failure().diagnostics
    }
    /// The files that the diagnostics' places refer to.
    pub fn sources(&self) -> &Sources {
        &self.failure().sources
    }
    /// A report without candidates that carries the diagnostics, for a program of that name.
    pub fn into_run(self, program: &str) -> Run {
        let (Error::Call(f) | Error::Program(f) | Error::Candidate(f)) = self;
        let report = Report { program: program.to_string(), candidates: vec![], diagnostics: f.diagnostics };
        Run { report, sources: f.sources }
    }
}
