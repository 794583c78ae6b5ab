//! The bars of a run, one row for each step, all on one time axis.
//!
//! The chart consists of strips: [`axis`] for the head and [`row`] for each step. They are separate drawings, so that a page can put
//! them into the cells of a table; their ticks line up when the strips are below each other.

use std::time::Duration;

use launcelot_measure::Span;

use crate::element::Element;
use crate::scale::Scale;
use crate::shapes::Percent;

/// The height of a row without ghosts, in pixels.
pub(crate) const ROW_HEIGHT: i32 = 28;
/// The height of a bar.
const BAR_HEIGHT: i32 = 12;
/// The vertical distance between ghosts, and the height of one.
const GHOST_STEP: i32 = 12;
const GHOST_HEIGHT: i32 = 6;
/// The height of the axis.
const AXIS_HEIGHT: i32 = 24;
/// How far ticks extend below their strip. With visible overflow they reach the ticks of the next row, behind its bars.
const TICK_OVERHANG: i32 = 60;

/// The kind of step that a bar shows, which is also the bar's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarKind {
    /// The opening of the connection.
    Connecting,
    /// The time from sending a question to its answer.
    Asking,
}

impl BarKind {
    fn class(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Asking => "asking",
        }
    }
}

/// A span of time to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// A span with an end.
    Whole(BarKind, Span),
    /// A span without an end: still running, or failed.
    Open(BarKind, Duration),
}

/// The same step of an earlier run, drawn below the bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ghost {
    /// The short name of the run, drawn at the end of the bar.
    pub name: String,
    /// What the run was, as a tooltip.
    pub label: String,
    /// The bar.
    pub bar: Bar,
}

/// Draws the head: the ticks with their numbers. The unit belongs into the heading above.
pub fn axis(scale: &Scale) -> Element {
    let mut svg = Element::hidden_svg("waterfall-axis", "100%", AXIS_HEIGHT);
    for tick in scale.ticks() {
        let at = scale.percent(tick);
        // Labels at the edges stay inside.
        let anchor = match at {
            0.0 => "start",
            _ if at > 92.0 => "end",
            _ => "middle",
        };
        svg.add("text").set("x", Percent(at)).set("y", 13).set("text-anchor", anchor).text(scale.label(tick));
        add_tick(&mut svg, at, AXIS_HEIGHT - 5, AXIS_HEIGHT + TICK_OVERHANG);
    }
    svg
}

/// Draws one row: its bar, if the step has begun, and the ghosts of earlier runs below it.
pub fn row(scale: &Scale, bar: Option<Bar>, ghosts: &[Ghost]) -> Element {
    let mut svg = new_row(scale, ROW_HEIGHT, ghosts);
    if let Some(bar) = bar {
        let top = (ROW_HEIGHT - BAR_HEIGHT) / 2;
        add_bar(&mut svg, scale, bar, "bar", top, BAR_HEIGHT);
    }
    add_ghosts(&mut svg, scale, ROW_HEIGHT, ghosts);
    svg
}

/// Creates a row with its ticks. `bar_height` is the height of the row without its ghosts.
pub(crate) fn new_row(scale: &Scale, bar_height: i32, ghosts: &[Ghost]) -> Element {
    let height = bar_height + ghosts.iter().map(|_| GHOST_STEP).sum::<i32>();
    let mut svg = Element::hidden_svg("waterfall-row", "100%", height);
    for tick in scale.ticks() {
        add_tick(&mut svg, scale.percent(tick), 0, height + TICK_OVERHANG);
    }
    svg
}

/// Draws the ghosts of a row, below its bars. `bar_height` is the height of the row without its ghosts.
pub(crate) fn add_ghosts(svg: &mut Element, scale: &Scale, bar_height: i32, ghosts: &[Ghost]) {
    let tops = (bar_height - GHOST_HEIGHT / 2..).step_by(GHOST_STEP as usize);
    for (ghost, top) in ghosts.iter().zip(tops) {
        add_bar(svg, scale, ghost.bar, "ghost", top, GHOST_HEIGHT).add("title").text(&ghost.label);
        add_ghost_name(svg, scale, ghost, top + GHOST_HEIGHT);
    }
}

/// Draws the name of a ghost behind its bar, or onto the end of a bar that leaves no room there.
fn add_ghost_name(svg: &mut Element, scale: &Scale, ghost: &Ghost, bottom: i32) {
    let end = match ghost.bar {
        Bar::Whole(_, span) => scale.percent(span.until),
        Bar::Open(..) => 100.0,
    };
    let (anchor, dx) = if end > 92.0 { ("end", -2) } else { ("start", 3) };
    let name = svg.add("text").set("class", "ghost-name").set("x", Percent(end)).set("dx", dx).set("y", bottom + 2);
    name.set("text-anchor", anchor).text(&ghost.name);
}

fn add_tick(svg: &mut Element, at: f64, from: i32, until: i32) {
    let x = Percent(at);
    svg.add_line("tick", [&x, &x, &from, &until]).set("stroke", "currentColor");
}

/// Draws a bar, and returns it.
pub(crate) fn add_bar<'a>(
    svg: &'a mut Element,
    scale: &Scale,
    bar: Bar,
    class: &str,
    y: i32,
    height: i32,
) -> &'a mut Element {
    let (kind, from, until, open) = match bar {
        Bar::Whole(kind, span) => (kind, scale.percent(span.from), scale.percent(span.until), ""),
        Bar::Open(kind, from) => (kind, scale.percent(from), 100.0, " open"),
    };
    let kind = kind.class();
    let width = Percent((until - from).max(0.0));
    let rect = svg.add_rect(format_args!("{class} {kind}{open}"), [&Percent(from), &y, &width, &height]);
    rect.set("rx", height / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn bars(svg: &str) -> Vec<&str> {
        svg.split('<').filter(|tag| tag.starts_with("rect")).collect()
    }

    #[test]
    fn a_bar_extends_from_the_begin_of_its_span_to_the_end() {
        let scale = Scale::to_fit(us(1000));
        let svg =
            row(&scale, Some(Bar::Whole(BarKind::Asking, Span { from: us(255), until: us(510) })), &[]).to_string();
        assert_eq!(bars(&svg), [r#"rect class="bar asking" x="25%" y="8" width="25%" height="12" rx="3"/>"#]);
    }

    #[test]
    fn a_span_without_an_end_is_open_to_the_right() {
        let scale = Scale::to_fit(us(1000));
        let svg = row(&scale, Some(Bar::Open(BarKind::Connecting, us(510))), &[]).to_string();
        assert_eq!(bars(&svg), [r#"rect class="bar connecting open" x="50%" y="8" width="50%" height="12" rx="3"/>"#]);
    }

    #[test]
    fn every_ghost_makes_the_row_taller_and_names_its_run() {
        let scale = Scale::to_fit(us(1000));
        let bar = Bar::Whole(BarKind::Asking, Span { from: us(0), until: us(510) });
        let ghosts = ["run 1 & all", "run 2"].map(|label| Ghost { name: "1".to_owned(), label: label.to_owned(), bar });
        let svg = row(&scale, None, &ghosts).to_string();
        assert!(svg.contains(r#"height="52""#), "{svg}");
        assert!(svg.contains("<title>run 1 &amp; all</title>"), "{svg}");
        assert_eq!(bars(&svg).len(), 2);
    }

    #[test]
    fn labels_at_the_edges_stay_inside() {
        let svg = axis(&Scale::to_fit(us(4000))).to_string();
        let anchors: Vec<_> = svg.split("text-anchor=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(anchors, ["start", "middle", "middle", "middle", "end"]);
    }
}
