//! A monitor written down, and back: decisions go on as if nothing had happened. The form is versioned JSON; it fits only the program (and the
//! structure) that it was made with. Called by hosts and faces.
use super::monitor::{Counters, Escalated, Known, Monitor, MonitorOptions, Obligation, in_run};
use super::{Failure, Input, Program};
use crate::base::Diagnostic;
use crate::demand::error;
use crate::plan::RelId;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

const VERSION: u64 = 1;

fn digest(beside: Option<&Input>) -> Option<String> {
    let hash = |i: &Input| Sha256::digest(&**i.bytes).iter().map(|b| format!("{b:02x}")).collect();
    beside.map(hash)
}

impl Monitor {
    /// All that it keeps, as JSON.
    pub fn snapshot(&self) -> Vec<u8> {
        let schema = &self.core.graph().schema;
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort_by_key(|k| k.1.n);
        let known: Vec<Json> = in_run!(&self.core, m => {
            let one = |(key, k): (&(crate::scalar::KindId, std::sync::Arc<str>), &Known)| {
                json!([schema.name(key.0), &*key.1, k.n, m.write_vals(&k.proposed), k.open, k.decision])
            };
            known.into_iter().map(one).collect()
        });
        let escalated: Vec<Json> = in_run!(&self.core, m => {
            self.escalated.iter().map(|(k, e)| json!([schema.name(k.0), &*k.1, m.write_vals(&e.values), e.at])).collect()
        });
        let owed: Vec<Json> = in_run!(&self.core, m => {
            let one = |((due, n), o): (&(i64, u64), &Obligation)| {
                let frames: Vec<Json> = o.frames.iter().map(|f| m.write_vals(f)).collect();
                json!([due, n, o.policy, o.clause, o.event, frames, o.message])
            };
            self.owed.iter().map(one).collect()
        });
        let facts = self.plans.event_relations();
        let whole = json!({
            "version": VERSION,
            "program": self.program.hash(),
            "beside": digest(self.beside.as_ref()),
            "lateness": self.lateness,
            "newest": self.newest,
            "count": self.count,
            "owed_count": self.owed_count,
            "counters": [self.counters.late, self.counters.repeated, self.counters.tampered],
            "known": known,
            "escalated": escalated,
            "owed": owed,
            "faults": in_run!(&self.core, m => m.tells_faults()),
            "events": in_run!(&self.core, m => m.write_live(&facts)),
        });
        whole.to_string().into_bytes()
    }

    /// The monitor that was written down. Refused if it was made with another program, another structure or another lateness: what they would have
    /// decided cannot be known from it.
    pub fn restore(program: &Program, options: &MonitorOptions, snapshot: &[u8]) -> Result<Monitor, Failure> {
        let fail = |d: Diagnostic| Failure { diagnostics: vec![d], sources: program.sources().clone() };
        let whole: Json = serde_json::from_slice(snapshot).map_err(|e| fail(error::snapshot(&format!("it is not JSON: {e}"))))?;
        let differs = match () {
            _ if whole.get("version") != Some(&json!(VERSION)) => Some("it is of another version of dbm"),
            _ if whole.get("program") != Some(&json!(program.hash())) => Some("it was made with another program"),
            _ if whole.get("beside") != Some(&json!(digest(options.beside.as_ref()))) => {
                Some("it was made beside another structure")
            }
            _ if whole.get("lateness") != Some(&json!(options.lateness)) => Some("it was made with another lateness"),
            _ => None,
        };
        if let Some(why) = differs {
            return Err(fail(error::snapshot(why)));
        }
        let mut monitor = Monitor::new(program, options)?;
        monitor.take(&whole).ok_or_else(|| fail(error::snapshot("parts of it are missing")))?;
        Ok(monitor)
    }

    fn take(&mut self, j: &Json) -> Option<()> {
        if j.get("faults")?.as_bool()? {
            self.core.lift();
        }
        self.newest = j.get("newest")?.as_i64()?;
        self.count = j.get("count")?.as_u64()?;
        self.owed_count = j.get("owed_count")?.as_u64()?;
        let counter = |i: usize| j.get("counters")?.get(i)?.as_u64();
        self.counters = Counters { late: counter(0)?, repeated: counter(1)?, tampered: counter(2)? };
        let known = j.get("known")?.as_array()?;
        let number = |k: &Json| Some((u32::try_from(k.get(2)?.as_u64()?).ok()?, k.get(4)?.as_bool()?));
        let numbers: Vec<(u32, bool)> = known.iter().map(number).collect::<Option<_>>()?;
        let open: Vec<u32> = numbers.iter().filter(|n| n.1).map(|n| n.0).collect();
        let findable = self.plans.findable;
        let held = |n: u32| findable || numbers.binary_search_by_key(&n, |n| n.0).is_ok();
        in_run!(&mut self.core, m => m.read_live(j.get("events")?, &open, &held))?;
        let upto = self.newest.saturating_sub(self.lateness);
        for k in known {
            let key = self.key(k.get(0)?.as_str()?, k.get(1)?.as_str()?).ok()?;
            let n = u32::try_from(k.get(2)?.as_u64()?).ok()?;
            let proposed = in_run!(&mut self.core, m => m.read_vals(k.get(3)?))?;
            let decision = serde_json::from_value(k.get(5)?.clone()).ok()?;
            let at = self.core.graph().event_at(n)?;
            if at >= upto {
                self.tail.insert((at, n), key.clone());
            }
            self.known.insert(key, Known { n, proposed, open: k.get(4)?.as_bool()?, decision });
        }
        for e in j.get("escalated")?.as_array()? {
            let key = self.key(e.get(0)?.as_str()?, e.get(1)?.as_str()?).ok()?;
            let values = in_run!(&mut self.core, m => m.read_vals(e.get(2)?))?;
            self.escalated.insert(key, Escalated { values, at: e.get(3)?.as_i64()? });
        }
        for o in j.get("owed")?.as_array()? {
            let size = |i: usize| usize::try_from(o.get(i)?.as_u64()?).ok();
            let mut frames = vec![];
            for f in o.get(5)?.as_array()? {
                frames.push(in_run!(&mut self.core, m => m.read_vals(f))?);
            }
            let event = u32::try_from(o.get(4)?.as_u64()?).ok()?;
            let live = self.core.graph_mut().live_mut()?;
            frames.iter().flat_map(|f| f.iter()).filter_map(|v| v.as_event()).for_each(|e| live.pin(e));
            live.pin(event);
            let message = o.get(6)?.as_str().map(str::to_string);
            let made = Obligation { policy: size(2)?, clause: size(3)?, event, frames, message };
            self.owed.insert((o.get(0)?.as_i64()?, o.get(1)?.as_u64()?), made);
        }
        for r in self.plans.read.kept.clone() {
            in_run!(&mut self.core, m => m.pin_named(r, 0));
        }
        Some(())
    }
}

impl super::live::Plans {
    /// The relations of event rules.
    fn event_relations(&self) -> Vec<RelId> {
        self.timed.iter().flat_map(|t| t.rules.iter().map(|r| r.0)).collect()
    }
}
