//! Builds types: names, options, lists, ranges and texts of a set. Called wherever a type may stand.
use super::super::ast::{Literal, Qualified, Text, TypeExpr, TypeKind};
use super::super::cursor::{Broken, Built, Cursor};
use super::super::error;
use super::super::grammar::Rule;
use super::builder::Builder;
use crate::base::Diagnostic;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn take_type(&mut self, cursor: &mut Cursor<'_>) -> Built<TypeExpr> {
        let pair = cursor.need(Rule::typ, "a type")?;
        self.type_of(pair)
    }
    /// Of a `typ` or a `cast_type`.
    pub(super) fn type_of(&mut self, pair: Pair<'_, Rule>) -> Built<TypeExpr> {
        let whole = self.span(&pair);
        let mut cursor = Cursor::of(pair);
        let core = cursor.some("a type")?;
        let span = self.span(&core);
        let ty = match core.as_rule() {
            Rule::qualified => TypeExpr { kind: TypeKind::Named(self.qualified(core)?), span },
            Rule::type_texts => {
                let texts: Vec<Text> = Cursor::of(core).map(|p| self.text(p)).collect();
                TypeExpr { kind: TypeKind::Texts(texts), span }
            }
            Rule::type_list => TypeExpr { kind: TypeKind::List(Box::new(self.take_type(&mut Cursor::of(core))?)), span },
            Rule::type_group => self.take_type(&mut Cursor::of(core))?,
            Rule::type_kinds => {
                let mut inner = Cursor::of(core);
                let first = self.take_qualified(&mut inner)?;
                match inner.maybe(Rule::type_range) {
                    Some(range) => self.type_range(first, range, span)?,
                    None => {
                        let mut kinds = vec![first];
                        for pair in inner {
                            kinds.push(self.qualified(pair)?);
                        }
                        let kind = match kinds.len() {
                            1 => TypeKind::Named(kinds.remove(0)),
                            _ => TypeKind::Union(kinds),
                        };
                        TypeExpr { kind, span }
                    }
                }
            }
            _ => return Err(Broken("a type")),
        };
        Ok(match cursor.maybe(Rule::optional) {
            Some(_) => TypeExpr { kind: TypeKind::Optional(Box::new(ty)), span: whole },
            None => ty,
        })
    }
    fn type_range(&mut self, base: Qualified, pair: Pair<'_, Rule>, span: crate::base::Span) -> Built<TypeExpr> {
        let mut cursor = Cursor::of(pair);
        let (low_pair, high_pair) = (cursor.need(Rule::signed, "a bound")?, {
            cursor.maybe(Rule::dots);
            cursor.need(Rule::signed, "a bound")?
        });
        let range = self.span(&low_pair).to(self.span(&high_pair));
        let low = self.signed(low_pair)?;
        let high = self.signed(high_pair)?;
        let contrary = match (&low, &high) {
            (Literal::Int(a), Literal::Int(b)) | (Literal::Duration(a), Literal::Duration(b)) => a > b,
            (Literal::Float(a), Literal::Float(b)) => a > b,
            (Literal::Int(a), Literal::Float(b)) => *a as f64 > *b,
            (Literal::Float(a), Literal::Int(b)) => *a > *b as f64,
            _ => false,
        };
        if contrary {
            let place = self.place(range);
            let found = Diagnostic::error(error::BAD_BOUNDS, "the range ends before it begins")
                .at(place, "nothing is in it")
                .help("the lesser bound stands first; both are included");
            self.report(found);
        }
        Ok(TypeExpr { kind: TypeKind::Range { base, low, high, range }, span })
    }
    fn signed(&mut self, pair: Pair<'_, Rule>) -> Built<Literal> {
        let negative = pair.as_str().starts_with('-');
        let number = Cursor::of(pair).some("a bound")?;
        self.literal(&number, negative).ok_or(Broken("a bound"))
    }
}
