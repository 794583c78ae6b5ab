//! Where on the path the time went, as the hops recorded it.

use std::fmt::Write as _;

use launcelot_measure::paths::Clocks;
use launcelot_measure::text::legs::{ClientKind, name, uncertainty, where_it_went};
use launcelot_measure::text::link::added_delay;
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Breakdown, Connecting, Leg, LinkReport, LinkRevisions, Paths, Run, Unit, paths};

use super::{COLUMN, NOT_MEASURED, WIDTH, attributed, padded, plain, wrapped};
use crate::lab::LabTrace;

/// Returns a table of the legs of each question, and sentences about them. Without a trace, returns one sentence that
/// says why the legs are unknown.
pub fn legs(run: &Run, lab_trace: Result<&LabTrace, String>) -> String {
    let LabTrace { trace, tunnel, link_revisions, .. } = match lab_trace {
        Ok(lab_trace) => lab_trace,
        Err(why) => return wrapped(&format!("The legs are unknown: {why}.")),
    };
    let paths = paths(run, trace);
    if paths.clocks() == Clocks::Unobserved {
        return wrapped(&format!("The legs are unknown: {}.", paths.clocks().why_unknown().unwrap_or_default()));
    }
    let mut report = String::new();
    if matches!(paths.clocks(), Clocks::Related { .. }) && !paths.questions().is_empty() {
        report += &table(run, &paths);
    }
    if trace.is_truncated {
        report += &wrapped("The dialogue was longer than the lab records: legs without a figure were not recorded.");
    }
    if let Some(breakdown) = Breakdown::of(run, &paths) {
        report += &wrapped(&where_it_went(&breakdown, ClientKind::Native, unit(&paths)));
    } else if let Some(why) = paths.clocks().why_unknown() {
        report += &wrapped(&format!("The legs are unknown: {why}."));
    }
    if let Some(path) = paths.connecting() {
        report += &connecting(path, run);
    }
    report += &attributed([run]).unwrap_or_default();
    if let Some(uncertainty) = uncertainty(paths.clocks(), ClientKind::Native) {
        report += &wrapped(&uncertainty);
    }
    if link_revisions.is_some_and(LinkRevisions::is_changed) {
        report += &wrapped("The tunnel's settings changed during this dialogue.");
    }
    if let Some(tunnel) = tunnel {
        report += &emulated_link(*tunnel);
    }
    plain(&report)
}

/// Returns the unit of the table of legs, which suits the longest question.
fn unit(paths: &Paths) -> Unit {
    let longest = paths.questions().iter().map(|path| path.asked().took()).max();
    Unit::for_longest(longest.unwrap_or_default())
}

/// Returns a row for each answered question, and a column for each leg that any of them has.
fn table(run: &Run, paths: &Paths) -> String {
    let unit = unit(paths);
    let is_shown = |leg: &Leg| paths.questions().iter().any(|path| path.took(*leg).is_some());
    let legs: Vec<Leg> = Leg::ALL.into_iter().filter(is_shown).collect();
    let figures_width = (legs.len() + 1) * (COLUMN + 1);
    let longest = run.questions.iter().map(|asked| asked.question.chars().count()).max().unwrap_or_default();
    // Where figures do not fit next to the questions, each question is on a line of its own above them.
    let question_width = if longest + figures_width > WIDTH { 0 } else { longest };

    let mut table = padded("", question_width);
    for head in legs.iter().map(|leg| name(*leg, ClientKind::Native)).chain(["thinking"]) {
        // Writing to a string cannot fail.
        let _ = write!(table, " {head:>COLUMN$}");
    }
    table.push('\n');
    for (asked, path) in run.questions.iter().zip(paths.questions()) {
        table += &padded(&asked.question, question_width);
        if question_width == 0 {
            table.push('\n');
        }
        let mut figures: Vec<Option<String>> = Vec::new();
        for leg in &legs {
            figures.push(path.took(*leg).map(|took| format!("{} {}", unit.figure(took), unit.symbol())));
        }
        figures.push(path.thinking().map(format_duration));
        for figure in figures {
            let _ = write!(table, " {:>COLUMN$}", figure.unwrap_or_else(|| "–".to_owned()));
        }
        table.push('\n');
    }
    table
}

/// Returns a sentence that lists the legs of connecting.
fn connecting(connecting: &Connecting, run: &Run) -> String {
    let mut legs = Vec::new();
    for leg in Leg::ALL {
        let Some(took) = connecting.took(leg) else { continue };
        let mut part = format!("{} {}", format_duration(took), name(leg, ClientKind::Native));
        if leg == Leg::Connect && run.attributed_handshake.is_some() {
            part.push(NOT_MEASURED);
        }
        legs.push(part);
    }
    wrapped(&format!("Connecting, by leg: {}.", legs.join(", ")))
}

/// States the settings of the emulated link, and the delay that it added lately to this and to other dialogues.
fn emulated_link(report: LinkReport) -> String {
    let delay = added_delay(report.added_delay, report.in_force, report.link);
    wrapped(&format!("The tunnel emulates a longer link. {delay}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{
        AddedDelay, ConnectEvent, ConnectPoint, Instance, Order, Preset, Revision, Step, Trace, TraceEvent, TracePoint,
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

    fn lab_trace(points: &[(TracePoint, u64)]) -> LabTrace {
        let events = points.iter().map(|&(point, at)| TraceEvent { point, at: us(at), bytes: 5 }).collect();
        let held = AddedDelay { total: us(1_480), out: us(740), back: us(740), samples: 7, connections: 2 };
        let revision = Revision { instance: Instance(1), revision: 1 };
        let tunnel = LinkReport {
            port: 1061,
            server_port: Some(1060),
            link: Preset::Ssh.link(),
            handshake: true,
            revision,
            in_force: us(9_000),
            added_delay: Some(held),
        };
        LabTrace { trace: Trace { events, ..Trace::default() }, tunnel: Some(tunnel), ..LabTrace::default() }
    }

    #[test]
    fn a_trace_becomes_a_table_and_sentences() {
        let times = [0, 10, 20, 420, 430, 432, 434, 440, 840, 850, 860];
        let points: Vec<_> = TracePoint::ALL.into_iter().zip(times).collect();
        let report = legs(&run(), Ok(&lab_trace(&points)));
        let expected = [
            "           client      bridge    link out      server   link back    thinking",
            "What?    0.140 ms    0.020 ms    0.420 ms    0.004 ms    0.416 ms        2 µs",
            "The server spent 2 µs thinking; you waited 1 ms, and 80 % of that was delay",
            "added by the tunnel.",
        ];
        assert_eq!(report.lines().take(4).collect::<Vec<_>>(), expected);
        let expected = "The tunnel emulates a longer link. Delay added, both ways: 1.48 ms (median of\n\
                        the last 7 samples, from 2 dialogues in the 9 ms since the link was set). Set:\n\
                        1.30 ms, about 1.45 ms with jitter.\n";
        assert!(report.ends_with(expected), "{report}");
        assert!(report.lines().all(|line| line.chars().count() <= WIDTH), "{report}");
    }

    #[test]
    fn a_question_that_leaves_no_room_for_the_figures_has_a_line_of_its_own() {
        let mut run = run();
        run.questions[0].question = "What is your favorite color?".to_owned();
        let times = [0, 10, 20, 420, 430, 432, 434, 440, 840, 850, 860];
        let events = TracePoint::ALL.into_iter().zip(times);
        let events = events.map(|(point, at)| TraceEvent { point, at: us(at), bytes: 28 }).collect();
        let trace = LabTrace { trace: Trace { events, ..Trace::default() }, ..LabTrace::default() };
        let report = legs(&run, Ok(&trace));
        let expected = [
            "      client      bridge    link out      server   link back    thinking",
            "What is your favorite color?",
            "    0.140 ms    0.020 ms    0.420 ms    0.004 ms    0.416 ms        2 µs",
        ];
        assert_eq!(report.lines().take(3).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn connecting_has_legs_like_a_question() {
        let mut lab_trace = lab_trace(&[(TracePoint::BridgeIn, 110), (TracePoint::BridgeBackOut, 1_010)]);
        let points =
            [ConnectPoint::UpgradeIn, ConnectPoint::ConnectBegun, ConnectPoint::ConnectDone, ConnectPoint::UpgradeOut];
        let events = points.into_iter().zip([0, 4, 14, 18]).map(|(point, at)| ConnectEvent { point, at: us(at) });
        lab_trace.trace.connecting = events.collect();
        let report = legs(&run(), Ok(&lab_trace));
        assert!(report.contains("\nConnecting, by leg: 72 µs client, 8 µs bridge, 10 µs connect().\n"), "{report}");
    }

    #[test]
    fn without_an_answer_the_legs_are_unknown_and_the_handshake_is_attributed() {
        let mut run = Run::new("b".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(90) });
        run.record(Step::Asked { at: us(100) });
        let mut lab_trace = lab_trace(&[(TracePoint::TunnelIn, 70_040), (TracePoint::ServerIn, 105_000)]);
        lab_trace.trace.connecting = vec![ConnectEvent { point: ConnectPoint::TunnelAccepted, at: us(0) }];
        run.attribute_handshake(&lab_trace.trace, us(70_000));
        let report = legs(&run, Ok(&lab_trace));
        let expected = "The legs are unknown: no hop saw an answer that arrived, so the client’s clock and the hops’ clock cannot be \
                        related. Connecting, by leg: 70.0 ms connect()*. * The last 69.9 ms of connecting are the emulated link's handshake";
        assert!(report.replace('\n', " ").starts_with(expected), "{report}");
        assert!(!report.contains('±'), "{report}");
    }

    #[test]
    fn a_run_without_an_answer_has_no_table() {
        let mut run = Run::new("ws://b/ws".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(90) });
        run.record(Step::Asked { at: us(100) });
        let mut lab_trace = lab_trace(&[(TracePoint::BridgeIn, 110)]);
        let points = [(ConnectPoint::UpgradeIn, 0), (ConnectPoint::ConnectBegun, 4), (ConnectPoint::UpgradeOut, 18)];
        lab_trace.trace.connecting = points.map(|(point, at)| ConnectEvent { point, at: us(at) }).to_vec();
        let report = legs(&run, Ok(&lab_trace));
        assert!(report.starts_with("Connecting, by leg: "), "{report}");
    }

    #[test]
    fn contradictory_clocks_leave_the_legs_unknown_but_not_the_thinking() {
        let points = [(TracePoint::ServerIn, 0), (TracePoint::AnswerReady, 3), (TracePoint::AnswerOut, 2_000)];
        let report = legs(&run(), Ok(&lab_trace(&points)));
        let expected = "The server spent 3 µs thinking; you waited 1 ms. The legs are unknown: the client’s clock and the hops’ clock";
        assert!(report.replace('\n', " ").starts_with(expected), "{report}");
    }

    #[test]
    fn legs_without_events_are_unknown() {
        let points = [(TracePoint::BridgeIn, 0), (TracePoint::BridgeBackOut, 900)];
        let report = legs(&run(), Ok(&lab_trace(&points)));
        let expected = ["           client     unknown    thinking", "What?    0.100 ms    0.900 ms           –"];
        assert_eq!(report.lines().take(2).collect::<Vec<_>>(), expected);
        assert!(report.contains("You waited 1 ms, and 90 % of that is unaccounted for"), "{report}");
        assert!(legs(&run(), Ok(&LabTrace::default())).contains("no hop on the path was observed"));
        assert!(legs(&run(), Err("no lab".to_owned())).contains("unknown: no lab."));
    }
}
