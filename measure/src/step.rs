//! The steps of a run, each with the time at which a client took it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One step of a run. Times count from the start of the run. The client reads its clock before it does anything else about the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The host name is resolved. Only clients that resolve it themselves have this step.
    LookedUp {
        /// The time at which the address was known.
        at: Duration,
    },
    /// The connection is open.
    Connected {
        /// The time at which the connection opened.
        at: Duration,
    },
    /// The next question is sent.
    Asked {
        /// The time just before the question was written to the socket.
        at: Duration,
    },
    /// The oldest unanswered question has its answer.
    Answered {
        /// The time at which the last bytes of the answer arrived.
        at: Duration,
        /// The answer, its `.` included.
        answer: String,
    },
}
