//! The builder: what all builders of one item share, and the choice of the item's kind.
use super::super::ast::{ItemKind, Name};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::grammar::Rule;
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
pub(super) enum Offsets {
    /// The item begins there.
    Minus(usize),
    /// By a table: for an expression in a message, whose escapes have been resolved.
    Table(Vec<u32>),
}

impl Offsets {
    pub(super) fn at(&self, position: usize) -> u32 {
        match self {
            Offsets::Minus(start) => position.saturating_sub(*start) as u32,
            Offsets::Table(table) => table.get(position).or(table.last()).copied().unwrap_or(0),
        }
    }
}

impl<'t> Builder<'t> {
    /// A builder of `item`, which begins at byte `start` of the text that was parsed; `text` begins with the item.
    pub fn new(text: &'t str, item: ItemId, start: usize) -> Self {
        Builder { text, item, diagnostics: vec![], methods: vec![], offsets: Offsets::Minus(start) }
    }
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span { start: self.offsets.at(span.start()), end: self.offsets.at(span.end()) }
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
