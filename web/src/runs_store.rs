//! The browser's local storage, where single runs and races are kept from one visit to the next.
//!
//! Each has an entry of its own, so that tabs do not overwrite each other's: an export document with one run or one race. What writes
//! and reads these is in the part of the program for [`files`], which also reads documents of earlier versions.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use js_sys::futures::spawn_local;
use launcelot_measure::export::{Document, json};

use crate::files;
use crate::shared::Shared;
use crate::state::State;
use crate::state::ids::EntryId;
use crate::state::import::RACES_MAX;
use crate::state::race::Race;
use crate::state::restore::Restored;
use crate::state::run_record::RunRecord;
use crate::state::runs::RUNS_MAX;
use crate::storage::{self, Entries};
use crate::turn::Turn;

/// The begin of the keys of runs and of races. An [`EntryId`] follows.
const RUN_PREFIX: &str = "launcelot-run-";
const RACE_PREFIX: &str = "launcelot-race-";

/// The largest number of bytes of a stored run. A run of three questions with its trace has about 3,000.
const RUN_MAX_BYTES: usize = 32_000;

/// The largest number of bytes of a stored race.
const RACE_MAX_BYTES: usize = 96_000;

/// The stored runs and races.
pub struct RunsStore {
    entries: Option<Box<dyn Entries>>,
    /// The keys that this page has found and not seen in its state yet.
    found: RefCell<Vec<String>>,
    saved: RefCell<Vec<Saved>>,
}

/// A run or a race that is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A single run.
    Run(Shared<RunRecord>),
    /// A race.
    Race(Shared<Race>),
}

#[derive(Debug)]
struct Saved {
    key: String,
    item: Item,
    state: Writing,
}

/// How far the writing of an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    Begun,
    Done,
    /// It is tried again at the next opportunity.
    Failed,
}

impl Item {
    /// Returns the runs and races of a state that are over.
    pub fn all_over(state: &State) -> Vec<Self> {
        let runs = state.runs.iter().filter(|record| record.run.is_over()).cloned().map(Self::Run);
        let races = state.races().filter(|race| race.is_over()).cloned().map(Self::Race);
        runs.chain(races).collect()
    }

    fn key(&self) -> String {
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
    /// Reads the texts of entries. One that cannot be read is left out.
    pub fn read(texts: &[(String, String)]) -> Self {
        let mut restored = Self::default();
        for (key, text) in texts {
            let Some(document) = read(text) else { continue };
            if let Some(id) = id_of(key, RUN_PREFIX) {
                restored.runs.extend(document.runs.into_iter().map(|run| (id, run)));
            } else if let Some(id) = id_of(key, RACE_PREFIX) {
                restored.races.extend(document.races.into_iter().map(|race| (id, race)));
            }
        }
        restored
    }
}

fn read(text: &str) -> Option<Document> {
    let mut reader = json::Reader::new(text.to_owned()).ok()?;
    while reader.read_next().ok()? {}
    reader.finish().ok()
}

impl RunsStore {
    /// Opens the browser's storage as earlier visits left it.
    pub fn open() -> Self {
        Self::open_in(storage::local())
    }

    /// Opens a storage. If it has more than the page shows, the oldest are removed.
    fn open_in(entries: Option<Box<dyn Entries>>) -> Self {
        let mut found = Vec::new();
        if let Some(entries) = entries.as_deref() {
            for (prefix, max) in [(RUN_PREFIX, RUNS_MAX), (RACE_PREFIX, RACES_MAX + 1)] {
                let keys = entries.keys();
                let mut ids: Vec<EntryId> = keys.iter().filter_map(|key| id_of(key, prefix)).collect();
                ids.sort_unstable();
                let surplus = ids.len().saturating_sub(max);
                for id in ids.drain(..surplus) {
                    entries.remove(&format!("{prefix}{id}"));
                }
                found.extend(ids.iter().map(|id| format!("{prefix}{id}")));
            }
        }
        Self { entries, found: RefCell::new(found), saved: RefCell::default() }
    }

    /// Returns the largest positions of a run and of a race; 0 where there is none.
    pub fn last_positions(&self) -> (u32, u32) {
        let found = self.found.borrow();
        let last = |prefix| found.iter().filter_map(|key| id_of(key, prefix)).map(|id| id.position).max();
        (last(RUN_PREFIX).unwrap_or_default(), last(RACE_PREFIX).unwrap_or_default())
    }

    /// Reads what earlier visits have left; `None` if that is nothing, or if what reads it cannot be loaded.
    pub async fn restore(&self) -> Option<Restored> {
        let entries = self.entries.as_deref()?;
        let keys = self.found.borrow().clone();
        let texts: Vec<_> = keys.into_iter().filter_map(|key| entries.get(&key).map(|text| (key, text))).collect();
        if texts.is_empty() { None } else { files::restored(&texts).await }
    }

    /// Stores `items`, and removes those that this page had stored or shown and that are not among them.
    pub fn save(self: &Rc<Self>, items: Vec<Item>) {
        let changed = self.begin_saving(items);
        if changed.is_empty() {
            return;
        }
        let store = self.clone();
        spawn_local(async move {
            let mut turn = Turn::begin();
            for item in changed {
                let text = files::stored_text(&item).await;
                store.end_saving(&item, text);
                turn.yield_if_long().await;
            }
        });
    }

    /// Removes what is not among `items`, and returns those that are to be written.
    fn begin_saving(&self, items: Vec<Item>) -> Vec<Item> {
        let Some(entries) = self.entries.as_deref() else { return Vec::new() };
        let mut saved = self.saved.borrow_mut();
        let keys: Vec<String> = items.iter().map(Item::key).collect();
        saved.retain(|saved| {
            let is_kept = keys.contains(&saved.key);
            if !is_kept {
                entries.remove(&saved.key);
            }
            is_kept
        });
        let mut changed = Vec::new();
        for (item, key) in items.into_iter().zip(keys) {
            let known = saved.iter().position(|saved| saved.key == key);
            if known.is_some_and(|index| saved[index].item == item && saved[index].state != Writing::Failed) {
                continue;
            }
            let is_found = take(&mut self.found.borrow_mut(), &key);
            let state = if is_found { Writing::Done } else { Writing::Begun };
            if !is_found {
                changed.push(item.clone());
            }
            let written = Saved { key, item, state };
            match known {
                Some(index) => saved[index] = written,
                None => saved.push(written),
            }
        }
        changed
    }

    /// Writes the text of an item, unless the item has changed meanwhile. `Err` if what makes the text could not be loaded.
    fn end_saving(&self, item: &Item, text: Result<Option<String>, files::NotLoaded>) {
        let mut saved = self.saved.borrow_mut();
        let Some(saved) = saved.iter_mut().find(|saved| saved.item == *item) else { return };
        let Some(entries) = self.entries.as_deref() else { return };
        let is_done = match text {
            Ok(Some(text)) => entries.set(&saved.key, &text),
            Ok(None) => true,
            Err(files::NotLoaded) => false,
        };
        saved.state = if is_done { Writing::Done } else { Writing::Failed };
    }
}

impl fmt::Debug for RunsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunsStore").field("saved", &self.saved).finish_non_exhaustive()
    }
}

fn id_of(key: &str, prefix: &str) -> Option<EntryId> {
    key.strip_prefix(prefix)?.parse().ok()
}

/// Removes a key from `keys`. Returns whether it was there.
fn take(keys: &mut Vec<String>, key: &str) -> bool {
    let before = keys.len();
    keys.retain(|other| other != key);
    keys.len() < before
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Trace, TraceEvent, TracePoint};

    use super::*;
    use crate::state::ids::RunId;
    use crate::state::run_record::Legs;
    use crate::state::test_state::{ask, complete, ready_after};
    use crate::storage::tests::InMemory;

    fn open(entries: &InMemory) -> RunsStore {
        RunsStore::open_in(Some(Box::new(entries.clone())))
    }

    /// The runs of a page on which each was complete.
    fn runs(count: u32) -> Vec<Item> {
        let state = ready_after((1..=count).flat_map(|run| [ask(), complete(run)]));
        Item::all_over(&state)
    }

    /// Saves as the page does.
    fn save(store: &RunsStore, items: &[Item]) -> usize {
        let changed = store.begin_saving(items.to_vec());
        for item in &changed {
            store.end_saving(item, Ok(item.text()));
        }
        changed.len()
    }

    fn read_all(entries: &InMemory) -> Restored {
        let texts = entries.entries.borrow().clone().into_iter().collect::<Vec<_>>();
        Restored::read(&texts)
    }

    #[test]
    fn runs_are_stored_once_and_removed_with_their_page_s_consent() {
        let entries = InMemory::default();
        let store = open(&entries);
        let items = runs(3);
        assert_eq!((save(&store, &items), save(&store, &items)), (3, 0));
        assert_eq!(open(&entries).last_positions(), (3, 0));
        assert_eq!(read_all(&entries).runs.len(), 3);
        assert_eq!(save(&store, &items[1..]), 0);
        let keys = ["launcelot-run-2-1-2", "launcelot-run-3-1-3"];
        assert_eq!(entries.keys(), keys);
        // Another page that shows none of them removes none of them.
        assert_eq!(save(&open(&entries), &[]), 0);
        assert_eq!(entries.keys(), keys);
    }

    #[test]
    fn a_restored_run_is_as_it_was_and_is_not_written_again() {
        let entries = InMemory::default();
        let items = runs(1);
        save(&open(&entries), &items);
        let store = open(&entries);
        let Item::Run(before) = &items[0] else { panic!("not a run") };
        let restored = read_all(&entries);
        let (id, recorded) = &restored.runs[0];
        let record = RunRecord::restored(RunId(8), 1, *id, recorded);
        assert_eq!((&record.run, record.entry, record.is_imported), (&before.run, before.entry, false));
        let item = Item::Run(Shared::new(record));
        assert_eq!(save(&store, &[item]), 0);
        assert_eq!(save(&store, &[]), 0);
        assert!(entries.keys().is_empty(), "it was removed from the page");
    }

    #[test]
    fn a_run_without_room_is_tried_again() {
        let entries = InMemory::default();
        let store = open(&entries);
        entries.room.set(0);
        let items = runs(1);
        assert_eq!((save(&store, &items), save(&store, &items)), (1, 1));
        entries.room.set(usize::MAX);
        assert_eq!((save(&store, &items), save(&store, &items)), (1, 0));
        assert_eq!(entries.keys().len(), 1);
    }

    #[test]
    fn of_a_large_run_the_trace_is_not_stored_and_there_are_no_more_than_the_page_shows() {
        let entries = InMemory::default();
        let Item::Run(record) = runs(1).remove(0) else { panic!("not a run") };
        let event = TraceEvent { point: TracePoint::BridgeIn, at: Default::default(), bytes: 1 };
        for (events, is_kept) in [(100, true), (1_000, false)] {
            let legs = Legs::Known(Trace { events: vec![event; events], ..Trace::default() });
            let item = Item::Run(Shared::new(RunRecord { legs, ..RunRecord::clone(&record) }));
            let text = item.text().unwrap();
            assert!(text.len() <= RUN_MAX_BYTES);
            assert_eq!(text.contains("bridge-in"), is_kept, "{events} events");
        }
        for number in 0..60 {
            entries.set(&format!("{RUN_PREFIX}{number}-1-{number}"), "");
        }
        assert_eq!(open(&entries).found.borrow().len(), RUNS_MAX);
        assert_eq!(entries.keys().len(), RUNS_MAX);
        assert_eq!(open(&entries).last_positions().0, 59);
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
        let restored = Restored::read(&texts.map(|(key, text)| (key.to_owned(), text.to_owned())));
        let [(id, recorded)] = &restored.runs[..] else { panic!("{restored:?}") };
        assert_eq!((id.position, id.number, recorded.run.answered()), (4, 2, 3));
    }
}
