//! The program around the server: listening, the "Ready" line, and stopping on signals.

use std::io;
use std::os::fd::AsFd as _;
use std::{fs, process};

use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::{descriptors, output};
use rustix::fs::fstat;
use thiserror::Error;

use crate::command_line::{CommandLine, DesignName};
use crate::control::Control;
use crate::error::ServeError;
use crate::options::Options;
use crate::statistics::Statistics;
use crate::stop::Stop;

/// An error that ends the program.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// The program cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system does not deliver signals to the program.
    #[error("cannot handle signals")]
    Signals(#[source] io::Error),
    /// The server failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Runs the server that the command line describes, until a signal stops it, or until the only client of the inetd design
/// has disconnected.
///
/// # Errors
///
/// See [`ProgramError`].
pub fn run(command_line: &CommandLine) -> Result<(), ProgramError> {
    descriptors::raise_limit();
    if command_line.design != DesignName::Inetd {
        descriptors::reserve(command_line.max_connections.get().into());
    }
    let control = Control::new().map_err(ProgramError::Signals)?;
    let options = command_line.options();
    let statistics = Statistics::new(&options).map_err(ServeError::Start)?;
    if command_line.design == DesignName::Inetd {
        run_for_one_client(control, &options, &statistics)
    } else {
        listen_and_serve(command_line, control, &options, &statistics)
    }
}

fn run_for_one_client(control: Control, options: &Options, statistics: &Statistics) -> Result<(), ProgramError> {
    keep_log_from_client();
    let stop = start_control(control, statistics, None)?;
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
    let output = io::stdout().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
    Ok(crate::converse(input, output, options, statistics, stop)?)
}

fn listen_and_serve(
    command_line: &CommandLine,
    control: Control,
    options: &Options,
    statistics: &Statistics,
) -> Result<(), ProgramError> {
    let listeners = command_line.listen()?;
    let mut ready = listeners.ready();
    let mut metrics_listeners = None;
    if let Some((host, port)) = &command_line.metrics {
        let listeners = Listeners::bind(host, *port, BACKLOG)?;
        for interface in &listeners.interfaces {
            ready.push_str(&format!("Statistics at http://{}:{}/metrics\n", interface.url_host(), interface.port));
        }
        metrics_listeners = Some(listeners);
    }
    let stop = start_control(control, statistics, metrics_listeners)?;
    for address in listeners.addresses().map_err(ServeError::Start)? {
        tracing::info!(%address, "listening");
    }
    output::print(&ready);
    Ok(crate::serve(listeners, options, statistics, stop)?)
}

/// Starts the control thread, and returns the stop that the thread requests when it receives SIGINT or SIGTERM.
fn start_control(
    control: Control,
    statistics: &Statistics,
    metrics_listeners: Option<Listeners>,
) -> Result<Stop, ProgramError> {
    let (stopper, stop) = Stop::pair().map_err(ProgramError::Signals)?;
    let request_stop = move || stopper.stop();
    control.start(request_stop, Some(statistics.clone()), metrics_listeners).map_err(ProgramError::Signals)?;
    Ok(stop)
}

/// Redirects standard error to `/dev/null` if it is the client's socket, as it is under inetd. The client must not receive
/// the log.
fn keep_log_from_client() {
    let (Ok(input), Ok(errors)) = (fstat(io::stdin()), fstat(io::stderr())) else {
        return;
    };
    let is_socket = rustix::net::sockopt::socket_type(io::stdin()).is_ok();
    let is_same = (input.st_dev, input.st_ino) == (errors.st_dev, errors.st_ino);
    if is_socket && is_same {
        let redirected = fs::File::options().write(true).open("/dev/null").map(rustix::stdio::dup2_stderr);
        if !matches!(redirected, Ok(Ok(()))) {
            // An error message would be sent to the client.
            process::exit(1);
        }
    }
}
