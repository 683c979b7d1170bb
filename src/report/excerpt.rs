//! The part of a source that a diagnostic shows: only the lines its labels touch, and of very long lines only what is near a label.
//! Fed with places, read by draw. So one line of a megabyte does not flood the terminal, and drawing costs what is shown.
use super::style::steers;
use crate::base::{FileId, Label, Place, Sources};
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines longer than this (in characters) are cut.
const WIDE: usize = 150;
/// What stays on either side of an end of a label.
const MARGIN: usize = 44;
/// A label over more lines than this is shown by its first line.
const TALL: usize = 12;
/// Labels further apart than this (in lines) are shown in excerpts of their own.
const APART: usize = 40;

/// Some lines of a file, under their own numbers, and the labels on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// The file's name.
    pub name: String,
    /// Line and column (from 1) of the label that comes first in the diagnostic.
    pub line: usize,
    /// See `line`.
    pub column: usize,
    /// Empty lines up to the first shown one, so that line numbers are right; then the shown lines.
    pub text: String,
    /// Ranges in characters of `text`, sorted by where they end.
    pub labels: Vec<Shown>,
}

/// One label of an excerpt.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// In characters of the excerpt's text.
    pub range: Range<usize>,
    /// What is there.
    pub text: String,
    /// Whether it is the place that the diagnostic is about.
    pub primary: bool,
}

/// A label with its place worked out: lines from 0, columns in characters from 0.
struct Spot<'a> {
    index: usize,
    label: &'a Label,
    start: (usize, usize),
    end: (usize, usize),
    /// The bytes of the file where it starts and ends.
    bytes: (usize, usize),
}

/// The excerpts for some labels: the one with the first label (the primary one, if there is one) first.
pub fn excerpts(sources: &Sources, labels: &[Label]) -> Vec<Excerpt> {
    let mut by_file: BTreeMap<FileId, Vec<Spot>> = BTreeMap::new();
    for (index, label) in labels.iter().enumerate() {
        if let Some((file, spot)) = spot(sources, index, label) {
            by_file.entry(file).or_default().push(spot);
        }
    }
    let mut found = vec![];
    for (file, mut spots) in by_file {
        let Some(file) = sources.file(file) else { continue };
        spots.sort_by_key(|s| (s.start, s.end, s.index));
        let mut group: Vec<Spot> = vec![];
        for s in spots {
            if group.iter().map(|g| g.end.0).max().is_some_and(|last| s.start.0 > last + APART) {
                found.extend(excerpt(file, std::mem::take(&mut group)));
            }
            group.push(s);
        }
        found.extend(excerpt(file, group));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, e)| e).collect()
}

fn spot<'a>(sources: &Sources, index: usize, label: &'a Label) -> Option<(FileId, Spot<'a>)> {
    let (id, span) = sources.resolve(label.place)?;
    let file = sources.file(id)?;
    let raw = file.text.get(span.start as usize..span.end as usize)?;
    // an end of line or white space at the end of a label would draw on the line below
    let kept = raw.trim_end().len();
    let bytes = (span.start as usize, span.start as usize + kept);
    let (line, column) = file.position(bytes.0);
    let (last, last_column) = file.position(bytes.1);
    let start = (line - 1, column - 1);
    let (end, bytes) = match last - line >= TALL {
        true => ((line - 1, usize::MAX), (bytes.0, bytes.0)),
        false => ((last - 1, last_column - 1), bytes),
    };
    Some((id, Spot { index, label, start, end, bytes }))
}

fn excerpt(file: &crate::base::source::File, spots: Vec<Spot>) -> Option<((bool, usize), Excerpt)> {
    let lead = spots.iter().min_by_key(|s| (!s.label.primary, s.index))?;
    let rank = (!lead.label.primary, lead.index);
    let (line, column) = (lead.start.0 + 1, lead.start.1 + 1);
    // the columns that must stay visible, with their bytes, for each line with a label's end
    let mut wanted: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for s in &spots {
        for ((line, column), byte) in [(s.start, s.bytes.0), (s.end, s.bytes.1)] {
            wanted.entry(line).or_default().insert(column, byte);
        }
    }
    let last = spots.iter().map(|s| s.end.0).max()?;
    let mut text = String::new();
    let mut length = 0;
    let mut lines: BTreeMap<usize, Cut> = BTreeMap::new();
    for n in 0..=last {
        if let Some(columns) = wanted.get(&n) {
            let cut = Cut::new(&file.text, columns, length);
            text.push_str(&cut.text);
            length += cut.length;
            lines.insert(n, cut);
        }
        text.push('\n');
        length += 1;
    }
    let at = |(line, column): (usize, usize)| lines.get(&line).map_or(0, |c| c.shift(column));
    let mut labels: Vec<(usize, Shown)> = spots
        .iter()
        .map(|s| {
            let (start, end) = (at(s.start), at(s.end));
            (s.end.0, Shown { range: start..end.max(start), text: s.label.text.clone(), primary: s.label.primary })
        })
        .collect();
    labels.sort_by_key(|(line, s)| (*line, s.range.start, s.range.end));
    let labels = labels.into_iter().map(|(_, s)| s).collect();
    Some((rank, Excerpt { name: file.name.to_string(), line, column, text, labels }))
}

/// The line around a byte, without its end.
fn line_around(text: &str, byte: usize) -> Range<usize> {
    let (before, after) = text.split_at_checked(byte).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    start..before.len() + after.find('\n').unwrap_or(after.len())
}

/// A character as it is drawn: none that would break or steer the drawing.
fn harmless(c: char) -> char {
    match c {
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        c if steers(c) => '\u{fffd}',
        c => c,
    }
}

/// A line, perhaps cut, and where its characters went.
struct Cut {
    text: String,
    /// In characters.
    length: usize,
    /// Where the line begins in the excerpt, in characters.
    base: usize,
    /// Kept ranges of the line, with where each begins in `text` (characters).
    kept: Vec<(Range<usize>, usize)>,
}

impl Cut {
    /// The line with these columns (each with its byte) in it. A long line is not copied: all of a candidate may stand on one.
    fn new(text: &str, columns: &BTreeMap<usize, usize>, base: usize) -> Cut {
        let line = line_around(text, columns.values().next().copied().unwrap_or(0));
        let part = |r: Range<usize>| text.get(r).unwrap_or_default();
        let whole = part(line.clone());
        // columns, and the bytes of the line that they are
        let mut ranges: Vec<(Range<usize>, Range<usize>)> = vec![];
        if whole.chars().nth(WIDE).is_none() {
            ranges.push((0..whole.chars().count(), line.clone()));
        } else {
            for (column, byte) in columns {
                let (middle, byte) = match *column {
                    usize::MAX => (whole.chars().count(), line.end),
                    column => (column, *byte),
                };
                let before = part(line.start..byte).char_indices().rev().take(MARGIN);
                let (left, first) = before.fold((0, byte), |(n, _), (i, _)| (n + 1, line.start + i));
                let after = part(byte..line.end).chars().take(MARGIN);
                let (right, last) = after.fold((0, byte), |(n, at), c| (n + 1, at + c.len_utf8()));
                let (from, to) = (middle.saturating_sub(left), middle + right);
                match ranges.last_mut() {
                    Some(r) if r.0.end >= from => (r.0.end, r.1.end) = (to, last),
                    _ => ranges.push((from..to, first..last)),
                }
            }
        }
        let mut out = String::new();
        let mut length = 0;
        let mut kept = vec![];
        let mut done = line.start;
        for (columns, bytes) in ranges {
            if bytes.start > done {
                out.push('…');
                length += 1;
            }
            kept.push((columns.clone(), length));
            out.extend(part(bytes.clone()).chars().map(harmless));
            length += columns.len();
            done = bytes.end;
        }
        if done < line.end {
            out.push('…');
            length += 1;
        }
        Cut { text: out, length, base, kept }
    }
    /// Where a column of the line stands in the excerpt.
    fn shift(&self, column: usize) -> usize {
        let mut at = 0;
        for (range, start) in &self.kept {
            if column < range.start {
                break;
            }
            at = start + column.min(range.end) - range.start;
        }
        self.base + at
    }
}

/// Line and column of a place, with its file's name, as `file:line:column`.
pub fn place_text(sources: &Sources, place: Place) -> Option<String> {
    sources.position(place).map(|(file, line, column)| format!("{file}:{line}:{column}"))
}
