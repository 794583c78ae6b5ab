//! The program around the bridge: listen, print that it is ready, stop on signals.

use std::fmt::Write as _;
use std::io;
use std::num::NonZeroU32;
use std::pin::pin;

use launcelot_endpoint::command_line::ListenOptions;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::stop::StopSignals;
use launcelot_endpoint::{descriptors, output};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::limits::RESERVE;
use crate::options::{Options, Target};
use crate::serve::{ServeError, serve};

/// The port to listen on where an address has none.
const PORT: u16 = 8080;

/// How many descriptors the program needs besides those of its connections.
const OWN_DESCRIPTORS: u64 = 32;

/// Why the program failed.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It could not listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It listened, but could not serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The event loop could not be created.
    #[error("cannot create an event loop")]
    Runtime(#[source] io::Error),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for SIGINT and SIGTERM")]
    Signals(#[source] io::Error),
}

/// Runs a bridge until a signal stops it; a second signal ends it at once.
///
/// # Errors
///
/// See [`ProgramError`].
pub fn run(listen: &ListenOptions, options: Options) -> Result<(), ProgramError> {
    let options = fit_to_descriptors(options, descriptors::raise_limit());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ProgramError::Runtime)?;
    let result = runtime.block_on(serve_until_stopped(listen, options));
    // Does not wait for a name that is being looked up.
    runtime.shutdown_background();
    result
}

async fn serve_until_stopped(listen: &ListenOptions, options: Options) -> Result<(), ProgramError> {
    let mut signals = StopSignals::catch().map_err(ProgramError::Signals)?;
    let listeners = listen.bind(PORT, BACKLOG)?;
    output::print(&ready(&listeners, &options.targets));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = pin!(serve(listeners, options, async {
        // Dropping the sender stops, too.
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
fn ready(listeners: &Listeners, targets: &[Target]) -> String {
    let mut text = listeners.ready();
    let Some(interface) = listeners.interfaces.first() else { return text };
    let host = interface.url_host();
    let port = interface.port;
    for (index, target) in targets.iter().enumerate() {
        let path = match &target.name {
            Some(name) if index > 0 => format!("/ws/{name}"),
            _ => "/ws".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Relaying ws://{host}:{port}{path} to {target}");
    }
    text
}
