//! One client, on standard input and output.
//!
//! A super-server (inetd, or systemd with `Accept=yes`) accepts connections and starts this program once per client.
//! The program waits for that client alone, as a thread of the threads design does, and ends with it. Under load there
//! is a process per client, the kernel's scheduler decides which runs, and each client waits for a program to start. The
//! super-server limits the number of connections. Without a super-server the client is a terminal, a pipe or a file.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use crate::blocking::client::{Client, Served};
use crate::error::ServeError;
use crate::session::peer::Peer;
use crate::session::service::{Service, disable_nagle};
use crate::session::stream::{Pollable, Stream};
use crate::session::{Scratch, Session};
use crate::stop::Stop;

/// The bytes that a pipe takes without blocking once `poll(2)` reports it writable (POSIX, `PIPE_BUF` on Linux).
const WRITE_MAX_BYTES: usize = 4096;

/// Serves the client at `input` and `output` until it disconnects or the grace period after a stop is over.
pub(crate) fn serve(input: OwnedFd, output: OwnedFd, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    if sockopt::socket_acceptconn(&input).unwrap_or(false) {
        let reason = "standard input is a listener, not a connection: let the super-server accept, or use --listen-fds";
        return Err(ServeError::Start(io::Error::other(reason)));
    }
    let stream = TcpStream::from(input);
    match stream.peer_addr() {
        Ok(address) => {
            let observer = service.accepted(address, || stream.local_addr());
            stream.set_nonblocking(true).map_err(ServeError::Start)?;
            disable_nagle(&stream);
            let session = Session::begin(address.into(), Arc::clone(service), observer);
            serve_client(Client { stream, session }, service, stop)
        }
        // Not a TCP connection.
        Err(_) => {
            let stream = Pipes { input: stream.into(), output };
            let session = Session::begin(Peer::StandardInput, Arc::clone(service), None);
            serve_client(Client { stream, session }, service, stop)
        }
    }
}

fn serve_client<S: Pollable>(mut client: Client<S>, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    match client.serve_client(stop, &mut scratch)? {
        Served::UntilEnd => Ok(()),
        Served::UntilStop => client.serve_for(service.options.grace, &mut scratch),
    }
}

/// Standard input and output that are not a socket: terminals, pipes or files. Other processes, such as a shell, may have
/// them open too and must not find them changed to non-blocking mode. So each read and write is preceded by a `poll(2)`.
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
        // The output is closed when this process exits.
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
