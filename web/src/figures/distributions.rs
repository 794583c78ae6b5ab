//! Many rounds, summed up, drawn and told.

use std::borrow::Cow;

use launcelot_charts::table::{self, Told};
use launcelot_charts::{histogram, percentiles, series};
use launcelot_measure::{Distribution, Rounds, Stopwatch};
use serde::{Deserialize, Serialize};

use crate::words::rounds as words;

/// Everything that is shown of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distributions {
    /// What the numbers of the newest say.
    pub meaning: String,
    /// Why the newest's curve is what it is with such a stopwatch.
    pub why: String,
    /// How each of the others stands to the newest, in words.
    pub comparisons: Vec<String>,
    /// The drawings with their twin in figures, SVG in HTML text, as soon as there is a time to draw.
    pub figure: Option<String>,
}

/// Sums up and draws; the newest come first.
pub fn of(shown: &[Cow<'_, Rounds>], stopwatch: Stopwatch) -> Distributions {
    let Some(first) = shown.first() else { return Distributions::default() };
    let distributions: Vec<Distribution> = shown.iter().map(|rounds| rounds.distribution(stopwatch)).collect();
    let told = shown.iter().zip(&distributions).map(|(rounds, distribution)| Told {
        name: rounds.name.clone(),
        limits: words::limits(rounds),
        summary: distribution.summary(),
    });
    let told: Vec<Told> = told.collect();
    let newest = told.first().map(|told| told.summary).unwrap_or_default();
    let compared = told.iter().enumerate().skip(1).filter_map(|(index, told)| {
        let comparison = told.summary.compared_with(&newest)?;
        Some(words::comparison(series::letter(index), series::letter(0), comparison))
    });
    let all: Vec<&Distribution> = distributions.iter().collect();
    let clock_step = shown.iter().map(|rounds| rounds.clock_step).max().unwrap_or_default();
    let figure = series::scale(&all).map(|scale| {
        format!(
            r#"<figure class="distributions"><h3>How often which time came</h3>{}<h3>How many percent took how long at most</h3>{}{}</figure><div class="percentile-table">{}</div>"#,
            histogram::draw(&scale, clock_step, &all),
            percentiles::draw(&scale, &all),
            table::legend(&told),
            table::percentiles(&told),
        )
    });
    Distributions {
        meaning: words::meaning(first, &newest),
        why: words::why(first, stopwatch),
        comparisons: compared.collect(),
        figure,
    }
}
