//! A tree of elements, which every chart is: [`Display`] writes it as SVG or HTML text, and the page makes its nodes from it.

use std::fmt::{self, Display};

/// HTML elements that stand on lines of their own, so that a report is legible as text too. Space between them is not shown.
const BLOCKS: [&str; 17] = [
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "li",
    "p",
    "section",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

/// SVG elements without contents. HTML has no self-closing tags, so other elements are closed by a tag of their own.
const SHAPES: [&str; 4] = ["circle", "line", "path", "rect"];

/// An element of SVG or HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The name of its tag.
    pub name: &'static str,
    /// The names and values of its attributes. No two have the same name.
    pub attributes: Vec<(&'static str, String)>,
    /// Its contents.
    pub children: Vec<Node>,
}

/// A part of the contents of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, which is not escaped.
    Text(String),
}

impl Element {
    /// Creates an element without attributes and contents.
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new() }
    }

    /// Sets an attribute that the element does not have yet.
    pub fn set(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.push_attribute(name, &value);
        self
    }

    /// Adds a child and returns it.
    pub fn add(&mut self, name: &'static str) -> &mut Self {
        self.push(Self::new(name));
        let Some(Node::Element(child)) = self.children.last_mut() else { unreachable!("an element was pushed") };
        child
    }

    /// Adds a child that is complete.
    pub fn push(&mut self, child: Self) -> &mut Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Adds text.
    pub fn text(&mut self, text: impl Display) -> &mut Self {
        self.push_text(&text);
        self
    }

    /// Returns the value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str())
    }

    // Not generic, because a copy for each type of value would be a large part of a small page's code.
    fn push_attribute(&mut self, name: &'static str, value: &dyn Display) {
        self.attributes.push((name, value.to_string()));
    }

    fn push_text(&mut self, text: &dyn Display) {
        self.children.push(Node::Text(text.to_string()));
    }
}

impl Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, attributes, children } = self;
        write!(formatter, "<{name}")?;
        for (name, value) in attributes {
            write!(formatter, " {name}=\"{}\"", Escaped(value))?;
        }
        if children.is_empty() && SHAPES.contains(name) {
            return formatter.write_str("/>");
        }
        formatter.write_str(">")?;
        for child in children {
            child.fmt(formatter)?;
        }
        write!(formatter, "</{name}>")?;
        if BLOCKS.contains(name) { formatter.write_str("\n") } else { Ok(()) }
    }
}

impl Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(element) => element.fmt(formatter),
            Self::Text(text) => Escaped(text).fmt(formatter),
        }
    }
}

/// Text, escaped for use between tags or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '&' => formatter.write_str("&amp;")?,
                '"' => formatter.write_str("&quot;")?,
                other => write!(formatter, "{other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_escaped() {
        assert_eq!(Escaped(r#"<b a="1">&"#).to_string(), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }

    #[test]
    fn an_element_is_written_with_its_attributes_and_contents_in_their_order() {
        let mut group = Element::new("g");
        group.set("class", "series-1").set("id", r#"""#).add("title").text("a < b");
        group.add("rect").set("x", 1).set("y", 2);
        group.text("&");
        let expected = r#"<g class="series-1" id="&quot;"><title>a &lt; b</title><rect x="1" y="2"/>&amp;</g>"#;
        assert_eq!(group.to_string(), expected);
        assert_eq!((group.get("class"), group.get("x")), (Some("series-1"), None));
    }

    #[test]
    fn an_html_element_without_contents_has_both_tags() {
        assert_eq!(Element::new("span").to_string(), "<span></span>");
    }
}
