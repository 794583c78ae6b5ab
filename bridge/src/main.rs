//! `launcelot-bridge`: carries WebSockets to TCP servers.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{fmt, io};

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, Parser};
use launcelot_bridge::options::OptionsError;
use launcelot_bridge::{Options, Origin, ServeError, Target, serve};
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners, split_host_port};
use launcelot_endpoint::stop::StopSignals;
use launcelot_endpoint::{descriptors, failure, log};
use thiserror::Error;
use tokio::sync::oneshot;

/// The port to listen at where none is named.
const PORT: u16 = 8080;

/// How many threads may look up names and read files at once.
const BLOCKING_THREADS: usize = 16;

/// Carries a browser's WebSocket to a TCP server, byte for byte.
#[derive(Debug, Parser)]
#[command(version, name = "launcelot-bridge")]
struct Args {
    /// Where to listen: HOST, HOST:PORT or [IPv6]:PORT; port 0 is any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = listen_at)]
    listen: (String, u16),
    /// A server to carry to; the first at /ws, and each that has a name at /ws/NAME [default: localhost:1060]
    #[arg(long = "target", value_name = "[NAME=]HOST:PORT")]
    targets: Vec<Target>,
    /// Serve the files in this directory
    #[arg(long, value_name = "DIR")]
    web: Option<PathBuf>,
    /// Let pages from this origin connect, beside those of this machine; its host may be used to address the bridge
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<Origin>,
    /// How long a server has to accept a connection
    #[arg(long, value_name = "D", default_value = "5s", value_parser = duration)]
    connect_timeout: Duration,
    /// How long a connection may stay open with nothing said; 0 means for ever
    #[arg(long, value_name = "D", default_value = "5min", value_parser = duration)]
    idle_timeout: Duration,
    /// How long open connections have to end when the bridge is stopped
    #[arg(long, value_name = "D", default_value = "5s", value_parser = duration)]
    grace: Duration,
    /// How many connections may be open at once; more wait to be accepted
    #[arg(long, value_name = "N", default_value_t = Options::default().max_connections)]
    max_connections: usize,
    /// Say what happens to connections; twice: everything
    #[arg(short, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

fn main() -> ExitCode {
    let args = Args::parse();
    log::to_stderr(args.verbose);
    let (host, port) = args.listen.clone();
    let options = Options::from(args);
    match options.check() {
        Err(error @ OptionsError::NoDirectory(_)) => return failure::exit_code::<()>("launcelot-bridge", Err(error)),
        Err(error) => Args::command().error(ErrorKind::ValueValidation, error).exit(),
        Ok(()) => {}
    }
    failure::exit_code("launcelot-bridge", run(&host, port, options))
}

fn run(host: &str, port: u16, options: Options) -> Result<(), Failure> {
    descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(Failure::Start)?;
    let result = runtime.block_on(async {
        let mut signals = StopSignals::catch().map_err(Failure::Start)?;
        let listeners = Listeners::bind(host, port, BACKLOG)?;
        write!(io::stdout(), "{}", Ready { host, port: listeners.port, targets: &options.targets })
            .map_err(Failure::Output)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let mut serving = std::pin::pin!(serve(listeners, options, async {
            // Sent or dropped, it means the same.
            let _ = stopped.await;
        }));
        tokio::select! {
            served = &mut serving => return Ok(served?),
            () = signals.next() => drop(stop),
        }
        tokio::select! {
            served = &mut serving => Ok(served?),
            () = signals.next() => Ok(()),
        }
    });
    // A name that is being looked up would hold up the end.
    runtime.shutdown_background();
    result
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let defaults = Self::default();
        Self {
            targets: if args.targets.is_empty() { defaults.targets } else { args.targets },
            web: args.web,
            origins: args.origins,
            connect_timeout: args.connect_timeout,
            idle_timeout: args.idle_timeout,
            grace: args.grace,
            max_connections: args.max_connections,
            ..defaults
        }
    }
}

/// What is said once the bridge listens: a line for each target.
struct Ready<'a> {
    host: &'a str,
    port: u16,
    targets: &'a [Target],
}

impl fmt::Display for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, targets } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { (*host).to_owned() };
        for (index, target) in targets.iter().enumerate() {
            let path = match &target.name {
                Some(name) if index > 0 => format!("/ws/{name}"),
                _ => "/ws".to_owned(),
            };
            writeln!(f, "Ready and carrying ws://{host}:{port}{path} to {target}")?;
        }
        Ok(())
    }
}

fn listen_at(text: &str) -> Result<(String, u16), &'static str> {
    match split_host_port(text) {
        Some((host, _)) if host.bytes().all(|b| b.is_ascii_digit()) => {
            Err("a port needs a host before it: localhost:PORT")
        }
        Some((host, port)) => Ok((host.to_owned(), port.unwrap_or(PORT))),
        None => Err("an address is HOST, HOST:PORT or [IPv6]:PORT"),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; a duration is like 500ms, 5s or 2min"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = Options::from(Args::parse_from(["launcelot-bridge"]));
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn an_address_to_listen_at_may_leave_out_its_port() {
        let cases = [
            ("localhost", Ok(("localhost".to_owned(), 8080))),
            ("localhost:0", Ok(("localhost".to_owned(), 0))),
            ("[::1]:9000", Ok(("::1".to_owned(), 9000))),
            ("::1", Ok(("::1".to_owned(), 8080))),
            ("9000", Err("a port needs a host before it: localhost:PORT")),
            (":9000", Err("an address is HOST, HOST:PORT or [IPv6]:PORT")),
            ("localhost:x", Err("an address is HOST, HOST:PORT or [IPv6]:PORT")),
        ];
        for (text, expected) in cases {
            assert_eq!(listen_at(text), expected, "{text:?}");
        }
    }

    #[test]
    fn no_time_at_all_can_be_written() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
    }
}
