//! The charts of a report as pictures, each with what the report says around it: its legend, what it shows, and what limits it.

use crate::picture::Picture;
use crate::{Element, Node};

/// The class of a chart with curves. Those of other charts begin with it.
const CHART: &str = "load-chart";

/// Returns the titles of the charts in the elements of a report, in their order.
pub fn titles<'a>(report: impl IntoIterator<Item = &'a Element>) -> Vec<String> {
    charts(report).into_iter().map(|(section, chart)| title(section, chart)).collect()
}

/// Returns the picture of the chart at `index` in the elements of a report. `file` is the name of the file with the result.
pub fn picture<'a>(report: impl IntoIterator<Item = &'a Element> + Clone, index: usize, file: &str) -> Option<Picture> {
    let (section, chart) = charts(report.clone()).into_iter().nth(index)?;
    let mut picture = Picture::new(&title(section, chart));
    picture.chart(chart.clone(), has_curves(chart));
    for entry in find(section, &|element| element.get("class") == Some("load-legend")).into_iter().flat_map(children) {
        if let Some(sign) = children(entry).next() {
            picture.key(sign.clone(), &text_of(entry));
        }
    }
    for note in children(section).filter(|child| child.get("class") == Some("note")) {
        picture.note(&text_of(note));
    }
    for element in report {
        match element.get("class") {
            Some("scope") => picture.note(&format!("{} · imported from {file}", text_of(element))),
            // Those that the report shows; further ones are folded up there.
            Some("warnings") => {
                let shown = children(element).filter(|child| child.name == "ul").flat_map(children);
                picture.note(&shown.map(text_of).collect::<Vec<_>>().join(" "));
            }
            _ => {}
        }
    }
    Some(picture)
}

/// Returns the charts, each with its section.
fn charts<'a>(report: impl IntoIterator<Item = &'a Element>) -> Vec<(&'a Element, &'a Element)> {
    let is_chart = |element: &Element| element.get("class").is_some_and(|class| class.starts_with(CHART));
    let sections = report.into_iter().filter(|element| element.name == "section");
    sections.flat_map(|section| find(section, &is_chart).into_iter().map(move |chart| (section, chart))).collect()
}

/// Returns the heading of the section, and the name of the vertical axis if there is one.
fn title(section: &Element, chart: &Element) -> String {
    let heading = children(section).next().map(text_of).unwrap_or_default();
    match children(chart).find(|child| child.get("class") == Some("axis-name")) {
        Some(axis) if has_curves(chart) => format!("{heading}: {}", text_of(axis)),
        _ => heading,
    }
}

/// Whether a chart has curves, and so labels to its left.
fn has_curves(chart: &Element) -> bool {
    chart.get("class") == Some(CHART)
}

/// Returns the outermost elements in `element` of which `is` is true.
fn find<'a>(element: &'a Element, is: &dyn Fn(&Element) -> bool) -> Vec<&'a Element> {
    children(element).flat_map(|child| if is(child) { vec![child] } else { find(child, is) }).collect()
}

fn children(element: &Element) -> impl Iterator<Item = &Element> {
    element.children.iter().filter_map(|child| match child {
        Node::Element(child) => Some(child),
        Node::Text(_) => None,
    })
}

/// Returns the text in an element.
fn text_of(element: &Element) -> String {
    let text = element.children.iter().map(|child| match child {
        Node::Element(child) => text_of(child),
        Node::Text(text) => text.clone(),
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::{LoadSummary, from_json};

    use super::super::Report;
    use super::*;

    const RESULT: &str = include_str!("../../../../measure/tests/fixtures/load-1.json");

    #[test]
    fn each_chart_is_a_picture_with_its_title_its_legend_and_what_limits_it() {
        let mut result = from_json(RESULT).unwrap();
        result.provenance[0].warnings = vec!["Client and server share two processors.".to_owned()];
        let report = Report::part(&result, LoadSummary::of(&result), 1);
        let elements: Vec<Element> = report.head().into_iter().chain(report.body()).collect();
        let titles = titles(&elements);
        let expected =
            ["Throughput: dialogues per second", "Latency: time per question", "Latency: connect to first answer"];
        assert_eq!(titles[..3], expected, "{titles:?}");
        for (index, title) in titles.iter().enumerate() {
            let svg = picture(&elements, index, "result.json").unwrap().finish();
            // Lines are elements of their own.
            let words: Vec<&str> = svg.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect();
            let words = words.join(" ").replace("  ", " ");
            for part in [title.as_str(), "imported from result.json", "Client and server share two processors."] {
                assert!(words.contains(part), "no {part} in {words}");
            }
            assert!(svg.contains("class=\"load-chart"), "{svg}");
            assert!(!svg.contains("var("), "variables are unknown to other programs");
            let is_named = result.plan.servers.iter().all(|server| svg.contains(&format!(">{}<", server.name)));
            assert!(is_named || title == "Failures", "{svg}");
        }
        assert!(picture(&elements, titles.len(), "result.json").is_none());
    }
}
