//! The builder: what all builders of one item share, and the choice of the item's kind.
use super::super::ast::{ItemKind, Name};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::grammar::Rule;
use super::super::token::{Token, tokens};
use crate::base::{Diagnostic, ItemId, Place, Span};
use pest::iterators::Pair;

/// Builds the tree of one item, and collects what is wrong with it.
pub(in crate::syntax) struct Builder<'t> {
    /// The text that spans of this item index (from its first byte on).
    pub text: &'t str,
    /// The item.
    pub item: ItemId,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Calls that look like methods of built-ins; whether they are is known when all imports are.
    pub methods: Vec<MethodCall>,
    pub(super) offsets: Offsets,
}

/// `x.length()`: a mistake, unless the left side is an imported module.
#[derive(Clone, Debug)]
pub(in crate::syntax) struct MethodCall {
    /// The leftmost name, if it is one.
    pub root: Option<Name>,
    /// What to report if it is no module.
    pub diagnostic: Diagnostic,
}

/// How positions in the parsed text become positions in the item.
pub(super) struct Offsets {
    map: Map,
    /// Where significant tokens end in the parsed text, in order.
    ends: Vec<u32>,
}

enum Map {
    /// The item begins there.
    Minus(usize),
    /// By a table: for an expression in a message, whose escapes have been resolved.
    Table(Vec<u32>),
}

impl Offsets {
    fn new(map: Map, start: usize, tokens: &[Token]) -> Self {
        let ends = tokens.iter().filter(|t| !t.kind.is_trivia()).map(|t| start as u32 + t.span.end).collect();
        Offsets { map, ends }
    }
    /// Of a text whose bytes stand where the table says.
    pub(super) fn table(table: Vec<u32>, tokens: &[Token]) -> Self {
        Offsets::new(Map::Table(table), 0, tokens)
    }
    /// Whether this is the item's own text.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.map, Map::Minus(_))
    }
    pub(super) fn at(&self, position: usize) -> u32 {
        match &self.map {
            Map::Minus(start) => position.saturating_sub(*start) as u32,
            Map::Table(table) => table.get(position).or(table.last()).copied().unwrap_or(0),
        }
    }
    /// Where the last significant token before a position ends.
    pub(super) fn word_before(&self, position: usize) -> usize {
        let n = self.ends.partition_point(|e| *e as usize <= position);
        n.checked_sub(1).and_then(|i| self.ends.get(i)).map_or(0, |e| *e as usize)
    }
    /// The end of the last significant token up to a position, but not before `least`.
    fn trimmed(&self, position: usize, least: usize) -> usize {
        let n = self.ends.partition_point(|e| *e as usize <= position);
        let end = n.checked_sub(1).and_then(|i| self.ends.get(i)).map_or(position, |e| *e as usize);
        if end > least { end } else { position }
    }
}

impl<'t> Builder<'t> {
    /// A builder of `item`, which begins at byte `start` of the text that was parsed; `text` begins with the item.
    pub fn new(text: &'t str, item: ItemId, start: usize) -> Self {
        let offsets = Offsets::new(Map::Minus(start), start, &tokens(text));
        Builder { text, item, diagnostics: vec![], methods: vec![], offsets }
    }
    /// Where a pair stands. A pair of pest may end with white space and comments; its last token does not.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let end = self.offsets.trimmed(span.end(), span.start());
        Span { start: self.offsets.at(span.start()), end: self.offsets.at(end) }
    }
    pub(super) fn place(&self, span: Span) -> Place {
        Place::new(self.item, span)
    }
    pub(super) fn source(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The item that a pair of one of the item rules stands for.
    pub fn item(&mut self, pair: Pair<'_, Rule>) -> Built<ItemKind> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let cursor = Cursor::of(pair);
        Ok(match rule {
            Rule::import => ItemKind::Import(self.import(cursor)?),
            Rule::param => ItemKind::Param(self.param(cursor)?),
            Rule::node => ItemKind::Node(self.node(cursor)?),
            Rule::edge => ItemKind::Edge(self.edge(cursor)?),
            Rule::event => ItemKind::Event(self.event(cursor)?),
            Rule::reader => ItemKind::Reader(self.reader(cursor)?),
            Rule::rule_item => ItemKind::Rule(self.rule(cursor)?),
            Rule::mechanism => ItemKind::Mechanism(self.mechanism(cursor)?),
            Rule::invariant => ItemKind::Invariant(self.invariant(cursor)?),
            Rule::intervention => ItemKind::Intervention(self.intervention(cursor)?),
            Rule::policy => ItemKind::Policy(self.policy(cursor)?),
            Rule::default_permit => ItemKind::Default(super::super::ast::DefaultPermit { span }),
            Rule::prefer => ItemKind::Prefer(self.prefer(cursor)?),
            Rule::test => ItemKind::Test(self.test(cursor)?),
            _ => return Err(Broken("an item")),
        })
    }
}
