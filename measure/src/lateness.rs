//! The lateness of the rounds of a paced series, divided by what caused it.
//!
//! Over one connection a late round makes the rounds after it late, whatever made it late itself. So the part of one cause is found by
//! replaying the series without the time that this cause took: in the replay each round begins when it is due and the previous answer
//! has arrived, and takes as long as it really did.

use std::time::Duration;

use crate::distribution::Distribution;
use crate::queue::PacedRound;

/// What made a round begin late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lateness {
    /// The part because of previous answers, which remains in a replay whose timer is never late.
    pub(crate) by_answers: Duration,
    /// The part because of the client's timer: its lateness at this round, and what is left of its lateness at rounds before.
    pub(crate) by_timer: Duration,
}

/// Divides the lateness of each round between the previous answers and the client's timer.
pub(crate) fn divide(rounds: &[PacedRound]) -> Vec<Lateness> {
    let timer: Vec<Duration> = rounds.iter().map(PacedRound::timer_late).collect();
    let waits = waits_without(rounds, &timer);
    let divided = rounds.iter().zip(waits);
    divided.map(|(round, wait)| Lateness { by_answers: wait, by_timer: round.late().saturating_sub(wait) }).collect()
}

/// Returns how late each round would have begun if the longest of the rounds from `first` on had taken the median time, from when it
/// was ready. A single stall does not show whether a pace can be kept.
pub(crate) fn without_longest(rounds: &[PacedRound], first: usize) -> Vec<Duration> {
    let took = |round: &PacedRound| round.answered.saturating_sub(round.ready);
    // A histogram, because a sort would add to the size of the page.
    let median = rounds.iter().skip(first).map(took).collect::<Distribution>().median();
    let mut taken_out = vec![Duration::ZERO; rounds.len()];
    if let Some((longest, round)) = rounds.iter().enumerate().skip(first).max_by_key(|(_, round)| took(round)) {
        taken_out[longest] = took(round).saturating_sub(median);
    }
    let waits = waits_without(rounds, &taken_out);
    rounds.iter().zip(waits).map(|(round, wait)| wait + round.timer_late()).collect()
}

/// Returns how long each round waits for the previous answer in a replay in which each round is shorter by its `taken_out`.
fn waits_without(rounds: &[PacedRound], taken_out: &[Duration]) -> Vec<Duration> {
    // How much earlier the previous round ends in the replay than it really did.
    let mut ahead = Duration::ZERO;
    let mut waits = Vec::with_capacity(rounds.len());
    for (round, taken_out) in rounds.iter().zip(taken_out) {
        let waited = round.ready.saturating_sub(round.due);
        // A round does not begin before it is due.
        let saved = ahead.min(waited);
        waits.push(waited - saved);
        ahead = saved + *taken_out;
    }
    waits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns rounds that are due every `pace`, given the lateness of the timer and the time from begin to answer of each.
    fn series(pace: Duration, rounds: &[(u64, u64)]) -> Vec<PacedRound> {
        let mut free = Duration::ZERO;
        let mut series = Vec::new();
        for (number, (timer, own)) in (0..).zip(rounds) {
            let due = pace * number;
            let ready = due.max(free);
            let begun = ready + us(*timer);
            free = begun + us(*own);
            series.push(PacedRound { due, ready, begun, answered: free });
        }
        series
    }

    #[test]
    fn rounds_inherit_the_lateness_of_a_timer() {
        // The first is 3 ms late, and the next three are due before its answer.
        let divided = divide(&series(us(1_000), &[(3_000, 200), (0, 200), (0, 200), (0, 200)]));
        let by_timer: Vec<Duration> = divided.iter().map(|late| late.by_timer).collect();
        assert_eq!(by_timer, [3_000, 2_200, 1_400, 600].map(us));
        assert!(divided.iter().all(|late| late.by_answers.is_zero()), "{divided:?}");
    }

    #[test]
    fn a_late_timer_adds_to_the_lateness_that_late_answers_cause() {
        let divided = divide(&series(us(1_000), &[(100, 1_500), (100, 1_500), (100, 1_500)]));
        let parts: Vec<_> = divided.iter().map(|late| (late.by_answers, late.by_timer)).collect();
        assert_eq!(parts, [(0, 100), (500, 200), (1_000, 300)].map(|(answers, timer)| (us(answers), us(timer))));
    }

    #[test]
    fn a_single_stall_is_replaced_by_the_median() {
        let rounds = series(us(1_000), &[(0, 200), (0, 5_000), (0, 200), (0, 200), (0, 200)]);
        assert_eq!(without_longest(&rounds, 0), [us(0); 5]);
        assert_eq!(without_longest(&rounds, 2)[2], us(4_000), "the stall is before the first round that counts");
        assert_eq!(without_longest(&[], 0), []);
    }

    proptest! {
        #[test]
        fn lateness_by_answers_is_that_of_a_series_whose_timer_is_never_late(
            rounds in prop::collection::vec((0_u64..5_000, 0_u64..5_000), 0..50),
        ) {
            let pace = us(1_000);
            let without_timer: Vec<_> = rounds.iter().map(|(_, own)| (0, *own)).collect();
            let expected: Vec<_> = series(pace, &without_timer).iter().map(PacedRound::late).collect();
            let series = series(pace, &rounds);
            let divided = divide(&series);
            prop_assert_eq!(divided.iter().map(|late| late.by_answers).collect::<Vec<_>>(), expected);
            for (late, round) in divided.iter().zip(&series) {
                prop_assert_eq!(late.by_answers + late.by_timer, round.late());
            }
        }
    }
}
