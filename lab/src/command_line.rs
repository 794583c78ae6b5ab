//! The command line of `launcelot-lab`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use launcelot_bridge::bad_ports::{self, BadPort};
use launcelot_endpoint::command_line::{ListenOptions, Verbosity};
use launcelot_measure::Preset;
use launcelot_protocol::PORT;
use launcelot_server::Design;

use crate::bench::options::Benchmark;
use crate::load::options::LoadOptions;
use crate::load::server_under_test::SERVE;
use crate::merge::MergeOptions;
use crate::probe::command_line::ProbeOptions;
use crate::report::ReportOptions;
use crate::tunnel;
use crate::tunnel::command_line::TunnelOptions;
use crate::tunnel::options::preset_parser;
use crate::watchdog::WATCHDOG;

/// Runs a Launcelot server, an emulated link to it, a bridge to both and the page in one process, until Ctrl-C. With a
/// command, runs a single instrument instead.
///
/// Build the page first with `cargo xtask dist`; `cargo xtask demo` builds and runs everything.
#[derive(Debug, Clone, Parser)]
#[command(name = "launcelot-lab", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct CommandLine {
    /// A single instrument, instead of the demo.
    #[command(subcommand)]
    pub instrument: Option<Instrument>,
    /// The options of the demo.
    #[command(flatten)]
    pub demo: DemoOptions,
    /// How much the program logs.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// The instruments.
#[derive(Debug, Clone, Subcommand)]
pub enum Instrument {
    /// Tests whether any server follows the protocol, and reports what differs
    Probe(ProbeOptions),
    /// Measures servers with many clients at once
    Load(Box<LoadOptions>),
    /// Reports on the results of loads
    Report(ReportOptions),
    /// Merges the results of loads of one plan, such as those of several machines
    Merge(MergeOptions),
    /// Relays TCP connections over an emulated link with delay, bandwidth and faults
    Tunnel(TunnelOptions),
    /// Measures the server: its designs' throughput and cost, and the cost of observing a dialogue
    #[command(subcommand)]
    Bench(Benchmark),
    /// Serves as launcelot-server does. The load starts this program as a server, so that no second one is needed.
    #[command(name = SERVE, hide = true)]
    Serve(Box<launcelot_server::command_line::CommandLine>),
    /// Ends its process group at the end of its standard input. This program starts itself as the watchdog of each server that it starts.
    #[command(name = WATCHDOG, hide = true)]
    Watchdog,
}

/// The arguments of the demo.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Folder of the built page, which is served
    #[arg(long, value_name = "DIR", default_value = "target/page")]
    pub web: PathBuf,
    /// Port of the server; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub server_port: u16,
    /// Port of the emulated link to the server; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = tunnel::command_line::PORT)]
    pub tunnel_port: u16,
    /// Port of the page and its bridge at localhost; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = 8080, conflicts_with = "listen_fds")]
    pub page_port: u16,
    /// Where the page and its bridge are, if not at localhost.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Preset of the emulated link; the page can change it
    #[arg(long, value_name = "PRESET", default_value = "ssh", value_parser = preset_parser())]
    pub link: Preset,
    /// Design of the server: how it waits for its clients
    #[arg(long, value_enum, default_value_t)]
    pub design: Design,
    /// Simulated work of the server on each answer
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub think: humantime::Duration,
    /// Open the page in a browser
    #[arg(long)]
    pub open: bool,
}

impl DemoOptions {
    /// Checks that browsers connect to the port of the page.
    ///
    /// # Errors
    ///
    /// Returns [`BadPort`] if no browser does.
    pub fn check(&self) -> Result<(), BadPort> {
        bad_ports::check(self.page_port)?;
        let listen_ports = self.listen.listen.iter().filter_map(|address| address.port);
        for port in listen_ports {
            bad_ports::check(port)?;
        }
        Ok(())
    }
}
