//! The rounds that are shown: summed up, drawn, and described in sentences.
//!
//! The code for it is a part of the program of its own, which the browser loads once it is idle: there is nothing to draw before
//! the first rounds are answered.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::table::{self, SeriesSummary};
use launcelot_charts::{histogram, histogram_table, percentiles, series};
use launcelot_measure::Distribution;
use launcelot_measure::compare::compare;
use launcelot_measure::estimate::Estimates;
use wasm_split_helpers::SplitLoaderError;

use crate::histograms::Histograms;
use crate::split::split_point;
use crate::state::rounds::ManyRounds;
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
    /// The charts and their figures in tables, as HTML text, as soon as there is a time to draw.
    pub figure: Option<String>,
}

/// Loads the part. A failure is not reported here: the first use tries again, and reports its own.
pub async fn prefetch() {
    let _ = load_part().await;
}

/// Sums up, draws and describes rounds. Loads nothing while there are none.
pub async fn of(many: &ManyRounds, histograms: &RefCell<Histograms>) -> Distributions {
    if many.newest().is_none() {
        return Distributions::default();
    }
    let drawn = drawn_loaded(many, histograms).await;
    drawn.unwrap_or_else(|_| Distributions { meaning: NOT_LOADED.to_owned(), ..Distributions::default() })
}

const NOT_LOADED: &str = "What draws rounds could not be loaded. Load the page again.";

split_point!(
    rounds,
    preload(load_part),
    async fn drawn_loaded(
        many: &ManyRounds,
        histograms: &RefCell<Histograms>,
    ) -> Result<Distributions, SplitLoaderError> {
        Ok(drawn(many, &mut histograms.borrow_mut()))
    }
);

fn drawn(many: &ManyRounds, histograms: &mut Histograms) -> Distributions {
    histograms.retain(&many.kept);
    let Some(newest) = many.newest().map(|newest| &*newest.rounds) else { return Distributions::default() };
    let stopwatch = many.stopwatch;
    let distributions: Vec<Rc<Distribution>> =
        many.shown().map(|stored| histograms.distribution(stored, stopwatch)).collect();
    let told = many.shown().zip(&distributions).map(|(kept, distribution)| SeriesSummary {
        name: kept.rounds.name.clone(),
        limits: text::limits(kept),
        summary: distribution.summary(),
        done: kept.rounds.done(),
        failed: kept.rounds.errors,
        failures: kept.rounds.failures.clone(),
        clock_step: kept.rounds.clock_step,
    });
    let told: Vec<SeriesSummary> = told.collect();
    let summary = told.first().map(|told| told.summary).unwrap_or_default();
    // A series alone is compared with nothing.
    let estimates: Vec<Estimates> = match told.len() {
        ..2 => Vec::new(),
        _ => many.shown().map(|stored| histograms.estimates(stored, stopwatch)).collect(),
    };
    let conditions: Vec<_> = many.shown().map(|kept| (kept.rounds.link_revisions, kept.rounds.server_work)).collect();
    let compared = estimates.iter().zip(&conditions).enumerate().skip(1).map(|(index, (laid, of_laid))| {
        let (letter, newest) = (series::letter(index), series::letter(0));
        let not = link::not_compared(&format!("{letter} and {newest}"), [*of_laid, conditions[0]]);
        not.unwrap_or_else(|| text::comparison(letter, newest, compare(laid, &estimates[0])))
    });
    let all: Vec<&Distribution> = distributions.iter().map(|distribution| &**distribution).collect();
    let steps = many.shown().map(|kept| kept.rounds.clock_step);
    let by_clock: Vec<(&Distribution, Duration)> = all.iter().copied().zip(steps).collect();
    let figure = series::scale(&by_clock).map(|scale| {
        format!(
            r#"<figure class="distributions"><h3>Histogram: how often each time occurred</h3>{}<h3>Percentiles: what share of the rounds was answered within what time</h3>{}{}</figure><div class="percentile-table">{}{}</div>"#,
            histogram::draw(&scale, &by_clock),
            percentiles::draw(&scale, &all),
            table::legend(&told),
            table::percentiles(&told),
            histogram_table::table(&all),
        )
    });
    Distributions {
        meaning: text::meaning(newest, &summary),
        comparisons: compared.collect(),
        why: text::why(newest, many.stopwatch),
        figure,
    }
}
