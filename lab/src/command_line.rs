//! The arguments of `launcelot-lab`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use launcelot_protocol::PORT;
use launcelot_server::Design;

use crate::bench::options::Benchmark;
use crate::probe::command_line::ProbeOptions;
use crate::tunnel::command_line::TunnelOptions;

/// Runs a Launcelot server, an emulated link to it, a bridge to both and the page in one process, until Ctrl-C; or, with
/// a command, a single instrument.
///
/// Build the page first with `cargo xtask dist`, or let `cargo xtask demo` do everything.
#[derive(Debug, Clone, Parser)]
#[command(name = "launcelot-lab", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct CommandLine {
    /// A single instrument in place of the demo.
    #[command(subcommand)]
    pub instrument: Option<Instrument>,
    /// What the demo is like.
    #[command(flatten)]
    pub demo: DemoOptions,
    /// Log to standard error what happens to connections; twice, everything
    #[arg(short, long, global = true, display_order = 100, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The instruments that can be had by themselves.
#[derive(Debug, Clone, Subcommand)]
pub enum Instrument {
    /// Tries every behaviour of the protocol on a server, ours or not, and says what differs
    Probe(ProbeOptions),
    /// Carries TCP connections over an emulated link: later, narrower, in pieces, or not to the end
    Tunnel(TunnelOptions),
    /// Compares how much designs can do, and what it costs them
    #[command(subcommand)]
    Bench(Benchmark),
}

/// The arguments of the demo.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// The folder of the built page
    #[arg(long, value_name = "DIR", default_value = "target/page")]
    pub web: PathBuf,
    /// The port of the server; 0 means any free one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub server_port: u16,
    /// The port of the emulated link to the server; 0 means any free one
    #[arg(long, value_name = "PORT", default_value_t = 1061)]
    pub tunnel_port: u16,
    /// The port of the page and its bridge; 0 means any free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub page_port: u16,
    /// How the server waits
    #[arg(long, value_enum, default_value_t)]
    pub design: Design,
    /// Simulate work: the server takes this long for each answer
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub think: humantime::Duration,
    /// Open the page in a browser
    #[arg(long)]
    pub open: bool,
}
