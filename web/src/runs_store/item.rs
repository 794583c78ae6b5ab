//! A run or a race as an entry of the browser's storage: an export document with one of them, so that entries of earlier versions can
//! be read.

use launcelot_measure::RunStatus;
use launcelot_measure::export::{Document, json};

use crate::shared::Shared;
use crate::state::State;
use crate::state::ids::EntryId;
use crate::state::race::Race;
use crate::state::restore::Restored;
use crate::state::run_record::RunRecord;

/// The begin of the keys of runs and of races. An [`EntryId`] follows.
pub(super) const RUN_PREFIX: &str = "launcelot-run-";
pub(super) const RACE_PREFIX: &str = "launcelot-race-";

/// The largest number of bytes of a stored run. A run of three questions with its trace has about 3,000.
const RUN_MAX_BYTES: usize = 32_000;

/// The largest number of bytes of a stored race.
const RACE_MAX_BYTES: usize = 96_000;

/// A run or a race that is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A single run.
    Run(Shared<RunRecord>),
    /// A race.
    Race(Shared<Race>),
}

impl Item {
    /// Returns the runs and races of a state that are over.
    pub fn all_over(state: &State) -> Vec<Self> {
        let runs = state.runs.iter().filter(|record| record.run.is_over()).cloned().map(Self::Run);
        let races = state.races().filter(|race| race.is_over()).cloned().map(Self::Race);
        runs.chain(races).collect()
    }

    /// Like [`all_over`](Self::all_over), and what is running, as if it were stopped now, unless it is not connected yet.
    pub fn all_so_far(state: &State) -> Vec<Self> {
        let is_connected = |record: &Shared<RunRecord>| record.run.connecting.is_some();
        let mut items = Self::all_over(state);
        if let Some(newest) = state.runs.newest().filter(|newest| !newest.run.is_over() && is_connected(newest)) {
            let mut stopped = newest.clone();
            stopped.make_mut().run.status = RunStatus::Stopped;
            items.push(Self::Run(stopped));
        }
        if state.race.is_running() && state.race.raced().any(is_connected) {
            let mut stopped = state.race.clone();
            stopped.make_mut().give_up(&RunStatus::Stopped);
            items.push(Self::Race(stopped));
        }
        items
    }

    /// Returns the key of the entry.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Run(record) => format!("{RUN_PREFIX}{}", record.entry),
            Self::Race(race) => format!("{RACE_PREFIX}{}", race.entry),
        }
    }

    /// Returns the text of the entry; without traces if it would be too large with them, and `None` if it is too large even so.
    pub fn text(&self) -> Option<String> {
        let (mut document, max) = match self {
            Self::Run(record) => (Document { runs: vec![record.recorded()], ..Document::default() }, RUN_MAX_BYTES),
            Self::Race(race) => {
                (Document { races: race.exported().into_iter().collect(), ..Document::default() }, RACE_MAX_BYTES)
            }
        };
        let text = json::write(&document);
        if text.len() <= max {
            return Some(text);
        }
        document.remove_traces();
        Some(json::write(&document)).filter(|text| text.len() <= max)
    }
}

impl Restored {
    /// Reads the text of an entry. One that cannot be read is left out.
    pub fn read(&mut self, key: &str, text: &str) {
        let Some(document) = read(text) else { return };
        if let Some(id) = id_of(key, RUN_PREFIX) {
            self.runs.extend(document.runs.into_iter().map(|run| (id, run)));
        } else if let Some(id) = id_of(key, RACE_PREFIX) {
            self.races.extend(document.races.into_iter().map(|race| (id, race)));
        }
    }
}

fn read(text: &str) -> Option<Document> {
    let mut reader = json::Reader::new(text.to_owned()).ok()?;
    while reader.read_next().ok()? {}
    reader.finish().ok()
}

/// Returns the identity in a key, if the key begins with `prefix`.
pub(super) fn id_of(key: &str, prefix: &str) -> Option<EntryId> {
    key.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Trace, TraceEvent, TracePoint};

    use super::*;
    use crate::state::run_record::Legs;
    use crate::state::test_state::{ask, complete, ready_after};

    #[test]
    fn of_a_large_run_the_trace_is_not_stored() {
        let state = ready_after([ask(), complete(1)]);
        let record = state.runs.newest().unwrap();
        let event = TraceEvent { point: TracePoint::BridgeIn, at: Default::default(), bytes: 1 };
        for (events, is_kept) in [(100, true), (1_000, false)] {
            let legs = Legs::Known(Trace { events: vec![event; events], ..Trace::default() });
            let item = Item::Run(Shared::new(RunRecord { legs, ..RunRecord::clone(record) }));
            let text = item.text().unwrap();
            assert!(text.len() <= RUN_MAX_BYTES);
            assert_eq!(text.contains("bridge-in"), is_kept, "{events} events");
        }
    }

    /// An entry as the first pages that stored runs wrote it.
    const ENTRY: &str = concat!(
        r#"{"format":"launcelot","version":3,"runs":[{"number":2,"run":{"target":"ws://localhost:8080/ws","#,
        r#""order":"one-at-a-time","clock_step_us":5.0,"lookup":null,"connecting":{"from_us":0.0,"until_us":1200.0},"#,
        r#""questions":[{"question":"What is your name?","answer":"My name is Sir Lancelot of Camelot.","#,
        r#""asked_us":1210.0,"answered_us":1420.0},{"question":"What is your quest?","answer":"To seek the Holy Grail.","#,
        r#""asked_us":1430.0,"answered_us":1590.0},{"question":"What is your favorite color?","answer":"Blue.","#,
        r#""asked_us":1600.0,"answered_us":1745.0}],"kernel":null,"status":{"state":"complete"}},"trace":null,"cores":2,"#,
        r#""provenance":{"began":"2026-11-27T23:40:00.125+01:00","client":{"kind":"page","version":"0.1.0","#,
        r#""system":"Mozilla/5.0 (X11; Linux x86_64)"},"server_design":null,"is_imported":false},"link":"none"}],"#,
        r#""races":[],"rounds":[]}"#,
    );

    #[test]
    fn an_entry_of_the_first_pages_is_read_and_a_damaged_one_is_left_out() {
        let texts = [("launcelot-run-4-17-2", ENTRY), ("launcelot-run-5-17-3", "damaged"), ("launcelot-run-x", ENTRY)];
        let mut restored = Restored::default();
        for (key, text) in texts {
            restored.read(key, text);
        }
        let [(id, recorded)] = &restored.runs[..] else { panic!("{restored:?}") };
        assert_eq!((id.position, id.number, recorded.run.answered()), (4, 2, 3));
    }
}
