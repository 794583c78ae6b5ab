//! The bars of a run, one row for each step, all on one time axis.
//!
//! The chart consists of strips: [`axis`] for the head and [`row`] for each step. They are separate drawings, so that a page can put
//! them into the cells of a table; their ticks line up when the strips are below each other.

use std::time::Duration;

use launcelot_measure::Span;

use crate::markup::{Escaped, Percent, write};
use crate::scale::Scale;

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
pub fn axis(scale: &Scale) -> String {
    let mut svg = open("axis", AXIS_HEIGHT);
    for tick in scale.ticks() {
        let at = scale.percent(tick);
        // Labels at the edges stay inside.
        let anchor = match at {
            0.0 => "start",
            _ if at > 92.0 => "end",
            _ => "middle",
        };
        let label = scale.label(tick);
        write(
            &mut svg,
            format_args!(r#"<text x="{}" y="13" text-anchor="{anchor}">{}</text>"#, Percent(at), Escaped(&label)),
        );
        write_tick(&mut svg, at, AXIS_HEIGHT - 5, AXIS_HEIGHT + TICK_OVERHANG);
    }
    svg + "</svg>"
}

/// Draws one row: its bar, if the step has begun, and the ghosts of earlier runs below it.
pub fn row(scale: &Scale, bar: Option<Bar>, ghosts: &[Ghost]) -> String {
    let mut svg = open_row(scale, ROW_HEIGHT, ghosts);
    if let Some(bar) = bar {
        let top = (ROW_HEIGHT - BAR_HEIGHT) / 2;
        write_bar(&mut svg, scale, bar, "bar", top, BAR_HEIGHT, None);
    }
    close_row(svg, scale, ROW_HEIGHT, ghosts)
}

/// Opens a row and draws its ticks. `bar_height` is the height of the row without its ghosts.
pub(crate) fn open_row(scale: &Scale, bar_height: i32, ghosts: &[Ghost]) -> String {
    let height = bar_height + ghosts.iter().map(|_| GHOST_STEP).sum::<i32>();
    let mut svg = open("row", height);
    for tick in scale.ticks() {
        write_tick(&mut svg, scale.percent(tick), 0, height + TICK_OVERHANG);
    }
    svg
}

/// Draws the ghosts of a row and closes the row. `bar_height` is the height of the row without its ghosts.
pub(crate) fn close_row(mut svg: String, scale: &Scale, bar_height: i32, ghosts: &[Ghost]) -> String {
    let tops = (bar_height - GHOST_HEIGHT / 2..).step_by(GHOST_STEP as usize);
    for (ghost, top) in ghosts.iter().zip(tops) {
        write_bar(&mut svg, scale, ghost.bar, "ghost", top, GHOST_HEIGHT, Some(&ghost.label));
        write_ghost_name(&mut svg, scale, ghost, top + GHOST_HEIGHT);
    }
    svg + "</svg>"
}

/// Writes the name of a ghost behind its bar, or onto the end of a bar that leaves no room there.
fn write_ghost_name(svg: &mut String, scale: &Scale, ghost: &Ghost, bottom: i32) {
    let end = match ghost.bar {
        Bar::Whole(_, span) => scale.percent(span.until),
        Bar::Open(..) => 100.0,
    };
    let (anchor, dx) = if end > 92.0 { ("end", -2) } else { ("start", 3) };
    let x = Percent(end);
    let y = bottom + 2;
    let name = Escaped(&ghost.name);
    write(
        svg,
        format_args!(r#"<text class="ghost-name" x="{x}" dx="{dx}" y="{y}" text-anchor="{anchor}">{name}</text>"#),
    );
}

/// Opens a drawing. The page has the same information as text, so the drawing is hidden from screen readers.
fn open(class: &str, height: i32) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="waterfall-{class}" width="100%" height="{height}" aria-hidden="true" focusable="false">"#
    )
}

fn write_tick(svg: &mut String, at: f64, from: i32, until: i32) {
    let x = Percent(at);
    write(
        svg,
        format_args!(r#"<line class="tick" x1="{x}" x2="{x}" y1="{from}" y2="{until}" stroke="currentColor"/>"#),
    );
}

pub(crate) fn write_bar(
    svg: &mut String,
    scale: &Scale,
    bar: Bar,
    class: &str,
    y: i32,
    height: i32,
    title: Option<&str>,
) {
    let (kind, from, until, open) = match bar {
        Bar::Whole(kind, span) => (kind, scale.percent(span.from), scale.percent(span.until), ""),
        Bar::Open(kind, from) => (kind, scale.percent(from), 100.0, " open"),
    };
    let x = Percent(from);
    let width = Percent((until - from).max(0.0));
    let kind = kind.class();
    let rounding = height / 4;
    write(
        svg,
        format_args!(
            r#"<rect class="{class} {kind}{open}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{rounding}""#
        ),
    );
    match title {
        Some(title) => write(svg, format_args!("><title>{}</title></rect>", Escaped(title))),
        None => svg.push_str("/>"),
    }
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
        let svg = row(&scale, Some(Bar::Whole(BarKind::Asking, Span { from: us(255), until: us(510) })), &[]);
        assert_eq!(bars(&svg), [r#"rect class="bar asking" x="25%" y="8" width="25%" height="12" rx="3"/>"#]);
    }

    #[test]
    fn a_span_without_an_end_is_open_to_the_right() {
        let scale = Scale::to_fit(us(1000));
        let svg = row(&scale, Some(Bar::Open(BarKind::Connecting, us(510))), &[]);
        assert_eq!(bars(&svg), [r#"rect class="bar connecting open" x="50%" y="8" width="50%" height="12" rx="3"/>"#]);
    }

    #[test]
    fn every_ghost_makes_the_row_taller_and_names_its_run() {
        let scale = Scale::to_fit(us(1000));
        let bar = Bar::Whole(BarKind::Asking, Span { from: us(0), until: us(510) });
        let ghosts = ["run 1 & all", "run 2"].map(|label| Ghost { name: "1".to_owned(), label: label.to_owned(), bar });
        let svg = row(&scale, None, &ghosts);
        assert!(svg.contains(r#"height="52""#), "{svg}");
        assert!(svg.contains("<title>run 1 &amp; all</title>"), "{svg}");
        assert_eq!(bars(&svg).len(), 2);
    }

    #[test]
    fn labels_at_the_edges_stay_inside() {
        let svg = axis(&Scale::to_fit(us(4000)));
        let anchors: Vec<_> = svg.split("text-anchor=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(anchors, ["start", "middle", "middle", "middle", "end"]);
    }
}
