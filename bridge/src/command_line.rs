//! The arguments of `launcelot-bridge`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use launcelot_endpoint::command_line::{ListenOptions, Verbosity};

use crate::options::{MAX_CONNECTIONS, Options, SEND_BUFFER_BYTES, Target};
use crate::origin::Origin;

/// Relays a browser's WebSocket to a TCP server, byte for byte.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    name = "launcelot-bridge",
    mut_arg("listen", |arg| arg.default_value("localhost:8080")),
    after_help = "\
DURATION is a number with a unit, such as 30s, 1.5min or 200ms.

SIGINT (Ctrl-C) and SIGTERM stop the bridge: it accepts no further connections
and lets open ones finish within --grace. A second signal ends it at once."
)]
pub struct CommandLine {
    /// Where to listen.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// A server to relay to; the first at /ws, and each that has a name at /ws/NAME; may be given several times [default:
    /// localhost:1060]
    #[arg(long = "target", value_name = "[NAME=]HOST:PORT")]
    pub targets: Vec<Target>,
    /// Serve the files in this directory
    #[arg(long, value_name = "DIR")]
    pub web: Option<PathBuf>,
    /// Let pages from this origin connect, besides those of this machine, and answer to its host name; may be given several
    /// times
    #[arg(long = "origin", value_name = "URL")]
    pub origins: Vec<Origin>,
    /// The timeout of connecting to a server
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub connect_timeout: Duration,
    /// Close a connection after this time without a byte in either direction; 0 disables the timeout
    #[arg(long, value_name = "DURATION", default_value = "5min", value_parser = duration)]
    pub idle_timeout: Duration,
    /// After a close by the client, relay replies until the server ends its stream, or for this time
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub linger: Duration,
    /// Ping each WebSocket this often; 0 disables pings
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub ping_interval: Duration,
    /// Maximum number of bytes that the system keeps unsent for each connection
    #[arg(long, value_name = "BYTES", default_value_t = SEND_BUFFER_BYTES)]
    pub send_buffer: u32,
    /// Select this subprotocol if a client offers it, besides 'binary'; may be given several times
    #[arg(long = "subprotocol", value_name = "NAME")]
    pub subprotocols: Vec<String>,
    /// The time for which open connections may continue after a stop signal
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub grace: Duration,
    /// Maximum number of open connections; further ones wait to be accepted
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub max_connections: NonZeroU32,
    /// How much the program logs.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

impl CommandLine {
    /// The settings of the bridge.
    pub fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            targets: if self.targets.is_empty() { defaults.targets } else { self.targets.clone() },
            web: self.web.clone(),
            origins: self.origins.clone(),
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            linger: self.linger,
            ping_interval: self.ping_interval,
            send_buffer_bytes: self.send_buffer,
            subprotocols: [defaults.subprotocols, self.subprotocols.clone()].concat(),
            grace: self.grace,
            max_connections: self.max_connections,
            ..defaults
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; a duration is like 500ms, 5s or 2min"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = CommandLine::parse_from(["launcelot-bridge"]).options();
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_default_address_is_localhost_in_both_families() {
        let listen = CommandLine::parse_from(["launcelot-bridge"]).listen.listen;
        assert_eq!(listen, ["localhost:8080".parse().unwrap()]);
    }

    #[test]
    fn a_zero_duration_needs_no_unit() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
    }
}
