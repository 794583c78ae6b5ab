//! Whose queue it was, judged by the rounds that the page keeps.

use std::time::Duration;

use launcelot_measure::queue::{Cause, Queue, Verdict};
use launcelot_measure::{Connections, Ending, Failures, Interruptions, Plan, Round, Rounds, Wire};

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn steps(time: Duration) -> u64 {
    time.as_nanos() as u64 / u64::from(Round::STEP_NS)
}

/// Rounds over one connection, each of which takes as long as `own` says of its number, warm-up included, and which a timer begins so
/// long after it could.
fn rounds(counted: u32, pace: Duration, own: impl Fn(u32) -> Duration, timer: Duration) -> Rounds {
    let plan = Plan::new(counted, Connections::One, Some(pace));
    let mut free = Duration::ZERO;
    let answered = (0..plan.rounds).map(|number| {
        let (due, own) = (pace * number, own(number));
        free = due.max(free) + timer + own;
        Round { asked: steps(own), connecting: steps(own), due: steps(free - due), ready: 0 }
    });
    Rounds {
        passage: None,
        thinking_mean: None,
        interruptions: Interruptions::default(),
        name: String::new(),
        to: String::new(),
        plan,
        clock_step: us(5),
        cores: 2,
        answered: answered.collect(),
        errors: 0,
        failures: Failures::default(),
        wire: None,
        ending: Ending::Complete,
    }
}

fn judged(rounds: &Rounds) -> (Queue, String) {
    let queue = rounds.queue().expect("a paced series with answers");
    (queue, queue.in_words().replace('\u{a0}', " "))
}

#[test]
fn across_a_continent_the_connection_cannot_keep_the_pace_not_the_server() {
    let wire = Wire { rtt: us(70_000), ..Wire::default() };
    let continent = Rounds { wire: Some(wire), ..rounds(100, us(20_000), |_| us(70_400), us(30)) };
    let (queue, words) = judged(&continent);
    assert_eq!((queue.verdict, queue.late), (Verdict::Grew(Cause::Connection), 100));
    assert!(words.contains("a connection carries one question at a time (head-of-line blocking)"), "{words}");
    assert!(!words.contains("server"), "{words}");
}

#[test]
fn a_server_that_thinks_as_long_as_the_pace_lets_the_queue_grow() {
    let (queue, words) = judged(&rounds(40, us(5_000), |_| us(5_150), us(20)));
    assert_eq!(queue.verdict, Verdict::Grew(Cause::Answer), "whose time the answer took is not known");
    assert!(words.starts_with("A round was due every 5 ms, and the queue grew"), "{words}");
    assert!(!words.contains(" 0 "), "{words}");
    assert!(!words.contains("p99"), "40 rounds do not carry it: {words}");
    let told = Rounds { thinking_mean: Some(us(5_000)), ..rounds(40, us(5_000), |_| us(5_150), us(20)) };
    let (queue, words) = judged(&told);
    assert_eq!(queue.verdict, Verdict::Grew(Cause::Server));
    assert!(words.contains("because the server was busy with the question before"), "{words}");
}

#[test]
fn p99_is_named_both_ways() {
    // Twice in a thousand rounds an answer takes 68.7 ms, and those after it wait.
    let stalls = |number: u32| match number {
        400 | 700 => us(68_700),
        _ => us(400 + u64::from(number) % 10 * 333),
    };
    let (queue, words) = judged(&rounds(1_000, us(2_500), stalls, us(10)));
    assert_eq!(queue.verdict, Verdict::CaughtUp(Cause::Answer));
    assert!(words.contains(" p99 is 3.40 ms from when the question was sent, and "), "{words}");
    assert!(words.ends_with("65.7 ms from when the question was due (what coordinated omission hides)."), "{words}");
}

#[test]
fn a_timer_that_is_late_is_measured_and_named() {
    let (queue, words) = judged(&rounds(100, us(2_000), |_| us(360), us(640)));
    assert_eq!((queue.verdict, queue.timer_late), (Verdict::CaughtUp(Cause::Timer), us(640)));
    assert!(words.contains("That timer was 640 µs late at the median."), "{words}");
}

#[test]
fn what_the_first_counted_round_waited_for_is_known_from_the_warm_up() {
    // The only late answer is the last of the warm-up, and only the first rounds that are counted wait for it.
    let (queue, _) = judged(&rounds(100, us(2_000), |number| if number == 9 { us(9_000) } else { us(360) }, us(0)));
    assert_eq!(queue.verdict, Verdict::CaughtUp(Cause::Answer));
}

#[test]
fn a_wait_of_less_than_a_step_is_less_than_that_and_not_nothing() {
    let coarse = Rounds { clock_step: us(1_000), ..rounds(40, us(5_000), |_| us(6_000), us(0)) };
    let (queue, words) = judged(&coarse);
    assert_eq!(queue.verdict, Verdict::Grew(Cause::Answer));
    let coarse = Queue { late_first: us(0), ..queue };
    let words_of_coarse = coarse.in_words().replace('\u{a0}', " ");
    assert!(words_of_coarse.contains("began less than 1 ms late, the last tenth"), "{words_of_coarse}");
    assert!(!words.contains(" 0 "), "{words}");
}
