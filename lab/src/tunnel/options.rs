//! The options that set a tunnel's link, on the command line and on standard input.

use std::num::{NonZeroU64, NonZeroUsize};
use std::str::FromStr as _;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use launcelot_measure::Preset;

use super::settings::{DELAY_MAX, SLOW_CLOSE_MAX, TunnelSettings};
use crate::durations;

/// Changes to a tunnel's settings. A missing option leaves its setting unchanged.
#[derive(Debug, Clone, Args)]
pub struct LinkOptions {
    /// Start from the preset of a known link
    #[arg(long, value_name = "PRESET", value_parser = preset_parser())]
    pub link: Option<Preset>,
    /// Round-trip time to add, half of it in each direction
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_duration(text, DELAY_MAX))]
    pub rtt: Option<Duration>,
    /// Maximum random delay to add in each direction
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_duration(text, DELAY_MAX))]
    pub jitter: Option<Duration>,
    /// Make opening a connection cost one round trip, as between two machines; part of every preset
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "tcp", hide_possible_values = true, value_name = "none")]
    pub handshake: Option<HandshakeOption>,
    /// Bandwidth of each direction
    #[arg(long, value_name = "BANDWIDTH", value_parser = |text: &str| parse_limit(text, parse_bandwidth))]
    pub bandwidth: Option<Limit<NonZeroU64>>,
    /// Deliver at most this many bytes together
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, NonZeroUsize::from_str))]
    pub slice: Option<Limit<NonZeroUsize>>,
    /// Reset a connection after this many bytes, counted in both directions
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, u64::from_str))]
    pub reset_after: Option<Limit<u64>>,
    /// Relay nothing more on a connection after this many bytes, and leave it open
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| parse_limit(text, u64::from_str))]
    pub stall_after: Option<Limit<u64>>,
    /// Delay of a close after the last byte
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_duration(text, SLOW_CLOSE_MAX))]
    pub slow_close: Option<Duration>,
}

impl LinkOptions {
    /// Returns `settings` with these changes.
    pub fn apply_to(&self, settings: TunnelSettings) -> TunnelSettings {
        let mut settings = self.link.map_or(settings, TunnelSettings::preset);
        if let Some(rtt) = self.rtt {
            settings.link.rtt = rtt;
        }
        if let Some(jitter) = self.jitter {
            settings.link.jitter = jitter;
        }
        if let Some(handshake) = self.handshake {
            settings.handshake = handshake == HandshakeOption::Tcp;
        }
        if let Some(Limit(bandwidth)) = self.bandwidth {
            settings.link.bandwidth = bandwidth;
        }
        if let Some(Limit(slice)) = self.slice {
            settings.slice = slice;
        }
        if let Some(Limit(reset_after)) = self.reset_after {
            settings.reset_after = reset_after;
        }
        if let Some(Limit(stall_after)) = self.stall_after {
            settings.stall_after = stall_after;
        }
        if let Some(slow_close) = self.slow_close {
            settings.slow_close = slow_close;
        }
        settings
    }
}

/// The value of `--handshake`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HandshakeOption {
    /// A connection costs a round trip before its first bytes pass
    Tcp,
    /// A connection is open at once
    None,
}

/// The value of an option that takes a limit or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

/// Returns a parser of the keyword of a preset. The presets are the same as on the page.
pub(crate) fn preset_parser() -> impl TypedValueParser<Value = Preset> {
    let values = Preset::ALL.map(|preset| PossibleValue::new(preset.keyword()).help(preset.description()));
    PossibleValuesParser::new(values).try_map(|keyword| {
        let preset = Preset::ALL.into_iter().find(|preset| preset.keyword() == keyword);
        preset.ok_or_else(|| format!("'{keyword}' is not a preset"))
    })
}

/// Parses a limit: `none`, or what `parse` accepts.
fn parse_limit<T, E>(text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Limit<T>, E> {
    if text == "none" { Ok(Limit(None)) } else { parse(text).map(|limit| Limit(Some(limit))) }
}

/// Parses a duration of at most `max`.
fn parse_duration(text: &str, max: Duration) -> Result<Duration, String> {
    let duration = durations::parse_duration(text)?;
    if duration > max {
        return Err(format!("the maximum is {}", humantime::format_duration(max)));
    }
    Ok(duration)
}

/// Parses a bandwidth such as `56kbit`, `10Mbit` or `2.5Gbit`, in bits per second.
fn parse_bandwidth(text: &str) -> Result<NonZeroU64, String> {
    const UNITS: [(&str, f64); 4] = [("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9), ("bit", 1.0)];
    let text = text.strip_suffix("/s").unwrap_or(text);
    for (unit, factor) in UNITS {
        let Some(number) = text.strip_suffix(unit) else { continue };
        let Ok(number) = number.trim_end().parse::<f64>() else { continue };
        // The cast saturates, and turns NaN into 0.
        if let Some(bits) = NonZeroU64::new((number * factor) as u64) {
            return Ok(bits);
        }
    }
    Err("expected a number with a unit, such as 56kbit, 10Mbit or 2.5Gbit".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use launcelot_measure::LinkSettings;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Line {
        #[command(flatten)]
        link: LinkOptions,
    }

    fn change(line: &str, settings: TunnelSettings) -> TunnelSettings {
        Line::try_parse_from(line.split_whitespace()).unwrap().link.apply_to(settings)
    }

    #[test]
    fn missing_options_leave_their_settings_as_they_are() {
        let settings = change("--link ssh --bandwidth 10Mbit", TunnelSettings::default());
        let bandwidth = NonZeroU64::new(10_000_000);
        let link = LinkSettings { bandwidth, ..Preset::Ssh.link() };
        assert_eq!(settings, TunnelSettings { link, ..TunnelSettings::preset(Preset::Ssh) });
        let longer = change("--rtt 20ms --slice 3 --slow-close 1s --reset-after 9 --stall-after 8", settings);
        let expected = TunnelSettings {
            link: LinkSettings { rtt: Duration::from_millis(20), ..settings.link },
            slice: NonZeroUsize::new(3),
            slow_close: Duration::from_secs(1),
            reset_after: Some(9),
            stall_after: Some(8),
            handshake: true,
        };
        assert_eq!(longer, expected);
        let without_faults =
            "--handshake none --bandwidth none --slice none --reset-after none --stall-after none --slow-close 0s";
        let without_faults = change(without_faults, longer);
        assert_eq!(without_faults, LinkSettings { bandwidth: None, ..longer.link }.into());
        assert!(change("--handshake", without_faults).handshake);
        assert!(change("--handshake --rtt 1ms", without_faults).handshake);
    }

    #[test]
    fn the_rtt_is_a_duration_of_at_most_10_seconds() {
        for value in ["none", "soon", "11s"] {
            assert!(Line::try_parse_from(["--rtt", value]).is_err(), "{value}");
        }
    }

    #[test]
    fn settings_are_displayed_as_the_options_that_set_them() {
        let lines = ["", "--link ssh --bandwidth 10Mbit", "--rtt 20ms --slice 3 --reset-after 9 --stall-after 8"];
        for line in lines {
            let settings = change(line, TunnelSettings::default());
            assert_eq!(change(&settings.to_string(), TunnelSettings::default()), settings, "{line}");
        }
    }

    #[test]
    fn every_preset_is_a_value_of_the_link_option() {
        for preset in Preset::ALL {
            let line = format!("--link {}", preset.keyword());
            assert_eq!(change(&line, TunnelSettings::default()), TunnelSettings::preset(preset), "{line}");
        }
        let unknown = Line::try_parse_from(["--link", "moon"]).unwrap_err().to_string();
        assert!(unknown.contains("satellite"), "{unknown}");
    }

    #[test]
    fn bandwidths_have_units() {
        let cases = [("56kbit", 56_000), ("10Mbit", 10_000_000), ("2.5Gbit/s", 2_500_000_000), ("300 bit", 300)];
        for (text, bits) in cases {
            assert_eq!(parse_bandwidth(text).map(NonZeroU64::get), Ok(bits), "{text}");
        }
        for invalid in ["", "10", "Mbit", "0bit", "-1Mbit", "NaNbit", "10MB"] {
            assert!(parse_bandwidth(invalid).is_err(), "{invalid}");
        }
    }
}
