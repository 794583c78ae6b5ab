//! The page's charts as pictures to export: each with its caption, and with the line of what limits its figures.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::picture::{Picture, Row};
use launcelot_charts::{Element, LogScale, histogram, lanes, legs, percentiles, race as race_chart, series, waterfall};
use launcelot_measure::{Distribution, Leg, Provenance, Span, Stopwatch, Unit, Way};

use crate::components::race as chart;
use crate::components::timetable;
use crate::histograms::Histograms;
use crate::replay::{Replay, class_of};
use crate::rows;
use crate::state::State;
use crate::state::race::Race;
use crate::state::rounds::{ManyRounds, StoredRounds};
use crate::state::run_record::RunRecord;
use crate::text;

/// A chart of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// The steps of the newest run.
    Dialogue,
    /// The three ways of the newest race.
    Race,
    /// How often each time occurred in the rounds that are drawn.
    Histogram,
    /// The percentile curves of the same rounds.
    Percentiles,
}

impl Chart {
    /// All of them, in their order on the page.
    pub const ALL: [Self; 4] = [Self::Dialogue, Self::Race, Self::Histogram, Self::Percentiles];

    /// Returns the name, which is a part of its files' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dialogue => "dialogue",
            Self::Race => "race",
            Self::Histogram => "histogram",
            Self::Percentiles => "percentiles",
        }
    }

    /// Returns the charts that the page shows, and of which everything has ended.
    pub fn all_drawn(state: &State) -> Vec<Self> {
        Self::ALL.into_iter().filter(|chart| chart.is_drawn(state)).collect()
    }

    fn is_drawn(self, state: &State) -> bool {
        match self {
            Self::Dialogue => {
                let newest = state.runs.newest().filter(|newest| newest.run.is_over());
                newest.is_some_and(|newest| rows::scale(Some(newest), &state.runs.compared()).is_some())
            }
            Self::Race => newest_race(state).is_some(),
            Self::Histogram | Self::Percentiles => state
                .rounds
                .newest()
                .is_some_and(|newest| newest.rounds.is_over() && !newest.rounds.samples().is_empty()),
        }
    }
}

/// Draws a chart as the text of an SVG file; `None` if the page does not show it.
pub fn draw(chart: Chart, state: &State, histograms: &mut Histograms) -> Option<String> {
    let picture = match chart {
        Chart::Dialogue => dialogue(state),
        Chart::Race => race(newest_race(state)?),
        Chart::Histogram => rounds(&state.rounds, histograms, "How often each time occurred", histogram::draw),
        Chart::Percentiles => {
            rounds(&state.rounds, histograms, "Percentiles: the share answered within each time", |scale, series| {
                let series: Vec<&Distribution> = series.iter().map(|(distribution, _)| *distribution).collect();
                percentiles::draw(scale, &series)
            })
        }
    };
    Some(picture?.finish())
}

fn dialogue(state: &State) -> Option<Picture> {
    let newest = state.runs.newest()?;
    let compared = state.runs.compared();
    let scale = rows::scale(Some(newest), &compared)?;
    let unit = scale.unit();
    let rows = rows::of(Some(newest), &compared, unit);
    let mut picture = Picture::new(&["The dialogue of ", &text::title(newest)].concat());
    let drawn: Vec<Row> = rows
        .iter()
        .map(|row| {
            let answer = row.answer.as_ref().map(|answer| format!("“{answer}”"));
            let took = row.span().map(|span| timetable::figure(unit, span, row.clock_step));
            Row {
                words: std::iter::once(row.words.clone()).chain(answer).collect(),
                chart: row.drawing(&scale),
                took: took.unwrap_or_else(|| "–".to_owned()),
            }
        })
        .collect();
    picture.table(waterfall::axis(&scale), unit.symbol(), drawn);
    let has_leg = |leg: &Leg| rows.iter().any(|row| row.legs.iter().any(|(drawn, _)| drawn == leg));
    for leg in Leg::ALL.into_iter().filter(has_leg) {
        picture.key(legs::swatch(leg), text::legs::name(leg, newest.asker()));
    }
    let below: Vec<String> = compared.iter().map(|record| text::title(record)).collect();
    if !below.is_empty() {
        picture.note(&["Thin bars below: ", &below.join("; "), "."].concat());
    }
    picture.note(&text::limits::of_run(newest));
    note_provenance(&mut picture, &newest.provenance);
    Some(picture)
}

/// Draws slow motion of a run at a moment as the text of an SVG file. `title` is the title of the run.
pub fn slow_motion(replay: &Replay, record: &RunRecord, title: &str, at: Duration) -> String {
    let unit = Unit::for_longest(replay.end());
    let [moment, whole] = [at, replay.end()].map(|time| unit.format(time));
    let mut picture = Picture::new(&format!("Slow motion: {title}, at {moment} of {whole}"));
    let (trails, markers) = replay.at(at);
    picture.chart(lanes::picture(&replay.hops, &replay.lanes, &trails, &markers), false);
    for leg in [Leg::Client, Leg::Bridge, Leg::LinkOut, Leg::Server, Leg::Unknown] {
        let class = class_of(leg);
        if trails.iter().any(|trail| trail.leg == class) {
            picture.key(lanes::key(class), text::legs::name(leg, record.asker()));
        }
    }
    let moment = replay.passed(at).checked_sub(1).and_then(|last| replay.moments.get(last));
    let said = moment.map(|moment| text::replay::of(replay, moment)).unwrap_or_default();
    picture.note(&["A full circle is a question, a hollow one an answer. ", &said].concat());
    picture.note(&text::limits::of_run(record));
    picture.note(text::replay::BETWEEN_MOMENTS);
    note_provenance(&mut picture, &record.provenance);
    picture.finish()
}

/// The race that ended last: one's own, or else one from a file.
fn newest_race(state: &State) -> Option<&Race> {
    state.races().rev().map(|race| &**race).find(|race| race.is_over() && chart::scale(race).is_some())
}

fn race(race: &Race) -> Option<Picture> {
    let scale = chart::scale(race)?;
    let unit = scale.unit();
    let mut picture = Picture::new(&["Three ways to ask the same questions: ", &race.url].concat());
    let row = |way: Way| {
        let runs = race.drawn(way).map(|record| &record.run);
        let took = chart::total(runs.clone()).map(|until| Span { from: Duration::ZERO, until });
        Row {
            words: vec![text::race::name(way).to_owned(), text::race::parts(race, way, unit)],
            chart: race_chart::lanes(&scale, runs, race.whisker(way)),
            took: took.map_or_else(|| "–".to_owned(), |took| timetable::figure(unit, took, race.clock_step())),
        }
    };
    picture.table(waterfall::axis(&scale), unit.symbol(), Way::ALL.map(row).into());
    picture.note(&text::race::limits(race));
    if let Some(record) = race.raced().next() {
        note_provenance(&mut picture, &record.provenance);
    }
    Some(picture)
}

fn rounds(
    many: &ManyRounds,
    histograms: &mut Histograms,
    caption: &str,
    draw: impl Fn(&LogScale, &[(&Distribution, Duration)]) -> Element,
) -> Option<Picture> {
    let shown: Vec<&StoredRounds> = many.shown().collect();
    let distributions: Vec<Rc<Distribution>> =
        shown.iter().map(|stored| histograms.distribution(stored, many.stopwatch)).collect();
    let steps = shown.iter().map(|kept| kept.rounds.clock_step);
    let series: Vec<(&Distribution, Duration)> = distributions.iter().map(|it| &**it).zip(steps).collect();
    let scale = series::scale(&series)?;
    let since = match many.stopwatch {
        Stopwatch::Question => "the question was sent",
        Stopwatch::Connecting => "connecting began",
        Stopwatch::Due => "the question was due",
    };
    let mut picture = Picture::new(&format!("{caption}, timed from when {since}"));
    picture.chart(draw(&scale, &series), true);
    for (index, kept) in shown.into_iter().enumerate() {
        picture.key(series::key(index), &format!("{}  {}", series::letter(index), kept.rounds.name));
        picture.note(&text::rounds::limits(kept));
        note_provenance(&mut picture, &kept.rounds.provenance);
    }
    Some(picture)
}

/// Says when, by what and of what it was measured, as far as that is known. Whether it was imported is said before.
fn note_provenance(picture: &mut Picture, provenance: &Provenance) {
    let clauses = provenance.describe();
    if !clauses.is_empty() {
        picture.note(&clauses.join(" · "));
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Step;

    use super::*;
    use crate::components::slow_motion::Recording;
    use crate::state::test_state::{ask, complete, ready_after, step};

    #[test]
    fn slow_motion_is_drawn_at_its_moment_with_its_words_and_limits() {
        let us = Duration::from_micros;
        let answered = Step::Answered { at: us(900), answer: "My name is Sir Lancelot of Camelot.".to_owned() };
        let steps = [Step::Connected { at: us(300) }, Step::Asked { at: us(310) }, answered];
        let actions = [ask()].into_iter().chain(steps.map(|it| step(1, it))).chain([complete(1)]);
        let state = ready_after(actions);
        let recording = &Recording::all(&state.runs, state.races())[0];
        let record = &recording.record;
        let replay = Replay::of(&record.run, record.trace(), record.asker()).unwrap();
        let svg = slow_motion(&replay, record, &recording.title(None), us(310)).replace('\u{a0}', " ");
        for part in [
            "<title>Slow motion: run 1, one at a time, at 310 µs of 900 µs</title>",
            "class=\"hop browser\"",
            "class=\"gone unknown\"",
            "class=\"message question\"",
            "The browser sends “What is your name?”",
            "3 questions · ",
        ] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
    }
}
