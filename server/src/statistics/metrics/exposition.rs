//! The statistics in the text format of Prometheus, version 0.0.4.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::statistics::{BOUNDS_NS, ThinkingHistogram, Totals};

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn exposition(totals: &Totals) -> String {
    let Totals { connections, open, questions, unknown, bytes_in, bytes_out, thinking } = totals;
    let metrics = [
        ("connections_total", "counter", "Accepted connections.", connections),
        ("connections_open", "gauge", "Open connections.", open),
        ("questions_total", "counter", "Complete questions that were answered, unknown ones included.", questions),
        ("unknown_questions_total", "counter", "Questions that were none of the three.", unknown),
        ("received_bytes_total", "counter", "Bytes received from clients.", bytes_in),
        ("sent_bytes_total", "counter", "Bytes of replies that the system has taken.", bytes_out),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in metrics {
        let name = format!("launcelot_server_{name}");
        // Writing to a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    push_histogram(&mut text, thinking);
    text
}

fn push_histogram(text: &mut String, thinking: &ThinkingHistogram) {
    let name = "launcelot_server_thinking_seconds";
    let help = "Time from when a question was complete until its answer was ready.";
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} histogram\n");
    let mut cumulative = 0;
    for (bound_ns, count) in BOUNDS_NS.into_iter().zip(thinking.counts) {
        cumulative += count;
        let bound = seconds(Duration::from_nanos(bound_ns));
        let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {cumulative}");
    }
    let total: u64 = thinking.counts.iter().sum();
    let sum = seconds(thinking.sum);
    let _ = write!(text, "{name}_bucket{{le=\"+Inf\"}} {total}\n{name}_sum {sum}\n{name}_count {total}\n");
}

/// Formats a duration in seconds, exact to the nanosecond, unlike `as_secs_f64`.
fn seconds(duration: Duration) -> impl fmt::Display {
    fmt::from_fn(move |formatter| {
        let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_is_cumulative_and_in_seconds() {
        let mut totals = Totals { connections: 3, open: 1, questions: 4, unknown: 1, ..Totals::default() };
        totals.thinking.counts[1] = 3;
        totals.thinking.counts[BOUNDS_NS.len()] = 1;
        totals.thinking.sum = Duration::new(12, 300);
        let text = exposition(&totals);
        for line in [
            "# TYPE launcelot_server_connections_total counter",
            "launcelot_server_connections_total 3",
            "launcelot_server_connections_open 1",
            "launcelot_server_unknown_questions_total 1",
            "launcelot_server_thinking_seconds_bucket{le=\"0.00000005\"} 0",
            "launcelot_server_thinking_seconds_bucket{le=\"0.0000001\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"10\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"+Inf\"} 4",
            "launcelot_server_thinking_seconds_sum 12.0000003",
            "launcelot_server_thinking_seconds_count 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
    }
}
