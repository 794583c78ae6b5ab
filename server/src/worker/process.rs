//! The main function of a worker process.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::Arc;

use launcelot_endpoint::{failure, log};
use rustix::net::{Shutdown, shutdown};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::blocking::acceptor::Acceptor;
use crate::control::Control;
use crate::designs::simple::serve_one_at_a_time;
use crate::error::ServeError;
use crate::options::Options;
use crate::session::service::Service;
use crate::statistics::Statistics;
use crate::statistics::shared_memory::SharedTallies;
use crate::stop::Stop;
use crate::worker::config::{Received, WORKER_VARIABLE, WorkerConfig, is_worker};

/// Runs as a worker and returns the exit code, if this process was started as a worker. Returns `None` otherwise.
///
/// Programs that may serve with [`Design::Processes`](crate::Design::Processes) call this first in `main`.
pub fn run_if_worker() -> Option<ExitCode> {
    is_worker().then(|| failure::exit_code("launcelot worker", run()))
}

fn run() -> Result<(), ServeError> {
    let Received { config, memory, listeners } = receive_config().map_err(ServeError::Start)?;
    log::to_stderr(config.verbosity);
    // The worker must not outlive the first process, even if that one is killed.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| ServeError::Start(error.into()))?;
    let socket = io::stdin().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
    // A worker that a signal stops finishes its session, and the first process starts another worker.
    let stop_socket = socket.try_clone().map_err(ServeError::Start)?;
    let stop_by_signal = move || {
        // Fails only if the first process has closed its side, which stops the worker as well.
        let _ = shutdown(&stop_socket, Shutdown::Read);
    };
    let control = Control::new().map_err(ServeError::Start)?;
    control.start(stop_by_signal, None, None).map_err(ServeError::Start)?;

    let tallies = SharedTallies::from_memory(memory).map_err(ServeError::Start)?;
    let statistics = Statistics::inherited(tallies, config.number);
    let options = Options {
        idle_timeout: config.idle_timeout,
        grace: config.grace,
        think: config.think.into(),
        ..Options::default()
    };
    let service = Arc::new(Service { options, statistics, observer: None });
    let acceptor = Acceptor::new(listeners, &service);
    rustix::io::write(&socket, &[1]).map_err(|error| ServeError::Start(error.into()))?;
    serve_one_at_a_time(acceptor, &service, &Stop::from(socket))
}

fn receive_config() -> io::Result<Received> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let reason = format!("{WORKER_VARIABLE} is set, but standard input is a terminal and not a worker's socket");
        return Err(io::Error::other(reason));
    }
    WorkerConfig::receive(stdin)
}
