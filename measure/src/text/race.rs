//! What the turns of a race show.

use std::time::Duration;

use super::{number, order};
use crate::compare::Difference;
use crate::race::{Spread, TURNS_MIN, Way, WayTimes};
use crate::reading::Reading;
use crate::run::Order;

/// On a link with a shorter round trip than this, other work of the machine often takes as long as the round trip.
const SHORT_ROUND_TRIP: Duration = Duration::from_millis(10);

/// The times of the three ways of a race in all turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaceTimes {
    /// One connection, one question at a time.
    pub one_at_a_time: WayTimes,
    /// One connection, all questions sent ahead.
    pub sent_ahead: WayTimes,
    /// A connection for each question.
    pub at_once: WayTimes,
    /// How much later than the first the last connection opened because a browser spaces its handshakes; `None` if it is unknown.
    pub spacing: Option<Spread>,
}

impl RaceTimes {
    /// Compares one question at a time with all sent ahead.
    pub fn difference(&self) -> Difference {
        self.one_at_a_time.asking.compared_with(self.sent_ahead.asking)
    }

    /// Whether a longer link would help to tell the ways apart: the times are too short, overlap or hardly differ. `false` if there are
    /// too few turns, because a longer link does not help then.
    pub fn is_link_too_short(&self) -> bool {
        matches!(self.difference(), Difference::TooShort | Difference::NoneSeen | Difference::Negligible)
    }
}

/// Returns the name of a way, for use within a sentence.
pub fn way(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => order(Order::OneAtATime),
        Way::SentAhead => order(Order::SentAhead),
        Way::AtOnce => "a connection each, at once",
    }
}

/// Says what a race of `questions` questions shows. `describe` formats a time for a sentence, in the unit of the figures next to it.
pub fn meaning(questions: usize, times: &RaceTimes, describe: &dyn Fn(Reading) -> String) -> String {
    if questions == 1 {
        return "One question takes one round trip, whichever way it is asked.".to_owned();
    }
    let RaceTimes { one_at_a_time, sent_ahead, at_once, .. } = times;
    let count = number(questions);
    let median = |spread: &Spread| describe(Reading::new(spread.median, spread.clock_step));
    format!(
        "Asked one at a time, the questions needed {count} round trips: {}. Sent ahead, without waiting (pipelining), \
         they needed one: {}. {} Over {count} connections, each question needed a round trip of its own: {} from the first question to the last answer. The last connection opened \
         {} after the first{}.",
        median(&one_at_a_time.asking),
        median(&sent_ahead.asking),
        verdict(times),
        median(&at_once.asking),
        median(&at_once.opening),
        spacing(times, describe),
    )
}

/// Says whether the ways differ, or what few turns showed.
fn verdict(times: &RaceTimes) -> String {
    let Spread { turns, median: round_trip, .. } = times.sent_ahead.asking;
    let difference = times.difference();
    match difference {
        Difference::FirstLonger(_) | Difference::SecondLonger(_) | Difference::Negligible => {
            let difference = difference.describe("asking one at a time", "sending ahead");
            format!("Going by the medians of {turns} turns, {difference}.")
        }
        Difference::TooShort => "The times are too short for this clock to tell the ways apart.".to_owned(),
        Difference::NoneSeen => {
            let why = if round_trip < SHORT_ROUND_TRIP {
                ": on a link this short, other work on the machine may take as long as the round trips"
            } else {
                ""
            };
            format!("In {turns} turns, the times of these two ways overlap, so they cannot be told apart{why}.")
        }
        Difference::TooFewSamples => observed(times),
    }
}

/// Says what fewer than [`TURNS_MIN`] turns showed, as a fact of these turns.
fn observed(RaceTimes { one_at_a_time, sent_ahead, .. }: &RaceTimes) -> String {
    let these = match one_at_a_time.asking.turns {
        1 => "this one turn".to_owned(),
        turns => format!("these {} turns", number(turns)),
    };
    let fact = match one_at_a_time.asking.observed_against(sent_ahead.asking) {
        Difference::FirstLonger(factor) => format!("asking one at a time took {} as sending ahead", factor.describe()),
        Difference::SecondLonger(factor) => format!("sending ahead took {} as asking one at a time", factor.describe()),
        Difference::NoneSeen if one_at_a_time.asking.turns > 1 => "the times of the two ways overlapped".to_owned(),
        _ => "asking one at a time took about as long as sending ahead".to_owned(),
    };
    format!("In {these}, {fact}. A comparison needs at least {TURNS_MIN} turns.")
}

/// Says how much of the time between the first and the last open connection is the browser's spacing of handshakes.
fn spacing(RaceTimes { at_once, spacing, .. }: &RaceTimes, describe: &dyn Fn(Reading) -> String) -> String {
    let is_known = |spacing: &Spread| Reading::new(spacing.median, spacing.clock_step).is_known();
    let Some(spacing) = spacing.filter(is_known) else { return String::new() };
    // A median of differences is not the difference of medians: it may exceed the whole, or be the median of another turn.
    let part = if spacing.median < at_once.opening.median {
        describe(Reading::new(spacing.median, spacing.clock_step))
    } else {
        "all".to_owned()
    };
    let spacing_median = spacing.median.min(at_once.opening.median);
    let without = Reading::new(at_once.asking.median.saturating_sub(spacing_median), spacing.clock_step);
    format!(
        "; {part} of that is because the browser starts its handshakes one after another. Otherwise the last answer \
         would have arrived {} after the first question",
        describe(without)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn spread(times_us: &[u64]) -> Spread {
        let times: Vec<Duration> = times_us.iter().copied().map(us).collect();
        Spread::of(&times, us(5)).unwrap()
    }

    fn way(asking_us: &[u64]) -> WayTimes {
        WayTimes { asking: spread(asking_us), opening: spread(&[4_000]) }
    }

    fn times(one_at_a_time: &[u64], sent_ahead: &[u64]) -> RaceTimes {
        let [one_at_a_time, sent_ahead] = [one_at_a_time, sent_ahead].map(way);
        RaceTimes { one_at_a_time, sent_ahead, at_once: way(&[27_000]), spacing: None }
    }

    fn text(questions: usize, times: &RaceTimes) -> String {
        meaning(questions, times, &Reading::describe).replace('\u{a0}', " ")
    }

    #[test]
    fn three_round_trips_become_one() {
        let race = times(&[60_000, 61_000, 62_000, 62_000], &[20_000, 20_000, 21_000, 21_000]);
        assert_eq!(
            text(3, &race),
            "Asked one at a time, the questions needed three round trips: 61 ms. Sent ahead, without waiting (pipelining), \
             they needed one: 20 ms. Going by the medians of 4 turns, asking one at a time takes 3.1 times as long as sending ahead. Over three connections, each question needed a round trip of its \
             own: 27 ms from the first question to the last answer. The last connection opened 4 ms after the first."
        );
        assert!(text(4, &race).contains("needed 4 round trips"));
        assert_eq!(text(1, &race), "One question takes one round trip, whichever way it is asked.");
    }

    #[test]
    fn ways_that_do_not_differ_are_not_compared() {
        let overlapping = text(3, &times(&[700, 2_400, 900, 900], &[250, 720, 300, 300]));
        let expected = "In 4 turns, the times of these two ways overlap, so they cannot be told apart: on a link this short, other work \
                        on the machine may take as long as the round trips.";
        assert!(overlapping.contains(expected) && !overlapping.contains("times as long"), "{overlapping}");
        let continent = text(3, &times(&[70_500, 210_000, 80_000, 80_000], &[70_000, 71_000, 70_200, 70_300]));
        assert!(continent.contains("cannot be told apart. Over three"), "70 ms are not short: {continent}");
        let short = text(3, &times(&[15], &[10]));
        assert!(short.contains(". The times are too short for this clock to tell the ways apart. "), "{short}");
    }

    #[test]
    fn few_turns_are_described_and_not_compared() {
        let cases = [
            (
                times(&[1_800_000], &[600_000]),
                "In this one turn, asking one at a time took 3.0 times as long as sending ahead. A comparison needs at least 4 turns.",
            ),
            (
                times(&[600_000], &[1_800_000]),
                "In this one turn, sending ahead took 3.0 times as long as asking one at a time. A comparison needs at least 4 turns.",
            ),
            (
                times(&[6_002_000], &[6_001_000]),
                "In this one turn, asking one at a time took about as long as sending ahead. A comparison needs at least 4 turns.",
            ),
            (
                times(&[900_000, 910_000, 920_000], &[300_000, 310_000, 300_000]),
                "In these three turns, asking one at a time took 3.0 times as long as sending ahead. A comparison needs at least \
                 4 turns.",
            ),
            (
                times(&[900_000, 1_200_000], &[800_000, 910_000]),
                "In these two turns, the times of the two ways overlapped. A comparison needs at least 4 turns.",
            ),
        ];
        for (times, expected) in cases {
            assert!(text(3, &times).contains(expected), "{}", text(3, &times));
            assert!(!times.is_link_too_short());
        }
    }

    #[test]
    fn the_spacing_of_handshakes_is_subtracted_if_it_is_known() {
        let race = times(&[60_000], &[20_000]);
        let spaced = text(3, &RaceTimes { spacing: Some(spread(&[3_000])), ..race });
        assert!(
            spaced.contains("; 3 ms of that is because the browser")
                && spaced.ends_with("would have arrived 24 ms after the first question."),
            "{spaced}"
        );
        assert_eq!(text(3, &RaceTimes { spacing: Some(spread(&[2])), ..race }), text(3, &race), "below a clock step");
        let whole = text(3, &RaceTimes { spacing: Some(spread(&[4_100])), ..race });
        assert!(whole.contains("opened 4 ms after the first; all of that is because the browser"), "{whole}");
        assert!(
            whole.ends_with("would have arrived 23 ms after the first question."),
            "a part is not more than the whole: {whole}"
        );
    }
}
