//! Many clients at once: whom they wait for is what makes a design.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::num::NonZeroU32;
use std::time::Duration;

use launcelot_endpoint::descriptors;
use launcelot_server::{Design, Options};
use support::*;

#[test]
fn with_the_simple_design_a_client_waits_until_the_one_before_it_has_left() {
    let server = Server::start(Design::Simple);
    let mut first = server.connect();
    first.ask(NAME, LANCELOT);
    let mut second = server.connect();
    second.say(QUEST);
    second.hear_nothing();
    first.ask(COLOR, BLUE);
    drop(first);
    second.hear(GRAIL);
}

#[test]
fn with_workers_a_client_waits_until_a_worker_has_nobody_else() {
    for design in [Design::Workers, Design::Processes] {
        wait_for_a_worker(design);
    }
}

fn wait_for_a_worker(design: Design) {
    let workers = NonZeroU32::new(3).unwrap();
    let server = Server::with(Options { design, workers, grace: Duration::ZERO, ..Options::default() });
    let mut attended: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    attended.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    let mut fourth = server.connect();
    fourth.say(QUEST);
    fourth.hear_nothing();
    attended.iter_mut().for_each(|client| client.ask(COLOR, BLUE));
    attended.pop();
    fourth.hear(GRAIL);
}

#[test]
fn with_the_other_designs_a_client_waits_for_nobody() {
    each_design_but(&[Design::Simple], |design| {
        let server = Server::start(design);
        let mut first = server.connect();
        first.ask(NAME, LANCELOT);
        server.connect().ask(QUEST, GRAIL);
        first.ask(COLOR, BLUE);
    });
}

#[test]
fn at_the_limit_of_connections_a_client_waits_until_one_leaves() {
    let max_connections = NonZeroU32::new(2).unwrap();
    each_design_but(&[Design::Simple], |design| {
        let server = Server::with(Options { design, max_connections, grace: Duration::ZERO, ..Options::default() });
        let mut inside = [server.connect(), server.connect()];
        inside.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
        // Again and again, so that no place gets lost.
        for _ in 0..3 {
            let mut outside = server.connect();
            outside.say(QUEST);
            outside.hear_nothing();
            let [mut staying, leaving] = inside;
            staying.ask(COLOR, BLUE);
            drop(leaving);
            outside.hear(GRAIL);
            inside = [outside, staying];
        }
    });
}

#[test]
fn a_server_that_is_full_can_be_stopped() {
    let max_connections = NonZeroU32::new(2).unwrap();
    each_design(|design| {
        let server = Server::with(Options { design, max_connections, grace: SILENCE, ..Options::default() });
        let mut inside: Vec<Client> = (0..3).map(|_| server.connect()).collect();
        inside[0].ask(NAME, LANCELOT);
        server.stopper.stop();
        server.join();
        inside.iter_mut().for_each(Client::hear_hang_up);
    });
}

#[test]
fn a_thousand_clients_ask_a_hundred_questions_each() {
    // Both ends are in this process.
    descriptors::raise_limit();
    // All at once: not with the designs that serve few.
    each_design_but(&[Design::Simple, Design::Workers, Design::Processes], |design| {
        let server = Server::start(design);
        let mut clients: Vec<Client> = (0..1000).map(|_| server.connect()).collect();
        let dialogue = [(NAME, LANCELOT), (QUEST, GRAIL), (COLOR, BLUE)];
        for (question, answer) in dialogue.into_iter().cycle().take(100) {
            clients.iter_mut().for_each(|client| client.say(question));
            clients.iter_mut().for_each(|client| client.hear(answer));
        }
    });
}
