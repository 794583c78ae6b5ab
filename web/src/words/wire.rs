//! A longer wire in words.

use launcelot_measure::Wire;
use launcelot_measure::unit::readable;
use launcelot_measure::wire::{MeasuredRoundTrip, bits};

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
            Some(bandwidth) => bits(bandwidth),
        },
    }
}

/// The round trip as it was measured, if it was, beside what it should be.
pub fn measured(measured: Option<MeasuredRoundTrip>, wire: Wire) -> String {
    let found = measured.map(|found| format!("{}, the median of {}", readable(found.rtt), found.samples));
    format!("Measured round trip: {}. Nominal: {}.", found.as_deref().unwrap_or("not yet"), nominal(wire))
}

/// The route and, where it is known, what its wire is like.
pub fn route(route: Route, wire: Option<Wire>) -> String {
    match wire.filter(|_| route == Route::Tunnel) {
        Some(wire) => format!("{} at {}", route.name(), wire.in_short()),
        None => route.name().to_owned(),
    }
}

/// The same for a run; nothing where it went straight.
pub fn route_of(Numbered { run, wire, .. }: &Numbered) -> Option<String> {
    route_to(&run.to, *wire)
}

/// The same for what was asked at this URL.
pub fn route_to(url: &str, wire: Option<Wire>) -> Option<String> {
    let to = Route::of(url);
    (to == Route::Tunnel).then(|| route(to, wire))
}

fn nominal(wire: Wire) -> String {
    let mut nominal = wire.round_trip();
    if !wire.jitter.is_zero() {
        // Half of the jitter each way, as often more as less.
        nominal += &format!(", with the usual jitter {}", readable(wire.rtt + wire.jitter));
    }
    if let Some(bandwidth) = wire.bandwidth {
        nominal += &format!(", and what it takes to send at {}", bits(bandwidth));
    }
    nominal
}

#[cfg(test)]
mod tests {
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
}
