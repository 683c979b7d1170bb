//! A typed cursor over the pairs of the grammar: asks for what must come, takes what may come, skips punctuation and keywords.
use super::grammar::Rule;
use pest::iterators::{Pair, Pairs};

/// The grammar and a builder disagree: a mistake of ours, never of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub &'static str);

/// What a builder gives.
pub(super) type Built<T> = Result<T, Broken>;

/// The children of a pair, in order.
pub(super) struct Cursor<'i> {
    pairs: Pairs<'i, Rule>,
}

impl<'i> Cursor<'i> {
    /// The children of `pair`.
    pub fn of(pair: Pair<'i, Rule>) -> Self {
        Cursor { pairs: pair.into_inner() }
    }
    fn skip(&mut self) {
        while self.pairs.peek().is_some_and(|p| p.as_rule() >= Rule::brace_open) {
            self.pairs.next();
        }
    }
    /// The rule of the next child.
    pub fn peek(&mut self) -> Option<Rule> {
        self.skip();
        self.pairs.peek().map(|p| p.as_rule())
    }
    /// The next child, whatever it is.
    pub fn any(&mut self) -> Option<Pair<'i, Rule>> {
        self.skip();
        self.pairs.next()
    }
    /// The next child, which must be there.
    pub fn some(&mut self, what: &'static str) -> Built<Pair<'i, Rule>> {
        self.any().ok_or(Broken(what))
    }
    /// The next child if it is of that rule.
    pub fn maybe(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        if self.peek() == Some(rule) { self.pairs.next() } else { None }
    }
    /// The next child, which must be of that rule.
    pub fn need(&mut self, rule: Rule, what: &'static str) -> Built<Pair<'i, Rule>> {
        self.maybe(rule).ok_or(Broken(what))
    }
    /// The next children, as long as they are of that rule.
    pub fn all(&mut self, rule: Rule) -> Vec<Pair<'i, Rule>> {
        let mut out = vec![];
        while let Some(pair) = self.maybe(rule) {
            out.push(pair);
        }
        out
    }
}

impl<'i> Iterator for Cursor<'i> {
    type Item = Pair<'i, Rule>;
    fn next(&mut self) -> Option<Self::Item> {
        self.any()
    }
}
