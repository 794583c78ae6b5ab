//! What the race shows, in words.

use std::time::Duration;

use launcelot_measure::unit::{ratio, readable};
use launcelot_measure::{Ending, Run, Span, run};

use super::limits::{count, line};
use super::wire;
use crate::bridge::Route;
use crate::state::Numbered;
use crate::state::lab::Lab;
use crate::state::race::{Heat, Race};
use crate::state::rounds;

/// What is raced, and how.
pub const INTRODUCTION: &str = "The same three questions: one at a time, sent ahead, and over three connections at once. The ways \
                                run one after the other, so that none disturbs another, and are drawn on one time axis.";

/// A way to ask.
pub fn name(heat: Heat) -> &'static str {
    match heat {
        Heat::WarmUp => "Warming up",
        Heat::OneAtATime => "One at a time",
        Heat::SentAhead => "Sent ahead",
        Heat::AtOnce => "Three connections at once",
    }
}

/// What is drawn of it.
pub fn lanes(heat: Heat) -> &'static str {
    match heat {
        Heat::WarmUp | Heat::OneAtATime => "one connection, then a wait for each answer, one after the other",
        Heat::SentAhead => "one connection, then all waits at the same time",
        Heat::AtOnce => "a connection for each question, and after each a wait of its own",
    }
}

/// A run of it among others.
pub fn title(heat: Heat, index: usize, numbered: &Numbered) -> String {
    let imported = if numbered.is_imported { ", imported" } else { "" };
    let which = match heat {
        Heat::WarmUp => "warming up",
        Heat::OneAtATime => "one at a time",
        Heat::SentAhead => "sent ahead",
        Heat::AtOnce => return format!("race, connection {}{imported}", index + 1),
    };
    ["race, ", which, imported].concat()
}

/// Over which wire the next race goes.
pub fn over(lab: &Lab) -> String {
    match lab.report().filter(|_| lab.route == Route::Tunnel) {
        Some(report) => format!("over the route above: {}, round trip {}", lab.route.name(), readable(report.wire.rtt)),
        None => format!("over the route above: {}", lab.route.name()),
    }
}

/// Of what the time of runs is made that began at the same moment.
#[derive(Debug, Clone, Copy)]
struct Parts {
    /// Until the last connection was there.
    connecting: Duration,
    /// From then to the last answer.
    asking: Duration,
}

impl Parts {
    fn of<'a>(runs: impl Iterator<Item = &'a Run> + Clone) -> Option<Self> {
        let connecting = runs.clone().filter_map(|run| run.connecting).map(|span| span.until).max()?;
        let until = runs.map(Run::until).max()?;
        Some(Self { connecting, asking: until.saturating_sub(connecting) })
    }
}

/// Of which parts a way's total is made.
pub fn parts<'a>(runs: impl Iterator<Item = &'a Run> + Clone) -> String {
    match Parts::of(runs) {
        Some(Parts { connecting, asking }) => {
            format!("{} connecting, {} asking", readable(connecting), readable(asking))
        }
        None => String::new(),
    }
}

/// What it shows.
pub fn meaning(race: &Race) -> String {
    match race.failure() {
        Some(Ending::Broken(why)) => return format!("The race is off. {why}"),
        Some(_) => return "The race was stopped.".to_owned(),
        None if race.is_running() => return "They run…".to_owned(),
        None => {}
    }
    let [Some(_), Some(ahead), Some(once)] = Heat::SHOWN.map(|heat| Parts::of(race.runs(heat))) else {
        return String::new();
    };
    if race.wire_changed() {
        return "The wire became another one meanwhile, so the ways are not to be compared.".to_owned();
    }
    // One figure, one meaning: as the terminal says it.
    let asking = Heat::SHOWN.map(|heat| run::asking(race.runs(heat)).map(Span::took).unwrap_or_default());
    let [one_asking, ahead_asking, once_asking] = asking.map(readable);
    let [ahead_connecting, once_connecting] = [ahead, once].map(|parts| readable(parts.connecting));
    let times = ratio(asking[0], asking[1]);
    if race.is_imported() {
        return format!(
            "One at a time, asking took {one_asking}; sent ahead {ahead_asking}, {times} times as fast; over a connection each \
             {once_asking}, after {once_connecting} of connecting in place of {ahead_connecting}."
        );
    }
    format!(
        "One at a time, the questions made three round trips: {one_asking}. Sent ahead they made one: {ahead_asking}, {times} \
         times as fast. Over three connections each made one of its own: {once_asking} from the first question to the last answer; but a \
         browser makes these one after the other: {once_connecting} of connecting in place of {ahead_connecting}, and bridge \
         and server have three to keep."
    )
}

/// What limits the figures.
pub fn limits(race: &Race) -> String {
    let runs = || race.shown().map(|(_, _, numbered)| numbered);
    let questions: usize = runs().map(|numbered| numbered.run.questions.len()).sum();
    let answered: usize = runs().map(|numbered| numbered.run.answered()).sum();
    let step = runs().map(|numbered| numbered.run.clock_step).max().unwrap_or_default();
    let route = if race.wire_changed() {
        Some([Route::Tunnel.name(), rounds::CHANGED].concat())
    } else {
        runs().next().and_then(wire::route_of)
    };
    let cores = runs().find_map(|numbered| numbered.cores);
    let discarded = match race.warm_up {
        0 => "nothing".to_owned(),
        warm_up => count(warm_up as usize, "question", "questions"),
    };
    line(&count(questions, "question", "questions"), route, step, cores, &discarded, questions - answered)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Preset, Step};

    use super::*;
    use crate::message::{Ask, Clock};
    use crate::state::Circumstances;
    use crate::state::race::Action;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// A race in which connecting takes 4 ms for each run of a heat, and a round trip 20 ms.
    fn raced() -> Race {
        let mut race = Race::default();
        let clock = Some(Clock { step: us(5), isolated: true, cores: 2 });
        let circumstances = Circumstances { clock, wire: Some(Preset::Ssh.wire()), ..Circumstances::default() };
        race.act(Action::Begun("ws://b/ws/tunnel".to_owned()), &circumstances);
        for heat in Heat::ALL {
            let runs = heat.runs();
            let connected = us(4_000 * runs.len() as u64);
            let asks = runs
                .into_iter()
                .zip(1..)
                .map(|((order, questions), run)| (String::new(), Ask { run, url: String::new(), order, questions }));
            let asks: Vec<(String, Ask)> = asks.collect();
            race.act(Action::HeatBegun(asks.clone()), &circumstances);
            for (_, ask) in asks {
                race.step(ask.run, Step::Connected { at: connected });
                let mut at = connected;
                for _ in &ask.questions {
                    race.step(ask.run, Step::Asked { at });
                    if heat != Heat::SentAhead {
                        at += us(20_000);
                        race.step(ask.run, Step::Answered { at, answer: "This.".to_owned() });
                    }
                }
                if heat == Heat::SentAhead {
                    let answer = || "This.".to_owned();
                    ask.questions
                        .iter()
                        .for_each(|_| race.step(ask.run, Step::Answered { at: us(24_000), answer: answer() }));
                }
                race.end(ask.run, |_| Ending::Complete);
            }
        }
        race
    }

    #[test]
    fn the_race_shows_that_three_round_trips_become_one() {
        let said = meaning(&raced()).replace('\u{a0}', " ");
        for expected in [
            "trips: 60 ms.",
            "one: 20 ms, 3.0 times as fast.",
            "own: 20 ms from the first",
            "12 ms of connecting in place of 4 ms",
        ] {
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_race_from_a_file_is_told_and_limited_by_what_is_in_the_file() {
        let own = raced();
        let imported = Race::imported(&own.exported().unwrap(), 1);
        let said = meaning(&imported).replace('\u{a0}', " ");
        assert!(said.starts_with("One at a time, asking took 60 ms; sent ahead 20 ms, 3.0 times as fast;"), "{said}");
        let expected = "9 questions · through the tunnel at 1.30 ms, jitter up to 150 µs · clock steps 5 µs · 2 cores · 3 questions discarded as warm-up · no errors";
        assert_eq!([&own, &imported].map(|race| limits(race).replace('\u{a0}', " ")), [expected, expected]);
    }

    #[test]
    fn ways_through_different_wires_are_not_compared() {
        let mut race = raced();
        race.shown_mut().last().unwrap().wire = None;
        assert!(meaning(&race).ends_with("not to be compared."));
        assert!(limits(&race).contains(" · through the tunnel, changed meanwhile · "));
    }

    #[test]
    fn a_total_is_made_of_parts() {
        let race = raced();
        let said = parts(race.runs(Heat::AtOnce)).replace('\u{a0}', " ");
        assert_eq!(said, "12 ms connecting, 20 ms asking");
        assert_eq!(parts(std::iter::empty()), "");
    }
}
