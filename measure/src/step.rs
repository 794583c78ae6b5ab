//! What happens in a run, told by whoever holds the clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One step of a run. Times are since the run began, taken as the first act on the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The name of the host is an address now. Only where the client looks it up itself.
    LookedUp {
        /// When the address was there.
        at: Duration,
    },
    /// The connection can be used.
    Connected {
        /// When it could.
        at: Duration,
    },
    /// The next question goes out.
    Asked {
        /// Just before it was handed to the socket.
        at: Duration,
    },
    /// The oldest unanswered question has its answer.
    Answered {
        /// When the bytes that completed the answer came.
        at: Duration,
        /// The answer, its `.` included.
        answer: String,
    },
}
