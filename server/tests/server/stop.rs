//! Stopping: no further connections, a grace period for open sessions, then the end of all others.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::*;
use launcelot_server::Options;
use launcelot_testing::wait::join;

#[test]
fn open_sessions_may_finish_and_new_connections_are_refused() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: DEADLINE, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        let stopping = Instant::now();
        server.stopper.stop();
        while TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
            assert!(stopping.elapsed() < DEADLINE, "the listeners stay open");
        }
        client.ask(QUEST, GRAIL);
        client.ask(COLOR, BLUE);
        drop(client);
        server.join();
        assert!(stopping.elapsed() < DEADLINE, "the server waited although all sessions had ended");
    });
}

#[test]
fn sessions_are_cut_off_after_the_grace_period() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: SILENCE, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        client.send("What is your qu");
        let stopping = Instant::now();
        server.stopper.stop();
        client.expect_closed();
        server.join();
        assert!(stopping.elapsed() >= SILENCE);
    });
}

#[test]
fn a_client_that_never_reads_cannot_prolong_the_grace_period() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: SILENCE, ..Options::default() });
        let mut client = server.connect();
        client.ask(NAME, LANCELOT);
        client.0.set_write_timeout(Some(DEADLINE)).unwrap();
        let sending = std::thread::spawn(move || {
            let questions = QUEST.repeat(1000);
            while std::io::Write::write_all(&mut client.0, questions.as_bytes()).is_ok() {}
        });
        server.stopper.stop();
        server.join();
        join(sending, "the end of sending");
    });
}

#[test]
fn a_server_without_clients_stops_at_once() {
    each_design(|design| {
        let server = Server::with(Options { design, grace: Duration::MAX, ..Options::default() });
        let stopping = Instant::now();
        server.stopper.stop();
        server.join();
        assert!(stopping.elapsed() < DEADLINE);
    });
}
