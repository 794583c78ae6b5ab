//! The provenance of a run and of a series of rounds, in one line.

use launcelot_measure::{Client, ClientKind, Provenance, Rounds, ServerWork, Timestamp};

use crate::state::race::Race;
use crate::state::run_record::RunRecord;

/// Describes when and of what a run was measured, as far as that is known. `began` is the moment as the browser writes it.
pub fn of_run(record: &RunRecord, began: Option<String>) -> String {
    let mut clauses = Vec::new();
    clauses.extend(began);
    clauses.extend(record.provenance.server_design.as_deref().map(of_design));
    clauses.join(" · ")
}

/// Describes when and of what a race was measured, as far as that is known. `write` writes a moment as the browser does.
pub fn of_race(race: &Race, write: fn(Timestamp) -> String) -> String {
    let first = race.raced().next();
    first.map(|first| of_run(first, first.provenance.began.map(write))).unwrap_or_default()
}

/// Describes when, by what and of what a series was measured, as far as that is known. `began` is the moment as the
/// browser writes it.
pub fn of_rounds(rounds: &Rounds, began: Option<String>, this_page: &Client) -> String {
    let Provenance { client, server_design, is_imported, .. } = &rounds.provenance;
    let mut clauses = Vec::new();
    clauses.extend(began);
    if let Some(client) = client {
        clauses.push(if client == this_page { "in this browser".to_owned() } else { by(client) });
    }
    clauses.extend(server_design.as_deref().map(of_design));
    clauses.extend(rounds.link.describe());
    clauses.extend(rounds.server_work.and_then(ServerWork::describe));
    clauses.extend(rounds.interruptions.describe().map(str::to_owned));
    if *is_imported {
        clauses.push("imported".to_owned());
    }
    clauses.join(" · ")
}

fn of_design(design: &str) -> String {
    ["server design ", design].concat()
}

fn by(client: &Client) -> String {
    let kind = match client.kind {
        ClientKind::Page => "page ",
        ClientKind::Native => "native client ",
    };
    [kind, &client.version, " on ", &client.system].concat()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::export::{RecordedRace, RecordedRun};
    use launcelot_measure::{Connections, Interruptions, Link, Order, RoundsPlan, Run};

    use super::*;
    use crate::message::Clock;
    use crate::state::ids::{EntryId, RunId};
    use crate::state::rounds;
    use crate::state::test_state::{ask, ready_after};

    #[test]
    fn the_provenance_of_a_run_is_its_moment_and_the_design_of_its_server() {
        let mut record = RunRecord::clone(ready_after([ask()]).runs.newest().unwrap());
        let began = || Some("27 Nov 2026, 15:43".to_owned());
        assert_eq!((of_run(&record, None), of_run(&record, began())), (String::new(), began().unwrap()));
        record.provenance.server_design = Some("poll".to_owned());
        assert_eq!(of_run(&record, began()), "27 Nov 2026, 15:43 · server design poll");
        assert_eq!(of_run(&record, None), "server design poll");
    }

    #[test]
    fn the_provenance_of_a_race_begins_with_the_moment_at_which_its_first_run_began() {
        let write = |moment: Timestamp| moment.to_string();
        assert_eq!(of_race(&Race::default(), write), "");
        let run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []);
        let mut recorded = RecordedRun::new(1, run);
        recorded.provenance.began = Some(Timestamp::new(Duration::ZERO, 60));
        recorded.provenance.server_design = Some("poll".to_owned());
        let recorded = RecordedRace { one_at_a_time: vec![recorded], ..RecordedRace::default() };
        let race = Race::imported(&recorded, EntryId::default(), &mut RunId::default);
        assert_eq!(of_race(&race, write), "1970-01-01T01:00:00.000+01:00 · server design poll");
    }

    #[test]
    fn the_provenance_of_a_series_leaves_out_what_is_unknown() {
        let plan = RoundsPlan::new(10, Connections::One, None);
        let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
        let mut rounds = rounds::begun(String::new(), String::new(), plan, clock);
        let this_page = Client { kind: ClientKind::Page, version: "0.1.0".to_owned(), system: "Firefox".to_owned() };
        assert_eq!(of_rounds(&rounds, None, &this_page), "");
        let client =
            Client { kind: ClientKind::Native, version: "0.1.0".to_owned(), system: "linux x86_64".to_owned() };
        rounds.provenance = Provenance {
            client: Some(client.clone()),
            server_design: Some("poll".to_owned()),
            is_imported: true,
            ..Provenance::default()
        };
        rounds.link = Link::Changed;
        rounds.interruptions = Interruptions { was_hidden: true, was_suspended: false };
        let rest = "server design poll · the link changed partway through · the tab was hidden during the measurement · imported";
        let expected = format!("27 Nov 2026, 15:43 · native client 0.1.0 on linux x86_64 · {rest}");
        assert_eq!(of_rounds(&rounds, Some("27 Nov 2026, 15:43".to_owned()), &this_page), expected);
        rounds.provenance.client = Some(this_page.clone());
        assert_eq!(of_rounds(&rounds, None, &this_page), format!("in this browser · {rest}"));
    }
}
