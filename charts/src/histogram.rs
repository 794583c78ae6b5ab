//! How often which time came: time goes to the right, and what came more often stands higher.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_measure::Distribution;

use crate::log_scale::LogScale;
use crate::markup::{Escaped, Percent};
use crate::series::{letter, look};

/// How tall the drawing is, in pixels, and the part of it above the labels.
const HEIGHT: u32 = 148;
const PLOT_HEIGHT: u32 = 120;

/// How many bins an axis has that is fine enough for them.
const BINS: i32 = 72;

/// Both sides of the box in which shapes are drawn; it is stretched to whatever room there is.
const BOX: f64 = 1000.0;

/// A stretch of time and where it stands, in units of the box.
struct Bin {
    until: Duration,
    left: f64,
    right: f64,
}

/// Draws all of `series`, the first of them filled.
///
/// No bin is narrower than `clock_step`, or there would be gaps where the clock has no time to show.
/// Wider bins are as much lower: it is the area that counts.
pub fn draw(scale: &LogScale, clock_step: Duration, series: &[&Distribution]) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="histogram" width="100%" height="{HEIGHT}" aria-hidden="true" focusable="false">"#
    );
    for tick in scale.ticks() {
        let at = scale.percent(tick);
        let (x, label, base) = (Percent(at), LogScale::label(tick), HEIGHT - 8);
        let _ = write!(
            svg,
            r#"<line class="tick" x1="{x}" x2="{x}" y1="0" y2="{PLOT_HEIGHT}" stroke="currentColor"/><text x="{x}" y="{base}" text-anchor="{}">{}</text>"#,
            anchor(at),
            Escaped(&label)
        );
    }
    let _ = write!(
        svg,
        r#"<svg height="{PLOT_HEIGHT}" viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none" overflow="visible">"#
    );
    let bins = bins(scale, clock_step);
    // The first lies on top.
    for (index, distribution) in series.iter().enumerate().rev() {
        let (letter, (_, dashes)) = (letter(index), look(index));
        let _ = write!(
            svg,
            r#"<path class="shape series-{index}" fill="none" stroke="currentColor" stroke-dasharray="{dashes}" vector-effect="non-scaling-stroke" d="{}"><title>{letter}</title></path>"#,
            outline(&bins, distribution)
        );
    }
    svg + "</svg></svg>"
}

/// A label at the left edge starts there, one at the right edge ends there.
pub(crate) fn anchor(percent: f64) -> &'static str {
    match percent {
        ..8.0 => "start",
        92.0.. => "end",
        _ => "middle",
    }
}

fn bins(scale: &LogScale, clock_step: Duration) -> Vec<Bin> {
    let [from, end] = scale.ends();
    let place = |time| scale.percent(time) / 100.0 * BOX;
    // Bins begin half a step beside what the clock can show, so that no reading stands on an edge.
    let mut until = from.saturating_sub(clock_step / 2);
    let mut bins = Vec::new();
    let ratio = ((end.as_secs_f64() / from.as_secs_f64()).ln() / f64::from(BINS)).exp();
    while until < end {
        let begin = until;
        until = begin.mul_f64(ratio).max(begin + clock_step).max(begin + Duration::from_nanos(100));
        bins.push(Bin { until, left: place(begin), right: place(until) });
    }
    bins
}

/// The outline of a distribution, as high as the box at its highest.
fn outline(bins: &[Bin], distribution: &Distribution) -> String {
    let mut counts = vec![0_u32; bins.len()];
    let mut index = 0;
    for (time, count) in distribution.times() {
        while index + 1 < bins.len() && bins[index].until <= time {
            index += 1;
        }
        if let Some(in_bin) = counts.get_mut(index) {
            *in_bin += count;
        }
    }
    let density = |(bin, count): (&Bin, &u32)| f64::from(*count) / (bin.right - bin.left).max(1.0);
    let highest = bins.iter().zip(&counts).map(density).fold(f64::MIN_POSITIVE, f64::max);
    let mut path = format!("M0 {BOX}");
    let mut before = 0;
    for (bin, count) in bins.iter().zip(&counts) {
        // What came at all is seen, however rare it is.
        let least = if *count > 0 { 12.0 } else { 0.0 };
        let height = (density((bin, count)) / highest * BOX).max(least) as i32;
        if height != before {
            let _ = write!(path, "H{}V{}", bin.left as i32, BOX as i32 - height);
            before = height;
        }
    }
    let _ = write!(path, "H{BOX}V{BOX}");
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
        let scale = series::scale(&[&distribution]).unwrap();
        draw(&scale, clock_step, &[&distribution])
    }

    /// The heights of the outline, in its order.
    fn heights(svg: &str) -> Vec<i32> {
        let path = svg.split(" d=\"M0 1000").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        path.split('V').skip(1).map(|rest| 1000 - rest.split('H').next().unwrap().parse::<i32>().unwrap()).collect()
    }

    #[test]
    fn what_came_more_often_stands_higher() {
        let heights = heights(&drawn(&[100, 400, 400, 400, 400], us(5)));
        assert_eq!(heights[1], 0, "{heights:?}");
        assert!(heights[0] > 0 && heights[0] < heights[2], "{heights:?}");
        assert_eq!(heights[2], 1000, "{heights:?}");
    }

    #[test]
    fn a_coarse_clock_leaves_no_gaps() {
        let times: Vec<u64> = (1..10).map(|step| step * 100).collect();
        let heights = heights(&drawn(&times, us(100)));
        let last = heights.iter().rposition(|height| *height > 0).unwrap();
        assert!(last > 5 && heights[..last].iter().all(|height| *height > 0), "{heights:?}");
    }

    #[test]
    fn what_is_rare_is_seen() {
        let mut times = vec![100; 9_999];
        times.push(5_000);
        assert!(heights(&drawn(&times, us(5))).contains(&12));
    }
}
