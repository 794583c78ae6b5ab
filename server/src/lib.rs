//! The Launcelot server, in several designs that differ only in how they wait.
//!
//! [`serve`] takes listeners and serves their clients until it is told to stop. [`converse`] serves one client that has
//! been accepted already. The parts of the interface:
//!
//! - [`design`]: the names of the designs.
//! - [`options`]: the options of a server and their defaults.
//! - [`think_time`]: simulated work, which may change while the server runs.
//! - [`statistics`]: the counters of a server.
//! - [`stop`]: stopping a server from another thread.
//! - [`error`]: the errors that end a server.
//! - [`worker`]: the worker processes of the processes design.
//!
//! The implementation, from the top down:
//!
//! - `designs`: one file per design. Start reading here: a design's file says where the server waits, and little else.
//! - `blocking`: waiting in a thread with `poll(2)`: accept loop, connection limit, one client.
//! - `runtime`: waiting in a tokio runtime: accept loop, one task per client.
//! - `session`: one client from accept to close, on a stream that never blocks; the same for all designs.
//!
//! The program `launcelot-server`:
//!
//! - [`command_line`]: its arguments.
//! - [`program`]: listening, the "Ready" line, and the exit.
//! - `control`: signals, and the statistics over HTTP.
//!
//! ```
//! use launcelot_endpoint::listen::{BACKLOG, Listeners};
//! use launcelot_server::{Options, Statistics, Stop, serve};
//! use std::io::{Read, Write};
//!
//! let listeners = Listeners::bind("localhost", 0, BACKLOG)?;
//! let port = listeners.port;
//! let (stopper, stop) = Stop::pair()?;
//! let statistics = Statistics::new(&Options::default())?;
//! let counted = statistics.clone();
//! let server = std::thread::spawn(move || serve(listeners, &Options::default(), &counted, stop));
//!
//! let mut client = std::net::TcpStream::connect(("localhost", port))?;
//! client.write_all(b"What is your favorite color?")?;
//! let mut answer = [0; 5];
//! client.read_exact(&mut answer)?;
//! assert_eq!(&answer, b"Blue.");
//!
//! drop(client);
//! stopper.stop();
//! server.join().expect("the server did not panic")?;
//! assert_eq!(statistics.totals().questions, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blocking;
pub mod command_line;
mod control;
pub mod design;
mod designs;
pub mod error;
pub mod options;
pub mod program;
mod runtime;
mod session;
pub mod statistics;
pub mod stop;
pub mod think_time;
pub mod worker;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::observe::Observer;

use crate::session::service::Service;

pub use design::Design;
pub use error::ServeError;
pub use options::Options;
pub use statistics::Statistics;
pub use stop::{Stop, Stopper};
pub use think_time::ThinkTime;

/// Serves the clients of `listeners` until `stop` is requested. Then closes the listeners, lets open sessions finish within
/// [`Options::grace`], cuts off the sessions that are still open, and returns.
///
/// Blocks the calling thread, which must not belong to an async runtime.
///
/// # Errors
///
/// See [`ServeError`].
#[expect(clippy::needless_pass_by_value, reason = "a server that has returned must not be told to stop")]
pub fn serve(listeners: Listeners, options: &Options, statistics: &Statistics, stop: Stop) -> Result<(), ServeError> {
    designs::serve(listeners, &Service::new(options, statistics, None), &stop)
}

/// Serves like [`serve`] and reports every session to `observer`, except those of worker processes.
///
/// # Errors
///
/// See [`ServeError`].
#[expect(clippy::needless_pass_by_value, reason = "a server that has returned must not be told to stop")]
pub fn serve_observed(
    listeners: Listeners,
    options: &Options,
    statistics: &Statistics,
    observer: Arc<dyn Observer>,
    stop: Stop,
) -> Result<(), ServeError> {
    designs::serve(listeners, &Service::new(options, statistics, Some(observer)), &stop)
}

/// Serves one client until it disconnects, or until `stop` is requested and [`Options::grace`] has passed. `input` and
/// `output` may be one TCP socket, or a terminal, a pipe or a file each.
///
/// Blocks the calling thread. The design in `options` does not matter.
///
/// # Errors
///
/// See [`ServeError`].
#[expect(clippy::needless_pass_by_value, reason = "a server that has returned must not be told to stop")]
pub fn converse(
    input: OwnedFd,
    output: OwnedFd,
    options: &Options,
    statistics: &Statistics,
    stop: Stop,
) -> Result<(), ServeError> {
    designs::inetd::serve(input, output, &Service::new(options, statistics, None), &stop)
}
