//! One connection that carries as much as it can, in either direction.

use std::io;
use std::time::Instant;

use super::figures::Spread;
use super::relays::{Process, Relay};
use super::source::{DOWN, UP};
use super::table::{NONE, Table};
use super::web_socket::Connection;
use super::{Bench, BridgeBenchError};

const MIB: f64 = 1024.0 * 1024.0;

/// A transfer.
struct Sample {
    mib_per_s: f64,
    /// Processor time of the relay for a GiB, in seconds.
    processor_s: f64,
}

/// Measures all relays in both directions.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Table, BridgeBenchError> {
    let columns = ["", "down, MiB/s", "processor, s/GiB", "up, MiB/s", "processor, s/GiB"];
    let mut table = Table::new(format!("One transfer of {} MiB", bench.options.bulk_mib), &columns);
    let relays: Vec<&Relay> = bench.relays.iter().collect();
    let results = bench.rounds(&relays, |relay| Ok([sample(bench, relay, DOWN)?, sample(bench, relay, UP)?]))?;
    for (relay, samples) in &results {
        let mut row = vec![relay.name.to_owned()];
        for direction in 0..2 {
            let of =
                |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(|both| figure(&both[direction]))).text();
            row.push(of(|sample| sample.mib_per_s));
            row.push(if relay.is_program() { of(|sample| sample.processor_s) } else { NONE.to_owned() });
        }
        table.rows.push(row);
    }
    Ok(table)
}

fn sample(bench: &Bench<'_>, relay: &Relay, direction: u8) -> Result<Sample, BridgeBenchError> {
    let process = bench.start(relay, bench.source.address)?;
    let before = process.usage();
    let begun = Instant::now();
    transfer(&process, direction, bench.source.bytes)
        .map_err(|error| BridgeBenchError::Wrong { name: relay.name.to_owned(), problem: error.to_string() })?;
    let seconds = begun.elapsed().as_secs_f64();
    let used = process.usage().since(&before).processor.as_secs_f64();
    let mib = bench.source.bytes as f64 / MIB;
    Ok(Sample { mib_per_s: mib / seconds, processor_s: used / mib * 1024.0 })
}

fn transfer(process: &Process, direction: u8, bytes: u64) -> io::Result<()> {
    let mut connection = Connection::open(process, "/ws")?;
    connection.send(&[direction])?;
    if direction == DOWN {
        return connection.receive_until(bytes);
    }
    connection.send_bulk(bytes)?;
    connection.receive_until(1)
}
