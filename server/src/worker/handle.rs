//! A worker process as the first process sees it.

use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};

use launcelot_endpoint::listen::Listeners;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};
use tracing::level_filters::LevelFilter;

use crate::session::service::Service;
use crate::worker::config::{WORKER_VARIABLE, WorkerConfig, is_worker};

/// A running worker process. As a file descriptor it becomes readable when there is an [event](Self::next_event).
/// Dropping it kills and reaps the process.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Child,
    socket: OwnedFd,
}

#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// The worker accepts connections.
    Ready,
    /// The worker has exited and has been reaped.
    Exited(ExitStatus),
}

impl Worker {
    /// Starts a worker that counts in the tally with this number.
    pub(crate) fn start(number: usize, listeners: &Listeners, service: &Service) -> io::Result<Self> {
        if is_worker() {
            // The program does not know that it is a worker, so each worker would start workers of its own.
            let reason = "the program must call `launcelot_server::worker::run_if_worker` first in `main`";
            return Err(io::Error::other(reason));
        }
        let program = match &service.options.worker_program {
            Some(program) => program.clone(),
            None => env::current_exe()?,
        };
        let (socket, stdin) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let mut command = Command::new(&program);
        command.env(WORKER_VARIABLE, "1").stdin(stdin).stdout(Stdio::null());
        let process = command.spawn().map_err(|error| with_path(&program, &error))?;
        let worker = Self { process, socket };
        worker.configure(number, listeners, service)?;
        Ok(worker)
    }

    fn configure(&self, number: usize, listeners: &Listeners, service: &Service) -> io::Result<()> {
        let options = &service.options;
        let verbosity = match LevelFilter::current() {
            LevelFilter::TRACE | LevelFilter::DEBUG => 2,
            LevelFilter::INFO => 1,
            _ => 0,
        };
        let config = WorkerConfig {
            number,
            idle_timeout: options.idle_timeout,
            grace: options.grace,
            think: options.think.get(),
            verbosity,
        };
        match config.send(&self.socket, service.statistics.memory(), listeners) {
            // The worker is dead already. The next event will say so, with its exit status.
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
            result => result,
        }
    }

    /// Waits for the next event and returns it.
    pub(crate) fn next_event(&mut self) -> io::Result<WorkerEvent> {
        loop {
            match rustix::io::read(&self.socket, &mut [0; 1]) {
                Ok(1) => return Ok(WorkerEvent::Ready),
                // ECONNRESET: the worker was killed before it read its configuration.
                Ok(_) | Err(Errno::CONNRESET) => return Ok(WorkerEvent::Exited(self.process.wait()?)),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes the worker stop as if by a signal: it finishes its session within the grace period.
    pub(crate) fn request_stop(&self) {
        // Fails only if the worker is dead already.
        let _ = shutdown(&self.socket, Shutdown::Write);
    }
}

fn with_path(program: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot run {}: {error}", program.display()))
}

impl AsFd for Worker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only if the process has been reaped already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
