//! Messages on their way between stations: the stations from left to right, and a lane for each message,
//! its question above and its answer, coming back, below.
//!
//! What stands still ([`backdrop`]) and what moves ([`moving`]) are two drawings of one size, one upon the
//! other, so that a page need not draw the stations anew sixty times a second.

use crate::markup::{Escaped, Percent, write};

/// How tall the head with the names of the stations is, in pixels.
const HEAD_HEIGHT: usize = 30;
/// How tall a lane is.
const LANE_HEIGHT: usize = 62;
/// How far down in its lane the words stand, the way there, and the way back.
const WORDS_AT: usize = 17;
const THERE_AT: usize = 31;
const BACK_AT: usize = 47;
/// How large a message is.
const RADIUS: usize = 6;

/// A place across, in thousandths of the width.
pub type Position = u16;

/// Where a message can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// What it is called; its class, too.
    pub name: &'static str,
    /// Its left edge.
    pub from: Position,
    /// Its right edge.
    pub until: Position,
}

/// A stretch that a message has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail {
    /// In which lane, from 0.
    pub lane: usize,
    /// Whether it was the answer, on its way back.
    pub is_back: bool,
    /// Where it began.
    pub from: Position,
    /// Where it ended, or has come to.
    pub until: Position,
    /// Whose it was; it becomes the class.
    pub leg: &'static str,
}

/// A message, where it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// In which lane, from 0.
    pub lane: usize,
    /// Whether it is the answer, on its way back.
    pub is_back: bool,
    /// Where.
    pub at: Position,
}

/// The stations, and for each lane its words and its two ways.
pub fn backdrop(stations: &[Hop], lanes: &[String]) -> String {
    let mut svg = open("lanes-backdrop", lanes.len());
    let height = LANE_HEIGHT * lanes.len() + 6;
    for (index, Hop { name, from, until }) in stations.iter().enumerate() {
        let width = across(until - from);
        let x = across(*from);
        write(
            &mut svg,
            format_args!(
                r#"<rect class="station {name}" x="{x}" y="{}" width="{width}" height="{height}" rx="6"/>"#,
                HEAD_HEIGHT - 6
            ),
        );
        let (anchor, x) = match index {
            0 => ("start", *from),
            _ if index + 1 == stations.len() => ("end", *until),
            _ => ("middle", (from + until) / 2),
        };
        let x = across(x);
        write(&mut svg, format_args!(r#"<text class="name" x="{x}" y="15" text-anchor="{anchor}">{name}</text>"#));
    }
    let (left, right) = (stations.first().map_or(0, |first| first.until), stations.last().map_or(0, |last| last.from));
    let (left, right) = (across(left), across(right));
    for (lane, words) in lanes.iter().enumerate() {
        for at in [THERE_AT, BACK_AT] {
            let y = top(lane) + at;
            write(
                &mut svg,
                format_args!(
                    r#"<line class="lane" x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="currentColor"/>"#
                ),
            );
        }
        write(
            &mut svg,
            format_args!(r#"<text class="words" x="0.8%" y="{}">{}</text>"#, top(lane) + WORDS_AT, Escaped(words)),
        );
    }
    svg + "</svg>"
}

/// What has been gone so far, and where the messages are. A question is full, an answer hollow.
pub fn moving(lanes: usize, trails: &[Trail], markers: &[Marker]) -> String {
    let mut svg = open("lanes-moving", lanes);
    for Trail { lane, is_back, from, until, leg } in trails {
        let (x1, x2, y) = (across(*from), across(*until), height_of(*lane, *is_back));
        write(
            &mut svg,
            format_args!(r#"<line class="gone {leg}" x1="{x1}" x2="{x2}" y1="{y}" y2="{y}" stroke="currentColor"/>"#),
        );
    }
    for Marker { lane, is_back, at } in markers {
        let (x, y) = (across(*at), height_of(*lane, *is_back));
        let class = if *is_back { "answer" } else { "question" };
        write(&mut svg, format_args!(r#"<circle class="message {class}" cx="{x}" cy="{y}" r="{RADIUS}"/>"#));
    }
    svg + "</svg>"
}

fn across(position: Position) -> Percent {
    Percent(f64::from(position) / 10.0)
}

fn top(lane: usize) -> usize {
    HEAD_HEIGHT + lane * LANE_HEIGHT
}

fn height_of(lane: usize, is_back: bool) -> usize {
    top(lane) + if is_back { BACK_AT } else { THERE_AT }
}

/// The words beside it say the same, so the drawing itself is hidden from screen readers.
fn open(class: &str, lanes: usize) -> String {
    let height = top(lanes) + 4;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="{class}" width="100%" height="{height}" aria-hidden="true" focusable="false">"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stations_stand_where_they_are_and_words_stay_words() {
        let stations = [Hop { name: "browser", from: 0, until: 90 }, Hop { name: "server", from: 880, until: 1000 }];
        let svg = backdrop(&stations, &["a < b?".to_owned()]);
        assert!(
            svg.contains(r#"<rect class="station server" x="88%" y="24" width="12%" height="68" rx="6"/>"#),
            "{svg}"
        );
        assert!(svg.contains(r#"x="100%" y="15" text-anchor="end">server<"#), "{svg}");
        assert!(svg.contains(">a &lt; b?</text>"), "{svg}");
        assert_eq!(svg.matches(r#"class="lane" x1="9%" x2="88%""#).count(), 2, "{svg}");
    }

    #[test]
    fn an_answer_comes_back_below_its_question() {
        let marker = |is_back| Marker { lane: 1, is_back, at: 255 };
        let svg = moving(2, &[], &[marker(false), marker(true)]);
        assert!(svg.contains(r#"<circle class="message question" cx="25.5%" cy="123" r="6"/>"#), "{svg}");
        assert!(svg.contains(r#"<circle class="message answer" cx="25.5%" cy="139" r="6"/>"#), "{svg}");
    }

    #[test]
    fn both_drawings_are_of_one_size() {
        let height =
            |svg: &str| svg.split("height=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
        assert_eq!(height(&backdrop(&[], &["a".to_owned(), "b".to_owned()])), height(&moving(2, &[], &[])));
    }
}
