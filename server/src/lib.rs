//! Who answers: the Launcelot server, in several designs that differ only in how they wait.
//!
//! [`serve`] takes listeners and serves whoever comes until it is told to stop; [`converse`] serves a
//! client whom somebody else has let in. Around them:
//!
//! - [`options`]: what can be chosen, with its defaults.
//! - [`think_time`]: how long each answer takes, which may change meanwhile.
//! - [`statistics`]: what is counted meanwhile.
//! - [`stop`]: how a server is told to stop, from another thread.
//! - [`designs`]: the list of designs, and one file for each. Read these first: a design's file says
//!   who waits where, and little else.
//!
//! What all designs share, because none of it is about waiting:
//!
//! - `session`: one client from its coming to its going, on a `stream` that never blocks.
//! - `service`: what all clients of one server share.
//! - `reporter`: reports conversations to an observer.
//! - `ending` and `peer`: how a conversation ended and whose it was, for the log.
//! - `accepting`: what to do when a connection cannot be accepted.
//! - `blocking`: waiting in a thread, by `poll(2)`.
//! - `runtime` and `task`: waiting in a runtime of tokio.
//! - [`worker`]: worker processes, and the `shared_memory` in which they count.
//!
//! And the program, `launcelot-server`:
//!
//! - [`command_line`]: its arguments.
//! - [`program`]: the ready line and the exit.
//! - `attendant`: signals and the statistics beside the serving; `metrics`: how they read.
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

mod accepting;
mod attendant;
mod blocking;
pub mod command_line;
pub mod designs;
mod ending;
mod metrics;
pub mod options;
mod peer;
pub mod program;
mod reporter;
mod runtime;
mod service;
mod session;
mod shared_memory;
pub mod statistics;
pub mod stop;
mod stream;
mod task;
pub mod think_time;
pub mod worker;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::observe::Observer;
use thiserror::Error;

use crate::service::Service;

pub use designs::Design;
pub use options::Options;
pub use statistics::Statistics;
pub use stop::{Stop, Stopper};
pub use think_time::ThinkTime;

/// Why a server gave up. What one client does is never a reason.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It could not begin: no threads, or no descriptors for its own use.
    #[error("cannot start to serve")]
    Start(#[source] io::Error),
    /// The system refuses to wait for clients.
    #[error("cannot wait for clients")]
    Wait(#[source] io::Error),
    /// A listener is broken for good.
    #[error("cannot accept connections")]
    Accept(#[source] io::Error),
}

/// Serves until `stop` is requested. Then it closes the listeners, lets open conversations finish
/// within [`Options::grace`], cuts the others, and returns.
///
/// It blocks the thread that calls it, which must not belong to an async runtime.
///
/// # Errors
///
/// See [`ServeError`].
#[expect(clippy::needless_pass_by_value, reason = "a server that has returned must not be told to stop")]
pub fn serve(listeners: Listeners, options: &Options, statistics: &Statistics, stop: Stop) -> Result<(), ServeError> {
    options.design.serve(listeners, &Service::new(options, statistics, None), &stop)
}

/// The same, while `observer` is told what happens in every conversation but those of worker processes.
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
    options.design.serve(listeners, &Service::new(options, statistics, Some(observer)), &stop)
}

/// Serves the one client at `input` and `output`, until it leaves or until `stop` is requested and the
/// grace is over. They may be one TCP socket, or a terminal, a pipe or a file each.
///
/// It blocks the thread that calls it. The design of `options` does not matter.
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
