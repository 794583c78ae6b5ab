//! The browser's local storage, where series of rounds are kept from one visit to the next.
//!
//! Each series has an entry of its own, with a `document`, so that tabs do not overwrite each other's series. Entries of `version_4`
//! are replaced when the page is opened, and those of the versions before are removed. An entry of the present form that cannot be
//! read is left alone: a newer page may have written it.

mod document;
mod version_4;

use std::cell::RefCell;
use std::fmt;

use crate::shared::Shared;
use crate::state::ids::{PageId, RoundsId};
use crate::state::rounds::{KEPT_MAX, StoredElsewhere, StoredRounds};
use crate::storage::{self, Entries};

/// The begin of the keys of all entries. The identity of the series follows.
const PREFIX: &str = "launcelot-series-";

/// The begin of the keys before version 5. The version follows, and a number that increased with time.
const OLD_PREFIX: &str = "launcelot-rounds-";

/// The stored series, as this page has read or written them.
#[derive(Default)]
pub struct RoundsStore {
    entries: Option<Box<dyn Entries>>,
    saved: RefCell<Vec<Saved>>,
}

/// A series as this page knows it to be stored.
#[derive(Debug)]
struct Saved {
    stored: StoredRounds,
    /// The place among the stored series. It counts up, so it does not depend on a clock.
    position: u32,
    /// Whether the browser has it like that. If not, it is written again at the next opportunity.
    is_written: bool,
}

/// Which series are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those that are over.
    Over,
    /// Also the one that is running, as far as it has come.
    All,
}

impl RoundsStore {
    /// Opens the browser's storage as earlier visits left it.
    pub fn open() -> Self {
        Self::open_in(storage::local())
    }

    /// Opens a storage. If it has more than [`KEPT_MAX`] series, the oldest are removed, except those that a person named.
    fn open_in(entries: Option<Box<dyn Entries>>) -> Self {
        let mut saved = Vec::new();
        if let Some(entries) = entries.as_deref() {
            saved = read_all(entries);
            migrate(entries, &mut saved);
            remove_surplus(entries, &mut saved);
        }
        Self { entries, saved: RefCell::new(saved) }
    }

    /// Returns the stored series, the oldest first.
    pub fn saved(&self) -> Vec<StoredRounds> {
        self.saved.borrow().iter().map(|saved| saved.stored.clone()).collect()
    }

    /// Stores the series in `kept` that have an answer, and removes those that this page had stored and that are not in `kept`. A
    /// series that the browser had no room for is tried again. Returns whether the browser has all of them.
    pub fn save(&self, kept: &[StoredRounds], extent: Extent) -> bool {
        let mut saved = self.saved.borrow_mut();
        saved.retain(|saved| {
            let is_kept = kept.iter().any(|kept| kept.id == saved.stored.id);
            if let Some(entries) = self.entries.as_deref().filter(|_| !is_kept) {
                entries.remove(&key(saved.stored.id));
            }
            is_kept
        });
        let is_saved = |stored: &&StoredRounds| stored.rounds.is_over() || extent == Extent::All;
        for stored in kept.iter().filter(is_saved).filter(|stored| !stored.rounds.answered.is_empty()) {
            let known = saved.iter().position(|saved| saved.stored.id == stored.id);
            let index = known.unwrap_or_else(|| {
                let position = next_position(&saved);
                saved.push(Saved { stored: stored.clone(), position, is_written: false });
                saved.len() - 1
            });
            let saved = &mut saved[index];
            if saved.stored != *stored || !saved.is_written {
                saved.stored = stored.clone();
                let text = document::write(stored, saved.position);
                saved.is_written = self.entries.as_deref().is_some_and(|entries| entries.set(&key(stored.id), &text));
            }
        }
        saved.iter().all(|saved| saved.is_written)
    }

    /// Takes what another tab did to an entry: it put a text there, or removed it. Returns what that means for the series here, if it
    /// means something. A series that another tab still measures does not appear here before it is over.
    pub fn take_change(&self, key: &str, text: Option<&str>) -> Option<StoredElsewhere> {
        let id = key.strip_prefix(PREFIX)?.parse().ok()?;
        let mut saved = self.saved.borrow_mut();
        let Some(text) = text else {
            saved.retain(|saved| saved.stored.id != id);
            return Some(StoredElsewhere::Removed(id));
        };
        let document::Entry { stored, position, is_running } = document::read(text).filter(|it| it.stored.id == id)?;
        if is_running {
            return None;
        }
        saved.retain(|saved| saved.stored.id != id);
        insert(&mut saved, Saved { stored: stored.clone(), position, is_written: true });
        Some(StoredElsewhere::Stored(stored))
    }
}

impl fmt::Debug for RoundsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoundsStore").field("saved", &self.saved).finish_non_exhaustive()
    }
}

fn read_all(entries: &dyn Entries) -> Vec<Saved> {
    let mut saved: Vec<Saved> = Vec::new();
    for key in entries.keys().iter().filter(|key| key.starts_with(PREFIX)) {
        if let Some(document::Entry { stored, position, .. }) = entries.get(key).and_then(|text| document::read(&text))
        {
            insert(&mut saved, Saved { stored, position, is_written: true });
        }
    }
    saved
}

fn insert(all: &mut Vec<Saved>, saved: Saved) {
    let order = |saved: &Saved| (saved.position, saved.stored.id);
    let index = all.partition_point(|before| order(before) < order(&saved));
    all.insert(index, saved);
}

/// Replaces the entries of version 4 with documents, and removes those of the versions before, and those that cannot be read.
fn migrate(entries: &dyn Entries, saved: &mut Vec<Saved>) {
    let mut old: Vec<(u64, String)> = Vec::new();
    for key in entries.keys() {
        let Some((version, number)) = key.strip_prefix(OLD_PREFIX).and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        match number.parse() {
            Ok(number) if version == "4" => old.push((number, key)),
            _ => entries.remove(&key),
        }
    }
    old.sort_unstable();
    for (number, key) in old {
        let text = entries.get(&key).unwrap_or_default();
        // Two documents and the entry may be more than fits: the entry is removed first, and put back if the document is not stored.
        entries.remove(&key);
        let Some((rounds, is_imported)) = version_4::read(&text) else { continue };
        let id = RoundsId { page: PageId(number), number: 0 };
        let stored = StoredRounds { id, rounds: Shared::new(rounds), is_imported };
        let position = next_position(saved);
        let is_written = entries.set(&self::key(id), &document::write(&stored, position));
        if !is_written {
            entries.set(&key, &text);
        }
        saved.push(Saved { stored, position, is_written });
    }
}

fn remove_surplus(entries: &dyn Entries, saved: &mut Vec<Saved>) {
    let mut surplus = saved.len().saturating_sub(KEPT_MAX);
    saved.retain(|saved| {
        let is_removed = surplus > 0 && !saved.stored.is_named();
        if is_removed {
            surplus -= 1;
            entries.remove(&key(saved.stored.id));
        }
        !is_removed
    });
}

fn next_position(saved: &[Saved]) -> u32 {
    saved.iter().map(|saved| saved.position.saturating_add(1)).max().unwrap_or_default()
}

fn key(id: RoundsId) -> String {
    format!("{PREFIX}{id}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{
        Client, ClientKind, Connections, Failures, Instance, Interruptions, Link, LinkRevisions, Preset, Provenance,
        Round, Rounds, RoundsPlan, RunStatus, ServerWork, Timestamp,
    };

    use super::*;
    use crate::storage::tests::InMemory;

    fn provenance() -> Provenance {
        let client =
            Client { kind: ClientKind::Page, version: "0.1.0".to_owned(), system: "Firefox, Ārija".to_owned() };
        let began = Timestamp::new(Duration::from_millis(1_795_790_583_250), -570);
        Provenance { began: Some(began), client: Some(client), server_design: None, is_imported: true }
    }

    /// A series through settings of the link that changed meanwhile.
    pub(super) fn rounds(answered: usize, status: RunStatus) -> Rounds {
        let round = Round { asked: 650, connecting: 650, due: u64::from(u32::MAX), ready: 700 };
        let revisions =
            LinkRevisions { instance: Instance(0xfedc_ba98_7654_3210), first_revision: 300, last_revision: None };
        Rounds {
            name: "Tausend, schön un Ārija".to_owned(),
            is_named: Some(true),
            target: "ws://b/ws".to_owned(),
            plan: RoundsPlan {
                rounds: 1_002,
                ..RoundsPlan::new(1_000, Connections::Each, Some(Duration::from_millis(2)))
            },
            clock_step: Duration::from_micros(5),
            cores: 2,
            provenance: provenance(),
            link: Link::Known(Preset::Ssh.link()),
            link_revisions: Some(revisions),
            thinking_mean: Some(Duration::from_micros(5_012)),
            server_work: Some(ServerWork::begun(Duration::from_millis(3))),
            answered: vec![round; answered],
            errors: 2,
            failures: Failures::default(),
            interruptions: Interruptions { was_hidden: true, was_suspended: false },
            status,
        }
    }

    fn stored(page: u64, number: u32) -> StoredRounds {
        let name = format!("{page}-{number}");
        let rounds = Rounds { name, is_named: Some(false), ..rounds(3, RunStatus::Complete) };
        let id = RoundsId { page: PageId(page), number };
        StoredRounds { id, rounds: Shared::new(rounds), is_imported: false }
    }

    fn open(entries: &InMemory) -> RoundsStore {
        RoundsStore::open_in(Some(Box::new(entries.clone())))
    }

    /// The names of the series that a page finds when it is opened.
    fn names(entries: &InMemory) -> Vec<String> {
        open(entries).saved().iter().map(|stored| stored.rounds.name.clone()).collect()
    }

    #[test]
    fn a_running_series_is_saved_as_far_as_it_has_come_and_is_stopped_for_the_next_page() {
        let entries = InMemory::default();
        let store = open(&entries);
        let mut running = stored(1, 1);
        running.rounds.make_mut().status = RunStatus::Running;
        assert!(store.save(&[running.clone()], Extent::Over));
        assert!(names(&entries).is_empty(), "not on every change");
        assert!(store.save(&[running.clone()], Extent::All));
        let found = open(&entries).saved();
        assert_eq!((found[0].rounds.status.clone(), found[0].rounds.done()), (RunStatus::Stopped, 5));
        // The page was only hidden, and the series ends.
        running.rounds.make_mut().status = RunStatus::Complete;
        assert!(store.save(&[running], Extent::Over));
        let found = open(&entries).saved();
        assert_eq!((found.len(), &found[0].rounds.status), (1, &RunStatus::Complete));
    }

    #[test]
    fn a_save_that_failed_is_tried_again() {
        let entries = InMemory::default();
        let store = open(&entries);
        let kept = [stored(1, 1), stored(1, 2)];
        assert!(store.save(&kept[..1], Extent::Over));
        entries.room.set(0);
        assert!(!store.save(&kept, Extent::Over));
        assert!(!store.save(&kept, Extent::Over), "still not stored");
        entries.room.set(usize::MAX);
        assert!(store.save(&kept, Extent::Over));
        assert_eq!(names(&entries), ["1-1", "1-2"]);
        assert!(!RoundsStore::open_in(None).save(&kept, Extent::Over), "without a storage");
    }

    #[test]
    fn what_a_person_named_is_never_removed() {
        let entries = InMemory::default();
        let mut all: Vec<StoredRounds> = (1..=20).map(|number| stored(1, number)).collect();
        for named in [0, 3] {
            all[named].rounds.make_mut().is_named = Some(true);
        }
        assert!(open(&entries).save(&all, Extent::Over));
        let found = open(&entries).saved();
        let numbers: Vec<u32> = found.iter().map(|stored| stored.id.number).collect();
        assert_eq!(numbers, [&[1, 4][..], &(11..=20).collect::<Vec<_>>()].concat());
        assert_eq!(entries.entries.borrow().len(), KEPT_MAX);
    }

    #[test]
    fn the_order_of_series_and_their_identities_do_not_depend_on_a_clock() {
        let entries = InMemory::default();
        // Of the first page, the clock was two hours ahead.
        let mut ahead = stored(900, 1);
        let began = Timestamp::new(Duration::from_secs(7_200), 0);
        ahead.rounds.make_mut().provenance.began = Some(began);
        assert!(open(&entries).save(&[ahead.clone()], Extent::Over));
        // On the second page, two begin in the same millisecond.
        let store = open(&entries);
        assert!(store.save(&[ahead, stored(5, 1), stored(5, 2)], Extent::Over));
        assert_eq!(names(&entries), ["900-1", "5-1", "5-2"]);
    }

    #[test]
    fn two_tabs_keep_the_series_of_each_other() {
        let entries = InMemory::default();
        let tabs = [open(&entries), open(&entries)];
        assert!(tabs[0].save(&[stored(1, 1)], Extent::Over));
        assert!(tabs[1].save(&[stored(2, 1)], Extent::Over));
        assert!(tabs[0].save(&[stored(1, 1), stored(1, 2)], Extent::Over));
        assert_eq!(names(&entries), ["1-1", "2-1", "1-2"]);
    }

    #[test]
    fn a_tab_takes_what_another_tab_stored_renamed_or_removed() {
        let entries = InMemory::default();
        let tabs = [open(&entries), open(&entries)];
        let mut series = stored(1, 1);
        let key = key(series.id);
        let change = |tab: &RoundsStore| tab.take_change(&key, entries.get(&key).as_deref());

        series.rounds.make_mut().status = RunStatus::Running;
        tabs[0].save(&[series.clone()], Extent::All);
        assert!(change(&tabs[1]).is_none(), "another tab still measures it");
        series.rounds.make_mut().status = RunStatus::Complete;
        tabs[0].save(&[series.clone()], Extent::Over);
        let Some(StoredElsewhere::Stored(taken)) = change(&tabs[1]) else { panic!("not taken") };
        assert_eq!((taken.id, &*taken.rounds), (series.id, &*series.rounds));
        assert!(tabs[1].save(&[taken], Extent::Over));
        assert_eq!(entries.entries.borrow().len(), 1, "one series, and not one of each tab");

        tabs[0].save(&[], Extent::Over);
        assert!(matches!(change(&tabs[1]), Some(StoredElsewhere::Removed(id)) if id == series.id));
        for (key, text) in [("theme", Some("dark")), ("launcelot-series-x", None), (&*key, Some("damaged"))] {
            assert!(tabs[1].take_change(key, text).is_none(), "{key}");
        }
    }

    /// An entry that the first pages with version 6 wrote.
    const ENTRY_OF_VERSION_6: &str = "\u{6}\u{7}\u{87}\u{cf}\u{c9}\u{95}\u{d3}\u{83}\u{c9}\u{f}\u{3}\u{1}\u{19}Tausend, sch\u{c3}\u{b6}n un \u{c4}\
        \u{80}rija\tws://b/ws\u{ea}\u{7}d\u{1}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}@\u{9f}@\u{0}\u{88}'\u{2}\u{1b}\u{8a}\
        \u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\
        \u{fa}\u{ff}\u{ff}\u{f}2\u{2}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}P\u{94}@\u{0}\u{0}\u{0}\u{0}\u{0}\u{c0}b@\
        \u{0}\u{1}\u{10}fedcba9876543210\u{ac}\u{2}\u{0}\u{1}\u{0}\u{a0}\u{f4}\u{b1}\u{2}\u{1}\u{0}\u{0}\u{0}\u{0}\
        \u{0}p\u{a7}@\u{0}\u{1}\u{0}\u{1}\u{1}\u{d2}\u{eb}\u{d6}\u{eb}\u{a1}4\u{f3}\u{8}\u{1}\u{0}\u{5}0.1.0\u{f}Fir\
        efox, \u{c4}\u{80}rija\u{0}\u{1}";

    #[test]
    fn entries_of_all_versions_are_kept_or_removed() {
        let entries = InMemory::default();
        let old = [
            ("launcelot-rounds-4-20", version_4::tests::ENTRY),
            ("launcelot-rounds-4-3", "damaged"),
            ("launcelot-rounds-3-10", "older"),
            ("launcelot-series-8765432101234567-3", ENTRY_OF_VERSION_6),
            ("launcelot-series-1-1", "\u{9}of a newer page"),
            ("theme", "dark"),
        ];
        for (key, text) in old {
            entries.set(key, text);
        }
        let name = "Tausend, schön un Ārija";
        for _ in 0..2 {
            assert_eq!(names(&entries), [name, name]);
            let keys =
                ["launcelot-series-1-1", "launcelot-series-20-0", "launcelot-series-8765432101234567-3", "theme"];
            assert_eq!(entries.keys(), keys);
        }
        let of_version_6 = &open(&entries).saved()[0];
        assert_eq!(*of_version_6.rounds, Rounds { is_named: None, ..rounds(3, RunStatus::Stopped) });
        assert!(of_version_6.is_named(), "a name that no page gives");
    }
}
