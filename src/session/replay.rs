//! A recorded trace under a changed policy: which decisions would have been others. Called by hosts and by the verb `replay`.
use super::error::Failure;
use super::monitor::{Event, Monitor, MonitorOptions};
use super::program::Program;
use super::run::RunOptions;
use super::{Input, stages};
use crate::scalar::{Val, Value};
use crate::structure::Graph;
use crate::verdict::Effect;
pub use crate::verdict::replayed::{Differs, Replayed};
use crate::verdict::ruling::Decision;

impl Program {
    /// Decides about a trace once more. What happened is what `old` permitted; without it, all events of the trace. The history is the same
    /// for both: a decision differs because the policies do, and not because an earlier one did.
    pub fn replay(&self, trace: &Input, old: Option<&Program>, options: &MonitorOptions) -> Result<Replayed, Failure> {
        // what would have been permitted is not asked here
        let options = &MonitorOptions { tries: 0, ..options.clone() };
        let events = self.events(trace, options)?;
        let mut new = Monitor::new(self, options)?;
        let mut before = old.map(|p| Monitor::new(p, options)).transpose()?;
        let mut replayed = Replayed { events: events.len() as u64, decided: 0, differences: vec![] };
        for event in &events {
            let decides = new.decides(&event.kind) || before.as_ref().is_some_and(|m| m.decides(&event.kind));
            let was = match &mut before {
                Some(m) if m.decides(&event.kind) => m.decide(event),
                Some(m) => {
                    let _ = m.observe(event);
                    super::explain::recorded(shown(event))
                }
                None => super::explain::recorded(shown(event)),
            };
            let happened = was.effect == Effect::Permit;
            let now = match new.decides(&event.kind) {
                true => new.relive(event, happened, &was.rewrites),
                false => {
                    if happened {
                        let _ = new.observe(event);
                    }
                    super::explain::recorded(shown(event))
                }
            };
            for m in before.iter_mut().chain([&mut new]) {
                // what is not open, or does not wait, is not there to be confirmed or withdrawn
                let _ = match happened {
                    true => m.confirm(&event.kind, &event.id).map(|_| ()),
                    false => m.withdraw(&event.kind, &event.id),
                };
            }
            replayed.decided += u64::from(decides);
            if decides && differ(&was, &now) {
                replayed.differences.push(Differs { at: super::told::time(event.at), was, now });
            }
        }
        Ok(replayed)
    }

    /// The events of a trace, in their order.
    fn events(&self, trace: &Input, options: &MonitorOptions) -> Result<Vec<Event>, Failure> {
        let inner = self.inner();
        let mut sources = inner.sources.clone();
        let Some(checked) = &inner.checked else {
            return Err(Failure { diagnostics: inner.missing.clone(), sources });
        };
        let run = RunOptions {
            limits: options.limits.clone(),
            lateness: options.lateness,
            beside: options.beside.clone(),
            ..RunOptions::default()
        };
        match stages::read(checked, trace, &run, &mut sources) {
            Ok((structure, _)) => Ok(all(structure.graph())),
            Err(diagnostics) => Err(Failure { diagnostics, sources }),
        }
    }
}

fn shown(event: &Event) -> String {
    format!("{}({:?})", event.kind, event.id)
}

fn differ(was: &Decision, now: &Decision) -> bool {
    was.effect != now.effect || was.to != now.to || was.rewrites != now.rewrites
}

fn all(graph: &Graph) -> Vec<Event> {
    let schema = &graph.schema;
    let mut events: Vec<((i64, u32), Event)> = vec![];
    for n in 0..graph.events() {
        let (v, Some(at)) = (Val::event(n), graph.event_at(n)) else { continue };
        let Some(kind) = graph.kind_of(v) else { continue };
        let mut event = Event::new(schema.name(kind), graph.event_name(n), at);
        for attr in schema.attrs_of(kind) {
            let (value, Some(a)) = (graph.attr(v, attr), schema.attr(attr)) else { continue };
            if value != Val::NONE {
                event.attrs.push((a.name.to_string(), plain(graph, value)));
            }
        }
        events.push(((at, n), event));
    }
    events.sort_by_key(|e| e.0);
    events.into_iter().map(|e| e.1).collect()
}

/// A value as hosts give it: an element by its id.
fn plain(graph: &Graph, v: Val) -> Value {
    match v.as_node() {
        Some(n) => graph.dictionary.value(graph.node_id(n)),
        None => graph.dictionary.value(v),
    }
}
