//! What a longer wire is like, as a person sets it, and what was measured of it.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;

/// A wire between two machines. The default is none at all: whatever comes is carried at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// How much longer a question and its answer take together, in microseconds: half of it each way.
    #[serde(rename = "rtt_us", with = "micros")]
    pub rtt: Duration,
    /// How much longer still each way may take, in microseconds, at random and evenly distributed.
    #[serde(rename = "jitter_us", with = "micros", default)]
    pub jitter: Duration,
    /// How many bits go each way in a second; `None` for any number.
    #[serde(rename = "bandwidth_bits_per_s", default)]
    pub bandwidth: Option<NonZeroU64>,
}

/// A wire as it is set, and as it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireReport {
    /// Where the tunnel listens.
    pub port: u16,
    /// As it is set.
    pub wire: Wire,
    /// As it was measured; `None` if nothing has gone there and back since it was set.
    pub measured: Option<MeasuredRoundTrip>,
}

/// How long bytes were on the wire, there and back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredRoundTrip {
    /// The median way there and the median way back, in microseconds.
    #[serde(rename = "rtt_us", with = "micros")]
    pub rtt: Duration,
    /// How many ways there, or back, whichever are fewer.
    pub samples: u64,
}

/// Wires that one may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    /// No longer than it is
    Machine,
    /// Two machines in one rack: 0.2 ms there and back, 10 Gbit/s
    Rack,
    /// The SSH tunnel of the text that this project grew from: 1.3 ms, each way up to 0.15 ms more
    Ssh,
    /// From one coast to the other: 70 ms, each way up to 2 ms more, 100 Mbit/s
    Continent,
    /// By a geostationary satellite: 600 ms, each way up to 15 ms more, 20 Mbit/s
    Satellite,
}

impl Preset {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Machine, Self::Rack, Self::Ssh, Self::Continent, Self::Satellite];

    /// What it is like.
    pub fn wire(self) -> Wire {
        let (rtt_us, jitter_us, bandwidth) = match self {
            Self::Machine => (0, 0, None),
            Self::Rack => (200, 0, Some(10_000_000_000)),
            // After each send its client waited 500 to 800 µs: once for the way there, once for the way back.
            Self::Ssh => (1_300, 150, None),
            Self::Continent => (70_000, 2_000, Some(100_000_000)),
            Self::Satellite => (600_000, 15_000, Some(20_000_000)),
        };
        Wire {
            rtt: Duration::from_micros(rtt_us),
            jitter: Duration::from_micros(jitter_us),
            bandwidth: bandwidth.and_then(NonZeroU64::new),
        }
    }

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Machine => "this machine",
            Self::Rack => "same rack",
            Self::Ssh => "the SSH tunnel of the text",
            Self::Continent => "across a continent",
            Self::Satellite => "a satellite",
        }
    }
}
