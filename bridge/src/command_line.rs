//! The arguments of `launcelot-bridge`.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _, Parser, ValueEnum};
use ipnet::IpNet;
#[cfg(feature = "metrics")]
use launcelot_endpoint::address::parse_host_port;
use launcelot_endpoint::command_line::{ListenOptions, Verbosity};
use thiserror::Error;

use crate::base_path::BasePath;
use crate::options::{MAX_CONNECTIONS, MAX_MESSAGE_BYTES, Options, SEND_BUFFER_BYTES, Target};
use crate::origin::Origin;
use crate::token::Token;

/// Relays a browser's WebSocket to a TCP server, byte for byte.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    name = "launcelot-bridge",
    mut_arg("listen", |arg| arg.default_value("localhost:8080")),
    after_help = "\
DURATION is a number with a unit, such as 30s, 1.5min or 200ms.

SIGINT (Ctrl-C) and SIGTERM stop the bridge: it opens no further WebSocket and
lets open ones finish within --grace. A second signal ends it at once. SIGHUP
reads the options again, SIGUSR1 logs what the bridge is doing."
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
    /// Refuse WebSockets to clients that send no origin
    #[arg(long)]
    pub require_origin: bool,
    /// Answer to every IP address as host name, not only to those of this machine
    #[arg(long)]
    pub ip_hosts: bool,
    /// Demand the bearer token in this file of each client that opens a WebSocket; pages cannot send one
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The path under which a reverse proxy shows the bridge
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub base_path: BasePath,
    /// Believe X-Forwarded-For and X-Forwarded-Proto of reverse proxies in this network; may be given several times
    #[arg(long = "trusted-proxy", value_name = "CIDR", value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// Serve files to which links lead out of the directory, or absolute links
    #[arg(long)]
    pub follow_links: bool,
    /// Do not tell clients the name of a server that cannot be reached, nor the system's error
    #[arg(long)]
    pub no_target_details: bool,
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
    pub send_buffer: NonZeroU32,
    /// Select this subprotocol if a client offers it, besides 'binary'; may be given several times
    #[arg(long = "subprotocol", value_name = "NAME")]
    pub subprotocols: Vec<String>,
    /// The time for which open connections may continue after a stop signal
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub grace: Duration,
    /// Maximum number of open connections; further requests are answered with 503, further WebSockets closed with 4429
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub max_connections: NonZeroU32,
    /// Maximum number of open connections from one address [default: unlimited]
    #[arg(long, value_name = "N")]
    pub max_connections_per_address: Option<NonZeroU32>,
    /// Maximum number of open WebSockets
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub max_websockets: NonZeroU32,
    /// Maximum number of bytes in a message of a client
    #[arg(long, value_name = "BYTES", default_value_t = MAX_MESSAGE_BYTES)]
    pub max_message: usize,
    /// The timeout of the head of a request
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub head_timeout: Duration,
    /// The time for which the body of a request may pause
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub body_timeout: Duration,
    /// The time for which a client may take nothing of a response
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub response_timeout: Duration,
    /// The time for which a connection may wait for the next request
    #[arg(long, value_name = "DURATION", default_value = "75s", value_parser = duration)]
    pub keep_alive: Duration,
    /// The number of threads that relay [default: one for every two processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Listen on this Unix socket also; may be given several times
    #[arg(long = "listen-unix", value_name = "PATH")]
    pub listen_unix: Vec<PathBuf>,
    /// Demand TLS of clients, with the certificate in this file, in PEM
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Serve metrics for Prometheus at /metrics of this address
    #[cfg(feature = "metrics")]
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_host_port)]
    pub metrics: Option<(String, u16)>,
    /// Read options from this file, in TOML: idle-timeout = "1min"
    #[cfg(feature = "config")]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the options that are in effect, as such a file, and exit
    #[cfg(feature = "config")]
    #[arg(long)]
    pub print_config: bool,
    /// The form of the lines of the log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// How much the program logs.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// The form of the lines of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object in each line.
    #[cfg(feature = "json-log")]
    Json,
}

/// Returns whether `--listen` was given and `--listen-fds` is only in the file. clap sees no conflict, since values of the file
/// are defaults for it.
pub(crate) fn listen_takes_precedence(matches: &ArgMatches) -> bool {
    let is_given = |id| matches.value_source(id).is_some_and(|source| source != ValueSource::DefaultValue);
    is_given("listen") && !is_given("listen_fds")
}

impl CommandLine {
    /// Returns the options that clap has found.
    ///
    /// # Errors
    ///
    /// Returns clap's error if a value cannot be used.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut command_line = Self::from_arg_matches(matches)?;
        if listen_takes_precedence(matches) {
            command_line.listen.listen_fds = false;
        }
        Ok(command_line)
    }

    /// Returns the settings of the bridge.
    ///
    /// # Errors
    ///
    /// If a file that they name cannot be read.
    pub fn options(&self) -> Result<Options, FileError> {
        let defaults = Options::default();
        let token = match &self.token_file {
            Some(path) => Some(read_token(path)?),
            None => None,
        };
        Ok(Options {
            #[cfg(feature = "tls")]
            tls: self.tls()?,
            require_origin: self.require_origin,
            ip_hosts: self.ip_hosts,
            token,
            base_path: self.base_path.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            follow_links: self.follow_links,
            target_details: !self.no_target_details,
            max_connections_per_address: self.max_connections_per_address,
            max_websockets: self.max_websockets,
            max_message_bytes: self.max_message,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            response_timeout: self.response_timeout,
            keep_alive: self.keep_alive,
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
        })
    }

    /// Returns the names of the options that are not as in `running`, and that a running bridge cannot change.
    pub fn needing_new_start(&self, running: &Self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let mut compare = |name, is_same: bool| {
            if !is_same {
                names.push(name);
            }
        };
        compare("listen", self.listen.listen == running.listen.listen);
        compare("listen-fds", self.listen.listen_fds == running.listen.listen_fds);
        compare("listen-unix", self.listen_unix == running.listen_unix);
        compare("max-connections", self.max_connections == running.max_connections);
        let is_same = self.max_connections_per_address == running.max_connections_per_address;
        compare("max-connections-per-address", is_same);
        compare("max-websockets", self.max_websockets == running.max_websockets);
        compare("threads", self.threads == running.threads);
        #[cfg(feature = "metrics")]
        compare("metrics", self.metrics == running.metrics);
        compare("log-format", self.log_format == running.log_format);
        compare("verbose", self.verbosity.verbose == running.verbosity.verbose);
        names
    }
}

#[cfg(feature = "tls")]
impl CommandLine {
    fn tls(&self) -> Result<Option<crate::tls::Tls>, FileError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(crate::tls::Tls::read(certificate, key)?)),
            (None, None) => Ok(None),
            // clap would not see that the other one is in the file.
            _ => Err(FileError::TlsIncomplete),
        }
    }
}

/// A file that an option names cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read the token in '{}'", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is not a certificate or its key.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// There is a certificate without its key, or a key without its certificate.
    #[cfg(feature = "tls")]
    #[error("--tls-cert and --tls-key are needed together, but only one of them is given")]
    TlsIncomplete,
    /// It contains nothing.
    #[error("cannot read the token in '{}': the file is empty", .0.display())]
    Empty(PathBuf),
}

fn read_token(path: &Path) -> Result<Token, FileError> {
    let text = fs::read_to_string(path).map_err(|error| FileError::Read(path.to_owned(), error))?;
    Token::new(&text).ok_or_else(|| FileError::Empty(path.to_owned()))
}

/// Reads a network, or an address as a network of one.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or(address).map_err(|_| "expected a network such as 10.0.0.0/8, or an address".to_owned())
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
        let options = CommandLine::parse_from(["launcelot-bridge"]).options().unwrap();
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
    fn subprotocols_are_added_to_binary() {
        let command_line = CommandLine::parse_from(["launcelot-bridge", "--subprotocol", "mqtt", "--subprotocol", "x"]);
        assert_eq!(command_line.options().unwrap().subprotocols, ["binary", "mqtt", "x"]);
    }

    #[test]
    fn a_zero_duration_needs_no_unit() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
    }
}
