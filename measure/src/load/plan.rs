//! The plan of a load: servers under test, the link to them, what each client does, and the cycles.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::link::LinkSettings;
use crate::micros;
use crate::unit::{format_count, format_duration};

/// A whole load. Each round has a cycle for each level and each server; the servers take turns within a round, so that what else the
/// machine does affects all of them alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadPlan {
    /// The servers under test, in the order in which tables show them. Names are unique.
    pub servers: Vec<ServerPlan>,
    /// The emulated link between the clients and each server; `None` for a direct connection.
    pub link: Option<LinkSettings>,
    /// Whether opening a connection through the link costs a round trip.
    #[serde(default)]
    pub handshake: bool,
    /// The faults that the link injects; `None` if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<LinkFaults>,
    /// The window of the direct measurement, in microseconds: before the first round, each server is asked by one client without the
    /// link. `None` if there is none, as for a direct connection.
    #[serde(rename = "direct_us", with = "micros::option", default)]
    pub direct: Option<Duration>,
    /// What each client does.
    pub dialogue: DialoguePlan,
    /// How many clients there are, or how often they begin.
    pub mode: LoadMode,
    /// The length of the window in which a cycle is measured, in microseconds.
    #[serde(rename = "duration_us", with = "micros")]
    pub duration: Duration,
    /// The time before the window over which the clients of a closed loop start, in microseconds.
    #[serde(rename = "ramp_us", with = "micros")]
    pub ramp: Duration,
    /// The pause between two cycles, in microseconds.
    #[serde(rename = "pause_us", with = "micros")]
    pub pause: Duration,
    /// The number of rounds.
    pub rounds: u32,
    /// The seed of the times at which dialogues begin at random.
    pub seed: u64,
}

/// The faults that an emulated link injects. The default has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFaults {
    /// The largest number of bytes that are delivered together; `None` if it is not limited.
    pub slice_bytes: Option<u64>,
    /// The number of bytes after which a connection is reset, counted in both directions.
    pub reset_after_bytes: Option<u64>,
    /// The number of bytes after which nothing more is relayed on a connection.
    pub stall_after_bytes: Option<u64>,
    /// The delay of a close after the last byte, in microseconds.
    #[serde(rename = "slow_close_us", with = "micros", default)]
    pub slow_close: Duration,
}

impl LinkFaults {
    /// Returns a short description: `at most 3 bytes together, a reset after 900 bytes`.
    pub fn describe(self) -> String {
        let bytes = |number: u64| format!("{} {}", format_count(number), if number == 1 { "byte" } else { "bytes" });
        let mut faults = Vec::new();
        faults.extend(self.slice_bytes.map(|number| format!("at most {} together", bytes(number))));
        faults.extend(self.reset_after_bytes.map(|number| format!("a reset after {}", bytes(number))));
        faults.extend(self.stall_after_bytes.map(|number| format!("a stall after {}", bytes(number))));
        if !self.slow_close.is_zero() {
            faults.push(format!("closes delayed by {}", format_duration(self.slow_close)));
        }
        faults.join(", ")
    }
}

/// A server under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPlan {
    /// Its name in tables and charts.
    pub name: String,
    /// How it is reached or started.
    pub kind: ServerKind,
}

/// How a server under test is reached or started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// A design of `launcelot-server`, in a process that the lab starts.
    Design {
        /// The name of the design.
        design: String,
        /// The number of workers, where it was set.
        workers: Option<u32>,
        /// The number of threads, where it was set.
        threads: Option<u32>,
        /// The length of the listener's queue, where it was set.
        backlog: Option<u32>,
        /// The simulated work on each answer, in microseconds.
        #[serde(rename = "think_us", with = "micros")]
        think: Duration,
    },
    /// Any program, started by the lab. `{port}` in the command is replaced by the port where it has to listen.
    Command {
        /// The command as a person typed it.
        command: String,
    },
    /// A server that runs already.
    Address {
        /// The host name or address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A bridge that runs already.
    WebSocket {
        /// The URL of its WebSocket.
        url: String,
    },
}

/// What a client does: connect, ask, close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialoguePlan {
    /// The name of the script; `None` for the three questions that are built in.
    pub script: Option<String>,
    /// The SHA-256 hash of the questions and answers of the script, as hexadecimal digits; `None` in results of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_hash: Option<String>,
    /// The number of questions in a dialogue, at least 1.
    pub questions: u32,
    /// The largest number of questions in flight on a connection (pipelining), at least 1.
    pub in_flight: u32,
    /// The pause of the client between an answer and its next question, in microseconds.
    #[serde(rename = "think_us", with = "micros")]
    pub think: Duration,
    /// Whether a connection lives for the whole cycle and carries one dialogue after the other.
    pub keep_alive: bool,
    /// The longest time to wait for a connection, and for each answer, in microseconds.
    #[serde(rename = "timeout_us", with = "micros")]
    pub timeout: Duration,
}

impl Default for DialoguePlan {
    /// The built-in questions, ten of them in lockstep, on a connection of their own.
    fn default() -> Self {
        Self {
            script: None,
            script_hash: None,
            questions: 10,
            in_flight: 1,
            think: Duration::ZERO,
            keep_alive: false,
            timeout: Duration::from_secs(10),
        }
    }
}

/// What decides when a dialogue begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "loop", rename_all = "kebab-case")]
pub enum LoadMode {
    /// A closed loop: each client begins its next dialogue when the last one has ended.
    Closed {
        /// The number of clients in each cycle.
        clients: Vec<u32>,
    },
    /// An open loop: dialogues begin by the clock, however long the answers take.
    Open {
        /// How many begin in a second, in each cycle.
        rates: Vec<u32>,
        /// How they are distributed in time.
        arrivals: Arrivals,
        /// What is counted by the rate.
        per: RatedUnit,
        /// The largest number of dialogues at once. One that is due beyond it is queued.
        max_in_flight: u32,
    },
}

impl LoadMode {
    /// Returns what a dialogue is called: where questions are due by the clock, each is a dialogue of its own.
    pub fn unit(&self) -> RatedUnit {
        match self {
            Self::Closed { .. } => RatedUnit::Dialogue,
            Self::Open { per, .. } => *per,
        }
    }

    /// Returns the levels, in the order of their cycles.
    pub fn levels(&self) -> Vec<Level> {
        match self {
            Self::Closed { clients } => clients.iter().copied().map(Level::Clients).collect(),
            Self::Open { rates, .. } => rates.iter().copied().map(Level::Rate).collect(),
        }
    }
}

/// How the dialogues of an open loop are distributed in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Independent of each other, as those of many people are: a Poisson process.
    #[default]
    Poisson,
    /// At equal intervals.
    Steady,
}

/// What the rate of an open loop counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RatedUnit {
    /// Each dialogue is due by the clock.
    #[default]
    Dialogue,
    /// Each question is due by the clock, on connections that stay open.
    Question,
}

impl RatedUnit {
    /// Returns its name for one.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Dialogue => "dialogue",
            Self::Question => "question",
        }
    }

    /// Returns its name for several.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Dialogue => "dialogues",
            Self::Question => "questions",
        }
    }
}

/// How much load there is in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The number of clients of a closed loop.
    Clients(u32),
    /// What begins in a second in an open loop.
    Rate(u32),
}

impl Level {
    /// Returns the number of clients, or what begins in a second.
    pub fn number(self) -> u32 {
        match self {
            Self::Clients(number) | Self::Rate(number) => number,
        }
    }
}

/// In words: `1 client`, `1,000 clients`, `500 arrivals per second`.
impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = format_count(self.number().into());
        match self {
            Self::Clients(1) => write!(formatter, "1 client"),
            Self::Clients(_) => write!(formatter, "{number} clients"),
            Self::Rate(1) => write!(formatter, "1 arrival per second"),
            Self::Rate(_) => write!(formatter, "{number} arrivals per second"),
        }
    }
}

/// Identifies a cycle in its run. The order is that of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CycleId {
    /// The round, from 0.
    pub round: u32,
    /// The level.
    pub level: Level,
    /// The index of the server in [`LoadPlan::servers`].
    pub server: u32,
}
