//! The program around the server: listen, say so, stop on signals.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::{fs, process};

use launcelot_endpoint::descriptors;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use listenfd::ListenFd;
use rustix::fs::fstat;
use thiserror::Error;

use crate::ServeError;
use crate::attendant::Attendant;
use crate::command_line::{CommandLine, DesignName};
use crate::statistics::Statistics;
use crate::stop::Stop;

/// Why the program failed.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It could not listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// There are no listeners to take over.
    #[error("no listeners to take over: LISTEN_FDS and LISTEN_PID do not name any for this process")]
    NoListeners,
    /// What it was given to take over is no TCP listener, or another failure of the system.
    #[error("cannot take over the listeners")]
    TakeOver(#[source] io::Error),
    /// It could not catch the signals that stop it.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// It listened, but could not serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves as the command line says, until a signal stops it.
///
/// # Errors
///
/// See [`ProgramError`].
pub fn run(command_line: &CommandLine) -> Result<(), ProgramError> {
    descriptors::raise_limit();
    let attendant = Attendant::new().map_err(ProgramError::Signals)?;
    let (stopper, stop) = Stop::pair().map_err(ProgramError::Signals)?;
    let options = command_line.options();
    let statistics = Statistics::new(&options).map_err(ServeError::Start)?;
    let attend = |metrics| {
        attendant.attend(move || stopper.stop(), Some(statistics.clone()), metrics).map_err(ProgramError::Signals)
    };
    if command_line.design == DesignName::Inetd {
        keep_log_from_client();
        attend(None)?;
        let input = io::stdin().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
        let output = io::stdout().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
        return Ok(crate::converse(input, output, &options, &statistics, stop)?);
    }
    let CommandLine { interface, port, backlog, metrics, .. } = command_line;
    let (interface, listeners) = if command_line.listen_fds {
        take_over()?
    } else {
        (interface.clone(), Listeners::bind(interface, *port, *backlog)?)
    };
    let metrics = metrics.as_ref().map(|(host, port)| Listeners::bind(host, *port, BACKLOG)).transpose()?;
    let mut ready = format!("Ready and listening at '{interface}' port {}\n", listeners.port);
    if let (Some(metrics), Some((host, _))) = (&metrics, &command_line.metrics) {
        ready.push_str(&format!("Statistics at http://{host}:{}/metrics\n", metrics.port));
    }
    attend(metrics)?;
    say(&ready, listeners.port);
    Ok(crate::serve(listeners, &options, &statistics, stop)?)
}

/// Nobody may be there to read it; the server serves all the same.
fn say(ready: &str, port: u16) {
    let mut output = io::stdout();
    if let Err(error) = output.write_all(ready.as_bytes()).and_then(|()| output.flush()) {
        tracing::info!("ready, but cannot say so ({error}), port={port}");
    }
}

/// The listeners that systemd passes to a process (sd_listen_fds(3)), and the address of the first.
fn take_over() -> Result<(String, Listeners), ProgramError> {
    let mut given = ListenFd::from_env();
    let sockets = (0..given.len()).filter_map(|index| given.take_tcp_listener(index).transpose());
    let sockets = sockets.collect::<io::Result<Vec<_>>>().map_err(ProgramError::TakeOver)?;
    if sockets.is_empty() {
        return Err(ProgramError::NoListeners);
    }
    let listeners = Listeners::inherited(sockets).map_err(ProgramError::TakeOver)?;
    let addresses = listeners.addresses().map_err(ProgramError::TakeOver)?;
    Ok((addresses[0].ip().to_string(), listeners))
}

/// An inetd gives its client's socket as standard error too. The client has not asked for a log.
fn keep_log_from_client() {
    let (Ok(input), Ok(errors)) = (fstat(io::stdin()), fstat(io::stderr())) else { return };
    let is_socket = rustix::net::sockopt::socket_type(io::stdin()).is_ok();
    if is_socket && (input.st_dev, input.st_ino) == (errors.st_dev, errors.st_ino) {
        // Better no server than one that says what nobody asked.
        let silenced = fs::File::options().write(true).open("/dev/null").map(rustix::stdio::dup2_stderr);
        if !matches!(silenced, Ok(Ok(()))) {
            process::exit(1);
        }
    }
}
