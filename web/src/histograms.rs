//! The histograms of series of rounds, each computed once.

use std::cell::RefCell;
use std::rc::Rc;

use launcelot_measure::estimate::Estimates;
use launcelot_measure::{Distribution, Stopwatch};

use crate::shared::Shared;
use crate::state::ids::RoundsId;
use crate::state::rounds::StoredRounds;

/// The histograms of the page, which its charts and their pictures share.
pub type SharedHistograms = Shared<RefCell<Histograms>>;

/// The histograms of series, each computed once for a series and a stopwatch: renaming a series, overlaying it or returning to a
/// stopwatch computes nothing.
#[derive(Debug, Default)]
pub struct Histograms {
    entries: Vec<Entry>,
    /// The number of histograms that have been computed.
    #[cfg(test)]
    pub(crate) computed: usize,
}

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
    pub fn estimates(&mut self, stored: &StoredRounds, stopwatch: Stopwatch) -> Estimates {
        *self.entry(stored, stopwatch).estimates.get_or_insert_with(|| stored.rounds.estimates(stopwatch))
    }

    fn entry(&mut self, stored: &StoredRounds, stopwatch: Stopwatch) -> &mut Entry {
        let StoredRounds { id, rounds, .. } = stored;
        let answered = rounds.answered.len();
        let known = self.entries.iter().position(|entry| (entry.id, entry.stopwatch) == (*id, stopwatch));
        let index = known.unwrap_or(self.entries.len());
        if known.is_none_or(|index| self.entries[index].answered != answered) {
            #[cfg(test)]
            {
                self.computed += 1;
            }
            let distribution = Rc::new(rounds.distribution(stopwatch));
            let entry = Entry { id: *id, stopwatch, answered, distribution, estimates: None };
            match known {
                Some(index) => self.entries[index] = entry,
                None => self.entries.push(entry),
            }
        }
        &mut self.entries[index]
    }

    /// Removes the histograms of series that are not kept any more.
    pub fn retain(&mut self, kept: &[StoredRounds]) {
        self.entries.retain(|entry| kept.iter().any(|kept| kept.id == entry.id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{Connections, Round, RoundsPlan};

    use super::*;
    use crate::message::Clock;
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
        assert_eq!(histograms.computed, 3);
    }
}
