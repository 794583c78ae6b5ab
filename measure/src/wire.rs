//! What a longer wire is like, as a person sets it, which settings it had, and how long it held bytes.

use std::num::{NonZeroU64, ParseIntError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;
use crate::unit::{decimal, readable};

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

impl Wire {
    /// How long there and back is, in words: `1.30 ms`.
    pub fn round_trip(self) -> String {
        if self.rtt.is_zero() { "0\u{a0}ms".to_owned() } else { readable(self.rtt) }
    }

    /// What it is like, in a few words: `1.30 ms, jitter up to 150 µs, 20 Mbit/s`.
    pub fn in_short(self) -> String {
        let jitter = (!self.jitter.is_zero()).then(|| format!(", jitter up to {}", readable(self.jitter)));
        let bandwidth = self.bandwidth.map(|bandwidth| format!(", {}", bits(bandwidth)));
        [self.round_trip(), jitter.unwrap_or_default(), bandwidth.unwrap_or_default()].concat()
    }
}

/// A bandwidth as it is sold: `20 Mbit/s`, a no-break space between.
pub fn bits(per_second: NonZeroU64) -> String {
    let (unit, sign) = match per_second.get() {
        0..1_000_000 => (1_000, "kbit/s"),
        1_000_000..1_000_000_000 => (1_000_000, "Mbit/s"),
        _ => (1_000_000_000, "Gbit/s"),
    };
    let decimals = u32::from(!per_second.get().is_multiple_of(unit));
    format!("{}\u{a0}{sign}", decimal(per_second.get(), unit, decimals))
}

/// The settings of a tunnel, and how long it held bytes under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireReport {
    /// Where the tunnel listens.
    pub port: u16,
    /// The settings.
    #[serde(rename = "link")]
    pub wire: Wire,
    /// Whether a connection costs a round trip before its first bytes pass.
    pub handshake: bool,
    /// Which settings those are.
    #[serde(flatten)]
    pub revision: Revision,
    /// How long they have been in force, in microseconds.
    #[serde(rename = "in_force_us", with = "micros")]
    pub in_force: Duration,
    /// How long bytes were held since then; `None` before any went there and back.
    #[serde(rename = "added_delay")]
    pub held: Option<Held>,
}

/// Tells one run of a lab from any other: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Instance(pub u64);

impl From<Instance> for String {
    fn from(instance: Instance) -> Self {
        format!("{:016x}", instance.0)
    }
}

impl TryFrom<String> for Instance {
    type Error = ParseIntError;

    fn try_from(digits: String) -> Result<Self, ParseIntError> {
        u64::from_str_radix(&digits, 16).map(Self)
    }
}

/// Settings that were in force. Their number rises with every change; numbers of different instances have nothing to do with
/// each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Which run of the lab.
    pub instance: Instance,
    /// Which settings.
    pub revision: u64,
}

/// Under which settings of a tunnel something went through it, from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Which run of the lab.
    pub instance: Instance,
    /// The settings at the beginning.
    pub first_revision: u64,
    /// The settings at the end; `None` where they are not known, but were no longer the first.
    pub last_revision: Option<u64>,
}

impl Passage {
    /// All of it under the same settings.
    pub fn under(Revision { instance, revision }: Revision) -> Self {
        Self { instance, first_revision: revision, last_revision: Some(revision) }
    }

    /// The same, but the settings became others meanwhile.
    pub fn changed(self) -> Self {
        Self { last_revision: self.last_revision.filter(|last| *last != self.first_revision), ..self }
    }

    /// Whether the settings became others between its beginning and its end.
    pub fn is_changed(self) -> bool {
        self.revision().is_none()
    }

    /// The settings; `None` if they changed meanwhile.
    pub fn revision(self) -> Option<Revision> {
        let revision = self.last_revision.filter(|last| *last == self.first_revision)?;
        Some(Revision { instance: self.instance, revision })
    }
}

/// How long a tunnel held bytes. That is no round trip of a network: only a client measures one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// There and back together, in microseconds.
    #[serde(rename = "total_us", with = "micros")]
    pub held: Duration,
    /// On the way there, at the median, in microseconds.
    #[serde(rename = "out_us", with = "micros")]
    pub there: Duration,
    /// On the way back, at the median, in microseconds.
    #[serde(rename = "back_us", with = "micros")]
    pub back: Duration,
    /// How many ways there, or back, whichever are fewer.
    pub samples: u64,
    /// How many connections they belong to.
    #[serde(rename = "connections")]
    pub dialogues: u64,
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

    /// Returns the value of an option that chooses the preset, such as `--link ssh`.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Rack => "rack",
            Self::Ssh => "ssh",
            Self::Continent => "continent",
            Self::Satellite => "satellite",
        }
    }

    /// Describes the link in one line, for the help of a command line.
    pub fn description(self) -> &'static str {
        match self {
            Self::Machine => "This machine: no delay added",
            Self::Rack => "Two machines in one rack: 0.2 ms round trip, 10 Gbit/s",
            Self::Ssh => "An SSH tunnel, as this project first measured: 1.3 ms round trip, up to 0.15 ms jitter",
            Self::Continent => "Coast to coast: 70 ms round trip, up to 2 ms jitter, 100 Mbit/s",
            Self::Satellite => "Geostationary satellite: 600 ms round trip, up to 15 ms jitter, 20 Mbit/s",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_written_as_they_are_sold() {
        let cases = [(56_000, "56 kbit/s"), (2_500_000, "2.5 Mbit/s"), (10_000_000_000, "10 Gbit/s")];
        for (per_second, expected) in cases {
            assert_eq!(NonZeroU64::new(per_second).map(bits).unwrap_or_default().replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn a_wire_is_told_in_a_few_words() {
        let cases = [
            (Wire::default(), "0 ms"),
            (Preset::Ssh.wire(), "1.30 ms, jitter up to 150 µs"),
            (Preset::Satellite.wire(), "600 ms, jitter up to 15 ms, 20 Mbit/s"),
        ];
        for (wire, expected) in cases {
            assert_eq!(wire.in_short().replace('\u{a0}', " "), expected);
        }
    }
}
