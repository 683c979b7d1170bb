//! Regular paths as automata (Thompson's construction, without empty moves). Made by lowering, walked by the engine.
use super::ir::RelId;
use crate::scalar::{KindId, Type};
use std::cell::RefCell;
use std::sync::Arc;

/// A step over a binary relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Move {
    /// An edge of a kind.
    Edge(KindId),
    /// A fact of a derived relation.
    Rule(RelId),
}

/// Automata, each once: what walks along one may keep what it found by its address.
#[derive(Debug, Default)]
pub struct Automata(RefCell<Vec<Arc<Automaton>>>);

impl Automata {
    /// The one that is the same.
    pub fn of(&self, a: Automaton) -> Arc<Automaton> {
        let mut all = self.0.borrow_mut();
        if let Some(same) = all.iter().find(|b| ***b == a) {
            return same.clone();
        }
        let a = Arc::new(a);
        all.push(a.clone());
        a
    }
}

/// An automaton over moves. State 0 is the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Automaton {
    /// For each state, its moves and where they lead, sorted.
    pub forward: Vec<Vec<(Move, u32)>>,
    /// The same moves, backwards.
    pub backward: Vec<Vec<(Move, u32)>>,
    /// For each state, whether a walk may end there.
    pub accepting: Vec<bool>,
    /// The type of the nodes it starts from and ends at, for walks without steps and for unbound ends.
    pub ends: (Type, Type),
    /// Whether it is one or more steps over one set of relations, so that cycles are components.
    pub closure: bool,
    /// As written, for witnesses and plans.
    pub text: String,
}

/// How many states an automaton may have; `{1,100000}` is refused above it.
pub const MAX_STATES: usize = 4096;

/// A regular expression over moves.
#[derive(Clone, Debug)]
pub enum Regular {
    /// One step over any of these.
    Step(Vec<Move>),
    /// One after the other.
    Sequence(Vec<Regular>),
    /// Any of these.
    Either(Vec<Regular>),
    /// So many times.
    Repeat(Box<Regular>, u32, Option<u32>),
}

#[derive(Default)]
struct Builder {
    moves: Vec<Vec<(Move, u32)>>,
    empty: Vec<Vec<u32>>,
}

impl Builder {
    fn state(&mut self) -> Option<u32> {
        if self.moves.len() >= MAX_STATES * 4 {
            return None;
        }
        self.moves.push(vec![]);
        self.empty.push(vec![]);
        Some(self.moves.len() as u32 - 1)
    }
    fn join(&mut self, from: u32, to: u32) {
        if let Some(e) = self.empty.get_mut(from as usize) {
            e.push(to);
        }
    }
    /// The state after `r` begun in `from`.
    fn add(&mut self, r: &Regular, from: u32) -> Option<u32> {
        match r {
            Regular::Step(moves) => {
                let end = self.state()?;
                if let Some(m) = self.moves.get_mut(from as usize) {
                    m.extend(moves.iter().map(|x| (*x, end)));
                }
                Some(end)
            }
            Regular::Sequence(parts) => parts.iter().try_fold(from, |at, p| self.add(p, at)),
            Regular::Either(parts) => {
                let end = self.state()?;
                for p in parts {
                    let start = self.state()?;
                    self.join(from, start);
                    let last = self.add(p, start)?;
                    self.join(last, end);
                }
                Some(end)
            }
            Regular::Repeat(inner, least, most) => {
                let mut at = from;
                for _ in 0..*least {
                    at = self.add(inner, at)?;
                }
                match most {
                    None => {
                        let head = self.state()?;
                        self.join(at, head);
                        let last = self.add(inner, head)?;
                        self.join(last, head);
                        Some(head)
                    }
                    Some(most) => {
                        let end = self.state()?;
                        self.join(at, end);
                        for _ in *least..*most {
                            at = self.add(inner, at)?;
                            self.join(at, end);
                        }
                        Some(end)
                    }
                }
            }
        }
    }
}

impl Automaton {
    /// The automaton of a regular path; none if it would have too many states.
    pub fn new(path: &Regular, ends: (Type, Type), text: String) -> Option<Automaton> {
        let mut b = Builder::default();
        let start = b.state()?;
        let end = b.add(path, start)?;
        // empty moves are taken away: each state gets the moves of all states it reaches by them
        let n = b.moves.len();
        let mut closed: Vec<Vec<u32>> = Vec::with_capacity(n);
        for s in 0..n as u32 {
            let mut seen = vec![s];
            let mut i = 0;
            while let Some(&x) = seen.get(i) {
                for &y in b.empty.get(x as usize).into_iter().flatten() {
                    if !seen.contains(&y) {
                        seen.push(y);
                    }
                }
                i += 1;
            }
            closed.push(seen);
        }
        // only the start and the targets of moves remain
        let mut keep: Vec<u32> = vec![start];
        keep.extend(b.moves.iter().flatten().map(|(_, t)| *t));
        keep.sort();
        keep.dedup();
        if keep.len() > MAX_STATES {
            return None;
        }
        let number = |s: u32| keep.binary_search(&s).ok().map(|i| i as u32);
        let mut forward = vec![vec![]; keep.len()];
        let mut backward = vec![vec![]; keep.len()];
        let mut accepting = vec![false; keep.len()];
        for (i, s) in keep.iter().enumerate() {
            let reach = closed.get(*s as usize).map_or(&[][..], |c| c);
            if let Some(a) = accepting.get_mut(i) {
                *a = reach.contains(&end);
            }
            for x in reach {
                for (m, t) in b.moves.get(*x as usize).into_iter().flatten() {
                    let Some(t) = number(*t) else { continue };
                    if let Some(f) = forward.get_mut(i) {
                        f.push((*m, t));
                    }
                    if let Some(f) = backward.get_mut(t as usize) {
                        f.push((*m, i as u32));
                    }
                }
            }
        }
        for list in forward.iter_mut().chain(backward.iter_mut()) {
            list.sort();
            list.dedup();
        }
        let closure = matches!(path, Regular::Repeat(inner, 1, None) if matches!(**inner, Regular::Step(_)));
        Some(Automaton { forward, backward, accepting, ends, closure, text })
    }
    /// Whether a walk without steps is one of its walks.
    pub fn empty(&self) -> bool {
        self.accepting.first() == Some(&true)
    }
    /// The moves of a closure (see [`Automaton::closure`]).
    pub fn moves(&self) -> Vec<Move> {
        let mut moves: Vec<Move> = self.forward.iter().flatten().map(|(m, _)| *m).collect();
        moves.sort();
        moves.dedup();
        moves
    }
}
