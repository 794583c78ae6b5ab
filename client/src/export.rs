//! Runs and races as a file to take along, in the form that the file's name asks for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use launcelot_measure::export::{Document, Race, Recorded, chrome, csv, hlog, json};
use launcelot_measure::{Connections, Ending, Failures, Interruptions, Order, Plan, Round, Rounds, Run, Turn, Way};
use launcelot_protocol::exchange;
use thiserror::Error;

use crate::lab::LabTrace;
use crate::race::RaceResult;

/// A file, and what it is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    path: PathBuf,
    form: Form,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    HdrHistogramLog,
    ChromeTrace,
}

/// The endings of file names; the first that fits counts.
const ENDINGS: [(&str, Form); 4] =
    [(".trace.json", Form::ChromeTrace), (".json", Form::Json), (".csv", Form::Csv), (".hlog", Form::HdrHistogramLog)];

/// A file that cannot be written.
#[derive(Debug, Error)]
#[error("cannot write '{}'", .path.display())]
pub struct ExportError {
    path: PathBuf,
    source: io::Error,
}

impl Export {
    /// Understands a file's name.
    ///
    /// # Errors
    ///
    /// Which endings there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = ENDINGS.iter().find(|(ending, _)| text.ends_with(ending)).map(|(_, form)| *form);
        let form = form.ok_or_else(|| {
            "its name must end with .json, .csv, .hlog (HdrHistogram) or .trace.json (Chrome, Perfetto)".to_owned()
        })?;
        Ok(Self { path: Path::new(text).to_owned(), form })
    }

    /// Writes a run, with what a lab knows of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn run(&self, run: Run, seen: Option<LabTrace>) -> Result<(), ExportError> {
        let rounds = vec![as_rounds(order(&run), std::slice::from_ref(&run))];
        let tunnel = seen.as_ref().and_then(|seen| seen.tunnel);
        let passage = seen.as_ref().and_then(|seen| seen.passage);
        // The settings that the lab told afterwards are those of the run only if they have not changed since.
        let wire = tunnel.filter(|report| passage.is_none_or(|passage| passage.revision() == Some(report.revision)));
        let wire = wire.map(|report| report.wire);
        let trace = seen.map(|seen| seen.trace);
        self.write(Document {
            runs: vec![Recorded { number: 1, run, trace, cores: Some(cores()), wire, passage }],
            rounds,
            ..Document::default()
        })
    }

    /// Writes a race.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn race(&self, raced: RaceResult) -> Result<(), ExportError> {
        let ways = [("one-at-a-time", Way::OneAtATime), ("sent-ahead", Way::SentAhead), ("at-once", Way::AtOnce)];
        let rounds = ways.into_iter().filter_map(|(name, way)| {
            let runs: Vec<Run> = raced.turns().flat_map(|turn| turn.of(way)).cloned().collect();
            (!runs.is_empty()).then(|| as_rounds(name, &runs))
        });
        let rounds = rounds.collect();
        let recorded = |runs: Vec<Run>| {
            let recorded =
                |(number, run)| Recorded { number, run, trace: None, cores: Some(cores()), wire: None, passage: None };
            (1..).zip(runs).map(recorded).collect()
        };
        let turns = std::iter::once(raced.first).chain(raced.more_turns).map(|turn| Turn {
            one_at_a_time: recorded(turn.one_at_a_time),
            sent_ahead: recorded(turn.sent_ahead),
            at_once: recorded(turn.at_once),
        });
        let race = Race::new(0, turns);
        self.write(Document { races: vec![race], rounds, ..Document::default() })
    }

    fn write(&self, mut document: Document) -> Result<(), ExportError> {
        if self.form != Form::HdrHistogramLog {
            // Only a histogram needs them to be rounds; elsewhere they would stand there twice.
            document.rounds.clear();
        }
        let text = match self.form {
            Form::Json => json::write(&document),
            Form::Csv => csv::questions(&document),
            Form::HdrHistogramLog => hlog::log(&document),
            Form::ChromeTrace => chrome::trace(&document),
        };
        fs::write(&self.path, text).map_err(|source| ExportError { path: self.path.clone(), source })
    }
}

/// On how many processors this program may run.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u32)
}

fn order(run: &Run) -> &'static str {
    match run.order {
        Order::OneAtATime => "one-at-a-time",
        Order::SentAhead => "sent-ahead",
    }
}

/// The questions of a way to ask as rounds, for a histogram. The first question of each connection paid for connecting.
fn as_rounds(way: &str, runs: &[Run]) -> Rounds {
    let steps = |time: Duration| u64::try_from(time.as_nanos() / u128::from(Round::STEP_NS)).unwrap_or(u64::MAX);
    let of_run = |run: &Run| {
        let began = run.connecting.map(|span| span.from);
        let answered = run.questions.iter().enumerate().filter_map(move |(index, asked)| {
            let (took, answered) = (asked.took()?, asked.answered?);
            let connecting = began.filter(|_| index == 0).map_or(took, |began| answered.saturating_sub(began));
            Some(Round { asked: steps(took), connecting: steps(connecting), due: steps(took), ready: 0 })
        });
        answered.collect::<Vec<_>>()
    };
    let answered: Vec<Round> = runs.iter().flat_map(of_run).collect();
    let questions = runs.iter().map(|run| run.questions.len()).sum::<usize>();
    let to = runs.first().map(|run| run.to.clone()).unwrap_or_default();
    let connections = if runs.len() > 1 { Connections::Each } else { Connections::One };
    let broken = || runs.iter().map(|run| &run.ending).filter(|ending| matches!(ending, Ending::Broken(_)));
    let mut failures = Failures::default();
    for run in runs {
        failures.extend(&run.failures(exchange::is_error));
    }
    Rounds {
        name: format!("{to} {way}"),
        to,
        plan: Plan { rounds: questions as u32, warm_up: 0, connections, pace: None },
        clock_step: runs.iter().map(|run| run.clock_step).max().unwrap_or_default(),
        cores: cores(),
        wire: None,
        passage: None,
        thinking_mean: None,
        interruptions: Interruptions::default(),
        errors: broken().count() as u32,
        failures,
        answered,
        ending: broken().next().cloned().unwrap_or(Ending::Complete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_what_it_is() {
        let form = |name: &str| Export::parse(name).map(|export| export.form);
        assert_eq!(form("a.json"), Ok(Form::Json));
        assert_eq!(form("b/a.trace.json"), Ok(Form::ChromeTrace));
        assert_eq!(form("a.csv"), Ok(Form::Csv));
        assert_eq!(form("a.b.hlog"), Ok(Form::HdrHistogramLog));
        assert!(form("a.txt").unwrap_err().contains(".trace.json"));
    }
}
