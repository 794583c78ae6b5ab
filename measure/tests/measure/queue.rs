//! Whether stored rounds kept their pace, and what made them late.

use std::time::Duration;

use launcelot_measure::queue::{Cause, PaceVerdict, Queue};
use launcelot_measure::{
    Connections, Failures, Interruptions, Link, LinkSettings, Provenance, Round, Rounds, RoundsPlan, RunStatus,
};

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn steps(time: Duration) -> u64 {
    time.as_nanos() as u64 / u64::from(Round::STEP_NS)
}

/// Returns a series over one connection, warm-up included. Round n takes `own(n)` from its begin to its answer, and begins `timer`
/// after it was ready.
fn rounds(counted: u32, pace: Duration, own: impl Fn(u32) -> Duration, timer: Duration) -> Rounds {
    rounds_begun_at(counted, pace, own, |_, due, free| due.max(free) + timer)
}

/// Returns a series like [`rounds`], but each round begins at the moment that `begun` returns. The arguments of `begun` are the number
/// of the round, the moment at which it is due, and the moment at which the previous answer arrived.
fn rounds_begun_at(
    counted: u32,
    pace: Duration,
    own: impl Fn(u32) -> Duration,
    begun: impl Fn(u32, Duration, Duration) -> Duration,
) -> Rounds {
    let plan = RoundsPlan::new(counted, Connections::One, Some(pace));
    let mut free = Duration::ZERO;
    let answered = (0..plan.rounds).map(|number| {
        let due = pace * number;
        let ready = due.max(free);
        free = begun(number, due, free) + own(number);
        let own = steps(own(number));
        Round { asked: own, connecting: own, due: steps(free - due), ready: steps(free - ready) }
    });
    Rounds {
        link_revisions: None,
        thinking_mean: None,
        server_work: None,
        interruptions: Interruptions::default(),
        name: String::new(),
        is_named: None,
        target: String::new(),
        plan,
        clock_step: us(5),
        cores: 2,
        answered: answered.collect(),
        errors: 0,
        failures: Failures::default(),
        provenance: Provenance::default(),
        link: Link::None,
        status: RunStatus::Complete,
    }
}

fn judged(rounds: &Rounds) -> (Queue, String) {
    let queue = rounds.queue().expect("a paced series with answers");
    (queue, queue.describe().replace('\u{a0}', " "))
}

#[test]
fn across_a_continent_the_connection_cannot_keep_the_pace() {
    let link = LinkSettings { rtt: us(70_000), ..LinkSettings::default() };
    let continent = Rounds { link: Link::Known(link), ..rounds(100, us(20_000), |_| us(70_400), us(30)) };
    let (queue, words) = judged(&continent);
    assert_eq!((queue.verdict, queue.late), (PaceVerdict::Grew(Cause::Connection), 100));
    assert!(
        words.contains("on one connection a question waits for those before it (head-of-line blocking)"),
        "{words}"
    );
    assert!(!words.contains("server"), "{words}");
}

#[test]
fn a_server_that_thinks_as_long_as_the_pace_lets_the_queue_grow() {
    let (queue, words) = judged(&rounds(40, us(5_000), |_| us(5_150), us(20)));
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Answer), "where the time was spent is unknown");
    assert!(words.starts_with("A round was due every 5 ms, but the queue grew"), "{words}");
    assert!(!words.contains(" 0 "), "{words}");
    assert!(!words.contains("p99"), "40 rounds are too few: {words}");
    let reported = Rounds { thinking_mean: Some(us(5_000)), ..rounds(40, us(5_000), |_| us(5_150), us(20)) };
    let (queue, words) = judged(&reported);
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Server));
    assert!(words.contains("because the server was still busy with the previous question"), "{words}");
}

#[test]
fn p99_is_stated_both_from_begin_and_from_due() {
    // Twice in a thousand rounds an answer takes 68.7 ms, and those after it wait.
    let stalls = |number: u32| match number {
        400 | 700 => us(68_700),
        _ => us(400 + u64::from(number) % 10 * 333),
    };
    let (queue, words) = judged(&rounds(1_000, us(2_500), stalls, us(10)));
    assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer));
    assert!(words.contains(" p99 is 3.40 ms timed from when the question was sent, and "), "{words}");
    assert!(
        words.ends_with("65.7 ms from when the question was due (the difference is what coordinated omission hides)."),
        "{words}"
    );
}

#[test]
fn a_late_timer_is_stated_as_the_cause_with_its_lateness() {
    let (queue, words) = judged(&rounds(100, us(2_000), |_| us(360), us(640)));
    assert_eq!((queue.verdict, queue.timer_late), (PaceVerdict::CaughtUp(Cause::Timer), us(640)));
    assert!(words.contains("own timer was late by 640 µs at the median and 640 µs at p99."), "{words}");
}

#[test]
fn the_first_sample_may_have_waited_for_the_warm_up() {
    // The only late answer is the last of the warm-up, and only the first rounds that are counted wait for it.
    let (queue, _) = judged(&rounds(100, us(2_000), |number| if number == 9 { us(9_000) } else { us(360) }, us(0)));
    assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer));
}

#[test]
fn a_wait_below_one_step_is_described_as_less_than_a_step() {
    let coarse = Rounds { clock_step: us(1_000), ..rounds(40, us(5_000), |_| us(6_000), us(0)) };
    let (queue, words) = judged(&coarse);
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Answer));
    let coarse = Queue { late_first: us(0), ..queue };
    let words_of_coarse = coarse.describe().replace('\u{a0}', " ");
    assert!(words_of_coarse.contains("began less than 1 ms late and the last tenth"), "{words_of_coarse}");
    assert!(!words.contains(" 0 "), "{words}");
}

#[test]
fn rounds_that_one_late_timer_delayed_are_not_blamed_on_answers() {
    // The timer expires only every 4.3 ms. The rounds that have become due until then begin one after the other.
    let granularity = us(4_300).as_nanos();
    let begun = |_, due: Duration, free: Duration| {
        let expires = due.as_nanos().div_ceil(granularity) * granularity;
        if free > due { free } else { Duration::from_nanos(expires as u64) }
    };
    let own = |number: u32| if number.is_multiple_of(50) { us(600) } else { us(200) };
    let (queue, words) = judged(&rounds_begun_at(300, us(500), own, begun));
    assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Timer), "{words}");
    assert!(words.contains("rounds began late, mostly because the client’s own timer was late"), "{words}");
    assert!(words.contains("On average, a round began 1.33 ms late."), "{words}");
    assert!(words.contains("The client’s own timer was late by 2.40 ms at the median"), "{words}");
    assert!(!words.contains("coordinated omission"), "{words}");
}

#[test]
fn a_timer_that_makes_rounds_miss_the_pace_is_stated_as_the_cause() {
    let (queue, words) = judged(&rounds(100, us(2_500), |_| us(2_400), us(200)));
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Timer), "{words}");
    assert!(!words.contains("the previous answer"), "{words}");
    assert!(words.contains("The client’s own timer was late by 200 µs at the median and 200 µs at p99."), "{words}");
}

#[test]
fn both_causes_are_stated_if_both_made_rounds_late() {
    let own = |number: u32| if number.is_multiple_of(10) { us(5_000) } else { us(400) };
    let (queue, words) = judged(&rounds(100, us(2_000), own, us(200)));
    assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer), "{words}");
    assert!(words.contains("because of previous answers and"), "{words}");
    assert!(words.contains("The client’s own timer was late by 200 µs at the median"), "{words}");
}

#[test]
fn rounds_that_began_late_are_not_said_to_have_begun_when_they_were_due() {
    for (pace, timer) in [(us(1_000_000), us(45_000)), (us(20_000), us(640))] {
        let (queue, words) = judged(&rounds(100, pace, |_| us(360), timer));
        assert_eq!((queue.verdict, queue.late), (PaceVerdict::CaughtUp(Cause::Timer), 100), "{words}");
        assert!(!words.contains("began on time"), "{words}");
        assert!(!words.contains("coordinated omission"), "{words}");
    }
}

#[test]
fn a_kept_pace_states_how_late_rounds_began() {
    let (queue, words) = judged(&rounds(100, us(2_000), |_| us(360), us(30)));
    assert_eq!(queue.verdict, PaceVerdict::Kept);
    assert!(
        words.starts_with("A round was due every 2 ms, and every round began within 30 µs of its due time."),
        "{words}"
    );
    let (_, words) = judged(&rounds(100, us(2_000), |_| us(360), us(0)));
    assert!(words.starts_with("A round was due every 2 ms, and every round began on time."), "{words}");
    assert!(!words.contains("coordinated omission"), "{words}");
}

#[test]
fn a_single_stall_is_not_growth_wherever_it_is() {
    for stalled in [15, 60, 102, 108] {
        let own = |number: u32| if number == stalled { us(30_000) } else { us(360) };
        let (queue, words) = judged(&rounds(100, us(2_000), own, us(0)));
        assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer), "{stalled}: {words}");
        let begun = |number, due: Duration, free| {
            let stall = if number == stalled { us(30_000) } else { us(0) };
            due.max(free) + stall
        };
        let (queue, words) = judged(&rounds_begun_at(100, us(2_000), |_| us(360), begun));
        assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Timer), "{stalled}: {words}");
    }
}

#[test]
fn a_server_that_becomes_slow_near_the_end_lets_the_queue_grow() {
    let own = |number: u32| if number >= 90 { us(5_000) } else { us(360) };
    let (queue, _) = judged(&rounds(100, us(2_000), own, us(0)));
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Answer));
}

#[test]
fn the_time_of_a_round_is_stated_as_a_median() {
    let (_, words) = judged(&rounds(40, us(5_000), |_| us(5_150), us(20)));
    assert!(words.contains(" The median round took 5.15 ms."), "{words}");
}
