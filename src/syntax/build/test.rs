//! Builds tests and their given worlds.
use super::super::ast::{Given, GivenEdge, GivenEvent, GivenNode, Test, TestClause};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::Diagnostic;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn test(&mut self, mut cursor: Cursor<'_>) -> Built<Test> {
        let title = self.maybe_title(&mut cursor).ok_or(Broken("a title"))?;
        let mut clauses = vec![];
        for pair in cursor {
            let span = self.span(&pair);
            clauses.push(match pair.as_rule() {
                Rule::given_block => TestClause::Given(self.given(pair)?, span),
                Rule::let_clause => TestClause::Let(self.let_clause(pair)?),
                Rule::do_clause => TestClause::Do(self.take_edit(&mut Cursor::of(pair))?),
                Rule::expect => TestClause::Expect(self.expect(pair)?),
                Rule::message => {
                    let slot = clauses.iter_mut().rev().find_map(|c| match c {
                        TestClause::Expect(e) => Some(&mut e.message),
                        _ => None,
                    });
                    self.attach(pair, slot, "`expect`")?;
                    continue;
                }
                _ => return Err(Broken("a clause of a test")),
            });
        }
        Ok(Test { title, clauses })
    }
    fn given(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Given>> {
        let mut out = vec![];
        for pair in Cursor::of(pair) {
            let span = self.span(&pair);
            let rule = pair.as_rule();
            let mut cursor = Cursor::of(pair);
            match rule {
                Rule::given_nodes => {
                    let kind = self.take_qualified(&mut cursor)?;
                    for node in cursor {
                        let span = self.span(&node);
                        let mut inner = Cursor::of(node);
                        let name = self.take_name(&mut inner)?;
                        let record = self.maybe_record(&mut inner)?;
                        out.push(Given::Node(GivenNode { kind: kind.clone(), name, record, span }));
                    }
                }
                Rule::given_event => {
                    let kind = self.take_qualified(&mut cursor)?;
                    let name = self.take_name(&mut cursor)?;
                    let at = cursor.need(Rule::at, "`at`")?;
                    let at = self.take_value(&mut Cursor::of(at))?;
                    self.needs_unit(&at);
                    let record = self.maybe_record(&mut cursor)?;
                    out.push(Given::Event(GivenEvent { kind, name, at, record, span }));
                }
                Rule::given_edges => self.given_edges(cursor, &mut out)?,
                _ => return Err(Broken("a line of `given`")),
            }
        }
        Ok(out)
    }
    fn given_edges(&mut self, mut cursor: Cursor<'_>, out: &mut Vec<Given>) -> Built<()> {
        let mut from = self.take_name(&mut cursor)?;
        let mut made = 0;
        while let Some(Rule::arrow_right | Rule::arrow_left) = cursor.peek() {
            let arrow = cursor.some("an arrow")?;
            let arrow = self.arrow(arrow)?;
            let to = self.take_name(&mut cursor)?;
            let span = from.span.to(to.span);
            if let Some(kind) = self.edge_kind(&arrow) {
                let (start, end) = if arrow.backwards { (to.clone(), from) } else { (from, to.clone()) };
                out.push(Given::Edge(GivenEdge { variable: arrow.variable, from: start, kind, to: end, record: None, span }));
            }
            made += 1;
            from = to;
        }
        let Some(record) = self.maybe_record(&mut cursor)? else { return Ok(()) };
        if made > 1 {
            let found = Diagnostic::error(error::BAD_EDIT, "these attributes could belong to several edges")
                .at(self.place(record.span), "")
                .help("give an edge that has attributes a line of its own");
            self.report(found);
        } else if let Some(Given::Edge(edge)) = out.last_mut() {
            edge.span = edge.span.to(record.span);
            edge.record = Some(record);
        }
        Ok(())
    }
}
