//! Parts that drawings have in common.

use std::fmt::{self, Display, Write as _};

use crate::element::Element;

/// A horizontal position or length, in percent, with at most three decimals.
#[derive(Debug, Clone, Copy)]
pub struct Percent(pub(crate) f64);

impl Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Integers, because formatting floating-point numbers would be a tenth of a small page's code.
        let thousandths = (self.0 * 1000.0).round() as i64;
        let whole = thousandths / 1000;
        let rest = thousandths % 1000;
        match (rest, rest % 100, rest % 10) {
            (0, ..) => write!(formatter, "{whole}%"),
            (_, 0, _) => write!(formatter, "{whole}.{}%", rest / 100),
            (.., 0) => write!(formatter, "{whole}.{:02}%", rest / 10),
            _ => write!(formatter, "{whole}.{rest:03}%"),
        }
    }
}

impl Element {
    /// Creates a drawing.
    pub(crate) fn svg(class: impl Display, width: &str, height: impl Display) -> Self {
        let mut svg = Self::new("svg");
        svg.set("xmlns", "http://www.w3.org/2000/svg").set("class", class).set("width", width).set("height", height);
        svg
    }

    /// Creates a drawing that is hidden from screen readers, because the page has the same information as text.
    pub(crate) fn hidden_svg(class: &str, width: &str, height: impl Display) -> Self {
        let mut svg = Self::svg(class, width, height);
        svg.hide();
        svg
    }

    /// Creates the drawing of a sign around the origin, for a legend.
    pub(crate) fn key(class: impl Display) -> Self {
        let mut svg = Self::svg(class, "36", "12");
        svg.set("viewBox", "-18 -6 36 12").hide();
        svg
    }

    /// Hides a drawing from screen readers and from the keyboard.
    fn hide(&mut self) {
        self.set("aria-hidden", "true").set("focusable", "false");
    }

    /// Adds a line between two horizontal and two vertical positions, and returns it.
    pub(crate) fn add_line(&mut self, class: &str, [x1, x2, y1, y2]: [&dyn Display; 4]) -> &mut Self {
        self.add("line").set("class", class).set("x1", x1).set("x2", x2).set("y1", y1).set("y2", y2)
    }

    /// Adds a rectangle, and returns it.
    pub(crate) fn add_rect(&mut self, class: impl Display, [x, y, width, height]: [&dyn Display; 4]) -> &mut Self {
        self.add("rect").set("class", class).set("x", x).set("y", y).set("width", width).set("height", height)
    }

    /// Adds the path of a line that is equally thick in all directions, although its view box is stretched, and returns it.
    pub(crate) fn add_path(&mut self, class: impl Display, dashes: &str, path: &str) -> &mut Self {
        let line = self.add("path").set("class", class).set("fill", "none").set("stroke", "currentColor");
        line.set("stroke-dasharray", dashes).set("vector-effect", "non-scaling-stroke").set("d", path)
    }

    /// Sets a view box from the origin to `size` in both directions, which is stretched to the drawing.
    pub(crate) fn stretch(&mut self, size: i32) -> &mut Self {
        self.set("viewBox", format_args!("0 0 {size} {size}"))
            .set("preserveAspectRatio", "none")
            .set("overflow", "visible")
    }
}

/// Appends `text` to `path`.
pub(crate) fn write(path: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = path.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_short() {
        assert_eq!(Percent(100.0 / 3.0).to_string(), "33.333%");
        assert_eq!(Percent(50.0).to_string(), "50%");
        assert_eq!(Percent(1.5).to_string(), "1.5%");
        assert_eq!(Percent(0.05).to_string(), "0.05%");
    }
}
