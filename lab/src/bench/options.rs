//! What a person may choose about a benchmark.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use launcelot_measure::load::ServerPlan;
use launcelot_server::Design;

use super::bridge::options::BridgeOptions;
use crate::durations::parse_positive;
use crate::load::format::FormatOptions;
use crate::load::options::{design_values, parse_server};

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Benchmark {
    /// Measure the server's designs on open connections: questions a second, latency, processor time, memory
    Server(ServerOptions),
    /// Measure the designs with many clients, in four loads whose plans are fixed
    Designs(DesignsOptions),
    /// Measure the load generator: how late its clients ask, compared with a loop of timers at the same time
    Generator(GeneratorOptions),
    /// Measure the bridge, beside the server alone and other bridges: questions a second, bulk transfers, memory
    Bridge(BridgeOptions),
    /// Measure what it costs the server to be observed: thinking and processor time, with the recorder and without
    Observe(ObserveOptions),
}

/// The arguments of the benchmark of the server.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
DURATION is a number with a unit, such as 1s or 500ms.

The exit code is 0 if every cell was measured, 1 if one failed, 2 for a usage
error, and 130 if Ctrl-C ended the benchmark early.")]
pub struct ServerOptions {
    /// Measure these designs, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all", hide_possible_values = true, value_parser = PossibleValuesParser::new(design_values()))]
    pub designs: Vec<String>,
    /// Measure any program too, with a free port instead of {port}; may be repeated
    #[arg(long, value_name = "NAME=COMMAND", value_parser = parse_server)]
    pub server: Vec<ServerPlan>,
    /// Numbers of clients that ask at once
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,10,100,1000")]
    pub clients: Vec<NonZeroU32>,
    /// Numbers of questions in flight on each connection; 1 is lockstep, more is pipelining
    #[arg(long, alias = "depths", value_name = "NUMBERS", value_delimiter = ',', default_value = "1,50")]
    pub in_flight: Vec<NonZeroU32>,
    /// Number of rounds; the servers take turns within a round
    #[arg(long, value_name = "N", default_value = "3")]
    pub rounds: NonZeroU32,
    /// Length of the window in which each cell is measured
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_positive)]
    pub duration: Duration,
    /// Number of connections that ask once a second, in the last part; 0 skips it
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub connections: u32,
    /// Folder for the results, with a folder for each load [default: results/server-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How the results are printed. As Markdown they are the tables in docs/server.md.
    #[command(flatten)]
    pub format: FormatOptions,
}

/// The arguments of the benchmark of the designs with many clients.
#[derive(Debug, Clone, Args)]
pub struct DesignsOptions {
    /// Number of rounds of each load
    #[arg(long, value_name = "N", default_value = "3")]
    pub rounds: NonZeroU32,
    /// Length of the window in which each cycle is measured
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_positive)]
    pub duration: Duration,
    /// Folder for the results, with a folder for each load [default: results/designs-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How the results are printed.
    #[command(flatten)]
    pub format: FormatOptions,
}

/// The arguments of the benchmark of the load generator.
#[derive(Debug, Clone, Args)]
pub struct GeneratorOptions {
    /// Number of clients, each of which asks once a second
    #[arg(long, value_name = "N", default_value = "8000")]
    pub clients: NonZeroU32,
    /// Number of rounds
    #[arg(long, value_name = "N", default_value = "5")]
    pub rounds: NonZeroU32,
    /// Length of the window in which each round is measured
    #[arg(long, value_name = "DURATION", default_value = "4s", value_parser = parse_positive)]
    pub duration: Duration,
    /// Folder for the results, with a folder for each round [default: results/generator-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// The arguments of the benchmark of the recorder.
#[derive(Debug, Clone, Args)]
pub struct ObserveOptions {
    /// How the server waits
    #[arg(long, value_enum, default_value_t)]
    pub design: Design,
    /// How many questions are asked without the recorder, and as many with it
    #[arg(long, value_name = "N", default_value = "200000")]
    pub questions: NonZeroU32,
}
