//! A histogram as a table, for those who do not see the drawing.

use std::time::Duration;

use launcelot_measure::Distribution;
use launcelot_measure::unit::{format_count, format_duration};

use crate::element::Element;
use crate::series::letter;

/// The leading digits of the times between the rows.
const DIGITS: [u64; 3] = [1, 2, 5];

/// Returns a table of how many rounds took how long, which can be unfolded: a row for each range of times and a column for each
/// series. `None` if there are no times.
pub fn table(series: &[&Distribution]) -> Option<Element> {
    let rows = rows(series);
    if rows.is_empty() {
        return None;
    }
    let mut details = Element::new("details");
    details.add("summary").text("The histogram as a table");
    let mut table = Element::table("histogram-table");
    table.add("caption").set("class", "unseen").text("Number of rounds by time");
    let head = table.add_row_group("thead").add_row();
    head.add_column_header().text("Time");
    for index in 0..series.len() {
        head.add_column_header().set("class", "took").text(letter(index));
    }
    let body = table.add_row_group("tbody");
    for Row { from, until, counts } in rows {
        let row = body.add_row();
        row.add_row_header(format_args!("{} to {}", format_duration(from), format_duration(until)));
        for count in counts {
            row.add_cell().set("class", "took").text(format_count(count));
        }
    }
    details.push(table);
    Some(details)
}

/// How many times of each series are at least `from` and less than `until`.
struct Row {
    from: Duration,
    until: Duration,
    counts: Vec<u64>,
}

/// Returns the rows from that of the shortest time to that of the longest.
fn rows(series: &[&Distribution]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut from = Duration::ZERO;
    for until in boundaries() {
        let count = |distribution: &&Distribution| -> u64 {
            let times = distribution.times().filter(|(time, _)| (from..until).contains(time));
            times.map(|(_, count)| u64::from(count)).sum()
        };
        rows.push(Row { from, until, counts: series.iter().map(count).collect() });
        from = until;
    }
    let is_empty = |row: &Row| row.counts.iter().all(|count| *count == 0);
    let first = rows.iter().position(|row| !is_empty(row)).unwrap_or(rows.len());
    let last = rows.iter().rposition(|row| !is_empty(row)).map_or(0, |last| last + 1);
    rows.truncate(last);
    rows.drain(..first.min(last));
    rows
}

/// Returns the times between the rows: 1, 2 and 5 of each power of ten, from 1 ns to about 32 years.
fn boundaries() -> impl Iterator<Item = Duration> {
    let powers = (0..=18).map(|exponent| 10_u64.pow(exponent));
    powers.flat_map(|power| DIGITS.map(|digit| Duration::from_nanos(digit * power)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(micros: impl IntoIterator<Item = u64>) -> Distribution {
        micros.into_iter().map(Duration::from_micros).collect()
    }

    #[test]
    fn every_time_is_in_one_row_and_rows_reach_from_the_shortest_to_the_longest() {
        let (fast, slow) = (distribution([100, 150, 199, 200]), distribution([1_000]));
        let html = table(&[&fast, &slow]).unwrap().to_string().replace('\u{a0}', " ");
        let rows: Vec<&str> = html.split("<tr").skip(2).collect();
        assert_eq!(rows.len(), 4, "{html}");
        assert!(rows[0].contains(">100 µs to 200 µs<") && rows[0].contains(">3</td>"), "{}", rows[0]);
        assert!(rows[1].contains(">200 µs to 500 µs<") && rows[1].contains(">1</td>"), "{}", rows[1]);
        assert!(rows[2].contains(">500 µs to 1 ms<") && !rows[2].contains(">1</td>"), "{}", rows[2]);
        assert!(rows[3].contains(">1 ms to 2 ms<") && rows[3].contains(">1</td>"), "{}", rows[3]);
    }

    #[test]
    fn without_times_there_is_no_table() {
        assert_eq!(table(&[&distribution([])]), None);
    }
}
