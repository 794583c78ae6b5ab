//! The document of a series, as the browser's storage has it: bytes, written as the characters U+0000 to U+00FF.
//!
//! It is about five characters a round, so that the largest number of series fits into the storage that browsers allow.

use std::time::Duration;

use launcelot_measure::{
    Failures, Interruptions, Link, LinkRevisions, Provenance, Round, Rounds, RoundsPlan, RunStatus, ServerWork,
};
use serde::{Deserialize, Serialize};

use crate::message::{decode, encode};
use crate::packed;
use crate::shared::Shared;
use crate::state::ids::RoundsId;
use crate::state::rounds::StoredRounds;

/// The version that is written. It increases with every change of [`Document`], of a type in it, or of what follows it.
const VERSION: u32 = 8;

/// The version before, in which a link of none may also be unknown.
const UNKNOWN_LINK_VERSION: u32 = 7;

/// The version before that, which does not say whether a person named the series.
const UNNAMED_VERSION: u32 = 6;

/// The oldest version that is read, which has no provenance, and settings or nothing as the link. Earlier versions had another
/// form altogether, which [`version_4`](super::version_4) reads.
const OLDEST_VERSION: u32 = 5;

/// A stored series, which its provenance follows, and whether a person named it. The version comes first, so that it can be read from documents of any version.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    /// The place among the stored series.
    position: u32,
    id: RoundsId,
    is_imported: bool,
    name: String,
    target: String,
    plan: RoundsPlan,
    clock_step: Duration,
    cores: u32,
    #[serde(with = "packed")]
    answered: Vec<Round>,
    errors: u32,
    failures: Failures,
    /// Settings or nothing have the same bytes as this has for a known link or none.
    link: Link,
    link_revisions: Option<LinkRevisions>,
    thinking_mean: Option<Duration>,
    server_work: Option<ServerWork>,
    interruptions: Interruptions,
    status: StoredStatus,
}

/// The status of a series.
#[derive(Debug, Serialize, Deserialize)]
enum StoredStatus {
    Complete,
    Stopped,
    Broken(String),
    /// The page that measured the series had not ended it. Since version 7.
    Running,
}

/// What a document contains.
#[derive(Debug)]
pub(super) struct Entry {
    /// The series. If it was running, it is stopped.
    pub(super) stored: StoredRounds,
    /// Its place among the stored ones.
    pub(super) position: u32,
    /// Whether it was running when it was written.
    pub(super) is_running: bool,
}

/// Returns the document of a series.
pub(super) fn write(stored: &StoredRounds, position: u32) -> String {
    let StoredRounds { id, rounds, is_imported } = stored;
    let status = match &rounds.status {
        RunStatus::Running => StoredStatus::Running,
        RunStatus::Complete => StoredStatus::Complete,
        RunStatus::Stopped => StoredStatus::Stopped,
        RunStatus::Broken(why) => StoredStatus::Broken(why.clone()),
    };
    let rounds = Rounds::clone(rounds);
    let document = Document {
        version: VERSION,
        position,
        id: *id,
        is_imported: *is_imported,
        name: rounds.name,
        target: rounds.target,
        plan: rounds.plan,
        clock_step: rounds.clock_step,
        cores: rounds.cores,
        answered: rounds.answered,
        errors: rounds.errors,
        failures: rounds.failures,
        link: rounds.link,
        link_revisions: rounds.link_revisions,
        thinking_mean: rounds.thinking_mean,
        server_work: rounds.server_work,
        interruptions: rounds.interruptions,
        status,
    };
    encode(&(document, rounds.provenance, stored.is_named())).into_iter().map(char::from).collect()
}

/// Returns what a document contains; `None` if it is damaged or of another version.
pub(super) fn read(text: &str) -> Option<Entry> {
    let bytes = to_bytes(text)?;
    let (document, rest): (Document, &[u8]) = postcard::take_from_bytes(&bytes).ok()?;
    let (link, provenance, is_named): (Link, Provenance, Option<bool>) = match document.version {
        OLDEST_VERSION => {
            let link = Link::new(document.link.settings(), document.link_revisions);
            (link, Provenance { is_imported: document.is_imported, ..Provenance::default() }, None)
        }
        UNNAMED_VERSION => (document.link.of_earlier_document(), decode(rest)?, None),
        UNKNOWN_LINK_VERSION => {
            let (provenance, is_named) = decode(rest)?;
            (document.link.of_earlier_document(), provenance, Some(is_named))
        }
        VERSION => {
            let (provenance, is_named) = decode(rest)?;
            (document.link, provenance, Some(is_named))
        }
        _ => return None,
    };
    let is_running = matches!(document.status, StoredStatus::Running);
    let rounds = Rounds {
        name: document.name,
        is_named,
        target: document.target,
        plan: document.plan,
        clock_step: document.clock_step,
        cores: document.cores,
        answered: document.answered,
        errors: document.errors,
        failures: document.failures,
        provenance,
        link,
        link_revisions: document.link_revisions,
        thinking_mean: document.thinking_mean,
        server_work: document.server_work,
        interruptions: document.interruptions,
        status: match document.status {
            StoredStatus::Complete => RunStatus::Complete,
            StoredStatus::Stopped | StoredStatus::Running => RunStatus::Stopped,
            StoredStatus::Broken(why) => RunStatus::Broken(why),
        },
    };
    let Document { id, is_imported, position, .. } = document;
    let stored = StoredRounds { id, rounds: Shared::new(rounds), is_imported };
    Some(Entry { stored, position, is_running })
}

/// Returns the bytes of which each character is one.
pub(super) fn to_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(character).ok()).collect()
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Preset;

    use super::super::tests::rounds;
    use super::*;
    use crate::state::ids::PageId;

    fn stored(answered: usize, status: RunStatus) -> StoredRounds {
        let id = RoundsId { page: PageId(8_765_432_101_234_567), number: 3 };
        StoredRounds { id, rounds: Shared::new(rounds(answered, status)), is_imported: true }
    }

    /// The same as an earlier version wrote it: the version was the first character, and the last `missing` bytes were not there.
    fn as_version(version: char, stored: &StoredRounds, missing: usize) -> String {
        let text = write(stored, 7);
        let length = text.chars().count() - missing;
        [version].into_iter().chain(text.chars().take(length).skip(1)).collect()
    }

    #[test]
    fn what_is_written_can_be_read_and_is_small() {
        let all =
            [(1_000, RunStatus::Complete), (999, RunStatus::Stopped), (700, RunStatus::Broken("Gone.".to_owned()))];
        for (answered, status) in all {
            for is_named in [true, false] {
                let mut stored = stored(answered, status.clone());
                stored.rounds.make_mut().is_named = Some(is_named);
                let text = write(&stored, 7);
                assert!(text.chars().count() < 10_000, "{}", text.chars().count());
                let entry = read(&text).unwrap();
                let read = &entry.stored;
                assert_eq!((read.id, read.is_imported), (stored.id, true));
                assert_eq!((&*read.rounds, entry.position, entry.is_running), (&*stored.rounds, 7, false));
            }
        }
    }

    #[test]
    fn a_series_that_was_running_is_read_as_stopped() {
        let entry = read(&write(&stored(3, RunStatus::Running), 1)).unwrap();
        assert_eq!((&*entry.stored.rounds, entry.is_running), (&rounds(3, RunStatus::Stopped), true));
    }

    #[test]
    fn a_link_of_none_in_a_document_of_version_7_may_be_unknown() {
        let mut stored = stored(3, RunStatus::Stopped);
        let cases = [(Link::None, Link::Unknown), (Link::Changed, Link::Changed), (Link::Unknown, Link::Unknown)];
        for (link, of_version_7) in cases {
            stored.rounds.make_mut().link = link;
            assert_eq!(read(&write(&stored, 7)).unwrap().stored.rounds.link, link);
            assert_eq!(read(&as_version('\u{7}', &stored, 0)).unwrap().stored.rounds.link, of_version_7);
        }
    }

    #[test]
    fn a_document_of_version_6_is_read_and_a_name_that_no_page_gives_is_of_a_person() {
        let stored = stored(3, RunStatus::Stopped);
        for (name, is_named) in [("Tausend", true), ("902 rounds, direct (2) (imported)", false)] {
            let rounds = Rounds { name: name.to_owned(), is_named: None, ..Rounds::clone(&stored.rounds) };
            let stored = StoredRounds { rounds: Shared::new(rounds), ..stored.clone() };
            let entry = read(&as_version('\u{6}', &stored, 1)).unwrap();
            assert_eq!((&*entry.stored.rounds, entry.stored.is_named()), (&*stored.rounds, is_named));
        }
    }

    #[test]
    fn a_document_of_version_5_is_read_and_where_it_came_from_is_unknown() {
        let imported = Provenance { is_imported: true, ..Provenance::default() };
        let settings =
            [(Link::None, Link::Changed), (Link::Known(Preset::Ssh.link()), Link::Known(Preset::Ssh.link()))];
        for (link, expected) in settings {
            let stored = stored(3, RunStatus::Stopped);
            let rounds = Rounds { link, ..Rounds::clone(&stored.rounds) };
            let stored = StoredRounds { rounds: Shared::new(rounds.clone()), ..stored };
            let missing = encode(&rounds.provenance).len() + 1;
            let entry = read(&as_version('\u{5}', &stored, missing)).unwrap();
            let expected = Rounds { is_named: None, provenance: imported.clone(), link: expected, ..rounds };
            assert_eq!((&*entry.stored.rounds, entry.position), (&expected, 7));
        }
    }

    #[test]
    fn damaged_documents_and_those_of_other_versions_are_not_read() {
        let whole = write(&stored(1_000, RunStatus::Complete), 1);
        let cut: String = whole.chars().take(500).collect();
        let newer: String = ['\u{9}'].into_iter().chain(whole.chars().skip(1)).collect();
        for text in ["", "{}", "\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}", "日本", &cut, &newer] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
