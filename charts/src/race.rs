//! One way to ask, drawn in lanes: a lane for each question, and across the lanes of a connection its connecting. Below them a
//! whisker, as of a box plot, shows how the turns were spread.

use std::time::Duration;

use launcelot_measure::Run;
use launcelot_measure::race::Spread;

use crate::markup::{Percent, write};
use crate::scale::Scale;
use crate::waterfall::{Bar, Kind, close_row, open_row, write_bar};

/// How far a lane is from the next, and how tall a bar in it is.
const LANE: i32 = 12;
const BAR_HEIGHT: i32 = 8;
/// What is free above the first lane and below the last.
const MARGIN: i32 = 6;
/// What is free between the last lane and the whisker, and half of how tall its ends and its median are.
const WHISKER_GAP: i32 = 4;
const END_HALF: i32 = 3;
const MEDIAN_HALF: i32 = 5;

/// The ends of all turns of one way: the shortest, the median and the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whisker([Duration; 3]);

impl Whisker {
    /// Lays the spread of the turns from `begin`, where the turn that is drawn began to ask. A single turn has no spread.
    pub fn from(begin: Duration, spread: Spread) -> Option<Self> {
        let Spread { least, median, most, turns, .. } = spread;
        (turns > 1).then(|| Self([least, median, most].map(|took| begin + took)))
    }

    /// Where the longest turn ends: the axis should reach there.
    pub fn end(&self) -> Duration {
        self.0[2]
    }

    /// Draws it around this height.
    fn write(&self, svg: &mut String, scale: &Scale, middle: i32) {
        let [least, median, most] = self.0.map(|at| Percent(scale.percent(at)));
        let mut line = |class, from, until, half: i32| {
            let (top, bottom) = (middle - half, middle + half);
            write(
                svg,
                format_args!(
                    r#"<line class="{class}" x1="{from}" x2="{until}" y1="{top}" y2="{bottom}" stroke="currentColor"/>"#
                ),
            );
        };
        line("whisker", least, most, 0);
        line("whisker", least, least, END_HALF);
        line("whisker", most, most, END_HALF);
        line("whisker median", median, median, MEDIAN_HALF);
    }
}

/// All runs of one way, which began at the same moment.
pub fn lanes<'a>(scale: &Scale, runs: impl IntoIterator<Item = &'a Run> + Clone, whisker: Option<Whisker>) -> String {
    let questions = runs.clone().into_iter().map(|run| run.questions.len() as i32).sum::<i32>();
    let lanes_end = MARGIN + (questions - 1) * LANE + BAR_HEIGHT;
    let whisker_height = whisker.map_or(0, |_| WHISKER_GAP + 2 * MEDIAN_HALF);
    let height = lanes_end + whisker_height + MARGIN;
    let mut svg = open_row(scale, height, &[]);
    let mut top = MARGIN;
    for run in runs {
        let room = (run.questions.len() as i32 - 1) * LANE + BAR_HEIGHT;
        let connecting = run
            .connecting
            .map_or_else(|| Bar::Open(Kind::Connecting, run.until()), |span| Bar::Whole(Kind::Connecting, span));
        write_bar(&mut svg, scale, connecting, "bar", top, room, None);
        for asked in &run.questions {
            let bar = match (asked.span(), asked.asked) {
                (Some(span), _) => Some(Bar::Whole(Kind::Asking, span)),
                (None, from) => from.map(|from| Bar::Open(Kind::Asking, from)),
            };
            if let Some(bar) = bar {
                write_bar(&mut svg, scale, bar, "bar", top, BAR_HEIGHT, None);
            }
            top += LANE;
        }
    }
    if let Some(whisker) = whisker {
        whisker.write(&mut svg, scale, lanes_end + WHISKER_GAP + MEDIAN_HALF);
    }
    close_row(svg, scale, height, &[])
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Order, Step};

    use super::*;

    fn run(questions: usize) -> Run {
        let us = Duration::from_micros;
        let questions = ["What?", "Why?", "Who?"].into_iter().take(questions).map(str::to_owned);
        let mut run = Run::new(String::new(), Order::SentAhead, us(5), questions);
        run.record(Step::Connected { at: us(255) });
        for _ in 0..run.questions.len() {
            run.record(Step::Asked { at: us(255) });
        }
        for _ in 0..run.questions.len() {
            run.record(Step::Answered { at: us(510), answer: "This.".to_owned() });
        }
        run
    }

    /// Kind, top and height of every bar.
    fn bars(runs: &[Run]) -> Vec<String> {
        let svg = lanes(&Scale::to_fit(Duration::from_micros(1000)), runs, None);
        parts(&svg, "<rect ", ["class", " y", " height"])
    }

    /// The values of three attributes of every such element.
    fn parts(svg: &str, element: &str, names: [&str; 3]) -> Vec<String> {
        let part = |element: &str, name: &str| {
            element.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        svg.split(element).skip(1).map(|element| names.map(|name| part(element, name)).join(" ")).collect()
    }

    /// Lanes over one millisecond, with the whisker of turns that took these microseconds, laid from 250 µs.
    fn whisker(took: &[u64]) -> String {
        let took: Vec<Duration> = took.iter().copied().map(Duration::from_micros).collect();
        let spread = Spread::of(&took, Duration::from_micros(5)).unwrap();
        let scale = Scale::to_fit(Duration::from_nanos(980_393));
        lanes(&scale, &[run(3)], Whisker::from(Duration::from_micros(250), spread))
    }

    #[test]
    fn below_the_lanes_a_whisker_reaches_from_the_shortest_turn_to_the_longest_with_a_tick_at_the_median() {
        let svg = whisker(&[250, 650, 350]);
        let lines = parts(&svg, r#"<line class="whisker"#, ["x1", "x2", "y1"]);
        assert_eq!(lines, ["50% 90% 47", "50% 50% 44", "90% 90% 44", "60% 60% 42"]);
        assert_eq!(svg.matches(r#"class="whisker median""#).count(), 1);
        assert!(svg.contains(r#"height="58""#), "14 more than without: {svg}");
    }

    #[test]
    fn a_single_turn_has_no_whisker() {
        let svg = whisker(&[250]);
        assert!(!svg.contains("whisker") && svg.contains(r#"height="44""#), "{svg}");
    }

    #[test]
    fn one_connection_stands_across_the_lanes_of_its_questions() {
        let expected = ["bar connecting 6 32", "bar asking 6 8", "bar asking 18 8", "bar asking 30 8"];
        assert_eq!(bars(&[run(3)]), expected);
    }

    #[test]
    fn of_three_connections_each_has_a_lane_of_its_own() {
        let expected =
            ["connecting 6 8", "asking 6 8", "connecting 18 8", "asking 18 8", "connecting 30 8", "asking 30 8"];
        assert_eq!(bars(&[run(1), run(1), run(1)]), expected.map(|bar| format!("bar {bar}")));
    }
}
