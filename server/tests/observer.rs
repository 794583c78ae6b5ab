//! The events that an observer gets, and that time spent in it is not measured.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use launcelot_endpoint::observe::{ConnectStep, Connection, Observer, Point, Watcher};
use launcelot_server::{Design, Options};
use support::*;

/// An observer that is slow on purpose.
#[derive(Debug, Clone, Default)]
struct Slow {
    accepted: Arc<Mutex<Vec<(Instant, SocketAddr, SocketAddr)>>>,
    events: Arc<Mutex<Vec<Event>>>,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    point: Point,
    at: Instant,
    bytes: usize,
    reported_at: Instant,
}

impl Observer for Slow {
    fn connection(&self, connection: &Connection<'_>) -> Option<Box<dyn Watcher>> {
        let [(at, ConnectStep::Accepted)] = connection.steps else { panic!("{connection:?}") };
        self.accepted.lock().unwrap().push((*at, connection.from, connection.to));
        Some(Box::new(self.clone()))
    }
}

impl Watcher for Slow {
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool {
        let reported_at = Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        self.events.lock().unwrap().push(Event { point, at, bytes, reported_at });
        true
    }
}

impl Slow {
    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    fn bytes_at(&self, point: Point) -> usize {
        self.events().iter().filter(|event| event.point == point).map(|event| event.bytes).sum()
    }
}

/// Runs `test` with every design whose conversations can be observed.
fn each_observed_design(think: Duration, test: impl Fn(Server, Slow)) {
    each_design_except(&[Design::Processes], |design| {
        let observer = Slow::default();
        let options = Options { design, think: think.into(), grace: Duration::ZERO, ..Options::default() };
        test(Server::observed(options, Arc::new(observer.clone())), observer);
    });
}

#[test]
fn a_client_is_reported_with_the_moment_and_both_addresses_of_its_connection() {
    each_observed_design(Duration::ZERO, |server, observer| {
        let begin = Instant::now();
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        let (at, from, to) = observer.accepted.lock().unwrap()[0];
        assert_eq!((from, to), (client.0.local_addr().unwrap(), client.0.peer_addr().unwrap()));
        assert!(begin <= at && at <= observer.events()[0].at);
    });
}

#[test]
fn measured_thinking_does_not_contain_the_time_of_reports() {
    for think in [Duration::ZERO, Duration::from_millis(2)] {
        each_observed_design(think, |server, observer| {
            server.connect().ask(NAME, LANCELOT);
            let events = observer.events();
            let [question_in, answer_ready, answer_out] = events[..] else { panic!("{events:?}") };
            let thinking = answer_ready.at - question_in.at;
            assert!(
                answer_ready.at <= question_in.reported_at,
                "reported before the answer was ready, in {thinking:?}"
            );
            assert_eq!(server.statistics.totals().thinking.sum, thinking);
            assert!(thinking >= think && answer_out.at >= answer_ready.at);
        });
    }
}

#[test]
fn an_answer_that_a_client_has_was_recorded_with_its_question() {
    each_observed_design(Duration::ZERO, |server, observer| {
        let mut client = server.connect();
        for (question, answer) in [(NAME, LANCELOT), (QUEST, GRAIL), (COLOR, BLUE)] {
            let before = observer.events().len();
            client.ask(question, answer);
            let reported: Vec<_> = observer.events()[before..].iter().map(|event| (event.point, event.bytes)).collect();
            let expected = [
                (Point::FromClient, question.len()),
                (Point::AnswerReady, answer.len()),
                (Point::ToClient, answer.len()),
            ];
            assert_eq!(reported, expected);
        }
    });
}

#[test]
fn every_byte_is_recorded_at_every_point() {
    each_observed_design(Duration::ZERO, |server, observer| {
        let mut client = server.connect();
        client.send("What is");
        client.ask(" your name?", LANCELOT);
        client.send(&"?".repeat(10_000));
        client.send("What is your");
        client.half_close();
        let answers = client.read_to_end();
        let totals = server.statistics.totals();
        assert_eq!(totals.questions, 10_001);
        assert_eq!(observer.bytes_at(Point::FromClient) as u64, totals.bytes_in);
        assert_eq!(observer.bytes_at(Point::AnswerReady), LANCELOT.len() + answers.len());
        assert_eq!(observer.bytes_at(Point::ToClient), LANCELOT.len() + answers.len());
    });
}
