//! Tests of the formatter: what the style says, construct by construct, and where comments go.
use super::{Unformatted, format};
use crate::base::source::Sources;

fn formatted(text: &str) -> String {
    match format("test.dbm", text) {
        Ok(once) => {
            assert_eq!(format("test.dbm", &once).ok().as_ref(), Some(&once), "not a fixed point");
            once
        }
        Err(e) => panic!("{e:#?}\n{text}"),
    }
}

#[test]
fn spaces_stand_where_the_style_says() {
    for (text, want) in [
        ("edge e:A|B->C[1..5]{a:Int?=none}", "edge e: A | B -> C [1..5] { a: Int? = none }\n"),
        (
            "node A{s:\"up\"|\"down\"=\"up\",t:Int in -1..3,l:[Text?],}",
            "node A { s: \"up\" | \"down\" = \"up\", t: Int in -1..3, l: [Text?] }\n",
        ),
        ("rule r( a:A , _ )if a - e : k (x|y) {2,4}->b".replace("k (", "(").as_str(), "rule r(a: A, _) if a -e:(x|y){2,4}-> b\n"),
        ("rule r(a:A)if a<-k * -b and not a -k->_", "rule r(a: A) if a <-k*- b and not a -k-> _\n"),
        ("rule r(a: A) if - a.n*- 2== -(1)-x[ 0 ].y", "rule r(a: A) if -a.n * -2 == -(1) - x[0].y\n"),
        ("rule r(a: A) if a.n in 1 .. 3 and a.m in a . n+1..9", "rule r(a: A) if a.n in 1..3 and a.m in a.n + 1 .. 9\n"),
        ("rule r(a: A) if a.z==[ {a:-1,}, f ( ) ,{ }]", "rule r(a: A) if a.z == [{ a: -1 }, f(), {}]\n"),
        (
            "invariant i:warning{require in at least 95 % worlds stable( x )}",
            "invariant i : warning { require in at least 95% worlds stable(x) }\n",
        ),
        ("invariant i{require stable ( x )==1}", "invariant i { require stable (x) == 1 }\n"),
        ("import std . graph{ * }\nimport \"./a.dbm\" {a,b ,}", "import std.graph { * }\nimport \"./a.dbm\" { a, b }\n"),
    ] {
        assert_eq!(formatted(text), want);
    }
}

#[test]
fn comments_stay_with_what_they_stand_at() {
    let text = "
// above
rule r(a: A) if // why
  a.x == 1 and // because
  // and also
  a.y == 2
  // at the end
rule s(a: A) if a.x // here
== 1
node N { // first
  /// documents a
  a: Int, // of a
  b: Int /* no */
";
    let text = text.replace(" /* no */", " // of b\n\n\n  // last\n}");
    assert_eq!(
        formatted(&text),
        "\
// above
rule r(a: A) if  // why
    a.x == 1  // because
    // and also
    and a.y == 2

// at the end
rule s(a: A) if
    a.x  // here
      == 1

node N {  // first
  /// documents a
  a: Int,  // of a
  b: Int   // of b

  // last
}
"
    );
}

#[test]
fn blank_lines_are_one_at_most() {
    let text = "\n\nnode A\n\n\n\nnode B\nnode C\nedge e: A -> B\ninvariant i {\n\n  never a: A\n\n\n  message \"x\"\n\n}\n\n";
    let want = "node A\n\nnode B\nnode C\n\nedge e: A -> B\n\ninvariant i {\n  never a: A\n\n  message \"x\"\n}\n";
    assert_eq!(formatted(text), want);
    assert_eq!(formatted("\u{FEFF}\r\n// only\r\n\r\n\r\n"), "// only\n");
}

#[test]
fn texts_are_not_touched() {
    let text = "invariant i { never a: A  message \"{a  .x}  \\u{41} {{ {if a.y then 1 else   2}\" }\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn a_clause_of_a_value_rule_that_is_long_stands_for_itself() {
    let text = "rule d(a: A, b: A) = min { 1 if a -k-> b, d(a, m) + 1 if m -k-> b and m.name != \"a name that is so long that it does not fit\" }";
    let want = "\
rule d(a: A, b: A) = min {
  1           if a -k-> b,
  d(a, m) + 1 if m -k-> b and m.name != \"a name that is so long that it does not fit\"
}
";
    assert_eq!(formatted(text), want);
}

#[test]
fn what_does_not_parse_has_its_diagnostics() {
    let Err(Unformatted::Wrong(sources, found)) = format("test.dbm", "node A {") else { panic!("it parses") };
    assert_eq!(found.iter().map(|d| d.code.number).collect::<Vec<_>>(), [102]);
    assert_eq!(sources.files().count(), 1);
}

#[test]
fn another_program_is_told_from_the_same_one() {
    let parsed = |text: &str| {
        let mut sources = Sources::new();
        let file = sources.add_file("test.dbm", text);
        crate::syntax::parse(&mut sources, file)
    };
    let differs = |a: &str, b: &str| super::same::difference(a, &parsed(a), b);
    assert_eq!(differs("node A { a: Int, } // x", "// x\nnode A {\n a: Int\n}"), None);
    for (a, b) in [
        ("rule r(a: A) if a.x - 1 == 2", "rule r(a: A) if a.x -1 ==3"),
        ("node A // x", "node A // y"),
        ("node A // x", "node A"),
        ("/// d\nnode A", "node A /// d"),
        ("rule r(a: A) if stable (a)", "rule r(a: A) if stable(a)"),
        ("node A\nnode B", "node A"),
        ("rule r(a: A) if (a.x)", "rule r(a: A) if a.x"),
        ("node A", "node A {"),
    ] {
        assert!(differs(a, b).is_some(), "{a} | {b}");
    }
}
