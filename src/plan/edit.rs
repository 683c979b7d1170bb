//! Edits as plans: a block that binds their scope, and what is computed for each binding. Lowered for tests, interventions and the REPL.
use super::ir::*;
use super::lower::Lowering;
use super::order::Sizes;
use super::unit::{E, Unit, Unsupported};
use crate::base::Place;
use crate::scalar::{Dictionary, KindId};
use crate::semantics::hir::{self, EditKind, End};
use crate::structure::schema::AttrId;
use rustc_hash::FxHashSet;

/// An edit, ready to be computed in the parent.
#[derive(Clone, Debug)]
pub struct EditPlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// Binds its scope.
    pub block: Block,
    /// What it does for each binding.
    pub action: Action,
    /// Where it stands.
    pub place: Place,
}

/// An end of an edge: an element, or a kind and an id.
#[derive(Clone, Debug)]
pub enum EndPlan {
    /// An element.
    Element(Computed),
    /// A node that may be added beside it.
    Named(KindId, Computed),
}

/// What an edit does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `remove`.
    Remove(Computed),
    /// `set`; the way into a Json is computed too.
    Set(Computed, AttrId, Vec<Computed>, Computed),
    /// `add` or `ensure` a node.
    AddNode(KindId, Computed, Vec<(AttrId, Computed)>, bool),
    /// `add` or `ensure` an edge.
    AddEdge(KindId, EndPlan, EndPlan, Vec<(AttrId, Computed)>, bool),
    /// `add` an event.
    AddEvent(KindId, Computed, Computed, Vec<(AttrId, Computed)>),
}

impl<'p> Lowering<'p> {
    /// An edit of an item with so many variables, some of which are known.
    pub fn edit(
        &self,
        (vars, known): (usize, &[hir::VarId]),
        e: &'p hir::Edit,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<EditPlan, Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars);
        let known: FxHashSet<Slot> = known.iter().map(|v| v.0).collect();
        let mut bound = known.clone();
        let mut block = Block::default();
        if let Some(s) = &e.scope {
            let mut list = vec![];
            unit.scope(s, 0, &mut list)?;
            let binders = unit.scope_slots(s, 0);
            block = unit.block(list, &mut bound, &binders)?;
            bound.retain(|s| binders.contains(s) || known.contains(s));
        }
        let mut one = |x: &'p hir::Expr| unit.computed(E { e: x, env: 0 }, &bound);
        let given = |list: &'p hir::Given, one: &mut dyn FnMut(&'p hir::Expr) -> Result<Computed, Unsupported>| {
            let known = list.iter().filter_map(|(a, x, _)| a.as_ref().ok().map(|a| (*a, x)));
            known.map(|(a, x)| Ok((a, one(x)?))).collect::<Result<Vec<_>, Unsupported>>()
        };
        let end = |end: &'p End, one: &mut dyn FnMut(&'p hir::Expr) -> Result<Computed, Unsupported>| match end {
            End::Element(x) => one(x).map(EndPlan::Element),
            End::Lookup(k, x) => one(x).map(|c| EndPlan::Named(*k, c)),
        };
        let action = match &e.kind {
            EditKind::Remove(x) => Action::Remove(one(x)?),
            EditKind::Set { of, attr, path, value } => {
                let path = path.iter().map(&mut one).collect::<Result<_, _>>()?;
                Action::Set(one(of)?, *attr, path, one(value)?)
            }
            EditKind::AddNode { kind, id, given: g, ensure } => Action::AddNode(*kind, one(id)?, given(g, &mut one)?, *ensure),
            EditKind::AddEdge { kind, from, to, given: g, ensure } => {
                let (from, to) = (end(from, &mut one)?, end(to, &mut one)?);
                Action::AddEdge(*kind, from, to, given(g, &mut one)?, *ensure)
            }
            EditKind::AddEvent { kind, id, at, given: g } => Action::AddEvent(*kind, one(id)?, one(at)?, given(g, &mut one)?),
        };
        Ok(EditPlan { slots: unit.slots, block, action, place: e.place })
    }
}
