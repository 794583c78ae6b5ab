//! The `launcelot-lab tunnel` command.

use std::io;
use std::thread;

use clap::Args;
use launcelot_endpoint::address::parse_host_port;
use launcelot_endpoint::command_line::ListenOptions;
use launcelot_endpoint::listen::{BACKLOG, ListenError};
use launcelot_endpoint::lookup::look_up_blocking;
use launcelot_endpoint::stop::StopSignals;
use launcelot_endpoint::{descriptors, output};
use thiserror::Error;

use super::destination::Destination;
use super::options::LinkOptions;
use super::standard_input;
use super::{Tunnel, TunnelError, TunnelSettings};

/// The default port of the tunnel.
pub const PORT: u16 = 1061;

/// The arguments of `launcelot-lab tunnel`.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("listen", |arg| arg.default_value("localhost:1061")), after_help = "\
The link is emulated: this program delays bytes. It does not lose or reorder
them, and does not emulate congestion.

DURATION is a number with a unit, such as 1.3ms or 2s. BANDWIDTH is a number
with a unit, such as 56kbit or 10Mbit.

A line of link options on standard input changes the link while connections are
open, even for bytes in flight. `none` removes a limit, as in
  --rtt 20ms --bandwidth none

Example: measure the server's answers through a link as long as an SSH tunnel
  launcelot-lab tunnel --link ssh
  launcelot-client localhost 1061 --timing
It shows connecting as almost nothing and the first question as two round
trips: the tunnel accepts at once, as `ssh -L` does, and with --handshake (in
every preset) the first bytes wait for a round trip.

The server sees the connection half a round trip after the client has opened it.")]
pub struct TunnelOptions {
    /// The addresses to listen on.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Server to relay connections to
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:1060", value_parser = parse_host_port)]
    pub to: (String, u16),
    /// The time for which open connections may continue after a stop signal
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    pub grace: humantime::Duration,
    /// The emulated link.
    #[command(flatten)]
    pub link: LinkOptions,
}

/// Why `launcelot-lab tunnel` fails.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// Listening failed.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The server's name could not be resolved.
    #[error("cannot resolve '{host}'")]
    Lookup {
        /// The name.
        host: String,
        /// The system's error.
        source: io::Error,
    },
    /// The tunnel failed.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for SIGINT and SIGTERM")]
    Signals(#[source] io::Error),
}

/// Relays connections until SIGINT or SIGTERM, or until the tunnel fails. A second signal ends the process at once.
///
/// # Errors
///
/// See [`ProgramError`].
pub fn run(options: &TunnelOptions) -> Result<(), ProgramError> {
    descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(ProgramError::Signals)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch().map_err(ProgramError::Signals)?
    };
    let TunnelOptions { listen, to: (host, to_port), grace, link } = options;
    // The name is resolved again for each connection. This lookup only makes the program fail at once if the name has no address.
    let lookup = |source| ProgramError::Lookup { host: host.clone(), source };
    look_up_blocking(host, *to_port).map_err(lookup)?;
    let destination = Destination::host(host, *to_port);
    let listeners = listen.bind(PORT, BACKLOG)?;
    let ready = listeners.ready();
    let settings = link.apply_to(TunnelSettings::default());
    let tunnel = Tunnel::start(listeners, destination, settings, **grace, None)?;
    output::print(&format!("{ready}Relaying to '{host}' port {to_port} over an emulated link: {settings}\n"));
    let handle = tunnel.handle();
    // The thread ends at the end of standard input, or with the process.
    thread::spawn(move || standard_input::apply_lines(&handle));
    runtime.block_on(async {
        tokio::select! {
            () = signals.next() => {}
            () = tunnel.ended() => {}
        }
    });
    thread::spawn(move || {
        runtime.block_on(signals.next());
        std::process::exit(0);
    });
    Ok(tunnel.stop()?)
}
