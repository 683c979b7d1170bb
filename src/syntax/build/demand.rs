//! Builds invariants and interventions, and the clauses that demands share.
use super::super::ast::{
    Demand, DemandKind, Expect, For, ForWorlds, Intervention, InterventionClause, Invariant, InvariantClause, Let, Message,
    Repair, SeverityMark,
};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Severity, Span};
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn maybe_severity(&mut self, cursor: &mut Cursor<'_>) -> Built<Option<SeverityMark>> {
        let Some(pair) = cursor.maybe(Rule::severity) else { return Ok(None) };
        let name = self.take_name(&mut Cursor::of(pair))?;
        let severity = match &*name.text {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            other => {
                let place = self.place(name.span);
                let near = nearest(other, ["error", "warning", "info"]).or(other.starts_with("warn").then_some("warning"));
                let mut found = Diagnostic::error(error::BAD_SEVERITY, format!("`{other}` is no severity"))
                    .at(place, "")
                    .help("the severities are `error` (the default), `warning` and `info`");
                if let Some(near) = near {
                    found = found.suggest(format!("did you mean `{near}`?"), place, near);
                }
                self.report(found);
                Severity::Error
            }
        };
        Ok(Some(SeverityMark { severity, span: name.span }))
    }
    pub(super) fn let_clause(&mut self, pair: Pair<'_, Rule>) -> Built<Let> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let name = self.take_name(&mut cursor)?;
        let value = self.take_expr(&mut cursor)?;
        Ok(Let { name, value, span })
    }
    /// Gives a message to the clause before it.
    pub(super) fn attach(&mut self, pair: Pair<'_, Rule>, slot: Option<&mut Option<Message>>, before: &str) -> Built<()> {
        let span = self.span(&pair);
        let word = Span { start: span.start, end: span.start + "message".len() as u32 };
        let message = self.message(pair)?;
        match slot {
            Some(slot @ None) => *slot = Some(message),
            Some(Some(first)) => {
                let found = Diagnostic::error(error::MISPLACED_MESSAGE, "the clause before has a message already")
                    .at(self.place(word), "a second one")
                    .also(self.place(first.span), "the first");
                self.report(found);
            }
            None => {
                let found = Diagnostic::error(error::MISPLACED_MESSAGE, "no clause stands before this message")
                    .at(self.place(word), "")
                    .help(format!("a message belongs to the {before} before it, and sees its variables"));
                self.report(found);
            }
        }
        Ok(())
    }

    pub(super) fn invariant(&mut self, mut cursor: Cursor<'_>) -> Built<Invariant> {
        let name = self.take_name(&mut cursor)?;
        let title = self.maybe_title(&mut cursor);
        let severity = self.maybe_severity(&mut cursor)?;
        let mut clauses = vec![];
        for pair in cursor {
            let span = self.span(&pair);
            match pair.as_rule() {
                Rule::for_clause => {
                    let scope = self.take_scope(&mut Cursor::of(pair))?;
                    clauses.push(InvariantClause::For(For { scope, span }));
                }
                Rule::let_clause => clauses.push(InvariantClause::Let(self.let_clause(pair)?)),
                Rule::never => {
                    let mut inner = Cursor::of(pair);
                    let kind = match inner.maybe(Rule::never_scope) {
                        Some(scope) => DemandKind::NeverAny(self.take_scope(&mut Cursor::of(scope))?),
                        None => DemandKind::Never(self.take_expr(&mut inner)?),
                    };
                    clauses.push(InvariantClause::Demand(Demand { kind, message: None, span }));
                }
                Rule::require => {
                    let kind = DemandKind::Require(self.take_expr(&mut Cursor::of(pair))?);
                    clauses.push(InvariantClause::Demand(Demand { kind, message: None, span }));
                }
                Rule::repair => {
                    let mut inner = Cursor::of(pair);
                    let edit = self.take_edit(&mut inner)?;
                    let cost = match inner.peek() {
                        Some(Rule::value) => Some(self.take_value(&mut inner)?),
                        _ => None,
                    };
                    clauses.push(InvariantClause::Repair(Repair { edit, cost, span }));
                }
                Rule::message => {
                    let slot = clauses.iter_mut().rev().find_map(|c| match c {
                        InvariantClause::Demand(d) => Some(&mut d.message),
                        _ => None,
                    });
                    self.attach(pair, slot, "`never` or `require`")?;
                }
                _ => return Err(Broken("a clause of an invariant")),
            }
        }
        Ok(Invariant { name, title, severity, clauses })
    }

    pub(super) fn expect(&mut self, pair: Pair<'_, Rule>) -> Built<Expect> {
        let span = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let formula = match cursor.maybe(Rule::verdict_list) {
            Some(list) => self.verdict(list)?,
            None => self.take_expr(&mut cursor)?,
        };
        Ok(Expect { formula, message: None, span })
    }
    fn number(&mut self, pair: Pair<'_, Rule>) -> Built<i64> {
        let number = Cursor::of(pair).need(Rule::int, "a number")?;
        Ok(self.int(&number, false))
    }

    pub(super) fn intervention(&mut self, mut cursor: Cursor<'_>) -> Built<Intervention> {
        let name = self.take_name(&mut cursor)?;
        let title = self.maybe_title(&mut cursor);
        let severity = self.maybe_severity(&mut cursor)?;
        let mut clauses = vec![];
        for pair in cursor {
            let span = self.span(&pair);
            clauses.push(match pair.as_rule() {
                Rule::for_worlds => {
                    let mut inner = Cursor::of(pair);
                    let any = match inner.maybe(Rule::any_of) {
                        None => None,
                        Some(any) => {
                            let span = self.span(&any);
                            Some((self.number(any)?, span))
                        }
                    };
                    let scope = self.take_scope(&mut inner)?;
                    InterventionClause::For(ForWorlds { any, scope: For { scope, span } })
                }
                Rule::given => InterventionClause::Given(self.take_expr(&mut Cursor::of(pair))?, span),
                Rule::let_clause => InterventionClause::Let(self.let_clause(pair)?),
                Rule::do_clause => InterventionClause::Do(self.take_edit(&mut Cursor::of(pair))?),
                Rule::against => InterventionClause::Against(self.take_edit(&mut Cursor::of(pair))?),
                Rule::expect => InterventionClause::Expect(self.expect(pair)?),
                Rule::samples => InterventionClause::Samples(self.number(pair)?, span),
                Rule::seed => InterventionClause::Seed(self.number(pair)?, span),
                Rule::message => {
                    let slot = clauses.iter_mut().rev().find_map(|c| match c {
                        InterventionClause::Expect(e) => Some(&mut e.message),
                        _ => None,
                    });
                    self.attach(pair, slot, "`expect`")?;
                    continue;
                }
                _ => return Err(Broken("a clause of an intervention")),
            });
        }
        Ok(Intervention { name, title, severity, clauses })
    }
}
