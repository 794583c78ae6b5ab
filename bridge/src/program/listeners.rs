//! Listeners besides those of the command lines of all programs: Unix sockets, and that of the metrics.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::ProgramError;

/// Listeners at Unix sockets, whose files are removed when this is dropped.
#[derive(Debug, Default)]
pub(super) struct UnixListeners {
    bound: Vec<(PathBuf, std::os::unix::net::UnixListener)>,
}

impl UnixListeners {
    /// Listens at each of `paths`. The file of a socket at which no program listens any more is replaced.
    pub(super) fn bind(paths: &[PathBuf]) -> Result<Self, ProgramError> {
        let mut listeners = Self::default();
        for path in paths {
            let listener = bind(path).map_err(|error| ProgramError::ListenUnix(path.clone(), error))?;
            listeners.bound.push((path.clone(), listener));
        }
        Ok(listeners)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.bound.iter().map(|(path, _)| path.as_path())
    }

    /// Returns the listeners for tokio.
    pub(super) fn sockets(&self) -> Result<Vec<UnixListener>, ProgramError> {
        let mut sockets = Vec::with_capacity(self.bound.len());
        for (path, listener) in &self.bound {
            let socket = listener.try_clone().and_then(UnixListener::from_std);
            sockets.push(socket.map_err(|error| ProgramError::ListenUnix(path.clone(), error))?);
        }
        Ok(sockets)
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

fn bind(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        fs::remove_file(path)?;
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves metrics at `listeners` until the program ends.
#[cfg(feature = "metrics")]
pub(super) fn serve_metrics(
    listeners: launcelot_endpoint::listen::Listeners,
    router: &axum::Router,
) -> Result<(), ProgramError> {
    for socket in listeners.sockets {
        let listener = tokio::net::TcpListener::from_std(socket).map_err(ProgramError::Runtime)?;
        let router = router.clone();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!("cannot serve metrics: {}", launcelot_endpoint::failure::one_line(&error));
            }
        });
    }
    Ok(())
}
