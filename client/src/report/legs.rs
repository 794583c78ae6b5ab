//! Where on the path the time went, as the hops saw it.

use std::fmt::Write as _;

use launcelot_measure::paths::Clocks;
use launcelot_measure::{AddedDelay, Breakdown, Connecting, Leg, LinkReport, Paths, Run, Unit, paths};

use super::{COLUMN, NOT_MEASURED, attributed, format_duration, in_sentence, padded};
use crate::lab::LabTrace;

/// The legs, as they are called and in the order of the path.
const LEGS: [(Leg, &str); 7] = [
    (Leg::Client, "client"),
    (Leg::Bridge, "bridge"),
    (Leg::Connect, "connect()"),
    (Leg::LinkOut, "wire out"),
    (Leg::Server, "server"),
    (Leg::LinkBack, "wire back"),
    (Leg::Unknown, "unknown"),
];

/// Each question with how long it was in each leg of its path, and what that means. If nothing was seen: why.
pub fn legs(run: &Run, seen: Result<&LabTrace, String>) -> String {
    let LabTrace { trace, tunnel, link_revisions, .. } = match seen {
        Ok(seen) => seen,
        Err(why) => return format!("The legs are unknown: {why}.\n"),
    };
    let paths = paths(run, trace);
    let longest = paths.questions().iter().map(|path| path.asked().took()).max();
    let unit = Unit::for_longest(longest.unwrap_or_default());
    let mut report = match paths.clocks().why_unknown() {
        Some(why) => format!("The legs are unknown: {why}.\n"),
        None => table(run, &paths, unit),
    };
    if paths.clocks() == Clocks::Unobserved {
        return report;
    }
    if trace.is_truncated {
        report += "The dialogue was longer than the lab records: what has no figure was not seen.\n";
    }
    report += &Breakdown::of(run, &paths).map(|breakdown| meaning(&breakdown, unit)).unwrap_or_default();
    report += &paths.connecting().map(|path| connecting(path, run)).unwrap_or_default();
    report += &attributed([run]).unwrap_or_default();
    report += &asker_leg(paths.clocks());
    if link_revisions.is_some_and(|link_revisions| link_revisions.revision().is_none()) {
        report += "The tunnel's settings changed during this dialogue.\n";
    }
    report + &tunnel.map(emulated_link).unwrap_or_default()
}

/// A line for each answered question, and a column for each leg.
fn table(run: &Run, paths: &Paths, unit: Unit) -> String {
    let questions = || run.questions.iter().map(|asked| asked.question.as_str()).zip(paths.questions());
    let width = questions().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    let is_known = questions().all(|(_, path)| path.took(Leg::Unknown).is_none());
    let is_shown = |leg| match leg {
        Leg::Connect => false,
        Leg::Unknown => !is_known,
        _ => true,
    };
    let legs = || LEGS.into_iter().filter(|(leg, _)| is_shown(*leg));
    let mut table = padded("", width);
    for head in legs().map(|(_, name)| name).chain(["thinking"]) {
        // Writing to a string cannot fail.
        let _ = write!(table, " {head:>COLUMN$}");
    }
    table.push('\n');
    for (words, path) in questions() {
        table += &padded(words, width);
        let times =
            legs().map(|(leg, _)| path.took(leg).map(|took| format!("{} {}", unit.figure(took), unit.symbol())));
        for time in times.chain([path.thinking().map(format_duration)]) {
            let _ = write!(table, " {:>COLUMN$}", time.unwrap_or_else(|| "–".to_owned()));
        }
        table.push('\n');
    }
    table
}

/// Where the time of connecting went.
fn connecting(connecting: &Connecting, run: &Run) -> String {
    let each = LEGS.into_iter().filter_map(|(leg, name)| {
        let is_attributed = leg == Leg::Connect && run.attributed_handshake.is_some();
        let sign = if is_attributed { NOT_MEASURED.to_string() } else { String::new() };
        Some(format!("{} {name}{sign}", format_duration(connecting.took(leg)?)))
    });
    format!("Of connecting: {}.\n", each.collect::<Vec<_>>().join(", "))
}

/// The emulated link as it is set, and how long the tunnel held bytes, those of other dialogues too.
fn emulated_link(report: LinkReport) -> String {
    let held = match report.added_delay {
        Some(AddedDelay { total, samples, dialogues, .. }) => {
            let dialogues = if dialogues == 1 { "1 dialogue".to_owned() } else { format!("{dialogues} dialogues") };
            format!("{} (median of {samples}, {dialogues})", format_duration(total))
        }
        None => "not known yet".to_owned(),
    };
    let set = report.link.describe().replace('\u{a0}', " ");
    format!("The tunnel emulates a longer link. Set: {set}.\nDelay added, both ways, since it was set: {held}.\n")
}

/// What the legs of all questions together say.
fn meaning(breakdown: &Breakdown, unit: Unit) -> String {
    let Breakdown { waited, thought, .. } = breakdown;
    let waited = in_sentence(unit, *waited);
    let thought = match *thought {
        Some(thought) => format!("The server thought for {}; you waited {waited}.", format_duration(thought)),
        None => {
            format!("How long the server thought is unknown: it was not watched. You waited {waited}.")
        }
    };
    let wire = match breakdown.in_the_tunnel.and_then(|held| breakdown.percent(held)) {
        Some(percent) => {
            let percent = percent.replace('\u{a0}', " ");
            format!(" For {percent} of that the words were on the longer link, and nothing else happened.")
        }
        None => String::new(),
    };
    format!("{thought}{wire}\n")
}

/// What limits the client's leg.
fn asker_leg(clocks: Clocks) -> String {
    let Clocks::Related { uncertainty } = clocks else { return String::new() };
    format!(
        "The client's leg is what the hops did not see, there and back. Their clock and the client's are related by cause and \
         effect only: every moment of theirs is known to ± {}.\n",
        format_duration(uncertainty)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{
        ConnectEvent, ConnectPoint, Instance, Order, Preset, Revision, Step, Trace, TraceEvent, TracePoint,
    };

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

    fn seen(points: &[(TracePoint, u64)]) -> LabTrace {
        let events = points.iter().map(|&(point, at)| TraceEvent { point, at: us(at), bytes: 5 }).collect();
        let held = AddedDelay { total: us(1_480), out: us(740), back: us(740), samples: 7, dialogues: 2 };
        let revision = Revision { instance: Instance(1), revision: 1 };
        let tunnel = LinkReport {
            port: 1061,
            link: Preset::Ssh.link(),
            handshake: true,
            revision,
            in_force: us(9),
            added_delay: Some(held),
        };
        LabTrace { trace: Trace { events, ..Trace::default() }, tunnel: Some(tunnel), ..LabTrace::default() }
    }

    #[test]
    fn what_was_seen_is_a_table_and_a_sentence() {
        let times = [0, 10, 20, 420, 430, 432, 434, 440, 840, 850, 860];
        let points: Vec<_> = TracePoint::ALL.into_iter().zip(times).collect();
        let report = legs(&run(), Ok(&seen(&points)));
        let expected = [
            "           client      bridge    wire out      server   wire back    thinking",
            "What?    0.140 ms    0.020 ms    0.420 ms    0.004 ms    0.416 ms        2 µs",
            "The server thought for 2 µs; you waited 1 ms. For 80 % of that the words were on the longer link, and \
             nothing else happened.",
        ];
        assert_eq!(report.lines().take(3).collect::<Vec<_>>(), expected);
        let wire = "Set: 1.30 ms, jitter up to 150 µs.\nDelay added, both ways, since it was set: 1.48 ms (median of 7, 2 dialogues).";
        assert!(report.ends_with(&format!("{wire}\n")), "{report}");
    }

    #[test]
    fn connecting_has_its_legs_too() {
        let mut seen = seen(&[(TracePoint::BridgeIn, 110), (TracePoint::BridgeBackOut, 1_010)]);
        let points =
            [ConnectPoint::UpgradeIn, ConnectPoint::ConnectBegun, ConnectPoint::ConnectDone, ConnectPoint::UpgradeOut];
        let events = points.into_iter().zip([0, 4, 14, 18]).map(|(point, at)| ConnectEvent { point, at: us(at) });
        seen.trace.connecting = events.collect();
        let report = legs(&run(), Ok(&seen));
        assert!(report.contains("\nOf connecting: 72 µs client, 8 µs bridge, 10 µs connect().\n"), "{report}");
    }

    #[test]
    fn clocks_that_contradict_each_other_leave_the_legs_unknown_and_the_thinking_known() {
        let points = [(TracePoint::ServerIn, 0), (TracePoint::AnswerReady, 3), (TracePoint::AnswerOut, 2_000)];
        let report = legs(&run(), Ok(&seen(&points)));
        assert!(
            report.starts_with("The legs are unknown: the client’s clock and the hops’ clock contradict"),
            "{report}"
        );
        assert!(report.contains("The server thought for 3 µs; you waited 1 ms."), "{report}");
    }

    #[test]
    fn what_was_not_seen_is_unknown() {
        let report = legs(&run(), Ok(&seen(&[(TracePoint::BridgeIn, 0), (TracePoint::BridgeBackOut, 900)])));
        assert!(report.contains("What?    0.100 ms           –"), "{report}");
        assert!(
            report.contains("wire back     unknown    thinking\n") && report.contains("    0.900 ms           –\n"),
            "{report}"
        );
        assert!(report.contains("How long the server thought is unknown"), "{report}");
        assert!(legs(&run(), Ok(&LabTrace::default())).contains("no hop on the path was observed"));
        assert!(legs(&run(), Err("no lab".to_owned())).contains("unknown: no lab."));
    }
}
