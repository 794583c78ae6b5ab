//! The series that are shown: their histograms, their summaries, and their drawings.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::table::{self, SeriesSummary};
use launcelot_charts::{histogram, percentiles, series};
use launcelot_measure::compare::compare;
use launcelot_measure::estimate::Estimates;
use launcelot_measure::{Distribution, Stopwatch, Summary};

use crate::state::ids::RoundsId;
use crate::state::rounds::{ManyRounds, StoredRounds};
use crate::text::{link, rounds as text};

/// Everything that is shown of the series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distributions {
    /// The summary of the newest.
    pub newest: Summary,
    /// How each of the others compares with the newest, in words.
    pub comparisons: Vec<String>,
    /// The drawings with their twin in figures, SVG in HTML text, as soon as there is a time to draw.
    pub figure: Option<String>,
}

/// The histograms of series, each computed once for a series and a stopwatch: renaming a series, overlaying it or returning to a
/// stopwatch computes nothing.
#[derive(Debug, Default)]
pub struct Histograms(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    id: RoundsId,
    stopwatch: Stopwatch,
    /// The number of rounds that had been answered.
    answered: usize,
    distribution: Rc<Distribution>,
    estimates: Option<Estimates>,
}

impl Histograms {
    /// Returns the distribution of a series.
    pub fn distribution(&mut self, stored: &StoredRounds, stopwatch: Stopwatch) -> Rc<Distribution> {
        self.entry(stored, stopwatch).distribution.clone()
    }

    /// Returns the estimates of the percentiles of a series.
    fn estimates(&mut self, stored: &StoredRounds, stopwatch: Stopwatch) -> Estimates {
        *self.entry(stored, stopwatch).estimates.get_or_insert_with(|| stored.rounds.estimates(stopwatch))
    }

    fn entry(&mut self, stored: &StoredRounds, stopwatch: Stopwatch) -> &mut Entry {
        let StoredRounds { id, rounds, .. } = stored;
        let answered = rounds.answered.len();
        let known = self.0.iter().position(|entry| (entry.id, entry.stopwatch) == (*id, stopwatch));
        let index = known.unwrap_or(self.0.len());
        if known.is_none_or(|index| self.0[index].answered != answered) {
            let distribution = Rc::new(rounds.distribution(stopwatch));
            let entry = Entry { id: *id, stopwatch, answered, distribution, estimates: None };
            match known {
                Some(index) => self.0[index] = entry,
                None => self.0.push(entry),
            }
        }
        &mut self.0[index]
    }

    /// Removes the histograms of series that are not kept any more.
    fn retain(&mut self, kept: &[StoredRounds]) {
        self.0.retain(|entry| kept.iter().any(|kept| kept.id == entry.id));
    }
}

/// Sums up and draws the series that are shown.
pub fn of(many: &ManyRounds, histograms: &mut Histograms) -> Distributions {
    histograms.retain(&many.kept);
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
    let newest = told.first().map(|told| told.summary).unwrap_or_default();
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
            r#"<figure class="distributions"><h3>How often each time occurred</h3>{}<h3>Percentiles: what share was answered within what time</h3>{}{}</figure><div class="percentile-table">{}</div>"#,
            histogram::draw(&scale, &by_clock),
            percentiles::draw(&scale, &all),
            table::legend(&told),
            table::percentiles(&told),
        )
    });
    Distributions { newest, comparisons: compared.collect(), figure }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Connections, Round, RoundsPlan};

    use super::*;
    use crate::message::Clock;
    use crate::shared::Shared;
    use crate::state::rounds::begun;

    #[test]
    fn a_histogram_is_computed_once_for_a_series_and_a_stopwatch() {
        let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
        let mut rounds = begun(String::new(), String::new(), RoundsPlan::new(9, Connections::One, None), clock);
        rounds.answered = vec![Round { asked: 600, connecting: 700, due: 800, ready: 0 }; 9];
        let mut stored = StoredRounds { id: RoundsId::default(), rounds: Shared::new(rounds), is_imported: false };
        let mut histograms = Histograms::default();
        let question = histograms.distribution(&stored, Stopwatch::Question);
        let due = histograms.distribution(&stored, Stopwatch::Due);
        assert_ne!(question, due);
        stored.rounds.make_mut().name = "another".to_owned();
        histograms.estimates(&stored, Stopwatch::Question);
        assert!(Rc::ptr_eq(&histograms.distribution(&stored, Stopwatch::Question), &question));
        assert!(Rc::ptr_eq(&histograms.distribution(&stored, Stopwatch::Due), &due));
        stored.rounds.make_mut().answered.push(Round::default());
        assert_eq!(histograms.distribution(&stored, Stopwatch::Question).count(), 10);
    }
}
