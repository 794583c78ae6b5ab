//! The legend of series, and their percentiles and failures as HTML tables.

use std::time::Duration;

use launcelot_measure::unit::format_count;
use launcelot_measure::{Failures, PERCENTILES, Reading, Summary};

use crate::element::Element;
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
pub fn legend(series: &[SeriesSummary]) -> Element {
    let mut caption = Element::new("figcaption");
    for (index, summary) in series.iter().enumerate() {
        let entry = caption.add("p");
        entry.add("b").text(letter(index));
        let words = entry.push(key(index)).add("span").text(&summary.name);
        words.text(" ").add("small").text(&summary.limits);
    }
    caption
}

/// Returns a table with a column for each series, and with rows for the shortest time, each percentile, the longest time and the
/// mean. A percentile that needs more samples has no figure, which [`hint`] explains.
pub fn percentiles(series: &[SeriesSummary]) -> Element {
    let mut table = Element::table("percentiles");
    table.add("caption").set("class", "unseen").text("How long the rounds took");
    let head = table.add_row_group("thead").add_row();
    head.add_column_header().text("Share of rounds");
    for (index, summary) in series.iter().enumerate() {
        let header = head.add_column_header().set("class", "took").text(letter(index));
        header.add("span").set("class", "unseen").text(format_args!(": {}", summary.name));
    }
    let body = table.add_row_group("tbody");
    let mut row = |name: &str, time: &dyn Fn(&Summary) -> Option<Duration>| {
        let row = body.add_row();
        row.add_row_header(name);
        for SeriesSummary { summary, clock_step, .. } in series {
            let cell = row.add_cell().set("class", "took");
            match time(summary).filter(|_| summary.count > 0) {
                Some(time) => cell.text(Reading::new(time, *clock_step).describe()),
                None => cell.set("aria-label", "too few samples").text("–"),
            };
        }
    };
    row("shortest", &|summary| Some(summary.shortest));
    for (index, percentile) in PERCENTILES.iter().enumerate() {
        let share = percentile.name.trim_start_matches('p');
        row(&format!("{share}\u{a0}% ({})", percentile.name), &|summary| summary.percentiles[index]);
    }
    row("longest", &|summary| Some(summary.longest));
    row("mean", &|summary| Some(summary.mean));
    table
}

/// Returns a paragraph that explains why a percentile has no figure; `None` if all have one.
pub fn hint(series: &[SeriesSummary]) -> Option<Element> {
    if !series.iter().any(|series| series.summary.percentiles.contains(&None)) {
        return None;
    }
    let mut hint = Element::new("p");
    hint.set("class", "hint").text("–: too few samples to tell this percentile from the longest time.");
    Some(hint)
}

/// Returns a table with a row for each kind and message of failures in each series; `None` if not a single round failed.
pub fn failures(series: &[SeriesSummary]) -> Option<Element> {
    if series.iter().all(|series| series.failed == 0) {
        return None;
    }
    let mut table = Element::table("failures");
    table.add("caption").text("Rounds that failed");
    let head = table.add_row_group("thead").add_row();
    for name in ["Series", "Rounds", "Reason"] {
        head.add_column_header().text(name);
    }
    let body = table.add_row_group("tbody");
    for (index, summary) in series.iter().enumerate() {
        let unknown = summary.failed.saturating_sub(summary.failures.count());
        let known = summary.failures.iter().map(|failure| (failure.count, failure.message.as_str()));
        for (count, message) in known.chain([(unknown, "reason not recorded")]).filter(|(count, _)| *count > 0) {
            let count = format_count(count.into());
            let done = format_count(summary.done as u64);
            let row = body.add_row();
            row.add_row_header(letter(index));
            row.add_cell().text(format_args!("{count} of {done}"));
            row.add_cell().text(message);
        }
    }
    Some(table)
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
        let html = percentiles(&[summary("a", 1..=1_000), summary("b", [])]).to_string();
        assert_eq!(row(&html, "50\u{a0}% (p50)"), ["500 µs", "–"]);
        assert_eq!(row(&html, "99\u{a0}% (p99)"), ["990 µs", "–"]);
        assert_eq!(row(&html, "longest"), ["1 ms", "–"]);
        assert_eq!(html.matches("<tr").count(), 9);
    }

    #[test]
    fn a_percentile_that_needs_more_samples_has_no_figure() {
        let missing = |times| percentiles(&[summary("a", 1..=times)]).to_string().matches(">–</td>").count();
        assert_eq!([9, 900, 1_000, 10_000].map(missing), [4, 2, 1, 0]);
        assert_eq!([9_999, 10_000].map(|times| hint(&[summary("a", 1..=times)]).is_some()), [true, false]);
    }

    #[test]
    fn a_time_below_the_clock_step_is_shown_as_less_than_it() {
        let coarse = SeriesSummary { clock_step: Duration::from_micros(16_700), ..summary("a", [0, 0, 0, 16_700]) };
        let html = percentiles(&[coarse, summary("b", [5, 5, 6])]).to_string();
        assert_eq!(row(&html, "50\u{a0}% (p50)"), ["less than 16.7 ms", "5 µs"]);
        assert_eq!(row(&html, "longest"), ["16.7 ms", "6 µs"]);
    }

    #[test]
    fn failures_are_counted_by_their_messages() {
        assert_eq!(failures(&[summary("a", [5])]), None);
        let mut known = Failures::default();
        known.add(FailureKind::ErrorAnswer, "Error: <unknown>");
        let failed = SeriesSummary { failed: 75, failures: known, ..summary("b", [5]) };
        let html = failures(&[summary("a", [5]), failed]).unwrap().to_string();
        let rows: Vec<&str> = html.split("<tr").skip(2).collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows[0].contains(">B</th>") && rows[0].contains(">1 of 1,000</td>"), "{}", rows[0]);
        assert!(rows[0].contains("Error: &lt;unknown&gt;"), "{}", rows[0]);
        assert!(rows[1].contains(">74 of 1,000</td>") && rows[1].contains("not recorded"), "{}", rows[1]);
    }

    #[test]
    fn names_are_escaped() {
        let series = [summary("<b>", [5])];
        assert!(percentiles(&series).to_string().contains("&lt;b&gt;"));
        assert!(legend(&series).to_string().contains("&lt;b&gt; <small>9 &lt; 10</small>"));
    }
}
