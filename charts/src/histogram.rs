//! How often each time occurred: time goes to the right, and what came more often stands higher.

use std::time::Duration;

use launcelot_measure::Distribution;

use crate::log_scale::LogScale;
use crate::markup::{Escaped, Percent, write};
use crate::series::{letter, look};

/// How tall the drawing is, in pixels, and the part of it above the labels.
const HEIGHT: u32 = 148;
const PLOT_HEIGHT: u32 = 120;

/// How many bins an axis has.
const BINS: usize = 80;

/// Both sides of the box in which shapes are drawn; it is stretched to whatever room there is.
const BOX: i32 = 960;

/// How high the least is that is seen.
const LEAST: i32 = 12;

/// Draws all of `series`, the first of them filled.
///
/// Beside each stands the step of its own clock. A time is known to one step on either side, so it is spread evenly over the
/// bins there: else there would be gaps where the clock has no time to show.
pub fn draw(scale: &LogScale, series: &[(&Distribution, Duration)]) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="histogram" width="100%" height="{HEIGHT}" aria-hidden="true" focusable="false">"#
    );
    for tick in scale.ticks() {
        let at = scale.percent(tick);
        let (x, label, base) = (Percent(at), LogScale::label(tick), HEIGHT - 8);
        write(
            &mut svg,
            format_args!(
                r#"<line class="tick" x1="{x}" x2="{x}" y1="0" y2="{PLOT_HEIGHT}" stroke="currentColor"/><text x="{x}" y="{base}" text-anchor="{}">{}</text>"#,
                anchor(at),
                Escaped(&label)
            ),
        );
    }
    write(
        &mut svg,
        format_args!(
            r#"<svg height="{PLOT_HEIGHT}" viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none" overflow="visible">"#
        ),
    );
    // The first lies on top.
    for (index, (distribution, clock_step)) in series.iter().enumerate().rev() {
        let (letter, (_, dashes)) = (letter(index), look(index));
        write(
            &mut svg,
            format_args!(
                r#"<path class="shape series-{index}" fill="none" stroke="currentColor" stroke-dasharray="{dashes}" vector-effect="non-scaling-stroke" d="{}"><title>{letter}</title></path>"#,
                outline(scale, *clock_step, distribution)
            ),
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

/// The outline of a distribution, as high as the box at its highest.
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
        // What came at all is seen, however rare it is.
        let least = if bin > 0.0 { LEAST } else { 0 };
        let height = ((bin / highest * f64::from(BOX)) as i32).max(least);
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
        draw(&series::scale(&series).unwrap(), &series)
    }

    /// The heights of the outline, each once.
    fn heights(svg: &str) -> Vec<i32> {
        let path = svg.split(&format!(" d=\"M0 {BOX}")).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let bottoms = path.split('V').skip(1).map(|rest| rest.split('H').next().unwrap().parse::<i32>().unwrap());
        let mut heights: Vec<_> = bottoms.map(|bottom| BOX - bottom).collect();
        heights.dedup();
        heights
    }

    #[test]
    fn what_came_more_often_stands_higher() {
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
    fn a_coarse_clock_smears_no_series_of_a_finer_one() {
        let fine: Distribution = [100, 400, 400].into_iter().map(us).collect();
        let coarse: Distribution = [1_000].into_iter().map(us).collect();
        let scale = series::scale(&[(&fine, us(5)), (&coarse, us(1_000))]).unwrap();
        let path = |svg: &str| {
            svg.split("series-0").nth(1).unwrap().split(" d=").nth(1).unwrap().split('>').next().unwrap().to_owned()
        };
        let alone = draw(&scale, &[(&fine, us(5))]);
        let together = draw(&scale, &[(&fine, us(5)), (&coarse, us(1_000))]);
        assert_eq!(path(&alone), path(&together));
    }

    #[test]
    fn what_is_rare_is_seen() {
        let mut times = vec![100; 9_999];
        times.push(5_000);
        assert!(heights(&drawn(&times, us(5))).contains(&LEAST));
    }
}
