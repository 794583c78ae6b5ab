//! Silent connections: what each of them takes, before and after it has carried much, and how soon a new client is served.

use std::io;
use std::time::{Duration, Instant};

use launcelot_protocol::exchange::EXCHANGES;

use super::figures::Spread;
use super::relays::{Process, Relay};
use super::source::{DOWN, Source};
use super::table::Table;
use super::web_socket::Connection;
use super::{Bench, BridgeBenchError};

/// How many clients are new while all others are silent.
const NEW_CLIENTS: usize = 21;

/// How much each connection carries before it falls silent.
const CARRIED_BYTES: u64 = 1024 * 1024;

/// One relay with silent connections.
struct Sample {
    /// KiB of each connection.
    asked_kib: f64,
    carried_kib: f64,
    /// The median time of a new client from connecting to its first answer, in milliseconds.
    served_ms: f64,
}

/// Measures all relays whose limit of clients allows it.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Table, BridgeBenchError> {
    let connections = bench.options.connections;
    let caption = format!("{connections} silent connections");
    let columns = ["", "KiB each", "KiB after 1 MiB each", "new client served, ms"];
    let mut table = Table::new(caption, &columns);
    let relays: Vec<&Relay> =
        bench.relays.iter().filter(|relay| relay.is_program() && relay.clients_max >= connections).collect();
    let source = Source::start(CARRIED_BYTES)
        .map_err(|source| BridgeBenchError::System { what: "listen for bulk transfers", source })?;
    let results = bench.rounds(&relays, |relay| {
        sample(bench, relay, &source)
            .map_err(|error| BridgeBenchError::Wrong { name: relay.name.to_owned(), problem: error.to_string() })
    })?;
    for (relay, samples) in &results {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure)).text();
        table.rows.push(vec![
            relay.name.to_owned(),
            of(|sample| sample.asked_kib),
            of(|sample| sample.carried_kib),
            of(|sample| sample.served_ms),
        ]);
    }
    Ok(table)
}

fn sample(bench: &Bench<'_>, relay: &Relay, source: &Source) -> io::Result<Sample> {
    let start = |target| bench.start(relay, target).map_err(io::Error::other);
    let process = start(bench.server.address)?;
    let (asked_kib, _silent) = memory_of_each(&process, bench.options.connections, ask)?;
    let mut times = Vec::new();
    for _ in 0..NEW_CLIENTS {
        let begun = Instant::now();
        let mut connection = Connection::open(&process, "/ws")?;
        ask(&mut connection)?;
        times.push(begun.elapsed());
    }
    drop(process);
    let process = start(source.address)?;
    let (carried_kib, _silent) = memory_of_each(&process, bench.options.connections, |connection| {
        connection.send(&[DOWN])?;
        connection.receive_until(CARRIED_BYTES)
    })?;
    let served_ms = Spread::of(times.iter().map(Duration::as_secs_f64)).median * 1e3;
    Ok(Sample { asked_kib, carried_kib, served_ms })
}

/// Opens `count` connections, and calls `talk` with each. Returns by how much the memory of `process` has grown for each of them.
fn memory_of_each(
    process: &Process,
    count: u32,
    talk: impl Fn(&mut Connection) -> io::Result<()>,
) -> io::Result<(f64, Vec<Connection>)> {
    let before = process.memory_bytes();
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::open(process, "/ws")?;
        talk(&mut connection)?;
        connection.fall_silent();
        connections.push(connection);
    }
    let grown = process.memory_bytes().saturating_sub(before);
    Ok((grown as f64 / 1024.0 / f64::from(count), connections))
}

/// Asks a question and waits for its answer.
fn ask(connection: &mut Connection) -> io::Result<()> {
    let exchange = &EXCHANGES[0];
    connection.send(exchange.question.as_bytes())?;
    connection.receive_until(exchange.answer.len() as u64)
}
