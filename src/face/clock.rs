//! The only clock, and Ctrl-C: they stop a run, and say when an event is that comes now. Used by the verbs.
use crate::report::style::grouped;
use crate::session::{Cancel, Progress, Stop};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in microseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Stops a run after some time, unless it is dropped before.
pub struct Watch {
    _end: Option<Sender<()>>,
}

impl Watch {
    /// A watch over the runs that hold this token; none if there is no limit.
    pub fn start(limit: Option<Duration>, cancel: &Cancel) -> Watch {
        let Some(limit) = limit else { return Watch { _end: None } };
        if limit.is_zero() {
            cancel.stop(Stop::Time);
            return Watch { _end: None };
        }
        let (end, ended) = channel::<()>();
        let cancel = cancel.clone();
        std::thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                cancel.stop(Stop::Time);
            }
        });
        Watch { _end: Some(end) }
    }
}

/// Says on a terminal, after a while, how many worlds of an intervention were tried; until it is dropped.
pub struct Meter {
    end: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Meter {
    /// Over the runs that tell this. Nothing is said where standard error is no terminal.
    pub fn start(progress: &Progress) -> Meter {
        if !std::io::stderr().is_terminal() {
            return Meter { end: None, thread: None };
        }
        let (end, ended) = channel::<()>();
        let progress = progress.clone();
        let thread = std::thread::spawn(move || {
            let mut wait = Duration::from_secs(1);
            let mut said = false;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = Duration::from_millis(200);
                if let Some((done, all)) = progress.seen() {
                    eprint!("\r\x1b[K{} of {} worlds tried", grouped(done), grouped(all));
                    said = true;
                }
            }
            if said {
                eprint!("\r\x1b[K");
            }
            let _ = std::io::stderr().flush();
        });
        Meter { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // a thread that only prints does not fail
            let _ = thread.join();
        }
    }
}

/// The run that Ctrl-C ends, if one is going on.
static RUNNING: Mutex<Option<Cancel>> = Mutex::new(None);

/// Ctrl-C ends the run that holds this token, until this is dropped.
pub struct Ctrl(());

impl Ctrl {
    /// From now on Ctrl-C ends a run and not the process.
    pub fn install() {
        // where there are no signals, there is no Ctrl-C either
        let _ = ctrlc::set_handler(|| {
            if let Ok(running) = RUNNING.lock()
                && let Some(cancel) = &*running
            {
                cancel.stop(Stop::Cancelled);
            }
        });
    }
    /// This run is going on.
    pub fn watch(cancel: &Cancel) -> Ctrl {
        Ctrl::set(Some(cancel.clone()));
        Ctrl(())
    }
    fn set(to: Option<Cancel>) {
        if let Ok(mut running) = RUNNING.lock() {
            *running = to;
        }
    }
}

impl Drop for Ctrl {
    fn drop(&mut self) {
        Ctrl::set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_set_when_the_time_is_up_and_not_when_the_watch_is_gone() {
        let (short, long) = (Cancel::new(), Cancel::new());
        drop(Watch::start(Some(Duration::from_millis(20)), &long));
        let _watch = Watch::start(Some(Duration::from_millis(5)), &short);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!((short.stopped(), long.stopped()), (Some(Stop::Time), None));
    }
}
