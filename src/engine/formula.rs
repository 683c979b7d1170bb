//! Formulas: in which worlds of a set they are true, in which they may be. Used by filters, demands and aggregates.
use super::annotation::Annotation;
use super::machine::Machine;
use crate::plan::{Block, CountTest, Formula, Slot};
use crate::scalar::Val;
use rustc_hash::FxHashMap;

impl<A: Annotation> Machine<A> {
    /// The truth of a formula over the present frame, within a set of worlds.
    pub fn truth(&mut self, f: &Formula, worlds: &A) -> Option<A> {
        match f {
            Formula::Const(true) => Some(worlds.clone()),
            Formula::Const(false) => None,
            Formula::And(parts) => {
                let mut all = worlds.clone();
                for p in parts {
                    let t = self.truth(p, &all.possible())?;
                    all = all.and(&t)?;
                }
                Some(all)
            }
            Formula::Or(parts) => {
                let mut any: Option<A> = None;
                for p in parts {
                    let Some(left) = worlds.except_certain(any.as_ref()) else { break };
                    if let Some(t) = self.truth(p, &left) {
                        any = Some(join(any, &t));
                    }
                }
                any
            }
            Formula::Not(inner) => {
                let t = self.truth(inner, worlds);
                worlds.not(t.as_ref())
            }
            Formula::Test(c) => {
                if c.block.steps.is_empty() {
                    let v = self.scalar(&c.result);
                    return self.judged(v, worlds.clone());
                }
                let mut any: Option<A> = None;
                self.run(&c.block, worlds.clone(), &mut |m, a| {
                    let v = m.scalar(&c.result);
                    if let Some(t) = m.judged(v, a) {
                        any = Some(join(any.take(), &t));
                    }
                    m.halted()
                });
                any
            }
            Formula::Exists(block) => {
                let mut any: Option<A> = None;
                self.run(block, worlds.clone(), &mut |m, a| {
                    any = Some(join(any.take(), &a));
                    m.halted() || worlds.except_certain(any.as_ref()).is_none()
                });
                any
            }
            Formula::Was(inner) => {
                let before = self.before;
                self.past += 1;
                let t = worlds.before(before).and_then(|w| self.truth(inner, &w));
                self.past -= 1;
                t.and_then(|t| t.after(before)).and_then(|t| t.and(worlds))
            }
            Formula::Decided(effect, policy, event) => {
                let mut any: Option<A> = None;
                self.run(&event.block, worlds.clone(), &mut |m, a| {
                    let v = m.scalar(&event.result);
                    let t = match v.as_fault() {
                        Some(f) => Some(m.blamed(&a, f)),
                        None => m.decided(v, (*effect, *policy), &a),
                    };
                    if let Some(t) = t {
                        any = Some(join(any.take(), &t));
                    }
                    m.halted()
                });
                any
            }
            Formula::Known(n) => self.known.get(*n).cloned().flatten().and_then(|k| k.and(worlds)),
            Formula::Counted { test, block, binders, repeats } => self.counted(*test, block, binders, *repeats, worlds),
        }
    }

    /// The worlds in which a truth value is true, or a fault.
    fn judged(&mut self, v: Val, worlds: A) -> Option<A> {
        if v == Val::TRUE {
            return Some(worlds);
        }
        v.as_fault().map(|f| self.blamed(&worlds, f))
    }

    /// A counted quantifier: true (false) where the certain (possible) bindings decide it, else a fault.
    fn counted(&mut self, test: CountTest, block: &Block, binders: &[Slot], repeats: bool, worlds: &A) -> Option<A> {
        let mut all: Vec<A> = vec![];
        let mut seen: FxHashMap<Vec<Val>, usize> = FxHashMap::default();
        let enough = match test {
            CountTest::Exactly(n) | CountTest::AtMost(n) => n.saturating_add(1),
            CountTest::AtLeast(n) => n,
        };
        // what ranges over an unknown list may have any number of bindings
        let mut endless: Option<A> = None;
        self.run(block, worlds.clone(), &mut |m, a| {
            if binders.iter().any(|s| m.get(*s).as_fault().is_some()) {
                endless = Some(join(endless.take(), &a));
            }
            if repeats {
                let key: Vec<Val> = binders.iter().map(|s| m.get(*s)).collect();
                match seen.get(&key).and_then(|i| all.get_mut(*i)) {
                    Some(old) => {
                        old.or(&a);
                        return m.halted();
                    }
                    None => {
                        seen.insert(key, all.len());
                    }
                }
            }
            all.push(a);
            m.halted() || (A::PLAIN && all.len() as u64 >= enough)
        });
        // levels: in which worlds at least i are certain (possible)
        let levels = |part: &dyn Fn(&A) -> Option<A>| -> Vec<A> {
            let mut levels: Vec<A> = vec![];
            for a in &all {
                let Some(mut carry) = part(a) else { continue };
                let mut done = false;
                for l in levels.iter_mut() {
                    let both = l.and(&carry);
                    l.or(&carry);
                    match both {
                        Some(b) => carry = b,
                        None => {
                            done = true;
                            break;
                        }
                    }
                }
                if !done && (levels.len() as u64) < enough {
                    levels.push(carry);
                }
            }
            levels
        };
        let certain = levels(&A::certain);
        let possible = levels(&|a| Some(a.possible()));
        let fault = all.iter().find_map(|a| a.faulty()).map_or(0, |f| f.1);
        // at least n: certain where n are certain, possible where n are possible
        let at_least = |n: u64| -> Option<A> {
            if n == 0 {
                return Some(worlds.clone());
            }
            let c = certain.get(n as usize - 1).cloned();
            let endless = endless.as_ref().map(A::possible);
            let p = match (possible.get(n as usize - 1), endless) {
                (p, Some(e)) => join(p.cloned(), &e),
                (p, None) => p?.clone(),
            };
            match (c, p.except_certain(certain.get(n as usize - 1))) {
                (Some(c), Some(rest)) => Some(join(Some(c), &rest.blame(fault))),
                (Some(c), None) => Some(c),
                (None, _) => Some(p.blame(fault)),
            }
        };
        match test {
            CountTest::AtLeast(n) => at_least(n),
            CountTest::AtMost(n) => worlds.not(n.checked_add(1).and_then(at_least).as_ref()),
            CountTest::Exactly(n) => {
                let enough = at_least(n)?;
                worlds.not(n.checked_add(1).and_then(at_least).as_ref())?.and(&enough)
            }
        }
    }
}

/// Both derivations.
pub fn join<A: Annotation>(a: Option<A>, b: &A) -> A {
    match a {
        None => b.clone(),
        Some(mut a) => {
            a.or(b);
            a
        }
    }
}
