//! The export document: all measurements in one value, and the checks of an imported one.

use serde::{Deserialize, Serialize};

use super::bounds;
use crate::link::{self, Link, LinkRevisions};
use crate::provenance::Provenance;
use crate::race::{Turn, Way};
use crate::rounds::Rounds;
use crate::run::{QuestionTiming, Run, RunStatus};
use crate::server_work::ServerWork;
use crate::trace::{Trace, TracePoint};

/// The value of [`Document::format`].
pub const FORMAT: &str = "launcelot";
/// The version that is written, and the newest that is read. It increases with every change that a reader of the version before would
/// misunderstand.
///
/// Version 1 had other names for some fields, which are read as aliases. Versions 1 and 2 had the settings of the link, or null, where
/// the link is now, and nothing about provenance. In version 3, a link of none might also be unknown.
pub const VERSION: u32 = 4;
/// The first version that tells an unknown link from none.
const UNKNOWN_LINK_VERSION: u32 = 4;
/// The largest document that is read, so that a file cannot overload a page.
pub const DOCUMENT_MAX_BYTES: u64 = 20_000_000;

/// A run with the trace of the hops on its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRun {
    /// The number of the run, from 1.
    pub number: u32,
    /// The run.
    pub run: Run,
    /// The trace; `None` if no hop was observed.
    pub trace: Option<Trace>,
    /// The number of processors of the client's machine, if known.
    pub cores: Option<u32>,
    /// When, by what and of what the run was measured.
    #[serde(default, skip_serializing_if = "Provenance::is_unknown")]
    pub provenance: Provenance,
    /// The emulated link.
    #[serde(alias = "wire", deserialize_with = "link::of_any_version")]
    pub link: Link,
    /// The revisions of the link settings, where a lab reported them.
    #[serde(default, alias = "passage", skip_serializing_if = "Option::is_none")]
    pub link_revisions: Option<LinkRevisions>,
    /// The simulated work of the server on each answer, where a lab reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_work: Option<ServerWork>,
}

impl RecordedRun {
    /// Creates the record of a run of which nothing else is known.
    pub fn new(number: u32, run: Run) -> Self {
        Self {
            number,
            run,
            trace: None,
            cores: None,
            provenance: Provenance::default(),
            link: Link::Unknown,
            link_revisions: None,
            server_work: None,
        }
    }

    /// Whether this is the same run as `other`, also if one of them was imported and has another number.
    pub fn is_same(&self, other: &Self) -> bool {
        self.run == other.run && self.provenance.began == other.provenance.began
    }

    /// Whether the times of this run can have been measured: no span ends before it begins, and the events of each point are in order.
    fn is_possible(&self) -> bool {
        let mut spans = vec![self.run.lookup, self.run.connecting];
        spans.extend(self.run.questions.iter().map(QuestionTiming::span));
        let is_in_order = |point| {
            let events = self.trace.iter().flat_map(|trace| &trace.events);
            events.filter(|event| event.point == point).is_sorted_by_key(|event| event.at)
        };
        spans.into_iter().flatten().all(|span| span.from <= span.until) && TracePoint::ALL.into_iter().all(is_in_order)
    }
}

/// A race: the same questions asked in three ways that take turns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRace {
    /// The number of questions that were asked first and discarded, as a warm-up.
    pub warm_up: u32,
    /// Each question waits for the previous answer: one run.
    pub one_at_a_time: Vec<RecordedRun>,
    /// All questions are sent at once: one run.
    pub sent_ahead: Vec<RecordedRun>,
    /// A connection for each question, all begun at the same moment: as many runs as questions.
    pub at_once: Vec<RecordedRun>,
    /// The turns after the first. The runs of the first are the three fields above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_turns: Vec<Turn<RecordedRun>>,
}

impl RecordedRace {
    /// Creates the record of a race from its turns, after a warm-up of `warm_up` questions.
    pub fn new(warm_up: u32, turns: impl IntoIterator<Item = Turn<RecordedRun>>) -> Self {
        let mut turns = turns.into_iter();
        let Turn { one_at_a_time, sent_ahead, at_once } = turns.next().unwrap_or_default();
        Self { warm_up, one_at_a_time, sent_ahead, at_once, more_turns: turns.collect() }
    }

    /// Returns the runs of each way in each turn, with the number of the turn, from 0.
    pub fn heats(&self) -> Vec<(usize, Way, &[RecordedRun])> {
        let mut heats = vec![
            (0, Way::OneAtATime, self.one_at_a_time.as_slice()),
            (0, Way::SentAhead, self.sent_ahead.as_slice()),
            (0, Way::AtOnce, self.at_once.as_slice()),
        ];
        for (turn, runs) in self.more_turns.iter().enumerate() {
            heats.extend(Way::ALL.map(|way| (turn + 1, way, runs.of(way))));
        }
        heats
    }

    /// Whether this is the same race as `other`, also if one of them was imported.
    pub fn is_same(&self, other: &Self) -> bool {
        let (runs, others) = (self.heats(), other.heats());
        runs.len() == others.len()
            && runs.iter().zip(&others).all(|((_, _, runs), (_, _, others))| {
                runs.len() == others.len() && runs.iter().zip(*others).all(|(run, other)| run.is_same(other))
            })
    }

    fn runs_mut(&mut self) -> impl Iterator<Item = &mut RecordedRun> {
        let more = self.more_turns.iter_mut().flat_map(Turn::all_mut);
        self.one_at_a_time.iter_mut().chain(&mut self.sent_ahead).chain(&mut self.at_once).chain(more)
    }
}

/// All measurements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// At most [`VERSION`].
    pub version: u32,
    /// Single runs, the oldest first.
    pub runs: Vec<RecordedRun>,
    /// Races, the oldest first.
    pub races: Vec<RecordedRace>,
    /// Series of rounds, the oldest first.
    pub rounds: Vec<Rounds>,
}

/// The fields by which a document is recognized.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DocumentHeader {
    /// See [`Document::format`].
    pub format: String,
    /// See [`Document::version`].
    pub version: u32,
}

/// Why a document is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentError {
    /// The text is larger than [`DOCUMENT_MAX_BYTES`].
    TooLarge,
    /// The text is not an export document, or it is damaged.
    NotADocument,
    /// The document has this version, which is newer than [`VERSION`].
    NewerVersion(u32),
    /// The document contains no measurements.
    Empty,
    /// The document contains times that cannot have been measured.
    Impossible,
    /// The document contains a question or an answer of more than [`QUESTION_MAX_BYTES`](bounds::QUESTION_MAX_BYTES) bytes, or a
    /// question that is not printable ASCII.
    InvalidQuestion,
    /// The document contains a run, a race, a series or a text that is larger than [`bounds`] allow.
    TooMuch,
}

impl DocumentHeader {
    /// Checks whether a document with this header can be read.
    ///
    /// # Errors
    ///
    /// Returns why it cannot.
    pub fn check(&self) -> Result<(), DocumentError> {
        if self.format != FORMAT || self.version == 0 {
            return Err(DocumentError::NotADocument);
        }
        if self.version > VERSION {
            return Err(DocumentError::NewerVersion(self.version));
        }
        Ok(())
    }
}

impl Default for Document {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, runs: Vec::new(), races: Vec::new(), rounds: Vec::new() }
    }
}

impl Document {
    /// Whether the document contains no measurements.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.races.is_empty() && self.rounds.is_empty()
    }

    /// Returns all runs, those of races after the single ones.
    pub fn all_runs(&self) -> impl Iterator<Item = &RecordedRun> {
        let of_races = self.races.iter().flat_map(|race| race.heats().into_iter().flat_map(|(_, _, runs)| runs));
        self.runs.iter().chain(of_races)
    }

    /// Removes the measurements that `known` has too, as when a file is imported twice. Returns their number.
    pub fn remove_known(&mut self, known: &Self) -> usize {
        let count = |document: &Self| document.runs.len() + document.races.len() + document.rounds.len();
        let before = count(self);
        self.runs.retain(|run| !known.runs.iter().any(|other| run.is_same(other)));
        self.races.retain(|race| !known.races.iter().any(|other| race.is_same(other)));
        self.rounds.retain(|rounds| !known.rounds.iter().any(|other| rounds.is_same(other)));
        before - count(self)
    }

    /// Removes the traces of all runs, which are their largest part.
    pub fn remove_traces(&mut self) {
        self.all_runs_mut().for_each(|recorded| recorded.trace = None);
    }

    fn all_runs_mut(&mut self) -> impl Iterator<Item = &mut RecordedRun> {
        self.runs.iter_mut().chain(self.races.iter_mut().flat_map(RecordedRace::runs_mut))
    }

    /// Marks everything in the document as imported.
    pub fn mark_imported(&mut self) {
        self.all_runs_mut().for_each(|recorded| recorded.provenance.is_imported = true);
        for rounds in &mut self.rounds {
            rounds.provenance.is_imported = true;
        }
    }
}

/// Checks a run in a document of this version. If it was running when it was written, it counts as stopped.
pub(super) fn validate_run(recorded: &mut RecordedRun, version: u32) -> Result<(), DocumentError> {
    bounds::check_run(recorded)?;
    if !recorded.is_possible() {
        return Err(DocumentError::Impossible);
    }
    stop_if_running(&mut recorded.run.status);
    update_link(&mut recorded.link, recorded.link_revisions, version);
    Ok(())
}

/// Checks a race in a document of this version, like [`validate_run`].
pub(super) fn validate_race(race: &mut RecordedRace, version: u32) -> Result<(), DocumentError> {
    bounds::check_race(race)?;
    race.runs_mut().try_for_each(|recorded| validate_run(recorded, version))
}

/// Checks a series in a document of this version. If it was running when it was written, it counts as stopped.
pub(super) fn validate_rounds(rounds: &mut Rounds, version: u32) -> Result<(), DocumentError> {
    bounds::check_rounds(rounds)?;
    stop_if_running(&mut rounds.status);
    update_link(&mut rounds.link, rounds.link_revisions, version);
    Ok(())
}

/// Changes the link of an earlier version to what is known of it: the revisions say whether it changed.
fn update_link(link: &mut Link, revisions: Option<LinkRevisions>, version: u32) {
    if version < UNKNOWN_LINK_VERSION {
        *link = link.of_earlier_document();
    }
    if *link == Link::Unknown {
        *link = Link::new(None, revisions);
    }
}

fn stop_if_running(status: &mut RunStatus) {
    if *status == RunStatus::Running {
        *status = RunStatus::Stopped;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::Order;

    #[test]
    fn documents_of_another_format_or_a_newer_version_are_refused() {
        let check = |format: &str, version| DocumentHeader { format: format.to_owned(), version }.check();
        assert_eq!(check(FORMAT, VERSION), Ok(()));
        assert_eq!(check(FORMAT, 0), Err(DocumentError::NotADocument));
        assert_eq!(check(FORMAT, 9), Err(DocumentError::NewerVersion(9)));
        assert_eq!(check("galahad", VERSION), Err(DocumentError::NotADocument));
    }

    #[test]
    fn what_was_running_counts_as_stopped_after_an_import() {
        let run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []);
        let mut recorded = RecordedRun::new(1, run);
        let mut race = RecordedRace { at_once: vec![recorded.clone()], ..RecordedRace::default() };
        validate_run(&mut recorded, VERSION).unwrap();
        validate_race(&mut race, VERSION).unwrap();
        assert_eq!((&recorded.run.status, &race.at_once[0].run.status), (&RunStatus::Stopped, &RunStatus::Stopped));
    }
}
