//! Reports drawn from data made by hand: as text, as JSON against its schema; and how diagnostics are drawn.
use dbm::base::{Code, Diagnostic, Place, Severity, Sources, Span};
use dbm::report::draw::draw;
use dbm::report::style::Style;
use dbm::report::{json, schema, text};
use dbm::session::{CandidateReport, DemandKind, DemandReport, Located, Report, Unknown, Verdict, Violation, WitnessStep};
use serde_json::{Value, json};

const PROGRAM: &str = "\
node Service { tier: Int }
edge calls: Service -> Service

invariant acyclic \"no service depends on itself\" {
  never x -calls+-> x
  message \"{x} depends on itself\"
}
";

fn sources() -> (Sources, impl Fn(&str) -> Place) {
    let mut sources = Sources::new();
    let file = sources.add_file("rules.dbm", PROGRAM);
    let item = sources.add_item(file, 0);
    (sources, move |part: &str| {
        let at = PROGRAM.find(part).unwrap();
        Place::new(item, Span::new(at, at + part.len()))
    })
}

fn located(pointer: &str, line: usize) -> Located {
    Located { file: "broken.json".into(), pointer: pointer.into(), line, column: 5 }
}

fn demand(name: &str, verdict: Verdict, place: Place) -> DemandReport {
    DemandReport { verdict, checked: 3, ..DemandReport::blank(DemandKind::Invariant, name, Severity::Error, place) }
}

fn report(place: impl Fn(&str) -> Place) -> Report {
    let step = |text: &str, pointer: &str, line| WitnessStep { text: text.into(), candidate: Some(located(pointer, line)) };
    let cycle = Violation {
        key: "acyclic:x=Service(\"web\")".into(),
        binding: vec![("x".into(), json!("Service(\"web\")"))],
        message: "Service(\"web\") depends on itself".into(),
        why: vec![],
        world: None,
        strike: None,
        nearest: None,
        witness: vec![
            step("Service(\"web\") -calls-> Service(\"api\")", "/edges/0", 12),
            step("Service(\"api\") -calls-> Service(\"web\")", "/edges/1", 13),
        ],
        program: place("never x -calls+-> x"),
        candidate: vec![located("/nodes/0", 4)],
    };
    let mut acyclic = demand("acyclic", Verdict::Violated, place("acyclic"));
    acyclic.title = Some("no service depends on itself".into());
    acyclic.violation_count = 224;
    acyclic.violations = vec![cycle.clone(); 12];
    let mut patient = demand("patient", Verdict::Violated, place("calls"));
    patient.severity = Severity::Warning;
    patient.violation_count = 2;
    let mut first = cycle.clone();
    first.witness = vec![];
    first.message = "Service(\"web\") waits".into();
    let mut second = first.clone();
    second.program = place("message");
    second.binding.push(("n".into(), json!(3)));
    second.binding.push(("who".into(), json!("a \u{1b}[31mred\u{1b}[0m text")));
    second.binding.push(("zones".into(), json!(["a", "b", null])));
    second.message = "first line\nsecond line".into();
    patient.violations = vec![first, second];
    let mut vacuous = demand("replicated", Verdict::Vacuous, place("node"));
    vacuous.checked = 0;
    let mut faulty = demand("loaded", Verdict::Unknown, place("tier"));
    faulty.unknown = Some(Unknown::Fault);
    let broken = CandidateReport {
        candidate: "broken.json".into(),
        decision: None,
        verdict: Verdict::Violated,
        demands: vec![acyclic, demand("placed", Verdict::Holds, place("edge")), patient, vacuous, faulty],
        size: (12345, 1, 0),
        streamed: false,
        diagnostics: vec![
            Diagnostic::warning(Code::new(802, "vacuous"), "`replicated` checked nothing").at(place("node"), "no such node"),
        ],
    };
    let good = CandidateReport {
        candidate: "good.json".into(),
        decision: None,
        verdict: Verdict::Satisfied,
        demands: vec![demand("acyclic", Verdict::Holds, place("acyclic"))],
        size: (3, 2, 1),
        streamed: false,
        diagnostics: vec![],
    };
    let refused = CandidateReport {
        candidate: "refused.json".into(),
        decision: None,
        verdict: Verdict::Unknown,
        demands: vec![],
        size: (0, 0, 0),
        streamed: false,
        diagnostics: vec![Diagnostic::error(Code::new(501, "unknown-kind"), "no kind `Sevice`")],
    };
    Report { program: "rules.dbm".into(), candidates: vec![broken, good, refused], diagnostics: vec![] }
}

#[test]
fn a_report_for_people() {
    let (sources, place) = sources();
    insta::assert_snapshot!(text::text(&report(place), &sources, Style::PLAIN));
}

#[test]
fn a_report_without_signs_beyond_ascii() {
    let (sources, place) = sources();
    let text = text::text(&report(place), &sources, Style { color: false, unicode: false });
    let beyond: String = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').collect();
    assert_eq!(beyond, "", "{text}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let (sources, place) = sources();
    let report = report(place);
    let colored = text::text(&report, &sources, Style { color: true, unicode: true });
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(stripped + rest, text::text(&report, &sources, Style::PLAIN));
}

#[test]
fn a_report_for_programs_keeps_to_its_schema() {
    let (sources, place) = sources();
    let made = json::value(&report(place), &sources);
    let schema: Value = serde_json::from_str(schema::REPORT).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&made).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut bent = made.clone();
    bent["candidates"][0]["demands"][0]["verdict"] = json!("fine");
    assert!(!validator.is_valid(&bent));
}

#[test]
fn the_fields_of_a_report_stand_in_the_order_of_the_contract() {
    let (sources, place) = sources();
    let mut out = vec![];
    json::write(&report(place), &sources, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

fn one_file(text: &str) -> (Sources, impl Fn(usize, usize) -> Place) {
    let mut sources = Sources::new();
    let file = sources.add_file("candidate.json", text);
    let item = sources.add_item(file, 0);
    (sources, move |from, to| Place::new(item, Span::new(from, to)))
}

const CODE: Code = Code::new(501, "some-code");

#[test]
fn a_diagnostic_shows_places_helps_and_suggestions() {
    let (sources, place) = sources();
    let d = Diagnostic::error(CODE, "no kind `Servce`")
        .at(place("calls+"), "not a kind")
        .also(place("Service { tier: Int }"), "`Service` is declared here")
        .note("kinds are told apart by their letters")
        .help("declare it with `node Servce`")
        .suggest("did you mean `Service`?", place("calls+"), "Service")
        .suggest("leave it out", place("calls+"), "");
    insta::assert_snapshot!(draw(&d, &sources, Style::PLAIN));
}

#[test]
fn a_line_of_a_megabyte_does_not_flood_the_terminal() {
    let text = format!("\n[{}\"here\"{}]", "1,".repeat(300_000), ",2".repeat(300_000));
    let at = text.find("here").unwrap();
    let (sources, place) = one_file(&text);
    let drawn = draw(&Diagnostic::error(CODE, "wrong").at(place(at, at + 4), "this"), &sources, Style::PLAIN);
    assert!(drawn.len() < 1500, "{} bytes", drawn.len());
    assert!(drawn.contains("candidate.json:2:600003") && drawn.contains("here") && drawn.contains(" 2 │"), "{drawn}");
    let whole = draw(&Diagnostic::error(CODE, "wrong").at(place(1, text.len()), "all of it"), &sources, Style::PLAIN);
    assert!(whole.len() < 2500, "{} bytes", whole.len());
}

#[test]
fn places_are_drawn_whatever_they_are() {
    let text = "节点 {\r\n\ta: 1,\u{2028} \u{1b}[31m b\n}\n\n\nlast é";
    let (sources, place) = one_file(text);
    for from in 0..=text.len() + 2 {
        for to in [from, from + 1, from + 7, text.len(), text.len() + 9, 0] {
            let d = Diagnostic::error(CODE, "wrong").at(place(from, to), "this").also(place(to, to + 3), "that");
            let drawn = draw(&d, &sources, Style { color: false, unicode: from % 2 == 0 });
            assert!(drawn.contains("candidate.json:") && !drawn.contains('\u{1b}') && !drawn.contains('\u{1}'), "{drawn}");
        }
    }
}

#[test]
fn places_far_apart_have_excerpts_of_their_own_under_their_own_numbers() {
    let text: String = (1..=5000).map(|n| format!("line {n}\n")).collect();
    let (sources, place) = one_file(&text);
    let (first, last) = (text.find("line 7\n").unwrap(), text.find("line 4321\n").unwrap());
    let d = Diagnostic::error(CODE, "twice").at(place(last, last + 9), "again").also(place(first, first + 6), "first");
    insta::assert_snapshot!(draw(&d, &sources, Style::PLAIN));
}

#[test]
fn a_diagnostic_without_a_place_still_helps() {
    let d = Diagnostic::error(CODE, "nothing to see").help("look elsewhere").note("it is so");
    insta::assert_snapshot!(draw(&d, &Sources::new(), Style::PLAIN));
}
