//! The message that configures a worker, and the descriptors sent with it.

use std::env;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use launcelot_endpoint::listen::Listeners;
use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

/// The environment variable that makes this program a worker.
pub(super) const WORKER_VARIABLE: &str = "LAUNCELOT_WORKER";

/// Maximum number of descriptors in one message: the shared memory and a listener for each address.
const DESCRIPTORS_MAX: usize = 64;

/// The size of the buffer for a serialized [`WorkerConfig`], which is always shorter.
const CONFIG_MAX_BYTES: usize = 256;

/// The settings of a worker, which it receives together with its descriptors.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WorkerConfig {
    /// The worker's number, which is the index of its counters.
    pub(super) number: usize,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) think: Duration,
    /// The verbosity of the worker's log, as for [`launcelot_endpoint::log::to_stderr`].
    pub(super) verbosity: u8,
}

/// A configuration with its descriptors, as a worker receives it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) config: WorkerConfig,
    pub(super) memory: OwnedFd,
    pub(super) listeners: Listeners,
}

/// Whether this process was started as a worker.
pub(super) fn is_worker() -> bool {
    env::var_os(WORKER_VARIABLE).is_some()
}

impl WorkerConfig {
    /// Sends the configuration, the shared memory and the listeners in one message.
    pub(super) fn send(&self, socket: &OwnedFd, memory: BorrowedFd<'_>, listeners: &Listeners) -> io::Result<()> {
        let config = postcard::to_allocvec(self).map_err(io::Error::other)?;
        let mut descriptors = vec![memory];
        descriptors.extend(listeners.sockets.iter().map(AsFd::as_fd));
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            let count = listeners.sockets.len();
            let reason = format!("cannot pass {count} listeners to a worker, at most {}", DESCRIPTORS_MAX - 1);
            return Err(io::Error::other(reason));
        }
        sendmsg(socket, &[IoSlice::new(&config)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Receives what [`Self::send`] sent.
    pub(super) fn receive(socket: impl AsFd) -> io::Result<Received> {
        let mut config = [0; CONFIG_MAX_BYTES];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut buffers = [IoSliceMut::new(&mut config)];
        let message = recvmsg(socket, &mut buffers, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        let config = postcard::from_bytes(&config[..message.bytes]).map_err(io::Error::other)?;

        let mut descriptors = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                descriptors.extend(received);
            }
        }
        let mut descriptors = descriptors.into_iter();
        let memory = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
        let listeners = Listeners::inherited(descriptors.map(TcpListener::from).collect())?;
        Ok(Received { config, memory, listeners })
    }
}
