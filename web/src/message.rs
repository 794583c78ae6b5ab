//! The messages between the page and its worker, as bytes.
//!
//! Every message about a run or a series carries its identity, so that a late message about one that was given up is not taken
//! for one about the next.

use std::time::Duration;

use launcelot_measure::{Failures, Order, Round, RoundsPlan, Step};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::packed;
use crate::state::ids::{RoundsId, RunId};

/// The largest number of runs that begin at the same moment.
pub const RUNS_AT_ONCE_MAX: usize = 3;

/// A run to be done: questions to be asked over a connection of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The run.
    pub run: RunId,
    /// The URL of the bridge.
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
        /// The series.
        id: RoundsId,
        /// The URL of the bridge.
        url: String,
        /// The number of rounds, their connections, and their pace.
        plan: RoundsPlan,
    },
    /// Give up what is running.
    Stop,
}

/// From the worker to its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker has started and measured its clock.
    Ready(Clock),
    /// What happened in runs: sent when all of them are over, and every 100 ms until then.
    Runs(Vec<RunProgress>),
    /// Rounds have ended; sent at most once a second.
    Rounds {
        /// The series.
        id: RoundsId,
        /// The rounds that were answered since the message before.
        #[serde(with = "packed")]
        answered: Vec<Round>,
        /// The rounds that failed.
        failures: Failures,
    },
    /// The worker was suspended while something was running.
    Suspended,
    /// A series has ended.
    RoundsEnded {
        /// The series.
        id: RoundsId,
        /// How it ended.
        how: Ended,
    },
}

impl FromWorker {
    /// Whether a run or rounds have ended with this message.
    pub fn is_an_end(&self) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().any(|progress| progress.end.is_some()),
            Self::RoundsEnded { .. } => true,
            Self::Ready(_) | Self::Rounds { .. } | Self::Suspended => false,
        }
    }

    /// A step of a run that has not ended.
    #[cfg(test)]
    pub(crate) fn step(run: RunId, step: Step) -> Self {
        Self::Runs(vec![RunProgress { run, steps: vec![step], end: None }])
    }
}

/// What happened in a run since the message before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProgress {
    /// The run.
    pub run: RunId,
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

/// The worker's clock, and the machine: what limits every time that the worker measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The smallest step of the clock, as it was seen to move.
    pub step: Duration,
    /// Whether the worker is cross-origin isolated, for which browsers make the clock finer.
    pub isolated: bool,
    /// The number of processors that the browser reports. Client and server may share them.
    pub cores: u32,
}

/// How a run ended, as the worker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Every question has its answer.
    Complete,
    /// The page stopped it.
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
    use launcelot_measure::FailureKind;

    use super::*;
    use crate::state::ids::PageId;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let step = Step::Answered { at: Duration::from_nanos(1_234_567), answer: "Blue.".to_owned() };
        let end = RunEnd { how: Ended::Complete, began: Some(Duration::from_secs(1_800_000_000)) };
        let message = FromWorker::Runs(vec![RunProgress { run: RunId(7), steps: vec![step], end: Some(end) }]);
        assert_eq!(decode(&encode(&message)), Some(message));
        assert_eq!(decode::<FromWorker>(&[250, 1, 2]), None);
    }

    #[test]
    fn rounds_arrive_as_they_were_sent() {
        let id = RoundsId { page: PageId(u64::MAX), number: 7 };
        let usual = Round { asked: 650, connecting: 650, due: 660, ready: 652 };
        let a_day = 24 * 3_600 * 1_000_000_000 / u64::from(Round::STEP_NS);
        let long = Round { asked: 7, connecting: u64::MAX, due: a_day, ready: 0 };
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: unknown question.");
        let message = FromWorker::Rounds { id, answered: vec![long, Round::default(), usual], failures };
        assert_eq!(decode(&encode(&message)), Some(message));
        let many = FromWorker::Rounds { id, answered: vec![usual; 1_000], failures: Failures::default() };
        assert!(encode(&many).len() < 5_020);
    }
}
