//! A longer wire in words.

use launcelot_measure::Wire;
use launcelot_measure::unit::{decimal, readable};
use launcelot_measure::wire::MeasuredRoundTrip;

use crate::bridge::Route;
use crate::state::Numbered;
use crate::state::sliders::Slider;

/// What a page says that has no lab.
pub const NO_LAB: &str =
    "There is no lab behind this bridge, so there is no longer wire to choose; cargo xtask demo runs one.";

/// What a page says whose lab does not answer any more.
pub const GONE_LAB: &str =
    "The lab does not answer now: its wire is neither known nor to be set. It is asked again after the next run.";

/// What a slider is set to.
pub fn of_slider(slider: Slider, wire: Wire) -> String {
    match slider {
        Slider::RoundTrip if wire.rtt.is_zero() => "no longer than it is".to_owned(),
        Slider::RoundTrip => readable(wire.rtt),
        Slider::Jitter if wire.jitter.is_zero() => "none".to_owned(),
        Slider::Jitter => format!("up to {}", readable(wire.jitter)),
        Slider::Bandwidth => match wire.bandwidth {
            None => "any".to_owned(),
            Some(bandwidth) => bits(bandwidth.get()),
        },
    }
}

fn bits(per_second: u64) -> String {
    let (unit, sign) = match per_second {
        0..1_000_000 => (1_000, "kbit/s"),
        1_000_000..1_000_000_000 => (1_000_000, "Mbit/s"),
        _ => (1_000_000_000, "Gbit/s"),
    };
    let decimals = u32::from(!per_second.is_multiple_of(unit));
    format!("{}\u{a0}{sign}", decimal(per_second, unit, decimals))
}

/// The round trip as it was measured, if it was, beside what it should be.
pub fn measured(measured: Option<MeasuredRoundTrip>, wire: Wire) -> String {
    let found = measured.map(|found| format!("{}, the median of {}", readable(found.rtt), found.samples));
    format!("Measured round trip: {}. Nominal: {}.", found.as_deref().unwrap_or("not yet"), nominal(wire))
}

/// The route and, where it is known, what its wire is like.
pub fn route(route: Route, wire: Option<Wire>) -> String {
    match wire.filter(|_| route == Route::Tunnel) {
        Some(wire) => format!("{} at {}", route.name(), in_short(wire)),
        None => route.name().to_owned(),
    }
}

/// The same for a run; nothing where it went straight.
pub fn route_of(numbered: &Numbered) -> Option<String> {
    let of = Route::of(&numbered.run.to);
    (of == Route::Tunnel).then(|| route(of, numbered.wire))
}

/// What it is like, in a name.
fn in_short(wire: Wire) -> String {
    let jitter = (!wire.jitter.is_zero()).then(|| format!(", jitter up to {}", readable(wire.jitter)));
    let bandwidth = wire.bandwidth.map(|bandwidth| format!(", {}", bits(bandwidth.get())));
    [round_trip(wire), jitter.unwrap_or_default(), bandwidth.unwrap_or_default()].concat()
}

fn round_trip(wire: Wire) -> String {
    if wire.rtt.is_zero() { "0\u{a0}ms".to_owned() } else { readable(wire.rtt) }
}

fn nominal(wire: Wire) -> String {
    let mut nominal = round_trip(wire);
    if !wire.jitter.is_zero() {
        // Half of the jitter each way, as often more as less.
        nominal += &format!(", with the usual jitter {}", readable(wire.rtt + wire.jitter));
    }
    if let Some(bandwidth) = wire.bandwidth {
        nominal += &format!(", and what it takes to send at {}", bits(bandwidth.get()));
    }
    nominal
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::time::Duration;

    use launcelot_measure::Preset;

    use super::*;

    #[test]
    fn what_is_measured_stands_beside_what_is_nominal() {
        let found = Some(MeasuredRoundTrip { rtt: Duration::from_micros(1_467), samples: 3 });
        let said = |found, wire| measured(found, wire).replace('\u{a0}', " ");
        let expected =
            "Measured round trip: 1.47 ms, the median of 3. Nominal: 1.30 ms, with the usual jitter 1.45 ms.";
        assert_eq!(said(found, Preset::Ssh.wire()), expected);
        assert_eq!(said(None, Wire::default()), "Measured round trip: not yet. Nominal: 0 ms.");
    }

    #[test]
    fn bandwidths_are_written_as_they_are_sold() {
        let bandwidth = |bits| Wire { bandwidth: NonZeroU64::new(bits), ..Wire::default() };
        for (wire, expected) in [
            (bandwidth(56_000), "56 kbit/s"),
            (bandwidth(2_500_000), "2.5 Mbit/s"),
            (bandwidth(10_000_000_000), "10 Gbit/s"),
            (Wire::default(), "any"),
        ] {
            assert_eq!(of_slider(Slider::Bandwidth, wire).replace('\u{a0}', " "), expected);
        }
    }
}
