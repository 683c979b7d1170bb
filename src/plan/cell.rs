//! State cells: aggregates and `consecutive` over a window whose conditions read nothing but the event itself. What they keep for each key
//! can be carried from event to event. Used by expression and past.
use super::ir::*;
use super::unit::Unit;
use crate::base::Place;
use crate::scalar::{Op, Type};
use rustc_hash::FxHashSet;

type Slots = FxHashSet<Slot>;

impl Unit<'_, '_> {
    /// Makes a cell of what a block counts, if it is one.
    pub(super) fn cell(
        &self,
        block: &Block,
        binders: &[Slot],
        value: Option<&Computed>,
        form: CellForm,
        place: Place,
    ) -> Option<CellUse> {
        if matches!(form, CellForm::Fold(Aggregate::Median | Aggregate::Percentile(_))) {
            return None;
        }
        let run = matches!(form, CellForm::Run(_));
        let at = block.steps.iter().position(|s| matches!(s, Step::Past { .. }))?;
        let (before, rest) = block.steps.split_at(at);
        let (Step::Past { spec, event: Arg::Bind(event) }, own) = rest.split_first()? else { return None };
        // judged when an obligation is due, while a cell is of what was seen by then
        if self.ahead.is_some() || run && (spec.within.is_some() || spec.per.is_some()) {
            return None;
        }
        if binders != [*event] || !spec.present || spec.ahead || spec.behind.is_some() || !before.iter().all(single) {
            return None;
        }
        let mut known: Slots = [*event].into_iter().collect();
        let reads_only = own.iter().all(|s| step(s, &mut known))
            && value.is_none_or(|c| computed(c, &mut known))
            && match &form {
                CellForm::Fold(_) => true,
                CellForm::Run(f) => formula(f, &mut known),
            };
        if !reads_only {
            return None;
        }
        let mut histories = self.context.histories.borrow_mut();
        let history = histories.get_mut(spec.history as usize)?;
        // the cell keeps what it needs
        history.needs.pop();
        let mut cells = self.context.cells.borrow_mut();
        cells.push(CellInfo {
            keyed: history.keyed.clone(),
            slots: self.slots,
            event: *event,
            own: Block { steps: own.to_vec() },
            value: value.cloned(),
            form,
            within: spec.within,
            per: spec.per.clone(),
            place,
        });
        let cell = cells.len() as u32 - 1;
        Some(CellUse { cell, before: Block { steps: before.to_vec() }, key: spec.key.clone(), now: spec.now })
    }
}

/// Whether a step gives one binding or none.
fn single(s: &Step) -> bool {
    matches!(
        s,
        Step::Read { .. }
            | Step::ReadOpen { .. }
            | Step::ReadField { .. }
            | Step::Let { .. }
            | Step::Filter(_)
            | Step::Aggregate { .. }
            | Step::Truth { .. }
            | Step::Choose { .. }
            | Step::Coalesce { .. }
    )
}

/// Whether a step reads nothing but what is known, which is what it binds from then on too.
fn step(s: &Step, known: &mut Slots) -> bool {
    let bound = match s {
        Step::Read { slot, of, .. } | Step::ReadOpen { slot, of, .. } if scalar(of, known) => *slot,
        Step::ReadField { slot, of, field } if *field != Field::Index && scalar(of, known) => *slot,
        Step::Let { slot, value } if scalar(value, known) => *slot,
        Step::Filter(f) => return formula(f, known),
        Step::Truth { slot, formula: f } if formula(f, known) => *slot,
        Step::Choose { slot, condition, then, otherwise }
            if formula(condition, known) && computed(then, known) && computed(otherwise, known) =>
        {
            *slot
        }
        Step::Coalesce { slot, first, second } if scalar(first, known) && computed(second, known) => *slot,
        _ => return false,
    };
    known.insert(bound);
    true
}

fn scalar(s: &Scalar, known: &Slots) -> bool {
    match s {
        Scalar::Const(_) => true,
        Scalar::Slot(s) => known.contains(s),
        // looks an id up, which may come later
        Scalar::Op(Op::Cast(Type::Event(_)), ..) => false,
        Scalar::Op(_, args, _) => args.iter().all(|a| scalar(a, known)),
    }
}

fn computed(c: &Computed, known: &mut Slots) -> bool {
    c.block.steps.iter().all(|s| step(s, known)) && scalar(&c.result, known)
}

fn formula(f: &Formula, known: &mut Slots) -> bool {
    match f {
        Formula::Const(_) => true,
        Formula::And(parts) | Formula::Or(parts) => parts.iter().all(|p| formula(p, &mut known.clone())),
        Formula::Not(inner) => formula(inner, &mut known.clone()),
        Formula::Test(c) => computed(c, &mut known.clone()),
        _ => false,
    }
}
