//! Replies that a session has not written yet.

use std::time::{Duration, Instant};

use launcelot_protocol::Parsed;

/// A year, which stands for the absence of a deadline where a time is needed.
pub(crate) const FAR_FUTURE: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Replies that could not be written yet, and the input after them, which is not parsed before they are written.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) work: Option<Work>,
    pub(super) replies: Vec<u8>,
    /// The number of bytes of `replies` that have been written.
    pub(super) written: usize,
    pub(super) input: Vec<u8>,
}

/// Simulated work on replies ([`Options::think`](crate::Options::think)), which are not written before it is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) began: Instant,
    pub(super) until: Instant,
    pub(super) parsed: Parsed,
}

impl Work {
    /// Returns the work on the questions in `parsed`, if there are any and each takes time.
    pub(super) fn on(parsed: Parsed, began: Instant, think: Duration) -> Option<Self> {
        if think.is_zero() || parsed.questions == 0 {
            return None;
        }
        let questions = u32::try_from(parsed.questions).unwrap_or(u32::MAX);
        // Work beyond the range of the clock is as good as endless.
        let work = think.saturating_mul(questions);
        let until = began.checked_add(work).unwrap_or_else(|| began + FAR_FUTURE);
        Some(Self { began, until, parsed })
    }
}
