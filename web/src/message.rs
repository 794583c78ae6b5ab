//! What the page and its worker say to each other, as bytes.
//!
//! Every word about a run carries the run's number, so that what a run that was given up says late
//! is not taken for the next one's.

use std::time::Duration;

use launcelot_measure::{Order, Plan, Round, Step};
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
    /// Ask the three questions in turn, one a round. A run that goes on is given up.
    Rounds {
        /// The run's number.
        run: u32,
        /// The bridge.
        url: String,
        /// How many, over which connections, how often.
        plan: Plan,
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
    /// Rounds are over; told at most ten times a second.
    Rounds {
        /// The run's number.
        run: u32,
        /// Those that were answered since this was told last.
        #[serde(with = "packed")]
        answered: Vec<Round>,
        /// How many were not.
        errors: u32,
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

/// Rounds as plain bytes. The worker writes them while an answer is on its way: number by number it would
/// take as long as the answer.
mod packed {
    use launcelot_measure::Round;
    use serde::{Deserialize, Deserializer, Serializer};

    /// How many bytes a round has: three numbers of four.
    const ROUND_BYTES: usize = 12;

    pub(super) fn serialize<S: Serializer>(rounds: &[Round], serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(rounds.len() * ROUND_BYTES);
        for Round { asked, connecting, due } in rounds {
            for number in [asked, connecting, due] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Round>, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        let number = |bytes: &[u8]| bytes.iter().rfold(0, |number, byte| number << 8 | u32::from(*byte));
        let rounds = bytes.chunks_exact(ROUND_BYTES).map(|round| Round {
            asked: number(&round[..4]),
            connecting: number(&round[4..8]),
            due: number(&round[8..]),
        });
        Ok(rounds.collect())
    }
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

    #[test]
    fn rounds_arrive_as_they_were_sent() {
        let answered = vec![Round { asked: 1, connecting: 0x0403_0201, due: u32::MAX }, Round::default()];
        let message = FromWorker::Rounds { run: 7, answered, errors: 3 };
        assert_eq!(decode(&encode(&message)), Some(message));
    }
}
