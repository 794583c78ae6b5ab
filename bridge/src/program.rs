//! The program around the bridge: read the options, listen, print that it is ready, obey signals.

mod listeners;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod signals;

use std::fmt::Write as _;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::pin::pin;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::{ListenError, Listeners};
use launcelot_endpoint::{command_line as endpoint_command_line, descriptors, output, scheduling};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::bad_ports;
use crate::bridge::Bridge;
use crate::command_line::{CommandLine, FileError};
#[cfg(feature = "config")]
use crate::config::{self, ConfigError};
use crate::event_loop;
use crate::limits::RESERVE;
use crate::options::{Options, OptionsError};
use crate::serve::ServeError;
use listeners::ClientListeners;
use signals::{Signal, Signals};

/// The port to listen on where an address has none.
const PORT: u16 = 8080;

/// How many descriptors the program needs besides those of its connections. Connections to the metrics have 16.
const OWN_DESCRIPTORS: u64 = 48;

/// Why the program failed.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// A file of options cannot be used.
    #[cfg(feature = "config")]
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An option has a value that cannot be read, when the options are read again.
    #[error("{0}")]
    Value(String),
    /// A file that an option names cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// An option has a value that cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// It could not listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It could not listen at a Unix socket.
    #[error("cannot listen on '{}'", .0.display())]
    ListenUnix(PathBuf, #[source] io::Error),
    /// It listened, but could not serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The event loop could not be created.
    #[error("cannot create an event loop")]
    Runtime(#[source] io::Error),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for signals")]
    Signals(#[source] io::Error),
}

/// Runs the program until a signal stops it; a second signal ends it at once. A wrong command line ends it with exit code 2.
///
/// # Errors
///
/// See [`ProgramError`].
pub fn run() -> Result<(), ProgramError> {
    let command_line = read_options()?;
    log::to_stderr(command_line.log_format, command_line.verbosity.verbose);
    let options = match command_line.options() {
        #[cfg(feature = "tls")]
        Err(error @ FileError::TlsIncomplete) => {
            CommandLine::command().error(ErrorKind::MissingRequiredArgument, error).exit()
        }
        options => options?,
    };
    match options.check() {
        Err(error @ OptionsError::NoDirectory(_)) => return Err(error.into()),
        Err(error) => CommandLine::command().error(ErrorKind::ValueValidation, error).exit(),
        Ok(()) => {}
    }
    let options = fit_to_descriptors(options, descriptors::raise_limit());
    // Each has one to the client and one to the server or a file.
    descriptors::reserve(2 * u64::from(options.max_connections.get()));
    let threads = command_line.threads.map_or_else(event_loop::half_of_the_processors, NonZeroUsize::get);
    // Short messages would otherwise wait until a busy peer on their processor has used up its slice.
    scheduling::run_in_short_slices();
    let runtime = event_loop::build(threads).map_err(ProgramError::Runtime)?;
    let result = runtime.block_on(serve_until_stopped(&command_line, options));
    // Does not wait for a name that is being looked up.
    runtime.shutdown_background();
    result
}

/// Reads the options from the command line, the environment and the file. Ends the program if a value cannot be used, and
/// for `--print-config`.
fn read_options() -> Result<CommandLine, ProgramError> {
    let command = sources(CommandLine::command())?;
    let matches = endpoint_command_line::matches_of(command.clone());
    let command_line = CommandLine::from_matches(&matches).unwrap_or_else(|error| error.exit());
    #[cfg(feature = "config")]
    if command_line.print_config {
        output::print(&config::print(&command, &matches));
        std::process::exit(0);
    }
    Ok(command_line)
}

/// Reads the options again, and never ends the program.
fn read_options_again() -> Result<CommandLine, ProgramError> {
    let matches = sources(CommandLine::command())?.try_get_matches();
    let command_line = matches.and_then(|matches| CommandLine::from_matches(&matches));
    command_line.map_err(|error| ProgramError::Value(first_line(&error)))
}

/// Returns what is wrong, without the hints that follow.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

async fn serve_until_stopped(command_line: &CommandLine, options: Options) -> Result<(), ProgramError> {
    let mut signals = Signals::catch().map_err(ProgramError::Signals)?;
    let listeners = ClientListeners::open(command_line)?;
    #[cfg(feature = "metrics")]
    let metrics_listener = match &command_line.metrics {
        Some((host, port)) => Some(listeners::bind_metrics(host, *port)?),
        None => None,
    };
    if options.web.is_some() {
        warn_of_bad_ports(&listeners);
    }
    let text = ready(&listeners, &options);
    let bridge = Bridge::new(options)?;
    #[cfg(feature = "metrics")]
    if let Some(listeners) = metrics_listener {
        metrics::serve(listeners, bridge.metrics_router()).map_err(ProgramError::Runtime)?;
    }
    output::print(&text);
    let (stop, stopped) = oneshot::channel::<()>();
    let ClientListeners { tcp, unix } = listeners;
    let unix_sockets = unix.sockets().map_err(ProgramError::Runtime)?;
    let mut serving = pin!(bridge.serve(tcp, unix_sockets, async {
        // Dropping the sender stops, too.
        let _ = stopped.await;
    }));
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            served = &mut serving => return Ok(served?),
            signal = signals.next() => match signal {
                Signal::Stop if stop.is_none() => return Ok(()),
                Signal::Stop => drop(stop.take()),
                Signal::Reload => reload(&bridge, command_line),
                Signal::Report => log::report(&bridge.core.statistics.to_string()),
            },
        }
    }
}

/// Reads the options again. If they cannot be used, the bridge keeps those that it has. It was started with those of `running`.
fn reload(bridge: &Bridge, running: &CommandLine) {
    let reloaded = read_options_again().and_then(|command_line| {
        bridge.reload(command_line.options()?)?;
        Ok(command_line)
    });
    match reloaded {
        Ok(command_line) => {
            log::report("the options were read again");
            let names = command_line.needing_new_start(running);
            if !names.is_empty() {
                tracing::warn!("restart the bridge to apply the new values of: {}", names.join(", "));
            }
        }
        Err(error) => tracing::warn!("cannot read the options again, keeping the old ones: {}", one_line(&error)),
    }
}

/// Adds the environment and the file as sources of options.
#[cfg(feature = "config")]
fn sources(command: Command) -> Result<Command, ProgramError> {
    Ok(config::with_sources(command)?)
}

#[cfg(not(feature = "config"))]
fn sources(command: Command) -> Result<Command, ProgramError> {
    Ok(command)
}

/// Lowers the limits of connections to what the limit of descriptors allows: a WebSocket needs two, and a connection over which
/// a file is sent.
fn fit_to_descriptors(options: Options, descriptors: Option<u64>) -> Options {
    let Some(descriptors) = descriptors else { return options };
    let connections = u64::from(options.max_connections.get());
    let with_two = match options.web {
        Some(_) => connections,
        None => connections.min(options.max_websockets.get().into()),
    };
    let reserved = OWN_DESCRIPTORS + u64::from(RESERVE);
    if connections + with_two + reserved <= descriptors {
        return options;
    }
    let allowed = u32::try_from(descriptors.saturating_sub(reserved) / 2).unwrap_or(u32::MAX);
    let allowed = NonZeroU32::new(allowed).unwrap_or(NonZeroU32::MIN);
    let text = format!("{descriptors} descriptors are enough for {allowed} connections, not for {connections}");
    if options.max_connections == Options::default().max_connections {
        tracing::info!("{text}");
    } else {
        tracing::warn!("{text}");
    }
    let max_connections = options.max_connections.min(allowed);
    Options { max_connections, max_websockets: options.max_websockets.min(allowed), ..options }
}

/// Warns of each port of a page to which no browser connects.
fn warn_of_bad_ports(listeners: &ClientListeners) {
    let interfaces = listeners.tcp.iter().flat_map(|listeners| &listeners.interfaces);
    for interface in interfaces {
        if let Err(bad) = bad_ports::check(interface.port) {
            tracing::warn!("the page cannot be opened: {bad}");
        }
    }
}

/// The lines that are printed once the bridge listens: where it listens, and a URL for each target.
fn ready(listeners: &ClientListeners, options: &Options) -> String {
    let mut text = listeners.tcp.as_ref().map(Listeners::ready).unwrap_or_default();
    for name in listeners.unix.names() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Ready and listening at '{name}'");
    }
    let Some(interface) = listeners.tcp.as_ref().and_then(|listeners| listeners.interfaces.first()) else {
        return text;
    };
    #[cfg(feature = "tls")]
    let scheme = if options.tls.is_some() { "wss" } else { "ws" };
    #[cfg(not(feature = "tls"))]
    let scheme = "ws";
    let host = interface.url_host();
    let port = interface.port;
    let base_path = &options.base_path;
    for (index, target) in options.targets.iter().enumerate() {
        let path = match &target.name {
            Some(name) if index > 0 => format!("/ws/{name}"),
            _ => "/ws".to_owned(),
        };
        let _ = writeln!(text, "Relaying {scheme}://{host}:{port}{base_path}{path} to {target}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_connections_are_lowered_to_what_descriptors_allow() {
        let reserved = OWN_DESCRIPTORS + u64::from(RESERVE);
        let limits_with = |web: Option<PathBuf>, max_connections: u32, max_websockets: u32, descriptors| {
            let options = Options {
                web,
                max_connections: max_connections.try_into().unwrap(),
                max_websockets: max_websockets.try_into().unwrap(),
                ..Options::default()
            };
            let fitted = fit_to_descriptors(options, descriptors);
            (fitted.max_connections.get(), fitted.max_websockets.get())
        };
        let limits = |max_connections, max_websockets, descriptors| {
            limits_with(None, max_connections, max_websockets, descriptors)
        };
        assert_eq!(limits(500, 500, None), (500, 500));
        assert_eq!(limits(500, 500, Some(reserved + 1000)), (500, 500));
        assert_eq!(limits(500, 500, Some(reserved + 999)), (499, 499));
        // Connections without a WebSocket need one descriptor.
        assert_eq!(limits(900, 100, Some(reserved + 1000)), (900, 100));
        // Those that get files need another one.
        assert_eq!(limits_with(Some("page".into()), 900, 100, Some(reserved + 1000)), (500, 100));
        assert_eq!(limits(500, 500, Some(10)), (1, 1));
    }
}
