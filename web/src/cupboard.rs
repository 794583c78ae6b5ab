//! Where rounds are kept from one visit to the next: the browser's local storage.
//!
//! Each has an entry of its own: its name, what the page and its worker had said to each other, the wire and whether it
//! was imported, why it broke, and what the lab told of it. The
//! bytes of the messages are the characters U+0000 to U+00FF, about 5 of them a round. An entry that cannot be
//! read is left alone.

use std::rc::Rc;
use std::time::Duration;

use launcelot_measure::{Rounds, RunStatus, ServerWork};
use web_sys::Storage;

use crate::message::{Clock, FromWorker, ToWorker, decode, encode};
use crate::state::rounds::{self, KEPT_MAX, Kept};

/// What the keys of all entries begin with. The number is the shape of what follows, and rises where a reader of the shape before
/// would be misled: one that does not know of the last part does not miss it.
const PREFIX: &str = "launcelot-rounds-4-";

/// What stands between the parts of an entry. It is no byte, and of no script.
const BETWEEN: char = '\u{e000}';

/// What the cupboard holds now.
#[derive(Debug, Default)]
pub struct Cupboard {
    held: Vec<Kept>,
}

impl Cupboard {
    /// The cupboard as an earlier visit left it: the oldest first, and no more than may be kept.
    pub fn open() -> Self {
        let Some(storage) = storage() else { return Self::default() };
        let keys = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok().flatten());
        let mut held: Vec<Kept> = Vec::new();
        for id in keys.filter_map(|key| key.strip_prefix(PREFIX)?.parse().ok()) {
            let entry = storage.get_item(&key(id)).ok().flatten();
            if let Some((rounds, is_imported)) = entry.and_then(|entry| read(&entry)) {
                let place = held.partition_point(|kept| kept.id < id);
                held.insert(place, Kept { id, rounds: Rc::new(rounds), is_imported });
            }
        }
        let too_many = held.len().saturating_sub(KEPT_MAX);
        for kept in held.drain(..too_many) {
            let _ = storage.remove_item(&key(kept.id));
        }
        Self { held }
    }

    /// What it holds.
    pub fn held(&self) -> Vec<Kept> {
        self.held.clone()
    }

    /// Makes it hold these, and nothing else of what it held. Says whether the browser let it.
    pub fn hold(&mut self, kept: &[Kept]) -> bool {
        let held = std::mem::replace(&mut self.held, kept.to_vec());
        let storage = storage();
        for gone in held.iter().filter(|held| kept.iter().all(|kept| kept.id != held.id)) {
            if let Some(storage) = &storage {
                let _ = storage.remove_item(&key(gone.id));
            }
        }
        let mut is_held = true;
        for new in kept.iter().filter(|kept| kept.rounds.is_over() && !held.contains(kept)) {
            // Of what brought no answer, there is nothing to keep.
            if !new.rounds.answered.is_empty()
                && let Some(entry) = write(&new.rounds, new.is_imported)
            {
                is_held &= storage.as_ref().is_some_and(|storage| storage.set_item(&key(new.id), &entry).is_ok());
            }
        }
        is_held
    }
}

/// A browser may forbid it, or have none.
fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

fn key(id: u64) -> String {
    format!("{PREFIX}{id}")
}

fn write(rounds: &Rounds, is_imported: bool) -> Option<String> {
    let broken = match &rounds.status {
        RunStatus::Running => return None,
        RunStatus::Complete | RunStatus::Stopped => "",
        RunStatus::Broken(why) => why,
    };
    let clock = Clock { step: rounds.clock_step, isolated: true, cores: rounds.cores };
    let begun = encode(&ToWorker::Rounds { run: 0, url: rounds.target.clone(), plan: rounds.plan });
    let told = FromWorker::Rounds { run: 0, answered: rounds.answered.clone(), failures: rounds.failures.clone() };
    let mut entry = rounds.name.replace(BETWEEN, "");
    let rest = encode(&(rounds.link, is_imported, rounds.interruptions, rounds.errors));
    for message in [begun, encode(&FromWorker::Ready(clock)), encode(&told), rest] {
        entry.push(BETWEEN);
        entry.extend(message.into_iter().map(char::from));
    }
    entry.push(BETWEEN);
    entry += broken;
    entry.push(BETWEEN);
    entry.extend(encode(&(rounds.link_revisions, rounds.thinking_mean)).into_iter().map(char::from));
    entry.push(BETWEEN);
    let work = (rounds.server_work.map(|work| work.first), rounds.server_work.and_then(|work| work.last));
    entry.extend(encode(&work).into_iter().map(char::from));
    entry.push(BETWEEN);
    entry.extend(encode(&rounds.provenance).into_iter().map(char::from));
    Some(entry)
}

fn read(entry: &str) -> Option<(Rounds, bool)> {
    let mut parts = entry.split(BETWEEN);
    let name = parts.next()?.to_owned();
    // A character that is no byte makes a message that cannot be read.
    let to_bytes = |part: &str| part.chars().map(|character| u8::try_from(character).unwrap_or(u8::MAX)).collect();
    let mut bytes = || -> Option<Vec<u8>> { parts.next().map(to_bytes) };
    let (begun, clock, told) = (decode(&bytes()?)?, decode(&bytes()?)?, decode(&bytes()?)?);
    let (wire, is_imported, interruptions, errors) = decode(&bytes()?)?;
    let (ToWorker::Rounds { url, plan, .. }, FromWorker::Ready(clock)) = (begun, clock) else { return None };
    let mut rounds = rounds::begun(name, url, plan, clock);
    let FromWorker::Rounds { answered, failures, .. } = told else { return None };
    (rounds.answered, rounds.errors, rounds.failures) = (answered, errors, failures);
    (rounds.link, rounds.interruptions) = (wire, interruptions);
    rounds.status = match parts.next()? {
        "" if rounds.done() < plan.rounds as usize => RunStatus::Stopped,
        "" => RunStatus::Complete,
        why => RunStatus::Broken(why.to_owned()),
    };
    // Earlier versions of the page did not keep what the lab told.
    if let Some(told) = parts.next() {
        (rounds.link_revisions, rounds.thinking_mean) = decode(&to_bytes(told))?;
    }
    if let Some(work) = parts.next() {
        let (first, last): (Option<Duration>, _) = decode(&to_bytes(work))?;
        rounds.server_work = first.map(|first| ServerWork { first, last });
    }
    if let Some(provenance) = parts.next() {
        rounds.provenance = decode(&to_bytes(provenance))?;
    }
    rounds.provenance.is_imported |= is_imported;
    Some((rounds, is_imported))
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{
        Client, ClientKind, Connections, Failures, Instance, Interruptions, Link, LinkRevisions, Preset, Provenance,
        Round, RoundsPlan, Timestamp,
    };

    use super::*;

    /// Through settings that became others meanwhile.
    fn passage() -> LinkRevisions {
        LinkRevisions { instance: Instance(0xfedc_ba98_7654_3210), first_revision: 300, last_revision: None }
    }

    fn provenance() -> Provenance {
        let client =
            Client { kind: ClientKind::Page, version: "0.1.0".to_owned(), system: "Firefox, Ārija".to_owned() };
        let began = Timestamp::new(Duration::from_millis(1_795_790_583_250), -570);
        Provenance { began: Some(began), client: Some(client), server_design: None, is_imported: true }
    }

    fn rounds(answered: usize, status: RunStatus) -> Rounds {
        let round = Round { asked: 650, connecting: 650, due: u64::from(u32::MAX), ready: 700 };
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
            link_revisions: Some(passage()),
            thinking_mean: Some(Duration::from_micros(5_012)),
            server_work: Some(ServerWork::begun(Duration::from_millis(3))),
            answered: vec![round; answered],
            errors: 2,
            failures: Failures::default(),
            interruptions: Interruptions { was_hidden: true, was_suspended: false },
            status,
        }
    }

    #[test]
    fn what_is_written_can_be_read_and_is_small() {
        let all =
            [(1_000, RunStatus::Complete), (999, RunStatus::Stopped), (700, RunStatus::Broken("Gone.".to_owned()))];
        for (answered, ending) in all {
            let rounds = rounds(answered, ending);
            let entry = write(&rounds, true).unwrap();
            assert!(entry.chars().count() < 10_000, "{}", entry.chars().count());
            assert_eq!(read(&entry), Some((rounds, true)));
        }
        assert_eq!(write(&rounds(3, RunStatus::Running), false), None);
    }

    /// An entry as it was written before what the lab told was kept.
    const WITHOUT_WHAT_THE_LAB_TOLD: &str = "Tausend, sch\u{f6}n un \u{100}rija\u{e000}\u{1}\u{0}\tws://b/ws\u{ea}\u{7}d\u{1}\u{1}\
        \u{0}\u{0}\u{0}\u{0}\u{0}@\u{9f}@\u{e000}\u{0}\u{0}\u{88}\'\u{1}\u{2}\u{e000}\u{2}\u{0}\u{1b}\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\
        \u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{0}\u{e000}\u{1}\u{0}\
        \u{0}\u{0}\u{0}\u{0}P\u{94}@\u{0}\u{0}\u{0}\u{0}\u{0}\u{c0}b@\u{0}\u{1}\u{1}\u{0}\u{2}\u{e000}";

    #[test]
    fn an_entry_of_an_earlier_version_is_read_and_its_link_is_unknown() {
        let imported = Provenance { is_imported: true, ..Provenance::default() };
        let without_provenance = Rounds { provenance: imported, ..rounds(3, RunStatus::Stopped) };
        let expected =
            Rounds { link_revisions: None, thinking_mean: None, server_work: None, ..without_provenance.clone() };
        assert_eq!(read(WITHOUT_WHAT_THE_LAB_TOLD), Some((expected, true)));
        let stopped = rounds(3, RunStatus::Stopped);
        let entry = write(&stopped, true).unwrap();
        let entry = entry.rsplit_once(BETWEEN).unwrap().0;
        assert_eq!(read(entry), Some((without_provenance.clone(), true)));
        let without_work = entry.rsplit_once(BETWEEN).unwrap().0;
        assert_eq!(read(without_work), Some((Rounds { server_work: None, ..without_provenance }, true)));
    }

    #[test]
    fn what_is_no_entry_is_no_entry() {
        let whole = write(&rounds(1_000, RunStatus::Complete), false).unwrap();
        let cut: String = whole.chars().take(500).collect();
        for entry in ["", "{}", "\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}", "日本", &cut] {
            assert_eq!(read(entry), None, "{entry}");
        }
    }
}
