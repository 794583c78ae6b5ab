//! A client in lockstep while four downloads go through the bridge: through the bridge too, and directly to the server.

use std::io;
use std::thread;

use super::figures::Spread;
use super::questions::{self, Sample};
use super::relays::Process;
use super::source::ENDLESS;
use super::table::{NONE, Table};
use super::web_socket::Connection;
use super::{Bench, BridgeBenchError};

/// How many downloads there are.
const DOWNLOADS: usize = 4;

/// The most by which the bridge may multiply the 99th percentile of questions that are asked directly meanwhile.
const RATIO_MAX: f64 = 1.5;

/// Measures lockstep beside downloads. In both rows the downloads go through the bridge.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Table, BridgeBenchError> {
    let [direct, bridge, ..] = &bench.relays[..] else { unreachable!("the first two relays are always there") };
    // Both windows of a round are measured beside the same downloads.
    let mut rounds: Vec<[Sample; 2]> = Vec::new();
    for round in 0..bench.options.rounds.get() {
        let process = bench.start(bridge, bench.server.address)?;
        let downloads = Downloads::start(&process)
            .map_err(|source| BridgeBenchError::System { what: "download through the bridge", source })?;
        let server = bench.start(direct, bench.server.address)?;
        let samples = if round % 2 == 0 {
            let direct = questions::sample(bench, &server, 1, 1)?;
            [direct, questions::sample(bench, &process, 1, 1)?]
        } else {
            let bridged = questions::sample(bench, &process, 1, 1)?;
            [questions::sample(bench, &server, 1, 1)?, bridged]
        };
        drop(downloads);
        rounds.push(samples);
    }
    let ratio = Spread::of(rounds.iter().map(|[direct, bridged]| bridged.p99.as_secs_f64() / direct.p99.as_secs_f64()));
    let caption = format!("1 client, lockstep, beside {DOWNLOADS} downloads through the bridge");
    let columns = ["", "questions/s", "99th percentile, µs", "ratio to direct"];
    let mut table = Table::new(caption, &columns);
    let limit = format!("{} (limit {RATIO_MAX})", ratio.text());
    for (index, (name, ratio)) in [(direct.name, NONE.to_owned()), (bridge.name, limit)].into_iter().enumerate() {
        let of = |figure: fn(&Sample) -> f64| Spread::of(rounds.iter().map(|round| figure(&round[index]))).text();
        let rate = of(|sample| sample.questions_per_s);
        let p99 = of(|sample| sample.p99.as_secs_f64() * 1e6);
        table.rows.push(vec![name.to_owned(), rate, p99, ratio]);
    }
    Ok(table)
}

/// Downloads that go on until this is dropped.
struct Downloads {
    breakers: Vec<Box<dyn FnOnce()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Downloads {
    fn start(process: &Process) -> io::Result<Self> {
        let mut downloads = Self { breakers: Vec::new(), threads: Vec::new() };
        for _ in 0..DOWNLOADS {
            let mut connection = Connection::open(process, "/ws/bulk")?;
            connection.send(&[ENDLESS])?;
            downloads.breakers.push(Box::new(connection.breaker()?));
            downloads.threads.push(thread::spawn(move || {
                // It ends by being broken.
                let _ = connection.receive_until(u64::MAX);
            }));
        }
        Ok(downloads)
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        for break_connection in self.breakers.drain(..) {
            break_connection();
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended its download too.
            let _ = thread.join();
        }
    }
}
