//! Why a program cannot listen.

use std::io;

use thiserror::Error;

/// Why a program cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The name has no address, or none of its addresses belongs to this machine.
    #[error("cannot listen on '{interface}': not an address of this machine")]
    Unknown {
        /// The name or address.
        interface: String,
        /// The system's error.
        source: io::Error,
    },
    /// Another socket listens on one of the addresses of the name.
    #[error("cannot listen on '{interface}' port {port}: Address already in use")]
    Taken {
        /// The name or address.
        interface: String,
        /// The port.
        port: u16,
    },
    /// The system refuses to listen for another reason.
    #[error("cannot listen on '{interface}' port {port}")]
    Other {
        /// The name or address.
        interface: String,
        /// The port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The environment names no listeners for this process.
    #[error("no listeners to take over: LISTEN_FDS and LISTEN_PID do not name any for this process")]
    NoneInherited,
    /// A descriptor that was handed over is not a TCP listener, or the system refuses it.
    #[error("cannot take over the listeners that LISTEN_FDS names")]
    Inherit(#[source] io::Error),
}

impl ListenError {
    pub(super) fn of_bind(interface: &str, port: u16, source: io::Error) -> Self {
        let interface = interface.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { interface, port },
            io::ErrorKind::AddrNotAvailable => Self::Unknown { interface, source },
            _ => Self::Other { interface, port, source },
        }
    }
}
