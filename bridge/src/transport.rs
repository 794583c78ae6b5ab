//! The connections that a relay joins, and what it asks of them besides bytes.

use std::io;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// When the system asks a silent peer whether it is there, how often it asks again, and how many questions it may leave
/// unanswered. A peer that has vanished is noticed after two minutes.
const KEEPALIVE_TIME: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 4;

/// The longest `TCP_USER_TIMEOUT` that Linux accepts: 24 days.
const USER_TIMEOUT_MAX: Duration = Duration::from_millis(i32::MAX as u64);

/// A connection to a peer. Where the system does not tell, the answers are those of a peer that takes everything at once.
pub trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Returns the number of written bytes that the peer's system has not acknowledged.
    fn unacknowledged_bytes(&self) -> usize {
        0
    }

    /// Returns the number of bytes that have arrived and were not read.
    fn available_bytes(&self) -> u64 {
        0
    }

    /// Returns whether the peer has closed or reset the connection, even if bytes that arrived before were not read.
    fn has_hung_up(&self) -> bool {
        false
    }

    /// Makes the system reset the connection when it is closed, also by the end of the process, so that the peer detects an
    /// incomplete stream. Unix sockets have no reset: for them this does nothing, and the peer sees an end of stream.
    fn reset_when_dropped(&self) {}

    /// Takes back [`reset_when_dropped`](Self::reset_when_dropped): what is sent is complete.
    fn end_when_dropped(&self) {}

    /// Has the event loop of this thread wait for the connection. Otherwise the one where it was opened does, and wakes this
    /// thread at each event.
    fn move_to_this_event_loop(&mut self) {}
}

impl Transport for TcpStream {
    fn unacknowledged_bytes(&self) -> usize {
        unacknowledged_bytes(self)
    }

    fn available_bytes(&self) -> u64 {
        ioctl_fionread(self).unwrap_or(0)
    }

    fn has_hung_up(&self) -> bool {
        has_hung_up(self)
    }

    fn reset_when_dropped(&self) {
        // A connection that is broken already needs no reset.
        let _ = self.set_zero_linger();
    }

    fn end_when_dropped(&self) {
        let _ = SockRef::from(self).set_linger(None);
    }

    fn move_to_this_event_loop(&mut self) {
        if let Ok(stream) = duplicate(self).and_then(|socket| Self::from_std(socket.into())) {
            *self = stream;
        }
    }
}

/// The system counts encrypted bytes, a few more than are written: what is not acknowledged may be counted too high.
#[cfg(feature = "tls")]
impl Transport for tokio_rustls::server::TlsStream<TcpStream> {
    fn unacknowledged_bytes(&self) -> usize {
        self.get_ref().0.unacknowledged_bytes()
    }

    fn has_hung_up(&self) -> bool {
        self.get_ref().0.has_hung_up()
    }

    fn reset_when_dropped(&self) {
        self.get_ref().0.reset_when_dropped();
    }

    fn end_when_dropped(&self) {
        self.get_ref().0.end_when_dropped();
    }

    fn move_to_this_event_loop(&mut self) {
        self.get_mut().0.move_to_this_event_loop();
    }
}

impl Transport for UnixStream {
    fn unacknowledged_bytes(&self) -> usize {
        unacknowledged_bytes(self)
    }

    fn available_bytes(&self) -> u64 {
        ioctl_fionread(self).unwrap_or(0)
    }

    fn has_hung_up(&self) -> bool {
        has_hung_up(self)
    }

    fn move_to_this_event_loop(&mut self) {
        if let Ok(stream) = duplicate(self).and_then(|socket| Self::from_std(socket.into())) {
            *self = stream;
        }
    }
}

/// Returns another descriptor of a socket. So if it cannot be registered with an event loop, nothing is lost.
fn duplicate(socket: &impl AsFd) -> io::Result<OwnedFd> {
    socket.as_fd().try_clone_to_owned()
}

/// Any stream, as a transport that is not asked anything.
#[derive(Debug)]
pub struct Opaque<T>(pub T);

impl<T: AsyncRead + AsyncWrite + Unpin> Transport for Opaque<T> {}

impl<T: AsyncRead + Unpin> AsyncRead for Opaque<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Opaque<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Prepares a TCP connection for relaying: no delay (Nagle's algorithm), keepalive, at most `send_buffer_bytes` in the
/// system that are not sent yet, and an end if the peer acknowledges nothing for `user_timeout` (zero: the system's).
///
/// The limit is `TCP_NOTSENT_LOWAT`, for which zero would be no limit. It bounds what waits behind a peer that does not read, and leaves the system free to
/// have as much in flight as the way to the peer takes.
///
/// # Errors
///
/// Returns the system's error if it refuses an option.
pub fn prepare_tcp(stream: &TcpStream, send_buffer_bytes: NonZeroU32, user_timeout: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive =
        TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_INTERVAL).with_retries(KEEPALIVE_RETRIES);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_notsent_lowat(send_buffer_bytes.get())?;
    if !user_timeout.is_zero() {
        socket.set_tcp_user_timeout(Some(user_timeout.min(USER_TIMEOUT_MAX)))?;
    }
    Ok(())
}

fn has_hung_up(socket: &impl AsFd) -> bool {
    let mut sockets = [PollFd::new(socket, PollFlags::RDHUP)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let hung_up = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    poll(&mut sockets, Some(&at_once)).is_ok() && sockets[0].revents().intersects(hung_up)
}

/// Asks the system how many bytes of a socket's queue are not acknowledged: `SIOCOUTQ` of tcp(7), which none of the
/// libraries has.
#[expect(unsafe_code, reason = "ioctl() is not typed")]
fn unacknowledged_bytes(socket: &impl AsFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, and TIOCOUTQ (another name of SIOCOUTQ) writes one int.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_prepared_connection_has_no_delay_keepalive_a_user_timeout_and_a_bounded_queue() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        prepare_tcp(&stream, 100_000.try_into().unwrap(), Duration::from_secs(7)).unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_TIME);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_RETRIES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(7)));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 100_000);
        prepare_tcp(&stream, NonZeroU32::MIN, Duration::MAX).unwrap();
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT_MAX));
    }
}
