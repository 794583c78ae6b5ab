//! The legend of series, and their percentiles and failures as HTML tables.

use std::time::Duration;

use launcelot_measure::unit::format_count;
use launcelot_measure::{Failures, PERCENTILES, Reading, Summary};

use crate::markup::{Escaped, write};
use crate::series::{key, letter};

/// A series with everything that its legend and tables show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesSummary {
    /// The name.
    pub name: String,
    /// Text that says what limits the figures, such as the number of samples and the step of the clock.
    pub limits: String,
    /// The summary of its times.
    pub summary: Summary,
    /// The number of rounds that have ended, including failed ones and the warm-up.
    pub done: usize,
    /// The number of failed rounds.
    pub failed: u32,
    /// The failures, as far as they were recorded.
    pub failures: Failures,
    /// The smallest step of its clock.
    pub clock_step: Duration,
}

/// Returns the legend: a paragraph for each series with its letter, line and mark, and what limits its figures.
pub fn legend(series: &[SeriesSummary]) -> String {
    let mut html = String::from("<figcaption>");
    for (index, summary) in series.iter().enumerate() {
        let letter = letter(index);
        let key = key(index);
        let name = Escaped(&summary.name);
        let limits = Escaped(&summary.limits);
        write(&mut html, format_args!("<p><b>{letter}</b>{key}<span>{name} <small>{limits}</small></span></p>"));
    }
    html + "</figcaption>"
}

/// Returns a table with a column for each series, and with rows for the shortest time, each percentile, the longest time and the
/// mean. A percentile that needs more samples has no figure, which a hint explains. A table of failures follows, if there are any.
///
/// The ARIA roles are explicit, because browsers drop a table's roles if a style sheet changes the display of its rows.
pub fn percentiles(series: &[SeriesSummary]) -> String {
    let mut html = String::from(
        r#"<table id="percentiles" role="table"><caption class="unseen">How long the rounds took</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Share of rounds</th>"#,
    );
    for (index, summary) in series.iter().enumerate() {
        let letter = letter(index);
        let name = Escaped(&summary.name);
        write(
            &mut html,
            format_args!(
                r#"<th role="columnheader" scope="col" class="took">{letter}<span class="unseen">: {name}</span></th>"#
            ),
        );
    }
    html += r#"</tr></thead><tbody role="rowgroup">"#;
    let mut row = |name: &str, time: &dyn Fn(&Summary) -> Option<Duration>| {
        write(&mut html, format_args!(r#"<tr role="row"><th role="rowheader" scope="row">{name}</th>"#));
        for SeriesSummary { summary, clock_step, .. } in series {
            let time = time(summary).filter(|_| summary.count > 0);
            let figure = time.map_or_else(|| "–".to_owned(), |time| Reading::new(time, *clock_step).describe());
            let unknown = if time.is_none() { r#" aria-label="too few samples""# } else { "" };
            write(&mut html, format_args!(r#"<td role="cell" class="took"{unknown}>{figure}</td>"#));
        }
        html += "</tr>";
    };
    row("shortest", &|summary| Some(summary.shortest));
    for (index, percentile) in PERCENTILES.iter().enumerate() {
        let share = percentile.name.trim_start_matches('p');
        row(&format!("{share}\u{a0}% ({})", percentile.name), &|summary| summary.percentiles[index]);
    }
    row("longest", &|summary| Some(summary.longest));
    row("mean", &|summary| Some(summary.mean));
    html += "</tbody></table>";
    if series.iter().any(|series| series.summary.percentiles.contains(&None)) {
        html += r#"<p class="hint">–: too few samples to tell this percentile from the longest time.</p>"#;
    }
    write_failures(&mut html, series);
    html
}

/// Appends a table with a row for each kind and message of failures in each series; nothing if no round failed.
fn write_failures(html: &mut String, series: &[SeriesSummary]) {
    if series.iter().all(|series| series.failed == 0) {
        return;
    }
    *html += r#"<table id="failures" role="table"><caption>Rounds that failed</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Series</th><th role="columnheader" scope="col">Rounds</th><th role="columnheader" scope="col">Reason</th></tr></thead><tbody role="rowgroup">"#;
    for (index, summary) in series.iter().enumerate() {
        let unknown = summary.failed.saturating_sub(summary.failures.count());
        let known = summary.failures.iter().map(|failure| (failure.count, failure.message.as_str()));
        for (count, message) in known.chain([(unknown, "reason not recorded")]).filter(|(count, _)| *count > 0) {
            let letter = letter(index);
            let count = format_count(count.into());
            let done = format_count(summary.done as u64);
            let message = Escaped(message);
            write(
                html,
                format_args!(
                    r#"<tr role="row"><th role="rowheader" scope="row">{letter}</th><td role="cell">{count} of {done}</td><td role="cell">{message}</td></tr>"#
                ),
            );
        }
    }
    *html += "</tbody></table>";
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Distribution, FailureKind};

    use super::*;

    fn summary(name: &str, times: impl IntoIterator<Item = u64>) -> SeriesSummary {
        let distribution: Distribution = times.into_iter().map(Duration::from_micros).collect();
        SeriesSummary {
            name: name.to_owned(),
            limits: "9 < 10".to_owned(),
            summary: distribution.summary(),
            done: 1_000,
            failed: 0,
            failures: Failures::default(),
            clock_step: Duration::from_micros(1),
        }
    }

    /// Returns the figures in the row called `name`.
    fn row(html: &str, name: &str) -> Vec<String> {
        let row = html.split("<tr").find(|row| row.contains(&format!(">{name}</th>"))).unwrap();
        let cells = row.split("<td").skip(1).map(|cell| cell.split(['>', '<']).nth(1).unwrap());
        cells.map(|cell| cell.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn every_series_has_a_column_and_every_percentile_a_row() {
        let html = percentiles(&[summary("a", 1..=1_000), summary("b", [])]);
        assert_eq!(row(&html, "50\u{a0}% (p50)"), ["500 µs", "–"]);
        assert_eq!(row(&html, "99\u{a0}% (p99)"), ["990 µs", "–"]);
        assert_eq!(row(&html, "longest"), ["1 ms", "–"]);
        assert_eq!(html.matches("<tr").count(), 9);
    }

    #[test]
    fn a_percentile_that_needs_more_samples_has_no_figure() {
        let missing = |times| percentiles(&[summary("a", 1..=times)]).matches(">–</td>").count();
        assert_eq!([9, 900, 1_000, 10_000].map(missing), [4, 2, 1, 0]);
        assert_eq!(
            [9_999, 10_000].map(|times| percentiles(&[summary("a", 1..=times)]).contains("too few")),
            [true, false]
        );
    }

    #[test]
    fn a_time_below_the_clock_step_is_shown_as_less_than_it() {
        let coarse = SeriesSummary { clock_step: Duration::from_micros(16_700), ..summary("a", [0, 0, 0, 16_700]) };
        let html = percentiles(&[coarse, summary("b", [5, 5, 6])]);
        assert_eq!(row(&html, "50\u{a0}% (p50)"), ["less than 16.7 ms", "5 µs"]);
        assert_eq!(row(&html, "longest"), ["16.7 ms", "6 µs"]);
    }

    #[test]
    fn failures_are_counted_by_their_messages() {
        assert!(!percentiles(&[summary("a", [5])]).contains("failed"));
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: <unknown>");
        let html = percentiles(&[summary("a", [5]), SeriesSummary { failed: 75, failures, ..summary("b", [5]) }]);
        let rows: Vec<&str> = html.split("failures\"").nth(1).unwrap().split("<tr").skip(2).collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows[0].contains(">B</th>") && rows[0].contains(">1 of 1,000</td>"), "{}", rows[0]);
        assert!(rows[0].contains("Error: &lt;unknown&gt;"), "{}", rows[0]);
        assert!(rows[1].contains(">74 of 1,000</td>") && rows[1].contains("not recorded"), "{}", rows[1]);
    }

    #[test]
    fn names_are_escaped() {
        let series = [summary("<b>", [5])];
        assert!(percentiles(&series).contains("&lt;b&gt;"));
        assert!(legend(&series).contains("&lt;b&gt; <small>9 &lt; 10</small>"));
    }
}
