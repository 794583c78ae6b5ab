//! What can be chosen about a server.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::designs::Design;
use crate::think_time::ThinkTime;

/// How a server serves. Made from the command line by
/// [`CommandLine::options`](crate::command_line::CommandLine::options).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How it waits.
    pub design: Design,
    /// How many connections may be open at once; further clients wait to be accepted.
    pub max_connections: NonZeroU32,
    /// How many workers the designs with workers have, threads or processes.
    pub workers: NonZeroU32,
    /// The program that the processes design starts as its workers: it must call
    /// [`run_if_asked`](crate::worker::run_if_asked) first of all. `None` for this very program.
    pub worker_program: Option<PathBuf>,
    /// How many threads share the tasks of the async and per-core designs; `None` for as many as
    /// the design chooses.
    pub threads: Option<NonZeroU32>,
    /// After how long without a byte in either direction a connection is closed; `None` for never.
    pub idle_timeout: Option<Duration>,
    /// How long each answer takes: simulated work, which blocks whatever it would block in that
    /// design. Zero for none; async code counts it in milliseconds, rounded up. It may change while the server serves.
    pub think: ThinkTime,
    /// How long open conversations may go on when the server has been told to stop.
    pub grace: Duration,
}

/// Far above what a class-room needs; silent, they take some 15 MiB together.
pub(crate) const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(10_000).expect("10,000 is not zero");

/// As many as in the book from which the designs come.
pub(crate) const WORKERS: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");

/// Long enough for a person who types the questions.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Half of what service managers commonly allow before they kill.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

impl Default for Options {
    fn default() -> Self {
        Self {
            design: Design::default(),
            max_connections: MAX_CONNECTIONS,
            workers: WORKERS,
            worker_program: None,
            threads: None,
            think: ThinkTime::default(),
            idle_timeout: Some(IDLE_TIMEOUT),
            grace: GRACE,
        }
    }
}
