//! What an item is made of, for the formatter: pieces of text, what stands between them, and which part of the grammar they
//! belong to. Made by `source` from lossless tokens and pairs, marked by `shape`, printed by `layout`.
use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use pest::iterators::Pair;
use unicode_width::UnicodeWidthStr;

/// Text that is never broken: a significant token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub text: &'t str,
    pub width: usize,
    start: usize,
}

/// A comment, as it will be written.
#[derive(Clone, Debug)]
pub(super) struct Comment<'t> {
    pub text: &'t str,
    pub kind: TokenKind,
    /// Whether it stands on a line of its own, rather than behind something.
    pub own_line: bool,
    /// Whether a blank line stands before it.
    pub blank: bool,
}

/// What stands between a piece and the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap<'t> {
    /// Whether the author went to a new line.
    pub newline: bool,
    /// Whether a blank line stands directly before the next piece.
    pub blank: bool,
    pub comments: Vec<Comment<'t>>,
    /// Whether a space stands here if no line ends here.
    pub space: bool,
    /// The group that may end a line here.
    pub owner: Option<(usize, Role)>,
}

/// What a gap is to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Behind the opening bracket.
    Open,
    /// Before the closing bracket.
    Close,
    /// Between two parts.
    Between,
}

/// How a group is broken into lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The body of an item: a clause a line.
    Block,
    /// Brackets around what commas divide: as the author grouped it, else an element a line.
    List,
    /// Like a list; many short elements fill their lines.
    Words,
    /// Brackets around one expression, or an expression and its scope.
    Around,
    /// Parts that are broken together: as the author grouped them, else a part a line.
    Chain,
    /// Parts that are broken one by one, where the next one does not fit.
    Fill,
}

/// Pieces that are laid out together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub kind: Kind,
    pub first: usize,
    pub last: usize,
    /// The gaps it owns, in order.
    pub gaps: Vec<usize>,
    /// The clauses of a value rule that has several: first piece, the gap before `if`, last piece.
    pub aligned: Vec<(usize, usize, usize)>,
}

/// A node of the grammar over pieces `first..=last`; what no rule stands for has none.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub rule: Option<Rule>,
    pub first: usize,
    pub last: usize,
    pub parts: Vec<Part>,
}

impl Part {
    pub fn is(&self, rule: Rule) -> bool {
        self.rule == Some(rule)
    }
    pub fn part(&self, rule: Rule) -> Option<&Part> {
        self.parts.iter().find(|p| p.is(rule))
    }
}

/// One item, taken apart.
#[derive(Debug)]
pub(super) struct Pieces<'t> {
    pub pieces: Vec<Piece<'t>>,
    /// `gaps[i]` stands behind `pieces[i]`; the last one is empty.
    pub gaps: Vec<Gap<'t>>,
    pub groups: Vec<Group>,
}

impl<'t> Pieces<'t> {
    /// Takes an item apart. `tokens` are its tokens, relative to `text`; `pair` is what the grammar makes of it.
    pub fn new(text: &'t str, tokens: &[Token], pair: &Pair<'_, Rule>) -> (Pieces<'t>, Part) {
        let mut cuts = vec![];
        let mut dropped = vec![];
        cut(pair, &mut cuts, &mut dropped);
        cuts.sort_unstable();
        let mut all = Pieces { pieces: vec![], gaps: vec![], groups: vec![] };
        let mut trivia: Vec<Token> = vec![];
        for token in tokens {
            let (start, end) = (token.span.start as usize, token.span.end as usize);
            if token.kind.is_trivia() {
                trivia.push(*token);
                continue;
            }
            // a comma that nothing follows says nothing
            if dropped.contains(&start) {
                continue;
            }
            if let Some(last) = all.gaps.last_mut() {
                *last = gap(text, &trivia, false);
            }
            trivia.clear();
            // a token may be two to the grammar: `{ a:-1 }`
            let mut from = start;
            let low = cuts.partition_point(|c| *c <= start);
            let inner = cuts.get(low..).unwrap_or(&[]).iter().copied().take_while(|c| *c < end);
            for to in inner.chain([end]) {
                if let Some(piece) = text.get(from..to).filter(|p| !p.is_empty()) {
                    all.pieces.push(Piece { text: piece, width: piece.width(), start: from });
                    all.gaps.push(Gap::default());
                }
                from = to;
            }
        }
        let root = all.part(pair).unwrap_or(Part { rule: None, first: 0, last: 0, parts: vec![] });
        (all, root)
    }
    fn part(&self, pair: &Pair<'_, Rule>) -> Option<Part> {
        let span = pair.as_span();
        let first = self.pieces.partition_point(|p| p.start < span.start());
        let last = self.pieces.partition_point(|p| p.start < span.end()).checked_sub(1).filter(|l| *l >= first)?;
        let mut parts = vec![];
        let mut next = first;
        let loose = |i: usize| Part { rule: None, first: i, last: i, parts: vec![] };
        for child in pair.clone().into_inner().filter_map(|p| self.part(&p)) {
            parts.extend((next..child.first).map(loose));
            next = child.last + 1;
            parts.push(child);
        }
        if !parts.is_empty() {
            parts.extend((next..=last).map(loose));
        }
        Some(Part { rule: Some(pair.as_rule()), first, last, parts })
    }
    pub fn text(&self, i: usize) -> &'t str {
        self.pieces.get(i).map_or("", |p| p.text)
    }
    pub fn gap(&self, i: usize) -> Option<&Gap<'t>> {
        self.gaps.get(i)
    }
    /// The spaces of a gap in which no line ends: two between the clauses of a body.
    pub fn space(&self, i: usize) -> usize {
        let Some(gap) = self.gaps.get(i) else { return 0 };
        let block = |n: usize| self.groups.get(n).is_some_and(|g| g.kind == Kind::Block);
        let clauses = gap.owner.is_some_and(|(n, role)| role == Role::Between && block(n));
        usize::from(gap.space) + usize::from(clauses)
    }
}

/// Where pieces begin and end, and the commas before a closing bracket.
fn cut(pair: &Pair<'_, Rule>, cuts: &mut Vec<usize>, dropped: &mut Vec<usize>) {
    let span = pair.as_span();
    cuts.extend([span.start(), span.end()]);
    let mut comma = None;
    for child in pair.clone().into_inner() {
        if matches!(child.as_rule(), Rule::brace_close | Rule::bracket_close | Rule::paren_close) {
            dropped.extend(comma);
        }
        comma = (child.as_rule() == Rule::comma).then(|| child.as_span().start());
        cut(&child, cuts, dropped);
    }
}

/// What trivia say; `fresh` where nothing stands before them on their line.
pub(super) fn gap<'t>(text: &'t str, trivia: &[Token], fresh: bool) -> Gap<'t> {
    let mut gap = Gap::default();
    // line ends since the last thing that is no space
    let mut lines = usize::from(fresh);
    for token in trivia {
        let slice = token.text(text);
        if token.kind == TokenKind::Space {
            lines += slice.matches('\n').count();
            continue;
        }
        gap.comments.push(Comment { text: slice.trim_end(), kind: token.kind, own_line: lines > 0, blank: lines > 1 });
        lines = 0;
    }
    gap.blank = lines > 1;
    gap.newline = lines > 0 || !gap.comments.is_empty();
    gap
}
