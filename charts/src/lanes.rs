//! Messages between hops: the hops from left to right, and a lane for each message with its question above its answer.
//!
//! The hops ([`backdrop`]) and the messages are two drawings of one size, one on top of the other, so that an animation redraws only
//! the messages. The page draws those itself, at the places that [`across`] and [`height_of`] return.

use crate::element::Element;
pub use crate::shapes::Percent;

/// The height of the head with the names of the hops, in pixels.
const HEAD_HEIGHT: usize = 30;
/// The height of a lane.
const LANE_HEIGHT: usize = 62;
/// The vertical positions in a lane of its label, of the question and of the answer.
const LABEL_AT: usize = 17;
const QUESTION_AT: usize = 31;
const ANSWER_AT: usize = 47;
/// The radius of a message, in pixels.
pub const RADIUS: usize = 6;

/// A horizontal position, in thousandths of the width.
pub type Position = u16;

/// A hop, or an end of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The name, which is also the class of its rectangle.
    pub name: &'static str,
    /// The left edge.
    pub from: Position,
    /// The right edge.
    pub until: Position,
}

/// A part of the path that a message has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail {
    /// The lane, from 0.
    pub lane: usize,
    /// Whether the answer passed it; `false` if the question did.
    pub is_back: bool,
    /// The start of the trail.
    pub from: Position,
    /// The end of the trail, or the current position of the message.
    pub until: Position,
    /// The class of the leg, such as `link`.
    pub leg: &'static str,
}

/// The current position of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The lane, from 0.
    pub lane: usize,
    /// Whether the message is the answer; `false` if it is the question.
    pub is_back: bool,
    /// The position.
    pub at: Position,
}

/// Draws the hops, and for each lane its label, a line for the question and a line for the answer.
pub fn backdrop(hops: &[Hop], lanes: &[String]) -> Element {
    let mut svg = Element::hidden_svg("lanes-backdrop", "100%", height(lanes.len()));
    let height = LANE_HEIGHT * lanes.len() + 6;
    for (index, Hop { name, from, until }) in hops.iter().enumerate() {
        let width = across(until - from);
        let hop = svg.add_rect(format_args!("hop {name}"), [&across(*from), &(HEAD_HEIGHT - 6), &width, &height]);
        hop.set("rx", 6);
        let (anchor, x) = match index {
            0 => ("start", *from),
            _ if index + 1 == hops.len() => ("end", *until),
            _ => ("middle", (from + until) / 2),
        };
        let label = svg.add("text").set("class", "name").set("x", across(x)).set("y", 15);
        label.set("text-anchor", anchor).text(name);
    }
    let left = across(hops.first().map_or(0, |first| first.until));
    let right = across(hops.last().map_or(0, |last| last.from));
    for (lane, label) in lanes.iter().enumerate() {
        for is_back in [false, true] {
            let y = height_of(lane, is_back);
            svg.add_line("lane", [&left, &right, &y, &y]).set("stroke", "currentColor");
        }
        svg.add("text").set("class", "words").set("x", "0.8%").set("y", top(lane) + LABEL_AT).text(label);
    }
    svg
}

/// Draws the hops, and on top of them the messages at a moment, for a picture.
pub fn picture(hops: &[Hop], lanes: &[String], trails: &[Trail], markers: &[Marker]) -> Element {
    let mut svg = Element::svg("lanes", "100%", height(lanes.len()));
    svg.push(backdrop(hops, lanes));
    for Trail { lane, is_back, from, until, leg } in trails {
        let y = height_of(*lane, *is_back);
        let line = svg.add_line(&["gone ", leg].concat(), [&across(*from), &across(*until), &y, &y]);
        line.set("stroke", "currentColor");
    }
    for Marker { lane, is_back, at } in markers {
        let class = if *is_back { "message answer" } else { "message question" };
        let message = svg.add("circle").set("class", class).set("cx", across(*at));
        message.set("cy", height_of(*lane, *is_back)).set("r", RADIUS);
    }
    svg
}

/// Draws a part of the trail in a leg of this class, for a legend.
pub fn key(leg: &str) -> Element {
    let mut svg = Element::key("key");
    svg.add_line(&["gone ", leg].concat(), [&-18, &18, &0, &0]).set("stroke", "currentColor");
    svg
}

/// Returns a horizontal position as a percentage.
pub fn across(position: Position) -> Percent {
    Percent(f64::from(position) / 10.0)
}

fn top(lane: usize) -> usize {
    HEAD_HEIGHT + lane * LANE_HEIGHT
}

/// Returns the vertical position of the question in a lane, or of the answer, in pixels.
pub fn height_of(lane: usize, is_back: bool) -> usize {
    top(lane) + if is_back { ANSWER_AT } else { QUESTION_AT }
}

/// Returns the height of a drawing of `lanes` lanes, in pixels.
pub fn height(lanes: usize) -> usize {
    top(lanes) + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_at_their_positions_and_labels_are_escaped() {
        let hops = [Hop { name: "browser", from: 0, until: 90 }, Hop { name: "server", from: 880, until: 1000 }];
        let svg = backdrop(&hops, &["a < b?".to_owned()]).to_string();
        assert!(svg.contains(r#"<rect class="hop server" x="88%" y="24" width="12%" height="68" rx="6"/>"#), "{svg}");
        assert!(svg.contains(r#"x="100%" y="15" text-anchor="end">server<"#), "{svg}");
        assert!(svg.contains(">a &lt; b?</text>"), "{svg}");
        assert_eq!(svg.matches(r#"class="lane" x1="9%" x2="88%""#).count(), 2, "{svg}");
    }

    #[test]
    fn a_picture_has_hops_trails_and_messages() {
        let hops = [Hop { name: "browser", from: 0, until: 90 }, Hop { name: "server", from: 880, until: 1000 }];
        let trail = Trail { lane: 0, is_back: false, from: 90, until: 500, leg: "link" };
        let marker = Marker { lane: 0, is_back: false, at: 500 };
        let svg = picture(&hops, &["Why?".to_owned()], &[trail], &[marker]).to_string();
        for part in [
            r#"class="hop server""#,
            r#"<line class="gone link" x1="9%" x2="50%" y1="61" y2="61""#,
            r#"<circle class="message question" cx="50%" cy="61" r="6"/>"#,
        ] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
    }

    #[test]
    fn an_answer_is_below_its_question() {
        assert_eq!([false, true].map(|is_back| height_of(1, is_back)), [123, 139]);
        assert_eq!(across(255).to_string(), "25.5%");
    }
}
