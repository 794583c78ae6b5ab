//! The table of behaviours: what a client does, and what every design does then, over real sockets.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::io::{ErrorKind, Write as _};
use std::time::{Duration, Instant};

use launcelot_protocol::exchange::QUESTION_MAX_BYTES;
use launcelot_server::Options;
use launcelot_testing::wait::join;
use support::*;

#[test]
fn what_is_asked_is_answered_in_order_however_it_is_cut() {
    let name_by_bytes: Vec<&str> = NAME.split("").filter(|byte| !byte.is_empty()).collect();
    let long = "x".repeat(QUESTION_MAX_BYTES - 1);
    let too_long = "x".repeat(QUESTION_MAX_BYTES);
    let cases: [(&str, &[&str], String); 10] = [
        ("one question", &[COLOR], BLUE.to_owned()),
        ("nothing at all", &[], String::new()),
        ("byte by byte", &name_by_bytes, LANCELOT.to_owned()),
        ("several in one segment", &[NAME, QUEST, COLOR], [LANCELOT, GRAIL, BLUE].concat()),
        ("cut in mid-question", &["What is your quest?What is", " your name?"], [GRAIL, LANCELOT].concat()),
        ("white space before a question", &[" \r\n\t", QUEST, "\n\n", COLOR, "\n"], [GRAIL, BLUE].concat()),
        ("an unknown question", &["Why?", COLOR], [UNKNOWN, BLUE].concat()),
        ("a long unknown question", &[&long, "?", COLOR], [UNKNOWN, BLUE].concat()),
        ("a question without end", &[&too_long], TOO_LONG.to_owned()),
        ("a question without end after others", &[COLOR, &too_long, COLOR], [BLUE, TOO_LONG].concat()),
    ];
    each_design(|design| {
        let server = Server::start(design);
        for (what, pieces, expected) in &cases {
            let mut client = server.connect();
            pieces.iter().for_each(|piece| client.say(piece));
            client.half_close();
            assert_eq!(client.hear_to_end(), *expected, "{what}");
        }
    });
}

#[test]
fn what_came_together_is_answered_with_one_write() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.say(&[NAME, QUEST, COLOR].concat());
        // One write is one segment here, and one segment is one read.
        let mut heard = [0; 1024];
        let count = client.read(&mut heard).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard[..count]), [LANCELOT, GRAIL, BLUE].concat());
    });
}

#[test]
fn a_burst_larger_than_every_buffer_is_answered_wholly() {
    let cases = [(NAME, LANCELOT, 20_000), ("?", UNKNOWN, 200_000)];
    each_design(|design| {
        let server = Server::start(design);
        for (question, answer, count) in cases {
            let mut client = server.connect();
            let mut writer = Client(client.0.try_clone().unwrap());
            let writing = std::thread::spawn(move || {
                writer.say(&question.repeat(count));
                writer.half_close();
            });
            assert!(client.hear_to_end() == answer.repeat(count), "{question}");
            join(writing, "the end of writing");
        }
    });
}

#[test]
fn a_client_that_is_sent_away_hears_why_however_much_it_still_sends() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        let mut writer = client.0.try_clone().unwrap();
        let writing = std::thread::spawn(move || {
            // The server ends this when it has had enough; what counts is that its words arrive.
            let _ = writer.write_all(&vec![b'x'; 8 * 1024 * 1024]);
            let _ = writer.shutdown(std::net::Shutdown::Write);
        });
        assert_eq!(client.hear_to_end(), TOO_LONG);
        join(writing, "the end of writing");
    });
}

#[test]
fn a_client_that_is_sent_away_cannot_stay() {
    each_design(|design| {
        let server = Server::start(design);
        let mut staying = server.connect();
        staying.say(&"x".repeat(QUESTION_MAX_BYTES));
        assert_eq!(staying.hear_to_end(), TOO_LONG);
        // It does not close. With the simple design, this one waits until the server does.
        server.connect().ask(COLOR, BLUE);
    });
}

#[test]
fn a_client_may_leave_at_any_time_in_any_way_and_hurts_nobody() {
    let partings: [fn(Client); 2] = [drop, Client::reset];
    each_design(|design| {
        let server = Server::start(design);
        for leave in partings {
            for said in ["", COLOR, "What is your", &"?".repeat(10_000)] {
                let mut client = server.connect();
                client.say(said);
                leave(client);
                server.connect().ask(COLOR, BLUE);
            }
        }
    });
}

#[test]
fn a_client_that_closes_its_writing_side_hears_every_answer() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.say(&[NAME, QUEST, COLOR, "What is"].concat());
        client.half_close();
        assert_eq!(client.hear_to_end(), [LANCELOT, GRAIL, BLUE].concat());
    });
}

#[test]
fn a_client_that_does_not_read_is_not_read_and_misses_nothing_when_it_reads_at_last() {
    // The second makes more replies of one read than the server keeps, so that input waits as well.
    let cases = [(QUEST, GRAIL), ("?", UNKNOWN)];
    each_design(|design| {
        let server = Server::start(design);
        for (question, answer) in cases {
            let mut client = server.connect();
            let (said, refused) = say_until_refused(&client, question);
            assert_eq!(refused, ErrorKind::WouldBlock);
            client.half_close();
            assert!(client.hear_to_end() == answer.repeat(said / question.len()), "{question}");
        }
    });
}

/// Asks without reading until no byte is taken for a while, or the connection breaks. Returns how
/// many bytes were taken, and what happened then.
fn say_until_refused(client: &Client, question: &str) -> (usize, ErrorKind) {
    client.0.set_write_timeout(Some(SILENCE)).unwrap();
    let questions = question.repeat(10_000);
    let mut said = 0;
    loop {
        match (&client.0).write(&questions.as_bytes()[said % questions.len()..]) {
            Ok(count) => said += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (said, error.kind()),
        }
    }
}

#[test]
fn silence_ends_a_connection_and_talk_keeps_it() {
    each_design(|design| {
        let idle_timeout = Duration::from_millis(600);
        let server = Server::with(Options { design, idle_timeout: Some(idle_timeout), ..Options::default() });
        let mut client = server.connect();
        let began = Instant::now();
        // The pauses are what is tested: together they are longer than the timeout.
        for _ in 0..5 {
            client.ask(COLOR, BLUE);
            std::thread::sleep(idle_timeout / 4);
        }
        assert!(began.elapsed() > idle_timeout);
        client.ask(COLOR, BLUE);
        let silent = Instant::now();
        assert_eq!(client.hear_to_end(), "");
        assert!(silent.elapsed() > idle_timeout / 2, "closed after {:?}", silent.elapsed());
    });
}

#[test]
fn a_client_that_neither_reads_nor_leaves_is_idle_too() {
    each_design(|design| {
        let server = Server::with(Options { design, idle_timeout: Some(SILENCE), ..Options::default() });
        let client = server.connect();
        let began = Instant::now();
        while say_until_refused(&client, QUEST).1 == ErrorKind::WouldBlock {
            assert!(began.elapsed() < HANGS, "it may stay");
        }
    });
}
