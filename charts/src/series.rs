//! How several distributions in one chart are distinguished without colour: by letter, mark and dashes.

use std::time::Duration;

use launcelot_measure::Distribution;

use crate::element::Element;
use crate::log_scale::LogScale;

/// The largest number of series of rounds that can be distinguished.
pub const SERIES_MAX: usize = 4;

/// The largest number of servers that can be distinguished in the charts of a load: each has a combination of colour and mark of its
/// own, and the first ten of them a colour, a mark and dashes of their own.
pub const SERVERS_MAX: usize = LOOKS.len() * LOOKS.len();

/// The mark of each series, as an SVG path around the origin, and the dashes of its line.
const LOOKS: [(&str, &str); 10] = [
    ("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "none"),
    ("M-4-4h8v8h-8z", "7 3"),
    ("M0-5l5 5-5 5-5-5z", "2 3"),
    ("M0-5l5 9h-10z", "9 3 2 3"),
    ("M0 5l5-9h-10z", "12 4"),
    ("M-5-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z", "4 2"),
    ("M-5 0l2.5-4.5h5l2.5 4.5-2.5 4.5h-5z", "9 3 2 3 2 3"),
    ("M5 0l-9 5v-10z", "1 3"),
    ("M-5 0l9-5v10z", "12 3 4 3"),
    ("M0-5.5l1.6 3.4 3.7.4-2.8 2.5.8 3.7-3.3-1.9-3.3 1.9.8-3.7-2.8-2.5 3.7-.4z", "5 5"),
];

/// Returns the letter of the series at `index`: the first is A.
pub fn letter(index: usize) -> char {
    char::from(b'A' + (index % SERIES_MAX) as u8)
}

/// Returns a time axis for all `series`, each given with the step of its own clock; `None` if all are empty. If the shortest time of
/// a series is shorter than its clock step, it counts as the step, because it is known only to be less.
pub fn scale(series: &[(&Distribution, Duration)]) -> Option<LogScale> {
    let times = || series.iter().filter(|(it, _)| it.count() > 0).map(|(it, clock_step)| (it.summary(), *clock_step));
    let shortest = times().map(|(it, clock_step)| it.shortest.max(clock_step)).min()?;
    Some(LogScale::to_fit(shortest, times().map(|(it, _)| it.longest).max().unwrap_or(Duration::ZERO)))
}

/// Returns the mark of a series, as an SVG path around the origin, and the dashes of its line.
pub(crate) fn look(index: usize) -> (&'static str, &'static str) {
    // Where the colours begin again, each is combined with another mark and other dashes.
    let turn = index / LOOKS.len();
    let (mark, _) = LOOKS[(index + turn) % LOOKS.len()];
    let (_, dashes) = LOOKS[(index + 3 * turn) % LOOKS.len()];
    (mark, dashes)
}

/// Returns the number of the colour of a series: the style sheets have one for each look.
pub(crate) fn colour(index: usize) -> usize {
    index % LOOKS.len()
}

/// Draws a part of a series' line with its mark, for a legend.
pub fn key(index: usize) -> Element {
    let (shape, dashes) = look(index);
    let mut svg = Element::key(format_args!("key series-{}", colour(index)));
    let line = svg.add("path").set("class", "curve").set("d", "M-18 0H18").set("fill", "none");
    line.set("stroke", "currentColor").set("stroke-dasharray", dashes);
    svg.add("path").set("class", "mark").set("d", shape);
    svg
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_server_has_a_look_of_its_own_and_a_colour_that_exists() {
        let styles = [crate::style::CHARTS, crate::style::LOAD].concat();
        let looks: BTreeSet<_> = (0..SERVERS_MAX).map(|index| (colour(index), look(index).0)).collect();
        assert_eq!(looks.len(), SERVERS_MAX);
        let first: BTreeSet<_> = (0..LOOKS.len()).map(|index| look(index).1).collect();
        assert_eq!(first.len(), LOOKS.len());
        for index in 0..SERVERS_MAX {
            assert!(styles.contains(&format!("\n.series-{} {{", colour(index))), "{index}");
            assert_ne!(look(index), look(index + LOOKS.len()), "of one colour");
        }
    }

    #[test]
    fn the_axis_begins_just_before_the_clock_step_if_a_time_is_shorter() {
        let ms = Duration::from_millis;
        let coarse: Distribution = [0, 0, 16, 33].into_iter().map(ms).collect();
        let scale = scale(&[(&coarse, ms(16))]).unwrap();
        assert!(scale.percent(ms(16)) > 0.0);
        assert_eq!(scale.percent(ms(14)), 0.0, "no time between zero and a step is distinguished");
        assert!(scale.ticks().iter().all(|tick| *tick >= ms(15)), "{:?}", scale.ticks());
    }
}
