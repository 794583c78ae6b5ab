//! Failures against load: for each server and kind of failure a row, with a bar at each level.

use launcelot_measure::unit::{format_count, format_decimal};

use crate::load::LevelAxis;
use crate::load::plot::{Tick, label_anchor};
use crate::markup::{Escaped, Percent, write};
use crate::series::colour;

/// The heights of a row, of its highest bar, and of the labels below the last row, in pixels.
const ROW: u32 = 80;
const BAR_HEIGHT: u32 = 32;
const BOTTOM: u32 = 50;

/// The smallest height of a bar: a rare failure is visible too.
const BAR_HEIGHT_MIN: u32 = 2;

/// The distance of a row's name from its base line, and the smallest distance of two figures above bars, in percent of the axis.
const NAME_ABOVE: u32 = BAR_HEIGHT + 24;
const FIGURE_GAP: f64 = 15.0;

/// The failures of one kind of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureRow {
    /// The index of the server.
    pub index: usize,
    /// The name of the server.
    pub name: String,
    /// The kind of failure, in words.
    pub kind: String,
    /// The levels with such failures: the level, the number of failures, and the number of dialogues that ended, failed ones included.
    pub levels: Vec<(u32, u64, u64)>,
}

/// Returns the largest share of dialogues that failed in one way, over all `charts`, so that they can be compared.
pub fn largest_share(charts: &[&[FailureRow]]) -> f64 {
    let bars = charts.iter().copied().flatten().flat_map(|row| &row.levels);
    bars.map(share).fold(0.0, f64::max)
}

/// Draws the rows. The height of a bar is the share of dialogues that failed in this way, and the highest possible bar is that of
/// `largest_share`; shares are written above the bars where there is room.
pub fn draw(axis: &LevelAxis, largest_share: f64, rows: &[FailureRow]) -> String {
    let plot_height = ROW * rows.len() as u32;
    let height = plot_height + BOTTOM;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="load-chart failure-rows" width="100%" height="{height}" role="img" aria-label="Bar chart: the share of dialogues that failed, by server and kind, against {}. The table below has its figures.">"#,
        Escaped(axis.name())
    );
    let largest = largest_share.max(f64::MIN_POSITIVE);
    for (row, base) in rows.iter().zip((1..).map(|number| number * ROW)) {
        let caption = base - NAME_ABOVE;
        write(
            &mut svg,
            format_args!(
                r#"<g class="series-{}"><text class="row-name" x="0" y="{caption}">{}</text><line class="tick base" x1="0" x2="100%" y1="{base}" y2="{base}" stroke="currentColor"/>"#,
                colour(row.index),
                Escaped(&format!("{}: {}", row.name, row.kind))
            ),
        );
        let mut nearest = f64::INFINITY;
        for bar @ (level, failed, all) in row.levels.iter().rev() {
            let height = (share(bar) / largest * f64::from(BAR_HEIGHT)).round() as u32;
            let top = base - height.clamp(BAR_HEIGHT_MIN, BAR_HEIGHT);
            let at = axis.percent(*level);
            let x = Percent(at);
            write(
                &mut svg,
                format_args!(
                    r#"<line class="failed" x1="{x}" x2="{x}" y1="{base}" y2="{top}" stroke="currentColor" stroke-width="9"><title>{}</title></line>"#,
                    Escaped(&figure(axis, row, *level, *failed, *all))
                ),
            );
            if nearest - at >= FIGURE_GAP {
                nearest = at;
                let above = top - 5;
                let share = format_share(*failed, *all);
                let anchor = label_anchor(at, &share);
                write(
                    &mut svg,
                    format_args!(r#"<text x="{x}" y="{above}" text-anchor="{anchor}">{}</text>"#, Escaped(&share)),
                );
            }
        }
        svg += "</g>";
    }
    for Tick { percent, label } in axis.ticks() {
        let Some(label) = label else { continue };
        let x = Percent(percent);
        let base = plot_height + 21;
        write(&mut svg, format_args!(r#"<text x="{x}" y="{base}" text-anchor="middle">{}</text>"#, Escaped(&label)));
    }
    let base = plot_height + 43;
    write(
        &mut svg,
        format_args!(
            r#"<text class="axis-name" x="100%" y="{base}" text-anchor="end">{}</text>"#,
            Escaped(axis.name())
        ),
    );
    svg + "</svg>"
}

fn share((_, failed, all): &(u32, u64, u64)) -> f64 {
    *failed as f64 / (*all).max(1) as f64
}

/// Returns the figures of a bar in words.
fn figure(axis: &LevelAxis, row: &FailureRow, level: u32, failed: u64, all: u64) -> String {
    format!(
        "{}, {} {}: {} of {} dialogues ({}), {}",
        row.name,
        format_count(u64::from(level)),
        axis.name(),
        format_count(failed),
        format_count(all),
        format_share(failed, all),
        row.kind
    )
}

/// Formats a share in percent. One that is not nothing is not shown as nothing.
pub fn format_share(part: u64, whole: u64) -> String {
    let hundredths = part.saturating_mul(10_000) / whole.max(1);
    match hundredths {
        0 if part > 0 => "<0.01\u{a0}%".to_owned(),
        1..1_000 => format!("{}\u{a0}%", format_decimal(hundredths, 100, 2)),
        _ => format!("{}\u{a0}%", format_decimal(hundredths, 100, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(levels: Vec<(u32, u64, u64)>) -> FailureRow {
        FailureRow { index: 3, name: "<old>".to_owned(), kind: "refused".to_owned(), levels }
    }

    #[test]
    fn a_bar_is_as_high_as_the_share_of_dialogues_that_failed() {
        let axis = LevelAxis::new("clients", [1, 10, 20]);
        let rows = [row(vec![(1, 1, 100_000), (10, 50, 100), (20, 7, 7)])];
        let svg = draw(&axis, largest_share(&[&rows]), &rows);
        let tops = svg
            .split(r#"class="failed""#)
            .skip(1)
            .map(|bar| bar.split("y2=\"").nth(1).unwrap().split('"').next().unwrap());
        assert_eq!(tops.collect::<Vec<_>>(), ["48", "64", "78"], "the highest level first");
        assert!(svg.contains(">100\u{a0}%</text>") && svg.contains(">50\u{a0}%</text>"), "{svg}");
    }

    #[test]
    fn a_row_says_its_server_and_kind_and_a_bar_its_figures() {
        let axis = LevelAxis::new("clients", [1, 10]);
        let svg = draw(&axis, 1.0, &[row(vec![(10, 1_000, 4_000)])]).replace('\u{a0}', " ");
        assert!(svg.contains(">&lt;old&gt;: refused</text>"), "{svg}");
        assert!(svg.contains("&lt;old&gt;, 10 clients: 1,000 of 4,000 dialogues (25 %), refused"), "{svg}");
    }

    #[test]
    fn a_rare_failure_is_not_shown_as_none() {
        let shares = [(0, 5), (1, 100_000), (1, 1_000), (1, 2)]
            .map(|(part, whole)| format_share(part, whole).replace('\u{a0}', " "));
        assert_eq!(shares, ["0 %", "<0.01 %", "0.10 %", "50 %"]);
    }
}
