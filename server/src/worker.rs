//! Worker processes of the processes design, seen from both sides.
//!
//! A worker is this same program, started again. Its standard input is its line to the process that
//! started it: over it come its orders and, beside them, the listeners and the memory to count in
//! (`SCM_RIGHTS`); the worker answers with one byte when it is ready. After that nothing is said any
//! more: the end of the line tells the worker to stop, and the other process that the worker is dead.

use std::env;
use std::io::{self, IoSlice, IoSliceMut, IsTerminal as _};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::{failure, log};
use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, Shutdown, SocketFlags, SocketType, recvmsg, sendmsg, shutdown, socketpair,
};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use crate::ServeError;
use crate::attendant::Attendant;
use crate::blocking::Door;
use crate::designs::one_at_a_time;
use crate::options::Options;
use crate::service::Service;
use crate::shared_memory::SharedTallies;
use crate::statistics::Statistics;
use crate::stop::Stop;

/// Is set for a worker, and for nobody else.
const VARIABLE: &str = "LAUNCELOT_WORKER";

/// More listeners than any name has addresses, and the memory.
const DESCRIPTORS_MAX: usize = 64;

/// More than the orders take.
const ORDERS_MAX_BYTES: usize = 256;

/// What a worker is told, beside what it is given.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    /// Where it counts.
    number: usize,
    idle_timeout: Option<Duration>,
    grace: Duration,
    think: Duration,
    /// How much it logs.
    verbosity: u8,
}

/// A worker, as the process that started it knows it. As a file descriptor it becomes readable when
/// there is [news](Self::news). To drop it kills it.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Child,
    line: OwnedFd,
}

/// What became of a worker.
#[derive(Debug)]
pub(crate) enum News {
    /// It is at the door.
    Ready,
    /// It is dead.
    Dead(ExitStatus),
}

impl Worker {
    /// Starts the worker of that number.
    pub(crate) fn start(number: usize, listeners: &Listeners, service: &Service) -> io::Result<Self> {
        if is_asked_for() {
            // The program that was started as a worker does not know that it is one. Without this it
            // would start itself for ever.
            return Err(io::Error::other("the program does not begin with `launcelot_server::worker::run_if_asked`"));
        }
        let program = service.options.worker_program.clone().map_or_else(env::current_exe, Ok)?;
        let (line, far_end) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let process = Command::new(program).env(VARIABLE, "1").stdin(far_end).stdout(Stdio::null()).spawn()?;
        let worker = Self { process, line };
        worker.send_orders(number, listeners, service)?;
        Ok(worker)
    }

    fn send_orders(&self, number: usize, listeners: &Listeners, service: &Service) -> io::Result<()> {
        let Options { idle_timeout, grace, ref think, .. } = service.options;
        let think = think.get();
        let verbosity = match LevelFilter::current() {
            LevelFilter::TRACE | LevelFilter::DEBUG => 2,
            LevelFilter::INFO => 1,
            _ => 0,
        };
        let orders = Orders { number, idle_timeout, grace, think, verbosity };
        let orders = postcard::to_allocvec(&orders).map_err(io::Error::other)?;
        let mut descriptors = vec![service.statistics.memory()];
        descriptors.extend(listeners.sockets.iter().map(AsFd::as_fd));
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut given = SendAncillaryBuffer::new(&mut space);
        if !given.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::Error::other("too many listeners for a worker"));
        }
        match sendmsg(&self.line, &[IoSlice::new(&orders)], &mut given, SendFlags::NOSIGNAL) {
            // It is dead already, and the news of it will say why.
            Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Hears what became of it; waits until there is something.
    pub(crate) fn news(&mut self) -> io::Result<News> {
        match rustix::io::read(&self.line, &mut [0; 1]) {
            Ok(1) => Ok(News::Ready),
            // An error is what the line of a worker becomes that was killed before it read its orders.
            _ => Ok(News::Dead(self.process.wait()?)),
        }
    }

    /// Tells it to stop. It fails only if it is dead already.
    pub(crate) fn tell_to_stop(&self) {
        let _ = shutdown(&self.line, Shutdown::Write);
    }
}

impl AsFd for Worker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // They fail only if it is dead and buried already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is a worker, if this process was started to be one, and returns its exit code at the end. A program
/// whose server may have the processes design calls this first of all.
pub fn run_if_asked() -> Option<ExitCode> {
    is_asked_for().then(|| failure::exit_code("launcelot worker", run()))
}

fn is_asked_for() -> bool {
    env::var_os(VARIABLE).is_some()
}

fn run() -> Result<(), ServeError> {
    let (orders, memory, listeners) = receive_orders().map_err(ServeError::Start)?;
    log::to_stderr(orders.verbosity);
    // It does not outlive the process that started it, however that one dies.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| ServeError::Start(error.into()))?;
    let line = io::stdin().as_fd().try_clone_to_owned().map_err(ServeError::Start)?;
    // A worker that is told to stop by a signal finishes in peace, and another takes its place.
    let stop_reading = line.try_clone().map_err(ServeError::Start)?;
    let stop_by_signal = move || {
        // It fails only if the other side has hung up already, which means the same.
        let _ = shutdown(&stop_reading, Shutdown::Read);
    };
    let attendant = Attendant::new().map_err(ServeError::Start)?;
    attendant.attend(stop_by_signal, None, None).map_err(ServeError::Start)?;

    let Orders { number, idle_timeout, grace, think, .. } = orders;
    let tallies = SharedTallies::from_memory(memory).map_err(ServeError::Start)?;
    let options = Options { idle_timeout, grace, think: think.into(), ..Options::default() };
    let service = Arc::new(Service { options, statistics: Statistics::inherited(tallies, number), observer: None });
    let door = Door::new(listeners, &service);
    rustix::io::write(&line, &[1]).map_err(|error| ServeError::Start(error.into()))?;
    one_at_a_time(door, &service, &Stop::from(line))
}

fn receive_orders() -> io::Result<(Orders, OwnedFd, Listeners)> {
    if io::stdin().is_terminal() {
        return Err(io::Error::other(format!("{VARIABLE} is set, but nobody gives orders")));
    }
    let mut orders = [0; ORDERS_MAX_BYTES];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut given = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(io::stdin(), &mut [IoSliceMut::new(&mut orders)], &mut given, RecvFlags::CMSG_CLOEXEC)?;
    let orders = postcard::from_bytes(&orders[..received.bytes]).map_err(io::Error::other)?;
    let mut descriptors = given.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    let memory = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
    let listeners = Listeners::inherited(descriptors.map(TcpListener::from).collect())?;
    Ok((orders, memory, listeners))
}
