//! The cause of a queue, judged by stored rounds.

use std::time::Duration;

use launcelot_measure::queue::{Cause, PaceVerdict, Queue};
use launcelot_measure::{Connections, Failures, Interruptions, LinkSettings, Round, Rounds, RoundsPlan, RunStatus};

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn steps(time: Duration) -> u64 {
    time.as_nanos() as u64 / u64::from(Round::STEP_NS)
}

/// Rounds over one connection, warm-up included. Each takes `own` of its number, and begins `timer` after it was ready.
fn rounds(counted: u32, pace: Duration, own: impl Fn(u32) -> Duration, timer: Duration) -> Rounds {
    let plan = RoundsPlan::new(counted, Connections::One, Some(pace));
    let mut free = Duration::ZERO;
    let answered = (0..plan.rounds).map(|number| {
        let due = pace * number;
        let own = own(number);
        free = due.max(free) + timer + own;
        Round { asked: steps(own), connecting: steps(own), due: steps(free - due), ready: 0 }
    });
    Rounds {
        link_revisions: None,
        thinking_mean: None,
        server_work: None,
        interruptions: Interruptions::default(),
        name: String::new(),
        target: String::new(),
        plan,
        clock_step: us(5),
        cores: 2,
        answered: answered.collect(),
        errors: 0,
        failures: Failures::default(),
        link: None,
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
    let continent = Rounds { link: Some(link), ..rounds(100, us(20_000), |_| us(70_400), us(30)) };
    let (queue, words) = judged(&continent);
    assert_eq!((queue.verdict, queue.late), (PaceVerdict::Grew(Cause::Connection), 100));
    assert!(words.contains("a connection carries one question at a time (head-of-line blocking)"), "{words}");
    assert!(!words.contains("server"), "{words}");
}

#[test]
fn a_server_that_thinks_as_long_as_the_pace_lets_the_queue_grow() {
    let (queue, words) = judged(&rounds(40, us(5_000), |_| us(5_150), us(20)));
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Answer), "where the time was spent is unknown");
    assert!(words.starts_with("A round was due every 5 ms, and the queue grew"), "{words}");
    assert!(!words.contains(" 0 "), "{words}");
    assert!(!words.contains("p99"), "40 rounds are too few: {words}");
    let reported = Rounds { thinking_mean: Some(us(5_000)), ..rounds(40, us(5_000), |_| us(5_150), us(20)) };
    let (queue, words) = judged(&reported);
    assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Server));
    assert!(words.contains("because the server was busy with the question before"), "{words}");
}

#[test]
fn p99_is_stated_both_ways() {
    // Twice in a thousand rounds an answer takes 68.7 ms, and those after it wait.
    let stalls = |number: u32| match number {
        400 | 700 => us(68_700),
        _ => us(400 + u64::from(number) % 10 * 333),
    };
    let (queue, words) = judged(&rounds(1_000, us(2_500), stalls, us(10)));
    assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer));
    assert!(words.contains(" p99 is 3.40 ms from when the question was sent, and "), "{words}");
    assert!(words.ends_with("65.7 ms from when the question was due (what coordinated omission hides)."), "{words}");
}

#[test]
fn a_late_timer_is_measured_and_named() {
    let (queue, words) = judged(&rounds(100, us(2_000), |_| us(360), us(640)));
    assert_eq!((queue.verdict, queue.timer_late), (PaceVerdict::CaughtUp(Cause::Timer), us(640)));
    assert!(words.contains("That timer was 640 µs late at the median."), "{words}");
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
    assert!(words_of_coarse.contains("began less than 1 ms late, the last tenth"), "{words_of_coarse}");
    assert!(!words.contains(" 0 "), "{words}");
}
