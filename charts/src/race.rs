//! The runs of one way of a race: a lane for each question with the bar from sending it to its answer. The bar of connecting spans
//! the lanes of all questions of that connection. Below the lanes a whisker, as of a box plot, shows the spread of the turns.

use std::time::Duration;

use launcelot_measure::Run;
use launcelot_measure::race::Spread;

use crate::element::Element;
use crate::scale::Scale;
use crate::shapes::Percent;
use crate::waterfall::{Bar, BarKind, add_bar, new_row};

/// The distance between lanes, and the height of a bar.
const LANE: i32 = 12;
const BAR_HEIGHT: i32 = 8;
/// The margin above the first lane and below the last.
const MARGIN: i32 = 6;
/// The gap between the last lane and the whisker, half the height of the whisker's ends, and half that of its median.
const WHISKER_GAP: i32 = 4;
const END_HALF: i32 = 3;
const MEDIAN_HALF: i32 = 5;

/// The moments at which the shortest, the median and the longest turn of one way end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whisker([Duration; 3]);

impl Whisker {
    /// Returns the whisker for the `spread` of the times from the first question to the last answer in all turns. The times count
    /// from `begin`, the moment of the first question in the turn that is drawn. `None` for a single turn.
    pub fn from(begin: Duration, spread: Spread) -> Option<Self> {
        let Spread { least, median, most, turns, .. } = spread;
        (turns > 1).then(|| Self([least, median, most].map(|took| begin + took)))
    }

    /// Returns the end of the longest turn, which the axis should include.
    pub fn end(&self) -> Duration {
        self.0[2]
    }

    /// Draws the whisker at the height `middle`.
    fn draw(&self, svg: &mut Element, scale: &Scale, middle: i32) {
        let [least, median, most] = self.0.map(|at| Percent(scale.percent(at)));
        let lines = [
            ("whisker", least, most, 0),
            ("whisker", least, least, END_HALF),
            ("whisker", most, most, END_HALF),
            ("whisker median", median, median, MEDIAN_HALF),
        ];
        for (class, from, until, half) in lines {
            svg.add_line(class, [&from, &until, &(middle - half), &(middle + half)]).set("stroke", "currentColor");
        }
    }
}

/// Draws the runs of one way in one turn, which began at the same moment, and the whisker of all turns.
pub fn lanes<'a>(scale: &Scale, runs: impl IntoIterator<Item = &'a Run> + Clone, whisker: Option<Whisker>) -> Element {
    let questions = runs.clone().into_iter().map(|run| run.questions.len() as i32).sum::<i32>();
    let lanes_end = MARGIN + (questions - 1) * LANE + BAR_HEIGHT;
    let whisker_height = whisker.map_or(0, |_| WHISKER_GAP + 2 * MEDIAN_HALF);
    let height = lanes_end + whisker_height + MARGIN;
    let mut svg = new_row(scale, height, &[]);
    let mut top = MARGIN;
    for run in runs {
        let room = (run.questions.len() as i32 - 1) * LANE + BAR_HEIGHT;
        let connecting = run
            .connecting
            .map_or_else(|| Bar::Open(BarKind::Connecting, run.until()), |span| Bar::Whole(BarKind::Connecting, span));
        add_bar(&mut svg, scale, connecting, "bar", top, room);
        for asked in &run.questions {
            let bar = match (asked.span(), asked.asked) {
                (Some(span), _) => Some(Bar::Whole(BarKind::Asking, span)),
                (None, from) => from.map(|from| Bar::Open(BarKind::Asking, from)),
            };
            if let Some(bar) = bar {
                add_bar(&mut svg, scale, bar, "bar", top, BAR_HEIGHT);
            }
            top += LANE;
        }
    }
    if let Some(whisker) = whisker {
        whisker.draw(&mut svg, scale, lanes_end + WHISKER_GAP + MEDIAN_HALF);
    }
    svg
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

    /// Draws `runs` and returns the class, the top and the height of every bar.
    fn bars(runs: &[Run]) -> Vec<String> {
        let svg = lanes(&Scale::to_fit(Duration::from_micros(1000)), runs, None).to_string();
        parts(&svg, "<rect ", ["class", " y", " height"])
    }

    /// Returns the values of the attributes `names` of every element that begins with `element`.
    fn parts(svg: &str, element: &str, names: [&str; 3]) -> Vec<String> {
        let part = |element: &str, name: &str| {
            element.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        svg.split(element).skip(1).map(|element| names.map(|name| part(element, name)).join(" ")).collect()
    }

    /// Draws lanes on an axis of one millisecond, with the whisker of turns that took `took` microseconds, counted from 250 µs.
    fn whisker(took: &[u64]) -> String {
        let took: Vec<Duration> = took.iter().copied().map(Duration::from_micros).collect();
        let spread = Spread::of(&took, Duration::from_micros(5)).unwrap();
        let scale = Scale::to_fit(Duration::from_nanos(980_393));
        lanes(&scale, &[run(3)], Whisker::from(Duration::from_micros(250), spread)).to_string()
    }

    #[test]
    fn a_whisker_spans_the_turns_with_a_tick_at_the_median() {
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
    fn connecting_spans_the_lanes_of_its_questions() {
        let expected = ["bar connecting 6 32", "bar asking 6 8", "bar asking 18 8", "bar asking 30 8"];
        assert_eq!(bars(&[run(3)]), expected);
    }

    #[test]
    fn each_of_three_connections_has_a_lane_of_its_own() {
        let expected =
            ["connecting 6 8", "asking 6 8", "connecting 18 8", "asking 18 8", "connecting 30 8", "asking 30 8"];
        assert_eq!(bars(&[run(1), run(1), run(1)]), expected.map(|bar| format!("bar {bar}")));
    }
}
