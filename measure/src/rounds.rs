//! Many rounds: the same question asked again and again, and every time that was taken.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;
use crate::run::Ending;

/// Which connections carry the rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// One for all of them.
    #[default]
    One,
    /// A new one for each.
    Each,
}

/// What is to be done: one question a round, and the next round when the answer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How many rounds, those of the warm-up included.
    pub rounds: u32,
    /// How many of them come first and are not counted: what is cold then is warm later.
    pub warm_up: u32,
    /// Which connections carry them.
    pub connections: Connections,
    /// After which time each round is due after the one before, in microseconds; `None` as soon as its
    /// answer is there.
    #[serde(rename = "pace_us", with = "micros::option")]
    pub pace: Option<Duration>,
}

/// Where the stopwatch starts. It stops at the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopwatch {
    /// When the question was sent.
    #[default]
    Question,
    /// When the connection began to be made, in a round that made one; else when the question was sent.
    Connecting,
    /// When the round was due.
    Due,
}

/// One round: how long ago each thing was when its answer came, in steps of 100 ns.
///
/// Ten thousand of them are kept and sent about, so they are small; 7 minutes are the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Since the question was sent.
    pub asked: u32,
    /// Since the connection began to be made, or the question was sent if there was one already.
    pub connecting: u32,
    /// Since the round was due.
    pub due: u32,
}

/// Many rounds, those of the warm-up included, and how they went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// What a person calls them.
    pub name: String,
    /// Who was asked.
    pub to: String,
    /// What was to be done.
    pub plan: Plan,
    /// The smallest step of the clock that took the times.
    #[serde(rename = "clock_step_us", with = "micros")]
    pub clock_step: Duration,
    /// How many processors the asker's machine says that it has.
    pub cores: u32,
    /// The rounds that were answered.
    pub answered: Vec<Round>,
    /// How many were not.
    pub errors: u32,
    /// How it stands.
    pub ending: Ending,
}
