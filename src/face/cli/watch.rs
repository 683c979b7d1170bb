//! `dbm watch`: events come as JSON lines, and each is answered before the next is read. Called by entry.
use super::args::WatchArgs;
use super::hook::monitor_options;
use super::output::Output;
use super::program::{compile, unusable};
use crate::face::clock;
use crate::face::store::{self, Store};
use crate::report::exit::Exit;
use crate::session::{Answered, Failure, Monitor, Told, time};
use serde_json::Value as Json;
use std::io::{BufRead, Read, Write};

/// The longest line, in bytes.
const LONGEST: u64 = 64 << 20;

/// Who decides: with or without a state that outlives the process.
enum Decider {
    Fleeting(Box<Monitor>),
    Kept(Box<Store>),
}

/// Answers until there are no more lines.
pub fn run(args: &WatchArgs, output: &mut Output) -> Exit {
    let mut decider = match decider(args) {
        Ok(d) => d,
        Err(failure) => {
            output.diagnostics(&failure.diagnostics, &failure.sources);
            return Exit::of_diagnostics(&failure.diagnostics);
        }
    };
    let (mut exit, mut line) = (Exit::Fine, 0);
    let (mut input, mut out) = (std::io::stdin().lock(), std::io::stdout().lock());
    loop {
        let mut bytes = vec![];
        match (&mut input).take(LONGEST).read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => line += 1,
            Err(e) => {
                output.err += &format!("dbm: standard input cannot be read: {e}\n");
                return Exit::Call;
            }
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = decider.answer(&bytes);
        let (answer, ends) = match answer {
            Ok(answer) => (answer, false),
            Err(Trouble::Line(why)) => {
                exit = exit.max(Exit::Candidate);
                (Answered::unreadable(&why), false)
            }
            // what cannot be kept must not be answered as if it were
            Err(Trouble::State(why)) => (Answered::unreadable(&why), true),
        };
        exit = exit.max(of(&answer));
        let written = writeln!(out, "{}", answer.to_json(line)).and_then(|()| out.flush());
        if ends || written.is_err() {
            return Exit::Call;
        }
    }
    if let Decider::Kept(store) = &mut decider
        && let Err(why) = store.save()
    {
        output.err += &format!("dbm: {why}\n");
        return Exit::Call;
    }
    exit
}

/// What an answer says about how it ended.
fn of(answer: &Answered) -> Exit {
    let fine = match answer {
        Answered::Decided(d) => d.permits() && d.noted.lapsed.is_empty(),
        Answered::Observed(o) => o.noted.lapsed.is_empty(),
        Answered::Confirmed { noted } => noted.lapsed.is_empty(),
        Answered::Advanced { lapsed } => lapsed.is_empty(),
        Answered::Failed { .. } => false,
        Answered::Withdrawn | Answered::Listed { .. } => true,
    };
    if fine { Exit::Fine } else { Exit::Violated }
}

fn decider(args: &WatchArgs) -> Result<Decider, Failure> {
    let program = compile(&args.program, &args.param)?;
    let options = monitor_options(args.with.as_deref(), args.lateness)?;
    let Some(folder) = &args.state else { return Ok(Decider::Fleeting(Box::new(Monitor::new(&program, &options)?))) };
    // what is wrong with the policies is said with its places
    Monitor::new(&program, &options)?;
    let policy = store::policy(&program, &args.param, &options);
    let store = Store::open(folder, &program, &options, &policy, args.migrate);
    let refused = |why: String| {
        let (d, _, sources) = unusable(folder, &format!("cannot be used: {why}"));
        Failure { diagnostics: vec![d], sources }
    };
    Ok(Decider::Kept(Box::new(store.map_err(refused)?)))
}

enum Trouble {
    Line(String),
    State(String),
}

impl Decider {
    fn answer(&mut self, bytes: &[u8]) -> Result<Answered, Trouble> {
        if bytes.len() as u64 >= LONGEST {
            return Err(Trouble::Line("it is too long".into()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Trouble::Line("it is not UTF-8".into()))?;
        let text = timed(text);
        match self {
            Decider::Fleeting(m) => {
                let told = Told::from_json(&text, m).map_err(Trouble::Line)?;
                Ok(m.tell(&told))
            }
            Decider::Kept(store) => {
                let answer = store.tell(&text).map_err(Trouble::Line)?;
                store.keep().map_err(Trouble::State)?;
                Ok(answer)
            }
        }
    }
}

/// An event that does not say when it is comes now.
fn timed(text: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<Json>(text) else { return text.to_string() };
    let event = match &mut json {
        Json::Object(map) if map.contains_key("propose") => map.get_mut("propose"),
        Json::Object(map) if map.contains_key("observe") => map.get_mut("observe"),
        Json::Object(map) if map.contains_key("kind") => Some(&mut json),
        _ => None,
    };
    match event.and_then(Json::as_object_mut) {
        Some(event) if !event.contains_key("at") => {
            event.insert("at".into(), time(clock::now()).into());
            json.to_string()
        }
        _ => text.to_string(),
    }
}
