//! Child processes and what they cost: processor seconds and peak memory where the system tells (Linux), else wall seconds.
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a finished process cost and said.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Processor seconds; wall seconds where the system does not tell.
    pub seconds: f64,
    /// Peak memory in MB, if known.
    pub memory: Option<f64>,
    /// Its standard output.
    pub out: String,
    /// Its exit code.
    pub code: Option<i32>,
}

/// Runs a command to its end.
pub fn run(command: &mut Command, scratch: &Path) -> Cost {
    let path = scratch.join("out");
    let file = std::fs::File::create(&path).expect("the scratch folder can be written");
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null()).spawn().expect("the program can be started");
    let id = child.id();
    let (mut seconds, mut memory) = (None, None);
    // until it is reaped, an ended process still tells what it used
    while let Some(state) = state(id) {
        memory = peak(&format!("/proc/{id}/status")).or(memory);
        if state == 'Z' {
            seconds = processor(&id.to_string());
            break;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let status = child.wait().expect("the program ends");
    let seconds = seconds.unwrap_or_else(|| begin.elapsed().as_secs_f64());
    let out = std::fs::read_to_string(&path).expect("the output is text");
    Cost { seconds, memory, out, code: status.code() }
}

/// Processor seconds of a process (`self` or a number), if the system tells.
pub fn processor(process: &str) -> Option<f64> {
    // the first counts its first thread by nanoseconds, the second all threads by hundredths
    let exact = std::fs::read_to_string(format!("/proc/{process}/schedstat")).ok();
    let exact = exact.and_then(|t| t.split(' ').next()?.parse::<f64>().ok()).map(|n| n / 1e9);
    let coarse = stat(process).and_then(|f| Some(f.get(11)?.parse::<f64>().ok()? + f.get(12)?.parse::<f64>().ok()?));
    let coarse = coarse.map(|ticks| ticks / 100.0);
    match (exact, coarse) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// The peak memory that a status file tells, in MB.
fn peak(status: &str) -> Option<f64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kb| kb / 1000.0)
}

fn state(id: u32) -> Option<char> {
    stat(&id.to_string())?.first()?.chars().next()
}

/// The fields of a process's `stat`, from its state on.
fn stat(process: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_string).collect())
}

/// The middle of some numbers.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len();
    match n {
        0 => f64::NAN,
        _ if n % 2 == 1 => numbers[n / 2],
        _ => (numbers[n / 2 - 1] + numbers[n / 2]) / 2.0,
    }
}
