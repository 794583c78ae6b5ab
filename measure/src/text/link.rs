//! The settings of an emulated link, and the delay that it added.

use std::time::Duration;

use crate::link::{AddedDelay, LinkSettings, format_bandwidth};
use crate::unit::{format_count, format_duration};

/// Says how much delay the tunnel has added since `link` was set, which was `in_force` ago. The figure is the median of the latest
/// samples, because a lab keeps no others. It is not a measured round trip.
pub fn added_delay(added: Option<AddedDelay>, in_force: Duration, link: LinkSettings) -> String {
    let set = settings(link);
    let Some(AddedDelay { total, samples, connections, .. }) = added else {
        return format!("Delay added, both ways: not measured yet. Set: {set}.");
    };
    let connections =
        if connections == 1 { "1 dialogue".to_owned() } else { [&format_count(connections), " dialogues"].concat() };
    format!(
        "Delay added, both ways: {} (median of the last {samples} samples, from {connections} in the {} since the link was set). Set: {set}.",
        format_duration(total),
        format_duration(in_force)
    )
}

/// Describes the delay that settings should add, both ways.
fn settings(link: LinkSettings) -> String {
    let mut set = link.round_trip();
    if !link.jitter.is_zero() {
        // Each way adds half of the maximum jitter on average, so both ways together add all of it.
        set += &format!(", about {} with jitter", format_duration(link.rtt + link.jitter));
    }
    if let Some(bandwidth) = link.bandwidth {
        set += &format!(", plus the time to transmit at {}", format_bandwidth(bandwidth));
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Preset;

    #[test]
    fn the_added_delay_is_stated_together_with_the_settings() {
        let us = Duration::from_micros;
        let added = AddedDelay { total: us(1_480), out: us(740), back: us(740), samples: 30, connections: 10 };
        let text = |added, link| added_delay(added, Duration::from_secs(41), link).replace('\u{a0}', " ");
        let expected = "Delay added, both ways: 1.48 ms (median of the last 30 samples, from 10 dialogues in the 41 s since the link was set). \
                        Set: 1.30 ms, about 1.45 ms with jitter.";
        assert_eq!(text(Some(added), Preset::Ssh.link()), expected);
        assert_eq!(text(None, LinkSettings::default()), "Delay added, both ways: not measured yet. Set: 0 ms.");
        let narrow = text(None, Preset::Satellite.link());
        assert!(narrow.ends_with("about 615 ms with jitter, plus the time to transmit at 20 Mbit/s."), "{narrow}");
    }
}
