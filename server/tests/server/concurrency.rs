//! Many clients at once: the designs differ in what a client has to wait for.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::*;
use launcelot_endpoint::descriptors;
use launcelot_server::{Design, Options};

#[test]
fn with_the_simple_design_a_client_waits_until_the_one_before_disconnects() {
    let server = Server::start(Design::Simple);
    let mut first = server.connect();
    first.ask(NAME, LANCELOT);
    let mut second = server.connect();
    second.send(QUEST);
    second.expect_silence();
    first.ask(COLOR, BLUE);
    drop(first);
    second.expect_answer(GRAIL);
}

#[test]
fn with_workers_a_client_waits_until_a_worker_is_free() {
    for design in [Design::Workers, Design::Processes] {
        wait_for_a_worker(design);
    }
}

fn wait_for_a_worker(design: Design) {
    let workers = NonZeroU32::new(3).unwrap();
    let server = Server::with(Options { design, workers, grace: Duration::ZERO, ..Options::default() });
    let mut served: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    served.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    let mut fourth = server.connect();
    fourth.send(QUEST);
    fourth.expect_silence();
    served.iter_mut().for_each(|client| client.ask(COLOR, BLUE));
    served.pop();
    fourth.expect_answer(GRAIL);
}

#[test]
fn with_the_other_designs_clients_do_not_wait_for_each_other() {
    each_design_except(&[Design::Simple], |design| {
        let server = Server::start(design);
        let mut first = server.connect();
        first.ask(NAME, LANCELOT);
        server.connect().ask(QUEST, GRAIL);
        first.ask(COLOR, BLUE);
    });
}

#[test]
fn at_the_limit_of_connections_a_client_waits_until_another_disconnects() {
    let max_connections = NonZeroU32::new(2).unwrap();
    each_design_except(&[Design::Simple], |design| {
        let server = Server::with(Options { design, max_connections, grace: Duration::ZERO, ..Options::default() });
        let mut connected = [server.connect(), server.connect()];
        connected.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
        // Repeated, to notice permits that are not released.
        for _ in 0..3 {
            let mut waiting = server.connect();
            waiting.send(QUEST);
            waiting.expect_silence();
            let [mut staying, leaving] = connected;
            staying.ask(COLOR, BLUE);
            drop(leaving);
            waiting.expect_answer(GRAIL);
            connected = [waiting, staying];
        }
    });
}

#[test]
fn a_server_at_the_limit_of_connections_can_be_stopped() {
    let max_connections = NonZeroU32::new(2).unwrap();
    each_design(|design| {
        let server = Server::with(Options { design, max_connections, grace: SILENCE, ..Options::default() });
        let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
        clients[0].ask(NAME, LANCELOT);
        server.stopper.stop();
        server.join();
        clients.iter_mut().for_each(Client::expect_closed);
    });
}

#[test]
fn a_thousand_clients_ask_a_hundred_questions_each() {
    // Both ends of each connection are in this process.
    descriptors::raise_limit();
    // All clients are served at the same time, which the excluded designs do not do for more clients than workers.
    each_design_except(&[Design::Simple, Design::Workers, Design::Processes], |design| {
        let server = Server::start(design);
        let mut clients: Vec<Client> = (0..1000).map(|_| server.connect()).collect();
        let dialogue = [(NAME, LANCELOT), (QUEST, GRAIL), (COLOR, BLUE)];
        for (question, answer) in dialogue.into_iter().cycle().take(100) {
            clients.iter_mut().for_each(|client| client.send(question));
            clients.iter_mut().for_each(|client| client.expect_answer(answer));
        }
    });
}
