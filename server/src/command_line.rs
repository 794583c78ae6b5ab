//! The arguments of `launcelot-server`.

use std::num::NonZeroU32;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use launcelot_endpoint::address::parse_host_port;
use launcelot_endpoint::command_line::{self, ListenOptions, Verbosity};
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_protocol::PORT;

use crate::design::Design;
use crate::options::{GRACE, IDLE_TIMEOUT, MAX_CONNECTIONS, Options, WORKERS};

/// Answers the three questions of the bridge-keeper, over TCP.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    mut_arg("listen", |arg| arg.conflicts_with_all(["interface", "port"])),
    mut_arg("listen_fds", |arg| arg.conflicts_with_all(["interface", "port", "backlog"])),
    after_help = "\
DURATION is a number with a unit, such as 30s, 1.5min or 200ms.

Examples:
  launcelot-server 0.0.0.0 1060 --design simple   listen on every IPv4 address
  launcelot-server --design inetd                 serve this terminal

SIGINT (Ctrl-C) and SIGTERM stop the server: it accepts no further connections
and lets open sessions finish within --grace. A second signal ends it at once.
SIGUSR1 prints the statistics on standard error."
)]
pub struct CommandLine {
    /// The host name or address to listen on; localhost means both 127.0.0.1 and ::1
    #[arg(value_name = "INTERFACE", default_value = "localhost")]
    pub interface: String,

    /// The TCP port; 0 for any free port
    #[arg(value_name = "PORT", default_value_t = PORT)]
    pub port: u16,

    /// The options for several addresses and for inherited listeners.
    #[command(flatten)]
    pub listen: ListenOptions,

    /// How the server waits for its clients
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub design: DesignName,

    /// Maximum number of open connections; further clients wait. The simple design serves one connection at a
    /// time, the workers and processes designs one per worker
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub max_connections: NonZeroU32,

    /// The number of workers of the workers and processes designs; each serves one client at a time
    #[arg(long, value_name = "N", default_value_t = WORKERS)]
    pub workers: NonZeroU32,

    /// The number of threads that run the tasks of the async and per-core designs [default: async has
    /// one thread per two processors, per-core one per processor]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroU32>,

    /// Simulate work on each answer, which blocks what work would block in that design. The async and
    /// per-core designs round up to milliseconds
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub think: humantime::Duration,

    /// Close a connection after this time without a byte in either direction; 0 disables the timeout
    #[arg(long, value_name = "DURATION", default_value_t = IDLE_TIMEOUT.into())]
    pub idle_timeout: humantime::Duration,

    /// The time for which open sessions may continue after a stop signal
    #[arg(long, value_name = "DURATION", default_value_t = GRACE.into())]
    pub grace: humantime::Duration,

    /// Maximum number of connections waiting to be accepted; the system may have a lower limit
    #[arg(long, value_name = "N", default_value_t = BACKLOG)]
    pub backlog: u32,

    /// Serve the statistics at http://ADDR/metrics in the format of Prometheus; ADDR is HOST:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse_host_port)]
    pub metrics: Option<(String, u16)>,

    /// How much the program logs.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// The value of `--design`: a design with listeners, or `inetd`, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesignName {
    /// Serve the clients of listeners.
    Listening(Design),
    /// Serve one client on standard input and output.
    Inetd,
}

impl Default for DesignName {
    fn default() -> Self {
        Self::Listening(Design::default())
    }
}

impl ValueEnum for DesignName {
    fn value_variants<'a>() -> &'a [Self] {
        use Design::{Async, PerCore, Poll, Processes, Simple, Threads, Workers};
        &[
            Self::Listening(Simple),
            Self::Listening(Poll),
            Self::Listening(Threads),
            Self::Listening(Workers),
            Self::Listening(Processes),
            Self::Listening(Async),
            Self::Listening(PerCore),
            Self::Inetd,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Listening(design) => design.to_possible_value(),
            Self::Inetd => Some(
                PossibleValue::new("inetd")
                    .help("One client on standard input and output: for inetd, and for systemd with Accept=yes"),
            ),
        }
    }
}

impl CommandLine {
    /// Parses the arguments of this program. Prints an error and exits with 2 if they are invalid.
    pub fn of_this_program() -> Self {
        let matches = command_line::matches::<Self>();
        let parsed = check(&matches).and_then(|()| Self::from_arg_matches(&matches));
        parsed.unwrap_or_else(|error| error.exit())
    }

    /// Opens the listeners that the arguments name, or takes over those that systemd has opened.
    ///
    /// # Errors
    ///
    /// See [`ListenError`].
    pub fn listen(&self) -> Result<Listeners, ListenError> {
        if self.listen.listen_fds || !self.listen.listen.is_empty() {
            self.listen.bind(self.port, self.backlog)
        } else {
            Listeners::bind(&self.interface, self.port, self.backlog)
        }
    }

    /// Returns the options of the server that the arguments set.
    pub fn options(&self) -> Options {
        Options {
            design: match self.design {
                DesignName::Listening(design) => design,
                DesignName::Inetd => Design::default(),
            },
            max_connections: self.max_connections,
            workers: self.workers,
            worker_program: None,
            threads: self.threads,
            think: (*self.think).into(),
            idle_timeout: Some(*self.idle_timeout).filter(|timeout| !timeout.is_zero()),
            grace: *self.grace,
        }
    }
}

/// Rejects arguments about listeners if the design is `inetd`, which has no listeners.
fn check(matches: &ArgMatches) -> Result<(), clap::Error> {
    if matches.get_one("design") != Some(&DesignName::Inetd) {
        return Ok(());
    }
    let mut command = CommandLine::command();
    command.build();
    let about_listeners = ["interface", "port", "listen", "listen_fds", "backlog", "max_connections", "metrics"];
    let given = command.get_arguments().find(|argument| {
        let id = argument.get_id().as_str();
        about_listeners.contains(&id) && matches.value_source(id) == Some(ValueSource::CommandLine)
    });
    let Some(argument) = given else { return Ok(()) };
    let message = format!("`--design inetd` has no listeners and cannot be used with '{argument}'");
    Err(command.error(ErrorKind::ArgumentConflict, message))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options(arguments: &[&str]) -> Options {
        CommandLine::try_parse_from(["launcelot-server"].iter().chain(arguments)).unwrap().options()
    }

    #[test]
    fn command_line_and_library_have_the_same_defaults() {
        assert_eq!(options(&[]), Options::default());
    }

    #[test]
    fn every_design_has_a_name() {
        let mut expected = Vec::new();
        for design in Design::value_variants() {
            expected.push(DesignName::Listening(*design));
        }
        expected.push(DesignName::Inetd);
        assert_eq!(DesignName::value_variants(), expected);
    }

    #[test]
    fn options_about_listeners_conflict_with_the_inetd_design() {
        let check = |arguments: &[&str]| {
            check(&CommandLine::command().get_matches_from(["launcelot-server"].iter().chain(arguments)))
        };
        assert!(check(&["--design", "inetd", "--idle-timeout", "1s", "--think", "1s", "-v"]).is_ok());
        assert!(check(&["localhost", "1060", "--metrics", "localhost:0"]).is_ok());
        let about_listeners: [(&[&str], &str); 5] = [
            (&["localhost"], "[INTERFACE]"),
            (&["--listen", "localhost"], "--listen <ADDR>"),
            (&["--listen-fds"], "--listen-fds"),
            (&["--backlog", "1"], "--backlog <N>"),
            (&["--metrics", "localhost:0"], "--metrics <ADDR>"),
        ];
        for (arguments, named) in about_listeners {
            let error = check(&[&["--design", "inetd"], arguments].concat()).unwrap_err().to_string();
            assert!(error.contains(&format!("cannot be used with '{named}'")), "{error}");
        }
    }

    #[test]
    fn a_server_listens_at_one_interface_or_at_the_addresses_of_listen() {
        let parse = |arguments: &[&str]| CommandLine::try_parse_from(["launcelot-server"].iter().chain(arguments));
        let interfaces = |arguments: &[&str]| parse(arguments).unwrap().listen().unwrap().interfaces;
        assert_eq!(interfaces(&["127.0.0.1", "0"])[0].name, "127.0.0.1");
        let listen = interfaces(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]);
        assert_eq!([&listen[0].name, &listen[1].name], ["127.0.0.1", "127.0.0.2"]);
        for conflict in [&["localhost", "--listen", "localhost"][..], &["--listen-fds", "--listen", "localhost"]] {
            assert!(parse(conflict).is_err(), "{conflict:?}");
        }
    }

    #[test]
    fn every_argument_sets_its_option() {
        let defaults = Options::default();
        let idle = |timeout| Options { idle_timeout: timeout, ..defaults.clone() };
        let cases: [(&[&str], Options); 9] = [
            (&["--design", "simple"], Options { design: Design::Simple, ..defaults.clone() }),
            (&["--max-connections", "7"], Options { max_connections: NonZeroU32::new(7).unwrap(), ..defaults.clone() }),
            (&["--workers", "3"], Options { workers: NonZeroU32::new(3).unwrap(), ..defaults.clone() }),
            (&["--threads", "3"], Options { threads: NonZeroU32::new(3), ..defaults.clone() }),
            (&["--think", "20ms"], Options { think: Duration::from_millis(20).into(), ..defaults.clone() }),
            (&["--idle-timeout", "1.5min"], idle(Some(Duration::from_secs(90)))),
            (&["--idle-timeout", "0"], idle(None)),
            (&["--idle-timeout", "0s"], idle(None)),
            (&["--grace", "200ms"], Options { grace: Duration::from_millis(200), ..defaults.clone() }),
        ];
        for (arguments, expected) in cases {
            assert_eq!(options(arguments), expected, "{arguments:?}");
        }
    }
}
