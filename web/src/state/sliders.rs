//! The steps of the sliders: fine where links are short, coarse where they are long.

use std::num::NonZeroU64;
use std::time::Duration;

use launcelot_measure::LinkSettings;

/// Something of a link that a slider sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slider {
    /// The round trip, up to a second.
    RoundTrip,
    /// The jitter, up to a tenth of a second.
    Jitter,
    /// The bandwidth, down to 10 kbit/s. Its last step is a link that takes whatever comes.
    Bandwidth,
}

/// The significant digits of a step: eight of them to every tenfold.
const DIGITS: [u64; 8] = [10, 13, 16, 20, 25, 32, 50, 70];

/// The last steps of the sliders for times: step 0 is none, step 1 is 10 µs, the last is a second or a tenth of one.
const ROUND_TRIP_STEPS: u64 = 1 + 8 * 5;
const JITTER_STEPS: u64 = 1 + 8 * 4;

/// Step 0 is 10 kbit/s; the one before the last is 10 Gbit/s.
const BANDWIDTH_STEPS: u64 = 8 * 6 + 1;

impl Slider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RoundTrip, Self::Jitter, Self::Bandwidth];

    /// Its last step; the first is 0.
    pub fn last(self) -> u64 {
        match self {
            Self::RoundTrip => ROUND_TRIP_STEPS,
            Self::Jitter => JITTER_STEPS,
            Self::Bandwidth => BANDWIDTH_STEPS,
        }
    }

    /// The step that is nearest to a link, not above it.
    pub fn step(self, link: LinkSettings) -> u64 {
        let steps = (0..=self.last()).rev();
        let is_below = |step: &u64| {
            let at_step = self.set(LinkSettings::default(), *step);
            match self {
                Self::RoundTrip => at_step.rtt <= link.rtt,
                Self::Jitter => at_step.jitter <= link.jitter,
                Self::Bandwidth => bits_per_second(at_step) <= bits_per_second(link),
            }
        };
        steps.into_iter().find(is_below).unwrap_or_default()
    }

    /// A link with this slider at a step.
    pub fn set(self, link: LinkSettings, step: u64) -> LinkSettings {
        let step = step.min(self.last());
        let time = || Duration::from_micros(step.checked_sub(1).map_or(0, value));
        match self {
            Self::RoundTrip => LinkSettings { rtt: time(), ..link },
            Self::Jitter => LinkSettings { jitter: time(), ..link },
            Self::Bandwidth if step == self.last() => LinkSettings { bandwidth: None, ..link },
            Self::Bandwidth => LinkSettings { bandwidth: NonZeroU64::new(1_000 * value(step)), ..link },
        }
    }
}

/// 10 at 0, ten times as much at every eighth.
fn value(step: u64) -> u64 {
    DIGITS[step as usize % DIGITS.len()] * 10_u64.pow(step as u32 / DIGITS.len() as u32)
}

fn bits_per_second(link: LinkSettings) -> u64 {
    link.bandwidth.map_or(u64::MAX, NonZeroU64::get)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Preset;

    use super::*;

    #[test]
    fn sliders_reach_from_nothing_to_their_ends_and_never_go_back() {
        let at = |slider: Slider, step| slider.set(LinkSettings::default(), step);
        assert_eq!(at(Slider::RoundTrip, 0).rtt, Duration::ZERO);
        assert_eq!(at(Slider::RoundTrip, 1).rtt, Duration::from_micros(10));
        assert_eq!(at(Slider::RoundTrip, u64::MAX).rtt, Duration::from_secs(1));
        assert_eq!(at(Slider::Jitter, u64::MAX).jitter, Duration::from_millis(100));
        assert_eq!(bits_per_second(at(Slider::Bandwidth, 0)), 10_000);
        assert_eq!(bits_per_second(at(Slider::Bandwidth, BANDWIDTH_STEPS - 1)), 10_000_000_000);
        assert_eq!(at(Slider::Bandwidth, BANDWIDTH_STEPS).bandwidth, None);
        for step in 0..ROUND_TRIP_STEPS {
            assert!(at(Slider::RoundTrip, step).rtt < at(Slider::RoundTrip, step + 1).rtt);
        }
    }

    #[test]
    fn a_link_that_a_slider_made_is_found_at_its_step() {
        for slider in Slider::ALL {
            for step in 0..=slider.last() {
                assert_eq!(slider.step(slider.set(Preset::Ssh.link(), step)), step, "{slider:?}");
            }
        }
        assert_eq!(
            Slider::RoundTrip.set(LinkSettings::default(), Slider::RoundTrip.step(Preset::Ssh.link())).rtt,
            Preset::Ssh.link().rtt
        );
    }
}
