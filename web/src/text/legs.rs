//! The legs of a round trip in words.

use std::time::Duration;

use launcelot_measure::paths::Clocks;
use launcelot_measure::text::legs::{self, ClientKind};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Breakdown, Leg, Reading, Unit};

use crate::state::run_record::CLIENT;

/// What is said where the legs are unknown.
pub const UNKNOWN: &str =
    "Where on the path the time went is unknown: there is no trace of this run. Only the demo’s lab records traces.";

/// What observing the server costs. `cargo xtask bench observe` measures both figures, and they are rounded up.
pub const OBSERVING: &str = "Recording the trace adds at most 50 ns to the server’s thinking and 10\u{a0}% to its processor time \
    (measured on one machine).";

/// What a leg is called where `asker` asked.
pub fn name(leg: Leg, asker: &str) -> &'static str {
    legs::name(leg, kind(asker))
}

/// What kind of client `asker` is.
fn kind(asker: &str) -> ClientKind {
    if asker == CLIENT { ClientKind::Native } else { ClientKind::Browser }
}

/// How long it took, beside a column of `unit`. The asker's own leg, and what is unknown, are known by its clock of these steps; the
/// others by the hops' clock, but none lasts longer than the asker's clock leaves room for.
pub fn took(leg: Leg, took: Duration, clock_step: Duration, unit: Unit) -> String {
    let is_by_the_hops = !matches!(leg, Leg::Client | Leg::Unknown);
    if is_by_the_hops && !took.is_zero() {
        return unit.in_sentence(took);
    }
    Reading::new(took, clock_step).describe_in(unit)
}

/// What happens there; the clock of `asker` moves in these steps.
pub fn explanation(leg: Leg, asker: &str, clock_step: Duration) -> String {
    let what = match leg {
        Leg::Client => {
            let way = if asker == CLIENT { "client to the first observed hop" } else { "page to the bridge" };
            return [
                "From the ",
                way,
                " and back. The sum of both is known to ±\u{a0}",
                &format_duration(clock_step),
                ".",
            ]
            .concat();
        }
        Leg::Bridge => "Relaying between WebSocket and TCP, in both directions.",
        Leg::Connect => {
            "TCP’s three-way handshake with the server, through the tunnel if there is one. Only while connecting."
        }
        Leg::LinkOut => "To the server, through the tunnel if there is one.",
        Leg::Server => {
            "From reading the question to sending its answer. In the enlarged bar, the solid part is the thinking."
        }
        Leg::LinkBack => "Back from the server, on the same path.",
        Leg::Unknown => "No hop was observed here.",
    };
    what.to_owned()
}

/// How well the moments of the hops are known in the time of `asker`.
pub fn uncertainty(clocks: Clocks, asker: &str) -> Option<String> {
    legs::uncertainty(clocks, kind(asker))
}

/// Where the time went of what `asker` asked, in one sentence beside a column of `unit`.
pub fn where_it_went(breakdown: &Breakdown, asker: &str, unit: Unit) -> String {
    legs::where_it_went(breakdown, kind(asker), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn no_leg_takes_no_time() {
        let text = |leg, time| took(leg, us(time), us(1_000), Unit::Milliseconds).replace('\u{a0}', " ");
        assert_eq!([Leg::Client, Leg::Bridge].map(|leg| text(leg, 2)), ["less than 1 ms", "2 µs"]);
        // The hops' clock saw it, but the asker's clock did not move meanwhile.
        assert_eq!(text(Leg::Bridge, 0), "less than 1 ms");
    }

    #[test]
    fn the_leg_of_the_asker_is_known_to_one_step_of_its_clock() {
        let text = explanation(Leg::Client, "browser", us(5)).replace('\u{a0}', " ");
        assert!(text.contains("± 5 µs") && !text.contains("exact"), "{text}");
    }

    #[test]
    fn legs_of_a_client_do_not_mention_a_page() {
        assert!(Leg::ALL.iter().all(|leg| !name(*leg, CLIENT).contains("browser")));
        assert!(Leg::ALL.iter().all(|leg| !explanation(*leg, CLIENT, us(5)).contains("page")));
    }
}
