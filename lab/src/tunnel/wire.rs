//! What the link is like that a tunnel emulates: long, and perhaps bad.

use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use launcelot_measure::{LinkSettings, Preset};

/// A wire that takes longer there and back, or may, is no use to anybody who waits.
pub const DELAY_MAX: Duration = Duration::from_secs(10);

/// No close needs to come later than that.
pub const SLOW_CLOSE_MAX: Duration = Duration::from_secs(3_600);

/// An emulated link between two machines. The default is none at all: bytes are carried at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wire {
    /// How long and how wide it is. Bytes never overtake bytes, whatever the jitter.
    pub length: LinkSettings,
    /// The most bytes that arrive together; `None` for as many as left together.
    pub slice: Option<NonZeroUsize>,
    /// Resets a connection, both ends of it, once it has carried so many bytes, both ways together.
    pub reset_after: Option<u64>,
    /// Carries nothing more on a connection, and does not close it, after so many bytes.
    pub stall_after: Option<u64>,
    /// How much later than the last byte a close arrives.
    pub slow_close: Duration,
    /// A connection costs a round trip before its first bytes pass.
    pub handshake: bool,
}

impl Wire {
    /// A link that one may know. To open a connection over any of them costs a round trip.
    pub fn preset(preset: Preset) -> Self {
        Self { length: preset.link(), handshake: true, ..Self::default() }
    }

    /// How long a byte takes that meets no other, with `chance` from 0 to 1 for the jitter.
    pub(super) fn one_way(&self, chance: f64) -> Duration {
        self.length.rtt / 2 + self.length.jitter.mul_f64(chance)
    }

    /// How long so many bytes take to leave.
    pub(super) fn sending(&self, bytes: usize) -> Duration {
        let Some(bandwidth) = self.length.bandwidth else { return Duration::ZERO };
        let nanoseconds = bytes as u128 * 8 * 1_000_000_000 / u128::from(bandwidth.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

/// As the options of the command line that make it so.
impl fmt::Display for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkSettings { rtt, jitter, bandwidth } = self.length;
        // One word: `1ms300us`.
        let word = |duration| humantime::format_duration(duration).to_string().replace(' ', "");
        write!(formatter, "--rtt {} --jitter {}", word(rtt), word(jitter))?;
        if self.handshake {
            write!(formatter, " --handshake")?;
        }
        let limits = [
            ("bandwidth", bandwidth.map(|bits| format!("{bits}bit"))),
            ("slice", self.slice.map(|bytes| bytes.to_string())),
            ("reset-after", self.reset_after.map(|bytes| bytes.to_string())),
            ("stall-after", self.stall_after.map(|bytes| bytes.to_string())),
        ];
        for (name, limit) in limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))) {
            write!(formatter, " --{name} {limit}")?;
        }
        if !self.slow_close.is_zero() {
            write!(formatter, " --slow-close {}", word(self.slow_close))?;
        }
        Ok(())
    }
}

/// A link that one may know, as the command line takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like(pub Preset);

impl ValueEnum for Like {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [Like; Preset::ALL.len()] = [
            Like(Preset::Machine),
            Like(Preset::Rack),
            Like(Preset::Ssh),
            Like(Preset::Continent),
            Like(Preset::Satellite),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (word, help) = match self.0 {
            Preset::Machine => ("machine", "No longer than it is"),
            Preset::Rack => ("rack", "Two machines in one rack: 0.2 ms there and back, 10 Gbit/s"),
            Preset::Ssh => {
                ("ssh", "The SSH tunnel of the text that this project grew from: 1.3 ms, each way up to 0.15 ms more")
            }
            Preset::Continent => {
                ("continent", "From one coast to the other: 70 ms, each way up to 2 ms more, 100 Mbit/s")
            }
            Preset::Satellite => {
                ("satellite", "By a geostationary satellite: 600 ms, each way up to 15 ms more, 20 Mbit/s")
            }
        };
        Some(PossibleValue::new(word).help(help))
    }
}

/// A good link of that length, over which connections are open at once.
impl From<LinkSettings> for Wire {
    fn from(length: LinkSettings) -> Self {
        Self { length, ..Self::default() }
    }
}

/// Whether a connection costs a round trip, as the command line takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Handshake {
    /// A connection costs a round trip before its first bytes pass
    Tcp,
    /// A connection is open at once
    None,
}

/// What a wire may have or not, as the command line takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

/// Reads a limit: `none`, or what `read` takes.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_limit<T, E>(text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Limit<T>, E> {
    if text == "none" { Ok(Limit(None)) } else { read(text).map(|limit| Limit(Some(limit))) }
}

/// Reads a duration of at most `longest`.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_at_most(text: &str, longest: Duration) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|why| why.to_string())?;
    if duration > longest {
        return Err(format!("it is at most {}", humantime::format_duration(longest)));
    }
    Ok(duration)
}

/// Reads a bandwidth such as `56kbit`, `10Mbit` or `2.5Gbit`, in bits a second.
///
/// # Errors
///
/// What a person should write instead.
pub fn parse_bandwidth(text: &str) -> Result<NonZeroU64, String> {
    let units = [("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9), ("bit", 1.0)];
    let bits = units.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix("/s").unwrap_or(text).strip_suffix(unit)?.trim_end().parse().ok()?;
        // A number that is too large becomes the largest, and NaN none.
        NonZeroU64::new((number * factor) as u64)
    });
    bits.ok_or_else(|| "it must be a number with its unit, as in 56kbit, 10Mbit or 2.5Gbit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_have_units() {
        let cases = [("56kbit", 56_000), ("10Mbit", 10_000_000), ("2.5Gbit/s", 2_500_000_000), ("300 bit", 300)];
        for (text, bits) in cases {
            assert_eq!(parse_bandwidth(text).map(NonZeroU64::get), Ok(bits), "{text}");
        }
        for wrong in ["", "10", "Mbit", "0bit", "-1Mbit", "NaNbit", "10MB"] {
            assert!(parse_bandwidth(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sending_takes_as_long_as_the_bits_do() {
        let wire = Wire::from(LinkSettings { bandwidth: NonZeroU64::new(8_000), ..LinkSettings::default() });
        assert_eq!(wire.sending(1500), Duration::from_millis(1500));
        assert_eq!(Wire::default().sending(usize::MAX), Duration::ZERO);
    }
}
