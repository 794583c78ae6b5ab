//! Failures against load: for each server and kind of failure a row, with a bar at each level.

use launcelot_measure::unit::{format_count, format_decimal};

use crate::element::Element;
use crate::load::LevelAxis;
use crate::load::plot::{Tick, label_anchor};
use crate::series::colour;
use crate::shapes::Percent;

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
/// `largest_share`; shares are written above the bars where there is room. `dialogues` is what failed, in the plural.
pub fn draw(axis: &LevelAxis, largest_share: f64, dialogues: &str, rows: &[FailureRow]) -> Element {
    let plot_height = ROW * rows.len() as u32;
    let mut svg = Element::svg("load-chart failure-rows", "100%", plot_height + BOTTOM);
    let unit = axis.name();
    let description = format_args!(
        "Bar chart: the share of {dialogues} that failed, by server and kind, against {unit}. The table below has its figures."
    );
    svg.set("role", "img").set("aria-label", description);
    for (row, base) in rows.iter().zip((1..).map(|number| number * ROW)) {
        add_row(&mut svg, axis, largest_share, dialogues, row, base);
    }
    for Tick { percent, label } in axis.ticks() {
        let Some(label) = label else { continue };
        let text = svg.add("text").set("x", Percent(percent)).set("y", plot_height + 21);
        text.set("text-anchor", "middle").text(label);
    }
    let name = svg.add("text").set("class", "axis-name").set("x", "100%").set("y", plot_height + 43);
    name.set("text-anchor", "end").text(unit);
    svg
}

/// Draws a row above its base line.
fn add_row(svg: &mut Element, axis: &LevelAxis, largest_share: f64, dialogues: &str, row: &FailureRow, base: u32) {
    let largest = largest_share.max(f64::MIN_POSITIVE);
    let group = svg.add("g").set("class", format_args!("series-{}", colour(row.index)));
    let name = group.add("text").set("class", "row-name").set("x", 0).set("y", base - NAME_ABOVE);
    name.text(format_args!("{}: {}", row.name, row.kind));
    group.add_line("tick base", [&0, &"100%", &base, &base]).set("stroke", "currentColor");
    let mut nearest = f64::INFINITY;
    for bar @ (level, failed, all) in row.levels.iter().rev() {
        let height = (share(bar) / largest * f64::from(BAR_HEIGHT)).round() as u32;
        let top = base - height.clamp(BAR_HEIGHT_MIN, BAR_HEIGHT);
        let at = axis.percent(*level);
        let x = Percent(at);
        let line = group.add_line("failed", [&x, &x, &base, &top]).set("stroke", "currentColor").set("stroke-width", 9);
        line.add("title").text(figure(axis, dialogues, row, *level, *failed, *all));
        if nearest - at >= FIGURE_GAP {
            nearest = at;
            let share = format_share(*failed, *all);
            let anchor = label_anchor(at, &share);
            group.add("text").set("x", x).set("y", top - 5).set("text-anchor", anchor).text(share);
        }
    }
}

fn share((_, failed, all): &(u32, u64, u64)) -> f64 {
    *failed as f64 / (*all).max(1) as f64
}

/// Returns the figures of a bar in words.
fn figure(axis: &LevelAxis, dialogues: &str, row: &FailureRow, level: u32, failed: u64, all: u64) -> String {
    format!(
        "{}, {} {}: {} of {} {dialogues} ({}), {}",
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
        let svg = draw(&axis, largest_share(&[&rows]), "dialogues", &rows).to_string();
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
        let svg = draw(&axis, 1.0, "dialogues", &[row(vec![(10, 1_000, 4_000)])]).to_string().replace('\u{a0}', " ");
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
