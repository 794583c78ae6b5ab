//! Connecting without a runtime: for a thread, or for an event loop of one's own.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::Attempts;

/// Connects to the first of `addresses` that accepts, and blocks the thread for at most `timeout`. The stream is in
/// blocking mode and sends small segments at once (`TCP_NODELAY`).
///
/// # Errors
///
/// Returns [`io::ErrorKind::TimedOut`], or the error of the first attempt that failed, if all have failed.
pub fn connect_blocking(addresses: impl IntoIterator<Item = SocketAddr>, timeout: Duration) -> io::Result<TcpStream> {
    let mut attempts = Attempts::new(addresses);
    let mut connecting = Vec::new();
    let began = Instant::now();
    loop {
        while let Some(address) = attempts.start_next(Instant::now()) {
            match start_connecting(address) {
                Ok(stream) => connecting.push(stream),
                Err(error) => attempts.failed(error),
            }
        }
        if let Some(error) = attempts.exhausted() {
            return Err(error);
        }
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let until_next = attempts.next_at().map(|at| at.saturating_duration_since(Instant::now()));
        wait_for_any(&connecting, until_next.unwrap_or(left).min(left))?;
        for index in (0..connecting.len()).rev() {
            match is_connected(&connecting[index]) {
                Ok(false) => {}
                Ok(true) => {
                    let stream = connecting.swap_remove(index);
                    stream.set_nonblocking(false)?;
                    return Ok(stream);
                }
                Err(error) => {
                    connecting.swap_remove(index);
                    attempts.failed(error);
                }
            }
        }
    }
}

/// Starts to connect to an address without waiting. The stream is in non-blocking mode, becomes writable when the
/// attempt has ended, and sends small segments at once (`TCP_NODELAY`).
///
/// # Errors
///
/// Returns the system's error if the attempt fails at once.
pub fn start_connecting(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&address.into()) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// Returns whether an attempt by [`start_connecting`] has succeeded; `false` while it goes on.
///
/// # Errors
///
/// Returns the system's error if the attempt has failed.
pub fn is_connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits until one of the attempts has ended, at most for `timeout`.
fn wait_for_any(connecting: &[TcpStream], timeout: Duration) -> io::Result<()> {
    let mut descriptors: Vec<PollFd<'_>> =
        connecting.iter().map(|stream| PollFd::new(stream, PollFlags::OUT)).collect();
    // A timeout that is too long for the system is as good as none.
    let timeout = Timespec::try_from(timeout).ok();
    match poll(&mut descriptors, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
