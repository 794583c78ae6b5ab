//! Names at the right ends of lines, moved apart where they would collide.

use crate::element::Element;
use crate::load::plot::PLOT_HEIGHT;
use crate::series::colour;

/// The smallest distance of two names, in pixels.
const DISTANCE: f64 = 16.0;

/// The largest number of characters of a name in a chart. The legend has the whole name.
pub(crate) const NAME_MAX: usize = 16;

/// The name at the end of a line.
pub(crate) struct EndLabel<'a> {
    /// The index of the server.
    pub(crate) index: usize,
    /// Its name.
    pub(crate) name: &'a str,
    /// The end of its line above the bottom of the plot, in percent.
    pub(crate) percent: f64,
}

/// Draws the names to the right of a plot, each with a line that leads to it.
pub(crate) fn draw(mut labels: Vec<EndLabel<'_>>) -> Element {
    labels.sort_by(|one, other| other.percent.total_cmp(&one.percent).then(one.index.cmp(&other.index)));
    let height = f64::from(PLOT_HEIGHT);
    let ends: Vec<f64> = labels.iter().map(|label| (1.0 - label.percent / 100.0) * height).collect();
    let places = move_apart(&ends, height);
    let mut svg = Element::new("svg");
    svg.set("class", "end-labels").set("x", "100%").set("overflow", "visible").set("aria-hidden", "true");
    for ((label, end), place) in labels.iter().zip(&ends).zip(&places) {
        let end = end.round() as i32;
        let place = place.round() as i32;
        let group = svg.add("g").set("class", format_args!("series-{}", colour(label.index)));
        let leader = group.add("path").set("class", "leader").set("fill", "none").set("stroke", "currentColor");
        leader.set("d", format_args!("M8 {end}L20 {place}"));
        group.add("text").set("x", 25).set("y", place).set("dy", 4).text(shortened(label.name));
    }
    svg
}

/// Returns a name of at most [`NAME_MAX`] characters.
pub(crate) fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

/// Moves ascending places apart to the smallest distance, as little as it takes and within `height` where they fit.
fn move_apart(ends: &[f64], height: f64) -> Vec<f64> {
    let mut places = ends.to_vec();
    // Neighbours that push against each other share the displacement: each group is centred on its ends.
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for index in 0..ends.len() {
        let mut from = index;
        let mut first = ends[index];
        while let Some((before, _)) = groups.last().copied() {
            if places[from - 1] + DISTANCE <= first {
                break;
            }
            groups.pop();
            from = before;
            first = centred(&ends[from..=index], height);
        }
        first = centred(&ends[from..=index], height);
        for (position, place) in places[from..=index].iter_mut().enumerate() {
            *place = first + DISTANCE * position as f64;
        }
        groups.push((from, index));
    }
    places
}

/// Returns the first place of a group at the smallest distances whose centre is that of its ends, within `height`.
fn centred(ends: &[f64], height: f64) -> f64 {
    let length = DISTANCE * (ends.len() - 1) as f64;
    let centre = ends.iter().sum::<f64>() / ends.len() as f64;
    (centre - length / 2.0).min(height - length).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_far_apart_stay_at_their_lines() {
        assert_eq!(move_apart(&[10.0, 100.0, 200.0], 260.0), [10.0, 100.0, 200.0]);
    }

    #[test]
    fn names_that_collide_share_the_displacement() {
        assert_eq!(move_apart(&[100.0, 104.0], 260.0), [94.0, 110.0]);
        assert_eq!(move_apart(&[0.0, 0.0, 2.0], 260.0), [0.0, 16.0, 32.0]);
        assert_eq!(move_apart(&[258.0, 260.0], 260.0), [244.0, 260.0]);
    }

    #[test]
    fn any_names_are_the_distance_apart() {
        let ends = [3.0, 5.0, 40.0, 41.0, 55.0, 56.0, 57.0, 250.0, 251.0, 252.0];
        let places = move_apart(&ends, 260.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= DISTANCE - 1e-9), "{places:?}");
        assert!(places.iter().all(|place| (0.0..=260.0).contains(place)), "{places:?}");
    }

    #[test]
    fn long_names_are_shortened() {
        assert_eq!(shortened("per-core"), "per-core");
        assert_eq!(shortened("python3 launcelot.py"), "python3 launcel…");
    }
}
