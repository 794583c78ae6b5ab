//! The legs of the way in words.

use std::time::Duration;

use launcelot_measure::paths::Clocks;
use launcelot_measure::text::legs::{self, ClientKind};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Breakdown, Leg, Reading};

use crate::state::CLIENT;

/// What is said where nobody could tell the legs.
pub const UNKNOWN: &str = "Where on the way the time went is unknown here: nobody watched it pass.";

/// What it costs that the lab watches. `cargo xtask bench observe` measures both figures, and they are rounded up.
pub const WATCHING: &str = "The lab watches the server meanwhile: that adds at most 50 ns to its thinking, and takes about 1.05 times \
    the processor time for a question.";

/// What a leg is called where `asker` asked.
pub fn name(leg: Leg, asker: &str) -> &'static str {
    legs::name(leg, kind(asker))
}

/// What kind of client `asker` is.
fn kind(asker: &str) -> ClientKind {
    if asker == CLIENT { ClientKind::Native } else { ClientKind::Browser }
}

/// How long it took. The asker's own leg, and what is unknown, are known by its clock of these steps; the others by the hops' clock.
pub fn took(leg: Leg, took: Duration, clock_step: Duration) -> String {
    match leg {
        Leg::Client | Leg::Unknown => Reading::new(took, clock_step).describe(),
        _ => format_duration(took),
    }
}

/// What happens there.
pub fn explanation(leg: Leg, asker: &str) -> String {
    let what = match leg {
        Leg::Client => {
            let way = if asker == CLIENT { "client to whoever watched first" } else { "page to the bridge" };
            return format!("From the {way}, and back. The sum of both is exact.");
        }
        Leg::Bridge => "Out of the WebSocket and into TCP, and the other way.",
        Leg::Connect => "To the server and back, through the tunnel if there is one: only while connecting.",
        Leg::LinkOut => "On to the server.",
        Leg::Server => {
            "From the question’s arrival to the answer’s leaving. Magnified, its solid part is the thinking."
        }
        Leg::LinkBack => "Back from the server.",
        Leg::Unknown => "Nobody watched there.",
    };
    what.to_owned()
}

/// How well the moments of the hops are known in the time of `asker`.
pub fn uncertainty(clocks: Clocks, asker: &str) -> Option<String> {
    legs::uncertainty(clocks, kind(asker))
}

/// Where the time went of what `asker` asked, in one sentence.
pub fn where_it_went(breakdown: &Breakdown, asker: &str) -> String {
    legs::where_it_went(breakdown, kind(asker))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn the_leg_of_the_asker_is_never_said_to_take_no_time() {
        let said = |leg| took(leg, us(2), us(1_000)).replace('\u{a0}', " ");
        assert_eq!([Leg::Client, Leg::Bridge].map(said), ["less than 1 ms", "2 µs"]);
    }

    #[test]
    fn legs_of_a_client_do_not_mention_a_page() {
        assert!(Leg::ALL.iter().all(|leg| !name(*leg, CLIENT).contains("browser")));
        assert!(Leg::ALL.iter().all(|leg| !explanation(*leg, CLIENT).contains("page")));
    }
}
