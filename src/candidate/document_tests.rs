//! Tests of documents: JSON lines, YAML, places in both, hostile YAML.
use super::super::kit_tests::*;
use super::*;
use crate::base::Diagnostic;

fn open(name: &str, text: &str) -> (Document, Vec<String>, Sources) {
    let mut sources = Sources::new();
    let mut findings = Findings::new(100);
    let input = Input { name, bytes: text.as_bytes(), format: Format::Auto };
    let document = Document::open(&input, &Limits::default(), &mut sources, &mut findings);
    let found: Vec<Diagnostic> = findings.finish();
    let found = found.iter().map(|d| line(d, &sources)).collect();
    (document, found, sources)
}

fn json(text: &str) -> String {
    let (document, found, _) = open("a.yaml", text);
    assert_eq!(found, Vec::<String>::new(), "{text}");
    document.values().map(|v| v.source().to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn yaml_becomes_json() {
    for (yaml, expected) in [
        ("a: 1\nb: [x, 'y', \"z\\n\"]\n", r#"{"a":1,"b":["x","y","z\n"]}"#),
        (
            "- yes\n- true\n- Null\n- ~\n-\n- 007\n- +5\n- 0o17\n- 0xFF\n- .5\n- 1.\n- -2e3\n- 1_000\n",
            r#"["yes",true,null,null,null,7,5,15,255,0.5,1,-2e3,"1_000"]"#,
        ),
        ("? a\n: - 1\n  - b: 2\n1: x\nnull: y\n", r#"{"a":[1,{"b":2}],"1":"x","null":"y"}"#),
        ("text: |\n  two\n  lines\nfolded: >\n  one\n  line\n", r#"{"text":"two\nlines\n","folded":"one line\n"}"#),
        ("!!str 12", r#""12""#),
        ("!foo {a: !bar 1}", r#"{"a":1}"#),
        ("a: &x {k: 1}\nb: *x\nc: [*x, *x]\n", r#"{"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}"#),
        ("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n", r#"{"base":{"x":1,"y":2},"use":{"y":3,"x":1}}"#),
        (
            "a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\nd: {<<: {q: 1}, r: 2}",
            r#"{"a":{"x":1},"b":{"x":2,"z":3},"c":{"x":1,"z":3},"d":{"r":2,"q":1}}"#,
        ),
        ("&k key: *k", r#"{"key":"key"}"#),
        ("---\na: 1\n---\n---\nb: é\n...\n", r#"{"a":1} {"b":"é"}"#),
        ("{}", "{}"),
        ("", ""),
        ("# nothing\n", ""),
    ] {
        assert_eq!(json(yaml), expected, "{yaml}");
    }
}

#[test]
fn a_place_in_yaml_is_a_place_in_the_yaml() {
    let yaml =
        "kind: é\nitems:\n  - name: one\n    # a comment\n    size: 12\n  - &two {name: two, size: 'x'}\n---\nitems: [*two]\n"
            .replace("---\nitems: [*two]", "more: [*two]");
    let (document, found, sources) = open("a.yaml", &yaml);
    assert_eq!(found, Vec::<String>::new());
    let at = |pointer: &str| {
        let mut origin = document.roots[0].0;
        for part in pointer.split('/').skip(1) {
            origin = match part.parse::<usize>() {
                Ok(i) => Items::new(&document.text, origin as usize).nth(i).unwrap() as u32,
                Err(_) => document.member(origin, part).unwrap().0,
            };
        }
        let spot = document.locate(origin).unwrap();
        assert_eq!(spot.pointer, pointer);
        let (_, line, column) = sources.position(spot.place).unwrap();
        (line, column, sources.text(spot.place).to_string())
    };
    assert_eq!(at("/kind"), (1, 7, "é".into()));
    assert_eq!(at("/items/0/size"), (5, 11, "12".into()));
    assert_eq!(at("/items/0"), (3, 5, "name: one\n    # a comment\n    size: 12".into()));
    assert_eq!(at("/items/1"), (6, 5, "&two {name: two, size: 'x'}".into()));
    assert_eq!(at("/items/1/size"), (6, 28, "'x'".into()));
    // what an alias stands for is where the alias is
    assert_eq!(at("/more/0/size"), (7, 8, "*two".into()));
}
use super::super::scan::Items;

#[test]
fn wrong_yaml_is_reported_at_its_place() {
    let bomb = format!(
        "a: &a [{}]\n{}",
        "x, ".repeat(9) + "x",
        (0..12)
            .map(|i| format!(
                "{}: &{} [{}]\n",
                (b'b' + i) as char,
                (b'b' + i) as char,
                vec![format!("*{}", (b'a' + i) as char); 10].join(", ")
            ))
            .collect::<String>()
    );
    for (yaml, expected) in [
        ("a: 1\na: 2\n", "2:1 duplicate-key the key `a` stands twice in one record"),
        ("a: [1\nb: 2", "2:"),
        ("? [1]\n: 2", "1:3 yaml-syntax a key that is a list or a record"),
        ("a: &x [*x]", "1:8 yaml-syntax an alias within the value that it stands for"),
        ("a: *nope", "1:4 yaml-syntax this is not YAML"),
        ("a: .inf", "1:4 candidate-number-out-of-range a number that is not finite, or too large"),
        ("a: 1e999", "1:4 candidate-number-out-of-range the number is too large"),
        ("a:\n  <<: 5", "2:7 yaml-syntax `<<` takes a record, or a list of records"),
        ("é: {a: \"\\q\"}", "1:"),
        (&bomb, "7:"),
        (&"[".repeat(5000), "1:256 candidate-too-deep lists and records are nested more than 128 deep"),
        (&"- ".repeat(5000), "1:257 candidate-too-deep lists and records are nested more than 128 deep"),
    ] {
        let (document, found, _) = open("a.yaml", yaml);
        assert!(found.first().is_some_and(|f| f.starts_with(expected)), "{}: {found:?}", &yaml[..yaml.len().min(80)]);
        assert!(document.text.len() < 40 << 20);
    }
}

#[test]
fn each_line_of_json_lines_is_a_document() {
    let (document, found, sources) = open("a.jsonl", "{\"a\": 1}\n\n [2]\r\n{\"b\": {\"c\": 3}}");
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(
        document.values().map(|v| v.source().to_string()).collect::<Vec<_>>(),
        ["{\"a\": 1}", "[2]", "{\"b\": {\"c\": 3}}"]
    );
    let c = document.member(document.member(document.roots[2].0, "b").unwrap().0, "c").unwrap().0;
    let spot = document.locate(c).unwrap();
    assert_eq!((spot.pointer.as_str(), sources.position(spot.place)), ("/b/c", Some(("a.jsonl", 4, 13))));
    let (_, found, _) = open("a.ndjson", "{\"a\": 1}\n{\"a\": \n{\"a\": 2} 3\n[4");
    assert_eq!(
        found,
        [
            "2:6 json-syntax the JSON text ends too early",
            "3:10 json-syntax there is more text on the line behind its JSON document",
            "4:3 json-syntax the JSON text ends too early",
        ]
    );
    // without a name that tells, the content does
    assert_eq!(open("-", "{\"a\": 1}\n{\"a\": 2}\n").0.len(), 2);
    assert_eq!(open("-", "a: 1\n").0.len(), 1);
    assert_eq!(open("-", "{\"a\": 1}").0.len(), 1);
}

#[test]
fn every_value_of_a_large_document_is_found_again() {
    let text = format!(
        "{{\"é/~\": [{}], \"b\": {{{}}}}}",
        (0..3000).map(|i| format!("{{\"n\": {i}}}")).collect::<Vec<_>>().join(", "),
        (0..2000).map(|i| format!("\"k{i}\": [{i}]")).collect::<Vec<_>>().join(", ")
    );
    let (document, _, sources) = open("a.json", &text);
    for (needle, pointer) in [("2999}", "/é~1~0/2999/n"), ("0}", "/é~1~0/0/n"), ("[1999]", "/b/k1999"), ("1234]", "/b/k1234/0")]
    {
        let at = text.find(needle).unwrap() as u32;
        let spot = document.locate(at).unwrap();
        assert_eq!(spot.pointer, pointer);
        assert_eq!(spot.place.span.start, at);
        assert!(sources.text(spot.place).starts_with(&needle[..1]));
    }
    assert_eq!(document.locate(0).unwrap().pointer, "");
    assert_eq!(document.locate(text.len() as u32), None);
}

#[test]
fn real_files_are_documents() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let mut files = 0;
    let Ok(folders) = std::fs::read_dir(&data) else { return };
    for folder in folders.flatten().filter(|f| f.path().is_dir()) {
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().to_string();
            if !name.ends_with("json") && !name.ends_with("yaml") {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            let (document, found, _) = open(&name, &text);
            assert_eq!(found, Vec::<String>::new(), "{name}");
            assert!(!document.is_empty(), "{name}");
            if name.ends_with("yaml") {
                assert!(document.len() > 20);
            }
            for v in document.values() {
                v.force().unwrap();
            }
            files += 1;
        }
    }
    assert!(files == 0 || files >= 130, "{files}");
}
