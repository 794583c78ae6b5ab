//! Listeners that a service manager has opened.

use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use super::{ListenError, Listeners};

/// The listeners that a service manager has opened for this process (sd_listen_fds(3)): at least one.
#[derive(Debug)]
pub struct InheritedListeners {
    /// The TCP listeners, if there are any.
    pub tcp: Option<Listeners>,
    /// The listeners at Unix sockets, in non-blocking mode. Their files belong to the service manager.
    pub unix: Vec<UnixListener>,
}

impl InheritedListeners {
    /// Takes over the listeners, which can be done once.
    ///
    /// # Errors
    ///
    /// Returns [`ListenError::NoneInherited`], or [`ListenError::Inherit`] if a descriptor is not a listening socket of these
    /// kinds.
    pub fn from_environment() -> Result<Self, ListenError> {
        let mut given = ListenFd::from_env();
        let mut tcp = Vec::new();
        let mut unix = Vec::new();
        for index in 0..given.len() {
            // The descriptor stays if it is of another kind.
            match given.take_unix_listener(index) {
                Ok(listener) => unix.extend(listener),
                Err(_) => tcp.extend(given.take_tcp_listener(index).map_err(ListenError::Inherit)?),
            }
        }
        if tcp.is_empty() && unix.is_empty() {
            return Err(ListenError::NoneInherited);
        }
        for listener in &unix {
            listener.set_nonblocking(true).map_err(ListenError::Inherit)?;
        }
        let tcp = if tcp.is_empty() { None } else { Some(Listeners::inherited(tcp).map_err(ListenError::Inherit)?) };
        Ok(Self { tcp, unix })
    }
}
