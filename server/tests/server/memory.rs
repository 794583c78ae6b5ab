//! Resident memory of the program, as the system reports it.

use std::io::{ErrorKind, Write as _};
use std::time::{Duration, Instant};

use crate::support::*;
use clap::ValueEnum as _;
use launcelot_server::Design;

/// Maximum growth of the resident memory for a client that never reads.
const GROWTH_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Maximum memory for a connection whose client is silent.
const IDLE_MAX_BYTES: usize = 4 * 1024;

#[test]
fn memory_is_bounded_while_a_client_sends_for_ten_seconds_and_never_reads() {
    std::thread::scope(|scope| {
        for design in Design::value_variants() {
            scope.spawn(|| flood(*design));
        }
    });
}

fn flood(design: Design) {
    let program = Program::start(&["--design", &name(design), "--workers", "2"]);
    // Both workers have served a client before the first measurement.
    let mut warm: Vec<Client> = (0..if design == Design::Simple { 1 } else { 2 }).map(|_| program.connect()).collect();
    warm.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
    drop(warm);
    let before = program.resident_bytes();

    let mut flooding = program.connect();
    flooding.0.set_write_timeout(Some(SILENCE)).unwrap();
    let questions = [QUEST.repeat(500), "?".repeat(10_000)].concat();
    let began = Instant::now();
    let mut most = 0;
    while began.elapsed() < Duration::from_secs(10) {
        if let Err(error) = flooding.0.write_all(questions.as_bytes()) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        most = most.max(program.resident_bytes());
    }
    let growth = most.saturating_sub(before);
    eprintln!("{design:?} grew by {growth} bytes");
    assert!(growth <= GROWTH_MAX_BYTES, "{design:?} grew by {growth} bytes");

    if design == Design::Simple {
        drop(flooding);
    }
    program.connect().ask(NAME, LANCELOT);
}

#[test]
fn a_silent_connection_takes_at_most_a_page() {
    let program = Program::start(&[]);
    let connect = |count| -> Vec<Client> {
        let mut clients: Vec<Client> = (0..count).map(|_| program.connect()).collect();
        clients.iter_mut().for_each(|client| client.ask(NAME, LANCELOT));
        clients
    };
    let _warm = connect(100);
    let before = program.resident_bytes();
    let silent = connect(800);
    let each = (program.resident_bytes() - before) / silent.len();
    eprintln!("{each} bytes per connection");
    assert!(each <= IDLE_MAX_BYTES, "{each} bytes per connection");
}
