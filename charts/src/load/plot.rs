//! The frame of a chart: grid, labels of the axes, and their names. The lines of the servers are drawn into it.

use crate::element::Element;
use crate::series::{colour, look};
use crate::shapes::{Percent, write};

/// The heights of the margin above the plot, of the plot, and of the labels below, in pixels.
pub(crate) const TOP: u32 = 34;
pub(crate) const PLOT_HEIGHT: u32 = 260;
const BOTTOM: u32 = 50;

/// The distance of the vertical axis' name from the left edge: above the labels, which are 56 pixels wide.
const NAME_LEFT: i32 = -56;

/// The width and height of the view box of the lines, which is stretched to the plot.
const BOX: i32 = 1000;

/// A cross, for a level at which dialogues failed.
pub(crate) const CROSS: &str = "M-4-4L4 4M-4 4L4-4";

/// A tick of an axis, with its label where there is room.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) percent: f64,
    pub(crate) label: Option<String>,
}

/// A point in percent of the plot, from the left and from below.
pub(crate) type Point = (f64, f64);

/// A chart that is drawn.
pub(crate) struct Plot {
    svg: Element,
    /// What is between the axes, and their labels.
    plot: Element,
}

impl Plot {
    /// Draws the grid and the axes. `description` is what a screen reader says in place of the chart.
    pub(crate) fn new(description: &str, (x_name, x): (&str, &[Tick]), (y_name, y): (&str, &[Tick])) -> Self {
        let mut svg = Element::svg("load-chart", "100%", TOP + PLOT_HEIGHT + BOTTOM);
        svg.set("role", "img").set("aria-label", description);
        svg.add("text").set("class", "axis-name").set("x", NAME_LEFT).set("y", 14).text(y_name);
        let mut plot = Element::new("svg");
        plot.set("y", TOP).set("height", PLOT_HEIGHT).set("overflow", "visible");
        for tick in y {
            let at = Percent(100.0 - tick.percent);
            plot.add_line("tick", [&0, &"100%", &at, &at]).set("stroke", "currentColor");
            let label = plot.add("text").set("x", -10).set("y", at).set("dy", 4).set("text-anchor", "end");
            label.text(tick.label.as_deref().unwrap_or_default());
        }
        plot.add_line("tick base", [&0, &"100%", &"100%", &"100%"]).set("stroke", "currentColor");
        for tick in x {
            let at = Percent(tick.percent);
            let end = PLOT_HEIGHT + if tick.label.is_some() { 6 } else { 3 };
            plot.add_line("tick level", [&at, &at, &PLOT_HEIGHT, &end]).set("stroke", "currentColor");
            if let Some(label) = &tick.label {
                let anchor = label_anchor(tick.percent, label);
                plot.add("text").set("x", at).set("y", PLOT_HEIGHT + 21).set("text-anchor", anchor).text(label);
            }
        }
        let name = plot.add("text").set("class", "axis-name").set("x", "100%").set("y", PLOT_HEIGHT + 43);
        name.set("text-anchor", "end").text(x_name);
        Self { svg, plot }
    }

    /// Adds the group of what is drawn of the server at `index`.
    pub(crate) fn add_server(&mut self, index: usize, name: &str) -> ServerGroup<'_> {
        let group = self.plot.add("g").set("class", format_args!("series-{}", colour(index)));
        group.add("title").text(name);
        ServerGroup { group, index }
    }

    /// Adds what is not drawn of a single server.
    pub(crate) fn push(&mut self, element: Element) {
        self.plot.push(element);
    }

    /// Returns the chart.
    pub(crate) fn finish(mut self) -> Element {
        self.svg.push(self.plot);
        self.svg
    }
}

/// What is drawn of a server.
pub(crate) struct ServerGroup<'a> {
    group: &'a mut Element,
    index: usize,
}

impl ServerGroup<'_> {
    /// Draws a line with the dashes of the server.
    pub(crate) fn line(&mut self, class: &str, points: &[Point]) {
        self.path(class, &polyline(points.iter().copied()));
    }

    /// Draws a path with the dashes of the server, in the units of the view box.
    pub(crate) fn path(&mut self, class: &str, path: &str) {
        let (_, dashes) = look(self.index);
        self.stretched(class, dashes, path);
    }

    /// Fills the area between two lines with the same horizontal positions.
    pub(crate) fn band(&mut self, class: &str, lower: &[Point], upper: &[Point]) {
        if lower.len() > 1 {
            let outline = polyline(lower.iter().chain(upper.iter().rev()).copied()) + "z";
            self.stretched(class, "none", &outline);
        }
    }

    fn stretched(&mut self, class: &str, dashes: &str, path: &str) {
        if !path.is_empty() {
            self.group.add("svg").stretch(BOX).add_path(class, dashes, path);
        }
    }

    /// Draws a mark, which a pointing device explains by `figure`, with a cross if dialogues failed.
    pub(crate) fn mark(&mut self, (x, y): Point, figure: &str, has_failures: bool) {
        let (shape, _) = look(self.index);
        let place = self.group.add("svg").set("x", Percent(x)).set("y", Percent(100.0 - y)).set("overflow", "visible");
        place.add("path").set("class", "mark").set("d", shape).add("title").text(figure);
        if has_failures {
            place.add("path").set("class", "cross").set("d", CROSS).set("stroke", "currentColor");
        }
    }
}

/// Returns the text anchor of a label, so that a long one at the right edge stays inside.
pub(crate) fn label_anchor(percent: f64, label: &str) -> &'static str {
    if percent > 95.0 && label.chars().count() > 3 { "end" } else { "middle" }
}

/// Returns the path through points in percent, in units of the view box.
fn polyline(points: impl Iterator<Item = Point>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let unit = |percent: f64| (percent / 100.0 * f64::from(BOX)).round() as i32;
        let command = if path.is_empty() { "M" } else { "L" };
        write(&mut path, format_args!("{command}{} {}", unit(x), unit(100.0 - y)));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_up_as_numbers_grow() {
        assert_eq!(polyline([(0.0, 0.0), (50.0, 25.0)].into_iter()), "M0 1000L500 750");
    }

    #[test]
    fn a_long_label_at_the_right_edge_stays_inside() {
        assert_eq!(label_anchor(100.0, "99.99\u{a0}%"), "end");
        assert_eq!(label_anchor(100.0, "20"), "middle");
        assert_eq!(label_anchor(50.0, "5,000"), "middle");
    }

    #[test]
    fn text_is_escaped() {
        let tick = Tick { percent: 0.0, label: Some("<d>".to_owned()) };
        let svg = Plot::new("<a>", ("<b>", &[]), ("<c>", &[tick])).finish().to_string();
        assert!(["&lt;a&gt;", "&lt;b&gt;", "&lt;c&gt;", "&lt;d&gt;"].iter().all(|text| svg.contains(text)), "{svg}");
    }
}
