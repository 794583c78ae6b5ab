//! Worker processes: the consequences of a worker's death and of the server's.

use std::error::Error as _;
use std::path::Path;

use crate::support::*;
use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_server::{Design, Options, Statistics, Stop, serve};
use launcelot_testing::wait;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Starts the program with `count` workers, each of which serves a client.
fn start_with_clients(count: usize) -> (Program, Vec<Client>) {
    let program = Program::start(&["--design", "processes", "--workers", &count.to_string(), "--grace", "1h"]);
    let mut clients: Vec<Client> = (0..count).map(|_| program.connect()).collect();
    clients.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    (program, clients)
}

#[test]
fn when_a_worker_dies_only_its_client_loses_the_connection() {
    let (program, clients) = start_with_clients(3);
    let victim = program.workers()[0];
    kill_process(victim, Signal::KILL).unwrap();
    let mut alive = Vec::new();
    for mut client in clients {
        client.send(QUEST);
        if client.is_answered() {
            client.expect_answer(GRAIL);
            alive.push(client);
        } else {
            client.expect_closed();
        }
    }
    assert_eq!(alive.len(), 2);
    // The other workers serve their clients, so the new worker answers.
    program.connect().ask(COLOR, BLUE);
    assert_eq!(program.workers().len(), 3);
    assert!(!program.workers().contains(&victim));
    drop(alive);
    let log = program.stop();
    assert!(log.contains("a worker died (signal: 9 (SIGKILL)), starting another worker="), "{log}");
}

#[test]
fn a_worker_that_receives_sigterm_finishes_its_session_and_is_replaced() {
    let (program, mut clients) = start_with_clients(1);
    let first = program.workers()[0];
    kill_process(first, Signal::TERM).unwrap();
    let mut next = program.connect();
    next.send(COLOR);
    clients[0].ask(QUEST, GRAIL);
    next.expect_silence();
    drop(clients);
    next.expect_answer(BLUE);
    assert_ne!(program.workers(), [first]);
    drop(next);
    assert_eq!(program.stop(), "", "a worker that exits with 0 is not worth a warning");
}

#[test]
fn sigusr1_does_not_end_a_worker() {
    let (program, mut clients) = start_with_clients(2);
    let workers = program.workers();
    for worker in &workers {
        kill_process(*worker, Signal::USR1).unwrap();
    }
    clients.iter_mut().for_each(|client| client.ask(QUEST, GRAIL));
    assert_eq!(program.workers(), workers);
}

#[test]
fn no_worker_outlives_the_server() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (program, mut clients) = start_with_clients(2);
        let workers = program.workers();
        program.signal(signal);
        if signal == Signal::TERM {
            clients.clear();
        }
        clients.iter_mut().for_each(Client::expect_closed);
        for worker in workers {
            let has_ended = || test_kill_process(worker).is_err() || is_zombie(worker);
            wait::until("a worker to end", || has_ended().then_some(()));
        }
    }
}

/// Whether the process has ended but has not been reaped.
fn is_zombie(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

#[test]
fn a_worker_program_that_cannot_start_is_an_error() {
    let cases = [
        ("/bin/false", "the worker exited before it was ready (exit status: 1)"),
        ("/nowhere", "cannot run /nowhere: No such file"),
    ];
    for (program, expected) in cases {
        let worker_program = Some(Path::new(program).to_owned());
        let options = Options { design: Design::Processes, worker_program, ..Options::default() };
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let (_stopper, stop) = Stop::pair().unwrap();
        let error = serve(listeners, &options, &Statistics::new(&options).unwrap(), stop).unwrap_err();
        assert_eq!(error.to_string(), "cannot start the server");
        assert!(error.source().unwrap().to_string().contains(expected), "{error:?}");
    }
}
