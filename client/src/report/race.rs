//! The report of a race: a drawing of three ways to ask on one time axis, and sentences about all turns.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_endpoint::failure::one_line;
use launcelot_measure::race::{Spread, WayTimes};
use launcelot_measure::text::race::{self, RaceTimes, meaning};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Reading, Run, RunStatus, Span, Turn, Way};

use super::{NOT_MEASURED, WIDTH, attributed, padded, plain, wrapped};
use crate::race::RaceResult;

/// The width of a figure, with the space before it.
const FIGURE: usize = 10;

/// Draws connecting and the questions of the median turn as bars, and says what all turns show.
pub fn race(result: &RaceResult) -> String {
    let turns: Vec<&Turn<Run>> = result.turns().collect();
    let ways = Way::ALL.map(|way| (way, times(&turns, way), drawn(&turns, way)));
    let end = ways.iter().map(|(_, _, runs)| until(runs)).max().unwrap_or_default();
    let questions = ways.iter().flat_map(|(_, _, runs)| runs.iter()).flat_map(|run| &run.questions);
    let longest = questions.map(|asked| asked.question.chars().count()).max().unwrap_or_default();
    let width = longest.clamp("(connecting)*".len(), WIDTH / 2) + 1;
    let axis = WIDTH - 2 - width - FIGURE;
    let mut drawing = String::new();
    for (way, times, runs) in ways.iter().filter(|(_, _, runs)| !runs.is_empty()) {
        let is_complete = runs.iter().all(|run| run.status == RunStatus::Complete);
        let failed = if is_complete { "" } else { "failed after " };
        let turns = times.map_or_else(String::new, |times| format!(" ({})", describe_asking(times.asking)));
        // Writing to a string cannot fail.
        let _ = writeln!(drawing, "{}: {failed}{}{turns}", race::way(*way), format_duration(until(runs)));
        for run in *runs {
            for (words, span, sign) in rows(run) {
                let took = span.map_or_else(|| "–".to_owned(), |span| format_duration(span.took()));
                let words: String = words.chars().take(width - 1).collect();
                let _ = writeln!(drawing, "  {}{}{took:>FIGURE$}", padded(&words, width), bar(span, end, sign, axis));
            }
        }
    }
    if let [(_, Some(one_at_a_time), _), (_, Some(sent_ahead), _), (_, Some(at_once), runs)] = ways {
        let times = RaceTimes { one_at_a_time, sent_ahead, at_once, spacing: None };
        drawing += &conclusion(runs.len(), &times);
    }
    drawing += &handshakes(result, ways.iter().flat_map(|(_, _, runs)| *runs));
    plain(&drawing)
}

/// Explains attributed handshakes in the runs that are drawn, or why an emulated link's handshakes are unknown.
fn handshakes<'a>(result: &RaceResult, drawn: impl Iterator<Item = &'a Run>) -> String {
    if let Some(error) = &result.lab_error {
        let why = one_line(error);
        return wrapped(&format!(
            "An emulated link's handshake is unknown, and would be part of the first question: {why}."
        ));
    }
    attributed(drawn).unwrap_or_default()
}

/// Returns the times of a way in all turns; `None` if the way failed in a turn.
fn times(turns: &[&Turn<Run>], way: Way) -> Option<WayTimes> {
    let runs: Vec<Vec<&Run>> = turns.iter().map(|turn| turn.of(way).iter().collect()).collect();
    WayTimes::of(&runs)
}

/// Returns the runs of a way to draw: those of the turn with the median asking time, or, if the way failed in a turn,
/// those of the last turn in which the way has runs.
fn drawn<'a>(turns: &[&'a Turn<Run>], way: Way) -> &'a [Run] {
    match times(turns, way) {
        Some(times) => turns[times.asking.median_turn].of(way),
        None => turns.iter().rev().map(|turn| turn.of(way)).find(|runs| !runs.is_empty()).unwrap_or_default(),
    }
}

/// Describes asking in all turns: `asking 58 ms to 66 ms in 5 turns`, or `once`.
fn describe_asking(asking: Spread) -> String {
    let asked = if asking.turns > 1 { "asking " } else { "" };
    [asked, &asking.describe_turns()].concat()
}

/// Returns the rows of a run, each with a label, the span of its bar, and the bar's character.
fn rows(run: &Run) -> Vec<(String, Option<Span>, char)> {
    let mut connecting = "(connecting)".to_owned();
    if run.attributed_handshake.is_some() {
        connecting.push(NOT_MEASURED);
    }
    let mut rows = vec![(connecting, run.connecting, '░')];
    rows.extend(run.questions.iter().map(|asked| (asked.question.clone(), asked.span(), '█')));
    rows
}

/// Draws a bar on an axis of `axis` characters. The shortest bar is one character, so that it stays visible.
fn bar(span: Option<Span>, end: Duration, sign: char, axis: usize) -> String {
    let place = |at: Duration| (at.as_secs_f64() / end.as_secs_f64().max(1e-9) * axis as f64).round() as usize;
    let (from, length) = match span {
        Some(Span { from, until }) => (place(from).min(axis - 1), place(until).saturating_sub(place(from)).max(1)),
        None => (0, 0),
    };
    let length = length.min(axis - from);
    let bar = String::from(sign).repeat(length);
    format!("{}{bar}{}", " ".repeat(from), " ".repeat(axis - from - length))
}

/// Returns the time at which the last of the runs ended.
fn until(runs: &[Run]) -> Duration {
    runs.iter().map(Run::until).max().unwrap_or_default()
}

/// Says what the turns show, and advises a longer link if this one is too short.
fn conclusion(questions: usize, times: &RaceTimes) -> String {
    let mut text = meaning(questions, times, &Reading::describe);
    if questions > 1 && times.is_link_too_short() {
        text += " Try a longer link.";
    }
    wrapped(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: usize = 48;

    #[test]
    fn bars_are_at_their_times_and_always_visible() {
        let ms = Duration::from_millis;
        let span = |from, until| Some(Span { from: ms(from), until: ms(until) });
        let half = bar(span(24, 48), ms(48), '█', AXIS);
        assert_eq!(half, format!("{}{}", " ".repeat(24), "█".repeat(24)));
        assert_eq!(bar(span(48, 48), ms(48), '█', AXIS).trim_start(), "█");
        assert_eq!(bar(span(5, 5), ms(48_000), '░', AXIS).trim(), "░");
        assert_eq!(bar(None, ms(48), '█', AXIS).trim(), "");
        assert_eq!(bar(span(0, 0), Duration::ZERO, '█', AXIS).chars().count(), AXIS);
    }
}
