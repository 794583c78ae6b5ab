//! The program around the bridge: read the options, listen, print that it is ready, obey signals.

mod listeners;
mod log;
mod runtime;
mod signals;

use std::fmt::Write as _;
use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::pin::pin;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, FromArgMatches as _};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::{command_line as endpoint_command_line, descriptors, output};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::bridge::Bridge;
use crate::command_line::{CommandLine, FileError};
#[cfg(feature = "config")]
use crate::config::{self, ConfigError};
use crate::limits::RESERVE;
use crate::options::{Options, OptionsError, Target};
use crate::serve::ServeError;
use listeners::UnixListeners;
use signals::{Signal, Signals};

/// The port to listen on where an address has none.
const PORT: u16 = 8080;

/// How many descriptors the program needs besides those of its connections.
const OWN_DESCRIPTORS: u64 = 32;

/// Why the program failed.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// A file of options cannot be used.
    #[cfg(feature = "config")]
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    let command_line = read_options(true)?;
    log::to_stderr(command_line.log_format, command_line.verbosity.verbose);
    let options = command_line.options()?;
    match options.check() {
        Err(error @ OptionsError::NoDirectory(_)) => return Err(error.into()),
        Err(error) => CommandLine::command().error(ErrorKind::ValueValidation, error).exit(),
        Ok(()) => {}
    }
    let options = fit_to_descriptors(options, descriptors::raise_limit());
    let runtime = runtime::build(command_line.threads).map_err(ProgramError::Runtime)?;
    let result = runtime.block_on(serve_until_stopped(&command_line, options));
    // Does not wait for a name that is being looked up.
    runtime.shutdown_background();
    result
}

/// Reads the options from the command line, the environment and the file. At the start, `--print-config` is obeyed.
fn read_options(is_start: bool) -> Result<CommandLine, ProgramError> {
    let command = sources(CommandLine::command())?;
    let matches = if is_start {
        endpoint_command_line::matches_of(command.clone())
    } else {
        command.clone().try_get_matches().unwrap_or_else(|_| endpoint_command_line::matches_of(command.clone()))
    };
    let command_line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    #[cfg(feature = "config")]
    if is_start && command_line.print_config {
        output::print(&config::print(&command, &matches));
        std::process::exit(0);
    }
    Ok(command_line)
}

async fn serve_until_stopped(command_line: &CommandLine, options: Options) -> Result<(), ProgramError> {
    let mut signals = Signals::catch().map_err(ProgramError::Signals)?;
    let listeners = command_line.listen.bind(PORT, BACKLOG)?;
    let unix_listeners = UnixListeners::bind(&command_line.listen_unix)?;
    #[cfg(feature = "metrics")]
    let metrics_listener = match &command_line.metrics {
        Some((host, port)) => Some(Listeners::bind(host, *port, BACKLOG)?),
        None => None,
    };
    let text = ready(&listeners, &unix_listeners, &options.targets);
    let bridge = Bridge::new(options)?;
    #[cfg(feature = "metrics")]
    if let Some(listener) = metrics_listener {
        listeners::serve_metrics(listener, &bridge.metrics_router())?;
    }
    output::print(&text);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = pin!(bridge.serve(listeners, unix_listeners.sockets()?, async {
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
                Signal::Reload => reload(&bridge),
                Signal::Report => log::report(&bridge.core.statistics.to_string()),
            },
        }
    }
}

/// Reads the options again. If they cannot be used, the bridge keeps those that it has.
fn reload(bridge: &Bridge) {
    let reloaded = read_again().and_then(|options| Ok(bridge.reload(options)?));
    match reloaded {
        Ok(()) => log::report("the options were read again"),
        Err(error) => tracing::warn!("cannot read the options again, keeping the old ones: {}", one_line(&error)),
    }
}

fn read_again() -> Result<Options, ProgramError> {
    Ok(read_options(false)?.options()?)
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

/// Lowers the limits of connections to what the limit of descriptors allows: a WebSocket needs two.
fn fit_to_descriptors(options: Options, descriptors: Option<u64>) -> Options {
    let Some(descriptors) = descriptors else { return options };
    let connections = u64::from(options.max_connections.get());
    let websockets = connections.min(options.max_websockets.get().into());
    let reserved = OWN_DESCRIPTORS + u64::from(RESERVE);
    if connections + websockets + reserved <= descriptors {
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

/// The lines that are printed once the bridge listens: where it listens, and a URL for each target.
fn ready(listeners: &Listeners, unix_listeners: &UnixListeners, targets: &[Target]) -> String {
    let mut text = listeners.ready();
    for path in unix_listeners.paths() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Ready and listening at '{}'", path.display());
    }
    let Some(interface) = listeners.interfaces.first() else { return text };
    let host = interface.url_host();
    let port = interface.port;
    for (index, target) in targets.iter().enumerate() {
        let path = match &target.name {
            Some(name) if index > 0 => format!("/ws/{name}"),
            _ => "/ws".to_owned(),
        };
        let _ = writeln!(text, "Relaying ws://{host}:{port}{path} to {target}");
    }
    text
}
