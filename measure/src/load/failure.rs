//! What can go wrong in a dialogue, counted by kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A kind of failure. Each ends its dialogue; the load goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DialogueFailure {
    /// Nothing accepts connections at the port, or a bridge refused the WebSocket because of that.
    Refused,
    /// No connection within the timeout.
    ConnectTimedOut,
    /// Any other failure while connecting, such as an unreachable network.
    NotConnected,
    /// The WebSocket handshake failed.
    Handshake,
    /// The connection was reset.
    Reset,
    /// The server closed the connection before it had answered everything.
    ClosedEarly,
    /// No answer within the timeout.
    AnswerTimedOut,
    /// Other bytes than the expected answer.
    WrongAnswer,
    /// The load generator has no free local port: its own limit, not the server's.
    NoLocalPort,
    /// The load generator has no free descriptor: its own limit, not the server's.
    NoDescriptor,
    /// A kind that only a newer version knows.
    #[serde(other)]
    Other,
}

impl DialogueFailure {
    /// Whether the load generator, and not the server, was the limit.
    pub fn is_own_limit(self) -> bool {
        matches!(self, Self::NoLocalPort | Self::NoDescriptor)
    }
}

/// The failures of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureTally {
    /// The number of failures.
    pub count: u64,
    /// What one of them said: the system's words, or an excerpt of the wrong answer. Of several, the least in the order of their
    /// bytes, so that merging is commutative.
    pub example: Option<String>,
}

/// Failures by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DialogueFailures(BTreeMap<DialogueFailure, FailureTally>);

impl DialogueFailures {
    /// Counts a failure.
    pub fn add(&mut self, kind: DialogueFailure, example: Option<&str>) {
        self.add_tally(kind, &FailureTally { count: 1, example: example.map(str::to_owned) });
    }

    /// Adds all failures of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (kind, tally) in &other.0 {
            self.add_tally(*kind, tally);
        }
    }

    /// Returns the failures of each kind.
    pub fn iter(&self) -> impl Iterator<Item = (DialogueFailure, &FailureTally)> {
        self.0.iter().map(|(kind, tally)| (*kind, tally))
    }

    /// Returns the number of all failures.
    pub fn count(&self) -> u64 {
        self.0.values().map(|tally| tally.count).sum()
    }

    fn add_tally(&mut self, kind: DialogueFailure, added: &FailureTally) {
        let tally = self.0.entry(kind).or_default();
        tally.count += added.count;
        let examples = tally.example.iter().chain(&added.example);
        tally.example = examples.min().cloned();
    }
}
