//! The events that an observer gets. Time spent in an observer is not measured, and answers do not wait for it.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::support::*;
use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection, Observer, Point};
use launcelot_server::{Design, Options};

/// An observer that is slow on purpose.
#[derive(Debug, Clone, Default)]
struct Slow {
    accepted: Arc<Mutex<Vec<(Instant, SocketAddr, SocketAddr)>>>,
    events: Arc<Events>,
}

#[derive(Debug, Default)]
struct Events {
    recorded: Mutex<Recorded>,
    is_complete: Condvar,
}

#[derive(Debug, Default)]
struct Recorded {
    events: Vec<Event>,
    /// Whether events are announced that have not been recorded yet.
    is_announced: bool,
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap()
    }
}

#[derive(Debug, Clone, Copy)]
struct Event {
    point: Point,
    at: Instant,
    bytes: usize,
    reported_at: Instant,
}

impl Observer for Slow {
    fn connection(&self, connection: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        let [(at, ConnectStep::Accepted)] = connection.steps else { panic!("{connection:?}") };
        self.accepted.lock().unwrap().push((*at, connection.from, connection.to));
        Some(Box::new(self.clone()))
    }
}

impl ConnectionObserver for Slow {
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool {
        let reported_at = Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        self.events.lock().events.push(Event { point, at, bytes, reported_at });
        true
    }

    fn records_follow(&mut self) {
        self.events.lock().is_announced = true;
    }

    fn records_complete(&mut self) {
        self.events.lock().is_announced = false;
        self.events.is_complete.notify_all();
    }
}

impl Slow {
    /// Waits until all announced events are recorded, and returns all events.
    fn events(&self) -> Vec<Event> {
        let recorded =
            self.events.is_complete.wait_timeout_while(self.events.lock(), DEADLINE, |recorded| recorded.is_announced);
        let (recorded, waited) = recorded.unwrap();
        assert!(!waited.timed_out(), "timed out after {DEADLINE:?} while waiting for announced events");
        recorded.events.clone()
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

/// An observer that blocks the server's thread until the test lets it go on.
#[derive(Debug, Clone, Default)]
struct Blocking {
    may_go_on: Arc<(Mutex<bool>, Condvar)>,
}

impl Observer for Blocking {
    fn connection(&self, _: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        Some(Box::new(self.clone()))
    }
}

impl ConnectionObserver for Blocking {
    fn record(&mut self, _: Instant, _: Point, _: usize) -> bool {
        let (may_go_on, changed) = &*self.may_go_on;
        drop(changed.wait_timeout_while(may_go_on.lock().unwrap(), DEADLINE, |may_go_on| !*may_go_on).unwrap());
        true
    }
}

#[test]
fn an_answer_does_not_wait_for_the_observer() {
    each_design_except(&[Design::Processes], |design| {
        let observer = Blocking::default();
        let options = Options { design, grace: Duration::ZERO, ..Options::default() };
        let server = Server::observed(options, Arc::new(observer.clone()));
        server.connect().ask(NAME, LANCELOT);
        let (may_go_on, changed) = &*observer.may_go_on;
        *may_go_on.lock().unwrap() = true;
        changed.notify_all();
    });
}

#[test]
fn the_time_from_a_ready_answer_to_its_write_does_not_contain_the_time_of_reports() {
    each_observed_design(Duration::ZERO, |server, observer| {
        server.connect().ask(NAME, LANCELOT);
        let events = observer.events();
        let [question_in, answer_ready, answer_out] = events[..] else { panic!("{events:?}") };
        assert!(
            answer_out.at <= question_in.reported_at,
            "written {:?} after the answer was ready, and {:?} after the first report",
            answer_out.at - answer_ready.at,
            answer_out.at - question_in.reported_at
        );
    });
}

#[test]
fn an_answer_that_the_client_has_received_is_recorded_or_announced() {
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
