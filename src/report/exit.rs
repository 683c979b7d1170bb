//! The exit code of a run, as a pure function of its report. Read by the command line; the fine print, "The command line and the report".
use crate::base::{Diagnostic, Severity};
use crate::verdict::{DemandReport, Effect, Report, Unknown, Verdict};

/// How a run ended, in the words of exit codes. The graver one wins where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every demand holds.
    Fine,
    /// 5: a limit came before the answer.
    Limit,
    /// 1: a demand is violated, or unknown because of a fault.
    Violated,
    /// 4: a candidate does not conform, or could not be read.
    Candidate,
    /// 3: the program is wrong.
    Program,
    /// 2: dbm was called wrongly.
    Call,
    /// 70: a promise of ours is broken.
    Internal,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Violated => 1,
            Exit::Call => 2,
            Exit::Program => 3,
            Exit::Candidate => 4,
            Exit::Limit => 5,
            Exit::Internal => 70,
        }
    }
    /// What the report as a whole says. `deny_warnings` counts warnings, violated demands of lesser severity and vacuous ones like errors.
    pub fn of(report: &Report, deny_warnings: bool) -> Exit {
        let program = report.diagnostics.iter().map(|d| of_diagnostic(d, deny_warnings, Exit::Program));
        let candidates = report.candidates.iter().flat_map(|c| {
            let findings = c.diagnostics.iter().map(|d| of_diagnostic(d, deny_warnings, Exit::Fine));
            findings.chain(c.demands.iter().map(|d| of_demand(d, deny_warnings)))
        });
        program.chain(candidates).max().unwrap_or(Exit::Fine)
    }
    /// What decisions about candidates say: fine, if all are permitted.
    pub fn of_decisions(report: &Report) -> Exit {
        let decided = |c: &crate::verdict::CandidateReport| match &c.decision {
            Some(d) if d.effect == Effect::Permit => Exit::Fine,
            _ => Exit::Violated,
        };
        report.candidates.iter().map(decided).max().unwrap_or(Exit::Fine).max(Exit::of(report, false))
    }
    /// What diagnostics alone say, of a program that could not be run.
    pub fn of_diagnostics(diagnostics: &[Diagnostic]) -> Exit {
        diagnostics.iter().map(|d| of_diagnostic(d, false, Exit::Program)).max().unwrap_or(Exit::Fine)
    }
    /// What the faults and limits beside an answer say: nothing depends on them but the answer itself.
    pub fn of_answer(diagnostics: &[Diagnostic]) -> Exit {
        let of = |d: &Diagnostic| match d.code.number {
            600..700 if d.is_error() && d.code.name.ends_with("-limit") => Exit::Limit,
            600..700 if d.is_error() => Exit::Violated,
            _ => of_diagnostic(d, false, Exit::Violated),
        };
        diagnostics.iter().map(of).max().unwrap_or(Exit::Fine)
    }
}

/// The code says which stage complains. Faults and limits (06xx) speak through the demands that depend on them; `rest` is what a
/// lint (08xx) or a demand that is not there yet (09xx) counts as.
fn of_diagnostic(d: &Diagnostic, deny_warnings: bool, rest: Exit) -> Exit {
    let counts = d.is_error() || (deny_warnings && d.severity == Severity::Warning);
    match d.code.number {
        _ if !counts => Exit::Fine,
        999 => Exit::Internal,
        0..500 => Exit::Program,
        // `--reader` names a reader that is not there
        540 => Exit::Call,
        // time or memory ran out at the door
        524 => Exit::Limit,
        500..600 => Exit::Candidate,
        700..800 => Exit::Call,
        600..700 if d.is_error() => Exit::Fine,
        _ if d.is_error() => rest,
        _ => Exit::Violated,
    }
}

fn of_demand(d: &DemandReport, deny_warnings: bool) -> Exit {
    let counts = d.severity == Severity::Error || deny_warnings;
    match d.verdict {
        _ if !counts => Exit::Fine,
        Verdict::Violated | Verdict::NotIdentifiable => Exit::Violated,
        Verdict::Unknown if d.unknown == Some(Unknown::Limit) => Exit::Limit,
        Verdict::Unknown => Exit::Violated,
        Verdict::Vacuous if deny_warnings => Exit::Violated,
        _ => Exit::Fine,
    }
}

/// The verdict on a candidate: what its demands of severity `error` say together.
pub fn conclude(demands: &[DemandReport]) -> Verdict {
    let graver = |d: &&DemandReport| d.severity == Severity::Error;
    let any = |v: Verdict| demands.iter().filter(graver).any(|d| d.verdict == v);
    match () {
        _ if any(Verdict::Violated) => Verdict::Violated,
        _ if any(Verdict::Unknown) || any(Verdict::NotIdentifiable) => Verdict::Unknown,
        _ => Verdict::Satisfied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Code, Place};
    use crate::verdict::{CandidateReport, DemandKind};

    fn demand(severity: Severity, verdict: Verdict, unknown: Option<Unknown>) -> DemandReport {
        DemandReport {
            verdict,
            unknown,
            checked: 1,
            ..DemandReport::blank(DemandKind::Invariant, "i", severity, Place::default())
        }
    }
    fn report(demands: Vec<DemandReport>) -> Report {
        let verdict = conclude(&demands);
        let candidate = CandidateReport {
            candidate: "a.json".into(),
            verdict,
            demands,
            decision: None,
            size: (0, 0, 0),
            streamed: false,
            diagnostics: vec![],
        };
        Report { program: "p.dbm".into(), candidates: vec![candidate], diagnostics: vec![] }
    }
    fn code(demands: Vec<DemandReport>) -> u8 {
        Exit::of(&report(demands), false).code()
    }
    fn error(number: u16) -> Diagnostic {
        Diagnostic::error(Code::new(number, "x"), "x")
    }

    #[test]
    fn a_violated_or_unknown_error_is_1_and_a_limit_alone_5() {
        use Severity::Error;
        let limit = || demand(Error, Verdict::Unknown, Some(Unknown::Limit));
        assert_eq!(code(vec![demand(Error, Verdict::Holds, None)]), 0);
        assert_eq!(code(vec![demand(Error, Verdict::Violated, None)]), 1);
        assert_eq!(code(vec![demand(Error, Verdict::Unknown, Some(Unknown::Fault))]), 1);
        assert_eq!(code(vec![demand(Error, Verdict::Unknown, Some(Unknown::NotYet))]), 1);
        assert_eq!(code(vec![limit()]), 5);
        assert_eq!(code(vec![limit(), demand(Error, Verdict::Violated, None)]), 1);
        assert_eq!(code(vec![limit(), demand(Error, Verdict::Unknown, Some(Unknown::Fault))]), 1);
    }
    #[test]
    fn warnings_infos_and_vacuous_ones_leave_0_unless_denied() {
        for d in [
            demand(Severity::Warning, Verdict::Violated, None),
            demand(Severity::Info, Verdict::Violated, None),
            demand(Severity::Error, Verdict::Vacuous, None),
            demand(Severity::Warning, Verdict::Unknown, Some(Unknown::Fault)),
        ] {
            let r = report(vec![d]);
            assert_eq!((Exit::of(&r, false).code(), Exit::of(&r, true).code()), (0, 1), "{r:?}");
        }
        for v in [Verdict::Holding, Verdict::Pending, Verdict::Satisfied] {
            assert_eq!(Exit::of(&report(vec![demand(Severity::Error, v, None)]), true).code(), 0);
        }
    }
    #[test]
    fn a_wrong_candidate_is_4_a_wrong_program_3_a_wrong_call_2() {
        let mut r = report(vec![demand(Severity::Error, Verdict::Violated, None)]);
        r.candidates[0].diagnostics.push(error(501));
        assert_eq!(Exit::of(&r, false).code(), 4);
        r.diagnostics.push(error(203));
        assert_eq!(Exit::of(&r, false).code(), 3);
        r.diagnostics.push(error(701));
        assert_eq!(Exit::of(&r, false).code(), 2);
    }
    #[test]
    fn a_fault_counts_by_the_demands_that_depend_on_it() {
        let mut r = report(vec![demand(Severity::Error, Verdict::Holds, None)]);
        r.candidates[0].diagnostics.push(error(601));
        assert_eq!(Exit::of(&r, false).code(), 0);
    }
    #[test]
    fn a_lint_of_the_program_counts_only_when_denied() {
        let mut r = report(vec![]);
        r.diagnostics.push(Diagnostic::warning(Code::new(801, "unused"), "x"));
        assert_eq!((Exit::of(&r, false).code(), Exit::of(&r, true).code()), (0, 1));
        r.diagnostics.push(Diagnostic::warning(Code::new(401, "once"), "x"));
        assert_eq!((Exit::of(&r, false).code(), Exit::of(&r, true).code()), (0, 3));
    }
    #[test]
    fn a_candidate_is_judged_by_its_errors() {
        let (warning, error) = (Severity::Warning, Severity::Error);
        assert_eq!(conclude(&[demand(warning, Verdict::Violated, None)]), Verdict::Satisfied);
        let unknown = || demand(error, Verdict::Unknown, Some(Unknown::Fault));
        assert_eq!(conclude(&[unknown()]), Verdict::Unknown);
        assert_eq!(conclude(&[unknown(), demand(error, Verdict::Violated, None)]), Verdict::Violated);
    }
}
