//! The browser's local storage, where single runs and races are kept from one visit to the next.
//!
//! Each [`Item`] has an entry of its own, so that tabs do not overwrite each other's. What writes and reads entries is in the part of
//! the program for [`files`].

mod item;

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::files::{self, ItemWriter};
use crate::state::ids::{EntryId, RunId};
use crate::state::import::RACES_MAX;
use crate::state::restore::Restored;
use crate::state::runs::RUNS_MAX;
use crate::storage::{self, Entries};
use crate::turn::Turn;
pub use item::Item;
use item::{RACE_PREFIX, RUN_PREFIX, id_of};

/// The stored runs and races.
pub struct RunsStore {
    entries: Option<Box<dyn Entries>>,
    /// The keys that this page has found and not seen in its state yet.
    found: RefCell<Vec<String>>,
    saved: RefCell<Vec<Saved>>,
    /// What writes the entries, once it is loaded.
    writer: Cell<Option<ItemWriter>>,
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
    Due,
    /// It was written. The entry may be gone since, if it was removed in another tab.
    Done,
    /// It is larger than an entry may be.
    TooLarge,
    /// The browser did not store it. It is tried again at the next opportunity.
    Failed,
}

impl RunsStore {
    /// Opens the browser's storage as earlier visits left it.
    pub fn open() -> Self {
        Self::open_in(storage::local())
    }

    /// Opens a storage. If it has more than two tabs show, the oldest are removed.
    fn open_in(entries: Option<Box<dyn Entries>>) -> Self {
        let mut found = Vec::new();
        if let Some(entries) = entries.as_deref() {
            for (prefix, max) in [(RUN_PREFIX, RUNS_MAX), (RACE_PREFIX, 2 * RACES_MAX)] {
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
        Self { entries, found: RefCell::new(found), saved: RefCell::default(), writer: Cell::default() }
    }

    /// Returns the largest positions of a run and of a race; 0 where there is none.
    pub fn last_positions(&self) -> (u32, u32) {
        let found = self.found.borrow();
        let last = |prefix| found.iter().filter_map(|key| id_of(key, prefix)).map(|id| id.position).max();
        (last(RUN_PREFIX).unwrap_or_default(), last(RACE_PREFIX).unwrap_or_default())
    }

    /// Reads in turns what earlier visits have left; `None` if that is nothing, or if what reads it cannot be loaded.
    pub async fn restore(&self) -> Option<Restored> {
        let entries = self.entries.as_deref()?;
        let keys = self.found.borrow().clone();
        let mut restored = None;
        let mut turn = Turn::begin();
        for key in keys {
            let Some(text) = entries.get(&key) else { continue };
            files::restore(&key, &text, restored.get_or_insert_default()).await?;
            turn.yield_if_long().await;
        }
        restored
    }

    /// Loads what writes the entries, so that [`save_at_once`](Self::save_at_once) has it.
    pub async fn load_writer(&self) {
        if self.writer.get().is_none() {
            self.writer.set(files::item_writer().await);
        }
    }

    /// Stores `items` in turns, and removes those that this page had stored or shown and that are not among them. Returns whether the
    /// browser has stored everything that it was given.
    pub async fn save(&self, items: Vec<Item>) -> bool {
        self.prepare(items);
        if self.has_one(Writing::Due) {
            self.load_writer().await;
            let mut turn = Turn::begin();
            while self.write_next() {
                turn.yield_if_long().await;
            }
        }
        // Without the writer, which could not be loaded, everything is still due.
        self.has_all() && !self.has_one(Writing::Due)
    }

    /// Like [`save`](Self::save), but in one turn, for a page that may be about to end. Writes nothing before the writer is loaded.
    pub fn save_at_once(&self, items: Vec<Item>) -> bool {
        self.prepare(items);
        while self.write_next() {}
        self.has_all()
    }

    /// Removes what is not among `items`, and notes which of them are due.
    fn prepare(&self, items: Vec<Item>) {
        let mut saved = self.saved.borrow_mut();
        let keys: Vec<String> = items.iter().map(Item::key).collect();
        saved.retain(|saved| {
            let is_kept = keys.contains(&saved.key);
            if let Some(entries) = self.entries.as_deref().filter(|_| !is_kept) {
                entries.remove(&saved.key);
            }
            is_kept
        });
        for (item, key) in items.into_iter().zip(keys) {
            if let Some(known) = saved.iter_mut().find(|saved| saved.key == key) {
                if known.state == Writing::Failed || known.item != item && !self.is_removed(known) {
                    known.state = Writing::Due;
                }
                known.item = item;
            } else {
                let is_found = take(&mut self.found.borrow_mut(), &key);
                let state = if is_found { Writing::Done } else { Writing::Due };
                saved.push(Saved { key, item, state });
            }
        }
    }

    /// Whether an item was stored and another tab has removed it. It stays removed, even if this page learns more of it.
    fn is_removed(&self, saved: &Saved) -> bool {
        let entries = self.entries.as_deref().filter(|_| saved.state == Writing::Done);
        entries.is_some_and(|entries| entries.get(&saved.key).is_none())
    }

    /// Writes the next item that is due. Returns whether there was one, and something to write it with.
    fn write_next(&self) -> bool {
        let Some(write) = self.writer.get() else { return false };
        let mut saved = self.saved.borrow_mut();
        let Some(due) = saved.iter_mut().find(|saved| saved.state == Writing::Due) else { return false };
        due.state = match self.entries.as_deref() {
            None => Writing::Failed,
            Some(entries) => match write(&due.item) {
                None => Writing::TooLarge,
                Some(text) if entries.set(&due.key, &text) => Writing::Done,
                Some(_) => Writing::Failed,
            },
        };
        true
    }

    /// Returns the run that this page shows and has stored as `key`.
    pub fn run_of(&self, key: &str) -> Option<RunId> {
        let saved = self.saved.borrow();
        match &saved.iter().find(|saved| saved.key == key)?.item {
            Item::Run(record) => Some(record.id),
            Item::Race(_) => None,
        }
    }

    fn has_all(&self) -> bool {
        !self.has_one(Writing::Failed) && !self.has_one(Writing::TooLarge)
    }

    fn has_one(&self, state: Writing) -> bool {
        self.saved.borrow().iter().any(|saved| saved.state == state)
    }
}

impl fmt::Debug for RunsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunsStore").field("saved", &self.saved).finish_non_exhaustive()
    }
}

/// Removes a key from `keys`. Returns whether it was there.
fn take(keys: &mut Vec<String>, key: &str) -> bool {
    let before = keys.len();
    keys.retain(|other| other != key);
    keys.len() < before
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{RunStatus, Trace};

    use super::*;
    use crate::shared::Shared;
    use crate::state::Action;
    use crate::state::run_record::{Legs, RunRecord};
    use crate::state::test_state::{after, ask, complete, connected, ready_after};
    use crate::storage::tests::InMemory;

    fn open(entries: &InMemory) -> RunsStore {
        let store = RunsStore::open_in(Some(Box::new(entries.clone())));
        store.writer.set(Some(Item::text));
        store
    }

    /// The runs of a page on which each was complete.
    fn runs(count: u32) -> Vec<Item> {
        let state = ready_after((1..=count).flat_map(|run| [ask(), complete(run)]));
        Item::all_over(&state)
    }

    /// Returns the number of items that a save would write.
    fn due(store: &RunsStore, items: &[Item]) -> usize {
        store.prepare(items.to_vec());
        store.saved.borrow().iter().filter(|saved| saved.state == Writing::Due).count()
    }

    /// Saves as the page does. Returns how many items were due, and whether all items are stored.
    fn save(store: &RunsStore, items: &[Item]) -> (usize, bool) {
        (due(store, items), store.save_at_once(items.to_vec()))
    }

    fn read_all(entries: &InMemory) -> Restored {
        let mut restored = Restored::default();
        for (key, text) in &*entries.entries.borrow() {
            restored.read(key, text);
        }
        restored
    }

    /// The runs that a page restores.
    fn restored_runs(entries: &InMemory) -> Vec<Item> {
        let restored = read_all(entries).runs.into_iter().zip(8..);
        let records = restored.map(|((id, recorded), run)| RunRecord::restored(RunId(run), 1, id, &recorded));
        records.map(|record| Item::Run(Shared::new(record))).collect()
    }

    /// The same run, of which the page has learned the legs.
    fn traced(item: &Item) -> Item {
        let Item::Run(record) = item else { panic!("not a run") };
        Item::Run(Shared::new(RunRecord { legs: Legs::Known(Trace::default()), ..RunRecord::clone(record) }))
    }

    #[test]
    fn runs_are_stored_once_and_removed_with_their_page_s_consent() {
        let entries = InMemory::default();
        let store = open(&entries);
        let items = runs(3);
        assert_eq!((save(&store, &items), save(&store, &items)), ((3, true), (0, true)));
        assert_eq!(open(&entries).last_positions(), (3, 0));
        assert_eq!(read_all(&entries).runs.len(), 3);
        assert_eq!(save(&store, &items[1..]), (0, true));
        let keys = ["launcelot-run-2-1-2", "launcelot-run-3-1-3"];
        assert_eq!(entries.keys(), keys);
        // Another page that shows none of them removes none of them.
        assert_eq!(save(&open(&entries), &[]), (0, true));
        assert_eq!(entries.keys(), keys);
    }

    #[test]
    fn a_run_that_one_tab_removes_is_not_written_again_by_another_and_the_others_stay() {
        let entries = InMemory::default();
        let first = open(&entries);
        let mut items = runs(3);
        save(&first, &items);
        let second = open(&entries);
        let mut restored = restored_runs(&entries);
        assert_eq!(save(&second, &restored), (0, true));
        restored.remove(1);
        save(&second, &restored);
        let keys = ["launcelot-run-1-1-1", "launcelot-run-3-1-3"];
        assert_eq!(entries.keys(), keys);

        items = items.iter().map(traced).collect();
        assert_eq!((save(&first, &items), entries.keys()), ((2, true), keys.map(str::to_owned).into()));
        items.remove(0);
        save(&first, &items);
        assert_eq!(save(&second, &restored), (0, true));
        assert_eq!(entries.keys(), keys[1..], "a run that the first tab removes");
        items.extend(runs(4).drain(3..));
        save(&first, &items);
        assert_eq!(entries.keys().len(), 2, "a run that began later");
    }

    #[test]
    fn what_is_running_is_stored_as_stopped_until_it_is_over() {
        let entries = InMemory::default();
        let store = open(&entries);
        let state = ready_after([ask()]);
        assert!(Item::all_so_far(&state).is_empty(), "not connected");
        let state = after(state, [connected(1)]);
        assert!(Item::all_over(&state).is_empty());
        assert_eq!(save(&store, &Item::all_so_far(&state)), (1, true));
        assert_eq!(read_all(&entries).runs[0].1.run.status, RunStatus::Stopped);
        assert!(state.is_running(), "the page may come back");
        let state = after(state, [complete(1)]);
        assert_eq!(save(&store, &Item::all_over(&state)), (1, true));
        let restored = read_all(&entries).runs;
        assert_eq!((restored.len(), &restored[0].1.run.status), (1, &RunStatus::Complete));
    }

    #[test]
    fn a_race_that_is_running_is_stored_as_stopped_with_what_has_come_of_it() {
        let entries = InMemory::default();
        let state = ready_after([Action::Raced, connected(1), complete(1)]);
        assert!(state.race.is_running());
        assert!(Item::all_so_far(&state).is_empty(), "the warm-up is not kept");
        let state = after(state, [connected(2)]);
        assert_eq!(save(&open(&entries), &Item::all_so_far(&state)), (1, true));
        let race = &read_all(&entries).races[0].1;
        assert_eq!(race.one_at_a_time[0].run.status, RunStatus::Stopped);
        assert!(race.one_at_a_time[0].run.connecting.is_some() && race.sent_ahead.is_empty());
    }

    #[test]
    fn before_the_writer_is_loaded_items_stay_due() {
        let entries = InMemory::default();
        let store = RunsStore::open_in(Some(Box::new(entries.clone())));
        let items = runs(1);
        assert_eq!((save(&store, &items), entries.keys().len()), ((1, true), 0));
        store.writer.set(Some(Item::text));
        assert_eq!((save(&store, &items), entries.keys().len()), ((1, true), 1));
    }

    #[test]
    fn a_browser_without_storage_stores_nothing() {
        let store = RunsStore::open_in(None);
        store.writer.set(Some(Item::text));
        assert_eq!((save(&store, &[]), save(&store, &runs(1))), ((0, true), (1, false)));
    }

    #[test]
    fn a_restored_run_is_as_it_was_and_is_not_written_again() {
        let entries = InMemory::default();
        let items = runs(1);
        save(&open(&entries), &items);
        let store = open(&entries);
        let restored = restored_runs(&entries);
        let [Item::Run(before), Item::Run(record)] = [&items[0], &restored[0]] else { panic!("not runs") };
        assert_eq!((&record.run, record.entry, record.is_imported), (&before.run, before.entry, false));
        assert_eq!(save(&store, &restored), (0, true));
        assert_eq!(save(&store, &[]), (0, true));
        assert!(entries.keys().is_empty(), "it was removed from the page");
    }

    #[test]
    fn a_run_without_room_is_tried_again() {
        let entries = InMemory::default();
        let store = open(&entries);
        entries.room.set(0);
        let items = runs(1);
        assert_eq!((save(&store, &items), save(&store, &items)), ((1, false), (1, false)));
        entries.room.set(usize::MAX);
        assert_eq!((save(&store, &items), save(&store, &items)), ((1, true), (0, true)));
        assert_eq!(entries.keys().len(), 1);
    }

    #[test]
    fn there_are_no_more_runs_than_the_page_shows() {
        let entries = InMemory::default();
        for number in 0..60 {
            entries.set(&format!("{RUN_PREFIX}{number}-1-{number}"), "");
        }
        assert_eq!(open(&entries).found.borrow().len(), RUNS_MAX);
        assert_eq!(entries.keys().len(), RUNS_MAX);
        assert_eq!(open(&entries).last_positions().0, 59);
    }
}
