//! What the drawings of many rounds show, as text: a legend, and a table of percentiles. HTML.

use std::time::Duration;

use launcelot_measure::unit::format_count;
use launcelot_measure::{Failures, PERCENTILES, Reading, Summary};

use crate::markup::{Escaped, write};
use crate::series::{key, letter};

/// A series, as it is told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesSummary {
    /// What it is called.
    pub name: String,
    /// What limits its figures.
    pub limits: String,
    /// What its times come to.
    pub summary: Summary,
    /// How many rounds there were, those that failed and those of the warm-up included.
    pub done: usize,
    /// How many of them failed.
    pub failed: u32,
    /// Why they failed, as far as that is known.
    pub failures: Failures,
    /// The smallest step of the clock that took them.
    pub clock_step: Duration,
}

/// Which letter, line and shape is whose, and what limits its figures: a paragraph each.
pub fn legend(series: &[SeriesSummary]) -> String {
    let mut html = String::from("<figcaption>");
    for (index, told) in series.iter().enumerate() {
        let (letter, key, name, limits) = (letter(index), key(index), Escaped(&told.name), Escaped(&told.limits));
        write(&mut html, format_args!("<p><b>{letter}</b>{key}<span>{name} <small>{limits}</small></span></p>"));
    }
    html + "</figcaption>"
}

/// The percentiles, a row each, and a column for each series. A percentile that a series has too few samples to carry has no
/// figure, and it is said why.
///
/// The roles are spelled out for style sheets that lay rows out as something else.
pub fn percentiles(series: &[SeriesSummary]) -> String {
    let mut html = String::from(
        r#"<table id="percentiles" role="table"><caption class="unseen">How long the rounds took</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col"><span class="unseen">Percentile</span></th>"#,
    );
    for (index, told) in series.iter().enumerate() {
        let (letter, name) = (letter(index), Escaped(&told.name));
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
            write(&mut html, format_args!(r#"<td role="cell" class="took">{figure}</td>"#));
        }
        html += "</tr>";
    };
    row("shortest", &|summary| Some(summary.shortest));
    for (index, percentile) in PERCENTILES.iter().enumerate() {
        row(percentile.name, &|summary| summary.percentiles[index]);
    }
    row("longest", &|summary| Some(summary.longest));
    row("mean", &|summary| Some(summary.mean));
    html += "</tbody></table>";
    if series.iter().any(|told| told.summary.percentiles.contains(&None)) {
        html += r#"<p class="hint">–: too few samples to tell it from the longest.</p>"#;
    }
    write_failures(&mut html, series);
    html
}

/// Why rounds failed: a row for each reason of each series, and nothing if none failed.
fn write_failures(html: &mut String, series: &[SeriesSummary]) {
    if series.iter().all(|told| told.failed == 0) {
        return;
    }
    *html += r#"<table id="failures" role="table"><caption>Rounds that failed</caption><tbody role="rowgroup">"#;
    for (index, told) in series.iter().enumerate() {
        let unknown = told.failed.saturating_sub(told.failures.count());
        let known = told.failures.iter().map(|failure| (failure.count, failure.message.as_str()));
        for (count, words) in known.chain([(unknown, "not recorded why")]).filter(|(count, _)| *count > 0) {
            let (letter, count, done) = (letter(index), format_count(count.into()), format_count(told.done as u64));
            let words = Escaped(words);
            write(
                html,
                format_args!(
                    r#"<tr role="row"><th role="rowheader" scope="row">{letter}</th><td role="cell">{count} of {done}</td><td role="cell">{words}</td></tr>"#
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

    fn told(name: &str, times: impl IntoIterator<Item = u64>) -> SeriesSummary {
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

    /// The figures of a row.
    fn row(html: &str, name: &str) -> Vec<String> {
        let row = html.split("<tr").find(|row| row.contains(&format!(">{name}</th>"))).unwrap();
        let cells = row.split("<td").skip(1).map(|cell| cell.split(['>', '<']).nth(1).unwrap());
        cells.map(|cell| cell.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn every_series_has_a_column_and_every_percentile_a_row() {
        let html = percentiles(&[told("a", 1..=1_000), told("b", [])]);
        assert_eq!(row(&html, "p50"), ["500 µs", "–"]);
        assert_eq!(row(&html, "p99"), ["990 µs", "–"]);
        assert_eq!(row(&html, "longest"), ["1 ms", "–"]);
        assert_eq!(html.matches("<tr").count(), 9);
    }

    #[test]
    fn a_percentile_without_a_sample_above_it_has_no_figure() {
        let missing = |times| percentiles(&[told("a", 1..=times)]).matches(">–</td>").count();
        assert_eq!([9, 900, 1_000, 10_000].map(missing), [4, 2, 1, 0]);
        assert_eq!(
            [9_999, 10_000].map(|times| percentiles(&[told("a", 1..=times)]).contains("too few")),
            [true, false]
        );
    }

    #[test]
    fn what_took_less_than_a_step_of_its_own_clock_is_said_to_be_that() {
        let coarse = SeriesSummary { clock_step: Duration::from_micros(16_700), ..told("a", [0, 0, 0, 16_700]) };
        let html = percentiles(&[coarse, told("b", [5, 5, 6])]);
        assert_eq!(row(&html, "p50"), ["less than 16.7 ms", "5 µs"]);
        assert_eq!(row(&html, "longest"), ["16.7 ms", "6 µs"]);
    }

    #[test]
    fn failures_are_counted_by_their_reasons() {
        assert!(!percentiles(&[told("a", [5])]).contains("failed"));
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: <unknown>");
        let html = percentiles(&[told("a", [5]), SeriesSummary { failed: 75, failures, ..told("b", [5]) }]);
        let rows: Vec<&str> = html.split("failures\"").nth(1).unwrap().split("<tr").skip(1).collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows[0].contains(">B</th>") && rows[0].contains(">1 of 1,000</td>"), "{}", rows[0]);
        assert!(rows[0].contains("Error: &lt;unknown&gt;"), "{}", rows[0]);
        assert!(rows[1].contains(">74 of 1,000</td>") && rows[1].contains("not recorded"), "{}", rows[1]);
    }

    #[test]
    fn names_stay_words() {
        let series = [told("<b>", [5])];
        assert!(percentiles(&series).contains("&lt;b&gt;"));
        assert!(legend(&series).contains("&lt;b&gt; <small>9 &lt; 10</small>"));
    }
}
