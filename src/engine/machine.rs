//! The state of a run: the structure, the relations, the frame of slots, what is cached. Driven by fixpoint and by demand.
use super::annotation::{Annotation, Before};
use super::budget::{Budget, Limit, Reached};
use super::fault::{Elsewhere, Faults};
use super::relation::{NO_ROW, Relation};
use crate::base::Place;
use crate::plan::{Effect, RelId, RelationInfo, Scalar, Slot};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Element, Fault, KindId, Kinds, Op, Type, Val, Value};
use crate::structure::graph::Graph;
use crate::structure::schema::{AttrId, Sort};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the caller of a block does with each binding; gives whether to stop.
pub type Sink<'s, A> = &'s mut dyn FnMut(&mut Machine<A>, A) -> bool;

/// A run over one structure (in one or many worlds).
pub struct Machine<A: Annotation> {
    /// The structure.
    pub graph: Graph,
    /// By `RelId`.
    pub relations: Vec<Relation<A>>,
    /// All worlds.
    pub universe: A,
    /// Those that are asked about; all, unless one is picked.
    pub here: A,
    /// The frame.
    pub slots: Vec<Val>,
    /// What could not be computed.
    pub faults: Faults,
    /// Where the places of the plan that is being run stand, if it is made for several.
    pub elsewhere: Option<Elsewhere>,
    /// Whether a fault happened in a run that cannot represent it: it must be begun again with another annotation.
    pub faulted: bool,
    /// Whether deltas are not used (a treatment of the tests).
    pub naive: bool,
    /// What it may use.
    pub budget: Budget,
    /// The limit that ended it, if one did.
    pub reached: Option<Reached>,
    /// Elements that exist in some worlds only.
    pub exists: FxHashMap<Val, Option<A>>,
    /// Attributes that have other values in some worlds, as disjoint sets; elsewhere the column's.
    pub overrides: FxHashMap<(Val, AttrId), Vec<(Val, A)>>,
    /// Which world is before each.
    pub before: Before,
    /// How many `was` are being read: what does not exist in the world before has no attributes there.
    pub(super) past: u32,
    /// Whether attributes of what does not exist here are read as they were before (messages).
    pub as_it_was: bool,
    /// Where formulas about verdicts are true, by the number that the plan has for them.
    pub known: Vec<Option<A>>,
    /// What was decided about events: the effect, the policy or all of them, the event.
    pub decided: FxHashMap<(Effect, Option<u32>, Val), A>,
    /// Indexes of events.
    pub(super) histories: Vec<super::past::History>,
    /// What is kept of events that come one at a time.
    pub(super) live: super::monitor::Live,
    /// Values of mechanisms' attributes, by element.
    pub mechanisms: FxHashMap<AttrId, FxHashMap<Val, Vec<(Val, A)>>>,
    /// Reads of mechanisms' attributes that are not computed yet (see `mechanism`).
    pub needs: Vec<(super::mechanism::Instance, A)>,
    /// Functions, by kind type, cached.
    kinds: FxHashMap<Type, Arc<KindSet>>,
    attr_index: FxHashMap<AttrId, Arc<FxHashMap<Val, Vec<Val>>>>,
    culprit: (String, Place),
    ticks: u64,
    looks: u64,
    pub(super) facts: u64,
    /// What path searches found, if it is kept: for who walks along few paths from few nodes again and again.
    pub walks: Option<super::path::Walks>,
    /// Scratch of path searches, reused.
    pub(super) scratch: Vec<super::path::Scratch>,
}

/// The elements of a type of kinds.
#[derive(Debug, Default)]
pub struct KindSet {
    /// Ascending.
    pub elements: Vec<Val>,
    fits: Vec<bool>,
}

impl<A: Annotation> Machine<A> {
    /// A run over a structure in the given worlds.
    pub fn new(graph: Graph, universe: A, budget: Budget) -> Self {
        Machine {
            graph,
            relations: vec![],
            here: universe.clone(),
            universe,
            slots: vec![],
            faults: Faults::default(),
            elsewhere: None,
            walks: None,
            faulted: false,
            naive: false,
            budget,
            reached: None,
            exists: FxHashMap::default(),
            overrides: FxHashMap::default(),
            before: Before::First,
            past: 0,
            as_it_was: false,
            known: vec![],
            decided: FxHashMap::default(),
            histories: vec![],
            live: super::monitor::Live::default(),
            mechanisms: FxHashMap::default(),
            needs: vec![],
            kinds: FxHashMap::default(),
            attr_index: FxHashMap::default(),
            culprit: (String::new(), Place::default()),
            ticks: 0,
            looks: 0,
            facts: 0,
            scratch: vec![],
        }
    }
    /// Makes the relations that plans know by now.
    pub fn declare(&mut self, infos: &[RelationInfo]) {
        for info in infos.iter().skip(self.relations.len()) {
            self.relations.push(Relation::new(info.clone(), self.graph.nodes()));
        }
    }
    /// Says what is being computed, for the diagnostic of a limit.
    pub fn working_on(&mut self, name: &str, place: Place) {
        self.culprit = (name.to_string(), place);
    }
    /// The place of what is being computed.
    pub(super) fn culprit_place(&self) -> Place {
        self.culprit.1
    }
    /// A fresh frame.
    pub fn frame(&mut self, slots: u32) {
        self.slots.clear();
        self.slots.resize(slots as usize, Val::NONE);
    }
    /// A slot.
    #[inline]
    pub fn get(&self, slot: Slot) -> Val {
        self.slots.get(slot as usize).copied().unwrap_or(Val::NONE)
    }
    /// Sets a slot.
    #[inline]
    pub fn set(&mut self, slot: Slot, v: Val) {
        if let Some(s) = self.slots.get_mut(slot as usize) {
            *s = v;
        }
    }
    /// A relation.
    #[inline]
    pub fn relation(&self, id: RelId) -> Option<&Relation<A>> {
        self.relations.get(id.0 as usize)
    }
    /// Records a fault.
    pub fn fault(&mut self, fault: Fault, place: Place) -> Val {
        if !A::FAULTS {
            self.faulted = true;
        }
        let place = self.elsewhere.as_ref().map_or(place, |e| e.of(place));
        self.faults.add(fault, place)
    }
    /// A binding's annotation, where a fault stands in its way.
    pub fn blamed(&mut self, a: &A, fault: u32) -> A {
        if !A::FAULTS {
            self.faulted = true;
        }
        match a.possible().blame(fault).and(a) {
            Some(b) => b,
            None => a.clone(),
        }
    }
    /// Whether the run must end: a limit, or a fault that it cannot represent.
    #[inline]
    pub fn halted(&self) -> bool {
        self.faulted || self.reached.is_some()
    }
    /// Counts a step; now and then looks at the limits. Gives whether to stop.
    #[inline]
    pub fn tick(&mut self) -> bool {
        self.ticks_of(1)
    }
    /// Counts several.
    #[inline]
    pub fn ticks_of(&mut self, n: usize) -> bool {
        let before = self.ticks >> 12;
        self.ticks += n as u64;
        if self.ticks >> 12 != before {
            self.look();
        }
        self.halted()
    }
    fn look(&mut self) {
        if self.budget.stopped() {
            self.limit(Limit::Stopped);
        }
        self.looks += 1;
        if self.looks.is_multiple_of(16) {
            let rows: u64 = self.relations.iter().map(Relation::bytes).sum();
            if rows + self.graph.dictionary.bytes() > self.budget.bytes {
                self.limit(Limit::Memory);
            }
        }
    }
    /// Counts new facts.
    #[inline]
    pub fn count_facts(&mut self, n: u64) {
        self.facts += n;
        if self.facts > self.budget.facts {
            self.limit(Limit::Facts);
        }
    }
    fn limit(&mut self, limit: Limit) {
        if self.reached.is_none() {
            self.reached = Some(Reached { limit, culprit: self.culprit.0.clone(), place: self.culprit.1 });
        }
    }
    /// In which worlds an element exists.
    pub fn existence(&self, element: Val) -> Option<A> {
        if A::PLAIN || self.exists.is_empty() {
            return Some(self.universe.clone());
        }
        match self.exists.get(&element) {
            Some(worlds) => worlds.clone(),
            None => Some(self.universe.clone()),
        }
    }
    /// An annotation, where an element exists.
    #[inline]
    pub fn existing(&self, a: A, element: Val) -> Option<A> {
        if A::PLAIN || self.exists.is_empty() {
            return Some(a);
        }
        match self.exists.get(&element) {
            Some(Some(worlds)) => a.and(worlds),
            Some(None) => None,
            None => Some(a),
        }
    }
    /// The elements of a type of kinds.
    pub fn kind_set(&mut self, ty: &Type) -> Arc<KindSet> {
        if let Some(k) = self.kinds.get(ty) {
            return k.clone();
        }
        // events that come one at a time are others each time
        let passing = self.graph.live().is_some() && matches!(ty, Type::Event(_));
        let set = match sort_of(ty) {
            Some((sort, kinds)) => {
                let mut fits = vec![false; self.graph.schema.kinds.len()];
                for k in self.graph.schema.below(sort, kinds) {
                    if let Some(f) = fits.get_mut(k.0 as usize) {
                        *f = true;
                    }
                }
                KindSet { elements: self.graph.of_kinds(sort, kinds), fits }
            }
            None => KindSet::default(),
        };
        let set = Arc::new(set);
        if !passing {
            self.kinds.insert(ty.clone(), set.clone());
        }
        set
    }
    /// Whether a value is an element of a type of kinds.
    pub fn is_kind(&mut self, v: Val, ty: &Type) -> bool {
        if let (Type::Event(kinds), Some(_)) = (ty, self.graph.live()) {
            return v.as_event().is_some() && self.graph.kind_of(v).is_some_and(|k| self.graph.schema.within(k, kinds));
        }
        let set = self.kind_set(ty);
        self.graph.kind_of(v).is_some_and(|k| set.fits.get(k.0 as usize) == Some(&true))
    }
    /// Elements by the stored value of an attribute.
    pub fn by_attr(&mut self, attr: AttrId) -> Arc<FxHashMap<Val, Vec<Val>>> {
        if let Some(i) = self.attr_index.get(&attr) {
            return i.clone();
        }
        let mut index: FxHashMap<Val, Vec<Val>> = FxHashMap::default();
        if let Some((kind, sort)) =
            self.graph.schema.attr(attr).and_then(|a| Some((a.kind, self.graph.schema.kind(a.kind)?.sort)))
        {
            for e in self.graph.of_kinds(sort, &Kinds::Of(Arc::new([kind]))) {
                index.entry(self.graph.attr(e, attr)).or_default().push(e);
            }
        }
        let index = Arc::new(index);
        self.attr_index.insert(attr, index.clone());
        index
    }
    /// A scalar expression over the present frame.
    pub fn scalar(&mut self, s: &Scalar) -> Val {
        match s {
            Scalar::Const(v) => *v,
            Scalar::Slot(slot) => self.get(*slot),
            Scalar::Op(op, args, place) => match args.as_slice() {
                [a, b] => {
                    let (a, b) = (self.scalar(a), self.scalar(b));
                    if a.as_fault().is_some() {
                        return a;
                    }
                    if b.as_fault().is_some() {
                        return b;
                    }
                    match fast(op, a, b) {
                        Some(v) => v,
                        None => self.apply(op, &[a, b], *place),
                    }
                }
                args => {
                    let mut values = Vec::with_capacity(args.len());
                    for a in args {
                        let v = self.scalar(a);
                        if v.as_fault().is_some() {
                            return v;
                        }
                        values.push(v);
                    }
                    self.apply(op, &values, *place)
                }
            },
        }
    }
    fn apply(&mut self, op: &Op, args: &[Val], place: Place) -> Val {
        if let (Op::Cast(ty), [v]) = (op, args)
            && let Some((sort, _)) = sort_of(ty.present())
        {
            return self.as_element(*v, ty, sort, place);
        }
        let values: Vec<Value> = args.iter().map(|v| self.graph.dictionary.value(*v)).collect();
        self.ticks_of(op.steps(&values));
        match op.apply(&values) {
            Ok(v) => {
                let v = self.graph.dictionary.intern(v);
                // large values fill the memory long before the next look
                if self.graph.dictionary.bytes() > self.budget.bytes {
                    self.limit(Limit::Memory);
                }
                v
            }
            Err(f) => self.fault(f, place),
        }
    }
    /// An id as the element that it names.
    fn as_element(&mut self, v: Val, ty: &Type, sort: Sort, place: Place) -> Val {
        if v == Val::NONE && ty.is_optional() {
            return v;
        }
        let present = ty.present().clone();
        if self.is_kind(v, &present) {
            return v;
        }
        let found = match sort_of(&present) {
            Some((_, kinds)) => {
                let kinds = self.graph.schema.below(sort, kinds);
                kinds.into_iter().find_map(|k| self.lookup(k, sort, v))
            }
            None => None,
        };
        match found {
            Some(e) => e,
            None => {
                let text = format!("there is no {} with the id {}", self.type_name(&present), self.show(v));
                self.fault(Fault::new(FaultKind::Missing, text), place)
            }
        }
    }
    /// The element of a kind and id.
    pub fn lookup(&self, kind: KindId, sort: Sort, id: Val) -> Option<Val> {
        match sort {
            Sort::Node => self.graph.find_node(kind, id).map(Val::node),
            Sort::Event => self.graph.find_event(kind, id).map(Val::event),
            Sort::Edge => None,
        }
    }
    /// A type as users write it.
    pub fn type_name(&self, ty: &Type) -> String {
        crate::scalar::types::describe(ty, &|k| self.graph.schema.name(k).to_string())
    }
    /// A value as it stands in a binding.
    pub fn show(&self, v: Val) -> String {
        let element = |e: Element| self.graph.show(e);
        crate::scalar::display::quoted(&self.graph.dictionary.value(v), &element)
    }
    /// A value as it stands in a message: an element by its id, an edge by its ends.
    pub fn plainly(&self, v: Val) -> String {
        if let Some(f) = v.as_fault() {
            return self.faults.get(f).map_or("?".into(), |f| format!("({})", f.fault.text));
        }
        let id = |n: u32| self.graph.dictionary.text(self.graph.node_id(n)).unwrap_or("?").to_string();
        let element = |e: Element| match e {
            Element::Node(n) => id(n),
            Element::Event(n) => self.graph.event_name(n).to_string(),
            Element::Edge(n) => match (self.graph.ends(n), self.graph.kind_of(v)) {
                (Some((x, y)), Some(k)) => format!("{} -{}-> {}", id(x), self.graph.schema.name(k), id(y)),
                _ => self.graph.show(e),
            },
        };
        crate::scalar::display::display(&self.graph.dictionary.value(v), &element)
    }
    /// The first row of a key in an index.
    pub fn first_row(&mut self, relation: RelId, columns: u32, key: &[Val]) -> (usize, u32) {
        match self.relations.get_mut(relation.0 as usize) {
            Some(r) => {
                let index = r.ensure_index(columns);
                (index, r.first(index, key))
            }
            None => (0, NO_ROW),
        }
    }
}

/// The sort and kinds of a type of elements.
pub fn sort_of(ty: &Type) -> Option<(Sort, &Kinds)> {
    match ty {
        Type::Node(k) => Some((Sort::Node, k)),
        Type::Edge(k) => Some((Sort::Edge, k)),
        Type::Event(k) => Some((Sort::Event, k)),
        _ => None,
    }
}

/// Operations on interned values that need no look at the dictionary.
#[inline]
fn fast(op: &Op, a: Val, b: Val) -> Option<Val> {
    match op {
        Op::Eq => Some(Val::bool(a == b)),
        Op::Ne => Some(Val::bool(a != b)),
        _ => {
            let (x, y) = (a.as_small()?, b.as_small()?);
            match op {
                Op::Lt => Some(Val::bool(x < y)),
                Op::Le => Some(Val::bool(x <= y)),
                Op::Gt => Some(Val::bool(x > y)),
                Op::Ge => Some(Val::bool(x >= y)),
                Op::Add => Val::small(x + y),
                Op::Sub => Val::small(x - y),
                _ => None,
            }
        }
    }
}
