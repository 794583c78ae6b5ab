//! One way to ask, in lanes: a lane for each question, and across the lanes of a connection its connecting.

use launcelot_measure::Run;

use crate::scale::Scale;
use crate::waterfall::{Bar, BarKind, close_row, open_row, write_bar};

/// The distance between lanes, and the height of a bar.
const LANE: i32 = 12;
const BAR_HEIGHT: i32 = 8;
/// The margin above the first lane and below the last.
const MARGIN: i32 = 6;

/// Draws all runs of one way, which began at the same moment.
pub fn lanes<'a>(scale: &Scale, runs: impl IntoIterator<Item = &'a Run> + Clone) -> String {
    let questions = runs.clone().into_iter().map(|run| run.questions.len() as i32).sum::<i32>();
    let height = 2 * MARGIN + (questions - 1) * LANE + BAR_HEIGHT;
    let mut svg = open_row(scale, height, &[]);
    let mut top = MARGIN;
    for run in runs {
        let room = (run.questions.len() as i32 - 1) * LANE + BAR_HEIGHT;
        let connecting = run
            .connecting
            .map_or_else(|| Bar::Open(BarKind::Connecting, run.until()), |span| Bar::Whole(BarKind::Connecting, span));
        write_bar(&mut svg, scale, connecting, "bar", top, room, None);
        for asked in &run.questions {
            let bar = match (asked.span(), asked.asked) {
                (Some(span), _) => Some(Bar::Whole(BarKind::Asking, span)),
                (None, from) => from.map(|from| Bar::Open(BarKind::Asking, from)),
            };
            if let Some(bar) = bar {
                write_bar(&mut svg, scale, bar, "bar", top, BAR_HEIGHT, None);
            }
            top += LANE;
        }
    }
    close_row(svg, scale, height, &[])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    /// The class, the top and the height of every bar.
    fn bars(runs: &[Run]) -> Vec<String> {
        let svg = lanes(&Scale::to_fit(Duration::from_micros(1000)), runs);
        let part = |bar: &str, name: &str| {
            bar.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        let bars = svg.split("<rect ").skip(1);
        bars.map(|bar| format!("{} {} {}", part(bar, "class"), part(bar, " y"), part(bar, " height"))).collect()
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
