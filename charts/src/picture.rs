//! Pictures: charts as SVG files that stand alone, with a caption and the lines of what limits their figures.
//!
//! A picture has a width of its own. Its colours are those of the page on a light ground, written out: other programs
//! than browsers know neither variables nor colour schemes.

use crate::element::{Element, Escaped};

/// The width of a picture in pixels.
pub const WIDTH: u32 = 960;

/// The style sheet in every picture.
const STYLE: &str = include_str!("picture.css");

/// The margin around a picture.
const MARGIN: u32 = 24;
/// The right edge of what is inside the margin.
const RIGHT: u32 = WIDTH - MARGIN;
/// The width to the left of a chart that the labels of its vertical axis need.
const LABELS_WIDTH: u32 = 64;
/// The widths of the columns of a table's words and of its times.
const WORDS_WIDTH: u32 = 264;
const TIMES_WIDTH: u32 = 96;
/// The gap between columns, and between parts.
const GAP: u32 = 16;

/// The width of a sign that is explained, and the gap above it.
const KEY_WIDTH: u32 = 36;
const KEY_GAP: u32 = 6;

/// The height of a line, and the number of characters in a hundred pixels, of text of the three sizes.
const CAPTION: Size = Size { class: "caption", line_height: 28, per_100_px: 10 };
const WORDS: Size = Size { class: "cell", line_height: 19, per_100_px: 13 };
const NOTE: Size = Size { class: "note", line_height: 18, per_100_px: 14 };

/// A size of text.
#[derive(Debug, Clone, Copy)]
struct Size {
    class: &'static str,
    line_height: u32,
    per_100_px: u32,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The words to the left of the chart, each in a line of its own.
    pub words: Vec<String>,
    /// The strip, as from [`waterfall::row`](crate::waterfall::row).
    pub chart: Element,
    /// The time to the right of the chart.
    pub took: String,
}

/// A picture, as far as it is composed, from the top downwards.
#[derive(Debug, Clone)]
pub struct Picture {
    caption: String,
    contents: Contents,
}

/// The contents of a picture or of a table.
#[derive(Debug, Clone)]
struct Contents {
    svg: Element,
    /// The height of what is there.
    height: u32,
}

impl Picture {
    /// Begins a picture with its caption.
    pub fn new(caption: &str) -> Self {
        let mut contents = Contents { svg: Element::new("svg"), height: MARGIN };
        contents.text(CAPTION, MARGIN, RIGHT - MARGIN, caption);
        contents.height += GAP / 2;
        Self { caption: caption.to_owned(), contents }
    }

    /// Adds a chart. `has_labels` says whether it has labels to its left.
    pub fn chart(&mut self, chart: Element, has_labels: bool) {
        let Self { contents, .. } = self;
        let left = MARGIN + if has_labels { LABELS_WIDTH } else { 0 };
        contents.height += GAP / 2;
        let height = height_of(&chart);
        contents.nest(chart, [left, contents.height, RIGHT - left, height]);
        contents.height += height + GAP;
    }

    /// Adds a table whose rows have one time axis, in `unit`.
    pub fn table(&mut self, axis: Element, unit: &str, rows: Vec<Row>) {
        let left = MARGIN + WORDS_WIDTH + GAP;
        let width = RIGHT - TIMES_WIDTH - left;
        let mut table = Contents { svg: Element::new("svg"), height: height_of(&axis) };
        let unit_text = table.svg.add("text").set("x", RIGHT).set("y", 13).set("text-anchor", "end");
        unit_text.set("class", NOTE.class).text(unit);
        table.nest(axis, [left, 0, width, table.height]);
        for Row { words, chart, took } in rows {
            let lines: Vec<String> = words.iter().flat_map(|words| wrap(words, WORDS.per_line(WORDS_WIDTH))).collect();
            let words_height = lines.len() as u32 * WORDS.line_height;
            let chart_height = height_of(&chart);
            let height = words_height.max(chart_height) + GAP;
            let top = table.height + (height - chart_height) / 2;
            table.nest(chart, [left, top, width, chart_height]);
            let middle = table.height + height / 2 + 5;
            table.svg.add("text").set("class", "took").set("x", RIGHT).set("y", middle).text(took);
            let end = table.height + height;
            table.height += (height - words_height) / 2;
            table.lines(WORDS, MARGIN, &lines);
            table.height = end;
            table.svg.add_line("rule", [&MARGIN, &RIGHT, &end, &end]);
        }
        let Self { contents, .. } = self;
        // The ticks of the last row would reach below the table.
        let frame = add_frame(&mut contents.svg, [0, contents.height, WIDTH, table.height + 1], "hidden");
        frame.children = table.svg.children;
        contents.height += table.height + GAP;
    }

    /// Adds the explanation of a sign that a chart uses.
    pub fn key(&mut self, sign: Element, words: &str) {
        let Self { contents, .. } = self;
        contents.height += KEY_GAP;
        let middle = contents.height + WORDS.line_height / 2;
        let height = height_of(&sign);
        contents.nest(sign, [MARGIN, middle - height / 2, KEY_WIDTH, height]);
        let left = MARGIN + KEY_WIDTH + GAP / 2;
        contents.text(WORDS, left, RIGHT - left, words);
    }

    /// Adds a paragraph in small type, such as what limits the figures.
    pub fn note(&mut self, text: &str) {
        self.contents.height += 4;
        self.contents.text(NOTE, MARGIN, RIGHT - MARGIN, text);
    }

    /// Returns the picture as the text of an SVG file. The frame is text, because its style sheet stays as it is.
    pub fn finish(self) -> String {
        let height = self.contents.height + MARGIN;
        let caption = Escaped(&self.caption);
        let contents: String = self.contents.svg.children.iter().map(ToString::to_string).collect();
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" class="picture" role="img"><title>{caption}</title><style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{height}"/>{contents}</svg>"#
        );
        // XML has no control characters, and an imported question may have some.
        svg.replace(|character: char| character.is_control() && character != '\n', " ")
    }
}

impl Contents {
    /// Puts a chart into a rectangle: left, top, width and height.
    fn nest(&mut self, chart: Element, rectangle: [u32; 4]) {
        add_frame(&mut self.svg, rectangle, "visible").push(chart);
    }

    /// Adds a paragraph at the left edge `left`.
    fn text(&mut self, size: Size, left: u32, width: u32, text: &str) {
        self.lines(size, left, &wrap(text, size.per_line(width)));
    }

    fn lines(&mut self, size: Size, left: u32, lines: &[String]) {
        for line in lines {
            let base = self.height + size.line_height - 5;
            self.svg.add("text").set("class", size.class).set("x", left).set("y", base).text(line);
            self.height += size.line_height;
        }
    }
}

impl Size {
    /// Returns the number of characters that fit into a line of `width` pixels.
    fn per_line(self, width: u32) -> usize {
        (width * self.per_100_px / 100) as usize
    }
}

/// Adds a drawing in a rectangle: left, top, width and height.
fn add_frame<'a>(svg: &'a mut Element, [x, y, width, height]: [u32; 4], overflow: &str) -> &'a mut Element {
    svg.add("svg").set("x", x).set("y", y).set("width", width).set("height", height).set("overflow", overflow)
}

/// Returns the height that a chart states.
fn height_of(chart: &Element) -> u32 {
    chart.get("height").and_then(|height| height.parse().ok()).unwrap_or_default()
}

/// Breaks a text into lines of at most `most` characters: at spaces, and in words that are longer.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split([' ', '\n']) {
        let word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > most {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for part in word.chunks(most) {
            if part.len() == most || length + part.len() > most {
                lines.extend((length > 0).then(|| std::mem::take(&mut line)));
                length = 0;
            }
            line.extend(part);
            length += part.len();
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::Span;

    use super::*;
    use crate::scale::Scale;
    use crate::waterfall::{self, Bar, BarKind};

    fn number(svg: &str, attribute: &str) -> u32 {
        let rest = svg.split(&format!(" {attribute}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }

    #[test]
    fn a_text_is_broken_at_spaces_and_in_words_that_are_too_long() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[""]),
            ("one two", &["one two"]),
            ("one two three", &["one two", "three"]),
            ("abcdefgh", &["abcdefgh"]),
            ("abcdefghijk", &["abcdefgh", "ijk"]),
            ("x abcdefghijk y", &["x", "abcdefgh", "ijk y"]),
        ];
        for (text, expected) in cases {
            assert_eq!(wrap(text, 8), expected, "{text}");
        }
    }

    #[test]
    fn a_picture_has_its_caption_its_charts_and_its_notes_below_each_other() {
        let scale = Scale::to_fit(Duration::from_micros(1_000));
        let bar = Bar::Whole(BarKind::Asking, Span { from: Duration::ZERO, until: Duration::from_micros(510) });
        let row = |words: &str| Row {
            words: vec![words.to_owned(), "It is <Arthur>.".to_owned()],
            chart: waterfall::row(&scale, Some(bar), &[]),
            took: "0.510".to_owned(),
        };
        let mut picture = Picture::new("The dialogue of run 1");
        picture.table(waterfall::axis(&scale), "ms", vec![row("What is your name?"), row("Why?")]);
        picture.note("2 questions · no errors");
        let svg = picture.finish();
        let places: Vec<usize> = [
            "<title>The dialogue of run 1</title>",
            ">What is your name?<",
            ">It is &lt;Arthur&gt;.<",
            ">Why?<",
            "no errors<",
        ]
        .map(|part| svg.find(part).unwrap_or_else(|| panic!("no {part} in {svg}")))
        .to_vec();
        assert!(places.is_sorted(), "{svg}");
        assert_eq!(svg.matches(r#"class="bar asking""#).count(), 2);
        assert!(!svg.contains("var("), "variables are unknown to other programs");
        let note = svg.split("class=\"note\"").last().unwrap();
        assert!(number(note, "y") + MARGIN <= number(&svg, "height"), "{svg}");
    }

    #[test]
    fn a_picture_is_higher_if_its_words_need_more_lines() {
        let height = |words: &str| {
            let mut picture = Picture::new("A race");
            picture.note(words);
            number(&picture.finish(), "height")
        };
        assert_eq!(height(&"spam ".repeat(100)) - height("spam"), 3 * NOTE.line_height);
    }

    #[test]
    fn a_picture_has_no_control_characters() {
        assert!(!Picture::new("a\u{1}b\u{7f}c").finish().contains(['\u{1}', '\u{7f}']));
    }
}
