//! An emulated link: its settings, their revisions, and how much delay a tunnel has added under them.

use std::fmt;
use std::num::{NonZeroU64, ParseIntError};
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::micros;
use crate::unit::{format_decimal, format_duration};

/// The settings of an emulated link. The default adds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// The added round-trip time, in microseconds: half of it each way.
    #[serde(rename = "rtt_us", with = "micros")]
    pub rtt: Duration,
    /// The largest further delay each way, in microseconds: random, uniformly distributed from zero.
    #[serde(rename = "jitter_us", with = "micros", default)]
    pub jitter: Duration,
    /// The bandwidth each way, in bits per second; `None` if it is not limited.
    #[serde(rename = "bandwidth_bits_per_s", default)]
    pub bandwidth: Option<NonZeroU64>,
}

impl LinkSettings {
    /// Returns the added round-trip time in words: `1.30 ms`.
    pub fn round_trip(self) -> String {
        if self.rtt.is_zero() { "0\u{a0}ms".to_owned() } else { format_duration(self.rtt) }
    }

    /// Returns a short description: `1.30 ms, jitter up to 150 µs, 20 Mbit/s`.
    pub fn describe(self) -> String {
        let mut description = self.round_trip();
        if !self.jitter.is_zero() {
            description += &format!(", jitter up to {}", format_duration(self.jitter));
        }
        if let Some(bandwidth) = self.bandwidth {
            description += &format!(", {}", format_bandwidth(bandwidth));
        }
        description
    }
}

/// Formats a bandwidth in decimal units, as links are sold: `20 Mbit/s`, with a no-break space.
pub fn format_bandwidth(bits_per_second: NonZeroU64) -> String {
    let (unit, symbol) = match bits_per_second.get() {
        0..1_000_000 => (1_000, "kbit/s"),
        1_000_000..1_000_000_000 => (1_000_000, "Mbit/s"),
        _ => (1_000_000_000, "Gbit/s"),
    };
    let decimals = u32::from(!bits_per_second.get().is_multiple_of(unit));
    format!("{}\u{a0}{symbol}", format_decimal(bits_per_second.get(), unit, decimals))
}

/// The emulated link of a measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// There was none, as a lab reported.
    None,
    /// It had these settings all the time.
    Known(LinkSettings),
    /// Its settings changed partway through.
    Changed,
    /// No lab was there that could tell.
    #[default]
    Unknown,
}

impl Link {
    /// Returns the link of a measurement from its settings, if they are known, and their revisions.
    pub fn new(settings: Option<LinkSettings>, revisions: Option<LinkRevisions>) -> Self {
        match settings {
            Some(settings) => Self::Known(settings),
            None if revisions.is_some_and(LinkRevisions::is_changed) => Self::Changed,
            None => Self::Unknown,
        }
    }

    /// Returns the settings, if they are known.
    pub fn settings(self) -> Option<LinkSettings> {
        match self {
            Self::Known(settings) => Some(settings),
            Self::None | Self::Changed | Self::Unknown => None,
        }
    }

    /// Returns this link of a document that does not tell an unknown link from none.
    pub fn of_earlier_document(self) -> Self {
        if self == Self::None { Self::Unknown } else { self }
    }

    /// Describes the link in a clause for people; `None` if there was none, or if nothing is known.
    pub fn describe(self) -> Option<String> {
        match self {
            Self::None | Self::Unknown => None,
            Self::Known(settings) => Some(["link ", &settings.describe()].concat()),
            Self::Changed => Some("the link changed partway through".to_owned()),
        }
    }

    /// Returns the name of the value: `none`, `known`, `changed` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Known(_) => "known",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads the link of any version of the export document. Before version 3 it was the settings or null.
pub(crate) fn of_any_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Link, D::Error> {
    deserializer.deserialize_any(AnyVersion)
}

/// Builds a link from what any version has in its place. A derived untagged enum would do the same with twice the code.
struct AnyVersion;

impl<'de> Visitor<'de> for AnyVersion {
    type Value = Link;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("none, changed, unknown, the settings of a link, or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Link, E> {
        Ok(Link::Unknown)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Link, E> {
        match name {
            "none" => Ok(Link::None),
            "changed" => Ok(Link::Changed),
            "unknown" => Ok(Link::Unknown),
            _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Link, A::Error> {
        /// The settings, or the field that has them since version 3.
        #[derive(Deserialize)]
        struct Fields {
            known: Option<LinkSettings>,
            #[serde(default, with = "micros::option")]
            rtt_us: Option<Duration>,
            #[serde(default, with = "micros::option")]
            jitter_us: Option<Duration>,
            bandwidth_bits_per_s: Option<NonZeroU64>,
        }
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        if let Some(settings) = fields.known {
            return Ok(Link::Known(settings));
        }
        let rtt = fields.rtt_us.ok_or_else(|| de::Error::missing_field("rtt_us"))?;
        let jitter = fields.jitter_us.unwrap_or_default();
        Ok(Link::Known(LinkSettings { rtt, jitter, bandwidth: fields.bandwidth_bits_per_s }))
    }
}

/// The settings of a tunnel, and the delay that it has added under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReport {
    /// The port at which the tunnel listens.
    pub port: u16,
    /// The port of the server behind the tunnel; `None` if the tunnel has only its name, and in reports of earlier versions.
    #[serde(default)]
    pub server_port: Option<u16>,
    /// The settings.
    pub link: LinkSettings,
    /// Whether the tunnel emulates the handshake: each connection then costs a round trip before its first byte passes.
    pub handshake: bool,
    /// The revision of the settings.
    #[serde(flatten)]
    pub revision: Revision,
    /// How long the settings have been in force, in microseconds.
    #[serde(rename = "in_force_us", with = "micros")]
    pub in_force: Duration,
    /// The delay added under these settings; `None` before any bytes passed in both directions.
    pub added_delay: Option<AddedDelay>,
}

/// Identifies one start of a lab: 16 hexadecimal digits.
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

/// Identifies the settings of a link. The number increases with every change; numbers of different instances are unrelated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The lab that had the settings.
    pub instance: Instance,
    /// The number of the settings in that lab.
    pub revision: u64,
}

/// The revisions of the link settings at the beginning and at the end of a dialogue through a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRevisions {
    /// The lab that had the settings.
    pub instance: Instance,
    /// The revision at the beginning.
    pub first_revision: u64,
    /// The revision at the end; `None` if it is unknown but not the first.
    pub last_revision: Option<u64>,
}

impl LinkRevisions {
    /// Creates the revisions of a dialogue whose settings do not change: both the first and the last are `revision`.
    pub fn unchanged(Revision { instance, revision }: Revision) -> Self {
        Self { instance, first_revision: revision, last_revision: Some(revision) }
    }

    /// Returns these revisions for a dialogue whose settings changed: the last revision becomes unknown if it equals the first.
    pub fn changed(self) -> Self {
        Self { last_revision: self.last_revision.filter(|last| *last != self.first_revision), ..self }
    }

    /// Whether the settings changed between the beginning and the end of the dialogue.
    pub fn is_changed(self) -> bool {
        self.revision().is_none()
    }

    /// Returns the one revision of the whole dialogue; `None` if the settings changed during it.
    pub fn revision(self) -> Option<Revision> {
        let revision = self.last_revision.filter(|last| *last == self.first_revision)?;
        Some(Revision { instance: self.instance, revision })
    }
}

/// The delay that a tunnel has added by holding bytes back. This is not a measured round trip: only a client measures one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedDelay {
    /// The median delay in both directions together, in microseconds.
    #[serde(rename = "total_us", with = "micros")]
    pub total: Duration,
    /// The median delay on the way to the server, in microseconds.
    #[serde(rename = "out_us", with = "micros")]
    pub out: Duration,
    /// The median delay on the way back, in microseconds.
    #[serde(rename = "back_us", with = "micros")]
    pub back: Duration,
    /// The number of samples in the direction that has fewer.
    pub samples: u64,
    /// The number of connections that the samples come from.
    pub connections: u64,
}

/// Links that are well known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    /// This machine: no added delay
    Machine,
    /// Two machines in one rack: round trip 0.2 ms, 10 Gbit/s
    Rack,
    /// An SSH tunnel to a machine nearby: round trip 1.3 ms, up to 0.15 ms of jitter each way
    Ssh,
    /// From one coast to the other: round trip 70 ms, up to 2 ms of jitter each way, 100 Mbit/s
    Continent,
    /// A geostationary satellite: round trip 600 ms, up to 15 ms of jitter each way, 20 Mbit/s
    Satellite,
}

impl Preset {
    /// All presets, the shortest round trip first.
    pub const ALL: [Self; 5] = [Self::Machine, Self::Rack, Self::Ssh, Self::Continent, Self::Satellite];

    /// Returns the settings of the preset.
    pub fn link(self) -> LinkSettings {
        let (rtt_us, jitter_us, bandwidth) = match self {
            Self::Machine => (0, 0, None),
            Self::Rack => (200, 0, Some(10_000_000_000)),
            // The client of that text waited 500 to 800 µs after each send: 650 µs in the middle, which is the delay of one direction.
            Self::Ssh => (1_300, 150, None),
            Self::Continent => (70_000, 2_000, Some(100_000_000)),
            Self::Satellite => (600_000, 15_000, Some(20_000_000)),
        };
        LinkSettings {
            rtt: Duration::from_micros(rtt_us),
            jitter: Duration::from_micros(jitter_us),
            bandwidth: bandwidth.and_then(NonZeroU64::new),
        }
    }

    /// Returns the word that chooses the preset on a command line, such as `ssh` in `--link ssh`.
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
            Self::Ssh => "An SSH tunnel to a machine nearby: 1.3 ms round trip, up to 0.15 ms jitter",
            Self::Continent => "Coast to coast: 70 ms round trip, up to 2 ms jitter, 100 Mbit/s",
            Self::Satellite => "Geostationary satellite: 600 ms round trip, up to 15 ms jitter, 20 Mbit/s",
        }
    }

    /// Returns the name of the preset for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Machine => "this machine",
            Self::Rack => "same rack",
            Self::Ssh => "an SSH tunnel nearby",
            Self::Continent => "across a continent",
            Self::Satellite => "a satellite",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_formatted_in_decimal_units() {
        let cases = [(56_000, "56 kbit/s"), (2_500_000, "2.5 Mbit/s"), (10_000_000_000, "10 Gbit/s")];
        for (per_second, expected) in cases {
            assert_eq!(
                NonZeroU64::new(per_second).map(format_bandwidth).unwrap_or_default().replace('\u{a0}', " "),
                expected
            );
        }
    }

    #[test]
    fn a_link_has_a_short_description() {
        let cases = [
            (LinkSettings::default(), "0 ms"),
            (Preset::Ssh.link(), "1.30 ms, jitter up to 150 µs"),
            (Preset::Satellite.link(), "600 ms, jitter up to 15 ms, 20 Mbit/s"),
        ];
        for (link, expected) in cases {
            assert_eq!(link.describe().replace('\u{a0}', " "), expected);
        }
    }
}
