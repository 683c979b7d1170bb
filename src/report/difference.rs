//! What differs between two structures, for people. Fed with the difference, read by the REPL.
use super::style::{Style, Tone, clean, grouped};
use crate::verdict::{Difference, Verdict};
use std::fmt::Write;

/// Elements and attributes, then each rule with the facts it lost and gained, then the verdicts. `most` of a list are shown.
pub fn text(d: &Difference, most: usize, style: Style) -> String {
    let mut out = String::new();
    if d.is_empty() {
        return "no difference\n".into();
    }
    let minus = |t: &String| (Tone::Bad, format!("- {t}"));
    let plus = |t: &String| (Tone::Good, format!("+ {t}"));
    let list = |out: &mut String, indent: &str, lines: Vec<(Tone, String)>| {
        for (tone, line) in lines.iter().take(most) {
            let _ = writeln!(out, "{indent}{}", style.paint(*tone, &clean(line)));
        }
        if lines.len() > most {
            let _ = writeln!(out, "{indent}and {} more", grouped((lines.len() - most) as u64));
        }
    };
    list(&mut out, "", d.removed.iter().map(minus).chain(d.added.iter().map(plus)).collect());
    let arrow = style.sign("→", "->");
    list(&mut out, "", d.changed.iter().map(|(what, a, b)| (Tone::Doubt, format!("{what}: {a} {arrow} {b}"))).collect());
    for r in &d.relations {
        let (before, now) = (grouped(r.counts.0 as u64), grouped(r.counts.1 as u64));
        let counts = if before == now { format!("{now} facts") } else { format!("{before} {arrow} {now} facts") };
        let _ = writeln!(out, "{}  {}", style.paint(Tone::Strong, &clean(&r.name)), style.paint(Tone::Faint, &counts));
        if r.lost.is_empty() && r.gained.is_empty() {
            out.push_str("  too many to compare one by one\n");
        }
        list(&mut out, "  ", r.lost.iter().map(minus).chain(r.gained.iter().map(plus)).collect());
    }
    for (name, before, now) in &d.demands {
        let word = |(v, n): &(Verdict, u64)| match v {
            Verdict::Violated => format!("violated ({})", grouped(*n)),
            v => v.name().to_string(),
        };
        let tone = if now.0 == Verdict::Violated { Tone::Bad } else { Tone::Good };
        let line = format!("{}: {} {arrow} {}", clean(name), word(before), word(now));
        let _ = writeln!(out, "{}", style.paint(tone, &line));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Changed;

    #[test]
    fn each_list_is_cut_and_counted() {
        let relation = Changed { name: "r".into(), lost: vec!["r(1)".into()], gained: vec![], counts: (12345, 12344) };
        let many = Changed { name: "q".into(), counts: (3, 2), ..Changed::default() };
        let d = Difference {
            removed: vec!["A(\"x\")".into(), "A(\"y\u{1b}\")".into(), "A(\"z\")".into()],
            changed: vec![("B(\"b\").n".into(), "1".into(), "2".into())],
            relations: vec![relation, many],
            demands: vec![("safe".into(), (Verdict::Holds, 0), (Verdict::Violated, 2))],
            ..Difference::default()
        };
        let want = "- A(\"x\")\n- A(\"y\u{fffd}\")\nand 1 more\nB(\"b\").n: 1 → 2\nr  12_345 → 12_344 facts\n  - r(1)\n\
                    q  3 → 2 facts\n  too many to compare one by one\nsafe: holds → violated (2)\n";
        assert_eq!(text(&d, 2, Style::PLAIN), want);
        assert_eq!(text(&Difference::default(), 2, Style::PLAIN), "no difference\n");
    }
}
