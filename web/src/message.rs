//! What the page and its worker say to each other, as bytes.
//!
//! Every word about a run carries the run's number, so that what a run that was given up says late
//! is not taken for the next one's.

use std::time::Duration;

use launcelot_measure::{Order, Step};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// From the page to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Ask these questions, over a connection of their own. A run that goes on is given up.
    Ask {
        /// The run's number.
        run: u32,
        /// The bridge.
        url: String,
        /// Whether questions wait for the answers before them.
        order: Order,
        /// The questions, each with its `?`.
        questions: Vec<String>,
    },
    /// Give up the run that goes on, if one does.
    Stop,
}

/// From the worker to its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker has started and measured its clock.
    Ready(Clock),
    /// Something happened in a run.
    Step {
        /// The run's number.
        run: u32,
        /// What and when.
        step: Step,
    },
    /// A run is over.
    Ended {
        /// The run's number.
        run: u32,
        /// How.
        how: Ended,
    },
}

/// What limits every figure that the worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The smallest step of the clock, as it was seen to move.
    pub step: Duration,
    /// Whether the worker is cross-origin isolated, for which browsers make the clock finer.
    pub isolated: bool,
}

/// How a run ended, as the worker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Every question has its answer.
    Complete,
    /// The page said so.
    Stopped,
    /// The browser does not even try: a bad address, or a rule forbids it.
    Refused(String),
    /// No connection to the bridge came about.
    NoBridge,
    /// The connection ended before the answers were there.
    Closed {
        /// The WebSocket close code; 1006 if none came.
        code: u16,
        /// What the bridge says about it; may be empty.
        reason: String,
        /// What had come of an answer; may be empty.
        partial: String,
    },
    /// What came is not the protocol.
    Nonsense(String),
}

/// A message as bytes. Both programs come from one build, so the bytes need no version.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(message).expect("messages are plain data, which always has a form in bytes")
}

/// A message from its bytes, or `None` if they are not one.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Option<M> {
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let step = Step::Answered { at: Duration::from_nanos(1_234_567), answer: "Blue.".to_owned() };
        let message = FromWorker::Step { run: 7, step };
        assert_eq!(decode(&encode(&message)), Some(message));
        assert_eq!(decode::<FromWorker>(&[250, 1, 2]), None);
    }
}
