//! What the page and its worker say to each other, as bytes.
//!
//! Every word about a run carries the run's number, so that what a run that was given up says late
//! is not taken for the next one's.

use std::time::Duration;

use launcelot_measure::{Failures, Order, Round, RoundsPlan, Step};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// At most so many runs can be begun at the same moment.
pub const RUNS_AT_ONCE_MAX: usize = 3;

/// A run to be done: questions to be asked over a connection of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The run's number.
    pub run: u32,
    /// The bridge.
    pub url: String,
    /// Whether questions wait for the answers before them.
    pub order: Order,
    /// The questions, each with its `?`.
    pub questions: Vec<String>,
}

/// From the page to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Do these runs, all begun at the same moment. Runs that go on are given up.
    Ask(Vec<Ask>),
    /// Ask the three questions in turn, one a round. A run that goes on is given up.
    Rounds {
        /// The run's number.
        run: u32,
        /// The bridge.
        url: String,
        /// How many, over which connections, how often.
        plan: RoundsPlan,
    },
    /// Give up whatever goes on.
    Stop,
}

/// From the worker to its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker has started and measured its clock.
    Ready(Clock),
    /// What happened in runs: sent when all of them are over, and every 100 ms until then.
    Runs(Vec<RunProgress>),
    /// Rounds are over; told at most four times a second.
    Rounds {
        /// The run's number.
        run: u32,
        /// Those that were answered since this was told last.
        #[serde(with = "packed")]
        answered: Vec<Round>,
        /// Those that were not.
        failures: Failures,
    },
    /// The worker was suspended while something went on.
    Suspended,
    /// Rounds have ended.
    Ended {
        /// The run's number.
        run: u32,
        /// How.
        how: Ended,
    },
}

impl FromWorker {
    /// Whether a run or rounds have ended with this message.
    pub fn is_an_end(&self) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().any(|progress| progress.end.is_some()),
            Self::Ended { .. } => true,
            Self::Ready(_) | Self::Rounds { .. } | Self::Suspended => false,
        }
    }

    /// A step of a run that has not ended.
    #[cfg(test)]
    pub(crate) fn step(run: u32, step: Step) -> Self {
        Self::Runs(vec![RunProgress { run, steps: vec![step], end: None }])
    }
}

/// What happened in a run since the message before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProgress {
    /// The run's number.
    pub run: u32,
    /// Its steps, the oldest first.
    pub steps: Vec<Step>,
    /// Its end, once it has one.
    pub end: Option<RunEnd>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// How it ended.
    pub how: Ended,
    /// When the run began, since 1970, by the origin that the browser gives the worker's clock; `None` if it did not begin.
    pub began: Option<Duration>,
}

/// What limits every figure that the worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The smallest step of the clock, as it was seen to move.
    pub step: Duration,
    /// Whether the worker is cross-origin isolated, for which browsers make the clock finer.
    pub isolated: bool,
    /// How many processors the browser says that the machine has. What asks and what answers share them.
    pub cores: u32,
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

/// Rounds as bytes, mostly five each. The worker writes them while an answer is on its way, so it is done in one
/// loop and not number by number through serde.
mod packed {
    use launcelot_measure::Round;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(rounds: &[Round], serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(rounds.len() * 6);
        for Round { asked, connecting, due, ready } in rounds {
            // Little more than the question took, as a rule.
            let more = |moment: &u64| moment.wrapping_sub(*asked);
            for mut number in [*asked, more(connecting), more(due), more(ready)] {
                while number > 0x7f {
                    bytes.push(number as u8 | 0x80);
                    number >>= 7;
                }
                bytes.push(number as u8);
            }
        }
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Round>, D::Error> {
        let mut bytes = <&[u8]>::deserialize(deserializer)?.iter();
        let mut rounds = Vec::with_capacity(bytes.len() / 5);
        let mut next = || {
            let mut number = 0;
            for shift in (0..64).step_by(7) {
                let byte = bytes.next()?;
                number |= u64::from(byte & 0x7f) << shift;
                if *byte <= 0x7f {
                    return Some(number);
                }
            }
            None
        };
        while let Some(asked) = next() {
            let (Some(connecting), Some(due), Some(ready)) = (next(), next(), next()) else {
                return Err(de::Error::custom("half a round"));
            };
            let after = |number| asked.wrapping_add(number);
            rounds.push(Round { asked, connecting: after(connecting), due: after(due), ready: after(ready) });
        }
        Ok(rounds)
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::FailureKind;

    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let step = Step::Answered { at: Duration::from_nanos(1_234_567), answer: "Blue.".to_owned() };
        let end = RunEnd { how: Ended::Complete, began: Some(Duration::from_secs(1_800_000_000)) };
        let message = FromWorker::Runs(vec![RunProgress { run: 7, steps: vec![step], end: Some(end) }]);
        assert_eq!(decode(&encode(&message)), Some(message));
        assert_eq!(decode::<FromWorker>(&[250, 1, 2]), None);
    }

    #[test]
    fn rounds_arrive_as_they_were_sent() {
        let usual = Round { asked: 650, connecting: 650, due: 660, ready: 652 };
        let a_day = 24 * 3_600 * 1_000_000_000 / u64::from(Round::STEP_NS);
        let long = Round { asked: 7, connecting: u64::MAX, due: a_day, ready: 0 };
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: unknown question.");
        let message = FromWorker::Rounds { run: 7, answered: vec![long, Round::default(), usual], failures };
        assert_eq!(decode(&encode(&message)), Some(message));
        let many = FromWorker::Rounds { run: 7, answered: vec![usual; 1_000], failures: Failures::default() };
        assert!(encode(&many).len() < 5_010);
    }
}
