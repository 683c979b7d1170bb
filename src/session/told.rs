//! What a monitor is told in JSON, one thing at a time, and what it answers. The contract of `dbm watch`, and of the logs that faces keep.
use super::monitor::{Counters, Event, Monitor};
use super::program::Program;
use crate::scalar::instant::{format_time, parse_time};
use crate::structure::Sort;
use crate::verdict::Effect;
use crate::verdict::ruling::{Decision, Noted, Observed, Owed, Rewrite};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the JSON form of answers.
pub const VERSION: u32 = 1;

/// One thing that a monitor is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An event that is about to happen.
    Propose(Event),
    /// An event that happened.
    Observe(Event),
    /// A permitted event happened: its kind and id.
    Confirm(String, String),
    /// A permitted event did not happen.
    Withdraw(String, String),
    /// Time went on.
    Advance(i64),
    /// What is open is asked for.
    List,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "did", rename_all = "lowercase")]
pub enum Answered {
    /// A proposal is decided.
    Decided(Decision),
    /// What happened is recorded.
    Observed(Observed),
    /// What was proposed happened.
    Confirmed {
        /// What came to light.
        #[serde(flatten)]
        noted: Noted,
    },
    /// What was proposed did not happen.
    Withdrawn,
    /// Time went on.
    Advanced {
        /// Obligations that nothing met in time.
        lapsed: Vec<Owed>,
    },
    /// What is open.
    Listed {
        /// Permitted events of which nobody said yet whether they happened.
        open: Vec<String>,
        /// Proposals that somebody else is to decide about.
        waiting: Vec<String>,
        /// Obligations that are not due yet.
        obligations: Vec<Owed>,
        /// Events that came too late.
        late: u64,
        /// Events that came again.
        repeated: u64,
        /// Events that came again with other content.
        tampered: u64,
    },
    /// It cannot be: the event is not in order, or was not permitted.
    Failed {
        /// Why.
        why: String,
    },
}

impl Answered {
    /// It in one word: what logs remember of it.
    pub fn word(&self) -> &'static str {
        match self {
            Answered::Decided(d) => d.effect.name(),
            Answered::Observed(_) => "observed",
            Answered::Confirmed { .. } => "confirmed",
            Answered::Withdrawn => "withdrawn",
            Answered::Advanced { .. } => "advanced",
            Answered::Listed { .. } => "listed",
            Answered::Failed { .. } => "failed",
        }
    }
    /// As one line of JSON, without its end.
    pub fn to_json(&self, line: u64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            dbm_decision: u32,
            line: u64,
            #[serde(flatten)]
            answer: &'a Answered,
        }
        // a map with texts as keys is always JSON
        serde_json::to_string(&Line { dbm_decision: VERSION, line, answer: self }).unwrap_or_default()
    }
    /// The answer to what cannot be read: whatever it was, it is forbidden.
    pub fn unreadable(why: &str) -> Answered {
        Answered::Decided(super::explain::refused(String::new(), format!("this cannot be read: {why}")))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: String,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<'a> {
    #[serde(borrow)]
    Propose(&'a RawValue),
    #[serde(borrow)]
    Observe(&'a RawValue),
    Confirm(Named),
    Withdraw(Named),
    Advance(String),
    List(bool),
}

impl Told {
    /// From a line of JSON: an object with the one key `propose`, `observe`, `confirm`, `withdraw`, `advance` or `list`, or an event, which is
    /// a proposal if its kind is one that policies decide about. Else why not, in words.
    pub fn from_json(text: &str, monitor: &Monitor) -> Result<Told, String> {
        let plain = |e: serde_json::Error| format!("it is no JSON, or not of a known form ({e})");
        let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(plain)?;
        if let Some(kind) = map.get("kind") {
            let event = Event::from_json(text)?;
            let observed = kind.as_str().is_some_and(|k| monitor.program().declares_event(k) && !monitor.decides(k));
            return Ok(if observed { Told::Observe(event) } else { Told::Propose(event) });
        }
        Ok(match serde_json::from_str::<Line>(text).map_err(plain)? {
            Line::Propose(e) => Told::Propose(Event::from_json(e.get())?),
            Line::Observe(e) => Told::Observe(Event::from_json(e.get())?),
            Line::Confirm(n) => Told::Confirm(n.kind, n.id),
            Line::Withdraw(n) => Told::Withdraw(n.kind, n.id),
            Line::Advance(t) => Told::Advance(parse_time(&t).map_err(|f| f.text)?),
            Line::List(true) => Told::List,
            Line::List(false) => return Err("`list` is asked with `true`".into()),
        })
    }
    /// Its time, if it has one.
    pub fn at(&self) -> Option<i64> {
        match self {
            Told::Propose(e) | Told::Observe(e) => Some(e.at),
            Told::Advance(t) => Some(*t),
            _ => None,
        }
    }
}

impl Monitor {
    /// Whether policies decide about events of a kind, before they happen.
    pub fn decides(&self, kind: &str) -> bool {
        let schema = &self.core.graph().schema;
        schema.of_sort(Sort::Event).any(|k| schema.name(k) == kind && self.plans.governed.decides(k))
    }
    /// The escalated proposals that wait for somebody.
    pub fn waiting(&self) -> Vec<String> {
        let schema = &self.core.graph().schema;
        self.escalated.keys().map(|(k, id)| format!("{}({:?})", schema.name(*k), id)).collect()
    }
    /// Does what it is told.
    pub fn tell(&mut self, told: &Told) -> Answered {
        let failed = |why| Answered::Failed { why };
        match told {
            Told::Propose(e) => Answered::Decided(self.decide(e)),
            Told::Observe(e) => self.observe(e).map_or_else(failed, Answered::Observed),
            Told::Confirm(kind, id) => self.confirm(kind, id).map_or_else(failed, |noted| Answered::Confirmed { noted }),
            Told::Withdraw(kind, id) => self.withdraw(kind, id).map_or_else(failed, |()| Answered::Withdrawn),
            Told::Advance(to) => Answered::Advanced { lapsed: self.advance(*to) },
            Told::List => {
                let Counters { late, repeated, tampered } = self.counters();
                Answered::Listed {
                    open: self.open(),
                    waiting: self.waiting(),
                    obligations: self.obligations(),
                    late,
                    repeated,
                    tampered,
                }
            }
        }
    }
    /// Decides about an event of which is known already whether it happened, and with which rewrites, and makes the history say that, whatever
    /// is decided. If it happened as it is permitted, it is open, and may still be confirmed or withdrawn.
    pub fn relive(&mut self, event: &Event, happened: bool, rewrites: &[Rewrite]) -> Decision {
        let decision = self.decide(event);
        let noted = &decision.noted;
        if noted.repeated || noted.late || noted.tampered || !self.decides(&event.kind) {
            return decision;
        }
        let as_it_is = decision.effect == Effect::Permit && decision.rewrites == rewrites;
        if !(happened && as_it_is) && decision.effect != Effect::Forbid {
            // it is open, or it waits for somebody
            let _ = self.withdraw(&event.kind, &event.id);
        }
        if happened && !as_it_is {
            // an event that is not in order cannot be in the history at all
            let _ = self.observe(event);
        }
        decision
    }
}

impl Program {
    /// Whether it has an event kind of that name.
    pub fn declares_event(&self, kind: &str) -> bool {
        self.event_attributes(kind).is_some()
    }
    /// The attributes of an event kind, if there is one of that name.
    pub fn event_attributes(&self, kind: &str) -> Option<Vec<String>> {
        let schema = self.schema()?;
        let kind = schema.of_sort(Sort::Event).find(|k| schema.name(*k) == kind)?;
        let names = schema.attrs_of(kind).into_iter().filter_map(|a| schema.attr(a)).map(|a| a.name.to_string());
        Some(names.collect())
    }
}

/// An instant in microseconds since 1970, as events write it.
pub fn time(us: i64) -> String {
    format_time(us)
}

#[cfg(test)]
mod tests {
    use super::super::monitor::tests::monitor;
    use super::*;

    #[test]
    fn each_form_of_a_line_is_read_and_nothing_else() {
        let m = monitor(0);
        let event = r#"{"kind": "Call", "id": "c", "at": "2026-01-01T00:00:00Z"}"#;
        let read = |text: &str| Told::from_json(text, &m);
        assert!(matches!(read(event), Ok(Told::Propose(e)) if e.id == "c"));
        assert!(matches!(read(&event.replace("Call", "Result")), Ok(Told::Observe(_))));
        // what nobody declared is proposed, and so refused
        assert!(matches!(read(&event.replace("Call", "Other")), Ok(Told::Propose(_))));
        assert!(matches!(read(&format!("{{\"observe\": {event}}}")), Ok(Told::Observe(_))));
        assert_eq!(read(r#"{"confirm": {"kind": "Call", "id": "c"}}"#), Ok(Told::Confirm("Call".into(), "c".into())));
        assert_eq!(read(r#"{"advance": "1970-01-01T00:00:01Z"}"#), Ok(Told::Advance(1_000_000)));
        for wrong in ["", "[]", "{}", r#"{"advance": 3}"#, r#"{"confirm": {"kind": "Call"}}"#, r#"{"permit": {}}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_known_to_have_happened_is_history_whatever_is_decided() {
        let mut m = monitor(0);
        let pay = |id: &str, at: i64| {
            let event = r#"{"session": "s1", "actor": "a", "tool": "pay", "args": {"amount": 60}, "kind": "Call", "at": "1970-01-01T00:00:0"#;
            Event::from_json(&format!("{event}{at}Z\", \"id\": \"{id}\"}}")).unwrap()
        };
        assert!(!m.relive(&pay("c0", 0), false, &[]).noted.repeated && m.open().is_empty());
        assert!(m.relive(&pay("c1", 1), true, &[]).permits());
        assert_eq!(m.open(), ["Call(\"c1\")"]);
        assert_eq!(m.relive(&pay("c2", 2), true, &[]).effect, Effect::Forbid);
        // both count
        m.withdraw("Call", "c1").unwrap();
        assert_eq!(m.decide(&pay("c3", 3)).effect, Effect::Forbid);
    }
}
