//! Being told to stop: nobody new is let in, who is there may finish, who does not is cut off.

mod support;

use std::net::TcpStream;
use std::time::{Duration, Instant};

use launcelot_server::Options;
use launcelot_testing::wait::join;
use support::*;

#[test]
fn who_is_there_may_finish_and_nobody_new_is_let_in() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: HANGS, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        let stopping = Instant::now();
        server.stopper.stop();
        while TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
            assert!(stopping.elapsed() < HANGS, "the listeners stay open");
        }
        client.ask(QUEST, GRAIL);
        client.ask(COLOR, BLUE);
        drop(client);
        server.join();
        assert!(stopping.elapsed() < HANGS, "it waited for nobody");
    });
}

#[test]
fn who_does_not_finish_within_the_grace_is_cut_off() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: SILENCE, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        client.say("What is your qu");
        let stopping = Instant::now();
        server.stopper.stop();
        client.hear_hang_up();
        server.join();
        assert!(stopping.elapsed() >= SILENCE);
    });
}

#[test]
fn a_client_that_never_reads_cannot_prolong_the_grace() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: SILENCE, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        client.0.set_write_timeout(Some(HANGS)).unwrap();
        let asking = std::thread::spawn(move || {
            let questions = QUEST.repeat(1000);
            while std::io::Write::write_all(&mut client.0, questions.as_bytes()).is_ok() {}
        });
        server.stopper.stop();
        server.join();
        join(asking, "the end of asking");
    });
}

#[test]
fn a_server_with_nobody_in_it_stops_at_once() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: Duration::MAX, ..Options::default() });
        let stopping = Instant::now();
        server.stopper.stop();
        server.join();
        assert!(stopping.elapsed() < HANGS);
    });
}
