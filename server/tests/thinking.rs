//! Simulated work (`--think`): it blocks whatever it would block in each design.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use launcelot_server::{Design, Options};
use support::*;

const THINK: Duration = Duration::from_millis(150);

fn start(design: Design, think: Duration, grace: Duration) -> Server {
    Server::with(Options { design, think, grace, ..Options::default() })
}

#[test]
fn every_answer_takes_its_time_and_none_is_lost() {
    each_design(|design| {
        let server = start(design, THINK, Duration::ZERO);
        let mut client = server.connect();
        let began = Instant::now();
        client.ask(NAME, LANCELOT);
        assert!(began.elapsed() >= THINK);
        // Two and a half together: the half is no work.
        client.ask(&[QUEST, COLOR, "What is"].concat(), &[GRAIL, BLUE].concat());
        assert!(began.elapsed() >= 3 * THINK);
        client.say(" your name?");
        client.half_close();
        assert_eq!(client.hear_to_end(), LANCELOT);
    });
}

#[test]
fn who_waits_for_another_ones_work_is_what_the_designs_differ_in() {
    let count = 40;
    each_design_but(&[Design::Simple], |design| {
        let server = start(design, THINK, Duration::ZERO);
        let mut busy = server.connect();
        let questions = NAME.repeat(count);
        busy.say(&questions);
        let began = Instant::now();
        while server.statistics.totals().bytes_in < questions.len() as u64 {
            assert!(began.elapsed() < HANGS, "it does not listen");
            std::thread::yield_now();
        }
        let mut other = server.connect();
        other.ask(COLOR, BLUE);
        let waited = began.elapsed();
        let work = THINK * u32::try_from(count).unwrap();
        assert_eq!(waited >= work, design == Design::Poll, "waited {waited:?} beside {work:?} of work");
    });
}

#[test]
fn the_idle_timeout_does_not_count_while_the_server_thinks() {
    each_design(|design| {
        let idle_timeout = Some(THINK / 3);
        let server = Server::with(Options { design, think: THINK, idle_timeout, ..Options::default() });
        server.connect().ask(QUEST, GRAIL);
    });
}

#[test]
fn a_server_that_thinks_can_be_stopped() {
    each_design(|design| {
        let hour = Duration::from_secs(3600);
        let workers = NonZeroU32::new(2).unwrap();
        let server = Server::with(Options { design, think: hour, workers, grace: THINK, ..Options::default() });
        let mut client = server.connect();
        client.say(NAME);
        let began = Instant::now();
        while server.statistics.totals().bytes_in == 0 {
            assert!(began.elapsed() < HANGS, "it does not listen");
            std::thread::yield_now();
        }
        server.stopper.stop();
        client.hear_hang_up();
        server.join();
    });
}

#[test]
fn work_without_end_is_no_error() {
    each_design(|design| {
        let server = start(design, Duration::MAX, Duration::ZERO);
        let mut client = server.connect();
        client.say(&NAME.repeat(3));
        client.hear_nothing();
    });
}
