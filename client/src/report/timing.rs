//! When each thing began and ended, and what the kernel thinks of the connection.

use std::fmt::Write as _;

use launcelot_measure::{Order, Run, Span, Unit};

use super::{COLUMN, NOT_MEASURED, attributed, format_duration};

/// Each step with when it began, when it ended, and how long it took, all in one unit.
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
    table + &attributed([run]).unwrap_or_default() + &kernel(run) + &limits(run)
}

fn rows(run: &Run) -> Vec<(String, Option<Span>)> {
    let lookup = run.lookup.map(|span| ("(looking up the address)".to_owned(), Some(span)));
    let sign = run.attributed_handshake.map(|_| NOT_MEASURED.to_string()).unwrap_or_default();
    let connecting = (format!("(connecting){sign}"), run.connecting);
    let questions = run.questions.iter().map(|asked| (asked.question.clone(), asked.span()));
    lookup.into_iter().chain([connecting]).chain(questions).collect()
}

/// What the kernel has found, which knows nothing of questions.
fn kernel(run: &Run) -> String {
    let Some(kernel) = run.kernel else {
        return "The kernel's own view of the connection: not to be had here.\n".to_owned();
    };
    let to = if run.target.contains("://") { "the bridge" } else { "the server, or to the near end of a tunnel" };
    let least = kernel.least_round_trip.map_or_else(|| "unknown".to_owned(), format_duration);
    let again = match kernel.retransmissions {
        0 => "nothing was sent again".to_owned(),
        1 => "one segment was sent again".to_owned(),
        count => format!("{count} segments were sent again"),
    };
    format!(
        "The kernel's own view of the connection to {to}: least round trip {least}; smoothed {} (includes waiting for answers that \
         carry acknowledgments); {again}.\n",
        format_duration(kernel.round_trip),
    )
}

/// What limits the figures.
fn limits(run: &Run) -> String {
    let order = match run.order {
        Order::OneAtATime => "one at a time",
        Order::SentAhead => "sent ahead",
    };
    format!("Asked {order}, by a clock with steps of {}.\n", format_duration(run.clock_step))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::Step;
    use launcelot_measure::run::KernelView;

    use super::*;

    #[test]
    fn the_kernel_shows_its_least_round_trip_and_calls_the_smoothed_one_that() {
        let us = Duration::from_micros;
        let mut run = Run::new("localhost port 1061".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        let least_round_trip = Some(us(42));
        run.kernel = Some(KernelView { round_trip: us(361), least_round_trip, deviation: us(586), retransmissions: 0 });
        let expected = "The kernel's own view of the connection to the server, or to the near end of a tunnel: least round \
                        trip 42 µs; smoothed 361 µs (includes waiting for answers that carry acknowledgments); nothing was \
                        sent again.\n";
        assert_eq!(kernel(&run), expected);
        run.target = "ws://localhost:8080/ws".to_owned();
        run.kernel.iter_mut().for_each(|kernel| kernel.least_round_trip = None);
        assert!(kernel(&run).contains("to the bridge: least round trip unknown; smoothed"), "{}", kernel(&run));
    }

    #[test]
    fn what_is_attributed_to_connecting_is_marked() {
        let us = Duration::from_micros;
        let mut run = Run::new("localhost port 1061".to_owned(), Order::OneAtATime, us(1), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(1_350) });
        assert!(!timing(&run).contains('*'));
        run.attributed_handshake = Some(us(1_300));
        let report = timing(&run);
        assert!(report.contains("(connecting)*    0.000 ms    1.350 ms    1.350 ms\n"), "{report}");
        assert!(report.contains("\n* The last 1.30 ms of connecting are the emulated link's handshake"), "{report}");
        assert!(report.contains("not measured"), "{report}");
    }

    #[test]
    fn the_table_lines_up_and_says_what_is_missing() {
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
            "The kernel's own view of the connection: not to be had here.",
            "Asked one at a time, by a clock with steps of 21 ns.",
        ];
        assert_eq!(timing(&run).lines().collect::<Vec<_>>(), expected);
    }
}
