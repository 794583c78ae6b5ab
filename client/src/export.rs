//! Exports of runs and races to a file, in the format of its extension.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use launcelot_measure::export::{Document, RecordedRace, RecordedRun, chrome, csv, hlog, json};
use launcelot_measure::{
    Client, ClientKind, Connections, Failures, Interruptions, Link, Order, Provenance, QuestionTiming, Round, Rounds,
    RoundsPlan, Run, RunStatus, Timestamp, Turn, Way,
};
use launcelot_protocol::{Script, exchange};
use thiserror::Error;

use crate::lab::LabTrace;
use crate::race::RaceResult;

/// A file and its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    path: PathBuf,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    HdrHistogramLog,
    ChromeTrace,
}

/// The file extensions; the first one that the file name ends with selects the format.
const EXTENSIONS: [(&str, Format); 4] = [
    (".trace.json", Format::ChromeTrace),
    (".json", Format::Json),
    (".csv", Format::Csv),
    (".hlog", Format::HdrHistogramLog),
];

/// The export file could not be written.
#[derive(Debug, Error)]
#[error("cannot write '{}'", .path.display())]
pub struct ExportError {
    path: PathBuf,
    source: io::Error,
}

impl Export {
    /// Parses a file name, whose extension selects the format.
    ///
    /// # Errors
    ///
    /// Returns a message with the valid extensions.
    pub fn parse(text: &str) -> Result<Self, String> {
        for (extension, format) in EXTENSIONS {
            if text.ends_with(extension) {
                return Ok(Self { path: PathBuf::from(text), format });
            }
        }
        Err("its name must end with .json, .csv, .hlog (HdrHistogram) or .trace.json (Chrome, Perfetto)".to_owned())
    }

    /// Writes a run that began at `began`, with its trace if a lab has one. An answer is a failure if it is not the one
    /// that `script` expects; without a script, if it is an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn run(
        &self,
        run: Run,
        began: SystemTime,
        lab_trace: Option<LabTrace>,
        script: Option<&Script>,
    ) -> Result<(), ExportError> {
        let server_design = lab_trace.as_ref().and_then(|lab_trace| lab_trace.server_design.clone());
        let provenance = Provenance { server_design, ..provenance(began) };
        let rounds = vec![as_rounds(order(&run), std::slice::from_ref(&run), &provenance, script)];
        let tunnel = lab_trace.as_ref().and_then(|lab_trace| lab_trace.tunnel);
        let link_revisions = lab_trace.as_ref().and_then(|lab_trace| lab_trace.link_revisions);
        // The lab reports the current settings of the link, which were those of the run only if their revision is the same.
        let link = tunnel.filter(|report| {
            link_revisions.is_none_or(|link_revisions| link_revisions.revision() == Some(report.revision))
        });
        let link = match (&lab_trace, link_revisions) {
            (Some(_), None) => Link::None,
            _ => Link::new(link.map(|report| report.link), link_revisions),
        };
        let trace = lab_trace.map(|lab_trace| lab_trace.trace);
        self.write(Document {
            runs: vec![RecordedRun {
                trace,
                cores: Some(cores()),
                provenance,
                link,
                link_revisions,
                ..RecordedRun::new(1, run)
            }],
            rounds,
            ..Document::default()
        })
    }

    /// Writes a race that began at `began`. `script` decides which answers are failures, as in [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn race(&self, result: RaceResult, began: SystemTime, script: Option<&Script>) -> Result<(), ExportError> {
        let provenance = provenance(began);
        let ways = [("one-at-a-time", Way::OneAtATime), ("sent-ahead", Way::SentAhead), ("at-once", Way::AtOnce)];
        let rounds = ways.into_iter().filter_map(|(name, way)| {
            let runs: Vec<Run> = result.turns().flat_map(|turn| turn.of(way)).cloned().collect();
            (!runs.is_empty()).then(|| as_rounds(name, &runs, &provenance, script))
        });
        let rounds = rounds.collect();
        let recorded = |runs: Vec<Run>| {
            let recorded = |(number, run)| RecordedRun {
                cores: Some(cores()),
                provenance: provenance.clone(),
                ..RecordedRun::new(number, run)
            };
            (1..).zip(runs).map(recorded).collect()
        };
        let turns = std::iter::once(result.first).chain(result.more_turns).map(|turn| Turn {
            one_at_a_time: recorded(turn.one_at_a_time),
            sent_ahead: recorded(turn.sent_ahead),
            at_once: recorded(turn.at_once),
        });
        let race = RecordedRace::new(0, turns);
        self.write(Document { races: vec![race], rounds, ..Document::default() })
    }

    fn write(&self, mut document: Document) -> Result<(), ExportError> {
        if self.format != Format::HdrHistogramLog {
            // Histograms are made of rounds; the other formats contain the same questions as runs.
            document.rounds.clear();
        }
        let text = match self.format {
            Format::Json => json::write(&document),
            Format::Csv => csv::questions(&document),
            Format::HdrHistogramLog => hlog::log(&document),
            Format::ChromeTrace => chrome::trace(&document),
        };
        fs::write(&self.path, text).map_err(|source| ExportError { path: self.path.clone(), source })
    }
}

/// Returns the provenance of what this program began to measure at `began`. The moment is in UTC.
fn provenance(began: SystemTime) -> Provenance {
    let since_1970 = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Provenance {
        began: Some(Timestamp::new(since_1970, 0)),
        client: Some(Client { kind: ClientKind::Native, version, system }),
        ..Provenance::default()
    }
}

/// Returns the number of processors that this program may use.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u32)
}

fn order(run: &Run) -> &'static str {
    match run.order {
        Order::OneAtATime => "one-at-a-time",
        Order::SentAhead => "sent-ahead",
    }
}

/// Converts each answered question to a round, for a histogram. In the round of a connection's first question,
/// `connecting` is the time from the start of connecting to the answer.
fn as_rounds(way: &str, runs: &[Run], provenance: &Provenance, script: Option<&Script>) -> Rounds {
    let steps = |time: Duration| u64::try_from(time.as_nanos() / u128::from(Round::STEP_NS)).unwrap_or(u64::MAX);
    let of_run = |run: &Run| {
        let began = run.connecting.map(|span| span.from);
        let answered = run.questions.iter().enumerate().filter_map(move |(index, asked)| {
            let took = asked.took()?;
            let answered = asked.answered?;
            let connecting = began.filter(|_| index == 0).map_or(took, |began| answered.saturating_sub(began));
            Some(Round { asked: steps(took), connecting: steps(connecting), due: steps(took), ready: 0 })
        });
        answered.collect::<Vec<_>>()
    };
    let answered: Vec<Round> = runs.iter().flat_map(of_run).collect();
    let questions = runs.iter().map(|run| run.questions.len()).sum::<usize>();
    let target = runs.first().map(|run| run.target.clone()).unwrap_or_default();
    let connections = if runs.len() > 1 { Connections::Each } else { Connections::One };
    let broken = || runs.iter().map(|run| &run.status).filter(|status| matches!(status, RunStatus::Broken(_)));
    let is_failure =
        |asked: &QuestionTiming, answer: &str| match script.and_then(|script| script.answer_to(&asked.question)) {
            Some(expected) => answer != expected,
            None => exchange::is_error(answer),
        };
    let mut failures = Failures::default();
    for run in runs {
        failures.extend(&run.failures(is_failure));
    }
    Rounds {
        name: format!("{target} {way}"),
        is_named: Some(false),
        target,
        plan: RoundsPlan { rounds: questions as u32, warm_up: 0, connections, pace: None },
        clock_step: runs.iter().map(|run| run.clock_step).max().unwrap_or_default(),
        cores: cores(),
        provenance: provenance.clone(),
        link: Link::Unknown,
        link_revisions: None,
        thinking_mean: None,
        server_work: None,
        interruptions: Interruptions::default(),
        errors: broken().count() as u32,
        failures,
        answered,
        status: broken().next().cloned().unwrap_or(RunStatus::Complete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_selects_the_format() {
        let format = |name: &str| Export::parse(name).map(|export| export.format);
        assert_eq!(format("a.json"), Ok(Format::Json));
        assert_eq!(format("b/a.trace.json"), Ok(Format::ChromeTrace));
        assert_eq!(format("a.csv"), Ok(Format::Csv));
        assert_eq!(format("a.b.hlog"), Ok(Format::HdrHistogramLog));
        assert!(format("a.txt").unwrap_err().contains(".trace.json"));
    }
}
