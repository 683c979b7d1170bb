//! Regular paths: a breadth-first walk over (state of the automaton, node), from the bound end; cycles of a closure by components.
//!
//! In one world without faults each pair is visited once and ends are passed on as they are found. With worlds a pair carries the
//! worlds in which it was reached, and is walked again only with those that are new. Components: Tarjan 1972.
use super::annotation::Annotation;
use super::machine::{Machine, Sink};
use super::relation::NO_ROW;
use crate::plan::path::{Automaton, Move};
use crate::plan::{Arg, RelId, Source, Step};
use crate::scalar::Val;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Marks of visited pairs, reused between walks.
#[derive(Debug, Default)]
pub struct Scratch {
    marks: Vec<u32>,
    epoch: u32,
    queue: Vec<(u32, u32)>,
    /// With worlds: where what is known of a marked pair stands.
    slots: Vec<u32>,
}

impl Scratch {
    /// Nothing of so many is marked.
    fn begin(&mut self, size: usize) {
        if self.marks.len() < size {
            self.marks.resize(size, 0);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }
}

/// Where walks over edges ended, in the order in which they found it.
#[derive(Debug, Default)]
pub struct Walks {
    /// By the address of the path, which must live as long, the node and the direction; none if there is too much to be kept.
    ends: FxHashMap<(usize, u32, bool), Option<Arc<[u32]>>>,
    /// How many ends there are.
    size: usize,
    /// Of a structure with so many nodes and edges.
    of: (u32, u32),
}

/// A walk with more ends is not kept.
const FAR: usize = 4096;
/// If there are more ends of walks than this, all are forgotten.
const KEPT: usize = 1 << 21;

/// Above so many pairs the marks are a hash table's business.
const DENSE: usize = 1 << 26;

impl<A: Annotation> Machine<A> {
    /// The nodes one move away, with the annotation of the move.
    fn moves(&mut self, step: Move, node: u32, forward: bool, out: &mut Vec<(u32, Option<A>)>) {
        match step {
            Move::Edge(kind) => {
                let Some(table) = self.graph.edges(kind) else { return };
                let ends = if forward { table.targets(node) } else { table.sources(node) };
                if A::PLAIN || self.exists.is_empty() {
                    for end in ends {
                        if out.last().map(|l| l.0) != Some(*end) {
                            out.push((*end, None));
                        }
                    }
                    return;
                }
                for (i, end) in ends.iter().enumerate() {
                    let p = if forward { Some(table.out(node).start + i as u32) } else { table.back(node).get(i).copied() };
                    match p.and_then(|p| self.exists.get(&Val::edge(table.base + p))) {
                        None => out.push((*end, None)),
                        Some(Some(w)) => out.push((*end, Some(w.clone()))),
                        Some(None) => {}
                    }
                }
            }
            Move::Rule(id) => {
                let (columns, other) = if forward { (1, 1) } else { (2, 0) };
                let Some(r) = self.relations.get_mut(id.0 as usize) else { return };
                if r.is_pairs() {
                    let index = r.ensure_index(columns);
                    out.extend(r.list(index, node, Source::Total).iter().map(|end| (*end, None)));
                    return;
                }
                let (index, mut n) = self.first_row(id, columns, &[Val::node(node)]);
                while let Some(r) = self.relation(id).filter(|_| n != NO_ROW) {
                    if n < r.visible
                        && let (Some(end), Some(w)) = (r.at(n, other).as_node(), r.annotation(n))
                    {
                        out.push((end, if A::PLAIN { None } else { Some(w.clone()) }));
                    }
                    n = r.next(index, n);
                }
            }
        }
    }

    /// Passes on each node that a walk from (or, backwards, to) a node ends at. The sink stops the walk.
    pub fn walk(
        &mut self,
        path: &Automaton,
        start: u32,
        forward: bool,
        a: &A,
        sink: &mut dyn FnMut(&mut Self, u32, A) -> bool,
    ) -> bool {
        if self.walks.is_some()
            && (A::PLAIN || self.exists.is_empty())
            && let Some(ends) = self.known_walk(path, start, forward)
        {
            return self.tick() || ends.iter().any(|node| sink(self, *node, a.clone()));
        }
        let broken = path.moves().into_iter().find_map(|m| match m {
            Move::Rule(id) => self.relation(id).and_then(|r| r.broken.as_ref()).and_then(A::faulty),
            Move::Edge(_) => None,
        });
        if broken.is_none() && (A::PLAIN || (self.exists.is_empty() && path.moves().iter().all(|m| matches!(m, Move::Edge(_))))) {
            return self.walk_plain(path, start, forward, a, sink);
        }
        for (node, w) in self.walk_worlds(path, start, forward, a) {
            if let Some(w) = w.and(a)
                && sink(self, node, w)
            {
                return true;
            }
        }
        if self.halted() {
            return true;
        }
        if let Some((w, f)) = broken
            && let Some(w) = w.and(&a.possible())
        {
            return sink(self, u32::MAX, w.blame(f));
        }
        false
    }

    /// Where a walk over edges ends, from what is kept.
    fn known_walk(&mut self, path: &Automaton, start: u32, forward: bool) -> Option<Arc<[u32]>> {
        let of = (self.graph.nodes(), self.graph.edge_count());
        let key = (path as *const Automaton as usize, start, forward);
        if let Some(found) = self.walks.as_ref().filter(|w| w.of == of).and_then(|w| w.ends.get(&key)) {
            return found.clone();
        }
        if !path.moves().iter().all(|m| matches!(m, Move::Edge(_))) {
            return None;
        }
        let mut ends: Vec<u32> = vec![];
        let universe = self.universe.clone();
        let stopped = self.walk_plain(path, start, forward, &universe, &mut |_, node, _| {
            ends.push(node);
            ends.len() > FAR
        });
        if self.halted() {
            return None;
        }
        let found: Option<Arc<[u32]>> = if stopped { None } else { Some(ends.into()) };
        let walks = self.walks.as_mut()?;
        if walks.of != of || walks.size > KEPT {
            *walks = Walks { of, ..Walks::default() };
        }
        walks.size += found.as_ref().map_or(0, |f| f.len()) + 16;
        walks.ends.insert(key, found.clone());
        found
    }

    /// The nodes that a walk ends at, ascending, and where it does. What reaches a place again before it went on from there goes on
    /// together.
    fn walk_worlds(&mut self, path: &Automaton, start: u32, forward: bool, a: &A) -> Vec<(u32, A)> {
        let n = path.forward.len() as u32;
        let stands = self.stands(path, start);
        let nodes = self.graph.nodes() as usize;
        let mut scratch = self.scratch.pop().unwrap_or_default();
        let dense = (n as usize).saturating_mul(nodes) <= DENSE;
        if dense {
            scratch.begin(n as usize * nodes);
            scratch.slots.resize(scratch.marks.len(), 0);
        }
        let mut sparse: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        // where it has come: the state, the node, in which worlds, and in which of these it is yet to go on
        let mut met: Vec<(u32, u32, A, Option<A>)> = vec![];
        let mut queue: std::collections::VecDeque<u32> = Default::default();
        let mut arrive =
            |met: &mut Vec<(u32, u32, A, Option<A>)>, queue: &mut std::collections::VecDeque<u32>, s: u32, node: u32, w: A| {
                let fresh = met.len() as u32;
                let at = if dense {
                    let i = s as usize * nodes + node as usize;
                    match (scratch.marks.get_mut(i), scratch.slots.get_mut(i)) {
                        (Some(m), Some(slot)) => {
                            if *m != scratch.epoch {
                                *m = scratch.epoch;
                                *slot = fresh;
                            }
                            *slot
                        }
                        _ => return,
                    }
                } else {
                    *sparse.entry((s, node)).or_insert(fresh)
                };
                match met.get_mut(at as usize) {
                    None => {
                        met.push((s, node, w.clone(), Some(w)));
                        queue.push_back(at);
                    }
                    Some((.., there, open)) => {
                        let Some(new) = there.or(&w) else { return };
                        match open {
                            Some(o) => {
                                o.or(&new);
                            }
                            None => {
                                *open = Some(new);
                                queue.push_back(at);
                            }
                        }
                    }
                }
            };
        let starts: Vec<u32> = if forward {
            vec![0]
        } else {
            (0..n).filter(|s| path.accepting.get(*s as usize) == Some(&true) && (*s > 0 || stands)).collect()
        };
        for s in starts {
            if let Some(w) = self.existing(a.possible(), Val::node(start)) {
                arrive(&mut met, &mut queue, s, start, w);
            }
        }
        let mut next = vec![];
        while let Some(at) = queue.pop_front() {
            if self.tick() {
                break;
            }
            let Some((s, node, _, open)) = met.get_mut(at as usize) else { break };
            let (s, node, Some(w)) = (*s, *node, open.take()) else { continue };
            let table = if forward { &path.forward } else { &path.backward };
            for (m, t) in table.get(s as usize).into_iter().flatten() {
                next.clear();
                self.moves(*m, node, forward, &mut next);
                for (end, along) in next.drain(..) {
                    let w = match &along {
                        Some(x) => w.and(x),
                        None => Some(w.clone()),
                    };
                    if let Some(w) = w {
                        arrive(&mut met, &mut queue, *t, end, w);
                    }
                }
            }
        }
        self.scratch.push(scratch);
        let accepts = |s: u32| if forward { path.accepting.get(s as usize) == Some(&true) && (s > 0 || stands) } else { s == 0 };
        let mut ends: Vec<(u32, A)> = met.into_iter().filter(|m| accepts(m.0)).map(|(_, node, w, _)| (node, w)).collect();
        ends.sort_by_key(|e| e.0);
        ends.dedup_by(|b, a| {
            let same = a.0 == b.0;
            if same {
                a.1.or(&b.1);
            }
            same
        });
        ends
    }

    /// Whether a walk without steps may stand on a node: it must be of the kinds of the path's ends.
    fn stands(&mut self, path: &Automaton, node: u32) -> bool {
        path.empty() && (self.is_kind(Val::node(node), &path.ends.0) || self.is_kind(Val::node(node), &path.ends.1))
    }

    fn walk_plain(
        &mut self,
        path: &Automaton,
        start: u32,
        forward: bool,
        a: &A,
        sink: &mut dyn FnMut(&mut Self, u32, A) -> bool,
    ) -> bool {
        let states = path.forward.len() + 1;
        let stands = self.stands(path, start);
        let nodes = self.graph.nodes() as usize;
        let mut scratch = self.scratch.pop().unwrap_or_default();
        let dense = states * nodes <= DENSE;
        let mut sparse: FxHashMap<(u32, u32), ()> = FxHashMap::default();
        if dense {
            scratch.begin(states * nodes);
        }
        scratch.queue.clear();
        // the last plane of marks says which nodes were passed on
        let last = states as u32 - 1;
        let accepts = |s: u32| if forward { path.accepting.get(s as usize) == Some(&true) } else { s == 0 };
        let mut fresh = |scratch: &mut Scratch, s: u32, node: u32| -> bool {
            if !dense {
                return sparse.insert((s, node), ()).is_none();
            }
            match scratch.marks.get_mut(s as usize * nodes + node as usize) {
                Some(m) if *m != scratch.epoch => {
                    *m = scratch.epoch;
                    true
                }
                _ => false,
            }
        };
        let starts: Vec<u32> =
            if forward { vec![0] } else { (0..last).filter(|s| path.accepting.get(*s as usize) == Some(&true)).collect() };
        let mut stop = false;
        for s in starts {
            if !stop && fresh(&mut scratch, s, start) {
                scratch.queue.push((s, start));
                if accepts(s) && (s > 0 || stands) && fresh(&mut scratch, last, start) {
                    stop = sink(self, start, a.clone());
                }
            }
        }
        let mut next = vec![];
        let mut i = 0;
        while let Some((s, node)) = scratch.queue.get(i).copied().filter(|_| !stop) {
            i += 1;
            if self.tick() {
                stop = true;
                break;
            }
            let table = if forward { &path.forward } else { &path.backward };
            'moves: for (m, t) in table.get(s as usize).into_iter().flatten() {
                next.clear();
                self.moves(*m, node, forward, &mut next);
                for (end, _) in next.drain(..) {
                    if !fresh(&mut scratch, *t, end) {
                        continue;
                    }
                    scratch.queue.push((*t, end));
                    if accepts(*t) && fresh(&mut scratch, last, end) && sink(self, end, a.clone()) {
                        stop = true;
                        break 'moves;
                    }
                }
            }
        }
        self.scratch.push(scratch);
        stop
    }

    /// The step of a regular path.
    pub(super) fn reach(&mut self, path: &Automaton, from: Arg, to: Arg, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if let Some(([f, t], fault)) = self.loosened([from, to]) {
            let a = self.blamed(&a, fault);
            if self.faulted {
                return true;
            }
            let stop = self.reach(path, f, t, rest, a, sink);
            self.tightened(&[from, to], &[f, t], fault);
            return stop;
        }
        let key = |m: &Self, arg: Arg| match arg {
            Arg::Key(s) => Some(m.get(s)),
            _ => None,
        };
        let (source, target) = (key(self, from), key(self, to));
        let node = |v: Option<Val>| match v {
            None => Ok(None),
            Some(v) => v.as_node().map(Some).ok_or(()),
        };
        let (Ok(source), Ok(target)) = (node(source), node(target)) else { return false };
        match (source, target) {
            (Some(x), t) => self.walk(path, x, true, &a, &mut |m, y, a| match t {
                Some(t) => (t == y || y == u32::MAX) && m.arrive(to, Some(y), a, rest, sink),
                None => m.arrive(to, Some(y), a, rest, sink),
            }),
            (None, Some(y)) => self.walk(path, y, false, &a, &mut |m, x, a| m.arrive(from, Some(x), a, rest, sink)),
            (None, None) => {
                let mut all = self.kind_set(&path.ends.0).elements.clone();
                let broken =
                    |m: &Self, s: &Move| matches!(s, Move::Rule(r) if m.relation(*r).is_some_and(|r| r.broken.is_some()));
                if let (Arg::Bind(s), Arg::Same(_)) = (from, to)
                    && path.closure
                    && !path.moves().iter().any(|m| broken(self, m))
                {
                    let circles = self.on_cycles(path);
                    if A::PLAIN || (self.exists.is_empty() && path.moves().iter().all(|m| matches!(m, Move::Edge(_)))) {
                        for x in circles {
                            self.set(s, Val::node(x));
                            if self.tick() || self.steps(rest, a.clone(), sink) {
                                return true;
                            }
                        }
                        return false;
                    }
                    // what lies on no cycle of all edges together lies on none in any world
                    all = circles.into_iter().map(Val::node).collect();
                }
                if path.empty() {
                    all.extend(&self.kind_set(&path.ends.1).elements);
                    all.sort();
                    all.dedup();
                }
                for x in &all {
                    let Some(n) = x.as_node() else { continue };
                    if let Arg::Bind(s) = from {
                        self.set(s, *x);
                    }
                    if !path.empty() && !self.leads(path, n) {
                        continue;
                    }
                    let stop = self.walk(path, n, true, &a, &mut |m, y, a| match to {
                        Arg::Same(_) if y != n && y != u32::MAX => false,
                        Arg::Same(_) => m.arrive(Arg::Any, Some(y), a, rest, sink),
                        _ => m.arrive(to, Some(y), a, rest, sink),
                    });
                    if stop {
                        return true;
                    }
                }
                false
            }
        }
    }

    /// Whether a first move from a node is possible at all.
    fn leads(&mut self, path: &Automaton, node: u32) -> bool {
        let mut next = vec![];
        for (m, _) in path.forward.first().into_iter().flatten() {
            if let Move::Rule(id) = m
                && self.relation(*id).is_some_and(|r| r.broken.is_some())
            {
                return true;
            }
            self.moves(*m, node, true, &mut next);
            if !next.is_empty() {
                return true;
            }
        }
        false
    }

    /// Continues at an end of a walk; `u32::MAX` stands for what a fault hides.
    fn arrive(&mut self, arg: Arg, node: Option<u32>, a: A, rest: &[Step], sink: Sink<'_, A>) -> bool {
        let v = match node {
            Some(u32::MAX) => Val::fault(a.faulty().map_or(0, |f| f.1)),
            Some(n) => Val::node(n),
            None => return false,
        };
        if let Arg::Bind(s) = arg {
            self.set(s, v);
        }
        self.halted() || self.steps(rest, a, sink)
    }

    /// The nodes that lie on a cycle of a closure: those of components of more than one node, and those with a move to themselves.
    fn on_cycles(&mut self, path: &Automaton) -> Vec<u32> {
        let moves = path.moves();
        let n = self.graph.nodes() as usize;
        let mut found = vec![];
        let (mut number, mut low) = (vec![0u32; n], vec![0u32; n]);
        let mut on_stack = vec![false; n];
        let mut stack: Vec<u32> = vec![];
        let mut counter = 0;
        let mut work: Vec<(u32, Vec<u32>, usize)> = vec![];
        let at = |list: &[u32], i: u32| list.get(i as usize).copied().unwrap_or(0);
        let put = |list: &mut [u32], i: u32, v: u32| {
            if let Some(x) = list.get_mut(i as usize) {
                *x = v;
            }
        };
        for root in 0..n as u32 {
            if at(&number, root) != 0 {
                continue;
            }
            let mut enter = Some(root);
            loop {
                if let Some(x) = enter.take() {
                    counter += 1;
                    put(&mut number, x, counter);
                    put(&mut low, x, counter);
                    stack.push(x);
                    if let Some(o) = on_stack.get_mut(x as usize) {
                        *o = true;
                    }
                    let mut next = vec![];
                    moves.iter().for_each(|m| self.moves(*m, x, true, &mut next));
                    work.push((x, next.into_iter().map(|e| e.0).collect(), 0));
                }
                if self.tick() {
                    return found;
                }
                let Some((x, next, i)) = work.last_mut() else { break };
                let x = *x;
                if let Some(y) = next.get(*i).copied() {
                    *i += 1;
                    if at(&number, y) == 0 {
                        enter = Some(y);
                    } else if on_stack.get(y as usize) == Some(&true) {
                        let l = at(&low, x).min(at(&number, y));
                        put(&mut low, x, l);
                    }
                    continue;
                }
                let itself = next.contains(&x);
                work.pop();
                if let Some((parent, ..)) = work.last() {
                    let l = at(&low, *parent).min(at(&low, x));
                    put(&mut low, *parent, l);
                }
                if at(&low, x) == at(&number, x) {
                    let mut members = 0;
                    while let Some(y) = stack.pop() {
                        if let Some(o) = on_stack.get_mut(y as usize) {
                            *o = false;
                        }
                        members += 1;
                        found.push(y);
                        if y == x {
                            break;
                        }
                    }
                    if members == 1 && !itself {
                        found.pop();
                    }
                }
            }
        }
        found.sort();
        found
    }

    /// A shortest walk, as nodes and the moves between them; ties go to the smaller node. Certain facts only; of the relations in
    /// `below` only those found in an earlier round than that.
    pub fn shortest(
        &mut self,
        path: &Automaton,
        from: u32,
        to: u32,
        below: Option<(&[RelId], u32)>,
    ) -> Option<Vec<(u32, Option<Move>)>> {
        let mut before: FxHashMap<(u32, u32), (u32, u32, Move)> = FxHashMap::default();
        let mut queue = vec![(0u32, from)];
        let accepts = |s: u32| path.accepting.get(s as usize) == Some(&true);
        if accepts(0) && from == to {
            return Some(vec![(from, None)]);
        }
        let mut i = 0;
        let mut next = vec![];
        while let Some((s, node)) = queue.get(i).copied() {
            i += 1;
            if self.tick() {
                return None;
            }
            for (m, t) in path.forward.get(s as usize).into_iter().flatten() {
                next.clear();
                self.moves(*m, node, true, &mut next);
                if let (Some((list, round)), Move::Rule(r)) = (below, m)
                    && list.contains(r)
                {
                    let found = |end: u32| self.relation(*r).and_then(|r| r.height(&[Val::node(node), Val::node(end)]));
                    next.retain(|e| found(e.0).is_some_and(|h| h < round));
                }
                next.sort_by_key(|e| e.0);
                for (end, _) in next.drain(..) {
                    // the start itself may be come back to: it has no entry of its own
                    if before.contains_key(&(*t, end)) {
                        continue;
                    }
                    before.insert((*t, end), (s, node, *m));
                    if end == to && accepts(*t) {
                        let mut walk = vec![];
                        let mut at = (*t, end);
                        let limit = before.len() + 1;
                        while let Some((s, node, m)) = before.get(&at).copied() {
                            walk.push((at.1, Some(m)));
                            at = (s, node);
                            if at == (0, from) || walk.len() > limit {
                                break;
                            }
                        }
                        walk.push((from, None));
                        walk.reverse();
                        // each node with the move that leads to it: shift so that each has the move that leaves it
                        let moves: Vec<Option<Move>> = walk.iter().skip(1).map(|x| x.1).chain([None]).collect();
                        return Some(walk.iter().zip(moves).map(|(x, m)| (x.0, m)).collect());
                    }
                    queue.push((*t, end));
                }
            }
        }
        None
    }
}
