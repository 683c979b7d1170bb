//! Tests of dbm's own JSON: every finding with its line and column.
use super::super::kit_tests::*;
use crate::scalar::{Element, Value};
use crate::structure::Sort;

const GOOD: &str = r#"{
  "edges": [
    {"to": "h1", "kind": "runs_on", "from": "web"},
    {"kind": "runs_on", "from": "db", "to": "h1"},
    {"kind": "calls", "from": "web", "to": "db", "share": 1}
  ],
  "events": [ {"id": "d1", "kind": "Deploy", "at": "2026-01-03T10:00:00Z", "service": "db"} ],
  "nodes": [
    {"id": "web", "kind": "Service", "tier": 1, "owner": null},
    {"tier": 2, "cores": 8, "kind": "Database", "id": "db", "owner": "ops"},
    {"id": "h1", "kind": "Host"}
  ]
}"#;

#[test]
fn keys_come_in_any_order_and_defaults_are_filled_in() {
    let program = services();
    let (outcome, sources) = door(&program, "a.json", GOOD.as_bytes());
    assert_eq!(outcome.diagnostics.iter().map(|d| line(d, &sources)).collect::<Vec<_>>(), Vec::<String>::new());
    let graph = outcome.graph.as_ref().unwrap();
    assert_eq!(graph.size(), (3, 3, 1));
    let service = program.schema.find(Sort::Node, "Service").unwrap();
    let id = |t: &str| graph.dictionary.find(&Value::text(t)).unwrap();
    let web = graph.find_node(service, id("web")).unwrap();
    let db = graph.find_node(service, id("db")).unwrap();
    let attr = |n: u32, name: &str| {
        let a = program.schema.find_attr(service, name).unwrap();
        graph.dictionary.value(graph.attr(crate::scalar::Val::node(n), a))
    };
    assert_eq!(attr(web, "cores"), Value::Int(4));
    assert_eq!(attr(db, "cores"), Value::Int(8));
    assert_eq!(attr(web, "owner"), Value::None);
    assert_eq!(attr(db, "owner"), Value::text("ops"));
    let deploy = program.schema.find(Sort::Event, "Deploy").unwrap();
    let of = program.schema.find_attr(deploy, "service").unwrap();
    assert_eq!(graph.attr(crate::scalar::Val::event(0), of).as_node(), Some(db));
    // an edge stands where it stands
    let edge = graph.edges(program.schema.find(Sort::Edge, "calls").unwrap()).unwrap().base;
    let spot = outcome.locate(graph, Element::Edge(edge)).unwrap();
    assert_eq!(spot.pointer, "/edges/2");
    assert_eq!(sources.position(spot.place), Some(("a.json", 5, 5)));
    let spot = outcome.locate_attribute(graph, Element::Node(db), "cores").unwrap();
    assert_eq!((spot.pointer.as_str(), sources.text(spot.place)), ("/nodes/1/cores", "8"));
    let spot = outcome.locate_attribute(graph, Element::Event(0), "at").unwrap();
    assert_eq!(spot.pointer, "/events/0/at");
}

#[test]
fn the_order_of_nodes_and_edges_does_not_show() {
    let program = services();
    let shuffled = r#"{"nodes": [
      {"id": "h1", "kind": "Host"}, {"id": "db", "kind": "Database", "owner": "ops", "tier": 2, "cores": 8}, {"id": "web", "kind": "Service", "tier": 1}],
      "edges": [{"kind": "calls", "from": "web", "to": "db"}, {"kind": "runs_on", "from": "db", "to": "h1"}, {"kind": "runs_on", "from": "web", "to": "h1"}],
      "events": [{"id": "d1", "kind": "Deploy", "at": "2026-01-03T10:00:00Z", "service": "db"}]}"#;
    let (a, b) = (
        door(&program, "a.json", GOOD.as_bytes()).0.graph.unwrap(),
        door(&program, "b.json", shuffled.as_bytes()).0.graph.unwrap(),
    );
    for n in 0..3 {
        assert_eq!(a.show(Element::Node(n)), b.show(Element::Node(n)));
        assert_eq!(a.show(Element::Edge(n)), b.show(Element::Edge(n)));
    }
}

#[test]
fn everything_that_does_not_conform_is_reported_at_its_place() {
    let text = r#"{
  "nodes": [
    {"id": "a", "kind": "Sevice", "tier": 1},
    {"id": "b", "kind": "Service", "teir": 1, "tier": 1},
    {"id": "c", "kind": "Service"},
    {"id": "d", "kind": "Service", "tier": 9, "owner": 5},
    {"id": "e", "kind": "Service", "tier": "one", "cores": 9223372036854775808},
    {"id": "e", "kind": "Database", "tier": 1},
    {"id": 7, "kind": "Host"},
    {"kind": "Host"},
    {"id": "h", "kind": "Host"},
    {"id": "x"},
    {"id": "y", "kind": "calls"},
    12
  ],
  "edges": [
    {"kind": "runs_on", "from": "a", "to": "h"},
    {"kind": "runs_on", "from": "b", "to": "nowhere"},
    {"kind": "runs_on", "from": "h", "to": "h"},
    {"kind": "runs_on", "from": "c", "to": "h"},
    {"kind": "runs_on", "from": "c", "to": "h"},
    {"kind": "runs_on", "from": "c", "to": "h"},
    {"kind": "runs_on", "to": 7},
    {"kind": "calls", "from": "c", "to": "d", "weight": 1}
  ],
  "vertices": []
}"#;
    let expected = [
        "3:25 unknown-candidate-kind `Sevice` is no node kind of this program",
        "4:36 unknown-candidate-attribute a `Service` has no attribute `teir`",
        "5:12 missing-candidate-attribute a `Service` needs `tier`",
        "5:12 cardinality `c` has 3 `runs_on` edges, and needs 1 to 2",
        "6:12 cardinality `d` has no `runs_on` edges, and needs 1 to 2",
        "6:44 wrong-candidate-type `9` is not an Int in 1..3",
        "6:56 wrong-candidate-type `5` is not a Text",
        "7:12 cardinality `e` has no `runs_on` edges, and needs 1 to 2",
        "7:44 wrong-candidate-type `\"one\"` is not an Int in 1..3",
        "7:60 wrong-candidate-type `9223372036854775808` is not an Int: it does not fit 64 bits",
        "8:12 duplicate-id a `Service` and a `Database` have the id `e`",
        "9:12 wrong-candidate-type an id is a text",
        "10:5 missing-field a node needs `id`",
        "12:5 missing-field a node needs `kind`",
        "13:25 unknown-candidate-kind `calls` is no node kind of this program",
        "14:5 wrong-shape a node is a record",
        "18:44 dangling-reference there is no `Host` with the id `nowhere`",
        "19:33 end-of-wrong-kind `h` is a `Host`, and the `from` of this `runs_on` edge is a `Service`",
        "23:5 missing-field an edge needs `from`",
        "23:31 wrong-candidate-type an id is a text",
        "24:47 unknown-candidate-attribute a `calls` has no attribute `weight`",
        "26:3 unknown-section `vertices` is no part of a candidate",
    ];
    let found = findings(&services(), "a.json", text);
    assert_eq!(found, expected);
}

#[test]
fn suggestions_mend_what_they_are_offered_for() {
    let text = r#"{"nodes": [{"id": "web", "kind": "Sevice", "teir": 1}, {"id": "h", "kind": "Host"}], "edges": [{"kind": "runs_on", "from": "wob", "to": "h"}]}"#;
    let program = services();
    let (mut text, mut rounds) = (text.to_string(), 0);
    loop {
        let (outcome, sources) = door(&program, "a.json", text.as_bytes());
        let Some(edit) = outcome.diagnostics.iter().flat_map(|d| &d.suggestions).next().map(|s| s.edits[0].clone()) else {
            assert!(outcome.graph.is_some(), "{:?}", outcome.diagnostics);
            break;
        };
        let (_, span) = sources.resolve(edit.place).unwrap();
        text.replace_range(span.start as usize..span.end as usize, &edit.text);
        rounds += 1;
        assert!(rounds < 5);
    }
    assert_eq!(rounds, 3);
}

#[test]
fn nodes_need_an_edge_list() {
    let found = findings(&services(), "a.json", r#"{"nodes": [{"id": "h", "kind": "Host"}]}"#);
    assert_eq!(found, ["1:1 missing-section the candidate has nodes but no list of edges"]);
    assert_eq!(
        findings(&services(), "a.json", "{}"),
        ["1:1 missing-section the candidate has no `nodes`, no `edges` and no `events`"]
    );
    assert_eq!(findings(&services(), "a.json", r#"{"events": []}"#), Vec::<String>::new());
    assert_eq!(findings(&services(), "a.json", r#"{"nodes": {}, "edges": []}"#), ["1:11 wrong-shape `nodes` is not a list"]);
    assert_eq!(findings(&services(), "a.json", "[1]"), ["1:1 wrong-shape a candidate is a record with `nodes` and `edges`"]);
}

#[test]
fn an_event_twice_is_dropped_and_a_changed_one_is_an_error() {
    let event = |id: &str, at: &str, service: &str| {
        format!(r#"{{"id": "{id}", "kind": "Deploy", "at": "2026-01-03T10:00:{at}Z", "service": "{service}"}}"#)
    };
    let file = |events: &[String]| {
        let nodes = r#"{"id": "h", "kind": "Host"}, {"id": "a", "kind": "Service", "tier": 1}, {"id": "b", "kind": "Service", "tier": 1}"#;
        let edges = r#"{"kind": "runs_on", "from": "a", "to": "h"}, {"kind": "runs_on", "from": "b", "to": "h"}"#;
        format!("{{\"nodes\": [{nodes}],\n\"edges\": [{edges}],\n\"events\": [\n{}]}}", events.join(",\n"))
    };
    let found = findings(&services(), "a.json", &file(&[event("e", "00", "a"), event("e", "05", "a"), event("f", "06", "a")]));
    assert_eq!(found, ["5:8 duplicate-event an event is there twice; one is dropped"]);
    let found = findings(&services(), "a.json", &file(&[event("e", "00", "a"), event("e", "00", "b")]));
    assert_eq!(found, ["5:8 tampered-event two `Deploy` events have the id `e`, and their content differs"]);
    let found =
        findings(&services(), "a.json", &file(&[event("e", "00", "a").replace("2026-01", "2026-13"), event("f", "00", "zz")]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("4:37 wrong-candidate-type"), "{found:?}");
    assert_eq!(found[1], "5:72 dangling-reference there is no `Service` with the id `zz`");
}

#[test]
fn many_findings_are_cut_and_counted() {
    let nodes: Vec<String> = (0..3000).map(|i| format!("{{\"id\": \"n{i}\", \"kind\": \"Nope\"}}")).collect();
    let found = findings(&services(), "a.json", &format!("{{\"nodes\": [{}], \"edges\": []}}", nodes.join(",\n")));
    assert_eq!(found.len(), 101);
    assert!(found[0].starts_with("1:") && found[99].starts_with("100:"));
    assert_eq!(found[100], "more-findings and 2900 more findings");
}

#[test]
fn bytes_that_are_no_json_have_a_place() {
    let p = services();
    for (text, expected) in [
        ("{\"nodes\": [\n  {\"id\": \"a\",}\n]}", "2:13 json-syntax this is not JSON"),
        ("{\"nodes\": [", "1:12 json-syntax the JSON text ends too early"),
        ("{'nodes': []}", "1:2 json-syntax this is not JSON"),
        ("{\"nodes\": []} x", "1:15 json-syntax there is more text behind the end of the JSON document"),
        ("{\"nodes\": [\n\"a\": 1]}", "2:4 json-syntax this is not JSON"),
        ("{\"edges\": [], \"edges\": []}", "1:15 duplicate-key the key `edges` stands twice in one record"),
        ("", "1:1 json-syntax the JSON text ends too early"),
        ("{\"é\": [\n\"\u{1}\"]}", "2:2 json-syntax this is not JSON"),
    ] {
        assert_eq!(findings(&p, "a.json", text).first().map(String::as_str), Some(expected), "{text}");
    }
    let (outcome, sources) = door(&p, "a.json", b"{\"nodes\":\n [\"\xff\"]}");
    assert_eq!(line(&outcome.diagnostics[0], &sources), "2:4 not-utf8 byte 13 of the candidate is not UTF-8");
    assert!(outcome.graph.is_none());
    let (outcome, _) = door(&p, "a.json", b"\xEF\xBB\xBF{\"nodes\": [], \"edges\": []}");
    assert!(outcome.graph.is_some());
}

#[test]
fn hostile_bytes_never_panic() {
    let program = services();
    for n in 0..GOOD.len() {
        door(&program, "a.json", &GOOD.as_bytes()[..n]);
        door(&program, "a.yaml", &GOOD.as_bytes()[..n]);
    }
    let mut seed = 5u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((seed >> 33) as usize) % below
    };
    for i in 0..3000 {
        let mut bytes = GOOD.as_bytes().to_vec();
        for _ in 0..1 + next(4) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, b"{}[]\",:0-e\\&*"[next(13)]),
            }
        }
        let name = ["a.json", "a.yaml", "a.jsonl", "a"][i % 4];
        let (outcome, sources) = door(&program, name, &bytes);
        for d in &outcome.diagnostics {
            line(d, &sources);
        }
        if let Some(g) = &outcome.graph {
            (0..g.nodes()).for_each(|n| {
                outcome.locate(g, Element::Node(n));
            });
        }
    }
}
