//! The legs of the way in words.

use std::time::Duration;

use launcelot_measure::paths::Clocks;
use launcelot_measure::unit::readable;
use launcelot_measure::{Breakdown, Leg, Reading};

use crate::state::CLIENT;

/// What is said where nobody could tell the legs.
pub const UNKNOWN: &str = "Where on the way the time went is unknown here: nobody watched it pass.";

/// What it costs that the lab watches. `cargo xtask bench observe` measures both figures, and they are rounded up.
pub const WATCHING: &str = "The lab watches the server meanwhile: that adds at most 50 ns to its thinking, and takes about 1.05 times \
    the processor time for a question.";

/// What a leg is called where `asker` asked.
pub fn name(leg: Leg, asker: &'static str) -> &'static str {
    match leg {
        Leg::Asker if asker == CLIENT => CLIENT,
        Leg::Asker => "browser and WebSocket",
        Leg::Bridge => "bridge",
        Leg::Connect => "connect()",
        Leg::WireOut => "wire out",
        Leg::Server => "server",
        Leg::WireBack => "wire back",
        Leg::Unknown => "unknown",
    }
}

/// How long it took. The asker's own leg, and what is unknown, are known by its clock of these steps; the others by the hops' clock.
pub fn took(leg: Leg, took: Duration, clock_step: Duration) -> String {
    match leg {
        Leg::Asker | Leg::Unknown => Reading::new(took, clock_step).in_words(),
        _ => readable(took),
    }
}

/// What happens there.
pub fn explanation(leg: Leg, asker: &str) -> String {
    let what = match leg {
        Leg::Asker => {
            let way = if asker == CLIENT { "client to whoever watched first" } else { "page to the bridge" };
            return format!("From the {way}, and back. The sum of both is exact.");
        }
        Leg::Bridge => "Out of the WebSocket and into TCP, and the other way.",
        Leg::Connect => "To the server and back, through the tunnel if there is one: only while connecting.",
        Leg::WireOut => "On to the server.",
        Leg::Server => {
            "From the question’s arrival to the answer’s leaving. Magnified, its solid part is the thinking."
        }
        Leg::WireBack => "Back from the server.",
        Leg::Unknown => "Nobody watched there.",
    };
    what.to_owned()
}

/// How well the moments of the hops are known in the time of `asker`.
pub fn uncertainty(clocks: Clocks, asker: &str) -> Option<String> {
    let Clocks::Related { uncertainty } = clocks else { return None };
    Some(format!(
        "The clocks of the {asker} and of the hops are related by cause and effect only: what a hop saw had been sent, and what \
         arrived had been seen. So every moment of the hops is known to ± {}, and with it where the first leg ends and the last \
         begins.",
        readable(uncertainty)
    ))
}

/// Where the time went of what `asker` asked, in one sentence.
pub fn where_it_went(breakdown: &Breakdown, asker: &str) -> String {
    let waited = breakdown.waited().in_words();
    let mut said = match breakdown.thought {
        Some(thought) => format!("The server thought for {}; you waited {waited}", readable(thought)),
        None => format!("You waited {waited}"),
    };
    if breakdown.clocks == Clocks::Contradictory {
        let why = breakdown.clocks.why_unknown().unwrap_or_default();
        return format!("{said}. The legs are unknown: {why}.");
    }
    let largest = largest(breakdown, asker).and_then(|(part, place)| Some((breakdown.percent(part)?, place)));
    if let Some((percent, place)) = largest {
        said += &format!("; for {percent} of that {place}");
    }
    said + "."
}

/// Where most of the time went. In the tunnel nothing happens at all; elsewhere on a wire the kernels are at work.
fn largest(breakdown: &Breakdown, asker: &str) -> Option<(Duration, &'static str)> {
    let wire =
        [Leg::WireOut, Leg::WireBack].into_iter().filter_map(|leg| breakdown.leg(leg)).reduce(|out, back| out + back);
    let held = breakdown.in_the_tunnel.unwrap_or_default();
    let near = match asker {
        CLIENT => "the words were near the client, where nobody watched",
        _ => "the words were between the page and the bridge",
    };
    let places = [
        (breakdown.in_the_tunnel, "the words were on the longer link, and nothing else happened"),
        (wire.map(|wire| wire.saturating_sub(held)), "the words were on the wire to the server and back"),
        (breakdown.leg(Leg::Asker), near),
        (breakdown.leg(Leg::Bridge), "they were in the bridge"),
        (breakdown.leg(Leg::Server), "they were with the server"),
        (breakdown.leg(Leg::Unknown), "nobody watched"),
    ];
    places.into_iter().filter_map(|(part, place)| Some((part?, place))).max_by_key(|(part, _)| *part)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Order, Point, Run, Sighting, Step, Trace, paths};

    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// A question that took 1,400 µs, and what the stations saw of it.
    fn breakdown(sightings: &[(Point, u64)]) -> Breakdown {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(90) });
        run.record(Step::Asked { at: us(100) });
        run.record(Step::Answered { at: us(1_500), answer: "This.".to_owned() });
        let sightings = sightings.iter().map(|&(point, at)| Sighting { point, at: us(at), bytes: 5 }).collect();
        Breakdown::of(&run, &paths(&run, &Trace { sightings, ..Trace::default() })).unwrap()
    }

    fn said(sightings: &[(Point, u64)]) -> String {
        where_it_went(&breakdown(sightings), "browser").replace('\u{a0}', " ")
    }

    #[test]
    fn it_is_said_how_well_the_moments_of_the_hops_are_known() {
        let said = uncertainty(Clocks::Related { uncertainty: us(12) }, "browser").unwrap();
        assert!(said.replace('\u{a0}', " ").contains("every moment of the hops is known to ± 12 µs"), "{said}");
        assert_eq!(uncertainty(Clocks::Contradictory, "browser"), None);
    }

    #[test]
    fn the_leg_of_the_asker_is_never_said_to_take_no_time() {
        let said = |leg| took(leg, us(2), us(1_000)).replace('\u{a0}', " ");
        assert_eq!([Leg::Asker, Leg::Bridge].map(said), ["less than 1 ms", "2 µs"]);
    }

    #[test]
    fn it_is_said_where_most_of_the_time_went() {
        let straight = [
            (Point::BridgeIn, 0),
            (Point::BridgeOut, 2),
            (Point::ServerIn, 40),
            (Point::AnswerReady, 41),
            (Point::AnswerOut, 42),
            (Point::BridgeBackIn, 90),
            (Point::BridgeBackOut, 92),
        ];
        let tunnel = [(Point::TunnelIn, 10), (Point::TunnelOut, 660), (Point::TunnelBackIn, 700)];
        let through = [&straight[..2], &tunnel, &[(Point::TunnelBackOut, 1_350)]].concat();
        assert_eq!(
            said(&straight),
            "The server thought for 1 µs; you waited 1.40 ms; for 93 % of that the words were between the page and the bridge."
        );
        assert!(where_it_went(&breakdown(&straight), CLIENT).ends_with("near the client, where nobody watched."));
        assert_eq!(
            said(&through),
            "You waited 1.40 ms; for 93 % of that the words were on the longer link, and nothing else happened."
        );
        assert!(Leg::ALL.iter().all(|leg| !name(*leg, CLIENT).contains("browser")));
        assert!(Leg::ALL.iter().all(|leg| !explanation(*leg, CLIENT).contains("page")));
        let longer_than_the_question = [(Point::ServerIn, 0), (Point::AnswerReady, 1), (Point::AnswerOut, 1_500)];
        let unknown = said(&longer_than_the_question);
        assert!(
            unknown.starts_with("The server thought for 1 µs; you waited 1.40 ms. The legs are unknown: the asker"),
            "{unknown}"
        );
        assert_eq!(said(&[]), "You waited 1.40 ms; for 100 % of that nobody watched.");
    }
}
