//! The rounds that are shown: summed up, drawn, and described in sentences.
//!
//! The code for it is a part of the program of its own, which the browser loads once it is idle: there is nothing to draw before
//! the first rounds are answered.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::table::{self, SeriesSummary};
use launcelot_charts::{Element, LogScale, histogram, histogram_table, percentiles, series};
use launcelot_measure::Distribution;
use launcelot_measure::compare::compare;
use launcelot_measure::estimate::Estimates;
use wasm_split_helpers::SplitLoaderError;

use crate::histograms::{Histograms, SharedHistograms};
use crate::split::split_point;
use crate::state::rounds::{ManyRounds, StoredRounds};
use crate::text::{link, rounds as text};

/// Everything that is shown of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distributions {
    /// What the figures of the newest series mean.
    pub meaning: String,
    /// Compares each of the others with the newest.
    pub comparisons: Vec<String>,
    /// Why the curve of the newest series is what it is with the chosen stopwatch.
    pub why: String,
    /// The charts, and their figures in tables; none before there is a time to draw.
    pub figures: Vec<Rc<Element>>,
}

/// Loads the part. A failure is not reported here: the first use tries again, and reports its own.
pub async fn prefetch() {
    let _ = load_part().await;
}

/// Sums up, draws and describes rounds. Loads nothing while there are none.
pub async fn of(many: &ManyRounds, histograms: &SharedHistograms) -> Distributions {
    if many.newest().is_none() {
        return Distributions::default();
    }
    let drawn = drawn_loaded(many, histograms).await;
    drawn.unwrap_or_else(|_| Distributions { meaning: NOT_LOADED.to_owned(), ..Distributions::default() })
}

const NOT_LOADED: &str = "The part of this page that draws rounds could not be loaded. Reload the page.";

split_point!(
    rounds,
    preload(load_part),
    async fn drawn_loaded(many: &ManyRounds, histograms: &SharedHistograms) -> Result<Distributions, SplitLoaderError> {
        Ok(drawn(many, &mut histograms.borrow_mut()))
    }
);

fn drawn(many: &ManyRounds, histograms: &mut Histograms) -> Distributions {
    histograms.retain(&many.kept);
    let Some(newest) = many.newest() else { return Distributions::default() };
    let stopwatch = many.stopwatch;
    let distributions: Vec<Rc<Distribution>> =
        many.shown().map(|stored| histograms.distribution(stored, stopwatch)).collect();
    let summarize = |(kept, distribution): (&StoredRounds, &Rc<Distribution>)| SeriesSummary {
        name: kept.rounds.name.clone(),
        limits: text::limits(kept),
        summary: distribution.summary(),
        done: kept.rounds.done(),
        failed: kept.rounds.errors,
        failures: kept.rounds.failures.clone(),
        clock_step: kept.rounds.clock_step,
    };
    let summaries: Vec<SeriesSummary> = many.shown().zip(&distributions).map(summarize).collect();
    let summary = summaries.first().map(|newest| newest.summary).unwrap_or_default();
    // A series alone is compared with nothing.
    let estimates: Vec<Estimates> = match summaries.len() {
        ..2 => Vec::new(),
        _ => many.shown().map(|stored| histograms.estimates(stored, stopwatch)).collect(),
    };
    let why = text::why(&newest.rounds, stopwatch, |stopwatch| histograms.distribution(newest, stopwatch).median());
    let conditions: Vec<_> = many.shown().map(|kept| (kept.rounds.link_revisions, kept.rounds.server_work)).collect();
    let compared = estimates.iter().zip(&conditions).enumerate().skip(1).map(|(index, (estimate, condition))| {
        let (letter, newest) = (series::letter(index), series::letter(0));
        let not = link::not_compared(&format!("{letter} and {newest}"), [*condition, conditions[0]]);
        not.unwrap_or_else(|| text::comparison(letter, newest, compare(estimate, &estimates[0])))
    });
    let steps = many.shown().map(|kept| kept.rounds.clock_step);
    let series: Vec<(&Distribution, Duration)> = distributions.iter().map(|it| &**it).zip(steps).collect();
    let figures = series::scale(&series)
        .map(|scale| [charts(&scale, &series, &summaries), tables(&series, &summaries)].map(Rc::new));
    Distributions {
        meaning: text::meaning(&newest.rounds, &summary),
        comparisons: compared.collect(),
        why,
        figures: figures.into_iter().flatten().collect(),
    }
}

/// Draws the histogram and the percentiles of series, with their legend.
fn charts(scale: &LogScale, series: &[(&Distribution, Duration)], summaries: &[SeriesSummary]) -> Element {
    let mut figure = Element::new("figure");
    figure.set("class", "distributions");
    figure.add("h3").text("Histogram: how often each time occurred");
    figure.push(histogram::draw(scale, series));
    figure.add("h3").text("Percentiles: the share of rounds answered within each time");
    figure.push(percentiles::draw(scale, &distributions_of(series))).push(table::legend(summaries));
    figure
}

/// Returns the same figures in tables.
fn tables(series: &[(&Distribution, Duration)], summaries: &[SeriesSummary]) -> Element {
    let mut tables = Element::new("div");
    tables.set("class", "percentile-table").push(table::percentiles(summaries));
    let others =
        [table::hint(summaries), table::failures(summaries), histogram_table::table(&distributions_of(series))];
    for element in others.into_iter().flatten() {
        tables.push(element);
    }
    tables
}

fn distributions_of<'a>(series: &[(&'a Distribution, Duration)]) -> Vec<&'a Distribution> {
    series.iter().map(|(distribution, _)| *distribution).collect()
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Connections, Round, RoundsPlan, RunStatus, Stopwatch};

    use super::*;
    use crate::message::Clock;
    use crate::pictures::{self, Chart};
    use crate::shared::Shared;
    use crate::state::State;
    use crate::state::ids::RoundsId;
    use crate::state::rounds::begun;

    #[test]
    fn charts_sentences_and_pictures_share_one_histogram_for_each_stopwatch() {
        let clock = Clock { step: Duration::from_micros(5), isolated: true, cores: 2 };
        let mut rounds =
            begun(String::new(), "ws://b/ws".to_owned(), RoundsPlan::new(90, Connections::Each, None), clock);
        rounds.answered = vec![Round { asked: 600, connecting: 7_000, due: 800, ready: 0 }; 99];
        rounds.status = RunStatus::Complete;
        let series = StoredRounds { id: RoundsId::default(), rounds: Shared::new(rounds), is_imported: false };
        let mut many = ManyRounds::new(vec![series]);
        many.stopwatch = Stopwatch::Connecting;
        let mut histograms = Histograms::default();
        let mut state = State::default();
        state.rounds = Shared::new(many);
        for chart in [Chart::Histogram, Chart::Percentiles] {
            assert!(pictures::draw(chart, &state, &mut histograms).is_some());
        }
        assert_eq!(histograms.computed, 1, "both charts are of the times since connecting began");
        let drawn = drawn(&state.rounds, &mut histograms);
        let expected = "At the median, a round took 700\u{a0}µs and its question 60\u{a0}µs. Browsers delay";
        assert!(drawn.why.contains(expected), "{}", drawn.why);
        assert_eq!(histograms.computed, 2, "the sentence also names the median of the questions");
    }
}
