//! Simulated work (`--think`), which blocks what real work would block in each design.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::support::*;
use launcelot_server::{Design, Options};
use launcelot_testing::attempts::{check, within_attempts};
use launcelot_testing::wait::{join, until};

const THINK: Duration = Duration::from_millis(150);

fn start(design: Design, think: Duration, grace: Duration) -> Server {
    Server::with(Options { design, think: think.into(), grace, ..Options::default() })
}

/// Waits until the server's statistics satisfy a condition.
#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    until("a condition of the server", || holds().then_some(()));
}

#[test]
fn every_answer_is_delayed_and_none_is_lost() {
    each_design(|design| {
        let server = start(design, THINK, Duration::ZERO);
        let mut client = server.connect();
        let began = Instant::now();
        client.ask(NAME, LANCELOT);
        assert!(began.elapsed() >= THINK);
        // Two complete questions, and a part of a third one, which causes no work before it is complete.
        client.ask(&[QUEST, COLOR, "What is"].concat(), &[GRAIL, BLUE].concat());
        assert!(began.elapsed() >= 3 * THINK);
        client.send(" your name?");
        client.half_close();
        assert_eq!(client.read_to_end(), LANCELOT);
    });
}

#[test]
fn only_with_poll_does_a_client_wait_for_the_work_of_another() {
    let count = 40;
    each_design_except(&[Design::Simple], |design| {
        let server = start(design, THINK, Duration::ZERO);
        let mut busy = server.connect();
        let questions = NAME.repeat(count);
        let began = Instant::now();
        busy.send(&questions);
        wait_until(|| server.statistics.totals().bytes_in >= questions.len() as u64);
        let mut other = server.connect();
        other.ask(COLOR, BLUE);
        let waited = began.elapsed();
        let work = THINK * u32::try_from(count).unwrap();
        assert_eq!(waited >= work, design == Design::Poll, "waited {waited:?} during {work:?} of work");
    });
}

#[test]
fn with_poll_each_client_waits_for_the_work_of_all_before() {
    let think = Duration::from_millis(50);
    let server = start(Design::Poll, think, Duration::ZERO);
    let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    wait_until(|| server.statistics.totals().open == 4);
    let began = Instant::now();
    clients.iter_mut().for_each(|client| client.send(NAME));
    let waiting = clients.into_iter().map(|mut client| {
        std::thread::spawn(move || {
            client.expect_answer(LANCELOT);
            began.elapsed()
        })
    });
    let waiting: Vec<_> = waiting.collect();
    let mut waited: Vec<Duration> = waiting.into_iter().map(|thread| join(thread, "an answer")).collect();
    waited.sort();
    let is_behind_all_before = |(before, waited): (u32, &Duration)| *waited >= think * (before + 1);
    assert!((0..).zip(&waited).all(is_behind_all_before), "waited {waited:?} with {think:?} of work each");
}

#[test]
fn the_idle_timeout_does_not_include_work() {
    each_design(|design| {
        let idle_timeout = Some(THINK / 3);
        let server = Server::with(Options { design, think: THINK.into(), idle_timeout, ..Options::default() });
        // A busy machine may delay a question until the timeout, but not every time.
        within_attempts(10, || {
            let mut client = server.connect();
            client.send(QUEST);
            check(client.is_answered(), || "closed before the answer".to_owned())?;
            client.expect_answer(GRAIL);
            Ok(())
        });
    });
}

#[test]
fn a_server_can_be_stopped_during_work() {
    each_design(|design| {
        let hour = Duration::from_secs(3600);
        let workers = NonZeroU32::new(2).unwrap();
        let server = Server::with(Options { design, think: hour.into(), workers, grace: THINK, ..Options::default() });
        let mut client = server.connect();
        client.send(NAME);
        wait_until(|| server.statistics.totals().bytes_in > 0);
        server.stopper.stop();
        client.expect_closed();
        server.join();
    });
}

#[test]
fn endless_work_is_not_an_error() {
    each_design(|design| {
        let server = start(design, Duration::MAX, Duration::ZERO);
        let mut client = server.connect();
        client.send(&NAME.repeat(3));
        client.expect_silence();
    });
}
