//! The arguments of `launcelot-server`.

use std::num::NonZeroU32;

use clap::{ArgAction, Parser};
use launcelot_endpoint::listen::BACKLOG;
use launcelot_protocol::PORT;

use crate::designs::Design;
use crate::options::{GRACE, IDLE_TIMEOUT, MAX_CONNECTIONS, Options, WORKERS};

/// Answers the three questions of the bridge-keeper, over TCP.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    after_help = "\
DURATION is a number with its unit, as in 30s, 1.5min or 200ms.

Example: serve at every IPv4 address of this machine, one client at a time
  launcelot-server 0.0.0.0 1060 --design simple

SIGINT (Ctrl-C) and SIGTERM stop it: nobody new is let in, and who is there may finish. A second
signal ends it at once."
)]
pub struct CommandLine {
    /// The name or address to listen at; localhost is 127.0.0.1 and ::1 both
    #[arg(value_name = "INTERFACE", default_value = "localhost")]
    pub interface: String,

    /// The TCP port; 0 takes any that is free
    #[arg(value_name = "PORT", default_value_t = PORT)]
    pub port: u16,

    /// How the server waits for its clients
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub design: Design,

    /// How many connections may be open at once; further clients wait. The simple design serves one,
    /// the workers design one for each worker
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

    /// Say more on standard error: -v who comes and goes, -vv everything
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

impl CommandLine {
    /// What the arguments say about how to serve.
    pub fn options(&self) -> Options {
        Options {
            design: self.design,
            max_connections: self.max_connections,
            workers: self.workers,
            threads: self.threads,
            think: *self.think,
            idle_timeout: Some(*self.idle_timeout).filter(|timeout| !timeout.is_zero()),
            grace: *self.grace,
        }
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
    fn every_argument_reaches_its_option() {
        let defaults = Options::default();
        let idle = |timeout| Options { idle_timeout: timeout, ..defaults.clone() };
        let cases: [(&[&str], Options); 9] = [
            (&["--design", "simple"], Options { design: Design::Simple, ..defaults.clone() }),
            (&["--max-connections", "7"], Options { max_connections: NonZeroU32::new(7).unwrap(), ..defaults.clone() }),
            (&["--workers", "3"], Options { workers: NonZeroU32::new(3).unwrap(), ..defaults.clone() }),
            (&["--threads", "3"], Options { threads: NonZeroU32::new(3), ..defaults.clone() }),
            (&["--think", "20ms"], Options { think: Duration::from_millis(20), ..defaults.clone() }),
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
