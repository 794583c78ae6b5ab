//! The engine of the load, on real servers and on servers with faults.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use launcelot_lab::load::cycle::{CycleSettings, EarlyEnd, EngineEvent, Pace, Target};
use launcelot_lab::load::engine::{EngineError, run_cycle};
use launcelot_lab::load::script_text::ScriptText;
use launcelot_measure::load::{Arrivals, Counts, DialogueFailure, DialoguePlan, RatedUnit};
use launcelot_protocol::{EXCHANGES, Script};
use launcelot_server::Design;
use rustix::process::{Resource, Rlimit};

use crate::support::attempts::{check, within_attempts};
use crate::support::fixtures::{Bridge, Server};
use crate::support::ports::ReservedPort;
use crate::support::process;
use crate::support::sockets::{SilentAddress, serve_each};
use crate::support::wait;

/// The length of a window that does not depend on speed.
const WINDOW: Duration = Duration::from_millis(150);

/// A window that a test ends early.
const LONG: Duration = Duration::from_secs(600);

fn closed(address: SocketAddr, clients: u32) -> CycleSettings {
    CycleSettings {
        target: Target::Tcp(vec![address]),
        text: Arc::new(ScriptText::new(&Script::default())),
        dialogue: DialoguePlan { timeout: Duration::from_secs(20), ..DialoguePlan::default() },
        pace: Pace::Closed { clients, ramp: Duration::ZERO },
        duration: WINDOW,
        seed: 1,
    }
}

fn open(address: SocketAddr, rate: u32, per: RatedUnit, max_in_flight: u32) -> CycleSettings {
    let pace = Pace::Open { rate, arrivals: Arrivals::Steady, per, max_in_flight };
    CycleSettings { pace, ..closed(address, 1) }
}

fn address_of(server: &Server) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.port))
}

/// What a cycle found.
#[derive(Debug, Default)]
struct Cycle {
    counts: Counts,
    window: Duration,
    processor: Duration,
}

impl Cycle {
    /// Returns the number of failures of a kind, and an example.
    fn failures(&self, kind: DialogueFailure) -> (u64, String) {
        let mut tallies = self.counts.failures.iter();
        let tally = tallies.find(|(found, _)| *found == kind).map(|(_, tally)| tally.clone()).unwrap_or_default();
        (tally.count, tally.example.unwrap_or_default())
    }

    /// Asserts that all failures are of one kind, and returns an example.
    #[track_caller]
    fn only_failure(&self, kind: DialogueFailure) -> String {
        let (count, example) = self.failures(kind);
        assert!(count > 0 && count == self.counts.failures.count(), "{:?}", self.counts.failures);
        example
    }
}

fn run(settings: &CycleSettings) -> Cycle {
    let (sender, events) = mpsc::channel();
    run_cycle(settings, &sender, &EarlyEnd::default()).unwrap();
    drop(sender);
    fold(&events)
}

fn fold(events: &Receiver<EngineEvent>) -> Cycle {
    let mut cycle = Cycle::default();
    for event in events {
        match event {
            EngineEvent::WindowBegan => {}
            EngineEvent::Progress { added, .. } => cycle.counts.merge(&added),
            EngineEvent::WindowEnded { window, generator } => {
                cycle.window = window;
                cycle.processor = generator.processor;
            }
        }
    }
    cycle
}

/// A cycle in a thread.
struct Running {
    stop: EarlyEnd,
    events: Receiver<EngineEvent>,
    thread: JoinHandle<Result<(), EngineError>>,
}

fn start(settings: CycleSettings) -> Running {
    let stop = EarlyEnd::default();
    let (sender, events) = mpsc::channel();
    let shared = stop.clone();
    let thread = thread::spawn(move || run_cycle(&settings, &sender, &shared));
    Running { stop, events, thread }
}

impl Running {
    /// Folds events until `done`, then ends the cycle early.
    fn stop_when(self, done: impl Fn(&Counts) -> bool) -> Cycle {
        let mut seen = Counts::default();
        while !done(&seen) {
            match wait::receive(&self.events, "an event of the engine") {
                Some(EngineEvent::Progress { added, .. }) => seen.merge(&added),
                Some(_) => {}
                None => panic!("the engine ended with {seen:?}"),
            }
        }
        self.stop.request();
        wait::join(self.thread, "the end of the cycle").unwrap();
        let mut cycle = fold(&self.events);
        cycle.counts.merge(&seen);
        cycle
    }
}

/// Reads a question, and returns false at the end of the stream.
fn read_question(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    while matches!(stream.read(&mut byte), Ok(1)) {
        if byte == *b"?" {
            return true;
        }
    }
    false
}

/// Answers the three questions in turn, each time with what `answer` makes of the right answer.
fn answer_in_turn(stream: &mut TcpStream, questions: usize, answer: impl Fn(&str) -> String) {
    for exchange in EXCHANGES.iter().cycle().take(questions) {
        if !read_question(stream) || stream.write_all(answer(exchange.answer).as_bytes()).is_err() {
            return;
        }
    }
}

/// Keeps a connection open until the client closes it.
fn hold(mut stream: &TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Closes the connection after four answers. It goes on reading, because closing with unread bytes resets a connection.
fn close_after_four_answers(mut stream: TcpStream) {
    answer_in_turn(&mut stream, 4, str::to_owned);
    let _ = stream.shutdown(Shutdown::Write);
    hold(&stream);
}

#[test]
fn a_closed_loop_asks_in_lockstep_and_with_questions_in_flight() {
    let server = Server::start(Design::Async);
    for (clients, in_flight, keep_alive) in [(1, 1, false), (20, 1, true), (3, 7, false), (2, 50, true)] {
        let mut settings = closed(address_of(&server), clients);
        settings.dialogue.in_flight = in_flight;
        settings.dialogue.keep_alive = keep_alive;
        let Counts { dialogues, questions, failures, question_latency, dialogue_latency, .. } =
            start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 100).counts;
        assert_eq!(failures.count(), 0, "{failures:?}");
        assert!(questions >= dialogues * 10 && questions < (dialogues + u64::from(clients)) * 10);
        assert_eq!(dialogue_latency.count(), dialogues);
        assert_eq!(question_latency.count(), questions);
        assert!(question_latency.median() > Duration::ZERO);
    }
}

#[test]
fn the_connection_of_a_client_can_live_for_the_whole_cycle() {
    let server = Server::start(Design::Async);
    let mut settings = closed(address_of(&server), 4);
    settings.dialogue.keep_alive = true;
    let cycle = start(CycleSettings { duration: LONG, ..settings })
        .stop_when(|counts| counts.dialogues >= 100 && counts.clients_answered >= 4);
    assert_eq!(cycle.counts.first_answer_latency.count(), 4, "one for each connection");
    assert_eq!(cycle.counts.clients_answered, 4);
}

#[test]
fn clients_that_the_server_never_accepts_are_not_counted_as_answered() {
    let server = Server::start(Design::Simple);
    let mut settings = closed(address_of(&server), 4);
    settings.dialogue.keep_alive = true;
    let cycle = start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 10);
    assert_eq!((cycle.counts.clients_answered, cycle.counts.failures.count()), (1, 0));
}

#[test]
fn questions_that_the_socket_does_not_take_at_once_are_sent_in_parts() {
    // 20 MB of questions, which no socket buffer has room for.
    const IN_FLIGHT: u32 = 1_000_000;
    let server = Server::start(Design::Async);
    let mut settings = closed(address_of(&server), 1);
    settings.dialogue.in_flight = IN_FLIGHT;
    settings.dialogue.questions = IN_FLIGHT;
    let cycle = start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 1);
    assert!(cycle.counts.questions >= u64::from(IN_FLIGHT) && cycle.counts.failures.count() == 0);
}

#[test]
fn the_window_is_as_long_as_planned_and_begins_after_the_ramp() {
    let server = Server::start(Design::Async);
    let mut settings = closed(address_of(&server), 3);
    settings.pace = Pace::Closed { clients: 3, ramp: Duration::from_millis(120) };
    let began = Instant::now();
    let cycle = run(&settings);
    assert!(began.elapsed() >= WINDOW + Duration::from_millis(120));
    assert_eq!(cycle.window, WINDOW);
    assert!(cycle.processor > Duration::ZERO && cycle.processor < WINDOW * 2);
    let counts = cycle.counts;
    assert_eq!(counts.dialogue_latency.count(), counts.dialogues - counts.cut_at_begin + counts.cut_at_end);
    assert_eq!(counts.failures.count(), 0, "{:?}", counts.failures);
}

#[test]
fn a_dialogue_that_outlives_the_window_is_followed_to_its_end() {
    let address = serve_each(|mut stream| {
        if read_question(&mut stream) {
            // The time of a slow server, which the test does not wait for: it is measured.
            thread::sleep(WINDOW * 2);
            stream.write_all(EXCHANGES[0].answer.as_bytes()).unwrap();
        }
        hold(&stream);
    });
    let mut settings = closed(address, 2);
    settings.dialogue.questions = 1;
    // A busy machine may keep a client from beginning within the window, but not every time.
    within_attempts(10, || {
        let counts = run(&settings).counts;
        let counted = (counts.dialogues, counts.questions, counts.cut_at_end, counts.question_latency.count());
        let longest = counts.dialogue_latency.longest();
        check(counted == (0, 0, 2, 2) && longest >= WINDOW * 2, || format!("{counted:?}, {longest:?}"))
    });
}

#[test]
fn an_early_end_abandons_the_dialogues_that_go_on() {
    let running = start(CycleSettings { duration: LONG, ..closed(serve_each(|stream| hold(&stream)), 3) });
    let cycle = running.stop_when(|counts| counts.lateness.count() == 3);
    assert!(cycle.window < LONG);
    assert_eq!((cycle.counts.dialogues, cycle.counts.failures.count()), (0, 0));
}

#[test]
fn an_early_end_after_the_window_abandons_the_dialogues_that_are_followed() {
    let address = serve_each(|stream| hold(&stream));
    let mut settings = closed(address, 3);
    settings.dialogue.timeout = LONG;
    let running = start(settings);
    let ended = wait::until("the end of the window", || {
        wait::receive(&running.events, "an event of the engine")
            .filter(|event| matches!(event, EngineEvent::WindowEnded { .. }))
    });
    assert!(matches!(ended, EngineEvent::WindowEnded { window: WINDOW, .. }), "{ended:?}");
    running.stop.request();
    wait::join(running.thread, "the end of the cycle").unwrap();
}

#[test]
fn a_server_that_never_answers_is_followed_to_the_timeout() {
    let mut settings = closed(serve_each(|stream| hold(&stream)), 3);
    settings.dialogue.timeout = WINDOW * 2;
    within_attempts(10, || {
        let cycle = run(&settings);
        let timed_out = cycle.failures(DialogueFailure::AnswerTimedOut).0;
        // Each client has begun once, within the window.
        let is_each_client_once = (timed_out, cycle.counts.failures.count()) == (3, 3);
        check(is_each_client_once, || format!("{:?}", cycle.counts.failures))
    });
}

#[test]
fn a_server_that_never_answers_clients_of_the_ramp_is_a_failure_of_each() {
    let mut settings = closed(serve_each(|stream| hold(&stream)), 3);
    settings.pace = Pace::Closed { clients: 3, ramp: WINDOW };
    settings.dialogue.timeout = WINDOW * 3;
    // A busy machine may keep the last client from beginning before the window, but not every time.
    within_attempts(10, || {
        let cycle = run(&settings);
        let timed_out = cycle.failures(DialogueFailure::AnswerTimedOut).0;
        let counted = (timed_out, cycle.counts.failures.count(), cycle.counts.spanning);
        check(counted == (3, 3, 3), || format!("{counted:?}, {:?}", cycle.counts.failures))
    });
}

#[test]
fn a_dialogue_longer_than_the_window_is_counted_and_the_latencies_of_its_questions_are_recorded() {
    let address = serve_each(|mut stream| {
        for exchange in EXCHANGES.iter().cycle() {
            if !read_question(&mut stream) {
                return;
            }
            // The time of a slow server, which the test does not wait for: it is measured.
            thread::sleep(WINDOW / 3);
            if stream.write_all(exchange.answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    let mut settings = closed(address, 2);
    settings.pace = Pace::Closed { clients: 2, ramp: WINDOW };
    within_attempts(10, || {
        let counts = run(&settings).counts;
        let dialogues = (counts.spanning, counts.dialogues, counts.dialogue_latency.count());
        let (questions, latencies) = (counts.questions, counts.question_latency.count());
        let is_counted = questions >= 2 && (2..=8).contains(&latencies) && counts.failures.count() == 0;
        check(dialogues == (2, 0, 0) && is_counted, || {
            format!("{dialogues:?}, {questions} questions, {latencies} latencies, {:?}", counts.failures)
        })
    });
}

#[test]
fn failures_are_counted_by_kind_and_the_load_goes_on() {
    use DialogueFailure::{ClosedEarly, WrongAnswer};
    let wrong = serve_each(|mut stream| {
        answer_in_turn(&mut stream, 10, |answer| answer.replace("Grail", "Grill"));
        hold(&stream);
    });
    let surplus = serve_each(|mut stream| {
        answer_in_turn(&mut stream, 10, |answer| format!("{answer}{answer}"));
        hold(&stream);
    });
    let early = serve_each(close_after_four_answers);
    let cases = [
        (wrong, WrongAnswer, r#""To seek the Holy Grill." instead of "To seek the Holy Grail.""#),
        (surplus, WrongAnswer, r#""My name is Sir Lancelot of Camelot." after the last answer"#),
        (early, ClosedEarly, "closed after 4 answers"),
    ];
    for (address, kind, example) in cases {
        let running = start(CycleSettings { duration: LONG, ..closed(address, 2) });
        let cycle = running.stop_when(|counts| counts.failures.count() >= 6);
        assert_eq!(cycle.only_failure(kind), example);
        assert_eq!(cycle.counts.dialogues, 0);
    }
}

#[test]
fn bytes_between_two_dialogues_are_a_wrong_answer_and_a_close_is_not() {
    let talkative = serve_each(|mut stream| {
        answer_in_turn(&mut stream, 1, str::to_owned);
        // Later than the answer: the client is in its pause.
        thread::sleep(Duration::from_millis(20));
        let _ = stream.write_all(b"Ni!");
        hold(&stream);
    });
    let closing = serve_each(|mut stream| answer_in_turn(&mut stream, 1, str::to_owned));
    for (address, is_wrong) in [(talkative, true), (closing, false)] {
        let mut settings = closed(address, 1);
        settings.dialogue.questions = 1;
        settings.dialogue.keep_alive = true;
        settings.dialogue.think = Duration::from_millis(100);
        // On a busy machine, what the server does may come after the pause, within the next dialogue.
        within_attempts(5, || {
            let running = start(CycleSettings { duration: LONG, ..settings.clone() });
            let cycle = running.stop_when(|counts| counts.dialogues >= 3);
            let (wrong, example) = cycle.failures(DialogueFailure::WrongAnswer);
            let all = cycle.counts.failures.count();
            let is_only_failure = wrong > 0 && wrong == all && example == r#""Ni!" after the last answer"#;
            check(if is_wrong { is_only_failure } else { all == 0 }, || format!("{:?}", cycle.counts.failures))
        });
    }
}

#[test]
fn a_reset_is_not_an_early_close() {
    let address = serve_each(|mut stream| {
        read_question(&mut stream);
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let cycle =
        start(CycleSettings { duration: LONG, ..closed(address, 2) }).stop_when(|counts| counts.failures.count() >= 4);
    let example = cycle.only_failure(DialogueFailure::Reset);
    assert!(example.contains("reset by peer"), "{example}");
}

#[test]
fn a_port_where_nothing_listens_refuses() {
    let port = ReservedPort::new();
    let address = SocketAddr::from(([127, 0, 0, 1], port.number));
    let cycle =
        start(CycleSettings { duration: LONG, ..closed(address, 2) }).stop_when(|counts| counts.failures.count() >= 4);
    let example = cycle.only_failure(DialogueFailure::Refused);
    assert!(example.contains("refused"), "{example}");
}

#[test]
fn timeouts_of_connecting_and_of_answering_are_told_apart() {
    let backlog = SilentAddress::new();
    let mute = serve_each(|stream| hold(&stream));
    let cases = [(backlog.address, DialogueFailure::ConnectTimedOut), (mute, DialogueFailure::AnswerTimedOut)];
    for (address, kind) in cases {
        let mut settings = closed(address, 2);
        settings.dialogue.timeout = Duration::from_millis(50);
        // A busy machine may delay a connection to the mute server until the timeout, but not every time.
        within_attempts(10, || {
            let running = start(CycleSettings { duration: LONG, ..settings.clone() });
            let cycle = running.stop_when(|counts| counts.failures.count() >= 4);
            let is_only_failure = cycle.failures(kind).0 == cycle.counts.failures.count();
            check(is_only_failure, || format!("{:?}", cycle.counts.failures))
        });
    }
}

#[test]
fn a_client_takes_the_first_address_that_accepts() {
    let port = ReservedPort::new();
    let server = Server::start(Design::Async);
    let refusing = SocketAddr::from(([127, 0, 0, 1], port.number));
    let settings = CycleSettings { target: Target::Tcp(vec![refusing, address_of(&server)]), ..closed(refusing, 2) };
    let cycle = start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 10);
    assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
}

#[test]
fn a_script_of_other_words_is_asked() {
    let address = serve_each(|mut stream| {
        while read_question(&mut stream) {
            stream.write_all(b"Ugly.").unwrap();
        }
    });
    let exchanges = [("Beautiful is better than?".to_owned(), "Ugly.".to_owned())];
    let script = Script::new(launcelot_protocol::Framing::default(), exchanges, None).unwrap();
    let text = Arc::new(ScriptText::new(&script));
    let settings = CycleSettings { text, duration: LONG, ..closed(address, 1) };
    let cycle = start(settings).stop_when(|counts| counts.dialogues >= 3);
    assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
}

#[test]
fn a_server_of_another_protocol_is_asked_its_request() {
    let address = serve_each(|mut stream| {
        let mut request = [0; 6];
        while stream.read_exact(&mut request).is_ok() && request == *b"PING\r\n" {
            stream.write_all(b"+PONG\r\n").unwrap();
        }
    });
    let text = Arc::new(ScriptText::of_request("PING\r\n", "+PONG\r\n"));
    let settings = CycleSettings { text, duration: LONG, ..closed(address, 2) };
    let cycle = start(settings).stop_when(|counts| counts.dialogues >= 4);
    assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
}

#[test]
fn a_client_pauses_between_an_answer_and_its_next_question() {
    let server = Server::start(Design::Async);
    let think = Duration::from_millis(10);
    let mut settings = closed(address_of(&server), 1);
    settings.dialogue.think = think;
    let cycle = start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 1);
    assert!(cycle.counts.dialogue_latency.longest() >= think * 9);
    assert!(cycle.counts.lateness.count() >= 9);
}

#[test]
fn an_open_loop_begins_as_many_dialogues_as_are_due() {
    let server = Server::start(Design::Async);
    for per in [RatedUnit::Dialogue, RatedUnit::Question] {
        within_attempts(10, || {
            let counts = run(&open(address_of(&server), 200, per, 1000)).counts;
            assert_eq!(counts.failures.count(), 0, "{:?}", counts.failures);
            assert_eq!((counts.dialogue_latency.count(), counts.lateness.count()), (30, 30));
            assert_eq!((counts.held_back, counts.queued), (0, 0));
            // Of the last dialogues, what is asked after the window does not count. On a busy machine, these are more.
            let questions = if per == RatedUnit::Question { 30..=30 } else { 250..=300 };
            let measured = counts.question_latency.count();
            check(questions.contains(&measured), || format!("{per:?}: {measured} questions"))
        });
    }
}

#[test]
fn the_latency_of_an_open_loop_counts_from_when_a_dialogue_or_a_question_was_due() {
    // The same answer each time, since connections that stay open go on in the script.
    let exchange = (EXCHANGES[0].question.to_owned(), EXCHANGES[0].answer.to_owned());
    let script = Script::new(launcelot_protocol::Framing::default(), [exchange], None).unwrap();
    let text = Arc::new(ScriptText::new(&script));
    let address = serve_each(|mut stream| {
        while read_question(&mut stream) {
            thread::sleep(Duration::from_millis(20));
            if stream.write_all(EXCHANGES[0].answer.as_bytes()).is_err() {
                break;
            }
        }
    });
    for per in [RatedUnit::Dialogue, RatedUnit::Question] {
        let mut settings = open(address, 100, per, 1);
        settings.text = Arc::clone(&text);
        settings.dialogue.questions = 1;
        let counts = run(&settings).counts;
        assert_eq!(counts.failures.count(), 0, "{:?}", counts.failures);
        // One at a time, with 20 ms each, and one is due every 10 ms: the queue grows.
        assert!(counts.held_back >= 10 && counts.queued >= 5, "{} {}", counts.held_back, counts.queued);
        assert_eq!(counts.dialogue_latency.count() + counts.queued, 15);
        let from_due = match per {
            RatedUnit::Dialogue => &counts.dialogue_latency,
            RatedUnit::Question => &counts.question_latency,
        };
        assert!(from_due.longest() >= Duration::from_millis(60), "{per:?}: {:?}", from_due.longest());
        assert!(counts.question_latency.longest() >= Duration::from_millis(20));
    }
}

/// A load through a bridge.
fn through(bridge: &Bridge, clients: u32) -> CycleSettings {
    let address = SocketAddr::from(([127, 0, 0, 1], bridge.port));
    let url = format!("ws://{address}/ws");
    CycleSettings { target: Target::WebSocket { addresses: vec![address], url }, ..closed(address, clients) }
}

/// Descriptors are limited for a whole process, so this test runs itself in a second process.
#[test]
fn a_load_generator_without_free_descriptors_says_so() {
    const ADDRESS: &str = "LAUNCELOT_TEST_ADDRESS";
    let name = "load_engine::a_load_generator_without_free_descriptors_says_so";
    let Ok(address) = std::env::var(ADDRESS) else {
        let address = serve_each(|stream| hold(&stream));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name]).env(ADDRESS, address.to_string());
        let output = process::output(&mut command);
        assert!(output.status.success(), "{output:?}");
        return;
    };
    let limit = Rlimit { current: Some(30), maximum: Some(30) };
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
    let settings = CycleSettings { duration: LONG, ..closed(address.parse().unwrap(), 40) };
    let cycle = start(settings).stop_when(|counts| counts.failures.count() >= 40);
    let example = cycle.only_failure(DialogueFailure::NoDescriptor);
    assert!(example.contains("Too many open files"), "{example}");
}

#[test]
fn a_load_goes_through_a_bridge() {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, None);
    for (in_flight, keep_alive) in [(1, false), (4, true)] {
        let mut settings = through(&bridge, 5);
        settings.dialogue.in_flight = in_flight;
        settings.dialogue.keep_alive = keep_alive;
        let cycle = start(CycleSettings { duration: LONG, ..settings }).stop_when(|counts| counts.dialogues >= 50);
        assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
    }
}

#[test]
fn failures_behind_a_bridge_are_those_of_the_server() {
    let port = ReservedPort::new();
    let early = serve_each(close_after_four_answers);
    let cases = [
        (port.number, DialogueFailure::Refused, "refused"),
        (early.port(), DialogueFailure::ClosedEarly, "closed after 4 answers"),
    ];
    for (server_port, kind, words) in cases {
        let bridge = Bridge::start(server_port, None);
        let settings = CycleSettings { duration: LONG, ..through(&bridge, 2) };
        let cycle = start(settings).stop_when(|counts| counts.failures.count() >= 4);
        let example = cycle.only_failure(kind);
        assert!(example.contains(words), "{example}");
    }
}

#[test]
fn a_server_that_does_not_speak_websocket_fails_the_handshake() {
    let address = serve_each(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        hold(&stream);
    });
    let target = Target::WebSocket { addresses: vec![address], url: format!("ws://{address}/ws") };
    let settings = CycleSettings { target, duration: LONG, ..closed(address, 2) };
    let cycle = start(settings).stop_when(|counts| counts.failures.count() >= 4);
    let example = cycle.only_failure(DialogueFailure::Handshake);
    assert!(example.contains("404"), "{example}");
}

#[test]
fn a_url_that_is_not_a_websocket_is_refused_before_the_load() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    for url in ["http://localhost/ws", "wss://localhost/ws", "localhost"] {
        let target = Target::WebSocket { addresses: vec![address], url: url.to_owned() };
        let settings = CycleSettings { target, ..closed(address, 1) };
        let error = run_cycle(&settings, &mpsc::channel().0, &EarlyEnd::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("'{url}' is not the URL of a WebSocket"));
    }
}
