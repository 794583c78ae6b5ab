//! Parts of SVG and HTML text.

use std::fmt::{self, Write as _};

pub(crate) use crate::element::Escaped;

/// A horizontal position or length, in percent, with at most three decimals.
#[derive(Debug, Clone, Copy)]
pub struct Percent(pub(crate) f64);

impl fmt::Display for Percent {
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

/// Appends `text` to `svg`, which may also be HTML.
pub(crate) fn write(svg: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = svg.write_fmt(text);
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
