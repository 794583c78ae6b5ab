//! Where on the way the time went, as the stations saw it.

use std::fmt::Write as _;

use launcelot_measure::{Leg, Run, Shares, Unit, WireReport, ways};

use super::{COLUMN, padded, percent, readable};
use crate::lab::Seen;

/// The legs, as they are called and in the order of the way.
const LEGS: [(Leg, &str); 6] = [
    (Leg::Asker, "client"),
    (Leg::Bridge, "bridge"),
    (Leg::WireOut, "wire out"),
    (Leg::Server, "server"),
    (Leg::WireBack, "wire back"),
    (Leg::Unknown, "unknown"),
];

/// Each question with how long it was in each leg of its way, and what that means. If nothing was seen: why.
pub fn legs(run: &Run, seen: Result<&Seen, String>) -> String {
    let Seen { trace, tunnel } = match seen {
        Ok(seen) if !seen.trace.sightings.is_empty() => seen,
        Ok(_) => return "The legs of the way are unknown: nobody watched there.\n".to_owned(),
        Err(why) => return format!("The legs of the way are unknown: {why}.\n"),
    };
    let answered: Vec<_> =
        run.questions.iter().filter_map(|asked| Some((asked.question.as_str(), asked.span()?))).collect();
    let ways = ways(run, trace);
    let unit = Unit::for_longest(answered.iter().map(|(_, span)| span.took()).max().unwrap_or_default());
    let width = answered.iter().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    let is_known = answered.iter().zip(&ways).all(|((_, asked), way)| way.took(Leg::Unknown, *asked).is_none());
    let legs = || LEGS.into_iter().filter(|(leg, _)| *leg != Leg::Unknown || !is_known);
    let mut table = padded("", width);
    for head in legs().map(|(_, name)| name).chain(["thinking"]) {
        let _ = write!(table, " {head:>COLUMN$}");
    }
    table.push('\n');
    for ((words, asked), way) in answered.iter().zip(&ways) {
        table += &padded(words, width);
        let times =
            legs().map(|(leg, _)| way.took(leg, *asked).map(|took| format!("{} {}", unit.figure(took), unit.sign())));
        for time in times.chain([way.thinking().map(readable)]) {
            let _ = write!(table, " {:>COLUMN$}", time.unwrap_or_else(|| "–".to_owned()));
        }
        table.push('\n');
    }
    if trace.is_cut {
        table += "The dialogue was longer than the lab writes down: what has no figure was not seen.\n";
    }
    table += &Shares::of(run, &ways).map(|shares| meaning(&shares)).unwrap_or_default();
    table + &tunnel.map(longer_wire).unwrap_or_default()
}

/// The longer wire as it is set and as it was measured, by whoever went through it.
fn longer_wire(report: WireReport) -> String {
    let measured = match report.measured {
        Some(found) => format!("{}, the median of {}", readable(found.rtt), found.samples),
        None => "nothing yet".to_owned(),
    };
    let wire = report.wire.in_short().replace('\u{a0}', " ");
    format!("The longer wire is set to {wire} there and back; measured: {measured}.\n")
}

/// What the legs of all questions together say.
fn meaning(Shares { waited, thought, in_the_tunnel, .. }: &Shares) -> String {
    let thought = match *thought {
        Some(thought) => format!("The server thought for {}; you waited {}.", readable(thought), readable(*waited)),
        None => format!("How long the server thought is unknown: nobody watched it. You waited {}.", readable(*waited)),
    };
    let wire = match *in_the_tunnel {
        Some(held) => format!(
            " For {} of that the words were on the longer wire, and nobody was doing anything.",
            percent(held, *waited)
        ),
        None => String::new(),
    };
    format!(
        "{thought}{wire}\nThe client's leg is what the stations did not see, there and back: two clocks are never compared.\n"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::wire::MeasuredRoundTrip;
    use launcelot_measure::{Order, Point, Preset, Sighting, Step, Trace};

    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn run() -> Run {
        let mut run = Run::new("b".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(90) });
        run.record(Step::Asked { at: us(100) });
        run.record(Step::Answered { at: us(1_100), answer: "That.".to_owned() });
        run
    }

    fn seen(points: &[(Point, u64)]) -> Seen {
        let sightings = points.iter().map(|&(point, at)| Sighting { point, at: us(at), bytes: 5 }).collect();
        let measured = Some(MeasuredRoundTrip { rtt: us(1_480), samples: 7 });
        let tunnel = WireReport { port: 1061, wire: Preset::Ssh.wire(), measured };
        Seen { trace: Trace { sightings, ..Trace::default() }, tunnel: Some(tunnel) }
    }

    #[test]
    fn what_was_seen_is_a_table_and_a_sentence() {
        let times = [0, 10, 20, 420, 430, 432, 434, 440, 840, 850, 860];
        let points: Vec<_> = Point::ALL.into_iter().zip(times).collect();
        let report = legs(&run(), Ok(&seen(&points)));
        let expected = [
            "           client      bridge    wire out      server   wire back    thinking",
            "What?    0.140 ms    0.020 ms    0.420 ms    0.004 ms    0.416 ms        2 µs",
            "The server thought for 2 µs; you waited 1 ms. For 80 % of that the words were on the longer wire, and \
             nobody was doing anything.",
        ];
        assert_eq!(report.lines().take(3).collect::<Vec<_>>(), expected);
        let wire = "The longer wire is set to 1.30 ms, jitter up to 150 µs there and back; measured: 1.48 ms, the median of 7.";
        assert_eq!(report.lines().last(), Some(wire));
    }

    #[test]
    fn what_was_not_seen_is_unknown() {
        let report = legs(&run(), Ok(&seen(&[(Point::BridgeIn, 0), (Point::BridgeBackOut, 900)])));
        assert!(report.contains("What?    0.100 ms           –"), "{report}");
        assert!(
            report.contains("wire back     unknown    thinking\n") && report.contains("    0.900 ms           –\n"),
            "{report}"
        );
        assert!(report.contains("How long the server thought is unknown"), "{report}");
        assert!(legs(&run(), Ok(&Seen::default())).contains("nobody watched there"));
        assert!(legs(&run(), Err("no lab".to_owned())).contains("unknown: no lab."));
    }
}
