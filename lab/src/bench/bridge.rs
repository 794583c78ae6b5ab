//! The benchmark of the bridge: what clients get through it and what it uses, beside the server alone and beside other bridges.
//!
//! All of them are programs of their own, and a new process for each measurement. They take turns within a round, and another
//! one is first in each round, so that what else the machine does affects all alike.
//!
//! - [`options`]: the command's options. `relays`: the programs.
//! - `questions`: many clients that ask. `bulk`: one connection that carries as much as it can. `beside`: the two together.
//! - `idle`: the memory of silent connections.
//! - `web_socket`: a client that costs little. `source`: the server of bulk transfers.
//! - `figures`: medians and their spread. `table`: what is printed.

mod beside;
mod bulk;
mod figures;
mod idle;
pub mod options;
mod questions;
mod relays;
mod source;
mod table;
mod web_socket;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use launcelot_endpoint::descriptors;
use tempfile::TempDir;
use thiserror::Error;

use crate::load::engine::EngineError;
use crate::load::format::print;
use crate::load::server_under_test::StartError;
use options::BridgeOptions;
use relays::{Process, Relay};
use source::Source;
use table::Table;

/// Why a benchmark of the bridge failed.
#[derive(Debug, Error)]
pub enum BridgeBenchError {
    /// The program of the bridge does not exist.
    #[error("cannot find the program '{}': build it with `cargo build --release -p launcelot-bridge`", .0.display())]
    NoBridge(PathBuf),
    /// A program did not start.
    #[error("cannot start {name}")]
    Start {
        /// The program.
        name: String,
        /// The cause.
        source: StartError,
    },
    /// The load generator does not work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The system refused something that the benchmark needs.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A client did not get what it should.
    #[error("{name}: {problem}")]
    Wrong {
        /// The program that was measured.
        name: String,
        /// What happened.
        problem: String,
    },
}

/// What all measurements have in common.
struct Bench<'a> {
    options: &'a BridgeOptions,
    logs: TempDir,
    /// The bridge first.
    relays: Vec<Relay>,
    server: Process,
    source: Source,
}

impl Bench<'_> {
    /// Starts a relay to `target`.
    fn start(&self, relay: &Relay, target: SocketAddr) -> Result<Process, BridgeBenchError> {
        Process::start(relay, target, self.source.address, self.logs.path())
    }

    /// Calls `measure` with each of `relays` in each round. Returns the results of each relay.
    fn rounds<'b, T>(
        &self,
        relays: &[&'b Relay],
        mut measure: impl FnMut(&'b Relay) -> Result<T, BridgeBenchError>,
    ) -> Result<Vec<(&'b Relay, Vec<T>)>, BridgeBenchError> {
        let mut results: Vec<(&Relay, Vec<T>)> = relays.iter().map(|relay| (*relay, Vec::new())).collect();
        for round in 0..self.options.rounds.get() as usize {
            for turn in 0..results.len() {
                let index = (turn + round) % results.len();
                let result = measure(results[index].0)?;
                results[index].1.push(result);
            }
        }
        Ok(results)
    }
}

/// Measures the bridge, and prints tables on standard output.
///
/// # Errors
///
/// See [`BridgeBenchError`].
pub fn run(options: &BridgeOptions) -> Result<(), BridgeBenchError> {
    descriptors::raise_limit();
    let relays = relays::find(options)?;
    let logs = tempfile::tempdir().map_err(|source| BridgeBenchError::System { what: "create a folder", source })?;
    let server = Process::start_server(logs.path())?;
    let source = Source::start(u64::from(options.bulk_mib) * 1024 * 1024)
        .map_err(|source| BridgeBenchError::System { what: "listen for bulk transfers", source })?;
    let bench = Bench { options, logs, relays, server, source };
    show(options, &Table::heading(options.rounds.get()))?;
    for &clients in &options.clients {
        for &in_flight in &options.in_flight {
            show(options, &questions::measure(&bench, clients.get(), in_flight.get())?)?;
        }
    }
    if options.bulk_mib > 0 {
        show(options, &bulk::measure(&bench)?)?;
        show(options, &beside::measure(&bench)?)?;
    }
    if options.connections > 0 {
        show(options, &idle::measure(&bench)?)?;
    }
    Ok(())
}

fn show(options: &BridgeOptions, table: &Table) -> Result<(), BridgeBenchError> {
    let text = if options.markdown { table.markdown() } else { table.text() };
    print(&text).map_err(|source| BridgeBenchError::System { what: "write the results", source })
}
