//! Merging results: several machines that asked the same servers by the same plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::difference::different_field;
use super::direct::DirectMeasurement;
use super::plan::CycleId;
use super::result::{CycleEnd, CycleResult, LoadResult, Provenance};
use super::usage::{GeneratorUsage, ServerUsage};
use crate::Timestamp;

/// Why two results cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeError {
    /// The plans differ in a field, which is named in words.
    Differs(&'static str),
    /// A run is in both results, and would be counted twice.
    SameRun {
        /// When the run began.
        begun: String,
        /// Where it ran.
        host: String,
    },
    /// Two runs did not ask at the same time: their rates do not add up.
    NotAtOnce {
        /// When the first of them began.
        first: String,
        /// When the last of them began.
        last: String,
    },
}

/// The resolution of the times at which runs began.
const BEGUN_RESOLUTION: Duration = Duration::from_secs(1);

impl fmt::Display for MergeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(field) => write!(formatter, "it was measured with a different plan: {field} differ"),
            Self::SameRun { begun, host } => {
                write!(formatter, "it contains the run of {begun} on {host}, which has been merged already")
            }
            Self::NotAtOnce { first, last } => {
                write!(formatter, "runs began at {first} and at {last}: only runs at the same time add up")
            }
        }
    }
}

impl std::error::Error for MergeError {}

impl LoadResult {
    /// Joins two results of the same plan. Merging is associative and commutative: cycles and provenance are sorted. Seeds may differ,
    /// since machines that draw the same random numbers would begin at the same moments; the least is kept.
    ///
    /// The counts of a cycle are those of all load generators together, and so is the usage of the servers that each of them started. So
    /// the runs must have asked at the same time: they began within the length of a window. A cycle that one of them did not measure to
    /// its end has no end in the result either.
    ///
    /// # Errors
    ///
    /// Returns an error if the plans differ, if a run is in both results, or if the runs did not begin together.
    pub fn merge(mut self, other: Self) -> Result<Self, MergeError> {
        if let Some(field) = different_field(&self.plan, &other.plan) {
            return Err(MergeError::Differs(field));
        }
        let is_in_both = |run: &&Provenance| other.provenance.contains(run);
        if let Some(run) = self.provenance.iter().find(is_in_both) {
            return Err(MergeError::SameRun { begun: run.begun.clone(), host: run.host.clone() });
        }
        self.version = self.version.max(other.version);
        self.provenance.extend(other.provenance);
        self.provenance.sort();
        self.check_simultaneity()?;
        self.plan.seed = self.plan.seed.min(other.plan.seed);
        self.status = self.status.min(other.status);
        let of_other: BTreeSet<CycleId> = other.cycles.iter().map(|cycle| cycle.cycle).collect();
        let in_both: BTreeSet<CycleId> =
            self.cycles.iter().map(|cycle| cycle.cycle).filter(|cycle| of_other.contains(cycle)).collect();
        let mut cycles: BTreeMap<CycleId, CycleResult> = BTreeMap::new();
        for cycle in self.cycles.drain(..).chain(other.cycles) {
            match cycles.get_mut(&cycle.cycle) {
                Some(known) => known.merge(cycle),
                None => {
                    cycles.insert(cycle.cycle, cycle);
                }
            }
        }
        for (id, cycle) in &mut cycles {
            if !in_both.contains(id) {
                // The load was not that of the plan.
                cycle.end = None;
            }
        }
        self.cycles = cycles.into_values().collect();
        let mut servers: BTreeMap<u32, DirectMeasurement> = BTreeMap::new();
        for direct in self.direct.drain(..).chain(other.direct) {
            match servers.get_mut(&direct.server) {
                Some(known) => known.merge(direct),
                None => {
                    servers.insert(direct.server, direct);
                }
            }
        }
        self.direct = servers.into_values().collect();
        Ok(self)
    }

    /// Checks that the windows of all runs overlap. A time that cannot be read is not checked.
    fn check_simultaneity(&self) -> Result<(), MergeError> {
        let mut begun: Vec<(Duration, &str)> = Vec::new();
        for run in &self.provenance {
            let time = run.begun.parse().map(Timestamp::since_1970);
            begun.extend(time.ok().map(|time| (time, run.begun.as_str())));
        }
        begun.sort_unstable();
        let (Some((first_time, first)), Some((last_time, last))) = (begun.first(), begun.last()) else { return Ok(()) };
        if last_time.saturating_sub(*first_time) > self.plan.duration + BEGUN_RESOLUTION {
            return Err(MergeError::NotAtOnce { first: (*first).to_owned(), last: (*last).to_owned() });
        }
        Ok(())
    }
}

impl CycleResult {
    fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.end = match (self.end.take(), other.end) {
            (Some(first), Some(second)) if first.window == second.window => Some(first.merge(second)),
            // One of the load generators ended before the other.
            _ => None,
        };
    }
}

impl DirectMeasurement {
    fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.end = std::mem::take(&mut self.end).merge(other.end);
    }
}

impl CycleEnd {
    /// Keeps the longer window, and the later link. Of several reasons why a server ended, it keeps the least in the order of their bytes.
    fn merge(self, other: Self) -> Self {
        let server = match (self.server, other.server) {
            (Some(first), Some(second)) => Some(first.plus(&second)),
            (first, second) => first.or(second),
        };
        Self {
            window: self.window.max(other.window),
            server,
            generator: self.generator.plus(&other.generator),
            link_lateness: self.link_lateness.max(other.link_lateness),
            server_ended: self.server_ended.into_iter().chain(other.server_ended).min(),
        }
    }
}

impl ServerUsage {
    /// Usage is known only of servers that a lab has started, so these are other processes.
    fn plus(&self, other: &Self) -> Self {
        Self {
            processor: self.processor.saturating_add(other.processor),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            processes: self.processes.saturating_add(other.processes),
            threads: self.threads.saturating_add(other.threads),
            context_switches: self.context_switches.saturating_add(other.context_switches),
        }
    }
}

impl GeneratorUsage {
    fn plus(&self, other: &Self) -> Self {
        Self {
            processor: self.processor.saturating_add(other.processor),
            threads: self.threads.saturating_add(other.threads),
            other_processor: self.other_processor.saturating_add(other.other_processor),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{cycle, result};
    use super::super::{Counts, DialogueFailure, LoadSummary, NoPrediction, RunStatus, prediction};
    use super::*;

    /// A result of a machine, with a provenance of its own.
    fn machine(host: u8) -> impl Strategy<Value = LoadResult> {
        let one = (0..2_u32, 1..3_u32, 0..2_u32, 0..5_u64, any::<bool>(), "[ab]{0,2}", any::<bool>());
        let cycles = prop::collection::vec(one, 0..4);
        let status = prop::sample::select(vec![RunStatus::Unfinished, RunStatus::Interrupted, RunStatus::Completed]);
        (cycles, any::<u64>(), status).prop_map(move |(cycles, seed, status)| {
            let cycles = cycles.into_iter().map(|(server, clients, round, dialogues, is_over, words, is_known)| {
                let mut cycle = cycle(server, clients, round, dialogues);
                cycle.counts.failures.add(DialogueFailure::Reset, Some(&words));
                let end = cycle.end.as_mut().unwrap();
                end.window = Duration::from_millis(dialogues + 1);
                end.server_ended = is_known.then_some(words);
                if is_known {
                    end.server = None;
                }
                if !is_over {
                    cycle.end = None;
                }
                cycle
            });
            let cycles: Vec<CycleResult> = cycles.collect();
            let direct = cycles.first().and_then(|first| {
                let end = first.end.clone()?;
                Some(DirectMeasurement { server: first.cycle.server, counts: first.counts.clone(), end })
            });
            let mut result = result(&["simple", "poll"], &[1, 2], cycles);
            result.direct.extend(direct);
            result.provenance[0].host = host.to_string();
            result.plan.seed = seed;
            result.status = status;
            result
        })
    }

    fn counts() -> impl Strategy<Value = Counts> {
        let figures = prop::collection::vec(0..1_000_u64, 8);
        let times = prop::collection::vec(0..10_000_000_u64, 0..20);
        let failures = prop::collection::vec((any::<bool>(), prop::option::of("[ab]{0,2}")), 0..4);
        (figures, times, failures).prop_map(|(figures, times, failures)| {
            let mut counts = Counts {
                dialogues: figures[0],
                questions: figures[1],
                cut_at_begin: figures[2],
                cut_at_end: figures[3],
                queued: figures[4],
                held_back: figures[5],
                clients_answered: figures[6],
                spanning: figures[7],
                question_latency: times.iter().copied().map(Duration::from_nanos).collect(),
                connect_latency: times.iter().copied().map(Duration::from_nanos).collect(),
                lateness: times.iter().copied().map(Duration::from_micros).collect(),
                ..Counts::default()
            };
            for (is_reset, example) in failures {
                let kind = if is_reset { DialogueFailure::Reset } else { DialogueFailure::Refused };
                counts.failures.add(kind, example.as_deref());
            }
            counts
        })
    }

    fn sum(first: &Counts, second: &Counts) -> Counts {
        let mut sum = first.clone();
        sum.merge(second);
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn merging_results_is_associative_and_commutative(first in machine(1), second in machine(2), third in machine(3)) {
            let merge = |one: &LoadResult, other: &LoadResult| one.clone().merge(other.clone()).unwrap();
            let from_left = merge(&merge(&first, &second), &third);
            prop_assert_eq!(&from_left, &merge(&first, &merge(&second, &third)));
            prop_assert_eq!(&from_left, &merge(&third, &merge(&second, &first)));
        }

        #[test]
        fn counts_with_their_failures_are_a_commutative_monoid(first in counts(), second in counts(), third in counts()) {
            prop_assert_eq!(&sum(&first, &Counts::default()), &first);
            prop_assert_eq!(&sum(&Counts::default(), &first), &first);
            prop_assert_eq!(&sum(&first, &second), &sum(&second, &first));
            prop_assert_eq!(sum(&sum(&first, &second), &third), sum(&first, &sum(&second, &third)));
        }
    }

    #[test]
    fn merging_two_machines_adds_their_counts_and_the_usage_of_their_generators_and_servers() {
        let first = result(&["simple"], &[1], [cycle(0, 1, 0, 4)]);
        let mut second = result(&["simple"], &[1], [cycle(0, 1, 1, 5), cycle(0, 1, 0, 6)]);
        second.provenance[0].host = "second".to_owned();
        let merged = first.merge(second).unwrap();
        let dialogues: Vec<_> = merged.cycles.iter().map(|cycle| (cycle.cycle.round, cycle.counts.dialogues)).collect();
        assert_eq!(dialogues, [(0, 10), (1, 5)]);
        let end = merged.cycles[0].end.clone().unwrap();
        assert_eq!(
            end.generator,
            GeneratorUsage { processor: Duration::from_secs(2), threads: 4, other_processor: Duration::from_secs(1) }
        );
        let server = end.server.unwrap();
        assert_eq!((server.processor, server.threads), (Duration::from_micros(1_000), 6));
        let figures = LoadSummary::of(&merged).servers[0].cells[0].server.unwrap();
        assert_eq!(figures.processor_us_per_question, Some(10.0), "as on each machine");
        assert_eq!(prediction::of_servers(&merged, &LoadSummary::of(&merged))[0].prediction, Err(NoPrediction::Merged));
    }

    #[test]
    fn a_cycle_that_one_machine_did_not_measure_to_its_end_has_no_figures() {
        let first = result(&["simple"], &[1], [cycle(0, 1, 0, 4), cycle(0, 1, 1, 4), cycle(0, 1, 2, 4)]);
        let mut second = result(&["simple"], &[1], [cycle(0, 1, 0, 6), cycle(0, 1, 1, 6)]);
        second.provenance[0].host = "second".to_owned();
        second.cycles[1].end.as_mut().unwrap().window = Duration::from_millis(100);
        let merged = first.merge(second).unwrap();
        let has_end: Vec<bool> = merged.cycles.iter().map(|cycle| cycle.end.is_some()).collect();
        assert_eq!(has_end, [true, false, false]);
        let rounds = &LoadSummary::of(&merged).servers[0].cells[0].rounds;
        assert_eq!((rounds.len(), rounds[0].dialogues_per_s), (1, 5.0));
    }

    #[test]
    fn runs_that_did_not_begin_together_are_refused() {
        let begun = |host: &str, time: &str| {
            let mut result = result(&["simple"], &[1], [cycle(0, 1, 0, 4)]);
            result.provenance[0].host = host.to_owned();
            result.provenance[0].begun = time.to_owned();
            result
        };
        let first = begun("first", "2026-11-27T10:00:00+00:00");
        let together = begun("second", "2026-11-27T11:00:03+01:00");
        assert!(first.clone().merge(together.clone()).is_ok(), "windows of 2 s");
        let later = begun("third", "2026-11-27T10:00:04+00:00");
        let expected = "runs began at 2026-11-27T10:00:00+00:00 and at 2026-11-27T10:00:04+00:00: only runs at the same time add up";
        assert_eq!(first.clone().merge(later.clone()).unwrap_err().to_string(), expected);
        assert!(later.clone().merge(together.clone()).is_ok());
        assert!(first.merge(together.merge(later).unwrap()).is_err(), "each with each");
    }

    #[test]
    fn results_that_do_not_belong_together_are_refused_in_words() {
        let first = result(&["simple"], &[1], []);
        assert_eq!(
            first.clone().merge(first.clone()).unwrap_err().to_string(),
            "it contains the run of 2026-11-27T10:00:00+00:00 on first, which has been merged already"
        );
        let other_servers = result(&["poll"], &[1], []);
        let other_clients = result(&["simple"], &[2], []);
        let mut other_duration = first.clone();
        other_duration.plan.duration *= 2;
        let cases = [
            (other_servers, "the servers differ"),
            (other_clients, "the numbers of clients or the rates differ"),
            (other_duration, "the durations differ"),
        ];
        for (other, expected) in cases {
            let message = first.clone().merge(other).unwrap_err().to_string();
            assert_eq!(message, format!("it was measured with a different plan: {expected}"));
        }
    }
}
