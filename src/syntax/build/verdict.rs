//! Builds verdict atoms.
use super::super::ast::{DecisionWord, Expr, ExprKind, Qualified, TraceWord, Verdict, VerdictKind};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::grammar::Rule;
use super::builder::Builder;
use pest::iterators::Pair;

impl Builder<'_> {
    /// Of a `verdict` or a `verdict_list`.
    pub(super) fn verdict(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let span = self.span(&pair);
        let mut cursor = if pair.as_rule() == Rule::verdict {
            let form = Cursor::of(pair).some("a verdict")?;
            if form.as_rule() == Rule::verdict_on {
                return self.decides(form);
            }
            Cursor::of(form)
        } else {
            Cursor::of(pair)
        };
        let word = cursor.some("a verdict")?;
        let word_span = self.span(&word);
        let mut names: Vec<Qualified> = vec![];
        for pair in cursor.all(Rule::qualified) {
            names.push(self.qualified(pair)?);
        }
        let condition = self.maybe_condition(&mut cursor)?.map(Box::new);
        let kind = match word.as_str() {
            "holds" => VerdictKind::Holds(names),
            "breaks" => VerdictKind::Breaks { invariants: names, condition },
            "unchanged" => VerdictKind::Unchanged(names),
            "changed" => VerdictKind::Changed(names),
            "satisfied" => VerdictKind::Trace { verdict: TraceWord::Satisfied, policies: names },
            "violated" => VerdictKind::Trace { verdict: TraceWord::Violated, policies: names },
            "holding" => VerdictKind::Trace { verdict: TraceWord::Holding, policies: names },
            "pending" => VerdictKind::Trace { verdict: TraceWord::Pending, policies: names },
            _ => return Err(Broken("a verdict")),
        };
        Ok(Expr { kind: ExprKind::Verdict(Verdict { kind, word: word_span }), span })
    }
    fn decides(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let word = cursor.need(Rule::decision, "a decision")?;
        let word_span = self.span(&word);
        let decision = match word.as_str() {
            "forbids" => DecisionWord::Forbids,
            "permits" => DecisionWord::Permits,
            _ => DecisionWord::Escalates,
        };
        let event = cursor.need(Rule::event_reference, "an event")?;
        let event = Box::new(self.reference(event)?);
        let policy = cursor.maybe(Rule::qualified).map(|p| self.qualified(p)).transpose()?;
        Ok(Expr {
            kind: ExprKind::Verdict(Verdict { kind: VerdictKind::Decides { decision, event, policy }, word: word_span }),
            span,
        })
    }
}
