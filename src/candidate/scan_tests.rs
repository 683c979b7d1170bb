//! Tests of the JSON scanner: another reader of JSON is the judge.
use super::*;

fn check(text: &str) -> Result<Vec<Problem>, Problem> {
    let limits = Limits::default();
    let mut checker = Checker::new(text, &limits);
    checker.value()?;
    if !checker.at_end() {
        let at = checker.position() as u32;
        return Err(Problem { at: (at, at + 1), kind: ProblemKind::Syntax("more".into(), None) });
    }
    Ok(checker.problems)
}

fn random(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ((*seed >> 33) as usize) % below
}

#[test]
fn the_checker_agrees_with_another_reader_of_json() {
    let pieces = [
        "{", "}", "[", "]", "\"", "\\", ",", ":", "é", "1", "-", ".5", "e3", "0", "\"a\"", "\"b\":", " ", "\n", "null", "true",
        "\\u00e9", "\\ud83d", "\\ude00", "\t", "\u{1}", "nul", "//",
    ];
    let mut seed = 7;
    let mut good = 0;
    for _ in 0..60_000 {
        let text: String = (0..random(&mut seed, 9)).map(|_| pieces[random(&mut seed, pieces.len())]).collect();
        let judge = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        assert_eq!(check(&text).is_ok(), judge, "{text:?}");
        good += judge as u32;
    }
    assert!(good > 1000);
}

#[test]
fn every_beginning_of_a_document_is_refused_at_its_end_or_before() {
    let text = r#"{"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00", true, null, {}], "b": {"c": []}}"#;
    assert_eq!(check(text), Ok(vec![]));
    for n in (0..text.len()).filter(|n| text.is_char_boundary(*n)) {
        let problem = check(&text[..n]).unwrap_err();
        assert!(problem.is_fatal() && problem.at.0 as usize <= n, "{n}");
    }
}

#[test]
fn all_duplicate_keys_are_found_however_they_are_written() {
    let text = r#"{"a": {"x": 1, "\u0078": 2}, "b": 0, "a": [{"c": 1, "c": 2}]}"#;
    let at: Vec<_> = check(text).unwrap().into_iter().map(|p| (p.at.0, p.kind)).collect();
    let twice = ProblemKind::DuplicateKey;
    assert_eq!(at, [(15, twice((7, 10))), (52, twice((44, 47))), (37, twice((1, 4)))]);
    let many: String = (0..5000).map(|i| format!("\"k{}\": 1,", i % 4999)).collect();
    assert_eq!(check(&format!("{{{}\"z\": 0}}", many)).unwrap().len(), 1);
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(check(&deep).unwrap_err().kind, ProblemKind::Deep);
    let deep = "{\"a\":".repeat(1_000_000);
    assert_eq!(check(&deep).unwrap_err().kind, ProblemKind::Deep);
    let limits = Limits { elements: 10, ..Limits::default() };
    assert_eq!(Checker::new("[1,2,3,4,5,6,7,8,9,10]", &limits).value().unwrap_err().kind, ProblemKind::Many);
}

#[test]
fn numbers_beyond_64_bits_are_found() {
    for text in ["1e309", "[-1e400]", &"9".repeat(400)] {
        assert_eq!(check(text).unwrap().first().map(|p| p.kind.clone()), Some(ProblemKind::Number), "{text}");
    }
    for text in ["1e308", "1e-999", "123456789012345678901234567890", "0.1"] {
        assert_eq!(check(text), Ok(vec![]), "{text}");
    }
}

#[test]
fn members_and_items_are_walked() {
    let text = r#" {"a" : [1 , {"b\"": "]"}, null ] , "c":-2.5,"d":{},"e":[]} "#;
    let slice = |r: Range| &text[r.0 as usize..r.1 as usize];
    let members: Vec<_> = Members::new(text, 1).map(|m| (slice(m.key), slice(m.value))).collect();
    assert_eq!(members, [("\"a\"", "[1 , {\"b\\\"\": \"]\"}, null ]"), ("\"c\"", "-2.5"), ("\"d\"", "{}"), ("\"e\"", "[]")]);
    let list = Members::new(text, 1).next().unwrap().value.0 as usize;
    let items: Vec<_> = Items::new(text, list).map(|i| &text[i..skip(text.as_bytes(), i)]).collect();
    assert_eq!(items, ["1", "{\"b\\\"\": \"]\"}", "null"]);
    assert_eq!(unquote(r#""a\n\u00e9\ud83d\ude00\\""#), "a\né😀\\");
    let mut out = String::new();
    quote("a\n\"\u{1}é", &mut out);
    assert_eq!(unquote(&out), "a\n\"\u{1}é");
}

#[test]
fn walks_over_text_that_was_not_checked_end() {
    let pieces = ["{", "}", "[", "]", "\"", "\\", ",", ":", "é", "1", "\"a\"", " "];
    let mut seed = 3;
    for _ in 0..20_000 {
        let text: String = (0..8).map(|_| pieces[random(&mut seed, pieces.len())]).collect();
        for at in 0..text.len() {
            let _ = (Members::new(&text, at).count(), Items::new(&text, at).count());
        }
    }
}
