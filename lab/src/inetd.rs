//! A super-server like inetd(8): it listens, and starts a program for each connection, with the connection as the
//! program's standard input and output.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::BACKLOG;
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
    programs: Arc<Programs>,
    thread: Option<JoinHandle<()>>,
    stop: Option<OwnedFd>,
}

/// The running programs by process ID, each with its pidfd.
type Programs = Mutex<HashMap<u32, (Child, OwnedFd)>>;

impl SuperServer {
    /// Listens on a free port of 127.0.0.1, and starts the program that `command` returns for each connection.
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
        let programs = Arc::new(Programs::default());
        let shared = Arc::clone(&programs);
        let thread = thread::Builder::new().name("super-server".to_owned()).spawn(move || {
            // Dropping the `SuperServer` closes the writing end, which stops this thread. The reading end must be open until then.
            let _stopped = stopped;
            if let Err(error) = serve(&listener, &epoll, &shared, &command) {
                tracing::warn!("the super-server failed and has stopped: {}", one_line(&error));
            }
        })?;
        Ok(Self { address, programs, thread: Some(thread), stop: Some(stop) })
    }

    /// Returns the process IDs of the running programs.
    pub fn processes(&self) -> Vec<u32> {
        lock(&self.programs).keys().copied().collect()
    }
}

impl Drop for SuperServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for (program, _) in lock(&self.programs).values_mut() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

fn serve(
    listener: &TcpListener,
    epoll: &OwnedFd,
    programs: &Programs,
    command: &impl Fn() -> Command,
) -> io::Result<()> {
    let mut events = Vec::with_capacity(64);
    loop {
        events.clear();
        rustix::io::retry_on_intr(|| epoll::wait(epoll, spare_capacity(&mut events), None))?;
        for event in &events {
            match event.data.u64() {
                LISTENER_TOKEN => {
                    let (connection, _) = listener.accept()?;
                    // Locked before the program starts, so that `processes` returns the program once its client has an answer.
                    let mut running = lock(programs);
                    let program = command()
                        .stdin(OwnedFd::from(connection.try_clone()?))
                        .stdout(Stdio::from(OwnedFd::from(connection)))
                        .spawn()?;
                    let ended = pidfd_open(Pid::from_child(&program), PidfdFlags::empty())?;
                    epoll::add(epoll, ended.as_fd(), EventData::new_u64(program.id().into()), EventFlags::IN)?;
                    running.insert(program.id(), (program, ended));
                }
                STOP_TOKEN => return Ok(()),
                process => {
                    let process = u32::try_from(process).unwrap_or_default();
                    if let Some((mut program, _)) = lock(programs).remove(&process) {
                        program.wait()?;
                    }
                }
            }
        }
    }
}

/// A panic cannot leave the map inconsistent, so a poisoned lock is used as it is.
fn lock(programs: &Programs) -> MutexGuard<'_, HashMap<u32, (Child, OwnedFd)>> {
    programs.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

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
    }
}
