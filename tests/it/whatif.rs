//! What if, from outside: interventions against dominators and against independent code over real files; changed examples; pictures.
use super::docs::root;
use crate::random::Rng;
use dbm::session::{CompileOptions, Input, NoFiles, Program, Report, RunOptions, Verdict};
use petgraph::algo::dominators::simple_fast;
use petgraph::graph::DiGraph;
use std::collections::{BTreeMap, BTreeSet};

fn compiled(text: &str) -> Program {
    Program::compile("p.dbm", text, &NoFiles, &CompileOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn candidate(nodes: usize, edges: &[(usize, usize)]) -> String {
    let node = |n: usize| format!("{{\"id\": \"n{n}\", \"kind\": \"S\"}}");
    let edge = |e: &(usize, usize)| format!("{{\"kind\": \"calls\", \"from\": \"n{}\", \"to\": \"n{}\"}}", e.0, e.1);
    let nodes: Vec<String> = (0..nodes).map(node).collect();
    let edges: Vec<String> = edges.iter().map(edge).collect();
    format!("{{\"nodes\": [{}], \"edges\": [{}]}}", nodes.join(", "), edges.join(", "))
}

/// Of a world that fails: what its `for` names, and what is broken.
fn broken(report: &Report, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let demand = report.candidates[0].demands.iter().find(|d| d.name == name).unwrap();
    assert_eq!(demand.violation_count, demand.violations.len() as u64);
    let one = |v: &dbm::verdict::Violation| {
        let world = v.world.as_ref().unwrap();
        (v.binding[0].1.as_str().unwrap().to_string(), world.broken.iter().cloned().collect())
    };
    demand.violations.iter().map(one).collect()
}

/// Without a node exactly those are not reached any more that it dominates.
#[test]
fn removed_nodes_and_reachability_agree_with_dominators() {
    let rules = "node S\nedge calls: S -> S\nrule live(s: S) if s.id == \"n0\"\nrule live(s) if live(r) and r -calls-> s\n\
        invariant walked { never s: S where not S(\"n0\") -calls*-> s }\n\
        invariant reached { for s: S require live(s) }\n\
        intervention by_rule { for s: S where s.id != \"n0\" do remove s expect holds reached }\n\
        intervention by_path { for s: S where s.id != \"n0\" do remove s expect holds walked }\n";
    let program = compiled(rules);
    let mut r = Rng(77);
    for most in [1_050, 1_300, 1_700, 2_500, 4_000] {
        let n = 1_000;
        // a tree, so that all are reached, and other edges beside it
        let tree: Vec<(usize, usize)> = (1..n).map(|b| (r.below(b), b)).collect();
        let edges: Vec<(usize, usize)> = tree.into_iter().chain((n..most).map(|_| (r.below(n), r.below(n)))).collect();
        let mut graph = DiGraph::<(), ()>::new();
        let index: Vec<_> = (0..n).map(|_| graph.add_node(())).collect();
        edges.iter().for_each(|(a, b)| {
            graph.add_edge(index[*a], index[*b], ());
        });
        let dominators = simple_fast(&graph, index[0]);
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (n, i) in index.iter().enumerate() {
            for d in dominators.strict_dominators(*i).into_iter().flatten().filter(|d| *d != index[0]) {
                wanted.entry(format!("S(\"n{}\")", d.index())).or_default().insert(format!("S(\"n{n}\")"));
            }
        }
        let input = Input::new("c.json", candidate(n, &edges).into_bytes());
        let run = program.check(&[input], &RunOptions::default());
        for (name, invariant) in [("by_rule", "reached"), ("by_path", "walked")] {
            let named = |s: &String| format!("`{invariant}` for s = {s}");
            let wanted: BTreeMap<_, BTreeSet<String>> =
                wanted.iter().map(|(d, list)| (d.clone(), list.iter().map(named).collect())).collect();
            assert_eq!(broken(&run.report, name), wanted, "{name}, {most} edges");
            assert!(wanted.len() > 5, "{} single points of failure are too few for a test", wanted.len());
        }
    }
}

/// Of 130 workflows: after which disabled steps no error branch runs any more, by a few lines of independent code.
#[test]
fn real_workflows_without_each_step() {
    let folder = root().join("../shared/data/n8n");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no ../shared/data/n8n");
        return;
    };
    let text = std::fs::read_to_string(root().join("examples/workflow/rules.dbm")).unwrap();
    let program = compiled(&text);
    let pattern = |p: &str| regex::Regex::new(p).unwrap();
    let trigger = pattern(r"[Tt]rigger|\.(webhook|cron|interval|start|emailReadImap)$");
    let forks = pattern(r"(?i)\.(if|switch|filter|splitInBatches|compareDatasets)$");
    let (mut asked, mut failed) = (0, 0);
    for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "json")) {
        let bytes = std::fs::read(&path).unwrap();
        let doc: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let kind = |n: &serde_json::Value| n["type"].as_str().unwrap().to_string();
        let steps: BTreeMap<String, (String, bool)> = doc["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|n| !kind(n).ends_with(".stickyNote"))
            .map(|n| (n["name"].as_str().unwrap().to_string(), (kind(n), n["disabled"].as_bool().unwrap_or(false))))
            .collect();
        let mut links: Vec<(String, String, usize, String)> = vec![];
        for (from, ports) in doc["connections"].as_object().unwrap() {
            for (port, slots) in ports.as_object().unwrap() {
                for (i, slot) in slots.as_array().unwrap().iter().enumerate() {
                    for to in slot.as_array().into_iter().flatten() {
                        links.push((from.clone(), port.clone(), i, to["node"].as_str().unwrap().to_string()));
                    }
                }
            }
        }
        let rescue = |from: &str, port: &str, slot: usize| {
            let kind = &steps[from].0;
            port == "main" && slot > 0 && !forks.is_match(kind) || kind.ends_with(".errorTrigger")
        };
        let rescues: BTreeSet<&String> = links.iter().filter(|l| rescue(&l.0, &l.1, l.2)).map(|l| &l.3).collect();
        // whether an error branch is reached, with one more step disabled
        let alarmed = |without: &str| {
            let off = |s: &str| s == without || steps[s].1;
            let mut runs: BTreeSet<&str> =
                steps.iter().filter(|(n, s)| trigger.is_match(&s.0) && !off(n)).map(|(n, _)| n.as_str()).collect();
            loop {
                let before = runs.len();
                for (from, port, slot, to) in &links {
                    if runs.contains(from.as_str()) && port == "main" && (!off(from) || *slot == 0) {
                        runs.insert(to);
                    }
                }
                if runs.len() == before {
                    break;
                }
            }
            rescues.iter().any(|t| runs.contains(t.as_str()) && !off(t))
        };
        let worlds: Vec<&String> = steps.iter().filter(|(_, s)| !s.1 && !rescues.is_empty()).map(|(n, _)| n).collect();
        let wanted: BTreeSet<String> = worlds.iter().filter(|s| !alarmed(s)).map(|s| format!("Step({s:?})")).collect();
        let input = Input::new(path.file_name().unwrap().to_string_lossy(), bytes).with_reader("n8n");
        let run = program.check(&[input], &RunOptions { only: vec!["alarmed".into()], ..RunOptions::default() });
        let demand = &run.report.candidates[0].demands[0];
        let found: BTreeSet<String> = demand.violations.iter().map(|v| v.binding[0].1.as_str().unwrap().to_string()).collect();
        assert_eq!((found, demand.checked), (wanted.clone(), worlds.len() as u64), "{}", path.display());
        assert_eq!(demand.verdict == Verdict::Vacuous, worlds.is_empty());
        asked += usize::from(!worlds.is_empty());
        failed += usize::from(!wanted.is_empty());
    }
    assert!(asked > 0 && failed > 0, "{asked} workflows have an error branch, {failed} lose it");
    println!("{asked} workflows have an error branch, {failed} lose it to one disabled step");
}

const SHOP: &str = r#"
node Workload { replicas: Int = 1 }
node Address
edge reads: Workload -> Address
edge serves: Workload -> Address
reader manifests {
  for one in [doc] where doc.kind == "Deployment" {
    add Workload(doc.metadata.name) { replicas: doc.spec.replicas ?? 1 }
    for c in doc.spec.template.spec.containers {
      // the assistant is off unless it is asked for
      for e in c.env ?? [] where e.name matches "_ADDR$" and e.name != "SHOPPING_ASSISTANT_SERVICE_ADDR" {
        ensure Address(replace(e.value, ":.*", ""))
        ensure Workload(doc.metadata.name) -reads-> Address(replace(e.value, ":.*", ""))
      }
    }
  }
  for one in [doc] where doc.kind == "Service" {
    ensure Address(doc.metadata.name)
    ensure Workload(doc.spec.selector.app) -serves-> Address(doc.metadata.name)
  }
}
rule down(w: Workload) if w -reads-> a and not _ -serves-> a
rule down(w) if w -reads-> a and v -serves-> a and down(v)
invariant reachable { require some w: Workload where w -serves-> Address("frontend-external") and not down(w) }
intervention single_points {
  for w: Workload where w.replicas == 1 and not w -serves-> Address("frontend-external")
  do remove w
  expect holds reachable
  message "{w} takes down {distinct(v for v: Workload where down(v) and not was(down(v)))}"
}
"#;

/// The shop's front never names the store of its carts, and is closed without it.
#[test]
fn a_single_point_of_failure_of_a_real_shop() {
    let Ok(bytes) = std::fs::read(root().join("../shared/data/kubernetes/microservices-demo.yaml")) else {
        println!("skipped: there is no ../shared/data/kubernetes");
        return;
    };
    let run = compiled(SHOP).check(&[Input::new("shop.yaml", bytes).with_reader("manifests")], &RunOptions::default());
    let demand = run.report.candidates[0].demands.iter().find(|d| d.name == "single_points").unwrap();
    assert_eq!((demand.checked, demand.violation_count), (11, 10));
    let redis = demand.violations.iter().find(|v| v.binding[0].1 == "Workload(\"redis-cart\")").unwrap();
    assert_eq!(redis.message, "redis-cart takes down [cartservice, checkoutservice, frontend, loadgenerator]");
}

fn said(folder: &std::path::Path, args: &[&str]) -> (i32, String) {
    let args: Vec<String> = args.iter().map(|a| a.to_string()).collect();
    let said = super::docs::dbm(folder, &args, None);
    (said.code, said.text)
}

const RULES: &str = "node Host\nnode Service { tier: Int in 1..3 }\nedge runs_on: Service -> Host\n\
    rule down(s: Service) if not s -runs_on-> _\n\
    invariant up { never s: Service where s.tier == 1 and down(s) }\n\
    invariant never_so { never s: Service where s.tier == 1 and s.tier == 2 } // allow DBM0808\n\
    intervention loss { for h: Host do remove h expect holds up message \"{h}\" }\n\
    test \"hosted\" { given { Host a Service s { tier: 1 } s -runs_on-> a } expect holds up }\n";
const HOSTED: &str = "{\"nodes\": [{\"id\": \"h1\", \"kind\": \"Host\"}, {\"id\": \"h<2>\", \"kind\": \"Host\"}, \
    {\"id\": \"web\", \"kind\": \"Service\", \"tier\": 1}, {\"id\": \"log\", \"kind\": \"Service\", \"tier\": 3}], \
    \"edges\": [{\"kind\": \"runs_on\", \"from\": \"web\", \"to\": \"h1\"}, {\"kind\": \"runs_on\", \"from\": \"log\", \"to\": \"h<2>\"}]}";

#[test]
fn changed_examples_say_what_nothing_trips_and_what_nothing_guards() {
    let folder = crate::cli::folder("mutate", &[("p.dbm", RULES), ("c.json", HOSTED), ("other.json", "{\"a\": 1}")]);
    let (code, text) = said(&folder, &["test", ".", "--mutate"]);
    assert_eq!(code, 0, "{text}");
    for wanted in [
        "mutation: ",
        "of 2 examples",
        "note: no change trips `never_so`\n",
        "note: c.json: nothing guards `Host(\"h<2>\")`, `Service(\"web\")` and `runs_on(\"log\", \"h<2>\")` (3 of 6 elements)\n",
        "note: other.json is no example: [DBM",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    let (_, text) = said(&folder, &["test", ".", "--mutate", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mutation = &report["programs"][0]["mutation"];
    assert_eq!(mutation["not_tripped"], serde_json::json!(["never_so"]));
    assert_eq!(
        mutation["examples"][0],
        serde_json::json!({"example": "hosted", "test": true, "elements": 3, "changes": 4, "complete": true, "unguarded": ["Service(\"s\")"]})
    );
    assert_eq!(mutation["examples"][1]["unguarded"].as_array().unwrap().len(), 3);
    let (_, text) = said(&folder, &["test", "p.dbm", "--mutate", "--example", "c.json", "--example", "gone.json"]);
    assert!(text.contains("of 2 examples") && text.contains("note: gone.json is no example: "), "{text}");
    // nothing is said of it otherwise
    assert!(!said(&folder, &["test", "."]).1.contains("mutation"));
    assert_eq!(said(&folder, &["test", ".", "--reader", "x"]).0, 2);
}

#[test]
fn a_failing_world_is_drawn() {
    let folder = crate::cli::folder("svg", &[("p.dbm", RULES), ("c.json", HOSTED)]);
    let (code, text) = said(&folder, &["check", "p.dbm", "c.json", "--svg", "pictures"]);
    assert_eq!(code, 1, "{text}");
    let files: Vec<String> = std::fs::read_dir(folder.join("pictures"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, ["c.json.loss.1.svg"]);
    let svg = std::fs::read_to_string(folder.join("pictures/c.json.loss.1.svg")).unwrap();
    // each element begins and ends
    let (mut open, mut rest) = (vec![], svg.as_str());
    while let Some((_, tag)) = rest.split_once('<') {
        let (inside, behind) = tag.split_once('>').unwrap();
        let name = inside.split([' ', '/', '\n']).find(|n| !n.is_empty()).unwrap().to_string();
        match (inside.starts_with('/'), inside.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name)),
            (_, true) => {}
            _ => open.push(name),
        }
        rest = behind;
    }
    assert!(open.is_empty(), "{open:?}");
    for wanted in [
        "<g class=\"removed\"><rect",
        ">Host(\"h1\")</text>",
        "<g class=\"broken\"><rect",
        ">Service(\"web\")</text>",
        "<g class=\"removed\"><path",
        "remove Host(\"h1\")",
    ] {
        assert!(svg.contains(wanted), "{wanted} is not in\n{svg}");
    }
    assert!(!svg.contains("h<2>") && !svg.contains("log"), "what is far away is not drawn:\n{svg}");
    let blocked = said(&folder, &["check", "p.dbm", "c.json", "--svg", "c.json"]);
    assert!(blocked.0 == 2 && blocked.1.contains("cannot be written"), "{}", blocked.1);
}

/// Of what is newly broken through other elements only the premise is shown that is gone, not what stayed beside it.
#[test]
fn the_first_premise_that_is_gone_is_found_behind_a_rule_that_recurs() {
    let program = "node Host\nnode Service { tier: Int in 1..3 }\nedge runs_on: Service -> Host\nedge calls: Service -> Service\n\
        rule down(s: Service) if not s -runs_on-> _\nrule down(s) if down(t) and s -calls-> t\n\
        invariant up { for s: Service where s.tier == 1 require not down(s) }\n\
        invariant never_down { never s: Service where s.tier == 1 and down(s) }\n\
        intervention loss { for h: Host do remove h expect holds up, never_down }\n";
    let candidate = "{\"nodes\": [{\"id\": \"h1\", \"kind\": \"Host\"}, {\"id\": \"h2\", \"kind\": \"Host\"}, \
        {\"id\": \"web\", \"kind\": \"Service\", \"tier\": 1}, {\"id\": \"mail\", \"kind\": \"Service\", \"tier\": 3}], \
        \"edges\": [{\"kind\": \"runs_on\", \"from\": \"web\", \"to\": \"h1\"}, {\"kind\": \"runs_on\", \"from\": \"mail\", \"to\": \"h2\"}, \
        {\"kind\": \"calls\", \"from\": \"web\", \"to\": \"mail\"}]}";
    for only in ["holds up, never_down", "holds up", "holds never_down"] {
        let program = program.replace("holds up, never_down", only);
        let run = compiled(&program).check(&[Input::new("c.json", candidate.as_bytes())], &RunOptions::default());
        let demand = run.report.candidates[0].demands.iter().find(|d| d.name == "loss").unwrap();
        let lost: Vec<Vec<&str>> =
            demand.violations.iter().map(|v| v.witness.iter().map(|w| w.text.as_str()).collect()).collect();
        assert_eq!(lost, [["Service(\"web\") -runs_on-> Host(\"h1\")"], ["Service(\"mail\") -runs_on-> Host(\"h2\")"]], "{only}");
    }
}
