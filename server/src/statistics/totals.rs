//! The sum of all counters.

use crate::statistics::histogram::ThinkingHistogram;

/// The counters of a server, summed over its threads and worker processes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of connections that were accepted so far.
    pub connections: u64,
    /// The number of connections that are open now.
    pub open: u64,
    /// Complete questions that were answered, unknown ones included.
    pub questions: u64,
    /// Questions that were none of the three.
    pub unknown: u64,
    /// Bytes received from clients, including white space and incomplete questions.
    pub bytes_in: u64,
    /// Bytes of replies that the system has taken from the server.
    pub bytes_out: u64,
    /// The times from when each question was complete until its answer was ready.
    pub thinking: ThinkingHistogram,
}
