//! The codes of what stands between a demand and its verdict: faults and limits (06xx), what is not there yet (09xx).
use crate::base::{Code, Diagnostic, Place};
use crate::engine::fault::FaultAt;
use crate::engine::{Limit, Reached};
use crate::scalar::expression::FaultKind;

/// A number, time or duration left its range.
pub const OVERFLOW: Code = Code::new(601, "overflow");
/// Division by zero.
pub const DIVISION_BY_ZERO: Code = Code::new(602, "division-by-zero");
/// A result that is not a number.
pub const NOT_A_NUMBER: Code = Code::new(603, "not-a-number");
/// A value that does not fit its type.
pub const CAST: Code = Code::new(604, "value-does-not-fit");
/// Ranging over what cannot be ranged over.
pub const RANGE: Code = Code::new(605, "cannot-range-over");
/// Two values for one thing.
pub const CONFLICT: Code = Code::new(606, "conflicting-values");
/// A mechanism or an improving rule that depends on itself for ever.
pub const CYCLE: Code = Code::new(607, "never-settles");
/// An argument that a built-in cannot take.
pub const ARGUMENT: Code = Code::new(608, "bad-argument");
/// An element that is not there.
pub const MISSING: Code = Code::new(609, "missing-element");
/// Too many facts.
pub const FACT_LIMIT: Code = Code::new(610, "fact-limit");
/// Too much memory.
pub const MEMORY_LIMIT: Code = Code::new(611, "memory-limit");
/// Stopped from outside: a time limit, or the user.
pub const STOPPED: Code = Code::new(612, "time-limit");
/// A text or a list that would be too large.
pub const TOO_LARGE: Code = Code::new(613, "value-too-large");
/// Edits that cannot be made.
pub const IMPOSSIBLE_EDIT: Code = Code::new(614, "edit-not-possible");
/// More worlds than are tried.
pub const WORLD_LIMIT: Code = Code::new(615, "world-limit");
/// A state that does not fit.
pub const SNAPSHOT: Code = Code::new(617, "state-does-not-fit");
/// No policy on events, where events are to be decided.
pub const NO_POLICY: Code = Code::new(616, "no-policy");
/// A scope that matched nothing.
pub const VACUOUS: Code = Code::new(620, "vacuous");
/// A word of the language whose engine is not there yet.
pub const NOT_YET: Code = Code::new(901, "not-yet");

/// All of them.
pub const ALL: &[Code] = &[
    OVERFLOW,
    DIVISION_BY_ZERO,
    NOT_A_NUMBER,
    CAST,
    RANGE,
    CONFLICT,
    CYCLE,
    ARGUMENT,
    MISSING,
    FACT_LIMIT,
    MEMORY_LIMIT,
    STOPPED,
    TOO_LARGE,
    IMPOSSIBLE_EDIT,
    WORLD_LIMIT,
    NO_POLICY,
    SNAPSHOT,
    VACUOUS,
    NOT_YET,
];

/// A demand that a fault makes unknown.
pub fn fault(demand: &str, place: Place, f: &FaultAt) -> Diagnostic {
    let (code, help) = of_kind(f);
    Diagnostic::error(code, format!("`{demand}` is unknown: {}", f.fault.text))
        .at(f.place, f.fault.text.clone())
        .also(place, "so this demand can be neither passed nor failed")
        .help(help)
}

/// A query whose answer a fault makes uncertain.
pub fn no_answer(f: &FaultAt) -> Diagnostic {
    let (code, help) = of_kind(f);
    Diagnostic::error(code, f.fault.text.clone()).at(f.place, "the answer depends on this").help(help)
}

fn of_kind(f: &FaultAt) -> (Code, &'static str) {
    match f.fault.kind {
        FaultKind::Overflow => (OVERFLOW, "keep the numbers smaller, or compute with Floats"),
        FaultKind::Size => (TOO_LARGE, "test `length` before it is built; what doubles at each step has no end"),
        FaultKind::DivisionByZero => {
            (DIVISION_BY_ZERO, "guard the division: `x != 0 and …`; the order of the conditions does not matter")
        }
        FaultKind::NotANumber => (NOT_A_NUMBER, "guard the arguments with a condition"),
        FaultKind::Cast => (CAST, "test for it with `has`, give a value with `??`, or mend the candidate"),
        FaultKind::Range => (RANGE, "write `?? []` behind it if it may be absent"),
        FaultKind::Conflict => {
            (CONFLICT, "say which value wins with `min { … }` or `max { … }`, or make the clauses exclude each other")
        }
        FaultKind::Cycle => {
            (CYCLE, "break the circle: a value cannot depend on itself, and a cost must not shrink on a way round")
        }
        FaultKind::Argument => (ARGUMENT, "look the argument up in the list of built-ins"),
        FaultKind::Missing => (MISSING, "name an element that the candidate has"),
    }
}

/// A limit that ended the run.
pub fn limit(reached: &Reached) -> Diagnostic {
    let (code, what, help) = match reached.limit {
        Limit::Facts => {
            (FACT_LIMIT, "more facts than the limit allows", "raise it with `--fact-limit`, or make the rule say less")
        }
        Limit::Memory => {
            (MEMORY_LIMIT, "more memory than the limit allows", "raise it with `--memory-limit`, or make the rule say less")
        }
        Limit::Stopped => (STOPPED, "the time limit was reached", "raise it with `--time-limit`, or make the rule cheaper"),
    };
    Diagnostic::error(code, format!("{what}, while evaluating `{}`", reached.culprit))
        .at(reached.place, "this was being evaluated")
        .help(help)
        .note("every demand that was not decided by then is unknown")
}

/// An edit that cannot be made.
pub fn edit(why: &str, place: Place) -> Diagnostic {
    Diagnostic::error(IMPOSSIBLE_EDIT, format!("this cannot be done: {why}"))
        .at(place, "nothing was changed")
        .help("name elements that are there; `ensure` adds what may be there already")
}

/// An edit that cannot be made in a world of an intervention.
pub fn world_edit(demand: &str, place: Place, why: &str, at: Place) -> Diagnostic {
    let d = Diagnostic::error(IMPOSSIBLE_EDIT, format!("`{demand}` is unknown: an edit cannot be made, {why}"))
        .at(at, why.to_string());
    let d = if at == place { d } else { d.also(place, "so this world is neither passed nor failed") };
    d.help("keep such worlds out with a `where`; `ensure` adds what may be there already")
}

/// More worlds than are tried.
pub fn too_many_worlds(demand: &str, place: Place, (tried, seed): (u64, Option<u64>), violated: bool) -> Diagnostic {
    let worlds = if tried == 1 { "the one world that was".to_string() } else { format!("the {tried} worlds that were") };
    let title = format!("`{demand}` has more than {worlds} tried");
    let d = if violated { Diagnostic::warning(WORLD_LIMIT, title) } else { Diagnostic::error(WORLD_LIMIT, title) };
    let d = d.at(place, "not all of its worlds were tried");
    let d = match seed {
        Some(seed) => d.note(format!("those that were tried are a random sample, with seed {seed} (`--seed` takes another one)")),
        None => d,
    };
    d.help("raise the number with `--worlds`, or narrow its `for` with a `where`")
}

/// A word whose engine is not there yet.
pub fn not_yet(demand: &str, place: Place, what: &str, at: Place) -> Diagnostic {
    let d = Diagnostic::error(NOT_YET, format!("`{demand}` is unknown: this version of dbm cannot evaluate {what} yet"))
        .at(at, "parsed and checked, but not evaluated");
    let d = if at == place { d } else { d.also(place, "in this demand") };
    d.note("a demand that was not evaluated never counts as passed")
}

/// Policies that cannot be decided one event at a time.
pub fn not_live(place: Place, what: &str) -> Diagnostic {
    Diagnostic::error(NOT_YET, format!("this version of dbm cannot evaluate {what} in front of events"))
        .at(place, "this needs the whole trace")
        .help("`dbm check` evaluates it over a recorded trace")
}

/// A program that decides nothing.
pub fn no_policy() -> Diagnostic {
    Diagnostic::error(NO_POLICY, "the program has no policy on events, so it decides nothing")
        .help("write one, like `policy tools { on c: Call  permit when c.tool in [\"search\"] }`")
}

/// A monitor that was written down, and cannot be taken over.
pub fn snapshot(why: &str) -> Diagnostic {
    Diagnostic::error(SNAPSHOT, format!("the state cannot be taken over: {why}"))
        .help("replay the events under the program, or begin anew")
}
