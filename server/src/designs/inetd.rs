//! One conversation, with whoever this process was started for, on its standard input and output.
//!
//! A super-server (inetd, or systemd with `Accept=yes`) waits for clients and starts this program
//! anew for each; the program waits for that client alone, as the threads design does in a thread,
//! and ends with it. Under load there is a process for each client, the kernel decides whose turn it
//! is, and who comes waits for a program to start. How many there may be at once is the super-server's
//! to say. Without one it serves a terminal or a pipe.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use crate::ServeError;
use crate::blocking::{Attended, Client};
use crate::peer::Peer;
use crate::service::{Service, answer_at_once};
use crate::session::Scratch;
use crate::stop::Stop;
use crate::stream::{Pollable, Stream};

/// What a pipe takes without blocking once `poll(2)` calls it writable (POSIX, `PIPE_BUF` on Linux).
const WRITE_MAX_BYTES: usize = 4096;

pub(crate) fn serve(input: OwnedFd, output: OwnedFd, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    if sockopt::socket_acceptconn(&input).unwrap_or(false) {
        let why = "standard input is a listener, not a client: let the super-server accept, or use --listen-fds";
        return Err(ServeError::Start(io::Error::other(why)));
    }
    let stream = TcpStream::from(input);
    match stream.peer_addr() {
        Ok(address) => {
            let watcher = service.accepted(address, || stream.local_addr());
            stream.set_nonblocking(true).map_err(ServeError::Start)?;
            answer_at_once(&stream);
            attend(Client { stream, session: service.begin(address, watcher) }, service, stop)
        }
        Err(_) => {
            let stream = Pipes { input: stream.into(), output };
            attend(Client { stream, session: service.begin(Peer::StandardInput, None) }, service, stop)
        }
    }
}

fn attend<S: Pollable>(mut client: Client<S>, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    match client.attend(stop, &mut scratch)? {
        Attended::UntilEnd => Ok(()),
        Attended::UntilStop => client.attend_for(service.options.grace, &mut scratch),
    }
}

/// A terminal, a pipe or a file. Whoever else has it open, such as a shell, must not find it changed
/// to non-blocking, so it is asked every time.
struct Pipes {
    input: OwnedFd,
    output: OwnedFd,
}

impl Read for Pipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !is_ready(&self.input, PollFlags::IN)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(rustix::io::read(&self.input, buffer)?)
    }
}

impl Write for Pipes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !is_ready(&self.output, PollFlags::OUT)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(rustix::io::write(&self.output, &bytes[..bytes.len().min(WRITE_MAX_BYTES)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Pipes {
    fn end_output(&mut self) {
        // The end of this process will say it.
    }
}

impl Pollable for Pipes {
    fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

fn is_ready(fd: &OwnedFd, event: PollFlags) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, event)];
    Ok(poll(&mut fds, Some(&Timespec::default()))? > 0)
}
