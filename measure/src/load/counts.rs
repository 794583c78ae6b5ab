//! What is counted in a cycle. Everything is a whole number, so that counts can be merged in any order.

use serde::{Deserialize, Serialize};

use super::failure::DialogueFailures;
use crate::distribution::Distribution;

/// The counts of a cycle, or what was added to them since the last [`Progress`](super::RunEvent::Progress).
///
/// The window begins after the ramp. Rates count what was answered within the window. Latencies are those of all dialogues that began,
/// and of all questions that were sent, within the window. What is still going on when the window ends is followed to its end or to
/// its timeout, because leaving it out would leave out the slow ones. Failures are those of all dialogues that went on at some time in
/// the window, so that a server that answers nothing is seen however long the timeout is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Dialogues that ended within the window with every answer right.
    pub dialogues: u64,
    /// Questions that were answered rightly within the window.
    pub questions: u64,
    /// Dialogues that began before the window and ended in it: they are in the rates, but not in the latencies.
    pub cut_at_begin: u64,
    /// Dialogues that began in the window and ended after it: they are in the latencies, but not in the rates.
    pub cut_at_end: u64,
    /// Dialogues that began before the window and went on at its end: they are in neither. Zero in a result of a program that did not
    /// count them.
    #[serde(default)]
    pub spanning: u64,
    /// Dialogues of an open loop that were due within the window and had not begun when it ended.
    pub queued: u64,
    /// The number of times that a dialogue of an open loop was due while as many as the plan allows were in flight.
    pub held_back: u64,
    /// Clients that were answered at least once before the window ended. Zero in a result of a program that did not count them.
    #[serde(default)]
    pub clients_answered: u64,
    /// Failed dialogues that began before the window ended and failed after it had begun.
    pub failures: DialogueFailures,
    /// From a question's send to its answer, of the questions sent in the window; in an open loop with a rate of questions, from the
    /// moment when the question was due.
    pub question_latency: Distribution,
    /// From the start of connecting until the TCP connection is open, of the connections begun in the window. Empty in a result of a
    /// program that did not measure it.
    #[serde(default)]
    pub connect_latency: Distribution,
    /// From the start of connecting to the first answer; in an open loop, from the moment when the dialogue was due.
    pub first_answer_latency: Distribution,
    /// From the start of connecting to the last answer; in an open loop, from the moment when the dialogue was due.
    pub dialogue_latency: Distribution,
    /// How much later than due the load generator itself began: the latencies of an open loop contain it.
    pub lateness: Distribution,
}

impl Counts {
    /// Returns the number of dialogues that crossed an edge of the window.
    pub fn cut(&self) -> u64 {
        self.cut_at_begin + self.cut_at_end + self.spanning
    }

    /// Adds all counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.dialogues += other.dialogues;
        self.questions += other.questions;
        self.cut_at_begin += other.cut_at_begin;
        self.cut_at_end += other.cut_at_end;
        self.spanning += other.spanning;
        self.queued += other.queued;
        self.held_back += other.held_back;
        self.clients_answered += other.clients_answered;
        self.failures.merge(&other.failures);
        self.question_latency.merge(&other.question_latency);
        self.connect_latency.merge(&other.connect_latency);
        self.first_answer_latency.merge(&other.first_answer_latency);
        self.dialogue_latency.merge(&other.dialogue_latency);
        self.lateness.merge(&other.lateness);
    }
}
