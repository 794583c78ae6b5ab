//! Entries as pages before version 5 wrote them: the name, what the page and its worker had said to each other, and what the lab had
//! told, as parts of one text.

use std::time::Duration;

use launcelot_measure::{
    Failures, Interruptions, Link, LinkRevisions, LinkSettings, Round, Rounds, RoundsPlan, RunStatus, ServerWork,
};
use serde::Deserialize;

use super::document::to_bytes;
use crate::message::{Clock, decode};
use crate::packed;
use crate::state::rounds;

/// The separator of the parts.
const SEPARATOR: char = '\u{e000}';

/// The message with which the page had the rounds begin. Its first number said which message it was.
#[derive(Deserialize)]
struct Begun {
    _message: u32,
    _run: u32,
    url: String,
    plan: RoundsPlan,
}

/// The message with which the worker had described its clock.
#[derive(Deserialize)]
struct Ready {
    _message: u32,
    clock: Clock,
}

/// The message with which the worker had sent the answered rounds.
#[derive(Deserialize)]
struct Answered {
    _message: u32,
    _run: u32,
    #[serde(with = "packed")]
    answered: Vec<Round>,
    failures: Failures,
}

/// Returns the rounds in an entry, and whether they were imported; `None` if the entry is damaged.
pub(super) fn read(entry: &str) -> Option<(Rounds, bool)> {
    let mut parts = entry.split(SEPARATOR);
    let name = parts.next()?.to_owned();
    let begun: Begun = decode(&to_bytes(parts.next()?)?)?;
    let ready: Ready = decode(&to_bytes(parts.next()?)?)?;
    let answered: Answered = decode(&to_bytes(parts.next()?)?)?;
    let rest: (Option<LinkSettings>, bool, Interruptions, u32) = decode(&to_bytes(parts.next()?)?)?;
    let (settings, is_imported, interruptions, errors) = rest;
    let mut rounds = rounds::begun(name, begun.url, begun.plan, ready.clock);
    rounds.is_named = None;
    rounds.answered = answered.answered;
    rounds.failures = answered.failures;
    rounds.errors = errors;
    rounds.provenance.is_imported = is_imported;
    rounds.interruptions = interruptions;
    rounds.status = match parts.next()? {
        "" if rounds.done() < begun.plan.rounds as usize => RunStatus::Stopped,
        "" => RunStatus::Complete,
        why => RunStatus::Broken(why.to_owned()),
    };
    // The first pages did not store what the lab told.
    if let Some(part) = parts.next() {
        let from_lab: (Option<LinkRevisions>, Option<Duration>) = decode(&to_bytes(part)?)?;
        (rounds.link_revisions, rounds.thinking_mean) = from_lab;
    }
    if let Some(work) = parts.next() {
        let (first, last): (Option<Duration>, Option<Duration>) = decode(&to_bytes(work)?)?;
        rounds.server_work = first.map(|first| ServerWork { first, last });
    }
    rounds.link = Link::new(settings, rounds.link_revisions);
    Some((rounds, is_imported))
}

#[cfg(test)]
pub(super) mod tests {
    use launcelot_measure::Provenance;

    use super::super::tests::rounds;
    use super::*;

    /// An entry of the first pages with version 4.
    pub(in super::super) const ENTRY: &str = "Tausend, sch\u{f6}n un \u{100}rija\u{e000}\u{1}\u{0}\tws://b/ws\u{ea}\u{7}d\u{1}\u{1}\
        \u{0}\u{0}\u{0}\u{0}\u{0}@\u{9f}@\u{e000}\u{0}\u{0}\u{88}\'\u{1}\u{2}\u{e000}\u{2}\u{0}\u{1b}\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\
        \u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{8a}\u{5}\u{0}\u{f5}\u{fa}\u{ff}\u{ff}\u{f}2\u{0}\u{e000}\u{1}\u{0}\
        \u{0}\u{0}\u{0}\u{0}P\u{94}@\u{0}\u{0}\u{0}\u{0}\u{0}\u{c0}b@\u{0}\u{1}\u{1}\u{0}\u{2}\u{e000}";

    /// What the last pages with version 4 added to it.
    const OF_THE_LAB: &str = "\u{e000}\u{1}\u{10}fedcba9876543210\u{ac}\u{2}\u{0}\u{1}\u{0}\u{a0}\u{f4}\u{b1}\u{2}\u{e000}\u{1}\u{0}\u{c0}\u{8d}\u{b7}\u{1}\u{0}";

    #[test]
    fn entries_of_all_pages_with_version_4_are_read() {
        let provenance = Provenance { is_imported: true, ..Provenance::default() };
        let whole = Rounds { is_named: None, provenance, ..rounds(3, RunStatus::Stopped) };
        let without = Rounds { link_revisions: None, thinking_mean: None, server_work: None, ..whole.clone() };
        assert_eq!(read(ENTRY), Some((without, true)));
        assert_eq!(read(&[ENTRY, OF_THE_LAB].concat()), Some((whole, true)));
    }

    #[test]
    fn a_damaged_entry_is_not_read() {
        let cut: String = ENTRY.chars().take(60).collect();
        for entry in ["", "{}", "日本", &cut] {
            assert_eq!(read(entry), None, "{entry}");
        }
    }
}
