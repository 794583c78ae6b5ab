//! What the race shows, in words.

use launcelot_measure::race::Spread;
use launcelot_measure::text::race::{self as text, RaceTimes};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Interruptions, Preset, Reading, RunStatus, Unit, Way};
use launcelot_protocol::EXCHANGES;

use super::limits::{NO_WARM_UP, count, errors, line, noted};
use super::link;
use crate::bridge::Route;
use crate::state::lab::Lab;
use crate::state::race::Race;
use crate::state::rounds;
use crate::state::run_record::RunRecord;

/// What is raced, and how.
pub const INTRODUCTION: &str = "The same three questions, asked in three ways: one at a time, sent ahead (pipelining), and over three \
                                connections at once. The ways take turns, up to five each, in changing order. The bars show the turn with the \
                                median time from the first question to the last answer; the line below them runs from the shortest turn to the \
                                longest, with a tick at the median.";

/// Why ways are not compared.
const LINK_CHANGED: &str = "The link changed during the race (it was set again, or the lab was restarted), so the ways cannot be \
                            compared.";

/// The same where the server's work did.
const WORK_CHANGED: &str = "The server’s work changed during the race, so the ways cannot be compared.";

/// A way to ask, at the beginning of a row.
pub fn name(way: Way) -> String {
    super::capitalized(text::way(way).to_owned())
}

/// What is drawn of it.
pub fn lanes(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "one connection, then a wait for each answer, one after another",
        Way::SentAhead => "one connection, then all waits at the same time",
        Way::AtOnce => "a connection for each question, and a wait after each",
    }
}

/// A run of it among others.
pub fn title(way: Way, index: usize, record: &RunRecord) -> String {
    let imported = if record.is_imported { ", imported" } else { "" };
    match way {
        Way::AtOnce => format!("race, connection {}{imported}", index + 1),
        way => ["race, ", text::way(way), imported].concat(),
    }
}

/// Over which link the next race goes.
pub fn over(lab: &Lab) -> String {
    match lab.report().filter(|_| lab.route == Route::Tunnel) {
        Some(report) => {
            format!(
                "on the path chosen above: {}, which adds a round-trip time of {}",
                lab.route.name(),
                format_duration(report.link.rtt)
            )
        }
        None => format!("on the path chosen above: {}", lab.route.name()),
    }
}

/// Of which parts the total of a way is made, in the turn that is drawn, and what all turns say: connecting until the first
/// question, then asking until the last answer. The totals are in a column of `unit`.
pub fn parts(race: &Race, way: Way, unit: Unit) -> String {
    let Some(asking) = race.asking(way) else { return String::new() };
    let describe = |took| Reading::new(took, race.clock_step()).describe_in(unit);
    let connecting = match way {
        Way::AtOnce => "until the first connection",
        Way::OneAtATime | Way::SentAhead => "connecting",
    };
    let turns = match race.times(way).filter(|_| race.is_complete()) {
        Some(times) => [" (", &turns(times.asking, unit), ")"].concat(),
        None => String::new(),
    };
    format!("{} {connecting}, {} asking{turns}", describe(asking.from), describe(asking.took()))
}

/// The range of all turns: `58 ms to 66 ms in 5 turns`, or `1 turn`.
fn turns(spread: Spread, unit: Unit) -> String {
    let Spread { least, most, turns, clock_step, .. } = spread;
    if turns == 1 {
        return "1 turn".to_owned();
    }
    let [least, most] = [least, most].map(|took| Reading::new(took, clock_step).describe_in(unit));
    format!("{least} to {most} in {turns} turns")
}

/// A longer link, where this one was too short to tell the ways apart and a longer one can be chosen.
pub fn longer_link(race: &Race, lab: &Lab) -> Option<Preset> {
    let is_too_short = times(race)?.is_link_too_short();
    if race.link_changed() || race.work_changed() {
        return None;
    }
    let rtt = lab.report()?.link.rtt;
    let is_long = lab.route == Route::Tunnel && rtt >= Preset::Continent.link().rtt;
    (is_too_short && !is_long).then_some(Preset::Continent)
}

/// What it shows. The totals are in a column of `unit`.
pub fn meaning(race: &Race, unit: Unit) -> String {
    match race.failure() {
        Some(RunStatus::Broken(why)) => return format!("The race was called off. {why}"),
        Some(_) => return "The race was stopped.".to_owned(),
        None if race.is_running() => return "Racing…".to_owned(),
        None => {}
    }
    let Some(times) = times(race) else { return String::new() };
    if race.link_changed() {
        return LINK_CHANGED.to_owned();
    }
    if race.work_changed() {
        return WORK_CHANGED.to_owned();
    }
    text::meaning(EXCHANGES.len(), &times, &|reading| reading.describe_in(unit))
}

/// The times of all ways in all turns; `None` if the race is not complete.
fn times(race: &Race) -> Option<RaceTimes> {
    if !race.is_complete() {
        return None;
    }
    Some(RaceTimes {
        one_at_a_time: race.times(Way::OneAtATime)?,
        sent_ahead: race.times(Way::SentAhead)?,
        at_once: race.times(Way::AtOnce)?,
        spacing: race.spacing(),
    })
}

/// What limits the figures.
pub fn limits(race: &Race) -> String {
    let runs = || race.raced();
    let questions: usize = runs().map(|record| record.run.questions.len()).sum();
    let errors: usize = runs().map(|record| errors(&record.run)).sum();
    let mut interruptions = Interruptions::default();
    runs().for_each(|record| interruptions.add(record.run.interruptions));
    let route = if race.link_changed() {
        Some([Route::Tunnel.name(), rounds::CHANGED].concat())
    } else {
        runs().next().and_then(|record| link::route_of(record))
    };
    let cores = runs().find_map(|record| record.cores);
    let warm_up = match race.warm_up {
        0 => NO_WARM_UP.to_owned(),
        warm_up => count(warm_up as usize, "warm-up question", "warm-up questions") + " not counted",
    };
    let step = race.clock_step();
    let line = line(&count(questions, "question", "questions"), route, step, cores, &warm_up, errors);
    noted(line, race.server_work(), interruptions)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{Instance, LinkRevisions, Revision, ServerWork, Step};

    use super::*;
    use crate::message::Clock;
    use crate::shared::Shared;
    use crate::state::ids::EntryId;
    use crate::state::run_record::Circumstances;

    const MS: Unit = Unit::Milliseconds;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    const REVISION: Revision = Revision { instance: Instance(1), revision: 7 };

    /// A race in which connecting takes 4 ms for each run of a heat, and a round trip `rtt`.
    fn raced(rtt: Duration) -> Race {
        let mut race = Race::begun("ws://b/ws/tunnel".to_owned(), EntryId::default());
        let clock = Some(Clock { step: us(5), isolated: true, cores: 2 });
        let (link, revision) = (Some(Preset::Ssh.link()), Some(REVISION));
        let circumstances = Circumstances { clock, link, revision, ..Circumstances::default() };
        let mut first = 1;
        while let Some(heat) = race.due() {
            let runs = race.begin_runs(heat, first, &circumstances);
            first += runs.len() as u32;
            let connected = us(4_000 * runs.len() as u64);
            for run in runs {
                let id = run.id.0;
                race.record(id, Step::Connected { at: connected });
                let mut at = connected;
                let answer = |at| Step::Answered { at, answer: "This.".to_owned() };
                let is_ahead = run.order == launcelot_measure::Order::SentAhead;
                for _ in &run.questions {
                    race.record(id, Step::Asked { at });
                    if !is_ahead {
                        at += rtt;
                        race.record(id, answer(at));
                    }
                }
                if is_ahead {
                    run.questions.iter().for_each(|_| race.record(id, answer(at + rtt)));
                }
                race.end(id, RunStatus::Complete);
            }
        }
        race
    }

    /// The runs of all turns, to be changed.
    fn runs_of(race: &mut Race) -> impl Iterator<Item = &mut RunRecord> {
        race.raced_mut().map(Shared::make_mut)
    }

    #[test]
    fn the_race_shows_that_three_round_trips_become_one() {
        let text = meaning(&raced(us(20_000)), MS).replace('\u{a0}', " ");
        for expected in [
            "three round trips: 60 ms.",
            "they needed one: 20 ms.",
            "Going by the medians of 5 turns, asking one at a time takes 3.0 times as long as sending ahead.",
            "own: 20 ms from the first question to the last answer.",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        let text = meaning(&raced(us(1_000_000)), MS).replace('\u{a0}', " ");
        assert!(text.contains("In this one turn, asking one at a time took 3.0 times"), "{text}");
    }

    #[test]
    fn on_a_link_that_is_too_short_nothing_is_compared() {
        let text = meaning(&raced(us(15)), MS);
        assert!(text.contains("too short for this clock to tell the ways apart."), "{text}");
        assert!(!text.contains("times as long"), "{text}");
    }

    #[test]
    fn a_race_from_a_file_is_described_and_limited_by_what_is_in_the_file() {
        let own = raced(us(20_000));
        let imported = Race::reimported(&own.exported().unwrap(), 1);
        assert_eq!(meaning(&imported, MS), meaning(&own, MS));
        let expected = "45 questions · through the tunnel at 1.30 ms, jitter up to 150 µs · clock step 5 µs · 2 cores · 3 warm-up questions not counted · no errors";
        assert_eq!([&own, &imported].map(|race| limits(race).replace('\u{a0}', " ")), [expected, expected]);
    }

    #[test]
    fn the_number_its_range_and_the_drawing_are_the_same_quantity() {
        // Between opening the connection and asking lie 100 µs, and the last of three connections is open 20 ms after the first.
        let mut race = raced(us(20_000));
        for (index, record) in runs_of(&mut race).enumerate() {
            let late = us(index as u64 % 5 * 5_000);
            let shift = |at: &mut Option<Duration>| *at = at.map(|at| at + late + us(100));
            record.run.connecting.iter_mut().for_each(|span| span.until += late);
            for asked in &mut record.run.questions {
                shift(&mut asked.asked);
                shift(&mut asked.answered);
            }
        }
        for way in Way::ALL {
            let times = race.times(way).unwrap();
            let text = parts(&race, way, MS);
            assert!(text.contains(&format!("{} asking (", times.asking.describe())), "{text}");
            assert!(text.contains(&format!(" asking ({})", times.asking.describe_turns())), "{text}");
            let drawn_until = race.drawn(way).map(|record| record.run.until()).max().unwrap();
            let begun = drawn_until - times.asking.median;
            assert_eq!(race.whisker(way), launcelot_charts::race::Whisker::from(begun, times.asking), "{way:?}");
        }
    }

    #[test]
    fn what_was_stopped_is_no_error_and_error_answers_and_interruptions_are_noted() {
        let mut stopped = raced(us(20_000));
        let last = runs_of(&mut stopped).last().unwrap();
        last.run.status = RunStatus::Stopped;
        last.run.questions.iter_mut().for_each(|asked| (asked.answer, asked.answered) = (None, None));
        assert!(limits(&stopped).ends_with(" · no errors"), "{}", limits(&stopped));

        let mut race = raced(us(20_000));
        let first = runs_of(&mut race).next().unwrap();
        first.run.interruptions.was_hidden = true;
        first.run.questions[0].answer = Some("Error: unknown question.".to_owned());
        runs_of(&mut race).last().unwrap().run.interruptions.was_suspended = true;
        let imported = Race::reimported(&race.exported().unwrap(), 1);
        let expected = " · 1 error · the tab was hidden and suspended during the measurement";
        assert!(limits(&imported).ends_with(expected), "{}", limits(&imported));
    }

    #[test]
    fn ways_over_different_links_are_not_compared() {
        // Of the same length, but set again meanwhile: the settings in between are unknown.
        let later = LinkRevisions::unchanged(Revision { revision: 9, ..REVISION });
        let elsewhere = LinkRevisions::unchanged(Revision { instance: Instance(2), ..REVISION });
        for revisions in [later, elsewhere, LinkRevisions::unchanged(REVISION).changed()] {
            let mut race = raced(us(20_000));
            runs_of(&mut race).last().unwrap().link_revisions = Some(revisions);
            assert_eq!(meaning(&race, MS), LINK_CHANGED, "{revisions:?}");
            assert!(limits(&race).contains(" · through the tunnel, changed partway through · "));
        }
        // A file from before revisions were known tells the lengths only.
        let mut race = raced(us(20_000));
        runs_of(&mut race).for_each(|run| run.link_revisions = None);
        assert_ne!(meaning(&race, MS), LINK_CHANGED);
        runs_of(&mut race).last().unwrap().link = None;
        assert_eq!(meaning(&race, MS), LINK_CHANGED);
    }

    #[test]
    fn ways_are_not_compared_if_the_work_of_the_server_changed() {
        let ms = Duration::from_millis;
        let mut race = raced(us(20_000));
        runs_of(&mut race).for_each(|run| run.server_work = Some(ServerWork { first: ms(3), last: Some(ms(3)) }));
        assert_ne!(meaning(&race, MS), WORK_CHANGED);
        let text = |race: &Race| limits(race).replace('\u{a0}', " ");
        assert!(text(&race).ends_with(" · no errors · simulated server work 3 ms per answer"), "{}", text(&race));
        let expected = " · simulated server work changed from 3 ms to 5 ms per answer";
        let mut later = race.clone();
        runs_of(&mut later).last().unwrap().server_work = Some(ServerWork::begun(ms(5)));
        let mut at_the_end = race;
        runs_of(&mut at_the_end).for_each(|run| run.server_work = Some(ServerWork { first: ms(3), last: Some(ms(5)) }));
        for race in [later, at_the_end] {
            assert_eq!(meaning(&race, MS), WORK_CHANGED);
            assert!(text(&race).ends_with(expected), "{}", text(&race));
            let imported = Race::reimported(&race.exported().unwrap(), 1);
            assert_eq!((meaning(&imported, MS), limits(&imported)), (WORK_CHANGED.to_owned(), limits(&race)));
        }
    }

    #[test]
    fn a_part_below_the_step_of_the_clock_is_less_than_a_step_and_never_zero() {
        let mut race = raced(us(20_000));
        runs_of(&mut race).for_each(|run| run.run.clock_step = us(16_700));
        let text = parts(&race, Way::OneAtATime, MS).replace('\u{a0}', " ");
        assert_eq!(text, "less than 16.7 ms connecting, 60 ms asking (60 ms to 60 ms in 5 turns)");
    }

    #[test]
    fn a_total_is_made_of_parts() {
        let text = |race: &Race| parts(race, Way::AtOnce, MS).replace('\u{a0}', " ");
        assert_eq!(
            text(&raced(us(20_000))),
            "12 ms until the first connection, 20 ms asking (20 ms to 20 ms in 5 turns)"
        );
        assert_eq!(text(&raced(us(1_000_000))), "12 ms until the first connection, 1000 ms asking (1 turn)");
        assert_eq!(text(&Race::default()), "");
    }
}
