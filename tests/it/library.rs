//! The library as a host uses it: compile once, check many, host functions, limits, cancellation.
use dbm::session::{
    Cancel, CompileOptions, Error, HostFunction, Input, Limits, NoFiles, Program, RunOptions, Stop, Type, Unknown, Value, Verdict,
};
use std::sync::Arc;

const RULES: &str = "node Service { tier: Int }\nedge calls: Service -> Service\ninvariant acyclic { never x -calls+-> x }\n";

fn candidate(edges: &str) -> Input {
    let text = format!(r#"{{"nodes": [{{"id": "a", "kind": "Service", "tier": 1}}], "edges": [{edges}]}}"#);
    Input::new("candidate.json", text)
}

fn compile(text: &str, options: &CompileOptions) -> Program {
    Program::compile("rules.dbm", text, &NoFiles, options).unwrap()
}

#[test]
fn a_program_is_compiled_once_and_checked_from_many_threads() {
    let program = compile(RULES, &CompileOptions::default());
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let program = program.clone();
            std::thread::spawn(move || {
                let edges = if n % 2 == 0 { "" } else { r#"{"kind": "calls", "from": "a", "to": "a"}"# };
                let run = program.check(&[candidate(edges)], &RunOptions::default());
                (n, run.is_fine())
            })
        })
        .collect();
    for t in threads {
        let (n, fine) = t.join().unwrap();
        assert_eq!(fine, n % 2 == 0);
    }
}

#[test]
fn the_hash_is_of_the_texts() {
    let one = compile(RULES, &CompileOptions::default());
    let again = Program::compile("other/name.dbm", RULES, &NoFiles, &CompileOptions::default()).unwrap();
    let other = compile(&RULES.replace("Int", "Text"), &CompileOptions::default());
    assert_eq!(one.hash(), again.hash());
    assert_ne!(one.hash(), other.hash());
    assert_eq!(one.hash().len(), 64);
}

#[test]
fn errors_carry_diagnostics_and_say_the_first() {
    let error =
        Program::compile("rules.dbm", "node A\ninvariant i { never x: B }", &NoFiles, &CompileOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Program(_)));
    assert!(error.to_string().starts_with("the program is wrong: rules.dbm:2:24: [DBM0203]"), "{error}");
    let error = Program::compile("rules.dbm", RULES, &NoFiles, &CompileOptions::default().param("x", "1")).unwrap_err();
    assert!(matches!(error, Error::Call(_)), "{error}");
    let program = compile(RULES, &CompileOptions::default());
    let error = program.query(&Input::new("c.json", "[1"), "x -calls-> y", &RunOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Candidate(_)), "{error}");
}

#[test]
fn a_host_function_is_called_with_declared_types() {
    let double = HostFunction {
        name: "double".into(),
        params: vec![Type::Int(None)],
        result: Type::Int(None),
        call: Arc::new(|args| match args {
            [Value::Int(n)] if *n < 1000 => Ok(Value::Int(n * 2)),
            _ => Err("too large to double".to_string()),
        }),
    };
    let options = CompileOptions::default().function(double);
    let text = "param most: Int = 3\nnode Service { tier: Int }\nedge calls: Service -> Service\n\
                invariant low { for s: Service require double(s.tier) <= most }\ninvariant odd { require double(1000) > 0 }\n";
    let verdicts = |most: i64| {
        let program = compile(text, &options.clone().param("most", Value::Int(most)));
        let run = program.check(&[candidate("")], &RunOptions::default());
        run.report.candidates[0].demands.iter().map(|d| (d.verdict, d.unknown)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(2), [(Verdict::Holds, None), (Verdict::Unknown, Some(Unknown::Fault))]);
    assert_eq!(verdicts(1)[0].0, Verdict::Violated);
}

#[test]
fn a_stopped_run_is_unknown() {
    let text = "node Step\nedge next: Step -> Step\n\
                rule choice(a: Step, b: Step, c: Step, d: Step) if a != b or c != d\ninvariant i { never choice(a, b, c, d) and a -next-> b and c -next-> d }\n";
    let nodes: Vec<String> = (0..12).map(|n| format!(r#"{{"id": "s{n}", "kind": "Step"}}"#)).collect();
    let input = Input::new("c.json", format!(r#"{{"nodes": [{}], "edges": []}}"#, nodes.join(",")));
    let program = compile(text, &CompileOptions::default());
    let cancel = Cancel::new();
    cancel.stop(Stop::Cancelled);
    let stopped = RunOptions { cancel, ..RunOptions::default() };
    let limited = RunOptions { limits: Limits { facts: 100, ..Limits::default() }, ..RunOptions::default() };
    for options in [stopped, limited] {
        let run = program.check(std::slice::from_ref(&input), &options);
        let d = &run.report.candidates[0].demands[0];
        assert_eq!((d.verdict, d.unknown), (Verdict::Unknown, Some(Unknown::Limit)));
        assert!(!run.report.candidates[0].diagnostics.is_empty());
    }
    assert!(program.check(&[input], &RunOptions::default()).is_fine());
}

#[test]
fn a_candidate_beyond_the_limits_is_refused() {
    let program = compile(RULES, &CompileOptions::default());
    for (limits, code) in [
        (Limits { candidate_bytes: 20, ..Limits::default() }, "candidate-too-large"),
        (Limits { depth: 1, ..Limits::default() }, "candidate-too-deep"),
    ] {
        let run = program.check(&[candidate("")], &RunOptions { limits, ..RunOptions::default() });
        assert_eq!(run.report.candidates[0].diagnostics[0].code.name, code);
    }
    let run = program.check(&[Input::new("c.json", [b'"', 0xff, b'"'])], &RunOptions::default());
    assert_eq!(run.report.candidates[0].diagnostics[0].code.name, "not-utf8");
}
