//! What a person may choose about a benchmark.

use std::env;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand, ValueEnum as _};
use launcelot_server::Design;
use launcelot_server::command_line::DesignName;

use super::bridge::options::BridgeOptions;

/// The design that needs a super-server to listen for it.
pub const INETD: &str = "inetd";

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Benchmark {
    /// Measure the server's designs: questions a second, latency, processor time, memory
    Server(ServerOptions),
    /// Measure the designs with many clients, in four loads whose plans are fixed
    Designs(DesignsOptions),
    /// Measure the bridge, beside the server alone and other bridges: questions a second, bulk transfers, memory
    Bridge(BridgeOptions),
    /// Measure what it costs the server to be observed: thinking and processor time, with the recorder and without
    Observe(ObserveOptions),
}

/// The arguments of the benchmark of the designs with many clients.
#[derive(Debug, Clone, Args)]
pub struct DesignsOptions {
    /// Number of rounds of each load
    #[arg(long, value_name = "N", default_value = "3")]
    pub rounds: NonZeroU32,
    /// Length of the window in which each cycle is measured
    #[arg(long, value_name = "DURATION", default_value = "1s")]
    pub duration: humantime::Duration,
    /// Folder for the results, with a folder for each load [default: results/designs-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print Markdown tables
    #[arg(long)]
    pub markdown: bool,
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

/// The arguments of the benchmark of the server's designs.
#[derive(Debug, Clone, Args)]
pub struct ServerOptions {
    /// The server program; without it, the one beside this program
    #[arg(long, value_name = "PATH")]
    pub server: Option<PathBuf>,
    /// Which designs, all unless told
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(known_values()))]
    pub designs: Vec<String>,
    /// How many clients ask at once
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,10,100,1000")]
    pub clients: Vec<NonZeroUsize>,
    /// How many questions each client keeps in flight; 1 is lockstep
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,50")]
    pub depths: Vec<NonZeroU32>,
    /// How many times each design is measured; the figures are medians
    #[arg(long, value_name = "N", default_value = "3")]
    pub rounds: NonZeroUsize,
    /// How long one measurement takes
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub seconds: Duration,
    /// How many connections there are in the last part, silent ones and such as ask once a second; 0
    /// leaves it out
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub connections: usize,
    /// Print the results for programs
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print the table of designs in docs/server.md
    #[arg(long)]
    pub markdown: bool,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Markdown,
}

impl ServerOptions {
    /// The server program.
    pub(super) fn program(&self) -> PathBuf {
        let beside = || env::current_exe().unwrap_or_default().with_file_name("launcelot-server");
        self.server.clone().unwrap_or_else(beside)
    }

    pub(super) fn format(&self) -> Format {
        match (self.json, self.markdown) {
            (true, _) => Format::Json,
            (_, true) => Format::Markdown,
            _ => Format::Text,
        }
    }
}

/// The names of the designs that this program has heard of.
pub(super) fn known_designs() -> Vec<String> {
    known_values().iter().map(|value| value.get_name().to_owned()).collect()
}

fn known_values() -> Vec<PossibleValue> {
    DesignName::value_variants().iter().filter_map(DesignName::to_possible_value).collect()
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("nothing can be measured in no time".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_seconds_above_0() {
        assert_eq!(seconds("0.2"), Ok(Duration::from_millis(200)));
        for wrong in ["0", "-1", "1e99", "NaN", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
