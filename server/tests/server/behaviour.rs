//! Behaviour towards a single client, the same for every design, over real sockets.

use std::io::{ErrorKind, Write as _};
use std::time::{Duration, Instant};

use crate::support::*;
use launcelot_protocol::exchange::QUESTION_MAX_BYTES;
use launcelot_server::Options;
use launcelot_testing::attempts::within_attempts;
use launcelot_testing::wait::join;

#[test]
fn questions_are_answered_in_order_however_they_are_split() {
    let name_by_bytes: Vec<&str> = NAME.split("").filter(|byte| !byte.is_empty()).collect();
    let long = "x".repeat(QUESTION_MAX_BYTES - 1);
    let too_long = "x".repeat(QUESTION_MAX_BYTES);
    let cases: [(&str, &[&str], String); 10] = [
        ("one question", &[COLOR], BLUE.to_owned()),
        ("no input", &[], String::new()),
        ("byte by byte", &name_by_bytes, LANCELOT.to_owned()),
        ("several in one segment", &[NAME, QUEST, COLOR], [LANCELOT, GRAIL, BLUE].concat()),
        (
            "split in the middle of a question",
            &["What is your quest?What is", " your name?"],
            [GRAIL, LANCELOT].concat(),
        ),
        ("white space before a question", &[" \r\n\t", QUEST, "\n\n", COLOR, "\n"], [GRAIL, BLUE].concat()),
        ("an unknown question", &["Why?", COLOR], [UNKNOWN, BLUE].concat()),
        ("a long unknown question", &[&long, "?", COLOR], [UNKNOWN, BLUE].concat()),
        ("a question that is too long", &[&too_long], TOO_LONG.to_owned()),
        ("a question that is too long, after another", &[COLOR, &too_long, COLOR], [BLUE, TOO_LONG].concat()),
    ];
    each_design(|design| {
        let server = Server::start(design);
        for (what, pieces, expected) in &cases {
            let mut client = server.connect();
            pieces.iter().for_each(|piece| client.send(piece));
            client.half_close();
            assert_eq!(client.read_to_end(), *expected, "{what}");
        }
    });
}

#[test]
fn questions_in_one_segment_are_answered_with_one_write() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.send(&[NAME, QUEST, COLOR].concat());
        // So short a write is sent as one segment, and the client reads a segment at once.
        let mut answers = [0; 1024];
        let count = client.read(&mut answers).unwrap();
        assert_eq!(String::from_utf8_lossy(&answers[..count]), [LANCELOT, GRAIL, BLUE].concat());
    });
}

#[test]
fn a_burst_larger_than_all_buffers_is_answered_completely() {
    let cases = [(NAME, LANCELOT, 20_000), ("?", UNKNOWN, 200_000)];
    each_design(|design| {
        let server = Server::start(design);
        for (question, answer, count) in cases {
            let mut client = server.connect();
            let mut writer = Client(client.0.try_clone().unwrap());
            let writing = std::thread::spawn(move || {
                writer.send(&question.repeat(count));
                writer.half_close();
            });
            assert!(client.read_to_end() == answer.repeat(count), "{question}");
            join(writing, "the end of writing");
        }
    });
}

#[test]
fn the_last_reply_arrives_although_the_client_still_sends_8_mebibytes() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        let mut writer = client.0.try_clone().unwrap();
        let writing = std::thread::spawn(move || {
            // A write fails if the server ends its lingering close before; only the last reply matters here.
            let _ = writer.write_all(&vec![b'x'; 8 * 1024 * 1024]);
            let _ = writer.shutdown(std::net::Shutdown::Write);
        });
        assert_eq!(client.read_to_end(), TOO_LONG);
        join(writing, "the end of writing");
    });
}

#[test]
fn the_server_closes_the_connection_after_a_question_that_is_too_long() {
    each_design(|design| {
        let server = Server::start(design);
        let mut lingering = server.connect();
        lingering.send(&"x".repeat(QUESTION_MAX_BYTES));
        assert_eq!(lingering.read_to_end(), TOO_LONG);
        // The first client keeps its side open. With the simple design, the next client waits until the server has closed the
        // first connection.
        server.connect().ask(COLOR, BLUE);
    });
}

#[test]
fn a_close_or_reset_at_any_time_does_not_affect_other_clients() {
    let ways_to_end: [fn(Client); 2] = [drop, Client::reset];
    each_design(|design| {
        let server = Server::start(design);
        for end in ways_to_end {
            for input in ["", COLOR, "What is your", &"?".repeat(10_000)] {
                let mut client = server.connect();
                client.send(input);
                end(client);
                server.connect().ask(COLOR, BLUE);
            }
        }
    });
}

#[test]
fn a_client_that_half_closes_receives_every_answer() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.send(&[NAME, QUEST, COLOR, "What is"].concat());
        client.half_close();
        assert_eq!(client.read_to_end(), [LANCELOT, GRAIL, BLUE].concat());
    });
}

#[test]
fn the_server_stops_reading_from_a_client_that_does_not_read_and_loses_no_answer() {
    // The second question produces more bytes of replies per read than the server buffers, so that input has to wait as well.
    let cases = [(QUEST, GRAIL), ("?", UNKNOWN)];
    each_design(|design| {
        let server = Server::start(design);
        for (question, answer) in cases {
            let mut client = server.connect();
            let (sent, error) = send_until_blocked(&client, question);
            assert_eq!(error, ErrorKind::WouldBlock);
            client.half_close();
            assert!(client.read_to_end() == answer.repeat(sent / question.len()), "{question}");
        }
    });
}

/// Sends questions without reading, until a write blocks for a while or the connection fails. Returns the number of bytes
/// sent and the kind of the error.
fn send_until_blocked(client: &Client, question: &str) -> (usize, ErrorKind) {
    client.0.set_write_timeout(Some(SILENCE)).unwrap();
    let questions = question.repeat(10_000);
    let mut sent = 0;
    loop {
        match (&client.0).write(&questions.as_bytes()[sent % questions.len()..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (sent, error.kind()),
        }
    }
}

#[test]
fn the_idle_timeout_closes_silent_connections_only() {
    each_design(|design| {
        let idle_timeout = Duration::from_millis(600);
        let server = Server::with(Options { design, idle_timeout: Some(idle_timeout), ..Options::default() });
        within_attempts(5, || {
            let began = Instant::now();
            let mut last_sent = began;
            let mut client = server.connect();
            // The test is about these pauses: each is shorter than the timeout, their sum is longer.
            for _ in 0..5 {
                std::thread::sleep(idle_timeout / 4);
                let sent = Instant::now();
                client.send(COLOR);
                if !client.is_answered() {
                    // A pause may have been longer than planned on a busy machine.
                    let silence = last_sent.elapsed();
                    assert!(silence >= idle_timeout, "closed after {silence:?}");
                    return Err(format!("a pause of {silence:?}"));
                }
                client.expect_answer(BLUE);
                last_sent = sent;
            }
            assert!(began.elapsed() > idle_timeout);
            assert_eq!(client.read_to_end(), "");
            assert!(last_sent.elapsed() > idle_timeout / 2, "closed after {:?}", last_sent.elapsed());
            Ok(())
        });
    });
}

#[test]
fn the_idle_timeout_applies_to_clients_that_do_not_read() {
    each_design(|design| {
        let server = Server::with(Options { design, idle_timeout: Some(SILENCE), ..Options::default() });
        let client = server.connect();
        let began = Instant::now();
        while send_until_blocked(&client, QUEST).1 == ErrorKind::WouldBlock {
            assert!(began.elapsed() < DEADLINE, "the connection stays open");
        }
    });
}
