//! Three ways to ask, on one time axis.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_measure::{Ending, Reading, Run, Span, run};

use super::{padded, readable};
use crate::race::RaceResult;

/// How many characters the time axis has.
const AXIS: usize = 48;

/// Every connecting and every question as a bar, and what that shows.
pub fn race(result: &RaceResult) -> String {
    let RaceResult { one_at_a_time, sent_ahead, at_once } = result;
    let ways = [("one at a time", one_at_a_time), ("sent ahead", sent_ahead), ("a connection each, at once", at_once)];
    let end = ways.iter().map(|(_, runs)| until(runs)).max().unwrap_or_default();
    let questions = one_at_a_time.iter().flat_map(|run| &run.questions).map(|asked| asked.question.chars().count());
    let width = questions.max().unwrap_or_default().max("(connecting)".len()) + 2;
    let mut drawing = String::new();
    for (name, runs) in ways.into_iter().filter(|(_, runs)| !runs.is_empty()) {
        let is_whole = runs.iter().all(|run| run.ending == Ending::Complete);
        let broke = if is_whole { "" } else { "broke off after " };
        // Writing to a string cannot fail.
        let _ = writeln!(drawing, "{name}: {broke}{}", readable(until(runs)));
        for run in runs {
            for (words, span, sign) in rows(run) {
                let took = span.map_or_else(|| "–".to_owned(), |span| readable(span.took()));
                let _ = writeln!(drawing, "  {}{}{took:>9}", padded(words, width), bar(span, end, sign));
            }
        }
    }
    drawing + &meaning(result).unwrap_or_default()
}

fn rows(run: &Run) -> impl Iterator<Item = (&str, Option<Span>, char)> {
    let connecting = std::iter::once(("(connecting)", run.connecting, '░'));
    connecting.chain(run.questions.iter().map(|asked| (asked.question.as_str(), asked.span(), '█')))
}

/// A stretch of the axis; the shortest is one character, so that it is seen.
fn bar(span: Option<Span>, end: Duration, sign: char) -> String {
    let place = |at: Duration| (at.as_secs_f64() / end.as_secs_f64().max(1e-9) * AXIS as f64).round() as usize;
    let (from, length) = match span {
        Some(Span { from, until }) => (place(from).min(AXIS - 1), place(until).saturating_sub(place(from)).max(1)),
        None => (0, 0),
    };
    let length = length.min(AXIS - from);
    let bar = String::from(sign).repeat(length);
    format!("{}{bar}{}", " ".repeat(from), " ".repeat(AXIS - from - length))
}

/// When the last answer of all of them was there.
fn until(runs: &[Run]) -> Duration {
    runs.iter().map(Run::until).max().unwrap_or_default()
}

/// What the race shows, if all three ways came to their end.
fn meaning(RaceResult { one_at_a_time, sent_ahead, at_once }: &RaceResult) -> Option<String> {
    let count = at_once.len();
    let clock_step = one_at_a_time.first()?.clock_step;
    let reading = |runs: &[Run]| Some(Reading::new(run::asking(runs)?.took(), clock_step));
    let (one, ahead, once) = (reading(one_at_a_time)?, reading(sent_ahead)?, reading(at_once)?);
    if count == 1 {
        return Some("One question is one round trip, whichever way it is asked.\n".to_owned());
    }
    let [one_took, ahead_took, once_took] = [one, ahead, once].map(Reading::in_words);
    let difference = one.compared_with(ahead).in_words("one at a time", "sent ahead");
    let text = format!(
        "From the first question to the last answer: {one_took} one at a time ({count} round trips), {ahead_took} sent ahead (one round \
         trip), {once_took} with a connection each, which also costs {count} times the connecting. In this one race: {difference}.\n"
    );
    Some(text.replace('\u{a0}', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_where_their_times_are_and_are_never_invisible() {
        let ms = Duration::from_millis;
        let span = |from, until| Some(Span { from: ms(from), until: ms(until) });
        let half = bar(span(24, 48), ms(48), '█');
        assert_eq!(half, format!("{}{}", " ".repeat(24), "█".repeat(24)));
        assert_eq!(bar(span(48, 48), ms(48), '█').trim_start(), "█");
        assert_eq!(bar(span(5, 5), ms(48_000), '░').trim(), "░");
        assert_eq!(bar(None, ms(48), '█').trim(), "");
        assert_eq!(bar(span(0, 0), Duration::ZERO, '█').chars().count(), AXIS);
    }
}
