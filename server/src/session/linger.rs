//! The lingering close: a session keeps reading after its last reply, so that the client receives that reply.

use std::time::{Duration, Instant};

use crate::session::close_reason::CloseReason;

/// Time limit of the lingering close: how long a session reads on after its last reply. If a socket is closed while
/// input is unread, the system sends a reset, which can overtake the last reply and make the client discard it (RFC
/// 1122, section 4.2.2.13).
const LINGER: Duration = Duration::from_secs(2);

/// Byte limit of the lingering close.
const LINGER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// The state of a session after its last reply: input is discarded until the client closes the connection.
#[derive(Debug)]
pub(super) struct Linger {
    pub(super) until: Instant,
    bytes_left: usize,
}

impl Linger {
    pub(super) fn begin() -> Self {
        Self { until: Instant::now() + LINGER, bytes_left: LINGER_MAX_BYTES }
    }

    /// Discards `count` bytes of input. Returns the reason to end the session if the limit is exceeded.
    pub(super) fn discard(&mut self, count: usize) -> Result<(), CloseReason> {
        match self.bytes_left.checked_sub(count) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(CloseReason::QuestionTooLong),
        }
    }
}
