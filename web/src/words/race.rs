//! What the race shows, in words.

use launcelot_measure::compare::Difference;
use launcelot_measure::race::Spread;
use launcelot_measure::unit::readable;
use launcelot_measure::{Ending, Preset, Reading, Way};

use super::limits::{count, line};
use super::wire;
use crate::bridge::Route;
use crate::state::Numbered;
use crate::state::lab::Lab;
use crate::state::race::Race;
use crate::state::rounds;

/// What is raced, and how.
pub const INTRODUCTION: &str = "The same three questions: one at a time, sent ahead (pipelined), and over three connections at once. \
                                The ways take turns, up to five and each turn in another order. Drawn is the turn with the median; the mark \
                                below it reaches from the shortest turn to the longest, with a tick at the median.";

/// Why ways are not compared.
const LINK_CHANGED: &str = "The link changed during the race: it was set anew, or the lab was restarted. So the ways cannot be \
                            compared. Race them again.";

/// A way to ask.
pub fn name(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "One at a time",
        Way::SentAhead => "Sent ahead",
        Way::AtOnce => "Three connections at once",
    }
}

/// What is drawn of it.
pub fn lanes(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "one connection, then a wait for each answer, one after the other",
        Way::SentAhead => "one connection, then all waits at the same time",
        Way::AtOnce => "a connection for each question, and after each a wait of its own",
    }
}

/// A run of it among others.
pub fn title(way: Way, index: usize, numbered: &Numbered) -> String {
    let imported = if numbered.is_imported { ", imported" } else { "" };
    let which = match way {
        Way::OneAtATime => "one at a time",
        Way::SentAhead => "sent ahead",
        Way::AtOnce => return format!("race, connection {}{imported}", index + 1),
    };
    ["race, ", which, imported].concat()
}

/// Over which link the next race goes.
pub fn over(lab: &Lab) -> String {
    match lab.report().filter(|_| lab.route == Route::Tunnel) {
        Some(report) => format!("over the route above: {}, round trip {}", lab.route.name(), readable(report.wire.rtt)),
        None => format!("over the route above: {}", lab.route.name()),
    }
}

/// Of which parts the total of a way is made, in the turn that is drawn, and what all turns say.
pub fn parts(race: &Race, way: Way) -> String {
    let Some(connecting) = race.connected(way) else { return String::new() };
    let until = race.drawn(way).map(|numbered| numbered.run.until()).max().unwrap_or_default();
    let asking = until.saturating_sub(connecting);
    let [connecting, asking] = [connecting, asking].map(|took| Reading::new(took, race.clock_step()).in_words());
    let turns = match race.times(way).filter(|_| race.is_complete()) {
        Some(times) => format!(" ({})", times.answering.turns_in_words()),
        None => String::new(),
    };
    format!("{connecting} connecting, {asking} asking{turns}")
}

/// How one way to ask stands to another, of a race that is complete and went over one link.
#[inline(never)]
fn difference(race: &Race) -> Option<Difference> {
    if !race.is_complete() || race.link_changed() {
        return None;
    }
    Some(race.times(Way::OneAtATime)?.asking.compared_with(race.times(Way::SentAhead)?.asking))
}

/// A longer link, where this one was too short to tell the ways apart and a longer one can be chosen.
pub fn longer_link(race: &Race, lab: &Lab) -> Option<Preset> {
    let is_told = matches!(difference(race)?, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    let rtt = lab.report()?.wire.rtt;
    let is_long = Route::of(&race.url) == Route::Tunnel && rtt >= Preset::Continent.wire().rtt;
    (!is_told && !is_long).then_some(Preset::Continent)
}

/// What it shows.
pub fn meaning(race: &Race) -> String {
    match race.failure() {
        Some(Ending::Broken(why)) => return format!("The race was called off: {why}"),
        Some(_) => return "The race was stopped.".to_owned(),
        None if race.is_running() => return "Racing…".to_owned(),
        None => {}
    }
    let [Some(one), Some(ahead), Some(once)] = Way::ALL.map(|way| race.times(way)) else { return String::new() };
    let Some(difference) = difference(race) else { return LINK_CHANGED.to_owned() };
    // One figure, one meaning: as the terminal says it.
    let [one_took, ahead_took, once_took] = [one, ahead, once].map(|times| times.asking.in_words());
    let told = match difference {
        Difference::FirstLonger(_) | Difference::SecondLonger(_) => {
            [&difference.in_words("one at a time", "sent ahead"), "."].concat()
        }
        Difference::TooShort => "the times are too short for this clock to tell the ways apart.".to_owned(),
        Difference::NoneSeen | Difference::TooFewSamples => {
            "their turns overlap, so on a link this short the ways cannot be told apart.".to_owned()
        }
    };
    let turns = match one.asking.turns {
        1 => "In one turn".to_owned(),
        turns => format!("By the medians of {turns} turns"),
    };
    let opening = once.opening.in_words();
    // A median of differences is not the difference of medians, but on the safe side of what is told here.
    let known = |spread: &Spread| Reading::new(spread.median, spread.clock_step).is_known();
    let spacing = match race.spacing().filter(known) {
        Some(spacing) => format!(
            "; {} of that was the browser, which begins its handshakes one after the other. Without that it would be {}",
            spacing.in_words(),
            Reading::new(once.asking.median.saturating_sub(spacing.median), spacing.clock_step).in_words()
        ),
        None => String::new(),
    };
    format!(
        "One at a time, the questions made three round trips: {one_took}. Sent ahead, they made one: {ahead_took}. {turns}, {told} \
         Over three connections each made one of its own: {once_took} from the first question to the last answer. The last \
         connection was open {opening} after the first{spacing}."
    )
}

/// What limits the figures.
pub fn limits(race: &Race) -> String {
    let runs = || race.raced();
    let questions: usize = runs().map(|numbered| numbered.run.questions.len()).sum();
    let answered: usize = runs().map(|numbered| numbered.run.answered()).sum();
    let route = if race.link_changed() {
        Some([Route::Tunnel.name(), rounds::CHANGED].concat())
    } else {
        runs().next().and_then(wire::route_of)
    };
    let cores = runs().find_map(|numbered| numbered.cores);
    let discarded = match race.warm_up {
        0 => "nothing".to_owned(),
        warm_up => count(warm_up as usize, "question", "questions"),
    };
    let step = race.clock_step();
    line(&count(questions, "question", "questions"), route, step, cores, &discarded, questions - answered)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{Instance, Passage, Revision, Step};

    use super::*;
    use crate::message::{Ask, Clock};
    use crate::state::Circumstances;
    use crate::state::race::Action;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    const REVISION: Revision = Revision { instance: Instance(1), revision: 7 };

    /// A race in which connecting takes 4 ms for each run of a heat, and a round trip `rtt`.
    fn raced(rtt: Duration) -> Race {
        let mut race = Race::default();
        let clock = Some(Clock { step: us(5), isolated: true, cores: 2 });
        let (wire, revision) = (Some(Preset::Ssh.wire()), Some(REVISION));
        let circumstances = Circumstances { clock, wire, revision, ..Circumstances::default() };
        race.act(Action::Begun("ws://b/ws/tunnel".to_owned()), &circumstances);
        let mut number = 0;
        while let Some(heat) = race.due() {
            let runs = heat.runs();
            let connected = us(4_000 * runs.len() as u64);
            let asks: Vec<(String, Ask)> = runs
                .into_iter()
                .map(|(order, questions)| {
                    number += 1;
                    (String::new(), Ask { run: number, url: String::new(), order, questions })
                })
                .collect();
            race.act(Action::HeatBegun(heat, asks.clone()), &circumstances);
            for (_, ask) in asks {
                race.step(ask.run, Step::Connected { at: connected });
                let mut at = connected;
                let answer = |at| Step::Answered { at, answer: "This.".to_owned() };
                let is_ahead = ask.order == launcelot_measure::Order::SentAhead;
                for _ in &ask.questions {
                    race.step(ask.run, Step::Asked { at });
                    if !is_ahead {
                        at += rtt;
                        race.step(ask.run, answer(at));
                    }
                }
                if is_ahead {
                    ask.questions.iter().for_each(|_| race.step(ask.run, answer(at + rtt)));
                }
                race.end(ask.run, |_, _| Ending::Complete);
            }
        }
        race
    }

    #[test]
    fn the_race_shows_that_three_round_trips_become_one() {
        let said = meaning(&raced(us(20_000))).replace('\u{a0}', " ");
        for expected in [
            "three round trips: 60 ms.",
            "they made one: 20 ms.",
            "By the medians of 5 turns, one at a time takes 3.0 times as long as sent ahead.",
            "own: 20 ms from the first question to the last answer.",
        ] {
            assert!(said.contains(expected), "{said}");
        }
        let said = meaning(&raced(us(1_000_000))).replace('\u{a0}', " ");
        assert!(said.contains("In one turn, one at a time takes 3.0 times"), "{said}");
    }

    #[test]
    fn on_a_link_that_is_too_short_nothing_is_compared() {
        let said = meaning(&raced(us(15)));
        assert!(said.contains("too short for this clock to tell the ways apart."), "{said}");
        assert!(!said.contains("times as long"), "{said}");
    }

    #[test]
    fn a_race_from_a_file_is_told_and_limited_by_what_is_in_the_file() {
        let own = raced(us(20_000));
        let imported = Race::imported(&own.exported().unwrap(), 1);
        assert_eq!(meaning(&imported), meaning(&own));
        let expected = "45 questions · through the tunnel at 1.30 ms, jitter up to 150 µs · clock steps 5 µs · 2 cores · 3 questions discarded as warm-up · no errors";
        assert_eq!([&own, &imported].map(|race| limits(race).replace('\u{a0}', " ")), [expected, expected]);
    }

    #[test]
    fn ways_over_different_links_are_not_compared() {
        // Of the same length, but set again meanwhile: the settings in between are unknown.
        let later = Passage::under(Revision { revision: 9, ..REVISION });
        let elsewhere = Passage::under(Revision { instance: Instance(2), ..REVISION });
        for passage in [later, elsewhere, Passage::under(REVISION).changed()] {
            let mut race = raced(us(20_000));
            race.raced_mut().last().unwrap().passage = Some(passage);
            assert_eq!(meaning(&race), LINK_CHANGED, "{passage:?}");
            assert!(limits(&race).contains(" · through the tunnel, changed meanwhile · "));
        }
        // A file from before revisions were known tells the lengths only.
        let mut race = raced(us(20_000));
        race.raced_mut().for_each(|run| run.passage = None);
        assert_ne!(meaning(&race), LINK_CHANGED);
        race.raced_mut().last().unwrap().wire = None;
        assert_eq!(meaning(&race), LINK_CHANGED);
    }

    #[test]
    fn a_part_below_the_step_of_the_clock_is_said_to_be_that_and_never_nothing() {
        let mut race = raced(us(20_000));
        race.raced_mut().for_each(|run| run.run.clock_step = us(16_700));
        let said = parts(&race, Way::OneAtATime).replace('\u{a0}', " ");
        assert_eq!(said, "less than 16.7 ms connecting, 60 ms asking (60 ms to 60 ms in 5 turns)");
    }

    #[test]
    fn a_total_is_made_of_parts() {
        let said = |race: &Race| parts(race, Way::AtOnce).replace('\u{a0}', " ");
        assert_eq!(said(&raced(us(20_000))), "12 ms connecting, 20 ms asking (20 ms to 20 ms in 5 turns)");
        assert_eq!(said(&raced(us(1_000_000))), "12 ms connecting, 1 s asking (once)");
        assert_eq!(said(&Race::default()), "");
    }
}
