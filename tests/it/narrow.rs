//! Windows that are too short for a trace, against plain code over random traces: what lies behind each window, and how far.
use crate::random::Rng;
use dbm::scalar::instant::{format_duration, format_time};
use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
use std::fmt::Write;

struct Call {
    id: String,
    at: i64,
    session: &'static str,
    tool: &'static str,
}

const SECOND: i64 = 1_000_000;

fn trace(r: &mut Rng) -> Vec<Call> {
    let mut at = 0;
    let call = |n: usize| {
        at += r.below(4) as i64 * SECOND + if r.chance(20) { r.below(3) as i64 } else { 0 };
        Call { id: format!("c{n}"), at, session: r.one(&["s", "t"]), tool: r.one(&["read", "code", "send", "send", "stop"]) }
    };
    (0..20).map(call).collect()
}

fn text(calls: &[Call]) -> String {
    let mut out = String::from("{\"nodes\": [], \"edges\": [], \"events\": [");
    for (n, c) in calls.iter().enumerate() {
        let comma = if n > 0 { ",\n" } else { "" };
        let (id, at, session, tool) = (&c.id, format_time(c.at), c.session, c.tool);
        let _ = write!(
            out,
            "{comma}{{\"kind\": \"Call\", \"id\": \"{id}\", \"at\": \"{at}\", \"session\": \"{session}\", \"tool\": \"{tool}\"}}"
        );
    }
    out + "]}"
}

/// The form of a policy, and how far its event would have to look back, if anything is there at all.
type Form = (&'static str, fn(&[Call], usize) -> Option<i64>);

fn reads(calls: &[Call], now: usize) -> impl Iterator<Item = (usize, &Call)> {
    calls[..now].iter().enumerate().filter(move |(_, c)| c.session == calls[now].session && c.tool == "read")
}
fn earlier(calls: &[Call], now: usize) -> Option<i64> {
    reads(calls, now).map(|(_, c)| calls[now].at - c.at).min()
}
fn then(calls: &[Call], now: usize) -> Option<i64> {
    let coded = |a: usize| (a + 1..now).filter(|b| calls[*b].tool == "code" && calls[*b].session == calls[now].session);
    reads(calls, now).flat_map(|(a, x)| coded(a).map(|b| calls[b].at - x.at)).min()
}
fn never(_: &[Call], _: usize) -> Option<i64> {
    None
}

const FORMS: &[Form] = &[
    ("forbid when earlier p: Call within W where p.session == c.session and p.tool == \"read\"", earlier),
    ("escalate to \"x\" when some p: Call within W where p.session == c.session and p.tool == \"read\"", earlier),
    ("warn when not (no p: Call within W where p.session == c.session and p.tool == \"read\")", earlier),
    ("forbid unless every p: Call within W where p.session == c.session satisfies p.tool != \"read\"", earlier),
    (
        "forbid when earlier a: Call then b: Call within W where a.tool == \"read\" and b.tool == \"code\" \
         and a.session == c.session and b.session == c.session",
        then,
    ),
    // what is found permits here, or is a limit on a rate
    ("forbid unless earlier p: Call within W where p.session == c.session and p.tool == \"read\"", never),
    ("forbid when count(p: Call within W where p.session == c.session and p.tool == \"read\") > 0", never),
];

/// What is said, from the page alone.
fn expected(calls: &[Call], window: i64, form: &Form) -> Option<String> {
    let gap = |n: usize| form.1(calls, n).filter(|g| *g > window && calls[n].tool == "send");
    let all: Vec<(usize, i64)> = (0..calls.len()).filter_map(|n| Some((n, gap(n)?))).collect();
    let (least, most) = (all.iter().map(|a| a.1).min()?, all.iter().map(|a| a.1).max()?);
    let events = if all.len() == 1 { "1 event had its".into() } else { format!("{} events had their", all.len()) };
    let each = |(n, g): &(usize, i64)| format!("{} of Call(\"{}\")", format_duration(*g), calls[*n].id);
    let gaps = match all.len() {
        ..=5 => all.iter().map(each).collect::<Vec<_>>().join(", "),
        _ => format!("from {} to {}", format_duration(least), format_duration(most)),
    };
    Some(format!("`p` looks back {}, and {events} match farther back: {gaps}", format_duration(window)))
}

fn policy(body: &str) -> Program {
    let text =
        format!("event Call {{ session: Text, tool: Text }}\npolicy p {{\n  on c: Call where c.tool == \"send\"\n  {body}\n}}\n");
    Program::compile("p.dbm", &text, &NoFiles, &CompileOptions::default()).expect("a program")
}
fn with(form: &Form, window: &str) -> Program {
    policy(&format!("{}\n  permit", form.0.replace('W', window)))
}

#[test]
fn what_lies_behind_a_window_is_what_plain_code_finds() {
    let mut r = Rng(7);
    let (mut silent, mut loud, mut long) = (0, 0, 0);
    for n in 0..1500 {
        let form = &FORMS[n % FORMS.len()];
        let window = [1, 2, 5, 9][r.below(4)] * SECOND;
        let calls = trace(&mut r);
        let program = with(form, &format_duration(window));
        let found = program.narrow_windows(&Input::new("trace.json", text(&calls)), &RunOptions::default()).expect("a trace").0;
        let said: Vec<String> =
            found.iter().map(|d| format!("{}: {}", d.title, d.labels[0].text.trim_start_matches("the gaps are "))).collect();
        let wanted = expected(&calls, window, form);
        assert_eq!(said, wanted.clone().into_iter().collect::<Vec<_>>(), "{}\n{}", form.0, text(&calls));
        match &wanted {
            None => silent += 1,
            Some(w) => {
                loud += 1;
                long += usize::from(w.contains(": from "));
                // and the window that it offers finds them all
                let help = &found[0].helps[0];
                assert!(["it", "both", "them all"].iter().any(|x| help.ends_with(&format!("would have caught {x}"))), "{help}");
                let offered = help.trim_start_matches("`within ").split('`').next().expect("a window");
                let wider = with(form, offered);
                let left =
                    wider.narrow_windows(&Input::new("trace.json", text(&calls)), &RunOptions::default()).expect("a trace").0;
                assert!(left.is_empty(), "{left:#?}");
            }
        }
    }
    assert!(silent > 300 && loud > 300 && long > 10, "{silent} {loud} {long}");
}

#[test]
fn what_a_policy_does_anyway_slips_by_nothing() {
    let of = |body: &str| {
        let program = policy(body);
        let call = |id: &str, at: i64, tool| Call { id: id.into(), at: at * SECOND, session: "s", tool };
        let calls = [call("a", 0, "read"), call("b", 90, "send")];
        let found = program.narrow_windows(&Input::new("trace.json", text(&calls)), &RunOptions::default()).expect("a trace").0;
        found.iter().map(|d| d.helps[0].clone()).collect::<Vec<_>>()
    };
    let seek = "earlier p: Call within 10s where p.tool == \"read\"";
    assert_eq!(of(&format!("forbid when {seek}")), ["`within 90s` would have caught it"]);
    // forbidden by another clause, or more strongly
    assert!(of(&format!("forbid when {seek}\n  forbid when c.session == \"s\"")).is_empty());
    assert!(of(&format!("warn when {seek}\n  escalate to \"x\"")).is_empty());
    assert_eq!(of(&format!("escalate to \"x\" when {seek}\n  warn")).len(), 1);
    // not known, for a fault
    assert!(of(&format!("escalate to \"x\" when {seek}\n  forbid when 1 div (length(c.session) - 1) > 0")).is_empty());
    // two windows: each by itself
    assert_eq!(of(&format!("forbid when ({seek}) and (some q: Call within 10s where q.tool == \"read\")")).len(), 0);
    assert_eq!(of(&format!("forbid when {seek}\n  warn when some q: Call within 20s where q.tool == \"read\"")).len(), 2);
}
