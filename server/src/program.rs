//! The program around the server: listen, say so, stop on signals.

use std::io::{self, Write as _};
use std::thread;

use launcelot_endpoint::descriptors;
use launcelot_endpoint::listen::{ListenError, Listeners};
use launcelot_endpoint::stop::StopSignals;
use thiserror::Error;

use crate::ServeError;
use crate::command_line::CommandLine;
use crate::statistics::Statistics;
use crate::stop::Stop;

/// Why the program failed.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It could not listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    let stop = stop_on_signals().map_err(ProgramError::Signals)?;
    let CommandLine { interface, port, backlog, .. } = command_line;
    let listeners = Listeners::bind(interface, *port, *backlog)?;
    say_ready(interface, listeners.port);
    let options = command_line.options();
    let statistics = Statistics::new(&options).map_err(ServeError::Start)?;
    crate::serve(listeners, &options, &statistics, stop)?;
    Ok(())
}

/// Nobody may be there to read it; the server serves all the same.
fn say_ready(interface: &str, port: u16) {
    let mut output = io::stdout();
    let said = writeln!(output, "Ready and listening at '{interface}' port {port}").and_then(|()| output.flush());
    if let Err(error) = said {
        tracing::info!("ready, but cannot say so ({error}), port={port}");
    }
}

/// The first signal requests the stop; at the second, whoever sent it has had enough of waiting.
fn stop_on_signals() -> io::Result<Stop> {
    let (stopper, stop) = Stop::pair()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch()?
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            stopper.stop();
            signals.next().await;
        });
        std::process::exit(0);
    })?;
    Ok(stop)
}
