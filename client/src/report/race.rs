//! Three ways to ask, on one time axis, and what their turns say together.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_endpoint::failure::one_line;
use launcelot_measure::compare::Difference;
use launcelot_measure::race::{Spread, WayTimes};
use launcelot_measure::{Run, RunStatus, Span, Turn, Way};

use super::{NOT_MEASURED, WIDTH, attributed, format_duration, padded, wrapped};
use crate::race::RaceResult;

/// How many characters a figure has, with the space before it.
const FIGURE: usize = 10;

/// Every connecting and every question of a typical turn as a bar, and what all turns say.
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
        let is_whole = runs.iter().all(|run| run.status == RunStatus::Complete);
        let broke = if is_whole { "" } else { "failed after " };
        let turns = times.map_or_else(String::new, |times| format!(" ({})", asking_in_words(times.asking)));
        // Writing to a string cannot fail.
        let _ = writeln!(drawing, "{}: {broke}{}{turns}", name(*way), format_duration(until(runs)));
        for run in *runs {
            for (words, span, sign) in rows(run) {
                let took = span.map_or_else(|| "–".to_owned(), |span| format_duration(span.took()));
                let words: String = words.chars().take(width - 1).collect();
                let _ = writeln!(drawing, "  {}{}{took:>FIGURE$}", padded(&words, width), bar(span, end, sign, axis));
            }
        }
    }
    let [(_, one, _), (_, ahead, _), (_, once, runs)] = ways;
    let meaning = one.zip(ahead).zip(once).map(|((one, ahead), once)| meaning(runs.len(), one, ahead, once));
    drawing + &meaning.unwrap_or_default() + &handshakes(result, ways.iter().flat_map(|(_, _, runs)| *runs))
}

/// How much of connecting is attributed in the runs that are drawn, or why an emulated link's handshakes are not known.
fn handshakes<'a>(result: &RaceResult, drawn: impl Iterator<Item = &'a Run>) -> String {
    if let Some(error) = &result.lab_error {
        let why = one_line(error);
        return wrapped(&format!(
            "An emulated link's handshake is not known, and would be part of the first question: {why}."
        ));
    }
    attributed(drawn).map(|text| wrapped(&text)).unwrap_or_default()
}

fn name(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "one at a time",
        Way::SentAhead => "sent ahead",
        Way::AtOnce => "a connection each, at once",
    }
}

/// The times of a way in all turns, unless one failed.
fn times(turns: &[&Turn<Run>], way: Way) -> Option<WayTimes> {
    let runs: Vec<Vec<&Run>> = turns.iter().map(|turn| turn.of(way).iter().collect()).collect();
    WayTimes::of(&runs)
}

/// The runs that are drawn of a way: those of the turn in which asking took the median, or of the last turn if one failed.
fn drawn<'a>(turns: &[&'a Turn<Run>], way: Way) -> &'a [Run] {
    match times(turns, way) {
        Some(times) => turns[times.asking.median_turn].of(way),
        None => turns.iter().rev().map(|turn| turn.of(way)).find(|runs| !runs.is_empty()).unwrap_or_default(),
    }
}

/// What all turns say of asking: `asking 58 ms to 66 ms in 5 turns`, or `once`.
fn asking_in_words(asking: Spread) -> String {
    let asked = if asking.turns > 1 { "asking " } else { "" };
    [asked, &asking.describe_turns()].concat().replace('\u{a0}', " ")
}

/// What stands in the rows of a run: words, and a bar with its character.
fn rows(run: &Run) -> Vec<(String, Option<Span>, char)> {
    let mut connecting = "(connecting)".to_owned();
    if run.attributed_handshake.is_some() {
        connecting.push(NOT_MEASURED);
    }
    let mut rows = vec![(connecting, run.connecting, '░')];
    rows.extend(run.questions.iter().map(|asked| (asked.question.clone(), asked.span(), '█')));
    rows
}

/// A bar on an axis of `axis` characters; the shortest bar is one character, so that it stays visible.
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

/// When the last answer of all of them was there.
fn until(runs: &[Run]) -> Duration {
    runs.iter().map(Run::until).max().unwrap_or_default()
}

/// What the race shows, wrapped to the width of a terminal.
fn meaning(connections: usize, one: WayTimes, ahead: WayTimes, once: WayTimes) -> String {
    if connections == 1 {
        return "One question is one round trip, whichever way it is asked.\n".to_owned();
    }
    let [one_took, ahead_took, once_took] = [one, ahead, once].map(|times| times.asking.describe());
    let difference = one.asking.compared_with(ahead.asking);
    let turns = match one.asking.turns {
        1 => "in one turn".to_owned(),
        turns => format!("the median of {turns} turns"),
    };
    let told = match difference {
        Difference::FirstLonger(_) | Difference::SecondLonger(_) => {
            format!("{}.", difference.describe("one at a time", "sent ahead"))
        }
        Difference::TooShort => {
            "the link is too short for this clock to tell one at a time from sent ahead. Try a longer link.".to_owned()
        }
        Difference::NoneSeen | Difference::TooFewSamples => {
            "the turns overlap, so one at a time cannot be told from sent ahead. Try a longer link.".to_owned()
        }
    };
    let text = format!(
        "From the first question to the last answer, {turns}: {one_took} one at a time ({connections} round trips), {ahead_took} sent \
         ahead (one round trip), {once_took} with a connection each; the last of those opened {} after the first, and there are \
         {connections} to make. In this race {told}",
        once.opening.describe(),
    );
    wrapped(&text.replace('\u{a0}', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: usize = 48;

    #[test]
    fn bars_stand_where_their_times_are_and_are_never_invisible() {
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
