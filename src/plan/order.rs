//! The order of a block's conjuncts: what is ready and cheap first, then the generator that multiplies bindings least.
//! Sizes are those of the structure and of the relations that are finished.
use super::ir::RelId;
use crate::scalar::{KindId, Type};

/// What lowering knows about sizes.
pub trait Sizes {
    /// How many elements a type of kinds has.
    fn kind(&self, ty: &Type) -> f64;
    /// How many edges of a kind, and how many nodes they come from and go to.
    fn edges(&self, kind: KindId) -> (f64, f64, f64);
    /// How many facts a relation has, if it is finished.
    fn relation(&self, id: RelId) -> Option<f64>;
    /// How many nodes there are.
    fn nodes(&self) -> f64;
}

/// How many bindings a scan of a relation gives for each one it gets.
pub fn scan(size: Option<f64>, bound: usize, arity: usize) -> f64 {
    if bound >= arity {
        return 0.5;
    }
    let size = size.unwrap_or(10_000.0).max(1.0);
    size.powf((arity - bound) as f64 / arity as f64)
}

/// The same for edges.
pub fn edges((all, sources, targets): (f64, f64, f64), edge: bool, from: bool, to: bool) -> f64 {
    match (edge, from, to) {
        (true, ..) => 0.5,
        (_, true, true) => (all / (sources * targets).max(1.0)).min(0.5),
        (_, true, false) => all / sources.max(1.0),
        (_, false, true) => all / targets.max(1.0),
        _ => all,
    }
}

/// The same for a regular path: a walk costs more than the ends it gives.
pub fn path(nodes: f64, from: bool, to: bool) -> f64 {
    match (from, to) {
        (true, true) => 8.0,
        (true, false) | (false, true) => 16.0 + nodes.sqrt(),
        _ => nodes * 16.0 + 16.0,
    }
}
