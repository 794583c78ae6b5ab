//! Many clients at once: whom they wait for is what makes a design.

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
fn with_the_async_design_a_client_waits_for_nobody() {
    let server = Server::start(Design::Async);
    let mut first = server.connect();
    first.ask(NAME, LANCELOT);
    server.connect().ask(QUEST, GRAIL);
    first.ask(COLOR, BLUE);
}

#[test]
fn at_the_limit_of_connections_a_client_waits_until_one_leaves() {
    let max_connections = NonZeroU32::new(2).unwrap();
    let server = Server::with(Options { max_connections, grace: Duration::ZERO, ..Options::default() });
    let mut inside = [server.connect(), server.connect()];
    inside.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    let mut outside = server.connect();
    outside.say(QUEST);
    outside.hear_nothing();
    inside[0].ask(COLOR, BLUE);
    drop(inside);
    outside.hear(GRAIL);
}

#[test]
fn a_thousand_clients_ask_a_hundred_questions_each() {
    // Both ends are in this process.
    descriptors::raise_limit();
    let server = Server::start(Design::Async);
    let mut clients: Vec<Client> = (0..1000).map(|_| server.connect()).collect();
    let dialogue = [(NAME, LANCELOT), (QUEST, GRAIL), (COLOR, BLUE)];
    for (question, answer) in dialogue.into_iter().cycle().take(100) {
        clients.iter_mut().for_each(|client| client.say(question));
        clients.iter_mut().for_each(|client| client.hear(answer));
    }
}
