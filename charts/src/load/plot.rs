//! The frame of a chart: grid, labels of the axes, and their names. The lines of the servers are drawn into it.

use crate::markup::{Escaped, Percent, write};
use crate::series::{colour, look};

/// The heights of the margin above the plot, of the plot, and of the labels below, in pixels.
pub(crate) const TOP: u32 = 34;
pub(crate) const PLOT_HEIGHT: u32 = 260;
const BOTTOM: u32 = 50;

/// The distance of the vertical axis' name from the left edge: above the labels, which are 56 pixels wide.
const NAME_LEFT: i32 = -56;

/// The width and height of the view box of the lines, which is stretched to the plot.
const BOX: f64 = 1000.0;

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
    svg: String,
}

impl Plot {
    /// Draws the grid and the axes. `description` is what a screen reader says in place of the chart.
    pub(crate) fn open(description: &str, (x_name, x): (&str, &[Tick]), (y_name, y): (&str, &[Tick])) -> Self {
        let height = TOP + PLOT_HEIGHT + BOTTOM;
        let mut svg = String::new();
        write(
            &mut svg,
            format_args!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" class="load-chart" width="100%" height="{height}" role="img" aria-label="{}"><text class="axis-name" x="{NAME_LEFT}" y="14">{}</text>"#,
                Escaped(description),
                Escaped(y_name)
            ),
        );
        write(&mut svg, format_args!(r#"<svg y="{TOP}" height="{PLOT_HEIGHT}" overflow="visible">"#));
        for tick in y {
            let at = Percent(100.0 - tick.percent);
            let label = tick.label.as_deref().unwrap_or_default();
            write(
                &mut svg,
                format_args!(
                    r#"<line class="tick" x1="0" x2="100%" y1="{at}" y2="{at}" stroke="currentColor"/><text x="-10" y="{at}" dy="4" text-anchor="end">{}</text>"#,
                    Escaped(label)
                ),
            );
        }
        svg += r#"<line class="tick base" x1="0" x2="100%" y1="100%" y2="100%" stroke="currentColor"/>"#;
        for tick in x {
            let at = Percent(tick.percent);
            let end = PLOT_HEIGHT + if tick.label.is_some() { 6 } else { 3 };
            write(
                &mut svg,
                format_args!(
                    r#"<line class="tick level" x1="{at}" x2="{at}" y1="{PLOT_HEIGHT}" y2="{end}" stroke="currentColor"/>"#
                ),
            );
            if let Some(label) = &tick.label {
                let base = PLOT_HEIGHT + 21;
                let anchor = label_anchor(tick.percent, label);
                write(
                    &mut svg,
                    format_args!(r#"<text x="{at}" y="{base}" text-anchor="{anchor}">{}</text>"#, Escaped(label)),
                );
            }
        }
        let base = PLOT_HEIGHT + 43;
        write(
            &mut svg,
            format_args!(r#"<text class="axis-name" x="100%" y="{base}" text-anchor="end">{}</text>"#, Escaped(x_name)),
        );
        Self { svg }
    }

    /// Begins what is drawn of one server.
    pub(crate) fn open_series(&mut self, index: usize, name: &str) {
        let colour = colour(index);
        write(&mut self.svg, format_args!(r#"<g class="series-{colour}"><title>{}</title>"#, Escaped(name)));
    }

    /// Ends what is drawn of one server.
    pub(crate) fn close_series(&mut self) {
        self.svg += "</g>";
    }

    /// Draws the line of the server at `index`.
    pub(crate) fn line(&mut self, class: &str, index: usize, points: &[Point]) {
        let (_, dashes) = look(index);
        self.stretched(class, dashes, &polyline(points.iter().copied()));
    }

    /// Fills the area between two lines with the same horizontal positions.
    pub(crate) fn band(&mut self, class: &str, lower: &[Point], upper: &[Point]) {
        if lower.len() > 1 {
            let outline = polyline(lower.iter().chain(upper.iter().rev()).copied()) + "z";
            self.stretched(class, "none", &outline);
        }
    }

    /// Draws a path in the units of the view box.
    pub(crate) fn stretched(&mut self, class: &str, dashes: &str, path: &str) {
        if path.is_empty() {
            return;
        }
        write(
            &mut self.svg,
            format_args!(
                r#"<svg viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none" overflow="visible"><path class="{class}" fill="none" stroke="currentColor" stroke-dasharray="{dashes}" vector-effect="non-scaling-stroke" d="{path}"/></svg>"#
            ),
        );
    }

    /// Draws a mark, which a pointing device explains by `figure`, with a cross if dialogues failed.
    pub(crate) fn mark(&mut self, index: usize, (x, y): Point, figure: &str, has_failures: bool) {
        let (shape, _) = look(index);
        write(
            &mut self.svg,
            format_args!(
                r#"<svg x="{}" y="{}" overflow="visible"><path class="mark" d="{shape}"><title>{}</title></path>"#,
                Percent(x),
                Percent(100.0 - y),
                Escaped(figure)
            ),
        );
        if has_failures {
            write(&mut self.svg, format_args!(r#"<path class="cross" d="{CROSS}" stroke="currentColor"/>"#));
        }
        self.svg += "</svg>";
    }

    /// Draws what is not a line of a server.
    pub(crate) fn raw(&mut self, svg: &str) {
        self.svg += svg;
    }

    /// Ends the chart.
    pub(crate) fn close(self) -> String {
        self.svg + "</svg></svg>"
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
        let unit = |percent: f64| (percent / 100.0 * BOX).round() as i32;
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
        let svg =
            Plot::open("<a>", ("<b>", &[]), ("<c>", &[Tick { percent: 0.0, label: Some("<d>".to_owned()) }])).close();
        assert!(["&lt;a&gt;", "&lt;b&gt;", "&lt;c&gt;", "&lt;d&gt;"].iter().all(|text| svg.contains(text)), "{svg}");
    }
}
