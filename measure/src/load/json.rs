//! `result.json`: the result of a load as JSON, and the checks of one that is read. `lab/schema/load.schema.json` describes it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::counts::Counts;
use super::plan::{LoadMode, LoadPlan};
use super::result::{CycleEnd, FORMAT, LoadResult, VERSION};

/// The largest file that is read: a cycle takes about 20 kB.
pub const RESULT_MAX_BYTES: usize = 256 << 20;

/// The most servers, levels or rounds of a plan, each. More would be a damaged file, and overload a page that draws it.
const LISTED_MAX: usize = 10_000;

/// Longer times are refused: sums of several would overflow.
const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Larger counts are refused: sums of many would overflow.
const COUNT_MAX: u64 = 1 << 40;

/// Why a result cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// It is larger than [`RESULT_MAX_BYTES`].
    TooLarge(usize),
    /// It is not JSON, or a field is missing or has another type.
    Damaged {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What was expected there.
        message: String,
    },
    /// It is JSON, but not the result of a load.
    OtherFormat,
    /// A newer program wrote it.
    NewerVersion(u32),
    /// A value that cannot have been measured, in words.
    Impossible(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => {
                write!(formatter, "{bytes} bytes are too many: at most {RESULT_MAX_BYTES} are read")
            }
            Self::Damaged { line, column, message } => write!(formatter, "line {line}, column {column}: {message}"),
            Self::OtherFormat => write!(formatter, "not the result of a load: its format is not {FORMAT:?}"),
            Self::NewerVersion(version) => {
                write!(formatter, "written by a newer program: version {version}, and this one reads up to {VERSION}")
            }
            Self::Impossible(what) => write!(formatter, "cannot have been measured: {what}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self::Damaged { line: error.line(), column: error.column(), message }
    }
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// Returns a result as JSON, with a line for each field, so that a damaged file can be named by its line.
pub fn to_json(result: &LoadResult) -> String {
    let mut text =
        serde_json::to_string_pretty(result).expect("keys are strings, and histograms are within their bounds");
    text.push('\n');
    text
}

/// Reads a result of this version or an older one.
///
/// # Errors
///
/// Returns an error if the text is damaged, was written by a newer program, or has values that cannot have been measured.
pub fn from_json(text: &str) -> Result<LoadResult, ReadError> {
    if text.len() > RESULT_MAX_BYTES {
        return Err(ReadError::TooLarge(text.len()));
    }
    let header: Header = serde_json::from_str(text)?;
    if header.format.as_deref() != Some(FORMAT) {
        return Err(ReadError::OtherFormat);
    }
    if let Some(version) = header.version.filter(|version| *version > VERSION) {
        return Err(ReadError::NewerVersion(version));
    }
    let mut result: LoadResult = serde_json::from_str(text)?;
    check(&result).map_err(ReadError::Impossible)?;
    result.version = VERSION;
    Ok(result)
}

fn check(result: &LoadResult) -> Result<(), String> {
    if result.version == 0 {
        return Err("version 0 never existed".to_owned());
    }
    check_plan(&result.plan)?;
    let plan = &result.plan;
    let levels = plan.mode.levels();
    let mut seen = BTreeSet::new();
    for cycle in &result.cycles {
        let id = cycle.cycle;
        let name = format!("the cycle of round {}, server {}, level {}", id.round, id.server, id.level.number());
        if id.server as usize >= plan.servers.len() {
            return Err(format!("{name}: the plan has {} servers, counted from 0", plan.servers.len()));
        }
        if id.round >= plan.rounds {
            return Err(format!("{name}: the plan has {} rounds, counted from 0", plan.rounds));
        }
        if !levels.contains(&id.level) {
            return Err(format!("{name}: the level is not in the plan"));
        }
        if !seen.insert(id) {
            return Err(format!("{name} is there twice"));
        }
        check_figures(&name, &cycle.counts, cycle.end.as_ref())?;
    }
    let mut seen = BTreeSet::new();
    for direct in &result.direct {
        let name = format!("the direct measurement of server {}", direct.server);
        if direct.server as usize >= plan.servers.len() {
            return Err(format!("{name}: the plan has {} servers, counted from 0", plan.servers.len()));
        }
        if !seen.insert(direct.server) {
            return Err(format!("{name} is there twice"));
        }
        check_figures(&name, &direct.counts, Some(&direct.end))?;
    }
    Ok(())
}

fn check_figures(name: &str, counts: &Counts, end: Option<&CycleEnd>) -> Result<(), String> {
    if largest_count(counts, end) > COUNT_MAX {
        return Err(format!("{name}: a count of more than {COUNT_MAX}"));
    }
    let Some(end) = end else { return Ok(()) };
    let server = end.server.as_ref().map(|usage| usage.processor).unwrap_or_default();
    let link_lateness = end.link_lateness.unwrap_or_default();
    let times = [end.window, server, end.generator.processor, end.generator.other_processor, link_lateness];
    if times.iter().any(|time| *time > TIME_MAX) {
        return Err(format!("{name}: a time of more than a year"));
    }
    Ok(())
}

fn largest_count(counts: &Counts, end: Option<&CycleEnd>) -> u64 {
    let numbers = [
        counts.dialogues,
        counts.questions,
        counts.cut_at_begin,
        counts.cut_at_end,
        counts.spanning,
        counts.queued,
        counts.held_back,
        counts.clients_answered,
    ];
    let failures = counts.failures.iter().map(|(_, tally)| tally.count);
    let server = end.and_then(|end| end.server.as_ref()).into_iter().map(|usage| usage.context_switches);
    numbers.into_iter().chain(failures).chain(server).max().unwrap_or_default()
}

/// Checks that the result of a plan can be read.
///
/// # Errors
///
/// Returns in words what exceeds its bounds.
pub fn check_plan(plan: &LoadPlan) -> Result<(), String> {
    let levels = match &plan.mode {
        LoadMode::Closed { clients } => clients,
        LoadMode::Open { rates, .. } => rates,
    };
    let lengths = [("servers", plan.servers.len()), ("levels", levels.len()), ("rounds", plan.rounds as usize)];
    for (what, length) in lengths {
        if length > LISTED_MAX {
            return Err(format!("{length} {what}: the maximum is {LISTED_MAX}"));
        }
    }
    let names: BTreeSet<_> = plan.servers.iter().map(|server| &server.name).collect();
    if names.len() < plan.servers.len() {
        return Err("two servers have the same name".to_owned());
    }
    if plan.dialogue.questions == 0 || plan.dialogue.in_flight == 0 {
        return Err("a dialogue without questions".to_owned());
    }
    let times = [plan.duration, plan.ramp, plan.pause, plan.dialogue.think, plan.dialogue.timeout];
    let times = times.into_iter().chain(plan.direct).chain(plan.faults.map(|faults| faults.slow_close));
    if times.into_iter().any(|time| time > TIME_MAX) {
        return Err("a time of more than a year in the plan".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixtures::{cycle, result};
    use super::super::{DialogueFailure, DirectMeasurement, LinkFaults, ServerKind, ServerPlan};
    use super::*;

    const SCHEMA: &str = include_str!("../../../lab/schema/load.schema.json");
    const VERSION_1: &str = include_str!("../../tests/fixtures/load-1.json");

    /// A result with every kind of server and a failure.
    fn full() -> LoadResult {
        let mut failed = cycle(1, 5, 2, 3);
        failed.counts.failures.add(DialogueFailure::WrongAnswer, Some("NI!"));
        failed.end.as_mut().unwrap().server_ended = Some("exited with status 1".to_owned());
        let mut going_on = cycle(0, 5, 1, 2);
        going_on.end = None;
        let mut result = result(&["simple", "poll"], &[1, 5], [cycle(0, 1, 0, 4), going_on, failed]);
        let kinds = [
            ("mine", ServerKind::Command { command: "python3 mine.py {port}".to_owned() }),
            ("there", ServerKind::Address { host: "localhost".to_owned(), port: 1060 }),
            ("bridge", ServerKind::WebSocket { url: "ws://localhost:8080/ws".to_owned() }),
        ];
        for (name, kind) in kinds {
            result.plan.servers.push(ServerPlan { name: name.to_owned(), kind });
        }
        result.plan.link = Some(crate::LinkSettings { rtt: Duration::from_millis(10), ..Default::default() });
        result.plan.handshake = true;
        result.plan.faults = Some(LinkFaults { reset_after_bytes: Some(9), ..LinkFaults::default() });
        result.plan.direct = Some(Duration::from_millis(500));
        let direct = cycle(1, 1, 0, 5);
        result.direct.push(DirectMeasurement { server: 1, counts: direct.counts, end: direct.end.unwrap() });
        result
    }

    fn value() -> Value {
        serde_json::to_value(full()).unwrap()
    }

    fn error(value: &Value) -> String {
        from_json(&value.to_string()).unwrap_err().to_string()
    }

    #[track_caller]
    fn assert_valid(value: &Value) {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }

    #[test]
    fn a_result_is_read_as_it_was_written() {
        assert_eq!(from_json(&to_json(&full())).unwrap(), full());
    }

    #[test]
    fn the_schema_holds_for_a_result() {
        assert_valid(&value());
    }

    #[test]
    fn a_result_of_version_1_is_read_and_the_schema_holds_for_it() {
        let read = from_json(VERSION_1).unwrap();
        assert!(read.direct.is_empty() && read.plan.direct.is_none() && read.plan.faults.is_none());
        assert_eq!(read.cycles.iter().map(|cycle| cycle.counts.dialogues).collect::<Vec<_>>(), [4, 2, 3]);
        assert_valid(&serde_json::from_str(VERSION_1).unwrap());
    }

    #[test]
    fn a_damaged_result_is_named_with_its_line_and_column() {
        let text = to_json(&full());
        let line = 1 + text.lines().position(|line| line.contains("\"rounds\": 3")).unwrap();
        let damaged = text.replace("\"rounds\": 3", "\"rounds\": three");
        let message = from_json(&damaged).unwrap_err().to_string();
        assert!(message.starts_with(&format!("line {line}, column ")), "{message}");
        let cut = &text[..text.len() / 2];
        let ReadError::Damaged { line, .. } = from_json(cut).unwrap_err() else { panic!("half a file was read") };
        assert_eq!(line, cut.lines().count());
    }

    #[test]
    fn a_newer_version_and_another_format_are_refused_in_words() {
        let mut newer = value();
        newer["version"] = json!(VERSION + 1);
        newer["plan"] = json!("of another kind");
        assert_eq!(error(&newer), "written by a newer program: version 2, and this one reads up to 1");
        assert_eq!(error(&json!({})), "not the result of a load: its format is not \"launcelot-load\"");
    }

    #[test]
    fn values_that_cannot_have_been_measured_are_refused() {
        let cases = [
            ("/cycles/0/cycle/server", json!(5), "the plan has 5 servers"),
            ("/cycles/0/cycle/round", json!(3), "the plan has 3 rounds"),
            ("/cycles/0/cycle/level", json!({ "clients": 7 }), "the level is not in the plan"),
            ("/direct/0/server", json!(5), "the direct measurement of server 5: the plan has 5 servers"),
            ("/direct/0/counts/dialogues", json!(u64::MAX), "a count of more than 1099511627776"),
            ("/plan/servers/1/name", json!("simple"), "two servers have the same name"),
            ("/plan/rounds", json!(4_000_000), "4000000 rounds: the maximum is 10000"),
            ("/cycles/0/counts/dialogues", json!(u64::MAX), "a count of more than 1099511627776"),
            ("/cycles/2/counts/failures/wrong-answer/count", json!(u64::MAX), "a count of more than 1099511627776"),
            ("/cycles/0/end/server/context_switches", json!(u64::MAX), "a count of more than 1099511627776"),
            ("/plan/duration_us", json!(1e15), "a time of more than a year"),
            ("/plan/dialogue/questions", json!(0), "a dialogue without questions"),
        ];
        for (pointer, damage, expected) in cases {
            let mut value = value();
            *value.pointer_mut(pointer).unwrap() = damage;
            let message = error(&value);
            assert!(message.starts_with("cannot have been measured: ") && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_histogram_that_claims_another_count_is_refused() {
        let mut value = value();
        value["cycles"][0]["counts"]["question_latency"]["count"] = json!(1_000_000);
        assert!(error(&value).contains("count"), "{}", error(&value));
    }
}
