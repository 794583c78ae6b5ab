//! Load on a real server, and on servers that break the protocol.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use launcelot_lab::load::{ClosedLoop, LoadError, OpenLoop, Outcome};
use launcelot_protocol::{Conversation, EXCHANGES};
use launcelot_server::Design;

use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::sockets::serve_once;

/// The time of a load: long enough for many questions.
const A_MOMENT: Duration = Duration::from_millis(50);

fn at(server: &Server) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.port))
}

/// Reads until `count` questions have come, and returns them.
fn read_questions(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut byte = [0];
    while heard.iter().filter(|&&byte| byte == b'?').count() < count {
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    heard
}

/// Answers every question, as servers do, until the client closes the connection.
fn converse(mut stream: TcpStream, conversation: &mut Conversation) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let mut replies = Vec::new();
        conversation.feed(&buffer[..count], &mut replies);
        stream.write_all(&replies).unwrap();
    }
}

#[test]
fn every_client_is_served_in_lockstep_and_with_questions_in_flight() {
    let server = Server::start(Design::Async);
    for (clients, depth) in [(1, 1), (3, 1), (1, 50), (20, 7)] {
        let mut load = ClosedLoop::connect(at(&server), clients, depth).unwrap();
        // A run ends with nothing in flight, so that another one can follow.
        for _ in 0..2 {
            let Outcome { served, questions, latency, .. } = load.run(A_MOMENT).unwrap();
            assert_eq!((served, questions % u64::from(depth)), (clients, 0));
            assert!(questions >= clients as u64 * u64::from(depth), "{questions}");
            assert!(latency.median() > Duration::ZERO && latency.median() <= latency.longest());
        }
    }
}

#[test]
fn clients_that_are_not_served_wait_and_are_counted() {
    let server = Server::start(Design::Simple);
    let outcome = ClosedLoop::connect(at(&server), 4, 1).unwrap().run(A_MOMENT).unwrap();
    assert_eq!((outcome.served, outcome.clients), (1, 4));
    assert!(outcome.questions > 0);
    let outcome = OpenLoop::connect(at(&server), 4).unwrap().run(Duration::from_millis(10), A_MOMENT).unwrap();
    assert_eq!((outcome.served, outcome.questions), (1, 5));
}

#[test]
fn a_batch_that_the_socket_does_not_take_at_once_is_sent_in_parts() {
    // 20 MB of questions: far more than any socket's buffer has room for.
    const DEPTH: u32 = 1_000_000;
    let address = serve_once(|stream| converse(stream, &mut Conversation::new()));
    let outcome = ClosedLoop::connect(address, 1, DEPTH).unwrap().run(Duration::ZERO).unwrap();
    assert_eq!(outcome.questions, u64::from(DEPTH));
}

#[test]
fn an_open_loop_asks_as_often_as_it_is_told() {
    let server = Server::start(Design::Async);
    let mut load = OpenLoop::connect(at(&server), 10).unwrap();
    let outcome = load.run(Duration::from_millis(10), Duration::from_millis(100)).unwrap();
    assert_eq!((outcome.served, outcome.questions), (10, 100));
    assert!(outcome.elapsed >= Duration::from_millis(99), "the last is due 1 ms before the end");
    assert!(outcome.lateness.longest() <= outcome.latency.longest());
}

#[test]
fn an_open_loop_does_not_hide_the_queue_of_a_server_that_stalls() {
    const INTERVAL: Duration = Duration::from_millis(2);
    const STALLED: u32 = 50;
    let address = serve_once(|mut stream| {
        let mut conversation = Conversation::new();
        for questions in [1, STALLED as usize] {
            let mut replies = Vec::new();
            conversation.feed(&read_questions(&mut stream, questions), &mut replies);
            stream.write_all(&replies).unwrap();
        }
        converse(stream, &mut conversation);
    });
    let outcome = OpenLoop::connect(address, 1).unwrap().run(INTERVAL, INTERVAL * STALLED).unwrap();
    assert_eq!(outcome.questions, u64::from(STALLED));
    // The first question waits until all others are asked, the one in the middle until half of them are.
    assert!(outcome.latency.longest() >= INTERVAL * (STALLED - 1), "{:?}", outcome.latency.longest());
    let median = outcome.latency.median();
    assert!(median >= INTERVAL * (STALLED / 2 - 1), "{median:?}");
}

#[test]
fn a_wrong_answer_ends_the_load() {
    let right = |stream: &mut TcpStream| {
        read_questions(stream, 1);
        stream.write_all(EXCHANGES[0].answer.as_bytes()).unwrap();
    };
    let cases: [(&str, &str, &str); 3] = [
        ("No, yellow.", "No, yellow.", "To seek the Holy Grail."),
        ("To seek the Holy Grill.", "To seek the Holy Grill.", "To seek the Holy Grail."),
        ("To seek the Holy Grail.Blue.", "Blue.", ""),
    ];
    for (said, heard, expected) in cases {
        let address = serve_once(move |mut stream| {
            right(&mut stream);
            read_questions(&mut stream, 1);
            stream.write_all(said.as_bytes()).unwrap();
            // The connection stays open until the load closes it, so that only the answer is wrong.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let error = ClosedLoop::connect(address, 1, 1).unwrap().run(A_MOMENT).err().unwrap();
        assert_eq!(error.to_string(), format!("{address} said {heard:?} where {expected:?} should come"));
    }
}

#[test]
fn a_server_that_closes_during_a_run_ends_the_load() {
    let answer_and_leave = |mut stream: TcpStream| {
        read_questions(&mut stream, 1);
        stream.write_all(EXCHANGES[0].answer.as_bytes()).unwrap();
        read_questions(&mut stream, 1);
    };
    let error = ClosedLoop::connect(serve_once(answer_and_leave), 1, 1).unwrap().run(A_MOMENT).err().unwrap();
    assert!(matches!(error, LoadError::Closed { answered: 1, .. }), "{error:?}");
    let load = OpenLoop::connect(serve_once(answer_and_leave), 1).unwrap().run(A_MOMENT, A_MOMENT);
    assert!(matches!(load, Err(LoadError::Closed { answered: 1, .. })), "{:?}", load.err());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = ReservedPort::new();
    let address = SocketAddr::from(([127, 0, 0, 1], port.number));
    let error = ClosedLoop::connect(address, 1, 1).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot connect to {address}"));
}
