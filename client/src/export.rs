//! Runs and races as a file to take along, in the form that the file's name asks for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use launcelot_measure::export::{Document, Race, Recorded, chrome, csv, hlog, json};
use launcelot_measure::{Connections, Plan, Round, Rounds, Run, Trace};
use thiserror::Error;

use crate::race::Raced;

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

    /// Writes a run, with what the stations saw of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn run(&self, run: Run, trace: Option<Trace>) -> Result<(), ExportError> {
        let rounds = vec![as_rounds(&run)];
        self.write(Document { runs: vec![Recorded { number: 1, run, trace }], rounds, ..Document::default() })
    }

    /// Writes a race.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn race(&self, raced: Raced) -> Result<(), ExportError> {
        let Raced { one_at_a_time, sent_ahead, at_once } = raced;
        let rounds = one_at_a_time.iter().chain(&sent_ahead).map(as_rounds).collect();
        let recorded =
            |runs: Vec<Run>| (1..).zip(runs).map(|(number, run)| Recorded { number, run, trace: None }).collect();
        let race = Race {
            one_at_a_time: recorded(one_at_a_time),
            sent_ahead: recorded(sent_ahead),
            at_once: recorded(at_once),
        };
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

/// The questions of a run as rounds, for a histogram: of each, how long ago it was asked when its answer
/// came, and how long ago the first step was.
fn as_rounds(run: &Run) -> Rounds {
    let steps = |time: Duration| u32::try_from(time.as_nanos() / u128::from(Round::STEP_NS)).unwrap_or(u32::MAX);
    let answered: Vec<_> = run
        .questions
        .iter()
        .filter_map(|asked| {
            let (took, at) = (steps(asked.took()?), steps(asked.answered?));
            Some(Round { asked: took, connecting: at, due: took })
        })
        .collect();
    let errors = (run.questions.len() - answered.len()) as u32;
    Rounds {
        name: run.to.clone(),
        to: run.to.clone(),
        plan: Plan { rounds: run.questions.len() as u32, warm_up: 0, connections: Connections::One, pace: None },
        clock_step: run.clock_step,
        cores: std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
        answered,
        errors,
        ending: run.ending.clone(),
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
