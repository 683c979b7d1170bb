//! Where one end of a pair is known and the other is wanted: edges and relations of two nodes in one world, in runs. Called by step and fixpoint.
//!
//! A clause that ends so and adds pairs itself is run fused: the last step's nodes go straight into the relation.
use super::annotation::Annotation;
use super::machine::{Machine, Sink};
use crate::plan::{Arg, Block, ClausePlan, Formula, RelId, Slot, Source, Step};
use crate::scalar::{KindId, Val};

/// Nodes that belong to a node.
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    /// Targets of its edges.
    Targets(KindId),
    /// Sources of the edges to it.
    Sources(KindId),
    /// What it is paired with in a relation; `columns` is 1 if it is the first of the pair, else 2.
    Pairs {
        /// The relation.
        relation: RelId,
        /// The column that is known, as a bit.
        columns: u32,
        /// Which part.
        source: Source,
    },
}

/// Nodes that were copied out, because what is done with them may change where they stand.
type Chunk = [u32; 32];

/// How much dearer a plan must be to give way to another: estimates are rough, and an index costs.
const MARGIN: f64 = 4.0;

impl<A: Annotation> Machine<A> {
    /// Makes the index that the ends are read from.
    fn open(&mut self, ends: Ends) -> usize {
        match ends {
            Ends::Pairs { relation, columns, .. } => {
                self.relations.get_mut(relation.0 as usize).map_or(0, |r| r.ensure_index(columns))
            }
            _ => 0,
        }
    }

    /// Copies the next ends of a node, and gives how many.
    #[inline]
    fn copy(&self, ends: Ends, index: usize, node: u32, at: usize, chunk: &mut Chunk) -> usize {
        let list = match ends {
            Ends::Targets(kind) => self.graph.edges(kind).map(|t| t.targets(node)),
            Ends::Sources(kind) => self.graph.edges(kind).map(|t| t.sources(node)),
            Ends::Pairs { relation, source, .. } => self.relation(relation).map(|r| r.list(index, node, source)),
        };
        let rest = list.and_then(|l| l.get(at..)).unwrap_or(&[]);
        let mut n = 0;
        for (to, from) in chunk.iter_mut().zip(rest) {
            *to = *from;
            n += 1;
        }
        n
    }

    /// Continues with each end of a node.
    #[inline]
    pub(super) fn each_end(&mut self, ends: Ends, key: Val, other: Arg, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        let Some(node) = key.as_node() else { return false };
        let index = self.open(ends);
        let mut chunk: Chunk = [0; 32];
        let (mut at, mut last, mut met) = (0, u32::MAX, 0);
        let other_side = rest.first().and_then(|next| self.also(next, other));
        let rest = if other_side.is_some() { rest.get(1..).unwrap_or(&[]) } else { rest };
        loop {
            let all = self.copy(ends, index, node, at, &mut chunk);
            at += all;
            if self.ticks_of(all) {
                return true;
            }
            let n = match other_side {
                Some((side, node)) => self.meet(side, node, &mut met, !matches!(ends, Ends::Pairs { .. }), &mut chunk, all),
                None => all,
            };
            for v in chunk.iter().take(n) {
                // parallel edges
                if *v == last {
                    continue;
                }
                last = *v;
                if self.fit(other, Val::node(*v)) && self.steps(rest, a.clone(), sink) {
                    return true;
                }
                // nothing of it is bound: once is enough
                if other == Arg::Any {
                    return false;
                }
            }
            if all < chunk.len() {
                return false;
            }
        }
    }

    /// If a step asks for an edge between what is just being bound and a known node: where that is to be looked for.
    fn also(&self, step: &Step, open: Arg) -> Option<(Ends, u32)> {
        let step = match step {
            Step::Filter(Formula::Exists(block)) if block.steps.len() == 1 => block.steps.first()?,
            step => step,
        };
        let (Step::Edges { kind, edge: Arg::Any, from: Arg::Key(from), to: Arg::Key(to) }, Arg::Bind(open)) = (step, open) else {
            return None;
        };
        if !A::PLAIN || from == to {
            return None;
        }
        match open {
            o if o == *to => self.get(*from).as_node().map(|n| (Ends::Targets(*kind), n)),
            o if o == *from => self.get(*to).as_node().map(|n| (Ends::Sources(*kind), n)),
            _ => None,
        }
    }

    /// Keeps of a chunk what is among the ends of another node too, and gives how many that are. If the chunks ascend, `met` says how
    /// far the search has come, and it goes on from there in growing steps (galloping: Bentley and Yao 1976).
    fn meet(&self, side: Ends, node: u32, met: &mut usize, ascending: bool, chunk: &mut Chunk, n: usize) -> usize {
        let list = match side {
            Ends::Targets(kind) => self.graph.edges(kind).map(|t| t.targets(node)),
            Ends::Sources(kind) => self.graph.edges(kind).map(|t| t.sources(node)),
            Ends::Pairs { .. } => None,
        };
        let list = list.unwrap_or(&[]);
        let mut kept = 0;
        for i in 0..n {
            let Some(v) = chunk.get(i).copied() else { break };
            let begin = if ascending { *met } else { 0 };
            let mut step = 1;
            let mut low = begin;
            while list.get(low + step - 1).is_some_and(|x| *x < v) {
                low += step;
                step *= 2;
            }
            let part = list.get(low..(low + step - 1).min(list.len())).unwrap_or(&[]);
            let found = low + part.partition_point(|x| *x < v);
            *met = found;
            if list.get(found) == Some(&v)
                && let Some(slot) = chunk.get_mut(kept)
            {
                *slot = v;
                kept += 1;
            }
        }
        kept
    }

    /// The steps of a clause up to the last, and the last, if that can add its pairs itself.
    pub(super) fn fused<'b>(&self, c: &ClausePlan, block: &'b Block) -> Option<(&'b [Step], &'b Step)> {
        if !A::PLAIN || !self.relation(c.relation)?.is_pairs() {
            return None;
        }
        let (last, steps) = block.steps.split_last()?;
        let (_, _, open) = self.last(last)?;
        let [x, y] = c.head[..] else { return None };
        ((x == open) != (y == open)).then_some((steps, last))
    }

    /// What a step of ends reads: the ends, the slot that is known and the slot that it binds.
    fn last(&self, step: &Step) -> Option<(Ends, Slot, Slot)> {
        match step {
            Step::Edges { kind, edge: Arg::Any, from: Arg::Key(key), to: Arg::Bind(open) } => {
                Some((Ends::Targets(*kind), *key, *open))
            }
            Step::Edges { kind, edge: Arg::Any, from: Arg::Bind(open), to: Arg::Key(key) } => {
                Some((Ends::Sources(*kind), *key, *open))
            }
            Step::Scan { relation, args, value: None, source } if self.relation(*relation)?.is_pairs() => {
                let source = if self.naive { Source::Total } else { *source };
                let ends = |columns| Ends::Pairs { relation: *relation, columns, source };
                match args[..] {
                    [Arg::Key(key), Arg::Bind(open)] => Some((ends(1), key, open)),
                    [Arg::Bind(open), Arg::Key(key)] => Some((ends(2), key, open)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Runs the last step of a fused clause.
    pub(super) fn pairs(&mut self, step: &Step, c: &ClausePlan, tuple: &mut [Val], a: A) -> bool {
        let (Some((ends, key, open)), [x, y]) = (self.last(step), &c.head[..]) else { return true };
        let first = *y == open;
        let fixed = self.get(if first { *x } else { *y });
        let (Some(node), Some(fixed)) = (self.get(key).as_node(), fixed.as_node()) else {
            return self.steps(std::slice::from_ref(step), a, &mut |m, a| m.emit(c, tuple, &a));
        };
        let index = self.open(ends);
        let mut chunk: Chunk = [0; 32];
        let mut at = 0;
        loop {
            let n = self.copy(ends, index, node, at, &mut chunk);
            at += n;
            if self.ticks_of(n) {
                return true;
            }
            let Some(r) = self.relations.get_mut(c.relation.0 as usize) else { return true };
            let new = r.insert_pairs(fixed, first, chunk.get(..n).unwrap_or(&[]), &a);
            self.count_facts(new);
            if n < chunk.len() {
                return self.halted();
            }
        }
    }

    /// Of a clause's blocks the one that gives fewest bindings on the way, for the sizes of this round.
    pub(super) fn cheapest<'c>(&self, c: &'c ClausePlan) -> &'c Block {
        let mut best = &c.block;
        if A::PLAIN && !self.naive && !c.others.is_empty() {
            let mut least = self.estimate(best) / MARGIN;
            for b in &c.others {
                let cost = self.estimate(b);
                if cost < least {
                    (best, least) = (b, cost);
                }
            }
        }
        best
    }

    /// How many bindings a block gives on its way, roughly.
    fn estimate(&self, block: &Block) -> f64 {
        let nodes = f64::from(self.graph.nodes()).max(1.0);
        let known = |arg: &Arg| matches!(arg, Arg::Key(_));
        let (mut bindings, mut cost) = (1.0, 0.0);
        for step in &block.steps {
            bindings *= match step {
                Step::Scan { relation, args, source, .. } => {
                    let size = self.relation(*relation).map_or(0, |r| match source {
                        Source::Delta => r.visible - r.old,
                        Source::Old => r.old,
                        Source::Total => r.visible,
                    });
                    let (size, keys, arity) = (f64::from(size), args.iter().filter(|a| known(a)).count(), args.len());
                    match keys {
                        0 => size,
                        k if k == arity => 0.5,
                        k => (size / nodes.powi(k as i32)).max(size.powf((arity - k) as f64 / arity as f64).min(1.0)),
                    }
                }
                Step::Edges { kind, edge, from, to } => {
                    let size = self.graph.edges(*kind).map_or(0, |t| t.len()) as f64;
                    match (known(edge), known(from), known(to)) {
                        (false, false, false) => size,
                        (false, true, true) => 0.5,
                        (true, ..) => 1.0,
                        _ => size / nodes,
                    }
                }
                Step::Kind { element: Arg::Bind(_) | Arg::Any, .. } => nodes,
                Step::Reach { .. } => nodes,
                _ => 1.0,
            };
            cost += bindings;
        }
        cost
    }
}
