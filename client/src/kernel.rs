//! What the kernel knows of a connection's round trips (`TCP_INFO` in `tcp(7)`).
//!
//! The one place of this crate with `unsafe`: no library that the project uses has this option of a socket.

#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "getsockopt(2) fills in memory through a pointer"))]

use launcelot_measure::run::KernelView;
use tokio::net::TcpStream;

/// What it says now, in steps of a microsecond; `None` on systems that do not tell, and if it has not
/// measured a round trip yet.
#[cfg(target_os = "linux")]
pub(crate) fn view(stream: &TcpStream) -> Option<KernelView> {
    use std::time::Duration;

    let info = tcp_info(stream).ok()?;
    let us = |micros: u32| Duration::from_micros(micros.into());
    (info.tcpi_rtt > 0).then(|| KernelView {
        round_trip: us(info.tcpi_rtt),
        deviation: us(info.tcpi_rttvar),
        retransmissions: info.tcpi_total_retrans,
    })
}

#[cfg(target_os = "linux")]
fn tcp_info(stream: &TcpStream) -> std::io::Result<libc::tcp_info> {
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd as _;

    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the descriptor is open as long as `stream` is borrowed, and the kernel writes at most `length`
    // bytes, which is how many there are.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: it is made of integers, all of which were zero, and some of which the kernel has overwritten.
    Ok(unsafe { info.assume_init() })
}

/// What it says now: nothing on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn view(_: &TcpStream) -> Option<KernelView> {
    None
}
