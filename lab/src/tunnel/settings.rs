//! The settings of a tunnel: what the emulated link is like, and how it fails.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use launcelot_measure::load::LinkFaults;
use launcelot_measure::{LinkSettings, Preset};

/// The longest round trip, and the longest jitter, that can be set.
pub const DELAY_MAX: Duration = Duration::from_secs(10);

/// The longest delay of a close that can be set.
pub const SLOW_CLOSE_MAX: Duration = Duration::from_secs(3_600);

/// The link that a tunnel emulates, and the faults that it injects. The default adds nothing: bytes are relayed at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TunnelSettings {
    /// Round trip, jitter and bandwidth. Order is kept, whatever the jitter.
    pub link: LinkSettings,
    /// Maximum number of bytes that are delivered together. `None` means that bytes read together are delivered
    /// together.
    pub slice: Option<NonZeroUsize>,
    /// Resets both sides of a connection once it has relayed this many bytes, counted in both directions.
    pub reset_after: Option<u64>,
    /// Relays nothing more on a connection after this many bytes, and leaves it open.
    pub stall_after: Option<u64>,
    /// The delay of a close after the last byte.
    pub slow_close: Duration,
    /// True if opening a connection costs a round trip, before which no bytes are read from the client.
    pub handshake: bool,
}

impl TunnelSettings {
    /// Returns the settings for a preset. Every preset has a handshake.
    pub fn preset(preset: Preset) -> Self {
        Self { link: preset.link(), handshake: true, ..Self::default() }
    }

    /// Returns the faults without the link.
    pub fn faults(&self) -> LinkFaults {
        LinkFaults {
            slice_bytes: self.slice.map(|bytes| bytes.get() as u64),
            reset_after_bytes: self.reset_after,
            stall_after_bytes: self.stall_after,
            slow_close: self.slow_close,
        }
    }

    /// Returns the one-way propagation delay. `jitter_fraction`, from 0 to 1, is the share of the jitter that is added.
    pub(super) fn propagation_delay(&self, jitter_fraction: f64) -> Duration {
        self.link.rtt / 2 + self.link.jitter.mul_f64(jitter_fraction)
    }

    /// Returns the transmission delay of a number of bytes: how long the bandwidth takes to send them.
    pub(super) fn transmission_delay(&self, bytes: usize) -> Duration {
        let Some(bandwidth) = self.link.bandwidth else { return Duration::ZERO };
        let nanoseconds = bytes as u128 * 8 * 1_000_000_000 / u128::from(bandwidth.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

/// Writes the command-line options that set these settings.
impl fmt::Display for TunnelSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkSettings { rtt, jitter, bandwidth } = self.link;
        write!(formatter, "--rtt {} --jitter {}", one_word(rtt), one_word(jitter))?;
        if self.handshake {
            write!(formatter, " --handshake")?;
        }
        if let Some(bits) = bandwidth {
            write!(formatter, " --bandwidth {bits}bit")?;
        }
        if let Some(bytes) = self.slice {
            write!(formatter, " --slice {bytes}")?;
        }
        if let Some(bytes) = self.reset_after {
            write!(formatter, " --reset-after {bytes}")?;
        }
        if let Some(bytes) = self.stall_after {
            write!(formatter, " --stall-after {bytes}")?;
        }
        if !self.slow_close.is_zero() {
            write!(formatter, " --slow-close {}", one_word(self.slow_close))?;
        }
        Ok(())
    }
}

/// Formats a duration without spaces, as an option takes it: `1ms300us`.
fn one_word(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// Makes the settings of a link without faults and without a handshake.
impl From<LinkSettings> for TunnelSettings {
    fn from(link: LinkSettings) -> Self {
        Self { link, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn the_transmission_delay_is_the_number_of_bits_divided_by_the_bandwidth() {
        let link = LinkSettings { bandwidth: NonZeroU64::new(8_000), ..LinkSettings::default() };
        assert_eq!(TunnelSettings::from(link).transmission_delay(1500), Duration::from_millis(1500));
        assert_eq!(TunnelSettings::default().transmission_delay(usize::MAX), Duration::ZERO);
    }
}
