//! A picture of a world that fails: the neighbourhood of its edits, what is removed, added, broken and lost marked. Fed with violations,
//! read by the command line, which writes it to a file.
use super::style::clean;
use crate::verdict::{Line, Mark, Picture, Violation};
use std::fmt::Write;

const ROW: usize = 64;
const HEIGHT: usize = 30;
const GAP: usize = 110;
const TOP: usize = 70;
const LETTER: usize = 7;
/// Longer names are cut.
const NAME: usize = 34;

const STYLE: &str = "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#222}\
.title{font-weight:bold;font-size:14px}.small{font-size:10px;fill:#555}\
rect{fill:#f6f8fa;stroke:#57606a}.line{fill:none;stroke:#57606a}\
.removed rect,.removed .line{stroke:#c0272d;stroke-dasharray:5 4}.removed text{fill:#c0272d;text-decoration:line-through}\
.added rect,.added .line{stroke:#1a7f37;stroke-width:2}.added text{fill:#1a7f37}\
.set rect,.set .line{stroke:#9a6700;stroke-width:2}\
.broken rect{fill:#ffebe9;stroke:#c0272d;stroke-width:2}\
.lost .line{stroke:#e36209;stroke-width:3}";

/// The picture of a violation, if it is a world that fails.
pub fn svg(demand: &str, v: &Violation) -> Option<String> {
    let world = v.world.as_ref()?;
    let picture = &world.picture;
    let columns = columns(picture);
    let mut at: Vec<(usize, usize, usize)> = vec![(0, 0, 0); picture.nodes.len()];
    let (mut x, mut rows) = (20, 0);
    for column in &columns {
        let width = column.iter().filter_map(|n| picture.nodes.get(*n)).map(|s| wide(&s.name)).max().unwrap_or(0);
        for (row, n) in column.iter().enumerate() {
            if let Some(slot) = at.get_mut(*n) {
                *slot = (x, TOP + row * ROW, width);
            }
        }
        x += width + GAP;
        rows = rows.max(column.len());
    }
    let edits = world.edits.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    let more = if world.edits.len() > 3 { format!("; and {} more", world.edits.len() - 3) } else { String::new() };
    let head = [format!("{demand}: {}", v.message), format!("{edits}{more}")];
    let width = head.iter().map(|h| shorten(h, 120).chars().count() * 9 + 40).chain([x, 460]).max().unwrap_or(x);
    let height = TOP + rows * ROW + 40;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <style>{STYLE}</style>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto-start-reverse\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#57606a\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" style=\"fill:#fff;stroke:none\"/>\n"
    );
    let [title, edits] = head;
    let _ = writeln!(out, "<text class=\"title\" x=\"20\" y=\"24\">{}</text>", text(&title, 120));
    let _ = writeln!(out, "<text x=\"20\" y=\"44\">{}</text>", text(&edits, 120));
    for l in &picture.edges {
        line(&mut out, l, &at);
    }
    for (s, (x, y, width)) in picture.nodes.iter().zip(&at) {
        let _ = writeln!(
            out,
            "<g class=\"{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"5\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            class(s.mark),
            x + 10,
            y + 19,
            text(&s.name, NAME)
        );
    }
    let note = if picture.cut { "; not all neighbours are drawn" } else { "" };
    let legend = format!("dashed: removed · green: added · amber: set · red: broken · orange: what is lost with it{note}");
    let _ = writeln!(out, "<text class=\"small\" x=\"20\" y=\"{}\">{legend}</text>\n</svg>", height - 14);
    Some(out)
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Kept => "kept",
        Mark::Set => "set",
        Mark::Broken => "broken",
        Mark::Lost => "lost",
        Mark::Added => "added",
        Mark::Removed => "removed",
    }
}

/// An arrow from the right side of its source to the left side of its target, with its kind on it.
fn line(out: &mut String, l: &Line, at: &[(usize, usize, usize)]) {
    let (Some((fx, fy, fw)), Some((tx, ty, _))) = (at.get(l.from), at.get(l.to)) else { return };
    let (x1, y1, x2, y2) = (fx + fw, fy + HEIGHT / 2, *tx, ty + HEIGHT / 2);
    let bend = if x2 > x1 { (x2 - x1) / 2 } else { GAP / 2 };
    let _ = writeln!(
        out,
        "<g class=\"{}\"><path class=\"line\" marker-end=\"url(#arrow)\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"/>\
         <text class=\"small\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text></g>",
        class(l.mark),
        x1 + bend,
        x2.saturating_sub(bend),
        (x1 + x2) / 2,
        ((y1 + y2) / 2).saturating_sub(5),
        text(&l.kind, NAME)
    );
}

/// The nodes in columns from left to right, so that most arrows lead to the right.
fn columns(p: &Picture) -> Vec<Vec<usize>> {
    let n = p.nodes.len();
    // what leads back to where a walk comes from is no step to the right
    let mut open = vec![0u8; n];
    let mut forward: Vec<(usize, usize)> = vec![];
    for start in 0..n {
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 && open.get(node).is_none_or(|o| *o != 0) {
                continue;
            }
            if let Some(o) = open.get_mut(node) {
                *o = 1;
            }
            match p.edges.iter().enumerate().skip(next).find(|(_, e)| e.from == node) {
                Some((i, e)) => {
                    stack.push((node, i + 1));
                    if open.get(e.to) != Some(&1) {
                        forward.push((e.from, e.to));
                        stack.push((e.to, 0));
                    }
                }
                None => {
                    if let Some(o) = open.get_mut(node) {
                        *o = 2;
                    }
                }
            }
        }
    }
    let mut column = vec![0usize; n];
    for _ in 0..n {
        for (f, t) in &forward {
            let least = column.get(*f).map_or(0, |c| c + 1);
            if let Some(c) = column.get_mut(*t) {
                *c = least.max(*c);
            }
        }
    }
    let mut all: Vec<Vec<usize>> = vec![vec![]; column.iter().max().map_or(0, |c| c + 1)];
    for (node, c) in column.iter().enumerate() {
        if let Some(list) = all.get_mut(*c) {
            list.push(node);
        }
    }
    all
}

fn wide(name: &str) -> usize {
    name.chars().count().min(NAME) * LETTER + 24
}

fn shorten(s: &str, most: usize) -> String {
    let one: String = clean(s).split_whitespace().collect::<Vec<_>>().join(" ");
    if one.chars().count() <= most { one } else { one.chars().take(most - 1).chain(['…']).collect() }
}

/// Text for XML: markup escaped, characters that XML does not have replaced.
fn text(s: &str, most: usize) -> String {
    let mut out = String::new();
    for c in shorten(s, most).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Spot;

    fn picture(edges: &[(usize, usize)], nodes: usize) -> Picture {
        let nodes = (0..nodes).map(|n| Spot { name: format!("N({n})"), mark: Mark::Kept }).collect();
        let line = |(from, to): &(usize, usize)| Line { from: *from, to: *to, kind: "e".into(), mark: Mark::Kept };
        Picture { nodes, edges: edges.iter().map(line).collect(), cut: false }
    }

    #[test]
    fn arrows_lead_to_the_right_but_for_circles() {
        assert_eq!(columns(&picture(&[(2, 1), (1, 0)], 3)), [[2], [1], [0]]);
        assert_eq!(columns(&picture(&[(0, 1), (1, 2), (0, 2)], 3)), [[0], [1], [2]]);
        assert_eq!(columns(&picture(&[(0, 1), (1, 0), (2, 2)], 3)), [vec![0, 2], vec![1]]);
        assert_eq!(columns(&picture(&[], 0)), Vec::<Vec<usize>>::new());
    }
    #[test]
    fn names_cannot_leave_their_text() {
        assert_eq!(text("<script>&\u{1}\u{202e}", 100), "&lt;script&gt;&amp;\u{fffd}\u{fffd}");
        assert_eq!(text(&"x".repeat(50), 10), format!("{}…", "x".repeat(9)));
    }
}
