//! The state of a monitor in a folder, for faces that come and go: a log of what it was told, which is the truth, and a snapshot, which saves
//! reading the log from its beginning. Locked against other processes. Held by hook and watch.
//!
//! What is told is in the log, on the disk, before anybody gets an answer: who is killed meanwhile has asked, or has not. Each line has a
//! number, and the snapshot knows how far the log was: of neither can anything be lost, or be exchanged, without that being seen.
use crate::session::ruling::Decision;
use crate::session::{Answered, Event, Failure, Monitor, MonitorOptions, Program, Told};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The version of both files.
const VERSION: u32 = 1;
/// A snapshot is made when the log has so many lines more.
const EVERY: u64 = 16;

const LOCK: &str = "lock";
const LOG: &str = "log.jsonl";
const SNAPSHOT: &str = "snapshot.json";

/// The state of a monitor.
pub struct Store {
    /// The monitor.
    pub monitor: Monitor,
    /// The time of the newest thing it was told.
    pub newest: i64,
    folder: PathBuf,
    log: File,
    policy: String,
    /// Lines of the log behind its first, and its length.
    lines: u64,
    bytes: u64,
    last: String,
    /// Of them, those that the snapshot does not have.
    behind: u64,
    pending: Vec<Entry>,
    /// Held as long as this is.
    _lock: File,
}

/// What a monitor was told, and what it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    told: Box<RawValue>,
    answer: String,
    /// The event as it was rewritten, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    happened: Option<Box<RawValue>>,
}

/// A line of the log: things that are told together, or another policy.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dbm_log: Option<u32>,
    n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    dbm_snapshot: u32,
    policy: String,
    lines: u64,
    bytes: u64,
    /// The digest of the last line that it has.
    last: String,
    newest: i64,
    monitor: Box<RawValue>,
}

/// A digest in hex.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for p in parts {
        hasher.update((p.len() as u64).to_le_bytes());
        hasher.update(p);
    }
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// What a state belongs to: a program and all else that decides.
pub fn policy(program: &Program, params: &[(String, String)], options: &MonitorOptions) -> String {
    let params: String = params.iter().map(|(n, v)| format!("{n:?}={v:?};")).collect();
    let beside = options.beside.as_ref().map_or(&[][..], |b| b.bytes.as_slice());
    digest([program.hash().as_bytes(), params.as_bytes(), &options.lateness.to_le_bytes()[..], beside])
}

impl Store {
    /// The state in a folder, which is made if it is not there; waits for whoever has it. With `migrate`, a state of another policy is made
    /// anew from the log; else it is refused. Every failure is said in words.
    pub fn open(folder: &str, program: &Program, options: &MonitorOptions, policy: &str, migrate: bool) -> Result<Store, String> {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).map_err(|e| failed(&folder, "cannot be made", &e))?;
        let mut lock = file(&folder.join(LOCK))?;
        lock.lock().map_err(|e| failed(&folder, "cannot be locked", &e))?;
        let mut begun = String::new();
        lock.read_to_string(&mut begun).map_err(|e| failed(&folder.join(LOCK), "cannot be read", &e))?;
        let path = folder.join(LOG);
        let snapshot = snapshot(&folder.join(SNAPSHOT))?;
        if !path.exists() {
            if !begun.is_empty() || snapshot.is_some() {
                return Err(format!(
                    "`{}` is gone, and with it what was used of budgets; to begin anew, remove the whole folder",
                    path.display()
                ));
            }
            let first = Line { dbm_log: Some(VERSION), n: 0, policy: Some(policy.to_string()), entries: vec![] };
            replace(&folder, LOG, format!("{}\n", json(&first)?).as_bytes())?;
        }
        if begun.is_empty() {
            let written = lock.write_all(b"begun\n").and_then(|()| lock.sync_all());
            written.map_err(|e| failed(&folder.join(LOCK), "cannot be written", &e))?;
        }
        let mut log = file(&path)?;
        let mut from = snapshot.as_ref().map_or(0, |s| s.bytes);
        let mut lines = read(&mut log, &path, from)?;
        let snapshot = snapshot.filter(|_| !lines.iter().any(|(l, ..)| l.policy.is_some() && l.n > 0));
        if snapshot.is_none() && from > 0 {
            // what it has belongs to a policy that was changed since
            from = 0;
            lines = read(&mut log, &path, from)?;
        }
        let changed = lines.iter().rposition(|(l, ..)| l.policy.is_some());
        let of_log = changed.and_then(|i| lines.get(i)).and_then(|l| l.0.policy.clone());
        let Some(of) = of_log.or(snapshot.as_ref().map(|s| s.policy.clone())) else {
            return Err(format!("`{}` is not a log of dbm", path.display()));
        };
        let foreign = of != policy;
        if foreign && !migrate {
            return Err(format!(
                "the state in `{}` belongs to another policy (or to other parameters, another `--with` or `--lateness`): go back to it, \
                 or have the log judged anew with `--migrate`",
                folder.display()
            ));
        }
        let first = |f: Failure| f.diagnostics.first().map_or("a reason unknown".into(), |d| d.title.clone());
        let snapshot = snapshot.filter(|_| !foreign);
        let monitor = match &snapshot {
            Some(s) => {
                continues(&mut log, s, &path)?;
                Monitor::restore(program, options, s.monitor.get().as_bytes())
                    .map_err(|f| format!("`{}` cannot be used: {}", folder.join(SNAPSHOT).display(), first(f)))?
            }
            None => Monitor::new(program, options).map_err(first)?,
        };
        if foreign && from > 0 {
            lines = read(&mut log, &path, 0)?;
        }
        let mut store = Store {
            monitor,
            newest: snapshot.as_ref().map_or(i64::MIN, |s| s.newest),
            folder,
            log,
            policy: policy.to_string(),
            lines: snapshot.as_ref().map_or(0, |s| s.lines),
            bytes: snapshot.as_ref().map_or(0, |s| s.bytes),
            behind: 0,
            last: snapshot.map_or(String::new(), |s| s.last),
            pending: vec![],
            _lock: lock,
        };
        let strict = if foreign { usize::MAX } else { changed.unwrap_or(0) };
        // what was answered long ago is not explained again
        store.monitor.set_tries(0);
        store.replay(lines, strict, &path)?;
        store.monitor.set_tries(options.tries);
        if foreign {
            store.append(&Line { dbm_log: None, n: store.lines + 1, policy: Some(policy.to_string()), entries: vec![] })?;
            store.save()?;
        }
        Ok(store)
    }

    /// Tells the monitor what the log says. The lines before `strict` were judged by another policy: they are history whatever this one says.
    fn replay(&mut self, lines: Vec<(Line, u64, String)>, strict: usize, path: &Path) -> Result<(), String> {
        let damaged = |n: u64, why: &str| format!("`{}` is damaged at line {}: {why}", path.display(), n + 1);
        let mut asked = HashMap::new();
        for (i, (line, length, last)) in lines.into_iter().enumerate() {
            let expected = if self.bytes == 0 { 0 } else { self.lines + 1 };
            if line.n != expected {
                return Err(damaged(expected, "a line is missing, or stands twice"));
            }
            for e in &line.entries {
                let told = Told::from_json(e.told.get(), &self.monitor);
                if i < strict {
                    // what the policy of that time could read, this one need not
                    if let Ok(told) = told {
                        self.relive(&told, e, &mut asked);
                    }
                    continue;
                }
                let told = told.map_err(|why| damaged(line.n, &why))?;
                self.newest = self.newest.max(told.at().unwrap_or(i64::MIN));
                let answer = self.monitor.tell(&told);
                if answer.word() != e.answer {
                    let why = format!("it says {}, and now it would be {}", e.answer, answer.word());
                    return Err(damaged(line.n, &why) + "; have it judged anew with `--migrate`");
                }
            }
            self.lines = line.n;
            self.bytes += length;
            self.last = last;
            self.behind += 1;
        }
        Ok(())
    }

    /// What was decided by another policy.
    fn relive(&mut self, told: &Told, entry: &Entry, asked: &mut HashMap<(String, String), Event>) {
        self.newest = self.newest.max(told.at().unwrap_or(i64::MIN));
        match told {
            Told::Propose(e) => {
                let permitted = entry.answer == "permit";
                let rewritten = entry.happened.as_ref().and_then(|t| Event::from_json(t.get()).ok());
                let decision = self.monitor.relive(rewritten.as_ref().unwrap_or(e), permitted, &[]);
                if !permitted && !decision.noted.repeated {
                    asked.insert((e.kind.clone(), e.id.clone()), e.clone());
                }
            }
            Told::Confirm(kind, id) if entry.answer == "confirmed" => {
                let waited = asked.remove(&(kind.clone(), id.clone()));
                if self.monitor.confirm(kind, id).is_err()
                    && let Some(e) = waited
                {
                    let _ = self.monitor.observe(&Event { at: self.newest, ..e });
                }
            }
            Told::Withdraw(..) | Told::Observe(_) | Told::Advance(_) if entry.answer != "failed" => {
                let _ = self.monitor.tell(told);
            }
            _ => {}
        }
    }

    /// Tells the monitor something, as JSON. Nobody may hear of the answer before it is [kept](Store::keep).
    pub fn tell(&mut self, text: &str) -> Result<Answered, String> {
        let told = Told::from_json(text, &self.monitor)?;
        self.newest = self.newest.max(told.at().unwrap_or(i64::MIN));
        let answer = self.monitor.tell(&told);
        if let Told::List = told {
            return Ok(answer);
        }
        let happened = match &answer {
            Answered::Decided(d) if !d.rewrites.is_empty() => Some(rewritten(text, d)?),
            _ => None,
        };
        let raw = RawValue::from_string(text.trim().to_string()).map_err(|e| e.to_string())?;
        self.pending.push(Entry { told: raw, answer: answer.word().to_string(), happened });
        Ok(answer)
    }

    /// Writes down what was told since the last time, on the disk.
    pub fn keep(&mut self) -> Result<(), String> {
        let entries = std::mem::take(&mut self.pending);
        if entries.is_empty() {
            return Ok(());
        }
        self.append(&Line { dbm_log: None, n: self.lines + 1, policy: None, entries })?;
        if self.behind >= EVERY { self.save() } else { Ok(()) }
    }

    fn append(&mut self, line: &Line) -> Result<(), String> {
        let text = format!("{}\n", json(line)?);
        let at = SeekFrom::Start(self.bytes);
        let written = self.log.seek(at).and_then(|_| self.log.write_all(text.as_bytes())).and_then(|()| self.log.sync_data());
        written.map_err(|e| failed(&self.folder.join(LOG), "cannot be written", &e))?;
        self.lines = line.n;
        self.bytes += text.len() as u64;
        self.last = digest([text.as_bytes()]);
        self.behind += 1;
        Ok(())
    }

    /// The number of what is told next.
    pub fn next(&self) -> u64 {
        self.lines + 1
    }

    /// Makes a snapshot.
    pub fn save(&mut self) -> Result<(), String> {
        let monitor = String::from_utf8(self.monitor.snapshot()).map_err(|e| e.to_string())?;
        let snapshot = Snapshot {
            dbm_snapshot: VERSION,
            policy: self.policy.clone(),
            lines: self.lines,
            bytes: self.bytes,
            last: self.last.clone(),
            newest: self.newest,
            monitor: RawValue::from_string(monitor).map_err(|e| e.to_string())?,
        };
        replace(&self.folder, SNAPSHOT, json(&snapshot)?.as_bytes())?;
        self.behind = 0;
        Ok(())
    }
}

/// The whole lines of a log from a position on, each with its length and digest. A last line that is torn was never answered: it goes.
fn read(log: &mut File, path: &Path, from: u64) -> Result<Vec<(Line, u64, String)>, String> {
    let unreadable = |e: std::io::Error| failed(path, "cannot be read", &e);
    if log.metadata().map_err(unreadable)?.len() < from {
        return Err(format!("`{}` is shorter than it was: something took its end away", path.display()));
    }
    let mut bytes = vec![];
    log.seek(SeekFrom::Start(from)).and_then(|_| log.read_to_end(&mut bytes)).map_err(unreadable)?;
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    if whole < bytes.len() {
        let cut = log.set_len(from + whole as u64).and_then(|()| log.sync_all());
        cut.map_err(|e| failed(path, "cannot be written", &e))?;
        bytes.truncate(whole);
    }
    let mut lines = vec![];
    for text in bytes.split_inclusive(|b| *b == b'\n') {
        let line: Line = serde_json::from_slice(text).map_err(|e| format!("`{}` is damaged: {e}", path.display()))?;
        if from == 0 && lines.is_empty() && line.dbm_log != Some(VERSION) {
            return Err(format!("`{}` is not a log of this version of dbm", path.display()));
        }
        lines.push((line, text.len() as u64, digest([text])));
    }
    Ok(lines)
}

/// Whether a log is the one that a snapshot has seen.
fn continues(log: &mut File, s: &Snapshot, path: &Path) -> Result<(), String> {
    let other = || format!("`{}` is not the log that the snapshot beside it was made of", path.display());
    // the last line is looked for in ever more of what comes before its end
    let mut reach = 4096;
    loop {
        let from = s.bytes.saturating_sub(reach);
        let mut bytes = vec![0; (s.bytes - from) as usize];
        let read = log.seek(SeekFrom::Start(from)).and_then(|_| log.read_exact(&mut bytes));
        read.map_err(|e| failed(path, "cannot be read", &e))?;
        let Some((end, before)) = bytes.split_last() else { return Err(other()) };
        let start = before.iter().rposition(|b| *b == b'\n').map(|n| n + 1).or((from == 0).then_some(0));
        match start.and_then(|n| bytes.get(n..)) {
            _ if *end != b'\n' => return Err(other()),
            Some(line) if digest([line]) == s.last => return Ok(()),
            Some(_) => return Err(other()),
            None => reach *= 8,
        }
    }
}

/// An event as the rewrites of a decision leave it.
fn rewritten(text: &str, decision: &Decision) -> Result<Box<RawValue>, String> {
    let mut told: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let inner = told.get_mut("propose").map(serde_json::Value::take);
    let mut event = inner.unwrap_or(told);
    for r in &decision.rewrites {
        put(&mut event, &r.path, &r.value)?;
    }
    to_raw_value(&event).map_err(|e| e.to_string())
}

/// Puts a value at the end of a way into a JSON.
pub fn put(of: &mut serde_json::Value, path: &[String], value: &serde_json::Value) -> Result<(), String> {
    use serde_json::Value::{Array, Null, Object};
    let Some((key, rest)) = path.split_first() else {
        *of = value.clone();
        return Ok(());
    };
    if matches!(of, Null) {
        *of = Object(serde_json::Map::new());
    }
    let next = match of {
        Object(fields) => Some(fields.entry(key.clone()).or_insert(Null)),
        Array(items) => key.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
        _ => None,
    };
    put(next.ok_or_else(|| format!("there is no `{key}` to be rewritten"))?, rest, value)
}

fn snapshot(path: &Path) -> Result<Option<Snapshot>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read(path).map_err(|e| failed(path, "cannot be read", &e))?;
    let snapshot: Result<Snapshot, _> = serde_json::from_slice(&text);
    let why = match snapshot {
        Ok(s) if s.dbm_snapshot == VERSION => return Ok(Some(s)),
        Ok(_) => "it is of another version of dbm".to_string(),
        Err(e) => e.to_string(),
    };
    Err(format!("`{}` cannot be read: {why}; remove it, and it is made anew from the log", path.display()))
}

fn json<T: Serialize>(of: &T) -> Result<String, String> {
    serde_json::to_string(of).map_err(|e| e.to_string())
}

fn failed(path: &Path, what: &str, e: &std::io::Error) -> String {
    format!("`{}` {what}: {}", path.display(), e.to_string().to_lowercase())
}

fn file(path: &Path) -> Result<File, String> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    opened.map_err(|e| failed(path, "cannot be opened", &e))
}

/// Replaces a file of a folder at once, on the disk.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let (path, beside) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || -> std::io::Result<()> {
        let mut new = File::create(&beside)?;
        new.write_all(bytes)?;
        new.sync_all()?;
        std::fs::rename(&beside, &path)?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().map_err(|e| failed(&path, "cannot be written", &e))
}
