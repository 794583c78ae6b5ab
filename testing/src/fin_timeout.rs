//! How long the kernel keeps a closed socket in the state FIN-WAIT-2.

#![allow(unsafe_code, reason = "setsockopt(2) reads memory through a pointer, and no library in use has TCP_LINGER2")]

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;

/// Sets `TCP_LINGER2` (tcp(7)): if the peer does not close its side, the kernel discards the closed socket after one
/// second in FIN-WAIT-2, instead of a minute.
///
/// # Errors
///
/// Returns the error of setsockopt(2).
pub fn shorten_fin_timeout(stream: &TcpStream) -> io::Result<()> {
    let seconds: libc::c_int = 1;
    // SAFETY: the descriptor is open as long as `stream` is borrowed, and the kernel reads one `c_int`.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_LINGER2,
            (&raw const seconds).cast(),
            size_of_val(&seconds) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
