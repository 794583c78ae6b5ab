//! When each step began and ended, and the kernel's round-trip times.

use std::fmt::Write as _;

use launcelot_measure::unit::format_duration;
use launcelot_measure::{Run, Span, Unit, text};

use super::{COLUMN, NOT_MEASURED, attributed, plain, wrapped};

/// Returns a table of the start, end and duration of each step, all in one unit, and sentences about it.
pub fn timing(run: &Run) -> String {
    let rows = rows(run);
    let unit = Unit::for_longest(run.until());
    let words = rows.iter().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    let mut table = format!("{:words$} {:>COLUMN$} {:>COLUMN$} {:>COLUMN$}\n", "", "from", "until", "took");
    for (what, span) in &rows {
        let [from, until, took] = match span {
            Some(span) => unit.figures(*span).map(|figure| format!("{figure} {}", unit.symbol())),
            None => ["–", "–", "–"].map(str::to_owned),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{what:words$} {from:>COLUMN$} {until:>COLUMN$} {took:>COLUMN$}");
    }
    table += &attributed([run]).unwrap_or_default();
    table += &wrapped(&kernel(run));
    table += &wrapped(&limits(run));
    plain(&table)
}

fn rows(run: &Run) -> Vec<(String, Option<Span>)> {
    let lookup = run.lookup.map(|span| ("(looking up the address)".to_owned(), Some(span)));
    let sign = run.attributed_handshake.map(|_| NOT_MEASURED.to_string()).unwrap_or_default();
    let connecting = (format!("(connecting){sign}"), run.connecting);
    let questions = run.questions.iter().map(|asked| (asked.question.clone(), asked.span()));
    lookup.into_iter().chain([connecting]).chain(questions).collect()
}

/// States the kernel's round-trip times of the whole connection.
fn kernel(run: &Run) -> String {
    let Some(kernel) = run.kernel else {
        return "The kernel's round-trip times are not available on this system.".to_owned();
    };
    let to = if run.target.contains("://") { "the bridge" } else { "the server, or to the near end of a tunnel" };
    let shortest = kernel.least_round_trip.map_or_else(|| "unknown".to_owned(), format_duration);
    let retransmissions = match kernel.retransmissions {
        0 => "no retransmissions".to_owned(),
        1 => "one retransmission".to_owned(),
        count => format!("{count} retransmissions"),
    };
    format!(
        "The kernel's round-trip time to {to}: shortest {shortest}; smoothed {} (includes waiting for answers that carry \
         acknowledgments); {retransmissions}.",
        format_duration(kernel.round_trip),
    )
}

/// States the order of the questions and the step of the clock.
fn limits(run: &Run) -> String {
    format!("Order: {}; clock step {}.", text::order(run.order), format_duration(run.clock_step))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::run::KernelView;
    use launcelot_measure::{Order, Step};

    use super::super::WIDTH;
    use super::*;

    #[test]
    fn the_shortest_and_the_smoothed_round_trip_of_the_kernel_are_distinguished() {
        let us = Duration::from_micros;
        let mut run = Run::new("localhost port 1061".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        let least_round_trip = Some(us(42));
        run.kernel = Some(KernelView { round_trip: us(361), least_round_trip, deviation: us(586), retransmissions: 0 });
        let expected = "The kernel's round-trip time to the server, or to the near end of a tunnel: shortest 42 µs; smoothed \
                        361 µs (includes waiting for answers that carry acknowledgments); no retransmissions.";
        assert_eq!(plain(&kernel(&run)), expected);
        run.target = "ws://localhost:8080/ws".to_owned();
        run.kernel.iter_mut().for_each(|kernel| kernel.least_round_trip = None);
        assert!(kernel(&run).contains("to the bridge: shortest unknown; smoothed"), "{}", kernel(&run));
    }

    #[test]
    fn an_attributed_handshake_is_marked() {
        let us = Duration::from_micros;
        let mut run = Run::new("localhost port 1061".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(1_350) });
        assert!(!timing(&run).contains('*'));
        run.attributed_handshake = Some(us(1_300));
        let report = timing(&run);
        assert!(report.contains("(connecting)*    0.000 ms    1.350 ms    1.350 ms\n"), "{report}");
        assert!(report.contains("\n* The last 1.30 ms of connecting are the emulated link's handshake"), "{report}");
        assert!(report.replace('\n', " ").contains("not measured"), "{report}");
        assert!(report.lines().all(|line| line.chars().count() <= WIDTH), "{report}");
    }

    #[test]
    fn the_table_is_aligned_and_shows_missing_times() {
        let us = Duration::from_micros;
        let questions = ["What is your name?", "What?"].map(str::to_owned);
        let mut run =
            Run::new("localhost port 1060".to_owned(), Order::OneAtATime, Duration::from_nanos(21), questions);
        for step in [
            Step::LookedUp { at: us(100) },
            Step::Connected { at: us(250) },
            Step::Asked { at: us(251) },
            Step::Answered { at: us(1300), answer: "Yes.".to_owned() },
            Step::Asked { at: us(1301) },
        ] {
            run.record(step);
        }
        let expected = [
            "                                from       until        took",
            "(looking up the address)    0.000 ms    0.100 ms    0.100 ms",
            "(connecting)                0.100 ms    0.250 ms    0.150 ms",
            "What is your name?          0.251 ms    1.300 ms    1.049 ms",
            "What?                              –           –           –",
            "The kernel's round-trip times are not available on this system.",
            "Order: one at a time; clock step 21 ns.",
        ];
        assert_eq!(timing(&run).lines().collect::<Vec<_>>(), expected);
    }
}
