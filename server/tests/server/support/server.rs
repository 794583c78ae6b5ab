//! A server on a thread of the test.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_endpoint::observe::Observer;
use launcelot_server::{Design, Options, ServeError, Statistics, Stop, Stopper, serve, serve_observed};
use launcelot_testing::wait::join;

use super::{Client, Program};

/// A server on a thread of this process. Dropping it stops the server, which must not fail.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) stopper: Stopper,
    pub(crate) statistics: Statistics,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    /// Starts a server without a grace period.
    pub(crate) fn start(design: Design) -> Self {
        Self::with(Options { design, grace: Duration::ZERO, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::run(options, serve)
    }

    pub(crate) fn observed(options: Options, observer: Arc<dyn Observer>) -> Self {
        Self::run(options, move |listeners, options, statistics, stop| {
            serve_observed(listeners, options, statistics, observer, stop)
        })
    }

    fn run(
        mut options: Options,
        serve: impl FnOnce(Listeners, &Options, &Statistics, Stop) -> Result<(), ServeError> + Send + 'static,
    ) -> Self {
        options.worker_program = Some(Program::PATH.into());
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let port = listeners.port;
        let (stopper, stop) = Stop::pair().unwrap();
        let statistics = Statistics::new(&options).unwrap();
        let counted = statistics.clone();
        let thread = std::thread::spawn(move || serve(listeners, &options, &counted, stop));
        Self { port, stopper, statistics, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port)
    }

    /// Waits until the server has stopped.
    pub(crate) fn join(mut self) {
        join(self.thread.take().unwrap(), "the server to stop").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            if !std::thread::panicking() {
                result.unwrap().unwrap();
            }
        }
    }
}
