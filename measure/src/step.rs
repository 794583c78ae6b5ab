//! The steps of a run, as the reader of the clock reports them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One step of a run. Times count from the begin of the run, and the clock is read before anything else is done on the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The host name is resolved. Only clients that resolve it themselves have this step.
    LookedUp {
        /// When the address was known.
        at: Duration,
    },
    /// The connection is open.
    Connected {
        /// When it opened.
        at: Duration,
    },
    /// The next question is sent.
    Asked {
        /// Just before it was written to the socket.
        at: Duration,
    },
    /// The oldest unanswered question has its answer.
    Answered {
        /// When the last bytes of the answer arrived.
        at: Duration,
        /// The answer, its `.` included.
        answer: String,
    },
}
