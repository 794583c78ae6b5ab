//! The kernel's round-trip times of a connection (`TCP_INFO` in `tcp(7)`).
//!
//! This is the only `unsafe` code of the crate: no library that the project uses returns all fields of this socket option.

#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "getsockopt(2) fills in memory through a pointer"))]

use launcelot_measure::run::KernelView;
use tokio::net::TcpStream;

/// Returns the kernel's current statistics of the connection; `None` if the kernel has not measured a round trip yet.
#[cfg(target_os = "linux")]
pub(crate) fn view(stream: &TcpStream) -> Option<KernelView> {
    linux::view(&linux::tcp_info(stream).ok()?)
}

/// Returns `None`: only Linux has the option `TCP_INFO` in this form.
#[cfg(not(target_os = "linux"))]
pub(crate) fn view(_: &TcpStream) -> Option<KernelView> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::AsRawFd as _;
    use std::time::Duration;

    use launcelot_measure::run::KernelView;
    use tokio::net::TcpStream;

    /// Offsets of fields in `struct tcp_info` (`include/uapi/linux/tcp.h`). Kernels only append fields, and libc's struct lacks the
    /// last of these.
    const RTT: usize = 68;
    const RTTVAR: usize = 72;
    const TOTAL_RETRANS: usize = 100;
    const MIN_RTT: usize = 148;

    /// The length of the prefix of `tcp_info` that contains all fields that are read.
    const PREFIX_BYTES: usize = MIN_RTT + size_of::<u32>();

    /// The kernel's value of `tcpi_min_rtt` before the first round trip.
    const NO_ROUND_TRIP: u32 = u32::MAX;

    /// Reads the first bytes of the connection's `tcp_info`. Older kernels return fewer.
    pub(super) fn tcp_info(stream: &TcpStream) -> io::Result<Vec<u8>> {
        let mut info = vec![0_u8; PREFIX_BYTES];
        let mut length = PREFIX_BYTES as libc::socklen_t;
        // SAFETY: the descriptor is open while `stream` is borrowed, and the kernel writes at most `length` bytes, which is the
        // size of `info`.
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
            return Err(io::Error::last_os_error());
        }
        info.truncate(length as usize);
        Ok(info)
    }

    /// Parses the bytes of `tcp_info`.
    pub(super) fn view(info: &[u8]) -> Option<KernelView> {
        let field = |begin: usize| Some(u32::from_ne_bytes(*info.get(begin..)?.first_chunk()?));
        let us = |micros: u32| Duration::from_micros(micros.into());
        let round_trip = field(RTT).filter(|micros| *micros > 0)?;
        Some(KernelView {
            round_trip: us(round_trip),
            least_round_trip: field(MIN_RTT).filter(|micros| *micros != NO_ROUND_TRIP).map(us),
            deviation: us(field(RTTVAR)?),
            retransmissions: field(TOTAL_RETRANS)?,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn info(rtt: u32, min_rtt: u32) -> Vec<u8> {
            let mut info = vec![0; PREFIX_BYTES];
            for (begin, value) in [(RTT, rtt), (RTTVAR, 586), (TOTAL_RETRANS, 3), (MIN_RTT, min_rtt)] {
                info[begin..begin + 4].copy_from_slice(&value.to_ne_bytes());
            }
            info
        }

        #[test]
        fn fields_are_read_at_their_offsets() {
            let view = view(&info(361, 42)).unwrap();
            let us = Duration::from_micros;
            assert_eq!((view.round_trip, view.least_round_trip, view.retransmissions), (us(361), Some(us(42)), 3));
        }

        #[test]
        fn fields_that_an_older_kernel_lacks_are_unknown() {
            // Before Linux 4.6 the struct ended before `tcpi_min_rtt`, so a shorter prefix is returned.
            assert_eq!(view(&info(361, 42)[..104]).unwrap().least_round_trip, None);
            assert_eq!(view(&info(361, NO_ROUND_TRIP)).unwrap().least_round_trip, None);
            assert_eq!(view(&info(0, 42)), None, "no round trip yet");
            assert_eq!(view(&info(361, 42)[..60]), None);
        }

        #[test]
        fn the_offsets_match_libc() {
            use std::mem::offset_of;

            assert_eq!(RTT, offset_of!(libc::tcp_info, tcpi_rtt));
            assert_eq!(RTTVAR, offset_of!(libc::tcp_info, tcpi_rttvar));
            assert_eq!(TOTAL_RETRANS, offset_of!(libc::tcp_info, tcpi_total_retrans));
        }
    }
}
