//! Nearest misses of policies: of what a refusal did not find, what came closest, and what about it is wrong. Called by session's explain, for a
//! refusal that is shown, and by traced, for the violations that are listed.
use super::policy;
use crate::base::{Place, Sources};
use crate::engine::{Annotation, Machine};
use crate::plan::policy::PolicyPlan;
use crate::plan::want::{Leaf, Sought, Want};
use crate::plan::{Effect, policy::PolicyAct};
use crate::scalar::instant::format_duration;
use crate::scalar::{Type, Val};
use crate::verdict::ruling::Nearest;
use std::cmp::Reverse;

/// So many candidates are looked at for one thing that is missed.
const CANDIDATES: usize = 1_000;
/// So many numbers of events are gone back for them.
const BACK: u32 = 20_000;
/// So many clauses that permit are looked at where none fires.
const CLAUSES: usize = 1_000;
const SECOND: i64 = 1_000_000;
/// A value or a condition is not shown longer.
const LONGEST: usize = 100;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How many events of the history before the one that is refused; none: as many as are known.
    pub back: Option<u64>,
}

/// What came closest, before it is put into words.
#[derive(Clone, Debug)]
pub struct Miss {
    /// How many conditions fail.
    fails: usize,
    /// Whether a window does.
    outside: usize,
    /// When it happened that came closest.
    order: (i64, u32),
    parts: Vec<Part>,
    /// The clause, if it is one that would have permitted, and its policy.
    permit: Option<(Place, String)>,
}

/// What is wrong.
#[derive(Clone, Debug)]
enum Part {
    /// A condition.
    That(Failed),
    /// A condition of which only that is known.
    Unseen(Place, bool),
    /// With what came closest.
    Found { shown: String, before: Option<i64>, outside: Option<String>, failed: Vec<Failed> },
    /// There is nothing of the kind.
    Nothing(String),
}

/// A condition that is not as it should be.
#[derive(Clone, Debug)]
struct Failed {
    place: Place,
    not: bool,
    sides: Option<(String, String)>,
    fault: bool,
}

impl Miss {
    fn of(fails: usize, parts: Vec<Part>) -> Miss {
        Miss { fails, outside: 0, order: (i64::MIN, 0), parts, permit: None }
    }
    fn rank(&self) -> (usize, usize, Reverse<(i64, u32)>) {
        (self.fails, self.outside, Reverse(self.order))
    }
    /// Something that can be said, if there is any.
    fn settled(mut self) -> Option<Miss> {
        if let (1, [Part::Unseen(place, not)]) = (self.fails, self.parts.as_slice()) {
            // all else is as it should be, so it is this
            self.parts = vec![Part::That(Failed { place: *place, not: *not, sides: None, fault: false })];
        }
        self.parts.retain(|p| !matches!(p, Part::Unseen(..)));
        (self.fails + self.outside > 0 && !self.parts.is_empty()).then_some(self)
    }
    /// In words.
    pub fn told(&self, sources: &Sources) -> Nearest {
        let mut lacks = vec![];
        let mut texts = vec![];
        let mut event = None;
        for p in &self.parts {
            match p {
                Part::That(f) => {
                    texts.push(f.told(sources));
                    lacks.push(f.condition(sources));
                }
                Part::Unseen(..) => {}
                Part::Nothing(kind) => texts.push(format!("no {kind} is known")),
                Part::Found { shown, before, outside, failed } => {
                    event = event.or_else(|| Some(shown.clone()));
                    let all: Vec<String> = failed.iter().map(|f| f.told(sources)).collect();
                    // by how little a window was missed is told exactly
                    let whole = |us: i64| if outside.is_none() && us > SECOND { us - us % SECOND } else { us };
                    let before = before.map(|us| format!("{} before", format_duration(whole(us))));
                    texts.push(match (outside, before) {
                        (Some(window), Some(before)) if all.is_empty() => {
                            format!("{shown} fits, but {before}: outside `{window}`")
                        }
                        (Some(window), Some(before)) => {
                            format!("{shown}, {before}, but outside `{window}`, and {}", all.join(", and "))
                        }
                        (_, Some(before)) => format!("{shown}, {before}, but {}", all.join(", and ")),
                        (_, None) => format!("{shown}, but {}", all.join(", and ")),
                    });
                    lacks.extend(outside.iter().cloned());
                    lacks.extend(failed.iter().map(|f| f.condition(sources)));
                }
            }
        }
        let text = texts.join("; ");
        let text = match &self.permit {
            Some((place, policy)) => format!("`{}` of `{policy}`, but {text}", quoted(sources, *place)),
            None => text,
        };
        Nearest { text, event, lacks }
    }
}

impl Failed {
    fn condition(&self, sources: &Sources) -> String {
        let text = quoted(sources, self.place);
        if self.not { format!("not {text}") } else { text }
    }
    fn told(&self, sources: &Sources) -> String {
        let text = quoted(sources, self.place);
        let is = if self.not { "true" } else { "false" };
        match &self.sides {
            _ if self.fault => format!("`{text}` cannot be computed"),
            Some((a, b)) if a == b => format!("`{text}` is {is}: both are {a}"),
            Some((a, b)) => format!("`{text}` is {is}: {a} and {b}"),
            None => format!("`{text}` is {is}"),
        }
    }
}

fn quoted(sources: &Sources, place: Place) -> String {
    short(sources.text(place).split_whitespace().collect::<Vec<_>>().join(" "))
}

fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// What came closest to what a clause that fires at an event did not find.
pub fn missed<A: Annotation>(
    m: &mut Machine<A>,
    plan: &PolicyPlan,
    clause: usize,
    event: Val,
    worlds: &A,
    extent: Extent,
) -> Option<Miss> {
    let want = plan.clauses.get(clause)?.want.clone()?;
    let faults = m.faults.len();
    let mut found = None;
    policy::first_firing(m, plan, clause, event, worlds, &mut |m, a| {
        m.slots.resize(plan.wide as usize, Val::NONE);
        found = Some(Look { extent, worlds: a.possible() }.miss(m, &want));
    });
    m.quiet(faults);
    found?.settled()
}

/// Of the clauses that permit, the one that came closest at an event that none permits.
pub fn unpermitted<A: Annotation>(
    m: &mut Machine<A>,
    plans: &[PolicyPlan],
    event: Val,
    worlds: &A,
    extent: Extent,
) -> Option<Miss> {
    let faults = m.faults.len();
    let mut best: Option<Miss> = None;
    let mut looked = 0;
    for plan in plans.iter().filter(|p| p.permits) {
        if looked >= CLAUSES {
            break;
        }
        if !m.is_kind(event, &plan.ty) {
            continue;
        }
        for c in &plan.clauses {
            let (PolicyAct::Effect(Effect::Permit, _), Some(want)) = (&c.form, &c.want) else { continue };
            looked += 1;
            let mut found = None;
            policy::begin(m, plan, event);
            m.run(&plan.lets, worlds.clone(), &mut |m, a| {
                m.slots.resize(plan.wide as usize, Val::NONE);
                found = Some(Look { extent, worlds: a.possible() }.miss(m, want));
                true
            });
            m.elsewhere = None;
            m.quiet(faults);
            let Some(miss) = found.and_then(Miss::settled) else { continue };
            if best.as_ref().is_none_or(|b| (miss.fails + miss.outside, miss.outside) < (b.fails + b.outside, b.outside)) {
                best = Some(Miss { permit: Some((c.place, plan.title.to_string())), ..miss });
            }
        }
    }
    best
}

struct Look<A> {
    extent: Extent,
    worlds: A,
}

impl<A: Annotation> Look<A> {
    fn miss(&self, m: &mut Machine<A>, want: &Want) -> Miss {
        match want {
            Want::All(list) => {
                let mut all = Miss::of(0, vec![]);
                for w in list {
                    let one = self.miss(m, w);
                    all.fails += one.fails;
                    all.outside += one.outside;
                    all.order = all.order.max(one.order);
                    all.parts.extend(one.parts);
                }
                all
            }
            Want::Any(list) => {
                let all = list.iter().map(|w| self.miss(m, w)).collect::<Vec<_>>();
                all.into_iter().min_by_key(Miss::rank).unwrap_or_else(|| Miss::of(0, vec![]))
            }
            Want::Then(first, second) => {
                let one = self.miss(m, first);
                if one.fails + one.outside > 0 { one } else { self.miss(m, second) }
            }
            Want::That(leaf) => match (&leaf.formula, self.failed(m, leaf)) {
                (None, _) => Miss::of(1, vec![Part::Unseen(placed(m, leaf.place), leaf.not)]),
                (_, None) => Miss::of(0, vec![]),
                (_, Some(f)) => Miss::of(1, vec![Part::That(f)]),
            },
            Want::Some(s) => self.closest(m, s),
        }
    }

    /// What is wrong with a condition, if it is not as it should be.
    fn failed(&self, m: &mut Machine<A>, leaf: &Leaf) -> Option<Failed> {
        let formula = leaf.formula.as_ref()?;
        let faults = m.faults.len();
        let t = m.truth(formula, &self.worlds);
        let everywhere = t.as_ref().is_some_and(|t| self.worlds.except_certain(Some(t)).is_none());
        let fault = m.halted() || t.as_ref().is_some_and(|t| t.faulty().is_some());
        m.quiet(faults);
        let met = !fault && if leaf.not { t.is_none() } else { everywhere };
        if met {
            return None;
        }
        let place = placed(m, leaf.place);
        let sides = leaf.sides.as_ref().filter(|_| !fault).and_then(|s| {
            let mut side = |c: &crate::plan::Computed| {
                let mut shown = None;
                m.run(&c.block, self.worlds.clone(), &mut |m, _| {
                    let v = m.scalar(&c.result);
                    shown = v.as_fault().is_none().then(|| short(m.show(v)));
                    true
                });
                m.quiet(faults);
                shown
            };
            Some((side(&s.0)?, side(&s.1)?))
        });
        Some(Failed { place, not: leaf.not, sides, fault })
    }

    /// Of what there is of a kind, what fails the fewest conditions; of those the latest.
    fn closest(&self, m: &mut Machine<A>, s: &Sought) -> Miss {
        let now = m.get(s.now);
        let at = now.as_event().and_then(|n| m.graph.event_at(n)).unwrap_or(0);
        let mut best: Option<(Miss, Val)> = None;
        for v in self.candidates(m, s, now) {
            m.set(s.slot, v);
            let order = v.as_event().and_then(|n| m.graph.order(n)).unwrap_or((i64::MIN, 0));
            let outside = usize::from(v.as_event().is_some() && window(s, at).is_some_and(|start| order.0 < start));
            let mut failed = vec![];
            for c in &s.conditions {
                failed.extend(self.failed(m, c));
                if best.as_ref().is_some_and(|b| failed.len() > b.0.fails) {
                    break;
                }
            }
            let shown = String::new();
            let part = Part::Found { shown, before: None, outside: None, failed };
            let Part::Found { failed, .. } = &part else { continue };
            let miss = Miss { outside, order, ..Miss::of(failed.len(), vec![part]) };
            if best.as_ref().is_none_or(|b| miss.rank() < b.0.rank()) {
                best = Some((miss, v));
            }
        }
        m.set(s.slot, Val::NONE);
        let Some((mut miss, v)) = best else {
            return Miss::of(s.conditions.len().max(1), vec![Part::Nothing(other(m, s, now))]);
        };
        if miss.fails + miss.outside == 0 {
            return Miss::of(0, vec![]);
        }
        if let Some(Part::Found { shown, before, outside, .. }) = miss.parts.first_mut() {
            *shown = m.show(v);
            *before = v.as_event().and_then(|n| m.graph.event_at(n)).map(|then| at.saturating_sub(then));
            *outside = (miss.outside > 0).then(|| match (&s.per, s.within) {
                (Some((unit, zone)), _) => format!("per {} in \"{zone}\"", unit.word()),
                (None, within) => format!("within {}", format_duration(within.unwrap_or(0))),
            });
        }
        miss
    }

    /// What there is of a kind: of events, those before the one that is now, the latest first.
    fn candidates(&self, m: &mut Machine<A>, s: &Sought, now: Val) -> Vec<Val> {
        if !matches!(s.ty, Type::Event(_)) {
            let all = m.kind_set(&s.ty);
            let there = all.elements.iter().copied().filter(|v| m.existing(self.worlds.clone(), *v).is_some());
            return there.take(CANDIDATES).collect();
        }
        let Some((n, order)) = now.as_event().and_then(|n| Some((n, m.graph.order(n)?))) else { return vec![] };
        let first = self.extent.back.map_or(0, |back| index(m, n).saturating_sub(back));
        let mut all: Vec<((i64, u32), Val)> = vec![];
        for e in (n.saturating_sub(BACK)..=n).rev() {
            let v = Val::event(e);
            if e == n || !m.is_kind(v, &s.ty) {
                continue;
            }
            let Some(then) = m.graph.order(e).filter(|o| *o <= order) else { continue };
            if index(m, e) < first || m.existing(self.worlds.clone(), v).is_none() {
                continue;
            }
            all.push((then, v));
            if all.len() >= CANDIDATES {
                break;
            }
        }
        all.sort_by_key(|c| Reverse(c.0));
        all.into_iter().map(|c| c.1).collect()
    }
}

/// Where a place of the plan stands in truth.
fn placed<A: Annotation>(m: &Machine<A>, place: Place) -> Place {
    m.elsewhere.as_ref().map_or(place, |e| e.of(place))
}

/// How many events of the history are before one.
fn index<A: Annotation>(m: &Machine<A>, n: u32) -> u64 {
    m.graph.live().map_or(Some(u64::from(n)), |l| l.get(n).map(|r| r.index)).unwrap_or(0)
}

/// What is sought, as it is called; the event that is now is not meant.
fn other<A: Annotation>(m: &mut Machine<A>, s: &Sought, now: Val) -> String {
    let name = m.type_name(&s.ty);
    if m.is_kind(now, &s.ty) { format!("other {name}") } else { name }
}

/// When the window of what is sought begins, if it has one.
fn window(s: &Sought, now: i64) -> Option<i64> {
    let within = s.within.map(|d| now.saturating_sub(d));
    let per = s.per.as_ref().and_then(|(unit, zone)| unit.start(now, zone));
    within.max(per)
}
