//! The arguments of `launcelot-lab tunnel`, and what stands behind them.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::net::ToSocketAddrs as _;
use std::num::{NonZeroU64, NonZeroUsize};
use std::str::FromStr as _;
use std::thread;
use std::time::Duration;

use clap::{Args, Parser};
use launcelot_endpoint::descriptors;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners, parse_host_port};
use launcelot_endpoint::stop::StopSignals;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use thiserror::Error;

use super::destination::Destination;
use super::wire::{DELAY_MAX, Handshake, Like, Limit, SLOW_CLOSE_MAX, parse_at_most, parse_bandwidth, parse_limit};
use super::{Tunnel, TunnelError, TunnelHandle, Wire};

/// Where the tunnel is, and what its link is like.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The link is emulated: bytes are held back in this program, and nothing is lost, reordered or congested.

DURATION is a number with its unit, as in 1.3ms or 2s; BANDWIDTH is one as in 56kbit or 10Mbit.

A line of such options on standard input changes the link while connections are open, for what is under way
too, and `none` takes back what the link does not need to have, as in
  --rtt 20ms --bandwidth none

Example: see how long the server's answers take through the SSH tunnel of old
  launcelot-lab tunnel --like ssh
  launcelot-client localhost 1061 --timing

A client's connection is accepted at once, as an SSH client does for `ssh -L`. With --handshake, which every
NAME of --like has, its first bytes wait for the round trip that opening the connection takes. The server
hears of the connection half a round trip after the client has come.")]
pub struct TunnelOptions {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:1061", value_parser = parse_host_port)]
    pub listen: (String, u16),
    /// The server at the far end
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:1060", value_parser = parse_host_port)]
    pub to: (String, u16),
    /// How long open connections may go on when the tunnel is told to stop
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    pub grace: humantime::Duration,
    /// What the link is like.
    #[command(flatten)]
    pub wire: WireOptions,
}

/// Changes to a link. What is left out stays as it is.
#[derive(Debug, Clone, Args)]
pub struct WireOptions {
    /// Begin with a link that one may know
    #[arg(long, value_name = "NAME")]
    pub like: Option<Like>,
    /// How much longer there and back takes, half of it each way
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_at_most(text, DELAY_MAX))]
    pub rtt: Option<Duration>,
    /// How much longer still each way may take, at random
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_at_most(text, DELAY_MAX))]
    pub jitter: Option<Duration>,
    /// Make a connection cost one round trip before its first bytes pass, as everywhere but on one machine; every NAME
    /// of --like does
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "tcp", hide_possible_values = true, value_name = "none")]
    pub handshake: Option<Handshake>,
    /// How much goes each way in a second
    #[arg(long, value_name = "BANDWIDTH", value_parser = |text: &str| parse_limit(text, parse_bandwidth))]
    pub bandwidth: Option<Limit<NonZeroU64>>,
    /// Deliver no more than so many bytes together
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, NonZeroUsize::from_str))]
    pub slice: Option<Limit<NonZeroUsize>>,
    /// Reset a connection once it has carried so many bytes, both ways together
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, u64::from_str))]
    pub reset_after: Option<Limit<u64>>,
    /// Carry nothing more on a connection after so many bytes, and leave it open
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, u64::from_str))]
    pub stall_after: Option<Limit<u64>>,
    /// How much later than the last byte a close arrives
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_at_most(text, SLOW_CLOSE_MAX))]
    pub slow_close: Option<Duration>,
}

impl WireOptions {
    /// Returns `wire` with these changes.
    pub fn change(&self, wire: Wire) -> Wire {
        let wire = self.like.map_or(wire, |Like(preset)| Wire::preset(preset));
        let length = launcelot_measure::LinkSettings {
            rtt: self.rtt.unwrap_or(wire.length.rtt),
            jitter: self.jitter.unwrap_or(wire.length.jitter),
            bandwidth: self.bandwidth.map_or(wire.length.bandwidth, |Limit(limit)| limit),
        };
        Wire {
            length,
            slice: self.slice.map_or(wire.slice, |Limit(limit)| limit),
            reset_after: self.reset_after.map_or(wire.reset_after, |Limit(limit)| limit),
            stall_after: self.stall_after.map_or(wire.stall_after, |Limit(limit)| limit),
            slow_close: self.slow_close.unwrap_or(wire.slow_close),
            handshake: self.handshake.map_or(wire.handshake, |handshake| handshake == Handshake::Tcp),
        }
    }
}

/// A line on standard input.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct SettingsLine {
    #[command(flatten)]
    wire: WireOptions,
}

/// How long a program in the background waits before it looks again whether it may read the terminal.
const BACKGROUND_PAUSE: Duration = Duration::from_secs(1);

/// Why the program fails.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The name of the far end has no address.
    #[error("cannot find '{host}'")]
    Lookup {
        /// Who was looked for.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot carry.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// It cannot catch the signals that stop it.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// Carries until SIGINT or SIGTERM, or until it breaks; a second signal ends it at once.
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
    let TunnelOptions { listen: (interface, port), to: (host, to_port), grace, wire } = options;
    let lookup = |source| ProgramError::Lookup { host: host.clone(), source };
    // Each connection looks the name up again. A name without an address is reported at the start.
    (host.as_str(), *to_port).to_socket_addrs().map_err(lookup)?;
    let destination = Destination::host(host, *to_port);
    let listeners = Listeners::bind(interface, *port, BACKLOG)?;
    let tunnel = Tunnel::start(listeners, destination, wire.change(Wire::default()), **grace, None)?;
    // Nobody may be there to read it.
    let ready = format!(
        "Ready and carrying '{interface}' port {} to '{host}' port {to_port}, over an emulated link",
        tunnel.port
    );
    let _ = writeln!(io::stdout(), "{ready}");
    let changing = tunnel.handle();
    // It reads as long as there is something to read, and ends with the program.
    thread::spawn(move || read_changes(&changing));
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

/// Changes the settings as the lines on standard input say. A full standard output may block it, so it holds
/// nothing that the end of the program waits for.
fn read_changes(tunnel: &TunnelHandle) {
    // A shell stops a job in the background that reads the terminal, unless the reading thread does not hear of it: then
    // the reading fails.
    let mut stops = SigSet::empty();
    stops.add(Signal::SIGTTIN);
    let _ = stops.thread_block();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) && io::stdin().is_terminal() => {
                // In the background now; somebody may bring it back.
                thread::sleep(BACKGROUND_PAUSE);
                continue;
            }
            Err(_) => return,
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        // Nobody may be there to read what is said to it.
        match SettingsLine::try_parse_from(text.split_whitespace()) {
            Ok(options) => {
                let wire = tunnel.update(|wire| options.wire.change(wire));
                let _ = writeln!(io::stdout(), "The wire is {wire} now");
            }
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().next().unwrap_or_default();
                let _ = writeln!(io::stderr(), "launcelot-lab: {}", why.trim_start_matches("error: "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{LinkSettings as Length, Preset};

    use super::*;

    fn change(line: &str, wire: Wire) -> Wire {
        SettingsLine::try_parse_from(line.split_whitespace()).unwrap().wire.change(wire)
    }

    #[test]
    fn what_is_left_out_stays_as_it_is() {
        let wire = change("--like ssh --bandwidth 10Mbit", Wire::default());
        let bandwidth = NonZeroU64::new(10_000_000);
        assert_eq!(wire, Wire { length: Length { bandwidth, ..Preset::Ssh.link() }, ..Wire::preset(Preset::Ssh) });
        let longer = change("--rtt 20ms --slice 3 --slow-close 1s --reset-after 9 --stall-after 8", wire);
        let expected = Wire {
            length: Length { rtt: Duration::from_millis(20), ..wire.length },
            slice: NonZeroUsize::new(3),
            slow_close: Duration::from_secs(1),
            reset_after: Some(9),
            stall_after: Some(8),
            handshake: true,
        };
        assert_eq!(longer, expected);
        let good =
            "--handshake none --bandwidth none --slice none --reset-after none --stall-after none --slow-close 0s";
        let good = change(good, longer);
        assert_eq!(good, Length { bandwidth: None, ..longer.length }.into());
        assert!(change("--handshake --rtt 1ms", good).handshake && change("--handshake", good).handshake);
        assert!(SettingsLine::try_parse_from(["--rtt", "none"]).is_err(), "0s says it");
        assert!(SettingsLine::try_parse_from(["--rtt", "soon"]).is_err());
        for wire in [Wire::default(), wire, longer] {
            assert_eq!(change(&wire.to_string(), Wire::default()), wire, "what is said of it makes it so");
        }
    }
}
