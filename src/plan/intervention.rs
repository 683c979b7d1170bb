//! Interventions as plans: what binds their worlds, and what is expected of each. The edits are in edit; what is known of verdicts is
//! computed beforehand by demand.
use super::ir::*;
use super::lower::Lowering;
use super::order::Sizes;
use super::unit::{E, Unit, Unsupported, each_part};
use crate::base::Place;
use crate::scalar::Dictionary;
use crate::semantics::hir::{self, Expr, ExprKind, VarId, VerdictAtom};
use rustc_hash::FxHashSet;

/// A `for`, ready to be run in the parent, behind those before it.
#[derive(Clone, Debug)]
pub struct ScopePlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// Binds its binders.
    pub block: Block,
    /// The binders.
    pub binders: Vec<Slot>,
}

/// What is expected of the worlds of an intervention.
#[derive(Clone, Debug)]
pub struct InterventionPlan {
    /// How many slots the frame has; the intervention's variables come first.
    pub slots: u32,
    /// `let`s behind the first `do`, read in each world.
    pub lets: Block,
    /// Each `expect`.
    pub expects: Vec<ExpectPlan>,
    /// The item.
    pub place: Place,
}

/// One `expect`.
#[derive(Clone, Debug)]
pub struct ExpectPlan {
    /// What must be so in each world; of a share, what is counted.
    pub formula: Formula,
    /// Whether it reads what differs between the worlds by name: their bindings or `let`s.
    pub own: bool,
    /// The share of the worlds that is asked for, if it is one.
    pub share: Option<hir::Share>,
    /// Its message.
    pub message: Option<MessagePlan>,
    /// Where it stands.
    pub place: Place,
}

/// A formula about verdicts, and whether it is asked of the world before.
#[derive(Clone, Copy, Debug)]
pub struct Atom<'p> {
    /// The formula's expression, whose address is its name in plans.
    pub e: &'p Expr,
    /// What it says.
    pub atom: &'p VerdictAtom,
    /// Whether it stands within `was`.
    pub past: bool,
}

/// The formulas about verdicts in an expression, in order.
pub fn atoms<'p>(e: &'p Expr, past: bool, out: &mut Vec<Atom<'p>>) {
    if let ExprKind::Verdict(atom) = &e.kind
        && !matches!(**atom, VerdictAtom::Stable(_))
    {
        out.push(Atom { e, atom, past });
    }
    let past = past || matches!(e.kind, ExprKind::Was(_));
    each_part(e, &mut |p| atoms(p, past, out));
}

impl<'p> Lowering<'p> {
    /// A `for` whose variables to the left are known.
    pub fn intervention_scope(
        &self,
        vars: usize,
        known: &[VarId],
        scope: &'p hir::Scope,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<ScopePlan, Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars);
        let mut bound: FxHashSet<Slot> = known.iter().map(|v| v.0).collect();
        let mut list = vec![];
        unit.scope(scope, 0, &mut list)?;
        let needed = unit.scope_slots(scope, 0);
        let block = unit.block(list, &mut bound, &needed)?;
        let binders = unit.binder_slots(scope, 0);
        Ok(ScopePlan { slots: unit.slots, block, binders })
    }

    /// A value all of whose variables are known.
    pub fn known_value(
        &self,
        vars: usize,
        known: &[VarId],
        e: &'p Expr,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<(u32, Computed), Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars);
        let bound: FxHashSet<Slot> = known.iter().map(|v| v.0).collect();
        let value = unit.computed(E { e, env: 0 }, &bound)?;
        Ok((unit.slots, value))
    }

    /// A message all of whose variables are known.
    pub fn text(
        &self,
        (vars, known): (usize, &[VarId]),
        e: &'p Expr,
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<(u32, MessagePlan), Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, vars);
        let plan = self.message(e, &mut unit, &known.iter().map(|v| v.0).collect())?;
        Ok((unit.slots, plan))
    }

    /// The `let`s and `expect`s of an intervention; `verdicts` are the numbers of the formulas about verdicts, by address.
    pub fn intervention(
        &self,
        i: &'p hir::Intervention,
        verdicts: &[(usize, usize)],
        sizes: &dyn Sizes,
        dictionary: &mut Dictionary,
    ) -> Result<InterventionPlan, Unsupported> {
        let context = self.context(sizes);
        let mut unit = Unit::new(&context, dictionary, i.vars.len());
        unit.verdicts = verdicts.iter().copied().collect();
        let binders = i.scopes.iter().flat_map(|s| &s.1.binders).flat_map(|b| b.key.into_iter().chain(b.var));
        let mut bound: FxHashSet<Slot> = binders.chain(i.lets_before.iter().map(|l| l.0)).map(|v| v.0).collect();
        let mut lets = Block::default();
        for (v, e) in &i.lets {
            let x = unit.own(e);
            let value = unit.scalar(x, &bound, &mut lets.steps)?;
            lets.steps.push(Step::Let { slot: v.0, value });
            bound.insert(v.0);
        }
        let mut expects = vec![];
        for (e, message) in &i.expects {
            let (formula, share) = match &e.kind {
                ExprKind::Share { candidates: false, share, formula } => (&**formula, Some(*share)),
                _ => (e, None),
            };
            let mut mentioned = vec![];
            let x = unit.own(formula);
            unit.mentions(x, &mut mentioned);
            let own = mentioned.iter().any(|s| bound.contains(s));
            let formula = unit.formula(x, &bound)?;
            let message = message.as_ref().map(|m| self.message(m, &mut unit, &bound)).transpose()?;
            expects.push(ExpectPlan { formula, own, share, message, place: e.place });
        }
        Ok(InterventionPlan { slots: unit.slots, lets, expects, place: i.place })
    }
}
