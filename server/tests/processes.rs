//! Worker processes: what their deaths cost, and whom they outlive.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::error::Error as _;
use std::path::Path;

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_server::{Design, Options, Statistics, Stop, serve};
use launcelot_testing::wait;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use support::*;

/// The program with so many workers, and a client of each.
fn start_with_clients(count: usize) -> (Program, Vec<Client>) {
    let program = Program::start(&["--design", "processes", "--workers", &count.to_string(), "--grace", "1h"]);
    let mut clients: Vec<Client> = (0..count).map(|_| program.connect()).collect();
    clients.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    (program, clients)
}

#[test]
fn the_death_of_a_worker_costs_its_client_the_connection_and_the_others_nothing() {
    let (program, clients) = start_with_clients(3);
    let victim = program.workers()[0];
    kill_process(victim, Signal::KILL).unwrap();
    let mut alive = Vec::new();
    for mut client in clients {
        client.say(QUEST);
        if client.is_answered() {
            client.hear(GRAIL);
            alive.push(client);
        } else {
            client.hear_hang_up();
        }
    }
    assert_eq!(alive.len(), 2);
    // The other workers have their clients, so it is the new one who answers.
    program.connect().ask(COLOR, BLUE);
    assert_eq!(program.workers().len(), 3);
    assert!(!program.workers().contains(&victim));
    drop(alive);
    let log = program.stop();
    assert!(log.contains("a worker has died (signal: 9 (SIGKILL)), and another takes its place worker="), "{log}");
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_its_conversation_and_is_replaced() {
    let (program, mut clients) = start_with_clients(1);
    let first = program.workers()[0];
    kill_process(first, Signal::TERM).unwrap();
    let mut next = program.connect();
    next.say(COLOR);
    clients[0].ask(QUEST, GRAIL);
    next.hear_nothing();
    drop(clients);
    next.hear(BLUE);
    assert_ne!(program.workers(), [first]);
    drop(next);
    assert_eq!(program.stop(), "", "nothing is wrong");
}

#[test]
fn workers_survive_the_signal_that_prints_statistics() {
    let (program, mut clients) = start_with_clients(2);
    let workers = program.workers();
    for worker in &workers {
        kill_process(*worker, Signal::USR1).unwrap();
    }
    clients.iter_mut().for_each(|client| client.ask(QUEST, GRAIL));
    assert_eq!(program.workers(), workers);
}

#[test]
fn no_worker_outlives_the_server_however_it_dies() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (program, mut clients) = start_with_clients(2);
        let workers = program.workers();
        program.signal(signal);
        if signal == Signal::TERM {
            clients.clear();
        }
        clients.iter_mut().for_each(Client::hear_hang_up);
        for worker in workers {
            let has_ended = || test_kill_process(worker).is_err() || is_zombie(worker);
            wait::until("the end of a worker", || has_ended().then_some(()));
        }
    }
}

/// Whether it is dead, and only the one who is to bury it has not yet done so.
fn is_zombie(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

#[test]
fn a_program_that_cannot_be_a_worker_is_a_clear_error() {
    let cases = [("/bin/false", "a worker ended before it was ready (exit status: 1)"), ("/nowhere", "No such file")];
    for (program, expected) in cases {
        let worker_program = Some(Path::new(program).to_owned());
        let options = Options { design: Design::Processes, worker_program, ..Options::default() };
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let (_stopper, stop) = Stop::pair().unwrap();
        let error = serve(listeners, &options, &Statistics::new(&options).unwrap(), stop).unwrap_err();
        assert_eq!(error.to_string(), "cannot start to serve");
        assert!(error.source().unwrap().to_string().contains(expected), "{error:?}");
    }
}
