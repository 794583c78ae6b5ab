//! `result.json`: the result of a load as JSON, and the checks of one that is read. `lab/schema/load.schema.json` describes it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::time::Duration;
use std::vec::IntoIter;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::counts::Counts;
use super::direct::DirectMeasurement;
use super::plan::{CycleId, Level, LoadMode, LoadPlan};
use super::result::{CycleEnd, CycleResult, FORMAT, LoadResult, Provenance, RunStatus, VERSION};

/// The largest file that is read: a cycle takes about 20 kB.
pub const RESULT_MAX_BYTES: usize = 256 << 20;

/// The size of the parts in which a text is scanned.
const SCAN_BYTES: usize = 1 << 20;

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
    let mut scan = Scan::new(text)?;
    while scan.scan_next() {}
    let mut reader = scan.finish()?;
    let (mut direct, mut cycles) = (Vec::new(), Vec::new());
    while let Some(piece) = reader.read_next()? {
        match piece {
            Piece::Direct(measurement) => direct.push(measurement),
            Piece::Cycle(cycle) => cycles.push(cycle),
        }
    }
    Ok(LoadResult { direct, cycles, ..reader.result })
}

/// Reads and checks a result piece by piece after a [`Scan`], so that a program can do something else between two pieces, and need
/// not keep all of them: a cycle in memory is about thirty times as large as in a file.
#[derive(Debug)]
pub struct Reader<T> {
    text: T,
    pieces: IntoIter<(Kind, Range<usize>)>,
    result: LoadResult,
    levels: BTreeSet<Level>,
    cycles: BTreeSet<CycleId>,
    direct: BTreeSet<u32>,
}

/// A piece of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A measurement of a server without the link.
    Direct(DirectMeasurement),
    /// A cycle.
    Cycle(CycleResult),
}

/// The kind of a [`Piece`].
#[derive(Debug, Clone, Copy)]
enum Kind {
    Direct,
    Cycle,
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// A result with a number in place of each piece.
#[derive(Deserialize)]
struct Outline {
    format: String,
    version: u32,
    provenance: Vec<Provenance>,
    plan: LoadPlan,
    #[serde(default)]
    direct: Vec<u8>,
    cycles: Vec<u8>,
    status: RunStatus,
}

/// Looks for the pieces of a result, a part of the text at a time. Whether the text is JSON shows later.
#[derive(Debug)]
pub struct Scan<T> {
    text: T,
    /// How much of the text has been scanned, in bytes.
    at: usize,
    pieces: Vec<(Kind, Range<usize>)>,
    /// The number of objects and arrays around the present place.
    depth: usize,
    /// The begin of the string at the present place.
    string: Option<usize>,
    is_escaped: bool,
    /// The last string in the outermost object.
    key: Range<usize>,
    /// The kind of pieces in the present array.
    array: Option<Kind>,
    /// The begin of the present piece.
    piece: usize,
}

impl<T: AsRef<str>> Scan<T> {
    /// Begins with a text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is too large.
    pub fn new(text: T) -> Result<Self, ReadError> {
        let bytes = text.as_ref().len();
        if bytes > RESULT_MAX_BYTES {
            return Err(ReadError::TooLarge(bytes));
        }
        Ok(Self {
            text,
            at: 0,
            pieces: Vec::new(),
            depth: 0,
            string: None,
            is_escaped: false,
            key: 0..0,
            array: None,
            piece: 0,
        })
    }

    /// Scans the next part. Returns whether there was one.
    pub fn scan_next(&mut self) -> bool {
        let begin = self.at;
        self.at = self.text.as_ref().len().min(begin + SCAN_BYTES);
        for place in begin..self.at {
            let byte = self.text.as_ref().as_bytes()[place];
            match (self.string, byte) {
                (Some(_), _) if self.is_escaped => self.is_escaped = false,
                (Some(_), b'\\') => self.is_escaped = true,
                (Some(begin), b'"') => {
                    self.string = None;
                    if self.depth == 1 {
                        self.key = begin..place;
                    }
                }
                (Some(_), _) => {}
                (None, b'"') => self.string = Some(place + 1),
                (None, b'{' | b'[') => self.open(place),
                (None, b'}' | b']') => self.close(place),
                (None, _) => {}
            }
        }
        begin < self.at
    }

    /// Enters an object or an array.
    fn open(&mut self, place: usize) {
        match self.depth {
            1 => {
                self.array = match &self.text.as_ref()[self.key.clone()] {
                    "direct" => Some(Kind::Direct),
                    "cycles" => Some(Kind::Cycle),
                    _ => None,
                };
            }
            2 => self.piece = place,
            _ => {}
        }
        self.depth += 1;
    }

    /// Leaves an object or an array.
    fn close(&mut self, place: usize) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(kind) = self.array.filter(|_| self.depth == 2) {
            self.pieces.push((kind, self.piece..place + 1));
        }
    }

    /// Reads everything but the pieces.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is damaged, was written by a newer program, or has a plan that cannot be measured.
    fn outline(&self) -> Result<Outline, ReadError> {
        let whole = self.text.as_ref();
        let mut rest = String::new();
        let mut end = 0;
        for (_, place) in &self.pieces {
            rest += &whole[end..place.start];
            rest.push('0');
            end = place.end;
        }
        rest += &whole[end..];
        let outline: Outline = serde_json::from_str(&rest).map_err(|error| why_not(whole, error))?;
        check_header(Some(&outline.format), Some(outline.version))?;
        check_plan(&outline.plan).map_err(ReadError::Impossible)?;
        if outline.direct.len() + outline.cycles.len() != self.pieces.len() {
            // A number is in the place of a piece, and nothing tells which.
            return Err(
                serde_json::from_str::<LoadResult>(whole).map_or_else(ReadError::from, |_| ReadError::OtherFormat)
            );
        }
        Ok(outline)
    }

    /// Returns what reads the pieces, once everything is scanned.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is damaged, was written by a newer program, or has a plan that cannot be measured.
    pub fn finish(self) -> Result<Reader<T>, ReadError> {
        let Outline { format, provenance, plan, status, .. } = self.outline()?;
        let levels = plan.mode.levels().into_iter().collect();
        let (direct, cycles) = (Vec::new(), Vec::new());
        let result = LoadResult { format, version: VERSION, provenance, plan, direct, cycles, status };
        let pieces = self.pieces.into_iter();
        Ok(Reader { text: self.text, pieces, result, levels, cycles: BTreeSet::new(), direct: BTreeSet::new() })
    }
}

impl<T: AsRef<str>> Reader<T> {
    /// Returns the result without its pieces.
    pub fn result(&self) -> &LoadResult {
        &self.result
    }

    /// Like [`result`](Self::result). Forgets the text.
    pub fn into_result(self) -> LoadResult {
        self.result
    }

    /// Reads and checks the next piece; `None` after the last.
    ///
    /// # Errors
    ///
    /// Returns why it is not accepted.
    pub fn read_next(&mut self) -> Result<Option<Piece>, ReadError> {
        let Some((kind, place)) = self.pieces.next() else { return Ok(None) };
        let plan = &self.result.plan;
        let piece = match kind {
            Kind::Direct => {
                let direct: DirectMeasurement = parse(self.text.as_ref(), place)?;
                check_direct(plan, &direct, &mut self.direct).map_err(ReadError::Impossible)?;
                Piece::Direct(direct)
            }
            Kind::Cycle => {
                let cycle: CycleResult = parse(self.text.as_ref(), place)?;
                check_cycle(plan, &self.levels, &cycle, &mut self.cycles).map_err(ReadError::Impossible)?;
                Piece::Cycle(cycle)
            }
        };
        Ok(Some(piece))
    }
}

/// Parses a piece of a text. An error names its place in the whole text.
fn parse<P: DeserializeOwned>(text: &str, place: Range<usize>) -> Result<P, ReadError> {
    serde_json::from_str(&text[place.clone()]).map_err(|error| {
        let before = &text[..place.start];
        let mut error = ReadError::from(error);
        if let ReadError::Damaged { line, column, .. } = &mut error {
            if *line == 1 {
                *column += before.len() - before.rfind('\n').map_or(0, |end| end + 1);
            }
            *line += before.matches('\n').count();
        }
        error
    })
}

/// Returns why a text has no outline: the rest of a newer version may be different.
fn why_not(text: &str, error: serde_json::Error) -> ReadError {
    let header = serde_json::from_str::<Header>(text).map_err(ReadError::from);
    let checked = header.and_then(|header| check_header(header.format.as_deref(), header.version));
    checked.err().unwrap_or_else(|| error.into())
}

fn check_header(format: Option<&str>, version: Option<u32>) -> Result<(), ReadError> {
    if format != Some(FORMAT) {
        return Err(ReadError::OtherFormat);
    }
    match version {
        Some(0) => Err(ReadError::Impossible("version 0 never existed".to_owned())),
        Some(version) if version > VERSION => Err(ReadError::NewerVersion(version)),
        _ => Ok(()),
    }
}

/// Checks a cycle of a plan with these levels. `seen` are the cycles before it.
fn check_cycle(
    plan: &LoadPlan,
    levels: &BTreeSet<Level>,
    cycle: &CycleResult,
    seen: &mut BTreeSet<CycleId>,
) -> Result<(), String> {
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
    check_figures(&name, &cycle.counts, cycle.end.as_ref())
}

/// Checks the measurement of a server without the link. `seen` are the servers before it.
fn check_direct(plan: &LoadPlan, direct: &DirectMeasurement, seen: &mut BTreeSet<u32>) -> Result<(), String> {
    let name = format!("the direct measurement of server {}", direct.server);
    if direct.server as usize >= plan.servers.len() {
        return Err(format!("{name}: the plan has {} servers, counted from 0", plan.servers.len()));
    }
    if !seen.insert(direct.server) {
        return Err(format!("{name} is there twice"));
    }
    check_figures(&name, &direct.counts, Some(&direct.end))
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
    fn fields_in_another_order_and_strings_that_look_like_fields_are_read() {
        let mut result = full();
        result.provenance[0].warnings = vec![r#"{[\"cycles\": [{}, "}]\\"#.to_owned(), "\\\"".to_owned()];
        let reordered = serde_json::to_value(&result).unwrap().to_string();
        assert_eq!(from_json(&reordered), Ok(result));
    }

    #[test]
    fn a_piece_that_is_not_an_object_is_refused_with_its_place() {
        let text = to_json(&full()).replace("\"cycles\": [", "\"cycles\": [\n7,");
        let whole = serde_json::from_str::<LoadResult>(&text).unwrap_err();
        assert_eq!(from_json(&text), Err(ReadError::from(whole)));
    }

    #[test]
    fn a_damaged_piece_is_named_with_its_place_in_the_whole_text() {
        let text = to_json(&full());
        let before = text.rfind("\"dialogues\": ").unwrap() + "\"dialogues\": ".len();
        let damaged = [&text[..before], "\"many\"", &text[before..][text[before..].find(',').unwrap()..]].concat();
        let mut scan = Scan::new(damaged.as_str()).unwrap();
        while scan.scan_next() {}
        let mut reader = scan.finish().unwrap();
        let error = loop {
            match reader.read_next() {
                Ok(piece) => assert!(piece.is_some()),
                Err(error) => break error,
            }
        };
        let whole = serde_json::from_str::<LoadResult>(&damaged).unwrap_err();
        assert_eq!(error, ReadError::from(whole));
        let one_line = serde_json::from_str::<Value>(&damaged).unwrap().to_string();
        let whole = serde_json::from_str::<LoadResult>(&one_line).unwrap_err();
        assert_eq!(from_json(&one_line), Err(ReadError::from(whole)));
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
