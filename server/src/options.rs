//! The options of a server.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::design::Design;
use crate::think_time::ThinkTime;

/// The options of a server. [`CommandLine::options`](crate::command_line::CommandLine::options) makes them from the
/// command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The design: how the server waits for its clients.
    pub design: Design,
    /// Maximum number of open connections. Further clients wait in the backlog.
    pub max_connections: NonZeroU32,
    /// The number of workers of the workers design (threads) and of the processes design.
    pub workers: NonZeroU32,
    /// The program that the processes design starts as its workers, which must call
    /// [`run_if_worker`](crate::worker::run_if_worker) first in `main`. `None` for the running program.
    pub worker_program: Option<PathBuf>,
    /// The number of threads that run the tasks of the async and per-core designs. `None` lets the design choose.
    pub threads: Option<NonZeroU32>,
    /// The time without a byte in either direction after which a connection is closed. `None` for no timeout.
    pub idle_timeout: Option<Duration>,
    /// The duration of simulated work on each answer, which blocks what real work would block in the design. The async and
    /// per-core designs round it up to milliseconds.
    pub think: ThinkTime,
    /// The time for which open sessions may continue after a stop request.
    pub grace: Duration,
}

/// The default limit of open connections: far more than a classroom needs. 10,000 silent connections take about 15 MiB.
pub(crate) const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(10_000).expect("10,000 is not zero");

/// The default number of workers: that of the book from which the designs come.
pub(crate) const WORKERS: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");

/// The default idle timeout: long enough for a person who types the questions.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The default grace period: half of the 10 s that container engines commonly allow before they kill a process.
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
