//! One cycle as the engine runs it: its settings, and the events that the engine sends while it goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use launcelot_measure::load::{Arrivals, Counts, DialoguePlan, GeneratorUsage, Level, LoadMode, RatedUnit};

use super::script_text::ScriptText;

/// What the engine does in a cycle.
#[derive(Debug, Clone)]
pub struct CycleSettings {
    /// The server, or the bridge to it.
    pub target: Target,
    /// The questions, and the answers to expect.
    pub text: Arc<ScriptText>,
    /// What each client does.
    pub dialogue: DialoguePlan,
    /// How many clients there are, or when they begin.
    pub pace: Pace,
    /// The length of the window.
    pub duration: Duration,
    /// The seed of everything random.
    pub seed: u64,
}

/// Where the clients connect.
#[derive(Debug, Clone)]
pub enum Target {
    /// A TCP server, at any of these addresses: a client takes the first that accepts.
    Tcp(Vec<SocketAddr>),
    /// A bridge.
    WebSocket {
        /// Its addresses.
        addresses: Vec<SocketAddr>,
        /// The URL, with the host name for the handshake.
        url: String,
    },
}

/// What decides when dialogues begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A closed loop.
    Closed {
        /// The number of clients.
        clients: u32,
        /// The time before the window over which they start.
        ramp: Duration,
    },
    /// An open loop.
    Open {
        /// How many begin in a second.
        rate: u32,
        /// How they are distributed in time.
        arrivals: Arrivals,
        /// What is counted by the rate.
        per: RatedUnit,
        /// The largest number of dialogues at once.
        max_in_flight: u32,
    },
}

impl Pace {
    /// Returns the pace of a level.
    pub fn of(mode: &LoadMode, level: Level, ramp: Duration) -> Self {
        match (mode, level) {
            (LoadMode::Open { arrivals, per, max_in_flight, .. }, Level::Rate(rate)) => {
                Self::Open { rate, arrivals: *arrivals, per: *per, max_in_flight: *max_in_flight }
            }
            (_, level) => Self::Closed { clients: level.number(), ramp },
        }
    }
}

/// What the engine sends while a cycle goes on, in this order: `WindowBegan`, any number of `Progress`, `WindowEnded`, and further
/// `Progress` while the last dialogues are followed to their end.
#[derive(Debug)]
pub enum EngineEvent {
    /// The ramp is over, and counting has begun.
    WindowBegan,
    /// What has been counted since the last event of this kind. Sent about every 100 ms.
    Progress {
        /// The time since the start of the window.
        elapsed: Duration,
        /// The counts.
        added: Box<Counts>,
    },
    /// The window has ended. What the server and the load generator used until now belongs to the cycle.
    WindowEnded {
        /// Its length: as planned, or shorter after a request to stop.
        window: Duration,
        /// What the load generator used during the window.
        generator: GeneratorUsage,
    },
}

/// A request to end the cycle early. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct EarlyEnd(Arc<AtomicBool>);

impl EarlyEnd {
    /// Requests the end. The engine notices it within 100 ms, ends the window and abandons the dialogues that go on.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end has been requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
