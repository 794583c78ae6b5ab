//! The arguments of `launcelot-server`.

use std::num::NonZeroU32;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use launcelot_endpoint::listen::{BACKLOG, parse_host_port};
use launcelot_protocol::PORT;

use crate::designs::Design;
use crate::options::{GRACE, IDLE_TIMEOUT, MAX_CONNECTIONS, Options, WORKERS};

/// Answers the three questions of the bridge-keeper, over TCP.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    after_help = "\
DURATION is a number with its unit, as in 30s, 1.5min or 200ms.

Examples: serve at every IPv4 address of this machine, one client at a time; serve this terminal
  launcelot-server 0.0.0.0 1060 --design simple
  launcelot-server --design inetd

SIGINT (Ctrl-C) and SIGTERM stop it: nobody new is let in, and who is there may finish. A second
signal ends it at once. SIGUSR1 prints what it has counted on standard error."
)]
pub struct CommandLine {
    /// The name or address to listen at; localhost is 127.0.0.1 and ::1 both
    #[arg(value_name = "INTERFACE", default_value = "localhost")]
    pub interface: String,

    /// The TCP port; 0 takes any that is free
    #[arg(value_name = "PORT", default_value_t = PORT)]
    pub port: u16,

    /// Serve the listeners that systemd has opened (LISTEN_FDS), instead of INTERFACE and PORT
    #[arg(long, conflicts_with_all = ["interface", "port", "backlog"])]
    pub listen_fds: bool,

    /// How the server waits for its clients
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub design: DesignName,

    /// How many connections may be open at once; further clients wait. The simple design serves one,
    /// the workers and processes designs one for each worker
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub max_connections: NonZeroU32,

    /// How many workers the workers and processes designs have, which is how many clients they serve
    /// at once
    #[arg(long, value_name = "N", default_value_t = WORKERS)]
    pub workers: NonZeroU32,

    /// How many threads share the clients of the async and per-core designs [default: async has one for
    /// every two processors, per-core one for each]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroU32>,

    /// Simulate work: each answer takes so long, which blocks whatever it would block in that design.
    /// The async and per-core designs count it in whole milliseconds
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub think: humantime::Duration,

    /// Close a connection on which no byte has moved for so long; 0 for never
    #[arg(long, value_name = "DURATION", default_value_t = IDLE_TIMEOUT.into())]
    pub idle_timeout: humantime::Duration,

    /// How long open conversations may go on when the server is told to stop
    #[arg(long, value_name = "DURATION", default_value_t = GRACE.into())]
    pub grace: humantime::Duration,

    /// How many clients may wait to be let in; the system may have a lower limit
    #[arg(long, value_name = "N", default_value_t = BACKLOG)]
    pub backlog: u32,

    /// Serve what is counted at http://ADDR/metrics, as Prometheus reads it; ADDR is HOST:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse_host_port)]
    pub metrics: Option<(String, u16)>,

    /// Say more on standard error: -v who comes and goes, -vv everything
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The designs, and the one that has no listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesignName {
    /// Listen, and wait like that.
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
                    .help("One client, on standard input and output: for inetd, and for systemd with Accept=yes"),
            ),
        }
    }
}

impl CommandLine {
    /// The arguments of this program. If they make no sense it says so, and exits with 2.
    pub fn of_this_program() -> Self {
        let matches = Self::command().get_matches();
        check(&matches).and_then(|()| Self::from_arg_matches(&matches)).unwrap_or_else(|error| error.exit())
    }

    /// What the arguments say about how to serve.
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

/// A server without listeners cannot be told anything about them.
fn check(matches: &ArgMatches) -> Result<(), clap::Error> {
    let is_given = |argument: &&str| matches.value_source(argument) == Some(ValueSource::CommandLine);
    let of_listeners = ["interface", "port", "listen_fds", "backlog", "max_connections", "metrics"];
    match of_listeners.iter().find(|argument| is_given(argument)) {
        Some(argument) if matches.get_one("design") == Some(&DesignName::Inetd) => {
            let message = format!("with `--design inetd` there is nothing to listen at, and no use for '{argument}'");
            Err(CommandLine::command().error(ErrorKind::ArgumentConflict, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options(arguments: &[&str]) -> Options {
        CommandLine::try_parse_from(["launcelot-server"].iter().chain(arguments)).unwrap().options()
    }

    #[test]
    fn the_defaults_of_the_command_line_are_the_defaults_of_the_library() {
        assert_eq!(options(&[]), Options::default());
    }

    #[test]
    fn every_design_has_a_name() {
        let names =
            |designs: &[Design]| designs.iter().map(|design| DesignName::Listening(*design)).collect::<Vec<_>>();
        let designs = DesignName::value_variants();
        assert_eq!(designs[..designs.len() - 1], names(Design::value_variants()));
        assert_eq!(designs.last(), Some(&DesignName::Inetd));
    }

    #[test]
    fn a_conversation_has_no_use_for_listeners() {
        let check = |arguments: &[&str]| {
            check(&CommandLine::command().get_matches_from(["launcelot-server"].iter().chain(arguments)))
        };
        assert!(check(&["--design", "inetd", "--idle-timeout", "1s", "--think", "1s", "-v"]).is_ok());
        assert!(check(&["localhost", "1060", "--metrics", "localhost:0"]).is_ok());
        for argument in [&["localhost"][..], &["--listen-fds"], &["--backlog", "1"], &["--metrics", "localhost:0"]] {
            assert!(check(&[&["--design", "inetd"], argument].concat()).is_err(), "{argument:?}");
        }
    }

    #[test]
    fn every_argument_reaches_its_option() {
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
