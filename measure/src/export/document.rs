//! Everything that was measured, in one value, and which documents are taken back.

use serde::{Deserialize, Serialize};

use crate::race::{Turn, Way};
use crate::rounds::Rounds;
use crate::run::{Asked, Ending, Run};
use crate::trace::{Point, Trace};
use crate::wire::{Passage, Wire};

/// What a document says that it is.
pub const FORMAT: &str = "launcelot";
/// The version that is written, and the newest that is read. It grows when a reader of the version
/// before would be misled.
pub const VERSION: u32 = 1;
/// A larger document is not read: a page should not be brought to its knees by a file.
pub const DOCUMENT_MAX_BYTES: u64 = 20_000_000;

/// A run with what the hops on its path saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number among those that were measured with it, from 1.
    pub number: u32,
    /// The run.
    pub run: Run,
    /// What was seen of it, where somebody watched.
    pub trace: Option<Trace>,
    /// On how many processors the asker ran, where that is known.
    pub cores: Option<u32>,
    /// The longer wire through which it went, as it was set; `None` where there was none, where it is not known, and where
    /// it became another one meanwhile.
    pub wire: Option<Wire>,
    /// The settings of the lab's tunnel through which it went, where a lab told them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Passage>,
}

impl Recorded {
    /// Whether everything in it could have been measured: nothing ends before it begins, and at each point of the way
    /// time goes on.
    fn is_possible(&self) -> bool {
        let spans =
            [self.run.lookup, self.run.connecting].into_iter().chain(self.run.questions.iter().map(Asked::span));
        let goes_on = |point| {
            let sightings = self.trace.iter().flat_map(|trace| &trace.sightings);
            sightings.filter(|sighting| sighting.point == point).is_sorted_by_key(|sighting| sighting.at)
        };
        spans.flatten().all(|span| span.from <= span.until) && Point::ALL.into_iter().all(goes_on)
    }
}

/// The same questions asked in three ways, one after the other, so that none disturbs another, in one turn or several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Race {
    /// How many questions came first and were discarded, as a warm-up.
    pub warm_up: u32,
    /// Each question waits for the answer before it: one run.
    pub one_at_a_time: Vec<Recorded>,
    /// All questions leave at once: one run.
    pub sent_ahead: Vec<Recorded>,
    /// A connection for each question, all begun at the same reading: as many runs as questions.
    pub at_once: Vec<Recorded>,
    /// The turns after the first, whose runs are the three above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_turns: Vec<Turn<Recorded>>,
}

impl Race {
    /// A race of these turns, after a warm-up of `warm_up` questions.
    pub fn new(warm_up: u32, turns: impl IntoIterator<Item = Turn<Recorded>>) -> Self {
        let mut turns = turns.into_iter();
        let Turn { one_at_a_time, sent_ahead, at_once } = turns.next().unwrap_or_default();
        Self { warm_up, one_at_a_time, sent_ahead, at_once, more_turns: turns.collect() }
    }

    /// The runs of each way in each turn, turns counted from 0.
    pub fn heats(&self) -> Vec<(usize, Way, &[Recorded])> {
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

    fn runs_mut(&mut self) -> impl Iterator<Item = &mut Recorded> {
        let more = self.more_turns.iter_mut().flat_map(Turn::all_mut);
        self.one_at_a_time.iter_mut().chain(&mut self.sent_ahead).chain(&mut self.at_once).chain(more)
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// At most [`VERSION`].
    pub version: u32,
    /// Single runs, the oldest first.
    pub runs: Vec<Recorded>,
    /// Races, the oldest first.
    pub races: Vec<Race>,
    /// Many rounds, the oldest first.
    pub rounds: Vec<Rounds>,
}

/// The first words of a document, by which it is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// See [`Document::format`].
    pub format: String,
    /// See [`Document::version`].
    pub version: u32,
}

/// Why a document is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than [`DOCUMENT_MAX_BYTES`].
    TooLarge,
    /// It is no document of this kind, or a damaged one.
    NotOne,
    /// It has this version, which is newer than [`VERSION`].
    Newer(u32),
    /// There is nothing in it.
    Empty,
    /// Something in it cannot have been measured.
    Impossible,
}

impl Head {
    /// Whether a document with this head can be read.
    ///
    /// # Errors
    ///
    /// Says why not.
    pub fn check(&self) -> Result<(), Refusal> {
        match self.version {
            _ if self.format != FORMAT => Err(Refusal::NotOne),
            0 => Err(Refusal::NotOne),
            version if version > VERSION => Err(Refusal::Newer(version)),
            _ => Ok(()),
        }
    }
}

impl Default for Document {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, runs: Vec::new(), races: Vec::new(), rounds: Vec::new() }
    }
}

impl Document {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.races.is_empty() && self.rounds.is_empty()
    }

    /// All runs, those of races after the single ones.
    pub fn all_runs(&self) -> impl Iterator<Item = &Recorded> {
        let of_races = self.races.iter().flat_map(|race| race.heats().into_iter().flat_map(|(_, _, runs)| runs));
        self.runs.iter().chain(of_races)
    }

    /// A document as it was read from elsewhere, with nothing in it that goes on: what had not ended when
    /// it was written has ended since.
    ///
    /// # Errors
    ///
    /// If there is nothing in it, or something that cannot have been measured.
    pub fn taken(mut self) -> Result<Self, Refusal> {
        let recorded = self.runs.iter_mut().chain(self.races.iter_mut().flat_map(Race::runs_mut));
        let endings = recorded.map(|recorded| &mut recorded.run.ending);
        for ending in endings.chain(self.rounds.iter_mut().map(|rounds| &mut rounds.ending)) {
            if *ending == Ending::Running {
                *ending = Ending::Stopped;
            }
        }
        match () {
            () if self.is_empty() => Err(Refusal::Empty),
            () if !self.all_runs().all(Recorded::is_possible) => Err(Refusal::Impossible),
            () => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::Order;

    #[test]
    fn only_documents_of_this_kind_and_no_newer_are_taken() {
        let check = |format: &str, version| Head { format: format.to_owned(), version }.check();
        assert_eq!(check(FORMAT, VERSION), Ok(()));
        assert_eq!(check(FORMAT, 0), Err(Refusal::NotOne));
        assert_eq!(check(FORMAT, 9), Err(Refusal::Newer(9)));
        assert_eq!(check("galahad", VERSION), Err(Refusal::NotOne));
    }

    #[test]
    fn what_went_on_when_it_was_written_has_ended_when_it_is_read() {
        let run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []);
        let recorded = Recorded { number: 1, run, trace: None, cores: None, wire: None, passage: None };
        let race = Race { at_once: vec![recorded.clone()], ..Race::default() };
        let document = Document { runs: vec![recorded], races: vec![race], ..Document::default() };
        let taken = document.taken().unwrap();
        assert_eq!(taken.runs[0].run.ending, Ending::Stopped);
        assert_eq!(taken.races[0].at_once[0].run.ending, Ending::Stopped);
        assert_eq!(Document::default().taken(), Err(Refusal::Empty));
    }
}
