//! Histograms: how often each time occurred, on a logarithmic time axis.

use std::time::Duration;

use launcelot_measure::Distribution;

use crate::element::Element;
use crate::log_scale::LogScale;
use crate::series::{letter, look};
use crate::shapes::{Percent, write};

/// The heights of the chart, of the margin above the plot, and of the plot, in pixels.
const HEIGHT: u32 = 186;
const TOP: u32 = 20;
const PLOT_HEIGHT: u32 = 120;

/// How far below the plot the labels of the ticks stand.
pub(crate) const LABEL_BASE: u32 = 20;

/// The number of bins.
const BINS: usize = 80;

/// The width and height of the view box of the shapes, which is stretched to the chart.
const BOX: i32 = 960;

/// The smallest height of a bin that is not empty, in units of the view box.
const HEIGHT_MIN: i32 = 12;

/// Draws all `series`, each with the step of its own clock.
///
/// A time is known to plus or minus one clock step, so its count is spread evenly over all bins within one step of it. Otherwise a
/// coarse clock would leave gaps between bins.
pub fn draw(scale: &LogScale, series: &[(&Distribution, Duration)]) -> Element {
    let mut svg = Element::hidden_svg("histogram", "100%", HEIGHT);
    let bottom = TOP + PLOT_HEIGHT;
    for tick in scale.ticks() {
        let x = Percent(scale.percent(tick));
        svg.add_line("tick", [&x, &x, &TOP, &bottom]).set("stroke", "currentColor");
        let label = svg.add("text").set("x", x).set("y", bottom + LABEL_BASE).set("text-anchor", "middle");
        label.text(LogScale::label(tick));
    }
    add_axis_names(&mut svg, HEIGHT, "number of rounds", "time, on a logarithmic scale");
    let plot = svg.add("svg").set("y", TOP).set("height", PLOT_HEIGHT).stretch(BOX);
    // The first series is on top.
    for (index, (distribution, clock_step)) in series.iter().enumerate().rev() {
        let (_, dashes) = look(index);
        let path = outline(scale, *clock_step, distribution);
        plot.add_path(format_args!("shape series-{index}"), dashes, &path).add("title").text(letter(index));
    }
    svg
}

/// Adds the name of the vertical axis above the plot, and that of the horizontal axis below its labels.
pub(crate) fn add_axis_names(svg: &mut Element, height: u32, vertical: &str, horizontal: &str) {
    svg.add("text").set("class", "axis-name").set("x", 0).set("y", 12).text(vertical);
    let name = svg.add("text").set("class", "axis-name").set("x", "100%").set("y", height - 6);
    name.set("text-anchor", "end").text(horizontal);
}

/// Returns the outline of a distribution as an SVG path. The highest bin is as high as the view box.
fn outline(scale: &LogScale, clock_step: Duration, distribution: &Distribution) -> String {
    let mut bins = [0.0_f64; BINS];
    let place = |time| (scale.percent(time) / 100.0 * BINS as f64) as usize;
    for (time, count) in distribution.times() {
        let first = place(time.saturating_sub(clock_step)).min(BINS - 1);
        let last = place(time.saturating_add(clock_step)).clamp(first, BINS - 1);
        for bin in &mut bins[first..=last] {
            *bin += f64::from(count) / (last - first + 1) as f64;
        }
    }
    let highest = bins.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut path = format!("M0 {BOX}");
    for (left, bin) in (0..BOX).step_by(BOX as usize / BINS).zip(bins) {
        // A bin of few times would otherwise be too low to be visible.
        let height_min = if bin > 0.0 { HEIGHT_MIN } else { 0 };
        let height = ((bin / highest * f64::from(BOX)) as i32).max(height_min);
        write(&mut path, format_args!("H{left}V{}", BOX - height));
    }
    write(&mut path, format_args!("H{BOX}V{BOX}"));
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn drawn(times: &[u64], clock_step: Duration) -> String {
        let distribution: Distribution = times.iter().map(|time| us(*time)).collect();
        let series = [(&distribution, clock_step)];
        draw(&series::scale(&series).unwrap(), &series).to_string()
    }

    /// Returns the heights of the outline from left to right; neighbours of equal height count once.
    fn heights(svg: &str) -> Vec<i32> {
        let path = svg.split(&format!(" d=\"M0 {BOX}")).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let bottoms = path.split('V').skip(1).map(|rest| rest.split('H').next().unwrap().parse::<i32>().unwrap());
        let mut heights: Vec<_> = bottoms.map(|bottom| BOX - bottom).collect();
        heights.dedup();
        heights
    }

    #[test]
    fn more_frequent_times_are_higher() {
        let heights = heights(&drawn(&[100, 400, 400, 400, 400], Duration::ZERO));
        assert_eq!(heights, [0, BOX / 4, 0, BOX, 0]);
    }

    #[test]
    fn a_coarse_clock_leaves_no_gaps() {
        let times: Vec<u64> = (1..10).map(|step| step * 100).collect();
        let heights = heights(&drawn(&times, us(100)));
        assert!(heights[1..heights.len() - 1].iter().all(|height| *height > 0), "{heights:?}");
    }

    #[test]
    fn the_step_of_a_coarse_clock_does_not_spread_the_series_of_a_finer_clock() {
        let fine: Distribution = [100, 400, 400].into_iter().map(us).collect();
        let coarse: Distribution = [1_000].into_iter().map(us).collect();
        let scale = series::scale(&[(&fine, us(5)), (&coarse, us(1_000))]).unwrap();
        let path = |svg: &str| {
            svg.split("series-0").nth(1).unwrap().split(" d=").nth(1).unwrap().split('>').next().unwrap().to_owned()
        };
        let alone = draw(&scale, &[(&fine, us(5))]).to_string();
        let together = draw(&scale, &[(&fine, us(5)), (&coarse, us(1_000))]).to_string();
        assert_eq!(path(&alone), path(&together));
    }

    #[test]
    fn rare_times_are_visible() {
        let mut times = vec![100; 9_999];
        times.push(5_000);
        assert!(heights(&drawn(&times, us(5))).contains(&HEIGHT_MIN));
    }
}
