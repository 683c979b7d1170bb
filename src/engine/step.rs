//! The steps of a block, one binding at a time: each step binds slots and passes on, the sink gets what reaches the end.
//!
//! It is long because the steps call each other: a step runs those behind it.
use super::annotation::Annotation;
use super::ends::Ends;
use super::formula::join;
use super::machine::{Machine, Sink, sort_of};
use super::relation::NO_ROW;
use crate::base::Place;
use crate::plan::{Arg, Block, Computed, Field, RelId, Scalar, Slot, Source, Step};
use crate::scalar::expression::FaultKind;
use crate::scalar::{Element, Fault, KindId, Type, Val, Value};
use crate::structure::schema::{AttrId, Sort};

impl<A: Annotation> Machine<A> {
    /// Runs a block from the present frame. Gives whether the sink (or a limit) stopped it.
    pub fn run(&mut self, block: &Block, a: A, sink: Sink<'_, A>) -> bool {
        self.steps(&block.steps, a, sink)
    }

    /// Runs the rest of a block.
    pub(super) fn steps(&mut self, steps: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        let Some((step, rest)) = steps.split_first() else { return sink(self, a) };
        match step {
            Step::Filter(f) => match self.truth(f, &a.possible()).and_then(|t| t.and(&a)) {
                Some(a) => self.halted() || self.steps(rest, a, sink),
                None => self.halted(),
            },
            Step::Scan { relation, args, value, source } => self.scan((*relation, args, *value, *source), rest, a, sink),
            Step::Edges { kind, edge, from, to } => self.edges((*kind, *edge, *from, *to), rest, a, sink),
            Step::Kind { ty, element } => self.kind(ty, *element, rest, a, sink),
            Step::AttrEq { plainly, .. } if !A::PLAIN && !self.overrides.is_empty() => {
                self.run(plainly, a, &mut |m, a| m.steps(rest, a, sink))
            }
            Step::AttrEq { attr, value, element, .. } => {
                let v = self.get(*value);
                if let Some(f) = v.as_fault() {
                    let a = self.blamed(&a, f);
                    self.set(*element, v);
                    return self.steps(rest, a, sink);
                }
                let index = self.by_attr(*attr);
                for e in index.get(&v).into_iter().flatten() {
                    if self.tick() {
                        return true;
                    }
                    if let Some(a) = self.existing(a.clone(), *e) {
                        self.set(*element, *e);
                        if self.steps(rest, a, sink) {
                            return true;
                        }
                    }
                }
                false
            }
            Step::Reach { path, from, to } => self.reach(path, *from, *to, rest, a, sink),
            Step::Range { list, key, var, place } => self.range((list, *key, *var, *place), rest, a, sink),
            Step::Read { slot, of, attr, place } => {
                let of = self.scalar(of);
                self.read((*slot, of, *attr, *place), rest, a, sink)
            }
            Step::ReadOpen { slot, of, name } => {
                let of = self.scalar(of);
                let v = if of.as_fault().is_some() {
                    of
                } else {
                    let record = self.graph.open_attrs(of);
                    match self.graph.dictionary.get(record) {
                        Some(Value::Record(fields)) => {
                            let v = fields.iter().find(|f| f.0 == *name).map_or(Value::None, |f| f.1.clone());
                            self.graph.dictionary.intern(v)
                        }
                        _ => Val::NONE,
                    }
                };
                self.bind(*slot, v, rest, a, sink)
            }
            Step::ReadField { slot, of, field } => {
                let of = self.scalar(of);
                if !A::PLAIN && *field == Field::Index && !self.exists.is_empty() && of.as_event().is_some() {
                    let pieces = self.index_pieces(of);
                    return self.pieces(*slot, pieces, rest, a, sink);
                }
                let v = self.field(of, *field);
                self.bind(*slot, v, rest, a, sink)
            }
            Step::Lookup { slot, kind, sort, id, now, place } => {
                let id = self.scalar(id);
                let v = if id.as_fault().is_some() || id == Val::NONE {
                    id
                } else {
                    let now = now.and_then(|s| self.get(s).as_event());
                    let seen = |e: &Val| now.is_none_or(|n| e.as_event().is_none_or(|e| e <= n));
                    match self.lookup(*kind, *sort, id).filter(seen) {
                        Some(e) => e,
                        None => {
                            let text = format!("there is no {} with the id {}", self.graph.schema.name(*kind), self.show(id));
                            self.fault(Fault::new(FaultKind::Missing, text), *place)
                        }
                    }
                };
                self.bind(*slot, v, rest, a, sink)
            }
            Step::Value { slot, relation, args } => self.value((*slot, *relation, args), rest, a, sink),
            Step::Let { slot, value } => {
                let v = self.scalar(value);
                self.bind(*slot, v, rest, a, sink)
            }
            Step::Aggregate { slot, spec } => {
                if let Some(v) = self.cell_value(spec.cell.as_ref(), Some(spec), &a.possible()) {
                    return self.bind(*slot, v, rest, a, sink);
                }
                let pieces = self.aggregate(spec, &a.possible());
                self.pieces(*slot, pieces, rest, a, sink)
            }
            Step::Truth { slot, formula } => {
                let worlds = a.possible();
                let truth = self.truth(formula, &worlds);
                let mut pieces = vec![];
                if let Some(t) = truth.as_ref().and_then(A::certain) {
                    pieces.push((Val::TRUE, t));
                }
                if let Some((w, f)) = truth.as_ref().and_then(A::faulty) {
                    pieces.push((Val::fault(f), w));
                }
                if let Some(f) = worlds.except_possible(truth.as_ref()) {
                    pieces.push((Val::FALSE, f));
                }
                self.pieces(*slot, pieces, rest, a, sink)
            }
            Step::Was { slot, value } => {
                let before = self.before;
                let Some(worlds) = a.possible().before(before) else { return self.halted() };
                let mut pieces = vec![];
                self.past += 1;
                self.run(&value.block, worlds, &mut |m, a| {
                    let v = m.scalar(&value.result);
                    pieces.extend(a.after(before).map(|a| (v, a)));
                    m.halted()
                });
                self.past -= 1;
                self.pieces(*slot, pieces, rest, a, sink)
            }
            Step::Choose { slot, condition, then, otherwise } => {
                let worlds = a.possible();
                let truth = self.truth(condition, &worlds);
                if self.halted() {
                    return true;
                }
                if let Some(a) = truth.as_ref().and_then(A::certain).and_then(|t| t.and(&a))
                    && self.computed(*slot, then, rest, a, sink)
                {
                    return true;
                }
                if let Some(a) = worlds.except_possible(truth.as_ref()).and_then(|f| f.and(&a))
                    && self.computed(*slot, otherwise, rest, a, sink)
                {
                    return true;
                }
                if let Some((w, f)) = truth.as_ref().and_then(A::faulty)
                    && let Some(a) = w.and(&a)
                {
                    return self.bind(*slot, Val::fault(f), rest, a, sink);
                }
                self.halted()
            }
            Step::Coalesce { slot, first, second } => match self.scalar(first) {
                Val::NONE => self.computed(*slot, second, rest, a, sink),
                v => self.bind(*slot, v, rest, a, sink),
            },
            Step::Past { spec, event } => self.past(spec, *event, rest, a, sink),
            Step::NotAfter(event, now) => match (self.get(*event).as_event(), self.get(*now).as_event()) {
                // what is not there (any more) is no part of the history
                (Some(e), Some(n)) if self.graph.order(e).is_none_or(|o| Some(o) > self.graph.order(n)) => false,
                _ => self.steps(rest, a, sink),
            },
            Step::Latest(block) => self.first_of(1, block, rest, a, sink),
            Step::Last(n, block) => self.first_of(*n, block, rest, a, sink),
            Step::Consecutive { slot, block, satisfies, cell } => match self.cell_value(cell.as_ref(), None, &a.possible()) {
                Some(v) => self.bind(*slot, v, rest, a, sink),
                None => self.consecutive((*slot, block, satisfies), rest, a, sink),
            },
            Step::Union(blocks) => {
                for b in blocks {
                    if self.run(b, a.clone(), &mut |m, a| m.steps(rest, a, sink)) {
                        return true;
                    }
                }
                false
            }
        }
    }

    #[inline]
    pub(super) fn bind(&mut self, slot: Slot, v: Val, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if self.faulted {
            return true;
        }
        self.set(slot, v);
        self.steps(rest, a, sink)
    }

    /// Continues once for each value, in the worlds in which it is that.
    pub(super) fn pieces(&mut self, slot: Slot, pieces: Vec<(Val, A)>, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        for (v, w) in pieces {
            if let Some(a) = a.and(&w)
                && self.bind(slot, v, rest, a, sink)
            {
                return true;
            }
        }
        self.halted()
    }

    /// Runs what computes a value, and continues with it in a slot.
    fn computed(&mut self, slot: Slot, c: &Computed, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        self.run(&c.block, a, &mut |m, a| {
            let v = m.scalar(&c.result);
            m.bind(slot, v, rest, a, sink)
        })
    }

    /// Binds or checks one column; gives whether it fits.
    #[inline]
    pub(super) fn fit(&mut self, arg: Arg, v: Val) -> bool {
        match arg {
            Arg::Any => true,
            Arg::Bind(s) => {
                self.set(s, v);
                true
            }
            Arg::Key(s) | Arg::Same(s) => self.get(s) == v,
        }
    }

    /// What is not known stands for all facts there could be: columns of elements take each of their kind, others the fault.
    fn unknown(&mut self, columns: &[(Arg, Option<Type>)], fault: u32, rest: &[Step], a: &A, sink: Sink<'_, A>) -> bool {
        let Some(((arg, ty), others)) = columns.split_first() else {
            let a = self.blamed(a, fault);
            return self.faulted || self.steps(rest, a, sink);
        };
        let kinds = ty.as_ref().filter(|t| sort_of(t).is_some());
        match (arg, kinds) {
            (Arg::Bind(s), Some(ty)) => {
                for e in &self.kind_set(ty).elements {
                    let Some(a) = self.existing(a.clone(), *e) else { continue };
                    self.set(*s, *e);
                    if self.unknown(others, fault, rest, &a, sink) {
                        return true;
                    }
                }
                self.halted()
            }
            (Arg::Any, Some(ty)) if self.kind_set(ty).elements.is_empty() => false,
            (Arg::Bind(s), None) => {
                self.set(*s, Val::fault(fault));
                self.unknown(others, fault, rest, a, sink)
            }
            _ => self.unknown(others, fault, rest, a, sink),
        }
    }

    /// If a key is a fault, it may be anything: then the step binds it instead, and what follows is blamed on the fault.
    pub(super) fn loosened<const N: usize>(&mut self, args: [Arg; N]) -> Option<([Arg; N], u32)> {
        let mut slots: Vec<Slot> = vec![];
        let mut fault = None;
        let args = args.map(|arg| match arg {
            Arg::Key(s) => match self.get(s).as_fault() {
                Some(_) if slots.contains(&s) => Arg::Same(s),
                Some(f) => {
                    slots.push(s);
                    fault = fault.or(Some(f));
                    Arg::Bind(s)
                }
                None => arg,
            },
            _ => arg,
        });
        Some((args, fault?))
    }

    /// Puts the faults back where `loosened` took keys for something to bind.
    pub(super) fn tightened(&mut self, before: &[Arg], after: &[Arg], fault: u32) {
        for (b, a) in before.iter().zip(after) {
            if let (Arg::Key(s), Arg::Bind(_)) = (b, a) {
                self.set(*s, Val::fault(fault));
            }
        }
    }

    fn scan(
        &mut self,
        (id, args, value, source): (RelId, &[Arg], Option<Slot>, Source),
        rest: &[Step],
        a: A,
        sink: Sink<'_, A>,
    ) -> bool {
        let mut key = [Val::NONE; 32];
        let mut keys = 0usize;
        let mut columns = 0u32;
        for (c, arg) in args.iter().enumerate().take(32) {
            if let Arg::Key(s) = arg {
                let v = self.get(*s);
                if let Some(f) = v.as_fault() {
                    let a = self.blamed(&a, f);
                    if self.faulted {
                        return true;
                    }
                    let mut seen: Vec<Slot> = vec![];
                    let loose: Vec<Arg> = args
                        .iter()
                        .map(|arg| match arg {
                            Arg::Key(s) if seen.contains(s) => Arg::Same(*s),
                            Arg::Key(s) if self.get(*s).as_fault().is_some() => {
                                seen.push(*s);
                                Arg::Bind(*s)
                            }
                            arg => *arg,
                        })
                        .collect();
                    let stop = self.scan((id, &loose, value, source), rest, a, sink);
                    self.tightened(args, &loose, f);
                    return stop;
                }
                if let Some(k) = key.get_mut(keys) {
                    *k = v;
                }
                keys += 1;
                columns |= 1 << c;
            }
        }
        let source = if self.naive { Source::Total } else { source };
        let Some(r) = self.relation(id) else { return false };
        let broken = if source == Source::Delta { &r.broken_delta } else { &r.broken };
        if let Some((worlds, fault)) = broken.as_ref().and_then(A::faulty) {
            let columns: Vec<(Arg, Option<Type>)> = args
                .iter()
                .copied()
                .zip(r.info.types.iter().cloned().map(Some))
                .chain(value.map(|v| (Arg::Bind(v), None)))
                .collect();
            if let Some(b) = worlds.and(&a)
                && self.unknown(&columns, fault, rest, &b, sink)
            {
                return true;
            }
        }
        // the values of a value rule may all be other ones where some could not be computed
        let Some(r) = self.relation(id) else { return false };
        let known = match &r.broken {
            Some(b) if value.is_some() => self.universe.except_possible(Some(b)).and_then(|known| a.and(&known)),
            _ => Some(a),
        };
        let Some(a) = known else { return false };
        let (low, high) = match source {
            Source::Delta if r.grows_only() => (r.old, r.visible),
            Source::Delta => {
                let mut i = 0;
                while let Some((row, w)) = self.relation(id).and_then(|r| r.delta.get(i)) {
                    let (row, w) = (*row, w.clone());
                    if let Some(a) = a.and(&w)
                        && self.row(id, args, value, row, rest, a, sink)
                    {
                        return true;
                    }
                    i += 1;
                }
                return false;
            }
            Source::Old if A::PLAIN => (0, r.old),
            _ => (0, r.visible),
        };
        if r.is_pairs() && keys == args.len() {
            return !self.tick()
                && self.relation(id).is_some_and(|r| r.contains(key.get(..keys).unwrap_or(&[])))
                && self.steps(rest, a, sink);
        }
        if r.is_pairs() && keys == 1 {
            let ends = Ends::Pairs { relation: id, columns, source };
            let other = if columns == 1 { args.get(1) } else { args.first() };
            let (Some(other), [key, ..]) = (other, key) else { return false };
            return self.each_end(ends, key, *other, rest, a, sink);
        }
        if keys > 0 && !r.loose.is_empty() {
            for n in r.loose.clone() {
                if (low..high).contains(&n) && self.row(id, args, value, n, rest, a.clone(), sink) {
                    return true;
                }
            }
        }
        let Some(r) = self.relation(id) else { return false };
        if keys == args.len() && keys <= 32 {
            let found = r.find(key.get(..keys).unwrap_or(&[])).filter(|n| (low..high).contains(n));
            return found.is_some_and(|n| self.row(id, args, value, n, rest, a, sink));
        }
        if keys == 0 {
            for n in low..high {
                if self.row(id, args, value, n, rest, a.clone(), sink) {
                    return true;
                }
            }
            return false;
        }
        // newest first
        let (index, mut n) = self.first_row(id, columns, key.get(..keys).unwrap_or(&[]));
        while n != NO_ROW && n >= low {
            if n < high && self.row(id, args, value, n, rest, a.clone(), sink) {
                return true;
            }
            n = self.relation(id).map_or(NO_ROW, |r| r.next(index, n));
        }
        false
    }

    /// Continues with one row of a relation.
    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn row(&mut self, id: RelId, args: &[Arg], value: Option<Slot>, n: u32, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if self.tick() {
            return true;
        }
        let mut a = a;
        if !A::PLAIN {
            match self.relation(id).and_then(|r| r.annotation(n)).and_then(|w| a.and(w)) {
                Some(b) => a = b,
                None => return false,
            }
        }
        for (c, arg) in args.iter().enumerate() {
            if *arg == Arg::Any {
                continue;
            }
            let v = self.relation(id).map_or(Val::NONE, |r| r.at(n, c));
            if !A::PLAIN && matches!(arg, Arg::Key(_) | Arg::Same(_)) && v.as_fault().is_some() {
                // the row is in doubt anyway
                continue;
            }
            if !self.fit(*arg, v) {
                return false;
            }
        }
        let Some(slot) = value else { return self.steps(rest, a, sink) };
        let mut i = 0;
        while let Some((v, w)) = self.relation(id).and_then(|r| r.pieces(n).get(i)) {
            let (v, w) = (*v, w.clone());
            i += 1;
            let Some(a) = a.and(&w) else { continue };
            self.set(slot, v);
            let stop = match v.as_fault() {
                Some(f) => {
                    let a = self.blamed(&a, f);
                    self.faulted || self.steps(rest, a, sink)
                }
                None => self.steps(rest, a, sink),
            };
            if stop {
                return true;
            }
        }
        false
    }

    fn edges(&mut self, (kind, edge, from, to): (KindId, Arg, Arg, Arg), rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if let Some(([e, f, t], fault)) = self.loosened([edge, from, to]) {
            let a = self.blamed(&a, fault);
            if self.faulted {
                return true;
            }
            let stop = self.edges((kind, e, f, t), rest, a, sink);
            self.tightened(&[edge, from, to], &[e, f, t], fault);
            return stop;
        }
        // whether the edge itself matters: if not, parallel edges in one world are one
        let each = edge != Arg::Any || !(A::PLAIN || self.exists.is_empty());
        let at = |m: &Self, arg: Arg| match arg {
            Arg::Key(s) => Some(m.get(s)),
            _ => None,
        };
        if let Some(e) = at(self, edge) {
            let Some(n) = e.as_edge().filter(|_| self.graph.kind_of(e) == Some(kind)) else { return false };
            let Some((f, t)) = self.graph.ends(n) else { return false };
            let Some(a) = self.existing(a, e) else { return self.halted() };
            return self.fit(from, Val::node(f)) && self.fit(to, Val::node(t)) && self.steps(rest, a, sink);
        }
        let (source, target) = (at(self, from), at(self, to));
        let ends = (source.map(Val::as_node), target.map(Val::as_node));
        let (f, t) = match ends {
            (Some(None), _) | (_, Some(None)) => return false,
            (f, t) => (f.flatten(), t.flatten()),
        };
        if !each {
            match (f, t) {
                (Some(f), Some(t)) => {
                    let there = self.graph.edges(kind).is_some_and(|table| !table.between(f, t).is_empty());
                    return self.tick() || (there && self.steps(rest, a, sink));
                }
                (Some(f), None) => return self.each_end(Ends::Targets(kind), Val::node(f), to, rest, a, sink),
                (None, Some(t)) => return self.each_end(Ends::Sources(kind), Val::node(t), from, rest, a, sink),
                (None, None) => {}
            }
        }
        let count = |m: &Self| match (m.graph.edges(kind), f, t) {
            (None, ..) => 0,
            (Some(table), Some(f), Some(t)) => table.between(f, t).len(),
            (Some(table), Some(f), None) => table.out(f).len(),
            (Some(table), None, Some(t)) => table.back(t).len(),
            (Some(table), None, None) => table.len(),
        };
        let n = count(self);
        let mut last = (u32::MAX, u32::MAX);
        let mut i = 0;
        while i < n {
            if self.tick() {
                return true;
            }
            let at = |m: &Self, i: usize| -> Option<(u32, u32, u32)> {
                let table = m.graph.edges(kind)?;
                let p = match (f, t) {
                    (Some(f), Some(t)) => table.between(f, t).nth(i),
                    (Some(f), None) => table.out(f).nth(i),
                    (None, Some(t)) => table.back(t).get(i).copied(),
                    (None, None) => Some(i as u32),
                }?;
                Some((*table.from.get(p as usize)?, *table.to.get(p as usize)?, table.base + p))
            };
            let Some((x, y, number)) = at(self, i) else { break };
            i += 1;
            if !each && (x, y) == last {
                continue;
            }
            last = (x, y);
            let mut here = self.existing(a.clone(), Val::edge(number));
            // if the edge itself does not matter, parallel ones are one, wherever any of them is
            while each && edge == Arg::Any && i < n {
                match at(self, i).filter(|next| (next.0, next.1) == (x, y)) {
                    Some((.., other)) => {
                        if let Some(more) = self.existing(a.clone(), Val::edge(other)) {
                            here = Some(join(here, &more));
                        }
                        i += 1;
                    }
                    None => break,
                }
            }
            let Some(a) = here else { continue };
            if self.fit(edge, Val::edge(number))
                && self.fit(from, Val::node(x))
                && self.fit(to, Val::node(y))
                && self.steps(rest, a, sink)
            {
                return true;
            }
        }
        false
    }

    fn kind(&mut self, ty: &Type, element: Arg, rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        match element {
            Arg::Key(s) | Arg::Same(s) => {
                let v = self.get(s);
                if let Some(f) = v.as_fault() {
                    let stop = self.unknown(&[(Arg::Bind(s), Some(ty.clone()))], f, rest, &a, sink);
                    self.set(s, v);
                    return self.faulted || stop;
                }
                if !self.is_kind(v, ty) {
                    return false;
                }
                match self.existing(a, v) {
                    Some(a) => self.steps(rest, a, sink),
                    None => false,
                }
            }
            Arg::Bind(_) | Arg::Any => {
                let set = self.kind_set(ty);
                for e in &set.elements {
                    if self.tick() {
                        return true;
                    }
                    if let Some(a) = self.existing(a.clone(), *e)
                        && self.fit(element, *e)
                        && self.steps(rest, a, sink)
                    {
                        return true;
                    }
                }
                false
            }
        }
    }

    fn range(
        &mut self,
        (list, key, var, place): (&Scalar, Option<Arg>, Arg, Place),
        rest: &[Step],
        a: A,
        sink: Sink<'_, A>,
    ) -> bool {
        let v = self.scalar(list);
        let args: Vec<(Arg, Option<Type>)> = key.into_iter().chain([var]).map(|a| (a, None)).collect();
        if let Some(f) = v.as_fault() {
            return self.unknown(&args, f, rest, &a, sink);
        }
        let entries: Vec<(Value, Value)> = match self.graph.dictionary.value(v) {
            Value::List(items) => items.iter().enumerate().map(|(i, v)| (Value::Int(i as i64), v.clone())).collect(),
            Value::Record(fields) if key.is_some() => fields.iter().map(|(k, v)| (Value::Text(k.clone()), v.clone())).collect(),
            _ => {
                let what = if v == Val::NONE { "an absent value".to_string() } else { self.show(v) };
                let fault = self.fault(Fault::new(FaultKind::Range, format!("{what} cannot be ranged over")), place);
                return self.unknown(&args, fault.as_fault().unwrap_or(0), rest, &a, sink);
            }
        };
        for (k, v) in entries {
            if self.tick() {
                return true;
            }
            let (k, v) = (self.graph.dictionary.intern(k), self.graph.dictionary.intern(v));
            if key.is_none_or(|arg| self.fit(arg, k)) && self.fit(var, v) && self.steps(rest, a.clone(), sink) {
                return true;
            }
        }
        false
    }

    fn read(&mut self, (slot, of, attr, place): (Slot, Val, AttrId, Place), rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        if of.as_fault().is_some() || of == Val::NONE {
            return self.bind(slot, of, rest, a, sink);
        }
        let mut left = Some(a);
        if !A::PLAIN && !self.exists.is_empty() {
            let here = self.existence(of);
            let gone = self.universe.except_certain(here.as_ref());
            if let Some(b) = gone.and_then(|g| left.as_ref().and_then(|l| l.and(&g))) {
                let v = if self.past > 0 {
                    Val::NONE
                } else if self.as_it_was {
                    self.graph.attr(of, attr)
                } else {
                    let text = format!("{} does not exist here", self.show(of));
                    self.fault(Fault::new(FaultKind::Missing, text), place)
                };
                if self.bind(slot, v, rest, b, sink) {
                    return true;
                }
            }
            left = here.and_then(|h| left.and_then(|l| l.and(&h)));
        }
        if !A::PLAIN && !self.overrides.is_empty() {
            let pieces = self.overrides.get(&(of, attr)).cloned().unwrap_or_default();
            for (v, w) in pieces {
                if let Some(b) = left.as_ref().and_then(|l| l.and(&w))
                    && self.bind(slot, v, rest, b, sink)
                {
                    return true;
                }
                left = left.and_then(|l| self.universe.except_certain(Some(&w)).and_then(|u| l.and(&u)));
            }
        }
        let Some(a) = left else { return self.halted() };
        if self.graph.schema.attr(attr).is_some_and(|d| d.mechanism) {
            return self.read_mechanism(slot, (attr, of), rest, a, sink);
        }
        let v = self.graph.attr(of, attr);
        self.bind(slot, v, rest, a, sink)
    }

    /// How many events are before one, by worlds: those that are there.
    fn index_pieces(&mut self, of: Val) -> Vec<(Val, A)> {
        let n = of.as_event().unwrap_or(0);
        let before: Vec<Option<A>> = (0..n).filter_map(|e| self.exists.get(&Val::event(e)).cloned()).collect();
        let mut counts: Vec<(i64, A)> = vec![(i64::from(n) - before.len() as i64, self.universe.clone())];
        for there in before {
            let mut next: Vec<(i64, A)> = vec![];
            let mut put = |n: i64, a: A| match next.iter_mut().find(|x| x.0 == n) {
                Some(x) => {
                    x.1.or(&a);
                }
                None => next.push((n, a)),
            };
            for (n, a) in counts {
                if let Some(with) = there.as_ref().and_then(|t| t.and(&a)) {
                    put(n + 1, with);
                }
                if let Some(without) = a.except_certain(there.as_ref()) {
                    put(n, without);
                }
            }
            counts = next;
        }
        counts.into_iter().map(|(n, a)| (self.graph.dictionary.intern(Value::Int(n)), a)).collect()
    }

    /// A field of an element; absent if the element is.
    pub fn field(&mut self, of: Val, field: Field) -> Val {
        if of.as_fault().is_some() || of == Val::NONE {
            return of;
        }
        match (field, of.as_node(), of.as_edge(), of.as_event()) {
            (Field::Id, Some(n), ..) => self.graph.node_id(n),
            (Field::Id, _, Some(e), _) => self.graph.edge_id(e),
            (Field::Id, _, _, Some(e)) => self.graph.interned_id(e),
            (Field::From, _, Some(e), _) => self.graph.ends(e).map_or(Val::NONE, |x| Val::node(x.0)),
            (Field::To, _, Some(e), _) => self.graph.ends(e).map_or(Val::NONE, |x| Val::node(x.1)),
            (Field::At, _, _, Some(e)) => match self.graph.event_at(e) {
                Some(t) => self.graph.dictionary.intern(Value::Time(t)),
                None => Val::NONE,
            },
            (Field::Index, _, _, Some(e)) => {
                let index = match self.graph.live() {
                    Some(live) => live.get(e).map_or(0, |r| r.index as i64),
                    None => i64::from(e),
                };
                self.graph.dictionary.intern(Value::Int(index))
            }
            _ => Val::NONE,
        }
    }

    fn value(&mut self, (slot, id, args): (Slot, RelId, &[Scalar]), rest: &[Step], a: A, sink: Sink<'_, A>) -> bool {
        let mut key = Vec::with_capacity(args.len());
        for s in args {
            let v = self.scalar(s);
            if v.as_fault().is_some() {
                return self.bind(slot, v, rest, a, sink);
            }
            key.push(v);
        }
        let mut left = Some(a);
        let broken = self.relation(id).and_then(|r| r.broken.as_ref().and_then(A::faulty));
        if let Some((w, f)) = broken {
            if let Some(b) = left.as_ref().and_then(|l| l.and(&w))
                && self.bind(slot, Val::fault(f), rest, b, sink)
            {
                return true;
            }
            left = self.universe.except_certain(Some(&w)).and_then(|u| left.and_then(|l| l.and(&u)));
        }
        let pieces = match self.relation(id) {
            // what a fault in a key hides comes behind what is known
            Some(r) => r
                .find(&key)
                .into_iter()
                .chain(r.loose.iter().copied().filter(|n| r.may_match(*n, &key)))
                .flat_map(|n| r.pieces(n))
                .cloned()
                .collect(),
            None => vec![],
        };
        for (v, w) in pieces {
            let Some(l) = left else { return self.halted() };
            if let Some(b) = l.and(&w)
                && self.bind(slot, v, rest, b, sink)
            {
                return true;
            }
            left = self.universe.except_certain(Some(&w)).and_then(|u| l.and(&u));
        }
        match left {
            Some(a) => self.bind(slot, Val::NONE, rest, a, sink),
            None => self.halted(),
        }
    }

    /// The element behind a value, for reports.
    pub fn element(&self, v: Val) -> Option<Element> {
        match self.graph.dictionary.value(v) {
            Value::Element(e) => Some(e),
            _ => None,
        }
    }

    /// The sort of a kind.
    pub fn sort(&self, kind: KindId) -> Option<Sort> {
        self.graph.schema.kind(kind).map(|k| k.sort)
    }
}
