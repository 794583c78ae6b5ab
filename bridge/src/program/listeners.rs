//! Listeners for clients, by TCP and at Unix sockets, and those of the metrics.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use launcelot_endpoint::listen::{BACKLOG, InheritedListeners, Listeners};

use super::{PORT, ProgramError};
use crate::command_line::CommandLine;

/// Where the program listens for clients.
#[derive(Debug)]
pub(super) struct ClientListeners {
    /// The TCP listeners; `None` if systemd has opened none.
    pub(super) tcp: Option<Listeners>,
    pub(super) unix: UnixListeners,
}

impl ClientListeners {
    /// Listens as the command line says, or takes over the listeners that systemd has opened.
    pub(super) fn open(command_line: &CommandLine) -> Result<Self, ProgramError> {
        let mut unix = UnixListeners::default();
        let tcp = if command_line.listen.listen_fds {
            let inherited = InheritedListeners::from_environment()?;
            unix.inherited = inherited.unix;
            inherited.tcp
        } else {
            Some(command_line.listen.bind(PORT, BACKLOG)?)
        };
        unix.bind(&command_line.listen_unix)?;
        Ok(Self { tcp, unix })
    }
}

/// Listeners at Unix sockets. The files of those that this program has bound are removed when this is dropped.
#[derive(Debug, Default)]
pub(super) struct UnixListeners {
    bound: Vec<(PathBuf, UnixListener)>,
    inherited: Vec<UnixListener>,
}

impl UnixListeners {
    /// Listens at each of `paths`. The file of a socket at which no program listens any more is replaced.
    fn bind(&mut self, paths: &[PathBuf]) -> Result<(), ProgramError> {
        for path in paths {
            let listener = bind(path).map_err(|error| ProgramError::ListenUnix(path.clone(), error))?;
            self.bound.push((path.clone(), listener));
        }
        Ok(())
    }

    /// Returns the names of the sockets, for people.
    pub(super) fn names(&self) -> Vec<String> {
        let inherited = self.inherited.iter().filter_map(|listener| listener.local_addr().ok());
        let inherited = inherited.filter_map(|address| Some(address.as_pathname()?.display().to_string()));
        self.bound.iter().map(|(path, _)| path.display().to_string()).chain(inherited).collect()
    }

    /// Returns the listeners for tokio.
    pub(super) fn sockets(&self) -> io::Result<Vec<tokio::net::UnixListener>> {
        let bound = self.bound.iter().map(|(_, listener)| listener);
        let listeners = bound.chain(&self.inherited);
        listeners.map(|listener| tokio::net::UnixListener::from_std(listener.try_clone()?)).collect()
    }
}

impl Drop for UnixListeners {
    fn drop(&mut self) {
        for (path, _) in &self.bound {
            // Another program may have removed it.
            let _ = fs::remove_file(path);
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Listens for requests for metrics.
#[cfg(feature = "metrics")]
pub(super) fn bind_metrics(host: &str, port: u16) -> Result<Listeners, ProgramError> {
    Ok(Listeners::bind(host, port, BACKLOG)?)
}
