//! The rounds that are shown, summed up, drawn and told.

use std::time::Duration;

use launcelot_charts::table::{self, SeriesSummary};
use launcelot_charts::{histogram, percentiles, series};
use launcelot_measure::compare::compare;
use launcelot_measure::estimate::Estimates;
use launcelot_measure::{Distribution, Summary};

use crate::state::rounds::ManyRounds;
use crate::text::{link, rounds as text};

/// Everything that is shown of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distributions {
    /// What the newest come to.
    pub newest: Summary,
    /// How each of the others stands to the newest, in words.
    pub comparisons: Vec<String>,
    /// The drawings with their twin in figures, SVG in HTML text, as soon as there is a time to draw.
    pub figure: Option<String>,
}

/// Sums up and draws.
pub fn of(many: &ManyRounds) -> Distributions {
    let distributions: Vec<Distribution> = many.shown().map(|kept| kept.rounds.distribution(many.stopwatch)).collect();
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
    let newest = told.first().map(|told| told.summary).unwrap_or_default();
    // A series alone is compared with nothing.
    let estimates: Vec<Estimates> = match told.len() {
        ..2 => Vec::new(),
        _ => many.shown().map(|kept| kept.rounds.estimates(many.stopwatch)).collect(),
    };
    let conditions: Vec<_> = many.shown().map(|kept| (kept.rounds.link_revisions, kept.rounds.server_work)).collect();
    let compared = estimates.iter().zip(&conditions).enumerate().skip(1).map(|(index, (laid, of_laid))| {
        let (letter, newest) = (series::letter(index), series::letter(0));
        let not = link::not_compared(&format!("{letter} and {newest}"), [*of_laid, conditions[0]]);
        not.unwrap_or_else(|| text::comparison(letter, newest, compare(laid, &estimates[0])))
    });
    let all: Vec<&Distribution> = distributions.iter().collect();
    let steps = many.shown().map(|kept| kept.rounds.clock_step);
    let by_clock: Vec<(&Distribution, Duration)> = distributions.iter().zip(steps).collect();
    let figure = series::scale(&by_clock).map(|scale| {
        format!(
            r#"<figure class="distributions"><h3>How often each time occurred</h3>{}<h3>Percentiles: what share was answered within what time</h3>{}{}</figure><div class="percentile-table">{}</div>"#,
            histogram::draw(&scale, &by_clock),
            percentiles::draw(&scale, &all),
            table::legend(&told),
            table::percentiles(&told),
        )
    });
    Distributions { newest, comparisons: compared.collect(), figure }
}
