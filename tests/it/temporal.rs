//! Policies over recorded traces against the oracle, on random policies and traces. Reads oracle and traces; a case that differs is shrunk.
//!
//! A subject is whatever judges a trace: a new way to evaluate policies is one more line in `SUBJECTS`.
use crate::agree::{compile, cuts, read, values};
use crate::oracle::Oracle;
use crate::oracle::past::{Judged, Struck};
use crate::traces::{self, Case, Event};
use dbm::base::{Diagnostic, Sources};
use dbm::candidate::{self, Format, Input};
use dbm::engine::Budget;
use dbm::scalar::Element;
use dbm::scalar::instant::parse_time;
use dbm::semantics::Checked;
use dbm::session::decide::{Asked, decide};
use dbm::session::evaluate::How;
use dbm::verdict::DemandReport;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is said of a trace.
#[derive(PartialEq, Debug)]
pub enum Answer {
    /// It is no trace: an event was tampered with.
    Refused,
    Judged {
        late: u64,
        twice: u64,
        policies: Vec<Judged>,
    },
}
/// Judges a trace, given as the events in the order in which they arrive.
pub type Subject = fn(&Checked, &Sources, &Case) -> Answer;

/// All that must agree with the oracle.
const SUBJECTS: &[(&str, Subject)] = &[("engine", whole_trace), ("stream", as_it_comes)];

/// The history of a trace, from the page alone: what came too late is not in it, what came again is in it once.
fn history(case: &Case) -> Option<(Vec<Event>, u64, u64)> {
    let (mut all, mut late, mut twice): (Vec<Event>, u64, u64) = (vec![], 0, 0);
    for e in &case.events {
        let newest = all.iter().map(|o| o.at).max();
        if newest.is_some_and(|n| e.at < n - case.lateness) {
            late += 1;
            continue;
        }
        match all.iter().find(|o| (&o.kind, &o.id) == (&e.kind, &e.id)) {
            Some(o) if o.attrs == e.attrs => twice += 1,
            Some(_) => return None,
            None => all.push(e.clone()),
        }
    }
    all.sort_by_key(|e| e.at);
    Some((all, late, twice))
}

fn oracle(checked: &Checked, _: &Sources, case: &Case) -> Answer {
    let Some((events, late, twice)) = history(case) else { return Answer::Refused };
    // what the door reads here is in order already, and each event stands once
    let graph = read(checked, &Case::trace(&events));
    for (n, e) in events.iter().enumerate() {
        assert_eq!(graph.show(Element::Event(n as u32)), format!("{}(\"{}\")", e.kind, e.id), "events are numbered by time");
    }
    let mut policies = Oracle::new(&checked.program, &graph).policies(case.closed, case.lateness);
    policies.iter_mut().for_each(|j| j.due.sort());
    Answer::Judged { late, twice, policies }
}

/// The trace checked as a whole, as `dbm check` does it.
fn whole_trace(checked: &Checked, sources: &Sources, case: &Case) -> Answer {
    let text = Case::trace(&case.events);
    let input = Input { name: "trace.json", bytes: text.as_bytes(), format: Format::Json };
    let options = candidate::Options { lateness: Some(case.lateness), ..candidate::Options::default() };
    let outcome = candidate::read(&checked.program, &input, None, &options, &mut Sources::new());
    let Some(graph) = outcome.graph else {
        let other: Vec<&Diagnostic> =
            outcome.diagnostics.iter().filter(|d| d.is_error() && d.code != candidate::error::TAMPERED_EVENT).collect();
        assert!(other.is_empty(), "a candidate is refused: {other:#?}");
        return Answer::Refused;
    };
    let found = &outcome.diagnostics;
    let (late, twice) = (counted(found, candidate::error::LATE_EVENT), counted(found, candidate::error::DUPLICATE_EVENT));
    let asked = Asked {
        wanted: &|_| true,
        most: 1_000,
        worlds: 1_000,
        seed: 0,
        closed: case.closed,
        lateness: case.lateness,
        shares: &[],
        why: None,
        sources,
        locate: &|_, _| None,
    };
    let what = (&checked.program, &checked.strata);
    let (reports, ..) = decide(what, graph, &values(checked), &Budget::default(), How::default(), &asked);
    Answer::Judged { late, twice, policies: reports.iter().map(judged).collect() }
}

thread_local! {
    /// Whether the last trace was judged as it was read, and not as a whole after all.
    static STREAMED: Cell<bool> = const { Cell::new(false) };
}

/// The same events as JSON lines, judged as they are read.
fn as_it_comes(_: &Checked, _: &Sources, case: &Case) -> Answer {
    use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
    let mut text = case.program();
    let declared: Vec<String> =
        text.lines().filter(|l| l.starts_with("event ") || l.starts_with("observed event ")).map(str::to_string).collect();
    text.push_str("reader trace {\n");
    for d in declared {
        let (head, body) = d.split_once('{').expect("attributes");
        let kind = head.trim().rsplit(' ').next().expect("a name");
        let names = body.trim_end_matches(['}', ' ']).split(", ").map(|a| a.split(':').next().unwrap_or("").trim().to_string());
        let given: Vec<String> = names.map(|n| format!("{n}: doc.{n}")).collect();
        text += &format!(
            "  add {kind}(doc.id) at parse_time(doc.at) {{ {} }} for k in [\"{kind}\"] where doc.kind == k\n",
            given.join(", ")
        );
    }
    text.push_str("}\n");
    let lines: Vec<String> = case
        .events
        .iter()
        .map(|e| {
            let attrs: String = e.attrs.iter().map(|(k, v)| format!(", \"{k}\": {v}")).collect();
            let at = dbm::scalar::instant::format_time(e.at);
            format!("{{\"kind\": \"{}\", \"id\": \"{}\", \"at\": \"{at}\"{attrs}}}\n", e.kind, e.id)
        })
        .collect();
    let program = match Program::compile("p.dbm", &text, &NoFiles, &CompileOptions::default()) {
        Ok(p) => p,
        Err(e) => panic!("a candidate is refused: {:#?}\n{text}", e.failure().diagnostics),
    };
    let options = RunOptions {
        closed: case.closed,
        lateness: case.lateness,
        beside: Some(Input::new("beside.json", Case::trace(&[]))),
        ..RunOptions::default()
    };
    let run = program.check(&[Input::new("trace.jsonl", lines.concat()).with_reader("trace")], &options);
    let c = &run.report.candidates[0];
    STREAMED.with(|s| s.set(c.streamed));
    if c.demands.is_empty() && c.diagnostics.iter().any(|d| d.is_error()) {
        let other: Vec<&Diagnostic> =
            c.diagnostics.iter().filter(|d| d.is_error() && d.code != candidate::error::TAMPERED_EVENT).collect();
        assert!(other.is_empty(), "a candidate is refused: {other:#?}");
        return Answer::Refused;
    }
    let (late, twice) =
        (counted(&c.diagnostics, candidate::error::LATE_EVENT), counted(&c.diagnostics, candidate::error::DUPLICATE_EVENT));
    Answer::Judged { late, twice, policies: c.demands.iter().map(judged).collect() }
}

/// How many events a warning counts.
fn counted(diagnostics: &[Diagnostic], code: dbm::base::Code) -> u64 {
    let title = diagnostics.iter().find(|d| d.code == code).map(|d| d.title.clone()).unwrap_or_default();
    let first = title.split(' ').next().unwrap_or_default();
    first.parse().unwrap_or(u64::from(!first.is_empty()))
}

/// What a report says.
fn judged(r: &DemandReport) -> Judged {
    let plain = |v: &dbm::verdict::Violation| {
        let strike = v.strike.clone().expect("what it does");
        let event = v.binding.first().and_then(|b| b.1.as_str()).unwrap_or_default().to_string();
        Struck { event, effect: strike.effect.name().into(), to: strike.to, due: strike.due }
    };
    let mut due: Vec<(String, i64)> = r.due.iter().map(|d| (d.event.clone(), parse_time(&d.due).unwrap_or(0))).collect();
    due.sort();
    assert_eq!(r.unknown.is_some(), r.verdict == dbm::verdict::Verdict::Unknown);
    assert_eq!(r.remark_count as usize, r.remarks.len());
    Judged {
        policy: r.name.clone(),
        verdict: r.verdict.name().into(),
        checked: r.checked,
        count: r.violation_count,
        violations: r.violations.iter().map(plain).collect(),
        due,
        remarks: r.remarks.iter().map(|m| (m.event.clone(), m.word.to_string())).collect(),
    }
}

/// What differs between the oracle and a subject.
fn difference(checked: &Checked, sources: &Sources, case: &Case) -> Option<String> {
    let expected = oracle(checked, sources, case);
    for (name, subject) in SUBJECTS {
        let found = subject(checked, sources, case);
        if found == expected {
            continue;
        }
        if let (Answer::Judged { policies: a, .. }, Answer::Judged { policies: b, .. }) = (&found, &expected)
            && let Some((a, b)) = a.iter().zip(b).find(|(a, b)| a != b)
        {
            return Some(format!("{name}: {a:#?}\noracle: {b:#?}"));
        }
        return Some(format!("{name}: {found:#?}\noracle: {expected:#?}"));
    }
    None
}

enum Tried {
    Refused(String),
    Fine,
    Wrong(String),
}
fn attempt(case: &Case) -> Tried {
    if !case.items.iter().any(|i| i.starts_with("policy")) {
        return Tried::Refused("no policy".into());
    }
    let run = catch_unwind(AssertUnwindSafe(|| match compile(&case.program()) {
        Err(errors) => Tried::Refused(errors.first().cloned().unwrap_or_default()),
        Ok((checked, sources)) => difference(&checked, &sources, case).map_or(Tried::Fine, Tried::Wrong),
    }));
    run.unwrap_or_else(|p| {
        let text = p.downcast_ref::<String>().cloned().or_else(|| p.downcast_ref::<&str>().map(|s| s.to_string()));
        let text = text.unwrap_or_default();
        // while a case is shrunk, declarations may go that its trace needs
        if text.contains("a candidate is refused") { Tried::Refused(text) } else { Tried::Wrong(format!("panic: {text}")) }
    })
}

/// Drops items, lines, events and parts of formulas while the case still fails.
fn shrunk(mut case: Case) -> Case {
    // so much is tried
    let mut left = 2_000;
    loop {
        let before = case.clone();
        for step in [simpler, without_items, without_lines, without_events, with_cuts] {
            while let Some(c) = step(&case).into_iter().take(left).find(|c| {
                left -= 1;
                c != &case && matches!(attempt(c), Tried::Wrong(_))
            }) {
                case = c;
            }
        }
        if case == before || left == 0 {
            return case;
        }
    }
}
fn changed<T: Copy>(case: &Case, all: impl IntoIterator<Item = T>, change: impl Fn(&mut Case, T)) -> Vec<Case> {
    let with = |x| {
        let mut c = case.clone();
        change(&mut c, x);
        c
    };
    all.into_iter().map(with).collect()
}
fn simpler(case: &Case) -> Vec<Case> {
    changed(case, 0..3, |c, n| match n {
        0 => c.closed = false,
        1 => c.lateness = 0,
        _ => c.events.sort_by_key(|e| e.at),
    })
}
fn without_items(case: &Case) -> Vec<Case> {
    changed(case, 0..case.items.len(), |c, i| _ = c.items.remove(i))
}
fn without_events(case: &Case) -> Vec<Case> {
    changed(case, 0..case.events.len(), |c, i| _ = c.events.remove(i))
}
fn without_lines(case: &Case) -> Vec<Case> {
    let lines = case.items.iter().enumerate().flat_map(|(i, t)| (1..t.lines().count().max(2) - 1).map(move |l| (i, l)));
    changed(case, lines.collect::<Vec<_>>(), |c, (i, l)| {
        let rest: Vec<&str> = c.items[i].lines().enumerate().filter(|x| x.0 != l).map(|x| x.1).collect();
        c.items[i] = rest.join("\n");
    })
}
fn with_cuts(case: &Case) -> Vec<Case> {
    let of = |t: &str| if t.starts_with("policy") || t.starts_with("rule") { cuts(t) } else { vec![] };
    let all: Vec<(usize, String)> =
        case.items.iter().enumerate().flat_map(|(i, t)| of(t).into_iter().map(move |c| (i, c))).collect();
    changed(case, all.iter(), |c, (i, t)| c.items[*i] = t.clone())
}

/// Tries cases until so many were accepted; panics with the first that fails, shrunk. `DBM_KEEP` goes on, and says what was tried.
fn all(seeds: u64, wanted: usize) {
    let keep = std::env::var("DBM_KEEP").is_ok();
    std::panic::set_hook(Box::new(|_| {}));
    let (mut accepted, mut refused, mut failures) = (0, 0, 0);
    // traces in which nothing comes twice, and how many of them were judged as they were read
    let (mut regular, mut streamed) = (0, 0);
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds.. {
        if accepted >= wanted || refused > 100 + accepted {
            break;
        }
        let case = traces::case(seed);
        let start = std::time::Instant::now();
        let tried = attempt(&case);
        if keep && start.elapsed().as_millis() > 200 {
            eprintln!("seed {seed} takes {:?}", start.elapsed());
        }
        match tried {
            Tried::Refused(why) => {
                refused += 1;
                let code = why.split(' ').next().unwrap_or_default().to_string();
                reasons.entry(code).or_insert((0, format!("{why} seed {seed}"))).0 += 1;
            }
            Tried::Fine => {
                accepted += 1;
                if let Some((_, _, 0)) = history(&case) {
                    regular += 1;
                    streamed += usize::from(STREAMED.with(Cell::get));
                }
                if keep && let Ok((checked, sources)) = compile(&case.program()) {
                    match oracle(&checked, &sources, &case) {
                        Answer::Refused => *verdicts.entry("tampered".into()).or_default() += 1,
                        Answer::Judged { late, twice, policies } => {
                            *verdicts.entry("late".into()).or_default() += usize::from(late > 0);
                            *verdicts.entry("twice".into()).or_default() += usize::from(twice > 0);
                            policies.iter().for_each(|j| *verdicts.entry(j.verdict.clone()).or_default() += 1);
                        }
                    }
                }
            }
            Tried::Wrong(_) => {
                let small = shrunk(case);
                let Tried::Wrong(what) = attempt(&small) else { continue };
                failures += 1;
                let how = format!("closed {}, lateness {}", small.closed, small.lateness);
                eprintln!("======= seed {seed}, {how}\n{}\n{}\n{what}", small.program(), Case::trace(&small.events));
                if !keep || failures > 8 {
                    panic!("seed {seed} fails");
                }
            }
        }
    }
    if keep {
        eprintln!("accepted {accepted}, refused {refused}: {reasons:#?}\n{verdicts:#?}");
        eprintln!("regular {regular}, judged as they were read {streamed}");
        assert_eq!(failures, 0);
    }
    assert!(regular * 2 > accepted && streamed * 100 >= regular * 90, "{streamed} of {regular} were judged as they were read");
    assert!(accepted * 10 >= (accepted + refused) * 6, "too many programs are refused: {refused}\n{reasons:#?}");
}

const EACH: usize = 2_600;

#[test]
fn policies_on_traces_agree_with_the_oracle_1() {
    all(0, EACH);
}
#[test]
fn policies_on_traces_agree_with_the_oracle_2() {
    all(1_000_000, EACH);
}
#[test]
fn policies_on_traces_agree_with_the_oracle_3() {
    all(2_000_000, EACH);
}
#[test]
fn policies_on_traces_agree_with_the_oracle_4() {
    all(3_000_000, EACH);
}

// ---------------------------------------------------------------------- what was found so, each by itself

/// The verdict of the policy `p`, which the oracle gives too. Events are kind, id, seconds, session and the value of `z.q`.
fn verdict(items: &[&str], lateness: i64, events: &[(&str, &str, i64, &str, &str)]) -> String {
    let mut all: Vec<String> = vec![
        "node Agent { budget: Float, role: Text }".into(),
        "event Call { session: Text, z: Json }".into(),
        "observed event Result { session: Text, z: Json }".into(),
    ];
    all.extend(items.iter().map(|i| i.to_string()));
    let event = |e: &(&str, &str, i64, &str, &str)| Event {
        kind: e.0.into(),
        id: e.1.into(),
        at: e.2 * 1_000_000,
        attrs: vec![("session", format!("{:?}", e.3)), ("z", format!("{{\"q\": {}}}", e.4))],
    };
    let case = Case { items: all, events: events.iter().map(event).collect(), closed: false, lateness: lateness * 1_000_000 };
    let (checked, sources) = compile(&case.program()).unwrap();
    assert_eq!(difference(&checked, &sources, &case), None);
    match whole_trace(&checked, &sources, &case) {
        Answer::Judged { policies, .. } => policies.iter().find(|j| j.policy == "p").expect("p").verdict.clone(),
        Answer::Refused => "refused".into(),
    }
}

#[test]
fn what_else_speaks_of_the_event_that_earlier_finds_does_not_choose_it() {
    let trace = [("Result", "r1", 0, "s2", "1"), ("Result", "r2", 1, "s1", "3"), ("Call", "c", 2, "s2", "1")];
    let p =
        r#"policy p { on c: Call forbid when (earlier a: Result where a.session == c.session) and a.session == "s1" permit }"#;
    assert_eq!(verdict(&[p], 0, &trace), "holding");
    let calls = [("Call", "c1", 0, "s", "1"), ("Call", "c2", 1, "s", "1")];
    let rule = "rule second(c: Call) if (earlier b: Call)";
    let p = "policy p { on c: Call forbid when (earlier a: Call) and second(a) permit }";
    assert_eq!(verdict(&[rule, p], 0, &calls), "holding");
}

#[test]
fn an_unless_speaks_of_the_event_that_it_finds() {
    let trace = [("Result", "r", 0, "s", "3"), ("Call", "c", 1, "s", "1")];
    let p = r#"policy p { on c: Call permit forbid unless (earlier a: Result) and (some v: Result within 2s where v.session == a.session) }"#;
    assert_eq!(verdict(&[p], 0, &trace), "holding");
    assert_eq!(verdict(&[p], 0, &trace[1..]), "violated");
}

#[test]
fn a_fault_hides_no_more_than_it_must() {
    // the newest may match or not; an older one does
    let trace = [("Result", "r1", 0, "s", "1"), ("Result", "r2", 1, "s", "\"x\""), ("Call", "c", 2, "s", "1")];
    let found = r#"policy p { on c: Call forbid when earlier a: Result where a.z.q == 1 or a.z.q > 0 permit }"#;
    assert_eq!(verdict(&[found], 0, &trace), "violated");
    let two = "policy p { on c: Call forbid when some last 2 a: Result where a.z.q > 0 permit }";
    assert_eq!(verdict(&[two], 0, &trace), "violated");
    let one = "policy p { on c: Call forbid when some last 1 a: Result where a.z.q > 0 permit }";
    assert_eq!(verdict(&[one], 0, &trace), "unknown");
}

#[test]
fn what_is_dropped_as_a_repetition_moves_no_time() {
    let trace = [("Call", "a", 0, "s", "1"), ("Call", "a", 9, "s", "1"), ("Call", "b", 1, "t", "1")];
    let p = r#"policy p { on c: Call forbid when c.session == "t" permit }"#;
    assert_eq!(verdict(&[p], 0, &trace), "violated");
}

/// Events that may come thirty seconds late, as the benchmark of traces has them.
#[test]
fn the_benchmark_of_traces_is_judged_as_it_is_read() {
    use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
    let text = include_str!("../../benches/programs/trace.dbm");
    let program = Program::compile("trace.dbm", text, &NoFiles, &CompileOptions::default()).expect("a program");
    let line = |(n, (at, session, actor, tool, target)): (usize, &(i64, &str, &str, &str, &str))| {
        let ts = 1_767_225_600_000_000 + at * 1_000_000;
        let label = if *tool == "run_code" { "fail" } else { "ok" };
        let amount = if *tool == "pay" { 200_000 } else { 0 };
        format!(
            "{{\"ts\":{ts},\"id\":{n},\"session\":\"{session}\",\"actor\":\"{actor}\",\"tool\":\"{tool}\",\"args\":{{\"amount\":{amount},\
             \"target\":\"{target}\"}},\"label\":\"{label}\"}}\n"
        )
    };
    let mut events = vec![
        (0, "u1-1", "u1", "approve", "r1"),
        (40, "u2-1", "u2", "delete_prod", "r1"),
        // late, and so before the delete
        (20, "u3-1", "u3", "read_secret", "s1"),
        (50, "u3-1", "u3", "send_external", "x1"),
        (60, "u2-1", "u2", "delete_prod", "r2"),
        (70, "u4-1", "u4", "pay", "t1"),
        (75, "u4-2", "u4", "pay", "t2"),
    ];
    events.extend((80..86).map(|at| (at, "u5-1", "u5", "run_code", "t3")));
    let lines: String = events.iter().enumerate().map(line).collect();
    let check = |lines: &str, lateness: i64| {
        let options = RunOptions { lateness: lateness * 1_000_000, ..RunOptions::default() };
        let run = program.check(&[Input::new("trace.ndjson", lines).with_reader("trace")], &options);
        let c = &run.report.candidates[0];
        let counts: Vec<(String, u64)> = c.demands.iter().map(|d| (d.name.clone(), d.violation_count)).collect();
        (c.streamed, counts)
    };
    let counts = |all: [(&str, u64); 5]| all.map(|(n, c)| (n.to_string(), c)).to_vec();
    let all = counts([("approved", 1), ("budget", 1), ("secret", 1), ("loop", 1), ("rest", 0)]);
    assert_eq!(check(&lines, 30), (true, all.clone()));
    // what comes again later than that is for the whole trace to tell
    let again = format!("{lines}{}", line((0, &events[0])));
    assert!(check(&again, 30).0, "too late, and so dropped");
    assert_eq!(check(&again, 90), (true, all.clone()));
    assert!(!check(&lines.replace("\"session\":\"u5-1\"", "\"session\":7"), 30).0, "a session is a text");
}

#[test]
fn rewrites_that_contradict_each_other_are_a_fault_of_both() {
    let calls = [("Call", "a", 0, "s", "1"), ("Call", "b", 1, "t", "1")];
    let of = |p: &str, q: &str, rest: &str| {
        let other = format!("policy q {{ on c: Call {q} }}");
        verdict(&[&format!("policy p {{ on c: Call {p} }}"), &other, &format!("policy r {{ on c: Call {rest} }}")], 0, &calls)
    };
    let one = "rewrite c.z.q = 1";
    assert_eq!(of(one, "rewrite c.z.q = 2", "permit"), "unknown");
    assert_eq!(of(one, "rewrite c.z.q = 1", "permit"), "holding");
    assert_eq!(of(one, "rewrite c.z.r = 2", "permit"), "holding");
    // of it as a whole, and of a part of it
    assert_eq!(of(one, "rewrite c.z = c.z", "permit"), "unknown");
    assert_eq!(of("rewrite c.z.q.r = 1", "rewrite c.z.q = 1", "permit"), "unknown");
    // a policy may contradict itself
    assert_eq!(of("rewrite c.z.q = 1 rewrite c.z.q = 2", "warn", "permit"), "unknown");
    assert_eq!(of("warn", "rewrite c.z.q = 1 rewrite c.z.q = 2", "permit"), "holding");
    // never of one event, or of one that is refused anyway
    assert_eq!(of("rewrite c.z.q = 1 when c.session == \"s\"", "rewrite c.z.q = 2 when c.session == \"t\"", "permit"), "holding");
    assert_eq!(
        of(one, "rewrite c.z.q = 2", "permit forbid when c.session == \"s\" escalate to \"x\" when c.session == \"t\""),
        "holding"
    );
    assert_eq!(of(one, "rewrite c.z.q = 2", "permit when c.session == \"u\""), "holding");
    // a family, whose members write what each of them says
    let kin = |a: &str, b: &str| {
        of(
            &format!("rewrite c.z.q = {a} when c.session == \"s\""),
            &format!("rewrite c.z.q = {b} when c.session == \"s\""),
            "permit",
        )
    };
    assert_eq!((kin("1", "2"), kin("3", "3")), ("unknown".into(), "holding".into()));
}

#[test]
fn what_meets_an_obligation_looks_back_from_when_it_was_opened() {
    let met = |condition: &str| {
        format!("policy p {{ on c: Result oblige o: Call within 3s where o.session == c.session and ({condition}) }}")
    };
    let trace =
        [("Call", "a", 0, "s", "1"), ("Result", "r", 2, "s", "1"), ("Call", "b", 3, "s", "1"), ("Call", "d", 9, "s", "1")];
    for (condition, verdict_) in [
        ("earlier e: Call", "holding"),
        ("earlier e: Call within 1s", "violated"),
        ("count(e: Call) == 1", "holding"),
        ("count(e: Call within 1s) == 0", "holding"),
        ("no x: Call since y: Result", "violated"),
    ] {
        assert_eq!(verdict(&[&met(condition)], 0, &trace), verdict_, "{condition}");
    }
}

#[test]
fn a_fault_of_now_matters_only_where_there_is_something_to_find() {
    // of this session nothing is there to be counted; what is asked of now is a fault
    let trace = [("Call", "a", 0, "s", "1"), ("Result", "r", 2, "t", "\"x\"")];
    let counted = "policy p { on c: Result warn when count(v: Call where v.session == c.session and c.z.q >= 0) < 1 }";
    assert_eq!(verdict(&[counted], 0, &trace), "holding");
    assert_eq!(verdict(&[counted], 0, &[trace[0], ("Result", "r", 2, "s", "\"x\"")]), "unknown");
    // the newest does not settle it, since it may not be what is found
    let calls = [("Call", "a", 0, "s", "9"), ("Call", "b", 1, "s", "0"), ("Call", "c", 2, "s", "\"x\"")];
    let found = "policy p { on c: Call permit forbid when (earlier p: Call where p.session == c.session and c.z.q < 99) and p.z.q > 5 and c.id == \"c\" }";
    assert_eq!(verdict(&[found], 0, &calls), "unknown");
}
