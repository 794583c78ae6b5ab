//! The options of the benchmark of the bridge.

use std::env;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

/// The arguments of the benchmark of the bridge.
#[derive(Debug, Clone, Args)]
pub struct BridgeOptions {
    /// The bridge [default: launcelot-bridge, in the folder of this program]
    #[arg(long, value_name = "PATH")]
    pub bridge: Option<PathBuf>,
    /// The smallest bridge [default: examples/smallest, in the folder of this program, if it is there]
    #[arg(long, value_name = "PATH")]
    pub smallest: Option<PathBuf>,
    /// Numbers of clients that ask at once
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,10,100,1000")]
    pub clients: Vec<NonZeroU32>,
    /// Numbers of questions that each client keeps in flight; 1 is lockstep
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,50")]
    pub in_flight: Vec<NonZeroU32>,
    /// Number of times that each program is measured
    #[arg(long, value_name = "N", default_value = "5")]
    pub rounds: NonZeroU32,
    /// Length of the window in which questions are counted
    #[arg(long, value_name = "DURATION", default_value = "1s")]
    pub duration: humantime::Duration,
    /// Size of a bulk transfer in MiB; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub bulk_mib: u32,
    /// Number of silent connections; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub connections: u32,
    /// Print Markdown tables
    #[arg(long)]
    pub markdown: bool,
}

impl BridgeOptions {
    pub(super) fn bridge(&self) -> PathBuf {
        self.bridge.clone().unwrap_or_else(|| beside_this_program("launcelot-bridge"))
    }

    pub(super) fn smallest(&self) -> PathBuf {
        self.smallest.clone().unwrap_or_else(|| beside_this_program("examples/smallest"))
    }
}

fn beside_this_program(name: &str) -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name(name)
}
