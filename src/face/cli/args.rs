//! What can be said on the command line. Read by entry, which calls the verb.
use crate::face::hook::Dialect;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::time::Duration;

/// Checks what machines propose against rules that people can read.
#[derive(Parser, Debug)]
#[command(name = "dbm", version, about, max_term_width = 100, disable_help_subcommand = true, after_help = EXITS)]
pub struct Cli {
    /// Colours: by default where the output is a terminal, NO_COLOR is not set, or CLICOLOR_FORCE is.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN", hide_possible_values = false)]
    pub color: ColorChoice,
    #[command(subcommand)]
    pub verb: Verb,
}

const EXITS: &str = "\
Exit codes: 0 all holds · 1 a demand is violated or unknown · 2 wrong call · 3 wrong program · 4 wrong candidate ·
5 a limit came before the answer · 70 a bug of ours";

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Where it is welcome.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Checks candidates against a program; without a candidate, the program alone.
    Check(CheckArgs),
    /// Decides about candidates by the policies `on candidate`, and ranks those that are permitted.
    Judge(JudgeArgs),
    /// Decides about a tool call that a coding agent's hook proposes on standard input, and answers in its dialect.
    Hook(HookArgs),
    /// Decides about events as they come: JSON lines on standard input, an answer for each on standard output.
    Watch(WatchArgs),
    /// Decides about a recorded trace once more, and prints which decisions are others under a changed policy.
    Replay(ReplayArgs),
    /// Prints the facts, given and derived, that hold in at least a share of the candidates.
    Core(CoreArgs),
    /// Prints the edits that make one candidate of another.
    Diff(DiffArgs),
    /// Prints the bindings for which a formula is true in a candidate.
    Query(QueryArgs),
    /// Shows why a formula is true in a candidate: the facts it rests on, down to the candidate.
    Why(WhyArgs),
    /// Shows what is missing for a formula that is false in a candidate.
    WhyNot(WhyArgs),
    /// Explores a program and a candidate: items, queries, what-if.
    Repl(ReplArgs),
    /// Runs the tests of programs, and compares recorded runs with what comes out now.
    Test(TestArgs),
    /// Writes programs in the one style of the language.
    Fmt(FmtArgs),
    /// Makes a folder with a program, its tests and a candidate to begin from.
    New(NewArgs),
    /// Prints what a stage makes of a program.
    Dump(DumpArgs),
    /// Prints a JSON Schema, or the declarations that a candidate suggests.
    Schema {
        #[command(subcommand)]
        of: SchemaOf,
    },
    /// Prints the page of a diagnostic's code.
    Explain {
        /// A code, like DBM0701, or its name, like unknown-param.
        code: String,
    },
}

#[derive(Args, Debug, Clone)]
pub struct CheckArgs {
    /// The program, or `-` for standard input.
    pub program: String,
    /// The candidates; one of them may be `-`.
    pub candidates: Vec<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Violations of a demand that are listed at most; the count is exact beyond it.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_violations: usize,
    /// Worlds of an intervention that are tried at most; a random sample, if there are more.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = worlds)]
    pub worlds: usize,
    /// Which sample that is.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Lets what this names decide about the exit code like an error.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Vec<Deny>,
    /// Shows for each listed violation the derivation that led to it.
    #[arg(long)]
    pub why: bool,
    /// Draws each failing world of an intervention that is listed with what changed, as a file in this folder.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<String>,
    /// Checks only this demand. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// No more events will come: policies without violation are satisfied, obligations that are open lapse.
    #[arg(long)]
    pub closed: bool,
    /// How late an event of a trace may come behind a newer one, like 30s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lateness: i64,
    /// A structure beside each candidate: what a trace speaks of.
    #[arg(long, value_name = "FILE")]
    pub with: Option<String>,
    /// Prints what each policy keeps of events, and how that grows; of traces only whether a window is too short for them.
    #[arg(long)]
    pub state: bool,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct HookArgs {
    /// Whose hook it is.
    #[arg(long, value_enum)]
    pub dialect: Dialect,
    /// The program with the policies.
    #[arg(long, value_name = "FILE")]
    pub policy: String,
    /// The folder in which the sessions are kept; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub state: String,
    /// Takes over a state of another policy: its log is judged anew.
    #[arg(long)]
    pub migrate: bool,
    /// Leaves what is permitted to the agent's own questions, in place of allowing it outright.
    #[arg(long)]
    pub pass: bool,
    /// A structure beside the events: tools, people, what policies speak of.
    #[arg(long, value_name = "FILE")]
    pub with: Option<String>,
    /// How late an event may come behind a newer one, like 30s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lateness: i64,
    /// Blocks what is not decided after so long: less than the agent waits for its hook.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = time)]
    pub time_limit: Time,
    /// A parameter's value. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub param: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub struct WatchArgs {
    /// The program with the policies.
    pub program: String,
    /// A structure beside the events.
    #[arg(long, value_name = "FILE")]
    pub with: Option<String>,
    /// How late an event may come behind a newer one, like 30s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lateness: i64,
    /// The folder in which what happened is kept, as `dbm hook` keeps it; else it is forgotten at the end.
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<String>,
    /// Takes over a state of another policy: its log is judged anew.
    #[arg(long, requires = "state")]
    pub migrate: bool,
    /// A parameter's value. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub param: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The program with the changed policies.
    #[arg(long, value_name = "FILE")]
    pub policy: String,
    /// The trace, or `-`.
    pub trace: String,
    /// The program by which was decided; without it, every event of the trace counts as permitted.
    #[arg(long, value_name = "FILE")]
    pub old: Option<String>,
    /// How the differences are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// A structure beside the events.
    #[arg(long, value_name = "FILE")]
    pub with: Option<String>,
    /// How late an event may come behind a newer one, like 30s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lateness: i64,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct JudgeArgs {
    /// The program, or `-` for standard input.
    pub program: String,
    /// The candidates; one of them may be `-`.
    #[arg(required = true)]
    pub candidates: Vec<String>,
    /// How the decisions are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct CoreArgs {
    /// The program, or `-` for standard input.
    pub program: String,
    /// The candidates; one of them may be `-`.
    #[arg(required = true)]
    pub candidates: Vec<String>,
    /// The share of the candidates that must have a fact, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0, value_parser = percent)]
    pub share: f64,
    /// How the facts are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

fn duration(text: &str) -> Result<i64, String> {
    match crate::session::duration(text) {
        Some(us) if us >= 0 => Ok(us),
        _ => Err("a duration is needed, like 30s or 1h30m".into()),
    }
}

fn worlds(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse() {
        Ok(0) => Err("no world at all would be tried".into()),
        Ok(n) => Ok(n),
        Err(_) => Err("a number of worlds is needed".into()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p));
    number.ok_or_else(|| "a share is a number from 0 to 100".to_string())
}

#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The candidate before, or `-`.
    pub first: String,
    /// The candidate that it becomes, or `-`.
    pub second: String,
    /// A program with declarations and readers; without it they are inferred.
    #[arg(long, value_name = "FILE")]
    pub program: Option<String>,
    /// How the edits are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct QueryArgs {
    /// The program, or `-` for standard input.
    pub program: String,
    /// The candidate, or `-`.
    pub candidate: String,
    /// A formula. Its free variables are the columns.
    pub formula: String,
    /// How the table is written.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub format: TableFormat,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct WhyArgs {
    /// The program, or `-` for standard input.
    pub program: String,
    /// The candidate, or `-`.
    pub candidate: String,
    /// A formula, like `reach(Host("a"), Host("b"))`. Of one with free variables the first bindings are explained.
    pub formula: String,
    /// How many facts deep.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub depth: usize,
    /// How many of several: bindings, or elements that were counted.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub width: usize,
    /// How the reasons are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct ReplArgs {
    /// The program to begin from.
    pub program: Option<String>,
    /// The candidate to begin from.
    pub candidate: Option<String>,
    /// Does this in place of what stands on standard input, and leaves. May be given several times.
    #[arg(short, long, value_name = "ENTRY")]
    pub eval: Vec<String>,
    /// Keeps no history of what is entered in a terminal.
    #[arg(long)]
    pub no_history: bool,
    #[command(flatten)]
    pub given: Given,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Programs, recorded runs (`.snap`), or folders with any of them.
    #[arg(default_value = ".")]
    pub paths: Vec<String>,
    /// Runs only the tests whose title contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub filter: String,
    /// Takes what comes out now as the recorded run; records candidates that lie beside the only program of a folder.
    #[arg(long)]
    pub update: bool,
    /// Shows each difference and asks whether to take it.
    #[arg(long, conflicts_with = "update")]
    pub review: bool,
    /// Drops and changes each element of what the tests give and of the candidates that lie beside the only program of a folder or stand in
    /// recorded runs; says which demands no change trips, and which elements nothing guards.
    #[arg(long, conflicts_with = "filter")]
    pub mutate: bool,
    /// A candidate that is changed too. May be given several times.
    #[arg(long, value_name = "FILE", requires = "mutate")]
    pub example: Vec<String>,
    /// The reader of candidates that stand in no recorded run, for `--mutate`.
    #[arg(long, value_name = "NAME", requires = "mutate")]
    pub reader: Option<String>,
    /// How the outcome is written.
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
    /// A parameter's value. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub param: Vec<(String, String)>,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args, Debug)]
pub struct FmtArgs {
    /// Programs, folders (all programs below them), or `-` for standard input to standard output.
    #[arg(required = true)]
    pub files: Vec<String>,
    /// Writes nothing; names the programs that are not in the style, and exits with 1 if there are any.
    #[arg(long)]
    pub check: bool,
}

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The folder, which must not be there yet.
    pub name: String,
}

#[derive(Args, Debug)]
pub struct DumpArgs {
    /// The stage.
    #[arg(long, value_enum)]
    pub stage: StageArg,
    /// The program, or `-` for standard input.
    pub program: String,
    /// A parameter's value. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub param: Vec<(String, String)>,
}

#[derive(Subcommand, Debug)]
pub enum SchemaOf {
    /// Of the JSON report.
    Report,
    /// Of the answers of `dbm watch`.
    Decision,
    /// Of the candidates, in dbm's own JSON, that fit a program.
    Candidate {
        /// The program, or `-` for standard input.
        program: String,
    },
    /// The declarations that a candidate's kinds and attributes suggest, as a program.
    Infer {
        /// The candidate, or `-`.
        candidate: String,
    },
}

/// What is given beside program and candidates.
#[derive(Args, Debug, Clone)]
pub struct Given {
    /// A parameter's value. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub param: Vec<(String, String)>,
    /// The reader, of the program or of std.readers, that makes structures of the candidates.
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
}

/// What a run may cost.
#[derive(Args, Debug, Clone)]
pub struct LimitArgs {
    /// Ends the run after so long (250ms, 30s, 10m), or never (none) [default: 10m].
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub time_limit: Option<Time>,
    /// Distinct facts in one world at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub fact_limit: Option<u64>,
    /// Memory for facts at most, about (500MB, 8GB).
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
}

/// How long; none for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Option<Duration>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: the versioned contract (`dbm schema report`).
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For CI servers: JUnit's XML.
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people.
    Table,
    /// Columns and rows.
    Json,
    /// RFC 4180.
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings, violated demands of lesser severity, vacuous demands.
    Warnings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageArg {
    /// The tokens of the file.
    Tokens,
    /// The tree of its items.
    Ast,
    /// The checked program.
    Hir,
    /// Its rules in the order they are evaluated.
    Strata,
    /// The steps that the engine takes.
    Plan,
}

fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_string(), value.to_string())),
        _ => Err("a parameter is given as NAME=VALUE".into()),
    }
}

/// A number and the unit behind it.
fn measured(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.replace('_', "").parse().ok()?, unit.trim()))
}

fn time(text: &str) -> Result<Time, String> {
    if text == "none" {
        return Ok(Time(None));
    }
    let wrong = || "a time is written like 250ms, 30s, 10m or 2h, or none".to_string();
    let (number, unit) = measured(text).ok_or_else(wrong)?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(Duration::ZERO) => Err("a limit of no time allows nothing; `none` is no limit".into()),
        Ok(d) => Ok(Time(Some(d))),
        Err(_) => Err(wrong()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let wrong = || "a size is written like 500MB, 8GB or 1GiB".to_string();
    let (number, unit) = measured(text).ok_or_else(wrong)?;
    let bytes: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1048576.0,
        "gib" => 1073741824.0,
        _ => return Err(wrong()),
    };
    match (number * bytes) as u64 {
        0 => Err("a limit of 0 allows nothing; leave it out for the usual one".into()),
        n => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
    #[test]
    fn times_and_sizes_are_read_with_their_units() {
        assert_eq!(time("250ms"), Ok(Time(Some(Duration::from_millis(250)))));
        assert_eq!(time("1.5m"), Ok(Time(Some(Duration::from_secs(90)))));
        assert_eq!(time("none"), Ok(Time(None)));
        assert!(time("7").is_err() && time("x").is_err() && time("1e99h").is_err());
        assert_eq!((size("1_000"), size("8GB"), size("1GiB")), (Ok(1000), Ok(8_000_000_000), Ok(1 << 30)));
        assert!(size("many").is_err() && size("0MB").is_err() && time("0s").is_err());
    }
    #[test]
    fn a_parameter_has_a_name_and_a_value() {
        assert_eq!(name_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(name_value("a="), Ok(("a".into(), String::new())));
        assert!(name_value("=b").is_err() && name_value("a").is_err());
    }
}
