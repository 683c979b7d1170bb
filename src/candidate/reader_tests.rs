//! Tests of readers, with programs as text.
use super::super::error::{DUPLICATE_ID, READER_LIMIT};
use super::super::kit_tests::*;
use super::super::{Limits, from_given};
use crate::base::Sources;
use crate::scalar::Element;

fn found(program_text: &str, reader: &str, text: &str) -> Vec<String> {
    let program = program(program_text);
    let (outcome, sources) = read_by(&program, reader, "doc.json", text);
    outcome
        .diagnostics
        .iter()
        .map(|d| {
            // the candidate's places only: the program is not among these sources
            line(d, &sources)
        })
        .collect()
}

const PIPELINE: &str = "node Job { image: Text, retries: Int = 0 }\nedge needs: Job -> Job { position: Int }\nreader pipeline {\n  for (name, j) in doc.jobs {\n    add Job(name) { image: j.image, retries: j.retries ?? 0 }\n    add Job(name) -needs-> Job(n) { position: i } for (i, n) in j.needs ?? []\n  }\n}\n";

#[test]
fn records_and_lists_are_ranged_over_and_ends_may_come_later() {
    let text = r#"{ "version": 3, "jobs": {
  "build": { "image": "rust", "retries": 1 },
  "test": { "image": "rust", "needs": ["build", "report"] },
  "report": { "image": "python", "needs": ["test"] } } }"#;
    let p = program(PIPELINE);
    let (outcome, sources) = read_by(&p, "pipeline", "doc.json", text);
    assert_eq!(
        shown(&outcome),
        [
            "Job(\"build\")",
            "Job(\"report\")",
            "Job(\"test\")",
            "needs(\"report\", \"test\")",
            "needs(\"test\", \"build\")",
            "needs(\"test\", \"report\")",
        ]
    );
    let graph = outcome.graph.as_ref().unwrap();
    let spot = outcome.locate(graph, Element::Edge(2)).unwrap();
    assert_eq!((spot.pointer.as_str(), sources.position(spot.place)), ("/jobs/test/needs/1", Some(("doc.json", 3, 49))));
    let spot = outcome.locate(graph, Element::Node(1)).unwrap();
    assert_eq!(spot.pointer, "/jobs/report");
    let spot = outcome.locate_attribute(graph, Element::Node(1), "image").unwrap();
    assert_eq!(spot.pointer, "/jobs/report/image");
    // the same as YAML
    let yaml = "version: 3\njobs:\n  build: {image: rust, retries: 1}\n  test:\n    image: rust\n    needs:\n    - build\n    - report\n  report: {image: python, needs: [test]}\n";
    let (again, sources) = read_by(&p, "pipeline", "doc.yaml", yaml);
    assert_eq!(shown(&again), shown(&outcome));
    let spot = again.locate(again.graph.as_ref().unwrap(), Element::Edge(2)).unwrap();
    assert_eq!((spot.pointer.as_str(), sources.position(spot.place)), ("/jobs/test/needs/1", Some(("doc.yaml", 8, 7))));
}

#[test]
fn a_value_that_does_not_fit_is_reported_at_its_line_of_the_document() {
    let text = "{ \"jobs\": {\n  \"a\": { \"image\": 5 },\n  \"b\": { },\n  \"c\": { \"image\": \"x\", \"retries\": \"many\",\n    \"needs\": [\"a\", \"zz\", [1]] } } }";
    assert_eq!(
        found(PIPELINE, "pipeline", text),
        [
            "2:19 wrong-candidate-type `5` is not a Text",
            "3:8 wrong-candidate-type absent where a Text is needed",
            "4:35 wrong-candidate-type `\"many\"` is not an Int",
            "5:20 dangling-reference there is no `Job` with the id `zz`",
            "5:26 wrong-candidate-type `[1]` is not an id (a text or a whole number)",
        ]
    );
    assert_eq!(found(PIPELINE, "pipeline", "{}"), ["1:1 reader-fault absent where a list is needed; `?? []` allows it"]);
    assert_eq!(found(PIPELINE, "pipeline", "{\"jobs\": [1]}")[0], "1:11 wrong-candidate-type absent where a Text is needed");
    assert_eq!(found(PIPELINE, "pipeline", "{\"jobs\": {}}"), ["1:1 reader-found-nothing the reader found nothing to add"]);
    assert_eq!(found(PIPELINE, "pipelin", "{}"), ["unknown-reader there is no reader `pipelin`"]);
}

#[test]
fn each_add_counts_and_ensure_merges() {
    let p = "node User { name: Text? }\nnode Team\nedge reports_to: User -> User\nedge member: User -> Team\nreader people {\n  for u in doc.users {\n    add User(u.uid)\n    ensure Team(\"all\")\n    ensure User(u.uid) -member-> Team(\"all\")\n  }\n  for u in doc.users where u.boss != none {\n    add User(u.uid) -reports_to-> User(u.boss)\n  }\n  ensure User(id) -member-> Team(\"all\") for ids in doc.teams, id in ids\n}\n";
    let text = r#"{"users": [{"uid": 7, "boss": null}, {"uid": 12, "boss": 7}, {"uid": 30, "boss": 12}], "teams": [["7", "30"], ["7", "12"]]}"#;
    let (outcome, _) = read_by(&program(p), "people", "doc.json", text);
    assert_eq!(
        shown(&outcome),
        [
            "User(\"12\")",
            "User(\"30\")",
            "User(\"7\")",
            "Team(\"all\")",
            "reports_to(\"12\", \"7\")",
            "reports_to(\"30\", \"12\")",
            "member(\"12\", \"all\")",
            "member(\"30\", \"all\")",
            "member(\"7\", \"all\")",
        ]
    );
    let twice = "{\"users\": [\n{\"uid\": 7},\n{\"uid\": \"7\"}], \"teams\": []}";
    assert_eq!(found(p, "people", twice), ["3:1 duplicate-id two `User` nodes have the id `7`"]);
    let p = "node A { x: Int?, y: Int? }\nreader r {\n  ensure A(a.id) { x: a.x, y: a.y } for a in doc\n  add A(\"added\")\n  ensure A(\"added\") { x: 1 }\n}\n";
    let (outcome, _) =
        read_by(&program(p), "r", "doc.json", r#"[{"id": "1", "x": 1}, {"id": "1", "y": 2}, {"id": "1", "x": 1}]"#);
    assert_eq!(shown(&outcome), ["A(\"1\")", "A(\"added\")"]);
    assert_eq!(
        found(p, "r", "[{\"id\": 1, \"x\": 1},\n {\"id\": 1, \"x\": 2}]"),
        ["2:2 reader-fault the `A` of `1` is ensured with two values for `x`"]
    );
}

#[test]
fn formulas_of_a_reader_are_three_valued_and_aggregates_work() {
    let p = "node A { n: Int, all: [Int], mean: Float?, three: Bool }\nreader r {\n  for a in doc.list where a.kind == \"a\" and (a.off ?? false) == false or a.kind == \"b\" and (a.n as Int) > 1 {\n    add A(a.id) {\n      n: count(x in a.xs where (x as Int) > 1), all: distinct(x as Int for x in a.xs), mean: avg(x as Int for x in a.xs),\n      three: some x in a.xs where (x as Int) == 3\n    }\n  }\n}\n";
    let text = r#"{"list": [{"id": "1", "kind": "a", "xs": [3, 1, 3, 2]}, {"id": "2", "kind": "b", "n": 1, "xs": []}, {"id": "3", "kind": "c", "n": "x"}]}"#;
    let p = program(p);
    let (outcome, _) = read_by(&p, "r", "doc.json", text);
    assert_eq!(shown(&outcome), ["A(\"1\")"]);
    let g = outcome.graph.unwrap();
    let kind = g.node_kind(0).unwrap();
    let attr = |n: &str| {
        crate::scalar::json::display(
            &g.dictionary.value(g.attr(crate::scalar::Val::node(0), p.schema.find_attr(kind, n).unwrap())),
            &|_| "".into(),
        )
    };
    assert_eq!([attr("n"), attr("all"), attr("mean"), attr("three")], ["2", "[1, 2, 3]", "2.0", "true"]);
}

#[test]
fn events_and_references_come_from_json_lines() {
    let p = "node Agent\nevent Call { actor: Agent, tool: Text, args: Json }\nevent Result { of: Call }\nreader trace {\n  ensure Agent(doc.actor)\n  add Call(doc.id) at from_unix_us(doc.ts) { actor: Agent(doc.actor), tool: doc.tool, args: doc.args }\n  add Result(\"r\" ++ (doc.id as Text)) at from_unix_us(doc.ts) { of: Call(doc.id) }\n}\n";
    let p = program(p);
    let text = "{\"id\": \"c1\", \"ts\": 1000, \"actor\": \"a\", \"tool\": \"t\", \"args\": {\"x\": [1]}}\n{\"id\": \"c2\", \"ts\": 500, \"actor\": \"a\", \"tool\": \"t\"}\n";
    let (outcome, sources) = read_by(&p, "trace", "t.jsonl", text);
    assert_eq!(shown(&outcome), ["Agent(\"a\")", "Call(\"c2\")", "Result(\"rc2\")", "Call(\"c1\")", "Result(\"rc1\")"]);
    let g = outcome.graph.as_ref().unwrap();
    let call = p.schema.find(crate::structure::Sort::Event, "Call").unwrap();
    let result = p.schema.find(crate::structure::Sort::Event, "Result").unwrap();
    let value = |e: u32, k, n: &str| g.attr(crate::scalar::Val::event(e), p.schema.find_attr(k, n).unwrap());
    assert_eq!(value(2, call, "actor").as_node(), Some(0));
    assert_eq!(value(3, result, "of").as_event(), Some(2));
    assert_eq!(sources.position(outcome.locate(g, Element::Event(0)).unwrap().place), Some(("t.jsonl", 2, 1)));
    let text = "{\"id\": \"c1\", \"ts\": \"soon\", \"actor\": \"a\", \"tool\": \"t\"}";
    let (outcome, sources) = read_by(&p, "trace", "t.jsonl", text);
    let lines: Vec<_> = outcome.diagnostics.iter().map(|d| line(d, &sources)).collect();
    assert!(lines.iter().all(|l| l.contains("wrong-candidate-type")), "{lines:?}");
}

#[test]
fn loops_are_bounded() {
    let p = program("node A\nreader r {\n  ensure A(\"x\") for a in doc, b in doc, c in doc, d in doc\n}\n");
    let text = format!("[{}]", vec!["1"; 1000].join(","));
    let mut sources = Sources::new();
    let input = super::super::Input { name: "a.json", bytes: text.as_bytes(), format: Default::default() };
    let options =
        super::super::Options { reader: Some("r"), limits: Limits { loops: 100_000, ..Limits::default() }, ..Default::default() };
    let outcome = super::super::read(&p, &input, None, &options, &mut sources);
    assert_eq!(outcome.diagnostics[0].code, READER_LIMIT);
}

#[test]
fn a_test_s_given_is_built_like_a_reader_s_structure() {
    let p = "node Service { tier: Int, best: Service? }\nedge calls: Service -> Service { share: Float = 1.0 }\nevent Call { by: Service }\ntest \"t\" {\n  given {\n    Service a { tier: 1, best: `b 2` }, `b 2` { tier: 2 }\n    a -calls-> `b 2`\n    a -calls-> `b 2` { share: 0.5 }\n    Call c1 at 30s { by: a }\n  }\n  expect true\n}\n";
    let p = program(p);
    let test = &p.tests[0];
    let g = from_given(&p, &test.given, test.vars.len(), &[], &Limits::default()).unwrap();
    let all: Vec<_> =
        (0..2).map(Element::Node).chain((0..2).map(Element::Edge)).chain([Element::Event(0)]).map(|e| g.show(e)).collect();
    assert_eq!(all, ["Service(\"a\")", "Service(\"b 2\")", "calls(\"a\", \"b 2\")", "calls(\"a\", \"b 2\", 1)", "Call(\"c1\")"]);
    assert_eq!(g.event_at(0), Some(30_000_000));
    let twice = [test.given.clone(), test.given.clone()].concat();
    let wrong = from_given(&p, &twice, test.vars.len(), &[], &Limits::default()).unwrap_err();
    assert_eq!(wrong[0].code, DUPLICATE_ID);
}

fn data(path: &str) -> Option<String> {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path)).ok()
}

#[test]
fn the_readers_of_std_read_what_they_are_for() {
    let p = program("import std.readers.node_link { * }\n");
    let text = r#"{"directed": false, "graph": {}, "nodes": [{"id": 1, "colour": "red"}, {"id": "b"}], "links": [{"source": 1, "target": "b"}, {"source": 1, "target": 1}]}"#;
    let (outcome, _) = read_by(&p, "node_link", "g.json", text);
    assert_eq!(
        shown(&outcome),
        ["Vertex(\"1\")", "Vertex(\"b\")", "link(\"1\", \"1\")", "link(\"1\", \"b\")", "link(\"b\", \"1\")"]
    );
    let (outcome, _) = read_by(&p, "node_link", "g.json", r#"{"nodes": [{"id": 1}], "edges": []}"#);
    assert_eq!(shown(&outcome), ["Vertex(\"1\")"]);
    let (outcome, _) = read_by(&p, "node_link", "g.json", r#"{"nodes": [{"id": 1}]}"#);
    assert!(outcome.graph.is_none());

    let p = program("import std.readers.cargo_metadata { * }\n");
    let text = r#"{"packages": [{"id": "a 1.0.0", "name": "a", "version": "1.0.0", "license": "MIT", "source": null, "edition": "2024"},
      {"id": "b 2.0.0", "name": "b", "version": "2.0.0", "license": null, "source": "registry+x", "edition": "2021"}],
      "workspace_members": ["a 1.0.0"], "resolve": {"nodes": [{"id": "a 1.0.0", "deps": [{"name": "b", "pkg": "b 2.0.0",
      "dep_kinds": [{"kind": null, "target": null}, {"kind": "dev", "target": null}]}]}, {"id": "b 2.0.0", "deps": []}]}}"#;
    let (outcome, _) = read_by(&p, "cargo_metadata", "m.json", text);
    assert_eq!(
        shown(&outcome),
        [
            "Package(\"a 1.0.0\")",
            "Package(\"b 2.0.0\")",
            "depends_on(\"a 1.0.0\", \"b 2.0.0\")",
            "depends_on(\"a 1.0.0\", \"b 2.0.0\", 1)"
        ]
    );
    for (file, nodes, edges) in [("libra", 515, 2117), ("small", 0, 0)] {
        let Some(text) = data(&format!("cargo-metadata/{file}.json")) else { continue };
        let (outcome, _) = read_by(&p, "cargo_metadata", "m.json", &text);
        let size = outcome.graph.as_ref().map(|g| g.size());
        assert!(size.is_some(), "{:?}", outcome.diagnostics);
        if nodes > 0 {
            assert_eq!(size, Some((nodes, edges, 0)));
        }
    }
}

/// The events that a reader makes of a document, each with its attributes that are there.
fn events(reader: &str, name: &str, text: &str) -> Vec<String> {
    let p = program(&format!("import std.readers.{reader} {{ * }}\n"));
    let (outcome, _) = read_by(&p, reader, name, text);
    let Some(g) = &outcome.graph else { panic!("{:?}", outcome.diagnostics) };
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    let one = |e: u32| {
        let v = crate::scalar::Val::event(e);
        let attrs = p.schema.attrs_of(g.kind_of(v).unwrap()).into_iter().filter_map(|a| {
            let value = g.dictionary.value(g.attr(v, a));
            let shown = crate::scalar::json::quoted(&value, &|_| "".into());
            (value != crate::scalar::Value::None).then(|| format!("{}: {shown}", p.schema.attr(a).unwrap().name))
        });
        format!("{} {}", g.show(Element::Event(e)), attrs.collect::<Vec<_>>().join(", "))
    };
    (0..g.events()).map(one).collect()
}

#[test]
fn messages_of_openai_are_events_in_their_order() {
    let text = r#"{"id": "trip", "messages": [
      {"role": "developer", "content": "Be kind."},
      {"role": "user", "content": [{"type": "text", "text": "Where is 17?"}]},
      {"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "orders", "arguments": "{\"id\": 17}"}},
        {"id": "b", "type": "function", "function": {"name": "mail", "arguments": "not json"}}]},
      {"role": "tool", "tool_call_id": "b", "content": "sent"},
      {"role": "tool", "tool_call_id": "a", "content": "{\"state\": \"paid\"}"},
      {"role": "assistant", "content": "Paid.", "tool_calls": [
        {"id": "a", "type": "custom", "custom": {"name": "shell", "input": "ls"}}]},
      {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "x"}]},
      {"role": "tool", "tool_call_id": "z", "content": "lost"}]}"#;
    assert_eq!(
        events("openai", "c.json", text),
        [
            r#"Message("trip/0") session: "trip", role: "system", content: "Be kind.""#,
            r#"Message("trip/1") session: "trip", role: "user", content: [{"text": "Where is 17?", "type": "text"}]"#,
            r#"Call("trip/2.0") session: "trip", actor: "agent", tool: "orders", args: {"id": 17}"#,
            r#"Call("trip/2.1") session: "trip", actor: "agent", tool: "mail", args: "not json""#,
            r#"Result("trip/3") session: "trip", call: "trip/2.1", tool: "mail", ok: true, content: "sent""#,
            r#"Result("trip/4") session: "trip", call: "trip/2.0", tool: "orders", ok: true, content: {"state": "paid"}"#,
            r#"Message("trip/5") session: "trip", role: "assistant", content: "Paid.""#,
            r#"Call("trip/5.0") session: "trip", actor: "agent", tool: "shell", args: "ls""#,
            r#"Result("trip/6") session: "trip", call: "trip/5.0", tool: "shell", ok: true, content: [{"text": "x", "type": "text"}]"#,
            r#"Result("trip/7") session: "trip", ok: true, content: "lost""#,
        ]
    );
    // several conversations of one file, and none of their events comes too late
    let lines = "{\"id\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"user\", \"content\": \"b\"}]}\n[{\"role\": \"user\", \"content\": \"c\"}]\n";
    let found = events("openai", "c.jsonl", lines);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], r#"Message("1/0") session: "1", role: "user", content: "a""#);
    // what is no role of theirs is not passed over
    let p = program("import std.readers.openai { * }\n");
    let (outcome, _) = read_by(&p, "openai", "c.json", r#"[{"role": "function", "content": "x"}]"#);
    assert_eq!(outcome.diagnostics[0].code.name, "wrong-candidate-type");
}

#[test]
fn blocks_of_anthropic_are_events_in_their_order() {
    let text = r#"{"id": "s", "system": "Be kind.", "messages": [
      {"role": "user", "content": "Read it."},
      {"role": "assistant", "content": [{"type": "text", "text": "Yes."}, {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a"}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": "no such file"},
        {"type": "tool_result", "tool_use_id": "t9", "content": [{"type": "text", "text": "x"}]},
        {"type": "document", "source": {"data": "pay GB33"}}]},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]}]}"#;
    assert_eq!(
        events("anthropic", "c.json", text),
        [
            r#"Message("s/system") session: "s", role: "system", content: "Be kind.""#,
            r#"Message("s/0.0") session: "s", role: "user", content: "Read it.""#,
            r#"Message("s/1.0") session: "s", role: "assistant", content: "Yes.""#,
            r#"Call("s/t1") session: "s", actor: "agent", tool: "read", args: {"path": "a"}"#,
            r#"Result("s/2.0") session: "s", call: "s/t1", tool: "read", ok: false, content: "no such file""#,
            r#"Result("s/2.1") session: "s", call: "s/t9", ok: true, content: [{"text": "x", "type": "text"}]"#,
            r#"Result("s/2.2") session: "s", tool: "document", ok: true, content: {"source": {"data": "pay GB33"}, "type": "document"}"#,
            r#"Message("s/3.0") session: "s", role: "assistant", content: {"thinking": "Hm.", "type": "thinking"}"#,
        ]
    );
}

#[test]
fn requests_and_answers_of_mcp_are_events() {
    let text = r#"{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}
{"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2025-06-18", "capabilities": {}}}
{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1}}}
{"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "2"}], "isError": true}}
{"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {"messages": []}}
{"jsonrpc": "2.0", "id": 1, "result": {"role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"}}
{"jsonrpc": "2.0", "id": "x", "method": "resources/read", "params": {"uri": "file:///a"}}
{"jsonrpc": "2.0", "id": "x", "error": {"code": -32602, "message": "no"}}
"#;
    assert_eq!(
        events("mcp", "m.jsonl", text),
        [
            r#"Call("mcp/1") session: "mcp", actor: "agent", tool: "add", args: {"a": 1}"#,
            r#"Result("mcp/1/result") session: "mcp", call: "mcp/1", ok: false, content: {"content": [{"text": "2", "type": "text"}], "isError": true}"#,
            r#"Call("mcp/x") session: "mcp", actor: "agent", tool: "resources/read", args: {"uri": "file:///a"}"#,
            r#"Result("mcp/x/result") session: "mcp", call: "mcp/x", ok: false, content: {"code": -32602, "message": "no"}"#,
        ]
    );
    let list = r#"[{"session": "s", "at": "2026-01-03T10:00:00Z", "message": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "now"}}},
      {"session": "t", "at": "2026-01-03T10:00:01Z", "message": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "now"}}}]"#;
    assert_eq!(
        events("mcp", "m.json", list),
        [
            r#"Call("s/1") session: "s", actor: "agent", tool: "now", args: {}"#,
            r#"Call("t/1") session: "t", actor: "agent", tool: "now", args: {}"#,
        ]
    );
}

#[test]
fn spans_of_opentelemetry_are_calls_and_results() {
    let span = |id: &str, from: u64, to: u64, code: u8| {
        format!(
            r#"{{"traceId": "t", "spanId": "{id}", "name": "execute_tool add", "startTimeUnixNano": "{from}000", "endTimeUnixNano": "{to}000",
              "status": {{"code": {code}, "message": "broken"}}, "attributes": [
              {{"key": "gen_ai.operation.name", "value": {{"stringValue": "execute_tool"}}}},
              {{"key": "gen_ai.tool.name", "value": {{"stringValue": "add"}}}},
              {{"key": "gen_ai.tool.call.arguments", "value": {{"stringValue": "{{\"a\": 1}}"}}}}]}}"#
        )
    };
    let chat = r#"{"traceId": "t", "spanId": "c", "name": "chat", "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": [
      {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]}"#;
    let text = format!(
        r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{chat}, {}, {}]}}]}}]}}"#,
        span("s1", 1_767_225_600_000_000, 1_767_225_601_000_000, 0),
        span("s2", 1_767_225_600_500_000, 1_767_225_600_600_000, 2)
    );
    assert_eq!(
        events("otel_genai", "o.json", &text),
        [
            r#"Call("s1") session: "t", actor: "agent", tool: "add", args: {"a": 1}"#,
            r#"Call("s2") session: "t", actor: "agent", tool: "add", args: {"a": 1}"#,
            r#"Result("s2/result") session: "t", call: "s2", tool: "add", ok: false, content: "broken""#,
            r#"Result("s1/result") session: "t", call: "s1", tool: "add", ok: true, content: "broken""#,
        ]
    );
}

#[test]
fn workflows_of_n8n_are_read() {
    let p = program("import std.readers.n8n { * }\n");
    let text = r#"{"nodes": [{"name": "Start", "type": "n8n-nodes-base.webhook"}, {"name": "Do", "type": "x.set", "disabled": true}, {"name": "N", "type": "n8n.stickyNote"}],
      "connections": {"Start": {"main": [null, [{"node": "Do", "type": "main", "index": 0}]]}}}"#;
    let (outcome, _) = read_by(&p, "n8n", "w.json", text);
    assert_eq!(shown(&outcome), ["Step(\"Do\")", "Step(\"Start\")", "Note(\"N\")", "next(\"Start\", \"Do\")"]);
    let Ok(files) = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/n8n")) else {
        return;
    };
    let mut read = 0;
    for file in files.flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let (outcome, sources) = read_by(&p, "n8n", "w.json", &text);
        let found: Vec<String> = outcome.diagnostics.iter().map(|d| line(d, &sources)).collect();
        assert!(outcome.graph.is_some(), "{found:?}");
        // what the document says itself
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let all = |v: &serde_json::Value| v.as_array().cloned().unwrap_or_default();
        let links =
            json["connections"].as_object().into_iter().flatten().flat_map(|(_, ports)| ports.as_object().into_iter().flatten());
        let links: usize = links.flat_map(|(_, slots)| all(slots)).map(|to| all(&to).len()).sum();
        let size = outcome.graph.unwrap().size();
        assert_eq!(size, (all(&json["nodes"]).len() as u64, links as u64, 0));
        read += 1;
    }
    assert_eq!(read, 130);
}

#[test]
fn a_document_that_is_hostile_to_a_reader_never_panics() {
    let p = program(PIPELINE);
    let text = r#"{ "jobs": { "test": { "image": "rust", "needs": ["test", null, 1.5, {}] }, "x": [], "y": "z" } }"#;
    for n in 0..text.len() {
        read_by(&p, "pipeline", "a.json", &text[..n]);
        read_by(&p, "pipeline", "a.yaml", &text[..n]);
        let mut other = text.as_bytes().to_vec();
        other[n] = b"{}[]\",:0-e\\"[n % 11];
        read_by(&p, "pipeline", "a.json", &String::from_utf8_lossy(&other));
    }
}
