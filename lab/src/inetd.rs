//! A super-server like inetd(8): it listens, and starts a program for each connection, with the connection as the
//! program's standard input and output.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use launcelot_endpoint::accept::{AcceptErrors, Retry};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::BACKLOG;
use nix::time::{ClockId, clock_gettime};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::listen;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The epoll token of the listener. A program's token is its process ID, which is larger than `LISTENER_TOKEN` and
/// `STOP_TOKEN`.
const LISTENER_TOKEN: u64 = 0;

/// The epoll token of the pipe whose closing stops the thread. Process 1 is init, which is never a child.
const STOP_TOKEN: u64 = 1;

/// A super-server on a thread of its own. Dropping it stops the thread, and kills and reaps the running programs.
#[derive(Debug)]
pub struct SuperServer {
    /// The address at which the super-server listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    stop: Option<OwnedFd>,
}

/// What the thread shares with its owner.
#[derive(Debug, Default)]
struct Shared {
    programs: Mutex<Programs>,
    /// Why the last connection that was not served got no program, or why the thread ended.
    failure: Mutex<Option<String>>,
    /// The processor time of the thread, in nanoseconds.
    processor_ns: AtomicU64,
}

/// The running programs by process ID, each with its pidfd.
type Programs = HashMap<u32, (Child, OwnedFd)>;

impl SuperServer {
    /// Listens on a free port of 127.0.0.1, and starts the program that `command` returns for each connection. A connection for which
    /// no program can be started is closed.
    ///
    /// # Errors
    ///
    /// If listening fails, or the thread cannot be started.
    pub fn start(command: impl Fn() -> Command + Send + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        // The standard library's backlog is 128. Starting a program takes longer than connecting, and the SYN of a client
        // that finds the backlog full is sent again only after a second.
        listen(&listener, BACKLOG.try_into().unwrap_or(i32::MAX))?;
        let address = listener.local_addr()?;
        let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER_TOKEN), EventFlags::IN)?;
        epoll::add(&epoll, &stopped, EventData::new_u64(STOP_TOKEN), EventFlags::IN)?;
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("super-server".to_owned()).spawn(move || {
            // Dropping the `SuperServer` closes the writing end, which stops this thread. The reading end must be open until then.
            let _stopped = stopped;
            if let Err(error) = serve(&listener, &epoll, &of_thread, &command) {
                of_thread.failed(&error);
            }
        })?;
        Ok(Self { address, shared, thread: Some(thread), stop: Some(stop) })
    }

    /// Returns the process IDs of the running programs.
    pub fn processes(&self) -> Vec<u32> {
        lock(&self.shared.programs).keys().copied().collect()
    }

    /// Returns why a connection was not served; `None` if all of them were.
    pub fn failure(&self) -> Option<String> {
        lock(&self.shared.failure).clone()
    }

    /// Returns the processor time that the super-server itself has used until its last pause.
    pub fn processor_time(&self) -> Duration {
        Duration::from_nanos(self.shared.processor_ns.load(Ordering::Relaxed))
    }
}

impl Drop for SuperServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for (program, _) in lock(&self.shared.programs).values_mut() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Shared {
    fn failed(&self, error: &io::Error) {
        let failure = format!("could not serve a connection: {}", one_line(error));
        if lock(&self.failure).replace(failure.clone()).is_none() {
            tracing::warn!("the super-server {failure}");
        }
    }

    fn note_processor_time(&self) {
        let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
        self.processor_ns.store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

fn serve(listener: &TcpListener, epoll: &OwnedFd, shared: &Shared, command: &impl Fn() -> Command) -> io::Result<()> {
    let mut events = Vec::with_capacity(64);
    let mut errors = AcceptErrors::default();
    loop {
        events.clear();
        shared.note_processor_time();
        rustix::io::retry_on_intr(|| epoll::wait(epoll, spare_capacity(&mut events), None))?;
        for event in &events {
            match event.data.u64() {
                LISTENER_TOKEN => match listener.accept() {
                    Ok((connection, _)) => {
                        errors.accepted();
                        if let Err(error) = start_program(connection, epoll, shared, command) {
                            shared.failed(&error);
                        }
                    }
                    Err(error) => match errors.failed(&error, Instant::now()) {
                        Retry::AtOnce => {}
                        Retry::After(pause) => {
                            shared.failed(&error);
                            thread::sleep(pause);
                        }
                        Retry::Never => return Err(error),
                    },
                },
                STOP_TOKEN => return Ok(()),
                process => {
                    let process = u32::try_from(process).unwrap_or_default();
                    if let Some((mut program, _)) = lock(&shared.programs).remove(&process) {
                        program.wait()?;
                    }
                }
            }
        }
    }
}

/// Starts the program of a connection.
fn start_program(
    connection: TcpStream,
    epoll: &OwnedFd,
    shared: &Shared,
    command: &impl Fn() -> Command,
) -> io::Result<()> {
    // Locked before the program starts, so that `processes` returns the program once its client has an answer.
    let mut running = lock(&shared.programs);
    let mut program = command()
        .stdin(OwnedFd::from(connection.try_clone()?))
        .stdout(Stdio::from(OwnedFd::from(connection)))
        .spawn()?;
    match watch(&program, epoll) {
        Ok(ended) => {
            running.insert(program.id(), (program, ended));
            Ok(())
        }
        Err(error) => {
            let _ = program.kill();
            let _ = program.wait();
            Err(error)
        }
    }
}

/// Has the end of a program reported.
fn watch(program: &Child, epoll: &OwnedFd) -> io::Result<OwnedFd> {
    let ended = pidfd_open(Pid::from_child(program), PidfdFlags::empty())?;
    epoll::add(epoll, ended.as_fd(), EventData::new_u64(program.id().into()), EventFlags::IN)?;
    Ok(ended)
}

/// A panic cannot leave what is locked inconsistent, so a poisoned lock is used as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn each_connection_has_a_program_of_its_own_which_is_reaped_after_the_client_has_closed() {
        let server = SuperServer::start(|| Command::new("cat")).unwrap();
        let mut clients = [0, 1].map(|_| TcpStream::connect(server.address).unwrap());
        for client in &mut clients {
            let mut echo = [0; 2];
            client.write_all(b"ni").unwrap();
            client.read_exact(&mut echo).unwrap();
            assert_eq!(&echo, b"ni");
        }
        assert_eq!(server.processes().len(), 2);
        drop(clients);
        while !server.processes().is_empty() {
            thread::yield_now();
        }
        assert!(server.failure().is_none() && !server.processor_time().is_zero());
    }

    #[test]
    fn a_program_that_cannot_be_started_costs_only_its_connection() {
        let is_broken = Arc::new(Mutex::new(true));
        let of_command = Arc::clone(&is_broken);
        let program = move || Command::new(if *lock(&of_command) { "/no/such/program" } else { "cat" });
        let server = SuperServer::start(program).unwrap();
        let mut refused = TcpStream::connect(server.address).unwrap();
        assert_eq!(refused.read(&mut [0; 2]).unwrap(), 0, "closed");
        while server.failure().is_none() {
            thread::yield_now();
        }
        assert!(server.failure().unwrap().starts_with("could not serve a connection: No such file"));
        *lock(&is_broken) = false;
        let mut client = TcpStream::connect(server.address).unwrap();
        let mut echo = [0; 2];
        client.write_all(b"ni").unwrap();
        client.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"ni");
    }
}
