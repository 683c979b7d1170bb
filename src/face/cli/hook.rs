//! `dbm hook`: one proposed tool call of a coding agent in, the decision in its dialect out. Called by entry. Whatever goes wrong here blocks the
//! call (exit code 2): agents let calls through whose hook ends in any other way.
use super::args::HookArgs;
use super::entry::guarded;
use super::program;
use crate::face::hook::answer::{notes, reason};
use crate::face::hook::{Asked, Call, Reply, Said};
use crate::face::store::{self, Store};
use crate::face::{clock, files};
use crate::report::exit::Exit;
use crate::report::style::clean;
use crate::session::ruling::Decision;
use crate::session::{Answered, Effect, Failure, Input, MonitorOptions, Program, time};
use serde_json::{Map, Value as Json, json};
use std::io::{Read, Write};
use std::sync::mpsc::channel;

/// The longest input, in bytes.
const LONGEST: u64 = 64 << 20;
/// A clock that goes back by no more than this stands still, in microseconds.
const STEP: i64 = 5_000_000;

/// Answers a hook. A block is exit code 2, which every agent takes for one.
pub fn run(args: HookArgs) -> Exit {
    let limit = args.time_limit.0;
    let (done, answer) = channel();
    // what takes too long is left behind: it ends with the process, and its state is whole at any time
    let work = std::thread::Builder::new().spawn(move || done.send(guarded(move || answered(&args))));
    let told = match (work, limit) {
        (Err(e), _) => Err(format!("no thread could be started: {e}")),
        (Ok(_), Some(limit)) => answer.recv_timeout(limit).map_err(|_| "it took too long".to_string()),
        (Ok(_), None) => answer.recv().map_err(|_| "it ended without an answer".to_string()),
    };
    let told = told.and_then(|done| done.unwrap_or_else(|what| Err(format!("dbm broke a promise of its own: {what}"))));
    let written = told.and_then(|Reply(text)| {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| format!("the answer cannot be written: {e}"))
    });
    match written {
        Ok(()) => Exit::Fine,
        Err(why) => {
            let _ = writeln!(std::io::stderr().lock(), "dbm blocks this: {}", clean(&why));
            Exit::Call
        }
    }
}

fn answered(args: &HookArgs) -> Result<Reply, String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|e| format!("standard input cannot be read: {e}"))?;
    if text.len() as u64 > LONGEST {
        return Err("standard input is too long".into());
    }
    let input: Map<String, Json> = serde_json::from_str(&text).map_err(|e| format!("standard input is no JSON object: {e}"))?;
    let (form, asked) = args.dialect.read(&input)?;
    if asked == Asked::Other {
        return Ok(form.noted(""));
    }
    let (program, options) = loaded(args)?;
    let policy = store::policy(&program, &args.param, &options);
    let mut at = At { store: Store::open(&args.state, &program, &options, &policy, args.migrate)?, program, now: String::new() };
    at.now = time(now(at.store.newest, options.lateness)?);
    match asked {
        Asked::Before(call) => {
            let id = call.id.clone().unwrap_or_else(|| format!("{}{}", call.mark(), at.store.next()));
            let decision = match at.tell("propose", &at.call(&call, &id))? {
                Answered::Decided(d) => d,
                other => return Err(format!("a proposal was {}", other.word())),
            };
            let note = notes(&decision.warnings, &decision.noted.lapsed);
            let (said, why) = said(&decision, &call, form, args.pass);
            if said == Said::Deny && decision.permits() {
                at.tell("withdraw", &json!({ "kind": "Call", "id": id }))?;
            }
            at.store.keep()?;
            Ok(form.call(&said, &why, &note))
        }
        Asked::After(call, ok, content) => {
            let id = at.open(&call);
            if let Answered::Failed { .. } = at.tell("confirm", &json!({ "kind": "Call", "id": id }))? {
                // it happened, whoever permitted it
                let happened = at.call(&call, &id);
                at.tell("observe", &happened)?;
            }
            let result = json!({
                "kind": "Result", "id": id, "at": at.now, "session": call.session, "call": id, "tool": call.tool,
                "ok": ok, "content": content,
            });
            let note = at.observe(result)?;
            at.store.keep()?;
            Ok(form.noted(&note))
        }
        Asked::Refused(call) => {
            let id = at.open(&call);
            // one that dbm forbade is not there
            at.tell("withdraw", &json!({ "kind": "Call", "id": id }))?;
            at.store.keep()?;
            Ok(form.noted(""))
        }
        Asked::Prompt(session, content) => {
            let id = format!("message-{}", at.store.next());
            let message =
                json!({ "kind": "Message", "id": id, "at": at.now, "session": session, "role": "user", "content": content });
            let note = at.observe(message)?;
            at.store.keep()?;
            Ok(form.noted(&note))
        }
        Asked::Other => Ok(form.noted("")),
    }
}

fn loaded(args: &HookArgs) -> Result<(Program, MonitorOptions), String> {
    let program = program::compile(&args.policy, &args.param).map_err(|f| first(&f))?;
    let options = monitor_options(args.with.as_deref(), args.lateness).map_err(|f| first(&f))?;
    Ok((program, options))
}

/// The options of a monitor, with the structure beside it read.
pub fn monitor_options(with: Option<&str>, lateness: i64) -> Result<MonitorOptions, Failure> {
    let mut options = MonitorOptions { lateness, tries: MonitorOptions::TRIES, ..MonitorOptions::default() };
    if let Some(name) = with {
        let bytes = files::read(name).map_err(|why| program::unreadable(name, &why))?;
        options.beside = Some(Input::new(name, bytes));
    }
    Ok(options)
}

/// The first error of a failure, in one line.
fn first(failure: &Failure) -> String {
    let error = failure.diagnostics.iter().find(|d| d.is_error());
    let Some(d) = error else { return "the policy cannot be used".into() };
    let place = d.primary().and_then(|p| crate::report::excerpt::place_text(&failure.sources, p));
    format!("{}[{}] {}", place.map(|p| format!("{p}: ")).unwrap_or_default(), d.code, d.title)
}

/// The time of what comes now.
fn now(newest: i64, lateness: i64) -> Result<i64, String> {
    let now = clock::now();
    match newest.saturating_sub(now) {
        back if back <= lateness => Ok(now),
        back if back <= STEP => Ok(newest),
        _ => Err(format!("the clock went back: it is {}, and something happened at {}", time(now), time(newest))),
    }
}

/// The state, and when it is.
struct At {
    store: Store,
    program: Program,
    now: String,
}

impl At {
    fn tell(&mut self, what: &str, event: &Json) -> Result<Answered, String> {
        let mut told = Map::new();
        told.insert(what.to_string(), event.clone());
        self.store.tell(&Json::Object(told).to_string())
    }
    /// Something that is only recorded; what the program does not know of is not.
    fn observe(&mut self, event: Json) -> Result<String, String> {
        let kind = event.get("kind").and_then(Json::as_str).unwrap_or_default();
        if !self.program.declares_event(kind) {
            return Ok(String::new());
        }
        match self.tell("observe", &event)? {
            Answered::Observed(o) if o.noted.late => Err("it comes too late: there are newer events".into()),
            Answered::Observed(o) => Ok(notes(&o.warnings, &o.noted.lapsed)),
            Answered::Failed { why } => Err(why),
            other => Err(format!("what happened was {}", other.word())),
        }
    }
    /// A call as an event. `actor` and `cwd` are said where the kind has them.
    fn call(&self, call: &Call, id: &str) -> Json {
        let attributes = self.program.event_attributes("Call").unwrap_or_default();
        let own = [("kind", "Call"), ("id", id), ("at", &self.now), ("session", &call.session), ("tool", &call.tool)];
        let mut event: Map<String, Json> = own.into_iter().map(|(n, v)| (n.to_string(), v.into())).collect();
        event.insert("args".into(), call.args.clone());
        for (name, value) in [("actor", &call.actor), ("cwd", &call.cwd)] {
            if let Some(value) = value.as_ref().filter(|_| attributes.iter().any(|a| a == name)) {
                event.insert(name.into(), value.clone().into());
            }
        }
        event.into()
    }
    /// The id of a call that was proposed before: its own, or the oldest that is open and like it.
    fn open(&self, call: &Call) -> String {
        if let Some(id) = &call.id {
            return id.clone();
        }
        let mark = call.mark();
        let mut open = self.store.monitor.open().into_iter().chain(self.store.monitor.waiting());
        let shown = format!("Call(\"{mark}");
        let found = open.find(|o| o.starts_with(&shown));
        let id = found.and_then(|o| Some(o.strip_prefix("Call(\"")?.strip_suffix("\")")?.to_string()));
        id.unwrap_or_else(|| format!("{mark}{}", self.store.next()))
    }
}

/// What is said of a call, and why.
fn said(decision: &Decision, call: &Call, form: crate::face::hook::Form, pass: bool) -> (Said, String) {
    let why = reason(decision);
    match decision.effect {
        Effect::Forbid => (Said::Deny, why),
        Effect::Escalate if form.asks => (Said::Ask, why),
        Effect::Escalate => {
            let to = decision.to.join(" or ");
            (Said::Deny, format!("{why}\n{to} must decide, and cannot be asked from here"))
        }
        Effect::Permit if decision.rewrites.is_empty() => (if pass { Said::Pass } else { Said::Allow(None) }, why),
        Effect::Permit => {
            let mut args = call.args.clone();
            for r in &decision.rewrites {
                let put = match r.path.split_first() {
                    Some((first, rest)) if first == "args" => store::put(&mut args, rest, &r.value),
                    _ => Err(format!("`{}` of a call cannot be rewritten", r.path.join("."))),
                };
                if let Err(why) = put {
                    return (Said::Deny, format!("{}: {why}", r.policy));
                }
            }
            let policies: Vec<&str> = decision.rewrites.iter().map(|r| r.policy.as_str()).collect();
            match form.rewrites {
                true => (Said::Allow(Some(args)), format!("{}: rewritten", policies.join(", "))),
                false => (Said::Deny, format!("{}: it may be called only with {args}", policies.join(", "))),
            }
        }
    }
}
