//! Buffers that the sessions of one thread share.

use launcelot_protocol::conversation::REPLIES_MAX_BYTES;

use crate::statistics::tally::ThreadNumber;

/// The size of the read buffer.
const READ_BYTES: usize = 16 * 1024;

/// Buffers for the duration of one turn, shared by all sessions that take turns on one thread.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(super) input: Box<[u8]>,
    pub(super) replies: Vec<u8>,
    /// The thread that takes the turns, which has a tally of its own.
    pub(super) thread: ThreadNumber,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            input: vec![0; READ_BYTES].into(),
            replies: Vec::with_capacity(REPLIES_MAX_BYTES),
            thread: ThreadNumber::of_this_thread(),
        }
    }
}
