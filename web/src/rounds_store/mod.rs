//! The browser's local storage, where series of rounds are kept from one visit to the next.
//!
//! Each series has an entry of its own, with a `document` of the newest version. Entries of `version_4` are replaced when the page
//! is opened, and those of the versions before are removed. An entry that cannot be read is left alone.

mod document;
mod version_4;

use std::cell::RefCell;

use web_sys::Storage;

use crate::shared::Shared;
use crate::state::ids::{PageId, RoundsId};
use crate::state::rounds::{KEPT_MAX, StoredRounds};

/// The begin of the keys of all entries. The identity of the series follows.
const PREFIX: &str = "launcelot-series-";

/// The begin of the keys before version 5. The version follows, and a number that increased with time.
const OLD_PREFIX: &str = "launcelot-rounds-";

/// The stored series, as this page has read or written them.
#[derive(Debug, Default)]
pub struct RoundsStore {
    saved: RefCell<Vec<Saved>>,
}

/// A series as it is stored.
#[derive(Debug)]
struct Saved {
    stored: StoredRounds,
    position: u32,
}

impl RoundsStore {
    /// Opens the storage as an earlier visit left it. If it has more than [`KEPT_MAX`] series, the oldest are removed.
    pub fn open() -> Self {
        let Some(storage) = storage() else { return Self::default() };
        let mut saved = read_all(&storage);
        migrate(&storage, &mut saved);
        let surplus = saved.len().saturating_sub(KEPT_MAX);
        for Saved { stored, .. } in saved.drain(..surplus) {
            remove(&storage, stored.id);
        }
        Self { saved: RefCell::new(saved) }
    }

    /// Returns the stored series, the oldest first.
    pub fn saved(&self) -> Vec<StoredRounds> {
        self.saved.borrow().iter().map(|saved| saved.stored.clone()).collect()
    }

    /// Stores the series in `kept` that are over and have an answer, and removes those that this page had stored and that are not
    /// in `kept`. Returns whether the browser stored all of them.
    pub fn save(&self, kept: &[StoredRounds]) -> bool {
        let storage = storage();
        let mut saved = self.saved.borrow_mut();
        saved.retain(|saved| {
            let is_kept = kept.iter().any(|kept| kept.id == saved.stored.id);
            if let Some(storage) = storage.as_ref().filter(|_| !is_kept) {
                remove(storage, saved.stored.id);
            }
            is_kept
        });
        let mut are_stored = true;
        for stored in kept.iter().filter(|kept| kept.rounds.is_over() && !kept.rounds.answered.is_empty()) {
            let before = saved.iter_mut().find(|saved| saved.stored.id == stored.id);
            if before.as_ref().is_some_and(|before| before.stored == *stored) {
                continue;
            }
            let position = match before {
                Some(before) => {
                    before.stored = stored.clone();
                    before.position
                }
                None => {
                    let position = next_position(&saved);
                    saved.push(Saved { stored: stored.clone(), position });
                    position
                }
            };
            are_stored &= storage.as_ref().is_some_and(|storage| write(storage, stored, position));
        }
        are_stored
    }
}

/// Returns the local storage. A browser may forbid it, or have none.
fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

fn keys(storage: &Storage) -> Vec<String> {
    let length = storage.length().unwrap_or_default();
    (0..length).filter_map(|index| storage.key(index).ok().flatten()).collect()
}

fn read_all(storage: &Storage) -> Vec<Saved> {
    let mut saved: Vec<Saved> = Vec::new();
    for key in keys(storage).iter().filter(|key| key.starts_with(PREFIX)) {
        let text = storage.get_item(key).ok().flatten().unwrap_or_default();
        if let Some((stored, position)) = document::read(&text) {
            let index = saved.partition_point(|before| (before.position, before.stored.id) < (position, stored.id));
            saved.insert(index, Saved { stored, position });
        }
    }
    saved
}

/// Replaces the entries of version 4 with documents, and removes those of the versions before.
fn migrate(storage: &Storage, saved: &mut Vec<Saved>) {
    let mut old: Vec<(u64, StoredRounds)> = Vec::new();
    for key in keys(storage) {
        let Some((version, number)) = key.strip_prefix(OLD_PREFIX).and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        if version != "4" {
            let _ = storage.remove_item(&key);
        } else if let Ok(number) = number.parse()
            && let Some(entry) = storage.get_item(&key).ok().flatten()
            && let Some((rounds, is_imported)) = version_4::read(&entry)
        {
            let id = RoundsId { page: PageId(number), number: 0 };
            let index = old.partition_point(|(before, _)| *before < number);
            old.insert(index, (number, StoredRounds { id, rounds: Shared::new(rounds), is_imported }));
        }
    }
    for (number, stored) in old {
        let position = next_position(saved);
        // Two documents and the entry may be more than fits: the entry is removed first, and put back if the document is not stored.
        let key = format!("{OLD_PREFIX}4-{number}");
        let entry = storage.get_item(&key).ok().flatten().unwrap_or_default();
        let _ = storage.remove_item(&key);
        if !write(storage, &stored, position) {
            let _ = storage.set_item(&key, &entry);
        }
        saved.push(Saved { stored, position });
    }
}

fn next_position(saved: &[Saved]) -> u32 {
    saved.iter().map(|saved| saved.position + 1).max().unwrap_or_default()
}

fn write(storage: &Storage, stored: &StoredRounds, position: u32) -> bool {
    let document = document::write(stored, position);
    document.is_some_and(|document| storage.set_item(&key(stored.id), &document).is_ok())
}

fn remove(storage: &Storage, id: RoundsId) {
    // An entry that is not there is not an error.
    let _ = storage.remove_item(&key(id));
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
}
