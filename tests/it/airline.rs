//! 200 conversations of an airline's agent that other people recorded: the policies of `examples/airline` and a few lines of independent
//! code agree on what the agent should not have done. The file is not part of the project; without it the tests say so and pass.
use super::docs::root;
use dbm::session::{CompileOptions, Input, NoFiles, Program, RunOptions};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn conversations() -> Option<Vec<u8>> {
    let found = std::fs::read(root().join("../shared/data/traces/tau-airline-gpt-4o.json")).ok();
    if found.is_none() {
        println!("skipped: there is no ../shared/data/traces");
    }
    found
}

type Findings = BTreeMap<String, BTreeSet<String>>;

/// What dbm finds: by policy, the calls.
fn found(text: &[u8]) -> Findings {
    let rules = std::fs::read_to_string(root().join("examples/airline/rules.dbm")).unwrap();
    let program = Program::compile("rules.dbm", &rules, &NoFiles, &CompileOptions::default()).unwrap();
    let run = program.check(&[Input::new("conversations.json", text).with_reader("airline")], &RunOptions::default());
    let c = &run.report.candidates[0];
    assert!(c.diagnostics.is_empty(), "{:?}", c.diagnostics);
    let calls = |d: &dbm::session::DemandReport| {
        assert_eq!(d.violations.len() as u64, d.violation_count);
        let id = |v: &dbm::session::Violation| {
            v.binding[0].1.as_str().unwrap().trim_matches(|c: char| "Cal()\"".contains(c)).to_string()
        };
        d.violations.iter().map(id).collect()
    };
    c.demands.iter().map(|d| (d.name.clone(), calls(d))).collect()
}

/// Whether a flight number is one of those that are known to go somewhere that `fits` likes.
fn goes(
    flights: &BTreeMap<String, BTreeSet<(String, String)>>,
    number: &Value,
    fits: &dyn Fn(&(String, String)) -> bool,
) -> bool {
    flights.get(number.as_str().unwrap()).is_some_and(|all| all.iter().any(fits))
}

fn free(membership: &str, cabin: &str) -> i64 {
    let cabin = ["basic_economy", "economy", "business"].iter().position(|c| *c == cabin).unwrap();
    match membership {
        "regular" => [0, 1, 2][cabin],
        "silver" => [1, 2, 3][cabin],
        _ => [2, 3, 3][cabin],
    }
}

/// The same, with nothing of dbm's: one conversation after the other, with what the agent knows by then.
fn judged(text: &[u8]) -> Findings {
    let yes = Regex::new(r"(?i)\b(yes|yeah|yep|yup|sure|confirm(ed)?|proceed|go ahead|please do|do it|correct|ok(ay)?|agreed?|absolutely|perfect|great|sounds good|works for me|let's)\b").unwrap();
    let ill = Regex::new(r"(?i)\b(sick|ill(ness)?|unwell|health|medical|hospital|doctor|surgery|injur|weather|storm|snow|hurricane|covid|flu|fever)").unwrap();
    let mut out = Findings::new();
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let text_of = |v: &Value| v.as_str().unwrap_or("").to_string();
    for conversation in serde_json::from_slice::<Vec<Value>>(text).unwrap() {
        let session = format!("{}/{}", conversation["task_id"], conversation["trial"]);
        let mut said: Vec<String> = vec![];
        let mut read: BTreeMap<String, Value> = BTreeMap::new();
        let mut profiles: Vec<Value> = vec![];
        let mut cabins: BTreeMap<String, String> = BTreeMap::new();
        let mut flights: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        let mut pending = Value::Null;
        for (n, m) in list(&conversation["traj"]).iter().enumerate() {
            let content = text_of(&m["content"]);
            if m["role"] == "user" {
                said.push(content.clone());
            }
            if m["role"] == "tool" && !content.starts_with("Error") {
                let result: Value = serde_json::from_str(&content).unwrap_or(Value::Null);
                let mut learn = |f: &Value| {
                    flights
                        .entry(text_of(&f["flight_number"]))
                        .or_default()
                        .insert((text_of(&f["origin"]), text_of(&f["destination"])));
                };
                match m["name"].as_str().unwrap() {
                    "get_user_details" => profiles.push(result),
                    "search_direct_flight" => list(&result).iter().for_each(learn),
                    "search_onestop_flight" => list(&result).iter().flat_map(list).for_each(|f| learn(&f)),
                    name if result["reservation_id"].is_string() => {
                        list(&result["flights"]).iter().for_each(learn);
                        if name == "update_reservation_flights" {
                            cabins.insert(text_of(&pending["reservation_id"]), text_of(&pending["cabin"]));
                        }
                        read.insert(text_of(&result["reservation_id"]), result);
                    }
                    _ => {}
                }
            }
            for (k, t) in list(&m["tool_calls"]).iter().enumerate() {
                let id = format!("{session}/{n}.{k}");
                let mut finds = |policy: &str| {
                    out.entry(policy.into()).or_default().insert(id.clone());
                };
                let tool = text_of(&t["function"]["name"]);
                let args: Value = serde_json::from_str(t["function"]["arguments"].as_str().unwrap()).unwrap();
                pending = args.clone();
                let user_said = |what: &Value| said.iter().any(|s| s.to_lowercase().contains(&text_of(what).to_lowercase()));
                let wanted = text_of(&args["reservation_id"]);
                let r = read.get(&wanted);
                let cabin = cabins.get(&wanted).cloned().or_else(|| r.map(|r| text_of(&r["cabin"]))).unwrap_or_default();
                let people = |v: &Value| list(&v["passengers"]).len() as i64;
                let changes = tool.starts_with("update_") || tool == "cancel_reservation";
                if !content.is_empty() || k > 0 {
                    finds("one_thing");
                }
                if (changes || tool == "book_reservation") && said.last().is_some_and(|s| !yes.is_match(s)) {
                    finds("confirmed");
                }
                if changes && r.is_none_or(|r| !user_said(&r["user_id"])) {
                    finds("whose");
                }
                let ways: Vec<String> = match tool.as_str() {
                    "book_reservation" => list(&args["payment_methods"]).iter().map(|p| text_of(&p["payment_id"])).collect(),
                    "update_reservation_flights" | "update_reservation_baggages" => vec![text_of(&args["payment_id"])],
                    _ => vec![],
                };
                let of = |kind: &str| ways.iter().filter(|w| w.starts_with(kind)).count();
                let own = |w: &String| profiles.iter().all(|p| p["payment_methods"][w].is_object());
                if !ways.is_empty() && (profiles.is_empty() || !ways.iter().all(own)) {
                    finds("own_money");
                }
                let known = profiles.last().map(|p| text_of(&p["membership"]));
                let due = |bags: i64, cabin: &str, people: i64| known.as_ref().map(|m| (bags - free(m, cabin) * people).max(0));
                let (bags, paid) = (args["total_baggages"].as_i64().unwrap_or(0), args["nonfree_baggages"].as_i64());
                match tool.as_str() {
                    "book_reservation" => {
                        let too_many = of("certificate") > 1 || of("credit_card") > 1 || of("gift_card") > 3;
                        if too_many || people(&args) > 5 || !user_said(&args["user_id"]) {
                            finds("booking");
                        }
                        if due(bags, &text_of(&args["cabin"]), people(&args)).is_some_and(|d| paid != Some(d)) {
                            finds("bags");
                        }
                    }
                    "update_reservation_baggages" => {
                        let fewer = r.is_some_and(|r| bags < r["total_baggages"].as_i64().unwrap());
                        if fewer || r.and_then(|r| due(bags, &cabin, people(r))).is_some_and(|d| paid != Some(d)) {
                            finds("bags");
                        }
                    }
                    "update_reservation_flights" => {
                        let mut bad = of("certificate") > 0;
                        if let Some(r) = r {
                            let pairs = |v: &Value| -> Vec<(String, String)> {
                                list(&v["flights"]).iter().map(|f| (text_of(&f["flight_number"]), text_of(&f["date"]))).collect()
                            };
                            let (new, old) = (pairs(&args), pairs(r));
                            bad |= cabin == "basic_economy" && (new.len() != old.len() || !new.iter().all(|f| old.contains(f)));
                            let legs = list(&args["flights"]);
                            let round = r["flight_type"] == "round_trip";
                            let (from, to) = (text_of(&r["origin"]), text_of(&r["destination"]));
                            let end = if round { from.clone() } else { to.clone() };
                            let number = |f: Option<&Value>| f.map_or(Value::String("".into()), |f| f["flight_number"].clone());
                            bad |= goes(&flights, &number(legs.first()), &|f| f.0 != from);
                            bad |= goes(&flights, &number(legs.last()), &|f| f.1 != end);
                            let all_known = legs.iter().all(|f| goes(&flights, &f["flight_number"], &|_| true));
                            bad |=
                                round && all_known && !legs.iter().any(|f| goes(&flights, &f["flight_number"], &|f| f.1 == to));
                        }
                        if bad {
                            finds("changes");
                        }
                    }
                    "update_reservation_passengers" if r.is_some_and(|r| people(r) != people(&args)) => finds("changes"),
                    "cancel_reservation" => {
                        let Some(r) = r else { continue };
                        let old = text_of(&r["created_at"]).as_str() < "2024-05-14T15:00:00" && cabin != "business";
                        let begun = list(&r["flights"]).iter().any(|f| text_of(&f["date"]).as_str() < "2024-05-15");
                        if begun || old && r["insurance"] != "yes" {
                            finds("cancelling");
                        }
                        if old && r["insurance"] == "yes" && !said.iter().any(|s| ill.is_match(s)) {
                            finds("insured");
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    out
}

#[test]
fn dbm_and_independent_code_agree_on_what_the_agent_should_not_have_done() {
    let Some(text) = conversations() else { return };
    let mut found = found(&text);
    for quiet in ["tools", "gestures"] {
        assert_eq!(found.remove(quiet), Some(BTreeSet::new()), "{quiet}");
    }
    let judged = judged(&text);
    for (policy, calls) in &found {
        assert_eq!(Some(calls), judged.get(policy), "{policy}");
    }
    let counts: Vec<(&str, usize)> = found.iter().map(|(p, c)| (p.as_str(), c.len())).collect();
    assert_eq!(
        counts,
        [
            ("bags", 21),
            ("booking", 6),
            ("cancelling", 31),
            ("changes", 28),
            ("confirmed", 44),
            ("insured", 21),
            ("one_thing", 90),
            ("own_money", 36),
            ("whose", 11),
        ]
    );
}

#[test]
fn the_findings_that_were_checked_by_hand_are_still_found() {
    let Some(text) = conversations() else { return };
    let found = found(&text);
    // read by eye in the conversations, with what was seen there
    let checked = [
        ("cancelling", "25/0/10.0"), // booked on May 12, "within 24 hours", says the agent; in economy and not insured
        ("cancelling", "26/0/12.0"), // in business, but flown on May 13 and 14
        ("insured", "39/1/10.0"),    // "a change of plans", and the agent takes that for insured
        ("whose", "41/2/8.0"),       // cancelled unseen: the customer says it was booked ten hours ago, and it was May 2
        ("whose", "23/1/32.0"),      // "I don't remember my user ID", so the agent takes that of the reservation
        ("changes", "7/0/22.0"),     // to Philadelphia, and now to Newark
        ("changes", "15/1/22.0"),    // a round trip of which the agent leaves out the way back
        ("changes", "19/1/16.0"),    // to LaGuardia, and now to Kennedy
        ("changes", "3/0/54.0"),     // a certificate pays, after both gift cards were too small
        ("changes", "22/0/20.0"),    // basic economy: cabin and flights in one call
        ("booking", "8/1/30.0"),     // three certificates
        ("bags", "0/0/20.0"),        // three bags are free for a gold member in economy; one is charged
        ("bags", "19/1/22.0"),       // one is free for a regular member in economy, and charged
        ("confirmed", "3/0/54.0"),   // nobody ever said yes to a certificate
        ("one_thing", "23/1/4.0"),   // "please hold on", and a call
    ];
    for (policy, call) in checked {
        assert!(found[policy].contains(call), "{policy}: {call}");
    }
}
