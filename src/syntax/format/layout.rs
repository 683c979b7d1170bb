//! Decides which lines of an item end where, and writes them. Called by `source` with what `shape` has marked.
use super::super::token::TokenKind;
use super::piece::{Group, Kind, Pieces, Role};
use unicode_width::UnicodeWidthStr;

/// The columns of a line.
const COLUMNS: usize = 100;
/// The columns of a step to the right, and of the line that goes on with another.
const STEP: usize = 2;
const HANG: usize = 4;
/// Comments behind lines that differ by more than this do not stand below each other.
const UNEVEN: usize = 40;

/// One line, without what indents it or stands behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub indent: usize,
    pub text: String,
    /// The comment behind it.
    pub trailing: Option<String>,
}

impl Line {
    pub fn is_blank(&self) -> bool {
        self.text.is_empty() && self.trailing.is_none()
    }
    fn width(&self) -> usize {
        self.indent + self.text.width()
    }
}

/// The lines of a file as its text; comments behind neighbouring lines stand below each other.
pub(super) fn joined(lines: &[Line]) -> String {
    let mut out = String::new();
    let beside = |a: &Line, b: &Line| a.trailing.is_some() == b.trailing.is_some() && a.indent == b.indent;
    for run in lines.chunk_by(beside) {
        let widths = || run.iter().map(Line::width);
        let (least, most) = (widths().min().unwrap_or(0), widths().max().unwrap_or(0));
        let column = if most - least > UNEVEN { 0 } else { most };
        for line in run {
            if !line.is_blank() {
                out.push_str(&" ".repeat(line.indent));
                out.push_str(&line.text);
            }
            if let Some(comment) = &line.trailing {
                out.push_str(&" ".repeat(column.saturating_sub(line.width()) + STEP));
                out.push_str(comment);
            }
            out.push('\n');
        }
    }
    out
}

/// The lines of one item.
pub(super) fn lines(item: &Pieces<'_>) -> Vec<Line> {
    let mut writer = Writer::new(item);
    writer.write();
    writer.lines
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// On one line.
    Flat,
    /// Lines end where the author ended them.
    Author,
    /// A line ends in every gap.
    All,
    /// A line ends where the author ended it, and where what follows does not fit.
    Fill,
}

/// A group that is being written.
#[derive(Clone, Copy, Debug)]
struct Open {
    group: usize,
    mode: Mode,
    /// The indentation of its closing bracket, and of what stands in it.
    base: usize,
    inner: usize,
}

struct Writer<'i, 't> {
    item: &'i Pieces<'t>,
    lines: Vec<Line>,
    line: Line,
    column: usize,
    /// Whether the line goes on with another.
    continuation: bool,
    /// Whether nothing stands on the line yet.
    fresh: bool,
    /// The indentation of the clause that is being written.
    clause: usize,
    open: Vec<Open>,
    /// Widths of pieces and spaces before each piece, were all on one line.
    widths: Vec<usize>,
    /// How many lines must end before each piece.
    ends: Vec<usize>,
    /// Spaces more than one, to stand below each other.
    pads: Vec<Option<usize>>,
}

impl<'i, 't> Writer<'i, 't> {
    fn new(item: &'i Pieces<'t>) -> Self {
        let (mut width, mut end) = (0, 0);
        let (mut widths, mut ends) = (vec![], vec![]);
        for (i, piece) in item.pieces.iter().enumerate() {
            widths.push(width);
            ends.push(end);
            width += piece.width + item.space(i);
            end += usize::from(forced(item, i));
        }
        widths.push(width);
        ends.push(end);
        let pads = vec![None; item.pieces.len()];
        Writer {
            item,
            lines: vec![],
            line: Line::default(),
            column: 0,
            continuation: false,
            fresh: true,
            clause: 0,
            open: vec![],
            widths,
            ends,
            pads,
        }
    }
    fn write(&mut self) {
        let mut next = 0;
        for (i, piece) in self.item.pieces.iter().enumerate() {
            while let Some(group) = self.item.groups.get(next).filter(|g| g.first == i) {
                self.begin(next, group);
                next += 1;
            }
            self.line.text.push_str(piece.text);
            self.column += piece.width;
            self.fresh = false;
            while let Some(open) = self.open.last().copied() {
                let Some(group) = self.item.groups.get(open.group).filter(|g| g.last <= i) else { break };
                if group.kind == Kind::Block {
                    self.clause = open.base;
                }
                self.open.pop();
            }
            if i + 1 < self.item.pieces.len() {
                self.gap(i);
            }
        }
        self.end_line();
    }

    // ---- decisions

    fn begin(&mut self, number: usize, group: &Group) {
        let indent = self.line.indent;
        let (base, inner) = match group.kind {
            Kind::Block => (self.clause, self.clause + STEP),
            Kind::List | Kind::Words | Kind::Around => (indent, indent + STEP),
            Kind::Chain | Kind::Fill => {
                let hang = match (self.continuation, self.fresh) {
                    (true, true) if group.kind == Kind::Chain => 0,
                    (true, _) => STEP,
                    (false, _) => HANG,
                };
                (indent, indent + hang)
            }
        };
        let mode = self.mode(group, inner);
        if group.kind == Kind::Block {
            self.clause = if mode == Mode::Flat { base } else { inner };
        }
        if mode != Mode::Flat {
            self.align(group, inner, mode);
        }
        self.open.push(Open { group: number, mode, base, inner });
    }
    fn mode(&self, group: &Group, inner: usize) -> Mode {
        if self.flat(group.first, group.last)
            && self.column + self.width(group.first, group.last) + self.tail(group.last) <= COLUMNS
        {
            return Mode::Flat;
        }
        match group.kind {
            Kind::Fill => Mode::Fill,
            Kind::Block => Mode::All,
            Kind::Around => Mode::All,
            Kind::Words => Mode::Fill,
            Kind::List | Kind::Chain => {
                let asked = group.gaps.iter().any(|i| forced(self.item, *i));
                if asked && self.grouped(group, inner) { Mode::Author } else { Mode::All }
            }
        }
    }
    /// Whether the lines fit as the author grouped them.
    fn grouped(&self, group: &Group, inner: usize) -> bool {
        let mut from = group.first;
        let mut column = self.column;
        let ends = group.gaps.iter().copied().filter(|i| forced(self.item, *i) || self.bracket(*i)).chain([group.last]);
        for to in ends {
            let tail = if to == group.last { self.tail(to) } else { 0 };
            if !self.flat(from, to) || column + self.width(from, to) + tail > COLUMNS {
                return false;
            }
            from = to + 1;
            column = inner;
        }
        true
    }
    /// Whether a gap stands directly within its brackets.
    fn bracket(&self, i: usize) -> bool {
        self.item.gap(i).and_then(|g| g.owner).is_some_and(|(_, role)| role != Role::Between)
    }
    /// Makes room before `if`, so that the conditions of clauses stand below each other, if all of them fit.
    fn align(&mut self, group: &Group, inner: usize, mode: Mode) {
        let alone = mode == Mode::All || group.gaps.iter().all(|i| forced(self.item, *i) || self.bracket(*i));
        let widest = group.aligned.iter().map(|(first, gap, _)| self.width(*first, *gap)).max().unwrap_or(0);
        let fits = |(_, gap, last): &(usize, usize, usize)| inner + widest + 2 + self.width(gap + 1, *last) <= COLUMNS;
        let one_line = |(first, _, last): &(usize, usize, usize)| self.flat(*first, *last);
        if alone && group.aligned.iter().all(|c| fits(c) && one_line(c)) {
            for (first, gap, _) in &group.aligned {
                let pad = widest - self.width(*first, *gap);
                if let Some(p) = self.pads.get_mut(*gap) {
                    *p = Some(pad);
                }
            }
        }
    }
    /// Whether the pieces may stand on one line.
    fn flat(&self, first: usize, last: usize) -> bool {
        self.ends.get(first) == self.ends.get(last)
    }
    fn width(&self, first: usize, last: usize) -> usize {
        let start = self.widths.get(first).copied().unwrap_or(0);
        let end = self.widths.get(last).copied().unwrap_or(0) + self.item.pieces.get(last).map_or(0, |p| p.width);
        end.saturating_sub(start)
    }
    /// The width of what follows a piece up to where the line may end.
    fn tail(&self, last: usize) -> usize {
        let mut width = 0;
        for i in last..self.item.pieces.len() {
            if width > COLUMNS || self.may_end(i) {
                break;
            }
            width += self.item.space(i);
            width += self.item.pieces.get(i + 1).map_or(0, |p| p.width);
        }
        width
    }
    fn may_end(&self, i: usize) -> bool {
        let Some(gap) = self.item.gap(i) else { return true };
        let Some((group, role)) = gap.owner else { return !gap.comments.is_empty() };
        forced(self.item, i)
            || match self.open.iter().rev().find(|o| o.group == group).map(|o| o.mode) {
                Some(Mode::Flat) => false,
                Some(Mode::Author) => role != Role::Between,
                Some(Mode::All | Mode::Fill) => true,
                // a group that comes later can still be broken
                None => true,
            }
    }
    /// Whether a line ends here.
    fn ends_here(&self, i: usize, open: &Open, role: Role) -> bool {
        match open.mode {
            Mode::Flat => false,
            Mode::All => true,
            Mode::Author => role != Role::Between || forced(self.item, i),
            Mode::Fill if role != Role::Between || forced(self.item, i) => true,
            Mode::Fill => {
                let next = self.item.groups.get(open.group).and_then(|g| g.gaps.iter().copied().find(|n| *n > i));
                let last = next.or(self.item.groups.get(open.group).map(|g| g.last)).unwrap_or(i + 1);
                // up to where a line must end in any case
                let stop = (i + 1..last).find(|n| forced(self.item, *n)).unwrap_or(last);
                let tail = if stop == last && next.is_none() { self.tail(last) } else { 0 };
                let space = self.item.space(i);
                self.column > open.inner && self.column + space + self.width(i + 1, stop) + tail > COLUMNS
            }
        }
    }

    // ---- writing

    fn gap(&mut self, i: usize) {
        let item = self.item;
        let Some(gap) = item.gap(i) else { return };
        let owner = gap.owner.and_then(|(n, role)| Some((*self.open.iter().rev().find(|o| o.group == n)?, role)));
        let pad = self.pads.get(i).copied().flatten();
        let ends = match &owner {
            Some((open, role)) => !gap.comments.is_empty() || pad.is_none() && self.ends_here(i, open, *role),
            None => !gap.comments.is_empty(),
        };
        if !ends {
            let space = item.space(i) + pad.unwrap_or(0);
            self.line.text.push_str(&" ".repeat(space));
            self.column += space;
            return;
        }
        let kind = owner.and_then(|(o, _)| item.groups.get(o.group)).map(|g| g.kind);
        let (indent, within, continuation) = match (owner, kind) {
            (Some((open, Role::Close)), kind) => (open.base, open.inner, kind == Some(Kind::Around)),
            (Some((open, _)), Some(Kind::Block | Kind::List | Kind::Words)) => (open.inner, open.inner, false),
            (Some((open, _)), _) => (open.inner, open.inner, true),
            (None, _) => {
                let indent = if self.continuation { self.line.indent } else { self.line.indent + HANG };
                (indent, indent, true)
            }
        };
        // a closing bracket goes on with the line that opened it
        let continuation = continuation && !matches!(owner, Some((_, Role::Close)));
        let blanks = matches!(kind, Some(Kind::Block | Kind::List | Kind::Words));
        let role = owner.map(|(_, role)| role);
        // no blank line stands directly within brackets
        let mut started = role != Some(Role::Open);
        for (n, c) in gap.comments.iter().enumerate() {
            if n == 0 && !c.own_line && c.kind == TokenKind::Comment {
                self.line.trailing = Some(c.text.into());
                self.end_line();
                continue;
            }
            if !self.fresh {
                self.end_line();
            }
            if c.blank && blanks && started {
                self.lines.push(Line::default());
            }
            started = true;
            self.lines.push(Line { indent: within, text: c.text.into(), trailing: None });
        }
        if !self.fresh {
            self.end_line();
        }
        if gap.blank && blanks && started && role != Some(Role::Close) {
            self.lines.push(Line::default());
        }
        self.line.indent = indent;
        self.column = indent;
        self.continuation = continuation;
    }
    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        line.text.truncate(line.text.trim_end().len());
        self.lines.push(line);
        self.fresh = true;
    }
}

/// Whether a line ends in a gap because the author ended it there, where a line may end, or because of a comment.
fn forced(item: &Pieces<'_>, i: usize) -> bool {
    item.gap(i).is_some_and(|g| !g.comments.is_empty() || g.newline && g.owner.is_some())
}
