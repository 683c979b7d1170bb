//! What a run over events keeps, as JSON, and back: events, cells, facts about events, faults. Indexes are made anew. Called by session's snapshot.
//!
//! Elements are written by their numbers, so it fits only a run of the same plans over the same structure.
use super::annotation::{Annotation, Kleene};
use super::cell::{Folded, Row, Running, State};
use super::machine::Machine;
use crate::base::{ItemId, Place, Span};
use crate::plan::RelId;
use crate::scalar::expression::FaultKind;
use crate::scalar::{Element, Fault, Float, KindId, Val, Value};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;

const KINDS: [FaultKind; 10] = [
    FaultKind::Overflow,
    FaultKind::Size,
    FaultKind::DivisionByZero,
    FaultKind::NotANumber,
    FaultKind::Cast,
    FaultKind::Range,
    FaultKind::Conflict,
    FaultKind::Cycle,
    FaultKind::Argument,
    FaultKind::Missing,
];

/// A value as JSON that can be read back to the bit.
pub fn write(v: &Value) -> Json {
    match v {
        Value::None => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::Float(x) => json!({ "f": format!("{:016x}", x.get().to_bits()) }),
        Value::Text(t) => Json::String(t.to_string()),
        Value::Time(t) => json!({ "t": t }),
        Value::Duration(d) => json!({ "d": d }),
        Value::Element(Element::Node(n)) => json!({ "n": n }),
        Value::Element(Element::Edge(n)) => json!({ "g": n }),
        Value::Element(Element::Event(n)) => json!({ "e": n }),
        Value::List(items) => Json::Array(items.iter().map(write).collect()),
        Value::Record(fields) => json!({ "r": fields.iter().map(|(k, v)| json!([&**k, write(v)])).collect::<Vec<_>>() }),
        Value::Lazy(l) => l.force().map_or(Json::Null, |v| write(&v)),
    }
}

/// The inverse of [`write`].
pub fn read(j: &Json) -> Option<Value> {
    Some(match j {
        Json::Null => Value::None,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => Value::Int(n.as_i64()?),
        Json::String(s) => Value::text(s.as_str()),
        Json::Array(items) => Value::list(items.iter().map(read).collect::<Option<_>>()?),
        Json::Object(fields) => {
            let (tag, v) = fields.iter().next()?;
            let number = || u32::try_from(v.as_u64()?).ok();
            match tag.as_str() {
                "f" => Value::Float(Float::new(f64::from_bits(u64::from_str_radix(v.as_str()?, 16).ok()?))?),
                "t" => Value::Time(v.as_i64()?),
                "d" => Value::Duration(v.as_i64()?),
                "n" => Value::Element(Element::Node(number()?)),
                "g" => Value::Element(Element::Edge(number()?)),
                "e" => Value::Element(Element::Event(number()?)),
                "r" => {
                    let field = |f: &Json| Some((f.get(0)?.as_str()?.into(), read(f.get(1)?)?));
                    Value::record(v.as_array()?.iter().map(field).collect::<Option<Vec<_>>>()?)
                }
                _ => return None,
            }
        }
    })
}

impl<A: Annotation> Machine<A> {
    /// An interned value, or a fault by its number.
    pub fn write_val(&self, v: Val) -> Json {
        match v.as_fault() {
            Some(f) => json!({ "x": f }),
            None => write(&self.graph.dictionary.value(v)),
        }
    }
    /// The inverse.
    pub fn read_val(&mut self, j: &Json) -> Option<Val> {
        if let Some(f) = j.get("x") {
            return Some(Val::fault(u32::try_from(f.as_u64()?).ok()?));
        }
        let v = read(j)?;
        Some(self.graph.dictionary.intern(v))
    }
    /// Several.
    pub fn write_vals(&self, list: &[Val]) -> Json {
        Json::Array(list.iter().map(|v| self.write_val(*v)).collect())
    }
    /// The inverse.
    pub fn read_vals(&mut self, j: &Json) -> Option<Box<[Val]>> {
        j.as_array()?.iter().map(|v| self.read_val(v)).collect()
    }

    /// What is kept of events. `facts`: the relations of event rules.
    pub fn write_live(&self, facts: &[RelId]) -> Json {
        let events = self.graph.live();
        let rows = events.map_or(vec![], |events| {
            let row = |n: u32| {
                let r = events.get(n)?;
                Some(json!([n, self.graph.schema.name(r.kind), &*r.id, r.at, r.index, self.write_vals(&r.values)]))
            };
            events.ordered().into_iter().filter_map(row).collect()
        });
        let faults: Vec<Json> = (0..)
            .map_while(|n| self.faults.get(n))
            .map(|f| {
                let kind = KINDS.iter().position(|k| *k == f.fault.kind);
                json!([f.place.item.0, f.place.span.start, f.place.span.end, kind, f.fault.text])
            })
            .collect();
        let relation = |id: &RelId| {
            let r = self.relation(*id)?;
            let rows: Vec<Json> = (0..r.len())
                .map(|n| {
                    let blame = r.annotation(n).and_then(|a| a.faulty()).map(|f| f.1);
                    let pieces: Vec<Json> = r.pieces(n).iter().map(|p| self.write_val(p.0)).collect();
                    json!([self.write_vals(r.row(n)), blame, pieces])
                })
                .collect();
            Some(json!([id.0, rows]))
        };
        json!({
            "next": events.map_or(0, |e| e.next()),
            "settled": self.live.settled,
            "faults": faults,
            "rows": rows,
            "facts": facts.iter().filter_map(relation).collect::<Vec<_>>(),
            "cells": self.live.cells.iter().map(|c| {
                let mut states: Vec<Json> = c.states.iter().map(|(k, s)| json!([self.write_vals(k), self.write_state(s)])).collect();
                states.sort_by_key(|s| s.to_string());
                json!([c.seen, states])
            }).collect::<Vec<_>>(),
        })
    }

    fn write_state(&self, s: &State) -> Json {
        let events = |list: &VecDeque<((i64, u32), Val)>| -> Vec<Json> {
            list.iter().map(|(e, v)| json!([e.0, e.1, self.write_val(*v)])).collect()
        };
        match s {
            State::Run(r) => json!({ "run": [events(&r.events), r.settled.0, r.settled.1] }),
            State::Fold(f) => {
                let Running { count, faults, fault, whole, duration, exact, each } = &f.sum;
                let each: Vec<Json> = each.iter().map(|(v, n)| json!([write(v), n])).collect();
                json!({ "fold": [events(&f.events), f.out, f.start, count, faults, fault, whole.to_string(), duration, exact, each] })
            }
        }
    }

    /// Takes over what was kept, in a run that has seen no event yet. None if it does not fit. `open`: the events that may still be taken back;
    /// `held`: those that the host pins.
    pub fn read_live(&mut self, j: &Json, open: &[u32], held: &dyn Fn(u32) -> bool) -> Option<()> {
        for f in j.get("faults")?.as_array()? {
            let number = |i: usize| u32::try_from(f.get(i)?.as_u64()?).ok();
            let place = Place { item: ItemId(number(0)?), span: Span { start: number(1)?, end: number(2)? } };
            let kind = *KINDS.get(number(3)? as usize)?;
            self.faults.add(Fault::new(kind, f.get(4)?.as_str()?), place);
        }
        self.live.settled = j.get("settled")?.as_i64()?;
        self.live.open.extend(open);
        let mut rows: Vec<(KindId, (i64, u32))> = vec![];
        for r in j.get("rows")?.as_array()? {
            let n = u32::try_from(r.get(0)?.as_u64()?).ok()?;
            let name = r.get(1)?.as_str()?;
            let kind = self.graph.schema.of_sort(crate::structure::Sort::Event).find(|k| self.graph.schema.name(*k) == name)?;
            let (at, index) = (r.get(3)?.as_i64()?, r.get(4)?.as_u64()?);
            let values = self.read_vals(r.get(5)?)?;
            let events = self.graph.live_mut()?;
            events.resume(n);
            events.add(kind, r.get(2)?.as_str()?.into(), at, index, values);
            rows.push((kind, (at, n)));
        }
        self.graph.live_mut()?.resume(u32::try_from(j.get("next")?.as_u64()?).ok()?);
        for (kind, order) in &rows {
            self.index(*kind, *order);
        }
        let cells = j.get("cells")?.as_array()?;
        if cells.len() != self.live.cells.len() {
            return None;
        }
        for (c, cell) in cells.iter().enumerate() {
            let states = cell.get(1)?.as_array()?;
            let mut made = vec![];
            for s in states {
                made.push((self.read_vals(s.get(0)?)?, self.read_state(s.get(1)?)?));
            }
            let Machine { graph, live, .. } = self;
            let target = live.cells.get_mut(c)?;
            target.seen = cell.get(0)?.as_bool()?;
            let mut pins = vec![];
            for (key, state) in made {
                if let State::Fold(f) = &state {
                    pins.extend(f.events.iter().map(|e| e.0.1));
                }
                target.restore(&key, state);
            }
            target.queue();
            if let Some(events) = graph.live_mut().filter(|_| target.keeps) {
                pins.into_iter().for_each(|n| events.pin(n));
            }
        }
        for r in j.get("facts")?.as_array()? {
            let id = RelId(u32::try_from(r.get(0)?.as_u64()?).ok()?);
            for row in r.get(1)?.as_array()? {
                let tuple = self.read_vals(row.get(0)?)?;
                let mut a = self.universe.clone();
                if let Some(f) = row.get(1)?.as_u64() {
                    a = a.blame(u32::try_from(f).ok()?);
                }
                let pieces = self.read_vals(row.get(2)?)?;
                let relation = self.relations.get_mut(id.0 as usize)?;
                match relation.info.combine {
                    None => {
                        relation.insert(&tuple, &a);
                    }
                    Some(_) => pieces.iter().for_each(|v| {
                        relation.insert_value(&tuple, *v, &a, |old, _| old);
                    }),
                }
            }
            let relation = self.relations.get_mut(id.0 as usize)?;
            relation.next_round();
            relation.settle();
        }
        let events = self.graph.live_mut()?;
        rows.iter().filter(|r| !held(r.1.1)).for_each(|r| events.unpin(r.1.1));
        Some(())
    }

    fn read_state(&mut self, j: &Json) -> Option<State> {
        let mut events = |list: &Json| -> Option<VecDeque<((i64, u32), Val)>> {
            let mut all = VecDeque::new();
            for e in list.as_array()? {
                let order = (e.get(0)?.as_i64()?, u32::try_from(e.get(1)?.as_u64()?).ok()?);
                all.push_back((order, self.read_val(e.get(2)?)?));
            }
            Some(all)
        };
        let fault = |j: &Json| j.as_u64().and_then(|f| u32::try_from(f).ok());
        if let Some(r) = j.get("run") {
            let settled = (r.get(1)?.as_u64()?, fault(r.get(2)?));
            return Some(State::Run(Row { events: events(r.get(0)?)?, settled }));
        }
        let f = j.get("fold")?;
        let each = f.get(9)?.as_array()?.iter().map(|e| Some((read(e.get(0)?)?, e.get(1)?.as_u64()?))).collect::<Option<_>>()?;
        let sum = Running {
            count: f.get(3)?.as_u64()?,
            faults: f.get(4)?.as_u64()?,
            fault: fault(f.get(5)?),
            whole: f.get(6)?.as_str()?.parse().ok()?,
            duration: f.get(7)?.as_bool()?,
            exact: serde_json::from_value(f.get(8)?.clone()).ok()?,
            each,
        };
        let out = usize::try_from(f.get(1)?.as_u64()?).ok()?;
        Some(State::Fold(Folded { events: events(f.get(0)?)?, out, start: f.get(2)?.as_i64()?, sum }))
    }

    /// Whether faults can be told.
    pub fn tells_faults(&self) -> bool {
        std::any::TypeId::of::<A>() == std::any::TypeId::of::<Kleene>()
    }
}
